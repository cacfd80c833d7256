/* One block of observations through the network and back. */
#include "objective/engine.h"

#include <string.h>

void engine_cut(tw_engine *engine, const tw_batch *batch, int64_t begin, int64_t end, int threads, bool backward)
{
	int64_t rows = (end - begin + threads - 1) / threads;
	rows = (rows + 7) / 8 * 8;
	rows = rows > STRIP_ROWS ? STRIP_ROWS : rows < 8 ? 8 : rows;
	engine->strips = 0;
	int64_t entries = 0;
	for (int c = batch->first_chunk; c < batch->last_chunk; c++) {
		/* The chunk in this rank's numbering of the batch. */
		int64_t chunk_begin = tw_chunk_begin(batch->chunks, c) - batch->first;
		int64_t chunk_end = tw_chunk_begin(batch->chunks, c + 1) - batch->first;
		int64_t from = chunk_begin > begin ? chunk_begin : begin, to = chunk_end < end ? chunk_end : end;
		for (int64_t row = from; row < to; row += rows) {
			tw_strip *strip = &engine->strip[engine->strips];
			strip->first = row - begin;
			strip->count = to - row < rows ? to - row : rows;
			strip->chunk = c;
			strip->opens = row == chunk_begin;
			strip->closes = row + strip->count == chunk_end;
			if (engine->data->sparse && backward) {
				strip->columns.start = engine->column_start + engine->strips * (engine->network.width[0] + 1);
				strip->columns.row = engine->column_row + entries;
				strip->columns.value = engine_at(engine, engine->column_value, entries);
				for (int64_t i = 0; i < strip->count; i++) entries += batch->sparse_rows[row + i].count;
			}
			engine->strips++;
		}
	}
	/* Several strips a block, where they are dense, read the weights once for all. */
	const int64_t most = engine->data->sparse ? 1 : engine->block_rows / rows;
	const int64_t share = (engine->strips + threads - 1) / threads;
	engine->block_strips = (int)(share < most ? share : most);
	if (engine->block_strips < 1) engine->block_strips = 1;
	engine->blocks = (engine->strips + engine->block_strips - 1) / engine->block_strips;
}

void engine_sort_columns(tw_engine *engine, const tw_batch *batch, int64_t begin, tw_strip *strip)
{
	const tw_sparse_row *rows = batch->sparse_rows + begin + strip->first;
	const int64_t inputs = engine->network.width[0];
	int32_t *start = (int32_t *)strip->columns.start;
	int32_t *to_row = (int32_t *)strip->columns.row;
	memset(start, 0, (size_t)(inputs + 1) * sizeof *start);
	for (int64_t i = 0; i < strip->count; i++)
		for (int32_t e = 0; e < rows[i].count; e++) start[rows[i].column[e]]++;
	int32_t sum = 0;
	for (int64_t j = 0; j <= inputs; j++) {
		int32_t here = start[j];
		start[j] = sum;
		sum += here;
	}
	/* start[j] runs to the end of column j, which is the start of column j + 1; then everything moves up by one. */
	for (int64_t i = 0; i < strip->count; i++) {
		const int32_t row = (int32_t)(strip->first + i);
		if (engine->precision == TW_FLOAT) {
			const float *value = rows[i].value;
			float *to = (float *)strip->columns.value;
			for (int32_t e = 0; e < rows[i].count; e++) {
				int32_t at = start[rows[i].column[e]]++;
				to_row[at] = row;
				to[at] = value[e];
			}
		} else {
			const double *value = rows[i].value;
			double *to = (double *)strip->columns.value;
			for (int32_t e = 0; e < rows[i].count; e++) {
				int32_t at = start[rows[i].column[e]]++;
				to_row[at] = row;
				to[at] = value[e];
			}
		}
	}
	memmove(start + 1, start, (size_t)inputs * sizeof *start);
	start[0] = 0;
}

tw_block engine_block(const tw_engine *engine, int b)
{
	const int first = b * engine->block_strips, end = first + engine->block_strips;
	const int last = end < engine->strips ? end : engine->strips;
	const tw_strip *one = &engine->strip[first], *other = &engine->strip[last - 1];
	return (tw_block){one->first, other->first + other->count - one->first, first, last};
}

void engine_transpose(const tw_engine *engine, const void *vector, const tw_panels *to, int thread, int threads)
{
	for (int l = 2; l <= engine->layers; l++) {
		tw_panels weights = engine_layer(engine, vector, l);
		int64_t panels = panel_count(weights.columns);
		int64_t first = panels * thread / threads * TW_PANEL, last = panels * (thread + 1) / threads * TW_PANEL;
		if (last > weights.columns) last = weights.columns;
		if (first < last) engine->kernel->transpose(&weights, &to[l], first, last);
	}
}

