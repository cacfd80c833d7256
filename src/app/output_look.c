/* What the output folder of a run tells of how to begin. */
#include "app/output.h"

#include <inttypes.h>

#include "run/checkpoint.h"
#include "run/file.h"

static tw_status find_state(const char *folder, const tw_settings *settings, app_start *start)
{
	TW_TRY(tw_checkpoints_last(folder, &start->checkpoint));
	const tw_checkpoint *checkpoint = start->checkpoint;
	TW_TRY(tw_settings_same_run(settings, checkpoint->configuration, checkpoint->course.at, folder));
	tw_log(TW_LOG_NOTE, "%s: goes on after %" PRId64 " steps", folder, checkpoint->course.step);
	return TW_OK;
}

static tw_status same_as_kept(const char *folder, const tw_settings *settings)
{
	char *path = NULL, *text = NULL;
	size_t size;
	TW_TRY(tw_folder_path(folder, "config.yaml", &path));
	tw_status status = tw_file_read(path, &text, &size);
	if (status == TW_OK) status = tw_settings_same_run(settings, text, TW_MAX_STAGES, folder);
	tw_free(path);
	tw_free(text);
	return status;
}

/* A run without checkpoints that has a summary. */
static tw_status find_end(const char *folder, const tw_settings *settings, tw_stop_reason reason, app_start *start)
{
	tw_status status = same_as_kept(folder, settings);
	if (status == TW_USAGE)
		return tw_fail(TW_USAGE, "%s; a run that has ended has no checkpoints: initial.file starts from its model.h5",
		               tw_message());
	TW_TRY(status);
	TW_CHECK(reason != TW_STOP_INTERRUPTED, TW_USAGE,
	         "%s: holds an interrupted run without a checkpoint; --overwrite begins anew", folder);
	TW_CHECK(reason != TW_STOP_DIVERGED, TW_DIVERGED, "%s: this run has diverged; nothing is left to be done", folder);
	tw_log(TW_LOG_NOTE, "%s: this run is finished; nothing is left to be done", folder);
	start->finished = true;
	return TW_OK;
}

static tw_status look_for_run(const char *folder, const tw_settings *settings, app_start *start)
{
	tw_stop_reason reason = TW_RUNNING;
	bool interrupted;
	TW_TRY(tw_checkpoints_exist(folder, &interrupted));
	if (interrupted) return find_state(folder, settings, start);
	start->overwrite = tw_folder_has(folder, "metrics.csv.part"); /* killed before its first checkpoint */
	if (!start->overwrite) TW_TRY(tw_summary_stop_reason(folder, &reason));
	if (reason != TW_RUNNING) return find_end(folder, settings, reason, start);
	tw_log(TW_LOG_NOTE, "%s: there is no checkpoint; the run begins at its start", folder);
	return tw_folder_check(folder, start->overwrite);
}

tw_status app_output_look(const char *folder, bool resume, bool overwrite, const tw_settings *settings,
                          app_start *start)
{
	*start = (app_start){.overwrite = overwrite};
	if (!folder) return TW_OK;
	TW_TRY(tw_folder_lock_look(folder));
	if (resume) return look_for_run(folder, settings, start);
	bool interrupted;
	TW_TRY(tw_checkpoints_exist(folder, &interrupted));
	TW_CHECK(overwrite || !interrupted, TW_USAGE,
	         "%s: holds a run that was interrupted; --resume goes on with it, --overwrite begins anew", folder);
	return tw_folder_check(folder, overwrite);
}
