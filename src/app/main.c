/* thalweg: neural networks trained with gradient methods. */
#include "app/app.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "run/launch.h"

static const app_command *const commands[] = {
    &app_train,         &app_sweep, &app_thesis, &app_compare, &app_certify,    &app_evaluate, &app_predict,
    &app_verify_layout, &app_info,  &app_doctor, &app_replay,  &app_completion, NULL,
};

const app_command *app_command_of(int i) { return commands[i]; }

const app_command *app_command_find(const char *name)
{
	for (int i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0) return commands[i];
	return NULL;
}

static tw_status unknown_command(const char *name)
{
	const char *names[sizeof commands / sizeof *commands] = {NULL};
	for (int i = 0, count = 0; commands[i]; i++)
		if (!commands[i]->hidden) names[count++] = commands[i]->name;
	const char *nearest = app_nearest(name, names);
	if (!nearest) return tw_fail(TW_USAGE, "unknown subcommand `%s`; `thalweg --help` lists them", name);
	return tw_fail(TW_USAGE, "unknown subcommand `%s`; did you mean `%s`?", name, nearest);
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
	return false;
}

/* Every task of a launch parses the same line; the first one speaks. */
static FILE *stream_of_speaker(FILE *stream) { return tw_launch_environment().task == 0 ? stream : NULL; }

static tw_status run_command(app_call *call, const app_command *command)
{
	char name[64];
	snprintf(name, sizeof name, "thalweg %s", command->name);
	call->argv[0] = name;
	if (!asks_for_help(call->argc, call->argv)) return command->run(call);
	FILE *out = stream_of_speaker(stdout);
	if (out) app_print_command_help(out, command);
	return TW_OK;
}

static tw_status dispatch(app_call *call, int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";
	FILE *out = stream_of_speaker(stdout);
	if (argc < 2) {
		FILE *err = stream_of_speaker(stderr);
		if (err) app_print_usage(err);
		call->exit_code = tw_exit_code(TW_USAGE);
		return TW_OK;
	}
	if (!strcmp(first, "--help") || !strcmp(first, "-h")) {
		if (out) app_print_help(out);
		return TW_OK;
	}
	if (!strcmp(first, "--version")) {
		if (out) fprintf(out, "thalweg %s\n", TW_VERSION);
		return TW_OK;
	}
	const app_command *command = app_command_find(first);
	if (!command) return unknown_command(first);
	call->argc = argc - 1;
	call->argv = argv + 1;
	return run_command(call, command);
}

int main(int argc, char **argv)
{
	tw_launch launch = tw_launch_environment();
	tw_log_setup((int)launch.task, (int)launch.tasks, false, false);
	/* All that is opened is closed; at its own end HDF5 would tell what it kept itself of a broken file. */
	H5dont_atexit();
	app_call call = {.program = argv[0]};
	tw_status status = dispatch(&call, argc, argv);
	return app_finish(&call, status);
}
