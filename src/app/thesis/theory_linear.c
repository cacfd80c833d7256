/* Theorem 3.5 (Baldi and Hornik): the stationary points of linear networks m-p-m. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory.h"
#include "app/thesis/theory_points.h"

enum { PROBLEMS = 2, STARTS = 50, MOST_SETS = 32, MOST_STEPS = 400000 };
static const struct {
	int m, p, n;
	uint64_t seed;
} sizes[PROBLEMS] = {{4, 2, 40, 1}, {5, 3, 60, 2}};
static const double gradient_tolerance = 1e-12; /* of ||grad f||, relative to the largest eigenvalue times ||theta|| */
static const double cost_tolerance = 1e-12;     /* of f at a stationary point, relative */
static const double zero = 1e-10;               /* eigenvalues below, relative to the largest, count as zero */
static const double end_tolerance = 1e-6;       /* of f at the end of gradient descent, relative to the global value */

/* A stationary point as the theorem builds it, and as it was found. */
typedef struct {
	char set[2 * LINEAR_WIDEST + 3];
	int descents;             /* 0: the theorem calls it a global minimum */
	double claimed, cost;     /* claimed: with the constant under test */
	double gradient;          /* relative */
	double smallest, largest; /* eigenvalues of the Hessian */
	int index;
	bool holds;
} point;

typedef struct {
	linear_problem linear;
	point points[MOST_SETS];
	int count, good;
	double largest_gradient, largest_error; /* over the points, relative */
	double global;                          /* the theorem's global value */
	double worst_end;                       /* of f at the ends of gradient descent over the global value, minus 1 */
	double step_size;
	int64_t most_steps;
	int ended;
} problem_result;

/* ---- stationary points ----------------------------------------------------------------------------------------- */

static tw_status look_at_point(problem_result *r, const double *theta, point *out)
{
	theory_problem *problem = &r->linear.problem;
	double gradient[2 * LINEAR_WIDEST * LINEAR_WIDEST];
	TW_TRY(theory_evaluate(problem, theta, &out->cost, gradient));
	TW_TRY(theory_eigenvalues(problem, theta, false));
	out->gradient =
	    theory_norm(problem->dimension, gradient) / (theory_largest(problem) * theory_norm(problem->dimension, theta));
	out->smallest = problem->values[0];
	out->largest = problem->values[problem->dimension - 1];
	out->index = theory_negative(problem, zero);
	return TW_OK;
}

static tw_status check_points(problem_result *r, const theory_constants *constants, uint64_t seed)
{
	int set[LINEAR_WIDEST];
	linear_first_set(&r->linear, set);
	do {
		TW_CHECK(r->count < MOST_SETS, TW_INTERNAL, "more than %d stationary points", MOST_SETS);
		point *p = &r->points[r->count];
		double c[LINEAR_WIDEST * LINEAR_WIDEST], theta[2 * LINEAR_WIDEST * LINEAR_WIDEST];
		linear_random_c(&r->linear, seed, (uint32_t)r->count, c);
		TW_TRY(linear_point(&r->linear, set, c, theta));
		TW_TRY(look_at_point(r, theta, p));
		linear_set_text(&r->linear, set, p->set);
		p->descents = linear_descents(&r->linear, set);
		p->claimed = constants->cost_factor * linear_cost(&r->linear, set);
		const double error = fabs(p->cost - p->claimed) / p->claimed;
		p->holds = p->gradient <= gradient_tolerance && error <= cost_tolerance &&
		           (p->descents == 0 ? p->index == 0 : p->index > 0);
		r->good += p->holds;
		r->largest_gradient = fmax(r->largest_gradient, p->gradient);
		r->largest_error = fmax(r->largest_error, error);
		r->count++;
	} while (linear_next_set(&r->linear, set));
	r->global = r->points[0].claimed;
	return TW_OK;
}

/* ---- gradient descent ------------------------------------------------------------------------------------------ */

/* A step size for which gradient descent from starts N(0, 1/4) is stable: half over the largest eigenvalue at the
 * global minimum with W2 and W1 of about the same size, or at a start where that is larger. */
