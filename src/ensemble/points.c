/* Life of points measured side by side, and their measuring. */
#include "ensemble/points.h"

#include <math.h>
#include <string.h>

#include "core/denormals.h"

/* Beyond this share of non-zero inputs all columns are computed, without indices; below this many inputs, with no
 * gradients wanted, a block is one strip. */
static const double dense_share = 0.7;
enum { FEW_INPUTS = 32 };

/* ---- checks --------------------------------------------------------------------------------------------------- */

static tw_status check_fit(const tw_network *network, int loss, const tw_data *data)
{
	TW_TRY(tw_network_check(network));
	const tw_loss_info *info = tw_loss_info_of(loss);
	const int64_t outputs = network->width[network->layers];
	TW_CHECK(info, TW_USAGE, "loss: number %d is not in the table", loss);
	TW_CHECK(data->local == data->observations, TW_USAGE,
	         "points are measured over data that are whole on a process, but this one holds %lld of %lld observations",
	         (long long)data->local, (long long)data->observations);
	TW_CHECK(data->observations > 0, TW_USAGE, "points cannot be measured over no observations");
	TW_CHECK(network->width[0] == data->inputs, TW_USAGE, "the network has %lld inputs but the data %lld",
	         (long long)network->width[0], (long long)data->inputs);
	TW_CHECK(info->outputs & (1u << network->output), TW_USAGE, "loss %s does not go with network.output %s",
	         info->name, tw_output_name((int)network->output));
	if (info->target != TW_TARGET_CLASS) {
		TW_CHECK(data->outputs == outputs, TW_USAGE, "the network has %lld outputs but the data %lld",
		         (long long)outputs, (long long)data->outputs);
		return TW_OK;
	}
	TW_CHECK(data->classes > 0 && data->outputs == 1, TW_USAGE,
	         "loss %s needs class labels; set data.labels: true for one output column of classes", info->name);
	TW_CHECK(data->classes <= outputs, TW_USAGE, "the data have %lld classes but the network %lld outputs",
	         (long long)data->classes, (long long)outputs);
	for (int64_t i = 0; i < data->observations; i++) {
		const double y = tw_real_get(data->precision, data->output, i);
		TW_CHECK(y >= 0 && y < (double)outputs && y == (double)(int64_t)y, TW_USAGE,
		         "observation %lld: label %g, but the classes are 0 to %lld", (long long)i, y,
		         (long long)(outputs - 1));
	}
	return TW_OK;
}

/* ---- layout --------------------------------------------------------------------------------------------------- */

tw_status points_allocate(tw_points *points, void **out, int64_t count, size_t size)
{
	TW_TRY(tw_alloc_array(out, count, size, "points to be measured"));
	points->bytes += count * (int64_t)size;
	return TW_OK;
}

/* Rows have an odd number of vectors, so that equal columns of them spread over the sets of a cache. */
static void lay_out(tw_points *points)
{
	const tw_network *network = &points->network;
	for (int l = 1; l <= points->layers; l++) {
		points->depth[l] = l == 1 && points->skip_zeros ? points->sparse.columns : network->width[l - 1];
		points->stride[l] = (network->width[l] | 1) * points->lanes;
		points->offset[l] = points->size;
		points->bias[l] = points->size + points->depth[l] * network->width[l] * points->lanes;
		points->size = points->bias[l] + (network->bias ? network->width[l] * points->lanes : 0);
		points->mirror_offset[l] = points->mirror_size;
		if (l > 1) points->mirror_size += network->width[l] * network->width[l - 1] * points->lanes;
	}
}

static tw_status map_parameters(tw_points *points)
{
	const tw_network *network = &points->network;
	const int64_t lanes = points->lanes, panel = points->kernels->panel, dimension = tw_network_dimension(network);
	int64_t *position, *mirror, i = 0;
	TW_TRY(points_allocate(points, (void **)&position, dimension, sizeof *position));
	points->map.position = position;
	TW_TRY(points_allocate(points, (void **)&mirror, dimension, sizeof *mirror));
	points->map.mirror = mirror;
	points->map.dimension = dimension;
	for (int l = 1; l <= points->layers; l++) {
		const int64_t inputs = network->width[l - 1], units = network->width[l];
		for (int64_t u = 0; u < units; u++)
			for (int64_t k = 0; k < inputs; k++, i++) {
				const int64_t row = l == 1 && points->skip_zeros ? points->sparse.active[k] : k;
				const int64_t at = points_weight(points->depth[l], units, panel, row, u);
				position[i] = row < 0 ? -1 : points->offset[l] + at * lanes;
				mirror[i] = l == 1 || !points->gradients
				                ? -1
				                : points->mirror_offset[l] + points_weight(units, inputs, panel, u, k) * lanes;
			}
		for (int64_t u = 0; u < units && network->bias; u++, i++) {
			position[i] = points->bias[l] + u * lanes;
			mirror[i] = -1;
		}
	}
	return TW_OK;
}

/* A buffer of reals, with room for loops over multiples of 16. */
static tw_status reals(tw_points *points, void **out, int64_t count)
{
	return points_allocate(points, out, count + 16, points->real_size);
}

