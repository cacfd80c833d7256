/* Eigenvalues against closed forms, against LAPACK, and against what a trace says. */
#include "suite.h"

#include <omp.h>
#include <stdlib.h>

#include "linalg/eigen.h"

/* ---- operators ------------------------------------------------------------------------------------------------ */

typedef struct {
	int64_t n;
	const double *matrix;        /* full, row-major */
	double (*diagonal)(int64_t); /* else diag(...) */
	int64_t applied, fails_at;   /* vectors so far; from this one on it fails; 0: never */
	bool poisoned;               /* fails by a NaN */
} source;

static tw_status guard(source *s, int count, double *y)
{
	s->applied += count;
	if (s->fails_at == 0 || s->applied < s->fails_at) return TW_OK;
	if (!s->poisoned) return tw_fail(TW_IO, "the operator is out of order");
	y[s->n / 2] = NAN;
	return TW_OK;
}

static tw_status apply_full(void *self, int count, const double *x, double *y)
{
	source *s = self;
	for (int k = 0; k < count; k++)
		for (int64_t i = 0; i < s->n; i++) {
			double sum = 0;
			for (int64_t j = 0; j < s->n; j++) sum += s->matrix[i * s->n + j] * x[k * s->n + j];
			y[k * s->n + i] = sum;
		}
	return guard(s, count, y);
}

static tw_status apply_diagonal(void *self, int count, const double *x, double *y)
{
	source *s = self;
	for (int k = 0; k < count; k++)
		for (int64_t i = 0; i < s->n; i++) y[k * s->n + i] = s->diagonal(i) * x[k * s->n + i];
	return guard(s, count, y);
}

/* -1, 2, -1 on three diagonals: eigenvalues 2 - 2 cos(k pi / (n + 1)), eigenvectors sin(k i pi / (n + 1)). */
static tw_status apply_toeplitz(void *self, int count, const double *x, double *y)
{
	source *s = self;
	const int64_t n = s->n;
	for (int k = 0; k < count; k++, x += n, y += n)
		for (int64_t i = 0; i < n; i++) y[i] = 2 * x[i] - (i > 0 ? x[i - 1] : 0) - (i < n - 1 ? x[i + 1] : 0);
	return guard(s, count, y - count * n);
}

static tw_operator full(source *s) { return (tw_operator){s, s->n, apply_full}; }
static tw_operator diagonal(source *s) { return (tw_operator){s, s->n, apply_diagonal}; }
static tw_operator toeplitz(source *s) { return (tw_operator){s, s->n, apply_toeplitz}; }

static double toeplitz_value(int64_t n, int64_t k) { return 2 - 2 * cos((double)k * acos(-1) / (double)(n + 1)); }
static double ascending(int64_t i) { return (double)i + 1; }
static double one(int64_t i) { return (void)i, 1.0; }
static double zero(int64_t i) { return (void)i, 0.0; }
static double three_values(int64_t i) { return (double)(i % 3) - 1; }
static double rank_two(int64_t i) { return i == 4 ? 3.0 : i == 7 ? -2.0 : 0.0; }

/* A symmetric matrix of normal numbers. */
static double *random_matrix(int64_t n, uint32_t run)
{
	double *a = malloc((size_t)(n * n) * sizeof *a);
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j <= i; j++)
			a[i * n + j] = a[j * n + i] =
			    tw_random_normal((tw_random){3, TW_RANDOM_TEST, run}, (uint64_t)i, (uint64_t)j);
	return a;
}

static double *copy_of(const double *a, int64_t count)
{
	double *out = malloc((size_t)count * sizeof *out);
	memcpy(out, a, (size_t)count * sizeof *out);
	return out;
}

static double dot(const double *a, const double *b, int64_t n)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
	return sum;
}

/* Vectors of unit norm at right angles, the largest component positive, and residuals as they are said to be. */
static void check_pairs(const tw_operator *op, const tw_eigenpairs *pairs, double tolerance)
{
	const int64_t n = op->dimension;
	double *image = malloc((size_t)n * sizeof *image);
	CU_ASSERT_EQUAL(pairs->dimension, n);
	for (int k = 0; k < pairs->listed; k++) {
		const double *v = pairs->vector + k * n;
		double square = 0, largest = 0;
		CHECK_OK(op->apply(op->self, 1, v, image));
		for (int64_t i = 0; i < n; i++) {
			const double r = image[i] - pairs->value[k] * v[i];
			square += r * r;
			if (fabs(v[i]) > fabs(largest)) largest = v[i];
		}
		CU_ASSERT(largest > 0);
		CU_ASSERT_DOUBLE_EQUAL(sqrt(square), pairs->residual[k], tolerance);
		if (k < pairs->found) CU_ASSERT(pairs->residual[k] < tolerance);
		for (int other = 0; other <= k; other++)
			CU_ASSERT_DOUBLE_EQUAL(dot(v, pairs->vector + other * n, n), other == k, tolerance);
	}
	free(image);
}

