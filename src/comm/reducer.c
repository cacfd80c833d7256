/* Sums over all ranks in the order of the tree.
 *
 * A small range goes in one round: every rank sends its open nodes to all others, and all add them up. A large range is
 * cut into one slice a rank: every rank sends slice s of its nodes to rank s, which adds them up and sends the sum to
 * all others. The bytes on the wire are those of an ordinary allreduce where every rank has one node. */
#include "comm/comm.h"
#include "comm/layout.h"
#include "comm/watch.h"

#include <string.h>

enum {
	MAX_RANGES = 64,         /* under way at once */
	SMALL_BYTES = 64 * 1024, /* of all nodes, up to which a range goes in one round */
	BLOCK_BYTES = 8 * 1024,  /* of each node, added up at a time: they stay in the caches */
	SLICE_ALIGNMENT = 16,    /* reals */
	PIECE_REALS = 1 << 27,   /* in a message: at most 1 GiB */
	TAGS = 1 << 14           /* MPI guarantees twice as many */
};

typedef enum { IDLE, GATHERING, SPREADING, SUMMING } phase;

/* A slice or block of a node, or of a sum of nodes. */
typedef struct {
	char *data;
	bool fixed; /* belongs to the caller */
} part;

/* One range under way. What it has allocated is kept for the next that takes its place. */
typedef struct {
	phase phase;
	bool one_round;
	int64_t count;
	char *result;     /* of the range */
	part *part, *sum; /* this rank's slice of every open node; partial sums of a block */
	int part_capacity;
	char *received;
	int64_t received_capacity; /* reals */
	MPI_Request *request;
	int requests, request_capacity;
	int tag;
} range;

struct tw_reducer {
	tw_comm *comm;
	MPI_Comm mpi; /* of its own: no message can be mistaken */
	tw_precision precision;
	MPI_Datatype type;
	int64_t size;
	size_t real_size;
	tw_reduction kind;
	void (*add)(void *dst, const void *src, int64_t n);
	tw_layout layout;
	range range[MAX_RANGES];
	int begun; /* ranges since the last finish */
	unsigned number;
	double seconds;
};

/* ---- slices and messages ------------------------------------------------------------------------------------- */

static int64_t slice_begin(const tw_reducer *reducer, int64_t count, int rank)
{
	int ranks = reducer->comm->size;
	if (rank == ranks) return count;
	return count / ranks * rank / SLICE_ALIGNMENT * SLICE_ALIGNMENT;
}

/* The elements that a rank adds up. */
static void find_slice(const tw_reducer *reducer, const range *range, int rank, int64_t *begin, int64_t *count)
{
	*begin = range->one_round ? 0 : slice_begin(reducer, range->count, rank);
	*count = (range->one_round ? range->count : slice_begin(reducer, range->count, rank + 1)) - *begin;
}

static int pieces_of(int64_t count) { return (int)((count + PIECE_REALS - 1) / PIECE_REALS); }

static tw_status send(tw_reducer *reducer, range *range, const char *data, int64_t count, int to)
{
	for (int64_t sent = 0; sent < count; sent += PIECE_REALS) {
		int n = (int)(count - sent < PIECE_REALS ? count - sent : PIECE_REALS);
		TW_MPI(MPI_Isend(data + (size_t)sent * reducer->real_size, n, reducer->type, to, range->tag, reducer->mpi,
		                 &range->request[range->requests++]));
	}
	return TW_OK;
}

static tw_status receive(tw_reducer *reducer, range *range, char *data, int64_t count, int from)
{
	for (int64_t received = 0; received < count; received += PIECE_REALS) {
		int n = (int)(count - received < PIECE_REALS ? count - received : PIECE_REALS);
		TW_MPI(MPI_Irecv(data + (size_t)received * reducer->real_size, n, reducer->type, from, range->tag, reducer->mpi,
		                 &range->request[range->requests++]));
	}
	return TW_OK;
}

/* ---- memory, which grows on all ranks at the same call ------------------------------------------------------- */

typedef struct {
	int64_t reals;
	int requests, parts;
} needs;

