/* What there is to see over the plane of inputs: the training set, the densities that it was drawn from, and what found
 * minima predict. */
#include "app/thesis/local_minima.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/compare_table.h"

/* A grid of SIDE x SIDE points over [-REACH, REACH]^2, row by row from below. */
enum { SIDE = 161, POINTS = SIDE * SIDE, REACH = 2 };

static double coordinate(int i) { return REACH * (2.0 * i - (SIDE - 1)) / (SIDE - 1); }

static void grid_point(int point, double x[2])
{
	x[0] = coordinate(point % SIDE);
	x[1] = coordinate(point / SIDE);
}

static void put_point(FILE *out, int point)
{
	char number[2][TW_NUMBER_TEXT];
	double x[2];
	grid_point(point, x);
	fprintf(out, "%s,%s", tw_short_number(x[0], 6, number[0]), tw_short_number(x[1], 6, number[1]));
}

static void put_short(FILE *out, double value)
{
	char number[TW_NUMBER_TEXT];
	fprintf(out, ",%s", tw_short_number(value, 5, number));
}

/* ---- the training set ------------------------------------------------------------------------------------------ */

static tw_status write_observations(const char *folder, const tw_data *data)
{
	char number[2][TW_NUMBER_TEXT];
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "observations.csv"));
	fputs("x1,x2,y\n", out.file);
	for (int64_t i = 0; i < data->local; i++) {
		for (int k = 0; k < 2; k++)
			tw_format_real(number[k], data->precision, tw_real_get(data->precision, data->dense, 2 * i + k));
		fprintf(out.file, "%s,%s,%g\n", number[0], number[1], tw_real_get(data->precision, data->output, i));
	}
	return tw_part_close(&out);
}

/* The density of a centre plus N(0, DEVIATION^2 I) at x. */
static const double DEVIATION = 0.35;
static double normal_density(const double x[2], double centre_1, double centre_2)
{
	const double distance_squared = pow(x[0] - centre_1, 2) + pow(x[1] - centre_2, 2);
	return exp(-distance_squared / (2 * DEVIATION * DEVIATION)) / (2 * M_PI * DEVIATION * DEVIATION);
}

/* The same for a centre spread evenly over the circle of radius 1. The trapezoidal rule over a period: its error falls
 * faster than any power of the number of angles. */
static double ring_density(const double x[2])
{
	enum { ANGLES = 256 };
	double sum = 0;
	for (int i = 0; i < ANGLES; i++) {
		const double angle = 2 * M_PI * i / ANGLES;
		sum += normal_density(x, cos(angle), sin(angle));
	}
	return sum / ANGLES;
}

static tw_status write_densities(const char *folder)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "class-densities.csv"));
	fputs("x1,x2,density_0,density_1\n", out.file);
	for (int point = 0; point < POINTS; point++) {
		double x[2];
		grid_point(point, x);
		put_point(out.file, point);
		put_short(out.file, ring_density(x));
		put_short(out.file, normal_density(x, 0, 0));
		fputc('\n', out.file);
	}
	return tw_part_close(&out);
}

static tw_status write_training_set(const char *folder, tw_comm *alone)
{
	tw_data_options options;
	tw_data *train = NULL, *test = NULL;
	tw_data_defaults(&options);
	options.preset = "circles";
	options.storage = TW_STORAGE_DENSE;
	tw_status status = tw_data_load(alone, &options, &train, &test);
	if (status == TW_OK) status = write_observations(folder, train);
	tw_data_free(train);
	tw_data_free(test);
	return status;
}

tw_status minima_write_training_set(const char *folder)
{
	tw_comm *alone;
	TW_TRY(write_densities(folder));
	TW_TRY(tw_comm_self(&alone));
	tw_status status = write_training_set(folder, alone);
	tw_comm_free(alone);
	return status;
}

/* ---- predictions ----------------------------------------------------------------------------------------------- */

enum { MOST_SHOWN = 6 };

/* Up to six cells of one hidden layer, spread evenly over its widths. */
static int choose_cells(const minima_set *set, const minima_cell *out[MOST_SHOWN])
{
	int first, cells = minima_layers(set, 1, &first), count = cells < MOST_SHOWN ? cells : MOST_SHOWN;
	for (int i = 0; i < count; i++) out[i] = &set->cell[first + (count > 1 ? i * (cells - 1) / (count - 1) : 0)];
	return count;
}

