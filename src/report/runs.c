/* runs.csv and trajectories.csv: the runs of a sweep in the order of its grid. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "report/part_file.h"

/* ---- runs.csv ------------------------------------------------------------------------------------------------ */

static const char runs_header[] =
    "run,hidden_layers,width,hidden,activation,initial,update,start,seed,step_size,batch_size,cost,steps,observations,"
    "stop_reason,gradient_norm_squared,theta_sha256,mean_gradient_norm_squared\n";

enum { WIDTHS_TEXT = 21 * TW_MAX_HIDDEN };

/* The columns that all runs of a cell share. */
typedef struct {
	char widths[WIDTHS_TEXT + 24]; /* "2,5,5-5": hidden_layers, width, hidden */
	char batch[24], step_size[TW_NUMBER_TEXT];
	const char *activation, *initial, *update;
} cell_columns;

/* "" for what is not known, as the step size behind the last step, or was not measured. */
static const char *text_of(char out[TW_NUMBER_TEXT], tw_precision precision, double value)
{
	return isnan(value) ? "" : tw_format_real(out, precision, value);
}

static void write_widths(const tw_settings *settings, char out[], int size)
{
	bool same = true;
	for (int l = 1; l < settings->hidden_count; l++) same = same && settings->hidden[l] == settings->hidden[0];
	int at = snprintf(out, (size_t)size, "%d,", settings->hidden_count);
	if (same)
		at += snprintf(out + at, (size_t)(size - at), "%" PRId64, settings->hidden_count ? settings->hidden[0] : 0);
	for (int l = 0; l < settings->hidden_count && at < size; l++)
		at += snprintf(out + at, (size_t)(size - at), "%c%" PRId64, l ? '-' : ',', settings->hidden[l]);
	if (!settings->hidden_count) snprintf(out + at, (size_t)(size - at), ",");
}

static void describe_cell(const tw_settings *settings, cell_columns *out)
{
	write_widths(settings, out->widths, sizeof out->widths);
	if (settings->batch)
		snprintf(out->batch, sizeof out->batch, "%" PRId64, settings->batch);
	else
		snprintf(out->batch, sizeof out->batch, "all");
	tw_format_real(out->step_size, settings->precision, settings->stage[0].schedule.base);
	out->activation = tw_activation_info_of(settings->activation)->name;
	out->initial = settings->initial_file ? "file" : tw_initializer_info_of(settings->initial.distribution)->name;
	out->update = tw_update_info_of(settings->update)->name;
}

static tw_status write_run(const tw_part_file *out, const tw_sweep_plan *plan, const tw_cell *cell,
                           const cell_columns *columns, const tw_run_result *result)
{
	const tw_precision precision = cell->settings.precision;
	char cost[TW_NUMBER_TEXT], norm[TW_NUMBER_TEXT], mean[TW_NUMBER_TEXT];
	int written = fprintf(
	    out->file, "%" PRId64 ",%s,%s,%s,%s,%" PRId64 ",%" PRIu64 ",%s,%s,%s,%" PRId64 ",%" PRId64 ",%s,%s,%s,%s\n",
	    result->run, columns->widths, columns->activation, columns->initial, columns->update,
	    result->run - cell->first_run, tw_sweep_run_settings(plan, result->run).seed, columns->step_size,
	    columns->batch, tw_format_real(cost, precision, result->cost), result->steps, result->observations,
	    tw_stop_reason_name(result->stop_reason), tw_format_real(norm, precision, result->gradient_norm_squared),
	    result->theta_sha256, text_of(mean, precision, result->mean_gradient_norm_squared));
	return written < 0 ? tw_part_failed(out) : TW_OK;
}

static tw_status write_runs(const tw_part_file *out, const tw_sweep_plan *plan, const tw_journal *journal)
{
	if (fputs(runs_header, out->file) < 0) return tw_part_failed(out);
	for (int c = 0; c < plan->cells; c++) {
		const tw_cell *cell = &plan->cell[c];
		cell_columns columns;
		describe_cell(&cell->settings, &columns);
		for (int64_t i = 0; i < cell->starts; i++) {
			const tw_run_result *result = tw_journal_result(journal, cell->first_run + i);
			if (result) TW_TRY(write_run(out, plan, cell, &columns, result));
		}
	}
	return TW_OK;
}

tw_status tw_runs_write(const char *folder, const tw_sweep_plan *plan, const tw_journal *journal)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "runs.csv"));
	tw_status status = write_runs(&out, plan, journal);
	if (status == TW_OK) return tw_part_close(&out);
	tw_part_discard(&out);
	return status;
}

/* ---- trajectories.csv ---------------------------------------------------------------------------------------- */

static tw_status write_trace(const tw_part_file *out, tw_precision precision, const tw_run_result *result,
                             const tw_trace_point *trace)
{
	char cost[TW_NUMBER_TEXT], norm[TW_NUMBER_TEXT], step_size[TW_NUMBER_TEXT];
	for (int64_t i = 0; i < result->trace_points; i++) {
		int written =
		    fprintf(out->file, "%" PRId64 ",%" PRId64 ",%s,%s,%s\n", result->run, trace[i].step,
		            text_of(cost, precision, trace[i].cost), text_of(norm, precision, trace[i].gradient_norm_squared),
		            text_of(step_size, precision, trace[i].step_size));
		if (written < 0) return tw_part_failed(out);
	}
	return TW_OK;
}

static tw_status write_trajectories(const tw_part_file *out, const tw_sweep_plan *plan, const tw_journal *journal)
{
	if (fputs("run,step,cost,gradient_norm_squared,step_size\n", out->file) < 0) return tw_part_failed(out);
	for (int64_t run = 0; run < plan->runs; run++) {
		const tw_run_result *result = tw_journal_result(journal, run);
		if (!result || result->trace_points == 0) continue;
		tw_trace_point *trace = NULL;
		TW_TRY(tw_alloc_array((void **)&trace, result->trace_points, sizeof *trace, "the trace of a run"));
		tw_status status = tw_journal_read_trace(journal, run, trace);
		const tw_precision precision = plan->cell[tw_sweep_cell_of(plan, run)].settings.precision;
		if (status == TW_OK) status = write_trace(out, precision, result, trace);
		tw_free(trace);
		TW_TRY(status);
	}
	return TW_OK;
}

tw_status tw_trajectories_write(const char *folder, const tw_sweep_plan *plan, const tw_journal *journal)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "trajectories.csv"));
	tw_status status = write_trajectories(&out, plan, journal);
	if (status == TW_OK) return tw_part_close(&out);
	tw_part_discard(&out);
	return status;
}
