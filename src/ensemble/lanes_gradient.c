/* One evaluation of a group: waves of rows, the gradients of each summed over its chunks in the fixed tree. */
#include "ensemble/lanes_pass.h"

#include <string.h>

/* ---- strips: the rows of a wave by chunk ---------------------------------------------------------------------- */

static void cut(tw_lanes *lanes, tw_chunks chunks, int64_t begin, int64_t end)
{
	lanes->strips = 0;
	for (int c = 0; c < chunks.count; c++) {
		const int64_t first = tw_chunk_begin(chunks, c), last = tw_chunk_begin(chunks, c + 1);
		const int64_t from = first > begin ? first : begin, to = last < end ? last : end;
		if (from >= to) continue;
		lanes->strip[lanes->strips++] = (lanes_strip){
		    .first = from - begin, .count = to - from, .chunk = c, .opens = from == first, .closes = to == last};
	}
}

/* ---- gradients ------------------------------------------------------------------------------------------------ */

/* Rows [feature, feature + features) and the biases, where with_bias, of vectors [vector, vector + vectors) of a layer.
 */
typedef struct {
	int layer;
	int64_t feature, features, vector, vectors;
	bool with_bias;
} lanes_tile;

static int64_t tile_rows(const lanes_tile *tile) { return tile->features + (tile->with_bias ? 1 : 0); }

/* A tile of the one row of weights that leads to a single output, or its bias alone. */
static bool is_single(const tw_lanes *lanes, const lanes_tile *tile)
{
	return lanes->single && tile->layer == lanes->layers;
}

/* Row i of the tile in a vector; the biases are the last. */
static void *row_in_vector(const tw_lanes *lanes, const lanes_tile *tile, void *vector, int64_t i)
{
	if (is_single(lanes, tile))
		return lanes_at(lanes, vector,
		                lanes->offset[tile->layer] +
		                    (tile->with_bias ? lanes->stride[tile->layer - 1] : tile->vector * lanes->kernels->lanes));
	return lanes_at(lanes, vector,
	                lanes->offset[tile->layer] + (tile->feature + i) * lanes->stride[tile->layer] +
	                    tile->vector * lanes->kernels->lanes);
}

/* Weights: delta of the output as the left factor, activations as the right one; the bias: the sum of delta. */
static void sum_single(const tw_lanes *lanes, const lanes_tile *tile, const lanes_strip *strip, bool add, void *to)
{
	const int l = tile->layer;
	const void *delta = lanes_at(lanes, lanes->delta[l], strip->first * lanes->stride[l]);
	const int64_t at = strip->first * lanes->stride[l - 1] + tile->vector * lanes->kernels->lanes;
	const tw_lanes_gradient weights = {.a = {delta, lanes->stride[l], false},
	                                   .features = 1,
	                                   .d = lanes_at(lanes, lanes->a[l - 1], at),
	                                   .d_stride = lanes->stride[l - 1],
	                                   .vectors = tile->vectors,
	                                   .tile = to,
	                                   .add = add};
	if (tile->with_bias)
		lanes->kernel->sum_rows(delta, strip->count, add, to);
	else
		lanes->kernel->gradient(&weights, strip->count);
}

/* Sums the strip into the tile at `to`, whose rows are stride reals apart. */
static void sum_strip(const tw_lanes *lanes, const lanes_batch *batch, int64_t begin, const lanes_tile *tile,
                      const lanes_strip *strip, bool add, void *to, int64_t stride)
{
	const int l = tile->layer;
	if (is_single(lanes, tile)) {
		sum_single(lanes, tile, strip, add, to);
		return;
	}
	tw_left a = lanes_left(lanes, batch, l - 1, begin, strip->first);
	a.data = lanes_at(lanes, a.data, tile->feature * (a.shared ? 1 : lanes->group));
	const tw_lanes_gradient call = {
	    .a = a,
	    .features = tile->features,
	    .d = lanes_at(lanes, lanes->delta[l], strip->first * lanes->stride[l] + tile->vector * lanes->kernels->lanes),
	    .d_stride = lanes->stride[l],
	    .vectors = tile->vectors,
	    .tile = to,
	    .tile_stride = stride,
	    .bias_row = tile->with_bias ? lanes_at(lanes, to, tile->features * stride) : NULL,
	    .add = add};
	lanes->kernel->gradient(&call, strip->count);
}

