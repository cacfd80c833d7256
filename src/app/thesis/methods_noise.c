/* (c) The average squared norm of the gradient over the step size: is it still proportional, as in experiment 5.3. */
#include "app/thesis/gradient_norm.h"
#include "app/thesis/methods.h"
#include "report/folder.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { QUICK_RUNS = 8, QUICK_EVERY = 100, MOST_STEP_SIZES = 64, COLUMNS = 7 };

/* The cells of one update rule: first, ..., first + count - 1 of the plan and of the series. */
typedef struct {
	const char *update;
	int first, count;
} span;

static span span_from(const tw_sweep_plan *plan, int first)
{
	const int update = plan->cell[first].settings.update;
	span of = {.update = tw_update_info_of(update)->name, .first = first};
	while (first + of.count < plan->cells && plan->cell[first + of.count].settings.update == update &&
	       of.count < MOST_STEP_SIZES)
		of.count++;
	return of;
}

/* The straight line through the means of a rule. */
static noise_line line_of(const noise_series *series, const span *of)
{
	double x[MOST_STEP_SIZES], y[MOST_STEP_SIZES];
	int points = 0;
	for (int g = of->first; g < of->first + of->count; g++) {
		if (series->group[g].runs == 0) continue;
		x[points] = series->group[g].step_size;
		y[points++] = series->group[g].mean;
	}
	return noise_line_through(x, y, points);
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

static tw_status write_means(const thesis_context *context, const tw_sweep_plan *plan, const noise_series *series)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "methods-noise.csv"));
	fputs("update,step_size,runs,mean,standard_error,smallest,largest\n", out.file);
	for (int g = 0; g < series->groups; g++) {
		const noise_group *group = &series->group[g];
		fprintf(out.file, "%s,", tw_update_info_of(plan->cell[g].settings.update)->name);
		tuning_write_number(out.file, group->step_size);
		fprintf(out.file, ",%" PRId64 ",", group->runs);
		noise_put(out.file, group->mean, ',');
		noise_put(out.file, group->error, ',');
		noise_put(out.file, group->smallest, ',');
		noise_put(out.file, group->largest, '\n');
	}
	return tw_part_close(&out);
}

/* ---- table and findings --------------------------------------------------------------------------------------------
 */

static void show_method(tw_page *page, const noise_series *series, const span *of)
{
	const noise_line line = line_of(series, of);
	const noise_group *low = &series->group[of->first], *high = &series->group[of->first + of->count - 1];
	char text[COLUMNS][METHODS_CELL];
	const char *cell[COLUMNS];
	for (int c = 0; c < COLUMNS; c++) cell[c] = text[c];
	cell[0] = of->update;
	methods_show(text[1], low->mean);
	methods_show(text[2], high->mean);
	methods_show(text[3], line.slope);
	methods_show(text[4], line.intercept);
	methods_show(text[5], line.r_squared);
	methods_show(text[6], line.exponent);
	tw_page_row(page, cell);
}

/* What a line and the exponent of a power say in words. */
static const char *judge(const noise_line *line)
{
	if (line->r_squared >= 0.95 && line->exponent > 0.8 && line->exponent < 1.25) return "grows in proportion to it";
	if (line->exponent >= 1.5) return "grows faster than it";
	if (line->r_squared >= 0.8 && line->exponent > 0.5) return "grows with it roughly along a straight line";
	return "is no clear function of it";
}

static void find_method(tw_page *page, const noise_series *series, const span *of)
{
	const noise_line line = line_of(series, of);
	tw_page_finding(
	    page, TW_NOTE,
	    "Noise over the step size, %s: the mean of the average ‖∇f‖² %s (R² of the line %.3f, exponent of the "
	    "best power of α %.2f).%s",
	    of->update, judge(&line), line.r_squared, line.exponent,
	    strcmp(of->update, "plain") == 0 ? " The thesis found its means almost on a straight line; experiment "
	                                       "5.3 tells it from more runs."
	                                     : "");
}

