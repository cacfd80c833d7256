/* The table of a sweep's cells and its box plots. */
#include <thalweg/report.h>

#include <stdlib.h>

#include "report/box_plot.h"
#include "report/cells.h"
#include "suite.h"

enum { CELLS = 3, STARTS = 5 };

static tw_cell cells[CELLS];
static tw_sweep_plan plan;

/* Cell c has the costs c + 1, ..., c + 5, in an order of their own; in the last one a run diverged and one is missing.
 */
static tw_journal *make_sweep(void)
{
	static const int order[STARTS] = {3, 0, 4, 2, 1};
	static const int depth[CELLS] = {0, 2, 2};
	tw_journal *journal = NULL;
	plan = (tw_sweep_plan){.cell = cells, .cells = CELLS, .runs = CELLS * STARTS, .ranks_per_run = 1};
	for (int c = 0; c < CELLS; c++) {
		cells[c] = (tw_cell){.starts = STARTS, .first_run = c * STARTS};
		cells[c].settings.hidden_count = depth[c];
		snprintf(cells[c].name, sizeof cells[c].name, "cell number %d", c);
	}
	CHECK_OK(tw_journal_create(NULL, &plan, &journal));
	for (int64_t run = 0; run < plan.runs; run++) {
		tw_run_result result = {.run = run, .stop_reason = TW_STOP_STEPS};
		result.cost = (double)(run / STARTS + 1 + order[run % STARTS]);
		if (run == 11) result.stop_reason = TW_STOP_NO_PROGRESS;
		if (run == 12) result.stop_reason = TW_STOP_DIVERGED;
		if (run == 12) result.cost = NAN;
		if (run < 14) CHECK_OK(tw_journal_add(journal, &result, NULL, NULL));
	}
	return journal;
}

static void statistics(void)
{
	tw_journal *journal = make_sweep();
	tw_cell_results *of = NULL;
	CHECK_OK(tw_cell_results_of(&plan, journal, &of));
	for (int c = 0; c < 2; c++) {
		CU_ASSERT_EQUAL(of[c].finished, STARTS);
		CU_ASSERT_EQUAL(of[c].stopped[TW_STOP_STEPS], STARTS);
		CU_ASSERT_EQUAL(of[c].cost.count, STARTS);
		CU_ASSERT_EQUAL(of[c].cost.minimum, c + 1);
		CU_ASSERT_EQUAL(of[c].cost.lower_quartile, c + 2);
		CU_ASSERT_EQUAL(of[c].cost.median, c + 3);
		CU_ASSERT_EQUAL(of[c].cost.upper_quartile, c + 4);
		CU_ASSERT_EQUAL(of[c].cost.maximum, c + 5);
	}
	CU_ASSERT_EQUAL(of[2].finished, 4); /* of them the costs 6, 3, 5 are finite */
	CU_ASSERT_EQUAL(of[2].stopped[TW_STOP_STEPS], 2);
	CU_ASSERT_EQUAL(of[2].stopped[TW_STOP_NO_PROGRESS], 1);
	CU_ASSERT_EQUAL(of[2].stopped[TW_STOP_DIVERGED], 1);
	CU_ASSERT_EQUAL(of[2].cost.count, 3);
	CU_ASSERT_EQUAL(of[2].cost.minimum, 3);
	CU_ASSERT_EQUAL(of[2].cost.median, 5);
	CU_ASSERT_EQUAL(of[2].cost.upper_quartile, 5.5);
	tw_free(of);
	tw_journal_close(journal, false);
}

/* Words of a line, separated by blanks. */
static int split(char *line, char **word, int most)
{
	int count = 0;
	char *rest = NULL;
	for (char *at = strtok_r(line, " ", &rest); at && count < most; at = strtok_r(NULL, " ", &rest)) word[count++] = at;
	return count;
}

static void table_in_words(void)
{
	tw_journal *journal = make_sweep();
	tw_cell_results *of = NULL;
	char *text = NULL, *line[8] = {NULL}, *word[32] = {NULL}, *rest = NULL;
	size_t size = 0;
	int lines = 0;
	CHECK_OK(tw_cell_results_of(&plan, journal, &of));
	FILE *out = open_memstream(&text, &size);
	tw_cells_print_table(out, &plan, of);
	fclose(out);
	for (char *at = strtok_r(text, "\n", &rest); at && lines < 8; at = strtok_r(NULL, "\n", &rest)) line[lines++] = at;
	CU_ASSERT_EQUAL_FATAL(lines, 1 + CELLS);
	for (int i = 1; i < lines; i++) CU_ASSERT_EQUAL(strlen(line[i]), strlen(line[0]));
	CU_ASSERT_EQUAL(split(line[0], word, 32), 10); /* seven columns, and the three reasons that occur */
	CU_ASSERT_STRING_EQUAL(word[7], "steps");
	CU_ASSERT_STRING_EQUAL(word[8], "no_progress");
	CU_ASSERT_STRING_EQUAL(word[9], "diverged");
	CU_ASSERT_EQUAL_FATAL(split(line[3], word, 32), 3 + 1 + 5 + 6);
	CU_ASSERT_STRING_EQUAL(word[3], "4/5");
	CU_ASSERT_STRING_EQUAL(word[4], "3");
	CU_ASSERT_STRING_EQUAL(word[7], "5.5");
	CU_ASSERT_STRING_EQUAL(word[9], "50");
	CU_ASSERT_STRING_EQUAL(word[11], "25");
	free(text);
	tw_free(of);
	tw_journal_close(journal, false);
}

