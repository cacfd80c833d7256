#include "ensemble/iterates.h"

#include <math.h>

enum { LEAST_ROOM = 16 }; /* replicas of a group */

struct iterates {
	tw_points *points;
	bool norms; /* of some iterates at least */
	int room, count;
	size_t theta_bytes;
	char *theta; /* room x dimension reals */
	waiting_iterate *iterate;
	const void **pointer;
	double *cost, *norm;
};

static tw_status make_room(iterates *waiting, const tw_ensemble_options *options)
{
	const int64_t dimension = tw_network_dimension(&options->network);
	waiting->norms = options->gradient_norm_every > 0;
	TW_TRY(tw_points_create(&options->network, options->loss, options->data, waiting->norms, &waiting->points));
	waiting->room = tw_points_at_once(waiting->points);
	while (waiting->room < LEAST_ROOM) waiting->room *= 2;
	waiting->theta_bytes = (size_t)dimension * tw_real_size(options->precision);
	TW_TRY(tw_alloc_array((void **)&waiting->theta, waiting->room, waiting->theta_bytes, "iterates to be measured"));
	TW_TRY(tw_alloc_array((void **)&waiting->iterate, waiting->room, sizeof *waiting->iterate, "iterates"));
	TW_TRY(tw_alloc_array((void **)&waiting->pointer, waiting->room, sizeof *waiting->pointer, "iterates"));
	TW_TRY(tw_alloc_array((void **)&waiting->cost, waiting->room, sizeof *waiting->cost, "iterates"));
	TW_TRY(tw_alloc_array((void **)&waiting->norm, waiting->room, sizeof *waiting->norm, "iterates"));
	for (int i = 0; i < waiting->room; i++) waiting->pointer[i] = iterates_theta(waiting, i);
	return TW_OK;
}

tw_status iterates_create(const tw_ensemble_options *options, iterates **out)
{
	iterates *waiting = NULL;
	*out = NULL;
	TW_TRY(tw_alloc((void **)&waiting, sizeof *waiting, "iterates to be measured"));
	tw_status status = make_room(waiting, options);
	if (status != TW_OK) {
		iterates_free(waiting);
		return status;
	}
	*out = waiting;
	return TW_OK;
}

void iterates_free(iterates *waiting)
{
	if (!waiting) return;
	tw_points_free(waiting->points);
	tw_free(waiting->theta), tw_free(waiting->iterate), tw_free(waiting->pointer);
	tw_free(waiting->cost), tw_free(waiting->norm);
	tw_free(waiting);
}

void iterates_add(iterates *waiting, const waiting_iterate *iterate, void **theta)
{
	*theta = waiting->theta + (size_t)waiting->count * waiting->theta_bytes;
	waiting->iterate[waiting->count++] = *iterate;
}

bool iterates_have_room(const iterates *waiting, int more) { return waiting->count + more <= waiting->room; }
int iterates_count(const iterates *waiting) { return waiting->count; }

tw_status iterates_measure(iterates *waiting)
{
	bool norms = false;
	for (int i = 0; i < waiting->count; i++) norms |= waiting->iterate[i].wants_norm;
	TW_TRY(tw_points_measure(waiting->points, waiting->count, waiting->pointer, waiting->cost,
	                         norms ? waiting->norm : NULL, NULL));
	for (int i = 0; i < waiting->count; i++) {
		waiting_iterate *iterate = &waiting->iterate[i];
		iterate->point.cost = waiting->cost[i];
		iterate->point.gradient_norm_squared = iterate->wants_norm ? waiting->norm[i] : NAN;
	}
	return TW_OK;
}

const waiting_iterate *iterates_get(const iterates *waiting, int i) { return &waiting->iterate[i]; }

const void *iterates_theta(const iterates *waiting, int i) { return waiting->theta + (size_t)i * waiting->theta_bytes; }

void iterates_clear(iterates *waiting) { waiting->count = 0; }

int64_t iterates_memory(const iterates *waiting)
{
	return tw_points_memory(waiting->points) + waiting->room * (int64_t)waiting->theta_bytes;
}
