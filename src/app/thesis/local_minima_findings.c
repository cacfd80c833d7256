/* What the costs of the found minima say, set beside what the thesis says. */
#include "app/thesis/local_minima.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/compare_table.h"

/* p-values up to this one count as a difference. */
static const double LEVEL = 0.01;
/* "Close to zero" for all costs of a network: 1.4 % of log 2, the cost of always answering 1/2. */
static const double CLOSE = 0.01;
/* "Below 1e-06", of most costs from 50 hidden neurons on. */
static const double TINY = 1e-6;
enum { WIDE = 50 };
/* From this rank correlation down, something falls with the width; fewer widths than LEAST_WIDTHS say nothing. */
static const double FALLS = -0.8;
enum { LEAST_WIDTHS = 5, MOST_WIDTHS = 64, MOST_LAYERS = 3, LIST = 1024 };

/* A text that grows at its end, cut to fit. */
typedef struct {
	char text[LIST];
	size_t used;
} list;

static __attribute__((format(printf, 2, 3))) void list_add(list *self, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	const int written = vsnprintf(self->text + self->used, LIST - self->used, format, arguments);
	va_end(arguments);
	if (written > 0) self->used += (size_t)written;
	if (self->used >= LIST) self->used = LIST - 1;
}

static const char *layers_text(int64_t hidden_layers)
{
	static const char *const text[] = {"no hidden layer", "one hidden layer", "two hidden layers",
	                                   "three hidden layers"};
	return hidden_layers <= MOST_LAYERS ? text[hidden_layers] : "more hidden layers";
}

/* ---- falling with the width ------------------------------------------------------------------------------------ */

/* The rank of value i among all: 1 for the smallest; equal ones share the mean of theirs. */
static double rank_of(const double *value, int count, int i)
{
	double below = 0, equal = 0;
	for (int k = 0; k < count; k++) {
		below += value[k] < value[i];
		equal += value[k] == value[i];
	}
	return below + (equal + 1) / 2;
}

/* Spearman's rank correlation of values with their places; NaN where all values are equal. */
static double rank_correlation(const double *value, int count)
{
	const double mean = (count + 1) / 2.0;
	double product = 0, square_place = 0, square_value = 0;
	for (int i = 0; i < count; i++) {
		const double place = i + 1 - mean, rank = rank_of(value, count, i) - mean;
		product += place * rank;
		square_place += place * place;
		square_value += rank * rank;
	}
	return product / sqrt(square_place * square_value);
}

static double median_of(const minima_cell *cell) { return cell->numbers.median; }
static double spread_of(const minima_cell *cell) { return cell->numbers.upper_quartile - cell->numbers.lower_quartile; }

/* The rank correlation of a property of the cells with their width; NaN where there are too few. */
static double trend(const minima_set *set, int64_t hidden_layers, double (*property)(const minima_cell *cell))
{
	double value[MOST_WIDTHS];
	int first, count = minima_layers(set, hidden_layers, &first);
	if (count < LEAST_WIDTHS || count > MOST_WIDTHS) return NAN;
	for (int i = 0; i < count; i++) value[i] = property(&set->cell[first + i]);
	return rank_correlation(value, count);
}

static void tell_trend(tw_page *page, const minima_set *ours, const minima_set *published, const char *said,
                       const char *what, double (*property)(const minima_cell *cell))
{
	list numbers = {.used = 0};
	bool falls = true, known = false;
	for (int64_t layers = 1; layers <= MOST_LAYERS; layers++) {
		const double ours_falls = trend(ours, layers, property), theirs = trend(published, layers, property);
		if (isnan(ours_falls)) continue;
		list_add(&numbers, "%s%.2f with %s", known ? "; " : "", ours_falls, layers_text(layers));
		if (!isnan(theirs)) list_add(&numbers, " (published: %.2f)", theirs);
		known = true;
		falls = falls && ours_falls <= FALLS;
	}
	if (!known) return;
	tw_page_finding(page, falls ? TW_AGREES : TW_DIFFERS,
	                "The thesis: %s. Here the rank correlation of %s with the width is %s: it %s.", said, what,
	                numbers.text, falls ? "falls" : "does not fall everywhere (-0.8 or less would be needed)");
}

