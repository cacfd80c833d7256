/* Products and gradients of points measured side by side. */
#include "ensemble/points_kernels.h"

#include <string.h>

#include "linalg/simd.h"

#define INLINE static inline __attribute__((always_inline))

/* Registers: rows x units sums, a row of the right factor and one value of the left; FULL_ROWS where the panel is full,
 * else ROWS. */
#if defined(__AVX512F__)
enum { ROWS = 6, FULL_ROWS = 5, PANEL = 5 };
#else
enum { ROWS = 2, FULL_ROWS = 2, PANEL = 4 };
#endif
INLINE int rows_together(int units) { return units == PANEL ? FULL_ROWS : ROWS; }

/* x, which the compiler does not recognise: it would keep all its multiples from tile to tile, and lacks registers. */
INLINE int64_t unknown(int64_t x)
{
	__asm__("" : "+r"(x));
	return x;
}

/* Calls function with the number of columns of the panel as a constant. */
#if defined(__AVX512F__)
#define WITH_UNITS(units, function, ...) \
	switch (units) {                     \
	case 1:                              \
		function(1, __VA_ARGS__);        \
		break;                           \
	case 2:                              \
		function(2, __VA_ARGS__);        \
		break;                           \
	case 3:                              \
		function(3, __VA_ARGS__);        \
		break;                           \
	case 4:                              \
		function(4, __VA_ARGS__);        \
		break;                           \
	default:                             \
		function(5, __VA_ARGS__);        \
		break;                           \
	}
#else
#define WITH_UNITS(units, function, ...) \
	switch (units) {                     \
	case 1:                              \
		function(1, __VA_ARGS__);        \
		break;                           \
	case 2:                              \
		function(2, __VA_ARGS__);        \
		break;                           \
	case 3:                              \
		function(3, __VA_ARGS__);        \
		break;                           \
	default:                             \
		function(4, __VA_ARGS__);        \
		break;                           \
	}
#endif

INLINE vector left_value(bool shared, const real *p) { return shared ? vector_fill(*p) : vector_load(p); }

/* ---- products ------------------------------------------------------------------------------------------------- */

INLINE vector finished(tw_points_finish finish, real leak, vector sum, const real *act)
{
	switch (finish) {
	case TW_POINTS_PLAIN:
		return sum;
	case TW_POINTS_RELU:
		return vector_max(-(vector){0}, sum);
	case TW_POINTS_LEAKY:
		return vector_where_negative(sum, leak * sum, sum);
	case TW_POINTS_RELU_SLOPE:
		return vector_where_signed(vector_load(act), (vector){0}, sum);
	default:
		return vector_where_signed(vector_load(act), leak * sum, sum);
	}
}

/* Stores a tile of sums, one loop for each way to finish. */
INLINE void store_tile(tw_points_finish finish, int rows, int units, const tw_points_product *call, int64_t at,
                       vector sum[ROWS][PANEL])
{
	real *c = (real *)call->c + at;
	const real *act = (const real *)call->act + at;
	const int64_t stride = unknown(call->c_stride);
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) {
			const int64_t offset = r * stride + u * VECTOR_LANES;
			vector_store(c + offset, finished(finish, (real)call->leak, sum[r][u], act + offset));
		}
}

INLINE void finish_tile(int rows, int units, const tw_points_product *call, int64_t at, vector sum[ROWS][PANEL])
{
	switch (call->finish) {
	case TW_POINTS_PLAIN:
		store_tile(TW_POINTS_PLAIN, rows, units, call, at, sum);
		break;
	case TW_POINTS_RELU:
		store_tile(TW_POINTS_RELU, rows, units, call, at, sum);
		break;
	case TW_POINTS_LEAKY:
		store_tile(TW_POINTS_LEAKY, rows, units, call, at, sum);
		break;
	case TW_POINTS_RELU_SLOPE:
		store_tile(TW_POINTS_RELU_SLOPE, rows, units, call, at, sum);
		break;
	case TW_POINTS_LEAKY_SLOPE:
		store_tile(TW_POINTS_LEAKY_SLOPE, rows, units, call, at, sum);
		break;
	}
}

