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
	bool json, gradients;
} evaluate_options;

enum { KEY_JSON = 0x2000, KEY_GRADIENTS };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {"gradients", KEY_GRADIENTS, NULL, 0,
     "Also the gradients of the training part's observations: mean squared norm, squared norm of the mean, and their "
     "difference, the variance of a gradient from one observation",
     0},
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
	case KEY_GRADIENTS:
		o->gradients = true;
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

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "MODEL.h5 [FILE.yaml]",
    .doc =
        "Measure cost, accuracy and R^2 of a model on the data of a configuration, training and test part. Without "
        "FILE.yaml it is config.yaml beside the model, or the embedded default.\v"
        "The network and the precision come from the model. `thalweg train --help` lists the keys of a configuration.",
    .children = app_run_children,
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

static json_t *statistics_object(const tw_gradient_statistics *s)
{
	json_t *object = json_object();
	json_object_set_new(object, "mean_squared_norm", number(s->mean_squared_norm));
	json_object_set_new(object, "squared_norm", number(s->squared_norm));
	json_object_set_new(object, "variance", number(s->variance));
	return object;
}

/* test, gradients: NULL where there are none. */
static tw_status print_json(const tw_evaluation *train, const tw_evaluation *test,
                            const tw_gradient_statistics *gradients)
{
	json_t *object = json_object();
	json_object_set_new(object, "train", evaluation_object(train));
	json_object_set_new(object, "test", test ? evaluation_object(test) : json_null());
	if (gradients) json_object_set_new(object, "gradients", statistics_object(gradients));
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

static tw_status evaluate(const app_call *call, const evaluate_options *o, const tw_run *run)
{
	const tw_objective *objective = tw_run_objective(run);
	const void *theta = tw_run_theta_vector(run);
	const tw_data *test_data = tw_run_test_data(run);
	tw_evaluation train, test;
	tw_gradient_statistics gradients;
	TW_TRY(tw_objective_measure(objective, theta, tw_run_data(run), &train));
	if (test_data) TW_TRY(tw_objective_measure(objective, theta, test_data, &test));
	if (o->gradients) TW_TRY(tw_objective_gradient_statistics(objective, theta, &gradients));
	if (tw_comm_rank(call->comm) != 0) return TW_OK;
	if (o->json) return print_json(&train, test_data ? &test : NULL, o->gradients ? &gradients : NULL);
	print_line("train", &train);
	if (test_data) print_line("test", &test);
	if (o->gradients) {
		printf("gradients of single observations");
		print_value("mean squared norm", gradients.mean_squared_norm);
		print_value("squared norm of the mean", gradients.squared_norm);
		print_value("variance", gradients.variance);
		putchar('\n');
	}
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
