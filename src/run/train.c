/* The training loop: Algorithm 3 of the thesis, stage by stage. */
#include "run/run.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#include "linalg/kernels.h"

static volatile sig_atomic_t stop_requested;

void tw_request_stop(void) { stop_requested = 1; }
bool run_stop_requested(void) { return stop_requested; }
void run_stop_clear(void) { stop_requested = 0; }

/* Where a run stands between two updates. */
typedef struct {
	tw_run *run;
	const tw_monitor *monitor;
	tw_settings plan;
	tw_course course;
	double start;
	double feed_seconds, evaluate_seconds;
	int64_t cost_every;
	double norms_squared; /* of the iterates measured every gradient_norm_every steps, the start excepted */
	int64_t norms;        /* how many they are */
	run_theory *theory;   /* NULL: not asked for */
	int64_t total_steps;
	int64_t next_poll, poll_every; /* steps at which ranks agree on a request to stop */
	double last_poll;
	double seconds_before; /* of training, before this run was resumed */
	double kept_at;        /* when the last checkpoint was written, and at which step */
	int64_t kept_step;
	int64_t checkpoints; /* kept, and the time that the training stood still for them */
	double checkpoint_seconds;
	run_keeper *keeper; /* on rank 0, once there was a checkpoint */
	tw_status recorded; /* on rank 0: of the records and states written so far */
	tw_record record;
} tw_loop;

static bool due(int64_t every, int64_t step) { return every > 0 && step % every == 0; }

int64_t run_cost_every(const tw_settings *settings, int64_t observations)
{
	if (settings->cost_every >= 0) return settings->cost_every;
	if (settings->batch <= 0 || settings->batch >= observations) return 1;
	return (observations + settings->batch - 1) / settings->batch;
}

double run_mean_norm(double norms_squared, int64_t norms, int64_t every, int64_t steps, tw_stop_reason reason,
                     double end_norm_squared)
{
	if (due(every, steps) && steps > 0 && reason != TW_STOP_DIVERGED) {
		norms_squared += end_norm_squared;
		norms++;
	}
	return norms > 0 ? norms_squared / (double)norms : NAN;
}

static bool keeps_states(const tw_loop *loop) { return loop->monitor && loop->monitor->keep; }

/* By the clock of rank 0. */
static bool checkpoint_is_due(const tw_loop *loop, double now)
{
	if (tw_comm_rank(loop->run->comm) != 0 || !keeps_states(loop)) return false;
	return loop->plan.checkpoint_seconds > 0 && now - loop->kept_at >= loop->plan.checkpoint_seconds;
}

/* Ranks agree on a request to stop, on a checkpoint, and on a record that could not be written, about twenty times a
 * second: the number of steps between two agreements is made from the slowest rank's time, which all of them know. */
static tw_status poll_stop(tw_loop *loop, bool *stop, bool *keep)
{
	*stop = false;
	*keep = due(loop->plan.checkpoint_steps, loop->course.step) && loop->course.step > 0;
	if (loop->course.step < loop->next_poll) return TW_OK;
	if (loop->recorded == TW_OK) loop->recorded = run_keeper_look(loop->keeper);
	double now = tw_now(),
	       values[4] = {stop_requested, now - loop->last_poll, loop->recorded != TW_OK, checkpoint_is_due(loop, now)};
	TW_TRY(tw_comm_max_double(loop->run->comm, values, 4));
	if (values[2] > 0) return tw_comm_agree(loop->run->comm, loop->recorded);
	*stop = values[0] > 0;
	*keep = *keep || *stop || values[3] > 0;
	double a_step = values[1] / (double)loop->poll_every;
	loop->poll_every = a_step * 10000 < 0.05 ? 10000 : a_step > 0.05 ? 1 : (int64_t)(0.05 / a_step);
	loop->next_poll = loop->course.step + loop->poll_every;
	loop->last_poll = now;
	return TW_OK;
}

/* The state before the update that comes next, for a checkpoint. */
static tw_status keep_state(tw_loop *loop)
{
	if (!keeps_states(loop) || loop->kept_step == loop->course.step) return TW_OK;
	const run_state state = {.course = loop->course,
	                         .step_size = loop->record.step_size,
	                         .norms_squared = loop->norms_squared,
	                         .norms = loop->norms,
	                         .seconds = loop->seconds_before + tw_now() - loop->start,
	                         .theory = loop->theory};
	const double begin = tw_now();
	TW_TRY(run_checkpoint_keep(loop->run, &state, loop->monitor, &loop->keeper, loop->recorded));
	loop->kept_step = loop->course.step;
	loop->kept_at = tw_now();
	loop->checkpoint_seconds += loop->kept_at - begin;
	loop->checkpoints++;
	return TW_OK;
}

