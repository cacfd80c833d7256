/* run/launch.h: how the program was started: mistakes of the launch line, threads, binding. */
#ifndef THALWEG_RUN_LAUNCH_H
#define THALWEG_RUN_LAUNCH_H

#include <sched.h>
#include <string.h>
#include <thalweg/comm.h>

/* What the launcher's environment says, before MPI is initialised: tasks started together (1: no launcher, or one
 * task) and this task's number; variable names where it was read. */
typedef struct {
	const char *variable;
	int64_t tasks, task;
} tw_launch;
tw_launch tw_launch_environment(void);

/* TW_USAGE, with the remedy, when MPI sees one rank although the environment says that several were started. */
tw_status tw_launch_check(const tw_comm *comm);

/* Where a rank is, and what it does there. */
typedef struct {
	char host[64];
	cpu_set_t cores; /* that it is bound to, each as its first hardware thread */
	int threads;
} tw_place;
static inline bool tw_same_host(const tw_place *a, const tw_place *b)
{
	return strncmp(a->host, b->host, sizeof a->host) == 0;
}
/* Collective. *places: one of each rank (tw_free), on every rank; threads as decided by tw_launch_threads. */
tw_status tw_launch_places(tw_comm *comm, int requested, tw_place **places);
/* Cores of this host, whether this process is bound to them or not. */
int tw_launch_host_cores(void);

/* Collective. Threads of each rank: requested, else OMP_NUM_THREADS, else the cores this rank is bound to shared among
 * the ranks of its host that are bound to them too. Rank 0 warns, with a better launch line, when the ranks of a host
 * have more threads than cores. */
tw_status tw_launch_threads(tw_comm *comm, int requested, int *threads);

/* This process's binding for people: "2 of 16 cores, 4 of 32 hardware threads: 0-1,16-17". */
void tw_launch_binding(char *out, size_t size);

#endif
