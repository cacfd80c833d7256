/* Initial parameters: moments and bounds of each distribution, bias rules, dependence on (seed, run, index) alone. */
#include <thalweg/network.h>

#include "suite.h"

static const tw_network wide = {.layers = 2, .width = {200, 300, 100}, .bias = true};
static const int64_t wide_dimension = 300 * 201 + 100 * 301;

static tw_initial initial_of(int distribution)
{
	tw_initial initial = {.distribution = distribution, .bias_same = true, .seed = 4, .run = 1};
	const tw_parameter *parameter = tw_initializer_info_of(distribution)->parameters;
	for (int i = 0; parameter[i].name; i++) initial.value[i] = parameter[i].initial;
	return initial;
}

static double *filled(const tw_network *network, const tw_initial *initial)
{
	void *theta;
	CHECK_OK(tw_alloc_array(&theta, tw_network_dimension(network), sizeof(double), "theta"));
	CHECK_OK(tw_initial_fill(network, initial, theta));
	return theta;
}

/* Mean, standard deviation and largest magnitude (0: unbounded) that a distribution should have. */
typedef struct {
	double mean, deviation, bound;
} moments;

static moments expected(const char *name, const tw_initial *initial, double fan_in, double fan_out)
{
	const double *value = initial->value, glorot = sqrt(2 / (fan_in + fan_out)), he = sqrt(2 / fan_in);
	if (strcmp(name, "uniform") == 0) return (moments){(value[0] + value[1]) / 2, (value[1] - value[0]) / sqrt(12), 3};
	if (strcmp(name, "normal") == 0) return (moments){value[0], value[1], 0};
	if (strcmp(name, "glorot_uniform") == 0) return (moments){0, glorot, glorot * sqrt(3)};
	if (strcmp(name, "glorot_normal") == 0) return (moments){0, glorot, 0};
	if (strcmp(name, "he_uniform") == 0) return (moments){0, he, he * sqrt(3)};
	if (strcmp(name, "he_normal") == 0) return (moments){0, he, 0};
	if (strcmp(name, "constant") == 0) return (moments){value[0], 0, fabs(value[0])};
	CU_FAIL("a distribution that this test does not know");
	return (moments){0, 0, 0};
}

static void check_moments(const double *theta, int64_t count, moments want)
{
	double mean = 0, square = 0, largest = 0;
	for (int64_t i = 0; i < count; i++) {
		mean += theta[i] / (double)count;
		largest = fmax(largest, fabs(theta[i]));
	}
	for (int64_t i = 0; i < count; i++) square += (theta[i] - mean) * (theta[i] - mean) / (double)count;
	const double noise = 5 / sqrt((double)count);
	CU_ASSERT(fabs(mean - want.mean) <= noise * want.deviation + 1e-12);
	CU_ASSERT(fabs(sqrt(square) - want.deviation) <= noise * want.deviation + 1e-12);
	if (want.bound > 0) {
		CU_ASSERT(largest <= want.bound);
		CU_ASSERT(largest >= 0.99 * want.bound);
	} else {
		CU_ASSERT(largest > 2.5 * want.deviation);
	}
}

static void test_moments(void)
{
	for (int d = 0; d < tw_initializer_count(); d++) {
		tw_initial initial = initial_of(d);
		const char *name = tw_initializer_info_of(d)->name;
		if (strcmp(name, "uniform") == 0) initial.value[0] = -2, initial.value[1] = 3;
		if (strcmp(name, "normal") == 0) initial.value[0] = 0.5, initial.value[1] = 2;
		if (strcmp(name, "constant") == 0) initial.value[0] = -0.25;
		double *theta = filled(&wide, &initial);
		check_moments(theta, 300 * 201, expected(name, &initial, 200, 300));
		check_moments(theta + 300 * 201, 100 * 301, expected(name, &initial, 300, 100));
		tw_free(theta);
	}
}

static bool all_equal(const double *values, int64_t count, double value)
{
	for (int64_t i = 0; i < count; i++) {
		if (values[i] != value) return false;
	}
	return true;
}

static void test_bias(void)
{
	for (int d = 0; d < tw_initializer_count(); d++) {
		tw_initial initial = initial_of(d), number = initial, list = initial;
		number.bias_same = list.bias_same = false;
		number.bias_value = 0.125;
		list.bias_per_layer = true;
		list.bias_layer_value[0] = 3;
		list.bias_layer_value[1] = -4;
		double *same = filled(&wide, &initial), *with_number = filled(&wide, &number),
		       *with_list = filled(&wide, &list);
		const int64_t first = 300 * 200, second = 300 * 201 + 100 * 300;
		CU_ASSERT(all_equal(with_number + first, 300, 0.125) && all_equal(with_number + second, 100, 0.125));
		CU_ASSERT(all_equal(with_list + first, 300, 3) && all_equal(with_list + second, 100, -4));
		CU_ASSERT(memcmp(same, with_number, (size_t)first * sizeof *same) == 0);
		CU_ASSERT(memcmp(same + 300 * 201, with_list + 300 * 201, 100 * 300 * sizeof *same) == 0);
		tw_free(same);
		tw_free(with_number);
		tw_free(with_list);
	}
}

/* Parameter i is the same in a longer network, and another one for another seed or run. */
static void test_keys(void)
{
	tw_initial initial = initial_of(tw_initializer_find("uniform")), seed = initial, run = initial;
	tw_network deeper = wide;
	deeper.layers = 3;
	deeper.width[3] = 7;
	seed.seed++;
	run.run++;
	double *theta = filled(&wide, &initial), *longer = filled(&deeper, &initial);
	double *other_seed = filled(&wide, &seed), *other_run = filled(&wide, &run);
	CU_ASSERT(memcmp(theta, longer, (size_t)wide_dimension * sizeof *theta) == 0);
	int64_t equal = 0;
	for (int64_t i = 0; i < wide_dimension; i++) equal += theta[i] == other_seed[i] || theta[i] == other_run[i];
	CU_ASSERT_EQUAL(equal, 0);
	tw_free(theta);
	tw_free(longer);
	tw_free(other_seed);
	tw_free(other_run);
}

static void test_errors(void)
{
	double theta[400];
	tw_initial initial = initial_of(tw_initializer_find("uniform"));
	initial.value[0] = 2;
	CU_ASSERT_EQUAL(tw_initial_fill(&wide, &initial, theta), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "initial.low"));
	for (int i = 0; i < tw_initializer_count(); i++)
		CU_ASSERT_EQUAL(tw_initializer_find(tw_initializer_info_of(i)->name), i);
	CU_ASSERT_EQUAL(tw_initializer_find("nothing"), -1);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"moments of every distribution", test_moments},
	    {"bias rules", test_bias},
	    {"keyed by seed, run and index", test_keys},
	    {"errors", test_errors},
	    CU_TEST_INFO_NULL,
	};
	return suite_run("initial", tests, 0) ? 1 : 0;
}
