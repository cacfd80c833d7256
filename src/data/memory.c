/* Tables that lie in memory: the embedded circles, and arrays of the caller. */
#include "data/table.h"

#include <string.h>

static tw_status arrays_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)options;
	const tw_arrays *arrays = place->content;
	table->rows = arrays->rows;
	table->columns = arrays->inputs + arrays->outputs;
	table->self = (void *)arrays;
	return TW_OK;
}

static tw_status arrays_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	const tw_arrays *arrays = table->self;
	size_t x = (size_t)arrays->inputs, y = (size_t)arrays->outputs;
	for (int64_t row = first; row < first + count; row++, out += x + y) {
		memcpy(out, arrays->x + (size_t)row * x, x * sizeof *out);
		if (y > 0) memcpy(out + x, arrays->y + (size_t)row * y, y * sizeof *out);
	}
	return TW_OK;
}

static tw_status circles_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)place, (void)options;
	table->rows = TW_CIRCLES_ROWS;
	table->columns = 3;
	return TW_OK;
}

static tw_status circles_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	(void)table;
	memcpy(out, tw_circles_100[first], (size_t)count * sizeof tw_circles_100[0]);
	return TW_OK;
}

static void memory_close(tw_table *table) { (void)table; }

const tw_format tw_arrays_format = {
    .name = "arrays",
    .help = "arrays in memory",
    .open = arrays_open,
    .read = arrays_read,
    .close = memory_close,
};

const tw_format tw_circles_format = {
    .name = "circles",
    .help = "the embedded circles",
    .open = circles_open,
    .read = circles_read,
    .close = memory_close,
};