/* The most that any rank needs for this range. */
static needs find_needs(const tw_reducer *reducer, const range *range)
{
	const tw_layout *layout = &reducer->layout;
	needs most = {.parts = layout->nodes};
	for (int r = 0; r < layout->ranks; r++) {
		int own = tw_layout_count(layout, r), others = layout->nodes - own;
		int64_t begin, count;
		find_slice(reducer, range, r, &begin, &count);
		if (reducer->kind == TW_REDUCE_TREE && others * count > most.reals) most.reals = others * count;
		int messages = others + (own + 2) * (layout->ranks - 1);
		if (messages > most.requests) most.requests = messages;
	}
	most.requests *= pieces_of(range->count);
	return most;
}

static tw_status allocate(const tw_reducer *reducer, range *range, needs needed)
{
	tw_free(range->received);
	tw_free(range->request);
	tw_free(range->part);
	range->received = NULL;
	range->request = NULL;
	range->part = NULL;
	range->received_capacity = range->request_capacity = range->part_capacity = 0;
	TW_TRY(tw_alloc_array((void **)&range->received, needed.reals, reducer->real_size, "partial sums of other ranks"));
	TW_TRY(tw_alloc_array((void **)&range->request, needed.requests, sizeof *range->request, "messages of a sum"));
	TW_TRY(tw_alloc_array((void **)&range->part, 2 * needed.parts, sizeof *range->part, "parts of a sum"));
	range->sum = range->part + needed.parts;
	range->received_capacity = needed.reals;
	range->request_capacity = needed.requests;
	range->part_capacity = needed.parts;
	return TW_OK;
}

static tw_status reserve(tw_reducer *reducer, range *range)
{
	needs needed = find_needs(reducer, range);
	if (needed.reals <= range->received_capacity && needed.requests <= range->request_capacity &&
	    needed.parts <= range->part_capacity) {
		return TW_OK;
	}
	return tw_comm_agree(reducer->comm, allocate(reducer, range, needed));
}

/* ---- additions ----------------------------------------------------------------------------------------------- */

/* Adds two partial sums of n reals in the memory of one of them: in the result if that is one, never in the caller's
 * nodes. (a + b = b + a bit for bit.) */
static part add_parts(const tw_reducer *reducer, part left, part right, const char *result, int64_t n)
{
	bool into_right = right.data == result || (left.fixed && left.data != result);
	part into = into_right ? right : left, from = into_right ? left : right;
	reducer->add(into.data, from.data, n);
	return into;
}

static void add_block(const tw_reducer *reducer, range *range, char *result, size_t offset, int64_t n)
{
	const tw_layout *layout = &reducer->layout;
	for (int i = 0; i < layout->nodes; i++) {
		range->sum[i] = (part){range->part[i].data + offset, range->part[i].fixed};
	}
	for (int i = 0; i + 1 < layout->nodes; i++) {
		tw_merge merge = layout->merge[i];
		range->sum[merge.left] =
		    add_parts(reducer, range->sum[merge.left], range->sum[merge.right], result + offset, n);
	}
	if (range->sum[0].data != result + offset) {
		memcpy(result + offset, range->sum[0].data, (size_t)n * reducer->real_size);
	}
}

static void add_slice(const tw_reducer *reducer, range *range)
{
	int64_t begin, count, block = (int64_t)(BLOCK_BYTES / reducer->real_size);
	find_slice(reducer, range, reducer->comm->rank, &begin, &count);
	char *result = range->result + (size_t)begin * reducer->real_size;
	for (int64_t done = 0; done < count; done += block) {
		int64_t n = count - done < block ? count - done : block;
		add_block(reducer, range, result, (size_t)done * reducer->real_size, n);
	}
}

/* ---- the phases of a range ----------------------------------------------------------------------------------- */

static tw_status gather(tw_reducer *reducer, range *range, void *const *nodes, size_t offset)
{
	const tw_layout *layout = &reducer->layout;
	int rank = reducer->comm->rank, ranks = reducer->comm->size;
	int64_t begin, count;
	find_slice(reducer, range, rank, &begin, &count);
	char *free_space = range->received;
	for (int r = 0; r < ranks; r++) {
		for (int i = layout->first[r]; i < layout->first[r + 1]; i++) {
			if (r == rank) {
				char *node = nodes[i - layout->first[r]];
				range->part[i] = (part){node + offset + (size_t)begin * reducer->real_size, true};
			} else {
				range->part[i] = (part){free_space, false};
				TW_TRY(receive(reducer, range, free_space, count, r));
				free_space += (size_t)count * reducer->real_size;
			}
		}
	}
	for (int distance = 1; distance < ranks; distance++) {
		int to = (rank + distance) % ranks;
		find_slice(reducer, range, to, &begin, &count);
		for (int i = 0; i < tw_layout_count(layout, rank); i++) {
			const char *node = nodes[i];
			TW_TRY(send(reducer, range, node + offset + (size_t)begin * reducer->real_size, count, to));
		}
	}
	range->phase = GATHERING;
	return TW_OK;
}

