/* report/folder.h: the output folder: looked at before a run, made for it, cleaned when the run fails. */
#ifndef THALWEG_REPORT_FOLDER_H
#define THALWEG_REPORT_FOLDER_H

#include <limits.h>
#include <thalweg/report.h>

/* Whether tw_folder_prepare would succeed, as far as can be told without making anything: the same errors. */
tw_status tw_folder_check(const char *folder, bool overwrite);

/* folder/name, to be freed with tw_free. */
tw_status tw_folder_path(const char *folder, const char *name, char **path);

/* The same in memory of the caller's; false where the name is too long. */
bool tw_folder_name(const char *folder, const char *name, char out[PATH_MAX]);
/* Whether the folder has such an entry. */
bool tw_folder_has(const char *folder, const char *name);
void tw_folder_unlink(const char *folder, const char *name);

/* What a run has made, so that a failure can take it back. */
typedef struct {
	const char *folder;
	int made; /* how many folders, counted from the innermost, were not there before */
} tw_folder_state;
/* To be called before tw_folder_prepare. */
tw_folder_state tw_folder_remember(const char *folder);
/* Removes the folders that were not there before, and first the files of a run where files. */
void tw_folder_undo(const tw_folder_state *state, bool files);

#endif
