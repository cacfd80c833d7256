/* Between a run and its checkpoints: taking its state, and putting it back. */
#include "run/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <thalweg/version.h>

#include "core/variant.h"
#include "data/checksum.h"
#include "run/run.h"

/* Collective, once a run. */
static tw_status sum_data(tw_run *run)
{
	if (run->has_checksums) return TW_OK;
	TW_TRY(tw_data_checksum(run->comm, run->data, &run->train_checksum));
	if (run->test) TW_TRY(tw_data_checksum(run->comm, run->test, &run->test_checksum));
	run->has_checksums = true;
	return TW_OK;
}

/* Canonical parameters to a vector of the objective: bits are copied, whatever they mean. */
static void put_vector(const tw_objective *objective, const void *canonical, void *vector)
{
	const size_t real = tw_real_size(objective->precision);
	memset(vector, 0, (size_t)objective->size * real);
	for (int64_t i = 0; i < objective->dimension; i++)
		memcpy((char *)vector + (size_t)objective->position[i] * real, (const char *)canonical + (size_t)i * real,
		       real);
}

/* ---- taking -------------------------------------------------------------------------------------------------- */

static bool is_finite(const tw_run *run)
{
	const int64_t reals = run->objective.size;
	bool finite = true;
	if (run->objective.precision == TW_FLOAT) {
		const float *theta = run->theta;
		for (int64_t i = 0; i < reals; i++) finite &= (bool)isfinite(theta[i]);
	} else {
		const double *theta = run->theta;
		for (int64_t i = 0; i < reals; i++) finite &= (bool)isfinite(theta[i]);
	}
	return finite;
}

static tw_status fill(const tw_run *run, const run_state *state, tw_checkpoint *checkpoint)
{
	const size_t bytes = (size_t)run->objective.size * tw_real_size(run->objective.precision);
	if (!checkpoint->configuration) TW_TRY(tw_settings_write(run->settings, &checkpoint->configuration));
	snprintf(checkpoint->program, sizeof checkpoint->program, "thalweg %s", TW_VERSION);
	snprintf(checkpoint->revision, sizeof checkpoint->revision, "%s", TW_GIT_REVISION);
	snprintf(checkpoint->isa, sizeof checkpoint->isa, "%s", tw_isa_name(tw_isa_current()));
	checkpoint->train_checksum = run->train_checksum;
	checkpoint->test_checksum = run->test_checksum;
	checkpoint->course = state->course;
	checkpoint->updates = run->update.steps;
	checkpoint->step_size = state->step_size;
	checkpoint->norms_squared = state->norms_squared;
	checkpoint->norms = state->norms;
	checkpoint->seconds = state->seconds;
	memcpy(checkpoint->theta, run->theta, bytes);
	for (int i = 0; i < checkpoint->vectors; i++) memcpy(checkpoint->vector[i], run->update.vector[i], bytes);
	if (state->theory) run_theory_export(state->theory, checkpoint->theory);
	return TW_OK;
}

static tw_status keep(const tw_run *run, const run_state *state, const tw_monitor *monitor, run_keeper **keeper)
{
	const tw_objective *objective = &run->objective;
	if (!*keeper) TW_TRY(run_keeper_create(monitor, keeper));
	TW_TRY(run_keeper_wait(*keeper));
	/* The evaluation that follows will say that this theta is no state to go on from. */
	if (!is_finite(run)) return TW_OK;
	tw_checkpoint **room = run_keeper_room(*keeper);
	if (!*room)
		TW_TRY(tw_checkpoint_make_in_order(objective->precision, objective->dimension, objective->position,
		                                   objective->size, tw_update_info_of(run->update.rule)->vectors,
		                                   run_theory_values(state->theory), room));
	TW_TRY(fill(run, state, *room));
	TW_TRY(monitor->mark(monitor->self, &(*room)->metrics_bytes));
	run_keeper_start(*keeper);
	return TW_OK;
}

tw_status run_checkpoint_keep(tw_run *run, const run_state *state, const tw_monitor *monitor, run_keeper **keeper,
                              tw_status recorded)
{
	TW_TRY(sum_data(run));
	tw_status status = recorded;
	if (status == TW_OK && tw_comm_rank(run->comm) == 0) status = keep(run, state, monitor, keeper);
	return tw_comm_agree(run->comm, status);
}

/* ---- putting back -------------------------------------------------------------------------------------------- */

