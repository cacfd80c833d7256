/* Figures 5.8 and 5.9: files, figures, tables, and what was found. */
#include "app/thesis/gradient_norm.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "report/compare_table.h"
#include "report/folder.h"

static const char published_file[] = "thesis/gradient-norm-by-step-size.csv";
/* From here on means are said to lie on a straight line. */
static const double straight = 0.95;

void noise_put(FILE *out, double value, char end)
{
	char text[TW_NUMBER_TEXT];
	if (isfinite(value)) fputs(tw_format_real(text, TW_FLOAT, value), out);
	fputc(end, out);
}

/* ---- published results ----------------------------------------------------------------------------------------- */

static tw_status mean_published(const tw_run_table *table, noise_group *group)
{
	int step_size, average;
	double sum = 0, x, y;
	int64_t count = 0;
	TW_TRY(tw_run_table_require(table, "step_size", "the published file", &step_size));
	TW_TRY(tw_run_table_require(table, "mean_gradient_norm_squared", "the published file", &average));
	for (int64_t row = 0; row < table->rows; row++) {
		TW_TRY(tw_run_table_number(table, row, step_size, &x));
		TW_TRY(tw_run_table_number(table, row, average, &y));
		if (fabs(x - group->step_size) > 1e-6 * group->step_size) continue;
		sum += y;
		count++;
	}
	if (count > 0) group->published = sum / (double)count;
	return TW_OK;
}

/* The published runs again, as they stand, for the figure. */
static tw_status copy_published(const thesis_context *context, const tw_run_table *table)
{
	tw_part_file file;
	const int step_size = tw_run_table_column(table, "step_size");
	const int average = tw_run_table_column(table, "mean_gradient_norm_squared");
	TW_TRY(tw_part_open(&file, context->folder, "published-by-step-size.csv"));
	fputs("step_size,mean_gradient_norm_squared\n", file.file);
	for (int64_t row = 0; row < table->rows; row++)
		fprintf(file.file, "%s,%s\n", tw_run_table_field(table, row, step_size),
		        tw_run_table_field(table, row, average));
	return tw_part_close(&file);
}

tw_status noise_read_published(const thesis_context *context, noise_series *series)
{
	char *path;
	tw_run_table table = {.file = NULL};
	TW_TRY(tw_folder_path(context->data, published_file, &path));
	tw_status status = TW_OK;
	if (access(path, R_OK) == 0) {
		status = tw_run_table_read(path, &table);
		for (int g = 0; g < series->groups && status == TW_OK; g++) status = mean_published(&table, &series->group[g]);
		if (status == TW_OK) status = copy_published(context, &table);
		tw_run_table_free(&table);
	}
	tw_free(path);
	return status;
}

static bool has_published(const noise_series *series)
{
	for (int g = 0; g < series->groups; g++)
		if (series->group[g].runs && isfinite(series->group[g].published)) return true;
	return false;
}

/* The line through the published means. */
static noise_line published_line(const noise_series *series)
{
	enum { MOST = 256 };
	double x[MOST], y[MOST];
	int points = 0;
	for (int g = 0; g < series->groups && points < MOST; g++) {
		if (!isfinite(series->group[g].published)) continue;
		x[points] = series->group[g].step_size;
		y[points++] = series->group[g].published;
	}
	return noise_line_through(x, y, points);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static const char *column_of(noise_axis axis)
{
	return axis == NOISE_OVER_STEP_SIZE ? "step_size" : "batch_size,inverse_batch_size";
}

static void put_place(FILE *out, const noise_group *group, noise_axis axis)
{
	if (axis == NOISE_OVER_INVERSE_BATCH) fprintf(out, "%" PRId64 ",", group->batch);
	noise_put(out, noise_group_x(group, axis), ',');
}

static tw_status write_runs(const thesis_context *context, const char *name, const noise_series *series,
                            noise_axis axis)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, name));
	fprintf(file.file, "%s,mean_gradient_norm_squared\n", column_of(axis));
	for (int g = 0; g < series->groups; g++)
		for (int64_t i = 0; i < series->group[g].runs; i++) {
			put_place(file.file, &series->group[g], axis);
			noise_put(file.file, series->group[g].average[i], '\n');
		}
	return tw_part_close(&file);
}

