/* Presets, generators, scaling, choice of rows and storage. */
#include <thalweg/data.h>

#include <zlib.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

static tw_comm *comm;

static const char *reference_folder(void)
{
	const char *folder = getenv("THALWEG_DATA");
	char name[4096];
	snprintf(name, sizeof name, "%s/cal_housing.data", folder ? folder : "");
	if (folder && access(name, R_OK) == 0) return folder;
	printf("(skipped: THALWEG_DATA names no reference data) ");
	return NULL;
}

/* Input j of row i, dense or sparse. */
static double input_at(const tw_data *data, int64_t i, int64_t j)
{
	if (!data->sparse) return tw_real_get(data->precision, data->dense, i * data->inputs + j);
	for (int64_t k = data->row_start[i]; k < data->row_start[i + 1]; k++)
		if (data->column[k] == j) return tw_real_get(data->precision, data->value, k);
	return 0;
}

static double output_at(const tw_data *data, int64_t i) { return tw_real_get(data->precision, data->output, i); }

static tw_data_options options_of(const char *preset)
{
	tw_data_options options;
	tw_data_defaults(&options);
	options.preset = preset;
	options.precision = TW_DOUBLE;
	return options;
}

static tw_data *load(const tw_data_options *options, tw_data **test)
{
	tw_data *train = NULL, *second = NULL;
	CHECK_OK(tw_data_load(comm, options, &train, &second));
	if (test)
		*test = second;
	else
		tw_data_free(second);
	return train;
}

static void fails(const tw_data_options *options, tw_status status, const char *text)
{
	tw_data *train, *test;
	CU_ASSERT_EQUAL(tw_data_load(comm, options, &train, &test), status);
	CU_ASSERT_PTR_NULL(train);
	CU_ASSERT_PTR_NULL(test);
	if (!strstr(tw_message(), text)) fprintf(stderr, "\n  '%s' is not in '%s'\n", text, tw_message());
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), text));
}

/* ---- tables of names ------------------------------------------------------------------------------------------- */

static void test_names(void)
{
	int presets = 0, sources = 0;
	for (; tw_data_preset_name(presets); presets++) CU_ASSERT_PTR_NOT_NULL(tw_data_preset_help(presets));
	for (; tw_data_source_name(sources); sources++) CU_ASSERT_PTR_NOT_NULL(tw_data_source_help(sources));
	CU_ASSERT_EQUAL(presets, 8);
	CU_ASSERT_EQUAL(sources, 4);
	CU_ASSERT_PTR_NULL(tw_data_preset_help(presets));
	CU_ASSERT_STRING_EQUAL(tw_sampling_name(TW_SAMPLE_UNIFORM), "uniform");
	CU_ASSERT_PTR_NULL(tw_sampling_name(3));
}

/* Every preset that is made and not read loads in both precisions, and the same each time. */
static void test_made_presets(void)
{
	const char *const names[] = {"circles", "linear", "teacher", "make_circles"};
	for (int k = 0; k < 4; k++) {
		tw_data_options options = options_of(names[k]);
		options.observations = 100;
		tw_data *wide = load(&options, NULL), *again = load(&options, NULL);
		options.precision = TW_FLOAT;
		tw_data *narrow = load(&options, NULL);
		CU_ASSERT_EQUAL(wide->observations, 100);
		CU_ASSERT_EQUAL(wide->inputs, 2);
		CU_ASSERT_EQUAL(wide->outputs, 1);
		CU_ASSERT_EQUAL(memcmp(wide->dense, again->dense, 200 * sizeof(double)), 0);
		for (int64_t i = 0; i < 200; i++)
			CU_ASSERT_EQUAL(((float *)narrow->dense)[i], (float)((double *)wide->dense)[i]);
		tw_data_free(wide);
		tw_data_free(again);
		tw_data_free(narrow);
	}
}

/* ---- generators ------------------------------------------------------------------------------------------------ */

static void test_circles(void)
{
	tw_data_options options = options_of("circles");
	tw_data *data = load(&options, NULL);
	CU_ASSERT_EQUAL(input_at(data, 0, 0), 0.02517635605679832);
	CU_ASSERT_EQUAL(input_at(data, 0, 1), 0.074585371366687206);
	CU_ASSERT_EQUAL(output_at(data, 0), 1);
	CU_ASSERT_EQUAL(output_at(data, 1), 0);
	tw_data_free(data);
}

