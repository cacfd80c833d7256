/* IDX, the format of MNIST: big-endian, plain (read in place) or compressed with gzip (read as a stream). */
#include "data/table.h"

#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Deflate makes at most 1,032 bytes of one. */
enum { MAX_AXES = 4, BUFFER_BYTES = 1 << 18, MAX_INFLATION = 1040 };

/* Type codes of IDX and the bytes of an element. */
static const struct {
	unsigned char code;
	int bytes;
} types[] = {{0x08, 1}, {0x09, 1}, {0x0B, 2}, {0x0C, 4}, {0x0D, 4}, {0x0E, 8}};

typedef struct {
	const char *file;
	int descriptor; /* plain */
	gzFile stream;  /* compressed; NULL: plain */
	unsigned char code;
	int bytes;     /* of an element */
	int64_t start; /* offset of row 0 */
	int64_t row_bytes, rows;
	unsigned char *buffer;
} idx;

static void idx_release(idx *self)
{
	if (!self) return;
	if (self->stream) gzclose(self->stream);
	if (self->descriptor >= 0) close(self->descriptor);
	tw_free(self->buffer);
	tw_free(self);
}

static tw_status idx_damaged(const idx *self)
{
	int code = Z_OK;
	const char *text = gzerror(self->stream, &code);
	/* zlib begins its text with the name of the file. */
	size_t name = strlen(self->file);
	if (strncmp(text, self->file, name) == 0 && text[name] == ':') text += name + 2;
	return tw_fail(TW_IO, "%s: is damaged (%s); fetch it again", self->file, code == Z_OK ? "truncated" : text);
}

static tw_status idx_truncated(const idx *self, int64_t found)
{
	return tw_fail(TW_IO, "%s: is truncated: %lld bytes expected, %lld found; fetch it again", self->file,
	               (long long)(self->start + self->rows * self->row_bytes), (long long)found);
}

/* All of count bytes at an offset of the (uncompressed) content. */
static tw_status idx_bytes(idx *self, void *out, int64_t count, int64_t offset)
{
	if (!self->stream) return tw_read_at(self->descriptor, self->file, out, (size_t)count, offset);
	if (gztell(self->stream) != offset && gzseek(self->stream, offset, SEEK_SET) != offset) return idx_damaged(self);
	int got = gzread(self->stream, out, (unsigned)count);
	if (got == count) return TW_OK;
	int code = Z_OK;
	gzerror(self->stream, &code);
	if (got < 0 || code != Z_OK) return idx_damaged(self);
	return idx_truncated(self, gztell(self->stream));
}

static tw_status idx_check_size(idx *self, int64_t found)
{
	int64_t expected = self->start + self->rows * self->row_bytes;
	if (found < expected) return idx_truncated(self, found);
	TW_CHECK(found == expected, TW_IO, "%s: has %lld bytes after the %lld that its header announces; fetch it again",
	         self->file, (long long)(found - expected), (long long)expected);
	return TW_OK;
}

static tw_status idx_header(idx *self, tw_table *table)
{
	unsigned char head[4 + 4 * MAX_AXES];
	self->start = 4;
	TW_TRY(idx_bytes(self, head, 4, 0));
	TW_CHECK(head[0] == 0 && head[1] == 0, TW_IO,
	         "%s: does not begin with the two zero bytes of an IDX file; check data.source", self->file);
	self->code = head[2];
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].code == self->code) self->bytes = types[i].bytes;
	TW_CHECK(self->bytes > 0, TW_IO, "%s: the type code 0x%02X in its third byte is none of IDX; the file is damaged",
	         self->file, self->code);
	int axes = head[3];
	TW_CHECK(axes >= 1 && axes <= MAX_AXES, TW_IO, "%s: has %d axes where 1 to %d are understood", self->file, axes,
	         MAX_AXES);
	TW_TRY(idx_bytes(self, head + 4, 4 * axes, 4));
	self->start = 4 + 4 * axes;
	int64_t size[MAX_AXES];
	table->columns = 1;
	for (int i = 0; i < axes; i++) {
		const unsigned char *p = head + 4 + 4 * i;
		size[i] = (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
		if (i > 0) table->columns *= size[i];
		TW_CHECK(table->columns <= INT32_MAX, TW_IO, "%s: announces rows of more than %d values; the file is damaged",
		         self->file, INT32_MAX);
	}
	table->rows = self->rows = size[0];
	self->row_bytes = table->columns * self->bytes;
	int64_t bytes;
	TW_CHECK(!__builtin_mul_overflow(self->rows, self->row_bytes, &bytes) && bytes < INT64_MAX - self->start, TW_IO,
	         "%s: announces %lld rows of %lld bytes; the file is damaged", self->file, (long long)self->rows,
	         (long long)self->row_bytes);
	return TW_OK;
}

