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

/* ---- making and changing ------------------------------------------------------------------------------------- */

/* *out: an empty node, or the scalar `text`; NULL on failure. */
tw_status tw_yaml_make(tw_yaml_kind kind, const char *where, tw_yaml **out);
tw_status tw_yaml_make_scalar(const char *text, const char *where, tw_yaml **out);
/* A copy on the heap (tw_free); TW_NO_MEMORY. */
tw_status tw_yaml_copy_text(const char *text, char **out);
/* A deep copy, its key included. */
tw_status tw_yaml_copy(const tw_yaml *node, tw_yaml **out);
/* Puts child at the end of a list, or of a map where child has a new key. Takes child over, also on failure. */
tw_status tw_yaml_append(tw_yaml *parent, tw_yaml *child);
/* Puts value at "a.b.c" in place of what is there, on the same way as tw_yaml_set. where: of maps made on the way.
 * Takes value over, also on failure. */
tw_status tw_yaml_put(tw_yaml *root, const char *path, const char *where, tw_yaml *value);
/* The item with this key, no longer part of map; NULL where there is none. */
tw_yaml *tw_yaml_take(tw_yaml *map, const char *key);
/* Puts copies of the items of changes, a map, into map: maps are merged key by key, anything else replaces what is
 * there; keys without a value change nothing. */
tw_status tw_yaml_merge(tw_yaml *map, const tw_yaml *changes);
/* Makes node, a scalar, the map {key: scalar}. */
tw_status tw_yaml_wrap(tw_yaml *node, const char *key);

/* ---- as text ------------------------------------------------------------------------------------------------- */

/* YAML text (heap, tw_free) that reads back as this tree. */
tw_status tw_yaml_write(const tw_yaml *root, char **text);

#endif