static tw_status allocate(tw_points *points)
{
	const int64_t lanes = points->lanes, outputs = points->network.width[points->layers];
	const int64_t rows = POINTS_STRIP_ROWS + 16;
	TW_TRY(reals(points, &points->weights, points->size));
	if (points->gradients) {
		TW_TRY(reals(points, &points->mirror, points->mirror_size));
		TW_TRY(reals(points, &points->part, points->size));
		TW_TRY(points_allocate(points, (void **)&points->total, points->size, sizeof *points->total));
	}
	for (int l = 1; l <= points->layers; l++) {
		const int64_t count = (l == 1 ? points->block_rows : POINTS_STRIP_ROWS) * points->stride[l];
		if (l == points->layers || !points->fused) TW_TRY(reals(points, &points->z[l], count));
		if (l < points->layers) TW_TRY(reals(points, &points->a[l], count));
		if (l == points->layers || points->gradients) TW_TRY(reals(points, &points->delta[l], count));
	}
	TW_TRY(reals(points, &points->target, POINTS_STRIP_ROWS * lanes));
	TW_TRY(reals(points, &points->logits, rows * outputs));
	TW_TRY(reals(points, &points->slopes, rows * outputs));
	TW_TRY(points_allocate(points, (void **)&points->target_rows, rows, sizeof *points->target_rows));
	TW_TRY(points_allocate(points, (void **)&points->loss_of_row, rows, sizeof(double)));
	TW_TRY(points_allocate(points, (void **)&points->row_loss, POINTS_STRIP_ROWS * lanes + 16, sizeof(double)));
	TW_TRY(points_allocate(points, (void **)&points->cost, lanes, sizeof(double)));
	return points_allocate(points, (void **)&points->check, lanes, sizeof(double));
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

static tw_status set_up(tw_points *points)
{
	const tw_data *data = points->data;
	points->skip_zeros = data->sparse || points_density(data) < dense_share;
	const bool few = !points->skip_zeros && !points->gradients && data->inputs <= FEW_INPUTS;
	points->block_rows = few ? POINTS_STRIP_ROWS : POINTS_BLOCK_ROWS;
	if (points->skip_zeros) TW_TRY(points_find_columns(points));
	if (points->skip_zeros) TW_TRY(points_list_inputs(points));
	lay_out(points);
	TW_TRY(map_parameters(points));
	return allocate(points);
}

tw_status tw_points_create(const tw_network *network, int loss, const tw_data *data, bool gradients, tw_points **out)
{
	*out = NULL;
	TW_TRY(check_fit(network, loss, data));
	tw_points *points;
	TW_TRY(tw_alloc((void **)&points, sizeof *points, "points to be measured"));
	points->network = *network;
	points->data = data;
	points->precision = data->precision;
	points->real_size = tw_real_size(data->precision);
	points->kernels = TW_SELECT_VARIANT(tw_points_kernels, data->precision);
	points->activation = tw_activation_of(data->precision, network->activation);
	points->loss = tw_loss_of(data->precision, loss);
	points->gradients = gradients;
	points->layers = network->layers;
	points->lanes = points->kernels->lanes;
	points->packed = network->width[network->layers] == 1 && points->loss->apply_packed;
	points->leaky = network->activation == tw_activation_find("leaky_relu");
	points->fused = points->leaky || network->activation == tw_activation_find("relu");
	points->bytes = sizeof *points;
	const tw_status status = set_up(points);
	if (status == TW_OK)
		*out = points;
	else
		tw_points_free(points);
	return status;
}

void tw_points_free(tw_points *points)
{
	if (!points) return;
	points_sparse_free(&points->sparse);
	tw_free((void *)points->map.position), tw_free((void *)points->map.mirror);
	tw_free(points->weights), tw_free(points->mirror), tw_free(points->part), tw_free(points->total);
	for (int l = 1; l <= points->layers; l++) tw_free(points->z[l]), tw_free(points->a[l]), tw_free(points->delta[l]);
	tw_free(points->target), tw_free(points->logits), tw_free(points->slopes), tw_free(points->target_rows);
	tw_free(points->loss_of_row), tw_free(points->row_loss), tw_free(points->cost), tw_free(points->check);
	tw_free(points);
}

int tw_points_at_once(const tw_points *points) { return (int)points->lanes; }

int64_t tw_points_memory(const tw_points *points) { return points->bytes; }

/* ---- measuring ------------------------------------------------------------------------------------------------ */

tw_status tw_points_measure(tw_points *points, int count, const void *const *theta, double *cost,
                            double *gradient_norm_squared, void *const *gradient)
{
	enum { MOST_LANES = 16 };
	TW_CHECK(points->gradients || (!gradient_norm_squared && !gradient), TW_USAGE,
	         "these points were made for costs alone; ask for gradients when they are created");
	flush_denormals();
	const double share = 1.0 / (double)points->data->observations;
	const int lanes = (int)points->lanes;
	for (int begin = 0; begin < count; begin += lanes) {
		const int taken = count - begin < lanes ? count - begin : lanes;
		const void *lane[MOST_LANES];
		for (int r = 0; r < lanes; r++) lane[r] = theta[begin + (r < taken ? r : 0)];
		points->kernels->gather(&points->map, lane, points->weights, points->mirror, points->check);
		points_pass(points);
		for (int r = 0; r < taken; r++) cost[begin + r] = share * points->cost[r] + points->check[r];
		if (gradient_norm_squared)
			points->kernels->norms(&points->map, taken, points->total, share, gradient_norm_squared + begin);
		for (int r = 0; r < taken && gradient_norm_squared; r++) gradient_norm_squared[begin + r] += points->check[r];
		if (gradient) points->kernels->scatter(&points->map, taken, points->total, share, gradient + begin);
	}
	return TW_OK;
}
