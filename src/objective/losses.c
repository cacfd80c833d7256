/* The losses: to add one, write its functions and a row of the table at the end. All start from the logits z. */
#include "objective/losses.h"

#include <string.h>

#include "linalg/real_math.h"

enum { BLOCK = 16 };

/* out = softmax(z) for one row. */
static void softmax(int64_t outputs, const real *z, real *out)
{
	real largest = z[0], sum = 0;
	for (int64_t j = 1; j < outputs; j++) largest = z[j] > largest ? z[j] : largest;
	for (int64_t j = 0; j < outputs; j++) out[j] = real_exp(z[j] - largest);
	for (int64_t j = 0; j < outputs; j++) sum += out[j];
	for (int64_t j = 0; j < outputs; j++) out[j] /= sum;
}

/* sum_j (h_j - y_j)^2 with h = z, logistic(z) or softmax(z). */
static void square(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y, double scale,
                   void *delta, double *loss)
{
	const real two_scale = (real)(2 * scale);
	for (int64_t i = 0; i < count; i++) {
		const real *logit = (const real *)z + i * outputs, *target = y[i];
		real *d = delta ? (real *)delta + i * outputs : NULL;
		double sum = 0;
		if (output == TW_OUTPUT_SOFTMAX) {
			real largest = logit[0], total = 0, inner = 0;
			for (int64_t j = 1; j < outputs; j++) largest = logit[j] > largest ? logit[j] : largest;
			for (int64_t j = 0; j < outputs; j++) total += real_exp(logit[j] - largest);
			for (int64_t j = 0; j < outputs; j++) {
				real h = real_exp(logit[j] - largest) / total;
				inner += h * (h - target[j]);
				sum += (double)(h - target[j]) * (double)(h - target[j]);
			}
			for (int64_t j = 0; d && j < outputs; j++) {
				real h = real_exp(logit[j] - largest) / total;
				d[j] = two_scale * h * ((h - target[j]) - inner);
			}
		} else {
			for (int64_t j = 0; j < outputs; j++) {
				real h = output == TW_OUTPUT_LOGISTIC ? real_logistic(logit[j]) : logit[j];
				real residual = h - target[j];
				real slope = output == TW_OUTPUT_LOGISTIC ? h * real_logistic(-logit[j]) : 1;
				if (d) d[j] = two_scale * residual * slope;
				sum += (double)residual * (double)residual;
			}
		}
		loss[i] = sum;
	}
}

/* With h = softmax(z), g = 2 (h - y) and dh = h (dz - <h, dz>): the differential of h (g - <g, h>). */
static void square_softmax_second(int64_t outputs, const real *z, const real *y, const real *dz, real scale, real *out)
{
	real along = 0, inner = 0, inner_change = 0;
	softmax(outputs, z, out);
	for (int64_t j = 0; j < outputs; j++) along += out[j] * dz[j];
	for (int64_t j = 0; j < outputs; j++) {
		real h = out[j], change = h * (dz[j] - along), g = 2 * (h - y[j]);
		inner += g * h;
		inner_change += 2 * change * h + g * change;
	}
	for (int64_t j = 0; j < outputs; j++) {
		real h = out[j], change = h * (dz[j] - along), g = 2 * (h - y[j]);
		out[j] = scale * (change * (g - inner) + h * (2 * change - inner_change));
	}
}

static void square_second(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y,
                          const void *dz, double scale, void *out)
{
	const real *logit = z, *change = dz;
	real *to = out;
	const int64_t values = count * outputs;
	const real two_scale = (real)(2 * scale);
	for (int64_t i = 0; output == TW_OUTPUT_SOFTMAX && i < count; i++)
		square_softmax_second(outputs, logit + i * outputs, y[i], change + i * outputs, (real)scale, to + i * outputs);
	for (int64_t i = 0; output == TW_OUTPUT_IDENTITY && i < values; i++) to[i] = two_scale * change[i];
	for (int64_t first = 0; output == TW_OUTPUT_LOGISTIC && first < values; first += BLOCK) {
		real target[BLOCK];
		for (int64_t k = 0; k < BLOCK; k++) {
			int64_t at = first + k < values ? first + k : first;
			target[k] = ((const real *)y[at / outputs])[at % outputs];
		}
#pragma GCC unroll 1
		for (int64_t k = 0, i = first; k < BLOCK; k++, i++) {
			real h = real_logistic(logit[i]), other = real_logistic(-logit[i]), slope = h * other;
			to[i] = two_scale * slope * (slope + (h - target[k]) * (other - h)) * change[i];
		}
	}
}

