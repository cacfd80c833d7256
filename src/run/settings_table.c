/* The table of options, and its rows as text. */
#include "run/settings_table.h"

#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- names and parameters of choices ------------------------------------------------------------------------- */

#define LIST_OF_NAMES(function, ...)                                                \
	static const char *function(int i)                                              \
	{                                                                               \
		static const char *const names[] = {__VA_ARGS__};                           \
		return i >= 0 && i < (int)(sizeof names / sizeof *names) ? names[i] : NULL; \
	}
LIST_OF_NAMES(precision_name, [TW_FLOAT] = "float", [TW_DOUBLE] = "double")
LIST_OF_NAMES(storage_name, [TW_STORAGE_AUTO] = "auto", [TW_STORAGE_DENSE] = "dense", [TW_STORAGE_SPARSE] = "sparse")
LIST_OF_NAMES(scaling_name, [TW_SCALE_NONE] = "none", [TW_SCALE_STANDARD] = "standard", [TW_SCALE_RANGE] = "range")
LIST_OF_NAMES(reduction_name, [TW_REDUCE_TREE] = "tree", [TW_REDUCE_PLAIN] = "plain")

#define REGISTRY(kind)                                                                  \
	static const char *kind##_name(int i)                                               \
	{                                                                                   \
		return i >= 0 && i < tw_##kind##_count() ? tw_##kind##_info_of(i)->name : NULL; \
	}
#define REGISTRY_WITH_PARAMETERS(kind) \
	REGISTRY(kind)                     \
	static const tw_parameter *kind##_parameters(int i) { return tw_##kind##_info_of(i)->parameters; }
REGISTRY(loss)
REGISTRY_WITH_PARAMETERS(activation)
REGISTRY_WITH_PARAMETERS(initializer)
REGISTRY_WITH_PARAMETERS(update)
REGISTRY_WITH_PARAMETERS(schedule)

/* ---- the table ----------------------------------------------------------------------------------------------- */

#define FIELD(member) .offset = offsetof(tw_settings, member)
#define COUNT(member) .count_offset = offsetof(tw_settings, member)
#define STAGED(member) .staged = true, .offset = offsetof(tw_stage, member)
#define CHOICE(member, names) .kind = TW_OPTION_CHOICE, FIELD(member), .name = names
#define VALUES(kind, member) .parameters = kind##_parameters, .value_offset = offsetof(tw_settings, member)
#define FROM(bound) .low = bound, .high = DBL_MAX
#define ABOVE(bound) .low = bound, .above = true, .high = DBL_MAX
#define COUNTS(bound) .low = bound, .high = INT_MAX
#define WORD(text, value) .word = text, .word_value = value

