#include "linalg/kernels.h"

#include <string.h>

#include "linalg/simd.h"

/* Rows (or features) of one register block; two vectors wide where the panel allows. */
#if defined(__AVX512F__)
enum { BLOCK_ROWS = 8, BLOCK_FEATURES = 8 };
#elif defined(__AVX2__)
enum { BLOCK_ROWS = 6, BLOCK_FEATURES = 4 };
#else
enum { BLOCK_ROWS = 4, BLOCK_FEATURES = 4 };
#endif
/* Rows of the right factor that are swept before the next block of rows: its panel's part stays in the first cache. */
enum { DEPTH = 224 };

#define INLINE static inline __attribute__((always_inline))

/* ---- c = a b ------------------------------------------------------------------------------------------------- */

/* Cache lines [part of parts] of the memory that will be read next are brought near. */
INLINE void prefetch_part(const real *next, int64_t elements, int64_t part, int64_t parts)
{
	enum { LINE = 64 / sizeof(real) };
	const int64_t lines = elements / LINE;
	for (int64_t line = lines * part / parts; line < lines * (part + 1) / parts; line++)
		__builtin_prefetch(next + line * LINE, 0, 2);
}

/* One register block of `rows` x `vectors`: sums over columns [begin, end) of a. go_on: from what c holds. */
INLINE void product_block(int rows, int vectors, const real *a, int64_t a_rows, int64_t a_columns, int64_t row,
                          int64_t begin, int64_t end, const real *b, int64_t b_width, const real *bias, bool go_on,
                          real *c, int64_t c_width)
{
	vector sum[BLOCK_ROWS][2];
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
		for (int v = 0; v < vectors; v++)
			sum[r][v] = go_on  ? vector_load(c + r * c_width + v * VECTOR_LANES)
			            : bias ? vector_load(bias + v * VECTOR_LANES)
			                   : (vector){0};
	for (int64_t first = begin; first < end; first += TW_PANEL) {
		int64_t width = panel_width(a_columns, first);
		int64_t last = first + width < end ? first + width : end;
		const real *left = a + first * a_rows + row * width;
		const real *right = b + first * b_width;
		for (int64_t k = 0; k < last - first; k++) {
			vector y[2];
#pragma GCC unroll 2
			for (int v = 0; v < vectors; v++) y[v] = vector_load(right + k * b_width + v * VECTOR_LANES);
#pragma GCC unroll 8
			for (int r = 0; r < rows; r++) {
				vector x = vector_fill(left[r * width + k]);
#pragma GCC unroll 2
				for (int v = 0; v < vectors; v++) sum[r][v] += x * y[v];
			}
		}
	}
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
		for (int v = 0; v < vectors; v++) vector_store(c + r * c_width + v * VECTOR_LANES, sum[r][v]);
}

INLINE void product_rows(int vectors, const real *a, int64_t a_rows, int64_t a_columns, int64_t row, int64_t count,
                         int64_t begin, int64_t end, const real *b, int64_t b_width, const real *bias, bool go_on,
                         real *c, int64_t c_width)
{
	int64_t i = 0;
	const int64_t parts = count / BLOCK_ROWS;
	for (; i + BLOCK_ROWS <= count; i += BLOCK_ROWS) {
		prefetch_part(b + end * b_width, (end - begin) * b_width, i / BLOCK_ROWS, parts);
		product_block(BLOCK_ROWS, vectors, a, a_rows, a_columns, row + i, begin, end, b, b_width, bias, go_on,
		              c + i * c_width, c_width);
	}
	for (; i + 4 <= count; i += 4)
		product_block(4, vectors, a, a_rows, a_columns, row + i, begin, end, b, b_width, bias, go_on, c + i * c_width,
		              c_width);
	for (; i + 2 <= count; i += 2)
		product_block(2, vectors, a, a_rows, a_columns, row + i, begin, end, b, b_width, bias, go_on, c + i * c_width,
		              c_width);
	for (; i < count; i++)
		product_block(1, vectors, a, a_rows, a_columns, row + i, begin, end, b, b_width, bias, go_on, c + i * c_width,
		              c_width);
}

