/* The parts of the feed: which observations make each batch (order), and the rows of several batches in a row that this
 * rank computes (window). */
#ifndef THALWEG_DATA_FEED_H
#define THALWEG_DATA_FEED_H

#include <thalweg/data.h>

/* ---- order: the indices of each batch, the same on every rank ------------------------------------------------- */

typedef struct {
	tw_sampling sampling;
	int64_t n, batch;
	int64_t steps_per_epoch;
	int64_t ahead; /* uniform: batches drawn at once */
	uint64_t seed;
	uint32_t run;
	int64_t first, last; /* steps whose batches are in list */
	uint32_t *list;      /* `batch` indices a step, each batch sorted; step `first` begins it */
	uint32_t *position;  /* shuffles: place of each observation in the epoch */
	uint32_t *cursor;    /* shuffles: next free place of each batch; uniform: scratch to sort a batch */
} tw_order;

tw_status tw_order_create(tw_order *order, const tw_order *like);
void tw_order_free(tw_order *order);
/* Afterwards first <= step < last. */
void tw_order_prepare(tw_order *order, int64_t step);
/* Sorts count indices below n; scratch has room for as many. */
void tw_order_sort(uint32_t *index, uint32_t *scratch, int64_t count, int64_t n);

/* ---- cut: which part of a batch of one size is whose ----------------------------------------------------------- */

typedef struct {
	int64_t size;
	tw_chunks chunks;
	bool replicated; /* every rank computes all */
	int64_t *begin;  /* size of the communicator + 1: positions in the batch where each rank's part begins */
} tw_cut;

tw_status tw_cut_make(tw_cut *cut, int64_t size, int chunks, int ranks);
void tw_cut_free(tw_cut *cut);
static inline int64_t tw_cut_begin(const tw_cut *cut, int rank) { return cut->replicated ? 0 : cut->begin[rank]; }
static inline int64_t tw_cut_end(const tw_cut *cut, int rank)
{
	return cut->replicated ? cut->size : cut->begin[rank + 1];
}
static inline int64_t tw_cut_count(const tw_cut *cut, int rank)
{
	return tw_cut_end(cut, rank) - tw_cut_begin(cut, rank);
}

/* ---- store: rows by index --------------------------------------------------------------------------------------- */

typedef struct {
	tw_comm *comm;
	const tw_data *data; /* this rank's shard */
	tw_data *resident;   /* a copy of the whole set, when that is small; else NULL */
	const tw_data *near; /* resident or data: rows that are at hand */
	bool exchanges;      /* other rows come from their owners */
	uint32_t *nonzero;   /* sparse and exchanges: of every row of the set */
	int64_t row_bytes;   /* of a dense row on its way; sparse: the mean */
} tw_store;

/* Collective. */
tw_status tw_store_create(tw_store *store, tw_comm *comm, const tw_data *data);
void tw_store_free(tw_store *store);
/* Bytes of the row of observation i on its way to another rank, a multiple of 8. */
int64_t tw_store_bytes(const tw_store *store, int64_t i);
/* Writes the row of observation i, which this rank owns; returns the bytes written. */
int64_t tw_store_pack(const tw_store *store, int64_t i, char *out);

/* ---- window ------------------------------------------------------------------------------------------------------ */

/* Batches next to each other: all of the size of `cut`, the last one of that of `last`. list NULL: one batch of all
 * observations. */
typedef struct {
	const uint32_t *list;
	int64_t batches;
	const tw_cut *cut, *last;
} tw_batches;

/* This rank's rows of several batches, one batch after the other. */
typedef struct {
	int64_t capacity; /* rows */
	int64_t *index;
	const void **dense;
	tw_sparse_row *sparse;
	const void **output;
	char *sent, *received; /* rows on their way */
	int64_t sent_capacity, received_capacity;
	int64_t *work; /* counts by rank, and the part of each batch that this rank owns */
	int64_t work_capacity;
} tw_window;

/* How many of the batches fit into one window, at least 1: no rank receives more than its share of memory for rows. The
 * same on every rank. */
int64_t tw_window_fit(tw_window *window, const tw_store *store, const tw_batches *batches);
/* Collective where store->exchanges, else local. */
tw_status tw_window_fill(tw_window *window, const tw_store *store, const tw_batches *batches);
/* Local. Room for the counts that fit and fill need. */
tw_status tw_window_prepare(tw_window *window, const tw_store *store, int64_t rows, int64_t batches);
void tw_window_free(tw_window *window);

#endif
