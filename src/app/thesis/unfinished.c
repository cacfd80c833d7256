#include "app/thesis/unfinished.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/folder.h"
#include "run/checkpoint.h"

/* folder/NAME.state, tw_free. */
static tw_status state_folder(const char *folder, const char *name, char **path)
{
	char entry[256];
	snprintf(entry, sizeof entry, "%s.state", name);
	return tw_folder_path(folder, entry, path);
}

static void begin_anew(thesis_unfinished *unfinished)
{
	tw_log(TW_LOG_NOTE, "%s; the run begins anew", tw_message());
	tw_checkpoint_free(unfinished->start);
	unfinished->start = NULL;
	tw_checkpoints_remove(unfinished->folder, -1);
}

static tw_status find_start(thesis_unfinished *unfinished, const tw_settings *settings)
{
	bool exist;
	const char *folder = unfinished->folder;
	TW_TRY(tw_checkpoints_exist(folder, &exist));
	if (!exist) return TW_OK;
	tw_status status = tw_checkpoints_last(folder, &unfinished->start);
	if (status == TW_OK) {
		const tw_checkpoint *start = unfinished->start;
		status = tw_settings_same_run(settings, start->configuration, start->course.at, folder);
	}
	if (status == TW_NO_MEMORY) return status;
	if (status != TW_OK)
		begin_anew(unfinished);
	else
		tw_log(TW_LOG_NOTE, "%s: goes on after %" PRId64 " steps", folder, unfinished->start->course.step);
	return TW_OK;
}

tw_status thesis_unfinished_open(const char *folder, const char *name, const tw_settings *settings,
                                 thesis_unfinished *out)
{
	*out = (thesis_unfinished){.keep = settings->checkpoint_keep};
	TW_TRY(state_folder(folder, name, &out->folder));
	tw_status status = TW_OK;
	if (mkdir(out->folder, 0777) != 0 && errno != EEXIST)
		status = tw_fail(TW_IO, "%s: cannot be made: %s", out->folder, strerror(errno));
	if (status == TW_OK) status = find_start(out, settings);
	if (status != TW_OK) thesis_unfinished_close(out);
	return status;
}

tw_status thesis_unfinished_keep(thesis_unfinished *unfinished, const tw_checkpoint *checkpoint)
{
	return tw_checkpoints_add(unfinished->folder, checkpoint, unfinished->keep);
}

void thesis_unfinished_close(thesis_unfinished *unfinished)
{
	if (unfinished->folder) rmdir(unfinished->folder); /* fails where a checkpoint is kept */
	tw_checkpoint_free(unfinished->start);
	tw_free(unfinished->folder);
	*unfinished = (thesis_unfinished){0};
}

void thesis_unfinished_remove(const char *folder, const char *name)
{
	char *path = NULL;
	if (state_folder(folder, name, &path) != TW_OK) return;
	tw_checkpoints_remove(path, -1);
	rmdir(path);
	tw_free(path);
}
