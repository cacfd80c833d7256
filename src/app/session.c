/* The course of a call: communicator, log, configuration, exit code. */
#include "app/app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/variant.h"
#include "run/launch.h"

static const char watch_advice[] =
    "--hang-timeout ends the job; with --output, the same command with --resume goes on from what is on the disk";

tw_status app_open(app_call *call, const app_options *options)
{
	tw_launch launch = tw_launch_environment();
	tw_log_setup((int)launch.task, (int)launch.tasks, options->quiet, options->all_ranks);
	TW_TRY(tw_comm_world(&call->comm));
	int rank = tw_comm_rank(call->comm), size = tw_comm_size(call->comm);
	if (options->hang_seconds > 0) TW_TRY(tw_comm_watch(call->comm, (double)options->hang_seconds, watch_advice));
	if (!options->allow_singleton) TW_TRY(tw_launch_check(call->comm));
	tw_log_setup(rank, size, options->quiet, options->all_ranks);
	return tw_comm_agree(call->comm, tw_isa_check());
}

tw_status app_read_settings(const app_call *call, const app_options *options, const char *file, tw_settings *settings)
{
	tw_status status = tw_settings_read(settings, file, (const char *const *)options->set, options->sets);
	status = tw_comm_agree(call->comm, status);
	if (status != TW_OK) tw_settings_free(settings);
	return status;
}

static tw_status close_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout)) return TW_OK;
	return tw_fail(TW_IO, "standard output cannot be written: %s", strerror(errno));
}

/* Any rank: for failures that the others cannot be told of. */
static void speak_alone(void)
{
	const tw_launch launch = tw_launch_environment();
	int rank, length = 0;
	const bool named = launch.tasks <= 1 || (sscanf(tw_message(), "rank %d: %n", &rank, &length) == 1 && length > 0);
	tw_log_setup(0, 1, tw_log_is_quiet(), false);
	if (named)
		tw_log(TW_LOG_ERROR, "%s", tw_message());
	else
		tw_log(TW_LOG_ERROR, "rank %lld: %s", (long long)launch.task, tw_message());
}

/* Several ranks may see one failure of MPI; that of the first ends the others before they speak. */
static void end_job(app_call *call, bool told)
{
	const int64_t task = tw_launch_environment().task;
	const struct timespec pause = {.tv_sec = 1, .tv_nsec = 50000000 * (task < 10 ? task : 10)};
	const tw_status status = tw_comm_failure();
	signal(SIGTERM, SIG_DFL);
	if (task > 0) nanosleep(&pause, NULL);
	if (!told) speak_alone();
	tw_comm_abort(call->comm, tw_exit_code(status));
}

/* Collective: all ranks end alike. A rank that has failed before app_open tells it to the others there. What the first
 * rank has to say needs no rank. */
static tw_status end_alike(app_call *call, tw_status status)
{
	char message[2048];
	snprintf(message, sizeof message, "%s", tw_message());
	tw_status agreed = status;
	if (!call->comm) {
		if (tw_comm_world(&call->comm) != TW_OK) {
			call->comm = NULL;
			return tw_comm_failure() == TW_OK ? tw_fail(status, "%s", message) : TW_INTERNAL;
		}
		agreed = tw_comm_agree(call->comm, status); /* that of app_open on the others */
	}
	agreed = tw_comm_agree(call->comm, agreed);
	const bool own = tw_comm_rank(call->comm) == 0 && status == agreed && tw_comm_failure() == TW_OK;
	return own && status != TW_OK ? tw_fail(status, "%s", message) : agreed;
}

int app_finish(app_call *call, tw_status status)
{
	if (status == TW_OK) status = close_output();
	const bool early = status != TW_OK && !call->comm && tw_launch_environment().tasks > 1;
	if ((call->comm || early) && tw_comm_failure() == TW_OK) status = end_alike(call, status);
	const bool told = status != TW_OK && tw_comm_failure() == TW_OK;
	if (told && early && !call->comm)
		speak_alone();
	else if (told)
		tw_log(TW_LOG_ERROR, "%s", tw_message());
	if (tw_comm_failure() == TW_OK) {
		tw_comm_free(call->comm);
		call->comm = NULL;
	}
	if (tw_comm_failure() != TW_OK) end_job(call, told);
	return status == TW_OK && call->exit_code ? call->exit_code : tw_exit_code(status);
}
