/* Files of every format, written here and read back, and what is wrong with damaged ones. */
#include <thalweg/data.h>

#include <hdf5.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "suite.h"

enum { ROWS = 37, INPUTS = 6 };

static tw_comm *comm;
static char folder[] = "/tmp/thalweg_files_XXXXXX";
static char name[4][4096];

/* A path in the folder of this test; slot: one of four that stay valid. */
static const char *path(int slot, const char *file)
{
	snprintf(name[slot], sizeof name[slot], "%s/%s", folder, file);
	return name[slot];
}

static double value_of(int row, int column) { return (row * 7 + column * 3) % 101; }

static void write_bytes(const char *file, const void *bytes, size_t size)
{
	FILE *stream = fopen(path(3, file), "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, size, stream), size);
	fclose(stream);
}

static void write_text(const char *file, const char *text) { write_bytes(file, text, strlen(text)); }

static tw_data_options options_of(const char *source, const char *inputs, const char *outputs)
{
	tw_data_options options;
	tw_data_defaults(&options);
	options.preset = "none";
	options.source = source;
	options.inputs = path(0, inputs);
	options.outputs = path(1, outputs);
	options.precision = TW_DOUBLE;
	return options;
}

static void check_options(const tw_data_options *options, int inputs)
{
	tw_data *data, *test;
	CHECK_OK(tw_data_load(comm, options, &data, &test));
	CU_ASSERT_EQUAL_FATAL(data->observations, ROWS);
	CU_ASSERT_EQUAL_FATAL(data->inputs, inputs);
	CU_ASSERT_EQUAL_FATAL(data->outputs, 1);
	int different = 0;
	for (int i = 0; i < ROWS; i++) {
		for (int j = 0; j < inputs; j++) different += ((double *)data->dense)[i * inputs + j] != value_of(i, j);
		different += ((double *)data->output)[i] != value_of(i, INPUTS);
	}
	CU_ASSERT_EQUAL(different, 0);
	CU_ASSERT_PTR_NULL(test);
	tw_data_free(data);
}

static void fails_with(const tw_data_options *options, tw_status status, const char *text)
{
	tw_data *data = NULL, *test = NULL;
	tw_status got = tw_data_load(comm, options, &data, &test);
	if (got != status || !strstr(tw_message(), text))
		fprintf(stderr, "\n  '%s' is not in '%s'\n", text, got == TW_OK ? "" : tw_message());
	CU_ASSERT_EQUAL(got, status);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), text));
	CU_ASSERT_PTR_NULL(strchr(tw_message(), '\n'));
	tw_data_free(data);
	tw_data_free(test);
}

/* ---- csv ------------------------------------------------------------------------------------------------------- */

