/* report/cells.h: the parts of the table of a sweep's cells. */
#ifndef THALWEG_REPORT_CELLS_H
#define THALWEG_REPORT_CELLS_H

#include <stdio.h>
#include <thalweg/report.h>

#include "report/distribution.h"

typedef struct {
	int64_t finished, stopped[TW_STOP_COUNT];
	tw_five_numbers cost; /* of the runs whose cost is finite */
} tw_cell_results;

/* *out: one a cell of the plan, tw_free. */
tw_status tw_cell_results_of(const tw_sweep_plan *plan, const tw_journal *journal, tw_cell_results **out);
void tw_cells_print_table(FILE *out, const tw_sweep_plan *plan, const tw_cell_results *of);
/* Cells of the same depth share an axis. */
void tw_cells_print_plots(FILE *out, const tw_sweep_plan *plan, const tw_cell_results *of, int columns, bool utf8);

#endif
