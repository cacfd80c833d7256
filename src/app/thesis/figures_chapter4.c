/* Figures 4.2 and 4.4 to 4.6: iterates of gradient methods on the regression problem of chapter 4. */
#include "app/thesis/figures.h"

#include <math.h>

enum { MOST_ITERATES = 100, MOST_RUNS = 3 };

/* Runs of one figure, side by side. */
typedef struct {
	int runs, count; /* count: iterates a run */
	const char *label[MOST_RUNS];
	const char *const *set[MOST_RUNS]; /* overrides, NULL-terminated */
	double start[2];
	figure_iterate iterate[MOST_RUNS * MOST_ITERATES];
} figure_runs;

static int length(const char *const *list)
{
	int count = 0;
	while (list[count]) count++;
	return count;
}

/* Iterates of all runs; data of the figure with contours of the (common) objective. */
static tw_status make_runs(thesis_context *context, const char *name, figure_runs *runs)
{
	for (int r = 0; r < runs->runs; r++) {
		figure_plane plane;
		tw_status status = figure_plane_open(context, runs->set[r], length(runs->set[r]), &plane);
		if (status == TW_OK)
			status = figure_plane_descend(&plane, runs->start, runs->count, runs->iterate + r * runs->count);
		if (status == TW_OK && r == 0) status = figure_write_contours(context, name, &plane, NULL);
		figure_plane_close(&plane);
		TW_TRY(status);
	}
	return figure_write_iterates(context, name, runs->runs, runs->label, runs->count, runs->iterate);
}

static const figure_iterate *iterates_of(const figure_runs *runs, int run) { return runs->iterate + run * runs->count; }

/* Steps in which f rises. */
static int count_rises(const figure_iterate *iterate, int count)
{
	int rises = 0;
	for (int k = 1; k < count; k++) rises += iterate[k].cost > iterate[k - 1].cost;
	return rises;
}

static double largest_cost(const figure_iterate *iterate, int count)
{
	double largest = iterate[0].cost;
	for (int k = 1; k < count; k++) largest = fmax(largest, iterate[k].cost);
	return largest;
}

/* ---- 4.2 ------------------------------------------------------------------------------------------------------- */

/* Steps that cross the valley: the component of theta - theta* along the steep direction changes its sign. */
static int count_crossings(const figure_plane *plane, const figure_iterate *iterate, int count)
{
	int crossings = 0;
	double before = 0;
	for (int k = 0; k < count; k++) {
		double across = 0;
		for (int i = 0; i < 2; i++) across += plane->steep_direction[i] * (iterate[k].theta[i] - plane->minimum[i]);
		crossings += across * before < 0;
		before = across;
	}
	return crossings;
}

tw_status figure_4_2(thesis_context *context)
{
	enum { ITERATES = 15 };
	static const char *const labels[] = {"gradient descent"}, *const set[] = {"method.step_size=0.1"};
	const double start[2] = {-1.8, 2.5};
	figure_iterate iterate[ITERATES];
	figure_plane plane;
	double error = 0;
	tw_status status = figure_plane_open(context, set, 1, &plane);
	if (status == TW_OK) status = figure_plane_descend(&plane, start, ITERATES, iterate);
	if (status == TW_OK) status = figure_write_iterates(context, "figure-4.2", 1, labels, ITERATES, iterate);
	if (status == TW_OK) status = figure_write_contours(context, "figure-4.2", &plane, &error);
	const int crossings = status == TW_OK ? count_crossings(&plane, iterate, ITERATES) : 0;
	const int rises = status == TW_OK ? count_rises(iterate, ITERATES) : 0;
	const figure_plane known = plane;
	figure_plane_close(&plane);
	TW_TRY(status);
	tw_page_finding(
	    context->page, figure_verdict(crossings >= ITERATES - 3),
	    "Gradient descent shows the zig-zag of the thesis: %d of %d steps cross the valley, that is, change the "
	    "sign of θ - θ* along the steepest direction.",
	    crossings, ITERATES - 1);
	tw_page_finding(
	    context->page, figure_verdict((rises == 0) == (0.1 < 2 / known.steep)),
	    "The Hessian has the eigenvalues %.3g and %.3g, so that L = %.3g and Theorem 4.3 asks for α < 2/L = "
	    "%.3g. With α = 0.1 f falls in %d of %d steps, from %.4g to %.4g; the minimum is %.4g.",
	    known.flat, known.steep, known.steep, 2 / known.steep, ITERATES - 1 - rises, ITERATES - 1, iterate[0].cost,
	    iterate[ITERATES - 1].cost, known.lowest);
	tw_page_text(context->page,
	             "θ* = (%.4g, %.4g) solves the normal equations. The contour lines follow from them; f as the network "
	             "computes it differs from their levels by at most %.1g of it.",
	             known.minimum[0], known.minimum[1], error);
	return thesis_draw(
	    context, "figure-4.2",
	    "15 iterates of gradient descent with α = 0.1 from θ₁ = (-1.8, 2.5). Each contour line of f lies "
	    "twice as high above the minimum as the one inside of it.");
}

