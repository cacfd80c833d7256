/* thalweg/ensemble.h: replicas of one network trained side by side, each with its own start, step sizes, stop rules and
 * batches.
 */
#ifndef THALWEG_ENSEMBLE_H
#define THALWEG_ENSEMBLE_H

#include <thalweg/method.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What all replicas of an ensemble have in common. The data set is whole on this process (local == observations). */
typedef struct {
	tw_network network;
	int loss;
	double penalty;
	tw_precision precision;
	int update;
	double update_value[TW_MAX_PARAMETERS];
	tw_sampling sampling;
	int64_t batch;                           /* 0: all */
	int chunks;                              /* of a batch; see tw_chunks_of */
	int64_t cost_every, gradient_norm_every; /* in steps, 0: never; measured over all observations */
	const tw_data *data;
	int replicas; /* places; 0: what fits the network and this processor best */
} tw_ensemble_options;

/* Whether an ensemble can train runs of these settings. If not, *why says what is in the way, in a few words; such runs
 * go one by one over tw_objective. */
bool tw_ensemble_covers(const tw_ensemble_options *options, const tw_stage *stage, int stages, const char **why);

/* An ensemble belongs to one thread and makes no collective call. Every replica has the bits of the same run over
 * tw_objective, whatever its neighbours, its place or the number of places. */
typedef struct tw_ensemble tw_ensemble;
tw_status tw_ensemble_create(const tw_ensemble_options *options, tw_ensemble **out);
void tw_ensemble_free(tw_ensemble *ensemble);
int tw_ensemble_places(const tw_ensemble *ensemble);
int tw_ensemble_free_places(const tw_ensemble *ensemble);
/* Bytes it holds. */
int64_t tw_ensemble_memory(const tw_ensemble *ensemble);

/* An iterate as measured: f and ||grad f||^2 over all observations at theta after `step` updates, and the step size of
 * the next. NaN: not measured. */
typedef struct {
	int64_t step;
	double cost, gradient_norm_squared, step_size;
} tw_trace_point;

/* A run to be trained. */
typedef struct {
	int64_t tag; /* the caller's name for it */
	uint64_t seed;
	uint32_t run;        /* with the seed, key of its batches and noise */
	const double *theta; /* canonical start, copied */
	tw_course course;
	/* Called, where not NULL, with each iterate that is measured, in the order of the steps: those whose step is a
	 * multiple of cost_every or gradient_norm_every, the end point excepted. Iterates of mini-batch runs are measured
	 * many at a time, some steps later. */
	void *self;
	tw_status (*trace)(void *self, const tw_trace_point *point);
} tw_replica_start;
/* Puts a run into a free place. */
tw_status tw_ensemble_start(tw_ensemble *ensemble, const tw_replica_start *start);

/* A run that has ended. */
typedef struct {
	int64_t tag;
	tw_stop_reason reason;
	int64_t steps, observations;
	double norms_squared; /* sum of ||grad f||^2 over the iterates gradient_norm_every, 2 gradient_norm_every, ..., */
	int64_t norms;        /* and how many they are; the start and the end point excepted */
	const double *theta;  /* canonical end point; valid until the next call on the ensemble */
} tw_replica_end;
/* Each replica takes up to `steps` steps; returns early once a run has ended. */
tw_status tw_ensemble_train(tw_ensemble *ensemble, int64_t steps);
/* Hands out a run that has ended and frees its place; false when there is none. */
bool tw_ensemble_take(tw_ensemble *ensemble, tw_replica_end *end);
/* Steps made so far by the replicas that are still running, summed. */
int64_t tw_ensemble_steps_under_way(const tw_ensemble *ensemble);

/* ---- many points measured at once ---------------------------------------------------------------------------- */

/* f and the norm of its gradient over a whole data set, at many points of one network side by side: the first layer is
 * one product for all of them, and columns and rows of inputs that are zero are left out where that is exact. Belongs
 * to one thread, makes no collective call. The bits of a point do not depend on the points measured with it. Without
 * penalty. */
typedef struct tw_points tw_points;
/* network, loss, data (whole on this process, dense, of any precision) are borrowed. gradients: whether norms are
 * wanted too. TW_USAGE where network, loss and data do not fit, TW_NO_MEMORY. */
tw_status tw_points_create(const tw_network *network, int loss, const tw_data *data, bool gradients, tw_points **out);
void tw_points_free(tw_points *points);
/* As many points as it takes to be fast; any number may be given. */
int tw_points_at_once(const tw_points *points);
int64_t tw_points_memory(const tw_points *points);
/* theta[i]: canonical parameters of point i as reals of the data's precision. cost[i] = f there (not finite: diverged);
 * gradient_norm_squared[i] = ||grad f||^2, may be NULL. gradient: NULL, or count pointers to `dimension` reals each
 * that get grad f in canonical order. */
tw_status tw_points_measure(tw_points *points, int count, const void *const *theta, double *cost,
                            double *gradient_norm_squared, void *const *gradient);

#ifdef __cplusplus
}
#endif
#endif
