/* What a run leaves behind: folder, metrics.csv, summary.json, predictions. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/folder.h"
#include "suite.h"

static char base[64];

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", base, name);
	return path;
}

static bool is_there(const char *name) { return access(path_of(name), F_OK) == 0; }

static void put_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");
	CU_ASSERT_FATAL(file != NULL);
	fputs(text, file);
	fclose(file);
}

static size_t get_file(const char *name, char *out, size_t size)
{
	FILE *file = fopen(path_of(name), "r");
	CU_ASSERT_FATAL(file != NULL);
	size_t length = fread(out, 1, size - 1, file);
	out[length] = 0;
	fclose(file);
	return length;
}

static void folder_is_made_with_parents(void)
{
	char folder[256];
	snprintf(folder, sizeof folder, "%s", path_of("a/b/c/"));
	tw_folder_state before = tw_folder_remember(folder);
	CHECK_OK(tw_folder_check(folder, false));
	CU_ASSERT(!is_there("a"));
	CHECK_OK(tw_folder_prepare(folder, false));
	CHECK_OK(tw_folder_prepare(folder, false)); /* empty: may be used */
	CU_ASSERT(is_there("a/b/c"));
	tw_folder_undo(&before, true);
	CU_ASSERT(!is_there("a"));
}

static void folder_that_is_not_empty(void)
{
	CU_ASSERT_EQUAL_FATAL(mkdir(path_of("full"), 0777), 0);
	put_file("full/notes.txt", "mine");
	char folder[256];
	snprintf(folder, sizeof folder, "%s", path_of("full"));
	CU_ASSERT_EQUAL(tw_folder_prepare(folder, false), TW_USAGE);
	CU_ASSERT(strstr(tw_message(), folder) && strstr(tw_message(), "--overwrite"));
	CHECK_OK(tw_folder_prepare(folder, true));
	tw_folder_state before = tw_folder_remember(folder);
	put_file("full/model.h5", "x");
	tw_folder_undo(&before, true);
	CU_ASSERT(!is_there("full/model.h5"));
	CU_ASSERT(is_there("full/notes.txt")); /* nothing but a run's own files is removed */
}

static void folder_that_cannot_be_made(void)
{
	put_file("plain", "a file");
	CU_ASSERT_EQUAL(tw_folder_prepare(path_of("plain/out"), false), TW_IO);
	CU_ASSERT_EQUAL(tw_folder_prepare(path_of("plain"), false), TW_IO);
	CU_ASSERT_EQUAL(tw_folder_prepare("", false), TW_USAGE);
}

static void file_is_replaced_whole(void)
{
	char text[32];
	CHECK_OK(tw_file_write(base, "note", "first one", 9));
	CHECK_OK(tw_file_write(base, "note", "second", 6));
	CU_ASSERT_EQUAL(get_file("note", text, sizeof text), 6);
	CU_ASSERT_STRING_EQUAL(text, "second");
	CU_ASSERT(!is_there("note.part"));
	CU_ASSERT_EQUAL(tw_file_write(path_of("nowhere"), "note", "x", 1), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "nowhere/note"));
}

static void metrics_rows(void)
{
	tw_metrics *metrics;
	char text[512];
	CHECK_OK(tw_metrics_open(base, TW_FLOAT, false, &metrics));
	const tw_record first = {.cost = 0.5, .gradient_norm_squared = NAN, .step_size = 0.1, .test_cost = NAN};
	const tw_record second = {.step = 7,
	                          .epoch = 0.25,
	                          .observations = INT64_C(5000000000),
	                          .cost = NAN,
	                          .gradient_norm_squared = 2,
	                          .step_size = 0.05,
	                          .test_cost = 1e-23};
	CHECK_OK(tw_metrics_record(metrics, &first));
	CHECK_OK(tw_metrics_record(metrics, &second));
	CU_ASSERT(!is_there("metrics.csv"));
	CHECK_OK(tw_metrics_close(metrics, false));
	get_file("metrics.csv", text, sizeof text);
	CU_ASSERT_STRING_EQUAL(text, "step,epoch,observations,cost,gradient_norm_squared,step_size,test_cost\n"
	                             "0,0,0,0.5,,0.1,\n"
	                             "7,0.25,5000000000,,2,0.05,1e-23\n");
	CU_ASSERT(!is_there("metrics.csv.part"));
}

static void metrics_discarded(void)
{
	tw_metrics *metrics;
	unlink(path_of("metrics.csv"));
	CHECK_OK(tw_metrics_open(base, TW_DOUBLE, false, &metrics));
	tw_metrics_discard(metrics);
	CU_ASSERT(!is_there("metrics.csv") && !is_there("metrics.csv.part"));
	tw_metrics_discard(NULL);
	CU_ASSERT_EQUAL(tw_metrics_open(path_of("nowhere"), TW_DOUBLE, false, &metrics), TW_IO);
}

