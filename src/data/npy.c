/* NumPy's NPY, versions 1 to 3: little-endian numbers in C order, read in place. */
#include "data/table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_HEADER = 1 << 16, BUFFER_BYTES = 1 << 18 };

typedef enum { NPY_F4, NPY_F8, NPY_U1, NPY_I4, NPY_I8 } npy_type;
static const struct {
	const char *descr;
	int bytes;
} types[] = {
    [NPY_F4] = {"<f4", 4}, [NPY_F8] = {"<f8", 8}, [NPY_U1] = {"|u1", 1}, [NPY_I4] = {"<i4", 4}, [NPY_I8] = {"<i8", 8}};

typedef struct {
	const char *file;
	int descriptor;
	npy_type type;
	int64_t start;
	unsigned char *buffer;
} npy;

static void npy_release(npy *self)
{
	if (!self) return;
	if (self->descriptor >= 0) close(self->descriptor);
	tw_free(self->buffer);
	tw_free(self);
}

/* What follows 'key': in the header's dictionary, NULL where it is missing. */
static const char *npy_value(const char *header, const char *key)
{
	const char *p = strstr(header, key);
	if (!p) return NULL;
	p = strchr(p + strlen(key), ':');
	if (!p) return NULL;
	for (p++; *p == ' ';) p++;
	return p;
}

static tw_status npy_dictionary(npy *self, tw_table *table, const char *header)
{
	const char *descr = npy_value(header, "'descr'"), *order = npy_value(header, "'fortran_order'");
	const char *shape = npy_value(header, "'shape'");
	TW_CHECK(descr && order && shape && *shape == '(', TW_IO, "%s: its NPY header cannot be understood", self->file);
	bool known = false;
	for (size_t i = 0; i < sizeof types / sizeof types[0] && !known; i++) {
		known = *descr == '\'' && strncmp(descr + 1, types[i].descr, 3) == 0 && descr[4] == '\'';
		if (known) self->type = (npy_type)i;
	}
	TW_CHECK(known, TW_IO, "%s: its numbers are of type %.12s; write it as '<f4', '<f8', '|u1', '<i4' or '<i8'",
	         self->file, descr);
	TW_CHECK(strncmp(order, "False", 5) == 0, TW_IO,
	         "%s: is in Fortran order; write it in C order (numpy.ascontiguousarray)", self->file);
	int axes = 0;
	table->rows = 0;
	table->columns = 1;
	for (const char *p = shape + 1; *p && *p != ')';) {
		char *end;
		long long size = strtoll(p, &end, 10);
		TW_CHECK(end > p && size >= 0 && size < INT64_MAX / 8, TW_IO, "%s: its shape %.40s cannot be understood",
		         self->file, shape);
		if (axes == 0)
			table->rows = size;
		else if (__builtin_mul_overflow(table->columns, (int64_t)size, &table->columns) || table->columns > INT32_MAX)
			return tw_fail(TW_IO, "%s: its shape %.40s is too large", self->file, shape);
		axes++;
		for (p = end; *p == ',' || *p == ' ';) p++;
	}
	TW_CHECK(axes >= 1, TW_IO, "%s: holds a single number; an array with a row an observation is expected", self->file);
	return TW_OK;
}

static tw_status npy_prepare(npy *self, tw_table *table)
{
	int64_t size;
	unsigned char head[12];
	TW_TRY(tw_open_file(self->file, &self->descriptor, &size));
	TW_CHECK(size >= 12, TW_IO, "%s: is truncated: its header does not fit into %lld bytes", self->file,
	         (long long)size);
	TW_TRY(tw_read_at(self->descriptor, self->file, head, sizeof head, 0));
	TW_CHECK(memcmp(head, "\x93NUMPY", 6) == 0, TW_IO, "%s: does not begin as an NPY file does; check data.source",
	         self->file);
	TW_CHECK(head[6] >= 1 && head[6] <= 3, TW_IO, "%s: NPY version %d is not known", self->file, head[6]);
	int64_t start = head[6] == 1 ? 10 : 12;
	int64_t length = head[8] | head[9] << 8;
	if (head[6] > 1) length |= (int64_t)head[10] << 16 | (int64_t)head[11] << 24;
	TW_CHECK(length < MAX_HEADER && start + length <= size, TW_IO, "%s: its NPY header is truncated", self->file);
	TW_TRY(tw_alloc((void **)&self->buffer, BUFFER_BYTES, "the buffer of an NPY file"));
	TW_TRY(tw_read_at(self->descriptor, self->file, self->buffer, (size_t)length, start));
	self->buffer[length] = 0;
	self->start = start + length;
	TW_TRY(npy_dictionary(self, table, (char *)self->buffer));
	int64_t bytes;
	bool huge = __builtin_mul_overflow(table->rows, table->columns * types[self->type].bytes, &bytes);
	TW_CHECK(!huge && size == self->start + bytes, TW_IO,
	         "%s: %lld bytes of numbers expected after its header, %lld found", self->file,
	         huge ? -1LL : (long long)bytes, (long long)(size - self->start));
	return TW_OK;
}

static tw_status npy_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)place, (void)options;
	npy *self;
	TW_TRY(tw_alloc((void **)&self, sizeof *self, "an NPY reader"));
	self->descriptor = -1;
	self->file = table->file;
	tw_status status = npy_prepare(self, table);
	if (status != TW_OK) return npy_release(self), status;
	table->self = self;
	return TW_OK;
}

static void npy_convert(npy_type type, const void *in, int64_t count, double *out)
{
	switch (type) {
	case NPY_F4:
		for (int64_t i = 0; i < count; i++) out[i] = (double)((const float *)in)[i];
		break;
	case NPY_F8:
		memcpy(out, in, (size_t)count * sizeof *out);
		break;
	case NPY_U1:
		for (int64_t i = 0; i < count; i++) out[i] = ((const unsigned char *)in)[i];
		break;
	case NPY_I4:
		for (int64_t i = 0; i < count; i++) out[i] = ((const int32_t *)in)[i];
		break;
	case NPY_I8:
		for (int64_t i = 0; i < count; i++) out[i] = (double)((const int64_t *)in)[i];
		break;
	}
}

static tw_status npy_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	npy *self = table->self;
	int bytes = types[self->type].bytes;
	int64_t offset = self->start + first * table->columns * bytes, left = count * table->columns;
	int64_t piece = BUFFER_BYTES / bytes;
	while (left > 0) {
		int64_t values = left < piece ? left : piece;
		TW_TRY(tw_read_at(self->descriptor, self->file, self->buffer, (size_t)(values * bytes), offset));
		npy_convert(self->type, self->buffer, values, out);
		offset += values * bytes;
		out += values;
		left -= values;
	}
	return TW_OK;
}

static void npy_close(tw_table *table) { npy_release(table->self); }

const tw_format tw_npy_format = {
    .name = "npy",
    .help = "NumPy's NPY: f4, f8, u1, i4 or i8, little-endian, C order",
    .open = npy_open,
    .read = npy_read,
    .close = npy_close,
};
