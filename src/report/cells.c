/* The table of a sweep's cells and their box plots. */
#include "report/cells.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/box_plot.h"

enum { DEFAULT_COLUMNS = 100, LONGEST_NAME = 48, NUMBER_COLUMNS = 12, GAP = 2 };

/* ---- statistics ---------------------------------------------------------------------------------------------- */

tw_status tw_cell_results_of(const tw_sweep_plan *plan, const tw_journal *journal, tw_cell_results **out)
{
	tw_cell_results *of = NULL;
	double *cost = NULL;
	int64_t most = 0;
	for (int c = 0; c < plan->cells; c++) most = plan->cell[c].starts > most ? plan->cell[c].starts : most;
	TW_TRY(tw_alloc_array((void **)&of, plan->cells, sizeof *of, "the table of cells"));
	tw_status status = tw_alloc_array((void **)&cost, most, sizeof *cost, "the costs of a cell");
	for (int c = 0; c < plan->cells && status == TW_OK; c++) {
		int64_t finite = 0;
		for (int64_t i = 0; i < plan->cell[c].starts; i++) {
			const tw_run_result *result = tw_journal_result(journal, plan->cell[c].first_run + i);
			if (!result) continue;
			of[c].finished++;
			of[c].stopped[result->stop_reason]++;
			if (isfinite(result->cost)) cost[finite++] = result->cost;
		}
		tw_sort_sample(cost, finite);
		of[c].cost = tw_five_numbers_of(cost, finite);
	}
	tw_free(cost);
	if (status != TW_OK)
		tw_free(of);
	else
		*out = of;
	return status;
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

static int name_columns(const tw_sweep_plan *plan)
{
	int longest = (int)strlen("cell");
	for (int c = 0; c < plan->cells; c++) {
		int length = (int)strlen(plan->cell[c].name);
		longest = length > longest ? length : longest;
	}
	return longest < LONGEST_NAME ? longest : LONGEST_NAME;
}

static void print_name(FILE *out, const tw_sweep_plan *plan, int c, int columns)
{
	fprintf(out, "%-*.*s", columns, columns, plan->cell[c].name);
}

static bool occurs(const tw_sweep_plan *plan, const tw_cell_results *of, int reason)
{
	for (int c = 0; c < plan->cells; c++)
		if (of[c].stopped[reason]) return true;
	return false;
}

static int reason_columns(int reason) { return GAP + (int)strlen(tw_stop_reason_name((tw_stop_reason)reason)); }

static void print_head(FILE *out, const tw_sweep_plan *plan, const tw_cell_results *of, int name)
{
	static const char *const numbers[] = {"minimum", "quartile", "median", "quartile", "maximum"};
	fprintf(out, "%-*s%*s", name, "cell", 8, "runs");
	for (int i = 0; i < 5; i++) fprintf(out, "%*s", NUMBER_COLUMNS, numbers[i]);
	for (int r = 0; r < TW_STOP_COUNT; r++)
		if (occurs(plan, of, r)) fprintf(out, "%*s", reason_columns(r), tw_stop_reason_name((tw_stop_reason)r));
	fputc('\n', out);
}

static void print_row(FILE *out, const tw_sweep_plan *plan, const tw_cell_results *of, int c, int name)
{
	const tw_five_numbers *cost = &of[c].cost;
	const double numbers[] = {cost->minimum, cost->lower_quartile, cost->median, cost->upper_quartile, cost->maximum};
	char runs[48];
	const int written = snprintf(runs, sizeof runs, "%" PRId64, of[c].finished);
	if (of[c].finished < plan->cell[c].starts)
		snprintf(runs + written, sizeof runs - (size_t)written, "/%" PRId64, plan->cell[c].starts);
	print_name(out, plan, c, name);
	fprintf(out, "%8s", runs);
	for (int i = 0; i < 5; i++) {
		if (cost->count)
			fprintf(out, "%*.6g", NUMBER_COLUMNS, numbers[i]);
		else
			fprintf(out, "%*s", NUMBER_COLUMNS, "-");
	}
	for (int r = 0; r < TW_STOP_COUNT; r++) {
		if (!occurs(plan, of, r)) continue;
		const double share = of[c].finished ? 100 * (double)of[c].stopped[r] / (double)of[c].finished : 0;
		fprintf(out, "%*.0f %%", reason_columns(r) - 2, share);
	}
	fputc('\n', out);
}

void tw_cells_print_table(FILE *out, const tw_sweep_plan *plan, const tw_cell_results *of)
{
	const int name = name_columns(plan);
	print_head(out, plan, of, name);
	for (int c = 0; c < plan->cells; c++) print_row(out, plan, of, c, name);
}

/* ---- box plots ----------------------------------------------------------------------------------------------- */

static bool range_of_depth(const tw_sweep_plan *plan, const tw_cell_results *of, int depth, double range[2])
{
	range[0] = INFINITY;
	range[1] = -INFINITY;
	for (int c = 0; c < plan->cells; c++) {
		if (plan->cell[c].settings.hidden_count != depth || of[c].cost.count == 0) continue;
		range[0] = fmin(range[0], of[c].cost.minimum);
		range[1] = fmax(range[1], of[c].cost.maximum);
	}
	return range[0] <= range[1];
}

static void plot_depth(FILE *out, const tw_sweep_plan *plan, const tw_cell_results *of, int depth, int columns,
                       bool utf8)
{
	char text[TW_PLOT_TEXT], numbers[TW_PLOT_TEXT];
	double range[2];
	const int name = name_columns(plan);
	if (!range_of_depth(plan, of, depth, range)) return;
	const tw_plot_axis axis = tw_plot_axis_over(range[0], range[1], columns - name - GAP, utf8);
	fprintf(out, "\ncost with %d hidden layer%s%s\n", depth, depth == 1 ? "" : "s",
	        axis.logarithmic ? ", logarithmic" : "");
	for (int c = 0; c < plan->cells; c++) {
		if (plan->cell[c].settings.hidden_count != depth) continue;
		print_name(out, plan, c, name);
		tw_plot_box(&axis, &of[c].cost, text);
		fprintf(out, "%*s%s\n", GAP, "", text);
	}
	tw_plot_ticks(&axis, text, numbers);
	fprintf(out, "%*s%s\n%*s%s\n", name + GAP, "", text, name + GAP, "", numbers);
}

void tw_cells_print_plots(FILE *out, const tw_sweep_plan *plan, const tw_cell_results *of, int columns, bool utf8)
{
	for (int depth = 0; depth <= TW_MAX_HIDDEN; depth++) plot_depth(out, plan, of, depth, columns, utf8);
}

/* ---- standard output ----------------------------------------------------------------------------------------- */

static int output_columns(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : DEFAULT_COLUMNS;
}

/* Whether the locale of the environment writes UTF-8. */
static bool writes_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	if (!locale) return false;
	const bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

void tw_cells_print(const tw_sweep_plan *plan, const tw_journal *journal)
{
	tw_cell_results *of = NULL;
	if (tw_cell_results_of(plan, journal, &of) != TW_OK) {
		tw_log(TW_LOG_WARNING, "the table of cells is left out: %s", tw_message());
		return;
	}
	tw_cells_print_table(stdout, plan, of);
	tw_cells_print_plots(stdout, plan, of, output_columns(), writes_utf8());
	tw_free(of);
}
