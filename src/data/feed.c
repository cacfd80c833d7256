#include "data/feed.h"

#include <string.h>

/* Rows pointed to at once: few, so that they stay in the cache, or more, so that exchanges are rare. */
enum { ROWS_NEAR = 4096, ROWS_EXCHANGED = 16384 };

struct tw_feed {
	tw_store store;
	int rank;
	bool whole; /* every batch is the whole set */
	int64_t batch;
	int chunks;
	int64_t steps_per_epoch;
	tw_order order;   /* unless whole */
	tw_cut cut, tail; /* of an ordinary batch, and of the last one in an epoch */
	int64_t ahead;    /* most batches in a window */
	tw_window window;
	int64_t first, last; /* steps in the window */
	bool ends_epoch;     /* its last batch is the tail */
	tw_batch all;        /* whole: the one batch, once made */
	tw_cut selected_cut; /* of tw_feed_select */
	tw_window selection;
	uint32_t *selected;
	double seconds;
};

static const char *const sampling_names[] = {
    [TW_SAMPLE_SHUFFLE] = "shuffle",
    [TW_SAMPLE_SHUFFLE_ONCE] = "shuffle_once",
    [TW_SAMPLE_UNIFORM] = "uniform",
};

const char *tw_sampling_name(int i)
{
	return i >= 0 && i < (int)(sizeof sampling_names / sizeof sampling_names[0]) ? sampling_names[i] : NULL;
}

/* ---- cuts ----------------------------------------------------------------------------------------------------- */

tw_status tw_cut_make(tw_cut *cut, int64_t size, int chunks, int ranks)
{
	tw_chunks cuts = tw_chunks_of(size, chunks);
	*cut = (tw_cut){.size = size, .chunks = cuts, .replicated = cuts.count == 1};
	TW_TRY(tw_alloc_array((void **)&cut->begin, ranks + 1, sizeof *cut->begin, "the parts of a batch"));
	for (int r = 0; r <= ranks; r++) cut->begin[r] = tw_chunk_begin(cuts, tw_chunk_first(cuts, r, ranks));
	return TW_OK;
}

