/* What a sweep leaves behind: the journal of finished runs, runs.csv, models.h5, trajectories.csv. */
#include <thalweg/report.h>

#include <fcntl.h>
#include <hdf5.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/folder.h"
#include "suite.h"

enum { CELLS = 3, STARTS = 4, RUNS = CELLS * STARTS, TRACED = 5, MOST_PARAMETERS = 64 };

static char base[64];
static tw_cell cells[CELLS];
static tw_network networks[CELLS];
static tw_sweep_plan plan;

/* ---- a sweep made up ----------------------------------------------------------------------------------------- */

static const char *path_of(const char *name)
{
	static char path[4][256];
	static int at;
	at = (at + 1) % 4;
	snprintf(path[at], sizeof path[at], "%s/%s", base, name);
	return path[at];
}

/* An empty folder. */
static const char *new_folder(void)
{
	static char folder[128];
	static int number;
	snprintf(folder, sizeof folder, "%s/sweep-%d", base, number++);
	CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0777), 0);
	return folder;
}

static const char *in(const char *folder, const char *name)
{
	static char path[4][256];
	static int at;
	at = (at + 1) % 4;
	snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
	return path[at];
}

/* Two hidden layers of different widths, none, and one. */
static void make_plan(tw_precision precision)
{
	static const int64_t hidden[CELLS][2] = {{3, 2}, {0}, {4}};
	static const int depth[CELLS] = {2, 0, 1};
	plan = (tw_sweep_plan){.cell = cells, .cells = CELLS, .runs = RUNS, .ranks_per_run = 1};
	snprintf(plan.digest, sizeof plan.digest, "%064d", 7 + (int)precision);
	for (int c = 0; c < CELLS; c++) {
		tw_settings_free(&cells[c].settings);
		memset(&cells[c], 0, sizeof cells[c]);
		tw_settings_defaults(&cells[c].settings);
		tw_settings *settings = &cells[c].settings;
		settings->precision = precision;
		settings->hidden_count = depth[c];
		memcpy(settings->hidden, hidden[c], sizeof hidden[c]);
		settings->batch = c == 1 ? 7 : 0;
		settings->stage[0].schedule.base = 0.1;
		cells[c].starts = STARTS;
		cells[c].first_run = c * STARTS;
		snprintf(cells[c].name, sizeof cells[c].name, "cell %d", c);
		networks[c] = (tw_network){.layers = depth[c] + 1, .activation = settings->activation, .bias = true};
		networks[c].width[0] = 2;
		for (int l = 0; l < depth[c]; l++) networks[c].width[l + 1] = hidden[c][l];
		networks[c].width[depth[c] + 1] = 1;
		memcpy(networks[c].activation_value, settings->activation_value, sizeof networks[c].activation_value);
	}
}

/* Everything of a run is a function of its number. */
typedef struct {
	tw_run_result result;
	double theta[MOST_PARAMETERS]; /* as reals of the precision */
	tw_trace_point trace[3];
} made_run;

static made_run make_run(int64_t run)
{
	const int c = (int)(run / STARTS);
	const tw_precision precision = cells[c].settings.precision;
	made_run made = {.result = {.run = run,
	                            .cost = run == 9    ? NAN
	                                    : run == 10 ? INFINITY
	                                                : 1.0 / (3 + (double)run),
	                            .gradient_norm_squared = 1e-23 / (1 + (double)run),
	                            .mean_gradient_norm_squared = run % 2 ? NAN : 1e-9 * (double)run,
	                            .steps = 1000 * run,
	                            .observations = INT64_C(5000000000) * run,
	                            .stop_reason = run == 9 ? TW_STOP_DIVERGED : TW_STOP_NO_PROGRESS,
	                            .seconds = 0.25 + (double)run,
	                            .dimension = tw_network_dimension(&networks[c]),
	                            .trace_points = run == TRACED ? 3 : 0}};
	if (precision == TW_FLOAT) made.result.cost = (double)(float)made.result.cost;
	for (int64_t i = 0; i < made.result.dimension; i++)
		tw_real_set(precision, made.theta, i, 0.1 * (double)i + (double)run);
	tw_sha256(made.theta, (size_t)made.result.dimension * tw_real_size(precision), made.result.theta_sha256);
	for (int i = 0; i < 3; i++)
		made.trace[i] = (tw_trace_point){10 * i, 1.0 / (1 + i), i == 1 ? NAN : 0.25, i < 2 ? 0.5 : NAN};
	return made;
}

