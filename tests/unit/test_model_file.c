/* Models on disk: round trips over the registries, theta from .npy, files that are no models. */
#include <thalweg/run.h>

#include <hdf5.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

static char base[64];

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", base, name);
	return path;
}

static double number(int64_t i) { return tw_random_normal((tw_random){1, TW_RANDOM_TEST, 0}, 0, (uint64_t)i); }

static double *make_theta(const tw_network *network)
{
	void *theta = NULL;
	CU_ASSERT_EQUAL_FATAL(tw_alloc_array(&theta, tw_network_dimension(network), sizeof(double), "theta"), TW_OK);
	for (int64_t i = 0; i < tw_network_dimension(network); i++) ((double *)theta)[i] = number(i);
	return theta;
}

static tw_network make_network(int activation, tw_output output, bool bias, int hidden)
{
	tw_network network = {.layers = hidden + 1, .width = {3}, .activation = activation, .output = output, .bias = bias};
	for (int l = 1; l <= hidden; l++) network.width[l] = 4 + l;
	network.width[hidden + 1] = 2;
	const tw_parameter *parameters = tw_activation_info_of(activation)->parameters;
	for (int i = 0; parameters[i].name; i++)
		network.activation_value[i] = 0.25 * parameters[i].low + 0.75 * parameters[i].initial;
	return network;
}

static void check_round_trip(tw_network network, tw_precision precision)
{
	double *theta = make_theta(&network), *read = NULL;
	tw_network found;
	tw_precision found_precision;
	CHECK_OK(tw_model_write(path_of("model.h5"), &network, precision, theta));
	CHECK_OK(tw_model_read(path_of("model.h5"), &found, &found_precision, &read));
	CU_ASSERT(tw_network_equal(&network, &found));
	CU_ASSERT_EQUAL(found_precision, precision);
	int different = 0;
	for (int64_t i = 0; i < tw_network_dimension(&network); i++)
		different += read[i] != (precision == TW_FLOAT ? (double)(float)theta[i] : theta[i]);
	CU_ASSERT_EQUAL(different, 0);
	tw_free(theta);
	tw_free(read);
}

static void every_network_comes_back(void)
{
	for (int activation = 0; activation < tw_activation_count(); activation++)
		for (int output = 0; tw_output_name(output); output++)
			for (int hidden = 0; hidden < 3; hidden++) {
				check_round_trip(make_network(activation, (tw_output)output, hidden != 1, hidden), TW_FLOAT);
				check_round_trip(make_network(activation, (tw_output)output, hidden != 2, hidden), TW_DOUBLE);
			}
	CU_ASSERT(access(path_of("model.h5.part"), F_OK) != 0);
}

