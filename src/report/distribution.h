/* report/distribution.h: samples of one number: their quartiles, and tests of whether two of them come from the same
 * distribution. */
#ifndef THALWEG_REPORT_DISTRIBUTION_H
#define THALWEG_REPORT_DISTRIBUTION_H

#include <thalweg/core.h>

/* Sorts in ascending order. The functions below take samples sorted so, of finite numbers. */
void tw_sort_sample(double *values, int64_t count);

typedef struct {
	int64_t count;
	double minimum, lower_quartile, median, upper_quartile, maximum; /* NaN where count is 0 */
} tw_five_numbers;
/* Quartiles by linear interpolation between the two neighbours at (count - 1)/4, (count - 1)/2, 3 (count - 1)/4. */
tw_five_numbers tw_five_numbers_of(const double *sorted, int64_t count);

typedef struct {
	double statistic;
	double p;   /* two-sided: probability, under one common distribution, of a statistic at least as extreme */
	bool exact; /* p from the distribution for these sample sizes, not from its limit */
} tw_sample_test;
/* Kolmogorov and Smirnov: statistic D is the largest difference of the two empirical distribution functions. p belongs
 * to samples without ties; with ties it is an upper bound. a, b: m, n > 0 values. TW_NO_MEMORY. */
tw_status tw_kolmogorov_smirnov(const double *a, int64_t m, const double *b, int64_t n, tw_sample_test *out);
/* Mann and Whitney: statistic U is the number of pairs (x of a, y of b) with x > y, where ties count 1/2. p is exact
 * where the smaller sample has at most 8 values and there are no ties; else normal, corrected for continuity and ties.
 * a, b: m, n > 0 values. TW_NO_MEMORY. */
tw_status tw_mann_whitney(const double *a, int64_t m, const double *b, int64_t n, tw_sample_test *out);

/* The nearest number with this many significant digits; 16 or more: value itself. Keeps the order of numbers. */
double tw_round_digits(double value, int digits);

/* The limit of P(D > x / sqrt(mn / (m + n))) for large samples: 2 sum over k >= 1 of (-1)^(k-1) exp(-2 k^2 x^2). */
double tw_kolmogorov_tail(double x);

#endif
