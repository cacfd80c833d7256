/* Hessian-vector products by the R-operator, forward over reverse (Pearlmutter 1994): R{x} is the derivative of x at
 * theta along a vector v. With V(l), v(l) the weights and biases of v, and pull(l) = W(l+1)' delta(l+1),
 *
 *     R{z(l)} = V(l) a(l-1) + W(l) R{a(l-1)} + v(l)               R{a(l)} = h'(z(l)) R{z(l)}
 *     R{delta(l)} = h'(z(l)) (W(l+1)' R{delta(l+1)} + V(l+1)' delta(l+1)) + h''(z(l)) pull(l) R{z(l)}
 *     R{grad W(l)} = R{delta(l)} a(l-1)' + delta(l) R{a(l-1)}'    R{grad b(l)} = R{delta(l)}
 *
 * and R{delta(L)} is the loss's second derivative times R{z(L)}. In a wave of observations (engine.h) the point is
 * passed once: z, a, delta, and of each hidden unit its slope h'(z) and its bend h''(z) pull. Each vector then costs
 * products alone, of the same kernels as the gradient. */
#ifndef THALWEG_OBJECTIVE_CURVATURE_H
#define THALWEG_OBJECTIVE_CURVATURE_H

#include "objective/engine.h"

struct tw_curvature {
	int64_t wave_rows; /* what the buffers are made for */
	tw_chunks ready;
	int group;  /* vectors at once */
	bool bends; /* the activation has a second derivative */

	/* one wave; R{z(l)} of a hidden layer takes the place of z(l), which is not needed beyond its slope and bend */
	tw_panels slope[TW_MAX_LAYERS + 1], bend[TW_MAX_LAYERS + 1];
	tw_panels change_z; /* R{z(L)} */
	tw_panels change_a[TW_MAX_LAYERS + 1], change_delta[TW_MAX_LAYERS + 1];
	tw_panels transposed[TW_MAX_LAYERS + 1]; /* V(l) itself, l >= 2 */
	void *thread_rows;                       /* per thread: logits, their R and R of their delta, row-major */
	int64_t thread_row_bytes;
	void **slot; /* group x MAX_SLOTS partial sums; those beyond the first of each vector are owned */
};

/* curvature_pass.c, each called by one thread for itself. The point: z, a, delta, slope and bend of a block. */
void curvature_point(tw_engine *engine, const void *theta, const tw_batch *batch, int64_t begin, const tw_block *block,
                     double scale, int thread);
/* R{z}, R{a} and R{delta} of a block along a vector. */
void curvature_along(tw_engine *engine, const void *theta, const void *vector, const tw_batch *batch, int64_t begin,
                     const tw_block *block, double scale, int thread);

#endif
