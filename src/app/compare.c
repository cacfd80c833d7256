/* thalweg compare: whether tables of runs come from the same distribution. */
#include "app/app.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"

enum { KEY_BY = 0x2000, KEY_VALUE, KEY_WHERE, KEY_CSV, KEY_ALPHA, KEY_DIGITS, MOST_TABLES = 26, MOST_CONDITIONS = 32 };

typedef struct {
	app_options shared;
	const char *file[MOST_TABLES];
	int files;
	char *by_text; /* a copy, cut into by; NULL: chosen by the tables */
	const char *by[TW_MAX_KEYS];
	int by_count;
	const char *condition[MOST_CONDITIONS];
	int conditions;
	const char *value, *csv;
	double alpha;
	int64_t digits;
} compare_options;

static const struct argp_option options[] = {
    {"by", KEY_BY, "COLUMN,...", 0,
     "Compare the rows that agree in these columns (\"\": all rows at once). By default those of hidden_layers, width, "
     "hidden, activation, initial, update, step_size and batch_size that both tables have and that vary",
     0},
    {"value", KEY_VALUE, "COLUMN", 0, "Column whose distributions are compared (default: cost)", 0},
    {"where", KEY_WHERE, "COLUMN=VALUE", 0,
     "Keep only rows with this value, in the tables that have the column; several values for one column: any of them",
     0},
    {"csv", KEY_CSV, "FILE", 0, "Also write the result to FILE, with all digits", 0},
    {"alpha", KEY_ALPHA, "P", 0, "Mark p-values up to P with a star, and count the cells above it (default: 0.01)", 0},
    {"digits", KEY_DIGITS, "N", 0,
     "Round values to N significant digits for the tests, so that runs that end at the same minimum up to rounding "
     "errors are ties (default: 6, for costs in float; 16: as they are)",
     0},
    {0},
};

/* ---- options ------------------------------------------------------------------------------------------------- */

static error_t keep_file(compare_options *o, const char *file)
{
	if (o->files == MOST_TABLES) {
		tw_fail(TW_USAGE, "%s: at most %d tables are compared", file, MOST_TABLES);
		return EINVAL;
	}
	o->file[o->files++] = file;
	return 0;
}

static error_t keep_condition(compare_options *o, const char *condition)
{
	if (!strchr(condition, '=') || *condition == '=') {
		tw_fail(TW_USAGE, "--where %s: a condition has the form COLUMN=VALUE, e.g. --where hidden_layers=1", condition);
		return EINVAL;
	}
	if (o->conditions == MOST_CONDITIONS) {
		tw_fail(TW_USAGE, "--where %s: at most %d conditions", condition, MOST_CONDITIONS);
		return EINVAL;
	}
	o->condition[o->conditions++] = condition;
	return 0;
}

