/* What theory says along a run: the Rayleigh quotient along the gradient (4.28), and the bound of Theorem 4.8 with L
 * and M as they are met. */
#include <math.h>
#include <string.h>

#include "run/run.h"

/* Products a look takes towards the largest |eigenvalue|; the next look goes on from the vector of the last. */
enum { FIRST_PRODUCTS = 20, PRODUCTS = 4 };
static const double margin = 1.1;

struct run_theory {
	tw_run *run;
	tw_feed *whole; /* the training set as one batch */
	void *vector, *product;
	double *direction, *image; /* canonical; direction: unit vector near the eigenvector of the largest |eigenvalue| */
	double lipschitz, noise, norms_squared, first_cost, step_size;
	bool same_step_size;
	int64_t measured;
};

static tw_status make_vectors(run_theory *theory)
{
	const tw_run *run = theory->run;
	const tw_objective *objective = &run->objective;
	const size_t size = tw_real_size(objective->precision);
	TW_CHECK(
	    run->settings->gradient_norm_every > 0, TW_USAGE,
	    "metrics.%s looks where the gradient's norm is measured, which is nowhere; set metrics.gradient_norm_every",
	    run->settings->bound ? "bound" : "rayleigh");
	TW_CHECK(objective->hessian_product, TW_USAGE, "metrics.%s: this objective has no Hessian-vector products",
	         run->settings->bound ? "bound" : "rayleigh");
	TW_TRY(tw_alloc_array(&theory->vector, objective->size, size, "a direction"));
	TW_TRY(tw_alloc_array(&theory->product, objective->size, size, "a Hessian-vector product"));
	TW_TRY(tw_alloc_array((void **)&theory->direction, objective->dimension, sizeof(double), "a direction"));
	TW_TRY(tw_alloc_array((void **)&theory->image, objective->dimension, sizeof(double), "a direction"));
	const tw_random stream = {.seed = run->settings->seed, .purpose = TW_RANDOM_NOISE, .run = run->settings->run};
	for (int64_t i = 0; i < objective->dimension; i++)
		theory->direction[i] = tw_random_normal(stream, UINT64_MAX, (uint64_t)i);
	return TW_OK;
}

/* Collective. */
static tw_status make(run_theory *theory)
{
	const tw_run *run = theory->run;
	const int64_t n = run->data->observations;
	TW_TRY(tw_comm_agree(run->comm, make_vectors(theory)));
	return tw_feed_create(run->comm, run->data, TW_SAMPLE_SHUFFLE_ONCE, 0,
	                      run_chunks(run->settings, run->objective.dimension, n), run->settings->seed,
	                      run->settings->run, &theory->whole);
}

/* A fixed step size in all stages. */
static bool fixed_step_size(const tw_settings *settings)
{
	const int constant = tw_schedule_find("constant");
	for (int i = 0; i < settings->stages; i++) {
		const tw_schedule *schedule = &settings->stage[i].schedule;
		if (schedule->kind != constant || schedule->warm_up > 0 || schedule->base != settings->stage[0].schedule.base)
			return false;
	}
	return true;
}

tw_status run_theory_create(tw_run *run, run_theory **out)
{
	run_theory *theory = NULL;
	*out = NULL;
	if (!run->settings->rayleigh && !run->settings->bound) return TW_OK;
	TW_TRY(tw_comm_agree(run->comm, tw_alloc((void **)&theory, sizeof *theory, "a look at theory")));
	*theory = (run_theory){.run = run, .step_size = NAN, .same_step_size = fixed_step_size(run->settings)};
	tw_status status = make(theory);
	if (status != TW_OK) {
		run_theory_free(theory);
		return status;
	}
	*out = theory;
	return TW_OK;
}

void run_theory_free(run_theory *theory)
{
	if (!theory) return;
	tw_feed_free(theory->whole);
	tw_free(theory->vector), tw_free(theory->product), tw_free(theory->direction), tw_free(theory->image);
	tw_free(theory);
}

static double dot(const double *a, const double *b, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++) sum += a[i] * b[i];
	return sum;
}

/* Collective. image = H direction at the run's theta. */
static tw_status apply_hessian(run_theory *theory)
{
	const tw_objective *objective = &theory->run->objective;
	const void *vectors[] = {theory->vector};
	void *products[] = {theory->product};
	tw_batch whole;
	TW_TRY(tw_feed_get(theory->whole, 0, &whole));
	TW_TRY(objective->hessian_product(objective->self, theory->run->theta, &whole, 1, vectors, products));
	tw_objective_export(objective, theory->product, theory->image);
	return TW_OK;
}

