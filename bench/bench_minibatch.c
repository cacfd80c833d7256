/* Mini-batch steps of an ensemble: 8-12-12-12-12-12-1 with ReLU and the square loss on 10,000 observations of the
 * California data, every replica with its own batches, drawn with replacement: microseconds a step and start on one
 * thread.
 *   bench_minibatch [BATCH [STARTS]]    without arguments: batches of 1 and 50; 16 starts
 * Prints CSV. The data are read from the folder $THALWEG_DATA, or data; where it has none, observations of the same
 * shape are generated. THALWEG_ISA chooses the instruction set. */
#include <stdio.h>
#include <stdlib.h>
#include <thalweg/thalweg.h>
#include <unistd.h>

enum { HIDDEN_LAYERS = 5, WIDTH = 12, INPUTS = 8, OBSERVATIONS = 10000 };

static void fail(const char *what)
{
	fprintf(stderr, "bench_minibatch: %s: %s\n", what, tw_message());
	exit(1);
}

/* The observations of the published run, or generated ones. */
static tw_data *load(tw_comm *comm)
{
	static char rows[4096], table[4096];
	const char *folder = getenv("THALWEG_DATA") ? getenv("THALWEG_DATA") : "data";
	tw_data_options options;
	tw_data_defaults(&options);
	snprintf(rows, sizeof rows, "%s/thesis/california-rows-%d.txt", folder, OBSERVATIONS);
	snprintf(table, sizeof table, "%s/cal_housing.data", folder);
	const bool fetched = access(rows, R_OK) == 0 && access(table, R_OK) == 0;
	options.preset = fetched ? "california" : "teacher";
	options.path = folder;
	options.rows = fetched ? rows : NULL;
	options.observations = OBSERVATIONS;
	options.dimension = INPUTS;
	options.seed = 1;
	tw_data *data, *test;
	if (tw_data_load(comm, &options, &data, &test) != TW_OK) fail("data");
	tw_data_free(test);
	fprintf(stderr, "%s\n", data->description);
	return data;
}

static tw_ensemble *create(const tw_data *data, int64_t batch, int starts)
{
	tw_ensemble_options options = {.loss = tw_loss_find("square"),
	                               .update = tw_update_find("plain"),
	                               .sampling = TW_SAMPLE_UNIFORM,
	                               .batch = batch,
	                               .data = data,
	                               .replicas = starts};
	tw_network *network = &options.network;
	network->layers = HIDDEN_LAYERS + 1;
	network->activation = tw_activation_find("relu");
	network->output = TW_OUTPUT_IDENTITY;
	network->bias = true;
	network->width[0] = INPUTS;
	for (int l = 1; l <= HIDDEN_LAYERS; l++) network->width[l] = WIDTH;
	network->width[HIDDEN_LAYERS + 1] = 1;
	tw_ensemble *ensemble;
	if (tw_ensemble_create(&options, &ensemble) != TW_OK) fail("ensemble");
	double *theta = malloc((size_t)tw_network_dimension(network) * sizeof *theta);
	tw_initial initial = {.distribution = tw_initializer_find("he_uniform")};
	tw_stage stage = {.schedule = {.kind = tw_schedule_find("constant"), .base = 0.0001}};
	tw_stop_off(&stage.stop);
	stage.stop.steps = INT64_MAX;
	for (int r = 0; r < starts; r++) {
		initial.run = (uint32_t)r;
		tw_replica_start start = {.tag = r, .seed = 1, .run = (uint32_t)r, .theta = theta};
		if (tw_initial_fill(network, &initial, theta) != TW_OK) fail("initial parameters");
		if (tw_course_start(&start.course, &stage, 1, data->observations) != TW_OK) fail("course");
		if (tw_ensemble_start(ensemble, &start) != TW_OK) fail("start");
	}
	free(theta);
	return ensemble;
}

/* Microseconds a step and start: the fastest of the pieces of a twentieth of a second or more. Shorter ones can fall
 * between two draws of indices, which are made for many steps at once. */
static void measure(const tw_data *data, int64_t batch, int starts)
{
	tw_ensemble *ensemble = create(data, batch, starts);
	tw_replica_end end;
	if (tw_ensemble_train(ensemble, 20) != TW_OK) fail("training");
	double best = 1e300;
	const double begin = tw_now();
	int64_t steps = 10;
	do {
		const double from = tw_now();
		if (tw_ensemble_train(ensemble, steps) != TW_OK) fail("training");
		const double seconds = tw_now() - from;
		if (seconds < 0.05)
			steps *= 2;
		else if (seconds / (double)steps < best)
			best = seconds / (double)steps;
	} while (tw_now() - begin < 0.6 || best == 1e300);
	if (tw_ensemble_take(ensemble, &end)) {
		fprintf(stderr, "bench_minibatch: start %d has ended: %s\n", (int)end.tag, tw_stop_reason_name(end.reason));
		exit(1);
	}
	printf("%lld,%d,%.4f\n", (long long)batch, starts, 1e6 * best / starts);
	fflush(stdout);
	tw_ensemble_free(ensemble);
}

int main(int argc, char **argv)
{
	static const int64_t batches[] = {1, 50};
	const int starts = argc > 2 ? atoi(argv[2]) : 16;
	tw_comm *comm;
	if (tw_comm_self(&comm) != TW_OK) fail("communicator");
	tw_data *data = load(comm);
	printf("batch,starts,us_per_step_per_start\n");
	if (argc > 1) measure(data, atoll(argv[1]), starts);
	for (size_t b = 0; b < sizeof batches / sizeof *batches && argc <= 1; b++) measure(data, batches[b], starts);
	tw_data_free(data);
	tw_comm_free(comm);
	return 0;
}
