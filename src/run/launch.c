#include "run/launch.h"

#include <hwloc.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what the launcher says ---------------------------------------------------------------------------------- */

/* Variables by which launchers tell a task how many were started and which it is. */
static const struct {
	const char *tasks, *task;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, /* mpirun of Open MPI */
    {"PMI_SIZE", "PMI_RANK"},                         /* mpirun of MPICH and Intel MPI, srun with PMI */
    {"SLURM_NTASKS", "SLURM_PROCID"},                 /* srun, and the script of sbatch */
};

static int64_t environment_integer(const char *name, int64_t otherwise)
{
	const char *text = getenv(name);
	int64_t value;
	return text && tw_parse_integer(text, &value) ? value : otherwise;
}

tw_launch tw_launch_environment(void)
{
	for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
		int64_t tasks = environment_integer(launchers[i].tasks, 0), task = environment_integer(launchers[i].task, -1);
		if (tasks > 1 && task >= 0) return (tw_launch){launchers[i].tasks, tasks, task};
	}
	return (tw_launch){NULL, 1, 0};
}

tw_status tw_launch_check(const tw_comm *comm)
{
	tw_launch launch = tw_launch_environment();
	if (tw_comm_size(comm) > 1 || launch.tasks <= 1) return TW_OK;
	return tw_fail(TW_USAGE,
	               "%s says that %" PRId64
	               " tasks were started, but MPI sees this one alone; start with `mpirun -n %" PRId64
	               " thalweg ...`, or give --allow-singleton if one task is meant",
	               launch.variable, launch.tasks, launch.tasks);
}

/* ---- cores and threads --------------------------------------------------------------------------------------- */

/* The cores that a set of hardware threads touches, as the set of their first hardware threads. Loading the topology
 * takes milliseconds, so a single hardware thread is answered without. */
static tw_status cores_of(const cpu_set_t *bound, cpu_set_t *cores)
{
	*cores = *bound;
	if (CPU_COUNT(bound) <= 1) return TW_OK;
	hwloc_topology_t topology;
	TW_CHECK(hwloc_topology_init(&topology) == 0, TW_INTERNAL, "hwloc cannot be started");
	hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
	hwloc_topology_set_type_filter(topology, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
	bool loaded = hwloc_topology_load(topology) == 0;
	hwloc_obj_t core = NULL;
	if (loaded && hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0) CPU_ZERO(cores);
	while (loaded && (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core))) {
		for (int unit = hwloc_bitmap_first(core->cpuset); unit >= 0; unit = hwloc_bitmap_next(core->cpuset, unit)) {
			if (unit >= CPU_SETSIZE || !CPU_ISSET((unsigned)unit, bound)) continue;
			CPU_SET((unsigned)hwloc_bitmap_first(core->cpuset), cores);
			break;
		}
	}
	hwloc_topology_destroy(topology);
	return TW_OK;
}

static void bound_units(cpu_set_t *bound)
{
	CPU_ZERO(bound);
	if (sched_getaffinity(0, sizeof *bound, bound) == 0) return;
	for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN) && i < CPU_SETSIZE; i++) CPU_SET((size_t)i, bound);
}

/* OMP_NUM_THREADS may be a list, one number a nesting level. */
static int64_t threads_of_environment(void)
{
	const char *text = getenv("OMP_NUM_THREADS");
	int64_t value = text ? strtoll(text, NULL, 10) : 0;
	return value > 0 && value < 1 << 16 ? value : 0;
}

/* Threads of a rank that asks for none: each of its cores counts by the ranks that share it. */
static int share_of_cores(const tw_place *places, int size, const tw_place *mine)
{
	double share = 0;
	for (int core = 0; core < CPU_SETSIZE; core++) {
		if (!CPU_ISSET((size_t)core, &mine->cores)) continue;
		int sharers = 0;
		for (int r = 0; r < size; r++)
			sharers += tw_same_host(&places[r], mine) && CPU_ISSET((size_t)core, &places[r].cores);
		share += 1.0 / (sharers ? sharers : 1);
	}
	return share < 1 ? 1 : (int)(share + 1e-9);
}

