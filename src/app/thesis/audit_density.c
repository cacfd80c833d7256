/* The spectral density of the Hessian at an end point by stochastic Lanczos quadrature, checked against all
 * eigenvalues. */
#include "app/thesis/audit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "run/run.h"

enum { PROBES = 10, STEPS = 60, SEED = 1, MOST = 4000 }; /* MOST: parameters, all eigenvalues are computed */
static const double resolution = 1e-9; /* eigenvalues nearer than this, times max |lambda|, are not told apart */

typedef struct {
	int64_t dimension;
	double *value; /* ascending, by LAPACK */
	tw_spectral_density density;
} spectrum;

/* ---- which point --------------------------------------------------------------------------------------------- */

static bool is_judged(const tw_certified *point)
{
	return point->status == TW_OK && isfinite(point->certificate.refinement.gradient_norm_before) &&
	       point->certificate.dimension <= MOST;
}

/* The one that comes first is not on its way to infinity, where the Hessian goes to 0 with f; has the fewest hidden
 * layers, the largest width, the smallest gradient. */
static bool comes_before(const tw_certified *a, const tw_certified *b)
{
	const bool descends = a->certificate.verdict == TW_DESCENDING;
	if (descends != (b->certificate.verdict == TW_DESCENDING)) return !descends;
	if (a->hidden_layers != b->hidden_layers) return a->hidden_layers < b->hidden_layers;
	if (a->width != b->width) return a->width > b->width;
	return a->certificate.refinement.gradient_norm_before < b->certificate.refinement.gradient_norm_before;
}

/* NULL: no point is judged. */
static const tw_certified *choose(const tw_certified *point, int64_t all)
{
	const tw_certified *first = NULL;
	for (int64_t i = 0; i < all; i++)
		if (is_judged(&point[i]) && (!first || comes_before(&point[i], first))) first = &point[i];
	return first;
}

/* ---- its spectrum -------------------------------------------------------------------------------------------- */

static void free_spectrum(spectrum *s)
{
	tw_free(s->value);
	tw_spectral_density_free(&s->density);
}

static tw_status measure(tw_run *run, spectrum *out)
{
	tw_curvature *curvature = NULL;
	double asymmetry;
	TW_TRY(tw_curvature_create(run, &curvature));
	out->dimension = tw_curvature_dimension(curvature, 0);
	tw_status status = tw_alloc_array((void **)&out->value, out->dimension, sizeof *out->value, "eigenvalues");
	if (status == TW_OK) status = tw_curvature_eigenvalues(curvature, 0, out->value, &asymmetry);
	if (status == TW_OK) status = tw_curvature_density(curvature, 0, PROBES, STEPS, SEED, &out->density);
	tw_curvature_free(curvature);
	return status;
}

static tw_status measure_at(tw_comm *self, const tw_settings *settings, tw_data *data, const double *theta,
                            spectrum *out)
{
	tw_run *run = NULL;
	TW_TRY(run_create_on(self, settings, data, NULL, 1, &run));
	tw_status status = tw_run_set_theta(run, theta);
	if (status == TW_OK) status = measure(run, out);
	tw_run_free(run);
	return status;
}

/* models: models.h5 of the sweep. */
static tw_status measure_run(const char *models, const tw_sweep_plan *plan, int64_t run, spectrum *out)
{
	tw_settings settings = tw_sweep_run_settings(plan, run);
	char *name = NULL;
	tw_comm *self = NULL;
	tw_data *data = NULL, *test = NULL;
	tw_network network;
	tw_precision precision;
	double *theta = NULL;
	settings.precision = settings.data.precision = TW_DOUBLE;
	settings.batch = 0;
	settings.initial_file = NULL;
	if (asprintf(&name, "%s:%" PRId64, models, run) < 0) return tw_fail(TW_NO_MEMORY, "no memory for a name");
	tw_status status = tw_model_read(name, &network, &precision, &theta);
	if (status == TW_OK) status = tw_comm_self(&self);
	if (status == TW_OK) status = tw_data_load(self, &settings.data, &data, &test);
	if (status == TW_OK) status = measure_at(self, &settings, data, theta, out);
	tw_data_free(data);
	tw_data_free(test);
	tw_comm_free(self);
	tw_free(theta);
	free(name);
	return status;
}

/* ---- the check ----------------------------------------------------------------------------------------------- */

/* Share of the eigenvalues up to x, by LAPACK and by quadrature. */
static double share_exact(const spectrum *s, double x)
{
	int64_t count = 0;
	while (count < s->dimension && s->value[count] <= x) count++;
	return (double)count / (double)s->dimension;
}

static double share_quadrature(const spectrum *s, double x)
{
	double sum = 0;
	for (int k = 0; k < s->density.probes * s->density.steps; k++)
		if (s->density.node[k] <= x) sum += s->density.weight[k];
	return sum / s->density.probes;
}

typedef struct {
	double difference, at;
} gap;

/* The largest difference of both shares, at an eigenvalue or node, where places up to `apart` from each other count as
 * the same (0: the distance of Kolmogorov). Both are steps, so that no other place has a larger one. */
