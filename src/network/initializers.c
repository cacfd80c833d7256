/* Initial parameters: one function and one row of the table a distribution. */
#include <thalweg/network.h>

#include <math.h>
#include <string.h>

/* What one parameter is drawn from. fan_in, fan_out: units that feed its layer, units of its layer. */
typedef struct {
	const double *value;
	double fan_in, fan_out;
	tw_random stream;
	uint64_t index; /* of the parameter in canonical theta */
} draw_call;

typedef struct {
	tw_initializer_info info;
	double (*draw)(const draw_call *call);
} initializer_rule;

static double between(const draw_call *call, double low, double high)
{
	double share = tw_random_uniform(call->stream, 0, call->index);
	return low * (1 - share) + high * share;
}

static double around(const draw_call *call, double mean, double deviation)
{
	return mean + deviation * tw_random_normal(call->stream, 0, call->index);
}

static double uniform(const draw_call *call) { return between(call, call->value[0], call->value[1]); }

static double normal(const draw_call *call) { return around(call, call->value[0], call->value[1]); }

static double glorot_uniform(const draw_call *call)
{
	double limit = sqrt(6 / (call->fan_in + call->fan_out));
	return between(call, -limit, limit);
}

static double glorot_normal(const draw_call *call) { return around(call, 0, sqrt(2 / (call->fan_in + call->fan_out))); }

static double he_uniform(const draw_call *call)
{
	double limit = sqrt(6 / call->fan_in);
	return between(call, -limit, limit);
}

static double he_normal(const draw_call *call) { return around(call, 0, sqrt(2 / call->fan_in)); }

static double constant(const draw_call *call) { return call->value[0]; }

static const initializer_rule rules[] = {
    {
        .info = {.name = "uniform",
                 .help = "uniform on [low, high]",
                 .parameters = {{"low", -1, -1e30, 1e30, "smallest value"}, {"high", 1, -1e30, 1e30, "largest value"}}},
        .draw = uniform,
    },
    {
        .info = {.name = "normal",
                 .help = "N(mean, deviation^2)",
                 .parameters = {{"mean", 0, -1e30, 1e30, "mean"}, {"deviation", 1, 0, 1e30, "standard deviation"}}},
        .draw = normal,
    },
    {
        .info = {.name = "glorot_uniform", .help = "uniform on [-c, c], c^2 = 6 / (inputs + outputs of the layer)"},
        .draw = glorot_uniform,
    },
    {
        .info = {.name = "glorot_normal", .help = "N(0, 2 / (inputs + outputs of the layer))"},
        .draw = glorot_normal,
    },
    {
        .info = {.name = "he_uniform", .help = "uniform on [-c, c], c^2 = 6 / inputs of the layer"},
        .draw = he_uniform,
    },
    {
        .info = {.name = "he_normal", .help = "N(0, 2 / inputs of the layer)"},
        .draw = he_normal,
    },
    {
        .info = {.name = "constant",
                 .help = "all parameters equal",
                 .parameters = {{"value", 0, -1e30, 1e30, "the value of all parameters"}}},
        .draw = constant,
    },
};
enum { RULES = sizeof rules / sizeof *rules };

int tw_initializer_count(void) { return RULES; }

const tw_initializer_info *tw_initializer_info_of(int i) { return i >= 0 && i < RULES ? &rules[i].info : NULL; }

int tw_initializer_find(const char *name)
{
	for (int i = 0; i < RULES; i++) {
		if (strcmp(rules[i].info.name, name) == 0) return i;
	}
	return -1;
}

/* Bias of a layer that is not drawn. */
static double bias_value(const tw_initial *initial, int layer)
{
	return initial->bias_per_layer ? initial->bias_layer_value[layer - 1] : initial->bias_value;
}

tw_status tw_initial_fill(const tw_network *network, const tw_initial *initial, double *theta)
{
	TW_CHECK(initial->distribution >= 0 && initial->distribution < RULES, TW_INTERNAL,
	         "initial distribution %d does not exist", initial->distribution);
	const initializer_rule *rule = &rules[initial->distribution];
	TW_CHECK(rule->draw != uniform || initial->value[0] <= initial->value[1], TW_USAGE,
	         "initial.low (%g) is above initial.high (%g); exchange them", initial->value[0], initial->value[1]);
	TW_TRY(tw_network_check(network));
	const bool draw_bias = initial->bias_same && !initial->bias_per_layer;
	draw_call call = {
	    .value = initial->value,
	    .stream = {.seed = initial->seed, .purpose = TW_RANDOM_INITIAL, .run = initial->run},
	};
	for (int layer = 1; layer <= network->layers; layer++) {
		const int64_t fan_in = network->width[layer - 1], fan_out = network->width[layer];
		const int64_t weights = fan_in * fan_out, count = weights + (network->bias ? fan_out : 0);
		call.fan_in = (double)fan_in;
		call.fan_out = (double)fan_out;
		for (int64_t i = 0; i < count; i++, call.index++)
			theta[call.index] = i < weights || draw_bias ? rule->draw(&call) : bias_value(initial, layer);
	}
	return TW_OK;
}
