/* Costs of found minima, sorted into cells. */
#include "app/thesis/local_minima.h"

#include <math.h>
#include <stdlib.h>

#include "report/compare_table.h"

/* ---- sorting into cells ---------------------------------------------------------------------------------------- */

static int order(double a, double b) { return (a > b) - (a < b); }

static int by_cell_and_cost(const void *a, const void *b)
{
	const found_minimum *x = a, *y = b;
	if (x->hidden_layers != y->hidden_layers) return x->hidden_layers > y->hidden_layers ? 1 : -1;
	if (x->width != y->width) return x->width > y->width ? 1 : -1;
	int by_cost = order(x->cost, y->cost);
	return by_cost ? by_cost : (x->run > y->run) - (x->run < y->run);
}

static bool same_cell(const found_minimum *a, const found_minimum *b)
{
	return a->hidden_layers == b->hidden_layers && a->width == b->width;
}

static tw_status set_open(minima_set *self, int64_t most)
{
	void *memory;
	*self = (minima_set){0};
	TW_TRY(tw_alloc_array(&memory, most, sizeof *self->minimum, "the found minima"));
	self->minimum = memory;
	TW_TRY(tw_alloc_array(&memory, most, sizeof *self->cost, "the costs of the found minima"));
	self->cost = memory;
	TW_TRY(tw_alloc_array(&memory, most, sizeof *self->cell, "the cells of the found minima"));
	self->cell = memory;
	return TW_OK;
}

static void set_add(minima_set *self, const found_minimum *minimum)
{
	if (isfinite(minimum->cost))
		self->minimum[self->count++] = *minimum;
	else
		self->not_finite++;
}

static void describe_cell(minima_cell *cell)
{
	cell->numbers = tw_five_numbers_of(cell->cost, cell->count);
	const double lower = cell->numbers.lower_quartile, upper = cell->numbers.upper_quartile;
	const double reach = 1.5 * (upper - lower);
	cell->low_whisker = lower, cell->high_whisker = upper;
	for (int64_t i = 0; i < cell->count; i++) {
		if (cell->cost[i] >= lower - reach) cell->low_whisker = fmin(cell->low_whisker, cell->cost[i]);
		if (cell->cost[i] <= upper + reach) cell->high_whisker = fmax(cell->high_whisker, cell->cost[i]);
	}
}

static void set_close(minima_set *self)
{
	qsort(self->minimum, (size_t)self->count, sizeof *self->minimum, by_cell_and_cost);
	for (int64_t i = 0; i < self->count; i++) {
		const found_minimum *minimum = &self->minimum[i];
		self->cost[i] = minimum->cost;
		if (i == 0 || !same_cell(minimum - 1, minimum))
			self->cell[self->cells++] = (minima_cell){.hidden_layers = minimum->hidden_layers,
			                                          .width = minimum->width,
			                                          .minimum = minimum,
			                                          .cost = &self->cost[i]};
		self->cell[self->cells - 1].count++;
	}
	for (int c = 0; c < self->cells; c++) describe_cell(&self->cell[c]);
}

/* ---- where they come from -------------------------------------------------------------------------------------- */

tw_status minima_of_sweep(const tw_sweep_plan *plan, const tw_run_result *results, minima_set *out)
{
	TW_TRY(set_open(out, plan->runs));
	for (int64_t i = 0; i < plan->runs; i++) {
		if (results[i].run < 0) continue;
		const tw_settings *settings = &plan->cell[tw_sweep_cell_of(plan, i)].settings;
		const int64_t width = settings->hidden_count ? settings->hidden[0] : 0;
		set_add(out, &(found_minimum){settings->hidden_count, width, i, results[i].cost});
	}
	set_close(out);
	return TW_OK;
}

static tw_status add_row(minima_set *self, const tw_run_table *table, int64_t row, const int column[3])
{
	double value[3];
	for (int i = 0; i < 3; i++) TW_TRY(tw_run_table_number(table, row, column[i], &value[i]));
	set_add(self, &(found_minimum){(int64_t)value[0], (int64_t)value[1], row, value[2]});
	return TW_OK;
}

static tw_status add_rows(minima_set *self, const tw_run_table *table)
{
	static const char *const name[3] = {"hidden_layers", "width", "cost"};
	int column[3];
	for (int i = 0; i < 3; i++) {
		column[i] = tw_run_table_column(table, name[i]);
		TW_CHECK(column[i] >= 0, TW_IO, "%s: has no column %s; fetch the file again, or remove it", table->file,
		         name[i]);
	}
	TW_TRY(set_open(self, table->rows));
	for (int64_t row = 0; row < table->rows; row++) TW_TRY(add_row(self, table, row, column));
	set_close(self);
	return TW_OK;
}

tw_status minima_of_table(const char *file, minima_set *out)
{
	tw_run_table table;
	*out = (minima_set){0};
	tw_status status = tw_run_table_read(file, &table);
	if (status == TW_OK) status = add_rows(out, &table);
	tw_run_table_free(&table);
	return status;
}

void minima_free(minima_set *set)
{
	tw_free(set->minimum);
	tw_free(set->cost);
	tw_free(set->cell);
	*set = (minima_set){0};
}

/* ---- looking up ------------------------------------------------------------------------------------------------ */

const minima_cell *minima_find(const minima_set *set, int64_t hidden_layers, int64_t width)
{
	for (int c = 0; c < set->cells; c++) {
		const minima_cell *cell = &set->cell[c];
		if (cell->hidden_layers == hidden_layers && cell->width == width) return cell;
	}
	return NULL;
}

int minima_layers(const minima_set *set, int64_t hidden_layers, int *first)
{
	int begin = 0, count = 0;
	while (begin < set->cells && set->cell[begin].hidden_layers < hidden_layers) begin++;
	while (begin + count < set->cells && set->cell[begin + count].hidden_layers == hidden_layers) count++;
	*first = begin;
	return count;
}