static gap largest_gap(const spectrum *s, double apart)
{
	gap out = {0, NAN};
	for (int64_t i = 0; i < s->dimension; i++) {
		const double x = s->value[i], difference = share_exact(s, x) - share_quadrature(s, x + apart);
		if (difference > out.difference) out = (gap){difference, x};
	}
	for (int k = 0; k < s->density.probes * s->density.steps; k++) {
		const double x = s->density.node[k];
		const double difference = s->density.weight[k] > 0 ? share_quadrature(s, x) - share_exact(s, x + apart) : 0;
		if (difference > out.difference) out = (gap){difference, x};
	}
	return out;
}

static double largest_magnitude(const spectrum *s) { return fmax(fabs(s->value[0]), fabs(s->value[s->dimension - 1])); }

/* Of an orthogonal projector P to r of d dimensions, v'Pv for random signs v has a variance of at most
 * 2 r (1 - r / d): that of a share of eigenvalues is at most 1 / (2 d) for one probe. */
static double chance(const spectrum *s) { return 3 / sqrt(2.0 * (double)s->dimension * s->density.probes); }

static void tell(tw_page *page, const tw_certified *point, const spectrum *s)
{
	const double largest = largest_magnitude(s), allowed = chance(s);
	const gap near = largest_gap(s, resolution * largest), everywhere = largest_gap(s, 0);
	int64_t negative = 0, flat = 0;
	for (int64_t i = 0; i < s->dimension; i++) {
		const bool is_flat = fabs(s->value[i]) <= resolution * largest;
		flat += is_flat;
		negative += !is_flat && s->value[i] < 0;
	}
	tw_page_text(
	    page,
	    "At the end of run %" PRId64 ", %d hidden layer%s of %" PRId64 " neurons each (f = %.3g, ‖∇f‖ = %.3g, "
	    "verdict: %s), before any refinement: the density from %d random vectors of signs and at most %d "
	    "products with the Hessian each, beside all %" PRId64
	    " eigenvalues by LAPACK. It is the end of smallest gradient in the widest network, of the fewest hidden "
	    "layers, where a run does not descend to infinity (any, where all do). Next to a kink the Hessian is "
	    "that of the side on which θ lies.",
	    point->run, point->hidden_layers, point->hidden_layers == 1 ? "" : "s", point->width,
	    point->certificate.refinement.cost_before, point->certificate.refinement.gradient_norm_before,
	    tw_certified_verdict(point), s->density.probes, s->density.steps, s->dimension);
	tw_page_finding(page, near.difference <= allowed ? TW_AGREES : TW_DIFFERS,
	                "Share of the eigenvalues up to λ: quadrature and exact eigenvalues differ by at most %.3f (at "
	                "λ = %.2g max|λ|), where eigenvalues nearer than %.0e max|λ| are not told apart; chance alone "
	                "allows %.3f (three standard deviations of the mean over the random vectors). Where "
	                "rounding errors tell them apart, too, it is %.3f (at λ = %.2g max|λ|).",
	                near.difference, near.at / largest, resolution, allowed, everywhere.difference,
	                everywhere.at / largest);
	tw_page_finding(page, TW_NOTE,
	                "max|λ| = %.3g there; %" PRId64 " of %" PRId64 " eigenvalues are within %.0e of it from 0, %" PRId64
	                " lie below, %" PRId64 " above.",
	                largest, flat, s->dimension, resolution, negative, s->dimension - flat - negative);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static tw_status write_eigenvalues(const char *folder, const spectrum *s)
{
	tw_part_file out;
	char text[TW_NUMBER_TEXT];
	TW_TRY(tw_part_open(&out, folder, "eigenvalues.csv"));
	fputs("number,eigenvalue\n", out.file);
	for (int64_t i = 0; i < s->dimension; i++)
		fprintf(out.file, "%" PRId64 ",%s\n", i, tw_format_real(text, TW_DOUBLE, s->value[i]));
	return tw_part_close(&out);
}

static tw_status write_density(const thesis_context *context, const spectrum *s)
{
	char *path = NULL;
	TW_TRY(thesis_path(context, "spectral-density.csv", &path));
	tw_status status = tw_density_write(path, &s->density);
	tw_free(path);
	return status;
}

static tw_status report(thesis_context *context, const tw_certified *point, const spectrum *s)
{
	TW_TRY(write_eigenvalues(context->folder, s));
	TW_TRY(write_density(context, s));
	tell(context->page, point, s);
	if (!(largest_magnitude(s) > 0)) return TW_OK;
	return thesis_draw(
	    context, "spectral-density",
	    "Eigenvalues of the Hessian over the largest magnitude among them. Top: share in each bin, by "
	    "quadrature (smoothed by a Gaussian, in the units of the axis) and by LAPACK; the strokes "
	    "below are single eigenvalues. Bottom: share up to λ. The axis is logarithmic on both sides of 0 "
	    "and linear next to it.");
}

tw_status audit_density(thesis_context *context, const char *models, const tw_sweep_plan *plan,
                        const tw_certified *point)
{
	const tw_certified *chosen = choose(point, plan->runs);
	spectrum s = {0};
	tw_page_heading(context->page, 2, "The spectrum of the Hessian at an end point");
	if (!chosen) {
		tw_page_finding(context->page, TW_NOTE,
		                "There is no spectrum to be shown: no end point is finite and of at most %d parameters.", MOST);
		return TW_OK;
	}
	tw_status status = measure_run(models, plan, chosen->run, &s);
	if (status == TW_OK) status = report(context, chosen, &s);
	free_spectrum(&s);
	return status;
}
