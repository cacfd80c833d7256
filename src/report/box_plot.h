/* report/box_plot.h: box plots as lines of text over a common axis. */
#ifndef THALWEG_REPORT_BOX_PLOT_H
#define THALWEG_REPORT_BOX_PLOT_H

#include "report/distribution.h"

enum { TW_PLOT_COLUMNS = 400, TW_PLOT_TEXT = 4 * TW_PLOT_COLUMNS };

/* From low to high over `columns` characters; logarithmic where all values are positive and span more than three
 * decades. */
typedef struct {
	double low, high;
	bool logarithmic, utf8;
	int columns;
} tw_plot_axis;

/* An axis over [minimum, maximum], widened to round numbers. columns is cut at TW_PLOT_COLUMNS. */
tw_plot_axis tw_plot_axis_over(double minimum, double maximum, int columns, bool utf8);
/* Whiskers to minimum and maximum, a box between the quartiles, a mark at the median; "" where count is 0. Without
 * blanks behind. */
void tw_plot_box(const tw_plot_axis *axis, const tw_five_numbers *of, char out[TW_PLOT_TEXT]);
/* The axis as a line with its ticks, and their numbers below. */
void tw_plot_ticks(const tw_plot_axis *axis, char line[TW_PLOT_TEXT], char numbers[TW_PLOT_TEXT]);

#endif
