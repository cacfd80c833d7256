/* Quartiles, Kolmogorov-Smirnov and Mann-Whitney tests against closed forms and the enumeration of all orders. */
#include "report/compare_table.h"
#include "report/distribution.h"

#include "suite.h"

enum { MOST = 6 };

/* ---- all orders of two small samples --------------------------------------------------------------------------- */

/* Bit k of order: whether the value k + 1 belongs to the first sample. */
static void split(unsigned order, int total, double *a, double *b)
{
	for (int k = 0; k < total; k++) *((order >> k & 1) ? a++ : b++) = k + 1;
}

static double gap_of(unsigned order, int m, int n)
{
	int i = 0, j = 0, largest = 0;
	for (int k = 0; k < m + n; k++) {
		*((order >> k & 1) ? &i : &j) += 1;
		int gap = i * n > j * m ? i * n - j * m : j * m - i * n;
		if (gap > largest) largest = gap;
	}
	return (double)largest / (m * n);
}

static double pairs_of(unsigned order, int m, int n)
{
	int b_before = 0, pairs = 0;
	for (int k = 0; k < m + n; k++) {
		if (order >> k & 1)
			pairs += b_before;
		else
			b_before++;
	}
	return pairs;
}

typedef double statistic_of(unsigned order, int m, int n);

/* Share of all orders whose statistic is at least this one. */
static double share_at_least(statistic_of *statistic, double value, int m, int n)
{
	int orders = 0, extreme = 0;
	for (unsigned order = 0; order < 1u << (m + n); order++) {
		if (__builtin_popcount(order) != m) continue;
		orders++;
		extreme += statistic(order, m, n) > value - 1e-9;
	}
	return (double)extreme / orders;
}

static void check_order(unsigned order, int m, int n)
{
	double a[2 * MOST], b[2 * MOST], d = gap_of(order, m, n), u = pairs_of(order, m, n);
	tw_sample_test test;
	split(order, m + n, a, b);
	CHECK_OK(tw_kolmogorov_smirnov(a, m, b, n, &test));
	CU_ASSERT_TRUE(test.exact);
	CU_ASSERT_DOUBLE_EQUAL(test.statistic, d, 1e-15);
	CU_ASSERT_DOUBLE_EQUAL(test.p, share_at_least(gap_of, d, m, n), 1e-14);
	CHECK_OK(tw_mann_whitney(a, m, b, n, &test));
	CU_ASSERT_TRUE(test.exact);
	CU_ASSERT_EQUAL(test.statistic, u);
	CU_ASSERT_DOUBLE_EQUAL(test.p, fmin(1, 2 * share_at_least(pairs_of, fmax(u, m * n - u), m, n)), 1e-14);
}

static void test_all_orders(void)
{
	for (int m = 1; m <= MOST; m++)
		for (int n = 1; n <= MOST && m + n <= 9; n++)
			for (unsigned order = 0; order < 1u << (m + n); order++)
				if (__builtin_popcount(order) == m) check_order(order, m, n);
}

/* ---- closed forms ------------------------------------------------------------------------------------------------ */

/* C(2n, n - h) / C(2n, n) */
static double binomial_share(int n, int h)
{
	double share = 1;
	for (int i = 0; i < h; i++) share *= (double)(n - i) / (n - i + h);
	return share;
}

/* Equal sizes: P(D >= h / n) = 2 sum over k >= 1 of (-1)^(k-1) C(2n, n - k h) / C(2n, n), by reflection. */
static void test_equal_sizes(void)
{
	enum { N = 300 };
	double a[N], b[N];
	const int shifts[] = {1, 7, 20, 45, 120, N};
	for (size_t s = 0; s < sizeof shifts / sizeof *shifts; s++) {
		const int h = shifts[s];
		double p = 0;
		for (int k = N / h; k >= 1; k--) p += (k % 2 ? 2 : -2) * binomial_share(N, k * h);
		for (int i = 0; i < N; i++) a[i] = i, b[i] = i + h - 0.5;
		tw_sample_test test;
		CHECK_OK(tw_kolmogorov_smirnov(a, N, b, N, &test));
		CU_ASSERT_DOUBLE_EQUAL(test.statistic, (double)h / N, 1e-15);
		CU_ASSERT_TRUE(fabs(test.p / p - 1) < 1e-11);
	}
}