/* ---- close to zero --------------------------------------------------------------------------------------------- */

static int64_t count_below(const minima_cell *cell, double bound)
{
	int64_t count = 0;
	while (count < cell->count && cell->cost[count] < bound) count++;
	return count;
}

/* The cells of one hidden layer with WIDE neurons or more. */
typedef struct {
	int widths;
	int64_t count, tiny;
	double largest_median, largest;
} wide_cells;

static wide_cells look_at_wide(const minima_set *set)
{
	wide_cells all = {0};
	int first, count = minima_layers(set, 1, &first);
	for (const minima_cell *cell = set->cell + first; cell < set->cell + first + count; cell++) {
		if (cell->width < WIDE) continue;
		all.widths++;
		all.count += cell->count;
		all.tiny += count_below(cell, TINY);
		all.largest_median = fmax(all.largest_median, cell->numbers.median);
		all.largest = fmax(all.largest, cell->numbers.maximum);
	}
	return all;
}

static void add_wide(list *text, const wide_cells *all)
{
	list_add(text, "%" PRId64 " of %" PRId64 " costs are below 1e-6, the largest median is %.2g, the largest cost %.2g",
	         all->tiny, all->count, all->largest_median, all->largest);
}

static void tell_wide(tw_page *page, const minima_set *ours, const minima_set *published)
{
	const wide_cells mine = look_at_wide(ours), theirs = look_at_wide(published);
	list text = {.used = 0};
	if (!mine.widths) return;
	add_wide(&text, &mine);
	if (theirs.widths) {
		list_add(&text, " (published: ");
		add_wide(&text, &theirs);
		list_add(&text, ")");
	}
	tw_page_finding(
	    page, mine.largest_median < TINY && mine.largest < CLOSE ? TW_AGREES : TW_DIFFERS,
	    "The thesis: with one hidden layer of %d or more neurons all found minima have costs close to zero, "
	    "most of them below 1e-6, as Theorem 3.6 suggests (n = 100 <= d0 d1 with d0 = 2). Here %s.",
	    WIDE, text.text);
}

/* The smallest width from which on no cost reaches bound; 0: there is none. */
static int64_t close_from(const minima_set *set, int64_t hidden_layers, double bound)
{
	int64_t width = 0;
	int first, count = minima_layers(set, hidden_layers, &first);
	for (int c = first + count - 1; c >= first && set->cell[c].numbers.maximum < bound; c--) width = set->cell[c].width;
	return width;
}

/* "40 with one hidden layer, 30 with two hidden layers" */
static void add_close_from(list *text, const minima_set *set, double bound)
{
	const char *separator = "";
	for (int64_t layers = 1; layers <= MOST_LAYERS; layers++) {
		int first;
		if (!minima_layers(set, layers, &first)) continue;
		const int64_t from = close_from(set, layers, bound);
		list_add(text, "%s", separator);
		if (from)
			list_add(text, "%" PRId64 " with %s", from, layers_text(layers));
		else
			list_add(text, "none with %s", layers_text(layers));
		separator = ", ";
	}
}

/* Whether all networks with more hidden layers come close with fewer neurons a layer. */
static bool deep_is_sooner(const minima_set *set)
{
	const int64_t one = close_from(set, 1, CLOSE);
	bool sooner = true;
	for (int64_t layers = 2; layers <= MOST_LAYERS; layers++) {
		int first;
		const int64_t from = close_from(set, layers, CLOSE);
		if (minima_layers(set, layers, &first)) sooner = sooner && from && (!one || from < one);
	}
	return sooner;
}

/* Whether there are networks with one and with more hidden layers, and some wide enough to come close. */
static bool depth_shows(const minima_set *set)
{
	int first;
	bool close = false;
	for (int64_t layers = 1; layers <= MOST_LAYERS; layers++) close = close || close_from(set, layers, CLOSE);
	return close && minima_layers(set, 1, &first) && (minima_layers(set, 2, &first) || minima_layers(set, 3, &first));
}

