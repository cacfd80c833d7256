/* Theorem 4.4 (Lee et al.): gradient descent from a random start does not converge to a strict saddle. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory.h"
#include "app/thesis/theory_points.h"

/* ---- random starts near the stationary points of a linear network ---------------------------------------------- */

enum { M = 4, P = 2, N = 40, SEED = 1, DIMENSION = 2 * M * P, STARTS = 50, STEPS = 40000, POINTS = 6 };
static const double radius = 1e-3;        /* of the starts around a point */
static const double stays_within = 10;    /* an end not farther from the point than this times the radius: it stayed */
static const double below = 0.9;          /* alpha is this over L, the largest eigenvalue at any of the points, */
static const double margin = 1.1;         /* times this */
static const double zero = 1e-10;         /* eigenvalues below, relative to the largest, count as zero */
static const double end_tolerance = 1e-6; /* relative difference of f from the global value, to be at it */

/* Starts around one stationary point. */
typedef struct {
	char set[2 * LINEAR_WIDEST + 3];
	int negative; /* eigenvalues of the Hessian */
	bool claimed; /* so many that, as the constant has it, gradient descent does not stay */
	double smallest;
	int stayed, global;
	double nearest; /* end to the point */
} neighbourhood;

/* Uniform on the sphere of this radius around the point. */
static void place_starts(const double *point, uint32_t part, double *theta)
{
	theory_normal(SEED, 2000 + part, (int64_t)STARTS * DIMENSION, theta);
	for (int i = 0; i < STARTS; i++) {
		double *start = theta + i * DIMENSION;
		const double scale = radius / theory_norm(DIMENSION, start);
		for (int k = 0; k < DIMENSION; k++) start[k] = point[k] + scale * start[k];
	}
}

static tw_status look_around(linear_problem *linear, const double *point, double step_size, double lowest,
                             uint32_t part, neighbourhood *r)
{
	static double theta[STARTS * DIMENSION];
	theory_problem *problem = &linear->problem;
	TW_TRY(theory_eigenvalues(problem, point, false));
	r->smallest = problem->values[0];
	r->negative = theory_negative(problem, zero);
	r->nearest = INFINITY;
	place_starts(point, part, theta);
	const theory_course course = {.step_size = step_size, .tolerance = 1e-9, .steps = STEPS};
	TW_TRY(theory_train(problem, &course, STARTS, theta, NULL));
	for (int i = 0; i < STARTS; i++) {
		double cost;
		const double distance = theory_distance(DIMENSION, theta + i * DIMENSION, point);
		TW_TRY(theory_evaluate(problem, theta + i * DIMENSION, &cost, NULL));
		r->stayed += !(distance > stays_within * radius);
		r->global += fabs(cost / lowest - 1) <= end_tolerance;
		r->nearest = fmin(r->nearest, distance);
	}
	return TW_OK;
}

/* The point of an index set with W2 and W1 of about the same size. */
static tw_status balanced_point(const linear_problem *linear, const int *set, double *point)
{
	double c[P * P] = {0};
	for (int k = 0; k < P; k++) c[k * P + k] = pow(linear->lambda[set[k]] / linear->n, 0.25);
	return linear_point(linear, set, c, point);
}

static tw_status choose_step_size(linear_problem *linear, double *step_size)
{
	int set[LINEAR_WIDEST];
	double largest = 0;
	linear_first_set(linear, set);
	do {
		double point[DIMENSION];
		TW_TRY(balanced_point(linear, set, point));
		TW_TRY(theory_eigenvalues(&linear->problem, point, false));
		largest = fmax(largest, theory_largest(&linear->problem));
	} while (linear_next_set(linear, set));
	*step_size = below / (margin * largest);
	return TW_OK;
}

/* Of all points; results has room for POINTS. */
static tw_status look_around_all(linear_problem *linear, const theory_constants *constants, double *step_size,
                                 neighbourhood *results)
{
	int set[LINEAR_WIDEST];
	uint32_t number = 0;
	TW_TRY(choose_step_size(linear, step_size));
	linear_first_set(linear, set);
	const double lowest = linear_cost(linear, set);
	do {
		double point[DIMENSION];
		neighbourhood *r = &results[number];
		TW_TRY(balanced_point(linear, set, point));
		TW_TRY(look_around(linear, point, *step_size, lowest, number++, r));
		linear_set_text(linear, set, r->set);
		r->claimed = r->negative >= constants->saddle_index;
	} while (number < POINTS && linear_next_set(linear, set));
	return TW_OK;
}

/* ---- starts on the stable manifold ----------------------------------------------------------------------------- */

