/* Comma-separated numbers, read strictly. The offset of every MARK_ROWS-th row is kept from the pass that counts the
 * rows, so that a rank starts near the rows it wants. */
#include "data/table.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { MARK_ROWS = 1024, BUFFER_BYTES = 1 << 18 };

typedef struct {
	int descriptor;
	int64_t size;
	const char *file; /* the table's */
	bool header;
	int64_t fields;     /* in a line */
	char **name;        /* of each field; NULL without a header */
	int64_t *slot;      /* of each field: its column in the table, or -1 */
	int64_t first_line; /* line of row 0, from 1 */
	int64_t *mark;      /* byte offset of row i MARK_ROWS */
	int64_t marks;
	int64_t next_row; /* the row at the cursor */
	char *buffer;     /* one byte more than capacity, for a final zero */
	int64_t capacity, filled, cursor;
	int64_t offset; /* in the file, of the end of the buffer */
} csv;

static void csv_release(csv *self)
{
	if (!self) return;
	if (self->descriptor >= 0) close(self->descriptor);
	for (int64_t i = 0; self->name && i < self->fields; i++) tw_free(self->name[i]);
	tw_free(self->name);
	tw_free(self->slot);
	tw_free(self->mark);
	tw_free(self->buffer);
	tw_free(self);
}

static void csv_seek(csv *self, int64_t offset)
{
	self->offset = offset;
	self->filled = self->cursor = 0;
}

/* Moves what is left to the front, doubles the buffer when a line fills it, and reads on. */
static tw_status csv_refill(csv *self)
{
	self->filled -= self->cursor;
	memmove(self->buffer, self->buffer + self->cursor, (size_t)self->filled);
	self->cursor = 0;
	if (self->filled == self->capacity) {
		void *larger;
		TW_TRY(tw_alloc(&larger, (size_t)self->capacity * 2 + 1, "a line of a CSV file"));
		memcpy(larger, self->buffer, (size_t)self->filled);
		tw_free(self->buffer);
		self->buffer = larger;
		self->capacity *= 2;
	}
	int64_t wanted = self->capacity - self->filled, left = self->size - self->offset;
	if (wanted > left) wanted = left;
	TW_TRY(tw_read_at(self->descriptor, self->file, self->buffer + self->filled, (size_t)wanted, self->offset));
	self->offset += wanted;
	self->filled += wanted;
	return TW_OK;
}

/* *line: the next line with a final zero in place of its end (LF or CRLF); NULL at the end of the file. */
static tw_status csv_line(csv *self, char **line, int64_t *length)
{
	int64_t searched = 0;
	for (;;) {
		char *start = self->buffer + self->cursor;
		int64_t left = self->filled - self->cursor;
		char *end = memchr(start + searched, '\n', (size_t)(left - searched));
		bool last = !end && self->offset == self->size;
		if (last && left == 0) {
			*line = NULL;
			return TW_OK;
		}
		if (end || last) {
			int64_t bytes = end ? end - start : left;
			self->cursor += bytes + (end != NULL);
			if (bytes > 0 && start[bytes - 1] == '\r') bytes--;
			start[bytes] = 0;
			*line = start;
			*length = bytes;
			return TW_OK;
		}
		searched = left;
		TW_TRY(csv_refill(self));
	}
}

/* Cuts the field at *cursor off its line: without blanks around it, with a final zero. *cursor: the next one or NULL.
 */
static char *csv_field(char **cursor)
{
	char *field = *cursor, *end = strchr(field, ',');
	*cursor = end ? end + 1 : NULL;
	if (!end) end = field + strlen(field);
	while (*field == ' ' || *field == '\t') field++;
	while (end > field && (end[-1] == ' ' || end[-1] == '\t')) end--;
	*end = 0;
	return field;
}

static int64_t csv_count_fields(const char *line)
{
	int64_t fields = 1;
	for (; (line = strchr(line, ',')) != NULL; line++) fields++;
	return fields;
}

