/* Checks of the launch: ranks, threads, cores and waiting; and what every rank measures. */
#include "app/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/variant.h"
#include "linalg/linalg.h"

/* ---- facts --------------------------------------------------------------------------------------------------- */

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);
	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0 && strcmp(value, "no") != 0;
}

static double clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Every rank reads its clock between two readings of rank 0: after it has entered the barrier, before it has the
 * readings of all. The bounds that this gives are certain; the narrowest of some rounds are kept. */
static tw_status measure_skew(tw_comm *comm, doctor_facts *mine)
{
	enum { ROUNDS = 8 };
	int rank = tw_comm_rank(comm), size = tw_comm_size(comm);
	double *readings = NULL, around[2];
	tw_status status = tw_alloc_array((void **)&readings, size, sizeof *readings, "the clocks of the ranks");
	status = tw_comm_agree(comm, status);
	for (int i = 0; i < ROUNDS && status == TW_OK; i++) {
		around[0] = clock_now();
		status = tw_comm_barrier(comm);
		double reading = clock_now();
		if (status == TW_OK) status = tw_comm_gather_all(comm, &reading, sizeof reading, readings);
		around[1] = clock_now();
		if (status == TW_OK) status = tw_comm_broadcast(comm, around, sizeof around, 0);
		double low = reading - around[1], high = reading - around[0];
		if (i > 0 && high - low >= mine->skew_high - mine->skew_low) continue;
		mine->skew_low = low;
		mine->skew_high = high;
	}
	if (rank == 0) mine->skew_low = mine->skew_high = 0;
	tw_free(readings);
	return status;
}

tw_status doctor_gather(tw_comm *comm, doctor_facts **facts)
{
	const char *policy = getenv("OMP_WAIT_POLICY");
	doctor_facts mine = {
	    .host_cores = tw_launch_host_cores(),
	    /* mpirun sets the second where it has been given more ranks than slots. */
	    .yields = is_set("OMPI_MCA_mpi_yield_when_idle") || is_set("OMPI_MCA_mpi_oversubscribe"),
	    .passive = policy && (strcasecmp(policy, "passive") == 0),
	};
	snprintf(mine.thread_level, sizeof mine.thread_level, "%s", tw_comm_thread_level());
	snprintf(mine.instructions, sizeof mine.instructions, "%s", tw_isa_name(tw_isa_current()));
	snprintf(mine.kernels, sizeof mine.kernels, "%s", tw_linalg_blis_text());
	TW_TRY(measure_skew(comm, &mine));
	tw_status status =
	    tw_alloc_array((void **)facts, tw_comm_size(comm), sizeof mine, "what the ranks tell of themselves");
	status = tw_comm_agree(comm, status);
	return status == TW_OK ? tw_comm_gather_all(comm, &mine, sizeof mine, *facts) : status;
}

/* ---- hosts --------------------------------------------------------------------------------------------------- */

/* The first rank on the host of this one. */
static int first_on_host(const doctor_view *view, int rank)
{
	int first = 0;
	while (!tw_same_host(&view->place[first], &view->place[rank])) first++;
	return first;
}

int doctor_count_hosts(const doctor_view *view)
{
	int hosts = 0;
	for (int r = 0; r < view->ranks; r++) hosts += first_on_host(view, r) == r;
	return hosts;
}

/* Ranks and threads of a host, and the cores that they may use. */
typedef struct {
	int ranks, threads, cores;
} crew;

static crew crew_of(const doctor_view *view, int rank)
{
	crew crew = {0};
	cpu_set_t together;
	CPU_ZERO(&together);
	for (int r = 0; r < view->ranks; r++) {
		if (!tw_same_host(&view->place[r], &view->place[rank])) continue;
		CPU_OR(&together, &together, &view->place[r].cores);
		crew.ranks++;
		crew.threads += view->place[r].threads;
	}
	crew.cores = CPU_COUNT(&together);
	return crew;
}

static const char *plural(int count) { return count == 1 ? "" : "s"; }

/* ---- checks -------------------------------------------------------------------------------------------------- */

void doctor_launch(const doctor_view *view, doctor_finding *out)
{
	tw_launch launch = tw_launch_environment();
	int hosts = doctor_count_hosts(view);
	if (view->launch != TW_OK && !view->allow_singleton)
		doctor_find(out, DOCTOR_FAILURE, NULL, "%s", view->launch_error);
	else if (launch.tasks > 1)
		doctor_find(out, DOCTOR_OK, NULL, "%d rank%s on %d host%s; %s says %lld", view->ranks, plural(view->ranks),
		            hosts, plural(hosts), launch.variable, (long long)launch.tasks);
	else
		doctor_find(out, DOCTOR_OK, NULL, "one rank on one host");
}

void doctor_threads(const doctor_view *view, doctor_finding *out)
{
	static const char remedy[] = "take an MPI library that was built for threads (sweeps then share work faster)";
	for (int r = 0; r < view->ranks; r++) {
		const char *level = view->facts[r].thread_level;
		if (strncmp(level, "none", 4) == 0) continue;
		if (strcmp(level, "serialized") == 0 || strcmp(level, "multiple") == 0) continue;
		doctor_find(out, DOCTOR_WARNING, remedy, "rank %d: MPI grants `%s` where `serialized` was asked for", r, level);
		return;
	}
	if (strncmp(view->facts[0].thread_level, "none", 4) == 0)
		doctor_find(out, DOCTOR_OK, NULL, "one process, MPI is not started");
	else
		doctor_find(out, DOCTOR_OK, NULL, "MPI grants `%s`", view->facts[0].thread_level);
}

