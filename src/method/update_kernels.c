/* Update rules on arrays of reals. Each loop body is elementwise; the vectoriser takes arrays whole, so there is no
 * remainder that could round differently. */
#include "method/update_kernels.h"

#include <math.h>

#ifdef TW_REAL_NAME

/* n is a multiple of the block; saying so spares the compiler a remainder. */
#define EACH_ELEMENT _Pragma("GCC ivdep") for (int64_t i = 0; i < n / TW_UPDATE_BLOCK * TW_UPDATE_BLOCK; i++)

#define ALIGNED(array) __builtin_assume_aligned(array, 64)

static inline real square_root(real x) { return sizeof(real) == 4 ? (real)sqrtf((float)x) : (real)sqrt((double)x); }

static void plain(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                  void *vector1)
{
	(void)vector0, (void)vector1;
	real *restrict t = ALIGNED(theta);
	const real *restrict g = ALIGNED(gradient);
	const real step = (real)call->step_size;
	EACH_ELEMENT { t[i] -= step * g[i]; }
}

static void momentum(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                     void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict v = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real step = (real)call->step_size, share = (real)call->value[0];
	EACH_ELEMENT
	{
		real velocity = share * v[i] + g[i];
		v[i] = velocity;
		t[i] -= step * velocity;
	}
}

static void nesterov(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                     void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict v = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real step = (real)call->step_size, share = (real)call->value[0];
	EACH_ELEMENT
	{
		real velocity = share * v[i] + g[i];
		v[i] = velocity;
		t[i] -= step * (g[i] + share * velocity);
	}
}

static void adagrad(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                    void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict s = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real step = (real)call->step_size, epsilon = (real)call->value[0];
	EACH_ELEMENT
	{
		real sum = s[i] + g[i] * g[i];
		s[i] = sum;
		t[i] -= step * g[i] / (square_root(sum) + epsilon);
	}
}

static void rmsprop(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                    void *vector1)
{
	(void)vector1;
	real *restrict t = ALIGNED(theta), *restrict s = ALIGNED(vector0);
	const real *restrict g = ALIGNED(gradient);
	const real step = (real)call->step_size, epsilon = (real)call->value[1];
	const real decay = (real)call->value[0], rest = (real)(1 - call->value[0]);
	EACH_ELEMENT
	{
		real mean = decay * s[i] + rest * (g[i] * g[i]);
		s[i] = mean;
		t[i] -= step * g[i] / (square_root(mean) + epsilon);
	}
}

/* Adam after theta has been multiplied by keep: 1, or 1 - step size * weight decay. */
static inline void adam_step(const tw_update_call *call, double keep, int64_t n, void *theta, const void *gradient,
                             void *vector0, void *vector1)
{
	real *restrict t = ALIGNED(theta), *restrict m = ALIGNED(vector0), *restrict s = ALIGNED(vector1);
	const real *restrict g = ALIGNED(gradient);
	const double beta1 = call->value[0], beta2 = call->value[1];
	const real decay1 = (real)beta1, rest1 = (real)(1 - beta1), decay2 = (real)beta2, rest2 = (real)(1 - beta2);
	const real step = (real)(call->step_size / (1 - pow(beta1, call->count)));
	const real scale = (real)(1 / sqrt(1 - pow(beta2, call->count)));
	const real epsilon = (real)call->value[2], kept = (real)keep;
	EACH_ELEMENT
	{
		real first = decay1 * m[i] + rest1 * g[i];
		real second = decay2 * s[i] + rest2 * (g[i] * g[i]);
		m[i] = first;
		s[i] = second;
		t[i] = kept * t[i] - step * first / (square_root(second) * scale + epsilon);
	}
}

static void adam(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0, void *vector1)
{
	adam_step(call, 1, n, theta, gradient, vector0, vector1);
}

static void adamw(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                  void *vector1)
{
	adam_step(call, 1 - call->step_size * call->value[3], n, theta, gradient, vector0, vector1);
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
