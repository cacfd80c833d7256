/* Theorem 3.6 (Soudry and Carmon): differentiable minima of leaky ReLU networks with enough hidden units cost 0. */
#include "app/thesis/theory_leaky.h"

#include <math.h>
#include <stdio.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory.h"

enum { STARTS = 40, PARTS = 3, SIZES = PARTS + 1, KINDS = 2 };
static const double parts[PARTS] = {0.5, 0.75, 1}; /* of the bound: numbers of observations within it */
static const double deviations[KINDS] = {0.5, 0};  /* of epsilon: perturbed, as the theorem wants it, and not */
static const theory_course course = {.step_size = 0.01, .momentum = 0.9, .tolerance = 1e-10, .steps = 20000};
static const double stationary = 1e-8; /* ||grad f|| of at most this: the run has ended at a differentiable point */
static const double fitted = 1e-12;    /* f of at most this counts as 0 */
static const double off_kinks = 1e-9;  /* distance in theta from the nearest kink that a differentiable point keeps,
                                          unless f = 0 there: then f is differentiable anyway */

/* The ends of gradient descent with n observations. */
typedef struct {
	int n;
	bool within;        /* n <= bound_factor d1 d0 */
	int differentiable; /* ends with a gradient of 0, which no kink can have in general */
	int zero;           /* of these, with f = 0 */
	double highest;     /* f over the differentiable ends; NaN: there are none */
	double lowest;      /* f over all ends */
	double nearest;     /* distance in theta to the nearest kink, over the differentiable ends */
} end_summary;

/* ---- the ends -------------------------------------------------------------------------------------------------- */

static void summarise(double cost, double norm, double kink, end_summary *r)
{
	r->lowest = fmin(r->lowest, cost);
	if (!(norm <= stationary && (kink > off_kinks || cost <= fitted))) return;
	r->differentiable++;
	r->zero += cost <= fitted;
	r->highest = fmax(r->highest, cost);
	r->nearest = fmin(r->nearest, kink);
}

static void look_at_ends(const leaky_data *data, double deviation, const double *theta, FILE *file, end_summary *r)
{
	for (int i = 0; i < STARTS; i++) {
		double cost, kink, gradient[LEAKY_DIMENSION];
		leaky_evaluate(data, theta + i * LEAKY_DIMENSION, &cost, gradient, &kink);
		const double norm = theory_norm(LEAKY_DIMENSION, gradient);
		summarise(cost, norm, kink, r);
		fprintf(file, "%g,%d,%d,", deviation, r->n, i);
		figure_put(file, "", 3, (double[]){cost, norm, kink});
	}
}

/* A network of the program, which has no perturbation; both must agree on f and its gradient without one. */
static tw_status train_network(const thesis_context *context, const leaky_data *data, double *theta)
{
	const tw_network network = {.layers = 2,
	                            .width = {LEAKY_INPUTS, LEAKY_HIDDEN, 1},
	                            .activation = tw_activation_find("leaky_relu"),
	                            .activation_value = {0.1},
	                            .output = TW_OUTPUT_IDENTITY};
	theory_problem problem;
	double cost[2], gradient[2][LEAKY_DIMENSION];
	tw_status status = theory_problem_open(context, &network, "square", data->n, &data->x[0][0], data->y, &problem);
	if (status == TW_OK) status = theory_evaluate(&problem, theta, &cost[0], gradient[0]);
	leaky_evaluate(data, theta, &cost[1], gradient[1], NULL);
	if (status == TW_OK &&
	    !(fabs(cost[0] - cost[1]) <= 1e-12 * cost[0] && theory_distance(LEAKY_DIMENSION, gradient[0], gradient[1]) <=
	                                                        1e-12 * theory_norm(LEAKY_DIMENSION, gradient[0])))
		status = tw_fail(TW_INTERNAL, "Theorem 3.6: the network and the formula differ: f = %.17g and %.17g", cost[0],
		                 cost[1]);
	if (status == TW_OK) status = theory_train(&problem, &course, STARTS, theta, NULL);
	theory_problem_close(&problem);
	return status;
}

