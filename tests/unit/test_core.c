/* Status, memory, random streams, digests, text of numbers, choice of the instruction set. */
#include "suite.h"

#include <thalweg/core.h>
#include "core/variant.h"

#include <Random123/philox.h>
#include <locale.h>
#include <stdlib.h>

static void test_status(void)
{
	const struct {
		tw_status status;
		int exit_code;
	} contract[] = {{TW_OK, 0}, {TW_INTERRUPTED, 75}, {TW_DIVERGED, 4}, {TW_USAGE, 2},
	                {TW_IO, 3}, {TW_NO_MEMORY, 70},   {TW_INTERNAL, 70}};
	for (size_t i = 0; i < sizeof contract / sizeof *contract; i++) {
		CU_ASSERT_EQUAL(tw_exit_code(contract[i].status), contract[i].exit_code);
		CU_ASSERT(strlen(tw_status_text(contract[i].status)) > 0);
	}
	CU_ASSERT_EQUAL(tw_exit_code((tw_status)99), 70);
	CU_ASSERT_EQUAL(tw_fail(TW_IO, "%s, line %d", "file", 3), TW_IO);
	CU_ASSERT_STRING_EQUAL(tw_message(), "file, line 3");
	tw_fail(TW_IO, "outer: %s", tw_message());
	CU_ASSERT_STRING_EQUAL(tw_message(), "outer: file, line 3");
	tw_fail(TW_IO, "two\nlines");
	CU_ASSERT_STRING_EQUAL(tw_message(), "two lines");
}

static void test_precision(void)
{
	const tw_precision precisions[] = {TW_FLOAT, TW_DOUBLE};
	for (int p = 0; p < 2; p++) {
		double memory[4] = {0};
		tw_real_set(precisions[p], memory, 3, 0.1);
		CU_ASSERT_DOUBLE_EQUAL(tw_real_get(precisions[p], memory, 3), 0.1, 1e-8);
		CU_ASSERT_EQUAL(tw_real_get(precisions[p], memory, 2), 0);
	}
	CU_ASSERT_STRING_EQUAL(tw_precision_name(TW_FLOAT), "float");
	CU_ASSERT_STRING_EQUAL(tw_precision_name(TW_DOUBLE), "double");
}

static void test_memory(void)
{
	for (size_t bytes = 0; bytes < 5000; bytes = 2 * bytes + 1) {
		unsigned char *memory;
		CHECK_OK(tw_alloc((void **)&memory, bytes, "test"));
		CU_ASSERT_EQUAL((uintptr_t)memory % 64, 0);
		for (size_t i = 0; i < bytes; i++) CU_ASSERT_EQUAL(memory[i], 0);
		tw_free(memory);
	}
	void *none = &none;
	CU_ASSERT_EQUAL(tw_alloc(&none, SIZE_MAX, "the impossible"), TW_NO_MEMORY);
	CU_ASSERT_PTR_NULL(none);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "the impossible"));
	CU_ASSERT_EQUAL(tw_alloc_array(&none, INT64_MAX, 8, "rows"), TW_NO_MEMORY);
	CU_ASSERT_EQUAL(tw_alloc_array(&none, -1, 8, "rows"), TW_NO_MEMORY);
	tw_free(NULL);
	char *copy = tw_copy_text("text");
	CU_ASSERT_STRING_EQUAL(copy, "text");
	tw_free(copy);
	CU_ASSERT(tw_peak_memory() > 100000);
}

static void test_philox(void)
{
	for (uint64_t i = 0; i < 1000; i++) {
		tw_random stream = {.seed = i * i, .purpose = TW_RANDOM_TEST, .run = (uint32_t)(7 * i)};
		philox4x64_key_t key = {{i * i, (uint64_t)TW_RANDOM_TEST << 32 | (uint32_t)(7 * i)}};
		philox4x64_ctr_t counter = {{3 * i, UINT64_MAX - i, 0, 0}}, expected = philox4x64(counter, key);
		uint64_t block[4];
		tw_random_block(stream, 3 * i, UINT64_MAX - i, block);
		CU_ASSERT_EQUAL(memcmp(block, expected.v, sizeof block), 0);
	}
}

