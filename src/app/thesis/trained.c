#include "app/thesis/trained.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/folder.h"

/* What NAME.json tells of a summary. */
static const struct {
	const char *name;
	size_t offset;
} reals[] = {
    {"cost", offsetof(tw_summary, cost)},
    {"gradient_norm_squared", offsetof(tw_summary, gradient_norm_squared)},
    {"mean_gradient_norm_squared", offsetof(tw_summary, mean_gradient_norm_squared)},
    {"accuracy", offsetof(tw_summary, accuracy)},
    {"r_squared", offsetof(tw_summary, r_squared)},
    {"test_cost", offsetof(tw_summary, test_cost)},
    {"test_accuracy", offsetof(tw_summary, test_accuracy)},
    {"test_r_squared", offsetof(tw_summary, test_r_squared)},
    {"epochs", offsetof(tw_summary, epochs)},
    {"seconds", offsetof(tw_summary, seconds)},
};
static const struct {
	const char *name;
	size_t offset;
} counts[] = {
    {"steps", offsetof(tw_summary, steps)},
    {"observations", offsetof(tw_summary, observations)},
};
enum { REALS = sizeof reals / sizeof *reals, COUNTS = sizeof counts / sizeof *counts };

static double *real_of(tw_summary *summary, int i) { return (double *)((char *)summary + reals[i].offset); }
static int64_t *count_of(tw_summary *summary, int i) { return (int64_t *)((char *)summary + counts[i].offset); }

/* folder/NAME.ending, tw_free. */
static tw_status path_of(const char *folder, const char *name, const char *ending, char **path)
{
	char file[256];
	snprintf(file, sizeof file, "%s.%s", name, ending);
	return tw_folder_path(folder, file, path);
}

static tw_status digest_of(const tw_settings *settings, char digest[65])
{
	char *text = NULL;
	tw_settings deciding = *settings;
	deciding.threads = 0;
	deciding.data.path = NULL;
	TW_TRY(tw_settings_write(&deciding, &text));
	tw_sha256(text, strlen(text), digest);
	tw_free(text);
	return TW_OK;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static json_t *json_of(const tw_summary *summary, const char *digest)
{
	tw_summary copy = *summary;
	json_t *object = json_object();
	for (int i = 0; i < REALS; i++) {
		const double value = *real_of(&copy, i);
		json_object_set_new(object, reals[i].name, isfinite(value) ? json_real(value) : json_null());
	}
	for (int i = 0; i < COUNTS; i++) json_object_set_new(object, counts[i].name, json_integer(*count_of(&copy, i)));
	json_object_set_new(object, "stop_reason", json_string(tw_stop_reason_name(summary->stop_reason)));
	json_object_set_new(object, "stage", json_integer(summary->last_stage));
	json_object_set_new(object, "ranks", json_integer(summary->ranks));
	json_object_set_new(object, "threads", json_integer(summary->threads));
	json_object_set_new(object, "theta_sha256", json_string(summary->theta_sha256));
	json_object_set_new(object, "configuration", json_string(digest));
	return object;
}

static tw_status write_summary(const char *folder, const char *name, const tw_settings *settings,
                               const tw_summary *summary)
{
	char digest[65], file[256];
	TW_TRY(digest_of(settings, digest));
	snprintf(file, sizeof file, "%s.json", name);
	json_t *object = json_of(summary, digest);
	char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	json_decref(object);
	TW_CHECK(text, TW_NO_MEMORY, "%s/%s: no memory for its text", folder, file);
	const size_t length = strlen(text);
	text[length] = '\n'; /* takes the place of the final zero */
	tw_status status = tw_file_write(folder, file, text, length + 1);
	free(text);
	return status;
}

static tw_status write_configuration(const char *folder, const char *name, const tw_settings *settings)
{
	char *text = NULL, file[256];
	snprintf(file, sizeof file, "%s.yaml", name);
	TW_TRY(tw_settings_write(settings, &text));
	tw_status status = tw_file_write(folder, file, text, strlen(text));
	tw_free(text);
	return status;
}

tw_status thesis_trained_write(const char *folder, const char *name, const tw_settings *settings, const tw_run *run,
                               const tw_summary *summary)
{
	char *path = NULL;
	TW_TRY(path_of(folder, name, "json", &path));
	unlink(path); /* of another configuration */
	tw_free(path);
	TW_TRY(path_of(folder, name, "h5", &path));
	tw_status status = tw_model_write(path, tw_run_network(run), settings->precision, tw_run_theta(run));
	tw_free(path);
	if (status == TW_OK) status = write_configuration(folder, name, settings);
	return status == TW_OK ? write_summary(folder, name, settings, summary) : status;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static void read_summary(const json_t *object, tw_summary *out)
{
	*out = (tw_summary){0};
	for (int i = 0; i < REALS; i++) {
		const json_t *value = json_object_get(object, reals[i].name);
		*real_of(out, i) = json_is_number(value) ? json_number_value(value) : NAN;
	}
	for (int i = 0; i < COUNTS; i++)
		*count_of(out, i) = (int64_t)json_integer_value(json_object_get(object, counts[i].name));
	const char *reason = json_string_value(json_object_get(object, "stop_reason"));
	for (int i = 0; reason && i < TW_STOP_COUNT; i++)
		if (strcmp(reason, tw_stop_reason_name((tw_stop_reason)i)) == 0) out->stop_reason = (tw_stop_reason)i;
	out->last_stage = (int)json_integer_value(json_object_get(object, "stage"));
	out->ranks = (int)json_integer_value(json_object_get(object, "ranks"));
	out->threads = (int)json_integer_value(json_object_get(object, "threads"));
	const char *theta = json_string_value(json_object_get(object, "theta_sha256"));
	snprintf(out->theta_sha256, sizeof out->theta_sha256, "%s", theta ? theta : "");
}

/* Whether NAME.json has this digest; then *summary is what it tells. */
static bool matches(const char *path, const char *name, const char *digest, tw_summary *summary)
{
	json_error_t error;
	json_t *object = json_load_file(path, 0, &error);
	const char *kept = json_string_value(json_object_get(object, "configuration"));
	const bool same = kept && strcmp(kept, digest) == 0;
	if (same)
		read_summary(object, summary);
	else
		tw_log(TW_LOG_NOTE, "%s: of another configuration, or damaged; %s begins anew", path, name);
	json_decref(object);
	return same;
}

tw_status thesis_trained_read(const char *folder, const char *name, const tw_settings *settings, tw_summary *summary,
                              bool *there)
{
	char digest[65], *model = NULL, *path = NULL;
	*there = false;
	TW_TRY(digest_of(settings, digest));
	TW_TRY(path_of(folder, name, "h5", &model));
	tw_status status = path_of(folder, name, "json", &path);
	if (status == TW_OK && access(model, R_OK) == 0 && access(path, R_OK) == 0)
		*there = matches(path, name, digest, summary);
	tw_free(model);
	tw_free(path);
	return status;
}
