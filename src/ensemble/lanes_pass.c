/* Blocks of rows through the networks of a group and back. */
#include "ensemble/lanes_pass.h"

#include <string.h>

static int64_t round_up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

static int64_t block_size(const tw_lanes *lanes, int l) { return lanes->block_rows * lanes->stride[l]; }

/* z of layer l for the rows of a block. */
static void *z_of(const tw_lanes *lanes, int l)
{
	int64_t at = 0;
	for (int m = 1; m < l; m++) at += block_size(lanes, m);
	return lanes_at(lanes, lanes->z, at);
}

static void *rows_of(const tw_lanes *lanes, void *const *buffer, int l, int64_t row)
{
	return lanes_at(lanes, buffer[l], row * lanes->stride[l]);
}

tw_left lanes_left(const tw_lanes *lanes, const lanes_batch *batch, int l, int64_t begin, int64_t row)
{
	const int64_t inputs = lanes->options->network.width[0];
	if (l > 0) return (tw_left){rows_of(lanes, lanes->a, l, row), lanes->stride[l], false};
	if (batch->shared) return (tw_left){lanes_at(lanes, batch->x, (begin + row) * inputs), inputs, true};
	return (tw_left){lanes_at(lanes, lanes->x, row * lanes->stride[0]), lanes->stride[0], false};
}

void lanes_transpose(tw_lanes *lanes)
{
	const tw_network *network = &lanes->options->network;
	for (int l = 2; l <= lanes->layers - (lanes->single ? 1 : 0); l++)
		lanes->kernel->transpose(lanes_at(lanes, lanes->theta, lanes->offset[l]), lanes->stride[l],
		                         network->width[l - 1], network->width[l], lanes->transposed[l], lanes->stride[l - 1]);
}

static void gather_inputs(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int r, int64_t count)
{
	const int64_t inputs = lanes->options->network.width[0];
	const int group = lanes->group;
	for (int64_t i = 0; i < count; i++) {
		if (lanes->real_size == 4) {
			const float *from = batch->x_rows[r][begin + i];
			float *to = (float *)lanes->x + i * lanes->stride[0] + r;
			for (int64_t k = 0; k < inputs; k++) to[k * group] = from[k];
		} else {
			const double *from = batch->x_rows[r][begin + i];
			double *to = (double *)lanes->x + i * lanes->stride[0] + r;
			for (int64_t k = 0; k < inputs; k++) to[k * group] = from[k];
		}
	}
}

void lanes_gather(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t rows)
{
	const int group = lanes->group;
	if (batch->shared && lanes->gathered == begin) return;
	lanes->gathered = begin;
	for (int r = 0; r < group; r++) {
		const int64_t left = batch->shared ? rows : batch->count[r] - begin, count = left < rows ? left : rows;
		if (!batch->shared) gather_inputs(lanes, batch, begin, r, count);
		for (int64_t i = 0; i < count && lanes->packed; i++)
			memcpy(lanes_at(lanes, lanes->y, i * group + r),
			       batch->shared ? lanes_at(lanes, batch->y, begin + i) : batch->y_rows[r][begin + i],
			       lanes->real_size);
	}
}

/* The last layer, where it has one output. */
static void forward_single(tw_lanes *lanes, int64_t row, int64_t count)
{
	const int l = lanes->layers;
	const tw_lanes_single call = {.a = rows_of(lanes, lanes->a, l - 1, row),
	                              .a_stride = lanes->stride[l - 1],
	                              .depth = lanes->options->network.width[l - 1],
	                              .w = lanes_at(lanes, lanes->theta, lanes->offset[l]),
	                              .bias = lanes->options->network.bias
	                                          ? lanes_at(lanes, lanes->theta, lanes->offset[l] + lanes->stride[l - 1])
	                                          : NULL,
	                              .c = z_of(lanes, l),
	                              .c_stride = lanes->stride[l]};
	lanes->kernel->product_single(&call, count);
}