static void theta_is_little_endian_reals(void)
{
	tw_network network = make_network(0, TW_OUTPUT_IDENTITY, true, 1);
	int64_t dimension = tw_network_dimension(&network);
	double *theta = make_theta(&network);
	CHECK_OK(tw_model_write(path_of("model.h5"), &network, TW_FLOAT, theta));
	hid_t file = H5Fopen(path_of("model.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
	hid_t set = H5Dopen2(file, "theta", H5P_DEFAULT), type = H5Dget_type(set);
	CU_ASSERT(H5Tequal(type, H5T_IEEE_F32LE) > 0);
	float *reals = malloc((size_t)dimension * sizeof *reals);
	CU_ASSERT(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, reals) >= 0);
	char of_file[65], of_theta[65];
	tw_sha256(reals, (size_t)dimension * sizeof *reals, of_file);
	CU_ASSERT_EQUAL(tw_theta_sha256(TW_FLOAT, theta, dimension, of_theta), TW_OK);
	CU_ASSERT_STRING_EQUAL(of_file, of_theta);
	free(reals);
	tw_free(theta);
	H5Tclose(type);
	H5Dclose(set);
	H5Fclose(file);
}

static void put_npy(const char *name, const char *header, const void *bytes, size_t size)
{
	FILE *file = fopen(path_of(name), "wb");
	CU_ASSERT_FATAL(file != NULL);
	int padded = (10 + (int)strlen(header) + 1 + 63) / 64 * 64 - 10;
	fwrite("\x93NUMPY\x01\x00", 1, 8, file);
	fputc(padded, file);
	fputc(0, file);
	fprintf(file, "%-*s\n", padded - 1, header);
	fwrite(bytes, 1, size, file);
	fclose(file);
}

static void theta_from_npy(void)
{
	const float narrow[] = {1.5f, -2, 0.1f};
	const double wide[] = {1.5, -2, 0.1};
	double *theta = NULL;
	put_npy("f.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", narrow, sizeof narrow);
	CHECK_OK(tw_theta_read_npy(path_of("f.npy"), 3, &theta));
	for (int i = 0; i < 3; i++) CU_ASSERT_EQUAL(theta[i], (double)narrow[i]);
	tw_free(theta);
	put_npy("d.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", wide, sizeof wide);
	CHECK_OK(tw_theta_read_npy(path_of("d.npy"), 3, &theta));
	for (int i = 0; i < 3; i++) CU_ASSERT_EQUAL(theta[i], wide[i]);
	tw_free(theta);
}

static void npy_files_that_do_not_fit(void)
{
	const double wide[] = {1.5, -2, 0.1, 4};
	double *theta = NULL;
	put_npy("d.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", wide, sizeof wide);
	CU_ASSERT_EQUAL(tw_theta_read_npy(path_of("d.npy"), 3, &theta), TW_IO);
	CU_ASSERT(strstr(tw_message(), "4 values") && strstr(tw_message(), "3 parameters"));
	put_npy("d.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }", wide, sizeof wide - 1);
	CU_ASSERT_EQUAL(tw_theta_read_npy(path_of("d.npy"), 4, &theta), TW_IO);
	put_npy("d.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", wide, sizeof wide);
	CU_ASSERT_EQUAL(tw_theta_read_npy(path_of("d.npy"), 4, &theta), TW_IO);
	put_npy("d.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }", wide, sizeof wide);
	CU_ASSERT_EQUAL(tw_theta_read_npy(path_of("d.npy"), 4, &theta), TW_IO);
	CU_ASSERT_EQUAL(tw_theta_read_npy(path_of("nowhere.npy"), 4, &theta), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "nowhere.npy"));
}

/* An HDF5 file with nothing but what is asked for. */
static void put_hdf5(const char *name, bool with_format)
{
	hid_t file = H5Fcreate(path_of(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	if (with_format) {
		hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
		H5Tset_size(type, 14);
		hid_t attribute = H5Acreate2(file, "format", type, space, H5P_DEFAULT, H5P_DEFAULT);
		H5Awrite(attribute, type, "thalweg model");
		H5Aclose(attribute);
		H5Sclose(space);
		H5Tclose(type);
	}
	H5Fclose(file);
}

static void files_that_are_no_models(void)
{
	tw_network network;
	tw_precision precision;
	double *theta = NULL;
	CU_ASSERT_EQUAL(tw_model_read(path_of("nowhere.h5"), &network, &precision, &theta), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "nowhere.h5"));
	put_hdf5("empty.h5", false);
	CU_ASSERT_EQUAL(tw_model_read(path_of("empty.h5"), &network, &precision, &theta), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "format"));
	put_hdf5("format.h5", true);
	CU_ASSERT_EQUAL(tw_model_read(path_of("format.h5"), &network, &precision, &theta), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "version"));

	network = make_network(0, TW_OUTPUT_IDENTITY, true, 2);
	theta = make_theta(&network);
	CHECK_OK(tw_model_write(path_of("short.h5"), &network, TW_DOUBLE, theta));
	tw_free(theta);
	CU_ASSERT_EQUAL(truncate(path_of("short.h5"), 1000), 0);
	CU_ASSERT_EQUAL(tw_model_read(path_of("short.h5"), &network, &precision, &theta), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "short.h5"));
	CU_ASSERT_EQUAL(tw_model_read(base, &network, &precision, &theta), TW_IO);
}

