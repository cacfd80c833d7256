/* The checkpoints in the folder of a run: numbered by updates, the last few kept. */
#include <thalweg/report.h>

#include <dirent.h>
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

/* Steps of the whole or the temporary files, ascending; *steps: free. A folder that cannot be read has none. */
static int list(const char *folder, bool temporaries, int64_t **steps)
{
	int count = 0, room = 0;
	*steps = NULL;
	DIR *stream = opendir(folder);
	const struct dirent *entry;
	while (stream && (entry = readdir(stream))) {
		bool temporary;
		const int64_t step = step_of(entry->d_name, &temporary);
		if (step < 0 || temporary != temporaries) continue;
		if (count == room) {
			int64_t *grown = realloc(*steps, (size_t)(room = 2 * room + 8) * sizeof *grown);
			if (!grown) break;
			*steps = grown;
		}
		(*steps)[count++] = step;
	}
	if (stream) closedir(stream);
	if (count) qsort(*steps, (size_t)count, sizeof **steps, ascending);
	return count;
}

static void remove_one(const char *folder, int64_t step, bool temporary)
{
	char name[NAME], part[NAME + 8];
	char *path = NULL;
	name_of(step, name);
	snprintf(part, sizeof part, "%s%s", name, temporary ? ".part" : "");
	if (tw_folder_path(folder, part, &path) != TW_OK) return;
	unlink(path);
	tw_free(path);
}

tw_status tw_checkpoints_add(const char *folder, const tw_checkpoint *checkpoint, int keep)
{
	char name[NAME];
	char *path = NULL;
	int64_t *steps;
	name_of(checkpoint->course.step, name);
	TW_TRY(tw_folder_path(folder, name, &path));
	tw_status status = tw_checkpoint_write(path, checkpoint);
	tw_free(path);
	TW_TRY(status);
	const int count = list(folder, false, &steps);
	for (int i = 0; i < count - keep; i++) remove_one(folder, steps[i], false);
	free(steps);
	return TW_OK;
}

tw_status tw_checkpoints_last(const char *folder, tw_checkpoint **out)
{
	int64_t *steps;
	const int count = list(folder, false, &steps);
	tw_status status = TW_OK;
	*out = NULL;
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
	if (status == TW_IO) return tw_fail(TW_IO, "%s: no checkpoint in it is whole; --overwrite begins anew", folder);
	return status;
}

bool tw_checkpoints_exist(const char *folder)
{
	int64_t *steps;
	const int count = list(folder, false, &steps);
	free(steps);
	return count > 0;
}

void tw_checkpoints_remove(const char *folder, int64_t after)
{
	for (int temporary = 1; temporary >= 0; temporary--) {
		int64_t *steps;
		const int count = list(folder, temporary, &steps);
		for (int i = 0; i < count; i++)
			if (temporary || steps[i] > after) remove_one(folder, steps[i], temporary);
		free(steps);
	}
	char *path = NULL;
	if (tw_folder_path(folder, "checkpoint", &path) != TW_OK) return;
	tw_file_sync_folder(path);
	tw_free(path);
}