/* ---- the extremes --------------------------------------------------------------------------------------------- */

static void test_closed_form(void)
{
	const int64_t sizes[] = {33, 80, 200};
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
		for (int end = 0; end < 2; end++) {
			const int64_t n = sizes[s];
			source from = {.n = n};
			tw_operator op = toeplitz(&from);
			tw_eigenpairs pairs;
			const tw_eigen_options options = {.iterations = 1000};
			CHECK_OK(tw_extreme_eigenpairs(&op, (tw_end_of_spectrum)end, 5, &options, &pairs));
			CU_ASSERT_EQUAL(pairs.found, 5);
			CU_ASSERT_EQUAL(pairs.products, from.applied);
			for (int k = 0; k < pairs.found; k++) {
				const int64_t number = end == TW_SMALLEST ? k + 1 : n - k;
				CU_ASSERT_DOUBLE_EQUAL(pairs.value[k], toeplitz_value(n, number), 1e-12);
				double *exact = malloc((size_t)n * sizeof *exact);
				for (int64_t i = 0; i < n; i++)
					exact[i] = sin((double)number * (double)(i + 1) * acos(-1) / (double)(n + 1)) *
					           sqrt(2.0 / (double)(n + 1));
				CU_ASSERT_DOUBLE_EQUAL(fabs(dot(exact, pairs.vector + k * n, n)), 1, 1e-10);
				free(exact);
			}
			check_pairs(&op, &pairs, 1e-11);
			tw_eigenpairs_free(&pairs);
			CU_ASSERT_PTR_NULL(pairs.vector);
		}
}

static void test_against_lapack(void)
{
	const int64_t sizes[] = {34, 100, 233};
	for (uint32_t s = 0; s < 3; s++) {
		const int64_t n = sizes[s];
		double *a = random_matrix(n, s), *all = malloc((size_t)n * sizeof *all), *work = copy_of(a, n * n);
		source from = {.n = n, .matrix = a};
		tw_operator op = full(&from);
		CHECK_OK(tw_symmetric_eigen(n, work, false, all));
		for (int end = 0; end < 2; end++) {
			tw_eigenpairs pairs;
			CHECK_OK(tw_extreme_eigenpairs(&op, (tw_end_of_spectrum)end, 4, NULL, &pairs));
			CU_ASSERT_EQUAL(pairs.found, 4);
			for (int k = 0; k < pairs.found; k++)
				CU_ASSERT_DOUBLE_EQUAL(pairs.value[k], all[end == TW_SMALLEST ? k : n - 1 - k], 1e-12 * fabs(all[0]));
			check_pairs(&op, &pairs, 1e-11);
			tw_eigenpairs_free(&pairs);
		}
		free(a), free(all), free(work);
	}
}

static void test_known_spectrum(void)
{
	source from = {.n = 500, .diagonal = ascending};
	tw_operator op = diagonal(&from);
	tw_eigenpairs pairs;
	CHECK_OK(tw_extreme_eigenpairs(&op, TW_LARGEST, 3, &(tw_eigen_options){.seed = 9}, &pairs));
	CU_ASSERT_EQUAL(pairs.found, 3);
	for (int k = 0; k < 3; k++) {
		CU_ASSERT_DOUBLE_EQUAL(pairs.value[k], 500 - k, 1e-9);
		CU_ASSERT_DOUBLE_EQUAL(pairs.vector[k * 500 + 499 - k], 1, 1e-9);
	}
	check_pairs(&op, &pairs, 1e-8);
	tw_eigenpairs_free(&pairs);
}

/* Many eigenvalues close to 0 at the end asked for, as flat directions have, and others over six decades: a tolerance
 * relative to an eigenvalue is out of reach for them, one relative to the width of the spectrum is not. */
