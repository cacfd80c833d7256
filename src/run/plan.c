/* A sweep as configured: cells and their runs, seeds of runs, and the digest by which a plan is recognised. */
#include "run/plan_grid.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CELLS = 100000, MOST_RUNS = 100000000 };

/* ---- cells --------------------------------------------------------------------------------------------------- */

static tw_status make_cells(tw_grid *grid, const tw_yaml *base, const char *file, tw_sweep_plan *plan)
{
	const int64_t cells = tw_grid_cells(grid);
	TW_CHECK(cells <= MOST_CELLS, TW_USAGE, "%s: sweep: a grid of more than %d cells; divide it into several sweeps",
	         grid->sweep->where, MOST_CELLS);
	TW_TRY(tw_alloc_array((void **)&plan->cell, cells, sizeof *plan->cell, "the cells of the sweep"));
	for (int64_t i = 0; i < cells; i++) {
		tw_cell *cell = &plan->cell[i];
		TW_TRY(tw_grid_cell(grid, base, file, i, cell));
		plan->cells++;
		cell->first_run = plan->runs;
		plan->runs += cell->starts;
		TW_CHECK(plan->runs <= MOST_RUNS, TW_USAGE, "%s: sweep: more than %d runs; divide it into several sweeps",
		         grid->sweep->where, MOST_RUNS);
	}
	for (int i = 0; i < grid->overrides; i++) {
		if (!grid->override[i].matched)
			tw_log(TW_LOG_WARNING, "%s: sweep.overrides[%d] matches no cell of the grid", grid->override[i].where, i);
	}
	return TW_OK;
}

/* ---- traced runs --------------------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
	const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

static tw_status read_traced(const tw_plan_list *list, tw_sweep_plan *plan)
{
	char name[96];
	plan->trace = TW_TRACE_LISTED;
	TW_TRY(tw_alloc_array((void **)&plan->traced, list->count, sizeof *plan->traced, "traced runs"));
	for (; plan->traced_count < list->count; plan->traced_count++) {
		const int i = (int)plan->traced_count;
		const tw_yaml *node = list->value[i];
		int64_t run = -1;
		TW_CHECK(node->kind == TW_YAML_SCALAR && tw_parse_integer(node->text, &run) && run >= 0 && run < plan->runs,
		         TW_USAGE, "%s: %s: '%s' is no run; give none, all, or a list of runs from 0 to %lld", node->where,
		         tw_plan_list_name(list, i, name), list->text[i], (long long)plan->runs - 1);
		plan->traced[i] = run;
	}
	qsort(plan->traced, (size_t)plan->traced_count, sizeof *plan->traced, compare_numbers);
	return TW_OK;
}

static tw_status read_trace(const tw_yaml *sweep, tw_sweep_plan *plan)
{
	tw_plan_list list;
	tw_status status = tw_plan_list_read(sweep, "sweep", "trajectories", NULL, false, &list);
	if (status == TW_OK && list.single && strcmp(list.text[0], "all") == 0)
		plan->trace = TW_TRACE_ALL;
	else if (status == TW_OK && list.count)
		status = read_traced(&list, plan);
	tw_plan_list_free(&list);
	return status;
}

/* ---- the digest ---------------------------------------------------------------------------------------------- */

/* What tells a cell from others: settings that decide its results, and where its data lie. */
typedef struct {
	char digest[65]; /* SHA-256 of the settings without data.path */
	const char *path;
	int cell;
} cell_digest;

static tw_status digest_cells(const tw_sweep_plan *plan, cell_digest *out)
{
	for (int i = 0; i < plan->cells; i++) {
		char *text;
		tw_settings settings = plan->cell[i].settings;
		out[i].cell = i;
		out[i].path = settings.data.path ? settings.data.path : "";
		settings.threads = 0;
		settings.data.path = NULL;
		settings.checkpoint_steps = 0, settings.checkpoint_seconds = 0, settings.checkpoint_keep = 1;
		TW_TRY(tw_settings_write(&settings, &text));
		tw_sha256(text, strlen(text), out[i].digest);
		tw_free(text);
	}
	return TW_OK;
}

static tw_status make_digest(const cell_digest *cells, tw_sweep_plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	TW_CHECK(out, TW_NO_MEMORY, "no memory for the digest of the sweep");
	for (int i = 0; i < plan->cells; i++) {
		const tw_cell *cell = &plan->cell[i];
		fprintf(out, "%s %s %lld\n", cells[i].digest, cell->identity, (long long)cell->starts);
	}
	const bool written = fclose(out) == 0;
	if (written) tw_sha256(text, size, plan->digest);
	free(text);
	TW_CHECK(written, TW_NO_MEMORY, "no memory for the digest of the sweep");
	return TW_OK;
}

static int compare_settings(const cell_digest *left, const cell_digest *right)
{
	int order = strcmp(left->digest, right->digest);
	return order ? order : strcmp(left->path, right->path);
}

static int compare_cells(const void *a, const void *b)
{
	const cell_digest *left = a, *right = b;
	int order = compare_settings(left, right);
	return order ? order : left->cell - right->cell;
}

