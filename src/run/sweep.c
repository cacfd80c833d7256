/* One sweep, from its data to its summary. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "run/launch.h"
#include "run/sweep.h"

/* ---- stopping -------------------------------------------------------------------------------------------------------
 */

tw_status sweep_stop(sweep *sweep, int why)
{
	int64_t before;
	return tw_queue_add(sweep->queue, sweep->cells, why, &before);
}

tw_status sweep_poll(sweep *sweep, bool main_thread, bool *stop)
{
	int64_t why;
	if (main_thread && tw_comm_rank(sweep->world) == 0) {
		TW_TRY(sweep_mail_receive(sweep));
		sweep_tell_progress(sweep);
	}
	TW_TRY(tw_queue_add(sweep->queue, sweep->cells, 0, &why));
	if (main_thread && run_stop_requested() && why == SWEEP_GO_ON) TW_TRY(sweep_stop(sweep, why = SWEEP_INTERRUPTED));
	*stop = why != SWEEP_GO_ON;
	return TW_OK;
}

bool sweep_is_traced(const sweep *sweep, int64_t run)
{
	const tw_sweep_plan *plan = sweep->plan;
	for (int64_t i = 0; plan->trace == TW_TRACE_LISTED && i < plan->traced_count; i++)
		if (plan->traced[i] == run) return true;
	return plan->trace == TW_TRACE_ALL;
}

/* ---- runs that a whole group trains ---------------------------------------------------------------------------------
 */

/* What a run tells while it is under way. */
typedef struct {
	sweep *sweep;
	sweep_trace trace;
	bool traced;
	double next_look;
	tw_status status;
} listener;

static tw_status keep_record(void *self, const tw_record *record)
{
	listener *listener = self;
	TW_TRY(listener->status);
	if (!listener->traced || isnan(record->cost)) return TW_OK;
	return sweep_trace_add(&listener->trace, &(tw_trace_point){.step = record->step,
	                                                           .cost = record->cost,
	                                                           .gradient_norm_squared = record->gradient_norm_squared,
	                                                           .step_size = record->step_size});
}

/* The counters and the mail of rank 0 are served between two steps, some hundred times a second. */
static void look_around(void *self, const tw_record *latest, int64_t total_steps, double seconds)
{
	listener *listener = self;
	sweep *sweep = listener->sweep;
	(void)latest, (void)total_steps;
	if (seconds < listener->next_look || listener->status != TW_OK) return;
	listener->next_look = seconds + 0.01;
	if (tw_comm_rank(sweep->world) == 0) {
		listener->status = sweep_mail_receive(sweep);
		sweep_tell_progress(sweep);
	} else {
		listener->status = tw_queue_progress(sweep->queue);
	}
}

static tw_status train_in_group(sweep *sweep, const sweep_cell *cell, int64_t run, bool *interrupted)
{
	const double begin = tw_now();
	const tw_settings settings = tw_sweep_run_settings(sweep->plan, run);
	const bool leads = tw_comm_rank(sweep->group) == 0, traced = sweep_is_traced(sweep, run);
	listener listener = {.sweep = sweep, .traced = traced};
	const tw_monitor monitor = {.self = &listener, .record = keep_record, .progress = look_around};
	const sweep_trace *trace = &listener.trace;
	tw_run *alone = NULL;
	tw_summary summary;
	TW_TRY(run_create_on(sweep->group, &settings, cell->data->shared, cell->data->test, sweep->threads, &alone));
	tw_status status = tw_run_train(alone, &monitor, &summary);
	if (status == TW_OK) status = listener.status;
	if (status == TW_OK) *interrupted = summary.stop_reason == TW_STOP_INTERRUPTED;
	if (status == TW_OK && !*interrupted && leads) {
		tw_run_result result = {.run = run,
		                        .cost = summary.cost,
		                        .gradient_norm_squared = summary.gradient_norm_squared,
		                        .mean_gradient_norm_squared = summary.mean_gradient_norm_squared,
		                        .steps = summary.steps,
		                        .observations = summary.observations,
		                        .stop_reason = summary.stop_reason,
		                        .seconds = tw_now() - begin,
		                        .dimension = cell->dimension,
		                        .trace_points = trace->count};
		memcpy(result.theta_sha256, summary.theta_sha256, sizeof result.theta_sha256);
		if (trace->count) trace->point[trace->count - 1].step_size = NAN;
		status = sweep_mail_send(sweep, settings.precision, &result, tw_run_theta(alone), trace->point);
	}
	sweep->worker[0].busy += tw_now() - begin;
	sweep->worker[0].runs += leads;
	sweep_trace_free(&listener.trace);
	tw_run_free(alone);
	return tw_comm_agree(sweep->group, status);
}

