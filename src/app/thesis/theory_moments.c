/* Assumption 4.6: M and M_G estimated along some runs, and put to the test on others. */
#include <math.h>
#include <stdio.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory_noise.h"

enum { RUNS = 5, STEPS = 3000, EVERY = 25, LOOKS = STEPS / EVERY + 1, FRESH = 100 };
static const double margin = 1.25; /* on the right side of (4.16): other runs come to other points */

/* Moments at iterates of several runs of stochastic gradient descent. */
typedef struct {
	int count;
	double x[RUNS * LOOKS]; /* ||grad f||^2 */
	double y[RUNS * LOOKS]; /* E||g||^2 of one observation's gradient */
} moment_points;

typedef struct {
	double m, m_g;
} moment_line;

/* ---- measuring ------------------------------------------------------------------------------------------------- */

typedef struct {
	const tw_objective *objective;
	double *theta; /* a vector of the objective */
	moment_points *points;
} moment_watch;

static tw_status look(void *self, int64_t step, const double *theta)
{
	moment_watch *watch = self;
	moment_points *points = watch->points;
	tw_gradient_statistics statistics;
	if (step % EVERY) return TW_OK;
	tw_objective_import(watch->objective, theta, watch->theta);
	TW_TRY(tw_objective_gradient_statistics(watch->objective, watch->theta, &statistics));
	points->x[points->count] = statistics.squared_norm;
	points->y[points->count++] = statistics.mean_squared_norm;
	return TW_OK;
}

static tw_status watch_run(const stochastic_run *run, moment_points *points)
{
	moment_watch watch = {.objective = tw_run_objective(run->run), .points = points};
	TW_TRY(figure_vector(watch.objective, (void **)&watch.theta));
	tw_status status = look(&watch, 0, tw_run_theta(run->run));
	if (status == TW_OK) status = tw_run_replay(run->run, STEPS, look, &watch);
	tw_free(watch.theta);
	return status;
}

static tw_status measure(const thesis_context *context, uint32_t first, moment_points *out)
{
	*out = (moment_points){0};
	for (uint32_t i = 0; i < RUNS; i++) {
		const stochastic_choice choice = {.start = first + i, .batch = 1, .step_size = 0.02, .steps = STEPS};
		stochastic_run run;
		tw_status status = stochastic_open(context, &choice, &run);
		if (status == TW_OK) status = watch_run(&run, out);
		stochastic_close(&run);
		TW_TRY(status);
	}
	return TW_OK;
}

/* ---- lines ----------------------------------------------------------------------------------------------------- */

static double mean_of(int count, const double *values)
{
	double sum = 0;
	for (int i = 0; i < count; i++) sum += values[i];
	return sum / count;
}

/* The smallest M >= 0 for this M_G. */
static double needed(const moment_points *points, double m_g)
{
	double m = 0;
	for (int i = 0; i < points->count; i++) m = fmax(m, points->y[i] - m_g * points->x[i]);
	return m;
}

/* Of the lines above all points that which lies lowest on average over them: its mean is a convex function of M_G. */
static moment_line lowest_line(const moment_points *points)
{
	enum { HALVINGS = 100 };
	const double x_mean = mean_of(points->count, points->x);
	double low = 1, high = 1000;
	for (int i = 0; i < HALVINGS; i++) {
		const double a = low + (high - low) / 3, b = high - (high - low) / 3;
		if (needed(points, a) + a * x_mean <= needed(points, b) + b * x_mean)
			high = b;
		else
			low = a;
	}
	const double m_g = (low + high) / 2;
	return (moment_line){needed(points, m_g), m_g};
}

static moment_line least_squares(const moment_points *points)
{
	const double x_mean = mean_of(points->count, points->x), y_mean = mean_of(points->count, points->y);
	double xx = 0, xy = 0;
	for (int i = 0; i < points->count; i++) {
		xx += (points->x[i] - x_mean) * (points->x[i] - x_mean);
		xy += (points->x[i] - x_mean) * (points->y[i] - y_mean);
	}
	return (moment_line){y_mean - xy / xx * x_mean, xy / xx};
}

/* Largest E||g||^2 / (M + M_G ||grad f||^2). */
static double largest_share(const moment_points *points, moment_line line)
{
	double share = 0;
	for (int i = 0; i < points->count; i++) share = fmax(share, points->y[i] / (line.m + line.m_g * points->x[i]));
	return share;
}

/* ---- report ---------------------------------------------------------------------------------------------------- */

static void put_points(FILE *out, const char *runs, const moment_points *points)
{
	for (int i = 0; i < points->count; i++) figure_put(out, runs, 2, (double[]){points->x[i], points->y[i]});
}

