/* Tuned step sizes, and the texts and trajectories that experiments with them need. */
#include "app/thesis/efficiency_tuning.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/folder.h"

/* ---- quantiles ----------------------------------------------------------------------------------------------- */

/* tw_sort_sample sorts infinities too: they only have to be comparable. */
double tuning_quantile(const double *values, int64_t count, double p)
{
	double *sorted;
	if (count < 1 || tw_alloc_array((void **)&sorted, count, sizeof *sorted, "a sample") != TW_OK) return NAN;
	memcpy(sorted, values, (size_t)count * sizeof *sorted);
	tw_sort_sample(sorted, count);
	const double place = p * (double)(count - 1), share = place - floor(place);
	const int64_t i = (int64_t)floor(place);
	double quantile = sorted[i];
	if (share > 0) quantile = isinf(sorted[i + 1]) ? INFINITY : sorted[i] + share * (sorted[i + 1] - sorted[i]);
	tw_free(sorted);
	return quantile;
}

/* ---- tuning -------------------------------------------------------------------------------------------------- */

void tuning_free(tuning *t)
{
	tw_free(t->step_size);
	tw_free(t->cost);
	tw_free(t->lowest);
	tw_free(t->chosen);
	memset(t, 0, sizeof *t);
}

static tw_status allocate(tuning *t)
{
	TW_TRY(tw_alloc_array((void **)&t->step_size, t->steps, sizeof *t->step_size, "step sizes"));
	TW_TRY(tw_alloc_array((void **)&t->cost, t->steps * t->starts, sizeof *t->cost, "the costs of runs"));
	TW_TRY(tw_alloc_array((void **)&t->lowest, t->starts, sizeof *t->lowest, "the costs of runs"));
	return tw_alloc_array((void **)&t->chosen, t->starts, sizeof *t->chosen, "the tuned step sizes");
}

static tw_status read_costs(const tw_sweep_plan *plan, const tw_run_result *results, tuning *t)
{
	for (int i = 0; i < t->steps; i++) {
		const tw_cell *cell = &plan->cell[t->first_cell + i];
		TW_CHECK(cell->starts == t->starts, TW_USAGE,
		         "the cells '%s' and '%s' have %" PRId64 " and %" PRId64
		         " starts, but a step size is tuned from the same starts: remove the override that makes them so",
		         plan->cell[t->first_cell].name, cell->name, t->starts, cell->starts);
		t->step_size[i] = cell->settings.stage[0].schedule.base;
		for (int64_t s = 0; s < t->starts; s++) {
			const tw_run_result *result = &results[cell->first_run + s];
			const bool ended = result->stop_reason != TW_STOP_DIVERGED && isfinite(result->cost);
			t->cost[i * t->starts + s] = ended ? result->cost : INFINITY;
		}
	}
	return TW_OK;
}

static void choose_lowest(tuning *t)
{
	for (int64_t s = 0; s < t->starts; s++) {
		t->lowest[s] = INFINITY;
		t->chosen[s] = -1;
		for (int i = 0; i < t->steps; i++) {
			const double cost = t->cost[i * t->starts + s];
			if (cost >= t->lowest[s]) continue;
			t->lowest[s] = cost;
			t->chosen[s] = i;
		}
	}
}

static double median_of(const tuning *t, int i) { return tuning_quantile(t->cost + i * t->starts, t->starts, 0.5); }

static void choose_for_most(tuning *t)
{
	t->tuned = t->best_median = -1;
	t->choosing = 0;
	for (int i = 0; i < t->steps; i++) {
		int64_t choosing = 0;
		const double median = median_of(t, i);
		for (int64_t s = 0; s < t->starts; s++) choosing += t->chosen[s] == i;
		if (choosing > t->choosing || (choosing && choosing == t->choosing && median < median_of(t, t->tuned))) {
			t->tuned = i;
			t->choosing = choosing;
		}
		if (isfinite(median) && (t->best_median < 0 || median < median_of(t, t->best_median))) t->best_median = i;
	}
}

tw_status tuning_of(const tw_sweep_plan *plan, const tw_run_result *results, int first_cell, int steps, tuning *out)
{
	*out = (tuning){.steps = steps, .starts = plan->cell[first_cell].starts, .first_cell = first_cell};
	tw_status status = allocate(out);
	if (status == TW_OK) status = read_costs(plan, results, out);
	if (status != TW_OK) return tuning_free(out), status;
	choose_lowest(out);
	choose_for_most(out);
	return TW_OK;
}

int64_t tuning_diverged(const tuning *t, int i)
{
	int64_t diverged = 0;
	for (int64_t s = 0; s < t->starts; s++) diverged += isinf(t->cost[i * t->starts + s]);
	return diverged;
}

double tuning_ratio(const tuning *t, int i)
{
	double *ratio;
	int64_t count = 0;
	if (tw_alloc_array((void **)&ratio, t->starts, sizeof *ratio, "a sample") != TW_OK) return NAN;
	for (int64_t s = 0; s < t->starts; s++)
		if (isfinite(t->lowest[s])) ratio[count++] = t->cost[i * t->starts + s] / t->lowest[s];
	const double median = tuning_quantile(ratio, count, 0.5);
	tw_free(ratio);
	return median;
}

/* ---- overrides of configurations ------------------------------------------------------------------------------- */

