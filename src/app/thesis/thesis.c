/* thalweg thesis: the experiments and figures of the thesis, each by one command. */
#include "app/thesis/thesis.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/thesis/request.h"
#include "run/run.h"

enum { KEY_OVERWRITE = 0x2000, KEY_RESUME, KEY_QUICK, KEY_FULL, KEY_EVERY, KEY_SEEDS, KEY_DATA, KEY_NO_FIGURES };

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "Keep the data, the figures and report.html in DIR", 0},
    {"quick", KEY_QUICK, NULL, 0, "Minutes for each experiment (the default); the report says what is reduced", 0},
    {"full", KEY_FULL, NULL, 0, "All runs of the thesis", 0},
    {"data", KEY_DATA, "DIR", 0, "Folder of the fetched data sets (default: data)", 0},
    {"no-figures", KEY_NO_FIGURES, NULL, 0, "Data and report alone, without gnuplot", 0},
    {"every", KEY_EVERY, "K", 0, "gradient-norm: measure the gradient's norm after every K-th step", 0},
    {"seeds", KEY_SEEDS, "N", 0, "efficiency: starts of every method and step size", 0},
    {"resume", KEY_RESUME, NULL, 0,
     "Go on with what was begun in DIR; that is what the same command does anyway, on any number of ranks and threads",
     0},
    {"overwrite", KEY_OVERWRITE, NULL, 0,
     "DIR may hold other files; what an earlier call left of the same experiments is removed", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	thesis_request *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case 'o':
		o->output = argument;
		return 0;
	case KEY_QUICK:
		o->quick = true;
		return 0;
	case KEY_FULL:
		o->full = true;
		return 0;
	case KEY_DATA:
		o->data = argument;
		return 0;
	case KEY_NO_FIGURES:
		o->no_figures = true;
		return 0;
	case KEY_EVERY:
		return app_count("--every", argument, 1, INT32_MAX, &o->every);
	case KEY_SEEDS:
		return app_count("--seeds", argument, 1, INT32_MAX, &o->seeds);
	case KEY_RESUME:
		o->resume = true;
		return 0;
	case KEY_OVERWRITE:
		o->overwrite = true;
		return 0;
	case ARGP_KEY_ARG:
		return app_positional(argument, &o->name);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[NAME]",
    .doc =
        "Reproduce the experiment or figure NAME of the thesis, or all of them (`all`); without NAME they are listed. "
        "DIR/NAME gets the data (CSV), the figures (SVG and PNG) and the gnuplot scripts that draw them; "
        "DIR/report.html "
        "sets them beside the published results and says what agrees. --set changes every configuration that is "
        "trained.\v"
        "SIGINT, SIGTERM and SIGUSR1 stop the training; what is finished stays in DIR, and the same command goes "
        "on.\n\n"
        "Exit codes: 0 done; 2 usage or configuration; 3 input or output; 4 diverged; 75 interrupted; 70 internal.",
    .children = app_run_children,
};

/* ---- before anything is trained ------------------------------------------------------------------------------ */

static tw_status check_options(const thesis_request *o)
{
	TW_CHECK(o->name || !o->output, TW_USAGE,
	         "--output, but no experiment: thalweg thesis NAME --output DIR; `thalweg thesis` lists them");
	TW_CHECK(!o->name || o->output, TW_USAGE, "%s needs a folder for its results: --output DIR", o->name);
	TW_CHECK(!o->quick || !o->full, TW_USAGE, "--quick or --full: give one of them");
	TW_CHECK(!o->resume || !o->overwrite, TW_USAGE,
	         "--resume goes on with what is there and --overwrite begins it anew: give one of them");
	return TW_OK;
}

/* Rank 0: what can be known to be missing. */
static tw_status check_all(const thesis_request *o, thesis_folder *folder)
{
	TW_TRY(thesis_folder_check(o, folder));
	TW_TRY(thesis_check_data(o));
	return o->no_figures ? TW_OK : tw_figure_check();
}

