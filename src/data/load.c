#include "data/load.h"

#include <stdio.h>
#include <string.h>

static void loading_free(tw_loading *loading)
{
	tw_rows_free(&loading->rows);
	tw_transform_free(&loading->transform);
	tw_source_close(&loading->source);
	tw_plan_free(&loading->plan);
}

/* Collective. All ranks must see the same number of rows, or they would wait for each other for ever. */
static tw_status same_rows(tw_comm *comm, const tw_loading *loading)
{
	double range[2] = {(double)loading->rows.count, -(double)loading->rows.count};
	TW_TRY(tw_comm_max_double(comm, range, 2));
	TW_CHECK(range[0] == -range[1], TW_IO, "%s: has %.0f rows on one rank and %.0f on another; give all the same file",
	         loading->transform.input_name, -range[1], range[0]);
	return TW_OK;
}

/* Local: this rank's share of the search for the largest label. */
static tw_status largest_label(tw_loading *loading, int64_t first, int64_t last, double *largest)
{
	tw_source *source = &loading->source;
	double *y;
	TW_TRY(tw_alloc_array((void **)&y, source->block, sizeof *y, "a block of labels"));
	tw_status status = TW_OK;
	for (int64_t count; first < last && status == TW_OK; first += count) {
		count = last - first < source->block ? last - first : source->block;
		status = tw_source_read(source, first, count, NULL, y);
		for (int64_t i = 0; i < count && status == TW_OK; i++) {
			status = tw_transform_check_label(&loading->transform, first + i, y[i]);
			if (y[i] > *largest) *largest = y[i];
		}
	}
	tw_free(y);
	return status;
}

/* Collective. The number of classes where the options leave it open. */
static tw_status find_classes(tw_comm *comm, tw_loading *loading)
{
	if (!loading->transform.labels || loading->transform.classes) return TW_OK;
	int64_t n = loading->source.rows, rank = tw_comm_rank(comm), size = tw_comm_size(comm);
	double largest = 0;
	tw_status status = largest_label(loading, n * rank / size, n * (rank + 1) / size, &largest);
	TW_TRY(tw_comm_agree(comm, status));
	TW_TRY(tw_comm_max_double(comm, &largest, 1));
	loading->transform.classes = (int64_t)largest + 1;
	return TW_OK;
}

/* Local. */
static tw_status open_training(tw_loading *loading)
{
	TW_TRY(tw_source_open(&loading->source, &loading->plan, false));
	TW_TRY(tw_transform_make(&loading->transform, &loading->plan, &loading->source));
	return tw_rows_select(&loading->rows, &loading->source, &loading->transform);
}

/* Local. */
static tw_status open_test(tw_loading *test, const tw_loading *training)
{
	TW_TRY(tw_source_open(&test->source, &training->plan, true));
	TW_TRY(tw_transform_copy(&test->transform, &training->transform, &test->source));
	return tw_rows_select(&test->rows, &test->source, &test->transform);
}

/* Local. The rows of the options, and the rows split off for a test. */
static tw_status choose_rows(tw_loading *loading, tw_rows *split)
{
	const tw_data_options *options = &loading->plan.options;
	if (options->rows) TW_TRY(tw_rows_keep(&loading->rows, options->rows));
	if (options->test_fraction == 0 || loading->plan.has_test) return TW_OK;
	return tw_rows_split(&loading->rows, options->test_fraction, options->seed, split);
}

/* Collective. The test part that has files of its own. */
static tw_status load_test(tw_comm *comm, const tw_loading *training, const char *name, tw_storage storage,
                           tw_data **out)
{
	tw_loading test = {0};
	tw_status status = tw_comm_agree(comm, open_test(&test, training));
	if (status == TW_OK) status = same_rows(comm, &test);
	test.plan.options = training->plan.options;
	test.plan.options.storage = storage;
	if (status == TW_OK) status = tw_shard_make(comm, &test, &test.rows, name, out);
	loading_free(&test);
	return status;
}

/* Collective. Loads what the plan of `loading` describes. */
static tw_status load_parts(tw_comm *comm, tw_loading *loading, tw_rows *split, const char *name, tw_data **train,
                            tw_data **test)
{
	char test_name[64];
	snprintf(test_name, sizeof test_name, "%.40s test part", name);
	TW_TRY(tw_comm_agree(comm, open_training(loading)));
	TW_TRY(same_rows(comm, loading));
	TW_TRY(find_classes(comm, loading));
	TW_TRY(tw_loading_scale(comm, loading));
	TW_TRY(tw_comm_agree(comm, choose_rows(loading, split)));
	TW_TRY(tw_shard_make(comm, loading, &loading->rows, name, train));
	if (!loading->plan.options.test) return TW_OK;
	/* The test part is stored as the training part is. */
	tw_storage storage = (*train)->sparse ? TW_STORAGE_SPARSE : TW_STORAGE_DENSE;
	if (loading->plan.has_test) return load_test(comm, loading, test_name, storage, test);
	loading->plan.options.storage = storage;
	return split->count ? tw_shard_make(comm, loading, split, test_name, test) : TW_OK;
}

static tw_status load_plan(tw_comm *comm, tw_loading *loading, const char *name, tw_data **train, tw_data **test)
{
	tw_rows split = {0};
	tw_status status = load_parts(comm, loading, &split, name, train, test);
	tw_rows_free(&split);
	loading_free(loading);
	if (status == TW_OK) return TW_OK;
	tw_data_free(*train);
	tw_data_free(*test);
	*train = *test = NULL;
	return status;
}

tw_status tw_data_load(tw_comm *comm, const tw_data_options *options, tw_data **train, tw_data **test)
{
	tw_loading loading = {0};
	*train = *test = NULL;
	TW_TRY(tw_comm_agree(comm, tw_plan_make(&loading.plan, options)));
	bool own = !options->preset || strcmp(options->preset, "none") == 0;
	const char *name = own ? options->inputs : options->preset;
	const char *base = own ? strrchr(name, '/') : NULL;
	return load_plan(comm, &loading, base ? base + 1 : name, train, test);
}

tw_status tw_data_from_arrays(tw_comm *comm, tw_precision precision, int64_t observations, int64_t inputs,
                              int64_t outputs, int64_t classes, const double *x, const double *y, tw_storage storage,
                              tw_data **out)
{
	*out = NULL;
	TW_CHECK(observations >= 1 && inputs >= 1 && outputs >= 0, TW_USAGE,
	         "a data set of %lld observations, %lld inputs and %lld outputs cannot be made", (long long)observations,
	         (long long)inputs, (long long)outputs);
	tw_arrays arrays = {.rows = observations, .inputs = inputs, .outputs = outputs, .x = x, .y = y};
	tw_loading loading = {.plan = {.format = &tw_arrays_format, .single = true, .inputs = inputs, .outputs = outputs}};
	tw_data_defaults(&loading.plan.options);
	loading.plan.options.precision = precision;
	loading.plan.options.storage = storage;
	loading.plan.options.labels = classes > 0;
	loading.plan.options.classes = classes;
	loading.plan.place[TW_PLACE_INPUTS].content = &arrays;
	tw_data *none = NULL;
	return load_plan(comm, &loading, "arrays", out, &none);
}
