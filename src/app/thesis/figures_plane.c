#include "app/thesis/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the problem ----------------------------------------------------------------------------------------------- */

/* From f = 1/n sum (y - x'theta)^2: Hessian 2/n X'X, minimum where X'X theta = X'y. */
static tw_status solve(figure_plane *plane)
{
	const tw_data *data = tw_run_data(plane->run);
	double xx[3] = {0}, xy[2] = {0};
	for (int64_t i = 0; i < data->local; i++) {
		double a = tw_real_get(data->precision, data->dense, 2 * i);
		double b = tw_real_get(data->precision, data->dense, 2 * i + 1);
		double y = tw_real_get(data->precision, data->output, i);
		xx[0] += a * a, xx[1] += a * b, xx[2] += b * b;
		xy[0] += a * y, xy[1] += b * y;
	}
	double determinant = xx[0] * xx[2] - xx[1] * xx[1];
	TW_CHECK(determinant > 0, TW_USAGE, "the inputs of these data span no plane, so that f has no single minimum");
	plane->minimum[0] = (xx[2] * xy[0] - xx[1] * xy[1]) / determinant;
	plane->minimum[1] = (xx[0] * xy[1] - xx[1] * xy[0]) / determinant;
	for (int i = 0; i < 3; i++) plane->hessian[i] = 2 * xx[i] / (double)data->local;
	return figure_plane_cost(plane, plane->minimum, &plane->lowest);
}

/* Eigenvalues of the Hessian, and the direction of the larger. */
static void find_curvature(figure_plane *plane)
{
	const double *h = plane->hessian;
	double mean = (h[0] + h[2]) / 2, half = hypot((h[0] - h[2]) / 2, h[1]), angle = atan2(2 * h[1], h[0] - h[2]) / 2;
	plane->flat = mean - half;
	plane->steep = mean + half;
	plane->steep_direction[0] = cos(angle);
	plane->steep_direction[1] = sin(angle);
}

tw_status figure_plane_open(thesis_context *context, const char *const *set, int sets, figure_plane *out)
{
	*out = (figure_plane){0};
	TW_TRY(figure_settings(context, "figure-4.yaml", set, sets, &out->settings));
	TW_TRY(tw_run_create(context->comm, &out->settings, &out->run));
	const tw_network *network = tw_run_network(out->run);
	TW_CHECK(tw_network_dimension(network) == 2 && network->layers == 1, TW_USAGE,
	         "figures of chapter 4 are of networks with two weights: leave network and data.dimension as they are");
	TW_TRY(solve(out));
	find_curvature(out);
	return TW_OK;
}

void figure_plane_close(figure_plane *plane)
{
	tw_run_free(plane->run);
	tw_settings_free(&plane->settings);
	*plane = (figure_plane){0};
}

tw_status figure_plane_cost(figure_plane *plane, const double theta[2], double *cost)
{
	tw_evaluation evaluation;
	TW_TRY(tw_run_set_theta(plane->run, theta));
	TW_TRY(tw_objective_measure(tw_run_objective(plane->run), tw_run_theta_vector(plane->run), tw_run_data(plane->run),
	                            &evaluation));
	*cost = evaluation.cost;
	return TW_OK;
}

double figure_plane_distance(const figure_plane *plane, const double theta[2])
{
	return hypot(theta[0] - plane->minimum[0], theta[1] - plane->minimum[1]);
}

/* ---- iterates -------------------------------------------------------------------------------------------------- */

static tw_status keep_theta(void *self, int64_t step, const double *theta)
{
	figure_iterate *iterate = self;
	memcpy(iterate[step].theta, theta, sizeof iterate->theta);
	return TW_OK;
}

tw_status figure_plane_descend(figure_plane *plane, const double start[2], int count, figure_iterate *out)
{
	TW_TRY(tw_run_set_theta(plane->run, start));
	keep_theta(out, 0, tw_run_theta(plane->run));
	TW_TRY(tw_run_replay(plane->run, count - 1, keep_theta, out));
	tw_schedule schedule = plane->settings.stage[0].schedule;
	TW_TRY(tw_schedule_start(&schedule));
	for (int k = 0; k < count; k++) {
		TW_TRY(figure_plane_cost(plane, out[k].theta, &out[k].cost));
		out[k].step_size = k + 1 < count ? tw_schedule_step_size(&schedule, k, out[k].cost) : NAN;
	}
	return TW_OK;
}

tw_status figure_write_iterates(const thesis_context *context, const char *name, int runs, const char *const *labels,
                                int count, const figure_iterate *iterates)
{
	tw_part_file file;
	char csv[64];
	snprintf(csv, sizeof csv, "%s.csv", name);
	TW_TRY(tw_part_open(&file, context->folder, csv));
	fputs("run,k,omega_1,omega_2,f,alpha\n", file.file);
	for (int r = 0; r < runs; r++)
		for (int k = 0; k < count; k++) {
			const figure_iterate *at = &iterates[r * count + k];
			figure_put(file.file, labels[r], 5, (double[]){k + 1, at->theta[0], at->theta[1], at->cost, at->step_size});
		}
	return tw_part_close(&file);
}

/* ---- contours -------------------------------------------------------------------------------------------------- */

enum { LEVELS = 12, CORNERS = 120 };
static const double first_level = 0.25; /* above the minimum; each further one is twice as high above it */

/* One level: an ellipse around the minimum, in the directions of the eigenvectors sqrt(2 rise / eigenvalue) wide. */
static tw_status put_contour(FILE *out, figure_plane *plane, double rise, double *error)
{
	const double level = plane->lowest + rise, *steep = plane->steep_direction;
	for (int i = 0; i <= CORNERS; i++) {
		double turn = 2 * M_PI * (i % CORNERS) / CORNERS, cost;
		double across = sqrt(2 * rise / plane->steep) * cos(turn), along = sqrt(2 * rise / plane->flat) * sin(turn);
		double theta[2] = {plane->minimum[0] + across * steep[0] - along * steep[1],
		                   plane->minimum[1] + across * steep[1] + along * steep[0]};
		TW_TRY(figure_plane_cost(plane, theta, &cost));
		*error = fmax(*error, fabs(cost / level - 1));
		figure_put(out, "", 4, (double[]){level, theta[0], theta[1], cost});
	}
	fputc('\n', out);
	return TW_OK;
}

tw_status figure_write_contours(const thesis_context *context, const char *name, figure_plane *plane, double *error)
{
	tw_part_file file;
	char csv[64];
	double largest = 0, rise = first_level;
	snprintf(csv, sizeof csv, "%s-contours.csv", name);
	TW_TRY(tw_part_open(&file, context->folder, csv));
	fputs("level,omega_1,omega_2,f\n", file.file);
	for (int i = 0; i < LEVELS; i++, rise *= 2) {
		tw_status status = put_contour(file.file, plane, rise, &largest);
		if (status == TW_OK) continue;
		tw_part_discard(&file);
		return status;
	}
	TW_TRY(tw_part_close(&file));
	if (error) *error = largest;
	snprintf(csv, sizeof csv, "%s-minimum.csv", name);
	TW_TRY(tw_part_open(&file, context->folder, csv));
	fputs("omega_1,omega_2,f\n", file.file);
	figure_put(file.file, "", 3, (double[]){plane->minimum[0], plane->minimum[1], plane->lowest});
	return tw_part_close(&file);
}
