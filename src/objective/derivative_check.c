/* The gradient against differences of the cost. */
#include "objective/engine.h"

#include <math.h>
#include <string.h>

/* Central difference of the cost along parameter p: five points where the network is smooth, three points close
 * together where a wide step could cross a kink. theta is restored. */
static tw_status difference(const tw_objective *objective, const tw_batch *batch, void *theta, int64_t p, double *out)
{
	const tw_engine *engine = objective->self;
	const bool smooth = engine->activation->info.smooth || engine->layers == 1;
	const double epsilon = objective->precision == TW_FLOAT ? 0x1p-24 : 0x1p-53;
	const int64_t at = objective->position[p];
	const double x = tw_real_get(objective->precision, theta, at);
	const double h = pow(epsilon, smooth ? 0.2 : 1.0 / 3) * (fabs(x) > 1 ? fabs(x) : 1);
	static const double steps[] = {1, -1, 2, -2};
	double cost[4] = {0}, moved[4];
	for (int s = 0; s < (smooth ? 4 : 2); s++) {
		tw_real_set(objective->precision, theta, at, x + steps[s] * h);
		moved[s] = tw_real_get(objective->precision, theta, at) - x;
		tw_status status = objective->evaluate(objective->self, theta, batch, &cost[s], NULL);
		if (status != TW_OK) {
			tw_real_set(objective->precision, theta, at, x);
			return status;
		}
	}
	tw_real_set(objective->precision, theta, at, x);
	const double near = (cost[0] - cost[1]) / (moved[0] - moved[1]);
	*out = smooth ? (4 * near - (cost[2] - cost[3]) / (moved[2] - moved[3])) / 3 : near;
	return TW_OK;
}

tw_status tw_objective_check_gradient(const tw_objective *objective, const void *theta, int64_t samples,
                                      tw_gradient_check *out)
{
	tw_engine *engine = objective->self;
	const size_t bytes = (size_t)objective->size * tw_real_size(objective->precision);
	void *moved = NULL, *gradient = NULL;
	tw_batch batch;
	double cost;
	TW_TRY(engine_whole_batch(engine, engine->data, &batch));
	tw_status status = tw_alloc(&moved, bytes, "parameters");
	if (status == TW_OK) status = tw_alloc(&gradient, bytes, "gradient");
	status = tw_comm_agree(engine->comm, status);
	if (status == TW_OK) memcpy(moved, theta, bytes);
	if (status == TW_OK) status = objective->evaluate(objective->self, moved, &batch, &cost, gradient);
	double largest = 0;
	for (int64_t i = 0; status == TW_OK && i < objective->size; i++)
		largest = fmax(largest, fabs(tw_real_get(objective->precision, gradient, i)));
	const int64_t d = objective->dimension, checks = samples <= 0 || samples > d ? d : samples;
	*out = (tw_gradient_check){.checked = checks, .largest_error = -1};
	for (int64_t c = 0; status == TW_OK && c < checks; c++) {
		const int64_t p = (int64_t)((double)c * (double)d / (double)checks);
		const double g = tw_real_get(objective->precision, gradient, objective->position[p]);
		double slope;
		status = difference(objective, &batch, moved, p, &slope);
		if (status != TW_OK) break;
		const double scale = fmax(fmax(fabs(g), fabs(slope)), 1e-3 * largest);
		const double error = scale > 0 ? fabs(g - slope) / scale : 0;
		if (error > out->largest_error || !(error == error)) {
			out->largest_error = error;
			out->parameter = p;
			out->gradient = g;
			out->difference = slope;
		}
		if (!(error == error)) break;
	}
	tw_free(moved);
	tw_free(gradient);
	return status;
}
