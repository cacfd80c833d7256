/* The presets: one table of names and functions that fill in what a data set is made of. */
#include "data/plan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	const char *name, *help;
	tw_status (*fill)(tw_plan *plan);
} preset;

/* A text that the plan owns. */
static tw_status plan_keep(tw_plan *plan, const char *text, const char **kept)
{
	char *copy = tw_copy_text(text);
	TW_CHECK(copy, TW_NO_MEMORY, "out of memory for the name of a file");
	plan->text[plan->texts++] = copy;
	*kept = copy;
	return TW_OK;
}

/* ---- tables that are made, not read --------------------------------------------------------------------------- */

static tw_status fill_single(tw_plan *plan, const tw_format *format)
{
	plan->format = format;
	plan->single = true;
	plan->outputs = 1;
	return TW_OK;
}

static tw_status fill_circles(tw_plan *plan) { return fill_single(plan, &tw_circles_format); }
static tw_status fill_linear(tw_plan *plan) { return fill_single(plan, &tw_linear_format); }
static tw_status fill_teacher(tw_plan *plan) { return fill_single(plan, &tw_teacher_format); }
static tw_status fill_make_circles(tw_plan *plan) { return fill_single(plan, &tw_make_circles_format); }

/* ---- fetched files -------------------------------------------------------------------------------------------- */

/* The place of a fetched file: the first of the candidates (relative to data.path) that is there. */
static tw_status find_fetched(tw_plan *plan, tw_place *place, const char *const *candidates)
{
	const char *folder = plan->options.path ? plan->options.path : "data";
	char name[4096];
	for (int i = 0; candidates[i]; i++) {
		snprintf(name, sizeof name, "%s/%s", folder, candidates[i]);
		if (access(name, F_OK) == 0) return plan_keep(plan, name, &place->file);
	}
	return tw_fail(TW_IO, "%s/%s: not found; fetch it with: scripts/fetch_data.sh %s (or set data.path)", folder,
	               candidates[0], folder);
}

/* Columns of cal_housing.data. */
enum { LONGITUDE, LATITUDE, AGE, ROOMS, BEDROOMS, POPULATION, HOUSEHOLDS, INCOME, VALUE };

/* MedInc, HouseAge, AveRooms, AveBedrms, Population, AveOccup, Latitude, Longitude; the value in 100,000 dollars. */
static void derive_california(const double *row, double *x, double *y)
{
	x[0] = row[INCOME];
	x[1] = row[AGE];
	x[2] = row[ROOMS] / row[HOUSEHOLDS];
	x[3] = row[BEDROOMS] / row[HOUSEHOLDS];
	x[4] = row[POPULATION];
	x[5] = row[POPULATION] / row[HOUSEHOLDS];
	x[6] = row[LATITUDE];
	x[7] = row[LONGITUDE];
	y[0] = row[VALUE] / 100000;
}

static tw_status fill_california(tw_plan *plan)
{
	static const char *const candidates[] = {"cal_housing.data", "CaliforniaHousing/cal_housing.data", NULL};
	TW_TRY(find_fetched(plan, &plan->place[TW_PLACE_INPUTS], candidates));
	TW_TRY(fill_single(plan, &tw_csv_format));
	plan->place[TW_PLACE_INPUTS].selection = "0-8";
	plan->options.header = false;
	plan->inputs = 8;
	plan->rows = 20640;
	plan->derive = derive_california;
	if (plan->options.scale_inputs == TW_SCALE_NONE) plan->options.scale_inputs = TW_SCALE_STANDARD;
	if (plan->options.scale_outputs == TW_SCALE_NONE) plan->options.scale_outputs = TW_SCALE_STANDARD;
	return TW_OK;
}

