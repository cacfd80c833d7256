/* What the objective needs of a loss: its registry entry with the functions of one precision and instruction set. */
#ifndef THALWEG_OBJECTIVE_LOSSES_H
#define THALWEG_OBJECTIVE_LOSSES_H

#include <thalweg/objective.h>

#include "core/variant.h"

typedef struct tw_loss {
	tw_loss_info info;
	/* For `count` observations of `outputs` logits each (row-major z, the last layer before the output function):
	 * loss[i] = L_i, and, when delta is not NULL, delta = scale * dL_i/dz (row-major). y[i] points to the targets of
	 * observation i: `outputs` reals, or one class number for TW_TARGET_CLASS. Rows up to count rounded up to a
	 * multiple of 16 are computed (z holds zeros there, y valid pointers); arrays are aligned to 64 bytes. */
	void (*apply)(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y, double scale,
	              void *delta, double *loss);
	/* out = scale * (Hessian of L_i with respect to the logits z) times dz, for each observation: dz and out row-major
	 * like z, and no others of them. Values up to count * outputs rounded up to a multiple of 16 are written. */
	void (*second_derivative)(tw_output output, int64_t count, int64_t outputs, const void *z, const void *const *y,
	                          const void *dz, double scale, void *out);
	/* apply for one output and `count` values (a multiple of 16) that belong to several networks: value i has the
	 * logit z[i], the target[i] and the factor scale[i % 16]. NULL: not offered. */
	void (*apply_packed)(tw_output output, int64_t count, const void *z, const void *target, const void *scale,
	                     void *delta, double *loss);
} tw_loss;

typedef struct {
	int count;
	const tw_loss *entry;
	/* out = output function of z, row-major count x outputs doubles. */
	void (*output)(tw_output output, int64_t count, int64_t outputs, const void *z, double *out);
} tw_loss_table;
TW_DECLARE_VARIANTS(tw_loss_table, tw_losses);

static inline const tw_loss *tw_loss_of(tw_precision precision, int i)
{
	return &TW_SELECT_VARIANT(tw_losses, precision)->entry[i];
}

#endif
