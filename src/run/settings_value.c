/* One value of the configuration: from a node of the tree into its field, and its legal range in words. */
#include "run/settings_table.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- words --------------------------------------------------------------------------------------------------- */

void tw_option_parent(const char *path, char out[TW_OPTION_PATH])
{
	const char *dot = strrchr(path, '.');
	snprintf(out, TW_OPTION_PATH, "%.*s", dot ? (int)(dot - path) : 0, path);
}

const char *tw_option_key(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot ? dot + 1 : path;
}

enum { LONGEST_WORD = 48 };

static int smaller(int a, int b) { return a < b ? a : b; }

/* Least number of letters to insert, remove, replace or exchange with their neighbour. */
static int edit_distance(const char *a, const char *b)
{
	int row[LONGEST_WORD + 1][LONGEST_WORD + 1];
	const int rows = smaller((int)strlen(a), LONGEST_WORD), columns = smaller((int)strlen(b), LONGEST_WORD);
	for (int i = 0; i <= rows; i++) row[i][0] = i;
	for (int j = 0; j <= columns; j++) row[0][j] = j;
	for (int i = 1; i <= rows; i++) {
		for (int j = 1; j <= columns; j++) {
			int best = row[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = smaller(best, 1 + smaller(row[i - 1][j], row[i][j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = smaller(best, row[i - 2][j - 2] + 1);
			row[i][j] = best;
		}
	}
	return row[rows][columns];
}

void tw_suggest(const char *text, const char *const *known, char *out, size_t size)
{
	const char *nearest = NULL;
	int best = 1 + (int)strlen(text) / 3;
	for (int i = 0; known[i]; i++) {
		int distance = edit_distance(text, known[i]);
		if (distance > best || (nearest && distance == best)) continue;
		best = distance;
		nearest = known[i];
	}
	if (nearest) {
		snprintf(out, size, "; did you mean '%s'?", nearest);
		return;
	}
	size_t used = (size_t)snprintf(out, size, "; known: ");
	for (int i = 0; known[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", known[i]);
}

/* ---- ranges -------------------------------------------------------------------------------------------------- */

void tw_range_text(double low, double high, bool above, bool whole, char *out, size_t size)
{
	const char *number = whole ? "a whole number" : "a number";
	const bool no_low = low <= -DBL_MAX, no_high = high >= (whole ? (double)INT_MAX : 1e15);
	if (no_low && no_high)
		snprintf(out, size, "%s", number);
	else if (no_high)
		snprintf(out, size, "%s %s %g", number, above ? "above" : "of at least", low);
	else if (above)
		snprintf(out, size, "%s above %g, at most %g", number, low, high);
	else
		snprintf(out, size, "%s from %.15g to %.15g", number, low, high);
}

static bool is_whole(tw_option_kind kind)
{
	return kind == TW_OPTION_INT || kind == TW_OPTION_INTEGER || kind == TW_OPTION_INTS || kind == TW_OPTION_INTEGERS ||
	       kind == TW_OPTION_PAIR;
}

static void names_text(const tw_option *option, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", option->word ? option->word : "");
	for (int i = 0; option->name(i) && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", option->name(i));
}

void tw_option_range(const tw_option *option, char *out, size_t size)
{
	char range[128];
	tw_range_text(option->low, option->high, option->above, is_whole(option->kind), range, sizeof range);
	switch (option->kind) {
	case TW_OPTION_BOOL:
		snprintf(out, size, "true or false");
		break;
	case TW_OPTION_CHOICE:
	case TW_OPTION_NAME:
		names_text(option, out, size);
		break;
	case TW_OPTION_TEXT:
		snprintf(out, size, "a text or none");
		break;
	case TW_OPTION_INTS:
	case TW_OPTION_INTEGERS:
	case TW_OPTION_REALS:
		snprintf(out, size, "a list [a, b, ...] of at most %d, each %s", option->most, range);
		break;
	case TW_OPTION_PAIR:
		snprintf(out, size, "none or a list [a, b], each %s", range);
		break;
	case TW_OPTION_BIAS:
		snprintf(out, size, "same, a number, or a list [a, b, ...] with a number a layer");
		break;
	default:
		snprintf(out, size, "%s%s%s", option->word ? option->word : "", option->word ? " or " : "", range);
	}
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static const char *const kind_words[] = {
    [TW_YAML_SCALAR] = "a single value", [TW_YAML_LIST] = "a list", [TW_YAML_MAP] = "a map"};

static tw_status check_kind(const tw_yaml *node, const char *path, tw_yaml_kind kind, const char *range)
{
	if (node->kind == kind) return TW_OK;
	return tw_fail(TW_USAGE, "%s: %s: %s stands here; give %s", node->where, path, kind_words[node->kind], range);
}

static tw_status bad_value(const tw_yaml *node, const char *path, const char *problem, const char *range)
{
	if (tw_yaml_is_empty(node)) return tw_fail(TW_USAGE, "%s: %s has no value; give %s", node->where, path, range);
	return tw_fail(TW_USAGE, "%s: %s: '%s' %s; give %s", node->where, path, node->text, problem, range);
}

/* Whole numbers may be written 1e5, too. */
static bool parse_whole(const char *text, int64_t *out)
{
	double real;
	if (tw_parse_integer(text, out)) return true;
	if (!tw_parse_real(text, &real) || !(fabs(real) <= 0x1p53) || real != floor(real)) return false;
	*out = (int64_t)real;
	return true;
}

static bool parse_number(const tw_option *option, const char *text, double *real, int64_t *whole)
{
	if (!is_whole(option->kind)) return tw_parse_real(text, real);
	if (!parse_whole(text, whole)) return false;
	*real = (double)*whole;
	return true;
}

static bool is_within(const tw_option *option, double real)
{
	return real >= option->low && real <= option->high && !(option->above && real <= option->low);
}

/* A scalar as a number within the option's bounds, as a whole one in *whole, too. */
static tw_status read_bounded(const tw_option *option, const tw_yaml *node, const char *path, double *real,
                              int64_t *whole)
{
	char range[256];
	const bool is_number = node->kind == TW_YAML_SCALAR && parse_number(option, node->text, real, whole);
	if (is_number && is_within(option, *real)) return TW_OK;
	tw_option_range(option, range, sizeof range);
	TW_TRY(check_kind(node, path, TW_YAML_SCALAR, range));
	if (!is_number)
		return bad_value(node, path, is_whole(option->kind) ? "is not a whole number" : "is not a number", range);
	return tw_fail(TW_USAGE, "%s: %s: %s is out of range; give %s", node->where, path, node->text, range);
}

tw_status tw_number_read(const tw_yaml *node, const char *path, double low, double high, double *out)
{
	const tw_option number = {.kind = TW_OPTION_REAL, .low = low, .high = high};
	int64_t unused;
	return read_bounded(&number, node, path, out, &unused);
}

static bool is_word(const tw_option *option, const tw_yaml *node)
{
	return option->word && node->kind == TW_YAML_SCALAR && strcmp(node->text, option->word) == 0;
}

static tw_status read_number(const tw_option *option, const tw_yaml *node, const char *path, void *field)
{
	double real = option->word_value;
	int64_t whole = 0;
	if (!is_word(option, node))
		TW_TRY(read_bounded(option, node, path, &real, &whole));
	else if (option->kind != TW_OPTION_REAL)
		whole = (int64_t)real;
	if (option->kind == TW_OPTION_INT)
		*(int *)field = (int)whole;
	else if (option->kind == TW_OPTION_INTEGER)
		*(int64_t *)field = whole;
	else
		*(double *)field = real;
	return TW_OK;
}

/* items numbers of a list into an array of the option's kind. */
static tw_status read_items(const tw_option *option, const tw_yaml *node, const char *path, void *field)
{
	for (int i = 0; i < node->items; i++) {
		double real;
		int64_t whole;
		TW_TRY(read_bounded(option, node->item[i], path, &real, &whole));
		if (option->kind == TW_OPTION_INTEGERS)
			((int64_t *)field)[i] = whole;
		else if (option->kind == TW_OPTION_REALS)
			((double *)field)[i] = real;
		else
			((int *)field)[i] = (int)whole;
	}
	return TW_OK;
}

static tw_status read_list(const tw_option *option, const tw_yaml *node, const char *path, void *field, int *count)
{
	char range[256];
	tw_option_range(option, range, sizeof range);
	TW_TRY(check_kind(node, path, TW_YAML_LIST, range));
	TW_CHECK(node->items <= option->most, TW_USAGE, "%s: %s: %d items; give %s", node->where, path, node->items, range);
	*count = node->items;
	return read_items(option, node, path, field);
}

static tw_status read_pair(const tw_option *option, const tw_yaml *node, const char *path, int *field)
{
	char range[256];
	tw_option_range(option, range, sizeof range);
	field[0] = field[1] = 0;
	if (node->kind == TW_YAML_SCALAR && strcmp(node->text, "none") == 0) return TW_OK;
	TW_TRY(check_kind(node, path, TW_YAML_LIST, range));
	TW_CHECK(node->items == 2, TW_USAGE, "%s: %s: %d items; give %s", node->where, path, node->items, range);
	return read_items(option, node, path, field);
}

static tw_status read_choice(const tw_option *option, const tw_yaml *node, const char *path, int *chosen)
{
	enum { MOST_NAMES = 64 };
	char text[256];
	const char *known[MOST_NAMES + 2];
	int names = 0;
	tw_option_range(option, text, sizeof text);
	TW_TRY(check_kind(node, path, TW_YAML_SCALAR, text));
	if (tw_yaml_is_empty(node)) return bad_value(node, path, "", text);
	*chosen = -1;
	if (is_word(option, node) && !node->quoted) return TW_OK;
	for (; names < MOST_NAMES && option->name(names); names++) {
		known[names] = option->name(names);
		if (strcmp(known[names], node->text) == 0) *chosen = names;
	}
	if (*chosen >= 0) return TW_OK;
	if (option->word) known[names++] = option->word;
	known[names] = NULL;
	tw_suggest(node->text, known, text, sizeof text);
	return tw_fail(TW_USAGE, "%s: %s: '%s' is not known%s", node->where, path, node->text, text);
}

static tw_status read_bool(const tw_yaml *node, const char *path, bool *field)
{
	TW_TRY(check_kind(node, path, TW_YAML_SCALAR, "true or false"));
	*field = strcmp(node->text, "true") == 0;
	if (!*field && strcmp(node->text, "false") != 0)
		return bad_value(node, path, "is neither true nor false", "true or false");
	return TW_OK;
}

static tw_status read_text(const tw_option *option, const tw_yaml *node, const char *path, char **field)
{
	char range[256];
	tw_option_range(option, range, sizeof range);
	TW_TRY(check_kind(node, path, TW_YAML_SCALAR, range));
	if (!*node->text) return bad_value(node, path, "is empty", range);
	tw_free(*field);
	*field = NULL;
	if (!node->quoted && strcmp(node->text, "none") == 0) return TW_OK;
	*field = tw_copy_text(node->text);
	TW_CHECK(*field, TW_NO_MEMORY, "no memory for %s", path);
	return TW_OK;
}

static tw_status read_bias(const tw_option *option, const tw_yaml *node, const char *path, tw_initial *initial)
{
	char range[256];
	tw_option_range(option, range, sizeof range);
	initial->bias_same = is_word(option, node);
	initial->bias_per_layer = node->kind == TW_YAML_LIST;
	initial->bias_value = 0;
	if (initial->bias_same) return TW_OK;
	if (!initial->bias_per_layer) {
		if (node->kind == TW_YAML_MAP) return check_kind(node, path, TW_YAML_SCALAR, range);
		int64_t unused;
		return read_bounded(option, node, path, &initial->bias_value, &unused);
	}
	TW_CHECK(node->items <= TW_MAX_LAYERS, TW_USAGE, "%s: %s: more than %d items", node->where, path, TW_MAX_LAYERS);
	for (int i = 0; i < node->items; i++)
		TW_TRY(tw_number_read(node->item[i], path, option->low, option->high, &initial->bias_layer_value[i]));
	return TW_OK;
}

tw_status tw_option_read(const tw_option *option, const tw_yaml *node, const char *path, void *base)
{
	void *field = (char *)base + option->offset;
	int *count = (int *)((char *)base + option->count_offset);
	int chosen;
	switch (option->kind) {
	case TW_OPTION_BOOL:
		return read_bool(node, path, field);
	case TW_OPTION_INT:
	case TW_OPTION_INTEGER:
	case TW_OPTION_REAL:
		return read_number(option, node, path, field);
	case TW_OPTION_CHOICE:
		TW_TRY(read_choice(option, node, path, &chosen));
		memcpy(field, &chosen, sizeof chosen);
		return TW_OK;
	case TW_OPTION_NAME:
		TW_TRY(read_choice(option, node, path, &chosen));
		*(const char **)field = chosen < 0 ? NULL : option->name(chosen);
		return TW_OK;
	case TW_OPTION_TEXT:
		return read_text(option, node, path, field);
	case TW_OPTION_INTS:
	case TW_OPTION_INTEGERS:
	case TW_OPTION_REALS:
		return read_list(option, node, path, field, count);
	case TW_OPTION_PAIR:
		return read_pair(option, node, path, field);
	case TW_OPTION_BIAS:
		return read_bias(option, node, path, field);
	case TW_OPTION_KINDS:
		break;
	}
	return tw_fail(TW_INTERNAL, "option %s has an unknown kind", path);
}
