/* Overrides of a grid: the cells that `when` names, and what changes in them. */
#include "run/plan_grid.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The keys of `when`. */
static const struct {
	const char *key;
	tw_axis_id axis;
	tw_axis_text text;
	const char *word; /* the key of a map that a word stands for */
} keys[TW_MAX_CONDITIONS] = {
    {"data", TW_AXIS_DATA, TW_TEXT_VALUE, NULL},
    {"hidden_layers", TW_AXIS_SHAPE, TW_TEXT_LAYERS, NULL},
    {"widths", TW_AXIS_SHAPE, TW_TEXT_WIDTH, NULL},
    {"architectures", TW_AXIS_SHAPE, TW_TEXT_VALUE, NULL},
    {"activations", TW_AXIS_ACTIVATIONS, TW_TEXT_VALUE, "activation"},
    {"initials", TW_AXIS_INITIALS, TW_TEXT_VALUE, "distribution"},
    {"methods", TW_AXIS_METHODS, TW_TEXT_VALUE, "update"},
    {"batches", TW_AXIS_BATCHES, TW_TEXT_VALUE, NULL},
    {"step_sizes", TW_AXIS_STEP_SIZES, TW_TEXT_VALUE, NULL},
};

/* [10, 5] is one architecture. */
static bool is_one_architecture(const tw_yaml *node)
{
	if (!node || node->kind != TW_YAML_LIST) return false;
	for (int i = 0; i < node->items; i++) {
		if (node->item[i]->kind == TW_YAML_LIST) return false;
	}
	return true;
}

static tw_status unknown_axis(const tw_yaml *node, const char *path)
{
	const char *known[TW_MAX_CONDITIONS + 1] = {NULL};
	char suggestion[512];
	for (int k = 0; k < TW_MAX_CONDITIONS; k++) known[k] = keys[k].key;
	tw_suggest(node->key, known, suggestion, sizeof suggestion);
	return tw_fail(TW_USAGE, "%s: key '%s.%s' is not known%s", node->where, path, node->key, suggestion);
}

static tw_status read_condition(const tw_grid *grid, const tw_yaml *when, const tw_yaml *node, const char *path,
                                tw_override *override)
{
	int k = 0;
	while (k < TW_MAX_CONDITIONS && strcmp(keys[k].key, node->key) != 0) k++;
	if (k == TW_MAX_CONDITIONS) return unknown_axis(node, path);
	TW_CHECK(grid->axis[keys[k].axis].count, TW_USAGE,
	         "%s: %s.%s: the grid has no sweep.%s; give it, or remove this condition", node->where, path, node->key,
	         node->key);
	tw_condition *condition = &override->condition[override->conditions++];
	condition->axis = keys[k].axis;
	condition->text = keys[k].text;
	const bool single = strcmp(node->key, "architectures") == 0 && is_one_architecture(node);
	TW_TRY(tw_plan_list_read(when, path, node->key, keys[k].word, single, &condition->list));
	TW_CHECK(condition->list.count, TW_USAGE, "%s: %s.%s: no value; give one of sweep.%s", node->where, path, node->key,
	         node->key);
	return TW_OK;
}

static tw_status read_when(const tw_grid *grid, const tw_yaml *node, const char *name, tw_override *override)
{
	char path[64];
	const tw_yaml *when = tw_yaml_find(node, "when");
	snprintf(path, sizeof path, "%s.when", name);
	TW_CHECK(when, TW_USAGE, "%s: %s: no key `when`; give when: {hidden_layers: 2}, or when: {} for all cells",
	         node->where, name);
	TW_TRY(tw_settings_expect_map(when, path));
	for (int i = 0; i < when->items; i++) TW_TRY(read_condition(grid, when, when->item[i], path, override));
	return TW_OK;
}

static tw_status read_starts(const tw_yaml *node, const char *name, tw_override *override)
{
	static const tw_option option = {.kind = TW_OPTION_INTEGER, .low = 1, .high = INT_MAX};
	char path[64];
	const tw_yaml *starts = tw_yaml_find(node, "starts");
	snprintf(path, sizeof path, "%s.starts", name);
	return starts ? tw_option_read(&option, starts, path, &override->starts) : TW_OK;
}

/* The configuration keys of an override, as a tree of their own. */
static tw_status read_changes(const tw_yaml *node, const char *name, tw_override *override)
{
	static const char *const common[] = {"seed", "threads", "sweep"};
	TW_TRY(tw_yaml_copy(node, &override->changes));
	tw_yaml_free(tw_yaml_take(override->changes, "when"));
	tw_yaml_free(tw_yaml_take(override->changes, "starts"));
	for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
		const tw_yaml *item = tw_yaml_find(override->changes, common[i]);
		TW_CHECK(!item, TW_USAGE, "%s: %s.%s: all cells have it in common; give it at the top of the configuration",
		         item->where, name, common[i]);
	}
	TW_TRY(tw_settings_widen(override->changes));
	return tw_settings_check_keys(override->changes);
}

tw_status tw_grid_read_overrides(tw_grid *grid)
{
	const tw_yaml *list = tw_yaml_find(grid->sweep, "overrides");
	if (!list || (list->kind == TW_YAML_SCALAR && strcmp(list->text, "none") == 0)) return TW_OK;
	TW_CHECK(list->kind == TW_YAML_LIST, TW_USAGE, "%s: sweep.overrides: give a list of maps {when: {...}, ...}",
	         list->where);
	TW_TRY(tw_alloc_array((void **)&grid->override, list->items, sizeof *grid->override, "overrides"));
	for (int i = 0; i < list->items; i++) {
		const tw_yaml *node = list->item[i];
		tw_override *override = &grid->override[grid->overrides++];
		char name[48];
		snprintf(name, sizeof name, "sweep.overrides[%d]", i);
		override->where = node->where;
		TW_CHECK(node->kind == TW_YAML_MAP, TW_USAGE, "%s: %s: give a map {when: {...}, ...}", node->where, name);
		TW_TRY(read_when(grid, node, name, override));
		TW_TRY(read_starts(node, name, override));
		TW_TRY(read_changes(node, name, override));
	}
	return TW_OK;
}
