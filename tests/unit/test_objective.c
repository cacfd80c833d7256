/* Value and gradient of the objective: differences, closed forms, symmetries, over the registries. */
#include "objective_cases.h"

#include <stdlib.h>

static tw_comm *self;

/* Gradient against differences, in double, for every activation, loss and output that go together. */
static void test_derivatives(void)
{
	const int64_t hidden[] = {5, 4};
	for (int activation = 0; activation < tw_activation_count(); activation++)
		for (int loss = 0; loss < tw_loss_count(); loss++)
			for (int output = 0; tw_output_name(output); output++)
				for (int layers = 0; layers <= 2; layers++) {
					if (!(tw_loss_info_of(loss)->outputs & (1u << output))) continue;
					tw_data *data = case_data(self, TW_DOUBLE, 40, 3, 3, loss, 0.3, TW_STORAGE_DENSE);
					tw_objective_options options =
					    case_options(activation, loss, (tw_output)output, 3, hidden, layers, 3);
					options.penalty = 0.01;
					tw_objective objective;
					CHECK_OK(tw_objective_create(self, data, &options, &objective));
					void *theta = case_theta(&objective, 0.7);
					tw_gradient_check check;
					CHECK_OK(tw_objective_check_gradient(&objective, theta, 0, &check));
					const double bound = tw_activation_info_of(activation)->smooth || layers == 0 ? 1e-7 : 1e-5;
					if (!(check.largest_error < bound))
						printf("\n  %s, %s, %s, %d hidden: %g at %lld (%g, %g)\n",
						       tw_activation_info_of(activation)->name, tw_loss_info_of(loss)->name,
						       tw_output_name(output), layers, check.largest_error, (long long)check.parameter,
						       check.gradient, check.difference);
					CU_ASSERT(check.largest_error < bound);
					tw_free(theta);
					tw_objective_free(&objective);
					tw_data_free(data);
				}
}

static double *gradient_of(const tw_objective *objective, const void *theta, tw_feed *feed, const int64_t *index,
                           int64_t count, double *cost)
{
	void *vector = NULL;
	double *out = NULL;
	tw_batch batch;
	CHECK_OK(tw_alloc_array(&vector, objective->size, tw_real_size(objective->precision), "gradient"));
	CHECK_OK(tw_alloc_array((void **)&out, objective->dimension, sizeof *out, "gradient"));
	if (index)
		CHECK_OK(tw_feed_select(feed, index, count, &batch));
	else
		CHECK_OK(tw_feed_get(feed, 0, &batch));
	CHECK_OK(objective->evaluate(objective->self, theta, &batch, cost, vector));
	tw_objective_export(objective, vector, out);
	/* padding stays zero */
	double all = 0, parameters = 0;
	for (int64_t i = 0; i < objective->size; i++) all += fabs(tw_real_get(objective->precision, vector, i));
	for (int64_t i = 0; i < objective->dimension; i++) parameters += fabs(out[i]);
	CU_ASSERT_DOUBLE_EQUAL(all, parameters, 1e-5 * (1 + parameters));
	tw_free(vector);
	return out;
}

/* Sparse storage gives the gradient of dense storage; float that of double. */
static void test_storage_and_precision(void)
{
	const int64_t hidden[] = {37, 20}, n = 300, inputs = 70;
	const int loss = tw_loss_find("cross_entropy"), activation = tw_activation_find("tanh");
	double *reference = NULL, cost[4];
	for (int v = 0; v < 4; v++) {
		const tw_precision precision = v < 2 ? TW_DOUBLE : TW_FLOAT;
		tw_data *data =
		    case_data(self, precision, n, inputs, 10, loss, 0.8, v % 2 ? TW_STORAGE_SPARSE : TW_STORAGE_DENSE);
		CU_ASSERT_EQUAL(data->sparse, v % 2 == 1);
		tw_objective_options options = case_options(activation, loss, TW_OUTPUT_SOFTMAX, inputs, hidden, 2, 10);
		options.threads = 1 + v % 3;
		tw_objective objective;
		CHECK_OK(tw_objective_create(self, data, &options, &objective));
		void *theta = case_theta(&objective, 0.3);
		tw_feed *feed;
		CHECK_OK(tw_feed_create(self, data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &feed));
		double *gradient = gradient_of(&objective, theta, feed, NULL, 0, &cost[v]);
		const double bound = precision == TW_DOUBLE ? 1e-13 : 2e-6;
		CU_ASSERT_DOUBLE_EQUAL(cost[v], cost[0], 10 * bound);
		for (int64_t i = 0; v && i < objective.dimension; i++) CU_ASSERT_DOUBLE_EQUAL(gradient[i], reference[i], bound);
		if (v == 0)
			reference = gradient;
		else
			tw_free(gradient);
		tw_feed_free(feed);
		tw_free(theta);
		tw_objective_free(&objective);
		tw_data_free(data);
	}
	tw_free(reference);
}