const tw_option tw_options[] = {
    {"seed", TW_OPTION_INTEGER, FIELD(seed), FROM(0), .standard = "1",
     .help = "everything random follows from it, whatever the number of ranks and threads"},
    {"precision", CHOICE(precision, precision_name), .standard = "float", .help = "of all arithmetic"},
    {"threads", TW_OPTION_INT, FIELD(threads), .low = 0, .high = 4096, .standard = "0",
     .help = "a rank; 0: OMP_NUM_THREADS, else the cores that the rank is bound to"},

    {"data.preset", TW_OPTION_NAME, FIELD(data.preset), .name = tw_data_preset_name, .standard = "circles",
     .help = "data set"},
    {"data.path", TW_OPTION_TEXT, FIELD(data.path), .standard = "data", .help = "folder of the fetched files"},
    {"data.source", TW_OPTION_NAME, FIELD(data.source), .name = tw_data_source_name, WORD("none", 0),
     .standard = "none", .help = "preset none: format of the files"},
    {"data.inputs", TW_OPTION_TEXT, FIELD(data.inputs), .standard = "none",
     .help = "preset none: FILE, FILE:COLUMNS (csv: \"0-7,9\" or names) or FILE:DATASET (hdf5)"},
    {"data.outputs", TW_OPTION_TEXT, FIELD(data.outputs), .standard = "none", .help = "preset none: likewise"},
    {"data.test_inputs", TW_OPTION_TEXT, FIELD(data.test_inputs), .standard = "none",
     .help = "preset none: test part, likewise"},
    {"data.test_outputs", TW_OPTION_TEXT, FIELD(data.test_outputs), .standard = "none",
     .help = "preset none: test part, likewise"},
    {"data.header", TW_OPTION_BOOL, FIELD(data.header), .standard = "true", .help = "csv: the first line holds names"},
    {"data.rows", TW_OPTION_TEXT, FIELD(data.rows), .standard = "none",
     .help = "text file of the zero-based rows to keep, in this order, one a line"},
    {"data.test", TW_OPTION_BOOL, FIELD(data.test), .standard = "true",
     .help = "load the test part where the set has one"},
    {"data.test_fraction", TW_OPTION_REAL, FIELD(data.test_fraction), .low = 0, .high = 0.9999, .standard = "0",
     .help = "share split off as the test part where the set has none"},
    {"data.labels", TW_OPTION_BOOL, FIELD(data.labels), .standard = "false",
     .help = "outputs are one column of classes 0, 1, ..."},
    {"data.classes", TW_OPTION_INTEGER, FIELD(data.classes), .low = 2, .high = INT_MAX, WORD("auto", 0),
     .standard = "auto", .help = "number of classes; auto: largest label + 1"},
    {"data.select_classes", TW_OPTION_INTEGERS, FIELD(data.select_classes), COUNT(data.select_class_count), .most = 16,
     COUNTS(0), .standard = "[]", .help = "keep these classes only, relabelled 0, 1, ... in this order"},
    {"data.scale_inputs", CHOICE(data.scale_inputs, scaling_name), .standard = "none",
     .help = "each column: as given; to mean 0 and deviation 1; to [0, 1]"},
    {"data.scale_outputs", CHOICE(data.scale_outputs, scaling_name), .standard = "none", .help = "likewise"},
    {"data.divide_inputs", TW_OPTION_REAL, FIELD(data.divide_inputs), ABOVE(0), .standard = "1",
     .help = "divides every input first (255 for bytes)"},
    {"data.downscale", TW_OPTION_PAIR, FIELD(data.downscale_height), COUNTS(2), .standard = "none",
     .help = "inputs are images [height, width]: replace them by the means of their 2x2 blocks"},
    {"data.storage", CHOICE(data.storage, storage_name), .standard = "auto",
     .help = "of inputs; auto: sparse where few are not zero"},
    {"data.observations", TW_OPTION_INTEGER, FIELD(data.observations), FROM(1), .standard = "100",
     .help = "generated sets: number of observations"},
    {"data.dimension", TW_OPTION_INTEGER, FIELD(data.dimension), COUNTS(1), .standard = "2",
     .help = "presets linear and teacher: number of inputs"},
    {"data.noise", TW_OPTION_REAL, FIELD(data.noise), FROM(0), .standard = "1",
     .help = "generated sets: standard deviation of the noise"},
    {"data.factor", TW_OPTION_REAL, FIELD(data.factor), .low = 0, .high = 1, .standard = "0",
     .help = "preset make_circles: inner over outer radius"},
    {"data.hidden", TW_OPTION_INTS, FIELD(data.teacher_hidden), COUNT(data.teacher_layers), .most = 8, COUNTS(1),
     .standard = "[10, 10]", .help = "preset teacher: widths of the teacher's hidden layers"},
    {"data.seed", TW_OPTION_INTEGER, FIELD(data.seed), FROM(0), WORD("auto", -1), .standard = "auto",
     .help = "of generated data and splits; auto: the seed"},

    {"network.hidden", TW_OPTION_INTEGERS, FIELD(hidden), COUNT(hidden_count), .most = TW_MAX_HIDDEN, COUNTS(1),
     .standard = "[3]", .help = "widths of the hidden layers; [] for none"},
    {"network.activation", CHOICE(activation, activation_name), VALUES(activation, activation_value),
     .standard = "tanh", .help = "of the hidden layers"},
    {"network.output", CHOICE(output, tw_output_name), .help = "output function; by default what fits loss or data"},
    {"network.bias", TW_OPTION_BOOL, FIELD(bias), .standard = "true", .help = "layers have biases"},

    {"loss", CHOICE(loss, loss_name), .help = "L of an observation; by default what fits network.output or data"},
    {"penalty.l2", TW_OPTION_REAL, FIELD(penalty), FROM(0), .standard = "0",
     .help = "lambda of lambda/2 times the sum of squared weights"},

    {"initial.distribution", CHOICE(initial.distribution, initializer_name), VALUES(initializer, initial.value),
     .standard = "uniform", .help = "of the initial parameters"},
    {"initial.bias", TW_OPTION_BIAS, FIELD(initial), .low = -DBL_MAX, .high = DBL_MAX, WORD("same", 0),
     .standard = "same",
     .help =
         "initial biases: from the same distribution, all a number, or a number a layer; 0 by default with glorot, he"},
    {"initial.file", TW_OPTION_TEXT, FIELD(initial_file), .standard = "none",
     .help = "start from the parameters in this model.h5 or .npy instead"},

    {"method.batch", TW_OPTION_INTEGER, FIELD(batch), FROM(1), WORD("all", 0), .standard = "all",
     .help = "observations a step"},
    {"method.sampling", CHOICE(sampling, tw_sampling_name), .standard = "shuffle",
     .help = "how batches are drawn: anew each epoch; in one order for all; with replacement"},
    {"method.chunks", TW_OPTION_INT, FIELD(chunks), COUNTS(1), WORD("auto", 0), .standard = "auto",
     .help = "units of work that a batch is cut into"},
    {"method.reduction", CHOICE(reduction, reduction_name), .standard = "tree",
     .help = "sum over ranks: tree has the same bits on any number of them; plain for comparison"},
    {"method.overlap", TW_OPTION_BOOL, FIELD(overlap), .standard = "true",
     .help = "sum a layer over ranks while the others are computed"},
    {"method.update", CHOICE(update, update_name), VALUES(update, update_value), .standard = "plain",
     .help = "update rule"},
    {"method.step_size", TW_OPTION_REAL, STAGED(schedule.base), FROM(0), .standard = "1", .help = "alpha"},
    {"method.schedule.name", .kind = TW_OPTION_CHOICE, STAGED(schedule.kind), .name = schedule_name,
     .parameters = schedule_parameters, .value_offset = offsetof(tw_stage, schedule.value), .standard = "constant",
     .help = "step size of update k (from 0) of the stage"},
    {"method.schedule.thresholds", TW_OPTION_REALS, STAGED(schedule.threshold),
     .count_offset = offsetof(tw_stage, schedule.thresholds), .most = TW_MAX_THRESHOLDS, FROM(0), .standard = "[]",
     .help = "piecewise: steps at which the size is multiplied by the factor"},
    {"method.schedule.warm_up", TW_OPTION_INTEGER, STAGED(schedule.warm_up), FROM(0), .standard = "0",
     .help = "steps in which the size grows linearly to a; then the schedule starts"},

    {"stop.steps", TW_OPTION_INTEGER, STAGED(stop.steps), FROM(0), WORD("none", -1), .standard = "50000",
     .help = "most updates of the stage; the default holds where no rule is given"},
    {"stop.epochs", TW_OPTION_INTEGER, STAGED(stop.epochs), FROM(0), WORD("none", -1), .standard = "none",
     .help = "most epochs of the run"},
    {"stop.observations", TW_OPTION_INTEGER, STAGED(stop.observations), FROM(0), WORD("none", -1), .standard = "none",
     .help = "most observations used by the run"},
    {"stop.cost", TW_OPTION_REAL, STAGED(stop.cost), .low = -DBL_MAX, .high = DBL_MAX, WORD("none", __builtin_nan("")),
     .standard = "none", .help = "stop at or below this cost"},
    {"stop.gradient_norm", TW_OPTION_REAL, STAGED(stop.gradient_norm), ABOVE(0), WORD("none", 0), .standard = "1e-4",
     .help = "stop when the norm of the gradient is at or below this; the default holds where no rule is given"},
    {"stop.no_progress.threshold", TW_OPTION_REAL, STAGED(stop.no_progress_threshold), FROM(0), .standard = "0",
     .help = "progress: the best cost falls by more than this"},
    {"stop.no_progress.patience", TW_OPTION_INTEGER, STAGED(stop.no_progress_patience), FROM(1), WORD("none", 0),
     .standard = "none", .help = "stop after this many steps without progress"},

    {"metrics.cost_every", TW_OPTION_INTEGER, FIELD(cost_every), FROM(0), WORD("auto", -1), .standard = "auto",
     .help = "cost over the whole training set, in steps; 0: never; auto: 1 for full batches, else once an epoch"},
    {"metrics.gradient_norm_every", TW_OPTION_INTEGER, FIELD(gradient_norm_every), FROM(0), .standard = "0",
     .help = "squared norm of its gradient, in steps; 0: never"},
    {"metrics.rayleigh", TW_OPTION_BOOL, FIELD(rayleigh), .standard = "false",
     "measure the Rayleigh quotient of the Hessian along the gradient, and the step size 2/R it allows (4.28), every "
     "gradient_norm_every steps"},
    {"metrics.bound", TW_OPTION_BOOL, FIELD(bound), .standard = "false",
     "estimate L and M along the run and set the bound of Theorem 4.8 beside the measured average, every "
     "gradient_norm_every steps"},
    {"metrics.timing", TW_OPTION_BOOL, FIELD(timing), .standard = "false",
     .help = "ranks meet before each sum, so that ranks.csv tells waiting from summing"},
    {"metrics.test_every", TW_OPTION_INTEGER, FIELD(test_every), FROM(0), .standard = "0",
     .help = "cost over the test part, in steps; 0: at the end only"},

    {"checkpoint.every_steps", TW_OPTION_INTEGER, FIELD(checkpoint_steps), FROM(0), .standard = "0",
     .help = "train with --output: keep the state of the run for --resume, in steps; 0: by time alone"},
    {"checkpoint.every_seconds", TW_OPTION_REAL, FIELD(checkpoint_seconds), FROM(0), .standard = "60",
     .help = "likewise in seconds; 0: by steps alone"},
    {"checkpoint.keep", TW_OPTION_INT, FIELD(checkpoint_keep), COUNTS(1), .standard = "2",
     .help = "how many of the last states are kept"},
};
const int tw_option_count = sizeof tw_options / sizeof *tw_options;

