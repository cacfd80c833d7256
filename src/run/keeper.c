/* States on their way to the disk while the training goes on. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "run/checkpoint.h"
#include "run/keeper.h"

struct run_keeper {
	const tw_monitor *monitor;
	tw_checkpoint *checkpoint; /* the one under way, or room for the next */
	pthread_t thread;
	bool running;     /* a thread was started and has not been joined */
	atomic_bool done; /* it has nothing left to do */
	tw_status status;
	char message[2048];
};

tw_status run_keeper_create(const tw_monitor *monitor, run_keeper **out)
{
	TW_TRY(tw_alloc((void **)out, sizeof **out, "checkpoints"));
	(*out)->monitor = monitor;
	return TW_OK;
}

tw_checkpoint **run_keeper_room(run_keeper *keeper) { return &keeper->checkpoint; }

static void keep(run_keeper *keeper)
{
	keeper->status = keeper->monitor->keep(keeper->monitor->self, keeper->checkpoint);
	if (keeper->status != TW_OK) snprintf(keeper->message, sizeof keeper->message, "%s", tw_message());
	atomic_store(&keeper->done, true);
}

static void *keep_on_thread(void *keeper)
{
	keep(keeper);
	return NULL;
}

/* Signals are for the thread that trains. */
static bool start_thread(run_keeper *keeper)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	keeper->running = pthread_create(&keeper->thread, NULL, keep_on_thread, keeper) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return keeper->running;
}

void run_keeper_start(run_keeper *keeper)
{
	atomic_store(&keeper->done, false);
	if (!start_thread(keeper)) keep(keeper);
}

static void join(run_keeper *keeper)
{
	if (keeper->running) pthread_join(keeper->thread, NULL);
	keeper->running = false;
}

tw_status run_keeper_wait(run_keeper *keeper)
{
	if (!keeper) return TW_OK;
	join(keeper);
	const tw_status status = keeper->status;
	keeper->status = TW_OK;
	return status == TW_OK ? TW_OK : tw_fail(status, "%s", keeper->message);
}

tw_status run_keeper_look(run_keeper *keeper)
{
	return keeper && atomic_load(&keeper->done) ? run_keeper_wait(keeper) : TW_OK;
}

void run_keeper_free(run_keeper *keeper)
{
	if (!keeper) return;
	join(keeper);
	tw_checkpoint_free(keeper->checkpoint);
	tw_free(keeper);
}
