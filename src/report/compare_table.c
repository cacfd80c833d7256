#include "report/compare_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/distribution.h"
#include "run/file.h"

/* ---- names of columns ---------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *other;
} synonyms[] = {
    {"hidden_layers", "n_hidden"},
    {"hidden_layers", "depth"},
    {"width", "n_units"},
    {"width", "units"},
    {"step_size", "learning_rate"},
    {"step_size", "alpha"},
    {"batch_size", "batch"},
    {"cost", "loss"},
    {"cost", "final_cost"},
    {"activation", "activation_function"},
    {"initial", "initialization"},
    {"initial", "initializer"},
    {"update", "optimizer"},
    {"seed", "random_seed"},
    {"steps", "n_steps"},
    {"gradient_norm_squared", "squared_norm_gradient"},
    {"mean_gradient_norm_squared", "avg_squared_norm_gradients"},
};

const char *tw_column_name(const char *name)
{
	for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
		if (strcmp(synonyms[i].other, name) == 0) return synonyms[i].name;
	return name;
}

int tw_run_table_column(const tw_run_table *table, const char *name)
{
	for (int i = 0; i < table->columns; i++)
		if (strcmp(table->name[i], name) == 0) return i;
	const char *wanted = tw_column_name(name);
	for (int i = 0; i < table->columns; i++)
		if (strcmp(tw_column_name(table->name[i]), wanted) == 0) return i;
	return -1;
}

/* The names of all columns with ", " between, cut to fit. */
static void list_columns(const tw_run_table *table, char *out, size_t size)
{
	size_t used = 0;
	out[0] = 0;
	for (int i = 0; i < table->columns && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", table->name[i]);
	if (used >= size) memcpy(out + size - 4, "...", 4);
}

tw_status tw_run_table_require(const tw_run_table *table, const char *name, const char *option, int *column)
{
	char names[256];
	*column = tw_run_table_column(table, name);
	if (*column >= 0) return TW_OK;
	list_columns(table, names, sizeof names);
	return tw_fail(TW_USAGE, "%s: has no column '%s'; choose one of %s with %s", table->file, name, names, option);
}

/* Of a table; names are compared with each other. */
enum { MOST_COLUMNS = 4096 };

/* ---- cutting the file into fields ---------------------------------------------------------------------------- */

typedef struct {
	tw_run_table *table;
	char *cursor, *end;
	int64_t line; /* the one last taken, from 1 */
} reader;

/* *text: the next line that is no comment, with a final zero; NULL at the end of the file. */
static tw_status next_line(reader *self, char **text)
{
	const char *file = self->table->file;
	for (*text = NULL; self->cursor < self->end;) {
		char *start = self->cursor, *stop = memchr(start, '\n', (size_t)(self->end - start));
		if (!stop) stop = self->end;
		self->line++;
		self->cursor = stop < self->end ? stop + 1 : stop;
		if (stop > start && stop[-1] == '\r') stop--;
		*stop = 0;
		if (*start == '#') continue;
		TW_CHECK(stop > start, TW_IO, "%s, line %" PRId64 ": is empty; leave it out", file, self->line);
		TW_CHECK(strlen(start) == (size_t)(stop - start), TW_IO,
		         "%s, line %" PRId64 ": holds a zero byte; the file is not text", file, self->line);
		*text = start;
		return TW_OK;
	}
	return TW_OK;
}

static char *skip_blanks(char *text) { return text + strspn(text, " \t"); }

/* Cuts off a field in quotes, where "" stands for one; *cursor: behind the blanks that follow it. */
static bool cut_quoted(char **cursor)
{
	char *from = *cursor + 1, *to = *cursor;
	for (;; from++) {
		if (!*from) return false;
		if (*from == '"' && *++from != '"') break;
		*to++ = *from;
	}
	*cursor = skip_blanks(from);
	bool good = **cursor == ',' || **cursor == 0;
	*to = 0;
	return good;
}

/* Cuts the next field off the line at *cursor; *cursor: the one after it, or NULL. */
static tw_status next_field(const reader *self, int64_t number, char **cursor, char **out)
{
	char *field = skip_blanks(*cursor);
	*out = field;
	if (*field == '"') {
		char *behind = field;
		TW_CHECK(cut_quoted(&behind), TW_IO,
		         "%s, line %" PRId64 ", field %" PRId64 ": the quotes do not end before a comma or the end of the "
		         "line; close them, and write a quote inside as two",
		         self->table->file, self->line, number);
		*cursor = *behind == ',' ? behind + 1 : NULL;
		return TW_OK;
	}
	char *end = field + strcspn(field, ",");
	*cursor = *end == ',' ? end + 1 : NULL;
	while (end > field && (end[-1] == ' ' || end[-1] == '\t')) end--;
	*end = 0;
	return TW_OK;
}

static int count_commas(const char *text)
{
	int commas = 0;
	for (; *text; text++) commas += *text == ',';
	return commas;
}

static tw_status read_names(reader *self)
{
	tw_run_table *table = self->table;
	char *text;
	void *memory;
	TW_TRY(next_line(self, &text));
	TW_CHECK(text, TW_IO, "%s: is empty; give a table whose first line names its columns", table->file);
	TW_CHECK(count_commas(text) < MOST_COLUMNS, TW_IO,
	         "%s, line %" PRId64 ": more than %d columns; give a table whose first line names its columns", table->file,
	         self->line, MOST_COLUMNS);
	TW_TRY(tw_alloc_array(&memory, count_commas(text) + 1, sizeof(char *), "the names of a table's columns"));
	table->name = memory;
	int numbers = 0;
	double ignored;
	while (text) {
		char **name = &table->name[table->columns];
		TW_TRY(next_field(self, table->columns + 1, &text, name));
		for (int i = 0; i < table->columns; i++)
			TW_CHECK(!**name || strcmp(table->name[i], *name) != 0, TW_IO,
			         "%s, line %" PRId64 ", field %d: a second column '%s'; rename one of them", table->file,
			         self->line, table->columns + 1, *name);
		numbers += tw_parse_real(*name, &ignored);
		table->columns++;
	}
	TW_CHECK(numbers < table->columns, TW_IO,
	         "%s, line %" PRId64 ": holds numbers where the names of the columns are expected; begin the file with "
	         "their names",
	         table->file, self->line);
	return TW_OK;
}

static tw_status read_row(reader *self, char *text)
{
	tw_run_table *table = self->table;
	int64_t fields = 0;
	char **out = table->field + table->rows * table->columns;
	while (text) {
		char *field;
		TW_TRY(next_field(self, fields + 1, &text, &field));
		if (fields < table->columns) out[fields] = field;
		fields++;
	}
	TW_CHECK(fields == table->columns, TW_IO,
	         "%s, line %" PRId64 ": %" PRId64 " fields where the first line names %d columns; correct the line",
	         table->file, self->line, fields, table->columns);
	table->line[table->rows++] = self->line;
	return TW_OK;
}

static int64_t count_lines(const reader *self)
{
	int64_t lines = 1;
	for (const char *p = self->cursor; (p = memchr(p, '\n', (size_t)(self->end - p))) != NULL; p++) lines++;
	return lines;
}

static tw_status read_rows(reader *self)
{
	tw_run_table *table = self->table;
	void *memory;
	char *text;
	/* A line that is a row has at least a byte a column. */
	int64_t lines = count_lines(self), room = (self->end - self->cursor) / table->columns + 1;
	int64_t most = lines < room ? lines : room;
	TW_TRY(tw_alloc_array(&memory, most, sizeof(int64_t), "the lines of a table"));
	table->line = memory;
	TW_TRY(tw_alloc_array(&memory, most * table->columns, sizeof(char *), "the fields of a table"));
	table->field = memory;
	for (;;) {
		TW_TRY(next_line(self, &text));
		if (!text) break;
		TW_TRY(read_row(self, text));
	}
	TW_CHECK(table->rows > 0, TW_IO, "%s: has no rows under its line of names; give a table with runs", table->file);
	return TW_OK;
}

tw_status tw_run_table_read(const char *file, tw_run_table *out)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	size_t size = 0;
	*out = (tw_run_table){.file = tw_copy_text(file)};
	TW_CHECK(out->file, TW_NO_MEMORY, "%s: no memory for the name of the file", file);
	TW_TRY(tw_file_read(file, &out->bytes, &size));
	reader self = {.table = out, .cursor = out->bytes, .end = out->bytes + size};
	if (strncmp(out->bytes, byte_order_mark, 3) == 0) self.cursor += 3;
	TW_TRY(read_names(&self));
	return read_rows(&self);
}

