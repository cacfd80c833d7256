/* app/thesis/theory_points.h: linear networks m-p-m and the stationary points Theorem 3.5 gives them. */
#ifndef THALWEG_APP_THESIS_THEORY_POINTS_H
#define THALWEG_APP_THESIS_THEORY_POINTS_H

#include "app/thesis/theory_problem.h"

enum { LINEAR_WIDEST = 6 }; /* m at most */

/* f = 1/n sum ||y_i - W2 W1 x_i||^2 on random data: x_i ~ N(0, I), y_i = A x_i + noise, A and noise normal. */
typedef struct {
	int m, p, n;
	theory_problem problem;
	double trace;                                /* of Sigma_YY */
	double lambda[LINEAR_WIDEST];                /* eigenvalues of Sigma, descending */
	double u[LINEAR_WIDEST * LINEAR_WIDEST];     /* and its unit eigenvectors, a row each */
	double slope[LINEAR_WIDEST * LINEAR_WIDEST]; /* Sigma_YX Sigma_XX^-1, m x m: least squares without a network */
} linear_problem;
/* To be closed, also after a failure. */
tw_status linear_open(const thesis_context *context, int m, int p, int n, uint64_t seed, linear_problem *out);
void linear_close(linear_problem *linear);

/* The ordered p-index sets of {0, ..., m - 1}, from {0, ..., p - 1} on; false after the last. */
void linear_first_set(const linear_problem *linear, int *set);
bool linear_next_set(const linear_problem *linear, int *set);
/* "{1,3}", as the thesis counts. */
void linear_set_text(const linear_problem *linear, const int *set, char out[2 * LINEAR_WIDEST + 3]);
/* 2 I and a matrix of numbers N(0, 1), p x p; another one for each number. */
void linear_random_c(const linear_problem *linear, uint64_t seed, uint32_t number, double *c);
/* theta with W2 = U_I C, W1 = C^-1 U_I' Sigma_YX Sigma_XX^-1; c: p x p, invertible. */
tw_status linear_point(const linear_problem *linear, const int *set, const double *c, double *theta);
/* (tr Sigma_YY - sum over I of lambda_i) / n */
double linear_cost(const linear_problem *linear, const int *set);
/* Directions in which an eigenvector of I can be turned into a better one outside of it: pairs i in I, j not in I with
 * lambda_j > lambda_i. None: the global minimum. */
int linear_descents(const linear_problem *linear, const int *set);

#endif