void lanes_forward(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count)
{
	const tw_ensemble_options *options = lanes->options;
	const tw_network *network = &options->network;
	int last = lanes->layers;
	if (lanes->single) last--;
	for (int l = 1; l <= last; l++) {
		const bool hidden = l < lanes->layers, fused = hidden && lanes->fused != TW_FUSED_NONE;
		const char *weights = lanes_at(lanes, lanes->theta, lanes->offset[l]);
		const tw_lanes_product call = {
		    .a = lanes_left(lanes, batch, l - 1, begin, row),
		    .depth = network->width[l - 1],
		    .w = weights,
		    .w_stride = lanes->stride[l],
		    .bias = network->bias ? lanes_at(lanes, weights, network->width[l - 1] * lanes->stride[l]) : NULL,
		    .c = z_of(lanes, l),
		    .c_stride = lanes->stride[l],
		    .vectors = lanes->vectors[l],
		    .fused = fused ? lanes->fused : TW_FUSED_NONE,
		    .act = fused ? rows_of(lanes, lanes->a, l, row) : NULL,
		    .leak = network->activation_value[0]};
		lanes->kernel->product(&call, count);
		if (hidden && !fused)
			lanes->activation->value(network->activation_value, round_up(count * lanes->stride[l], 16), call.c,
			                         rows_of(lanes, lanes->a, l, row));
	}
	if (lanes->single) forward_single(lanes, row, count);
}

/* Copies between rows of groups and packed values (row, replica) for one output. */
static void copy_packed(const tw_lanes *lanes, void *rows, void *packed, int64_t count, bool pack)
{
	const size_t bytes = (size_t)lanes->group * lanes->real_size;
	for (int64_t i = 0; i < count; i++) {
		void *row = lanes_at(lanes, rows, i * lanes->stride[lanes->layers]);
		void *here = lanes_at(lanes, packed, i * lanes->group);
		memcpy(pack ? here : row, pack ? row : here, bytes);
	}
}

/* Rows that a replica does not have count nothing. */
static void drop_missing(const tw_lanes *lanes, const lanes_batch *batch, int64_t first, int64_t count, void *slopes,
                         double *loss)
{
	for (int r = 0; r < lanes->group; r++) {
		const int64_t from = batch->count[r] > first ? batch->count[r] - first : 0;
		for (int64_t i = from; i < count; i++) {
			memset(lanes_at(lanes, slopes, i * lanes->group + r), 0, lanes->real_size);
			loss[i * lanes->group + r] = 0;
		}
	}
}

static bool is_ragged(const tw_lanes *lanes, const lanes_batch *batch)
{
	for (int r = 0; r < lanes->group && !batch->shared; r++)
		if (batch->count[r] != batch->chunks.size) return true;
	return false;
}

static void packed_loss(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count)
{
	const bool dense = lanes->stride[lanes->layers] == lanes->group;
	void *z = z_of(lanes, lanes->layers), *delta = rows_of(lanes, lanes->delta, lanes->layers, row);
	void *logits = dense ? z : lanes->logits, *slopes = dense ? delta : lanes->slopes;
	double scale[16], *loss = lanes->row_loss + row * lanes->group;
	_Alignas(64) double factor[16];
	for (int j = 0; j < 16; j++) {
		const int64_t size = batch->shared ? batch->chunks.size : batch->count[j & (lanes->group - 1)];
		scale[j] = size > 0 ? 1.0 / (double)size : 0;
		tw_real_set(lanes->options->precision, factor, j, scale[j]);
	}
	if (!dense) copy_packed(lanes, z, logits, count, true);
	lanes->loss->apply_packed(lanes->options->network.output, round_up(count * lanes->group, 16), logits,
	                          lanes_at(lanes, lanes->y, row * lanes->group), factor, slopes, loss);
	if (is_ragged(lanes, batch)) drop_missing(lanes, batch, begin + row, count, slopes, loss);
	if (!dense) copy_packed(lanes, delta, slopes, count, false);
}

