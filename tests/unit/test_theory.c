/* metrics.rayleigh and metrics.bound, against differences of gradients, sums over records made by hand, and a quadratic
 * problem whose L and M follow from the data. */
#include "suite.h"

#include <thalweg/run.h>

#include <stdlib.h>

static tw_comm *self;

enum { MOST_RECORDS = 2000 };
typedef struct {
	int count;
	tw_record record[MOST_RECORDS];
} history;

static tw_status keep(void *memory, const tw_record *record)
{
	history *h = memory;
	if (h->count < MOST_RECORDS) h->record[h->count++] = *record;
	return TW_OK;
}

/* A run with overrides of the default; settings have to stay where they are. */
typedef struct {
	tw_settings settings;
	tw_run *run;
	tw_summary summary;
	history history;
} trained;

static tw_status open_run(trained *t, const char *const *set, int sets)
{
	memset(t, 0, sizeof *t);
	TW_TRY(tw_settings_read(&t->settings, NULL, set, sets));
	return tw_run_create(self, &t->settings, &t->run);
}

static trained *train(const char *const *set, int sets)
{
	trained *t = malloc(sizeof *t);
	CHECK_OK(open_run(t, set, sets));
	const tw_monitor monitor = {.self = &t->history, .record = keep};
	CHECK_OK(tw_run_train(t->run, &monitor, &t->summary));
	return t;
}
#define SET(...) (const char *const[]){__VA_ARGS__}, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define TRAIN(...) train(SET(__VA_ARGS__))

static void release(trained *t)
{
	tw_run_free(t->run);
	tw_settings_free(&t->settings);
	free(t);
}

/* ---- the iterates again ------------------------------------------------------------------------------------------ */

/* f and its gradient over the whole set, for a run of d parameters. */
typedef struct {
	const tw_objective *objective;
	tw_feed *feed;
	tw_batch all;
	void *theta, *gradient;
} whole;

static void whole_open(whole *w, const tw_run *run)
{
	w->objective = tw_run_objective(run);
	CHECK_OK(tw_alloc_array(&w->theta, w->objective->size, sizeof(double), "theta"));
	CHECK_OK(tw_alloc_array(&w->gradient, w->objective->size, sizeof(double), "gradient"));
	CHECK_OK(tw_feed_create(self, tw_run_data(run), TW_SAMPLE_SHUFFLE_ONCE, 0, 1, 1, 0, &w->feed));
	CHECK_OK(tw_feed_get(w->feed, 0, &w->all));
}

static void whole_close(whole *w)
{
	tw_feed_free(w->feed);
	tw_free(w->theta);
	tw_free(w->gradient);
}

static double gradient_at(whole *w, const double *theta, double *gradient)
{
	double cost;
	tw_objective_import(w->objective, theta, w->theta);
	CHECK_OK(w->objective->evaluate(w->objective->self, w->theta, &w->all, &cost, w->gradient));
	tw_objective_export(w->objective, w->gradient, gradient);
	return cost;
}

static double dot(int64_t n, const double *a, const double *b)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
	return sum;
}

enum { MOST_PARAMETERS = 64 };
/* g'Hg / g'g by central differences of gradients along g. */
static double quotient_at(whole *w, const double *theta)
{
	const int64_t d = w->objective->dimension;
	double g[MOST_PARAMETERS], high[MOST_PARAMETERS], low[MOST_PARAMETERS], moved[MOST_PARAMETERS];
	gradient_at(w, theta, g);
	const double norm = sqrt(dot(d, g, g)), h = 1e-5 / norm;
	for (int64_t i = 0; i < d; i++) moved[i] = theta[i] + h * g[i];
	gradient_at(w, moved, high);
	for (int64_t i = 0; i < d; i++) moved[i] = theta[i] - h * g[i];
	gradient_at(w, moved, low);
	return (dot(d, high, g) - dot(d, low, g)) / (2 * h * norm * norm);
}

/* Compares records with the iterates as a replay makes them. */
typedef struct {
	whole whole;
	const history *history;
	int at, negative;
} comparison;

static tw_status compare_quotient(void *memory, int64_t step, const double *theta)
{
	comparison *c = memory;
	while (c->at < c->history->count && c->history->record[c->at].step < step) c->at++;
	const tw_record *record = &c->history->record[c->at];
	if (c->at == c->history->count || record->step != step || isnan(record->rayleigh_quotient)) return TW_OK;
	const double quotient = quotient_at(&c->whole, theta);
	CU_ASSERT_DOUBLE_EQUAL(record->rayleigh_quotient, quotient, 1e-6 * fabs(quotient) + 1e-8);
	const double limit = record->rayleigh_quotient > 0 ? 2 / record->rayleigh_quotient : INFINITY;
	CU_ASSERT(record->step_size_limit == limit || fabs(record->step_size_limit - limit) <= 1e-12 * limit);
	c->negative += record->rayleigh_quotient < 0;
	c->at++;
	return TW_OK;
}