static void product_onto(const tw_panels *a, const tw_panels *b, bool has_bias, bool add, const tw_panels *c,
                         int64_t first, int64_t count)
{
	const int64_t depth = a->columns;
	for (int64_t unit = 0; unit < b->columns; unit += TW_PANEL) {
		const int64_t width = panel_width(b->columns, unit);
		const real *right = (const real *)b->data + unit * b->rows;
		const real *bias = has_bias ? right + depth * width : NULL;
		real *out = (real *)c->data + unit * c->rows + first * width;
		for (int64_t begin = 0; begin < depth; begin += DEPTH) {
			int64_t end = begin + DEPTH < depth ? begin + DEPTH : depth;
			int64_t lane = 0;
			for (; lane + 2 * VECTOR_LANES <= width; lane += 2 * VECTOR_LANES)
				product_rows(2, a->data, a->rows, a->columns, first, count, begin, end, right + lane, width,
				             bias ? bias + lane : NULL, add || begin > 0, out + lane, width);
			for (; lane < width; lane += VECTOR_LANES)
				product_rows(1, a->data, a->rows, a->columns, first, count, begin, end, right + lane, width,
				             bias ? bias + lane : NULL, add || begin > 0, out + lane, width);
		}
	}
}

static void product(const tw_panels *a, const tw_panels *b, bool has_bias, const tw_panels *c, int64_t first,
                    int64_t count)
{
	product_onto(a, b, has_bias, false, c, first, count);
}

static void product_add(const tw_panels *a, const tw_panels *b, const tw_panels *c, int64_t first, int64_t count)
{
	product_onto(a, b, false, true, c, first, count);
}

/* ---- c = a b for one column of b ------------------------------------------------------------------------------ */

enum { CHAINS = 4, SINGLE_ROWS = 8 };
typedef real quad __attribute__((vector_size(CHAINS * sizeof(real)), aligned(CHAINS * sizeof(real))));

INLINE void single_block(int rows, const tw_panels *a, const real *b, const real *bias, int64_t row, real *c)
{
	quad sum[SINGLE_ROWS];
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++) sum[r] = (quad){0};
	for (int64_t first = 0; first < a->columns; first += TW_PANEL) {
		const int64_t width = panel_width(a->columns, first);
		const int64_t rest = a->columns - first, filled = rest < width ? rest : width;
		const real *left = (const real *)a->data + first * a->rows + row * width;
		const real *right = b + first * TW_PANEL_UNIT;
		for (int64_t k = 0; k < filled; k += CHAINS) {
			quad y;
			for (int j = 0; j < CHAINS; j++) y[j] = k + j < filled ? right[(k + j) * TW_PANEL_UNIT] : 0;
#pragma GCC unroll 8
			for (int r = 0; r < rows; r++) sum[r] += *(const quad *)(left + r * width + k) * y;
		}
	}
#pragma GCC unroll 8
	for (int r = 0; r < rows; r++)
		c[r * TW_PANEL_UNIT] = ((sum[r][0] + sum[r][1]) + (sum[r][2] + sum[r][3])) + (bias ? *bias : 0);
}

static void product_single(const tw_panels *a, const tw_panels *b, bool has_bias, const tw_panels *c, int64_t first,
                           int64_t count)
{
	const real *right = b->data, *bias = has_bias ? right + a->columns * TW_PANEL_UNIT : NULL;
	real *out = (real *)c->data + first * TW_PANEL_UNIT;
	int64_t i = 0;
	for (; i + SINGLE_ROWS <= count; i += SINGLE_ROWS)
		single_block(SINGLE_ROWS, a, right, bias, first + i, out + i * TW_PANEL_UNIT);
	for (; i < count; i++) single_block(1, a, right, bias, first + i, out + i * TW_PANEL_UNIT);
}

/* ---- c = a b for a sparse a ----------------------------------------------------------------------------------- */