static void add_run(tw_journal *journal, int64_t run)
{
	made_run made = make_run(run);
	CHECK_OK(tw_journal_add(journal, &made.result, made.theta, made.trace));
}

static bool same_real(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

/* What is kept of a run is what was made of it. */
static void check_run(const tw_journal *journal, int64_t run)
{
	made_run made = make_run(run);
	const tw_run_result *kept = tw_journal_result(journal, run);
	CU_ASSERT_FATAL(kept != NULL);
	CU_ASSERT(tw_journal_done(journal)[run]);
	CU_ASSERT_EQUAL(kept->run, run);
	CU_ASSERT(same_real(kept->cost, made.result.cost));
	CU_ASSERT_EQUAL(kept->gradient_norm_squared, made.result.gradient_norm_squared);
	CU_ASSERT(same_real(kept->mean_gradient_norm_squared, made.result.mean_gradient_norm_squared));
	CU_ASSERT_EQUAL(kept->steps, made.result.steps);
	CU_ASSERT_EQUAL(kept->observations, made.result.observations);
	CU_ASSERT_EQUAL(kept->stop_reason, made.result.stop_reason);
	CU_ASSERT_EQUAL(kept->seconds, made.result.seconds);
	CU_ASSERT_EQUAL(kept->dimension, made.result.dimension);
	CU_ASSERT_EQUAL(kept->trace_points, made.result.trace_points);
	CU_ASSERT_STRING_EQUAL(kept->theta_sha256, made.result.theta_sha256);
	double theta[MOST_PARAMETERS] = {0};
	CHECK_OK(tw_journal_read_theta(journal, run, theta));
	CU_ASSERT_EQUAL(memcmp(theta, made.theta, sizeof theta), 0);
	if (!made.result.trace_points) return;
	tw_trace_point trace[3];
	CHECK_OK(tw_journal_read_trace(journal, run, trace));
	CU_ASSERT_EQUAL(memcmp(trace, made.trace, sizeof trace), 0);
}

/* A journal in a new folder with all runs, in an order of its own. */
static tw_journal *full_journal(const char *folder)
{
	tw_journal *journal = NULL;
	CHECK_OK(tw_journal_create(folder, &plan, &journal));
	for (int64_t i = 0; i < RUNS; i++) {
		add_run(journal, i * 7 % RUNS);
		if (i % 3 == 2) CHECK_OK(tw_journal_commit(journal));
	}
	CHECK_OK(tw_journal_commit(journal));
	return journal;
}

static char *get_file(const char *path, long *size)
{
	FILE *file = fopen(path, "rb");
	CU_ASSERT_FATAL(file != NULL);
	fseek(file, 0, SEEK_END);
	*size = ftell(file);
	rewind(file);
	char *bytes = calloc(1, (size_t)*size + 1);
	CU_ASSERT_EQUAL_FATAL(fread(bytes, 1, (size_t)*size, file), (size_t)*size);
	fclose(file);
	return bytes;
}

static void put_file(const char *path, const char *bytes, long size)
{
	FILE *file = fopen(path, "wb");
	CU_ASSERT_FATAL(file != NULL);
	CU_ASSERT_EQUAL(fwrite(bytes, 1, (size_t)size, file), (size_t)size);
	fclose(file);
}

static bool is_there(const char *path) { return access(path, F_OK) == 0; }

/* ---- the journal --------------------------------------------------------------------------------------------- */

static void round_trip(void)
{
	for (tw_precision precision = TW_FLOAT; precision <= TW_DOUBLE; precision++) {
		make_plan(precision);
		const char *folder = new_folder();
		CU_ASSERT(!tw_journal_exists(folder));
		tw_journal *journal = full_journal(folder);
		CU_ASSERT(tw_journal_exists(folder));
		CU_ASSERT_EQUAL(tw_journal_finished(journal), RUNS);
		for (int64_t run = 0; run < RUNS; run++) check_run(journal, run);
		tw_journal_close(journal, false);

		CHECK_OK(tw_journal_resume(folder, &plan, &journal));
		CU_ASSERT_EQUAL(tw_journal_finished(journal), RUNS);
		for (int64_t run = 0; run < RUNS; run++) check_run(journal, run);
		tw_journal_close(journal, true);
		CU_ASSERT_EQUAL(rmdir(folder), 0);
	}
	make_plan(TW_FLOAT);
}

static void only_commits_last(void)
{
	const char *folder = new_folder();
	tw_journal *journal = NULL;
	CHECK_OK(tw_journal_create(folder, &plan, &journal));
	add_run(journal, 3);
	CHECK_OK(tw_journal_commit(journal));
	CU_ASSERT_EQUAL(tw_journal_waiting(journal), 0);
	add_run(journal, 4);
	CU_ASSERT(tw_journal_waiting(journal) > 0);
	tw_journal_close(journal, false);
	CHECK_OK(tw_journal_resume(folder, &plan, &journal));
	CU_ASSERT_EQUAL(tw_journal_finished(journal), 1);
	check_run(journal, 3);
	add_run(journal, TRACED); /* goes on behind what is there */
	CHECK_OK(tw_journal_commit(journal));
	tw_journal_close(journal, false);
	CHECK_OK(tw_journal_resume(folder, &plan, &journal));
	CU_ASSERT_EQUAL(tw_journal_finished(journal), 2);
	check_run(journal, 3);
	check_run(journal, TRACED);
	tw_journal_close(journal, true);
}

/* Cut at every byte: the runs whose lines are whole are there, and nothing else is lost. */
static void torn_line_at_every_byte(void)
{
	const char *folder = new_folder();
	tw_journal_close(full_journal(folder), false);
	long size = 0;
	char *bytes = get_file(in(folder, "journal.txt"), &size);
	tw_log_setup(0, 1, true, false);
	for (long length = 0; length <= size; length++) {
		int lines = 0;
		for (long i = 0; i < length; i++) lines += bytes[i] == '\n';
		put_file(in(folder, "journal.txt"), bytes, length);
		tw_journal *journal = NULL;
		CHECK_OK(tw_journal_resume(folder, &plan, &journal));
		CU_ASSERT_EQUAL(tw_journal_finished(journal), lines > 1 ? lines - 1 : 0);
		if (length % 50 == 0) {
			add_run(journal, 1);
			CHECK_OK(tw_journal_commit(journal));
			tw_journal_close(journal, false);
			CHECK_OK(tw_journal_resume(folder, &plan, &journal));
			check_run(journal, 1);
		}
		tw_journal_close(journal, false);
	}
	tw_log_setup(0, 1, false, false);
	free(bytes);
}

/* Any byte of any line but the last, changed: refused with file and line. */
static void damaged_line(void)
{
	const char *folder = new_folder();
	tw_journal_close(full_journal(folder), false);
	long size = 0;
	char *bytes = get_file(in(folder, "journal.txt"), &size), wanted[64];
	int line = 1;
	for (long i = 0; i < size && line <= RUNS; i++) {
		if (bytes[i] == '\n') line++;
		const char before = bytes[i];
		bytes[i] = before == '7' ? '8' : '7';
		put_file(in(folder, "journal.txt"), bytes, size);
		bytes[i] = before;
		if (line > RUNS) break; /* the last line may be torn */
		tw_journal *journal = NULL;
		const tw_status status = tw_journal_resume(folder, &plan, &journal);
		CU_ASSERT_EQUAL(status, TW_IO);
		if (status == TW_OK) tw_journal_close(journal, false);
		snprintf(wanted, sizeof wanted, "journal.txt:%d:", line - (before == '\n'));
		if (!strstr(tw_message(), wanted)) fprintf(stderr, "\n  byte %ld: %s\n", i, tw_message());
		CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), wanted));
	}
	free(bytes);
}

