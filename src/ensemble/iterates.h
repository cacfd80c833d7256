/* Iterates of mini-batch runs that wait to be measured, many at a time (tw_points). Private to src/ensemble. */
#ifndef THALWEG_ENSEMBLE_ITERATES_H
#define THALWEG_ENSEMBLE_ITERATES_H

#include <thalweg/ensemble.h>

/* One of them. cost and gradient_norm_squared of the point are known once measured; the norm is NaN unless wanted. */
typedef struct {
	int owner; /* the caller's number of its run */
	bool wants_norm;
	int64_t observations; /* used by the run so far */
	tw_trace_point point;
} waiting_iterate;

typedef struct iterates iterates;
/* options is borrowed. TW_NO_MEMORY. */
tw_status iterates_create(const tw_ensemble_options *options, iterates **out);
void iterates_free(iterates *waiting);
/* Takes one more; the caller writes its canonical parameters (reals) to *theta at once. There must be room. */
void iterates_add(iterates *waiting, const waiting_iterate *iterate, void **theta);
/* There is room for 16 at least once they are cleared. */
bool iterates_have_room(const iterates *waiting, int more);
int iterates_count(const iterates *waiting);
/* Measures all that wait; they stay, to be looked at, until they are cleared. */
tw_status iterates_measure(iterates *waiting);
const waiting_iterate *iterates_get(const iterates *waiting, int i);
const void *iterates_theta(const iterates *waiting, int i);
void iterates_clear(iterates *waiting);
int64_t iterates_memory(const iterates *waiting);

#endif
