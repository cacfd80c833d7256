/* report/part_file.h: a text file that is written under a temporary name, FILE.part, and renamed when it is whole. */
#ifndef THALWEG_REPORT_PART_FILE_H
#define THALWEG_REPORT_PART_FILE_H

#include <stdio.h>
#include <thalweg/core.h>

typedef struct {
	char *path, *part;
	FILE *file; /* to be written to; errors are found at close */
} tw_part_file;

tw_status tw_part_open(tw_part_file *out, const char *folder, const char *name);
/* Goes on with what is there, cut to `size` bytes: the temporary file, or where there is none the finished one, which
 * gets its temporary name back. TW_IO when there is neither, or it is shorter. */
tw_status tw_part_reopen(tw_part_file *out, const char *folder, const char *name, int64_t size);
/* *size: the length of what was written so far, which has left this process. */
tw_status tw_part_length(tw_part_file *file, int64_t *size);
/* That is on the disk. Any thread may call it, also while others write. */
tw_status tw_part_sync(const tw_part_file *file);
/* Closes the temporary file and leaves it where it is; frees. */
void tw_part_leave(tw_part_file *file);
/* TW_IO with the file and the system's reason. */
tw_status tw_part_failed(const tw_part_file *file);
/* Syncs and renames; on failure nothing is left under either name that was not there before. Frees. */
tw_status tw_part_close(tw_part_file *file);
/* The same, but the temporary file stays after a failure. */
tw_status tw_part_finish(tw_part_file *file);
/* Removes the temporary file; frees. */
void tw_part_discard(tw_part_file *file);

#endif
