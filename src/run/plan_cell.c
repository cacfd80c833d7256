/* One cell of a grid: its configuration, its name, and what its starts are drawn from. */
#include "run/plan_grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the configuration ----------------------------------------------------------------------------------------- */

/* A change of step sizes or stop rules that every element of `stages` overrules would have no effect. */
static tw_status check_effect(const tw_yaml *tree, const tw_yaml *changes)
{
	const tw_yaml *stages = tw_yaml_find(tree, "stages");
	if (!stages || stages->kind != TW_YAML_LIST || tw_yaml_find(changes, "stages")) return TW_OK;
	for (const tw_option *option = tw_options; option < tw_options + tw_option_count; option++) {
		const tw_yaml *node = option->staged ? tw_yaml_at(changes, option->path) : NULL;
		int giving = 0;
		for (int i = 0; node && i < stages->items; i++) giving += tw_option_stage_gives(stages->item[i], option->path);
		TW_CHECK(!node || giving < stages->items, TW_USAGE,
		         "%s: %s has no effect here: each element of stages (%s) gives its own; give stages in an override, "
		         "or remove it from them",
		         node->where, option->path, stages->where);
	}
	return TW_OK;
}

/* Puts changes into the configuration: initial as a whole, the rest merged. */
static tw_status apply(tw_yaml *tree, const tw_yaml *changes)
{
	if (!changes) return TW_OK;
	TW_TRY(check_effect(tree, changes));
	if (tw_yaml_find(changes, "initial")) tw_yaml_free(tw_yaml_take(tree, "initial"));
	return tw_yaml_merge(tree, changes);
}

/* The value of each axis in cell i; NULL where it is no axis of the grid. */
static void choose(const tw_grid *grid, int64_t i, const tw_axis_value *choice[TW_AXES])
{
	for (int axis = TW_AXES - 1; axis >= 0; axis--) {
		const int count = grid->axis[axis].count;
		choice[axis] = count ? &grid->axis[axis].value[i % count] : NULL;
		if (count) i /= count;
	}
}

static bool holds(const tw_override *override, const tw_axis_value *const choice[TW_AXES])
{
	for (int i = 0; i < override->conditions; i++) {
		const tw_condition *condition = &override->condition[i];
		const char *text = choice[condition->axis]->text[condition->text];
		if (!text || !tw_plan_list_holds(&condition->list, text)) return false;
	}
	return true;
}

/* What the axes say, then the overrides in their order. */
static tw_status change(tw_grid *grid, const tw_axis_value *const choice[TW_AXES], tw_yaml *tree, int64_t *starts)
{
	for (int axis = 0; axis < TW_AXES; axis++) TW_TRY(apply(tree, choice[axis] ? choice[axis]->changes : NULL));
	*starts = grid->starts;
	for (int i = 0; i < grid->overrides; i++) {
		tw_override *override = &grid->override[i];
		if (!holds(override, choice)) continue;
		override->matched = true;
		if (override->starts) *starts = override->starts;
		TW_TRY(apply(tree, override->changes));
	}
	return TW_OK;
}

/* ---- the name ------------------------------------------------------------------------------------------------ */

static void write_hidden(FILE *out, const tw_yaml *hidden)
{
	enum { MOST_WRITTEN = 8 };
	const int layers = hidden ? hidden->items : 0;
	bool same = true;
	for (int l = 0; l < layers; l++) same = same && strcmp(hidden->item[l]->text, hidden->item[0]->text) == 0;
	if (layers == 0)
		fputs("no hidden layer", out);
	else if (same && layers > MOST_WRITTEN)
		fprintf(out, "hidden %s (%d layers)", hidden->item[0]->text, layers);
	for (int l = 0; l < layers && !(same && layers > MOST_WRITTEN); l++)
		fprintf(out, "%s%s", l ? "-" : "hidden ", hidden->item[l]->text);
}

/* Number keys are named as they stand in the configuration in the end. */
static void write_name(FILE *out, const tw_grid *grid, const tw_axis_value *const choice[TW_AXES], const tw_yaml *tree)
{
	static const struct {
		const char *words, *path;
	} numbers[TW_AXES] = {
	    [TW_AXIS_BATCHES] = {"batch", "method.batch"},
	    [TW_AXIS_STEP_SIZES] = {"step size", "method.step_size"},
	};
	write_hidden(out, tw_yaml_at(tree, "network.hidden"));
	for (int axis = 0; axis < TW_AXES; axis++) {
		if (grid->axis[axis].count < 2 || axis == TW_AXIS_SHAPE) continue;
		const tw_yaml *number = numbers[axis].path ? tw_yaml_at(tree, numbers[axis].path) : NULL;
		if (number && number->kind == TW_YAML_SCALAR)
			fprintf(out, ", %s %s", numbers[axis].words, number->text);
		else
			fprintf(out, ", %s", choice[axis]->label);
	}
}