static void test_distributions(void)
{
	enum { DRAWS = 200000, SIDES = 10 };
	tw_random stream = {.seed = 5, .purpose = TW_RANDOM_TEST};
	double uniform[3] = {0}, normal[5] = {0}, faces[SIDES] = {0};
	for (uint64_t i = 0; i < DRAWS; i++) {
		double u = tw_random_uniform(stream, 1, i), z = tw_random_normal(stream, 2, i);
		CU_ASSERT_FATAL(u >= 0 && u < 1 && isfinite(z));
		for (int k = 1; k < 3; k++) uniform[k] += pow(u, k) / DRAWS;
		for (int k = 1; k < 5; k++) normal[k] += pow(z, k) / DRAWS;
		uint64_t face = tw_random_below(stream, 3, i, SIDES);
		CU_ASSERT_FATAL(face < SIDES);
		faces[face] += 1;
	}
	/* Five standard deviations of each sample moment. */
	double unit = 5 / sqrt(DRAWS);
	CU_ASSERT_DOUBLE_EQUAL(uniform[1], 0.5, unit * sqrt(1.0 / 12));
	CU_ASSERT_DOUBLE_EQUAL(uniform[2], 1.0 / 3, unit * sqrt(4.0 / 45));
	CU_ASSERT_DOUBLE_EQUAL(normal[1], 0, unit);
	CU_ASSERT_DOUBLE_EQUAL(normal[2], 1, unit * sqrt(2));
	CU_ASSERT_DOUBLE_EQUAL(normal[3], 0, unit * sqrt(15));
	CU_ASSERT_DOUBLE_EQUAL(normal[4], 3, unit * sqrt(96));
	double chi_squared = 0, expected = (double)DRAWS / SIDES;
	for (int i = 0; i < SIDES; i++) chi_squared += (faces[i] - expected) * (faces[i] - expected) / expected;
	CU_ASSERT(chi_squared < 33.7);    /* p = 1e-4 at 9 degrees of freedom */
	const uint64_t huge = 3ull << 62; /* a quarter of the draws is rejected */
	double upper = 0;
	for (uint64_t i = 0; i < DRAWS; i++) {
		uint64_t x = tw_random_below(stream, 4, i, huge);
		CU_ASSERT_FATAL(x < huge);
		upper += (double)(x >= huge / 2) / DRAWS;
	}
	CU_ASSERT_DOUBLE_EQUAL(upper, 0.5, unit / 2);
	CU_ASSERT_EQUAL(tw_random_below(stream, 0, 0, 1), 0);
}

static void test_permutation(void)
{
	enum { N = 60000 };
	static uint32_t order[N], again[N];
	static unsigned char seen[N];
	tw_random stream = {.seed = 1, .purpose = TW_RANDOM_SHUFFLE};
	tw_random_permutation(stream, 1, N, order);
	for (int i = 0; i < N; i++) seen[order[i]]++;
	int once = 0, same = 0;
	for (int i = 0; i < N; i++) once += seen[i] == 1;
	CU_ASSERT_EQUAL(once, N);
	tw_random_permutation(stream, 1, N, again);
	CU_ASSERT_EQUAL(memcmp(order, again, sizeof order), 0);
	tw_random_permutation(stream, 2, N, again);
	for (int i = 0; i < N; i++) same += order[i] == again[i];
	CU_ASSERT(same < 20); /* about Poisson(1) */
	tw_random_permutation(stream, 1, 1, again);
	CU_ASSERT_EQUAL(again[0], 0);
	tw_random_permutation(stream, 1, 0, again);

	/* All 24 orders of four elements, equally often. */
	enum { DRAWS = 24000 };
	double counts[256] = {0}, chi_squared = 0;
	for (uint64_t i = 0; i < DRAWS; i++) {
		uint32_t four[4];
		tw_random_permutation(stream, i, 4, four);
		counts[four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6] += 1;
	}
	int orders = 0;
	for (int i = 0; i < 256; i++) {
		if (counts[i] > 0) orders++, chi_squared += (counts[i] - 1000) * (counts[i] - 1000) / 1000;
	}
	CU_ASSERT_EQUAL(orders, 24);
	CU_ASSERT(chi_squared < 59); /* p = 5e-5 at 23 degrees of freedom */
}

