/* Products and gradients of G networks at a time. */
#include "ensemble/lanes_kernels.h"

#include <string.h>

#include "linalg/simd.h"

#define INLINE static inline __attribute__((always_inline))

/* Registers: BLOCK_ROWS x BLOCK_VECTORS sums, a row of the right factor and one value of the left. */
#if defined(__AVX512F__)
enum { BLOCK_ROWS = 5, BLOCK_VECTORS = 5 };
#else
enum { BLOCK_ROWS = 4, BLOCK_VECTORS = 2 };
#endif
/* Rows of the right factor that are used for all rows of the left before the next ones: they stay in the first cache.
 */
enum { DEPTH_BYTES = 20480 };

/* ---- products ------------------------------------------------------------------------------------------------ */

INLINE vector left_value(int group, bool shared, const real *p)
{
	return shared ? vector_fill(*p) : vector_group(p, group);
}

INLINE void finish(const tw_lanes_product *call, vector sum, int64_t at)
{
	const real leak = (real)call->leak;
	if (call->fused == TW_FUSED_NONE) {
		vector_store((real *)call->c + at, sum);
	} else if (call->act) {
		vector_store((real *)call->c + at, sum);
		vector low = call->fused == TW_FUSED_RELU ? (vector){0} : leak * sum;
		vector_store((real *)call->act + at, vector_where_negative(sum, low, sum));
	} else {
		vector z = vector_load((const real *)call->z + at);
		vector low = call->fused == TW_FUSED_RELU ? (vector){0} : leak * sum;
		vector_store((real *)call->c + at, vector_where_negative(z, low, sum));
	}
}

INLINE void product_block(int group, bool shared, int rows, int vectors, const tw_lanes_product *call, int64_t row,
                          int64_t column, int64_t begin, int64_t end)
{
	vector sum[BLOCK_ROWS][BLOCK_VECTORS];
	const int64_t step = shared ? 1 : group, a_stride = call->a.stride, w_stride = call->w_stride;
	const real *a = (const real *)call->a.data + row * a_stride;
	const real *w = (const real *)call->w + column;
	const real *bias = call->bias;
	real *c = (real *)call->c + row * call->c_stride + column;
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
		for (int v = 0; v < vectors; v++)
			sum[r][v] = begin > 0 ? vector_load(c + r * call->c_stride + v * VECTOR_LANES)
			            : bias    ? vector_load(bias + column + v * VECTOR_LANES)
			                      : (vector){0};
	for (int64_t k = begin; k < end; k++) {
		vector y[BLOCK_VECTORS];
#pragma GCC unroll 8
		for (int v = 0; v < vectors; v++) y[v] = vector_load(w + k * w_stride + v * VECTOR_LANES);
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++) {
			vector x = left_value(group, shared, a + r * a_stride + k * step);
#pragma GCC unroll 8
			for (int v = 0; v < vectors; v++) sum[r][v] += x * y[v];
		}
	}
	if (end == call->depth) {
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
			for (int v = 0; v < vectors; v++)
				finish(call, sum[r][v], (row + r) * call->c_stride + column + v * VECTOR_LANES);
	} else {
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
			for (int v = 0; v < vectors; v++) vector_store(c + r * call->c_stride + v * VECTOR_LANES, sum[r][v]);
	}
}

INLINE void product_rows(int group, bool shared, int vectors, const tw_lanes_product *call, int64_t count,
                         int64_t column, int64_t begin, int64_t end)
{
	int64_t i = 0;
	for (; i + BLOCK_ROWS <= count; i += BLOCK_ROWS)
		product_block(group, shared, BLOCK_ROWS, vectors, call, i, column, begin, end);
	for (; i < count; i++) product_block(group, shared, 1, vectors, call, i, column, begin, end);
}