/* What the group does next, decided by its first rank: the number of a start, or -1. */
static tw_status next_start(sweep *sweep, int cell, int64_t *start, bool *stop)
{
	int64_t message[2] = {-1, 0};
	tw_status status = TW_OK;
	if (tw_comm_rank(sweep->group) == 0) {
		const double begin = tw_now();
		status = sweep_poll(sweep, true, stop);
		if (status == TW_OK && !*stop) status = tw_queue_add(sweep->queue, cell, 1, &message[0]);
		if (message[0] >= sweep->cell[cell].starts) message[0] = -1;
		message[1] = *stop;
		sweep->worker[0].queue += tw_now() - begin;
	}
	TW_TRY(tw_comm_agree(sweep->group, status));
	TW_TRY(tw_comm_broadcast(sweep->group, message, sizeof message, 0));
	*start = message[0];
	*stop = message[1] != 0;
	return TW_OK;
}

static tw_status train_dense_cells(sweep *sweep)
{
	bool stop = false;
	for (int c = 0; c < sweep->cells && !sweep->cell[c].ensemble && !stop; c++) {
		const sweep_cell *cell = &sweep->cell[c];
		int64_t start = 0;
		while (start >= 0 && !stop && cell->starts > 0) {
			TW_TRY(next_start(sweep, c, &start, &stop));
			if (start < 0 || stop) break;
			bool interrupted = false;
			TW_TRY(train_in_group(sweep, cell, cell->cell->first_run + cell->start[start], &interrupted));
			if (interrupted) TW_TRY(sweep_stop(sweep, SWEEP_INTERRUPTED));
			stop = interrupted;
		}
	}
	return TW_OK;
}

/* ---- the end --------------------------------------------------------------------------------------------------------
 */

/* Rank 0 serves the mail until all results are there, or the sweep is stopped and all ranks have left their work. */
static tw_status wait_for_results(sweep *sweep)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	while (tw_comm_rank(sweep->world) == 0 && sweep->received < sweep->expected) {
		bool stop;
		TW_TRY(sweep_poll(sweep, true, &stop));
		if (stop) break;
		if (sweep->received < sweep->expected) nanosleep(&pause, NULL);
	}
	return TW_OK;
}

/* After an interruption: what had been sent before is kept. */
static tw_status collect_late_mail(sweep *sweep)
{
	TW_TRY(tw_comm_barrier(sweep->world));
	return tw_comm_rank(sweep->world) == 0 ? sweep_mail_receive(sweep) : TW_OK;
}

static tw_status train(sweep *sweep)
{
	tw_status status = train_dense_cells(sweep);
	if (status != TW_OK) sweep_stop(sweep, SWEEP_FAILED);
	if (status == TW_OK) status = sweep_work(sweep);
	if (status == TW_OK) {
		status = wait_for_results(sweep);
		if (status != TW_OK) sweep_stop(sweep, SWEEP_FAILED);
	}
	int64_t why = SWEEP_GO_ON;
	if (status == TW_OK) status = tw_queue_add(sweep->queue, sweep->cells, 0, &why);
	tw_status late = collect_late_mail(sweep);
	sweep->interrupted = why == SWEEP_INTERRUPTED;
	return tw_comm_agree(sweep->world, status != TW_OK ? status : late);
}

