/* thalweg/run.h: settings of a run, and training. */
#ifndef THALWEG_RUN_H
#define THALWEG_RUN_H

#include <thalweg/method.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- settings ------------------------------------------------------------------------------------------------ */

enum { TW_MAX_STAGES = 8, TW_MAX_HIDDEN = TW_MAX_LAYERS - 1 };

/* One stage of training: its own step sizes and stop rules. Without `stages:` in the file there is one, made of
 * `method:` and `stop:`; an element of `stages:` overrides keys of these two maps. Update state carries over. */
typedef struct {
	tw_schedule schedule;
	tw_stop stop;
} tw_stage;

/* The resolved configuration. Strings are owned by the settings. */
typedef struct {
	uint64_t seed;
	uint32_t run; /* start number: 0 for train */
	tw_precision precision;
	int threads; /* 0: decide from the environment */
	tw_data_options data;
	/* network: inputs and outputs come from the data */
	int64_t hidden[TW_MAX_HIDDEN];
	int hidden_count;
	int activation;
	double activation_value[TW_MAX_PARAMETERS];
	tw_output output;
	bool bias;
	int loss;
	double penalty; /* penalty: {l2: lambda} */
	tw_initial initial;
	char *initial_file; /* model.h5 or .npy; NULL */
	int64_t batch;      /* 0: all */
	tw_sampling sampling;
	int chunks; /* 0: automatic */
	tw_reduction reduction;
	bool overlap;
	int update;
	double update_value[TW_MAX_PARAMETERS];
	tw_stage stage[TW_MAX_STAGES];
	int stages;
	bool timing;                                         /* see tw_objective_options */
	int64_t cost_every, gradient_norm_every, test_every; /* steps; 0: never; cost_every -1: once an epoch */
} tw_settings;

/* The embedded default: circles, 2-3-1, to a local minimum. */
void tw_settings_defaults(tw_settings *settings);
/* Reads file (NULL: the embedded default alone), then applies "a.b.c=value" overrides in order. TW_USAGE with file,
 * line and remedy, TW_IO when it cannot be read. */
tw_status tw_settings_read(tw_settings *settings, const char *file, const char *const *set, int sets);
/* The resolved configuration as YAML text (heap, tw_free), from which the same run can be repeated. */
tw_status tw_settings_write(const tw_settings *settings, char **text);
void tw_settings_free(tw_settings *settings);
/* The network these settings make of a data set; TW_USAGE when they do not fit. */
tw_status tw_settings_network(const tw_settings *settings, const tw_data *data, tw_network *network);

/* ---- training ------------------------------------------------------------------------------------------------ */

/* One line of metrics; values not evaluated are NaN. cost is f at theta after `step` updates. */
typedef struct {
	int64_t step;
	double epoch;
	int64_t observations;
	double cost, gradient_norm_squared, step_size, test_cost;
	int stage;
} tw_record;

/* Called on rank 0 only, in the order of the steps; a failure ends the run on all ranks. finished: once, at the end. */
typedef struct {
	void *self;
	tw_status (*record)(void *self, const tw_record *record);
	/* For progress: every step, cheap; cost is the latest known. total: step limit over all stages, 0 unknown. */
	void (*progress)(void *self, const tw_record *latest, int64_t total_steps, double seconds);
} tw_monitor;

typedef struct {
	double cost;                                     /* f at the last iterate, penalty included */
	double gradient_norm_squared;                    /* of f at the last iterate */
	double accuracy;                                 /* NaN where there are no classes */
	double r_squared;                                /* NaN for classes */
	double test_cost, test_accuracy, test_r_squared; /* NaN without a test part */
	int64_t steps, observations;
	double epochs;
	tw_stop_reason stop_reason;
	int last_stage;
	double seconds;                                                                       /* the training loop alone */
	double compute_seconds, wait_seconds, reduce_seconds, feed_seconds, evaluate_seconds; /* this rank's shares of it */
	double observations_per_second;
	int ranks, threads;
	char theta_sha256[65];
} tw_summary;

/* A run in memory: data, network, objective and theta. */
typedef struct tw_run tw_run;
/* Collective. Loads the data, builds network and objective, fills theta. settings is borrowed. */
tw_status tw_run_create(tw_comm *comm, const tw_settings *settings, tw_run **out);
void tw_run_free(tw_run *run);
const tw_network *tw_run_network(const tw_run *run);
const tw_data *tw_run_data(const tw_run *run);
const tw_data *tw_run_test_data(const tw_run *run); /* NULL: none */
const tw_objective *tw_run_objective(const tw_run *run);
/* Canonical theta (d doubles, owned by the run) as of the last train or import. */
const double *tw_run_theta(const tw_run *run);
tw_status tw_run_set_theta(tw_run *run, const double *theta);
/* The same theta as a vector of the objective (owned by the run): for tw_objective_measure and its like. */
const void *tw_run_theta_vector(const tw_run *run);
int tw_run_threads(const tw_run *run);
/* Collective. Trains to a stop rule. Diverged is TW_OK here with stop_reason TW_STOP_DIVERGED. */
tw_status tw_run_train(tw_run *run, const tw_monitor *monitor, tw_summary *summary);
/* Collective. What each rank's training loop was spent on in the last tw_run_train: out gets one entry a rank. */
typedef struct {
	double seconds, compute, wait, reduce, feed, evaluate;
} tw_rank_times;
tw_status tw_run_rank_times(tw_run *run, tw_rank_times *out);
/* SHA-256 of canonical theta as little-endian reals of the precision. */
void tw_theta_sha256(tw_precision precision, const double *theta, int64_t count, char out[65]);
/* May be called from a signal handler, on any rank: training stops within about a twentieth of a second on all ranks
 * with TW_STOP_INTERRUPTED. */
void tw_request_stop(void);

/* Collective. Replays `steps` steps of the first stage, without stop rules or metrics; trace(self, step, theta) is
 * called on rank 0 after each with canonical theta: what verify-layout compares between layouts. */
tw_status tw_run_replay(tw_run *run, int64_t steps, tw_status (*trace)(void *self, int64_t step, const double *theta),
                        void *self);

/* ---- models on disk ------------------------------------------------------------------------------------------ */

/* Rank 0 only, no collective. Writes/reads model.h5: dataset `theta` (reals of the precision) and the attributes of the
 * network. Written to a temporary file, fsync, rename, directory fsync. TW_IO names the file and what is wrong. */
tw_status tw_model_write(const char *file, const tw_network *network, tw_precision precision, const double *theta);
/* *theta: tw_network_dimension doubles, tw_free. */
tw_status tw_model_read(const char *file, tw_network *network, tw_precision *precision, double **theta);
/* theta alone from an .npy vector (float or double, one axis). */
tw_status tw_theta_read_npy(const char *file, int64_t dimension, double **theta);
/* Collective: initial theta from model.h5 or .npy, checked against the network, on all ranks. */
tw_status tw_theta_load(tw_comm *comm, const char *file, const tw_network *network, double *theta);

#ifdef __cplusplus
}
#endif
#endif