static tw_status write_files(const thesis_context *context, const moment_points *known, const moment_points *fresh,
                             moment_line lowest, moment_line least)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-moments.csv"));
	fputs("runs,squared_norm,second_moment\n", file.file);
	put_points(file.file, "estimate", known);
	put_points(file.file, "fresh", fresh);
	TW_TRY(tw_part_close(&file));
	TW_TRY(tw_part_open(&file, context->folder, "theory-moments-lines.csv"));
	fputs("line,M,M_G\n", file.file);
	figure_put(file.file, "lowest", 2, (double[]){lowest.m, lowest.m_g});
	figure_put(file.file, "margin", 2, (double[]){margin * lowest.m, margin * lowest.m_g});
	figure_put(file.file, "least_squares", 2, (double[]){least.m, least.m_g});
	return tw_part_close(&file);
}

static void add_table(tw_page *page, const moment_points *known, const moment_points *fresh, moment_line lowest)
{
	static const char *const head[] = {"M_G", "M needed", "mean of the line",
	                                   "largest E‖g‖² / (M + M_G ‖∇f‖²), fresh runs"};
	const double m_g[] = {1, 2, 5, 10, 20, lowest.m_g};
	tw_page_table(page, "M that (4.16) needs for some M_G; last: the line that lies lowest on average", 4, head);
	for (size_t i = 0; i < sizeof m_g / sizeof *m_g; i++) {
		const moment_line line = {needed(known, m_g[i]), m_g[i]};
		stochastic_row row = {.count = 0};
		stochastic_cell(&row, "%.3g", line.m_g);
		stochastic_cell(&row, "%.3g", line.m);
		stochastic_cell(&row, "%.3g", line.m + line.m_g * mean_of(known->count, known->x));
		stochastic_cell(&row, "%.3g", largest_share(fresh, line));
		stochastic_put_row(page, &row);
	}
	tw_page_table_end(page);
}

static void judge(thesis_context *context, double factor, moment_line lowest, const moment_points *fresh,
                  theory_verdict *out)
{
	const double share = largest_share(fresh, lowest), allowed = factor * margin;
	int above = 0;
	for (int i = 0; i < fresh->count; i++) above += !(fresh->y[i] <= allowed * (lowest.m + lowest.m_g * fresh->x[i]));
	out->holds = above == 0;
	theory_number(out, "M", lowest.m);
	theory_number(out, "M_G", lowest.m_g);
	theory_number(out, "fresh_points", fresh->count);
	theory_number(out, "above", above);
	theory_number(out, "largest_share", share);
	tw_page_finding(context->page, theory_kind(out->holds),
	                "The thesis assumes E‖g‖² ≤ M + M_G ‖∇f‖² (4.16). Of stochastic gradient descent from %d starts "
	                "follow M = %.3g, M_G = %.3g; at %d iterates from %d other starts E‖g‖² is above %.3g times that "
	                "line at %d, and reaches %.3g of it at most.",
	                RUNS, lowest.m, lowest.m_g, fresh->count, RUNS, allowed, above, share);
}

static tw_status check(thesis_context *context, const theory_constants *constants, moment_points *known,
                       moment_points *fresh, theory_verdict *out)
{
	TW_TRY(measure(context, 0, known));
	TW_TRY(measure(context, FRESH, fresh));
	const moment_line lowest = lowest_line(known), least = least_squares(known);
	TW_TRY(write_files(context, known, fresh, lowest, least));
	tw_page_text(context->page,
	             "Both sides are computed from the gradients of all 100 observations, at every %dth of %d iterates of "
	             "stochastic gradient descent (|B| = 1, α = 0.02). For mini-batches M and M_G - 1 are divided by |B|. "
	             "The straight line of least squares is %.3g + %.3g ‖∇f‖².",
	             EVERY, STEPS, least.m, least.m_g);
	add_table(context->page, known, fresh, lowest);
	judge(context, constants->moment_factor, lowest, fresh, out);
	return thesis_draw(context, "theory-moments",
	                   "Second moment of the stochastic gradient over the squared norm of the gradient: the runs from "
	                   "which M and M_G are estimated, fresh runs, and the lines.");
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	moment_points *points = NULL;
	TW_TRY(tw_alloc_array((void **)&points, 2, sizeof *points, "moments of gradients"));
	tw_status status = check(context, constants, &points[0], &points[1], out);
	tw_free(points);
	return status;
}

const theory_check theory_moments = {
    .name = "moments", .title = "Assumption 4.6: first and second moment of the stochastic gradient", .run = run};
