/* thalweg/network.h: fully connected networks: shape, layout of the parameters, activations, initial parameters. */
#ifndef THALWEG_NETWORK_H
#define THALWEG_NETWORK_H

#include <thalweg/comm.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TW_MAX_LAYERS = 64 };

typedef enum { TW_OUTPUT_IDENTITY = 0, TW_OUTPUT_LOGISTIC, TW_OUTPUT_SOFTMAX } tw_output;
const char *tw_output_name(int i); /* NULL past the end */

/* h(x, theta) of the thesis's section 2.2: z(l) = W(l) a(l-1) + b(l), a(l) = activation(z(l)) for l < L, and the output
 * function for l = L. layers = L >= 1 (no hidden layer: L = 1); width[0] inputs, width[L] outputs.
 * A plain value; copy freely. */
typedef struct {
	int layers;
	int64_t width[TW_MAX_LAYERS + 1];
	int activation;                             /* index into the table of activations */
	double activation_value[TW_MAX_PARAMETERS]; /* its parameters, e.g. the leak */
	tw_output output;
	bool bias;
} tw_network;

/* Checks sizes and counts; TW_USAGE with the field in the message. */
tw_status tw_network_check(const tw_network *network);
/* Number of parameters d. */
int64_t tw_network_dimension(const tw_network *network);
/* Canonical theta: layer by layer W(l) row-major width[l] x width[l-1], then b(l) where bias. Offsets, l = 1..L;
 * the bias offset is -1 without bias. */
int64_t tw_network_weight_offset(const tw_network *network, int layer);
int64_t tw_network_bias_offset(const tw_network *network, int layer);
/* "784-128-64-10 relu softmax" */
void tw_network_describe(const tw_network *network, char out[160]);
bool tw_network_equal(const tw_network *a, const tw_network *b);

/* ---- activations --------------------------------------------------------------------------------------------- */

/* What the registry tells of an activation; its functions, one set per precision and instruction set, are in
 * src/network/activations.c. */
typedef struct {
	const char *name;
	const char *help; /* formula */
	bool smooth;      /* twice continuously differentiable */
	tw_parameter parameters[TW_MAX_PARAMETERS + 1];
} tw_activation_info;
int tw_activation_count(void);
const tw_activation_info *tw_activation_info_of(int i);
int tw_activation_find(const char *name); /* -1: none */

/* ---- initial parameters -------------------------------------------------------------------------------------- */

typedef struct {
	const char *name;
	const char *help;
	tw_parameter parameters[TW_MAX_PARAMETERS + 1];
} tw_initializer_info;
int tw_initializer_count(void);
const tw_initializer_info *tw_initializer_info_of(int i);
int tw_initializer_find(const char *name); /* -1: none */

/* How theta starts: the `initial:` map of the configuration without `file`. */
typedef struct {
	int distribution; /* index into the table of initializers */
	double value[TW_MAX_PARAMETERS];
	bool bias_same; /* biases from the same distribution; else all equal bias_value */
	double bias_value;
	bool bias_per_layer; /* bias_layer_value[l-1] instead, l = 1..L */
	double bias_layer_value[TW_MAX_LAYERS];
	uint64_t seed;
	uint32_t run;
} tw_initial;
/* Fills canonical theta (doubles, tw_network_dimension of them); parameter i depends on (seed, run, i) only. */
tw_status tw_initial_fill(const tw_network *network, const tw_initial *initial, double *theta);

#ifdef __cplusplus
}
#endif
#endif
