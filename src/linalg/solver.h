/* What the eigenvalue solvers share: checked products, results, random vectors, one thread for LAPACK and ARPACK. */
#ifndef THALWEG_LINALG_SOLVER_H
#define THALWEG_LINALG_SOLVER_H

#include <math.h>
#include <omp.h>

#include "linalg/eigen.h"

/* y = A x by op->apply, added to *products; TW_DIVERGED where a result is not finite. */
tw_status tw_solver_apply(const tw_operator *op, int count, const double *x, double *y, int64_t *products);

/* Puts the pairs that converged, and those that did not, in order, the outermost first, scales their vectors to unit
 * norm with the largest component positive, and computes their residuals. */
tw_status tw_solver_finish(const tw_operator *op, tw_end_of_spectrum end, tw_eigenpairs *pairs);
/* The same as tw_extreme_eigenpairs from the whole matrix; pairs is made by tw_eigenpairs_make. */
tw_status tw_solver_dense_pairs(const tw_operator *op, tw_end_of_spectrum end, tw_eigenpairs *pairs);

/* Element i of random vector `number`, uniform in [-1, 1): a function of (seed, number, i). */
static inline double tw_solver_random(uint64_t seed, uint64_t number, int64_t i)
{
	enum { RANDOM_EIGEN = 32 }; /* a purpose beside those of tw_random_purpose */
	return 2 * tw_random_uniform((tw_random){seed, RANDOM_EIGEN, 0}, number, (uint64_t)i) - 1;
}

/* The dot product, summed in eight interleaved chains. */
static inline double tw_solver_dot(const double *a, const double *b, int64_t n)
{
	double chain[8] = {0};
	int64_t i = 0;
	for (; i + 8 <= n; i += 8)
		for (int c = 0; c < 8; c++) chain[c] += a[i + c] * b[i + c];
	for (int c = 0; i < n; i++, c++) chain[c] += a[i] * b[i];
	return ((chain[0] + chain[4]) + (chain[2] + chain[6])) + ((chain[1] + chain[5]) + (chain[3] + chain[7]));
}
static inline double tw_solver_norm(const double *a, int64_t n) { return sqrt(tw_solver_dot(a, a, n)); }

/* Around calls of LAPACK and ARPACK: their BLAS may share its work among OpenMP's threads, and its bits would depend on
 * their number. Returns what tw_solver_threads_back wants. */
static inline int tw_solver_one_thread(void)
{
	const int threads = omp_get_max_threads();
	omp_set_num_threads(1);
	return threads;
}
static inline void tw_solver_threads_back(int threads) { omp_set_num_threads(threads); }

/* What LAPACKE's info means. */
static inline tw_status tw_solver_lapack(int info, const char *routine, int64_t dimension)
{
	if (info == 0) return TW_OK;
	if (info == -1010 || info == -1011)
		return tw_fail(TW_NO_MEMORY, "out of memory for the eigenvalues of a %lld x %lld matrix", (long long)dimension,
		               (long long)dimension);
	return tw_fail(TW_INTERNAL, "LAPACK's %s failed on a %lld x %lld matrix (info %d)", routine, (long long)dimension,
	               (long long)dimension, info);
}

#endif
