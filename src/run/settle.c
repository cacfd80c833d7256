/* Down over kinks: gradient sampling (Burke, Lewis and Overton 2005). Where f has a kink, a step takes the shortest
 * vector of the convex hull of gradients from all around; where that is next to 0, the point is stationary in Clarke's
 * sense, although no gradient there is small. */
#include <math.h>
#include <string.h>

#include "run/stationary.h"

enum { MOST_STEPS = 100, MOST_SAMPLES = 400, WEIGHT_STEPS = 20000, LOOK_EVERY = 16 };

typedef struct {
	tw_run *run;
	int64_t d, samples; /* samples: the point itself and others around it */
	double *memory;
	double *theta, *trial, *direction; /* d each */
	double *gradient;                  /* samples x d */
	double *gram, *weight, *slope;     /* samples x samples; samples; samples */
	double cost, radius, length;       /* length: of the last step */
	uint64_t drawn;                    /* random vectors so far */
} sampler;

static tw_status make(sampler *s, tw_run *run)
{
	const int64_t d = run->objective.dimension, wanted = d + d / 2 + 10;
	const int64_t samples = wanted < MOST_SAMPLES ? wanted : MOST_SAMPLES;
	*s = (sampler){.run = run, .d = d, .samples = samples};
	const int64_t reals = 3 * d + samples * d + samples * samples + 2 * samples;
	TW_TRY(tw_alloc_array((void **)&s->memory, reals, sizeof(double), "gradients around a point"));
	s->theta = s->memory;
	s->trial = s->theta + d;
	s->direction = s->trial + d;
	s->gradient = s->direction + d;
	s->gram = s->gradient + samples * d;
	s->weight = s->gram + samples * samples;
	s->slope = s->weight + samples;
	memcpy(s->theta, run->canonical, (size_t)d * sizeof *s->theta);
	return TW_OK;
}

/* ---- the shortest vector of a convex hull -------------------------------------------------------------------- */

static void make_gram(sampler *s)
{
	for (int64_t i = 0; i < s->samples; i++)
		for (int64_t j = 0; j <= i; j++)
			s->gram[i * s->samples + j] = s->gram[j * s->samples + i] =
			    stationary_dot(s->gradient + i * s->d, s->gradient + j * s->d, s->d);
}

/* Moves weight from the sample that lengthens the vector most to the one that shortens it most, as far as is best;
 * false: little is left to be gained. */
static bool move_weight(sampler *s)
{
	int64_t to = 0, from = -1;
	double squared = 0;
	for (int64_t i = 0; i < s->samples; i++) {
		squared += s->weight[i] * s->slope[i];
		if (s->slope[i] < s->slope[to]) to = i;
		if (s->weight[i] > 0 && (from < 0 || s->slope[i] > s->slope[from])) from = i;
	}
	const double *gram = s->gram;
	const int64_t m = s->samples;
	const double bend = gram[to * m + to] + gram[from * m + from] - 2 * gram[to * m + from];
	const double gain = s->slope[from] - s->slope[to];
	if (!(gain > fmax(1e-15 * gram[0], 0.01 * squared)) || !(bend > 0)) return false;
	const double t = fmin(gain / bend, s->weight[from]);
	s->weight[to] += t;
	s->weight[from] = t == s->weight[from] ? 0 : s->weight[from] - t;
	for (int64_t i = 0; i < m; i++) s->slope[i] += t * (gram[i * m + to] - gram[i * m + from]);
	return true;
}

/* direction = the shortest convex combination of the gradients; returns its norm. */
static double shorten(sampler *s)
{
	make_gram(s);
	memset(s->weight, 0, (size_t)s->samples * sizeof *s->weight);
	s->weight[0] = 1;
	memcpy(s->slope, s->gram, (size_t)s->samples * sizeof *s->slope);
	for (int k = 0; k < WEIGHT_STEPS && move_weight(s); k++) continue;
	memset(s->direction, 0, (size_t)s->d * sizeof *s->direction);
	for (int64_t i = 0; i < s->samples; i++)
		for (int64_t j = 0; s->weight[i] > 0 && j < s->d; j++)
			s->direction[j] += s->weight[i] * s->gradient[i * s->d + j];
	return stationary_norm(s->direction, s->d);
}