/* ---- 4.4 ------------------------------------------------------------------------------------------------------- */

/* A stochastic gradient's mean squared distance from the gradient at theta*, where that is zero: of many drawn batches,
 * with its standard error, and as it follows from the gradients of all observations. */
typedef struct {
	double mean, error, expected;
} gradient_spread;

static tw_status draw_spread(figure_plane *plane, tw_feed *feed, const void *theta, double *gradient,
                             gradient_spread *out)
{
	enum { DRAWS = 20000 };
	const tw_objective *objective = tw_run_objective(plane->run);
	double sum = 0, squares = 0, canonical[2];
	for (int64_t k = 0; k < DRAWS; k++) {
		tw_batch batch;
		double cost;
		TW_TRY(tw_feed_get(feed, k, &batch));
		TW_TRY(objective->evaluate(objective->self, theta, &batch, &cost, gradient));
		tw_objective_export(objective, gradient, canonical);
		double square = canonical[0] * canonical[0] + canonical[1] * canonical[1];
		sum += square;
		squares += square * square;
	}
	out->mean = sum / DRAWS;
	out->error = sqrt((squares / DRAWS - out->mean * out->mean) / DRAWS);
	return TW_OK;
}

static tw_status measure_spread(thesis_context *context, figure_plane *plane, int64_t batch, gradient_spread *out)
{
	const tw_objective *objective = tw_run_objective(plane->run);
	tw_gradient_statistics statistics;
	tw_feed *feed = NULL;
	void *gradient = NULL;
	TW_TRY(tw_run_set_theta(plane->run, plane->minimum));
	const void *theta = tw_run_theta_vector(plane->run);
	TW_TRY(tw_objective_gradient_statistics(objective, theta, &statistics));
	out->expected = statistics.variance / (double)batch;
	TW_TRY(figure_vector(objective, &gradient));
	tw_status status = tw_feed_create(context->comm, tw_run_data(plane->run), TW_SAMPLE_UNIFORM, batch, 0,
	                                  plane->settings.seed, 0, &feed);
	if (status == TW_OK) status = draw_spread(plane, feed, theta, gradient, out);
	tw_feed_free(feed);
	tw_free(gradient);
	return status;
}

static double mean_square_distance(const figure_plane *plane, const figure_iterate *iterate, int first, int last)
{
	double sum = 0;
	for (int k = first; k < last; k++) sum += pow(figure_plane_distance(plane, iterate[k].theta), 2);
	return sum / (last - first);
}

