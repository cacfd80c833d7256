/* Every rank's shard against the same rows of the set loaded by one process alone. Ranks: 1 to 4. */
#include <thalweg/data.h>

#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

static tw_comm *comm, *self;
static char file[64];

/* A CSV file that all ranks read, written by rank 0. */
static void write_csv(int rows)
{
	if (tw_comm_rank(comm) == 0) {
		FILE *stream = fopen(file, "w");
		for (int i = 0; i < rows; i++) fprintf(stream, "%d,%.17g,0.1,%d\n", i, sin(i) * 1e3 + 1.0 / 3, (i * 7) % 5);
		fclose(stream);
	}
	CHECK_OK(tw_comm_barrier(comm));
}

static void compare(const tw_data *shard, const tw_data *whole)
{
	int64_t rank = tw_comm_rank(comm), size = tw_comm_size(comm), n = whole->observations;
	size_t real = tw_real_size(whole->precision), x = (size_t)whole->inputs * real, y = (size_t)whole->outputs * real;
	size_t local = (size_t)shard->local, first = (size_t)shard->first;
	CU_ASSERT_EQUAL(shard->observations, n);
	CU_ASSERT_EQUAL(shard->first, n * rank / size);
	CU_ASSERT_EQUAL_FATAL(shard->local, n * (rank + 1) / size - n * rank / size);
	CU_ASSERT_EQUAL_FATAL(shard->inputs, whole->inputs);
	CU_ASSERT_EQUAL(shard->classes, whole->classes);
	CU_ASSERT_EQUAL(shard->density, whole->density);
	CU_ASSERT_EQUAL_FATAL(shard->sparse, whole->sparse);
	CU_ASSERT_STRING_EQUAL(shard->description, whole->description);
	CU_ASSERT_EQUAL(memcmp(shard->output, (const char *)whole->output + first * y, local * y), 0);
	if (!shard->sparse) {
		CU_ASSERT_EQUAL(memcmp(shard->dense, (const char *)whole->dense + first * x, local * x), 0);
		return;
	}
	int64_t start = whole->row_start[first];
	size_t values = (size_t)shard->row_start[local];
	for (size_t i = 0; i <= local; i++) CU_ASSERT_EQUAL(shard->row_start[i], whole->row_start[first + i] - start);
	CU_ASSERT_EQUAL(memcmp(shard->column, whole->column + start, values * sizeof *shard->column), 0);
	CU_ASSERT_EQUAL(memcmp(shard->value, (const char *)whole->value + (size_t)start * real, values * real), 0);
}

static void check_options(const tw_data_options *options)
{
	tw_data *train, *test, *whole, *whole_test;
	CHECK_OK(tw_data_load(comm, options, &train, &test));
	CHECK_OK(tw_data_load(self, options, &whole, &whole_test));
	compare(train, whole);
	CU_ASSERT_EQUAL(!test, !whole_test);
	if (test) compare(test, whole_test);
	tw_data_free(train);
	tw_data_free(test);
	tw_data_free(whole);
	tw_data_free(whole_test);
}

static tw_data_options options_of(const char *preset)
{
	tw_data_options options;
	tw_data_defaults(&options);
	options.preset = preset;
	options.precision = TW_DOUBLE;
	return options;
}

/* Few observations too, so that some ranks have none. */
static void test_made(void)
{
	const char *const presets[] = {"linear", "teacher", "make_circles"};
	for (int p = 0; p < 3; p++)
		for (int64_t n = 1; n < 2000; n = n * 3 + 1) {
			tw_data_options options = options_of(presets[p]);
			options.observations = n;
			options.dimension = 70;
			options.storage = TW_STORAGE_SPARSE;
			options.scale_inputs = TW_SCALE_STANDARD;
			check_options(&options);
			options.storage = TW_STORAGE_DENSE;
			options.scale_inputs = TW_SCALE_RANGE;
			options.test_fraction = n > 3 ? 0.25 : 0;
			check_options(&options);
		}
}

