/* A comparison for people, and all of them as CSV. */
#include "report/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/file.h"

/* ---- the table for people ------------------------------------------------------------------------------------ */

enum { COLUMNS = 11, TEXT = TW_KEY_TEXT, LINE = 120, DIGITS = 6, DIGITS_OF_TEST = 4 };

static const char *const titles[COLUMNS] = {
    "", "count", "minimum", "quartile 1", "median", "quartile 3", "maximum", "KS D", "KS p ", "MW U", "MW p ",
};

/* One line: a table's side of a cell; the first side has the tests. */
typedef char texts[COLUMNS][TEXT];

static const char *shown(const char *key) { return *key ? key : "-"; }

static void write_p(double p, double alpha, char out[TEXT])
{
	char number[TW_NUMBER_TEXT];
	snprintf(out, TEXT, "%s%c", tw_short_number(p, DIGITS_OF_TEST, number), p > alpha ? ' ' : '*');
}

static void write_side(const tw_compared_cell *cell, int side, const char *name, double alpha, texts out)
{
	const tw_five_numbers *numbers = &cell->numbers[side];
	const double value[] = {numbers->minimum, numbers->lower_quartile, numbers->median, numbers->upper_quartile,
	                        numbers->maximum};
	memset(out, 0, sizeof(texts));
	snprintf(out[0], TEXT, "%s", name);
	snprintf(out[1], TEXT, "%" PRId64, numbers->count);
	for (int i = 0; i < 5; i++) {
		if (numbers->count)
			tw_short_number(value[i], DIGITS, out[2 + i]);
		else
			strcpy(out[2 + i], "-");
	}
	if (side != 0 || !tw_cell_is_tested(cell)) return;
	tw_short_number(cell->kolmogorov_smirnov.statistic, DIGITS_OF_TEST, out[7]);
	write_p(cell->kolmogorov_smirnov.p, alpha, out[8]);
	snprintf(out[9], TEXT, "%.*f", cell->mann_whitney.statistic != (double)(int64_t)cell->mann_whitney.statistic,
	         cell->mann_whitney.statistic);
	write_p(cell->mann_whitney.p, alpha, out[10]);
}

typedef struct {
	int key[TW_MAX_KEYS], column[COLUMNS]; /* widths */
	int gap;                               /* between columns */
	bool own_lines;                        /* a cell's keys stand on a line above its two */
} layout;

static void widen(int *width, const char *text)
{
	int needed = (int)strlen(text);
	if (needed > *width) *width = needed;
}

static layout plan_layout(const tw_comparison *self, const char *const names[2], double alpha)
{
	layout plan = {.gap = 2};
	texts line;
	int keys = 0, columns = 0;
	for (int k = 0; k < self->keys; k++) widen(&plan.key[k], self->key[k]);
	for (int c = 0; c < COLUMNS; c++) widen(&plan.column[c], titles[c]);
	for (int64_t i = 0; i < self->cells; i++) {
		if (!tw_cell_is_common(&self->cell[i])) continue;
		for (int k = 0; k < self->keys; k++) widen(&plan.key[k], shown(self->cell[i].key[k]));
		for (int side = 0; side < 2; side++) {
			write_side(&self->cell[i], side, names[side], alpha, line);
			for (int c = 0; c < COLUMNS; c++) widen(&plan.column[c], line[c]);
		}
	}
	for (int k = 0; k < self->keys; k++) keys += plan.key[k];
	for (int c = 0; c < COLUMNS; c++) columns += plan.column[c];
	if (keys + columns + plan.gap * (self->keys + COLUMNS - 1) > LINE) plan.gap = 1;
	plan.own_lines = keys + columns + plan.gap * (self->keys + COLUMNS - 1) > LINE;
	if (plan.own_lines) plan.gap = columns + 2 * (COLUMNS - 1) <= LINE ? 2 : 1;
	return plan;
}

/* The line without the blanks at its end. */
static void put_line(char *line)
{
	size_t length = strlen(line);
	while (length > 0 && line[length - 1] == ' ') length--;
	printf("%.*s\n", (int)length, line);
}

/* keys NULL: none on this line. */
static void print_line(const layout *plan, int keys, const char *const *key, const char *const column[COLUMNS])
{
	char line[TW_MAX_KEYS * (TEXT + 2) + COLUMNS * (TEXT + 2) + 1];
	int at = 0;
	line[0] = 0;
	for (int k = 0; k < keys && !plan->own_lines; k++)
		at += sprintf(line + at, "%*s%*s", plan->key[k], key ? key[k] : "", plan->gap, "");
	for (int c = 0; c < COLUMNS; c++)
		at += sprintf(line + at, "%*s%*s", c > 0 ? plan->gap : 0, "", plan->column[c], column[c]);
	put_line(line);
}