/* Returns how many records had a quotient below 0. */
static int check_quotients(const char *const *set, int sets, int64_t steps)
{
	trained *t = train(set, sets), *again = malloc(sizeof *again);
	comparison c = {.history = &t->history};
	int found = 0;
	for (int i = 0; i < t->history.count; i++) found += !isnan(t->history.record[i].rayleigh_quotient);
	CU_ASSERT(found >= 5);
	CHECK_OK(open_run(again, set, sets));
	whole_open(&c.whole, again->run);
	CHECK_OK(compare_quotient(&c, 0, tw_run_theta(again->run)));
	CHECK_OK(tw_run_replay(again->run, steps, compare_quotient, &c));
	whole_close(&c.whole);
	release(again);
	release(t);
	return c.negative;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void test_rayleigh(void)
{
	const int negative = check_quotients(
	    SET("precision=double", "network={hidden: [4], activation: tanh, output: logistic}", "method.step_size=0.2",
	        "stop={steps: 60}", "metrics={rayleigh: true, gradient_norm_every: 6}"),
	    60);
	check_quotients(SET("precision=double", "network={hidden: [3, 3], activation: tanh, output: logistic}",
	                    "penalty.l2=0.1", "method={batch: 7, sampling: uniform, step_size: 0.05}", "stop={steps: 40}",
	                    "metrics={cost_every: 5, rayleigh: true, gradient_norm_every: 4}"),
	                40);
	CU_ASSERT(negative > 0); /* where f bends downwards along its gradient, too */
}

static void test_records(void)
{
	trained *t = TRAIN("precision=double", "network={hidden: [4], activation: tanh, output: logistic}",
	                   "method={batch: 10, sampling: uniform, step_size: 0.1}", "stop={steps: 300}",
	                   "metrics={cost_every: 0, gradient_norm_every: 3, bound: true}");
	const tw_bound_summary *bound = &t->summary.bound;
	const history *h = &t->history;
	double sum = 0, last = 0;
	CU_ASSERT_EQUAL(h->count, 100);
	for (int i = 0; i < h->count; i++) {
		const tw_record *record = &h->record[i];
		const double start = 2 * h->record[0].cost / ((double)(record->step + 1) * 0.1);
		const double level = record->gradient_bound - start; /* alpha L M as known so far */
		sum += record->gradient_norm_squared;
		CU_ASSERT_EQUAL(record->step, 3 * i);
		CU_ASSERT_DOUBLE_EQUAL(record->average_gradient_norm_squared, sum / (i + 1), 1e-14);
		CU_ASSERT(level >= last - 1e-12 && level <= 0.1 * bound->lipschitz * bound->noise + 1e-12);
		last = level;
	}
	CU_ASSERT_EQUAL(bound->measured, 100);
	CU_ASSERT_DOUBLE_EQUAL(bound->average, sum / 100, 1e-14);
	const double right = 0.1 * bound->lipschitz * bound->noise + 2 * h->record[0].cost / (300 * 0.1);
	CU_ASSERT_DOUBLE_EQUAL(bound->bound, right, 1e-12 * right);
	CU_ASSERT_EQUAL(bound->holds, bound->average <= bound->bound);
	CU_ASSERT(bound->smooth && bound->independent && bound->plain);
	CU_ASSERT_EQUAL(bound->step_size_fits, 0.1 * bound->lipschitz <= 1);
	release(t);
}

/* Least squares: f is quadratic with the Hessian 2/n sum x x', x with a 1 for the bias. */
typedef struct {
	const tw_data *data;
	double largest; /* eigenvalue */
	double noise;   /* largest variance of a single gradient seen along a run */
} quadratic;

static void row_of(const tw_data *data, int64_t i, double x[3])
{
	const double *in = (const double *)data->dense + 2 * i;
	x[0] = in[0], x[1] = in[1], x[2] = 1;
}

static double largest_eigenvalue(const tw_data *data, double v[3])
{
	enum { PRODUCTS = 2000 };
	double h[3][3] = {{0}}, norm = 0;
	v[0] = 1, v[1] = 0.7, v[2] = 0.3;
	for (int64_t i = 0; i < data->observations; i++) {
		double x[3];
		row_of(data, i, x);
		for (int p = 0; p < 3; p++)
			for (int q = 0; q < 3; q++) h[p][q] += 2 * x[p] * x[q] / (double)data->observations;
	}
	for (int k = 0; k < PRODUCTS; k++) {
		double image[3];
		for (int p = 0; p < 3; p++) image[p] = dot(3, h[p], v);
		norm = sqrt(dot(3, image, image));
		for (int p = 0; p < 3; p++) v[p] = image[p] / norm;
	}
	return norm;
}

/* 1/n sum ||g_i||^2 - ||1/n sum g_i||^2 with g_i = 2 (h(x_i) - y_i) x_i. */
static double variance_at(const tw_data *data, const double *theta)
{
	double squares = 0, mean[3] = {0};
	const double n = (double)data->observations;
	for (int64_t i = 0; i < data->observations; i++) {
		double x[3], g[3];
		row_of(data, i, x);
		const double residual = dot(3, theta, x) - ((const double *)data->output)[i];
		for (int p = 0; p < 3; p++) g[p] = 2 * residual * x[p], mean[p] += g[p] / n;
		squares += dot(3, g, g) / n;
	}
	return squares - dot(3, mean, mean);
}

static tw_status note_variance(void *memory, int64_t step, const double *theta)
{
	quadratic *q = memory;
	if (step % 5 == 0 && step < 200) q->noise = fmax(q->noise, variance_at(q->data, theta));
	return TW_OK;
}

#define LEAST_SQUARES "precision=double", "network={hidden: []}", "loss=square"

static void test_quadratic(void)
{
	const char *const set[] = {"data={preset: linear, seed: 1}", LEAST_SQUARES,
	                           "method={batch: 4, sampling: uniform, step_size: 0.002}", "stop={steps: 200}",
	                           "metrics={gradient_norm_every: 5, bound: true}"};
	const int sets = (int)(sizeof set / sizeof *set);
	trained *t = train(set, sets), *again = malloc(sizeof *again);
	double v[3];
	quadratic q = {.data = tw_run_data(t->run), .largest = largest_eigenvalue(tw_run_data(t->run), v)};
	CHECK_OK(open_run(again, set, sets));
	CHECK_OK(note_variance(&q, 0, tw_run_theta(again->run)));
	CHECK_OK(tw_run_replay(again->run, 200, note_variance, &q));
	CU_ASSERT_DOUBLE_EQUAL(t->summary.bound.lipschitz, 1.1 * q.largest, 1e-6 * q.largest);
	CU_ASSERT_DOUBLE_EQUAL(t->summary.bound.noise, q.noise / 4, 1e-9 * q.noise);
	CU_ASSERT(t->summary.bound.step_size_fits && t->summary.bound.smooth && t->summary.bound.holds);
	release(again);
	release(t);
}

/* From theta* + v, v the unit eigenvector of the largest eigenvalue L, gradient descent with alpha = c / L multiplies
 * the distance by 1 - c in each step. Without noise in the data, and so with f_inf = 0, (4.19) is
 * (1 - (1 - c)^2K) / (c (2 - c)) <= 1 / c, both times L^2 / K: it holds for all K if and only if c <= 1. */
static void test_sharpness(void)
{
	enum { STEPS = 50 };
	const struct {
		double c;
		bool fits; /* with L a tenth too large */
	} cases[] = {{0.5, true}, {0.9, true}, {0.95, false}, {1.2, false}, {1.5, false}, {2.1, false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const double c = cases[i].c;
		trained *t = malloc(sizeof *t);
		CHECK_OK(open_run(t, SET("data={preset: linear, seed: 1, noise: 0}", LEAST_SQUARES, "stop={steps: 50}",
		                         "metrics={gradient_norm_every: 1, bound: true}")));
		double v[3], theta[3] = {1, 1, 0};
		const double largest = largest_eigenvalue(tw_run_data(t->run), v);
		for (int p = 0; p < 3; p++) theta[p] += v[p];
		CHECK_OK(tw_run_set_theta(t->run, theta));
		t->settings.stage[0].schedule.base = c / largest;
		CHECK_OK(tw_run_train(t->run, NULL, &t->summary));
		const tw_bound_summary *bound = &t->summary.bound;
		const double average = largest * largest * (1 - pow(1 - c, 2 * STEPS)) / (c * (2 - c)) / STEPS;
		CU_ASSERT_DOUBLE_EQUAL(bound->average, average, 1e-9 * average);
		CU_ASSERT_DOUBLE_EQUAL(bound->bound, largest * largest / c / STEPS, 1e-9 * bound->bound);
		CU_ASSERT_EQUAL(bound->holds, c <= 1);
		CU_ASSERT_EQUAL(bound->step_size_fits, cases[i].fits);
		CU_ASSERT_EQUAL(bound->noise, 0);
		CU_ASSERT_DOUBLE_EQUAL(bound->lipschitz, 1.1 * largest, 1e-6 * largest);
		release(t);
	}
}

/* Whether exactly these conditions are said to be met. */
static void check_flags(const tw_bound_summary *bound, bool smooth, bool independent, bool plain)
{
	CU_ASSERT_EQUAL(bound->smooth, smooth);
	CU_ASSERT_EQUAL(bound->independent, independent);
	CU_ASSERT_EQUAL(bound->plain, plain);
}

#define LOOK "stop={steps: 20}", "metrics={gradient_norm_every: 4, bound: true}"

static void test_conditions(void)
{
	trained *t = TRAIN("network={hidden: [4], activation: relu, output: logistic}", LOOK);
	check_flags(&t->summary.bound, false, true, true);
	release(t);
	t = TRAIN("network={hidden: [], activation: relu, output: logistic}", LOOK);
	check_flags(&t->summary.bound, true, true, true);
	release(t);
	t = TRAIN("network={hidden: [4], activation: tanh, output: logistic}", "method={batch: 10, step_size: 0.1}", LOOK);
	check_flags(&t->summary.bound, true, false, true);
	release(t);
	t = TRAIN("network={hidden: [4], activation: tanh, output: logistic}",
	          "method={batch: 10, sampling: uniform, update: momentum, step_size: 0.1}", LOOK);
	check_flags(&t->summary.bound, true, true, false);
	release(t);
	/* Step sizes that change: no alpha, no bound. */
	t = TRAIN("network={hidden: [4], activation: tanh, output: logistic}",
	          "method={step_size: 0.1, schedule: {name: polynomial, power: 1}}", LOOK);
	CU_ASSERT(isnan(t->summary.bound.step_size) && isnan(t->summary.bound.bound));
	CU_ASSERT(!t->summary.bound.step_size_fits && !t->summary.bound.holds);
	CU_ASSERT_EQUAL(t->summary.bound.measured, 5);
	for (int i = 0; i < t->history.count; i++) CU_ASSERT(isnan(t->history.record[i].gradient_bound));
	release(t);
	/* Not asked for. */
	t = TRAIN("stop={steps: 3}", "metrics={gradient_norm_every: 1}");
	CU_ASSERT_EQUAL(t->summary.bound.measured, 0);
	for (int i = 0; i < t->history.count; i++)
		CU_ASSERT(isnan(t->history.record[i].average_gradient_norm_squared) &&
		          isnan(t->history.record[i].rayleigh_quotient));
	release(t);
}

static void test_refusal(void)
{
	const char *const keys[] = {"metrics.rayleigh=true", "metrics.bound=true"};
	for (int i = 0; i < 2; i++) {
		trained *t = malloc(sizeof *t);
		CHECK_OK(open_run(t, SET("stop={steps: 3}", keys[i])));
		CU_ASSERT_EQUAL(tw_run_train(t->run, NULL, &t->summary), TW_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "metrics.gradient_norm_every"));
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), i == 0 ? "metrics.rayleigh" : "metrics.bound"));
		release(t);
	}
}

