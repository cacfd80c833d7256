/* Condition (4.18) of Theorem 4.8 cannot be weakened: least squares without noise, started along the steepest
 * direction. From theta* + v with H v = L v and alpha = c / L every step multiplies the distance by 1 - c; the average
 * is (1 - (1 - c)^2K) L^2 / (c (2 - c) K), the bound L^2 / (c K). */
#include <math.h>
#include <stdio.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory_bound.h"
#include "app/thesis/theory_problem.h"

enum { INPUTS = 2, OBSERVATIONS = 50, STEPS = 100, CASES = 6 };
static const double factors[CASES] = {0.5, 0.9, 1, 1.1, 1.5, 1.9}; /* c */
static const double rounding = 1e-9;

typedef struct {
	double average, bound;
} sharp_case;

static bool holds(const sharp_case *result) { return result->average <= (1 + rounding) * result->bound; }

typedef struct {
	double sum, cost;
} norm_sum;

static tw_status add_norm(void *self, int64_t k, const double *theta, double cost, const double *gradient)
{
	norm_sum *norms = self;
	(void)theta;
	if (k == 0) norms->cost = cost;
	if (k < STEPS) norms->sum += pow(theory_norm(INPUTS, gradient), 2);
	return TW_OK;
}

static tw_status descend(theory_problem *problem, const double *direction, double step_size, sharp_case *out)
{
	double theta[INPUTS];
	norm_sum norms = {0};
	const theory_visitor visitor = {.self = &norms, .visit = add_norm};
	for (int i = 0; i < INPUTS; i++) theta[i] = 1 + direction[i];
	TW_TRY(theory_descend(problem, theta, step_size, STEPS, &visitor));
	*out = (sharp_case){norms.sum / STEPS, 2 * norms.cost / (STEPS * step_size)};
	return TW_OK;
}

/* y = x1 + x2, so that theta* = (1, 1) and f_inf = 0. */
static tw_status measure(const thesis_context *context, sharp_case *results)
{
	const tw_network network = {.layers = 1, .width = {INPUTS, 1}, .activation = tw_activation_find("identity")};
	double x[OBSERVATIONS * INPUTS], y[OBSERVATIONS], direction[INPUTS];
	const double zero[INPUTS] = {0};
	theory_problem problem;
	theory_normal(4, 0, OBSERVATIONS * INPUTS, x);
	for (int i = 0; i < OBSERVATIONS; i++) y[i] = x[INPUTS * i] + x[INPUTS * i + 1];
	tw_status status = theory_problem_open(context, &network, "square", OBSERVATIONS, x, y, &problem);
	if (status == TW_OK) status = theory_eigenvalues(&problem, zero, true);
	for (int i = 0; i < INPUTS && status == TW_OK; i++) direction[i] = problem.matrix[(INPUTS - 1) * INPUTS + i];
	const double lipschitz = status == TW_OK ? theory_largest(&problem) : 1;
	for (int c = 0; c < CASES && status == TW_OK; c++)
		status = descend(&problem, direction, factors[c] / lipschitz, &results[c]);
	theory_problem_close(&problem);
	return status;
}

static tw_status write_cases(const thesis_context *context, const sharp_case *results)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-bound-sharp.csv"));
	fputs("step_size_times_L,average,bound,holds\n", file.file);
	for (int c = 0; c < CASES; c++)
		figure_put(file.file, "", 4, (double[]){factors[c], results[c].average, results[c].bound, holds(&results[c])});
	return tw_part_close(&file);
}

static void add_table(tw_page *page, const sharp_case *results)
{
	static const char *const head[] = {"α L", "average of ‖∇f‖²", "bound (4.19)", "average / bound", "the bound"};
	tw_page_table(page, "Least squares without noise by gradient descent, started along the steepest direction", 5,
	              head);
	for (int c = 0; c < CASES; c++) {
		stochastic_row row = {.count = 0};
		stochastic_cell(&row, "%g", factors[c]);
		stochastic_cell(&row, "%.4g", results[c].average);
		stochastic_cell(&row, "%.4g", results[c].bound);
		stochastic_cell(&row, "%.3f", results[c].average / results[c].bound);
		stochastic_cell(&row, "%s", holds(&results[c]) ? "holds" : "does not hold");
		stochastic_put_row(page, &row);
	}
	tw_page_table_end(page);
}

tw_status bound_add_sharpness(thesis_context *context, bool *sharp)
{
	sharp_case results[CASES] = {{0}};
	int wrong = 0;
	TW_TRY(measure(context, results));
	for (int c = 0; c < CASES; c++) wrong += holds(&results[c]) != (factors[c] <= 1);
	*sharp = wrong == 0;
	TW_TRY(write_cases(context, results));
	add_table(context->page, results);
	tw_page_finding(
	    context->page, *sharp ? TW_NOTE : TW_DIFFERS,
	    "Condition (4.18), α ≤ 1/(L M_G), %s: for least squares without noise, where L and f_inf = 0 are "
	    "exact, the average over %d iterates is %.3f of the bound for α = 0.5/L, %.3f of it for 1/L, %.3f for "
	    "1.1/L and %.3f for 1.5/L, although gradient descent converges up to 2/L.",
	    *sharp ? "cannot be weakened" : "is not where the bound ends, as it should be", STEPS,
	    results[0].average / results[0].bound, results[2].average / results[2].bound,
	    results[3].average / results[3].bound, results[4].average / results[4].bound);
	return TW_OK;
}
