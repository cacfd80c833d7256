/* The configuration: defaults, round trip of every option and registry entry, overrides, stages, messages. */
#include <stdlib.h>
#include <unistd.h>

#include "run/settings_table.h"
#include "suite.h"

/* ---- helpers ------------------------------------------------------------------------------------------------- */

static char file_name[] = "/tmp/thalweg-settings-XXXXXX";

static void write_file(const char *text)
{
	FILE *file = fopen(file_name, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static tw_status read_text(const char *text, tw_settings *settings)
{
	write_file(text);
	return tw_settings_read(settings, file_name, NULL, 0);
}

static char *written(const tw_settings *settings)
{
	char *text;
	CHECK_OK(tw_settings_write(settings, &text));
	return text;
}

/* What reads back from the text of these settings is written the same again. Frees settings. */
static void check_round_trip(tw_settings *settings, const char *about)
{
	tw_settings again;
	char *first = written(settings);
	tw_status status = read_text(first, &again);
	if (status != TW_OK) fprintf(stderr, "\n  %s: %s\n", about, tw_message());
	CU_ASSERT_EQUAL_FATAL(status, TW_OK);
	char *second = written(&again);
	CU_ASSERT_STRING_EQUAL(first, second);
	tw_free(first);
	tw_free(second);
	tw_settings_free(settings);
	tw_settings_free(&again);
}

static void round_trip_of(const char *text)
{
	tw_settings settings;
	tw_status status = read_text(text, &settings);
	if (status != TW_OK) fprintf(stderr, "\n  %s: %s\n", text, tw_message());
	CU_ASSERT_EQUAL_FATAL(status, TW_OK);
	check_round_trip(&settings, text);
}

/* ---- tests --------------------------------------------------------------------------------------------------- */

static void test_defaults(void)
{
	tw_settings settings;
	tw_data_options data;
	tw_settings_defaults(&settings);
	tw_data_defaults(&data);
	CU_ASSERT_STRING_EQUAL(settings.data.preset, data.preset);
	CU_ASSERT_STRING_EQUAL(settings.data.path, data.path);
	settings.data.preset = data.preset;
	const char *path = settings.data.path;
	settings.data.path = data.path;
	data.teacher_hidden[2] = settings.data.teacher_hidden[2];
	CU_ASSERT(memcmp(&settings.data, &data, sizeof data) == 0);
	settings.data.path = path;
	CU_ASSERT_EQUAL(settings.hidden_count, 1);
	CU_ASSERT_EQUAL(settings.hidden[0], 3);
	CU_ASSERT_STRING_EQUAL(tw_activation_info_of(settings.activation)->name, "tanh");
	CU_ASSERT_EQUAL(settings.output, TW_OUTPUT_LOGISTIC);
	CU_ASSERT_STRING_EQUAL(tw_loss_info_of(settings.loss)->name, "log");
	CU_ASSERT_EQUAL(settings.batch, 0);
	CU_ASSERT_EQUAL(settings.stages, 1);
	CU_ASSERT(settings.stage[0].stop.steps > 0);
	CU_ASSERT_EQUAL(settings.stage[0].stop.epochs, -1);
	CU_ASSERT_EQUAL(settings.stage[0].schedule.base, 1);
	CU_ASSERT_EQUAL(settings.cost_every, 1);
	check_round_trip(&settings, "default");
}

/* A configuration that a user would write. */
static void test_contract(void)
{
	static const char text[] =
	    "seed: 7\nprecision: double\nthreads: 2\n"
	    "data: {preset: california, path: some/where, rows: keep.txt, test: false}\n"
	    "network: {hidden: [12, 8], activation: relu, leak: 0.1, output: identity, bias: false}\n"
	    "loss: square\ninitial: {distribution: normal, deviation: 0.5, bias: 0.25}\n"
	    "method:\n  batch: 50\n  sampling: uniform\n  update: adam\n  beta1: 0.8\n  step_size: 1e-3\n"
	    "  schedule: {name: plateau, patience: 7, warm_up: 5}\n"
	    "stop: {epochs: 1e2, no_progress: {threshold: 1e-7, patience: 10000}}\n"
	    "metrics: {cost_every: 10, gradient_norm_every: 5}\n"
	    "sweep: {starts: 50, widths: [1, 2, 3]}\n";
	tw_settings settings;
	CHECK_OK(read_text(text, &settings));
	CU_ASSERT_EQUAL(settings.seed, 7);
	CU_ASSERT_EQUAL(settings.initial.seed, 7);
	CU_ASSERT_EQUAL(settings.data.seed, 7);
	CU_ASSERT_EQUAL(settings.data.precision, TW_DOUBLE);
	CU_ASSERT_STRING_EQUAL(settings.data.path, "some/where");
	CU_ASSERT_STRING_EQUAL(settings.data.rows, "keep.txt");
	CU_ASSERT_FALSE(settings.data.test);
	CU_ASSERT_FALSE(settings.bias);
	CU_ASSERT_EQUAL(settings.hidden[0], 12);
	CU_ASSERT_FALSE(settings.initial.bias_same);
	CU_ASSERT_EQUAL(settings.initial.bias_value, 0.25);
	CU_ASSERT_EQUAL(settings.initial.value[1], 0.5);
	CU_ASSERT_EQUAL(settings.batch, 50);
	CU_ASSERT_EQUAL(settings.sampling, TW_SAMPLE_UNIFORM);
	CU_ASSERT_EQUAL(settings.update, tw_update_find("adam"));
	CU_ASSERT_EQUAL(settings.update_value[0], 0.8);
	CU_ASSERT_EQUAL(settings.update_value[1], 0.999);
	const tw_stage *stage = &settings.stage[0];
	CU_ASSERT_EQUAL(stage->schedule.base, 1e-3);
	CU_ASSERT_EQUAL(stage->schedule.kind, tw_schedule_find("plateau"));
	CU_ASSERT_EQUAL(stage->schedule.value[1], 7);
	CU_ASSERT_EQUAL(stage->schedule.warm_up, 5);
	CU_ASSERT_EQUAL(stage->stop.steps, -1);
	CU_ASSERT_EQUAL(stage->stop.epochs, 100);
	CU_ASSERT_EQUAL(stage->stop.no_progress_patience, 10000);
	CU_ASSERT_EQUAL(settings.cost_every, 10);
	check_round_trip(&settings, "contract");
}

/* Every entry of every registry, with its parameters off their defaults. */
static void test_round_trip_registries(void)
{
	char text[2048], parent[TW_OPTION_PATH], key[TW_OPTION_PATH];
	for (int o = 0; o < tw_option_count; o++) {
		const tw_option *option = &tw_options[o];
		if (option->kind != TW_OPTION_CHOICE && option->kind != TW_OPTION_NAME) continue;
		tw_option_parent(option->path, parent);
		snprintf(key, sizeof key, "%s", tw_option_key(option->path));
		for (int i = 0; option->name(i); i++) {
			char map[1024];
			int used = snprintf(map, sizeof map, "%s: %s", key, option->name(i));
			for (const tw_parameter *p = option->parameters ? option->parameters(i) : NULL; p && p->name; p++) {
				double value =
				    p->initial > p->low ? p->low + (p->initial - p->low) / 3 : p->low + (p->high - p->low) / 7;
				used += snprintf(map + used, sizeof map - (size_t)used, ", %s: %.17g", p->name, value);
			}
			const char *dot = strchr(parent, '.');
			if (!*parent)
				snprintf(text, sizeof text, "{%s}", map);
			else if (dot)
				snprintf(text, sizeof text, "{%.*s: {%s: {%s}}}", (int)(dot - parent), parent, dot + 1, map);
			else
				snprintf(text, sizeof text, "{%s: {%s}}", parent, map);
			round_trip_of(text);
		}
	}
}

static void test_round_trip_values(void)
{
	round_trip_of("initial: {bias: [1, -2.5e-9]}");
	round_trip_of("initial: {bias: 0.1, file: \"a b: 'c' \\\\ \\x07.h5\"}");
	round_trip_of("data: {preset: none, source: csv, inputs: 'x.csv:0-7,9', outputs: 'x.csv:y', rows: 'none'}");
	round_trip_of("data: {downscale: [28, 28], select_classes: [3, 6], classes: 2, hidden: [], divide_inputs: 255}");
	round_trip_of("data: {preset: none, labels: true}");
	round_trip_of("network: {hidden: []}");
	round_trip_of("method: {schedule: {name: piecewise, thresholds: [1, 2.5, 1000000000], factor: 0.3}, chunks: 7}");
	round_trip_of("stop: {cost: -0.1, gradient_norm: 1e-300, steps: 0, observations: 9007199254740993}");
	round_trip_of("seed: 9223372036854775807\nmethod: {batch: 64}");
	round_trip_of("method: {step_size: 0.30000000000000004}\npenalty: {l2: 1e-5}");
	round_trip_of("");
	round_trip_of("# nothing\n");
}

static void test_fitting_defaults(void)
{
	static const struct {
		const char *text, *output, *loss;
	} cases[] = {
	    {"data: {preset: mnist}", "softmax", "cross_entropy"},
	    {"data: {preset: mnist36}", "logistic", "log"},
	    {"data: {preset: linear}", "identity", "square"},
	    {"data: {preset: none}", "identity", "square"},
	    {"data: {preset: none, labels: true}", "softmax", "cross_entropy"},
	    {"loss: square", "identity", "square"},
	    {"network: {output: identity}", "identity", "square"},
	    {"{data: {preset: mnist}, loss: square, network: {output: softmax}}", "softmax", "square"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		tw_settings settings;
		CHECK_OK(read_text(cases[i].text, &settings));
		CU_ASSERT_STRING_EQUAL(tw_output_name((int)settings.output), cases[i].output);
		CU_ASSERT_STRING_EQUAL(tw_loss_info_of(settings.loss)->name, cases[i].loss);
		tw_settings_free(&settings);
	}
	/* Each preset has defaults that go together. */
	for (int i = 0; tw_data_preset_name(i); i++) {
		char text[128];
		snprintf(text, sizeof text, "data: {preset: %s}", tw_data_preset_name(i));
		round_trip_of(text);
	}
}

static void test_overrides(void)
{
	static const char *const set[] = {
	    "method.step_size=0.25", "network.hidden=[3, 4, 5]", "method.schedule.rate=0.5", "seed=3", "seed=4",
	    "stages.1.stop.steps=9"};
	tw_settings settings;
	write_file("seed: 1\nmethod: {schedule: exponential}\nstages: [{stop: {steps: 5}}, {stop: {steps: 6}}]\n");
	CHECK_OK(tw_settings_read(&settings, file_name, set, 6));
	CU_ASSERT_EQUAL(settings.stage[0].schedule.base, 0.25);
	CU_ASSERT_EQUAL(settings.stage[0].schedule.kind, tw_schedule_find("exponential"));
	CU_ASSERT_EQUAL(settings.stage[0].schedule.value[0], 0.5);
	CU_ASSERT_EQUAL(settings.hidden_count, 3);
	CU_ASSERT_EQUAL(settings.hidden[2], 5);
	CU_ASSERT_EQUAL(settings.seed, 4);
	CU_ASSERT_EQUAL(settings.stage[0].stop.steps, 5);
	CU_ASSERT_EQUAL(settings.stage[1].stop.steps, 9);
	tw_settings_free(&settings);
	CHECK_OK(tw_settings_read(&settings, NULL, (const char *const[]){"stop.steps=0"}, 1));
	CU_ASSERT_EQUAL(settings.stage[0].stop.steps, 0);
	tw_settings_free(&settings);
}

/* Experiment 5.1: a fixed step size, then halving; stop rules shared by both but for the number of steps. */
static void test_stages(void)
{
	tw_settings settings;
	CHECK_OK(read_text("method: {step_size: 0.5}\n"
	                   "stop: {steps: 40000, no_progress: {threshold: 1e-7, patience: 10000}}\n"
	                   "stages:\n  - {}\n"
	                   "  - {method: {schedule: plateau}, stop: {steps: 80000}}\n",
	                   &settings));
	CU_ASSERT_EQUAL(settings.stages, 2);
	CU_ASSERT_EQUAL(settings.stage[0].schedule.kind, tw_schedule_find("constant"));
	CU_ASSERT_EQUAL(settings.stage[1].schedule.kind, tw_schedule_find("plateau"));
	CU_ASSERT_EQUAL(settings.stage[1].schedule.base, 0.5);
	CU_ASSERT_EQUAL(settings.stage[1].schedule.value[1], 40);
	CU_ASSERT_EQUAL(settings.stage[0].stop.steps, 40000);
	CU_ASSERT_EQUAL(settings.stage[1].stop.steps, 80000);
	CU_ASSERT_EQUAL(settings.stage[1].stop.no_progress_patience, 10000);
	CU_ASSERT_EQUAL(settings.stage[1].stop.no_progress_threshold, 1e-7);
	check_round_trip(&settings, "stages");
}

/* Bad texts and what their message must hold (%s: the file). */
static const struct {
	const char *text, *message;
} bad[] = {
    {"method:\n  stepsize: 1", "%s:2: key 'method.stepsize' is not known; did you mean 'step_size'?"},
    {"netwrok: {}", "%s:1: key 'netwrok' is not known; did you mean 'network'?"},
    {"\nmethod: {xyzzy: 1}", "%s:2: key 'method.xyzzy' is not known; known: batch, sampling"},
    {"method: {batch: 0}", "%s:1: method.batch: 0 is out of range; give all or a whole number of at least 1"},
    {"method: {batch: some}", "%s:1: method.batch: 'some' is not a whole number"},
    {"method: {batch: [1]}", "%s:1: method.batch: a list stands here"},
    {"method: {update: adm}", "%s:1: method.update: 'adm' is not known; did you mean 'adam'?"},
    {"method: {update: none}", "%s:1: method.update: 'none' is not known; known: plain"},
    {"method: {step_size: nan}", "%s:1: method.step_size: nan is out of range"},
    {"method: {step_size: -1}", "%s:1: method.step_size: -1 is out of range; give a number of at least 0"},
    {"method: {momentum: x}", "%s:1: method.momentum: 'x' is not a number"},
    {"method: {schedule: {thresholds: [3, 2]}}", "%s:1: method.schedule: thresholds must ascend"},
    {"method: {schedule: {nam: x}}", "%s:1: key 'method.schedule.nam' is not known; did you mean 'name'?"},
    {"network: {activation: leaky_relu, leak: 2}", "%s:1: network.leak: 2 is out of range; give a number from 0 to 1"},
    {"network: {hidden: [1, 0]}", "%s:1: network.hidden: 0 is out of range"},
    {"network: {hidden: 3}", "%s:1: network.hidden: a single value stands here; give a list"},
    {"network: {bias: 1}", "%s:1: network.bias: '1' is neither true nor false"},
    {"network: [1]", "%s:1: network: a map of keys must stand here"},
    {"seed: 1\nseed: 2", "%s:2: key 'seed' is given twice (first at %s:1); remove one"},
    {"seed:", "%s:1: seed has no value"},
    {"seed: -1", "%s:1: seed: -1 is out of range"},
    {"seed: 99999999999999999999", "%s:1: seed: '99999999999999999999' is not a whole number"},
    {"threads: 1.5", "%s:1: threads: '1.5' is not a whole number"},
    {"loss: log\nnetwork: {output: softmax}", "%s:1: loss log does not go with network.output softmax"},
    {"initial: {bias: [1, 2, 3]}", "%s:1: initial.bias: 3 numbers for 2 layers of weights"},
    {"initial: {low: 3}", "%s:1: initial.low (3) is above initial.high (1)"},
    {"stop: {steps: none}", "%s:1: stop: every rule is none"},
    {"stop: {steps: -1}", "%s:1: stop.steps: -1 is out of range"},
    {"stages: 3", "%s:1: stages: give a list of 1 to 8 maps"},
    {"stages:\n  - {}\n  - {method: {update: adam}}", "%s:3: key 'method.update' is not known in stages"},
    {"sweep: 3", "%s:1: sweep: a map of keys must stand here"},
    {"data: {select_classes: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", "%s:1: data.select_classes: 17 items"},
    {"data: {downscale: [28]}", "%s:1: data.downscale: 1 items"},
    {"data: {divide_inputs: 0}", "%s:1: data.divide_inputs: 0 is out of range; give a number above 0"},
    {"a: &x 1", "%s:1: anchors and aliases"},
    {"seed: [1", "%s:"},
    {"data:\n\tpath: x", "%s:2: not YAML"},
    {"seed: 1\n---\nseed: 2", "%s:2: a second document"},
    {"hello", "%s:1: configuration: a map of keys must stand here"},
    {"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "%s:1: nested deeper"},
    {"seed: \"a\\0b\"", "%s:1: a text holds a zero byte"},
    {"? [a]\n: b", "%s:1: a key must be a word"},
};

static void test_messages(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char expected[512];
		tw_settings settings;
		snprintf(expected, sizeof expected, bad[i].message, file_name, file_name);
		tw_status status = read_text(bad[i].text, &settings);
		bool found = status == TW_USAGE && strncmp(tw_message(), expected, strlen(expected)) == 0;
		CU_ASSERT(found);
		if (!found) fprintf(stderr, "\n  '%s' -> %d '%s'\n", bad[i].text, status, status ? tw_message() : "");
		tw_settings_free(&settings);
	}
}

static void test_message_sources(void)
{
	static const struct {
		const char *set, *message;
	} cases[] = {
	    {"method.stepsize=1", "--set method.stepsize=1: key 'method.stepsize' is not known; did you mean 'step_size'?"},
	    {"method.batch=0", "--set method.batch=0: method.batch: 0 is out of range"},
	    {"seed", "--set seed: no value"},
	    {"=1", "--set =1: no value"},
	    {"a..b=1", "--set a..b=1: a key is empty"},
	    {"seed=[1", "--set seed=[1: not YAML"},
	    {"method.step_size.x=1", "--set method.step_size.x=1: method.step_size: a map stands here; give a number"},
	};
	tw_settings settings;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CU_ASSERT_EQUAL(tw_settings_read(&settings, NULL, &cases[i].set, 1), TW_USAGE);
		bool found = strncmp(tw_message(), cases[i].message, strlen(cases[i].message)) == 0;
		CU_ASSERT(found);
		if (!found) fprintf(stderr, "\n  %s -> %s\n", cases[i].set, tw_message());
	}
	CU_ASSERT_EQUAL(tw_settings_read(&settings, "/nowhere/at/all.yaml", NULL, 0), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "/nowhere/at/all.yaml"));
	tw_settings_free(&settings);
	write_file("[1]");
	CU_ASSERT_EQUAL(tw_settings_read(&settings, file_name, (const char *const[]){"seed=1"}, 1), TW_USAGE);
}

/* Parameters of registries never hide an option of the same map; every row has its texts. */
static void test_table(void)
{
	tw_option_text row;
	int rows = 0;
	for (; tw_option_text_of(rows, &row); rows++) {
		CU_ASSERT(*row.path && row.kind && *row.kind && *row.standard && *row.range && row.help && *row.help);
		for (int o = 0; row.of && o < tw_option_count; o++) CU_ASSERT(strcmp(tw_options[o].path, row.path) != 0);
	}
	CU_ASSERT(rows > tw_option_count + 10);
}

static void test_network(void)
{
	tw_settings settings;
	tw_network network;
	tw_data data = {.observations = 5, .inputs = 4, .outputs = 1};
	CHECK_OK(
	    read_text("network: {hidden: [7, 6], activation: elu, elu_scale: 2, bias: false}\nloss: square", &settings));
	CHECK_OK(tw_settings_network(&settings, &data, &network));
	CU_ASSERT_EQUAL(network.layers, 3);
	CU_ASSERT(network.width[0] == 4 && network.width[1] == 7 && network.width[2] == 6 && network.width[3] == 1);
	CU_ASSERT_EQUAL(network.activation_value[0], 2);
	CU_ASSERT_EQUAL(network.output, TW_OUTPUT_IDENTITY);
	CU_ASSERT_FALSE(network.bias);
	data.classes = 10;
	CU_ASSERT_EQUAL(tw_settings_network(&settings, &data, &network), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "class labels"));
	tw_settings_free(&settings);
	CHECK_OK(read_text("loss: cross_entropy", &settings));
	CHECK_OK(tw_settings_network(&settings, &data, &network));
	CU_ASSERT_EQUAL(network.width[network.layers], 10);
	data.classes = 0;
	CU_ASSERT_EQUAL(tw_settings_network(&settings, &data, &network), TW_USAGE);
	tw_settings_free(&settings);
	CHECK_OK(read_text("loss: log", &settings));
	CHECK_OK(tw_settings_network(&settings, &data, &network));
	data.classes = 3;
	CU_ASSERT_EQUAL(tw_settings_network(&settings, &data, &network), TW_USAGE);
	tw_settings_free(&settings);
}

int main(void)
{
	int file = mkstemp(file_name);
	if (file < 0) return 1;
	close(file);
	CU_TestInfo tests[] = {
	    {"defaults", test_defaults},
	    {"a whole configuration", test_contract},
	    {"round trip: every name of every choice", test_round_trip_registries},
	    {"round trip: values", test_round_trip_values},
	    {"defaults that fit the data", test_fitting_defaults},
	    {"overrides", test_overrides},
	    {"stages", test_stages},
	    {"messages", test_messages},
	    {"messages of overrides and files", test_message_sources},
	    {"table", test_table},
	    {"network", test_network},
	    CU_TEST_INFO_NULL,
	};
	int failures = suite_run("settings", tests, 0);
	unlink(file_name);
	return failures ? 1 : 0;
}
