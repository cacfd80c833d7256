/* thalweg certify: what kind of point a run, or every run of a sweep, has found. */
#include "app/certify.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "report/folder.h"
#include "run/launch.h"

typedef struct {
	app_options shared;
	const char *model, *file, *output, *density;
	bool overwrite, keep_point;
	tw_certify_options certify;
} certify_options;

enum {
	KEY_OVERWRITE = 0x2000,
	KEY_GRADIENT_NORM,
	KEY_STEPS,
	KEY_NO_REFINE,
	KEY_FULL_SPECTRUM,
	KEY_EIGENVALUES,
	KEY_RESTARTS,
	KEY_ZERO,
	KEY_DENSITY,
	KEY_KEEP_POINT
};
enum { DENSITY_PROBES = 10, DENSITY_STEPS = 100 };

/* ---- options ------------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "Keep certificates.csv in DIR", 0},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "DIR may hold files; certificates.csv is replaced", 0},
    {"gradient-norm", KEY_GRADIENT_NORM, "TOL", 0, "Refine until ||grad f|| is at most TOL (default 1e-10)", 0},
    {"steps", KEY_STEPS, "N", 0, "At most N Newton steps of refinement (default 200)", 0},
    {"no-refine", KEY_NO_REFINE, NULL, 0, "Judge the point as it is", 0},
    {"full-spectrum", KEY_FULL_SPECTRUM, "D", 0,
     "All eigenvalues for at most D parameters (default 2100), else those at the ends alone", 0},
    {"eigenvalues", KEY_EIGENVALUES, "N", 0, "Where only the ends are looked at: the N smallest (default 6)", 0},
    {"restarts", KEY_RESTARTS, "N", 0, "At most N restarts of ARPACK (default 1000)", 0},
    {"zero", KEY_ZERO, "T", 0, "Eigenvalues up to T times the largest count as flat (default 1e-9)", 0},
    {"density", KEY_DENSITY, "FILE.csv", 0, "Of a single model: keep the density of the spectrum in FILE.csv", 0},
    {"keep-point", KEY_KEEP_POINT, NULL, 0, "Of a single model: keep the refined point as DIR/refined.h5", 0},
    {0},
};

static error_t parse_positive(const char *option, const char *text, double *out)
{
	if (tw_parse_real(text, out) && isfinite(*out) && *out > 0) return 0;
	tw_fail(TW_USAGE, "%s %s: a number above 0 is wanted", option, text);
	return EINVAL;
}

static error_t parse_eigenvalues(const char *text, int *out)
{
	int64_t count;
	const error_t error = app_count("--eigenvalues", text, 1, 1000, &count);
	if (error == 0) *out = (int)count;
	return error;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	certify_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case 'o':
		o->output = argument;
		return 0;
	case KEY_OVERWRITE:
		o->overwrite = true;
		return 0;
	case KEY_GRADIENT_NORM:
		return parse_positive("--gradient-norm", argument, &o->certify.refine.gradient_norm);
	case KEY_STEPS:
		return app_count("--steps", argument, 0, INT64_MAX, &o->certify.refine.steps);
	case KEY_NO_REFINE:
		o->certify.refine_first = false;
		return 0;
	case KEY_FULL_SPECTRUM:
		return app_count("--full-spectrum", argument, 0, 100000, &o->certify.full_spectrum);
	case KEY_EIGENVALUES:
		return parse_eigenvalues(argument, &o->certify.eigenvalues);
	case KEY_RESTARTS:
		return app_count("--restarts", argument, 1, INT32_MAX, &o->certify.restarts);
	case KEY_ZERO:
		return parse_positive("--zero", argument, &o->certify.zero);
	case KEY_DENSITY:
		o->density = argument;
		return 0;
	case KEY_KEEP_POINT:
		o->keep_point = true;
		return 0;
	case ARGP_KEY_ARG:
		return app_positional(argument, o->model ? &o->file : &o->model);
	case ARGP_KEY_NO_ARGS:
		tw_fail(TW_USAGE, "a model is wanted: thalweg certify MODEL.h5 [FILE.yaml], or SWEEP/models.h5[:RUN]");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "MODEL.h5|SWEEP/models.h5[:RUN] [FILE.yaml]",
    .doc =
        "Tell whether the point in a model is a local minimum, a strict saddle, degenerate, on a kink, or on its way "
        "to infinity: refined in double precision to a stationary point, judged by the eigenvalues of the Hessian. "
        "Of models.h5 of a sweep every end point, or that of run RUN. The configuration is FILE.yaml, or config.yaml "
        "beside the model.\v"
        "docs/certify.md defines each verdict with its tolerance. certificates.csv has the same bytes on any number "
        "of processes and threads. SIGINT stops; what is judged by then is kept, the rest is marked.\n\n"
        "Exit codes: 0 done; 2 usage or configuration; 3 input or output; 4 theta or f not finite; 70 ARPACK did not "
        "converge for some point; 75 interrupted.",
    .children = app_run_children,
};

/* ---- output -------------------------------------------------------------------------------------------------- */

