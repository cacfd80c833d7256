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

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

/* The key under map that leads to path, into out; false when path is not under map. */
static bool key_under(const char *path, const char *map, char out[TW_OPTION_PATH])
{
	size_t length = strlen(map);
	if (!starts_with(path, map) || (length && path[length] != '.')) return false;
	path += length ? length + 1 : 0;
	snprintf(out, TW_OPTION_PATH, "%.*s", (int)strcspn(path, "."), path);
	return true;
}

enum { MOST_KEYS = 128 };
typedef struct {
	char text[MOST_KEYS][TW_OPTION_PATH];
	const char *name[MOST_KEYS + 1];
	int count;
} key_list;

static void add_key(key_list *keys, const char *key)
{
	for (int i = 0; i < keys->count; i++) {
		if (strcmp(keys->text[i], key) == 0) return;
	}
	if (keys->count == MOST_KEYS) return;
	snprintf(keys->text[keys->count], TW_OPTION_PATH, "%s", key);
	keys->name[keys->count] = keys->text[keys->count];
	keys->name[++keys->count] = NULL;
}

/* Keys that are known in a map ("" at the top): options, maps of options, parameters. staged: in an element of stages.
 */
static void list_keys(const char *map, bool staged, key_list *keys)
{
	char key[TW_OPTION_PATH];
	keys->count = 0;
	keys->name[0] = NULL;
	for (const tw_option *option = tw_options; option < tw_options + tw_option_count; option++) {
		if ((staged && !option->staged) || !key_under(option->path, map, key)) continue;
		add_key(keys, key);
		tw_option_parent(option->path, key);
		if (!option->parameters || strcmp(key, map) != 0) continue;
		for (int entry = 0; option->name(entry); entry++) {
			for (const tw_parameter *p = option->parameters(entry); p->name; p++) add_key(keys, p->name);
		}
	}
	if (*map || staged) return;
	add_key(keys, "stages");
	add_key(keys, "sweep");
}

typedef enum { UNKNOWN_KEY, OPTION_KEY, MAP_KEY, PARAMETER_KEY } key_kind;

static key_kind kind_of_key(const char *path, bool staged)
{
	char key[TW_OPTION_PATH], parent[TW_OPTION_PATH];
	for (const tw_option *option = tw_options; option < tw_options + tw_option_count; option++) {
		if (staged && !option->staged) continue;
		if (strcmp(option->path, path) == 0) return OPTION_KEY;
		if (key_under(option->path, path, key)) return MAP_KEY;
		tw_option_parent(option->path, parent);
		if (!option->parameters || !key_under(path, parent, key)) continue;
		for (int entry = 0; option->name(entry); entry++) {
			for (const tw_parameter *p = option->parameters(entry); p->name; p++) {
				if (strcmp(p->name, key) == 0 && strcmp(tw_option_key(path), key) == 0) return PARAMETER_KEY;
			}
		}
	}
	return UNKNOWN_KEY;
}

static tw_status expect_map(const tw_yaml *node, const char *path)
{
	TW_CHECK(node->kind == TW_YAML_MAP || tw_yaml_is_empty(node), TW_USAGE,
	         "%s: %s: a map of keys must stand here; write {key: value} or indented lines key: value", node->where,
	         path);
	return TW_OK;
}

static tw_status unknown_key(const tw_yaml *node, const char *map, const char *path, bool staged)
{
	key_list keys;
	char suggestion[1024];
	list_keys(map, staged, &keys);
	tw_suggest(node->key, keys.name, suggestion, sizeof suggestion);
	return tw_fail(TW_USAGE, "%s: key '%s' is not known%s%s", node->where, path, staged ? " in stages" : "",
	               suggestion);
}

