/* Models on disk: HDF5 (dataset theta and the attributes of its network), and bare theta from .npy. */
#include <thalweg/run.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "run/file.h"
#include "run/model_attributes.h"
#include "run/seal.h"

enum { MODEL_VERSION = 1 };

tw_status tw_theta_sha256(tw_precision precision, const double *theta, int64_t count, char out[65])
{
	void *reals = NULL;
	out[0] = 0;
	TW_TRY(tw_alloc_array(&reals, count, tw_real_size(precision), "theta for its digest"));
	for (int64_t i = 0; i < count; i++) tw_real_set(precision, reals, i, theta[i]);
	tw_sha256(reals, (size_t)count * tw_real_size(precision), out);
	tw_free(reals);
	return TW_OK;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static bool put_theta(hid_t file, tw_precision precision, int64_t dimension, const double *theta)
{
	hsize_t size = (hsize_t)dimension;
	hid_t space = H5Screate_simple(1, &size, NULL);
	hid_t type = precision == TW_FLOAT ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
	hid_t set = H5Dcreate2(file, "theta", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	bool good = set >= 0 && H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, theta) >= 0;
	if (set >= 0) H5Dclose(set);
	H5Sclose(space);
	return good;
}

/* The model as the bytes of a sealed HDF5 file made in memory: all writing to disk, and its errors, is left to
 * tw_file_replace. */
static tw_status model_image(const char *path, const tw_network *network, tw_precision precision, const double *theta,
                             void **bytes, size_t *size)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	size_t growth = (size_t)tw_network_dimension(network) * tw_real_size(precision) + 65536;
	H5Pset_fapl_core(access, growth, false);
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
	H5Pclose(access);
	TW_CHECK(file >= 0, TW_INTERNAL, "%s: the model could not be put together in memory", path);
	bool good =
	    tw_model_put_text(file, "format", "thalweg model") && tw_model_put_integer(file, "version", MODEL_VERSION) &&
	    tw_model_put_text(file, "precision", tw_precision_name(precision)) && tw_model_put_network(file, network) &&
	    put_theta(file, precision, tw_network_dimension(network), theta) && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
	ssize_t length = good ? H5Fget_file_image(file, NULL, 0) : -1;
	tw_status status = TW_OK;
	if (length < 0) status = tw_fail(TW_INTERNAL, "%s: the model could not be put together in memory", path);
	if (status == TW_OK) status = tw_alloc(bytes, (size_t)length + TW_SEAL_BYTES + 1, "a model file");
	if (status == TW_OK && H5Fget_file_image(file, *bytes, (size_t)length) != length) {
		tw_free(*bytes);
		status = tw_fail(TW_INTERNAL, "%s: the model could not be put together in memory", path);
	}
	H5Fclose(file);
	TW_TRY(status);
	tw_seal_of(*bytes, (size_t)length, (char *)*bytes + length);
	*size = (size_t)length + TW_SEAL_BYTES;
	return TW_OK;
}

tw_status tw_model_write(const char *file, const tw_network *network, tw_precision precision, const double *theta)
{
	void *bytes = NULL;
	size_t size = 0;
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	TW_TRY(model_image(file, network, precision, theta, &bytes, &size));
	tw_status status = tw_file_replace(file, bytes, size);
	tw_free(bytes);
	return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* All of a dataset of one axis (row negative), or a row of one of two. */
static tw_status read_theta(hid_t set, const char *path, int64_t row, int64_t dimension, double *theta)
{
	const hsize_t start[2] = {(hsize_t)row, 0}, size[2] = {1, (hsize_t)dimension};
	hid_t in_file = H5Dget_space(set), in_memory = H5Screate_simple(1, size + 1, NULL);
	bool good = row < 0 || H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, size, NULL) >= 0;
	good = good && H5Dread(set, H5T_NATIVE_DOUBLE, in_memory, in_file, H5P_DEFAULT, theta) >= 0;
	H5Sclose(in_memory);
	H5Sclose(in_file);
	TW_CHECK(good, TW_IO, "%s: the dataset `theta` cannot be read: the file is damaged", path);
	return TW_OK;
}

/* row negative: the dataset is one vector, else it has a vector a row. */
static tw_status get_theta(hid_t where, const char *path, int64_t row, int64_t dimension, double **theta)
{
	hid_t set = H5Lexists(where, "theta", H5P_DEFAULT) > 0 ? H5Dopen2(where, "theta", H5P_DEFAULT) : -1;
	TW_CHECK(set >= 0, TW_IO, "%s: not a thalweg model: the dataset `theta` is missing", path);
	hid_t space = H5Dget_space(set), type = H5Dget_type(set);
	hsize_t size[2] = {0};
	const int axes = row < 0 ? 1 : 2;
	const bool fits = H5Sget_simple_extent_ndims(space) == axes &&
	                  H5Sget_simple_extent_dims(space, size, NULL) == axes && (int64_t)size[axes - 1] == dimension &&
	                  (row < 0 || row < (int64_t)size[0]) && H5Tget_class(type) == H5T_FLOAT;
	tw_status status = TW_OK;
	void *values = NULL;
	if (!fits)
		status = tw_fail(TW_IO, "%s: the dataset `theta` should be a vector of %" PRId64 " reals", path, dimension);
	if (status == TW_OK) status = tw_alloc_array(&values, dimension, sizeof(double), "theta");
	if (status == TW_OK) status = read_theta(set, path, row, dimension, values);
	H5Tclose(type);
	H5Sclose(space);
	H5Dclose(set);
	if (status != TW_OK)
		tw_free(values);
	else
		*theta = values;
	return status;
}

