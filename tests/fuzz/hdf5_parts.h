/* Parts of HDF5 files, put together from what an input says. */
#ifndef THALWEG_TESTS_HDF5_PARTS_H
#define THALWEG_TESTS_HDF5_PARTS_H

#include <hdf5.h>
#include <stdint.h>

/* An input, read from its beginning; zeros behind its end. */
typedef struct {
	const uint8_t *next, *end;
} tape;
unsigned tape_take(tape *tape); /* the next byte */

/* An attribute or data set of this name, of a type, shape and value by `kind` and the tape. One that is there stays. */
void put_part(hid_t where, const char *name, unsigned kind, tape *tape);

#endif
