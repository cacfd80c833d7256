#include "app/output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "run/checkpoint.h"

static tw_status begin(app_output *output, const app_start *start, const tw_settings *settings)
{
	const bool theory = settings->rayleigh || settings->bound;
	const char *folder = output->folder;
	if (start->checkpoint) {
		TW_TRY(tw_folder_lock_take(folder, &output->lock));
		TW_TRY(
		    tw_metrics_reopen(folder, settings->precision, theory, start->checkpoint->metrics_bytes, &output->metrics));
		output->state = start->checkpoint->course.step;
		tw_checkpoints_remove(folder, output->state); /* damaged ones */
		return TW_OK;
	}
	TW_TRY(tw_folder_prepare(folder, start->overwrite));
	TW_TRY(tw_folder_lock_take(folder, &output->lock));
	if (start->overwrite) tw_checkpoints_remove(folder, -1);
	return tw_metrics_open(folder, settings->precision, theory, &output->metrics);
}

tw_status app_output_open(app_output *output, const char *folder, const app_start *start, const tw_settings *settings)
{
	*output = (app_output){.folder = folder, .checkpoints = settings->checkpoint_keep, .state = -1};
	TW_TRY(tw_progress_create(&output->progress));
	if (!folder) return TW_OK;
	output->before = tw_folder_remember(folder);
	tw_status status = begin(output, start, settings);
	if (status != TW_OK) app_output_undo(output);
	return status;
}

static tw_status keep_record(void *self, const tw_record *record)
{
	app_output *output = self;
	return output->metrics ? tw_metrics_record(output->metrics, record) : TW_OK;
}

static void show_progress(void *self, const tw_record *latest, int64_t total_steps, double seconds)
{
	app_output *output = self;
	tw_progress_update(output->progress, latest, total_steps, seconds);
}

static tw_status mark_metrics(void *self, int64_t *bytes)
{
	const app_output *output = self;
	return tw_metrics_length(output->metrics, bytes);
}

/* Beside the training. */
static tw_status keep_state(void *self, const tw_checkpoint *checkpoint)
{
	app_output *output = self;
	TW_TRY(tw_metrics_sync(output->metrics));
	TW_TRY(tw_checkpoints_add(output->folder, checkpoint, output->checkpoints));
	output->state = checkpoint->course.step;
	return TW_OK;
}

tw_monitor app_output_monitor(app_output *output, bool keeps)
{
	return (tw_monitor){.self = output,
	                    .record = keep_record,
	                    .progress = show_progress,
	                    .keep = keeps ? keep_state : NULL,
	                    .mark = mark_metrics};
}

static void end_progress(app_output *output)
{
	tw_progress_finish(output->progress);
	output->progress = NULL;
}

static bool all_finite(const double *values, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		if (!isfinite(values[i])) return false;
	return true;
}

/* A diverged run may have no model to keep; one of an earlier run must not stay in its place. */
static tw_status keep_model(const char *folder, const tw_run *run)
{
	const tw_network *network = tw_run_network(run);
	const double *theta = tw_run_theta(run);
	char *path = NULL;
	TW_TRY(tw_folder_path(folder, "model.h5", &path));
	tw_status status = TW_OK;
	if (all_finite(theta, tw_network_dimension(network)))
		status = tw_model_write(path, network, tw_run_objective(run)->precision, theta);
	else
		unlink(path);
	tw_free(path);
	return status;
}

/* A failure leaves the partial file to the last checkpoint. */
static tw_status keep_metrics(app_output *output)
{
	int64_t bytes;
	tw_status status = tw_metrics_length(output->metrics, &bytes);
	if (status == TW_OK) status = tw_metrics_sync(output->metrics);
	if (status == TW_OK)
		status = tw_metrics_close(output->metrics, output->state >= 0);
	else if (output->state >= 0)
		tw_metrics_leave(output->metrics);
	else
		tw_metrics_discard(output->metrics);
	output->metrics = NULL;
	return status;
}

static void note_state(const app_output *output)
{
	tw_log(TW_LOG_NOTE, "%s: the state after %" PRId64 " steps is kept; the same command with --resume goes on from it",
	       output->folder, output->state);
}

tw_status app_output_keep(app_output *output, const tw_run *run, const char *config, const tw_summary *summary,
                          const tw_rank_times *times)
{
	end_progress(output);
	const char *folder = output->folder;
	if (!folder) return TW_OK;
	tw_status status = keep_model(folder, run), closed = keep_metrics(output);
	if (status == TW_OK) status = closed;
	if (status == TW_OK) status = tw_file_write(folder, "config.yaml", config, strlen(config));
	if (status == TW_OK) status = tw_rank_times_write(folder, times, summary->ranks);
	if (status == TW_OK) status = tw_summary_write(folder, summary, tw_run_objective(run)->precision);
	const bool ended = summary->stop_reason != TW_STOP_INTERRUPTED && summary->stop_reason != TW_STOP_DIVERGED;
	if (status == TW_OK && ended) tw_checkpoints_remove(folder, -1);
	tw_folder_lock_release(&output->lock);
	if (status != TW_OK && output->state < 0) tw_folder_undo(&output->before, true);
	if (status != TW_OK && output->state >= 0) note_state(output);
	return status;
}

void app_output_undo(app_output *output)
{
	end_progress(output);
	if (output->state >= 0) {
		tw_metrics_leave(output->metrics);
		tw_folder_lock_release(&output->lock);
		note_state(output);
	} else {
		tw_metrics_discard(output->metrics);
		tw_folder_lock_release(&output->lock);
		if (output->folder) tw_folder_undo(&output->before, false);
	}
	output->metrics = NULL;
}
