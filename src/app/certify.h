/* app/certify.h: verdicts on the end points of a sweep: what `certify` and the audit of `thesis` share. */
#ifndef THALWEG_APP_CERTIFY_H
#define THALWEG_APP_CERTIFY_H

#include <thalweg/report.h>

/* Which points of a sweep are judged, and how. */
typedef struct {
	const tw_sweep_plan *plan;
	const char *models; /* its models.h5 */
	int64_t run;        /* one of its runs; -1: all */
	const tw_certify_options *options;
	int threads; /* points that a rank judges at the same time; 0: as the plan says, or decided from the environment */
	const tw_certified *known; /* rank 0, of all runs, in their order: what an earlier call gave; what it has judged is
	                              taken over. NULL there, and on the other ranks: nothing */
} certify_order;

/* Whether it has its verdict, or that there is nothing finite to be judged. */
bool certify_is_judged(const tw_certified *point);

/* Collective. Judges the points one by one in double precision, each by one thread of one rank, dealt out in order of
 * size: the same certificates on any layout. *out (rank 0; NULL elsewhere; tw_free) gets *count of them in the order of
 * runs. TW_OK also where theta or f of some is not finite, or ARPACK did not converge: that is told in them. Stopped by
 * tw_request_stop: TW_INTERRUPTED, with *out filled and those that were not judged marked; after any other failure
 * likewise, where *out is not NULL. */
tw_status certify_points(tw_comm *comm, const certify_order *order, tw_certified **out, int64_t *count);

#endif
