/* The activations: to add one, write its functions and a row of the table at the end. */
#include "network/activations.h"

#include <math.h>

#include "linalg/real_math.h"

static void identity(const double *parameter, int64_t n, const void *z, void *a)
{
	(void)parameter;
	memcpy(a, z, (size_t)n * sizeof(real));
}
static void identity_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)parameter, (void)n, (void)z, (void)a, (void)delta;
}

static void logistic(const double *parameter, int64_t n, const void *z, void *a)
{
	(void)parameter;
	const real *restrict x = z;
	real *restrict y = a;
	for (int64_t i = 0; i < n; i++) y[i] = real_logistic(x[i]);
}
static void logistic_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)parameter;
	const real *restrict x = z;
	(void)a;
	real *restrict d = delta;
	for (int64_t i = 0; i < n; i++) {
		real e = real_exp(-real_abs(x[i]));
		d[i] *= e / ((1 + e) * (1 + e));
	}
}

static void logistic_second_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *factor)
{
	(void)parameter, (void)a;
	const real *restrict x = z;
	real *restrict f = factor;
	for (int64_t i = 0; i < n; i++) {
		real m = real_expm1(-real_abs(x[i])), e = 1 + m;
		real t = m / (2 + m); /* -tanh(|z| / 2) */
		f[i] *= e / ((1 + e) * (1 + e)) * (x[i] < 0 ? -t : t);
	}
}

static void hyperbolic_tangent(const double *parameter, int64_t n, const void *z, void *a)
{
	(void)parameter;
	const real *restrict x = z;
	real *restrict y = a;
	for (int64_t i = 0; i < n; i++) y[i] = real_tanh(x[i]);
}
static void hyperbolic_tangent_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)parameter, (void)z;
	const real *restrict y = a;
	real *restrict d = delta;
	for (int64_t i = 0; i < n; i++) d[i] *= (1 - y[i]) * (1 + y[i]);
}

static void hyperbolic_tangent_second_derivative(const double *parameter, int64_t n, const void *z, const void *a,
                                                 void *factor)
{
	(void)parameter, (void)z;
	const real *restrict y = a;
	real *restrict f = factor;
	for (int64_t i = 0; i < n; i++) f[i] *= -2 * y[i] * (1 - y[i]) * (1 + y[i]);
}

static void relu(const double *parameter, int64_t n, const void *z, void *a)
{
	(void)parameter;
	const real *restrict x = z;
	real *restrict y = a;
	for (int64_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
}
static void relu_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)parameter, (void)a;
	const real *restrict x = z;
	real *restrict d = delta;
	for (int64_t i = 0; i < n; i++) d[i] = x[i] < 0 ? 0 : d[i];
}

static void leaky_relu(const double *parameter, int64_t n, const void *z, void *a)
{
	const real leak = (real)parameter[0];
	const real *restrict x = z;
	real *restrict y = a;
	for (int64_t i = 0; i < n; i++) y[i] = x[i] < 0 ? leak * x[i] : x[i];
}
static void leaky_relu_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)a;
	const real leak = (real)parameter[0];
	const real *restrict x = z;
	real *restrict d = delta;
	for (int64_t i = 0; i < n; i++) d[i] = x[i] < 0 ? leak * d[i] : d[i];
}

static void softplus(const double *parameter, int64_t n, const void *z, void *a)
{
	(void)parameter;
	const real *restrict x = z;
	real *restrict y = a;
	for (int64_t i = 0; i < n; i++) y[i] = real_softplus(x[i]);
}
static void softplus_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)parameter, (void)a;
	const real *restrict x = z;
	real *restrict d = delta;
	for (int64_t i = 0; i < n; i++) d[i] *= real_logistic(x[i]);
}

static void softplus_second_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *factor)
{
	logistic_derivative(parameter, n, z, a, factor);
}

static void elu(const double *parameter, int64_t n, const void *z, void *a)
{
	const real scale = (real)parameter[0];
	const real *restrict x = z;
	real *restrict y = a;
	for (int64_t i = 0; i < n; i++) {
		real below = scale * real_expm1(x[i] < 0 ? x[i] : 0);
		y[i] = x[i] < 0 ? below : x[i];
	}
}
static void elu_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)a;
	const real scale = (real)parameter[0];
	const real *restrict x = z;
	real *restrict d = delta;
	for (int64_t i = 0; i < n; i++) {
		real below = scale * real_exp(x[i] < 0 ? x[i] : 0);
		d[i] *= x[i] < 0 ? below : 1;
	}
}