static tw_status choose_step_size(problem_result *r, const double *theta)
{
	theory_problem *problem = &r->linear.problem;
	double largest = 0;
	for (int i = 0; i < STARTS; i++) {
		TW_TRY(theory_eigenvalues(problem, theta + i * problem->dimension, false));
		largest = fmax(largest, theory_largest(problem));
	}
	double at[2 * LINEAR_WIDEST * LINEAR_WIDEST], c[LINEAR_WIDEST * LINEAR_WIDEST] = {0};
	int set[LINEAR_WIDEST];
	linear_first_set(&r->linear, set);
	for (int i = 0; i < r->linear.p; i++) c[i * r->linear.p + i] = pow(r->linear.lambda[i] / r->linear.n, 0.25);
	TW_TRY(linear_point(&r->linear, set, c, at));
	TW_TRY(theory_eigenvalues(problem, at, false));
	r->step_size = 0.5 / fmax(largest, theory_largest(problem));
	return TW_OK;
}

static tw_status descend(problem_result *r, uint64_t seed, double *theta)
{
	theory_problem *problem = &r->linear.problem;
	int64_t steps[STARTS];
	theory_normal(seed, 1000, STARTS * problem->dimension, theta);
	for (int64_t i = 0; i < STARTS * problem->dimension; i++) theta[i] *= 0.5;
	TW_TRY(choose_step_size(r, theta));
	const theory_course course = {.step_size = r->step_size, .tolerance = 1e-8, .steps = MOST_STEPS};
	TW_TRY(theory_train(problem, &course, STARTS, theta, steps));
	for (int i = 0; i < STARTS; i++) {
		double cost;
		TW_TRY(theory_evaluate(problem, theta + i * problem->dimension, &cost, NULL));
		const double error = fabs(cost / r->global - 1);
		r->ended += error <= end_tolerance;
		if (!(error <= r->worst_end)) r->worst_end = error;
		if (steps[i] > r->most_steps) r->most_steps = steps[i];
	}
	return TW_OK;
}

static tw_status check_problem(const thesis_context *context, const theory_constants *constants, int number,
                               problem_result *r)
{
	double *theta = NULL;
	TW_TRY(linear_open(context, sizes[number].m, sizes[number].p, sizes[number].n, sizes[number].seed, &r->linear));
	TW_TRY(check_points(r, constants, sizes[number].seed));
	TW_TRY(tw_alloc_array((void **)&theta, STARTS * r->linear.problem.dimension, sizeof *theta, "random starts"));
	tw_status status = descend(r, sizes[number].seed, theta);
	tw_free(theta);
	return status;
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

static void add_table(const thesis_context *context, const problem_result *r)
{
	static const char *const head[] = {
	    "I",        "(tr Σ_YY - Σ λᵢ)/n, as used", "f",        "‖∇f‖/(λ_max ‖θ‖)", "smallest eigenvalue", "largest",
	    "negative", "better λⱼ outside of I",      "as stated"};
	char caption[160];
	snprintf(caption, sizeof caption, "Stationary points of the linear network %d-%d-%d, n = %d, by index set",
	         r->linear.m, r->linear.p, r->linear.m, r->linear.n);
	tw_page_table(context->page, caption, 9, head);
	for (int i = 0; i < r->count; i++) {
		const point *p = &r->points[i];
		char text[7][TW_NUMBER_TEXT];
		snprintf(text[0], sizeof text[0], "%.10g", p->claimed);
		snprintf(text[1], sizeof text[1], "%.10g", p->cost);
		snprintf(text[2], sizeof text[2], "%.1e", p->gradient);
		snprintf(text[3], sizeof text[3], "%.3g", p->smallest);
		snprintf(text[4], sizeof text[4], "%.3g", p->largest);
		snprintf(text[5], sizeof text[5], "%d", p->index);
		snprintf(text[6], sizeof text[6], "%d", p->descents);
		tw_page_row(context->page, (const char *const[]){p->set, text[0], text[1], text[2], text[3], text[4], text[5],
		                                                 text[6], p->holds ? "yes" : "no"});
	}
	tw_page_table_end(context->page);
}

static tw_status write_points(const thesis_context *context, const problem_result *results)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-linear.csv"));
	fputs("m,p,n,set,claimed,cost,relative_gradient,smallest,largest,negative,better_outside,holds\n", file.file);
	for (int k = 0; k < PROBLEMS; k++)
		for (int i = 0; i < results[k].count; i++) {
			const point *p = &results[k].points[i];
			fprintf(file.file, "%d,%d,%d,", results[k].linear.m, results[k].linear.p, results[k].linear.n);
			for (const char *c = p->set; *c; c++) fputc(*c == ',' ? ' ' : *c, file.file);
			fputc(',', file.file);
			figure_put(
			    file.file, "", 8,
			    (double[]){p->claimed, p->cost, p->gradient, p->smallest, p->largest, p->index, p->descents, p->holds});
		}
	return tw_part_close(&file);
}

