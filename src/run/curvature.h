/* The Hessian of a run's objective as a symmetric operator that rank 0 drives: private to src/run. */
#ifndef THALWEG_RUN_CURVATURE_H
#define THALWEG_RUN_CURVATURE_H

#include "linalg/eigen.h"
#include "run/run.h"

struct tw_curvature {
	tw_run *run;
	int at_once;              /* vectors that the objective gets together */
	void **vector, **product; /* at_once vectors of the objective each */
	double *outside;          /* at_once x d: the same in canonical order; products take the place of vectors */
	int64_t first;            /* of the block in hand: its first parameter */
	int64_t dimension;        /* of the block in hand */
};

/* Collective. drive(request, op) runs on rank 0, with op the block of `layer` of the Hessian; the other ranks multiply
 * with it until drive has returned. The same status on all ranks. */
tw_status curvature_drive(tw_curvature *curvature, int layer, tw_status (*drive)(void *request, const tw_operator *op),
                          void *request);
/* Collective. product[0] = H vector[0]. */
tw_status curvature_multiply_first(tw_curvature *curvature);
/* Collective. The whole training set as one batch. */
tw_status curvature_batch(tw_curvature *curvature, tw_batch *whole);
/* Same on all ranks. TW_DIVERGED for a theta that is not finite, TW_USAGE for a layer that the network has not. */
tw_status curvature_check(const tw_curvature *curvature, int layer);

#endif