/* "hidden_layers 3, width 50" */
static int write_cell_name(const tw_comparison *self, const tw_compared_cell *cell, char *out, size_t size)
{
	size_t used = 0;
	out[0] = 0;
	for (int k = 0; k < self->keys && used < size; k++)
		used +=
		    (size_t)snprintf(out + used, size - used, "%s%s %s", k > 0 ? ", " : "", self->key[k], shown(cell->key[k]));
	return (int)used;
}

static void print_cell(const tw_comparison *self, const layout *plan, const tw_compared_cell *cell,
                       const char *const names[2], double alpha)
{
	texts line;
	const char *key[TW_MAX_KEYS], *column[COLUMNS];
	char name[LINE + 1];
	for (int k = 0; k < self->keys; k++) key[k] = shown(cell->key[k]);
	for (int c = 0; c < COLUMNS; c++) column[c] = line[c];
	if (plan->own_lines) {
		write_cell_name(self, cell, name, sizeof name);
		puts(name);
	}
	for (int side = 0; side < 2; side++) {
		write_side(cell, side, names[side], alpha, line);
		print_line(plan, self->keys, side == 0 ? key : NULL, column);
	}
}

/* ---- notes --------------------------------------------------------------------------------------------------- */

static void note_lonely_cells(const tw_comparison *self, int side, const char *name)
{
	int64_t cells = 0, rows = 0;
	char text[LINE + 1], cell[LINE];
	for (int64_t i = 0; i < self->cells; i++) {
		cells += !tw_cell_is_common(&self->cell[i]) && self->cell[i].rows[side];
		rows += tw_cell_is_common(&self->cell[i]) ? 0 : self->cell[i].rows[side];
	}
	if (cells == 0) return;
	int at = snprintf(text, sizeof text, "note: %" PRId64 " cell%s (%" PRId64 " row%s) only in %s", cells,
	                  cells == 1 ? "" : "s", rows, rows == 1 ? "" : "s", name),
	    listed = 0;
	for (int64_t i = 0; i < self->cells; i++) {
		if (tw_cell_is_common(&self->cell[i]) || !self->cell[i].rows[side]) continue;
		int length = write_cell_name(self, &self->cell[i], cell, sizeof cell);
		if (at + length + 2 + 5 > LINE) break;
		at += snprintf(text + at, sizeof text - (size_t)at, "%s %s", listed > 0 ? ";" : ":", cell);
		listed++;
	}
	printf("%s%s\n", text, listed > 0 && listed < cells ? "; ..." : "");
}

static void note_rows_left_out(const tw_comparison *self, int side, const char *name)
{
	int64_t rows = self->not_finite[side];
	if (rows > 0)
		printf("note: %" PRId64 " row%s of %s left out, whose %s is not finite (the run diverged)\n", rows,
		       rows == 1 ? "" : "s", name, self->value);
}

static void note_untested_cells(const tw_comparison *self)
{
	int64_t cells = 0;
	for (int64_t i = 0; i < self->cells; i++)
		cells += tw_cell_is_common(&self->cell[i]) && !tw_cell_is_tested(&self->cell[i]);
	if (cells > 0)
		printf("note: %" PRId64 " cell%s not tested: one table has no finite value there\n", cells,
		       cells == 1 ? "" : "s");
}

static void note_apart_columns(const tw_comparison *self, const char *const names[2])
{
	for (int i = 0; i < self->aparts; i++) {
		char text[2][TW_KEY_TEXT];
		for (int t = 0; t < 2; t++) {
			int column = tw_run_table_column(self->table[t], self->apart_column[i]);
			tw_key_text(tw_run_table_field(self->table[t], 0, column), text[t]);
		}
		printf("note: %s is %s in %s and %s in %s\n", self->apart_column[i], shown(text[0]), names[0], shown(text[1]),
		       names[1]);
	}
}

static void print_verdict(const tw_comparison *self, double alpha)
{
	char number[TW_NUMBER_TEXT];
	int64_t common = 0, above = 0;
	for (int64_t i = 0; i < self->cells; i++) {
		const tw_compared_cell *cell = &self->cell[i];
		common += tw_cell_is_common(cell);
		above += tw_cell_is_common(cell) && tw_cell_is_tested(cell) && cell->kolmogorov_smirnov.p > alpha;
	}
	printf("%" PRId64 " of %" PRId64 " cell%s: p > %s (Kolmogorov-Smirnov)\n", above, common, common == 1 ? "" : "s",
	       tw_short_number(alpha, DIGITS, number));
}

