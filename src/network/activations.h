/* What the network layer needs of an activation: its registry entry with the functions of one precision and
 * instruction set. */
#ifndef THALWEG_NETWORK_ACTIVATIONS_H
#define THALWEG_NETWORK_ACTIVATIONS_H

#include <thalweg/network.h>

#include "core/variant.h"

typedef struct tw_activation {
	tw_activation_info info;
	/* a[i] = h(z[i]) for n elements (a multiple of 16, aligned to 64 bytes). */
	void (*value)(const double *parameter, int64_t n, const void *z, void *a);
	/* delta[i] *= h'(z[i]); a holds h(z). At a kink the right derivative. */
	void (*multiply_derivative)(const double *parameter, int64_t n, const void *z, const void *a, void *delta);
	/* factor[i] *= h''(z[i]), likewise. NULL: h'' is 0 wherever it exists. */
	void (*multiply_second_derivative)(const double *parameter, int64_t n, const void *z, const void *a, void *factor);
} tw_activation;

typedef struct {
	int count;
	const tw_activation *entry;
} tw_activation_table;
TW_DECLARE_VARIANTS(tw_activation_table, tw_activations);

static inline const tw_activation *tw_activation_of(tw_precision precision, int i)
{
	return &TW_SELECT_VARIANT(tw_activations, precision)->entry[i];
}

#endif
