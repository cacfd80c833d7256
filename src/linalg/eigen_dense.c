/* Whole matrices: from an operator, and all their eigenvalues through LAPACK. */
#include <lapacke.h>
#include <limits.h>
#include <string.h>

#include "linalg/solver.h"

enum { AT_ONCE = 16 }; /* vectors an operator gets together */

tw_status tw_symmetric_eigen(int64_t dimension, double *matrix, bool vectors, double *value)
{
	TW_CHECK(dimension >= 1 && dimension <= INT_MAX, TW_USAGE, "a matrix of %lld rows: 1 to 2147483647 are possible",
	         (long long)dimension);
	const int n = (int)dimension;
	for (int64_t i = 0; i < dimension; i++)
		for (int64_t j = 0; j <= i; j++)
			TW_CHECK(isfinite(matrix[i * dimension + j]), TW_DIVERGED,
			         "element (%lld, %lld) of the matrix is not finite: it has no eigenvalues", (long long)i,
			         (long long)j);
	/* Row-major and lower is column-major and upper. */
	const int threads = tw_solver_one_thread();
	const int info = LAPACKE_dsyevd(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'U', n, matrix, n, value);
	tw_solver_threads_back(threads);
	return tw_solver_lapack(info, "dsyevd", dimension);
}

/* Rows first, ..., first + count - 1 of matrix: the images of unit vectors, columns of the operator's matrix. */
static tw_status fill_rows(const tw_operator *op, int64_t first, int count, double *x, double *matrix)
{
	const int64_t d = op->dimension;
	int64_t products = 0;
	memset(x, 0, (size_t)(count * d) * sizeof *x);
	for (int k = 0; k < count; k++) x[k * d + first + k] = 1;
	return tw_solver_apply(op, count, x, matrix + first * d, &products);
}

static void symmetrise(int64_t d, double *matrix, double *asymmetry)
{
	double largest = 0, difference = 0;
	for (int64_t i = 0; i < d; i++) {
		largest = fmax(largest, fabs(matrix[i * d + i]));
		for (int64_t j = 0; j < i; j++) {
			double *lower = &matrix[i * d + j], *upper = &matrix[j * d + i];
			difference = fmax(difference, fabs(*lower - *upper));
			largest = fmax(largest, fmax(fabs(*lower), fabs(*upper)));
			*lower = *upper = (*lower + *upper) / 2;
		}
	}
	if (asymmetry) *asymmetry = largest > 0 ? difference / largest : 0;
}

tw_status tw_operator_matrix(const tw_operator *op, int at_once, double *matrix, double *asymmetry)
{
	const int64_t d = op->dimension;
	double *x = NULL;
	TW_CHECK(d >= 1 && at_once >= 1, TW_USAGE, "a matrix of %lld rows, %d vectors at once: at least 1 of each",
	         (long long)d, at_once);
	if (at_once > d) at_once = (int)d;
	TW_TRY(tw_alloc_array((void **)&x, at_once * d, sizeof *x, "unit vectors"));
	tw_status status = TW_OK;
	for (int64_t first = 0; first < d && status == TW_OK; first += at_once)
		status = fill_rows(op, first, d - first < at_once ? (int)(d - first) : at_once, x, matrix);
	tw_free(x);
	if (status == TW_OK) symmetrise(d, matrix, asymmetry);
	return status;
}

static tw_status take_pairs(const tw_operator *op, tw_end_of_spectrum end, double *matrix, double *value,
                            tw_eigenpairs *pairs)
{
	const int64_t d = op->dimension, first = end == TW_SMALLEST ? 0 : d - pairs->asked;
	TW_TRY(tw_operator_matrix(op, AT_ONCE, matrix, NULL));
	pairs->products += d;
	TW_TRY(tw_symmetric_eigen(d, matrix, true, value));
	memcpy(pairs->value, value + first, (size_t)pairs->asked * sizeof *value);
	memcpy(pairs->vector, matrix + first * d, (size_t)(pairs->asked * d) * sizeof *matrix);
	pairs->found = pairs->listed = pairs->asked;
	return tw_solver_finish(op, end, pairs);
}

tw_status tw_solver_dense_pairs(const tw_operator *op, tw_end_of_spectrum end, tw_eigenpairs *pairs)
{
	const int64_t d = op->dimension;
	double *matrix = NULL, *value = NULL;
	tw_status status = tw_alloc_array((void **)&value, d, sizeof *value, "eigenvalues");
	if (status == TW_OK) status = tw_alloc_array((void **)&matrix, d, (size_t)d * sizeof *matrix, "matrix");
	if (status == TW_OK) status = take_pairs(op, end, matrix, value, pairs);
	tw_free(matrix), tw_free(value);
	return status;
}
