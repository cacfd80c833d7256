/* thalweg/report.h: what a run leaves behind: output folder, metrics.csv, summary.json, predictions, progress. */
#ifndef THALWEG_REPORT_H
#define THALWEG_REPORT_H

#include <thalweg/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything here is called by rank 0 only, unless said otherwise. */

/* Makes the output folder (and its parents). It must not exist or be empty unless overwrite; then files that thalweg
 * writes are replaced. TW_USAGE for a folder that is not empty, TW_IO for one that cannot be written. */
tw_status tw_folder_prepare(const char *folder, bool overwrite);
/* Writes text to folder/name: temporary file, fsync, rename, directory fsync. */
tw_status tw_file_write(const char *folder, const char *name, const void *bytes, size_t size);

/* metrics.csv: written to a temporary name while training, renamed at close. */
typedef struct tw_metrics tw_metrics;
tw_status tw_metrics_open(const char *folder, tw_precision precision, tw_metrics **out);
tw_status tw_metrics_record(tw_metrics *metrics, const tw_record *record);
tw_status tw_metrics_close(tw_metrics *metrics); /* completes and renames; frees */
void tw_metrics_discard(tw_metrics *metrics);    /* removes the partial file; frees */

/* summary.json */
tw_status tw_summary_write(const char *folder, const tw_summary *summary, tw_precision precision);
/* ranks.csv: what each rank's training loop was spent on, in seconds; a line a rank. */
tw_status tw_rank_times_write(const char *folder, const tw_rank_times *times, int ranks);
/* The final summary for people, on standard output. */
void tw_summary_print(const tw_summary *summary, const char *folder);

/* Predictions, row-major rows x columns: .csv with a header "y1,y2,..." (and "class" when classes > 0) or .npy. */
tw_status tw_predictions_write(const char *file, tw_precision precision, int64_t rows, int64_t columns, int64_t classes,
                               const double *values);

/* Progress on standard error: a bar with cost, step size, observations/s and ETA on a terminal, else a line every few
 * seconds; nothing when the log is quiet. */
typedef struct tw_progress tw_progress;
tw_status tw_progress_create(tw_progress **out);
void tw_progress_update(tw_progress *progress, const tw_record *latest, int64_t total_steps, double seconds);
void tw_progress_finish(tw_progress *progress);

#ifdef __cplusplus
}
#endif
#endif
