/* data/checksum.h: whether a data set is the one of before. */
#ifndef THALWEG_DATA_CHECKSUM_H
#define THALWEG_DATA_CHECKSUM_H

#include <thalweg/data.h>

/* Collective. A checksum (XXH3, not cryptographic) of the rows of a data set in their order, inputs and outputs, the
 * same on all ranks of any layout. */
tw_status tw_data_checksum(tw_comm *comm, const tw_data *data, uint64_t *out);

#endif
