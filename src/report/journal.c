/* The journal of a sweep: lines of results, end points and traces that only grow. */
#include "report/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/folder.h"
#include "run/file.h"

/* ---- growing files ------------------------------------------------------------------------------------------- */

static tw_status growing_open(tw_growing *out, const char *folder, const char *name, bool fresh)
{
	TW_TRY(tw_folder_path(folder, name, &out->path));
	out->file = open(out->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (out->file < 0) return tw_fail(TW_IO, "%s: cannot be written: %s", out->path, strerror(errno));
	off_t size = 0;
	if ((fresh && ftruncate(out->file, 0) != 0) || (size = lseek(out->file, 0, SEEK_END)) < 0)
		return tw_fail(TW_IO, "%s: cannot be written: %s", out->path, strerror(errno));
	out->size = size;
	return TW_OK;
}

static void growing_close(tw_growing *of, bool remove)
{
	if (of->file >= 0) close(of->file);
	if (remove && of->path) unlink(of->path);
	tw_free(of->path);
	free(of->waiting);
}

static tw_status growing_add(tw_growing *to, const void *bytes, int64_t count)
{
	if (count == 0) return TW_OK;
	if (to->bytes + count > to->room) {
		int64_t room = 2 * (to->bytes + count);
		char *grown = realloc(to->waiting, (size_t)room);
		TW_CHECK(grown, TW_NO_MEMORY, "no memory for the journal (%lld bytes)", (long long)room);
		to->waiting = grown;
		to->room = room;
	}
	memcpy(to->waiting + to->bytes, bytes, (size_t)count);
	to->bytes += count;
	return TW_OK;
}

static bool write_at(int file, const char *bytes, int64_t count, int64_t at)
{
	while (count > 0) {
		ssize_t done = pwrite(file, bytes, count < (1 << 30) ? (size_t)count : 1u << 30, at);
		if (done < 0 && errno == EINTR) continue;
		if (done < 0) return false;
		bytes += done;
		at += done;
		count -= done;
	}
	return true;
}

/* Writes what waits behind what is on the disk; `size` is moved by growing_keep. */
static tw_status growing_write(const tw_growing *of)
{
	if (of->bytes == 0) return TW_OK;
	if (write_at(of->file, of->waiting, of->bytes, of->size) && fsync(of->file) == 0) return TW_OK;
	return tw_fail(TW_IO, "%s: cannot be written: %s", of->path, strerror(errno));
}

static void growing_keep(tw_growing *of)
{
	enum { ROOM_KEPT = 1 << 20 };
	of->size += of->bytes;
	of->bytes = 0;
	if (of->room <= ROOM_KEPT) return;
	free(of->waiting);
	of->waiting = NULL;
	of->room = 0;
}

bool tw_growing_get(const tw_growing *from, int64_t at, void *out, int64_t bytes)
{
	char *to = out;
	while (bytes > 0) {
		ssize_t got = pread(from->file, to, bytes < (1 << 30) ? (size_t)bytes : 1u << 30, at);
		if (got < 0 && errno == EINTR) continue;
		if (got <= 0) return false;
		to += got;
		at += got;
		bytes -= got;
	}
	return true;
}

/* ---- beginning and end --------------------------------------------------------------------------------------- */

static tw_status open_files(tw_journal *journal, const char *folder, bool fresh)
{
	journal->on_disk = true;
	TW_TRY(growing_open(&journal->text, folder, "journal.txt", fresh));
	TW_TRY(growing_open(&journal->theta, folder, "journal.theta", fresh));
	TW_TRY(growing_open(&journal->trace, folder, "journal.trace", fresh));
	return TW_OK;
}

static tw_status make_journal(const tw_sweep_plan *plan, tw_journal **out)
{
	void *memory = NULL;
	TW_TRY(tw_alloc(&memory, sizeof(tw_journal), "the journal"));
	tw_journal *journal = memory;
	*journal = (tw_journal){.plan = plan, .text.file = -1, .theta.file = -1, .trace.file = -1};
	*out = journal;
	TW_TRY(tw_alloc_array((void **)&journal->done, plan->runs, sizeof *journal->done, "the flags of finished runs"));
	return tw_alloc_array((void **)&journal->entry, plan->runs, sizeof *journal->entry, "the results of the sweep");
}

/* The first line, on the disk with the names of the files. */
static tw_status begin_files(tw_journal *journal)
{
	char line[TW_JOURNAL_LINE];
	TW_TRY(growing_add(&journal->text, line, tw_journal_format_head(line, journal->plan)));
	TW_TRY(tw_journal_commit(journal));
	return tw_file_sync_folder(journal->text.path);
}

tw_status tw_journal_create(const char *folder, const tw_sweep_plan *plan, tw_journal **out)
{
	tw_journal *journal = NULL;
	tw_status status = make_journal(plan, &journal);
	if (status == TW_OK && folder) status = open_files(journal, folder, true);
	if (status == TW_OK && folder) status = begin_files(journal);
	if (status != TW_OK)
		tw_journal_close(journal, true);
	else
		*out = journal;
	return status;
}

tw_status tw_journal_resume(const char *folder, const tw_sweep_plan *plan, tw_journal **out)
{
	tw_journal *journal = NULL;
	tw_status status = make_journal(plan, &journal);
	if (status == TW_OK) status = open_files(journal, folder, false);
	if (status == TW_OK) status = tw_journal_read(journal);
	if (status == TW_OK && journal->text.size == 0) status = begin_files(journal);
	if (status != TW_OK)
		tw_journal_close(journal, false);
	else
		*out = journal;
	return status;
}

bool tw_journal_exists(const char *folder) { return tw_folder_has(folder, "journal.txt"); }

void tw_journal_close(tw_journal *journal, bool remove)
{
	if (!journal) return;
	growing_close(&journal->text, remove);
	growing_close(&journal->theta, remove);
	growing_close(&journal->trace, remove);
	tw_free(journal->done);
	tw_free(journal->entry);
	tw_free(journal);
}

/* ---- runs ---------------------------------------------------------------------------------------------------- */

static tw_precision precision_of(const tw_journal *journal, int64_t run)
{
	return journal->plan->cell[tw_sweep_cell_of(journal->plan, run)].settings.precision;
}

static tw_status keep_waiting(tw_journal *journal, tw_journal_entry *entry, const void *theta,
                              const tw_trace_point *trace)
{
	const tw_run_result *result = &entry->result;
	const int64_t points = result->trace_points * (int64_t)sizeof *trace;
	char line[TW_JOURNAL_LINE];
	entry->theta_at = journal->theta.size + journal->theta.bytes;
	entry->trace_at = journal->trace.size + journal->trace.bytes;
	tw_journal_check_of(trace, (size_t)points, entry->trace_check);
	TW_TRY(growing_add(&journal->theta, theta,
	                   result->dimension * (int64_t)tw_real_size(precision_of(journal, result->run))));
	TW_TRY(growing_add(&journal->trace, trace, points));
	return growing_add(&journal->text, line, tw_journal_format_entry(line, entry));
}

tw_status tw_journal_add(tw_journal *journal, const tw_run_result *result, const void *theta,
                         const tw_trace_point *trace)
{
	TW_CHECK(result->run >= 0 && result->run < journal->plan->runs, TW_INTERNAL,
	         "the sweep has no run %lld to be kept in its journal", (long long)result->run);
	tw_journal_entry entry = {.result = *result};
	if (journal->on_disk) TW_TRY(keep_waiting(journal, &entry, theta, trace));
	journal->entry[result->run] = entry;
	journal->finished += !journal->done[result->run];
	journal->done[result->run] = 1;
	return TW_OK;
}

tw_status tw_journal_commit(tw_journal *journal)
{
	tw_growing *const files[] = {&journal->theta, &journal->trace, &journal->text};
	enum { FILES = sizeof files / sizeof *files };
	tw_status status = TW_OK;
	for (int i = 0; i < FILES && status == TW_OK; i++) status = growing_write(files[i]);
	for (int i = 0; i < FILES; i++) {
		if (status == TW_OK) {
			growing_keep(files[i]);
		} else if (files[i]->file >= 0 && ftruncate(files[i]->file, files[i]->size) != 0) {
			tw_log(TW_LOG_DETAIL, "%s: the torn end stays: %s", files[i]->path, strerror(errno));
		}
	}
	return status;
}

int64_t tw_journal_waiting(const tw_journal *journal)
{
	return journal->text.bytes + journal->theta.bytes + journal->trace.bytes;
}

int64_t tw_journal_finished(const tw_journal *journal) { return journal->finished; }

const uint8_t *tw_journal_done(const tw_journal *journal) { return journal->done; }

const tw_run_result *tw_journal_result(const tw_journal *journal, int64_t run)
{
	return journal->done[run] ? &journal->entry[run].result : NULL;
}

static tw_status read_back(const tw_growing *from, int64_t at, void *out, int64_t bytes, const char *what, int64_t run)
{
	TW_CHECK(tw_growing_get(from, at, out, bytes), TW_IO, "%s: the %s of run %lld cannot be read back", from->path,
	         what, (long long)run);
	return TW_OK;
}

tw_status tw_journal_read_theta(const tw_journal *journal, int64_t run, void *theta)
{
	const tw_journal_entry *entry = &journal->entry[run];
	const int64_t bytes = entry->result.dimension * (int64_t)tw_real_size(precision_of(journal, run));
	return read_back(&journal->theta, entry->theta_at, theta, bytes, "end point", run);
}

tw_status tw_journal_read_trace(const tw_journal *journal, int64_t run, tw_trace_point *trace)
{
	const tw_journal_entry *entry = &journal->entry[run];
	const int64_t bytes = entry->result.trace_points * (int64_t)sizeof *trace;
	return read_back(&journal->trace, entry->trace_at, trace, bytes, "trace", run);
}
