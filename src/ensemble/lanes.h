/* A group of G networks whose parameters and activations lie side by side in memory (lanes_kernels.h), with its
 * buffers: one evaluation of all of them, one update of all of them. Private to src/ensemble. Nothing here allocates
 * after lanes_create. */
#ifndef THALWEG_ENSEMBLE_LANES_H
#define THALWEG_ENSEMBLE_LANES_H

#include <thalweg/ensemble.h>

#include "ensemble/lanes_kernels.h"
#include "linalg/kernels.h"
#include "method/update_kernels.h"
#include "network/activations.h"
#include "objective/losses.h"

enum { LANES_MOST = 16 };
/* Tiles of gradients whose partial sums stay in the first cache: features x vectors of 64 bytes or less. */
enum {
	LANES_TILE_FEATURES = 20,
	LANES_TILE_VECTORS = 5,
	LANES_TILE_REALS = (LANES_TILE_FEATURES + 1) * LANES_TILE_VECTORS * 16
};

/* The batches of one step. Shared: all replicas use the same rows, which follow one another in memory. Else replica r
 * has count[r] rows of its own (0: none), given by pointers; where these differ there is one chunk. */
typedef struct {
	bool shared;
	tw_chunks chunks;          /* of the largest */
	const void *x, *y;         /* shared: rows of inputs and of targets */
	int64_t count[LANES_MOST]; /* rows of each replica */
	const void *const *x_rows[LANES_MOST];
	const void *const *y_rows[LANES_MOST];
} lanes_batch;

/* Rows [first, first + count) of the wave, all of one chunk. */
typedef struct {
	int64_t first, count;
	int chunk;
	bool opens, closes;
} lanes_strip;

typedef struct {
	const tw_ensemble_options *options;
	int group, shift; /* G = 1 << shift */
	size_t real_size;
	const tw_lanes_kernels *kernels;
	const tw_lanes_of_size *kernel;
	const tw_activation *activation;
	const tw_loss *loss;
	tw_fused fused;
	int layers;
	bool single;  /* the last of several layers has one output: its weights are one row of groups, then the bias */
	bool packed;  /* the loss is taken of all replicas at once */
	bool shallow; /* one hidden layer with an activation that shallow_kernels.c has */
	int64_t stride[TW_MAX_LAYERS + 1];  /* reals of a row of width[l] columns */
	int64_t vectors[TW_MAX_LAYERS + 1]; /* vectors of it */
	int64_t offset[TW_MAX_LAYERS + 1];  /* of layer l = 1..L in theta */
	int64_t size, dimension;            /* of theta, all replicas; of one replica */
	void *theta, *gradient, *state[TW_MAX_UPDATE_VECTORS];
	void *transposed[TW_MAX_LAYERS + 1];
	int64_t block_rows, wave_rows, strips_most;
	void *x, *y;      /* of the wave: inputs where replicas have their own, targets; rows of groups */
	int64_t gathered; /* the row of the shared batch that they begin with; -1: none */
	void *z, *a[TW_MAX_LAYERS + 1], *delta[TW_MAX_LAYERS + 1];
	void *logits, *slopes; /* a block's, packed: row, output, replica */
	double *row_loss;      /* of the wave: row, replica */
	lanes_strip *strip;
	int strips;
	void *slot[TW_TREE_LEVELS]; /* partial gradients; the first is the gradient */
	void *tile;                 /* partial sums of a tile, one a slot */
	const void **target_rows;   /* of a block, for losses that want rows */
	double *target_loss;
	double chunk_loss[TW_TREE_LEVELS][LANES_MOST];
	int64_t *norm_position; /* parameter i of canonical theta in a vector of tw_objective */
	int64_t norm_size;
	void *norm_vector;
	int64_t memory;
} tw_lanes;

/* group: a power of two, at most the lanes of a vector. options is borrowed. */
tw_status lanes_create(const tw_ensemble_options *options, int group, tw_lanes **out);
void lanes_free(tw_lanes *lanes);
/* Canonical theta of replica r into and out of its place; clear empties it, and its state. */
void lanes_import(tw_lanes *lanes, int r, const double *theta);
void lanes_export(const tw_lanes *lanes, int r, double *theta);
/* The same as reals. */
void lanes_copy(const tw_lanes *lanes, int r, void *theta);
void lanes_clear(tw_lanes *lanes, int r);
/* Moves replica r of from, with the state of its update rule, to place s of another group. */
void lanes_move(const tw_lanes *from, int r, tw_lanes *to, int s);
/* Cost of each replica over its batch, and the gradients. */
void lanes_evaluate(tw_lanes *lanes, const lanes_batch *batch, double cost[LANES_MOST]);
/* ||gradient||^2 of replica r, summed as for a single run. */
double lanes_squared_norm(tw_lanes *lanes, int r);
void lanes_add_noise(tw_lanes *lanes, int r, tw_random stream, int64_t step, double deviation);
/* One update; count[r]: updates of replica r with this one. */
void lanes_update(tw_lanes *lanes, const double step_size[LANES_MOST], const double count[LANES_MOST]);

/* Index of (layer, column u, row k) of replica r in theta; row width[l-1] holds the biases. */
static inline int64_t lanes_index(const tw_lanes *lanes, int layer, int64_t k, int64_t u, int r)
{
	if (lanes->single && layer == lanes->layers)
		return lanes->offset[layer] +
		       (k < lanes->options->network.width[layer - 1] ? k * lanes->group : lanes->stride[layer - 1]) + r;
	return lanes->offset[layer] + k * lanes->stride[layer] + u * lanes->group + r;
}
static inline void *lanes_at(const tw_lanes *lanes, const void *base, int64_t index)
{
	return (char *)base + index * (int64_t)lanes->real_size;
}

#endif