/* All hidden units are dead: neither gradient nor curvature, and no quotient of the two. */
static void test_without_curvature(void)
{
	trained *t = TRAIN("data={preset: linear, seed: 1}", "precision=double", "loss=square",
	                   "network={hidden: [3], activation: relu, output: identity, bias: false}",
	                   "initial={distribution: constant, value: -1}", LOOK);
	CU_ASSERT_EQUAL(t->summary.bound.lipschitz, 0);
	CU_ASSERT_EQUAL(t->summary.bound.average, 0);
	CU_ASSERT(isfinite(t->summary.bound.bound));
	release(t);
	t = TRAIN("data={preset: linear, seed: 1}", "precision=double", "loss=square",
	          "network={hidden: [3], activation: relu, output: identity, bias: false}",
	          "initial={distribution: constant, value: -1}", "stop={steps: 2}",
	          "metrics={gradient_norm_every: 1, rayleigh: true}");
	for (int i = 0; i < t->history.count; i++)
		CU_ASSERT(isnan(t->history.record[i].rayleigh_quotient) && isnan(t->history.record[i].step_size_limit));
	release(t);
}

int main(void)
{
	if (tw_comm_self(&self) != TW_OK) return 1;
	tw_log_setup(0, 1, true, false);
	CU_TestInfo tests[] = {{"Rayleigh quotients along the gradient", test_rayleigh},
	                       {"averages and bounds by hand", test_records},
	                       {"L and M of least squares", test_quadratic},
	                       {"the bound is sharp", test_sharpness},
	                       {"conditions that are not met", test_conditions},
	                       {"refused without measurements", test_refusal},
	                       {"no curvature, no gradient", test_without_curvature},
	                       CU_TEST_INFO_NULL};
	int failures = suite_run("theory", tests, 0);
	tw_comm_free(self);
	return failures == 0 ? 0 : 1;
}
