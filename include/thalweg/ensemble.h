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
	int64_t batch; /* 0: all */
	int chunks;    /* of a batch; see tw_chunks_of */
	int64_t cost_every;
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

/* A run to be trained. */
typedef struct {
	int64_t tag; /* the caller's name for it */
	uint64_t seed;
	uint32_t run;        /* with the seed, key of its batches and noise */
	const double *theta; /* canonical start, copied */
	tw_course course;
	/* Called before the update of every step that is a multiple of cost_every, where not NULL; full batches only. */
	void *self;
	tw_status (*trace)(void *self, int64_t step, double cost, double step_size);
} tw_replica_start;
/* Puts a run into a free place. */
tw_status tw_ensemble_start(tw_ensemble *ensemble, const tw_replica_start *start);

/* A run that has ended. */
typedef struct {
	int64_t tag;
	tw_stop_reason reason;
	int64_t steps, observations;
	const double *theta; /* canonical end point; valid until the next call on the ensemble */
} tw_replica_end;
/* Each replica takes up to `steps` steps; returns early once a run has ended. */
tw_status tw_ensemble_train(tw_ensemble *ensemble, int64_t steps);
/* Hands out a run that has ended and frees its place; false when there is none. */
bool tw_ensemble_take(tw_ensemble *ensemble, tw_replica_end *end);
/* Steps made so far by the replicas that are still running, summed. */
int64_t tw_ensemble_steps_under_way(const tw_ensemble *ensemble);

#ifdef __cplusplus
}
#endif
#endif
