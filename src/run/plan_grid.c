/* The axes of a grid, and what holds for all of its runs. */
#include "run/plan_grid.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static tw_status check_sweep_keys(const tw_yaml *sweep)
{
	enum { MOST = 32 };
	static const char prefix[] = "sweep.";
	tw_option_text row[MOST];
	const char *known[MOST + 1] = {NULL};
	char suggestion[1024];
	int keys = 0;
	for (int i = 0; keys < MOST && tw_option_text_of(i, &row[keys]); i++) {
		if (strncmp(row[keys].path, prefix, strlen(prefix)) != 0) continue;
		known[keys] = row[keys].path + strlen(prefix);
		keys++;
	}
	for (int i = 0; i < sweep->items; i++) {
		const char *key = sweep->item[i]->key;
		int k = 0;
		while (k < keys && strcmp(known[k], key) != 0) k++;
		if (k < keys) continue;
		tw_suggest(key, known, suggestion, sizeof suggestion);
		return tw_fail(TW_USAGE, "%s: key 'sweep.%s' is not known%s", sweep->item[i]->where, key, suggestion);
	}
	return TW_OK;
}

/* Single values of the sweep map; the defaults are those of an empty one. */
static tw_status read_values(const tw_yaml *sweep, tw_grid *grid)
{
	static const tw_option values[] = {
	    {"sweep.starts", TW_OPTION_INTEGER, .offset = offsetof(tw_grid, starts), .low = 1, .high = INT_MAX},
	    {"sweep.ranks_per_run", TW_OPTION_INT, .offset = offsetof(tw_grid, ranks_per_run), .low = 1, .high = INT_MAX},
	    {"sweep.replicas", TW_OPTION_INT, .offset = offsetof(tw_grid, replicas), .low = 1, .high = INT_MAX,
	     .word = "auto"},
	    {"sweep.same_starts", TW_OPTION_BOOL, .offset = offsetof(tw_grid, same_starts)},
	};
	grid->starts = 20;
	grid->ranks_per_run = 1;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const tw_yaml *node = tw_yaml_find(sweep, tw_option_key(values[i].path));
		if (node) TW_TRY(tw_option_read(&values[i], node, values[i].path, grid));
	}
	return TW_OK;
}

/* ---- axes of numbers and maps --------------------------------------------------------------------------------- */

static const struct {
	const char *key;    /* under sweep */
	const char *map;    /* that maps are merged into; NULL: values are numbers */
	const char *option; /* that a number is a value of; for maps the one that a word alone stands for, or NULL */
} rules[TW_AXES] = {
    [TW_AXIS_DATA] = {"data", .map = "data"},
    [TW_AXIS_ACTIVATIONS] = {"activations", .map = "network", .option = "network.activation"},
    [TW_AXIS_INITIALS] = {"initials", .map = "initial", .option = "initial.distribution"},
    [TW_AXIS_METHODS] = {"methods", .map = "method", .option = "method.update"},
    [TW_AXIS_BATCHES] = {"batches", .option = "method.batch"},
    [TW_AXIS_STEP_SIZES] = {"step_sizes", .option = "method.step_size"},
};

/* The key of the axis's maps that a word stands for. */
static const char *word_of(tw_axis_id axis)
{
	return rules[axis].map && rules[axis].option ? tw_option_key(rules[axis].option) : NULL;
}

/* Whether node is a value of the option; read into scratch. */
static tw_status check_value(const char *path, const tw_yaml *node, const char *name)
{
	const tw_option *option = tw_options;
	void *scratch;
	while (strcmp(option->path, path) != 0) option++;
	TW_TRY(tw_alloc(&scratch, sizeof(tw_settings), "a value"));
	tw_status status = tw_option_read(option, node, name, scratch);
	tw_free(scratch);
	return status;
}

/* Texts of a map without its keys' underscores: "adam beta1 0.8". word: the key whose value comes first, alone. */
static void write_label(FILE *out, const tw_yaml *node, const char *word)
{
	const tw_yaml *first = word ? tw_yaml_find(node, word) : NULL;
	if (node->kind == TW_YAML_SCALAR) fputs(node->text, out);
	if (first) write_label(out, first, NULL);
	for (int i = 0, written = first != NULL; i < node->items; i++) {
		const tw_yaml *item = node->item[i];
		if (item == first) continue;
		if (written++) fputc(' ', out);
		for (const char *c = item->key; c && *c; c++) fputc(*c == '_' ? ' ' : *c, out);
		if (item->key) fputc(' ', out);
		write_label(out, item, NULL);
	}
}

static tw_status make_label(const tw_yaml *node, const char *word, char **out)
{
	size_t size;
	*out = NULL;
	FILE *stream = open_memstream(out, &size);
	TW_CHECK(stream, TW_NO_MEMORY, "no memory for the names of cells");
	write_label(stream, node, word);
	TW_CHECK(fclose(stream) == 0, TW_NO_MEMORY, "no memory for the names of cells");
	return TW_OK;
}

