#include "report/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/folder.h"
#include <thalweg/report.h>

extern char **environ;

enum { COMPLAINT_BYTES = 4096, LINE_BYTES = 400, NAME_BYTES = 256 };

static const char remedy[] = "install gnuplot (Debian: gnuplot-nox), or keep to the data with --no-figures";

/* ---- gnuplot as a child -------------------------------------------------------------------------------------- */

static pid_t wait_for(pid_t child, int *state)
{
	pid_t ended;
	do ended = waitpid(child, state, 0);
	while (ended < 0 && errno == EINTR);
	return ended;
}

/* Reads to the end of the pipe; keeps what fits. */
static void read_complaint(int pipe_end, char out[COMPLAINT_BYTES])
{
	char rest[1024];
	size_t kept = 0;
	for (;;) {
		bool room = kept < COMPLAINT_BYTES - 1;
		ssize_t count =
		    room ? read(pipe_end, out + kept, COMPLAINT_BYTES - 1 - kept) : read(pipe_end, rest, sizeof rest);
		if (count < 0 && errno == EINTR) continue;
		if (count <= 0) break;
		if (room) kept += (size_t)count;
	}
	out[kept] = 0;
}

/* In the folder (NULL: here), with nothing to read, its standard error into the pipe. */
static int spawn_gnuplot(const char *folder, char *const argv[], int complaint_end, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all_defaults;
	sigemptyset(&none);
	sigfillset(&all_defaults);
	int error = posix_spawn_file_actions_init(&actions);
	if (error) return error;
	error = posix_spawnattr_init(&attributes);
	if (!error) {
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		posix_spawnattr_setsigmask(&attributes, &none);
		posix_spawnattr_setsigdefault(&attributes, &all_defaults);
		error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
		if (!error) error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
		if (!error) error = posix_spawn_file_actions_adddup2(&actions, complaint_end, STDERR_FILENO);
		if (!error && folder) error = posix_spawn_file_actions_addchdir_np(&actions, folder);
		if (!error) error = posix_spawnp(child, "gnuplot", &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Runs gnuplot to its end. *state is that of waitpid. */
static tw_status run_gnuplot(const char *folder, char *const argv[], int *state, char complaint[COMPLAINT_BYTES])
{
	int ends[2];
	TW_CHECK(pipe2(ends, O_CLOEXEC) == 0, TW_IO, "gnuplot cannot be called: %s", strerror(errno));
	pid_t child = -1;
	int error = spawn_gnuplot(folder, argv, ends[1], &child);
	close(ends[1]);
	if (!error) read_complaint(ends[0], complaint);
	close(ends[0]);
	TW_CHECK(error != ENOENT, TW_IO, "gnuplot, which draws the figures, was not found: %s", remedy);
	TW_CHECK(!error, TW_IO, "gnuplot cannot be called: %s", strerror(error));
	TW_CHECK(wait_for(child, state) == child, TW_IO, "gnuplot's end is not known: %s", strerror(errno));
	return TW_OK;
}

/* ---- what it complains of ------------------------------------------------------------------------------------ */

static const char *line_end(const char *line) { return line + strcspn(line, "\r\n"); }

/* gnuplot shows the line of the script, a mark under it, and then says what is wrong: '"NAME.gp" line 3: ...', or
 * '"NAME.gp", line 3: ...'. The first such line, else the first that is not blank; without the name. */
static void first_complaint(const char *complaint, char out[LINE_BYTES])
{
	const char *blank = " \t\r\n", *found = complaint + strspn(complaint, blank);
	for (const char *line = found; *line; line = line_end(line), line += strspn(line, blank)) {
		if (*line != '"' || memmem(line, (size_t)(line_end(line) - line), "warning:", 8)) continue;
		const char *number = memmem(line, (size_t)(line_end(line) - line), "line ", 5);
		if (!number) continue;
		found = number;
		break;
	}
	size_t length = (size_t)(line_end(found) - found);
	snprintf(out, LINE_BYTES, "%.*s", (int)(length < LINE_BYTES ? length : LINE_BYTES - 1), found);
}

static tw_status describe_end(const char *what, int state, const char *complaint)
{
	if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return TW_OK;
	char line[LINE_BYTES];
	first_complaint(complaint, line);
	if (WIFSIGNALED(state)) {
		int number = WTERMSIG(state);
		bool asked = number == SIGINT || number == SIGTERM; /* a terminal sends it to all of its processes */
		return tw_fail(asked ? TW_INTERRUPTED : TW_IO, "%s: gnuplot was ended by signal %d (%s)", what, number,
		               strsignal(number));
	}
	return tw_fail(TW_IO, "%s: gnuplot: %s", what, *line ? line : "failed without a word");
}

/* ---- figures ------------------------------------------------------------------------------------------------- */

tw_status tw_figure_check(void)
{
	static const char *const terminals[] = {"svg", "pngcairo"};
	for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
		char command[64], program[] = "gnuplot", option[] = "-e", complaint[COMPLAINT_BYTES] = "";
		char *argv[] = {program, option, command, NULL};
		int state = 0;
		snprintf(command, sizeof command, "set terminal %s", terminals[i]);
		TW_TRY(run_gnuplot(NULL, argv, &state, complaint));
		TW_CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0, TW_IO,
		         "gnuplot, which draws the figures, has no terminal %s: %s", terminals[i], remedy);
	}
	return TW_OK;
}

static tw_status file_name(char out[NAME_BYTES], const char *name, const char *ending)
{
	int length = snprintf(out, NAME_BYTES, "%s%s", name, ending);
	TW_CHECK(length > 0 && length < NAME_BYTES, TW_USAGE, "%s: the name of the figure is too long", name);
	return TW_OK;
}

typedef tw_status on_path(const char *path);

static tw_status remove_old(const char *path)
{
	TW_CHECK(unlink(path) == 0 || errno == ENOENT, TW_IO, "%s: cannot be replaced: %s", path, strerror(errno));
	return TW_OK;
}

static tw_status check_drawn(const char *path)
{
	struct stat info;
	TW_CHECK(stat(path, &info) == 0 && info.st_size > 0, TW_IO, "%s: gnuplot did not draw it", path);
	return TW_OK;
}

static tw_status for_drawings(const char *folder, const char *name, on_path *action)
{
	static const char *const endings[] = {".svg", ".png"};
	tw_status status = TW_OK;
	for (size_t i = 0; i < sizeof endings / sizeof *endings && status == TW_OK; i++) {
		char drawing[NAME_BYTES], *path = NULL;
		TW_TRY(file_name(drawing, name, endings[i]));
		TW_TRY(tw_folder_path(folder, drawing, &path));
		status = action(path);
		tw_free(path);
	}
	return status;
}

tw_status tw_figure_draw(const char *folder, const char *name, const char *script)
{
	char script_file[NAME_BYTES], program[] = "gnuplot", complaint[COMPLAINT_BYTES] = "", *path = NULL;
	char *argv[] = {program, script_file, NULL};
	int state = 0;
	TW_TRY(file_name(script_file, name, ".gp"));
	TW_TRY(tw_file_write(folder, script_file, script, strlen(script)));
	TW_TRY(for_drawings(folder, name, remove_old));
	TW_TRY(run_gnuplot(folder, argv, &state, complaint));
	TW_TRY(tw_folder_path(folder, script_file, &path));
	tw_status status = describe_end(path, state, complaint);
	tw_free(path);
	return status == TW_OK ? for_drawings(folder, name, check_drawn) : status;
}
