/* The rows of several batches at once. Every rank knows from the order which rows every other rank needs, so owners
 * send without being asked: to each rank in turn, batch by batch, in the order of the batch. */
#include "data/feed.h"

#include "data/load.h"

#include <string.h>

/* No rank receives more bytes of rows for a window than this, or than this part of its shard, whichever is more. */
static const int64_t window_bytes = 1 << 20, shard_parts = 16;

void tw_window_free(tw_window *window)
{
	tw_free(window->index);
	tw_free(window->dense);
	tw_free(window->sparse);
	tw_free(window->output);
	tw_free(window->sent);
	tw_free(window->received);
	tw_free(window->work);
	memset(window, 0, sizeof *window);
}

/* Replaces the memory at *place by `bytes` new ones when it has fewer. */
static tw_status enlarge(void *place, int64_t *capacity, int64_t wanted, size_t size)
{
	void **memory = place;
	if (*memory && *capacity >= wanted) return TW_OK;
	tw_free(*memory);
	*memory = NULL;
	TW_TRY(tw_alloc_array(memory, wanted, size, "a window of the feed"));
	*capacity = wanted;
	return TW_OK;
}

/* work: send bytes, receive bytes, cursors (a rank each), then [begin, end) of this rank's rows in each batch. */
tw_status tw_window_prepare(tw_window *window, const tw_store *store, int64_t rows, int64_t batches)
{
	int64_t ranks = tw_comm_size(store->comm), capacity = window->capacity;
	TW_TRY(enlarge(&window->work, &window->work_capacity, 3 * ranks + 2 * batches, sizeof *window->work));
	TW_TRY(enlarge(&window->index, &capacity, rows, sizeof *window->index));
	capacity = window->capacity;
	TW_TRY(enlarge(&window->output, &capacity, rows, sizeof *window->output));
	capacity = window->capacity;
	if (store->data->sparse)
		TW_TRY(enlarge(&window->sparse, &capacity, rows, sizeof *window->sparse));
	else
		TW_TRY(enlarge(&window->dense, &capacity, rows, sizeof *window->dense));
	if (rows > window->capacity) window->capacity = rows;
	return TW_OK;
}

/* ---- who owns what -------------------------------------------------------------------------------------------- */

