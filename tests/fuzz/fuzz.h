/* Readers of foreign input, fed with any bytes: nothing but a status may come of it. */
#ifndef THALWEG_TESTS_FUZZ_H
#define THALWEG_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One kind of input. Its seeds, and what once went wrong, lie in corpus/NAME/. */
typedef struct {
	const char *name;
	void (*run)(const uint8_t *bytes, size_t size);
} fuzz_target;

/* Entry i, NULL past the end. */
const fuzz_target *fuzz_target_of(int i);
const fuzz_target *fuzz_target_find(const char *name); /* NULL: none */

/* The bytes as the content of a file that has a name, the same file at each call; ends the process where the system
 * has none to give. */
const char *fuzz_file(const uint8_t *bytes, size_t size);
/* The bytes as a text with a final zero; the caller frees it. */
char *fuzz_text(const uint8_t *bytes, size_t size);
/* Ends the process with a message unless the promise was kept. */
void fuzz_promise(int kept, const char *promise);
/* Ends the process unless nothing of HDF5 is open. */
void fuzz_hdf5_closed(void);

/* The targets. */
void fuzz_csv(const uint8_t *bytes, size_t size);
void fuzz_idx(const uint8_t *bytes, size_t size);
void fuzz_npy(const uint8_t *bytes, size_t size);
void fuzz_hdf5(const uint8_t *bytes, size_t size);
void fuzz_settings(const uint8_t *bytes, size_t size);
void fuzz_overrides(const uint8_t *bytes, size_t size);
void fuzz_sweep(const uint8_t *bytes, size_t size);
void fuzz_model(const uint8_t *bytes, size_t size);
void fuzz_parts(const uint8_t *bytes, size_t size);
void fuzz_checkpoint(const uint8_t *bytes, size_t size);
void fuzz_runs(const uint8_t *bytes, size_t size);
void fuzz_journal(const uint8_t *bytes, size_t size);
void fuzz_theta(const uint8_t *bytes, size_t size);

#endif
