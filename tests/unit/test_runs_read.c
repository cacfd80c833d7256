/* Configurations from a text instead of a file; runs.csv read back. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

static char folder[64];

static const char grid[] = "stop: {steps: 3}\nsweep: {starts: 2, widths: [1, 2]}\n";
enum { RUNS = 4 };

/* ---- configurations ------------------------------------------------------------------------------------------ */

static void write_file(const char *name, const char *text)
{
	CHECK_OK(tw_file_write(folder, name, text, strlen(text)));
}

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void test_plan_of_text(void)
{
	static const char *const set[] = {"sweep.starts=5"};
	tw_sweep_plan text, file;
	write_file("grid.yaml", grid);
	CHECK_OK(tw_sweep_plan_parse("grid", grid, set, 1, &text));
	CHECK_OK(tw_sweep_plan_read(path_of("grid.yaml"), set, 1, &file));
	CU_ASSERT_EQUAL(text.runs, 10);
	CU_ASSERT_STRING_EQUAL(text.digest, file.digest);
	CU_ASSERT_STRING_EQUAL(text.text, file.text);
	tw_sweep_plan_free(&text);
	tw_sweep_plan_free(&file);
	CU_ASSERT_EQUAL(tw_sweep_plan_parse("grid", "\nsweep: {starts: 0}", NULL, 0, &text), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "grid:2"));
}

static void test_settings_of_text(void)
{
	static const char *const set[] = {"method.step_size=0.5"};
	tw_settings settings;
	CHECK_OK(tw_settings_parse(&settings, "theta1", "network: {hidden: [7]}", set, 1));
	CU_ASSERT_EQUAL(settings.hidden[0], 7);
	CU_ASSERT_EQUAL(settings.stage[0].schedule.base, 0.5);
	tw_settings_free(&settings);
	CU_ASSERT_EQUAL(tw_settings_parse(&settings, "theta1", "seed: 1\nnetwork: {hiden: [7]}", NULL, 0), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "theta1:2"));
}

/* ---- runs.csv ------------------------------------------------------------------------------------------------ */

static tw_run_result made_up(int64_t run)
{
	tw_run_result result = {
	    .run = run,
	    .cost = run == 1 ? INFINITY : 0.1 / (double)(run + 1),
	    .gradient_norm_squared = run == 1 ? NAN : 1e-7 * (double)run,
	    .mean_gradient_norm_squared = run == 2 ? 0.25 : NAN,
	    .steps = 3 + run,
	    .observations = 300 + run,
	    .stop_reason = run == 1 ? TW_STOP_DIVERGED : TW_STOP_STEPS,
	    .dimension = 5,
	};
	snprintf(result.theta_sha256, sizeof result.theta_sha256, "%064d", (int)run);
	return result;
}

/* Runs 0 to `count` - 1 of the grid, in runs.csv. */
static void write_runs(const tw_sweep_plan *plan, int64_t count)
{
	static const double theta[16];
	tw_journal *journal;
	CHECK_OK(tw_journal_create(NULL, plan, &journal));
	for (int64_t run = 0; run < count; run++) {
		const tw_run_result result = made_up(run);
		CHECK_OK(tw_journal_add(journal, &result, theta, NULL));
	}
	CHECK_OK(tw_runs_write(folder, plan, journal));
	tw_journal_close(journal, false);
}

/* As float texts of nine digits tell it. */
static void check_real(double found, double wanted)
{
	if (isnan(wanted)) {
		CU_ASSERT(isnan(found));
	} else if (isinf(wanted)) {
		CU_ASSERT_EQUAL(found, wanted);
	} else {
		CU_ASSERT_DOUBLE_EQUAL(found, wanted, 1e-7 * fabs(wanted));
	}
}

static void test_runs_come_back(void)
{
	tw_sweep_plan plan;
	tw_run_result results[RUNS];
	CHECK_OK(tw_sweep_plan_parse("grid", grid, NULL, 0, &plan));
	CU_ASSERT_EQUAL_FATAL(plan.runs, RUNS);
	write_runs(&plan, RUNS - 1);
	CHECK_OK(tw_runs_read(folder, &plan, results));
	for (int64_t run = 0; run < RUNS - 1; run++) {
		const tw_run_result wanted = made_up(run), *found = &results[run];
		CU_ASSERT_EQUAL(found->run, run);
		check_real(found->cost, wanted.cost);
		check_real(found->gradient_norm_squared, wanted.gradient_norm_squared);
		check_real(found->mean_gradient_norm_squared, wanted.mean_gradient_norm_squared);
		CU_ASSERT_EQUAL(found->steps, wanted.steps);
		CU_ASSERT_EQUAL(found->observations, wanted.observations);
		CU_ASSERT_EQUAL(found->stop_reason, wanted.stop_reason);
		CU_ASSERT_STRING_EQUAL(found->theta_sha256, wanted.theta_sha256);
	}
	CU_ASSERT_EQUAL(results[RUNS - 1].run, -1);
	tw_sweep_plan_free(&plan);
}

#define HEAD "run,cost,steps,observations,stop_reason,gradient_norm_squared,theta_sha256\n"
#define DIGEST "0123456789012345678901234567890123456789012345678901234567890123"

static void test_damaged_runs(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
	    {"run,steps\n1,2\n", "has no column 'cost'"},
	    {HEAD "0,1,2,3,steps,4," DIGEST "\n0,1,2,3,steps,4," DIGEST "\n", "line 3, field 1 (run)"},
	    {HEAD "4,1,2,3,steps,4," DIGEST "\n", "line 2, field 1 (run)"},
	    {HEAD "0,low,2,3,steps,4," DIGEST "\n", "line 2, field 2 (cost)"},
	    {HEAD "0,1,-2,3,steps,4," DIGEST "\n", "line 2, field 3 (steps)"},
	    {HEAD "0,1,2,3,tired,4," DIGEST "\n", "line 2, field 5 (stop_reason)"},
	    {HEAD "0,1,2,3,steps,4,0123\n", "line 2, field 7 (theta_sha256)"},
	};
	tw_sweep_plan plan;
	tw_run_result results[RUNS];
	CHECK_OK(tw_sweep_plan_parse("grid", grid, NULL, 0, &plan));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_file("runs.csv", cases[i].text);
		CU_ASSERT_EQUAL(tw_runs_read(folder, &plan, results), TW_IO);
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), cases[i].message));
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "runs.csv"));
	}
	/* A table from before there was a mean. */
	write_file("runs.csv", HEAD "2,1,2,3,steps,," DIGEST "\n");
	CHECK_OK(tw_runs_read(folder, &plan, results));
	CU_ASSERT(isnan(results[2].mean_gradient_norm_squared) && isnan(results[2].gradient_norm_squared));
	CU_ASSERT_EQUAL(results[0].run, -1);
	unlink(path_of("runs.csv"));
	CU_ASSERT_EQUAL(tw_runs_read(folder, &plan, results), TW_IO);
	tw_sweep_plan_free(&plan);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"a plan from a text", test_plan_of_text},
	    {"settings from a text", test_settings_of_text},
	    {"runs come back", test_runs_come_back},
	    {"damaged runs", test_damaged_runs},
	    CU_TEST_INFO_NULL,
	};
	snprintf(folder, sizeof folder, "/tmp/test_runs_read.XXXXXX");
	if (!mkdtemp(folder)) return 1;
	tw_log_setup(0, 1, true, false);
	int failures = suite_run("runs_read", tests, 0);
	unlink(path_of("grid.yaml"));
	rmdir(folder);
	return failures != 0;
}
