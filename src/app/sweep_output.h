/* app/sweep_output.h: what a sweep keeps, from its first finished run to its last file. Rank 0 only, no collectives. */
#ifndef THALWEG_APP_SWEEP_OUTPUT_H
#define THALWEG_APP_SWEEP_OUTPUT_H

#include <thalweg/report.h>

#include "report/folder.h"
#include "report/lock.h"

enum { APP_MESSAGE = 512 };

/* What becomes of a sweep that the folder holds already. */
typedef enum {
	APP_SWEEP_NEW,       /* it is refused */
	APP_SWEEP_OVERWRITE, /* it is replaced */
	APP_SWEEP_RESUME,    /* it goes on; one of another configuration is refused */
	APP_SWEEP_KEEP       /* it goes on; one of another configuration is replaced, with a note */
} app_sweep_start;

typedef struct {
	const tw_sweep_plan *plan;
	const char *folder; /* NULL: nothing is kept */
	app_sweep_start start;
	tw_network *network; /* one a cell */
	tw_journal *journal;
	tw_sweep_progress *progress;
	tw_folder_state before;
	tw_folder_lock lock;
	bool began;          /* with an empty journal, not one of an earlier call */
	bool complete;       /* the folder holds this sweep finished: nothing is left to be done */
	double committed;    /* when the journal was synced last, */
	double commit_took;  /* and for how many seconds */
	int64_t not_durable; /* runs in the journal that are not on the disk yet, and are not reported before they are */
	tw_status failed;    /* of a commit where no status could be returned, and its message */
	char message[APP_MESSAGE];
} app_sweep_output;

/* Checks the folder and the data of every cell, then begins the journal, or goes on with the one in the folder. Undoes
 * itself on failure. plan is borrowed. */
tw_status app_sweep_output_open(app_sweep_output *output, const tw_sweep_plan *plan, const char *folder,
                                app_sweep_start start);
/* What the sweep calls; self is the app_sweep_output. */
tw_sweep_monitor app_sweep_output_monitor(app_sweep_output *output);
/* The sweep has ended or been stopped: progress ends, all finished runs are on the disk. */
tw_status app_sweep_output_commit(app_sweep_output *output);
/* Writes the files of a finished sweep, summary.json last; after a failure none of them is left. */
tw_status app_sweep_output_keep(const app_sweep_output *output, const tw_sweep_summary *summary);
/* Ends the output. failed: what a sweep without any finished run has made is removed. The journal is removed where
 * remove_journal. */
void app_sweep_output_close(app_sweep_output *output, bool failed, bool remove_journal);

#endif
