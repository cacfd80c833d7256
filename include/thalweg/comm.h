/* thalweg/comm.h: ranks, agreement on status, exchange of rows, sums that have the same bits on any number of ranks.
 * Nothing else in thalweg calls MPI. */
#ifndef THALWEG_COMM_H
#define THALWEG_COMM_H

#include <thalweg/core.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tw_comm tw_comm;

/* Collective over all ranks started together. Initialises MPI (MPI_THREAD_SERIALIZED) when nobody has, unless the
 * environment shows that no launcher started this process: then it is alone, and MPI is left out. Errors of MPI return
 * as TW_INTERNAL, see tw_comm_failure. *out is freed by tw_comm_free, which also finalises MPI if this call initialised
 * it. */
tw_status tw_comm_world(tw_comm **out);
void tw_comm_free(tw_comm *comm);
/* A communicator of the calling process alone; makes no MPI call and works before, without or after MPI. */
tw_status tw_comm_self(tw_comm **out);
/* Collective. Ranks with the same color form a communicator of their own, ordered by rank. */
tw_status tw_comm_split(tw_comm *comm, int color, tw_comm **out);

int tw_comm_rank(const tw_comm *comm);
int tw_comm_size(const tw_comm *comm);
const char *tw_comm_library(void);      /* one line: MPI library and version */
const char *tw_comm_thread_level(void); /* "funneled", ... as granted */
/* TW_INTERNAL once this rank can do no more what the others wait for, since a call of MPI has failed here; with the
 * message of that failure, which names the rank. From then on no call of MPI is made here: what needs one returns this
 * status, freeing leaves MPI alone, and the job is to be ended with tw_comm_abort. Not collective. */
tw_status tw_comm_failure(void);
/* Collective over the world, once; turns the watch on: where a rank waits for others in a call of comm and one of them
 * is silent for `seconds`, neither waiting itself nor making any call of comm, one line names it, its host and what the
 * others wait at, followed by advice (borrowed for the life of comm), and the job ends with the exit code of TW_INTERNAL.
 * Until then results are the same, bit for bit. Ends with comm. */
tw_status tw_comm_watch(tw_comm *comm, double seconds, const char *advice);
/* The step that this process is at, for that line; -1: none. */
void tw_comm_watch_step(int64_t step);
/* Ends the job at once from any rank with this exit code; for failures that cannot be agreed on. */
void tw_comm_abort(tw_comm *comm, int exit_code) __attribute__((noreturn));

/* Collective. All ranks return the largest status; if it is not TW_OK, all ranks' tw_message() becomes that of the
 * lowest rank that has it, prefixed with "rank R: " where size > 1. */
tw_status tw_comm_agree(tw_comm *comm, tw_status status);
/* Collective: bytes of root to all. */
tw_status tw_comm_broadcast(tw_comm *comm, void *data, size_t bytes, int root);
tw_status tw_comm_barrier(tw_comm *comm);
/* Collective, in place. */
tw_status tw_comm_max_double(tw_comm *comm, double *values, int count);
tw_status tw_comm_sum_integer(tw_comm *comm, int64_t *values, int count);
/* Collective: bytes from every rank, in rank order, to all (each rank gives the same number). */
tw_status tw_comm_gather_all(tw_comm *comm, const void *mine, size_t bytes, void *all);
/* Collective: send_bytes[r] bytes from send (packed in rank order) go to rank r; receive_bytes[r] arrive from it,
 * packed in rank order. Counts are int64_t; parts over 1 GiB are sent in pieces. */
tw_status tw_comm_exchange(tw_comm *comm, const void *send, const int64_t *send_bytes, void *receive,
                           const int64_t *receive_bytes);

/* ---- chunks and the tree over them --------------------------------------------------------------------------- */

/* A batch of `size` observations is cut into `count` chunks, by a rule that does not know the layout. Chunk c is the
 * observations [tw_chunk_begin(c), tw_chunk_begin(c+1)) of the batch. Rank r of P owns the consecutive chunks
 * [tw_chunk_first(r), tw_chunk_first(r+1)). */
typedef struct {
	int64_t size;
	int count;
} tw_chunks;
static inline int64_t tw_chunk_begin(tw_chunks chunks, int c) { return chunks.size * c / chunks.count; }
static inline int tw_chunk_first(tw_chunks chunks, int rank, int ranks)
{
	return (int)(((int64_t)chunks.count * rank) / ranks);
}
/* requested 0: the automatic rule (size/32 chunks, at least 1, up to 8; size/64 from 512 observations on, at most 64);
 * else that many, at most size. An empty batch has one empty chunk. */
tw_chunks tw_chunks_of(int64_t size, int requested);

