/* Numbers below the normal range are taken as zero in threads that compute: they carry no information and cost a
 * hundred cycles each. Every thread of every layout does so, or bits would depend on who computed. */
#ifndef THALWEG_CORE_DENORMALS_H
#define THALWEG_CORE_DENORMALS_H

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* For the calling thread, from now on. */
static inline void flush_denormals(void)
{
#if defined(__x86_64__)
	enum { FLUSH_RESULTS = 0x8000, ZERO_OPERANDS = 0x0040 };
	_mm_setcsr(_mm_getcsr() | FLUSH_RESULTS | ZERO_OPERANDS);
#endif
}

#endif
