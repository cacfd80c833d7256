/* What is known of the Hessian: its extremes, all of it, its density, its quotient along the gradient. */
#include "run/curvature.h"

#include <math.h>

/* ---- results of rank 0 to all --------------------------------------------------------------------------------- */

static tw_status share(tw_comm *comm, double *values, int64_t count)
{
	return tw_comm_broadcast(comm, values, (size_t)count * sizeof *values, 0);
}

static tw_status share_pairs(tw_comm *comm, tw_eigenpairs *pairs)
{
	int64_t head[] = {pairs->asked, pairs->dimension, pairs->found, pairs->listed, pairs->products};
	TW_TRY(tw_comm_broadcast(comm, head, sizeof head, 0));
	if (head[0] == 0) return TW_OK;
	tw_status status = TW_OK;
	if (tw_comm_rank(comm) != 0) status = tw_eigenpairs_make(head[1], (int)head[0], pairs);
	TW_TRY(tw_comm_agree(comm, status));
	pairs->found = (int)head[2];
	pairs->listed = (int)head[3];
	pairs->products = head[4];
	TW_TRY(share(comm, pairs->value, head[0]));
	TW_TRY(share(comm, pairs->residual, head[0]));
	return share(comm, pairs->vector, head[0] * head[1]);
}

static tw_status share_density(tw_comm *comm, int probes, int steps, tw_spectral_density *density)
{
	tw_status status = TW_OK;
	if (tw_comm_rank(comm) != 0) status = tw_spectral_density_make(probes, steps, density);
	TW_TRY(tw_comm_agree(comm, status));
	TW_TRY(tw_comm_broadcast(comm, &density->products, sizeof density->products, 0));
	TW_TRY(share(comm, density->node, (int64_t)probes * steps));
	return share(comm, density->weight, (int64_t)probes * steps);
}

/* ---- extremes ------------------------------------------------------------------------------------------------- */

typedef struct {
	int smallest, largest;
	const tw_eigen_options *options;
	tw_eigenpairs *low, *high;
} extremes;

static tw_status drive_extremes(void *request, const tw_operator *op)
{
	const extremes *r = request;
	if (r->smallest > 0) TW_TRY(tw_extreme_eigenpairs(op, TW_SMALLEST, r->smallest, r->options, r->low));
	if (r->largest > 0) TW_TRY(tw_extreme_eigenpairs(op, TW_LARGEST, r->largest, r->options, r->high));
	return TW_OK;
}

tw_status tw_curvature_extremes(tw_curvature *curvature, int layer, int smallest, int largest,
                                const tw_eigen_options *options, tw_eigenpairs *low, tw_eigenpairs *high)
{
	extremes request = {smallest, largest, options, low, high};
	*low = *high = (tw_eigenpairs){0};
	TW_CHECK(smallest >= 0 && largest >= 0, TW_USAGE, "%d smallest and %d largest eigenvalues: 0 or more of each",
	         smallest, largest);
	tw_status status = curvature_drive(curvature, layer, drive_extremes, &request);
	if (status == TW_OK) status = share_pairs(curvature->run->comm, low);
	if (status == TW_OK) status = share_pairs(curvature->run->comm, high);
	if (status != TW_OK) tw_eigenpairs_free(low), tw_eigenpairs_free(high);
	return status;
}

/* ---- the whole matrix ------------------------------------------------------------------------------------------ */

typedef struct {
	int at_once;
	double *matrix, *value;
	double asymmetry;
} whole_matrix;

static tw_status drive_matrix(void *request, const tw_operator *op)
{
	whole_matrix *r = request;
	return tw_operator_matrix(op, r->at_once, r->matrix, &r->asymmetry);
}

