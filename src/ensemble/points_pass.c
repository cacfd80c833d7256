/* All observations through the networks of some points and back: blocks through the first layer, strips of a block
 * through the others. */
#include <string.h>

#include "ensemble/points.h"

/* Rows of a block that are in the works: `count` from `first` of the data, `row` of the block on. Layers above the
 * first keep them from row 0 on. */
typedef struct {
	int64_t first, row, count;
} strip;

static int64_t round_up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

static void *rows_of(const tw_points *points, void *const *buffer, int l, strip s)
{
	return points_at(points, buffer[l], (l == 1 ? s.row : 0) * points->stride[l]);
}

static tw_points_finish finish_of(const tw_points *points, int l, bool back)
{
	if (!points->fused || l == points->layers) return TW_POINTS_PLAIN;
	if (back) return points->leaky ? TW_POINTS_LEAKY_SLOPE : TW_POINTS_RELU_SLOPE;
	return points->leaky ? TW_POINTS_LEAKY : TW_POINTS_RELU;
}

/* ---- forward -------------------------------------------------------------------------------------------------- */

/* Product of layer l into z, or into a where its activation is fused. */
static tw_points_product product_of(const tw_points *points, int l, strip s)
{
	const bool into_z = l == points->layers || !points->fused;
	return (tw_points_product){.depth = points->depth[l],
	                           .w = points_at(points, points->weights, points->offset[l]),
	                           .bias =
	                               points->network.bias ? points_at(points, points->weights, points->bias[l]) : NULL,
	                           .columns = points->network.width[l],
	                           .c = rows_of(points, into_z ? points->z : points->a, l, s),
	                           .c_stride = points->stride[l],
	                           .finish = finish_of(points, l, false),
	                           .leak = points->network.activation_value[0]};
}

static void first_layer(const tw_points *points, int64_t first, int64_t count)
{
	const tw_data *data = points->data;
	tw_points_product call = product_of(points, 1, (strip){first, 0, count});
	if (points->skip_zeros) {
		call.rows =
		    (tw_points_lines){points->sparse.row_start + first, points->sparse.row_index, points->sparse.row_value};
		points->kernels->sparse_product(&call, count);
	} else {
		call.a = points_at(points, data->dense, first * data->inputs);
		call.a_stride = data->inputs;
		call.shared = true;
		points->kernels->product(&call, count);
	}
}

static void upper_layers(const tw_points *points, strip s)
{
	for (int l = 1; l <= points->layers; l++) {
		if (l > 1) {
			tw_points_product call = product_of(points, l, s);
			call.a = rows_of(points, points->a, l - 1, s);
			call.a_stride = points->stride[l - 1];
			points->kernels->product(&call, s.count);
		}
		if (l < points->layers && !points->fused)
			points->activation->value(points->network.activation_value, round_up(s.count * points->stride[l], 16),
			                          rows_of(points, points->z, l, s), rows_of(points, points->a, l, s));
	}
}

/* ---- losses --------------------------------------------------------------------------------------------------- */

static void packed_loss(tw_points *points, strip s)
{
	_Alignas(64) double one[16];
	for (int j = 0; j < 16; j++) tw_real_set(points->precision, one, j, 1);
	points->kernels->spread(s.count, points_at(points, points->data->output, s.first), points->target);
	points->loss->apply_packed(points->network.output, round_up(s.count * points->lanes, 16),
	                           rows_of(points, points->z, points->layers, s), points->target, one,
	                           rows_of(points, points->delta, points->layers, s), points->row_loss);
}

/* Any loss: point by point, its rows one after the other. */
static void plain_loss(tw_points *points, strip s)
{
	const int64_t outputs = points->network.width[points->layers], stride = points->stride[points->layers];
	const int64_t lanes = points->lanes, filled = round_up(s.count, 16) - s.count;
	const size_t size = points->real_size;
	const char *z = rows_of(points, points->z, points->layers, s);
	char *delta = rows_of(points, points->delta, points->layers, s);
	for (int64_t i = 0; i < s.count + filled; i++)
		points->target_rows[i] =
		    points_at(points, points->data->output, (s.first + (i < s.count ? i : 0)) * points->data->outputs);
	memset(points_at(points, points->logits, s.count * outputs), 0, (size_t)(filled * outputs) * size);
	for (int64_t r = 0; r < lanes; r++) {
		for (int64_t i = 0; i < s.count; i++)
			for (int64_t j = 0; j < outputs; j++)
				memcpy(points_at(points, points->logits, i * outputs + j),
				       points_at(points, z, i * stride + j * lanes + r), size);
		points->loss->apply(points->network.output, s.count, outputs, points->logits, points->target_rows, 1.0,
		                    points->gradients ? points->slopes : NULL, points->loss_of_row);
		for (int64_t i = 0; i < s.count; i++) {
			points->row_loss[i * lanes + r] = points->loss_of_row[i];
			for (int64_t j = 0; j < outputs && points->gradients; j++)
				memcpy(points_at(points, delta, i * stride + j * lanes + r),
				       points_at(points, points->slopes, i * outputs + j), size);
		}
	}
}

