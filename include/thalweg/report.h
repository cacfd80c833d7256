/* thalweg/report.h: what a run and a sweep leave behind: output folder, metrics.csv, summary.json, predictions,
 * progress; journal of finished runs, runs.csv, models.h5, the table of cells; certificates. */
#ifndef THALWEG_REPORT_H
#define THALWEG_REPORT_H

#include <thalweg/certify.h>

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
/* theory: with the columns of metrics.rayleigh and metrics.bound. */
tw_status tw_metrics_open(const char *folder, tw_precision precision, bool theory, tw_metrics **out);
tw_status tw_metrics_record(tw_metrics *metrics, const tw_record *record);
/* Completes and renames; frees. keep: after a failure the partial file stays for tw_metrics_reopen. */
tw_status tw_metrics_close(tw_metrics *metrics, bool keep);
void tw_metrics_discard(tw_metrics *metrics); /* removes the partial file; frees */
/* *bytes: the length of what was recorded so far, from which tw_metrics_reopen goes on. */
tw_status tw_metrics_length(tw_metrics *metrics, int64_t *bytes);
/* What the last call of tw_metrics_length counted is on the disk. Any thread may call it, also while others record. */
tw_status tw_metrics_sync(const tw_metrics *metrics);
/* Goes on behind the first `bytes` bytes of metrics.csv, finished or not; what follows them is cut off. */
tw_status tw_metrics_reopen(const char *folder, tw_precision precision, bool theory, int64_t bytes, tw_metrics **out);
void tw_metrics_leave(tw_metrics *metrics); /* leaves the partial file for tw_metrics_reopen; frees */

/* The checkpoints of a run in its folder, checkpoint-000000012345.h5 with the number of updates. */
/* Writes one, and then removes all but the last `keep`; a failure leaves those that were there. */
tw_status tw_checkpoints_add(const char *folder, const tw_checkpoint *checkpoint, int keep);
/* The last one that is whole; those behind it are named in a warning. *out NULL: there is none. TW_IO when there are
 * some and none is whole. */
tw_status tw_checkpoints_last(const char *folder, tw_checkpoint **out);
/* Whether there are some, whole or not. TW_IO where the folder is there and cannot be read. */
tw_status tw_checkpoints_exist(const char *folder, bool *exist);
/* Removes those after this number of updates (-1: all), the temporary files too. */
void tw_checkpoints_remove(const char *folder, int64_t after);

/* summary.json */
tw_status tw_summary_write(const char *folder, const tw_summary *summary, tw_precision precision);
/* The stop reason in folder/summary.json; TW_RUNNING: there is no such file. TW_IO when it cannot be read. */
tw_status tw_summary_stop_reason(const char *folder, tw_stop_reason *reason);
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

/* ---- sweeps ---------------------------------------------------------------------------------------------------- */

/* The journal of a sweep: its finished runs, so that an interruption loses none of them. In the output folder
 * journal.txt has a line a run, journal.theta the end points (reals of the precision) and journal.trace the traces;
 * nothing in them is ever changed, they only grow. In memory are the results alone: end points and traces are read back
 * where they are needed. */
typedef struct tw_journal tw_journal;
/* Begins an empty journal; a former one in the folder is replaced. folder NULL: in memory only, without end points and
 * traces. plan is borrowed for the life of the journal. TW_IO names the file. */
tw_status tw_journal_create(const char *folder, const tw_sweep_plan *plan, tw_journal **out);
/* Goes on with the journal in folder. A torn last line is cut off, and a run whose end point or trace is not whole is
 * forgotten, both with a note in the log. TW_USAGE when it belongs to another configuration, TW_IO with file and line
 * when a line is damaged or another process holds the journal. */
tw_status tw_journal_resume(const char *folder, const tw_sweep_plan *plan, tw_journal **out);
/* Whether folder has a journal. */
bool tw_journal_exists(const char *folder);
/* Takes a finished run; theta (reals of the precision) and trace (trace_points of them) are copied. Kept on disk from
 * the next commit on. A run added twice: the later one counts. */
tw_status tw_journal_add(tw_journal *journal, const tw_run_result *result, const void *theta,
                         const tw_trace_point *trace);
/* On return all runs added are on the disk: end points and traces are synced first, then the lines, one fsync a file.
 * After a failure the files are as they were before. */
