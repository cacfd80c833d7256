/* Registry of the update rules, their state, and one update split over threads. */
#include <thalweg/method.h>

#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/denormals.h"
#include "method/update_kernels.h"

/* Momentum and decays below 1; divisors that stay away from 0 in float as well. */
#define MOMENTUM                                                                   \
	{                                                                              \
		"momentum", 0.9, 0, 0.999999999, "share of the last velocity that is kept" \
	}
#define DECAY(name, initial, help)          \
	{                                       \
		name, initial, 0, 0.999999999, help \
	}
#define EPSILON(initial)                                     \
	{                                                        \
		"epsilon", initial, 1e-30, 1, "added to the divisor" \
	}

typedef struct {
	tw_update_info info;
	tw_update_kernel_id kernel;
	bool noisy; /* the first parameter is the deviation of noise added to the gradient */
} update_rule;

static const update_rule rules[] = {
    {
        .info = {.name = "plain", .help = "theta - a g: (stochastic) gradient descent (Robbins and Monro 1951)"},
        .kernel = TW_KERNEL_PLAIN,
    },
    {
        .info = {.name = "momentum",
                 .help = "v = momentum v + g; theta - a v: heavy ball (Polyak 1964)",
                 .vectors = 1,
                 .parameters = {MOMENTUM}},
        .kernel = TW_KERNEL_MOMENTUM,
    },
    {
        .info = {.name = "nesterov",
                 .help = "v = momentum v + g; theta - a (g + momentum v) (Nesterov 1983, Sutskever et al. 2013)",
                 .vectors = 1,
                 .parameters = {MOMENTUM}},
        .kernel = TW_KERNEL_NESTEROV,
    },
    {
        .info = {.name = "adagrad",
                 .help = "s = s + g^2; theta - a g / (sqrt(s) + epsilon) (Duchi et al. 2011)",
                 .vectors = 1,
                 .parameters = {EPSILON(1e-10)}},
        .kernel = TW_KERNEL_ADAGRAD,
    },
    {
        .info = {.name = "rmsprop",
                 .help = "s = decay s + (1 - decay) g^2; theta - a g / (sqrt(s) + epsilon) (Tieleman, Hinton 2012)",
                 .vectors = 1,
                 .parameters = {DECAY("decay", 0.99, "share of the mean square that is kept"), EPSILON(1e-8)}},
        .kernel = TW_KERNEL_RMSPROP,
    },
    {
        .info = {.name = "adam",
                 .help = "m = beta1 m + (1 - beta1) g, s = beta2 s + (1 - beta2) g^2; theta - a m' / (sqrt(s') + "
                         "epsilon), m' and s' without the bias to 0 (Kingma and Ba 2015)",
                 .vectors = 2,
                 .parameters = {DECAY("beta1", 0.9, "share of the mean gradient that is kept"),
                                DECAY("beta2", 0.999, "share of the mean square that is kept"), EPSILON(1e-8)}},
        .kernel = TW_KERNEL_ADAM,
    },
    {
        .info = {.name = "adamw",
                 .help = "theta (1 - a weight_decay), then as adam (Loshchilov and Hutter 2019)",
                 .vectors = 2,
                 .parameters = {DECAY("beta1", 0.9, "share of the mean gradient that is kept"),
                                DECAY("beta2", 0.999, "share of the mean square that is kept"),
                                EPSILON(1e-8),
                                {"weight_decay", 0.01, 0, 1e6, "rate at which parameters shrink"}}},
        .kernel = TW_KERNEL_ADAMW,
    },
    {
        .info = {.name = "noisy",
                 .help = "theta - a (g + noise xi), xi ~ N(0, I): isotropic Gaussian noise (Ge et al. 2015)",
                 .parameters = {{"noise", 0.01, 0, 1e6, "standard deviation of the noise added to the gradient"}}},
        .kernel = TW_KERNEL_PLAIN,
        .noisy = true,
    },
};
enum { RULES = sizeof rules / sizeof *rules };

int tw_update_count(void) { return RULES; }

const tw_update_info *tw_update_info_of(int i) { return i >= 0 && i < RULES ? &rules[i].info : NULL; }

int tw_update_find(const char *name)
{
	for (int i = 0; i < RULES; i++) {
		if (strcmp(rules[i].info.name, name) == 0) return i;
	}
	return -1;
}

tw_update_kernel *tw_update_kernel_of(int rule, tw_precision precision)
{
	return TW_SELECT_VARIANT(tw_update_kernels, precision)->apply[rules[rule].kernel];
}

bool tw_update_is_noisy(int rule) { return rules[rule].noisy; }

