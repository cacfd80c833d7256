/* Experiment 5.2: how efficiently gradient-based methods process observations, for training sets of different sizes. */
#include "app/thesis/efficiency.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { QUICK_STARTS = 10, FULL_STARTS = 20, QUICK_EVERY = 10 };

const efficiency_method efficiency_methods[EFFICIENCY_METHODS] = {
    {1, "stochastic gradient descent", "SGD"},
    {50, "mini-batch gradient descent", "mini-batch"},
    {0, "gradient descent", "GD"},
};

/* ---- overrides ------------------------------------------------------------------------------------------------- */

/* Of each training set. */
typedef struct {
	char *file[EFFICIENCY_SIZES];
} rows;

static void free_rows(rows *r)
{
	for (int i = 0; i < EFFICIENCY_SIZES; i++) tw_free(r->file[i]);
}

/* Collective. */
static tw_status make_rows(const thesis_context *context, rows *r)
{
	*r = (rows){{NULL}};
	for (int i = 0; i < EFFICIENCY_SIZES; i++) TW_TRY(efficiency_rows(context, efficiency_size[i], &r->file[i]));
	return TW_OK;
}

static void write_rows(FILE *out, const char *file)
{
	fputs("{rows: ", out);
	tuning_write_quoted(out, file);
	fputc('}', out);
}

/* The training sets: of both sweeps. */
static tw_status set_data(const rows *r, tuning_sets *sets)
{
	FILE *out;
	TW_TRY(tuning_set_begin(sets, &out));
	for (int i = 0; i < EFFICIENCY_SIZES; i++) {
		fputs(i ? ", " : "sweep.data=[", out);
		write_rows(out, r->file[i]);
	}
	fputc(']', out);
	return tuning_set_end(sets);
}

static tw_status set_tuning(const thesis_context *context, const rows *r, tuning_sets *sets)
{
	const int64_t starts = context->seeds ? context->seeds : context->full ? FULL_STARTS : QUICK_STARTS;
	TW_TRY(set_data(r, sets));
	return tuning_set(sets, "sweep.starts=%" PRId64, starts);
}

/* The tuned step size of each curve. */
static tw_status set_step_sizes(const rows *r, const efficiency_results *results, tuning_sets *sets)
{
	FILE *out;
	TW_TRY(tuning_set_begin(sets, &out));
	fputs("sweep.overrides=[", out);
	for (int i = 0; i < EFFICIENCY_CURVES; i++) {
		const int size = i / EFFICIENCY_METHODS;
		const int64_t batch = efficiency_methods[i % EFFICIENCY_METHODS].batch;
		fprintf(out, "%s{when: {data: ", i ? ", " : "");
		write_rows(out, r->file[size]);
		fputs(", batches: ", out);
		tuning_write_batch(out, batch);
		fputs("}, method: {step_size: ", out);
		tuning_write_number(out, results->step_size[i]);
		fputs("}", out);
		if (batch == 1 && size == EFFICIENCY_SIZES - 1)
			fprintf(out, ", metrics: {cost_every: %" PRId64 "}", results->every);
		fputs("}", out);
	}
	fputc(']', out);
	return tuning_set_end(sets);
}

static tw_status set_tuned(const rows *r, const efficiency_results *results, tuning_sets *sets)
{
	TW_TRY(set_data(r, sets));
	TW_TRY(tuning_set(sets, "sweep.starts=1"));
	TW_TRY(tuning_set(sets, "sweep.step_sizes=none"));
	TW_TRY(tuning_set(sets, "sweep.trajectories=all"));
	TW_TRY(tuning_set(sets, "metrics.cost_every=1"));
	return set_step_sizes(r, results, sets);
}

/* ---- training -------------------------------------------------------------------------------------------------- */

