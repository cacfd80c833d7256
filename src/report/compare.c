#include "report/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns that may tell cells apart, in the order in which they are tried. */
static const char *const key_columns[] = {
    "hidden_layers", "width", "hidden", "activation", "initial", "update", "step_size", "batch_size",
};
enum { KEY_COLUMNS = sizeof key_columns / sizeof *key_columns };

/* ---- rows of both tables, sorted into cells ------------------------------------------------------------------- */

typedef struct {
	char *key[TW_MAX_KEYS];
	int keys;
	int table;
	int64_t row, place; /* in its table; in both together */
	int64_t first;      /* place of the first row of its cell */
} tagged_row;

typedef struct {
	const tw_run_table *table[2];
	int column[2][TW_MAX_KEYS]; /* of the keys, in each table */
	int64_t rows;               /* of both */
	tagged_row *row;
} rows;

static int compare_keys(const tagged_row *a, const tagged_row *b)
{
	int order = 0;
	for (int k = 0; k < a->keys && order == 0; k++) order = strcmp(a->key[k], b->key[k]);
	return order;
}

static int by_key(const void *a, const void *b)
{
	const tagged_row *x = a, *y = b;
	int order = compare_keys(x, y);
	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int by_first_row(const void *a, const void *b)
{
	const tagged_row *x = a, *y = b;
	if (x->first != y->first) return x->first > y->first ? 1 : -1;
	return (x->place > y->place) - (x->place < y->place);
}

static void rows_release(rows *self)
{
	for (int64_t i = 0; self->row && i < self->rows; i++)
		for (int k = 0; k < TW_MAX_KEYS; k++) tw_free(self->row[i].key[k]);
	tw_free(self->row);
}

static tw_status rows_open(rows *self, const tw_run_table *a, const tw_run_table *b)
{
	void *memory;
	*self = (rows){.table = {a, b}, .rows = a->rows + b->rows};
	TW_TRY(tw_alloc_array(&memory, self->rows, sizeof *self->row, "the rows of two tables"));
	self->row = memory;
	for (int64_t i = 0; i < self->rows; i++)
		self->row[i] = (tagged_row){.table = i >= a->rows, .row = i < a->rows ? i : i - a->rows, .place = i};
	return TW_OK;
}

/* Makes this column key k of all rows. */
static tw_status rows_set_key(rows *self, int k, const char *name)
{
	char text[TW_KEY_TEXT];
	for (int t = 0; t < 2; t++) self->column[t][k] = tw_run_table_column(self->table[t], name);
	for (int64_t i = 0; i < self->rows; i++) {
		tagged_row *row = &self->row[i];
		const char *field = tw_run_table_field(self->table[row->table], row->row, self->column[row->table][k]);
		tw_free(row->key[k]);
		row->key[k] = tw_copy_text(tw_key_text(field, text));
		TW_CHECK(row->key[k], TW_NO_MEMORY, "%s: no memory for its cells", self->table[row->table]->file);
	}
	return TW_OK;
}

/* Sorts by the first `keys` keys, tells each row the first of its cell; returns the number of cells. */
static int64_t rows_sort(rows *self, int keys)
{
	int64_t cells = 0;
	for (int64_t i = 0; i < self->rows; i++) self->row[i].keys = keys;
	qsort(self->row, (size_t)self->rows, sizeof *self->row, by_key);
	for (int64_t i = 0; i < self->rows; i++) {
		bool begins = i == 0 || compare_keys(&self->row[i - 1], &self->row[i]) != 0;
		self->row[i].first = begins ? self->row[i].place : self->row[i - 1].first;
		cells += begins;
	}
	return cells;
}

/* ---- the choice of the keys ---------------------------------------------------------------------------------- */

static bool varies(const tw_run_table *table, int column)
{
	char first[TW_KEY_TEXT], other[TW_KEY_TEXT];
	tw_key_text(tw_run_table_field(table, 0, column), first);
	for (int64_t row = 1; row < table->rows; row++)
		if (strcmp(first, tw_key_text(tw_run_table_field(table, row, column), other)) != 0) return true;
	return false;
}

static bool begin_alike(const tw_run_table *a, int in_a, const tw_run_table *b, int in_b)
{
	char first[TW_KEY_TEXT], other[TW_KEY_TEXT];
	tw_key_text(tw_run_table_field(a, 0, in_a), first);
	return strcmp(first, tw_key_text(tw_run_table_field(b, 0, in_b), other)) == 0;
}

/* Whether both tables have the column, and one of them several values in it. Takes note of a column with one value in
 * each table that is not the same: as a key it would leave no common cell. */
static bool may_be_key(tw_comparison *self, const char *name)
{
	const tw_run_table *a = self->table[0], *b = self->table[1];
	int in_a = tw_run_table_column(a, name), in_b = tw_run_table_column(b, name);
	if (in_a < 0 || in_b < 0) return false;
	if (varies(a, in_a) || varies(b, in_b)) return true;
	if (!begin_alike(a, in_a, b, in_b)) self->apart_column[self->aparts++] = name;
	return false;
}

static tw_status choose_keys(tw_comparison *self, rows *all)
{
	int64_t cells = 1;
	for (int i = 0; i < KEY_COLUMNS; i++) {
		if (!may_be_key(self, key_columns[i])) continue;
		TW_TRY(rows_set_key(all, self->keys, key_columns[i]));
		int64_t finer = rows_sort(all, self->keys + 1);
		if (finer > cells) self->key[self->keys++] = key_columns[i];
		cells = finer;
	}
	return TW_OK;
}

static tw_status take_keys(tw_comparison *self, rows *all, const char *const *by, int count)
{
	int column;
	TW_CHECK(count <= TW_MAX_KEYS, TW_USAGE, "--by: at most %d columns", TW_MAX_KEYS);
	for (int k = 0; k < count; k++) {
		for (int t = 0; t < 2; t++) TW_TRY(tw_run_table_require(self->table[t], by[k], "--by", &column));
		TW_TRY(rows_set_key(all, k, by[k]));
		self->key[self->keys++] = tw_column_name(by[k]);
	}
	return TW_OK;
}

/* ---- cells --------------------------------------------------------------------------------------------------- */

/* A row's value goes to sample[its table] unless it is not finite. */
static tw_status collect(tw_comparison *self, tw_compared_cell *cell, const tagged_row *row, const int column[2],
                         double *const sample[2])
{
	double value;
	int t = row->table;
	TW_TRY(tw_run_table_number(self->table[t], row->row, column[t], &value));
	cell->rows[t]++;
	if (isfinite(value))
		sample[t][cell->numbers[t].count++] = value;
	else
		self->not_finite[t]++;
	return TW_OK;
}

static tw_status test(tw_compared_cell *cell, int digits, double *const sample[2])
{
	for (int t = 0; t < 2; t++) {
		tw_sort_sample(sample[t], cell->numbers[t].count);
		cell->numbers[t] = tw_five_numbers_of(sample[t], cell->numbers[t].count);
		for (int64_t i = 0; i < cell->numbers[t].count; i++) sample[t][i] = tw_round_digits(sample[t][i], digits);
	}
	if (!tw_cell_is_tested(cell)) return TW_OK;
	int64_t m = cell->numbers[0].count, n = cell->numbers[1].count;
	TW_TRY(tw_kolmogorov_smirnov(sample[0], m, sample[1], n, &cell->kolmogorov_smirnov));
	return tw_mann_whitney(sample[0], m, sample[1], n, &cell->mann_whitney);
}

static tw_status fill_cells(tw_comparison *self, rows *all, double *const sample[2])
{
	int column[2];
	for (int t = 0; t < 2; t++) TW_TRY(tw_run_table_require(self->table[t], self->value, "--value", &column[t]));
	for (int64_t i = 0; i < all->rows;) {
		tagged_row *first = &all->row[i];
		tw_compared_cell *cell = &self->cell[self->cells++];
		for (int k = 0; k < self->keys; k++) {
			cell->key[k] = first->key[k];
			first->key[k] = NULL;
		}
		for (; i < all->rows && all->row[i].first == first->first; i++)
			TW_TRY(collect(self, cell, &all->row[i], column, sample));
		TW_TRY(test(cell, self->digits, sample));
	}
	return TW_OK;
}

static tw_status make_cells(tw_comparison *self, rows *all)
{
	void *memory;
	TW_TRY(tw_alloc_array(&memory, rows_sort(all, self->keys), sizeof *self->cell, "the cells of two tables"));
	self->cell = memory;
	qsort(all->row, (size_t)all->rows, sizeof *all->row, by_first_row);
	TW_TRY(tw_alloc_array(&memory, all->rows, sizeof(double), "the values of two tables"));
	double *const sample[2] = {memory, (double *)memory + self->table[0]->rows};
	tw_status status = fill_cells(self, all, sample);
	tw_free(memory);
	return status;
}

static tw_status check_common(const tw_comparison *self)
{
	for (int64_t i = 0; i < self->cells; i++)
		if (tw_cell_is_common(&self->cell[i])) return TW_OK;
	const tw_compared_cell *a = &self->cell[0], *b = a;
	while (b->rows[0]) b++;
	int k = 0;
	while (k + 1 < self->keys && strcmp(a->key[k], b->key[k]) == 0) k++;
	return tw_fail(TW_USAGE,
	               "%s and %s: no cell is in both; e.g. %s is %s in the first and %s in the second; choose the columns "
	               "that tell cells apart with --by",
	               self->table[0]->file, self->table[1]->file, self->key[k], a->key[k], b->key[k]);
}

tw_status tw_compare(const tw_run_table *a, const tw_run_table *b, const tw_compare_options *options,
                     tw_comparison *out)
{
	rows all;
	*out = (tw_comparison){.table = {a, b}, .value = options->value, .digits = options->digits};
	tw_status status = rows_open(&all, a, b);
	if (status == TW_OK)
		status = options->by ? take_keys(out, &all, options->by, options->by_count) : choose_keys(out, &all);
	if (status == TW_OK) status = make_cells(out, &all);
	if (status == TW_OK) status = check_common(out);
	rows_release(&all);
	return status;
}

void tw_comparison_free(tw_comparison *comparison)
{
	for (int64_t i = 0; comparison->cell && i < comparison->cells; i++)
		for (int k = 0; k < TW_MAX_KEYS; k++) tw_free(comparison->cell[i].key[k]);
	tw_free(comparison->cell);
	*comparison = (tw_comparison){0};
}
