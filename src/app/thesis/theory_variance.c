/* The variance of mini-batch gradients is that of a single one divided by |B|. */
#include <math.h>
#include <stdio.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory_noise.h"

enum { POINTS = 2, SIZES = 5, DRAWS = 20000 };
static const int64_t sizes[SIZES] = {1, 2, 5, 10, 50};
static const int64_t steps[POINTS] = {0, 2000}; /* theta is that after so many steps of mini-batch gradient descent */
static const double errors_allowed = 4;         /* standard errors */

/* Batches of one size at one theta. */
typedef struct {
	double mean, error; /* of ||g - grad f||^2 over the draws, and its standard error */
	double expected;    /* variance / |B|^power */
	double off;         /* ||mean g - grad f|| over the root of its mean square for an unbiased g */
} batch_spread;

typedef struct {
	double variance; /* of the gradient of one observation: exact, over all n */
	batch_spread size[SIZES];
	double slope, slope_error; /* of log variance over log |B| */
} point_spread;

static double deviations(const batch_spread *spread) { return (spread->mean - spread->expected) / spread->error; }

/* ---- draws ----------------------------------------------------------------------------------------------------- */

static double squared_distance(int64_t n, const double *a, const double *b)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

/* work: a gradient, and the sum of all. */
static tw_status draw(const stochastic_run *run, tw_feed *feed, const double *exact, double *work[2], batch_spread *out)
{
	const tw_objective *objective = tw_run_objective(run->run);
	const void *theta = tw_run_theta_vector(run->run);
	double sum = 0, squares = 0, cost, *gradient = work[0], *total = work[1];
	for (int64_t i = 0; i < objective->size; i++) total[i] = 0;
	for (int64_t k = 0; k < DRAWS; k++) {
		tw_batch batch;
		TW_TRY(tw_feed_get(feed, k, &batch));
		TW_TRY(objective->evaluate(objective->self, theta, &batch, &cost, gradient));
		const double square = squared_distance(objective->size, gradient, exact);
		for (int64_t i = 0; i < objective->size; i++) total[i] += gradient[i];
		sum += square;
		squares += square * square;
	}
	for (int64_t i = 0; i < objective->size; i++) total[i] /= DRAWS;
	out->mean = sum / DRAWS;
	out->error = sqrt((squares / DRAWS - out->mean * out->mean) / DRAWS);
	out->off = sqrt(squared_distance(objective->size, total, exact));
	return TW_OK;
}

static tw_status exact_gradient(const thesis_context *context, const stochastic_run *run, double *out)
{
	const tw_objective *objective = tw_run_objective(run->run);
	tw_feed *feed = NULL;
	tw_batch all;
	double cost;
	TW_TRY(tw_feed_create(context->comm, tw_run_data(run->run), TW_SAMPLE_SHUFFLE_ONCE, 0, 1, 1, 0, &feed));
	tw_status status = tw_feed_get(feed, 0, &all);
	if (status == TW_OK) status = objective->evaluate(objective->self, tw_run_theta_vector(run->run), &all, &cost, out);
	tw_feed_free(feed);
	return status;
}

static tw_status draw_sizes(const thesis_context *context, const stochastic_run *run, double power, double *vectors[3],
                            point_spread *out)
{
	tw_gradient_statistics statistics;
	TW_TRY(tw_objective_gradient_statistics(tw_run_objective(run->run), tw_run_theta_vector(run->run), &statistics));
	TW_TRY(exact_gradient(context, run, vectors[0]));
	out->variance = statistics.variance;
	tw_status status = TW_OK;
	for (int s = 0; s < SIZES && status == TW_OK; s++) {
		batch_spread *spread = &out->size[s];
		tw_feed *feed = NULL;
		TW_TRY(tw_feed_create(context->comm, tw_run_data(run->run), TW_SAMPLE_UNIFORM, sizes[s], 1, 2, (uint32_t)s,
		                      &feed));
		status = draw(run, feed, vectors[0], vectors + 1, spread);
		tw_feed_free(feed);
		spread->expected = out->variance / pow((double)sizes[s], power);
		spread->off *= sqrt(DRAWS * (double)sizes[s] / out->variance);
	}
	return status;
}

/* Weighted least squares; logarithms have the relative errors of the means. */
static void fit_slope(point_spread *point)
{
	double weights = 0, x_mean = 0, y_mean = 0, xx = 0, xy = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int s = 0; s < SIZES; s++) {
			const batch_spread *spread = &point->size[s];
			const double weight = pow(spread->mean / spread->error, 2);
			const double x = log((double)sizes[s]), y = log(spread->mean);
			if (pass == 0)
				weights += weight, x_mean += weight * x, y_mean += weight * y;
			else
				xx += weight * pow(x - x_mean / weights, 2), xy += weight * (x - x_mean / weights) * y;
		}
	point->slope = xy / xx;
	point->slope_error = 1 / sqrt(xx);
}

