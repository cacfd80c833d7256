/* app/sweep_train.h: a sweep as a whole: its output, the training, its files. What `sweep` and `thesis` share. */
#ifndef THALWEG_APP_SWEEP_TRAIN_H
#define THALWEG_APP_SWEEP_TRAIN_H

#include "app/sweep_output.h"

typedef struct {
	const char *folder; /* NULL: nothing is kept */
	app_sweep_start start;
	bool keep_journal;
	const char *go_on; /* how an interrupted sweep is taken up again: "the same command with --resume goes on" */
	/* Rank 0, once the files of a sweep that was trained are written; NULL: nothing is shown. */
	void *self;
	void (*show)(void *self, const app_sweep_output *output, const tw_sweep_summary *summary);
} app_sweep_order;

/* Collective. Trains the runs of the plan that are not finished in the folder, keeps each in the journal as it ends,
 * and writes the files of the sweep. TW_INTERRUPTED when signals stopped it: the journal stays. *complete, where not
 * NULL: on all ranks whether the folder held the sweep finished, so that nothing was done. */
tw_status app_sweep_train(tw_comm *comm, const tw_sweep_plan *plan, const app_sweep_order *order, bool *complete);

#endif
