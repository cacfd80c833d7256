/* The list of targets, and what they share. */
#include "fuzz.h"

#include <fcntl.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const fuzz_target targets[] = {
    {.name = "csv", .run = fuzz_csv},
    {.name = "idx", .run = fuzz_idx},
    {.name = "npy", .run = fuzz_npy},
    {.name = "hdf5", .run = fuzz_hdf5},
    {.name = "settings", .run = fuzz_settings},
    {.name = "overrides", .run = fuzz_overrides},
    {.name = "sweep", .run = fuzz_sweep},
    {.name = "model", .run = fuzz_model},
    {.name = "parts", .run = fuzz_parts},
    {.name = "runs", .run = fuzz_runs},
    {.name = "journal", .run = fuzz_journal},
    {.name = "theta", .run = fuzz_theta},
    {.name = "checkpoint", .run = fuzz_checkpoint},
};
enum { TARGETS = sizeof targets / sizeof *targets };

const fuzz_target *fuzz_target_of(int i) { return i >= 0 && i < TARGETS ? &targets[i] : NULL; }

const fuzz_target *fuzz_target_find(const char *name)
{
	for (int i = 0; i < TARGETS; i++)
		if (strcmp(targets[i].name, name) == 0) return &targets[i];
	return NULL;
}

void fuzz_promise(int kept, const char *promise)
{
	if (kept) return;
	fprintf(stderr, "fuzz: broken promise: %s\n", promise);
	abort();
}

static char file_name[4096];

static void remove_file(void) { unlink(file_name); }

/* Not memfd_create: HDF5 wants a name that leads to the file. */
const char *fuzz_file(const uint8_t *bytes, size_t size)
{
	static int descriptor = -1;
	if (descriptor < 0) {
		const char *folder = getenv("TMPDIR");
		snprintf(file_name, sizeof file_name, "%s/thalweg-fuzz-XXXXXX", folder ? folder : "/tmp");
		descriptor = mkostemp(file_name, O_CLOEXEC);
		fuzz_promise(descriptor >= 0, "a file can be made in $TMPDIR");
		atexit(remove_file);
	}
	bool written = ftruncate(descriptor, 0) == 0;
	for (size_t done = 0; written && done < size;) {
		ssize_t wrote = pwrite(descriptor, bytes + done, size - done, (off_t)done);
		written = wrote > 0;
		if (written) done += (size_t)wrote;
	}
	fuzz_promise(written, "the input fits into a file");
	return file_name;
}

char *fuzz_text(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	fuzz_promise(text != NULL, "the input fits into memory");
	if (size) memcpy(text, bytes, size);
	text[size] = 0;
	return text;
}

void fuzz_hdf5_closed(void)
{
	fuzz_promise(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) <= 0, "what HDF5 opens is closed");
}
