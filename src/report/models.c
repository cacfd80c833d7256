/* models.h5: the end points of a sweep, a group a cell, copied run by run from the journal. */
#include <thalweg/report.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/folder.h"
#include "run/file.h"
#include "run/model_attributes.h"
#include "run/seal.h"

enum { ROWS_BYTES = 1 << 22, METADATA_BYTES = 1 << 13 };

/* What is being written, and what failed last. */
typedef struct {
	const tw_sweep_plan *plan;
	const tw_journal *journal;
	char *path, *part;
	hid_t file;
} models;

static tw_status write_failed(const models *m)
{
	return tw_fail(TW_IO, "%s: cannot be written: %s", m->path, strerror(errno ? errno : EIO));
}

/* ---- a cell -------------------------------------------------------------------------------------------------- */

static int64_t finished_of(const models *m, const tw_cell *cell)
{
	int64_t count = 0;
	for (int64_t i = 0; i < cell->starts; i++) count += tw_journal_result(m->journal, cell->first_run + i) != NULL;
	return count;
}

/* A dataset without a date, so that the same sweep gives the same bytes. */
static hid_t make_set(hid_t group, const char *name, hid_t type, int axes, const hsize_t *size)
{
	hid_t space = H5Screate_simple(axes, size, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
	H5Pset_obj_track_times(creation, false);
	hid_t set = H5Dcreate2(group, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
	H5Pclose(creation);
	H5Sclose(space);
	return set;
}

static tw_status put_runs(const models *m, const tw_cell *cell, hid_t group, int64_t count)
{
	int64_t *number = NULL, at = 0;
	TW_TRY(tw_alloc_array((void **)&number, count, sizeof *number, "the numbers of the runs"));
	for (int64_t run = cell->first_run; run < cell->first_run + cell->starts; run++)
		if (tw_journal_result(m->journal, run)) number[at++] = run;
	hsize_t size = (hsize_t)count;
	hid_t set = make_set(group, "run", H5T_STD_I64LE, 1, &size);
	bool good = set >= 0 && H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, number) >= 0;
	if (set >= 0) H5Dclose(set);
	tw_free(number);
	return good ? TW_OK : write_failed(m);
}

static bool put_rows(hid_t set, hid_t type, hsize_t first, hsize_t rows, hsize_t columns, const void *reals)
{
	const hsize_t start[2] = {first, 0}, size[2] = {rows, columns};
	hid_t in_memory = H5Screate_simple(2, size, NULL), in_file = H5Dget_space(set);
	bool good = H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, size, NULL) >= 0 &&
	            H5Dwrite(set, type, in_memory, in_file, H5P_DEFAULT, reals) >= 0;
	H5Sclose(in_file);
	H5Sclose(in_memory);
	return good;
}

/* Copies the end points of a cell in blocks of rows. */
static tw_status copy_rows(const models *m, const tw_cell *cell, hid_t set, int64_t dimension, char *reals,
                           int64_t block)
{
	const tw_precision precision = cell->settings.precision;
	const hid_t type = precision == TW_FLOAT ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
	const int64_t bytes = dimension * (int64_t)tw_real_size(precision), end = cell->first_run + cell->starts;
	int64_t written = 0, rows = 0;
	for (int64_t run = cell->first_run; run < end; run++) {
		const tw_run_result *result = tw_journal_result(m->journal, run);
		if (result) {
			TW_CHECK(result->dimension == dimension, TW_INTERNAL,
			         "run %" PRId64 " has %" PRId64 " parameters, not %" PRId64, run, result->dimension, dimension);
			TW_TRY(tw_journal_read_theta(m->journal, run, reals + rows * bytes));
			rows++;
		}
		if (rows == 0 || (rows < block && run + 1 < end)) continue;
		errno = 0;
		if (!put_rows(set, type, (hsize_t)written, (hsize_t)rows, (hsize_t)dimension, reals)) return write_failed(m);
		written += rows;
		rows = 0;
	}
	return TW_OK;
}

