/* What this machine can do at most, measured: the yardstick of the benchmarks. */
#ifndef THALWEG_LINALG_PEAK_H
#define THALWEG_LINALG_PEAK_H

typedef struct tw_peak {
	double float_gflops, double_gflops; /* multiply-adds in registers, counted as two operations each, all threads */
	double triad_gbytes;                /* a = b + s c over arrays far larger than the caches: 24 bytes an element */
} tw_peak;

/* Takes about a second. threads: OpenMP threads to measure with. Medians of several runs. */
void tw_peak_measure(int threads, tw_peak *out);

#endif
