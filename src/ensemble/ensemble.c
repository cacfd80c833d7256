/* Replicas in their places: starting them, stepping them group by group, handing them out when they have ended. */
#include <math.h>
#include <string.h>

#include "core/denormals.h"
#include "ensemble/iterates.h"
#include "ensemble/lanes.h"

typedef struct {
	bool taken, ended;
	tw_replica_start start; /* its theta is not kept */
	tw_course course;
	tw_stop_reason reason;
	double updates;
	double norms_squared; /* see tw_replica_end */
	int64_t norms;
	tw_feed *feed; /* mini-batches */
	double *theta; /* canonical end point */
} replica;

/* A group holds up to `most` replicas; it is as large as those it has need. */
typedef struct {
	tw_lanes *lanes;
	int most;
	replica *place[LANES_MOST]; /* of its lanes; NULL: free */
} group;

struct tw_ensemble {
	tw_ensemble_options options;
	tw_comm *self;
	bool full_batch;
	tw_chunks chunks; /* of a full batch */
	int places, groups;
	replica *replica;
	group *group;
	iterates *waiting; /* mini-batches; made when the first is due */
};

/* ---- what can be trained, and how wide -------------------------------------------------------------------------- */

enum { WIDEST = 256, SMALL_WIDTH = 12 };

static bool is_full_batch(const tw_ensemble_options *options)
{
	return options->batch == 0 || options->batch >= options->data->observations;
}

bool tw_ensemble_covers(const tw_ensemble_options *options, const tw_stage *stage, int stages, const char **why)
{
	const tw_network *network = &options->network;
	const char *reason = NULL;
	if (options->data->sparse) reason = "inputs are sparse";
	if (options->penalty != 0) reason = "there is a penalty";
	for (int l = 0; l <= network->layers; l++)
		if (network->width[l] > WIDEST) reason = "a layer is wide";
	if (!is_full_batch(options)) {
		const int64_t n = options->data->observations;
		bool looks_at_cost = false;
		for (int i = 0; i < stages; i++) {
			const tw_stop *stop = &stage[i].stop;
			looks_at_cost |= stop->no_progress_patience > 0 || !isnan(stop->cost) || stop->gradient_norm > 0 ||
			                 (tw_schedule_info_of(stage[i].schedule.kind)->uses_cost && options->cost_every != 0);
		}
		if (looks_at_cost) reason = "rules of mini-batch runs look at the cost over all observations";
		if (options->sampling != TW_SAMPLE_UNIFORM && n % options->batch != 0 &&
		    tw_chunks_of(options->batch, options->chunks).count > 1)
			reason = "the last batch of an epoch is smaller and batches have several chunks";
	}
	*why = reason;
	return !reason;
}

static int power_of_two(int x)
{
	int p = 1;
	while (p < x) p *= 2;
	return p;
}

/* Narrow layers, and networks of one hidden layer, fill vectors with replicas alone; others with 4 replicas of
 * neighbouring units, so that parameters and activations of a group stay in the second cache. */
