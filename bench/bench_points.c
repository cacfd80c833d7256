/* f and ||grad f||^2 over whole data sets at many points: microseconds a point on one thread.
 *   bench_points [SECONDS]    of each measurement; 0.6 without
 * Three cases: 196-10-10-10-1 with ReLU and the log loss on the 12,049 images of 3 and 6 (14 x 14), cost and gradient;
 * the same with their zeros replaced by 1e-3, so that none are left out; 8-12-12-12-12-12-1 with ReLU and the square
 * loss on 10,000 observations of the California data, cost alone. The share of the measured peak of multiply-adds
 * counts those of all inputs, zeros too. Prints CSV. The data are read from the folder $THALWEG_DATA, or data; where it
 * has none, observations of the same shape and density are generated. THALWEG_ISA chooses the instruction set. */
#include <stdio.h>
#include <stdlib.h>
#include <thalweg/thalweg.h>
#include <unistd.h>

#include "core/variant.h"
#include "linalg/peak.h"

enum { IMAGES = 12049, PIXELS = 196, HOUSES = 10000, FEATURES = 8 };

static void fail(const char *what)
{
	fprintf(stderr, "bench_points: %s: %s\n", what, tw_message());
	exit(1);
}

static const char *folder(void) { return getenv("THALWEG_DATA") ? getenv("THALWEG_DATA") : "data"; }

static tw_data *from_arrays(tw_comm *comm, int64_t n, int64_t inputs, const double *x, const double *y)
{
	tw_data *data;
	if (tw_data_from_arrays(comm, TW_FLOAT, n, inputs, 1, 0, x, y, TW_STORAGE_DENSE, &data) != TW_OK) fail("data");
	return data;
}

/* Random images, of which a quarter of the pixels is not zero: more in the middle, none in the outermost ones. */
static tw_data *make_images(tw_comm *comm)
{
	double *x = malloc(sizeof *x * IMAGES * PIXELS), *y = malloc(sizeof *y * IMAGES);
	const tw_random stream = {1, TW_RANDOM_TEST, 0};
	if (!x || !y) fail("memory");
	for (int64_t i = 0; i < IMAGES; i++) {
		y[i] = (double)(i % 2);
		for (int64_t j = 0; j < PIXELS; j++) {
			const double down = (double)(j / 14) - 6.5, right = (double)(j % 14) - 6.5;
			const double share = 0.9 - 0.022 * (down * down + right * right);
			const uint64_t at = (uint64_t)(i * PIXELS + j);
			x[at] = tw_random_uniform(stream, 0, at) < share ? tw_random_uniform(stream, 1, at) : 0;
		}
	}
	tw_data *data = from_arrays(comm, IMAGES, PIXELS, x, y);
	free(x), free(y);
	return data;
}

static tw_data *load_images(tw_comm *comm)
{
	static char images[4096];
	tw_data_options options;
	tw_data_defaults(&options);
	snprintf(images, sizeof images, "%s/mnist/train-images-idx3-ubyte.gz", folder());
	if (access(images, R_OK) != 0) return make_images(comm);
	options.preset = "mnist36";
	options.path = folder();
	options.storage = TW_STORAGE_DENSE;
	tw_data *data, *test;
	if (tw_data_load(comm, &options, &data, &test) != TW_OK) fail("data");
	tw_data_free(test);
	return data;
}

/* A copy whose zeros are 1e-3. */
static tw_data *fill_zeros(tw_comm *comm, const tw_data *data)
{
	const int64_t elements = data->observations * data->inputs;
	double *x = malloc(sizeof *x * (size_t)elements), *y = malloc(sizeof *y * (size_t)data->observations);
	if (!x || !y) fail("memory");
	for (int64_t k = 0; k < elements; k++) {
		const double value = tw_real_get(TW_FLOAT, data->dense, k);
		x[k] = value == 0 ? 1e-3 : value;
	}
	for (int64_t i = 0; i < data->observations; i++) y[i] = tw_real_get(TW_FLOAT, data->output, i);
	tw_data *filled = from_arrays(comm, data->observations, data->inputs, x, y);
	free(x), free(y);
	return filled;
}

static tw_data *load_houses(tw_comm *comm)
{
	static char rows[4096], table[4096];
	tw_data_options options;
	tw_data_defaults(&options);
	snprintf(rows, sizeof rows, "%s/thesis/california-rows-%d.txt", folder(), HOUSES);
	snprintf(table, sizeof table, "%s/cal_housing.data", folder());
	const bool fetched = access(rows, R_OK) == 0 && access(table, R_OK) == 0;
	options.preset = fetched ? "california" : "teacher";
	options.path = folder();
	options.rows = fetched ? rows : NULL;
	options.observations = HOUSES;
	options.dimension = FEATURES;
	options.seed = 1;
	tw_data *data, *test;
	if (tw_data_load(comm, &options, &data, &test) != TW_OK) fail("data");
	tw_data_free(test);
	return data;
}

