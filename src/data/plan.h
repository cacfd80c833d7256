/* What a data set is made of: the options with a preset's own choices filled in, and where its tables lie. */
#ifndef THALWEG_DATA_PLAN_H
#define THALWEG_DATA_PLAN_H

#include "data/table.h"

enum { TW_PLACE_INPUTS, TW_PLACE_OUTPUTS, TW_PLACE_TEST_INPUTS, TW_PLACE_TEST_OUTPUTS, TW_PLACES };

typedef struct {
	tw_data_options options;
	const tw_format *format;
	tw_place place[TW_PLACES];
	char *text[2 * TW_PLACES]; /* the texts of place, owned */
	int texts;
	bool single;             /* one table holds inputs and outputs; `outputs` columns of it are outputs */
	int64_t inputs, outputs; /* single */
	int64_t rows;            /* that the file of a preset has; 0: as many as there are */
	bool has_test;           /* the set has a test part of its own */
	/* Observation from a row of the single table; NULL: the row holds the inputs, then the outputs. */
	void (*derive)(const double *row, double *x, double *y);
} tw_plan;

/* Local. TW_USAGE for options that contradict each other, TW_IO for missing files of a preset. */
tw_status tw_plan_make(tw_plan *plan, const tw_data_options *options);
void tw_plan_free(tw_plan *plan);

/* The tables of one part, read as observations. */
typedef struct {
	tw_table input, output; /* output is not open where input holds both */
	int64_t rows, inputs, outputs;
	void (*derive)(const double *row, double *x, double *y);
	double *unused; /* one row of inputs that nobody wants */
	double *row;    /* a block of rows of a single table */
	int64_t block;  /* observations that may be read at once */
} tw_source;

tw_status tw_source_open(tw_source *source, const tw_plan *plan, bool test);
/* Observations [first, first + count), count <= block: x count x inputs, y count x outputs. x may be NULL. */
tw_status tw_source_read(tw_source *source, int64_t first, int64_t count, double *x, double *y);
tw_status tw_source_finish(tw_source *source);
void tw_source_close(tw_source *source);
/* The file that holds the inputs or outputs, for messages. */
const char *tw_source_input_name(const tw_source *source);
const char *tw_source_output_name(const tw_source *source);

#endif
