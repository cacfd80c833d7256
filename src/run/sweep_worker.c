/* The threads of a rank, each with an ensemble of its own: they take starts of the most expensive cell that has some
 * left, and fill the places of runs that have ended with the next. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/denormals.h"
#include "linalg/kernels.h"
#include "run/sweep.h"

/* Seconds between two looks at the mail, at requests to stop and at the places. */
#define PATIENCE 0.01

/* A run in a place. */
typedef struct {
	int64_t run;
	double begin;
	sweep_trace trace;
	bool traced;
} running;

/* One thread and the cell it is at. */
typedef struct {
	sweep *sweep;
	int thread;
	bool main_thread;
	int at; /* index of the cell */
	sweep_cell *cell;
	tw_ensemble *ensemble;
	tw_objective objective; /* for what is reported of end points */
	tw_feed *whole;
	void *vector, *gradient;
	double *theta; /* an initial point */
	running *running;
	int places;
	bool exhausted;
	int64_t steps; /* between two looks */
	tw_worker_times *times;
} worker;

/* ---- a cell ---------------------------------------------------------------------------------------------------------
 */

static void leave_cell(worker *worker)
{
	for (int i = 0; worker->running && i < worker->places; i++) sweep_trace_free(&worker->running[i].trace);
	tw_ensemble_free(worker->ensemble);
	tw_objective_free(&worker->objective);
	tw_feed_free(worker->whole);
	tw_free(worker->vector), tw_free(worker->gradient), tw_free(worker->theta), tw_free(worker->running);
	worker->ensemble = NULL;
	worker->whole = NULL;
	worker->vector = worker->gradient = NULL;
	worker->theta = NULL;
	worker->running = NULL;
	worker->places = 0;
	atomic_store(&worker->sweep->under_way[worker->thread], 0);
}

/* f and its gradient as a run alone would report them. */
static tw_status make_objective(worker *worker)
{
	const tw_settings *settings = &worker->cell->cell->settings;
	const tw_data *data = worker->cell->data->whole;
	const tw_objective_options options = {.network = worker->cell->network,
	                                      .loss = settings->loss,
	                                      .penalty = settings->penalty,
	                                      .threads = 1,
	                                      .reduction = settings->reduction,
	                                      .overlap = settings->overlap};
	TW_TRY(tw_objective_create(worker->sweep->self, data, &options, &worker->objective));
	TW_TRY(tw_feed_create(worker->sweep->self, data, TW_SAMPLE_SHUFFLE_ONCE, 0,
	                      run_chunks(settings, worker->cell->dimension, data->observations), settings->seed,
	                      settings->run, &worker->whole));
	const size_t size = tw_real_size(worker->objective.precision);
	TW_TRY(tw_alloc_array(&worker->vector, worker->objective.size, size, "parameters"));
	return tw_alloc_array(&worker->gradient, worker->objective.size, size, "gradient");
}

static tw_status enter_cell(worker *worker)
{
	tw_ensemble_options options;
	sweep_ensemble_options(worker->cell, worker->sweep->plan->replicas, &options);
	TW_TRY(tw_ensemble_create(&options, &worker->ensemble));
	worker->places = tw_ensemble_places(worker->ensemble);
	TW_TRY(tw_alloc_array((void **)&worker->running, worker->places, sizeof *worker->running, "an ensemble"));
	for (int i = 0; i < worker->places; i++) worker->running[i].run = -1;
	TW_TRY(tw_alloc_array((void **)&worker->theta, worker->cell->dimension, sizeof(double), "parameters"));
	worker->steps = 1;
	return make_objective(worker);
}

/* ---- starts ---------------------------------------------------------------------------------------------------------
 */

static running *find_running(worker *worker, int64_t run)
{
	for (int i = 0; i < worker->places; i++)
		if (worker->running[i].run == run) return &worker->running[i];
	return NULL;
}