/* (z - y)^2 or (logistic(z) - y)^2 of values without structure. */
static void square_packed(tw_output output, int64_t count, const void *z, const void *target, const void *scale,
                          void *delta, double *loss)
{
	const real *restrict logit = z, *restrict y = target, *restrict factor = scale;
	real *restrict d = delta;
	for (int64_t first = 0; first < count; first += BLOCK) {
#pragma GCC unroll 1
		for (int64_t k = 0, i = first; k < BLOCK; k++, i++) {
			real h = output == TW_OUTPUT_LOGISTIC ? real_logistic(logit[i]) : logit[i];
			real residual = h - y[i];
			real slope = output == TW_OUTPUT_LOGISTIC ? h * real_logistic(-logit[i]) : 1;
			d[i] = 2 * factor[k] * residual * slope;
			loss[i] = (double)residual * (double)residual;
		}
	}
}

/* -y ln h - (1 - y) ln(1 - h) with h = logistic(z): ln(1 + e^z) - y z, which for y in {0, 1} is softplus of v = -z or
 * z, without cancellation. In blocks whatever the number of outputs, so that this is SIMD code with the same bits for
 * every position. value: v in, loss out; slope = factor dL/dz. */
static inline __attribute__((always_inline)) void log_block(const real *sign, const real *factor, real *value,
                                                            real *slope)
{
#pragma GCC unroll 1
	for (int64_t k = 0; k < BLOCK; k++) {
		real e = real_exp(-real_abs(value[k]));
		real large = 1 / (1 + e), small = e * large;
		slope[k] = sign[k] * factor[k] * (value[k] < 0 ? small : large);
		value[k] = (value[k] > 0 ? value[k] : 0) + real_log1p_unit(e);
	}
}

static void log_loss(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y,
                     double scale, void *delta, double *loss)
{
	(void)output;
	real factor[BLOCK];
	const real *logits = z;
	real *d = delta;
	for (int k = 0; k < BLOCK; k++) factor[k] = (real)scale;
	for (int64_t i = 0; i < count; i++) loss[i] = 0;
	for (int64_t first = 0; first < count * outputs; first += BLOCK) {
		int64_t filled = count * outputs - first < BLOCK ? count * outputs - first : BLOCK;
		real sign[BLOCK], value[BLOCK], slope[BLOCK];
		for (int64_t k = 0; k < BLOCK; k++) {
			int64_t at = first + (k < filled ? k : 0);
			sign[k] = ((const real *)y[at / outputs])[at % outputs] != 0 ? (real)-1 : (real)1;
			value[k] = sign[k] * logits[at];
		}
		log_block(sign, factor, value, slope);
		for (int64_t k = 0; k < filled; k++) {
			loss[(first + k) / outputs] += (double)value[k];
			if (d) d[first + k] = slope[k];
		}
	}
}

/* h (1 - h) dz whatever y is. */
static void log_second(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y,
                       const void *dz, double scale, void *out)
{
	(void)output, (void)y;
	const real *logit = z, *change = dz;
	real *to = out;
	const real factor = (real)scale;
	for (int64_t first = 0; first < count * outputs; first += BLOCK) {
#pragma GCC unroll 1
		for (int64_t i = first; i < first + BLOCK; i++) {
			real e = real_exp(-real_abs(logit[i]));
			to[i] = factor * (e / ((1 + e) * (1 + e))) * change[i];
		}
	}
}

static void log_packed(tw_output output, int64_t count, const void *z, const void *target, const void *scale,
                       void *delta, double *loss)
{
	(void)output;
	const real *restrict logit = z, *restrict y = target;
	real factor[BLOCK];
	memcpy(factor, scale, sizeof factor);
	for (int64_t first = 0; first < count; first += BLOCK) {
		real sign[BLOCK], value[BLOCK], slope[BLOCK];
#pragma GCC unroll 1
		for (int64_t k = 0; k < BLOCK; k++) sign[k] = y[first + k] != 0 ? (real)-1 : (real)1;
#pragma GCC unroll 1
		for (int64_t k = 0; k < BLOCK; k++) value[k] = sign[k] * logit[first + k];
		log_block(sign, factor, value, slope);
		memcpy((real *)delta + first, slope, sizeof slope);
#pragma GCC unroll 1
		for (int64_t k = 0; k < BLOCK; k++) loss[first + k] = (double)value[k];
	}
}