static void add_finding(const thesis_context *context, const problem_result *results, theory_verdict *out)
{
	int points = 0, good = 0, ended = 0, same_index = 0;
	double gradient = 0, error = 0, worst = 0;
	int64_t steps = 0;
	for (int k = 0; k < PROBLEMS; k++) {
		points += results[k].count, good += results[k].good, ended += results[k].ended;
		gradient = fmax(gradient, results[k].largest_gradient);
		error = fmax(error, results[k].largest_error);
		worst = fmax(worst, results[k].worst_end);
		if (results[k].most_steps > steps) steps = results[k].most_steps;
		for (int i = 0; i < results[k].count; i++)
			same_index += results[k].points[i].index == results[k].points[i].descents;
	}
	out->holds = good == points && ended == PROBLEMS * STARTS;
	theory_number(out, "points", points);
	theory_number(out, "as_stated", good);
	theory_number(out, "relative_gradient", gradient);
	theory_number(out, "relative_cost_error", error);
	theory_number(out, "starts", PROBLEMS * STARTS);
	theory_number(out, "at_global_value", ended);
	theory_number(out, "relative_end_error", worst);
	tw_page_finding(context->page, theory_kind(out->holds),
	                "Theorem 3.5: %d of %d points built from the formula are as stated: gradient zero to rounding "
	                "(largest ‖∇f‖/(λ_max ‖θ‖): %.1e), cost as stated (largest relative error: %.1e), no negative "
	                "eigenvalue of the Hessian for I = {1,...,p} and at least one for every other I. Gradient descent "
	                "ends at the global value from %d of %d random starts (to %.0e; largest difference %.1e).",
	                good, points, gradient, error, ended, PROBLEMS * STARTS, end_tolerance, worst);
	tw_page_finding(context->page, TW_NOTE,
	                "At %d of the %d points there are exactly as many negative eigenvalues as pairs of an eigenvector "
	                "in I and a better one outside, which says more than the theorem does.",
	                same_index, points);
	tw_page_text(context->page, "The longest run of gradient descent took %lld steps.", (long long)steps);
}

static tw_status report(const thesis_context *context, const problem_result *results, theory_verdict *out)
{
	tw_page_text(
	    context->page,
	    "Networks m-p-m with the identity as activation, without biases; xᵢ ~ N(0, I), y = Ax plus noise of standard "
	    "deviation 0.5, A random. Every p-index set I gives W⁽²⁾ = U_I C, W⁽¹⁾ = C⁻¹U_I'Σ_YX Σ_XX⁻¹ with a random "
	    "matrix C; gradient and Hessian there are computed by back-propagation and Hessian-vector products, the "
	    "eigenvalues by LAPACK. Eigenvalues within %.0e of the largest count as zero: p² of them belong to the "
	    "choice of C. Gradient descent starts from %d points N(0, 1/4) each and ends where ‖∇f‖ ≤ 1e-8.",
	    zero, STARTS);
	for (int k = 0; k < PROBLEMS; k++) add_table(context, &results[k]);
	add_finding(context, results, out);
	return write_points(context, results);
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	problem_result results[PROBLEMS] = {0};
	tw_status status = TW_OK;
	for (int k = 0; k < PROBLEMS && status == TW_OK; k++) status = check_problem(context, constants, k, &results[k]);
	if (status == TW_OK) status = report(context, results, out);
	for (int k = 0; k < PROBLEMS; k++) linear_close(&results[k].linear);
	return status;
}

const theory_check theory_linear = {
    .name = "linear",
    .title = "Theorem 3.5: Stationary points of linear networks",
    .run = run,
};
