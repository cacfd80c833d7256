/* From an observation as its file has it to the observation of the data set. */
#ifndef THALWEG_DATA_TRANSFORM_H
#define THALWEG_DATA_TRANSFORM_H

#include "data/plan.h"

typedef struct {
	int64_t raw_inputs, inputs, outputs;
	double divide;
	int height, width;     /* 0: no down-scaling */
	const int64_t *select; /* classes kept, select_count of them; 0: all */
	int select_count;
	bool labels;                            /* outputs is one column of class numbers */
	int64_t classes;                        /* labels: their number once known, else 0 */
	double *shift, *divisor;                /* inputs, then outputs; NULL: no scaling yet */
	char input_name[256], output_name[256]; /* files, for messages */
} tw_transform;

tw_status tw_transform_make(tw_transform *transform, const tw_plan *plan, const tw_source *source);
/* The same for the test part: the training part's classes and scaling (copied). */
tw_status tw_transform_copy(tw_transform *copy, const tw_transform *transform, const tw_source *source);
void tw_transform_free(tw_transform *transform);

/* Number of the class that label y becomes, -1 for one that is left out. */
int64_t tw_transform_class(const tw_transform *transform, double y);
/* TW_IO unless y is a label: an integer >= 0. */
tw_status tw_transform_check_label(const tw_transform *transform, int64_t row, double y);
/* raw: raw_inputs values; x: inputs; y: outputs, changed in place. row is for messages. TW_IO for a label out of range
 * or a value that is not finite. */
tw_status tw_transform_row(const tw_transform *transform, int64_t row, const double *raw, double *x, double *y);

#endif
