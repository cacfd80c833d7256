/* The shapes of the networks of a grid. */
#include "run/plan_grid.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Widths of hidden layers, and where the configuration gives them. */
typedef struct {
	int64_t width[TW_MAX_HIDDEN];
	int layers;
	const char *where;
} shape;

static const tw_option widths_option = {
    .kind = TW_OPTION_INTEGERS,
    .offset = offsetof(shape, width),
    .count_offset = offsetof(shape, layers),
    .most = TW_MAX_HIDDEN,
    .low = 1,
    .high = INT_MAX,
};
static const tw_option width_option = {.kind = TW_OPTION_INTEGER, .low = 1, .high = INT_MAX};
static const tw_option layers_option = {.kind = TW_OPTION_INT, .low = 0, .high = TW_MAX_HIDDEN};

static tw_status make_text(char **out, const char *text) { return tw_yaml_copy_text(text, out); }

/* {network: {hidden: [w, ...]}} */
static tw_status make_changes(const shape *made, tw_yaml **changes)
{
	char number[24];
	tw_yaml *list, *item;
	TW_TRY(tw_yaml_make(TW_YAML_MAP, made->where, changes));
	TW_TRY(tw_yaml_make(TW_YAML_LIST, made->where, &list));
	tw_status status = TW_OK;
	for (int l = 0; l < made->layers && status == TW_OK; l++) {
		snprintf(number, sizeof number, "%lld", (long long)made->width[l]);
		status = tw_yaml_make_scalar(number, made->where, &item);
		if (status == TW_OK) status = tw_yaml_append(list, item);
	}
	if (status == TW_OK) return tw_yaml_put(*changes, "network.hidden", made->where, list);
	tw_yaml_free(list);
	return status;
}

static tw_status make_texts(const shape *made, char *text[TW_AXIS_TEXTS])
{
	char widths[24 * TW_MAX_HIDDEN], number[24];
	size_t used = (size_t)snprintf(widths, sizeof widths, "[");
	bool same = made->layers > 0;
	for (int l = 0; l < made->layers; l++) {
		used +=
		    (size_t)snprintf(widths + used, sizeof widths - used, "%s%lld", l ? ", " : "", (long long)made->width[l]);
		if (made->width[l] != made->width[0]) same = false;
	}
	snprintf(widths + used, sizeof widths - used, "]");
	TW_TRY(make_text(&text[TW_TEXT_VALUE], widths));
	snprintf(number, sizeof number, "%d", made->layers);
	TW_TRY(make_text(&text[TW_TEXT_LAYERS], number));
	if (!same) return TW_OK;
	snprintf(number, sizeof number, "%lld", (long long)made->width[0]);
	return make_text(&text[TW_TEXT_WIDTH], number);
}

static tw_status add_shape(const shape *made, tw_axis *axis)
{
	tw_axis_value *value = &axis->value[axis->count++];
	TW_TRY(make_texts(made, value->text));
	return make_changes(made, &value->changes);
}

/* network.hidden, or its default. */
static tw_status read_base(const tw_yaml *base, shape *out)
{
	static const char path[] = "network.hidden";
	const tw_yaml *node = tw_yaml_at(base, path);
	const tw_option *option = tw_options;
	tw_yaml *standard = NULL;
	while (strcmp(option->path, path) != 0) option++;
	if (!node) {
		TW_TRY(tw_yaml_parse(option->standard, strlen(option->standard), "default configuration", &standard));
		node = standard;
	}
	out->where = standard ? "default configuration" : node->where;
	tw_status status = tw_option_read(&widths_option, node, path, out);
	tw_yaml_free(standard);
	return status;
}

/* ---- the ways to give shapes ----------------------------------------------------------------------------------- */

typedef struct {
	tw_plan_list widths, layers, architectures;
} shape_lists;

