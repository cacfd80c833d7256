/* The CSV files of costs, quartiles and tests. */
#include "app/thesis/local_minima.h"

#include <inttypes.h>
#include <stdio.h>

/* A double with all its digits. */
static void put_real(FILE *out, double value)
{
	char text[TW_NUMBER_TEXT];
	fprintf(out, ",%s", tw_format_real(text, TW_DOUBLE, value));
}

/* ---- costs ----------------------------------------------------------------------------------------------------- */

static void put_run(FILE *out, const tw_settings *settings, const tw_run_result *result)
{
	char cost[TW_NUMBER_TEXT];
	fprintf(out, "%d,%" PRId64 ",%" PRId64 ",%s,%" PRId64 ",%s\n", settings->hidden_count,
	        settings->hidden_count ? settings->hidden[0] : 0, result->run,
	        tw_format_real(cost, settings->precision, result->cost), result->steps,
	        tw_stop_reason_name(result->stop_reason));
}

tw_status minima_write_runs(const char *folder, const tw_sweep_plan *plan, const tw_run_result *results)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "local-minima.csv"));
	fputs("hidden_layers,width,run,cost,steps,stop_reason\n", out.file);
	for (int64_t i = 0; i < plan->runs; i++) {
		if (results[i].run < 0) continue;
		put_run(out.file, &plan->cell[tw_sweep_cell_of(plan, i)].settings, &results[i]);
	}
	return tw_part_close(&out);
}

tw_status minima_write_published(const char *folder, const minima_set *published)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "published.csv"));
	fputs("hidden_layers,width,cost\n", out.file);
	for (int64_t i = 0; i < published->count; i++) {
		const found_minimum *minimum = &published->minimum[i];
		fprintf(out.file, "%" PRId64 ",%" PRId64, minimum->hidden_layers, minimum->width);
		put_real(out.file, minimum->cost);
		fputc('\n', out.file);
	}
	return tw_part_close(&out);
}

/* ---- quartiles ------------------------------------------------------------------------------------------------- */

static void put_cells(FILE *out, const char *source, const minima_set *set)
{
	for (int c = 0; c < set->cells; c++) {
		const minima_cell *cell = &set->cell[c];
		const tw_five_numbers *numbers = &cell->numbers;
		const double value[] = {numbers->minimum,        cell->low_whisker,  numbers->lower_quartile, numbers->median,
		                        numbers->upper_quartile, cell->high_whisker, numbers->maximum};
		fprintf(out, "%s,%" PRId64 ",%" PRId64 ",%" PRId64, source, cell->hidden_layers, cell->width, cell->count);
		for (size_t i = 0; i < sizeof value / sizeof *value; i++) put_real(out, value[i]);
		fputc('\n', out);
	}
}

tw_status minima_write_quartiles(const char *folder, const minima_set *ours, const minima_set *published)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "quartiles.csv"));
	fputs("source,hidden_layers,width,count,minimum,low_whisker,lower_quartile,median,upper_quartile,high_whisker,"
	      "maximum\n",
	      out.file);
	put_cells(out.file, "ours", ours);
	put_cells(out.file, "published", published);
	return tw_part_close(&out);
}

/* ---- tests ----------------------------------------------------------------------------------------------------- */

static void put_numbers(FILE *out, const tw_five_numbers *numbers)
{
	const double value[] = {numbers->minimum, numbers->lower_quartile, numbers->median, numbers->upper_quartile,
	                        numbers->maximum};
	fprintf(out, ",%" PRId64, numbers->count);
	for (size_t i = 0; i < sizeof value / sizeof *value; i++) put_real(out, value[i]);
}

static void put_head(FILE *out, const char *other)
{
	static const char *const number[] = {"count", "minimum", "lower_quartile", "median", "upper_quartile", "maximum"};
	fputs("hidden_layers,width", out);
	for (size_t i = 0; i < sizeof number / sizeof *number; i++) fprintf(out, ",%s", number[i]);
	for (size_t i = 0; i < sizeof number / sizeof *number; i++) fprintf(out, ",%s_%s", other, number[i]);
	fputs(",kolmogorov_smirnov,kolmogorov_smirnov_p,mann_whitney,mann_whitney_p\n", out);
}

tw_status minima_write_comparison(const char *folder, const char *name, const char *other, const minima_pair *pair,
                                  int pairs)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, name));
	put_head(out.file, other);
	for (int i = 0; i < pairs; i++) {
		fprintf(out.file, "%" PRId64 ",%" PRId64, pair[i].ours->hidden_layers, pair[i].ours->width);
		put_numbers(out.file, &pair[i].ours->numbers);
		put_numbers(out.file, &pair[i].other->numbers);
		put_real(out.file, pair[i].kolmogorov_smirnov.statistic);
		put_real(out.file, pair[i].kolmogorov_smirnov.p);
		put_real(out.file, pair[i].mann_whitney.statistic);
		put_real(out.file, pair[i].mann_whitney.p);
		fputc('\n', out.file);
	}
	return tw_part_close(&out);
}