/* Two rows at a time, so that the chains of two rows overlap. */
INLINE void sparse_product_row(int vectors, const int32_t *column, const real *value, int32_t entries, const real *b,
                               int64_t width, const real *bias, real *c)
{
	vector sum[4];
#pragma GCC unroll 4
	for (int v = 0; v < vectors; v++) sum[v] = bias ? vector_load(bias + v * VECTOR_LANES) : (vector){0};
	for (int32_t e = 0; e < entries; e++) {
		const real *y = b + column[e] * width;
		vector x = vector_fill(value[e]);
#pragma GCC unroll 4
		for (int v = 0; v < vectors; v++) sum[v] += x * vector_load(y + v * VECTOR_LANES);
	}
#pragma GCC unroll 4
	for (int v = 0; v < vectors; v++) vector_store(c + v * VECTOR_LANES, sum[v]);
}

INLINE void sparse_product_pair(int vectors, const int32_t *const *column, const real *const *value,
                                const int32_t *entries, const real *b, int64_t width, const real *bias, real *c,
                                int64_t c_width)
{
	vector one[4], two[4];
	int32_t both = entries[0] < entries[1] ? entries[0] : entries[1];
#pragma GCC unroll 4
	for (int v = 0; v < vectors; v++) one[v] = two[v] = bias ? vector_load(bias + v * VECTOR_LANES) : (vector){0};
	const int32_t *column_one = column[0], *column_two = column[1];
	const real *value_one = value[0], *value_two = value[1];
	int32_t e = 0;
	for (; e < both; e++) {
		const real *y = b + column_one[e] * width, *z = b + column_two[e] * width;
		vector x = vector_fill(value_one[e]), w = vector_fill(value_two[e]);
#pragma GCC unroll 4
		for (int v = 0; v < vectors; v++) {
			one[v] += x * vector_load(y + v * VECTOR_LANES);
			two[v] += w * vector_load(z + v * VECTOR_LANES);
		}
	}
	for (int32_t i = e; i < entries[0]; i++)
#pragma GCC unroll 4
		for (int v = 0; v < vectors; v++)
			one[v] += vector_fill(value_one[i]) * vector_load(b + column_one[i] * width + v * VECTOR_LANES);
	for (int32_t i = e; i < entries[1]; i++)
#pragma GCC unroll 4
		for (int v = 0; v < vectors; v++)
			two[v] += vector_fill(value_two[i]) * vector_load(b + column_two[i] * width + v * VECTOR_LANES);
#pragma GCC unroll 4
	for (int v = 0; v < vectors; v++) {
		vector_store(c + v * VECTOR_LANES, one[v]);
		vector_store(c + c_width + v * VECTOR_LANES, two[v]);
	}
}

static void sparse_product(const int32_t *const *column, const void *const *value, const int32_t *entries,
                           const tw_panels *b, bool has_bias, const tw_panels *c, int64_t first, int64_t count)
{
	const real *const *values = (const real *const *)value;
	for (int64_t unit = 0; unit < b->columns; unit += TW_PANEL) {
		const int64_t width = panel_width(b->columns, unit);
		const real *right = (const real *)b->data + unit * b->rows;
		const real *bias = has_bias ? right + (b->rows - 1) * width : NULL;
		real *out = (real *)c->data + unit * c->rows + first * width;
		int64_t i = 0;
		for (int64_t lane = 0; lane < width;) {
			int vectors = (int)((width - lane) / VECTOR_LANES);
			vectors = vectors >= 4 ? 4 : vectors >= 2 ? 2 : 1;
			const real *part = bias ? bias + lane : NULL;
			for (i = 0; i + 2 <= count; i += 2) {
				real *to = out + i * width + lane;
				if (vectors == 4)
					sparse_product_pair(4, column + i, values + i, entries + i, right + lane, width, part, to, width);
				else if (vectors == 2)
					sparse_product_pair(2, column + i, values + i, entries + i, right + lane, width, part, to, width);
				else
					sparse_product_pair(1, column + i, values + i, entries + i, right + lane, width, part, to, width);
			}
			for (; i < count; i++) {
				real *to = out + i * width + lane;
				if (vectors == 4)
					sparse_product_row(4, column[i], values[i], entries[i], right + lane, width, part, to);
				else if (vectors == 2)
					sparse_product_row(2, column[i], values[i], entries[i], right + lane, width, part, to);
				else
					sparse_product_row(1, column[i], values[i], entries[i], right + lane, width, part, to);
			}
			lane += vectors * VECTOR_LANES;
		}
	}
}

