/* Products with the Hessian over ranks: rank 0 asks, all compute. */
#include "run/curvature.h"

#include <math.h>
#include <string.h>

/* Room for the vectors that the objective gets together. */
enum { VECTOR_BYTES = 1 << 28, MOST_AT_ONCE = 16 };

/* Local. */
static tw_status make_vectors(tw_curvature *curvature)
{
	const tw_objective *objective = &curvature->run->objective;
	const size_t real_size = tw_real_size(objective->precision);
	TW_TRY(tw_alloc_array((void **)&curvature->vector, curvature->at_once, sizeof(void *), "vectors"));
	TW_TRY(tw_alloc_array((void **)&curvature->product, curvature->at_once, sizeof(void *), "products"));
	for (int k = 0; k < curvature->at_once; k++) {
		TW_TRY(tw_alloc_array(&curvature->vector[k], objective->size, real_size, "vectors"));
		TW_TRY(tw_alloc_array(&curvature->product[k], objective->size, real_size, "products with the Hessian"));
	}
	return tw_alloc_array((void **)&curvature->outside, curvature->at_once * objective->dimension, sizeof(double),
	                      "vectors");
}

static int choose_at_once(const tw_objective *objective)
{
	const int64_t fit = VECTOR_BYTES / (3 * (int64_t)sizeof(double) * objective->size);
	return fit < 1 ? 1 : fit < MOST_AT_ONCE ? (int)fit : MOST_AT_ONCE;
}

tw_status tw_curvature_create(tw_run *run, tw_curvature **out)
{
	*out = NULL;
	TW_CHECK(run->objective.hessian_product, TW_USAGE, "the objective of this run has no products with its Hessian");
	tw_curvature *curvature = NULL;
	tw_status status = tw_alloc((void **)&curvature, sizeof *curvature, "curvature");
	if (status == TW_OK) {
		*curvature = (tw_curvature){.run = run, .at_once = choose_at_once(&run->objective)};
		status = make_vectors(curvature);
	}
	status = tw_comm_agree(run->comm, status);
	if (status == TW_OK)
		*out = curvature;
	else
		tw_curvature_free(curvature);
	return status;
}

void tw_curvature_free(tw_curvature *curvature)
{
	if (!curvature) return;
	for (int k = 0; k < curvature->at_once; k++) {
		if (curvature->vector) tw_free(curvature->vector[k]);
		if (curvature->product) tw_free(curvature->product[k]);
	}
	tw_free(curvature->vector), tw_free(curvature->product), tw_free(curvature->outside);
	tw_free(curvature);
}

/* The parameters [*first, *first + count) of a layer; returns count. */
static int64_t block_of(const tw_network *network, int layer, int64_t *first)
{
	const int64_t all = tw_network_dimension(network);
	*first = layer == 0 ? 0 : tw_network_weight_offset(network, layer);
	if (layer == 0 || layer == network->layers) return all - *first;
	return tw_network_weight_offset(network, layer + 1) - *first;
}

int64_t tw_curvature_dimension(const tw_curvature *curvature, int layer)
{
	int64_t first;
	if (layer < 0 || layer > curvature->run->network.layers) return 0;
	return block_of(&curvature->run->network, layer, &first);
}

tw_status curvature_check(const tw_curvature *curvature, int layer)
{
	const tw_run *run = curvature->run;
	TW_CHECK(layer >= 0 && layer <= run->network.layers, TW_USAGE,
	         "the network has no layer %d: 1 to %d are possible, 0 for all of theta", layer, run->network.layers);
	for (int64_t i = 0; i < run->objective.dimension; i++)
		TW_CHECK(isfinite(tw_real_get(run->objective.precision, run->theta, run->objective.position[i])), TW_DIVERGED,
		         "parameter %lld of theta is not finite: there is no Hessian", (long long)i);
	return TW_OK;
}

tw_status curvature_batch(tw_curvature *curvature, tw_batch *whole)
{
	tw_run *run = curvature->run;
	return tw_feed_get(run->whole ? run->whole : run->feed, 0, whole);
}

