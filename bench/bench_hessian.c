/* What a Hessian-vector product costs beside a gradient, over the whole training set on one thread: medians of calls
 * made in turn, in float.
 *   bench_hessian [ROUNDS [CASE]]    default 15 rounds, all cases; CASE from 0 takes one of the table below
 * Prints CSV: network, observations, vectors at once, seconds of a gradient, of a product a vector, and their ratio.
 * The data are generated: normal inputs (those of the sparse row four fifths zero), only shapes matter. THALWEG_ISA
 * chooses the instruction set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <thalweg/thalweg.h>

enum { MAX_ROUNDS = 101, MAX_VECTORS = 8 };

typedef struct {
	const char *activation, *loss;
	tw_output output;
	int64_t observations;
	int layers;
	int64_t width[6];
	tw_storage storage;
	int vectors;
} bench_case;

static void check(tw_status status, const char *what)
{
	if (status == TW_OK) return;
	fprintf(stderr, "bench_hessian: %s: %s\n", what, tw_message());
	exit(1);
}

static double draw(uint32_t purpose, int64_t i)
{
	return tw_random_normal((tw_random){7, TW_RANDOM_TEST, purpose}, 0, (uint64_t)i);
}

static tw_data *generate(tw_comm *comm, const bench_case *c)
{
	const int64_t n = c->observations, inputs = c->width[0], outputs = c->width[c->layers];
	const bool classes = c->output == TW_OUTPUT_SOFTMAX;
	double *x = malloc((size_t)(n * inputs) * sizeof *x), *y = malloc((size_t)n * sizeof *y);
	for (int64_t i = 0; i < n * inputs; i++) {
		x[i] = draw(1, i);
		if (c->storage == TW_STORAGE_SPARSE &&
		    tw_random_uniform((tw_random){7, TW_RANDOM_TEST, 9}, 0, (uint64_t)i) < 0.8)
			x[i] = 0;
	}
	for (int64_t i = 0; i < n; i++) y[i] = classes ? (double)(i % outputs) : (double)(i % 2);
	tw_data *data;
	check(tw_data_from_arrays(comm, TW_FLOAT, n, inputs, 1, classes ? outputs : 0, x, y, c->storage, &data), "data");
	free(x), free(y);
	return data;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}
static double median(double *seconds, int rounds)
{
	qsort(seconds, (size_t)rounds, sizeof *seconds, by_size);
	return seconds[rounds / 2];
}

static void *make_vector(const tw_objective *objective, uint32_t purpose, double deviation)
{
	double *canonical = malloc((size_t)objective->dimension * sizeof *canonical);
	void *vector;
	check(tw_alloc_array(&vector, objective->size, sizeof(float), "vector"), "vector");
	for (int64_t i = 0; i < objective->dimension; i++) canonical[i] = deviation * draw(purpose, i);
	tw_objective_import(objective, canonical, vector);
	free(canonical);
	return vector;
}

static void measure(tw_comm *comm, const bench_case *c, int rounds)
{
	tw_data *data = generate(comm, c);
	tw_objective_options options = {.loss = tw_loss_find(c->loss), .threads = 1};
	options.network = (tw_network){
	    .layers = c->layers, .activation = tw_activation_find(c->activation), .output = c->output, .bias = true};
	for (int l = 0; l <= c->layers; l++) options.network.width[l] = c->width[l];
	tw_objective objective;
	check(tw_objective_create(comm, data, &options, &objective), "objective");
	tw_feed *feed;
	tw_batch batch;
	check(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE_ONCE, 0, 0, 1, 0, &feed), "feed");
	check(tw_feed_get(feed, 0, &batch), "batch");
	void *theta = make_vector(&objective, 3, 0.05), *gradient = make_vector(&objective, 4, 0), *products[MAX_VECTORS];
	const void *vectors[MAX_VECTORS];
	for (int v = 0; v < c->vectors; v++) {
		vectors[v] = make_vector(&objective, 5 + (uint32_t)v, 1);
		products[v] = make_vector(&objective, 4, 0);
	}
	double cost, seconds[2][MAX_ROUNDS];
	for (int round = -1; round < rounds; round++) {
		const double start = tw_now();
		check(objective.evaluate(objective.self, theta, &batch, &cost, gradient), "gradient");
		const double between = tw_now();
		check(objective.hessian_product(objective.self, theta, &batch, c->vectors, vectors, products), "product");
		if (round < 0) continue;
		seconds[0][round] = between - start;
		seconds[1][round] = (tw_now() - between) / c->vectors;
	}
	const double one = median(seconds[0], rounds), other = median(seconds[1], rounds);
	for (int l = 0; l <= c->layers; l++) printf("%s%lld", l ? "-" : "", (long long)c->width[l]);
	printf(" %s%s,%lld,%d,%.6f,%.6f,%.3f\n", c->activation, c->storage == TW_STORAGE_SPARSE ? " sparse" : "",
	       (long long)c->observations, c->vectors, one, other, other / one);
	fflush(stdout);
	for (int v = 0; v < c->vectors; v++) tw_free((void *)vectors[v]), tw_free(products[v]);
	tw_free(theta), tw_free(gradient);
	tw_feed_free(feed);
	tw_objective_free(&objective);
	tw_data_free(data);
}

int main(int argc, char **argv)
{
	enum { MNIST36 = 12049, LARGE = 2048 };
	static const bench_case cases[] = {
	    {"relu", "log", TW_OUTPUT_LOGISTIC, MNIST36, 4, {196, 10, 10, 10, 1}, TW_STORAGE_DENSE, 1},
	    {"relu", "log", TW_OUTPUT_LOGISTIC, MNIST36, 4, {196, 10, 10, 10, 1}, TW_STORAGE_DENSE, 8},
	    {"relu", "log", TW_OUTPUT_LOGISTIC, MNIST36, 4, {196, 10, 10, 10, 1}, TW_STORAGE_SPARSE, 1},
	    {"tanh", "log", TW_OUTPUT_LOGISTIC, MNIST36, 4, {196, 10, 10, 10, 1}, TW_STORAGE_DENSE, 1},
	    {"leaky_relu", "log", TW_OUTPUT_LOGISTIC, 100, 3, {2, 10, 10, 1}, TW_STORAGE_DENSE, 1},
	    {"leaky_relu", "log", TW_OUTPUT_LOGISTIC, 100, 3, {2, 100, 100, 1}, TW_STORAGE_DENSE, 1},
	    {"relu", "cross_entropy", TW_OUTPUT_SOFTMAX, LARGE, 3, {784, 1024, 1024, 10}, TW_STORAGE_DENSE, 1},
	    {"relu", "cross_entropy", TW_OUTPUT_SOFTMAX, LARGE, 3, {784, 1024, 1024, 10}, TW_STORAGE_DENSE, 4},
	};
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
	tw_comm *comm;
	check(tw_comm_self(&comm), "communicator");
	printf("network,observations,vectors,gradient_seconds,product_seconds,ratio\n");
	const int count = (int)(sizeof cases / sizeof cases[0]), only = argc > 2 ? atoi(argv[2]) : -1;
	for (int i = 0; i < count; i++)
		if (only < 0 || only == i) measure(comm, &cases[i], rounds);
	tw_comm_free(comm);
	return 0;
}
