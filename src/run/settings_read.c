/* The configuration: file and overrides as one tree, checked against the table of options, into tw_settings. */
#include "run/settings_table.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	tw_settings *settings;
	const tw_yaml *root;
	const char *name; /* of the configuration as a whole, for messages */
} settings_reader;

/* ---- what fits a data set ------------------------------------------------------------------------------------- */

/* Output function and loss that belong together, and to a preset. */
static const struct {
	const char *preset, *output, *loss;
} natural[] = {
    {"circles", "logistic", "log"},        {"make_circles", "logistic", "log"}, {"mnist36", "logistic", "log"},
    {"california", "identity", "square"},  {"linear", "identity", "square"},    {"teacher", "identity", "square"},
    {"mnist", "softmax", "cross_entropy"},
};
enum { NATURAL = sizeof natural / sizeof *natural };

static const char *preset_output(const tw_data_options *data)
{
	for (int i = 0; i < NATURAL; i++) {
		if (strcmp(natural[i].preset, data->preset) == 0) return natural[i].output;
	}
	return data->labels ? "softmax" : "identity";
}

/* The first loss in the table above that goes with an output function, and the other way round. */
static const char *partner(const char *output, const char *loss)
{
	for (int i = 0; i < NATURAL; i++) {
		if (output && strcmp(natural[i].output, output) == 0) return natural[i].loss;
		if (loss && strcmp(natural[i].loss, loss) == 0) return natural[i].output;
	}
	return output ? "square" : "identity";
}

/* Default of network.output and loss: what goes with the other one where that is given, else with the data. */
static const char *fitting_default(const settings_reader *reader, const tw_option *option)
{
	if (strcmp(option->path, "loss") == 0) return partner(tw_output_name((int)reader->settings->output), NULL);
	const tw_yaml *loss = tw_yaml_find(reader->root, "loss");
	if (loss && loss->kind == TW_YAML_SCALAR && tw_loss_find(loss->text) >= 0) return partner(NULL, loss->text);
	return preset_output(&reader->settings->data);
}

/* ---- values -------------------------------------------------------------------------------------------------- */

bool tw_option_stage_gives(const tw_yaml *stage, const char *path)
{
	char key[TW_OPTION_PATH];
	if (!stage) return false;
	const char *dot = strchr(path, '.');
	size_t length = dot ? (size_t)(dot - path) + 1 + strcspn(dot + 1, ".") : strlen(path);
	snprintf(key, sizeof key, "%.*s", (int)length, path);
	return tw_yaml_at(stage, key) != NULL;
}

/* The node that gives the option: a stage's own value of a key of method or stop replaces that of the maps at the top.
 */
static const tw_yaml *node_of(const settings_reader *reader, const tw_yaml *stage, const char *path)
{
	return tw_yaml_at(tw_option_stage_gives(stage, path) ? stage : reader->root, path);
}

static bool has_stop_rule(const settings_reader *reader, const tw_yaml *stage)
{
	const tw_yaml *own = tw_yaml_find(stage, "stop"), *all = tw_yaml_find(reader->root, "stop");
	return (own && own->items) || (all && all->items);
}

/* Distributions that are made for weights leave the biases at zero. */
static bool starts_without_biases(const tw_settings *settings)
{
	const char *name = tw_initializer_info_of(settings->initial.distribution)->name;
	return strncmp(name, "glorot_", 7) == 0 || strncmp(name, "he_", 3) == 0;
}

static tw_status read_standard(const settings_reader *reader, const tw_option *option, const tw_yaml *stage, void *base)
{
	const char *text = option->standard ? option->standard : fitting_default(reader, option);
	const bool rule = strcmp(option->path, "stop.steps") == 0 || strcmp(option->path, "stop.gradient_norm") == 0;
	if (rule && has_stop_rule(reader, stage)) text = "none";
	if (strcmp(option->path, "initial.bias") == 0 && starts_without_biases(base)) text = "0";
	if (*text != '[') { /* a plain value needs no parser */
		const tw_yaml scalar = {.kind = TW_YAML_SCALAR, .text = (char *)text, .where = (char *)"default configuration"};
		return tw_option_read(option, &scalar, option->path, base);
	}
	tw_yaml *node;
	TW_TRY(tw_yaml_parse(text, strlen(text), "default configuration", &node));
	tw_status status = tw_option_read(option, node, option->path, base);
	tw_yaml_free(node);
	return status;
}

