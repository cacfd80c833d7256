/* Update rules, step sizes and stop rules. */
#include <thalweg/method.h>

#include "suite.h"

enum { DIMENSION = 37, STRIDE = 3, SIZE = STRIDE * DIMENSION + 1, STEPS = 50 };

/* f(theta) = 1/2 sum c_i (theta_i - t_i)^2; parameter i stands at SIZE - 1 - STRIDE i, the rest is padding. */
static int64_t position[DIMENSION];
static double curvature(int i) { return 0.2 + 0.05 * i; }
static double target(int i) { return sin(1 + i); }

static tw_objective quadratic(tw_precision precision)
{
	for (int i = 0; i < DIMENSION; i++) position[i] = SIZE - 1 - STRIDE * i;
	return (tw_objective){.precision = precision, .dimension = DIMENSION, .size = SIZE, .position = position};
}

static void *new_vector(tw_precision precision, int64_t size)
{
	void *vector;
	CHECK_OK(tw_alloc_array(&vector, size, tw_real_size(precision), "vector"));
	return vector;
}

static double fill_gradient(const tw_objective *objective, const void *theta, void *gradient)
{
	double cost = 0;
	for (int64_t i = 0; i < objective->size; i++) tw_real_set(objective->precision, gradient, i, 0);
	for (int i = 0; i < DIMENSION; i++) {
		double distance = tw_real_get(objective->precision, theta, position[i]) - target(i);
		cost += curvature(i) * distance * distance / 2;
		tw_real_set(objective->precision, gradient, position[i], curvature(i) * distance);
	}
	return cost;
}

static void default_values(const tw_parameter *parameter, double value[TW_MAX_PARAMETERS])
{
	memset(value, 0, TW_MAX_PARAMETERS * sizeof *value);
	for (int i = 0; parameter[i].name; i++) value[i] = parameter[i].initial;
}

/* sum_j weight^(k-j) g_j^power over the gradients so far. */
static double history(const double *g, int k, double weight, int power)
{
	double sum = 0;
	for (int j = 0; j <= k; j++) sum += pow(weight, k - j) * (power == 2 ? g[j] * g[j] : g[j]);
	return sum;
}

/* Change of a parameter at step k as a closed form of all its gradients. */
static double expected_change(const char *rule, const double *value, double a, double theta, const double *g, int k)
{
	if (strcmp(rule, "plain") == 0 || strcmp(rule, "noisy") == 0) return -a * g[k];
	if (strcmp(rule, "momentum") == 0) return -a * history(g, k, value[0], 1);
	if (strcmp(rule, "nesterov") == 0) return -a * (g[k] + value[0] * history(g, k, value[0], 1));
	if (strcmp(rule, "adagrad") == 0) return -a * g[k] / (sqrt(history(g, k, 1, 2)) + value[0]);
	if (strcmp(rule, "rmsprop") == 0) return -a * g[k] / (sqrt((1 - value[0]) * history(g, k, value[0], 2)) + value[1]);
	double ones[STEPS];
	for (int j = 0; j <= k; j++) ones[j] = 1;
	double first = history(g, k, value[0], 1) / history(ones, k, value[0], 1);
	double second = history(g, k, value[1], 2) / history(ones, k, value[1], 1);
	double adam = -a * first / (sqrt(second) + value[2]);
	if (strcmp(rule, "adam") == 0) return adam;
	if (strcmp(rule, "adamw") == 0) return adam - a * value[3] * theta;
	CU_FAIL("a rule without a closed form in this test");
	return NAN;
}

