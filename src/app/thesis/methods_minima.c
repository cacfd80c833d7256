/* (a) Local minima of one hidden layer found with other methods: the costs of experiment 5.1. */
#include "app/thesis/methods.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { QUICK_STARTS = 10, COLUMNS = 7 };

/* Costs are compared with this many digits, so that runs that end at the same minimum are ties. */
enum { DIGITS = 6 };

/* ---- comparison with plain gradient descent ---------------------------------------------------------------------- */

/* The finite costs at the step size with the lowest median, rounded and sorted; *count of them, tw_free. */
static tw_status sample_of(const tuning *t, double **out, int64_t *count)
{
	*count = 0;
	TW_TRY(tw_alloc_array((void **)out, t->starts, sizeof **out, "a sample of costs"));
	if (t->best_median < 0) return TW_OK;
	for (int64_t s = 0; s < t->starts; s++) {
		const double cost = t->cost[t->best_median * t->starts + s];
		if (isfinite(cost)) (*out)[(*count)++] = tw_round_digits(cost, DIGITS);
	}
	tw_sort_sample(*out, *count);
	return TW_OK;
}

typedef struct {
	double smirnov, whitney; /* p-values; NaN: not to be had */
} comparison;

static tw_status test_samples(const double *a, int64_t m, const double *b, int64_t n, comparison *out)
{
	tw_sample_test test;
	if (m == 0 || n == 0) return TW_OK;
	TW_TRY(tw_kolmogorov_smirnov(a, m, b, n, &test));
	out->smirnov = test.p;
	TW_TRY(tw_mann_whitney(a, m, b, n, &test));
	out->whitney = test.p;
	return TW_OK;
}

static tw_status compare(const tuning *t, const tuning *plain, comparison *out)
{
	double *a = NULL, *b = NULL;
	int64_t m, n;
	*out = (comparison){NAN, NAN};
	if (!plain || plain == t) return TW_OK;
	tw_status status = sample_of(t, &a, &m);
	if (status == TW_OK) status = sample_of(plain, &b, &n);
	if (status == TW_OK) status = test_samples(a, m, b, n, out);
	tw_free(a);
	tw_free(b);
	return status;
}

static double quartile(const tuning *t, double p)
{
	return t->best_median < 0 ? INFINITY : tuning_quantile(t->cost + t->best_median * t->starts, t->starts, p);
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

/* The number of a group's width among the widths, and of its method among the methods of a width, from 1. */
typedef struct {
	int width, method;
} place;

static place place_of(const methods_groups *groups, int g)
{
	place at = {1, 1};
	for (int i = 1; i <= g; i++) {
		const bool next = groups->group[i].settings->hidden[0] != groups->group[i - 1].settings->hidden[0];
		at = next ? (place){at.width + 1, 1} : (place){at.width, at.method + 1};
	}
	return at;
}

/* Columns that both files begin with. */
static void write_head(FILE *out, const methods_groups *groups, int g)
{
	const methods_group *group = &groups->group[g];
	const place at = place_of(groups, g);
	fprintf(out, "%" PRId64 ",%s,%d,%d,", group->settings->hidden[0], group->update, at.width, at.method);
	if (group->tuned.best_median >= 0) tuning_write_number(out, group->tuned.step_size[group->tuned.best_median]);
}

static void write_runs(FILE *out, const methods_groups *groups, int g)
{
	const tuning *t = &groups->group[g].tuned;
	for (int64_t s = 0; s < t->starts && t->best_median >= 0; s++) {
		const double cost = t->cost[t->best_median * t->starts + s];
		write_head(out, groups, g);
		fprintf(out, ",%" PRId64 ",", s);
		if (isfinite(cost)) tuning_write_number(out, cost);
		fputc('\n', out);
	}
}

static tw_status write_costs(const thesis_context *context, const methods_groups *groups)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "methods-minima.csv"));
	fputs("width,update,width_number,update_number,step_size,start,cost\n", out.file);
	for (int g = 0; g < groups->groups; g++) write_runs(out.file, groups, g);
	return tw_part_close(&out);
}

static tw_status write_boxes(const thesis_context *context, const methods_groups *groups)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "methods-minima-boxes.csv"));
	fputs("width,update,width_number,update_number,step_size,lower_quartile,median,upper_quartile\n", out.file);
	for (int g = 0; g < groups->groups; g++) {
		write_head(out.file, groups, g);
		for (int q = 1; q <= 3; q++) {
			fputc(',', out.file);
			tuning_write_number(out.file, quartile(&groups->group[g].tuned, q / 4.0));
		}
		fputc('\n', out.file);
	}
	return tw_part_close(&out);
}

/* ---- table and findings --------------------------------------------------------------------------------------------
 */

