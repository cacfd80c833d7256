/* Peak memory of each rank while a large HDF5 data set is loaded and one shuffled epoch is fed in batches of 1024.
 *
 *   mpirun -n 2 bench_memory FILE.h5 [MIB]
 *
 * FILE.h5 is written first where it is not there: MIB (4096) of float rows, 1,000 inputs and 1 output each. Prints per
 * rank the shard and the peak, and the peak's share of the bound 1.5 x shard + 64 MiB. Exit code 1 above the bound. */
#include <thalweg/data.h>

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUTS = 1000, BLOCK = 1000, BATCH = 1024 };

static const double mib = 1024 * 1024;

static hid_t create_set(hid_t file, const char *name, hsize_t rows, hsize_t columns)
{
	hsize_t size[2] = {rows, columns};
	hid_t space = H5Screate_simple(2, size, NULL);
	hid_t set = H5Dcreate2(file, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	H5Sclose(space);
	return set;
}

static bool write_rows(hid_t set, hsize_t first, hsize_t count, hsize_t columns, const float *values)
{
	hsize_t start[2] = {first, 0}, size[2] = {count, columns};
	hid_t space = H5Dget_space(set), memory = H5Screate_simple(2, size, NULL);
	H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL);
	bool written = H5Dwrite(set, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, values) >= 0;
	H5Sclose(memory);
	H5Sclose(space);
	return written;
}

/* The first input of row i is i modulo 2^20, by which the feed's rows are checked. */
static float input_of(int64_t i, int64_t j) { return j == 0 ? (float)(i % (1 << 20)) : (float)((i + j) % 251 + 1); }

static tw_status write_file(const char *name, int64_t rows)
{
	static float x[BLOCK * INPUTS], y[BLOCK];
	hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	TW_CHECK(file >= 0, TW_IO, "%s: cannot be written", name);
	hid_t inputs = create_set(file, "x", (hsize_t)rows, INPUTS), outputs = create_set(file, "y", (hsize_t)rows, 1);
	bool written = true;
	for (int64_t first = 0; first < rows && written; first += BLOCK) {
		int64_t count = rows - first < BLOCK ? rows - first : BLOCK;
		for (int64_t i = 0; i < count; i++) {
			for (int64_t j = 0; j < INPUTS; j++) x[i * INPUTS + j] = input_of(first + i, j);
			y[i] = (float)((first + i) % 2);
		}
		written = write_rows(inputs, (hsize_t)first, (hsize_t)count, INPUTS, x) &&
		          write_rows(outputs, (hsize_t)first, (hsize_t)count, 1, y);
	}
	H5Dclose(inputs);
	H5Dclose(outputs);
	bool closed = H5Fclose(file) >= 0;
	TW_CHECK(written && closed, TW_IO, "%s: cannot be written; is the disk full?", name);
	return TW_OK;
}

/* One epoch; every row's first input must be that of its index. */
static tw_status feed_epoch(tw_comm *comm, const tw_data *data, double *seconds)
{
	tw_feed *feed;
	TW_TRY(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE, BATCH, 0, 1, 0, &feed));
	tw_status status = TW_OK;
	int64_t steps = tw_feed_steps_per_epoch(feed), rows = 0;
	for (int64_t step = 0; step < steps && status == TW_OK; step++) {
		tw_batch batch;
		status = tw_feed_get(feed, step, &batch);
		for (int64_t k = 0; k < batch.count && status == TW_OK; k++)
			if (*(const float *)batch.dense_rows[k] != input_of(batch.index[k], 0))
				status =
				    tw_fail(TW_INTERNAL, "the feed gave a wrong row for observation %lld", (long long)batch.index[k]);
		rows += batch.count;
	}
	*seconds = tw_feed_seconds(feed);
	tw_feed_free(feed);
	TW_TRY(tw_comm_agree(comm, status));
	TW_TRY(tw_comm_sum_integer(comm, &rows, 1));
	TW_CHECK(rows == data->observations, TW_INTERNAL, "an epoch had %lld rows", (long long)rows);
	return TW_OK;
}

/* Largest share of the bound over all ranks. */
static tw_status report(tw_comm *comm, const tw_data *data, double load_seconds, double feed_seconds, double *worst)
{
	double mine[4] = {(double)(data->local * (INPUTS + 1)) * sizeof(float), (double)tw_peak_memory(), load_seconds,
	                  feed_seconds};
	double *all;
	*worst = 0;
	TW_TRY(tw_alloc_array((void **)&all, tw_comm_size(comm), sizeof mine, "the report"));
	tw_status status = tw_comm_gather_all(comm, mine, sizeof mine, all);
	for (int r = 0; r < tw_comm_size(comm) && status == TW_OK; r++) {
		const double *rank = all + 4 * r;
		double bound = 1.5 * rank[0] + 64 * mib;
		if (rank[1] / bound > *worst) *worst = rank[1] / bound;
		if (tw_comm_rank(comm) == 0)
			printf("%4d %12.1f %12.1f %12.1f %8.3f %10.2f %10.3f\n", r, rank[0] / mib, rank[1] / mib, bound / mib,
			       rank[1] / bound, rank[2], rank[3]);
	}
	tw_free(all);
	return status;
}

static tw_status measure(tw_comm *comm, const char *name, double size, double *worst)
{
	int64_t rows = (int64_t)(size * mib / ((INPUTS + 1) * sizeof(float)));
	tw_status status = TW_OK;
	if (tw_comm_rank(comm) == 0 && access(name, F_OK) != 0) status = write_file(name, rows);
	TW_TRY(tw_comm_agree(comm, status));
	char inputs[4096], outputs[4096];
	snprintf(inputs, sizeof inputs, "%s:x", name);
	snprintf(outputs, sizeof outputs, "%s:y", name);
	tw_data_options options;
	tw_data_defaults(&options);
	options.preset = "none";
	options.source = "hdf5";
	options.inputs = inputs;
	options.outputs = outputs;
	tw_data *train, *test;
	double start = tw_now(), feed_seconds;
	TW_TRY(tw_data_load(comm, &options, &train, &test));
	double load_seconds = tw_now() - start;
	if (tw_comm_rank(comm) == 0)
		printf("%s\n%4s %12s %12s %12s %8s %10s %10s\n", train->description, "rank", "shard MiB", "peak MiB",
		       "bound MiB", "ratio", "load s", "feed s");
	status = feed_epoch(comm, train, &feed_seconds);
	if (status == TW_OK) status = report(comm, train, load_seconds, feed_seconds, worst);
	tw_data_free(train);
	return status;
}

int main(int count, char **argument)
{
	tw_comm *comm;
	double size = count > 2 ? 0 : 4096, worst = 0;
	if (tw_comm_world(&comm) != TW_OK) return 70;
	tw_status status = TW_OK;
	if (count < 2 || count > 3 || (count == 3 && (!tw_parse_real(argument[2], &size) || size < 1)))
		status = tw_fail(TW_USAGE, "usage: bench_memory FILE.h5 [MIB]");
	if (status == TW_OK) status = measure(comm, argument[1], size, &worst);
	if (status != TW_OK && tw_comm_rank(comm) == 0) fprintf(stderr, "bench_memory: %s\n", tw_message());
	tw_comm_free(comm);
	return status != TW_OK ? tw_exit_code(status) : worst > 1;
}