tw_status tuning_set_begin(tuning_sets *sets, FILE **out)
{
	*out = NULL;
	TW_CHECK(sets->count < TUNING_SETS, TW_INTERNAL, "more than %d overrides", TUNING_SETS);
	*out = sets->open = open_memstream(&sets->text[sets->count], &sets->size);
	TW_CHECK(*out, TW_NO_MEMORY, "out of memory for overrides");
	return TW_OK;
}

tw_status tuning_set_end(tuning_sets *sets)
{
	const bool failed = ferror(sets->open);
	const bool closed = fclose(sets->open) == 0;
	sets->count++;
	TW_CHECK(closed && !failed, TW_NO_MEMORY, "out of memory for overrides");
	return TW_OK;
}

tw_status tuning_set(tuning_sets *sets, const char *format, ...)
{
	FILE *out;
	va_list arguments;
	TW_TRY(tuning_set_begin(sets, &out));
	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	return tuning_set_end(sets);
}

tw_status tuning_set_path(tuning_sets *sets, const char *key, const char *path)
{
	FILE *out;
	TW_TRY(tuning_set_begin(sets, &out));
	fprintf(out, "%s=", key);
	tuning_write_quoted(out, path);
	return tuning_set_end(sets);
}

void tuning_sets_free(tuning_sets *sets)
{
	for (int i = 0; i < sets->count; i++) free(sets->text[i]);
	*sets = (tuning_sets){.count = 0};
}

void tuning_write_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\') fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void tuning_write_number(FILE *out, double value)
{
	char text[TW_NUMBER_TEXT];
	fputs(tw_format_real(text, TW_FLOAT, value), out);
}

void tuning_write_batch(FILE *out, int64_t batch)
{
	if (batch)
		fprintf(out, "%" PRId64, batch);
	else
		fputs("all", out);
}

/* ---- trajectories -------------------------------------------------------------------------------------------- */

/* trajectories.csv while it is read. */
typedef struct {
	const char *name;
	FILE *file;
	int64_t line, room, count;
	int column[3]; /* of run, step, cost */
	tuning_point *point;
} reader;

enum { MOST_COLUMNS = 16, LINE = 1024 };

/* Cuts a line at its commas; at most MOST_COLUMNS texts. */
static int cut(char *line, char *field[MOST_COLUMNS])
{
	int fields = 0;
	line[strcspn(line, "\r\n")] = 0;
	for (char *at = line; at && fields < MOST_COLUMNS;) {
		field[fields++] = at;
		at = strchr(at, ',');
		if (at) *at++ = 0;
	}
	return fields;
}

static tw_status read_head(reader *r)
{
	static const char *const names[3] = {"run", "step", "cost"};
	char line[LINE], *field[MOST_COLUMNS];
	TW_CHECK(fgets(line, sizeof line, r->file), TW_IO, "%s: is empty; remove it and run the experiment again", r->name);
	r->line = 1;
	const int fields = cut(line, field);
	for (int c = 0; c < 3; c++) {
		r->column[c] = 0;
		while (r->column[c] < fields && strcmp(field[r->column[c]], names[c]) != 0) r->column[c]++;
		TW_CHECK(r->column[c] < fields, TW_IO,
		         "%s, line 1: no column '%s'; remove the file and run the experiment again", r->name, names[c]);
	}
	return TW_OK;
}

static tw_status make_room(reader *r)
{
	if (r->count < r->room) return TW_OK;
	tuning_point *larger;
	const int64_t room = r->room ? 2 * r->room : 1024;
	TW_TRY(tw_alloc_array((void **)&larger, room, sizeof *larger, "trajectories"));
	if (r->count) memcpy(larger, r->point, (size_t)r->count * sizeof *larger);
	tw_free(r->point);
	r->point = larger;
	r->room = room;
	return TW_OK;
}

static tw_status read_points(reader *r)
{
	char line[LINE], *field[MOST_COLUMNS];
	while (fgets(line, sizeof line, r->file)) {
		r->line++;
		const int fields = cut(line, field);
		TW_TRY(make_room(r));
		tuning_point *point = &r->point[r->count];
		bool whole = true;
		for (int c = 0; c < 3; c++) whole = whole && r->column[c] < fields;
		whole = whole && tw_parse_integer(field[r->column[0]], &point->run) &&
		        tw_parse_integer(field[r->column[1]], &point->step);
		TW_CHECK(whole, TW_IO,
		         "%s, line %" PRId64 ": not a point of a run; remove the file and run the experiment again", r->name,
		         r->line);
		if (tw_parse_real(field[r->column[2]], &point->cost)) r->count++; /* empty: not measured */
	}
	TW_CHECK(!ferror(r->file), TW_IO, "%s: cannot be read: %s", r->name, strerror(errno));
	return TW_OK;
}

tw_status tuning_read_trajectories(const char *folder, tuning_point **points, int64_t *count)
{
	char *name;
	*points = NULL;
	*count = 0;
	TW_TRY(tw_folder_path(folder, "trajectories.csv", &name));
	reader r = {.name = name, .file = fopen(name, "re")};
	tw_status status = r.file ? TW_OK : tw_fail(TW_IO, "%s: cannot be opened: %s", name, strerror(errno));
	if (status == TW_OK) status = read_head(&r);
	if (status == TW_OK) status = read_points(&r);
	if (r.file) fclose(r.file);
	tw_free(name);
	if (status != TW_OK) return tw_free(r.point), status;
	*points = r.point;
	*count = r.count;
	return TW_OK;
}

bool tuning_is_shown(int64_t i, int64_t count, int64_t most)
{
	const int64_t every = (count + most - 1) / most;
	return every < 2 || i % every == 0 || i == count - 1;
}
