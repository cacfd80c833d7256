/* thalweg sweep: a grid of settings, each from many starts. */
#include "app/app.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "app/sweep_train.h"

typedef struct {
	app_options shared;
	const char *file, *output;
	bool overwrite, resume, keep_journal, timing, list;
	int64_t show_run; /* -1: none */
	int64_t seconds;  /* to stop after; 0: no limit */
	double began;
} sweep_options;

enum { KEY_OVERWRITE = 0x2000, KEY_RESUME, KEY_KEEP_JOURNAL, KEY_TIMING, KEY_SHOW_RUN, KEY_LIST, KEY_SECONDS };

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0,
     "Keep runs.csv, models.h5, summary.json and config.yaml in DIR, and trajectories.csv where runs are traced; "
     "without "
     "it nothing is kept",
     0},
    {"overwrite", KEY_OVERWRITE, NULL, 0, "DIR may hold files; those of an earlier sweep are replaced", 0},
    {"resume", KEY_RESUME, NULL, 0,
     "Go on with the sweep that was interrupted in DIR, on any number of ranks and threads; without FILE.yaml as "
     "DIR/config.yaml says",
     0},
    {"max-seconds", KEY_SECONDS, "N", 0, "Stop N seconds after the start of the program, as on SIGTERM", 0},
    {"keep-journal", KEY_KEEP_JOURNAL, NULL, 0, "Leave the journal in DIR at the end", 0},
    {"timing", KEY_TIMING, NULL, 0, "Print what the time of each worker went to", 0},
    {"list", KEY_LIST, NULL, 0, "Print the cells of the grid and train nothing", 0},
    {"show-run", KEY_SHOW_RUN, "N", 0,
     "Print the configuration of run N, with which `thalweg train` repeats it, and train nothing", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	sweep_options *o = state->input;
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
	case KEY_KEEP_JOURNAL:
		o->keep_journal = true;
		return 0;
	case KEY_TIMING:
		o->timing = true;
		return 0;
	case KEY_LIST:
		o->list = true;
		return 0;
	case KEY_SHOW_RUN:
		return app_count("--show-run", argument, 0, INT64_MAX, &o->show_run);
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
        "Train every network of a grid from many starts, as the map `sweep` of the configuration FILE.yaml says, "
        "without "
        "it on an embedded default. Runs are trained side by side on all threads, and on all processes under mpirun; "
        "runs.csv has the same bytes on any number of them. At the end the costs of each cell of the grid are shown.\v"
        "SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 stop the sweep; the journal of finished runs stays in DIR, and the same "
        "command "
        "with --resume goes on. Runs that diverge are part of the result.\n\n"
        "Exit codes: 0 done; 2 usage or configuration; 3 input or output; 75 interrupted; 70 internal.",
    .children = app_run_children,
};

/* ---- the plan ------------------------------------------------------------------------------------------------ */

static tw_status check_options(const sweep_options *o)
{
	TW_CHECK(!o->resume || o->output, TW_USAGE, "--resume needs the folder of the interrupted sweep: --output DIR");
	TW_CHECK(!o->resume || !o->overwrite, TW_USAGE,
	         "--resume goes on with a sweep and --overwrite begins it anew: give one of them");
	return TW_OK;
}

/* Collective. */
static tw_status read_plan(const app_call *call, const sweep_options *o, tw_sweep_plan *plan)
{
	char kept[PATH_MAX];
	const char *file = o->file;
	if (!file && o->resume && snprintf(kept, sizeof kept, "%s/config.yaml", o->output) < PATH_MAX)
		file = access(kept, R_OK) == 0 ? kept : NULL;
	tw_status status = tw_sweep_plan_read(file, (const char *const *)o->shared.set, o->shared.sets, plan);
	const bool read = status == TW_OK;
	status = tw_comm_agree(call->comm, status);
	if (status != TW_OK && read) tw_sweep_plan_free(plan);
	return status;
}

