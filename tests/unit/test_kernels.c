/* The kernels of every instruction set this processor has, against sums in double and against BLIS. */
#include "suite.h"

#include <blis.h>
#include <stdlib.h>

#include "linalg/kernels.h"

static const struct {
	const char *name;
	tw_isa isa;
	tw_precision precision;
	const tw_kernels *kernel;
} variants[] = {
    {"avx512 float", TW_ISA_AVX512, TW_FLOAT, &tw_kernels_avx512_float},
    {"avx512 double", TW_ISA_AVX512, TW_DOUBLE, &tw_kernels_avx512_double},
    {"avx2 float", TW_ISA_AVX2, TW_FLOAT, &tw_kernels_avx2_float},
    {"avx2 double", TW_ISA_AVX2, TW_DOUBLE, &tw_kernels_avx2_double},
    {"baseline float", TW_ISA_BASELINE, TW_FLOAT, &tw_kernels_baseline_float},
    {"baseline double", TW_ISA_BASELINE, TW_DOUBLE, &tw_kernels_baseline_double},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

static double draw(uint64_t index) { return 2 * tw_random_uniform((tw_random){1, TW_RANDOM_TEST, 0}, 0, index) - 1; }

static tw_panels make(tw_precision precision, int64_t rows, int64_t columns, uint64_t seed)
{
	tw_panels panels = {NULL, rows, columns};
	CHECK_OK(tw_alloc_array(&panels.data, panel_size(rows, columns), tw_real_size(precision), "test"));
	for (int64_t i = 0; i < rows; i++)
		for (int64_t j = 0; j < columns && seed; j++)
			tw_real_set(precision, panels.data, panel_index(rows, columns, i, j),
			            draw(seed + (uint64_t)(i * columns + j)));
	return panels;
}

static double at(tw_precision precision, const tw_panels *panels, int64_t i, int64_t j)
{
	return tw_real_get(precision, panels->data, panel_index(panels->rows, panels->columns, i, j));
}

static const int64_t shapes[][3] = {{1, 1, 1},   {5, 1, 3},    {7, 10, 2},   {13, 16, 33},   {64, 17, 40},
                                    {64, 32, 8}, {31, 47, 64}, {20, 100, 5}, {64, 130, 321}, {3, 33, 170}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static double tolerance(tw_precision precision, int64_t terms)
{
	return (precision == TW_FLOAT ? 0x1p-23 : 0x1p-52) * (double)(terms + 4);
}

static void test_product(void)
{
	for (int v = 0; v < VARIANTS; v++)
		for (int s = 0; s < SHAPES; s++)
			for (int bias = 0; bias <= 1; bias++) {
				if (variants[v].isa > tw_isa_current()) continue;
				const tw_precision p = variants[v].precision;
				const int64_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
				tw_panels a = make(p, m, k, 1), b = make(p, k + bias, n, 777777), c = make(p, m, n, 0);
				variants[v].kernel->product(&a, &b, bias, &c, 0, m / 2);
				variants[v].kernel->product(&a, &b, bias, &c, m / 2, m - m / 2);
				double worst = 0;
				for (int64_t i = 0; i < m; i++)
					for (int64_t j = 0; j < n; j++) {
						double sum = bias ? at(p, &b, k, j) : 0;
						for (int64_t l = 0; l < k; l++) sum += at(p, &a, i, l) * at(p, &b, l, j);
						worst = fmax(worst, fabs(sum - at(p, &c, i, j)));
					}
				CU_ASSERT(worst <= tolerance(p, k));
				tw_free(a.data), tw_free(b.data), tw_free(c.data);
			}
}

/* Bits of a product do not depend on how its rows are asked for. */
static void test_product_rows(void)
{
	for (int v = 0; v < VARIANTS; v++) {
		if (variants[v].isa > tw_isa_current()) continue;
		const tw_precision p = variants[v].precision;
		const int64_t m = 37, n = 50, k = 70;
		tw_panels a = make(p, m, k, 5), b = make(p, k + 1, n, 99999), c = make(p, m, n, 0), d = make(p, m, n, 0);
		variants[v].kernel->product(&a, &b, true, &c, 0, m);
		for (int64_t i = 0, step = 1; i < m; i += step, step++)
			variants[v].kernel->product(&a, &b, true, &d, i, i + step < m ? step : m - i);
		CU_ASSERT_EQUAL(memcmp(c.data, d.data, (size_t)panel_size(m, n) * tw_real_size(p)), 0);
		tw_free(a.data), tw_free(b.data), tw_free(c.data), tw_free(d.data);
	}
}

static void test_against_blis(void)
{
	const int64_t m = 48, n = 64, k = 96;
	tw_panels a = make(TW_FLOAT, m, k, 3), b = make(TW_FLOAT, k, n, 4444), c = make(TW_FLOAT, m, n, 0);
	float *left = malloc(sizeof(float) * (size_t)(m * k)), *right = malloc(sizeof(float) * (size_t)(k * n));
	float *out = malloc(sizeof(float) * (size_t)(m * n)), one = 1, zero = 0;
	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < k; j++) left[i * k + j] = (float)at(TW_FLOAT, &a, i, j);
	for (int64_t i = 0; i < k; i++)
		for (int64_t j = 0; j < n; j++) right[i * n + j] = (float)at(TW_FLOAT, &b, i, j);
	bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, m, n, k, &one, left, k, 1, right, n, 1, &zero, out, n, 1);
	tw_kernels_of(TW_FLOAT)->product(&a, &b, false, &c, 0, m);
	double worst = 0;
	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < n; j++) worst = fmax(worst, fabs((double)out[i * n + j] - at(TW_FLOAT, &c, i, j)));
	CU_ASSERT(worst <= 2 * tolerance(TW_FLOAT, k));
	free(left), free(right), free(out);
	tw_free(a.data), tw_free(b.data), tw_free(c.data);
}