static void another_configuration(void)
{
	const char *folder = new_folder();
	tw_journal_close(full_journal(folder), false);
	tw_sweep_plan other = plan;
	other.digest[5] = 'f';
	tw_journal *journal = NULL;
	CU_ASSERT_EQUAL(tw_journal_resume(folder, &other, &journal), TW_USAGE);
	CU_ASSERT(strstr(tw_message(), "another configuration") && strstr(tw_message(), "--overwrite"));
	CHECK_OK(tw_journal_create(folder, &other, &journal)); /* begins anew */
	CU_ASSERT_EQUAL(tw_journal_finished(journal), 0);
	tw_journal_close(journal, true);
}

static void end_points_and_traces_that_are_not_whole(void)
{
	const char *folder = new_folder();
	tw_journal_close(full_journal(folder), false);
	struct stat info;
	int file = open(in(folder, "journal.theta"), O_RDWR);
	CU_ASSERT_EQUAL(fstat(file, &info), 0);
	CU_ASSERT_EQUAL(pwrite(file, "wrong", 5, 0), 5); /* run 0 was first */
	CU_ASSERT_EQUAL(ftruncate(file, info.st_size - 1), 0);
	close(file);
	CU_ASSERT_EQUAL(truncate(in(folder, "journal.trace"), 10), 0);
	tw_journal *journal = NULL;
	tw_log_setup(0, 1, true, false);
	CHECK_OK(tw_journal_resume(folder, &plan, &journal));
	tw_log_setup(0, 1, false, false);
	const int64_t last = (RUNS - 1) * 7 % RUNS;
	for (int64_t run = 0; run < RUNS; run++)
		CU_ASSERT_EQUAL(tw_journal_done(journal)[run], run != 0 && run != last && run != TRACED);
	add_run(journal, 0); /* repeated, it counts again */
	add_run(journal, last);
	add_run(journal, TRACED);
	CHECK_OK(tw_journal_commit(journal));
	tw_journal_close(journal, false);
	CHECK_OK(tw_journal_resume(folder, &plan, &journal));
	CU_ASSERT_EQUAL(tw_journal_finished(journal), RUNS);
	for (int64_t run = 0; run < RUNS; run++) check_run(journal, run);
	tw_journal_close(journal, true);
}

