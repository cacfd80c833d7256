/* How far theta is from the nearest kink, and how many units never or always act. */
#include "objective/engine.h"

#include <math.h>
#include <string.h>

/* The nearest kink so far. Of equal distances that with the lowest layer, unit and observation. */
typedef struct {
	double distance;
	int64_t layer, unit, observation;
} tw_nearest;

static bool is_nearer(const tw_nearest *a, const tw_nearest *b)
{
	if (a->distance != b->distance) return a->distance < b->distance;
	if (a->layer != b->layer) return a->layer < b->layer;
	return a->unit != b->unit ? a->unit < b->unit : a->observation < b->observation;
}

static double input_squared_norm(const tw_engine *engine, const tw_batch *batch, int64_t i)
{
	double sum = 0;
	const int64_t count = batch->sparse_rows ? batch->sparse_rows[i].count : engine->network.width[0];
	const void *value = batch->sparse_rows ? batch->sparse_rows[i].value : batch->dense_rows[i];
	for (int64_t j = 0; j < count; j++) {
		double x = tw_real_get(engine->precision, value, j);
		if (x != 0) sum += x * x; /* the same sum for sparse and dense rows */
	}
	return sum;
}

static double row_squared_norm(const tw_engine *engine, const tw_panels *panels, int64_t row)
{
	double sum = 0;
	for (int64_t j = 0; j < panels->columns; j++) {
		double x = tw_real_get(engine->precision, panels->data, panel_index(panels->rows, panels->columns, row, j));
		sum += x * x;
	}
	return sum;
}

/* What one pass finds on this rank. */
typedef struct {
	tw_nearest nearest;
	int64_t *negative;                 /* per hidden unit, layer by layer: observations with z < 0 */
	int64_t first_unit[TW_MAX_LAYERS]; /* of layer l in negative */
	int64_t units;
	uint64_t signature;
} tw_search;

/* A number for "z >= 0 here", spread over 64 bits (the finaliser of SplitMix64). */
static uint64_t mix(int64_t layer, int64_t unit, int64_t observation)
{
	uint64_t x = ((uint64_t)observation * 0x9E3779B97F4A7C15u + (uint64_t)unit) * 0xBF58476D1CE4E5B9u + (uint64_t)layer;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
	return x ^ (x >> 31);
}

/* Row `row` of a wave, observation `observation` of the data set, at hidden layer l whose inputs have this squared
 * norm. */
static tw_status search_row(const tw_engine *engine, int l, int64_t row, int64_t observation, double squared_norm,
                            tw_search *search)
{
	const tw_panels *panels = &engine->z[l];
	const double norm = sqrt(squared_norm + (engine->has_bias ? 1 : 0));
	for (int64_t u = 0; u < panels->columns; u++) {
		const double z =
		    tw_real_get(engine->precision, panels->data, panel_index(panels->rows, panels->columns, row, u));
		TW_CHECK(isfinite(z), TW_DIVERGED, "z of layer %d, unit %lld is not a finite number for observation %lld", l,
		         (long long)u, (long long)observation);
		search->negative[search->first_unit[l] + u] += z < 0;
		if (z >= 0) search->signature += mix(l, u, observation);
		if (engine->activation->info.smooth || norm == 0) continue;
		const tw_nearest here = {fabs(z) / norm, l, u, observation};
		if (is_nearer(&here, &search->nearest)) search->nearest = here;
	}
	return TW_OK;
}

/* Local. */
static tw_status search_rows(tw_engine *engine, const void *theta, const tw_batch *batch, tw_search *search)
{
	flush_denormals();
	for (int64_t begin = 0; begin < batch->count; begin += engine->wave_rows) {
		const int64_t end = begin + engine->wave_rows < batch->count ? begin + engine->wave_rows : batch->count;
		engine_cut(engine, batch, begin, end, 1, false);
		for (int b = 0; b < engine->blocks; b++) {
			const tw_block block = engine_block(engine, b);
			engine_forward(engine, theta, batch, begin, &block);
			for (int64_t row = block.first; row < block.first + block.count; row++)
				for (int l = 1; l < engine->layers; l++) {
					const double squared_norm = l == 1 ? input_squared_norm(engine, batch, begin + row)
					                                   : row_squared_norm(engine, &engine->a[l - 1], row);
					TW_TRY(search_row(engine, l, row, batch->index[begin + row], squared_norm, search));
				}
		}
	}
	return TW_OK;
}

/* Collective. The nearest kink and the counts of all ranks. */
static tw_status combine(tw_engine *engine, tw_search *search)
{
	const int ranks = tw_comm_size(engine->comm);
	tw_nearest *all = NULL;
	tw_status status = tw_alloc_array((void **)&all, ranks, sizeof *all, "kinks of the ranks");
	status = tw_comm_agree(engine->comm, status);
	if (status == TW_OK) status = tw_comm_gather_all(engine->comm, &search->nearest, sizeof *all, all);
	for (int r = 0; status == TW_OK && r < ranks; r++)
		if (is_nearer(&all[r], &search->nearest)) search->nearest = all[r];
	tw_free(all);
	int64_t signature = (int64_t)search->signature;
	if (status == TW_OK) status = tw_comm_sum_integer(engine->comm, &signature, 1);
	search->signature = (uint64_t)signature;
	for (int64_t first = 0; status == TW_OK && first < search->units; first += INT32_MAX) {
		const int64_t rest = search->units - first;
		status = tw_comm_sum_integer(engine->comm, search->negative + first, rest < INT32_MAX ? (int)rest : INT32_MAX);
	}
	return status;
}

static void fill(const tw_engine *engine, const tw_search *search, tw_kink *out)
{
	*out = (tw_kink){.distance = search->nearest.distance,
	                 .layer = (int)search->nearest.layer,
	                 .unit = search->nearest.unit,
	                 .observation = search->nearest.observation,
	                 .signature = search->signature};
	for (int l = 1; l < engine->layers; l++)
		for (int64_t u = 0; u < engine->network.width[l]; u++) {
			const int64_t negative = search->negative[search->first_unit[l] + u];
			out->dead[l] += negative == engine->data->observations;
			out->active[l] += negative == 0;
		}
}

/* Collective. search->negative is the caller's to free, also after a failure. */
static tw_status search_all(tw_engine *engine, const void *theta, tw_search *search)
{
	tw_batch batch;
	*search = (tw_search){.nearest = {INFINITY, 0, 0, 0}};
	TW_TRY(engine_whole_batch(engine, engine->data, &batch));
	for (int l = 1; l < engine->layers; l++) {
		search->first_unit[l] = search->units;
		search->units += engine->network.width[l];
	}
	tw_status status = tw_alloc_array((void **)&search->negative, search->units, sizeof(int64_t), "counts of units");
	if (status == TW_OK) status = search_rows(engine, theta, &batch, search);
	status = tw_comm_agree(engine->comm, status);
	return status == TW_OK && !batch.replicated ? combine(engine, search) : status;
}

tw_status tw_objective_kink_distance(const tw_objective *objective, const void *theta, tw_kink *out)
{
	tw_engine *engine = objective->self;
	tw_search search;
	tw_status status = search_all(engine, theta, &search);
	if (status == TW_OK) fill(engine, &search, out);
	tw_free(search.negative);
	return status;
}

tw_status tw_objective_negative_counts(const tw_objective *objective, const void *theta, int64_t *count)
{
	tw_engine *engine = objective->self;
	tw_search search;
	tw_status status = search_all(engine, theta, &search);
	if (status == TW_OK && search.units > 0) memcpy(count, search.negative, (size_t)search.units * sizeof *count);
	tw_free(search.negative);
	return status;
}