/* Goes on from a checkpoint where there is one. */
static tw_status go_on(tw_loop *loop)
{
	run_state state = {.course = loop->course, .theory = loop->theory};
	bool resumed;
	if (!keeps_states(loop)) return TW_OK;
	TW_TRY(run_checkpoint_go_on(loop->run, &state, loop->monitor, &resumed));
	if (!resumed) return TW_OK;
	loop->course = state.course;
	loop->record.step_size = state.step_size;
	loop->norms_squared = state.norms_squared;
	loop->norms = state.norms;
	loop->seconds_before = state.seconds;
	loop->kept_step = state.course.step;
	loop->next_poll = state.course.step + 1;
	return TW_OK;
}

/* f at theta, and its squared gradient norm when asked, for methods whose batches are not the whole set. */
static tw_status evaluate_whole(tw_loop *loop, bool norm)
{
	tw_run *run = loop->run;
	const tw_objective *objective = &run->objective;
	tw_batch whole;
	const double start = tw_now();
	TW_TRY(tw_feed_get(run->whole ? run->whole : run->feed, 0, &whole));
	if (norm && !run->norm_gradient)
		TW_TRY(tw_comm_agree(run->comm, tw_alloc_array(&run->norm_gradient, objective->size,
		                                               tw_real_size(objective->precision), "gradient")));
	TW_TRY(
	    objective->evaluate(objective->self, run->theta, &whole, &loop->record.cost, norm ? run->norm_gradient : NULL));
	if (norm)
		loop->record.gradient_norm_squared =
		    tw_kernels_of(objective->precision)->squared_norm(run->norm_gradient, objective->size);
	loop->evaluate_seconds += tw_now() - start;
	return TW_OK;
}

static void record_row(tw_loop *loop)
{
	if (tw_comm_rank(loop->run->comm) == 0 && loop->monitor && loop->monitor->record && loop->recorded == TW_OK)
		loop->recorded = loop->monitor->record(loop->monitor->self, &loop->record);
}

/* Everything that is reported of the iterate theta after `step` updates; batch_cost is f for full-batch methods, and
 * the gradient of f is in run->gradient then. */
static tw_status observe(tw_loop *loop, double batch_cost, bool *reported)
{
	tw_run *run = loop->run;
	const tw_stop *stop = &loop->course.stage[loop->course.at].stop;
	const bool cost = due(loop->cost_every, loop->course.step);
	const bool norm = due(loop->plan.gradient_norm_every, loop->course.step) || stop->gradient_norm > 0;
	loop->record.step = loop->course.step;
	loop->record.epoch = tw_course_epochs(&loop->course);
	loop->record.observations = loop->course.observations;
	loop->record.stage = loop->course.at;
	loop->record.cost = loop->record.gradient_norm_squared = loop->record.test_cost = NAN;
	loop->record.rayleigh_quotient = loop->record.step_size_limit = NAN;
	loop->record.average_gradient_norm_squared = loop->record.gradient_bound = NAN;
	if (run->full_batch) {
		loop->record.cost = batch_cost;
		if (norm)
			loop->record.gradient_norm_squared =
			    tw_kernels_of(run->objective.precision)->squared_norm(run->gradient, run->objective.size);
	} else if (cost || norm || stop->no_progress_patience > 0) {
		TW_TRY(evaluate_whole(loop, norm));
	}
	const bool test = run->test && due(loop->plan.test_every, loop->course.step);
	if (test) {
		tw_evaluation evaluation;
		const double start = tw_now();
		TW_TRY(tw_objective_measure(&run->objective, run->theta, run->test, &evaluation));
		loop->record.test_cost = evaluation.cost;
		loop->evaluate_seconds += tw_now() - start;
	}
	const bool norm_due = due(loop->plan.gradient_norm_every, loop->course.step);
	if (norm_due && loop->course.step > 0 && isfinite(loop->record.gradient_norm_squared)) {
		loop->norms_squared += loop->record.gradient_norm_squared;
		loop->norms++;
	}
	if (norm_due && loop->theory)
		TW_TRY(run_theory_observe(loop->theory, run->full_batch ? run->gradient : run->norm_gradient, &loop->record));
	*reported = cost || test || norm_due;
	return TW_OK;
}

