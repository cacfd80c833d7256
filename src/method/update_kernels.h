/* The arithmetic of the update rules: one function a rule, compiled per instruction set and precision. */
#ifndef THALWEG_METHOD_UPDATE_KERNELS_H
#define THALWEG_METHOD_UPDATE_KERNELS_H

#include <thalweg/method.h>

#include "core/variant.h"

/* Elements that the kernels work on at a time. Arrays are aligned to 64 bytes; a kernel gets a multiple of this many
 * elements, so that the bits of an element do not depend on its place. */
enum { TW_UPDATE_BLOCK = 16 };

/* One update as the kernels see it. Element i belongs to replica i % replicas, which has its own step size and count of
 * updates; a single run has one. */
typedef struct {
	int replicas;            /* a power of two, at most TW_UPDATE_BLOCK */
	const double *step_size; /* of each replica */
	const double *count;     /* updates that each has made, this one included */
	const double *value;     /* the rule's parameters, in the order of its descriptors */
} tw_update_call;

typedef void tw_update_kernel(const tw_update_call *call, int64_t n, void *theta, const void *gradient, void *vector0,
                              void *vector1);

typedef enum {
	TW_KERNEL_PLAIN,
	TW_KERNEL_MOMENTUM,
	TW_KERNEL_NESTEROV,
	TW_KERNEL_ADAGRAD,
	TW_KERNEL_RMSPROP,
	TW_KERNEL_ADAM,
	TW_KERNEL_ADAMW,
	TW_KERNEL_COUNT
} tw_update_kernel_id;

typedef struct {
	tw_update_kernel *apply[TW_KERNEL_COUNT];
} tw_update_kernel_table;

TW_DECLARE_VARIANTS(tw_update_kernel_table, tw_update_kernels);

/* The kernel of a rule of the registry, and whether noise is added to the gradient first: the rule's first parameter
 * times N(0, 1), keyed by (seed, run, step, canonical index). */
tw_update_kernel *tw_update_kernel_of(int rule, tw_precision precision);
bool tw_update_is_noisy(int rule);

#endif
