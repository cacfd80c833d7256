/* Chunks, the fixed binary tree over them, and sums of a few numbers a leaf. */
#include "comm/watch.h"

#include <limits.h>
#include <string.h>

static int64_t clamp(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

tw_chunks tw_chunks_of(int64_t size, int requested)
{
	int64_t count = requested > 0 ? requested : size < 512 ? clamp(size / 32, 1, 8) : clamp(size / 64, 8, 64);
	return (tw_chunks){.size = size, .count = (int)clamp(count, 1, size > 1 ? size : 1)};
}

static int64_t node_end(int leaves, int level, int64_t index)
{
	int64_t end = (index + 1) << level;
	return end < leaves ? end : leaves;
}

/* The largest node that begins at leaf `begin` and ends at `last` at the latest. */
static int largest_level(int leaves, int begin, int last)
{
	int level = 0;
	while ((int64_t)1 << level < leaves && (begin >> level) % 2 == 0 &&
	       node_end(leaves, level + 1, begin >> (level + 1)) <= last) {
		level++;
	}
	return level;
}

void tw_tree_init(tw_tree *tree, int leaves, int first, int last)
{
	*tree = (tw_tree){.leaves = leaves, .first = first, .last = last};
	for (int begin = first; begin < last;) {
		int level = largest_level(leaves, begin, last), index = begin >> level;
		tree->node[tree->nodes].level = level;
		tree->node[tree->nodes].index = index;
		tree->nodes++;
		begin = (int)node_end(leaves, level, index);
	}
}

/* The partial sums of leaves [first, last) are the largest nodes inside: how many. */
static int partial_sums(int leaves, int first, int last)
{
	int sums = 0;
	for (int begin = first; begin < last; sums++) {
		int level = largest_level(leaves, begin, last);
		begin = (int)node_end(leaves, level, begin >> level);
	}
	return sums;
}

int tw_tree_merges(const tw_tree *tree, int leaf)
{
	int before = partial_sums(tree->leaves, tree->first, leaf);
	return before + 1 - partial_sums(tree->leaves, tree->first, leaf + 1);
}

int tw_tree_slots(const tw_tree *tree)
{
	int slots = 0, before = 0;
	for (int leaf = tree->first; leaf < tree->last; leaf++) {
		if (before + 1 > slots) slots = before + 1;
		before = partial_sums(tree->leaves, tree->first, leaf + 1);
	}
	return slots;
}

/* The workspace grows on all ranks at the same call. */
static tw_status grow_leaves(tw_comm *comm, int64_t needed)
{
	if (needed <= comm->leaves_capacity) return TW_OK;
	double *larger = NULL;
	int *counts = NULL;
	tw_status status = tw_alloc_array((void **)&larger, needed, sizeof *larger, "the leaves of a sum");
	if (status == TW_OK) status = tw_alloc_array((void **)&counts, 2 * comm->size, sizeof *counts, "counts of a sum");
	status = tw_comm_agree(comm, status);
	if (status != TW_OK) {
		tw_free(larger);
		tw_free(counts);
		return status;
	}
	tw_free(comm->leaves);
	tw_free(comm->counts);
	comm->leaves = larger;
	comm->counts = counts;
	comm->leaves_capacity = needed;
	return TW_OK;
}

static tw_status gather_leaves(tw_comm *comm, tw_chunks chunks, int count, const double *mine)
{
	int *counts = comm->counts, *begins = counts + comm->size;
	for (int r = 0; r < comm->size; r++) {
		begins[r] = tw_chunk_first(chunks, r, comm->size) * count;
		counts[r] = tw_chunk_first(chunks, r + 1, comm->size) * count - begins[r];
	}
	if (comm->size == 1) {
		memcpy(comm->leaves, mine, (size_t)counts[0] * sizeof *mine);
		return TW_OK;
	}
	TW_WATCHED(comm, "the sum of the costs", MPI_Allgatherv, MPI_Iallgatherv, mine, counts[comm->rank], MPI_DOUBLE,
	           comm->leaves, counts, begins, MPI_DOUBLE, comm->mpi);
	return TW_OK;
}

/* The stack of partial sums grows over leaves that have been added already. */
static void add_leaves(tw_comm *comm, tw_chunks chunks, int count, double *out)
{
	double *stack = comm->leaves, *top = stack;
	tw_tree tree = {.leaves = chunks.count, .first = 0, .last = chunks.count};
	for (int c = 0; c < chunks.count; c++) {
		memmove(top, comm->leaves + (size_t)c * (size_t)count, (size_t)count * sizeof *top);
		for (int merges = tw_tree_merges(&tree, c); merges > 0; merges--) {
			top -= count;
			for (int i = 0; i < count; i++) top[i] += top[count + i];
		}
		top += count;
	}
	memcpy(out, stack, (size_t)count * sizeof *out);
}

tw_status tw_tree_sum(tw_comm *comm, tw_chunks chunks, int count, const double *mine, double *out)
{
	int64_t total = (int64_t)chunks.count * count;
	TW_CHECK(count >= 0 && total <= INT_MAX, TW_INTERNAL, "a sum of %d numbers over %d leaves is too large", count,
	         chunks.count);
	if (total == 0) return TW_OK;
	/* Nothing to be summed, so nothing that could fail: several ranks may do this each for itself. */
	if (chunks.count == 1 && comm->size == 1) return memmove(out, mine, (size_t)count * sizeof *out), TW_OK;
	TW_TRY(grow_leaves(comm, total));
	TW_TRY(gather_leaves(comm, chunks, count, mine));
	add_leaves(comm, chunks, count, out);
	return TW_OK;
}
