/* Data sets in files: loaded whole, as numbers and as labelled classes. */
#include <thalweg/data.h>

#include <stdio.h>

#include "fuzz.h"

/* How an input is looked at: what follows the name of the file, and what is done with its numbers. */
typedef struct {
	const char *inputs, *outputs; /* "" or ":SELECTION" */
	bool header, labels;
	tw_scaling scaling;
	tw_storage storage;
	double test_fraction;
	tw_precision precision;
} look;

static void load(const tw_data_options *options)
{
	tw_comm *comm;
	tw_data *train = NULL, *test = NULL;
	if (tw_comm_self(&comm) != TW_OK) return;
	tw_status status = tw_data_load(comm, options, &train, &test);
	fuzz_promise((status == TW_OK) == (train != NULL), "there is a data set exactly when loading succeeds");
	fuzz_promise(status == TW_OK || *tw_message(), "a failure has a message");
	tw_data_free(train);
	tw_data_free(test);
	tw_comm_free(comm);
}

static void load_looks(const char *source, const look *looks, int count, const uint8_t *bytes, size_t size)
{
	const char *file = fuzz_file(bytes, size);
	for (int i = 0; i < count; i++) {
		char inputs[128], outputs[128];
		tw_data_options options;
		snprintf(inputs, sizeof inputs, "%s%s", file, looks[i].inputs);
		snprintf(outputs, sizeof outputs, "%s%s", file, looks[i].outputs);
		tw_data_defaults(&options);
		options.preset = "none";
		options.source = source;
		options.inputs = inputs;
		options.outputs = outputs;
		options.header = looks[i].header;
		options.labels = looks[i].labels;
		options.scale_inputs = looks[i].scaling;
		options.storage = looks[i].storage;
		options.test_fraction = looks[i].test_fraction;
		options.test = options.test_fraction > 0;
		options.precision = looks[i].precision;
		load(&options);
	}
}
#define LOOKS(source, looks, bytes, size) load_looks(source, looks, sizeof(looks) / sizeof *(looks), bytes, size)

void fuzz_csv(const uint8_t *bytes, size_t size)
{
	static const look looks[] = {
	    {.inputs = ":0-1", .outputs = ":2", .header = true, .scaling = TW_SCALE_STANDARD},
	    {.inputs = "", .outputs = ":0", .labels = true, .storage = TW_STORAGE_SPARSE, .test_fraction = 0.25},
	};
	LOOKS("csv", looks, bytes, size);
}

void fuzz_idx(const uint8_t *bytes, size_t size)
{
	static const look looks[] = {
	    {.inputs = "", .outputs = "", .scaling = TW_SCALE_RANGE, .precision = TW_DOUBLE},
	    {.inputs = "", .outputs = "", .labels = true, .storage = TW_STORAGE_SPARSE},
	};
	LOOKS("idx", looks, bytes, size);
}

void fuzz_npy(const uint8_t *bytes, size_t size)
{
	static const look looks[] = {
	    {.inputs = "", .outputs = "", .scaling = TW_SCALE_STANDARD, .precision = TW_DOUBLE},
	    {.inputs = "", .outputs = "", .labels = true, .storage = TW_STORAGE_SPARSE, .test_fraction = 0.5},
	};
	LOOKS("npy", looks, bytes, size);
}

void fuzz_hdf5(const uint8_t *bytes, size_t size)
{
	static const look looks[] = {
	    {.inputs = ":x", .outputs = ":y", .scaling = TW_SCALE_RANGE, .precision = TW_DOUBLE},
	    {.inputs = ":x", .outputs = ":y", .labels = true, .storage = TW_STORAGE_SPARSE},
	    {.inputs = "", .outputs = ":y"},
	};
	LOOKS("hdf5", looks, bytes, size);
	fuzz_hdf5_closed();
}
