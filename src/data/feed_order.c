#include "data/feed.h"

#include <string.h>

enum { INSERTION_LIMIT = 48, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

void tw_order_free(tw_order *order)
{
	tw_free(order->list);
	tw_free(order->position);
	tw_free(order->cursor);
	memset(order, 0, sizeof *order);
}

static tw_status order_allocate(tw_order *order)
{
	bool uniform = order->sampling == TW_SAMPLE_UNIFORM;
	int64_t listed = uniform ? order->ahead * order->batch : order->n;
	int64_t cursors = uniform ? order->batch : order->steps_per_epoch;
	TW_TRY(tw_alloc_array((void **)&order->list, listed, sizeof(uint32_t), "the order of an epoch"));
	TW_TRY(tw_alloc_array((void **)&order->cursor, cursors, sizeof(uint32_t), "the order of an epoch"));
	if (uniform) return TW_OK;
	return tw_alloc_array((void **)&order->position, order->n, sizeof(uint32_t), "the order of an epoch");
}

tw_status tw_order_create(tw_order *order, const tw_order *like)
{
	*order = *like;
	order->first = order->last = 0;
	tw_status status = order_allocate(order);
	if (status != TW_OK) tw_order_free(order);
	return status;
}

/* ---- sorting -------------------------------------------------------------------------------------------------- */

static void sort_insertion(uint32_t *index, int64_t count)
{
	for (int64_t i = 1; i < count; i++) {
		uint32_t value = index[i];
		int64_t j = i;
		for (; j > 0 && index[j - 1] > value; j--) index[j] = index[j - 1];
		index[j] = value;
	}
}

/* One pass of a radix sort by the digit at `shift`. */
static void sort_digit(const uint32_t *in, uint32_t *out, int64_t count, int shift)
{
	uint32_t place[DIGITS] = {0};
	for (int64_t i = 0; i < count; i++) place[in[i] >> shift & (DIGITS - 1)]++;
	uint32_t sum = 0;
	for (int d = 0; d < DIGITS; d++) {
		uint32_t here = place[d];
		place[d] = sum;
		sum += here;
	}
	for (int64_t i = 0; i < count; i++) out[place[in[i] >> shift & (DIGITS - 1)]++] = in[i];
}

void tw_order_sort(uint32_t *index, uint32_t *scratch, int64_t count, int64_t n)
{
	if (count <= INSERTION_LIMIT) {
		sort_insertion(index, count);
		return;
	}
	uint32_t *from = index, *to = scratch;
	for (int shift = 0; shift < 32 && (n - 1) >> shift > 0; shift += DIGIT_BITS) {
		sort_digit(from, to, count, shift);
		uint32_t *exchanged = from;
		from = to;
		to = exchanged;
	}
	if (from != index) memcpy(index, from, (size_t)count * sizeof *index);
}

/* ---- batches -------------------------------------------------------------------------------------------------- */

/* Observation i stands at position[i] of the epoch, in batch position[i] / batch. Going through the observations in
 * order fills every batch in order. */
static void order_shuffle(tw_order *order, int64_t epoch)
{
	tw_random stream = {.seed = order->seed, .purpose = TW_RANDOM_SHUFFLE, .run = order->run};
	uint32_t n = (uint32_t)order->n, batch = (uint32_t)order->batch, *list = order->list, *cursor = order->cursor;
	const uint32_t *position = order->position;
	tw_random_permutation(stream, (uint64_t)epoch, n, order->position);
	if (batch == 1) {
		for (uint32_t i = 0; i < n; i++) list[position[i]] = i;
		return;
	}
	/* position / batch as a multiplication by the rounded-up reciprocal, exact for 32 bits. */
	uint64_t reciprocal = UINT64_MAX / batch + 1;
	for (int64_t b = 0; b < order->steps_per_epoch; b++) cursor[b] = (uint32_t)(b * order->batch);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = (uint32_t)((unsigned __int128)reciprocal * position[i] >> 64);
		list[cursor[b]++] = i;
	}
}

static void order_draw(tw_order *order)
{
	tw_random stream = {.seed = order->seed, .purpose = TW_RANDOM_SAMPLE, .run = order->run};
	uint32_t *list = order->list;
	for (int64_t step = order->first; step < order->last; step++, list += order->batch) {
		for (int64_t j = 0; j < order->batch; j++)
			list[j] = (uint32_t)tw_random_below(stream, (uint64_t)step, (uint64_t)j, (uint64_t)order->n);
		tw_order_sort(list, order->cursor, order->batch, order->n);
	}
}

void tw_order_prepare(tw_order *order, int64_t step)
{
	if (order->first <= step && step < order->last) return;
	if (order->sampling == TW_SAMPLE_UNIFORM) {
		order->first = step;
		order->last = step + order->ahead;
		order_draw(order);
		return;
	}
	bool once = order->sampling == TW_SAMPLE_SHUFFLE_ONCE;
	int64_t epoch = step / order->steps_per_epoch;
	if (!once || order->last == 0) order_shuffle(order, once ? 0 : epoch);
	order->first = epoch * order->steps_per_epoch;
	order->last = order->first + order->steps_per_epoch;
}
