#include "report/box_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEWEST_COLUMNS = 10, COLUMNS_A_TICK = 12, MOST_TICKS = 100 };
#define SMALLEST 1e-290 /* what is below cannot be divided into steps */

typedef enum { BLANK, WHISKER, LEFT, RIGHT, BOX, MEDIAN, LINE, TICK, GLYPHS } glyph;

static const char *const glyphs[2][GLYPHS] = {
    {" ", "-", "|", "|", "=", "#", "-", "+"},
    {" ", "─", "├", "┤", "▒", "┃", "─", "┬"},
};

/* ---- the axis ------------------------------------------------------------------------------------------------ */

/* The smallest of 1, 2, 5, 10, ... x 10^k that is at least x. */
static double round_step(double x)
{
	const double power = pow(10, floor(log10(x)));
	for (double factor = 1; factor < 10; factor = factor == 1 ? 2 : factor == 2 ? 5 : 10)
		if (factor * power >= x * (1 - 1e-9)) return factor * power;
	return 10 * power;
}

/* Distance of two ticks: of their numbers, or of their exponents. */
static double tick_step(const tw_plot_axis *axis)
{
	const double span = axis->logarithmic ? log10(axis->high) - log10(axis->low) : axis->high - axis->low;
	const int ticks = axis->columns / COLUMNS_A_TICK;
	const double step = round_step(span / (ticks > 1 ? ticks : 1));
	return axis->logarithmic && step < 1 ? 1 : step;
}

tw_plot_axis tw_plot_axis_over(double minimum, double maximum, int columns, bool utf8)
{
	tw_plot_axis axis = {.low = minimum, .high = maximum, .utf8 = utf8, .columns = columns};
	if (columns < FEWEST_COLUMNS) axis.columns = FEWEST_COLUMNS;
	if (columns > TW_PLOT_COLUMNS) axis.columns = TW_PLOT_COLUMNS;
	axis.logarithmic = minimum > 0 && maximum > 1000 * minimum;
	if (axis.logarithmic) {
		axis.low = pow(10, floor(log10(minimum)));
		axis.high = pow(10, ceil(log10(maximum)));
		if (axis.low == 0) axis.low = minimum;
		if (isinf(axis.high)) axis.high = maximum;
		return axis;
	}
	const double largest = fmax(fabs(minimum), fabs(maximum));
	if (maximum - minimum <= 1e-9 * largest || largest < SMALLEST) {
		const double around = largest < SMALLEST ? 1 : 0.5 * largest;
		axis.low = minimum - around;
		axis.high = maximum + around;
	}
	const double step = tick_step(&axis);
	axis.low = step * floor(axis.low / step + 1e-9);
	axis.high = step * ceil(axis.high / step - 1e-9);
	return axis;
}

static int column_of(const tw_plot_axis *axis, double value)
{
	const double share = axis->logarithmic ? (log(value) - log(axis->low)) / (log(axis->high) - log(axis->low))
	                                       : (value - axis->low) / (axis->high - axis->low);
	const double column = share * (axis->columns - 1) + 0.5;
	return !(column >= 0) ? 0 : column >= axis->columns ? axis->columns - 1 : (int)column;
}

/* ---- drawing ------------------------------------------------------------------------------------------------- */

static void spell(const tw_plot_axis *axis, const unsigned char *drawn, char *out)
{
	int last = axis->columns - 1;
	while (last >= 0 && drawn[last] == BLANK) last--;
	*out = 0;
	for (int i = 0; i <= last; i++) out = stpcpy(out, glyphs[axis->utf8][drawn[i]]);
}

void tw_plot_box(const tw_plot_axis *axis, const tw_five_numbers *of, char out[TW_PLOT_TEXT])
{
	unsigned char drawn[TW_PLOT_COLUMNS] = {BLANK};
	*out = 0;
	if (of->count == 0) return;
	const int first = column_of(axis, of->minimum), last = column_of(axis, of->maximum);
	const int lower = column_of(axis, of->lower_quartile), upper = column_of(axis, of->upper_quartile);
	for (int i = first; i <= last; i++) drawn[i] = WHISKER;
	drawn[first] = LEFT;
	drawn[last] = RIGHT;
	for (int i = lower; i <= upper; i++) drawn[i] = BOX;
	drawn[column_of(axis, of->median)] = MEDIAN;
	spell(axis, drawn, out);
}

/* A tick and, where there is room, its number around the same column. */
static void put_tick(const tw_plot_axis *axis, double value, unsigned char *drawn, char *numbers, int *used)
{
	char text[TW_NUMBER_TEXT];
	const int at = column_of(axis, value);
	drawn[at] = TICK;
	const int length = (int)strlen(tw_format_real(text, TW_FLOAT, value));
	int from = at - length / 2;
	if (from + length > axis->columns) from = axis->columns - length;
	if (from < 0) from = 0;
	if (from < *used || from + length > axis->columns) return;
	memcpy(numbers + from, text, (size_t)length);
	*used = from + length + 1;
}

void tw_plot_ticks(const tw_plot_axis *axis, char line[TW_PLOT_TEXT], char numbers[TW_PLOT_TEXT])
{
	unsigned char drawn[TW_PLOT_COLUMNS];
	int used = 0;
	const double step = tick_step(axis);
	memset(drawn, LINE, sizeof drawn);
	memset(numbers, ' ', (size_t)axis->columns);
	const double first = axis->logarithmic ? log10(axis->low) : axis->low;
	const double last = axis->logarithmic ? log10(axis->high) : axis->high;
	for (int i = 0; i < MOST_TICKS && first + i * step <= last + 1e-6 * step; i++) {
		double value = first + i * step;
		if (axis->logarithmic)
			value = pow(10, value);
		else if (fabs(value) < 1e-9 * step)
			value = 0;
		put_tick(axis, value, drawn, numbers, &used);
	}
	spell(axis, drawn, line);
	int end = axis->columns;
	while (end > 0 && numbers[end - 1] == ' ') end--;
	numbers[end] = 0;
}