static void test_gradient(void)
{
	for (int v = 0; v < VARIANTS; v++)
		for (int s = 0; s < SHAPES; s++) {
			if (variants[v].isa > tw_isa_current()) continue;
			const tw_precision p = variants[v].precision;
			const int64_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
			tw_panels x = make(p, m, k, 1), delta = make(p, m, n, 31313);
			void *tile = NULL;
			CHECK_OK(tw_alloc(&tile, TW_TILE * sizeof(double), "tile"));
			double worst = 0;
			for (int64_t f = 0; f < k; f += TW_PANEL)
				for (int64_t u = 0; u < n; u += TW_PANEL) {
					const int64_t features = k - f < TW_PANEL ? k - f : TW_PANEL, width = panel_width(n, u);
					/* in two parts: the second goes on from the first */
					variants[v].kernel->gradient_tile(&x, f, features, &delta, u, 0, m / 3, false, tile);
					variants[v].kernel->gradient_tile(&x, f, features, &delta, u, m / 3, m, true, tile);
					for (int64_t j = 0; j < features; j++)
						for (int64_t q = 0; q < width && u + q < n; q++) {
							double sum = 0;
							for (int64_t i = 0; i < m; i++) sum += at(p, &x, i, f + j) * at(p, &delta, i, u + q);
							worst = fmax(worst, fabs(sum - tw_real_get(p, tile, j * width + q)));
						}
				}
			CU_ASSERT(worst <= tolerance(p, m));
			tw_free(tile), tw_free(x.data), tw_free(delta.data);
		}
}

static void test_transpose_and_norm(void)
{
	for (int v = 0; v < VARIANTS; v++) {
		if (variants[v].isa > tw_isa_current()) continue;
		const tw_precision p = variants[v].precision;
		const int64_t in = 45, out = 70;
		tw_panels weights = make(p, in + 1, out, 17), turned = make(p, out, in, 0);
		variants[v].kernel->transpose(&weights, &turned, 0, 32);
		variants[v].kernel->transpose(&weights, &turned, 32, out);
		for (int64_t i = 0; i < in; i++)
			for (int64_t j = 0; j < out; j++) CU_ASSERT_EQUAL(at(p, &weights, i, j), at(p, &turned, j, i));
		double sum = 0;
		for (int64_t i = 0; i < panel_size(in + 1, out); i++) {
			double x = tw_real_get(p, weights.data, i);
			sum += x * x;
		}
		CU_ASSERT_DOUBLE_EQUAL(variants[v].kernel->squared_norm(weights.data, panel_size(in + 1, out)), sum,
		                       1e-12 * sum);
		tw_free(weights.data), tw_free(turned.data);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {{"product", test_product},
	                       {"product by rows", test_product_rows},
	                       {"product against BLIS", test_against_blis},
	                       {"gradient tiles", test_gradient},
	                       {"transpose and norm", test_transpose_and_norm},
	                       CU_TEST_INFO_NULL};
	return suite_run("kernels", tests, 0) == 0 ? 0 : 1;
}
