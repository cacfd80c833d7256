/* The steps of loading a data set. */
#ifndef THALWEG_DATA_LOAD_H
#define THALWEG_DATA_LOAD_H

#include "data/rows.h"

/* One part (training or test) on its way into memory. */
typedef struct {
	tw_plan plan;
	tw_source source;
	tw_transform transform;
	tw_rows rows;
} tw_loading;

/* Collective. Measures the set and sets the scaling that the options ask for; the sums are formed in chunks and added
 * in tree order. */
tw_status tw_loading_scale(tw_comm *comm, tw_loading *loading);

/* Collective. Reads this rank's shard of rows of the source. name is for the description. */
tw_status tw_shard_make(tw_comm *comm, tw_loading *loading, const tw_rows *rows, const char *name, tw_data **out);

/* ---- sparse rows ---------------------------------------------------------------------------------------------- */

/* Values that are not zero after rounding to the precision. */
int64_t tw_sparse_count(tw_precision precision, const double *x, int64_t inputs);
/* Local. Makes room for a shard whose row_start[i + 1] holds the count of row i; turns the counts into offsets. */
tw_status tw_sparse_allocate(tw_data *data);
/* Writes row i of the shard. */
void tw_sparse_store(tw_data *data, int64_t i, const double *x);
/* Row i of a shard. */
tw_sparse_row tw_sparse_row_of(const tw_data *data, int64_t i);

#endif
