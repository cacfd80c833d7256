/* Agreement, exchange, groups, and sums that have the bits of the serial tree on any number of ranks. */
#include "suite.h"

#include <thalweg/comm.h>

#include <stdlib.h>
#include <time.h>

static tw_comm *world;
static int rank, size;

static void *array(int64_t count, size_t bytes)
{
	void *out;
	CHECK_OK(tw_alloc_array(&out, count, bytes, "a test"));
	return out;
}

/* ---- the serial tree: an oracle by recursion, as the header defines it --------------------------------------- */

static tw_random stream = {.seed = 11, .purpose = TW_RANDOM_TEST};

/* Element i of a leaf, of a wide range of magnitudes so that the order of additions shows. */
static double leaf_value(int leaf, int64_t i)
{
	uint64_t bits[4];
	tw_random_block(stream, (uint64_t)leaf, (uint64_t)i, bits);
	return ldexp((double)(int64_t)bits[0] * 0x1p-63, (int)(bits[1] % 12));
}

static float node_float(int leaves, int level, int64_t index, int64_t i)
{
	if (level == 0) return (float)leaf_value((int)index, i);
	float left = node_float(leaves, level - 1, 2 * index, i);
	if ((2 * index + 1) << (level - 1) >= leaves) return left;
	return left + node_float(leaves, level - 1, 2 * index + 1, i);
}

static double node_double(int leaves, int level, int64_t index, int64_t i)
{
	if (level == 0) return leaf_value((int)index, i);
	double left = node_double(leaves, level - 1, 2 * index, i);
	if ((2 * index + 1) << (level - 1) >= leaves) return left;
	return left + node_double(leaves, level - 1, 2 * index + 1, i);
}

static double node_real(tw_precision precision, int leaves, int level, int64_t index, int64_t i)
{
	return precision == TW_FLOAT ? (double)node_float(leaves, level, index, i) : node_double(leaves, level, index, i);
}

static int levels_of(int leaves)
{
	int level = 0;
	while ((1 << level) < leaves) level++;
	return level;
}

static void add_floats(void *dst, const void *src, int64_t n)
{
	for (int64_t i = 0; i < n; i++) ((float *)dst)[i] += ((const float *)src)[i];
}

static void add_doubles(void *dst, const void *src, int64_t n)
{
	for (int64_t i = 0; i < n; i++) ((double *)dst)[i] += ((const double *)src)[i];
}

/* ---- one sum: a vector cut into ranges, each begun in turn --------------------------------------------------- */

typedef struct {
	tw_precision precision;
	int64_t size, count; /* of the vector; of the elements summed, from `offset` on */
	int64_t offset;
	int leaves, ranges;
	bool in_place; /* into the first node */
} sum_case;

static tw_reducer *make_reducer(const sum_case *c, tw_reduction kind)
{
	tw_reducer *reducer;
	CHECK_OK(tw_reducer_create(world, c->precision, c->size, kind, c->precision == TW_FLOAT ? add_floats : add_doubles,
	                           &reducer));
	return reducer;
}

static void fill_nodes(const sum_case *c, const tw_tree *tree, void **nodes)
{
	for (int n = 0; n < tree->nodes; n++) {
		nodes[n] = array(c->size, tw_real_size(c->precision));
		for (int64_t i = 0; i < c->size; i++) {
			double x = node_real(c->precision, c->leaves, tree->node[n].level, tree->node[n].index, i);
			tw_real_set(c->precision, nodes[n], i, x);
		}
	}
}

/* Elements that differ from the oracle by more than tolerance times the sum of magnitudes; outside the range, that have
 * been touched. */
static int64_t count_wrong(const sum_case *c, const void *result, double tolerance)
{
	int64_t wrong = 0;
	for (int64_t i = 0; i < c->size; i++) {
		double x = tw_real_get(c->precision, result, i);
		if (i < c->offset || i >= c->offset + c->count) {
			wrong += !c->in_place && x != 0;
			continue;
		}
		double expected = node_real(c->precision, c->leaves, levels_of(c->leaves), 0, i), magnitude = 0;
		for (int leaf = 0; leaf < c->leaves; leaf++) magnitude += fabs(leaf_value(leaf, i));
		wrong += !(fabs(x - expected) <= tolerance * magnitude);
	}
	return wrong;
}