enum { TW_TREE_LEVELS = 24, TW_TREE_NODES = 2 * TW_TREE_LEVELS };
/* The fixed binary tree over leaves 0..leaves-1: node (level, i) covers leaves [i 2^level, (i+1) 2^level) cut at
 * `leaves`, and is the sum left + right of its two halves, or its left half alone where the right one is empty.
 * A tw_tree lists, from left to right, the largest nodes inside one rank's leaves [first, last). */
typedef struct {
	int leaves, first, last;
	int nodes;
	struct {
		int level, index;
	} node[TW_TREE_NODES];
} tw_tree;
void tw_tree_init(tw_tree *tree, int leaves, int first, int last);

/* Walk used to form a rank's nodes from its leaves in order, with a stack of partial sums: after leaf c has been put on
 * the stack (slot = depth before), merges = how many times the two topmost slots are to be added (slot[top-1] +=
 * slot[top]). At the end slot 0..nodes-1 hold the tree's nodes. Leaves that end the tree early are accounted for. */
int tw_tree_merges(const tw_tree *tree, int leaf);
/* Largest number of stack slots ever in use for this rank's leaves. */
int tw_tree_slots(const tw_tree *tree);

/* Sums in tree order over all ranks. A reducer is made once for a vector of `size` reals and used for many steps. */
typedef struct tw_reducer tw_reducer;
typedef enum {
	TW_REDUCE_TREE = 0, /* same bits on any number of ranks */
	TW_REDUCE_PLAIN     /* MPI_Allreduce of each rank's local sum: for comparison only */
} tw_reduction;

/* Collective. add(dst, src, n): dst[i] += src[i]; called from the thread that polls. */
tw_status tw_reducer_create(tw_comm *comm, tw_precision precision, int64_t size, tw_reduction kind,
                            void (*add)(void *dst, const void *src, int64_t n), tw_reducer **out);
void tw_reducer_free(tw_reducer *reducer);
/* Collective: all ranks begin the same ranges in the same order with trees of the same `leaves`. Starts the sum of
 * elements [offset, offset + count) of this rank's nodes (nodes[i] points to the whole vector of tree->node[i]; not
 * changed until finish) into the same elements of result (may be nodes[0]). A rank with no leaves passes nodes NULL.
 * Returns at once; tw_reducer_progress moves what is under way (non-blocking polling). */
tw_status tw_reducer_begin(tw_reducer *reducer, const tw_tree *tree, int64_t offset, int64_t count, void *const *nodes,
                           void *result);
tw_status tw_reducer_progress(tw_reducer *reducer);
/* Collective: returns when all ranges begun are complete in result. */
tw_status tw_reducer_finish(tw_reducer *reducer);
/* Seconds this rank has spent inside begin, progress and finish since the last call of this function. */
double tw_reducer_seconds(tw_reducer *reducer);

/* Collective: the tree sum of `count` doubles a leaf. mine holds this rank's leaves in order, count doubles each
 * (row-major leaf, value); out gets count sums, the same bits on all ranks of any layout. */
tw_status tw_tree_sum(tw_comm *comm, tw_chunks chunks, int count, const double *mine, double *out);

/* ---- work shared out, and mail to rank 0 ---------------------------------------------------------------------- */

/* Counters on rank 0 that every rank reaches one-sidedly, and messages from any rank to rank 0. Calls other than
 * create and free are not collective and may come from any thread where tw_comm_threads_may_call() (they take turns);
 * else from the main thread alone. One process needs no MPI for any of them. */
typedef struct tw_queue tw_queue;
/* Collective. `counters` counters, all zero. */
tw_status tw_queue_create(tw_comm *comm, int counters, tw_queue **out);
/* Collective: returns when no rank can reach the counters any more. Mail not received is dropped. */
void tw_queue_free(tw_queue *queue);
/* Fetch-and-add: *before is the counter's value before `amount` was added (0: just read it). */
tw_status tw_queue_add(tw_queue *queue, int counter, int64_t amount, int64_t *before);
/* Sends a copy of `size` bytes to rank 0 (rank 0 to itself too); returns at once. */
tw_status tw_queue_send(tw_queue *queue, const void *bytes, size_t size);
/* Rank 0: the next message that has arrived, from any rank, to be freed with tw_free; *bytes NULL: none is waiting. */
tw_status tw_queue_receive(tw_queue *queue, void **bytes, size_t *size);
/* Lets what is under way move on: every rank calls it (or any of the above) every few milliseconds. */
tw_status tw_queue_progress(tw_queue *queue);
/* Seconds that this rank's threads have spent inside these calls so far, summed over threads. */
double tw_queue_seconds(tw_queue *queue);
/* Whether any thread may make these calls (MPI_THREAD_SERIALIZED or more was granted, or MPI is not running). */
bool tw_comm_threads_may_call(void);

#ifdef __cplusplus
}
#endif
#endif
