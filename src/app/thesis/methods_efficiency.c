/* (b) Which method reaches the lowest cost with the same observations: experiment 5.2 on its largest training set. */
#include "app/thesis/methods.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { QUICK_STARTS = 3, COLUMNS = 7, CURVE_POINTS = 400 };

/* The tuned runs of a group: the median over its starts of the cost after each measured step. */
typedef struct {
	int64_t points, observations_a_step;
	int64_t *step;
	double *cost;
} curve;

typedef struct {
	methods_groups groups;
	double *step_size; /* a group: the one with the lowest median */
	curve *curve;      /* a group */
	int count;
	int64_t observations; /* n */
} results;

/* ---- overrides ------------------------------------------------------------------------------------------------- */

static tw_status set_data(const char *rows, int64_t starts, tuning_sets *sets)
{
	TW_TRY(tuning_set_path(sets, "data.rows", rows));
	return starts ? tuning_set(sets, "sweep.starts=%" PRId64, starts) : TW_OK;
}

/* Steps between two measured iterates, so that a curve has some CURVE_POINTS of them. */
static int64_t every_of(int64_t observations, int64_t batch)
{
	const int64_t every = batch ? 20 * observations / batch / CURVE_POINTS : 1;
	return every < 1 ? 1 : every;
}

/* tuning: its plan, the same on all ranks. */
static tw_status set_step_sizes(const tw_sweep_plan *tuning_plan, const results *r, tuning_sets *sets)
{
	FILE *out;
	TW_TRY(tuning_set(sets, "sweep.step_sizes=none"));
	TW_TRY(tuning_set(sets, "sweep.trajectories=all"));
	TW_TRY(tuning_set_begin(sets, &out));
	fputs("sweep.overrides=[", out);
	const int steps = tuning_plan->cells / r->count;
	for (int g = 0; g < r->count; g++) {
		const tw_settings *settings = &tuning_plan->cell[g * steps].settings;
		fprintf(out, "%s{when: {methods: %s, batches: ", g ? ", " : "", tw_update_info_of(settings->update)->name);
		tuning_write_batch(out, settings->batch);
		fputs("}, method: {step_size: ", out);
		tuning_write_number(out, r->step_size[g]);
		fprintf(out, "}, metrics: {cost_every: %" PRId64 "}}", every_of(r->observations, settings->batch));
	}
	fputc(']', out);
	return tuning_set_end(sets);
}

/* ---- training -------------------------------------------------------------------------------------------------- */

static bool same_method(const tw_settings *a, const tw_settings *b)
{
	return a->update == b->update && a->batch == b->batch;
}

/* Local, on all ranks: how many methods and batches the grid has. */
static tw_status count_groups(const tw_sweep_plan *plan, results *r)
{
	for (int c = 0; c < plan->cells; c++)
		r->count += c == 0 || !same_method(&plan->cell[c].settings, &plan->cell[c - 1].settings);
	TW_CHECK(
	    plan->cells % r->count == 0, TW_USAGE,
	    "methods: the methods of the grid have different numbers of step sizes; remove the override that makes it so");
	TW_TRY(tw_alloc_array((void **)&r->step_size, r->count, sizeof *r->step_size, "step sizes"));
	return tw_alloc_array((void **)&r->curve, r->count, sizeof *r->curve, "curves");
}

/* Rank 0. */
static tw_status read_tuning(const tw_sweep_plan *plan, const tw_run_result *runs, results *r)
{
	TW_TRY(methods_groups_of(plan, runs, &r->groups));
	for (int g = 0; g < r->count; g++) {
		const tuning *t = &r->groups.group[g].tuned;
		r->step_size[g] = t->step_size[t->best_median < 0 ? t->steps - 1 : t->best_median];
	}
	return TW_OK;
}

/* Collective. plan: of the tuning, to be freed also after a failure. */
static tw_status tune(thesis_context *context, const char *rows, int64_t starts, tw_sweep_plan *plan, results *r)
{
	tuning_sets sets = {.count = 0};
	tw_run_result *runs = NULL;
	tw_status status = tw_comm_agree(context->comm, set_data(rows, starts, &sets));
	if (status == TW_OK)
		status = thesis_sweep(context, "efficiency-tuning", thesis_text("methods-efficiency.yaml"),
		                      (const char *const *)sets.text, sets.count, plan, &runs);
	tuning_sets_free(&sets);
	TW_TRY(status);
	status = count_groups(plan, r);
	if (status == TW_OK && context->speaks) status = read_tuning(plan, runs, r);
	tw_free(runs);
	TW_TRY(tw_comm_agree(context->comm, status));
	return tw_comm_broadcast(context->comm, r->step_size, (size_t)r->count * sizeof *r->step_size, 0);
}