/* ---- gradients ----------------------------------------------------------------------------------------------- */

/* The factors of a tile: one pair of matrices, or two whose products are added observation by observation. */
typedef struct {
	const real *x[2], *delta[2];
} factors;

INLINE void gradient_block(int pairs, int features, int vectors, factors from, int64_t x_width, int64_t width,
                           int64_t rows, bool add, real *tile)
{
	vector sum[BLOCK_FEATURES][2];
#pragma GCC unroll 8
	for (int f = 0; f < features; f++)
#pragma GCC unroll 2
		for (int v = 0; v < vectors; v++)
			sum[f][v] = add ? vector_load(tile + f * width + v * VECTOR_LANES) : (vector){0};
	for (int64_t i = 0; i < rows; i++) {
#pragma GCC unroll 2
		for (int p = 0; p < pairs; p++) {
			vector d[2];
#pragma GCC unroll 2
			for (int v = 0; v < vectors; v++) d[v] = vector_load(from.delta[p] + i * width + v * VECTOR_LANES);
#pragma GCC unroll 8
			for (int f = 0; f < features; f++) {
				vector y = vector_fill(from.x[p][i * x_width + f]);
#pragma GCC unroll 2
				for (int v = 0; v < vectors; v++) sum[f][v] += y * d[v];
			}
		}
	}
#pragma GCC unroll 8
	for (int f = 0; f < features; f++)
#pragma GCC unroll 2
		for (int v = 0; v < vectors; v++) vector_store(tile + f * width + v * VECTOR_LANES, sum[f][v]);
}

/* Features [f, ...) of the first vectors of lane on. */
INLINE factors factors_from(int pairs, factors from, int64_t feature, int64_t lane)
{
	for (int p = 0; p < pairs; p++) from.x[p] += feature, from.delta[p] += lane;
	return from;
}

INLINE void gradient_features(int pairs, int vectors, int64_t features, factors from, int64_t x_width, int64_t width,
                              int64_t rows, bool add, real *tile)
{
	int64_t f = 0;
	for (; f + BLOCK_FEATURES <= features; f += BLOCK_FEATURES)
		gradient_block(pairs, BLOCK_FEATURES, vectors, factors_from(pairs, from, f, 0), x_width, width, rows, add,
		               tile + f * width);
	for (; f + 2 <= features; f += 2)
		gradient_block(pairs, 2, vectors, factors_from(pairs, from, f, 0), x_width, width, rows, add, tile + f * width);
	for (; f < features; f++)
		gradient_block(pairs, 1, vectors, factors_from(pairs, from, f, 0), x_width, width, rows, add, tile + f * width);
}

INLINE void gradient_lanes(int pairs, const tw_panels *const x[2], int64_t feature, int64_t features,
                           const tw_panels *const delta[2], int64_t unit, int64_t first, int64_t last, bool add,
                           real *tile)
{
	const int64_t x_width = panel_width(x[0]->columns, feature), width = panel_width(delta[0]->columns, unit);
	factors from = {{NULL, NULL}, {NULL, NULL}};
	for (int p = 0; p < pairs; p++) {
		from.x[p] = (const real *)x[p]->data + feature * x[p]->rows + first * x_width;
		from.delta[p] = (const real *)delta[p]->data + unit * delta[p]->rows + first * width;
	}
	int64_t lane = 0;
	for (; lane + 2 * VECTOR_LANES <= width; lane += 2 * VECTOR_LANES)
		gradient_features(pairs, 2, features, factors_from(pairs, from, 0, lane), x_width, width, last - first, add,
		                  tile + lane);
	for (; lane < width; lane += VECTOR_LANES)
		gradient_features(pairs, 1, features, factors_from(pairs, from, 0, lane), x_width, width, last - first, add,
		                  tile + lane);
}