static tw_status spread(tw_reducer *reducer, range *range)
{
	int rank = reducer->comm->rank, ranks = reducer->comm->size;
	int64_t own_begin, own_count, begin, count;
	find_slice(reducer, range, rank, &own_begin, &own_count);
	for (int distance = 1; distance < ranks; distance++) {
		int from = (rank - distance + ranks) % ranks;
		find_slice(reducer, range, from, &begin, &count);
		TW_TRY(receive(reducer, range, range->result + (size_t)begin * reducer->real_size, count, from));
	}
	for (int distance = 1; distance < ranks; distance++) {
		const char *sum = range->result + (size_t)own_begin * reducer->real_size;
		TW_TRY(send(reducer, range, sum, own_count, (rank + distance) % ranks));
	}
	range->phase = SPREADING;
	return TW_OK;
}

static tw_status sum_plainly(tw_reducer *reducer, range *range, const tw_tree *tree, void *const *nodes, size_t offset)
{
	size_t bytes = (size_t)range->count * reducer->real_size;
	if (tree->nodes == 0) memset(range->result, 0, bytes);
	for (int i = 0; i < tree->nodes; i++) {
		const char *node = (const char *)nodes[i] + offset;
		if (i > 0) {
			reducer->add(range->result, node, range->count);
		} else if (node != range->result) {
			memcpy(range->result, node, bytes);
		}
	}
	for (int64_t done = 0; done < range->count && reducer->comm->size > 1; done += PIECE_REALS) {
		int n = (int)(range->count - done < PIECE_REALS ? range->count - done : PIECE_REALS);
		TW_MPI(MPI_Iallreduce(MPI_IN_PLACE, range->result + (size_t)done * reducer->real_size, n, reducer->type,
		                      MPI_SUM, reducer->mpi, &range->request[range->requests++]));
	}
	range->phase = SUMMING;
	return TW_OK;
}

static tw_status advance(tw_reducer *reducer, range *range)
{
	int complete = range->requests == 0;
	if (!complete) TW_MPI(MPI_Testall(range->requests, range->request, &complete, MPI_STATUSES_IGNORE));
	if (!complete) return TW_OK;
	range->requests = 0;
	phase ended = range->phase;
	range->phase = IDLE;
	if (ended != GATHERING) return TW_OK;
	add_slice(reducer, range);
	return range->one_round ? TW_OK : spread(reducer, range);
}

static tw_status advance_all(tw_reducer *reducer, int *under_way)
{
	*under_way = 0;
	for (int i = 0; i < reducer->begun; i++) {
		range *range = &reducer->range[i];
		if (range->phase != IDLE) TW_TRY(advance(reducer, range));
		*under_way += range->phase != IDLE;
	}
	return TW_OK;
}

static tw_status advance_watched(tw_reducer *reducer)
{
	tw_watch_wait wait;
	tw_status status = TW_OK;
	tw_watch_begin(&wait, reducer->comm, "the sum");
	for (int under_way = reducer->begun; under_way > 0 && status == TW_OK;) {
		status = advance_all(reducer, &under_way);
		if (status == TW_OK) status = tw_watch_look(&wait);
	}
	tw_watch_end();
	return status;
}

static tw_status finish(tw_reducer *reducer)
{
	if (tw_watch_is_on && reducer->comm->size > 1) TW_TRY(advance_watched(reducer));
	for (int under_way = reducer->begun; under_way > 0;) TW_TRY(advance_all(reducer, &under_way));
	reducer->begun = 0;
	return TW_OK;
}

/* ---- the public calls ---------------------------------------------------------------------------------------- */

static tw_status use_layout(tw_reducer *reducer, int leaves)
{
	if (reducer->layout.leaves == leaves) return TW_OK;
	TW_TRY(finish(reducer)); /* the ranges under way use the old one */
	tw_layout_free(&reducer->layout);
	tw_status status = tw_comm_agree(reducer->comm, tw_layout_init(&reducer->layout, leaves, reducer->comm->size));
	if (status != TW_OK) tw_layout_free(&reducer->layout);
	return status;
}

