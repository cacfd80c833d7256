/* Experiment 5.2: table 5.1, figure 5.6 and what they say. */
#include "app/thesis/efficiency.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { CELL = 64, COLUMNS = 9, CURVE_POINTS = 2000, SAME_OBSERVATIONS = 2000 };

/* Table 5.1 of the thesis. */
static const double published[EFFICIENCY_SIZES][EFFICIENCY_METHODS] = {
    {0.005, 0.1, 0.1},  /* n = 100: stochastic, mini-batch, gradient descent */
    {0.01, 0.05, 0.1},  /* n = 1000 */
    {0.001, 0.1, 0.05}, /* n = 10,000 */
};
enum { SGD, MINI_BATCH, GD };

/* ---- table 5.1 ------------------------------------------------------------------------------------------------- */

/* Index of a step size in the grid, -1: it is not there. */
static int place_of(const tuning *t, double step_size)
{
	for (int i = 0; i < t->steps; i++)
		if (fabs(t->step_size[i] / step_size - 1) < 1e-6) return i;
	return -1;
}

/* How many starts choose a step size at most one place of the grid away from the published one. */
static int64_t near_published(const tuning *t, double step_size)
{
	const int place = place_of(t, step_size);
	int64_t near = 0;
	for (int64_t s = 0; s < t->starts && place >= 0; s++)
		near += t->chosen[s] >= 0 && t->chosen[s] - place <= 1 && place - t->chosen[s] <= 1;
	return near;
}

static bool most_near_published(const tuning *t, double step_size)
{
	return 2 * near_published(t, step_size) > t->starts;
}

/* Median over the starts of the cost at place i of the grid over the lowest; NaN outside of the grid. */
static double ratio_at(const tuning *t, int i) { return i >= 0 && i < t->steps ? tuning_ratio(t, i) : NAN; }

static void write_numbers(FILE *out, const double *value, int count)
{
	for (int i = 0; i < count; i++) {
		fputc(',', out);
		if (!isnan(value[i])) tuning_write_number(out, value[i]);
	}
	fputc('\n', out);
}

static tw_status write_table(const thesis_context *context, const efficiency_results *results)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "table-5.1.csv"));
	fputs("n,batch_size,starts,choosing,near_published,published_step_size,step_size,lower_quartile,median,upper_"
	      "quartile,"
	      "ratio_at_next_smaller,ratio_at_next_larger,ratio_at_published\n",
	      out.file);
	for (int n = 0; n < EFFICIENCY_SIZES; n++) {
		for (int m = 0; m < EFFICIENCY_METHODS; m++) {
			const tuning *t = &results->tuned[n][m];
			const double values[] = {published[n][m],
			                         t->tuned < 0 ? NAN : t->step_size[t->tuned],
			                         tuning_quantile(t->lowest, t->starts, 0.25),
			                         tuning_quantile(t->lowest, t->starts, 0.5),
			                         tuning_quantile(t->lowest, t->starts, 0.75),
			                         ratio_at(t, t->tuned + 1),
			                         ratio_at(t, t->tuned - 1),
			                         ratio_at(t, place_of(t, published[n][m]))};
			fprintf(out.file, "%" PRId64 ",", efficiency_size[n]);
			tuning_write_batch(out.file, efficiency_methods[m].batch);
			fprintf(out.file, ",%" PRId64 ",%" PRId64 ",%" PRId64, t->starts, t->choosing,
			        near_published(t, published[n][m]));
			write_numbers(out.file, values, sizeof values / sizeof *values);
		}
	}
	return tw_part_close(&out);
}