static void gradient_tile(const tw_panels *x, int64_t feature, int64_t features, const tw_panels *delta, int64_t unit,
                          int64_t first, int64_t last, bool add, void *tile)
{
	const tw_panels *const left[2] = {x, NULL}, *const right[2] = {delta, NULL};
	gradient_lanes(1, left, feature, features, right, unit, first, last, add, tile);
}

static void gradient_tile_of_two(const tw_panels *const x[2], int64_t feature, int64_t features,
                                 const tw_panels *const delta[2], int64_t unit, int64_t first, int64_t last, bool add,
                                 void *tile)
{
	gradient_lanes(2, x, feature, features, delta, unit, first, last, add, tile);
}

INLINE void sparse_gradient_columns(int vectors, const tw_sparse_columns *x, int64_t feature, int64_t features,
                                    const real *delta, int64_t width, bool add, real *tile)
{
	const real *value = x->value;
	for (int64_t f = 0; f < features; f++) {
		vector sum[4];
#pragma GCC unroll 4
		for (int v = 0; v < vectors; v++) sum[v] = add ? vector_load(tile + f * width + v * VECTOR_LANES) : (vector){0};
		for (int32_t e = x->start[feature + f]; e < x->start[feature + f + 1]; e++) {
			const real *d = delta + x->row[e] * width;
			vector y = vector_fill(value[e]);
#pragma GCC unroll 4
			for (int v = 0; v < vectors; v++) sum[v] += y * vector_load(d + v * VECTOR_LANES);
		}
#pragma GCC unroll 4
		for (int v = 0; v < vectors; v++) vector_store(tile + f * width + v * VECTOR_LANES, sum[v]);
	}
}

static void sparse_gradient_tile(const tw_sparse_columns *x, int64_t feature, int64_t features, const tw_panels *delta,
                                 int64_t unit, bool add, void *tile)
{
	const int64_t width = panel_width(delta->columns, unit);
	const real *right = (const real *)delta->data + unit * delta->rows;
	for (int64_t lane = 0; lane < width;) {
		int64_t vectors = (width - lane) / VECTOR_LANES;
		real *to = (real *)tile + lane;
		if (vectors >= 4) {
			sparse_gradient_columns(4, x, feature, features, right + lane, width, add, to);
			lane += 4 * VECTOR_LANES;
		} else if (vectors >= 2) {
			sparse_gradient_columns(2, x, feature, features, right + lane, width, add, to);
			lane += 2 * VECTOR_LANES;
		} else {
			sparse_gradient_columns(1, x, feature, features, right + lane, width, add, to);
			lane += VECTOR_LANES;
		}
	}
}

static void gradient_bias(const tw_panels *delta, int64_t unit, int64_t first, int64_t last, bool add, void *row)
{
	const int64_t width = panel_width(delta->columns, unit);
	const real *from = (const real *)delta->data + unit * delta->rows;
	real *to = row;
	for (int64_t lane = 0; lane < width; lane += VECTOR_LANES) {
		vector sum = add ? vector_load(to + lane) : (vector){0};
		for (int64_t i = first; i < last; i++) sum += vector_load(from + i * width + lane);
		vector_store(to + lane, sum);
	}
}

/* ---- moving data --------------------------------------------------------------------------------------------- */

static void gather_rows(const void *const *rows, const tw_panels *to, int64_t first, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		const real *row = rows[i];
		for (int64_t column = 0; column < to->columns; column += TW_PANEL) {
			int64_t width = panel_width(to->columns, column);
			int64_t filled = to->columns - column < width ? to->columns - column : width;
			real *out = (real *)to->data + column * to->rows + (first + i) * width;
			if (filled == TW_PANEL)
				memcpy(out, row + column, TW_PANEL * sizeof(real));
			else
				memcpy(out, row + column, (size_t)filled * sizeof(real));
		}
	}
}

