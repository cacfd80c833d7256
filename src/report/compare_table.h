/* report/compare_table.h: tables of runs in CSV files: whole in memory, as text. */
#ifndef THALWEG_REPORT_COMPARE_TABLE_H
#define THALWEG_REPORT_COMPARE_TABLE_H

#include <thalweg/core.h>

/* The first line names the columns. Fields may stand in double quotes; blanks around them do not count; lines that
 * begin with # are left out; lines end with LF or CRLF. */
typedef struct {
	char *file;  /* for messages */
	char *bytes; /* the file, cut into fields in place */
	int columns;
	char **name; /* of each column, in bytes */
	int64_t rows;
	char **field;  /* row-major rows x columns, in bytes */
	int64_t *line; /* of each row in the file, from 1 */
} tw_run_table;

/* TW_IO names file, line and column. *out is freed with tw_run_table_free, also after a failure. */
tw_status tw_run_table_read(const char *file, tw_run_table *out);
void tw_run_table_free(tw_run_table *table);

/* Published tables name some columns differently: the name that thalweg uses for this one. */
const char *tw_column_name(const char *name);
/* Index of the column with this name, or else with another name for the same; -1: none. */
int tw_run_table_column(const tw_run_table *table, const char *name);
/* As tw_run_table_column; TW_USAGE where there is none, with the columns there are. option: what named the column. */
tw_status tw_run_table_require(const tw_run_table *table, const char *name, const char *option, int *column);

static inline const char *tw_run_table_field(const tw_run_table *table, int64_t row, int column)
{
	return table->field[row * table->columns + column];
}
/* The field as a number, which may be infinite or NaN; TW_IO names file, line and column. */
tw_status tw_run_table_number(const tw_run_table *table, int64_t row, int column, double *out);

/* value with at most this many digits (up to 9). Returns out. */
char *tw_short_number(double value, int digits, char out[TW_NUMBER_TEXT]);

enum { TW_KEY_TEXT = 64 };
/* What two fields that mean the same have in common: numbers are brought to one form ("1e-4" and "0.0001", "0.1" and
 * "0.100000001", seven digits unless whole), other text stays as it is, cut to fit. Returns out. */
char *tw_key_text(const char *field, char out[TW_KEY_TEXT]);

/* Keeps the rows where each of these columns holds one of the values given for it: conditions[i] is "COLUMN=VALUE".
 * Columns that this table lacks are left out of account. TW_USAGE when no row is left. */
tw_status tw_run_table_filter(tw_run_table *table, const char *const *conditions, int count);

#endif