/* Power iteration towards the largest |eigenvalue|: ||H v|| of unit v is never above it. */
static tw_status look_at_curvature(run_theory *theory)
{
	const tw_objective *objective = &theory->run->objective;
	const int64_t d = objective->dimension;
	for (int i = 0; i < (theory->measured == 0 ? FIRST_PRODUCTS : PRODUCTS); i++) {
		const double norm = sqrt(dot(theory->direction, theory->direction, d));
		if (!(norm > 0) || !isfinite(norm)) return TW_OK;
		for (int64_t j = 0; j < d; j++) theory->direction[j] /= norm;
		tw_objective_import(objective, theory->direction, theory->vector);
		TW_TRY(apply_hessian(theory));
		const double stretch = sqrt(dot(theory->image, theory->image, d));
		if (!(stretch > 0)) return TW_OK; /* no curvature here; the next look begins with the same vector */
		theory->lipschitz = fmax(theory->lipschitz, margin * stretch);
		memcpy(theory->direction, theory->image, (size_t)d * sizeof *theory->direction);
	}
	return TW_OK;
}

static tw_status look_at_gradient(run_theory *theory, const void *gradient, tw_record *record)
{
	const tw_objective *objective = &theory->run->objective;
	double *along = theory->image;
	memcpy(theory->vector, gradient, (size_t)objective->size * tw_real_size(objective->precision));
	TW_TRY(apply_hessian(theory));
	double product = 0, norm = 0;
	for (int64_t i = 0; i < objective->dimension; i++) {
		const double g = tw_real_get(objective->precision, gradient, objective->position[i]);
		product += g * along[i];
		norm += g * g;
	}
	if (!(norm > 0)) return TW_OK; /* there is no direction */
	record->rayleigh_quotient = product / norm;
	record->step_size_limit = product > 0 ? 2 * norm / product : INFINITY;
	return TW_OK;
}

/* Right side of (4.19) for the first K iterates. */
static double bound_of(const run_theory *theory, int64_t iterates)
{
	const double alpha = theory->step_size;
	if (!(alpha > 0) || !theory->same_step_size || iterates < 1) return NAN;
	return alpha * theory->lipschitz * theory->noise + 2 * theory->first_cost / ((double)iterates * alpha);
}

static tw_status look_at_noise(run_theory *theory, tw_record *record)
{
	const tw_run *run = theory->run;
	const double step_size = run->settings->stage[0].schedule.base;
	if (!run->full_batch) {
		tw_gradient_statistics statistics;
		TW_TRY(tw_objective_gradient_statistics(&run->objective, run->theta, &statistics));
		theory->noise = fmax(theory->noise, statistics.variance / (double)run->settings->batch);
	}
	if (theory->measured == 0) theory->first_cost = record->cost, theory->step_size = step_size;
	theory->norms_squared += record->gradient_norm_squared;
	theory->measured++;
	record->average_gradient_norm_squared = theory->norms_squared / (double)theory->measured;
	record->gradient_bound = bound_of(theory, record->step + 1);
	return TW_OK;
}

tw_status run_theory_observe(run_theory *theory, const void *gradient, tw_record *record)
{
	const tw_settings *settings = theory->run->settings;
	if (settings->rayleigh) TW_TRY(look_at_gradient(theory, gradient, record));
	if (!settings->bound) return TW_OK;
	TW_TRY(look_at_curvature(theory));
	return look_at_noise(theory, record);
}

void run_theory_summarise(const run_theory *theory, int64_t steps, tw_bound_summary *out)
{
	const tw_run *run = theory->run;
	*out = (tw_bound_summary){.bound = NAN};
	if (!run->settings->bound || theory->measured == 0) return;
	out->measured = theory->measured;
	out->average = theory->norms_squared / (double)theory->measured;
	out->bound = bound_of(theory, steps);
	out->lipschitz = theory->lipschitz;
	out->noise = theory->noise;
	out->step_size = theory->same_step_size ? theory->step_size : NAN;
	out->step_size_fits = theory->same_step_size && theory->step_size * theory->lipschitz <= 1;
	out->smooth = run->network.layers == 1 || tw_activation_info_of(run->network.activation)->smooth;
	out->independent = run->full_batch || run->settings->sampling == TW_SAMPLE_UNIFORM;
	out->plain = run->settings->update == tw_update_find("plain");
	out->holds = out->average <= out->bound;
}

/* ---- for checkpoints ----------------------------------------------------------------------------------------- */

enum { SCALARS = 6 };

int64_t run_theory_values(const run_theory *theory) { return theory ? SCALARS + theory->run->objective.dimension : 0; }

void run_theory_export(const run_theory *theory, double *out)
{
	const double scalars[SCALARS] = {theory->lipschitz,  theory->noise,     theory->norms_squared,
	                                 theory->first_cost, theory->step_size, (double)theory->measured};
	memcpy(out, scalars, sizeof scalars);
	memcpy(out + SCALARS, theory->direction, (size_t)theory->run->objective.dimension * sizeof *out);
}

void run_theory_import(run_theory *theory, const double *in)
{
	theory->lipschitz = in[0];
	theory->noise = in[1];
	theory->norms_squared = in[2];
	theory->first_cost = in[3];
	theory->step_size = in[4];
	theory->measured = (int64_t)in[5];
	memcpy(theory->direction, in + SCALARS, (size_t)theory->run->objective.dimension * sizeof *in);
}
