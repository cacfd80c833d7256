/* thalweg verify-layout: the same steps under several layouts, compared bit by bit. */
#include "app/app.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/layouts.h"
#include "app/trace.h"
#include "run/launch.h"

typedef struct {
	app_options shared;
	const char *file, *layouts;
	int64_t steps;
} verify_options;

enum { KEY_LAYOUTS = 0x2000, KEY_STEPS, EXIT_DIFFERENT = 1 };

static const struct argp_option options[] = {
    {"layouts", KEY_LAYOUTS, "RxT,RxT,...", 0,
     "Layouts, ranks x threads: the first against each other (1x1,2x1,1x2,3x1)", 0},
    {"steps", KEY_STEPS, "N", 0, "Number of steps to replay (20)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	verify_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case KEY_LAYOUTS:
		o->layouts = argument;
		return 0;
	case KEY_STEPS:
		return app_count("--steps", argument, 1, INT64_MAX, &o->steps);
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
    .doc =
        "Replay the first steps of a configuration under several layouts and compare the parameters after each step: "
        "\"identical\", or the first step and layer where bits differ, with the largest distance in units in the last "
        "place. Started without mpirun; it starts mpirun itself (the program that MPIRUN names, where set).\v"
        "Exit codes: 0 identical; 1 different; 2, 3, 70 as of train.",
    .children = app_run_children,
};

/* ---- comparing ----------------------------------------------------------------------------------------------- */

/* A real as an integer such that neighbours differ by one. */
static int64_t ordered(tw_precision precision, const void *reals, int64_t i)
{
	if (precision == TW_FLOAT) {
		int32_t bits;
		memcpy(&bits, (const char *)reals + i * 4, sizeof bits);
		return bits < 0 ? -(int64_t)(bits & INT32_MAX) : bits;
	}
	int64_t bits;
	memcpy(&bits, (const char *)reals + i * 8, sizeof bits);
	return bits < 0 ? -(bits & INT64_MAX) : bits;
}

static uint64_t distance(tw_precision precision, const void *a, const void *b, int64_t i)
{
	int64_t x = ordered(precision, a, i), y = ordered(precision, b, i);
	return x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
}

/* "W of layer 2" */
static void name_parameter(const tw_network *network, int64_t parameter, char out[64])
{
	int layer = network->layers;
	while (layer > 1 && tw_network_weight_offset(network, layer) > parameter) layer--;
	int64_t bias = tw_network_bias_offset(network, layer);
	snprintf(out, 64, "%s of layer %d", bias >= 0 && parameter >= bias ? "b" : "W", layer);
}

static void print_difference(const app_trace_header *header, int64_t step, const void *a, const void *b)
{
	int64_t dimension = tw_network_dimension(&header->network), first = -1, differing = 0;
	size_t size = tw_real_size(header->precision);
	uint64_t largest = 0;
	for (int64_t i = 0; i < dimension; i++) {
		if (memcmp((const char *)a + (size_t)i * size, (const char *)b + (size_t)i * size, size) == 0) continue;
		uint64_t far = distance(header->precision, a, b, i);
		if (far > largest) largest = far;
		if (first < 0) first = i;
		differing++;
	}
	char name[64];
	name_parameter(&header->network, first, name);
	printf("differs first after step %" PRId64 ", in %s (parameter %" PRId64 "): %" PRId64 " of %" PRId64
	       " parameters differ, by %" PRIu64 " ULP at most\n",
	       step, name, first, differing, dimension, largest);
}

typedef struct {
	const char *name;
	FILE *file;
	app_trace_header header;
	void *reals;
} trace;

static tw_status trace_open(trace *from, const char *name)
{
	*from = (trace){.name = name, .file = fopen(name, "re")};
	TW_CHECK(from->file, TW_IO, "%s: cannot be read: %s", name, strerror(errno));
	TW_CHECK(fread(&from->header, sizeof from->header, 1, from->file) == 1 &&
	             memcmp(from->header.magic, APP_TRACE_MAGIC, sizeof from->header.magic) == 0,
	         TW_IO, "%s: not a trace of a replay", name);
	return tw_alloc_array(&from->reals, tw_network_dimension(&from->header.network),
	                      tw_real_size(from->header.precision), "theta");
}

static void trace_close(trace *from)
{
	if (from->file) fclose(from->file);
	tw_free(from->reals);
}

static tw_status trace_next(trace *from, size_t bytes)
{
	TW_CHECK(fread(from->reals, 1, bytes, from->file) == bytes, TW_IO, "%s: cut short", from->name);
	return TW_OK;
}

static tw_status compare_steps(trace *a, trace *b, bool *same)
{
	const app_trace_header *header = &a->header;
	TW_CHECK(tw_network_equal(&header->network, &b->header.network) && header->steps == b->header.steps, TW_INTERNAL,
	         "the layouts replayed different networks");
	size_t bytes = (size_t)tw_network_dimension(&header->network) * tw_real_size(header->precision);
	*same = true;
	for (int64_t step = 1; *same && step <= header->steps; step++) {
		TW_TRY(trace_next(a, bytes));
		TW_TRY(trace_next(b, bytes));
		*same = memcmp(a->reals, b->reals, bytes) == 0;
		if (!*same) print_difference(header, step, a->reals, b->reals);
	}
	if (*same) printf("identical in %" PRId64 " steps\n", header->steps);
	return TW_OK;
}

static tw_status compare(const char *first, const char *other, bool *same)
{
	trace a = {0}, b = {0};
	tw_status status = trace_open(&a, first);
	if (status == TW_OK) status = trace_open(&b, other);
	if (status == TW_OK) status = compare_steps(&a, &b, same);
	trace_close(&a);
	trace_close(&b);
	return status;
}

/* ---- the layouts, one after the other ------------------------------------------------------------------------ */

static tw_status verify(app_call *call, const verify_options *o, const app_layout *layouts, int count,
                        const char *first, const char *other)
{
	for (int i = 0; i < count; i++) {
		bool same = true;
		TW_TRY(app_layout_replay(call->program, layouts[i], o->file, &o->shared, o->steps, i ? other : first));
		printf("%dx%d  ", layouts[i].ranks, layouts[i].threads);
		if (i == 0)
			puts("the reference");
		else
			TW_TRY(compare(first, other, &same));
		if (!same) call->exit_code = EXIT_DIFFERENT;
		fflush(stdout);
	}
	return TW_OK;
}

static tw_status verify_in_folder(app_call *call, const verify_options *o, const app_layout *layouts, int count)
{
	const char *base = getenv("TMPDIR");
	char folder[PATH_MAX - 16], first[PATH_MAX], other[PATH_MAX];
	snprintf(folder, sizeof folder, "%s/thalweg-XXXXXX", base && *base ? base : "/tmp");
	TW_CHECK(mkdtemp(folder), TW_IO, "%s: a temporary folder cannot be made: %s; set TMPDIR", folder, strerror(errno));
	snprintf(first, sizeof first, "%s/first", folder);
	snprintf(other, sizeof other, "%s/other", folder);
	tw_status status = verify(call, o, layouts, count, first, other);
	unlink(first);
	unlink(other);
	rmdir(folder);
	return status;
}

static tw_status run_options(app_call *call, const verify_options *o)
{
	app_layout layouts[APP_MAX_LAYOUTS];
	int count = 0;
	tw_log_setup(0, 1, o->shared.quiet, false);
	TW_TRY(app_layouts_parse(o->layouts, layouts, &count));
	TW_CHECK(!getenv("OMPI_COMM_WORLD_SIZE"), TW_USAGE, "verify-layout starts mpirun itself; start it without mpirun");
	return verify_in_folder(call, o, layouts, count);
}

static tw_status run(app_call *call)
{
	verify_options o = {.layouts = "1x1,2x1,1x2,3x1", .steps = 20};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_verify_layout = {
    .name = "verify-layout",
    .brief = "show that ranks and threads do not change a bit",
    .argp = &argp,
    .run = run,
};
