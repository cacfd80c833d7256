/* Whether our costs and others may come from the same distribution. */
#include "app/thesis/local_minima.h"

static tw_status test(minima_pair *pair, double *memory)
{
	const minima_cell *const cell[2] = {pair->ours, pair->other};
	double *const sample[2] = {memory, memory + cell[0]->count};
	for (int t = 0; t < 2; t++)
		for (int64_t i = 0; i < cell[t]->count; i++) sample[t][i] = tw_round_digits(cell[t]->cost[i], MINIMA_DIGITS);
	const int64_t m = cell[0]->count, n = cell[1]->count;
	TW_TRY(tw_kolmogorov_smirnov(sample[0], m, sample[1], n, &pair->kolmogorov_smirnov));
	return tw_mann_whitney(sample[0], m, sample[1], n, &pair->mann_whitney);
}

static tw_status test_in_memory(minima_pair *pair)
{
	void *memory;
	TW_TRY(tw_alloc_array(&memory, pair->ours->count + pair->other->count, sizeof(double), "the costs to compare"));
	tw_status status = test(pair, memory);
	tw_free(memory);
	return status;
}

tw_status minima_compare(const minima_set *ours, const minima_set *others, minima_pair **out, int *count)
{
	void *memory;
	*out = NULL;
	*count = 0;
	TW_TRY(tw_alloc_array(&memory, ours->cells, sizeof **out, "the cells to compare"));
	*out = memory;
	for (int c = 0; c < ours->cells; c++) {
		const minima_cell *cell = &ours->cell[c], *other = minima_find(others, cell->hidden_layers, cell->width);
		if (!other) continue;
		minima_pair *pair = &(*out)[(*count)++];
		pair->ours = cell;
		pair->other = other;
		TW_TRY(test_in_memory(pair));
	}
	return TW_OK;
}
