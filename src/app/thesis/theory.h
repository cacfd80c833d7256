/* app/thesis/theory.h: the theorems of chapters 3 and 4, each checked on real runs.
 *   theory.c            the experiment: the checks in order, table of verdicts, theory.csv
 *   theory_problem.c    small data sets with a network, in memory
 *   theory_linear.c     Theorem 3.5, with theory_points.c: its stationary points
 *   theory_leaky.c      Theorem 3.6, with theory_leaky_perturbed.c: its perturbed network
 *   theory_descent.c    Theorem 4.3
 *   theory_saddle.c     Theorem 4.4
 *   theory_noise.c      runs with mini-batches: theory_variance.c, theory_moments.c (Assumption 4.6),
 *                       theory_bound*.c (Theorem 4.8), theory_diminishing.c (Theorem 4.9) */
#ifndef THALWEG_APP_THESIS_THEORY_H
#define THALWEG_APP_THESIS_THEORY_H

#include "app/thesis/thesis.h"

/* The constants the theorems claim, one a check. A check uses them as given and can therefore fail: with a wrong one
 * (see the table in theory.c) it has to. */
typedef struct {
	double cost_factor;       /* linear: a stationary point costs cost_factor (tr Sigma_YY - sum lambda_i) / n; 1 */
	double bound_factor;      /* leaky: cost 0 where n <= bound_factor d_1 d_0; 1 */
	double step_factor;       /* descent: f falls in every step for alpha < step_factor / L; 2 */
	double saddle_index;      /* saddle: no convergence where this many eigenvalues or more are negative; 1 */
	double variance_power;    /* variance: that of a mini-batch gradient is variance / |B|^variance_power; 1 */
	double moment_factor;     /* moments: E||g||^2 <= moment_factor (M + M_G ||grad f||^2); 1 */
	double average_factor;    /* bound: average of ||grad f||^2 <= average_factor times the right side of (4.19); 1 */
	double diminishing_power; /* diminishing: alpha_k = alpha_1 / k^diminishing_power; see theory_noise */
} theory_constants;

enum { THEORY_NUMBERS = 1024 };
/* How a check came out. */
typedef struct {
	bool holds;
	char numbers[THEORY_NUMBERS]; /* "name=value name=value ..." for theory.csv: theory_number */
} theory_verdict;

/* A check. run is called on rank 0 alone, with a communicator of its own in context->comm (no other rank takes part,
 * and nothing in it may depend on how many there are) and context->folder as the folder of all checks; so
 * tw_run_create, thesis_sweep, thesis_train and the like can be used in it, with `threads: 1` or any number. The
 * heading (level 2, the title) is on the page already; the check adds text, table or figure and its finding
 * (theory_kind), writes its CSV files as theory-NAME*.csv, and fills *out, which comes zeroed. A theorem that does not
 * hold is TW_OK with holds == false; a failure is one of the program. */
typedef struct {
	const char *name;  /* "linear" */
	const char *title; /* "Theorem 3.5: ..." */
	tw_status (*run)(thesis_context *context, const theory_constants *constants, theory_verdict *out);
} theory_check;
extern const theory_check theory_linear, theory_leaky, theory_descent, theory_saddle, theory_variance, theory_moments,
    theory_bound, theory_diminishing;

static inline tw_finding theory_kind(bool holds) { return holds ? TW_AGREES : TW_DIFFERS; }
/* Adds name=value (with all digits) to the numbers of a verdict. */
void theory_number(theory_verdict *verdict, const char *name, double value);

#endif
