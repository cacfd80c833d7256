#include "run/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static tw_status write_failed(const char *path)
{
	return tw_fail(TW_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static bool write_all(int file, const char *bytes, size_t size)
{
	while (size) {
		ssize_t done = write(file, bytes, size < (1u << 30) ? size : (1u << 30));
		if (done < 0 && errno == EINTR) continue;
		if (done < 0) return false;
		bytes += done;
		size -= (size_t)done;
	}
	return true;
}

tw_status tw_file_sync_folder(const char *path)
{
	char copy[PATH_MAX];
	TW_CHECK((size_t)snprintf(copy, sizeof copy, "%s", path) < sizeof copy, TW_IO, "%s: the name is too long", path);
	int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) return write_failed(path);
	/* Some file systems cannot sync a folder and say EINVAL. */
	bool failed = fsync(folder) != 0 && errno != EINVAL;
	int reason = errno;
	close(folder);
	errno = reason;
	return failed ? write_failed(path) : TW_OK;
}

tw_status tw_file_replace(const char *path, const void *bytes, size_t size)
{
	char temporary[PATH_MAX];
	TW_CHECK((size_t)snprintf(temporary, sizeof temporary, "%s.part", path) < sizeof temporary, TW_IO,
	         "%s: the name is too long", path);
	int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0) return write_failed(path);
	bool written = write_all(file, bytes, size) && fsync(file) == 0;
	int reason = errno;
	if (close(file) != 0 && written) {
		written = false;
		reason = errno;
	}
	if (written && rename(temporary, path) == 0) return tw_file_sync_folder(path);
	if (written) reason = errno;
	unlink(temporary);
	errno = reason;
	return write_failed(path);
}

tw_status tw_file_read(const char *path, char **bytes, size_t *size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) return tw_fail(TW_IO, "%s: cannot be read: %s", path, strerror(errno));
	struct stat info;
	tw_status status = TW_OK;
	void *memory = NULL;
	if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
		status = tw_fail(TW_IO, "%s: cannot be read: it is not a file", path);
	if (status == TW_OK) status = tw_alloc(&memory, (size_t)info.st_size + 1, path);
	size_t have = 0;
	while (status == TW_OK && have < (size_t)info.st_size) {
		ssize_t got = read(file, (char *)memory + have, (size_t)info.st_size - have);
		if (got < 0 && errno == EINTR) continue;
		if (got < 0) status = tw_fail(TW_IO, "%s: cannot be read: %s", path, strerror(errno));
		if (got <= 0) break;
		have += (size_t)got;
	}
	close(file);
	if (status != TW_OK) {
		tw_free(memory);
		return status;
	}
	*bytes = memory;
	*size = have;
	return TW_OK;
}

bool tw_file_has_suffix(const char *path, const char *suffix)
{
	size_t length = strlen(path), tail = strlen(suffix);
	return length >= tail && strcmp(path + length - tail, suffix) == 0;
}
