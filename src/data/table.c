#include "data/table.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const tw_format *const formats[] = {
    &tw_csv_format,
    &tw_idx_format,
    &tw_npy_format,
    &tw_hdf5_format,
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

const tw_format *tw_format_of(int i) { return i >= 0 && i < FORMATS ? formats[i] : NULL; }

const tw_format *tw_format_find(const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (name && strcmp(formats[i]->name, name) == 0) return formats[i];
	return NULL;
}

const char *tw_data_source_name(int i) { return tw_format_of(i) ? formats[i]->name : NULL; }
const char *tw_data_source_help(int i) { return tw_format_of(i) ? formats[i]->help : NULL; }

tw_status tw_table_open(tw_table *table, const tw_format *format, const tw_place *place, const tw_data_options *options)
{
	memset(table, 0, sizeof *table);
	table->file = tw_copy_text(place->file ? place->file : format->name);
	TW_CHECK(table->file, TW_NO_MEMORY, "out of memory for the name of a file");
	tw_status status = format->open(table, place, options);
	if (status == TW_OK) {
		table->format = format;
		if (table->rows < 1 || table->columns < 1)
			status = tw_fail(TW_IO, "%s: holds no observations (%lld rows, %lld columns); give a file with data",
			                 table->file, (long long)table->rows, (long long)table->columns);
	}
	if (status != TW_OK) tw_table_close(table);
	return status;
}

tw_status tw_table_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	TW_TRY(table->format->read(table, first, count, out));
	int64_t values = count * table->columns;
	if (tw_all_finite(out, values)) return TW_OK;
	for (int64_t i = 0; i < values; i++)
		if (!isfinite(out[i]))
			return tw_fail(
			    TW_IO, "%s, row %lld, column %lld (from 0): %s is not a finite number; correct or leave out the row",
			    table->file, (long long)(first + i / table->columns), (long long)(i % table->columns),
			    isnan(out[i]) ? "nan" : "an infinite value");
	return TW_OK;
}

tw_status tw_table_finish(tw_table *table)
{
	return table->format && table->format->finish ? table->format->finish(table) : TW_OK;
}

void tw_table_close(tw_table *table)
{
	if (table->format) table->format->close(table);
	tw_free(table->file);
	memset(table, 0, sizeof *table);
}

/* x - x is 0 for finite x alone, so a sum is 0 unless something is wrong. Eight sums do not wait for each other. */
bool tw_all_finite(const double *values, int64_t count)
{
	enum { SUMS = 8 };
	double wrong[SUMS] = {0};
	int64_t i = 0;
	for (; i + SUMS <= count; i += SUMS)
		for (int k = 0; k < SUMS; k++) wrong[k] += values[i + k] - values[i + k];
	for (; i < count; i++) wrong[0] += values[i] - values[i];
	for (int k = 1; k < SUMS; k++) wrong[0] += wrong[k];
	return wrong[0] == 0;
}

tw_status tw_open_file(const char *file, int *descriptor, int64_t *size)
{
	int opened = open(file, O_RDONLY | O_CLOEXEC);
	TW_CHECK(opened >= 0, TW_IO, "%s: cannot be opened: %s", file, strerror(errno));
	struct stat facts;
	if (fstat(opened, &facts) != 0 || !S_ISREG(facts.st_mode)) {
		close(opened);
		return tw_fail(TW_IO, "%s: is not a regular file", file);
	}
	*descriptor = opened;
	*size = (int64_t)facts.st_size;
	return TW_OK;
}

tw_status tw_read_at(int descriptor, const char *file, void *out, size_t count, int64_t offset)
{
	char *next = out;
	while (count > 0) {
		ssize_t got = pread(descriptor, next, count, (off_t)offset);
		if (got < 0 && errno == EINTR) continue;
		TW_CHECK(got >= 0, TW_IO, "%s: reading at byte %lld failed: %s", file, (long long)offset, strerror(errno));
		TW_CHECK(got > 0, TW_IO, "%s: ends at byte %lld where %zu more are expected; the file is truncated", file,
		         (long long)offset, count);
		next += got;
		count -= (size_t)got;
		offset += got;
	}
	return TW_OK;
}