static tw_status write_means(const thesis_context *context, const char *name, const noise_series *series, int points,
                             noise_axis axis)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, name));
	fprintf(file.file, "theta1,%s,runs,mean,standard_error,smallest,largest,published_mean\n", column_of(axis));
	for (int p = 0; p < points; p++)
		for (int g = 0; g < series[p].groups; g++) {
			const noise_group *group = &series[p].group[g];
			fprintf(file.file, "%d,", p + 1);
			put_place(file.file, group, axis);
			fprintf(file.file, "%" PRId64 ",", group->runs);
			noise_put(file.file, group->mean, ',');
			noise_put(file.file, group->error, ',');
			noise_put(file.file, group->smallest, ',');
			noise_put(file.file, group->largest, ',');
			noise_put(file.file, group->published, '\n');
		}
	return tw_part_close(&file);
}

/* A row of theta1.csv: the point, and the line over the step size. */
static tw_status write_points(const thesis_context *context, const noise_results *results)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "theta1.csv"));
	fputs("theta1,cost,gradient_norm_squared,step_sizes,slope,intercept,r_squared,exponent\n", file.file);
	for (int p = 0; p < NOISE_POINTS; p++) {
		const noise_line line = noise_series_line(&results->by_step_size[p], NOISE_OVER_STEP_SIZE);
		fprintf(file.file, "%d,", p + 1);
		noise_put(file.file, results->theta1[p].cost, ',');
		noise_put(file.file, results->theta1[p].gradient_norm_squared, ',');
		fprintf(file.file, "%d,", line.points);
		noise_put(file.file, line.slope, ',');
		noise_put(file.file, line.intercept, ',');
		noise_put(file.file, line.r_squared, ',');
		noise_put(file.file, line.exponent, '\n');
	}
	return tw_part_close(&file);
}

static tw_status write_files(const thesis_context *context, const noise_results *results)
{
	const noise_series *over_step_size = &results->by_step_size[0], *over_batch = &results->by_batch;
	TW_TRY(write_runs(context, "gradient-norm-by-step-size.csv", over_step_size, NOISE_OVER_STEP_SIZE));
	TW_TRY(write_runs(context, "gradient-norm-by-batch.csv", over_batch, NOISE_OVER_INVERSE_BATCH));
	TW_TRY(write_means(context, "means-by-step-size.csv", over_step_size, NOISE_POINTS, NOISE_OVER_STEP_SIZE));
	TW_TRY(write_means(context, "means-by-batch.csv", over_batch, 1, NOISE_OVER_INVERSE_BATCH));
	return write_points(context, results);
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

enum { CELLS = 8 };
typedef struct {
	char text[CELLS][TW_NUMBER_TEXT];
	int count;
} table_row;

static void add_number(table_row *row, const char *format, double value)
{
	char *text = row->text[row->count++];
	text[0] = 0;
	if (!isfinite(value)) return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, TW_NUMBER_TEXT, format, value);
#pragma GCC diagnostic pop
}

static void put_row(tw_page *page, const table_row *row)
{
	const char *cell[CELLS];
	for (int i = 0; i < row->count; i++) cell[i] = row->text[i];
	tw_page_row(page, cell);
}

static void print_means(tw_page *page, const char *caption, const noise_series *series, noise_axis axis)
{
	const bool published = has_published(series);
	const char *const head[] = {axis == NOISE_OVER_STEP_SIZE ? "α" : "|B|",
	                            "runs",
	                            "mean",
	                            "standard error",
	                            "smallest run",
	                            "largest run",
	                            "published mean",
	                            "ours / published"};
	tw_page_table(page, caption, published ? 8 : 6, head);
	for (int g = 0; g < series->groups; g++) {
		const noise_group *group = &series->group[g];
		table_row row = {.count = 0};
		add_number(&row, "%g", axis == NOISE_OVER_STEP_SIZE ? group->step_size : (double)group->batch);
		add_number(&row, "%g", (double)group->runs);
		add_number(&row, "%.3g", group->mean);
		add_number(&row, "%.2g", group->error);
		add_number(&row, "%.3g", group->smallest);
		add_number(&row, "%.3g", group->largest);
		if (published) add_number(&row, "%.3g", group->published);
		if (published) add_number(&row, "%.2f", group->mean / group->published);
		put_row(page, &row);
	}
	tw_page_table_end(page);
}

/* ---- findings -------------------------------------------------------------------------------------------------- */

/* How the means go along the axis, from small x to large. */
typedef struct {
	int pairs, falls, large_falls; /* neighbours; those where the mean falls; by more than two standard errors */
} course_of_means;

