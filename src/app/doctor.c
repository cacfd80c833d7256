/* thalweg doctor: whether a run started like this, with its output there, will run as it should. */
#include "app/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
	app_options shared;
	const char *file, *output;
} doctor_options;

static const struct {
	const char *name;
	doctor_judge *run;
} checks[] = {
    {"launch", doctor_launch},  {"thread level", doctor_threads}, {"binding", doctor_binding},
    {"cores", doctor_crowding}, {"waiting", doctor_waiting},      {"instructions", doctor_instructions},
    {"BLIS", doctor_kernels},   {"clocks", doctor_clocks},        {"folder", doctor_folder},
    {"rename", doctor_rename},  {"fsync", doctor_fsync},          {"folder fsync", doctor_folder_fsync},
    {"locks", doctor_locks},    {"file times", doctor_times},     {"space", doctor_space},
    {"data", doctor_data},      {"gnuplot", doctor_gnuplot},
};
enum { CHECKS = sizeof checks / sizeof *checks };

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0, "Folder that the run will write to (default: this one)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	doctor_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case 'o':
		o->output = argument;
		return 0;
	case ARGP_KEY_ARG:
		return app_positional(argument, &o->file);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[FILE.yaml]",
    .doc = "Look at launch, binding, cores, file system, clocks, space and tools, and say what to change. Start it as "
           "the run will be started. With FILE.yaml, of a run or a sweep, its data are read and its files counted.\v"
           "Exit code 0: nothing failed (there may be warnings); 3: a check failed.",
    .children = app_run_children,
};

void doctor_find(doctor_finding *out, doctor_verdict verdict, const char *remedy, const char *format, ...)
{
	va_list values;
	out->verdict = verdict;
	va_start(values, format);
	vsnprintf(out->finding, sizeof out->finding, format, values);
	va_end(values);
	snprintf(out->remedy, sizeof out->remedy, "%s", remedy ? remedy : "");
}

/* ---- what is looked at --------------------------------------------------------------------------------------- */

/* path, or the nearest folder above it that exists. */
static void existing_folder(const char *path, char folder[4096])
{
	struct stat info;
	snprintf(folder, 4096, "%s", path);
	while (stat(folder, &info) != 0 && errno == ENOENT) {
		char *slash = strrchr(folder, '/');
		if (!slash) {
			strcpy(folder, ".");
			return;
		}
		while (slash > folder && slash[-1] == '/') slash--;
		slash[slash == folder] = 0;
	}
}

/* Makes the checks; speaks: and prints what they find. */
static void judge(const doctor_view *view, bool speaks, int counts[DOCTOR_VERDICTS])
{
	static const char *const words[DOCTOR_VERDICTS] = {"ok", "warning", "failure"};
	char line[256];
	for (int i = 0; i < CHECKS; i++) {
		doctor_finding finding = {DOCTOR_OK, "", ""};
		checks[i].run(view, &finding);
		counts[finding.verdict]++;
		if (!speaks) continue;
		printf("%-8s %-13s %s%s%s\n", words[finding.verdict], checks[i].name, finding.finding,
		       *finding.remedy ? "; " : "", finding.remedy);
		fflush(stdout);
	}
	if (!speaks) return;
	printf("%d checks: %d ok, %d warning%s, %d failure%s\n", CHECKS, counts[DOCTOR_OK], counts[DOCTOR_WARNING],
	       counts[DOCTOR_WARNING] == 1 ? "" : "s", counts[DOCTOR_FAILURE], counts[DOCTOR_FAILURE] == 1 ? "" : "s");
	if (doctor_launch_line(view, line, sizeof line)) printf("better started as: %s\n", line);
}

static tw_status look(app_call *call, const doctor_options *o, const tw_settings *settings, doctor_view *view)
{
	tw_comm *comm = call->comm;
	tw_place *place = NULL;
	doctor_facts *facts = NULL;
	int counts[DOCTOR_VERDICTS] = {0};
	tw_status status = tw_launch_places(comm, settings->threads, &place);
	if (status == TW_OK) status = doctor_gather(comm, &facts);
	if (status == TW_OK && o->file) status = doctor_measure_needs(call, &o->shared, o->file, settings, &view->needs);
	view->place = place;
	view->facts = facts;
	/* Tasks that were started without MPI between them are each rank 0: the first one speaks. */
	bool speaks = view->ranks > 1 || tw_launch_environment().task == 0;
	if (status == TW_OK && tw_comm_rank(comm) == 0) judge(view, speaks, counts);
	if (status == TW_OK) status = tw_comm_broadcast(comm, counts, sizeof counts, 0);
	if (counts[DOCTOR_FAILURE]) call->exit_code = tw_exit_code(TW_IO);
	tw_free(place);
	tw_free(facts);
	return status;
}

static tw_status run_options(app_call *call, doctor_options *o)
{
	tw_settings settings;
	doctor_view view = {
	    .file = o->file, .output = o->output ? o->output : ".", .allow_singleton = o->shared.allow_singleton};
	o->shared.allow_singleton = true;
	TW_TRY(app_open(call, &o->shared));
	view.ranks = tw_comm_size(call->comm);
	view.launch = tw_launch_check(call->comm);
	if (view.launch != TW_OK) snprintf(view.launch_error, sizeof view.launch_error, "%s", tw_message());
	TW_TRY(app_read_settings(call, &o->shared, o->file, &settings));
	view.data = settings.data.path ? settings.data.path : "data";
	existing_folder(view.output, view.folder);
	tw_status status = look(call, o, &settings, &view);
	tw_settings_free(&settings);
	return status;
}

static tw_status run(app_call *call)
{
	doctor_options o = {0};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_doctor = {
    .name = "doctor",
    .brief = "look at launch, file system, space and tools, and say what to change",
    .argp = &argp,
    .run = run,
};
