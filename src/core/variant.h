/* Code compiled once for each instruction set and precision.
 *
 * A source file in the list THALWEG_VARIANT_SOURCES of CMakeLists.txt is compiled six times: with TW_ISA_NAME one of
 * avx512, avx2, baseline and TW_REAL_NAME one of float, double. Its functions are static, with plain names, and work on
 * arrays of `real`; it exports one table, defined under the name TW_VARIANT(table), e.g. tw_activations_avx2_float. The
 * rest of the program gets the right table with TW_SELECT_VARIANT(table, precision). */
#ifndef THALWEG_CORE_VARIANT_H
#define THALWEG_CORE_VARIANT_H

#include <thalweg/core.h>

/* The instruction set in use: the best this processor has, or what the environment variable THALWEG_ISA forces
 * (avx512, avx2, baseline). */
typedef enum { TW_ISA_BASELINE = 0, TW_ISA_AVX2, TW_ISA_AVX512 } tw_isa;
tw_isa tw_isa_current(void);
const char *tw_isa_name(tw_isa isa);
/* TW_USAGE when THALWEG_ISA is unknown or names a set this processor lacks. Call once at the start. */
tw_status tw_isa_check(void);

#define TW_DECLARE_VARIANTS(type, table)                                                                    \
	extern const type table##_avx512_float, table##_avx512_double, table##_avx2_float, table##_avx2_double, \
	    table##_baseline_float, table##_baseline_double

#define TW_SELECT_VARIANT(table, precision)                                                                         \
	(tw_isa_current() == TW_ISA_AVX512 ? ((precision) == TW_FLOAT ? &table##_avx512_float : &table##_avx512_double) \
	 : tw_isa_current() == TW_ISA_AVX2                                                                              \
	     ? ((precision) == TW_FLOAT ? &table##_avx2_float : &table##_avx2_double)                                   \
	     : ((precision) == TW_FLOAT ? &table##_baseline_float : &table##_baseline_double))

#ifdef TW_REAL_NAME
typedef TW_REAL_NAME real;
#define TW_VARIANT_JOIN3(a, b, c) a##_##b##_##c
#define TW_VARIANT_JOIN(a, b, c) TW_VARIANT_JOIN3(a, b, c)
#define TW_VARIANT(table) TW_VARIANT_JOIN(table, TW_ISA_NAME, TW_REAL_NAME)
#endif

#endif
