/* The page is kept as text in memory, in five streams that grow: contents, list of findings, the same as plain text,
 * body, rows of the open table. Errors of a stream (memory) are found when the page is written. */
#include "report/page.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/base64.h"
#include "report/page_style.h"
#include "report/page_text.h"
#include <thalweg/report.h>

typedef struct {
	FILE *stream;
	char *text; /* valid after a flush */
	size_t size;
} growing_text;

typedef struct {
	int columns;
	char *caption;
	char **head;
	bool *numeric;     /* columns whose cells so far are all numbers or empty */
	growing_text rows; /* stream NULL: no table is open */
} open_table;

enum { FINDING_KINDS = 3 };

struct tw_page {
	char *title, *subtitle;
	growing_text contents, findings, plain, body;
	int headings, listed;
	int count[FINDING_KINDS];
	char *experiment; /* the last heading of level 1 while it has no finding */
	bool listing;     /* a list of findings is open */
	open_table table;
	bool failed; /* memory ran out outside of the streams */
};

static const struct {
	const char *class, *word, *count;
} kinds[FINDING_KINDS] = {
    [TW_AGREES] = {"agrees", "Agrees", "agrees"},
    [TW_DIFFERS] = {"differs", "Differs", "differs"},
    [TW_NOTE] = {"note", "Note", "notes"},
};

/* ---- growing text -------------------------------------------------------------------------------------------- */

static bool text_open(growing_text *text)
{
	text->stream = open_memstream(&text->text, &text->size);
	return text->stream;
}

static bool text_is_whole(growing_text *text) { return fflush(text->stream) == 0 && !ferror(text->stream); }

static void text_close(growing_text *text)
{
	if (!text->stream) return;
	fclose(text->stream);
	free(text->text);
	*text = (growing_text){0};
}