static tw_status get_model(hid_t where, const char *path, int64_t row, tw_network *network, tw_precision *precision,
                           double **theta)
{
	char text[TW_MODEL_TEXT];
	TW_TRY(tw_model_get_text(where, path, "precision", text));
	*precision = strcmp(text, tw_precision_name(TW_DOUBLE)) == 0 ? TW_DOUBLE : TW_FLOAT;
	TW_CHECK(strcmp(text, tw_precision_name(*precision)) == 0, TW_IO, "%s: the precision `%s` is not known", path,
	         text);
	TW_TRY(tw_model_get_network(where, path, network));
	return get_theta(where, path, row, tw_network_dimension(network), theta);
}

/* Where a run of a sweep is: its cell's group and its row there. */
static tw_status find_run(hid_t file, const char *path, int64_t run, hid_t *group, int64_t *row)
{
	int64_t version = 0, cells = 0, first = 0, starts = 0;
	TW_TRY(tw_model_get_integer(file, path, "version", 1, TW_MODELS_VERSION, &version));
	TW_TRY(tw_model_get_integer(file, path, "cells", 0, INT32_MAX, &cells));
	for (int64_t c = 0; c < cells; c++) {
		char name[32];
		snprintf(name, sizeof name, "cell-%04" PRId64, c);
		hid_t cell = H5Lexists(file, name, H5P_DEFAULT) > 0 ? H5Gopen2(file, name, H5P_DEFAULT) : -1;
		TW_CHECK(cell >= 0, TW_IO, "%s: the group `%s` is missing", path, name);
		tw_status status = tw_model_get_integer(cell, path, "first_run", 0, INT64_MAX, &first);
		if (status == TW_OK) status = tw_model_get_integer(cell, path, "starts", 0, INT64_MAX, &starts);
		if (status == TW_OK && run >= first && run - first < starts) {
			*group = cell;
			*row = run - first;
			return TW_OK;
		}
		H5Gclose(cell);
		TW_TRY(status);
	}
	return tw_fail(TW_IO, "%s: there is no run %" PRId64 " in it: the last is run %" PRId64, path, run,
	               first + starts - 1);
}

/* run negative: none was asked for. */
static tw_status get_model_or_run(hid_t file, const char *path, int64_t run, tw_network *network,
                                  tw_precision *precision, double **theta)
{
	char text[TW_MODEL_TEXT];
	int64_t version = 0, row = -1;
	hid_t group = -1;
	TW_TRY(tw_model_get_text(file, path, "format", text));
	const bool sweep = strcmp(text, TW_MODELS_FORMAT) == 0;
	TW_CHECK(sweep || strcmp(text, "thalweg model") == 0, TW_IO, "%s: not a thalweg model but a `%s`", path, text);
	TW_CHECK(!sweep || run >= 0, TW_IO, "%s: the end points of a sweep; name one of its runs: %s:RUN", path, path);
	TW_CHECK(sweep || run < 0, TW_IO, "%s: a single model, not the end points of a sweep; leave out `:%" PRId64 "`",
	         path, run);
	if (!sweep) {
		TW_TRY(tw_model_get_integer(file, path, "version", 1, MODEL_VERSION, &version));
		return get_model(file, path, row, network, precision, theta);
	}
	TW_TRY(find_run(file, path, run, &group, &row));
	tw_status status = get_model(group, path, row, network, precision, theta);
	H5Gclose(group);
	return status;
}

/* Splits "models.h5:RUN" into the file and the run; -1 where there is no run. */
static tw_status split_run(const char *name, char path[PATH_MAX], int64_t *run)
{
	*run = -1;
	TW_CHECK(strlen(name) < PATH_MAX, TW_IO, "%s: the name is too long", name);
	strcpy(path, name);
	char *colon = strrchr(path, ':');
	if (!colon || !strchr("0123456789", colon[1]) || !tw_parse_integer(colon + 1, run)) return TW_OK;
	*colon = 0;
	return TW_OK;
}

tw_status tw_model_read(const char *file, tw_network *network, tw_precision *precision, double **theta)
{
	char path[PATH_MAX];
	int64_t run;
	TW_TRY(split_run(file, path, &run));
	TW_TRY(tw_seal_check(path));
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_file_locking(access, false, true); /* reading needs no lock, and some network file systems have none */
	hid_t model = H5Fopen(path, H5F_ACC_RDONLY, access);
	H5Pclose(access);
	TW_CHECK(model >= 0, TW_IO, "%s: not an HDF5 file, or cut short", path);
	tw_status status = get_model_or_run(model, path, run, network, precision, theta);
	H5Fclose(model);
	return status;
}