/* Collective. product = H vector for the first `count` of them. */
static tw_status multiply(tw_curvature *curvature, int count)
{
	const tw_run *run = curvature->run;
	tw_batch whole;
	TW_TRY(curvature_batch(curvature, &whole));
	return run->objective.hessian_product(run->objective.self, run->theta, &whole, count,
	                                      (const void *const *)curvature->vector, curvature->product);
}

tw_status curvature_multiply_first(tw_curvature *curvature) { return multiply(curvature, 1); }

/* Collective. The same for the first `count` vectors of rank 0's `outside`. */
static tw_status multiply_outside(tw_curvature *curvature, int count)
{
	const tw_objective *objective = &curvature->run->objective;
	const int64_t d = objective->dimension;
	TW_TRY(tw_comm_broadcast(curvature->run->comm, curvature->outside, (size_t)(count * d) * sizeof(double), 0));
	for (int k = 0; k < count; k++) tw_objective_import(objective, curvature->outside + k * d, curvature->vector[k]);
	TW_TRY(multiply(curvature, count));
	for (int k = 0; k < count; k++) tw_objective_export(objective, curvature->product[k], curvature->outside + k * d);
	return TW_OK;
}

/* ---- rank 0 asks, the others serve ---------------------------------------------------------------------------- */

/* What rank 0 tells the others: to multiply `vectors` vectors, or, at 0, that it needs no more. */
static tw_status tell(tw_curvature *curvature, int64_t *vectors)
{
	return tw_comm_broadcast(curvature->run->comm, vectors, sizeof *vectors, 0);
}

/* Rank 0: the operator's product, vectors of the block in hand. */
static tw_status ask(void *self, int count, const double *x, double *y)
{
	tw_curvature *curvature = self;
	const int64_t d = curvature->run->objective.dimension, block = curvature->dimension;
	for (int done = 0, now; done < count; done += now) {
		TW_CHECK(!run_stop_requested(), TW_INTERRUPTED, "asked to stop while the Hessian was looked at");
		now = count - done < curvature->at_once ? count - done : curvature->at_once;
		memset(curvature->outside, 0, (size_t)(now * d) * sizeof(double));
		for (int k = 0; k < now; k++)
			memcpy(curvature->outside + k * d + curvature->first, x + (done + k) * block,
			       (size_t)block * sizeof(double));
		int64_t vectors = now;
		TW_TRY(tell(curvature, &vectors));
		TW_TRY(multiply_outside(curvature, now));
		for (int k = 0; k < now; k++)
			memcpy(y + (done + k) * block, curvature->outside + k * d + curvature->first,
			       (size_t)block * sizeof(double));
	}
	return TW_OK;
}

/* Ranks other than 0. A product that fails fails on all ranks; rank 0 still says when it has had enough. */
static tw_status serve(tw_curvature *curvature)
{
	tw_status status = TW_OK;
	for (;;) {
		int64_t vectors = 0;
		TW_TRY(tell(curvature, &vectors));
		if (vectors == 0) return status;
		status = multiply_outside(curvature, (int)vectors);
	}
}

static tw_status ask_and_end(tw_curvature *curvature, tw_status (*drive)(void *request, const tw_operator *op),
                             void *request)
{
	const tw_operator op = {curvature, curvature->dimension, ask};
	int64_t enough = 0;
	const tw_status status = drive(request, &op), told = tell(curvature, &enough);
	return status == TW_OK ? told : status;
}

tw_status curvature_drive(tw_curvature *curvature, int layer, tw_status (*drive)(void *request, const tw_operator *op),
                          void *request)
{
	tw_comm *comm = curvature->run->comm;
	TW_TRY(curvature_check(curvature, layer));
	curvature->dimension = block_of(&curvature->run->network, layer, &curvature->first);
	tw_status status = tw_comm_rank(comm) == 0 ? ask_and_end(curvature, drive, request) : serve(curvature);
	status = tw_comm_agree(comm, status);
	if (status == TW_INTERRUPTED) run_stop_clear();
	return status;
}
