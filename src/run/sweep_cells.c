/* The cells of a sweep as work: their data, what a run costs, the order in which they are taken. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run/sweep.h"

/* ---- data ---------------------------------------------------------------------------------------------------- */

static sweep_data *find_data(sweep *sweep, const tw_data_options *options)
{
	for (int i = 0; i < sweep->data_sets; i++)
		if (tw_data_options_equal(sweep->data[i].options, options)) return &sweep->data[i];
	sweep->data[sweep->data_sets].options = options;
	return &sweep->data[sweep->data_sets++];
}

static tw_status load_shared(sweep *sweep)
{
	for (int i = 0; i < sweep->data_sets; i++)
		TW_TRY(tw_data_load(sweep->group, sweep->data[i].options, &sweep->data[i].shared, &sweep->data[i].test));
	return TW_OK;
}

/* Ensembles want all observations on their rank. */
static tw_status load_whole(sweep *sweep)
{
	for (int i = 0; i < sweep->cells; i++) {
		sweep_data *data = sweep->cell[i].data;
		if (!sweep->cell[i].ensemble || data->whole) continue;
		tw_data *test = NULL;
		data->whole = data->shared;
		if (tw_comm_size(sweep->group) == 1) continue;
		data->whole = NULL;
		TW_TRY(tw_data_load(sweep->self, data->options, &data->whole, &test));
		tw_data_free(test);
	}
	return TW_OK;
}

/* ---- cells ----------------------------------------------------------------------------------------------------------
 */

void sweep_ensemble_options(const sweep_cell *cell, int replicas, tw_ensemble_options *out)
{
	const tw_settings *settings = &cell->cell->settings;
	const int64_t n = cell->data->shared->observations;
	const int64_t batch = settings->batch > 0 && settings->batch < n ? settings->batch : n;
	*out = (tw_ensemble_options){.network = cell->network,
	                             .loss = settings->loss,
	                             .penalty = settings->penalty,
	                             .precision = settings->precision,
	                             .update = settings->update,
	                             .sampling = settings->sampling,
	                             .batch = batch < n ? batch : 0,
	                             .chunks = run_chunks(settings, cell->dimension, batch),
	                             .cost_every = run_cost_every(settings, n),
	                             .gradient_norm_every = settings->gradient_norm_every,
	                             .data = cell->data->whole ? cell->data->whole : cell->data->shared,
	                             .replicas = replicas};
	memcpy(out->update_value, settings->update_value, sizeof out->update_value);
}

/* Steps that a run may take: its limit over all stages; where there is none, many. */
static double step_limit(const tw_settings *settings, int64_t n)
{
	const double batch = settings->batch > 0 && settings->batch < n ? (double)settings->batch : (double)n;
	double steps = 0;
	for (int i = 0; i < settings->stages; i++) {
		const tw_stop *stop = &settings->stage[i].stop;
		double most = stop->steps >= 0 ? (double)stop->steps : INFINITY;
		if (stop->epochs >= 0) most = fmin(most, (double)stop->epochs * ceil((double)n / batch));
		if (stop->observations >= 0) most = fmin(most, (double)stop->observations / batch);
		steps += isfinite(most) ? most : 1e5;
	}
	return steps > 1 ? steps : 1;
}

/* Observations looked at a step to measure f (once) and its gradient (three times), where the batch does not tell. */
static double measuring_of(const tw_settings *settings, int64_t n)
{
	if (settings->batch <= 0 || settings->batch >= n) return 0;
	const int64_t cost = run_cost_every(settings, n), norm = settings->gradient_norm_every;
	return (cost > 0 ? (double)n / (double)cost : 0) + (norm > 0 ? 3 * (double)n / (double)norm : 0);
}

static tw_status make_cell(sweep *sweep, int index, const uint8_t *done, sweep_cell *out)
{
	const tw_cell *cell = &sweep->plan->cell[index];
	const tw_settings *settings = &cell->settings;
	*out = (sweep_cell){.cell = cell, .data = find_data(sweep, &settings->data)};
	TW_TRY(tw_alloc_array((void **)&out->start, cell->starts, sizeof *out->start, "the starts of a sweep"));
	for (int64_t s = 0; s < cell->starts; s++)
		if (!done || !done[cell->first_run + s]) out->start[out->starts++] = s;
	return TW_OK;
}