/* ---- npy ----------------------------------------------------------------------------------------------------- */

/* Finds `'key': ` in the header's dictionary and returns what follows it. */
static const char *npy_value(const char *header, const char *key)
{
	char quoted[TW_MODEL_TEXT];
	snprintf(quoted, sizeof quoted, "'%s':", key);
	const char *found = strstr(header, quoted);
	if (!found) return "";
	found += strlen(quoted);
	return found + strspn(found, " ");
}

/* Reads the header of an .npy file of one axis: its length, the size of an element and where the data begin. */
static tw_status npy_header(const char *path, char *bytes, size_t size, int64_t *count, size_t *real, size_t *start)
{
	const unsigned char *raw = (const unsigned char *)bytes;
	TW_CHECK(size >= 12 && memcmp(bytes, "\x93NUMPY", 6) == 0, TW_IO, "%s: not an .npy file", path);
	size_t prefix = raw[6] == 1 ? 10 : 12;
	size_t length = raw[8] + 256u * raw[9];
	if (raw[6] > 1) length += 65536u * raw[10] + 16777216u * raw[11];
	TW_CHECK(length <= size - prefix, TW_IO, "%s: the file is cut short", path);
	*start = prefix + length;
	char header[512];
	TW_CHECK(length < sizeof header, TW_IO, "%s: an .npy file of one axis of reals is wanted", path);
	memcpy(header, bytes + prefix, length);
	header[length] = 0;

	const char *type = npy_value(header, "descr"), *shape = npy_value(header, "shape");
	*real = strncmp(type, "'<f4'", 5) == 0 ? 4 : strncmp(type, "'<f8'", 5) == 0 ? 8 : 0;
	TW_CHECK(*real, TW_IO, "%s: little-endian floats or doubles (<f4, <f8) are wanted", path);
	int used = 0;
	TW_CHECK(sscanf(shape, "(%" SCNd64 ",)%n", count, &used) == 1 && used, TW_IO,
	         "%s: one axis is wanted: theta in its canonical order", path);
	return TW_OK;
}

static tw_status npy_values(const char *path, char *bytes, size_t size, int64_t dimension, double **theta)
{
	int64_t count = 0;
	size_t real = 0, start = 0;
	TW_TRY(npy_header(path, bytes, size, &count, &real, &start));
	TW_CHECK(count == dimension, TW_IO, "%s: holds %" PRId64 " values, but the network has %" PRId64 " parameters",
	         path, count, dimension);
	TW_CHECK((size - start) / real >= (size_t)count, TW_IO, "%s: the file is cut short", path);
	void *values = NULL;
	TW_TRY(tw_alloc_array(&values, dimension, sizeof(double), "theta"));
	for (int64_t i = 0; i < count; i++) {
		const char *from = bytes + start + (size_t)i * real;
		float narrow;
		double wide;
		if (real == 4)
			memcpy(&narrow, from, 4);
		else
			memcpy(&wide, from, 8);
		((double *)values)[i] = real == 4 ? (double)narrow : wide;
	}
	*theta = values;
	return TW_OK;
}

tw_status tw_theta_read_npy(const char *file, int64_t dimension, double **theta)
{
	char *bytes = NULL;
	size_t size = 0;
	TW_TRY(tw_file_read(file, &bytes, &size));
	tw_status status = npy_values(file, bytes, size, dimension, theta);
	tw_free(bytes);
	return status;
}

/* ---- initial theta ------------------------------------------------------------------------------------------- */

static tw_status theta_of_model(const char *file, const tw_network *network, double **theta)
{
	tw_network stored;
	tw_precision precision;
	TW_TRY(tw_model_read(file, &stored, &precision, theta));
	if (tw_network_equal(&stored, network)) return TW_OK;
	tw_free(*theta);
	*theta = NULL;
	char have[160], want[160];
	tw_network_describe(&stored, have);
	tw_network_describe(network, want);
	return tw_fail(TW_IO, "%s: a model of another network: %s in the file, %s in the configuration", file, have, want);
}

tw_status tw_theta_load(tw_comm *comm, const char *file, const tw_network *network, double *theta)
{
	int64_t dimension = tw_network_dimension(network);
	double *read = NULL;
	tw_status status = TW_OK;
	if (tw_comm_rank(comm) == 0)
		status = tw_file_has_suffix(file, ".npy") ? tw_theta_read_npy(file, dimension, &read)
		                                          : theta_of_model(file, network, &read);
	if (read) memcpy(theta, read, (size_t)dimension * sizeof *theta);
	tw_free(read);
	TW_TRY(tw_comm_agree(comm, status));
	return tw_comm_broadcast(comm, theta, (size_t)dimension * sizeof *theta, 0);
}
