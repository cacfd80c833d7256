#include "app/thesis/figures.h"

#include <math.h>
#include <string.h>

/* ---- files and settings ---------------------------------------------------------------------------------------- */

void figure_put(FILE *out, const char *label, int count, const double *values)
{
	const char *comma = "";
	if (*label) {
		fputs(label, out);
		comma = ",";
	}
	for (int i = 0; i < count; i++) {
		char text[TW_NUMBER_TEXT] = "";
		if (!isnan(values[i])) tw_format_real(text, TW_DOUBLE, values[i]);
		fprintf(out, "%s%s", comma, text);
		comma = ",";
	}
	fputc('\n', out);
}

tw_status figure_settings(const thesis_context *context, const char *name, const char *const *set, int sets,
                          tw_settings *settings)
{
	enum { MOST = 64 };
	const char *all[MOST];
	TW_CHECK(sets + context->sets <= MOST, TW_USAGE, "more than %d times --set", MOST - sets);
	for (int i = 0; i < sets; i++) all[i] = set[i];
	for (int i = 0; i < context->sets; i++) all[sets + i] = context->set[i];
	const char *text = thesis_text(name);
	TW_CHECK(text, TW_INTERNAL, "the program has no configuration %s", name);
	return tw_settings_parse(settings, name, text, all, sets + context->sets);
}

/* ---- gradient descent ------------------------------------------------------------------------------------------ */

tw_status figure_vector(const tw_objective *objective, void **out)
{
	return tw_alloc_array(out, objective->size, tw_real_size(objective->precision), "a vector of parameters");
}

tw_status figure_descend(const tw_objective *objective, const tw_batch *batch, void *theta, double step_size,
                         int64_t steps, double *path)
{
	tw_update update = {0};
	void *gradient = NULL;
	double cost, none[TW_MAX_PARAMETERS] = {0};
	TW_TRY(figure_vector(objective, &gradient));
	tw_status status = tw_update_create(tw_update_find("plain"), none, objective, 0, 0, &update);
	if (status == TW_OK && path) tw_objective_export(objective, theta, path);
	for (int64_t k = 1; k <= steps && status == TW_OK; k++) {
		status = objective->evaluate(objective->self, theta, batch, &cost, gradient);
		if (status != TW_OK) break;
		tw_update_apply(&update, theta, gradient, step_size, 1);
		if (path) tw_objective_export(objective, theta, path + k * objective->dimension);
	}
	tw_update_free(&update);
	tw_free(gradient);
	return status;
}

static tw_status evaluate_function(void *self, const void *theta, const tw_batch *batch, double *cost, void *gradient)
{
	const figure_function *function = self;
	const double *at = theta;
	(void)batch;
	*cost = function->value(at[0], at[1]);
	if (gradient) function->gradient(at[0], at[1], gradient);
	return TW_OK;
}

tw_objective figure_function_objective(const figure_function *function)
{
	static const int64_t position[] = {0, 1};
	return (tw_objective){
	    .self = (void *)(uintptr_t)function,
	    .precision = TW_DOUBLE,
	    .dimension = 2,
	    .size = 2,
	    .observations = 1,
	    .evaluate = evaluate_function,
	    .position = position,
	};
}

/* ---- small networks -------------------------------------------------------------------------------------------- */

static tw_status start_model(const tw_network *network, figure_model *model)
{
	tw_initial initial = {.distribution = tw_initializer_find("normal"), .value = {0, 1}, .bias_same = true, .seed = 1};
	double *theta = NULL;
	TW_TRY(figure_vector(&model->objective, &model->theta));
	TW_TRY(tw_alloc_array((void **)&theta, model->objective.dimension, sizeof *theta, "parameters"));
	tw_status status = tw_initial_fill(network, &initial, theta);
	if (status == TW_OK) tw_objective_import(&model->objective, theta, model->theta);
	tw_free(theta);
	return status;
}

tw_status figure_model_open(thesis_context *context, int64_t hidden, tw_output output, const char *loss, int64_t n,
                            const double *x, const double *y, figure_model *out)
{
	*out = (figure_model){0};
	const tw_objective_options options = {
	    .network = {.layers = 2,
	                .width = {1, hidden, 1},
	                .activation = tw_activation_find("tanh"),
	                .output = output,
	                .bias = true},
	    .loss = tw_loss_find(loss),
	    .threads = 1,
	    .reduction = TW_REDUCE_TREE,
	};
	TW_TRY(tw_data_from_arrays(context->comm, TW_DOUBLE, n, 1, 1, 0, x, y, TW_STORAGE_DENSE, &out->data));
	TW_TRY(tw_objective_create(context->comm, out->data, &options, &out->objective));
	TW_TRY(tw_feed_create(context->comm, out->data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &out->feed));
	TW_TRY(tw_feed_get(out->feed, 0, &out->batch));
	return start_model(&options.network, out);
}

tw_status figure_model_predict(thesis_context *context, const figure_model *model, int64_t count, const double *x,
                               double *out)
{
	tw_data *data = NULL;
	TW_TRY(tw_data_from_arrays(context->comm, TW_DOUBLE, count, 1, 1, 0, x, x, TW_STORAGE_DENSE, &data));
	tw_status status = tw_objective_predict(&model->objective, model->theta, data, out);
	tw_data_free(data);
	return status;
}

void figure_model_close(figure_model *model)
{
	tw_free(model->theta);
	tw_feed_free(model->feed);
	if (model->objective.free) tw_objective_free(&model->objective);
	tw_data_free(model->data);
	*model = (figure_model){0};
}
