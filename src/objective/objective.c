/* The objective of a network on a data set: value and gradient (Hessian: curvature.c). */
#include "objective/engine.h"

#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

int tw_loss_count(void) { return tw_losses_baseline_float.count; }

const tw_loss_info *tw_loss_info_of(int i)
{
	return i >= 0 && i < tw_loss_count() ? &tw_losses_baseline_float.entry[i].info : NULL;
}

int tw_loss_find(const char *name)
{
	for (int i = 0; i < tw_loss_count(); i++)
		if (strcmp(tw_loss_info_of(i)->name, name) == 0) return i;
	return -1;
}

/* The gradient's sum over ranks while it is being formed: pieces are made from the last element of the vector to the
 * first, and the sum of what is ready begins once it is worth a message. */
typedef struct {
	bool on;
	tw_reducer *reducer;
	const tw_tree *tree;
	void *const *nodes;
	void *result;
	int64_t ready, begun; /* elements from `ready` on are complete, from `begun` on being summed */
	tw_status status;
} tw_stream;
enum { STREAM_ELEMENTS = 16384 };

static void stream_ready(tw_stream *stream, int64_t from, bool last)
{
	stream->ready = from;
	if (!stream->on || stream->status != TW_OK || (!last && stream->begun - from < STREAM_ELEMENTS)) return;
	stream->status =
	    tw_reducer_begin(stream->reducer, stream->tree, from, stream->begun - from, stream->nodes, stream->result);
	stream->begun = from;
}

/* A piece is a group of panels of outputs of one layer: how many panels. */
static int64_t piece_panels(const tw_engine *engine, int l)
{
	return STREAM_ELEMENTS / ((engine->network.width[l - 1] + 1) * TW_PANEL) + 1;
}

/* Where the piece that begins at this panel of layer l starts in a vector. */
static int64_t piece_start(const tw_engine *engine, int l, int64_t panel)
{
	return engine->offset[l] + panel * TW_PANEL * engine_layer(engine, NULL, l).rows;
}

/* Piece by piece from the end of the vector, threads together, so that the sum over ranks of a piece runs while the
 * next is formed. */
static void sum_tiles_in_pieces(tw_engine *engine, const tw_batch *batch, const tw_tree *tree, int depth,
                                void *const *slots, tw_stream *stream, int thread, int threads)
{
	const tw_factors factors = {.delta = engine->delta};
	for (int l = engine->layers; l >= 1; l--) {
		const int64_t panels = panel_count(engine->network.width[l]), rows = engine_tiles(engine, l) / panels;
		const int64_t group = piece_panels(engine, l);
		for (int64_t end = panels; end > 0; end -= group) {
			const int64_t begin = end > group ? end - group : 0, tiles = (end - begin) * rows;
			engine_sum_tiles(engine, &factors, l, begin * rows + tiles * thread / threads,
			                 begin * rows + tiles * (thread + 1) / threads, batch, tree, depth, slots, thread);
#pragma omp barrier
			if (thread == 0) {
				stream_ready(stream, piece_start(engine, l, begin), l == 1 && begin == 0);
				if (stream->on && stream->status == TW_OK) stream->status = tw_reducer_progress(stream->reducer);
			}
		}
	}
}

/* The same ranges in the same order, for a rank that has nothing to compute. */
static void begin_all_pieces(tw_engine *engine, tw_stream *stream)
{
	stream->on = true;
	for (int l = engine->layers; l >= 1 && engine->options.overlap; l--) {
		const int64_t group = piece_panels(engine, l);
		for (int64_t end = panel_count(engine->network.width[l]); end > 0; end -= group) {
			const int64_t begin = end > group ? end - group : 0;
			stream_ready(stream, piece_start(engine, l, begin), l == 1 && begin == 0);
		}
	}
	if (!engine->options.overlap) stream_ready(stream, 0, true);
}

static void add_chunk_losses(tw_engine *engine, const tw_batch *batch)
{
	for (int s = 0; s < engine->strips; s++) {
		const tw_strip *strip = &engine->strip[s];
		double sum = strip->opens ? 0 : engine->chunk_loss[strip->chunk - batch->first_chunk];
		for (int64_t i = 0; i < strip->count; i++) sum += engine->row_loss[strip->first + i];
		engine->chunk_loss[strip->chunk - batch->first_chunk] = sum;
	}
}

/* One wave, rows [begin, end) of this rank's part. */
static void compute_wave(tw_engine *engine, const void *theta, const tw_batch *batch, int64_t begin, int64_t end,
                         const tw_tree *tree, int depth, void *const *slots, bool backward, tw_stream *stream)
{
	const int wanted = engine_threads(engine, end - begin);
	const double scale = 1.0 / (double)batch->chunks.size;
	engine_cut(engine, batch, begin, end, wanted, backward);
#pragma omp parallel num_threads(wanted)
	{
#ifdef _OPENMP
		const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
#else
		const int thread = 0, threads = 1;
#endif
		flush_denormals();
		if (backward && begin == 0) {
			engine_transpose(engine, theta, engine->transposed, thread, threads);
#pragma omp barrier
		}
#pragma omp for schedule(dynamic, 1)
		for (int b = 0; b < engine->blocks; b++) {
			const tw_block block = engine_block(engine, b);
			engine_forward(engine, theta, batch, begin, &block);
			engine_loss(engine, batch, begin, &block, scale, backward, thread);
			if (!backward) continue;
			engine_backward(engine, &block);
			for (int s = block.first_strip; engine->data->sparse && s < block.last_strip; s++)
				engine_sort_columns(engine, batch, begin, &engine->strip[s]);
		}
		if (backward && stream->on && end == batch->count)
			sum_tiles_in_pieces(engine, batch, tree, depth, slots, stream, thread, threads);
		else if (backward)
			engine_sum_all_tiles(engine, &(tw_factors){.delta = engine->delta}, batch, tree, depth, slots, thread,
			                     threads);
	}
	add_chunk_losses(engine, batch);
}

