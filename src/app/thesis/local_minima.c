/* Experiment 5.1: the cost of local minima and the number of hidden neurons. One sweep finds the minima; all the rest
 * is made of its files, on rank 0. */
#include "app/thesis/local_minima.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char published_file[] = "thesis/local-minima-1-hidden.csv";

/* ---- the sweep ------------------------------------------------------------------------------------------------- */

/* More elements of sweep.overrides, the last key of local-minima.yaml. Starts do not know of each other: the quick
 * version trains the first ones of the same runs. */
static const char quick_overrides[] = "    - when: {hidden_layers: [2, 3], widths: [40, 50, 75, 100]}\n"
                                      "      starts: 4\n";
static const char reduced[] =
    "of the 15 starts of two and three hidden layers with 40, 50, 75 and 100 neurons each the "
    "first 4 (952 of 1,040 runs in all)";

static const char sweep_name[] = "sweep", double_name[] = "sweep-double";

tw_status minima_train(thesis_context *context, tw_sweep_plan *plan, tw_run_result **results)
{
	const char *whole = thesis_text("local-minima.yaml");
	char *text;
	tw_status status = TW_OK;
	TW_CHECK(whole, TW_INTERNAL, "local-minima.yaml: this program has no such configuration");
	if (asprintf(&text, "%s%s", whole, context->full ? "" : quick_overrides) < 0) {
		text = NULL;
		status = tw_fail(TW_NO_MEMORY, "no memory for the configuration of %s", sweep_name);
	}
	status = tw_comm_agree(context->comm, status);
	if (status == TW_OK) status = thesis_sweep(context, sweep_name, text, NULL, 0, plan, results);
	free(text);
	return status;
}

/* Collective. The widest networks of one hidden layer once more, from the same starts, in double precision: what
 * rounding does to costs that are close to zero. */
static tw_status train_in_double(thesis_context *context, tw_sweep_plan *plan, tw_run_result **results)
{
	static const char *const set[] = {"precision=double", "sweep.widths=[100]"};
	return thesis_sweep(context, double_name, thesis_text("local-minima-1.yaml"), set, 2, plan, results);
}

/* ---- what was found -------------------------------------------------------------------------------------------- */

/* One sweep; result on rank 0. */
typedef struct {
	tw_sweep_plan plan;
	tw_run_result *result;
} trained;

static void trained_free(trained *self)
{
	tw_free(self->result);
	tw_sweep_plan_free(&self->plan);
}

/* On rank 0. */
typedef struct {
	thesis_context *context;
	const tw_sweep_plan *plan;
	const tw_run_result *result;
	minima_set ours, precise, published; /* precise: in double; published: empty where its file is not there */
	minima_pair *pair, *rounded;         /* ours and published; ours and precise */
	int pairs, roundeds;
} experiment;

static void experiment_close(experiment *self)
{
	minima_free(&self->ours);
	minima_free(&self->precise);
	minima_free(&self->published);
	tw_free(self->pair);
	tw_free(self->rounded);
}

static tw_status read_published(experiment *self)
{
	char *file;
	tw_status status = TW_OK;
	if (!self->context->data) return TW_OK;
	if (asprintf(&file, "%s/%s", self->context->data, published_file) < 0)
		return tw_fail(TW_NO_MEMORY, "no memory for a file's name");
	if (access(file, F_OK) == 0) status = minima_of_table(file, &self->published);
	free(file);
	return status;
}

static tw_status write_files(const experiment *self, const char *models)
{
	const char *folder = self->context->folder;
	TW_TRY(minima_write_runs(folder, self->plan, self->result));
	TW_TRY(minima_write_quartiles(folder, &self->ours, &self->published));
	if (self->published.cells) TW_TRY(minima_write_published(folder, &self->published));
	if (self->pairs) TW_TRY(minima_write_comparison(folder, "comparison.csv", "published", self->pair, self->pairs));
	if (self->roundeds)
		TW_TRY(minima_write_comparison(folder, "precision.csv", "double", self->rounded, self->roundeds));
	TW_TRY(minima_write_training_set(folder));
	return minima_write_predictions(folder, models, &self->ours);
}

/* ---- the page -------------------------------------------------------------------------------------------------- */

