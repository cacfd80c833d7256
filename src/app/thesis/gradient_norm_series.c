/* Averages of runs, their means, and the straight line through them. */
#include "app/thesis/gradient_norm.h"

#include <math.h>
#include <string.h>

/* ---- groups of runs -------------------------------------------------------------------------------------------- */

void noise_group_summarise(noise_group *group)
{
	group->mean = group->error = group->smallest = group->largest = NAN;
	if (group->runs == 0) return;
	double sum = 0, squares = 0;
	group->smallest = group->largest = group->average[0];
	for (int64_t i = 0; i < group->runs; i++) {
		const double value = group->average[i];
		sum += value;
		if (value < group->smallest) group->smallest = value;
		if (value > group->largest) group->largest = value;
	}
	group->mean = sum / (double)group->runs;
	for (int64_t i = 0; i < group->runs; i++)
		squares += (group->average[i] - group->mean) * (group->average[i] - group->mean);
	if (group->runs > 1) group->error = sqrt(squares / (double)(group->runs - 1) / (double)group->runs);
}

static tw_status make_group(const tw_cell *cell, const tw_run_result *results, noise_group *out)
{
	*out = (noise_group){
	    .step_size = cell->settings.stage[0].schedule.base, .batch = cell->settings.batch, .published = NAN};
	TW_TRY(tw_alloc_array((void **)&out->average, cell->starts, sizeof(double), "averages of runs"));
	for (int64_t i = 0; i < cell->starts; i++) {
		const double value = results[cell->first_run + i].mean_gradient_norm_squared;
		if (isfinite(value)) out->average[out->runs++] = value;
	}
	noise_group_summarise(out);
	return TW_OK;
}

tw_status noise_series_make(const tw_sweep_plan *plan, const tw_run_result *results, noise_series *out)
{
	*out = (noise_series){.group = NULL};
	TW_TRY(tw_alloc_array((void **)&out->group, plan->cells, sizeof(noise_group), "averages of runs"));
	for (int c = 0; c < plan->cells; c++) {
		out->groups = c + 1;
		TW_TRY(make_group(&plan->cell[c], results, &out->group[c]));
		out->diverged += plan->cell[c].starts - out->group[c].runs;
	}
	return TW_OK;
}

void noise_series_free(noise_series *series)
{
	for (int g = 0; g < series->groups; g++) tw_free(series->group[g].average);
	tw_free(series->group);
	*series = (noise_series){.group = NULL};
}

const noise_group *noise_series_find(const noise_series *series, double step_size, int64_t batch)
{
	for (int g = 0; g < series->groups; g++) {
		const noise_group *group = &series->group[g];
		if (group->batch == batch && fabs(group->step_size - step_size) <= 1e-6 * step_size) return group;
	}
	return NULL;
}

/* ---- straight lines -------------------------------------------------------------------------------------------- */

/* Sums of squares and products of the deviations from the means. */
typedef struct {
	double x_mean, y_mean, xx, xy, yy;
} moments;

static moments moments_of(const double *x, const double *y, int points, bool logarithms)
{
	moments of = {0};
	for (int i = 0; i < points; i++) {
		of.x_mean += (logarithms ? log(x[i]) : x[i]) / points;
		of.y_mean += (logarithms ? log(y[i]) : y[i]) / points;
	}
	for (int i = 0; i < points; i++) {
		const double dx = (logarithms ? log(x[i]) : x[i]) - of.x_mean, dy = (logarithms ? log(y[i]) : y[i]) - of.y_mean;
		of.xx += dx * dx;
		of.xy += dx * dy;
		of.yy += dy * dy;
	}
	return of;
}

noise_line noise_line_through(const double *x, const double *y, int points)
{
	noise_line line = {.points = points, .slope = NAN, .intercept = NAN, .r_squared = NAN, .exponent = NAN};
	const moments plain = moments_of(x, y, points, false), logs = moments_of(x, y, points, true);
	if (points < 2 || !(plain.xx > 0)) return line;
	line.slope = plain.xy / plain.xx;
	line.intercept = plain.y_mean - line.slope * plain.x_mean;
	if (plain.yy > 0) line.r_squared = plain.xy * plain.xy / (plain.xx * plain.yy);
	line.exponent = logs.xy / logs.xx;
	return line;
}

double noise_group_x(const noise_group *group, noise_axis axis)
{
	return axis == NOISE_OVER_STEP_SIZE ? group->step_size : 1.0 / (double)group->batch;
}

noise_line noise_series_line(const noise_series *series, noise_axis axis)
{
	enum { MOST = 256 };
	double x[MOST], y[MOST];
	int points = 0;
	for (int g = 0; g < series->groups && points < MOST; g++) {
		if (series->group[g].runs == 0) continue;
		x[points] = noise_group_x(&series->group[g], axis);
		y[points++] = series->group[g].mean;
	}
	return noise_line_through(x, y, points);
}