static tw_data_options csv_options(char inputs[80], char outputs[80])
{
	tw_data_options options = options_of("none");
	snprintf(inputs, 80, "%s:0-2", file);
	snprintf(outputs, 80, "%s:3", file);
	options.source = "csv";
	options.inputs = inputs;
	options.outputs = outputs;
	options.header = false;
	return options;
}

static void test_csv(void)
{
	char inputs[80], outputs[80];
	tw_data_options options = csv_options(inputs, outputs);
	write_csv(5003);
	options.scale_inputs = TW_SCALE_STANDARD;
	check_options(&options);
	options.labels = true;
	check_options(&options);
	options.select_classes[0] = 3;
	options.select_classes[1] = 1;
	options.select_classes[2] = 4;
	options.select_class_count = 3;
	check_options(&options);
	CHECK_OK(tw_comm_barrier(comm));
}

/* What goes wrong on one rank is told by all of them. */
static void test_one_fails(void)
{
	char inputs[80], outputs[80];
	tw_data_options options = csv_options(inputs, outputs);
	tw_data *train, *test;
	write_csv(1000);
	bool last = tw_comm_rank(comm) == tw_comm_size(comm) - 1;
	if (last) options.inputs = "no_such_file";
	CU_ASSERT_EQUAL(tw_data_load(comm, &options, &train, &test), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "no_such_file"));
	CHECK_OK(tw_comm_barrier(comm));

	/* An error in the middle is met by the rank that reads the line. */
	if (tw_comm_rank(comm) == 0) {
		FILE *stream = fopen(file, "a");
		fprintf(stream, "1000,x,0.1,0\n");
		fclose(stream);
	}
	CHECK_OK(tw_comm_barrier(comm));
	options = csv_options(inputs, outputs);
	CU_ASSERT_EQUAL(tw_data_load(comm, &options, &train, &test), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "line 1001, field 2"));
	CU_ASSERT_PTR_NULL(train);

	/* Ranks that see different files. */
	if (tw_comm_size(comm) > 1) {
		options = options_of("linear");
		options.observations = last ? 10 : 11;
		CU_ASSERT_EQUAL(tw_data_load(comm, &options, &train, &test), TW_IO);
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "10 rows on one rank and 11 on another"));
	}
	CHECK_OK(tw_comm_barrier(comm));
}

static void test_fetched(void)
{
	const char *folder = getenv("THALWEG_DATA");
	char rows[4096];
	snprintf(rows, sizeof rows, "%s/thesis/california-rows-1000.txt", folder ? folder : "");
	if (!folder || access(rows, R_OK) != 0) {
		if (tw_comm_rank(comm) == 0) printf("(skipped: THALWEG_DATA names no reference data) ");
		return;
	}
	tw_data_options options = options_of("california");
	options.path = folder;
	check_options(&options);
	options.rows = rows;
	check_options(&options);
	options = options_of("mnist36");
	options.path = folder;
	options.precision = TW_FLOAT;
	check_options(&options);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"made sets", test_made},       {"csv", test_csv}, {"one rank fails", test_one_fails},
	    {"fetched sets", test_fetched}, CU_TEST_INFO_NULL,
	};
	if (tw_comm_world(&comm) != TW_OK || tw_comm_self(&self) != TW_OK) return 1;
	int64_t id = getpid();
	if (tw_comm_broadcast(comm, &id, sizeof id, 0) != TW_OK) return 1;
	snprintf(file, sizeof file, "/tmp/thalweg_data_mpi_%lld.csv", (long long)id);
	tw_log_setup(tw_comm_rank(comm), tw_comm_size(comm), true, false);
	int64_t failures = suite_run("data on ranks", tests, tw_comm_rank(comm) > 0);
	tw_status status = tw_comm_sum_integer(comm, &failures, 1);
	if (tw_comm_rank(comm) == 0) unlink(file);
	tw_comm_free(self);
	tw_comm_free(comm);
	return status != TW_OK || failures != 0;
}