/* Costs over the starts, a row a step size. */
static tw_status write_tuning(const thesis_context *context, const efficiency_results *results)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "figure-5.6-tuning.csv"));
	fputs("n,batch_size,starts,diverged,step_size,lower_quartile,median,upper_quartile,published\n", out.file);
	for (int i = 0; i < EFFICIENCY_CURVES; i++) {
		const int n = i / EFFICIENCY_METHODS, m = i % EFFICIENCY_METHODS;
		const tuning *t = &results->tuned[n][m];
		for (int k = 0; k < t->steps; k++) {
			const double *cost = t->cost + k * t->starts;
			const double values[] = {t->step_size[k], tuning_quantile(cost, t->starts, 0.25),
			                         tuning_quantile(cost, t->starts, 0.5), tuning_quantile(cost, t->starts, 0.75),
			                         k == place_of(t, published[n][m])};
			fprintf(out.file, "%" PRId64 ",", efficiency_size[n]);
			tuning_write_batch(out.file, efficiency_methods[m].batch);
			fprintf(out.file, ",%" PRId64 ",%" PRId64, t->starts, tuning_diverged(t, k));
			write_numbers(out.file, values, sizeof values / sizeof *values);
		}
	}
	return tw_part_close(&out);
}

static void write_ratio(char out[CELL], double ratio)
{
	if (isnan(ratio))
		snprintf(out, CELL, "–");
	else if (isinf(ratio))
		snprintf(out, CELL, "diverges");
	else
		snprintf(out, CELL, "%.3f", ratio);
}

static void show_table(tw_page *page, const efficiency_results *results)
{
	static const char *const head[COLUMNS] = {
	    "n",          "method",           "published α",    "tuned α",      "starts that choose it",
	    "within one", "cost (quartiles)", "next smaller α", "next larger α"};
	tw_page_table(
	    page,
	    "Table 5.1: tuned step sizes. Ours is the one that most starts choose; “within one” counts the starts "
	    "that choose the published step size or a neighbour of it on the grid; cost is f after 20n "
	    "observations with each start's own step size, median and quartiles over the starts; the last columns "
	    "are the cost at the neighbouring step sizes over the lowest, median over the starts.",
	    COLUMNS, head);
	for (int i = 0; i < EFFICIENCY_CURVES; i++) {
		const int n = i / EFFICIENCY_METHODS, m = i % EFFICIENCY_METHODS;
		const tuning *t = &results->tuned[n][m];
		char text[COLUMNS][CELL];
		const char *cell[COLUMNS];
		for (int c = 0; c < COLUMNS; c++) cell[c] = text[c];
		snprintf(text[0], CELL, "%" PRId64, efficiency_size[n]);
		cell[1] = efficiency_methods[m].name;
		snprintf(text[2], CELL, "%g", published[n][m]);
		snprintf(text[3], CELL, "%.9g", t->tuned < 0 ? NAN : t->step_size[t->tuned]);
		snprintf(text[4], CELL, "%" PRId64 " of %" PRId64, t->choosing, t->starts);
		snprintf(text[5], CELL, "%" PRId64 " of %" PRId64, near_published(t, published[n][m]), t->starts);
		snprintf(text[6], CELL, "%.4f (%.4f–%.4f)", tuning_quantile(t->lowest, t->starts, 0.5),
		         tuning_quantile(t->lowest, t->starts, 0.25), tuning_quantile(t->lowest, t->starts, 0.75));
		write_ratio(text[7], ratio_at(t, t->tuned + 1));
		write_ratio(text[8], ratio_at(t, t->tuned - 1));
		tw_page_row(page, cell);
	}
	tw_page_table_end(page);
}

/* ---- figure 5.6 ------------------------------------------------------------------------------------------------ */

typedef struct {
	const tuning_point *point;
	int64_t points;
	int64_t n, batch; /* batch: n where all */
} curve;

static curve curve_of(const efficiency_results *results, int i)
{
	const int64_t n = efficiency_size[i / EFFICIENCY_METHODS], batch = efficiency_methods[i % EFFICIENCY_METHODS].batch;
	curve c = {.n = n, .batch = batch ? batch : n};
	int64_t first = 0;
	while (first < results->points && results->point[first].run != i) first++;
	c.point = results->point + first;
	while (first + c.points < results->points && c.point[c.points].run == i) c.points++;
	return c;
}

