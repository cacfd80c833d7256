/* Reading a journal back: what is whole is taken, what is torn is cut off, what is damaged is refused. */
#include "report/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a reader stands. */
typedef struct {
	tw_journal *journal;
	int64_t line, whole; /* lines read; bytes of those that are whole */
	void *bytes;         /* room for an end point or a trace */
	int64_t room;
	uint8_t *lost; /* a flag a run: it has a line, but its end point or trace is not whole */
} reader;

static tw_status make_room(reader *r, int64_t bytes)
{
	if (bytes <= r->room) return TW_OK;
	tw_free(r->bytes);
	r->room = 0;
	TW_TRY(tw_alloc(&r->bytes, (size_t)bytes, "an end point of the journal"));
	r->room = bytes;
	return TW_OK;
}

/* ---- runs ---------------------------------------------------------------------------------------------------- */

/* Whether `count` elements of `size` bytes are there from `at` on; they are left in r->bytes. */
static tw_status fetch(reader *r, const tw_growing *from, int64_t at, int64_t count, size_t size, bool *whole)
{
	*whole = count <= from->size / (int64_t)size;
	if (!*whole) return TW_OK;
	TW_TRY(make_room(r, count * (int64_t)size));
	*whole = tw_growing_get(from, at, r->bytes, count * (int64_t)size);
	return TW_OK;
}

static tw_status check_run(reader *r, const tw_journal_entry *entry, bool *whole)
{
	const tw_run_result *result = &entry->result;
	const tw_sweep_plan *plan = r->journal->plan;
	const size_t real = tw_real_size(plan->cell[tw_sweep_cell_of(plan, result->run)].settings.precision);
	char digest[65], check[17];
	TW_TRY(fetch(r, &r->journal->theta, entry->theta_at, result->dimension, real, whole));
	if (!*whole) return TW_OK;
	tw_sha256(r->bytes, (size_t)result->dimension * real, digest);
	*whole = strcmp(digest, result->theta_sha256) == 0;
	if (!*whole || result->trace_points == 0) return TW_OK;
	const size_t point = sizeof(tw_trace_point);
	TW_TRY(fetch(r, &r->journal->trace, entry->trace_at, result->trace_points, point, whole));
	if (!*whole) return TW_OK;
	tw_journal_check_of(r->bytes, (size_t)result->trace_points * point, check);
	*whole = strcmp(check, entry->trace_check) == 0;
	return TW_OK;
}

/* Of several lines of a run the last that is whole counts. */
static tw_status take_run(reader *r, const tw_journal_entry *entry)
{
	tw_journal *journal = r->journal;
	const int64_t run = entry->result.run;
	bool whole = false;
	TW_TRY(check_run(r, entry, &whole));
	if (whole) {
		journal->finished += !journal->done[run];
		journal->done[run] = 1;
		journal->entry[run] = *entry;
	}
	r->lost[run] = !journal->done[run];
	return TW_OK;
}

static void note_lost(const reader *r)
{
	int64_t count = 0, first = -1;
	for (int64_t run = 0; run < r->journal->plan->runs; run++) {
		if (r->lost[run] && first < 0) first = run;
		count += r->lost[run];
	}
	if (count)
		tw_log(TW_LOG_WARNING,
		       "%s: %" PRId64 " run%s repeated (the first is run %" PRId64 "): the end point or the trace is not whole",
		       r->journal->text.path, count, count == 1 ? " is" : "s are", first);
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

static tw_status check_head(const tw_journal *journal, int version, const char *digest)
{
	TW_CHECK(version == TW_JOURNAL_VERSION, TW_USAGE,
	         "%s: a journal of format %d, not %d; use another --output or --overwrite", journal->text.path, version,
	         TW_JOURNAL_VERSION);
	TW_CHECK(strcmp(digest, journal->plan->digest) == 0, TW_USAGE,
	         "%s: the journal of another configuration: %.12s..., not %.12s...; use another --output or --overwrite",
	         journal->text.path, digest, journal->plan->digest);
	return TW_OK;
}

/* One complete line. *good: whole and understood. */
static tw_status read_line(reader *r, char *line, size_t length, bool *good)
{
	char digest[65];
	int version = 0;
	tw_journal_entry entry;
	if (r->line == 1) {
		*good = tw_journal_parse_head(line, length, &version, digest);
		return *good ? check_head(r->journal, version, digest) : TW_OK;
	}
	*good = tw_journal_parse_entry(line, length, &entry) && entry.result.run < r->journal->plan->runs;
	return *good ? take_run(r, &entry) : TW_OK;
}

static tw_status damaged(const reader *r)
{
	TW_CHECK(r->line > 1, TW_IO, "%s:1: not the first line of a journal, or damaged; give --overwrite to begin anew",
	         r->journal->text.path);
	return tw_fail(TW_IO, "%s:%" PRId64 ": this line is damaged; remove it to repeat its run, or give --overwrite",
	               r->journal->text.path, r->line);
}

/* Only the last line may be torn; the first one, which tells whose journal it is, only where it is short. */
static bool may_be_torn(const reader *r, bool complete, bool last)
{
	return last && (r->line > 1 || (!complete && r->journal->text.size < TW_JOURNAL_LINE));
}

static tw_status read_lines(reader *r, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	tw_status status = TW_OK;
	bool good = true, complete = true;
	while (status == TW_OK && good && (length = getline(&line, &room, file)) > 0) {
		r->line++;
		good = complete = line[length - 1] == '\n';
		if (complete) {
			line[length - 1] = 0;
			status = read_line(r, line, (size_t)length - 1, &good);
		}
		if (good) r->whole += length;
	}
	const bool ended = good && status == TW_OK, whole = !ended || feof(file);
	const int reason = errno;
	bool last = fgetc(file) == EOF;
	if (!whole) errno = reason; /* a line may be too much for the memory, too */
	if (status == TW_OK && (!whole || ferror(file)))
		status = tw_fail(TW_IO, "%s: cannot be read: %s", r->journal->text.path, strerror(errno));
	if (status == TW_OK && !good && !may_be_torn(r, complete, last)) status = damaged(r);
	free(line);
	return status;
}

/* ---- the whole ----------------------------------------------------------------------------------------------- */

static tw_status cut(tw_growing *file, int64_t size)
{
	if (ftruncate(file->file, size) != 0)
		return tw_fail(TW_IO, "%s: cannot be written: %s", file->path, strerror(errno));
	file->size = size;
	return TW_OK;
}

tw_status tw_journal_read(tw_journal *journal)
{
	reader r = {.journal = journal};
	FILE *file = fopen(journal->text.path, "re");
	if (!file) return tw_fail(TW_IO, "%s: cannot be read: %s", journal->text.path, strerror(errno));
	tw_status status = tw_alloc((void **)&r.lost, (size_t)journal->plan->runs, "flags of the runs");
	if (status == TW_OK) status = read_lines(&r, file);
	if (status == TW_OK) note_lost(&r);
	fclose(file);
	tw_free(r.bytes);
	tw_free(r.lost);
	TW_TRY(status);
	if (r.whole == journal->text.size) return TW_OK;
	tw_log(TW_LOG_WARNING, "%s:%" PRId64 ": the last line is torn and is cut off", journal->text.path, r.line);
	return cut(&journal->text, r.whole);
}
