/* Value and gradient have the same bits on any number of ranks, with any number of threads, and for every way of
 * reducing them: each rank computes the whole alone, too, and compares. */
#include "objective_cases.h"

static tw_comm *world, *self;

static uint64_t digest(const void *bytes, size_t size)
{
	uint64_t hash = 1469598103934665603u;
	for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
	return hash;
}

typedef struct {
	double cost[3];
	uint64_t gradient[3];
} result;

static result compute(tw_comm *comm, tw_precision precision, int64_t n, int64_t batch_size, tw_sampling sampling,
                      double zeros, tw_storage storage, int threads, bool overlap)
{
	const int64_t hidden[] = {130, 20};
	const int loss = tw_loss_find("cross_entropy");
	result out = {{0}, {0}};
	tw_data *data = case_data(comm, precision, n, 100, 7, loss, zeros, storage);
	tw_objective_options options = case_options(tw_activation_find("relu"), loss, TW_OUTPUT_SOFTMAX, 100, hidden, 2, 7);
	options.threads = threads;
	options.overlap = overlap;
	tw_objective objective;
	CHECK_OK(tw_objective_create(comm, data, &options, &objective));
	void *theta = case_theta(&objective, 0.2), *gradient = NULL;
	CHECK_OK(tw_alloc_array(&gradient, objective.size, tw_real_size(precision), "gradient"));
	tw_feed *feed;
	CHECK_OK(tw_feed_create(comm, data, sampling, batch_size, 0, 3, 0, &feed));
	for (int step = 0; step < 3; step++) {
		tw_batch batch;
		CHECK_OK(tw_feed_get(feed, step, &batch));
		CHECK_OK(objective.evaluate(objective.self, theta, &batch, &out.cost[step], gradient));
		out.gradient[step] = digest(gradient, (size_t)objective.size * tw_real_size(precision));
	}
	tw_feed_free(feed);
	tw_free(theta), tw_free(gradient);
	tw_objective_free(&objective);
	tw_data_free(data);
	return out;
}

static void test_same_bits(void)
{
	const int64_t sizes[][2] = {{600, 0}, {600, 64}, {600, 200}, {600, 20}, {130, 100}, {2, 0}, {1, 0}, {3000, 0}};
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
		for (int precision = 0; precision < 2; precision++)
			for (int storage = 1; storage <= 2; storage++)
				for (int sampling = 0; tw_sampling_name(sampling); sampling++) {
					if (s > 3 && sampling != TW_SAMPLE_SHUFFLE) continue;
					result alone = compute(self, (tw_precision)precision, sizes[s][0], sizes[s][1],
					                       (tw_sampling)sampling, 0.8, (tw_storage)storage, 1, true);
					for (int threads = 1; threads <= 2; threads++)
						for (int overlap = 0; overlap <= 1; overlap++) {
							result shared = compute(world, (tw_precision)precision, sizes[s][0], sizes[s][1],
							                        (tw_sampling)sampling, 0.8, (tw_storage)storage, threads, overlap);
							CU_ASSERT_EQUAL(memcmp(&alone, &shared, sizeof alone), 0);
						}
				}
}

static void test_whole_set_measures(void)
{
	const int64_t hidden[] = {12}, n = 331;
	const int loss = tw_loss_find("square");
	double values[2][6];
	for (int c = 0; c < 2; c++) {
		tw_comm *comm = c ? world : self;
		tw_data *data = case_data(comm, TW_FLOAT, n, 9, 2, loss, 0, TW_STORAGE_DENSE);
		tw_objective_options options =
		    case_options(tw_activation_find("elu"), loss, TW_OUTPUT_IDENTITY, 9, hidden, 1, 2);
		tw_objective objective;
		CHECK_OK(tw_objective_create(comm, data, &options, &objective));
		void *theta = case_theta(&objective, 0.5);
		tw_evaluation evaluation;
		tw_gradient_statistics statistics;
		CHECK_OK(tw_objective_measure(&objective, theta, data, &evaluation));
		CHECK_OK(tw_objective_gradient_statistics(&objective, theta, &statistics));
		double *predicted = NULL;
		CHECK_OK(tw_alloc_array((void **)&predicted, data->local * 2 + 1, sizeof(double), "predictions"));
		CHECK_OK(tw_objective_predict(&objective, theta, data, predicted));
		values[c][0] = evaluation.cost, values[c][1] = evaluation.r_squared;
		values[c][2] = statistics.mean_squared_norm, values[c][3] = statistics.squared_norm;
		values[c][4] = statistics.variance, values[c][5] = 0;
		tw_free(predicted), tw_free(theta);
		tw_objective_free(&objective);
		tw_data_free(data);
	}
	CU_ASSERT_EQUAL(memcmp(values[0], values[1], sizeof values[0]), 0);
}

int main(void)
{
	if (tw_comm_world(&world) != TW_OK || tw_comm_self(&self) != TW_OK) return 1;
	CU_TestInfo tests[] = {{"same bits on any layout", test_same_bits},
	                       {"measures of the whole set", test_whole_set_measures},
	                       CU_TEST_INFO_NULL};
	int failures = suite_run("objective over ranks", tests, tw_comm_rank(world) != 0);
	double worst = failures != 0;
	if (tw_comm_max_double(world, &worst, 1) != TW_OK) worst = 1;
	tw_comm_free(self);
	tw_comm_free(world);
	return worst > 0;
}
