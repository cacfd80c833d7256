/* The watch over ranks that do not come (tw_comm_watch): how the calls of comm wait while it is on. */
#ifndef THALWEG_COMM_WATCH_H
#define THALWEG_COMM_WATCH_H

#include "comm/comm.h"

/* Whether the ranks are watched; the same on all of them. Where they are not, nothing else of this file is called. */
extern bool tw_watch_is_on;

/* One wait of this rank for others. */
typedef struct {
	const tw_comm *comm; /* the others */
	const char *what;    /* what it waits at, for people: "the sum" */
	double begin;
} tw_watch_wait;

void tw_watch_begin(tw_watch_wait *wait, const tw_comm *comm, const char *what);
/* Called again and again while waiting: tells others that this rank is alive, and asks after those that it waits for.
 * Ends the job when one of them has been silent for too long. */
tw_status tw_watch_look(tw_watch_wait *wait);
void tw_watch_end(void);
/* All of it: returns when these requests are complete. */
tw_status tw_watch_complete(const tw_comm *comm, const char *what, int requests, MPI_Request *request);
/* For ranks that work side by side and meet seldom: tells that this one is alive, and on the first two ranks asks after
 * all others. Cheap where it is called often. */
tw_status tw_watch_sign(void);
/* Before the world is freed: lets messages of the watch that are under way arrive. */
void tw_watch_stop(const tw_comm *comm);

/* call(...), or where ranks are watched its non-blocking form; returns from the calling function on failure. */
#define TW_WATCHED(comm, what, call, non_blocking, ...)                 \
	do {                                                                \
		if (tw_watch_is_on) {                                           \
			MPI_Request tw_request_;                                    \
			TW_MPI(non_blocking(__VA_ARGS__, &tw_request_));            \
			TW_TRY(tw_watch_complete((comm), (what), 1, &tw_request_)); \
		} else {                                                        \
			TW_MPI(call(__VA_ARGS__));                                  \
		}                                                               \
	} while (0)

#endif
