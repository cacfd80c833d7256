/* The feed against serial references. Ranks: 1 to 4. */
#include <thalweg/data.h>

#include <stdlib.h>

#include "suite.h"

static tw_comm *comm;

/* Input j of observation i; some are 0, so that rows differ in length when sparse. */
static double input_of(int64_t i, int64_t j)
{
	return j == 0 ? (double)(i + 1) : (i * 31 + j * 17) % 7 < 2 ? (double)(i - j) : 0;
}
static double output_of(int64_t i, int64_t j) { return (double)(1000 * j - i); }

static tw_data *make_data(int64_t n, int64_t inputs, int64_t outputs, tw_storage storage, tw_precision precision)
{
	double *x = malloc((size_t)(n * inputs) * sizeof *x), *y = malloc((size_t)(n * outputs) * sizeof *y);
	for (int64_t i = 0; i < n; i++) {
		for (int64_t j = 0; j < inputs; j++) x[i * inputs + j] = input_of(i, j);
		for (int64_t j = 0; j < outputs; j++) y[i * outputs + j] = output_of(i, j);
	}
	tw_data *data;
	CHECK_OK(tw_data_from_arrays(comm, precision, n, inputs, outputs, 0, x, y, storage, &data));
	free(x);
	free(y);
	return data;
}

/* Wrong values in row k of a batch. */
static int64_t wrong_values(const tw_data *data, const tw_batch *batch, int64_t k)
{
	int64_t i = batch->index[k], wrong = 0, at = 0;
	for (int64_t j = 0; j < data->outputs; j++)
		wrong += tw_real_get(data->precision, batch->output_rows[k], j) != output_of(i, j);
	for (int64_t j = 0; j < data->inputs; j++) {
		double expected = input_of(i, j);
		if (batch->dense_rows) {
			wrong += tw_real_get(data->precision, batch->dense_rows[k], j) != expected;
		} else if (expected != 0) {
			const tw_sparse_row *row = &batch->sparse_rows[k];
			wrong +=
			    at >= row->count || row->column[at] != j || tw_real_get(data->precision, row->value, at) != expected;
			at++;
		}
	}
	return wrong + (batch->sparse_rows && batch->sparse_rows[k].count != at);
}

/* A batch against the indices that it must have as a whole: chunks, this rank's part, and rows. */
static int64_t wrong_batch(const tw_data *data, const tw_batch *batch, const int64_t *expected, int64_t size)
{
	int rank = tw_comm_rank(comm), ranks = tw_comm_size(comm);
	int64_t wrong = batch->chunks.size != size || batch->replicated != (batch->chunks.count == 1);
	int first = batch->replicated ? 0 : tw_chunk_first(batch->chunks, rank, ranks);
	int last = batch->replicated ? 1 : tw_chunk_first(batch->chunks, rank + 1, ranks);
	wrong += batch->first_chunk != first || batch->last_chunk != last;
	wrong += batch->first != tw_chunk_begin(batch->chunks, first);
	wrong += batch->first + batch->count != tw_chunk_begin(batch->chunks, last);
	if (wrong) return wrong;
	for (int64_t k = 0; k < batch->count; k++) {
		wrong += batch->index[k] != expected[batch->first + k];
		wrong += wrong_values(data, batch, k);
	}
	size_t real = tw_real_size(data->precision);
	for (int64_t k = 1; k < batch->count && batch->contiguous; k++) {
		wrong += (const char *)batch->dense_rows[k] !=
		         (const char *)batch->dense_rows[0] + (size_t)(k * data->inputs) * real;
		wrong += (const char *)batch->output_rows[k] !=
		         (const char *)batch->output_rows[0] + (size_t)(k * data->outputs) * real;
	}
	return wrong;
}

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return left < right ? -1 : left > right;
}