/* Mean squared radius of a class: that of its circle plus twice the variance of the noise. */
static double squared_radius(const tw_data *data, double class)
{
	double sum = 0, count = 0;
	for (int64_t i = 0; i < data->observations; i++) {
		if (output_at(data, i) != class) continue;
		sum += pow(input_at(data, i, 0), 2) + pow(input_at(data, i, 1), 2);
		count++;
	}
	return sum / count;
}

static void test_make_circles(void)
{
	tw_data_options options = options_of("make_circles");
	options.observations = 20001;
	options.factor = 0.5;
	options.noise = 0.35;
	tw_data *data = load(&options, NULL);
	/* The standard error of either mean is about 0.008. */
	CU_ASSERT_DOUBLE_EQUAL(squared_radius(data, 0), 1 + 2 * 0.35 * 0.35, 0.04);
	CU_ASSERT_DOUBLE_EQUAL(squared_radius(data, 1), 0.25 + 2 * 0.35 * 0.35, 0.04);
	tw_data_free(data);
	options.noise = 0;
	data = load(&options, NULL);
	for (int64_t i = 0; i < data->observations; i += 500) {
		double radius = hypot(input_at(data, i, 0), input_at(data, i, 1));
		CU_ASSERT_DOUBLE_EQUAL(radius, output_at(data, i) == 0 ? 1 : 0.5, 1e-14);
	}
	tw_data_free(data);
	options.factor = 1;
	fails(&options, TW_USAGE, "data.factor");
}

/* The embedded set is 100 of the points that the generator makes with factor 0 and noise 0.35. */
static void test_circles_like_generated(void)
{
	tw_data_options options = options_of("circles");
	tw_data *data = load(&options, NULL);
	CU_ASSERT_DOUBLE_EQUAL(squared_radius(data, 0), 1 + 2 * 0.35 * 0.35, 0.5);
	CU_ASSERT_DOUBLE_EQUAL(squared_radius(data, 1), 2 * 0.35 * 0.35, 0.15);
	tw_data_free(data);
}

static void test_linear(void)
{
	tw_data_options options = options_of("linear");
	options.observations = 20000;
	tw_data *data = load(&options, NULL);
	double mean = 0, square = 0, low = 1, high = 1;
	for (int64_t i = 0; i < data->observations; i++) {
		double x1 = input_at(data, i, 0), x2 = input_at(data, i, 1), eps = output_at(data, i) - x1 - x2;
		low = fmin(low, fmin(x1, x2));
		high = fmax(high, fmax(x1, x2));
		mean += eps / 20000;
		square += eps * eps / 20000;
	}
	CU_ASSERT(low >= 0 && low < 0.01 && high < 4 && high > 3.99);
	CU_ASSERT_DOUBLE_EQUAL(mean, 0, 0.03);
	CU_ASSERT_DOUBLE_EQUAL(square, 1, 0.05);
	tw_data_free(data);
	options.noise = 0;
	data = load(&options, NULL);
	CU_ASSERT_DOUBLE_EQUAL(output_at(data, 7), input_at(data, 7, 0) + input_at(data, 7, 1), 1e-15);
	tw_data_free(data);
	options.noise = -1;
	fails(&options, TW_USAGE, "data.noise");
	options.noise = 0;
	options.observations = 0;
	fails(&options, TW_USAGE, "data.observations");
}

/* Without hidden layers the teacher is affine: its value at x follows from its values elsewhere. */
static void test_teacher(void)
{
	tw_data_options options = options_of("teacher");
	options.dimension = 1;
	options.teacher_layers = 0;
	options.noise = 0;
	options.observations = 50;
	tw_data *data = load(&options, NULL);
	double x0 = input_at(data, 0, 0), x1 = input_at(data, 1, 0), y0 = output_at(data, 0), y1 = output_at(data, 1);
	double slope = (y1 - y0) / (x1 - x0);
	for (int64_t i = 2; i < 50; i++)
		CU_ASSERT_DOUBLE_EQUAL(output_at(data, i), y0 + slope * (input_at(data, i, 0) - x0), 1e-10);
	tw_data_free(data);
	options.teacher_layers = 9;
	fails(&options, TW_USAGE, "data.teacher_hidden");
}

/* ---- california ------------------------------------------------------------------------------------------------ */

enum { CALIFORNIA = 20640 };
static double california[CALIFORNIA][9];