static tw_status drive_eigenvalues(void *request, const tw_operator *op)
{
	whole_matrix *r = request;
	TW_TRY(tw_alloc_array((void **)&r->matrix, op->dimension, (size_t)op->dimension * sizeof(double), "Hessian"));
	TW_TRY(drive_matrix(request, op));
	return tw_symmetric_eigen(op->dimension, r->matrix, false, r->value);
}

tw_status tw_curvature_matrix(tw_curvature *curvature, int layer, double *matrix, double *asymmetry)
{
	whole_matrix request = {.at_once = curvature->at_once, .matrix = matrix};
	TW_TRY(curvature_drive(curvature, layer, drive_matrix, &request));
	*asymmetry = request.asymmetry;
	return share(curvature->run->comm, asymmetry, 1);
}

tw_status tw_curvature_eigenvalues(tw_curvature *curvature, int layer, double *value, double *asymmetry)
{
	whole_matrix request = {.at_once = curvature->at_once, .value = value};
	tw_status status = curvature_drive(curvature, layer, drive_eigenvalues, &request);
	tw_free(request.matrix);
	TW_TRY(status);
	*asymmetry = request.asymmetry;
	TW_TRY(share(curvature->run->comm, asymmetry, 1));
	return share(curvature->run->comm, value, curvature->dimension);
}

/* ---- density --------------------------------------------------------------------------------------------------- */

typedef struct {
	int probes, steps;
	uint64_t seed;
	tw_spectral_density *density;
} density_request;

static tw_status drive_density(void *request, const tw_operator *op)
{
	const density_request *r = request;
	return tw_lanczos_density(op, r->probes, r->steps, r->seed, r->density);
}

tw_status tw_curvature_density(tw_curvature *curvature, int layer, int probes, int steps, uint64_t seed,
                               tw_spectral_density *out)
{
	density_request request = {probes, steps, seed, out};
	*out = (tw_spectral_density){0};
	tw_status status = curvature_drive(curvature, layer, drive_density, &request);
	if (status == TW_OK) status = share_density(curvature->run->comm, probes, steps, out);
	if (status != TW_OK) tw_spectral_density_free(out);
	return status;
}

/* ---- along the gradient ---------------------------------------------------------------------------------------- */

static double dot(const tw_objective *objective, const void *a, const void *b)
{
	double sum = 0;
	for (int64_t i = 0; i < objective->dimension; i++)
		sum += tw_real_get(objective->precision, a, objective->position[i]) *
		       tw_real_get(objective->precision, b, objective->position[i]);
	return sum;
}

static void scale(const tw_objective *objective, double factor, void *a)
{
	for (int64_t i = 0; i < objective->dimension; i++) {
		const int64_t at = objective->position[i];
		tw_real_set(objective->precision, a, at, factor * tw_real_get(objective->precision, a, at));
	}
}

tw_status tw_curvature_rayleigh(tw_curvature *curvature, tw_rayleigh *out)
{
	const tw_run *run = curvature->run;
	const tw_objective *objective = &run->objective;
	void *gradient = curvature->vector[0];
	tw_batch whole;
	*out = (tw_rayleigh){.quotient = NAN, .step_size = NAN};
	TW_TRY(curvature_check(curvature, 0));
	TW_TRY(curvature_batch(curvature, &whole));
	TW_TRY(objective->evaluate(objective->self, run->theta, &whole, &out->cost, gradient));
	out->gradient_norm_squared = dot(objective, gradient, gradient);
	TW_CHECK(isfinite(out->cost) && isfinite(out->gradient_norm_squared), TW_DIVERGED,
	         "cost or gradient is not finite: no curvature along it");
	if (out->gradient_norm_squared == 0) return TW_OK;
	scale(objective, 1 / sqrt(out->gradient_norm_squared), gradient);
	TW_TRY(curvature_multiply_first(curvature));
	out->quotient = dot(objective, gradient, curvature->product[0]) / dot(objective, gradient, gradient);
	out->step_size = out->quotient > 0 ? 2 / out->quotient : INFINITY;
	return TW_OK;
}
