/* --help, of the program and of its subcommands. */
#include "app/app.h"

#include <string.h>

void app_print_usage(FILE *out)
{
	fputs("usage: thalweg ", out);
	for (int i = 0, shown = 0; app_command_of(i); i++)
		if (!app_command_of(i)->hidden) fprintf(out, "%s%s", shown++ ? "|" : "", app_command_of(i)->name);
	fputs(" [OPTION...]\n       thalweg --help\n", out);
}

void app_print_help(FILE *out)
{
	fputs("Usage: thalweg SUBCOMMAND [OPTION...]\n"
	      "Train neural networks with gradient methods: local minima of an optimisation problem, with the same bits on "
	      "any\n"
	      "number of processes and threads.\n\n",
	      out);
	for (int i = 0; app_command_of(i); i++)
		if (!app_command_of(i)->hidden) fprintf(out, "  %-15s %s\n", app_command_of(i)->name, app_command_of(i)->brief);
	fputs("\n"
	      "      --help                 Show this help; `thalweg SUBCOMMAND --help` shows that of a subcommand\n"
	      "      --version              Show the version\n"
	      "\n"
	      "Start it alone, or with mpirun: mpirun -n 2 thalweg train\n",
	      out);
}

void app_print_command_help(FILE *out, const app_command *command)
{
	char name[64];
	snprintf(name, sizeof name, "thalweg %s", command->name);
	argp_help(command->argp, out, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, name);
	if (command->help_more) command->help_more(out);
}
