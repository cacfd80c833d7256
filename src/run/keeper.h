/* run/keeper.h: states on their way to the disk while the training goes on. On rank 0, called by the thread that
 * trains; one state is under way at a time. */
#ifndef THALWEG_RUN_KEEPER_H
#define THALWEG_RUN_KEEPER_H

#include <thalweg/run.h>

typedef struct run_keeper run_keeper;

/* For states that go to monitor->keep (borrowed). */
tw_status run_keeper_create(const tw_monitor *monitor, run_keeper **out);
/* Where the next state is put, unless one is under way; NULL in it at first: to be made, and freed by the keeper. */
tw_checkpoint **run_keeper_room(run_keeper *keeper);
/* Hands the state that lies there to monitor->keep, on a thread of its own. */
void run_keeper_start(run_keeper *keeper);
/* Returns when none is under way, with what became of the last one, once: a failure is told by one call. keeper NULL:
 * TW_OK. */
tw_status run_keeper_wait(run_keeper *keeper);
/* The same without waiting: TW_OK while one is under way. */
tw_status run_keeper_look(run_keeper *keeper);
/* Waits for the one under way; this thread's message stays. */
void run_keeper_free(run_keeper *keeper);

#endif