static void summary_keys(void)
{
	tw_summary s = {.cost = 0.1,
	                .gradient_norm_squared = INFINITY,
	                .accuracy = 0.75,
	                .r_squared = NAN,
	                .test_cost = NAN,
	                .test_accuracy = NAN,
	                .test_r_squared = NAN,
	                .steps = 3,
	                .observations = INT64_C(1) << 40,
	                .stop_reason = TW_STOP_DIVERGED,
	                .seconds = 1.5,
	                .ranks = 2,
	                .threads = 4};
	memset(s.theta_sha256, 'a', 64);
	CHECK_OK(tw_summary_write(base, &s, TW_DOUBLE));
	json_t *object = json_load_file(path_of("summary.json"), 0, NULL);
	CU_ASSERT_FATAL(json_is_object(object));
	CU_ASSERT_EQUAL(json_real_value(json_object_get(object, "cost")), 0.1);
	CU_ASSERT(json_is_null(json_object_get(object, "gradient_norm_squared")));
	CU_ASSERT(json_is_null(json_object_get(object, "test_cost")));
	CU_ASSERT_EQUAL(json_real_value(json_object_get(object, "accuracy")), 0.75);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(object, "steps")), 3);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(object, "observations")), INT64_C(1) << 40);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "stop_reason")),
	                       tw_stop_reason_name(TW_STOP_DIVERGED));
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "theta_sha256")), s.theta_sha256);
	const char *const present[] = {"seconds", "ranks", "threads", "test_accuracy", "epochs", "precision"};
	for (size_t i = 0; i < sizeof present / sizeof *present; i++)
		CU_ASSERT(json_object_get(object, present[i]) != NULL);
	json_decref(object);
}

static void predictions_csv(void)
{
	const double values[] = {0.25, 0.5, 0.25, 1, 0, 0};
	char text[256];
	CHECK_OK(tw_predictions_write(path_of("p.csv"), TW_DOUBLE, 2, 3, 3, values));
	get_file("p.csv", text, sizeof text);
	CU_ASSERT_STRING_EQUAL(text, "y1,y2,y3,class\n0.25,0.5,0.25,1\n1,0,0,0\n");
	CHECK_OK(tw_predictions_write(path_of("p.csv"), TW_DOUBLE, 3, 2, 0, values));
	get_file("p.csv", text, sizeof text);
	CU_ASSERT_STRING_EQUAL(text, "y1,y2\n0.25,0.5\n0.25,1\n0,0\n");
	CU_ASSERT_EQUAL(tw_predictions_write(path_of("p.txt"), TW_DOUBLE, 2, 3, 0, values), TW_USAGE);
	CU_ASSERT_EQUAL(tw_predictions_write(path_of("nowhere/p.csv"), TW_DOUBLE, 2, 3, 0, values), TW_IO);
}

static void predictions_npy(void)
{
	const double values[] = {0.25, -0.5, 3, 1, 0, 1e-3};
	const tw_precision precisions[] = {TW_FLOAT, TW_DOUBLE};
	for (int p = 0; p < 2; p++) {
		char bytes[512], shape[64];
		size_t real = tw_real_size(precisions[p]);
		CHECK_OK(tw_predictions_write(path_of("p.npy"), precisions[p], 3, 2, 0, values));
		size_t length = get_file("p.npy", bytes, sizeof bytes), header = (unsigned char)bytes[8] + 10u;
		CU_ASSERT_EQUAL(memcmp(bytes, "\x93NUMPY\x01\x00", 8), 0);
		CU_ASSERT_EQUAL(header % 64, 0);
		CU_ASSERT_EQUAL(bytes[header - 1], '\n');
		CU_ASSERT_EQUAL_FATAL(length, header + 6 * real);
		snprintf(shape, sizeof shape, "{'descr': '<f%zu', 'fortran_order': False, 'shape': (3, 2), }", real);
		CU_ASSERT_EQUAL(memcmp(bytes + 10, shape, strlen(shape)), 0);
		double aligned[6];
		memcpy(aligned, bytes + header, 6 * real);
		for (int i = 0; i < 6; i++) CU_ASSERT_DOUBLE_EQUAL(tw_real_get(precisions[p], aligned, i), values[i], 1e-9);
	}
}

static void progress_is_quiet_when_asked(void)
{
	tw_progress *progress;
	tw_log_setup(0, 1, true, false);
	CHECK_OK(tw_progress_create(&progress));
	const tw_record latest = {.step = 5, .cost = 1, .step_size = 0.1};
	tw_progress_update(progress, &latest, 10, 100);
	tw_progress_finish(progress);
	tw_progress_finish(NULL);
	tw_log_setup(0, 1, false, false);
}

int main(void)
{
	const char *folder = getenv("TMPDIR");
	snprintf(base, sizeof base, "%.40s/thalweg-XXXXXX", folder && *folder ? folder : "/tmp");
	if (!mkdtemp(base)) {
		perror(base);
		return 1;
	}
	CU_TestInfo tests[] = {
	    {"a folder is made with its parents, and undone", folder_is_made_with_parents},
	    {"a folder that is not empty", folder_that_is_not_empty},
	    {"a folder that cannot be made", folder_that_cannot_be_made},
	    {"a file is replaced whole", file_is_replaced_whole},
	    {"metrics.csv", metrics_rows},
	    {"metrics.csv discarded", metrics_discarded},
	    {"summary.json", summary_keys},
	    {"predictions as CSV", predictions_csv},
	    {"predictions as NPY", predictions_npy},
	    {"progress", progress_is_quiet_when_asked},
	    CU_TEST_INFO_NULL,
	};
	int failures = suite_run("report", tests, 0);
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", base);
	if (system(command) != 0) fprintf(stderr, "%s: not removed\n", base);
	return failures != 0;
}