/* One step: batch, gradient, rules, update. *reason: why this stage ends before the update, or TW_RUNNING. */
static tw_status take_step(tw_loop *loop, tw_stop_reason *reason)
{
	tw_run *run = loop->run;
	tw_course *course = &loop->course;
	const tw_objective *objective = &run->objective;
	bool interrupted, keep, reported;
	*reason = tw_course_limit(course);
	if (*reason != TW_RUNNING) return TW_OK;
	tw_comm_watch_step(course->step);
	TW_TRY(poll_stop(loop, &interrupted, &keep));
	if (keep) TW_TRY(keep_state(loop));
	if (interrupted) {
		stop_requested = 0;
		*reason = TW_STOP_INTERRUPTED;
		return TW_OK;
	}
	tw_batch batch;
	double cost;
	const double start = tw_now();
	TW_TRY(tw_feed_get(run->feed, course->step, &batch));
	loop->feed_seconds += tw_now() - start;
	TW_TRY(objective->evaluate(objective->self, run->theta, &batch, &cost, run->gradient));
	if (!isfinite(cost)) {
		*reason = TW_STOP_DIVERGED;
		return TW_OK;
	}
	TW_TRY(observe(loop, cost, &reported));
	const double known = loop->record.cost;
	*reason = tw_course_check(course, known, sqrt(loop->record.gradient_norm_squared));
	if (*reason != TW_RUNNING) return TW_OK;
	/* A schedule that looks at the cost gets that of the batch where f is not known. */
	loop->record.step_size = tw_course_step_size(course, isnan(known) ? cost : known);
	if (reported) record_row(loop);
	tw_update_apply(&run->update, run->theta, run->gradient, loop->record.step_size, run->threads);
	tw_course_advance(course, batch.chunks.size);
	if (loop->monitor && loop->monitor->progress && tw_comm_rank(run->comm) == 0) {
		tw_record latest = loop->record;
		latest.step = course->step;
		latest.observations = course->observations;
		latest.epoch = tw_course_epochs(course);
		if (isnan(latest.cost)) latest.cost = cost;
		loop->monitor->progress(loop->monitor->self, &latest, loop->total_steps,
		                        loop->seconds_before + tw_now() - loop->start);
	}
	return TW_OK;
}

/* Step limit over all stages, 0 where some stage has none. */
static int64_t count_steps(const tw_loop *loop)
{
	const int64_t per_epoch = tw_feed_steps_per_epoch(loop->run->feed);
	int64_t total = 0;
	for (int s = 0; s < loop->plan.stages; s++) {
		const tw_stop *stop = &loop->plan.stage[s].stop;
		int64_t steps = stop->steps > 0 ? stop->steps : stop->epochs > 0 ? stop->epochs * per_epoch : 0;
		if (steps == 0 && stop->observations > 0)
			steps = stop->observations * per_epoch / loop->run->data->observations;
		if (steps == 0) return 0;
		total += steps;
	}
	return total;
}

static tw_status run_stages(tw_loop *loop, tw_stop_reason *reason)
{
	bool more = true;
	while (more) {
		do TW_TRY(take_step(loop, reason));
		while (*reason == TW_RUNNING);
		TW_TRY(tw_course_next_stage(&loop->course, *reason, &more));
	}
	return TW_OK;
}

/* The last state is on the disk; a failure is told by the agreement at the end. */
static void end_checkpoints(tw_loop *loop)
{
	const double begin = tw_now();
	const tw_status status = run_keeper_wait(loop->keeper);
	if (loop->recorded == TW_OK) loop->recorded = status;
	if (loop->keeper) loop->checkpoint_seconds += tw_now() - begin;
}

