/* The verdict on a point: docs/certify.md. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "run/stationary.h"

/* Searches over kinks, each followed by Newton steps. */
enum { ROUNDS = 3 };

static const struct {
	const char *name, *help;
} verdicts[TW_VERDICT_COUNT] = {
    [TW_MINIMUM] = {"minimum", "stationary, and f rises in every direction but those that a symmetry leaves flat"},
    [TW_STRICT_SADDLE] = {"strict saddle", "stationary, and f falls in some direction: a negative eigenvalue"},
    [TW_DEGENERATE] = {"degenerate", "stationary, without negative eigenvalues, and flat in more directions than "
                                     "symmetries explain: second order does not tell"},
    [TW_DESCENDING] = {"descending to infinity", "no stationary point: f goes on to fall as theta grows without bound"},
    [TW_ON_A_KINK] = {"on a kink", "f is not differentiable here, so the second order means nothing"},
    [TW_UNDECIDED] = {"undecided", "not stationary, or the eigenvalues are not known well enough"},
};

const char *tw_verdict_name(tw_verdict verdict)
{
	return verdict >= 0 && verdict < TW_VERDICT_COUNT ? verdicts[verdict].name : NULL;
}

const char *tw_verdict_help(tw_verdict verdict)
{
	return verdict >= 0 && verdict < TW_VERDICT_COUNT ? verdicts[verdict].help : NULL;
}

void tw_certify_defaults(tw_certify_options *options)
{
	*options = (tw_certify_options){.refine = {.gradient_norm = 1e-10, .steps = 200},
	                                .refine_first = true,
	                                .full_spectrum = 2100,
	                                .eigenvalues = 6,
	                                .restarts = 1000,
	                                .zero = 1e-9,
	                                .stationary = 1e-8,
	                                .kink = 1e-9,
	                                .around = 1e-5,
	                                .around_most = 130};
}

/* ---- refinement ---------------------------------------------------------------------------------------------- */

/* What is said of a point that is not refined. */
static tw_status start_refinement(tw_run *run, const double *theta, tw_refinement *out)
{
	double *gradient = NULL;
	const int64_t d = run->objective.dimension;
	*out = (tw_refinement){.end = TW_REFINE_NONE};
	tw_status status = tw_alloc_array((void **)&gradient, d, sizeof *gradient, "a gradient");
	status = tw_comm_agree(run->comm, status);
	if (status == TW_OK) status = stationary_evaluate(run, theta, &out->cost_before, gradient);
	if (status == TW_OK) {
		out->cost = out->cost_before;
		out->gradient_norm_before = out->gradient_norm = stationary_norm(gradient, d);
		out->theta_norm_before = out->theta_norm = stationary_norm(theta, d);
	}
	tw_free(gradient);
	return status;
}

static tw_status refine_to(tw_run *run, const tw_certify_options *options, bool to_saddles, tw_refinement *out)
{
	tw_refine_options choice = options->refine;
	choice.to_saddles = to_saddles;
	return tw_refine(run, &choice, out);
}

static bool is_stuck(const tw_certify_options *options, const tw_refinement *r)
{
	const bool stopped = r->end == TW_REFINE_AT_KINK || r->end == TW_REFINE_STALLED;
	return stopped && r->gradient_norm > options->stationary;
}

/* One search over kinks, and on from there where it has not ended on one. */
static tw_status pass_once(tw_run *run, const tw_certify_options *options, bool last, tw_certificate *out)
{
	settled settled;
	tw_kink kink;
	tw_refinement *r = &out->refinement, on = {.end = TW_REFINE_AT_KINK};
	TW_TRY(stationary_settle(run, options->around, &settled));
	TW_TRY(tw_objective_kink_distance(&run->objective, run->theta, &kink));
	out->around_norm = settled.norm;
	out->around_radius = settled.radius;
	const bool there = (settled.norm <= options->around || last) && kink.distance <= settled.radius;
	if (!settled.separated && !there) TW_TRY(refine_to(run, options, false, &on));
	r->end = settled.separated ? TW_REFINE_DESCENDING : on.end;
	r->steps += settled.steps + on.steps;
	r->products += on.products;
	r->gradient_norm = there || settled.separated ? 0 : on.gradient_norm; /* 0: goes no further */
	return TW_OK;
}

