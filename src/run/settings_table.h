/* The options of the configuration: one table, from which the reader, the resolved configuration, --help and the man
 * page are made. */
#ifndef THALWEG_RUN_SETTINGS_TABLE_H
#define THALWEG_RUN_SETTINGS_TABLE_H

#include <thalweg/run.h>

#include "core/yaml.h"

/* What a value is, and the type of its field. */
typedef enum {
	TW_OPTION_BOOL,     /* bool */
	TW_OPTION_INT,      /* int */
	TW_OPTION_INTEGER,  /* int64_t or uint64_t */
	TW_OPTION_REAL,     /* double */
	TW_OPTION_CHOICE,   /* int or an enum: the index of a name */
	TW_OPTION_NAME,     /* const char *: one of the names themselves, not owned */
	TW_OPTION_TEXT,     /* char *, owned; NULL for none */
	TW_OPTION_INTS,     /* int[most] and an int with their number */
	TW_OPTION_INTEGERS, /* int64_t[most], likewise */
	TW_OPTION_REALS,    /* double[most], likewise */
	TW_OPTION_PAIR,     /* two ints, or none for 0 and 0 */
	TW_OPTION_BIAS,     /* the bias rule of tw_initial: same, a number, or a number a layer */
	TW_OPTION_KINDS
} tw_option_kind;

typedef struct {
	const char *path; /* "method.batch"; options of one map stand together */
	tw_option_kind kind;
	bool staged; /* the field is one of tw_stage, and elements of `stages` may give it; else of tw_settings */
	size_t offset, count_offset;
	int most;         /* lists: largest number of items */
	double low, high; /* legal numbers, inclusive */
	bool above;       /* low itself is not legal */
	const char *word; /* a word that stands for the number word_value: all, auto, none */
	double word_value;
	const char *(*name)(int i); /* choices: NULL past the end */
	/* Choices from a registry: the parameters of entry i stand in the map of the option, their values in
	 * double[TW_MAX_PARAMETERS] at value_offset. */
	const tw_parameter *(*parameters)(int i);
	size_t value_offset;
	const char *standard; /* default, as YAML; NULL: see fitting_default in settings_read.c */
	const char *help;
} tw_option;

extern const tw_option tw_options[];
extern const int tw_option_count;

/* ---- for --help and the man page ----------------------------------------------------------------------------- */

typedef struct {
	char path[96];     /* "network.leak" */
	const char *kind;  /* "number", "whole number", "choice", ... */
	char standard[64]; /* default */
	char range[256];   /* legal values */
	const char *of;    /* the registry entry that a parameter belongs to ("leaky_relu"); NULL for options */
	const char *help;
} tw_option_text;
/* Row i of all keys of the configuration: each option, then the parameters of its registry's entries. False past the
 * end. */
bool tw_option_text_of(int i, tw_option_text *out);

/* ---- between the files of the settings ----------------------------------------------------------------------- */

enum { TW_OPTION_PATH = 128 };

/* The map that holds the option: "method.schedule" of "method.schedule.name"; "" at the top. */
void tw_option_parent(const char *path, char out[TW_OPTION_PATH]);
/* The last key of a path. */
const char *tw_option_key(const char *path);
/* "all or a number of at least 1" */
void tw_option_range(const tw_option *option, char *out, size_t size);
/* "a number from 0 to 1" */
void tw_range_text(double low, double high, bool above, bool whole, char *out, size_t size);
/* Reads node into the field of the option in base (tw_settings or tw_stage). path: as messages name it. */
tw_status tw_option_read(const tw_option *option, const tw_yaml *node, const char *path, void *base);
/* A number within bounds. */
tw_status tw_number_read(const tw_yaml *node, const char *path, double low, double high, double *out);
/* "; did you mean 'x'?", or "; known: a, b, c" when nothing is near. known ends with NULL. */
void tw_suggest(const char *text, const char *const *known, char *out, size_t size);

/* ---- reading a configuration by steps, for sweeps --------------------------------------------------------------- */

/* A file, or where that is NULL a text that messages call `name`, and overrides as one tree, schedules widened. *root:
 * NULL on failure. */
tw_status tw_settings_tree(const char *file, const char *name, const char *text, const char *const *set, int sets,
                           tw_yaml **root);
/* "schedule: cosine" becomes "schedule: {name: cosine}" everywhere. */
tw_status tw_settings_widen(tw_yaml *root);
/* TW_USAGE unless node is a map, or a key without a value. */
tw_status tw_settings_expect_map(const tw_yaml *node, const char *path);
/* Every key must be known, maps must be maps; what stands under `sweep` is not looked at. */
tw_status tw_settings_check_keys(const tw_yaml *root);
/* Reads a tree, its keys checked. name: of the configuration as a whole, for messages. */
tw_status tw_settings_read_tree(tw_settings *settings, const tw_yaml *root, const char *name);
/* Whether an element of `stages` gives the option itself ("stop.steps"), so that the maps at the top do not count. */
bool tw_option_stage_gives(const tw_yaml *stage, const char *path);

#endif
