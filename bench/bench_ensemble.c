/* Full-batch gradient-descent steps of an ensemble on the circles data, the networks of the local-minima experiment:
 * microseconds a step and start on one thread, and the share of the measured peak of multiply-adds.
 *   bench_ensemble [LAYERS WIDTH [STARTS]]    without arguments: 1 to 3 hidden layers, widths 1 to 100
 * Prints CSV. THALWEG_ISA chooses the instruction set. */
#include <stdio.h>
#include <stdlib.h>
#include <thalweg/thalweg.h>

#include "core/variant.h"
#include "linalg/peak.h"
#include "run/run.h"

static const double step_sizes[] = {1, 0.5, 0.1};

static void fail(const char *what)
{
	fprintf(stderr, "bench_ensemble: %s: %s\n", what, tw_message());
	exit(1);
}

/* Multiply-adds of one step of one network: every product, every gradient, delta of all layers but the first. */
static double multiply_adds(const tw_network *network, int64_t n)
{
	double sum = 0;
	for (int l = 1; l <= network->layers; l++) {
		const double weights = (double)(network->width[l] * network->width[l - 1]);
		sum += weights * (l == 1 ? 2 : 3) + 2 * (double)network->width[l];
	}
	return sum * (double)n;
}

static void measure(tw_comm *comm, int layers, int64_t width, int starts, double peak)
{
	tw_settings settings;
	tw_settings_defaults(&settings);
	tw_data *data, *test;
	if (tw_data_load(comm, &settings.data, &data, &test) != TW_OK) fail("data");
	tw_ensemble_options options = {.loss = tw_loss_find("log"), .data = data, .replicas = starts};
	options.network = (tw_network){.layers = layers + 1,
	                               .activation = tw_activation_find("leaky_relu"),
	                               .activation_value = {0.1},
	                               .output = TW_OUTPUT_LOGISTIC,
	                               .bias = true};
	options.network.width[0] = 2;
	for (int l = 1; l <= layers; l++) options.network.width[l] = width;
	options.network.width[layers + 1] = 1;
	options.chunks = run_chunks(&settings, tw_network_dimension(&options.network), data->observations);
	tw_ensemble *ensemble;
	if (tw_ensemble_create(&options, &ensemble) != TW_OK) fail("ensemble");
	const int places = tw_ensemble_places(ensemble);
	const int64_t dimension = tw_network_dimension(&options.network);
	double *theta = malloc((size_t)dimension * sizeof *theta);
	tw_initial initial = settings.initial;
	initial.value[0] = layers == 1 ? -100 : -1;
	initial.value[1] = layers == 1 ? 100 : 1;
	tw_stage stage = {.schedule = {.base = step_sizes[layers - 1]}};
	tw_stop_off(&stage.stop);
	stage.stop.steps = INT64_MAX;
	stage.stop.no_progress_threshold = 1e-7;
	stage.stop.no_progress_patience = 1 << 30;
	for (int r = 0; r < places; r++) {
		initial.seed = (uint64_t)r;
		tw_replica_start start = {.tag = r, .seed = (uint64_t)r, .theta = theta};
		if (tw_initial_fill(&options.network, &initial, theta) != TW_OK) fail("initial parameters");
		if (tw_course_start(&start.course, &stage, 1, data->observations) != TW_OK) fail("course");
		if (tw_ensemble_start(ensemble, &start) != TW_OK) fail("start");
	}
	if (tw_ensemble_train(ensemble, 20) != TW_OK) fail("training");
	double best = 1e300;
	const double begin = tw_now();
	int64_t steps = 10;
	do {
		double from = tw_now();
		if (tw_ensemble_train(ensemble, steps) != TW_OK) fail("training");
		double seconds = tw_now() - from;
		if (seconds < 0.05)
			steps *= 2;
		else if (seconds / (double)steps < best)
			best = seconds / (double)steps;
	} while (tw_now() - begin < 0.6 || best == 1e300);
	const double per_start = best / places, flops = 2 * multiply_adds(&options.network, data->observations) / per_start;
	printf("%d,%lld,%d,%.4f,%.2f,%.3f\n", layers, (long long)width, places, 1e6 * per_start, 1e-9 * flops,
	       flops / peak);
	fflush(stdout);
	free(theta);
	tw_ensemble_free(ensemble);
	tw_data_free(data);
	tw_data_free(test);
	tw_settings_free(&settings);
}

int main(int argc, char **argv)
{
	static const int64_t widths[] = {1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 75, 100};
	tw_comm *comm;
	if (tw_comm_self(&comm) != TW_OK) fail("communicator");
	tw_peak measured;
	tw_peak_measure(1, &measured);
	const double peak = 1e9 * measured.float_gflops;
	fprintf(stderr, "instruction set %s, peak of multiply-adds on one thread %.1f GFLOP/s\n",
	        tw_isa_name(tw_isa_current()), measured.float_gflops);
	printf("hidden_layers,width,starts,us_per_step_per_start,gflops,share_of_peak\n");
	if (argc > 2) measure(comm, atoi(argv[1]), atoll(argv[2]), argc > 3 ? atoi(argv[3]) : 0, peak);
	for (int layers = 1; layers <= 3 && argc <= 2; layers++)
		for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) measure(comm, layers, widths[w], 0, peak);
	tw_comm_free(comm);
	return 0;
}
