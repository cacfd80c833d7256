/* Models on disk: a single one, one of a sweep, and parameters in an .npy file. */
#include <thalweg/run.h>

#include <stdio.h>

#include "fuzz.h"

static void read_model(const char *file)
{
	tw_network network;
	tw_precision precision;
	double *theta = NULL;
	if (tw_model_read(file, &network, &precision, &theta) != TW_OK) return;
	fuzz_promise(tw_network_check(&network) == TW_OK, "a model that was read has a network");
	double sum = 0;
	for (int64_t i = 0; i < tw_network_dimension(&network); i++) sum += theta[i];
	fuzz_promise(sum == sum || sum != sum, "theta is there from end to end");
	tw_free(theta);
}

void fuzz_model(const uint8_t *bytes, size_t size)
{
	static const char *const runs[] = {"", ":0", ":3"};
	const char *file = fuzz_file(bytes, size);
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		char name[128];
		snprintf(name, sizeof name, "%s%s", file, runs[i]);
		read_model(name);
	}
	fuzz_hdf5_closed();
}

void fuzz_theta(const uint8_t *bytes, size_t size)
{
	enum { DIMENSION = 9 };
	double *theta = NULL;
	if (tw_theta_read_npy(fuzz_file(bytes, size), DIMENSION, &theta) != TW_OK) return;
	fuzz_promise(theta != NULL, "theta is there when reading succeeds");
	tw_free(theta);
}
