/* Nodes of a tree: making, copying, looking up, merging. */
#include "core/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- nodes --------------------------------------------------------------------------------------------------- */

void tw_yaml_free(tw_yaml *node)
{
	if (!node) return;
	for (int i = 0; i < node->items; i++) tw_yaml_free(node->item[i]);
	free(node->item);
	tw_free(node->key);
	tw_free(node->text);
	tw_free(node->where);
	tw_free(node);
}

tw_status tw_yaml_copy_text(const char *text, char **out)
{
	*out = tw_copy_text(text);
	TW_CHECK(*out, TW_NO_MEMORY, "no memory for the configuration");
	return TW_OK;
}

tw_status tw_yaml_make(tw_yaml_kind kind, const char *where, tw_yaml **out)
{
	void *node;
	*out = NULL;
	TW_TRY(tw_alloc(&node, sizeof **out, "the configuration"));
	*out = node;
	(*out)->kind = kind;
	tw_status status = tw_yaml_copy_text(where, &(*out)->where);
	if (status != TW_OK) {
		tw_yaml_free(node);
		*out = NULL;
	}
	return status;
}

tw_status tw_yaml_make_scalar(const char *text, const char *where, tw_yaml **out)
{
	TW_TRY(tw_yaml_make(TW_YAML_SCALAR, where, out));
	tw_status status = tw_yaml_copy_text(text, &(*out)->text);
	if (status != TW_OK) {
		tw_yaml_free(*out);
		*out = NULL;
	}
	return status;
}

tw_status tw_yaml_append(tw_yaml *parent, tw_yaml *child)
{
	tw_yaml **larger = realloc(parent->item, (size_t)(parent->items + 1) * sizeof *larger);
	if (!larger) {
		tw_yaml_free(child);
		return tw_fail(TW_NO_MEMORY, "no memory for the configuration");
	}
	parent->item = larger;
	parent->item[parent->items++] = child;
	return TW_OK;
}

/* Texts and items of from into to, a fresh node. */
static tw_status copy_into(const tw_yaml *from, tw_yaml *to)
{
	to->quoted = from->quoted;
	if (from->key) TW_TRY(tw_yaml_copy_text(from->key, &to->key));
	if (from->text) TW_TRY(tw_yaml_copy_text(from->text, &to->text));
	for (int i = 0; i < from->items; i++) {
		tw_yaml *item;
		TW_TRY(tw_yaml_copy(from->item[i], &item));
		TW_TRY(tw_yaml_append(to, item));
	}
	return TW_OK;
}

tw_status tw_yaml_copy(const tw_yaml *node, tw_yaml **out)
{
	TW_TRY(tw_yaml_make(node->kind, node->where, out));
	tw_status status = copy_into(node, *out);
	if (status != TW_OK) {
		tw_yaml_free(*out);
		*out = NULL;
	}
	return status;
}

/* ---- looking up ---------------------------------------------------------------------------------------------- */

tw_yaml *tw_yaml_find(const tw_yaml *map, const char *key)
{
	if (!map || map->kind != TW_YAML_MAP) return NULL;
	for (int i = 0; i < map->items; i++) {
		if (strcmp(map->item[i]->key, key) == 0) return map->item[i];
	}
	return NULL;
}

/* The first key of a path into key; returns the rest, NULL after the last. */
static const char *split_path(const char *path, char key[128])
{
	size_t length = strcspn(path, "."), kept = length < 127 ? length : 127;
	memcpy(key, path, kept);
	key[kept] = 0;
	return path[length] ? path + length + 1 : NULL;
}

tw_yaml *tw_yaml_at(const tw_yaml *root, const char *path)
{
	char key[128];
	const tw_yaml *node = root;
	while (node && path) {
		path = split_path(path, key);
		node = tw_yaml_find(node, key);
	}
	return (tw_yaml *)node;
}

/* ---- changing ------------------------------------------------------------------------------------------------ */