static void print_cells(const tw_sweep_plan *plan)
{
	printf("%6s%9s%11s  %s\n", "cell", "starts", "first run", "name");
	for (int c = 0; c < plan->cells; c++)
		printf("%6d%9" PRId64 "%11" PRId64 "  %s\n", c, plan->cell[c].starts, plan->cell[c].first_run,
		       plan->cell[c].name);
	printf("%" PRId64 " runs in %d cell%s\n", plan->runs, plan->cells, plan->cells == 1 ? "" : "s");
}

static tw_status print_run(const tw_sweep_plan *plan, int64_t run)
{
	char *text = NULL;
	TW_CHECK(run < plan->runs, TW_USAGE, "--show-run %" PRId64 ": the runs of this sweep are 0 to %" PRId64, run,
	         plan->runs - 1);
	const tw_settings settings = tw_sweep_run_settings(plan, run);
	TW_TRY(tw_settings_write(&settings, &text));
	fputs(text, stdout);
	tw_free(text);
	return TW_OK;
}

/* Collective. */
static tw_status show_plan(const app_call *call, const sweep_options *o, const tw_sweep_plan *plan)
{
	tw_status status = TW_OK;
	if (tw_comm_rank(call->comm) == 0) {
		if (o->list) print_cells(plan);
		if (o->show_run >= 0) status = print_run(plan, o->show_run);
	}
	return tw_comm_agree(call->comm, status);
}

/* ---- the sweep ----------------------------------------------------------------------------------------------- */

static const char *plural(int count) { return count == 1 ? "" : "s"; }

/* For app_sweep_order; self: the sweep_options. */
static void print_results(void *self, const app_sweep_output *output, const tw_sweep_summary *summary)
{
	const sweep_options *o = self;
	const tw_sweep_plan *plan = output->plan;
	tw_cells_print(plan, output->journal);
	printf("\n%" PRId64 " runs in %d cell%s", plan->runs, plan->cells, plural(plan->cells));
	if (summary->finished < plan->runs) printf(", %" PRId64 " of them finished before", plan->runs - summary->finished);
	printf("; %.3f s on %d rank%s x %d thread%s\n", summary->seconds, summary->ranks, plural(summary->ranks),
	       summary->threads, plural(summary->threads));
	if (o->output)
		printf("kept in %s: runs.csv, models.h5, summary.json, config.yaml%s\n", o->output,
		       plan->trace == TW_TRACE_NONE ? "" : ", trajectories.csv");
	else
		puts("nothing was kept: give --output DIR to keep the runs");
	if (o->timing) tw_workers_print(plan, summary);
}

/* Collective. */
static tw_status run_sweep(const app_call *call, sweep_options *o, const tw_sweep_plan *plan)
{
	const app_sweep_order order = {
	    .folder = o->output,
	    .start = o->overwrite ? APP_SWEEP_OVERWRITE
	             : o->resume  ? APP_SWEEP_RESUME
	                          : APP_SWEEP_NEW,
	    .keep_journal = o->keep_journal,
	    .go_on = "the same command with --resume goes on",
	    .self = o,
	    .show = print_results,
	};
	bool complete = false;
	TW_TRY(app_sweep_train(call->comm, plan, &order, &complete));
	if (complete) tw_log(TW_LOG_NOTE, "%s: this sweep is finished; nothing is left to be done", o->output);
	return TW_OK;
}

static tw_status run_options(app_call *call, sweep_options *o)
{
	tw_sweep_plan plan;
	const bool show = o->list || o->show_run >= 0;
	TW_TRY(check_options(o));
	if (!show) app_catch_signals(); /* before anything that takes time */
	if (o->seconds) app_stop_at(o->began + (double)o->seconds);
	TW_TRY(app_open(call, &o->shared));
	TW_TRY(read_plan(call, o, &plan));
	tw_status status = show ? show_plan(call, o, &plan) : run_sweep(call, o, &plan);
	tw_sweep_plan_free(&plan);
	return status;
}

static tw_status run(app_call *call)
{
	sweep_options o = {.show_run = -1, .began = tw_now()};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_sweep = {
    .name = "sweep",
    .brief = "train every network of a grid from many starts",
    .argp = &argp,
    .help_more = app_print_keys,
    .run = run,
};
