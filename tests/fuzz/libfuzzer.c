/* The entry of libFuzzer: one program for each target, whose name is given by the build as FUZZ_TARGET. */
#include <thalweg/core.h>

#include <hdf5.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	tw_log_setup(0, 1, true, false);
	H5dont_atexit(); /* as the program does */
	target = fuzz_target_find(FUZZ_TARGET);
	fuzz_promise(target != NULL, "the target " FUZZ_TARGET " exists");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	target->run(bytes, size);
	return 0;
}
