/* The perturbed network of Theorem 3.6, which is no network of the program: each unit has slopes of its own at each
 * observation. */
#include <math.h>

#include "app/thesis/theory_leaky.h"

static const double leak = 0.1;
enum { SEED = 3 };

void leaky_fill(int n, double deviation, leaky_data *out)
{
	out->n = n;
	theory_normal(SEED, 0, (int64_t)n * LEAKY_INPUTS, &out->x[0][0]);
	theory_normal(SEED, 1, n, out->y);
	theory_normal(SEED, 2, (int64_t)n * LEAKY_HIDDEN, &out->epsilon[0][0]);
	for (int i = 0; i < n; i++)
		for (int h = 0; h < LEAKY_HIDDEN; h++) out->epsilon[i][h] = 1 + deviation * out->epsilon[i][h];
}

/* z = W1 x_i, slope = (a_i)_h; the output. */
static double output_of(const leaky_data *data, int i, const double *theta, double *z, double *slope)
{
	const double *w2 = theta + LEAKY_PRODUCT;
	double sum = 0;
	for (int h = 0; h < LEAKY_HIDDEN; h++) {
		z[h] = 0;
		for (int j = 0; j < LEAKY_INPUTS; j++) z[h] += theta[h * LEAKY_INPUTS + j] * data->x[i][j];
		slope[h] = data->epsilon[i][h] * (z[h] < 0 ? leak : 1);
		sum += w2[h] * slope[h] * z[h];
	}
	return sum;
}

static double nearest_kink(const leaky_data *data, int i, const double *z)
{
	double nearest = INFINITY;
	for (int h = 0; h < LEAKY_HIDDEN; h++) nearest = fmin(nearest, fabs(z[h]));
	return nearest / theory_norm(LEAKY_INPUTS, data->x[i]);
}

void leaky_evaluate(const leaky_data *data, const double *theta, double *cost, double *gradient, double *kink)
{
	double sum = 0;
	if (kink) *kink = INFINITY;
	for (int k = 0; k < LEAKY_DIMENSION; k++) gradient[k] = 0;
	for (int i = 0; i < data->n; i++) {
		double z[LEAKY_HIDDEN], slope[LEAKY_HIDDEN];
		const double residual = output_of(data, i, theta, z, slope) - data->y[i];
		const double scaled = 2 * residual / data->n;
		sum += residual * residual;
		for (int h = 0; h < LEAKY_HIDDEN; h++) {
			const double back = scaled * slope[h] * theta[LEAKY_PRODUCT + h];
			gradient[LEAKY_PRODUCT + h] += scaled * slope[h] * z[h];
			for (int j = 0; j < LEAKY_INPUTS; j++) gradient[h * LEAKY_INPUTS + j] += back * data->x[i][j];
		}
		if (kink) *kink = fmin(*kink, nearest_kink(data, i, z));
	}
	*cost = sum / data->n;
}

int64_t leaky_descend(const leaky_data *data, const theory_course *course, double *theta)
{
	double gradient[LEAKY_DIMENSION], velocity[LEAKY_DIMENSION] = {0}, cost;
	for (int64_t k = 0; k < course->steps; k++) {
		leaky_evaluate(data, theta, &cost, gradient, NULL);
		if (theory_norm(LEAKY_DIMENSION, gradient) <= course->tolerance) return k;
		for (int i = 0; i < LEAKY_DIMENSION; i++) {
			velocity[i] = course->momentum * velocity[i] + gradient[i];
			theta[i] -= course->step_size * velocity[i];
		}
	}
	return course->steps;
}
