/* Theorem 4.8: with a fixed step size the average of ||grad f||^2 stays below a bound. */
#include "app/thesis/theory_bound.h"

#include <math.h>
#include <stdio.h>

#include "app/thesis/figures.h"

enum { SIZES = 3, SEEDS = 6, BATCH = 10, LOOK_EVERY = 25 };
static const int64_t steps = 10000;
static const double sizes[SIZES] = {0.08, 0.02, 0.005}; /* alpha */

/* Runs with one step size. */
typedef struct {
	double step_size, cost; /* cost: mean of f(theta_1) */
	int marks;
	double average[MOST_MARKS], error[MOST_MARKS]; /* of ||grad f||^2 up to each mark, over the seeds */
	double bound[MOST_MARKS];
	bool fits; /* alpha <= 1 / (L M_G) */
} bound_group;

typedef struct {
	double lipschitz, noise; /* L and M of all runs, M_G = 1 */
	bound_group group[SIZES];
} bound_results;

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static tw_status average_runs(const thesis_context *context, const stochastic_choice *choice, bound_group *out)
{
	stochastic_averages runs;
	double squares[MOST_MARKS] = {0};
	*out = (bound_group){.step_size = choice->step_size};
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		stochastic_choice one = *choice;
		one.start = seed;
		TW_TRY(stochastic_average(context, &one, &runs));
		out->marks = runs.marks;
		out->cost += runs.cost / SEEDS;
		for (int i = 0; i < runs.marks; i++) {
			const double average = runs.weighted[i] / runs.step_sizes[i];
			out->average[i] += average / SEEDS;
			squares[i] += average * average / SEEDS;
		}
	}
	for (int i = 0; i < out->marks; i++)
		out->error[i] = sqrt(fmax(squares[i] - out->average[i] * out->average[i], 0) / (SEEDS - 1));
	return TW_OK;
}

static tw_status measure(const thesis_context *context, bound_results *out)
{
	*out = (bound_results){0};
	for (int s = 0; s < SIZES; s++) {
		const stochastic_choice choice = {.batch = BATCH, .step_size = sizes[s], .steps = steps};
		TW_TRY(average_runs(context, &choice, &out->group[s]));
		TW_TRY(stochastic_constants(context, &choice, SEEDS, LOOK_EVERY, &out->lipschitz, &out->noise));
	}
	for (int s = 0; s < SIZES; s++) {
		bound_group *group = &out->group[s];
		const double alpha = group->step_size, level = alpha * out->lipschitz * out->noise;
		group->fits = alpha * out->lipschitz <= 1;
		for (int i = 0; i < group->marks; i++)
			group->bound[i] = level + 2 * group->cost / ((double)stochastic_mark(i) * alpha);
	}
	return TW_OK;
}

/* ---- report ---------------------------------------------------------------------------------------------------- */

static tw_status write_groups(const thesis_context *context, const bound_results *results)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-bound.csv"));
	fputs("step_size,iterates,average,standard_error,bound,limit\n", file.file);
	for (int s = 0; s < SIZES; s++) {
		const bound_group *group = &results->group[s];
		for (int i = 0; i < group->marks; i++) {
			const double limit = group->step_size * results->lipschitz * results->noise;
			const double row[] = {group->step_size,  (double)stochastic_mark(i),
			                      group->average[i], group->error[i],
			                      group->bound[i],   limit};
			figure_put(file.file, "", 6, row);
		}
	}
	return tw_part_close(&file);
}

static void add_table(tw_page *page, const bound_results *results)
{
	static const char *const head[] = {
	    "α", "α L M_G", "K", "average of ‖∇f‖²", "standard error", "bound (4.19)", "bound / average"};
	tw_page_table(page, "The average over k ≤ K and over the runs, beside the bound", 7, head);
	for (int s = 0; s < SIZES; s++) {
		const bound_group *group = &results->group[s];
		for (int i = 2 * MARKS_A_DECADE; i < group->marks; i += MARKS_A_DECADE) {
			stochastic_row row = {.count = 0};
			stochastic_cell(&row, "%g", group->step_size);
			stochastic_cell(&row, "%.2f", group->step_size * results->lipschitz);
			stochastic_cell(&row, "%d", (int)stochastic_mark(i));
			stochastic_cell(&row, "%.3g", group->average[i]);
			stochastic_cell(&row, "%.2g", group->error[i]);
			stochastic_cell(&row, "%.3g", group->bound[i]);
			stochastic_cell(&row, "%.1f", group->bound[i] / group->average[i]);
			stochastic_put_row(page, &row);
		}
	}
	tw_page_table_end(page);
}

static void judge(thesis_context *context, double factor, const bound_results *results, theory_verdict *out)
{
	double nearest = INFINITY, loosest = 0;
	int fitting = 0, compared = 0, broken = 0;
	for (int s = 0; s < SIZES; s++) {
		const bound_group *group = &results->group[s];
		if (!group->fits) continue;
		fitting++;
		for (int i = 0; i < group->marks; i++) {
			const double ratio = group->bound[i] / group->average[i];
			compared++;
			broken += !(group->average[i] <= factor * group->bound[i]);
			nearest = fmin(nearest, ratio), loosest = fmax(loosest, ratio);
		}
	}
	out->holds = fitting > 0 && broken == 0;
	theory_number(out, "L", results->lipschitz);
	theory_number(out, "M", results->noise);
	theory_number(out, "step_sizes_that_fit", fitting);
	theory_number(out, "compared", compared);
	theory_number(out, "broken", broken);
	theory_number(out, "smallest_ratio", nearest);
	theory_number(out, "largest_ratio", loosest);
	tw_page_finding(
	    context->page, theory_kind(out->holds),
	    "The thesis: for α ≤ 1/(L M_G) the average of ‖∇f‖² is at most αLM + 2(f(θ₁) - f_inf)/(Kα) "
	    "(Theorem 4.8). With L = %.3g, M = %.3g, M_G = 1 as met along the runs, %d of %d step sizes fit; of "
	    "%d averages over K iterates of %d runs, %d are above %g times the bound, which is %.2g to %.2g times "
	    "the average.",
	    results->lipschitz, results->noise, fitting, SIZES, compared, SEEDS, broken, factor, nearest, loosest);
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	bound_results results;
	bool named = false, sharp = false;
	TW_TRY(measure(context, &results));
	TW_TRY(write_groups(context, &results));
	tw_page_text(
	    context->page,
	    "The regression problem from above, mini-batches of %d with replacement, %d runs of %d steps for each "
	    "step size, with ‖∇f‖² measured at every iterate. L is the largest |eigenvalue| of the Hessian at every "
	    "%dth iterate with a tenth added, M the largest variance of a mini-batch gradient there, over all runs; "
	    "f_inf = 0.",
	    BATCH, SEEDS, (int)steps, LOOK_EVERY);
	add_table(context->page, &results);
	judge(context, constants->average_factor, &results, out);
	TW_TRY(thesis_draw(context, "theory-bound",
	                   "The average of ‖∇f‖² over the first K iterates, beside the bound of Theorem 4.8 and its limit "
	                   "αLM for K → ∞."));
	TW_TRY(bound_add_cases(context, &named));
	TW_TRY(bound_add_sharpness(context, &sharp));
	out->holds = out->holds && named && sharp;
	return TW_OK;
}

const theory_check theory_bound = {.name = "bound",
                                   .title =
                                       "Theorem 4.8: the average squared norm of the gradient with a fixed step size",
                                   .run = run};