static void test_sha256(void)
{
	const struct {
		const char *message, *digest;
	} vectors[] = {
	    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqr"
	     "stu",
	     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	};
	char digest[65];
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		tw_sha256(vectors[i].message, strlen(vectors[i].message), digest);
		CU_ASSERT_STRING_EQUAL(digest, vectors[i].digest);
	}
	static char million[1000000];
	memset(million, 'a', sizeof million);
	tw_sha256(million, sizeof million, digest);
	CU_ASSERT_STRING_EQUAL(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void check_numbers(void)
{
	char text[TW_NUMBER_TEXT];
	tw_random stream = {.seed = 2, .purpose = TW_RANDOM_TEST};
	for (uint64_t i = 0; i < 2000; i++) {
		double back, x = tw_random_normal(stream, 0, i) * pow(10, tw_random_uniform(stream, 1, i) * 500 - 250);
		CU_ASSERT(tw_parse_real(tw_format_real(text, TW_DOUBLE, x), &back) && back == x);
		float f = (float)tw_random_normal(stream, 0, i);
		CU_ASSERT(tw_parse_real(tw_format_real(text, TW_FLOAT, (double)f), &back) && (float)back == f);
	}
	CU_ASSERT_STRING_EQUAL(tw_format_real(text, TW_FLOAT, 0.5), "0.5");
	CU_ASSERT_STRING_EQUAL(tw_format_real(text, TW_DOUBLE, -(double)NAN), "nan");
	CU_ASSERT_STRING_EQUAL(tw_format_real(text, TW_DOUBLE, -(double)INFINITY), "-inf");
	CU_ASSERT_STRING_EQUAL(tw_format_real(text, TW_FLOAT, (double)INFINITY), "inf");

	const char *const numbers[] = {"1", "-1", "+1.5", ".5", "5.", "1e-3", "1E+3", "-0", "1e-400", "nan", "-inf"};
	const char *const others[] = {"", " 1", "1 ", "1,5", "0x10", "1e", "e1", "--1", "1e999", "nan(1)", "one", "-", "."};
	double x;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) CU_ASSERT(tw_parse_real(numbers[i], &x));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) CU_ASSERT_FALSE(tw_parse_real(others[i], &x));

	int64_t n;
	CU_ASSERT(tw_parse_integer("9223372036854775807", &n) && n == INT64_MAX);
	CU_ASSERT(tw_parse_integer("-9223372036854775808", &n) && n == INT64_MIN);
	CU_ASSERT(tw_parse_integer("+007", &n) && n == 7);
	const char *const no_integers[] = {"9223372036854775808", "", "-", "1.0", " 1", "1e3", "99999999999999999999"};
	for (size_t i = 0; i < sizeof no_integers / sizeof *no_integers; i++) {
		CU_ASSERT_FALSE(tw_parse_integer(no_integers[i], &n));
	}
}

static void test_numbers(void)
{
	check_numbers();
	const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
	for (size_t i = 0; i < sizeof with_comma / sizeof *with_comma; i++) {
		if (setlocale(LC_ALL, with_comma[i])) check_numbers();
	}
	setlocale(LC_ALL, "C");
}

static void test_isa(void)
{
	CHECK_OK(tw_isa_check());
	CU_ASSERT(tw_isa_current() <= TW_ISA_AVX512);
	for (int isa = TW_ISA_BASELINE; isa <= TW_ISA_AVX512; isa++) CU_ASSERT(strlen(tw_isa_name((tw_isa)isa)) > 0);
	const char *forced = getenv("THALWEG_ISA");
	if (forced && *forced) CU_ASSERT_STRING_EQUAL(tw_isa_name(tw_isa_current()), forced);
	char *kept = forced ? tw_copy_text(forced) : NULL;
	setenv("THALWEG_ISA", "mmx", 1);
	CU_ASSERT_EQUAL(tw_isa_check(), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "'mmx'"));
	setenv("THALWEG_ISA", "baseline", 1);
	CHECK_OK(tw_isa_check());
	if (kept) setenv("THALWEG_ISA", kept, 1);
	if (!kept) unsetenv("THALWEG_ISA");
	tw_free(kept);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"status", test_status},
	    {"precision", test_precision},
	    {"memory", test_memory},
	    {"philox against Random123", test_philox},
	    {"distributions", test_distributions},
	    {"permutation", test_permutation},
	    {"SHA-256 vectors", test_sha256},
	    {"numbers as text", test_numbers},
	    {"instruction set", test_isa},
	    CU_TEST_INFO_NULL,
	};
	return suite_run("core", tests, 0) != 0;
}
