/* The `sweep:` map as a grid of changes to a configuration. */
#ifndef THALWEG_RUN_PLAN_GRID_H
#define THALWEG_RUN_PLAN_GRID_H

#include "run/plan_list.h"
#include "run/settings_table.h"

/* The axes of the grid, outermost first. */
typedef enum {
	TW_AXIS_DATA,
	TW_AXIS_SHAPE, /* hidden layers, then widths; or architectures */
	TW_AXIS_ACTIVATIONS,
	TW_AXIS_INITIALS,
	TW_AXIS_METHODS,
	TW_AXIS_BATCHES,
	TW_AXIS_STEP_SIZES,
	TW_AXES
} tw_axis_id;

/* What `when` may ask of a value. Of a shape: its widths, their number, and the width that all have; of others: the
 * value itself. */
typedef enum { TW_TEXT_VALUE, TW_TEXT_LAYERS, TW_TEXT_WIDTH, TW_AXIS_TEXTS } tw_axis_text;

typedef struct {
	tw_yaml *changes;          /* {method: {batch: 50}} */
	char *text[TW_AXIS_TEXTS]; /* as in tw_plan_list; NULL: there is none */
	char *label;               /* for people */
} tw_axis_value;

typedef struct {
	tw_axis_value *value;
	int count; /* 0: not an axis of this grid */
} tw_axis;

/* One key of `when`: holds where the cell's text is in the list. */
typedef struct {
	tw_axis_id axis;
	tw_axis_text text;
	tw_plan_list list;
} tw_condition;

enum { TW_MAX_CONDITIONS = 9 };
typedef struct {
	const char *where;
	tw_condition condition[TW_MAX_CONDITIONS];
	int conditions;
	int64_t starts;   /* 0: not given */
	tw_yaml *changes; /* the other keys */
	bool matched;     /* some cell */
} tw_override;

typedef struct {
	const tw_yaml *sweep; /* borrowed; NULL: not given */
	tw_axis axis[TW_AXES];
	tw_override *override;
	int overrides;
	int64_t starts;
	int ranks_per_run, replicas;
	bool same_starts;
} tw_grid;

/* base: the configuration without its sweep map. All of its keys have been checked. */
tw_status tw_grid_read(const tw_yaml *base, const tw_yaml *sweep, tw_grid *out);
/* Axis SHAPE, from widths and hidden_layers, architectures or network.hidden. */
tw_status tw_grid_read_shapes(const tw_yaml *base, const tw_yaml *sweep, tw_axis *out);
tw_status tw_grid_read_overrides(tw_grid *grid);
void tw_grid_free(tw_grid *grid);
int64_t tw_grid_cells(const tw_grid *grid);

/* A cell of the grid before its runs are numbered: settings, starts, name. */
tw_status tw_grid_cell(tw_grid *grid, const tw_yaml *base, const char *file, int64_t i, tw_cell *out);
/* SHA-256 of what the starts of a cell are drawn from: the seed of the sweep and the cell's own values. */
tw_status tw_cell_identity(const tw_settings *settings, bool same_starts, char out[65]);

#endif
