/* Products of the Hessian with vectors, over waves, threads and ranks. */
#include "objective/curvature.h"

#ifdef _OPENMP
#include <omp.h>
#endif

/* Partial sums of all vectors of a group; a vector has about eight at 64 chunks. */
enum { GROUP_BYTES = 1 << 28, GROUP_SLOTS = 8 };

static void free_buffers(tw_curvature *curvature)
{
	for (int l = 0; l <= TW_MAX_LAYERS; l++) {
		tw_free(curvature->slope[l].data), tw_free(curvature->bend[l].data), tw_free(curvature->change_a[l].data);
		tw_free(curvature->change_delta[l].data), tw_free(curvature->transposed[l].data);
	}
	tw_free(curvature->change_z.data), tw_free(curvature->thread_rows);
	for (int i = 0; curvature->slot && i < curvature->group * MAX_SLOTS; i++)
		if (i % MAX_SLOTS > 0) tw_free(curvature->slot[i]);
	tw_free(curvature->slot);
	*curvature = (tw_curvature){0};
}

void engine_free_curvature(tw_engine *engine)
{
	if (!engine->curvature) return;
	free_buffers(engine->curvature);
	tw_free(engine->curvature);
}

static tw_status make_panels(const tw_engine *engine, tw_panels *panels, int64_t rows, int64_t columns)
{
	*panels = (tw_panels){NULL, rows, columns};
	return tw_alloc_array(&panels->data, panel_size(rows, columns), tw_real_size(engine->precision),
	                      "Hessian-vector products of a wave");
}

/* Local. */
static tw_status make_buffers(tw_engine *engine, int group)
{
	tw_curvature *curvature = engine->curvature;
	const tw_network *network = &engine->network;
	const size_t real_size = tw_real_size(engine->precision);
	const int64_t rows = engine->wave_rows;
	free_buffers(curvature);
	curvature->bends = engine->activation->multiply_second_derivative != NULL;
	curvature->group = group;
	TW_TRY(tw_alloc_array((void **)&curvature->slot, (int64_t)group * MAX_SLOTS, sizeof(void *), "partial products"));
	tw_tree tree;
	const int ranks = tw_comm_size(engine->comm), rank = tw_comm_rank(engine->comm);
	tw_tree_init(&tree, engine->ready.count, tw_chunk_first(engine->ready, rank, ranks),
	             tw_chunk_first(engine->ready, rank + 1, ranks));
	const int slots = tw_tree_slots(&tree);
	for (int v = 0; v < group; v++)
		for (int s = 1; s < slots; s++)
			TW_TRY(tw_alloc_array(&curvature->slot[v * MAX_SLOTS + s], engine->size, real_size, "partial products"));
	for (int l = 1; l < engine->layers; l++) {
		TW_TRY(make_panels(engine, &curvature->slope[l], rows, network->width[l]));
		if (curvature->bends) TW_TRY(make_panels(engine, &curvature->bend[l], rows, network->width[l]));
		TW_TRY(make_panels(engine, &curvature->change_a[l], rows, network->width[l]));
	}
	TW_TRY(make_panels(engine, &curvature->change_z, rows, network->width[engine->layers]));
	for (int l = 1; l <= engine->layers; l++) {
		TW_TRY(make_panels(engine, &curvature->change_delta[l], rows, network->width[l]));
		if (l > 1) TW_TRY(make_panels(engine, &curvature->transposed[l], network->width[l], network->width[l - 1]));
	}
	const int64_t row_elements = (BLOCK_ROWS * network->width[engine->layers] + 63) / 64 * 64;
	curvature->thread_row_bytes = 3 * row_elements * (int64_t)real_size;
	TW_TRY(tw_alloc_array(&curvature->thread_rows, engine->options.threads, (size_t)curvature->thread_row_bytes,
	                      "logits"));
	curvature->wave_rows = rows;
	curvature->ready = engine->ready;
	return TW_OK;
}

/* Collective. Buffers for the batches that the engine is prepared for, and this many vectors at once. */
static tw_status prepare(tw_engine *engine, int group)
{
	tw_curvature *curvature = engine->curvature;
	if (curvature && curvature->wave_rows == engine->wave_rows && curvature->group >= group &&
	    curvature->ready.size == engine->ready.size && curvature->ready.count == engine->ready.count)
		return TW_OK;
	tw_status status = TW_OK;
	if (!curvature) status = tw_alloc((void **)&engine->curvature, sizeof *curvature, "Hessian-vector products");
	if (status == TW_OK) status = make_buffers(engine, group);
	status = tw_comm_agree(engine->comm, status);
	if (status != TW_OK && engine->curvature) free_buffers(engine->curvature);
	return status;
}

/* Vectors at once: as many as there is memory for, the same number on every rank. */
static int group_of(const tw_engine *engine, int count)
{
	const int64_t most = GROUP_BYTES / (engine->size * (int64_t)tw_real_size(engine->precision) * GROUP_SLOTS);
	return most < 1 ? 1 : most < count ? (int)most : count;
}

/* What the products of one group need. */
typedef struct {
	const void *theta;
	const tw_batch *batch;
	const tw_tree *tree;
	int count;
	const void *const *vectors;
} tw_group;

