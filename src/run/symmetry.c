/* Directions in which f is flat by a symmetry of the network: section 3.3 of the thesis, "model identifiability". */
#include <math.h>
#include <string.h>

#include "run/stationary.h"

/* The directions as they are found: each is made orthonormal to those before it, and left out where it depends on them.
 */
typedef struct {
	const tw_network *network;
	const double *theta;
	bool homogeneous;    /* the units' activation is */
	const double *slope; /* of each hidden unit that acts as a linear one on all observations; NaN: it does not */
	double *direction;   /* count x dimension, and room for one more */
	int64_t count, dimension;
} basis;

static int64_t weight_at(const tw_network *network, int layer, int64_t unit, int64_t input)
{
	return tw_network_weight_offset(network, layer) + unit * network->width[layer - 1] + input;
}

/* An empty direction behind those that are kept. */
static double *begin(basis *b)
{
	double *v = b->direction + b->count * b->dimension;
	memset(v, 0, (size_t)b->dimension * sizeof *v);
	return v;
}

/* Keeps the direction begun last: Gram and Schmidt, twice. */
static void end(basis *b)
{
	const int64_t d = b->dimension;
	double *v = b->direction + b->count * d;
	const double before = stationary_norm(v, d);
	if (!(before > 0) || b->count == d) return;
	for (int64_t j = 0; j < d; j++) v[j] /= before;
	for (int pass = 0; pass < 2; pass++)
		for (int64_t k = 0; k < b->count; k++) {
			const double *q = b->direction + k * d;
			const double along = stationary_dot(v, q, d);
			for (int64_t j = 0; j < d; j++) v[j] -= along * q[j];
		}
	const double left = stationary_norm(v, d);
	if (left < 1e-8) return;
	for (int64_t j = 0; j < d; j++) v[j] /= left;
	b->count++;
}

/* ---- directions ---------------------------------------------------------------------------------------------- */

/* d/dt of z_a += t z_b, and of what the next layer takes from b so that it sees no difference, where the outputs of
 * both go with their z by slopes of this ratio (of a to b). For a = b the rescaling of a unit. */
static void mix_units(basis *basis, int layer, int64_t a, int64_t b, double ratio)
{
	const tw_network *n = basis->network;
	double *v = begin(basis);
	for (int64_t j = 0; j < n->width[layer - 1]; j++)
		v[weight_at(n, layer, a, j)] += basis->theta[weight_at(n, layer, b, j)];
	if (n->bias) v[tw_network_bias_offset(n, layer) + a] += basis->theta[tw_network_bias_offset(n, layer) + b];
	for (int64_t u = 0; u < n->width[layer + 1]; u++)
		v[weight_at(n, layer + 1, u, b)] -= ratio * basis->theta[weight_at(n, layer + 1, u, a)];
	end(basis);
}

/* d/dt of z_a += t, which the biases of the next layer take back. */
static void shift_unit(basis *basis, int layer, int64_t a, double slope)
{
	const tw_network *n = basis->network;
	if (!n->bias) return;
	double *v = begin(basis);
	v[tw_network_bias_offset(n, layer) + a] = 1;
	for (int64_t u = 0; u < n->width[layer + 1]; u++)
		v[tw_network_bias_offset(n, layer + 1) + u] = -slope * basis->theta[weight_at(n, layer + 1, u, a)];
	end(basis);
}

static void free_parameter(basis *basis, int64_t at)
{
	begin(basis)[at] = 1;
	end(basis);
}

/* A unit whose output is 0 for every observation: neither what comes in nor what it is weighed with matters. */
static void free_dead_unit(basis *basis, int layer, int64_t unit)
{
	const tw_network *n = basis->network;
	for (int64_t j = 0; j < n->width[layer - 1]; j++) free_parameter(basis, weight_at(n, layer, unit, j));
	if (n->bias) free_parameter(basis, tw_network_bias_offset(n, layer) + unit);
	for (int64_t u = 0; u < n->width[layer + 1]; u++) free_parameter(basis, weight_at(n, layer + 1, u, unit));
}

/* Softmax does not see a number added to all logits. */
static void shift_logits(basis *basis)
{
	const tw_network *n = basis->network;
	const int layer = n->layers;
	for (int64_t j = 0; j < n->width[layer - 1]; j++) {
		double *v = begin(basis);
		for (int64_t u = 0; u < n->width[layer]; u++) v[weight_at(n, layer, u, j)] = 1;
		end(basis);
	}
	if (!n->bias) return;
	double *v = begin(basis);
	for (int64_t u = 0; u < n->width[layer]; u++) v[tw_network_bias_offset(n, layer) + u] = 1;
	end(basis);
}

/* ---- which symmetries there are ------------------------------------------------------------------------------ */