INLINE void product_columns(int group, bool shared, const tw_lanes_product *call, int64_t count)
{
	for (int64_t v = 0; v < call->vectors;) {
		const int64_t rest = call->vectors - v;
		const int64_t depth = DEPTH_BYTES / (BLOCK_VECTORS * VECTOR_BYTES);
		const int vectors = rest >= BLOCK_VECTORS ? BLOCK_VECTORS : (int)rest;
		int64_t begin = 0;
		do {
			const int64_t end = begin + 2 * depth > call->depth ? call->depth : begin + depth;
			const int64_t column = v * VECTOR_LANES;
			switch (vectors) {
			case 1:
				product_rows(group, shared, 1, call, count, column, begin, end);
				break;
			case 2:
				product_rows(group, shared, 2, call, count, column, begin, end);
				break;
#if defined(__AVX512F__)
			case 3:
				product_rows(group, shared, 3, call, count, column, begin, end);
				break;
			case 4:
				product_rows(group, shared, 4, call, count, column, begin, end);
				break;
			default:
				product_rows(group, shared, 5, call, count, column, begin, end);
				break;
#endif
			}
			begin = end;
		} while (begin < call->depth);
		v += vectors;
	}
}

INLINE void product(int group, const tw_lanes_product *call, int64_t count)
{
	if (call->a.shared)
		product_columns(group, true, call, count);
	else
		product_columns(group, false, call, count);
}

/* ---- products with one column -------------------------------------------------------------------------------- */

enum { CHAINS = 4, SINGLE_ROWS = 4 };

/* The sums of rows x `parts` pieces of 4 G reals, piece by piece a SIMD vector of type `piece`. */
#define SINGLE_SUMS(piece, parts)                                                                                \
	do {                                                                                                         \
		piece partial[SINGLE_ROWS][parts];                                                                       \
		for (int r = 0; r < rows; r++)                                                                           \
			for (int p = 0; p < (parts); p++) partial[r][p] = (piece){0};                                        \
		for (; k + CHAINS <= call->depth; k += CHAINS)                                                           \
			for (int p = 0; p < (parts); p++) {                                                                  \
				const piece y = ((const piece *)(const void *)(w + k * group))[p];                               \
				for (int r = 0; r < rows; r++)                                                                   \
					partial[r][p] += ((const piece *)(const void *)(a + r * call->a_stride + k * group))[p] * y; \
			}                                                                                                    \
		for (int r = 0; r < rows; r++) memcpy(sum[r], partial[r], sizeof partial[r]);                            \
	} while (0)

typedef real four __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real))));
typedef real eight __attribute__((vector_size(8 * sizeof(real)), aligned(sizeof(real))));

INLINE void single_rows(int group, int rows, const tw_lanes_single *call, int64_t row)
{
	real sum[SINGLE_ROWS][CHAINS * 16];
	const real *a = (const real *)call->a + row * call->a_stride, *w = call->w, *bias = call->bias;
	int64_t k = 0;
	if (group == 1)
		SINGLE_SUMS(four, 1);
	else if (group == 2)
		SINGLE_SUMS(eight, 1);
	else
		SINGLE_SUMS(vector, CHAINS * group / VECTOR_LANES);
	const int rest = (int)(call->depth - k) * group;
	for (int r = 0; r < rows; r++)
		for (int j = 0; j < rest; j++) sum[r][j] = a[r * call->a_stride + k * group + j] * w[k * group + j] + sum[r][j];
	for (int r = 0; r < rows; r++) {
		real *c = (real *)call->c + (row + r) * call->c_stride;
		for (int j = 0; j < group; j++)
			c[j] = ((sum[r][j] + sum[r][group + j]) + (sum[r][2 * group + j] + sum[r][3 * group + j])) +
			       (bias ? bias[j] : 0);
	}
}

INLINE void product_single(int group, const tw_lanes_single *call, int64_t count)
{
	int64_t i = 0;
	for (; i + SINGLE_ROWS <= count; i += SINGLE_ROWS) single_rows(group, SINGLE_ROWS, call, i);
	for (; i < count; i++) single_rows(group, 1, call, i);
}

