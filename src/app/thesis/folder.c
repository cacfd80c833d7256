/* The output folder of thesis runs: a folder for each experiment, report.html, and thesis.json, by which the folder is
 * known and which says with what options it was begun. */
#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/thesis/request.h"

static const char marker[] = "thesis.json";
static const char program[] = "thalweg thesis";

/* ---- what was asked ------------------------------------------------------------------------------------------ */

/* Options that decide results; threads do not. */
static json_t *options_of(const thesis_request *request)
{
	json_t *object = json_object(), *set = json_array();
	for (int i = 0; i < request->shared.sets; i++)
		if (strncmp(request->shared.set[i], "threads=", strlen("threads=")) != 0)
			json_array_append_new(set, json_string(request->shared.set[i]));
	json_object_set_new(object, "full", json_boolean(request->full));
	json_object_set_new(object, "every", json_integer(request->every));
	json_object_set_new(object, "seeds", json_integer(request->seeds));
	json_object_set_new(object, "set", set);
	return object;
}

static void describe(const json_t *options, char *out, size_t size)
{
	const json_int_t every = json_integer_value(json_object_get(options, "every"));
	const json_int_t seeds = json_integer_value(json_object_get(options, "seeds"));
	const json_t *set = json_object_get(options, "set");
	int at = snprintf(out, size, "--%s", json_is_true(json_object_get(options, "full")) ? "full" : "quick");
	if (every && at < (int)size) at += snprintf(out + at, size - (size_t)at, " --every %lld", (long long)every);
	if (seeds && at < (int)size) at += snprintf(out + at, size - (size_t)at, " --seeds %lld", (long long)seeds);
	for (size_t i = 0; i < json_array_size(set) && at < (int)size; i++) {
		const char *text = json_string_value(json_array_get(set, i));
		at += snprintf(out + at, size - (size_t)at, " --set %s", text ? text : "");
	}
}

static tw_status compare(const thesis_request *request, const json_t *kept)
{
	char text[512];
	json_t *wanted = options_of(request);
	const bool equal = json_equal(wanted, kept);
	json_decref(wanted);
	if (equal) return TW_OK;
	describe(kept, text, sizeof text);
	return tw_fail(TW_USAGE,
	               "%s: holds a thesis run with other options (%s); give the same, another --output, or --overwrite",
	               request->output, text);
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

static tw_status check_marker(const thesis_request *request, const char *path)
{
	json_error_t error;
	json_t *object = json_load_file(path, 0, &error);
	const char *name = json_string_value(json_object_get(object, "program"));
	const bool whole = name && strcmp(name, program) == 0;
	tw_status status = TW_OK;
	if (!request->overwrite)
		status = whole ? compare(request, json_object_get(object, "options"))
		               : tw_fail(TW_IO, "%s: is not of a thesis run, or damaged; give another --output, or --overwrite",
		                         path);
	json_decref(object);
	return status;
}

tw_status thesis_folder_check(const thesis_request *request, thesis_folder *folder)
{
	char *path = NULL;
	*folder = (thesis_folder){0};
	TW_TRY(tw_folder_lock_look(request->output));
	TW_TRY(tw_folder_path(request->output, marker, &path));
	folder->known = access(path, F_OK) == 0;
	tw_status status = folder->known ? check_marker(request, path) : TW_OK;
	tw_free(path);
	TW_TRY(status);
	return tw_folder_check(request->output, request->overwrite || folder->known);
}

/* ---- making -------------------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info, (void)kind, (void)place;
	return remove(path);
}

/* The folders of the chosen experiments, of a run that is overwritten. */
static tw_status remove_experiments(const thesis_request *request)
{
	tw_status status = TW_OK;
	for (int i = 0; i < request->count && status == TW_OK; i++) {
		char *path = NULL;
		TW_TRY(tw_folder_path(request->output, request->chosen[i]->name, &path));
		if (nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
			status = tw_fail(TW_IO, "%s: cannot be removed: %s", path, strerror(errno));
		tw_free(path);
	}
	return status;
}

static tw_status write_marker(const thesis_request *request)
{
	json_t *object = json_object();
	json_object_set_new(object, "program", json_string(program));
	json_object_set_new(object, "version", json_string(TW_VERSION));
	json_object_set_new(object, "options", options_of(request));
	char *text = json_dumps(object, JSON_INDENT(2));
	json_decref(object);
	TW_CHECK(text, TW_NO_MEMORY, "%s/%s: no memory for its text", request->output, marker);
	const size_t length = strlen(text);
	text[length] = '\n'; /* takes the place of the final zero */
	tw_status status = tw_file_write(request->output, marker, text, length + 1);
	free(text);
	return status;
}

tw_status thesis_folder_begin(const thesis_request *request, thesis_folder *folder)
{
	folder->before = tw_folder_remember(request->output);
	TW_TRY(tw_folder_prepare(request->output, request->overwrite || folder->known));
	tw_status status = tw_folder_lock_take(request->output, &folder->lock);
	const bool begins = !folder->known || request->overwrite;
	if (status == TW_OK && folder->known && begins) status = remove_experiments(request);
	if (status == TW_OK && begins) status = write_marker(request);
	if (status == TW_OK) return TW_OK;
	thesis_folder_end(folder);
	tw_folder_undo(&folder->before, false);
	return status;
}

void thesis_folder_end(thesis_folder *folder) { tw_folder_lock_release(&folder->lock); }

tw_status thesis_folder_make(const thesis_request *request, const char *name)
{
	char *path = NULL;
	TW_TRY(tw_folder_path(request->output, name, &path));
	tw_status status = mkdir(path, 0777) == 0 || errno == EEXIST
	                       ? TW_OK
	                       : tw_fail(TW_IO, "%s: cannot be made: %s", path, strerror(errno));
	tw_free(path);
	return status;
}

void thesis_folder_undo(const thesis_request *request, thesis_folder *folder, const char *name)
{
	char *path = NULL;
	if (tw_folder_path(request->output, name, &path) != TW_OK) return;
	const bool removed = rmdir(path) == 0;
	tw_free(path);
	if (!removed || folder->known || name != request->chosen[0]->name) return;
	if (tw_folder_path(request->output, marker, &path) != TW_OK) return;
	unlink(path);
	tw_free(path);
	thesis_folder_end(folder);
	tw_folder_undo(&folder->before, false);
}