tw_status tw_update_create(int rule, const double *value, const tw_objective *objective, uint64_t seed, uint32_t run,
                           tw_update *out)
{
	memset(out, 0, sizeof *out);
	TW_CHECK(rule >= 0 && rule < RULES, TW_INTERNAL, "update rule %d does not exist", rule);
	*out = (tw_update){
	    .rule = rule,
	    .precision = objective->precision,
	    .size = objective->size,
	    .seed = seed,
	    .run = run,
	    .dimension = objective->dimension,
	    .position = objective->position,
	};
	memcpy(out->value, value, sizeof out->value);
	for (int i = 0; i < rules[rule].info.vectors; i++) {
		tw_status status =
		    tw_alloc_array(&out->vector[i], out->size, tw_real_size(out->precision), "the state of the update rule");
		if (status != TW_OK) {
			tw_update_free(out);
			return status;
		}
	}
	return TW_OK;
}

void tw_update_free(tw_update *update)
{
	if (!update) return;
	for (int i = 0; i < TW_MAX_UPDATE_VECTORS; i++) {
		tw_free(update->vector[i]);
		update->vector[i] = NULL;
	}
}

/* Adds the noise of parameters [first, last) to their places in the gradient. */
static void add_noise(const tw_update *update, void *gradient, int64_t first, int64_t last)
{
	tw_random stream = {.seed = update->seed, .purpose = TW_RANDOM_NOISE, .run = update->run};
	for (int64_t i = first; i < last; i++) {
		int64_t at = update->position[i];
		double noise = update->value[0] * tw_random_normal(stream, (uint64_t)update->steps, (uint64_t)i);
		tw_real_set(update->precision, gradient, at, tw_real_get(update->precision, gradient, at) + noise);
	}
}

static void *element(const tw_update *update, void *vector, int64_t i)
{
	return vector ? (char *)vector + i * (int64_t)tw_real_size(update->precision) : NULL;
}

/* The last elements of vectors whose size is no multiple of the block: computed in a whole block of their own. */
static void apply_rest(const tw_update *update, tw_update_kernel *kernel, const tw_update_call *call, void *theta,
                       void *gradient, int64_t first)
{
	enum { ARRAYS = 2 + TW_MAX_UPDATE_VECTORS };
	_Alignas(64) double block[ARRAYS][TW_UPDATE_BLOCK] = {{0}};
	void *source[ARRAYS] = {theta, gradient, update->vector[0], update->vector[1]};
	size_t bytes = (size_t)(update->size - first) * tw_real_size(update->precision);
	for (int i = 0; i < ARRAYS; i++) {
		if (source[i]) memcpy(block[i], element(update, source[i], first), bytes);
	}
	kernel(call, TW_UPDATE_BLOCK, block[0], block[1], block[2], block[3]);
	for (int i = 0; i < ARRAYS; i++) {
		if (source[i] && source[i] != gradient) memcpy(element(update, source[i], first), block[i], bytes);
	}
}

/* Elements [first, last) of theta, the last ones as a block of their own where they do not fill one. */
static void apply_range(const tw_update *update, const tw_update_call *call, void *theta, void *gradient, int64_t first,
                        int64_t last)
{
	tw_update_kernel *kernel = tw_update_kernel_of(update->rule, update->precision);
	int64_t whole = first + (last - first) / TW_UPDATE_BLOCK * TW_UPDATE_BLOCK;
	kernel(call, whole - first, element(update, theta, first), element(update, gradient, first),
	       element(update, update->vector[0], first), element(update, update->vector[1], first));
	if (whole < last) apply_rest(update, kernel, call, theta, gradient, whole);
}

void tw_update_apply(tw_update *update, void *theta, void *gradient, double step_size, int threads)
{
	enum { ELEMENTS_PER_THREAD = 32768 };
	const double count = (double)(update->steps + 1);
	const tw_update_call call = {.replicas = 1, .step_size = &step_size, .count = &count, .value = update->value};
	const bool noisy = rules[update->rule].noisy;
	int64_t useful = update->size / ELEMENTS_PER_THREAD;
	if (useful < threads) threads = useful > 1 ? (int)useful : 1;
	if (threads == 1) {
		flush_denormals();
		if (noisy) add_noise(update, gradient, 0, update->dimension);
		apply_range(update, &call, theta, gradient, 0, update->size);
	} else {
		const int64_t blocks = (update->size + TW_UPDATE_BLOCK - 1) / TW_UPDATE_BLOCK;
#pragma omp parallel num_threads(threads)
		{
			flush_denormals();
			int64_t rank = omp_get_thread_num(), team = omp_get_num_threads();
			if (noisy) {
				add_noise(update, gradient, update->dimension * rank / team, update->dimension * (rank + 1) / team);
#pragma omp barrier
			}
			int64_t first = blocks * rank / team * TW_UPDATE_BLOCK, last = blocks * (rank + 1) / team * TW_UPDATE_BLOCK;
			apply_range(update, &call, theta, gradient, first, last < update->size ? last : update->size);
		}
	}
	update->steps++;
}
