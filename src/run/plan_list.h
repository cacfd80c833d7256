/* Lists of the `sweep:` map, whose items can be compared. */
#ifndef THALWEG_RUN_PLAN_LIST_H
#define THALWEG_RUN_PLAN_LIST_H

#include "core/yaml.h"

/* The values of a key of `sweep` or `when`; a single value is a list of one. */
typedef struct {
	char name[64];         /* "sweep.widths" */
	const tw_yaml *where;  /* the key; NULL: it is not given */
	const tw_yaml **value; /* borrowed from the tree */
	char **text;           /* of each value; equal values have equal texts, however they are written */
	int count;             /* 0: not given, or `none` */
	bool single;           /* not written as a list */
} tw_plan_list;

/* The list at key of map (whose path is given); word: the key of the map that a word stands for, or NULL. single: the
 * value is one item even if it is a list. TW_USAGE for an empty list and for a value given twice. Freed also after a
 * failure. */
tw_status tw_plan_list_read(const tw_yaml *map, const char *path, const char *key, const char *word, bool single,
                            tw_plan_list *out);
void tw_plan_list_free(tw_plan_list *list);
/* "sweep.widths[2]" of item 2. */
const char *tw_plan_list_name(const tw_plan_list *list, int i, char out[96]);
/* Whether a value with this text is in the list. */
bool tw_plan_list_holds(const tw_plan_list *list, const char *text);

#endif
