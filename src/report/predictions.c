/* Predictions as CSV or NPY. */
#include <thalweg/report.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/file.h"

/* The class an observation's outputs stand for: the largest one, or output >= 1/2 where there is one. */
static int64_t class_of(const double *output, int64_t columns)
{
	if (columns == 1) return output[0] >= 0.5;
	int64_t best = 0;
	for (int64_t j = 1; j < columns; j++)
		if (output[j] > output[best]) best = j;
	return best;
}

static void print_csv(FILE *out, tw_precision precision, int64_t rows, int64_t columns, bool with_class,
                      const double *values)
{
	char text[TW_NUMBER_TEXT];
	for (int64_t j = 1; j <= columns; j++) fprintf(out, "%sy%" PRId64, j > 1 ? "," : "", j);
	fputs(with_class ? ",class\n" : "\n", out);
	for (int64_t i = 0; i < rows; i++) {
		const double *row = values + i * columns;
		for (int64_t j = 0; j < columns; j++)
			fprintf(out, "%s%s", j > 0 ? "," : "", tw_format_real(text, precision, row[j]));
		if (with_class) fprintf(out, ",%" PRId64, class_of(row, columns));
		fputc('\n', out);
	}
}

/* Version 1.0 of the format: the header is padded with blanks to a multiple of 64 bytes. */
static void print_npy(FILE *out, tw_precision precision, int64_t rows, int64_t columns, const double *values)
{
	char header[128];
	int length = snprintf(header, sizeof header,
	                      "{'descr': '<f%zu', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }",
	                      tw_real_size(precision), rows, columns);
	int padded = (10 + length + 1 + 63) / 64 * 64 - 10;
	fwrite("\x93NUMPY\x01\x00", 1, 8, out);
	fputc(padded & 255, out);
	fputc(padded >> 8, out);
	fprintf(out, "%-*s\n", padded - 1, header);
	for (int64_t i = 0; i < rows * columns; i++) {
		double real[1];
		tw_real_set(precision, real, 0, values[i]);
		fwrite(real, tw_real_size(precision), 1, out);
	}
}

tw_status tw_predictions_write(const char *file, tw_precision precision, int64_t rows, int64_t columns, int64_t classes,
                               const double *values)
{
	bool npy = tw_file_has_suffix(file, ".npy");
	TW_CHECK(npy || tw_file_has_suffix(file, ".csv"), TW_USAGE, "%s: predictions are written to .csv or .npy", file);
	char *bytes = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&bytes, &size);
	TW_CHECK(memory, TW_NO_MEMORY, "%s: no memory for the predictions", file);
	if (npy)
		print_npy(memory, precision, rows, columns, values);
	else
		print_csv(memory, precision, rows, columns, classes > 0, values);
	bool whole = !ferror(memory);
	tw_status status = TW_OK;
	if (fclose(memory) != 0 || !whole) status = tw_fail(TW_NO_MEMORY, "%s: no memory for the predictions", file);
	if (status == TW_OK) status = tw_file_replace(file, bytes, size);
	free(bytes);
	return status;
}
