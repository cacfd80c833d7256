/* A few eigenpairs at an end of the spectrum: ARPACK's implicitly restarted Lanczos method. */
#include <arpack/arpack.h>
#include <float.h>
#include <lapacke.h>
#include <limits.h>

#include "linalg/solver.h"

enum { RESTARTS = 300, LEAST_BASIS = 32 };

/* The arguments that dsaupd and dseupd share, under ARPACK's own names. */
typedef struct {
	const char *which;
	int n, nev, ncv, lworkl;
	double tol;
	double shift; /* ARPACK works on A - shift I */
	double *resid, *v, *workd, *workl;
	int *select;
	int iparam[11], ipntr[11];
} lanczos;

enum {
	IPARAM_SHIFTS = 0,
	IPARAM_RESTARTS = 2,
	IPARAM_BLOCK = 3,
	IPARAM_CONVERGED = 4,
	IPARAM_MODE = 6,
	IPNTR_TRIDIAGONAL = 4
};

static tw_status make_room(lanczos *l)
{
	l->lworkl = l->ncv * (l->ncv + 8);
	TW_TRY(tw_alloc_array((void **)&l->resid, l->n, sizeof(double), "Lanczos residual"));
	TW_TRY(tw_alloc_array((void **)&l->v, (int64_t)l->n * l->ncv, sizeof(double), "Lanczos vectors"));
	TW_TRY(tw_alloc_array((void **)&l->workd, 3 * (int64_t)l->n, sizeof(double), "Lanczos work space"));
	TW_TRY(tw_alloc_array((void **)&l->workl, l->lworkl, sizeof(double), "Lanczos work space"));
	return tw_alloc_array((void **)&l->select, l->ncv, sizeof(int), "Lanczos work space");
}

static void give_back(lanczos *l)
{
	tw_free(l->resid), tw_free(l->v), tw_free(l->workd), tw_free(l->workl), tw_free(l->select);
}

static void random_vector(uint64_t seed, uint64_t number, int n, double *out)
{
	for (int64_t i = 0; i < n; i++) out[i] = tw_solver_random(seed, number, i);
}

static tw_status multiply_shifted(const lanczos *l, const tw_operator *op, const double *x, double *y,
                                  int64_t *products)
{
	TW_TRY(tw_solver_apply(op, 1, x, y, products));
	for (int64_t i = 0; i < l->n; i++) y[i] -= l->shift * x[i];
	return TW_OK;
}

/* Reverse communication with dsaupd to its end. ido -1 asks for the image of a vector to start from: the first one, or
 * one that ARPACK drew from a generator of its own to leave an invariant subspace. Any vector serves; it gets a random
 * one of ours, so that no call depends on calls before it, and so that the way out leads where A is zero too. */
static tw_status iterate(lanczos *l, const tw_operator *op, uint64_t seed, int64_t *products, int *info)
{
	uint64_t starts = 0;
	int ido = 0;
	*info = 1; /* resid holds the first vector */
	random_vector(seed, starts++, l->n, l->resid);
	for (;;) {
		const int threads = tw_solver_one_thread();
		dsaupd_c(&ido, "I", l->n, l->which, l->nev, l->tol, l->resid, l->ncv, l->v, l->n, l->iparam, l->ipntr, l->workd,
		         l->workl, l->lworkl, info);
		tw_solver_threads_back(threads);
		const double *x = l->workd + l->ipntr[0] - 1;
		double *y = l->workd + l->ipntr[1] - 1;
		if (ido == -1)
			random_vector(seed, starts++, l->n, y);
		else if (ido == 1)
			TW_TRY(multiply_shifted(l, op, x, y, products));
		else
			return TW_OK;
	}
}

/* ARPACK's tolerance is relative to an eigenvalue: one near 0, as flat directions have, would never be accurate enough.
 * A shift to the other end of the spectrum makes an eigenvalue at this end as large as the spectrum is wide, where it
 * is not larger anyway. A short Lanczos run tells the ends well enough. */