static tw_status put_theta(const models *m, const tw_cell *cell, hid_t group, int64_t count, int64_t dimension)
{
	const tw_precision precision = cell->settings.precision;
	const int64_t bytes = dimension * (int64_t)tw_real_size(precision);
	const int64_t block = bytes < ROWS_BYTES ? ROWS_BYTES / bytes : 1;
	void *reals = NULL;
	TW_TRY(tw_alloc_array(&reals, count < block ? count : block, (size_t)bytes, "end points of the sweep"));
	const hsize_t size[2] = {(hsize_t)count, (hsize_t)dimension};
	hid_t set = make_set(group, "theta", precision == TW_FLOAT ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, 2, size);
	tw_status status = set >= 0 ? copy_rows(m, cell, set, dimension, reals, block) : write_failed(m);
	if (set >= 0) H5Dclose(set);
	tw_free(reals);
	return status;
}

static tw_status put_cell(const models *m, int c, const tw_network *network)
{
	const tw_cell *cell = &m->plan->cell[c];
	const int64_t count = finished_of(m, cell);
	char name[32];
	snprintf(name, sizeof name, "cell-%04d", c);
	errno = 0;
	hid_t group = H5Gcreate2(m->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (group < 0) return write_failed(m);
	bool good = tw_model_put_text(group, "name", cell->name) &&
	            tw_model_put_text(group, "precision", tw_precision_name(cell->settings.precision)) &&
	            tw_model_put_integer(group, "first_run", cell->first_run) &&
	            tw_model_put_integer(group, "starts", cell->starts) && tw_model_put_network(group, network);
	tw_status status = good ? put_runs(m, cell, group, count) : write_failed(m);
	if (status == TW_OK) status = put_theta(m, cell, group, count, tw_network_dimension(network));
	H5Gclose(group);
	return status;
}

/* ---- the file ------------------------------------------------------------------------------------------------ */

/* HDF5 does not recover from a full disk: whether the file has room is tried before it begins. */
static tw_status try_room(const models *m, const tw_network *networks)
{
	int64_t bytes = METADATA_BYTES;
	for (int c = 0; c < m->plan->cells; c++) {
		const size_t real = tw_real_size(m->plan->cell[c].settings.precision);
		bytes += METADATA_BYTES +
		         finished_of(m, &m->plan->cell[c]) * (8 + tw_network_dimension(&networks[c]) * (int64_t)real);
	}
	int file = open(m->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0) return write_failed(m);
	int error = posix_fallocate(file, 0, bytes);
	close(file);
	errno = error;
	return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO ? write_failed(m) : TW_OK;
}

static tw_status write_file(models *m, const tw_network *networks)
{
	errno = 0;
	m->file = H5Fcreate(m->part, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	if (m->file < 0) return write_failed(m);
	bool good = tw_model_put_text(m->file, "format", TW_MODELS_FORMAT) &&
	            tw_model_put_integer(m->file, "version", TW_MODELS_VERSION) &&
	            tw_model_put_integer(m->file, "cells", m->plan->cells) &&
	            tw_model_put_text(m->file, "plan", m->plan->digest);
	tw_status status = good ? TW_OK : write_failed(m);
	for (int c = 0; c < m->plan->cells && status == TW_OK; c++) status = put_cell(m, c, &networks[c]);
	errno = 0;
	bool closed = H5Fclose(m->file) >= 0;
	return status == TW_OK && !closed ? write_failed(m) : status;
}

static tw_status seal_and_rename(const models *m)
{
	int file = open(m->part, O_RDWR | O_CLOEXEC);
	if (file < 0) return write_failed(m);
	bool synced = tw_seal_append(file) && fsync(file) == 0;
	int reason = errno;
	close(file);
	errno = reason;
	if (!synced || rename(m->part, m->path) != 0) return write_failed(m);
	return tw_file_sync_folder(m->path);
}

tw_status tw_models_write(const char *folder, const tw_sweep_plan *plan, const tw_network *networks,
                          const tw_journal *journal)
{
	models m = {.plan = plan, .journal = journal};
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	tw_status status = tw_folder_path(folder, "models.h5", &m.path);
	if (status == TW_OK) status = tw_folder_path(folder, "models.h5.part", &m.part);
	if (status == TW_OK) {
		status = try_room(&m, networks);
		if (status == TW_OK) status = write_file(&m, networks);
		if (status == TW_OK) status = seal_and_rename(&m);
		if (status != TW_OK) unlink(m.part);
	}
	tw_free(m.path);
	tw_free(m.part);
	return status;
}
