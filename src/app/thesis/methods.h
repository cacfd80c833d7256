/* app/thesis/methods.h: experiments 5.1 to 5.3 with momentum and adaptive methods (the thesis's section 6.2.2).
 *   methods.c              the course of the experiment, what the parts share
 *   methods_minima.c       (a) do the costs of local minima change
 *   methods_efficiency.c   (b) which method reaches the lowest cost with the same observations
 *   methods_noise.c        (c) is the average squared norm of the gradient still proportional to the step size */
#ifndef THALWEG_APP_THESIS_METHODS_H
#define THALWEG_APP_THESIS_METHODS_H

#include "app/thesis/efficiency.h"

/* The cells of a plan that differ in the step size alone, and what their runs tell. */
typedef struct {
	tuning tuned;
	const tw_settings *settings; /* of the first of them */
	const char *update;
} methods_group;
typedef struct {
	methods_group *group; /* in the order of the grid */
	int groups;
} methods_groups;
/* Local. plan must outlive *out, which is freed with methods_groups_free, also after a failure. */
tw_status methods_groups_of(const tw_sweep_plan *plan, const tw_run_result *results, methods_groups *out);
void methods_groups_free(methods_groups *groups);
/* The group of `plain` with the same width and batch; NULL: none. */
const methods_group *methods_plain(const methods_groups *groups, const methods_group *group);

enum { METHODS_CELL = 64 };
/* A cost or ratio for a table: four digits, "diverges", "–". */
const char *methods_show(char out[METHODS_CELL], double value);

/* Collective. Each trains what it needs, writes its data, draws its figure and adds its part to the page. */
tw_status methods_minima(thesis_context *context);
tw_status methods_efficiency(thesis_context *context);
tw_status methods_noise(thesis_context *context);

#endif
