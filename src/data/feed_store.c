/* Where the feed finds rows: in this rank's shard, in a copy of the whole set when that is small, or at their owners.
 */
#include "data/feed.h"

#include "data/load.h"

#include <string.h>

/* A set of up to this size is copied to every rank when the feed is made. */
static const int64_t resident_bytes = 4 << 20;

static int64_t first_of(const tw_data *data, int rank, int size) { return data->observations * rank / size; }

/* Collective. Every rank sends its part of an array with an element of `bytes` for each observation. */
static tw_status share_array(tw_comm *comm, const tw_data *data, char *array, int64_t bytes)
{
	int size = tw_comm_size(comm);
	for (int r = 0; r < size; r++) {
		int64_t first = first_of(data, r, size), count = first_of(data, r + 1, size) - first;
		if (count > 0) TW_TRY(tw_comm_broadcast(comm, array + first * bytes, (size_t)(count * bytes), r));
	}
	return TW_OK;
}

static tw_status resident_allocate(const tw_data *data, int64_t values, tw_data *copy)
{
	int64_t n = data->observations;
	size_t real = tw_real_size(data->precision);
	TW_TRY(tw_alloc_array(&copy->output, n * data->outputs, real, "a copy of the data"));
	if (!data->sparse) return tw_alloc_array(&copy->dense, n * data->inputs, real, "a copy of the data");
	TW_TRY(tw_alloc_array((void **)&copy->row_start, n + 1, sizeof *copy->row_start, "a copy of the data"));
	TW_TRY(tw_alloc_array((void **)&copy->column, values, sizeof *copy->column, "a copy of the data"));
	return tw_alloc_array(&copy->value, values, real, "a copy of the data");
}

/* Collective. The sparse rows of all ranks: first the counts, then columns and values. */
static tw_status resident_sparse(tw_comm *comm, const tw_data *data, tw_data *copy)
{
	int size = tw_comm_size(comm);
	size_t real = tw_real_size(data->precision);
	for (int64_t i = 0; i < data->local; i++)
		copy->row_start[data->first + i + 1] = data->row_start[i + 1] - data->row_start[i];
	TW_TRY(share_array(comm, data, (char *)(copy->row_start + 1), sizeof *copy->row_start));
	for (int64_t i = 0; i < data->observations; i++) copy->row_start[i + 1] += copy->row_start[i];
	int64_t start = copy->row_start[data->first];
	memcpy(copy->column + start, data->column, (size_t)data->row_start[data->local] * sizeof *data->column);
	memcpy((char *)copy->value + (size_t)start * real, data->value, (size_t)data->row_start[data->local] * real);
	for (int r = 0; r < size; r++) {
		int64_t begin = copy->row_start[first_of(data, r, size)], end = copy->row_start[first_of(data, r + 1, size)];
		if (begin == end) continue;
		size_t count = (size_t)(end - begin);
		TW_TRY(tw_comm_broadcast(comm, copy->column + begin, count * sizeof *copy->column, r));
		TW_TRY(tw_comm_broadcast(comm, (char *)copy->value + (size_t)begin * real, count * real, r));
	}
	return TW_OK;
}

/* Collective. The whole set on every rank. */
static tw_status resident_make(tw_comm *comm, const tw_data *data, int64_t values, tw_data *copy)
{
	size_t real = tw_real_size(data->precision);
	TW_TRY(tw_comm_agree(comm, resident_allocate(data, values, copy)));
	size_t x = (size_t)data->inputs * real, y = (size_t)data->outputs * real, first = (size_t)data->first;
	if (y > 0) memcpy((char *)copy->output + first * y, data->output, (size_t)data->local * y);
	if (y > 0) TW_TRY(share_array(comm, data, copy->output, (int64_t)y));
	if (data->sparse) return resident_sparse(comm, data, copy);
	memcpy((char *)copy->dense + first * x, data->dense, (size_t)data->local * x);
	return share_array(comm, data, copy->dense, (int64_t)x);
}

static tw_status store_resident(tw_store *store, int64_t values)
{
	tw_status status =
	    tw_comm_agree(store->comm, tw_alloc((void **)&store->resident, sizeof(tw_data), "a copy of the data"));
	if (status != TW_OK) return status;
	*store->resident = *store->data;
	tw_data *copy = store->resident;
	copy->dense = copy->value = copy->output = NULL;
	copy->row_start = NULL;
	copy->column = NULL;
	copy->first = 0;
	copy->local = copy->observations;
	store->near = copy;
	return resident_make(store->comm, store->data, values, copy);
}

/* Collective. Learns how long every sparse row is, so that nobody has to ask before rows are sent. */
static tw_status store_lengths(tw_store *store)
{
	const tw_data *data = store->data;
	tw_status status = tw_alloc_array((void **)&store->nonzero, data->observations, sizeof *store->nonzero,
	                                  "the lengths of sparse rows");
	TW_TRY(tw_comm_agree(store->comm, status));
	for (int64_t i = 0; i < data->local; i++)
		store->nonzero[data->first + i] = (uint32_t)(data->row_start[i + 1] - data->row_start[i]);
	return share_array(store->comm, data, (char *)store->nonzero, sizeof *store->nonzero);
}

static int64_t sum_to_8(int64_t bytes) { return (bytes + 7) / 8 * 8; }

tw_status tw_store_create(tw_store *store, tw_comm *comm, const tw_data *data)
{
	*store = (tw_store){.comm = comm, .data = data, .near = data};
	int64_t real = (int64_t)tw_real_size(data->precision), n = data->observations;
	if (tw_comm_size(comm) == 1) return TW_OK;
	int64_t values = data->sparse ? data->row_start[data->local] : 0;
	TW_TRY(tw_comm_sum_integer(comm, &values, 1));
	int64_t inputs = data->sparse ? values / n * (real + 4) + 8 : data->inputs * real;
	store->row_bytes = sum_to_8(inputs + data->outputs * real);
	tw_status status;
	if (store->row_bytes * n <= resident_bytes) {
		status = store_resident(store, values);
	} else {
		store->exchanges = true;
		status = data->sparse ? store_lengths(store) : TW_OK;
	}
	if (status != TW_OK) tw_store_free(store);
	return status;
}

void tw_store_free(tw_store *store)
{
	tw_data_free(store->resident);
	tw_free(store->nonzero);
	memset(store, 0, sizeof *store);
}

/* On its way, a row is its outputs, its input values and, when sparse, their columns. */
int64_t tw_store_bytes(const tw_store *store, int64_t i)
{
	if (!store->nonzero) return store->row_bytes;
	int64_t real = (int64_t)tw_real_size(store->data->precision);
	return sum_to_8(store->data->outputs * real + store->nonzero[i] * (real + 4));
}

int64_t tw_store_pack(const tw_store *store, int64_t i, char *out)
{
	const tw_data *data = store->data;
	size_t real = tw_real_size(data->precision), y = (size_t)data->outputs * real, x = (size_t)data->inputs * real;
	size_t row = (size_t)(i - data->first);
	if (y > 0) memcpy(out, (const char *)data->output + row * y, y);
	if (!data->sparse) {
		memcpy(out + y, (const char *)data->dense + row * x, x);
		return store->row_bytes;
	}
	tw_sparse_row sparse = tw_sparse_row_of(data, (int64_t)row);
	size_t count = (size_t)sparse.count;
	if (count > 0) {
		memcpy(out + y, sparse.value, count * real);
		memcpy(out + y + count * real, sparse.column, count * sizeof *sparse.column);
	}
	return tw_store_bytes(store, i);
}