static tw_status show_group(tw_page *page, const methods_groups *groups, const methods_group *group)
{
	const tuning *t = &group->tuned;
	const methods_group *plain = methods_plain(groups, group);
	comparison with_plain;
	TW_TRY(compare(t, plain ? &plain->tuned : NULL, &with_plain));
	char text[COLUMNS][METHODS_CELL];
	const char *cell[COLUMNS];
	for (int c = 0; c < COLUMNS; c++) cell[c] = text[c];
	snprintf(text[0], METHODS_CELL, "%" PRId64, group->settings->hidden[0]);
	cell[1] = group->update;
	methods_show(text[2], t->best_median < 0 ? NAN : t->step_size[t->best_median]);
	methods_show(text[3], quartile(t, 0.5));
	snprintf(text[4], METHODS_CELL, "%.4g – %.4g", quartile(t, 0.25), quartile(t, 0.75));
	methods_show(text[5], with_plain.smirnov);
	methods_show(text[6], with_plain.whitney);
	tw_page_row(page, cell);
	return TW_OK;
}

static tw_status show_table(tw_page *page, const methods_groups *groups)
{
	static const char *const head[COLUMNS] = {"width",     "method", "step size", "median cost",
	                                          "quartiles", "KS p",   "MW p"};
	tw_page_table(page,
	              "Costs of the minima found with the step size whose median is lowest; p-values of the tests of "
	              "Kolmogorov and Smirnov and of Mann and Whitney for the same distribution as with plain gradient "
	              "descent.",
	              COLUMNS, head);
	for (int g = 0; g < groups->groups; g++) TW_TRY(show_group(page, groups, &groups->group[g]));
	tw_page_table_end(page);
	return TW_OK;
}

/* Over the widths: where the distribution differs from that of plain gradient descent, and in which direction. */
static tw_status find_method(tw_page *page, const methods_groups *groups, const char *update)
{
	const double alpha = 0.01;
	int widths = 0, lower = 0, higher = 0;
	for (int g = 0; g < groups->groups; g++) {
		const methods_group *group = &groups->group[g], *plain = methods_plain(groups, group);
		comparison with_plain;
		if (strcmp(group->update, update) != 0 || !plain) continue;
		TW_TRY(compare(&group->tuned, &plain->tuned, &with_plain));
		widths++;
		if (!(with_plain.whitney < alpha)) continue;
		if (quartile(&group->tuned, 0.5) < quartile(&plain->tuned, 0.5))
			lower++;
		else
			higher++;
	}
	tw_page_finding(
	    page, TW_NOTE,
	    "Local minima found with %s: at %d of %d widths their costs are lower than with plain gradient descent, "
	    "at %d higher, at the others no different (Mann-Whitney, p < %g).",
	    update, lower, widths, higher, alpha);
	return TW_OK;
}

static tw_status find_all(tw_page *page, const methods_groups *groups)
{
	const int64_t width = groups->groups ? groups->group[0].settings->hidden[0] : 0;
	for (int g = 0; g < groups->groups && groups->group[g].settings->hidden[0] == width; g++)
		if (strcmp(groups->group[g].update, "plain") != 0) TW_TRY(find_method(page, groups, groups->group[g].update));
	return TW_OK;
}

static tw_status report(thesis_context *context, const methods_groups *groups)
{
	tw_page *page = context->page;
	TW_TRY(write_costs(context, groups));
	TW_TRY(write_boxes(context, groups));
	tw_page_heading(page, 2, "(a) Local minima of one hidden layer");
	tw_page_text(page,
	             "Experiment 5.1 with 2-w-1 on the 100 circles observations: full batches, all parameters uniform on "
	             "[−100, 100], %" PRId64
	             " starts, the same for all methods. For every width and method the step size is chosen from seven, by "
	             "the median of the costs of these same starts.",
	             groups->group[0].tuned.starts);
	TW_TRY(
	    thesis_draw(context, "methods-minima",
	                "Costs of the local minima found by each method, with the step size whose median is lowest: box "
	                "from the lower to the upper quartile with the median, a point a run. Costs below 1e-12 are drawn "
	                "there."));
	TW_TRY(show_table(page, groups));
	return find_all(page, groups);
}

/* ---- training ------------------------------------------------------------------------------------------------------
 */

static tw_status set_all(const thesis_context *context, tuning_sets *sets)
{
	if (!context->full) {
		TW_TRY(tuning_set(sets, "sweep.starts=%d", QUICK_STARTS));
		TW_TRY(tuning_set(sets, "sweep.widths=[3, 10, 30]"));
	}
	return TW_OK;
}

tw_status methods_minima(thesis_context *context)
{
	tuning_sets sets = {.count = 0};
	tw_sweep_plan plan = {0};
	tw_run_result *runs = NULL;
	methods_groups groups = {NULL};
	tw_status status = tw_comm_agree(context->comm, set_all(context, &sets));
	if (status == TW_OK)
		status = thesis_sweep(context, "minima", thesis_text("methods-minima.yaml"), (const char *const *)sets.text,
		                      sets.count, &plan, &runs);
	tuning_sets_free(&sets);
	TW_TRY(status);
	if (context->speaks) {
		status = methods_groups_of(&plan, runs, &groups);
		if (status == TW_OK) status = report(context, &groups);
		methods_groups_free(&groups);
	}
	tw_free(runs);
	tw_sweep_plan_free(&plan);
	return tw_comm_agree(context->comm, status);
}