static tw_status write_curves(const thesis_context *context, const efficiency_results *results)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, context->folder, "figure-5.6.csv"));
	fputs("n,batch_size,step_size,observations,cost\n", out.file);
	for (int i = 0; i < EFFICIENCY_CURVES; i++) {
		const curve c = curve_of(results, i);
		for (int64_t k = 0; k < c.points; k++) {
			if (!tuning_is_shown(k, c.points, CURVE_POINTS)) continue;
			fprintf(out.file, "%" PRId64 ",", c.n);
			tuning_write_batch(out.file, efficiency_methods[i % EFFICIENCY_METHODS].batch);
			fputc(',', out.file);
			tuning_write_number(out.file, results->step_size[i]);
			fprintf(out.file, ",%" PRId64, c.point[k].step * c.batch);
			write_numbers(out.file, &c.point[k].cost, 1);
		}
	}
	return tw_part_close(&out);
}

/* Cost of the last iterate that has used at most this many observations; NaN without one. */
static double cost_after(const curve *c, int64_t observations)
{
	double cost = NAN;
	for (int64_t k = 0; k < c->points && c->point[k].step * c->batch <= observations; k++) cost = c->point[k].cost;
	return cost;
}

static void show_same_observations(tw_page *page, const efficiency_results *results)
{
	static const char *const head[] = {"n", "stochastic gradient descent", "mini-batch gradient descent",
	                                   "gradient descent"};
	tw_page_table(
	    page,
	    "Cost over the training set after the first 2000 observations, with the step sizes of figure 5.6: all "
	    "that the methods use for n = 100, a tenth and a hundredth for the larger sets.",
	    1 + EFFICIENCY_METHODS, head);
	for (int n = 0; n < EFFICIENCY_SIZES; n++) {
		char text[1 + EFFICIENCY_METHODS][CELL];
		const char *cell[1 + EFFICIENCY_METHODS] = {text[0], text[1], text[2], text[3]};
		snprintf(text[0], CELL, "%" PRId64, efficiency_size[n]);
		for (int m = 0; m < EFFICIENCY_METHODS; m++) {
			const curve c = curve_of(results, n * EFFICIENCY_METHODS + m);
			snprintf(text[1 + m], CELL, "%.4f", cost_after(&c, SAME_OBSERVATIONS));
		}
		tw_page_row(page, cell);
	}
	tw_page_table_end(page);
}

/* ---- findings ---------------------------------------------------------------------------------------------------- */

static double median_lowest(const efficiency_results *results, int n, int m)
{
	const tuning *t = &results->tuned[n][m];
	return tuning_quantile(t->lowest, t->starts, 0.5);
}

static void find_order(tw_page *page, const efficiency_results *results, int n)
{
	const tuning *t = results->tuned[n];
	int64_t ordered = 0;
	for (int64_t s = 0; s < t->starts; s++)
		ordered += t[SGD].lowest[s] < t[MINI_BATCH].lowest[s] && t[MINI_BATCH].lowest[s] < t[GD].lowest[s];
	const double sgd = median_lowest(results, n, SGD), mini_batch = median_lowest(results, n, MINI_BATCH),
	             gd = median_lowest(results, n, GD);
	const bool agrees = sgd < mini_batch && mini_batch < gd && 2 * ordered > t->starts;
	tw_page_finding(
	    page, agrees ? TW_AGREES : TW_DIFFERS,
	    "n = %" PRId64 ": the thesis found that stochastic gradient descent ends lowest, then mini-batch, then "
	    "gradient descent. Ours end at %.4f, %.4f and %.4f (medians over the starts, tuned step sizes); %" PRId64
	    " of %" PRId64 " starts have that order.",
	    efficiency_size[n], sgd, mini_batch, gd, ordered, t->starts);
}

static void find_step_sizes(tw_page *page, const efficiency_results *results)
{
	enum { ENOUGH = 7 };
	int near = 0;
	for (int i = 0; i < EFFICIENCY_CURVES; i++)
		near += most_near_published(&results->tuned[i / EFFICIENCY_METHODS][i % EFFICIENCY_METHODS],
		                            published[i / EFFICIENCY_METHODS][i % EFFICIENCY_METHODS]);
	tw_page_finding(
	    page, near >= ENOUGH ? TW_AGREES : TW_DIFFERS,
	    "Table 5.1, from one start: in %d of its 9 cells most of our starts choose the published step size or "
	    "its neighbour on the grid.",
	    near);
}