static void apply_activation(const tw_engine *engine, int l, const tw_block *block)
{
	const tw_panels *z = &engine->z[l];
	for (int64_t column = 0; column < z->columns; column += TW_PANEL) {
		const int64_t width = panel_width(z->columns, column);
		const int64_t at = column * z->rows + block->first * width;
		engine->activation->value(engine->network.activation_value, block->count * width,
		                          engine_at(engine, z->data, at), engine_at(engine, engine->a[l].data, at));
	}
}

void engine_sparse_inputs(tw_engine *engine, const tw_panels *weights, const tw_batch *batch, int64_t begin,
                          const tw_block *block, const tw_panels *out)
{
	const int32_t *column[BLOCK_ROWS];
	const void *value[BLOCK_ROWS];
	int32_t entries[BLOCK_ROWS];
	for (int64_t i = 0; i < block->count; i++) {
		const tw_sparse_row *row = &batch->sparse_rows[begin + block->first + i];
		column[i] = (const int32_t *)row->column;
		value[i] = row->value;
		entries[i] = row->count;
	}
	engine->kernel->sparse_product(column, value, entries, weights, engine->has_bias, out, block->first, block->count);
}

void engine_forward(tw_engine *engine, const void *theta, const tw_batch *batch, int64_t begin, const tw_block *block)
{
	for (int l = 1; l <= engine->layers; l++) {
		const tw_panels weights = engine_layer(engine, theta, l);
		if (l > 1 && l == engine->layers && weights.columns == 1) {
			engine->kernel->product_single(&engine->a[l - 1], &weights, engine->has_bias, &engine->z[l], block->first,
			                               block->count);
		} else if (l > 1) {
			engine->kernel->product(&engine->a[l - 1], &weights, engine->has_bias, &engine->z[l], block->first,
			                        block->count);
		} else if (engine->data->sparse) {
			engine_sparse_inputs(engine, &weights, batch, begin, block, &engine->z[1]);
		} else {
			engine->kernel->gather_rows(batch->dense_rows + begin + block->first, &engine->x, block->first,
			                            block->count);
			engine->kernel->product(&engine->x, &weights, engine->has_bias, &engine->z[1], block->first, block->count);
		}
		if (l < engine->layers) apply_activation(engine, l, block);
	}
}

void engine_copy_rows(const tw_engine *engine, const tw_panels *panels, const tw_block *block, void *row_major,
                      bool to_panels)
{
	const size_t real_size = tw_real_size(engine->precision);
	for (int64_t column = 0; column < panels->columns; column += TW_PANEL) {
		const int64_t width = panel_width(panels->columns, column);
		const int64_t filled = panels->columns - column < width ? panels->columns - column : width;
		char *in_panel = engine_at(engine, panels->data, column * panels->rows + block->first * width);
		for (int64_t i = 0; i < block->count; i++) {
			char *here = in_panel + (size_t)(i * width) * real_size;
			char *there = (char *)row_major + (size_t)(i * panels->columns + column) * real_size;
			if (filled == 1 && real_size == 4)
				memcpy(to_panels ? here : there, to_panels ? there : here, 4);
			else if (to_panels)
				memcpy(here, there, (size_t)filled * real_size);
			else
				memcpy(there, here, (size_t)filled * real_size);
		}
	}
}

void engine_logits(const tw_engine *engine, const tw_block *block, void *out)
{
	engine_copy_rows(engine, &engine->z[engine->layers], block, out, false);
}

void engine_loss(tw_engine *engine, const tw_batch *batch, int64_t begin, const tw_block *block, double scale,
                 bool backward, int thread)
{
	const int64_t outputs = engine->network.width[engine->layers];
	char *logits = (char *)engine->thread_rows + thread * engine->thread_row_bytes;
	char *slopes = logits + engine->thread_row_bytes / 2;
	engine_logits(engine, block, logits);
	engine->loss->apply(engine->network.output, block->count, outputs, logits,
	                    batch->output_rows + begin + block->first, scale, backward ? slopes : NULL,
	                    engine->row_loss + block->first);
	if (backward) engine_copy_rows(engine, &engine->delta[engine->layers], block, slopes, true);
}

void engine_backward(tw_engine *engine, const tw_block *block)
{
	for (int l = engine->layers; l >= 2; l--) {
		const tw_panels *delta = &engine->delta[l - 1];
		engine->kernel->product(&engine->delta[l], &engine->transposed[l], false, delta, block->first, block->count);
		for (int64_t column = 0; column < delta->columns; column += TW_PANEL) {
			const int64_t width = panel_width(delta->columns, column);
			const int64_t at = column * delta->rows + block->first * width;
			engine->activation->multiply_derivative(
			    engine->network.activation_value, block->count * width, engine_at(engine, engine->z[l - 1].data, at),
			    engine_at(engine, engine->a[l - 1].data, at), engine_at(engine, delta->data, at));
		}
	}
}