/* A tile over all strips of the wave, with a stack of partial sums: those below `in_memory` are in the slots, the
 * others in local tiles. depth: partial sums before the wave. */
static void sum_tile(const tw_lanes *lanes, const lanes_batch *batch, int64_t begin, const lanes_tile *tile,
                     const tw_tree *tree, int depth)
{
	const tw_kernels *kernels = tw_kernels_of(lanes->options->precision);
	const int64_t width = tile->vectors * lanes->kernels->lanes, rows = tile_rows(tile);
	const size_t bytes = (size_t)width * lanes->real_size;
	int top = depth, in_memory = depth;
	for (int s = 0; s < lanes->strips; s++) {
		const lanes_strip *strip = &lanes->strip[s];
		if (strip->opens) top++;
		char *here = lanes_at(lanes, lanes->tile, (int64_t)(top - 1) * LANES_TILE_REALS);
		if (in_memory == top) {
			for (int64_t i = 0; i < rows; i++)
				memcpy(lanes_at(lanes, here, i * width), row_in_vector(lanes, tile, lanes->slot[top - 1], i), bytes);
			in_memory = top - 1;
		}
		sum_strip(lanes, batch, begin, tile, strip, !strip->opens, here, width);
		for (int m = strip->closes ? tw_tree_merges(tree, strip->chunk) : 0; m > 0; m--, top--) {
			char *right = lanes_at(lanes, lanes->tile, (int64_t)(top - 1) * LANES_TILE_REALS);
			char *left = lanes_at(lanes, lanes->tile, (int64_t)(top - 2) * LANES_TILE_REALS);
			if (top - 2 < in_memory) {
				for (int64_t i = 0; i < rows; i++)
					kernels->add_to(lanes_at(lanes, left, i * width),
					                row_in_vector(lanes, tile, lanes->slot[top - 2], i),
					                lanes_at(lanes, right, i * width), width);
				in_memory = top - 2;
			} else {
				kernels->add(left, right, rows * width);
			}
		}
	}
	for (int s = in_memory; s < top; s++)
		for (int64_t i = 0; i < rows; i++)
			memcpy(row_in_vector(lanes, tile, lanes->slot[s], i),
			       lanes_at(lanes, lanes->tile, s * (int64_t)LANES_TILE_REALS + i * width), bytes);
}

/* One tile over the wave, whatever its chunks. */
static void sum_whole_tile(const tw_lanes *lanes, const lanes_batch *batch, int64_t begin, const lanes_tile *tile,
                           const tw_tree *tree, int depth)
{
	if (batch->chunks.count > 1) {
		sum_tile(lanes, batch, begin, tile, tree, depth);
		return;
	}
	for (int s = 0; s < lanes->strips; s++)
		sum_strip(lanes, batch, begin, tile, &lanes->strip[s], !lanes->strip[s].opens,
		          row_in_vector(lanes, tile, lanes->gradient, 0), lanes->stride[tile->layer]);
}

static void sum_last_layer(const tw_lanes *lanes, const lanes_batch *batch, int64_t begin, const tw_tree *tree,
                           int depth)
{
	const int64_t vectors = lanes->vectors[lanes->layers - 1];
	const int64_t most = batch->chunks.count > 1 ? LANES_TILE_VECTORS : vectors;
	lanes_tile tile = {.layer = lanes->layers, .features = 1};
	for (tile.vector = 0; tile.vector < vectors; tile.vector += tile.vectors) {
		tile.vectors = vectors - tile.vector < most ? vectors - tile.vector : most;
		sum_whole_tile(lanes, batch, begin, &tile, tree, depth);
	}
	tile = (lanes_tile){.layer = lanes->layers, .with_bias = true, .vectors = lanes->vectors[lanes->layers]};
	if (lanes->options->network.bias) sum_whole_tile(lanes, batch, begin, &tile, tree, depth);
}