/* ---- rows as text -------------------------------------------------------------------------------------------- */

static const char *const kinds[TW_OPTION_KINDS] = {
    [TW_OPTION_BOOL] = "true or false",
    [TW_OPTION_INT] = "whole number",
    [TW_OPTION_INTEGER] = "whole number",
    [TW_OPTION_REAL] = "number",
    [TW_OPTION_CHOICE] = "choice",
    [TW_OPTION_NAME] = "choice",
    [TW_OPTION_TEXT] = "text",
    [TW_OPTION_INTS] = "list of whole numbers",
    [TW_OPTION_INTEGERS] = "list of whole numbers",
    [TW_OPTION_REALS] = "list of numbers",
    [TW_OPTION_PAIR] = "list of two whole numbers",
    [TW_OPTION_BIAS] = "word, number or list",
};

/* Keys that are not values of a single field. */
static const tw_option_text others[] = {
    {"stages", "list of maps", "none", "maps with method: {step_size, schedule} and stop:", NULL,
     "stages of training, one after the other; each overrides these keys of method and stop"},
    {"sweep.starts", "whole number", "20", "a whole number of at least 1", NULL,
     "starts of each cell of the grid; train does not look at any key of sweep"},
    {"sweep.widths", "list of whole numbers", "none", "a list of whole numbers of at least 1", NULL,
     "widths, each with each number of hidden layers; alone: one hidden layer"},
    {"sweep.hidden_layers", "list of whole numbers", "none", "a list of whole numbers from 0 to 63", NULL,
     "numbers of hidden layers of one width; 0: none; alone: the width of network.hidden's first layer"},
    {"sweep.architectures", "list of lists", "none", "a list of lists [a, b, ...] of widths", NULL,
     "instead of widths and hidden_layers; without any of the three network.hidden is the only one"},
    {"sweep.step_sizes", "list of numbers", "none", "a list of numbers of at least 0", NULL, "method.step_size"},
    {"sweep.batches", "list", "none", "a list of all or whole numbers of at least 1", NULL, "method.batch"},
    {"sweep.methods", "list", "none", "a list of update rules or maps", NULL,
     "{update: adam, step_size: 0.01, ...} is merged into method; adam is {update: adam}"},
    {"sweep.activations", "list", "none", "a list of activations or maps", NULL,
     "{activation: leaky_relu, leak: 0.2} is merged into network; tanh is {activation: tanh}"},
    {"sweep.initials", "list", "none", "a list of distributions or maps", NULL,
     "{distribution: uniform, low: -2, high: 2} replaces initial as a whole; normal is {distribution: normal}"},
    {"sweep.data", "list of maps", "none", "a list of maps", NULL, "{rows: FILE} is merged into data"},
    {"sweep.overrides", "list of maps", "none", "maps with when: {hidden_layers: [2, 3], ...}, starts and other keys",
     NULL,
     "for the cells that `when` names by values of the lists above: their starts, and keys that are merged into the "
     "configuration (initial and stages are replaced); later ones win"},
    {"sweep.ranks_per_run", "whole number", "1", "a whole number of at least 1", NULL, "ranks that share one run"},
    {"sweep.replicas", "whole number", "auto", "auto or a whole number of at least 1", NULL,
     "runs that a thread trains side by side"},
    {"sweep.trajectories", "word or list", "none", "none, all, or a list of numbers of runs", NULL,
     "runs whose cost is kept step by step, every metrics.cost_every steps"},
    {"sweep.same_starts", "true or false", "false", "true or false", NULL,
     "cells that differ in method, batch and step size alone start from the same parameters"},
};