tw_status figure_4_4(thesis_context *context)
{
	static const char *const single[] = {"method.batch=1", "method.step_size=0.03", NULL};
	static const char *const batch[] = {"method.batch=5", "method.step_size=0.03", NULL};
	static figure_runs runs;
	runs = (figure_runs){.runs = 2, .count = 100, .label = {"1", "5"}, .set = {single, batch}, .start = {-1.8, 2.5}};
	gradient_spread spread[2] = {0};
	figure_plane plane;
	TW_TRY(make_runs(context, "figure-4.4", &runs));
	tw_status status = figure_plane_open(context, single, 2, &plane);
	if (status == TW_OK) status = measure_spread(context, &plane, 1, &spread[0]);
	if (status == TW_OK) status = measure_spread(context, &plane, 5, &spread[1]);
	double distance[2] = {0};
	for (int r = 0; r < 2 && status == TW_OK; r++)
		distance[r] = mean_square_distance(&plane, iterates_of(&runs, r), runs.count / 2, runs.count);
	figure_plane_close(&plane);
	TW_TRY(status);
	double ratio = spread[1].mean / spread[0].mean;
	double error = ratio * hypot(spread[0].error / spread[0].mean, spread[1].error / spread[1].mean);
	tw_page_finding(
	    context->page, figure_verdict(fabs(ratio - 0.2) < 3 * error),
	    "A mini-batch of 5 reduces the variance of the gradient estimate by the factor 1/5 = 0.2: at θ*, over "
	    "20000 drawn batches of each kind, the factor is %.4f with standard error %.4f (variances %.4g and "
	    "%.4g; from the gradients of all observations follow %.4g and %.4g).",
	    ratio, error, spread[0].mean, spread[1].mean, spread[0].expected, spread[1].expected);
	tw_page_finding(context->page, figure_verdict(distance[0] > distance[1]),
	                "The iterates of stochastic gradient descent vary more than those with mini-batches of 5: over the "
	                "last %d of %d iterates the mean of ‖θ - θ*‖² is %.3g against %.3g.",
	                runs.count / 2, runs.count, distance[0], distance[1]);
	return thesis_draw(
	    context, "figure-4.4",
	    "100 iterates of stochastic gradient descent (left) and of mini-batch gradient descent with |B| = 5 "
	    "(right), both with α = 0.03 from θ₁ = (-1.8, 2.5). Contour lines as in figure 4.2.");
}

/* ---- 4.5 ------------------------------------------------------------------------------------------------------- */

tw_status figure_4_5(thesis_context *context)
{
	static const char *const small[] = {"method.batch=1", "method.step_size=0.002", NULL};
	static const char *const large[] = {"method.batch=1", "method.step_size=0.065", NULL};
	static const char *const between[] = {"method.batch=1", "method.step_size=0.03", NULL};
	static figure_runs runs;
	runs = (figure_runs){.runs = 3,
	                     .count = 100,
	                     .label = {"0.002", "0.065", "0.03"},
	                     .set = {small, large, between},
	                     .start = {-1.8, 2.5}};
	TW_TRY(make_runs(context, "figure-4.5", &runs));
	const figure_iterate *slow = iterates_of(&runs, 0), *wild = iterates_of(&runs, 1), *good = iterates_of(&runs, 2);
	const int last = runs.count - 1;
	tw_page_finding(
	    context->page, figure_verdict(slow[last].cost > good[last].cost),
	    "Too small a step size leads to slow progress: after %d steps f is %.4g with α = 0.002, and %.4g with "
	    "α = 0.03 as in figure 4.4.",
	    last, slow[last].cost, good[last].cost);
	tw_page_finding(
	    context->page,
	    figure_verdict(largest_cost(wild, runs.count) > wild[0].cost &&
	                   largest_cost(good, runs.count) <= largest_cost(wild, runs.count)),
	    "Too large a step size causes harmful oscillations: with α = 0.065 f rises in %d of %d steps, up to %.4g "
	    "from %.4g at the start; with α = 0.03 it rises in %d steps, up to %.4g.",
	    count_rises(wild, runs.count), last, largest_cost(wild, runs.count), wild[0].cost,
	    count_rises(good, runs.count), largest_cost(good, runs.count));
	return thesis_draw(context, "figure-4.5",
	                   "100 iterates of stochastic gradient descent with α = 0.002 (left) and α = 0.065 (right) from "
	                   "θ₁ = (-1.8, 2.5). Contour lines as in figure 4.2.");
}

/* ---- 4.6 ------------------------------------------------------------------------------------------------------- */

