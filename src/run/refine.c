/* From the end of a run to a stationary point: trust-region Newton steps inside a region where f is smooth. */
#include <math.h>
#include <string.h>

#include "run/stationary.h"

/* Steps between two looks at whether f falls to 0 at infinity. */
enum { LOOK_EVERY = 8 };
/* Products with the Hessian between two looks at requests to stop. */
enum { STOP_EVERY = 32 };

const char *tw_refine_end_name(tw_refine_end end)
{
	static const char *const names[TW_REFINE_COUNT] = {
	    [TW_REFINED] = "stationary",           [TW_REFINE_STALLED] = "stalled",  [TW_REFINE_AT_KINK] = "at a kink",
	    [TW_REFINE_DESCENDING] = "descending", [TW_REFINE_STEPS] = "step limit", [TW_REFINE_NONE] = "none"};
	return end >= 0 && end < TW_REFINE_COUNT ? names[end] : NULL;
}

/* ---- f at a point ------------------------------------------------------------------------------------------------ */

double stationary_dot(const double *a, const double *b, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++) sum += a[i] * b[i];
	return sum;
}

double stationary_norm(const double *a, int64_t count) { return sqrt(stationary_dot(a, a, count)); }

tw_status stationary_evaluate(tw_run *run, const double *theta, double *cost, double *gradient)
{
	const tw_objective *objective = &run->objective;
	tw_batch whole;
	TW_TRY(tw_run_set_theta(run, theta));
	TW_TRY(tw_feed_get(run->whole ? run->whole : run->feed, 0, &whole));
	TW_TRY(objective->evaluate(objective->self, run->theta, &whole, cost, run->gradient));
	if (gradient) tw_objective_export(objective, run->gradient, gradient);
	return TW_OK;
}

tw_status stationary_is_separated(tw_run *run, bool *separated)
{
	const tw_loss_info *loss = tw_loss_info_of(run->settings->loss);
	const bool classes = strcmp(loss->name, "log") == 0 || strcmp(loss->name, "cross_entropy") == 0;
	tw_evaluation evaluation;
	*separated = false;
	if (!classes || run->settings->penalty != 0) return TW_OK;
	TW_TRY(tw_objective_measure(&run->objective, run->theta, run->data, &evaluation));
	*separated = evaluation.accuracy == 1;
	return TW_OK;
}

tw_status stationary_check_stop(tw_run *run)
{
	const bool asked = run_stop_requested();
	return tw_comm_agree(run->comm, asked ? tw_fail(TW_INTERRUPTED, "asked to stop") : TW_OK);
}

/* Two theta on the same side of all kinks have the same one; 0 for networks without kinks. */
static tw_status signature_of(tw_run *run, uint64_t *signature)
{
	tw_kink kink;
	*signature = 0;
	if (run->network.layers == 1 || tw_activation_info_of(run->network.activation)->smooth) return TW_OK;
	TW_TRY(tw_objective_kink_distance(&run->objective, run->theta, &kink));
	*signature = kink.signature;
	return TW_OK;
}

/* ---- the search ----------------------------------------------------------------------------------------------------
 */

typedef struct {
	tw_run *run;
	int64_t d;
	double *theta, *gradient; /* of the present point */
	double *step, *residual, *direction, *image, *trial, *trial_gradient;
	double *memory;
	double cost, norm, radius;
	uint64_t signature;
	int64_t products;
} search;

static tw_status make_search(search *s, tw_run *run)
{
	*s = (search){.run = run, .d = run->objective.dimension};
	tw_status status = tw_alloc_array((void **)&s->memory, 8 * s->d, sizeof(double), "a refinement");
	TW_TRY(tw_comm_agree(run->comm, status));
	double **const vectors[] = {&s->theta,     &s->gradient, &s->step,  &s->residual,
	                            &s->direction, &s->image,    &s->trial, &s->trial_gradient};
	for (int i = 0; i < 8; i++) *vectors[i] = s->memory + i * s->d;
	memcpy(s->theta, run->canonical, (size_t)s->d * sizeof(double));
	TW_TRY(stationary_evaluate(run, s->theta, &s->cost, s->gradient));
	TW_CHECK(isfinite(s->cost), TW_DIVERGED, "f is not finite at the point to be refined");
	s->norm = stationary_norm(s->gradient, s->d);
	s->radius = fmax(1e-3, 0.1 * stationary_norm(s->theta, s->d));
	return signature_of(run, &s->signature);
}

/* Collective. image = H direction at the run's theta, which is s->theta. */
static tw_status multiply(search *s, const double *direction, double *image)
{
	tw_run *run = s->run;
	const tw_objective *objective = &run->objective;
	tw_batch whole;
	TW_TRY(tw_feed_get(run->whole ? run->whole : run->feed, 0, &whole));
	/* norm_gradient and gradient are vectors of the run that nobody needs now. */
	tw_objective_import(objective, direction, run->norm_gradient);
	const void *vectors[] = {run->norm_gradient};
	void *products[] = {run->gradient};
	TW_TRY(objective->hessian_product(objective->self, run->theta, &whole, 1, vectors, products));
	tw_objective_export(objective, run->gradient, image);
	return ++s->products % STOP_EVERY == 0 ? stationary_check_stop(run) : TW_OK;
}