static void check_sum(tw_reducer *reducer, const sum_case *c, double tolerance)
{
	tw_chunks chunks = {.size = c->leaves, .count = c->leaves};
	tw_tree tree;
	tw_tree_init(&tree, c->leaves, tw_chunk_first(chunks, rank, size), tw_chunk_first(chunks, rank + 1, size));
	void *nodes[TW_TREE_NODES], *own = array(c->size, tw_real_size(c->precision));
	fill_nodes(c, &tree, nodes);
	void *result = c->in_place && tree.nodes > 0 ? nodes[0] : own;
	for (int r = c->ranges - 1; r >= 0; r--) {
		int64_t begin = c->count * r / c->ranges, end = c->count * (r + 1) / c->ranges;
		CHECK_OK(tw_reducer_begin(reducer, &tree, c->offset + begin, end - begin, tree.nodes ? nodes : NULL, result));
		CHECK_OK(tw_reducer_progress(reducer));
	}
	CHECK_OK(tw_reducer_finish(reducer));
	CU_ASSERT_EQUAL(count_wrong(c, result, tolerance), 0);
	if (!c->in_place && tolerance == 0) { /* the nodes are as they were */
		for (int n = 0; n < tree.nodes; n++) {
			double x = node_real(c->precision, c->leaves, tree.node[n].level, tree.node[n].index, c->size - 1);
			CU_ASSERT_EQUAL(tw_real_get(c->precision, nodes[n], c->size - 1), x);
		}
	}
	for (int n = 0; n < tree.nodes; n++) tw_free(nodes[n]);
	tw_free(own);
}

static void test_small_sums(void)
{
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++) {
		sum_case c = {.precision = (tw_precision)precision, .size = 37, .count = 30, .offset = 5};
		tw_reducer *reducer = make_reducer(&c, TW_REDUCE_TREE);
		for (c.leaves = 1; c.leaves <= 40; c.leaves++) {
			for (int k = 0; k < 4; k++) {
				c.in_place = k & 1;
				c.ranges = k & 2 ? 4 : 1;
				check_sum(reducer, &c, 0);
			}
		}
		CU_ASSERT(tw_reducer_seconds(reducer) > 0);
		CU_ASSERT_EQUAL(tw_reducer_seconds(reducer), 0);
		tw_reducer_free(reducer);
	}
}

/* Sizes beyond one round, and ranges of both kinds at once. */
static void test_large_sums(void)
{
	sum_case c = {.precision = TW_FLOAT, .size = 5003, .count = 5000, .offset = 1};
	tw_reducer *reducer = make_reducer(&c, TW_REDUCE_TREE);
	for (c.leaves = 1; c.leaves <= 40; c.leaves++) {
		c.in_place = c.leaves % 2;
		c.ranges = 1 + c.leaves % 3;
		check_sum(reducer, &c, 0);
	}
	tw_reducer_free(reducer);
	c = (sum_case){.precision = TW_DOUBLE, .size = 120001, .count = 120001, .leaves = 7, .ranges = 1, .in_place = true};
	reducer = make_reducer(&c, TW_REDUCE_TREE);
	check_sum(reducer, &c, 0);
	c.in_place = false;
	c.ranges = 100; /* more than can be under way */
	check_sum(reducer, &c, 0);
	tw_reducer_free(reducer);
}

static void test_plain_sums(void)
{
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++) {
		sum_case c = {.precision = (tw_precision)precision, .size = 300, .count = 290, .offset = 7, .ranges = 2};
		tw_reducer *reducer = make_reducer(&c, TW_REDUCE_PLAIN);
		for (c.leaves = 1; c.leaves <= 40; c.leaves++) {
			c.in_place = c.leaves % 2;
			check_sum(reducer, &c, precision == TW_FLOAT ? 1e-5 : 1e-14);
		}
		tw_reducer_free(reducer);
	}
}

