/* run/file.h: files that are there whole or not at all. */
#ifndef THALWEG_RUN_FILE_H
#define THALWEG_RUN_FILE_H

#include <thalweg/core.h>

/* Replaces path by these bytes: temporary file beside it, fsync, rename, directory fsync. On failure path is as it was
 * and no temporary file is left. TW_IO names the file and the system's reason. */
tw_status tw_file_replace(const char *path, const void *bytes, size_t size);
/* Flushes what was renamed or made inside the folder of path to the disk. */
tw_status tw_file_sync_folder(const char *path);
/* The whole file; *bytes has one more zero byte behind size and is freed with tw_free. TW_IO, TW_NO_MEMORY. */
tw_status tw_file_read(const char *path, char **bytes, size_t *size);
/* Whether path ends with suffix, e.g. ".npy". */
bool tw_file_has_suffix(const char *path, const char *suffix);

#endif