/* Steihaug's truncated conjugate gradients: an approximate minimiser of the quadratic model within the radius.
 * *predicted: by how much the model falls. */
static double to_the_boundary(const search *s, const double *step, const double *direction)
{
	const double a = stationary_dot(direction, direction, s->d), b = stationary_dot(step, direction, s->d);
	const double c = stationary_dot(step, step, s->d) - s->radius * s->radius;
	return (-b + sqrt(fmax(b * b - a * c, 0))) / a;
}

static void advance(double *x, double t, const double *direction, int64_t d)
{
	for (int64_t i = 0; i < d; i++) x[i] += t * direction[i];
}

static tw_status find_step(search *s, double *predicted)
{
	const int64_t d = s->d, most = 2 * d + 10 < 2000 ? 2 * d + 10 : 2000;
	const double enough = s->norm * fmin(0.1, sqrt(s->norm));
	memset(s->step, 0, (size_t)d * sizeof(double));
	for (int64_t i = 0; i < d; i++) s->residual[i] = s->gradient[i], s->direction[i] = -s->gradient[i];
	double squared = s->norm * s->norm;
	*predicted = 0;
	for (int64_t k = 0; k < most && sqrt(squared) > enough; k++) {
		TW_TRY(multiply(s, s->direction, s->image));
		const double curvature = stationary_dot(s->direction, s->image, d);
		const double length = stationary_norm(s->direction, d);
		double t = curvature > 0 ? squared / curvature : INFINITY;
		const double limit = to_the_boundary(s, s->step, s->direction);
		const bool ends = !(curvature > 1e-16 * length * length) || t >= limit;
		if (ends) t = limit;
		/* The model along the direction: slope -squared, curvature as above. */
		*predicted += t * squared - 0.5 * t * t * curvature;
		advance(s->step, t, s->direction, d);
		if (ends) return TW_OK;
		advance(s->residual, t, s->image, d);
		const double next = stationary_dot(s->residual, s->residual, d);
		for (int64_t i = 0; i < d; i++) s->direction[i] = -s->residual[i] + next / squared * s->direction[i];
		squared = next;
	}
	return TW_OK;
}

/* Tries the step: taken when f falls as the model says, or, where f cannot tell any more, when the gradient does. */
static tw_status try_step(search *s, double predicted, bool *taken, bool *crossed)
{
	double cost;
	uint64_t signature = 0;
	for (int64_t i = 0; i < s->d; i++) s->trial[i] = s->theta[i] + s->step[i];
	TW_TRY(stationary_evaluate(s->run, s->trial, &cost, s->trial_gradient));
	if (isfinite(cost)) TW_TRY(signature_of(s->run, &signature));
	const double norm = stationary_norm(s->trial_gradient, s->d), length = stationary_norm(s->step, s->d);
	const double noise = 1e-14 * fabs(s->cost);
	const bool falls = isfinite(cost) && s->cost - cost >= 1e-4 * predicted && predicted > noise;
	const bool quiet = isfinite(cost) && fabs(s->cost - cost) <= 10 * noise && norm < 0.9 * s->norm;
	*crossed = isfinite(cost) && signature != s->signature;
	*taken = !*crossed && (falls || quiet);
	if (*taken) {
		if (s->cost - cost > 0.75 * predicted && length > 0.9 * s->radius) s->radius *= 2;
		memcpy(s->theta, s->trial, (size_t)s->d * sizeof(double));
		memcpy(s->gradient, s->trial_gradient, (size_t)s->d * sizeof(double));
		s->cost = cost;
		s->norm = norm;
		return TW_OK;
	}
	s->radius = 0.25 * fmin(length, s->radius);
	return tw_run_set_theta(s->run, s->theta);
}

static tw_status go_down(search *s, const tw_refine_options *options, tw_refinement *out)
{
	bool crossed = false, taken = true;
	out->end = TW_REFINE_STEPS;
	for (out->steps = 0; out->steps < options->steps; out->steps++) {
		if (s->norm <= options->gradient_norm) {
			out->end = TW_REFINED;
			return TW_OK;
		}
		if (out->steps % LOOK_EVERY == 0) {
			bool separated;
			TW_TRY(tw_run_set_theta(s->run, s->theta));
			TW_TRY(stationary_is_separated(s->run, &separated));
			if (separated) {
				out->end = TW_REFINE_DESCENDING;
				return TW_OK;
			}
		}
		double predicted;
		TW_TRY(find_step(s, &predicted));
		TW_TRY(try_step(s, predicted, &taken, &crossed));
		if (!taken && s->radius < 1e-15 * (1 + stationary_norm(s->theta, s->d))) {
			out->end = crossed ? TW_REFINE_AT_KINK : TW_REFINE_STALLED;
			return TW_OK;
		}
	}
	return TW_OK;
}

