/* thalweg/data.h: data sets, their shards over ranks, and the feed of mini-batches. */
#ifndef THALWEG_DATA_H
#define THALWEG_DATA_H

#include <thalweg/comm.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what to load -------------------------------------------------------------------------------------------- */

typedef enum { TW_STORAGE_AUTO = 0, TW_STORAGE_DENSE, TW_STORAGE_SPARSE } tw_storage;
typedef enum {
	TW_SCALE_NONE = 0,
	TW_SCALE_STANDARD,
	TW_SCALE_RANGE
} tw_scaling; /* as given; mean 0 and population
                 deviation 1; [0, 1] */

/* Everything that decides the contents of a data set: the `data:` map of the configuration. Strings may be NULL. */
typedef struct {
	const char *preset;  /* "circles" (the embedded 100), "california", "mnist", "mnist36", "linear", "teacher",
	                        "make_circles", "none" */
	const char *path;    /* folder of the fetched files (presets california, mnist, mnist36) */
	const char *source;  /* preset none: "csv", "idx", "npy", "hdf5" */
	const char *inputs;  /* preset none: FILE, FILE:columns (csv: names or zero-based numbers and ranges, comma
	                        separated, "0-7,9" or "x1,x2") or FILE:dataset (hdf5) */
	const char *outputs; /* likewise; csv may name the same file */
	const char *test_inputs, *test_outputs; /* preset none: an own test part, same forms */
	bool header;                            /* csv: the first line holds names */
	const char *rows;           /* text file: keep these zero-based rows, in this order, one a line; NULL: all */
	bool test;                  /* load the test part where the set has one */
	double test_fraction;       /* in [0, 1): split off this share by a seeded shuffle when there is no test part */
	bool labels;                /* outputs are class labels 0..K-1 in one column */
	int64_t classes;            /* K; 0: largest label + 1 */
	int64_t select_classes[16]; /* keep only these classes, relabelled 0, 1, ... in this order (two classes with one */
	int select_class_count;     /* output column become targets 0 and 1); 0: all */
	tw_scaling scale_inputs, scale_outputs; /* statistics over the whole loaded set before `rows` is applied */
	double divide_inputs;                   /* divide every input by this first (255 for bytes); 1: as given */
	int downscale_height, downscale_width;  /* inputs are images of this size, replaced by the means of their 2x2
	                                           blocks; 0: no */
	tw_storage storage; /* AUTO: sparse when fewer than 0.35 of all inputs are non-zero and there are >= 64 */
	/* generators: linear, teacher, make_circles */
	int64_t observations;                  /* number of generated observations */
	int64_t dimension;                     /* teacher, linear: number of inputs */
	double noise;                          /* standard deviation of the noise */
	double factor;                         /* make_circles: inner over outer radius */
	int teacher_hidden[8], teacher_layers; /* hidden widths of the tanh teacher network */
	uint64_t seed;
	tw_precision precision;
} tw_data_options;

/* Fills the defaults (preset circles, header true, divide 1, observations 100, ...). */
void tw_data_defaults(tw_data_options *options);
/* Whether two sets of options name the same data: texts compared as texts, everything else as bytes. Options that never
 * went through tw_data_defaults may differ in padding; false then costs a second loading, never a wrong one. */
bool tw_data_options_equal(const tw_data_options *a, const tw_data_options *b);

/* ---- a data set, sharded ------------------------------------------------------------------------------------- */

/* One row of sparse inputs: count pairs (column ascending, value non-zero). */
typedef struct {
	const uint32_t *column;
	const void *value; /* count reals */
	int32_t count;
} tw_sparse_row;

/* This rank's consecutive block of rows [first, first + local) of a set of `observations` rows (in the order of the
 * file, or of the row list). Rank r of P holds [n r / P, n (r+1) / P). Inputs are either dense, row-major
 * local x inputs reals, or sparse rows; outputs are row-major local x outputs reals (labels: one column with the class
 * number). Read-only for everybody but the data layer. */
