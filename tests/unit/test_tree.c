/* Chunks, ownership, the tree's nodes and the walk over leaves; the communicator of one process. */
#include "suite.h"

#include <thalweg/comm.h>

#include <stdlib.h>

/* The sum of node (level, index) by recursion, as the header defines it. */
static double node_sum(const double *leaf, int leaves, int level, int64_t index)
{
	if (level == 0) return leaf[index];
	double left = node_sum(leaf, leaves, level - 1, 2 * index);
	if ((2 * index + 1) << (level - 1) >= leaves) return left;
	return left + node_sum(leaf, leaves, level - 1, 2 * index + 1);
}

static int levels_of(int leaves)
{
	int level = 0;
	while ((1 << level) < leaves) level++;
	return level;
}

static double *make_leaves(int count)
{
	double *leaf = malloc(sizeof *leaf * (size_t)count);
	tw_random stream = {.seed = 3, .purpose = TW_RANDOM_TEST};
	for (int i = 0; i < count; i++) leaf[i] = tw_random_normal(stream, 0, (uint64_t)i) * pow(2, i % 7);
	return leaf;
}

static void test_chunks(void)
{
	const struct {
		int64_t size;
		int requested, count;
	} rule[] = {{0, 0, 1},   {1, 0, 1},     {50, 0, 1},     {64, 0, 2},  {255, 0, 7}, {256, 0, 8}, {511, 0, 8},
	            {512, 0, 8}, {1024, 0, 16}, {60000, 0, 64}, {100, 7, 7}, {3, 7, 3},   {0, 5, 1}};
	for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
		tw_chunks chunks = tw_chunks_of(rule[i].size, rule[i].requested);
		CU_ASSERT_EQUAL(chunks.count, rule[i].count);
		CU_ASSERT_EQUAL(tw_chunk_begin(chunks, 0), 0);
		CU_ASSERT_EQUAL(tw_chunk_begin(chunks, chunks.count), rule[i].size);
	}
}

/* The nodes cover the leaves without a gap, and no larger node would fit. */
static void test_nodes(void)
{
	for (int leaves = 1; leaves <= 40; leaves++) {
		for (int first = 0; first <= leaves; first++) {
			for (int last = first; last <= leaves; last++) {
				tw_tree tree;
				tw_tree_init(&tree, leaves, first, last);
				int64_t at = first, wrong = 0;
				for (int i = 0; i < tree.nodes; i++) {
					int level = tree.node[i].level;
					int64_t index = tree.node[i].index, end = (index + 1) << level;
					wrong += index << level != at;
					at = end < leaves ? end : leaves;
					int64_t parent_end = (index / 2 + 1) << (level + 1);
					if (parent_end > leaves) parent_end = leaves;
					bool parent_fits = index / 2 << (level + 1) >= first && parent_end <= last;
					wrong += level < levels_of(leaves) && parent_fits;
					wrong += level > levels_of(leaves);
				}
				CU_ASSERT_EQUAL(wrong, 0);
				CU_ASSERT_EQUAL(at, last);
			}
		}
	}
}

/* The walk with a stack leaves the sums of the nodes. */
static void test_walk(void)
{
	enum { MOST = 70 };
	double *leaf = make_leaves(MOST);
	for (int leaves = 1; leaves <= MOST; leaves++) {
		for (int first = 0; first <= leaves; first += 1 + first / 3) {
			for (int last = first; last <= leaves; last++) {
				tw_tree tree;
				tw_tree_init(&tree, leaves, first, last);
				double stack[MOST] = {0};
				int depth = 0, deepest = 0, wrong = 0;
				for (int c = first; c < last; c++) {
					stack[depth++] = leaf[c];
					if (depth > deepest) deepest = depth;
					for (int merges = tw_tree_merges(&tree, c); merges > 0; merges--, depth--) {
						stack[depth - 2] += stack[depth - 1];
					}
				}
				CU_ASSERT_EQUAL(depth, tree.nodes);
				CU_ASSERT_EQUAL(deepest, tw_tree_slots(&tree));
				for (int i = 0; i < tree.nodes; i++) {
					wrong += stack[i] != node_sum(leaf, leaves, tree.node[i].level, tree.node[i].index);
				}
				CU_ASSERT_EQUAL(wrong, 0);
			}
		}
	}
	free(leaf);
}

