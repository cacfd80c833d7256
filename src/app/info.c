/* thalweg info: what this program is and what it runs on. */
#include "app/app.h"

#include <hdf5.h>
#include <unistd.h>

#include "core/variant.h"
#include "linalg/linalg.h"
#include "linalg/peak.h"
#include "run/launch.h"

typedef struct {
	app_options shared;
	bool peak;
	int64_t threads;
} info_options;

enum { KEY_PEAK = 0x2000, MOST_THREADS = 4096 };

static const struct argp_option options[] = {
    {"peak", KEY_PEAK, NULL, 0, "Measure the peak of multiply-adds and the memory bandwidth too (seconds)", 0},
    {"threads", 't', "N", 0, "Threads of each rank", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	info_options *o = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		app_share(state, &o->shared);
		return 0;
	case KEY_PEAK:
		o->peak = true;
		return 0;
	case 't':
		return app_count("--threads", argument, 0, MOST_THREADS, &o->threads);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
    {&app_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Show version, build, libraries, instruction set, ranks, threads and binding.",
    .children = children,
};

static void print_build(void)
{
	unsigned major = 0, minor = 0, release = 0;
	H5get_libversion(&major, &minor, &release);
	printf("thalweg       %s, revision %s\n", TW_VERSION, TW_GIT_REVISION);
	printf("build         %s, %s\n", TW_BUILD_TYPE, TW_COMPILER);
	printf("flags         %s\n", TW_COMPILER_FLAGS);
	printf("MPI           %s, thread level %s\n", tw_comm_library(), tw_comm_thread_level());
	printf("BLIS          %s\n", tw_linalg_blis_text());
	printf("HDF5          %u.%u.%u\n", major, minor, release);
	printf("instructions  %s\n", tw_isa_name(tw_isa_current()));
}

/* Collective: the binding of each rank, by rank 0. */
static tw_status print_binding(const app_call *call, int threads)
{
	enum { LINE = 384 };
	char mine[LINE] = "", host[64] = "", binding[LINE - 80];
	int size = tw_comm_size(call->comm);
	void *all = NULL;
	gethostname(host, sizeof host - 1);
	tw_launch_binding(binding, sizeof binding);
	snprintf(mine, sizeof mine, "%s, %s", host, binding);
	tw_status status = tw_comm_agree(call->comm, tw_alloc_array(&all, size, LINE, "the binding of the ranks"));
	if (status == TW_OK) status = tw_comm_gather_all(call->comm, mine, LINE, all);
	if (status == TW_OK && tw_comm_rank(call->comm) == 0) {
		printf("ranks         %d\n", size);
		printf("threads       %d a rank\n", threads);
		for (int r = 0; r < size; r++) printf("rank %-8d %s\n", r, (const char *)all + r * LINE);
	}
	tw_free(all);
	return status;
}

static void print_peak(int threads)
{
	tw_peak one, all;
	tw_peak_measure(1, &one);
	printf("peak, 1 thread    %7.1f GFLOP/s float, %7.1f double; triad %6.1f GB/s\n", one.float_gflops,
	       one.double_gflops, one.triad_gbytes);
	if (threads == 1) return;
	tw_peak_measure(threads, &all);
	printf("peak, %d threads   %7.1f GFLOP/s float, %7.1f double; triad %6.1f GB/s\n", threads, all.float_gflops,
	       all.double_gflops, all.triad_gbytes);
}

static tw_status run_options(app_call *call, const info_options *o)
{
	int threads = 1;
	TW_TRY(app_open(call, &o->shared));
	TW_TRY(tw_launch_threads(call->comm, (int)o->threads, &threads));
	bool speaks = tw_comm_rank(call->comm) == 0;
	if (speaks) print_build();
	TW_TRY(print_binding(call, threads));
	if (o->peak && speaks) print_peak(threads);
	return tw_comm_barrier(call->comm);
}

static tw_status run(app_call *call)
{
	info_options o = {0};
	tw_status status = app_parse(call, &argp, &o);
	if (status == TW_OK) status = run_options(call, &o);
	app_options_free(&o.shared);
	return status;
}

const app_command app_info = {
    .name = "info",
    .brief = "version, build, libraries, ranks, threads, binding",
    .argp = &argp,
    .run = run,
};