static void read_california(const char *folder)
{
	char name[4096];
	snprintf(name, sizeof name, "%s/cal_housing.data", folder);
	FILE *file = fopen(name, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	for (int i = 0; i < CALIFORNIA; i++) {
		double raw[9];
		for (int j = 0; j < 9; j++) CU_ASSERT_EQUAL_FATAL(fscanf(file, "%lf%*[,\n]", &raw[j]), 1);
		double row[9] = {raw[7],          raw[2], raw[3] / raw[6], raw[4] / raw[6], raw[5],
		                 raw[5] / raw[6], raw[1], raw[0],          raw[8] / 1e5};
		memcpy(california[i], row, sizeof row);
	}
	fclose(file);
}

static double california_value(const tw_data *data, int64_t i, int j)
{
	return j < 8 ? input_at(data, i, j) : output_at(data, i);
}

static void test_california(void)
{
	const char *folder = reference_folder();
	if (!folder) return;
	read_california(folder);
	tw_data_options options = options_of("california");
	options.path = folder;
	tw_data *data = load(&options, NULL);
	CU_ASSERT_EQUAL_FATAL(data->observations, CALIFORNIA);
	CU_ASSERT_EQUAL_FATAL(data->inputs, 8);
	long double mean[9], deviation[9];
	for (int j = 0; j < 9; j++) {
		long double sum = 0, square = 0, scaled = 0, scaled_square = 0;
		for (int i = 0; i < CALIFORNIA; i++) sum += california[i][j];
		mean[j] = sum / CALIFORNIA;
		for (int i = 0; i < CALIFORNIA; i++) {
			square += (california[i][j] - mean[j]) * (california[i][j] - mean[j]);
			double value = california_value(data, i, j);
			scaled += value;
			scaled_square += (long double)value * value;
		}
		deviation[j] = sqrtl(square / CALIFORNIA);
		CU_ASSERT(fabsl(scaled / CALIFORNIA) < 1e-12L);
		CU_ASSERT(fabsl(scaled_square / CALIFORNIA - 1) < 1e-12L);
	}
	for (int i = 0; i < CALIFORNIA; i += 997)
		for (int j = 0; j < 9; j++)
			CU_ASSERT_DOUBLE_EQUAL(california_value(data, i, j), (double)((california[i][j] - mean[j]) / deviation[j]),
			                       1e-11);

	/* Rows are kept after the statistics, in the order of the list. */
	char rows[4096];
	snprintf(rows, sizeof rows, "%s/thesis/california-rows-1000.txt", folder);
	options.rows = rows;
	tw_data *kept = load(&options, NULL);
	CU_ASSERT_EQUAL(kept->observations, 1000);
	FILE *list = fopen(rows, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	for (int64_t i = 0, row; i < 1000 && fscanf(list, "%ld", &row) == 1; i++)
		for (int j = 0; j < 9; j++) CU_ASSERT_EQUAL(california_value(kept, i, j), california_value(data, row, j));
	fclose(list);
	tw_data_free(kept);
	tw_data_free(data);
	options.rows = NULL;
	options.path = "no_such_folder";
	fails(&options, TW_IO, "scripts/fetch_data.sh no_such_folder");
}

/* ---- mnist ----------------------------------------------------------------------------------------------------- */

enum { MNIST = 60000 };

static unsigned char *read_gz(const char *folder, const char *file, size_t bytes)
{
	char name[4096];
	snprintf(name, sizeof name, "%s/mnist/%s.gz", folder, file);
	unsigned char *content = malloc(bytes);
	gzFile stream = gzopen(name, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	CU_ASSERT_EQUAL_FATAL(gzread(stream, content, (unsigned)bytes), (int)bytes);
	gzclose(stream);
	return content;
}

static void check_mnist(const char *folder, const unsigned char *images, const unsigned char *labels)
{
	tw_data_options options = options_of("mnist");
	options.path = folder;
	options.precision = TW_FLOAT;
	tw_data *test, *data = load(&options, &test);
	CU_ASSERT_EQUAL(data->observations, MNIST);
	CU_ASSERT_EQUAL(data->inputs, 784);
	CU_ASSERT_EQUAL(data->classes, 10);
	CU_ASSERT_TRUE(data->sparse);
	CU_ASSERT_PTR_NOT_NULL_FATAL(test);
	CU_ASSERT_EQUAL(test->observations, 10000);
	CU_ASSERT_TRUE(test->sparse);
	int64_t nonzero = 0, different = 0;
	for (int64_t i = 0; i < (int64_t)MNIST * 784; i++) nonzero += images[i] != 0;
	CU_ASSERT_EQUAL(data->row_start[MNIST], nonzero);
	CU_ASSERT_DOUBLE_EQUAL(data->density, (double)nonzero / (MNIST * 784.0), 1e-15);
	for (int64_t i = 0; i < MNIST; i += 499) {
		different += output_at(data, i) != labels[i];
		for (int64_t j = 0; j < 784; j++)
			different += (float)input_at(data, i, j) != (float)(images[i * 784 + j] / 255.0);
	}
	CU_ASSERT_EQUAL(different, 0);
	tw_data_free(data);
	tw_data_free(test);
}

static void check_mnist36(const char *folder, const unsigned char *images, const unsigned char *labels)
{
	tw_data_options options = options_of("mnist36");
	options.path = folder;
	tw_data *test, *data = load(&options, &test);
	CU_ASSERT_EQUAL_FATAL(data->observations, 12049);
	CU_ASSERT_EQUAL_FATAL(data->inputs, 196);
	CU_ASSERT_EQUAL(data->classes, 0);
	CU_ASSERT_EQUAL(test->observations, 1010 + 958);
	int64_t found = 0, different = 0;
	for (int64_t i = 0; i < MNIST; i++) {
		if (labels[i] != 3 && labels[i] != 6) continue;
		different += output_at(data, found) != (labels[i] == 6);
		for (int r = 0; r < 14 && found % 100 == 0; r++)
			for (int c = 0; c < 14; c++) {
				const unsigned char *block = images + i * 784 + 2 * r * 28 + 2 * c;
				double mean = (block[0] + block[1] + block[28] + block[29]) / 4.0 / 255;
				different += fabs(input_at(data, found, r * 14 + c) - mean) > 1e-15;
			}
		found++;
	}
	CU_ASSERT_EQUAL(found, data->observations);
	CU_ASSERT_EQUAL(different, 0);
	tw_data_free(data);
	tw_data_free(test);
}

static void test_mnist(void)
{
	const char *folder = reference_folder();
	if (!folder) return;
	unsigned char *images = read_gz(folder, "train-images-idx3-ubyte", 16 + (size_t)MNIST * 784);
	unsigned char *labels = read_gz(folder, "train-labels-idx1-ubyte", 8 + MNIST);
	check_mnist(folder, images + 16, labels + 8);
	check_mnist36(folder, images + 16, labels + 8);
	free(images);
	free(labels);
}

/* ---- arrays, storage, splits ----------------------------------------------------------------------------------- */

static void test_storage(void)
{
	enum { N = 50, D = 70 };
	double x[N * D], y[N];
	for (int i = 0; i < N * D; i++) x[i] = i % 5 == 0 ? i + 1 : 0;
	for (int i = 0; i < N; i++) y[i] = i % 3;
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++) {
		tw_data *set[3];
		for (int s = 0; s < 3; s++)
			CHECK_OK(tw_data_from_arrays(comm, (tw_precision)precision, N, D, 1, 3, x, y, (tw_storage)s, &set[s]));
		CU_ASSERT_TRUE(set[TW_STORAGE_AUTO]->sparse);
		CU_ASSERT_FALSE(set[TW_STORAGE_DENSE]->sparse);
		CU_ASSERT_TRUE(set[TW_STORAGE_SPARSE]->sparse);
		for (int s = 0; s < 3; s++) {
			CU_ASSERT_DOUBLE_EQUAL(set[s]->density, 0.2, 1e-15);
			for (int i = 0; i < N * D; i++) CU_ASSERT_EQUAL(input_at(set[s], i / D, i % D), x[i]);
			for (int i = 0; i < N; i++) CU_ASSERT_EQUAL(output_at(set[s], i), y[i]);
			tw_data_free(set[s]);
		}
	}
	tw_data *none;
	y[4] = 3;
	CU_ASSERT_EQUAL(tw_data_from_arrays(comm, TW_FLOAT, N, D, 1, 3, x, y, TW_STORAGE_AUTO, &none), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "row 4"));
	y[4] = 0.5;
	CU_ASSERT_EQUAL(tw_data_from_arrays(comm, TW_FLOAT, N, D, 1, 3, x, y, TW_STORAGE_AUTO, &none), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "not a class label"));
	y[4] = 0;
	x[7] = NAN;
	CU_ASSERT_EQUAL(tw_data_from_arrays(comm, TW_FLOAT, N, D, 1, 3, x, y, TW_STORAGE_AUTO, &none), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "not a finite number"));
	x[7] = 1e300;
	CU_ASSERT_EQUAL(tw_data_from_arrays(comm, TW_FLOAT, N, D, 1, 3, x, y, TW_STORAGE_AUTO, &none), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "precision: double"));
}