/* -ln softmax(z)_y for the class number y. */
static void cross_entropy(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y,
                          double scale, void *delta, double *loss)
{
	(void)output;
	const real factor = (real)scale;
	for (int64_t i = 0; i < count; i++) {
		const real *logit = (const real *)z + i * outputs;
		int64_t label = (int64_t) * (const real *)y[i];
		real largest = logit[0];
		for (int64_t j = 1; j < outputs; j++) largest = logit[j] > largest ? logit[j] : largest;
		real sum = 0;
		if (delta) {
			real *d = (real *)delta + i * outputs;
			for (int64_t j = 0; j < outputs; j++) d[j] = real_exp(logit[j] - largest);
			for (int64_t j = 0; j < outputs; j++) sum += d[j];
			real inverse = factor / sum;
			for (int64_t j = 0; j < outputs; j++) d[j] *= inverse;
			d[label] -= factor;
		} else {
			for (int64_t j = 0; j < outputs; j++) sum += real_exp(logit[j] - largest);
		}
		loss[i] = (double)(largest - logit[label]) + log((double)sum);
	}
}

/* h (dz - <h, dz>) with h = softmax(z), whatever y is. */
static void cross_entropy_second(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y,
                                 const void *dz, double scale, void *out)
{
	(void)output, (void)y;
	const real factor = (real)scale;
	for (int64_t i = 0; i < count; i++) {
		const real *change = (const real *)dz + i * outputs;
		real *to = (real *)out + i * outputs, along = 0;
		softmax(outputs, (const real *)z + i * outputs, to);
		for (int64_t j = 0; j < outputs; j++) along += to[j] * change[j];
		for (int64_t j = 0; j < outputs; j++) to[j] *= factor * (change[j] - along);
	}
}

static void output_values(tw_output output, int64_t count, int64_t outputs, const void *z, double *out)
{
	real row[BLOCK];
	for (int64_t i = 0; i < count; i++) {
		const real *logit = (const real *)z + i * outputs;
		if (output == TW_OUTPUT_SOFTMAX && outputs <= BLOCK) {
			softmax(outputs, logit, row);
			for (int64_t j = 0; j < outputs; j++) out[i * outputs + j] = (double)row[j];
		} else if (output == TW_OUTPUT_SOFTMAX) {
			double largest = (double)logit[0], sum = 0;
			for (int64_t j = 1; j < outputs; j++) largest = (double)logit[j] > largest ? (double)logit[j] : largest;
			for (int64_t j = 0; j < outputs; j++) sum += exp((double)logit[j] - largest);
			for (int64_t j = 0; j < outputs; j++) out[i * outputs + j] = exp((double)logit[j] - largest) / sum;
		} else {
			for (int64_t j = 0; j < outputs; j++)
				out[i * outputs + j] =
				    output == TW_OUTPUT_LOGISTIC ? (double)real_logistic(logit[j]) : (double)logit[j];
		}
	}
}

#define BIT(output) (1u << (output))
static const tw_loss table[] = {
    {.info = {.name = "square",
              .help = "sum over outputs of (h - y)^2",
              .target = TW_TARGET_REAL,
              .outputs = BIT(TW_OUTPUT_IDENTITY) | BIT(TW_OUTPUT_LOGISTIC) | BIT(TW_OUTPUT_SOFTMAX)},
     .apply = square,
     .second_derivative = square_second,
     .apply_packed = square_packed},
    {.info = {.name = "log",
              .help = "-y ln h - (1 - y) ln(1 - h), y 0 or 1, from the logit",
              .target = TW_TARGET_BINARY,
              .outputs = BIT(TW_OUTPUT_LOGISTIC)},
     .apply = log_loss,
     .second_derivative = log_second,
     .apply_packed = log_packed},
    {.info = {.name = "cross_entropy",
              .help = "-ln h_y for the class y, from the logits",
              .target = TW_TARGET_CLASS,
              .outputs = BIT(TW_OUTPUT_SOFTMAX)},
     .apply = cross_entropy,
     .second_derivative = cross_entropy_second},
};

const tw_loss_table TW_VARIANT(tw_losses) = {sizeof table / sizeof table[0], table, output_values};