/* The formatted text (free); NULL and page->failed when memory is out. */
static char *formatted(tw_page *page, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static char *formatted(tw_page *page, const char *format, va_list arguments)
{
	char *text = NULL;
	if (vasprintf(&text, format, arguments) >= 0) return text;
	page->failed = true;
	return NULL;
}

static char *copied(tw_page *page, const char *text)
{
	char *copy = strdup(text ? text : "");
	if (!copy) page->failed = true;
	return copy;
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

tw_status tw_page_create(const char *title, const char *subtitle, tw_page **out)
{
	tw_page *page = NULL;
	TW_TRY(tw_alloc((void **)&page, sizeof *page, "a report"));
	page->title = copied(page, title);
	page->subtitle = copied(page, subtitle);
	bool open =
	    text_open(&page->contents) && text_open(&page->findings) && text_open(&page->plain) && text_open(&page->body);
	if (page->failed || !open) {
		tw_page_free(page);
		return tw_fail(TW_NO_MEMORY, "no memory for a report");
	}
	*out = page;
	return TW_OK;
}

static void table_free(open_table *table)
{
	text_close(&table->rows);
	for (int i = 0; table->head && i < table->columns; i++) free(table->head[i]);
	free(table->head);
	free(table->numeric);
	free(table->caption);
	*table = (open_table){0};
}

void tw_page_free(tw_page *page)
{
	if (!page) return;
	table_free(&page->table);
	text_close(&page->contents);
	text_close(&page->findings);
	text_close(&page->plain);
	text_close(&page->body);
	free(page->experiment);
	free(page->title);
	free(page->subtitle);
	tw_free(page);
}

void tw_page_subtitle(tw_page *page, const char *format, ...)
{
	if (!page) return;
	va_list arguments;
	va_start(arguments, format);
	char *text = formatted(page, format, arguments);
	va_end(arguments);
	if (!text) return;
	free(page->subtitle);
	page->subtitle = text;
}

/* ---- headings, text ------------------------------------------------------------------------------------------ */

void tw_page_heading(tw_page *page, int level, const char *format, ...)
{
	if (!page) return;
	va_list arguments;
	va_start(arguments, format);
	char *text = formatted(page, format, arguments);
	va_end(arguments);
	if (!text) return;
	bool first = level <= 1;
	int number = ++page->headings;
	fprintf(page->contents.stream, "<li class=\"level-%d\"><a href=\"#part-%d\">", first ? 1 : 2, number);
	tw_html_write(page->contents.stream, text);
	fputs("</a></li>\n", page->contents.stream);
	fprintf(page->body.stream, "<h%d id=\"part-%d\">", first ? 2 : 3, number);
	tw_html_write(page->body.stream, text);
	fprintf(page->body.stream, "</h%d>\n", first ? 2 : 3);
	if (!first) {
		free(text);
		return;
	}
	free(page->experiment);
	page->experiment = text;
}

static void put_element(tw_page *page, const char *begin, const char *text, const char *end)
{
	if (!text) return;
	fputs(begin, page->body.stream);
	tw_html_write(page->body.stream, text);
	fputs(end, page->body.stream);
}

void tw_page_text(tw_page *page, const char *format, ...)
{
	if (!page) return;
	va_list arguments;
	va_start(arguments, format);
	char *text = formatted(page, format, arguments);
	va_end(arguments);
	put_element(page, "<p>", text, "</p>\n");
	free(text);
}

void tw_page_code(tw_page *page, const char *format, ...)
{
	if (!page) return;
	va_list arguments;
	va_start(arguments, format);
	char *text = formatted(page, format, arguments);
	va_end(arguments);
	put_element(page, "<pre><code>", text, "</code></pre>\n");
	free(text);
}

/* ---- findings ------------------------------------------------------------------------------------------------ */

/* Lists of findings at the top are grouped by experiment. */
static void list_experiment(tw_page *page)
{
	FILE *out = page->findings.stream;
	if (page->listing && !page->experiment) return;
	if (page->listing) fputs("</ul>\n", out);
	if (page->experiment) {
		fputs("<h3>", out);
		tw_html_write(out, page->experiment);
		fputs("</h3>\n", out);
		fprintf(page->plain.stream, "%s\n", page->experiment);
	}
	fputs("<ul>\n", out);
	page->listing = true;
	free(page->experiment);
	page->experiment = NULL;
}

void tw_page_finding(tw_page *page, tw_finding kind, const char *format, ...)
{
	if (!page) return;
	va_list arguments;
	va_start(arguments, format);
	char *text = formatted(page, format, arguments);
	va_end(arguments);
	if (!text) return;
	int number = ++page->listed;
	page->count[kind]++;
	list_experiment(page);
	FILE *list = page->findings.stream, *body = page->body.stream;
	fprintf(list, "<li class=\"%s\"><a href=\"#finding-%d\">%s</a> ", kinds[kind].class, number, kinds[kind].word);
	tw_html_write(list, text);
	fputs("</li>\n", list);
	fprintf(body, "<p class=\"finding %s\" id=\"finding-%d\"><strong>%s.</strong> ", kinds[kind].class, number,
	        kinds[kind].word);
	tw_html_write(body, text);
	fputs("</p>\n", body);
	fprintf(page->plain.stream, "  %s: %s\n", kinds[kind].word, text);
	free(text);
}

void tw_page_print_findings(tw_page *page, FILE *out)
{
	if (page && text_is_whole(&page->plain)) fwrite(page->plain.text, 1, page->plain.size, out);
}

int tw_page_findings(const tw_page *page, tw_finding kind) { return page ? page->count[kind] : 0; }

/* ---- tables -------------------------------------------------------------------------------------------------- */

void tw_page_table(tw_page *page, const char *caption, int columns, const char *const *head)
{
	if (!page) return;
	tw_page_table_end(page);
	open_table *table = &page->table;
	table->head = calloc((size_t)columns, sizeof *table->head);
	table->numeric = calloc((size_t)columns, sizeof *table->numeric);
	table->caption = copied(page, caption);
	if (!table->head || !table->numeric || !table->caption || !text_open(&table->rows)) {
		page->failed = true;
		table_free(table);
		return;
	}
	table->columns = columns;
	for (int i = 0; i < columns; i++) {
		table->head[i] = copied(page, head[i]);
		table->numeric[i] = true;
	}
}

void tw_page_row(tw_page *page, const char *const *cell)
{
	if (!page || !page->table.rows.stream) return;
	open_table *table = &page->table;
	FILE *out = table->rows.stream;
	fputs("<tr>", out);
	for (int i = 0; i < table->columns; i++) {
		bool number = tw_html_is_number(cell[i]);
		if (*cell[i] && !number) table->numeric[i] = false;
		fputs(number ? "<td class=\"number\">" : "<td>", out);
		tw_html_write(out, cell[i]);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

void tw_page_table_end(tw_page *page)
{
	if (!page || !page->table.rows.stream) return;
	open_table *table = &page->table;
	FILE *out = page->body.stream;
	fputs("<div class=\"table\"><table>\n", out);
	if (*table->caption) put_element(page, "<caption>", table->caption, "</caption>\n");
	fputs("<thead><tr>", out);
	for (int i = 0; i < table->columns; i++)
		put_element(page, table->numeric[i] ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">",
		            table->head[i], "</th>");
	fputs("</tr></thead>\n<tbody>\n", out);
	if (text_is_whole(&table->rows))
		fwrite(table->rows.text, 1, table->rows.size, out);
	else
		page->failed = true;
	fputs("</tbody>\n</table></div>\n", out);
	table_free(table);
}

/* ---- figures ------------------------------------------------------------------------------------------------- */

static tw_status cannot_read(const char *file)
{
	return tw_fail(TW_IO, "%s: the figure cannot be read: %s", file, strerror(errno));
}

/* *bytes: the whole file, tw_free. */
static tw_status read_whole(const char *file, void **bytes, size_t *size)
{
	FILE *in = fopen(file, "rb");
	if (!in) return cannot_read(file);
	off_t end = fseeko(in, 0, SEEK_END) == 0 ? ftello(in) : -1;
	tw_status status = end < 0 ? cannot_read(file) : tw_alloc(bytes, (size_t)end, "a figure of the report");
	if (status == TW_OK) {
		rewind(in);
		*size = (size_t)end;
		if (fread(*bytes, 1, *size, in) != *size) {
			status = cannot_read(file);
			tw_free(*bytes);
		}
	}
	fclose(in);
	return status;
}

tw_status tw_page_figure(tw_page *page, const char *svg_file, const char *caption)
{
	if (!page) return TW_OK;
	void *svg = NULL;
	size_t size = 0;
	TW_TRY(read_whole(svg_file, &svg, &size));
	FILE *out = page->body.stream;
	fputs("<figure><img alt=\"", out);
	tw_html_write(out, caption);
	fputs("\" src=\"data:image/svg+xml;base64,", out);
	tw_base64_write(out, svg, size);
	fputs("\">\n<figcaption>", out);
	tw_html_write(out, caption);
	fputs("</figcaption></figure>\n", out);
	tw_free(svg);
	return TW_OK;
}

/* ---- the whole ----------------------------------------------------------------------------------------------- */

static void put_head(const tw_page *page, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
	      out);
	tw_html_write(out, page->title);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<h1>", tw_page_style);
	tw_html_write(out, page->title);
	fputs("</h1>\n", out);
	if (*page->subtitle) {
		fputs("<p class=\"subtitle\">", out);
		tw_html_write(out, page->subtitle);
		fputs("</p>\n", out);
	}
	fputs("</header>\n", out);
}

static void put_findings(const tw_page *page, FILE *out)
{
	if (!page->listed) return;
	fputs("<section class=\"findings\">\n<h2>Findings</h2>\n<p class=\"counts\">", out);
	for (int kind = 0; kind < FINDING_KINDS; kind++)
		fprintf(out, "<span class=\"%s\">%s: <b>%d</b></span>%s", kinds[kind].class, kinds[kind].count,
		        page->count[kind], kind + 1 < FINDING_KINDS ? " " : "</p>\n");
	fwrite(page->findings.text, 1, page->findings.size, out);
	fputs(page->listing ? "</ul>\n</section>\n" : "</section>\n", out);
}

static void put_page(const tw_page *page, FILE *out)
{
	put_head(page, out);
	put_findings(page, out);
	if (page->headings) {
		fputs("<nav>\n<h2>Contents</h2>\n<ol>\n", out);
		fwrite(page->contents.text, 1, page->contents.size, out);
		fputs("</ol>\n</nav>\n", out);
	}
	fputs("<main>\n", out);
	fwrite(page->body.text, 1, page->body.size, out);
	fputs("</main>\n</body>\n</html>\n", out);
}

tw_status tw_page_write(tw_page *page, const char *folder, const char *name)
{
	if (!page) return TW_OK;
	tw_page_table_end(page);
	bool whole = text_is_whole(&page->contents) && text_is_whole(&page->findings) && text_is_whole(&page->body);
	growing_text all = {0};
	if (whole && !page->failed && text_open(&all)) put_page(page, all.stream);
	tw_status status = all.stream && text_is_whole(&all) ? tw_file_write(folder, name, all.text, all.size)
	                                                     : tw_fail(TW_NO_MEMORY, "no memory for the report %s", name);
	text_close(&all);
	return status;
}