/* The definition, written down again: the sorted indices of a step's batch. Returns their number. */
static int64_t reference(tw_sampling sampling, int64_t n, int64_t batch, uint64_t seed, uint32_t run, int64_t step,
                         int64_t *out)
{
	int64_t count = 0, steps = (n + batch - 1) / batch;
	if (sampling == TW_SAMPLE_UNIFORM && batch < n) {
		tw_random stream = {.seed = seed, .purpose = TW_RANDOM_SAMPLE, .run = run};
		for (; count < batch; count++)
			out[count] = (int64_t)tw_random_below(stream, (uint64_t)step, (uint64_t)count, (uint64_t)n);
	} else {
		tw_random stream = {.seed = seed, .purpose = TW_RANDOM_SHUFFLE, .run = run};
		uint32_t *position = malloc((size_t)n * sizeof *position);
		int64_t epoch = sampling == TW_SAMPLE_SHUFFLE ? step / steps : 0;
		tw_random_permutation(stream, (uint64_t)epoch, (uint32_t)n, position);
		for (int64_t i = 0; i < n; i++)
			if (position[i] / batch == step % steps) out[count++] = i;
		free(position);
	}
	qsort(out, (size_t)count, sizeof *out, by_value);
	return count;
}

typedef struct {
	int64_t n, inputs, outputs, batch, steps;
	int chunks;
} problem;

static void check_problem(const problem *problem, tw_sampling sampling, tw_storage storage, tw_precision precision)
{
	tw_data *data = make_data(problem->n, problem->inputs, problem->outputs, storage, precision);
	int64_t batch = problem->batch == 0 || problem->batch > problem->n ? problem->n : problem->batch;
	int64_t *expected = malloc((size_t)batch * sizeof *expected), wrong = 0;
	tw_feed *feed;
	CHECK_OK(tw_feed_create(comm, data, sampling, problem->batch, problem->chunks, 5, 3, &feed));
	CU_ASSERT_EQUAL(tw_feed_steps_per_epoch(feed), (problem->n + batch - 1) / batch);
	for (int64_t k = 0; k < problem->steps; k++) {
		/* Steps one after the other, with a jump in the middle. */
		int64_t step = k < problem->steps / 2 ? k : k + 2 * problem->steps;
		tw_batch out;
		CHECK_OK(tw_feed_get(feed, step, &out));
		int64_t size = reference(sampling, problem->n, batch, 5, 3, step, expected);
		wrong += wrong_batch(data, &out, expected, size);
	}
	if (wrong)
		fprintf(stderr, "\n  n %ld, batch %ld, sampling %s, storage %d: %ld are wrong\n", (long)problem->n,
		        (long)problem->batch, tw_sampling_name((int)sampling), (int)storage, (long)wrong);
	CU_ASSERT_EQUAL(wrong, 0);
	tw_feed_free(feed);
	tw_data_free(data);
	free(expected);
}

static void check_everywhere(const problem *problem)
{
	for (int sampling = 0; tw_sampling_name(sampling); sampling++)
		for (int storage = TW_STORAGE_DENSE; storage <= TW_STORAGE_SPARSE; storage++)
			for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++)
				check_problem(problem, (tw_sampling)sampling, (tw_storage)storage, (tw_precision)precision);
}

/* Sets that are copied to every rank. */
static void test_small(void)
{
	const problem problems[] = {
	    {1, 3, 1, 1, 4, 0},      {2, 3, 1, 1, 9, 0},      {3, 1, 2, 0, 3, 0},     {7, 5, 1, 3, 20, 0},
	    {100, 2, 1, 100, 3, 0},  {100, 2, 1, 1000, 3, 0}, {101, 2, 1, 10, 60, 0}, {500, 3, 1, 130, 12, 0},
	    {500, 3, 1, 130, 12, 7}, {64, 3, 1, 20, 8, 20},
	};
	for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) check_everywhere(&problems[i]);
}

/* Sets whose rows are exchanged: more than 4 MiB. */
static void test_large(void)
{
	const problem problems[] = {
	    {4001, 600, 2, 64, 80, 0},  {4001, 600, 2, 1, 4100, 0}, {4001, 600, 2, 1500, 12, 0}, {4001, 600, 2, 0, 3, 0},
	    {4001, 600, 2, 333, 20, 5}, {3, 900000, 1, 2, 6, 2},    {2, 900000, 1, 1, 4, 0},
	};
	for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++)
		for (int sampling = 0; tw_sampling_name(sampling); sampling++) {
			check_problem(&problems[i], (tw_sampling)sampling, TW_STORAGE_DENSE, TW_FLOAT);
			check_problem(&problems[i], (tw_sampling)sampling, TW_STORAGE_SPARSE, TW_DOUBLE);
		}
}

