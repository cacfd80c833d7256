/* Progress over the runs of a sweep on standard error. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "report/bar.h"

static const double bar_interval = 0.1, line_interval = 5; /* seconds */

struct tw_sweep_progress {
	bool terminal, quiet, drawn;
	double next; /* seconds of the sweep when something is to be shown again */
};

tw_status tw_sweep_progress_create(tw_sweep_progress **out)
{
	void *memory = NULL;
	TW_TRY(tw_alloc(&memory, sizeof(tw_sweep_progress), "the progress display"));
	tw_sweep_progress *progress = memory;
	progress->terminal = isatty(STDERR_FILENO);
	progress->quiet = tw_log_is_quiet();
	progress->next = progress->terminal ? bar_interval : line_interval;
	*out = progress;
	return TW_OK;
}

/* "120/1040 runs, 34 % of the work, run 119: cost 0.0123, ETA 1:20" */
static void describe(const tw_sweep_state *state, char out[TW_BAR_TEXT])
{
	char latest[80] = "", left[TW_DURATION_TEXT], eta[TW_DURATION_TEXT + 8] = "";
	if (state->latest)
		snprintf(latest, sizeof latest, ", run %" PRId64 ": cost %.6g", state->latest->run, state->latest->cost);
	if (!isnan(state->seconds_left)) {
		tw_format_duration(state->seconds_left, left);
		snprintf(eta, sizeof eta, ", ETA %s", left);
	}
	snprintf(out, TW_BAR_TEXT, "%" PRId64 "/%" PRId64 " runs, %.0f %% of the work%s%s", state->finished, state->runs,
	         100 * state->work_done, latest, eta);
}

void tw_sweep_progress_update(tw_sweep_progress *progress, const tw_sweep_state *state)
{
	if (progress->quiet || state->seconds < progress->next) return;
	char text[TW_BAR_TEXT];
	describe(state, text);
	if (progress->terminal) {
		tw_bar_draw(fmin(1, fmax(0, state->work_done)), text);
		progress->drawn = true;
	} else {
		tw_log(TW_LOG_NOTE, "%s", text);
	}
	progress->next = state->seconds + (progress->terminal ? bar_interval : line_interval);
}

void tw_sweep_progress_finish(tw_sweep_progress *progress)
{
	if (!progress) return;
	if (progress->drawn) tw_bar_clear();
	tw_free(progress);
}
