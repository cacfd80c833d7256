#include "report/bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FEWEST_CELLS = 5, MOST_CELLS = 24 };

static int terminal_columns(void)
{
	struct winsize size;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void tw_bar_draw(double share, const char *text)
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
	fflush(stderr);
}

void tw_bar_clear(void) { fputs("\r\033[K", stderr); }

void tw_format_duration(double seconds, char out[TW_DURATION_TEXT])
{
	int64_t whole = (int64_t)(seconds + 0.5);
	if (!(seconds < 1e9))
		snprintf(out, TW_DURATION_TEXT, "?");
	else if (whole < 3600)
		snprintf(out, TW_DURATION_TEXT, "%" PRId64 ":%02d", whole / 60, (int)(whole % 60));
	else
		snprintf(out, TW_DURATION_TEXT, "%" PRId64 ":%02d:%02d", whole / 3600, (int)(whole / 60 % 60),
		         (int)(whole % 60));
}
