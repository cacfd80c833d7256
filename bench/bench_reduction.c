/* What the same bits on any layout cost: the tree sum of one vector a rank against a plain MPI_Allreduce in place, and
 * against the non-blocking plain reducer.
 *
 *     mpirun -n 2 bench_reduction [LEAVES]
 *
 * LEAVES (default: the number of ranks) sets the open nodes: one a rank where it is the number of ranks times a power
 * of two and the ranks are a power of two. The sums are timed in turn, in rounds; each figure is the median over rounds
 * of the slowest rank's time. */
#include <thalweg/comm.h>

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 41, KINDS = 3 };

typedef enum { TREE, PLAIN, ALLREDUCE } contender;

typedef struct {
	tw_comm *comm;
	tw_reducer *reducer[2]; /* by tw_reduction */
	tw_tree tree;
	float *vector[TW_TREE_NODES];
	int64_t size;
} bench;

static void add(void *dst, const void *src, int64_t n)
{
	float *restrict to = dst;
	const float *restrict from = src;
	for (int64_t i = 0; i < n; i++) to[i] += from[i];
}

static tw_status prepare(bench *b, int64_t size, int leaves)
{
	int rank = tw_comm_rank(b->comm), ranks = tw_comm_size(b->comm);
	tw_chunks chunks = {.size = leaves, .count = leaves};
	tw_tree_init(&b->tree, leaves, tw_chunk_first(chunks, rank, ranks), tw_chunk_first(chunks, rank + 1, ranks));
	b->size = size;
	for (int i = 0; i < TW_TREE_NODES; i++) b->vector[i] = NULL;
	tw_status status = TW_OK;
	for (int i = 0; i < (b->tree.nodes ? b->tree.nodes : 1) && status == TW_OK; i++) {
		status = tw_alloc_array((void **)&b->vector[i], size, sizeof(float), "a vector");
	}
	TW_TRY(tw_comm_agree(b->comm, status));
	for (int k = 0; k < 2; k++) {
		TW_TRY(tw_reducer_create(b->comm, TW_FLOAT, size, (tw_reduction)k, add, &b->reducer[k]));
	}
	return TW_OK;
}

static void clear(bench *b)
{
	for (int i = 0; i < TW_TREE_NODES; i++) tw_free(b->vector[i]);
	for (int k = 0; k < 2; k++) tw_reducer_free(b->reducer[k]);
}

static tw_status sum(bench *b, contender contender)
{
	if (contender == ALLREDUCE) {
		int code = MPI_Allreduce(MPI_IN_PLACE, b->vector[0], (int)b->size, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
		return code == MPI_SUCCESS ? TW_OK : tw_fail(TW_INTERNAL, "MPI_Allreduce failed");
	}
	tw_reducer *reducer = b->reducer[contender == TREE ? TW_REDUCE_TREE : TW_REDUCE_PLAIN];
	void *nodes[TW_TREE_NODES];
	for (int i = 0; i < b->tree.nodes; i++) nodes[i] = b->vector[i];
	TW_TRY(tw_reducer_begin(reducer, &b->tree, 0, b->size, nodes, b->vector[0]));
	return tw_reducer_finish(reducer);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Seconds of one sum by each contender. */
static tw_status measure(bench *b, double median[KINDS])
{
	double seconds[KINDS][ROUNDS];
	int repeats = (int)(2000000 / (b->size * 4 + 10000)) + 1;
	for (int round = -1; round < ROUNDS; round++) { /* the first is not counted */
		for (int k = 0; k < KINDS; k++) {
			TW_TRY(tw_comm_barrier(b->comm));
			double start = tw_now();
			for (int i = 0; i < repeats; i++) TW_TRY(sum(b, (contender)k));
			double spent = (tw_now() - start) / repeats;
			TW_TRY(tw_comm_max_double(b->comm, &spent, 1));
			if (round >= 0) seconds[k][round] = spent;
		}
	}
	for (int k = 0; k < KINDS; k++) {
		qsort(seconds[k], ROUNDS, sizeof seconds[k][0], compare);
		median[k] = seconds[k][ROUNDS / 2];
	}
	return TW_OK;
}

static tw_status run(tw_comm *comm, int leaves)
{
	const int64_t sizes[] = {1,     100,    650,    1000,   4000,    8256,    16000,  32000,
	                         64000, 109386, 200000, 500000, 1000000, 1863690, 4000000};
	bool speaks = tw_comm_rank(comm) == 0;
	if (speaks) printf("# %d ranks, %d leaves, %s\n", tw_comm_size(comm), leaves, tw_comm_library());
	if (speaks) printf("bytes,tree_seconds,plain_reducer_seconds,allreduce_seconds,tree_over_allreduce\n");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		bench b = {.comm = comm};
		double median[KINDS] = {0};
		tw_status status = prepare(&b, sizes[i], leaves);
		if (status == TW_OK) status = measure(&b, median);
		clear(&b);
		TW_TRY(status);
		if (!speaks) continue;
		printf("%lld,%.3g,%.3g,%.3g,%.3f\n", (long long)sizes[i] * 4, median[TREE], median[PLAIN], median[ALLREDUCE],
		       median[TREE] / median[ALLREDUCE]);
		fflush(stdout);
	}
	return TW_OK;
}

int main(int count, char **arguments)
{
	tw_comm *comm = NULL;
	tw_status status = tw_comm_world(&comm);
	if (status == TW_OK && tw_comm_size(comm) == 1) {
		status = tw_fail(TW_USAGE, "one rank has nothing to reduce: start with mpirun -n 2 bench_reduction");
	}
	int64_t leaves = comm ? tw_comm_size(comm) : 1;
	if (status == TW_OK && count > 1 && (!tw_parse_integer(arguments[1], &leaves) || leaves < 1 || leaves > 1 << 20)) {
		status = tw_fail(TW_USAGE, "'%s' is no number of leaves: give 1 to 1048576", arguments[1]);
	}
	if (status == TW_OK) status = run(comm, (int)leaves);
	if (status != TW_OK && (!comm || tw_comm_rank(comm) == 0)) fprintf(stderr, "bench_reduction: %s\n", tw_message());
	tw_comm_free(comm);
	return tw_exit_code(status);
}