static void check_rule(int rule, tw_precision precision)
{
	static double g[DIMENSION][STEPS];
	const tw_update_info *info = tw_update_info_of(rule);
	const double a = 0.05, tolerance = precision == TW_FLOAT ? 2e-6 : 1e-14;
	tw_objective objective = quadratic(precision);
	void *theta = new_vector(precision, SIZE), *gradient = new_vector(precision, SIZE);
	double value[TW_MAX_PARAMETERS], worst = 0;
	tw_update update;
	default_values(info->parameters, value);
	CHECK_OK(tw_update_create(rule, value, &objective, 5, 2, &update));
	for (int k = 0; k < STEPS; k++) {
		double before[DIMENSION];
		fill_gradient(&objective, theta, gradient);
		for (int i = 0; i < DIMENSION; i++) {
			const tw_random stream = {5, TW_RANDOM_NOISE, 2};
			before[i] = tw_real_get(precision, theta, position[i]);
			g[i][k] = tw_real_get(precision, gradient, position[i]);
			if (strcmp(info->name, "noisy") == 0)
				g[i][k] += value[0] * tw_random_normal(stream, (uint64_t)k, (uint64_t)i);
		}
		tw_update_apply(&update, theta, gradient, a, 1);
		for (int i = 0; i < DIMENSION; i++) {
			double expected = before[i] + expected_change(info->name, value, a, before[i], g[i], k);
			worst = fmax(worst, fabs(tw_real_get(precision, theta, position[i]) - expected));
		}
	}
	CU_ASSERT_EQUAL(update.steps, STEPS);
	CU_ASSERT(worst < tolerance);
	if (worst >= tolerance) fprintf(stderr, "\n  %s, %s: off by %g\n", info->name, tw_precision_name(precision), worst);
	for (int i = 0; i < DIMENSION; i++) tw_real_set(precision, theta, position[i], 0);
	for (int i = 0; i < SIZE; i++) CU_ASSERT_EQUAL(tw_real_get(precision, theta, i), 0); /* padding is still 0 */
	tw_update_free(&update);
	tw_free(theta);
	tw_free(gradient);
}

static void test_updates_closed_form(void)
{
	for (int rule = 0; rule < tw_update_count(); rule++) {
		check_rule(rule, TW_FLOAT);
		check_rule(rule, TW_DOUBLE);
	}
}

static void test_updates_converge(void)
{
	for (int rule = 0; rule < tw_update_count(); rule++) {
		tw_objective objective = quadratic(TW_DOUBLE);
		void *theta = new_vector(TW_DOUBLE, SIZE), *gradient = new_vector(TW_DOUBLE, SIZE);
		double value[TW_MAX_PARAMETERS];
		tw_update update;
		default_values(tw_update_info_of(rule)->parameters, value);
		CHECK_OK(tw_update_create(rule, value, &objective, 1, 0, &update));
		double start = fill_gradient(&objective, theta, gradient);
		for (int k = 0; k < 3000; k++) {
			fill_gradient(&objective, theta, gradient);
			tw_update_apply(&update, theta, gradient, 0.1 / sqrt(1 + 0.1 * k), 1);
		}
		double end = fill_gradient(&objective, theta, gradient);
		CU_ASSERT(end < 1e-3 * start);
		if (!(end < 1e-3 * start)) fprintf(stderr, "\n  %s: %g -> %g\n", tw_update_info_of(rule)->name, start, end);
		tw_update_free(&update);
		tw_free(theta);
		tw_free(gradient);
	}
}

/* Twenty updates of a vector of `size` whose elements from `first` on hold a fixed sequence; result in theta. */
static void run_sequence(int rule, tw_precision precision, int64_t size, int64_t first, int64_t count, int threads,
                         void *theta)
{
	int64_t *places;
	CHECK_OK(tw_alloc_array((void **)&places, count, sizeof *places, "positions"));
	for (int64_t i = 0; i < count; i++) places[i] = first + i;
	tw_objective objective = {.precision = precision, .dimension = count, .size = size, .position = places};
	void *gradient = new_vector(precision, size);
	double value[TW_MAX_PARAMETERS];
	const tw_random stream = {3, TW_RANDOM_TEST, 0};
	tw_update update;
	default_values(tw_update_info_of(rule)->parameters, value);
	CHECK_OK(tw_update_create(rule, value, &objective, 9, 0, &update));
	for (int64_t i = 0; i < count; i++)
		tw_real_set(precision, theta, places[i], tw_random_normal(stream, 0, (uint64_t)i));
	for (int k = 0; k < 5; k++) {
		for (int64_t i = 0; i < count; i++)
			tw_real_set(precision, gradient, places[i], tw_random_normal(stream, (uint64_t)k + 1, (uint64_t)i));
		tw_update_apply(&update, theta, gradient, 0.01, threads);
	}
	tw_update_free(&update);
	tw_free(gradient);
	tw_free(places);
}

