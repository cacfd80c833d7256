#include "app/output.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

tw_status app_output_open(app_output *output, const char *folder, bool overwrite, const tw_settings *settings)
{
	*output = (app_output){.folder = folder};
	TW_TRY(tw_progress_create(&output->progress));
	if (!folder) return TW_OK;
	output->before = tw_folder_remember(folder);
	tw_status status = tw_folder_prepare(folder, overwrite);
	if (status == TW_OK)
		status = tw_metrics_open(folder, settings->precision, settings->rayleigh || settings->bound, &output->metrics);
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

tw_monitor app_output_monitor(app_output *output)
{
	return (tw_monitor){.self = output, .record = keep_record, .progress = show_progress};
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

tw_status app_output_keep(app_output *output, const tw_run *run, const char *config, const tw_summary *summary,
                          const tw_rank_times *times)
{
	end_progress(output);
	const char *folder = output->folder;
	if (!folder) return TW_OK;
	tw_status status = keep_model(folder, run), closed = tw_metrics_close(output->metrics);
	output->metrics = NULL;
	if (status == TW_OK) status = closed;
	if (status == TW_OK) status = tw_file_write(folder, "config.yaml", config, strlen(config));
	if (status == TW_OK) status = tw_rank_times_write(folder, times, summary->ranks);
	if (status == TW_OK) status = tw_summary_write(folder, summary, tw_run_objective(run)->precision);
	if (status != TW_OK) tw_folder_undo(&output->before, true);
	return status;
}

void app_output_undo(app_output *output)
{
	end_progress(output);
	tw_metrics_discard(output->metrics);
	output->metrics = NULL;
	if (output->folder) tw_folder_undo(&output->before, false);
}