static void tell_depth(tw_page *page, const minima_set *ours)
{
	list text = {.used = 0}, strict = {.used = 0};
	if (!depth_shows(ours)) return;
	add_close_from(&text, ours, CLOSE);
	add_close_from(&strict, ours, CLOSE / 10);
	tw_page_finding(
	    page, deep_is_sooner(ours) ? TW_AGREES : TW_DIFFERS,
	    "The thesis: with two or three hidden layers all costs are close to zero already with fewer neurons "
	    "per layer. Here the width from which on all costs are below 0.01 is %s. The bound matters: for "
	    "0.001 it is %s.",
	    text.text, strict.text);
}

/* ---- minima that recur ----------------------------------------------------------------------------------------- */

/* Costs at width 1 that many published runs end at. */
static const double recurring[] = {0.5952434, 0.6827539};
/* Costs are floats: they agree within a few of their last digits. */
static const double SAME = 5e-7;

static int64_t count_at(const minima_cell *cell, double cost)
{
	int64_t count = 0;
	for (int64_t i = 0; cell && i < cell->count; i++) count += fabs(cell->cost[i] - cost) <= SAME;
	return count;
}

static void tell_recurring(tw_page *page, const minima_set *ours, const minima_set *published)
{
	const minima_cell *mine = minima_find(ours, 1, 1), *theirs = minima_find(published, 1, 1);
	list text = {.used = 0};
	bool all = true;
	if (!mine) return;
	for (size_t i = 0; i < sizeof recurring / sizeof *recurring; i++) {
		const int64_t found = count_at(mine, recurring[i]);
		list_add(&text, "%s%.7f is the cost of %" PRId64 " of %" PRId64 " runs", i ? ", " : "", recurring[i], found,
		         mine->count);
		if (theirs)
			list_add(&text, " (published: %" PRId64 " of %" PRId64 ")", count_at(theirs, recurring[i]), theirs->count);
		all = all && found >= 2;
	}
	tw_page_finding(page, all ? TW_AGREES : TW_DIFFERS,
	                "In the published results two minima recur with a single hidden neuron. Here %s, to within %g.",
	                text.text, SAME);
}

/* ---- the same distribution ------------------------------------------------------------------------------------- */

static void tell_agreement(tw_page *page, const minima_pair *pair, int pairs)
{
	list apart = {.used = 0};
	double smallest = 1;
	int agree = 0;
	if (!pairs) {
		tw_page_finding(
		    page, TW_NOTE,
		    "There are no published costs (thesis/local-minima-1-hidden.csv in the data folder) of these networks: no "
		    "distribution was compared.");
		return;
	}
	for (int i = 0; i < pairs; i++) {
		const double p = pair[i].kolmogorov_smirnov.p;
		smallest = fmin(smallest, p);
		agree += p > LEVEL;
		if (p <= LEVEL)
			list_add(&apart, "%s%" PRId64 " (p = %.2g; medians %.2g published, %.2g here)", apart.used ? ", " : "",
			         pair[i].ours->width, p, pair[i].other->numbers.median, pair[i].ours->numbers.median);
	}
	list text = {.used = 0};
	if (agree == pairs)
		list_add(&text, "the smallest p is %.2g", smallest);
	else
		list_add(&text, "not at %s", apart.text);
	tw_page_finding(page, agree == pairs ? TW_AGREES : TW_DIFFERS,
	                "One hidden layer, the published costs and ours: at %d of %d widths they may come from the same "
	                "distribution (Kolmogorov-Smirnov, p > %g): %s.",
	                agree, pairs, LEVEL, text.text);
}

void minima_tell_rounding(tw_page *page, const minima_pair *pair, int pairs)
{
	for (int i = 0; i < pairs; i++) {
		const double p = pair[i].kolmogorov_smirnov.p;
		tw_page_finding(page, TW_NOTE,
		                "The thesis computes in float. %" PRId64 " starts at width %" PRId64
		                " once more, in double precision: the median is %.2g instead of %.2g, and p = %.2g that both "
		                "come from one distribution (Kolmogorov-Smirnov). %s",
		                pair[i].other->count, pair[i].ours->width, pair[i].other->numbers.median,
		                pair[i].ours->numbers.median, p,
		                p <= LEVEL ? "So these costs depend on how floats are rounded, and two programs that round "
		                             "differently need not agree on them."
		                           : "So rounding does not show in these costs.");
	}
}