static void describe_option(const tw_option *option, tw_option_text *out)
{
	snprintf(out->path, sizeof out->path, "%s", option->path);
	snprintf(out->standard, sizeof out->standard, "%s", option->standard ? option->standard : "what fits");
	tw_option_range(option, out->range, sizeof out->range);
	out->kind = kinds[option->kind];
	out->of = NULL;
	out->help = option->help;
}

static void describe_parameter(const tw_option *option, int entry, const tw_parameter *parameter, tw_option_text *out)
{
	char parent[TW_OPTION_PATH];
	tw_option_parent(option->path, parent);
	snprintf(out->path, sizeof out->path, "%.60s.%.30s", parent, parameter->name);
	snprintf(out->standard, sizeof out->standard, "%g", parameter->initial);
	tw_range_text(parameter->low, parameter->high, false, false, out->range, sizeof out->range);
	out->kind = "number";
	out->of = option->name(entry);
	out->help = parameter->help;
}

bool tw_option_text_of(int i, tw_option_text *out)
{
	for (const tw_option *option = tw_options; option < tw_options + tw_option_count; option++) {
		if (i-- == 0) {
			describe_option(option, out);
			return true;
		}
		for (int entry = 0; option->parameters && option->name(entry); entry++) {
			for (const tw_parameter *p = option->parameters(entry); p->name; p++) {
				if (i-- == 0) {
					describe_parameter(option, entry, p, out);
					return true;
				}
			}
		}
	}
	if (i < 0 || i >= (int)(sizeof others / sizeof *others)) return false;
	*out = others[i];
	return true;
}
