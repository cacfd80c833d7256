/* One process at a time writes into an output folder. */
#include "report/lock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static char folder[] = "/tmp/thalweg-lock-XXXXXX";

static const char *lock_path(void)
{
	static char path[64];
	snprintf(path, sizeof path, "%s/%s", folder, TW_FOLDER_LOCK);
	return path;
}

static bool is_there(void) { return access(lock_path(), F_OK) == 0; }

static void leave(const char *line)
{
	FILE *file = fopen(lock_path(), "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(line, file);
	fclose(file);
}

/* A process that holds the folder until it is killed. */
static pid_t hold(void)
{
	int ready[2];
	char byte = 0;
	CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
	const pid_t child = fork();
	if (child == 0) {
		tw_folder_lock lock;
		byte = tw_folder_lock_take(folder, &lock) == TW_OK;
		if (write(ready[1], &byte, 1) == 1) pause();
		_exit(1);
	}
	CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
	CU_ASSERT_EQUAL(byte, 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void taken_and_released(void)
{
	tw_folder_lock lock;
	CHECK_OK(tw_folder_lock_look(folder));
	CU_ASSERT_FALSE(is_there());
	CHECK_OK(tw_folder_lock_take(folder, &lock));
	CU_ASSERT_TRUE(is_there());
	tw_folder_lock_release(&lock);
	CU_ASSERT_FALSE(is_there());
	tw_folder_lock_release(&lock); /* nothing to do */
	CHECK_OK(tw_folder_lock_take(folder, &lock));
	tw_folder_lock_release(&lock);
}

static void held_by_another(void)
{
	char host[256] = "", expected[320];
	gethostname(host, sizeof host - 1);
	const pid_t child = hold();
	snprintf(expected, sizeof expected, "number %ld on %s", (long)child, host);
	tw_folder_lock lock;
	for (int take = 0; take < 2; take++) {
		CU_ASSERT_EQUAL(take ? tw_folder_lock_take(folder, &lock) : tw_folder_lock_look(folder), TW_IO);
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), expected));
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), lock_path()));
	}
	tw_folder_lock_release(&lock);
	CU_ASSERT_TRUE(is_there());
	end(child);
}

static void left_behind(void)
{
	tw_folder_lock lock;
	end(hold());
	CU_ASSERT_TRUE(is_there());
	CHECK_OK(tw_folder_lock_look(folder));
	CU_ASSERT_TRUE(is_there());
	CHECK_OK(tw_folder_lock_take(folder, &lock));
	tw_folder_lock_release(&lock);
	CU_ASSERT_FALSE(is_there());
	/* Whatever stands in a file that nobody holds. */
	const char *const lines[] = {"", "nonsense", "1 elsewhere\n", "-5 \n", "99999999999999999999 somewhere\n"};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		leave(lines[i]);
		CHECK_OK(tw_folder_lock_look(folder));
		CHECK_OK(tw_folder_lock_take(folder, &lock));
		tw_folder_lock_release(&lock);
	}
}

static void no_folder(void)
{
	tw_folder_lock lock;
	CHECK_OK(tw_folder_lock_look("/nowhere/at/all"));
	CU_ASSERT_EQUAL(tw_folder_lock_take("/nowhere/at/all", &lock), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "/nowhere/at/all"));
	tw_folder_lock_release(&lock);
}

int main(void)
{
	if (!mkdtemp(folder)) return 1;
	tw_log_setup(0, 1, true, false);
	CU_TestInfo tests[] = {
	    {"taken and released", taken_and_released},
	    {"held by another process", held_by_another},
	    {"left behind by a killed process", left_behind},
	    {"no such folder", no_folder},
	    CU_TEST_INFO_NULL,
	};
	const int failures = suite_run("lock", tests, 0);
	rmdir(folder);
	return failures != 0;
}
