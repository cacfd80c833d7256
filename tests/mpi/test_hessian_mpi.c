/* Hessian-vector products and kinks have the same bits on any number of ranks and threads: each rank computes the whole
 * alone, too, and compares. */
#include "objective_cases.h"

static tw_comm *world, *self;

static uint64_t digest(const void *bytes, size_t size)
{
	uint64_t hash = 1469598103934665603u;
	for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
	return hash;
}

enum { VECTORS = 3, STEPS = 2 };
typedef struct {
	uint64_t product[STEPS][VECTORS], gradient[STEPS];
	double kink_distance;
	int64_t layer, unit, observation, dead, active;
	uint64_t signature;
} result;

static result compute(tw_comm *comm, tw_precision precision, const char *activation, int64_t n, int64_t batch_size,
                      tw_storage storage, int threads)
{
	const int64_t hidden[] = {70, 20};
	const int loss = tw_loss_find("cross_entropy");
	result out;
	memset(&out, 0, sizeof out);
	tw_data *data = case_data(comm, precision, n, 100, 7, loss, 0.8, storage);
	tw_objective_options options =
	    case_options(tw_activation_find(activation), loss, TW_OUTPUT_SOFTMAX, 100, hidden, 2, 7);
	options.threads = threads;
	options.penalty = 1e-3;
	tw_objective objective;
	CHECK_OK(tw_objective_create(comm, data, &options, &objective));
	const size_t bytes = (size_t)objective.size * tw_real_size(precision);
	void *theta = case_theta(&objective, 0.2), *gradient = NULL, *products[VECTORS];
	const void *vectors[VECTORS];
	CHECK_OK(tw_alloc(&gradient, bytes, "gradient"));
	for (int v = 0; v < VECTORS; v++) {
		vectors[v] = case_theta(&objective, 1.0 / (1 + v));
		CHECK_OK(tw_alloc(&products[v], bytes, "product"));
	}
	tw_feed *feed;
	CHECK_OK(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE, batch_size, 0, 3, 0, &feed));
	for (int step = 0; step < STEPS; step++) {
		tw_batch batch;
		double cost;
		CHECK_OK(tw_feed_get(feed, step, &batch));
		CHECK_OK(objective.hessian_product(objective.self, theta, &batch, VECTORS, vectors, products));
		CHECK_OK(objective.evaluate(objective.self, theta, &batch, &cost, gradient));
		for (int v = 0; v < VECTORS; v++) out.product[step][v] = digest(products[v], bytes);
		out.gradient[step] = digest(gradient, bytes);
	}
	tw_kink kink;
	CHECK_OK(tw_objective_kink_distance(&objective, theta, &kink));
	out.kink_distance = kink.distance, out.signature = kink.signature;
	out.layer = kink.layer, out.unit = kink.unit, out.observation = kink.observation;
	out.dead = kink.dead[1] + 1000 * kink.dead[2], out.active = kink.active[1] + 1000 * kink.active[2];
	for (int v = 0; v < VECTORS; v++) tw_free((void *)vectors[v]), tw_free(products[v]);
	tw_feed_free(feed);
	tw_free(theta), tw_free(gradient);
	tw_objective_free(&objective);
	tw_data_free(data);
	return out;
}

static void test_same_bits(void)
{
	const int64_t sizes[][2] = {{600, 0}, {600, 64}, {600, 200}, {130, 100}, {2, 0}, {1, 0}, {3000, 0}};
	const char *const activations[] = {"tanh", "relu"};
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
		for (int precision = 0; precision < 2; precision++)
			for (int storage = 1; storage <= 2; storage++)
				for (int a = 0; a < 2; a++) {
					result alone = compute(self, (tw_precision)precision, activations[a], sizes[s][0], sizes[s][1],
					                       (tw_storage)storage, 1);
					for (int threads = 1; threads <= 2; threads++) {
						result shared = compute(world, (tw_precision)precision, activations[a], sizes[s][0],
						                        sizes[s][1], (tw_storage)storage, threads);
						CU_ASSERT_EQUAL(memcmp(&alone, &shared, sizeof alone), 0);
					}
					CU_ASSERT(a == 0 ? alone.layer == 0 : alone.layer > 0);
				}
}

/* A point that is not finite on one rank's observations alone is seen by all. */
static void test_not_finite(void)
{
	const int64_t hidden[] = {3};
	double x[12], y[12] = {0};
	for (int i = 0; i < 12; i++) x[i] = i;
	tw_data *data;
	CHECK_OK(tw_data_from_arrays(world, TW_DOUBLE, 12, 1, 1, 0, x, y, TW_STORAGE_DENSE, &data));
	tw_objective_options options =
	    case_options(tw_activation_find("relu"), tw_loss_find("square"), TW_OUTPUT_IDENTITY, 1, hidden, 1, 1);
	tw_objective objective;
	CHECK_OK(tw_objective_create(world, data, &options, &objective));
	void *theta = case_theta(&objective, 0);
	const double parameters[] = {1.7e307, 0, 0, 0, 0, 0, 1, 1, 1, 0}; /* overflows from observation 11 on */
	tw_objective_import(&objective, parameters, theta);
	tw_kink kink;
	CU_ASSERT_EQUAL(tw_objective_kink_distance(&objective, theta, &kink), TW_DIVERGED);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "observation 11"));
	tw_free(theta);
	tw_objective_free(&objective);
	tw_data_free(data);
}

int main(void)
{
	if (tw_comm_world(&world) != TW_OK || tw_comm_self(&self) != TW_OK) return 1;
	CU_TestInfo tests[] = {
	    {"same bits on any layout", test_same_bits}, {"not finite on one rank", test_not_finite}, CU_TEST_INFO_NULL};
	int failures = suite_run("Hessian over ranks", tests, tw_comm_rank(world) != 0);
	double worst = failures != 0;
	if (tw_comm_max_double(world, &worst, 1) != TW_OK) worst = 1;
	tw_comm_free(self);
	tw_comm_free(world);
	return worst > 0;
}