/* Rank 0. The grid of the configuration is sizes x methods x step sizes. */
static tw_status read_tuning(const tw_sweep_plan *plan, const tw_run_result *runs, efficiency_results *results)
{
	const int steps = plan->cells / EFFICIENCY_CURVES;
	TW_CHECK(steps > 0 && steps * EFFICIENCY_CURVES == plan->cells, TW_USAGE,
	         "efficiency: a grid of %d cells is not one of %d training sets and %d methods; remove the override that "
	         "makes it so",
	         plan->cells, EFFICIENCY_SIZES, EFFICIENCY_METHODS);
	for (int i = 0; i < EFFICIENCY_CURVES; i++) {
		tuning *t = &results->tuned[i / EFFICIENCY_METHODS][i % EFFICIENCY_METHODS];
		TW_TRY(tuning_of(plan, runs, i * steps, steps, t));
		results->step_size[i] = t->step_size[t->chosen[0] < 0 ? steps - 1 : t->chosen[0]];
	}
	return TW_OK;
}

/* Collective. Runs of all step sizes; those that are tuned, on all ranks. */
static tw_status tune(thesis_context *context, const rows *r, efficiency_results *results)
{
	tuning_sets sets = {.count = 0};
	tw_sweep_plan plan = {0};
	tw_run_result *runs = NULL;
	tw_status status = tw_comm_agree(context->comm, set_tuning(context, r, &sets));
	if (status == TW_OK)
		status = thesis_sweep(context, "tuning", thesis_text("efficiency.yaml"), (const char *const *)sets.text,
		                      sets.count, &plan, &runs);
	tuning_sets_free(&sets);
	TW_TRY(status);
	if (context->speaks) status = read_tuning(&plan, runs, results);
	tw_free(runs);
	tw_sweep_plan_free(&plan);
	TW_TRY(tw_comm_agree(context->comm, status));
	return tw_comm_broadcast(context->comm, results->step_size, sizeof results->step_size, 0);
}

/* Collective. Once more with the tuned step sizes, now with the cost after every step. */
static tw_status run_tuned(thesis_context *context, const rows *r, efficiency_results *results)
{
	tuning_sets sets = {.count = 0};
	char *folder = NULL;
	tw_status status = tw_comm_agree(context->comm, set_tuned(r, results, &sets));
	if (status == TW_OK)
		status = thesis_sweep(context, "tuned", thesis_text("efficiency.yaml"), (const char *const *)sets.text,
		                      sets.count, NULL, NULL);
	tuning_sets_free(&sets);
	TW_TRY(status);
	if (context->speaks) status = thesis_path(context, "tuned", &folder);
	if (folder) status = tuning_read_trajectories(folder, &results->point, &results->points);
	tw_free(folder);
	return tw_comm_agree(context->comm, status);
}

/* ---- the experiment -------------------------------------------------------------------------------------------- */

static tw_status train_and_report(thesis_context *context, const rows *r, efficiency_results *results)
{
	TW_TRY(tune(context, r, results));
	TW_TRY(run_tuned(context, r, results));
	return tw_comm_agree(context->comm, context->speaks ? efficiency_report(context, results) : TW_OK);
}

static tw_status run(thesis_context *context)
{
	rows r;
	efficiency_results results = {.every = context->full ? 1 : QUICK_EVERY};
	tw_status status = make_rows(context, &r);
	if (status == TW_OK) status = train_and_report(context, &r, &results);
	for (int i = 0; i < EFFICIENCY_CURVES; i++)
		tuning_free(&results.tuned[i / EFFICIENCY_METHODS][i % EFFICIENCY_METHODS]);
	tw_free(results.point);
	free_rows(&r);
	return status;
}

static const char *const data[] = {"cal_housing.data", NULL};

const thesis_experiment thesis_efficiency = {
    .name = "efficiency",
    .title = "5.2 Efficiency of gradient-based methods",
    .brief = "step sizes tuned for three methods and training sets, and the cost over the observations used",
    .reduced = "10 starts in place of 20; for n = 10,000 the cost along stochastic gradient descent at every 10th step",
    .data = data,
    .run = run,
};
