/* app/thesis/theory_noise.h: runs of Algorithm 3 on one small regression problem, for the checks of stochastic
 * gradients. theory_noise.c      the problem and its runs theory_variance.c   variance 1/|B|    theory_moments.c
 * Assumption 4.6 theory_bound*.c     Theorem 4.8       theory_diminishing.c   Theorem 4.9 */
#ifndef THALWEG_APP_THESIS_THEORY_NOISE_H
#define THALWEG_APP_THESIS_THEORY_NOISE_H

#include "app/thesis/theory.h"

/* A run of theory-noise.yaml. Starts differ in theta_1 and in their batches, not in the data. */
typedef struct {
	uint32_t start;
	int64_t batch;      /* |B|; 0: all observations */
	double step_size;   /* alpha_1 */
	double power;       /* alpha_k = alpha_1 / (1 + (k - 1) / 1000)^power; 0: alpha_k = alpha_1 */
	int64_t steps;      /* K */
	int64_t norm_every; /* metrics.gradient_norm_every */
	bool bound;         /* metrics.bound */
	const char *set;    /* one more override; NULL: none */
} stochastic_choice;

typedef struct {
	tw_settings settings;
	tw_run *run;
} stochastic_run;
/* To be closed, also after a failure; stays where it is until then. */
tw_status stochastic_open(const thesis_context *context, const stochastic_choice *choice, stochastic_run *out);
void stochastic_close(stochastic_run *run);
/* Trains it to its end, which may be divergence; TW_INTERRUPTED when asked to stop. */
tw_status stochastic_train(stochastic_run *run, const tw_monitor *monitor, tw_summary *summary);

/* Numbers of iterates at which averages are kept: 1, 2, 3, 5, 7, 10, 20, ... */
enum { MARKS_A_DECADE = 5, MOST_MARKS = 30 };
int64_t stochastic_mark(int i);

/* What (4.19) and (4.25) speak of, along one run. */
typedef struct {
	int marks;                             /* reached */
	double cost;                           /* f(theta_1) */
	double last;                           /* ||grad f||^2 at the last iterate */
	double step_sizes[MOST_MARKS];         /* A_K = sum of alpha_k, k <= K */
	double squared_step_sizes[MOST_MARKS]; /* sum of alpha_k^2 */
	double weighted[MOST_MARKS];           /* sum of alpha_k ||grad f(theta_k)||^2 */
	int64_t iterates;                      /* seen so far, with the sums over them */
	double step_size, squared_step_size, sum;
} stochastic_averages;
/* Trains a run of this choice, with every gradient norm measured. */
tw_status stochastic_average(const thesis_context *context, const stochastic_choice *choice, stochastic_averages *out);

/* The largest L and M that metrics.bound meets over `starts` runs of this choice, looking every `every` steps. Raises
 * *lipschitz and *noise. */
tw_status stochastic_constants(const thesis_context *context, const stochastic_choice *choice, int starts,
                               int64_t every, double *lipschitz, double *noise);

/* A row of the page's table: numbers as text. */
enum { STOCHASTIC_CELLS = 8 };
typedef struct {
	char text[STOCHASTIC_CELLS][64];
	int count;
} stochastic_row;
void stochastic_cell(stochastic_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));
void stochastic_put_row(tw_page *page, const stochastic_row *row);

#endif
