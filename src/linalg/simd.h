/* SIMD vectors of `real` for the sources that are compiled once for each instruction set and precision
 * (core/variant.h), on GCC's vector extension: arithmetic operators work elementwise, and a * b + c becomes one fused
 * multiply-add where the instruction set has it. */
#ifndef THALWEG_LINALG_SIMD_H
#define THALWEG_LINALG_SIMD_H

#include "core/variant.h"

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

#endif
