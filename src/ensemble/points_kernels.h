/* The hot loops of points measured side by side (points.h), one table of them for each instruction set and precision.
 *
 * Every scalar of a network is a SIMD vector here, one lane a point. Matrices of activations and their slopes are rows
 * (observations) of columns (units), `stride` reals from row to row. Weights and their gradients are cut into panels of
 * up to `panel` columns (the units they lead to), one after the other, each row-major: element (k, u) of a matrix of
 * `depth` rows stands at points_weight. Every element of a result is a chain of multiply-adds (sparse: two) in a fixed
 * order, so that a point has the same bits in every lane. */
#ifndef THALWEG_ENSEMBLE_POINTS_KERNELS_H
#define THALWEG_ENSEMBLE_POINTS_KERNELS_H

#include "core/variant.h"

/* What becomes of a sum: z; its activation, with the sign bit of z; or, for a product backwards, its multiple by the
 * derivative, which the sign bit of the activation tells. */
typedef enum {
	TW_POINTS_PLAIN = 0,
	TW_POINTS_RELU,
	TW_POINTS_LEAKY,
	TW_POINTS_RELU_SLOPE,
	TW_POINTS_LEAKY_SLOPE
} tw_points_finish;

/* Non-zero elements of a sparse matrix, line by line: line i has the elements [start[i], start[i + 1]), an even number
 * of them (filled up with zeros of index 0). */
typedef struct {
	const int64_t *start;
	const uint32_t *index;
	const void *value;
} tw_points_lines;

/* c(i, :) = finish(bias + a(i, 0..depth-1) w) for count rows. */
typedef struct {
	const void *a;        /* rows of vectors, or with `shared` rows of single values, the same for all points */
	int64_t a_stride;     /* in reals */
	bool shared;          /* a holds the inputs */
	tw_points_lines rows; /* sparse_product: the inputs, line i for row i, in place of a */
	int64_t depth;
	const void *w;    /* panels of `depth` rows */
	const void *bias; /* `columns` vectors, or NULL */
	int64_t columns;
	void *c;
	int64_t c_stride;
	tw_points_finish finish;
	const void *act; /* slopes: activations in rows like those of c */
	double leak;
} tw_points_product;

/* g(k, u) += sum over count rows of a(i, k) d(i, u), and bias(u) += sum of d(i, u). */
typedef struct {
	const void *a;
	int64_t a_stride;
	bool shared;
	tw_points_lines columns_of_a; /* sparse_gradient: line k holds the rows where input k is not zero */
	int64_t depth;
	const void *d;
	int64_t d_stride, columns;
	void *g;    /* panels of `depth` rows */
	void *bias; /* `columns` vectors, or NULL */
} tw_points_gradient;

/* Where the parameters of a point go: canonical parameter i to position[i] and mirror[i] (in reals; -1: nowhere). */
typedef struct {
	int64_t dimension;
	const int64_t *position, *mirror;
} tw_points_map;

typedef struct {
	int lanes; /* points a vector */
	int panel; /* most columns of a panel */
	void (*product)(const tw_points_product *call, int64_t count);
	void (*sparse_product)(const tw_points_product *call, int64_t count);
	void (*gradient)(const tw_points_gradient *call, int64_t count);
	/* Of the `depth` lines of columns_of_a, whatever the rows they hold; leaves bias alone. */
	void (*sparse_gradient)(const tw_points_gradient *call);
	/* bias(u) += sum of d(i, u) */
	void (*bias_gradient)(const tw_points_gradient *call, int64_t count);
	/* total[k] += part[k], part[k] = 0 for k < count. */
	void (*fold)(int64_t count, void *part, double *total);
	/* sum[r] += loss[i * lanes + r] over i < count. */
	void (*add_losses)(int64_t count, const double *loss, double *sum);
	/* to[i * lanes + r] = from[i], i < count. */
	void (*spread)(int64_t count, const void *from, void *to);
	/* The parameters of `lanes` points; check[r] = 0, or not a number where one of theta[r] is not finite. */
	void (*gather)(const tw_points_map *map, const void *const *theta, void *weights, void *mirror, double *check);
	/* norm[r] = sum of (factor total)^2 over the parameters of point r < count. */
	void (*norms)(const tw_points_map *map, int count, const double *total, double factor, double *norm);
	/* gradient[r][i] = factor total of parameter i, for the points r < count. */
	void (*scatter)(const tw_points_map *map, int count, const double *total, double factor, void *const *gradient);
} tw_points_kernels;
TW_DECLARE_VARIANTS(tw_points_kernels, tw_points_kernels);

/* Panels of `columns` columns are as equal as can be: how many, and the first column of panel p. */
static inline int64_t points_panels(int64_t columns, int64_t most) { return (columns + most - 1) / most; }
static inline int64_t points_panel_begin(int64_t columns, int64_t most, int64_t p)
{
	return p * columns / points_panels(columns, most);
}
/* Vector (k, u) of a matrix of panels, counted in vectors. */
static inline int64_t points_weight(int64_t depth, int64_t columns, int64_t most, int64_t k, int64_t u)
{
	int64_t p = u / most;
	while (points_panel_begin(columns, most, p + 1) <= u) p++;
	const int64_t begin = points_panel_begin(columns, most, p);
	return begin * depth + k * (points_panel_begin(columns, most, p + 1) - begin) + (u - begin);
}

#endif