static void add_doubles(void *dst, const void *src, int64_t n)
{
	for (int64_t i = 0; i < n; i++) ((double *)dst)[i] += ((const double *)src)[i];
}

/* One process alone: every collective call works without MPI. */
static void test_self(void)
{
	tw_comm *self, *part;
	CHECK_OK(tw_comm_self(&self));
	CU_ASSERT_EQUAL(tw_comm_rank(self), 0);
	CU_ASSERT_EQUAL(tw_comm_size(self), 1);
	CU_ASSERT(strlen(tw_comm_library()) > 0);
	CHECK_OK(tw_comm_split(self, 3, &part));
	CU_ASSERT_EQUAL(tw_comm_size(part), 1);
	tw_comm_free(part);
	CU_ASSERT_EQUAL(tw_comm_split(self, -1, &part), TW_INTERNAL);

	tw_fail(TW_IO, "alone");
	CU_ASSERT_EQUAL(tw_comm_agree(self, TW_IO), TW_IO);
	CU_ASSERT_STRING_EQUAL(tw_message(), "alone");
	double value = 4, got = 0;
	int64_t integer = 5, bytes = sizeof value;
	CHECK_OK(tw_comm_broadcast(self, &value, sizeof value, 0));
	CHECK_OK(tw_comm_barrier(self));
	CHECK_OK(tw_comm_max_double(self, &value, 1));
	CHECK_OK(tw_comm_sum_integer(self, &integer, 1));
	CHECK_OK(tw_comm_gather_all(self, &value, sizeof value, &got));
	CU_ASSERT(value == 4 && integer == 5 && got == 4);
	got = 0;
	CHECK_OK(tw_comm_exchange(self, &value, &bytes, &got, &bytes));
	CU_ASSERT_EQUAL(got, 4);

	enum { LEAVES = 37 };
	double *leaf = make_leaves(LEAVES), sum;
	tw_chunks chunks = {.size = LEAVES, .count = LEAVES};
	CHECK_OK(tw_tree_sum(self, chunks, 1, leaf, &sum));
	CU_ASSERT_EQUAL(sum, node_sum(leaf, LEAVES, levels_of(LEAVES), 0));
	free(leaf);

	tw_tree tree;
	tw_tree_init(&tree, LEAVES, 0, LEAVES);
	double node[5] = {1, 2, 3, 4, 5}, result[5] = {0};
	void *nodes[1] = {node};
	for (int kind = TW_REDUCE_TREE; kind <= TW_REDUCE_PLAIN; kind++) {
		tw_reducer *reducer;
		CHECK_OK(tw_reducer_create(self, TW_DOUBLE, 5, (tw_reduction)kind, add_doubles, &reducer));
		memset(result, 0, sizeof result);
		CHECK_OK(tw_reducer_begin(reducer, &tree, 1, 3, nodes, result));
		CHECK_OK(tw_reducer_progress(reducer));
		CHECK_OK(tw_reducer_finish(reducer));
		CU_ASSERT(result[0] == 0 && result[1] == 2 && result[3] == 4 && result[4] == 0);
		CU_ASSERT_EQUAL(tw_reducer_begin(reducer, &tree, 3, 3, nodes, result), TW_INTERNAL);
		CU_ASSERT(tw_reducer_seconds(reducer) > 0);
		tw_reducer_free(reducer);
	}
	tw_comm_free(self);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"rule of chunks", test_chunks},
	    {"nodes of a range", test_nodes},
	    {"walk over leaves", test_walk},
	    {"communicator of one process", test_self},
	    CU_TEST_INFO_NULL,
	};
	return suite_run("tree", tests, 0) != 0;
}
