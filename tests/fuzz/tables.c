/* What sweeps leave and read again: tables of runs, and lines of a journal whose checksum is right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "report/compare_table.h"
#include "report/journal.h"

void fuzz_runs(const uint8_t *bytes, size_t size)
{
	static const char *const conditions[] = {"width=1", "activation=tanh"};
	tw_run_table table = {0};
	char key[TW_KEY_TEXT];
	double number;
	tw_status status = tw_run_table_read(fuzz_file(bytes, size), &table);
	for (int64_t row = 0; row < table.rows && status == TW_OK; row++) {
		for (int column = 0; column < table.columns; column++) {
			if (tw_run_table_number(&table, row, column, &number) == TW_OK) tw_short_number(number, 9, key);
			tw_key_text(tw_run_table_field(&table, row, column), key);
			fuzz_promise(strlen(key) < sizeof key, "a key has an end");
		}
	}
	if (status == TW_OK) {
		tw_run_table_column(&table, "cost");
		status = tw_run_table_filter(&table, conditions, 2);
	}
	tw_run_table_free(&table);
}

/* The line with its checksum behind it, for the caller to free. */
static char *seal(const uint8_t *bytes, size_t size)
{
	char check[17], *line = malloc(size + 2 + sizeof check);
	fuzz_promise(line != NULL, "the input fits into memory");
	if (size) memcpy(line, bytes, size);
	line[size] = ',';
	tw_journal_check_of(line, size + 1, check);
	memcpy(line + size + 1, check, sizeof check);
	return line;
}

void fuzz_journal(const uint8_t *bytes, size_t size)
{
	const size_t length = size + 1 + 16;
	char digest[65], *line = seal(bytes, size), again[TW_JOURNAL_LINE], twice[TW_JOURNAL_LINE];
	int version;
	tw_journal_entry entry;
	tw_journal_parse_head(line, length, &version, digest);
	free(line);
	line = seal(bytes, size);
	if (tw_journal_parse_entry(line, length, &entry)) {
		int written = tw_journal_format_entry(again, &entry);
		fuzz_promise(written < TW_JOURNAL_LINE, "a line of the journal fits");
		memcpy(twice, again, sizeof twice);
		twice[written - 1] = 0;
		tw_journal_entry same;
		fuzz_promise(tw_journal_parse_entry(twice, (size_t)written - 1, &same), "what is written can be read");
		tw_journal_format_entry(twice, &same);
		fuzz_promise(strcmp(again, twice) == 0, "a line read and written again is the same");
	}
	free(line);
}
