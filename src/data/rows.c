#include "data/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows that nobody wants are read along when fewer than this lie between two that are wanted. */
enum { BRIDGE_ROWS = 8 };

void tw_rows_free(tw_rows *rows)
{
	tw_free(rows->row);
	*rows = (tw_rows){0};
}

static int64_t rows_at(const tw_rows *rows, int64_t i) { return rows->row ? rows->row[i] : i; }

/* ---- choosing ------------------------------------------------------------------------------------------------- */

tw_status tw_rows_select(tw_rows *rows, tw_source *source, const tw_transform *transform)
{
	*rows = (tw_rows){.count = source->rows};
	if (!transform->select_count) return TW_OK;
	double *y = NULL;
	tw_status status = tw_alloc_array((void **)&y, source->block, sizeof *y, "a block of labels");
	if (status == TW_OK)
		status = tw_alloc_array((void **)&rows->row, source->rows, sizeof *rows->row, "a list of rows");
	rows->count = 0;
	for (int64_t first = 0; first < source->rows && status == TW_OK; first += source->block) {
		int64_t count = source->rows - first < source->block ? source->rows - first : source->block;
		status = tw_source_read(source, first, count, NULL, y);
		for (int64_t i = 0; i < count && status == TW_OK; i++) {
			status = tw_transform_check_label(transform, first + i, y[i]);
			if (tw_transform_class(transform, y[i]) >= 0) rows->row[rows->count++] = first + i;
		}
	}
	tw_free(y);
	if (status == TW_OK && rows->count == 0)
		status = tw_fail(TW_USAGE, "%s: has no observation of the chosen classes", transform->output_name);
	if (status != TW_OK) tw_rows_free(rows);
	return status;
}

/* The numbers in the open file; count of them when out is NULL. */
static tw_status rows_scan(FILE *stream, const char *file, const tw_rows *rows, int64_t *out, int64_t *count)
{
	char line[64];
	*count = 0;
	while (fgets(line, sizeof line, stream)) {
		int64_t value = -1;
		line[strcspn(line, "\r\n")] = 0;
		long long number = (long long)*count + 1;
		TW_CHECK(tw_parse_integer(line, &value), TW_IO, "%s, line %lld: '%s' is not the number of a row", file, number,
		         line);
		TW_CHECK(value >= 0 && value < rows->count, TW_IO,
		         "%s, line %lld: row %lld is outside the rows 0 to %lld of the set", file, number, (long long)value,
		         (long long)rows->count - 1);
		if (out) out[*count] = rows_at(rows, value);
		++*count;
	}
	TW_CHECK(!ferror(stream), TW_IO, "%s: cannot be read: %s", file, strerror(errno));
	TW_CHECK(*count > 0, TW_IO, "%s: names no rows; write one number a line", file);
	return TW_OK;
}

tw_status tw_rows_keep(tw_rows *rows, const char *file)
{
	FILE *stream = fopen(file, "re");
	TW_CHECK(stream, TW_IO, "%s: cannot be opened: %s", file, strerror(errno));
	tw_rows kept = {0};
	tw_status status = rows_scan(stream, file, rows, NULL, &kept.count);
	if (status == TW_OK) status = tw_alloc_array((void **)&kept.row, kept.count, sizeof *kept.row, "a list of rows");
	rewind(stream);
	if (status == TW_OK) status = rows_scan(stream, file, rows, kept.row, &kept.count);
	fclose(stream);
	if (status != TW_OK) return tw_rows_free(&kept), status;
	tw_rows_free(rows);
	*rows = kept;
	return TW_OK;
}

