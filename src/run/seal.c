#include "run/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char head[] = "thalweg sha256 ";
_Static_assert(TW_SEAL_BYTES == sizeof head - 1 + 64 + 1, "head, digest and newline");

void tw_seal_of(const void *bytes, size_t size, char out[TW_SEAL_BYTES + 1])
{
	char digest[65];
	tw_sha256(bytes, size, digest);
	snprintf(out, TW_SEAL_BYTES + 1, "%s%s\n", head, digest);
}

/* The whole file in memory, to be unmapped; NULL with errno. */
static void *map(int file, size_t *size)
{
	struct stat info;
	if (fstat(file, &info) != 0) return NULL;
	*size = (size_t)info.st_size;
	if (*size == 0) return errno = EINVAL, NULL;
	void *bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
	return bytes == MAP_FAILED ? NULL : bytes;
}

bool tw_seal_append(int file)
{
	char seal[TW_SEAL_BYTES + 1];
	size_t size;
	void *bytes = map(file, &size);
	if (!bytes) return false;
	tw_seal_of(bytes, size, seal);
	munmap(bytes, size);
	errno = ENOSPC; /* what is meant by less than all */
	return pwrite(file, seal, TW_SEAL_BYTES, (off_t)size) == TW_SEAL_BYTES;
}

tw_status tw_seal_check(const char *path)
{
	char seal[TW_SEAL_BYTES + 1];
	size_t size = 0;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	TW_CHECK(file >= 0, TW_IO, "%s: cannot be read: %s", path, strerror(errno));
	char *bytes = map(file, &size);
	const int reason = errno;
	close(file);
	if (!bytes && reason == EINVAL) return TW_OK; /* empty */
	TW_CHECK(bytes, TW_IO, "%s: cannot be read: %s", path, strerror(reason));
	const char *line = bytes + size - TW_SEAL_BYTES;
	bool sealed = size > TW_SEAL_BYTES && memcmp(line, head, sizeof head - 1) == 0, good = true;
	if (sealed) {
		tw_seal_of(bytes, size - TW_SEAL_BYTES, seal);
		good = memcmp(line, seal, TW_SEAL_BYTES) == 0;
	}
	munmap(bytes, size);
	TW_CHECK(good, TW_IO, "%s: is damaged: its content is not what was written; take a copy, or make it again", path);
	return TW_OK;
}