/* ---- backward ------------------------------------------------------------------------------------------------- */

/* Gradient of layer l from the left factor a and delta. */
static tw_points_gradient gradient_of(const tw_points *points, int l, strip s)
{
	return (tw_points_gradient){.depth = points->depth[l],
	                            .d = rows_of(points, points->delta, l, s),
	                            .d_stride = points->stride[l],
	                            .columns = points->network.width[l],
	                            .g = points_at(points, points->part, points->offset[l]),
	                            .bias = points->network.bias ? points_at(points, points->part, points->bias[l]) : NULL};
}

/* Gradients of the layers above the first, and delta of the first. */
static void upper_layers_back(const tw_points *points, strip s)
{
	for (int l = points->layers; l >= 2; l--) {
		tw_points_gradient gradient = gradient_of(points, l, s);
		gradient.a = rows_of(points, points->a, l - 1, s);
		gradient.a_stride = points->stride[l - 1];
		points->kernels->gradient(&gradient, s.count);
		if (gradient.bias) points->kernels->bias_gradient(&gradient, s.count);
		const tw_points_product call = {.a = rows_of(points, points->delta, l, s),
		                                .a_stride = points->stride[l],
		                                .depth = points->network.width[l],
		                                .w = points_at(points, points->mirror, points->mirror_offset[l]),
		                                .columns = points->network.width[l - 1],
		                                .c = rows_of(points, points->delta, l - 1, s),
		                                .c_stride = points->stride[l - 1],
		                                .finish = finish_of(points, l - 1, true),
		                                .act = rows_of(points, points->a, l - 1, s),
		                                .leak = points->network.activation_value[0]};
		points->kernels->product(&call, s.count);
		if (!points->fused)
			points->activation->multiply_derivative(
			    points->network.activation_value, round_up(s.count * points->stride[l - 1], 16),
			    rows_of(points, points->z, l - 1, s), rows_of(points, points->a, l - 1, s), call.c);
	}
}

static void first_layer_back(const tw_points *points, int64_t first, int64_t count)
{
	const tw_data *data = points->data;
	const points_sparse *sparse = &points->sparse;
	tw_points_gradient call = gradient_of(points, 1, (strip){first, 0, count});
	if (points->skip_zeros) {
		call.columns_of_a = (tw_points_lines){sparse->column_start + first / points->block_rows * sparse->columns,
		                                      sparse->column_index, sparse->column_value};
		points->kernels->sparse_gradient(&call);
	} else {
		call.a = points_at(points, data->dense, first * data->inputs);
		call.a_stride = data->inputs;
		call.shared = true;
		points->kernels->gradient(&call, count);
	}
	if (call.bias) points->kernels->bias_gradient(&call, count);
}

/* ---- the pass ------------------------------------------------------------------------------------------------- */

void points_pass(tw_points *points)
{
	const int64_t n = points->data->observations;
	memset(points->cost, 0, (size_t)points->lanes * sizeof *points->cost);
	if (points->gradients) memset(points->total, 0, (size_t)points->size * sizeof *points->total);
	for (int64_t first = 0; first < n; first += points->block_rows) {
		const int64_t end = first + points->block_rows < n ? first + points->block_rows : n;
		first_layer(points, first, end - first);
		for (int64_t i = first; i < end; i += POINTS_STRIP_ROWS) {
			const strip s = {i, i - first, i + POINTS_STRIP_ROWS < end ? POINTS_STRIP_ROWS : end - i};
			upper_layers(points, s);
			if (points->packed)
				packed_loss(points, s);
			else
				plain_loss(points, s);
			points->kernels->add_losses(s.count, points->row_loss, points->cost);
			if (points->gradients) upper_layers_back(points, s);
		}
		if (!points->gradients) continue;
		first_layer_back(points, first, end - first);
		if (end == n || end % POINTS_FOLD_ROWS == 0) points->kernels->fold(points->size, points->part, points->total);
	}
}
