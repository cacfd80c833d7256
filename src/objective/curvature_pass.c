/* One block of observations through the network and back, and the derivative of that along a vector. */
#include "objective/curvature.h"

#include <string.h>

/* The block's part of one panel of a matrix: `elements` reals from index `at` of its memory on. */
typedef struct {
	int64_t at, elements;
} tw_span;

static tw_span span_of(const tw_panels *panels, const tw_block *block, int64_t column)
{
	const int64_t width = panel_width(panels->columns, column);
	return (tw_span){column * panels->rows + block->first * width, block->count * width};
}

static void fill_ones(const tw_engine *engine, void *to, int64_t n)
{
	if (engine->precision == TW_FLOAT)
		for (int64_t i = 0; i < n; i++) ((float *)to)[i] = 1;
	else
		for (int64_t i = 0; i < n; i++) ((double *)to)[i] = 1;
}

/* delta(l) holds pull(l); gives slope, bend and delta of hidden layer l. */
static void bend_layer(tw_engine *engine, int l, const tw_block *block)
{
	const tw_curvature *curvature = engine->curvature;
	const tw_panels *z = &engine->z[l];
	const double *parameter = engine->network.activation_value;
	for (int64_t column = 0; column < z->columns; column += TW_PANEL) {
		const tw_span span = span_of(z, block, column);
		const void *logits = engine_at(engine, z->data, span.at), *a = engine_at(engine, engine->a[l].data, span.at);
		void *slope = engine_at(engine, curvature->slope[l].data, span.at);
		void *delta = engine_at(engine, engine->delta[l].data, span.at);
		fill_ones(engine, slope, span.elements);
		engine->activation->multiply_derivative(parameter, span.elements, logits, a, slope);
		if (curvature->bends) {
			void *bend = engine_at(engine, curvature->bend[l].data, span.at);
			memcpy(bend, delta, (size_t)span.elements * tw_real_size(engine->precision));
			engine->activation->multiply_second_derivative(parameter, span.elements, logits, a, bend);
		}
		engine->kernel->multiply(delta, delta, slope, span.elements);
	}
}

void curvature_point(tw_engine *engine, const void *theta, const tw_batch *batch, int64_t begin, const tw_block *block,
                     double scale, int thread)
{
	engine_forward(engine, theta, batch, begin, block);
	engine_loss(engine, batch, begin, block, scale, true, thread);
	for (int l = engine->layers; l >= 2; l--) {
		engine->kernel->product(&engine->delta[l], &engine->transposed[l], false, &engine->delta[l - 1], block->first,
		                        block->count);
		bend_layer(engine, l - 1, block);
	}
}

static void forward_along(tw_engine *engine, const void *theta, const void *vector, const tw_batch *batch,
                          int64_t begin, const tw_block *block)
{
	const tw_kernels *kernel = engine->kernel;
	const tw_curvature *curvature = engine->curvature;
	for (int l = 1; l <= engine->layers; l++) {
		const tw_panels weights = engine_layer(engine, theta, l), along = engine_layer(engine, vector, l);
		const tw_panels *z = l < engine->layers ? &engine->z[l] : &curvature->change_z;
		if (l > 1) {
			kernel->product(&engine->a[l - 1], &along, engine->has_bias, z, block->first, block->count);
			kernel->product_add(&curvature->change_a[l - 1], &weights, z, block->first, block->count);
		} else if (engine->data->sparse) {
			engine_sparse_inputs(engine, &along, batch, begin, block, z);
		} else {
			kernel->product(&engine->x, &along, engine->has_bias, z, block->first, block->count);
		}
		for (int64_t column = 0; l < engine->layers && column < z->columns; column += TW_PANEL) {
			const tw_span span = span_of(z, block, column);
			kernel->multiply(engine_at(engine, curvature->change_a[l].data, span.at),
			                 engine_at(engine, curvature->slope[l].data, span.at), engine_at(engine, z->data, span.at),
			                 span.elements);
		}
	}
}

static void loss_along(tw_engine *engine, const tw_batch *batch, int64_t begin, const tw_block *block, double scale,
                       int thread)
{
	const tw_curvature *curvature = engine->curvature;
	const int64_t outputs = engine->network.width[engine->layers];
	char *logits = (char *)curvature->thread_rows + thread * curvature->thread_row_bytes;
	char *changes = logits + curvature->thread_row_bytes / 3, *out = changes + curvature->thread_row_bytes / 3;
	engine_logits(engine, block, logits);
	engine_copy_rows(engine, &curvature->change_z, block, changes, false);
	engine->loss->second_derivative(engine->network.output, block->count, outputs, logits,
	                                batch->output_rows + begin + block->first, changes, scale, out);
	engine_copy_rows(engine, &curvature->change_delta[engine->layers], block, out, true);
}

static void backward_along(tw_engine *engine, const tw_block *block)
{
	const tw_kernels *kernel = engine->kernel;
	const tw_curvature *curvature = engine->curvature;
	for (int l = engine->layers; l >= 2; l--) {
		const tw_panels *to = &curvature->change_delta[l - 1];
		kernel->product(&curvature->change_delta[l], &engine->transposed[l], false, to, block->first, block->count);
		kernel->product_add(&engine->delta[l], &curvature->transposed[l], to, block->first, block->count);
		for (int64_t column = 0; column < to->columns; column += TW_PANEL) {
			const tw_span span = span_of(to, block, column);
			void *change = engine_at(engine, to->data, span.at);
			const void *slope = engine_at(engine, curvature->slope[l - 1].data, span.at);
			if (curvature->bends)
				kernel->multiply_two(change, slope, engine_at(engine, curvature->bend[l - 1].data, span.at),
				                     engine_at(engine, engine->z[l - 1].data, span.at), span.elements);
			else
				kernel->multiply(change, change, slope, span.elements);
		}
	}
}

void curvature_along(tw_engine *engine, const void *theta, const void *vector, const tw_batch *batch, int64_t begin,
                     const tw_block *block, double scale, int thread)
{
	forward_along(engine, theta, vector, batch, begin, block);
	loss_along(engine, batch, begin, block, scale, thread);
	backward_along(engine, block);
}
