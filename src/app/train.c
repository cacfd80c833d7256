/* thalweg train: from a configuration to a model. */
#include "app/app.h"

#include <inttypes.h>
#include <stdlib.h>

#include "app/diverged.h"
#include "app/output.h"
#include "run/checkpoint.h"

typedef struct {
	app_options shared;
	const char *file, *output;
	bool overwrite, resume, check_gradient;
	int64_t samples; /* parameters to check */
	int64_t seconds; /* to stop after; 0: no limit */
	double began;
} train_options;

enum { KEY_OVERWRITE = 0x2000, KEY_RESUME, KEY_SECONDS, KEY_CHECK, DEFAULT_SAMPLES = 500 };

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0,
     "Keep model.h5, metrics.csv, summary.json, ranks.csv and config.yaml in DIR; without it nothing is kept", 0},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "DIR may hold files; those of an earlier run are replaced", 0},
    {"resume", KEY_RESUME, NULL, 0,
     "Go on with the run that was interrupted in DIR, on any number of ranks and threads; a run that has not begun is "
     "begun",
     0},
    {"max-seconds", KEY_SECONDS, "N", 0, "Stop N seconds after the start of the program, as on SIGTERM", 0},
    {"check-gradient", KEY_CHECK, "N", OPTION_ARG_OPTIONAL,
     "Do not train: compare the gradient at the initial parameters with central differences, for N parameters (500; 0: "
     "all)",
     0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	train_options *o = state->input;
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
	case KEY_RESUME:
		o->resume = true;
		return 0;
	case KEY_SECONDS:
		return app_count("--max-seconds", argument, 1, INT32_MAX, &o->seconds);
	case KEY_CHECK:
		o->check_gradient = true;
		return argument ? app_count("--check-gradient", argument, 0, INT64_MAX, &o->samples) : 0;
	case ARGP_KEY_ARG:
		return app_positional(argument, &o->file);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[FILE.yaml]",
    .doc =
        "Train a network as the configuration FILE.yaml says, without it on the embedded default: 100 points of two "
        "circles. Runs on one process, or on many under mpirun; the model has the same bits on any number of ranks and "
        "threads.\v"
        "SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 stop the run at its next step; its output is written, and its state is "
        "kept "
        "in DIR: the same command with --resume goes on, and ends with the bits of a run that was never interrupted. A "
        "run that is killed goes on from its last checkpoint (keys `checkpoint`).\n\n"
        "Exit codes: 0 done; 2 usage or configuration; 3 input or output; 4 diverged, or the gradient check failed; 75 "
        "interrupted; 70 internal.",
    .children = app_run_children,
};

/* ---- derivative check ---------------------------------------------------------------------------------------- */

/* What central differences can tell: kinks of activations that are not smooth spoil some of them, and in float rounding
 * spoils small ones. */
static double check_threshold(const tw_run *run)
{
	if (tw_run_objective(run)->precision == TW_FLOAT) return 0.5;
	const tw_network *network = tw_run_network(run);
	bool smooth = network->layers == 1 || tw_activation_info_of(network->activation)->smooth;
	return smooth ? 1e-7 : 1e-4;
}

static tw_status check_gradient(const app_call *call, tw_run *run, int64_t samples)
{
	const tw_objective *objective = tw_run_objective(run);
	void *theta = NULL;
	tw_gradient_check check;
	tw_status status = tw_alloc_array(&theta, objective->size, tw_real_size(objective->precision), "theta");
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) {
		tw_objective_import(objective, tw_run_theta(run), theta);
		status = tw_objective_check_gradient(objective, theta, samples, &check);
	}
	tw_free(theta);
	TW_TRY(status);
	double threshold = check_threshold(run);
	if (tw_comm_rank(call->comm) == 0) {
		printf("checked %" PRId64 " of %" PRId64 " parameters in %s against central differences\n", check.checked,
		       objective->dimension, tw_precision_name(objective->precision));
		printf("  largest relative error %.3g (threshold %g)\n", check.largest_error, threshold);
		printf("  at parameter %" PRId64 ": gradient %.17g, difference %.17g\n", check.parameter, check.gradient,
		       check.difference);
	}
	TW_CHECK(check.largest_error < threshold, TW_DIVERGED, "the gradient differs from central differences by %.3g",
	         check.largest_error);
	return TW_OK;
}

/* ---- training ------------------------------------------------------------------------------------------------ */

/* Collective. */
static tw_status status_of(const app_call *call, const tw_run *run, const train_options *o, const tw_summary *summary)
{
	if (summary->stop_reason == TW_STOP_DIVERGED) return app_diverged(call, run, summary->steps);
	if (summary->stop_reason == TW_STOP_INTERRUPTED)
		return tw_fail(TW_INTERRUPTED, "interrupted after %" PRId64 " steps; %s", summary->steps,
		               o->output ? "the same command with --resume goes on"
		                         : "nothing was kept: with --output DIR it could be resumed");
	return TW_OK;
}