/* Why a cell of table 5.1 is not the published one: how many times lower the cost is at our step size. */
static void explain(tw_page *page, const efficiency_results *results, int n, int m)
{
	const tuning *t = &results->tuned[n][m];
	const int place = place_of(t, published[n][m]);
	if (most_near_published(t, published[n][m]) || t->tuned < 0 || place < 0) return;
	char ratio[CELL];
	write_ratio(ratio, tuning_ratio(t, place));
	tw_page_text(page,
	             "n = %" PRId64 ", %s: the published step size %g is more than one grid step from what most starts "
	             "choose. With it the cost over that at the start's own step size is %s (median); it does not stay "
	             "finite for %" PRId64 " of %" PRId64 " starts. At %.9g, which most choose, that ratio is %.3f.",
	             efficiency_size[n], efficiency_methods[m].name, published[n][m], ratio, tuning_diverged(t, place),
	             t->starts, t->step_size[t->tuned], tuning_ratio(t, t->tuned));
}

static void find_stability(tw_page *page, const efficiency_results *results)
{
	double least = 1, share = 0;
	int n = 0, m = 0;
	for (int i = 0; i < EFFICIENCY_CURVES; i++) {
		const tuning *t = &results->tuned[i / EFFICIENCY_METHODS][i % EFFICIENCY_METHODS];
		const double of_cell = (double)t->choosing / (double)t->starts;
		share += of_cell / EFFICIENCY_CURVES;
		if (of_cell >= least) continue;
		least = of_cell;
		n = i / EFFICIENCY_METHODS;
		m = i % EFFICIENCY_METHODS;
	}
	tw_page_finding(
	    page, TW_NOTE,
	    "How stable a tuned step size is: on average over the 9 cells %.0f %% of the starts choose the same; "
	    "fewest agree for n = %" PRId64 " and %s (%.0f %%).",
	    100 * share, efficiency_size[n], efficiency_methods[m].name, 100 * least);
}

static void find_growth(tw_page *page, const efficiency_results *results)
{
	double over[EFFICIENCY_SIZES];
	for (int n = 0; n < EFFICIENCY_SIZES; n++) over[n] = median_lowest(results, n, GD) / median_lowest(results, n, SGD);
	tw_page_finding(
	    page, TW_NOTE,
	    "At the end, after 20n observations, the cost of gradient descent is %.2f times that of stochastic "
	    "gradient descent for n = 100, %.2f times for 1000 and %.2f times for 10,000: %s. (Gradient descent "
	    "makes 20 steps whatever n is.)",
	    over[0], over[1], over[2],
	    over[0] < over[1] && over[1] < over[2] ? "the gap grows with n" : "the gap does not grow steadily with n");
}

/* Lowered cost, as a share of the cost at the start, by the first observations of curve i. */
static double progress_of(const efficiency_results *results, int n, int m)
{
	const curve c = curve_of(results, n * EFFICIENCY_METHODS + m);
	return c.points ? 1 - cost_after(&c, SAME_OBSERVATIONS) / c.point[0].cost : NAN;
}

/* The thesis: with the same number of observations gradient descent makes less and less progress as n grows; the others
 * seem relatively invariant. */
