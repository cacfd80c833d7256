/* app/app.h: the program: subcommands, their options, and what they share. */
#ifndef THALWEG_APP_APP_H
#define THALWEG_APP_APP_H

#include <argp.h>
#include <thalweg/thalweg.h>

/* ---- subcommands --------------------------------------------------------------------------------------------- */

/* One call of the program. */
typedef struct {
	int argc; /* from the subcommand on; argv[0] is "thalweg NAME" */
	char **argv;
	const char *program; /* path of the program as it was called */
	tw_comm *comm;       /* NULL until app_open */
	int exit_code;       /* what a subcommand wants instead of its status's exit code; 0: nothing */
} app_call;

/* A subcommand: one file that defines one of these, and one line in the list of main.c. */
typedef struct {
	const char *name;
	const char *brief;            /* a few words for the list of subcommands */
	const struct argp *argp;      /* its options, from which --help, man page and completion are made */
	void (*help_more)(FILE *out); /* printed behind the options; NULL: nothing */
	tw_status (*run)(app_call *call);
	bool hidden;
} app_command;

extern const app_command app_train, app_sweep, app_thesis, app_compare, app_evaluate, app_predict, app_verify_layout,
    app_info, app_doctor, app_replay, app_completion, app_certify;

const app_command *app_command_of(int i); /* NULL past the end */
const app_command *app_command_find(const char *name);

/* ---- options (options.c) ------------------------------------------------------------------------------------- */

/* What subcommands that read a configuration share. */
typedef struct {
	char **set; /* "a.b.c=value", in order, heap */
	int sets;
	bool quiet, all_ranks, allow_singleton;
	int64_t hang_seconds; /* 0: ranks are not watched */
} app_options;

/* Children of a subcommand's argp. Their inputs are app_options: the subcommand's parser hands them over with
 * app_share at ARGP_KEY_INIT, one for each child. */
extern const struct argp app_configuration_argp;   /* --set, --seed, --precision, --threads */
extern const struct argp app_common_argp;          /* --quiet, --log-rank, --allow-singleton, --help */
extern const struct argp app_watch_argp;           /* --hang-timeout */
extern const struct argp_child app_run_children[]; /* all, for subcommands that read a configuration */
void app_share(const struct argp_state *state, app_options *options);

/* Parses call's arguments into input. TW_USAGE names an unknown option, with the nearest one, or what a parser refused
 * with tw_fail. */
tw_status app_parse(const app_call *call, const struct argp *argp, void *input);
void app_options_free(app_options *options);
/* Whether an override names the precision. */
bool app_options_name_precision(const app_options *options);
/* For parsers: keeps a positional argument, or fails because *slot is taken; an error number for argp. */
error_t app_positional(const char *argument, const char **slot);
/* For parsers: a count from low to high, or fails naming the option. */
error_t app_count(const char *option, const char *text, int64_t low, int64_t high, int64_t *out);

/* ---- the course of a call (session.c) ------------------------------------------------------------------------ */

/* Collective. Checks the launch and opens the communicator of the call and the log. */
tw_status app_open(app_call *call, const app_options *options);
/* Collective. Reads the configuration (file NULL: the embedded default) and its overrides; frees on failure. */
tw_status app_read_settings(const app_call *call, const app_options *options, const char *file, tw_settings *settings);
/* Collective: all ranks come to the same status. Reports a failure once, ends MPI and gives the exit code. Where a call
 * of MPI has failed on this rank, or a rank failed before app_open and cannot reach the others, it says so itself; the
 * former ends the job. */
int app_finish(app_call *call, tw_status status);

/* Collective. A model, the data of the configuration and a run that holds both (model.c). file NULL: config.yaml beside
 * the model, else the embedded default. settings and *run are the caller's to free, also on failure. */
tw_status app_load_model(const app_call *call, const app_options *options, const char *model, const char *file,
                         tw_settings *settings, tw_run **run);

/* ---- signals (signals.c) ------------------------------------------------------------------------------------- */

/* From now on SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 stop the training at its next step; a second SIGINT ends the
 * program. */
void app_catch_signals(void);
/* The training stops at its next step once tw_now() is past this moment. */
void app_stop_at(double moment);

/* ---- help (help.c) ------------------------------------------------------------------------------------------- */

void app_print_usage(FILE *out); /* the short form */
void app_print_help(FILE *out);  /* of the program: its subcommands */
void app_print_command_help(FILE *out, const app_command *command);
void app_print_keys(FILE *out);      /* the configuration keys: keys.c */
void app_print_key_names(FILE *out); /* their names alone, with blanks between */

/* The one of names (NULL-terminated) nearest to text, NULL when none is near. */
const char *app_nearest(const char *text, const char *const *names);

#endif
