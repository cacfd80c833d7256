#include "data/load.h"

int64_t tw_sparse_count(tw_precision precision, const double *x, int64_t inputs)
{
	int64_t count = 0;
	if (precision == TW_FLOAT)
		for (int64_t j = 0; j < inputs; j++) count += (float)x[j] != 0;
	else
		for (int64_t j = 0; j < inputs; j++) count += x[j] != 0;
	return count;
}

tw_status tw_sparse_allocate(tw_data *data)
{
	for (int64_t i = 0; i < data->local; i++) data->row_start[i + 1] += data->row_start[i];
	int64_t values = data->row_start[data->local];
	TW_TRY(tw_alloc_array((void **)&data->column, values, sizeof *data->column, "the columns of sparse data"));
	return tw_alloc_array(&data->value, values, tw_real_size(data->precision), "the values of sparse data");
}

void tw_sparse_store(tw_data *data, int64_t i, const double *x)
{
	int64_t at = data->row_start[i];
	if (data->precision == TW_FLOAT) {
		for (int64_t j = 0; j < data->inputs; j++) {
			float value = (float)x[j];
			if (value == 0) continue;
			data->column[at] = (uint32_t)j;
			((float *)data->value)[at++] = value;
		}
	} else {
		for (int64_t j = 0; j < data->inputs; j++) {
			if (x[j] == 0) continue;
			data->column[at] = (uint32_t)j;
			((double *)data->value)[at++] = x[j];
		}
	}
}

tw_sparse_row tw_sparse_row_of(const tw_data *data, int64_t i)
{
	int64_t start = data->row_start[i];
	return (tw_sparse_row){
	    .column = data->column + start,
	    .value = (const char *)data->value + (size_t)start * tw_real_size(data->precision),
	    .count = (int32_t)(data->row_start[i + 1] - start),
	};
}
