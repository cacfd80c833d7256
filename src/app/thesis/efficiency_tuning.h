/* app/thesis/efficiency_tuning.h: what the experiments that tune step sizes share: which step size ends lowest, texts
 * of configurations, trajectories. Everything here is local. */
#ifndef THALWEG_APP_THESIS_EFFICIENCY_TUNING_H
#define THALWEG_APP_THESIS_EFFICIENCY_TUNING_H

#include <stdio.h>

#include "app/thesis/thesis.h"

/* ---- tuning ---------------------------------------------------------------------------------------------------- */

/* The runs of one method with several step sizes, from the same starts. A cost that is not finite, or that of a run
 * that diverged, counts as +infinity. */
typedef struct {
	int steps;         /* step sizes */
	int64_t starts;    /* the same number for each */
	int first_cell;    /* their cells are first_cell, ..., first_cell + steps - 1 of the plan */
	double *step_size; /* steps */
	double *cost;      /* steps x starts: at the end points */
	double *lowest;    /* starts: the lowest cost over the step sizes */
	int *chosen;       /* starts: index of its step size, -1 where all are infinite */
	int tuned;         /* the step size that most starts choose; of several the one with the lower median; -1: none */
	int64_t choosing;  /* how many starts choose it */
	int best_median;   /* the step size with the lowest median cost over the starts; -1: none */
} tuning;
/* results: of the plan's runs. TW_USAGE where these cells are not one set of starts each. */
tw_status tuning_of(const tw_sweep_plan *plan, const tw_run_result *results, int first_cell, int steps, tuning *out);
void tuning_free(tuning *t);
/* How many starts end at step size i without a finite cost. */
int64_t tuning_diverged(const tuning *t, int i);

/* The value below which lies the share p of the values (linear interpolation as in tw_five_numbers_of); values may be
 * +infinity, and so may the result. NaN where count is 0. Sorts a copy. */
double tuning_quantile(const double *values, int64_t count, double p);
/* The median over the starts of cost[i] / lowest; NaN where no start has a finite cost. */
double tuning_ratio(const tuning *t, int i);

/* ---- overrides of configurations ------------------------------------------------------------------------------- */

enum { TUNING_SETS = 12 };
typedef struct {
	char *text[TUNING_SETS]; /* "a.b.c=value" */
	int count;
	FILE *open; /* the one that is being written */
	size_t size;
} tuning_sets;
/* Adds an override as printf would write it. TW_NO_MEMORY. */
tw_status tuning_set(tuning_sets *sets, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* key="path" */
tw_status tuning_set_path(tuning_sets *sets, const char *key, const char *path);
/* An override in several pieces: those written to *out until tuning_set_end. */
tw_status tuning_set_begin(tuning_sets *sets, FILE **out);
tw_status tuning_set_end(tuning_sets *sets);
void tuning_sets_free(tuning_sets *sets);
/* text as a double-quoted scalar of YAML. */
void tuning_write_quoted(FILE *out, const char *text);
/* value with as many digits as a float has, in any locale. */
void tuning_write_number(FILE *out, double value);
/* method.batch: a number, or "all" for 0. */
void tuning_write_batch(FILE *out, int64_t batch);

/* ---- trajectories ---------------------------------------------------------------------------------------------- */

/* One point of a run that was traced. */
typedef struct {
	int64_t run, step;
	double cost;
} tuning_point;
/* Reads trajectories.csv in a folder; *points (in the order of the file, tw_free) and their number. TW_IO with file and
 * line. */
tw_status tuning_read_trajectories(const char *folder, tuning_point **points, int64_t *count);
/* Whether point i of count is one of at most `most` that a figure shows: every so many-th and the last. */
bool tuning_is_shown(int64_t i, int64_t count, int64_t most);

#endif
