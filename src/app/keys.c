/* The configuration keys as text, from the table of options and the registries. */
#include "app/app.h"

#include <string.h>

#include "run/settings_table.h"

enum { LINE_COLUMNS = 100, TEXT_COLUMN = 30 };

/* Words from TEXT_COLUMN on, in lines of at most LINE_COLUMNS; column: where the line stands. */
static void print_wrapped(FILE *out, const char *text, int column)
{
	fprintf(out, "%*s", TEXT_COLUMN - column, "");
	column = TEXT_COLUMN;
	while (*text) {
		int length = (int)strcspn(text, " ");
		if (column > TEXT_COLUMN && column + 1 + length > LINE_COLUMNS) {
			fprintf(out, "\n%*s", TEXT_COLUMN, "");
			column = TEXT_COLUMN;
		}
		column += fprintf(out, "%s%.*s", column > TEXT_COLUMN ? " " : "", length, text);
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_key(FILE *out, const tw_option_text *key)
{
	char about[sizeof key->standard + sizeof key->range + 512];
	snprintf(about, sizeof about, "%s%s%s (%s; default %s)", key->of ? key->of : "", key->of ? ": " : "", key->help,
	         key->range, key->standard);
	int column = fprintf(out, "  %s", key->path);
	if (column > TEXT_COLUMN - 2) {
		fputc('\n', out);
		column = 0;
	}
	print_wrapped(out, about, column);
}

void app_print_keys(FILE *out)
{
	fputs("\nConfiguration keys, of FILE.yaml or --set (`a.b` is the key b in the map a):\n\n", out);
	tw_option_text key;
	for (int i = 0; tw_option_text_of(i, &key); i++) print_key(out, &key);
}

/* Registry entries may share the name of a parameter: each key is printed once. */
static bool printed_before(const char *path, int i)
{
	tw_option_text key;
	for (int k = 0; k < i && tw_option_text_of(k, &key); k++)
		if (strcmp(key.path, path) == 0) return true;
	return false;
}

void app_print_key_names(FILE *out)
{
	tw_option_text key;
	for (int i = 0; tw_option_text_of(i, &key); i++)
		if (!printed_before(key.path, i)) fprintf(out, "%s ", key.path);
}