static void nowhere(void)
{
	tw_journal *journal = NULL;
	CU_ASSERT_EQUAL(tw_journal_create(path_of("nowhere"), &plan, &journal), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "nowhere/journal.txt"));
}

/* ---- the files of a finished sweep --------------------------------------------------------------------------- */

static void runs_in_the_order_of_the_grid(void)
{
	const char *folder = new_folder();
	const char *locale = setlocale(LC_ALL, "de_DE.UTF-8"); /* where there is one */
	tw_journal *journal = full_journal(folder);
	CHECK_OK(tw_runs_write(folder, &plan, journal));
	if (locale) setlocale(LC_ALL, "C");
	long size = 0;
	char *text = get_file(in(folder, "runs.csv"), &size), *rest = NULL;
	CU_ASSERT_STRING_EQUAL(strtok_r(text, "\n", &rest),
	                       "run,hidden_layers,width,hidden,activation,initial,update,start,seed,step_size,batch_size,"
	                       "cost,steps,observations,stop_reason,gradient_norm_squared,theta_sha256,"
	                       "mean_gradient_norm_squared");
	static const char *const widths[CELLS] = {"2,,3-2", "0,0,", "1,4,4"};
	for (int64_t run = 0; run < RUNS; run++) {
		const int c = (int)(run / STARTS);
		const made_run made = make_run(run);
		const tw_settings *settings = &cells[c].settings;
		char wanted[512], cost[TW_NUMBER_TEXT], norm[TW_NUMBER_TEXT], mean[TW_NUMBER_TEXT] = "";
		if (run % 2 == 0) tw_format_real(mean, TW_FLOAT, made.result.mean_gradient_norm_squared);
		snprintf(wanted, sizeof wanted,
		         "%" PRId64 ",%s,%s,%s,%s,%" PRId64 ",%" PRIu64 ",0.100000001,%s,%s,%" PRId64 ",%" PRId64
		         ",%s,%s,%s,%s",
		         run, widths[c], tw_activation_info_of(settings->activation)->name,
		         tw_initializer_info_of(settings->initial.distribution)->name,
		         tw_update_info_of(settings->update)->name, run % STARTS, tw_sweep_run_settings(&plan, run).seed,
		         c == 1 ? "7" : "all", tw_format_real(cost, TW_FLOAT, made.result.cost), made.result.steps,
		         made.result.observations, tw_stop_reason_name(made.result.stop_reason),
		         tw_format_real(norm, TW_FLOAT, made.result.gradient_norm_squared), made.result.theta_sha256, mean);
		char *point = strstr(wanted, ",0.100000001,");
		memmove(point + 4, point + 12, strlen(point + 12) + 1); /* %.9g of the double 0.1 */
		const char *line = strtok_r(NULL, "\n", &rest);
		CU_ASSERT_PTR_NOT_NULL_FATAL(line);
		if (strcmp(line, wanted) != 0) fprintf(stderr, "\n  %s\n  %s\n", line, wanted);
		CU_ASSERT_STRING_EQUAL(line, wanted);
	}
	CU_ASSERT_PTR_NULL(strtok_r(NULL, "\n", &rest));
	free(text);
	tw_journal_close(journal, true);
}