/* ---- curves ---------------------------------------------------------------------------------------------------- */

/* points: those of all runs, run after run. A run that ends before the longest of the group has diverged: +infinity. */
static tw_status make_curve(const tuning_point *point, int64_t points, int64_t first_run, int64_t starts, curve *c)
{
	double *cost;
	int64_t *first; /* of each start, and behind the last */
	int64_t length = 0, longest = 0;
	TW_TRY(tw_alloc_array((void **)&first, starts + 1, sizeof *first, "trajectories"));
	tw_status status = tw_alloc_array((void **)&cost, starts, sizeof *cost, "trajectories");
	for (int64_t s = 0, i = 0; s <= starts; s++) {
		while (i < points && point[i].run < first_run + s) i++;
		first[s] = i;
		if (s == 0 || i - first[s - 1] <= length) continue;
		length = i - first[s - 1];
		longest = s - 1;
	}
	if (status == TW_OK) status = tw_alloc_array((void **)&c->step, length, sizeof *c->step, "a curve");
	if (status == TW_OK) status = tw_alloc_array((void **)&c->cost, length, sizeof *c->cost, "a curve");
	for (int64_t i = 0; status == TW_OK && i < length; i++) {
		for (int64_t s = 0; s < starts; s++)
			cost[s] = first[s] + i < first[s + 1] ? point[first[s] + i].cost : INFINITY;
		c->step[i] = point[first[longest] + i].step;
		c->cost[i] = tuning_quantile(cost, starts, 0.5);
		c->points = i + 1;
	}
	tw_free(cost);
	tw_free(first);
	return status;
}

/* Rank 0. */
static tw_status read_curves(const thesis_context *context, const tw_sweep_plan *plan, results *r)
{
	char *folder = NULL;
	tuning_point *point = NULL;
	int64_t points;
	tw_status status = thesis_path(context, "efficiency-tuned", &folder);
	if (status == TW_OK) status = tuning_read_trajectories(folder, &point, &points);
	for (int g = 0; g < r->count && g < plan->cells && status == TW_OK; g++) {
		const tw_cell *cell = &plan->cell[g];
		r->curve[g].observations_a_step = cell->settings.batch ? cell->settings.batch : r->observations;
		status = make_curve(point, points, cell->first_run, cell->starts, &r->curve[g]);
	}
	tw_free(point);
	tw_free(folder);
	return status;
}

/* Collective. */
static tw_status run_tuned(thesis_context *context, const char *rows, int64_t starts, const tw_sweep_plan *tuning_plan,
                           results *r)
{
	tuning_sets sets = {.count = 0};
	tw_sweep_plan plan = {0};
	tw_status status = set_data(rows, starts, &sets);
	if (status == TW_OK) status = set_step_sizes(tuning_plan, r, &sets);
	status = tw_comm_agree(context->comm, status);
	if (status == TW_OK)
		status = thesis_sweep(context, "efficiency-tuned", thesis_text("methods-efficiency.yaml"),
		                      (const char *const *)sets.text, sets.count, &plan, NULL);
	tuning_sets_free(&sets);
	TW_TRY(status);
	if (context->speaks) status = read_curves(context, &plan, r);
	tw_sweep_plan_free(&plan);
	return tw_comm_agree(context->comm, status);
}

/* ---- data ------------------------------------------------------------------------------------------------------ */

static tw_status write_curves(const thesis_context *context, const results *r)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "methods-efficiency.csv"));
	fputs("update,batch_size,step_size,observations,cost\n", out.file);
	for (int g = 0; g < r->count; g++) {
		const methods_group *group = &r->groups.group[g];
		const curve *c = &r->curve[g];
		for (int64_t i = 0; i < c->points; i++) {
			fprintf(out.file, "%s,", group->update);
			tuning_write_batch(out.file, group->settings->batch);
			fputc(',', out.file);
			tuning_write_number(out.file, r->step_size[g]);
			fprintf(out.file, ",%" PRId64 ",", c->step[i] * c->observations_a_step);
			if (isfinite(c->cost[i])) tuning_write_number(out.file, c->cost[i]);
			fputc('\n', out.file);
		}
	}
	return tw_part_close(&out);
}