/* ---- gradients ----------------------------------------------------------------------------------------------- */

INLINE void gradient_block(int group, bool shared, int features, int vectors, const tw_lanes_gradient *call,
                           int64_t feature, int64_t column, int64_t count)
{
	vector sum[BLOCK_ROWS][BLOCK_VECTORS];
	const int64_t step = shared ? 1 : group, a_stride = call->a.stride, d_stride = call->d_stride;
	const real *a = (const real *)call->a.data + feature * step;
	const real *d = (const real *)call->d + column;
	real *tile = (real *)call->tile + feature * call->tile_stride + column;
#pragma GCC unroll 8
	for (int f = 0; f < features; f++)
#pragma GCC unroll 8
		for (int v = 0; v < vectors; v++)
			sum[f][v] = call->add ? vector_load(tile + f * call->tile_stride + v * VECTOR_LANES) : (vector){0};
	for (int64_t i = 0; i < count; i++) {
		vector y[BLOCK_VECTORS];
#pragma GCC unroll 8
		for (int v = 0; v < vectors; v++) y[v] = vector_load(d + i * d_stride + v * VECTOR_LANES);
#pragma GCC unroll 8
		for (int f = 0; f < features; f++) {
			vector x = left_value(group, shared, a + i * a_stride + f * step);
#pragma GCC unroll 8
			for (int v = 0; v < vectors; v++) sum[f][v] += x * y[v];
		}
	}
#pragma GCC unroll 8
	for (int f = 0; f < features; f++)
#pragma GCC unroll 8
		for (int v = 0; v < vectors; v++) vector_store(tile + f * call->tile_stride + v * VECTOR_LANES, sum[f][v]);
}

INLINE void bias_block(int vectors, const tw_lanes_gradient *call, int64_t column, int64_t count)
{
	vector sum[BLOCK_VECTORS];
	const real *d = (const real *)call->d + column;
	real *row = (real *)call->bias_row + column;
#pragma GCC unroll 8
	for (int v = 0; v < vectors; v++) sum[v] = call->add ? vector_load(row + v * VECTOR_LANES) : (vector){0};
	for (int64_t i = 0; i < count; i++)
#pragma GCC unroll 8
		for (int v = 0; v < vectors; v++) sum[v] += vector_load(d + i * call->d_stride + v * VECTOR_LANES);
#pragma GCC unroll 8
	for (int v = 0; v < vectors; v++) vector_store(row + v * VECTOR_LANES, sum[v]);
}

INLINE void gradient_features(int group, bool shared, int vectors, const tw_lanes_gradient *call, int64_t column,
                              int64_t count)
{
	int64_t f = 0;
	for (; f + BLOCK_ROWS <= call->features; f += BLOCK_ROWS)
		gradient_block(group, shared, BLOCK_ROWS, vectors, call, f, column, count);
	for (; f + 2 <= call->features; f += 2) gradient_block(group, shared, 2, vectors, call, f, column, count);
	for (; f < call->features; f++) gradient_block(group, shared, 1, vectors, call, f, column, count);
	if (call->bias_row) bias_block(vectors, call, column, count);
}

INLINE void gradient_columns(int group, bool shared, const tw_lanes_gradient *call, int64_t count)
{
	for (int64_t v = 0; v < call->vectors;) {
		const int64_t rest = call->vectors - v, column = v * VECTOR_LANES;
		const int vectors = rest >= BLOCK_VECTORS ? BLOCK_VECTORS : (int)rest;
		switch (vectors) {
		case 1:
			gradient_features(group, shared, 1, call, column, count);
			break;
		case 2:
			gradient_features(group, shared, 2, call, column, count);
			break;
#if defined(__AVX512F__)
		case 3:
			gradient_features(group, shared, 3, call, column, count);
			break;
		case 4:
			gradient_features(group, shared, 4, call, column, count);
			break;
		default:
			gradient_features(group, shared, 5, call, column, count);
			break;
#endif
		}
		v += vectors;
	}
}

