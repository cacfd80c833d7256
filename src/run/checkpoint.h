/* run/checkpoint.h: the state of a run between two updates, in memory and on disk. */
#ifndef THALWEG_RUN_CHECKPOINT_H
#define THALWEG_RUN_CHECKPOINT_H

#include <thalweg/run.h>

enum { TW_CHECKPOINT_TEXT = 64, TW_CHECKPOINT_SEAL = 64 };

struct tw_checkpoint {
	/* whose state it is */
	char *configuration; /* the resolved one, as YAML */
	char program[TW_CHECKPOINT_TEXT], revision[TW_CHECKPOINT_TEXT], isa[TW_CHECKPOINT_TEXT];
	tw_precision precision;
	int64_t dimension;
	uint64_t train_checksum, test_checksum; /* of the data (data/checksum.h); 0: there is no test part */
	/* where it stands */
	tw_course course;        /* on disk without what the configuration says */
	int64_t updates;         /* that the update rule has made */
	double step_size;        /* of the last one */
	double norms_squared;    /* sum of the squared gradient norms measured, */
	int64_t norms;           /* and how many they are */
	double seconds;          /* of training so far */
	int64_t metrics_bytes;   /* length of the metrics up to here */
	int vectors;             /* of the update rule */
	const int64_t *position; /* borrowed; NULL: what follows has `dimension` reals in canonical order; else
	                            parameter i is at position[i], and there may be more reals */
	void *theta;
	void *vector[TW_MAX_UPDATE_VECTORS]; /* likewise */
	int64_t theory_values;               /* of what metrics.rayleigh and metrics.bound keep; 0: nothing */
	double *theory;
};

/* Local. Written to a temporary file, fsync, rename, directory fsync; the file ends with a checksum of all its bytes.
 * TW_IO names the file and the reason. */
tw_status tw_checkpoint_write(const char *file, const tw_checkpoint *checkpoint);
/* *out: tw_checkpoint_free. TW_IO when the file cannot be read or any of its bytes is not as it was written. */
tw_status tw_checkpoint_read(const char *file, tw_checkpoint **out);
/* The line with the checksum of the bytes before it that ends a file, padded with zeros. */
void tw_checkpoint_seal(const void *bytes, size_t size, char out[TW_CHECKPOINT_SEAL]);
void tw_checkpoint_free(tw_checkpoint *checkpoint);
/* A checkpoint with room for these vectors in canonical order; everything else is zero. */
tw_status tw_checkpoint_make(tw_precision precision, int64_t dimension, int vectors, int64_t theory_values,
                             tw_checkpoint **out);
/* The same with vectors of `reals` reals in the order that position says. */
tw_status tw_checkpoint_make_in_order(tw_precision precision, int64_t dimension, const int64_t *position, int64_t reals,
                                      int vectors, int64_t theory_values, tw_checkpoint **out);

/* Whether these settings are those of `configuration` (resolved, as YAML), but for what cannot change results: threads,
 * data.path (the data have a checksum), metrics.timing, checkpoint.*, and limits of steps, epochs and observations that
 * are extended, of stages from `stage` on (TW_MAX_STAGES: of none). TW_USAGE with the keys that differ and both values,
 * after `what`. */
tw_status tw_settings_same_run(const tw_settings *settings, const char *configuration, int stage, const char *what);

#endif
