/* What sweeps measure of iterates: costs and norms of gradients along the run are those that training alone reports, as
 * are their mean and the end of a run that diverges. */
#include "suite.h"

#include <thalweg/run.h>

static tw_comm *self;

enum { MOST_RUNS = 64, MOST_POINTS = 200 };
typedef struct {
	tw_run_result result;
	tw_trace_point point[MOST_POINTS];
} kept_run;
typedef struct {
	kept_run run[MOST_RUNS];
	int finished;
} kept_sweep;

static tw_status keep_run(void *memory, const tw_run_result *result, const void *theta, const tw_trace_point *trace)
{
	kept_sweep *kept = memory;
	(void)theta;
	kept_run *run = &kept->run[result->run];
	run->result = *result;
	for (int64_t i = 0; i < result->trace_points && i < MOST_POINTS; i++) run->point[i] = trace[i];
	kept->finished++;
	return TW_OK;
}

static void train_sweep(const char *text, const char *replicas, tw_sweep_plan *plan, kept_sweep *kept)
{
	tw_sweep_summary summary;
	const tw_sweep_monitor monitor = {.self = kept, .finished = keep_run};
	memset(kept, 0, sizeof *kept);
	CHECK_OK(tw_sweep_plan_parse("test", text, &replicas, 1, plan));
	CU_ASSERT_FATAL(plan->runs <= MOST_RUNS);
	CHECK_OK(tw_sweep_train(self, plan, NULL, &monitor, &summary));
	CU_ASSERT_EQUAL(kept->finished, plan->runs);
	tw_free(summary.worker);
}

/* ---- training alone -------------------------------------------------------------------------------------------- */

typedef struct {
	tw_record record[MOST_POINTS];
	int records;
} history;

static tw_status keep_record(void *memory, const tw_record *record)
{
	history *h = memory;
	if (h->records < MOST_POINTS) h->record[h->records++] = *record;
	return TW_OK;
}

static void train_alone(const tw_sweep_plan *plan, int64_t number, history *h, tw_summary *summary)
{
	const tw_settings settings = tw_sweep_run_settings(plan, number);
	const tw_monitor monitor = {.self = h, .record = keep_record};
	tw_run *run;
	memset(h, 0, sizeof *h);
	CHECK_OK(tw_run_create(self, &settings, &run));
	CHECK_OK(tw_run_train(run, &monitor, summary));
	tw_run_free(run);
}

static bool near(double a, double b, double tolerance)
{
	return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance * (fabs(a) + fabs(b)) + 1e-30;
}

static void compare_points(const kept_run *kept, const history *alone, double tolerance)
{
	CU_ASSERT_EQUAL(kept->result.trace_points, alone->records);
	for (int i = 0; i < alone->records && i < kept->result.trace_points; i++) {
		const tw_trace_point *point = &kept->point[i];
		const tw_record *record = &alone->record[i];
		CU_ASSERT_EQUAL(point->step, record->step);
		CU_ASSERT(near(point->cost, record->cost, tolerance));
		CU_ASSERT(near(point->gradient_norm_squared, record->gradient_norm_squared, 10 * tolerance));
		if (i < alone->records - 1) CU_ASSERT_EQUAL(point->step_size, record->step_size);
	}
}

static void compare_all(const tw_sweep_plan *plan, const kept_sweep *kept, double tolerance)
{
	static history alone;
	for (int64_t run = 0; run < plan->runs; run++) {
		const tw_run_result *result = &kept->run[run].result;
		tw_summary summary;
		train_alone(plan, run, &alone, &summary);
		CU_ASSERT_STRING_EQUAL(result->theta_sha256, summary.theta_sha256);
		CU_ASSERT_EQUAL(result->steps, summary.steps);
		CU_ASSERT_EQUAL(result->observations, summary.observations);
		CU_ASSERT_EQUAL(result->stop_reason, summary.stop_reason);
		CU_ASSERT(near(result->mean_gradient_norm_squared, summary.mean_gradient_norm_squared, 10 * tolerance));
		if (plan->trace == TW_TRACE_ALL) compare_points(&kept->run[run], &alone, tolerance);
	}
}

/* ---- tests ----------------------------------------------------------------------------------------------------- */

#define COMMON                                                                               \
	"data: {preset: teacher, observations: 333, dimension: 7, noise: 0.3, storage: dense}\n" \
	"network: {activation: leaky_relu, leak: 0.1, output: identity}\nloss: square\n"         \
	"initial: {distribution: glorot_uniform, bias: 0.1}\n"

