/* Figure 4.7: which observations the two ways of sampling draw. */
#include "app/thesis/figures.h"

#include <math.h>

enum { OBSERVATIONS = 12, STEPS = 36 };

/* The indices of single observations, from 1 as in the thesis. */
static tw_status draw_indices(thesis_context *context, tw_sampling sampling, int64_t out[STEPS])
{
	double x[OBSERVATIONS];
	tw_data *data = NULL;
	tw_feed *feed = NULL;
	tw_batch batch;
	for (int i = 0; i < OBSERVATIONS; i++) x[i] = i;
	tw_status status =
	    tw_data_from_arrays(context->comm, TW_DOUBLE, OBSERVATIONS, 1, 1, 0, x, x, TW_STORAGE_DENSE, &data);
	if (status == TW_OK) status = tw_feed_create(context->comm, data, sampling, 1, 0, 1, 0, &feed);
	for (int k = 0; k < STEPS && status == TW_OK; k++) {
		status = tw_feed_get(feed, k, &batch);
		if (status == TW_OK) out[k] = batch.index[0] + 1;
	}
	tw_feed_free(feed);
	tw_data_free(data);
	return status;
}

static tw_status write_indices(const thesis_context *context, const int64_t uniform[STEPS], const int64_t cycled[STEPS])
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "figure-4.7.csv"));
	fputs("k,uniform,shuffled\n", file.file);
	for (int k = 0; k < STEPS; k++)
		figure_put(file.file, "", 3, (double[]){k + 1, (double)uniform[k], (double)cycled[k]});
	return tw_part_close(&file);
}

/* Different observations among the draws of one pass, [first, first + OBSERVATIONS). */
static int count_different(const int64_t *index, int first)
{
	int different = 0;
	for (int i = 1; i <= OBSERVATIONS; i++) {
		bool drawn = false;
		for (int k = first; k < first + OBSERVATIONS; k++) drawn = drawn || index[k] == i;
		different += drawn;
	}
	return different;
}

tw_status figure_4_7(thesis_context *context)
{
	int64_t uniform[STEPS], cycled[STEPS];
	int different[2][STEPS / OBSERVATIONS];
	TW_TRY(draw_indices(context, TW_SAMPLE_UNIFORM, uniform));
	TW_TRY(draw_indices(context, TW_SAMPLE_SHUFFLE_ONCE, cycled));
	TW_TRY(write_indices(context, uniform, cycled));
	bool complete = true, repeats = true;
	for (int pass = 0; pass < STEPS / OBSERVATIONS; pass++) {
		different[0][pass] = count_different(uniform, pass * OBSERVATIONS);
		different[1][pass] = count_different(cycled, pass * OBSERVATIONS);
		complete = complete && different[1][pass] == OBSERVATIONS;
	}
	for (int k = OBSERVATIONS; k < STEPS; k++) repeats = repeats && cycled[k] == cycled[k - OBSERVATIONS];
	tw_page_finding(
	    context->page, figure_verdict(complete && repeats),
	    "Cycling through the set shuffled once takes %s of the %d observations in each pass, and the passes %s: "
	    "after the shuffling nothing is random any more.",
	    complete ? "every one" : "not every one", OBSERVATIONS, repeats ? "are the same" : "differ");
	tw_page_finding(
	    context->page, TW_NOTE,
	    "Drawn uniformly, passes of %d draws take %d, %d and %d different observations; n (1 - (1 - 1/n)^n) = "
	    "%.1f are expected.",
	    OBSERVATIONS, different[0][0], different[0][1], different[0][2],
	    OBSERVATIONS * (1 - pow(1 - 1.0 / OBSERVATIONS, OBSERVATIONS)));
	return thesis_draw(
	    context, "figure-4.7",
	    "The observation that step k takes, for n = 12: drawn uniformly (top), and cycling through the set "
	    "shuffled once (bottom).");
}