/* Neither the place of an element nor the size of the vector nor threads change its bits. */
static void test_updates_same_bits(void)
{
	enum { SMALL = 131, LARGE = 100003 };
	for (int rule = 0; rule < tw_update_count(); rule++) {
		for (int p = TW_FLOAT; p <= TW_DOUBLE; p++) {
			const tw_precision precision = (tw_precision)p;
			const size_t bytes = tw_real_size(precision);
			char *small = new_vector(precision, SMALL), *shifted = new_vector(precision, SMALL + 30);
			run_sequence(rule, precision, SMALL, 0, SMALL, 1, small);
			run_sequence(rule, precision, SMALL + 30, 7, SMALL, 1, shifted);
			CU_ASSERT(memcmp(small, shifted + 7 * bytes, SMALL * bytes) == 0);
			char *one = new_vector(precision, LARGE), *three = new_vector(precision, LARGE);
			run_sequence(rule, precision, LARGE, 0, LARGE, 1, one);
			run_sequence(rule, precision, LARGE, 0, LARGE, 3, three);
			CU_ASSERT(memcmp(one, three, LARGE * bytes) == 0);
			CU_ASSERT(memcmp(one, small, SMALL * bytes) == 0);
			tw_free(small);
			tw_free(shifted);
			tw_free(one);
			tw_free(three);
		}
	}
}

static void test_registries(void)
{
	for (int i = 0; i < tw_update_count(); i++) {
		CU_ASSERT_EQUAL(tw_update_find(tw_update_info_of(i)->name), i);
		CU_ASSERT(tw_update_info_of(i)->vectors <= TW_MAX_UPDATE_VECTORS);
	}
	for (int i = 0; i < tw_schedule_count(); i++) CU_ASSERT_EQUAL(tw_schedule_find(tw_schedule_info_of(i)->name), i);
	CU_ASSERT_EQUAL(tw_update_find("none"), -1);
	CU_ASSERT_EQUAL(tw_schedule_find("none"), -1);
	CU_ASSERT_PTR_NULL(tw_update_info_of(tw_update_count()));
	CU_ASSERT_PTR_NULL(tw_schedule_info_of(-1));
	for (int i = 0; i < TW_STOP_COUNT; i++) {
		for (int j = 0; j < i; j++)
			CU_ASSERT(strcmp(tw_stop_reason_name((tw_stop_reason)i), tw_stop_reason_name((tw_stop_reason)j)) != 0);
	}
}

/* ---- step sizes ---------------------------------------------------------------------------------------------- */

static tw_schedule schedule_of(const char *name, double base)
{
	tw_schedule schedule = {.kind = tw_schedule_find(name), .base = base};
	CU_ASSERT_FATAL(schedule.kind >= 0);
	default_values(tw_schedule_info_of(schedule.kind)->parameters, schedule.value);
	CHECK_OK(tw_schedule_start(&schedule));
	return schedule;
}

