/* app/thesis/request.h: what one call of `thalweg thesis` is asked for, and what it finds in its folder. */
#ifndef THALWEG_APP_THESIS_REQUEST_H
#define THALWEG_APP_THESIS_REQUEST_H

#include "app/thesis/thesis.h"
#include "report/folder.h"
#include "report/lock.h"

enum { THESIS_MOST = 16 }; /* experiments of one call */

typedef struct {
	app_options shared;
	char *command;    /* as it was given */
	const char *name; /* of an experiment or figure, or all; NULL: they are listed */
	const char *output, *data;
	bool quick, full, no_figures, overwrite, resume;
	int64_t every, seeds;
	const thesis_experiment *chosen[THESIS_MOST];
	int count;
} thesis_request;

/* ---- list.c -------------------------------------------------------------------------------------------------- */

/* Fills in what is chosen; TW_USAGE for a name that is not known, with the nearest one. */
tw_status thesis_choose(thesis_request *request);
void thesis_list(void);
/* Whether the files that the chosen experiments need are there. TW_IO names the first that is not, and the remedy. */
tw_status thesis_check_data(const thesis_request *request);

/* ---- folder.c: rank 0 only ----------------------------------------------------------------------------------- */

typedef struct {
	bool known; /* it holds a thesis run */
	tw_folder_state before;
	tw_folder_lock lock; /* from begin to end or undo */
} thesis_folder;

/* Whether the output folder can be used, looking alone. TW_USAGE: it holds something else, or a thesis run with other
 * options. TW_IO: another process writes into it. */
tw_status thesis_folder_check(const thesis_request *request, thesis_folder *folder);
/* Makes the folder, locks it, and writes thesis.json, which says what was asked. Undoes itself on failure. */
tw_status thesis_folder_begin(const thesis_request *request, thesis_folder *folder);
/* A folder for an experiment. */
tw_status thesis_folder_make(const thesis_request *request, const char *name);
/* After a failure of an experiment: removes its folder where it is empty; if it was the first one, what begin has made,
 * too. */
void thesis_folder_undo(const thesis_request *request, thesis_folder *folder, const char *name);
/* Unlocks the folder. Nothing where it is not locked. */
void thesis_folder_end(thesis_folder *folder);

#endif