static void transpose(const tw_panels *from, const tw_panels *to, int64_t first_column, int64_t last_column)
{
	for (int64_t unit = first_column; unit < last_column; unit += TW_PANEL) {
		const int64_t width = panel_width(from->columns, unit);
		const int64_t units = last_column - unit < TW_PANEL ? last_column - unit : TW_PANEL;
		const real *in = (const real *)from->data + unit * from->rows;
		for (int64_t feature = 0; feature < to->columns; feature += TW_PANEL) {
			const int64_t out_width = panel_width(to->columns, feature);
			const int64_t features = to->columns - feature < TW_PANEL ? to->columns - feature : TW_PANEL;
			real *out = (real *)to->data + feature * to->rows + unit * out_width;
			for (int64_t u = 0; u < units; u++)
				for (int64_t f = 0; f < features; f++) out[u * out_width + f] = in[(feature + f) * width + u];
		}
	}
}

static void add(void *dst, const void *src, int64_t n)
{
	real *restrict to = dst;
	const real *restrict from = src;
	for (int64_t i = 0; i < n; i++) to[i] += from[i];
}

static void add_to(void *dst, const void *a, const void *b, int64_t n)
{
	real *to = dst;
	const real *left = a, *right = b;
	for (int64_t i = 0; i < n; i++) to[i] = left[i] + right[i];
}

static void multiply(void *dst, const void *a, const void *b, int64_t n)
{
	real *to = dst;
	const real *left = a, *right = b;
	for (int64_t i = 0; i < n; i++) to[i] = left[i] * right[i];
}

static void multiply_two(void *dst, const void *factor, const void *a, const void *b, int64_t n)
{
	real *restrict to = dst;
	const real *restrict scale = factor, *restrict left = a, *restrict right = b;
	for (int64_t i = 0; i < n; i++) to[i] = to[i] * scale[i] + left[i] * right[i];
}

static void add_scaled(void *dst, double scale, const void *src, int64_t n)
{
	real *restrict to = dst;
	const real *restrict from = src;
	const real s = (real)scale;
	for (int64_t i = 0; i < n; i++) to[i] += s * from[i];
}

static double squared_norm(const void *x, int64_t n)
{
	enum { PARTS = 8 };
	const real *from = x;
	double sum[PARTS] = {0};
	int64_t i = 0;
	for (; i + PARTS <= n; i += PARTS)
		for (int c = 0; c < PARTS; c++) sum[c] += (double)from[i + c] * (double)from[i + c];
	for (; i < n; i++) sum[i % PARTS] += (double)from[i] * (double)from[i];
	return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/* ---- peak ---------------------------------------------------------------------------------------------------- */

enum { PEAK_CHAINS = 10 };
static double multiply_adds(int64_t n)
{
	vector sum[PEAK_CHAINS], x = vector_fill((real)0.999999), y = vector_fill((real)1e-6);
#pragma GCC unroll 16
	for (int c = 0; c < PEAK_CHAINS; c++) sum[c] = vector_fill((real)(c + 1));
	for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 16
		for (int c = 0; c < PEAK_CHAINS; c++) {
			sum[c] = sum[c] * x + y;
			__asm__ volatile("" : "+v"(sum[c]));
		}
	}
#pragma GCC unroll 16
	for (int c = 1; c < PEAK_CHAINS; c++) sum[0] += sum[c];
	return (double)sum[0][0];
}

const tw_kernels TW_VARIANT(tw_kernels) = {
    .product = product,
    .product_add = product_add,
    .product_single = product_single,
    .sparse_product = sparse_product,
    .gradient_tile = gradient_tile,
    .gradient_tile_of_two = gradient_tile_of_two,
    .sparse_gradient_tile = sparse_gradient_tile,
    .gradient_bias = gradient_bias,
    .gather_rows = gather_rows,
    .transpose = transpose,
    .add = add,
    .add_to = add_to,
    .multiply = multiply,
    .multiply_two = multiply_two,
    .add_scaled = add_scaled,
    .squared_norm = squared_norm,
    .multiply_adds = multiply_adds,
    .flops_per_pass = 2 * PEAK_CHAINS * VECTOR_LANES,
};