static tw_status choose_shift(lanczos *l, const tw_operator *op, tw_end_of_spectrum end, uint64_t seed,
                              int64_t *products)
{
	enum { STEPS = 8 };
	tw_spectral_density ends;
	TW_TRY(tw_lanczos_density(op, 1, STEPS, seed, &ends));
	double low = INFINITY, high = -INFINITY;
	for (int k = 0; k < STEPS; k++)
		if (ends.weight[k] > 0) {
			low = fmin(low, ends.node[k]);
			high = fmax(high, ends.node[k]);
		}
	*products += ends.products;
	tw_spectral_density_free(&ends);
	if (fabs(end == TW_SMALLEST ? low : high) < high - low) l->shift = end == TW_SMALLEST ? high : low;
	return TW_OK;
}

/* All converged: dseupd takes the pairs out. */
static tw_status take_converged(lanczos *l, tw_eigenpairs *pairs)
{
	int info = 0;
	const int threads = tw_solver_one_thread();
	dseupd_c(1, "A", l->select, pairs->value, pairs->vector, l->n, 0, "I", l->n, l->which, l->nev, l->tol, l->resid,
	         l->ncv, l->v, l->n, l->iparam, l->ipntr, l->workd, l->workl, l->lworkl, &info);
	tw_solver_threads_back(threads);
	TW_CHECK(info == 0, TW_INTERNAL, "ARPACK's dseupd failed (info %d)", info);
	const int converged = l->iparam[IPARAM_CONVERGED];
	pairs->found = pairs->listed = converged < pairs->asked ? converged : pairs->asked;
	return TW_OK;
}

/* Pair `at` of pairs: V y, V the Lanczos vectors. */
static void set_ritz_pair(const lanczos *l, double value, const double *y, tw_eigenpairs *pairs, int at)
{
	double *vector = pairs->vector + (int64_t)at * l->n;
	pairs->value[at] = value;
	for (int64_t i = 0; i < l->n; i++) vector[i] = 0;
	for (int c = 0; c < l->ncv; c++)
		for (int64_t i = 0; i < l->n; i++) vector[i] += y[c] * l->v[(int64_t)c * l->n + i];
}

/* Not all converged: the outermost eigenpairs of the tridiagonal matrix T that ARPACK leaves (the norm of the residual
 * in the unused place of its lower diagonal), those that fulfil ARPACK's own test first. room: ncv x (ncv + 2). */
static tw_status take_ritz(lanczos *l, tw_end_of_spectrum end, double *room, tw_eigenpairs *pairs)
{
	const int n = l->ncv, last = n - 1;
	const double *t = l->workl + l->ipntr[IPNTR_TRIDIAGONAL] - 1, norm = t[0],
	             near_zero = pow(DBL_EPSILON / 2, 2.0 / 3);
	const double tolerance = l->tol > 0 ? l->tol : DBL_EPSILON / 2;
	double *value = room, *below = room + n, *y = room + 2 * (int64_t)n;
	for (int i = 0; i < n; i++) {
		value[i] = t[n + i];
		below[i] = i < last ? t[i + 1] : 0;
	}
	const int threads = tw_solver_one_thread(), info = LAPACKE_dstev(LAPACK_COL_MAJOR, 'V', n, value, below, y, n);
	tw_solver_threads_back(threads);
	TW_TRY(tw_solver_lapack(info, "dstev", n));
	for (int pass = 0; pass < 2; pass++) {
		for (int k = 0; k < pairs->asked; k++) {
			const int at = end == TW_SMALLEST ? k : last - k;
			const double bound = norm * fabs(y[(int64_t)at * n + last]);
			if ((bound <= tolerance * fmax(near_zero, fabs(value[at]))) == (pass == 0))
				set_ritz_pair(l, value[at], y + (int64_t)at * n, pairs, pairs->listed++);
		}
		if (pass == 0) pairs->found = pairs->listed;
	}
	return TW_OK;
}

