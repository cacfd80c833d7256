/* The hot loops over matrices in panel layout (panel.h), one table of them for each instruction set and precision.
 *
 * Every element of a result is one chain of multiply-adds in the order of the summation index, whatever the block of
 * rows or columns that a call asks for: so the bits of an element do not depend on how work is divided. All arrays are
 * aligned to 64 bytes and hold reals of the table's precision. */
#ifndef THALWEG_LINALG_KERNELS_H
#define THALWEG_LINALG_KERNELS_H

#include "core/variant.h"
#include "linalg/panel.h"

/* A matrix in panel layout. */
typedef struct {
	void *data;
	int64_t rows, columns;
} tw_panels;

/* Sparse rows of a block of observations by column: the entries of column j are start[j]..start[j+1]-1, each an
 * observation (row of the wave) and a value. */
typedef struct {
	const int32_t *start;
	const int32_t *row;
	const void *value;
} tw_sparse_columns;

enum { TW_TILE = TW_PANEL * TW_PANEL };

typedef struct tw_kernels {
	/* c(i, :) = [bias row] + a(i, 0..k-1) * b(0..k-1, :) for rows first <= i < first + count. a.columns = k; b has k
	 * rows, or k + 1 where the last is the bias (has_bias). c.columns = b.columns, padding columns are written too. */
	void (*product)(const tw_panels *a, const tw_panels *b, bool has_bias, const tw_panels *c, int64_t first,
	                int64_t count);
	/* c(i, :) += a(i, 0..k-1) * b(0..k-1, :), each element's chain going on from what c holds; rows of b beyond k are
	 * left out. */
	void (*product_add)(const tw_panels *a, const tw_panels *b, const tw_panels *c, int64_t first, int64_t count);
	/* c = [bias] + a b for b.columns = 1, summed in four interleaved chains (k mod 4) that are added at the end, the
	 * bias last: c(i, 0) = ((s0 + s1) + (s2 + s3)) + bias. Other columns of c are left alone. */
	void (*product_single)(const tw_panels *a, const tw_panels *b, bool has_bias, const tw_panels *c, int64_t first,
	                       int64_t count);
	/* The same as product with a sparse left factor: row i of c from row i - first of the lists. */
	void (*sparse_product)(const int32_t *const *column, const void *const *value, const int32_t *entries,
	                       const tw_panels *b, bool has_bias, const tw_panels *c, int64_t first, int64_t count);
	/* tile(j, u) (+)= sum over rows first <= i < last of x(i, feature + j) * delta(i, unit + u), for one panel of
	 * `features` <= TW_PANEL columns of x and the panel of delta that starts at column unit; tile is row-major with the
	 * width of that panel of delta. add: go on from what tile holds, else start from zero. */
	void (*gradient_tile)(const tw_panels *x, int64_t feature, int64_t features, const tw_panels *delta, int64_t unit,
	                      int64_t first, int64_t last, bool add, void *tile);
	/* The same for two pairs of factors of the same shapes: in one chain, observation by observation the term of the
	 * first pair and then that of the second. */
	void (*gradient_tile_of_two)(const tw_panels *const x[2], int64_t feature, int64_t features,
	                             const tw_panels *const delta[2], int64_t unit, int64_t first, int64_t last, bool add,
	                             void *tile);
	void (*sparse_gradient_tile)(const tw_sparse_columns *x, int64_t feature, int64_t features, const tw_panels *delta,
	                             int64_t unit, bool add, void *tile);
	/* row(u) (+)= sum over rows of delta(i, unit + u): the gradient of the biases. */
	void (*gradient_bias)(const tw_panels *delta, int64_t unit, int64_t first, int64_t last, bool add, void *row);
	/* to(i, :) = from row pointers, for rows first <= i < first + count of to. */
	void (*gather_rows)(const void *const *rows, const tw_panels *to, int64_t first, int64_t count);
	/* to(u, j) = from(j, u) for 0 <= j < to->columns (rows of from beyond are left out) and columns u of from in
	 * [first_column, last_column) (multiples of TW_PANEL or the end). */
	void (*transpose)(const tw_panels *from, const tw_panels *to, int64_t first_column, int64_t last_column);
	void (*add)(void *dst, const void *src, int64_t n);                   /* dst += src */
	void (*add_to)(void *dst, const void *a, const void *b, int64_t n);   /* dst = a + b */
	void (*multiply)(void *dst, const void *a, const void *b, int64_t n); /* dst = a b, element by element */
	/* dst = dst factor + a b, element by element; n is a multiple of TW_PANEL_UNIT */
	void (*multiply_two)(void *dst, const void *factor, const void *a, const void *b, int64_t n);
	void (*add_scaled)(void *dst, double scale, const void *src, int64_t n);
	double (*squared_norm)(const void *x, int64_t n); /* in double, fixed order */
	/* 2 * n * flops_per_pass floating-point operations in registers only: the peak of multiply-adds. */
	double (*multiply_adds)(int64_t n);
	int64_t flops_per_pass;
} tw_kernels;

TW_DECLARE_VARIANTS(tw_kernels, tw_kernels);
static inline const tw_kernels *tw_kernels_of(tw_precision precision)
{
	return TW_SELECT_VARIANT(tw_kernels, precision);
}

#endif
