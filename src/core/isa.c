/* Choice of the instruction set at run time. */
#include "core/variant.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [TW_ISA_BASELINE] = "baseline",
    [TW_ISA_AVX2] = "avx2",
    [TW_ISA_AVX512] = "avx512",
};
enum { ISA_COUNT = sizeof names / sizeof *names, UNKNOWN = -1 };

static int best_of_processor(void)
{
	__builtin_cpu_init();
	bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
	              __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
	return avx2 && avx512 ? TW_ISA_AVX512 : avx2 ? TW_ISA_AVX2 : TW_ISA_BASELINE;
}

static int find(const char *name)
{
	for (int i = 0; i < ISA_COUNT; i++) {
		if (strcmp(names[i], name) == 0) return i;
	}
	return UNKNOWN;
}

static const char *forced(void)
{
	const char *name = getenv("THALWEG_ISA");
	return name && *name ? name : NULL;
}

tw_isa tw_isa_current(void)
{
	static atomic_int chosen = UNKNOWN;
	int isa = atomic_load_explicit(&chosen, memory_order_relaxed);
	if (isa != UNKNOWN) return (tw_isa)isa;
	int best = best_of_processor(), wanted = forced() ? find(forced()) : best;
	isa = wanted == UNKNOWN || wanted > best ? best : wanted;
	atomic_store_explicit(&chosen, isa, memory_order_relaxed);
	return (tw_isa)isa;
}

const char *tw_isa_name(tw_isa isa) { return names[isa]; }

tw_status tw_isa_check(void)
{
	const char *name = forced();
	if (!name) return TW_OK;
	int wanted = find(name), best = best_of_processor();
	TW_CHECK(wanted != UNKNOWN, TW_USAGE, "environment variable THALWEG_ISA is '%s': use avx512, avx2 or baseline",
	         name);
	TW_CHECK(wanted <= best, TW_USAGE,
	         "environment variable THALWEG_ISA asks for %s, which this processor lacks: use %s or leave it unset", name,
	         names[best]);
	return TW_OK;
}