/* Any loss: replica by replica, its rows one after the other. */
static void plain_loss(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count)
{
	const tw_network *network = &lanes->options->network;
	const int64_t outputs = network->width[lanes->layers], stride = lanes->stride[lanes->layers];
	const int64_t targets = lanes->options->data->outputs;
	const char *z = z_of(lanes, lanes->layers);
	char *delta = rows_of(lanes, lanes->delta, lanes->layers, row);
	for (int r = 0; r < lanes->group; r++) {
		const int64_t size = batch->shared ? batch->chunks.size : batch->count[r];
		const int64_t mine = size - begin - row < 0 ? 0 : size - begin - row < count ? size - begin - row : count;
		for (int64_t i = 0; i < mine; i++) {
			lanes->target_rows[i] = batch->shared ? lanes_at(lanes, batch->y, (begin + row + i) * targets)
			                                      : batch->y_rows[r][begin + row + i];
			for (int64_t j = 0; j < outputs; j++)
				memcpy(lanes_at(lanes, lanes->logits, i * outputs + j),
				       lanes_at(lanes, z, i * stride + j * lanes->group + r), lanes->real_size);
		}
		memset(lanes->slopes, 0, (size_t)(count * outputs) * lanes->real_size);
		memset(lanes->target_loss, 0, (size_t)count * sizeof(double));
		if (mine > 0)
			lanes->loss->apply(network->output, mine, outputs, lanes->logits, lanes->target_rows, 1.0 / (double)size,
			                   lanes->slopes, lanes->target_loss);
		for (int64_t i = 0; i < count; i++) {
			lanes->row_loss[(row + i) * lanes->group + r] = lanes->target_loss[i];
			for (int64_t j = 0; j < outputs; j++)
				memcpy(lanes_at(lanes, delta, i * stride + j * lanes->group + r),
				       lanes_at(lanes, lanes->slopes, i * outputs + j), lanes->real_size);
		}
	}
}

void lanes_loss(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count)
{
	if (lanes->packed)
		packed_loss(lanes, batch, begin, row, count);
	else
		plain_loss(lanes, batch, begin, row, count);
}

void lanes_backward(tw_lanes *lanes, int64_t row, int64_t count)
{
	const tw_network *network = &lanes->options->network;
	for (int l = lanes->layers; l >= 2; l--) {
		const bool fused = lanes->fused != TW_FUSED_NONE;
		void *delta = rows_of(lanes, lanes->delta, l - 1, row), *z = z_of(lanes, l - 1);
		const bool single = lanes->single && l == lanes->layers;
		const void *weights = single ? lanes_at(lanes, lanes->theta, lanes->offset[l]) : lanes->transposed[l];
		const tw_lanes_product call = {.a = {rows_of(lanes, lanes->delta, l, row), lanes->stride[l], false},
		                               .depth = network->width[l],
		                               .w = weights,
		                               .w_stride = lanes->stride[l - 1],
		                               .c = delta,
		                               .c_stride = lanes->stride[l - 1],
		                               .vectors = lanes->vectors[l - 1],
		                               .fused = lanes->fused,
		                               .z = fused ? z : NULL,
		                               .leak = network->activation_value[0]};
		lanes->kernel->product(&call, count);
		if (!fused)
			lanes->activation->multiply_derivative(network->activation_value,
			                                       round_up(count * lanes->stride[l - 1], 16), z,
			                                       rows_of(lanes, lanes->a, l - 1, row), delta);
	}
}

void lanes_shallow(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count)
{
	const tw_network *network = &lanes->options->network;
	const tw_shallow_kernels *kernels = TW_SELECT_VARIANT(tw_shallow_kernels, lanes->options->precision);
	const int64_t biases = lanes->offset[1] + network->width[0] * lanes->stride[1];
	const int64_t second = lanes->offset[2], last = second + lanes->stride[1];
	const tw_lanes_shallow call = {.x = lanes_left(lanes, batch, 0, begin, row),
	                               .inputs = network->width[0],
	                               .w = lanes_at(lanes, lanes->theta, lanes->offset[1]),
	                               .b = network->bias ? lanes_at(lanes, lanes->theta, biases) : NULL,
	                               .v = lanes_at(lanes, lanes->theta, second),
	                               .v_bias = network->bias ? lanes_at(lanes, lanes->theta, last) : NULL,
	                               .w_stride = lanes->stride[1],
	                               .vectors = lanes->vectors[1],
	                               .act = rows_of(lanes, lanes->a, 1, row),
	                               .act_stride = lanes->stride[1],
	                               .logits = z_of(lanes, 2),
	                               .delta = rows_of(lanes, lanes->delta, 2, row),
	                               .out_stride = lanes->stride[2],
	                               .dw = lanes_at(lanes, lanes->gradient, lanes->offset[1]),
	                               .db = network->bias ? lanes_at(lanes, lanes->gradient, biases) : NULL,
	                               .dv = lanes_at(lanes, lanes->gradient, second),
	                               .dv_bias = network->bias ? lanes_at(lanes, lanes->gradient, last) : NULL,
	                               .fused = lanes->fused,
	                               .leak = network->activation_value[0]};
	kernels->forward[lanes->shift](&call, count);
	lanes_loss(lanes, batch, begin, row, count);
	kernels->backward[lanes->shift](&call, count);
}