/* A core that both ranks of some pair may use, first pair; -1: none. */
static int shared_core(const doctor_view *view, int *a, int *b)
{
	for (*b = 1; *b < view->ranks; ++*b) {
		for (*a = 0; *a < *b; ++*a) {
			if (!tw_same_host(&view->place[*a], &view->place[*b])) continue;
			cpu_set_t both;
			CPU_AND(&both, &view->place[*a].cores, &view->place[*b].cores);
			for (int core = 0; core < CPU_SETSIZE; core++)
				if (CPU_ISSET((size_t)core, &both)) return core;
		}
	}
	return -1;
}

void doctor_binding(const doctor_view *view, doctor_finding *out)
{
	static const char remedy[] = "bind ranks to cores, see the launch line below";
	int a, b, core;
	for (int r = 0; r < view->ranks; r++) {
		int cores = CPU_COUNT(&view->place[r].cores), threads = view->place[r].threads;
		if (threads <= cores) continue;
		doctor_find(out, DOCTOR_WARNING, remedy, "rank %d is bound to %d core%s but has %d threads", r, cores,
		            plural(cores), threads);
		return;
	}
	int cores = CPU_COUNT(&view->place[0].cores);
	core = shared_core(view, &a, &b);
	if (core < 0) {
		doctor_find(out, DOCTOR_OK, NULL, "%s%d core%s for %d thread%s%s",
		            view->ranks > 1 ? "no two ranks share a core: rank 0 has " : "", cores, plural(cores),
		            view->place[0].threads, plural(view->place[0].threads),
		            cores == view->facts[0].host_cores && view->ranks == 1 ? ", the whole host" : "");
	} else if (CPU_COUNT(&view->place[a].cores) == view->facts[a].host_cores &&
	           CPU_EQUAL(&view->place[a].cores, &view->place[b].cores)) {
		doctor_find(out, DOCTOR_WARNING, remedy, "ranks are not bound: threads wander among the %d cores of their host",
		            view->facts[a].host_cores);
	} else {
		doctor_find(out, DOCTOR_WARNING, remedy, "ranks %d and %d are both bound to core %d", a, b, core);
	}
}

/* The first rank of a host with more threads than cores; -1: none. */
static int crowded_host(const doctor_view *view)
{
	for (int r = 0; r < view->ranks; r++) {
		crew crew = crew_of(view, r);
		if (crew.threads > crew.cores) return r;
	}
	return -1;
}

void doctor_crowding(const doctor_view *view, doctor_finding *out)
{
	int rank = crowded_host(view), threads = 0, cores = 0;
	if (rank >= 0) {
		crew crew = crew_of(view, rank);
		doctor_find(out, DOCTOR_WARNING, "start fewer ranks or threads, see the launch line below",
		            "host %s: %d rank%s with %d thread%s in all on %d core%s", view->place[rank].host, crew.ranks,
		            plural(crew.ranks), crew.threads, plural(crew.threads), crew.cores, plural(crew.cores));
		return;
	}
	for (int r = 0; r < view->ranks; r++) {
		threads += view->place[r].threads;
		if (first_on_host(view, r) == r) cores += view->facts[r].host_cores;
	}
	doctor_find(out, DOCTOR_OK, NULL, "%d thread%s in all; their hosts have %d core%s", threads, plural(threads), cores,
	            plural(cores));
}

void doctor_waiting(const doctor_view *view, doctor_finding *out)
{
	int a, b, rank = crowded_host(view);
	if (rank < 0) {
		doctor_find(out, DOCTOR_OK, NULL, "threads have cores of their own and may spin");
		return;
	}
	bool spins = shared_core(view, &a, &b) >= 0 && !view->facts[rank].yields;
	bool threads_spin = view->place[rank].threads > 1 && !view->facts[rank].passive;
	if (spins)
		doctor_find(out, DOCTOR_WARNING, "give mpirun `--mca mpi_yield_when_idle 1`",
		            "ranks share cores, and take them from each other while they wait");
	else if (threads_spin)
		doctor_find(out, DOCTOR_WARNING, "set OMP_WAIT_POLICY=passive",
		            "threads share cores, and take them from each other while they wait");
	else
		doctor_find(out, DOCTOR_OK, NULL, "cores are shared, and who waits gives them away");
}

bool doctor_launch_line(const doctor_view *view, char *out, size_t size)
{
	int a, b, hosts = doctor_count_hosts(view), ranks = 0, most = 1, cores = view->facts[0].host_cores;
	bool good = view->launch == TW_OK && crowded_host(view) < 0 && shared_core(view, &a, &b) < 0;
	for (int r = 0; r < view->ranks && good; r++) good = view->place[r].threads <= CPU_COUNT(&view->place[r].cores);
	if (good) return false;
	for (int r = 0; r < view->ranks; r++) {
		crew crew = crew_of(view, r);
		if (crew.ranks > most) most = crew.ranks;
		if (view->facts[r].host_cores < cores) cores = view->facts[r].host_cores;
	}
	if (view->launch != TW_OK && !view->allow_singleton) most = (int)tw_launch_environment().tasks;
	ranks = most < cores ? most : cores;
	int each = cores / ranks;
	if (hosts > 1)
		snprintf(out, size, "mpirun -n %d --map-by ppr:%d:node:PE=%d --bind-to core thalweg ... --threads %d",
		         ranks * hosts, ranks, each, each);
	else if (ranks > 1)
		snprintf(out, size, "mpirun -n %d --map-by slot:PE=%d --bind-to core thalweg ... --threads %d", ranks, each,
		         each);
	else
		snprintf(out, size, "thalweg ... --threads %d, on %d core%s", each, each, plural(each));
	return true;
}
