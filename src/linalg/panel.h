/* The panel layout of matrices.
 *
 * A matrix of `rows` rows and `columns` columns is stored in panels of TW_PANEL columns, one panel after the other,
 * each row-major: element (i, j) stands at panel_offset(rows, columns, j) + i * panel_width(columns, j) +
 * j % TW_PANEL. The last panel is padded with zeros to TW_PANEL_UNIT or TW_PANEL columns. Rows of a panel lie next to
 * each other, whatever the number of columns: a kernel's block of rows is contiguous, no stride is a power of two, and
 * the same storage serves as left or right factor, plain or transposed. */
#ifndef THALWEG_LINALG_PANEL_H
#define THALWEG_LINALG_PANEL_H

#include <stdint.h>

enum { TW_PANEL = 32, TW_PANEL_UNIT = 16 };

/* Columns rounded up to a multiple of TW_PANEL_UNIT. */
static inline int64_t panel_padded(int64_t columns)
{
	return (columns + TW_PANEL_UNIT - 1) / TW_PANEL_UNIT * TW_PANEL_UNIT;
}
static inline int64_t panel_count(int64_t columns) { return (columns + TW_PANEL - 1) / TW_PANEL; }
/* Width in elements of the panel that starts at column `first` (a multiple of TW_PANEL). */
static inline int64_t panel_width(int64_t columns, int64_t first)
{
	int64_t rest = panel_padded(columns) - first;
	return rest < TW_PANEL ? rest : TW_PANEL;
}
/* Elements of the whole matrix. */
static inline int64_t panel_size(int64_t rows, int64_t columns) { return rows * panel_padded(columns); }
/* Index of element (i, j). */
static inline int64_t panel_index(int64_t rows, int64_t columns, int64_t i, int64_t j)
{
	int64_t first = j / TW_PANEL * TW_PANEL;
	return first * rows + i * panel_width(columns, first) + (j - first);
}

#endif
