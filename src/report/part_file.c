#include "report/part_file.h"

#include <errno.h>
#include <string.h>
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

tw_status tw_part_open(tw_part_file *out, const char *folder, const char *name)
{
	char part[256];
	*out = (tw_part_file){0};
	snprintf(part, sizeof part, "%s.part", name);
	tw_status status = tw_folder_path(folder, name, &out->path);
	if (status == TW_OK) status = tw_folder_path(folder, part, &out->part);
	if (status == TW_OK && !(out->file = fopen(out->part, "we"))) status = tw_part_failed(out);
	if (status != TW_OK)
		release(out);
	else
		setvbuf(out->file, NULL, _IOFBF, BUFFER_BYTES);
	return status;
}

tw_status tw_part_close(tw_part_file *file)
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
	if (!written) unlink(file->part);
	release(file);
	return status;
}

void tw_part_discard(tw_part_file *file)
{
	if (file->file) fclose(file->file);
	if (file->part) unlink(file->part);
	release(file);
}
