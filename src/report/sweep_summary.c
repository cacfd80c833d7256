/* summary.json of a sweep, what it tells of a finished one, and the files of a sweep by name. */
#include <thalweg/report.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/folder.h"

static const char *const result_files[] = {"runs.csv", "models.h5", "trajectories.csv", "summary.json", NULL};
static const char *const journal_files[] = {"journal.txt", "journal.theta", "journal.trace", "config.yaml", NULL};

/* ---- writing ------------------------------------------------------------------------------------------------- */

static json_t *stop_reasons(const tw_sweep_plan *plan, const tw_journal *journal)
{
	int64_t count[TW_STOP_COUNT] = {0};
	json_t *object = json_object();
	for (int64_t run = 0; run < plan->runs; run++) {
		const tw_run_result *result = tw_journal_result(journal, run);
		if (result) count[result->stop_reason]++;
	}
	for (int i = 0; i < TW_STOP_COUNT; i++)
		if (count[i]) json_object_set_new(object, tw_stop_reason_name((tw_stop_reason)i), json_integer(count[i]));
	return object;
}

tw_status tw_sweep_summary_write(const char *folder, const tw_sweep_plan *plan, const tw_journal *journal,
                                 const tw_sweep_summary *summary)
{
	json_t *reasons = stop_reasons(plan, journal), *object = json_object();
	const int64_t finished = tw_journal_finished(journal);
	const json_t *diverged = json_object_get(reasons, tw_stop_reason_name(TW_STOP_DIVERGED));
	json_object_set_new(object, "runs", json_integer(plan->runs));
	json_object_set_new(object, "finished", json_integer(finished));
	json_object_set_new(object, "finished_before", json_integer(finished - summary->finished));
	json_object_set_new(object, "diverged", json_integer(json_integer_value(diverged)));
	json_object_set_new(object, "stop_reasons", reasons);
	json_object_set_new(object, "cells", json_integer(plan->cells));
	json_object_set_new(object, "seconds", json_real(summary->seconds));
	json_object_set_new(object, "ranks", json_integer(summary->ranks));
	json_object_set_new(object, "threads", json_integer(summary->threads));
	json_object_set_new(object, "workers", json_integer(summary->workers));
	json_object_set_new(object, "plan", json_string(plan->digest));
	char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	json_decref(object);
	TW_CHECK(text, TW_NO_MEMORY, "%s/summary.json: no memory for its text", folder);
	size_t length = strlen(text);
	text[length] = '\n'; /* takes the place of the final zero */
	tw_status status = tw_file_write(folder, "summary.json", text, length + 1);
	free(text);
	return status;
}

/* ---- what is there ------------------------------------------------------------------------------------------- */

tw_status tw_sweep_is_finished(const char *folder, const tw_sweep_plan *plan, bool *finished)
{
	*finished = false;
	if (!tw_folder_has(folder, "runs.csv") || !tw_folder_has(folder, "summary.json")) return TW_OK;
	char *path = NULL;
	TW_TRY(tw_folder_path(folder, "summary.json", &path));
	json_error_t error;
	json_t *object = json_load_file(path, 0, &error);
	const char *digest = json_string_value(json_object_get(object, "plan"));
	tw_status status = TW_OK;
	if (!object)
		status = tw_fail(TW_IO, "%s:%d: cannot be read: %s", path, error.line, error.text);
	else if (!digest || strcmp(digest, plan->digest) != 0)
		status =
		    tw_fail(TW_USAGE, "%s: the results of another configuration; use another --output or --overwrite", folder);
	*finished = status == TW_OK;
	json_decref(object);
	tw_free(path);
	return status;
}

static void remove_all(const char *folder, const char *const *names)
{
	for (int i = 0; names[i]; i++) tw_folder_unlink(folder, names[i]);
}

void tw_sweep_files_remove(const char *folder, bool journal)
{
	remove_all(folder, result_files);
	if (journal) remove_all(folder, journal_files);
}
