/* What measuring every K-th iterate alone changes, on a few short runs that are measured at every one. */
#include "app/thesis/gradient_norm.h"

#include <inttypes.h>
#include <math.h>

#include "report/compare_table.h"

/* Of one run: sums of ||grad f(theta_k)||^2 over k = 1, 2, ... and over k = K, 2K, ... */
typedef struct {
	double sum, sum_every;
	int64_t count, count_every;
} run_sums;

static tw_status add_row(const tw_run_table *table, int64_t row, const int *column, int64_t runs, int64_t every,
                         run_sums *sums)
{
	double run, step, value;
	TW_TRY(tw_run_table_number(table, row, column[0], &run));
	TW_TRY(tw_run_table_number(table, row, column[1], &step));
	if (step < 1 || tw_run_table_field(table, row, column[2])[0] == 0) return TW_OK;
	TW_TRY(tw_run_table_number(table, row, column[2], &value));
	TW_CHECK(run >= 0 && run < (double)runs, TW_IO, "%s:%lld: there is no run %g in this sweep", table->file,
	         (long long)table->line[row], run);
	run_sums *of = &sums[(int64_t)run];
	of->sum += value;
	of->count++;
	if ((int64_t)step % every != 0) return TW_OK;
	of->sum_every += value;
	of->count_every++;
	return TW_OK;
}

static tw_status read_sums(const char *file, int64_t runs, int64_t every, run_sums *sums)
{
	static const char *const names[] = {"run", "step", "gradient_norm_squared"};
	int column[3];
	tw_run_table table;
	tw_status status = tw_run_table_read(file, &table);
	for (int i = 0; i < 3 && status == TW_OK; i++)
		status = tw_run_table_require(&table, names[i], "this version of thalweg", &column[i]);
	for (int64_t row = 0; row < table.rows && status == TW_OK; row++)
		status = add_row(&table, row, column, runs, every, sums);
	tw_run_table_free(&table);
	return status;
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

static tw_status write_runs(const thesis_context *context, const tw_sweep_plan *plan, const run_sums *sums)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "every-step.csv"));
	fputs("step_size,start,steps,mean_every_step,measured,mean_every_kth_step\n", file.file);
	for (int64_t run = 0; run < plan->runs; run++) {
		const tw_cell *cell = &plan->cell[tw_sweep_cell_of(plan, run)];
		noise_put(file.file, cell->settings.stage[0].schedule.base, ',');
		fprintf(file.file, "%" PRId64 ",%" PRId64 ",", run - cell->first_run, sums[run].count);
		noise_put(file.file, sums[run].sum / (double)sums[run].count, ',');
		fprintf(file.file, "%" PRId64 ",", sums[run].count_every);
		noise_put(file.file, sums[run].sum_every / (double)sums[run].count_every, '\n');
	}
	return tw_part_close(&file);
}

/* Means of a cell's runs over all iterates and over every K-th. */
static void cell_means(const tw_cell *cell, const run_sums *sums, double *all, double *some)
{
	*all = *some = 0;
	for (int64_t run = cell->first_run; run < cell->first_run + cell->starts; run++) {
		*all += sums[run].sum / (double)sums[run].count / (double)cell->starts;
		*some += sums[run].sum_every / (double)sums[run].count_every / (double)cell->starts;
	}
}

static tw_status report(thesis_context *context, const tw_sweep_plan *plan, const run_sums *sums, int64_t every,
                        const noise_series *among)
{
	static const char *const head[] = {"α",
	                                   "runs",
	                                   "steps",
	                                   "every step",
	                                   "selected",
	                                   "difference, %",
	                                   "standard error of the mean of the experiment, %"};
	tw_page *page = context->page;
	int compared = 0, within = 0;
	double largest = 0;
	tw_page_heading(page, 2, "Measuring every %" PRId64 "th iterate", every);
	tw_page_text(page,
	             "Consecutive iterates are nearly the same point, and so are the norms of their gradients. A few short "
	             "runs, measured after every step, show what is lost when only k = %" PRId64 ", %" PRId64
	             ", ... are taken.",
	             every, 2 * every);
	tw_page_table(page, "Mean of ‖∇f(θₖ)‖² over all iterates and over the selected ones", 7, head);
	for (int c = 0; c < plan->cells; c++) {
		const tw_cell *cell = &plan->cell[c];
		double all, some;
		cell_means(cell, sums, &all, &some);
		const double difference = 100 * (some - all) / all;
		const noise_group *group =
		    noise_series_find(among, cell->settings.stage[0].schedule.base, cell->settings.batch);
		const double error = group ? 100 * group->error / group->mean : NAN;
		char text[7][TW_NUMBER_TEXT];
		snprintf(text[0], sizeof text[0], "%g", cell->settings.stage[0].schedule.base);
		snprintf(text[1], sizeof text[1], "%" PRId64, cell->starts);
		snprintf(text[2], sizeof text[2], "%" PRId64, sums[cell->first_run].count);
		snprintf(text[3], sizeof text[3], "%.4g", all);
		snprintf(text[4], sizeof text[4], "%.4g", some);
		snprintf(text[5], sizeof text[5], "%.2f", difference);
		snprintf(text[6], sizeof text[6], isfinite(error) ? "%.2f" : "", error);
		const char *cells[7];
		for (int i = 0; i < 7; i++) cells[i] = text[i];
		tw_page_row(page, cells);
		if (!isfinite(error) || !isfinite(difference)) continue;
		compared++;
		within += fabs(difference) <= error;
		if (fabs(difference) > largest) largest = fabs(difference);
	}
	tw_page_table_end(page);
	if (compared > 0)
		tw_page_finding(page, within == compared ? TW_AGREES : TW_DIFFERS,
		                "Measuring the gradient at every %" PRId64
		                "th step instead of every one changes the mean by at "
		                "most %.2f %%, which is %s its standard error over the runs of the experiment.",
		                every, largest, within == compared ? "within" : "beyond");
	return write_runs(context, plan, sums);
}

static tw_status read_and_report(thesis_context *context, const tw_sweep_plan *plan, int64_t every,
                                 const noise_series *among)
{
	run_sums *sums = NULL;
	char *file = NULL;
	TW_TRY(thesis_path(context, "every-step/trajectories.csv", &file));
	tw_status status = tw_alloc_array((void **)&sums, plan->runs, sizeof(run_sums), "averages of runs");
	if (status == TW_OK) status = read_sums(file, plan->runs, every, sums);
	if (status == TW_OK) status = report(context, plan, sums, every, among);
	tw_free(sums);
	tw_free(file);
	return status;
}

tw_status noise_report_every(thesis_context *context, const char *theta1, int64_t every, const noise_series *among)
{
	noise_sets sets;
	tw_sweep_plan plan;
	TW_TRY(tw_comm_agree(context->comm, noise_sets_make(theta1, 1, &sets)));
	tw_status status = thesis_sweep(context, "every-step", thesis_text("gradient-norm-every-step.yaml"),
	                                (const char *const *)sets.text, sets.count, &plan, NULL);
	noise_sets_free(&sets);
	TW_TRY(status);
	if (context->speaks) status = read_and_report(context, &plan, every, among);
	tw_sweep_plan_free(&plan);
	return tw_comm_agree(context->comm, status);
}