/* dsaupd's info: 0 all converged, 1 the restarts are used up, 3 no shift could be applied (the basis is too small),
 * -9999 no basis could be built. */
static tw_status take_pairs(lanczos *l, tw_end_of_spectrum end, int info, tw_eigenpairs *pairs)
{
	TW_CHECK(info == 0 || info == 1 || info == 3 || info == -9999, TW_INTERNAL, "ARPACK's dsaupd failed (info %d)",
	         info);
	tw_status status = TW_OK;
	if (info == 0) {
		status = take_converged(l, pairs);
	} else if (info > 0) {
		double *room = NULL;
		status = tw_alloc_array((void **)&room, l->ncv, (size_t)(l->ncv + 2) * sizeof *room, "tridiagonal matrix");
		if (status == TW_OK) status = take_ritz(l, end, room, pairs);
		tw_free(room);
	}
	for (int k = 0; k < pairs->listed; k++) pairs->value[k] += l->shift;
	return status;
}

static tw_status sparse_pairs(const tw_operator *op, tw_end_of_spectrum end, const tw_eigen_options *options, int basis,
                              tw_eigenpairs *pairs)
{
	lanczos l = {.which = end == TW_SMALLEST ? "SA" : "LA",
	             .n = (int)op->dimension,
	             .nev = pairs->asked,
	             .ncv = basis,
	             .tol = options->tolerance};
	l.iparam[IPARAM_SHIFTS] = 1; /* exact */
	l.iparam[IPARAM_RESTARTS] = options->iterations > INT_MAX ? INT_MAX
	                            : options->iterations > 0     ? (int)options->iterations
	                                                          : RESTARTS;
	l.iparam[IPARAM_BLOCK] = 1;
	l.iparam[IPARAM_MODE] = 1; /* A x = lambda x */
	int info = 0;
	tw_status status = make_room(&l);
	if (status == TW_OK) status = choose_shift(&l, op, end, options->seed, &pairs->products);
	if (status == TW_OK) status = iterate(&l, op, options->seed, &pairs->products, &info);
	if (status == TW_OK) status = take_pairs(&l, end, info, pairs);
	give_back(&l);
	return status == TW_OK ? tw_solver_finish(op, end, pairs) : status;
}

/* Lanczos vectors: as asked, but more than eigenpairs. */
static int64_t basis_size(int count, int asked)
{
	if (asked > 0) return asked > count ? asked : (int64_t)count + 1;
	return 2 * (int64_t)count + 8 > LEAST_BASIS ? 2 * (int64_t)count + 8 : LEAST_BASIS;
}

tw_status tw_extreme_eigenpairs(const tw_operator *op, tw_end_of_spectrum end, int count,
                                const tw_eigen_options *options, tw_eigenpairs *out)
{
	const tw_eigen_options defaults = {0};
	if (!options) options = &defaults;
	*out = (tw_eigenpairs){0};
	TW_CHECK(op->dimension >= 1 && op->dimension <= INT_MAX, TW_USAGE,
	         "eigenvalues of a matrix of %lld rows: 1 to 2147483647 are possible", (long long)op->dimension);
	TW_CHECK(count >= 1 && count <= op->dimension, TW_USAGE,
	         "%d eigenvalues of a matrix of %lld rows: 1 to %lld are possible", count, (long long)op->dimension,
	         (long long)op->dimension);
	const int64_t basis = basis_size(count, options->basis);
	tw_status status = tw_eigenpairs_make(op->dimension, count, out);
	if (status == TW_OK)
		status = op->dimension <= basis ? tw_solver_dense_pairs(op, end, out)
		                                : sparse_pairs(op, end, options, (int)basis, out);
	if (status != TW_OK) tw_eigenpairs_free(out);
	return status;
}
