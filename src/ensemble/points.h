/* Points of one network measured side by side, a SIMD lane a point: buffers and passes over the data. Private to
 * src/ensemble. Nothing here allocates after tw_points_create. */
#ifndef THALWEG_ENSEMBLE_POINTS_H
#define THALWEG_ENSEMBLE_POINTS_H

#include <thalweg/ensemble.h>

#include "ensemble/points_kernels.h"
#include "network/activations.h"
#include "objective/losses.h"

/* Observations go through the first layer in blocks, through the others in strips of a block; gradients are summed over
 * about FOLD_ROWS observations, these sums in double. */
enum { POINTS_BLOCK_ROWS = 120, POINTS_STRIP_ROWS = 30, POINTS_FOLD_ROWS = 960 };

/* The inputs without their zeros, columns that are zero everywhere left out. */
typedef struct {
	int64_t columns; /* that are left */
	int64_t *active; /* number of each input among them, -1: left out */
	int64_t *row_start;
	uint32_t *row_index;
	void *row_value; /* row by row */
	int64_t *column_start;
	uint32_t *column_index;
	void *column_value; /* block by block, in it column by column: rows counted from the first of the block */
} points_sparse;

struct tw_points {
	tw_network network;
	const tw_data *data;
	tw_precision precision;
	size_t real_size;
	const tw_points_kernels *kernels;
	const tw_activation *activation;
	const tw_loss *loss;
	bool gradients, packed; /* packed: the loss of all points at once */
	bool fused, leaky;      /* (leaky) ReLU: no z is kept, the sign of the activation tells it */
	bool skip_zeros;
	int64_t block_rows;
	points_sparse sparse;
	int layers;
	int64_t lanes, depth[TW_MAX_LAYERS + 1]; /* left factor's columns of layer l: inputs that are left, or width[l-1] */
	int64_t stride[TW_MAX_LAYERS + 1];       /* reals of a row of width[l] vectors */
	int64_t offset[TW_MAX_LAYERS + 1], bias[TW_MAX_LAYERS + 1]; /* of layer l in weights and gradient, in reals */
	int64_t mirror_offset[TW_MAX_LAYERS + 1];                   /* of layer l >= 2 in mirror */
	int64_t size, mirror_size;
	tw_points_map map;
	void *weights, *mirror; /* mirror: the weights transposed, for the way back */
	void *part;             /* gradient of up to POINTS_FOLD_ROWS observations */
	double *total;          /* of all */
	void *z[TW_MAX_LAYERS + 1], *a[TW_MAX_LAYERS + 1], *delta[TW_MAX_LAYERS + 1];
	void *target, *logits, *slopes;
	const void **target_rows;
	double *loss_of_row, *row_loss, *cost, *check;
	int64_t bytes;
};

static inline void *points_at(const tw_points *points, const void *base, int64_t i)
{
	return (char *)base + i * (int64_t)points->real_size;
}

/* tw_alloc_array of elements that count among the bytes it holds. */
tw_status points_allocate(tw_points *points, void **out, int64_t count, size_t size);

/* points_sparse.c. Share of the inputs that are not zero. */
double points_density(const tw_data *data);
/* Which inputs are zero everywhere; needs precision and data. */
tw_status points_find_columns(tw_points *points);
/* The lines of inputs; needs block_rows too. */
tw_status points_list_inputs(tw_points *points);
void points_sparse_free(points_sparse *sparse);

/* points_pass.c. Sums of losses of the points in `weights` into cost, and of their gradients into total. */
void points_pass(tw_points *points);

#endif