static void test_tree_sum(void)
{
	const int leaf_counts[] = {1, 2, 3, 5, 7, 12, 31, 40, 64, 1000};
	for (size_t k = 0; k < sizeof leaf_counts / sizeof *leaf_counts; k++) {
		int leaves = leaf_counts[k];
		tw_chunks chunks = {.size = 10 * leaves, .count = leaves};
		int first = tw_chunk_first(chunks, rank, size), last = tw_chunk_first(chunks, rank + 1, size);
		enum { COUNT = 3 };
		double *mine = array(last - first, COUNT * sizeof *mine), out[COUNT];
		for (int c = first; c < last; c++) {
			for (int i = 0; i < COUNT; i++) mine[(c - first) * COUNT + i] = leaf_value(c, i);
		}
		CHECK_OK(tw_tree_sum(world, chunks, COUNT, last > first ? mine : NULL, out));
		for (int i = 0; i < COUNT; i++) CU_ASSERT_EQUAL(out[i], node_double(leaves, levels_of(leaves), 0, i));
		tw_free(mine);
	}
}

/* ---- status and data ----------------------------------------------------------------------------------------- */

static void test_agree(void)
{
	CHECK_OK(tw_comm_agree(world, TW_OK));
	for (int failing = 0; failing < size; failing++) {
		tw_status mine = rank == failing ? tw_fail(TW_IO, "file %d is gone", failing) : TW_OK;
		CU_ASSERT_EQUAL(tw_comm_agree(world, mine), TW_IO);
		char expected[64], prefix[32] = "";
		if (size > 1) snprintf(prefix, sizeof prefix, "rank %d: ", failing);
		snprintf(expected, sizeof expected, "%sfile %d is gone", prefix, failing);
		CU_ASSERT_STRING_EQUAL(tw_message(), expected);
		CU_ASSERT_EQUAL(tw_comm_agree(world, TW_IO), TW_IO); /* agreed on again: still that rank's */
		CU_ASSERT_STRING_EQUAL(tw_message(), expected);
	}
	tw_fail(TW_USAGE, "rank %d fails", rank);
	CU_ASSERT_EQUAL(tw_comm_agree(world, rank == 0 ? TW_USAGE : TW_INTERNAL), size > 1 ? TW_INTERNAL : TW_USAGE);
	if (size > 1) CU_ASSERT_STRING_EQUAL(tw_message(), "rank 1: rank 1 fails");
}

static void test_reductions(void)
{
	double values[2] = {rank, -rank};
	int64_t integers[2] = {1, (int64_t)1 << 40};
	char text[8] = "";
	int *ranks = array(size, sizeof *ranks), in_order = 0;
	CHECK_OK(tw_comm_max_double(world, values, 2));
	CU_ASSERT(values[0] == size - 1 && values[1] == 0);
	CHECK_OK(tw_comm_sum_integer(world, integers, 2));
	CU_ASSERT(integers[0] == size && integers[1] == (int64_t)size << 40);
	if (rank == size - 1) strcpy(text, "thalweg");
	CHECK_OK(tw_comm_broadcast(world, text, sizeof text, size - 1));
	CU_ASSERT_STRING_EQUAL(text, "thalweg");
	CHECK_OK(tw_comm_gather_all(world, &rank, sizeof rank, ranks));
	for (int r = 0; r < size; r++) in_order += ranks[r] == r;
	CU_ASSERT_EQUAL(in_order, size);
	CHECK_OK(tw_comm_barrier(world));
	tw_free(ranks);
}

/* Rank s sends r s + (r + s) mod 3 blocks to rank r, some of them none. */
static int64_t bytes_between(int from, int to, int64_t block) { return (from * to + (from + to) % 3) * block; }

static unsigned char byte_between(int from, int to, int64_t i) { return (unsigned char)(7 * from + 31 * to + i); }

