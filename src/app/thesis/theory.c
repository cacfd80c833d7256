/* The theorems of chapters 3 and 4, each checked on real runs that can come out either way. */
#include "app/thesis/theory.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/run.h"

/* ---- the checks ------------------------------------------------------------------------------------------------ */

/* In the order of the page. Each uses one constant that its theorem claims, and has to fail with the wrong one. For
 * tests: where the environment variable THALWEG_THEORY_WRONG names a check, that check alone is run, with the wrong
 * one. */
typedef struct {
	const theory_check *check;
	size_t constant; /* offset in theory_constants */
	double right, wrong;
	const char *meaning;
} listed_check;
static const listed_check checks[] = {
    {&theory_linear, offsetof(theory_constants, cost_factor), 1, 1.001,
     "cost of a stationary point over (tr Σ_YY - Σ λᵢ)/n"},
    {&theory_leaky, offsetof(theory_constants, bound_factor), 1, 2, "observations that are fitted over d₁d₀"},
    {&theory_descent, offsetof(theory_constants, step_factor), 2, 8, "step size with descent in every step, times L"},
    {&theory_saddle, offsetof(theory_constants, saddle_index), 1, 0,
     "negative eigenvalues that keep gradient descent from staying"},
    {&theory_variance, offsetof(theory_constants, variance_power), 1, 0.5,
     "power of 1/|B| in the variance of a mini-batch gradient"},
    {&theory_moments, offsetof(theory_constants, moment_factor), 1, 0.1,
     "second moment of the stochastic gradient over M + M_G ‖∇f‖²"},
    {&theory_bound, offsetof(theory_constants, average_factor), 1, 0.01,
     "average of ‖∇f(θₖ)‖² over αLM + 2(f(θ₁) - f_inf)/(Kα)"},
    {&theory_diminishing, offsetof(theory_constants, diminishing_power), 1, 0, "power of 1/k in the step sizes"},
};
enum { CHECKS = sizeof checks / sizeof *checks };
static const char wrong_variable[] = "THALWEG_THEORY_WRONG";

static double *constant_of(theory_constants *constants, const listed_check *listed)
{
	return (double *)((char *)constants + listed->constant);
}

/* wrong: name of the check to be given a wrong constant; NULL: none. */
static void set_constants(const char *wrong, theory_constants *constants)
{
	for (int i = 0; i < CHECKS; i++) {
		const bool chosen = wrong && strcmp(wrong, checks[i].check->name) == 0;
		*constant_of(constants, &checks[i]) = chosen ? checks[i].wrong : checks[i].right;
	}
}

/* The checks to be run: [*first, *last). */
static tw_status choose(const char *wrong, int *first, int *last)
{
	*first = 0, *last = CHECKS;
	if (!wrong) return TW_OK;
	while (*first < CHECKS && strcmp(wrong, checks[*first].check->name) != 0) ++*first;
	TW_CHECK(*first < CHECKS, TW_USAGE, "%s=%s: there is no check of this name; unset it, or name one of theory.csv",
	         wrong_variable, wrong);
	*last = *first + 1;
	return TW_OK;
}

void theory_number(theory_verdict *verdict, const char *name, double value)
{
	char text[TW_NUMBER_TEXT];
	const size_t used = strlen(verdict->numbers);
	snprintf(verdict->numbers + used, sizeof verdict->numbers - used, "%s%s=%s", used ? " " : "", name,
	         tw_format_real(text, TW_DOUBLE, value));
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

static const char *verdict_text(const theory_verdict *verdict) { return verdict->holds ? "holds" : "fails"; }

/* Of all checks, and which of them were run. */
typedef struct {
	theory_constants constants;
	theory_verdict verdict[CHECKS];
	int first, last;
} outcome;

static void add_table(const thesis_context *context, outcome *o)
{
	static const char *const head[] = {"check", "theorem", "constant", "claimed", "used", "verdict"};
	tw_page_heading(context->page, 2, "Verdicts");
	tw_page_table(context->page, "What each check found. Used: the claimed constant, unless a wrong one was asked for",
	              6, head);
	for (int i = o->first; i < o->last; i++) {
		char claimed[TW_NUMBER_TEXT], used[TW_NUMBER_TEXT];
		snprintf(claimed, sizeof claimed, "%g", checks[i].right);
		snprintf(used, sizeof used, "%g", *constant_of(&o->constants, &checks[i]));
		tw_page_row(context->page,
		            (const char *const[]){checks[i].check->name, checks[i].check->title, checks[i].meaning, claimed,
		                                  used, verdict_text(&o->verdict[i])});
	}
	tw_page_table_end(context->page);
}

static tw_status write_verdicts(const thesis_context *context, outcome *o)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory.csv"));
	fputs("check,verdict,constant,numbers\n", file.file);
	for (int i = o->first; i < o->last; i++) {
		char used[TW_NUMBER_TEXT];
		tw_format_real(used, TW_DOUBLE, *constant_of(&o->constants, &checks[i]));
		fprintf(file.file, "%s,%s,%s,%s\n", checks[i].check->name, verdict_text(&o->verdict[i]), used,
		        o->verdict[i].numbers);
	}
	return tw_part_close(&file);
}

/* ---- the experiment -------------------------------------------------------------------------------------------- */

static tw_status run_check(thesis_context *context, const theory_check *check, const theory_constants *constants,
                           theory_verdict *verdict)
{
	if (run_stop_requested())
		return tw_fail(TW_INTERRUPTED, "interrupted before the check %s; the same command begins the checks anew",
		               check->name);
	const double start = tw_now();
	tw_page_heading(context->page, 2, "%s", check->title);
	TW_TRY(check->run(context, constants, verdict));
	tw_log(TW_LOG_NOTE, "%s: %s (%.1f s)", check->name, verdict_text(verdict), tw_now() - start);
	return TW_OK;
}

/* Rank 0. */
static tw_status check_all(thesis_context *context, outcome *o)
{
	const char *wrong = getenv(wrong_variable);
	TW_TRY(choose(wrong, &o->first, &o->last));
	set_constants(wrong, &o->constants);
	if (wrong)
		tw_page_text(context->page, "%s=%s: the check %s alone, with a wrong constant.", wrong_variable, wrong, wrong);
	for (int i = o->first; i < o->last; i++) TW_TRY(run_check(context, checks[i].check, &o->constants, &o->verdict[i]));
	add_table(context, o);
	return write_verdicts(context, o);
}

/* Rank 0, with a communicator of its own. */
static tw_status check_alone(const thesis_context *context)
{
	thesis_context alone = *context;
	outcome *o = NULL;
	TW_TRY(tw_alloc((void **)&o, sizeof *o, "verdicts"));
	tw_status status = tw_comm_self(&alone.comm);
	if (status == TW_OK) {
		status = check_all(&alone, o);
		tw_comm_free(alone.comm);
	}
	tw_free(o);
	return status;
}

static tw_status run(thesis_context *context)
{
	tw_page_heading(context->page, 1, "%s", thesis_theory.title);
	tw_page_text(context->page,
	             "What the theorems say is put to the test on small networks in double precision: points, costs, "
	             "eigenvalues and iterates are computed, and each check can fail. It does where the constant that the "
	             "theorem claims is replaced by a wrong one.");
	return tw_comm_agree(context->comm, context->speaks ? check_alone(context) : TW_OK);
}

const thesis_experiment thesis_theory = {
    .name = "theory",
    .title = "Theorems of chapters 3 and 4, checked",
    .brief = "stationary points, descent, saddles, noise: each theorem on real runs, with a verdict",
    .run = run,
};
