/* thalweg/method.h: the generalised stochastic gradient method (Algorithm 3 of the thesis): update rules, step sizes,
 * stop rules. */
#ifndef THALWEG_METHOD_H
#define THALWEG_METHOD_H

#include <thalweg/objective.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- update rules -------------------------------------------------------------------------------------------- */

enum { TW_MAX_UPDATE_VECTORS = 2 };
typedef struct {
	const char *name;
	const char *help; /* formula, with its source */
	int vectors;      /* state vectors kept beside theta */
	tw_parameter parameters[TW_MAX_PARAMETERS + 1];
} tw_update_info;
int tw_update_count(void);
const tw_update_info *tw_update_info_of(int i);
int tw_update_find(const char *name);

/* State of an update rule for vectors of `size` reals. */
typedef struct {
	int rule;
	double value[TW_MAX_PARAMETERS];
	tw_precision precision;
	int64_t size;
	int64_t steps;                       /* updates made so far */
	void *vector[TW_MAX_UPDATE_VECTORS]; /* zero at the start, NULL where unused */
	uint64_t seed;                       /* of the noise */
	uint32_t run;
	int64_t dimension;       /* parameters, and where they stand in a vector: noise is keyed by */
	const int64_t *position; /* the canonical index (borrowed from the objective) */
} tw_update;
tw_status tw_update_create(int rule, const double *value, const tw_objective *objective, uint64_t seed, uint32_t run,
                           tw_update *out);
void tw_update_free(tw_update *update);
/* theta_{k+1} from theta_k, the (stochastic) gradient and the step size; gradient may be overwritten. Both are
 * aligned to 64 bytes. threads: OpenMP threads to use, called outside of parallel regions. Elementwise, so the bits do
 * not depend on threads. */
void tw_update_apply(tw_update *update, void *theta, void *gradient, double step_size, int threads);

/* ---- step sizes ---------------------------------------------------------------------------------------------- */

typedef struct {
	const char *name;
	const char *help; /* formula */
	bool uses_cost;   /* looks at the cost before each step */
	tw_parameter parameters[TW_MAX_PARAMETERS + 1];
} tw_schedule_info;
int tw_schedule_count(void);
const tw_schedule_info *tw_schedule_info_of(int i);
int tw_schedule_find(const char *name);

enum { TW_MAX_THRESHOLDS = 16, TW_SCHEDULE_STATE = 8 };
/* A schedule and its state; copying it saves and restores it. k counts the updates of this stage from 0. */
typedef struct {
	int kind;
	double value[TW_MAX_PARAMETERS];
	double base;                         /* alpha */
	int64_t warm_up;                     /* steps of linear warm-up from base/warm_up to base before the schedule
	                                        starts at its own k = 0; 0: none */
	double threshold[TW_MAX_THRESHOLDS]; /* piecewise: steps at which the size is multiplied by the factor */
	int thresholds;
	double state[TW_SCHEDULE_STATE];
} tw_schedule;
tw_status tw_schedule_start(tw_schedule *schedule);
/* Step size of update k. cost: f (or the batch's cost) at theta_k where known, else NaN. */
double tw_schedule_step_size(tw_schedule *schedule, int64_t k, double cost);

/* ---- stop rules ---------------------------------------------------------------------------------------------- */

typedef enum {
	TW_RUNNING = 0,
	TW_STOP_STEPS, /* step limit */
	TW_STOP_EPOCHS,
	TW_STOP_OBSERVATIONS,
	TW_STOP_COST,          /* cost at or below the target */
	TW_STOP_GRADIENT_NORM, /* ||grad f|| at or below the tolerance */
	TW_STOP_NO_PROGRESS,   /* the best cost has not improved by more than the threshold for `patience` steps */
	TW_STOP_DIVERGED,
	TW_STOP_INTERRUPTED,
	TW_STOP_COUNT
} tw_stop_reason;
const char *tw_stop_reason_name(tw_stop_reason reason); /* "steps", ... */

/* Limits that are negative are off; 0 steps, epochs or observations are a limit that holds at once. */
typedef struct {
	int64_t steps, epochs, observations;
	double cost;                  /* NaN: off */
	double gradient_norm;         /* 0 or negative: off */
	double no_progress_threshold; /* no_progress: {threshold: 1e-7, patience: 10000} */
	int64_t no_progress_patience; /* 0 or negative: off */
	/* state */
	double best;
	int64_t since_best;
} tw_stop;
void tw_stop_off(tw_stop *stop); /* all rules off */
void tw_stop_start(tw_stop *stop);
/* Called with f(theta_k) before update k of the stage (k = updates made so far); values not known are NaN. cost_known
 * every step for no_progress. Returns why to stop, or TW_RUNNING. */
tw_stop_reason tw_stop_check(tw_stop *stop, int64_t k, double epochs, int64_t observations, double cost,
                             double gradient_norm);

/* ---- the course of a run ---------------------------------------------------------------------------------------- */

enum { TW_MAX_STAGES = 8 };
/* One stage of training: its own step sizes and stop rules. */
typedef struct {
	tw_schedule schedule;
	tw_stop stop;
} tw_stage;

/* Where a run stands in its stages, one after the other. Update state carries over from stage to stage. A plain value:
 * copying it saves and restores it. Each step is
 *   reason = tw_course_limit(c)              before anything is evaluated,
 *   reason = tw_course_check(c, f, norm)     with what is known of theta_k,
 *   alpha  = tw_course_step_size(c, f),      update theta,
 *   tw_course_advance(c, observations);
 * a reason ends the stage (tw_course_next_stage), or the run. */
typedef struct {
	tw_stage stage[TW_MAX_STAGES]; /* with the state of their schedules and stop rules */
	int stages, at;                /* at: the present stage */
	int64_t step, stage_step;      /* updates made, in all and in this stage */
	int64_t observations;          /* used so far */
	int64_t set_size;              /* observations in one epoch */
} tw_course;
tw_status tw_course_start(tw_course *course, const tw_stage *stage, int stages, int64_t set_size);
/* The limits that need no evaluation: steps, epochs, observations. */
tw_stop_reason tw_course_limit(tw_course *course);
/* All rules; cost and gradient_norm NaN where not known. */
tw_stop_reason tw_course_check(tw_course *course, double cost, double gradient_norm);
double tw_course_step_size(tw_course *course, double cost);
void tw_course_advance(tw_course *course, int64_t observations);
double tw_course_epochs(const tw_course *course);
/* After a reason: true and the next stage begun, or false at the end of the run (the last stage, divergence or an
 * interruption); at stays what it was then. */
tw_status tw_course_next_stage(tw_course *course, tw_stop_reason reason, bool *more);
/* Whether a rule of any stage looks at f, or at the norm of its gradient. */
bool tw_course_needs_cost(const tw_course *course);
bool tw_course_needs_gradient_norm(const tw_course *course);

#ifdef __cplusplus
}
#endif
#endif
