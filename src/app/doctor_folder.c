/* Checks of the folder that the run will write to: what results rely on, and how long it takes there. */
#include "app/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 5, SLOW_MILLISECONDS = 100, PROBE_BYTES = 65536, FEW_SECONDS = 1 };
static const int64_t little_space = (int64_t)1 << 30;

/* File systems by the number that statfs gives them (include/uapi/linux/magic.h of Linux, and their own sources). */
static const struct {
	long number;
	const char *name;
} file_systems[] = {
    {0xEF53, "ext4"},       {0x58465342, "xfs"},  {0x9123683E, "btrfs"},   {0x01021994, "tmpfs"}, {0x6969, "nfs"},
    {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"}, {0x794C7630, "overlay"}, {0x65735546, "fuse"},  {0x2FC12FC1, "zfs"},
    {0x19830326, "beegfs"}, {0x00C36400, "ceph"}, {0xFF534D42, "cifs"},    {0xFE534D42, "smb2"},  {0x01021997, "9p"},
};

static const char *file_system_of(const char *folder)
{
	struct statfs info;
	if (statfs(folder, &info) != 0) return "unknown file system";
	for (size_t i = 0; i < sizeof file_systems / sizeof *file_systems; i++)
		if (((unsigned long)info.f_type & 0xFFFFFFFF) == (unsigned long)file_systems[i].number)
			return file_systems[i].name;
	return "unknown file system";
}

/* ---- probes -------------------------------------------------------------------------------------------------- */

/* A file of this check in the folder, for at most two names. */
typedef struct {
	char name[2][4200];
	int file;   /* open for the first name; -1: it could not be made */
	int reason; /* then errno */
} probe;

static probe probe_open(const doctor_view *view)
{
	probe probe = {.file = -1};
	char host[64] = "";
	gethostname(host, sizeof host - 1);
	for (int i = 0; i < 2; i++)
		snprintf(probe.name[i], sizeof probe.name[i], "%s/.thalweg-doctor-%s-%ld-%d", view->folder, host,
		         (long)getpid(), i);
	probe.file = open(probe.name[0], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	probe.reason = errno;
	return probe;
}

static void probe_close(probe *probe)
{
	if (probe->file >= 0) close(probe->file);
	unlink(probe->name[0]);
	unlink(probe->name[1]);
}

/* Where nothing can be made there is nothing to be said by the others: the check `folder` has failed. */
static bool cannot_probe(const probe *probe, doctor_finding *out)
{
	if (probe->file >= 0) return false;
	doctor_find(out, DOCTOR_WARNING, NULL, "not looked at: no file can be made (%s)", strerror(probe->reason));
	return true;
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

/* What was tried TRIES times: seconds[i], errno in reason (0: it worked each time). */
static void judge_times(double seconds[TRIES], int reason, const char *what, const char *slow, doctor_finding *out)
{
	if (reason) {
		doctor_find(out, DOCTOR_FAILURE, "write to another file system", "%s fails: %s", what, strerror(reason));
		return;
	}
	qsort(seconds, TRIES, sizeof *seconds, by_size);
	double middle = 1e3 * seconds[TRIES / 2], most = 1e3 * seconds[TRIES - 1];
	bool is_slow = middle > SLOW_MILLISECONDS;
	doctor_find(out, is_slow ? DOCTOR_WARNING : DOCTOR_OK, is_slow ? slow : NULL,
	            "%s takes %.2f ms (median of %d, at most %.2f ms)", what, middle, TRIES, most);
}

static const char slow_remedy[] = "keep the output on a faster file system, or write checkpoints more seldom";

/* ---- checks -------------------------------------------------------------------------------------------------- */

void doctor_folder(const doctor_view *view, doctor_finding *out)
{
	const char *kind = file_system_of(view->folder);
	bool above = strcmp(view->folder, view->output) != 0;
	probe probe = probe_open(view);
	if (probe.file < 0)
		doctor_find(out, DOCTOR_FAILURE, "name a folder that can be written to: --output DIR",
		            "%s (%s): no file can be made: %s", view->folder, kind, strerror(probe.reason));
	else if (strcmp(kind, "tmpfs") == 0)
		doctor_find(out, DOCTOR_WARNING, "copy what is to stay", "%s (%s): is in memory, and gone with the power",
		            view->folder, kind);
	else
		doctor_find(out, DOCTOR_OK, NULL, "%s (%s): files can be made%s%s%s", view->folder, kind,
		            above ? ", and the folder " : "", above ? view->output : "", above ? " will be" : "");
	probe_close(&probe);
}

static int replace_once(const probe *probe, int i)
{
	char text[16], back[16] = "";
	int length = snprintf(text, sizeof text, "%d", i);
	int file = open(probe->name[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0) return errno;
	bool good = write(file, text, (size_t)length) == length;
	int reason = good ? 0 : errno;
	close(file);
	if (good && rename(probe->name[1], probe->name[0]) != 0) return errno;
	file = good ? open(probe->name[0], O_RDONLY | O_CLOEXEC) : -1;
	if (good && file < 0) return errno;
	/* The name leads to the new content at once. */
	if (good && (read(file, back, sizeof back - 1) != length || strcmp(back, text) != 0)) reason = ESTALE;
	if (file >= 0) close(file);
	return reason;
}

void doctor_rename(const doctor_view *view, doctor_finding *out)
{
	probe probe = probe_open(view);
	double seconds[TRIES] = {0};
	int reason = 0;
	if (!cannot_probe(&probe, out)) {
		for (int i = 0; i < TRIES && !reason; i++) {
			double begin = tw_now();
			reason = replace_once(&probe, i);
			seconds[i] = tw_now() - begin;
		}
		judge_times(seconds, reason, "writing a file and renaming it over another", slow_remedy, out);
	}
	probe_close(&probe);
}

void doctor_fsync(const doctor_view *view, doctor_finding *out)
{
	static const char content[PROBE_BYTES];
	probe probe = probe_open(view);
	double seconds[TRIES] = {0};
	int reason = 0;
	if (!cannot_probe(&probe, out)) {
		for (int i = 0; i < TRIES && !reason; i++) {
			if (pwrite(probe.file, content, sizeof content, 0) != (ssize_t)sizeof content)
				reason = errno ? errno : ENOSPC;
			double begin = tw_now();
			if (!reason && fsync(probe.file) != 0) reason = errno;
			seconds[i] = tw_now() - begin;
		}
		judge_times(seconds, reason, "fsync of 64 KiB", slow_remedy, out);
	}
	probe_close(&probe);
}

void doctor_folder_fsync(const doctor_view *view, doctor_finding *out)
{
	probe probe = probe_open(view);
	int folder = open(view->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), reason = folder < 0 ? errno : 0;
	double seconds[TRIES] = {0};
	if (!cannot_probe(&probe, out)) {
		for (int i = 0; i < TRIES && !reason; i++) {
			if (rename(probe.name[i % 2], probe.name[(i + 1) % 2]) != 0) reason = errno;
			double begin = tw_now();
			if (!reason && fsync(folder) != 0) reason = errno;
			seconds[i] = tw_now() - begin;
		}
		if (reason == EINVAL)
			doctor_find(out, DOCTOR_WARNING, "after a crash of the machine, look whether the newest files are there",
			            "this file system cannot flush a folder: a renamed file may be lost with the power");
		else
			judge_times(seconds, reason, "fsync of the folder after a rename", slow_remedy, out);
	}
	if (folder >= 0) close(folder);
	probe_close(&probe);
}

/* How a second opening of a file fares while the first one holds a lock: 0 refused, as it should be; -1 it gets the
 * lock too; else the reason why there are no locks. */
static int try_flock(int first, int second)
{
	if (flock(first, LOCK_EX | LOCK_NB) != 0) return errno;
	bool both = flock(second, LOCK_EX | LOCK_NB) == 0;
	flock(first, LOCK_UN);
	return both ? -1 : 0;
}

static int try_fcntl(int first, int second)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET}, other = lock;
	if (fcntl(first, F_OFD_SETLK, &lock) != 0) return errno;
	bool both = fcntl(second, F_OFD_SETLK, &other) == 0;
	lock.l_type = F_UNLCK;
	fcntl(first, F_OFD_SETLK, &lock);
	return both ? -1 : 0;
}

static const char *lock_text(int outcome)
{
	return outcome == 0 ? "works" : outcome < 0 ? "lets two have the same lock" : strerror(outcome);
}

void doctor_locks(const doctor_view *view, doctor_finding *out)
{
	static const char remedy[] = "see to it yourself that no two runs write to the same folder";
	probe probe = probe_open(view);
	if (!cannot_probe(&probe, out)) {
		int second = open(probe.name[0], O_RDWR | O_CLOEXEC);
		double begin = tw_now();
		int whole = try_flock(probe.file, second);
		double middle = tw_now();
		int part = try_fcntl(probe.file, second);
		double end = tw_now();
		bool good = whole == 0 && part == 0;
		doctor_find(out, good ? DOCTOR_OK : DOCTOR_WARNING, good ? NULL : remedy,
		            "flock: %s (%.2f ms), fcntl: %s (%.2f ms)", lock_text(whole), 1e3 * (middle - begin),
		            lock_text(part), 1e3 * (end - middle));
		if (second >= 0) close(second);
	}
	probe_close(&probe);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void doctor_times(const doctor_view *view, doctor_finding *out)
{
	double before = now();
	probe probe = probe_open(view);
	struct stat info;
	if (!cannot_probe(&probe, out)) {
		bool good = write(probe.file, "x", 1) == 1 && fsync(probe.file) == 0 && fstat(probe.file, &info) == 0;
		double after = now();
		double time = good ? (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec : before;
		double ahead = time > after ? time - after : time < before ? time - before : 0;
		if (!good)
			doctor_find(out, DOCTOR_WARNING, NULL, "the time of a file cannot be had: %s", strerror(errno));
		else if (ahead > FEW_SECONDS || ahead < -FEW_SECONDS)
			doctor_find(out, DOCTOR_WARNING, "synchronise the clocks of this host and of the file server",
			            "the file system's clock is %.3f s %s this host's", ahead > 0 ? ahead : -ahead,
			            ahead > 0 ? "ahead of" : "behind");
		else
			doctor_find(out, DOCTOR_OK, NULL, "the file system's clock and this host's differ by at most %.3f s",
			            after - before + (ahead > 0 ? ahead : -ahead));
	}
	probe_close(&probe);
}

/* ---- space --------------------------------------------------------------------------------------------------- */

static const char *size_text(int64_t bytes, char out[32])
{
	static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1000 && unit + 1 < sizeof units / sizeof *units) value /= 1000, unit++;
	snprintf(out, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return out;
}

void doctor_space(const doctor_view *view, doctor_finding *out)
{
	static const char remedy[] = "free some, or write elsewhere: --output DIR";
	struct statvfs info;
	char left[32], needed[32], step[32];
	const doctor_needs *needs = &view->needs;
	if (statvfs(view->folder, &info) != 0) {
		doctor_find(out, DOCTOR_WARNING, NULL, "free space of %s is not known: %s", view->folder, strerror(errno));
		return;
	}
	int64_t space;
	if (__builtin_mul_overflow((int64_t)info.f_bavail, (int64_t)info.f_frsize, &space)) space = INT64_MAX;
	size_text(space, left);
	if (!needs->known) {
		bool little = space < little_space;
		doctor_find(out, little ? DOCTOR_WARNING : DOCTOR_OK, little ? remedy : NULL, "%s free", left);
		return;
	}
	size_text(needs->bytes, needed);
	char more[96] = "";
	if (needs->bytes_a_step)
		snprintf(more, sizeof more, ", and %s a step without an end in steps", size_text(needs->bytes_a_step, step));
	doctor_verdict verdict = needs->bytes > space       ? DOCTOR_FAILURE
	                         : needs->bytes > space / 2 ? DOCTOR_WARNING
	                                                    : DOCTOR_OK;
	doctor_find(out, verdict, verdict == DOCTOR_OK ? NULL : remedy, "%s free; %" PRId64 " run%s will write about %s%s",
	            left, needs->runs, needs->runs == 1 ? "" : "s", needed, more);
}