void tw_run_table_free(tw_run_table *table)
{
	tw_free(table->file);
	tw_free(table->bytes);
	tw_free(table->name);
	tw_free(table->field);
	tw_free(table->line);
	*table = (tw_run_table){0};
}

/* ---- fields -------------------------------------------------------------------------------------------------- */

tw_status tw_run_table_number(const tw_run_table *table, int64_t row, int column, double *out)
{
	const char *field = tw_run_table_field(table, row, column);
	if (tw_parse_real(field, out)) return TW_OK;
	return tw_fail(TW_IO, "%s, line %" PRId64 ", field %d (%s): '%.40s' %s; correct the value or leave out the line",
	               table->file, table->line[row], column + 1, table->name[column], field,
	               *field ? "is not a number" : "is empty where a number is expected");
}

char *tw_short_number(double value, int digits, char out[TW_NUMBER_TEXT])
{
	return tw_format_real(out, TW_FLOAT, tw_round_digits(value, digits));
}

char *tw_key_text(const char *field, char out[TW_KEY_TEXT])
{
	double value;
	int64_t whole;
	if (tw_parse_integer(field, &whole))
		snprintf(out, TW_KEY_TEXT, "%" PRId64, whole);
	else if (!tw_parse_real(field, &value))
		snprintf(out, TW_KEY_TEXT, "%.*s", TW_KEY_TEXT - 1, field);
	else if (fabs(value) < 1e15 && value == trunc(value))
		snprintf(out, TW_KEY_TEXT, "%" PRId64, (int64_t)value);
	else
		tw_short_number(value, 7, out);
	return out;
}