/* The absolute form of a path, of which only the folder above must be there. */
static tw_status make_absolute(const char *path, char out[PATH_MAX])
{
	char here[PATH_MAX];
	TW_CHECK(*path == '/' || getcwd(here, sizeof here), TW_IO, "%s: the folder of this process is not known", path);
	const int length =
	    *path == '/' ? snprintf(out, PATH_MAX, "%s", path) : snprintf(out, PATH_MAX, "%s/%s", here, path);
	TW_CHECK(length < PATH_MAX, TW_USAGE, "%s: the name is too long", path);
	return TW_OK;
}

/* ---- the report ---------------------------------------------------------------------------------------------- */

static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
	return *word && strspn(word, plain) == strlen(word);
}

/* The command line, for a shell; to be called before the options are parsed, which sorts its words. free. */
static char *command_of(const app_call *call)
{
	char *command = NULL;
	size_t size;
	FILE *out = open_memstream(&command, &size);
	if (!out) return NULL;
	fputs(call->argv[0], out);
	for (int i = 1; i < call->argc; i++) {
		const char *word = call->argv[i];
		if (is_plain(word)) {
			fprintf(out, " %s", word);
			continue;
		}
		fputs(" '", out);
		for (; *word; word++) fputs(*word == '\'' ? "'\\''" : (char[]){*word, 0}, out);
		fputc('\'', out);
	}
	fclose(out);
	return command;
}

static void describe_call(const app_call *call, const thesis_request *o, tw_page *page)
{
	const int ranks = tw_comm_size(call->comm);
	tw_page_heading(page, 1, "How this report was made");
	if (ranks > 1)
		tw_page_code(page, "mpirun -n %d %s", ranks, o->command);
	else
		tw_page_code(page, "%s", o->command);
	tw_page_text(page, "thalweg %s, revision %s, on %d rank%s. %s", TW_VERSION, TW_GIT_REVISION, ranks,
	             ranks == 1 ? "" : "s",
	             o->full ? "The full version: all runs of the thesis."
	                     : "The quick version: what it leaves out is said with each experiment.");
}

/* Rank 0. */
static tw_status begin_page(const app_call *call, const thesis_request *o, tw_page **page)
{
	TW_TRY(tw_page_create("The thesis, reproduced",
	                      o->full ? "Experiments and figures, full version" : "Experiments and figures, quick version",
	                      page));
	describe_call(call, o, *page);
	return TW_OK;
}

static void add_seconds(tw_page *page, const thesis_request *o, const double *seconds)
{
	static const char *const head[] = {"experiment", "seconds of this call"};
	double sum = 0;
	char text[TW_NUMBER_TEXT];
	tw_page_heading(page, 1, "How long it took");
	tw_page_text(page, "What an earlier call had trained in the same folder was not trained again.");
	tw_page_table(page, "", 2, head);
	for (int i = 0; i < o->count; i++) {
		sum += seconds[i];
		snprintf(text, sizeof text, "%.1f", seconds[i]);
		tw_page_row(page, (const char *const[]){o->chosen[i]->name, text});
	}
	snprintf(text, sizeof text, "%.1f", sum);
	if (o->count > 1) tw_page_row(page, (const char *const[]){"together", text});
	tw_page_table_end(page);
	tw_page_subtitle(page, "Experiments and figures, %s version, made in %.0f seconds", o->full ? "full" : "quick",
	                 sum);
}

/* Rank 0. */
static tw_status finish(const thesis_request *o, tw_page *page, const double *seconds)
{
	add_seconds(page, o, seconds);
	tw_page_print_findings(page, stdout);
	TW_TRY(tw_page_write(page, o->output, "report.html"));
	printf("findings: %d agree with the thesis, %d differ, %d notes\n", tw_page_findings(page, TW_AGREES),
	       tw_page_findings(page, TW_DIFFERS), tw_page_findings(page, TW_NOTE));
	printf("kept in %s: report.html, and in a folder each", o->output);
	for (int i = 0; i < o->count; i++) printf("%s %s", i ? "," : "", o->chosen[i]->name);
	putchar('\n');
	return TW_OK;
}

