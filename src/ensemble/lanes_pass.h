/* The parts of one evaluation of a group (lanes_pass.c), called by lanes_evaluate. Rows are counted within the wave,
 * which begins at row `begin` of the batch. */
#ifndef THALWEG_ENSEMBLE_LANES_PASS_H
#define THALWEG_ENSEMBLE_LANES_PASS_H

#include "ensemble/lanes.h"

/* The outputs of layer l (0: the inputs) as the left factor of a product, from this row on. */
tw_left lanes_left(const tw_lanes *lanes, const lanes_batch *batch, int l, int64_t begin, int64_t row);
/* Copies W(l), l >= 2, into lanes->transposed. */
void lanes_transpose(tw_lanes *lanes);
/* The wave's inputs, unless shared, and targets. */
void lanes_gather(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t rows);
/* A block of at most block_rows rows: forward; losses and delta of the last layer; delta of the other layers. */
void lanes_forward(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count);
void lanes_loss(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count);
void lanes_backward(tw_lanes *lanes, int64_t row, int64_t count);
/* The same for lanes->shallow and a batch of one chunk, with the gradients of these rows added. */
void lanes_shallow(tw_lanes *lanes, const lanes_batch *batch, int64_t begin, int64_t row, int64_t count);

#endif