/* The first line: number of fields, and their names where there is a header. */
static tw_status csv_read_header(csv *self)
{
	char *line;
	int64_t length;
	TW_TRY(csv_line(self, &line, &length));
	TW_CHECK(line && length > 0, TW_IO, "%s, line 1: is empty; give a file with data", self->file);
	self->fields = csv_count_fields(line);
	TW_TRY(tw_alloc_array((void **)&self->slot, self->fields, sizeof *self->slot, "the columns of a CSV file"));
	self->first_line = self->header ? 2 : 1;
	if (!self->header) return csv_seek(self, 0), TW_OK;
	TW_TRY(tw_alloc_array((void **)&self->name, self->fields, sizeof *self->name, "the names in a CSV file"));
	int64_t numbers = 0;
	double ignored;
	for (int64_t i = 0; i < self->fields; i++) {
		char *field = csv_field(&line);
		size_t size = strlen(field);
		if (size >= 2 && field[0] == '"' && field[size - 1] == '"') field[size - 1] = 0, field++;
		numbers += tw_parse_real(field, &ignored);
		self->name[i] = tw_copy_text(field);
		TW_CHECK(self->name[i], TW_NO_MEMORY, "%s: out of memory for the names of the columns", self->file);
	}
	TW_CHECK(numbers < self->fields, TW_IO,
	         "%s, line 1: holds numbers where the names of the columns are expected; set data.header: false",
	         self->file);
	return TW_OK;
}

/* Counts the lines from here to the end and marks every MARK_ROWS-th. */
static tw_status csv_count_rows(csv *self, int64_t *rows)
{
	int64_t start = self->offset - self->filled + self->cursor, capacity = 64;
	csv_seek(self, start);
	TW_TRY(tw_alloc_array((void **)&self->mark, capacity, sizeof *self->mark, "the marks of a CSV file"));
	self->mark[0] = start;
	self->marks = 1;
	*rows = 0;
	while (self->offset < self->size) {
		int64_t base = self->offset;
		self->filled = self->cursor = 0;
		TW_TRY(csv_refill(self));
		char *end = self->buffer + self->filled;
		for (char *p = self->buffer; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) {
			if (++*rows % MARK_ROWS != 0) continue;
			if (self->marks == capacity) {
				void *larger;
				TW_TRY(tw_alloc_array(&larger, capacity * 2, sizeof *self->mark, "the marks of a CSV file"));
				memcpy(larger, self->mark, (size_t)capacity * sizeof *self->mark);
				tw_free(self->mark);
				self->mark = larger;
				capacity *= 2;
			}
			self->mark[self->marks++] = base + (p + 1 - self->buffer);
		}
	}
	if (self->size > start && self->filled > 0 && self->buffer[self->filled - 1] != '\n') ++*rows;
	return csv_seek(self, start), TW_OK;
}

/* ---- selections of columns ------------------------------------------------------------------------------------ */

/* One item of a selection: a name, a number or a range of numbers. */
static tw_status csv_select_item(const csv *self, char *item, int64_t *low, int64_t *high)
{
	for (int64_t i = 0; self->name && i < self->fields; i++)
		if (strcmp(self->name[i], item) == 0) return *low = *high = i, TW_OK;
	char *dash = strchr(item, '-');
	bool number = true;
	if (dash) *dash = 0;
	number = tw_parse_integer(item, low) && (!dash || tw_parse_integer(dash + 1, high));
	if (dash) *dash = '-';
	if (!dash) *high = *low;
	TW_CHECK(number, TW_USAGE, "%s: has no column '%s'; give %s", self->file, item,
	         self->name ? "names of its first line, or numbers from 0" : "numbers from 0 (data.header is false)");
	TW_CHECK(*low >= 0 && *low <= *high && *high < self->fields, TW_USAGE,
	         "%s: columns '%s' are outside its columns 0 to %lld", self->file, item, (long long)self->fields - 1);
	return TW_OK;
}

/* Gives the columns of a selection the slots from *columns on. */
static tw_status csv_select(csv *self, const char *selection, int64_t *columns)
{
	char *copy = tw_copy_text(selection);
	TW_CHECK(copy, TW_NO_MEMORY, "%s: out of memory for the choice of columns", self->file);
	tw_status status = TW_OK;
	for (char *cursor = copy; cursor && status == TW_OK;) {
		char *item = csv_field(&cursor);
		int64_t low = 0, high = -1;
		status = csv_select_item(self, item, &low, &high);
		for (int64_t i = low; i <= high && status == TW_OK; i++) {
			if (self->slot[i] >= 0)
				status = tw_fail(TW_USAGE, "%s: column '%s' is chosen twice in '%s'", self->file, item, selection);
			self->slot[i] = (*columns)++;
		}
	}
	tw_free(copy);
	return status;
}