static tw_status keep_trace(void *self, const tw_trace_point *point) { return sweep_trace_add(self, point); }

static tw_status start_run(worker *worker, int64_t run)
{
	const tw_settings settings = tw_sweep_run_settings(worker->sweep->plan, run);
	running *place = find_running(worker, -1);
	*place = (running){.run = run, .begin = tw_now(), .traced = sweep_is_traced(worker->sweep, run)};
	TW_TRY(sweep_initial(worker->sweep, worker->cell, &settings, worker->theta));
	tw_replica_start start = {.tag = run, .seed = settings.seed, .run = settings.run, .theta = worker->theta};
	if (place->traced) start.self = &place->trace, start.trace = keep_trace;
	TW_TRY(tw_course_start(&start.course, settings.stage, settings.stages, worker->cell->data->whole->observations));
	return tw_ensemble_start(worker->ensemble, &start);
}

/* How many places this thread may fill at first: all, unless the cells left are fewer than the threads that want some.
 */
static int64_t fair_share(const worker *worker)
{
	const sweep *sweep = worker->sweep;
	const int64_t workers = (int64_t)tw_comm_size(sweep->world) * sweep->threads;
	const int64_t cells = sweep->cells - worker->at, sharing = (workers + cells - 1) / cells;
	return (worker->cell->starts + sharing - 1) / sharing;
}

/* Takes starts from the queue into the free places. */
static tw_status fill_places(worker *worker, int64_t most)
{
	sweep *sweep = worker->sweep;
	while (!worker->exhausted && most > 0 && (!worker->ensemble || tw_ensemble_free_places(worker->ensemble) > 0)) {
		int64_t next;
		const double begin = tw_now();
		TW_TRY(tw_queue_add(sweep->queue, worker->at, 1, &next));
		worker->times->queue += tw_now() - begin;
		worker->exhausted = next >= worker->cell->starts;
		if (worker->exhausted) break;
		if (!worker->ensemble) TW_TRY(enter_cell(worker));
		TW_TRY(start_run(worker, worker->cell->cell->first_run + worker->cell->start[next]));
		most--;
	}
	return TW_OK;
}

/* ---- ends -----------------------------------------------------------------------------------------------------------
 */

static tw_status report_end(worker *worker, const tw_replica_end *end)
{
	const tw_objective *objective = &worker->objective;
	running *running = find_running(worker, end->tag);
	tw_run_result result = {.run = end->tag,
	                        .steps = end->steps,
	                        .observations = end->observations,
	                        .stop_reason = end->reason,
	                        .dimension = worker->cell->dimension};
	tw_batch whole;
	TW_TRY(tw_feed_get(worker->whole, 0, &whole));
	tw_objective_import(objective, end->theta, worker->vector);
	TW_TRY(objective->evaluate(objective->self, worker->vector, &whole, &result.cost, worker->gradient));
	result.gradient_norm_squared = tw_kernels_of(objective->precision)->squared_norm(worker->gradient, objective->size);
	if (!isfinite(result.cost)) result.stop_reason = TW_STOP_DIVERGED;
	const int64_t every = worker->cell->cell->settings.gradient_norm_every;
	result.mean_gradient_norm_squared = run_mean_norm(end->norms_squared, end->norms, every, end->steps,
	                                                  result.stop_reason, result.gradient_norm_squared);
	if (running->traced)
		TW_TRY(sweep_trace_add(&running->trace, &(tw_trace_point){.step = end->steps,
		                                                          .cost = result.cost,
		                                                          .gradient_norm_squared = result.gradient_norm_squared,
		                                                          .step_size = NAN}));
	TW_TRY(tw_theta_sha256(objective->precision, end->theta, result.dimension, result.theta_sha256));
	result.trace_points = running->trace.count;
	result.seconds = tw_now() - running->begin;
	tw_status status = sweep_mail_send(worker->sweep, objective->precision, &result, end->theta, running->trace.point);
	sweep_trace_free(&running->trace);
	running->run = -1;
	worker->times->runs++;
	return status;
}

