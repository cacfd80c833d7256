/* Lists of the `sweep:` map: values as texts that are equal when the values are. */
#include "run/plan_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values as texts ------------------------------------------------------------------------------------------ */

/* The item of a map whose key comes next in the alphabet; NULL after the last. */
static const tw_yaml *next_item(const tw_yaml *map, const tw_yaml *after)
{
	const tw_yaml *next = NULL;
	for (int i = 0; i < map->items; i++) {
		const tw_yaml *item = map->item[i];
		if ((!after || strcmp(item->key, after->key) > 0) && (!next || strcmp(item->key, next->key) < 0)) next = item;
	}
	return next;
}

/* Numbers with all digits, keys of maps in the order of the alphabet. */
static void write_value(FILE *out, const tw_yaml *node)
{
	char number[TW_NUMBER_TEXT];
	double real;
	switch (node->kind) {
	case TW_YAML_SCALAR:
		fputs(tw_parse_real(node->text, &real) ? tw_format_real(number, TW_DOUBLE, real) : node->text, out);
		break;
	case TW_YAML_LIST:
		fputc('[', out);
		for (int i = 0; i < node->items; i++) {
			if (i) fputs(", ", out);
			write_value(out, node->item[i]);
		}
		fputc(']', out);
		break;
	case TW_YAML_MAP:
		fputc('{', out);
		for (const tw_yaml *item = next_item(node, NULL); item; item = next_item(node, item)) {
			fprintf(out, "%s: ", item->key);
			write_value(out, item);
			fputc(';', out);
		}
		fputc('}', out);
		break;
	}
}

static tw_status text_of(const tw_yaml *node, const char *word, char **out)
{
	size_t size;
	*out = NULL;
	FILE *stream = open_memstream(out, &size);
	TW_CHECK(stream, TW_NO_MEMORY, "no memory for the configuration");
	const bool wrapped = word && node->kind == TW_YAML_SCALAR;
	if (wrapped) fprintf(stream, "{%s: ", word);
	write_value(stream, node);
	if (wrapped) fputs(";}", stream);
	if (fclose(stream) == 0) return TW_OK;
	free(*out);
	*out = NULL;
	return tw_fail(TW_NO_MEMORY, "no memory for the configuration");
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

const char *tw_plan_list_name(const tw_plan_list *list, int i, char out[96])
{
	if (list->single)
		snprintf(out, 96, "%s", list->name);
	else
		snprintf(out, 96, "%s[%d]", list->name, i);
	return out;
}

bool tw_plan_list_holds(const tw_plan_list *list, const char *text)
{
	for (int i = 0; i < list->count; i++) {
		if (strcmp(list->text[i], text) == 0) return true;
	}
	return false;
}

typedef struct {
	const char *text;
	int index;
} placed_text;

static int compare(const void *a, const void *b)
{
	const placed_text *left = a, *right = b;
	int order = strcmp(left->text, right->text);
	return order ? order : left->index - right->index;
}

static tw_status check_distinct(const tw_plan_list *list)
{
	char name[96];
	placed_text *sorted;
	TW_TRY(tw_alloc_array((void **)&sorted, list->count, sizeof *sorted, "a list"));
	for (int i = 0; i < list->count; i++) sorted[i] = (placed_text){list->text[i], i};
	qsort(sorted, (size_t)list->count, sizeof *sorted, compare);
	int first = -1, second = -1;
	for (int i = 1; i < list->count && second < 0; i++) {
		if (strcmp(sorted[i - 1].text, sorted[i].text) != 0) continue;
		first = sorted[i - 1].index;
		second = sorted[i].index;
	}
	tw_free(sorted);
	TW_CHECK(second < 0, TW_USAGE, "%s: %s: the same value as item %d; remove one", list->value[second]->where,
	         tw_plan_list_name(list, second, name), first);
	return TW_OK;
}

static tw_status fill(const tw_yaml *node, const char *word, tw_plan_list *list)
{
	const int count = list->single ? 1 : node->items;
	TW_CHECK(count > 0, TW_USAGE, "%s: %s: an empty list; give at least one value, or leave the key out", node->where,
	         list->name);
	TW_TRY(tw_alloc_array((void **)&list->value, count, sizeof *list->value, "a list"));
	TW_TRY(tw_alloc_array((void **)&list->text, count, sizeof *list->text, "a list"));
	for (int i = 0; i < count; i++) {
		list->value[i] = list->single ? node : node->item[i];
		TW_TRY(text_of(list->value[i], word, &list->text[i]));
		list->count++;
	}
	return check_distinct(list);
}

tw_status tw_plan_list_read(const tw_yaml *map, const char *path, const char *key, const char *word, bool single,
                            tw_plan_list *out)
{
	const tw_yaml *node = tw_yaml_find(map, key);
	memset(out, 0, sizeof *out);
	snprintf(out->name, sizeof out->name, "%s.%s", path, key);
	out->where = node;
	if (!node || (node->kind == TW_YAML_SCALAR && !node->quoted && strcmp(node->text, "none") == 0)) return TW_OK;
	TW_CHECK(!tw_yaml_is_empty(node), TW_USAGE, "%s: %s has no value; give a list, or leave the key out", node->where,
	         out->name);
	out->single = single || node->kind != TW_YAML_LIST;
	return fill(node, word, out);
}

void tw_plan_list_free(tw_plan_list *list)
{
	for (int i = 0; i < list->count; i++) free(list->text[i]);
	tw_free(list->text);
	tw_free(list->value);
	memset(list, 0, sizeof *list);
}