static tw_status csv_choose(csv *self, const tw_place *place, int64_t *columns)
{
	*columns = 0;
	for (int64_t i = 0; i < self->fields; i++) self->slot[i] = -1;
	if (place->selection) return csv_select(self, place->selection, columns);
	if (place->excluding) TW_TRY(csv_select(self, place->excluding, columns));
	*columns = 0;
	for (int64_t i = 0; i < self->fields; i++) self->slot[i] = self->slot[i] < 0 ? (*columns)++ : -1;
	TW_CHECK(*columns > 0, TW_USAGE, "%s: no columns are left for the inputs beside '%s'", self->file,
	         place->excluding);
	return TW_OK;
}

/* ---- the format ----------------------------------------------------------------------------------------------- */

static tw_status csv_prepare(csv *self, tw_table *table, const tw_place *place)
{
	TW_TRY(tw_open_file(self->file, &self->descriptor, &self->size));
	TW_CHECK(self->size > 0, TW_IO, "%s: is empty; give a file with data", self->file);
	self->capacity = BUFFER_BYTES;
	TW_TRY(tw_alloc((void **)&self->buffer, (size_t)self->capacity + 1, "the buffer of a CSV file"));
	TW_TRY(csv_read_header(self));
	TW_TRY(csv_choose(self, place, &table->columns));
	return csv_count_rows(self, &table->rows);
}

static tw_status csv_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	csv *self;
	TW_TRY(tw_alloc((void **)&self, sizeof *self, "a CSV reader"));
	self->descriptor = -1;
	self->file = table->file;
	self->header = options->header;
	tw_status status = csv_prepare(self, table, place);
	if (status != TW_OK) return csv_release(self), status;
	table->self = self;
	return TW_OK;
}

static tw_status csv_bad_number(const csv *self, int64_t line, int64_t field, const char *text)
{
	const char *name = self->name ? self->name[field] : NULL;
	const char *remedy = line == 1 && !self->header ? "set data.header: true if this line holds names"
	                                                : "correct the value or leave out the line";
	double value;
	const char *what = !*text                        ? "is empty where a number is expected"
	                   : tw_parse_real(text, &value) ? "is not a finite number"
	                                                 : "is not a number";
	return tw_fail(TW_IO, "%s, line %lld, field %lld%s%s%s: '%.40s' %s; %s", self->file, (long long)line,
	               (long long)field + 1, name ? " (" : "", name ? name : "", name ? ")" : "", text, what, remedy);
}

static tw_status csv_parse(csv *self, char *line, int64_t length, int64_t number, double *out)
{
	TW_CHECK(length > 0, TW_IO, "%s, line %lld: is empty; leave it out", self->file, (long long)number);
	TW_CHECK((int64_t)strlen(line) == length, TW_IO, "%s, line %lld: holds a zero byte; the file is not text",
	         self->file, (long long)number);
	int64_t fields = csv_count_fields(line);
	TW_CHECK(fields == self->fields, TW_IO, "%s, line %lld: %lld fields where line 1 has %lld; correct the line",
	         self->file, (long long)number, (long long)fields, (long long)self->fields);
	for (int64_t i = 0; i < fields; i++) {
		char *text = csv_field(&line);
		if (self->slot[i] < 0) continue;
		double *value = &out[self->slot[i]];
		if (!tw_parse_real(text, value) || !isfinite(*value)) return csv_bad_number(self, number, i, text);
	}
	return TW_OK;
}

static tw_status csv_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	csv *self = table->self;
	int64_t mark = first / MARK_ROWS;
	if (first < self->next_row || mark > self->next_row / MARK_ROWS) {
		csv_seek(self, self->mark[mark]);
		self->next_row = mark * MARK_ROWS;
	}
	while (self->next_row < first + count) {
		char *line;
		int64_t length = 0, row = self->next_row;
		TW_TRY(csv_line(self, &line, &length));
		TW_CHECK(line, TW_IO, "%s: ended early; it was changed while being read", self->file);
		self->next_row++;
		if (row >= first)
			TW_TRY(csv_parse(self, line, length, self->first_line + row, out + (row - first) * table->columns));
	}
	return TW_OK;
}

static void csv_close(tw_table *table) { csv_release(table->self); }

const tw_format tw_csv_format = {
    .name = "csv",
    .help = "comma-separated numbers, a header line if data.header; FILE:columns by name or number",
    .parts = true,
    .open = csv_open,
    .read = csv_read,
    .close = csv_close,
};
