/* The final summary: summary.json for programs, a few lines for people. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/folder.h"

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *bound_object(const tw_bound_summary *b)
{
	json_t *object = json_object();
	json_object_set_new(object, "measured", json_integer(b->measured));
	json_object_set_new(object, "average", number(b->average));
	json_object_set_new(object, "bound", number(b->bound));
	json_object_set_new(object, "lipschitz", number(b->lipschitz));
	json_object_set_new(object, "noise", number(b->noise));
	json_object_set_new(object, "step_size", number(b->step_size));
	json_object_set_new(object, "step_size_fits", json_boolean(b->step_size_fits));
	json_object_set_new(object, "smooth", json_boolean(b->smooth));
	json_object_set_new(object, "independent", json_boolean(b->independent));
	json_object_set_new(object, "plain", json_boolean(b->plain));
	json_object_set_new(object, "holds", json_boolean(b->holds));
	return object;
}

static json_t *summary_object(const tw_summary *s)
{
	json_t *object = json_object();
	json_object_set_new(object, "cost", number(s->cost));
	json_object_set_new(object, "gradient_norm_squared", number(s->gradient_norm_squared));
	if (!isnan(s->mean_gradient_norm_squared))
		json_object_set_new(object, "mean_gradient_norm_squared", number(s->mean_gradient_norm_squared));
	json_object_set_new(object, "accuracy", number(s->accuracy));
	json_object_set_new(object, "r_squared", number(s->r_squared));
	json_object_set_new(object, "test_cost", number(s->test_cost));
	json_object_set_new(object, "test_accuracy", number(s->test_accuracy));
	json_object_set_new(object, "test_r_squared", number(s->test_r_squared));
	if (s->bound.measured) json_object_set_new(object, "bound", bound_object(&s->bound));
	json_object_set_new(object, "steps", json_integer(s->steps));
	json_object_set_new(object, "epochs", number(s->epochs));
	json_object_set_new(object, "observations", json_integer(s->observations));
	json_object_set_new(object, "stop_reason", json_string(tw_stop_reason_name(s->stop_reason)));
	json_object_set_new(object, "stage", json_integer(s->last_stage));
	json_object_set_new(object, "theta_sha256", json_string(s->theta_sha256));
	json_object_set_new(object, "seconds", number(s->seconds));
	json_object_set_new(object, "compute_seconds", number(s->compute_seconds));
	json_object_set_new(object, "wait_seconds", number(s->wait_seconds));
	json_object_set_new(object, "reduce_seconds", number(s->reduce_seconds));
	json_object_set_new(object, "feed_seconds", number(s->feed_seconds));
	json_object_set_new(object, "evaluate_seconds", number(s->evaluate_seconds));
	json_object_set_new(object, "observations_per_second", number(s->observations_per_second));
	json_object_set_new(object, "checkpoints", json_integer(s->checkpoints));
	json_object_set_new(object, "checkpoint_seconds", number(s->checkpoint_seconds));
	json_object_set_new(object, "ranks", json_integer(s->ranks));
	json_object_set_new(object, "threads", json_integer(s->threads));
	return object;
}

tw_status tw_summary_write(const char *folder, const tw_summary *summary, tw_precision precision)
{
	json_t *object = summary_object(summary);
	json_object_set_new(object, "precision", json_string(tw_precision_name(precision)));
	char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	json_decref(object);
	TW_CHECK(text, TW_NO_MEMORY, "%s/summary.json: no memory for its text", folder);
	size_t length = strlen(text);
	text[length] = '\n'; /* takes the place of the final zero */
	tw_status status = tw_file_write(folder, "summary.json", text, length + 1);
	free(text);
	return status;
}

tw_status tw_summary_stop_reason(const char *folder, tw_stop_reason *reason)
{
	char *path = NULL;
	json_error_t error;
	*reason = TW_RUNNING;
	TW_TRY(tw_folder_path(folder, "summary.json", &path));
	const bool there = access(path, F_OK) == 0;
	json_t *object = there ? json_load_file(path, 0, &error) : NULL;
	const char *name = json_string_value(json_object_get(object, "stop_reason"));
	for (int i = 1; name && i < TW_STOP_COUNT; i++)
		if (strcmp(name, tw_stop_reason_name((tw_stop_reason)i)) == 0) *reason = (tw_stop_reason)i;
	tw_status status = TW_OK;
	if (there && !object)
		status = tw_fail(TW_IO, "%s:%d: cannot be read: %s", path, error.line, error.text);
	else if (there && *reason == TW_RUNNING)
		status = tw_fail(TW_IO, "%s: has no stop reason: not the summary of a run", path);
	json_decref(object);
	tw_free(path);
	return status;
}