/* Length of the way from iterate `first` to the last. */
static double way_from(const figure_iterate *iterate, int first, int count)
{
	double way = 0;
	for (int k = first + 1; k < count; k++)
		way += hypot(iterate[k].theta[0] - iterate[k - 1].theta[0], iterate[k].theta[1] - iterate[k - 1].theta[1]);
	return way;
}

static void report_schedules(thesis_context *context, const figure_plane *plane, const figure_runs *runs)
{
	enum { EARLY = 25 };
	static const char *const head[] = {"schedule", "α at k = 26", "‖θ - θ*‖ at k = 26", "‖θ - θ*‖ at k = 100",
	                                   "way after k = 26"};
	double distance[MOST_RUNS], way[MOST_RUNS], size[MOST_RUNS];
	int nearest = 0;
	tw_page_table(context->page, "Stochastic gradient descent with three schedules", 5, head);
	for (int r = 0; r < runs->runs; r++) {
		const figure_iterate *iterate = iterates_of(runs, r);
		char number[4][32];
		size[r] = iterate[EARLY].step_size;
		distance[r] = figure_plane_distance(plane, iterate[runs->count - 1].theta);
		way[r] = way_from(iterate, EARLY, runs->count);
		if (distance[r] < distance[nearest]) nearest = r;
		snprintf(number[0], sizeof number[0], "%.3g", size[r]);
		snprintf(number[1], sizeof number[1], "%.3g", figure_plane_distance(plane, iterate[EARLY].theta));
		snprintf(number[2], sizeof number[2], "%.3g", distance[r]);
		snprintf(number[3], sizeof number[3], "%.3g", way[r]);
		tw_page_row(context->page, (const char *[]){runs->label[r], number[0], number[1], number[2], number[3]});
	}
	tw_page_table_end(context->page);
	tw_page_finding(
	    context->page, figure_verdict(size[1] < size[0] && size[1] < size[2]),
	    "Exponential decay decreases the step size rapidly: α at k = 26 is %.2g, against %.2g (piecewise "
	    "constant) and %.2g (polynomial); from there on its iterates go %.2g further in all, the others %.2g "
	    "and %.2g.",
	    size[1], size[0], size[2], way[1], way[0], way[2]);
	tw_page_finding(context->page, TW_NOTE,
	                "Of the three, %s ends nearest to the minimum in this run, at a distance of %.3g.",
	                runs->label[nearest], distance[nearest]);
}

tw_status figure_4_6(thesis_context *context)
{
	static const char *const piecewise[] = {"method.batch=1",
	                                        "method.step_size=0.03",
	                                        "method.schedule.name=piecewise",
	                                        "method.schedule.factor=0.5",
	                                        "method.schedule.thresholds=[25, 50, 75]",
	                                        NULL};
	static const char *const exponential[] = {"method.batch=1", "method.step_size=0.03",
	                                          "method.schedule.name=exponential", "method.schedule.rate=0.2", NULL};
	static const char *const polynomial[] = {
	    "method.batch=1",          "method.step_size=0.03",     "method.schedule.name=polynomial",
	    "method.schedule.scale=1", "method.schedule.power=0.5", NULL};
	static figure_runs runs;
	runs = (figure_runs){.runs = 3,
	                     .count = 100,
	                     .label = {"piecewise constant", "exponential decay", "polynomial decay"},
	                     .set = {piecewise, exponential, polynomial},
	                     .start = {-4.5, 3.5}};
	figure_plane plane;
	TW_TRY(make_runs(context, "figure-4.6", &runs));
	tw_status status = figure_plane_open(context, piecewise, length(piecewise), &plane);
	if (status == TW_OK) report_schedules(context, &plane, &runs);
	figure_plane_close(&plane);
	TW_TRY(status);
	return thesis_draw(
	    context, "figure-4.6",
	    "Stochastic gradient descent from θ₁ = (-4.5, 3.5) with three schedules that start at 0.03: halved "
	    "every 25 steps (top), exponential decay with rate 0.2 (middle), polynomial decay with (k+1)^(-1/2), "
	    "k counted from 0 (bottom). Left: 100 iterates; right: their step sizes. Contour lines as in figure "
	    "4.2.");
}
