#include "app/sweep_output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A commit may wait for more runs until it costs a fiftieth of the time, but not longer than a second. */
static const double commit_share = 0.02, commit_interval = 1;
enum { MOST_WAITING = 16 << 20 }; /* bytes */

/* ---- networks ------------------------------------------------------------------------------------------------ */

/* The network of each cell; data that cells share are loaded once. */
static tw_status make_networks(tw_comm *self, const tw_sweep_plan *plan, tw_network *network)
{
	tw_data *data = NULL, *test = NULL;
	tw_status status = TW_OK;
	for (int c = 0; c < plan->cells && status == TW_OK; c++) {
		const tw_settings *settings = &plan->cell[c].settings;
		if (!data || !tw_data_options_equal(&settings->data, &plan->cell[c - 1].settings.data)) {
			tw_data_free(data);
			tw_data_free(test);
			data = test = NULL;
			status = tw_data_load(self, &settings->data, &data, &test);
		}
		if (status == TW_OK) status = tw_settings_network(settings, data, &network[c]);
		if (status == TW_USAGE) tw_fail(status, "sweep: cell %d (%s): %s", c, plan->cell[c].name, tw_message());
	}
	tw_data_free(data);
	tw_data_free(test);
	return status;
}

static tw_status load_networks(app_sweep_output *output)
{
	tw_comm *self = NULL;
	TW_TRY(tw_alloc_array((void **)&output->network, output->plan->cells, sizeof *output->network, "the networks"));
	TW_TRY(tw_comm_self(&self));
	tw_status status = make_networks(self, output->plan, output->network);
	tw_comm_free(self);
	return status;
}

/* ---- beginning ----------------------------------------------------------------------------------------------- */

static bool goes_on(const app_sweep_output *output)
{
	return output->start == APP_SWEEP_RESUME || output->start == APP_SWEEP_KEEP;
}

static bool may_replace(const app_sweep_output *output)
{
	return output->start == APP_SWEEP_OVERWRITE || output->start == APP_SWEEP_KEEP;
}

/* Results of another configuration are no failure where they may be replaced. */
static tw_status replace(app_sweep_output *output)
{
	if (output->start != APP_SWEEP_KEEP) return TW_USAGE;
	tw_log(TW_LOG_NOTE, "%s: holds the runs of another configuration; the sweep begins anew", output->folder);
	output->start = APP_SWEEP_OVERWRITE;
	return TW_OK;
}

static tw_status check_folder(app_sweep_output *output)
{
	const char *folder = output->folder;
	TW_TRY(tw_folder_lock_look(folder));
	if (goes_on(output)) {
		const tw_status status = tw_sweep_is_finished(folder, output->plan, &output->complete);
		TW_TRY(status == TW_USAGE ? replace(output) : status);
		if (output->complete || (goes_on(output) && tw_journal_exists(folder))) return TW_OK;
	}
	TW_CHECK(may_replace(output) || !tw_journal_exists(folder), TW_USAGE,
	         "%s: holds a sweep that was interrupted; --resume goes on with it, --overwrite begins anew", folder);
	return tw_folder_check(folder, may_replace(output));
}

static tw_status keep_configuration(const app_sweep_output *output)
{
	const char *text = output->plan->text;
	return tw_file_write(output->folder, "config.yaml", text, strlen(text));
}

static tw_status hold(app_sweep_output *output)
{
	return output->lock.path ? TW_OK : tw_folder_lock_take(output->folder, &output->lock);
}

static tw_status begin(app_sweep_output *output)
{
	output->before = tw_folder_remember(output->folder);
	TW_TRY(tw_folder_prepare(output->folder, may_replace(output)));
	TW_TRY(hold(output));
	output->began = true;
	if (may_replace(output)) tw_sweep_files_remove(output->folder, false);
	TW_TRY(tw_journal_create(output->folder, output->plan, &output->journal));
	return keep_configuration(output);
}

static tw_status go_on(app_sweep_output *output)
{
	TW_TRY(hold(output));
	const tw_status status = tw_journal_resume(output->folder, output->plan, &output->journal);
	if (status == TW_USAGE && replace(output) == TW_OK) return begin(output);
	TW_TRY(status);
	tw_log(TW_LOG_NOTE, "%s: %lld of %lld runs were finished before", output->folder,
	       (long long)tw_journal_finished(output->journal), (long long)output->plan->runs);
	return keep_configuration(output);
}