/* Without outputs, for prediction. */
static void test_no_outputs(void)
{
	double x[6] = {1, 2, 3, 4, 5, 6};
	tw_data *data;
	CHECK_OK(tw_data_from_arrays(comm, TW_DOUBLE, 3, 2, 0, 0, x, NULL, TW_STORAGE_DENSE, &data));
	CU_ASSERT_EQUAL(memcmp(data->dense, x, sizeof x), 0);
	tw_data_free(data);
}

static void test_split(void)
{
	tw_data_options options = options_of("linear");
	options.observations = 1000;
	tw_data *all = load(&options, NULL), *test;
	options.test_fraction = 0.3;
	tw_data *train = load(&options, &test);
	CU_ASSERT_EQUAL(train->observations, 700);
	CU_ASSERT_PTR_NOT_NULL_FATAL(test);
	CU_ASSERT_EQUAL(test->observations, 300);
	/* Merging both parts in order gives the whole set: nothing is lost, twice there or out of order. */
	int64_t a = 0, b = 0;
	for (int64_t i = 0; i < 1000; i++) {
		if (a < 700 && input_at(train, a, 0) == input_at(all, i, 0))
			a++;
		else if (b < 300 && input_at(test, b, 0) == input_at(all, i, 0))
			b++;
	}
	CU_ASSERT_EQUAL(a, 700);
	CU_ASSERT_EQUAL(b, 300);
	tw_data_free(all);
	tw_data_free(train);
	tw_data_free(test);
	options.test_fraction = 0.9999;
	fails(&options, TW_USAGE, "test_fraction");
}