/* One value against n: each of its n + 1 places is as likely. */
static void test_one_against_many(void)
{
	enum { N = 1000 };
	double a[1], b[N];
	for (int i = 0; i < N; i++) b[i] = i;
	for (int place = 0; place <= N; place += 125) {
		tw_sample_test test;
		int far = place > N - place ? place : N - place, extreme = 2 * (N - far + 1);
		double p = fmin(1, (double)extreme / (N + 1));
		a[0] = place - 0.5;
		CHECK_OK(tw_kolmogorov_smirnov(a, 1, b, N, &test));
		CU_ASSERT_DOUBLE_EQUAL(test.p, p, 1e-12);
		CHECK_OK(tw_mann_whitney(a, 1, b, N, &test));
		CU_ASSERT_EQUAL(test.statistic, place);
		CU_ASSERT_DOUBLE_EQUAL(test.p, p, 1e-12);
	}
}

static void test_kolmogorov_tail(void)
{
	/* the two series agree where they meet; table values */
	CU_ASSERT_DOUBLE_EQUAL(tw_kolmogorov_tail(1 - 1e-13), tw_kolmogorov_tail(1), 1e-12);
	CU_ASSERT_DOUBLE_EQUAL(tw_kolmogorov_tail(1.3580986), 0.05, 1e-7);
	CU_ASSERT_DOUBLE_EQUAL(tw_kolmogorov_tail(1.6276236), 0.01, 1e-7);
	CU_ASSERT_EQUAL(tw_kolmogorov_tail(0), 1);
	CU_ASSERT_DOUBLE_EQUAL(tw_kolmogorov_tail(0.1), 1, 1e-15);
	for (double x = 0.05; x < 4; x += 0.05) CU_ASSERT_TRUE(tw_kolmogorov_tail(x) <= tw_kolmogorov_tail(x - 0.05));
}

/* Past the size where the exact p is counted, the limit takes over, and both agree near the border. */
static void test_large_samples(void)
{
	enum { SMALL = 20000, LARGE = 600000 };
	void *memory;
	CHECK_OK(tw_alloc_array(&memory, 2 * LARGE, sizeof(double), "a test"));
	double *a = memory, *b = a + LARGE, p[2];
	const int sizes[] = {SMALL, LARGE};
	for (int s = 0; s < 2; s++) {
		int n = sizes[s];
		/* D = 1.2 sqrt(2 / n): the same point of the limit for both sizes */
		double shift = floor(1.2 * sqrt(2.0 * n));
		for (int i = 0; i < n; i++) a[i] = i, b[i] = i + shift - 0.5;
		tw_sample_test test;
		CHECK_OK(tw_kolmogorov_smirnov(a, n, b, n, &test));
		CU_ASSERT_EQUAL(test.exact, s == 0);
		CU_ASSERT_DOUBLE_EQUAL(test.statistic, shift / n, 1e-15);
		p[s] = test.p;
	}
	CU_ASSERT_DOUBLE_EQUAL(p[0], p[1], 0.01 * p[1]);
	tw_free(memory);
}

static void test_ties(void)
{
	const double a[] = {1, 1, 2, 3, 3}, b[] = {1, 2, 2, 4};
	tw_sample_test test, turned;
	CHECK_OK(tw_kolmogorov_smirnov(a, 5, b, 4, &test));
	CU_ASSERT_DOUBLE_EQUAL(test.statistic, 0.25, 1e-15); /* above 3: 1 - 3/4 */
	CHECK_OK(tw_mann_whitney(a, 5, b, 4, &test));
	/* 1: half a pair, twice; 2: 1 + 2/2; 3: 3 pairs, twice. Groups of 3, 3 and 2 equal values. */
	CU_ASSERT_EQUAL(test.statistic, 9);
	CU_ASSERT_FALSE(test.exact);
	double deviation = sqrt(5 * 4 / 12.0 * (10 - (24 + 24 + 6) / (9.0 * 8)));
	CU_ASSERT_DOUBLE_EQUAL(test.p, erfc((11 - 10 - 0.5) / deviation / sqrt(2)), 1e-15);
	CHECK_OK(tw_mann_whitney(b, 4, a, 5, &turned));
	CU_ASSERT_EQUAL(turned.statistic, 11);
	CU_ASSERT_DOUBLE_EQUAL(turned.p, test.p, 1e-15);

	const double same[] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
	CHECK_OK(tw_kolmogorov_smirnov(same, 10, same, 3, &test));
	CU_ASSERT_EQUAL(test.statistic, 0);
	CU_ASSERT_EQUAL(test.p, 1);
	CHECK_OK(tw_mann_whitney(same, 10, same, 10, &test));
	CU_ASSERT_EQUAL(test.statistic, 50);
	CU_ASSERT_EQUAL(test.p, 1);
}