/* Down over the kinks that are in the way. */
static tw_status pass_kinks(tw_run *run, const tw_certify_options *options, const double *start, tw_certificate *out)
{
	const tw_refinement before = out->refinement;
	tw_refinement *r = &out->refinement, end;
	for (int round = 1; round <= ROUNDS && is_stuck(options, r); round++)
		TW_TRY(pass_once(run, options, round == ROUNDS, out));
	TW_TRY(start_refinement(run, run->canonical, &end));
	end.end = r->end;
	end.steps = r->steps;
	end.products = r->products;
	end.cost_before = before.cost_before;
	end.gradient_norm_before = before.gradient_norm_before;
	end.theta_norm_before = before.theta_norm_before;
	end.moved = stationary_distance(start, run->canonical, run->objective.dimension);
	*r = end;
	return TW_OK;
}

/* First to the nearest stationary point of any kind, so that a saddle stays one; where there is none at hand, down. */
static tw_status refine(tw_run *run, const tw_certify_options *options, const double *start, tw_certificate *out)
{
	tw_refinement *r = &out->refinement;
	TW_TRY(refine_to(run, options, true, r));
	if (r->end == TW_REFINED || options->refine.to_saddles) return TW_OK;
	TW_TRY(tw_run_set_theta(run, start));
	TW_TRY(refine_to(run, options, false, r));
	const bool kinks = run->network.layers > 1 && !tw_activation_info_of(run->network.activation)->smooth;
	if (!kinks || !is_stuck(options, r) || out->dimension > options->around_most) return TW_OK;
	return pass_kinks(run, options, start, out);
}

/* ---- the spectrum -------------------------------------------------------------------------------------------- */

/* All eigenvalues, ascending. */
static tw_status full_spectrum(tw_curvature *curvature, const tw_certify_options *options, tw_certificate *out,
                               double *value)
{
	const int64_t d = out->dimension;
	double asymmetry;
	TW_TRY(tw_curvature_eigenvalues(curvature, 0, value, &asymmetry));
	const double largest = fmax(fabs(value[0]), fabs(value[d - 1]));
	/* The matrix is the mean with its transpose: that, and LAPACK's backward error, move eigenvalues by at most this.
	 */
	const double error = largest * (asymmetry + 1e-15 * (double)d), zero = fmax(options->zero * largest, error);
	out->full = true;
	out->smallest = value[0];
	out->largest = value[d - 1];
	out->smallest_residual = out->largest_residual = error;
	out->index_low = out->flat_found = 0;
	double least = INFINITY, lowest = INFINITY;
	for (int64_t i = 0; i < d; i++) {
		if (value[i] < -zero) out->index_low++;
		if (fabs(value[i]) <= zero) {
			out->flat_found++;
		} else {
			least = fmin(least, fabs(value[i]));
			lowest = fmin(lowest, value[i]);
		}
	}
	const int64_t unexplained = out->flat_found - out->flat_explained;
	out->index_high = out->index_low + (unexplained > 0 ? unexplained : 0);
	out->condition = largest / least;
	out->margin = unexplained > 0 && lowest > 0 ? 0 : lowest / largest;
	return TW_OK;
}

/* Rank 0's work on the ends of the spectrum: the flat directions of symmetries are lifted out of the way, to the upper
 * end, so that the smallest eigenvalue is one that counts. */
typedef struct {
	const tw_certify_options *options;
	const symmetry_basis *flat;
	const tw_operator *hessian;
	double lift;
	tw_eigenpairs low, high;
} ends;

static tw_status apply_lifted(void *self, int count, const double *x, double *y)
{
	const ends *e = self;
	const int64_t d = e->flat->dimension;
	TW_TRY(e->hessian->apply(e->hessian->self, count, x, y));
	for (int c = 0; c < count; c++)
		for (int64_t k = 0; k < e->flat->count; k++) {
			const double *q = e->flat->direction + k * d;
			const double along = e->lift * stationary_dot(q, x + c * d, d);
			for (int64_t i = 0; i < d; i++) y[c * d + i] += along * q[i];
		}
	return TW_OK;
}

static tw_status look_at_ends(void *request, const tw_operator *hessian)
{
	ends *e = request;
	const tw_eigen_options options = {.tolerance = 1e-10, .iterations = e->options->restarts, .seed = 1};
	e->hessian = hessian;
	TW_TRY(tw_extreme_eigenpairs(hessian, TW_LARGEST, 1, &options, &e->high));
	e->lift = e->high.found > 0 && e->high.value[0] > 0 ? e->high.value[0] : 1;
	const tw_operator lifted = {.self = e, .dimension = hessian->dimension, .apply = apply_lifted};
	return tw_extreme_eigenpairs(&lifted, TW_SMALLEST, e->options->eigenvalues, &options, &e->low);
}