static tw_status begin(tw_reducer *reducer, const tw_tree *tree, int64_t offset, int64_t count, void *const *nodes,
                       void *result)
{
	const tw_comm *comm = reducer->comm;
	tw_chunks chunks = {.size = tree->leaves, .count = tree->leaves};
	TW_CHECK(tree->leaves > 0 && tree->first == tw_chunk_first(chunks, comm->rank, comm->size) &&
	             tree->last == tw_chunk_first(chunks, comm->rank + 1, comm->size),
	         TW_INTERNAL, "leaves [%d, %d) of %d are not those of rank %d of %d", tree->first, tree->last, tree->leaves,
	         comm->rank, comm->size);
	TW_CHECK(offset >= 0 && count >= 0 && offset <= reducer->size - count, TW_INTERNAL,
	         "range of %lld reals at %lld exceeds the vector of %lld", (long long)count, (long long)offset,
	         (long long)reducer->size);
	TW_TRY(use_layout(reducer, tree->leaves));
	if (reducer->begun == MAX_RANGES) TW_TRY(finish(reducer));
	if (count == 0) return TW_OK;

	range *range = &reducer->range[reducer->begun];
	int64_t bytes = reducer->layout.nodes * count * (int64_t)reducer->real_size;
	size_t offset_bytes = (size_t)offset * reducer->real_size;
	range->one_round = comm->size == 1 || bytes <= SMALL_BYTES;
	range->count = count;
	range->result = (char *)result + offset_bytes;
	range->tag = (int)(reducer->number++ % TAGS);
	TW_TRY(reserve(reducer, range));
	reducer->begun++;
	if (reducer->kind == TW_REDUCE_PLAIN) return sum_plainly(reducer, range, tree, nodes, offset_bytes);
	return gather(reducer, range, nodes, offset_bytes);
}

static tw_status duplicate(const tw_comm *comm, MPI_Comm *mpi)
{
	TW_MPI(MPI_Comm_dup(comm->mpi, mpi));
	return TW_OK;
}

tw_status tw_reducer_create(tw_comm *comm, tw_precision precision, int64_t size, tw_reduction kind,
                            void (*add)(void *dst, const void *src, int64_t n), tw_reducer **out)
{
	TW_TRY(tw_comm_agree(comm, tw_alloc((void **)out, sizeof **out, "a reducer")));
	tw_reducer *reducer = *out;
	*reducer = (tw_reducer){
	    .comm = comm,
	    .mpi = MPI_COMM_NULL,
	    .precision = precision,
	    .type = precision == TW_FLOAT ? MPI_FLOAT : MPI_DOUBLE,
	    .size = size,
	    .real_size = tw_real_size(precision),
	    .kind = kind,
	    .add = add,
	};
	if (comm->size == 1) return TW_OK;
	tw_status status = duplicate(comm, &reducer->mpi);
	if (status == TW_OK) return TW_OK;
	tw_free(reducer);
	*out = NULL;
	return status;
}

void tw_reducer_free(tw_reducer *reducer)
{
	if (!reducer) return;
	for (int i = 0; i < MAX_RANGES; i++) {
		tw_free(reducer->range[i].part);
		tw_free(reducer->range[i].received);
		tw_free(reducer->range[i].request);
	}
	tw_layout_free(&reducer->layout);
	if (reducer->mpi != MPI_COMM_NULL && tw_comm_failure() == TW_OK) MPI_Comm_free(&reducer->mpi);
	tw_free(reducer);
}

tw_status tw_reducer_begin(tw_reducer *reducer, const tw_tree *tree, int64_t offset, int64_t count, void *const *nodes,
                           void *result)
{
	double start = tw_now();
	tw_status status = begin(reducer, tree, offset, count, nodes, result);
	reducer->seconds += tw_now() - start;
	return status;
}

tw_status tw_reducer_progress(tw_reducer *reducer)
{
	int under_way;
	double start = tw_now();
	tw_status status = advance_all(reducer, &under_way);
	reducer->seconds += tw_now() - start;
	return status;
}

tw_status tw_reducer_finish(tw_reducer *reducer)
{
	double start = tw_now();
	tw_status status = finish(reducer);
	reducer->seconds += tw_now() - start;
	return status;
}

double tw_reducer_seconds(tw_reducer *reducer)
{
	double seconds = reducer->seconds;
	reducer->seconds = 0;
	return seconds;
}