/* Parameters of the chosen entry; those of others are left alone. */
static tw_status read_parameters(const settings_reader *reader, const tw_option *option, const tw_yaml *stage,
                                 void *base)
{
	char path[2 * TW_OPTION_PATH], parent[TW_OPTION_PATH];
	int chosen;
	memcpy(&chosen, (char *)base + option->offset, sizeof chosen);
	double *value = (double *)((char *)base + option->value_offset);
	const tw_parameter *parameter = option->parameters(chosen);
	tw_option_parent(option->path, parent);
	for (int i = 0; parameter[i].name; i++) {
		snprintf(path, sizeof path, "%s.%s", parent, parameter[i].name);
		const tw_yaml *node = node_of(reader, stage, path);
		value[i] = parameter[i].initial;
		if (node) TW_TRY(tw_number_read(node, path, parameter[i].low, parameter[i].high, &value[i]));
	}
	return TW_OK;
}

/* All options that are kept in base: tw_settings, or tw_stage (then stage is its map, or NULL). */
static tw_status read_options(const settings_reader *reader, bool staged, const tw_yaml *stage, void *base)
{
	for (const tw_option *option = tw_options; option < tw_options + tw_option_count; option++) {
		if (option->staged != staged) continue;
		const tw_yaml *node = node_of(reader, stage, option->path);
		if (node)
			TW_TRY(tw_option_read(option, node, option->path, base));
		else
			TW_TRY(read_standard(reader, option, stage, base));
		if (option->parameters) TW_TRY(read_parameters(reader, option, stage, base));
	}
	return TW_OK;
}

/* ---- what must hold between values ---------------------------------------------------------------------------- */

/* Where the configuration gives this key, or its name. */
static const char *where_of(const settings_reader *reader, const tw_yaml *stage, const char *path)
{
	const tw_yaml *node = stage ? tw_yaml_at(stage, path) : NULL;
	if (!node) node = tw_yaml_at(reader->root, path);
	return node ? node->where : stage ? stage->where : reader->name;
}

static tw_status check_stage(const settings_reader *reader, const tw_yaml *stage, tw_stage *value)
{
	const tw_stop *stop = &value->stop;
	TW_CHECK(stop->steps >= 0 || stop->epochs >= 0 || stop->observations >= 0 || stop->gradient_norm > 0 ||
	             stop->no_progress_patience > 0 || stop->cost == stop->cost,
	         TW_USAGE, "%s: stop: every rule is none, so training would not end; give steps, epochs or another",
	         where_of(reader, stage, "stop"));
	tw_stop_start(&value->stop);
	if (tw_schedule_start(&value->schedule) == TW_OK) return TW_OK;
	return tw_fail(TW_USAGE, "%s: method.schedule: %s", where_of(reader, stage, "method.schedule"), tw_message());
}

static tw_status read_stages(const settings_reader *reader)
{
	tw_settings *settings = reader->settings;
	const tw_yaml *stages = tw_yaml_find(reader->root, "stages");
	const bool single = !stages || stages->kind != TW_YAML_LIST;
	settings->stages = single ? 1 : stages->items;
	for (int i = 0; i < settings->stages; i++) {
		const tw_yaml *stage = single ? NULL : stages->item[i];
		TW_TRY(read_options(reader, true, stage, &settings->stage[i]));
		TW_TRY(check_stage(reader, stage, &settings->stage[i]));
	}
	return TW_OK;
}

static tw_status check_settings(const settings_reader *reader)
{
	const tw_settings *settings = reader->settings;
	const tw_loss_info *loss = tw_loss_info_of(settings->loss);
	TW_CHECK(loss->outputs & (1u << settings->output), TW_USAGE,
	         "%s: loss %s does not go with network.output %s; give output %s or loss %s",
	         where_of(reader, NULL, tw_yaml_find(reader->root, "loss") ? "loss" : "network.output"), loss->name,
	         tw_output_name((int)settings->output), partner(NULL, loss->name),
	         partner(tw_output_name((int)settings->output), NULL));
	const tw_yaml *bias = tw_yaml_at(reader->root, "initial.bias");
	TW_CHECK(!settings->initial.bias_per_layer || bias->items == settings->hidden_count + 1, TW_USAGE,
	         "%s: initial.bias: %d numbers for %d layers of weights; give one a layer", bias->where, bias->items,
	         settings->hidden_count + 1);
	const tw_initializer_info *initial = tw_initializer_info_of(settings->initial.distribution);
	TW_CHECK(strcmp(initial->name, "uniform") != 0 || settings->initial.value[0] <= settings->initial.value[1],
	         TW_USAGE, "%s: initial.low (%g) is above initial.high (%g); exchange them",
	         where_of(reader, NULL, "initial"), settings->initial.value[0], settings->initial.value[1]);
	return TW_OK;
}