static tw_status write_tuning(const thesis_context *context, const results *r)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "methods-efficiency-tuning.csv"));
	fputs("update,batch_size,step_size,starts,diverged,lower_quartile,median,upper_quartile\n", out.file);
	for (int g = 0; g < r->count; g++) {
		const methods_group *group = &r->groups.group[g];
		const tuning *t = &group->tuned;
		for (int k = 0; k < t->steps; k++) {
			fprintf(out.file, "%s,", group->update);
			tuning_write_batch(out.file, group->settings->batch);
			fputc(',', out.file);
			tuning_write_number(out.file, t->step_size[k]);
			fprintf(out.file, ",%" PRId64 ",%" PRId64, t->starts, tuning_diverged(t, k));
			for (int q = 1; q <= 3; q++) {
				fputc(',', out.file);
				tuning_write_number(out.file, tuning_quantile(t->cost + k * t->starts, t->starts, q / 4.0));
			}
			fputc('\n', out.file);
		}
	}
	return tw_part_close(&out);
}

/* ---- table and findings ---------------------------------------------------------------------------------------- */

/* The median over the starts at the tuned step size. */
static double end_of(const methods_group *group)
{
	const tuning *t = &group->tuned;
	return t->best_median < 0 ? INFINITY : tuning_quantile(t->cost + t->best_median * t->starts, t->starts, 0.5);
}

/* Share of the observations after which a curve is for good as low as the end of plain; NaN: never. */
static double share_to_plain(const results *r, int g)
{
	const methods_group *plain = methods_plain(&r->groups, &r->groups.group[g]);
	const curve *c = &r->curve[g];
	if (!plain || c->points == 0) return NAN;
	int64_t i = c->points;
	while (i > 0 && c->cost[i - 1] <= end_of(plain)) i--;
	if (i == c->points) return NAN;
	return (double)c->step[i] / (double)c->step[c->points - 1];
}

static void show_group(tw_page *page, const results *r, int g)
{
	const methods_group *group = &r->groups.group[g], *plain = methods_plain(&r->groups, group);
	const tuning *t = &group->tuned;
	const double share = plain == group ? 1 : share_to_plain(r, g);
	char text[COLUMNS][METHODS_CELL];
	const char *cell[COLUMNS];
	for (int c = 0; c < COLUMNS; c++) cell[c] = text[c];
	if (group->settings->batch)
		snprintf(text[0], METHODS_CELL, "%" PRId64, group->settings->batch);
	else
		snprintf(text[0], METHODS_CELL, "n");
	cell[1] = group->update;
	methods_show(text[2], r->step_size[g]);
	methods_show(text[3], end_of(group));
	snprintf(text[4], METHODS_CELL, "%.4g – %.4g", tuning_quantile(t->lowest, t->starts, 0),
	         tuning_quantile(t->lowest, t->starts, 1));
	methods_show(text[5], plain ? end_of(group) / end_of(plain) : NAN);
	if (isnan(share))
		snprintf(text[6], METHODS_CELL, "not reached");
	else
		snprintf(text[6], METHODS_CELL, "%.1f %%", 100 * share);
	tw_page_row(page, cell);
}

static void show_table(tw_page *page, const results *r)
{
	static const char *const head[COLUMNS] = {"|B|",
	                                          "method",
	                                          "step size",
	                                          "cost, median",
	                                          "lowest cost of a start",
	                                          "over plain",
	                                          "observations to plain's end"};
	tw_page_table(page,
	              "Cost over the training set after 20n observations, n = 10,000, with tuned step sizes; smallest and "
	              "largest of the lowest costs of each start; the median over that of plain gradient descent with the "
	              "same |B|; and the share of the observations after which the curve stays at or below plain's end.",
	              COLUMNS, head);
	for (int g = 0; g < r->count; g++) show_group(page, r, g);
	tw_page_table_end(page);
}