static tw_status idx_prepare(idx *self, tw_table *table)
{
	int64_t size;
	unsigned char magic[2] = {0, 0};
	TW_TRY(tw_open_file(self->file, &self->descriptor, &size));
	TW_CHECK(size >= 8, TW_IO, "%s: is truncated: at least 8 bytes expected, %lld found", self->file, (long long)size);
	TW_TRY(tw_read_at(self->descriptor, self->file, magic, sizeof magic, 0));
	if (magic[0] == 0x1F && magic[1] == 0x8B) {
		self->stream = gzopen(self->file, "rbe");
		TW_CHECK(self->stream, TW_IO, "%s: cannot be opened", self->file);
		gzbuffer(self->stream, BUFFER_BYTES);
	}
	TW_TRY(tw_alloc((void **)&self->buffer, BUFFER_BYTES, "the buffer of an IDX file"));
	TW_TRY(idx_header(self, table));
	if (!self->stream) return idx_check_size(self, size);
	/* Before room is made for rows that cannot be in it. */
	int64_t rows = self->start + self->rows * self->row_bytes;
	TW_CHECK(rows / MAX_INFLATION <= size, TW_IO,
	         "%s: announces %lld bytes, more than its %lld compressed ones can hold; fetch it again", self->file,
	         (long long)rows, (long long)size);
	return TW_OK;
}

static tw_status idx_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)place, (void)options;
	idx *self;
	TW_TRY(tw_alloc((void **)&self, sizeof *self, "an IDX reader"));
	self->descriptor = -1;
	self->file = table->file;
	tw_status status = idx_prepare(self, table);
	if (status != TW_OK) return idx_release(self), status;
	table->self = self;
	return TW_OK;
}

static void idx_convert(const idx *self, const unsigned char *in, int64_t count, double *out)
{
	switch (self->code) {
	case 0x08:
		for (int64_t i = 0; i < count; i++) out[i] = in[i];
		return;
	case 0x09:
		for (int64_t i = 0; i < count; i++) out[i] = (signed char)in[i];
		return;
	}
	for (int64_t i = 0; i < count; i++, in += self->bytes) {
		uint64_t bits = 0;
		for (int b = 0; b < self->bytes; b++) bits = bits << 8 | in[b];
		uint32_t low = (uint32_t)bits;
		float single;
		memcpy(&single, &low, sizeof single);
		switch (self->code) {
		case 0x0B:
			out[i] = (int16_t)bits;
			break;
		case 0x0C:
			out[i] = (int32_t)bits;
			break;
		case 0x0D:
			out[i] = (double)single;
			break;
		case 0x0E:
			memcpy(&out[i], &bits, sizeof bits);
			break;
		}
	}
}

static tw_status idx_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	idx *self = table->self;
	int64_t offset = self->start + first * self->row_bytes, left = count * table->columns;
	int64_t piece = BUFFER_BYTES / self->bytes;
	while (left > 0) {
		int64_t values = left < piece ? left : piece;
		TW_TRY(idx_bytes(self, self->buffer, values * self->bytes, offset));
		idx_convert(self, self->buffer, values, out);
		offset += values * self->bytes;
		out += values;
		left -= values;
	}
	return TW_OK;
}

/* Reads a stream to its end, where gzip's checksum stands. */
static tw_status idx_finish(tw_table *table)
{
	idx *self = table->self;
	if (!self->stream) return TW_OK;
	int got;
	while ((got = gzread(self->stream, self->buffer, BUFFER_BYTES)) > 0) continue;
	int code = Z_OK;
	gzerror(self->stream, &code);
	if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) return idx_damaged(self);
	return idx_check_size(self, gztell(self->stream));
}

static void idx_close(tw_table *table) { idx_release(table->self); }

const tw_format tw_idx_format = {
    .name = "idx",
    .help = "IDX as of MNIST, plain or compressed with gzip",
    .open = idx_open,
    .read = idx_read,
    .finish = idx_finish,
    .close = idx_close,
};