/* ---- the experiments ----------------------------------------------------------------------------------------- */

/* Collective. Ranks that ended alike keep their message; else they agree on one. */
static tw_status same_on_all(tw_comm *comm, tw_status status)
{
	double ends[] = {status, -(double)status};
	TW_TRY(tw_comm_max_double(comm, ends, 2));
	return ends[0] == -ends[1] ? status : tw_comm_agree(comm, status);
}

/* Collective. A signal that came while nothing was trained. */
static tw_status check_signals(tw_comm *comm, const thesis_experiment *next)
{
	tw_status status = TW_OK;
	if (run_stop_requested())
		status = tw_fail(TW_INTERRUPTED, "interrupted before %s; the same command goes on", next->name);
	return tw_comm_agree(comm, status);
}

/* Collective. */
static tw_status run_one(const thesis_request *o, const thesis_experiment *experiment, thesis_context *context)
{
	char folder[PATH_MAX], *path = NULL;
	TW_TRY(check_signals(context->comm, experiment));
	tw_log(TW_LOG_NOTE, "%s: %s", experiment->name, experiment->title);
	tw_status status = context->speaks ? thesis_folder_make(o, experiment->name) : TW_OK;
	if (status == TW_OK) status = tw_folder_path(o->output, experiment->name, &path);
	if (status == TW_OK) status = make_absolute(path, folder);
	tw_free(path);
	TW_TRY(tw_comm_agree(context->comm, status));
	context->folder = folder;
	status = experiment->run(context);
	context->folder = NULL;
	return same_on_all(context->comm, status);
}

/* Collective. */
static tw_status run_all(const thesis_request *o, thesis_folder *folder, thesis_context *context)
{
	double seconds[THESIS_MOST];
	for (int i = 0; i < o->count; i++) {
		const double start = tw_now();
		tw_status status = run_one(o, o->chosen[i], context);
		if (status != TW_OK && context->speaks) thesis_folder_undo(o, folder, o->chosen[i]->name);
		TW_TRY(status);
		seconds[i] = tw_now() - start;
	}
	return tw_comm_agree(context->comm, context->speaks ? finish(o, context->page, seconds) : TW_OK);
}

/* Collective. */
static tw_status run_chosen(const app_call *call, const thesis_request *o)
{
	char data[PATH_MAX];
	thesis_folder folder = {0};
	thesis_context context = {
	    .call = call,
	    .comm = call->comm,
	    .speaks = tw_comm_rank(call->comm) == 0,
	    .full = o->full,
	    .every = o->every,
	    .seeds = o->seeds,
	    .set = o->shared.set,
	    .sets = o->shared.sets,
	    .figures = !o->no_figures,
	    .quiet = o->shared.quiet,
	    .data = data,
	};
	tw_status status = make_absolute(o->data, data);
	if (status == TW_OK && context.speaks) status = check_all(o, &folder);
	TW_TRY(tw_comm_agree(call->comm, status));
	if (context.speaks) status = begin_page(call, o, &context.page);
	if (context.speaks && status == TW_OK) status = thesis_folder_begin(o, &folder);
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) status = run_all(o, &folder, &context);
	if (context.speaks) thesis_folder_end(&folder);
	tw_page_free(context.page);
	return status;
}

static tw_status run_options(app_call *call, thesis_request *o)
{
	if (o->name) TW_TRY(thesis_choose(o));
	TW_TRY(check_options(o));
	if (o->name) app_catch_signals();
	TW_TRY(app_open(call, &o->shared));
	if (o->name) return run_chosen(call, o);
	if (tw_comm_rank(call->comm) == 0) thesis_list();
	return TW_OK;
}

static tw_status run(app_call *call)
{
	thesis_request o = {.data = "data", .command = command_of(call)};
	tw_status status = o.command ? app_parse(call, &argp, &o) : tw_fail(TW_NO_MEMORY, "no memory for the report");
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	free(o.command);
	return status;
}

const app_command app_thesis = {
    .name = "thesis",
    .brief = "the experiments and figures of the thesis, reproduced",
    .argp = &argp,
    .run = run,
};