static void test_schedule_formulas(void)
{
	tw_schedule constant = schedule_of("constant", 0.3), piecewise = schedule_of("piecewise", 0.8);
	tw_schedule exponential = schedule_of("exponential", 0.03), polynomial = schedule_of("polynomial", 0.03);
	tw_schedule cosine = schedule_of("cosine", 0.5);
	piecewise.thresholds = 3;
	memcpy(piecewise.threshold, (double[]){25, 50, 75}, 3 * sizeof(double));
	exponential.value[0] = 0.2;
	cosine.value[0] = 60;
	cosine.value[1] = 0.1;
	for (int k = 0; k < 100; k++) {
		CU_ASSERT_EQUAL(tw_schedule_step_size(&constant, k, NAN), 0.3);
		CU_ASSERT_DOUBLE_EQUAL(tw_schedule_step_size(&piecewise, k, NAN), 0.8 / (1 << k / 25), 1e-15);
		CU_ASSERT_DOUBLE_EQUAL(tw_schedule_step_size(&exponential, k, NAN), 0.03 * exp(-0.2 * k), 1e-15);
		CU_ASSERT_DOUBLE_EQUAL(tw_schedule_step_size(&polynomial, k, NAN), 0.03 / sqrt(k + 1), 1e-15);
		double expected = k < 60 ? 0.1 + 0.4 * pow(cos(M_PI * k / 120), 2) : 0.1;
		CU_ASSERT_DOUBLE_EQUAL(tw_schedule_step_size(&cosine, k, NAN), expected, 1e-15);
	}
}

static void test_plateau(void)
{
	static const double cost[] = {5, 4, 4, 4.5, 4, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 3, 9};
	static const double size[] = {1,    1,    1,    1,   1,   0.5, 0.5, 0.5, 0.5, 0.25,
	                              0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2};
	tw_schedule plateau = schedule_of("plateau", 1);
	memcpy(plateau.value, (double[]){0.5, 3, 2, 0.2, 0}, 5 * sizeof(double));
	for (int k = 0; k < (int)(sizeof cost / sizeof *cost); k++)
		CU_ASSERT_EQUAL(tw_schedule_step_size(&plateau, k, cost[k]), size[k]);

	/* A threshold: falls by no more than it do not count. Unknown costs are passed over. */
	tw_schedule coarse = schedule_of("plateau", 1);
	memcpy(coarse.value, (double[]){0.1, 3, 0, 0, 0.5}, 5 * sizeof(double));
	static const double slow[] = {5, 4.9, NAN, 4.7, NAN, 4.5, 4.5};
	static const double sizes[] = {1, 1, 1, 1, 1, 1, 0.1};
	for (int k = 0; k < 7; k++) CU_ASSERT_DOUBLE_EQUAL(tw_schedule_step_size(&coarse, k, slow[k]), sizes[k], 1e-15);
}

static void test_schedules_all(void)
{
	for (int kind = 0; kind < tw_schedule_count(); kind++) {
		tw_schedule plain = schedule_of(tw_schedule_info_of(kind)->name, 0.4), warm = plain;
		warm.warm_up = 10;
		for (int k = 0; k < 10; k++)
			CU_ASSERT_DOUBLE_EQUAL(tw_schedule_step_size(&warm, k, 1.0 / (1 + k)), 0.04 * (k + 1), 1e-15);
		tw_schedule copy = warm;
		for (int k = 0; k < 200; k++) {
			double cost = 1 + sin(k), size = tw_schedule_step_size(&plain, k, cost);
			CU_ASSERT(size >= 0 && size <= 0.4);
			CU_ASSERT_EQUAL(tw_schedule_step_size(&warm, k + 10, cost), size);
			CU_ASSERT_EQUAL(tw_schedule_step_size(&copy, k + 10, cost), size);
			if (k == 100) copy = warm;
		}
	}
	tw_schedule bad = {.thresholds = 2, .threshold = {5, 3}};
	CU_ASSERT_EQUAL(tw_schedule_start(&bad), TW_USAGE);
}

/* ---- stop rules ---------------------------------------------------------------------------------------------- */