/* Towards the nearest stationary point of any kind: Levenberg and Marquardt's steps on the gradient, (H^2 + mu) p =
 * -H g, by conjugate gradients; the norm of the gradient falls in every step. */
static tw_status find_root_step(search *s, double mu)
{
	const int64_t d = s->d, most = 2 * d + 10 < 500 ? 2 * d + 10 : 500;
	memset(s->step, 0, (size_t)d * sizeof(double));
	TW_TRY(multiply(s, s->gradient, s->residual));
	for (int64_t i = 0; i < d; i++) s->residual[i] = s->direction[i] = -s->residual[i];
	double squared = stationary_dot(s->residual, s->residual, d);
	const double enough = 1e-16 * squared;
	for (int64_t k = 0; k < most && squared > enough && squared > 0; k++) {
		TW_TRY(multiply(s, s->direction, s->trial));
		TW_TRY(multiply(s, s->trial, s->image));
		advance(s->image, mu, s->direction, d);
		const double t = squared / stationary_dot(s->direction, s->image, d);
		advance(s->step, t, s->direction, d);
		advance(s->residual, -t, s->image, d);
		const double next = stationary_dot(s->residual, s->residual, d);
		for (int64_t i = 0; i < d; i++) s->direction[i] = s->residual[i] + next / squared * s->direction[i];
		squared = next;
	}
	return TW_OK;
}

static tw_status go_to_root(search *s, const tw_refine_options *options, tw_refinement *out)
{
	double mu = s->norm * s->norm;
	bool crossed = false;
	out->end = TW_REFINE_STEPS;
	for (out->steps = 0; out->steps < options->steps; out->steps++) {
		if (s->norm <= options->gradient_norm) {
			out->end = TW_REFINED;
			return TW_OK;
		}
		double cost;
		uint64_t signature = 0;
		TW_TRY(find_root_step(s, mu));
		for (int64_t i = 0; i < s->d; i++) s->trial[i] = s->theta[i] + s->step[i];
		TW_TRY(stationary_evaluate(s->run, s->trial, &cost, s->trial_gradient));
		if (isfinite(cost)) TW_TRY(signature_of(s->run, &signature));
		const double norm = stationary_norm(s->trial_gradient, s->d);
		crossed = isfinite(cost) && signature != s->signature;
		if (isfinite(cost) && !crossed && norm < s->norm) {
			memcpy(s->theta, s->trial, (size_t)s->d * sizeof(double));
			memcpy(s->gradient, s->trial_gradient, (size_t)s->d * sizeof(double));
			s->cost = cost;
			s->norm = norm;
			mu *= 0.1;
		} else {
			mu = fmax(mu, 1e-300) * 10;
			TW_TRY(tw_run_set_theta(s->run, s->theta));
		}
		if (stationary_norm(s->step, s->d) < 1e-15 * (1 + stationary_norm(s->theta, s->d))) {
			out->end = crossed ? TW_REFINE_AT_KINK : TW_REFINE_STALLED;
			return TW_OK;
		}
	}
	return TW_OK;
}

double stationary_distance(const double *a, const double *b, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sqrt(sum);
}

static tw_status refine(search *s, const double *start, const tw_refine_options *options, tw_refinement *out)
{
	out->cost_before = s->cost;
	out->gradient_norm_before = s->norm;
	out->theta_norm_before = stationary_norm(start, s->d);
	TW_TRY(options->to_saddles ? go_to_root(s, options, out) : go_down(s, options, out));
	out->cost = s->cost;
	out->gradient_norm = s->norm;
	out->theta_norm = stationary_norm(s->theta, s->d);
	out->moved = stationary_distance(start, s->theta, s->d);
	out->products = s->products;
	return tw_run_set_theta(s->run, s->theta);
}

tw_status tw_refine(tw_run *run, const tw_refine_options *options, tw_refinement *out)
{
	search s;
	double *start = NULL;
	memset(out, 0, sizeof *out);
	TW_CHECK(run->objective.precision == TW_DOUBLE, TW_USAGE, "points are refined in double: set precision: double");
	tw_status status = tw_alloc_array((void **)&start, run->objective.dimension, sizeof *start, "a refinement");
	if (status == TW_OK && !run->norm_gradient)
		status = tw_alloc_array(&run->norm_gradient, run->objective.size, tw_real_size(run->objective.precision),
		                        "a direction");
	status = tw_comm_agree(run->comm, status);
	if (status == TW_OK) {
		memcpy(start, run->canonical, (size_t)run->objective.dimension * sizeof *start);
		status = make_search(&s, run);
		if (status == TW_OK) status = refine(&s, start, options, out);
		tw_free(s.memory);
	}
	tw_free(start);
	return status;
}
