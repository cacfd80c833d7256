/* thalweg completion bash: completion for bash, from the option tables. */
#include "app/app.h"

#include <string.h>

typedef struct {
	const char *shell;
	app_options shared;
} completion_options;

static error_t parse(int key, char *argument, struct argp_state *state)
{
	completion_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case ARGP_KEY_ARG:
		return app_positional(argument, &o->shell);
	case ARGP_KEY_END:
		if (o->shell && strcmp(o->shell, "bash") == 0) return 0;
		tw_fail(TW_USAGE, "completion is made for `bash`: thalweg completion bash");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
    {&app_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp argp = {
    .parser = parse,
    .args_doc = "bash",
    .doc = "Print the completion of the command line for bash.",
    .children = children,
};

static void print_options(const struct argp *of)
{
	for (const struct argp_option *o = of->options; o && (o->name || o->key); o++)
		if (o->name) printf(" --%s%s", o->name, o->arg && !(o->flags & OPTION_ARG_OPTIONAL) ? "=" : "");
	for (const struct argp_child *child = of->children; child && child->argp; child++) print_options(child->argp);
}

static void print_commands(void)
{
	for (int i = 0; app_command_of(i); i++)
		if (!app_command_of(i)->hidden) printf("%s ", app_command_of(i)->name);
}

static const char script_head[] =
    "# Completion of thalweg's command line for bash; made by `thalweg completion bash`.\n"
    "_thalweg()\n"
    "{\n"
    "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options=\n"
    "\t[[ $word == = ]] && word=\n"
    "\t[[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "\tCOMPREPLY=()\n"
    "\tif ((COMP_CWORD == 1)); then\n"
    "\t\tCOMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$word\"))\n"
    "\t\treturn\n"
    "\tfi\n"
    "\tcase $before in\n"
    "\t--set)\n"
    "\t\tCOMPREPLY=($(compgen -S = -W \"$keys\" -- \"$word\"))\n"
    "\t\tcompopt -o nospace\n"
    "\t\treturn ;;\n"
    "\t--precision) COMPREPLY=($(compgen -W 'float double' -- \"$word\")); return ;;\n"
    "\t--part) COMPREPLY=($(compgen -W 'train test' -- \"$word\")); return ;;\n"
    "\t--log-rank) COMPREPLY=($(compgen -W '0 all' -- \"$word\")); return ;;\n"
    "\t--output) COMPREPLY=($(compgen -f -- \"$word\")); compopt -o filenames; return ;;\n"
    "\tesac\n"
    "\tcase ${COMP_WORDS[1]} in\n";

static const char script_tail[] = "\tesac\n"
                                  "\tif [[ $word == -* ]]; then\n"
                                  "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                                  "\t\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
                                  "\t\treturn\n"
                                  "\tfi\n"
                                  "\tcompopt -o filenames\n"
                                  "\tCOMPREPLY=($(compgen -d -- \"$word\") $(compgen -f -X '!*.yaml' -- \"$word\"))\n"
                                  "\tcase ${COMP_WORDS[1]} in\n"
                                  "\tevaluate | predict) COMPREPLY+=($(compgen -f -X '!*.h5' -- \"$word\")) ;;\n"
                                  "\tcompare) COMPREPLY+=($(compgen -f -X '!*.csv' -- \"$word\")) ;;\n"
                                  "\tesac\n"
                                  "}\n"
                                  "complete -F _thalweg thalweg\n";

static void print_script(void)
{
	/* The lists stand inside the function, so that nothing but the function enters the shell. */
	const char *body = strchr(script_head, '{') + 2;
	printf("%.*s\tlocal commands='", (int)(body - script_head), script_head);
	print_commands();
	fputs("' keys='", stdout);
	app_print_key_names(stdout);
	printf("'\n%s", body);
	for (int i = 0; app_command_of(i); i++) {
		if (app_command_of(i)->hidden) continue;
		printf("\t%s) options='", app_command_of(i)->name);
		print_options(app_command_of(i)->argp);
		puts("' ;;");
	}
	fputs(script_tail, stdout);
}

static tw_status run(app_call *call)
{
	completion_options o = {0};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) print_script();
	app_options_free(&o.shared);
	return status;
}

const app_command app_completion = {
    .name = "completion",
    .brief = "print the completion of the command line for bash",
    .argp = &argp,
    .run = run,
    .hidden = true,
};
