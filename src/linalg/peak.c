#include "linalg/peak.h"

#include <stdlib.h>

#include "linalg/kernels.h"

enum { REPEATS = 5, TRIAD_ELEMENTS = 1 << 23 };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double measure_flops(const tw_kernels *kernel, int threads)
{
	const int64_t passes = 8000000;
	double rate[REPEATS];
	for (int r = 0; r < REPEATS; r++) {
		double start = 0;
#pragma omp parallel num_threads(threads)
		{
			volatile double sink = kernel->multiply_adds(passes / 20);
#pragma omp barrier
#pragma omp master
			start = tw_now();
			sink = kernel->multiply_adds(passes);
			(void)sink;
		}
		rate[r] = (double)passes * (double)kernel->flops_per_pass * threads / (tw_now() - start) / 1e9;
	}
	qsort(rate, REPEATS, sizeof rate[0], by_value);
	return rate[REPEATS / 2];
}

static double measure_triad(int threads)
{
	double *a = NULL, *b = NULL, *c = NULL, rate[REPEATS], result = 0;
	if (tw_alloc_array((void **)&a, TRIAD_ELEMENTS, sizeof *a, "triad") == TW_OK &&
	    tw_alloc_array((void **)&b, TRIAD_ELEMENTS, sizeof *b, "triad") == TW_OK &&
	    tw_alloc_array((void **)&c, TRIAD_ELEMENTS, sizeof *c, "triad") == TW_OK) {
		for (int r = -1; r < REPEATS; r++) {
			double start = tw_now();
#pragma omp parallel for num_threads(threads) schedule(static)
			for (int64_t i = 0; i < TRIAD_ELEMENTS; i++) a[i] = b[i] + 3.0 * c[i];
			__asm__ volatile("" : : "r"(a) : "memory");
			if (r >= 0) rate[r] = 24e-9 * TRIAD_ELEMENTS / (tw_now() - start);
		}
		qsort(rate, REPEATS, sizeof rate[0], by_value);
		result = rate[REPEATS / 2];
	}
	tw_free(a), tw_free(b), tw_free(c);
	return result;
}

void tw_peak_measure(int threads, tw_peak *out)
{
	out->float_gflops = measure_flops(tw_kernels_of(TW_FLOAT), threads);
	out->double_gflops = measure_flops(tw_kernels_of(TW_DOUBLE), threads);
	out->triad_gbytes = measure_triad(threads);
}
