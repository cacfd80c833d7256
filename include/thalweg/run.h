/* thalweg/run.h: settings of a run, and training. */
#ifndef THALWEG_RUN_H
#define THALWEG_RUN_H

#include <thalweg/ensemble.h>
#include <thalweg/linalg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- settings ------------------------------------------------------------------------------------------------ */

enum { TW_MAX_HIDDEN = TW_MAX_LAYERS - 1 };

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
	/* Without `stages:` in the file there is one, made of `method:` and `stop:`; an element of `stages:` overrides keys
	 * of these two maps. */
	tw_stage stage[TW_MAX_STAGES];
	int stages;
	bool timing;                                         /* see tw_objective_options */
	int64_t cost_every, gradient_norm_every, test_every; /* steps; 0: never; cost_every -1: once an epoch */
	bool rayleigh, bound;                                /* wherever the gradient's norm is measured: see tw_record */
	int64_t checkpoint_steps;                            /* steps between two checkpoints; 0: not by steps */
	double checkpoint_seconds;
	int checkpoint_keep; /* how many are kept */
} tw_settings;

/* The embedded default: circles, 2-3-1, to a local minimum. */
void tw_settings_defaults(tw_settings *settings);
/* Reads file (NULL: the embedded default alone), then applies "a.b.c=value" overrides in order. TW_USAGE with file,
 * line and remedy, TW_IO when it cannot be read. */
tw_status tw_settings_read(tw_settings *settings, const char *file, const char *const *set, int sets);
/* The same from the text of a configuration; name stands for the file in messages. */
tw_status tw_settings_parse(tw_settings *settings, const char *name, const char *text, const char *const *set,
                            int sets);
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
	/* metrics.rayleigh: R(H; grad f) of (4.28), and 2/R, the step size up to which the quadratic model promises descent
	 * (infinite where R <= 0). metrics.bound: mean of ||grad f||^2 over the iterates measured so far, the start
	 * included, and the right side of (4.19) for K = step + 1, as many iterates as there are. */
	double rayleigh_quotient, step_size_limit, average_gradient_norm_squared, gradient_bound;
	int stage;
} tw_record;

/* All that a run needs to go on between two updates, besides its configuration and its data. */
typedef struct tw_checkpoint tw_checkpoint;

/* Called on rank 0 only, in the order of the steps; a failure ends the run on all ranks. */
typedef struct {
	void *self;
	tw_status (*record)(void *self, const tw_record *record);
	/* For progress: every step, cheap; cost is the latest known. total: step limit over all stages, 0 unknown. */
	void (*progress)(void *self, const tw_record *latest, int64_t total_steps, double seconds);
	/* Keeps the state before an update: as often as the configuration says, and when the run is asked to stop. Called
	 * on a thread of its own while the training goes on, so that record and progress may be called meanwhile; never
	 * twice at a time, and never after the training has returned. A failure ends the run at the next agreement of the
	 * ranks. checkpoint is lent for the call. NULL on all ranks or on none: no state is kept. */
	tw_status (*keep)(void *self, const tw_checkpoint *checkpoint);
	/* Where keep is set: the length of what has been recorded so far, which belongs to the state that keep will get. It
	 * need not be on the disk yet. */
	tw_status (*mark)(void *self, int64_t *bytes);
	/* Where keep is set, on rank 0: the state to go on from; NULL: the beginning. Elsewhere it is not looked at. */
	const tw_checkpoint *start;
} tw_monitor;

/* Theorem 4.8 as measured along a run (metrics.bound). */
typedef struct {
	int64_t measured;    /* iterates that were looked at; 0: none */
	double average;      /* of ||grad f||^2 over them */
	double bound;        /* alpha L M + 2 (f(theta_1) - f_inf) / (K alpha), f_inf = 0 */
	double lipschitz;    /* L: largest |eigenvalue| of the Hessian seen, with a margin of a tenth */
	double noise;        /* M, for M_G = 1: largest variance of the stochastic gradient seen */
	double step_size;    /* alpha; NaN where it was not the same throughout */
	bool step_size_fits; /* alpha <= 1 / (L M_G): condition (4.18) */
	bool smooth;         /* the activation is: Assumption 4.1 */
	bool independent;    /* batches are drawn with replacement, or are the whole set: Assumption 4.6 */
	bool plain;          /* the update is that of Algorithm 3 */
	bool holds;          /* average <= bound */
} tw_bound_summary;

