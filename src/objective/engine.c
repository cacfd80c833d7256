/* Making an engine and its buffers. */
#include "objective/engine.h"

#ifdef _OPENMP
#include <omp.h>
#endif

/* Activations of a wave: about a second-level cache a thread; for large networks as much as the parameters, since each
 * wave reads and writes the partial gradients once. */
enum { WAVE_BYTES = 1 << 20, WAVE_PARAMETERS = 4, WAVE_BYTES_MOST = 1 << 26 };
/* Weights beyond a second-level cache are read once for more observations than those that stay in it. */
enum { SMALL_BLOCK_ROWS = 128, SMALL_LAYER_BYTES = 1 << 20 };

static tw_status check_fit(const tw_data *data, const tw_objective_options *options)
{
	const tw_network *network = &options->network;
	TW_TRY(tw_network_check(network));
	const tw_loss_info *loss = tw_loss_info_of(options->loss);
	TW_CHECK(loss, TW_USAGE, "loss: number %d is not in the table", options->loss);
	const int64_t outputs = network->width[network->layers];
	TW_CHECK(network->width[0] == data->inputs, TW_USAGE, "the network has %lld inputs but the data %lld",
	         (long long)network->width[0], (long long)data->inputs);
	TW_CHECK(loss->outputs & (1u << network->output), TW_USAGE, "loss %s does not go with network.output %s",
	         loss->name, tw_output_name((int)network->output));
	if (loss->target == TW_TARGET_CLASS) {
		TW_CHECK(data->classes > 0 && data->outputs == 1, TW_USAGE,
		         "loss %s needs class labels; set data.labels: true for one output column of classes", loss->name);
		TW_CHECK(data->classes <= outputs, TW_USAGE, "the data have %lld classes but the network %lld outputs",
		         (long long)data->classes, (long long)outputs);
	} else {
		TW_CHECK(data->outputs == outputs, TW_USAGE, "the network has %lld outputs but the data %lld",
		         (long long)outputs, (long long)data->outputs);
	}
	return TW_OK;
}

/* Local. Targets that the loss cannot take are an error naming the first one. */
static tw_status check_targets(const tw_data *data, const tw_objective_options *options)
{
	const tw_loss_info *loss = tw_loss_info_of(options->loss);
	const int64_t outputs = options->network.width[options->network.layers];
	if (loss->target == TW_TARGET_REAL) return TW_OK;
	for (int64_t i = 0; i < data->local; i++)
		for (int64_t j = 0; j < data->outputs; j++) {
			double y = tw_real_get(data->precision, data->output, i * data->outputs + j);
			if (loss->target == TW_TARGET_BINARY)
				TW_CHECK(y == 0 || y == 1, TW_IO, "observation %lld, output %lld: target %g, but loss %s needs 0 or 1",
				         (long long)(data->first + i), (long long)j, y, loss->name);
			else
				TW_CHECK(y >= 0 && y < (double)outputs && y == (double)(int64_t)y, TW_IO,
				         "observation %lld: label %g, but the classes are 0 to %lld", (long long)(data->first + i), y,
				         (long long)(outputs - 1));
		}
	return TW_OK;
}

static tw_status lay_out(tw_engine *engine)
{
	const tw_network *network = &engine->network;
	for (int l = 1; l <= engine->layers; l++) {
		engine->offset[l] = engine->size;
		engine->size += panel_size(network->width[l - 1] + (engine->has_bias ? 1 : 0), network->width[l]);
	}
	engine->dimension = tw_network_dimension(network);
	TW_TRY(tw_alloc_array((void **)&engine->position, engine->dimension, sizeof(int64_t), "order of the parameters"));
	int64_t *to = engine->position;
	for (int l = 1; l <= engine->layers; l++) {
		const int64_t rows = network->width[l - 1] + (engine->has_bias ? 1 : 0);
		for (int64_t u = 0; u < network->width[l]; u++)
			for (int64_t j = 0; j < network->width[l - 1]; j++)
				*to++ = engine->offset[l] + panel_index(rows, network->width[l], j, u);
		for (int64_t u = 0; engine->has_bias && u < network->width[l]; u++)
			*to++ = engine->offset[l] + panel_index(rows, network->width[l], rows - 1, u);
	}
	return TW_OK;
}

static tw_status make_panels(const tw_engine *engine, tw_panels *panels, int64_t rows, int64_t columns)
{
	*panels = (tw_panels){NULL, rows, columns};
	return tw_alloc_array(&panels->data, panel_size(rows, columns), tw_real_size(engine->precision),
	                      "activations of a wave");
}

