/* A run in memory: private to src/run. */
#ifndef THALWEG_RUN_RUN_H
#define THALWEG_RUN_RUN_H

#include <thalweg/run.h>

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
};

/* Collective. The same as tw_run_create on data that are there already (borrowed; test may be NULL), with this many
 * threads a rank. */
tw_status run_create_on(tw_comm *comm, const tw_settings *settings, tw_data *data, tw_data *test, int threads,
                        tw_run **out);
/* Chunks of a batch of this many observations, for a network of `dimension` parameters: method.chunks, or the rule. */
int run_chunks(const tw_settings *settings, int64_t dimension, int64_t batch);

/* Whether somebody has asked to stop since the last call of run_stop_clear. */
bool run_stop_requested(void);
void run_stop_clear(void);

#endif