static tw_status train_and_keep(const app_call *call, const train_options *o, const tw_settings *settings, tw_run *run,
                                const char *config, const app_start *start)
{
	bool speaks = tw_comm_rank(call->comm) == 0;
	app_output output = {0};
	tw_summary summary = {0};
	tw_status status = TW_OK;
	if (speaks) status = app_output_open(&output, o->output, start, settings);
	TW_TRY(tw_comm_agree(call->comm, status));
	tw_monitor monitor = app_output_monitor(&output, o->output != NULL);
	monitor.start = start->checkpoint;
	status = tw_run_train(run, &monitor, &summary);
	if (status != TW_OK) {
		if (speaks) app_output_undo(&output);
		return status;
	}
	tw_rank_times *times = NULL;
	status = tw_alloc_array((void **)&times, tw_comm_size(call->comm), sizeof *times, "times of the ranks");
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) status = tw_run_rank_times(run, times);
	if (status == TW_OK && speaks) status = app_output_keep(&output, run, config, &summary, times);
	tw_free(times);
	TW_TRY(tw_comm_agree(call->comm, status));
	if (speaks) tw_summary_print(&summary, o->output);
	TW_TRY(tw_comm_broadcast(call->comm, &summary, sizeof summary, 0));
	return status_of(call, run, o, &summary);
}

static void note_large_batch(const tw_settings *settings, const tw_run *run)
{
	int64_t observations = tw_run_data(run)->observations;
	const bool drawn = settings->sampling == TW_SAMPLE_UNIFORM && settings->batch == observations;
	if (settings->batch > observations || drawn)
		tw_log(TW_LOG_NOTE,
		       "method.batch is %" PRId64 " and there are %" PRId64 " observations: every step uses all of them",
		       settings->batch, observations);
}

/* Collective. */
static tw_status create_and_train(const app_call *call, const train_options *o, const tw_settings *settings,
                                  const char *config, const app_start *start)
{
	tw_run *run = NULL;
	tw_status status = tw_run_create(call->comm, settings, &run);
	if (status == TW_OK) note_large_batch(settings, run);
	if (status == TW_OK)
		status = o->check_gradient ? check_gradient(call, run, o->samples)
		                           : train_and_keep(call, o, settings, run, config, start);
	tw_run_free(run);
	return status;
}

/* Everything that can be wrong is found before the output folder is made. */
static tw_status check_and_train(const app_call *call, const train_options *o, const tw_settings *settings)
{
	tw_status status = TW_OK;
	char *config = NULL;
	app_start start = {0};
	if (tw_comm_rank(call->comm) == 0) {
		status = tw_settings_write(settings, &config);
		if (status == TW_OK) status = app_output_look(o->output, o->resume, o->overwrite, settings, &start);
	}
	status = tw_comm_agree(call->comm, status);
	bool finished = start.finished;
	if (status == TW_OK) status = tw_comm_broadcast(call->comm, &finished, sizeof finished, 0);
	if (status == TW_OK && !finished) status = create_and_train(call, o, settings, config, &start);
	tw_checkpoint_free(start.checkpoint);
	tw_free(config);
	return status;
}

static tw_status check_options(const train_options *o)
{
	TW_CHECK(!o->resume || o->output, TW_USAGE, "--resume needs the folder of the interrupted run: --output DIR");
	TW_CHECK(!o->resume || !o->overwrite, TW_USAGE,
	         "--resume goes on with a run and --overwrite begins it anew: give one of them");
	return TW_OK;
}

static tw_status run_options(app_call *call, const train_options *o)
{
	tw_settings settings;
	TW_TRY(check_options(o));
	/* Before anything that takes time: a signal that comes while the data are read stops the run at its first step. */
	if (!o->check_gradient) app_catch_signals();
	if (o->seconds) app_stop_at(o->began + (double)o->seconds);
	TW_TRY(app_open(call, &o->shared));
	TW_TRY(app_read_settings(call, &o->shared, o->file, &settings));
	if (o->check_gradient && !app_options_name_precision(&o->shared))
		settings.precision = settings.data.precision = TW_DOUBLE;
	tw_status status = check_and_train(call, o, &settings);
	tw_settings_free(&settings);
	return status;
}

static tw_status run(app_call *call)
{
	train_options o = {.samples = DEFAULT_SAMPLES, .began = tw_now()};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_train = {
    .name = "train",
    .brief = "find a local minimum",
    .argp = &argp,
    .help_more = app_print_keys,
    .run = run,
};