/* The mean of the gradients of single observations is the gradient; their mean squared norm is what the statistics
 * say; the gradient on an index set with repetitions is their mean over it. */
static void test_single_observations(void)
{
	const int64_t hidden[] = {6}, n = 50;
	const int loss = tw_loss_find("log");
	for (int sparse = 0; sparse <= 1; sparse++) {
		tw_data *data = case_data(self, TW_DOUBLE, n, 8, 1, loss, 0.6, sparse ? TW_STORAGE_SPARSE : TW_STORAGE_DENSE);
		tw_objective_options options =
		    case_options(tw_activation_find("leaky_relu"), loss, TW_OUTPUT_LOGISTIC, 8, hidden, 1, 1);
		tw_objective objective;
		CHECK_OK(tw_objective_create(self, data, &options, &objective));
		void *theta = case_theta(&objective, 1);
		tw_feed *feed;
		CHECK_OK(tw_feed_create(self, data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &feed));
		double cost, sum_cost = 0, squares = 0, *mean = calloc((size_t)objective.dimension, sizeof(double));
		double *all = gradient_of(&objective, theta, feed, NULL, 0, &cost), whole_cost = cost, norm = 0;
		for (int64_t i = 0; i < n; i++) {
			double *one = gradient_of(&objective, theta, feed, &i, 1, &cost);
			sum_cost += cost;
			for (int64_t p = 0; p < objective.dimension; p++) squares += one[p] * one[p], mean[p] += one[p] / (double)n;
			tw_free(one);
		}
		CU_ASSERT_DOUBLE_EQUAL(sum_cost / (double)n, whole_cost, 1e-13);
		for (int64_t p = 0; p < objective.dimension; p++) {
			CU_ASSERT_DOUBLE_EQUAL(mean[p], all[p], 1e-13);
			norm += all[p] * all[p];
		}
		tw_gradient_statistics statistics;
		CHECK_OK(tw_objective_gradient_statistics(&objective, theta, &statistics));
		CU_ASSERT_DOUBLE_EQUAL(statistics.mean_squared_norm, squares / (double)n, 1e-12 * squares);
		CU_ASSERT_DOUBLE_EQUAL(statistics.squared_norm, norm, 1e-12);
		CU_ASSERT_DOUBLE_EQUAL(statistics.variance, squares / (double)n - norm, 1e-12 * squares);
		free(mean);
		tw_free(all);
		tw_feed_free(feed);
		tw_free(theta);
		tw_objective_free(&objective);
		tw_data_free(data);
	}
}

/* Logits of +-1e4 and 0: exact losses and gradients, nothing overflows. A network without hidden layers whose only
 * input is the logit. */
static void test_extreme_logits(void)
{
	const double z[] = {1e4, -1e4, 0, 1e4, -1e4, 0, 40, -40}, y[] = {1, 1, 1, 0, 0, 0, 1, 0};
	const double expected[] = {0, 1e4, M_LN2, 1e4, 0, M_LN2, 4.248354255291589e-18, 4.248354255291589e-18};
	for (int p = 0; p < 2; p++)
		for (int i = 0; i < 8; i++) {
			tw_data *data;
			CHECK_OK(tw_data_from_arrays(self, (tw_precision)p, 1, 1, 1, 0, &z[i], &y[i], TW_STORAGE_DENSE, &data));
			tw_objective_options options = case_options(0, tw_loss_find("log"), TW_OUTPUT_LOGISTIC, 1, NULL, 0, 1);
			options.network.bias = false;
			tw_objective objective;
			CHECK_OK(tw_objective_create(self, data, &options, &objective));
			double one = 1, cost;
			void *theta = case_theta(&objective, 0);
			tw_objective_import(&objective, &one, theta);
			tw_feed *feed;
			CHECK_OK(tw_feed_create(self, data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &feed));
			double *gradient = gradient_of(&objective, theta, feed, NULL, 0, &cost);
			const double slope = (1 / (1 + exp(-z[i])) - y[i]) * z[i];
			const double relative = p == TW_FLOAT ? 1e-6 : 1e-14;
			CU_ASSERT_DOUBLE_EQUAL(cost, expected[i], relative * expected[i]);
			if (fabs(z[i]) != 40 || y[i] == 0) CU_ASSERT_DOUBLE_EQUAL(gradient[0], slope, relative * fabs(slope));
			tw_free(gradient);
			tw_feed_free(feed);
			tw_free(theta);
			tw_objective_free(&objective);
			tw_data_free(data);
		}
}