void minima_tell_findings(tw_page *page, const minima_set *ours, const minima_set *published, const minima_pair *pair,
                          int pairs)
{
	tell_trend(page, ours, published, "the cost of the found minima falls with the number of hidden neurons",
	           "the median cost", median_of);
	tell_trend(page, ours, published, "the costs differ less the more neurons the hidden layers have",
	           "the distance between the quartiles", spread_of);
	tell_wide(page, ours, published);
	tell_recurring(page, ours, published);
	tell_agreement(page, pair, pairs);
	tell_depth(page, ours);
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

enum { MOST_COLUMNS = 10, CELL_TEXT = 40 };

typedef struct {
	char text[MOST_COLUMNS][CELL_TEXT];
	const char *cell[MOST_COLUMNS];
	int used;
} table_row;

static __attribute__((format(printf, 2, 3))) void row_add(table_row *self, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(self->text[self->used], CELL_TEXT, format, arguments);
	va_end(arguments);
	self->cell[self->used] = self->text[self->used];
	self->used++;
}

static void row_add_real(table_row *self, double value)
{
	char number[TW_NUMBER_TEXT];
	row_add(self, "%s", tw_short_number(value, 4, number));
}

static void tell_pairs(tw_page *page, const minima_pair *pair, int pairs)
{
	static const char *const head[MOST_COLUMNS] = {
	    "d1",
	    "runs",
	    "lower quartile",
	    "published",
	    "median",
	    "published",
	    "upper quartile",
	    "published",
	    "Kolmogorov-Smirnov p",
	    "Mann-Whitney p",
	};
	tw_page_table(page,
	              "One hidden layer of d1 neurons: quartiles of the costs, ours and published, and tests of whether "
	              "both come from one distribution (costs rounded to 6 digits; with ties the Kolmogorov-Smirnov p is "
	              "an upper bound)",
	              MOST_COLUMNS, head);
	for (int i = 0; i < pairs; i++) {
		const tw_five_numbers *ours = &pair[i].ours->numbers, *published = &pair[i].other->numbers;
		table_row row = {.used = 0};
		row_add(&row, "%" PRId64, pair[i].ours->width);
		row_add(&row, "%" PRId64 " / %" PRId64, ours->count, published->count);
		row_add_real(&row, ours->lower_quartile);
		row_add_real(&row, published->lower_quartile);
		row_add_real(&row, ours->median);
		row_add_real(&row, published->median);
		row_add_real(&row, ours->upper_quartile);
		row_add_real(&row, published->upper_quartile);
		row_add_real(&row, pair[i].kolmogorov_smirnov.p);
		row_add_real(&row, pair[i].mann_whitney.p);
		tw_page_row(page, row.cell);
	}
	tw_page_table_end(page);
}

static void tell_cells(tw_page *page, const minima_set *ours)
{
	static const char *const head[] = {"hidden layers", "width",          "runs",    "minimum",   "lower quartile",
	                                   "median",        "upper quartile", "maximum", "below 1e-6"};
	tw_page_table(page, "All networks: the costs of the found minima", sizeof head / sizeof *head, head);
	for (int c = 0; c < ours->cells; c++) {
		const minima_cell *cell = &ours->cell[c];
		table_row row = {.used = 0};
		row_add(&row, "%" PRId64, cell->hidden_layers);
		row_add(&row, "%" PRId64, cell->width);
		row_add(&row, "%" PRId64, cell->count);
		row_add_real(&row, cell->numbers.minimum);
		row_add_real(&row, cell->numbers.lower_quartile);
		row_add_real(&row, cell->numbers.median);
		row_add_real(&row, cell->numbers.upper_quartile);
		row_add_real(&row, cell->numbers.maximum);
		row_add(&row, "%" PRId64, count_below(cell, TINY));
		tw_page_row(page, row.cell);
	}
	tw_page_table_end(page);
}

void minima_tell_tables(tw_page *page, const minima_set *ours, const minima_pair *pair, int pairs)
{
	if (pairs) tell_pairs(page, pair, pairs);
	tell_cells(page, ours);
}