INLINE void product_tile(bool shared, int rows, int units, const tw_points_product *call, const real *w, int64_t row,
                         int64_t begin)
{
	vector sum[ROWS][PANEL];
	const int64_t stride = unknown(call->a_stride), step = shared ? 1 : VECTOR_LANES;
	const real *a = (const real *)call->a + row * stride, *bias = call->bias;
#pragma GCC unroll 8
	for (int u = 0; u < units; u++) {
		const vector first = bias ? vector_load(bias + (begin + u) * VECTOR_LANES) : (vector){0};
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++) sum[r][u] = first;
	}
	for (int64_t k = 0; k < call->depth; k++, w += units * VECTOR_LANES, a += step) {
		vector y[PANEL];
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) y[u] = vector_load(w + u * VECTOR_LANES);
#pragma GCC unroll 8
		for (int r = 0; r < rows; r++) {
			const vector x = left_value(shared, a + r * stride);
#pragma GCC unroll 8
			for (int u = 0; u < units; u++) sum[r][u] += x * y[u];
		}
	}
	finish_tile(rows, units, call, row * call->c_stride + begin * VECTOR_LANES, sum);
}

INLINE void product_panel(int units, bool shared, const tw_points_product *call, const real *w, int64_t begin,
                          int64_t count)
{
	const int rows = rows_together(units);
	int64_t i = 0;
	for (; i + rows <= count; i += rows) product_tile(shared, rows, units, call, w, i, begin);
	for (; i < count; i++) product_tile(shared, 1, units, call, w, i, begin);
}

static void product(const tw_points_product *call, int64_t count)
{
	const int64_t panels = points_panels(call->columns, PANEL);
	for (int64_t p = 0; p < panels; p++) {
		const int64_t begin = points_panel_begin(call->columns, PANEL, p);
		const int64_t units = points_panel_begin(call->columns, PANEL, p + 1) - begin;
		const real *w = (const real *)call->w + begin * call->depth * VECTOR_LANES;
		if (call->shared) {
			WITH_UNITS(units, product_panel, true, call, w, begin, count);
		} else {
			WITH_UNITS(units, product_panel, false, call, w, begin, count);
		}
	}
}

/* Sum over a line of value * right(index), onto two chains. */
INLINE void line_sums(int units, const tw_points_lines *lines, int64_t from, int64_t to, const real *right,
                      int64_t stride, vector even[PANEL], vector odd[PANEL])
{
	const real *value = lines->value;
	const uint32_t *index = lines->index;
	for (int64_t k = from; k < to; k += 2) {
		const vector x = vector_fill(value[k]), y = vector_fill(value[k + 1]);
		const real *first = right + (int64_t)index[k] * stride, *second = right + (int64_t)index[k + 1] * stride;
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) even[u] += x * vector_load(first + u * VECTOR_LANES);
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) odd[u] += y * vector_load(second + u * VECTOR_LANES);
	}
}

INLINE void sparse_panel(int units, const tw_points_product *call, const real *w, int64_t begin, int64_t count)
{
	const real *bias = call->bias;
	for (int64_t i = 0; i < count; i++) {
		vector sum[ROWS][PANEL], odd[PANEL];
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) {
			sum[0][u] = bias ? vector_load(bias + (begin + u) * VECTOR_LANES) : (vector){0};
			odd[u] = (vector){0};
		}
		line_sums(units, &call->rows, call->rows.start[i], call->rows.start[i + 1], w, units * VECTOR_LANES, sum[0],
		          odd);
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) sum[0][u] += odd[u];
		finish_tile(1, units, call, i * call->c_stride + begin * VECTOR_LANES, sum);
	}
}

static void sparse_product(const tw_points_product *call, int64_t count)
{
	const int64_t panels = points_panels(call->columns, PANEL);
	for (int64_t p = 0; p < panels; p++) {
		const int64_t begin = points_panel_begin(call->columns, PANEL, p);
		const int64_t units = points_panel_begin(call->columns, PANEL, p + 1) - begin;
		const real *w = (const real *)call->w + begin * call->depth * VECTOR_LANES;
		WITH_UNITS(units, sparse_panel, call, w, begin, count);
	}
}