typedef struct {
	double cost;                                     /* f at the last iterate, penalty included */
	double gradient_norm_squared;                    /* of f at the last iterate */
	double mean_gradient_norm_squared;               /* over the iterates measured every gradient_norm_every steps, the
	                                                    start excepted: left side of (5.3); NaN: none */
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
	int64_t checkpoints;       /* kept since the start, or since the run was resumed, */
	double checkpoint_seconds; /* and how long the training stood still for them */
	int ranks, threads;
	char theta_sha256[65];
	tw_bound_summary bound;
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
tw_status tw_theta_sha256(tw_precision precision, const double *theta, int64_t count, char out[65]);
/* May be called from a signal handler, on any rank: training stops within about a twentieth of a second on all ranks
 * with TW_STOP_INTERRUPTED. */
void tw_request_stop(void);

/* Collective. Replays `steps` steps of the first stage, without stop rules or metrics; trace(self, step, theta) is
 * called on rank 0 after each with canonical theta: what verify-layout compares between layouts. */
tw_status tw_run_replay(tw_run *run, int64_t steps, tw_status (*trace)(void *self, int64_t step, const double *theta),
                        void *self);

/* ---- curvature: the Hessian of f on the whole training set ---------------------------------------------------- */

/* The Hessian at the theta that the run has when a call below is made, through products with vectors, in canonical
 * order, off the kinks of the activation (see tw_objective). Rank 0 looks for eigenvalues and asks for products, which
 * all ranks compute: every call but _free and _dimension is collective, gives all ranks the same status, and the same
 * bits on any layout. `layer`: 0 for all of theta; l = 1..L for the diagonal block of W(l) and b(l), the Hessian as a
 * function of these parameters alone. TW_DIVERGED: theta, cost or a product is not finite; TW_INTERRUPTED after
 * tw_request_stop on rank 0. A float run has a Hessian in float: residuals and eigenvalues are accurate to about 1e-6
 * of the largest one. */
typedef struct tw_curvature tw_curvature;
/* Borrows run. TW_USAGE where its objective has no products with its Hessian. */
tw_status tw_curvature_create(tw_run *run, tw_curvature **out);
void tw_curvature_free(tw_curvature *curvature);
/* Parameters in a block; 0 where there is no such layer. */
int64_t tw_curvature_dimension(const tw_curvature *curvature, int layer);
/* The `smallest` least and the `largest` greatest eigenvalues, 0 to the block's dimension of each, with vectors over
 * the block and residuals, on all ranks; options NULL: all zero. Not all converged is TW_OK with found < asked. */
tw_status tw_curvature_extremes(tw_curvature *curvature, int layer, int smallest, int largest,
                                const tw_eigen_options *options, tw_eigenpairs *low, tw_eigenpairs *high);
/* The whole matrix, row-major, on rank 0 alone (elsewhere matrix may be NULL), by as many products as it has rows: for
 * up to some 2,000. *asymmetry, on all ranks: largest |H - H'| / largest |H| of the products, of which it is the mean
 * with its transpose. */
tw_status tw_curvature_matrix(tw_curvature *curvature, int layer, double *matrix, double *asymmetry);
/* All eigenvalues of that matrix, ascending, on all ranks. */
tw_status tw_curvature_eigenvalues(tw_curvature *curvature, int layer, double *value, double *asymmetry);
/* The density of the spectrum by Lanczos quadrature from `probes` random vectors of signs and `steps` products each, on
 * all ranks. */
tw_status tw_curvature_density(tw_curvature *curvature, int layer, int probes, int steps, uint64_t seed,
                               tw_spectral_density *out);
/* Along the gradient g of f: the quotient R = g'Hg / g'g of (4.28), and the step size 2/R below which the second-order
 * model of f says that gradient descent descends: infinite for R <= 0. Both NaN where g = 0. */
typedef struct {
	double cost, gradient_norm_squared; /* of f, penalty included */
	double quotient, step_size;
} tw_rayleigh;
tw_status tw_curvature_rayleigh(tw_curvature *curvature, tw_rayleigh *out);

/* ---- sweeps: a grid of settings, each from many starts --------------------------------------------------------- */

/* One cell of the grid. */
typedef struct {
	tw_settings settings; /* of its runs, with the seed of the sweep in place of theirs */
	int64_t starts;
	int64_t first_run; /* its runs are first_run, ..., first_run + starts - 1 */
	char name[128];    /* for people, what tells it from others: "hidden 5-5, step size 0.5" */
	char identity[65]; /* SHA-256 of what its starts are drawn from */
} tw_cell;

typedef enum { TW_TRACE_NONE = 0, TW_TRACE_ALL, TW_TRACE_LISTED } tw_trace_choice;

/* A sweep as configured. The order of the grid, outermost first: data, hidden layers, widths (or architectures),
 * activations, initials, methods, batches, step sizes; then starts. */
typedef struct {
	tw_cell *cell;
	int cells;
	int64_t runs;          /* over all cells */
	int ranks_per_run;     /* ranks that share a run too large for one */
	int replicas;          /* runs trained side by side by a thread; 0: automatic */
	int threads;           /* a rank, as in tw_settings */
	tw_trace_choice trace; /* runs whose costs are kept step by step (metrics.cost_every) */
	int64_t *traced;       /* TW_TRACE_LISTED: their numbers, ascending */
	int64_t traced_count;
	char digest[65]; /* SHA-256 of all that decides results: settings and starts of every cell, not threads or ranks */
	char *text;      /* the configuration, file and overrides in one, from which the same sweep can be repeated */
} tw_sweep_plan;
/* Reads file (NULL: an embedded default) and overrides as tw_settings_read does. TW_USAGE for an empty grid, starts
 * below 1, a cell that cannot be built (which and why). *out is freed by tw_sweep_plan_free. Local. */
tw_status tw_sweep_plan_read(const char *file, const char *const *set, int sets, tw_sweep_plan *out);
/* The same from the text of a configuration; name stands for the file in messages. */
tw_status tw_sweep_plan_parse(const char *name, const char *text, const char *const *set, int sets, tw_sweep_plan *out);
void tw_sweep_plan_free(tw_sweep_plan *plan);
/* Index of the cell that holds this run. */
int tw_sweep_cell_of(const tw_sweep_plan *plan, int64_t run);
/* The settings of one run, complete: `thalweg train` with them ends at the same bits. Texts are borrowed from the plan.
 * Its seed is a function of the seed of the sweep, the cell's own values and the number of the start within the cell:
 * cells and starts added to the grid change no other run. */
tw_settings tw_sweep_run_settings(const tw_sweep_plan *plan, int64_t run);

/* How one run of a sweep ended. */
typedef struct {
	int64_t run;
	double cost, gradient_norm_squared; /* of f at the end point, as in tw_summary */
	double mean_gradient_norm_squared;  /* as in tw_summary */
	int64_t steps, observations;
	tw_stop_reason stop_reason;
	double seconds;       /* from its start to its end, beside others */
	int64_t dimension;    /* of theta */
	int64_t trace_points; /* 0 unless the run is traced */
	char theta_sha256[65];
} tw_run_result;

typedef struct {
	int64_t runs, finished;       /* finished: including those done before */
	double work_done;             /* share of the expected work, in [0, 1] */
	double seconds, seconds_left; /* seconds_left NaN: not known yet */
	const tw_run_result *latest;  /* NULL: none yet */
} tw_sweep_state;

/* Called on rank 0 only, one call at a time, in the order in which runs end. theta: `dimension` reals of the run's
 * precision in canonical order. A failure of finished ends the sweep on all ranks. progress comes some ten times a
 * second. */
typedef struct {
	void *self;
	tw_status (*finished)(void *self, const tw_run_result *result, const void *theta, const tw_trace_point *trace);
	void (*progress)(void *self, const tw_sweep_state *state);
} tw_sweep_monitor;

/* What each worker (a thread of a rank) did. */
typedef struct {
	int rank, thread;
	int64_t runs;
	double seconds;        /* from the first to the last moment of the sweep */
	double busy;           /* training */
	double queue, waiting; /* in the queue of work; idle at the end */
} tw_worker_times;
typedef struct {
	int64_t finished, diverged;
	bool interrupted;
	double seconds;
	int ranks, threads;
	int workers;             /* over all ranks */
	tw_worker_times *worker; /* on rank 0, tw_free; NULL elsewhere */
} tw_sweep_summary;
/* Collective. Trains all runs whose done flag is not set (done: plan->runs flags, the same on all ranks, or NULL). Runs
 * go to rank groups and threads from a common queue, the largest first; each has the same bits wherever it runs.
 * Returns TW_OK with summary->interrupted when asked to stop by tw_request_stop. */
tw_status tw_sweep_train(tw_comm *comm, const tw_sweep_plan *plan, const uint8_t *done, const tw_sweep_monitor *monitor,
                         tw_sweep_summary *summary);

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