static void the_same_bytes_in_any_order(void)
{
	static const char *const names[] = {"runs.csv", "models.h5", "trajectories.csv"};
	char folders[2][128];
	for (int k = 0; k < 2; k++) {
		snprintf(folders[k], sizeof folders[k], "%s", new_folder());
		tw_journal *journal = NULL;
		if (k == 0) {
			journal = full_journal(folders[k]);
		} else {
			CHECK_OK(tw_journal_create(folders[k], &plan, &journal));
			for (int64_t i = 0; i < RUNS; i++) add_run(journal, RUNS - 1 - i);
			CHECK_OK(tw_journal_commit(journal));
			sleep(1); /* dates in the files would differ */
		}
		CHECK_OK(tw_runs_write(folders[k], &plan, journal));
		CHECK_OK(tw_models_write(folders[k], &plan, networks, journal));
		CHECK_OK(tw_trajectories_write(folders[k], &plan, journal));
		tw_journal_close(journal, true);
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		long sizes[2];
		char *bytes[2];
		for (int k = 0; k < 2; k++) bytes[k] = get_file(in(folders[k], names[i]), &sizes[k]);
		CU_ASSERT_EQUAL(sizes[0], sizes[1]);
		CU_ASSERT(sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], (size_t)sizes[0]) == 0);
		for (int k = 0; k < 2; k++) free(bytes[k]);
	}
}

