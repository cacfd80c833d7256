/* Experiment 5.3: the average squared norm of the gradient along stochastic gradient descent is about proportional to
 * the step size and, through the mini-batch size, to the noise. */
#include "app/thesis/gradient_norm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

enum { QUICK_EVERY = 100 };

/* ---- overrides ------------------------------------------------------------------------------------------------- */

static tw_status add_set(noise_sets *sets, const char *format, ...) __attribute__((format(printf, 2, 3)));
static tw_status add_set(noise_sets *sets, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = NULL;
	const int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	TW_CHECK(length >= 0, TW_NO_MEMORY, "out of memory for overrides");
	sets->text[sets->count++] = text;
	return TW_OK;
}

/* key='path', where a quote in the path is doubled, as YAML has it. */
static tw_status add_path(noise_sets *sets, const char *key, const char *path)
{
	char *quoted = NULL;
	size_t size;
	FILE *out = open_memstream(&quoted, &size);
	TW_CHECK(out, TW_NO_MEMORY, "out of memory for overrides");
	for (const char *c = path; *c; c++) fputs(*c == '\'' ? "''" : (char[]){*c, 0}, out);
	tw_status status = TW_OK;
	if (fclose(out) != 0)
		status = tw_fail(TW_NO_MEMORY, "out of memory for overrides");
	else
		status = add_set(sets, "%s='%s'", key, quoted);
	free(quoted);
	return status;
}

void noise_sets_free(noise_sets *sets)
{
	for (int i = 0; i < sets->count; i++) free(sets->text[i]);
	sets->count = 0;
}

tw_status noise_sets_make(const char *theta1, int64_t every, noise_sets *out)
{
	*out = (noise_sets){.count = 0};
	tw_status status = add_path(out, "initial.file", theta1);
	if (status == TW_OK) status = add_set(out, "metrics.gradient_norm_every=%" PRId64, every);
	if (status != TW_OK) noise_sets_free(out);
	return status;
}

/* ---- training -------------------------------------------------------------------------------------------------- */

static tw_status train_theta1(thesis_context *context, int number, char **file, tw_summary *summary)
{
	char name[32], model[40], seed[32];
	const char *const set = seed;
	snprintf(name, sizeof name, "theta1-%d", number);
	snprintf(model, sizeof model, "%s.h5", name);
	snprintf(seed, sizeof seed, "seed=%d", number);
	TW_TRY(thesis_train(context, name, thesis_text("gradient-norm-theta1.yaml"), &set, 1, summary));
	return tw_comm_agree(context->comm, thesis_path(context, model, file));
}

tw_status thesis_theta1(thesis_context *context, int number, char **file)
{
	return train_theta1(context, number, file, NULL);
}

/* Collective. The sweep of this configuration from theta1; *series on rank 0, *steps of its runs everywhere. */
static tw_status train_series(thesis_context *context, const char *name, const char *text, const char *theta1,
                              int64_t every, noise_series *series, int64_t *steps)
{
	noise_sets sets;
	tw_sweep_plan plan;
	tw_run_result *results = NULL;
	TW_TRY(tw_comm_agree(context->comm, noise_sets_make(theta1, every, &sets)));
	tw_status status =
	    thesis_sweep(context, name, thesis_text(text), (const char *const *)sets.text, sets.count, &plan, &results);
	noise_sets_free(&sets);
	TW_TRY(status);
	*steps = plan.cell[0].settings.stage[0].stop.steps;
	if (context->speaks) status = noise_series_make(&plan, results, series);
	tw_free(results);
	tw_sweep_plan_free(&plan);
	return tw_comm_agree(context->comm, status);
}

