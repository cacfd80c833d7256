/* Small networks and data for tests of the objective: every activation with every loss that it can meet. */
#ifndef THALWEG_TESTS_OBJECTIVE_CASES_H
#define THALWEG_TESTS_OBJECTIVE_CASES_H

#include <thalweg/objective.h>

#include "suite.h"

static inline double case_draw(uint32_t purpose, uint64_t index)
{
	return tw_random_normal((tw_random){7, TW_RANDOM_TEST, purpose}, 0, index);
}

/* n observations of `inputs` normal numbers, a share of them zero, with targets the loss can take. */
static inline tw_data *case_data(tw_comm *comm, tw_precision precision, int64_t n, int64_t inputs, int64_t outputs,
                                 int loss, double zeros, tw_storage storage)
{
	const tw_target target = tw_loss_info_of(loss)->target;
	const int64_t columns = target == TW_TARGET_CLASS ? 1 : outputs;
	double *x = NULL, *y = NULL;
	CHECK_OK(tw_alloc_array((void **)&x, n * inputs, sizeof *x, "x"));
	CHECK_OK(tw_alloc_array((void **)&y, n * columns, sizeof *y, "y"));
	for (int64_t i = 0; i < n * inputs; i++) {
		double u = tw_random_uniform((tw_random){7, TW_RANDOM_TEST, 9}, 0, (uint64_t)i);
		x[i] = u < zeros ? 0 : case_draw(1, (uint64_t)i);
	}
	for (int64_t i = 0; i < n * columns; i++) {
		double t = case_draw(2, (uint64_t)i);
		y[i] = target == TW_TARGET_REAL     ? t
		       : target == TW_TARGET_BINARY ? t > 0
		                                    : (double)((int64_t)fabs(t * 100) % outputs);
	}
	tw_data *data = NULL;
	CHECK_OK(tw_data_from_arrays(comm, precision, n, inputs, columns, target == TW_TARGET_CLASS ? outputs : 0, x, y,
	                             storage, &data));
	tw_free(x), tw_free(y);
	return data;
}

static inline tw_objective_options case_options(int activation, int loss, tw_output output, int64_t inputs,
                                                const int64_t *hidden, int layers, int64_t outputs)
{
	tw_objective_options options = {.loss = loss, .threads = 1, .overlap = true};
	options.network = (tw_network){.layers = layers + 1, .activation = activation, .output = output, .bias = true};
	options.network.width[0] = inputs;
	for (int l = 0; l < layers; l++) options.network.width[l + 1] = hidden[l];
	options.network.width[layers + 1] = outputs;
	const tw_activation_info *info = tw_activation_info_of(activation);
	for (int p = 0; info->parameters[p].name; p++) options.network.activation_value[p] = info->parameters[p].initial;
	return options;
}

/* A vector of the objective with normal parameters of this deviation. */
static inline void *case_theta(const tw_objective *objective, double deviation)
{
	double *canonical = NULL;
	void *theta = NULL;
	CHECK_OK(tw_alloc_array((void **)&canonical, objective->dimension, sizeof *canonical, "theta"));
	CHECK_OK(tw_alloc_array(&theta, objective->size, tw_real_size(objective->precision), "theta"));
	for (int64_t i = 0; i < objective->dimension; i++) canonical[i] = deviation * case_draw(3, (uint64_t)i);
	tw_objective_import(objective, canonical, theta);
	tw_free(canonical);
	return theta;
}

#endif