/* Position of the first observation >= index in a sorted batch. */
static int64_t lower_bound(const uint32_t *list, int64_t size, int64_t index)
{
	if (!list) return index < size ? index : size;
	int64_t low = 0, high = size;
	while (low < high) {
		int64_t middle = (low + high) / 2;
		if ((int64_t)list[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t shard_first(const tw_store *store, int rank)
{
	return store->data->observations * rank / tw_comm_size(store->comm);
}

static int owner_of(const tw_store *store, int64_t index)
{
	return (int)(((index + 1) * tw_comm_size(store->comm) - 1) / store->data->observations);
}

static const tw_cut *cut_of(const tw_batches *batches, int64_t b)
{
	return b == batches->batches - 1 ? batches->last : batches->cut;
}

static const uint32_t *list_of(const tw_batches *batches, int64_t b)
{
	return batches->list ? batches->list + b * batches->cut->size : NULL;
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t tw_window_fit(tw_window *window, const tw_store *store, const tw_batches *batches)
{
	if (!store->exchanges) return batches->batches;
	int ranks = tw_comm_size(store->comm);
	int64_t shard = store->data->observations / ranks * store->row_bytes, *foreign = window->work;
	int64_t limit = larger(window_bytes, shard / shard_parts) / store->row_bytes;
	memset(foreign, 0, (size_t)ranks * sizeof *foreign);
	for (int64_t b = 0; b < batches->batches; b++) {
		const tw_cut *cut = cut_of(batches, b);
		const uint32_t *list = list_of(batches, b);
		int64_t own_begin = 0, most = 0;
		for (int r = 0; r < ranks; r++) {
			int64_t begin = tw_cut_begin(cut, r), end = tw_cut_end(cut, r);
			if (cut->replicated) { /* nearly all is foreign to someone */
				most = foreign[0] += cut->size;
				break;
			}
			int64_t own_end = lower_bound(list, cut->size, shard_first(store, r + 1));
			int64_t near = larger(0, smaller(end, own_end) - larger(begin, own_begin));
			foreign[r] += end - begin - near;
			most = larger(most, foreign[r]);
			own_begin = own_end;
		}
		if (most > limit) return larger(b, 1);
	}
	return batches->batches;
}

/* ---- sending and receiving ------------------------------------------------------------------------------------ */

/* The part of batch b that this rank owns and rank r computes. */
static void part_for(const tw_batches *batches, const int64_t *own, int64_t b, int r, int64_t *begin, int64_t *end)
{
	const tw_cut *cut = cut_of(batches, b);
	*begin = larger(own[2 * b], tw_cut_begin(cut, r));
	*end = smaller(own[2 * b + 1], tw_cut_end(cut, r));
}

static int64_t index_at(const uint32_t *list, int64_t position) { return list ? (int64_t)list[position] : position; }

/* Bytes to and from every rank, and the sums of both. */
static void count_bytes(const tw_store *store, const tw_batches *batches, const int64_t *own, int64_t *send,
                        int64_t *receive, int64_t *sent, int64_t *received)
{
	int rank = tw_comm_rank(store->comm), ranks = tw_comm_size(store->comm);
	memset(send, 0, (size_t)ranks * sizeof *send);
	memset(receive, 0, (size_t)ranks * sizeof *receive);
	*sent = *received = 0;
	for (int64_t b = 0; b < batches->batches; b++) {
		const tw_cut *cut = cut_of(batches, b);
		const uint32_t *list = list_of(batches, b);
		for (int r = 0; r < ranks; r++) {
			int64_t begin, end;
			part_for(batches, own, b, r, &begin, &end);
			for (int64_t p = begin; p < end && r != rank; p++) send[r] += tw_store_bytes(store, index_at(list, p));
		}
		int64_t last = tw_cut_end(cut, rank);
		for (int64_t p = tw_cut_begin(cut, rank); p < last; p++) {
			if (p >= own[2 * b] && p < own[2 * b + 1]) {
				p = own[2 * b + 1] - 1;
				continue;
			}
			int64_t index = index_at(list, p);
			receive[owner_of(store, index)] += tw_store_bytes(store, index);
		}
	}
	for (int r = 0; r < ranks; r++) *sent += send[r], *received += receive[r];
}

static void pack(const tw_store *store, const tw_batches *batches, const int64_t *own, char *out)
{
	int rank = tw_comm_rank(store->comm), ranks = tw_comm_size(store->comm);
	for (int r = 0; r < ranks; r++) {
		for (int64_t b = 0; b < batches->batches && r != rank; b++) {
			const uint32_t *list = list_of(batches, b);
			int64_t begin, end;
			part_for(batches, own, b, r, &begin, &end);
			for (int64_t p = begin; p < end; p++) out += tw_store_pack(store, index_at(list, p), out);
		}
	}
}

/* Collective. Afterwards received holds the rows of other ranks; cursors[r]: where those of rank r begin. */
static tw_status exchange(tw_window *window, const tw_store *store, const tw_batches *batches)
{
	int ranks = tw_comm_size(store->comm), rank = tw_comm_rank(store->comm);
	int64_t *send = window->work, *receive = send + ranks, *cursor = receive + ranks, *own = cursor + ranks;
	int64_t sent, received;
	for (int64_t b = 0; b < batches->batches; b++) {
		int64_t size = cut_of(batches, b)->size;
		own[2 * b] = lower_bound(list_of(batches, b), size, shard_first(store, rank));
		own[2 * b + 1] = lower_bound(list_of(batches, b), size, shard_first(store, rank + 1));
	}
	count_bytes(store, batches, own, send, receive, &sent, &received);
	tw_status status = enlarge(&window->sent, &window->sent_capacity, sent, 1);
	if (status == TW_OK) status = enlarge(&window->received, &window->received_capacity, received, 1);
	TW_TRY(tw_comm_agree(store->comm, status));
	pack(store, batches, own, window->sent);
	int64_t offset = 0;
	for (int r = 0; r < ranks; r++) {
		cursor[r] = offset;
		offset += receive[r];
	}
	return tw_comm_exchange(store->comm, window->sent, send, window->received, receive);
}

/* ---- pointers ------------------------------------------------------------------------------------------------- */

static void point_dense(tw_window *window, const tw_data *near, const uint32_t *list, int64_t begin, int64_t end,
                        int64_t at)
{
	size_t real = tw_real_size(near->precision), x = (size_t)near->inputs * real, y = (size_t)near->outputs * real;
	const char *dense = near->dense, *output = near->output;
	int64_t *index = window->index + at;
	const void **dense_rows = window->dense + at, **output_rows = window->output + at;
	for (int64_t p = begin; p < end; p++) {
		int64_t i = index_at(list, p);
		size_t row = (size_t)(i - near->first);
		*index++ = i;
		*dense_rows++ = dense + row * x;
		*output_rows++ = output + row * y;
	}
}

static void point_sparse(tw_window *window, const tw_data *near, const uint32_t *list, int64_t begin, int64_t end,
                         int64_t at)
{
	size_t y = (size_t)near->outputs * tw_real_size(near->precision);
	for (int64_t p = begin; p < end; p++, at++) {
		int64_t i = index_at(list, p);
		window->index[at] = i;
		window->sparse[at] = tw_sparse_row_of(near, i - near->first);
		window->output[at] = (const char *)near->output + (size_t)(i - near->first) * y;
	}
}

static void point_near(tw_window *window, const tw_data *near, const uint32_t *list, int64_t begin, int64_t end,
                       int64_t at)
{
	if (near->sparse)
		point_sparse(window, near, list, begin, end, at);
	else
		point_dense(window, near, list, begin, end, at);
}

static void point_received(tw_window *window, const tw_store *store, int64_t i, int64_t at, int64_t *cursor)
{
	size_t real = tw_real_size(store->data->precision), y = (size_t)store->data->outputs * real;
	int64_t *here = &cursor[owner_of(store, i)];
	const char *row = window->received + *here;
	*here += tw_store_bytes(store, i);
	window->index[at] = i;
	window->output[at] = row;
	if (!store->data->sparse) {
		window->dense[at] = row + y;
		return;
	}
	int32_t count = (int32_t)store->nonzero[i];
	window->sparse[at] = (tw_sparse_row){
	    .column = (const void *)(row + y + (size_t)count * real),
	    .value = row + y,
	    .count = count,
	};
}

static void point_batch(tw_window *window, const tw_store *store, const tw_batches *batches, int64_t b, int64_t at)
{
	int rank = tw_comm_rank(store->comm), ranks = tw_comm_size(store->comm);
	const uint32_t *list = list_of(batches, b);
	int64_t begin = tw_cut_begin(cut_of(batches, b), rank), end = tw_cut_end(cut_of(batches, b), rank);
	if (!store->exchanges) {
		point_near(window, store->near, list, begin, end, at);
		return;
	}
	int64_t *cursor = window->work + 2 * ranks, *own = cursor + ranks + 2 * b;
	int64_t own_begin = smaller(larger(own[0], begin), end), own_end = smaller(larger(own[1], own_begin), end);
	for (int64_t p = begin; p < own_begin; p++) point_received(window, store, index_at(list, p), at++, cursor);
	point_near(window, store->data, list, own_begin, own_end, at);
	at += own_end - own_begin;
	for (int64_t p = own_end; p < end; p++) point_received(window, store, index_at(list, p), at++, cursor);
}

tw_status tw_window_fill(tw_window *window, const tw_store *store, const tw_batches *batches)
{
	if (store->exchanges) TW_TRY(exchange(window, store, batches));
	int64_t count = tw_cut_count(batches->cut, tw_comm_rank(store->comm));
	for (int64_t b = 0; b < batches->batches; b++) point_batch(window, store, batches, b, b * count);
	return TW_OK;
}