static course_of_means course_of(const noise_series *series, noise_axis axis)
{
	course_of_means course = {0};
	const noise_group *last = NULL;
	for (int g = 0; g < series->groups; g++) {
		/* Batches stand in ascending order, and so in descending order of 1/|B|. */
		const noise_group *group = &series->group[axis == NOISE_OVER_STEP_SIZE ? g : series->groups - 1 - g];
		if (group->runs == 0) continue;
		if (last) {
			course.pairs++;
			course.falls += group->mean < last->mean;
			course.large_falls += last->mean - group->mean > 2 * hypot(last->error, group->error);
		}
		last = group;
	}
	return course;
}

static void find_growth(tw_page *page, const noise_series *series, noise_axis axis)
{
	const course_of_means course = course_of(series, axis);
	const char *of = axis == NOISE_OVER_STEP_SIZE ? "step size α" : "inverse mini-batch size 1/|B|";
	if (course.pairs == 0) return;
	if (course.falls == 0)
		tw_page_finding(page, TW_AGREES,
		                "The thesis: the mean grows with the %s. Ours grows from each of %d values to the next.", of,
		                course.pairs + 1);
	else
		tw_page_finding(
		    page, course.large_falls == 0 ? TW_AGREES : TW_DIFFERS,
		    "The thesis: the mean grows with the %s. Ours grows in %d of %d steps from one value to the next; "
		    "%s.",
		    of, course.pairs - course.falls, course.pairs,
		    course.large_falls == 0 ? "where it falls, it does so by less than two standard errors"
		                            : "where it falls, it does so by more than two standard errors");
}

static void find_line(tw_page *page, const noise_series *series, noise_axis axis)
{
	const noise_line line = noise_series_line(series, axis);
	const bool over_step_size = axis == NOISE_OVER_STEP_SIZE;
	if (!isfinite(line.r_squared)) return;
	tw_page_finding(
	    page, line.r_squared >= straight ? TW_AGREES : TW_DIFFERS,
	    "The thesis: the means lie approximately on a straight line over %s. Ours over %d values: R² = %.3f "
	    "(%s %.2f), slope %.3g, intercept %.2g; the mean goes as the power %.2f of %s (1: proportional).",
	    over_step_size ? "α" : "1/|B|", line.points, line.r_squared, line.r_squared >= straight ? "at least" : "below",
	    straight, line.slope, line.intercept, line.exponent, over_step_size ? "α" : "1/|B|");
	const noise_line theirs = published_line(series);
	if (over_step_size && isfinite(theirs.r_squared))
		tw_page_text(page,
		             "The published means by the same measure: R² = %.3f, slope %.3g, intercept %.2g, power %.2f.",
		             theirs.r_squared, theirs.slope, theirs.intercept, theirs.exponent);
}

/* Ratios of our means to the published ones. */
static void find_magnitude(tw_page *page, const noise_series *series)
{
	double low = INFINITY, high = 0, logs = 0;
	int count = 0;
	for (int g = 0; g < series->groups; g++) {
		const double ratio = series->group[g].mean / series->group[g].published;
		if (!isfinite(ratio)) continue;
		low = fmin(low, ratio), high = fmax(high, ratio), logs += log(ratio);
		count++;
	}
	if (count == 0) return;
	const bool near = low >= 0.5 && high <= 2;
	tw_page_finding(page, near ? TW_AGREES : TW_DIFFERS,
	                "Beside the published means ours are %.2g to %.2g times as large, %.2g times in the geometric mean "
	                "over %d step sizes: %s. The published θ₁ is not known; how much the means depend on θ₁ is seen "
	                "below.",
	                low, high, exp(logs / count), count,
	                near ? "the same to a factor of two" : "not the same to a factor of two");
}

/* Slopes from several theta_1. */
static void find_dependence(tw_page *page, const noise_results *results)
{
	static const char *const head[] = {"θ₁",        "f(θ₁)", "‖∇f(θ₁)‖²", "step sizes",
	                                   "runs each", "slope", "intercept", "R²"};
	double low = INFINITY, high = -INFINITY;
	int lines = 0, straight_lines = 0;
	tw_page_table(page, "The straight line through the means over α, from three initial points", 8, head);
	for (int p = 0; p < NOISE_POINTS; p++) {
		const noise_series *series = &results->by_step_size[p];
		const noise_line line = noise_series_line(series, NOISE_OVER_STEP_SIZE);
		table_row row = {.count = 0};
		add_number(&row, "%g", p + 1);
		add_number(&row, "%.3g", results->theta1[p].cost);
		add_number(&row, "%.3g", results->theta1[p].gradient_norm_squared);
		add_number(&row, "%g", line.points);
		add_number(&row, "%g", series->groups ? (double)series->group[0].runs : NAN);
		add_number(&row, "%.3g", line.slope);
		add_number(&row, "%.2g", line.intercept);
		add_number(&row, "%.3f", line.r_squared);
		put_row(page, &row);
		if (!isfinite(line.slope)) continue;
		low = fmin(low, line.slope), high = fmax(high, line.slope);
		lines++;
		straight_lines += line.r_squared >= straight;
	}
	tw_page_table_end(page);
	if (lines < 2) return;
	const noise_line theirs = published_line(&results->by_step_size[0]);
	char published[160] = "";
	if (isfinite(theirs.slope))
		snprintf(published, sizeof published, " The published slope, %.2g, is %s them.", theirs.slope,
		         theirs.slope < low    ? "below"
		         : theirs.slope > high ? "above"
		                               : "among");
	tw_page_finding(page, TW_NOTE,
	                "The thesis: results could be different for other initial points. From our %d points θ₁ the slopes "
	                "are %.2g to %.2g%s%.2g; %d of %d lines have R² of at least %.2f.%s",
	                lines, low, high, low > 0 ? ", a factor of " : ", a difference of ",
	                low > 0 ? high / low : high - low, straight_lines, lines, straight, published);
}

