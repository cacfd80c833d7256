/* Networks of one hidden layer with (leaky) ReLU and one output, whose activations pass through registers. */
#include <string.h>

#include "ensemble/lanes_kernels.h"
#include "linalg/simd.h"

#define INLINE static inline __attribute__((always_inline))

/* Sums in registers: rows x the vectors that the four chains of an output take. */
#if defined(__AVX512F__)
enum { SUMS = 16, MOST_ROWS = 8 };
#else
enum { SUMS = 8, MOST_ROWS = 4 };
#endif
enum { CHAINS = 4 };

/* Rows that pass through registers together. Their activations are kept vector by vector, the rows of a vector next to
 * each other, from the place of their first row on. */
INLINE int rows_together(int group)
{
	const int parts = CHAINS * group / VECTOR_LANES;
	return SUMS / parts < MOST_ROWS ? SUMS / parts : MOST_ROWS;
}

/* shared: rows follow one another without gaps. */
INLINE vector input_value(int group, const tw_lanes_shallow *call, bool shared, int64_t inputs, int64_t row, int r,
                          int64_t k)
{
	const real *x = call->x.data;
	if (shared) return vector_fill(x[row * inputs + r * inputs + k]);
	return vector_group(x + (row + r) * call->x.stride + k * group, group);
}

INLINE vector activation(tw_fused fused, real leak, vector z)
{
	if (fused == TW_FUSED_LEAKY) return vector_max(z, leak * z);
	return vector_where_negative(z, -(vector){0}, z);
}

/* ---- forward -------------------------------------------------------------------------------------------------- */

/* Vector m of the hidden layer for some rows; their products with v go to sum. */
INLINE void forward_vector(int group, bool shared, int64_t inputs, tw_fused fused, int rows,
                           const tw_lanes_shallow *call, int64_t row, int64_t m, vector *sum, int stride)
{
	const int64_t at = m * VECTOR_LANES;
	const vector bias = call->b ? vector_load((const real *)call->b + at) : (vector){0};
	const vector v = vector_load((const real *)call->v + at);
	real *act = (real *)call->act + row * call->act_stride;
	vector z[MOST_ROWS];
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) z[r] = bias;
	for (int64_t k = 0; k < inputs; k++) {
		const vector w = vector_load((const real *)call->w + k * call->w_stride + at);
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++) z[r] += input_value(group, call, shared, inputs, row, r, k) * w;
	}
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) {
		const vector a = activation(fused, (real)call->leak, z[r]);
		vector_store(act + (m * rows + r) * VECTOR_LANES, a);
		sum[r * stride] += a * v;
	}
}

INLINE void forward_rows(int group, bool shared, int64_t inputs, tw_fused fused, int rows, const tw_lanes_shallow *call,
                         int64_t row)
{
	enum { MOST_PARTS = CHAINS };
	const int parts = CHAINS * group / VECTOR_LANES;
	vector sum[MOST_ROWS][MOST_PARTS];
	int64_t m = 0;
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
		for (int p = 0; p < parts; p++) sum[r][p] = (vector){0};
	for (; m + parts <= call->vectors; m += parts)
#pragma GCC unroll 4
		for (int p = 0; p < parts; p++)
			forward_vector(group, shared, inputs, fused, rows, call, row, m + p, &sum[0][p], MOST_PARTS);
#pragma GCC unroll 4
	for (int p = 0; p < parts; p++)
		if (m + p < call->vectors)
			forward_vector(group, shared, inputs, fused, rows, call, row, m + p, &sum[0][p], MOST_PARTS);
	if (parts == CHAINS) {
		const vector bias = call->v_bias ? vector_load(call->v_bias) : (vector){0};
		for (int r = 0; r < rows; r++)
			vector_store((real *)call->logits + (row + r) * call->out_stride,
			             ((sum[r][0] + sum[r][1]) + (sum[r][2] + sum[r][3])) + bias);
		return;
	}
	for (int r = 0; r < rows; r++) {
		real chain[CHAINS * 16], *out = (real *)call->logits + (row + r) * call->out_stride;
		const real *bias = call->v_bias;
		memcpy(chain, sum[r], (size_t)(CHAINS * group) * sizeof(real));
		for (int j = 0; j < group; j++)
			out[j] =
			    ((chain[j] + chain[group + j]) + (chain[2 * group + j] + chain[3 * group + j])) + (bias ? bias[j] : 0);
	}
}

INLINE void forward_all(int group, bool shared, int64_t inputs, tw_fused fused, const tw_lanes_shallow *call,
                        int64_t count)
{
	const int rows = rows_together(group);
	int64_t i = 0;
	for (; i + rows <= count; i += rows) forward_rows(group, shared, inputs, fused, rows, call, i);
	for (; i < count; i++) forward_rows(group, shared, inputs, fused, 1, call, i);
}