/* One byte of a model changed, anywhere: never a crash, never another theta. */
static void a_damaged_model_is_told(void)
{
	tw_network network = make_network(0, TW_OUTPUT_IDENTITY, true, 2), found;
	tw_precision precision;
	double *theta = make_theta(&network), *read = NULL;
	const int64_t dimension = tw_network_dimension(&network);
	CHECK_OK(tw_model_write(path_of("flip.h5"), &network, TW_DOUBLE, theta));
	FILE *file = fopen(path_of("flip.h5"), "r+b");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fseek(file, 0, SEEK_END);
	long size = ftell(file), refused = 0, places = 0;
	for (long at = 0; at < size; at += at + 90 < size ? 7 : 1, places++) {
		fseek(file, at, SEEK_SET);
		int byte = fgetc(file);
		fseek(file, at, SEEK_SET);
		fputc(byte ^ 0x61, file);
		fflush(file);
		tw_status status = tw_model_read(path_of("flip.h5"), &found, &precision, &read);
		if (status == TW_OK) {
			CU_ASSERT_EQUAL(memcmp(theta, read, (size_t)dimension * sizeof *theta), 0);
			tw_free(read);
		}
		refused += status == TW_IO;
		fseek(file, at, SEEK_SET);
		fputc(byte, file);
	}
	fclose(file);
	/* What is no seal any more does not seal. */
	CU_ASSERT(places - refused <= 15);
	CHECK_OK(tw_model_read(path_of("flip.h5"), &found, &precision, &read));
	tw_free(read);
	tw_free(theta);
}

static void initial_theta_of_a_model(void)
{
	tw_comm *comm;
	CHECK_OK(tw_comm_self(&comm));
	tw_network network = make_network(0, TW_OUTPUT_IDENTITY, true, 2), other = network;
	double *theta = make_theta(&network), *loaded = make_theta(&network);
	CHECK_OK(tw_model_write(path_of("model.h5"), &network, TW_DOUBLE, theta));
	memset(loaded, 0, (size_t)tw_network_dimension(&network) * sizeof *loaded);
	CHECK_OK(tw_theta_load(comm, path_of("model.h5"), &network, loaded));
	CU_ASSERT_EQUAL(memcmp(theta, loaded, (size_t)tw_network_dimension(&network) * sizeof *theta), 0);
	other.width[1]++;
	CU_ASSERT_EQUAL(tw_theta_load(comm, path_of("model.h5"), &other, loaded), TW_IO);
	CU_ASSERT(strstr(tw_message(), "3-5-6-2") && strstr(tw_message(), "3-6-6-2"));
	tw_free(theta);
	tw_free(loaded);
	tw_comm_free(comm);
}

static void writing_fails_cleanly(void)
{
	tw_network network = make_network(0, TW_OUTPUT_IDENTITY, true, 1);
	double *theta = make_theta(&network);
	CU_ASSERT_EQUAL(tw_model_write(path_of("nowhere/model.h5"), &network, TW_FLOAT, theta), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "nowhere/model.h5"));
	tw_free(theta);
}

int main(void)
{
	const char *folder = getenv("TMPDIR");
	snprintf(base, sizeof base, "%.40s/thalweg-XXXXXX", folder && *folder ? folder : "/tmp");
	if (!mkdtemp(base)) {
		perror(base);
		return 1;
	}
	CU_TestInfo tests[] = {
	    {"every network comes back", every_network_comes_back},
	    {"theta is little-endian reals", theta_is_little_endian_reals},
	    {"theta from .npy", theta_from_npy},
	    {".npy files that do not fit", npy_files_that_do_not_fit},
	    {"files that are no models", files_that_are_no_models},
	    {"a damaged model is told", a_damaged_model_is_told},
	    {"initial theta of a model", initial_theta_of_a_model},
	    {"writing fails cleanly", writing_fails_cleanly},
	    CU_TEST_INFO_NULL,
	};
	int failures = suite_run("model_file", tests, 0);
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", base);
	if (system(command) != 0) fprintf(stderr, "%s: not removed\n", base);
	return failures != 0;
}