static tw_status report(thesis_context *context, const tw_sweep_plan *plan, const noise_series *series)
{
	static const char *const head[COLUMNS] = {"method", "mean, first α", "mean, last α", "slope", "intercept",
	                                          "R²",     "exponent"};
	tw_page *page = context->page;
	const tw_settings *settings = &plan->cell[0].settings;
	TW_TRY(write_means(context, plan, series));
	tw_page_heading(page, 2, "(c) The average squared norm of the gradient");
	tw_page_text(
	    page,
	    "Experiment 5.3 from its first θ₁: %" PRId64 " runs of %" PRId64
	    " steps with each step size, one observation a step; ‖∇f(θₖ)‖² over all observations after every %" PRId64
	    "th step. Step sizes are those of the experiment for plain descent and a tenth of them for the others: "
	    "with momentum 0.9 a gradient moves θ ten times as far in the end, and the adaptive methods take steps "
	    "of about α in every coordinate however small the gradient is.",
	    plan->cell[0].starts, settings->stage[0].stop.steps, settings->gradient_norm_every);
	TW_TRY(thesis_draw(context, "methods-noise",
	                   "Mean of the averages of ‖∇f(θₖ)‖² over the step size, both axes logarithmic; bars: smallest to "
	                   "largest run. The thin line has slope 1, that of proportionality."));
	tw_page_table(page,
	              "The straight line of least squares through the means, and the exponent of the power of α that fits "
	              "them best (1: proportional).",
	              COLUMNS, head);
	for (int c = 0; c < plan->cells; c += span_from(plan, c).count) {
		const span of = span_from(plan, c);
		show_method(page, series, &of);
	}
	tw_page_table_end(page);
	for (int c = 0; c < plan->cells; c += span_from(plan, c).count) {
		const span of = span_from(plan, c);
		find_method(page, series, &of);
	}
	if (series->diverged) tw_page_text(page, "%" PRId64 " runs diverged and are left out.", series->diverged);
	return TW_OK;
}

/* ---- training ------------------------------------------------------------------------------------------------------
 */

/* Collective. The folder of experiment 5.3 beside this one's, where it has its first theta_1; else an empty text. */
static tw_status find_neighbour(const thesis_context *context, char **folder)
{
	char *file = NULL;
	bool there = false;
	tw_status status = tw_folder_path(context->folder, "../gradient-norm", folder);
	if (status == TW_OK) status = tw_folder_path(*folder, "theta1-1.h5", &file);
	if (status == TW_OK && context->speaks) there = access(file, R_OK) == 0;
	tw_free(file);
	TW_TRY(tw_comm_agree(context->comm, status));
	TW_TRY(tw_comm_broadcast(context->comm, &there, sizeof there, 0));
	if (!there) **folder = 0;
	return TW_OK;
}

/* Collective. theta_1 of experiment 5.3: its own where it is there, else trained here. */
static tw_status find_theta1(thesis_context *context, char **file)
{
	char *folder = NULL;
	thesis_context neighbour = *context;
	*file = NULL;
	tw_status status = find_neighbour(context, &folder);
	if (status == TW_OK && *folder) neighbour.folder = folder;
	if (status == TW_OK) status = thesis_theta1(&neighbour, 1, file);
	tw_free(folder);
	return status;
}

static tw_status set_all(const thesis_context *context, const char *theta1, tuning_sets *sets)
{
	TW_TRY(tuning_set_path(sets, "initial.file", theta1));
	if (!context->full) TW_TRY(tuning_set(sets, "sweep.starts=%d", QUICK_RUNS));
	const int64_t every = context->every ? context->every : context->full ? 0 : QUICK_EVERY;
	return every ? tuning_set(sets, "metrics.gradient_norm_every=%" PRId64, every) : TW_OK;
}

/* Collective. */
static tw_status train_from(thesis_context *context, const char *theta1)
{
	tuning_sets sets = {.count = 0};
	tw_sweep_plan plan = {0};
	tw_run_result *runs = NULL;
	noise_series series = {.group = NULL};
	tw_status status = tw_comm_agree(context->comm, set_all(context, theta1, &sets));
	if (status == TW_OK)
		status = thesis_sweep(context, "noise", thesis_text("methods-noise.yaml"), (const char *const *)sets.text,
		                      sets.count, &plan, &runs);
	tuning_sets_free(&sets);
	TW_TRY(status);
	if (context->speaks) {
		status = noise_series_make(&plan, runs, &series);
		if (status == TW_OK) status = report(context, &plan, &series);
		noise_series_free(&series);
	}
	tw_free(runs);
	tw_sweep_plan_free(&plan);
	return tw_comm_agree(context->comm, status);
}

tw_status methods_noise(thesis_context *context)
{
	char *theta1 = NULL;
	tw_status status = find_theta1(context, &theta1);
	if (status == TW_OK) status = train_from(context, theta1);
	tw_free(theta1);
	return status;
}