static void read_ends(const ends *e, tw_certificate *out)
{
	const int found = e->low.found;
	out->index_low = 0;
	out->index_high = -1;
	out->incomplete = e->high.found == 0 || found == 0;
	/* Values that have not converged are as good as their residuals say. */
	if (e->high.listed > 0) out->largest = e->high.value[0], out->largest_residual = e->high.residual[0];
	if (e->low.listed > 0) out->smallest = e->low.value[0], out->smallest_residual = e->low.residual[0];
	if (out->incomplete) {
		snprintf(out->why, sizeof out->why,
		         "ARPACK found no eigenvalue at an end of the spectrum in its limit of %" PRId64 " restarts",
		         e->options->restarts);
		return;
	}
	const double largest = fmax(fabs(out->smallest), fabs(out->largest)), zero = e->options->zero * largest;
	int flat = 0, positive = 0;
	for (int i = 0; i < found; i++) {
		const double value = e->low.value[i], error = e->low.residual[i];
		if (value + error < -zero)
			out->index_low++;
		else if (value - error > zero)
			positive++;
		else
			flat++;
	}
	if (found == e->low.asked && positive > 0) out->index_high = out->index_low + flat;
	out->flat_found = e->flat->count + flat;
	out->margin = flat > 0 && out->index_low == 0 ? 0 : out->smallest / largest;
	out->incomplete = found < e->low.asked;
	if (out->incomplete)
		snprintf(out->why, sizeof out->why, "ARPACK found %d of %d eigenvalues in its limit of %" PRId64 " restarts",
		         found, e->low.asked, e->options->restarts);
}

static tw_status ends_of_spectrum(tw_curvature *curvature, const tw_certify_options *options,
                                  const symmetry_basis *flat, tw_certificate *out)
{
	/* Symmetries curve: off stationary points their directions are no eigenvectors. */
	const symmetry_basis none = {.dimension = flat->dimension};
	ends e = {.options = options, .flat = out->gradient_norm <= options->stationary ? flat : &none};
	tw_status status = curvature_drive(curvature, 0, look_at_ends, &e);
	if (status == TW_OK && tw_comm_rank(curvature->run->comm) == 0) read_ends(&e, out);
	if (status == TW_OK) status = tw_comm_broadcast(curvature->run->comm, out, sizeof *out, 0);
	tw_eigenpairs_free(&e.low);
	tw_eigenpairs_free(&e.high);
	return status;
}

static tw_status look_at_spectrum(tw_run *run, const tw_certify_options *options, tw_certificate *out)
{
	tw_curvature *curvature = NULL;
	symmetry_basis flat = {0};
	double *value = NULL;
	const bool full = out->dimension <= options->full_spectrum;
	tw_status status = symmetry_make(run, &flat);
	if (status == TW_OK) status = tw_curvature_create(run, &curvature);
	if (status == TW_OK) {
		out->flat_explained = flat.count;
		out->dead_units = flat.dead_units;
		if (full) status = tw_alloc_array((void **)&value, out->dimension, sizeof *value, "the eigenvalues");
		status = tw_comm_agree(run->comm, status);
	}
	if (status == TW_OK)
		status =
		    full ? full_spectrum(curvature, options, out, value) : ends_of_spectrum(curvature, options, &flat, out);
	tw_free(value);
	tw_curvature_free(curvature);
	symmetry_free(&flat);
	return status;
}

/* ---- the verdict --------------------------------------------------------------------------------------------- */

static void conclude(tw_certificate *out, tw_verdict verdict, const char *why)
{
	out->verdict = verdict;
	if (!out->why[0]) snprintf(out->why, sizeof out->why, "%s", why);
}

static void judge_spectrum(const tw_certify_options *options, tw_certificate *out)
{
	char text[160];
	const int64_t unexplained = out->flat_found - out->flat_explained;
	if (out->index_low > 0) {
		snprintf(text, sizeof text, "smallest eigenvalue %.3g, off by at most %.1g", out->smallest,
		         out->smallest_residual);
		conclude(out, TW_STRICT_SADDLE, text);
	} else if (isnan(out->smallest) || out->index_high < 0) {
		conclude(out, TW_UNDECIDED, "the smallest eigenvalues are not known well enough");
	} else if (unexplained > 0) {
		snprintf(text, sizeof text, "%lld flat direction%s that no symmetry explains", (long long)unexplained,
		         unexplained == 1 ? "" : "s");
		conclude(out, TW_DEGENERATE, text);
	} else {
		snprintf(text, sizeof text, "all eigenvalues positive but %lld flat by symmetry; margin %.3g",
		         (long long)out->flat_explained, out->margin);
		conclude(out, TW_MINIMUM, text);
	}
	(void)options;
}

