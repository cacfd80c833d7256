/* Tables of numbers, wherever they come from: the formats of files, the generators and arrays in memory behind one
 * interface. */
#ifndef THALWEG_DATA_TABLE_H
#define THALWEG_DATA_TABLE_H

#include <thalweg/data.h>

typedef struct tw_table tw_table;

/* What to open: the file, and what follows "FILE:" where the format knows parts of a file (columns, data sets). */
typedef struct {
	const char *file;      /* NULL: not a file */
	const char *selection; /* NULL: everything, */
	const char *excluding; /* but not what this selection names (NULL: nothing) */
	const void *content;   /* formats in memory: where it lies */
} tw_place;

/* One kind of table. Calls are local to a rank. */
typedef struct {
	const char *name; /* data.source */
	const char *help;
	bool parts; /* understands "FILE:selection" */
	/* Fills rows, columns and self. On failure nothing is left open. */
	tw_status (*open)(tw_table *table, const tw_place *place, const tw_data_options *options);
	/* Rows [first, first + count), row-major count x columns. Cheap in increasing order, possible in any. */
	tw_status (*read)(tw_table *table, int64_t first, int64_t count, double *out);
	/* After the last read: finds what shows only at the end of a file. NULL: nothing. */
	tw_status (*finish)(tw_table *table);
	void (*close)(tw_table *table);
} tw_format;

struct tw_table {
	const tw_format *format; /* NULL: not open */
	char *file;              /* the name for messages */
	int64_t rows, columns;
	void *self;
};

/* The formats of files; entry i, NULL past the end. */
const tw_format *tw_format_of(int i);
const tw_format *tw_format_find(const char *name); /* NULL: none */

extern const tw_format tw_csv_format, tw_idx_format, tw_npy_format, tw_hdf5_format;
/* Rows hold the inputs, then the outputs. place.content of arrays is a tw_arrays. */
extern const tw_format tw_linear_format, tw_teacher_format, tw_make_circles_format, tw_circles_format, tw_arrays_format;

typedef struct {
	int64_t rows, inputs, outputs;
	const double *x, *y; /* borrowed */
} tw_arrays;

/* The 100 observations of the circles experiment: x1, x2, y. */
enum { TW_CIRCLES_ROWS = 100 };
extern const double tw_circles_100[TW_CIRCLES_ROWS][3];

tw_status tw_table_open(tw_table *table, const tw_format *format, const tw_place *place,
                        const tw_data_options *options);
/* As format->read; a value that is not finite is TW_IO with the file, row and column. */
tw_status tw_table_read(tw_table *table, int64_t first, int64_t count, double *out);
tw_status tw_table_finish(tw_table *table);
void tw_table_close(tw_table *table);

/* Whether no value is infinite or not a number. */
bool tw_all_finite(const double *values, int64_t count);

/* For formats: all of count bytes at offset, else TW_IO that names the file. */
tw_status tw_read_at(int descriptor, const char *file, void *out, size_t count, int64_t offset);
/* For formats: opens to read and gives the size; TW_IO names the file. */
tw_status tw_open_file(const char *file, int *descriptor, int64_t *size);

#endif