static void free_wave(tw_engine *engine)
{
	tw_free(engine->x.data);
	engine->x.data = NULL;
	for (int l = 1; l <= engine->layers; l++) {
		tw_free(engine->z[l].data), tw_free(engine->a[l].data), tw_free(engine->delta[l].data);
		engine->z[l].data = engine->a[l].data = engine->delta[l].data = NULL;
	}
	tw_free(engine->row_loss), tw_free(engine->strip), tw_free(engine->column_start), tw_free(engine->column_row);
	tw_free(engine->column_value), tw_free(engine->chunk_loss);
	engine->row_loss = NULL, engine->strip = NULL, engine->column_start = NULL, engine->column_row = NULL;
	engine->column_value = NULL, engine->chunk_loss = NULL;
}

/* Local: buffers for waves of batches with at most this size and number of chunks. */
static tw_status make_wave(tw_engine *engine, tw_chunks chunks)
{
	const tw_network *network = &engine->network;
	const size_t real_size = tw_real_size(engine->precision);
	int64_t row_bytes = engine->data->sparse ? 0 : panel_padded(network->width[0]) * (int64_t)real_size;
	for (int l = 1; l <= engine->layers; l++) row_bytes += 3 * panel_padded(network->width[l]) * (int64_t)real_size;
	int64_t bytes = (int64_t)WAVE_BYTES * engine->options.threads;
	int64_t more = engine->size * (int64_t)real_size * WAVE_PARAMETERS;
	if (more > WAVE_BYTES_MOST) more = WAVE_BYTES_MOST;
	if (bytes < more) bytes = more;
	int64_t rows = bytes / row_bytes / STRIP_ROWS * STRIP_ROWS;
	int64_t least = 2 * STRIP_ROWS * (int64_t)engine->options.threads;
	if (rows < least) rows = least;
	int64_t most = (chunks.size + STRIP_ROWS - 1) / STRIP_ROWS * STRIP_ROWS;
	if (rows > most) rows = most;
	if (rows < 16) rows = 16;
	engine->wave_rows = rows;
	if (!engine->data->sparse) TW_TRY(make_panels(engine, &engine->x, rows, network->width[0]));
	for (int l = 1; l <= engine->layers; l++) {
		TW_TRY(make_panels(engine, &engine->z[l], rows, network->width[l]));
		if (l < engine->layers) TW_TRY(make_panels(engine, &engine->a[l], rows, network->width[l]));
		TW_TRY(make_panels(engine, &engine->delta[l], rows, network->width[l]));
	}
	TW_TRY(tw_alloc_array((void **)&engine->row_loss, rows, sizeof(double), "losses"));
	engine->strip_capacity = (int)(rows / 8 + 2 + chunks.count);
	TW_TRY(tw_alloc_array((void **)&engine->strip, engine->strip_capacity, sizeof(tw_strip), "strips of a wave"));
	if (engine->data->sparse) {
		TW_TRY(tw_alloc_array((void **)&engine->column_start, engine->strip_capacity * (network->width[0] + 1),
		                      sizeof(int32_t), "sparse columns"));
		int64_t entries = rows * engine->row_entries + 64;
		TW_TRY(tw_alloc_array((void **)&engine->column_row, entries, sizeof(int32_t), "sparse columns"));
		TW_TRY(tw_alloc_array(&engine->column_value, entries, real_size, "sparse columns"));
	}
	TW_TRY(tw_alloc_array((void **)&engine->chunk_loss, chunks.count, sizeof(double), "losses"));
	tw_tree tree;
	int ranks = tw_comm_size(engine->comm), rank = tw_comm_rank(engine->comm);
	tw_tree_init(&tree, chunks.count, tw_chunk_first(chunks, rank, ranks), tw_chunk_first(chunks, rank + 1, ranks));
	int slots = tw_tree_slots(&tree);
	for (int s = 1; s < slots; s++)
		if (!engine->slot[s]) TW_TRY(tw_alloc_array(&engine->slot[s], engine->size, real_size, "partial gradients"));
	return TW_OK;
}

tw_status engine_prepare(tw_engine *engine, tw_chunks chunks)
{
	if (chunks.size <= engine->ready.size && chunks.count <= engine->ready.count) return TW_OK;
	if (chunks.size < engine->ready.size) chunks.size = engine->ready.size;
	if (chunks.count < engine->ready.count) chunks.count = engine->ready.count;
	free_wave(engine);
	tw_status status = tw_comm_agree(engine->comm, make_wave(engine, chunks));
	if (status == TW_OK) engine->ready = chunks;
	return status;
}

