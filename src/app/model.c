/* A model from its file together with the data it is to be measured on. */
#include "app/app.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a model file holds, on all ranks. */
typedef struct {
	tw_network network;
	tw_precision precision;
	double *theta;
} model;

/* Collective. */
static tw_status read_model(tw_comm *comm, const char *file, model *out)
{
	bool reads = tw_comm_rank(comm) == 0;
	*out = (model){0};
	tw_status status = reads ? tw_model_read(file, &out->network, &out->precision, &out->theta) : TW_OK;
	TW_TRY(tw_comm_agree(comm, status));
	TW_TRY(tw_comm_broadcast(comm, &out->network, sizeof out->network, 0));
	TW_TRY(tw_comm_broadcast(comm, &out->precision, sizeof out->precision, 0));
	int64_t dimension = tw_network_dimension(&out->network);
	void *theta = out->theta;
	if (!reads) status = tw_alloc_array(&theta, dimension, sizeof(double), "theta");
	out->theta = theta;
	TW_TRY(tw_comm_agree(comm, status));
	return tw_comm_broadcast(comm, out->theta, (size_t)dimension * sizeof(double), 0);
}

/* config.yaml beside the model, NULL when there is none. */
static const char *config_beside(const char *file, char out[PATH_MAX])
{
	char copy[PATH_MAX];
	if ((size_t)snprintf(copy, sizeof copy, "%s", file) >= sizeof copy) return NULL;
	const char *folder = dirname(copy);
	if (snprintf(out, PATH_MAX, "%s/config.yaml", folder) >= PATH_MAX) return NULL;
	return access(out, R_OK) == 0 ? out : NULL;
}

/* The network is the model's, whatever the configuration says. */
static void take_network(tw_settings *settings, const model *from, bool keep_precision)
{
	const tw_network *network = &from->network;
	settings->hidden_count = network->layers - 1;
	memcpy(settings->hidden, network->width + 1, (size_t)settings->hidden_count * sizeof *settings->hidden);
	settings->activation = network->activation;
	memcpy(settings->activation_value, network->activation_value, sizeof settings->activation_value);
	settings->output = network->output;
	settings->bias = network->bias;
	settings->initial.bias_per_layer = false;
	tw_free(settings->initial_file);
	settings->initial_file = NULL;
	if (!keep_precision) settings->precision = settings->data.precision = from->precision;
}

static tw_status make_run(const app_call *call, const char *file, const model *from, tw_settings *settings,
                          tw_run **run)
{
	char have[160], want[160];
	tw_network_describe(&from->network, have);
	tw_status status = tw_run_create(call->comm, settings, run);
	if (status == TW_USAGE) {
		char why[512];
		snprintf(why, sizeof why, "%s", tw_message());
		return tw_fail(TW_USAGE, "%s (%s) does not fit the configuration: %s", file, have, why);
	}
	TW_TRY(status);
	const tw_network *network = tw_run_network(*run);
	tw_network_describe(network, want);
	TW_CHECK(tw_network_equal(network, &from->network), TW_IO,
	         "%s: a model of another network: %s in the file, but the data make it %s", file, have, want);
	return tw_run_set_theta(*run, from->theta);
}

tw_status app_load_model(const app_call *call, const app_options *options, const char *file, const char *config,
                         tw_settings *settings, tw_run **run)
{
	char beside[PATH_MAX];
	model from;
	*run = NULL;
	tw_status status = read_model(call->comm, file, &from);
	if (status == TW_OK) {
		status = app_read_settings(call, options, config ? config : config_beside(file, beside), settings);
	}
	if (status != TW_OK) {
		tw_settings_defaults(settings);
	} else {
		take_network(settings, &from, app_options_name_precision(options));
		status = make_run(call, file, &from, settings, run);
	}
	tw_free(from.theta);
	return status;
}