typedef struct tw_data {
	tw_precision precision;
	int64_t observations, first, local;
	int64_t inputs, outputs; /* columns */
	int64_t classes;         /* > 0: outputs is one column of labels 0..classes-1 */
	bool sparse;
	double density;     /* share of non-zero inputs over the whole set */
	void *dense;        /* NULL when sparse */
	int64_t *row_start; /* sparse: local + 1 offsets into column and value */
	uint32_t *column;
	void *value;
	void *output;
	char description[160]; /* one line for people */
} tw_data;

/* Collective. Loads the training part, and the test part when there is one (*test NULL otherwise). Each rank keeps its
 * shard only. Errors: TW_USAGE (options), TW_IO (files; the message names file, line, field and remedy), TW_NO_MEMORY;
 * the same status on all ranks. */
tw_status tw_data_load(tw_comm *comm, const tw_data_options *options, tw_data **train, tw_data **test);
void tw_data_free(tw_data *data);
/* Collective. A set from arrays that every rank holds whole (copied): for tests, tools and prediction. labels: outputs
 * is one column, classes its number of classes (0: not labels). */
tw_status tw_data_from_arrays(tw_comm *comm, tw_precision precision, int64_t observations, int64_t inputs,
                              int64_t outputs, int64_t classes, const double *x, const double *y, tw_storage storage,
                              tw_data **out);
/* Names of presets, sources and their one-line descriptions, for --help: entry i, NULL past the end. */
const char *tw_data_preset_name(int i);
const char *tw_data_preset_help(int i);
const char *tw_data_source_name(int i);
const char *tw_data_source_help(int i);

/* ---- mini-batches -------------------------------------------------------------------------------------------- */

typedef enum {
	TW_SAMPLE_SHUFFLE = 0,  /* a new order each epoch, without replacement; the last batch may be smaller */
	TW_SAMPLE_SHUFFLE_ONCE, /* the same order each epoch */
	TW_SAMPLE_UNIFORM       /* every batch drawn with replacement */
} tw_sampling;
const char *tw_sampling_name(int i); /* "shuffle", "shuffle_once", "uniform", NULL */

/* The observations of one batch that this rank computes. The batch as a whole is a function of (seed, run, epoch,
 * step) only; inside it observations are sorted by their index in the data set, so that a chunk lies mostly on the rank
 * that owns it. Pointers are valid until the next call on the feed. */
typedef struct {
	tw_chunks chunks;              /* of the whole batch */
	int first_chunk, last_chunk;   /* this rank's chunks [first_chunk, last_chunk) */
	bool replicated;               /* the batch is one chunk: every rank computes all of it, nothing is to be summed */
	int64_t first;                 /* position in the batch of this rank's first observation */
	int64_t count;                 /* this rank's observations */
	const int64_t *index;          /* count indices into the data set */
	const void *const *dense_rows; /* count pointers to `inputs` reals; NULL when sparse */
	const tw_sparse_row *sparse_rows; /* count rows; NULL when dense */
	const void *const *output_rows;   /* count pointers to `outputs` reals */
	bool contiguous;                  /* dense_rows follow one another in memory without gaps, and so do output_rows */
} tw_batch;

typedef struct tw_feed tw_feed;
/* Collective. batch 0 or >= observations: the whole set as one batch. chunks: as in tw_chunks_of. The feed borrows
 * data. random: seed and run of the sequence. */
tw_status tw_feed_create(tw_comm *comm, const tw_data *data, tw_sampling sampling, int64_t batch, int chunks,
                         uint64_t seed, uint32_t run, tw_feed **out);
void tw_feed_free(tw_feed *feed);
/* Observations in one epoch's steps: ceil(n / batch) for shuffles and uniform alike. */
int64_t tw_feed_steps_per_epoch(const tw_feed *feed);
/* Collective. The batch of step `step` (zero-based). Calls go by increasing step; a jump is allowed (restart) and costs
 * at most one epoch's order. */
tw_status tw_feed_get(tw_feed *feed, int64_t step, tw_batch *out);
/* Collective. A batch made of these indices (the same on every rank, any order, repetitions allowed). */
tw_status tw_feed_select(tw_feed *feed, const int64_t *index, int64_t count, tw_batch *out);
/* Seconds this rank has spent in the feed since the last call. */
double tw_feed_seconds(tw_feed *feed);

#ifdef __cplusplus
}
#endif
#endif
