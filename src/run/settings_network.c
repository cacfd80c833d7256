/* The network that settings make of a data set. */
#include <thalweg/run.h>

#include <string.h>

/* Loss, output function and kind of targets must fit one another. */
static tw_status check_targets(const tw_settings *settings, const tw_data *data)
{
	const tw_loss_info *loss = tw_loss_info_of(settings->loss);
	const char *output = tw_output_name((int)settings->output);
	TW_CHECK(loss->outputs & (1u << settings->output), TW_USAGE, "loss %s does not go with network.output %s",
	         loss->name, output);
	TW_CHECK(loss->target != TW_TARGET_CLASS || data->classes > 0, TW_USAGE,
	         "loss %s needs class labels, but the targets are %lld columns of numbers; set data.labels: true, or loss: "
	         "square",
	         loss->name, (long long)data->outputs);
	TW_CHECK(loss->target != TW_TARGET_REAL || data->classes == 0, TW_USAGE,
	         "loss %s cannot be used with class labels; set loss: cross_entropy and network.output: softmax, or "
	         "data.labels: false",
	         loss->name);
	TW_CHECK(loss->target != TW_TARGET_BINARY || data->classes == 0 || data->classes == 2, TW_USAGE,
	         "loss %s needs targets 0 or 1, but there are %lld classes; set loss: cross_entropy and network.output: "
	         "softmax, or choose two with data.select_classes",
	         loss->name, (long long)data->classes);
	return TW_OK;
}

tw_status tw_settings_network(const tw_settings *settings, const tw_data *data, tw_network *network)
{
	TW_TRY(check_targets(settings, data));
	const bool by_class = tw_loss_info_of(settings->loss)->target == TW_TARGET_CLASS;
	memset(network, 0, sizeof *network);
	network->layers = settings->hidden_count + 1;
	network->width[0] = data->inputs;
	memcpy(network->width + 1, settings->hidden, (size_t)settings->hidden_count * sizeof *settings->hidden);
	network->width[network->layers] = by_class ? data->classes : data->outputs;
	network->activation = settings->activation;
	memcpy(network->activation_value, settings->activation_value, sizeof network->activation_value);
	network->output = settings->output;
	network->bias = settings->bias;
	return tw_network_check(network);
}
