/* Seconds for the smallest and the largest eigenvalue of the Hessian of experiment 5.3's network, 196-10-10-10-1 (2,201
 * parameters) on the 12,049 images of digits 3 and 6, in double precision, with residuals of at most 1e-6.
 * usage: THALWEG_DATA=data bench_eigen [THREADS [STEPS [ROUNDS]]]    default: 2 threads, after 2,000 steps of gradient
 * descent of step size 0.1, 5 rounds. Prints CSV: a line a round, and the median. */
#include <stdio.h>
#include <stdlib.h>
#include <thalweg/certify.h>

static const char text[] = "precision: double\n"
                           "data: {preset: mnist36, test: false}\n"
                           "network: {hidden: [10, 10, 10], activation: relu, output: logistic}\n"
                           "loss: log\n"
                           "initial: {distribution: glorot_uniform, bias: 0}\n"
                           "method: {batch: all, step_size: 0.1}\n"
                           "metrics: {cost_every: 0}\n";
enum { MAX_ROUNDS = 64 };
static const double RESIDUAL = 1e-6;

static void check(tw_status status, const char *what)
{
	if (status == TW_OK) return;
	fprintf(stderr, "%s: %s\n", what, tw_message());
	exit(1);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void get_data_folder(char *set, size_t size)
{
	const char *folder = getenv("THALWEG_DATA");
	if (!folder) {
		fprintf(stderr, "THALWEG_DATA is not set: the folder of the fetched data\n");
		exit(1);
	}
	snprintf(set, size, "data.path=%s", folder);
}

/* Eigenvalue tolerances are relative to the width of the spectrum: a first look at its upper end gives that. */
static double width_of_spectrum(tw_curvature *curvature)
{
	const tw_eigen_options rough = {.tolerance = 1e-2};
	tw_eigenpairs low, high;
	check(tw_curvature_extremes(curvature, 0, 0, 1, &rough, &low, &high), "largest eigenvalue");
	const double width = high.value[0];
	tw_eigenpairs_free(&low);
	tw_eigenpairs_free(&high);
	return width;
}

static double measure(tw_curvature *curvature, int round)
{
	tw_eigenpairs low, high;
	const double start = tw_now();
	const tw_eigen_options options = {.tolerance = 0.5 * RESIDUAL / width_of_spectrum(curvature)};
	check(tw_curvature_extremes(curvature, 0, 1, 1, &options, &low, &high), "extreme eigenvalues");
	const double seconds = tw_now() - start;
	printf("%d,%.3f,%lld,%.9g,%.2g,%.9g,%.2g,%s\n", round, seconds, (long long)(low.products + high.products),
	       low.value[0], low.residual[0], high.value[0], high.residual[0],
	       low.found && high.found && low.residual[0] <= RESIDUAL && high.residual[0] <= RESIDUAL ? "yes" : "no");
	fflush(stdout);
	tw_eigenpairs_free(&low);
	tw_eigenpairs_free(&high);
	return seconds;
}

int main(int argc, char **argv)
{
	char threads[32], steps[32], folder[4096];
	snprintf(threads, sizeof threads, "threads=%d", argc > 1 ? atoi(argv[1]) : 2);
	snprintf(steps, sizeof steps, "stop.steps=%d", argc > 2 ? atoi(argv[2]) : 2000);
	get_data_folder(folder, sizeof folder);
	int rounds = argc > 3 ? atoi(argv[3]) : 5;
	rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
	const char *const set[] = {threads, steps, folder};
	tw_settings settings;
	tw_comm *comm;
	tw_run *run;
	tw_summary result;
	tw_curvature *curvature;
	check(tw_comm_self(&comm), "communicator");
	check(tw_settings_parse(&settings, "bench_eigen", text, set, 3), "configuration");
	check(tw_run_create(comm, &settings, &run), "run");
	check(tw_run_train(run, NULL, &result), "training");
	check(tw_curvature_create(run, &curvature), "Hessian");
	double seconds[MAX_ROUNDS];
	printf("round,seconds,products,smallest,residual,largest,residual,to_1e-6\n");
	for (int round = 0; round < rounds; round++) seconds[round] = measure(curvature, round + 1);
	qsort(seconds, (size_t)rounds, sizeof *seconds, by_size);
	printf("median,%.3f\n", seconds[rounds / 2]);
	tw_curvature_free(curvature);
	tw_run_free(run);
	tw_settings_free(&settings);
	tw_comm_free(comm);
	return 0;
}
