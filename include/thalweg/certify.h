/* thalweg/certify.h: what kind of point a run has found: refinement to a stationary point, the ends of the spectrum of
 * the Hessian with error bounds, and a verdict with its evidence. */
#ifndef THALWEG_CERTIFY_H
#define THALWEG_CERTIFY_H

#include <thalweg/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- refinement ---------------------------------------------------------------------------------------------- */

typedef enum {
	TW_REFINED = 0,       /* ||grad f|| is at the tolerance */
	TW_REFINE_STALLED,    /* no step lowers f or the norm any more in double precision */
	TW_REFINE_AT_KINK,    /* every step that lowers f leaves the region where f is smooth: a kink is in the way */
	TW_REFINE_DESCENDING, /* f and its gradient fall together while ||theta|| grows: no minimum to be found */
	TW_REFINE_STEPS,      /* step limit */
	TW_REFINE_NONE,       /* the point was left as it is */
	TW_REFINE_COUNT
} tw_refine_end;
const char *tw_refine_end_name(tw_refine_end end); /* NULL past the end */

typedef struct {
	double gradient_norm; /* aimed at: 1e-10 */
	int64_t steps;        /* Newton steps at most: 200 */
	bool to_saddles;      /* go to the nearest stationary point of any kind (Newton steps on the gradient), not down */
} tw_refine_options;

typedef struct {
	tw_refine_end end;
	int64_t steps, products; /* Newton steps, Hessian-vector products */
	double cost_before, cost;
	double gradient_norm_before, gradient_norm;
	double moved; /* ||theta after - theta before|| */
	double theta_norm_before, theta_norm;
} tw_refinement;

/* Collective. From the run's theta (the run is of double precision) by trust-region Newton steps (Steihaug's truncated
 * conjugate gradients on Hessian-vector products; Nocedal and Wright, Algorithm 7.2), kept where no hidden unit with a
 * kink changes sign for any observation. The run's theta is replaced by the refined one. */
tw_status tw_refine(tw_run *run, const tw_refine_options *options, tw_refinement *out);

/* ---- verdicts ------------------------------------------------------------------------------------------------ */

/* Each is defined in docs/certify.md with its tolerance. */
typedef enum {
	TW_MINIMUM = 0, /* minimum (up to symmetry) */
	TW_STRICT_SADDLE,
	TW_DEGENERATE, /* flat directions that no symmetry explains */
	TW_DESCENDING, /* descending to infinity */
	TW_ON_A_KINK,
	TW_UNDECIDED,
	TW_VERDICT_COUNT
} tw_verdict;
const char *tw_verdict_name(tw_verdict verdict); /* "minimum", "strict saddle", ...; NULL past the end */
const char *tw_verdict_help(tw_verdict verdict); /* one sentence */

typedef struct {
	tw_refine_options refine;
	bool refine_first;     /* else the point as it is */
	int64_t full_spectrum; /* largest dimension for which all eigenvalues are computed (LAPACK): 2100 */
	int eigenvalues;       /* at each end else (ARPACK): 6 */
	int64_t restarts;      /* of ARPACK at most: 1000 */
	double zero;           /* |lambda| <= zero * largest |lambda| counts as flat: 1e-9 */
	double stationary;     /* ||grad f|| <= stationary counts as stationary: 1e-8 */
	double kink;           /* distance to the nearest kink in theta below which a point is on it: 1e-9 */
	double around;         /* on a kink: norm of a convex combination of gradients around the point that counts as 0,
	                          and so as stationary in Clarke's sense: 1e-5 */
	int64_t around_most;   /* largest dimension for which such gradients are sampled: 130; 0: never */
} tw_certify_options;
void tw_certify_defaults(tw_certify_options *options);

/* The evidence. NaN or -1: not computed. */
typedef struct {
	tw_verdict verdict;
	char why[160]; /* in a sentence, what decided */
	int64_t dimension;
	tw_refinement refinement;
	double cost, gradient_norm;
	bool full;                          /* all eigenvalues are known */
	bool incomplete;                    /* ARPACK found fewer than asked in its limit of restarts */
	double smallest, smallest_residual; /* eigenvalue and bound on its error */
	double largest, largest_residual;
	int64_t index_low, index_high;      /* number of negative eigenvalues: an interval */
	int64_t flat_found, flat_explained; /* eigenvalues that count as 0; directions in which a symmetry leaves f
	                                       unchanged: rescalings of units that are homogeneous, dead units */
	double condition;                   /* largest |lambda| over smallest |lambda| that is not flat */
	double margin;                      /* smallest eigenvalue that is not explained as flat, over the largest */
	double kink_distance;               /* INFINITY: the network has no kinks */
	double around_norm, around_radius;  /* on a kink: norm of the shortest convex combination of gradients within this
	                                       distance of theta */
	int64_t dead_units;
	bool separated; /* log loss or cross entropy: every observation is classified right, so f
	                   falls to 0 as the last layer grows, and theta is no stationary point */
} tw_certificate;
/* Nothing is known of the point yet. */
void tw_certificate_clear(tw_certificate *out, int64_t dimension);
/* Collective. Refines the run's theta and judges it. What could not be computed (ARPACK without convergence) is marked
 * in the certificate (verdict undecided, why). TW_DIVERGED: theta or f is not finite. */
tw_status tw_certify(tw_run *run, const tw_certify_options *options, tw_certificate *out);

#ifdef __cplusplus
}
#endif
#endif
