/* app/thesis/figures.h: the figures of chapters 2 to 4: what their files share. */
#ifndef THALWEG_APP_THESIS_FIGURES_H
#define THALWEG_APP_THESIS_FIGURES_H

#include "app/thesis/thesis.h"

/* Makes one figure, its data and its part of the page: rank 0 alone, with a communicator of its own in the context. */
typedef tw_status figure_make(thesis_context *context);
figure_make figure_2_3, figure_2_4;
figure_make figure_3_1, figure_3_2;
figure_make figure_4_2, figure_4_3, figure_4_4, figure_4_5, figure_4_6, figure_4_7;

/* ---- figures_tools.c ------------------------------------------------------------------------------------------- */

/* A finding of either kind. */
static inline tw_finding figure_verdict(bool agrees) { return agrees ? TW_AGREES : TW_DIFFERS; }
/* Writes a line of a CSV file: the numbers, with all their digits, behind the label ("": none). */
void figure_put(FILE *out, const char *label, int count, const double *values);
/* A zeroed vector of the objective, tw_free. */
tw_status figure_vector(const tw_objective *objective, void **out);
/* Settings from a text of the program (NAME.yaml), these overrides, and those of the context. */
tw_status figure_settings(const thesis_context *context, const char *name, const char *const *set, int sets,
                          tw_settings *settings);
/* Gradient descent in place: `steps` steps of this size on the whole batch (NULL: a function without data). path: the
 * iterates, (steps + 1) x dimension, row-major and canonical; NULL: not wanted. */
tw_status figure_descend(const tw_objective *objective, const tw_batch *batch, void *theta, double step_size,
                         int64_t steps, double *path);

/* A function of x and y as an objective in double precision without data. */
typedef struct {
	double (*value)(double x, double y);
	void (*gradient)(double x, double y, double out[2]);
} figure_function;
tw_objective figure_function_objective(const figure_function *function);

/* A network with one input, and n observations. */
typedef struct {
	tw_data *data;
	tw_feed *feed;
	tw_batch batch; /* all of them */
	tw_objective objective;
	void *theta; /* a vector of the objective */
} figure_model;
/* hidden tanh units between input and output; parameters start at random. x, y: n values. */
tw_status figure_model_open(thesis_context *context, int64_t hidden, tw_output output, const char *loss, int64_t n,
                            const double *x, const double *y, figure_model *out);
/* Predictions at count inputs. */
tw_status figure_model_predict(thesis_context *context, const figure_model *model, int64_t count, const double *x,
                               double *out);
void figure_model_close(figure_model *model);

/* ---- figures_plane.c ------------------------------------------------------------------------------------------- */

/* The regression problem of chapter 4: y = x1 + x2 + noise, a network of two weights and nothing else. Its f is
 * quadratic: the minimum is the solution of the normal equations, the Hessian is 2/n X'X everywhere. */
typedef struct {
	tw_settings settings;
	tw_run *run;
	double minimum[2], lowest; /* theta*, f(theta*) */
	double flat, steep;        /* eigenvalues of the Hessian, the smaller first */
	double steep_direction[2]; /* unit eigenvector of the larger */
	double hessian[3];         /* rows: [0] [1], [1] [2] */
} figure_plane;
/* Figure 4.N of the program's figure-4.yaml with these overrides. To be closed, also after a failure. */
tw_status figure_plane_open(thesis_context *context, const char *const *set, int sets, figure_plane *out);
void figure_plane_close(figure_plane *plane);
tw_status figure_plane_cost(figure_plane *plane, const double theta[2], double *cost);
double figure_plane_distance(const figure_plane *plane, const double theta[2]);

typedef struct {
	double theta[2], cost;
	double step_size; /* of the step that leaves theta; NaN for the last iterate */
} figure_iterate;
/* Iterates theta_1, ..., theta_count of the configured method from start. */
tw_status figure_plane_descend(figure_plane *plane, const double start[2], int count, figure_iterate *out);

/* NAME.csv: run, k, omega_1, omega_2, f, alpha; labels[r] names run r, its iterates are iterates[r * count] on. */
tw_status figure_write_iterates(const thesis_context *context, const char *name, int runs, const char *const *labels,
                                int count, const figure_iterate *iterates);
/* NAME-contours.csv: level, omega_1, omega_2, f, a closed line a level; f as the network has it. NAME-minimum.csv: the
 * minimum. Largest relative difference of f and its level: *error (may be NULL). */
tw_status figure_write_contours(const thesis_context *context, const char *name, figure_plane *plane, double *error);

#endif