tw_yaml *tw_yaml_take(tw_yaml *map, const char *key)
{
	tw_yaml *node = tw_yaml_find(map, key);
	if (!node) return NULL;
	int i = 0;
	while (map->item[i] != node) i++;
	map->items--;
	memmove(map->item + i, map->item + i + 1, (size_t)(map->items - i) * sizeof *map->item);
	return node;
}

tw_status tw_yaml_wrap(tw_yaml *node, const char *key)
{
	tw_yaml *scalar;
	TW_TRY(tw_yaml_make(TW_YAML_SCALAR, node->where, &scalar));
	scalar->text = node->text;
	scalar->quoted = node->quoted;
	node->text = NULL;
	node->kind = TW_YAML_MAP;
	tw_status status = tw_yaml_copy_text(key, &scalar->key);
	if (status != TW_OK) {
		tw_yaml_free(scalar);
		return status;
	}
	return tw_yaml_append(node, scalar);
}

/* The place of a key in a map (made when missing) or of a number in a list. */
static tw_status slot_of(tw_yaml *node, const char *key, const char *where, tw_yaml ***slot)
{
	int64_t number;
	if (node->kind == TW_YAML_LIST) {
		TW_CHECK(tw_parse_integer(key, &number) && number >= 0 && number < node->items, TW_USAGE,
		         "%s: '%s' is no item of the list; give 0 to %d", where, key, node->items - 1);
		*slot = &node->item[number];
		return TW_OK;
	}
	TW_CHECK(*key, TW_USAGE, "%s: a key is empty; write --set a.b.c=value", where);
	tw_yaml *item = tw_yaml_find(node, key);
	if (!item) {
		TW_TRY(tw_yaml_make(TW_YAML_MAP, where, &item));
		tw_status status = tw_yaml_copy_text(key, &item->key);
		if (status != TW_OK) {
			tw_yaml_free(item);
			return status;
		}
		TW_TRY(tw_yaml_append(node, item));
	}
	*slot = node->item;
	while (**slot != item) ++*slot;
	return TW_OK;
}

/* Makes a scalar on the way to a deeper key an empty map: the later setting wins. */
static void clear_to_map(tw_yaml *node)
{
	tw_free(node->text);
	node->text = NULL;
	node->kind = TW_YAML_MAP;
}

static tw_status find_slot(tw_yaml *root, const char *path, const char *where, tw_yaml ***slot)
{
	char key[128];
	tw_yaml *node = root;
	while (path) {
		path = split_path(path, key);
		if (node->kind == TW_YAML_SCALAR) clear_to_map(node);
		TW_TRY(slot_of(node, key, where, slot));
		node = **slot;
	}
	return TW_OK;
}

tw_status tw_yaml_put(tw_yaml *root, const char *path, const char *where, tw_yaml *value)
{
	tw_yaml **slot = NULL;
	tw_status status = find_slot(root, path, where, &slot);
	if (status != TW_OK) {
		tw_yaml_free(value);
		return status;
	}
	tw_free(value->key);
	value->key = (*slot)->key;
	(*slot)->key = NULL;
	tw_yaml_free(*slot);
	*slot = value;
	return TW_OK;
}

/* Puts value in the place of an item of map. */
static void replace_item(tw_yaml *map, tw_yaml *item, tw_yaml *value)
{
	tw_yaml **slot = map->item;
	while (*slot != item) slot++;
	*slot = value;
	tw_yaml_free(item);
}

tw_status tw_yaml_merge(tw_yaml *map, const tw_yaml *changes)
{
	if (tw_yaml_is_empty(map)) clear_to_map(map);
	for (int i = 0; i < changes->items; i++) {
		const tw_yaml *change = changes->item[i];
		tw_yaml *item = tw_yaml_find(map, change->key), *copy;
		if (item && tw_yaml_is_empty(change)) continue;
		if (item && change->kind == TW_YAML_MAP && (item->kind == TW_YAML_MAP || tw_yaml_is_empty(item))) {
			TW_TRY(tw_yaml_merge(item, change));
			continue;
		}
		TW_TRY(tw_yaml_copy(change, &copy));
		if (item)
			replace_item(map, item, copy);
		else
			TW_TRY(tw_yaml_append(map, copy));
	}
	return TW_OK;
}