tw_status tw_journal_commit(tw_journal *journal);
/* Bytes waiting for a commit. */
int64_t tw_journal_waiting(const tw_journal *journal);
int64_t tw_journal_finished(const tw_journal *journal);
/* A flag a run of the plan. */
const uint8_t *tw_journal_done(const tw_journal *journal);
/* NULL: not finished. */
const tw_run_result *tw_journal_result(const tw_journal *journal, int64_t run);
/* The end point (dimension reals) and the trace (trace_points of them) of a finished run, once committed. */
tw_status tw_journal_read_theta(const tw_journal *journal, int64_t run, void *theta);
tw_status tw_journal_read_trace(const tw_journal *journal, int64_t run, tw_trace_point *trace);
/* Frees the journal, without a commit; remove: its files are removed too. */
void tw_journal_close(tw_journal *journal, bool remove);

/* The files of a finished sweep; each is written under a temporary name and renamed. The same bytes on any layout,
 * summary.json excepted. */
/* runs.csv: a row a run in the order of the grid; runs that are not finished have none. */
tw_status tw_runs_write(const char *folder, const tw_sweep_plan *plan, const tw_journal *journal);
/* Reads runs.csv in folder back into results (plan->runs of them; runs without a row get run -1). TW_IO names file and
 * line. */
tw_status tw_runs_read(const char *folder, const tw_sweep_plan *plan, tw_run_result *results);
/* models.h5: a group a cell, "cell-0000" and so on, with the attributes of its network (networks: one a cell) and the
 * datasets run (numbers, int64) and theta (runs x dimension, reals of the precision). */
tw_status tw_models_write(const char *folder, const tw_sweep_plan *plan, const tw_network *networks,
                          const tw_journal *journal);
/* trajectories.csv: run, step, cost, step_size of the traced runs; what is not known is empty. */
tw_status tw_trajectories_write(const char *folder, const tw_sweep_plan *plan, const tw_journal *journal);
/* summary.json: counts, time, layout, the digest of the plan. */
tw_status tw_sweep_summary_write(const char *folder, const tw_sweep_plan *plan, const tw_journal *journal,
                                 const tw_sweep_summary *summary);
/* Whether folder holds the finished sweep of this plan: runs.csv and a summary.json with its digest. TW_USAGE when they
 * are of another plan, TW_IO when summary.json cannot be read. */
tw_status tw_sweep_is_finished(const char *folder, const tw_sweep_plan *plan, bool *finished);
/* Removes the results of a sweep from folder, whichever are there; its journal and config.yaml too where journal. */
void tw_sweep_files_remove(const char *folder, bool journal);

/* For people, on standard output: a row a cell with count, quartiles of the cost and shares of the stop reasons, and a
 * box plot of each; as wide as the terminal, or 100 columns. */
void tw_cells_print(const tw_sweep_plan *plan, const tw_journal *journal);
/* A row a worker: runs, and what its time went to; then each rank group, and the share of idle time in all of it. */
void tw_workers_print(const tw_sweep_plan *plan, const tw_sweep_summary *summary);

/* Progress over the runs of a sweep on standard error, as tw_progress shows that of one run. */
typedef struct tw_sweep_progress tw_sweep_progress;
tw_status tw_sweep_progress_create(tw_sweep_progress **out);
void tw_sweep_progress_update(tw_sweep_progress *progress, const tw_sweep_state *state);
void tw_sweep_progress_finish(tw_sweep_progress *progress);

/* ---- certificates ---------------------------------------------------------------------------------------------- */

/* The verdict on one end point. */
typedef struct {
	int64_t run, start; /* of a sweep, and within its cell; -1: a single model */
	int cell;           /* of the sweep */
	int hidden_layers;
	int64_t width;    /* of the hidden layers; -1: they differ */
	tw_status status; /* TW_OK; TW_DIVERGED: theta or f is not finite; TW_INTERRUPTED: not looked at; else what failed.
	                     certificate.why says more */
	tw_certificate certificate;
} tw_certified;

/* certificates.csv: a row a point, all numbers in double. */
tw_status tw_certificates_write(const char *folder, const tw_certified *point, int64_t count);
/* The verdict as in certificates.csv: "minimum", ...; "not finite", "not looked at", "failed". */
const char *tw_certified_verdict(const tw_certified *point);
/* For people, on standard output: all that is known of one point. */
void tw_certificate_print(const tw_certified *point);
/* For people, on standard output: how many points of each cell have which verdict. plan NULL: one row for all. */
void tw_certificates_print(const tw_sweep_plan *plan, const tw_certified *point, int64_t count);
/* density.csv: nodes and weights of the spectral density. */
tw_status tw_density_write(const char *file, const tw_spectral_density *density);

#ifdef __cplusplus
}
#endif
#endif