static void tell_runs(const experiment *self)
{
	tw_page *page = self->context->page;
	int64_t limit = 0, diverged = 0;
	for (int64_t i = 0; i < self->plan->runs; i++) {
		limit += self->result[i].stop_reason == TW_STOP_STEPS;
		diverged += self->result[i].stop_reason == TW_STOP_DIVERGED;
	}
	tw_page_text(
	    page, "Gradient descent from random starts, for networks 2-w-...-w-1 with leaky ReLU (slope 0.1 below 0), "
	          "logistic output and log loss on 100 observations of make_circles; two stages: a fixed step size, then "
	          "one that is halved where the cost has stopped to fall.");
	tw_page_text(page,
	             "%" PRId64 " runs: %" PRId64 " stopped because the cost had not fallen by 1e-7 within 10,000 steps, "
	             "%" PRId64 " at the limit of steps, %" PRId64 " diverged.",
	             self->plan->runs, self->plan->runs - limit - diverged, limit, diverged);
	if (!self->context->full)
		tw_page_text(page,
		             "Quick version: %s. What is trained ends at the same bits as in the full version; what is "
		             "said of these networks rests on 4 starts.",
		             reduced);
	if (self->ours.not_finite)
		tw_page_text(page, "Runs without a finite cost are left out: %" PRId64 ".", self->ours.not_finite);
}

static tw_status draw(const experiment *self)
{
	thesis_context *context = self->context;
	int first;
	TW_TRY(
	    thesis_draw(context, "figure-5.1",
	                "Figure 5.1: the training set and the densities of the inputs of both classes, which it was drawn "
	                "from."));
	if (minima_layers(&self->ours, 1, &first)) {
		TW_TRY(
		    thesis_draw(context, "figure-5.2",
		                "Figure 5.2: predictions h(x, θ) of found minima with one hidden layer of d1 neurons: for each "
		                "width that of median cost f(θ); on top the training set."));
		TW_TRY(thesis_draw(context, "figure-5.3",
		                   self->pairs
		                       ? "Figure 5.3: costs of the found minima, one hidden layer; grey: ours; white: "
		                         "published. Boxes: quartiles; whiskers: to the last cost within 1.5 times their "
		                         "distance; every run is a point."
		                       : "Figure 5.3: costs of the found minima, one hidden layer. Boxes: quartiles; "
		                         "whiskers: to the last cost within 1.5 times their distance; every run is a "
		                         "point."));
		TW_TRY(
		    thesis_draw(context, "figure-5.4",
		                "Figure 5.4: median and quartiles of the costs, one hidden layer, on a logarithmic axis. From "
		                "the dotted vertical line on n <= d0 d1, as Theorem 3.6 demands."));
	}
	if (minima_layers(&self->ours, 2, &first) || minima_layers(&self->ours, 3, &first))
		TW_TRY(
		    thesis_draw(context, "figure-5.5",
		                "Figure 5.5: costs of the found minima, two and three hidden layers; on the right the same on "
		                "a logarithmic axis."));
	return TW_OK;
}

static tw_status tell(experiment *self, const trained *precise, const char *models)
{
	tw_page *page = self->context->page;
	TW_TRY(minima_of_sweep(self->plan, self->result, &self->ours));
	TW_TRY(minima_of_sweep(&precise->plan, precise->result, &self->precise));
	TW_TRY(read_published(self));
	TW_TRY(minima_compare(&self->ours, &self->published, &self->pair, &self->pairs));
	TW_TRY(minima_compare(&self->ours, &self->precise, &self->rounded, &self->roundeds));
	TW_TRY(write_files(self, models));
	tw_page_heading(page, 1, "%s", thesis_local_minima.title);
	tell_runs(self);
	minima_tell_findings(page, &self->ours, &self->published, self->pair, self->pairs);
	minima_tell_rounding(page, self->rounded, self->roundeds);
	TW_TRY(draw(self));
	minima_tell_tables(page, &self->ours, self->pair, self->pairs);
	return TW_OK;
}

static tw_status report(thesis_context *context, const trained *sweep, const trained *precise)
{
	char in_folder[64];
	char *models;
	experiment self = {.context = context, .plan = &sweep->plan, .result = sweep->result};
	snprintf(in_folder, sizeof in_folder, "%s/models.h5", sweep_name);
	TW_TRY(thesis_path(context, in_folder, &models));
	tw_status status = tell(&self, precise, models);
	experiment_close(&self);
	tw_free(models);
	return status;
}

static tw_status run(thesis_context *context)
{
	trained sweep, precise;
	TW_TRY(minima_train(context, &sweep.plan, &sweep.result));
	tw_status status = train_in_double(context, &precise.plan, &precise.result);
	if (status == TW_OK) {
		status = tw_comm_agree(context->comm, context->speaks ? report(context, &sweep, &precise) : TW_OK);
		trained_free(&precise);
	}
	trained_free(&sweep);
	return status;
}

const thesis_experiment thesis_local_minima = {
    .name = "local-minima",
    .title = "5.1 Empirical analysis of local minima",
    .brief = "costs of found minima over the width, one to three hidden layers (figures 5.1 to 5.5)",
    .reduced = reduced,
    .run = run,
};