/* One wave, rows [begin, end) of this rank's part: the point, then one vector after the other. */
static void compute_wave(tw_engine *engine, const tw_group *group, int64_t begin, int64_t end, int depth)
{
	tw_curvature *curvature = engine->curvature;
	const tw_batch *batch = group->batch;
	const double scale = 1.0 / (double)batch->chunks.size;
	const tw_factors factors = {curvature->change_delta, curvature->change_a, engine->delta};
	const int wanted = engine_threads(engine, 2 * (end - begin));
	engine_cut(engine, batch, begin, end, wanted, true);
#pragma omp parallel num_threads(wanted)
	{
#ifdef _OPENMP
		const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
#else
		const int thread = 0, threads = 1;
#endif
		flush_denormals();
		if (begin == 0) {
			engine_transpose(engine, group->theta, engine->transposed, thread, threads);
#pragma omp barrier
		}
#pragma omp for schedule(dynamic, 1)
		for (int b = 0; b < engine->blocks; b++) {
			const tw_block block = engine_block(engine, b);
			curvature_point(engine, group->theta, batch, begin, &block, scale, thread);
			for (int s = block.first_strip; engine->data->sparse && s < block.last_strip; s++)
				engine_sort_columns(engine, batch, begin, &engine->strip[s]);
		}
		for (int v = 0; v < group->count; v++) {
			engine_transpose(engine, group->vectors[v], curvature->transposed, thread, threads);
#pragma omp barrier
#pragma omp for schedule(dynamic, 1)
			for (int b = 0; b < engine->blocks; b++) {
				const tw_block block = engine_block(engine, b);
				curvature_along(engine, group->theta, group->vectors[v], batch, begin, &block, scale, thread);
			}
			engine_sum_all_tiles(engine, &factors, batch, group->tree, depth, curvature->slot + v * MAX_SLOTS, thread,
			                     threads);
#pragma omp barrier
		}
	}
}

/* Collective. Sums this rank's part of a product with the others'. */
static tw_status sum_over_ranks(tw_engine *engine, const tw_group *group, int v, void *product)
{
	const bool any = group->batch->last_chunk > group->batch->first_chunk;
	TW_TRY(tw_reducer_begin(engine->reducer, group->tree, 0, engine->size,
	                        any ? engine->curvature->slot + v * MAX_SLOTS : NULL, product));
	return tw_reducer_finish(engine->reducer);
}

/* The Hessian of lambda/2 times the sum of squared weights, times a vector. */
static void add_penalty(const tw_engine *engine, const void *vector, void *product)
{
	const double lambda = engine->options.penalty;
	for (int l = 1; lambda != 0 && l <= engine->layers; l++) {
		const tw_panels weights = engine_layer(engine, vector, l);
		for (int64_t column = 0; column < weights.columns; column += TW_PANEL) {
			const int64_t elements = engine->network.width[l - 1] * panel_width(weights.columns, column);
			const int64_t at = engine->offset[l] + column * weights.rows;
			engine->kernel->add_scaled(engine_at(engine, product, at), lambda, engine_at(engine, vector, at), elements);
		}
	}
}

static tw_status multiply_group(tw_engine *engine, const tw_group *group, void *const *products)
{
	const tw_batch *batch = group->batch;
	const bool summed = tw_comm_size(engine->comm) > 1 && !batch->replicated;
	const double start = tw_now();
	flush_denormals();
	for (int v = 0; v < group->count; v++) engine->curvature->slot[v * MAX_SLOTS] = products[v];
	int depth = 0;
	const int64_t rows = engine_even_wave(engine, batch->count);
	for (int64_t begin = 0; begin < batch->count; begin += rows) {
		const int64_t end = begin + rows < batch->count ? begin + rows : batch->count;
		compute_wave(engine, group, begin, end, depth);
		depth = engine_depth_after(engine, group->tree, depth);
	}
	double computed = tw_now();
	engine->times.compute += computed - start;
	if (summed && engine->options.timing) {
		TW_TRY(tw_comm_barrier(engine->comm));
		engine->times.wait += tw_now() - computed;
		computed = tw_now();
	}
	for (int v = 0; v < group->count; v++) {
		if (summed) TW_TRY(sum_over_ranks(engine, group, v, products[v]));
		add_penalty(engine, group->vectors[v], products[v]);
	}
	engine->times.reduce += tw_now() - computed;
	return TW_OK;
}

tw_status engine_hessian_product(void *self, const void *theta, const tw_batch *batch, int count,
                                 const void *const *vectors, void *const *products)
{
	tw_engine *engine = self;
	if (count < 1) return TW_OK;
	TW_TRY(engine_prepare(engine, batch->chunks));
	const int most = group_of(engine, count);
	TW_TRY(prepare(engine, most));
	tw_tree tree;
	tw_tree_init(&tree, batch->chunks.count, batch->first_chunk, batch->last_chunk);
	for (int first = 0; first < count; first += most) {
		const int here = count - first < most ? count - first : most;
		const tw_group group = {theta, batch, &tree, here, vectors + first};
		TW_TRY(multiply_group(engine, &group, products + first));
	}
	return TW_OK;
}