static const found_minimum *median_minimum(const minima_cell *cell) { return &cell->minimum[(cell->count - 1) / 2]; }

static tw_status predict_with(tw_comm *alone, const tw_network *network, tw_precision precision, const double *theta,
                              const double *x, const double *y, double *h)
{
	tw_data *data = NULL;
	tw_objective objective = {0};
	void *vector = NULL;
	TW_TRY(tw_data_from_arrays(alone, precision, POINTS, 2, 1, 0, x, y, TW_STORAGE_DENSE, &data));
	const tw_objective_options options = {.network = *network, .loss = tw_loss_find("log"), .threads = 1};
	tw_status status = tw_objective_create(alone, data, &options, &objective);
	if (status == TW_OK) status = tw_alloc_array(&vector, objective.size, tw_real_size(precision), "theta");
	if (status == TW_OK) {
		tw_objective_import(&objective, theta, vector);
		status = tw_objective_predict(&objective, vector, data, h);
	}
	tw_free(vector);
	tw_objective_free(&objective);
	tw_data_free(data);
	return status;
}

/* h: POINTS predictions of this run of the sweep. */
static tw_status predict_run(tw_comm *alone, const char *models, int64_t run, const double *x, const double *y,
                             double *h)
{
	char *file;
	tw_network network;
	tw_precision precision;
	double *theta = NULL;
	if (asprintf(&file, "%s:%" PRId64, models, run) < 0) return tw_fail(TW_NO_MEMORY, "no memory for a file's name");
	tw_status status = tw_model_read(file, &network, &precision, &theta);
	if (status == TW_OK && (network.width[0] != 2 || network.width[network.layers] != 1))
		status = tw_fail(TW_IO, "%s: is no network from two inputs to one output; remove its folder, to train it again",
		                 file);
	if (status == TW_OK) status = predict_with(alone, &network, precision, theta, x, y, h);
	tw_free(theta);
	free(file);
	return status;
}

static tw_status write_shown(const char *folder, const minima_cell *const *cell, int count)
{
	char cost[TW_NUMBER_TEXT];
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "predicted-minima.csv"));
	fputs("width,run,cost\n", out.file);
	for (int i = 0; i < count; i++) {
		const found_minimum *minimum = median_minimum(cell[i]);
		fprintf(out.file, "%" PRId64 ",%" PRId64 ",%s\n", minimum->width, minimum->run,
		        tw_format_real(cost, TW_FLOAT, minimum->cost));
	}
	return tw_part_close(&out);
}

static tw_status write_grid(const char *folder, const minima_cell *const *cell, int count, const double *h)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "predictions.csv"));
	fputs("x1,x2", out.file);
	for (int i = 0; i < count; i++) fprintf(out.file, ",width_%" PRId64, cell[i]->width);
	fputc('\n', out.file);
	for (int point = 0; point < POINTS; point++) {
		put_point(out.file, point);
		for (int i = 0; i < count; i++) put_short(out.file, h[i * POINTS + point]);
		fputc('\n', out.file);
	}
	return tw_part_close(&out);
}

static tw_status write_predictions(const char *folder, const char *models, tw_comm *alone,
                                   const minima_cell *const *cell, int count, double *memory)
{
	double *x = memory, *y = x + 2 * POINTS, *h = y + POINTS;
	for (int point = 0; point < POINTS; point++) grid_point(point, &x[2 * point]);
	for (int i = 0; i < count; i++)
		TW_TRY(predict_run(alone, models, median_minimum(cell[i])->run, x, y, h + i * POINTS));
	TW_TRY(write_shown(folder, cell, count));
	return write_grid(folder, cell, count, h);
}

tw_status minima_write_predictions(const char *folder, const char *models, const minima_set *ours)
{
	const minima_cell *cell[MOST_SHOWN];
	const int count = choose_cells(ours, cell);
	void *memory;
	tw_comm *alone;
	if (count == 0) return TW_OK;
	TW_TRY(tw_alloc_array(&memory, (int64_t)(3 + count) * POINTS, sizeof(double), "predictions over the plane"));
	tw_status status = tw_comm_self(&alone);
	if (status == TW_OK) {
		status = write_predictions(folder, models, alone, cell, count, memory);
		tw_comm_free(alone);
	}
	tw_free(memory);
	return status;
}
