/* Checkpoints on disk: an HDF5 file, made and read in memory, and behind it a line with the checksum of its bytes: HDF5
 * is never given a damaged file. */
#include "run/checkpoint.h"

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "run/file.h"
#include "run/model_attributes.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { VERSION = 1, SEAL = TW_CHECKPOINT_SEAL };
static const char format_name[] = "thalweg checkpoint";
static const char seal_name[] = "thalweg checkpoint xxh128";

/* ---- in memory ----------------------------------------------------------------------------------------------- */

void tw_checkpoint_free(tw_checkpoint *checkpoint)
{
	if (!checkpoint) return;
	tw_free(checkpoint->configuration);
	tw_free(checkpoint->theta);
	for (int i = 0; i < TW_MAX_UPDATE_VECTORS; i++) tw_free(checkpoint->vector[i]);
	tw_free(checkpoint->theory);
	tw_free(checkpoint);
}

static tw_status make_vectors(tw_checkpoint *checkpoint, int64_t reals)
{
	static const char what[] = "a checkpoint";
	const size_t real = tw_real_size(checkpoint->precision);
	TW_TRY(tw_alloc_array(&checkpoint->theta, reals, real, what));
	for (int i = 0; i < checkpoint->vectors; i++) TW_TRY(tw_alloc_array(&checkpoint->vector[i], reals, real, what));
	if (checkpoint->theory_values == 0) return TW_OK;
	return tw_alloc_array((void **)&checkpoint->theory, checkpoint->theory_values, sizeof(double), what);
}

tw_status tw_checkpoint_make_in_order(tw_precision precision, int64_t dimension, const int64_t *position, int64_t reals,
                                      int vectors, int64_t theory_values, tw_checkpoint **out)
{
	tw_checkpoint *checkpoint = NULL;
	*out = NULL;
	TW_TRY(tw_alloc((void **)&checkpoint, sizeof *checkpoint, "a checkpoint"));
	checkpoint->precision = precision;
	checkpoint->dimension = dimension;
	checkpoint->vectors = vectors;
	checkpoint->theory_values = theory_values;
	checkpoint->position = position;
	tw_status status = make_vectors(checkpoint, reals);
	if (status != TW_OK)
		tw_checkpoint_free(checkpoint);
	else
		*out = checkpoint;
	return status;
}

tw_status tw_checkpoint_make(tw_precision precision, int64_t dimension, int vectors, int64_t theory_values,
                             tw_checkpoint **out)
{
	return tw_checkpoint_make_in_order(precision, dimension, NULL, dimension, vectors, theory_values, out);
}

/* ---- what is in a file --------------------------------------------------------------------------------------- */

typedef enum { FIELD_INT, FIELD_INTEGER, FIELD_REAL, FIELD_TEXT } field_kind;
typedef struct {
	const char *name;
	field_kind kind;
	size_t offset;
} field;
#define FIELD(name, kind, member)                   \
	{                                               \
		name, kind, offsetof(tw_checkpoint, member) \
	}

