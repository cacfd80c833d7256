/* thalweg predict: the outputs of a model for the observations of a configuration. */
#include "app/app.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	app_options shared;
	const char *model, *file, *output;
	bool test; /* the test part */
} predict_options;

enum { KEY_PART = 0x2000 };

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "Where the predictions go: FILE.csv or FILE.npy", 0},
    {"part", KEY_PART, "PART", 0, "Which part of the data: train (default) or test", 0},
    {0},
};

static error_t parse_part(predict_options *o, const char *part)
{
	o->test = strcmp(part, "test") == 0;
	if (o->test || strcmp(part, "train") == 0) return 0;
	tw_fail(TW_USAGE, "--part %s: the parts of the data are `train` and `test`", part);
	return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	predict_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case 'o':
		o->output = argument;
		return 0;
	case KEY_PART:
		return parse_part(o, argument);
	case ARGP_KEY_ARG:
		return app_positional(argument, o->model ? &o->file : &o->model);
	case ARGP_KEY_END:
		if (o->model && o->output) return 0;
		tw_fail(TW_USAGE,
		        "a model and an output are wanted: thalweg predict MODEL.h5 [FILE.yaml] --output FILE.csv|.npy");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "MODEL.h5 [FILE.yaml]",
    .doc =
        "Write the outputs of a model for each observation of a configuration's data, in their order; with labels also "
        "the class. Without FILE.yaml it is config.yaml beside the model, or the embedded default.\v"
        "The network and the precision come from the model. `thalweg train --help` lists the keys of a configuration.",
    .children = app_run_children,
};

/* Collective. Rows of all ranks, in order, to rank 0: *all is theirs to free there, NULL elsewhere. */
static tw_status gather_rows(tw_comm *comm, const tw_data *data, int64_t columns, const double *mine, void **all)
{
	int size = tw_comm_size(comm);
	bool takes = tw_comm_rank(comm) == 0;
	void *memory = NULL;
	*all = NULL;
	tw_status status = tw_alloc_array(&memory, 3 * (int64_t)size, sizeof(int64_t), "counts of rows");
	if (status == TW_OK && takes)
		status = tw_alloc_array(all, data->observations * columns, sizeof(double), "the predictions");
	status = tw_comm_agree(comm, status);
	int64_t *send = memory, *receive = send + size, *locals = receive + size;
	if (status == TW_OK) status = tw_comm_gather_all(comm, &data->local, sizeof data->local, locals);
	if (status == TW_OK) {
		int64_t row = columns * (int64_t)sizeof(double);
		send[0] = data->local * row;
		for (int r = 0; takes && r < size; r++) receive[r] = locals[r] * row;
		status = tw_comm_exchange(comm, mine, send, *all, receive);
	}
	tw_free(memory);
	return status;
}

/* Collective. */
static tw_status outputs_of(const app_call *call, const tw_run *run, const tw_data *data, void **all)
{
	const tw_objective *objective = tw_run_objective(run);
	const tw_network *network = tw_run_network(run);
	int64_t columns = network->width[network->layers];
	void *theta = NULL, *mine = NULL;
	*all = NULL;
	tw_status status = tw_alloc_array(&theta, objective->size, tw_real_size(objective->precision), "theta");
	if (status == TW_OK) status = tw_alloc_array(&mine, data->local * columns, sizeof(double), "the predictions");
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) {
		tw_objective_import(objective, tw_run_theta(run), theta);
		status = tw_objective_predict(objective, theta, data, mine);
	}
	if (status == TW_OK) status = gather_rows(call->comm, data, columns, mine, all);
	tw_free(theta);
	tw_free(mine);
	return status;
}

static tw_status predict(const app_call *call, const predict_options *o, const tw_run *run)
{
	const tw_data *data = o->test ? tw_run_test_data(run) : tw_run_data(run);
	const tw_network *network = tw_run_network(run);
	TW_CHECK(data, TW_USAGE, "--part test: the data of the configuration have no test part");
	void *all = NULL;
	tw_status status = outputs_of(call, run, data, &all);
	if (status == TW_OK && tw_comm_rank(call->comm) == 0) {
		status = tw_predictions_write(o->output, tw_run_objective(run)->precision, data->observations,
		                              network->width[network->layers], data->classes, all);
		if (status == TW_OK) tw_log(TW_LOG_NOTE, "%s: %" PRId64 " predictions", o->output, data->observations);
	}
	tw_free(all);
	return tw_comm_agree(call->comm, status);
}

static tw_status run_options(app_call *call, const predict_options *o)
{
	tw_settings settings;
	tw_run *run = NULL;
	TW_TRY(app_open(call, &o->shared));
	tw_status status = app_load_model(call, &o->shared, o->model, o->file, &settings, &run);
	if (status == TW_OK) status = predict(call, o, run);
	tw_run_free(run);
	tw_settings_free(&settings);
	return status;
}

static tw_status run(app_call *call)
{
	predict_options o = {0};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_predict = {
    .name = "predict",
    .brief = "write a model's outputs for data",
    .argp = &argp,
    .run = run,
};
