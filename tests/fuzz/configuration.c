/* Configurations: what is accepted can be written, and read again as the same. */
#include <thalweg/run.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void write_and_read_again(const tw_settings *settings)
{
	char *first = NULL, *second = NULL;
	tw_settings again;
	if (tw_settings_write(settings, &first) != TW_OK) return;
	tw_status status = tw_settings_parse(&again, "written", first, NULL, 0);
	fuzz_promise(status == TW_OK, tw_message());
	if (tw_settings_write(&again, &second) == TW_OK)
		fuzz_promise(strcmp(first, second) == 0, "a configuration written and read again is the same");
	tw_settings_free(&again);
	tw_free(first);
	tw_free(second);
}

void fuzz_settings(const uint8_t *bytes, size_t size)
{
	char *text = fuzz_text(bytes, size);
	tw_settings settings;
	if (tw_settings_parse(&settings, "input", text, NULL, 0) == TW_OK) write_and_read_again(&settings);
	tw_settings_free(&settings);
	free(text);
}

/* Each line of the input is one. */
void fuzz_overrides(const uint8_t *bytes, size_t size)
{
	enum { MOST = 16 };
	const char *set[MOST];
	int sets = 0;
	char *text = fuzz_text(bytes, size);
	for (char *line = strtok(text, "\n"); line && sets < MOST; line = strtok(NULL, "\n")) set[sets++] = line;
	tw_settings settings;
	if (tw_settings_parse(&settings, "input", "", set, sets) == TW_OK) write_and_read_again(&settings);
	tw_settings_free(&settings);
	free(text);
}

void fuzz_sweep(const uint8_t *bytes, size_t size)
{
	char *text = fuzz_text(bytes, size);
	tw_sweep_plan plan = {0};
	if (tw_sweep_plan_parse("input", text, NULL, 0, &plan) == TW_OK) {
		for (int c = 0; c < plan.cells; c++) {
			tw_settings settings = tw_sweep_run_settings(&plan, plan.cell[c].first_run);
			fuzz_promise(tw_sweep_cell_of(&plan, plan.cell[c].first_run) == c, "a run belongs to its cell");
			if (c == 0) write_and_read_again(&settings);
		}
		tw_sweep_plan_free(&plan);
	}
	free(text);
}
