/* Figure 4.3: gradient descent that starts close to the stable manifold of a strict saddle. */
#include "app/thesis/figures.h"

#include <math.h>

/* f(x, y) = x^4/4 - x^2/2 + y^2/2: a strict saddle at the origin with eigenvalues -1 along the x-axis and 1 along the
 * y-axis, minima at (-1, 0) and (1, 0), stable manifold x = 0. On |x| <= 1 the gradient is Lipschitz with L = 2. */
static double value(double x, double y) { return x * x * x * x / 4 - x * x / 2 + y * y / 2; }
static void gradient(double x, double y, double out[2]) { out[0] = x * x * x - x, out[1] = y; }
static const figure_function function = {value, gradient};

enum { STEPS = 150, STARTS = 1000 };
static const double step_size = 0.1;

/* path: STEPS + 1 iterates. */
static tw_status descend(double x, double y, double *path)
{
	const tw_objective objective = figure_function_objective(&function);
	double *theta = NULL;
	TW_TRY(figure_vector(&objective, (void **)&theta));
	theta[0] = x, theta[1] = y;
	tw_status status = figure_descend(&objective, NULL, theta, step_size, STEPS, path);
	tw_free(theta);
	return status;
}

static tw_status write_paths(const thesis_context *context, const double near[], const double on[])
{
	enum { SIDE = 61 };
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "figure-4.3.csv"));
	fputs("start,k,x,y,f\n", file.file);
	for (int run = 0; run < 2; run++)
		for (int k = 0; k <= STEPS; k++) {
			const double *at = (run ? on : near) + 2 * k;
			figure_put(file.file, run ? "on" : "near", 4, (double[]){k + 1, at[0], at[1], value(at[0], at[1])});
		}
	TW_TRY(tw_part_close(&file));
	TW_TRY(tw_part_open(&file, context->folder, "figure-4.3-surface.csv"));
	fputs("x,y,f\n", file.file);
	for (int i = 0; i < SIDE; i++) {
		for (int j = 0; j < SIDE; j++) {
			double x = -1.5 + 3.0 * i / (SIDE - 1), y = -1.2 + 2.4 * j / (SIDE - 1);
			figure_put(file.file, "", 3, (double[]){x, y, value(x, y)});
		}
		fputc('\n', file.file);
	}
	return tw_part_close(&file);
}

/* The iterate nearest to the saddle. */
static int nearest_to_saddle(const double *path)
{
	int best = 0;
	for (int k = 1; k <= STEPS; k++)
		if (hypot(path[2 * k], path[2 * k + 1]) < hypot(path[2 * best], path[2 * best + 1])) best = k;
	return best;
}

/* Starts uniform on [-1, 1]^2: how many end within 0.01 of a minimum, and of the saddle. */
static tw_status count_ends(double *path, int *minimum, int *saddle)
{
	const tw_random stream = {.seed = 1, .purpose = TW_RANDOM_INITIAL, .run = 43};
	*minimum = *saddle = 0;
	for (uint64_t i = 0; i < STARTS; i++) {
		double x = 2 * tw_random_uniform(stream, i, 0) - 1, y = 2 * tw_random_uniform(stream, i, 1) - 1;
		TW_TRY(descend(x, y, path));
		const double *end = path + 2 * STEPS;
		*minimum += hypot(fabs(end[0]) - 1, end[1]) < 0.01;
		*saddle += hypot(end[0], end[1]) < 0.01;
	}
	return TW_OK;
}

tw_status figure_4_3(thesis_context *context)
{
	static double near[2 * (STEPS + 1)], on[2 * (STEPS + 1)], path[2 * (STEPS + 1)];
	int minimum, saddle;
	TW_TRY(descend(0.001, 1, near));
	TW_TRY(descend(0, 1, on));
	TW_TRY(count_ends(path, &minimum, &saddle));
	TW_TRY(write_paths(context, near, on));
	const int closest = nearest_to_saddle(near);
	const double *end = near + 2 * STEPS, *stuck = on + 2 * STEPS;
	const double approach = hypot(near[2 * closest], near[2 * closest + 1]);
	tw_page_finding(
	    context->page, figure_verdict(hypot(fabs(end[0]) - 1, end[1]) < 0.01 && approach < 0.1),
	    "Gradient descent with α = %g from (0.001, 1) comes as near to the strict saddle as %.3g (at k = %d), "
	    "leaves along the x-axis, where the curvature is negative, and is at (%.4f, %.4f) after %d steps, "
	    "by the minimum (1, 0).",
	    step_size, approach, closest + 1, end[0], end[1], STEPS);
	tw_page_finding(
	    context->page, figure_verdict(saddle == 0),
	    "Theorem 4.4: from a random start gradient descent does not converge to the saddle. Of %d starts uniform "
	    "on [-1, 1]² %d are by a minimum after %d steps and %d by the saddle; %d are still on their way.",
	    STARTS, minimum, STEPS, saddle, STARTS - minimum - saddle);
	tw_page_text(
	    context->page,
	    "f(x, y) = x⁴/4 - x²/2 + y²/2. A start exactly on the stable manifold x = 0, such as (0, 1), does converge to "
	    "the saddle: after %d steps it is at (%.1g, %.1g). Such starts have probability 0.",
	    STEPS, stuck[0], stuck[1]);
	return thesis_draw(
	    context, "figure-4.3",
	    "Gradient descent on f(x, y) = x⁴/4 - x²/2 + y²/2 from (0.001, 1), close to the stable manifold of "
	    "the strict saddle (cross), and from (0, 1) on it. Stars: minima.");
}