/* Collective. All that is trained from theta_1 number `number`. */
static tw_status train_from(thesis_context *context, int number, noise_results *results)
{
	char *theta1 = NULL, name[32];
	TW_TRY(train_theta1(context, number, &theta1, &results->theta1[number - 1]));
	noise_series *series = &results->by_step_size[number - 1];
	int64_t steps;
	tw_status status;
	if (number == 1) {
		status = train_series(context, "by-step-size", "gradient-norm-by-step-size.yaml", theta1, results->every,
		                      series, &results->steps);
		if (status == TW_OK)
			status = train_series(context, "by-batch", "gradient-norm-by-batch.yaml", theta1, results->every,
			                      &results->by_batch, &steps);
	} else {
		snprintf(name, sizeof name, "by-step-size-%d", number);
		status = train_series(context, name, "gradient-norm-other-theta1.yaml", theta1, results->every, series, &steps);
	}
	tw_free(theta1);
	return status;
}

/* ---- the experiment -------------------------------------------------------------------------------------------- */

static void describe(const thesis_context *context, const noise_results *results)
{
	tw_page *page = context->page;
	tw_page_heading(page, 1, "5.3 Asymptotic properties of stochastic gradient methods");
	tw_page_text(
	    page, "Theorem 4.8 bounds the expected average of ‖∇f(θₖ)‖² over the first K iterates of a stochastic gradient "
	          "method by αLM + 2(f(θ₁) − f_inf)/(Kα), which for large K is proportional to the step size α and to the "
	          "noise M of the stochastic gradients. The thesis looks whether the average itself is, too.");
	tw_page_text(
	    page,
	    "The digits three (y = 0) and six (y = 1) of MNIST, 14 × 14 pixels, n = 12,049; 196-10-10-10-1, ReLU, "
	    "logistic output, log loss. θ₁ is the end of 25,000 steps of gradient descent with α = 0.1. From there "
	    "runs of %" PRId64
	    " steps, observations drawn with replacement: stochastic gradient descent with ten step sizes, and ten "
	    "mini-batch sizes |B| with α = 0.001, 20 runs each. The step sizes are those of the published results "
	    "and of the figure's axis; the text of the thesis names ten times as much.",
	    results->steps);
	if (results->every > 1)
		tw_page_text(page,
		             "Reduced: ‖∇f(θₖ)‖² over all observations is computed at every %" PRId64
		             "th step and not at every one; what that changes is measured below. With --full, or --every 1, it "
		             "is computed after each step.",
		             results->every);
	else
		tw_page_text(page, "‖∇f(θₖ)‖² over all observations is computed after each step.");
}

static void free_results(noise_results *results)
{
	for (int i = 0; i < NOISE_POINTS; i++) noise_series_free(&results->by_step_size[i]);
	noise_series_free(&results->by_batch);
}

static tw_status report(thesis_context *context, noise_results *results)
{
	describe(context, results);
	TW_TRY(noise_report_images(context));
	TW_TRY(noise_read_published(context, &results->by_step_size[0]));
	return noise_report(context, results);
}

static tw_status run(thesis_context *context)
{
	noise_results results = {.every = context->every ? context->every : context->full ? 1 : QUICK_EVERY};
	char *theta1 = NULL;
	tw_status status = TW_OK;
	for (int number = 1; number <= NOISE_POINTS && status == TW_OK; number++)
		status = train_from(context, number, &results);
	if (status == TW_OK && context->speaks) status = report(context, &results);
	status = tw_comm_agree(context->comm, status);
	if (status == TW_OK) status = thesis_theta1(context, 1, &theta1);
	if (status == TW_OK)
		status = noise_report_every(context, theta1, results.every > 1 ? results.every : QUICK_EVERY,
		                            &results.by_step_size[0]);
	tw_free(theta1);
	free_results(&results);
	return status;
}

static const char *const data[] = {"mnist/train-images-idx3-ubyte.gz", "mnist/train-labels-idx1-ubyte.gz", NULL};

const thesis_experiment thesis_gradient_norm = {
    .name = "gradient-norm",
    .title = "5.3 Asymptotic properties of stochastic gradient methods",
    .brief = "the average squared norm of the gradient over step size and mini-batch size",
    .reduced = "the norm of the gradient at every 100th step and not at every one; all runs and steps of the thesis",
    .data = data,
    .run = run,
};
