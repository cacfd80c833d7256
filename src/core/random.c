/* Random streams from the counter-based generator Philox4x64-10.
 *
 * Key (seed, purpose 2^32 + run), counter (step, index, attempt, 0). Attempts other than 0 occur only where a draw of
 * tw_random_below is rejected. */
#include <thalweg/core.h>

#include <Random123/philox.h>
#include <math.h>

static philox4x64_ctr_t draw(tw_random stream, uint64_t step, uint64_t index, uint64_t attempt)
{
	philox4x64_key_t key = {{stream.seed, (uint64_t)stream.purpose << 32 | stream.run}};
	philox4x64_ctr_t counter = {{step, index, attempt, 0}};
	return philox4x64(counter, key);
}

/* In [0, 1): the upper 53 bits. */
static double to_unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

void tw_random_block(tw_random stream, uint64_t step, uint64_t index, uint64_t out[4])
{
	philox4x64_ctr_t block = draw(stream, step, index, 0);
	for (int i = 0; i < 4; i++) out[i] = block.v[i];
}

double tw_random_uniform(tw_random stream, uint64_t step, uint64_t index)
{
	return to_unit(draw(stream, step, index, 0).v[0]);
}

double tw_random_normal(tw_random stream, uint64_t step, uint64_t index)
{
	philox4x64_ctr_t block = draw(stream, step, index, 0);
	double radius = sqrt(-2 * log(1 - to_unit(block.v[0])));
	return radius * cos(6.283185307179586476925 * to_unit(block.v[1]));
}

/* The upper half of bits * n is uniform in [0, n) once the lower halves below 2^64 mod n are rejected (Lemire 2019). */
uint64_t tw_random_below(tw_random stream, uint64_t step, uint64_t index, uint64_t n)
{
	if (n < 2) return 0;
	for (uint64_t attempt = 0;; attempt++) {
		philox4x64_ctr_t block = draw(stream, step, index, attempt);
		for (int i = 0; i < 4; i++) {
			unsigned __int128 product = (unsigned __int128)block.v[i] * n;
			uint64_t low = (uint64_t)product;
			if (low >= n || low >= -n % n) return (uint64_t)(product >> 64);
		}
	}
}

/* Position i exchanges with a position in [0, i]. The draws are not rejected: n < 2^32 leaves a bias below 2^-32. */
void tw_random_permutation(tw_random stream, uint64_t step, uint32_t n, uint32_t *out)
{
	for (uint32_t i = 0; i < n; i++) out[i] = i;
	philox4x64_ctr_t block = {{0, 0, 0, 0}};
	for (uint32_t drawn = 0; drawn + 1 < n; drawn++) {
		if (drawn % 4 == 0) block = draw(stream, step, drawn / 4, 0);
		uint32_t last = n - 1 - drawn;
		uint32_t other = (uint32_t)((unsigned __int128)block.v[drawn % 4] * ((uint64_t)last + 1) >> 64);
		uint32_t exchanged = out[last];
		out[last] = out[other];
		out[other] = exchanged;
	}
}