static void test_scaling(void)
{
	tw_data_options options = options_of("linear");
	options.observations = 333;
	options.scale_inputs = TW_SCALE_RANGE;
	options.scale_outputs = TW_SCALE_STANDARD;
	tw_data *data = load(&options, NULL);
	double low = 1, high = 0, mean = 0, square = 0;
	for (int64_t i = 0; i < 333; i++) {
		low = fmin(low, input_at(data, i, 1));
		high = fmax(high, input_at(data, i, 1));
		mean += output_at(data, i) / 333;
		square += output_at(data, i) * output_at(data, i) / 333;
	}
	CU_ASSERT_EQUAL(low, 0);
	CU_ASSERT_EQUAL(high, 1);
	CU_ASSERT_DOUBLE_EQUAL(mean, 0, 1e-13);
	CU_ASSERT_DOUBLE_EQUAL(square, 1, 1e-13);
	tw_data_free(data);
}

static void test_bad_options(void)
{
	tw_data_options options = options_of("circle");
	fails(&options, TW_USAGE, "data.preset is 'circle'");
	options = options_of("none");
	fails(&options, TW_USAGE, "data.source");
	options.source = "csv";
	fails(&options, TW_USAGE, "data.inputs");
	options = options_of("circles");
	options.divide_inputs = 0;
	fails(&options, TW_USAGE, "divide_inputs");
	options = options_of("circles");
	options.downscale_height = options.downscale_width = 28;
	fails(&options, TW_USAGE, "28 x 28");
	options = options_of("circles");
	options.rows = "no_such_file";
	fails(&options, TW_IO, "no_such_file");
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"names", test_names},
	    {"presets without files", test_made_presets},
	    {"embedded circles", test_circles},
	    {"generated circles", test_make_circles},
	    {"embedded circles are like generated ones", test_circles_like_generated},
	    {"linear", test_linear},
	    {"teacher", test_teacher},
	    {"california", test_california},
	    {"mnist and mnist36", test_mnist},
	    {"storage", test_storage},
	    {"no outputs", test_no_outputs},
	    {"split", test_split},
	    {"scaling", test_scaling},
	    {"bad options", test_bad_options},
	    CU_TEST_INFO_NULL,
	};
	tw_log_setup(0, 1, true, false);
	if (tw_comm_self(&comm) != TW_OK) return 1;
	int failures = suite_run("data", tests, 0);
	tw_comm_free(comm);
	return failures != 0;
}
