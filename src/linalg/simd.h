/* SIMD vectors of `real` for the sources that are compiled once for each instruction set and precision
 * (core/variant.h), on GCC's vector extension: arithmetic operators work elementwise, and a * b + c becomes one fused
 * multiply-add where the instruction set has it. */
#ifndef THALWEG_LINALG_SIMD_H
#define THALWEG_LINALG_SIMD_H

#include <stddef.h>
#include <string.h>

#include "core/variant.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

typedef real vector __attribute__((vector_size(VECTOR_BYTES), aligned(VECTOR_BYTES)));
enum { VECTOR_LANES = VECTOR_BYTES / sizeof(real) };

static inline __attribute__((always_inline)) vector vector_load(const real *p) { return *(const vector *)p; }
static inline __attribute__((always_inline)) void vector_store(real *p, vector v) { *(vector *)p = v; }
static inline __attribute__((always_inline)) vector vector_fill(real x) { return x - (vector){0}; }
/* Where z < 0 the lanes of below, else those of other. */
static inline __attribute__((always_inline)) vector vector_where_negative(vector z, vector below, vector other)
{
#if defined(__AVX512F__)
	if (sizeof(real) == 4)
		return (vector)_mm512_mask_blend_ps(_mm512_cmp_ps_mask((__m512)z, _mm512_setzero_ps(), _CMP_LT_OQ),
		                                    (__m512)other, (__m512)below);
	return (vector)_mm512_mask_blend_pd(_mm512_cmp_pd_mask((__m512d)z, _mm512_setzero_pd(), _CMP_LT_OQ), (__m512d)other,
	                                    (__m512d)below);
#else
	typedef __typeof__(z < z) mask;
	const mask negative = z < (vector){0};
	return (vector)((negative & (mask)below) | (~negative & (mask)other));
#endif
}

/* The larger of each pair of lanes; y where one is not a number. */
static inline __attribute__((always_inline)) vector vector_max(vector x, vector y)
{
#if defined(__AVX512F__)
	if (sizeof(real) == 4) return (vector)_mm512_max_ps((__m512)x, (__m512)y);
	return (vector)_mm512_max_pd((__m512d)x, (__m512d)y);
#else
	typedef __typeof__(x > y) mask;
	const mask larger = x > y;
	return (vector)((larger & (mask)x) | (~larger & (mask)y));
#endif
}

/* Where z has its sign bit set the lanes of below, else those of other. */
static inline __attribute__((always_inline)) vector vector_where_signed(vector z, vector below, vector other)
{
#if defined(__AVX512F__)
	if (sizeof(real) == 4)
		return (vector)_mm512_mask_blend_ps(_mm512_movepi32_mask((__m512i)z), (__m512)other, (__m512)below);
	return (vector)_mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)z), (__m512d)other, (__m512d)below);
#else
	typedef __typeof__(z < z) mask;
	const mask negative = (mask)z >> (8 * (int)sizeof(real) - 1);
	return (vector)((negative & (mask)below) | (~negative & (mask)other));
#endif
}

/* The `group` reals at p (1, 2, 4, ... VECTOR_LANES of them, a constant; p aligned to them) again and again. */
static inline __attribute__((always_inline)) vector vector_group(const real *p, int group)
{
	const size_t bytes = (size_t)group * sizeof(real);
	if (group == 1) return vector_fill(*p);
	if (bytes == VECTOR_BYTES) return vector_load(p);
#if defined(__AVX512F__)
	if (bytes == 8) return (vector)_mm512_castpd_si512(_mm512_set1_pd(*(const double *)(const void *)p));
	if (bytes == 16) return (vector)_mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)(const void *)p));
	if (bytes == 32) return (vector)_mm512_broadcast_i64x4(_mm256_load_si256((const __m256i *)(const void *)p));
#elif defined(__AVX2__)
	if (bytes == 8) return (vector)_mm256_set1_pd(*(const double *)(const void *)p);
	if (bytes == 16) return (vector)_mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(const void *)p));
#endif
	vector out;
	for (size_t at = 0; at < VECTOR_BYTES; at += bytes) memcpy((char *)&out + at, p, bytes);
	return out;
}

#endif
