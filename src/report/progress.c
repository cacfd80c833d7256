/* Progress of a run on standard error. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double bar_interval = 0.1, line_interval = 5; /* seconds */
enum { FEWEST_CELLS = 5, MOST_CELLS = 24, LINE_BYTES = 320 };

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

/* "1:02:03", "2:03" */
static void format_duration(double seconds, char out[24])
{
	int64_t whole = (int64_t)(seconds + 0.5);
	if (!(seconds < 1e9))
		snprintf(out, 24, "?");
	else if (whole < 3600)
		snprintf(out, 24, "%" PRId64 ":%02d", whole / 60, (int)(whole % 60));
	else
		snprintf(out, 24, "%" PRId64 ":%02d:%02d", whole / 3600, (int)(whole / 60 % 60), (int)(whole % 60));
}

/* "step 450/1000, cost 0.0123, step size 0.1, 1.2M obs/s, ETA 0:12" */
static void describe(const tw_progress *progress, const tw_record *latest, int64_t total, double seconds,
                     char out[LINE_BYTES])
{
	char steps[64], cost[32] = "", rate[16], eta[48] = "";
	double since = seconds - progress->last_seconds;
	format_rate(since > 0 ? (double)(latest->observations - progress->last_observations) / since : 0, rate);
	if (total > 0) {
		char left[24];
		format_duration(latest->step > 0 ? seconds / (double)latest->step * (double)(total - latest->step) : INFINITY,
		                left);
		snprintf(steps, sizeof steps, "%s%" PRId64 "/%" PRId64, progress->terminal ? "" : "step ", latest->step, total);
		snprintf(eta, sizeof eta, ", ETA %s", left);
	} else {
		snprintf(steps, sizeof steps, "step %" PRId64 ", epoch %.4g", latest->step, latest->epoch);
	}
	if (!isnan(latest->cost)) snprintf(cost, sizeof cost, ", cost %.6g", latest->cost);
	snprintf(out, LINE_BYTES, "%s%s, step size %.4g, %s obs/s%s", steps, cost, latest->step_size, rate, eta);
}

static int terminal_columns(void)
{
	struct winsize size;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The bar takes what the text leaves of the line; without room for one, or without a share, the text stands alone. */
static void draw_bar(double share, const char *text)
{
	char bar[MOST_CELLS + 4] = "";
	int columns = terminal_columns() - 1, cells = columns - (int)strlen(text) - 3;
	if (cells > MOST_CELLS) cells = MOST_CELLS;
	if (share >= 0 && cells >= FEWEST_CELLS) {
		int full = (int)(share * cells);
		bar[0] = '[';
		for (int i = 0; i < cells; i++) bar[i + 1] = i < full ? '#' : '.';
		strcpy(bar + cells + 1, "] ");
	}
	fprintf(stderr, "\r%s%.*s\033[K", bar, columns, text);
}

void tw_progress_update(tw_progress *progress, const tw_record *latest, int64_t total_steps, double seconds)
{
	if (progress->quiet || seconds < progress->next) return;
	char text[LINE_BYTES];
	describe(progress, latest, total_steps, seconds, text);
	if (progress->terminal) {
		draw_bar(total_steps > 0 ? fmin(1, (double)latest->step / (double)total_steps) : -1, text);
		fflush(stderr);
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
	if (progress->drawn) fputs("\r\033[K", stderr);
	tw_free(progress);
}