/* *changes: node at the place in the configuration that the axis is about. */
static tw_status make_changes(tw_axis_id axis, const tw_yaml *node, tw_yaml **changes)
{
	const bool is_word = rules[axis].map && node->kind == TW_YAML_SCALAR;
	const char *path = is_word || !rules[axis].map ? rules[axis].option : rules[axis].map;
	tw_yaml *copy;
	TW_TRY(tw_yaml_make(TW_YAML_MAP, node->where, changes));
	TW_TRY(tw_yaml_copy(node, &copy));
	TW_TRY(tw_yaml_put(*changes, path, node->where, copy));
	return tw_settings_widen(*changes);
}

/* A key of a methods item that is an axis of its own. */
static tw_status check_no_axis_inside(const tw_grid *grid, const tw_yaml *changes, const char *name)
{
	for (int axis = TW_AXIS_BATCHES; axis < TW_AXES; axis++) {
		const char *key = rules[axis].key;
		const tw_yaml *inside = tw_yaml_at(changes, rules[axis].option), *list = tw_yaml_find(grid->sweep, key);
		TW_CHECK(!inside || !list, TW_USAGE, "%s: %s gives %s, and so does sweep.%s (%s); remove one", inside->where,
		         name, tw_option_key(rules[axis].option), key, list->where);
	}
	return TW_OK;
}

static tw_status read_value(const tw_grid *grid, tw_axis_id axis, const tw_plan_list *list, int i, tw_axis_value *out)
{
	char name[96];
	const tw_yaml *node = list->value[i];
	tw_plan_list_name(list, i, name);
	if (!rules[axis].map || (node->kind == TW_YAML_SCALAR && rules[axis].option))
		TW_TRY(check_value(rules[axis].option, node, name));
	else
		TW_TRY(tw_settings_expect_map(node, name));
	out->text[TW_TEXT_VALUE] = list->text[i];
	list->text[i] = NULL;
	TW_TRY(make_label(node, word_of(axis), &out->label));
	TW_TRY(make_changes(axis, node, &out->changes));
	TW_TRY(tw_settings_check_keys(out->changes));
	return check_no_axis_inside(grid, axis == TW_AXIS_METHODS ? out->changes : NULL, name);
}

static tw_status read_axis(tw_grid *grid, tw_axis_id id)
{
	tw_axis *axis = &grid->axis[id];
	tw_plan_list list;
	tw_status status = tw_plan_list_read(grid->sweep, "sweep", rules[id].key, word_of(id), false, &list);
	if (status == TW_OK) status = tw_alloc_array((void **)&axis->value, list.count, sizeof *axis->value, "the grid");
	for (int i = 0; i < list.count && status == TW_OK; i++) {
		axis->count++;
		status = read_value(grid, id, &list, i, &axis->value[i]);
	}
	tw_plan_list_free(&list);
	return status;
}

/* ---- the grid ------------------------------------------------------------------------------------------------ */

tw_status tw_grid_read(const tw_yaml *base, const tw_yaml *sweep, tw_grid *out)
{
	memset(out, 0, sizeof *out);
	out->sweep = sweep;
	if (sweep) TW_TRY(check_sweep_keys(sweep));
	TW_TRY(read_values(sweep, out));
	for (int axis = 0; axis < TW_AXES; axis++) {
		if (axis == TW_AXIS_SHAPE)
			TW_TRY(tw_grid_read_shapes(base, sweep, &out->axis[axis]));
		else
			TW_TRY(read_axis(out, (tw_axis_id)axis));
	}
	return tw_grid_read_overrides(out);
}

int64_t tw_grid_cells(const tw_grid *grid)
{
	int64_t cells = 1;
	for (int axis = 0; axis < TW_AXES; axis++) {
		const int64_t values = grid->axis[axis].count ? grid->axis[axis].count : 1;
		if (__builtin_mul_overflow(cells, values, &cells)) return INT64_MAX;
	}
	return cells;
}

static void free_axis(tw_axis *axis)
{
	for (int i = 0; i < axis->count; i++) {
		tw_axis_value *value = &axis->value[i];
		tw_yaml_free(value->changes);
		for (int text = 0; text < TW_AXIS_TEXTS; text++) tw_free(value->text[text]);
		tw_free(value->label);
	}
	tw_free(axis->value);
}

void tw_grid_free(tw_grid *grid)
{
	for (int axis = 0; axis < TW_AXES; axis++) free_axis(&grid->axis[axis]);
	for (int i = 0; i < grid->overrides; i++) {
		tw_override *override = &grid->override[i];
		for (int k = 0; k < override->conditions; k++) tw_plan_list_free(&override->condition[k].list);
		tw_yaml_free(override->changes);
	}
	tw_free(grid->override);
	memset(grid, 0, sizeof *grid);
}