static tw_status read_architectures(const shape_lists *lists, tw_axis *out)
{
	const tw_plan_list *list = &lists->architectures;
	const tw_plan_list *other = lists->widths.count ? &lists->widths : &lists->layers;
	char name[96];
	TW_CHECK(!other->count, TW_USAGE, "%s: %s: not together with sweep.architectures (%s); remove one, or give none",
	         other->where->where, other->name, list->where->where);
	TW_TRY(tw_alloc_array((void **)&out->value, list->count, sizeof *out->value, "the grid"));
	for (int i = 0; i < list->count; i++) {
		const tw_yaml *node = list->value[i];
		shape made = {.where = node->where};
		TW_CHECK(node->kind == TW_YAML_LIST, TW_USAGE,
		         "%s: %s: a single value stands here; give a list of widths for each architecture, as in [[10, 5], "
		         "[3], []]",
		         node->where, tw_plan_list_name(list, i, name));
		TW_TRY(tw_option_read(&widths_option, node, tw_plan_list_name(list, i, name), &made));
		TW_TRY(add_shape(&made, out));
	}
	return TW_OK;
}

/* The widths in the list, or that of the first layer of network.hidden (0: there is none). */
static tw_status read_widths(const tw_plan_list *list, const shape *base, int64_t *width)
{
	char name[96];
	width[0] = base->layers ? base->width[0] : 0;
	for (int i = 0; i < list->count; i++)
		TW_TRY(tw_option_read(&width_option, list->value[i], tw_plan_list_name(list, i, name), &width[i]));
	return TW_OK;
}

/* Every width with this number of hidden layers; without any, width does not matter. */
static tw_status add_widths(const int64_t *width, int widths, shape *made, tw_axis *out)
{
	for (int i = 0; i < (made->layers ? widths : 1); i++) {
		TW_CHECK(width[i] > 0 || made->layers == 0, TW_USAGE,
		         "%s: sweep.hidden_layers: network.hidden has no width for them; give sweep.widths, too", made->where);
		for (int l = 0; l < made->layers; l++) made->width[l] = width[i];
		TW_TRY(add_shape(made, out));
	}
	return TW_OK;
}

static tw_status add_product(const shape_lists *lists, const shape *base, int64_t *width, tw_axis *out)
{
	const tw_plan_list *layers = &lists->layers;
	const int widths = lists->widths.count ? lists->widths.count : 1;
	char name[96];
	TW_TRY(read_widths(&lists->widths, base, width));
	for (int i = 0; i < (layers->count ? layers->count : 1); i++) {
		shape made = {.layers = 1, .where = layers->count ? layers->value[i]->where : base->where};
		if (layers->count)
			TW_TRY(tw_option_read(&layers_option, layers->value[i], tw_plan_list_name(layers, i, name), &made.layers));
		TW_TRY(add_widths(width, widths, &made, out));
	}
	return TW_OK;
}

static tw_status read_product(const shape_lists *lists, const shape *base, tw_axis *out)
{
	const int64_t depths = lists->layers.count ? lists->layers.count : 1;
	const int64_t widths = lists->widths.count ? lists->widths.count : 1;
	int64_t *width;
	TW_TRY(tw_alloc_array((void **)&out->value, depths * widths, sizeof *out->value, "the grid"));
	TW_TRY(tw_alloc_array((void **)&width, widths, sizeof *width, "the grid"));
	tw_status status = add_product(lists, base, width, out);
	tw_free(width);
	return status;
}

static tw_status read_lists(const tw_yaml *sweep, shape_lists *lists)
{
	memset(lists, 0, sizeof *lists);
	TW_TRY(tw_plan_list_read(sweep, "sweep", "widths", NULL, false, &lists->widths));
	TW_TRY(tw_plan_list_read(sweep, "sweep", "hidden_layers", NULL, false, &lists->layers));
	return tw_plan_list_read(sweep, "sweep", "architectures", NULL, false, &lists->architectures);
}

static tw_status read_shapes(const tw_yaml *base, const shape_lists *lists, tw_axis *out)
{
	shape own = {.layers = 0};
	TW_TRY(read_base(base, &own));
	if (lists->architectures.count) return read_architectures(lists, out);
	if (lists->widths.count || lists->layers.count) return read_product(lists, &own, out);
	TW_TRY(tw_alloc((void **)&out->value, sizeof *out->value, "the grid"));
	return add_shape(&own, out);
}

tw_status tw_grid_read_shapes(const tw_yaml *base, const tw_yaml *sweep, tw_axis *out)
{
	shape_lists lists;
	tw_status status = read_lists(sweep, &lists);
	if (status == TW_OK) status = read_shapes(base, &lists, out);
	tw_plan_list_free(&lists.widths);
	tw_plan_list_free(&lists.layers);
	tw_plan_list_free(&lists.architectures);
	return status;
}
