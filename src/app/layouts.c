#include "app/layouts.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool parse_layout(const char *text, app_layout *out)
{
	int used = 0;
	bool good = sscanf(text, "%5dx%5d%n", &out->ranks, &out->threads, &used) == 2 && text[used] == 0;
	return good && out->ranks > 0 && out->threads > 0;
}

tw_status app_layouts_parse(const char *text, app_layout out[APP_MAX_LAYOUTS], int *count)
{
	char copy[512], *rest = NULL;
	*count = 0;
	TW_CHECK((size_t)snprintf(copy, sizeof copy, "%s", text) < sizeof copy, TW_USAGE,
	         "--layouts: the list is too long");
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		TW_CHECK(*count < APP_MAX_LAYOUTS, TW_USAGE, "--layouts: at most %d layouts", APP_MAX_LAYOUTS);
		TW_CHECK(parse_layout(word, &out[*count]), TW_USAGE,
		         "--layouts: `%s` is not RANKSxTHREADS; give a list like 1x1,2x1,1x2", word);
		++*count;
	}
	TW_CHECK(*count >= 2, TW_USAGE, "--layouts: at least two layouts are compared, e.g. 1x1,2x1");
	return TW_OK;
}

/* ---- one child at a time ------------------------------------------------------------------------------------- */

static volatile pid_t child;
static volatile sig_atomic_t caught;

static void forward(int signal)
{
	caught = signal;
	if (child > 0) kill(child, signal);
}

static tw_status wait_for(const char *name, app_layout layout)
{
	int state = 0;
	while (waitpid(child, &state, 0) < 0 && errno == EINTR) continue;
	child = 0;
	if (caught) return tw_fail(TW_INTERRUPTED, "interrupted");
	int code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
	if (code == 0) return TW_OK;
	tw_status status = code == tw_exit_code(TW_USAGE) ? TW_USAGE : code == tw_exit_code(TW_IO) ? TW_IO : TW_INTERNAL;
	return tw_fail(status, "layout %dx%d: %s ended with exit code %d", layout.ranks, layout.threads, name, code);
}

static tw_status spawn_and_wait(char **words, app_layout layout)
{
	struct sigaction action = {.sa_handler = forward}, interrupt, terminate;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, &interrupt);
	sigaction(SIGTERM, &action, &terminate);
	pid_t started;
	int error = posix_spawnp(&started, words[0], NULL, NULL, words, environ);
	child = error ? 0 : started;
	tw_status status =
	    error ? tw_fail(TW_IO, "%s: cannot be started: %s", words[0], strerror(error)) : wait_for(words[0], layout);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &terminate, NULL);
	return status;
}

/* ---- the command --------------------------------------------------------------------------------------------- */

/* Ranks and threads may be more than the cores here; they wait without spinning then. */
static void prepare_environment(void)
{
	setenv("OMP_WAIT_POLICY", "passive", 0);
	setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
}

static int add_launcher(char **words, int count, char *ranks)
{
	char *launcher = getenv("MPIRUN");
	words[count++] = launcher && *launcher ? launcher : (char *)"mpirun";
	if (geteuid() == 0) words[count++] = (char *)"--allow-run-as-root";
	words[count++] = (char *)"--oversubscribe";
	words[count++] = (char *)"--bind-to";
	words[count++] = (char *)"none";
	words[count++] = (char *)"-n";
	words[count++] = ranks;
	return count;
}

/* mpirun may start its children elsewhere: the program's full path, where the system tells it. */
static void own_path(const char *program, char out[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);
	if (length > 0)
		out[length] = 0;
	else
		snprintf(out, PATH_MAX, "%s", program);
}

tw_status app_layout_replay(const char *program, app_layout layout, const char *file, const app_options *options,
                            int64_t steps, const char *trace)
{
	enum { OTHER_WORDS = 24 };
	void *memory = NULL;
	TW_TRY(tw_alloc_array(&memory, OTHER_WORDS + 2 * (int64_t)options->sets, sizeof(char *), "a command line"));
	char **words = memory, ranks[16], threads[16], length[24], self[PATH_MAX];
	own_path(program, self);
	snprintf(ranks, sizeof ranks, "%d", layout.ranks);
	snprintf(threads, sizeof threads, "%d", layout.threads);
	snprintf(length, sizeof length, "%" PRId64, steps);
	int count = layout.ranks > 1 ? add_launcher(words, 0, ranks) : 0;
	char *const fixed[] = {self,   (char *)"replay",  (char *)"--trace",          (char *)trace, (char *)"--steps",
	                       length, (char *)"--quiet", (char *)"--allow-singleton"};
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) words[count++] = fixed[i];
	for (int i = 0; i < options->sets; i++) {
		words[count++] = (char *)"--set";
		words[count++] = options->set[i];
	}
	words[count++] = (char *)"--threads";
	words[count++] = threads;
	if (file) words[count++] = (char *)file;
	words[count] = NULL;
	prepare_environment();
	tw_status status = spawn_and_wait(words, layout);
	tw_free(memory);
	return status;
}
