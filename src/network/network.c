/* Shape of a network and the canonical order of its parameters; the registry of activations. */
#include <thalweg/network.h>

#include <stdio.h>
#include <string.h>

#include "network/activations.h"

static const char *const outputs[] = {"identity", "logistic", "softmax"};

const char *tw_output_name(int i)
{
	return i >= 0 && i < (int)(sizeof outputs / sizeof outputs[0]) ? outputs[i] : NULL;
}

tw_status tw_network_check(const tw_network *network)
{
	TW_CHECK(network->layers >= 1 && network->layers <= TW_MAX_LAYERS, TW_USAGE,
	         "network.hidden: %d layers of weights; give at most %d hidden layers", network->layers, TW_MAX_LAYERS - 1);
	for (int l = 0; l <= network->layers; l++)
		TW_CHECK(network->width[l] >= 1 && network->width[l] <= INT32_MAX, TW_USAGE,
		         "network.hidden: width %lld of layer %d is out of range; give at least 1",
		         (long long)network->width[l], l);
	TW_CHECK(network->activation >= 0 && network->activation < tw_activation_count(), TW_USAGE,
	         "network.activation: number %d is not in the table", network->activation);
	TW_CHECK(tw_output_name((int)network->output), TW_USAGE, "network.output: number %d is not in the table",
	         (int)network->output);
	TW_CHECK(network->output != TW_OUTPUT_SOFTMAX || network->width[network->layers] >= 2, TW_USAGE,
	         "network.output: softmax needs at least 2 outputs; use logistic for one");
	return TW_OK;
}

int64_t tw_network_dimension(const tw_network *network)
{
	int64_t dimension = 0;
	for (int l = 1; l <= network->layers; l++)
		dimension += network->width[l] * (network->width[l - 1] + (network->bias ? 1 : 0));
	return dimension;
}

int64_t tw_network_weight_offset(const tw_network *network, int layer)
{
	int64_t offset = 0;
	for (int l = 1; l < layer; l++) offset += network->width[l] * (network->width[l - 1] + (network->bias ? 1 : 0));
	return offset;
}

int64_t tw_network_bias_offset(const tw_network *network, int layer)
{
	if (!network->bias) return -1;
	return tw_network_weight_offset(network, layer) + network->width[layer] * network->width[layer - 1];
}

void tw_network_describe(const tw_network *network, char out[160])
{
	int at = 0;
	for (int l = 0; l <= network->layers && at < 120; l++)
		at += snprintf(out + at, (size_t)(160 - at), l ? "-%lld" : "%lld", (long long)network->width[l]);
	if (at >= 120) at += snprintf(out + at, (size_t)(160 - at), "...");
	snprintf(out + at, (size_t)(160 - at), " %s %s%s",
	         network->layers > 1 ? tw_activation_info_of(network->activation)->name : "linear",
	         tw_output_name((int)network->output), network->bias ? "" : " no bias");
}

bool tw_network_equal(const tw_network *a, const tw_network *b)
{
	if (a->layers != b->layers || a->activation != b->activation || a->output != b->output || a->bias != b->bias)
		return false;
	for (int l = 0; l <= a->layers; l++)
		if (a->width[l] != b->width[l]) return false;
	const tw_activation_info *info = tw_activation_info_of(a->activation);
	for (int p = 0; info->parameters[p].name; p++)
		if (a->activation_value[p] != b->activation_value[p]) return false;
	return true;
}

/* The descriptions are the same in every variant. */
int tw_activation_count(void) { return tw_activations_baseline_float.count; }

const tw_activation_info *tw_activation_info_of(int i)
{
	return i >= 0 && i < tw_activation_count() ? &tw_activations_baseline_float.entry[i].info : NULL;
}

int tw_activation_find(const char *name)
{
	for (int i = 0; i < tw_activation_count(); i++)
		if (strcmp(tw_activation_info_of(i)->name, name) == 0) return i;
	return -1;
}
