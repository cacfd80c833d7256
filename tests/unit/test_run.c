/* Training from settings to summary: closed forms, stop reasons, stages, records. */
#include "suite.h"

#include <thalweg/run.h>

#include <stdlib.h>

static tw_comm *self;

typedef struct {
	int64_t records, first_step, last_step;
	double first_cost, last_cost, largest_rise;
	int last_stage;
} history;

static tw_status keep(void *memory, const tw_record *record)
{
	history *h = memory;
	if (h->records++ == 0) {
		h->first_step = record->step;
		h->first_cost = record->cost;
		h->largest_rise = -INFINITY;
	} else if (record->cost - h->last_cost > h->largest_rise) {
		h->largest_rise = record->cost - h->last_cost;
	}
	h->last_step = record->step;
	h->last_cost = record->cost;
	h->last_stage = record->stage;
	return TW_OK;
}

/* Trains with these overrides of the default; *theta gets a copy of canonical theta when not NULL. */
static tw_summary train(const char *const *set, int sets, history *h, double **theta)
{
	tw_settings settings;
	tw_run *run = NULL;
	tw_summary summary;
	memset(h, 0, sizeof *h);
	CHECK_OK(tw_settings_read(&settings, NULL, set, sets));
	CHECK_OK(tw_run_create(self, &settings, &run));
	tw_monitor monitor = {.self = h, .record = keep};
	CHECK_OK(tw_run_train(run, &monitor, &summary));
	if (theta) {
		const size_t bytes = (size_t)tw_network_dimension(tw_run_network(run)) * sizeof(double);
		*theta = malloc(bytes);
		memcpy(*theta, tw_run_theta(run), bytes);
	}
	tw_run_free(run);
	tw_settings_free(&settings);
	return summary;
}
#define TRAIN(h, theta, ...)                                                                                         \
	train((const char *const[]){__VA_ARGS__}, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), h, \
	      theta)

/* Least squares without hidden layers: gradient descent ends at the solution of the normal equations, made here by
 * elimination from the same data. */
static void test_least_squares(void)
{
	history h;
	double *theta = NULL;
	tw_summary s = TRAIN(&h, &theta, "data.preset=linear", "precision=double", "network.hidden=[]",
	                     "method.step_size=0.05", "stop.steps=20000", "stop.gradient_norm=1e-11", "seed=5");
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_GRADIENT_NORM);
	tw_data_options options;
	tw_data *data = NULL, *test = NULL;
	tw_data_defaults(&options);
	options.preset = "linear";
	options.seed = 5;
	options.precision = TW_DOUBLE;
	CHECK_OK(tw_data_load(self, &options, &data, &test));
	double a[3][4] = {{0}};
	for (int64_t i = 0; i < data->observations; i++) {
		const double *x = (const double *)data->dense + 2 * i,
		             row[4] = {x[0], x[1], 1, ((const double *)data->output)[i]};
		for (int p = 0; p < 3; p++)
			for (int q = 0; q < 4; q++) a[p][q] += row[p] * row[q];
	}
	for (int p = 0; p < 3; p++)
		for (int r = 0; r < 3; r++)
			for (int q = 3; r != p && q >= p; q--) a[r][q] -= a[r][p] / a[p][p] * a[p][q];
	for (int p = 0; p < 3; p++) CU_ASSERT_DOUBLE_EQUAL(theta[p], a[p][3] / a[p][p], 1e-9);
	CU_ASSERT(h.largest_rise <= 1e-13);
	free(theta);
	tw_data_free(data);
	tw_data_free(test);
}

