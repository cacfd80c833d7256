/* Gradients of the weights: tiles of TW_PANEL inputs x TW_PANEL outputs, each summed over the strips of a wave, with
 * the sums of finished chunks combined in the fixed tree while they are in the first cache. */
#include "objective/engine.h"

#include <string.h>

/* One row of tiles per panel of inputs (and one for the biases), one column per panel of outputs. */
static int64_t tile_rows(const tw_engine *engine, int l)
{
	return panel_count(engine->network.width[l - 1]) + (engine->has_bias ? 1 : 0);
}

int64_t engine_tiles(const tw_engine *engine, int l)
{
	return tile_rows(engine, l) * panel_count(engine->network.width[l]);
}

int engine_depth_after(const tw_engine *engine, const tw_tree *tree, int depth)
{
	for (int s = 0; s < engine->strips; s++) {
		if (engine->strip[s].opens) depth++;
		if (engine->strip[s].closes) depth -= tw_tree_merges(tree, engine->strip[s].chunk);
	}
	return depth;
}

typedef struct {
	int64_t feature, features; /* rows of the tile; features 0: the bias row */
	int64_t unit;              /* first column */
	int64_t elements;
	int64_t index; /* of its first element in a vector */
} tw_tile;

static tw_tile tile_at(const tw_engine *engine, int l, int64_t t)
{
	const int64_t inputs = engine->network.width[l - 1], outputs = engine->network.width[l];
	const int64_t rows = inputs + (engine->has_bias ? 1 : 0);
	tw_tile tile;
	tile.unit = t / tile_rows(engine, l) * TW_PANEL;
	tile.feature = t % tile_rows(engine, l) * TW_PANEL;
	const int64_t width = panel_width(outputs, tile.unit);
	if (t % tile_rows(engine, l) >= panel_count(inputs)) {
		tile.feature = inputs;
		tile.features = 0;
		tile.elements = width;
	} else {
		tile.features = inputs - tile.feature < TW_PANEL ? inputs - tile.feature : TW_PANEL;
		tile.elements = tile.features * width;
	}
	tile.index = engine->offset[l] + tile.unit * rows + tile.feature * width;
	return tile;
}

static void sum_strip(const tw_engine *engine, const tw_factors *factors, int l, const tw_tile *tile,
                      const tw_strip *strip, bool add, void *out)
{
	const tw_kernels *kernel = engine->kernel;
	const tw_panels *delta = &factors->delta[l];
	if (tile->features == 0)
		kernel->gradient_bias(delta, tile->unit, strip->first, strip->first + strip->count, add, out);
	else if (l == 1 && engine->data->sparse)
		kernel->sparse_gradient_tile(&strip->columns, tile->feature, tile->features, delta, tile->unit, add, out);
	else if (l > 1 && factors->more_inputs)
		kernel->gradient_tile_of_two((const tw_panels *const[2]){&engine->a[l - 1], &factors->more_inputs[l - 1]},
		                             tile->feature, tile->features,
		                             (const tw_panels *const[2]){delta, &factors->more_delta[l]}, tile->unit,
		                             strip->first, strip->first + strip->count, add, out);
	else
		kernel->gradient_tile(l == 1 ? &engine->x : &engine->a[l - 1], tile->feature, tile->features, delta, tile->unit,
		                      strip->first, strip->first + strip->count, add, out);
}

void engine_sum_tiles(tw_engine *engine, const tw_factors *factors, int l, int64_t first, int64_t last,
                      const tw_batch *batch, const tw_tree *tree, int depth, void *const *slots, int thread)
{
	const tw_kernels *kernel = engine->kernel;
	const size_t real_size = tw_real_size(engine->precision);
	char *local = (char *)engine->thread_tiles + thread * engine->thread_tile_bytes;
	const bool single = batch->last_chunk - batch->first_chunk <= 1;
	for (int64_t t = first; t < last; t++) {
		const tw_tile tile = tile_at(engine, l, t);
		if (single) {
			for (int s = 0; s < engine->strips; s++)
				sum_strip(engine, factors, l, &tile, &engine->strip[s], !engine->strip[s].opens,
				          engine_at(engine, slots[0], tile.index));
			continue;
		}
		/* Slots below `in_memory` are in the vectors, those from it up to `top` in the local tiles. */
		int top = depth, in_memory = depth;
		for (int s = 0; s < engine->strips; s++) {
			const tw_strip *strip = &engine->strip[s];
			if (strip->opens) top++;
			void *here = local + (size_t)(top - 1) * TW_TILE * real_size;
			if (in_memory == top) {
				memcpy(here, engine_at(engine, slots[top - 1], tile.index), (size_t)tile.elements * real_size);
				in_memory = top - 1;
			}
			sum_strip(engine, factors, l, &tile, strip, !strip->opens, here);
			for (int m = strip->closes ? tw_tree_merges(tree, strip->chunk) : 0; m > 0; m--) {
				void *right = local + (size_t)(top - 1) * TW_TILE * real_size;
				void *left = local + (size_t)(top - 2) * TW_TILE * real_size;
				if (top - 2 < in_memory) {
					kernel->add_to(left, engine_at(engine, slots[top - 2], tile.index), right, tile.elements);
					in_memory = top - 2;
				} else {
					kernel->add(left, right, tile.elements);
				}
				top--;
			}
		}
		for (int s = in_memory; s < top; s++)
			memcpy(engine_at(engine, slots[s], tile.index), local + (size_t)s * TW_TILE * real_size,
			       (size_t)tile.elements * real_size);
	}
}

/* Work of a tile of layer l beside that of a dense one: sparse inputs touch few rows, each by its index. */
static double tile_cost(const tw_engine *engine, int l)
{
	const double sparse = 0.05 + 2.5 * engine->data->density;
	return l == 1 && engine->data->sparse && sparse < 1 ? sparse : 1;
}

void engine_sum_all_tiles(tw_engine *engine, const tw_factors *factors, const tw_batch *batch, const tw_tree *tree,
                          int depth, void *const *slots, int thread, int threads)
{
	double total = 0, before = 0;
	for (int l = engine->layers; l >= 1; l--) total += (double)engine_tiles(engine, l) * tile_cost(engine, l);
	const double begin = total * thread / threads, end = total * (thread + 1) / threads;
	for (int l = engine->layers; l >= 1; l--) {
		const int64_t tiles = engine_tiles(engine, l);
		const double cost = tile_cost(engine, l);
		const double from = (begin - before) / cost, to = (end - before) / cost;
		const int64_t first = from <= 0 ? 0 : from >= (double)tiles ? tiles : (int64_t)from;
		const int64_t last = to <= 0 ? 0 : to >= (double)tiles || thread + 1 == threads ? tiles : (int64_t)to;
		if (first < last) engine_sum_tiles(engine, factors, l, first, last, batch, tree, depth, slots, thread);
		before += (double)tiles * cost;
	}
}
