#include "app/app.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SET = 0x1000, KEY_SEED, KEY_PRECISION, KEY_LOG_RANK, KEY_SINGLETON, KEY_HANG, MOST_NAMES = 64 };

/* ---- shared options ------------------------------------------------------------------------------------------ */

static error_t keep_override(app_options *options, const char *key, const char *value)
{
	char *text = NULL, **grown = realloc(options->set, (size_t)(options->sets + 1) * sizeof *grown);
	if (grown) options->set = grown;
	if (!grown || asprintf(&text, "%s%s%s", key, *key ? "=" : "", value) < 0) {
		tw_fail(TW_NO_MEMORY, "no memory for the options");
		return ENOMEM;
	}
	options->set[options->sets++] = text;
	return 0;
}

static error_t parse_configuration(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case KEY_SET:
		if (strchr(argument, '=')) return keep_override(state->input, "", argument);
		tw_fail(TW_USAGE, "--set %s: an override has the form key=value, e.g. --set method.step_size=0.5", argument);
		return EINVAL;
	case KEY_SEED:
		return keep_override(state->input, "seed", argument);
	case KEY_PRECISION:
		return keep_override(state->input, "precision", argument);
	case 't':
		return keep_override(state->input, "threads", argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option configuration_options[] = {
    {"set", KEY_SET, "KEY=VALUE", 0, "Override a key of the configuration, e.g. --set method.step_size=0.5", 0},
    {"seed", KEY_SEED, "N", 0, "Short for --set seed=N", 0},
    {"precision", KEY_PRECISION, "NAME", 0, "Short for --set precision=NAME: float or double", 0},
    {"threads", 't', "N", 0, "Threads of each rank; short for --set threads=N", 0},
    {0},
};

const struct argp app_configuration_argp = {.options = configuration_options, .parser = parse_configuration};

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
	app_options *options = state->input;
	switch (key) {
	case 'q':
		options->quiet = true;
		return 0;
	case KEY_SINGLETON:
		options->allow_singleton = true;
		return 0;
	case KEY_LOG_RANK:
		options->all_ranks = strcmp(argument, "all") == 0;
		if (options->all_ranks || strcmp(argument, "0") == 0) return 0;
		tw_fail(TW_USAGE, "--log-rank=%s: the ranks that speak are `0` or `all`", argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option common_options[] = {
    {"quiet", 'q', NULL, 0, "No log and no progress, errors only", 1},
    {"log-rank", KEY_LOG_RANK, "WHICH", 0, "Ranks that speak: 0 (default) or all", 1},
    {"allow-singleton", KEY_SINGLETON, NULL, 0,
     "Run as one rank although the environment says that several tasks were started", 1},
    {"help", 'h', NULL, 0, "Show this help", -1},
    {0},
};

const struct argp app_common_argp = {.options = common_options, .parser = parse_common};

static error_t parse_watch(int key, char *argument, struct argp_state *state)
{
	app_options *options = state->input;
	if (key != KEY_HANG) return ARGP_ERR_UNKNOWN;
	return app_count("--hang-timeout", argument, 1, INT32_MAX, &options->hang_seconds);
}

static const struct argp_option watch_options[] = {
    {"hang-timeout", KEY_HANG, "SECONDS", 0,
     "End the job where others wait for a rank that has been silent for SECONDS, and name it and its host; longer than "
     "any step, any reading of data and any writing of files takes. Default: wait for ever",
     1},
    {0},
};

const struct argp app_watch_argp = {.options = watch_options, .parser = parse_watch};

const struct argp_child app_run_children[] = {
    {&app_configuration_argp, 0, NULL, 0},
    {&app_watch_argp, 0, NULL, 0},
    {&app_common_argp, 0, NULL, 0},
    {0},
};

void app_share(const struct argp_state *state, app_options *options)
{
	const struct argp_child *children = state->root_argp->children;
	for (int i = 0; children && children[i].argp; i++) state->child_inputs[i] = options;
}

void app_options_free(app_options *options)
{
	for (int i = 0; i < options->sets; i++) free(options->set[i]);
	free(options->set);
	*options = (app_options){0};
}

bool app_options_name_precision(const app_options *options)
{
	for (int i = 0; i < options->sets; i++)
		if (strncmp(options->set[i], "precision=", strlen("precision=")) == 0) return true;
	return false;
}

/* ---- help for parsers ---------------------------------------------------------------------------------------- */

error_t app_positional(const char *argument, const char **slot)
{
	if (*slot) {
		tw_fail(TW_USAGE, "unexpected argument `%s`", argument);
		return EINVAL;
	}
	*slot = argument;
	return 0;
}

error_t app_count(const char *option, const char *text, int64_t low, int64_t high, int64_t *out)
{
	if (tw_parse_integer(text, out) && *out >= low && *out <= high) return 0;
	tw_fail(TW_USAGE, "%s %s: a whole number from %" PRId64 " to %" PRId64 " is wanted", option, text, low, high);
	return EINVAL;
}

/* ---- parsing ------------------------------------------------------------------------------------------------- */

/* The options of argp and of its children, at most MOST_NAMES. */
static int collect(const struct argp *argp, const struct argp_option **out, int count)
{
	for (const struct argp_option *o = argp->options; o && (o->name || o->key); o++)
		if (o->name && count < MOST_NAMES) out[count++] = o;
	for (const struct argp_child *child = argp->children; child && child->argp; child++)
		count = collect(child->argp, out, count);
	return count;
}

/* The option of `--name`, complete or abbreviated without doubt; NULL: none. */
static const struct argp_option *find_long(const struct argp_option *const *options, int count, const char *name,
                                           size_t length)
{
	const struct argp_option *found = NULL;
	int matches = 0;
	for (int i = 0; i < count; i++) {
		if (strncmp(options[i]->name, name, length) != 0) continue;
		if (strlen(options[i]->name) == length) return options[i];
		found = options[i];
		matches++;
	}
	return matches == 1 ? found : NULL;
}

static tw_status unknown_option(const char *command, const char *argument, size_t length,
                                const struct argp_option *const *options, int count)
{
	const char *names[MOST_NAMES + 1] = {NULL};
	for (int i = 0; i < count; i++) names[i] = options[i]->name;
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)length, argument + 2);
	const char *nearest = app_nearest(name, names);
	if (nearest) return tw_fail(TW_USAGE, "unknown option `--%s`; did you mean `--%s`?", name, nearest);
	return tw_fail(TW_USAGE, "unknown option `--%s`; `%s --help` lists them", name, command);
}

/* argp tells mistakes by printing and leaving, on every rank; they are found here first. */
static tw_status check_line(const app_call *call, const struct argp *argp)
{
	const struct argp_option *options[MOST_NAMES];
	int count = collect(argp, options, 0);
	for (int i = 1; i < call->argc && strcmp(call->argv[i], "--") != 0; i++) {
		const char *argument = call->argv[i];
		const struct argp_option *option = NULL;
		bool value_follows = false;
		if (argument[0] != '-' || !argument[1]) continue;
		if (argument[1] == '-') {
			size_t length = strcspn(argument + 2, "=");
			option = find_long(options, count, argument + 2, length);
			if (!option) return unknown_option(call->argv[0], argument, length, options, count);
			bool has_value = argument[2 + length] == '=';
			TW_CHECK(option->arg || !has_value, TW_USAGE, "the option `--%s` takes no value", option->name);
			value_follows = option->arg && !(option->flags & OPTION_ARG_OPTIONAL) && !has_value;
		} else {
			for (int k = 0; k < count && !option; k++)
				if (options[k]->key == argument[1]) option = options[k];
			TW_CHECK(option, TW_USAGE, "unknown option `%s`; `%s --help` lists them", argument, call->argv[0]);
			value_follows = option->arg && !argument[2];
		}
		TW_CHECK(!value_follows || i + 1 < call->argc, TW_USAGE, "the option `%s` needs a value: %s", argument,
		         option->arg);
		i += value_follows;
	}
	return TW_OK;
}

tw_status app_parse(const app_call *call, const struct argp *argp, void *input)
{
	TW_TRY(check_line(call, argp));
	tw_fail(TW_USAGE, "the command line cannot be read; see `%s --help`", call->argv[0]);
	error_t error = argp_parse(argp, call->argc, call->argv, ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input);
	return error == ENOMEM ? TW_NO_MEMORY : error ? TW_USAGE : TW_OK;
}
