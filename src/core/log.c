/* One line at a time to standard error, from the ranks that may speak. */
#include <thalweg/core.h>

#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES = 2048 };

static struct {
	int rank, size;
	bool quiet, all_ranks;
} speaker = {.rank = 0, .size = 1};

static const char *const prefixes[] = {
    [TW_LOG_FATAL] = "", [TW_LOG_ERROR] = "", [TW_LOG_WARNING] = "warning: ", [TW_LOG_NOTE] = "", [TW_LOG_DETAIL] = "",
};

void tw_log_setup(int rank, int size, bool quiet, bool all_ranks)
{
	speaker.rank = rank;
	speaker.size = size;
	speaker.quiet = quiet;
	speaker.all_ranks = all_ranks;
}

bool tw_log_is_quiet(void) { return speaker.quiet; }

/* Details are for the diagnosis of many ranks: they appear only where all ranks speak. */
static bool is_heard(tw_log_level level)
{
	if (level == TW_LOG_FATAL) return true;
	if (speaker.rank != 0 && !speaker.all_ranks) return false;
	if (speaker.quiet) return level == TW_LOG_ERROR;
	return level != TW_LOG_DETAIL || speaker.all_ranks;
}

void tw_log(tw_log_level level, const char *format, ...)
{
	if (!is_heard(level)) return;
	char line[LINE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (speaker.all_ranks && speaker.size > 1) {
		fprintf(stderr, "thalweg [%d]: %s%s\n", speaker.rank, prefixes[level], line);
	} else {
		fprintf(stderr, "thalweg: %s%s\n", prefixes[level], line);
	}
}