static void write_csv(const char *file, const char *end, int names, int final_end)
{
	FILE *stream = fopen(path(3, file), "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	for (int j = 0; j <= INPUTS && names; j++) fprintf(stream, "%sx-%d%s", j ? "," : "", j, j == INPUTS ? end : "");
	for (int i = 0; i < ROWS; i++)
		for (int j = 0; j <= INPUTS; j++)
			fprintf(stream, "%s%g%s", j ? ", " : "", value_of(i, j),
			        j == INPUTS && (i + 1 < ROWS || final_end) ? end : "");
	fclose(stream);
}

static void test_csv(void)
{
	write_csv("a.csv", "\n", 1, 1);
	tw_data_options options = options_of("csv", "a.csv", "a.csv:6");
	check_options(&options, INPUTS);
	options = options_of("csv", "a.csv:0-5", "a.csv:x-6");
	check_options(&options, INPUTS);
	options = options_of("csv", "a.csv:x-0,1,x-2", "a.csv:x-6");
	check_options(&options, 3);
	write_csv("b.csv", "\r\n", 0, 0);
	options = options_of("csv", "b.csv:0,1-3", "b.csv:6");
	options.header = false;
	check_options(&options, 4);
}

/* Loads a CSV file of this text, three columns of which the last is the output. */
static void csv_fails(const char *text, bool header, tw_status status, const char *message)
{
	write_text("bad.csv", text);
	tw_data_options options = options_of("csv", "bad.csv", "bad.csv:2");
	options.header = header;
	fails_with(&options, status, message);
}

static void test_csv_errors(void)
{
	csv_fails("a,b,y\n1,2,3\n4,5\n", true, TW_IO, "line 3: 2 fields where line 1 has 3");
	csv_fails("a,b,y\n1,2,3\n4,5,6,7\n", true, TW_IO, "line 3: 4 fields");
	csv_fails("a,b,y\n1,2,3\n4,five,6\n", true, TW_IO, "line 3, field 2 (b): 'five' is not a number");
	csv_fails("a,b,y\n1,,3\n", true, TW_IO, "line 2, field 2 (b): '' is empty");
	csv_fails("a,b,y\n1,nan,3\n", true, TW_IO, "'nan' is not a finite number");
	csv_fails("a,b,y\n1,2,-inf\n", true, TW_IO, "'-inf' is not a finite number");
	csv_fails("a,b,y\n1,2,3\n\n4,5,6\n", true, TW_IO, "line 3: is empty");
	csv_fails("a,b,y\n", true, TW_IO, "no observations");
	csv_fails("", true, TW_IO, "is empty");
	csv_fails("1,2,3\n4,5,6\n", true, TW_IO, "set data.header: false");
	csv_fails("a,b,y\n1,2,3\n", false, TW_IO, "set data.header: true");
	csv_fails("a,b\n1,2\n", true, TW_USAGE, "columns '2' are outside");
	tw_data_options options = options_of("csv", "bad.csv:a,z", "bad.csv:b");
	fails_with(&options, TW_USAGE, "has no column 'z'");
	options = options_of("csv", "bad.csv:a,0", "bad.csv:b");
	fails_with(&options, TW_USAGE, "chosen twice");
	options = options_of("csv", "bad.csv", "bad.csv");
	fails_with(&options, TW_USAGE, "FILE:columns");
	options = options_of("csv", "missing.csv", "missing.csv:1");
	fails_with(&options, TW_IO, "missing.csv: cannot be opened");
}

/* Several thousand long lines: buffers are refilled and rows are found through the marks. */
static void test_csv_long(void)
{
	enum { LONG_ROWS = 5000, WIDTH = 40 };
	FILE *stream = fopen(path(3, "long.csv"), "wb");
	for (int i = 0; i < LONG_ROWS; i++)
		for (int j = 0; j < WIDTH; j++) fprintf(stream, "%d.5%c", i * WIDTH + j, j + 1 < WIDTH ? ',' : '\n');
	fclose(stream);
	stream = fopen(path(3, "rows.txt"), "w");
	for (int i = LONG_ROWS - 1; i >= 0; i -= 7) fprintf(stream, "%d\n%d\n", i, i / 2);
	fclose(stream);
	tw_data_options options = options_of("csv", "long.csv", "long.csv:39");
	options.header = false;
	options.rows = path(2, "rows.txt");
	tw_data *data, *test;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	int64_t k = 0, different = 0;
	for (int i = LONG_ROWS - 1; i >= 0; i -= 7) {
		different += ((double *)data->dense)[k++ * 39] != i * WIDTH + 0.5;
		different += ((double *)data->dense)[k++ * 39 + 3] != i / 2 * WIDTH + 3.5;
	}
	CU_ASSERT_EQUAL(data->observations, k);
	CU_ASSERT_EQUAL(different, 0);
	tw_data_free(data);
	write_text("rows.txt", "1\n5000\n");
	fails_with(&options, TW_IO, "rows.txt, line 2: row 5000 is outside");
	write_text("rows.txt", "1\nx\n");
	fails_with(&options, TW_IO, "rows.txt, line 2: 'x'");
	write_text("rows.txt", "");
	fails_with(&options, TW_IO, "names no rows");
}

/* ---- idx ------------------------------------------------------------------------------------------------------- */

/* An IDX file of unsigned bytes: ROWS x 2 x 3, or ROWS labels. Returns its size. */
static size_t make_idx(unsigned char *out, int images)
{
	unsigned char head[16] = {0, 0, 8, images ? 3 : 1, 0, 0, 0, ROWS, 0, 0, 0, 2, 0, 0, 0, 3};
	size_t size = images ? 16 : 8;
	memcpy(out, head, size);
	for (int i = 0; i < ROWS; i++)
		for (int j = 0; j < (images ? INPUTS : 1); j++) out[size++] = (unsigned char)value_of(i, images ? j : INPUTS);
	return size;
}

static void write_gz(const char *file, const void *bytes, size_t size)
{
	gzFile stream = gzopen(path(3, file), "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	CU_ASSERT_EQUAL_FATAL(gzwrite(stream, bytes, (unsigned)size), (int)size);
	gzclose(stream);
}

static void idx_fails(const void *images, size_t size, const char *message)
{
	tw_data_options options = options_of("idx", "bad.idx", "y.idx");
	write_bytes("bad.idx", images, size);
	fails_with(&options, TW_IO, message);
}

static void test_idx(void)
{
	unsigned char images[1024], labels[256];
	size_t size = make_idx(images, 1), label_size = make_idx(labels, 0);
	write_bytes("x.idx", images, size);
	write_bytes("y.idx", labels, label_size);
	write_gz("x.idx.gz", images, size);
	tw_data_options options = options_of("idx", "x.idx", "y.idx");
	check_options(&options, INPUTS);
	options = options_of("idx", "x.idx.gz", "y.idx");
	check_options(&options, INPUTS);

	char expected[80];
	snprintf(expected, sizeof expected, "truncated: %zu bytes expected, %zu found", size, size - 5);
	idx_fails(images, size - 5, expected);
	write_gz("bad.gz", images, size - 5);
	options = options_of("idx", "bad.gz", "y.idx");
	fails_with(&options, TW_IO, expected);
	images[size] = 1;
	idx_fails(images, size + 1, "has 1 bytes after");
	write_gz("bad.gz", images, size + 1);
	fails_with(&options, TW_IO, "has 1 bytes after");
	images[0] = 1;
	idx_fails(images, size, "two zero bytes");
	images[0] = 0;
	images[2] = 7;
	idx_fails(images, size, "0x07");
	images[2] = 8;
	images[7] = ROWS - 1;
	idx_fails(images, size - INPUTS, "files that belong together");
}

/* Every byte of the compressed data in turn is damaged: nothing wrong may be read as if it were right. (A few bits of
 * the stream, such as the padding of its last byte, mean nothing.) */
static void test_idx_damage(void)
{
	unsigned char images[1024], packed[2048];
	write_gz("good.gz", images, make_idx(images, 1));
	FILE *stream = fopen(path(3, "good.gz"), "rb");
	size_t size = fread(packed, 1, sizeof packed, stream);
	fclose(stream);
	int found = 0;
	for (size_t i = 10; i < size; i++) {
		packed[i] ^= 0x10;
		write_bytes("bad.gz", packed, size);
		packed[i] ^= 0x10;
		tw_data_options options = options_of("idx", "bad.gz", "y.idx");
		tw_data *data, *test;
		tw_status status = tw_data_load(comm, &options, &data, &test);
		found += status == TW_IO;
		if (status == TW_OK) check_options(&options, INPUTS);
		tw_data_free(data);
	}
	CU_ASSERT(found > (int)size - 13);
	write_bytes("bad.gz", packed, size - 9);
	tw_data_options options = options_of("idx", "bad.gz", "y.idx");
	fails_with(&options, TW_IO, "bad.gz: is damaged");
}

/* Types of more than a byte are big-endian. */
static void test_idx_types(void)
{
	unsigned char shorts[] = {0, 0, 0x0B, 1, 0, 0, 0, 2, 0xFF, 0xFE, 0x01, 0x00};
	unsigned char floats[] = {0, 0, 0x0D, 1, 0, 0, 0, 2, 0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0};
	write_bytes("s.idx", shorts, sizeof shorts);
	write_bytes("f.idx", floats, sizeof floats);
	tw_data_options options = options_of("idx", "s.idx", "f.idx");
	tw_data *data, *test;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	CU_ASSERT_EQUAL(((double *)data->dense)[0], -2);
	CU_ASSERT_EQUAL(((double *)data->dense)[1], 256);
	CU_ASSERT_EQUAL(((double *)data->output)[0], 1.5);
	CU_ASSERT_EQUAL(((double *)data->output)[1], -2);
	tw_data_free(data);
}

/* ---- npy ------------------------------------------------------------------------------------------------------- */

/* An NPY file of the inputs (columns 6) or outputs (columns 0: one axis). */
static void write_npy(const char *file, int version, const char *descr, const char *order, int columns, size_t cut)
{
	char text[256], shape[32];
	unsigned char bytes[8192];
	if (columns)
		snprintf(shape, sizeof shape, "(%d, %d)", ROWS, columns);
	else
		snprintf(shape, sizeof shape, "(%d,)", ROWS);
	snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape);
	size_t at = version == 1 ? 10 : 12, length = (at + strlen(text) + 64) / 64 * 64 - at;
	memcpy(bytes, "\x93NUMPY", 6);
	memset(bytes + 6, 0, 6);
	bytes[6] = (unsigned char)version;
	bytes[8] = (unsigned char)length;
	memset(bytes + at, ' ', length);
	memcpy(bytes + at, text, strlen(text));
	at += length;
	bytes[at - 1] = '\n';
	for (int i = 0; i < ROWS; i++)
		for (int j = 0; j < (columns ? columns : 1); j++) {
			double value = value_of(i, columns ? j : INPUTS);
			float single = (float)value;
			int32_t integer = (int32_t)value;
			int64_t wide = (int64_t)value;
			const void *from = descr[1] == 'f'   ? (descr[2] == '4' ? (void *)&single : (void *)&value)
			                   : descr[2] == '4' ? (void *)&integer
			                                     : (void *)&wide;
			memcpy(bytes + at, from, (size_t)(descr[2] - '0'));
			at += (size_t)(descr[2] - '0');
		}
	write_bytes(file, bytes, at - cut);
}

static void test_npy(void)
{
	const char *const types[] = {"<f4", "<f8", "|u1", "<i4", "<i8"};
	tw_data_options options = options_of("npy", "x.npy", "y.npy");
	write_npy("y.npy", 1, "<f8", "False", 0, 0);
	for (int version = 1; version <= 3; version++)
		for (int t = 0; t < 5; t++) {
			write_npy("x.npy", version, types[t], "False", INPUTS, 0);
			check_options(&options, INPUTS);
		}
	write_npy("x.npy", 1, "<f4", "False", INPUTS, 3);
	fails_with(&options, TW_IO, "888 bytes of numbers expected after its header, 885 found");
	write_npy("x.npy", 1, "<f4", "True", INPUTS, 0);
	fails_with(&options, TW_IO, "Fortran order");
	write_npy("x.npy", 1, ">f4", "False", INPUTS, 0);
	fails_with(&options, TW_IO, "'>f4'");
	write_npy("x.npy", 4, "<f4", "False", INPUTS, 0);
	fails_with(&options, TW_IO, "version 4");
	write_text("x.npy", "no array, but text of some length");
	fails_with(&options, TW_IO, "does not begin as an NPY file");
}

static void test_not_finite(void)
{
	write_npy("x.npy", 1, "<f8", "False", INPUTS, 0);
	FILE *stream = fopen(path(3, "x.npy"), "r+b");
	double infinite = INFINITY;
	fseek(stream, -(long)(2 * INPUTS * sizeof infinite), SEEK_END);
	fwrite(&infinite, sizeof infinite, 1, stream);
	fclose(stream);
	tw_data_options options = options_of("npy", "x.npy", "y.npy");
	fails_with(&options, TW_IO, "x.npy, row 35, column 0");
}

/* ---- hdf5 ------------------------------------------------------------------------------------------------------ */

static void write_set(hid_t file, const char *set, int axes, const hsize_t *size, hid_t type, const void *values)
{
	hid_t space = axes ? H5Screate_simple(axes, size, NULL) : H5Screate(H5S_SCALAR);
	hid_t handle = H5Dcreate2(file, set, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	H5Dwrite(handle, type == H5T_IEEE_F32LE ? H5T_NATIVE_DOUBLE : type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
	H5Dclose(handle);
	H5Sclose(space);
}

static void test_hdf5(void)
{
	double x[ROWS * INPUTS], y[ROWS];
	for (int i = 0; i < ROWS * INPUTS; i++) x[i] = value_of(i / INPUTS, i % INPUTS);
	for (int i = 0; i < ROWS; i++) y[i] = value_of(i, INPUTS);
	hsize_t two[2] = {ROWS, INPUTS}, three[3] = {ROWS, 2, 3}, one[1] = {ROWS};
	hid_t file = H5Fcreate(path(3, "a.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	hid_t text = H5Tcopy(H5T_C_S1);
	H5Gclose(H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
	write_set(file, "x", 2, two, H5T_NATIVE_DOUBLE, x);
	write_set(file, "single", 2, two, H5T_IEEE_F32LE, x);
	write_set(file, "group/images", 3, three, H5T_NATIVE_DOUBLE, x);
	write_set(file, "y", 1, one, H5T_NATIVE_DOUBLE, y);
	write_set(file, "scalar", 0, NULL, H5T_NATIVE_DOUBLE, y);
	write_set(file, "words", 1, one, text, y);
	H5Tclose(text);
	H5Fclose(file);
	tw_data_options options = options_of("hdf5", "a.h5:x", "a.h5:y");
	check_options(&options, INPUTS);
	options = options_of("hdf5", "a.h5:single", "a.h5:y");
	check_options(&options, INPUTS);
	options = options_of("hdf5", "a.h5:/group/images", "a.h5:/y");
	check_options(&options, INPUTS);
	options = options_of("hdf5", "a.h5:z", "a.h5:y");
	fails_with(&options, TW_IO, "no data set 'z'; it holds: group/images, scalar, single, words, x, y");
	options = options_of("hdf5", "a.h5:scalar", "a.h5:y");
	fails_with(&options, TW_IO, "0 axes");
	options = options_of("hdf5", "a.h5:words", "a.h5:y");
	fails_with(&options, TW_IO, "does not hold numbers");
	options = options_of("hdf5", "a.h5:group", "a.h5:y");
	fails_with(&options, TW_IO, "no data set 'group'");
	options = options_of("hdf5", "a.h5", "a.h5:y");
	fails_with(&options, TW_USAGE, "a.h5:NAME");
	options = options_of("hdf5", "y.npy:x", "a.h5:y");
	fails_with(&options, TW_IO, "is not an HDF5 file");
	options = options_of("hdf5", "none.h5:x", "a.h5:y");
	fails_with(&options, TW_IO, "none.h5: cannot be opened");
}

/* ---- labels and constant columns -------------------------------------------------------------------------------- */

static void test_labels(void)
{
	write_text("l.csv", "x,y\n1,0\n2,4\n3,2\n4,4\n5,0\n");
	tw_data_options options = options_of("csv", "l.csv", "l.csv:y");
	tw_data *data, *test;
	options.labels = true;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	CU_ASSERT_EQUAL(data->classes, 5);
	tw_data_free(data);

	options.select_classes[0] = 4;
	options.select_classes[1] = 0;
	options.select_class_count = 2;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	const double x[] = {1, 2, 4, 5}, y[] = {1, 0, 0, 1};
	CU_ASSERT_EQUAL(data->classes, 2);
	CU_ASSERT_EQUAL_FATAL(data->observations, 4);
	CU_ASSERT_EQUAL(memcmp(data->dense, x, sizeof x), 0);
	CU_ASSERT_EQUAL(memcmp(data->output, y, sizeof y), 0);
	tw_data_free(data);
	options.labels = false;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	CU_ASSERT_EQUAL(data->classes, 0);
	CU_ASSERT_EQUAL(memcmp(data->output, y, sizeof y), 0);
	tw_data_free(data);

	options.select_classes[0] = options.select_classes[1] = 7;
	fails_with(&options, TW_USAGE, "no observation of the chosen classes");
	options.select_class_count = 0;
	options.labels = true;
	options.classes = 3;
	fails_with(&options, TW_IO, "row 1 (from 0): label 4 is not one of the classes 0 to 2");
	write_text("l.csv", "x,y\n1,0\n2,1.5\n");
	fails_with(&options, TW_IO, "1.5 is not a class label");
}

/* A constant column becomes 0 and does not spoil the others. */
static void test_constant(void)
{
	write_text("c.csv", "a,b,y\n0.1,1,1\n0.1,2,2\n0.1,6,3\n");
	tw_data_options options = options_of("csv", "c.csv", "c.csv:y");
	options.scale_inputs = TW_SCALE_STANDARD;
	tw_data *data, *test;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	const double *x = data->dense;
	for (int i = 0; i < 3; i++) CU_ASSERT_EQUAL(x[2 * i], 0);
	CU_ASSERT_DOUBLE_EQUAL(x[1], -2 / sqrt(14. / 3), 1e-15);
	CU_ASSERT_DOUBLE_EQUAL(x[5], 3 / sqrt(14. / 3), 1e-15);
	tw_data_free(data);
}

/* The own test part is scaled as the training part. */
static void test_test_part(void)
{
	write_text("c.csv", "a,b,y\n0,1,1\n2,2,2\n");
	write_text("t.csv", "a,b,y\n4,5,1\n");
	tw_data_options options = options_of("csv", "c.csv", "c.csv:y");
	options.test_inputs = path(2, "t.csv");
	fails_with(&options, TW_USAGE, "go together");
	char outputs[4200];
	snprintf(outputs, sizeof outputs, "%s:y", path(2, "t.csv"));
	options.test_outputs = outputs;
	options.scale_inputs = TW_SCALE_STANDARD;
	tw_data *data, *test;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	CU_ASSERT_PTR_NOT_NULL_FATAL(test);
	CU_ASSERT_EQUAL(test->observations, 1);
	CU_ASSERT_EQUAL(((double *)test->dense)[0], 3);
	CU_ASSERT_EQUAL(((double *)test->dense)[1], 7);
	tw_data_free(data);
	tw_data_free(test);
	options.test = false;
	CHECK_OK(tw_data_load(comm, &options, &data, &test));
	CU_ASSERT_PTR_NULL(test);
	tw_data_free(data);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"csv", test_csv},       {"csv errors", test_csv_errors},    {"csv of many lines", test_csv_long},
	    {"idx", test_idx},       {"idx damaged", test_idx_damage},   {"idx types", test_idx_types},
	    {"npy", test_npy},       {"not finite", test_not_finite},    {"hdf5", test_hdf5},
	    {"labels", test_labels}, {"constant column", test_constant}, {"test part", test_test_part},
	    CU_TEST_INFO_NULL,
	};
	tw_log_setup(0, 1, true, false);
	if (!mkdtemp(folder) || tw_comm_self(&comm) != TW_OK) return 1;
	int failures = suite_run("data files", tests, 0);
	tw_comm_free(comm);
	const char *const files[] = {"a.csv",    "b.csv",   "bad.csv", "long.csv", "rows.txt", "x.idx", "y.idx",
	                             "x.idx.gz", "bad.idx", "bad.gz",  "good.gz",  "s.idx",    "f.idx", "x.npy",
	                             "y.npy",    "a.h5",    "l.csv",   "c.csv",    "t.csv"};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) unlink(path(3, files[i]));
	rmdir(folder);
	return failures != 0;
}
