/* app/thesis/gradient_norm.h: experiment 5.3, what its files share.
 *   gradient_norm.c           theta_1, the sweeps, the course of the experiment
 *   gradient_norm_series.c    averages of runs, their means, and the straight line through them
 *   gradient_norm_every.c     what measuring every K-th iterate alone changes
 *   gradient_norm_images.c    figure 5.7
 *   gradient_norm_report.c    figures 5.8 and 5.9, tables and findings */
#ifndef THALWEG_APP_THESIS_GRADIENT_NORM_H
#define THALWEG_APP_THESIS_GRADIENT_NORM_H

#include <stdio.h>

#include "app/thesis/thesis.h"

/* Collective. theta_1 number 1, 2 or 3 (the seed of its initial parameters): trained into context->folder, as
 * theta1-NUMBER.h5, unless it is there. *file: its path on every rank, tw_free. */
tw_status thesis_theta1(thesis_context *context, int number, char **file);

/* ---- series ---------------------------------------------------------------------------------------------------- */

/* The runs with one step size and mini-batch size: of each the average of ||grad f(theta_k)||^2 over its iterates, an
 * estimate of the left side of (5.1). */
typedef struct {
	double step_size;
	int64_t batch;
	int64_t runs;             /* those whose average is finite */
	double *average;          /* runs of them, in the order of their starts */
	double mean, error;       /* right side of (5.3), and its standard error; NaN without runs */
	double smallest, largest; /* average */
	double published;         /* mean of the published runs; NaN: none */
} noise_group;

/* One group a cell of the sweep, in its order. */
typedef struct {
	noise_group *group;
	int groups;
	int64_t diverged; /* runs without a finite average */
} noise_series;

/* Local. results: of all runs of the plan. Freed with noise_series_free, also after a failure. */
tw_status noise_series_make(const tw_sweep_plan *plan, const tw_run_result *results, noise_series *out);
void noise_series_free(noise_series *series);
/* The group with this step size (to rounding) and batch; NULL: none. */
const noise_group *noise_series_find(const noise_series *series, double step_size, int64_t batch);
/* Fills in mean, error, smallest, largest. */
void noise_group_summarise(noise_group *group);

/* The straight line y = intercept + slope x of least squares, R^2 = 1 - sum of squared residuals / sum of squared
 * deviations of y; and the slope of log y over log x, which is 1 where y is proportional to x. NaN where fewer than two
 * different x. */
typedef struct {
	int points;
	double slope, intercept, r_squared, exponent;
} noise_line;
noise_line noise_line_through(const double *x, const double *y, int points);
/* The line through the means of a series, over alpha or over 1/|B|; groups without a mean are left out. */
typedef enum { NOISE_OVER_STEP_SIZE, NOISE_OVER_INVERSE_BATCH } noise_axis;
noise_line noise_series_line(const noise_series *series, noise_axis axis);
double noise_group_x(const noise_group *group, noise_axis axis);

/* ---- the experiment -------------------------------------------------------------------------------------------- */

enum { NOISE_POINTS = 3 }; /* theta_1 */

/* What was trained. by_step_size[i]: from theta_1 number i + 1. */
typedef struct {
	tw_summary theta1[NOISE_POINTS];
	noise_series by_step_size[NOISE_POINTS], by_batch;
	int64_t steps; /* of a run */
	int64_t every; /* between two measurements */
} noise_results;

/* Collective. A few short runs measured at every iterate, from theta1: how the average over every K-th iterate differs
 * from that over all, with table and finding; among: the series of the experiment, for its standard errors. */
tw_status noise_report_every(thesis_context *context, const char *theta1, int64_t every, const noise_series *among);
/* Rank 0. Figure 5.7: observations of both classes. */
tw_status noise_report_images(thesis_context *context);
/* Rank 0. Published averages for each step size, where the file is in the data folder. */
tw_status noise_read_published(const thesis_context *context, noise_series *series);
/* Rank 0. CSV files, figures 5.8 and 5.9, tables and findings. */
tw_status noise_report(thesis_context *context, const noise_results *results);

/* Overrides of a sweep: its theta_1 and the steps between two measurements. Freed with noise_sets_free. */
enum { NOISE_SETS = 2 };
typedef struct {
	char *text[NOISE_SETS];
	int count;
} noise_sets;
tw_status noise_sets_make(const char *theta1, int64_t every, noise_sets *out);
void noise_sets_free(noise_sets *sets);

/* A number of a CSV file (nothing where it is NaN), then end. */
void noise_put(FILE *out, double value, char end);

#endif
