/* app/layouts.h: ranks x threads, and replays of one configuration under several of them. */
#ifndef THALWEG_APP_LAYOUTS_H
#define THALWEG_APP_LAYOUTS_H

#include "app/app.h"

enum { APP_MAX_LAYOUTS = 32 };
typedef struct {
	int ranks, threads;
} app_layout;

/* "1x1,2x1": *count layouts, at least two. TW_USAGE otherwise. */
tw_status app_layouts_parse(const char *text, app_layout out[APP_MAX_LAYOUTS], int *count);

/* Runs `program replay` under a layout with mpirun (the environment's MPIRUN where set); one rank runs without it. The
 * child's own line tells what went wrong; SIGINT and SIGTERM reach it. Returns TW_INTERRUPTED after such a signal. */
tw_status app_layout_replay(const char *program, app_layout layout, const char *file, const app_options *options,
                            int64_t steps, const char *trace);

#endif