static void find_same_observations(tw_page *page, const efficiency_results *results)
{
	double progress[EFFICIENCY_METHODS][EFFICIENCY_SIZES], kept[EFFICIENCY_METHODS];
	for (int m = 0; m < EFFICIENCY_METHODS; m++) {
		for (int n = 0; n < EFFICIENCY_SIZES; n++) progress[m][n] = 100 * progress_of(results, n, m);
		kept[m] = 100 * progress[m][EFFICIENCY_SIZES - 1] / progress[m][0];
	}
	const double *gd = progress[GD], *mini_batch = progress[MINI_BATCH], *sgd = progress[SGD];
	const bool less = gd[0] > gd[1] && gd[1] >= gd[2];
	const bool agrees = less && kept[SGD] > kept[GD] && kept[MINI_BATCH] > kept[GD];
	tw_page_finding(
	    page, agrees ? TW_AGREES : TW_DIFFERS,
	    "The thesis found that with the same number of observations gradient descent makes less and less "
	    "progress as the training set grows, while the others seem relatively invariant. The first 2000 "
	    "observations lower the cost of the first start for n = 100, 1000 and 10,000 by %.0f, %.0f and %.0f %% "
	    "with gradient descent, by %.0f, %.0f and %.0f %% with mini-batches and by %.0f, %.0f and %.0f %% with "
	    "stochastic gradient descent: from the smallest to the largest set they keep %.0f, %.0f and %.0f %% of "
	    "that progress.",
	    gd[0], gd[1], gd[2], mini_batch[0], mini_batch[1], mini_batch[2], sgd[0], sgd[1], sgd[2], kept[GD],
	    kept[MINI_BATCH], kept[SGD]);
}

/* ---- the page ------------------------------------------------------------------------------------------------------
 */

static void describe(const thesis_context *context, const efficiency_results *results)
{
	tw_page *page = context->page;
	tw_page_heading(page, 1, "5.2 Efficiency of gradient-based methods");
	tw_page_text(
	    page, "Gradient descent, mini-batch gradient descent with |B| = 50 and stochastic gradient descent process 20n "
	          "observations of training sets of n = 100, 1000 and 10,000: rows of California housing, the ones the "
	          "thesis drew; all columns standardised. 8-12-12-12-12-12-1, ReLU, identity output, square loss; weights "
	          "Glorot uniform, biases 0; observations drawn with replacement. For each size and method the step size "
	          "with the lowest cost over the training set at the end is chosen from ten.");
	tw_page_text(page,
	             "The thesis used one start; we tune from %" PRId64
	             ", the same ones for all methods, and count a run that diverges as infinitely high.",
	             results->tuned[0][0].starts);
	if (results->every > 1)
		tw_page_text(page,
		             "Reduced: fewer starts than with --full (20); along stochastic gradient descent on 10,000 "
		             "observations the cost is computed at every %" PRId64 "th step, and not at every one.",
		             results->every);
}

static tw_status show_step_sizes(thesis_context *context, const efficiency_results *results)
{
	tw_page *page = context->page;
	tw_page_heading(page, 2, "Tuned step sizes");
	show_table(page, results);
	find_step_sizes(page, results);
	for (int i = 0; i < EFFICIENCY_CURVES; i++) explain(page, results, i / EFFICIENCY_METHODS, i % EFFICIENCY_METHODS);
	find_stability(page, results);
	return thesis_draw(
	    context, "figure-5.6-tuning",
	    "Cost after 20n observations over the step size: medians over the starts, bars from the lower to "
	    "the upper quartile. Large open circles mark the published step sizes. Step sizes with which half "
	    "of the starts or more diverge are left out.");
}

static tw_status show_curves(thesis_context *context, const efficiency_results *results)
{
	tw_page *page = context->page;
	tw_page_heading(page, 2, "Cost over the observations used");
	TW_TRY(thesis_draw(
	    context, "figure-5.6",
	    "Figure 5.6: cost over the whole training set as a function of the number of observations used, for "
	    "the first start with its tuned step sizes."));
	for (int n = EFFICIENCY_SIZES - 1; n >= 0; n--) find_order(page, results, n);
	find_growth(page, results);
	show_same_observations(page, results);
	find_same_observations(page, results);
	return TW_OK;
}

tw_status efficiency_report(thesis_context *context, const efficiency_results *results)
{
	TW_TRY(write_table(context, results));
	TW_TRY(write_tuning(context, results));
	TW_TRY(write_curves(context, results));
	describe(context, results);
	TW_TRY(show_step_sizes(context, results));
	return show_curves(context, results);
}