static void note_diverged(tw_page *page, const noise_results *results)
{
	int64_t diverged = results->by_batch.diverged;
	for (int p = 0; p < NOISE_POINTS; p++) diverged += results->by_step_size[p].diverged;
	if (diverged > 0)
		tw_page_finding(page, TW_NOTE, "%" PRId64 " runs have no finite average and are left out.", diverged);
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

static tw_status report_step_sizes(thesis_context *context, const noise_results *results)
{
	const noise_series *series = &results->by_step_size[0];
	tw_page *page = context->page;
	tw_page_heading(page, 2, "The step size");
	TW_TRY(thesis_draw(context, "figure-5.8",
	                   "Figure 5.8: the average squared norm of the gradients of the iterates of stochastic gradient "
	                   "descent over the step size; runs, their means, and the straight line of least squares."));
	print_means(page, "Average of ‖∇f(θₖ)‖² over the iterates, by step size", series, NOISE_OVER_STEP_SIZE);
	find_growth(page, series, NOISE_OVER_STEP_SIZE);
	find_line(page, series, NOISE_OVER_STEP_SIZE);
	tw_page_text(page,
	             "At θ₁ itself ‖∇f(θ₁)‖² = %.3g, and at α = 0 the line has the value %.2g: with a small step size the "
	             "iterates stay near θ₁ for all of their steps, and so does the norm.",
	             results->theta1[0].gradient_norm_squared, noise_series_line(series, NOISE_OVER_STEP_SIZE).intercept);
	if (!has_published(series)) {
		tw_page_text(page, "The published results are not in the data folder (%s).", published_file);
		return TW_OK;
	}
	TW_TRY(thesis_draw(context, "figure-5.8-published",
	                   "Our runs and means of figure 5.8 beside the published ones, both axes logarithmic."));
	find_magnitude(page, series);
	return TW_OK;
}

static tw_status report_batches(thesis_context *context, const noise_results *results)
{
	tw_page *page = context->page;
	tw_page_heading(page, 2, "The mini-batch size");
	TW_TRY(thesis_draw(context, "figure-5.9",
	                   "Figure 5.9: the average squared norm of the gradients of the iterates of mini-batch gradient "
	                   "descent over the inverse mini-batch size; both axes logarithmic."));
	print_means(page, "Average of ‖∇f(θₖ)‖² over the iterates, by mini-batch size, α = 0.001", &results->by_batch,
	            NOISE_OVER_INVERSE_BATCH);
	find_growth(page, &results->by_batch, NOISE_OVER_INVERSE_BATCH);
	find_line(page, &results->by_batch, NOISE_OVER_INVERSE_BATCH);
	return TW_OK;
}

static tw_status report_points(thesis_context *context, const noise_results *results)
{
	tw_page *page = context->page;
	tw_page_heading(page, 2, "Other initial points");
	tw_page_text(page,
	             "The same from two other points θ₁, made in the same way from other initial parameters, with fewer "
	             "step sizes and runs.");
	TW_TRY(thesis_draw(context, "figure-5.8-theta1", "Means over the step size from three initial points."));
	find_dependence(page, results);
	return TW_OK;
}

tw_status noise_report(thesis_context *context, const noise_results *results)
{
	TW_TRY(write_files(context, results));
	TW_TRY(report_step_sizes(context, results));
	TW_TRY(report_batches(context, results));
	TW_TRY(report_points(context, results));
	note_diverged(context->page, results);
	return TW_OK;
}