/* ---- backward -------------------------------------------------------------------------------------------------- */

INLINE void backward_vector(int group, bool shared, int64_t inputs, tw_fused fused, int rows,
                            const tw_lanes_shallow *call, int64_t row, int64_t m, const vector *delta)
{
	const int64_t at = m * VECTOR_LANES;
	const vector v = vector_load((const real *)call->v + at);
	real *dv = (real *)call->dv + at, *db = call->db ? (real *)call->db + at : NULL;
	const real *act = (const real *)call->act + row * call->act_stride;
	vector d[MOST_ROWS], sum = vector_load(dv);
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) {
		const vector a = vector_load(act + (m * rows + r) * VECTOR_LANES);
		const vector slope = delta[r] * v;
		/* no product with 0: slopes of runs that diverge may be infinite */
		d[r] = vector_where_signed(a, fused == TW_FUSED_LEAKY ? (real)call->leak * slope : (vector){0}, slope);
		sum += delta[r] * a;
	}
	vector_store(dv, sum);
	for (int64_t k = 0; k < inputs; k++) {
		real *dw = (real *)call->dw + k * call->w_stride + at;
		sum = vector_load(dw);
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++) sum += input_value(group, call, shared, inputs, row, r, k) * d[r];
		vector_store(dw, sum);
	}
	if (!db) return;
	sum = vector_load(db);
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) sum += d[r];
	vector_store(db, sum);
}

INLINE void backward_rows(int group, bool shared, int64_t inputs, tw_fused fused, int rows,
                          const tw_lanes_shallow *call, int64_t row)
{
	vector delta[MOST_ROWS];
	const real *of_row = (const real *)call->delta + row * call->out_stride;
	real *dv_bias = call->dv_bias;
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) {
		delta[r] = vector_group(of_row + r * call->out_stride, group);
		for (int j = 0; dv_bias && j < group; j++) dv_bias[j] += of_row[r * call->out_stride + j];
	}
	for (int64_t m = 0; m < call->vectors; m++)
		backward_vector(group, shared, inputs, fused, rows, call, row, m, delta);
}

INLINE void backward_all(int group, bool shared, int64_t inputs, tw_fused fused, const tw_lanes_shallow *call,
                         int64_t count)
{
	const int rows = rows_together(group);
	int64_t i = 0;
	for (; i + rows <= count; i += rows) backward_rows(group, shared, inputs, fused, rows, call, i);
	for (; i < count; i++) backward_rows(group, shared, inputs, fused, 1, call, i);
}

/* ---- one set for each G ---------------------------------------------------------------------------------------- */

/* Two inputs that all replicas share get code of their own. */
#define SHALLOW(direction, G)                                                     \
	static void direction##_##G(const tw_lanes_shallow *call, int64_t count)      \
	{                                                                             \
		if (G > VECTOR_LANES || CHAINS * (G) < VECTOR_LANES) return;              \
		const bool leaky = call->fused == TW_FUSED_LEAKY;                         \
		if (leaky && call->x.shared && call->inputs == 2)                         \
			direction##_all(G, true, 2, TW_FUSED_LEAKY, call, count);             \
		else if (leaky && call->x.shared)                                         \
			direction##_all(G, true, call->inputs, TW_FUSED_LEAKY, call, count);  \
		else if (leaky)                                                           \
			direction##_all(G, false, call->inputs, TW_FUSED_LEAKY, call, count); \
		else if (call->x.shared)                                                  \
			direction##_all(G, true, call->inputs, TW_FUSED_RELU, call, count);   \
		else                                                                      \
			direction##_all(G, false, call->inputs, TW_FUSED_RELU, call, count);  \
	}
SHALLOW(forward, 1)
SHALLOW(forward, 2)
SHALLOW(forward, 4)
SHALLOW(forward, 8)
SHALLOW(forward, 16)
SHALLOW(backward, 1)
SHALLOW(backward, 2)
SHALLOW(backward, 4)
SHALLOW(backward, 8)
SHALLOW(backward, 16)

#define OFFERED(direction, G) ((G) <= VECTOR_LANES && CHAINS * (G) >= VECTOR_LANES ? direction##_##G : NULL)
const tw_shallow_kernels TW_VARIANT(tw_shallow_kernels) = {
    .forward = {OFFERED(forward, 1), OFFERED(forward, 2), OFFERED(forward, 4), OFFERED(forward, 8),
                OFFERED(forward, 16)},
    .backward = {OFFERED(backward, 1), OFFERED(backward, 2), OFFERED(backward, 4), OFFERED(backward, 8),
                 OFFERED(backward, 16)},
};
