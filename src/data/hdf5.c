/* HDF5: one data set whose first axis counts the observations, read by hyperslab. */
#include "data/table.h"

#include <hdf5.h>
#include <string.h>
#include <unistd.h>

/* No filter makes more numbers of the bytes that it reads; a set that was never written has none. */
enum { MAX_INFLATION = 1 << 16 };
enum { MAX_AXES = 4, LIST_BYTES = 200, CHUNK_CACHE_BYTES = 16 << 20, BUFFER_VALUES = 1 << 16 };

typedef struct {
	const char *file;
	hid_t handle, set, space;
	int axes;
	hsize_t size[MAX_AXES];
	float *buffer; /* data sets of single precision; NULL: others */
} hdf5;

static void hdf5_release(hdf5 *self)
{
	if (!self) return;
	if (self->space >= 0) H5Sclose(self->space);
	if (self->set >= 0) H5Dclose(self->set);
	if (self->handle >= 0) H5Fclose(self->handle);
	tw_free(self->buffer);
	tw_free(self);
}

/* Appends the name of a data set to a list for people. */
static herr_t hdf5_list_one(hid_t group, const char *name, const H5L_info_t *info, void *list)
{
	(void)info;
	hid_t object = H5Oopen(group, name, H5P_DEFAULT);
	if (object < 0) return 0;
	size_t used = strlen(list);
	if (H5Iget_type(object) == H5I_DATASET && used + strlen(name) + 8 < LIST_BYTES)
		snprintf((char *)list + used, LIST_BYTES - used, "%s%s", used ? ", " : "", name);
	H5Oclose(object);
	return 0;
}

static tw_status hdf5_no_set(const hdf5 *self, const char *name)
{
	char list[LIST_BYTES] = "";
	H5Lvisit(self->handle, H5_INDEX_NAME, H5_ITER_INC, hdf5_list_one, list);
	if (!name)
		return tw_fail(TW_USAGE, "%s: name the data set as %s:NAME; it holds: %s", self->file, self->file,
		               *list ? list : "none");
	return tw_fail(TW_IO, "%s: has no data set '%s'; it holds: %s", self->file, name, *list ? list : "none");
}

static tw_status hdf5_shape(hdf5 *self, tw_table *table, const char *name)
{
	hid_t type = H5Dget_type(self->set);
	H5T_class_t kind = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
	bool single = kind == H5T_FLOAT && H5Tget_size(type) <= sizeof(float);
	if (type >= 0) H5Tclose(type);
	TW_CHECK(kind == H5T_FLOAT || kind == H5T_INTEGER, TW_IO, "%s: data set '%s' does not hold numbers", self->file,
	         name);
	self->space = H5Dget_space(self->set);
	self->axes = self->space < 0 ? -1 : H5Sget_simple_extent_ndims(self->space);
	TW_CHECK(self->axes >= 1 && self->axes <= MAX_AXES, TW_IO,
	         "%s: data set '%s' has %d axes where 1 to %d are understood (the first counts the observations)",
	         self->file, name, self->axes, MAX_AXES);
	H5Sget_simple_extent_dims(self->space, self->size, NULL);
	bool huge = self->size[0] > INT64_MAX;
	int64_t values;
	table->rows = huge ? 0 : (int64_t)self->size[0];
	table->columns = 1;
	for (int i = 1; i < self->axes; i++)
		huge = huge || __builtin_mul_overflow(table->columns, self->size[i], &table->columns) ||
		       table->columns > INT32_MAX;
	huge = huge || __builtin_mul_overflow(table->rows, table->columns, &values);
	TW_CHECK(!huge, TW_IO, "%s: data set '%s' announces more numbers than can be; the file is damaged", self->file,
	         name);
	hsize_t stored = H5Dget_storage_size(self->set);
	TW_CHECK((hsize_t)values / MAX_INFLATION <= stored, TW_IO,
	         "%s: data set '%s' announces %lld numbers, but %lld bytes are stored; write them, or fetch it again",
	         self->file, name, (long long)values, (long long)stored);
	return single
	           ? tw_alloc_array((void **)&self->buffer, BUFFER_VALUES > table->columns ? BUFFER_VALUES : table->columns,
	                            sizeof(float), "the buffer of an HDF5 file")
	           : TW_OK;
}