static tw_status check_size(const thesis_context *context, double deviation, int n, FILE *file, end_summary *r)
{
	static double theta[STARTS * LEAKY_DIMENSION];
	leaky_data data;
	leaky_fill(n, deviation, &data);
	theory_normal(3, 100, STARTS * LEAKY_DIMENSION, theta);
	if (deviation == 0)
		TW_TRY(train_network(context, &data, theta));
	else
		for (int i = 0; i < STARTS; i++) leaky_descend(&data, &course, theta + i * LEAKY_DIMENSION);
	look_at_ends(&data, deviation, theta, file, r);
	return TW_OK;
}

static tw_status check_sizes(const thesis_context *context, const theory_constants *constants, FILE *file,
                             end_summary results[KINDS][SIZES])
{
	const double bound = constants->bound_factor * LEAKY_PRODUCT;
	for (int kind = 0; kind < KINDS; kind++)
		for (int k = 0; k < SIZES; k++) {
			const int n = k < PARTS ? (int)(parts[k] * bound) : LEAKY_MOST;
			TW_CHECK(n >= 1 && n <= LEAKY_MOST, TW_INTERNAL, "Theorem 3.6 with %d observations", n);
			results[kind][k] =
			    (end_summary){.n = n, .within = k < PARTS, .highest = NAN, .lowest = INFINITY, .nearest = INFINITY};
			TW_TRY(check_size(context, deviations[kind], n, file, &results[kind][k]));
		}
	return TW_OK;
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

static void add_row(const thesis_context *context, double deviation, const end_summary *r)
{
	char text[6][TW_NUMBER_TEXT] = {"", "", "", "", "", ""};
	snprintf(text[0], sizeof text[0], "%d", r->n);
	snprintf(text[1], sizeof text[1], "%d", r->differentiable);
	snprintf(text[2], sizeof text[2], "%d", r->zero);
	if (r->differentiable > 0) snprintf(text[3], sizeof text[3], "%.2g", r->highest);
	snprintf(text[4], sizeof text[4], "%.2g", r->lowest);
	if (r->differentiable > 0) snprintf(text[5], sizeof text[5], "%.1e", r->nearest);
	tw_page_row(context->page,
	            (const char *const[]){deviation > 0 ? "perturbed" : "as in the program", text[0],
	                                  r->within ? "yes" : "no", text[1], text[2], text[3], text[4], text[5]});
}

static void add_table(const thesis_context *context, const theory_constants *constants,
                      const end_summary results[KINDS][SIZES])
{
	static const char *const head[] = {"activation",       "n",
	                                   "within the bound", "differentiable ends",
	                                   "of them f = 0",    "highest f of them",
	                                   "lowest f of all",  "nearest kink"};
	char caption[160];
	snprintf(caption, sizeof caption, "Ends of %d runs each; d₀ = %d, d₁ = %d, bound as used: n ≤ %g d₁d₀ = %g", STARTS,
	         LEAKY_INPUTS, LEAKY_HIDDEN, constants->bound_factor, constants->bound_factor * LEAKY_PRODUCT);
	tw_page_table(context->page, caption, 8, head);
	for (int kind = 0; kind < KINDS; kind++)
		for (int k = 0; k < SIZES; k++) add_row(context, deviations[kind], &results[kind][k]);
	tw_page_table_end(context->page);
}

/* Over the sizes within the bound. */
static end_summary within_bound(const end_summary *results)
{
	end_summary sum = {.within = true, .highest = NAN, .lowest = INFINITY};
	for (int k = 0; k < PARTS; k++) {
		sum.differentiable += results[k].differentiable;
		sum.zero += results[k].zero;
		sum.highest = fmax(sum.highest, results[k].highest);
	}
	return sum;
}

static const char *cost_text(double cost, char out[TW_NUMBER_TEXT])
{
	snprintf(out, TW_NUMBER_TEXT, isnan(cost) ? "-" : "%.2g", cost);
	return out;
}

static void add_findings(const thesis_context *context, const theory_constants *constants,
                         const end_summary results[KINDS][SIZES], theory_verdict *out)
{
	const end_summary perturbed = within_bound(results[0]), plain = within_bound(results[1]);
	const end_summary *above = &results[0][PARTS];
	char text[2][TW_NUMBER_TEXT];
	/* At half the bound there must be enough differentiable ends for the claim to say something. */
	const bool enough = 2 * results[0][0].differentiable >= STARTS;
	out->holds = enough && perturbed.zero == perturbed.differentiable && above->lowest > fitted;
	theory_number(out, "differentiable_ends", perturbed.differentiable);
	theory_number(out, "at_zero", perturbed.zero);
	if (perturbed.differentiable > 0) theory_number(out, "highest", perturbed.highest);
	theory_number(out, "lowest_above_bound", above->lowest);
	theory_number(out, "unperturbed_differentiable_ends", plain.differentiable);
	theory_number(out, "unperturbed_at_zero", plain.zero);
	tw_page_finding(context->page, theory_kind(out->holds),
	                "Theorem 3.6: with n ≤ %g observations and the perturbed activation %d of %d runs end at a "
	                "differentiable point%s, and %d of these cost 0 (f ≤ %.0e; highest %s). With n = %d, above the "
	                "bound, none should; the lowest cost of an end is %.3g.",
	                constants->bound_factor * LEAKY_PRODUCT, perturbed.differentiable, PARTS * STARTS,
	                enough ? "" : " (too few at half the bound)", perturbed.zero, fitted,
	                cost_text(perturbed.highest, text[0]), above->n, above->lowest);
	tw_page_finding(context->page, theory_kind(plain.zero == plain.differentiable),
	                "The thesis expects the same without the perturbation, which the theorem needs: %d of %d "
	                "differentiable ends within the bound cost 0; the highest cost is %s.",
	                plain.zero, plain.differentiable, cost_text(plain.highest, text[1]));
	tw_page_text(
	    context->page,
	    "The other runs do not end at a differentiable point: their gradient stays away from 0 because they go to and "
	    "fro across a kink, or they are still on their way. Of such points the theorem says nothing. At the bound "
	    "itself, n = %d, %d of %d runs with the perturbed activation end at a differentiable point.",
	    results[0][PARTS - 1].n, results[0][PARTS - 1].differentiable, STARTS);
}

static tw_status report(const thesis_context *context, const theory_constants *constants,
                        const end_summary results[KINDS][SIZES], theory_verdict *out)
{
	tw_page_text(
	    context->page,
	    "One hidden layer of leaky ReLU units (0.1), one output, no biases, square loss; x, y ~ N(0, 1), so that "
	    "there is nothing to learn and a cost of 0 is the number of parameters at work. The theorem perturbs the "
	    "slopes: (aᵢ)ₕ = (εᵢ)ₕ or 0.1 (εᵢ)ₕ; here ε ~ N(1, %g²). Gradient descent with α = %g and momentum %g "
	    "starts from %d points N(0, 1) each, and ends where ‖∇f‖ ≤ %.0e or after %lld steps. An end with "
	    "‖∇f‖ ≤ %.0e off the kinks is a differentiable one, and so is any with f = 0.",
	    deviations[0], course.step_size, course.momentum, STARTS, course.tolerance, (long long)course.steps,
	    stationary);
	add_table(context, constants, results);
	add_findings(context, constants, results, out);
	return TW_OK;
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	end_summary results[KINDS][SIZES];
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-leaky.csv"));
	fputs("deviation,n,start,cost,gradient_norm,kink_distance\n", file.file);
	tw_status status = check_sizes(context, constants, file.file, results);
	if (status != TW_OK) {
		tw_part_discard(&file);
		return status;
	}
	TW_TRY(tw_part_close(&file));
	return report(context, constants, (const end_summary(*)[SIZES])results, out);
}

const theory_check theory_leaky = {
    .name = "leaky",
    .title = "Theorem 3.6: Minima of leaky ReLU networks",
    .run = run,
};
