/* Models on disk: HDF5 (dataset theta and the attributes of its network), and bare theta from .npy. */
#include <thalweg/run.h>

#include <errno.h>
#include <hdf5.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "run/file.h"

enum { MODEL_VERSION = 1, NAME_SIZE = 64 };

void tw_theta_sha256(tw_precision precision, const double *theta, int64_t count, char out[65])
{
	void *reals = NULL;
	out[0] = 0;
	if (tw_alloc_array(&reals, count, tw_real_size(precision), "theta for its digest") != TW_OK) return;
	for (int64_t i = 0; i < count; i++) tw_real_set(precision, reals, i, theta[i]);
	tw_sha256(reals, (size_t)count * tw_real_size(precision), out);
	tw_free(reals);
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static bool put_attribute(hid_t where, const char *name, hid_t type, int64_t count, const void *values)
{
	hsize_t size = (hsize_t)count;
	hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, NULL);
	hid_t attribute = H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool good = attribute >= 0 && H5Awrite(attribute, type, values) >= 0;
	if (attribute >= 0) H5Aclose(attribute);
	H5Sclose(space);
	return good;
}

static bool put_text(hid_t where, const char *name, const char *text)
{
	hid_t type = H5Tcopy(H5T_C_S1);
	bool good = H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
	            put_attribute(where, name, type, 1, &text);
	H5Tclose(type);
	return good;
}

static bool put_integer(hid_t where, const char *name, int64_t value)
{
	return put_attribute(where, name, H5T_NATIVE_INT64, 1, &value);
}

static void activation_attribute(const char *parameter, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "activation_%s", parameter);
}

static bool put_network(hid_t where, const tw_network *network)
{
	const tw_activation_info *activation = tw_activation_info_of(network->activation);
	bool good = put_integer(where, "layers", network->layers) &&
	            put_attribute(where, "widths", H5T_NATIVE_INT64, network->layers + 1, network->width) &&
	            put_text(where, "activation", activation->name) &&
	            put_text(where, "output", tw_output_name((int)network->output)) &&
	            put_integer(where, "bias", network->bias);
	for (int i = 0; good && activation->parameters[i].name; i++) {
		char name[NAME_SIZE];
		activation_attribute(activation->parameters[i].name, name);
		good = put_attribute(where, name, H5T_NATIVE_DOUBLE, 1, &network->activation_value[i]);
	}
	return good;
}

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

/* The model as the bytes of an HDF5 file made in memory: all writing to disk, and its errors, is left to
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
	bool good = put_text(file, "format", "thalweg model") && put_integer(file, "version", MODEL_VERSION) &&
	            put_text(file, "precision", tw_precision_name(precision)) && put_network(file, network) &&
	            put_theta(file, precision, tw_network_dimension(network), theta) &&
	            H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
	ssize_t length = good ? H5Fget_file_image(file, NULL, 0) : -1;
	tw_status status = TW_OK;
	if (length < 0) status = tw_fail(TW_INTERNAL, "%s: the model could not be put together in memory", path);
	if (status == TW_OK) status = tw_alloc(bytes, (size_t)length, "a model file");
	if (status == TW_OK && H5Fget_file_image(file, *bytes, (size_t)length) != length) {
		tw_free(*bytes);
		status = tw_fail(TW_INTERNAL, "%s: the model could not be put together in memory", path);
	}
	H5Fclose(file);
	*size = (size_t)length;
	return status;
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

static tw_status get_attribute(hid_t file, const char *path, const char *name, hid_t type, int64_t count, void *values)
{
	hid_t attribute = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : -1;
	TW_CHECK(attribute >= 0, TW_IO, "%s: not a thalweg model: the attribute `%s` is missing", path, name);
	hid_t space = H5Aget_space(attribute), kind = H5Aget_type(attribute);
	bool number = H5Tget_class(kind) == H5T_INTEGER || H5Tget_class(kind) == H5T_FLOAT;
	bool good = number && H5Sget_simple_extent_npoints(space) == count && H5Aread(attribute, type, values) >= 0;
	H5Tclose(kind);
	H5Sclose(space);
	H5Aclose(attribute);
	TW_CHECK(good, TW_IO, "%s: the attribute `%s` should hold %" PRId64 " number%s", path, name, count,
	         count == 1 ? "" : "s");
	return TW_OK;
}

static tw_status get_integer(hid_t file, const char *path, const char *name, int64_t low, int64_t high, int64_t *value)
{
	TW_TRY(get_attribute(file, path, name, H5T_NATIVE_INT64, 1, value));
	TW_CHECK(*value >= low && *value <= high, TW_IO,
	         "%s: the attribute `%s` is %" PRId64 ", not from %" PRId64 " to %" PRId64, path, name, *value, low, high);
	return TW_OK;
}

/* A text attribute of fixed or variable length. */
static tw_status get_text(hid_t file, const char *path, const char *name, char out[NAME_SIZE])
{
	hid_t attribute = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : -1;
	TW_CHECK(attribute >= 0, TW_IO, "%s: not a thalweg model: the attribute `%s` is missing", path, name);
	hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
	bool good = H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1;
	out[0] = 0;
	if (good && H5Tis_variable_str(type) > 0) {
		char *text = NULL;
		good = H5Aread(attribute, type, &text) >= 0 && text;
		if (good) snprintf(out, NAME_SIZE, "%s", text);
		if (text) H5free_memory(text);
	} else if (good) {
		char text[NAME_SIZE] = {0};
		good = H5Tget_size(type) < NAME_SIZE && H5Aread(attribute, type, text) >= 0;
		if (good) memcpy(out, text, NAME_SIZE);
	}
	H5Sclose(space);
	H5Tclose(type);
	H5Aclose(attribute);
	TW_CHECK(good, TW_IO, "%s: the attribute `%s` should be a text", path, name);
	return TW_OK;
}

