/* Elementary functions of `real` without branches or calls, so that loops over arrays become SIMD code. Each is within
 * a few units in the last place. For the sources compiled per precision (core/variant.h). */
#ifndef THALWEG_LINALG_REAL_MATH_H
#define THALWEG_LINALG_REAL_MATH_H

#include <math.h>
#include <string.h>

#include "core/variant.h"

/* Selected by the size of real; both branches are compiled, the constant one stays. */
enum { REAL_IS_FLOAT = sizeof(real) == 4 };
#define REAL_INLINE static inline __attribute__((always_inline))

/* 2^n for the exponent range of normal numbers; n as two's complement, any n gives some number. */
REAL_INLINE float float_power_of_two(uint32_t n)
{
	uint32_t bits = (n + 127) << 23;
	float out;
	memcpy(&out, &bits, sizeof out);
	return out;
}
REAL_INLINE double double_power_of_two(uint64_t n)
{
	uint64_t bits = (n + 1023) << 52;
	double out;
	memcpy(&out, &bits, sizeof out);
	return out;
}

/* e^r - 1 for |r| <= ln(2)/2, by its Taylor series in Horner form: relative error below 2^-25 (float), 2^-54. */
REAL_INLINE float float_expm1_reduced(float r)
{
	float p = 1.0f / 5040.0f;
	p = p * r + 1.0f / 720.0f;
	p = p * r + 1.0f / 120.0f;
	p = p * r + 1.0f / 24.0f;
	p = p * r + 1.0f / 6.0f;
	p = p * r + 0.5f;
	return p * r * r + r;
}
REAL_INLINE double double_expm1_reduced(double r)
{
	double p = 1.0 / 87178291200.0;
	p = p * r + 1.0 / 6227020800.0;
	p = p * r + 1.0 / 479001600.0;
	p = p * r + 1.0 / 39916800.0;
	p = p * r + 1.0 / 3628800.0;
	p = p * r + 1.0 / 362880.0;
	p = p * r + 1.0 / 40320.0;
	p = p * r + 1.0 / 5040.0;
	p = p * r + 1.0 / 720.0;
	p = p * r + 1.0 / 120.0;
	p = p * r + 1.0 / 24.0;
	p = p * r + 1.0 / 6.0;
	p = p * r + 0.5;
	return p * r * r + r;
}

/* x = n ln 2 + r, and e^x = 2^n e^r; minus_one 1 gives e^x - 1 without cancellation near 0. The argument is held where
 * 2^n is a normal number: from -87 (float) or -708 down the result is that of minus infinity, above 88.3 or 709 it
 * stays at e^88.3 or e^709; not a number stays so. */
REAL_INLINE float float_exponential(float x, int minus_one)
{
	x = x < -87.0f ? -87.0f : x;
	x = x > 88.3f ? 88.3f : x;
	const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, found in the last bits */
	float shifted = x * 1.44269504088896341f + magic;
	float n = shifted - magic;
	uint32_t bits, magic_bits;
	memcpy(&bits, &shifted, sizeof bits);
	memcpy(&magic_bits, &magic, sizeof magic_bits);
	float r = x - n * 0.693359375f;
	r = r + n * 2.12194440054690583e-4f;
	float scale = float_power_of_two(bits - magic_bits);
	float m = float_expm1_reduced(r);
	float value = minus_one ? scale * m + (scale - 1.0f) : scale * m + scale;
	return x <= -87.0f ? (minus_one ? -1.0f : 0.0f) : value;
}
REAL_INLINE double double_exponential(double x, int minus_one)
{
	x = x < -708.0 ? -708.0 : x;
	x = x > 709.0 ? 709.0 : x;
	const double magic = 6755399441055744.0; /* 1.5 * 2^52 */
	double shifted = x * 1.44269504088896340736 + magic;
	double n = shifted - magic;
	double r = x - n * 6.93147180369123816490e-01;
	r = r - n * 1.90821492927058770002e-10;
	uint64_t bits, magic_bits;
	memcpy(&bits, &shifted, sizeof bits);
	memcpy(&magic_bits, &magic, sizeof magic_bits);
	double scale = double_power_of_two(bits - magic_bits);
	double m = double_expm1_reduced(r);
	double value = minus_one ? scale * m + (scale - 1.0) : scale * m + scale;
	return x <= -708.0 ? (minus_one ? -1.0 : 0.0) : value;
}

REAL_INLINE real real_exp(real x)
{
	return REAL_IS_FLOAT ? (real)float_exponential((float)x, 0) : (real)double_exponential((double)x, 0);
}
REAL_INLINE real real_expm1(real x)
{
	return REAL_IS_FLOAT ? (real)float_exponential((float)x, 1) : (real)double_exponential((double)x, 1);
}

/* ln(1 + u) for 0 <= u <= 1. In float u times a polynomial, the Chebyshev interpolant of ln(1 + u) / u of degree 9
 * (relative error 5e-9); in double 2 artanh(s) with s = u / (2 + u) <= 1/3. */
REAL_INLINE float float_log1p_unit(float u)
{
	float p = -0.003256378462538123f;
	p = p * u + 0.019907161593437195f;
	p = p * u - 0.057064201682806015f;
	p = p * u + 0.10614264756441116f;
	p = p * u - 0.15311862528324127f;
	p = p * u + 0.19678117334842682f;
	p = p * u - 0.24954558908939362f;
	p = p * u + 0.33330005407333374f;
	p = p * u - 0.4999990463256836f;
	p = p * u + 1.0f;
	return p * u;
}
REAL_INLINE double double_log1p_unit(double u)
{
	double s = u / (2 + u), q = s * s;
	double p = 1.0 / 35;
	p = p * q + 1.0 / 33;
	p = p * q + 1.0 / 31;
	p = p * q + 1.0 / 29;
	p = p * q + 1.0 / 27;
	p = p * q + 1.0 / 25;
	p = p * q + 1.0 / 23;
	p = p * q + 1.0 / 21;
	p = p * q + 1.0 / 19;
	p = p * q + 1.0 / 17;
	p = p * q + 1.0 / 15;
	p = p * q + 1.0 / 13;
	p = p * q + 1.0 / 11;
	p = p * q + 1.0 / 9;
	p = p * q + 1.0 / 7;
	p = p * q + 1.0 / 5;
	p = p * q + 1.0 / 3;
	return 2 * (s + s * q * p);
}
REAL_INLINE real real_log1p_unit(real u)
{
	return REAL_IS_FLOAT ? (real)float_log1p_unit((float)u) : (real)double_log1p_unit((double)u);
}

REAL_INLINE real real_abs(real x) { return x < 0 ? -x : x; }
/* 1 / (1 + e^-z), without overflow. */
REAL_INLINE real real_logistic(real z)
{
	real e = real_exp(-real_abs(z));
	real small = e / (1 + e);
	return z < 0 ? small : 1 - small;
}
/* ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|). */
REAL_INLINE real real_softplus(real z) { return (z > 0 ? z : 0) + real_log1p_unit(real_exp(-real_abs(z))); }
REAL_INLINE real real_tanh(real z)
{
	real m = real_expm1(-2 * real_abs(z)); /* in (-1, 0] */
	real t = -m / (2 + m);
	return z < 0 ? -t : t;
}

#endif
