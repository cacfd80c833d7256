/* runs.csv read back. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/compare_table.h"
#include "report/folder.h"

typedef enum { RUN, COST, NORM, MEAN, STEPS, OBSERVATIONS, REASON, DIGEST, COLUMNS } column;

static const char *const names[COLUMNS] = {
    [RUN] = "run",
    [COST] = "cost",
    [NORM] = "gradient_norm_squared",
    [MEAN] = "mean_gradient_norm_squared",
    [STEPS] = "steps",
    [OBSERVATIONS] = "observations",
    [REASON] = "stop_reason",
    [DIGEST] = "theta_sha256",
};

typedef struct {
	const tw_run_table *table;
	int64_t row;
	int index[COLUMNS]; /* in the table; -1: not there, of MEAN alone */
} reader;

static const char *field_of(const reader *r, column which)
{
	return r->index[which] < 0 ? "" : tw_run_table_field(r->table, r->row, r->index[which]);
}

static tw_status refuse(const reader *r, column which, const char *wanted)
{
	return tw_fail(TW_IO, "%s, line %" PRId64 ", field %d (%s): '%.40s' is not %s; remove the folder to train it anew",
	               r->table->file, r->table->line[r->row], r->index[which] + 1, names[which], field_of(r, which),
	               wanted);
}

/* An empty field was not measured: NaN. */
static tw_status read_real(const reader *r, column which, double *out)
{
	*out = NAN;
	if (!*field_of(r, which)) return TW_OK;
	return tw_run_table_number(r->table, r->row, r->index[which], out);
}

static tw_status read_count(const reader *r, column which, int64_t *out)
{
	if (tw_parse_integer(field_of(r, which), out) && *out >= 0) return TW_OK;
	return refuse(r, which, "a count");
}

static tw_status read_reason(const reader *r, tw_stop_reason *out)
{
	for (int i = 0; i < TW_STOP_COUNT; i++) {
		*out = (tw_stop_reason)i;
		if (strcmp(field_of(r, REASON), tw_stop_reason_name(*out)) == 0) return TW_OK;
	}
	return refuse(r, REASON, "a stop reason");
}

static tw_status read_row(const reader *r, const tw_sweep_plan *plan, tw_run_result *results)
{
	tw_run_result result = {.run = -1, .seconds = NAN};
	const char *digest = field_of(r, DIGEST);
	TW_TRY(read_count(r, RUN, &result.run));
	if (result.run >= plan->runs || results[result.run].run >= 0)
		return refuse(r, RUN, "a run of this sweep that has no row yet");
	TW_TRY(read_real(r, COST, &result.cost));
	TW_TRY(read_real(r, NORM, &result.gradient_norm_squared));
	TW_TRY(read_real(r, MEAN, &result.mean_gradient_norm_squared));
	TW_TRY(read_count(r, STEPS, &result.steps));
	TW_TRY(read_count(r, OBSERVATIONS, &result.observations));
	TW_TRY(read_reason(r, &result.stop_reason));
	if (strlen(digest) != sizeof result.theta_sha256 - 1) return refuse(r, DIGEST, "a digest");
	memcpy(result.theta_sha256, digest, sizeof result.theta_sha256);
	results[result.run] = result;
	return TW_OK;
}

static tw_status read_rows(const tw_run_table *table, const tw_sweep_plan *plan, tw_run_result *results)
{
	reader r = {.table = table};
	for (int i = 0; i < COLUMNS; i++) {
		r.index[i] = tw_run_table_column(table, names[i]);
		TW_CHECK(r.index[i] >= 0 || i == MEAN, TW_IO, "%s: has no column '%s'; remove the folder to train it anew",
		         table->file, names[i]);
	}
	for (int64_t run = 0; run < plan->runs; run++) results[run] = (tw_run_result){.run = -1};
	for (r.row = 0; r.row < table->rows; r.row++) TW_TRY(read_row(&r, plan, results));
	return TW_OK;
}

tw_status tw_runs_read(const char *folder, const tw_sweep_plan *plan, tw_run_result *results)
{
	tw_run_table table = {0};
	char *path = NULL;
	TW_TRY(tw_folder_path(folder, "runs.csv", &path));
	tw_status status = tw_run_table_read(path, &table);
	if (status == TW_OK) status = read_rows(&table, plan, results);
	tw_run_table_free(&table);
	tw_free(path);
	return status;
}
