/* YAML text as a small tree of scalars, lists and maps that know where they stand. */
#ifndef THALWEG_CORE_YAML_H
#define THALWEG_CORE_YAML_H

#include <thalweg/core.h>

typedef enum { TW_YAML_SCALAR, TW_YAML_LIST, TW_YAML_MAP } tw_yaml_kind;

/* A node owns its texts and its items. */
typedef struct tw_yaml tw_yaml;
struct tw_yaml {
	tw_yaml_kind kind;
	char *key;      /* its name, in a map; else NULL */
	char *text;     /* of a scalar */
	bool quoted;    /* a scalar in quotes */
	char *where;    /* "FILE:12" or "--set a.b=3": the start of messages about it */
	tw_yaml **item; /* of a list or map, in the order of the text */
	int items;
};

/* One document; an empty one is an empty map. name stands for the text in messages. TW_USAGE with name and line for
 * text that is not YAML, a key given twice, and what is not needed here: anchors and several documents.
 * *out is NULL on failure. */
tw_status tw_yaml_parse(const char *text, size_t size, const char *name, tw_yaml **out);
/* The same of a file; TW_IO when it cannot be read. */
tw_status tw_yaml_read(const char *file, tw_yaml **out);
/* Puts the value of "a.b.c=value" (value: YAML, on one line) into a map; maps on the way are made, numbers among the
 * keys choose an item of a list. TW_USAGE when it is no such text or does not fit the tree. */
tw_status tw_yaml_set(tw_yaml *root, const char *assignment);
void tw_yaml_free(tw_yaml *node);

/* A key without a value: "key:". */
static inline bool tw_yaml_is_empty(const tw_yaml *node)
{
	return node->kind == TW_YAML_SCALAR && !*node->text && !node->quoted;
}
/* The item with this key; NULL where there is none or map is NULL or no map. */
tw_yaml *tw_yaml_find(const tw_yaml *map, const char *key);
/* The node at "a.b.c"; NULL where there is none. */
tw_yaml *tw_yaml_at(const tw_yaml *root, const char *path);
/* Makes node, a scalar, the map {key: scalar}. */
tw_status tw_yaml_wrap(tw_yaml *node, const char *key);

#endif
