/* The course of a call: communicator, log, configuration, exit code. */
#include "app/app.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/variant.h"
#include "run/launch.h"

tw_status app_open(app_call *call, const app_options *options)
{
	tw_launch launch = tw_launch_environment();
	tw_log_setup((int)launch.task, (int)launch.tasks, options->quiet, options->all_ranks);
	TW_TRY(tw_comm_world(&call->comm));
	int rank = tw_comm_rank(call->comm), size = tw_comm_size(call->comm);
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

int app_finish(app_call *call, tw_status status)
{
	if (status == TW_OK) status = close_output();
	if (status != TW_OK) tw_log(TW_LOG_ERROR, "%s", tw_message());
	/* A rank that leaves with an error before the others have spoken would have them killed: leave together. */
	bool together = status != TW_OK && !call->comm && tw_launch_environment().tasks > 1;
	if (together && tw_comm_world(&call->comm) != TW_OK) call->comm = NULL;
	if (call->comm) tw_comm_free(call->comm);
	return status == TW_OK && call->exit_code ? call->exit_code : tw_exit_code(status);
}