/* Values that follow from others. */
static void complete(tw_settings *settings)
{
	if (settings->data.seed == UINT64_MAX) settings->data.seed = settings->seed; /* auto */
	settings->initial.seed = settings->seed;
	settings->data.precision = settings->precision;
	if (settings->cost_every < 0 && settings->batch == 0) settings->cost_every = 1;
}

static tw_status read_all(const settings_reader *reader)
{
	TW_TRY(tw_settings_check_keys(reader->root));
	TW_TRY(read_options(reader, false, NULL, reader->settings));
	TW_TRY(read_stages(reader));
	TW_TRY(check_settings(reader));
	complete(reader->settings);
	return TW_OK;
}

/* ---- the tree ------------------------------------------------------------------------------------------------ */

static tw_status widen_schedule(tw_yaml *map)
{
	tw_yaml *schedule = tw_yaml_at(map, "method.schedule");
	if (!schedule || schedule->kind != TW_YAML_SCALAR || tw_yaml_is_empty(schedule)) return TW_OK;
	return tw_yaml_wrap(schedule, "name");
}

tw_status tw_settings_widen(tw_yaml *root)
{
	TW_TRY(widen_schedule(root));
	const tw_yaml *stages = tw_yaml_find(root, "stages");
	for (int i = 0; stages && stages->kind == TW_YAML_LIST && i < stages->items; i++)
		TW_TRY(widen_schedule(stages->item[i]));
	return TW_OK;
}

tw_status tw_settings_tree(const char *file, const char *name, const char *text, const char *const *set, int sets,
                           tw_yaml **root)
{
	TW_TRY(file ? tw_yaml_read(file, root) : tw_yaml_parse(text, strlen(text), name, root));
	tw_status status = tw_settings_widen(*root);
	if (status == TW_OK) status = sets ? tw_settings_expect_map(*root, "configuration") : TW_OK;
	for (int i = 0; i < sets && status == TW_OK; i++) {
		status = tw_yaml_set(*root, set[i]);
		if (status == TW_OK) status = tw_settings_widen(*root);
	}
	if (status == TW_OK) return TW_OK;
	tw_yaml_free(*root);
	*root = NULL;
	return status;
}

tw_status tw_settings_read_tree(tw_settings *settings, const tw_yaml *root, const char *name)
{
	memset(settings, 0, sizeof *settings);
	const settings_reader reader = {settings, root, name};
	tw_status status = read_all(&reader);
	if (status != TW_OK) tw_settings_free(settings);
	return status;
}

static tw_status read_configuration(tw_settings *settings, const char *file, const char *name, const char *text,
                                    const char *const *set, int sets)
{
	tw_yaml *root;
	memset(settings, 0, sizeof *settings);
	TW_TRY(tw_settings_tree(file, name, text, set, sets, &root));
	tw_status status = tw_settings_read_tree(settings, root, file ? file : name);
	tw_yaml_free(root);
	return status;
}

tw_status tw_settings_read(tw_settings *settings, const char *file, const char *const *set, int sets)
{
	return read_configuration(settings, file, "default configuration", "", set, sets);
}

tw_status tw_settings_parse(tw_settings *settings, const char *name, const char *text, const char *const *set, int sets)
{
	return read_configuration(settings, NULL, name, text, set, sets);
}

void tw_settings_defaults(tw_settings *settings)
{
	if (tw_settings_read(settings, NULL, NULL, 0) != TW_OK) tw_log(TW_LOG_ERROR, "%s", tw_message());
}

void tw_settings_free(tw_settings *settings)
{
	if (!settings) return;
	for (const tw_option *option = tw_options; option < tw_options + tw_option_count; option++) {
		if (option->kind != TW_OPTION_TEXT) continue;
		char **text = (char **)((char *)settings + option->offset);
		tw_free(*text);
		*text = NULL;
	}
}