static double flat(int64_t i)
{
	return i == 60 ? -2e-3 : i < 100 ? 1e-9 * cos((double)i) : pow(10, -5 + (double)i / 50);
}
static void test_flat_directions(void)
{
	const int64_t n = 300;
	double *a = calloc((size_t)(n * n), sizeof *a);
	for (int64_t i = 0; i < n; i++) a[i * n + i] = flat(i);
	/* Turned by the reflection I - 2 uu', u = (1, 1, ...) / sqrt(n). */
	for (int side = 0; side < 2; side++)
		for (int64_t k = 0; k < n; k++) {
			double along = 0;
			for (int64_t i = 0; i < n; i++) along += 2 * a[side ? k * n + i : i * n + k] / (double)n;
			for (int64_t i = 0; i < n; i++) a[side ? k * n + i : i * n + k] -= along;
		}
	source from = {.n = n, .matrix = a};
	tw_operator op = full(&from);
	tw_eigenpairs pairs;
	CHECK_OK(tw_extreme_eigenpairs(&op, TW_SMALLEST, 2, &(tw_eigen_options){.tolerance = 1e-5}, &pairs));
	CU_ASSERT_EQUAL(pairs.found, 2);
	for (int k = 0; k < pairs.found; k++) CU_ASSERT_DOUBLE_EQUAL(pairs.value[k], k ? 0 : -2e-3, 1e-5);
	check_pairs(&op, &pairs, 1e-4);
	tw_eigenpairs_free(&pairs);
	free(a);
}

/* An eigenvalue that occurs often makes the Krylov space end early: it goes on from a new vector, which must not depend
 * on what was computed before. */
static void test_degenerate(void)
{
	static const struct {
		double (*value)(int64_t);
		double smallest, largest;
	} cases[] = {{one, 1, 1}, {zero, 0, 0}, {three_values, -1, 1}, {rank_two, -2, 3}};
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
		for (int end = 0; end < 2; end++) {
			source from = {.n = 120, .diagonal = cases[c].value};
			tw_operator op = diagonal(&from);
			tw_eigenpairs pairs, again;
			CHECK_OK(tw_extreme_eigenpairs(&op, (tw_end_of_spectrum)end, 3, NULL, &pairs));
			CHECK_OK(tw_extreme_eigenpairs(&op, (tw_end_of_spectrum)end, 3, NULL, &again));
			CU_ASSERT_FATAL(pairs.found > 0);
			CU_ASSERT_DOUBLE_EQUAL(pairs.value[0], end == TW_SMALLEST ? cases[c].smallest : cases[c].largest, 1e-13);
			for (int k = 0; k < pairs.found; k++) {
				double nearest = INFINITY;
				for (int64_t i = 0; i < from.n; i++) nearest = fmin(nearest, fabs(pairs.value[k] - cases[c].value(i)));
				CU_ASSERT(nearest < 1e-13);
			}
			check_pairs(&op, &pairs, 1e-12);
			CU_ASSERT_EQUAL(pairs.found, again.found);
			CU_ASSERT_EQUAL(pairs.products, again.products);
			CU_ASSERT_EQUAL(memcmp(pairs.vector, again.vector, (size_t)(3 * from.n) * sizeof(double)), 0);
			tw_eigenpairs_free(&pairs), tw_eigenpairs_free(&again);
		}
}

static void test_small_dimensions(void)
{
	for (int64_t n = 1; n <= 5; n++)
		for (int count = 1; count <= n; count++)
			for (int end = 0; end < 2; end++) {
				source from = {.n = n};
				tw_operator op = toeplitz(&from);
				tw_eigenpairs pairs;
				CHECK_OK(tw_extreme_eigenpairs(&op, (tw_end_of_spectrum)end, count, NULL, &pairs));
				CU_ASSERT_EQUAL(pairs.found, count);
				CU_ASSERT_EQUAL(pairs.products, from.applied);
				for (int k = 0; k < pairs.found; k++)
					CU_ASSERT_DOUBLE_EQUAL(pairs.value[k], toeplitz_value(n, end == TW_SMALLEST ? k + 1 : n - k),
					                       1e-14);
				check_pairs(&op, &pairs, 1e-14);
				tw_eigenpairs_free(&pairs);
			}
	/* As many eigenpairs as there are of a matrix too large for the default basis. */
	source from = {.n = 50, .diagonal = ascending};
	tw_operator op = diagonal(&from);
	tw_eigenpairs pairs;
	CHECK_OK(tw_extreme_eigenpairs(&op, TW_LARGEST, 50, NULL, &pairs));
	CU_ASSERT_EQUAL(pairs.found, 50);
	for (int k = 0; k < pairs.found; k++) CU_ASSERT_DOUBLE_EQUAL(pairs.value[k], 50 - k, 1e-12);
	tw_eigenpairs_free(&pairs);
}

