/* thalweg replay: theta after each of the first steps, for verify-layout. */
#include "app/app.h"

#include <errno.h>
#include <string.h>

#include "app/trace.h"

typedef struct {
	app_options shared;
	const char *file, *trace;
	int64_t steps;
} replay_options;

enum { KEY_TRACE = 0x2000, KEY_STEPS };

static const struct argp_option options[] = {
    {"trace", KEY_TRACE, "FILE", 0, "Where the parameters go", 0},
    {"steps", KEY_STEPS, "N", 0, "Number of steps", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	replay_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case KEY_TRACE:
		o->trace = argument;
		return 0;
	case KEY_STEPS:
		return app_count("--steps", argument, 1, INT64_MAX, &o->steps);
	case ARGP_KEY_ARG:
		return app_positional(argument, &o->file);
	case ARGP_KEY_END:
		if (o->trace) return 0;
		tw_fail(TW_USAGE, "--trace FILE is wanted");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[FILE.yaml]",
    .doc = "Write the parameters after each of the first steps of a configuration.",
    .children = app_run_children,
};

typedef struct {
	const char *name;
	FILE *file;
	tw_precision precision;
	int64_t dimension;
	void *reals;
} recorder;

static tw_status write_failed(const recorder *to)
{
	return tw_fail(TW_IO, "%s: cannot be written: %s", to->name, strerror(errno));
}

static tw_status record_step(void *self, int64_t step, const double *theta)
{
	const recorder *to = self;
	(void)step;
	for (int64_t i = 0; i < to->dimension; i++) tw_real_set(to->precision, to->reals, i, theta[i]);
	size_t wanted = (size_t)to->dimension;
	if (fwrite(to->reals, tw_real_size(to->precision), wanted, to->file) != wanted) return write_failed(to);
	return TW_OK;
}

static tw_status recorder_open(recorder *to, const char *name, int64_t steps, const tw_run *run)
{
	to->name = name;
	to->precision = tw_run_objective(run)->precision;
	to->dimension = tw_run_objective(run)->dimension;
	app_trace_header header = {.magic = APP_TRACE_MAGIC, .steps = steps, .precision = to->precision};
	header.network = *tw_run_network(run);
	TW_TRY(tw_alloc_array(&to->reals, to->dimension, tw_real_size(to->precision), "theta"));
	to->file = fopen(name, "we");
	if (!to->file || fwrite(&header, sizeof header, 1, to->file) != 1) return write_failed(to);
	return TW_OK;
}

static tw_status recorder_close(recorder *to)
{
	tw_free(to->reals);
	if (to->file && fclose(to->file) != 0) return write_failed(to);
	return TW_OK;
}

static tw_status replay(const app_call *call, const replay_options *o, tw_run *run)
{
	bool writes = tw_comm_rank(call->comm) == 0;
	recorder to = {0};
	tw_status status = writes ? recorder_open(&to, o->trace, o->steps, run) : TW_OK;
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) status = tw_run_replay(run, o->steps, record_step, &to);
	tw_status closed = writes ? recorder_close(&to) : TW_OK;
	return tw_comm_agree(call->comm, status == TW_OK ? closed : status);
}

static tw_status run_options(app_call *call, const replay_options *o)
{
	tw_settings settings;
	tw_run *run = NULL;
	TW_TRY(app_open(call, &o->shared));
	TW_TRY(app_read_settings(call, &o->shared, o->file, &settings));
	tw_status status = tw_run_create(call->comm, &settings, &run);
	if (status == TW_OK) status = replay(call, o, run);
	tw_run_free(run);
	tw_settings_free(&settings);
	return status;
}

static tw_status run(app_call *call)
{
	replay_options o = {.steps = 20};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_replay = {
    .name = "replay",
    .brief = "write the parameters after each step",
    .argp = &argp,
    .run = run,
    .hidden = true,
};
