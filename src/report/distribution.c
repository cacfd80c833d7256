#include "report/distribution.h"

#include <math.h>
#include <stdlib.h>

/* ---- quartiles ----------------------------------------------------------------------------------------------- */

static int compare_reals(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void tw_sort_sample(double *values, int64_t count)
{
	if (count > 1) qsort(values, (size_t)count, sizeof *values, compare_reals);
}

double tw_round_digits(double value, int digits)
{
	if (digits >= 16) return value;
	double unit = pow(10, digits - 1 - floor(log10(fabs(value)))), rounded = round(value * unit) / unit;
	return isfinite(unit) && isfinite(rounded) ? rounded : value;
}

/* The value at the fraction quarters / 4 of the way through the sample. */
static double quantile(const double *sorted, int64_t count, int quarters)
{
	int64_t place = (count - 1) * quarters, below = place / 4;
	double share = (double)(place % 4) / 4;
	return share == 0 ? sorted[below] : sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

tw_five_numbers tw_five_numbers_of(const double *sorted, int64_t count)
{
	if (count == 0) return (tw_five_numbers){0, NAN, NAN, NAN, NAN, NAN};
	return (tw_five_numbers){
	    .count = count,
	    .minimum = sorted[0],
	    .lower_quartile = quantile(sorted, count, 1),
	    .median = quantile(sorted, count, 2),
	    .upper_quartile = quantile(sorted, count, 3),
	    .maximum = sorted[count - 1],
	};
}

/* ---- two samples merged -------------------------------------------------------------------------------------- */

/* A walk through both samples at once, value by value. */
typedef struct {
	const double *a, *b;
	int64_t m, n;
	int64_t i, j;             /* values up to and with the current one */
	int64_t equal_a, equal_b; /* values equal to the current one */
} merged;

static bool next_value(merged *self)
{
	if (self->i == self->m && self->j == self->n) return false;
	bool from_a = self->j == self->n || (self->i < self->m && self->a[self->i] < self->b[self->j]);
	double value = from_a ? self->a[self->i] : self->b[self->j];
	int64_t i = self->i, j = self->j;
	while (self->i < self->m && self->a[self->i] == value) self->i++;
	while (self->j < self->n && self->b[self->j] == value) self->j++;
	self->equal_a = self->i - i;
	self->equal_b = self->j - j;
	return true;
}

/* ---- Kolmogorov and Smirnov ---------------------------------------------------------------------------------- */

/* Lattice points that the exact p-value may visit: enough for any two samples of 10,000. */
static const int64_t most_points = INT64_C(1) << 28;

double tw_kolmogorov_tail(double x)
{
	const double pi = 3.14159265358979323846;
	if (x <= 0) return 1;
	double sum = 0;
	if (x < 1) { /* the theta function's other series, which converges fast here */
		for (int k = 1; k <= 9; k += 2) sum += exp(-k * k * pi * pi / (8 * x * x));
		return 1 - sqrt(2 * pi) / x * sum;
	}
	for (int k = 5; k >= 1; k--) sum = exp(-2 * k * k * x * x) - sum;
	return 2 * sum;
}

/* The largest |i n - j m| over all values, i and j being how many of a and of b are not above it; m n D. */
static int64_t largest_gap(merged walk)
{
	int64_t gap = 0;
	while (next_value(&walk)) {
		int64_t here = llabs(walk.i * walk.n - walk.j * walk.m);
		if (here > gap) gap = here;
	}
	return gap;
}

/* Merged in order, two samples are a lattice path from (0, 0) to (m, n), and all paths are equally likely. outside[j]
 * is the share of the paths to (i, j) that have met a point with |i n - j m| >= gap: 1 at such a point, else
 * i / (i + j) of that at (i - 1, j) and j / (i + j) of that at (i, j - 1). Only positive terms are added, so that the
 * smallest p-values are as exact as the largest. */
static tw_status share_outside(int64_t m, int64_t n, int64_t gap, double *p)
{
	void *memory;
	TW_TRY(tw_alloc_array(&memory, n + 1, sizeof(double), "the exact Kolmogorov-Smirnov test"));
	double *outside = memory;
	for (int64_t j = 0; j <= n; j++) outside[j] = 1;
	for (int64_t i = 0; i <= m; i++) {
		/* the points inside: i n - gap < j m < i n + gap */
		int64_t low = i * n < gap ? 0 : (i * n - gap) / m + 1, high = (i * n + gap - 1) / m;
		if (high > n) high = n;
		double left = low > 0 ? 1 : 0;
		if (low > 0) outside[low - 1] = 1;
		for (int64_t j = low; j <= high; j++) {
			double above = i > 0 ? outside[j] : 0, share = i + j > 0 ? 1.0 / (double)(i + j) : 0;
			left = above * ((double)i * share) + left * ((double)j * share);
			outside[j] = left;
		}
	}
	*p = fmin(outside[n], 1);
	tw_free(memory);
	return TW_OK;
}

tw_status tw_kolmogorov_smirnov(const double *a, int64_t m, const double *b, int64_t n, tw_sample_test *out)
{
	merged walk = {.a = a, .m = m, .b = b, .n = n};
	int64_t gap = largest_gap(walk);
	*out = (tw_sample_test){.statistic = (double)gap / ((double)m * (double)n), .p = 1, .exact = true};
	if (gap == 0) return TW_OK;
	if (2 * gap + m + n <= most_points) return share_outside(m, n, gap, &out->p);
	/* The limit, with the correction of J. Vrbik (Pioneer Journal of Theoretical and Applied Statistics, 2018) for the
	 * terms of order 1 / sqrt(size) and 1 / size. */
	double size = (double)m * (double)n / (double)(m + n), x = sqrt(size) * out->statistic;
	out->p = fmin(tw_kolmogorov_tail(x + 1 / (6 * sqrt(size)) + (x - 1) / (4 * size)), 1);
	out->exact = false;
	return TW_OK;
}

/* ---- Mann and Whitney ---------------------------------------------------------------------------------------- */

enum { MOST_EXACT = 8 };

/* P(U <= bound) without ties. The numbers of orders with U = 0, 1, 2, ... are the coefficients of the Gaussian binomial
 * (s + l over s), the product over i = 1 .. s of (1 - q^(l + i)) / (1 - q^i). */
static tw_status share_up_to(int64_t s, int64_t l, int64_t bound, double *p)
{
	void *memory;
	TW_TRY(tw_alloc_array(&memory, bound + 1, sizeof(double), "the exact Mann-Whitney test"));
	double *orders = memory, all = 1, sum = 0;
	orders[0] = 1;
	for (int64_t i = 1; i <= s; i++) {
		for (int64_t u = bound; u >= l + i; u--) orders[u] -= orders[u - l - i];
		for (int64_t u = i; u <= bound; u++) orders[u] += orders[u - i];
		all *= (double)(l + i) / (double)i;
	}
	for (int64_t u = 0; u <= bound; u++) sum += orders[u];
	tw_free(memory);
	*p = sum / all;
	return TW_OK;
}

/* 2 P(Z >= z) of a normal Z; all: number of values; ties: sum of t^3 - t over groups of t equal values. */
static double normal_p(double m, double n, double largest_u, double ties)
{
	double all = m + n, variance = m * n / 12 * ((all + 1) - ties / (all * (all - 1)));
	if (variance <= 0) return 1; /* all values are equal */
	return fmin(erfc((largest_u - m * n / 2 - 0.5) / sqrt(2 * variance)), 1);
}

tw_status tw_mann_whitney(const double *a, int64_t m, const double *b, int64_t n, tw_sample_test *out)
{
	merged walk = {.a = a, .m = m, .b = b, .n = n};
	int64_t twice_u = 0;
	double ties = 0;
	while (next_value(&walk)) {
		twice_u += walk.equal_a * (2 * walk.j - walk.equal_b);
		double t = (double)(walk.equal_a + walk.equal_b);
		ties += t * (t * t - 1);
	}
	double u = (double)twice_u / 2;
	int64_t small = m < n ? m : n, large = m < n ? n : m;
	*out = (tw_sample_test){.statistic = u, .exact = ties == 0 && small <= MOST_EXACT};
	if (!out->exact) {
		out->p = normal_p((double)m, (double)n, fmax(u, (double)m * (double)n - u), ties);
		return TW_OK;
	}
	int64_t lower = twice_u / 2, upper = m * n - lower;
	TW_TRY(share_up_to(small, large, lower < upper ? lower : upper, &out->p));
	out->p = fmin(2 * out->p, 1);
	return TW_OK;
}