static tw_status hdf5_prepare(hdf5 *self, tw_table *table, const char *name)
{
	int descriptor;
	int64_t size;
	TW_TRY(tw_open_file(self->file, &descriptor, &size));
	close(descriptor);
	hid_t opening = H5Pcreate(H5P_FILE_ACCESS);
	H5Pset_file_locking(opening, false, true); /* reading needs no lock, and some network file systems have none */
	self->handle = H5Fopen(self->file, H5F_ACC_RDONLY, opening);
	H5Pclose(opening);
	TW_CHECK(self->handle >= 0, TW_IO, "%s: is not an HDF5 file, or is damaged", self->file);
	if (!name) return hdf5_no_set(self, name);
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	H5Pset_chunk_cache(access, 12421, CHUNK_CACHE_BYTES, 1.0);
	self->set = H5Dopen2(self->handle, name, access);
	H5Pclose(access);
	return self->set < 0 ? hdf5_no_set(self, name) : hdf5_shape(self, table, name);
}

static tw_status hdf5_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)options;
	hdf5 *self;
	TW_TRY(tw_alloc((void **)&self, sizeof *self, "an HDF5 reader"));
	self->file = table->file;
	self->handle = self->set = self->space = -1;
	/* The library prints its own errors otherwise. */
	H5E_auto2_t print;
	void *print_data;
	H5Eget_auto2(H5E_DEFAULT, &print, &print_data);
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	tw_status status = hdf5_prepare(self, table, place->selection);
	H5Eset_auto2(H5E_DEFAULT, print, print_data);
	if (status != TW_OK) return hdf5_release(self), status;
	table->self = self;
	return TW_OK;
}

static tw_status hdf5_rows(hdf5 *self, int64_t first, int64_t count, hid_t type, void *out)
{
	hsize_t start[MAX_AXES] = {(hsize_t)first}, size[MAX_AXES];
	memcpy(size, self->size, sizeof size);
	size[0] = (hsize_t)count;
	hid_t memory = H5Screate_simple(self->axes, size, NULL);
	bool ok = memory >= 0 && H5Sselect_hyperslab(self->space, H5S_SELECT_SET, start, NULL, size, NULL) >= 0 &&
	          H5Dread(self->set, type, memory, self->space, H5P_DEFAULT, out) >= 0;
	if (memory >= 0) H5Sclose(memory);
	TW_CHECK(ok, TW_IO, "%s: reading rows %lld to %lld failed; the file is truncated or damaged", self->file,
	         (long long)first, (long long)(first + count - 1));
	return TW_OK;
}

static tw_status hdf5_pieces(hdf5 *self, int64_t columns, int64_t first, int64_t count, double *out)
{
	if (!self->buffer) return hdf5_rows(self, first, count, H5T_NATIVE_DOUBLE, out);
	int64_t piece = BUFFER_VALUES / columns > 1 ? BUFFER_VALUES / columns : 1;
	for (int64_t done = 0; done < count; done += piece) {
		int64_t rows = count - done < piece ? count - done : piece;
		TW_TRY(hdf5_rows(self, first + done, rows, H5T_NATIVE_FLOAT, self->buffer));
		for (int64_t i = 0; i < rows * columns; i++) out[done * columns + i] = (double)self->buffer[i];
	}
	return TW_OK;
}

static tw_status hdf5_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	H5E_auto2_t print;
	void *print_data;
	H5Eget_auto2(H5E_DEFAULT, &print, &print_data);
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	tw_status status = hdf5_pieces(table->self, table->columns, first, count, out);
	H5Eset_auto2(H5E_DEFAULT, print, print_data);
	return status;
}

static void hdf5_close(tw_table *table) { hdf5_release(table->self); }

const tw_format tw_hdf5_format = {
    .name = "hdf5",
    .help = "HDF5 data sets given as FILE:NAME, the first axis counts the observations",
    .parts = true,
    .open = hdf5_open,
    .read = hdf5_read,
    .close = hdf5_close,
};
