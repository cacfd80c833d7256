/* The course of a run through its stages: which rule ends what, and the step size of each update. */
#include <thalweg/method.h>

#include <math.h>
#include <string.h>

tw_status tw_course_start(tw_course *course, const tw_stage *stage, int stages, int64_t set_size)
{
	memset(course, 0, sizeof *course);
	TW_CHECK(stages >= 1 && stages <= TW_MAX_STAGES, TW_INTERNAL, "a run of %d stages cannot be made", stages);
	memcpy(course->stage, stage, (size_t)stages * sizeof *stage);
	course->stages = stages;
	course->set_size = set_size;
	tw_stop_start(&course->stage[0].stop);
	return tw_schedule_start(&course->stage[0].schedule);
}

double tw_course_epochs(const tw_course *course) { return (double)course->observations / (double)course->set_size; }

tw_stop_reason tw_course_check(tw_course *course, double cost, double gradient_norm)
{
	return tw_stop_check(&course->stage[course->at].stop, course->stage_step, tw_course_epochs(course),
	                     course->observations, cost, gradient_norm);
}

tw_stop_reason tw_course_limit(tw_course *course) { return tw_course_check(course, NAN, NAN); }

double tw_course_step_size(tw_course *course, double cost)
{
	return tw_schedule_step_size(&course->stage[course->at].schedule, course->stage_step, cost);
}

void tw_course_advance(tw_course *course, int64_t observations)
{
	course->step++;
	course->stage_step++;
	course->observations += observations;
}

tw_status tw_course_next_stage(tw_course *course, tw_stop_reason reason, bool *more)
{
	*more = reason != TW_STOP_DIVERGED && reason != TW_STOP_INTERRUPTED && course->at + 1 < course->stages;
	if (!*more) return TW_OK;
	course->at++;
	course->stage_step = 0;
	tw_stop_start(&course->stage[course->at].stop);
	return tw_schedule_start(&course->stage[course->at].schedule);
}

bool tw_course_needs_cost(const tw_course *course)
{
	for (int i = 0; i < course->stages; i++) {
		const tw_stop *stop = &course->stage[i].stop;
		if (stop->no_progress_patience > 0 || !isnan(stop->cost)) return true;
	}
	return false;
}

bool tw_course_needs_gradient_norm(const tw_course *course)
{
	for (int i = 0; i < course->stages; i++)
		if (course->stage[i].stop.gradient_norm > 0) return true;
	return false;
}