/* ---- gradients ------------------------------------------------------------------------------------------------ */

INLINE void gradient_tile(bool shared, int features, int units, const tw_points_gradient *call, real *g,
                          int64_t feature, int64_t begin, int64_t count)
{
	vector sum[ROWS][PANEL];
	const int64_t step = shared ? 1 : VECTOR_LANES;
	const real *a = (const real *)call->a + feature * step, *d = (const real *)call->d + begin * VECTOR_LANES;
#pragma GCC unroll 8
	for (int f = 0; f < features; f++)
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) sum[f][u] = vector_load(g + (f * units + u) * VECTOR_LANES);
	for (int64_t i = 0; i < count; i++, a += call->a_stride, d += call->d_stride) {
		vector y[PANEL];
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) y[u] = vector_load(d + u * VECTOR_LANES);
#pragma GCC unroll 8
		for (int f = 0; f < features; f++) {
			const vector x = left_value(shared, a + f * step);
#pragma GCC unroll 8
			for (int u = 0; u < units; u++) sum[f][u] += x * y[u];
		}
	}
#pragma GCC unroll 8
	for (int f = 0; f < features; f++)
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) vector_store(g + (f * units + u) * VECTOR_LANES, sum[f][u]);
}

INLINE void gradient_panel(int units, bool shared, const tw_points_gradient *call, real *g, int64_t begin,
                           int64_t count)
{
	const int features = rows_together(units);
	const int64_t row = units * VECTOR_LANES;
	int64_t f = 0;
	for (; f + features <= call->depth; f += features)
		gradient_tile(shared, features, units, call, g + f * row, f, begin, count);
	for (; f + 2 <= call->depth; f += 2) gradient_tile(shared, 2, units, call, g + f * row, f, begin, count);
	for (; f < call->depth; f++) gradient_tile(shared, 1, units, call, g + f * row, f, begin, count);
}

static void gradient(const tw_points_gradient *call, int64_t count)
{
	const int64_t panels = points_panels(call->columns, PANEL);
	for (int64_t p = 0; p < panels; p++) {
		const int64_t begin = points_panel_begin(call->columns, PANEL, p);
		const int64_t units = points_panel_begin(call->columns, PANEL, p + 1) - begin;
		real *g = (real *)call->g + begin * call->depth * VECTOR_LANES;
		if (call->shared) {
			WITH_UNITS(units, gradient_panel, true, call, g, begin, count);
		} else {
			WITH_UNITS(units, gradient_panel, false, call, g, begin, count);
		}
	}
}

INLINE void sparse_gradient_panel(int units, const tw_points_gradient *call, real *g, int64_t begin)
{
	const tw_points_lines *lines = &call->columns_of_a;
	const real *d = (const real *)call->d + begin * VECTOR_LANES;
	for (int64_t k = 0; k < call->depth; k++, g += units * VECTOR_LANES) {
		const int64_t from = lines->start[k], to = lines->start[k + 1];
		if (from == to) continue;
		vector even[PANEL], odd[PANEL];
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) even[u] = odd[u] = (vector){0};
		line_sums(units, lines, from, to, d, call->d_stride, even, odd);
#pragma GCC unroll 8
		for (int u = 0; u < units; u++)
			vector_store(g + u * VECTOR_LANES, vector_load(g + u * VECTOR_LANES) + (even[u] + odd[u]));
	}
}

static void sparse_gradient(const tw_points_gradient *call)
{
	const int64_t panels = points_panels(call->columns, PANEL);
	for (int64_t p = 0; p < panels; p++) {
		const int64_t begin = points_panel_begin(call->columns, PANEL, p);
		const int64_t units = points_panel_begin(call->columns, PANEL, p + 1) - begin;
		real *g = (real *)call->g + begin * call->depth * VECTOR_LANES;
		WITH_UNITS(units, sparse_gradient_panel, call, g, begin);
	}
}