INLINE void gradient(int group, const tw_lanes_gradient *call, int64_t count)
{
	if (call->a.shared)
		gradient_columns(group, true, call, count);
	else
		gradient_columns(group, false, call, count);
}

/* ---- moving data --------------------------------------------------------------------------------------------- */

INLINE void transpose(int group, const real *from, int64_t from_stride, int64_t rows, int64_t columns, real *to,
                      int64_t to_stride)
{
	for (int64_t k = 0; k < rows; k++)
		for (int64_t u = 0; u < columns; u++)
			memcpy(to + u * to_stride + k * group, from + k * from_stride + u * group, (size_t)group * sizeof(real));
}

INLINE void sum_rows(int group, const real *restrict rows, int64_t count, bool add, real *restrict sum)
{
	real partial[16];
	for (int r = 0; r < group; r++) partial[r] = add ? sum[r] : 0;
	for (int64_t i = 0; i < count; i++)
		for (int r = 0; r < group; r++) partial[r] += rows[i * group + r];
	for (int r = 0; r < group; r++) sum[r] = partial[r];
}

INLINE void add_rows(int group, const double *restrict rows, int64_t count, double *restrict sum)
{
	double partial[16];
	for (int r = 0; r < group; r++) partial[r] = sum[r];
	for (int64_t i = 0; i < count; i++)
		for (int r = 0; r < group; r++) partial[r] += rows[i * group + r];
	for (int r = 0; r < group; r++) sum[r] = partial[r];
}

/* ---- one set for each G -------------------------------------------------------------------------------------- */

#define LANES_OF_SIZE(G)                                                                                        \
	static void product_##G(const tw_lanes_product *call, int64_t count)                                        \
	{                                                                                                           \
		if (G <= VECTOR_LANES) product(G, call, count);                                                         \
	}                                                                                                           \
	static void product_single_##G(const tw_lanes_single *call, int64_t count)                                  \
	{                                                                                                           \
		if (G <= VECTOR_LANES) product_single(G, call, count);                                                  \
	}                                                                                                           \
	static void gradient_##G(const tw_lanes_gradient *call, int64_t count)                                      \
	{                                                                                                           \
		if (G <= VECTOR_LANES) gradient(G, call, count);                                                        \
	}                                                                                                           \
	static void transpose_##G(const void *from, int64_t from_stride, int64_t rows, int64_t columns, void *to,   \
	                          int64_t to_stride)                                                                \
	{                                                                                                           \
		transpose(G, from, from_stride, rows, columns, to, to_stride);                                          \
	}                                                                                                           \
	static void sum_rows_##G(const void *rows, int64_t count, bool add, void *sum)                              \
	{                                                                                                           \
		sum_rows(G, rows, count, add, sum);                                                                     \
	}                                                                                                           \
	static void add_rows_##G(const double *rows, int64_t count, double *sum) { add_rows(G, rows, count, sum); } \
	static const tw_lanes_of_size size_##G = {.product = product_##G,                                           \
	                                          .product_single = product_single_##G,                             \
	                                          .gradient = gradient_##G,                                         \
	                                          .transpose = transpose_##G,                                       \
	                                          .sum_rows = sum_rows_##G,                                         \
	                                          .add_rows = add_rows_##G};

LANES_OF_SIZE(1)
LANES_OF_SIZE(2)
LANES_OF_SIZE(4)
LANES_OF_SIZE(8)
LANES_OF_SIZE(16)

const tw_lanes_kernels TW_VARIANT(tw_lanes_kernels) = {
    .lanes = VECTOR_LANES,
    .size = {&size_1, &size_2, VECTOR_LANES >= 4 ? &size_4 : NULL, VECTOR_LANES >= 8 ? &size_8 : NULL,
             VECTOR_LANES >= 16 ? &size_16 : NULL},
};
