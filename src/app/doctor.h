/* app/doctor.h: the checks of `thalweg doctor`: each looks at one thing and says what it found, and what to do. */
#ifndef THALWEG_APP_DOCTOR_H
#define THALWEG_APP_DOCTOR_H

#include "app/app.h"
#include "run/launch.h"

typedef enum { DOCTOR_OK = 0, DOCTOR_WARNING, DOCTOR_FAILURE, DOCTOR_VERDICTS } doctor_verdict;

typedef struct {
	doctor_verdict verdict;
	char finding[400];
	char remedy[200]; /* "" where there is nothing to do */
} doctor_finding;

/* What a rank tells of itself. */
typedef struct {
	int host_cores;
	char thread_level[16], instructions[16], kernels[112];
	bool yields;                /* while it waits for other ranks */
	bool passive;               /* its threads sleep while they wait for each other */
	double skew_low, skew_high; /* seconds that its clock is ahead of rank 0's: between these */
} doctor_facts;

/* What a run of the configuration needs. */
typedef struct {
	bool known;           /* a configuration was given, and its data could be read */
	char data_error[400]; /* "" or why its data cannot be read */
	char data_text[200];
	int64_t bytes;        /* on the disk, over all files */
	int64_t bytes_a_step; /* for runs that no number of steps ends; else 0 */
	int64_t runs;
} doctor_needs;

/* What rank 0 judges. */
typedef struct {
	const char *file;   /* of the configuration; NULL: none */
	const char *output; /* as given */
	char folder[4096];  /* output, or the folder nearest to it that exists */
	const char *data;   /* folder of the fetched files */
	int ranks;
	bool allow_singleton;
	tw_status launch;       /* of tw_launch_check, */
	char launch_error[400]; /* and its message */
	const tw_place *place;  /* of each rank */
	const doctor_facts *facts;
	doctor_needs needs;
} doctor_view;

/* Fills a finding; remedy NULL: none. */
void doctor_find(doctor_finding *out, doctor_verdict verdict, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One of the checks; each is made on rank 0. */
typedef void doctor_judge(const doctor_view *view, doctor_finding *out);
doctor_judge doctor_launch, doctor_threads, doctor_binding, doctor_crowding, doctor_waiting;  /* doctor_ranks.c */
doctor_judge doctor_instructions, doctor_kernels, doctor_clocks, doctor_gnuplot, doctor_data; /* doctor_host.c */
doctor_judge doctor_folder, doctor_rename, doctor_fsync, doctor_folder_fsync, doctor_locks, doctor_times,
    doctor_space; /* doctor_folder.c */

/* The launch line that gives each rank cores of its own, for the ranks or as many of them as there are cores for; false
 * where the present one does so. */
bool doctor_launch_line(const doctor_view *view, char *out, size_t size);

/* Hosts that the ranks are on. */
int doctor_count_hosts(const doctor_view *view);

/* Collective. What is measured on every rank: facts of all ranks on all (tw_free) (doctor_ranks.c), */
tw_status doctor_gather(tw_comm *comm, doctor_facts **facts);
/* Collective. and what a run of these settings needs, from its data; file: of the configuration (doctor_needs.c). A
 * failure to read the data is a finding, not a failure. */
tw_status doctor_measure_needs(app_call *call, const app_options *options, const char *file,
                               const tw_settings *settings, doctor_needs *needs);

#endif