INLINE void bias_panel(int units, const tw_points_gradient *call, int64_t begin, int64_t count)
{
	vector sum[PANEL];
	const real *d = (const real *)call->d + begin * VECTOR_LANES;
	real *bias = (real *)call->bias + begin * VECTOR_LANES;
#pragma GCC unroll 8
	for (int u = 0; u < units; u++) sum[u] = vector_load(bias + u * VECTOR_LANES);
	for (int64_t i = 0; i < count; i++, d += call->d_stride)
#pragma GCC unroll 8
		for (int u = 0; u < units; u++) sum[u] += vector_load(d + u * VECTOR_LANES);
#pragma GCC unroll 8
	for (int u = 0; u < units; u++) vector_store(bias + u * VECTOR_LANES, sum[u]);
}

static void bias_gradient(const tw_points_gradient *call, int64_t count)
{
	const int64_t panels = points_panels(call->columns, PANEL);
	for (int64_t p = 0; p < panels; p++) {
		const int64_t begin = points_panel_begin(call->columns, PANEL, p);
		const int64_t units = points_panel_begin(call->columns, PANEL, p + 1) - begin;
		WITH_UNITS(units, bias_panel, call, begin, count);
	}
}

/* ---- sums and moves ------------------------------------------------------------------------------------------- */

static void fold(int64_t count, void *part, double *total)
{
	real *restrict from = part;
	double *restrict to = total;
	for (int64_t k = 0; k < count; k++) to[k] += (double)from[k];
	memset(part, 0, (size_t)count * sizeof(real));
}

static void add_losses(int64_t count, const double *loss, double *sum)
{
	double partial[VECTOR_LANES];
	for (int r = 0; r < VECTOR_LANES; r++) partial[r] = sum[r];
	for (int64_t i = 0; i < count; i++)
		for (int r = 0; r < VECTOR_LANES; r++) partial[r] += loss[i * VECTOR_LANES + r];
	for (int r = 0; r < VECTOR_LANES; r++) sum[r] = partial[r];
}

static void spread(int64_t count, const void *from, void *to)
{
	for (int64_t i = 0; i < count; i++)
		vector_store((real *)to + i * VECTOR_LANES, vector_fill(((const real *)from)[i]));
}

static void gather(const tw_points_map *map, const void *const *theta, void *weights, void *mirror, double *check)
{
	real nothing[VECTOR_LANES] = {0};
	const real *from[VECTOR_LANES];
	for (int r = 0; r < VECTOR_LANES; r++) from[r] = theta[r];
	for (int64_t i = 0; i < map->dimension; i++) {
		real value[VECTOR_LANES];
		for (int r = 0; r < VECTOR_LANES; r++) {
			value[r] = from[r][i] + 0; /* no negative zero, so that the sign of a sum of zeros is plus */
			nothing[r] += 0 * value[r];
		}
		if (map->position[i] >= 0) memcpy((real *)weights + map->position[i], value, sizeof value);
		if (map->mirror[i] >= 0) memcpy((real *)mirror + map->mirror[i], value, sizeof value);
	}
	for (int r = 0; r < VECTOR_LANES; r++) check[r] = (double)nothing[r];
}

static void norms(const tw_points_map *map, int count, const double *total, double factor, double *norm)
{
	double sum[VECTOR_LANES] = {0};
	for (int64_t i = 0; i < map->dimension; i++) {
		if (map->position[i] < 0) continue;
		for (int r = 0; r < VECTOR_LANES; r++) {
			const double element = factor * total[map->position[i] + r];
			sum[r] += element * element;
		}
	}
	memcpy(norm, sum, (size_t)count * sizeof *norm);
}

static void scatter(const tw_points_map *map, int count, const double *total, double factor, void *const *gradient)
{
	for (int r = 0; r < count; r++)
		for (int64_t i = 0; i < map->dimension; i++)
			((real *)gradient[r])[i] = map->position[i] < 0 ? 0 : (real)(factor * total[map->position[i] + r]);
}

const tw_points_kernels TW_VARIANT(tw_points_kernels) = {
    .lanes = VECTOR_LANES,
    .panel = PANEL,
    .product = product,
    .sparse_product = sparse_product,
    .gradient = gradient,
    .sparse_gradient = sparse_gradient,
    .bias_gradient = bias_gradient,
    .fold = fold,
    .add_losses = add_losses,
    .spread = spread,
    .gather = gather,
    .norms = norms,
    .scatter = scatter,
};
