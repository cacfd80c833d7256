/* report/page_text.h: text inside of HTML. */
#ifndef THALWEG_REPORT_PAGE_TEXT_H
#define THALWEG_REPORT_PAGE_TEXT_H

#include <stdbool.h>
#include <stdio.h>

/* Writes text so that it stands for itself between tags and inside of quoted attributes. Bytes that are not UTF-8, and
 * control characters other than tab and newline, become U+FFFD. */
void tw_html_write(FILE *out, const char *text);
/* Whether the cell of a table reads as a number, or stands for one: "-1.5e-07", "12,049", "98 %", "0.31 ± 0.02",
 * "< 0.001", "nan", "-". */
bool tw_html_is_number(const char *text);

#endif