/* One epoch of a shuffle has every observation once; two epochs differ unless shuffled once. */
static void test_epoch(void)
{
	enum { N = 997 };
	tw_data *data = make_data(N, 2, 1, TW_STORAGE_DENSE, TW_DOUBLE);
	for (int sampling = TW_SAMPLE_SHUFFLE; sampling <= TW_SAMPLE_SHUFFLE_ONCE; sampling++) {
		tw_feed *feed;
		CHECK_OK(tw_feed_create(comm, data, (tw_sampling)sampling, 50, 1, 1, 0, &feed));
		int64_t steps = tw_feed_steps_per_epoch(feed), seen[N] = {0}, moved = 0, place[N];
		for (int64_t step = 0; step < 2 * steps; step++) {
			tw_batch batch;
			CHECK_OK(tw_feed_get(feed, step, &batch));
			CU_ASSERT_TRUE(batch.replicated);
			for (int64_t k = 0; k < batch.count; k++) {
				seen[batch.index[k]]++;
				if (step >= steps) moved += place[batch.index[k]] != step % steps;
				place[batch.index[k]] = step % steps;
			}
		}
		for (int i = 0; i < N; i++) CU_ASSERT_EQUAL(seen[i], 2);
		CU_ASSERT(sampling == TW_SAMPLE_SHUFFLE ? moved > N / 2 : moved == 0);
		tw_feed_free(feed);
	}
	tw_data_free(data);
}

static void test_select(void)
{
	tw_data *data = make_data(5000, 300, 1, TW_STORAGE_DENSE, TW_FLOAT);
	tw_feed *feed;
	tw_batch batch, other;
	CHECK_OK(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE, 32, 0, 1, 0, &feed));
	CHECK_OK(tw_feed_get(feed, 0, &other));
	const int64_t counts[] = {0, 1, 5, 700, 5000};
	for (int c = 0; c < 5; c++) {
		int64_t *index = malloc((size_t)(counts[c] + 1) * sizeof *index);
		for (int64_t j = 0; j < counts[c]; j++) index[j] = (j * 4993 + 17 * (j % 2)) % 5000;
		CHECK_OK(tw_feed_select(feed, index, counts[c], &batch));
		qsort(index, (size_t)counts[c], sizeof *index, by_value);
		CU_ASSERT_EQUAL(wrong_batch(data, &batch, index, counts[c]), 0);
		free(index);
	}
	int64_t bad[2] = {3, 5000};
	CU_ASSERT_EQUAL(tw_feed_select(feed, bad, 2, &batch), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "observation 5000"));
	CU_ASSERT(tw_feed_seconds(feed) > 0);
	tw_feed_free(feed);
	CU_ASSERT_EQUAL(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE, -1, 0, 1, 0, &feed), TW_USAGE);
	tw_data_free(data);
}

/* The whole set is one piece of memory where a rank computes its own shard. */
static void test_contiguous(void)
{
	tw_data *data = make_data(4096, 400, 1, TW_STORAGE_DENSE, TW_FLOAT);
	tw_feed *feed;
	tw_batch batch;
	CHECK_OK(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE, 0, 0, 1, 0, &feed));
	CHECK_OK(tw_feed_get(feed, 0, &batch));
	if (tw_comm_size(comm) != 3) {
		CU_ASSERT_TRUE(batch.contiguous);
		CU_ASSERT_PTR_EQUAL(batch.dense_rows[0], data->dense);
	}
	tw_feed_free(feed);
	tw_data_free(data);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"small sets", test_small},  {"large sets", test_large},           {"epochs", test_epoch},
	    {"selections", test_select}, {"contiguous rows", test_contiguous}, CU_TEST_INFO_NULL,
	};
	if (tw_comm_world(&comm) != TW_OK) return 1;
	tw_log_setup(tw_comm_rank(comm), tw_comm_size(comm), true, false);
	int64_t failures = suite_run("feed", tests, tw_comm_rank(comm) > 0);
	tw_status status = tw_comm_sum_integer(comm, &failures, 1);
	tw_comm_free(comm);
	return status != TW_OK || failures != 0;
}