/* The network 1-1-1, f = 1/n sum (y_i - w2 w1 x_i)^2: a strict saddle at the origin where sum x_i y_i > 0, and its
 * stable manifold is the line w1 = -w2. With the one observation x = y = 1 rounding keeps to that line, with others it
 * does not. */
enum { PATH = 300, PATHS = 3, SEVERAL = 20 };
typedef enum { EXACT, ROUNDED, NOISY } path_kind;
static const double path_step_size = 0.1, noise = 1e-6, reached = 1e-6, left = 0.1;

typedef struct {
	double distance[PATHS][PATH + 1];
	double nearest[PATHS];
	int nearest_at[PATHS];
} path_result;

static tw_status follow(theory_problem *problem, path_kind kind, path_result *r)
{
	double theta[2] = {1, -1}, gradient[2], disturbance[2 * (PATH + 1)], cost;
	theory_normal(SEED, 5000, 2 * (PATH + 1), disturbance);
	r->nearest[kind] = INFINITY;
	for (int k = 0; k <= PATH; k++) {
		r->distance[kind][k] = theory_norm(2, theta);
		if (r->distance[kind][k] < r->nearest[kind]) r->nearest[kind] = r->distance[kind][k], r->nearest_at[kind] = k;
		TW_TRY(theory_evaluate(problem, theta, &cost, gradient));
		for (int i = 0; i < 2; i++)
			theta[i] -= path_step_size * gradient[i] - (kind == NOISY ? noise * disturbance[2 * k + i] : 0);
	}
	return TW_OK;
}

static tw_status follow_on(const thesis_context *context, path_kind kind, path_result *r)
{
	const tw_network network = {
	    .layers = 2, .width = {1, 1, 1}, .activation = tw_activation_find("identity"), .output = TW_OUTPUT_IDENTITY};
	double x[SEVERAL] = {1}, y[SEVERAL] = {1}, mean = 0;
	const int n = kind == ROUNDED ? SEVERAL : 1;
	theory_problem problem;
	if (kind == ROUNDED) {
		theory_normal(SEED, 5001, n, x);
		for (int i = 0; i < n; i++) mean += x[i] * x[i] / n;
		for (int i = 0; i < n; i++) x[i] /= sqrt(mean);
		memcpy(y, x, sizeof y);
	}
	tw_status status = theory_problem_open(context, &network, "square", n, x, y, &problem);
	if (status == TW_OK) status = follow(&problem, kind, r);
	theory_problem_close(&problem);
	return status;
}

static bool is_freed(const path_result *r, path_kind kind)
{
	return r->nearest[kind] < r->distance[kind][0] && r->distance[kind][PATH] > left;
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

static void add_table(const thesis_context *context, const neighbourhood *results, double step_size)
{
	static const char *const head[] = {"I",      "negative eigenvalues", "smallest",   "should not stay",
	                                   "stayed", "at the global value",  "nearest end"};
	char caption[240];
	snprintf(caption, sizeof caption,
	         "Of %d starts at distance %g from each stationary point of the linear network %d-%d-%d, after at most %d "
	         "steps with α = %.4g",
	         STARTS, radius, M, P, M, STEPS, step_size);
	tw_page_table(context->page, caption, 7, head);
	for (int i = 0; i < POINTS; i++) {
		const neighbourhood *r = &results[i];
		char text[5][TW_NUMBER_TEXT];
		snprintf(text[0], sizeof text[0], "%d", r->negative);
		snprintf(text[1], sizeof text[1], "%.3g", r->smallest);
		snprintf(text[2], sizeof text[2], "%d", r->stayed);
		snprintf(text[3], sizeof text[3], "%d", r->global);
		snprintf(text[4], sizeof text[4], "%.3g", r->nearest);
		tw_page_row(context->page, (const char *const[]){r->set, text[0], text[1], r->claimed ? "yes" : "no", text[2],
		                                                 text[3], text[4]});
	}
	tw_page_table_end(context->page);
}

static tw_status write_points(const thesis_context *context, const neighbourhood *results)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-saddle-starts.csv"));
	fputs("set,negative,smallest,claimed,starts,stayed,at_global_value,nearest_end\n", file.file);
	for (int i = 0; i < POINTS; i++) {
		const neighbourhood *r = &results[i];
		for (const char *c = r->set; *c; c++) fputc(*c == ',' ? ' ' : *c, file.file);
		fputc(',', file.file);
		figure_put(file.file, "", 7,
		           (double[]){r->negative, r->smallest, r->claimed, STARTS, r->stayed, r->global, r->nearest});
	}
	return tw_part_close(&file);
}