typedef struct {
	bool homogeneous;    /* activation(c z) = c activation(z) for c > 0 */
	double below, above; /* its slopes for z < 0 and z > 0 */
} activation_kind;

static activation_kind kind_of(const tw_network *network)
{
	const char *name = tw_activation_info_of(network->activation)->name;
	if (strcmp(name, "identity") == 0) return (activation_kind){true, 1, 1};
	if (strcmp(name, "relu") == 0) return (activation_kind){true, 0, 1};
	if (strcmp(name, "leaky_relu") == 0) return (activation_kind){true, network->activation_value[0], 1};
	return (activation_kind){0};
}

/* The slope of a unit with z < 0 for `negative` of `all` observations. */
static double slope_of(activation_kind kind, int64_t negative, int64_t all)
{
	if (kind.below == kind.above || negative == 0) return kind.above;
	return negative == all ? kind.below : NAN;
}

/* The directions of one unit, and those that it shares with others of its layer; slope: of the layer's units. */
static void collect_unit(basis *basis, int layer, int64_t unit, const double *slope)
{
	mix_units(basis, layer, unit, unit, 1);
	if (isnan(slope[unit])) return;
	shift_unit(basis, layer, unit, slope[unit]);
	for (int64_t other = 0; other < basis->network->width[layer]; other++)
		if (other != unit && slope[other] != 0 && !isnan(slope[other]))
			mix_units(basis, layer, unit, other, slope[unit] / slope[other]);
}

static void collect(basis *basis, int64_t *dead)
{
	const tw_network *n = basis->network;
	const double *slope = basis->slope;
	for (int l = 1; l < n->layers; slope += n->width[l++])
		for (int64_t u = 0; u < n->width[l]; u++)
			if (slope[u] == 0)
				free_dead_unit(basis, l, u), ++*dead;
			else if (basis->homogeneous)
				collect_unit(basis, l, u, slope);
	if (n->output == TW_OUTPUT_SOFTMAX) shift_logits(basis);
}

/* An upper bound of their number. */
static int64_t most_directions(const tw_network *n, const double *slope)
{
	int64_t most = n->output == TW_OUTPUT_SOFTMAX ? n->width[n->layers - 1] + 1 : 0;
	for (int l = 1; l < n->layers; slope += n->width[l++]) {
		int64_t linear = 0;
		for (int64_t u = 0; u < n->width[l]; u++)
			if (slope[u] == 0)
				most += n->width[l - 1] + n->width[l + 1] + 1;
			else if (!isnan(slope[u]))
				linear++;
		most += n->width[l] + linear * linear;
	}
	return most < tw_network_dimension(n) ? most : tw_network_dimension(n);
}

/* Local. */
static tw_status make_directions(tw_run *run, activation_kind kind, const int64_t *negative, int64_t units,
                                 symmetry_basis *out)
{
	const tw_network *network = &run->network;
	double *slope = NULL;
	TW_TRY(tw_alloc_array((void **)&slope, units + 1, sizeof *slope, "slopes of units"));
	for (int64_t u = 0; u < units; u++)
		slope[u] = kind.homogeneous ? slope_of(kind, negative[u], run->data->observations) : NAN;
	tw_status status = tw_alloc_array((void **)&out->direction, most_directions(network, slope) + 1,
	                                  (size_t)out->dimension * sizeof(double), "symmetries");
	if (status == TW_OK) {
		basis basis = {.network = network,
		               .theta = run->canonical,
		               .homogeneous = kind.homogeneous,
		               .slope = slope,
		               .direction = out->direction,
		               .dimension = out->dimension};
		collect(&basis, &out->dead_units);
		out->count = basis.count;
	}
	tw_free(slope);
	return status;
}

tw_status symmetry_make(tw_run *run, symmetry_basis *out)
{
	const tw_network *network = &run->network;
	const activation_kind kind = kind_of(network);
	int64_t units = 0, *negative = NULL;
	*out = (symmetry_basis){.dimension = run->objective.dimension};
	if (run->settings->penalty != 0) return TW_OK; /* no symmetry survives it */
	for (int l = 1; l < network->layers; l++) units += network->width[l];
	tw_status status = tw_alloc_array((void **)&negative, units + 1, sizeof *negative, "counts of units");
	status = tw_comm_agree(run->comm, status);
	if (status == TW_OK && units > 0) status = tw_objective_negative_counts(&run->objective, run->theta, negative);
	if (status == TW_OK) status = tw_comm_agree(run->comm, make_directions(run, kind, negative, units, out));
	tw_free(negative);
	return status;
}

void symmetry_free(symmetry_basis *basis)
{
	tw_free(basis->direction);
	*basis = (symmetry_basis){0};
}
