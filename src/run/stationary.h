/* What refinement and verdicts share. Private to src/run.
 *   refine.c     to a stationary point
 *   settle.c     down over kinks
 *   symmetry.c   directions in which a symmetry of the network leaves f unchanged
 *   certify.c    the verdict and its evidence */
#ifndef THALWEG_RUN_STATIONARY_H
#define THALWEG_RUN_STATIONARY_H

#include <thalweg/certify.h>

#include "run/curvature.h"
#include "run/run.h"

double stationary_dot(const double *a, const double *b, int64_t count);
double stationary_norm(const double *a, int64_t count);
double stationary_distance(const double *a, const double *b, int64_t count);
/* Collective. f at theta (canonical), and its gradient where not NULL; theta becomes the run's. */
tw_status stationary_evaluate(tw_run *run, const double *theta, double *cost, double *gradient);
/* Collective. Whether the loss is that of classes, without penalty, and every observation is classified right at the
 * run's theta: then f falls to 0, which it never reaches, as the last layer is scaled up. */
tw_status stationary_is_separated(tw_run *run, bool *separated);

/* Collective. TW_INTERRUPTED on all ranks where one is asked to stop. */
tw_status stationary_check_stop(tw_run *run);

/* What is found around a point on a kink. */
typedef struct {
	double norm;   /* of the shortest vector in the convex hull of the gradients around the point */
	double radius; /* how far away these gradients were taken */
	int64_t steps;
	bool separated;
} settled;
/* Collective. From the run's theta down, over kinks, until the shortest vector of the convex hull of gradients around
 * has at most the norm `enough` in a small neighbourhood, f falls no more, or classes are separated. */
tw_status stationary_settle(tw_run *run, double enough, settled *out);

/* An orthonormal basis of the directions in theta along which f does not change, to first order of the flow: rescaling
 * of a unit whose activation is homogeneous (incoming parameters up, outgoing weights down); for units that act as
 * linear ones on all observations (all units with the identity; a ReLU-like one whose z has the same sign throughout)
 * their biases, which the next layer's take back, and all mixings with each other; parameters that only reach units
 * which are dead; and the common shift of all logits under softmax. */
typedef struct {
	int64_t count, dimension;
	double *direction; /* count x dimension */
	int64_t dead_units;
} symmetry_basis;
/* Collective; the same on all ranks. Freed by symmetry_free, also after a failure. */
tw_status symmetry_make(tw_run *run, symmetry_basis *out);
void symmetry_free(symmetry_basis *basis);

#endif
