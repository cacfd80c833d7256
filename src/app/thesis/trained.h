/* app/thesis/trained.h: a single run that an experiment keeps: NAME.h5 (the model), NAME.yaml (its configuration) and
 * NAME.json (its summary, and the digest by which it is recognised). Rank 0 only, no collectives. */
#ifndef THALWEG_APP_THESIS_TRAINED_H
#define THALWEG_APP_THESIS_TRAINED_H

#include <thalweg/report.h>

/* Writes the three files, NAME.json last. */
tw_status thesis_trained_write(const char *folder, const char *name, const tw_settings *settings, const tw_run *run,
                               const tw_summary *summary);
/* *there: whether a run with this configuration (threads and the folder of the data excepted) is kept; then *summary is
 * its own. One of another configuration is told of in a note. */
tw_status thesis_trained_read(const char *folder, const char *name, const tw_settings *settings, tw_summary *summary,
                              bool *there);

#endif
