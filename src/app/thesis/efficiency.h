/* app/thesis/efficiency.h: experiment 5.2, what its files share.
 *   efficiency.c           the sweeps, the course of the experiment
 *   efficiency_rows.c      the training sets, as the thesis drew them
 *   efficiency_tuning.c    which step size ends lowest; texts and trajectories
 *   efficiency_report.c    table 5.1, figure 5.6, findings */
#ifndef THALWEG_APP_THESIS_EFFICIENCY_H
#define THALWEG_APP_THESIS_EFFICIENCY_H

#include "app/thesis/efficiency_tuning.h"

/* ---- training sets ------------------------------------------------------------------------------------------- */

enum { EFFICIENCY_SIZES = 3 };
extern const int64_t efficiency_size[EFFICIENCY_SIZES]; /* n: 100, 1000, 10000 */

/* Collective. Writes the rows of California housing that make up the training set of n observations (one of the sizes)
 * to the experiment's folder: the value of data.rows, zero-based, one a line. *file is the name with its folder,
 * tw_free.
 *
 * The thesis drew them with NumPy: rng = default_rng(42), then rng.choice(20640, n, replace=False) for n = 10 (not
 * used), 100, 1000, 10000. The generator is made again here: PCG64 (O'Neill 2014) seeded by NumPy's SeedSequence,
 * numbers below a limit after Lemire (2019), choices after Floyd (Bentley and Floyd 1987) or by a shuffle of the tail.
 */
tw_status efficiency_rows(const thesis_context *context, int64_t n, char **file);

/* ---- results --------------------------------------------------------------------------------------------------- */

enum { EFFICIENCY_METHODS = 3, EFFICIENCY_CURVES = EFFICIENCY_SIZES * EFFICIENCY_METHODS };
typedef struct {
	int64_t batch; /* 0: all */
	const char *name, *brief;
} efficiency_method;
extern const efficiency_method efficiency_methods[EFFICIENCY_METHODS];

typedef struct {
	tuning tuned[EFFICIENCY_SIZES][EFFICIENCY_METHODS];
	/* The runs of the first start with its tuned step sizes; run i is that of curve i: size i / 3, method i % 3. */
	double step_size[EFFICIENCY_CURVES];
	tuning_point *point;
	int64_t points;
	int64_t every; /* steps between two measured iterates of stochastic gradient descent on the largest set */
} efficiency_results;

/* Rank 0. CSV files, figures, tables and findings. */
tw_status efficiency_report(thesis_context *context, const efficiency_results *results);

#endif