static void test_stop_reasons(void)
{
	history h;
	tw_summary s = TRAIN(&h, NULL, "stop.steps=0");
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_STEPS);
	CU_ASSERT_EQUAL(s.steps, 0);
	CU_ASSERT_EQUAL(h.records, 1);
	CU_ASSERT(isfinite(s.cost) && isfinite(s.gradient_norm_squared));
	s = TRAIN(&h, NULL, "stop.epochs=3", "method.batch=32");
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_EPOCHS);
	CU_ASSERT_EQUAL(s.steps, 12);
	CU_ASSERT_EQUAL(s.observations, 300);
	s = TRAIN(&h, NULL, "stop.observations=1000", "method.batch=50", "method.sampling=uniform");
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_OBSERVATIONS);
	CU_ASSERT_EQUAL(s.steps, 20);
	s = TRAIN(&h, NULL, "stop.cost=0.5");
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_COST);
	CU_ASSERT(s.cost <= 0.5);
	s = TRAIN(&h, NULL, "stop.no_progress.threshold=0.01", "stop.no_progress.patience=50");
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_NO_PROGRESS);
	s = TRAIN(&h, NULL, "data.preset=linear", "network.hidden=[]", "method.step_size=10", "stop.steps=1000");
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_DIVERGED);
	CU_ASSERT(s.steps < 1000);
	tw_run *run = NULL;
	tw_settings settings;
	const char *const set[] = {"stop.steps=100000000"};
	CHECK_OK(tw_settings_read(&settings, NULL, set, 1));
	CHECK_OK(tw_run_create(self, &settings, &run));
	tw_request_stop();
	CHECK_OK(tw_run_train(run, NULL, &s));
	CU_ASSERT_EQUAL(s.stop_reason, TW_STOP_INTERRUPTED);
	tw_run_free(run);
	tw_settings_free(&settings);
}

/* Rows begin at the start and end at the last iterate; full batches have a row a step. */
static void test_records(void)
{
	history h;
	tw_summary s = TRAIN(&h, NULL, "stop.steps=25");
	CU_ASSERT_EQUAL(h.records, 26);
	CU_ASSERT_EQUAL(h.first_step, 0);
	CU_ASSERT_EQUAL(h.last_step, 25);
	CU_ASSERT_EQUAL(h.last_cost, s.cost);
	s = TRAIN(&h, NULL, "stop.steps=25", "metrics.cost_every=10", "method.batch=10");
	CU_ASSERT_EQUAL(h.records, 4);
	s = TRAIN(&h, NULL, "stop.steps=25", "metrics.cost_every=0");
	CU_ASSERT_EQUAL(h.records, 0);
}

/* The same run in two halves: the second starts from the end of the first. A stage with its own step size. */
static void test_stages(void)
{
	history h;
	char path[] = "/tmp/thalweg-stages-XXXXXX";
	int file = mkstemp(path);
	FILE *stream = fdopen(file, "w");
	fputs("stages:\n  - stop: {steps: 10}\n  - method: {step_size: 0.25}\n    stop: {steps: 15}\n", stream);
	fclose(stream);
	tw_settings settings;
	tw_run *run = NULL;
	tw_summary s;
	memset(&h, 0, sizeof h);
	CHECK_OK(tw_settings_read(&settings, path, NULL, 0));
	CHECK_OK(tw_run_create(self, &settings, &run));
	tw_monitor monitor = {.self = &h, .record = keep};
	CHECK_OK(tw_run_train(run, &monitor, &s));
	CU_ASSERT_EQUAL(s.steps, 25);
	CU_ASSERT_EQUAL(h.last_stage, 1);
	tw_run_free(run);
	tw_settings_free(&settings);
	remove(path);
	/* by hand: ten steps at 1, then fifteen at 0.25 by a piecewise schedule */
	tw_summary other = TRAIN(&h, NULL, "stop.steps=25", "method.schedule.name=piecewise",
	                         "method.schedule.thresholds=[10]", "method.schedule.factor=0.25");
	CU_ASSERT_STRING_EQUAL(s.theta_sha256, other.theta_sha256);
}

/* Different seeds start elsewhere; the same seed repeats itself, with any number of threads. */
static void test_seeds(void)
{
	history h;
	tw_summary a = TRAIN(&h, NULL, "stop.steps=50", "seed=3"),
	           b = TRAIN(&h, NULL, "stop.steps=50", "seed=3", "threads=2");
	tw_summary c = TRAIN(&h, NULL, "stop.steps=50", "seed=4");
	CU_ASSERT_STRING_EQUAL(a.theta_sha256, b.theta_sha256);
	CU_ASSERT_STRING_NOT_EQUAL(a.theta_sha256, c.theta_sha256);
}

int main(void)
{
	if (tw_comm_self(&self) != TW_OK) return 1;
	tw_log_setup(0, 1, true, false);
	CU_TestInfo tests[] = {{"least squares", test_least_squares},
	                       {"records", test_records},
	                       {"stages", test_stages},
	                       {"seeds", test_seeds},
	                       {"stop reasons", test_stop_reasons},
	                       CU_TEST_INFO_NULL};
	int failures = suite_run("run", tests, 0);
	tw_comm_free(self);
	return failures == 0 ? 0 : 1;
}