static double share_of_non_zeros(const tw_data *data)
{
	int64_t count = 0;
	for (int64_t k = 0; k < data->observations * data->inputs; k++) count += tw_real_get(TW_FLOAT, data->dense, k) != 0;
	return (double)count / (double)(data->observations * data->inputs);
}

static tw_network network_of(int64_t inputs, int64_t width, int hidden, tw_output output)
{
	tw_network network = {
	    .layers = hidden + 1, .activation = tw_activation_find("relu"), .output = output, .bias = true};
	network.width[0] = inputs;
	for (int l = 1; l <= hidden; l++) network.width[l] = width;
	network.width[hidden + 1] = 1;
	return network;
}

/* Multiply-adds of one point: every product; with gradients also theirs, and the slopes of all layers but the first. */
static double multiply_adds(const tw_network *network, int64_t n, bool gradients)
{
	double sum = 0;
	for (int l = 1; l <= network->layers; l++)
		sum += (double)(network->width[l] * network->width[l - 1]) * (!gradients ? 1 : l == 1 ? 2 : 3);
	return sum * (double)n;
}

/* Fastest of the calls with as many points as are taken at once. */
static void measure(const char *name, const tw_network *network, const char *loss, const tw_data *data, bool gradients,
                    double seconds, double peak)
{
	enum { MOST = 16 };
	tw_points *points;
	if (tw_points_create(network, tw_loss_find(loss), data, gradients, &points) != TW_OK) fail("points");
	const int count = tw_points_at_once(points);
	const int64_t dimension = tw_network_dimension(network);
	double *theta = malloc((size_t)dimension * sizeof *theta), cost[MOST], norm[MOST];
	void *at[MOST];
	tw_initial initial = {.distribution = tw_initializer_find("glorot_uniform"), .seed = 1};
	for (int r = 0; r < count; r++) {
		initial.run = (uint32_t)r;
		at[r] = malloc((size_t)dimension * sizeof(float));
		if (tw_initial_fill(network, &initial, theta) != TW_OK) fail("initial parameters");
		for (int64_t i = 0; i < dimension; i++) tw_real_set(TW_FLOAT, at[r], i, theta[i]);
	}
	double best = 1e300;
	const double begin = tw_now();
	do {
		const double from = tw_now();
		if (tw_points_measure(points, count, (const void *const *)at, cost, gradients ? norm : NULL, NULL) != TW_OK)
			fail("measuring");
		const double taken = tw_now() - from;
		best = taken < best ? taken : best;
	} while (tw_now() - begin < seconds);
	const double each = best / count, flops = 2 * multiply_adds(network, data->observations, gradients) / each;
	printf("%s,%lld,%lld,%.3f,%s,%d,%.1f,%.1f,%.3f,%.9g\n", name, (long long)data->observations,
	       (long long)data->inputs, share_of_non_zeros(data), gradients ? "yes" : "no", count, 1e6 * each, 1e-9 * flops,
	       flops / peak, cost[0]);
	fflush(stdout);
	for (int r = 0; r < count; r++) free(at[r]);
	free(theta);
	tw_points_free(points);
}

int main(int argc, char **argv)
{
	const double seconds = argc > 1 ? atof(argv[1]) : 0.6;
	tw_comm *comm;
	if (tw_comm_self(&comm) != TW_OK) fail("communicator");
	tw_peak measured;
	tw_peak_measure(1, &measured);
	const double peak = 1e9 * measured.float_gflops;
	fprintf(stderr, "instruction set %s, peak of multiply-adds on one thread %.1f GFLOP/s\n",
	        tw_isa_name(tw_isa_current()), measured.float_gflops);
	tw_data *images = load_images(comm), *filled = fill_zeros(comm, images), *houses = load_houses(comm);
	const tw_network classifier = network_of(PIXELS, 10, 3, TW_OUTPUT_LOGISTIC);
	const tw_network regression = network_of(FEATURES, 12, 5, TW_OUTPUT_IDENTITY);
	printf("case,observations,inputs,non_zero,gradient,points_at_once,us_per_point,dense_gflops,share_of_peak,cost\n");
	measure("images", &classifier, "log", images, true, seconds, peak);
	measure("images, cost alone", &classifier, "log", images, false, seconds, peak);
	measure("images without zeros", &classifier, "log", filled, true, seconds, peak);
	measure("houses", &regression, "square", houses, false, seconds, peak);
	measure("houses with gradient", &regression, "square", houses, true, seconds, peak);
	tw_data_free(images), tw_data_free(filled), tw_data_free(houses);
	tw_comm_free(comm);
	return 0;
}
