/* Eigenpairs as results: room, order, signs, residuals. */
#include "linalg/solver.h"

tw_status tw_solver_apply(const tw_operator *op, int count, const double *x, double *y, int64_t *products)
{
	TW_TRY(op->apply(op->self, count, x, y));
	*products += count;
	for (int64_t i = 0; i < count * op->dimension; i++)
		TW_CHECK(isfinite(y[i]), TW_DIVERGED,
		         "a product of the matrix with a vector is not finite: it has no eigenvalues");
	return TW_OK;
}

tw_status tw_eigenpairs_make(int64_t dimension, int asked, tw_eigenpairs *pairs)
{
	*pairs = (tw_eigenpairs){.asked = asked, .dimension = dimension};
	TW_TRY(tw_alloc_array((void **)&pairs->value, asked, sizeof(double), "eigenvalues"));
	TW_TRY(tw_alloc_array((void **)&pairs->residual, asked, sizeof(double), "residuals"));
	return tw_alloc_array((void **)&pairs->vector, asked * dimension, sizeof(double), "eigenvectors");
}

void tw_eigenpairs_free(tw_eigenpairs *pairs)
{
	if (!pairs) return;
	tw_free(pairs->value), tw_free(pairs->residual), tw_free(pairs->vector);
	*pairs = (tw_eigenpairs){0};
}

static void swap(double *a, double *b, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		const double kept = a[i];
		a[i] = b[i];
		b[i] = kept;
	}
}

/* Pairs first, ..., last - 1. */
static void put_in_order(tw_end_of_spectrum end, tw_eigenpairs *pairs, int first, int last)
{
	const int64_t d = pairs->dimension;
	for (int k = first; k < last; k++) {
		int best = k;
		for (int other = k + 1; other < last; other++)
			if (end == TW_SMALLEST ? pairs->value[other] < pairs->value[best]
			                       : pairs->value[other] > pairs->value[best])
				best = other;
		if (best == k) continue;
		swap(&pairs->value[k], &pairs->value[best], 1);
		swap(pairs->vector + k * d, pairs->vector + best * d, d);
	}
}

static void scale_to_unit(double *vector, int64_t n)
{
	int64_t largest = 0;
	for (int64_t i = 1; i < n; i++)
		if (fabs(vector[i]) > fabs(vector[largest])) largest = i;
	const double norm = tw_solver_norm(vector, n), scale = vector[largest] < 0 ? -norm : norm;
	for (int64_t i = 0; i < n; i++) vector[i] /= scale;
}

tw_status tw_solver_finish(const tw_operator *op, tw_end_of_spectrum end, tw_eigenpairs *pairs)
{
	const int64_t d = pairs->dimension;
	double *image = NULL;
	if (pairs->listed == 0) return TW_OK;
	put_in_order(end, pairs, 0, pairs->found);
	put_in_order(end, pairs, pairs->found, pairs->listed);
	for (int k = 0; k < pairs->listed; k++) scale_to_unit(pairs->vector + k * d, d);
	TW_TRY(tw_alloc_array((void **)&image, pairs->listed * d, sizeof *image, "products with eigenvectors"));
	tw_status status = tw_solver_apply(op, pairs->listed, pairs->vector, image, &pairs->products);
	for (int k = 0; k < pairs->listed && status == TW_OK; k++) {
		for (int64_t i = 0; i < d; i++) image[k * d + i] -= pairs->value[k] * pairs->vector[k * d + i];
		pairs->residual[k] = tw_solver_norm(image + k * d, d);
	}
	tw_free(image);
	return status;
}
