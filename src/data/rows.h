/* Which rows of a file make a data set, and going through those that a rank wants. */
#ifndef THALWEG_DATA_ROWS_H
#define THALWEG_DATA_ROWS_H

#include "data/transform.h"

/* Observation i of a set is row row[i] of its file, or row i where row is NULL. The same on every rank. */
typedef struct {
	int64_t *row;
	int64_t count;
} tw_rows;

void tw_rows_free(tw_rows *rows);
/* Local. All rows, or those whose class is selected. */
tw_status tw_rows_select(tw_rows *rows, tw_source *source, const tw_transform *transform);
/* Local. Replaces rows by those that the text file names (numbers into rows), in its order. */
tw_status tw_rows_keep(tw_rows *rows, const char *file);
/* Local. Moves a share of the rows, chosen by a seeded shuffle, to *test; both keep their order. */
tw_status tw_rows_split(tw_rows *rows, double fraction, uint64_t seed, tw_rows *test);

/* Called for observation i of the set: inputs x and outputs y after the transform. */
typedef tw_status (*tw_visit)(void *self, int64_t i, const double *x, const double *y);
/* Local. Visits observations [first, last) in the order of their rows in the file. */
tw_status tw_rows_visit(const tw_rows *rows, int64_t first, int64_t last, tw_source *source,
                        const tw_transform *transform, tw_visit visit, void *self);

#endif