static void sum_layer(const tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int l, const tw_tree *tree,
                      int depth)
{
	const tw_network *network = &lanes->options->network;
	const bool tiles = batch->chunks.count > 1;
	lanes_tile tile = {.layer = l};
	if (is_single(lanes, &tile)) {
		sum_last_layer(lanes, batch, begin, tree, depth);
		return;
	}
	for (tile.vector = 0; tile.vector < lanes->vectors[l]; tile.vector += tile.vectors) {
		const int64_t rest = lanes->vectors[l] - tile.vector;
		tile.vectors = tiles && rest > LANES_TILE_VECTORS ? LANES_TILE_VECTORS : rest;
		for (tile.feature = 0; tile.feature < network->width[l - 1]; tile.feature += tile.features) {
			const int64_t features = network->width[l - 1] - tile.feature;
			tile.features = tiles && features > LANES_TILE_FEATURES ? LANES_TILE_FEATURES : features;
			tile.with_bias = network->bias && features == tile.features;
			sum_whole_tile(lanes, batch, begin, &tile, tree, depth);
		}
	}
}

/* ---- losses --------------------------------------------------------------------------------------------------- */

/* Adds the wave's losses to the stack of chunk sums; returns its depth. */
static int sum_losses(tw_lanes *lanes, const tw_tree *tree, int depth)
{
	for (int s = 0; s < lanes->strips; s++) {
		const lanes_strip *strip = &lanes->strip[s];
		if (strip->opens) memset(lanes->chunk_loss[depth++], 0, sizeof lanes->chunk_loss[0]);
		lanes->kernel->add_rows(lanes->row_loss + strip->first * lanes->group, strip->count,
		                        lanes->chunk_loss[depth - 1]);
		for (int m = strip->closes ? tw_tree_merges(tree, strip->chunk) : 0; m > 0; m--, depth--)
			for (int r = 0; r < lanes->group; r++) lanes->chunk_loss[depth - 2][r] += lanes->chunk_loss[depth - 1][r];
	}
	return depth;
}

/* ---- evaluation ----------------------------------------------------------------------------------------------- */

/* Forward and backward over a wave, and its gradients. */
static void compute_wave(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t rows, const tw_tree *tree,
                         int depth)
{
	const bool shallow = lanes->shallow && batch->chunks.count == 1;
	if (shallow && begin == 0) memset(lanes->gradient, 0, (size_t)lanes->size * lanes->real_size);
	for (int64_t row = 0; row < rows; row += lanes->block_rows) {
		const int64_t count = rows - row < lanes->block_rows ? rows - row : lanes->block_rows;
		if (shallow) {
			lanes_shallow(lanes, batch, begin, row, count);
			continue;
		}
		lanes_forward(lanes, batch, begin, row, count);
		lanes_loss(lanes, batch, begin, row, count);
		lanes_backward(lanes, row, count);
	}
	for (int l = lanes->layers; l >= 1 && !shallow; l--) sum_layer(lanes, batch, begin, l, tree, depth);
}

void lanes_evaluate(tw_lanes *lanes, const lanes_batch *batch, double cost[LANES_MOST])
{
	tw_tree tree;
	tw_tree_init(&tree, batch->chunks.count, 0, batch->chunks.count);
	int depth = 0;
	lanes_transpose(lanes);
	for (int64_t begin = 0; begin < batch->chunks.size; begin += lanes->wave_rows) {
		const int64_t rest = batch->chunks.size - begin, rows = rest < lanes->wave_rows ? rest : lanes->wave_rows;
		cut(lanes, batch->chunks, begin, begin + rows);
		lanes_gather(lanes, batch, begin, rows);
		compute_wave(lanes, batch, begin, rows, &tree, depth);
		depth = sum_losses(lanes, &tree, depth);
	}
	for (int r = 0; r < lanes->group; r++) {
		const int64_t size = batch->shared ? batch->chunks.size : batch->count[r];
		cost[r] = size > 0 ? lanes->chunk_loss[0][r] / (double)size : 0;
	}
}
