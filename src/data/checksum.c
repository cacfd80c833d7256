#include "data/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The seed of a row is its index: rows that change places change the sum. */
static uint64_t row_checksum(const tw_data *data, int64_t local)
{
	const size_t real = tw_real_size(data->precision);
	const char *output = data->output;
	uint64_t sum = (uint64_t)(data->first + local) + 1;
	if (data->sparse) {
		const size_t start = (size_t)data->row_start[local], count = (size_t)data->row_start[local + 1] - start;
		sum = XXH3_64bits_withSeed(data->column + start, count * sizeof *data->column, sum);
		sum = XXH3_64bits_withSeed((const char *)data->value + start * real, count * real, sum);
	} else {
		const size_t bytes = (size_t)data->inputs * real;
		sum = XXH3_64bits_withSeed((const char *)data->dense + (size_t)local * bytes, bytes, sum);
	}
	const size_t bytes = (size_t)data->outputs * real;
	return XXH3_64bits_withSeed(output + (size_t)local * bytes, bytes, sum);
}

tw_status tw_data_checksum(tw_comm *comm, const tw_data *data, uint64_t *out)
{
	const int64_t shape[] = {data->precision, data->observations, data->inputs, data->outputs, data->classes};
	uint64_t sum = 0;
	for (int64_t i = 0; i < data->local; i++) sum += row_checksum(data, i);
	int64_t total;
	memcpy(&total, &sum, sizeof total);
	TW_TRY(tw_comm_sum_integer(comm, &total, 1));
	*out = XXH3_64bits_withSeed(shape, sizeof shape, (uint64_t)total);
	return TW_OK;
}
