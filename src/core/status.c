/* Status codes and texts from one table, and each thread's last failure message. */
#include <thalweg/core.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 2048 };

static const struct {
	int exit_code;
	const char *text;
} statuses[TW_STATUS_COUNT] = {
    [TW_OK] = {0, "done"},
    [TW_INTERRUPTED] = {75, "interrupted"},
    [TW_DIVERGED] = {4, "diverged"},
    [TW_USAGE] = {2, "usage or configuration"},
    [TW_IO] = {3, "input or output"},
    [TW_NO_MEMORY] = {70, "out of memory"},
    [TW_INTERNAL] = {70, "internal error"},
};

static _Thread_local char last_message[MESSAGE_BYTES];

static bool is_status(tw_status status) { return (unsigned)status < TW_STATUS_COUNT; }

int tw_exit_code(tw_status status) { return statuses[is_status(status) ? status : TW_INTERNAL].exit_code; }

const char *tw_status_text(tw_status status) { return is_status(status) ? statuses[status].text : "unknown status"; }

tw_status tw_fail(tw_status status, const char *format, ...)
{
	char text[MESSAGE_BYTES]; /* the arguments may point into last_message */
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	for (char *c = text; *c; c++) {
		if (*c == '\n' || *c == '\r') *c = ' ';
	}
	memcpy(last_message, text, sizeof text);
	return status;
}

const char *tw_message(void) { return last_message; }