tw_status tw_rank_times_write(const char *folder, const tw_rank_times *times, int ranks)
{
	enum { LINE = 7 * TW_NUMBER_TEXT };
	static const char header[] =
	    "rank,seconds,compute_seconds,wait_seconds,reduce_seconds,feed_seconds,evaluate_seconds\n";
	char *text = NULL;
	TW_TRY(tw_alloc_array((void **)&text, ranks + 1, LINE, "ranks.csv"));
	int64_t at = snprintf(text, LINE, "%s", header);
	for (int r = 0; r < ranks; r++) {
		const double values[] = {times[r].seconds, times[r].compute, times[r].wait,
		                         times[r].reduce,  times[r].feed,    times[r].evaluate};
		at += snprintf(text + at, LINE, "%d", r);
		for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
			char number_text[TW_NUMBER_TEXT];
			at += snprintf(text + at, LINE, ",%s", tw_format_real(number_text, TW_FLOAT, values[v]));
		}
		text[at++] = '\n';
	}
	tw_status status = tw_file_write(folder, "ranks.csv", text, (size_t)at);
	tw_free(text);
	return status;
}

static void print_number(const char *label, double value)
{
	char text[TW_NUMBER_TEXT];
	if (!isnan(value)) printf("  %-14s %s\n", label, tw_format_real(text, TW_FLOAT, value));
}

/* The conditions of Theorem 4.8 that are not met; whether there is one. */
static bool print_unmet(const tw_bound_summary *b)
{
	if (isnan(b->step_size))
		printf("  %-14s the step size was not the same throughout: the theorem does not apply\n", "");
	else if (!b->step_size_fits)
		printf("  %-14s condition (4.18) is not met: the step size is above 1/(L M_G) = %.3g\n", "", 1 / b->lipschitz);
	if (!b->smooth) printf("  %-14s Assumption 4.1 is not met: the gradient jumps at kinks of the activation\n", "");
	if (!b->independent)
		printf("  %-14s Assumption 4.6 is not met: batches without replacement are not independent\n", "");
	if (!b->plain) printf("  %-14s the update is not that of Algorithm 3\n", "");
	return !b->step_size_fits || !b->smooth || !b->independent || !b->plain;
}

/* The bound of Theorem 4.8 beside the average, and what may be wrong where it does not hold. */
static void print_bound(const tw_bound_summary *b)
{
	char average[TW_NUMBER_TEXT], bound[TW_NUMBER_TEXT], lipschitz[TW_NUMBER_TEXT], noise[TW_NUMBER_TEXT];
	if (!b->measured) return;
	printf("  %-14s |gradient|^2 is %s on average", "Theorem 4.8", tw_format_real(average, TW_FLOAT, b->average));
	if (!isnan(b->bound))
		printf(", bound %s %s", tw_format_real(bound, TW_FLOAT, b->bound), b->holds ? "holds" : "does not hold");
	printf("; L = %s, M = %s\n", tw_format_real(lipschitz, TW_FLOAT, b->lipschitz),
	       tw_format_real(noise, TW_FLOAT, b->noise));
	if (!print_unmet(b) && !b->holds)
		printf("  %-14s all conditions looked at are met; the bound is one of the mean over runs, with L and M of the\n"
		       "  %-14s iterates that were measured (metrics.gradient_norm_every)\n",
		       "", "");
}

void tw_summary_print(const tw_summary *s, const char *folder)
{
	printf("stopped after %" PRId64 " steps (%" PRId64 " observations): %s\n", s->steps, s->observations,
	       tw_stop_reason_name(s->stop_reason));
	print_number("cost", s->cost);
	print_number("|gradient|^2", s->gradient_norm_squared);
	print_bound(&s->bound);
	print_number("accuracy", s->accuracy);
	print_number("R^2", s->r_squared);
	print_number("test cost", s->test_cost);
	print_number("test accuracy", s->test_accuracy);
	print_number("test R^2", s->test_r_squared);
	printf("  %-14s %.3f s on %d rank%s x %d thread%s, %.3g observations/s\n", "time", s->seconds, s->ranks,
	       s->ranks == 1 ? "" : "s", s->threads, s->threads == 1 ? "" : "s", s->observations_per_second);
	printf("  %-14s %s\n", "theta sha256", s->theta_sha256);
	if (folder)
		printf("  %-14s %s: model.h5, metrics.csv, summary.json, ranks.csv, config.yaml\n", "kept in", folder);
	else
		printf("  nothing was kept: give --output DIR to keep the model and its metrics\n");
}
