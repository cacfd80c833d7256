/* Hessian-vector products against differences, symmetry and each other; kinks against a plain forward pass. */
#include "objective_cases.h"

#include <stdlib.h>

static tw_comm *self;

/* An objective with a point, the whole set as one batch, and room for vectors. */
typedef struct {
	tw_data *data;
	tw_objective objective;
	tw_feed *feed;
	tw_batch batch;
	void *theta;
} subject;

static subject open_subject(tw_precision precision, int64_t n, const tw_objective_options *options, double zeros,
                            tw_storage storage, double deviation)
{
	subject s;
	const tw_network *network = &options->network;
	s.data = case_data(self, precision, n, network->width[0], network->width[network->layers], options->loss, zeros,
	                   storage);
	CHECK_OK(tw_objective_create(self, s.data, options, &s.objective));
	CHECK_OK(tw_feed_create(self, s.data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &s.feed));
	CHECK_OK(tw_feed_get(s.feed, 0, &s.batch));
	s.theta = case_theta(&s.objective, deviation);
	return s;
}

static void close_subject(subject *s)
{
	tw_free(s->theta);
	tw_feed_free(s->feed);
	tw_objective_free(&s->objective);
	tw_data_free(s->data);
}

static void *new_vector(const subject *s)
{
	void *vector = NULL;
	CHECK_OK(tw_alloc_array(&vector, s->objective.size, tw_real_size(s->objective.precision), "vector"));
	return vector;
}

/* Vectors of normal numbers, number `purpose`. */
static void *draw_vector(const subject *s, uint32_t purpose)
{
	double *canonical = calloc((size_t)s->objective.dimension, sizeof *canonical);
	void *vector = new_vector(s);
	for (int64_t i = 0; i < s->objective.dimension; i++) canonical[i] = case_draw(purpose, (uint64_t)i);
	tw_objective_import(&s->objective, canonical, vector);
	free(canonical);
	return vector;
}

static double *exported(const subject *s, const void *vector)
{
	double *out = calloc((size_t)s->objective.dimension, sizeof *out);
	tw_objective_export(&s->objective, vector, out);
	return out;
}

/* H v in canonical order. */
static double *product(const subject *s, const void *v)
{
	void *out = new_vector(s);
	CHECK_OK(s->objective.hessian_product(s->objective.self, s->theta, &s->batch, 1, &v, &out));
	double all = 0, parameters = 0, *canonical = exported(s, out);
	for (int64_t i = 0; i < s->objective.size; i++) all += fabs(tw_real_get(s->objective.precision, out, i));
	for (int64_t i = 0; i < s->objective.dimension; i++) parameters += fabs(canonical[i]);
	CU_ASSERT_DOUBLE_EQUAL(all, parameters, 1e-5 * (1 + parameters)); /* padding stays zero */
	tw_free(out);
	return canonical;
}

static double dot(const double *a, const double *b, int64_t n)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
	return sum;
}

/* The gradient at theta + step v, canonical. */
static double *gradient_beside(const subject *s, const double *theta, const double *v, double step)
{
	double cost, *moved = calloc((size_t)s->objective.dimension, sizeof *moved);
	void *at = new_vector(s), *gradient = new_vector(s);
	for (int64_t i = 0; i < s->objective.dimension; i++) moved[i] = theta[i] + step * v[i];
	tw_objective_import(&s->objective, moved, at);
	CHECK_OK(s->objective.evaluate(s->objective.self, at, &s->batch, &cost, gradient));
	tw_objective_export(&s->objective, gradient, moved);
	tw_free(at), tw_free(gradient);
	return moved;
}

/* ||H v - difference of gradients|| / ||H v||. */
static double difference_error(const subject *s, const void *v, double step)
{
	const int64_t d = s->objective.dimension;
	double *theta = exported(s, s->theta), *along = exported(s, v), *hv = product(s, v);
	double *after = gradient_beside(s, theta, along, step), *before = gradient_beside(s, theta, along, -step);
	double error = 0;
	for (int64_t i = 0; i < d; i++) {
		const double difference = (after[i] - before[i]) / (2 * step) - hv[i];
		error += difference * difference;
	}
	const double norm = sqrt(dot(hv, hv, d));
	free(theta), free(along), free(hv), free(after), free(before);
	return sqrt(error) / norm;
}

