/* app/output.h: what one training run keeps, from its first record to its last file. Rank 0 only, no collectives. */
#ifndef THALWEG_APP_OUTPUT_H
#define THALWEG_APP_OUTPUT_H

#include <thalweg/report.h>

#include "report/folder.h"

typedef struct {
	const char *folder; /* NULL: nothing is kept */
	tw_folder_state before;
	tw_metrics *metrics;
	tw_progress *progress;
} app_output;

/* Makes the folder and begins metrics.csv; progress begins too. Undoes itself on failure. */
tw_status app_output_open(app_output *output, const char *folder, bool overwrite, const tw_settings *settings);
/* What the training calls; self is the app_output. */
tw_monitor app_output_monitor(app_output *output);
/* Writes model.h5 (unless theta is not finite), metrics.csv, config.yaml, ranks.csv and summary.json, this one last;
 * after a failure none of them is left. Ends the output. */
tw_status app_output_keep(app_output *output, const tw_run *run, const char *config, const tw_summary *summary,
                          const tw_rank_times *times);
/* Ends the output of a run that failed: what it made is removed. */
void app_output_undo(app_output *output);

#endif