static tw_status fill_mnist_files(tw_plan *plan)
{
	static const char *const names[TW_PLACES] = {
	    [TW_PLACE_INPUTS] = "train-images-idx3-ubyte",
	    [TW_PLACE_OUTPUTS] = "train-labels-idx1-ubyte",
	    [TW_PLACE_TEST_INPUTS] = "t10k-images-idx3-ubyte",
	    [TW_PLACE_TEST_OUTPUTS] = "t10k-labels-idx1-ubyte",
	};
	plan->format = &tw_idx_format;
	plan->has_test = true;
	for (int i = 0; i < (plan->options.test ? TW_PLACES : TW_PLACE_TEST_INPUTS); i++) {
		char gz[64], folder_gz[64], folder[64];
		snprintf(gz, sizeof gz, "%s.gz", names[i]);
		snprintf(folder_gz, sizeof folder_gz, "mnist/%s.gz", names[i]);
		snprintf(folder, sizeof folder, "mnist/%s", names[i]);
		const char *const candidates[] = {folder_gz, folder, gz, names[i], NULL};
		TW_TRY(find_fetched(plan, &plan->place[i], candidates));
	}
	plan->options.divide_inputs = 255;
	return TW_OK;
}

static tw_status fill_mnist(tw_plan *plan)
{
	TW_TRY(fill_mnist_files(plan));
	plan->options.labels = true;
	plan->options.classes = 10;
	return TW_OK;
}

static tw_status fill_mnist36(tw_plan *plan)
{
	TW_TRY(fill_mnist_files(plan));
	plan->options.labels = false;
	plan->options.classes = 0;
	plan->options.select_classes[0] = 3;
	plan->options.select_classes[1] = 6;
	plan->options.select_class_count = 2;
	plan->options.downscale_height = plan->options.downscale_width = 28;
	return TW_OK;
}

/* ---- files of the user ---------------------------------------------------------------------------------------- */

/* Cuts "FILE:selection" at its last colon, unless the whole text is the name of a file. */
static tw_status split_place(tw_plan *plan, const char *text, tw_place *place)
{
	const char *colon = strrchr(text, ':');
	TW_TRY(plan_keep(plan, text, &place->file));
	if (!plan->format->parts || !colon || access(text, F_OK) == 0) return TW_OK;
	plan->text[plan->texts - 1][colon - text] = 0;
	TW_CHECK(colon[1], TW_USAGE, "'%s': nothing follows the colon; name columns or a data set there", text);
	return plan_keep(plan, colon + 1, &place->selection);
}