static void check_exchange(int64_t block)
{
	int64_t *send_bytes = array(size, sizeof *send_bytes), *receive_bytes = array(size, sizeof *receive_bytes);
	int64_t sent = 0, received = 0, wrong = 0;
	for (int r = 0; r < size; r++) {
		sent += send_bytes[r] = bytes_between(rank, r, block);
		received += receive_bytes[r] = bytes_between(r, rank, block);
	}
	unsigned char *send = array(sent, 1), *receive = array(received, 1), *byte = send;
	for (int r = 0; r < size; r++) {
		for (int64_t i = 0; i < send_bytes[r]; i++) *byte++ = byte_between(rank, r, i);
	}
	CHECK_OK(tw_comm_exchange(world, send, send_bytes, receive, receive_bytes));
	byte = receive;
	for (int r = 0; r < size; r++) {
		for (int64_t i = 0; i < receive_bytes[r]; i++) wrong += *byte++ != byte_between(r, rank, i);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	tw_free(send);
	tw_free(receive);
	tw_free(send_bytes);
	tw_free(receive_bytes);
}

static void test_exchange(void)
{
	check_exchange(0);
	check_exchange(1);
	check_exchange(1000003);
}

static void test_split(void)
{
	tw_comm *group;
	CHECK_OK(tw_comm_split(world, rank % 2, &group));
	CU_ASSERT_EQUAL(tw_comm_rank(group), rank / 2);
	CU_ASSERT_EQUAL(tw_comm_size(group), (size + 1 - rank % 2) / 2);
	int64_t ranks = rank, expected = 0;
	for (int r = rank % 2; r < size; r += 2) expected += r;
	CHECK_OK(tw_comm_sum_integer(group, &ranks, 1));
	CU_ASSERT_EQUAL(ranks, expected);
	tw_comm_free(group);
	if (rank == size - 1) {
		CU_ASSERT_EQUAL(tw_comm_split(world, -1, &group), TW_INTERNAL);
	} else {
		CU_ASSERT_EQUAL(tw_comm_split(world, 0, &group), TW_INTERNAL);
	}
}

/* Where the ranks are watched they ask after the one that is late, one after the other. */
static void test_late_ranks(void)
{
	const struct timespec pause = {.tv_nsec = 400000000};
	for (int late = 0; late < size && late < 2; late++) {
		int64_t ranks = 1;
		if (rank == late) nanosleep(&pause, NULL);
		CHECK_OK(tw_comm_sum_integer(world, &ranks, 1));
		CU_ASSERT_EQUAL(ranks, size);
	}
}

int main(void)
{
	if (tw_comm_world(&world) != TW_OK) {
		fprintf(stderr, "%s\n", tw_message());
		return 1;
	}
	rank = tw_comm_rank(world);
	size = tw_comm_size(world);
	CU_TestInfo tests[] = {
	    {"agreement on status", test_agree},
	    {"reductions, broadcast, gather", test_reductions},
	    {"exchange", test_exchange},
	    {"groups", test_split},
	    {"ranks that are late", test_late_ranks},
	    {"sums of small ranges", test_small_sums},
	    {"sums of large ranges", test_large_sums},
	    {"plain sums", test_plain_sums},
	    {"sums of a few numbers a leaf", test_tree_sum},
	    CU_TEST_INFO_NULL,
	};
	int64_t failed = suite_run("comm", tests, rank > 0) != 0;
	/* All of it again with the watch on, but for what takes long and is the same polling either way. */
	CU_TestInfo watched[] = {tests[0], tests[1], tests[2], tests[3], tests[4], tests[5], tests[8], CU_TEST_INFO_NULL};
	failed = tw_comm_watch(world, 100, "") != TW_OK || suite_run("comm, watched", watched, rank > 0) != 0 || failed;
	tw_status status = tw_comm_sum_integer(world, &failed, 1);
	tw_comm_free(world);
	return status != TW_OK || failed;
}
