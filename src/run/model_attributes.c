/* A network as attributes of an HDF5 file or group. */
#include "run/model_attributes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

bool tw_model_put_text(hid_t where, const char *name, const char *text)
{
	hid_t type = H5Tcopy(H5T_C_S1);
	bool good = H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
	            put_attribute(where, name, type, 1, &text);
	H5Tclose(type);
	return good;
}

bool tw_model_put_integer(hid_t where, const char *name, int64_t value)
{
	return put_attribute(where, name, H5T_NATIVE_INT64, 1, &value);
}

bool tw_model_put_real(hid_t where, const char *name, double value)
{
	return put_attribute(where, name, H5T_NATIVE_DOUBLE, 1, &value);
}

static void activation_attribute(const char *parameter, char out[TW_MODEL_TEXT])
{
	snprintf(out, TW_MODEL_TEXT, "activation_%s", parameter);
}

bool tw_model_put_network(hid_t where, const tw_network *network)
{
	const tw_activation_info *activation = tw_activation_info_of(network->activation);
	bool good = tw_model_put_integer(where, "layers", network->layers) &&
	            put_attribute(where, "widths", H5T_NATIVE_INT64, network->layers + 1, network->width) &&
	            tw_model_put_text(where, "activation", activation->name) &&
	            tw_model_put_text(where, "output", tw_output_name((int)network->output)) &&
	            tw_model_put_integer(where, "bias", network->bias);
	for (int i = 0; good && activation->parameters[i].name; i++) {
		char name[TW_MODEL_TEXT];
		activation_attribute(activation->parameters[i].name, name);
		good = put_attribute(where, name, H5T_NATIVE_DOUBLE, 1, &network->activation_value[i]);
	}
	return good;
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

tw_status tw_model_get_integer(hid_t file, const char *path, const char *name, int64_t low, int64_t high,
                               int64_t *value)
{
	TW_TRY(get_attribute(file, path, name, H5T_NATIVE_INT64, 1, value));
	TW_CHECK(*value >= low && *value <= high, TW_IO,
	         "%s: the attribute `%s` is %" PRId64 ", not from %" PRId64 " to %" PRId64, path, name, *value, low, high);
	return TW_OK;
}

tw_status tw_model_get_real(hid_t file, const char *path, const char *name, double *value)
{
	return get_attribute(file, path, name, H5T_NATIVE_DOUBLE, 1, value);
}

/* A text attribute of fixed or variable length. */
tw_status tw_model_get_text(hid_t file, const char *path, const char *name, char out[TW_MODEL_TEXT])
{
	hid_t attribute = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : -1;
	TW_CHECK(attribute >= 0, TW_IO, "%s: not a thalweg model: the attribute `%s` is missing", path, name);
	hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
	bool good = H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1;
	out[0] = 0;
	if (good && H5Tis_variable_str(type) > 0) {
		char *text = NULL;
		good = H5Aread(attribute, type, &text) >= 0 && text;
		if (good) snprintf(out, TW_MODEL_TEXT, "%s", text);
		if (text) H5free_memory(text);
	} else if (good) {
		char text[TW_MODEL_TEXT] = {0};
		good = H5Tget_size(type) < TW_MODEL_TEXT && H5Aread(attribute, type, text) >= 0;
		if (good) memcpy(out, text, TW_MODEL_TEXT);
	}
	H5Sclose(space);
	H5Tclose(type);
	H5Aclose(attribute);
	TW_CHECK(good, TW_IO, "%s: the attribute `%s` should be a text", path, name);
	return TW_OK;
}

static tw_status get_activation(hid_t file, const char *path, tw_network *network)
{
	char text[TW_MODEL_TEXT];
	TW_TRY(tw_model_get_text(file, path, "activation", text));
	network->activation = tw_activation_find(text);
	TW_CHECK(network->activation >= 0, TW_IO, "%s: the activation `%s` is not known", path, text);
	const tw_parameter *parameter = tw_activation_info_of(network->activation)->parameters;
	for (int i = 0; parameter[i].name; i++) {
		char name[TW_MODEL_TEXT];
		activation_attribute(parameter[i].name, name);
		TW_TRY(get_attribute(file, path, name, H5T_NATIVE_DOUBLE, 1, &network->activation_value[i]));
	}
	return TW_OK;
}

tw_status tw_model_get_network(hid_t file, const char *path, tw_network *network)
{
	char text[TW_MODEL_TEXT];
	int64_t layers = 0, bias = 0;
	memset(network, 0, sizeof *network);
	TW_TRY(tw_model_get_integer(file, path, "layers", 1, TW_MAX_LAYERS, &layers));
	network->layers = (int)layers;
	TW_TRY(get_attribute(file, path, "widths", H5T_NATIVE_INT64, layers + 1, network->width));
	TW_TRY(get_activation(file, path, network));
	TW_TRY(tw_model_get_text(file, path, "output", text));
	int output = 0;
	while (tw_output_name(output) && strcmp(tw_output_name(output), text) != 0) output++;
	TW_CHECK(tw_output_name(output), TW_IO, "%s: the output function `%s` is not known", path, text);
	network->output = (tw_output)output;
	TW_TRY(tw_model_get_integer(file, path, "bias", 0, 1, &bias));
	network->bias = bias != 0;
	TW_CHECK(tw_network_check(network) == TW_OK, TW_IO, "%s: the widths do not make a network", path);
	return TW_OK;
}