/* Rank 0: before the work, so that a folder that cannot be used costs none. */
static tw_status prepare(const certify_options *o, tw_folder_state *before)
{
	if (!o->output) return TW_OK;
	*before = tw_folder_remember(o->output);
	return tw_folder_prepare(o->output, o->overwrite);
}

/* What the points say about the call as a whole: nothing is lost, but the exit code tells. */
static tw_status conclude(const tw_certified *point, int64_t count)
{
	int64_t diverged = 0, incomplete = 0;
	const tw_certified *first = NULL, *second = NULL;
	for (int64_t i = 0; i < count; i++) {
		if (point[i].status == TW_DIVERGED && diverged++ == 0) first = &point[i];
		if (point[i].status == TW_OK && point[i].certificate.incomplete && incomplete++ == 0) second = &point[i];
	}
	if (count == 1 && first) return tw_fail(TW_DIVERGED, "%s", first->certificate.why);
	if (count == 1 && second) return tw_fail(TW_INTERNAL, "%s", second->certificate.why);
	TW_CHECK(!diverged, TW_DIVERGED,
	         "%" PRId64 " of %" PRId64 " points are not finite, the first is run %" PRId64
	         ": %s; the others are judged",
	         diverged, count, first->run, first->certificate.why);
	TW_CHECK(!incomplete, TW_INTERNAL,
	         "%" PRId64 " of %" PRId64 " points are judged without all that was asked, the "
	         "first is run %" PRId64 ": %s",
	         incomplete, count, second->run, second->certificate.why);
	return TW_OK;
}

/* Rank 0. judged: how the work ended, whose message is the last one. */
static tw_status keep(const certify_options *o, const tw_sweep_plan *plan, const tw_certified *point, int64_t count,
                      tw_status judged)
{
	char message[1024];
	snprintf(message, sizeof message, "%s", judged == TW_OK ? "" : tw_message());
	if (o->output) TW_TRY(tw_certificates_write(o->output, point, count));
	if (count == 1)
		tw_certificate_print(point);
	else
		tw_certificates_print(plan, point, count);
	if (o->output) printf("kept in %s: certificates.csv%s\n", o->output, o->keep_point && !plan ? ", refined.h5" : "");
	return judged == TW_OK ? conclude(point, count) : tw_fail(judged, "%s", message);
}

/* ---- one model ----------------------------------------------------------------------------------------------- */

/* The spectrum is that of double precision, whatever the model was trained in. */
static tw_status set_double(app_options *options)
{
	static const char precision[] = "precision=double";
	char **set = realloc(options->set, (size_t)(options->sets + 1) * sizeof *set);
	TW_CHECK(set, TW_NO_MEMORY, "no memory for the options");
	options->set = set;
	set[options->sets] = strdup(precision);
	TW_CHECK(set[options->sets], TW_NO_MEMORY, "no memory for the options");
	options->sets++;
	return TW_OK;
}

/* Collective. app_load_model takes the network of the model; here FILE.yaml is to have the same. */
static tw_status check_network(const app_call *call, const certify_options *o, const tw_run *run)
{
	tw_settings settings;
	tw_network network;
	char have[160], want[160];
	if (!o->file) return TW_OK;
	TW_TRY(app_read_settings(call, &o->shared, o->file, &settings));
	tw_status status = tw_settings_network(&settings, tw_run_data(run), &network);
	tw_settings_free(&settings);
	TW_TRY(status);
	if (tw_network_equal(&network, tw_run_network(run))) return TW_OK;
	tw_network_describe(tw_run_network(run), have);
	tw_network_describe(&network, want);
	return tw_fail(TW_USAGE, "%s: a model of another network: %s in the file, %s in %s", o->model, have, want, o->file);
}