static void test_not_converged(void)
{
	source from = {.n = 1000};
	tw_operator op = toeplitz(&from);
	tw_eigenpairs pairs;
	CHECK_OK(tw_extreme_eigenpairs(&op, TW_SMALLEST, 5, &(tw_eigen_options){.iterations = 1, .basis = 6}, &pairs));
	CU_ASSERT_EQUAL(pairs.asked, 5);
	CU_ASSERT(pairs.found < 5);
	CU_ASSERT_EQUAL(pairs.products, from.applied);
	CU_ASSERT(pairs.products > 0 && pairs.products < 40);
	CU_ASSERT_EQUAL(pairs.listed, 5);
	for (int k = 0; k < pairs.listed; k++) CU_ASSERT(pairs.value[k] > toeplitz_value(1000, 1) && pairs.value[k] < 4);
	check_pairs(&op, &pairs, 1e-12);
	tw_eigenpairs_free(&pairs);

	/* 1000 stands far from 1..299 crowded together: it converges before the others do. */
	static double crowd[300];
	double *a = calloc(300 * 300, sizeof *a);
	for (int i = 0; i < 300; i++) a[i * 300 + i] = crowd[i] = i == 17 ? 1000 : 1 + 1e-3 * i;
	source lone = {.n = 300, .matrix = a};
	op = full(&lone);
	int found = 0;
	for (int restarts = 1; restarts <= 4 && found == 0; restarts++) {
		CHECK_OK(
		    tw_extreme_eigenpairs(&op, TW_LARGEST, 3, &(tw_eigen_options){.iterations = restarts, .basis = 8}, &pairs));
		CU_ASSERT(pairs.found < 3);
		found = pairs.found;
		if (found) {
			CU_ASSERT_DOUBLE_EQUAL(pairs.value[0], 1000, 1e-9);
			check_pairs(&op, &pairs, 1e-9);
		}
		tw_eigenpairs_free(&pairs);
	}
	CU_ASSERT(found > 0);
	free(a);
}

static void test_failures(void)
{
	tw_eigenpairs pairs;
	tw_spectral_density density;
	double matrix[16], value[4];
	for (int poisoned = 0; poisoned < 2; poisoned++)
		for (int64_t at = 1; at < 60; at += 13)
			for (int64_t n = 20; n <= 200; n += 180) {
				if (n == 20 && at > 20) continue;
				const tw_status expected = poisoned ? TW_DIVERGED : TW_IO;
				source from = {.n = n, .fails_at = at, .poisoned = poisoned};
				tw_operator op = toeplitz(&from);
				CU_ASSERT_EQUAL(tw_extreme_eigenpairs(&op, TW_SMALLEST, 2, NULL, &pairs), expected);
				CU_ASSERT_PTR_NULL(pairs.value);
				from.applied = 0;
				CU_ASSERT_EQUAL(tw_lanczos_density(&op, 4, 20, 1, &density), expected);
				CU_ASSERT_PTR_NULL(density.node);
			}
	/* A failure leaves ARPACK fit for the next problem. */
	test_closed_form();

	source from = {.n = 4};
	tw_operator op = toeplitz(&from);
	CU_ASSERT_EQUAL(tw_extreme_eigenpairs(&op, TW_SMALLEST, 0, NULL, &pairs), TW_USAGE);
	CU_ASSERT_EQUAL(tw_extreme_eigenpairs(&op, TW_SMALLEST, 5, NULL, &pairs), TW_USAGE);
	CU_ASSERT_EQUAL(tw_lanczos_density(&op, 0, 5, 1, &density), TW_USAGE);
	from.fails_at = 1;
	CU_ASSERT_EQUAL(tw_operator_matrix(&op, 2, matrix, NULL), TW_IO);
	for (int i = 0; i < 16; i++) matrix[i] = i == 5 ? NAN : 1;
	CU_ASSERT_EQUAL(tw_symmetric_eigen(4, matrix, true, value), TW_DIVERGED);
	tw_eigenpairs_free(NULL);
	tw_spectral_density_free(NULL);
}

/* ---- whole matrices ------------------------------------------------------------------------------------------- */

