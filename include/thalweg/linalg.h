/* thalweg/linalg.h: eigenvalues of a symmetric matrix as results: pairs at an end of the spectrum, and its density. */
#ifndef THALWEG_LINALG_H
#define THALWEG_LINALG_H

#include <thalweg/core.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a few eigenpairs are looked for. All zero: good defaults. */
typedef struct {
	double tolerance;   /* of an eigenvalue, relative to the larger of it and the width of the spectrum; 0: machine
	                       precision, which eigenvalues in a crowd seldom reach */
	int64_t iterations; /* restarts at most; 0: 300 */
	int basis;          /* Lanczos vectors; 0: chosen */
	uint64_t seed;      /* of the first vector */
} tw_eigen_options;

/* Eigenpairs (lambda, v) of a symmetric matrix A at one end of its spectrum, the outermost first. An eigenvalue that
 * occurs several times may be found fewer times than that. The `found` first pairs have converged. Where not all have,
 * others follow up to `listed`, which are approximations as good as their residuals say; and as v'Av of a unit vector
 * each value proves that the spectrum reaches at least so far. */
typedef struct {
	int asked, found, listed;
	int64_t dimension; /* of A */
	int64_t products;  /* products of A with a vector that were used */
	double *value;     /* room for `asked`, so in residual and vector */
	double *residual;  /* ||A v - lambda v|| of unit v, computed with one more product each: some eigenvalue of A is at
	                      most so far from lambda */
	double *vector;    /* asked x dimension, unit norm; the component of largest magnitude is positive */
} tw_eigenpairs;
void tw_eigenpairs_free(tw_eigenpairs *pairs);

/* The density of the spectrum as the mean over probes of sum_k weight_k delta(node_k). */
typedef struct {
	int probes, steps;
	double *node, *weight; /* probes x steps, nodes ascending; weights of a probe sum to 1, unused ones are 0 */
	int64_t products;
} tw_spectral_density;
void tw_spectral_density_free(tw_spectral_density *density);
/* The density at x smoothed by a Gaussian of this standard deviation. */
double tw_spectral_density_at(const tw_spectral_density *density, double x, double deviation);

#ifdef __cplusplus
}
#endif
#endif
