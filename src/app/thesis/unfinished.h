/* app/thesis/unfinished.h: the state of a single run that an experiment has not trained to its end: checkpoints in the
 * folder NAME.state, from which the next call goes on. Rank 0 only, no collectives. */
#ifndef THALWEG_APP_THESIS_UNFINISHED_H
#define THALWEG_APP_THESIS_UNFINISHED_H

#include <thalweg/report.h>

typedef struct {
	char *folder;         /* NULL: closed */
	int keep;             /* how many checkpoints are kept */
	tw_checkpoint *start; /* to go on from; NULL: from the start */
} thesis_unfinished;

/* Makes folder/NAME.state unless it is there, and finds the last checkpoint in it. Of another configuration, or not
 * whole: told of in a note, and removed. */
tw_status thesis_unfinished_open(const char *folder, const char *name, const tw_settings *settings,
                                 thesis_unfinished *out);
/* Keeps one more: for tw_monitor. */
tw_status thesis_unfinished_keep(thesis_unfinished *unfinished, const tw_checkpoint *checkpoint);
/* Frees; a folder without checkpoints is removed. */
void thesis_unfinished_close(thesis_unfinished *unfinished);
/* The run is at its end: removes folder/NAME.state. Nothing where it is not there. */
void thesis_unfinished_remove(const char *folder, const char *name);

#endif