static void end_points_by_run(void)
{
	for (tw_precision precision = TW_FLOAT; precision <= TW_DOUBLE; precision++) {
		make_plan(precision);
		const char *folder = new_folder();
		tw_journal *journal = full_journal(folder);
		CHECK_OK(tw_models_write(folder, &plan, networks, journal));
		CU_ASSERT(!is_there(in(folder, "models.h5.part")));
		hid_t file = H5Fopen(in(folder, "models.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
		CU_ASSERT_FATAL(file >= 0);
		for (int64_t run = 0; run < RUNS; run++) {
			const made_run made = make_run(run);
			char name[64];
			int64_t numbers[STARTS];
			double rows[STARTS * MOST_PARAMETERS];
			snprintf(name, sizeof name, "cell-%04d/run", (int)(run / STARTS));
			hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
			CU_ASSERT(H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
			H5Dclose(set);
			CU_ASSERT_EQUAL(numbers[run % STARTS], run);
			snprintf(name, sizeof name, "cell-%04d/theta", (int)(run / STARTS));
			set = H5Dopen2(file, name, H5P_DEFAULT);
			CU_ASSERT(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows) >= 0);
			H5Dclose(set);
			for (int64_t i = 0; i < made.result.dimension; i++)
				CU_ASSERT_EQUAL(rows[run % STARTS * made.result.dimension + i], tw_real_get(precision, made.theta, i));
		}
		H5Fclose(file);
		tw_journal_close(journal, true);
	}
	make_plan(TW_FLOAT);
}

static void one_run_as_a_model(void)
{
	const char *folder = new_folder();
	tw_journal *journal = full_journal(folder);
	CHECK_OK(tw_models_write(folder, &plan, networks, journal));
	tw_network network;
	tw_precision precision;
	double *theta = NULL;
	for (int64_t run = 0; run < RUNS; run++) {
		const made_run made = make_run(run);
		char name[160], digest[65];
		snprintf(name, sizeof name, "%s/models.h5:%" PRId64, folder, run);
		CHECK_OK(tw_model_read(name, &network, &precision, &theta));
		CU_ASSERT(tw_network_equal(&network, &networks[run / STARTS]));
		CU_ASSERT_EQUAL(precision, TW_FLOAT);
		CU_ASSERT_EQUAL(tw_theta_sha256(precision, theta, made.result.dimension, digest), TW_OK);
		CU_ASSERT_STRING_EQUAL(digest, made.result.theta_sha256);
		tw_free(theta);
	}
	CU_ASSERT_EQUAL(tw_model_read(in(folder, "models.h5:12"), &network, &precision, &theta), TW_IO);
	CU_ASSERT(strstr(tw_message(), "models.h5") && strstr(tw_message(), "12"));
	CU_ASSERT_EQUAL(tw_model_read(in(folder, "models.h5"), &network, &precision, &theta), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "models.h5:RUN"));
	CU_ASSERT_EQUAL(tw_model_read(in(folder, "other.h5:1"), &network, &precision, &theta), TW_IO);
	tw_journal_close(journal, true);
}

static void trajectories(void)
{
	const char *folder = new_folder();
	tw_journal *journal = full_journal(folder);
	CHECK_OK(tw_trajectories_write(folder, &plan, journal));
	long size = 0;
	char *text = get_file(in(folder, "trajectories.csv"), &size);
	CU_ASSERT_STRING_EQUAL(
	    text, "run,step,cost,gradient_norm_squared,step_size\n5,0,1,0.25,0.5\n5,10,0.5,,0.5\n5,20,0.333333333,0.25,\n");
	free(text);
	tw_journal_close(journal, true);
}

static void finished_or_not(void)
{
	const char *folder = new_folder();
	tw_journal *journal = full_journal(folder);
	tw_sweep_summary summary = {.finished = 2, .seconds = 1.5, .ranks = 1, .threads = 1, .workers = 1};
	bool finished = true;
	CHECK_OK(tw_sweep_is_finished(folder, &plan, &finished));
	CU_ASSERT(!finished);
	CHECK_OK(tw_runs_write(folder, &plan, journal));
	CHECK_OK(tw_sweep_summary_write(folder, &plan, journal, &summary));
	CHECK_OK(tw_sweep_is_finished(folder, &plan, &finished));
	CU_ASSERT(finished);
	tw_sweep_plan other = plan;
	other.digest[5] = 'f';
	CU_ASSERT_EQUAL(tw_sweep_is_finished(folder, &other, &finished), TW_USAGE);
	CU_ASSERT(strstr(tw_message(), folder) && strstr(tw_message(), "another configuration"));
	put_file(in(folder, "summary.json"), "{", 1);
	CU_ASSERT_EQUAL(tw_sweep_is_finished(folder, &plan, &finished), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "summary.json"));
	tw_journal_close(journal, false);
	tw_sweep_files_remove(folder, true);
	CU_ASSERT_EQUAL(rmdir(folder), 0);
}

int main(void)
{
	const char *folder = getenv("TMPDIR");
	snprintf(base, sizeof base, "%.40s/thalweg-XXXXXX", folder && *folder ? folder : "/tmp");
	if (!mkdtemp(base)) {
		perror(base);
		return 1;
	}
	make_plan(TW_FLOAT);
	CU_TestInfo tests[] = {
	    {"round trip", round_trip},
	    {"only what is committed lasts", only_commits_last},
	    {"torn line at every byte", torn_line_at_every_byte},
	    {"damaged line", damaged_line},
	    {"another configuration", another_configuration},
	    {"end points and traces that are not whole", end_points_and_traces_that_are_not_whole},
	    {"no folder", nowhere},
	    {"runs in the order of the grid", runs_in_the_order_of_the_grid},
	    {"the same bytes in any order", the_same_bytes_in_any_order},
	    {"end points by run", end_points_by_run},
	    {"one run as a model", one_run_as_a_model},
	    {"trajectories", trajectories},
	    {"finished or not", finished_or_not},
	    CU_TEST_INFO_NULL,
	};
	int failures = suite_run("journal", tests, 0);
	for (int c = 0; c < CELLS; c++) tw_settings_free(&cells[c].settings);
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", base);
	if (system(command) != 0) fprintf(stderr, "%s: not removed\n", base);
	return failures != 0;
}