static error_t keep_columns(compare_options *o, const char *text)
{
	char *rest = NULL;
	tw_free(o->by_text);
	o->by_text = tw_copy_text(text);
	o->by_count = 0;
	if (!o->by_text) {
		tw_fail(TW_NO_MEMORY, "no memory for the options");
		return ENOMEM;
	}
	for (char *word = strtok_r(o->by_text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (o->by_count == TW_MAX_KEYS) {
			tw_fail(TW_USAGE, "--by %s: at most %d columns", text, TW_MAX_KEYS);
			return EINVAL;
		}
		o->by[o->by_count++] = word;
	}
	return 0;
}

static error_t keep_alpha(compare_options *o, const char *text)
{
	if (tw_parse_real(text, &o->alpha) && o->alpha > 0 && o->alpha < 1) return 0;
	tw_fail(TW_USAGE, "--alpha %s: a probability above 0 and below 1 is wanted", text);
	return EINVAL;
}

static error_t check_files(const compare_options *o)
{
	if (o->files >= 2) return 0;
	tw_fail(TW_USAGE, "at least two tables are wanted: thalweg compare A.csv B.csv [C.csv ...]");
	return EINVAL;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	compare_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case KEY_BY:
		return keep_columns(o, argument);
	case KEY_VALUE:
		o->value = argument;
		return 0;
	case KEY_WHERE:
		return keep_condition(o, argument);
	case KEY_CSV:
		o->csv = argument;
		return 0;
	case KEY_ALPHA:
		return keep_alpha(o, argument);
	case KEY_DIGITS:
		return app_count("--digits", argument, 1, 16, &o->digits);
	case ARGP_KEY_ARG:
		return keep_file(o, argument);
	case ARGP_KEY_END:
		return check_files(o);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
    {&app_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "A.csv B.csv [C.csv ...]",
    .doc = "Compare the distributions of the final costs in two tables of runs, cell by cell: runs.csv of a sweep, or "
           "any table whose first line names its columns. Each further table is compared with the first.\v"
           "For each cell: count, minimum, quartiles and maximum of both tables, Kolmogorov-Smirnov statistic D and "
           "Mann-Whitney statistic U of the first table, and their two-sided p-values.",
    .children = children,
};

/* ---- comparing ----------------------------------------------------------------------------------------------- */

typedef struct {
	tw_run_table table[MOST_TABLES];
	tw_comparison comparison[MOST_TABLES]; /* with table i + 1 */
} work;

static tw_status check_conditions(const compare_options *o, const tw_run_table *tables)
{
	for (int i = 0; i < o->conditions; i++) {
		char name[TW_KEY_TEXT];
		int found = 0, ignored;
		snprintf(name, sizeof name, "%.*s", (int)(strchr(o->condition[i], '=') - o->condition[i]), o->condition[i]);
		for (int t = 0; t < o->files; t++) found += tw_run_table_column(&tables[t], name) >= 0;
		if (!found) return tw_run_table_require(&tables[0], name, "--where", &ignored);
	}
	return TW_OK;
}

static void print_head(const compare_options *o, const tw_run_table *tables)
{
	char number[TW_NUMBER_TEXT];
	for (int t = 0; t < o->files; t++) printf("%c  %s, %" PRId64 " rows\n", 'A' + t, tables[t].file, tables[t].rows);
	printf("%s", o->value);
	if (o->digits < 16) printf(" (tests to %" PRId64 " digits)", o->digits);
	printf("; KS: Kolmogorov-Smirnov, MW: Mann-Whitney, two-sided; * p <= %s\n", tw_short_number(o->alpha, 5, number));
}

static tw_status compare_tables(const compare_options *o, work *self)
{
	for (int t = 0; t < o->files; t++) TW_TRY(tw_run_table_read(o->file[t], &self->table[t]));
	TW_TRY(check_conditions(o, self->table));
	for (int t = 0; t < o->files; t++) TW_TRY(tw_run_table_filter(&self->table[t], o->condition, o->conditions));
	const tw_compare_options choice = {o->value, o->by_text ? o->by : NULL, o->by_count, (int)o->digits};
	int others = o->files - 1;
	for (int i = 0; i < others; i++)
		TW_TRY(tw_compare(&self->table[0], &self->table[i + 1], &choice, &self->comparison[i]));
	if (o->csv) TW_TRY(tw_comparisons_write(o->csv, self->comparison, others));
	print_head(o, self->table);
	for (int i = 0; i < others; i++) {
		const char other[] = {(char)('B' + i), 0};
		putchar('\n');
		tw_comparison_print(&self->comparison[i], (const char *const[]){"A", other}, o->alpha);
	}
	return TW_OK;
}

static tw_status compare(const compare_options *o)
{
	void *memory;
	TW_TRY(tw_alloc(&memory, sizeof(work), "the tables"));
	work *self = memory;
	tw_status status = compare_tables(o, self);
	for (int i = 0; i < MOST_TABLES; i++) {
		tw_comparison_free(&self->comparison[i]);
		tw_run_table_free(&self->table[i]);
	}
	tw_free(self);
	return status;
}

/* ---- the subcommand ------------------------------------------------------------------------------------------ */

/* Rank 0 does it all. */
static tw_status run_options(app_call *call, const compare_options *o)
{
	TW_TRY(app_open(call, &o->shared));
	tw_status status = tw_comm_rank(call->comm) == 0 ? compare(o) : TW_OK;
	return tw_comm_agree(call->comm, status);
}

static tw_status run(app_call *call)
{
	compare_options o = {.value = "cost", .alpha = 0.01, .digits = 6};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	tw_free(o.by_text);
	app_options_free(&o.shared);
	return status;
}

const app_command app_compare = {
    .name = "compare",
    .brief = "compare the distributions of final costs in tables of runs",
    .argp = &argp,
    .run = run,
};
