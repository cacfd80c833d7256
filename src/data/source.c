#include "data/plan.h"

#include <string.h>

enum { BLOCK_VALUES = 1 << 16 };

static tw_status source_prepare(tw_source *source, const tw_plan *plan, bool test)
{
	const tw_place *place = plan->place + (test ? TW_PLACE_TEST_INPUTS : TW_PLACE_INPUTS);
	TW_TRY(tw_table_open(&source->input, plan->format, &place[0], &plan->options));
	source->rows = source->input.rows;
	TW_CHECK(!plan->rows || source->rows == plan->rows, TW_IO,
	         "%s: has %lld rows and not %lld: it is truncated or another file; fetch it again", source->input.file,
	         (long long)source->rows, (long long)plan->rows);
	if (plan->single) {
		source->inputs = plan->inputs ? plan->inputs : source->input.columns - plan->outputs;
		source->outputs = plan->outputs;
		source->derive = plan->derive;
	} else {
		TW_TRY(tw_table_open(&source->output, plan->format, &place[1], &plan->options));
		TW_CHECK(source->output.rows == source->rows, TW_IO,
		         "%s has %lld observations and %s has %lld; give files that belong together", source->input.file,
		         (long long)source->rows, source->output.file, (long long)source->output.rows);
		source->inputs = source->input.columns;
		source->outputs = source->output.columns;
	}
	source->block = BLOCK_VALUES / (source->inputs + source->outputs);
	if (source->block < 1) source->block = 1;
	if (!plan->single) return TW_OK;
	return tw_alloc_array((void **)&source->row, source->block * source->input.columns, sizeof(double),
	                      "a block of rows");
}

tw_status tw_source_open(tw_source *source, const tw_plan *plan, bool test)
{
	memset(source, 0, sizeof *source);
	tw_status status = source_prepare(source, plan, test);
	if (status != TW_OK) tw_source_close(source);
	return status;
}

tw_status tw_source_read(tw_source *source, int64_t first, int64_t count, double *x, double *y)
{
	if (!source->row) {
		if (x) TW_TRY(tw_table_read(&source->input, first, count, x));
		return tw_table_read(&source->output, first, count, y);
	}
	TW_TRY(tw_table_read(&source->input, first, count, source->row));
	const double *row = source->row;
	size_t inputs = (size_t)source->inputs, outputs = (size_t)source->outputs;
	for (int64_t i = 0; i < count; i++, row += source->input.columns, y += outputs) {
		if (source->derive)
			source->derive(row, x ? x : source->unused, y);
		else if (outputs > 0)
			memcpy(y, row + inputs, outputs * sizeof *y);
		if (x && !source->derive) memcpy(x, row, inputs * sizeof *x);
		if (x) x += inputs;
	}
	return TW_OK;
}

tw_status tw_source_finish(tw_source *source)
{
	TW_TRY(tw_table_finish(&source->input));
	return tw_table_finish(&source->output);
}

void tw_source_close(tw_source *source)
{
	tw_table_close(&source->input);
	tw_table_close(&source->output);
	tw_free(source->row);
	tw_free(source->unused);
	memset(source, 0, sizeof *source);
}

const char *tw_source_input_name(const tw_source *source) { return source->input.file; }

const char *tw_source_output_name(const tw_source *source)
{
	return source->output.format ? source->output.file : source->input.file;
}
