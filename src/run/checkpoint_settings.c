/* Whether a configuration is that of a checkpoint: which keys differ, those excepted that cannot change results. */
#include "run/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "run/settings_table.h"

enum { MOST_NAMED = 8, LONGEST_LIST = 1200 };

typedef struct {
	char text[LONGEST_LIST];
	size_t used;
	int count;
} difference_list;

enum { VALUE = 64 };

/* "0.5", "[4, 3]", "a list" of maps. */
static void describe(const tw_yaml *node, char out[VALUE])
{
	size_t used = (size_t)snprintf(out, VALUE, "%s",
	                               !node                          ? "not there"
	                               : node->kind == TW_YAML_SCALAR ? node->text
	                                                              : "[");
	if (!node || node->kind == TW_YAML_SCALAR) return;
	for (int i = 0; i < node->items && used < VALUE; i++) {
		if (node->item[i]->kind != TW_YAML_SCALAR) {
			snprintf(out, VALUE, "a list");
			return;
		}
		used += (size_t)snprintf(out + used, VALUE - used, "%s%s", i ? ", " : "", node->item[i]->text);
	}
	if (used < VALUE) snprintf(out + used, VALUE - used, "]");
}

static void add(difference_list *list, const char *path, const tw_yaml *then, const tw_yaml *now)
{
	char before[VALUE], after[VALUE];
	if (list->count++ >= MOST_NAMED || list->used >= sizeof list->text) return;
	describe(then, before);
	describe(now, after);
	list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used, "%s%s was %s and is %s",
	                               list->count > 1 ? ", " : "", path, before, after);
}

static void compare(difference_list *list, const char *path, const tw_yaml *then, const tw_yaml *now);

static void compare_items(difference_list *list, const char *path, const tw_yaml *then, const tw_yaml *now)
{
	for (int i = 0; i < now->items; i++) {
		char inner[2 * TW_OPTION_PATH];
		snprintf(inner, sizeof inner, "%.120s%s%.100s", path, *path ? "." : "", now->item[i]->key);
		compare(list, inner, tw_yaml_find(then, now->item[i]->key), now->item[i]);
	}
	for (int i = 0; i < then->items; i++) {
		char inner[2 * TW_OPTION_PATH];
		snprintf(inner, sizeof inner, "%.120s%s%.100s", path, *path ? "." : "", then->item[i]->key);
		if (!tw_yaml_find(now, then->item[i]->key)) add(list, inner, then->item[i], NULL);
	}
}

/* Lists of numbers differ as a whole, lists of maps (stages) map by map. */
static void compare_lists(difference_list *list, const char *path, const tw_yaml *then, const tw_yaml *now)
{
	bool same = then->items == now->items;
	for (int i = 0; same && i < now->items; i++) {
		char inner[2 * TW_OPTION_PATH];
		snprintf(inner, sizeof inner, "%.200s[%d]", path, i);
		if (now->item[i]->kind == TW_YAML_SCALAR && then->item[i]->kind == TW_YAML_SCALAR)
			same = strcmp(now->item[i]->text, then->item[i]->text) == 0;
		else
			compare(list, inner, then->item[i], now->item[i]);
	}
	if (!same) add(list, path, then, now);
}

static void compare(difference_list *list, const char *path, const tw_yaml *then, const tw_yaml *now)
{
	if (!then || then->kind != now->kind)
		add(list, path, then, now);
	else if (now->kind == TW_YAML_MAP)
		compare_items(list, path, then, now);
	else if (now->kind == TW_YAML_LIST)
		compare_lists(list, path, then, now);
	else if (strcmp(then->text, now->text) != 0)
		add(list, path, then, now);
}

static bool is_extended(int64_t then, int64_t now) { return now < 0 || (then >= 0 && now >= then); }

/* Gives `then` the values of `now` where they may differ. */
static tw_status forgive(tw_settings *then, const tw_settings *now, int stage)
{
	char *path = NULL;
	if (now->data.path) TW_TRY(tw_yaml_copy_text(now->data.path, &path));
	tw_free((char *)then->data.path);
	then->data.path = path;
	then->threads = now->threads;
	then->timing = now->timing;
	then->checkpoint_steps = now->checkpoint_steps;
	then->checkpoint_seconds = now->checkpoint_seconds;
	then->checkpoint_keep = now->checkpoint_keep;
	for (int s = stage; s < now->stages && s < then->stages; s++) {
		tw_stop *old = &then->stage[s].stop;
		const tw_stop *new = &now->stage[s].stop;
		if (is_extended(old->steps, new->steps)) old->steps = new->steps;
		if (is_extended(old->epochs, new->epochs)) old->epochs = new->epochs;
		if (is_extended(old->observations, new->observations)) old->observations = new->observations;
	}
	return TW_OK;
}

static tw_status tree_of(const tw_settings *settings, tw_yaml **out)
{
	char *text = NULL;
	*out = NULL;
	TW_TRY(tw_settings_write(settings, &text));
	tw_status status = tw_yaml_parse(text, strlen(text), "configuration", out);
	tw_free(text);
	return status;
}

static tw_status list_differences(const tw_settings *then, const tw_settings *now, difference_list *list)
{
	tw_yaml *before = NULL, *after = NULL;
	TW_TRY(tree_of(then, &before));
	tw_status status = tree_of(now, &after);
	if (status == TW_OK) compare(list, "", before, after);
	tw_yaml_free(before);
	tw_yaml_free(after);
	return status;
}

tw_status tw_settings_same_run(const tw_settings *settings, const char *configuration, int stage, const char *what)
{
	tw_settings then;
	difference_list list = {.used = 0};
	tw_status status = tw_settings_parse(&then, "configuration", configuration, NULL, 0);
	if (status != TW_OK) return tw_fail(status, "%s: its configuration cannot be read: %s", what, tw_message());
	status = forgive(&then, settings, stage);
	if (status == TW_OK) status = list_differences(&then, settings, &list);
	tw_settings_free(&then);
	TW_TRY(status);
	TW_CHECK(list.count == 0, TW_USAGE, "%s: has another configuration: %s%s", what, list.text,
	         list.count > MOST_NAMED ? ", and more" : "");
	return TW_OK;
}