/* lambda/2 times the sum of squared weights; gradient, when not NULL, gets lambda times the weights added. */
static double add_penalty(const tw_engine *engine, const void *theta, void *gradient)
{
	const double lambda = engine->options.penalty;
	double sum = 0;
	if (lambda == 0) return 0;
	for (int l = 1; l <= engine->layers; l++) {
		const tw_panels weights = engine_layer(engine, theta, l);
		for (int64_t column = 0; column < weights.columns; column += TW_PANEL) {
			const int64_t elements = engine->network.width[l - 1] * panel_width(weights.columns, column);
			const int64_t at = engine->offset[l] + column * weights.rows;
			sum += engine->kernel->squared_norm(engine_at(engine, theta, at), elements);
			if (gradient)
				engine->kernel->add_scaled(engine_at(engine, gradient, at), lambda, engine_at(engine, theta, at),
				                           elements);
		}
	}
	return 0.5 * lambda * sum;
}

static tw_status evaluate(void *self, const void *theta, const tw_batch *batch, double *cost, void *gradient)
{
	tw_engine *engine = self;
	TW_TRY(engine_prepare(engine, batch->chunks));
	const double start = tw_now();
	const bool summed = tw_comm_size(engine->comm) > 1 && !batch->replicated;
	tw_tree tree;
	tw_tree_init(&tree, batch->chunks.count, batch->first_chunk, batch->last_chunk);
	engine->slot[0] = gradient;
	const bool any = batch->last_chunk > batch->first_chunk;
	tw_stream stream = {.on = summed && gradient && engine->options.overlap && any,
	                    .reducer = engine->reducer,
	                    .tree = &tree,
	                    .nodes = any ? engine->slot : NULL,
	                    .result = gradient,
	                    .begun = engine->size};
	int depth = 0;
	const int64_t rows = engine_even_wave(engine, batch->count);
	for (int64_t begin = 0; begin < batch->count; begin += rows) {
		int64_t end = begin + rows < batch->count ? begin + rows : batch->count;
		compute_wave(engine, theta, batch, begin, end, &tree, depth, engine->slot, gradient != NULL, &stream);
		depth = engine_depth_after(engine, &tree, depth);
	}
	double computed = tw_now();
	engine->times.compute += computed - start;
	if (summed && engine->options.timing) {
		TW_TRY(tw_comm_barrier(engine->comm));
		engine->times.wait += tw_now() - computed;
		computed = tw_now();
	}
	if (summed && gradient && !stream.on) begin_all_pieces(engine, &stream);
	tw_status status = stream.status;
	if (summed && gradient && status == TW_OK) status = tw_reducer_finish(engine->reducer);
	double sum = 0;
	if (status == TW_OK) status = engine_sum(engine, batch, 1, engine->chunk_loss, &sum);
	engine->times.reduce += tw_now() - computed;
	TW_TRY(status);
	*cost = sum / (double)batch->chunks.size + add_penalty(engine, theta, gradient);
	return TW_OK;
}

static void release(void *self) { engine_free(self); }

tw_status tw_objective_create(tw_comm *comm, const tw_data *data, const tw_objective_options *options,
                              tw_objective *out)
{
	memset(out, 0, sizeof *out);
	tw_engine *engine;
	TW_TRY(engine_create(comm, data, options, &engine));
	*out = (tw_objective){.self = engine,
	                      .precision = engine->precision,
	                      .dimension = engine->dimension,
	                      .size = engine->size,
	                      .observations = data->observations,
	                      .evaluate = evaluate,
	                      .hessian_product = engine_hessian_product,
	                      .position = engine->position,
	                      .free = release};
	return TW_OK;
}

void tw_objective_free(tw_objective *objective)
{
	if (objective->free) objective->free(objective->self);
	memset(objective, 0, sizeof *objective);
}

void tw_objective_import(const tw_objective *objective, const double *theta, void *vector)
{
	memset(vector, 0, (size_t)objective->size * tw_real_size(objective->precision));
	for (int64_t i = 0; i < objective->dimension; i++)
		tw_real_set(objective->precision, vector, objective->position[i], theta[i]);
}

void tw_objective_export(const tw_objective *objective, const void *vector, double *theta)
{
	for (int64_t i = 0; i < objective->dimension; i++)
		theta[i] = tw_real_get(objective->precision, vector, objective->position[i]);
}

void tw_objective_take_times(const tw_objective *objective, tw_objective_times *out)
{
	tw_engine *engine = objective->self;
	*out = engine->times;
	engine->times = (tw_objective_times){0};
}
