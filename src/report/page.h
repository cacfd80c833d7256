/* report/page.h: a report for people as one HTML file that holds its figures and needs nothing else. */
#ifndef THALWEG_REPORT_PAGE_H
#define THALWEG_REPORT_PAGE_H

#include <stdio.h>
#include <thalweg/core.h>

/* Rank 0 makes a page; all calls but create take NULL too and do nothing then, so that other ranks run the same code.
 * Text is escaped. Memory that runs out is told by tw_page_write. Headings make a table of contents. */
typedef struct tw_page tw_page;
tw_status tw_page_create(const char *title, const char *subtitle, tw_page **out);
void tw_page_free(tw_page *page);
/* Another line under the title, for what is known at the end alone. */
void tw_page_subtitle(tw_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* level 1: an experiment; 2: a part of it. */
void tw_page_heading(tw_page *page, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));
void tw_page_text(tw_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A command, or other text with fixed pitch. */
void tw_page_code(tw_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What was found, in plain words; findings are also listed at the top of the page, with links, and counted. */
typedef enum { TW_AGREES, TW_DIFFERS, TW_NOTE } tw_finding;
void tw_page_finding(tw_page *page, tw_finding kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
int tw_page_findings(const tw_page *page, tw_finding kind);
/* All findings as plain text, each on a line that begins with its kind, under the experiment's heading. */
void tw_page_print_findings(tw_page *page, FILE *out);

/* head: `columns` titles. Then rows of as many cells ("": empty), then the end. Cells that are numbers are set right.
 */
void tw_page_table(tw_page *page, const char *caption, int columns, const char *const *head);
void tw_page_row(tw_page *page, const char *const *cell);
void tw_page_table_end(tw_page *page);

/* The SVG file becomes part of the page (as an image of its own, so that names inside cannot clash). TW_IO when it
 * cannot be read; scripts that draw it can be named in the caption. */
tw_status tw_page_figure(tw_page *page, const char *svg_file, const char *caption);
/* Writes folder/name (temporary file, fsync, rename). The page can go on. */
tw_status tw_page_write(tw_page *page, const char *folder, const char *name);

#endif