/* ---- conditions ---------------------------------------------------------------------------------------------- */

/* The column that a condition names, -1: none here; *value: what it wants. */
static int condition_column(const tw_run_table *table, const char *condition, const char **value)
{
	char name[TW_KEY_TEXT];
	const char *equals = strchr(condition, '=');
	*value = equals + 1;
	snprintf(name, sizeof name, "%.*s", (int)(equals - condition), condition);
	return tw_run_table_column(table, name);
}

static bool holds(const tw_run_table *table, int64_t row, int column, const char *value)
{
	char found[TW_KEY_TEXT], wanted[TW_KEY_TEXT];
	return strcmp(tw_key_text(tw_run_table_field(table, row, column), found), tw_key_text(value, wanted)) == 0;
}

/* Whether the row's field in this column is one of those that conditions give for it. */
static bool holds_any(const tw_run_table *table, int64_t row, int column, const char *const *conditions, int count)
{
	const char *value;
	for (int i = 0; i < count; i++)
		if (condition_column(table, conditions[i], &value) == column && holds(table, row, column, value)) return true;
	return false;
}

tw_status tw_run_table_filter(tw_run_table *table, const char *const *conditions, int count)
{
	int64_t kept = 0;
	const char *value, *emptied = NULL;
	for (int64_t row = 0; row < table->rows; row++) {
		bool keep = true;
		for (int i = 0; i < count && keep; i++) {
			int column = condition_column(table, conditions[i], &value);
			keep = column < 0 || holds_any(table, row, column, conditions, count);
			if (!keep) emptied = conditions[i];
		}
		if (!keep) continue;
		memmove(table->field + kept * table->columns, table->field + row * table->columns,
		        (size_t)table->columns * sizeof *table->field);
		table->line[kept++] = table->line[row];
	}
	TW_CHECK(kept > 0, TW_USAGE, "%s: no row has %s; choose other values with --where", table->file, emptied);
	table->rows = kept;
	return TW_OK;
}
