/* Statistics of the per-observation gradients, for the noise term of Assumption 4.6. */
#include "objective/engine.h"

static double row_squared_norm(const tw_engine *engine, const tw_panels *panels, int64_t row)
{
	double sum = 0;
	for (int64_t column = 0; column < panels->columns; column += TW_PANEL) {
		const int64_t width = panel_width(panels->columns, column);
		const int64_t filled = panels->columns - column < width ? panels->columns - column : width;
		const int64_t at = column * panels->rows + row * width;
		for (int64_t j = 0; j < filled; j++) {
			double x = tw_real_get(engine->precision, panels->data, at + j);
			sum += x * x;
		}
	}
	return sum;
}

static double input_squared_norm(const tw_engine *engine, const tw_batch *batch, int64_t i)
{
	double sum = 0;
	const int64_t count = batch->sparse_rows ? batch->sparse_rows[i].count : engine->network.width[0];
	const void *value = batch->sparse_rows ? batch->sparse_rows[i].value : batch->dense_rows[i];
	for (int64_t j = 0; j < count; j++) {
		double x = tw_real_get(engine->precision, value, j);
		sum += x * x;
	}
	return sum;
}

/* ||grad L_i||^2 = sum over layers of ||delta(l)||^2 (||a(l-1)||^2 + 1), for each row of a block, into row_loss. */
static void gradient_norms(tw_engine *engine, const tw_batch *batch, int64_t begin, const tw_block *block)
{
	for (int64_t i = block->first; i < block->first + block->count; i++) {
		double sum = 0;
		for (int l = 1; l <= engine->layers; l++) {
			double inputs =
			    l == 1 ? input_squared_norm(engine, batch, begin + i) : row_squared_norm(engine, &engine->a[l - 1], i);
			sum += row_squared_norm(engine, &engine->delta[l], i) * (inputs + (engine->has_bias ? 1 : 0));
		}
		engine->row_loss[i] = sum;
	}
}

tw_status tw_objective_gradient_statistics(const tw_objective *objective, const void *theta,
                                           tw_gradient_statistics *out)
{
	tw_engine *engine = objective->self;
	tw_batch batch;
	TW_TRY(engine_whole_batch(engine, engine->data, &batch));
	double *sums = NULL;
	void *gradient = NULL;
	const int chunks = batch.last_chunk - batch.first_chunk;
	tw_status status = tw_alloc_array((void **)&sums, chunks + 1, sizeof(double), "sums of chunks");
	if (status == TW_OK) status = tw_alloc_array(&gradient, engine->size, tw_real_size(engine->precision), "gradient");
	status = tw_comm_agree(engine->comm, status);
	flush_denormals();
	for (int64_t begin = 0; status == TW_OK && begin < batch.count; begin += engine->wave_rows) {
		int64_t end = begin + engine->wave_rows < batch.count ? begin + engine->wave_rows : batch.count;
		engine_cut(engine, &batch, begin, end, 1, false);
		if (begin == 0) engine_transpose(engine, theta, engine->transposed, 0, 1);
		for (int b = 0; b < engine->blocks; b++) {
			const tw_block block = engine_block(engine, b);
			engine_forward(engine, theta, &batch, begin, &block);
			engine_loss(engine, &batch, begin, &block, 1.0, true, 0);
			engine_backward(engine, &block);
			gradient_norms(engine, &batch, begin, &block);
		}
		for (int s = 0; s < engine->strips; s++) {
			const tw_strip *strip = &engine->strip[s];
			for (int64_t i = 0; i < strip->count; i++)
				sums[strip->chunk - batch.first_chunk] += engine->row_loss[strip->first + i];
		}
	}
	double total = 0, cost;
	if (status == TW_OK) status = engine_sum(engine, &batch, 1, sums, &total);
	const double penalty = engine->options.penalty;
	engine->options.penalty = 0;
	if (status == TW_OK) status = objective->evaluate(engine, theta, &batch, &cost, gradient);
	engine->options.penalty = penalty;
	if (status == TW_OK) {
		out->mean_squared_norm = total / (double)engine->data->observations;
		out->squared_norm = engine->kernel->squared_norm(gradient, engine->size);
		out->variance = out->mean_squared_norm - out->squared_norm;
	}
	tw_free(sums);
	tw_free(gradient);
	return status;
}