static void say_kink(const tw_certify_options *options, const tw_certificate *out, char text[160])
{
	if (isnan(out->around_norm))
		snprintf(text, 160, "a kink is %.1g away", out->kink_distance);
	else if (out->around_norm <= options->around)
		snprintf(text, 160,
		         "a kink is %.1g away; stationary in Clarke's sense: %.1g from the hull of gradients within %.1g",
		         out->kink_distance, out->around_norm, out->around_radius);
	else
		snprintf(text, 160, "a kink is %.1g away; not shown stationary: %.1g from the hull of gradients within %.1g",
		         out->kink_distance, out->around_norm, out->around_radius);
}

static void judge(const tw_certify_options *options, const double theta_norm, tw_certificate *out)
{
	char text[160];
	const tw_refine_end end = out->refinement.end;
	if (out->separated) {
		conclude(out, TW_DESCENDING, "every observation is classified right: f falls to 0 as the last layer grows");
	} else if (out->kink_distance <= options->kink * (1 + theta_norm)) {
		say_kink(options, out, text);
		conclude(out, TW_ON_A_KINK, text);
	} else if (end == TW_REFINE_AT_KINK && out->gradient_norm > options->stationary) {
		say_kink(options, out, text);
		conclude(out, TW_ON_A_KINK, text);
	} else if (out->gradient_norm > options->stationary) {
		snprintf(text, sizeof text, "not stationary: the norm of the gradient is %.2g (%s)", out->gradient_norm,
		         options->refine_first ? tw_refine_end_name(end) : "not refined");
		conclude(out, TW_UNDECIDED, text);
	} else {
		judge_spectrum(options, out);
	}
}

static tw_status look(tw_run *run, const tw_certify_options *options, tw_certificate *out)
{
	tw_kink kink;
	double *gradient = NULL;
	tw_status status = tw_alloc_array((void **)&gradient, out->dimension, sizeof *gradient, "a gradient");
	status = tw_comm_agree(run->comm, status);
	if (status == TW_OK) status = stationary_evaluate(run, run->canonical, &out->cost, gradient);
	if (status == TW_OK) out->gradient_norm = stationary_norm(gradient, out->dimension);
	tw_free(gradient);
	TW_TRY(status);
	TW_CHECK(isfinite(out->cost) && isfinite(out->gradient_norm), TW_DIVERGED,
	         "f or its gradient is not finite at this point");
	TW_TRY(stationary_is_separated(run, &out->separated));
	TW_TRY(tw_objective_kink_distance(&run->objective, run->theta, &kink));
	out->kink_distance = kink.distance;
	/* Where f has no second derivative, or there is no point to judge, the spectrum of a large Hessian is not worth its
	 * time. */
	const bool wanted = !out->separated || out->dimension <= 500;
	return wanted ? look_at_spectrum(run, options, out) : TW_OK;
}

void tw_certificate_clear(tw_certificate *out, int64_t dimension)
{
	*out = (tw_certificate){.verdict = TW_UNDECIDED,
	                        .dimension = dimension,
	                        .refinement = {.end = TW_REFINE_NONE,
	                                       .cost_before = NAN,
	                                       .cost = NAN,
	                                       .gradient_norm_before = NAN,
	                                       .gradient_norm = NAN,
	                                       .moved = NAN,
	                                       .theta_norm_before = NAN,
	                                       .theta_norm = NAN},
	                        .cost = NAN,
	                        .gradient_norm = NAN,
	                        .smallest = NAN,
	                        .smallest_residual = NAN,
	                        .largest = NAN,
	                        .largest_residual = NAN,
	                        .index_low = -1,
	                        .index_high = -1,
	                        .flat_found = -1,
	                        .flat_explained = -1,
	                        .condition = NAN,
	                        .margin = NAN,
	                        .kink_distance = NAN,
	                        .around_norm = NAN,
	                        .around_radius = NAN,
	                        .dead_units = -1};
}

tw_status tw_certify(tw_run *run, const tw_certify_options *options, tw_certificate *out)
{
	const int64_t d = run->objective.dimension;
	double *start = NULL;
	tw_certificate_clear(out, d);
	for (int64_t i = 0; i < d; i++)
		TW_CHECK(isfinite(run->canonical[i]), TW_DIVERGED, "parameter %lld of theta is not a finite number",
		         (long long)i);
	tw_status status = tw_alloc_array((void **)&start, d, sizeof *start, "a point");
	TW_TRY(tw_comm_agree(run->comm, status));
	memcpy(start, run->canonical, (size_t)d * sizeof *start);
	status = start_refinement(run, start, &out->refinement);
	if (status == TW_OK) status = stationary_is_separated(run, &out->separated);
	if (status == TW_OK && options->refine_first && !out->separated) status = refine(run, options, start, out);
	if (status == TW_OK) status = look(run, options, out);
	if (status == TW_OK) judge(options, stationary_norm(run->canonical, d), out);
	tw_free(start);
	return status;
}
