/* Standardisation and scaling to a range: statistics over a whole set, with the same bits on any number of ranks. */
#include "data/load.h"

#include <math.h>
#include <string.h>

/* One rank's part of a pass over its chunks of the set. */
typedef struct {
	tw_chunks chunks;
	int chunk, first; /* the chunk at hand, this rank's first */
	int64_t inputs, columns;
	const double *mean;      /* second pass */
	double *sum;             /* a row of `columns` sums for each of this rank's chunks */
	double *low, *high;      /* minus the smallest, and the largest value of each column */
	double *shift, *divisor; /* the result */
} pass;

static double *pass_sums(pass *pass, int64_t i)
{
	while (i >= tw_chunk_begin(pass->chunks, pass->chunk + 1)) pass->chunk++;
	return pass->sum + (pass->chunk - pass->first) * pass->columns;
}

static tw_status visit_sum(void *self, int64_t i, const double *x, const double *y)
{
	pass *pass = self;
	double *sum = pass_sums(pass, i);
	for (int64_t j = 0; j < pass->columns; j++) {
		double value = j < pass->inputs ? x[j] : y[j - pass->inputs];
		sum[j] += value;
		if (-value > pass->low[j]) pass->low[j] = -value;
		if (value > pass->high[j]) pass->high[j] = value;
	}
	return TW_OK;
}

static tw_status visit_square(void *self, int64_t i, const double *x, const double *y)
{
	pass *pass = self;
	double *sum = pass_sums(pass, i);
	for (int64_t j = 0; j < pass->columns; j++) {
		double value = (j < pass->inputs ? x[j] : y[j - pass->inputs]) - pass->mean[j];
		sum[j] += value * value;
	}
	return TW_OK;
}

/* Collective. One pass over the set; out gets the sum of each column. */
static tw_status pass_run(tw_comm *comm, pass *pass, tw_visit visit, tw_loading *loading, double *out)
{
	int last = tw_chunk_first(pass->chunks, tw_comm_rank(comm) + 1, tw_comm_size(comm));
	pass->chunk = pass->first;
	memset(pass->sum, 0, (size_t)((last - pass->first) * pass->columns) * sizeof *pass->sum);
	tw_status status =
	    tw_rows_visit(&loading->rows, tw_chunk_begin(pass->chunks, pass->first), tw_chunk_begin(pass->chunks, last),
	                  &loading->source, &loading->transform, visit, pass);
	TW_TRY(tw_comm_agree(comm, status));
	return tw_tree_sum(comm, pass->chunks, (int)pass->columns, pass->sum, out);
}

/* Shift and divisor of one column. A constant column becomes 0: it has nothing to scale. */
static void scale_column(tw_scaling scaling, double low, double high, double mean, double variance, double *shift,
                         double *divisor)
{
	*shift = 0;
	*divisor = 1;
	if (scaling == TW_SCALE_NONE) return;
	*shift = scaling == TW_SCALE_RANGE || low == high ? low : mean;
	if (low < high) *divisor = scaling == TW_SCALE_RANGE ? high - low : sqrt(variance);
}

static tw_status scale_measure(tw_comm *comm, tw_loading *loading, pass *pass, double *mean, double *square)
{
	const tw_data_options *options = &loading->plan.options;
	int64_t n = loading->rows.count, columns = pass->columns;
	for (int64_t j = 0; j < columns; j++) pass->low[j] = pass->high[j] = -INFINITY;
	TW_TRY(pass_run(comm, pass, visit_sum, loading, mean));
	TW_TRY(tw_comm_max_double(comm, pass->low, (int)columns));
	TW_TRY(tw_comm_max_double(comm, pass->high, (int)columns));
	for (int64_t j = 0; j < columns; j++) mean[j] /= (double)n;
	pass->mean = mean;
	TW_TRY(pass_run(comm, pass, visit_square, loading, square));
	for (int64_t j = 0; j < columns; j++)
		scale_column(j < pass->inputs ? options->scale_inputs : options->scale_outputs, -pass->low[j], pass->high[j],
		             mean[j], square[j] / (double)n, &pass->shift[j], &pass->divisor[j]);
	return TW_OK;
}

tw_status tw_loading_scale(tw_comm *comm, tw_loading *loading)
{
	const tw_data_options *options = &loading->plan.options;
	if (options->scale_inputs == TW_SCALE_NONE && options->scale_outputs == TW_SCALE_NONE) return TW_OK;
	TW_CHECK(options->scale_outputs == TW_SCALE_NONE || !(options->labels || options->select_class_count), TW_USAGE,
	         "data.scale_outputs: class labels cannot be scaled; leave it at none");
	tw_transform *transform = &loading->transform;
	int64_t columns = transform->inputs + transform->outputs;
	pass pass = {.chunks = tw_chunks_of(loading->rows.count, 0), .inputs = transform->inputs, .columns = columns};
	pass.first = tw_chunk_first(pass.chunks, tw_comm_rank(comm), tw_comm_size(comm));
	int own = tw_chunk_first(pass.chunks, tw_comm_rank(comm) + 1, tw_comm_size(comm)) - pass.first;
	double *work = NULL;
	tw_status status = tw_alloc_array((void **)&pass.shift, columns, sizeof(double), "the scaling of the data");
	if (status == TW_OK)
		status = tw_alloc_array((void **)&pass.divisor, columns, sizeof(double), "the scaling of the data");
	if (status == TW_OK)
		status = tw_alloc_array((void **)&work, (4 + own) * columns, sizeof *work, "sums of the columns");
	status = tw_comm_agree(comm, status);
	if (status == TW_OK) {
		pass.low = work + 2 * columns;
		pass.high = work + 3 * columns;
		pass.sum = work + 4 * columns;
		status = scale_measure(comm, loading, &pass, work, work + columns);
	}
	tw_free(work);
	if (status != TW_OK) {
		tw_free(pass.shift);
		tw_free(pass.divisor);
		return status;
	}
	transform->shift = pass.shift;
	transform->divisor = pass.divisor;
	return TW_OK;
}