tw_status tw_rows_split(tw_rows *rows, double fraction, uint64_t seed, tw_rows *test)
{
	*test = (tw_rows){0};
	int64_t n = rows->count, apart = (int64_t)((double)n * fraction + 0.5);
	if (apart == 0) return TW_OK;
	TW_CHECK(apart < n, TW_USAGE, "data.test_fraction %g leaves no observations to train on", fraction);
	TW_CHECK(n <= UINT32_MAX, TW_USAGE, "%lld observations are too many to split; give a test part of its own",
	         (long long)n);
	uint32_t *place = NULL;
	tw_rows train = {0};
	tw_status status = tw_alloc_array((void **)&place, n, sizeof *place, "the split of the data");
	if (status == TW_OK) status = tw_alloc_array((void **)&train.row, n - apart, sizeof(int64_t), "a list of rows");
	if (status == TW_OK) status = tw_alloc_array((void **)&test->row, apart, sizeof(int64_t), "a list of rows");
	if (status == TW_OK) {
		tw_random_permutation((tw_random){.seed = seed, .purpose = TW_RANDOM_SPLIT}, 0, (uint32_t)n, place);
		for (int64_t i = 0; i < n; i++) {
			tw_rows *part = place[i] < apart ? test : &train;
			part->row[part->count++] = rows_at(rows, i);
		}
		tw_rows_free(rows);
		*rows = train;
	} else {
		tw_rows_free(&train);
		tw_rows_free(test);
	}
	tw_free(place);
	return status;
}

/* ---- going through -------------------------------------------------------------------------------------------- */

typedef struct {
	int64_t row, i;
} wanted;

static int wanted_order(const void *a, const void *b)
{
	const wanted *left = a, *right = b;
	if (left->row != right->row) return left->row < right->row ? -1 : 1;
	return left->i < right->i ? -1 : left->i > right->i;
}

/* The walk over one rank's observations. */
typedef struct {
	const tw_rows *rows;
	int64_t first, last;
	wanted *order; /* NULL: already increasing */
	double *raw, *x, *y;
} walk;

static wanted walk_at(const walk *walk, int64_t k)
{
	if (walk->order) return walk->order[k];
	return (wanted){rows_at(walk->rows, walk->first + k), walk->first + k};
}

static tw_status walk_prepare(walk *walk, const tw_source *source, const tw_transform *transform)
{
	int64_t count = walk->last - walk->first;
	bool sorted = true;
	for (int64_t i = walk->first + 1; i < walk->last && sorted && walk->rows->row; i++)
		sorted = walk->rows->row[i - 1] <= walk->rows->row[i];
	if (!sorted) {
		TW_TRY(tw_alloc_array((void **)&walk->order, count, sizeof *walk->order, "the order of the rows"));
		for (int64_t k = 0; k < count; k++)
			walk->order[k] = (wanted){walk->rows->row[walk->first + k], walk->first + k};
		qsort(walk->order, (size_t)count, sizeof *walk->order, wanted_order);
	}
	TW_TRY(tw_alloc_array((void **)&walk->raw, source->block * source->inputs, sizeof(double), "a block of inputs"));
	TW_TRY(
	    tw_alloc_array((void **)&walk->y, (source->block + 1) * source->outputs, sizeof(double), "a block of outputs"));
	return tw_alloc_array((void **)&walk->x, transform->inputs, sizeof(double), "the inputs of an observation");
}

static tw_status walk_blocks(walk *walk, tw_source *source, const tw_transform *transform, tw_visit visit, void *self)
{
	int64_t count = walk->last - walk->first;
	double *y = walk->y + source->block * source->outputs;
	for (int64_t begin = 0, end; begin < count; begin = end) {
		int64_t low = walk_at(walk, begin).row, high = low;
		for (end = begin + 1; end < count; end++) {
			int64_t row = walk_at(walk, end).row;
			if (row - low >= source->block || row - high > BRIDGE_ROWS) break;
			high = row;
		}
		TW_TRY(tw_source_read(source, low, high - low + 1, walk->raw, walk->y));
		for (int64_t k = begin; k < end; k++) {
			wanted one = walk_at(walk, k);
			memcpy(y, walk->y + (one.row - low) * source->outputs, (size_t)source->outputs * sizeof *y);
			TW_TRY(tw_transform_row(transform, one.row, walk->raw + (one.row - low) * source->inputs, walk->x, y));
			TW_TRY(visit(self, one.i, walk->x, y));
		}
	}
	return TW_OK;
}

tw_status tw_rows_visit(const tw_rows *rows, int64_t first, int64_t last, tw_source *source,
                        const tw_transform *transform, tw_visit visit, void *self)
{
	if (first >= last) return TW_OK;
	walk walk = {.rows = rows, .first = first, .last = last};
	tw_status status = walk_prepare(&walk, source, transform);
	if (status == TW_OK) status = walk_blocks(&walk, source, transform, visit, self);
	tw_free(walk.order);
	tw_free(walk.raw);
	tw_free(walk.x);
	tw_free(walk.y);
	return status;
}