static void test_symmetric_eigen(void)
{
	for (int64_t n = 1; n <= 90; n += 29) {
		double *a = random_matrix(n, 7), *v = copy_of(a, n * n), *value = malloc((size_t)n * sizeof *value);
		for (int64_t i = 0; i < n; i++)
			for (int64_t j = i + 1; j < n; j++) v[i * n + j] = 1e300; /* the upper triangle is not looked at */
		CHECK_OK(tw_symmetric_eigen(n, v, true, value));
		double trace = 0;
		for (int64_t k = 0; k < n; k++) {
			trace += a[k * n + k] - value[k];
			if (k > 0) CU_ASSERT(value[k - 1] <= value[k]);
			for (int64_t i = 0; i < n; i++) {
				CU_ASSERT_DOUBLE_EQUAL(dot(a + i * n, v + k * n, n), value[k] * v[k * n + i], 1e-12 * (double)n);
				CU_ASSERT_DOUBLE_EQUAL(dot(v + i * n, v + k * n, n), i == k, 1e-13 * (double)n);
			}
		}
		CU_ASSERT_DOUBLE_EQUAL(trace, 0, 1e-12 * (double)n);
		free(a), free(v), free(value);
	}
}

static void test_operator_matrix(void)
{
	const int64_t n = 37;
	double *a = random_matrix(n, 5), *out = malloc((size_t)(n * n) * sizeof *out), asymmetry = -1;
	source from = {.n = n, .matrix = a};
	tw_operator op = full(&from);
	for (int at_once = 1; at_once <= 64; at_once *= 4) {
		CHECK_OK(tw_operator_matrix(&op, at_once, out, &asymmetry));
		CU_ASSERT_EQUAL(memcmp(out, a, (size_t)(n * n) * sizeof *out), 0);
		CU_ASSERT_EQUAL(asymmetry, 0);
	}
	a[3 * n + 30] = 100, a[30 * n + 3] = 80;
	CHECK_OK(tw_operator_matrix(&op, 8, out, &asymmetry));
	CU_ASSERT_DOUBLE_EQUAL(asymmetry, 0.2, 1e-15);
	CU_ASSERT_EQUAL(out[3 * n + 30], 90);
	CU_ASSERT_EQUAL(out[30 * n + 3], 90);
	free(a), free(out);
}

/* ---- the density ---------------------------------------------------------------------------------------------- */

/* Moments p of the density are Hutchinson's estimates of trace(A^p) / n, exact quadrature for p < 2 steps; from random
 * signs an estimate has the variance 2 (||B||^2 - sum b_ii^2) / n^2 with B = A^p. */
static void test_moments(void)
{
	enum { PROBES = 40, STEPS = 6 };
	const int64_t n = 60;
	double *a = random_matrix(n, 11), *power = copy_of(a, n * n), *next = malloc((size_t)(n * n) * sizeof *next);
	source from = {.n = n, .matrix = a};
	tw_operator op = full(&from);
	tw_spectral_density density;
	CHECK_OK(tw_lanczos_density(&op, PROBES, STEPS, 5, &density));
	CU_ASSERT_EQUAL(density.products, PROBES * STEPS);
	CU_ASSERT_EQUAL(density.products, from.applied);
	for (int p = 1; p < 2 * STEPS; p++) {
		double trace = 0, square = 0, moment = 0;
		for (int64_t i = 0; i < n; i++) {
			trace += power[i * n + i];
			square += dot(power + i * n, power + i * n, n) - power[i * n + i] * power[i * n + i];
		}
		for (int k = 0; k < PROBES * STEPS; k++) moment += density.weight[k] * pow(density.node[k], p) / PROBES;
		const double deviation = sqrt(2 * square / PROBES) / (double)n;
		CU_ASSERT(fabs(moment - trace / (double)n) < 4 * deviation);
		for (int64_t i = 0; i < n; i++)
			for (int64_t j = 0; j < n; j++) next[i * n + j] = dot(power + i * n, a + j * n, n);
		memcpy(power, next, (size_t)(n * n) * sizeof *next);
	}
	double area = 0;
	for (double x = -40; x < 40; x += 0.05) area += 0.05 * tw_spectral_density_at(&density, x, 0.5);
	CU_ASSERT_DOUBLE_EQUAL(area, 1, 1e-9);
	tw_spectral_density_free(&density);
	free(a), free(power), free(next);
}