static void test_quartiles(void)
{
	double values[] = {4, -1, 2.5, 8, 2};
	tw_sort_sample(values, 5);
	tw_five_numbers n = tw_five_numbers_of(values, 5);
	CU_ASSERT_TRUE(n.count == 5 && n.minimum == -1 && n.lower_quartile == 2 && n.median == 2.5 &&
	               n.upper_quartile == 4 && n.maximum == 8);
	n = tw_five_numbers_of(values, 4); /* -1 2 2.5 4 */
	CU_ASSERT_TRUE(n.lower_quartile == 1.25 && n.median == 2.25 && n.upper_quartile == 2.875);
	n = tw_five_numbers_of(values + 4, 1);
	CU_ASSERT_TRUE(n.minimum == 8 && n.lower_quartile == 8 && n.median == 8 && n.upper_quartile == 8);
	n = tw_five_numbers_of(values, 0);
	CU_ASSERT_TRUE(n.count == 0 && isnan(n.median));
}

static void test_rounding(void)
{
	CU_ASSERT_EQUAL(tw_round_digits(0.5952433943748474, 6), tw_round_digits(0.595243394, 6));
	CU_ASSERT_EQUAL(tw_round_digits(0.59524344, 6), tw_round_digits(0.5952434539794922, 6));
	CU_ASSERT_DOUBLE_EQUAL(tw_round_digits(1.23456789e-23, 3), 1.23e-23, 1e-38);
	CU_ASSERT_EQUAL(tw_round_digits(-987.654, 2), -990);
	CU_ASSERT_EQUAL(tw_round_digits(0.99999999, 4), 1);
	CU_ASSERT_EQUAL(tw_round_digits(0, 4), 0);
	CU_ASSERT_EQUAL(tw_round_digits(1 / 3.0, 16), 1 / 3.0);
	CU_ASSERT_EQUAL(tw_round_digits(5e-324, 4), 5e-324);
}

static void test_key_texts(void)
{
	static const struct {
		const char *field, *text;
	} cases[] = {
	    {"1e-4", "0.0001"},
	    {"0.0001", "0.0001"},
	    {"0.100000001", "0.1"},
	    {"1.0", "1"},
	    {"1e2", "100"},
	    {"007", "7"},
	    {"5-5", "5-5"},
	    {"all", "all"},
	    {"", ""},
	    {"-0.5", "-0.5"},
	    {"nan", "nan"},
	    {"3e-08", "3e-08"},
	    {"1e+300", "1e+300"},
	    {"1234567891234567891", "1234567891234567891"},
	};
	char text[TW_KEY_TEXT];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CU_ASSERT_STRING_EQUAL(tw_key_text(cases[i].field, text), cases[i].text);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"all orders of small samples", test_all_orders},
	    {"Kolmogorov-Smirnov, equal sizes", test_equal_sizes},
	    {"one value against many", test_one_against_many},
	    {"Kolmogorov's limit", test_kolmogorov_tail},
	    {"large samples", test_large_samples},
	    {"ties", test_ties},
	    {"quartiles", test_quartiles},
	    {"rounding to digits", test_rounding},
	    {"values of key columns", test_key_texts},
	    CU_TEST_INFO_NULL,
	};
	return suite_run("distribution", tests, 0) != 0;
}
