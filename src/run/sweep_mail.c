/* Results on their way to rank 0, and what it tells of them. */
#include <math.h>
#include <string.h>

#include "run/sweep.h"

enum { FIRST_POINTS = 256 };

tw_status sweep_trace_add(sweep_trace *trace, const tw_trace_point *point)
{
	if (trace->count == trace->capacity) {
		tw_trace_point *grown = NULL;
		const int64_t capacity = trace->capacity ? 2 * trace->capacity : FIRST_POINTS;
		TW_TRY(tw_alloc_array((void **)&grown, capacity, sizeof *grown, "the costs of a run"));
		if (trace->count) memcpy(grown, trace->point, (size_t)trace->count * sizeof *grown);
		tw_free(trace->point);
		trace->point = grown;
		trace->capacity = capacity;
	}
	trace->point[trace->count++] = *point;
	return TW_OK;
}

void sweep_trace_free(sweep_trace *trace)
{
	tw_free(trace->point);
	*trace = (sweep_trace){0};
}

/* A message is the result, theta (8 bytes a number, also in float, so that what follows is aligned), the trace. */
tw_status sweep_mail_send(sweep *sweep, tw_precision precision, const tw_run_result *result, const double *theta,
                          const tw_trace_point *trace)
{
	const size_t theta_bytes = (size_t)result->dimension * sizeof(double);
	const size_t trace_bytes = (size_t)result->trace_points * sizeof *trace;
	char *message = NULL;
	TW_TRY(tw_alloc((void **)&message, sizeof *result + theta_bytes + trace_bytes, "a result"));
	memcpy(message, result, sizeof *result);
	for (int64_t i = 0; i < result->dimension; i++) tw_real_set(precision, message + sizeof *result, i, theta[i]);
	if (trace_bytes) memcpy(message + sizeof *result + theta_bytes, trace, trace_bytes);
	tw_status status = tw_queue_send(sweep->queue, message, sizeof *result + theta_bytes + trace_bytes);
	tw_free(message);
	return status;
}

static const sweep_cell *cell_of(const sweep *sweep, int64_t run)
{
	const tw_cell *cell = &sweep->plan->cell[tw_sweep_cell_of(sweep->plan, run)];
	for (int i = 0; i < sweep->cells; i++)
		if (sweep->cell[i].cell == cell) return &sweep->cell[i];
	return NULL;
}

static tw_status hand_over(sweep *sweep, const char *message)
{
	memcpy(&sweep->latest, message, sizeof sweep->latest);
	const tw_run_result *result = &sweep->latest;
	const char *theta = message + sizeof *result;
	const char *trace = theta + (size_t)result->dimension * sizeof(double);
	sweep->received++;
	sweep->received_work += cell_of(sweep, result->run)->work;
	sweep->diverged += result->stop_reason == TW_STOP_DIVERGED;
	if (!sweep->monitor || !sweep->monitor->finished) return TW_OK;
	return sweep->monitor->finished(sweep->monitor->self, result, theta, (const tw_trace_point *)(const void *)trace);
}

tw_status sweep_mail_receive(sweep *sweep)
{
	for (;;) {
		void *message;
		size_t size;
		TW_TRY(tw_queue_receive(sweep->queue, &message, &size));
		if (!message) return TW_OK;
		tw_status status = hand_over(sweep, message);
		tw_free(message);
		TW_TRY(status);
	}
}

/* Runs under way on other ranks are taken to be like those of this one. */
static double work_done(const sweep *sweep)
{
	double mine = 0;
	for (int t = 0; t < sweep->threads; t++) mine += 1e3 * (double)atomic_load(&sweep->under_way[t]);
	double done = sweep->received_work + mine * tw_comm_size(sweep->world);
	const double left = sweep->all_work - sweep->work_before;
	return done < left ? done : left;
}

void sweep_tell_progress(sweep *sweep)
{
	const double now = tw_now() - sweep->begin;
	if (!sweep->monitor || !sweep->monitor->progress || now < sweep->next_progress) return;
	sweep->next_progress = now + 0.1;
	const double done = work_done(sweep), left = sweep->all_work - sweep->work_before - done;
	const tw_sweep_state state = {.runs = sweep->plan->runs,
	                              .finished = sweep->plan->runs - sweep->expected + sweep->received,
	                              .work_done = sweep->all_work > 0 ? (sweep->work_before + done) / sweep->all_work : 1,
	                              .seconds = now,
	                              .seconds_left = done > 0 ? now * left / done : NAN,
	                              .latest = sweep->received ? &sweep->latest : NULL};
	sweep->monitor->progress(sweep->monitor->self, &state);
}
