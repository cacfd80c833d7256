/* app/thesis/local_minima.h: experiment 5.1: what its files share.
 *   local_minima.c            the sweep, then all the rest on rank 0
 *   local_minima_sets.c       costs of found minima, sorted into cells
 *   local_minima_tables.c     the CSV files of costs and quartiles
 *   local_minima_compare.c    tests against other costs
 *   local_minima_planes.c     densities, observations and predictions over the plane
 *   local_minima_findings.c   what the costs say, in words */
#ifndef THALWEG_APP_LOCAL_MINIMA_H
#define THALWEG_APP_LOCAL_MINIMA_H

#include "app/thesis/thesis.h"

/* Collective. Trains the sweep of 5.1 in the folder `sweep` of the experiment, unless it is there; plan and results as
 * those of thesis_sweep. */
tw_status minima_train(thesis_context *context, tw_sweep_plan *plan, tw_run_result **results);

/* ---- costs by number of hidden layers and width ---------------------------------------------------------------- */

/* The end of one run. */
typedef struct {
	int64_t hidden_layers, width;
	int64_t run; /* of the sweep; of a published table: its row, from 0 */
	double cost;
} found_minimum;

/* All runs of networks with this many hidden layers of this width. */
typedef struct {
	int64_t hidden_layers, width;
	int64_t count;                /* of finite costs */
	const found_minimum *minimum; /* count, by cost, then by run */
	const double *cost;           /* theirs */
	tw_five_numbers numbers;
	double low_whisker,
	    high_whisker; /* the last costs within 1.5 times the range of the quartiles below and above them */
} minima_cell;

typedef struct {
	int64_t count, not_finite; /* runs with a finite cost, and others, which are left out */
	found_minimum *minimum;    /* by hidden layers, width, cost and run */
	double *cost;
	int cells;
	minima_cell *cell; /* by hidden layers and width */
} minima_set;

/* Rank 0. The finished runs of a sweep. Freed with minima_free, also after a failure. */
tw_status minima_of_sweep(const tw_sweep_plan *plan, const tw_run_result *results, minima_set *out);
/* The rows of a CSV file with columns for hidden layers, width and cost. TW_IO names file, line and column. Freed with
 * minima_free, also after a failure. */
tw_status minima_of_table(const char *file, minima_set *out);
void minima_free(minima_set *set);
/* NULL: there is none. */
const minima_cell *minima_find(const minima_set *set, int64_t hidden_layers, int64_t width);
/* The cells with this many hidden layers are first, ..., first + count - 1. */
int minima_layers(const minima_set *set, int64_t hidden_layers, int *first);

/* ---- tests against other costs -------------------------------------------------------------------------------- */

enum { MINIMA_DIGITS = 6 }; /* that costs are rounded to for the tests, so that rounding errors tell no minima apart */

/* A cell of ours and the same one of others: the published one, mostly. */
typedef struct {
	const minima_cell *ours, *other;
	tw_sample_test kolmogorov_smirnov, mann_whitney;
} minima_pair;

/* All cells that both have, in the order of ours. *out: tw_free. */
tw_status minima_compare(const minima_set *ours, const minima_set *others, minima_pair **out, int *count);

/* ---- files in the experiment's folder, on rank 0 ---------------------------------------------------------------- */

/* local-minima.csv: hidden_layers,width,run,cost,steps,stop_reason, a row a finished run. */
tw_status minima_write_runs(const char *folder, const tw_sweep_plan *plan, const tw_run_result *results);
/* published.csv: hidden_layers,width,cost. */
tw_status minima_write_published(const char *folder, const minima_set *published);
/* quartiles.csv: source ("ours" or "published"), hidden_layers, width, count, then five numbers and whiskers. */
tw_status minima_write_quartiles(const char *folder, const minima_set *ours, const minima_set *published);
/* NAME (comparison.csv): a row a pair, with both tests; other: what the second of each pair is called. */
tw_status minima_write_comparison(const char *folder, const char *name, const char *other, const minima_pair *pair,
                                  int pairs);
/* observations.csv (x1,x2,y), the training set, and class-densities.csv (x1,x2,density_0,density_1), those of the
 * distributions that it comes from. */
tw_status minima_write_training_set(const char *folder);
/* predictions.csv: x1,x2 and h(x, theta) of the run of median cost for up to six widths of one hidden layer;
 * predicted-minima.csv: which these are. models: models.h5 of the sweep. */
tw_status minima_write_predictions(const char *folder, const char *models, const minima_set *ours);

/* ---- the page -------------------------------------------------------------------------------------------------- */

/* What the thesis found, and whether these costs say the same. */
void minima_tell_findings(tw_page *page, const minima_set *ours, const minima_set *published, const minima_pair *pair,
                          int pairs);
/* Whether the costs are those of the same starts in double precision (the second of each pair). */
void minima_tell_rounding(tw_page *page, const minima_pair *pair, int pairs);
/* Quartiles beside the published ones (one hidden layer), and those of more hidden layers. */
void minima_tell_tables(tw_page *page, const minima_set *ours, const minima_pair *pair, int pairs);

#endif
