/* A run in memory: private to src/run. */
#ifndef THALWEG_RUN_RUN_H
#define THALWEG_RUN_RUN_H

#include <thalweg/run.h>

#include "run/keeper.h"

struct tw_run {
	tw_comm *comm;
	const tw_settings *settings;
	tw_data *data, *test;
	bool owns_data;
	tw_network network;
	tw_objective objective;
	tw_feed *feed;  /* batches of the method */
	tw_feed *whole; /* the training set as one batch, for f itself; full-batch methods have it in feed */
	bool full_batch;
	tw_update update;
	void *theta, *gradient; /* vectors of the objective */
	void *norm_gradient;    /* of f, where a mini-batch method reports its norm; made when needed */
	double *canonical;      /* d doubles */
	int threads;
	tw_rank_times times; /* of the last training */
	bool has_checksums;  /* of the data, made when a checkpoint needs them */
	uint64_t train_checksum, test_checksum;
};

/* Collective. The same as tw_run_create on data that are there already (borrowed; test may be NULL), with this many
 * threads a rank. */
tw_status run_create_on(tw_comm *comm, const tw_settings *settings, tw_data *data, tw_data *test, int threads,
                        tw_run **out);
/* Chunks of a batch of this many observations, for a network of `dimension` parameters: method.chunks, or the rule. */
int run_chunks(const tw_settings *settings, int64_t dimension, int64_t batch);

/* Steps between two evaluations of f: metrics.cost_every, where that is -1 once an epoch. */
int64_t run_cost_every(const tw_settings *settings, int64_t observations);
/* Mean of `norms` squared norms of gradients with this sum, and of that of the end point where it is due. NaN: none. */
double run_mean_norm(double norms_squared, int64_t norms, int64_t every, int64_t steps, tw_stop_reason reason,
                     double end_norm_squared);

/* What theory says along a run, for metrics.rayleigh and metrics.bound (theory.c). */
typedef struct run_theory run_theory;
/* Collective. *out NULL where neither is asked for. TW_USAGE where the objective has no Hessian-vector products, or the
 * norm of the gradient is never measured. */
tw_status run_theory_create(tw_run *run, run_theory **out);
void run_theory_free(run_theory *theory);
/* Collective. At the run's theta, after `step` updates, with f, its gradient (a vector of the objective) and its
 * squared norm in record: fills the record's fields. */
tw_status run_theory_observe(run_theory *theory, const void *gradient, tw_record *record);
void run_theory_summarise(const run_theory *theory, int64_t steps, tw_bound_summary *out);

/* What of it changes from step to step, for checkpoints. */
int64_t run_theory_values(const run_theory *theory); /* how many numbers that is; NULL: 0 */
void run_theory_export(const run_theory *theory, double *out);
void run_theory_import(run_theory *theory, const double *in);

/* What a checkpoint (checkpoint.h) holds of a run, besides theta and the state of the update rule (checkpoint_run.c).
 */
typedef struct {
	tw_course course;
	double step_size; /* of the last update */
	double norms_squared;
	int64_t norms;
	double seconds;     /* of training so far */
	run_theory *theory; /* NULL: there is none; borrowed */
} run_state;
/* Collective. Copies the state on rank 0 and has the keeper hand it to monitor->keep, once the one before it is kept;
 * but none whose theta is not finite. *keeper is made at the first call on rank 0: run_keeper_free. recorded: on rank
 * 0, how the records of the metrics fared. */
tw_status run_checkpoint_keep(tw_run *run, const run_state *state, const tw_monitor *monitor, run_keeper **keeper,
                              tw_status recorded);
/* Collective. Puts the run where monitor->start of rank 0 was, if there is one; TW_USAGE where that is not of these
 * data, network and method. What the configuration says in state->course stays. */
tw_status run_checkpoint_go_on(tw_run *run, run_state *state, const tw_monitor *monitor, bool *resumed);

/* Whether somebody has asked to stop since the last call of run_stop_clear. */
bool run_stop_requested(void);
void run_stop_clear(void);

#endif
