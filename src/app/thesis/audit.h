/* app/thesis/audit.h: what kinds of points the runs of 5.1 have found: what its files share.
 *   audit.c           every end point certified; shares of the verdicts
 *   audit_saddles.c   index and cost of stationary points next to runs (Dauphin and others 2014) */
#ifndef THALWEG_APP_THESIS_AUDIT_H
#define THALWEG_APP_THESIS_AUDIT_H

#include "app/certify.h"
#include "app/thesis/thesis.h"

/* Collective. Writes saddles.csv, draws it and says what it shows. */
tw_status audit_saddles(thesis_context *context);

#endif