/* Every key below node must be known, maps must be maps and parameters numbers. map: the path of node. */
static tw_status check_keys(const tw_yaml *node, const char *map, bool staged)
{
	char path[2 * TW_OPTION_PATH];
	for (int i = 0; i < node->items; i++) {
		const tw_yaml *item = node->item[i];
		double unused;
		snprintf(path, sizeof path, "%s%s%.*s", map, *map ? "." : "", TW_OPTION_PATH, item->key);
		if (!*map && !staged && strcmp(path, "stages") == 0) continue;
		if (!*map && !staged && strcmp(path, "sweep") == 0) {
			TW_TRY(expect_map(item, path));
			continue;
		}
		switch (kind_of_key(path, staged)) {
		case UNKNOWN_KEY:
			return unknown_key(item, map, path, staged);
		case OPTION_KEY:
			break;
		case PARAMETER_KEY:
			TW_TRY(tw_number_read(item, path, -DBL_MAX, DBL_MAX, &unused));
			break;
		case MAP_KEY:
			TW_TRY(expect_map(item, path));
			TW_TRY(check_keys(item, path, staged));
			break;
		}
	}
	return TW_OK;
}

static tw_status check_stages(const tw_yaml *root)
{
	const tw_yaml *stages = tw_yaml_find(root, "stages");
	if (!stages || (stages->kind == TW_YAML_SCALAR && strcmp(stages->text, "none") == 0)) return TW_OK;
	TW_CHECK(stages->kind == TW_YAML_LIST && stages->items >= 1 && stages->items <= TW_MAX_STAGES, TW_USAGE,
	         "%s: stages: give a list of 1 to %d maps {method: {...}, stop: {...}}", stages->where, TW_MAX_STAGES);
	for (int i = 0; i < stages->items; i++) {
		TW_TRY(expect_map(stages->item[i], "stages"));
		TW_TRY(check_keys(stages->item[i], "", true));
	}
	return TW_OK;
}

/* ---- values -------------------------------------------------------------------------------------------------- */

/* The node that gives the option: a stage's own value of a key of method or stop replaces that of the maps at the top.
 */
static const tw_yaml *node_of(const settings_reader *reader, const tw_yaml *stage, const char *path)
{
	char key[TW_OPTION_PATH];
	const char *dot = strchr(path, '.');
	size_t length = dot ? (size_t)(dot - path) + 1 + strcspn(dot + 1, ".") : strlen(path);
	snprintf(key, sizeof key, "%.*s", (int)length, path);
	return tw_yaml_at(stage && tw_yaml_at(stage, key) ? stage : reader->root, path);
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
	settings->data.seed = settings->initial.seed = settings->seed;
	settings->data.precision = settings->precision;
	if (settings->cost_every < 0 && settings->batch == 0) settings->cost_every = 1;
}

static tw_status read_tree(const settings_reader *reader)
{
	TW_TRY(expect_map(reader->root, "configuration"));
	TW_TRY(check_keys(reader->root, "", false));
	TW_TRY(check_stages(reader->root));
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

/* "schedule: cosine" becomes "schedule: {name: cosine}" everywhere. */
static tw_status widen_schedules(tw_yaml *root)
{
	TW_TRY(widen_schedule(root));
	const tw_yaml *stages = tw_yaml_find(root, "stages");
	for (int i = 0; stages && stages->kind == TW_YAML_LIST && i < stages->items; i++)
		TW_TRY(widen_schedule(stages->item[i]));
	return TW_OK;
}

/* File and overrides as one tree. */
static tw_status make_tree(const char *file, const char *const *set, int sets, tw_yaml **root)
{
	TW_TRY(file ? tw_yaml_read(file, root) : tw_yaml_parse("", 0, "default configuration", root));
	tw_status status = widen_schedules(*root);
	if (status == TW_OK) status = sets ? expect_map(*root, "configuration") : TW_OK;
	for (int i = 0; i < sets && status == TW_OK; i++) {
		status = tw_yaml_set(*root, set[i]);
		if (status == TW_OK) status = widen_schedules(*root);
	}
	return status;
}

tw_status tw_settings_read(tw_settings *settings, const char *file, const char *const *set, int sets)
{
	memset(settings, 0, sizeof *settings);
	tw_yaml *root = NULL;
	tw_status status = make_tree(file, set, sets, &root);
	const settings_reader reader = {settings, root, file ? file : "default configuration"};
	if (status == TW_OK) status = read_tree(&reader);
	tw_yaml_free(root);
	if (status != TW_OK) tw_settings_free(settings);
	return status;
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