static tw_status look_at(const thesis_context *context, int64_t after, double power, point_spread *out)
{
	const stochastic_choice choice = {.batch = 10, .step_size = 0.02, .steps = after};
	double *vectors[3] = {NULL};
	stochastic_run run;
	tw_summary summary;
	tw_status status = stochastic_open(context, &choice, &run);
	if (status == TW_OK) status = stochastic_train(&run, NULL, &summary);
	for (int i = 0; i < 3 && status == TW_OK; i++)
		status = figure_vector(tw_run_objective(run.run), (void **)&vectors[i]);
	if (status == TW_OK) status = draw_sizes(context, &run, power, vectors, out);
	if (status == TW_OK) fit_slope(out);
	for (int i = 0; i < 3; i++) tw_free(vectors[i]);
	stochastic_close(&run);
	return status;
}

/* ---- report ---------------------------------------------------------------------------------------------------- */

static tw_status write_spreads(const thesis_context *context, const point_spread *points)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-variance.csv"));
	fputs("steps,batch_size,variance,standard_error,expected,deviation,off_centre\n", file.file);
	for (int p = 0; p < POINTS; p++)
		for (int s = 0; s < SIZES; s++) {
			const batch_spread *spread = &points[p].size[s];
			const double row[] = {(double)steps[p], (double)sizes[s],   spread->mean, spread->error,
			                      spread->expected, deviations(spread), spread->off};
			figure_put(file.file, "", 7, row);
		}
	return tw_part_close(&file);
}

static void add_table(tw_page *page, const point_spread *points)
{
	static const char *const head[] = {"θ after steps", "|B|",       "measured",           "standard error",
	                                   "expected",      "deviation", "mean off ∇f, scaled"};
	tw_page_table(page,
	              "Variance of mini-batch gradients; deviation: in standard errors; the mean of all draws lies off "
	              "∇f by about 1 where it is unbiased (4.15)",
	              7, head);
	for (int p = 0; p < POINTS; p++)
		for (int s = 0; s < SIZES; s++) {
			const batch_spread *spread = &points[p].size[s];
			stochastic_row row = {.count = 0};
			stochastic_cell(&row, "%d", (int)steps[p]);
			stochastic_cell(&row, "%d", (int)sizes[s]);
			stochastic_cell(&row, "%.4g", spread->mean);
			stochastic_cell(&row, "%.2g", spread->error);
			stochastic_cell(&row, "%.4g", spread->expected);
			stochastic_cell(&row, "%.2f", deviations(spread));
			stochastic_cell(&row, "%.2f", spread->off);
			stochastic_put_row(page, &row);
		}
	tw_page_table_end(page);
}

static void judge(thesis_context *context, const point_spread *points, double power, theory_verdict *out)
{
	double worst = 0, off = 0, slope_worst = 0;
	for (int p = 0; p < POINTS; p++) {
		slope_worst = fmax(slope_worst, fabs(points[p].slope + power) / points[p].slope_error);
		for (int s = 0; s < SIZES; s++) {
			worst = fmax(worst, fabs(deviations(&points[p].size[s])));
			off = fmax(off, points[p].size[s].off);
		}
	}
	out->holds = worst <= errors_allowed && slope_worst <= errors_allowed && off <= errors_allowed;
	theory_number(out, "largest_deviation", worst);
	theory_number(out, "slope_start", points[0].slope);
	theory_number(out, "slope_trained", points[1].slope);
	theory_number(out, "slope_deviation", slope_worst);
	theory_number(out, "largest_off_centre", off);
	tw_page_finding(
	    context->page, theory_kind(out->holds),
	    "The thesis: the variance of a mini-batch gradient is that of a single one over |B|%s. Over %d draws "
	    "of each of %d sizes at two θ the measured variance lies at most %.1f standard errors off the exact "
	    "one over |B|%s (allowed: %g); on logarithmic axes its slope is %.4f ± %.4f and %.4f ± %.4f.",
	    power == 1 ? "" : " to a power (a wrong one is tried here)", DRAWS, SIZES, worst,
	    power == 1 ? "" : " to that power", errors_allowed, points[0].slope, points[0].slope_error, points[1].slope,
	    points[1].slope_error);
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	point_spread points[POINTS];
	for (int p = 0; p < POINTS; p++) TW_TRY(look_at(context, steps[p], constants->variance_power, &points[p]));
	TW_TRY(write_spreads(context, points));
	tw_page_text(
	    context->page,
	    "Section 4.3.2. A tanh network 3-4-1 with square loss and 100 observations; mini-batches are drawn with "
	    "replacement. The variance (4.21) of one observation's gradient is computed from all 100, that of "
	    "mini-batches measured over %d draws, at θ₁ and after %d steps.",
	    DRAWS, (int)steps[1]);
	add_table(context->page, points);
	judge(context, points, constants->variance_power, out);
	return thesis_draw(context, "theory-variance",
	                   "Variance of mini-batch gradients over their size |B|, measured, beside the exact variance of a "
	                   "single gradient divided by |B|.");
}

const theory_check theory_variance = {
    .name = "variance",
    .title = "Section 4.3.2: the variance of a mini-batch gradient is 1/|B| of a single one's",
    .run = run};
