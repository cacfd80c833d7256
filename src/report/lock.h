/* report/lock.h: one process at a time writes into an output folder. */
#ifndef THALWEG_REPORT_LOCK_H
#define THALWEG_REPORT_LOCK_H

#include <thalweg/core.h>

#define TW_FOLDER_LOCK "thalweg.lock"

/* While it is held, this file in it names the host and the process, and is locked (flock): the lock itself ends with
 * the process, so a file that a killed process has left is recognised. Where the file system has no locks, the name
 * decides: a process of this host that is gone has left it; of another host that cannot be known. */
typedef struct {
	char *path; /* NULL: not held */
	int file;
} tw_folder_lock;

/* Whether another process holds the folder: TW_IO names its host, its number and the remedy. Changes nothing. */
tw_status tw_folder_lock_look(const char *folder);
/* The folder exists. TW_IO as above, or where the file cannot be written; then *out is not held. */
tw_status tw_folder_lock_take(const char *folder, tw_folder_lock *out);
/* Removes the file. Nothing where it is not held. */
void tw_folder_lock_release(tw_folder_lock *lock);

#endif
