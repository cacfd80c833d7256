/* Theorem 4.3 (Poliak): gradient descent with alpha < 2/L descends in every step. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory.h"
#include "app/thesis/theory_problem.h"

enum { HIDDEN = 3, DIMENSION = 4 * HIDDEN + 1, STEPS = 3000, EVERY = 5, LOOKS = 8, SEED = 2, SETTLING = 400000 };
static const double margin = 1.1;     /* L is the largest |eigenvalue| that was seen, times this */
static const double below = 0.99;     /* alpha is this part of the largest step size the theorem allows */
static const double beyond = 2.5;     /* and, in the second run, this over the largest eigenvalue at the minimum */
static const double pilot = 0.01;     /* step size of the first look at the curvature */
static const double rounding = 1e-14; /* a rise of f by less than this, relative, is none */

/* A run of gradient descent from theta_1. */
typedef struct {
	theory_problem *problem;
	double step_size;
	double cost[STEPS + 1], norm[STEPS + 1]; /* f(theta_k), ||grad f(theta_k)|| */
	double curvature;                        /* largest |eigenvalue| at every EVERY-th iterate; 0: not measured */
	bool measures;
	int64_t rises;       /* steps with f(theta_{k+1}) > f(theta_k) */
	double largest_rise; /* relative */
} descent;

static tw_status visit(void *self, int64_t k, const double *theta, double cost, const double *gradient)
{
	descent *run = self;
	run->cost[k] = cost;
	run->norm[k] = theory_norm(DIMENSION, gradient);
	if (k > 0) {
		const double rise = (cost - run->cost[k - 1]) / fabs(run->cost[k - 1]);
		run->rises += !(rise <= rounding);
		run->largest_rise = fmax(run->largest_rise, rise);
	}
	if (!run->measures || k % EVERY != 0) return TW_OK;
	TW_TRY(theory_eigenvalues(run->problem, theta, false));
	run->curvature = fmax(run->curvature, theory_largest(run->problem));
	return TW_OK;
}

static tw_status descend(theory_problem *problem, const double *start, double step_size, bool measures, descent *run)
{
	double theta[DIMENSION];
	const theory_visitor visitor = {run, visit};
	*run = (descent){.problem = problem, .step_size = step_size, .measures = measures, .largest_rise = -INFINITY};
	memcpy(theta, start, sizeof theta);
	return theory_descend(problem, theta, step_size, STEPS, &visitor);
}

/* ---- L --------------------------------------------------------------------------------------------------------- */

typedef struct {
	double lipschitz; /* L */
	int looks;        /* runs it took until L held along the run with alpha < 2/L */
	bool settled;
	double minimum[DIMENSION], lowest; /* f there */
	double steepest, flattest;         /* eigenvalues of the Hessian there */
	double minimum_gradient;
} landscape;

/* L depends on the iterates, these on alpha, and that on L: looked at again until no iterate exceeds it. */
static tw_status estimate(theory_problem *problem, const double *start, descent *run, landscape *l)
{
	double step_size = pilot;
	while (l->looks < LOOKS && !l->settled) {
		l->looks++;
		TW_TRY(descend(problem, start, step_size, true, run));
		l->settled = l->lipschitz > 0 && run->curvature <= l->lipschitz;
		l->lipschitz = fmax(l->lipschitz, margin * run->curvature);
		step_size = below * 2 / l->lipschitz;
	}
	return TW_OK;
}

/* The minimum that the run tends to, by many more of its steps. */
static tw_status settle(theory_problem *problem, const double *start, double step_size, landscape *l)
{
	const theory_course course = {.step_size = step_size, .tolerance = 1e-12, .steps = SETTLING};
	double gradient[DIMENSION];
	memcpy(l->minimum, start, sizeof l->minimum);
	TW_TRY(theory_train(problem, &course, 1, l->minimum, NULL));
	TW_TRY(theory_evaluate(problem, l->minimum, &l->lowest, gradient));
	l->minimum_gradient = theory_norm(DIMENSION, gradient);
	TW_TRY(theory_eigenvalues(problem, l->minimum, false));
	l->flattest = problem->values[0];
	l->steepest = problem->values[DIMENSION - 1];
	return TW_OK;
}

static tw_status open_circles(const thesis_context *context, theory_problem *out)
{
	const tw_network network = {.layers = 2,
	                            .width = {2, HIDDEN, 1},
	                            .activation = tw_activation_find("tanh"),
	                            .output = TW_OUTPUT_LOGISTIC,
	                            .bias = true};
	tw_data_options options;
	tw_data *data = NULL, *test = NULL;
	tw_data_defaults(&options);
	options.precision = TW_DOUBLE;
	*out = (theory_problem){0};
	TW_TRY(tw_data_load(context->comm, &options, &data, &test));
	tw_status status =
	    theory_problem_open(context, &network, "log", data->observations, data->dense, data->output, out);
	tw_data_free(data);
	tw_data_free(test);
	return status;
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

/* The two runs that are compared. */
typedef struct {
	descent small, large; /* alpha below step_factor / L, and 2.5 over the largest eigenvalue at the minimum */
} descents;

static tw_status write_runs(const thesis_context *context, const descents *runs, const landscape *l)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-descent.csv"));
	fputs("k,cost,above_minimum,gradient_norm,cost_beyond,above_minimum_beyond,gradient_norm_beyond\n", file.file);
	for (int k = 0; k <= STEPS; k++)
		figure_put(file.file, "", 7,
		           (double[]){k + 1, runs->small.cost[k], runs->small.cost[k] - l->lowest, runs->small.norm[k],
		                      runs->large.cost[k], runs->large.cost[k] - l->lowest, runs->large.norm[k]});
	return tw_part_close(&file);
}