static tw_status get_activation(hid_t file, const char *path, tw_network *network)
{
	char text[NAME_SIZE];
	TW_TRY(get_text(file, path, "activation", text));
	network->activation = tw_activation_find(text);
	TW_CHECK(network->activation >= 0, TW_IO, "%s: the activation `%s` is not known", path, text);
	const tw_parameter *parameter = tw_activation_info_of(network->activation)->parameters;
	for (int i = 0; parameter[i].name; i++) {
		char name[NAME_SIZE];
		activation_attribute(parameter[i].name, name);
		TW_TRY(get_attribute(file, path, name, H5T_NATIVE_DOUBLE, 1, &network->activation_value[i]));
	}
	return TW_OK;
}

static tw_status get_network(hid_t file, const char *path, tw_network *network)
{
	char text[NAME_SIZE];
	int64_t layers = 0, bias = 0;
	memset(network, 0, sizeof *network);
	TW_TRY(get_integer(file, path, "layers", 1, TW_MAX_LAYERS, &layers));
	network->layers = (int)layers;
	TW_TRY(get_attribute(file, path, "widths", H5T_NATIVE_INT64, layers + 1, network->width));
	TW_TRY(get_activation(file, path, network));
	TW_TRY(get_text(file, path, "output", text));
	int output = 0;
	while (tw_output_name(output) && strcmp(tw_output_name(output), text) != 0) output++;
	TW_CHECK(tw_output_name(output), TW_IO, "%s: the output function `%s` is not known", path, text);
	network->output = (tw_output)output;
	TW_TRY(get_integer(file, path, "bias", 0, 1, &bias));
	network->bias = bias != 0;
	TW_CHECK(tw_network_check(network) == TW_OK, TW_IO, "%s: the widths do not make a network", path);
	return TW_OK;
}

static tw_status get_theta(hid_t file, const char *path, int64_t dimension, double **theta)
{
	hid_t set = H5Lexists(file, "theta", H5P_DEFAULT) > 0 ? H5Dopen2(file, "theta", H5P_DEFAULT) : -1;
	TW_CHECK(set >= 0, TW_IO, "%s: not a thalweg model: the dataset `theta` is missing", path);
	hid_t space = H5Dget_space(set), type = H5Dget_type(set);
	int64_t size = H5Sget_simple_extent_ndims(space) == 1 ? (int64_t)H5Sget_simple_extent_npoints(space) : -1;
	bool real = H5Tget_class(type) == H5T_FLOAT;
	tw_status status = TW_OK;
	void *values = NULL;
	if (size != dimension || !real)
		status = tw_fail(TW_IO, "%s: the dataset `theta` should be a vector of %" PRId64 " reals", path, dimension);
	if (status == TW_OK) status = tw_alloc_array(&values, dimension, sizeof(double), "theta");
	if (status == TW_OK && H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
		status = tw_fail(TW_IO, "%s: the dataset `theta` cannot be read: the file is damaged", path);
	H5Tclose(type);
	H5Sclose(space);
	H5Dclose(set);
	if (status != TW_OK)
		tw_free(values);
	else
		*theta = values;
	return status;
}

static tw_status get_model(hid_t file, const char *path, tw_network *network, tw_precision *precision, double **theta)
{
	char text[NAME_SIZE];
	int64_t version = 0;
	TW_TRY(get_text(file, path, "format", text));
	TW_CHECK(strcmp(text, "thalweg model") == 0, TW_IO, "%s: not a thalweg model but a `%s`", path, text);
	TW_TRY(get_integer(file, path, "version", 1, MODEL_VERSION, &version));
	TW_TRY(get_text(file, path, "precision", text));
	*precision = strcmp(text, tw_precision_name(TW_DOUBLE)) == 0 ? TW_DOUBLE : TW_FLOAT;
	TW_CHECK(strcmp(text, tw_precision_name(*precision)) == 0, TW_IO, "%s: the precision `%s` is not known", path,
	         text);
	TW_TRY(get_network(file, path, network));
	return get_theta(file, path, tw_network_dimension(network), theta);
}

tw_status tw_model_read(const char *file, tw_network *network, tw_precision *precision, double **theta)
{
	FILE *probe = fopen(file, "rb");
	TW_CHECK(probe, TW_IO, "%s: cannot be read: %s", file, strerror(errno));
	fclose(probe);
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_file_locking(access, false, true); /* reading needs no lock, and some network file systems have none */
	hid_t model = H5Fopen(file, H5F_ACC_RDONLY, access);
	H5Pclose(access);
	TW_CHECK(model >= 0, TW_IO, "%s: not an HDF5 file, or cut short", file);
	tw_status status = get_model(model, file, network, precision, theta);
	H5Fclose(model);
	return status;
}

/* ---- npy ----------------------------------------------------------------------------------------------------- */

/* Finds `'key': ` in the header's dictionary and returns what follows it. */
static const char *npy_value(const char *header, const char *key)
{
	char quoted[NAME_SIZE];
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