/* ---- the loop -------------------------------------------------------------------------------------------------------
 */

/* Some steps of all replicas, for about PATIENCE seconds. */
static tw_status train_a_while(worker *worker)
{
	const double begin = tw_now();
	TW_TRY(tw_ensemble_train(worker->ensemble, worker->steps));
	const double seconds = tw_now() - begin;
	worker->times->busy += seconds;
	if (seconds < PATIENCE / 2)
		worker->steps = 2 * worker->steps;
	else if (seconds > 2 * PATIENCE && worker->steps > 1)
		worker->steps = worker->steps / 2;
	tw_replica_end end;
	while (tw_ensemble_take(worker->ensemble, &end)) TW_TRY(report_end(worker, &end));
	const double a_step = worker->cell->dimension * 3e-3 *
	                      (double)(worker->cell->cell->settings.batch > 0 ? worker->cell->cell->settings.batch
	                                                                      : worker->cell->data->whole->observations);
	atomic_store(&worker->sweep->under_way[worker->thread],
	             (int64_t)(a_step * (double)tw_ensemble_steps_under_way(worker->ensemble)));
	return TW_OK;
}

static tw_status work_at_cell(worker *worker, bool *stop)
{
	worker->exhausted = false;
	TW_TRY(fill_places(worker, fair_share(worker)));
	while (worker->ensemble && !*stop) {
		if (tw_ensemble_free_places(worker->ensemble) == worker->places && worker->exhausted) break;
		TW_TRY(train_a_while(worker));
		TW_TRY(sweep_poll(worker->sweep, worker->main_thread, stop));
		if (!*stop) TW_TRY(fill_places(worker, worker->places));
	}
	return TW_OK;
}

static tw_status work(worker *worker)
{
	sweep *sweep = worker->sweep;
	bool stop = false;
	TW_TRY(sweep_poll(sweep, worker->main_thread, &stop));
	for (worker->at = 0; worker->at < sweep->cells && !stop; worker->at++) {
		worker->cell = &sweep->cell[worker->at];
		if (!worker->cell->ensemble || worker->cell->starts == 0) continue;
		tw_status status = work_at_cell(worker, &stop);
		leave_cell(worker);
		TW_TRY(status);
	}
	return TW_OK;
}

/* The main thread has no work left: until the other threads have none either, it goes on to look at requests to stop,
 * and on rank 0 at the mail. */
static tw_status serve_others(sweep *sweep)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	bool stop = false;
	while (!stop && atomic_load(&sweep->left) < omp_get_num_threads()) {
		nanosleep(&pause, NULL);
		TW_TRY(sweep_poll(sweep, true, &stop));
	}
	return TW_OK;
}

tw_status sweep_work(sweep *sweep)
{
	const int threads = tw_comm_threads_may_call() ? sweep->threads : 1;
#pragma omp parallel num_threads(threads)
	{
		const int thread = omp_get_thread_num();
		flush_denormals();
		worker worker = {.sweep = sweep, .thread = thread, .main_thread = thread == 0, .times = &sweep->worker[thread]};
		tw_status status = work(&worker);
		worker.times->seconds = tw_now() - sweep->begin;
		atomic_fetch_add(&sweep->left, 1);
		if (status == TW_OK && worker.main_thread) status = serve_others(sweep);
		int none = TW_OK;
		if (status != TW_OK && atomic_compare_exchange_strong(&sweep->failed, &none, (int)status)) {
			snprintf(sweep->message, sizeof sweep->message, "%s", tw_message());
			sweep_stop(sweep, SWEEP_FAILED);
		}
	}
	const int failed = atomic_load(&sweep->failed);
	return failed == TW_OK ? TW_OK : tw_fail((tw_status)failed, "%s", sweep->message);
}