/* As much of the name as fits. */
static tw_status make_name(const tw_grid *grid, const tw_axis_value *const choice[TW_AXES], const tw_yaml *tree,
                           size_t size, char *name)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	TW_CHECK(out, TW_NO_MEMORY, "no memory for the names of cells");
	write_name(out, grid, choice, tree);
	const bool written = fclose(out) == 0;
	if (written) snprintf(name, size, "%s", text);
	free(text);
	TW_CHECK(written, TW_NO_MEMORY, "no memory for the names of cells");
	return TW_OK;
}

/* ---- the cell ------------------------------------------------------------------------------------------------ */

static tw_status read_cell(const tw_grid *grid, const tw_axis_value *const choice[TW_AXES], const tw_yaml *tree,
                           const char *file, tw_cell *out)
{
	TW_TRY(make_name(grid, choice, tree, sizeof out->name, out->name));
	tw_status status = tw_settings_read_tree(&out->settings, tree, file);
	if (status != TW_USAGE) return status;
	return tw_fail(status, "%s (in the cell %s)", tw_message(), out->name);
}

tw_status tw_grid_cell(tw_grid *grid, const tw_yaml *base, const char *file, int64_t i, tw_cell *out)
{
	const tw_axis_value *choice[TW_AXES];
	tw_yaml *tree;
	choose(grid, i, choice);
	TW_TRY(tw_yaml_copy(base, &tree));
	tw_status status = change(grid, choice, tree, &out->starts);
	if (status == TW_OK) status = read_cell(grid, choice, tree, file, out);
	tw_yaml_free(tree);
	TW_TRY(status);
	status = tw_cell_identity(&out->settings, grid->same_starts, out->identity);
	if (status != TW_OK) tw_settings_free(&out->settings);
	return status;
}

/* ---- the identity -------------------------------------------------------------------------------------------- */

static void write_number(FILE *out, double value)
{
	char text[TW_NUMBER_TEXT];
	fprintf(out, " %s", tw_format_real(text, TW_DOUBLE, value));
}

/* A name of a registry and its parameters. */
static void write_entry(FILE *out, const char *what, const char *name, const tw_parameter *parameter,
                        const double *value)
{
	fprintf(out, "%s %s", what, name);
	for (int i = 0; parameter[i].name; i++) {
		fprintf(out, " %s", parameter[i].name);
		write_number(out, value[i]);
	}
	fputc('\n', out);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return !path ? "all" : slash ? slash + 1 : path;
}

static void write_initial(FILE *out, const tw_settings *settings)
{
	const tw_initial *initial = &settings->initial;
	const tw_initializer_info *info = tw_initializer_info_of(initial->distribution);
	write_entry(out, "initial", info->name, info->parameters, initial->value);
	fputs(initial->bias_same ? "bias same" : "bias", out);
	for (int l = 0; initial->bias_per_layer && l <= settings->hidden_count; l++)
		write_number(out, initial->bias_layer_value[l]);
	if (!initial->bias_same && !initial->bias_per_layer) write_number(out, initial->bias_value);
	fputc('\n', out);
	if (settings->initial_file) fprintf(out, "file %s\n", base_name(settings->initial_file));
}

/* The seeds of runs depend on this text: a change of it changes the results of every sweep. */
static void write_identity(FILE *out, const tw_settings *settings, bool same_starts)
{
	const tw_activation_info *activation = tw_activation_info_of(settings->activation);
	fprintf(out, "seed %llu\nhidden", (unsigned long long)settings->seed);
	for (int l = 0; l < settings->hidden_count; l++) fprintf(out, " %lld", (long long)settings->hidden[l]);
	fprintf(out, "\nbiases %s\n", settings->bias ? "true" : "false");
	write_entry(out, "activation", activation->name, activation->parameters, settings->activation_value);
	write_initial(out, settings);
	fprintf(out, "data %s\nrows %s\n", settings->data.preset, base_name(settings->data.rows));
	if (same_starts) return;
	const tw_update_info *update = tw_update_info_of(settings->update);
	write_entry(out, "update", update->name, update->parameters, settings->update_value);
	fprintf(out, "batch %lld\nsampling %s\nstep_size", (long long)settings->batch,
	        tw_sampling_name((int)settings->sampling));
	write_number(out, settings->stage[0].schedule.base);
	fputc('\n', out);
}

tw_status tw_cell_identity(const tw_settings *settings, bool same_starts, char out[65])
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	TW_CHECK(stream, TW_NO_MEMORY, "no memory for the seeds of a sweep");
	write_identity(stream, settings, same_starts);
	const bool written = fclose(stream) == 0;
	if (written) tw_sha256(text, size, out);
	free(text);
	TW_CHECK(written, TW_NO_MEMORY, "no memory for the seeds of a sweep");
	return TW_OK;
}
