/* Numbers as text and back, the same in any locale; the clock. */
#include <thalweg/core.h>

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static locale_t c_locale;

static void make_c_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

static locale_t get_c_locale(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_c_locale);
	return c_locale;
}

char *tw_format_real(char out[TW_NUMBER_TEXT], tw_precision precision, double x)
{
	if (isnan(x)) return strcpy(out, "nan");
	locale_t before = uselocale(get_c_locale());
	snprintf(out, TW_NUMBER_TEXT, "%.*g", precision == TW_FLOAT ? 9 : 17, x);
	uselocale(before);
	return out;
}

/* What strtod reads and a data file should not hold: blanks in front, hexadecimal numbers, "nan(...)". */
static bool is_plain_number(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	if (strpbrk(digits, "xX(")) return false;
	return (*digits >= '0' && *digits <= '9') || (*digits && strchr(".nNiI", *digits));
}

bool tw_parse_real(const char *text, double *out)
{
	if (!is_plain_number(text)) return false;
	char *end;
	locale_t before = uselocale(get_c_locale());
	errno = 0;
	double value = strtod(text, &end);
	uselocale(before);
	if (end == text || *end != 0) return false;
	if (errno == ERANGE && isinf(value)) return false;
	*out = value;
	return true;
}

bool tw_parse_integer(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	const char *digit = text + (negative || *text == '+');
	if (!*digit) return false;
	int64_t value = 0;
	for (; *digit; digit++) {
		if (*digit < '0' || *digit > '9') return false;
		int step = negative ? '0' - *digit : *digit - '0';
		if (__builtin_mul_overflow(value, (int64_t)10, &value)) return false;
		if (__builtin_add_overflow(value, (int64_t)step, &value)) return false;
	}
	*out = value;
	return true;
}

double tw_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