/* Among the groups with this batch: which ends lowest, how many lower than plain. */
static void find_batch(tw_page *page, const results *r, int64_t batch)
{
	int best = -1, others = 0, lower = 0, plain = -1;
	for (int g = 0; g < r->count; g++) {
		const methods_group *group = &r->groups.group[g];
		if (group->settings->batch != batch) continue;
		if (best < 0 || end_of(group) < end_of(&r->groups.group[best])) best = g;
		if (methods_plain(&r->groups, group) == group) plain = g;
	}
	if (best < 0 || plain < 0) return;
	for (int g = 0; g < r->count; g++) {
		const methods_group *group = &r->groups.group[g];
		if (group->settings->batch != batch || g == plain) continue;
		others++;
		lower += end_of(group) < end_of(&r->groups.group[plain]);
	}
	char size[METHODS_CELL] = "all observations a step";
	if (batch) snprintf(size, sizeof size, "|B| = %" PRId64, batch);
	tw_page_finding(
	    page, 2 * lower > others ? TW_AGREES : TW_DIFFERS,
	    "Efficiency, n = 10,000, %s: the thesis (6.2.2) says that the variants outperform the classical methods "
	    "for many problems. Here %d of %d end lower than plain (%.4g); lowest is %s with %.4g at α = %.9g.",
	    size, lower, others, end_of(&r->groups.group[plain]), r->groups.group[best].update,
	    end_of(&r->groups.group[best]), r->step_size[best]);
}

static void find_lowest(tw_page *page, const results *r)
{
	int best = 0;
	for (int g = 1; g < r->count; g++)
		if (end_of(&r->groups.group[g]) < end_of(&r->groups.group[best])) best = g;
	const methods_group *group = &r->groups.group[best];
	tw_page_finding(
	    page, TW_NOTE,
	    "With the same 200,000 observations the lowest cost of all is %.4g, reached by %s with |B| = %" PRId64
	    " and α = %.9g (median over %" PRId64 " starts).",
	    end_of(group), group->update, group->settings->batch ? group->settings->batch : r->observations,
	    r->step_size[best], group->tuned.starts);
}

static tw_status report(thesis_context *context, const results *r)
{
	tw_page *page = context->page;
	TW_TRY(write_tuning(context, r));
	TW_TRY(write_curves(context, r));
	tw_page_heading(page, 2, "(b) Efficiency on the largest training set");
	tw_page_text(
	    page,
	    "Experiment 5.2 with n = 10,000, %" PRId64
	    " starts, the same for all methods. The step size of each method and |B| is the one of the thesis's ten "
	    "with the lowest median cost at the end.",
	    r->groups.group[0].tuned.starts);
	TW_TRY(
	    thesis_draw(context, "methods-efficiency",
	                "Cost over the training set as a function of the observations used, with tuned step sizes: medians "
	                "over the starts."));
	show_table(page, r);
	for (int g = 0; g < r->count && strcmp(r->groups.group[g].update, r->groups.group[0].update) == 0; g++)
		find_batch(page, r, r->groups.group[g].settings->batch);
	find_lowest(page, r);
	return TW_OK;
}

/* ---- the part -------------------------------------------------------------------------------------------------- */

static tw_status train_and_report(thesis_context *context, const char *rows, tw_sweep_plan *plan, results *r)
{
	const int64_t starts = context->seeds ? context->seeds : context->full ? 0 : QUICK_STARTS;
	TW_TRY(tune(context, rows, starts, plan, r));
	TW_TRY(run_tuned(context, rows, starts, plan, r));
	return tw_comm_agree(context->comm, context->speaks ? report(context, r) : TW_OK);
}

tw_status methods_efficiency(thesis_context *context)
{
	char *rows = NULL;
	tw_sweep_plan plan = {0};
	results r = {.observations = efficiency_size[EFFICIENCY_SIZES - 1]};
	tw_status status = efficiency_rows(context, r.observations, &rows);
	if (status == TW_OK) status = train_and_report(context, rows, &plan, &r);
	methods_groups_free(&r.groups);
	for (int g = 0; g < r.count && r.curve; g++) {
		tw_free(r.curve[g].step);
		tw_free(r.curve[g].cost);
	}
	tw_free(r.curve);
	tw_free(r.step_size);
	tw_sweep_plan_free(&plan);
	tw_free(rows);
	return status;
}