/* A point at which every kink is far: drawn until it is so. */
static subject open_off_kinks(const tw_objective_options *options, int64_t n)
{
	subject s = open_subject(TW_DOUBLE, n, options, 0.3, TW_STORAGE_DENSE, 0);
	tw_kink kink = {.distance = 0};
	for (uint32_t attempt = 0; attempt < 200 && kink.distance < 2e-3; attempt++) {
		tw_free(s.theta);
		s.theta = draw_vector(&s, 100 + attempt);
		CHECK_OK(tw_objective_kink_distance(&s.objective, s.theta, &kink));
	}
	CU_ASSERT(kink.distance >= 2e-3);
	return s;
}

/* Every activation with every loss and output that go together, with penalty, with and without hidden layers. */
static void test_differences(void)
{
	const int64_t hidden[] = {5, 4, 3};
	double worst = 0, worst_symmetry = 0;
	for (int activation = 0; activation < tw_activation_count(); activation++)
		for (int loss = 0; loss < tw_loss_count(); loss++)
			for (int output = 0; tw_output_name(output); output++)
				for (int layers = 0; layers <= 3; layers++) {
					if (!(tw_loss_info_of(loss)->outputs & (1u << output))) continue;
					tw_objective_options options =
					    case_options(activation, loss, (tw_output)output, 3, hidden, layers, 3);
					options.penalty = 0.01;
					options.network.bias = layers != 2;
					subject s = open_off_kinks(&options, 25);
					void *u = draw_vector(&s, 21), *v = draw_vector(&s, 22);
					const double error = difference_error(&s, v, 1e-5);
					double *hu = product(&s, u), *hv = product(&s, v), *eu = exported(&s, u), *ev = exported(&s, v);
					const int64_t d = s.objective.dimension;
					const double scale = sqrt(dot(eu, eu, d) * dot(hv, hv, d));
					const double asymmetry = fabs(dot(eu, hv, d) - dot(ev, hu, d)) / scale;
					if (!(error < 1e-6 && asymmetry < 1e-14))
						printf("\n  %s, %s, %s, %d hidden: error %g, asymmetry %g\n",
						       tw_activation_info_of(activation)->name, tw_loss_info_of(loss)->name,
						       tw_output_name(output), layers, error, asymmetry);
					CU_ASSERT(error < 1e-6);
					CU_ASSERT(asymmetry < 1e-14);
					worst = fmax(worst, error), worst_symmetry = fmax(worst_symmetry, asymmetry);
					free(hu), free(hv), free(eu), free(ev);
					tw_free(u), tw_free(v);
					close_subject(&s);
				}
	printf("largest error %.1e, asymmetry %.1e ", worst, worst_symmetry);
}

static double cost_at(const subject *s, const double *theta)
{
	double cost;
	void *at = new_vector(s);
	tw_objective_import(&s->objective, theta, at);
	CHECK_OK(s->objective.evaluate(s->objective.self, at, &s->batch, &cost, NULL));
	tw_free(at);
	return cost;
}

/* The whole Hessian against second differences of the cost: no gradient is involved. */
static void test_full_hessian(void)
{
	const int64_t hidden[] = {3, 2};
	const double h = 3e-4;
	const char *const activations[] = {"tanh", "gelu", "leaky_relu"};
	for (int a = 0; a < 3; a++) {
		tw_objective_options options =
		    case_options(tw_activation_find(activations[a]), tw_loss_find("log"), TW_OUTPUT_LOGISTIC, 2, hidden, 2, 1);
		subject s = open_off_kinks(&options, 12);
		const int64_t d = s.objective.dimension;
		double *theta = exported(&s, s.theta), *unit = calloc((size_t)d, sizeof *unit);
		double largest = 0, worst = 0;
		for (int64_t j = 0; j < d; j++) {
			void *v = new_vector(&s);
			memset(unit, 0, (size_t)d * sizeof *unit);
			unit[j] = 1;
			tw_objective_import(&s.objective, unit, v);
			double *column = product(&s, v);
			for (int64_t i = 0; i <= j; i++) {
				double corner[4];
				for (int c = 0; c < 4; c++) {
					double *moved = exported(&s, s.theta);
					moved[i] += c & 1 ? h : -h, moved[j] += c & 2 ? h : -h;
					corner[c] = cost_at(&s, moved);
					free(moved);
				}
				const double difference = (corner[3] - corner[1] - corner[2] + corner[0]) / (4 * h * h);
				largest = fmax(largest, fabs(column[i]));
				worst = fmax(worst, fabs(column[i] - difference));
			}
			free(column);
			tw_free(v);
		}
		CU_ASSERT(worst < 1e-6 * (1 + largest));
		free(theta), free(unit);
		close_subject(&s);
	}
}

