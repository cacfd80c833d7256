/* report/compare.h: the distributions of one column in two tables of runs, cell by cell. */
#ifndef THALWEG_REPORT_COMPARE_H
#define THALWEG_REPORT_COMPARE_H

#include "report/compare_table.h"
#include "report/distribution.h"

enum { TW_MAX_KEYS = 16 };

/* The rows of both tables that agree in the key columns. */
typedef struct {
	char *key[TW_MAX_KEYS];                          /* values of the key columns as of tw_key_text, tw_free each */
	int64_t rows[2];                                 /* in each table, 0: the cell is in the other one alone */
	tw_five_numbers numbers[2];                      /* of the finite values among them */
	tw_sample_test kolmogorov_smirnov, mann_whitney; /* where both have finite values */
} tw_compared_cell;

typedef struct {
	const tw_run_table *table[2]; /* borrowed */
	const char *value;            /* the column compared; borrowed */
	int digits;                   /* to which values were rounded for the tests */
	int keys;
	const char *key[TW_MAX_KEYS]; /* the names of the key columns */
	int aparts;
	const char *apart_column[TW_MAX_KEYS]; /* columns with one value in each table, which is not the same: no keys */
	int64_t cells;                         /* in the order of their first rows; those of table 1 alone come last */
	tw_compared_cell *cell;
	int64_t not_finite[2]; /* rows left out */
} tw_comparison;

static inline bool tw_cell_is_common(const tw_compared_cell *cell) { return cell->rows[0] && cell->rows[1]; }
static inline bool tw_cell_is_tested(const tw_compared_cell *cell)
{
	return cell->numbers[0].count && cell->numbers[1].count;
}

/* What to compare, and how; texts are borrowed. */
typedef struct {
	const char *value;     /* column whose distributions are compared */
	const char *const *by; /* names of the key columns; NULL: chosen */
	int by_count;
	int digits; /* significant digits that values are rounded to for the tests (not for quartiles); 16: all. Costs that
	             * differ by rounding errors alone are ties then: where many runs end at the same minimum, the tests
	             * would see two distributions otherwise */
} tw_compare_options;

/* Key columns that are not given are chosen: those of
 * hidden_layers, width, hidden, activation, initial, update, step_size, batch_size that both tables have, that vary in
 * one of them at least, and that tell cells apart which the ones before do not.
 * TW_USAGE: a column is missing, or no cell is in both tables. TW_IO: a value is not a number, with file and line.
 * The tables outlive *out, which is freed with tw_comparison_free, also after a failure. */
tw_status tw_compare(const tw_run_table *a, const tw_run_table *b, const tw_compare_options *options,
                     tw_comparison *out);
void tw_comparison_free(tw_comparison *comparison);

/* On standard output: two lines a cell, at most 120 columns; notes on what was left out; how many of the common cells
 * have a Kolmogorov-Smirnov p above alpha. Smaller p-values carry a star. names: of the tables, short. */
void tw_comparison_print(const tw_comparison *comparison, const char *const names[2], double alpha);
/* The common cells of all comparisons, with all digits: a row each, the tables' files first, the key columns of all
 * comparisons (empty where a comparison has others). Written as tw_file_replace does. */
tw_status tw_comparisons_write(const char *file, const tw_comparison *comparisons, int count);

#endif