static void print_layer(int layer, const tw_eigenpairs *low, const tw_eigenpairs *high)
{
	if (layer == 1) puts("blocks of the Hessian, a layer each");
	printf("  layer %-8d", layer);
	if (low->listed > 0 && high->listed > 0)
		printf("smallest %.6g +- %.1g, largest %.6g +- %.1g%s\n", low->value[0], low->residual[0], high->value[0],
		       high->residual[0], low->found && high->found ? "" : " (not converged)");
	else
		puts("no eigenvalue converged");
}

/* Collective. */
static tw_status look_at_layers(const app_call *call, tw_curvature *curvature, const tw_run *run)
{
	const tw_eigen_options how = {.tolerance = 1e-6};
	for (int l = 1; l <= tw_run_network(run)->layers; l++) {
		tw_eigenpairs low, high;
		TW_TRY(tw_curvature_extremes(curvature, l, 1, 1, &how, &low, &high));
		if (tw_comm_rank(call->comm) == 0) print_layer(l, &low, &high);
		tw_eigenpairs_free(&low);
		tw_eigenpairs_free(&high);
	}
	return TW_OK;
}

/* Collective. */
static tw_status look_at_density(const app_call *call, const certify_options *o, tw_curvature *curvature)
{
	tw_spectral_density density;
	if (!o->density) return TW_OK;
	TW_TRY(tw_curvature_density(curvature, 0, DENSITY_PROBES, DENSITY_STEPS, 1, &density));
	tw_status status = tw_comm_rank(call->comm) == 0 ? tw_density_write(o->density, &density) : TW_OK;
	tw_spectral_density_free(&density);
	return tw_comm_agree(call->comm, status);
}

/* Collective. */
static tw_status look_further(const app_call *call, const certify_options *o, tw_run *run)
{
	tw_curvature *curvature = NULL;
	TW_TRY(tw_curvature_create(run, &curvature));
	tw_status status = look_at_layers(call, curvature, run);
	if (status == TW_OK) status = look_at_density(call, o, curvature);
	tw_curvature_free(curvature);
	return status;
}

static tw_status keep_point(const certify_options *o, const tw_run *run)
{
	char *path = NULL;
	if (!o->keep_point) return TW_OK;
	TW_TRY(tw_folder_path(o->output, "refined.h5", &path));
	tw_status status = tw_model_write(path, tw_run_network(run), TW_DOUBLE, tw_run_theta(run));
	tw_free(path);
	return status;
}

/* Collective. A point that is not finite is kept in the table, too. */
static tw_status certify_run(const app_call *call, const certify_options *o, tw_run *run)
{
	const tw_network *network = tw_run_network(run);
	tw_certified point = {.run = -1, .start = -1, .hidden_layers = network->layers - 1, .width = network->width[1]};
	for (int l = 2; l < network->layers; l++)
		if (network->width[l] != network->width[1]) point.width = -1;
	if (network->layers == 1) point.width = 0;
	point.status = tw_certify(run, &o->certify, &point.certificate);
	tw_status status = point.status;
	if (status == TW_DIVERGED || status == TW_INTERRUPTED) {
		tw_certificate_clear(&point.certificate, tw_network_dimension(network));
		snprintf(point.certificate.why, sizeof point.certificate.why, "%.150s", tw_message());
	} else {
		TW_TRY(status);
	}
	if (tw_comm_rank(call->comm) == 0) {
		status = keep(o, NULL, &point, 1, status);
		if (point.status == TW_OK && (status == TW_OK || status == TW_INTERNAL)) {
			char message[1024];
			snprintf(message, sizeof message, "%s", status == TW_OK ? "" : tw_message());
			const tw_status kept = keep_point(o, run);
			status = kept != TW_OK ? kept : status == TW_OK ? TW_OK : tw_fail(status, "%s", message);
		}
	}
	TW_TRY(tw_comm_agree(call->comm, status));
	return look_further(call, o, run);
}

