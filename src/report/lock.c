#include "report/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/folder.h"

/* A line: process HOST. */
enum { HOST = 256, LINE = HOST + 32 };
typedef struct {
	long process; /* 0: not known */
	char host[HOST];
} holder;

static holder this_process(void)
{
	holder me = {.process = (long)getpid()};
	if (gethostname(me.host, sizeof me.host - 1) != 0) strcpy(me.host, "unknown");
	return me;
}

static holder read_holder(int file)
{
	char line[LINE] = "";
	holder found = {0};
	const ssize_t length = pread(file, line, sizeof line - 1, 0);
	if (length <= 0 || sscanf(line, "%ld %255[^\n]", &found.process, found.host) != 2) return (holder){0};
	return found;
}

static tw_status refuse(const char *path, const holder *by)
{
	if (by->process == 0)
		return tw_fail(TW_IO, "%s: another process is writing this folder; end that one, or choose another folder",
		               path);
	return tw_fail(
	    TW_IO, "%s: another process is writing this folder, number %ld on %s; end that one, or choose another folder",
	    path, by->process, by->host);
}

/* For file systems without locks. */
static tw_status judge_by_name(const char *path, const holder *by)
{
	const holder me = this_process();
	if (by->process == 0 || (strcmp(by->host, me.host) == 0 && kill((pid_t)by->process, 0) != 0 && errno == ESRCH))
		return TW_OK;
	if (strcmp(by->host, me.host) == 0) return by->process == me.process ? TW_OK : refuse(path, by);
	return tw_fail(
	    TW_IO, "%s: process %ld on %s is writing this folder, or was killed there; remove this file if it has ended",
	    path, by->process, by->host);
}

/* TW_OK: nobody holds it; its lock is this process's where the file system has locks. */
static tw_status lock_file(const char *path, int file)
{
	const holder by = read_holder(file);
	if (flock(file, LOCK_EX | LOCK_NB) == 0) return TW_OK;
	return errno == EWOULDBLOCK ? refuse(path, &by) : judge_by_name(path, &by);
}

tw_status tw_folder_lock_look(const char *folder)
{
	char *path = NULL;
	TW_TRY(tw_folder_path(folder, TW_FOLDER_LOCK, &path));
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	const tw_status status = file < 0 ? TW_OK : lock_file(path, file);
	if (file >= 0) close(file);
	tw_free(path);
	return status;
}

/* Whether the path still leads to the open file: its holder may have removed it between our opening and locking it. */
static bool is_there(const char *path, int file)
{
	struct stat named, opened;
	return stat(path, &named) == 0 && fstat(file, &opened) == 0 && named.st_ino == opened.st_ino &&
	       named.st_dev == opened.st_dev;
}

static tw_status sign(const char *path, int file)
{
	const holder before = read_holder(file), me = this_process();
	char line[LINE];
	const int length = snprintf(line, sizeof line, "%ld %s\n", me.process, me.host);
	if (before.process != 0)
		tw_log(TW_LOG_NOTE, "%s: left behind by process %ld on %s, which has ended", path, before.process, before.host);
	if (ftruncate(file, 0) == 0 && pwrite(file, line, (size_t)length, 0) == length) return TW_OK;
	return tw_fail(TW_IO, "%s: cannot be written: %s", path, strerror(errno));
}

tw_status tw_folder_lock_take(const char *folder, tw_folder_lock *out)
{
	tw_folder_lock lock = {.file = -1};
	*out = lock;
	TW_TRY(tw_folder_path(folder, TW_FOLDER_LOCK, &lock.path));
	tw_status status = TW_OK;
	do {
		if (lock.file >= 0) close(lock.file);
		lock.file = open(lock.path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		status = lock.file < 0 ? tw_fail(TW_IO, "%s: cannot be written: %s", lock.path, strerror(errno))
		                       : lock_file(lock.path, lock.file);
	} while (status == TW_OK && !is_there(lock.path, lock.file));
	const bool mine = status == TW_OK;
	if (mine) status = sign(lock.path, lock.file);
	if (status == TW_OK) {
		*out = lock;
		return TW_OK;
	}
	if (mine) unlink(lock.path);
	if (lock.file >= 0) close(lock.file);
	tw_free(lock.path);
	return status;
}

void tw_folder_lock_release(tw_folder_lock *lock)
{
	if (!lock->path) return;
	unlink(lock->path);
	close(lock->file);
	tw_free(lock->path);
	*lock = (tw_folder_lock){0};
}
