/* thalweg/objective.h: f(theta) = 1/n sum L_i(theta) + penalty, its gradient, and what is measured with them. */
#ifndef THALWEG_OBJECTIVE_H
#define THALWEG_OBJECTIVE_H

#include <thalweg/data.h>
#include <thalweg/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- losses -------------------------------------------------------------------------------------------------- */

typedef enum { TW_TARGET_REAL = 0, TW_TARGET_BINARY, TW_TARGET_CLASS } tw_target;
typedef struct {
	const char *name;
	const char *help; /* formula */
	tw_target target; /* what y must be: any real; 0 or 1; a class label */
	unsigned outputs; /* bit set (1u << tw_output) of the output functions it goes with */
} tw_loss_info;
int tw_loss_count(void);
const tw_loss_info *tw_loss_info_of(int i);
int tw_loss_find(const char *name); /* -1: none */

/* ---- an objective as methods see it -------------------------------------------------------------------------- */

/* theta and gradient are vectors of `size` reals in an order private to the objective (padding allowed: elements that
 * are no parameters stay 0 in theta and gradient); import and export convert to and from canonical theta.
 * All calls but import and export are collective over the objective's communicator, and give every rank the same
 * bits on any layout. */
typedef struct tw_objective tw_objective;
struct tw_objective {
	void *self;
	tw_precision precision;
	int64_t dimension;    /* parameters d */
	int64_t size;         /* elements of a vector, >= d */
	int64_t observations; /* n */
	/* Mean loss over the batch plus penalty; the gradient of the same, when gradient is not NULL. */
	tw_status (*evaluate)(void *self, const void *theta, const tw_batch *batch, double *cost, void *gradient);
	/* products[v] = H vectors[v] for v < count: H is the Hessian of the same function of theta, where it is twice
	 * differentiable (off the kinks of ReLU and its like; there the one-sided derivatives that evaluate uses). Vectors
	 * are vectors of the objective and may not overlap with products. Costs about two to three gradients a vector.
	 * NULL: this objective has none. */
	tw_status (*hessian_product)(void *self, const void *theta, const tw_batch *batch, int count,
	                             const void *const *vectors, void *const *products);
	/* position[i]: index of parameter i of canonical theta in a vector; d entries, valid as long as the objective. */
	const int64_t *position;
	void (*free)(void *self);
};

/* What one pass over data can measure. */
typedef struct {
	double cost;      /* mean loss, without penalty */
	double accuracy;  /* share of right classes (labels, or 0/1 targets with log loss); NaN otherwise */
	double r_squared; /* 1 - residual / total variance over all outputs; NaN for labels */
	int64_t observations;
} tw_evaluation;

/* Collective. Creates the objective of a network on a data set; borrows comm and data. threads >= 1: OpenMP threads a
 * rank. penalty: lambda of lambda/2 * (sum of squared weights, biases excluded). reduction: see tw_reduction.
 * TW_USAGE when network, loss and data do not fit (names which), TW_IO when targets are not what the loss needs
 * (names the observation). */
typedef struct {
	tw_network network;
	int loss;
	double penalty;
	int threads;
	tw_reduction reduction;
	bool overlap; /* start the sum of a layer while the others are computed */
	bool timing;  /* meet at a barrier before sums are finished, so that waiting can be told from summing */
} tw_objective_options;
tw_status tw_objective_create(tw_comm *comm, const tw_data *data, const tw_objective_options *options,
                              tw_objective *out);
void tw_objective_free(tw_objective *objective);

/* Canonical theta (doubles) into and out of a vector. */
void tw_objective_import(const tw_objective *objective, const double *theta, void *vector);
void tw_objective_export(const tw_objective *objective, const void *vector, double *theta);

/* Collective. Cost, accuracy and R^2 of theta over a whole data set (of the objective's network and precision). */
tw_status tw_objective_measure(const tw_objective *objective, const void *theta, const tw_data *data,
                               tw_evaluation *out);
/* Collective. Outputs h(x, theta) of this rank's rows of data, row-major local x width[L] doubles. */
tw_status tw_objective_predict(const tw_objective *objective, const void *theta, const tw_data *data, double *out);

/* Collective. Statistics of the per-observation gradients over the whole training set, for Assumption 4.6:
 * mean_squared_norm = 1/n sum ||grad L_i||^2, squared_norm = ||1/n sum grad L_i||^2 (without penalty),
 * variance = mean_squared_norm - squared_norm, the second moment's excess for batch size 1. */
typedef struct {
	double mean_squared_norm, squared_norm, variance;
} tw_gradient_statistics;
tw_status tw_objective_gradient_statistics(const tw_objective *objective, const void *theta,
                                           tw_gradient_statistics *out);

/* How far theta is from the nearest kink of f: where a hidden unit's z is 0 for an observation and the activation is
 * not twice continuously differentiable there (registry: smooth false). The distance is that in theta over which the
 * unit's own incoming weights and bias bring its z to 0 with everything below held: |z| / sqrt(||a(l-1)||^2 + (bias ? 1
 * : 0)). It bounds the distance to the unit's kink from above: a change of the layers below may come there sooner. A
 * unit whose inputs are all 0, without bias, has no such distance and is left out. */
typedef struct {
	double distance;           /* the smallest; infinite: no kinks */
	int layer;                 /* where it is, 1 to L - 1; 0: no kinks. Of equal distances that of the lowest layer, */
	int64_t unit, observation; /* unit and observation of the data set, from 0 */
	int64_t dead[TW_MAX_LAYERS];   /* [l]: units of hidden layer l with z < 0 for all observations */
	int64_t active[TW_MAX_LAYERS]; /* [l]: units of hidden layer l with z >= 0 for all observations */
	uint64_t signature;            /* a digest of which z are >= 0: equal where two theta lie on the same side of all
	                                  kinks, and different otherwise but for a chance of 2^-64 */
} tw_kink;
/* Collective, over the whole training set; the same on any layout. The counts are made for smooth activations, too.
 * TW_DIVERGED where a z is not finite (names layer, unit and observation). */
tw_status tw_objective_kink_distance(const tw_objective *objective, const void *theta, tw_kink *out);
/* Collective. count: for each hidden unit, layer by layer, the observations with z < 0. */
tw_status tw_objective_negative_counts(const tw_objective *objective, const void *theta, int64_t *count);

/* Collective. Largest relative error |g - c| / max(|g|, |c|, floor) of the gradient on the whole training set against
 * central differences, over `samples` parameters spread evenly (0: all); floor = 1e-3 * largest |g| . Also the worst
 * parameter's canonical index and both values. */
typedef struct {
	double largest_error;
	int64_t parameter;
	double gradient, difference;
	int64_t checked;
} tw_gradient_check;
tw_status tw_objective_check_gradient(const tw_objective *objective, const void *theta, int64_t samples,
                                      tw_gradient_check *out);

/* Seconds this rank has spent since the last call: computing; waiting for other ranks before a sum (with `timing`, else
 * 0 and part of the next); in sums over ranks. */
typedef struct {
	double compute, wait, reduce;
} tw_objective_times;
void tw_objective_take_times(const tw_objective *objective, tw_objective_times *out);

#ifdef __cplusplus
}
#endif
#endif
