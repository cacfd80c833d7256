/* The executor of sweeps: what its files share. Private to src/run.
 *   sweep.c         one sweep from its data to its summary, rank groups, runs too large for ensembles
 *   sweep_cells.c   data sets, and what each cell costs
 *   sweep_worker.c  threads that train ensembles
 *   sweep_mail.c    results on their way to rank 0 */
#ifndef THALWEG_RUN_SWEEP_H
#define THALWEG_RUN_SWEEP_H

#include <stdatomic.h>

#include "run/run.h"

/* A data set that some cells use. */
typedef struct {
	const tw_data_options *options;
	tw_data *shared, *test; /* over the ranks of the group */
	tw_data *whole;         /* the same on this rank alone; is `shared` where a group is one rank; NULL: not needed */
} sweep_data;

/* A cell as work. */
typedef struct {
	const tw_cell *cell;
	sweep_data *data;
	tw_network network;
	int64_t dimension;
	bool ensemble;  /* goes through tw_ensemble */
	double work;    /* multiply-adds a run may take, by its step limit: what order and progress go by */
	int64_t *start; /* numbers of its starts that are not done yet */
	int64_t starts;
} sweep_cell;

typedef struct {
	tw_run_result result;
	const void *theta; /* canonical reals */
	size_t theta_bytes;
	const tw_trace_point *trace;
} sweep_result;

typedef struct {
	tw_comm *world, *group, *self;
	const tw_sweep_plan *plan;
	const tw_sweep_monitor *monitor;
	int groups, threads; /* rank groups in all; threads of each rank */
	sweep_data *data;
	int data_sets;
	sweep_cell *cell; /* the most expensive first */
	int cells;
	int64_t expected; /* runs to be trained */
	double all_work, work_before;
	tw_queue *queue; /* a counter a cell, and the last one: why to stop, 0 to go on */
	tw_worker_times *worker;
	double begin;
	/* between threads */
	atomic_int failed; /* a tw_status, of the thread that failed first on this rank */
	atomic_int left;   /* threads of this rank that have no work left */
	char message[512];
	/* rank 0 */
	int64_t received, diverged;
	double received_work;
	_Atomic int64_t *under_way; /* a thread: multiply-adds of runs not yet ended, in thousands */
	double next_progress;
	tw_run_result latest;
	bool interrupted;
} sweep;

/* ---- sweep_cells.c -------------------------------------------------------------------------------------------------
 */

/* Collective over the world: loads data, makes the cells and their order. */
tw_status sweep_cells_make(sweep *sweep, const uint8_t *done);
void sweep_cells_free(sweep *sweep);
void sweep_ensemble_options(const sweep_cell *cell, int replicas, tw_ensemble_options *out);
/* Canonical initial parameters of a run. Local. */
tw_status sweep_initial(const sweep *sweep, const sweep_cell *cell, const tw_settings *settings, double *theta);

/* ---- sweep.c --------------------------------------------------------------------------------------------------------
 */

enum { SWEEP_GO_ON = 0, SWEEP_INTERRUPTED = 1, SWEEP_FAILED = 2 };
/* Why to stop, as far as this rank knows; looks at the common counter, requests to stop, and serves the mail of rank 0
 * where main_thread. */
tw_status sweep_poll(sweep *sweep, bool main_thread, bool *stop);
/* Tells all ranks to stop. */
tw_status sweep_stop(sweep *sweep, int why);
bool sweep_is_traced(const sweep *sweep, int64_t run);

/* ---- sweep_worker.c -------------------------------------------------------------------------------------------------
 */

/* Trains runs of the cells that are ensembles until there are no more, on all threads of this rank. Local. */
tw_status sweep_work(sweep *sweep);

/* ---- sweep_mail.c ---------------------------------------------------------------------------------------------------
 */

/* Sends a result to rank 0; theta in doubles is turned into reals of the precision. */
tw_status sweep_mail_send(sweep *sweep, tw_precision precision, const tw_run_result *result, const double *theta,
                          const tw_trace_point *trace);
/* Rank 0: hands what has arrived to the monitor. */
tw_status sweep_mail_receive(sweep *sweep);
/* Rank 0: tells the progress, some ten times a second. */
void sweep_tell_progress(sweep *sweep);

/* Costs of a run on their way. */
typedef struct {
	tw_trace_point *point;
	int64_t count, capacity;
} sweep_trace;
tw_status sweep_trace_add(sweep_trace *trace, const tw_trace_point *point);
void sweep_trace_free(sweep_trace *trace);

#endif
