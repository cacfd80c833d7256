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
/* TW_IO with the file and the system's reason. */
tw_status tw_part_failed(const tw_part_file *file);
/* Syncs and renames; on failure nothing is left under either name that was not there before. Frees. */
tw_status tw_part_close(tw_part_file *file);
/* Removes the temporary file; frees. */
void tw_part_discard(tw_part_file *file);

#endif
