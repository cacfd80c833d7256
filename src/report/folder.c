#include "report/folder.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/lock.h"
#include "run/file.h"

static const char *const run_files[] = {"metrics.csv", "model.h5", "config.yaml", "ranks.csv", "summary.json", NULL};

tw_status tw_folder_path(const char *folder, const char *name, char **path)
{
	void *text = NULL;
	size_t size = strlen(folder) + strlen(name) + 2;
	TW_TRY(tw_alloc(&text, size, "a file name"));
	snprintf(text, size, "%s/%s", folder, name);
	*path = text;
	return TW_OK;
}

bool tw_folder_name(const char *folder, const char *name, char out[PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

bool tw_folder_has(const char *folder, const char *name)
{
	char path[PATH_MAX];
	return tw_folder_name(folder, name, path) && access(path, F_OK) == 0;
}

void tw_folder_unlink(const char *folder, const char *name)
{
	char path[PATH_MAX];
	if (tw_folder_name(folder, name, path)) unlink(path);
}

static tw_status copy_path(const char *folder, char out[PATH_MAX])
{
	TW_CHECK(*folder, TW_USAGE, "the output folder has no name");
	TW_CHECK(strlen(folder) < PATH_MAX, TW_USAGE, "%s: the name of the output folder is too long", folder);
	strcpy(out, folder);
	return TW_OK;
}

static bool exists(const char *path)
{
	struct stat info;
	return lstat(path, &info) == 0;
}

static tw_status check_empty(const char *folder)
{
	DIR *stream = opendir(folder);
	TW_CHECK(stream, TW_IO, "%s: the output folder cannot be read: %s", folder, strerror(errno));
	const struct dirent *entry;
	bool empty = true;
	/* The lock of a process that was killed before it kept anything is nothing. */
	errno = 0;
	while (empty && (entry = readdir(stream)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || !strcmp(entry->d_name, TW_FOLDER_LOCK);
	const int reason = errno;
	closedir(stream);
	TW_CHECK(!empty || !reason, TW_IO, "%s: the output folder cannot be read: %s", folder, strerror(reason));
	TW_CHECK(empty, TW_USAGE, "%s: the output folder is not empty; choose another or give --overwrite", folder);
	return TW_OK;
}

tw_status tw_folder_check(const char *folder, bool overwrite)
{
	char path[PATH_MAX];
	TW_TRY(copy_path(folder, path));
	struct stat info;
	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode) && !overwrite) TW_TRY(check_empty(folder));
	char *nearest = path;
	while (!exists(nearest) && errno == ENOENT && strcmp(nearest, ".") != 0) nearest = dirname(nearest);
	if (stat(nearest, &info) != 0)
		return tw_fail(TW_IO, "%s: the output folder cannot be made: %s", folder, strerror(errno));
	TW_CHECK(S_ISDIR(info.st_mode), TW_IO, "%s: the output folder cannot be made: %s is not a folder", folder, nearest);
	TW_CHECK(access(nearest, W_OK | X_OK) == 0, TW_IO, "%s: no rights to write the output folder: %s", folder,
	         strerror(errno));
	return TW_OK;
}

/* Makes the folder and those above it. */
static bool make_folders(char *path)
{
	for (char *slash = path + 1; *slash; slash++) {
		if (*slash != '/') continue;
		*slash = 0;
		bool made = mkdir(path, 0777) == 0 || errno == EEXIST || exists(path);
		*slash = '/';
		if (!made) return false;
	}
	return mkdir(path, 0777) == 0 || errno == EEXIST;
}

tw_status tw_folder_prepare(const char *folder, bool overwrite)
{
	char path[PATH_MAX];
	TW_TRY(tw_folder_check(folder, overwrite));
	TW_TRY(copy_path(folder, path));
	TW_CHECK(make_folders(path), TW_IO, "%s: the output folder cannot be made: %s", folder, strerror(errno));
	return TW_OK;
}

tw_status tw_file_write(const char *folder, const char *name, const void *bytes, size_t size)
{
	char *path = NULL;
	TW_TRY(tw_folder_path(folder, name, &path));
	tw_status status = tw_file_replace(path, bytes, size);
	tw_free(path);
	return status;
}

tw_folder_state tw_folder_remember(const char *folder)
{
	tw_folder_state state = {.folder = folder};
	char path[PATH_MAX];
	if (copy_path(folder, path) != TW_OK) return state;
	char *at = path;
	while (!exists(at) && strcmp(at, ".") != 0 && strcmp(at, "/") != 0) {
		state.made++;
		at = dirname(at);
	}
	return state;
}

void tw_folder_undo(const tw_folder_state *state, bool files)
{
	for (int i = 0; files && run_files[i]; i++) tw_folder_unlink(state->folder, run_files[i]);
	char path[PATH_MAX];
	if (copy_path(state->folder, path) != TW_OK) return;
	char *at = path;
	for (int i = 0; i < state->made && rmdir(at) == 0; i++) at = dirname(at);
}