/* Collective: the times of all workers on rank 0. */
static tw_status gather_times(sweep *sweep, tw_sweep_summary *summary)
{
	const int size = tw_comm_size(sweep->world), rank = tw_comm_rank(sweep->world);
	const double seconds = tw_now() - sweep->begin;
	for (int t = 0; t < sweep->threads; t++) {
		tw_worker_times *times = &sweep->worker[t];
		times->rank = rank;
		times->thread = t;
		times->waiting = seconds - times->seconds;
		times->seconds = seconds;
	}
	tw_worker_times *all = NULL;
	TW_TRY(tw_comm_agree(sweep->world, tw_alloc_array((void **)&all, (int64_t)size * sweep->threads, sizeof *all,
	                                                  "times of the workers")));
	tw_status status =
	    tw_comm_gather_all(sweep->world, sweep->worker, (size_t)sweep->threads * sizeof *sweep->worker, all);
	summary->workers = size * sweep->threads;
	if (status == TW_OK && rank == 0)
		summary->worker = all;
	else
		tw_free(all);
	return status;
}

static tw_status summarise(sweep *sweep, tw_sweep_summary *summary)
{
	int64_t values[] = {sweep->received, sweep->diverged, sweep->interrupted};
	TW_TRY(tw_comm_broadcast(sweep->world, values, sizeof values, 0));
	summary->finished = values[0];
	summary->diverged = values[1];
	summary->interrupted = values[2] != 0;
	summary->seconds = tw_now() - sweep->begin;
	summary->ranks = tw_comm_size(sweep->world);
	summary->threads = sweep->threads;
	if (summary->interrupted) run_stop_clear();
	return gather_times(sweep, summary);
}

/* ---- the beginning --------------------------------------------------------------------------------------------------
 */

/* Ranks may see different numbers of cores; the workers of all ranks are numbered alike. */
static tw_status agree_on_threads(sweep *sweep)
{
	TW_TRY(tw_launch_threads(sweep->world, sweep->plan->threads, &sweep->threads));
	double most = sweep->threads;
	TW_TRY(tw_comm_max_double(sweep->world, &most, 1));
	sweep->threads = (int)most;
	return TW_OK;
}

static tw_status make_groups(sweep *sweep)
{
	const int size = tw_comm_size(sweep->world), rank = tw_comm_rank(sweep->world), wanted = sweep->plan->ranks_per_run;
	TW_CHECK(wanted >= 1 && size % wanted == 0, TW_USAGE,
	         "sweep.ranks_per_run: groups of %d ranks cannot be made of %d; give a divisor of %d", wanted, size, size);
	sweep->groups = size / wanted;
	TW_TRY(tw_comm_agree(sweep->world, tw_comm_self(&sweep->self)));
	if (wanted > 1) return tw_comm_split(sweep->world, rank / wanted, &sweep->group);
	return tw_comm_agree(sweep->world, tw_comm_self(&sweep->group));
}

static tw_status allocate(sweep *sweep)
{
	TW_TRY(tw_alloc_array((void **)&sweep->worker, sweep->threads, sizeof *sweep->worker, "times of the workers"));
	return tw_alloc_array((void **)&sweep->under_way, sweep->threads, sizeof *sweep->under_way, "progress");
}

static tw_status set_up(sweep *sweep, const uint8_t *done)
{
	TW_TRY(make_groups(sweep));
	TW_TRY(agree_on_threads(sweep));
	TW_TRY(tw_comm_agree(sweep->world, allocate(sweep)));
	TW_TRY(sweep_cells_make(sweep, done));
	if (sweep->plan->ranks_per_run > 1 && sweep->cell[sweep->cells - 1].ensemble)
		tw_log(TW_LOG_NOTE, "runs that go through ensembles are not shared between ranks: each rank takes its own");
	return tw_queue_create(sweep->world, sweep->cells + 1, &sweep->queue);
}

tw_status tw_sweep_train(tw_comm *comm, const tw_sweep_plan *plan, const uint8_t *done, const tw_sweep_monitor *monitor,
                         tw_sweep_summary *summary)
{
	sweep sweep = {.world = comm, .plan = plan, .monitor = monitor};
	*summary = (tw_sweep_summary){0};
	tw_status status = set_up(&sweep, done);
	if (status == TW_OK) status = tw_comm_barrier(comm);
	sweep.begin = tw_now();
	if (status == TW_OK) {
		status = train(&sweep);
		if (status == TW_OK) status = summarise(&sweep, summary);
		tw_queue_free(sweep.queue);
	}
	sweep_cells_free(&sweep);
	tw_free(sweep.worker);
	tw_free((void *)sweep.under_way);
	if (sweep.group) tw_comm_free(sweep.group);
	if (sweep.self) tw_comm_free(sweep.self);
	return status;
}