static void test_weights(void)
{
	static const struct {
		double (*value)(int64_t);
		int64_t n;
		int steps, nodes; /* nodes: distinct eigenvalues that the steps reach */
	} cases[] = {{one, 50, 10, 1},     {zero, 50, 10, 1},       {three_values, 90, 20, 3},
	             {rank_two, 64, 8, 3}, {ascending, 12, 30, 12}, {ascending, 400, 25, 25},
	             {one, 1, 3, 1}};
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		source from = {.n = cases[c].n, .diagonal = cases[c].value};
		tw_operator op = diagonal(&from);
		tw_spectral_density density;
		CHECK_OK(tw_lanczos_density(&op, 3, cases[c].steps, 2, &density));
		for (int probe = 0; probe < 3; probe++) {
			const double *node = density.node + probe * cases[c].steps,
			             *weight = density.weight + probe * cases[c].steps;
			double sum = 0;
			for (int k = 0; k < cases[c].steps; k++) {
				CU_ASSERT(weight[k] >= 0);
				sum += weight[k];
				if (k >= cases[c].nodes) CU_ASSERT_EQUAL(weight[k], 0);
				if (k > 0 && k < cases[c].nodes) CU_ASSERT(node[k - 1] < node[k]);
			}
			CU_ASSERT_DOUBLE_EQUAL(sum, 1, 1e-13);
			/* All nodes of a diagonal matrix found: each weight is the share of its eigenvalue. */
			if (cases[c].value == ascending && cases[c].n == 12)
				for (int k = 0; k < 12; k++) {
					CU_ASSERT_DOUBLE_EQUAL(node[k], k + 1, 1e-11);
					CU_ASSERT_DOUBLE_EQUAL(weight[k], 1.0 / 12, 1e-11);
				}
			if (cases[c].value == three_values)
				for (int k = 0; k < 3; k++) {
					CU_ASSERT_DOUBLE_EQUAL(node[k], k - 1, 1e-12);
					CU_ASSERT_DOUBLE_EQUAL(weight[k], 1.0 / 3, 1e-12);
				}
		}
		tw_spectral_density_free(&density);
	}
}

/* ---- bits ----------------------------------------------------------------------------------------------------- */

static void test_same_bits(void)
{
	const int64_t n = 300;
	double *a = random_matrix(n, 13), *first = malloc((size_t)n * sizeof *first),
	       *value = malloc((size_t)n * sizeof *value);
	source from = {.n = n, .matrix = a};
	tw_operator op = full(&from);
	const int usual = omp_get_max_threads();
	tw_eigenpairs pairs, again;
	tw_spectral_density density, other;
	for (int threads = 1; threads <= 4; threads++) {
		double *work = copy_of(a, n * n);
		omp_set_num_threads(threads);
		CHECK_OK(tw_extreme_eigenpairs(&op, TW_SMALLEST, 3, NULL, &again));
		CHECK_OK(tw_lanczos_density(&op, 3, 20, 1, &other));
		CHECK_OK(tw_symmetric_eigen(n, work, true, value));
		CU_ASSERT_EQUAL(omp_get_max_threads(), threads);
		if (threads == 1) {
			pairs = again, density = other;
			memcpy(first, value, (size_t)n * sizeof *first);
		} else {
			CU_ASSERT_EQUAL(memcmp(pairs.vector, again.vector, (size_t)(3 * n) * sizeof(double)), 0);
			CU_ASSERT_EQUAL(memcmp(pairs.residual, again.residual, 3 * sizeof(double)), 0);
			CU_ASSERT_EQUAL(memcmp(density.node, other.node, 60 * sizeof(double)), 0);
			CU_ASSERT_EQUAL(memcmp(density.weight, other.weight, 60 * sizeof(double)), 0);
			CU_ASSERT_EQUAL(memcmp(first, value, (size_t)n * sizeof *first), 0);
			tw_eigenpairs_free(&again), tw_spectral_density_free(&other);
		}
		free(work);
	}
	omp_set_num_threads(usual);
	tw_eigenpairs_free(&pairs), tw_spectral_density_free(&density);
	free(a), free(first), free(value);
}

int main(void)
{
	CU_TestInfo tests[] = {{"closed form", test_closed_form},
	                       {"ARPACK against LAPACK", test_against_lapack},
	                       {"known spectrum", test_known_spectrum},
	                       {"flat directions", test_flat_directions},
	                       {"eigenvalues that occur often", test_degenerate},
	                       {"small dimensions", test_small_dimensions},
	                       {"not converged", test_not_converged},
	                       {"failures", test_failures},
	                       {"whole matrix", test_symmetric_eigen},
	                       {"matrix of an operator", test_operator_matrix},
	                       {"moments of the density", test_moments},
	                       {"weights of the density", test_weights},
	                       {"same bits", test_same_bits},
	                       CU_TEST_INFO_NULL};
	return suite_run("eigen", tests, 0) != 0;
}
