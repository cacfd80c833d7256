/* The keys of the configuration: known ones only, maps where maps must stand. */
#include "run/settings_table.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

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
		if (!option->parameters) continue;
		tw_option_parent(option->path, parent);
		if (!key_under(path, parent, key)) continue;
		for (int entry = 0; option->name(entry); entry++) {
			for (const tw_parameter *p = option->parameters(entry); p->name; p++) {
				if (strcmp(p->name, key) == 0 && strcmp(tw_option_key(path), key) == 0) return PARAMETER_KEY;
			}
		}
	}
	return UNKNOWN_KEY;
}

tw_status tw_settings_expect_map(const tw_yaml *node, const char *path)
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
			TW_TRY(tw_settings_expect_map(item, path));
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
			TW_TRY(tw_settings_expect_map(item, path));
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
		TW_TRY(tw_settings_expect_map(stages->item[i], "stages"));
		TW_TRY(check_keys(stages->item[i], "", true));
	}
	return TW_OK;
}

tw_status tw_settings_check_keys(const tw_yaml *root)
{
	TW_TRY(tw_settings_expect_map(root, "configuration"));
	TW_TRY(check_keys(root, "", false));
	return check_stages(root);
}