/* Accuracy and R^2 against a network whose answers are known. */
static void test_measure(void)
{
	const double x[] = {-2, -1, 1, 2, 3}, binary[] = {0, 1, 1, 1, 0}, real[] = {-4, -1, 2, 5, 6};
	tw_data *data;
	tw_evaluation evaluation;
	CHECK_OK(tw_data_from_arrays(self, TW_DOUBLE, 5, 1, 1, 0, x, binary, TW_STORAGE_DENSE, &data));
	tw_objective_options options = case_options(0, tw_loss_find("log"), TW_OUTPUT_LOGISTIC, 1, NULL, 0, 1);
	tw_objective objective;
	CHECK_OK(tw_objective_create(self, data, &options, &objective));
	double parameters[] = {2, 0}, predicted[5];
	void *theta = case_theta(&objective, 0);
	tw_objective_import(&objective, parameters, theta);
	CHECK_OK(tw_objective_measure(&objective, theta, data, &evaluation));
	CU_ASSERT_DOUBLE_EQUAL(evaluation.accuracy, 0.6, 1e-15);
	CHECK_OK(tw_objective_predict(&objective, theta, data, predicted));
	for (int i = 0; i < 5; i++) CU_ASSERT_DOUBLE_EQUAL(predicted[i], 1 / (1 + exp(-2 * x[i])), 1e-15);
	tw_free(theta);
	tw_objective_free(&objective);
	tw_data_free(data);
	CHECK_OK(tw_data_from_arrays(self, TW_DOUBLE, 5, 1, 1, 0, x, real, TW_STORAGE_DENSE, &data));
	options = case_options(0, tw_loss_find("square"), TW_OUTPUT_IDENTITY, 1, NULL, 0, 1);
	CHECK_OK(tw_objective_create(self, data, &options, &objective));
	theta = case_theta(&objective, 0);
	tw_objective_import(&objective, parameters, theta);
	CHECK_OK(tw_objective_measure(&objective, theta, data, &evaluation));
	/* residuals 0, -1, 0, -1, 0; targets have mean 1.6 and total variation 82 - 5 * 2.56 */
	CU_ASSERT_DOUBLE_EQUAL(evaluation.cost, 0.4, 1e-15);
	CU_ASSERT_DOUBLE_EQUAL(evaluation.r_squared, 1 - 2 / (82 - 12.8), 1e-14);
	tw_free(theta);
	tw_objective_free(&objective);
	tw_data_free(data);
}

/* What does not fit is refused with words. */
static void test_refusals(void)
{
	tw_objective objective;
	tw_data *data = case_data(self, TW_FLOAT, 10, 3, 1, tw_loss_find("square"), 0, TW_STORAGE_DENSE);
	tw_objective_options options = case_options(0, tw_loss_find("log"), TW_OUTPUT_LOGISTIC, 3, NULL, 0, 1);
	CU_ASSERT_EQUAL(tw_objective_create(self, data, &options, &objective), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "0 or 1"));
	options = case_options(0, tw_loss_find("log"), TW_OUTPUT_IDENTITY, 3, NULL, 0, 1);
	CU_ASSERT_EQUAL(tw_objective_create(self, data, &options, &objective), TW_USAGE);
	options = case_options(0, tw_loss_find("square"), TW_OUTPUT_IDENTITY, 4, NULL, 0, 1);
	CU_ASSERT_EQUAL(tw_objective_create(self, data, &options, &objective), TW_USAGE);
	options = case_options(0, tw_loss_find("cross_entropy"), TW_OUTPUT_SOFTMAX, 3, NULL, 0, 3);
	CU_ASSERT_EQUAL(tw_objective_create(self, data, &options, &objective), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "labels"));
	tw_data_free(data);
}

int main(void)
{
	if (tw_comm_self(&self) != TW_OK) return 1;
	CU_TestInfo tests[] = {{"derivatives", test_derivatives},
	                       {"storage and precision", test_storage_and_precision},
	                       {"single observations", test_single_observations},
	                       {"extreme logits", test_extreme_logits},
	                       {"measure", test_measure},
	                       {"refusals", test_refusals},
	                       CU_TEST_INFO_NULL};
	int failures = suite_run("objective", tests, 0);
	tw_comm_free(self);
	return failures == 0 ? 0 : 1;
}
