/* report/journal.h: the parts of a journal of finished runs. */
#ifndef THALWEG_REPORT_JOURNAL_H
#define THALWEG_REPORT_JOURNAL_H

#include <thalweg/report.h>

/* ---- a line -------------------------------------------------------------------------------------------------- */

enum { TW_JOURNAL_VERSION = 2, TW_JOURNAL_LINE = 512 };

/* What a line tells: the result, and where in their files its end point and its trace begin. */
typedef struct {
	tw_run_result result;
	int64_t theta_at, trace_at;
	char trace_check[17]; /* the first 16 digits of the trace's SHA-256 */
} tw_journal_entry;

/* Both end in a checksum of what stands before it, and a newline; they return the length. */
int tw_journal_format_head(char out[TW_JOURNAL_LINE], const tw_sweep_plan *plan);
int tw_journal_format_entry(char out[TW_JOURNAL_LINE], const tw_journal_entry *entry);

/* A line without its newline; `length` bytes and a final zero, changed while it is read. False: damaged. */
bool tw_journal_parse_head(char *line, size_t length, int *version, char digest[65]);
bool tw_journal_parse_entry(char *line, size_t length, tw_journal_entry *entry);

/* The first 16 digits of the SHA-256. */
void tw_journal_check_of(const void *bytes, size_t size, char out[17]);

/* ---- a journal ----------------------------------------------------------------------------------------------- */

/* A file that grows: what is on the disk, and what waits to be written behind it. */
typedef struct {
	char *path;
	int file;     /* -1: none */
	int64_t size; /* on the disk */
	char *waiting;
	int64_t bytes, room; /* of waiting */
} tw_growing;

struct tw_journal {
	const tw_sweep_plan *plan;
	tw_growing text, theta, trace;
	bool on_disk;
	uint8_t *done;
	tw_journal_entry *entry; /* plan->runs of them */
	int64_t finished;
};

/* Reads what is in the files of a journal and cuts off what is torn. */
tw_status tw_journal_read(tw_journal *journal);
/* `bytes` bytes of a file from `at` on; false where the file ends before. */
bool tw_growing_get(const tw_growing *from, int64_t at, void *out, int64_t bytes);

#endif
