/* thalweg evaluate: how good a model is on the data of a configuration. */
#include "app/app.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	app_options shared;
	const char *model, *file;
	bool json;
} evaluate_options;

enum { KEY_JSON = 0x2000 };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	evaluate_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case KEY_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		return app_positional(argument, o->model ? &o->file : &o->model);
	case ARGP_KEY_NO_ARGS:
		tw_fail(TW_USAGE, "a model file is wanted: thalweg evaluate MODEL.h5 [FILE.yaml]");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
    {&app_configuration_argp, 0, NULL, 0},
    {&app_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "MODEL.h5 [FILE.yaml]",
    .doc =
        "Measure cost, accuracy and R^2 of a model on the data of a configuration, training and test part. Without "
        "FILE.yaml it is config.yaml beside the model, or the embedded default.\v"
        "The network and the precision come from the model. `thalweg train --help` lists the keys of a configuration.",
    .children = children,
};

/* ---- output -------------------------------------------------------------------------------------------------- */

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *evaluation_object(const tw_evaluation *e)
{
	json_t *object = json_object();
	json_object_set_new(object, "observations", json_integer(e->observations));
	json_object_set_new(object, "cost", number(e->cost));
	json_object_set_new(object, "accuracy", number(e->accuracy));
	json_object_set_new(object, "r_squared", number(e->r_squared));
	return object;
}

static tw_status print_json(const tw_evaluation *train, const tw_evaluation *test)
{
	json_t *object = json_object();
	json_object_set_new(object, "train", evaluation_object(train));
	json_object_set_new(object, "test", test ? evaluation_object(test) : json_null());
	char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	json_decref(object);
	TW_CHECK(text, TW_NO_MEMORY, "no memory for the evaluation");
	puts(text);
	free(text);
	return TW_OK;
}

static void print_value(const char *label, double value)
{
	char text[TW_NUMBER_TEXT];
	if (!isnan(value)) printf(", %s %s", label, tw_format_real(text, TW_FLOAT, value));
}

static void print_line(const char *part, const tw_evaluation *e)
{
	printf("%-5s %" PRId64 " observations", part, e->observations);
	print_value("cost", e->cost);
	print_value("accuracy", e->accuracy);
	print_value("R^2", e->r_squared);
	putchar('\n');
}

/* ---- measuring ----------------------------------------------------------------------------------------------- */

/* Collective. */
static tw_status measure(const app_call *call, const tw_run *run, tw_evaluation *train, tw_evaluation *test)
{
	const tw_objective *objective = tw_run_objective(run);
	void *theta = NULL;
	tw_status status = tw_alloc_array(&theta, objective->size, tw_real_size(objective->precision), "theta");
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) {
		tw_objective_import(objective, tw_run_theta(run), theta);
		status = tw_objective_measure(objective, theta, tw_run_data(run), train);
	}
	if (status == TW_OK && tw_run_test_data(run))
		status = tw_objective_measure(objective, theta, tw_run_test_data(run), test);
	tw_free(theta);
	return status;
}

static tw_status evaluate(const app_call *call, const evaluate_options *o, const tw_run *run)
{
	tw_evaluation train, test;
	TW_TRY(measure(call, run, &train, &test));
	bool has_test = tw_run_test_data(run) != NULL;
	if (tw_comm_rank(call->comm) != 0) return TW_OK;
	if (o->json) return print_json(&train, has_test ? &test : NULL);
	print_line("train", &train);
	if (has_test) print_line("test", &test);
	return TW_OK;
}

static tw_status run_options(app_call *call, const evaluate_options *o)
{
	tw_settings settings;
	tw_run *run = NULL;
	TW_TRY(app_open(call, &o->shared));
	tw_status status = app_load_model(call, &o->shared, o->model, o->file, &settings, &run);
	if (status == TW_OK) status = evaluate(call, o, run);
	tw_run_free(run);
	tw_settings_free(&settings);
	return status;
}

static tw_status run(app_call *call)
{
	evaluate_options o = {0};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_evaluate = {
    .name = "evaluate",
    .brief = "measure a model on data",
    .argp = &argp,
    .run = run,
};