void tw_cut_free(tw_cut *cut)
{
	tw_free(cut->begin);
	memset(cut, 0, sizeof *cut);
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

/* Local. */
static tw_status feed_prepare(tw_feed *feed, tw_sampling sampling, uint64_t seed, uint32_t run)
{
	int64_t n = feed->store.data->observations;
	int ranks = tw_comm_size(feed->store.comm);
	bool exact = feed->whole || sampling == TW_SAMPLE_UNIFORM;
	TW_TRY(tw_cut_make(&feed->cut, feed->batch, feed->chunks, ranks));
	TW_TRY(tw_cut_make(&feed->tail, exact ? feed->batch : n - (feed->steps_per_epoch - 1) * feed->batch, feed->chunks,
	                   ranks));
	int64_t rows = tw_cut_count(&feed->cut, feed->rank), tail = tw_cut_count(&feed->tail, feed->rank);
	/* The same on all ranks, so from the batch and not from this rank's part of it. */
	int64_t share = feed->cut.replicated ? feed->batch : (feed->batch + ranks - 1) / ranks;
	feed->ahead = (feed->store.exchanges ? ROWS_EXCHANGED : ROWS_NEAR) / share;
	if (feed->ahead > feed->steps_per_epoch && sampling != TW_SAMPLE_UNIFORM) feed->ahead = feed->steps_per_epoch;
	if (feed->ahead < 1 || feed->whole) feed->ahead = 1;
	/* A tail may be cut into fewer chunks, so that this rank has more of it than of an ordinary batch. */
	TW_TRY(tw_window_prepare(&feed->window, &feed->store, feed->ahead * rows + tail, feed->ahead));
	if (feed->whole) return TW_OK;
	TW_CHECK(n <= UINT32_MAX, TW_USAGE, "%lld observations are too many for mini-batches; use batch: all",
	         (long long)n);
	tw_order like = {
	    .sampling = sampling,
	    .n = n,
	    .batch = feed->batch,
	    .steps_per_epoch = feed->steps_per_epoch,
	    .ahead = feed->ahead,
	    .seed = seed,
	    .run = run,
	};
	return tw_order_create(&feed->order, &like);
}

tw_status tw_feed_create(tw_comm *comm, const tw_data *data, tw_sampling sampling, int64_t batch, int chunks,
                         uint64_t seed, uint32_t run, tw_feed **out)
{
	*out = NULL;
	TW_CHECK(batch >= 0, TW_USAGE, "a batch of %lld observations cannot be made; give 1 or more, or 0 for all",
	         (long long)batch);
	TW_CHECK(tw_sampling_name((int)sampling), TW_USAGE, "sampling %d is not known", (int)sampling);
	double start = tw_now();
	tw_feed *feed = NULL;
	TW_TRY(tw_comm_agree(comm, tw_alloc((void **)&feed, sizeof *feed, "a feed")));
	feed->rank = tw_comm_rank(comm);
	feed->whole = batch == 0 || batch >= data->observations;
	feed->batch = feed->whole ? data->observations : batch;
	feed->chunks = chunks;
	feed->steps_per_epoch = (data->observations + feed->batch - 1) / feed->batch;
	tw_status status = tw_store_create(&feed->store, comm, data);
	if (status == TW_OK) status = tw_comm_agree(comm, feed_prepare(feed, sampling, seed, run));
	if (status != TW_OK) {
		tw_feed_free(feed);
		return status;
	}
	feed->seconds = tw_now() - start;
	*out = feed;
	return TW_OK;
}

void tw_feed_free(tw_feed *feed)
{
	if (!feed) return;
	tw_window_free(&feed->window);
	tw_window_free(&feed->selection);
	tw_order_free(&feed->order);
	tw_cut_free(&feed->cut);
	tw_cut_free(&feed->tail);
	tw_cut_free(&feed->selected_cut);
	tw_free(feed->selected);
	tw_store_free(&feed->store);
	tw_free(feed);
}

int64_t tw_feed_steps_per_epoch(const tw_feed *feed) { return feed->steps_per_epoch; }

double tw_feed_seconds(tw_feed *feed)
{
	double seconds = feed->seconds;
	feed->seconds = 0;
	return seconds;
}

/* ---- batches -------------------------------------------------------------------------------------------------- */

/* Whether rows follow one another in memory: consecutive observations from one place. */
static bool is_contiguous(const tw_feed *feed, const tw_batch *batch)
{
	int64_t last = batch->count - 1;
	if (!batch->dense_rows) return false;
	if (last < 1) return true;
	if (batch->index[last] - batch->index[0] != last) return false;
	const tw_data *data = feed->store.data;
	int64_t real = (int64_t)tw_real_size(data->precision);
	const char *x = batch->dense_rows[0], *y = batch->output_rows[0];
	for (int64_t j = 1; j <= last; j++)
		if ((const char *)batch->dense_rows[j] != x + j * data->inputs * real ||
		    (const char *)batch->output_rows[j] != y + j * data->outputs * real)
			return false;
	return true;
}

static void batch_of(const tw_feed *feed, const tw_window *window, const tw_cut *cut, int64_t at, tw_batch *out)
{
	int rank = feed->rank, ranks = tw_comm_size(feed->store.comm);
	bool sparse = feed->store.data->sparse;
	out->chunks = cut->chunks;
	out->first_chunk = cut->replicated ? 0 : tw_chunk_first(cut->chunks, rank, ranks);
	out->last_chunk = cut->replicated ? 1 : tw_chunk_first(cut->chunks, rank + 1, ranks);
	out->replicated = cut->replicated;
	out->first = tw_cut_begin(cut, rank);
	out->count = tw_cut_end(cut, rank) - out->first;
	out->index = window->index + at;
	out->dense_rows = sparse ? NULL : window->dense + at;
	out->sparse_rows = sparse ? window->sparse + at : NULL;
	out->output_rows = window->output + at;
	out->contiguous = is_contiguous(feed, out);
}

/* Collective. Makes the one batch of all observations. */
static tw_status feed_all(tw_feed *feed)
{
	tw_batches batches = {.batches = 1, .cut = &feed->cut, .last = &feed->cut};
	TW_TRY(tw_window_fill(&feed->window, &feed->store, &batches));
	batch_of(feed, &feed->window, &feed->cut, 0, &feed->all);
	feed->last = 1;
	return TW_OK;
}

/* Collective. Makes a window that begins with a step. */
static tw_status feed_move(tw_feed *feed, int64_t step)
{
	tw_order *order = &feed->order;
	tw_order_prepare(order, step);
	int64_t left = order->last - step;
	tw_batches batches = {
	    .list = order->list + (step - order->first) * feed->batch,
	    .batches = left < feed->ahead ? left : feed->ahead,
	    .cut = &feed->cut,
	    .last = left <= feed->ahead ? &feed->tail : &feed->cut,
	};
	int64_t fit = tw_window_fit(&feed->window, &feed->store, &batches);
	if (fit < batches.batches) batches.last = &feed->cut;
	batches.batches = fit;
	feed->first = feed->last = 0;
	TW_TRY(tw_window_fill(&feed->window, &feed->store, &batches));
	feed->first = step;
	feed->last = step + fit;
	feed->ends_epoch = batches.last == &feed->tail;
	return TW_OK;
}

tw_status tw_feed_get(tw_feed *feed, int64_t step, tw_batch *out)
{
	if (feed->whole && feed->last) {
		*out = feed->all;
		return TW_OK;
	}
	if (step < feed->first || step >= feed->last) {
		TW_CHECK(step >= 0, TW_USAGE, "step %lld does not exist", (long long)step);
		double start = tw_now();
		tw_status status = feed->whole ? feed_all(feed) : feed_move(feed, step);
		feed->seconds += tw_now() - start;
		if (status != TW_OK) return status;
		if (feed->whole) {
			*out = feed->all;
			return TW_OK;
		}
	}
	bool tail = feed->ends_epoch && step == feed->last - 1;
	int64_t at = (step - feed->first) * tw_cut_count(&feed->cut, feed->rank);
	batch_of(feed, &feed->window, tail ? &feed->tail : &feed->cut, at, out);
	return TW_OK;
}

/* Local. Sorted indices, their cut, and room for their rows. */
static tw_status select_prepare(tw_feed *feed, const int64_t *index, int64_t count)
{
	int64_t n = feed->store.data->observations;
	tw_cut_free(&feed->selected_cut);
	tw_free(feed->selected);
	feed->selected = NULL;
	TW_CHECK(n <= UINT32_MAX, TW_USAGE, "%lld observations are too many to select from", (long long)n);
	TW_TRY(tw_alloc_array((void **)&feed->selected, 2 * count, sizeof *feed->selected, "a selection"));
	for (int64_t j = 0; j < count; j++) {
		TW_CHECK(index[j] >= 0 && index[j] < n, TW_USAGE, "observation %lld is outside the observations 0 to %lld",
		         (long long)index[j], (long long)n - 1);
		feed->selected[j] = (uint32_t)index[j];
	}
	tw_order_sort(feed->selected, feed->selected + count, count, n);
	TW_TRY(tw_cut_make(&feed->selected_cut, count, feed->chunks, tw_comm_size(feed->store.comm)));
	return tw_window_prepare(&feed->selection, &feed->store, tw_cut_count(&feed->selected_cut, feed->rank), 1);
}

tw_status tw_feed_select(tw_feed *feed, const int64_t *index, int64_t count, tw_batch *out)
{
	double start = tw_now();
	TW_CHECK(count >= 0, TW_USAGE, "a selection of %lld observations cannot be made", (long long)count);
	tw_status status = tw_comm_agree(feed->store.comm, select_prepare(feed, index, count));
	tw_batches batches = {
	    .list = feed->selected,
	    .batches = 1,
	    .cut = &feed->selected_cut,
	    .last = &feed->selected_cut,
	};
	if (status == TW_OK) status = tw_window_fill(&feed->selection, &feed->store, &batches);
	if (status == TW_OK) batch_of(feed, &feed->selection, &feed->selected_cut, 0, out);
	feed->seconds += tw_now() - start;
	return status;
}