/* On rank 0. */
static tw_status check(const tw_run *run, const run_state *state, const tw_checkpoint *checkpoint)
{
	const tw_objective *objective = &run->objective;
	TW_CHECK(checkpoint->train_checksum == run->train_checksum && checkpoint->course.set_size == state->course.set_size,
	         TW_USAGE, "--resume: the training set is not the one of the checkpoint: its data have changed");
	TW_CHECK(checkpoint->test_checksum == run->test_checksum, TW_USAGE,
	         "--resume: the test part is not the one of the checkpoint: its data have changed");
	TW_CHECK(checkpoint->precision == objective->precision && checkpoint->dimension == objective->dimension &&
	             checkpoint->vectors == tw_update_info_of(run->update.rule)->vectors &&
	             checkpoint->theory_values == run_theory_values(state->theory) &&
	             checkpoint->course.stages == state->course.stages,
	         TW_USAGE, "--resume: the checkpoint is one of another network or method");
	const char *isa = tw_isa_name(tw_isa_current());
	if (strcmp(checkpoint->isa, isa) != 0)
		tw_log(TW_LOG_WARNING,
		       "the checkpoint was written with the instruction set %s, this is %s: bits may differ from those of an "
		       "uninterrupted run; THALWEG_ISA chooses",
		       checkpoint->isa, isa);
	if (strcmp(checkpoint->revision, TW_GIT_REVISION) != 0)
		tw_log(
		    TW_LOG_WARNING,
		    "the checkpoint was written by revision %s, this is %s: bits may differ from those of an uninterrupted run",
		    checkpoint->revision, TW_GIT_REVISION);
	return TW_OK;
}

/* Collective. A copy of the state of rank 0, without its configuration, on each rank. */
static tw_status share(tw_run *run, const tw_checkpoint *source, tw_checkpoint **out)
{
	tw_checkpoint head = {0}, *copy = NULL;
	if (source) head = *source;
	TW_TRY(tw_comm_broadcast(run->comm, &head, sizeof head, 0));
	tw_status status = tw_checkpoint_make(head.precision, head.dimension, head.vectors, head.theory_values, &copy);
	TW_TRY(tw_comm_agree(run->comm, status));
	void *vectors[2 + TW_MAX_UPDATE_VECTORS] = {copy->theta, copy->theory, copy->vector[0], copy->vector[1]};
	const size_t reals = (size_t)head.dimension * tw_real_size(head.precision);
	const size_t bytes[] = {reals, (size_t)head.theory_values * sizeof(double), reals, reals};
	const void *from[2 + TW_MAX_UPDATE_VECTORS] = {NULL};
	if (source)
		memcpy(from, (const void *[]){source->theta, source->theory, source->vector[0], source->vector[1]},
		       sizeof from);
	for (int i = 0; i < 2 + TW_MAX_UPDATE_VECTORS && status == TW_OK; i++) {
		if (!vectors[i]) continue;
		if (source) memcpy(vectors[i], from[i], bytes[i]);
		status = tw_comm_broadcast(run->comm, vectors[i], bytes[i], 0);
	}
	if (status != TW_OK) {
		tw_checkpoint_free(copy);
		return status;
	}
	void *const theta = copy->theta, *const vector0 = copy->vector[0], *const vector1 = copy->vector[1];
	double *const theory = copy->theory;
	*copy = head;
	copy->configuration = NULL;
	copy->theta = theta, copy->vector[0] = vector0, copy->vector[1] = vector1, copy->theory = theory;
	*out = copy;
	return TW_OK;
}

/* What the configuration says stays: limits may have been extended. */
static void restore_course(const tw_course *from, tw_course *course)
{
	course->at = from->at;
	course->step = from->step;
	course->stage_step = from->stage_step;
	course->observations = from->observations;
	for (int s = 0; s < course->stages; s++) {
		memcpy(course->stage[s].schedule.state, from->stage[s].schedule.state, sizeof from->stage[s].schedule.state);
		course->stage[s].stop.best = from->stage[s].stop.best;
		course->stage[s].stop.since_best = from->stage[s].stop.since_best;
	}
}

static void restore(tw_run *run, run_state *state, const tw_checkpoint *checkpoint)
{
	restore_course(&checkpoint->course, &state->course);
	state->step_size = checkpoint->step_size;
	state->norms_squared = checkpoint->norms_squared;
	state->norms = checkpoint->norms;
	state->seconds = checkpoint->seconds;
	run->update.steps = checkpoint->updates;
	put_vector(&run->objective, checkpoint->theta, run->theta);
	for (int i = 0; i < checkpoint->vectors; i++)
		put_vector(&run->objective, checkpoint->vector[i], run->update.vector[i]);
	if (state->theory) run_theory_import(state->theory, checkpoint->theory);
}

tw_status run_checkpoint_go_on(tw_run *run, run_state *state, const tw_monitor *monitor, bool *resumed)
{
	const bool first = tw_comm_rank(run->comm) == 0;
	const tw_checkpoint *source = first && monitor ? monitor->start : NULL;
	tw_checkpoint *checkpoint = NULL;
	*resumed = source != NULL;
	TW_TRY(tw_comm_broadcast(run->comm, resumed, sizeof *resumed, 0));
	if (!*resumed) return TW_OK;
	TW_TRY(sum_data(run));
	TW_TRY(tw_comm_agree(run->comm, source ? check(run, state, source) : TW_OK));
	TW_TRY(share(run, source, &checkpoint));
	restore(run, state, checkpoint);
	tw_checkpoint_free(checkpoint);
	return TW_OK;
}
