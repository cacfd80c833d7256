/* app/thesis/theory_problem.h: a small data set and a network in memory, in double precision, on one rank. Parameters
 * are in canonical order throughout. */
#ifndef THALWEG_APP_THESIS_THEORY_PROBLEM_H
#define THALWEG_APP_THESIS_THEORY_PROBLEM_H

#include "app/thesis/thesis.h"

typedef struct {
	tw_network network;
	int loss;
	tw_data *data;
	tw_feed *feed;
	tw_batch batch; /* all observations */
	tw_objective objective;
	int64_t dimension;       /* d */
	void *theta, *gradient;  /* vectors of the objective */
	void *vector, *product;  /* likewise */
	double *matrix, *values; /* d x d and d: the Hessian and its eigenvalues */
} theory_problem;
/* n observations: x, n x inputs, and y, n x outputs, row-major, are copied. To be closed, also after a failure. */
tw_status theory_problem_open(const thesis_context *context, const tw_network *network, const char *loss, int64_t n,
                              const double *x, const double *y, theory_problem *out);
void theory_problem_close(theory_problem *problem);

/* f at theta, and its gradient where that is not NULL. */
tw_status theory_evaluate(theory_problem *problem, const double *theta, double *cost, double *gradient);
/* product = (Hessian of f at theta) vector. */
tw_status theory_multiply(theory_problem *problem, const double *theta, const double *vector, double *product);
/* All eigenvalues of the Hessian at theta, ascending: values holds d of them, and where `vectors` is set matrix holds
 * the eigenvectors, a row each; valid until the next call. */
tw_status theory_eigenvalues(theory_problem *problem, const double *theta, bool vectors);
/* Eigenvalues below -zero times the largest |eigenvalue|: the index, after theory_eigenvalues. */
int theory_negative(const theory_problem *problem, double zero);
/* Largest |eigenvalue|, after theory_eigenvalues. */
double theory_largest(const theory_problem *problem);

/* theta = theta - alpha grad f(theta), `steps` times. visit (may be NULL) is called with k = 0 for the start, then with
 * every iterate. */
typedef struct {
	void *self;
	tw_status (*visit)(void *self, int64_t k, const double *theta, double cost, const double *gradient);
} theory_visitor;
tw_status theory_descend(theory_problem *problem, double *theta, double step_size, int64_t steps,
                         const theory_visitor *visitor);

/* Gradient descent from many starts side by side, with momentum where it is not 0, until ||grad f|| <= tolerance or
 * `steps` steps are made. theta: starts x d, replaced by the end points. steps_made (may be NULL): of each. */
typedef struct {
	double step_size, momentum, tolerance;
	int64_t steps;
	int64_t settling; /* then so many with a step size that falls to 1e-10 of it; 0: none */
} theory_course;
tw_status theory_train(const theory_problem *problem, const theory_course *course, int starts, double *theta,
                       int64_t *steps_made);

/* ---- small vectors and matrices, row-major --------------------------------------------------------------------- */

double theory_norm(int64_t n, const double *v);
double theory_distance(int64_t n, const double *a, const double *b);
/* count numbers N(0, 1), a function of (seed, part). */
void theory_normal(uint64_t seed, uint32_t part, int64_t count, double *out);
/* out (rows x columns) = a (rows x inner) b (inner x columns). */
void theory_product(int rows, int inner, int columns, const double *a, const double *b, double *out);
void theory_transpose(int rows, int columns, const double *a, double *out);
enum { THEORY_SOLVE_MOST = 16 };
/* right (n x columns) = a^-1 right by elimination with row pivots, n <= THEORY_SOLVE_MOST. TW_INTERNAL: a is singular.
 */
tw_status theory_solve(int n, const double *a, int columns, double *right);

#endif