/* Measured together: the costs every 2nd step, the norms every 3rd, in lanes. */
static void test_mini_batches(void)
{
	static const char *const precisions[] = {"float", "double"};
	static kept_sweep kept;
	for (int p = 0; p < 2; p++) {
		char text[1024];
		tw_sweep_plan plan;
		snprintf(text, sizeof text,
		         COMMON
		         "precision: %s\nmethod: {sampling: uniform, step_size: 0.02}\nstop: {steps: 60}\n"
		         "metrics: {cost_every: 2, gradient_norm_every: 3}\n"
		         "sweep: {starts: 3, hidden_layers: [1, 2], widths: [3, 9], batches: [1, 16], trajectories: all}",
		         precisions[p]);
		train_sweep(text, "sweep.replicas=auto", &plan, &kept);
		compare_all(&plan, &kept, p ? 1e-12 : 1e-5);
		tw_sweep_plan_free(&plan);
	}
}

/* Full batches know their cost; the norms of gradients every 5th step. */
static void test_full_batches(void)
{
	static kept_sweep kept;
	tw_sweep_plan plan;
	train_sweep(COMMON
	            "method: {step_size: 0.02}\nstop: {steps: 25}\nmetrics: {cost_every: 1, gradient_norm_every: 5}\n"
	            "sweep: {starts: 4, hidden_layers: [1, 2], widths: [3, 9], trajectories: all}",
	            "sweep.replicas=auto", &plan, &kept);
	compare_all(&plan, &kept, 1e-5);
	tw_sweep_plan_free(&plan);
}

/* A mean alone, without trajectories: the same bits whatever runs are measured together. */
static void test_replicas(void)
{
	static const char text[] = COMMON "method: {sampling: shuffle, batch: 9, step_size: 0.02}\nstop: {steps: 101}\n"
	                                  "metrics: {cost_every: 0, gradient_norm_every: 4}\n"
	                                  "sweep: {starts: 21, hidden_layers: [2], widths: [5]}";
	static const char *const replicas[] = {"sweep.replicas=1", "sweep.replicas=5", "sweep.replicas=64"};
	static kept_sweep kept[3];
	for (int i = 0; i < 3; i++) {
		tw_sweep_plan plan;
		train_sweep(text, replicas[i], &plan, &kept[i]);
		for (int64_t run = 0; run < plan.runs; run++) {
			CU_ASSERT(isfinite(kept[i].run[run].result.mean_gradient_norm_squared));
			CU_ASSERT_EQUAL(kept[i].run[run].result.mean_gradient_norm_squared,
			                kept[0].run[run].result.mean_gradient_norm_squared);
			CU_ASSERT_STRING_EQUAL(kept[i].run[run].result.theta_sha256, kept[0].run[run].result.theta_sha256);
		}
		if (i == 0) compare_all(&plan, &kept[0], 1e-5);
		tw_sweep_plan_free(&plan);
	}
}

/* Runs that diverge end at the step and the theta where training alone ends, though their iterates are looked at later:
 * a growing step size makes f overflow between two evaluations. */
static void test_divergence(void)
{
	static const char text[] = COMMON "method: {sampling: uniform, step_size: 0.9}\nstop: {steps: 400}\n"
	                                  "metrics: {cost_every: 7, gradient_norm_every: 0}\n"
	                                  "sweep: {starts: 5, hidden_layers: [2], widths: [6], step_sizes: [0.9, 0.05],\n"
	                                  "        batches: [2, 4], trajectories: all}";
	static kept_sweep kept;
	tw_sweep_plan plan;
	int64_t diverged = 0;
	train_sweep(text, "sweep.replicas=auto", &plan, &kept);
	compare_all(&plan, &kept, 1e-5);
	for (int64_t run = 0; run < plan.runs; run++) diverged += kept.run[run].result.stop_reason == TW_STOP_DIVERGED;
	CU_ASSERT(diverged > 0 && diverged < plan.runs);
	tw_sweep_plan_free(&plan);
}

int main(void)
{
	CU_TestInfo tests[] = {{"iterates of mini-batch runs", test_mini_batches},
	                       {"iterates of full-batch runs", test_full_batches},
	                       {"any number of replicas", test_replicas},
	                       {"runs that diverge", test_divergence},
	                       CU_TEST_INFO_NULL};
	if (tw_comm_self(&self) != TW_OK) return 1;
	const int failures = suite_run("measuring", tests, 0);
	tw_comm_free(self);
	return failures == 0 ? 0 : 1;
}