static tw_status summarise(tw_loop *loop, tw_stop_reason reason, double seconds, tw_summary *summary)
{
	tw_run *run = loop->run;
	*summary = (tw_summary){.test_cost = NAN, .test_accuracy = NAN, .test_r_squared = NAN};
	tw_evaluation train, test;
	tw_objective_times times;
	tw_objective_take_times(&run->objective, &times);
	run->times = (tw_rank_times){.seconds = seconds,
	                             .compute = times.compute,
	                             .wait = times.wait,
	                             .reduce = times.reduce,
	                             .feed = loop->feed_seconds,
	                             .evaluate = loop->evaluate_seconds};
	tw_objective_export(&run->objective, run->theta, run->canonical);
	loop->record.step = loop->course.step;
	loop->record.epoch = tw_course_epochs(&loop->course);
	loop->record.observations = loop->course.observations;
	loop->record.test_cost = loop->record.rayleigh_quotient = loop->record.step_size_limit = NAN;
	loop->record.average_gradient_norm_squared = loop->record.gradient_bound = NAN;
	TW_TRY(evaluate_whole(loop, true));
	TW_TRY(tw_objective_measure(&run->objective, run->theta, run->data, &train));
	if (run->test) {
		TW_TRY(tw_objective_measure(&run->objective, run->theta, run->test, &test));
		summary->test_cost = loop->record.test_cost = test.cost;
		summary->test_accuracy = test.accuracy;
		summary->test_r_squared = test.r_squared;
	}
	if (loop->cost_every > 0) record_row(loop);
	tw_status status = loop->recorded;
	if (status == TW_OK)
		status =
		    tw_theta_sha256(run->objective.precision, run->canonical, run->objective.dimension, summary->theta_sha256);
	TW_TRY(tw_comm_agree(run->comm, status));
	summary->cost = loop->record.cost;
	summary->gradient_norm_squared = loop->record.gradient_norm_squared;
	summary->accuracy = train.accuracy;
	summary->r_squared = train.r_squared;
	summary->steps = loop->course.step;
	summary->observations = loop->course.observations;
	summary->epochs = tw_course_epochs(&loop->course);
	summary->stop_reason = isfinite(summary->cost) ? reason : TW_STOP_DIVERGED;
	summary->mean_gradient_norm_squared =
	    run_mean_norm(loop->norms_squared, loop->norms, loop->plan.gradient_norm_every, summary->steps,
	                  summary->stop_reason, summary->gradient_norm_squared);
	if (loop->theory) run_theory_summarise(loop->theory, summary->steps, &summary->bound);
	summary->last_stage = loop->course.at;
	summary->seconds = loop->seconds_before + seconds;
	summary->compute_seconds = run->times.compute;
	summary->wait_seconds = run->times.wait;
	summary->reduce_seconds = run->times.reduce;
	summary->feed_seconds = run->times.feed;
	summary->evaluate_seconds = run->times.evaluate;
	summary->observations_per_second = summary->seconds > 0 ? (double)loop->course.observations / summary->seconds : 0;
	summary->checkpoints = loop->checkpoints;
	summary->checkpoint_seconds = loop->checkpoint_seconds;
	summary->ranks = tw_comm_size(run->comm);
	summary->threads = run->threads;
	return TW_OK;
}

tw_status tw_run_train(tw_run *run, const tw_monitor *monitor, tw_summary *summary)
{
	tw_loop loop = {
	    .run = run, .monitor = monitor, .plan = *run->settings, .poll_every = 1, .next_poll = 1, .kept_step = -1};
	tw_objective_times times;
	tw_stop_reason reason = TW_RUNNING;
	tw_objective_take_times(&run->objective, &times);
	loop.cost_every = run_cost_every(&loop.plan, run->data->observations);
	loop.total_steps = count_steps(&loop);
	TW_TRY(tw_course_start(&loop.course, loop.plan.stage, loop.plan.stages, run->data->observations));
	TW_TRY(run_theory_create(run, &loop.theory));
	tw_status status = go_on(&loop);
	if (status == TW_OK) status = tw_comm_barrier(run->comm);
	loop.start = loop.last_poll = loop.kept_at = tw_now();
	if (status == TW_OK) status = run_stages(&loop, &reason);
	tw_comm_watch_step(-1);
	if (status == TW_OK) end_checkpoints(&loop);
	if (status == TW_OK) status = summarise(&loop, reason, tw_now() - loop.start, summary);
	run_keeper_free(loop.keeper);
	run_theory_free(loop.theory);
	return status;
}

tw_status tw_run_replay(tw_run *run, int64_t steps, tw_status (*trace)(void *self, int64_t step, const double *theta),
                        void *self)
{
	tw_schedule schedule = run->settings->stage[0].schedule;
	TW_TRY(tw_schedule_start(&schedule));
	for (int64_t k = 0; k < steps; k++) {
		tw_batch batch;
		double cost;
		TW_TRY(tw_feed_get(run->feed, k, &batch));
		TW_TRY(run->objective.evaluate(run->objective.self, run->theta, &batch, &cost, run->gradient));
		double step_size = tw_schedule_step_size(&schedule, k, cost);
		tw_update_apply(&run->update, run->theta, run->gradient, step_size, run->threads);
		tw_objective_export(&run->objective, run->theta, run->canonical);
		tw_status status = tw_comm_rank(run->comm) == 0 ? trace(self, k + 1, run->canonical) : TW_OK;
		TW_TRY(tw_comm_agree(run->comm, status));
	}
	return TW_OK;
}