/* One plot a depth that occurs; every line fits. */
static void plots_by_depth(void)
{
	tw_journal *journal = make_sweep();
	tw_cell_results *of = NULL;
	CHECK_OK(tw_cell_results_of(&plan, journal, &of));
	for (int columns = 20; columns <= 140; columns += 40) {
		char *text = NULL, *rest = NULL;
		size_t size = 0;
		int heads = 0, boxes = 0;
		FILE *out = open_memstream(&text, &size);
		tw_cells_print_plots(out, &plan, of, columns, false);
		fclose(out);
		for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
			CU_ASSERT(strlen(line) <= (size_t)(columns < 25 ? 25 : columns));
			heads += strncmp(line, "cost with ", 10) == 0;
			boxes += strncmp(line, "cell number", 11) == 0 && strchr(line, '#') != NULL;
		}
		CU_ASSERT_EQUAL(heads, 2);
		CU_ASSERT_EQUAL(boxes, CELLS);
		free(text);
	}
	tw_free(of);
	tw_journal_close(journal, false);
}

/* ---- box plots ----------------------------------------------------------------------------------------------- */

static void boxes_on_a_plain_axis(void)
{
	char text[TW_PLOT_TEXT], line[TW_PLOT_TEXT], numbers[TW_PLOT_TEXT];
	const tw_plot_axis axis = tw_plot_axis_over(0, 20, 21, false);
	CU_ASSERT(!axis.logarithmic);
	CU_ASSERT_EQUAL(axis.low, 0);
	CU_ASSERT_EQUAL(axis.high, 20);
	const tw_five_numbers wide = {5, 0, 4, 10, 15, 20}, one = {1, 7, 7, 7, 7, 7}, none = {0};
	tw_plot_box(&axis, &wide, text);
	CU_ASSERT_STRING_EQUAL(text, "|---======#=====----|");
	tw_plot_box(&axis, &one, text);
	CU_ASSERT_STRING_EQUAL(text, "       #");
	tw_plot_box(&axis, &none, text);
	CU_ASSERT_STRING_EQUAL(text, "");
	tw_plot_ticks(&axis, line, numbers);
	CU_ASSERT_EQUAL(strlen(line), 21);
	CU_ASSERT(line[0] == '+' && line[20] == '+');
	CU_ASSERT_EQUAL(numbers[0], '0');
	CU_ASSERT_STRING_EQUAL(numbers + strlen(numbers) - 2, "20");
	const tw_plot_axis letters = tw_plot_axis_over(0, 20, 21, true);
	tw_plot_box(&letters, &wide, text);
	CU_ASSERT_STRING_EQUAL(text, "├───▒▒▒▒▒▒┃▒▒▒▒▒────┤");
}

static void logarithmic_when_it_should_be(void)
{
	char line[TW_PLOT_TEXT], numbers[TW_PLOT_TEXT];
	CU_ASSERT(tw_plot_axis_over(1e-4, 0.11, 50, false).logarithmic);
	CU_ASSERT(!tw_plot_axis_over(1e-4, 0.09, 50, false).logarithmic);
	CU_ASSERT(!tw_plot_axis_over(0, 1, 50, false).logarithmic);
	CU_ASSERT(!tw_plot_axis_over(-1, 1e6, 50, false).logarithmic);
	const tw_plot_axis axis = tw_plot_axis_over(2e-23, 0.6, 73, false);
	CU_ASSERT_DOUBLE_EQUAL(axis.low, 1e-23, 1e-30);
	CU_ASSERT_DOUBLE_EQUAL(axis.high, 1, 1e-12);
	tw_plot_ticks(&axis, line, numbers);
	CU_ASSERT_PTR_NOT_NULL(strstr(numbers, "1e-23"));
}

/* No values, equal ones, the largest and the smallest: a line that fits. */
static void axes_at_the_edge(void)
{
	static const double ranges[][2] = {{0, 0},      {0.5952434, 0.5952434}, {-3, -3},        {1e-320, 1e300},
	                                   {0, 5e-324}, {1e-12, 2e-12},         {-1e300, 1e300}, {1, 1 + 1e-12}};
	for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
		for (int columns = -5; columns <= 500; columns += 45) {
			const double low = ranges[r][0], high = ranges[r][1];
			const tw_plot_axis axis = tw_plot_axis_over(low, high, columns, false);
			char text[TW_PLOT_TEXT], line[TW_PLOT_TEXT], numbers[TW_PLOT_TEXT];
			const tw_five_numbers of = {5, low, low, low + (high - low) / 2, high, high};
			tw_plot_box(&axis, &of, text);
			tw_plot_ticks(&axis, line, numbers);
			CU_ASSERT(strlen(text) <= (size_t)axis.columns && strlen(numbers) <= (size_t)axis.columns);
			CU_ASSERT_EQUAL(strlen(line), (size_t)axis.columns);
			CU_ASSERT_PTR_NOT_NULL(strchr(text, '#'));
		}
	}
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"statistics", statistics},
	    {"the table in words", table_in_words},
	    {"plots by depth", plots_by_depth},
	    {"boxes on a plain axis", boxes_on_a_plain_axis},
	    {"logarithmic when it should be", logarithmic_when_it_should_be},
	    {"axes at the edge", axes_at_the_edge},
	    CU_TEST_INFO_NULL,
	};
	return suite_run("cells", tests, 0) != 0;
}
