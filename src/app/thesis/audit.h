/* app/thesis/audit.h: what kinds of points the runs of 5.1 have found: what its files share.
 *   audit.c           every end point certified; shares of the verdicts
 *   audit_kept.c      the certificates, for the next call
 *   audit_density.c   the spectral density of the Hessian at one of them
 *   audit_saddles.c   index and cost of stationary points next to runs (Dauphin and others 2014) */
#ifndef THALWEG_APP_THESIS_AUDIT_H
#define THALWEG_APP_THESIS_AUDIT_H

#include "app/certify.h"
#include "app/thesis/thesis.h"

/* Rank 0, no collectives. Writes spectral-density.csv and eigenvalues.csv of one end point, draws them and says how far
 * they agree. models: models.h5 of the sweep; point: plan->runs of them. */
tw_status audit_density(thesis_context *context, const char *models, const tw_sweep_plan *plan,
                        const tw_certified *point);
/* Collective. Writes saddles.csv, draws it and says what it shows. */
tw_status audit_saddles(thesis_context *context);

#endif
