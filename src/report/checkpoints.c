/* The checkpoints in the folder of a run: numbered by updates, the last few kept. */
#include <thalweg/report.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/folder.h"
#include "run/checkpoint.h"
#include "run/file.h"

enum { NAME = 64 };

static void name_of(int64_t step, char out[NAME]) { snprintf(out, NAME, "checkpoint-%012" PRId64 ".h5", step); }

/* The step of a file's name, whole or temporary; -1: not one of ours. */
static int64_t step_of(const char *name, bool *temporary)
{
	int64_t step = -1;
	char whole[NAME], part[NAME + 8];
	if (sscanf(name, "checkpoint-%" SCNd64, &step) != 1 || step < 0) return -1;
	name_of(step, whole);
	snprintf(part, sizeof part, "%s.part", whole);
	*temporary = strcmp(name, part) == 0;
	return *temporary || strcmp(name, whole) == 0 ? step : -1;
}

static int ascending(const void *a, const void *b)
{
	const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

/* Steps of the whole or the temporary files, ascending; *steps: free, also after a failure. A folder that is not there
 * has none. */
static tw_status list(const char *folder, bool temporaries, int64_t **steps, int *count)
{
	int room = 0;
	*steps = NULL;
	*count = 0;
	DIR *stream = opendir(folder);
	if (!stream && (errno == ENOENT || errno == ENOTDIR)) return TW_OK;
	TW_CHECK(stream, TW_IO, "%s: cannot be read: %s", folder, strerror(errno));
	tw_status status = TW_OK;
	const struct dirent *entry;
	while (status == TW_OK && (errno = 0, entry = readdir(stream))) {
		bool temporary;
		const int64_t step = step_of(entry->d_name, &temporary);
		if (step < 0 || temporary != temporaries) continue;
		int64_t *grown = *steps;
		if (*count == room) grown = realloc(*steps, (size_t)(room = 2 * room + 8) * sizeof *grown);
		if (!grown) {
			status = tw_fail(TW_NO_MEMORY, "%s: no memory for the list of its checkpoints", folder);
			break;
		}
		*steps = grown;
		grown[(*count)++] = step;
	}
	if (status == TW_OK && errno != 0) status = tw_fail(TW_IO, "%s: cannot be read: %s", folder, strerror(errno));
	closedir(stream);
	if (*count) qsort(*steps, (size_t)*count, sizeof **steps, ascending);
	return status;
}

static void remove_one(const char *folder, int64_t step, bool temporary)
{
	char name[NAME], part[NAME + 8];
	name_of(step, name);
	snprintf(part, sizeof part, "%s%s", name, temporary ? ".part" : "");
	tw_folder_unlink(folder, part);
}

tw_status tw_checkpoints_add(const char *folder, const tw_checkpoint *checkpoint, int keep)
{
	char name[NAME];
	char *path = NULL;
	int64_t *steps;
	int count;
	name_of(checkpoint->course.step, name);
	TW_TRY(tw_folder_path(folder, name, &path));
	tw_status status = tw_checkpoint_write(path, checkpoint);
	tw_free(path);
	/* One of which the disk may know nothing after a crash is none: the caller goes on with the one before it. */
	if (status != TW_OK) remove_one(folder, checkpoint->course.step, false);
	TW_TRY(status);
	/* Old ones that cannot be listed stay until the next time. */
	list(folder, false, &steps, &count);
	for (int i = 0; i < count - keep; i++) remove_one(folder, steps[i], false);
	free(steps);
	return TW_OK;
}

tw_status tw_checkpoints_last(const char *folder, tw_checkpoint **out)
{
	int64_t *steps;
	int count;
	*out = NULL;
	tw_status status = list(folder, false, &steps, &count);
	if (status != TW_OK) count = 0;
	for (int i = count; i-- > 0 && !*out;) {
		char name[NAME];
		char *path = NULL;
		name_of(steps[i], name);
		status = tw_folder_path(folder, name, &path);
		if (status == TW_OK) status = tw_checkpoint_read(path, out);
		tw_free(path);
		if (status == TW_NO_MEMORY) break;
		if (status != TW_OK) tw_log(TW_LOG_WARNING, "%s%s", tw_message(), i ? "; the checkpoint before it serves" : "");
	}
	free(steps);
	if (status == TW_IO && count > 0)
		return tw_fail(TW_IO, "%s: no checkpoint in it is whole; --overwrite begins anew (the oldest: %s)", folder,
		               tw_message());
	return status;
}

tw_status tw_checkpoints_exist(const char *folder, bool *exist)
{
	int64_t *steps;
	int count;
	const tw_status status = list(folder, false, &steps, &count);
	free(steps);
	*exist = count > 0;
	return status;
}

void tw_checkpoints_remove(const char *folder, int64_t after)
{
	for (int temporary = 1; temporary >= 0; temporary--) {
		int64_t *steps;
		int count;
		list(folder, temporary, &steps, &count);
		for (int i = 0; i < count; i++)
			if (temporary || steps[i] > after) remove_one(folder, steps[i], temporary);
		free(steps);
	}
	char path[PATH_MAX];
	if (tw_folder_name(folder, "checkpoint", path)) tw_file_sync_folder(path);
}
