/* Directions in which f is flat by a symmetry of the network: section 3.3 of the thesis, "model identifiability". */
#include <math.h>
#include <string.h>

#include "run/stationary.h"

/* The directions as they are found, before they are made orthonormal. */
typedef struct {
	const tw_network *network;
	const double *theta;
	double *direction;
	int64_t count, room, dimension;
} raw_directions;

static double *add(raw_directions *raw) { return raw->direction + raw->count++ * raw->dimension; }

static int64_t weight_at(const tw_network *network, int layer, int64_t unit, int64_t input)
{
	return tw_network_weight_offset(network, layer) + unit * network->width[layer - 1] + input;
}

/* d/dt of W(l)[a] += t W(l)[b] (and bias), W(l+1)[:, b] -= t W(l+1)[:, a]: for a = b the rescaling of a unit. */
static void mix_units(raw_directions *raw, int layer, int64_t a, int64_t b)
{
	const tw_network *n = raw->network;
	double *v = add(raw);
	for (int64_t j = 0; j < n->width[layer - 1]; j++)
		v[weight_at(n, layer, a, j)] += raw->theta[weight_at(n, layer, b, j)];
	if (n->bias) v[tw_network_bias_offset(n, layer) + a] += raw->theta[tw_network_bias_offset(n, layer) + b];
	for (int64_t u = 0; u < n->width[layer + 1]; u++)
		v[weight_at(n, layer + 1, u, b)] -= raw->theta[weight_at(n, layer + 1, u, a)];
}

/* A unit whose output is 0 for every observation: neither what comes in nor what it is weighed with matters. */
static void free_dead_unit(raw_directions *raw, int layer, int64_t unit)
{
	const tw_network *n = raw->network;
	for (int64_t j = 0; j < n->width[layer - 1]; j++) add(raw)[weight_at(n, layer, unit, j)] = 1;
	if (n->bias) add(raw)[tw_network_bias_offset(n, layer) + unit] = 1;
	for (int64_t u = 0; u < n->width[layer + 1]; u++) add(raw)[weight_at(n, layer + 1, u, unit)] = 1;
}

/* Softmax does not see a number added to all logits. */
static void shift_logits(raw_directions *raw)
{
	const tw_network *n = raw->network;
	const int layer = n->layers;
	for (int64_t j = 0; j < n->width[layer - 1]; j++) {
		double *v = add(raw);
		for (int64_t u = 0; u < n->width[layer]; u++) v[weight_at(n, layer, u, j)] = 1;
	}
	if (!n->bias) return;
	double *v = add(raw);
	for (int64_t u = 0; u < n->width[layer]; u++) v[tw_network_bias_offset(n, layer) + u] = 1;
}

/* ---- which symmetries there are ------------------------------------------------------------------------------------
 */

typedef struct {
	bool homogeneous; /* activation(c z) = c activation(z) for c > 0 */
	bool linear;      /* the identity */
	bool dies;        /* 0 for all z < 0 */
} activation_kind;

static activation_kind kind_of(const tw_network *network)
{
	const char *name = tw_activation_info_of(network->activation)->name;
	const bool relu = strcmp(name, "relu") == 0, leaky = strcmp(name, "leaky_relu") == 0;
	const bool identity = strcmp(name, "identity") == 0;
	return (activation_kind){.homogeneous = relu || leaky || identity, .linear = identity, .dies = relu};
}

/* An upper bound of their number. */
static int64_t most_directions(const tw_network *n, activation_kind kind, const int64_t *negative, int64_t observations)
{
	int64_t most = n->output == TW_OUTPUT_SOFTMAX ? n->width[n->layers - 1] + 1 : 0, unit = 0;
	for (int l = 1; l < n->layers; l++)
		for (int64_t u = 0; u < n->width[l]; u++, unit++) {
			most += kind.linear ? n->width[l] : 1;
			if (kind.dies && negative[unit] == observations) most += n->width[l - 1] + n->width[l + 1] + 1;
		}
	return most;
}

static void collect(raw_directions *raw, activation_kind kind, const int64_t *negative, int64_t observations,
                    int64_t *dead)
{
	const tw_network *n = raw->network;
	int64_t unit = 0;
	for (int l = 1; l < n->layers; l++)
		for (int64_t u = 0; u < n->width[l]; u++, unit++) {
			if (kind.dies && negative[unit] == observations)
				free_dead_unit(raw, l, u), ++*dead;
			else if (kind.linear)
				for (int64_t v = 0; v < n->width[l]; v++) mix_units(raw, l, u, v);
			else if (kind.homogeneous)
				mix_units(raw, l, u, u);
		}
	if (n->output == TW_OUTPUT_SOFTMAX) shift_logits(raw);
}

/* Modified Gram and Schmidt, twice; directions that depend on those before are left out. */
static void make_orthonormal(raw_directions *raw)
{
	const int64_t d = raw->dimension;
	int64_t kept = 0;
	for (int64_t i = 0; i < raw->count; i++) {
		double *v = raw->direction + i * d;
		const double before = stationary_norm(v, d);
		if (!(before > 0)) continue;
		for (int64_t j = 0; j < d; j++) v[j] /= before;
		for (int pass = 0; pass < 2; pass++)
			for (int64_t k = 0; k < kept; k++) {
				const double *q = raw->direction + k * d;
				const double along = stationary_dot(v, q, d);
				for (int64_t j = 0; j < d; j++) v[j] -= along * q[j];
			}
		const double left = stationary_norm(v, d);
		if (left < 1e-8) continue;
		double *q = raw->direction + kept++ * d;
		for (int64_t j = 0; j < d; j++) q[j] = v[j] / left;
	}
	raw->count = kept;
}

tw_status symmetry_make(tw_run *run, symmetry_basis *out)
{
	const tw_network *network = &run->network;
	const activation_kind kind = kind_of(network);
	const int64_t n = run->data->observations;
	int64_t units = 0, *negative = NULL;
	*out = (symmetry_basis){.dimension = run->objective.dimension};
	if (run->settings->penalty != 0) return TW_OK; /* no symmetry survives it */
	for (int l = 1; l < network->layers; l++) units += network->width[l];
	tw_status status = tw_alloc_array((void **)&negative, units, sizeof *negative, "counts of units");
	status = tw_comm_agree(run->comm, status);
	if (status == TW_OK && units > 0) status = tw_objective_negative_counts(&run->objective, run->theta, negative);
	if (status == TW_OK) {
		const int64_t most = most_directions(network, kind, negative, n);
		status = tw_alloc_array((void **)&out->direction, most * out->dimension, sizeof(double), "symmetries");
		status = tw_comm_agree(run->comm, status);
	}
	if (status == TW_OK) {
		raw_directions raw = {
		    .network = network, .theta = run->canonical, .direction = out->direction, .dimension = out->dimension};
		collect(&raw, kind, negative, n, &out->dead_units);
		make_orthonormal(&raw);
		out->count = raw.count;
	}
	tw_free(negative);
	return status;
}

void symmetry_free(symmetry_basis *basis)
{
	tw_free(basis->direction);
	*basis = (symmetry_basis){0};
}