/* Vectors together give the bits of each alone. */
static void test_several_vectors(void)
{
	enum { VECTORS = 5 };
	const int64_t hidden[] = {40, 17};
	for (int precision = 0; precision < 2; precision++)
		for (int64_t n = 70; n <= 700; n += 630) {
			tw_objective_options options = case_options(tw_activation_find("softplus"), tw_loss_find("cross_entropy"),
			                                            TW_OUTPUT_SOFTMAX, 35, hidden, 2, 6);
			options.penalty = 1e-3;
			subject s = open_subject((tw_precision)precision, n, &options, 0.5, TW_STORAGE_DENSE, 0.3);
			const void *vectors[VECTORS];
			void *together[VECTORS], *alone = new_vector(&s);
			for (int v = 0; v < VECTORS; v++) {
				vectors[v] = draw_vector(&s, 30 + (uint32_t)v);
				together[v] = new_vector(&s);
			}
			CHECK_OK(s.objective.hessian_product(s.objective.self, s.theta, &s.batch, VECTORS, vectors, together));
			for (int v = 0; v < VECTORS; v++) {
				CHECK_OK(s.objective.hessian_product(s.objective.self, s.theta, &s.batch, 1, &vectors[v], &alone));
				CU_ASSERT_EQUAL(
				    memcmp(alone, together[v], (size_t)s.objective.size * tw_real_size(s.objective.precision)), 0);
				tw_free((void *)vectors[v]), tw_free(together[v]);
			}
			tw_free(alone);
			close_subject(&s);
		}
}

/* Sparse storage gives the product of dense storage; float that of double. */
static void test_storage_and_precision(void)
{
	const int64_t hidden[] = {37, 20};
	tw_objective_options options =
	    case_options(tw_activation_find("tanh"), tw_loss_find("cross_entropy"), TW_OUTPUT_SOFTMAX, 70, hidden, 2, 10);
	double *reference = NULL;
	for (int c = 0; c < 4; c++) {
		const tw_precision precision = c < 2 ? TW_DOUBLE : TW_FLOAT;
		options.threads = 1 + c % 3;
		subject s = open_subject(precision, 300, &options, 0.8, c % 2 ? TW_STORAGE_SPARSE : TW_STORAGE_DENSE, 0.3);
		void *v = draw_vector(&s, 22);
		double *hv = product(&s, v);
		const int64_t d = s.objective.dimension;
		if (c == 0) {
			reference = hv;
		} else {
			const double norm = sqrt(dot(reference, reference, d));
			for (int64_t i = 0; i < d; i++)
				CU_ASSERT_DOUBLE_EQUAL(hv[i], reference[i], norm * (precision == TW_DOUBLE ? 1e-14 : 1e-6));
			free(hv);
		}
		tw_free(v);
		close_subject(&s);
	}
	free(reference);
}

/* Logits of up to 1e4 either way: the log loss is flat there, and nothing is not a number. */
static void test_extreme_logits(void)
{
	const double x[] = {1e4, -1e4, 40, 0}, y[] = {0, 1, 1, 1}, expected[] = {0, 0, 4.248354255291589e-18 * 1600, 0};
	for (int i = 0; i < 4; i++)
		for (int precision = 0; precision < 2; precision++) {
			subject s;
			CHECK_OK(tw_data_from_arrays(self, (tw_precision)precision, 1, 1, 1, 0, &x[i], &y[i], TW_STORAGE_DENSE,
			                             &s.data));
			tw_objective_options options = case_options(0, tw_loss_find("log"), TW_OUTPUT_LOGISTIC, 1, NULL, 0, 1);
			options.network.bias = false;
			CHECK_OK(tw_objective_create(self, s.data, &options, &s.objective));
			CHECK_OK(tw_feed_create(self, s.data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &s.feed));
			CHECK_OK(tw_feed_get(s.feed, 0, &s.batch));
			const double one = 1;
			s.theta = new_vector(&s);
			tw_objective_import(&s.objective, &one, s.theta);
			double *hv = product(&s, s.theta);
			CU_ASSERT_DOUBLE_EQUAL(hv[0], expected[i], 1e-5 * expected[i]);
			free(hv);
			close_subject(&s);
		}
}