static tw_status open_output(app_sweep_output *output)
{
	if (output->folder) TW_TRY(check_folder(output));
	if (output->complete) return TW_OK;
	TW_TRY(load_networks(output));
	TW_TRY(tw_sweep_progress_create(&output->progress));
	if (!output->folder) return tw_journal_create(NULL, output->plan, &output->journal);
	if (goes_on(output) && tw_journal_exists(output->folder)) return go_on(output);
	if (output->start == APP_SWEEP_RESUME)
		tw_log(TW_LOG_NOTE, "%s: nothing to resume, the sweep begins", output->folder);
	return begin(output);
}

tw_status app_sweep_output_open(app_sweep_output *output, const tw_sweep_plan *plan, const char *folder,
                                app_sweep_start start)
{
	*output = (app_sweep_output){.plan = plan, .folder = folder, .start = start};
	tw_status status = open_output(output);
	output->committed = tw_now();
	if (status != TW_OK) app_sweep_output_close(output, true, false);
	return status;
}

/* ---- while the sweep runs ------------------------------------------------------------------------------------ */

static tw_status commit(app_sweep_output *output)
{
	const double begin = tw_now();
	if (output->folder) TW_TRY(tw_journal_commit(output->journal));
	output->not_durable = 0;
	output->committed = tw_now();
	output->commit_took = output->committed - begin;
	return TW_OK;
}

static bool is_due(const app_sweep_output *output)
{
	const double patience = fmin(commit_interval, output->commit_took / commit_share);
	return output->not_durable > 0 &&
	       (tw_journal_waiting(output->journal) > MOST_WAITING || tw_now() - output->committed >= patience);
}

static tw_status keep_run(void *self, const tw_run_result *result, const void *theta, const tw_trace_point *trace)
{
	app_sweep_output *output = self;
	if (output->failed != TW_OK) return tw_fail(output->failed, "%s", output->message);
	TW_TRY(tw_journal_add(output->journal, result, theta, trace));
	output->not_durable++;
	return is_due(output) ? commit(output) : TW_OK;
}

static void show_progress(void *self, const tw_sweep_state *state)
{
	app_sweep_output *output = self;
	if (output->failed == TW_OK && is_due(output)) {
		output->failed = commit(output);
		if (output->failed != TW_OK) snprintf(output->message, sizeof output->message, "%s", tw_message());
	}
	tw_sweep_state durable = *state;
	durable.finished -= output->not_durable;
	tw_sweep_progress_update(output->progress, &durable);
}

tw_sweep_monitor app_sweep_output_monitor(app_sweep_output *output)
{
	return (tw_sweep_monitor){.self = output, .finished = keep_run, .progress = show_progress};
}

/* ---- the end ------------------------------------------------------------------------------------------------- */

tw_status app_sweep_output_commit(app_sweep_output *output)
{
	tw_sweep_progress_finish(output->progress);
	output->progress = NULL;
	if (output->failed != TW_OK) return tw_fail(output->failed, "%s", output->message);
	return commit(output);
}

static bool has_traces(const app_sweep_output *output)
{
	for (int64_t run = 0; run < output->plan->runs; run++) {
		const tw_run_result *result = tw_journal_result(output->journal, run);
		if (result && result->trace_points) return true;
	}
	return false;
}

tw_status app_sweep_output_keep(const app_sweep_output *output, const tw_sweep_summary *summary)
{
	const char *folder = output->folder;
	const tw_sweep_plan *plan = output->plan;
	const tw_journal *journal = output->journal;
	if (!folder) return TW_OK;
	tw_status status = tw_runs_write(folder, plan, journal);
	if (status == TW_OK) status = tw_models_write(folder, plan, output->network, journal);
	if (status == TW_OK && has_traces(output)) status = tw_trajectories_write(folder, plan, journal);
	if (status == TW_OK) status = tw_sweep_summary_write(folder, plan, journal, summary);
	if (status != TW_OK) tw_sweep_files_remove(folder, false);
	return status;
}

void app_sweep_output_close(app_sweep_output *output, bool failed, bool remove_journal)
{
	const bool undo = failed && output->began && (!output->journal || tw_journal_finished(output->journal) == 0);
	tw_sweep_progress_finish(output->progress);
	output->progress = NULL;
	tw_journal_close(output->journal, remove_journal);
	output->journal = NULL;
	tw_free(output->network);
	output->network = NULL;
	if (undo) tw_sweep_files_remove(output->folder, true);
	tw_folder_lock_release(&output->lock);
	if (!undo) return;
	tw_folder_undo(&output->before, false);
}