static tw_status measure_cell(sweep *sweep, sweep_cell *cell)
{
	const tw_settings *settings = &cell->cell->settings;
	const tw_data *data = cell->data->shared;
	const int64_t n = data->observations;
	const char *why = NULL;
	if (tw_settings_network(settings, data, &cell->network) != TW_OK)
		return tw_fail(TW_USAGE, "cell `%s` of the sweep: %s", cell->cell->name, tw_message());
	cell->dimension = tw_network_dimension(&cell->network);
	const double batch = settings->batch > 0 && settings->batch < n ? (double)settings->batch : (double)n;
	cell->work = (double)cell->dimension * step_limit(settings, n) * (3 * batch + measuring_of(settings, n));
	tw_ensemble_options options;
	tw_data alone = *data; /* as it will be on one rank */
	alone.local = n;
	sweep_ensemble_options(cell, sweep->plan->replicas, &options);
	options.data = &alone;
	cell->ensemble = tw_ensemble_covers(&options, settings->stage, settings->stages, &why);
	if (!cell->ensemble) tw_log(TW_LOG_NOTE, "cell `%s`: its runs go one by one, since %s", cell->cell->name, why);
	return TW_OK;
}

/* Runs that need a whole group come first, then the most expensive; equal ones in the order of the grid. */
static int by_work(const void *a, const void *b)
{
	const sweep_cell *x = a, *y = b;
	if (x->ensemble != y->ensemble) return x->ensemble ? 1 : -1;
	if (x->work != y->work) return x->work < y->work ? 1 : -1;
	return x->cell->first_run < y->cell->first_run ? -1 : 1;
}

static tw_status list_cells(sweep *sweep, const uint8_t *done)
{
	const tw_sweep_plan *plan = sweep->plan;
	TW_TRY(tw_alloc_array((void **)&sweep->cell, plan->cells, sizeof *sweep->cell, "the cells of a sweep"));
	TW_TRY(tw_alloc_array((void **)&sweep->data, plan->cells, sizeof *sweep->data, "the data of a sweep"));
	for (int i = 0; i < plan->cells; i++) {
		sweep->cells = i + 1;
		TW_TRY(make_cell(sweep, i, done, &sweep->cell[i]));
	}
	return TW_OK;
}

static tw_status measure_cells(sweep *sweep)
{
	for (int i = 0; i < sweep->cells; i++) TW_TRY(measure_cell(sweep, &sweep->cell[i]));
	qsort(sweep->cell, (size_t)sweep->cells, sizeof *sweep->cell, by_work);
	for (int i = 0; i < sweep->cells; i++) {
		const sweep_cell *cell = &sweep->cell[i];
		sweep->expected += cell->starts;
		sweep->all_work += cell->work * (double)cell->cell->starts;
		sweep->work_before += cell->work * (double)(cell->cell->starts - cell->starts);
	}
	return TW_OK;
}

tw_status sweep_cells_make(sweep *sweep, const uint8_t *done)
{
	TW_TRY(tw_comm_agree(sweep->world, list_cells(sweep, done)));
	TW_TRY(tw_comm_agree(sweep->world, load_shared(sweep)));
	TW_TRY(tw_comm_agree(sweep->world, measure_cells(sweep)));
	return tw_comm_agree(sweep->world, load_whole(sweep));
}

void sweep_cells_free(sweep *sweep)
{
	for (int i = 0; i < sweep->cells; i++) tw_free(sweep->cell[i].start);
	for (int i = 0; i < sweep->data_sets; i++) {
		if (sweep->data[i].whole != sweep->data[i].shared) tw_data_free(sweep->data[i].whole);
		tw_data_free(sweep->data[i].shared);
		tw_data_free(sweep->data[i].test);
	}
	tw_free(sweep->cell);
	tw_free(sweep->data);
}

tw_status sweep_initial(const sweep *sweep, const sweep_cell *cell, const tw_settings *settings, double *theta)
{
	if (settings->initial_file) {
		tw_status status;
		/* HDF5 need not be made for several threads. */
#pragma omp critical(sweep_initial_file)
		status = tw_theta_load(sweep->self, settings->initial_file, &cell->network, theta);
		return status;
	}
	tw_initial initial = settings->initial;
	initial.seed = settings->seed;
	initial.run = settings->run;
	return tw_initial_fill(&cell->network, &initial, theta);
}