/* Collective. */
static tw_status certify_model(app_call *call, certify_options *o)
{
	tw_settings settings;
	tw_run *run = NULL;
	TW_TRY(tw_comm_agree(call->comm, set_double(&o->shared)));
	tw_status status = app_load_model(call, &o->shared, o->model, o->file, &settings, &run);
	if (status == TW_OK) status = check_network(call, o, run);
	if (status == TW_OK) status = certify_run(call, o, run);
	tw_run_free(run);
	tw_settings_free(&settings);
	return status;
}

/* ---- a sweep ------------------------------------------------------------------------------------------------- */

/* Splits SWEEP/models.h5[:RUN]; false: the file of a single model. */
static bool names_sweep(const char *name, char path[PATH_MAX], int64_t *run)
{
	*run = -1;
	if ((size_t)snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX) return false;
	char *colon = strrchr(path, ':');
	if (colon && colon[1] >= '0' && colon[1] <= '9' && tw_parse_integer(colon + 1, run)) {
		*colon = 0;
		return true;
	}
	const char *slash = strrchr(path, '/');
	return strcmp(slash ? slash + 1 : path, "models.h5") == 0;
}

/* Local. FILE.yaml, or config.yaml beside models.h5. */
static tw_status read_plan(const certify_options *o, const char *models, tw_sweep_plan *plan)
{
	char copy[PATH_MAX], file[PATH_MAX];
	*plan = (tw_sweep_plan){0};
	snprintf(copy, sizeof copy, "%s", models);
	if ((size_t)snprintf(file, sizeof file, "%s", o->file ? o->file : dirname(copy)) >= sizeof file - 13)
		return tw_fail(TW_USAGE, "%s: the name is too long", models);
	if (!o->file) strcat(file, "/config.yaml");
	TW_CHECK(access(models, R_OK) == 0, TW_IO, "%s: cannot be read", models);
	TW_CHECK(access(file, R_OK) == 0, TW_USAGE,
	         "%s: the configuration of the sweep cannot be read; name it: thalweg certify %s FILE.yaml", file,
	         o->model);
	return tw_sweep_plan_read(file, (const char *const *)o->shared.set, o->shared.sets, plan);
}

/* Collective. */
static tw_status certify_sweep(app_call *call, const certify_options *o, const char *models, int64_t run)
{
	tw_sweep_plan plan;
	tw_certified *point = NULL;
	int64_t count = 0;
	TW_CHECK(!o->density && !o->keep_point, TW_USAGE,
	         "--density and --keep-point are for a single model, not for %s of a sweep", models);
	tw_status status = read_plan(o, models, &plan);
	const bool read = status == TW_OK;
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) {
		const certify_order order = {.plan = &plan, .models = models, .run = run, .options = &o->certify};
		status = certify_points(call->comm, &order, &point, &count);
		if (point) status = keep(o, &plan, point, count, status);
		status = tw_comm_agree(call->comm, status);
	}
	if (read) tw_sweep_plan_free(&plan);
	tw_free(point);
	return status;
}

/* ---- the call ------------------------------------------------------------------------------------------------ */

/* Collective. */
static tw_status certify(app_call *call, certify_options *o)
{
	char path[PATH_MAX];
	int64_t run;
	tw_folder_state before = {0};
	TW_CHECK(!o->keep_point || o->output, TW_USAGE, "--keep-point needs a folder: --output DIR");
	const bool speaks = tw_comm_rank(call->comm) == 0;
	TW_TRY(tw_comm_agree(call->comm, speaks ? prepare(o, &before) : TW_OK));
	app_catch_signals();
	const bool sweep = names_sweep(o->model, path, &run);
	const tw_status status = sweep ? certify_sweep(call, o, path, run) : certify_model(call, o);
	/* Folders that hold nothing after a failure go again. */
	if (status != TW_OK && speaks && o->output) tw_folder_undo(&before, false);
	return status;
}

static tw_status run_options(app_call *call, certify_options *o)
{
	TW_TRY(app_open(call, &o->shared));
	return certify(call, o);
}

static tw_status run(app_call *call)
{
	certify_options o = {0};
	tw_certify_defaults(&o.certify);
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_certify = {
    .name = "certify",
    .brief = "tell minima from saddles and from descents to infinity",
    .argp = &argp,
    .run = run,
};