static tw_stop all_off(void)
{
	tw_stop stop;
	tw_stop_off(&stop);
	return stop;
}

static void test_stop_limits(void)
{
	tw_stop off = all_off();
	CU_ASSERT_EQUAL(tw_stop_check(&off, INT64_MAX, 1e300, INT64_MAX, 0, 0), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&off, 0, 0, 0, INFINITY, NAN), TW_STOP_DIVERGED);
	CU_ASSERT_EQUAL(tw_stop_check(&off, 0, 0, 0, NAN, INFINITY), TW_STOP_DIVERGED);
	tw_stop steps = all_off(), epochs = all_off(), observations = all_off(), cost = all_off(), norm = all_off();
	steps.steps = 10;
	CU_ASSERT_EQUAL(tw_stop_check(&steps, 9, 0, 0, NAN, NAN), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&steps, 10, 0, 0, NAN, NAN), TW_STOP_STEPS);
	steps.steps = 0;
	CU_ASSERT_EQUAL(tw_stop_check(&steps, 0, 0, 0, NAN, NAN), TW_STOP_STEPS);
	epochs.epochs = 2;
	CU_ASSERT_EQUAL(tw_stop_check(&epochs, 9, 1.99, 0, NAN, NAN), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&epochs, 9, 2, 0, NAN, NAN), TW_STOP_EPOCHS);
	observations.observations = 100;
	CU_ASSERT_EQUAL(tw_stop_check(&observations, 9, 0, 99, NAN, NAN), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&observations, 9, 0, 101, NAN, NAN), TW_STOP_OBSERVATIONS);
	cost.cost = -1;
	CU_ASSERT_EQUAL(tw_stop_check(&cost, 9, 0, 0, NAN, NAN), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&cost, 9, 0, 0, -0.5, NAN), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&cost, 9, 0, 0, -1, NAN), TW_STOP_COST);
	norm.gradient_norm = 1e-3;
	CU_ASSERT_EQUAL(tw_stop_check(&norm, 9, 0, 0, 1, NAN), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&norm, 9, 0, 0, 1, 2e-3), TW_RUNNING);
	CU_ASSERT_EQUAL(tw_stop_check(&norm, 9, 0, 0, 1, 1e-3), TW_STOP_GRADIENT_NORM);
}

static void test_stop_no_progress(void)
{
	/* The best is 5, then 3.5: 4.8, 4.6 and 4.5 do not fall below it by more than 0.5. */
	static const double cost[] = {5, 4.8, 4.6, 3.5, NAN, 3.4, 3.1, 3};
	tw_stop stop = all_off();
	stop.no_progress_threshold = 0.5;
	stop.no_progress_patience = 3;
	tw_stop_start(&stop);
	for (int k = 0; k < 7; k++) CU_ASSERT_EQUAL(tw_stop_check(&stop, k, 0, 0, cost[k], NAN), TW_RUNNING);
	CU_ASSERT_EQUAL(stop.best, 3.5);
	CU_ASSERT_EQUAL(tw_stop_check(&stop, 7, 0, 0, cost[7], NAN), TW_STOP_NO_PROGRESS);
	tw_stop_start(&stop);
	CU_ASSERT_EQUAL(tw_stop_check(&stop, 0, 0, 0, cost[7], NAN), TW_RUNNING);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"registries", test_registries},
	    {"updates: closed forms", test_updates_closed_form},
	    {"updates: convergence on a quadratic", test_updates_converge},
	    {"updates: bits independent of place and threads", test_updates_same_bits},
	    {"schedules: formulas", test_schedule_formulas},
	    {"schedules: plateau", test_plateau},
	    {"schedules: warm-up and copies", test_schedules_all},
	    {"stop: limits", test_stop_limits},
	    {"stop: no progress", test_stop_no_progress},
	    CU_TEST_INFO_NULL,
	};
	return suite_run("method", tests, 0) ? 1 : 0;
}
