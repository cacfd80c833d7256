/* The resolved configuration as YAML, with every key. */
#include "run/settings_table.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* x with as few digits, from 15 on, as read back to it. */
static void write_real(FILE *out, double x)
{
	char text[TW_NUMBER_TEXT];
	double back;
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, x);
		if (tw_parse_real(text, &back) && back == x) break;
	}
	fputs(text, out);
}

/* A text as a double-quoted scalar. */
static void write_text(FILE *out, const char *text)
{
	if (!text) {
		fputs("none", out);
		return;
	}
	fputc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if (*c < 0x20 || *c == 0x7f)
			fprintf(out, "\\x%02x", *c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void write_bias(FILE *out, const tw_settings *settings)
{
	const tw_initial *initial = &settings->initial;
	if (initial->bias_per_layer) {
		for (int i = 0; i <= settings->hidden_count; i++) {
			fputs(i ? ", " : "[", out);
			write_real(out, initial->bias_layer_value[i]);
		}
		fputc(']', out);
	} else if (initial->bias_same) {
		fputs("same", out);
	} else {
		write_real(out, initial->bias_value);
	}
}

/* Item i of a list, or the single number (i = 0). */
static double number_at(tw_option_kind kind, const void *field, int i)
{
	switch (kind) {
	case TW_OPTION_INT:
	case TW_OPTION_INTS:
	case TW_OPTION_PAIR:
		return ((const int *)field)[i];
	case TW_OPTION_INTEGERS:
		return (double)((const int64_t *)field)[i];
	default:
		return ((const double *)field)[i];
	}
}

static void write_list(FILE *out, tw_option_kind kind, const void *field, int count)
{
	fputc('[', out);
	for (int i = 0; i < count; i++) {
		if (i) fputs(", ", out);
		write_real(out, number_at(kind, field, i));
	}
	fputc(']', out);
}

static void write_number(FILE *out, const tw_option *option, const void *field)
{
	const bool whole = option->kind == TW_OPTION_INTEGER;
	const double value = whole ? (double)*(const int64_t *)field : number_at(option->kind, field, 0);
	const bool is_word = value == option->word_value || (isnan(value) && isnan(option->word_value)) ||
	                     (value < 0 && option->word_value < 0 && option->low >= 0);
	if (option->word && is_word)
		fputs(option->word, out);
	else if (whole)
		fprintf(out, "%lld", (long long)*(const int64_t *)field);
	else
		write_real(out, value);
}

/* The value of an option kept in base. */
static void write_value(FILE *out, const tw_option *option, const void *base)
{
	const void *field = (const char *)base + option->offset;
	const int *count = (const int *)((const char *)base + option->count_offset);
	const char *name;
	switch (option->kind) {
	case TW_OPTION_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case TW_OPTION_CHOICE:
		fputs(option->name(*(const int *)field), out);
		break;
	case TW_OPTION_NAME:
		name = *(const char *const *)field;
		fputs(name ? name : "none", out);
		break;
	case TW_OPTION_TEXT:
		write_text(out, *(const char *const *)field);
		break;
	case TW_OPTION_INTS:
	case TW_OPTION_INTEGERS:
	case TW_OPTION_REALS:
		write_list(out, option->kind, field, *count);
		break;
	case TW_OPTION_PAIR:
		if (*(const int *)field)
			write_list(out, option->kind, field, 2);
		else
			fputs("none", out);
		break;
	case TW_OPTION_BIAS:
		write_bias(out, base);
		break;
	default:
		write_number(out, option, field);
	}
}

/* Opens the maps of path that are not open yet (open: the map of the line before), each on a line of its own. */
static int open_maps(FILE *out, const char *path, const char *open, int indent)
{
	int depth = 0;
	const char *key = path;
	for (const char *dot; (dot = strchr(key, '.')); key = dot + 1, depth++) {
		size_t length = (size_t)(dot - path);
		bool is_open = strncmp(open, path, length) == 0 && (open[length] == '.' || open[length] == 0);
		if (!is_open) fprintf(out, "%*s%.*s:\n", indent + 2 * depth, "", (int)(dot - key), key);
	}
	return depth;
}

static void write_parameters(FILE *out, const tw_option *option, const void *base, int indent)
{
	const double *value = (const double *)((const char *)base + option->value_offset);
	const tw_parameter *parameter = option->parameters(*(const int *)((const char *)base + option->offset));
	for (int i = 0; parameter[i].name; i++) {
		fprintf(out, "%*s%s: ", indent, "", parameter[i].name);
		write_real(out, value[i]);
		fputc('\n', out);
	}
}

/* All options (staged_only: those of a stage alone), the staged ones from stage. */
static void write_options(FILE *out, const tw_settings *settings, const tw_stage *stage, bool staged_only, int indent)
{
	char open[TW_OPTION_PATH] = "";
	for (const tw_option *option = tw_options; option < tw_options + tw_option_count; option++) {
		if (staged_only && !option->staged) continue;
		const void *base = option->staged ? (const void *)stage : settings;
		int depth = open_maps(out, option->path, open, indent);
		fprintf(out, "%*s%s: ", indent + 2 * depth, "", tw_option_key(option->path));
		write_value(out, option, base);
		fputc('\n', out);
		if (option->parameters) write_parameters(out, option, base, indent + 2 * depth);
		tw_option_parent(option->path, open);
	}
}

static void write_settings(FILE *out, const tw_settings *settings)
{
	write_options(out, settings, &settings->stage[0], false, 0);
	if (settings->stages < 2) return;
	fputs("stages:\n", out);
	for (int i = 0; i < settings->stages; i++) {
		fputs("  -\n", out);
		write_options(out, settings, &settings->stage[i], true, 4);
	}
}

tw_status tw_settings_write(const tw_settings *settings, char **text)
{
	size_t size;
	*text = NULL;
	FILE *out = open_memstream(text, &size);
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (out && plain) {
		locale_t before = uselocale(plain);
		write_settings(out, settings);
		uselocale(before);
	}
	if (plain) freelocale(plain);
	bool written = out && plain && !ferror(out);
	if (out && fclose(out) != 0) written = false;
	if (written) return TW_OK;
	free(*text);
	*text = NULL;
	return tw_fail(TW_NO_MEMORY, "no memory for the text of the configuration");
}
