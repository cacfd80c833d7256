/* report/bar.h: a line of progress on the terminal of standard error. */
#ifndef THALWEG_REPORT_BAR_H
#define THALWEG_REPORT_BAR_H

enum { TW_BAR_TEXT = 320, TW_DURATION_TEXT = 24 };

/* The bar takes what the text leaves of the line; without room for one, or where share is negative, the text stands
 * alone. */
void tw_bar_draw(double share, const char *text);
void tw_bar_clear(void);
/* "1:02:03", "2:03" */
void tw_format_duration(double seconds, char out[TW_DURATION_TEXT]);

#endif
