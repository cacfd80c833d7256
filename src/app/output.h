/* app/output.h: what one training run keeps, from its first record to its last file. Rank 0 only, no collectives. */
#ifndef THALWEG_APP_OUTPUT_H
#define THALWEG_APP_OUTPUT_H

#include <thalweg/report.h>

#include "report/folder.h"
#include "report/lock.h"

typedef struct {
	const char *folder; /* NULL: nothing is kept */
	int checkpoints;    /* how many are kept */
	int64_t state;      /* updates before the last checkpoint; -1: there is none */
	tw_folder_state before;
	tw_folder_lock lock;
	tw_metrics *metrics;
	tw_progress *progress;
} app_output;

/* How a run begins, as its folder tells. */
typedef struct {
	tw_checkpoint *checkpoint; /* to go on from; NULL: from the start. tw_checkpoint_free */
	bool overwrite;            /* the folder may hold files */
	bool finished;             /* nothing is left to be done */
} app_start;
/* Looks at the folder (NULL: none) and changes nothing. TW_USAGE where the run in it cannot be resumed as configured,
 * or where it would have to be and resume is not given. */
tw_status app_output_look(const char *folder, bool resume, bool overwrite, const tw_settings *settings,
                          app_start *start);
/* Makes the folder and begins metrics.csv, or goes on with it; progress begins too. Undoes itself on failure. */
tw_status app_output_open(app_output *output, const char *folder, const app_start *start, const tw_settings *settings);
/* What the training calls; self is the app_output. keeps: checkpoints too, the same on all ranks. */
tw_monitor app_output_monitor(app_output *output, bool keeps);
/* Writes model.h5 (unless theta is not finite), metrics.csv, config.yaml, ranks.csv and summary.json, this one last;
 * after a failure none of them is left, where there are no checkpoints to go on from. These are removed at the end of a
 * run that was neither interrupted nor diverged. Ends the output. */
tw_status app_output_keep(app_output *output, const tw_run *run, const char *config, const tw_summary *summary,
                          const tw_rank_times *times);
/* Ends the output of a run that failed: what it made is removed, but with a checkpoint all stays for --resume. */
void app_output_undo(app_output *output);

#endif
