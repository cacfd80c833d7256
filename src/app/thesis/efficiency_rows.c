/* The training sets of experiment 5.2: rows of California housing as NumPy draws them. */
#include "app/thesis/efficiency.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUSING_ROWS = 20640, DISCARDED = 10 };
const int64_t efficiency_size[EFFICIENCY_SIZES] = {100, 1000, 10000};

/* ---- the generator ------------------------------------------------------------------------------------------- */

typedef unsigned __int128 wide;

typedef struct {
	wide state, increment;
	uint32_t kept; /* upper half of the last output, for the next 32 bits */
	bool has_kept;
} generator;

/* ---- seeding: words of entropy stirred into a pool of four, from which words of state are drawn */

enum { POOL = 4, STATE_WORDS = 8 };

static uint32_t stir(uint32_t value, uint32_t *factor)
{
	value ^= *factor;
	*factor *= UINT32_C(0x931e8875);
	value *= *factor;
	return value ^ value >> 16;
}

static uint32_t mix(uint32_t x, uint32_t y)
{
	const uint32_t mixed = UINT32_C(0xca01f9dd) * x - UINT32_C(0x4973f715) * y;
	return mixed ^ mixed >> 16;
}

static void fill_pool(uint32_t seed, uint32_t pool[POOL])
{
	uint32_t factor = UINT32_C(0x43b0d7e5);
	for (int i = 0; i < POOL; i++) pool[i] = stir(i ? 0 : seed, &factor);
	for (int from = 0; from < POOL; from++)
		for (int to = 0; to < POOL; to++)
			if (from != to) pool[to] = mix(pool[to], stir(pool[from], &factor));
}

static void draw_state(const uint32_t pool[POOL], uint64_t state[STATE_WORDS / 2])
{
	uint32_t factor = UINT32_C(0x8b51f9dd), word[STATE_WORDS];
	for (int i = 0; i < STATE_WORDS; i++) {
		uint32_t value = pool[i % POOL] ^ factor;
		factor *= UINT32_C(0x58f38ded);
		value *= factor;
		word[i] = value ^ value >> 16;
	}
	for (int i = 0; i < STATE_WORDS / 2; i++) state[i] = word[2 * i] | (uint64_t)word[2 * i + 1] << 32;
}

/* ---- numbers */

static void advance(generator *g)
{
	const wide factor = (wide)UINT64_C(2549297995355413924) << 64 | UINT64_C(4865540595714422341);
	g->state = g->state * factor + g->increment;
}

static generator seeded(uint32_t seed)
{
	uint32_t pool[POOL];
	uint64_t word[STATE_WORDS / 2];
	fill_pool(seed, pool);
	draw_state(pool, word);
	generator g = {.increment = ((wide)word[2] << 64 | word[3]) << 1 | 1};
	advance(&g);
	g.state += (wide)word[0] << 64 | word[1];
	advance(&g);
	return g;
}

static uint32_t next(generator *g)
{
	g->has_kept = !g->has_kept;
	if (!g->has_kept) return g->kept;
	advance(g);
	const uint64_t folded = (uint64_t)(g->state >> 64) ^ (uint64_t)g->state;
	const int turn = (int)(g->state >> 122);
	const uint64_t output = folded >> turn | folded << (-turn & 63);
	g->kept = (uint32_t)(output >> 32);
	return (uint32_t)output;
}

/* Uniform in [0, limit]; limit 0 draws nothing. */
static uint32_t up_to(generator *g, uint32_t limit)
{
	if (limit == 0) return 0;
	const uint32_t count = limit + 1;
	uint64_t product = (uint64_t)next(g) * count;
	if ((uint32_t)product < count) {
		const uint32_t uneven = (UINT32_MAX - limit) % count;
		while ((uint32_t)product < uneven) product = (uint64_t)next(g) * count;
	}
	return (uint32_t)(product >> 32);
}

/* ---- choices ------------------------------------------------------------------------------------------------- */

/* Places n - 1, n - 2, ..., first of row change with a place at or before them. */
static void shuffle(generator *g, int64_t *row, int64_t n, int64_t first)
{
	for (int64_t i = n - 1; i >= first; i--) {
		const int64_t j = up_to(g, (uint32_t)i), kept = row[j];
		row[j] = row[i];
		row[i] = kept;
	}
}

/* The tail of all rows, shuffled: n of them. */
static void choose_tail(generator *g, int64_t n, int64_t all[HOUSING_ROWS], int64_t *row)
{
	for (int64_t i = 0; i < HOUSING_ROWS; i++) all[i] = i;
	shuffle(g, all, HOUSING_ROWS, HOUSING_ROWS - n);
	memcpy(row, all + HOUSING_ROWS - n, (size_t)n * sizeof *row);
}

/* For j = N - n, ..., N - 1: a row up to j, or j where that is taken already. taken: a flag a row, all 0. */
static void choose_few(generator *g, int64_t n, int64_t taken[HOUSING_ROWS], int64_t *row)
{
	memset(taken, 0, HOUSING_ROWS * sizeof *taken);
	for (int64_t i = 0; i < n; i++) {
		const int64_t j = HOUSING_ROWS - n + i, drawn = up_to(g, (uint32_t)j);
		row[i] = taken[drawn] ? j : drawn;
		taken[row[i]] = 1;
	}
	shuffle(g, row, n, 1);
}

static void choose(generator *g, int64_t n, int64_t work[HOUSING_ROWS], int64_t *row)
{
	(n > HOUSING_ROWS / 50 ? choose_tail : choose_few)(g, n, work, row);
}

/* row: room for the largest of the sets. */
static tw_status draw_rows(int64_t n, int64_t *row)
{
	generator g = seeded(42);
	int64_t *work;
	TW_TRY(tw_alloc_array((void **)&work, HOUSING_ROWS, sizeof *work, "the rows of a training set"));
	choose(&g, DISCARDED, work, row);
	for (int i = 0; i < EFFICIENCY_SIZES; i++) {
		choose(&g, efficiency_size[i], work, row);
		if (efficiency_size[i] == n) break;
	}
	tw_free(work);
	return TW_OK;
}

/* ---- the file ------------------------------------------------------------------------------------------------ */

static tw_status write_rows(const char *folder, const char *name, int64_t n, const int64_t *row)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, name));
	for (int64_t i = 0; i < n; i++) fprintf(out.file, "%" PRId64 "\n", row[i]);
	return tw_part_close(&out);
}

static tw_status make_file(const thesis_context *context, const char *name, int64_t n)
{
	int64_t *row;
	TW_TRY(tw_alloc_array((void **)&row, efficiency_size[EFFICIENCY_SIZES - 1], sizeof *row, "a training set"));
	tw_status status = draw_rows(n, row);
	if (status == TW_OK) status = write_rows(context->folder, name, n, row);
	tw_free(row);
	return status;
}

tw_status efficiency_rows(const thesis_context *context, int64_t n, char **file)
{
	char name[64];
	*file = NULL;
	snprintf(name, sizeof name, "california-rows-%" PRId64 ".txt", n);
	tw_status status = context->speaks ? make_file(context, name, n) : TW_OK;
	if (status == TW_OK) status = thesis_path(context, name, file);
	status = tw_comm_agree(context->comm, status);
	if (status == TW_OK) return TW_OK;
	tw_free(*file);
	*file = NULL;
	return status;
}
