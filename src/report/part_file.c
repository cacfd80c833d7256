#include "report/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/folder.h"
#include "run/file.h"

enum { BUFFER_BYTES = 1 << 18 };

static void release(tw_part_file *file)
{
	tw_free(file->path);
	tw_free(file->part);
	*file = (tw_part_file){0};
}

tw_status tw_part_failed(const tw_part_file *file)
{
	return tw_fail(TW_IO, "%s: cannot be written: %s", file->path, strerror(errno));
}

static tw_status make_names(tw_part_file *out, const char *folder, const char *name)
{
	char part[256];
	*out = (tw_part_file){0};
	snprintf(part, sizeof part, "%s.part", name);
	TW_TRY(tw_folder_path(folder, name, &out->path));
	return tw_folder_path(folder, part, &out->part);
}

static tw_status open_part(tw_part_file *out, int flags)
{
	const int file = open(out->part, O_RDWR | O_CLOEXEC | flags, 0666);
	if (file < 0) return tw_part_failed(out);
	out->file = fdopen(file, "r+");
	if (!out->file) {
		close(file);
		return tw_part_failed(out);
	}
	setvbuf(out->file, NULL, _IOFBF, BUFFER_BYTES);
	return TW_OK;
}

static tw_status set_size(tw_part_file *out, int64_t size)
{
	if (ftruncate(fileno(out->file), size) != 0 || fseeko(out->file, size, SEEK_SET) != 0) return tw_part_failed(out);
	return TW_OK;
}

tw_status tw_part_open(tw_part_file *out, const char *folder, const char *name)
{
	tw_status status = make_names(out, folder, name);
	if (status == TW_OK) status = open_part(out, O_CREAT);
	if (status == TW_OK) status = set_size(out, 0);
	if (status != TW_OK) tw_part_leave(out);
	return status;
}

static tw_status cut(tw_part_file *out, int64_t size)
{
	struct stat info;
	if (fstat(fileno(out->file), &info) != 0) return tw_part_failed(out);
	TW_CHECK(info.st_size >= size, TW_IO, "%s: %" PRId64 " bytes are there, %" PRId64 " were written", out->part,
	         (int64_t)info.st_size, size);
	return set_size(out, size);
}

tw_status tw_part_reopen(tw_part_file *out, const char *folder, const char *name, int64_t size)
{
	tw_status status = make_names(out, folder, name);
	if (status == TW_OK && access(out->part, F_OK) != 0 && rename(out->path, out->part) != 0)
		status = tw_fail(TW_IO, "%s: cannot go on with it: %s", out->path, strerror(errno));
	if (status == TW_OK) status = open_part(out, 0);
	if (status == TW_OK) status = cut(out, size);
	if (status != TW_OK) tw_part_leave(out);
	return status;
}

tw_status tw_part_length(tw_part_file *file, int64_t *size)
{
	if (ferror(file->file)) {
		errno = EIO; /* what it was is known to the failed call alone */
		return tw_part_failed(file);
	}
	if (fflush(file->file) != 0) return tw_part_failed(file);
	*size = ftello(file->file);
	return *size < 0 ? tw_part_failed(file) : TW_OK;
}

tw_status tw_part_sync(const tw_part_file *file)
{
	return fsync(fileno(file->file)) == 0 ? TW_OK : tw_part_failed(file);
}

void tw_part_leave(tw_part_file *file)
{
	if (file->file) fclose(file->file);
	release(file);
}

static tw_status finish(tw_part_file *file, bool keep)
{
	if (ferror(file->file)) errno = EIO; /* what it was is known to the failed call alone */
	bool written = !ferror(file->file) && fflush(file->file) == 0 && fsync(fileno(file->file)) == 0;
	int reason = errno;
	if (fclose(file->file) != 0 && written) {
		written = false;
		reason = errno;
	}
	if (written && rename(file->part, file->path) != 0) {
		written = false;
		reason = errno;
	}
	errno = reason;
	tw_status status = written ? tw_file_sync_folder(file->path) : tw_part_failed(file);
	if (!written && !keep) unlink(file->part);
	release(file);
	return status;
}

tw_status tw_part_close(tw_part_file *file) { return finish(file, false); }
tw_status tw_part_finish(tw_part_file *file) { return finish(file, true); }

void tw_part_discard(tw_part_file *file)
{
	if (file->file) fclose(file->file);
	if (file->part) unlink(file->part);
	release(file);
}
