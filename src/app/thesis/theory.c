/* The theorems of chapters 3 and 4, each checked on real runs that can come out either way. */
#include "app/thesis/theory.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/run.h"

/* ---- the checks ------------------------------------------------------------------------------------------------ */

/* In the order of the page. Each uses one constant that its theorem claims; with the wrong one, which a name in the
 * environment variable THALWEG_THEORY_WRONG puts in its place, it has to fail. */
typedef struct {
	const theory_check *check;
	size_t constant; /* offset in theory_constants */
	double right, wrong;
	const char *meaning;
} listed_check;
static const listed_check checks[] = {
    {&theory_linear, offsetof(theory_constants, cost_factor), 1, 1.001,
     "cost of a stationary point over (tr Σ_YY - Σ λᵢ)/n"},
};
enum { CHECKS = sizeof checks / sizeof *checks };
static const char wrong_variable[] = "THALWEG_THEORY_WRONG";

static double *constant_of(theory_constants *constants, const listed_check *listed)
{
	return (double *)((char *)constants + listed->constant);
}

static tw_status set_constants(theory_constants *constants)
{
	const char *wrong = getenv(wrong_variable);
	bool found = !wrong || !*wrong;
	for (int i = 0; i < CHECKS; i++) {
		const bool chosen = wrong && strcmp(wrong, checks[i].check->name) == 0;
		*constant_of(constants, &checks[i]) = chosen ? checks[i].wrong : checks[i].right;
		found |= chosen;
	}
	TW_CHECK(found, TW_USAGE, "%s=%s: there is no check of this name; unset it, or name one of theory.csv",
	         wrong_variable, wrong);
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

static void add_table(const thesis_context *context, theory_constants *constants, const theory_verdict *verdicts)
{
	static const char *const head[] = {"check", "theorem", "constant", "claimed", "used", "verdict"};
	tw_page_heading(context->page, 2, "Verdicts");
	tw_page_table(context->page, "What each check found. Used: the claimed constant, unless a wrong one was asked for",
	              6, head);
	for (int i = 0; i < CHECKS; i++) {
		char claimed[TW_NUMBER_TEXT], used[TW_NUMBER_TEXT];
		snprintf(claimed, sizeof claimed, "%g", checks[i].right);
		snprintf(used, sizeof used, "%g", *constant_of(constants, &checks[i]));
		tw_page_row(context->page, (const char *const[]){checks[i].check->name, checks[i].check->title,
		                                                 checks[i].meaning, claimed, used, verdict_text(&verdicts[i])});
	}
	tw_page_table_end(context->page);
}

static tw_status write_verdicts(const thesis_context *context, theory_constants *constants,
                                const theory_verdict *verdicts)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theory.csv"));
	fputs("check,verdict,constant,numbers\n", file.file);
	for (int i = 0; i < CHECKS; i++) {
		char used[TW_NUMBER_TEXT];
		tw_format_real(used, TW_DOUBLE, *constant_of(constants, &checks[i]));
		fprintf(file.file, "%s,%s,%s,%s\n", checks[i].check->name, verdict_text(&verdicts[i]), used,
		        verdicts[i].numbers);
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
static tw_status check_all(thesis_context *context)
{
	theory_verdict *verdicts = NULL;
	theory_constants constants = {0};
	TW_TRY(set_constants(&constants));
	TW_TRY(tw_alloc_array((void **)&verdicts, CHECKS, sizeof *verdicts, "verdicts"));
	tw_status status = TW_OK;
	for (int i = 0; i < CHECKS && status == TW_OK; i++)
		status = run_check(context, checks[i].check, &constants, &verdicts[i]);
	if (status == TW_OK) add_table(context, &constants, verdicts);
	if (status == TW_OK) status = write_verdicts(context, &constants, verdicts);
	tw_free(verdicts);
	return status;
}

/* Rank 0, with a communicator of its own. */
static tw_status check_alone(const thesis_context *context)
{
	thesis_context alone = *context;
	TW_TRY(tw_comm_self(&alone.comm));
	tw_status status = check_all(&alone);
	tw_comm_free(alone.comm);
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
