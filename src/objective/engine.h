/* The objective of a network: private state shared by the files of this folder.
 *
 * theta and gradient are vectors in which layer l is a matrix in panel layout (linalg/panel.h) of width[l-1] rows, one
 * more for the biases, and width[l] columns: the transpose of W(l), so that a product with a block of observations
 * reads it in order. One evaluation goes over the batch in waves of observations; in a wave
 *   1. blocks of at most BLOCK_ROWS observations go forward, through the loss and backward (pass.c), blocks spread over
 *      the threads;
 *   2. tiles of the weight gradients are summed over the wave's strips in order, chunk sums combined in the fixed tree
 *      (gradient.c), tiles spread over the threads. A strip is at most STRIP_ROWS observations of one chunk; a block
 *      is one strip or several in a row.
 * Neither waves nor strips, blocks or threads can change a bit: see linalg/kernels.h. */
#ifndef THALWEG_OBJECTIVE_ENGINE_H
#define THALWEG_OBJECTIVE_ENGINE_H

#include <thalweg/objective.h>

#include "core/denormals.h"
#include "linalg/kernels.h"
#include "network/activations.h"
#include "objective/losses.h"

enum { STRIP_ROWS = 64, BLOCK_ROWS = 256, MAX_SLOTS = TW_TREE_NODES };

/* Observations [first, first + count) of the wave, all of one chunk. */
typedef struct {
	int64_t first, count;
	int chunk;
	bool opens, closes;        /* first, last strip of its chunk */
	tw_sparse_columns columns; /* sparse inputs by column */
} tw_strip;

/* Observations [first, first + count) of the wave: strips [first_strip, last_strip). */
typedef struct {
	int64_t first, count;
	int first_strip, last_strip;
} tw_block;

typedef struct tw_curvature tw_curvature; /* curvature.h */

typedef struct tw_engine {
	tw_comm *comm;
	const tw_data *data;
	tw_objective_options options;
	tw_network network;
	tw_precision precision;
	const tw_kernels *kernel;
	const tw_activation *activation;
	const tw_loss *loss;
	bool has_bias;
	int layers;
	int64_t size, dimension;
	int64_t offset[TW_MAX_LAYERS + 1]; /* of layer l = 1..layers in a vector */
	int64_t *position;                 /* canonical index -> index in a vector */

	/* buffers for one wave; index l is the layer, x the dense inputs */
	int64_t wave_rows;
	tw_panels x, z[TW_MAX_LAYERS + 1], a[TW_MAX_LAYERS + 1], delta[TW_MAX_LAYERS + 1];
	tw_panels transposed[TW_MAX_LAYERS + 1]; /* W(l) itself, l >= 2: rows are outputs, columns inputs */
	double *row_loss;                        /* wave_rows */
	tw_strip *strip;
	int strips, strip_capacity;
	int blocks, block_strips; /* strips a block */
	int64_t block_rows;       /* most observations a block, at most BLOCK_ROWS */
	int32_t *column_start;    /* strip_capacity x (inputs + 1) */
	int32_t *column_row;
	void *column_value;
	int64_t row_entries; /* most entries of a sparse row, over all ranks */
	void *thread_rows;   /* per thread: logits and their deltas, row-major */
	int64_t thread_row_bytes;
	void *thread_tiles; /* per thread: MAX_SLOTS tiles */
	int64_t thread_tile_bytes;

	void *slot[MAX_SLOTS]; /* partial gradients beyond the first, made when needed */
	double *chunk_loss;    /* this rank's chunks */
	tw_chunks ready;       /* largest batch and number of chunks that buffers are made for */
	tw_reducer *reducer;   /* NULL with one rank */
	tw_comm *self_comm;
	tw_feed *whole, *other; /* the training set, and the last other set, as one batch */
	const tw_data *other_data;
	tw_objective_times times;
	tw_curvature *curvature; /* buffers of Hessian-vector products, made by the first */
} tw_engine;

/* The factors that the weight gradients are made of, by layer: inputs' delta, and for l >= 2 more_inputs' more_delta
 * added to it, where there are more; the biases' gradient is the sum of delta. */
typedef struct {
	const tw_panels *delta;
	const tw_panels *more_inputs, *more_delta; /* NULL: no more; more_inputs[l - 1] goes with more_delta[l] */
} tw_factors;

