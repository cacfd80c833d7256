/* app/diverged.h: the message of a run that diverged. */
#ifndef THALWEG_APP_DIVERGED_H
#define THALWEG_APP_DIVERGED_H

#include "app/app.h"

/* Collective, at the theta where a run has diverged. TW_DIVERGED with the step and, from one more pass over the
 * training set, the first layer, unit and observation that are not finite, or how large outputs have become. */
tw_status app_diverged(const app_call *call, const tw_run *run, int64_t steps);

#endif
