/* Matrix products of the shapes that training meets, one thread: thalweg's kernels beside BLIS's sgemm (its own choice
 * of kernels, and others by BLIS_ARCH_TYPE in the environment), as GFLOP/s and as a share of the measured peak of
 * multiply-adds. Each shape is timed A B A B, medians of 15.
 *     build/release/bench/bench_products */
#include <blis.h>
#include <stdio.h>
#include <stdlib.h>

#include "linalg/kernels.h"
#include "linalg/peak.h"

enum { REPEATS = 15 };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, REPEATS, sizeof values[0], by_value);
	return values[REPEATS / 2];
}

static float *make(int64_t elements)
{
	void *out;
	if (tw_alloc_array(&out, elements, sizeof(float), "matrix") != TW_OK) exit(70);
	for (int64_t i = 0; i < elements; i++) ((float *)out)[i] = (float)(i % 17) * 0.01f;
	return out;
}

int main(void)
{
	static const int64_t shapes[][3] = {{64, 128, 784},  {32, 128, 784},    {64, 64, 128},    {64, 16, 64},
	                                    {64, 16, 196},   {64, 1024, 784},   {64, 1024, 1024}, {512, 1024, 1024},
	                                    {100, 100, 100}, {2048, 2048, 2048}};
	const tw_kernels *kernel = tw_kernels_of(TW_FLOAT);
	tw_peak peak;
	tw_peak_measure(1, &peak);
	printf("instruction set %s, peak of multiply-adds on one thread %.1f GFLOP/s\n", tw_isa_name(tw_isa_current()),
	       peak.float_gflops);
	printf("%6s %6s %6s %22s %22s %22s\n", "m", "n", "k", "product", "gradient (transposed)", "BLIS sgemm");
	for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
		const int64_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
		tw_panels a = {make(panel_size(m, k)), m, k}, b = {make(panel_size(k + 1, n)), k + 1, n};
		tw_panels c = {make(panel_size(m, n)), m, n};
		float *left = make(m * k), *right = make(k * n), *out = make(m * n), *tile = make(TW_TILE), one = 1, zero = 0;
		const double flops = 2.0 * (double)m * (double)n * (double)k;
		const int rounds = (int)(2e8 / flops) + 1;
		rntm_t runtime = BLIS_RNTM_INITIALIZER;
		bli_rntm_set_num_threads(1, &runtime);
		double seconds[3][REPEATS];
		for (int r = -1; r < REPEATS; r++) {
			double start = tw_now(), at[4];
			for (int i = 0; i < rounds; i++) kernel->product(&a, &b, true, &c, 0, m);
			at[1] = tw_now();
			for (int i = 0; i < rounds; i++)
				for (int64_t u = 0; u < n; u += TW_PANEL)
					for (int64_t f = 0; f < k; f += TW_PANEL)
						kernel->gradient_tile(&a, f, k - f < TW_PANEL ? k - f : TW_PANEL, &c, u, 0, m, false, tile);
			at[2] = tw_now();
			for (int i = 0; i < rounds; i++)
				bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, m, n, k, &one, left, k, 1, right, n, 1, &zero, out,
				             n, 1, NULL, &runtime);
			at[3] = tw_now();
			at[0] = start;
			for (int t = 0; t < 3 && r >= 0; t++) seconds[t][r] = (at[t + 1] - at[t]) / rounds;
		}
		printf("%6lld %6lld %6lld", (long long)m, (long long)n, (long long)k);
		for (int t = 0; t < 3; t++) {
			double rate = flops / median(seconds[t]) / 1e9;
			printf(" %9.1f GFLOP/s %3.0f%%", rate, 100 * rate / peak.float_gflops);
		}
		printf("\n");
		tw_free(a.data), tw_free(b.data), tw_free(c.data), tw_free(left), tw_free(right), tw_free(out), tw_free(tile);
	}
	return 0;
}