static void add_row(const thesis_context *context, const char *name, const descent *run, const landscape *l)
{
	char text[6][TW_NUMBER_TEXT];
	snprintf(text[0], sizeof text[0], "%.5g", run->step_size);
	snprintf(text[1], sizeof text[1], "%.3f", run->step_size * l->lipschitz);
	snprintf(text[2], sizeof text[2], "%lld", (long long)run->rises);
	snprintf(text[3], sizeof text[3], "%.2g", run->largest_rise);
	snprintf(text[4], sizeof text[4], "%.3g", run->cost[STEPS] - l->lowest);
	snprintf(text[5], sizeof text[5], "%.2g", run->norm[STEPS]);
	tw_page_row(context->page, (const char *const[]){name, text[0], text[1], text[2], text[3], text[4], text[5]});
}

static void add_table(const thesis_context *context, const theory_constants *constants, const descents *runs,
                      const landscape *l)
{
	static const char *const head[] = {"run",
	                                   "α",
	                                   "αL",
	                                   "steps with f(θₖ₊₁) > f(θₖ)",
	                                   "largest relative change upwards",
	                                   "f - f* at the end",
	                                   "‖∇f‖ at the end"};
	char caption[120], name[80];
	snprintf(caption, sizeof caption, "Gradient descent over %d steps from the same start", STEPS);
	snprintf(name, sizeof name, "%g · %g/L (claimed: %g/L)", below, constants->step_factor, 2.0);
	tw_page_table(context->page, caption, 7, head);
	add_row(context, name, &runs->small, l);
	snprintf(name, sizeof name, "%g/λ_max at the minimum", beyond);
	add_row(context, name, &runs->large, l);
	tw_page_table_end(context->page);
}

static void judge(const theory_constants *constants, const descents *runs, const landscape *l, theory_verdict *out)
{
	out->holds = l->settled && runs->small.rises == 0 && runs->large.rises > 0;
	theory_number(out, "lipschitz", l->lipschitz);
	theory_number(out, "step_factor", constants->step_factor);
	theory_number(out, "step_size", runs->small.step_size);
	theory_number(out, "rises", (double)runs->small.rises);
	theory_number(out, "step_size_beyond", runs->large.step_size);
	theory_number(out, "rises_beyond", (double)runs->large.rises);
	theory_number(out, "largest_eigenvalue_at_minimum", l->steepest);
	theory_number(out, "smallest_eigenvalue_at_minimum", l->flattest);
}

static tw_status report(thesis_context *context, const theory_constants *constants, const descents *runs,
                        const landscape *l, theory_verdict *out)
{
	tw_page_text(
	    context->page,
	    "The 100 circles observations, network 2-%d-1 with tanh units and logistic output, log loss, one random "
	    "start. L is the largest |eigenvalue| of the Hessian at every %dth iterate times %g, taken from run to "
	    "run with α = %g · 2/L until no iterate exceeds it (%d runs): L = %.5g. Many more steps lead to a "
	    "minimum: f* = %.6g, ‖∇f‖ = %.1e, eigenvalues of the Hessian from %.3g to %.4g.",
	    HIDDEN, EVERY, margin, below, l->looks, l->lipschitz, l->lowest, l->minimum_gradient, l->flattest, l->steepest);
	add_table(context, constants, runs, l);
	judge(constants, runs, l, out);
	tw_page_finding(context->page, theory_kind(out->holds),
	                "Theorem 4.3: with α = %.4g, just below %g/L, f should fall in every step; it rises in %lld of "
	                "%d. With α = %.4g = %g/λ_max, which is beyond 2/λ_max at the minimum, it rises in %lld, and the "
	                "run cannot settle there: ‖∇f‖ = %.2g at its end.",
	                runs->small.step_size, constants->step_factor, (long long)runs->small.rises, STEPS,
	                runs->large.step_size, beyond, (long long)runs->large.rises, runs->large.norm[STEPS]);
	if (!l->settled) tw_page_finding(context->page, TW_NOTE, "The estimate of L did not settle in %d runs.", LOOKS);
	TW_TRY(write_runs(context, runs, l));
	return thesis_draw(context, "theory-descent",
	                   "f above the minimum over the iterates of gradient descent: with a step size just below what "
	                   "Theorem 4.3 allows, and with one that is too large for the minimum.");
}

static tw_status compare(thesis_context *context, const theory_constants *constants, theory_problem *problem,
                         descents *runs, theory_verdict *out)
{
	landscape l = {0};
	double start[DIMENSION];
	theory_normal(SEED, 0, DIMENSION, start);
	TW_TRY(estimate(problem, start, &runs->small, &l));
	TW_TRY(settle(problem, start, below * 2 / l.lipschitz, &l));
	TW_TRY(descend(problem, start, below * constants->step_factor / l.lipschitz, false, &runs->small));
	TW_TRY(descend(problem, start, beyond / l.steepest, false, &runs->large));
	return report(context, constants, runs, &l, out);
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	theory_problem problem;
	descents *runs = NULL;
	tw_status status = open_circles(context, &problem);
	if (status == TW_OK) status = tw_alloc((void **)&runs, sizeof *runs, "runs of gradient descent");
	if (status == TW_OK) status = compare(context, constants, &problem, runs, out);
	tw_free(runs);
	theory_problem_close(&problem);
	return status;
}

const theory_check theory_descent = {
    .name = "descent",
    .title = "Theorem 4.3: Descent in every step",
    .run = run,
};
