/* app/thesis/theory_bound.h: Theorem 4.8, where its conditions are met (theory_bound.c), where one is not
 * (theory_bound_cases.c), and where the bound is reached (theory_bound_sharp.c). */
#ifndef THALWEG_APP_THESIS_THEORY_BOUND_H
#define THALWEG_APP_THESIS_THEORY_BOUND_H

#include "app/thesis/theory_noise.h"

/* Runs in which a condition of the theorem is not met, with what metrics.bound says of them: a table and
 * theory-bound-cases.csv. *named: the one that the theorem is known to fail for, a step size beyond 2/L, does fail, and
 * in every run exactly the condition that is not met is named. */
tw_status bound_add_cases(thesis_context *context, bool *named);
/* A problem for which the bound is reached at alpha = 1/L: a table and theory-bound-sharp.csv. *sharp: it holds up to
 * there and not beyond. */
tw_status bound_add_sharpness(thesis_context *context, bool *sharp);

#endif