/* Layer l of a vector as a matrix. */
static inline tw_panels engine_layer(const tw_engine *engine, const void *vector, int l)
{
	const tw_network *network = &engine->network;
	return (tw_panels){(char *)vector + engine->offset[l] * (int64_t)tw_real_size(engine->precision),
	                   network->width[l - 1] + (engine->has_bias ? 1 : 0), network->width[l]};
}
static inline void *engine_at(const tw_engine *engine, const void *base, int64_t index)
{
	return (char *)base + index * (int64_t)tw_real_size(engine->precision);
}
/* Threads worth using for this many observations. */
int engine_threads(const tw_engine *engine, int64_t observations);

/* Rows of a wave so that the waves of `count` observations are about equal. */
int64_t engine_even_wave(const tw_engine *engine, int64_t count);

/* pass.c: cuts rows [begin, end) of this rank's part of the batch into strips and blocks (fills engine->strip). */
void engine_cut(tw_engine *engine, const tw_batch *batch, int64_t begin, int64_t end, int threads, bool backward);
/* Block b of the wave. */
tw_block engine_block(const tw_engine *engine, int b);
/* One block forward; the logits stay in engine->z[layers]. Called by one thread for itself. */
void engine_forward(tw_engine *engine, const void *theta, const tw_batch *batch, int64_t begin, const tw_block *block);
/* Losses of the block into row_loss; with backward also delta of the last layer, scaled by `scale`. */
void engine_loss(tw_engine *engine, const tw_batch *batch, int64_t begin, const tw_block *block, double scale,
                 bool backward, int thread);
/* delta of the other layers. */
void engine_backward(tw_engine *engine, const tw_block *block);
/* Copies a block's rows of panels into row-major memory, or back. */
void engine_copy_rows(const tw_engine *engine, const tw_panels *panels, const tw_block *block, void *row_major,
                      bool to_panels);
/* Products of the sparse inputs of a block with the first layer of a vector. */
void engine_sparse_inputs(tw_engine *engine, const tw_panels *weights, const tw_batch *batch, int64_t begin,
                          const tw_block *block, const tw_panels *out);
/* Row-major logits of a block. */
void engine_logits(const tw_engine *engine, const tw_block *block, void *out);
/* Shares the work of copying W(l) of a vector, l >= 2, into to[l] among threads: part `thread` of `threads`. */
void engine_transpose(const tw_engine *engine, const void *vector, const tw_panels *to, int thread, int threads);
/* Sparse inputs of a strip by column. */
void engine_sort_columns(tw_engine *engine, const tw_batch *batch, int64_t begin, tw_strip *strip);

/* gradient.c: tiles [first, last) of layer l summed over the wave's strips. depth: partial sums in memory before this
 * wave; slots[0] is the gradient itself. */
int64_t engine_tiles(const tw_engine *engine, int l);
void engine_sum_tiles(tw_engine *engine, const tw_factors *factors, int l, int64_t first, int64_t last,
                      const tw_batch *batch, const tw_tree *tree, int depth, void *const *slots, int thread);
/* All tiles of all layers, shared out once among the threads by their cost: part `thread` begins where part
 * `thread - 1` ends. */
void engine_sum_all_tiles(tw_engine *engine, const tw_factors *factors, const tw_batch *batch, const tw_tree *tree,
                          int depth, void *const *slots, int thread, int threads);
/* Number of partial sums after the strips of the wave, starting from depth. */
int engine_depth_after(const tw_engine *engine, const tw_tree *tree, int depth);

/* curvature.c: tw_objective's hessian_product. */
tw_status engine_hessian_product(void *self, const void *theta, const tw_batch *batch, int count,
                                 const void *const *vectors, void *const *products);
void engine_free_curvature(tw_engine *engine);

/* engine.c: makes and frees the engine. Collective. */
tw_status engine_create(tw_comm *comm, const tw_data *data, const tw_objective_options *options, tw_engine **out);
void engine_free(tw_engine *engine);
/* Collective. Makes the buffers for batches like this one. */
tw_status engine_prepare(tw_engine *engine, tw_chunks chunks);
/* Collective. All of data (the training set or another set of the same shape) as one batch, ready to be computed. */
tw_status engine_whole_batch(tw_engine *engine, const tw_data *data, tw_batch *batch);
/* Sums `count` doubles a chunk over the chunks of the batch (mine: this rank's). Collective unless replicated. */
tw_status engine_sum(tw_engine *engine, const tw_batch *batch, int count, const double *mine, double *out);

#endif
