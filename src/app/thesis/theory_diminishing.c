/* Theorem 4.9: with diminishing step sizes the weighted average of ||grad f||^2 tends to 0. */
#include <math.h>
#include <stdio.h>

#include "app/thesis/figures.h"
#include "app/thesis/theory_noise.h"

enum { SEEDS = 3, LOOK_EVERY = 250, SCHEDULES = 2 };
static const int64_t steps = 50000;
static const double first_step_size = 0.1;
static const double falls = 0.65;  /* diminishing: the average at K is at most this much of that at K/10 */
static const double levels = 0.75; /* fixed: at least this much */

/* Runs with one schedule; means over the seeds. */
typedef struct {
	const char *name;
	double power;
	int marks;
	double average[MOST_MARKS]; /* (4.25) */
	double sum[MOST_MARKS];     /* of alpha_k ||grad f||^2: (4.24) */
	double most[MOST_MARKS];    /* what the proof bounds that with: 2 (f(theta_1) - f_inf) + L M sum alpha_k^2 */
	double step_sizes[MOST_MARKS];
	double last; /* ||grad f||^2 at the end */
	double lipschitz, noise;
} schedule_group;

/* The average at K over that at K/10. */
static double decade_ratio(const schedule_group *group)
{
	return group->average[group->marks - 1] / group->average[group->marks - 1 - MARKS_A_DECADE];
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static tw_status measure(const thesis_context *context, schedule_group *group)
{
	const stochastic_choice choice = {.batch = 1, .step_size = first_step_size, .power = group->power, .steps = steps};
	double cost = 0;
	stochastic_averages run;
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		stochastic_choice one = choice;
		one.start = seed;
		TW_TRY(stochastic_average(context, &one, &run));
		group->marks = run.marks;
		group->last += run.last / SEEDS;
		cost += run.cost / SEEDS;
		for (int i = 0; i < run.marks; i++) {
			group->average[i] += run.weighted[i] / run.step_sizes[i] / SEEDS;
			group->sum[i] += run.weighted[i] / SEEDS;
		}
	}
	TW_TRY(stochastic_constants(context, &choice, SEEDS, LOOK_EVERY, &group->lipschitz, &group->noise));
	for (int i = 0; i < group->marks; i++) {
		group->step_sizes[i] = run.step_sizes[i]; /* the same in all runs */
		group->most[i] = 2 * cost + group->lipschitz * group->noise * run.squared_step_sizes[i];
	}
	return TW_OK;
}

/* ---- report ---------------------------------------------------------------------------------------------------- */

static tw_status write_groups(const thesis_context *context, const schedule_group *groups)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory-diminishing.csv"));
	fputs("schedule,iterates,step_size_sum,weighted_average,weighted_sum,weighted_sum_bound\n", file.file);
	for (int s = 0; s < SCHEDULES; s++)
		for (int i = 0; i < groups[s].marks; i++) {
			const schedule_group *group = &groups[s];
			const double row[] = {(double)stochastic_mark(i), group->step_sizes[i], group->average[i], group->sum[i],
			                      group->most[i]};
			figure_put(file.file, group->name, 5, row);
		}
	return tw_part_close(&file);
}

static void add_table(tw_page *page, const schedule_group *groups)
{
	static const char *const head[] = {"step sizes",          "K",        "A_K", "weighted average (4.25)",
	                                   "weighted sum (4.24)", "its bound"};
	tw_page_table(page, "Means over the runs", 6, head);
	for (int s = 0; s < SCHEDULES; s++)
		for (int i = groups[s].marks - 1 - 2 * MARKS_A_DECADE; i < groups[s].marks; i += MARKS_A_DECADE) {
			const schedule_group *group = &groups[s];
			stochastic_row row = {.count = 0};
			stochastic_cell(&row, "%s", group->name);
			stochastic_cell(&row, "%d", (int)stochastic_mark(i));
			stochastic_cell(&row, "%.4g", group->step_sizes[i]);
			stochastic_cell(&row, "%.3g", group->average[i]);
			stochastic_cell(&row, "%.3g", group->sum[i]);
			stochastic_cell(&row, "%.3g", group->most[i]);
			stochastic_put_row(page, &row);
		}
	tw_page_table_end(page);
}

static void judge(thesis_context *context, const schedule_group *groups, theory_verdict *out)
{
	const schedule_group *fixed = &groups[0], *diminishing = &groups[1];
	const int last = diminishing->marks - 1;
	int above = 0;
	for (int i = 0; i <= last; i++) above += !(diminishing->sum[i] <= diminishing->most[i]);
	const bool fits = first_step_size * diminishing->lipschitz <= 1;
	out->holds = fits && above == 0 && decade_ratio(diminishing) <= falls && decade_ratio(fixed) >= levels;
	theory_number(out, "ratio_diminishing", decade_ratio(diminishing));
	theory_number(out, "ratio_fixed", decade_ratio(fixed));
	theory_number(out, "sum", diminishing->sum[last]);
	theory_number(out, "sum_bound", diminishing->most[last]);
	theory_number(out, "sums_above", above);
	theory_number(out, "first_step_size_times_L", first_step_size * diminishing->lipschitz);
	theory_number(out, "last_norm_diminishing", diminishing->last);
	theory_number(out, "last_norm_fixed", fixed->last);
	tw_page_finding(
	    context->page, theory_kind(out->holds),
	    "The thesis: with diminishing step sizes the weighted average of ‖∇f‖² tends to 0, with a fixed one nothing "
	    "promises that (Theorem 4.9). From K = %d to %d ours goes to %.3g of what it was (at most %g was asked for), "
	    "with "
	    "the fixed step size to %.3g (at least %g). The weighted sum (4.24) is %.3g at the end, %s the %.3g of the "
	    "proof, "
	    "and ‖∇f‖² at the last iterate %.2g with diminishing step sizes, %.2g with the fixed one.",
	    (int)stochastic_mark(last - MARKS_A_DECADE), (int)stochastic_mark(last), decade_ratio(diminishing), falls,
	    decade_ratio(fixed), levels, diminishing->sum[last], above == 0 ? "within" : "not always within",
	    diminishing->most[last], diminishing->last, fixed->last);
}

static tw_status run(thesis_context *context, const theory_constants *constants, theory_verdict *out)
{
	schedule_group groups[SCHEDULES] = {{.name = "fixed"},
	                                    {.name = "diminishing", .power = constants->diminishing_power}};
	for (int s = 0; s < SCHEDULES; s++) TW_TRY(measure(context, &groups[s]));
	TW_TRY(write_groups(context, groups));
	tw_page_text(context->page,
	             "Stochastic gradient descent (|B| = 1) on the regression problem from above, %d runs of %d steps with "
	             "αₖ = %g, and with αₖ = %g / (1 + (k-1)/1000)^%g: for a power of 1 the sum of the step sizes is "
	             "infinite and that of their squares finite, as (4.23) asks. α₁ L M_G = %.2f, which is to be at most 1 "
	             "for the bound of the proof.",
	             SEEDS, (int)steps, first_step_size, first_step_size, constants->diminishing_power,
	             first_step_size * groups[1].lipschitz);
	add_table(context->page, groups);
	judge(context, groups, out);
	return thesis_draw(context, "theory-diminishing",
	                   "The weighted average (4.25) of ‖∇f‖² over the first K iterates with a fixed step size and with "
	                   "diminishing ones, and the bound of the proof of Theorem 4.9 for the latter.");
}

const theory_check theory_diminishing = {
    .name = "diminishing", .title = "Theorem 4.9: diminishing step sizes", .run = run};
