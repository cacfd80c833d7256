/* linalg/eigen.h: eigenvalues of symmetric operators: a few of a large one through ARPACK, all of a small matrix
 * through LAPACK, and the density of the spectrum by Lanczos quadrature. Double precision. No MPI: the same calls with
 * the same operator give the same bits, whatever the number of threads; where an operator is collective, rank 0 alone
 * drives and the others serve (see run/curvature). A product that is not finite ends each of these calls with
 * TW_DIVERGED. */
#ifndef THALWEG_LINALG_EIGEN_H
#define THALWEG_LINALG_EIGEN_H

#include <thalweg/linalg.h>

/* y = A x for vectors of `dimension` doubles; count vectors at once, one after the other in memory. */
typedef struct {
	void *self;
	int64_t dimension;
	tw_status (*apply)(void *self, int count, const double *x, double *y);
} tw_operator;

typedef enum { TW_SMALLEST, TW_LARGEST } tw_end_of_spectrum;

/* The count eigenpairs at one end of the spectrum (algebraic order), for 1 <= count <= dimension; options NULL: all
 * zero. By dsaupd/dseupd ("SA", "LA") of A shifted so that eigenvalues near 0 converge too, or, where ARPACK cannot run
 * or would need as many products (the dimension is at most the number of Lanczos vectors, or count), from the whole
 * matrix by tw_operator_matrix and tw_symmetric_eigen. Not converging is TW_OK with found < asked. TW_USAGE: count, or
 * a dimension beyond 2^31; TW_NO_MEMORY; a failing apply ends it with its status. *out is freed by tw_eigenpairs_free;
 * empty on failure. Not thread-safe: ARPACK keeps state. */
tw_status tw_extreme_eigenpairs(const tw_operator *op, tw_end_of_spectrum end, int count,
                                const tw_eigen_options *options, tw_eigenpairs *out);

/* All eigenvalues ascending of the symmetric dimension x dimension matrix (row-major, lower triangle read, overwritten;
 * with vectors: by the eigenvectors, a row each). LAPACK's dsyevd. value: dimension doubles. */
tw_status tw_symmetric_eigen(int64_t dimension, double *matrix, bool vectors, double *value);
/* The matrix of an operator, row-major, columns by unit vectors `at_once` at a time, symmetrised as (A + A')/2.
 * *asymmetry (may be NULL): largest |A - A'| / largest |A|; 0 for A = 0. */
tw_status tw_operator_matrix(const tw_operator *op, int at_once, double *matrix, double *asymmetry);

/* Stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017; Ghorbani, Krishnan and Xiao 2019): nodes and weights of
 * Lanczos runs of min(steps, dimension) steps (full reorthogonalisation) from `probes` random vectors of signs
 * (Rademacher, seed). Runs go side by side, as many as fit into 1 GiB: the operator is applied to several vectors at
 * once. *out is freed by tw_spectral_density_free; empty on failure. */
tw_status tw_lanczos_density(const tw_operator *op, int probes, int steps, uint64_t seed, tw_spectral_density *out);

/* Room for results, zeroed: none found yet. Freed by tw_eigenpairs_free and tw_spectral_density_free, also on failure.
 */
tw_status tw_eigenpairs_make(int64_t dimension, int asked, tw_eigenpairs *out);
tw_status tw_spectral_density_make(int probes, int steps, tw_spectral_density *out);

#endif
