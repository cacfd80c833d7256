/* HDF5 files that are whole, put together from what the input says: any attribute and data set that our readers ask
 * for, of any type, shape and value. Bytes of broken files end in HDF5's own checks; these come through to ours. */
#include "hdf5_parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

unsigned tape_take(tape *tape) { return tape->next < tape->end ? *tape->next++ : 0; }

static int64_t take_integer(tape *tape)
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++) value = value << 8 | tape_take(tape);
	return (int64_t)value;
}

static const char *const names[] = {"format",          "version", "precision", "layers", "widths",    "activation",
                                    "activation_leak", "output",  "bias",      "cells",  "first_run", "starts",
                                    "theta",           "x",       "y",         "run"};
static const char *const texts[] = {
    "thalweg model",
    "thalweg models",
    "float",
    "double",
    "tanh",
    "leaky_relu",
    "logistic",
    "identity",
    "softmax",
    "",
    "sgd",
    "\xff\xfe",
    "none",
    "relu",
    "a text that is longer than any that is written into an attribute of a model",
};
enum { NAMES = sizeof names / sizeof *names, TEXTS = sizeof texts / sizeof *texts, MOST_AXES = 4, MOST_NUMBERS = 64 };

static void put(hid_t where, const char *name, hid_t type, hid_t space, const void *value)
{
	hid_t attribute = H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	if (attribute < 0) return;
	H5Awrite(attribute, type, value);
	H5Aclose(attribute);
}

static void put_integer(hid_t where, const char *name, int64_t value)
{
	hid_t space = H5Screate(H5S_SCALAR);
	put(where, name, H5T_NATIVE_INT64, space, &value);
	H5Sclose(space);
}

static void put_integers(hid_t where, const char *name, tape *tape)
{
	int64_t values[16] = {0};
	hsize_t count = tape_take(tape) % 16;
	for (hsize_t i = 0; i < count; i++) values[i] = (int8_t)tape_take(tape);
	hid_t space = H5Screate_simple(1, &count, NULL);
	put(where, name, H5T_NATIVE_INT64, space, values);
	H5Sclose(space);
}

static void put_real(hid_t where, const char *name, int64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	hid_t space = H5Screate(H5S_SCALAR);
	put(where, name, H5T_NATIVE_DOUBLE, space, &value);
	H5Sclose(space);
}

static void put_text(hid_t where, const char *name, const char *text, bool variable)
{
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
	H5Tset_size(type, variable ? H5T_VARIABLE : strlen(text) + 1);
	put(where, name, type, space, variable ? (const void *)&text : text);
	H5Sclose(space);
	H5Tclose(type);
}

/* Of few numbers, or of many that are never written. */
static void put_set(hid_t where, const char *name, tape *tape)
{
	const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_STD_I8LE, H5T_STD_U64BE, H5T_C_S1};
	float values[MOST_NUMBERS];
	hsize_t size[MOST_AXES], chunk[MOST_AXES], product = 1;
	unsigned kind = tape_take(tape), type = tape_take(tape) % (sizeof types / sizeof *types);
	int axes = (int)(kind % (MOST_AXES + 1));
	for (int i = 0; i < axes; i++) {
		size[i] = kind & 64 ? (hsize_t)tape_take(tape) << 32 : tape_take(tape) % 16;
		chunk[i] = 1 + tape_take(tape) % 4;
		if (chunk[i] > size[i]) chunk[i] = size[i] ? size[i] : 1;
		product = size[i] && product > MOST_NUMBERS ? product : product * size[i];
	}
	for (int i = 0; i < MOST_NUMBERS; i++) values[i] = (float)(int8_t)tape_take(tape);
	hid_t space = axes ? H5Screate_simple(axes, size, NULL) : H5Screate(kind & 32 ? H5S_NULL : H5S_SCALAR);
	hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
	if (axes && (kind & (64 | 128))) H5Pset_chunk(creation, axes, chunk);
	hid_t set = H5Dcreate2(where, name, types[type], space, H5P_DEFAULT, creation, H5P_DEFAULT);
	if (set >= 0 && product <= MOST_NUMBERS) H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
	if (set >= 0) H5Dclose(set);
	H5Pclose(creation);
	H5Sclose(space);
}

void put_part(hid_t where, const char *name, unsigned kind, tape *tape)
{
	switch (kind % 7) {
	case 0:
		put_integer(where, name, (int8_t)tape_take(tape));
		return;
	case 1:
		put_integer(where, name, take_integer(tape));
		return;
	case 2:
		put_integers(where, name, tape);
		return;
	case 3:
		put_real(where, name, take_integer(tape));
		return;
	case 4:
	case 5:
		put_text(where, name, texts[tape_take(tape) % TEXTS], kind % 7 == 4);
		return;
	default:
		put_set(where, name, tape);
	}
}

/* A group, or one part of the present one. */
static void put_next(hid_t file, hid_t *group, tape *tape)
{
	static const char *const groups[] = {"cell-0000", "cell-0001"};
	unsigned what = tape_take(tape), kind = tape_take(tape) % 8;
	if (kind > 0) {
		put_part(*group, names[what % NAMES], kind - 1, tape);
		return;
	}
	if (*group != file) H5Gclose(*group);
	*group = H5Gcreate2(file, groups[what % 2], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (*group < 0) *group = file;
}

void fuzz_parts(const uint8_t *bytes, size_t size)
{
	tape tape = {bytes, bytes + size};
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_fapl_core(access, 4096, false);
	hid_t file = H5Fcreate("parts", H5F_ACC_TRUNC, H5P_DEFAULT, access), group = file;
	H5Pclose(access);
	for (int parts = 0; tape.next < tape.end && parts < 64; parts++) put_next(file, &group, &tape);
	if (group != file) H5Gclose(group);
	H5Fflush(file, H5F_SCOPE_GLOBAL);
	ssize_t length = H5Fget_file_image(file, NULL, 0);
	uint8_t *image = length > 0 ? malloc((size_t)length) : NULL;
	bool there = image && H5Fget_file_image(file, image, (size_t)length) == length;
	H5Fclose(file);
	if (there) fuzz_model(image, (size_t)length);
	if (there) fuzz_hdf5(image, (size_t)length);
	free(image);
}
