/* The inputs without their zeros: by rows for products, by columns of each block for gradients. */
#include <string.h>

#include "ensemble/points.h"

static bool is_zero(const tw_points *points, const void *value)
{
	if (points->precision == TW_FLOAT) return *(const float *)value == 0;
	return *(const double *)value == 0;
}

/* The elements of row i that are not zero, column by column; where the row stands dense or sparse in the data. */
typedef struct {
	const tw_points *points;
	int64_t at, end, base;
} row_reader;

static row_reader read_row(const tw_points *points, int64_t i)
{
	const tw_data *data = points->data;
	if (data->sparse) return (row_reader){points, data->row_start[i], data->row_start[i + 1], 0};
	return (row_reader){points, i * data->inputs, (i + 1) * data->inputs, i * data->inputs};
}

static bool read_next(row_reader *row, int64_t *column, const void **value)
{
	const tw_data *data = row->points->data;
	for (; row->at < row->end; row->at++) {
		*value = points_at(row->points, data->sparse ? data->value : data->dense, row->at);
		if (is_zero(row->points, *value)) continue;
		*column = data->sparse ? (int64_t)data->column[row->at] : row->at - row->base;
		row->at++;
		return true;
	}
	return false;
}

static int64_t even(int64_t count) { return count + (count & 1); }

double points_density(const tw_data *data)
{
	if (data->sparse) return 0;
	const int64_t elements = data->observations * data->inputs;
	int64_t filled = 0;
	if (data->precision == TW_FLOAT)
		for (int64_t k = 0; k < elements; k++) filled += ((const float *)data->dense)[k] != 0;
	else
		for (int64_t k = 0; k < elements; k++) filled += ((const double *)data->dense)[k] != 0;
	return (double)filled / (double)elements;
}

tw_status points_find_columns(tw_points *points)
{
	points_sparse *sparse = &points->sparse;
	const tw_data *data = points->data;
	int64_t column;
	const void *value;
	TW_TRY(points_allocate(points, (void **)&sparse->active, data->inputs, sizeof *sparse->active));
	for (int64_t i = 0; i < data->observations; i++)
		for (row_reader row = read_row(points, i); read_next(&row, &column, &value);) sparse->active[column] = 1;
	for (int64_t j = 0; j < data->inputs; j++) sparse->active[j] = sparse->active[j] ? sparse->columns++ : -1;
	return TW_OK;
}

static tw_status list_rows(tw_points *points)
{
	points_sparse *sparse = &points->sparse;
	const int64_t n = points->data->observations;
	int64_t column, at;
	const void *value;
	TW_TRY(points_allocate(points, (void **)&sparse->row_start, n + 1, sizeof *sparse->row_start));
	for (int64_t i = 0; i < n; i++) {
		int64_t count = 0;
		for (row_reader row = read_row(points, i); read_next(&row, &column, &value);) count++;
		sparse->row_start[i + 1] = sparse->row_start[i] + even(count);
	}
	const int64_t elements = sparse->row_start[n];
	TW_TRY(points_allocate(points, (void **)&sparse->row_index, elements, sizeof *sparse->row_index));
	TW_TRY(points_allocate(points, &sparse->row_value, elements, points->real_size));
	for (int64_t i = 0; i < n; i++) {
		at = sparse->row_start[i];
		for (row_reader row = read_row(points, i); read_next(&row, &column, &value); at++) {
			sparse->row_index[at] = (uint32_t)sparse->active[column];
			memcpy(points_at(points, sparse->row_value, at), value, points->real_size);
		}
	}
	return TW_OK;
}

static tw_status list_columns(tw_points *points)
{
	points_sparse *sparse = &points->sparse;
	const int64_t n = points->data->observations, step = points->block_rows, blocks = (n + step - 1) / step;
	int64_t column, *start, *next = NULL;
	const void *value;
	TW_TRY(points_allocate(points, (void **)&sparse->column_start, blocks * sparse->columns + 1, sizeof *start));
	for (int64_t i = 0; i < n; i++) {
		start = sparse->column_start + i / step * sparse->columns + 1;
		for (row_reader row = read_row(points, i); read_next(&row, &column, &value);) start[sparse->active[column]]++;
	}
	start = sparse->column_start;
	for (int64_t k = 0; k < blocks * sparse->columns; k++) start[k + 1] = start[k] + even(start[k + 1]);
	const int64_t elements = start[blocks * sparse->columns];
	TW_TRY(points_allocate(points, (void **)&sparse->column_index, elements, sizeof *sparse->column_index));
	TW_TRY(points_allocate(points, &sparse->column_value, elements, points->real_size));
	TW_TRY(tw_alloc_array((void **)&next, blocks * sparse->columns + 1, sizeof *next, "points to be measured"));
	memcpy(next, start, (size_t)(blocks * sparse->columns + 1) * sizeof *next);
	for (int64_t i = 0; i < n; i++)
		for (row_reader row = read_row(points, i); read_next(&row, &column, &value);) {
			const int64_t at = next[i / step * sparse->columns + sparse->active[column]]++;
			sparse->column_index[at] = (uint32_t)(i % step);
			memcpy(points_at(points, sparse->column_value, at), value, points->real_size);
		}
	tw_free(next);
	return TW_OK;
}

tw_status points_list_inputs(tw_points *points)
{
	TW_TRY(list_rows(points));
	return points->gradients ? list_columns(points) : TW_OK;
}

void points_sparse_free(points_sparse *sparse)
{
	tw_free(sparse->active);
	tw_free(sparse->row_start), tw_free(sparse->row_index), tw_free(sparse->row_value);
	tw_free(sparse->column_start), tw_free(sparse->column_index), tw_free(sparse->column_value);
}