/* Looks at rank 0's host and at each rank alone; at most one warning. */
static void warn_of_crowding(const tw_place *places, int size)
{
	cpu_set_t together;
	CPU_ZERO(&together);
	int ranks = 0, threads = 0, crowded = -1;
	for (int r = 0; r < size; r++) {
		int own = places[r].threads;
		if (crowded < 0 && own > CPU_COUNT(&places[r].cores)) crowded = r;
		if (!tw_same_host(&places[r], &places[0])) continue;
		CPU_OR(&together, &together, &places[r].cores);
		ranks++;
		threads += own;
	}
	int cores = CPU_COUNT(&together), each = threads / ranks;
	if (crowded >= 0) {
		int bound = CPU_COUNT(&places[crowded].cores), own = places[crowded].threads;
		tw_log(
		    TW_LOG_WARNING,
		    "rank %d has %d threads on %d core%s; start with `mpirun -n %d --map-by slot:PE=%d --bind-to core thalweg "
		    "...`, or set threads to %d",
		    crowded, own, bound, bound == 1 ? "" : "s", size, own, bound);
	} else if (threads > cores) {
		int fitting = cores / ranks > 0 ? cores / ranks : 1, most = cores / fitting < ranks ? cores / fitting : ranks;
		tw_log(TW_LOG_WARNING,
		       "%d ranks of %d thread%s share %d core%s of this host; start with `mpirun -n %d --map-by slot:PE=%d "
		       "--bind-to core thalweg ...` and %d thread%s a rank",
		       ranks, each, each == 1 ? "" : "s", cores, cores == 1 ? "" : "s", most, fitting, fitting,
		       fitting == 1 ? "" : "s");
	}
}

tw_status tw_launch_places(tw_comm *comm, int requested, tw_place **places)
{
	int size = tw_comm_size(comm);
	tw_place mine = {.threads = requested > 0 ? requested : (int)threads_of_environment()};
	cpu_set_t bound;
	gethostname(mine.host, sizeof mine.host - 1);
	bound_units(&bound);
	tw_status status = cores_of(&bound, &mine.cores);
	if (status == TW_OK) status = tw_alloc_array((void **)places, size, sizeof mine, "the places of the ranks");
	status = tw_comm_agree(comm, status);
	if (status == TW_OK) status = tw_comm_gather_all(comm, &mine, sizeof mine, *places);
	for (int r = 0; r < size && status == TW_OK; r++)
		if (!(*places)[r].threads) (*places)[r].threads = share_of_cores(*places, size, &(*places)[r]);
	return status;
}

tw_status tw_launch_threads(tw_comm *comm, int requested, int *threads)
{
	tw_place *places = NULL;
	tw_status status = tw_launch_places(comm, requested, &places);
	if (status == TW_OK) {
		*threads = places[tw_comm_rank(comm)].threads;
		if (tw_comm_rank(comm) == 0) warn_of_crowding(places, tw_comm_size(comm));
	}
	tw_free(places);
	return status;
}

/* ---- for people ---------------------------------------------------------------------------------------------- */

/* "0-3,8" */
static void list_units(const cpu_set_t *units, char *out, size_t size)
{
	size_t used = 0;
	out[0] = 0;
	for (int first = 0; first < CPU_SETSIZE; first++) {
		if (!CPU_ISSET((size_t)first, units)) continue;
		int last = first;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET((size_t)last + 1, units)) last++;
		int length = last > first ? snprintf(out + used, size - used, "%s%d-%d", used ? "," : "", first, last)
		                          : snprintf(out + used, size - used, "%s%d", used ? "," : "", first);
		if (length < 0 || (size_t)length >= size - used) return;
		used += (size_t)length;
		first = last;
	}
}

int tw_launch_host_cores(void)
{
	cpu_set_t all, cores;
	CPU_ZERO(&all);
	for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN) && i < CPU_SETSIZE; i++) CPU_SET((size_t)i, &all);
	return cores_of(&all, &cores) == TW_OK ? CPU_COUNT(&cores) : CPU_COUNT(&all);
}

void tw_launch_binding(char *out, size_t size)
{
	cpu_set_t bound, cores;
	char list[256];
	bound_units(&bound);
	if (cores_of(&bound, &cores) != TW_OK) cores = bound;
	list_units(&bound, list, sizeof list);
	snprintf(out, size, "%d of %d cores, %d of %ld hardware threads: %s", CPU_COUNT(&cores), tw_launch_host_cores(),
	         CPU_COUNT(&bound), sysconf(_SC_NPROCESSORS_ONLN), list);
}
