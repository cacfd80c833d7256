/* The hot loops of an ensemble: products and gradients of G networks at a time, one table of them for each instruction
 * set and precision.
 *
 * Matrices are rows of groups: element (i, j) of the G replicas stands at [i * stride + j * G .. + G), so that a SIMD
 * vector holds VECTOR_LANES / G neighbouring columns of G replicas. Rows are padded to whole vectors; what stands in
 * the padding of a weight matrix is zero. Every element of a result is one chain of multiply-adds in the order of the
 * summation index, the same as in linalg/kernels.h: so the bits of a replica do not depend on G, its place or its
 * neighbours, and are those of a single run. */
#ifndef THALWEG_ENSEMBLE_LANES_KERNELS_H
#define THALWEG_ENSEMBLE_LANES_KERNELS_H

#include "core/variant.h"

/* Activations that the products apply themselves, while a result is in registers. */
typedef enum { TW_FUSED_NONE = 0, TW_FUSED_RELU, TW_FUSED_LEAKY } tw_fused;

/* A left factor: rows of groups, or rows of single values that all replicas share. */
typedef struct {
	const void *data;
	int64_t stride; /* reals from row to row */
	bool shared;
} tw_left;

/* c(i, :) = bias + a(i, 0..depth-1) * w(0..depth-1, :) for count rows. */
typedef struct {
	tw_left a;
	int64_t depth;
	const void *w; /* depth rows */
	int64_t w_stride;
	const void *bias; /* a row, or NULL */
	void *c;
	int64_t c_stride, vectors; /* of a row of w and c */
	/* after the sum: act = h(c) into rows like those of c (act not NULL), or c *= h'(z) for rows z like those of c */
	tw_fused fused;
	void *act;
	const void *z;
	double leak;
} tw_lanes_product;

/* tile(f, :) (+)= sum over count rows of a(i, f) * d(i, :), f < features; add: go on from what tile holds. With bias
 * also bias_row(:) (+)= sum of d(i, :). */
typedef struct {
	tw_left a;
	int64_t features;
	const void *d;
	int64_t d_stride, vectors;
	void *tile;
	int64_t tile_stride;
	void *bias_row; /* or NULL */
	bool add;
} tw_lanes_gradient;

/* c(i, 0) = sum over k < depth of a(i, k) w(k), w a row of groups, in four interleaved chains as product_single of
 * linalg/kernels.h has them, plus the bias. */
typedef struct {
	const void *a; /* rows of groups */
	int64_t a_stride, depth;
	const void *w, *bias; /* bias: a group, or NULL */
	void *c;
	int64_t c_stride;
} tw_lanes_single;

/* A whole network of one hidden layer with (leaky) ReLU and one output, whose rows pass through registers: forward
 * fills act and logits, backward adds to the gradients. Sums as in product, product_single and gradient. */
typedef struct {
	tw_left x;
	int64_t inputs;
	const void *w, *b, *v,
	    *v_bias;               /* first layer: `inputs` rows, the biases; second: a row, a group. b, v_bias or NULL */
	int64_t w_stride, vectors; /* of a row of the hidden layer */
	void *act;                 /* h(z), with the sign of z */
	int64_t act_stride;
	void *logits;
	const void *delta; /* rows like those of logits */
	int64_t out_stride;
	void *dw, *db, *dv, *dv_bias;
	tw_fused fused;
	double leak;
} tw_lanes_shallow;

typedef struct {
	void (*product)(const tw_lanes_product *call, int64_t count);
	void (*product_single)(const tw_lanes_single *call, int64_t count);
	void (*gradient)(const tw_lanes_gradient *call, int64_t count);
	/* to(u, k) = from(k, u) for rows k < rows and columns u < columns. */
	void (*transpose)(const void *from, int64_t from_stride, int64_t rows, int64_t columns, void *to,
	                  int64_t to_stride);
	/* sum[r] (+)= rows[i * G + r] over i < count, in order; add: go on from what sum holds. */
	void (*sum_rows)(const void *rows, int64_t count, bool add, void *sum);
	/* The same in doubles: sum[r] += rows[i * G + r] over i < count, in order. */
	void (*add_rows)(const double *rows, int64_t count, double *sum);
} tw_lanes_of_size;

enum { TW_LANES_SIZES = 5 }; /* G = 1, 2, 4, 8, 16 */
typedef struct {
	int lanes;                                    /* reals a vector */
	const tw_lanes_of_size *size[TW_LANES_SIZES]; /* by log2 G; NULL where G > lanes */
} tw_lanes_kernels;
TW_DECLARE_VARIANTS(tw_lanes_kernels, tw_lanes_kernels);

/* shallow_kernels.c; by log2 G */
typedef struct {
	void (*forward[TW_LANES_SIZES])(const tw_lanes_shallow *call, int64_t count); /* NULL: not offered for this G */
	void (*backward[TW_LANES_SIZES])(const tw_lanes_shallow *call, int64_t count);
} tw_shallow_kernels;
TW_DECLARE_VARIANTS(tw_shallow_kernels, tw_shallow_kernels);

#endif