/* Attributes of the file, besides format, version, precision and the digest of the configuration. */
static const field fields[] = {
    FIELD("program", FIELD_TEXT, program),
    FIELD("revision", FIELD_TEXT, revision),
    FIELD("instruction_set", FIELD_TEXT, isa),
    FIELD("train_checksum", FIELD_INTEGER, train_checksum),
    FIELD("test_checksum", FIELD_INTEGER, test_checksum),
    FIELD("stages", FIELD_INT, course.stages),
    FIELD("stage", FIELD_INT, course.at),
    FIELD("step", FIELD_INTEGER, course.step),
    FIELD("stage_step", FIELD_INTEGER, course.stage_step),
    FIELD("observations", FIELD_INTEGER, course.observations),
    FIELD("set_size", FIELD_INTEGER, course.set_size),
    FIELD("updates", FIELD_INTEGER, updates),
    FIELD("step_size", FIELD_REAL, step_size),
    FIELD("norms_squared", FIELD_REAL, norms_squared),
    FIELD("norms", FIELD_INTEGER, norms),
    FIELD("seconds", FIELD_REAL, seconds),
    FIELD("metrics_bytes", FIELD_INTEGER, metrics_bytes),
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* The state of schedules and stop rules, a row a stage. */
typedef struct {
	double schedule[TW_MAX_STAGES][TW_SCHEDULE_STATE], best[TW_MAX_STAGES];
	int64_t since_best[TW_MAX_STAGES];
} stage_states;

static const char *vector_name(int i)
{
	static const char *const names[TW_MAX_UPDATE_VECTORS] = {"update_0", "update_1"};
	return names[i];
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static bool put_array(hid_t file, const char *name, hid_t disk, hid_t memory, int64_t count, const void *values)
{
	const hsize_t size = (hsize_t)count;
	hid_t space = H5Screate_simple(1, &size, NULL);
	hid_t set = H5Dcreate2(file, name, disk, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	const bool good = set >= 0 && H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
	if (set >= 0) H5Dclose(set);
	H5Sclose(space);
	return good;
}

static bool put_field(hid_t file, const tw_checkpoint *checkpoint, const field *field)
{
	const char *at = (const char *)checkpoint + field->offset;
	switch (field->kind) {
	case FIELD_INT:
		return tw_model_put_integer(file, field->name, *(const int *)at);
	case FIELD_INTEGER:
		return tw_model_put_integer(file, field->name, *(const int64_t *)at);
	case FIELD_REAL:
		return tw_model_put_real(file, field->name, *(const double *)at);
	default:
		return tw_model_put_text(file, field->name, at);
	}
}

static bool put_stages(hid_t file, const tw_course *course)
{
	stage_states states = {0};
	for (int s = 0; s < course->stages; s++) {
		memcpy(states.schedule[s], course->stage[s].schedule.state, sizeof states.schedule[s]);
		states.best[s] = course->stage[s].stop.best;
		states.since_best[s] = course->stage[s].stop.since_best;
	}
	const int stages = course->stages;
	return put_array(file, "schedule", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, stages * TW_SCHEDULE_STATE,
	                 states.schedule) &&
	       put_array(file, "best", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, stages, states.best) &&
	       put_array(file, "since_best", H5T_STD_I64LE, H5T_NATIVE_INT64, stages, states.since_best);
}

/* Parameters in canonical order: bits are copied, whatever they mean. */
static void arrange(const tw_checkpoint *checkpoint, const void *vector, void *canonical)
{
	const int64_t *position = checkpoint->position;
	if (checkpoint->precision == TW_FLOAT) {
		const uint32_t *from = vector;
		uint32_t *to = canonical;
		for (int64_t i = 0; i < checkpoint->dimension; i++) to[i] = from[position[i]];
	} else {
		const uint64_t *from = vector;
		uint64_t *to = canonical;
		for (int64_t i = 0; i < checkpoint->dimension; i++) to[i] = from[position[i]];
	}
}

/* theta, or a vector of the update rule. */
static bool put_vector(hid_t file, const tw_checkpoint *checkpoint, const char *name, const void *vector)
{
	const bool narrow = checkpoint->precision == TW_FLOAT;
	const hid_t disk = narrow ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, memory = narrow ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
	if (!checkpoint->position) return put_array(file, name, disk, memory, checkpoint->dimension, vector);
	void *canonical = NULL;
	if (tw_alloc_array(&canonical, checkpoint->dimension, tw_real_size(checkpoint->precision), name) != TW_OK)
		return false;
	arrange(checkpoint, vector, canonical);
	const bool good = put_array(file, name, disk, memory, checkpoint->dimension, canonical);
	tw_free(canonical);
	return good;
}

static bool put_vectors(hid_t file, const tw_checkpoint *checkpoint)
{
	bool good = put_vector(file, checkpoint, "theta", checkpoint->theta);
	for (int i = 0; good && i < checkpoint->vectors; i++)
		good = put_vector(file, checkpoint, vector_name(i), checkpoint->vector[i]);
	if (good && checkpoint->theory_values > 0)
		good =
		    put_array(file, "theory", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, checkpoint->theory_values, checkpoint->theory);
	return good;
}

static bool put_all(hid_t file, const tw_checkpoint *checkpoint)
{
	char digest[65];
	const char *text = checkpoint->configuration;
	tw_sha256(text, strlen(text), digest);
	bool good = tw_model_put_text(file, "format", format_name) && tw_model_put_integer(file, "version", VERSION) &&
	            tw_model_put_text(file, "precision", tw_precision_name(checkpoint->precision)) &&
	            tw_model_put_integer(file, "dimension", checkpoint->dimension) &&
	            tw_model_put_integer(file, "vectors", checkpoint->vectors) &&
	            tw_model_put_integer(file, "theory_values", checkpoint->theory_values) &&
	            tw_model_put_text(file, "configuration_sha256", digest) &&
	            put_array(file, "configuration", H5T_STD_U8LE, H5T_NATIVE_UINT8, (int64_t)strlen(text), text);
	for (int i = 0; good && i < FIELDS; i++) good = put_field(file, checkpoint, &fields[i]);
	return good && put_stages(file, &checkpoint->course) && put_vectors(file, checkpoint);
}

void tw_checkpoint_seal(const void *bytes, size_t size, char out[SEAL])
{
	const XXH128_hash_t sum = XXH3_128bits(bytes, size);
	memset(out, 0, SEAL);
	snprintf(out, SEAL, "%s %016" PRIx64 "%016" PRIx64 "\n", seal_name, (uint64_t)sum.high64, (uint64_t)sum.low64);
}

/* The file and its seal as bytes. */
static tw_status make_image(const char *path, const tw_checkpoint *checkpoint, void **bytes, size_t *size)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	const size_t growth =
	    (size_t)checkpoint->dimension * tw_real_size(checkpoint->precision) * (size_t)(1 + checkpoint->vectors) + 65536;
	H5Pset_fapl_core(access, growth, false);
	hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
	H5Pclose(access);
	TW_CHECK(file >= 0, TW_INTERNAL, "%s: the checkpoint could not be put together in memory", path);
	const bool good = put_all(file, checkpoint) && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
	const ssize_t length = good ? H5Fget_file_image(file, NULL, 0) : -1;
	tw_status status = TW_OK;
	if (length < 0) status = tw_fail(TW_INTERNAL, "%s: the checkpoint could not be put together in memory", path);
	if (status == TW_OK) status = tw_alloc(bytes, (size_t)length + SEAL, "a checkpoint file");
	if (status == TW_OK && H5Fget_file_image(file, *bytes, (size_t)length) != length) {
		tw_free(*bytes);
		status = tw_fail(TW_INTERNAL, "%s: the checkpoint could not be put together in memory", path);
	}
	H5Fclose(file);
	TW_TRY(status);
	tw_checkpoint_seal(*bytes, (size_t)length, (char *)*bytes + length);
	*size = (size_t)length + SEAL;
	return TW_OK;
}

tw_status tw_checkpoint_write(const char *file, const tw_checkpoint *checkpoint)
{
	void *bytes = NULL;
	size_t size = 0;
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	TW_TRY(make_image(file, checkpoint, &bytes, &size));
	tw_status status = tw_file_replace(file, bytes, size);
	tw_free(bytes);
	return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static tw_status get_array(hid_t file, const char *path, const char *name, hid_t type, int64_t count, void *values)
{
	hid_t set = H5Lexists(file, name, H5P_DEFAULT) > 0 ? H5Dopen2(file, name, H5P_DEFAULT) : -1;
	TW_CHECK(set >= 0, TW_IO, "%s: not a thalweg checkpoint: the dataset `%s` is missing", path, name);
	hid_t space = H5Dget_space(set);
	const bool good =
	    H5Sget_simple_extent_npoints(space) == count && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
	H5Sclose(space);
	H5Dclose(set);
	TW_CHECK(good, TW_IO, "%s: the dataset `%s` should hold %" PRId64 " values", path, name, count);
	return TW_OK;
}

static tw_status get_field(hid_t file, const char *path, tw_checkpoint *checkpoint, const field *field)
{
	char *at = (char *)checkpoint + field->offset;
	int64_t integer = 0;
	switch (field->kind) {
	case FIELD_INT:
		TW_TRY(tw_model_get_integer(file, path, field->name, 0, INT32_MAX, &integer));
		*(int *)at = (int)integer;
		return TW_OK;
	case FIELD_INTEGER:
		return tw_model_get_integer(file, path, field->name, INT64_MIN, INT64_MAX, (int64_t *)at);
	case FIELD_REAL:
		return tw_model_get_real(file, path, field->name, (double *)at);
	default:
		return tw_model_get_text(file, path, field->name, at);
	}
}

static tw_status get_stages(hid_t file, const char *path, tw_course *course)
{
	stage_states states;
	const int stages = course->stages;
	TW_CHECK(stages >= 1 && stages <= TW_MAX_STAGES && course->at < stages, TW_IO, "%s: a checkpoint of stage %d of %d",
	         path, course->at, stages);
	TW_TRY(get_array(file, path, "schedule", H5T_NATIVE_DOUBLE, stages * TW_SCHEDULE_STATE, states.schedule));
	TW_TRY(get_array(file, path, "best", H5T_NATIVE_DOUBLE, stages, states.best));
	TW_TRY(get_array(file, path, "since_best", H5T_NATIVE_INT64, stages, states.since_best));
	for (int s = 0; s < stages; s++) {
		memcpy(course->stage[s].schedule.state, states.schedule[s], sizeof states.schedule[s]);
		course->stage[s].stop.best = states.best[s];
		course->stage[s].stop.since_best = states.since_best[s];
	}
	return TW_OK;
}

static tw_status get_vectors(hid_t file, const char *path, tw_checkpoint *checkpoint)
{
	hid_t type = checkpoint->precision == TW_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
	TW_TRY(get_array(file, path, "theta", type, checkpoint->dimension, checkpoint->theta));
	for (int i = 0; i < checkpoint->vectors; i++)
		TW_TRY(get_array(file, path, vector_name(i), type, checkpoint->dimension, checkpoint->vector[i]));
	if (checkpoint->theory_values == 0) return TW_OK;
	return get_array(file, path, "theory", H5T_NATIVE_DOUBLE, checkpoint->theory_values, checkpoint->theory);
}

static tw_status get_configuration(hid_t file, const char *path, tw_checkpoint *checkpoint)
{
	hid_t set = H5Lexists(file, "configuration", H5P_DEFAULT) > 0 ? H5Dopen2(file, "configuration", H5P_DEFAULT) : -1;
	TW_CHECK(set >= 0, TW_IO, "%s: not a thalweg checkpoint: the dataset `configuration` is missing", path);
	hid_t space = H5Dget_space(set);
	const int64_t length = H5Sget_simple_extent_npoints(space);
	H5Sclose(space);
	H5Dclose(set);
	TW_CHECK(length > 0, TW_IO, "%s: the dataset `configuration` is empty", path);
	TW_TRY(tw_alloc((void **)&checkpoint->configuration, (size_t)length + 1, "a configuration"));
	return get_array(file, path, "configuration", H5T_NATIVE_UINT8, length, checkpoint->configuration);
}

static tw_status get_all(hid_t file, const char *path, tw_checkpoint *checkpoint)
{
	TW_TRY(get_configuration(file, path, checkpoint));
	for (int i = 0; i < FIELDS; i++) TW_TRY(get_field(file, path, checkpoint, &fields[i]));
	TW_TRY(get_stages(file, path, &checkpoint->course));
	return get_vectors(file, path, checkpoint);
}

static tw_status get_checkpoint(hid_t file, const char *path, size_t size, tw_checkpoint **out)
{
	char text[TW_MODEL_TEXT];
	int64_t version, dimension, vectors, theory;
	TW_TRY(tw_model_get_text(file, path, "format", text));
	TW_CHECK(strcmp(text, format_name) == 0, TW_IO, "%s: not a thalweg checkpoint but a `%s`", path, text);
	TW_TRY(tw_model_get_integer(file, path, "version", 1, VERSION, &version));
	TW_TRY(tw_model_get_text(file, path, "precision", text));
	TW_TRY(tw_model_get_integer(file, path, "dimension", 1, (int64_t)size, &dimension));
	TW_TRY(tw_model_get_integer(file, path, "vectors", 0, TW_MAX_UPDATE_VECTORS, &vectors));
	TW_TRY(tw_model_get_integer(file, path, "theory_values", 0, (int64_t)size, &theory));
	const tw_precision precision = strcmp(text, tw_precision_name(TW_FLOAT)) == 0 ? TW_FLOAT : TW_DOUBLE;
	TW_TRY(tw_checkpoint_make(precision, dimension, (int)vectors, theory, out));
	tw_status status = get_all(file, path, *out);
	if (status == TW_OK) return TW_OK;
	tw_checkpoint_free(*out);
	*out = NULL;
	return status;
}

static tw_status open_image(const char *path, void *bytes, size_t size, tw_checkpoint **out)
{
	char seal[SEAL], name[PATH_MAX + 8];
	TW_CHECK(size > SEAL, TW_IO, "%s: cut short: %zu bytes", path, size);
	tw_checkpoint_seal(bytes, size - SEAL, seal);
	TW_CHECK(memcmp(seal, (const char *)bytes + size - SEAL, SEAL) == 0, TW_IO,
	         "%s: damaged: its bytes do not have the checksum at its end", path);
	hid_t access = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_fapl_core(access, 65536, false);
	H5Pset_file_image(access, bytes, size - SEAL);
	snprintf(name, sizeof name, "%s/image", path); /* HDF5 wants the name of a file that is not there */
	hid_t file = H5Fopen(name, H5F_ACC_RDONLY, access);
	H5Pclose(access);
	TW_CHECK(file >= 0, TW_IO, "%s: not an HDF5 file", path);
	tw_status status = get_checkpoint(file, path, size, out);
	H5Fclose(file);
	return status;
}

tw_status tw_checkpoint_read(const char *file, tw_checkpoint **out)
{
	char *bytes = NULL;
	size_t size = 0;
	*out = NULL;
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	TW_TRY(tw_file_read(file, &bytes, &size));
	tw_status status = open_image(file, bytes, size, out);
	tw_free(bytes);
	return status;
}