/* Equal cells would repeat the same runs. Sorts cells. */
static tw_status check_distinct(const tw_grid *grid, const tw_sweep_plan *plan, cell_digest *cells)
{
	qsort(cells, (size_t)plan->cells, sizeof *cells, compare_cells);
	for (int i = 1; i < plan->cells; i++) {
		const int first = cells[i - 1].cell, second = cells[i].cell;
		TW_CHECK(compare_settings(&cells[i - 1], &cells[i]) != 0, TW_USAGE,
		         "%s: sweep: cells %d and %d (%s; %s) have the same settings; remove the value or the override that "
		         "makes them so",
		         grid->sweep->where, first, second, plan->cell[first].name, plan->cell[second].name);
	}
	return TW_OK;
}

static tw_status digest_plan(const tw_grid *grid, tw_sweep_plan *plan)
{
	cell_digest *cells;
	TW_TRY(tw_alloc_array((void **)&cells, plan->cells, sizeof *cells, "the cells of the sweep"));
	tw_status status = digest_cells(plan, cells);
	if (status == TW_OK) status = make_digest(cells, plan);
	if (status == TW_OK) status = check_distinct(grid, plan, cells);
	tw_free(cells);
	return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static tw_status make_plan(tw_grid *grid, const tw_yaml *base, const tw_yaml *sweep, const char *file,
                           tw_sweep_plan *plan)
{
	TW_TRY(tw_grid_read(base, sweep, grid));
	TW_TRY(make_cells(grid, base, file, plan));
	plan->ranks_per_run = grid->ranks_per_run;
	plan->replicas = grid->replicas;
	plan->threads = plan->cell[0].settings.threads;
	TW_TRY(read_trace(sweep, plan));
	TW_CHECK(!plan->cell[0].settings.rayleigh && !plan->cell[0].settings.bound, TW_USAGE,
	         "%s: metrics.rayleigh and metrics.bound are for `thalweg train`: a sweep does not look at them", file);
	return digest_plan(grid, plan);
}

/* root: the whole configuration, whose sweep map is taken out. */
static tw_status read_tree(tw_yaml *root, const char *file, tw_sweep_plan *plan)
{
	tw_grid grid = {.sweep = NULL};
	TW_TRY(tw_settings_check_keys(root));
	TW_TRY(tw_yaml_write(root, &plan->text));
	tw_yaml *sweep = tw_yaml_take(root, "sweep");
	tw_status status = make_plan(&grid, root, sweep, file, plan);
	tw_grid_free(&grid);
	tw_yaml_free(sweep);
	return status;
}

static tw_status read_plan(const char *file, const char *name, const char *text, const char *const *set, int sets,
                           tw_sweep_plan *out)
{
	tw_yaml *root;
	memset(out, 0, sizeof *out);
	TW_TRY(tw_settings_tree(file, name, text, set, sets, &root));
	tw_status status = read_tree(root, file ? file : name, out);
	tw_yaml_free(root);
	if (status != TW_OK) tw_sweep_plan_free(out);
	return status;
}

tw_status tw_sweep_plan_read(const char *file, const char *const *set, int sets, tw_sweep_plan *out)
{
	static const char standard[] = "sweep: {starts: 20, widths: [1, 2, 3, 4, 5]}";
	return read_plan(file, "default configuration", standard, set, sets, out);
}

tw_status tw_sweep_plan_parse(const char *name, const char *text, const char *const *set, int sets, tw_sweep_plan *out)
{
	return read_plan(NULL, name, text, set, sets, out);
}

void tw_sweep_plan_free(tw_sweep_plan *plan)
{
	if (!plan) return;
	for (int i = 0; i < plan->cells; i++) tw_settings_free(&plan->cell[i].settings);
	tw_free(plan->cell);
	tw_free(plan->traced);
	tw_free(plan->text);
	memset(plan, 0, sizeof *plan);
}

/* ---- runs ---------------------------------------------------------------------------------------------------- */

int tw_sweep_cell_of(const tw_sweep_plan *plan, int64_t run)
{
	int low = 0, high = plan->cells - 1;
	while (low < high) {
		const int middle = low + (high - low + 1) / 2;
		if (plan->cell[middle].first_run <= run)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* The first 53 bits of a digest: a whole number that a double holds, too. */
static uint64_t seed_of(const char identity[65], int64_t start)
{
	char text[128], digest[65];
	const int length = snprintf(text, sizeof text, "%s start %lld", identity, (long long)start);
	tw_sha256(text, (size_t)length, digest);
	digest[14] = 0; /* 56 bits */
	return strtoull(digest, NULL, 16) >> 3;
}

tw_settings tw_sweep_run_settings(const tw_sweep_plan *plan, int64_t run)
{
	const tw_cell *cell = &plan->cell[tw_sweep_cell_of(plan, run)];
	tw_settings settings = cell->settings;
	settings.seed = settings.initial.seed = seed_of(cell->identity, run - cell->first_run);
	settings.run = settings.initial.run = 0;
	return settings;
}
