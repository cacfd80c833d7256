/* Progress of a run on standard error. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "report/bar.h"

static const double bar_interval = 0.1, line_interval = 5; /* seconds */

struct tw_progress {
	bool terminal, quiet, drawn;
	double next;         /* seconds of training when something is to be shown again */
	double last_seconds; /* when and at which observation something was shown last */
	int64_t last_observations;
};

tw_status tw_progress_create(tw_progress **out)
{
	void *memory = NULL;
	TW_TRY(tw_alloc(&memory, sizeof(tw_progress), "the progress display"));
	tw_progress *progress = memory;
	progress->terminal = isatty(STDERR_FILENO);
	progress->quiet = tw_log_is_quiet();
	progress->next = progress->terminal ? bar_interval : line_interval;
	*out = progress;
	return TW_OK;
}

/* "1.2M" */
static void format_rate(double rate, char out[16])
{
	static const char units[] = " kMGT";
	int unit = 0;
	while (rate >= 1000 && units[unit + 1]) {
		rate /= 1000;
		unit++;
	}
	if (unit)
		snprintf(out, 16, "%.3g%c", rate, units[unit]);
	else
		snprintf(out, 16, "%.3g", rate);
}

/* "step 450/1000, cost 0.0123, step size 0.1, 1.2M obs/s, ETA 0:12" */
static void describe(const tw_progress *progress, const tw_record *latest, int64_t total, double seconds,
                     char out[TW_BAR_TEXT])
{
	char steps[64], cost[32] = "", rate[16], eta[48] = "";
	double since = seconds - progress->last_seconds;
	format_rate(since > 0 ? (double)(latest->observations - progress->last_observations) / since : 0, rate);
	if (total > 0) {
		char left[TW_DURATION_TEXT];
		tw_format_duration(
		    latest->step > 0 ? seconds / (double)latest->step * (double)(total - latest->step) : INFINITY, left);
		snprintf(steps, sizeof steps, "%s%" PRId64 "/%" PRId64, progress->terminal ? "" : "step ", latest->step, total);
		snprintf(eta, sizeof eta, ", ETA %s", left);
	} else {
		snprintf(steps, sizeof steps, "step %" PRId64 ", epoch %.4g", latest->step, latest->epoch);
	}
	if (!isnan(latest->cost)) snprintf(cost, sizeof cost, ", cost %.6g", latest->cost);
	snprintf(out, TW_BAR_TEXT, "%s%s, step size %.4g, %s obs/s%s", steps, cost, latest->step_size, rate, eta);
}

void tw_progress_update(tw_progress *progress, const tw_record *latest, int64_t total_steps, double seconds)
{
	if (progress->quiet || seconds < progress->next) return;
	char text[TW_BAR_TEXT];
	describe(progress, latest, total_steps, seconds, text);
	if (progress->terminal) {
		tw_bar_draw(total_steps > 0 ? fmin(1, (double)latest->step / (double)total_steps) : -1, text);
		progress->drawn = true;
	} else {
		tw_log(TW_LOG_NOTE, "%s", text);
	}
	progress->next = seconds + (progress->terminal ? bar_interval : line_interval);
	progress->last_seconds = seconds;
	progress->last_observations = latest->observations;
}

void tw_progress_finish(tw_progress *progress)
{
	if (!progress) return;
	if (progress->drawn) tw_bar_clear();
	tw_free(progress);
}
