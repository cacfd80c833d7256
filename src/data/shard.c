/* A rank's shard: which rows it holds, how they are stored, and filling it in one or two passes over its own rows. */
#include "data/load.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Sparse storage pays from this many inputs on, and below this share of non-zero ones. */
static const int64_t sparse_inputs = 64;
static const double sparse_density = 0.35;

void tw_data_free(tw_data *data)
{
	if (!data) return;
	tw_free(data->dense);
	tw_free(data->row_start);
	tw_free(data->column);
	tw_free(data->value);
	tw_free(data->output);
	tw_free(data);
}

/* ---- visits --------------------------------------------------------------------------------------------------- */

typedef struct {
	tw_data *data;
	int64_t nonzero;
} filling;

static void store_reals(tw_precision precision, void *array, int64_t at, const double *in, int64_t count)
{
	if (precision == TW_DOUBLE) {
		memcpy((double *)array + at, in, (size_t)count * sizeof *in);
		return;
	}
	float *out = (float *)array + at;
	for (int64_t j = 0; j < count; j++) out[j] = (float)in[j];
}

/* Whether finite values stay so when rounded to the precision. */
static bool fits(tw_precision precision, const double *x, int64_t count)
{
	double largest[4] = {0};
	if (precision == TW_DOUBLE) return true;
	int64_t j = 0;
	for (; j + 4 <= count; j += 4)
		for (int k = 0; k < 4; k++) largest[k] = fabs(x[j + k]) > largest[k] ? fabs(x[j + k]) : largest[k];
	for (; j < count; j++) largest[0] = fmax(largest[0], fabs(x[j]));
	return isfinite((float)fmax(fmax(largest[0], largest[1]), fmax(largest[2], largest[3])));
}

static tw_status visit_count(void *self, int64_t i, const double *x, const double *y)
{
	(void)y;
	filling *filling = self;
	tw_data *data = filling->data;
	int64_t count = tw_sparse_count(data->precision, x, data->inputs);
	data->row_start[i - data->first + 1] = count;
	filling->nonzero += count;
	return TW_OK;
}

static tw_status visit_store(void *self, int64_t i, const double *x, const double *y)
{
	filling *filling = self;
	tw_data *data = filling->data;
	int64_t local = i - data->first;
	TW_CHECK(fits(data->precision, x, data->inputs) && fits(data->precision, y, data->outputs), TW_IO,
	         "observation %lld holds a value that is too large for float; set precision: double", (long long)i);
	store_reals(data->precision, data->output, local * data->outputs, y, data->outputs);
	if (data->sparse) {
		tw_sparse_store(data, local, x);
	} else {
		store_reals(data->precision, data->dense, local * data->inputs, x, data->inputs);
		filling->nonzero += tw_sparse_count(data->precision, x, data->inputs);
	}
	return TW_OK;
}

/* ---- storage -------------------------------------------------------------------------------------------------- */

/* Collective. Share of non-zero inputs over the whole set. */
static tw_status measure_density(tw_comm *comm, tw_data *data, int64_t nonzero)
{
	TW_TRY(tw_comm_sum_integer(comm, &nonzero, 1));
	data->density = (double)nonzero / ((double)data->observations * (double)data->inputs);
	return TW_OK;
}

/* Collective. Dense or sparse, by the whole set, so that the layout has no part in it. */
static tw_status choose_storage(tw_comm *comm, tw_loading *loading, const tw_rows *rows, tw_data *data)
{
	tw_storage storage = loading->plan.options.storage;
	if (storage == TW_STORAGE_AUTO && data->inputs < sparse_inputs) storage = TW_STORAGE_DENSE;
	if (storage == TW_STORAGE_DENSE) return TW_OK;
	filling filling = {.data = data};
	tw_status status =
	    tw_alloc_array((void **)&data->row_start, data->local + 1, sizeof *data->row_start, "the rows of sparse data");
	if (status == TW_OK)
		status = tw_rows_visit(rows, data->first, data->first + data->local, &loading->source, &loading->transform,
		                       visit_count, &filling);
	TW_TRY(tw_comm_agree(comm, status));
	TW_TRY(measure_density(comm, data, filling.nonzero));
	data->sparse = storage == TW_STORAGE_SPARSE || data->density < sparse_density;
	if (data->sparse) return TW_OK;
	tw_free(data->row_start);
	data->row_start = NULL;
	return TW_OK;
}

static tw_status fill(tw_loading *loading, const tw_rows *rows, filling *filling)
{
	tw_data *data = filling->data;
	size_t real = tw_real_size(data->precision);
	int64_t values;
	TW_CHECK(!__builtin_mul_overflow(data->local, data->inputs, &values), TW_NO_MEMORY, "the shard is too large");
	TW_TRY(data->sparse ? tw_sparse_allocate(data)
	                    : tw_alloc_array(&data->dense, values, real, "the inputs of a shard"));
	TW_TRY(tw_alloc_array(&data->output, data->local * data->outputs, real, "the outputs of a shard"));
	TW_TRY(tw_rows_visit(rows, data->first, data->first + data->local, &loading->source, &loading->transform,
	                     visit_store, filling));
	return tw_source_finish(&loading->source);
}

static void describe(tw_data *data, const char *name)
{
	char storage[48] = "", outputs[48];
	if (data->sparse) snprintf(storage, sizeof storage, " (sparse, %.1f %% non-zero)", 100 * data->density);
	if (data->classes)
		snprintf(outputs, sizeof outputs, "%lld classes", (long long)data->classes);
	else
		snprintf(outputs, sizeof outputs, "%lld output%s", (long long)data->outputs, data->outputs == 1 ? "" : "s");
	snprintf(data->description, sizeof data->description, "%.40s: %lld observations, %lld input%s%s, %s", name,
	         (long long)data->observations, (long long)data->inputs, data->inputs == 1 ? "" : "s", storage, outputs);
}

tw_status tw_shard_make(tw_comm *comm, tw_loading *loading, const tw_rows *rows, const char *name, tw_data **out)
{
	int64_t n = rows->count, rank = tw_comm_rank(comm), size = tw_comm_size(comm);
	tw_data *data = NULL;
	TW_TRY(tw_comm_agree(comm, tw_alloc((void **)&data, sizeof *data, "a data set")));
	data->precision = loading->plan.options.precision;
	data->observations = n;
	data->first = n * rank / size;
	data->local = n * (rank + 1) / size - data->first;
	data->inputs = loading->transform.inputs;
	data->outputs = loading->transform.outputs;
	data->classes = loading->transform.classes;
	filling filling = {.data = data};
	tw_status status = choose_storage(comm, loading, rows, data);
	if (status == TW_OK) status = tw_comm_agree(comm, fill(loading, rows, &filling));
	if (status == TW_OK && !data->sparse) status = measure_density(comm, data, filling.nonzero);
	if (status != TW_OK) {
		tw_data_free(data);
		return status;
	}
	describe(data, name);
	*out = data;
	return TW_OK;
}