static void elu_second_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *factor)
{
	(void)a;
	const real scale = (real)parameter[0];
	const real *restrict x = z;
	real *restrict f = factor;
	for (int64_t i = 0; i < n; i++) {
		real below = scale * real_exp(x[i] < 0 ? x[i] : 0);
		f[i] *= x[i] < 0 ? below : 0;
	}
}

/* z Phi(z) with the exact normal distribution function (the error function is the C library's). */
static void gelu(const double *parameter, int64_t n, const void *z, void *a)
{
	(void)parameter;
	const real *restrict x = z;
	real *restrict y = a;
	for (int64_t i = 0; i < n; i++) {
		real p = REAL_IS_FLOAT ? (real)erfcf((float)(-x[i] * (real)M_SQRT1_2))
		                       : (real)erfc((double)(-x[i] * (real)M_SQRT1_2));
		y[i] = (real)0.5 * x[i] * p;
	}
}
static void gelu_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *delta)
{
	(void)parameter, (void)a;
	const real *restrict x = z;
	real *restrict d = delta;
	const real root = (real)0.39894228040143267794; /* 1 / sqrt(2 pi) */
	for (int64_t i = 0; i < n; i++) {
		real p = REAL_IS_FLOAT ? (real)erfcf((float)(-x[i] * (real)M_SQRT1_2))
		                       : (real)erfc((double)(-x[i] * (real)M_SQRT1_2));
		d[i] *= (real)0.5 * p + x[i] * root * real_exp((real)-0.5 * x[i] * x[i]);
	}
}

static void gelu_second_derivative(const double *parameter, int64_t n, const void *z, const void *a, void *factor)
{
	(void)parameter, (void)a;
	const real *restrict x = z;
	real *restrict f = factor;
	const real root = (real)0.39894228040143267794; /* 1 / sqrt(2 pi) */
	for (int64_t i = 0; i < n; i++) {
		real square = x[i] * x[i];
		f[i] *= (2 - square) * root * real_exp((real)-0.5 * square);
	}
}

static const tw_activation table[] = {
    {.info = {.name = "identity", .help = "z", .smooth = true},
     .value = identity,
     .multiply_derivative = identity_derivative},
    {.info = {.name = "logistic", .help = "1 / (1 + e^-z)", .smooth = true},
     .value = logistic,
     .multiply_derivative = logistic_derivative,
     .multiply_second_derivative = logistic_second_derivative},
    {.info = {.name = "tanh", .help = "hyperbolic tangent", .smooth = true},
     .value = hyperbolic_tangent,
     .multiply_derivative = hyperbolic_tangent_derivative,
     .multiply_second_derivative = hyperbolic_tangent_second_derivative},
    {.info = {.name = "relu", .help = "max(z, 0); derivative 1 at 0", .smooth = false},
     .value = relu,
     .multiply_derivative = relu_derivative},
    {.info = {.name = "leaky_relu",
              .help = "z for z >= 0, leak z below; derivative 1 at 0",
              .smooth = false,
              .parameters = {{"leak", 0.1, 0.0, 1.0, "slope below 0"}}},
     .value = leaky_relu,
     .multiply_derivative = leaky_relu_derivative},
    {.info = {.name = "softplus", .help = "ln(1 + e^z)", .smooth = true},
     .value = softplus,
     .multiply_derivative = softplus_derivative,
     .multiply_second_derivative = softplus_second_derivative},
    {.info = {.name = "elu",
              .help = "z for z >= 0, elu_scale (e^z - 1) below",
              .smooth = false,
              .parameters = {{"elu_scale", 1.0, 0.0, 100.0, "limit below 0, sign turned"}}},
     .value = elu,
     .multiply_derivative = elu_derivative,
     .multiply_second_derivative = elu_second_derivative},
    {.info = {.name = "gelu", .help = "z Phi(z), Phi the normal distribution function", .smooth = true},
     .value = gelu,
     .multiply_derivative = gelu_derivative,
     .multiply_second_derivative = gelu_second_derivative},
};

const tw_activation_table TW_VARIANT(tw_activations) = {sizeof table / sizeof table[0], table};