void tw_comparison_print(const tw_comparison *comparison, const char *const names[2], double alpha)
{
	layout plan = plan_layout(comparison, names, alpha);
	print_line(&plan, comparison->keys, comparison->key, titles);
	for (int64_t i = 0; i < comparison->cells; i++)
		if (tw_cell_is_common(&comparison->cell[i])) print_cell(comparison, &plan, &comparison->cell[i], names, alpha);
	for (int side = 0; side < 2; side++) note_lonely_cells(comparison, side, names[side]);
	for (int side = 0; side < 2; side++) note_rows_left_out(comparison, side, names[side]);
	note_untested_cells(comparison);
	note_apart_columns(comparison, names);
	print_verdict(comparison, alpha);
}

/* ---- CSV ----------------------------------------------------------------------------------------------------- */

/* In quotes where the text needs them. */
static void put_text(FILE *out, const char *text)
{
	if (!text[strcspn(text, ",\"\n\r")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"') fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* Empty where not known. */
static void put_number(FILE *out, bool known, double value)
{
	char text[TW_NUMBER_TEXT];
	fprintf(out, ",%s", known ? tw_format_real(text, TW_DOUBLE, value) : "");
}

static void put_numbers(FILE *out, const tw_five_numbers *n)
{
	fprintf(out, ",%" PRId64, n->count);
	const double value[] = {n->minimum, n->lower_quartile, n->median, n->upper_quartile, n->maximum};
	for (int i = 0; i < 5; i++) put_number(out, n->count > 0, value[i]);
}

static void put_test(FILE *out, bool known, const tw_sample_test *test)
{
	put_number(out, known, test->statistic);
	put_number(out, known, test->p);
	fprintf(out, ",%s", !known ? "" : test->exact ? "exact" : "asymptotic");
}

static int find_key(const char *const *keys, int count, const char *key)
{
	for (int k = 0; k < count; k++)
		if (strcmp(keys[k], key) == 0) return k;
	return -1;
}

static void put_cell(FILE *out, const tw_comparison *self, const tw_compared_cell *cell, const char *const *keys,
                     int count)
{
	put_text(out, self->table[0]->file);
	fputc(',', out);
	put_text(out, self->table[1]->file);
	for (int k = 0; k < count; k++) {
		int own = find_key(self->key, self->keys, keys[k]);
		fputc(',', out);
		if (own >= 0) put_text(out, cell->key[own]);
	}
	for (int side = 0; side < 2; side++) put_numbers(out, &cell->numbers[side]);
	put_test(out, tw_cell_is_tested(cell), &cell->kolmogorov_smirnov);
	put_test(out, tw_cell_is_tested(cell), &cell->mann_whitney);
	fputc('\n', out);
}

static void put_header(FILE *out, const char *const *keys, int count)
{
	static const char *const numbers[] = {"count", "minimum", "lower_quartile", "median", "upper_quartile", "maximum"};
	fputs("table_a,table_b", out);
	for (int k = 0; k < count; k++) fputc(',', out), put_text(out, keys[k]);
	for (int side = 0; side < 2; side++)
		for (int i = 0; i < 6; i++) fprintf(out, ",%s_%c", numbers[i], 'a' + side);
	fputs(",ks_d,ks_p,ks_method,mw_u,mw_p,mw_method\n", out);
}

static void put_comparisons(FILE *out, const tw_comparison *comparisons, int count)
{
	const char *keys[2 * TW_MAX_KEYS];
	int used = 0;
	for (int c = 0; c < count; c++)
		for (int k = 0; k < comparisons[c].keys; k++)
			if (find_key(keys, used, comparisons[c].key[k]) < 0 && used < 2 * TW_MAX_KEYS)
				keys[used++] = comparisons[c].key[k];
	put_header(out, keys, used);
	for (int c = 0; c < count; c++)
		for (int64_t i = 0; i < comparisons[c].cells; i++)
			if (tw_cell_is_common(&comparisons[c].cell[i]))
				put_cell(out, &comparisons[c], &comparisons[c].cell[i], keys, used);
}

tw_status tw_comparisons_write(const char *file, const tw_comparison *comparisons, int count)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&bytes, &size);
	TW_CHECK(memory, TW_NO_MEMORY, "%s: no memory for the comparison", file);
	put_comparisons(memory, comparisons, count);
	bool whole = !ferror(memory);
	tw_status status = TW_OK;
	if (fclose(memory) != 0 || !whole) status = tw_fail(TW_NO_MEMORY, "%s: no memory for the comparison", file);
	if (status == TW_OK) status = tw_file_replace(file, bytes, size);
	free(bytes);
	return status;
}