/* ---- steps --------------------------------------------------------------------------------------------------- */

/* Collective. Gradients at theta and at random points at the radius around it. */
static tw_status sample(sampler *s)
{
	const tw_random stream = {.seed = 1, .purpose = TW_RANDOM_NOISE};
	double cost;
	TW_TRY(stationary_evaluate(s->run, s->theta, &s->cost, s->gradient));
	for (int64_t i = 1; i < s->samples; i++) {
		s->drawn++;
		for (int64_t j = 0; j < s->d; j++) s->trial[j] = tw_random_normal(stream, s->drawn, (uint64_t)j);
		const double scale = s->radius / stationary_norm(s->trial, s->d);
		for (int64_t j = 0; j < s->d; j++) s->trial[j] = s->theta[j] + scale * s->trial[j];
		TW_TRY(stationary_evaluate(s->run, s->trial, &cost, s->gradient + i * s->d));
	}
	return tw_run_set_theta(s->run, s->theta);
}

/* Collective. f at a step of this length; *falls: by as much as it should. */
static tw_status probe(sampler *s, double norm, double length, double *cost, bool *falls)
{
	for (int64_t j = 0; j < s->d; j++) s->trial[j] = s->theta[j] - length / norm * s->direction[j];
	TW_TRY(stationary_evaluate(s->run, s->trial, cost, NULL));
	*falls = isfinite(*cost) && s->cost - *cost > 1e-4 * length * norm && s->cost - *cost > 1e-15 * fabs(s->cost);
	return TW_OK;
}

/* Collective. As far along the direction as f falls well; *taken false: not at all. */
static tw_status step(sampler *s, double norm, bool *taken)
{
	double length = fmax(s->length, s->radius), best = 0, best_cost = s->cost, cost;
	bool falls = false;
	for (; !falls && length > 1e-3 * s->radius; length *= 0.5) {
		TW_TRY(probe(s, norm, length, &cost, &falls));
		if (falls) best = length, best_cost = cost;
	}
	for (length = 2 * best; falls; length *= 2) {
		TW_TRY(probe(s, norm, length, &cost, &falls));
		falls = falls && cost < best_cost;
		if (falls) best = length, best_cost = cost;
	}
	*taken = best > 0;
	for (int64_t j = 0; j < s->d && *taken; j++) s->theta[j] -= best / norm * s->direction[j];
	s->length = best;
	return tw_run_set_theta(s->run, s->theta);
}

static tw_status go(sampler *s, double enough, settled *out)
{
	const double size = 1 + stationary_norm(s->theta, s->d), last = 1e-9 * size;
	s->radius = 1e-4 * size;
	for (out->steps = 0; out->steps < MOST_STEPS; out->steps++) {
		bool taken = false;
		if (out->steps % LOOK_EVERY == 0) {
			TW_TRY(stationary_check_stop(s->run));
			TW_TRY(stationary_is_separated(s->run, &out->separated));
			if (out->separated) return TW_OK;
		}
		TW_TRY(sample(s));
		const double norm = shorten(s);
		out->norm = norm;
		out->radius = s->radius;
		/* Far from the end a longer vector will do: 1e-3 at first, a tenth of it at each smaller radius. */
		if (norm > fmax(enough, 10 * s->radius / size)) TW_TRY(step(s, norm, &taken));
		if (taken) continue;
		if (s->radius <= last) return TW_OK;
		s->radius *= 0.1;
	}
	return TW_OK;
}

tw_status stationary_settle(tw_run *run, double enough, settled *out)
{
	sampler s;
	*out = (settled){.norm = INFINITY, .radius = INFINITY};
	tw_status status = tw_comm_agree(run->comm, make(&s, run));
	if (status == TW_OK) status = go(&s, enough, out);
	tw_free(s.memory);
	return status;
}
