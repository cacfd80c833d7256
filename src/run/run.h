/* A run in memory: private to src/run. */
#ifndef THALWEG_RUN_RUN_H
#define THALWEG_RUN_RUN_H

#include <thalweg/run.h>

struct tw_run {
	tw_comm *comm;
	const tw_settings *settings;
	tw_data *data, *test;
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

#endif
