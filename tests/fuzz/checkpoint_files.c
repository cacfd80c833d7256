/* Checkpoints: any bytes, which their checksum refuses, and whole ones of which some parts are gone or other ones,
 * which have a checksum of their own. */
#include "run/checkpoint.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "hdf5_parts.h"
#include "run/file.h"

static const char configuration[] = "seed: 1\nmethod: {update: momentum}\n";
enum { DIMENSION = 5, STAGES = 2, THEORY = 3 };

/* The bytes of a good one, without its checksum. */
static size_t good_bytes(const char **out)
{
	static char *bytes;
	static size_t size;
	*out = bytes;
	if (bytes) return size;
	tw_checkpoint *checkpoint = NULL;
	const char *file = fuzz_file((const uint8_t *)"", 0);
	tw_status status = tw_checkpoint_make(TW_FLOAT, DIMENSION, 1, THEORY, &checkpoint);
	fuzz_promise(status == TW_OK, "a checkpoint can be made");
	checkpoint->configuration = strdup(configuration);
	checkpoint->course.stages = STAGES;
	checkpoint->course.step = checkpoint->updates = 7;
	status = tw_checkpoint_write(file, checkpoint);
	if (status == TW_OK) status = tw_file_read(file, &bytes, &size);
	tw_checkpoint_free(checkpoint);
	fuzz_promise(status == TW_OK && size > TW_CHECKPOINT_SEAL, "a checkpoint can be written");
	*out = bytes;
	return size -= TW_CHECKPOINT_SEAL;
}

static void read_one(const char *file)
{
	tw_checkpoint *checkpoint = NULL;
	if (tw_checkpoint_read(file, &checkpoint) != TW_OK) {
		fuzz_promise(checkpoint == NULL, "nothing is there when reading fails");
		return;
	}
	double sum = 0;
	for (int64_t i = 0; i < checkpoint->dimension; i++)
		sum += checkpoint->precision == TW_FLOAT ? (double)((float *)checkpoint->theta)[i]
		                                         : ((double *)checkpoint->theta)[i];
	fuzz_promise(sum == sum || sum != sum, "theta is there from end to end");
	fuzz_promise(strlen(checkpoint->configuration) > 0, "a configuration is there");
	tw_settings settings;
	if (tw_settings_parse(&settings, "seed", configuration, NULL, 0) == TW_OK)
		tw_settings_same_run(&settings, checkpoint->configuration, checkpoint->course.at, "fuzz");
	tw_settings_free(&settings);
	tw_checkpoint_free(checkpoint);
}

static void change(hid_t file, tape *tape)
{
	static const char *const attributes[] = {
	    "format",         "version",       "precision",    "dimension",  "vectors",         "theory_values",
	    "program",        "revision",      "stages",       "stage",      "instruction_set", "step",
	    "train_checksum", "metrics_bytes", "observations", "stage_step", "updates",         "step_size"};
	static const char *const sets[] = {"configuration", "schedule", "best",  "since_best",
	                                   "theta",         "update_0", "theory"};
	const unsigned what = tape_take(tape), kind = tape_take(tape);
	if (what % 2) {
		const char *name = attributes[what / 2 % (sizeof attributes / sizeof *attributes)];
		H5Adelete(file, name);
		if (kind % 8) put_part(file, name, kind % 8 - 1, tape);
	} else {
		const char *name = sets[what / 2 % (sizeof sets / sizeof *sets)];
		H5Ldelete(file, name, H5P_DEFAULT);
		if (kind % 2) put_part(file, name, 6, tape);
	}
}

static void read_changed(const uint8_t *input, size_t input_size)
{
	const char *good;
	const size_t good_size = good_bytes(&good);
	tape tape = {input, input + input_size};
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_fapl_core(access, 4096, false);
	H5Pset_file_image(access, (void *)good, good_size);
	hid_t file = H5Fopen("no-such-file", H5F_ACC_RDWR, access);
	H5Pclose(access);
	for (int changes = 0; tape.next < tape.end && changes < 32; changes++) change(file, &tape);
	H5Fflush(file, H5F_SCOPE_GLOBAL);
	const ssize_t length = H5Fget_file_image(file, NULL, 0);
	uint8_t *image = length > 0 ? malloc((size_t)length + TW_CHECKPOINT_SEAL) : NULL;
	const bool there = image && H5Fget_file_image(file, image, (size_t)length) == length;
	H5Fclose(file);
	if (there) {
		tw_checkpoint_seal(image, (size_t)length, (char *)image + length);
		read_one(fuzz_file(image, (size_t)length + TW_CHECKPOINT_SEAL));
	}
	free(image);
}

void fuzz_checkpoint(const uint8_t *bytes, size_t size)
{
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	read_one(fuzz_file(bytes, size));
	read_changed(bytes, size);
	fuzz_hdf5_closed();
}