static int best_group(const tw_ensemble_options *options)
{
	const int lanes = TW_SELECT_VARIANT(tw_lanes_kernels, options->precision)->lanes;
	int64_t widest = 0;
	for (int l = 1; l < options->network.layers; l++)
		if (options->network.width[l] > widest) widest = options->network.width[l];
	return widest <= SMALL_WIDTH || options->network.layers == 2 || lanes < 4 ? lanes : 4;
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static tw_status make_places(tw_ensemble *ensemble)
{
	const int best = best_group(&ensemble->options), wanted = ensemble->options.replicas;
	const int most = wanted > 0 && power_of_two(wanted) < best ? power_of_two(wanted) : best;
	ensemble->places = wanted > 0 ? wanted : most;
	ensemble->groups = (ensemble->places + most - 1) / most;
	TW_TRY(tw_alloc_array((void **)&ensemble->replica, ensemble->places, sizeof(replica), "an ensemble"));
	TW_TRY(tw_alloc_array((void **)&ensemble->group, ensemble->groups, sizeof(group), "an ensemble"));
	for (int g = 0; g < ensemble->groups; g++) {
		const int rest = ensemble->places - g * most;
		ensemble->group[g].most = rest < most ? rest : most;
	}
	const int64_t dimension = tw_network_dimension(&ensemble->options.network);
	for (int i = 0; i < ensemble->places; i++)
		TW_TRY(tw_alloc_array((void **)&ensemble->replica[i].theta, dimension, sizeof(double), "an ensemble"));
	return TW_OK;
}

tw_status tw_ensemble_create(const tw_ensemble_options *options, tw_ensemble **out)
{
	tw_ensemble *ensemble = NULL;
	*out = NULL;
	TW_CHECK(options->data->local == options->data->observations, TW_INTERNAL,
	         "an ensemble needs the whole data set on its process");
	TW_TRY(tw_alloc((void **)&ensemble, sizeof *ensemble, "an ensemble"));
	ensemble->options = *options;
	ensemble->full_batch = is_full_batch(options);
	ensemble->chunks = tw_chunks_of(options->data->observations, options->chunks);
	tw_status status = tw_comm_self(&ensemble->self);
	if (status == TW_OK) status = make_places(ensemble);
	if (status != TW_OK) {
		tw_ensemble_free(ensemble);
		return status;
	}
	*out = ensemble;
	return TW_OK;
}

void tw_ensemble_free(tw_ensemble *ensemble)
{
	if (!ensemble) return;
	for (int i = 0; ensemble->replica && i < ensemble->places; i++) {
		tw_feed_free(ensemble->replica[i].feed);
		tw_free(ensemble->replica[i].theta);
	}
	for (int g = 0; ensemble->group && g < ensemble->groups; g++) lanes_free(ensemble->group[g].lanes);
	iterates_free(ensemble->waiting);
	tw_free(ensemble->replica);
	tw_free(ensemble->group);
	tw_comm_free(ensemble->self);
	tw_free(ensemble);
}

int tw_ensemble_places(const tw_ensemble *ensemble) { return ensemble->places; }

int tw_ensemble_free_places(const tw_ensemble *ensemble)
{
	int count = 0;
	for (int i = 0; i < ensemble->places; i++) count += !ensemble->replica[i].taken;
	return count;
}

int64_t tw_ensemble_memory(const tw_ensemble *ensemble)
{
	int64_t bytes = ensemble->waiting ? iterates_memory(ensemble->waiting) : 0;
	for (int g = 0; g < ensemble->groups; g++)
		if (ensemble->group[g].lanes) bytes += ensemble->group[g].lanes->memory;
	return bytes;
}

/* ---- groups ---------------------------------------------------------------------------------------------------- */

static int replicas_in(const group *group)
{
	int count = 0;
	for (int r = 0; r < LANES_MOST; r++) count += group->place[r] != NULL;
	return count;
}

/* Makes the group `size` lanes wide, its replicas side by side at the start. Their bits do not notice. */
static tw_status resize(const tw_ensemble *ensemble, group *group, int size)
{
	tw_lanes *before = group->lanes, *after;
	replica *place[LANES_MOST] = {NULL};
	TW_TRY(lanes_create(&ensemble->options, size, &after));
	for (int r = 0, next = 0; r < LANES_MOST; r++) {
		if (!group->place[r]) continue;
		lanes_move(before, r, after, next);
		place[next++] = group->place[r];
	}
	memcpy(group->place, place, sizeof place);
	lanes_free(before);
	group->lanes = after;
	return TW_OK;
}

/* A free lane of the group, which grows where it has to. */
static tw_status find_lane(const tw_ensemble *ensemble, group *group, int *lane)
{
	const int needed = replicas_in(group) + 1, size = group->lanes ? group->lanes->group : 0;
	if (needed > size) TW_TRY(resize(ensemble, group, needed == 1 ? power_of_two(group->most) : power_of_two(needed)));
	for (*lane = 0; group->place[*lane]; (*lane)++) {}
	return TW_OK;
}

tw_status tw_ensemble_start(tw_ensemble *ensemble, const tw_replica_start *start)
{
	const tw_ensemble_options *options = &ensemble->options;
	replica *free_place = NULL;
	group *chosen = NULL;
	for (int i = ensemble->places - 1; i >= 0; i--)
		if (!ensemble->replica[i].taken) free_place = &ensemble->replica[i];
	for (int g = ensemble->groups - 1; g >= 0; g--)
		if (replicas_in(&ensemble->group[g]) < ensemble->group[g].most) chosen = &ensemble->group[g];
	TW_CHECK(free_place && chosen, TW_INTERNAL, "an ensemble of %d places is full", ensemble->places);
	int lane;
	TW_TRY(find_lane(ensemble, chosen, &lane));
	double *theta = free_place->theta;
	*free_place = (replica){.start = *start, .course = start->course, .theta = theta};
	free_place->start.theta = NULL;
	if (!ensemble->full_batch)
		TW_TRY(tw_feed_create(ensemble->self, options->data, options->sampling, options->batch, options->chunks,
		                      start->seed, start->run, &free_place->feed));
	free_place->taken = true;
	chosen->place[lane] = free_place;
	lanes_clear(chosen->lanes, lane); /* while it was vacant, updates have gone over its state */
	lanes_import(chosen->lanes, lane, start->theta);
	return TW_OK;
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

/* The run in this lane is over at the present theta. */
static void end_run(group *group, int lane, tw_stop_reason reason)
{
	replica *replica = group->place[lane];
	replica->ended = true;
	replica->reason = reason;
	lanes_export(group->lanes, lane, replica->theta);
	tw_feed_free(replica->feed);
	replica->feed = NULL;
	group->place[lane] = NULL;
}

/* Applies the rules to what is known of the present theta (cost NaN: nothing yet), through as many stages as end here.
 * Returns whether the run goes on. */
static tw_status apply_rules(group *group, int lane, double cost, double norm, bool *goes_on)
{
	tw_course *course = &group->place[lane]->course;
	*goes_on = true;
	for (;;) {
		tw_stop_reason reason = tw_course_limit(course);
		if (reason == TW_RUNNING && !isnan(cost)) reason = tw_course_check(course, cost, norm);
		if (reason == TW_RUNNING) return TW_OK;
		bool more;
		TW_TRY(tw_course_next_stage(course, reason, &more));
		if (more) continue;
		end_run(group, lane, reason);
		*goes_on = false;
		return TW_OK;
	}
}

static tw_status next_batch(const tw_ensemble *ensemble, group *group, lanes_batch *batch)
{
	const tw_data *data = ensemble->options.data;
	*batch =
	    (lanes_batch){.shared = ensemble->full_batch, .chunks = ensemble->chunks, .x = data->dense, .y = data->output};
	if (ensemble->full_batch) return TW_OK;
	batch->chunks = (tw_chunks){0};
	for (int r = 0; r < group->lanes->group; r++) {
		tw_batch mine;
		if (!group->place[r]) continue;
		TW_TRY(tw_feed_get(group->place[r]->feed, group->place[r]->course.step, &mine));
		batch->count[r] = mine.count;
		batch->x_rows[r] = mine.dense_rows;
		batch->y_rows[r] = mine.output_rows;
		if (mine.chunks.size > batch->chunks.size) batch->chunks = mine.chunks;
	}
	return TW_OK;
}

/* Norm of the gradient of f where the rules of the present stage ask for it. */
static double norm_for_rules(group *group, int lane, bool full_batch)
{
	const tw_course *course = &group->place[lane]->course;
	bool asked = false;
	for (int i = course->at; i < course->stages; i++) asked |= course->stage[i].stop.gradient_norm > 0;
	return asked && full_batch ? sqrt(lanes_squared_norm(group->lanes, lane)) : NAN;
}

/* ---- what is measured of iterates -------------------------------------------------------------------------------- */

static bool is_due(int64_t every, int64_t step) { return every > 0 && step % every == 0; }

static tw_status deliver(replica *replica, const tw_trace_point *point)
{
	if (!isnan(point->gradient_norm_squared) && point->step > 0) {
		replica->norms_squared += point->gradient_norm_squared;
		replica->norms++;
	}
	return replica->start.trace ? replica->start.trace(replica->start.self, point) : TW_OK;
}

/* The iterate turned out to be none: the run ended there. */
static void end_run_at(tw_ensemble *ensemble, replica *replica, const waiting_iterate *iterate, const void *theta)
{
	for (int g = 0; g < ensemble->groups; g++)
		for (int r = 0; r < LANES_MOST; r++)
			if (ensemble->group[g].place[r] == replica) {
				end_run(&ensemble->group[g], r, TW_STOP_DIVERGED);
				lanes_clear(ensemble->group[g].lanes, r);
			}
	const int64_t dimension = tw_network_dimension(&ensemble->options.network);
	for (int64_t i = 0; i < dimension; i++) replica->theta[i] = tw_real_get(ensemble->options.precision, theta, i);
	replica->reason = TW_STOP_DIVERGED;
	replica->course.step = iterate->point.step;
	replica->course.observations = iterate->observations;
}

/* Measures the iterates that wait and hands them out in the order of the steps. A run that diverged at one of them ends
 * there, and its later ones are dropped. */
static tw_status measure_waiting(tw_ensemble *ensemble, bool *ended)
{
	iterates *waiting = ensemble->waiting;
	if (!waiting || iterates_count(waiting) == 0) return TW_OK;
	TW_TRY(iterates_measure(waiting));
	for (int i = 0; i < iterates_count(waiting); i++) {
		const waiting_iterate *iterate = iterates_get(waiting, i);
		replica *replica = &ensemble->replica[iterate->owner];
		if (replica->ended && replica->course.step < iterate->point.step) continue;
		if (isinf(iterate->point.cost) || isinf(iterate->point.gradient_norm_squared)) {
			end_run_at(ensemble, replica, iterate, iterates_theta(waiting, i));
			*ended = true;
		} else {
			TW_TRY(deliver(replica, &iterate->point));
		}
	}
	iterates_clear(waiting);
	return TW_OK;
}

/* The iterate of a mini-batch run is kept to be measured later. */
static tw_status let_wait(tw_ensemble *ensemble, group *group, int lane, const tw_trace_point *point)
{
	replica *replica = group->place[lane];
	void *theta;
	if (!ensemble->waiting) TW_TRY(iterates_create(&ensemble->options, &ensemble->waiting));
	iterates_add(ensemble->waiting,
	             &(waiting_iterate){.owner = (int)(replica - ensemble->replica),
	                                .wants_norm = is_due(ensemble->options.gradient_norm_every, point->step),
	                                .observations = replica->course.observations,
	                                .point = *point},
	             &theta);
	lanes_copy(group->lanes, lane, theta);
	return TW_OK;
}

/* The iterate before its update: cost is f for full batches. */
static tw_status observe(tw_ensemble *ensemble, group *group, int lane, double cost, double step_size)
{
	const tw_ensemble_options *options = &ensemble->options;
	replica *replica = group->place[lane];
	const int64_t step = replica->course.step;
	const bool norm = is_due(options->gradient_norm_every, step);
	if (!norm && !is_due(options->cost_every, step)) return TW_OK;
	tw_trace_point point = {.step = step, .cost = cost, .gradient_norm_squared = NAN, .step_size = step_size};
	if (!ensemble->full_batch) return let_wait(ensemble, group, lane, &point);
	if (norm) point.gradient_norm_squared = lanes_squared_norm(group->lanes, lane);
	return norm || replica->start.trace ? deliver(replica, &point) : TW_OK;
}

/* One step of every replica of the group: batch, gradient, rules, update. */
static tw_status step_group(tw_ensemble *ensemble, group *group, bool *ended)
{
	tw_lanes *lanes = group->lanes;
	const bool noisy = tw_update_is_noisy(ensemble->options.update);
	double cost[LANES_MOST], step_size[LANES_MOST] = {0}, count[LANES_MOST];
	bool vacant[LANES_MOST] = {false}, goes_on;
	lanes_batch batch;
	if (ensemble->waiting && !iterates_have_room(ensemble->waiting, lanes->group))
		TW_TRY(measure_waiting(ensemble, ended));
	for (int r = 0; r < lanes->group; r++) {
		count[r] = 1;
		if (!group->place[r]) continue;
		TW_TRY(apply_rules(group, r, NAN, NAN, &goes_on));
		if (!goes_on) *ended = true, lanes_clear(lanes, r);
	}
	if (replicas_in(group) == 0) return TW_OK;
	TW_TRY(next_batch(ensemble, group, &batch));
	lanes_evaluate(lanes, &batch, cost);
	for (int r = 0; r < lanes->group; r++) {
		replica *replica = group->place[r];
		if (!replica) continue;
		if (!isfinite(cost[r])) {
			end_run(group, r, TW_STOP_DIVERGED);
			goes_on = false;
		} else {
			TW_TRY(apply_rules(group, r, ensemble->full_batch ? cost[r] : NAN,
			                   norm_for_rules(group, r, ensemble->full_batch), &goes_on));
		}
		vacant[r] = !goes_on;
		if (!goes_on) continue;
		step_size[r] = tw_course_step_size(&replica->course, cost[r]);
		TW_TRY(observe(ensemble, group, r, cost[r], step_size[r]));
		if (noisy)
			lanes_add_noise(
			    lanes, r,
			    (tw_random){.seed = replica->start.seed, .purpose = TW_RANDOM_NOISE, .run = replica->start.run},
			    (int64_t)replica->updates, ensemble->options.update_value[0]);
		count[r] = ++replica->updates;
		tw_course_advance(&replica->course, ensemble->full_batch ? ensemble->chunks.size : batch.count[r]);
	}
	lanes_update(lanes, step_size, count);
	for (int r = 0; r < lanes->group; r++)
		if (vacant[r]) *ended = true, lanes_clear(lanes, r);
	return TW_OK;
}

tw_status tw_ensemble_train(tw_ensemble *ensemble, int64_t steps)
{
	bool ended = false;
	flush_denormals();
	for (int g = 0; g < ensemble->groups; g++) {
		group *group = &ensemble->group[g];
		const int size = power_of_two(replicas_in(group));
		if (replicas_in(group) > 0 && size < group->lanes->group) TW_TRY(resize(ensemble, group, size));
	}
	for (int64_t k = 0; k < steps && !ended; k++)
		for (int g = 0; g < ensemble->groups; g++)
			if (replicas_in(&ensemble->group[g]) > 0) TW_TRY(step_group(ensemble, &ensemble->group[g], &ended));
	/* A run that has ended is handed out with all its iterates measured. */
	return ended ? measure_waiting(ensemble, &ended) : TW_OK;
}

bool tw_ensemble_take(tw_ensemble *ensemble, tw_replica_end *end)
{
	for (int i = 0; i < ensemble->places; i++) {
		replica *replica = &ensemble->replica[i];
		if (!replica->taken || !replica->ended) continue;
		*end = (tw_replica_end){.tag = replica->start.tag,
		                        .reason = replica->reason,
		                        .steps = replica->course.step,
		                        .observations = replica->course.observations,
		                        .norms_squared = replica->norms_squared,
		                        .norms = replica->norms,
		                        .theta = replica->theta};
		replica->taken = false;
		return true;
	}
	return false;
}

int64_t tw_ensemble_steps_under_way(const tw_ensemble *ensemble)
{
	int64_t steps = 0;
	for (int i = 0; i < ensemble->places; i++)
		if (ensemble->replica[i].taken && !ensemble->replica[i].ended) steps += ensemble->replica[i].course.step;
	return steps;
}