static tw_status make_fixed(tw_engine *engine)
{
	const tw_network *network = &engine->network;
	const size_t real_size = tw_real_size(engine->precision);
	TW_TRY(lay_out(engine));
	engine->block_rows = SMALL_BLOCK_ROWS;
	for (int l = 1; l <= engine->layers; l++)
		if (panel_size(network->width[l - 1], network->width[l]) * (int64_t)real_size > SMALL_LAYER_BYTES)
			engine->block_rows = BLOCK_ROWS;
	for (int l = 2; l <= engine->layers; l++)
		TW_TRY(make_panels(engine, &engine->transposed[l], network->width[l], network->width[l - 1]));
	int64_t row_elements = (BLOCK_ROWS * network->width[engine->layers] + 63) / 64 * 64;
	engine->thread_row_bytes = 2 * row_elements * (int64_t)real_size;
	TW_TRY(tw_alloc_array(&engine->thread_rows, engine->options.threads, (size_t)engine->thread_row_bytes, "logits"));
	engine->thread_tile_bytes = MAX_SLOTS * TW_TILE * (int64_t)real_size;
	TW_TRY(tw_alloc_array(&engine->thread_tiles, engine->options.threads, (size_t)engine->thread_tile_bytes, "tiles"));
	return tw_comm_self(&engine->self_comm);
}

static int64_t most_entries(const tw_data *data)
{
	int64_t most = 0;
	for (int64_t i = 0; data->sparse && i < data->local; i++)
		if (data->row_start[i + 1] - data->row_start[i] > most) most = data->row_start[i + 1] - data->row_start[i];
	return most;
}

tw_status engine_create(tw_comm *comm, const tw_data *data, const tw_objective_options *options, tw_engine **out)
{
	*out = NULL;
	tw_engine *engine = NULL;
	tw_status status = check_fit(data, options);
	if (status == TW_OK) status = check_targets(data, options);
	if (status == TW_OK) status = tw_alloc((void **)&engine, sizeof *engine, "objective");
	if (status == TW_OK) {
		engine->comm = comm;
		engine->data = data;
		engine->options = *options;
		if (engine->options.threads < 1) engine->options.threads = 1;
		engine->network = options->network;
		engine->precision = data->precision;
		engine->kernel = tw_kernels_of(data->precision);
		engine->activation = tw_activation_of(data->precision, options->network.activation);
		engine->loss = tw_loss_of(data->precision, options->loss);
		engine->has_bias = options->network.bias;
		engine->layers = options->network.layers;
		status = make_fixed(engine);
	}
	status = tw_comm_agree(comm, status);
	if (status == TW_OK) {
		double entries = (double)most_entries(data);
		status = tw_comm_max_double(comm, &entries, 1);
		engine->row_entries = (int64_t)entries;
	}
	if (status == TW_OK && tw_comm_size(comm) > 1)
		status = tw_reducer_create(comm, engine->precision, engine->size, options->reduction, engine->kernel->add,
		                           &engine->reducer);
	if (status != TW_OK) {
		engine_free(engine);
		return status;
	}
	*out = engine;
	return TW_OK;
}

void engine_free(tw_engine *engine)
{
	if (!engine) return;
	free_wave(engine);
	engine_free_curvature(engine);
	for (int l = 2; l <= engine->layers; l++) tw_free(engine->transposed[l].data);
	for (int s = 1; s < MAX_SLOTS; s++) tw_free(engine->slot[s]); /* the first is the caller's gradient */
	tw_free(engine->position), tw_free(engine->thread_rows), tw_free(engine->thread_tiles);
	tw_reducer_free(engine->reducer);
	tw_feed_free(engine->whole);
	tw_feed_free(engine->other);
	tw_comm_free(engine->self_comm);
	tw_free(engine);
}

int engine_threads(const tw_engine *engine, int64_t observations)
{
	/* About 50 microseconds of work a thread. */
	int64_t worth = observations * engine->dimension / 300000;
	return worth < 1 ? 1 : worth < engine->options.threads ? (int)worth : engine->options.threads;
}

int64_t engine_even_wave(const tw_engine *engine, int64_t count)
{
	const int64_t unit = STRIP_ROWS * (int64_t)engine->options.threads;
	const int64_t waves = (count + engine->wave_rows - 1) / engine->wave_rows;
	const int64_t even = waves > 0 ? ((count + waves - 1) / waves + unit - 1) / unit * unit : engine->wave_rows;
	return even < engine->wave_rows ? even : engine->wave_rows;
}

tw_status engine_whole_batch(tw_engine *engine, const tw_data *data, tw_batch *batch)
{
	if (data != engine->data && data != engine->other_data) {
		tw_feed_free(engine->other);
		engine->other = NULL;
		engine->other_data = data;
	}
	tw_feed **feed = data == engine->data ? &engine->whole : &engine->other;
	if (!*feed) TW_TRY(tw_feed_create(engine->comm, data, TW_SAMPLE_SHUFFLE_ONCE, 0, 0, 0, 0, feed));
	TW_TRY(tw_feed_get(*feed, 0, batch));
	return engine_prepare(engine, batch->chunks);
}

tw_status engine_sum(tw_engine *engine, const tw_batch *batch, int count, const double *mine, double *out)
{
	return tw_tree_sum(batch->replicated ? engine->self_comm : engine->comm, batch->chunks, count, mine, out);
}
