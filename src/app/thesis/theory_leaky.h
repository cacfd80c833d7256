/* app/thesis/theory_leaky.h: networks with one hidden layer of leaky ReLU units, one output and no biases. */
#ifndef THALWEG_APP_THESIS_THEORY_LEAKY_H
#define THALWEG_APP_THESIS_THEORY_LEAKY_H

#include "app/thesis/theory_problem.h"

enum {
	LEAKY_INPUTS = 5,
	LEAKY_HIDDEN = 4,
	LEAKY_PRODUCT = LEAKY_INPUTS * LEAKY_HIDDEN,
	LEAKY_DIMENSION = LEAKY_PRODUCT + LEAKY_HIDDEN,
	LEAKY_MOST = 3 * LEAKY_PRODUCT /* observations */
};

/* Observations, and the perturbation of the theorem: unit h has the slopes epsilon[i][h] (1 or 0.1) at observation i.
 */
typedef struct {
	int n;
	double x[LEAKY_MOST][LEAKY_INPUTS], y[LEAKY_MOST], epsilon[LEAKY_MOST][LEAKY_HIDDEN];
} leaky_data;
/* x and y ~ N(0, 1); epsilon ~ N(1, deviation^2). The first observations are the same for every n. */
void leaky_fill(int n, double deviation, leaky_data *out);

/* f = 1/n sum (y_i - W2 diag(a_i) W1 x_i)^2 and its gradient at canonical theta; *kink (may be NULL): the smallest
 * distance of a unit's weights from a change of slope, as in tw_kink. */
void leaky_evaluate(const leaky_data *data, const double *theta, double *cost, double *gradient, double *kink);
/* Gradient descent with momentum until ||grad f|| is at the tolerance or course->steps are made; the number of steps.
 */
int64_t leaky_descend(const leaky_data *data, const theory_course *course, double *theta);

#endif
