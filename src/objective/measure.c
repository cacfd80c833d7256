/* What is measured of a network besides value and gradient: accuracy, R^2, predictions, gradient statistics. */
#include "objective/engine.h"

#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "linalg/kernels.h"

/* What one observation adds, for each chunk: loss, right classes, squared residual, then per output y and y^2. */
enum { SUM_LOSS, SUM_RIGHT, SUM_RESIDUAL, SUM_TARGETS };

static bool right_class(const tw_engine *engine, const double *h, const void *y)
{
	const int64_t outputs = engine->network.width[engine->layers];
	if (engine->loss->info.target == TW_TARGET_BINARY) {
		for (int64_t j = 0; j < outputs; j++)
			if ((h[j] >= 0.5) != (tw_real_get(engine->precision, y, j) != 0)) return false;
		return true;
	}
	int64_t best = 0;
	for (int64_t j = 1; j < outputs; j++)
		if (h[j] > h[best]) best = j;
	return (double)best == tw_real_get(engine->precision, y, 0);
}

static void add_observation(const tw_engine *engine, double loss, const double *h, const void *y, double *sums)
{
	sums[SUM_LOSS] += loss;
	if (engine->loss->info.target != TW_TARGET_REAL) {
		sums[SUM_RIGHT] += right_class(engine, h, y);
		return;
	}
	for (int64_t j = 0; j < engine->network.width[engine->layers]; j++) {
		double target = tw_real_get(engine->precision, y, j);
		sums[SUM_RESIDUAL] += (h[j] - target) * (h[j] - target);
		sums[SUM_TARGETS + 2 * j] += target;
		sums[SUM_TARGETS + 2 * j + 1] += target * target;
	}
}

/* h of the rows [begin, begin + rows) of the batch, row-major, and row_loss. */
static void forward_rows(tw_engine *engine, const void *theta, const tw_batch *batch, int64_t begin, int64_t rows,
                         double *h)
{
	const int64_t outputs = engine->network.width[engine->layers];
	const int threads = engine_threads(engine, rows);
	engine_cut(engine, batch, begin, begin + rows, threads, false);
#pragma omp parallel num_threads(threads)
	{
#ifdef _OPENMP
		const int thread = omp_get_thread_num();
#else
		const int thread = 0;
#endif
		flush_denormals();
		char *logits = (char *)engine->thread_rows + thread * engine->thread_row_bytes;
#pragma omp for schedule(dynamic, 1)
		for (int b = 0; b < engine->blocks; b++) {
			const tw_block block = engine_block(engine, b);
			engine_forward(engine, theta, batch, begin, &block);
			engine_loss(engine, batch, begin, &block, 1.0, false, thread);
			TW_SELECT_VARIANT(tw_losses, engine->precision)
			    ->output(engine->network.output, block.count, outputs, logits, h + block.first * outputs);
		}
	}
}

static void fill_evaluation(const tw_engine *engine, const tw_data *data, const double *sums, tw_evaluation *out)
{
	const double n = (double)data->observations;
	*out = (tw_evaluation){
	    .cost = sums[SUM_LOSS] / n, .accuracy = NAN, .r_squared = NAN, .observations = data->observations};
	if (engine->loss->info.target != TW_TARGET_REAL) {
		out->accuracy = sums[SUM_RIGHT] / n;
		return;
	}
	double total = 0;
	for (int64_t j = 0; j < engine->network.width[engine->layers]; j++) {
		double sum = sums[SUM_TARGETS + 2 * j];
		total += sums[SUM_TARGETS + 2 * j + 1] - sum * sum / n;
	}
	out->r_squared = total > 0 ? 1 - sums[SUM_RESIDUAL] / total : NAN;
}

tw_status tw_objective_measure(const tw_objective *objective, const void *theta, const tw_data *data,
                               tw_evaluation *out)
{
	tw_engine *engine = objective->self;
	const int64_t outputs = engine->network.width[engine->layers];
	TW_CHECK(data->inputs == engine->network.width[0] && data->outputs == engine->data->outputs &&
	             data->sparse == engine->data->sparse,
	         TW_USAGE, "the data to evaluate have another shape than those the network was made for");
	tw_batch batch;
	TW_TRY(engine_whole_batch(engine, data, &batch));
	const int values = (int)(SUM_TARGETS + 2 * outputs), chunks = batch.last_chunk - batch.first_chunk;
	double *h = NULL, *sums = NULL;
	tw_status status = tw_alloc_array((void **)&h, engine->wave_rows * outputs, sizeof(double), "predictions");
	if (status == TW_OK)
		status = tw_alloc_array((void **)&sums, (int64_t)(chunks + 1) * values, sizeof(double), "sums of chunks");
	status = tw_comm_agree(engine->comm, status);
	for (int64_t begin = 0; status == TW_OK && begin < batch.count; begin += engine->wave_rows) {
		int64_t rows = batch.count - begin < engine->wave_rows ? batch.count - begin : engine->wave_rows;
		forward_rows(engine, theta, &batch, begin, rows, h);
		for (int s = 0; s < engine->strips; s++)
			for (int64_t i = engine->strip[s].first; i < engine->strip[s].first + engine->strip[s].count; i++)
				add_observation(engine, engine->row_loss[i], h + i * outputs, batch.output_rows[begin + i],
				                sums + (int64_t)(engine->strip[s].chunk - batch.first_chunk) * values);
	}
	if (status == TW_OK) status = engine_sum(engine, &batch, values, sums, sums + (int64_t)chunks * values);
	if (status == TW_OK) fill_evaluation(engine, data, sums + (int64_t)chunks * values, out);
	tw_free(h);
	tw_free(sums);
	return status;
}

/* Local: predictions of this rank's own rows, seen as a data set of a single process. */
static tw_status predict_local(tw_engine *engine, const void *theta, const tw_data *data, double *out)
{
	const int64_t outputs = engine->network.width[engine->layers];
	tw_data local = *data;
	local.observations = local.local;
	local.first = 0;
	if (local.local == 0) return TW_OK;
	tw_feed *feed;
	TW_TRY(tw_feed_create(engine->self_comm, &local, TW_SAMPLE_SHUFFLE_ONCE, 0, 0, 0, 0, &feed));
	tw_batch batch;
	tw_status status = tw_feed_get(feed, 0, &batch);
	for (int64_t begin = 0; status == TW_OK && begin < batch.count; begin += engine->wave_rows) {
		int64_t rows = batch.count - begin < engine->wave_rows ? batch.count - begin : engine->wave_rows;
		forward_rows(engine, theta, &batch, begin, rows, out + begin * outputs);
	}
	tw_feed_free(feed);
	return status;
}

tw_status tw_objective_predict(const tw_objective *objective, const void *theta, const tw_data *data, double *out)
{
	tw_engine *engine = objective->self;
	TW_CHECK(data->inputs == engine->network.width[0] && data->sparse == engine->data->sparse, TW_USAGE,
	         "the data have %lld inputs, the network %lld", (long long)data->inputs,
	         (long long)engine->network.width[0]);
	TW_TRY(engine_prepare(engine, tw_chunks_of(data->observations, 0)));
	return tw_comm_agree(engine->comm, predict_local(engine, theta, data, out));
}