static tw_status fill_none(tw_plan *plan)
{
	const tw_data_options *options = &plan->options;
	const char *const text[TW_PLACES] = {options->inputs, options->outputs, options->test_inputs,
	                                     options->test_outputs};
	plan->format = tw_format_find(options->source);
	TW_CHECK(plan->format, TW_USAGE, "data.source is '%s'; give csv, idx, npy or hdf5",
	         options->source ? options->source : "not set");
	TW_CHECK(text[TW_PLACE_INPUTS], TW_USAGE, "data.inputs is not set; give the file that holds the inputs");
	TW_CHECK(text[TW_PLACE_OUTPUTS], TW_USAGE,
	         "data.outputs is not set; give the file or columns that hold the outputs");
	TW_CHECK(!text[TW_PLACE_TEST_INPUTS] == !text[TW_PLACE_TEST_OUTPUTS], TW_USAGE,
	         "data.test_inputs and data.test_outputs go together; set both or none");
	plan->has_test = text[TW_PLACE_TEST_INPUTS] != NULL;
	for (int i = 0; i < TW_PLACES; i++)
		if (text[i]) TW_TRY(split_place(plan, text[i], &plan->place[i]));
	for (int i = TW_PLACE_INPUTS; i < TW_PLACES; i += 2) {
		tw_place *in = &plan->place[i], *out = &plan->place[i + 1];
		bool same = text[i] && plan->format->parts && strcmp(in->file, out->file) == 0;
		if (!same || in->selection) continue;
		TW_CHECK(out->selection, TW_USAGE, "data.outputs: '%s' also holds the inputs; name its columns as FILE:columns",
		         out->file);
		in->excluding = out->selection;
	}
	return TW_OK;
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

static const preset presets[] = {
    {"circles", "the embedded 100 observations of two circles, y = 0 or 1", fill_circles},
    {"california", "California housing, 8 inputs, all columns standardised", fill_california},
    {"mnist", "MNIST digits, 784 inputs in [0, 1], 10 classes, with test part", fill_mnist},
    {"mnist36", "MNIST digits 3 (y = 0) and 6 (y = 1), 14 x 14, with test part", fill_mnist36},
    {"linear", "y = x1 + ... + xd + noise, x uniform on [0, 4]^d", fill_linear},
    {"teacher", "outputs of a random tanh network on Gaussian inputs, plus noise", fill_teacher},
    {"make_circles", "two circles of radius 1 (y = 0) and `factor` (y = 1) under noise", fill_make_circles},
    {"none", "files of your own: set data.source, data.inputs and data.outputs", fill_none},
};
enum { PRESETS = sizeof presets / sizeof presets[0] };

const char *tw_data_preset_name(int i) { return i >= 0 && i < PRESETS ? presets[i].name : NULL; }
const char *tw_data_preset_help(int i) { return i >= 0 && i < PRESETS ? presets[i].help : NULL; }

void tw_data_defaults(tw_data_options *options)
{
	*options = (tw_data_options){
	    .preset = "circles",
	    .path = "data",
	    .header = true,
	    .test = true,
	    .divide_inputs = 1,
	    .observations = 100,
	    .dimension = 2,
	    .noise = 1,
	    .teacher_hidden = {10, 10},
	    .teacher_layers = 2,
	    .seed = 1,
	};
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

bool tw_data_options_equal(const tw_data_options *a, const tw_data_options *b)
{
	tw_data_options x = *a, y = *b;
	const char **left[] = {&x.preset,  &x.path,        &x.source,       &x.inputs,
	                       &x.outputs, &x.test_inputs, &x.test_outputs, &x.rows};
	const char **right[] = {&y.preset,  &y.path,        &y.source,       &y.inputs,
	                        &y.outputs, &y.test_inputs, &y.test_outputs, &y.rows};
	for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
		if (!same_text(*left[i], *right[i])) return false;
		*left[i] = *right[i] = NULL;
	}
	return memcmp(&x, &y, sizeof x) == 0;
}

static tw_status plan_check(const tw_plan *plan)
{
	const tw_data_options *options = &plan->options;
	int height = options->downscale_height, width = options->downscale_width;
	int64_t limit = sizeof options->select_classes / sizeof options->select_classes[0];
	TW_CHECK(options->divide_inputs != 0, TW_USAGE, "data.divide_inputs is 0; give the number to divide by, or 1");
	TW_CHECK(options->test_fraction >= 0 && options->test_fraction < 1, TW_USAGE,
	         "data.test_fraction is %g; give a value in [0, 1)", options->test_fraction);
	TW_CHECK(options->classes >= 0, TW_USAGE, "data.classes is %lld; give 0 or more", (long long)options->classes);
	TW_CHECK(height >= 0 && width >= 0 && height % 2 == 0 && width % 2 == 0 && !height == !width, TW_USAGE,
	         "images of %d x %d cannot be down-scaled; give an even height and width", height, width);
	TW_CHECK(options->select_class_count >= 0 && options->select_class_count <= limit, TW_USAGE,
	         "%d classes are chosen; choose up to %lld", options->select_class_count, (long long)limit);
	return TW_OK;
}

tw_status tw_plan_make(tw_plan *plan, const tw_data_options *options)
{
	memset(plan, 0, sizeof *plan);
	plan->options = *options;
	tw_status status = plan_check(plan);
	if (status != TW_OK) return status;
	const char *name = options->preset ? options->preset : "none";
	for (int i = 0; i < PRESETS; i++) {
		if (strcmp(presets[i].name, name) != 0) continue;
		status = presets[i].fill(plan);
		if (status != TW_OK) tw_plan_free(plan);
		return status;
	}
	return tw_fail(TW_USAGE,
	               "data.preset is '%s'; give circles, california, mnist, mnist36, linear, teacher, make_circles "
	               "or none",
	               name);
}

void tw_plan_free(tw_plan *plan)
{
	for (int i = 0; i < plan->texts; i++) tw_free(plan->text[i]);
	memset(plan, 0, sizeof *plan);
}
