/* A tree as YAML text: maps and lists of maps in lines of their own, other lists in brackets. */
#include "core/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- scalars ------------------------------------------------------------------------------------------------- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Text that reads back as itself without quotes, wherever it stands: words, numbers, names of files. */
static bool is_plain(const char *text)
{
	const char *first = text + (*text == '-' || *text == '+');
	if (!is_letter(*first) && !is_digit(*first) && !(*first == '.' && is_digit(first[1])) && *text != '/') return false;
	for (; *text; text++) {
		if (!is_letter(*text) && !is_digit(*text) && !strchr("_.+-/", *text)) return false;
	}
	return true;
}

/* The code point at *text, valid UTF-8, and its bytes. */
static unsigned decode(const unsigned char *text, int *bytes)
{
	*bytes = *text < 0x80 ? 1 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	unsigned code = *bytes == 1 ? *text : *text & (0x7fu >> *bytes);
	for (int i = 1; i < *bytes && text[i]; i++) code = code << 6 | (text[i] & 0x3f);
	return code;
}

/* What may stand between double quotes as it is. */
static bool is_printable(unsigned code)
{
	if (code < 0xa0) return code >= 0x20 && code < 0x7f && code != '"' && code != '\\';
	return code != 0x2028 && code != 0x2029 && code != 0xfeff && code != 0xfffe && code != 0xffff;
}

static void write_quoted(FILE *out, const char *text)
{
	int bytes;
	fputc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c; c += bytes) {
		unsigned code = decode(c, &bytes);
		if (is_printable(code))
			fwrite(c, 1, (size_t)bytes, out);
		else
			fprintf(out, "\\U%08x", code);
	}
	fputc('"', out);
}

static void write_text(FILE *out, const char *text, bool quoted)
{
	if (!quoted && is_plain(text))
		fputs(text, out);
	else
		write_quoted(out, text);
}

/* ---- lists and maps ------------------------------------------------------------------------------------------ */

/* Whether a node can stand in brackets: values, and lists of such. */
static bool fits_brackets(const tw_yaml *node)
{
	if (node->kind != TW_YAML_LIST) return node->kind == TW_YAML_SCALAR ? !tw_yaml_is_empty(node) : node->items == 0;
	for (int i = 0; i < node->items; i++) {
		if (!fits_brackets(node->item[i])) return false;
	}
	return true;
}

static void write_inline(FILE *out, const tw_yaml *node)
{
	if (node->kind == TW_YAML_SCALAR) {
		if (!tw_yaml_is_empty(node)) write_text(out, node->text, node->quoted);
		return;
	}
	fputs(node->kind == TW_YAML_LIST ? "[" : "{", out);
	for (int i = 0; i < node->items; i++) {
		if (i) fputs(", ", out);
		write_inline(out, node->item[i]);
	}
	fputs(node->kind == TW_YAML_LIST ? "]" : "}", out);
}

static void write_lines(FILE *out, const tw_yaml *node, int indent, bool started);

/* A value behind "key:" or "-", up to and with the end of its last line. */
static void write_value(FILE *out, const tw_yaml *node, int indent)
{
	if (tw_yaml_is_empty(node)) {
		fputc('\n', out);
	} else if (fits_brackets(node)) {
		fputc(' ', out);
		write_inline(out, node);
		fputc('\n', out);
	} else {
		fputc('\n', out);
		write_lines(out, node, indent, false);
	}
}

/* A map or list with items, one a line from column indent on. started: the first line has been indented. */
static void write_lines(FILE *out, const tw_yaml *node, int indent, bool started)
{
	for (int i = 0; i < node->items; i++) {
		const tw_yaml *item = node->item[i];
		if (i || !started) fprintf(out, "%*s", indent, "");
		if (node->kind == TW_YAML_MAP) {
			write_text(out, item->key, false);
			fputc(':', out);
			write_value(out, item, indent + 2);
		} else if (item->kind == TW_YAML_MAP && item->items) {
			fputs("- ", out);
			write_lines(out, item, indent + 2, true);
		} else {
			fputc('-', out);
			write_value(out, item, indent + 2);
		}
	}
}

tw_status tw_yaml_write(const tw_yaml *root, char **text)
{
	size_t size;
	*text = NULL;
	FILE *out = open_memstream(text, &size);
	if (out && fits_brackets(root)) {
		write_inline(out, root);
		fputc('\n', out);
	} else if (out) {
		write_lines(out, root, 0, false);
	}
	bool written = out && !ferror(out);
	if (out && fclose(out) != 0) written = false;
	if (written) return TW_OK;
	free(*text);
	*text = NULL;
	return tw_fail(TW_NO_MEMORY, "no memory for the text of the configuration");
}