static tw_status write_paths(const thesis_context *context, const path_result *paths)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-saddle.csv"));
	fputs("k,exact,rounded,noisy\n", file.file);
	for (int k = 0; k <= PATH; k++)
		figure_put(
		    file.file, "", 4,
		    (double[]){k + 1, paths->distance[EXACT][k], paths->distance[ROUNDED][k], paths->distance[NOISY][k]});
	return tw_part_close(&file);
}

static void report_starts(const thesis_context *context, const neighbourhood *results, double step_size,
                          theory_verdict *out)
{
	int points = 0, stayed = 0, global = 0;
	double nearest = INFINITY;
	for (int i = 0; i < POINTS; i++) {
		if (!results[i].claimed) continue;
		points++;
		stayed += results[i].stayed, global += results[i].global;
		nearest = fmin(nearest, results[i].nearest);
	}
	out->holds = points > 0 && stayed == 0;
	theory_number(out, "points", points);
	theory_number(out, "starts", points * STARTS);
	theory_number(out, "stayed", stayed);
	theory_number(out, "at_global_value", global);
	add_table(context, results, step_size);
	tw_page_finding(
	    context->page, theory_kind(out->holds),
	    "Theorem 4.4: of %d random starts at a distance of %g from %d stationary points that gradient descent "
	    "should not converge to, %d stay there (within %g times that distance); the nearest ends %.3g away. "
	    "%d end at the global value.",
	    points * STARTS, radius, points, stayed, stays_within, nearest, global);
}

static void report_paths(const thesis_context *context, const path_result *paths, theory_verdict *out)
{
	const bool stays = paths->distance[EXACT][PATH] <= reached, comes = paths->nearest[ROUNDED] <= reached;
	const bool freed = is_freed(paths, NOISY);
	out->holds &= stays && comes && freed;
	theory_number(out, "exact_end", paths->distance[EXACT][PATH]);
	theory_number(out, "rounded_nearest", paths->nearest[ROUNDED]);
	theory_number(out, "rounded_end", paths->distance[ROUNDED][PATH]);
	theory_number(out, "noisy_nearest", paths->nearest[NOISY]);
	theory_number(out, "noisy_end", paths->distance[NOISY][PATH]);
	tw_page_finding(
	    context->page, theory_kind(stays && comes && freed),
	    "The start (1, -1) on the stable manifold of the saddle of the network 1-1-1 converges to it where "
	    "rounding is symmetric: after %d steps it is %.1e away. With %d other observations rounding %s: "
	    "nearest at k = %d with %.1e, and %.2g away at the end. Noise of %g in every step %s: nearest at k = "
	    "%d with %.1e, at the end %.2g away.",
	    PATH, paths->distance[EXACT][PATH], SEVERAL, is_freed(paths, ROUNDED) ? "frees it" : "does not free it",
	    paths->nearest_at[ROUNDED] + 1, paths->nearest[ROUNDED], paths->distance[ROUNDED][PATH], noise,
	    freed ? "frees it sooner" : "does not free it", paths->nearest_at[NOISY] + 1, paths->nearest[NOISY],
	    paths->distance[NOISY][PATH]);
}

static tw_status report(thesis_context *context, const neighbourhood *results, double step_size,
                        const path_result *paths, theory_verdict *out)
{
	tw_page_text(context->page,
	             "Theorem 3.5 gives strict saddles to start from: one for every index set I but the first, where the "
	             "global minimum is. α = %g/L, where L is the largest eigenvalue at any of these points times %g. The "
	             "starts are uniform on a small sphere around each point.",
	             below, margin);
	report_starts(context, results, step_size, out);
	tw_page_text(
	    context->page,
	    "Starts on the stable manifold do converge, but have probability 0. The network 1-1-1, (y - w₂w₁x)², has "
	    "a strict saddle at the origin, and its stable manifold is the line w₁ = -w₂; α = %g.",
	    path_step_size);
	report_paths(context, paths, out);
	TW_TRY(write_points(context, results));
	TW_TRY(write_paths(context, paths));
	return thesis_draw(context, "theory-saddle",
	                   "Distance to the strict saddle of the network 1-1-1 over the iterates of gradient descent that "
	                   "starts exactly on its stable manifold.");
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	linear_problem linear;
	neighbourhood results[POINTS] = {0};
	static path_result paths;
	double step_size = NAN;
	tw_status status = linear_open(context, M, P, N, SEED, &linear);
	if (status == TW_OK) status = look_around_all(&linear, constants, &step_size, results);
	linear_close(&linear);
	for (path_kind kind = EXACT; kind <= NOISY && status == TW_OK; kind++) status = follow_on(context, kind, &paths);
	return status == TW_OK ? report(context, results, step_size, &paths, out) : status;
}

const theory_check theory_saddle = {
    .name = "saddle",
    .title = "Theorem 4.4: No convergence to strict saddles",
    .run = run,
};