/* z of a network of one hidden layer by plain loops, and from it distance and counts. */
static tw_kink plain_kinks(const subject *s, const tw_network *network)
{
	const int64_t inputs = network->width[0], units = network->width[1], n = s->data->observations;
	double *theta = exported(s, s->theta);
	tw_kink kink = {.distance = INFINITY};
	for (int64_t u = 0; u < units; u++) {
		int64_t negative = 0;
		for (int64_t i = 0; i < n; i++) {
			double z = network->bias ? theta[tw_network_bias_offset(network, 1) + u] : 0, norm = network->bias ? 1 : 0;
			for (int64_t j = 0; j < inputs; j++) {
				const double x = tw_real_get(TW_DOUBLE, s->data->dense, i * inputs + j);
				z += x * theta[u * inputs + j];
				norm += x * x;
			}
			negative += z < 0;
			if (norm == 0 || fabs(z) / sqrt(norm) >= kink.distance) continue;
			kink.distance = fabs(z) / sqrt(norm), kink.layer = 1, kink.unit = u, kink.observation = i;
		}
		kink.dead[1] += negative == n, kink.active[1] += negative == 0;
	}
	free(theta);
	return kink;
}

static void test_kinks(void)
{
	const int64_t hidden[] = {30};
	for (int bias = 0; bias < 2; bias++)
		for (int activation = 0; activation < tw_activation_count(); activation++) {
			tw_objective_options options =
			    case_options(activation, tw_loss_find("square"), TW_OUTPUT_IDENTITY, 2, hidden, 1, 1);
			options.network.bias = bias;
			/* few observations, half of the inputs zero: dead units, active ones and rows without inputs */
			subject s = open_subject(TW_DOUBLE, 6, &options, 0.5, TW_STORAGE_DENSE, 1);
			tw_kink expected = plain_kinks(&s, &options.network), kink;
			CHECK_OK(tw_objective_kink_distance(&s.objective, s.theta, &kink));
			CU_ASSERT_EQUAL(kink.dead[1], expected.dead[1]);
			CU_ASSERT_EQUAL(kink.active[1], expected.active[1]);
			CU_ASSERT(!bias || (kink.dead[1] > 0 && kink.active[1] > 0));
			if (tw_activation_info_of(activation)->smooth) {
				CU_ASSERT(isinf(kink.distance) && kink.layer == 0);
			} else {
				CU_ASSERT_DOUBLE_EQUAL(kink.distance, expected.distance, 1e-14);
				CU_ASSERT(kink.layer == 1 && kink.unit == expected.unit && kink.observation == expected.observation);
			}
			close_subject(&s);
		}
}

/* Kinks that meet exactly: the first unit and observation are named; without finite z, words. */
static void test_on_a_kink(void)
{
	const double x[] = {1, 2, 1, 2}, y[] = {0, 0, 0, 0};
	const int64_t hidden[] = {3};
	subject s;
	CHECK_OK(tw_data_from_arrays(self, TW_DOUBLE, 4, 1, 1, 0, x, y, TW_STORAGE_DENSE, &s.data));
	tw_objective_options options =
	    case_options(tw_activation_find("relu"), tw_loss_find("square"), TW_OUTPUT_IDENTITY, 1, hidden, 1, 1);
	double theta[] = {1, 2, -2, 1, -4, 4, 1, 1, 1, 0}; /* units 1 and 2 are on a kink at observations 1 and 3 */
	CHECK_OK(tw_objective_create(self, s.data, &options, &s.objective));
	CHECK_OK(tw_feed_create(self, s.data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &s.feed));
	s.theta = new_vector(&s);
	tw_objective_import(&s.objective, theta, s.theta);
	tw_kink kink;
	CHECK_OK(tw_objective_kink_distance(&s.objective, s.theta, &kink));
	CU_ASSERT(kink.distance == 0 && kink.layer == 1 && kink.unit == 1 && kink.observation == 1);
	CU_ASSERT(kink.active[1] == 2 && kink.dead[1] == 0);
	theta[3] = NAN;
	tw_objective_import(&s.objective, theta, s.theta);
	CU_ASSERT_EQUAL(tw_objective_kink_distance(&s.objective, s.theta, &kink), TW_DIVERGED);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "layer 1, unit 0"));
	close_subject(&s);
}

int main(void)
{
	if (tw_comm_self(&self) != TW_OK) return 1;
	CU_TestInfo tests[] = {{"differences of gradients", test_differences},
	                       {"full Hessian", test_full_hessian},
	                       {"several vectors", test_several_vectors},
	                       {"storage and precision", test_storage_and_precision},
	                       {"extreme logits", test_extreme_logits},
	                       {"kinks", test_kinks},
	                       {"on a kink", test_on_a_kink},
	                       CU_TEST_INFO_NULL};
	int failures = suite_run("Hessian", tests, 0);
	tw_comm_free(self);
	return failures == 0 ? 0 : 1;
}
