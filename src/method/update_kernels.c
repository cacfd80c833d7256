/* Update rules on arrays of reals. Each loop body is elementwise, over blocks of a fixed number of elements: there is
 * no remainder that could round differently, and what belongs to a replica stands in an array as long as a block. */
#include "method/update_kernels.h"

#include <math.h>

#ifdef TW_REAL_NAME

/* Element i is number j of its block. */
#define EACH_ELEMENT                                    \
	for (int64_t i0 = 0; i0 < n; i0 += TW_UPDATE_BLOCK) \
	_Pragma("GCC ivdep") for (int64_t j = 0, i = i0; j < TW_UPDATE_BLOCK; j++, i++)

#define ALIGNED(array) __builtin_assume_aligned(array, 64)

/* A number of each replica, over a block. */
static inline void spread(const tw_update_call *call, const double *of_replica, real out[TW_UPDATE_BLOCK])
{
	for (int j = 0; j < TW_UPDATE_BLOCK; j++) out[j] = (real)of_replica[j & (call->replicas - 1)];
}

static inline real square_root(real x) { return sizeof(real) == 4 ? (real)sqrtf((float)x) : (real)sqrt((double)x); }

static void plain(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                  void *vector1)
{
	(void)vector0, (void)vector1;
	real *restrict t = ALIGNED(theta);
	const real *restrict g = ALIGNED(gradient);
	real step[TW_UPDATE_BLOCK];
	spread(call, call->step_size, step);
	EACH_ELEMENT { t[i] -= step[j] * g[i]; }
}

static void momentum(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                     void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict v = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real share = (real)call->value[0];
	real step[TW_UPDATE_BLOCK];
	spread(call, call->step_size, step);
	EACH_ELEMENT
	{
		real velocity = share * v[i] + g[i];
		v[i] = velocity;
		t[i] -= step[j] * velocity;
	}
}

static void nesterov(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                     void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict v = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real share = (real)call->value[0];
	real step[TW_UPDATE_BLOCK];
	spread(call, call->step_size, step);
	EACH_ELEMENT
	{
		real velocity = share * v[i] + g[i];
		v[i] = velocity;
		t[i] -= step[j] * (g[i] + share * velocity);
	}
}

static void adagrad(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                    void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict s = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real epsilon = (real)call->value[0];
	real step[TW_UPDATE_BLOCK];
	spread(call, call->step_size, step);
	EACH_ELEMENT
	{
		real sum = s[i] + g[i] * g[i];
		s[i] = sum;
		t[i] -= step[j] * g[i] / (square_root(sum) + epsilon);
	}
}

static void rmsprop(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                    void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict s = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real epsilon = (real)call->value[1];
	real step[TW_UPDATE_BLOCK];
	spread(call, call->step_size, step);
	const real decay = (real)call->value[0], rest = (real)(1 - call->value[0]);
	EACH_ELEMENT
	{
		real mean = decay * s[i] + rest * (g[i] * g[i]);
		s[i] = mean;
		t[i] -= step[j] * g[i] / (square_root(mean) + epsilon);
	}
}

/* Adam after theta has been multiplied by keep: 1, or 1 - step size * decay. */
static inline void adam_step(const tw_update_call *call, double decay, int64_t n, void *theta, const void *gradient,
                             void *vector0, void *vector1)
{
	real *restrict t = ALIGNED(theta), *restrict m = ALIGNED(vector0), *restrict s = ALIGNED(vector1);
	const real *restrict g = ALIGNED(gradient);
	const double beta1 = call->value[0], beta2 = call->value[1];
	const real decay1 = (real)beta1, rest1 = (real)(1 - beta1), decay2 = (real)beta2, rest2 = (real)(1 - beta2);
	const real epsilon = (real)call->value[2];
	double step_of[TW_UPDATE_BLOCK], scale_of[TW_UPDATE_BLOCK], keep_of[TW_UPDATE_BLOCK];
	real step[TW_UPDATE_BLOCK], scale[TW_UPDATE_BLOCK], keep[TW_UPDATE_BLOCK];
	for (int r = 0; r < call->replicas; r++) {
		step_of[r] = call->step_size[r] / (1 - pow(beta1, call->count[r]));
		scale_of[r] = 1 / sqrt(1 - pow(beta2, call->count[r]));
		keep_of[r] = 1 - call->step_size[r] * decay;
	}
	spread(call, step_of, step), spread(call, scale_of, scale), spread(call, keep_of, keep);
	EACH_ELEMENT
	{
		real first = decay1 * m[i] + rest1 * g[i];
		real second = decay2 * s[i] + rest2 * (g[i] * g[i]);
		m[i] = first;
		s[i] = second;
		t[i] = keep[j] * t[i] - step[j] * first / (square_root(second) * scale[j] + epsilon);
	}
}

static void adam(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0, void *vector1)
{
	adam_step(call, 0, n, theta, gradient, vector0, vector1);
}

static void adamw(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                  void *vector1)
{
	adam_step(call, call->value[3], n, theta, gradient, vector0, vector1);
}

const tw_update_kernel_table TW_VARIANT(tw_update_kernels) = {
    .apply =
        {
            [TW_KERNEL_PLAIN] = plain,
            [TW_KERNEL_MOMENTUM] = momentum,
            [TW_KERNEL_NESTEROV] = nesterov,
            [TW_KERNEL_ADAGRAD] = adagrad,
            [TW_KERNEL_RMSPROP] = rmsprop,
            [TW_KERNEL_ADAM] = adam,
            [TW_KERNEL_ADAMW] = adamw,
        },
};

#endif
