/* thalweg/core.h: status codes, memory, log, random streams, digests, text of numbers, parameters of registry entries.
 */
#ifndef THALWEG_CORE_H
#define THALWEG_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status -------------------------------------------------------------------------------------------------- */

/* Outcome of every call that can fail. The numbers have no meaning outside the program; tw_exit_code gives the
 * process exit code of each. Larger values win when ranks agree on a status (tw_comm_agree). */
typedef enum {
	TW_OK = 0,
	TW_INTERRUPTED, /* stopped on request, state kept: exit 75 */
	TW_DIVERGED,    /* cost or gradient not finite: exit 4 */
	TW_USAGE,       /* command line or configuration: exit 2 */
	TW_IO,          /* input or output: exit 3 */
	TW_NO_MEMORY,   /* exit 70 */
	TW_INTERNAL,    /* exit 70 */
	TW_STATUS_COUNT
} tw_status;

int tw_exit_code(tw_status status);
const char *tw_status_text(tw_status status);

/* Stores the formatted message (one line, without a full stop or newline at its end) for this thread and returns
 * status. A later failure replaces it. */
tw_status tw_fail(tw_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The message of this thread's last failure; "" if none. Valid until the next tw_fail on this thread. */
const char *tw_message(void);

/* Returns from the calling function when expression is not TW_OK. */
#define TW_TRY(expression)                    \
	do {                                      \
		tw_status tw_try_ = (expression);     \
		if (tw_try_ != TW_OK) return tw_try_; \
	} while (0)
/* A check that stays in release builds: on failure stores the formatted message and returns status. */
#define TW_CHECK(condition, status, ...)                         \
	do {                                                         \
		if (!(condition)) return tw_fail((status), __VA_ARGS__); \
	} while (0)

/* ---- precision ----------------------------------------------------------------------------------------------- */

typedef enum { TW_FLOAT = 0, TW_DOUBLE = 1 } tw_precision;
static inline size_t tw_real_size(tw_precision precision) { return precision == TW_FLOAT ? 4 : 8; }
const char *tw_precision_name(tw_precision precision); /* "float", "double" */
/* Element i of an array of reals, and storing to it, for code off the hot path. */
double tw_real_get(tw_precision precision, const void *array, int64_t i);
void tw_real_set(tw_precision precision, void *array, int64_t i, double value);

/* ---- memory -------------------------------------------------------------------------------------------------- */

/* *out: zeroed memory of at least one byte, aligned to 64 bytes, to be freed with tw_free.
 * TW_NO_MEMORY with the size and `what` in the message. */
tw_status tw_alloc(void **out, size_t bytes, const char *what);
/* The same for count elements of size bytes each; an overflowing product is TW_NO_MEMORY. */
tw_status tw_alloc_array(void **out, int64_t count, size_t size, const char *what);
void tw_free(void *memory);
/* A copy of text on the heap (tw_free), NULL when memory is out. */
char *tw_copy_text(const char *text);
/* Peak resident set of this process in bytes, 0 where the system does not tell. */
int64_t tw_peak_memory(void);

/* ---- log ----------------------------------------------------------------------------------------------------- */

/* TW_LOG_FATAL: the last words of a job that ends at once; heard from every rank. */
typedef enum { TW_LOG_FATAL, TW_LOG_ERROR, TW_LOG_WARNING, TW_LOG_NOTE, TW_LOG_DETAIL } tw_log_level;
/* Lines go to standard error as "thalweg: ..." (with the rank in brackets when all ranks speak). Rank 0 alone speaks
 * unless all_ranks; quiet keeps errors only. Default: rank 0 of 1, not quiet. */
void tw_log_setup(int rank, int size, bool quiet, bool all_ranks);
void tw_log(tw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tw_log_is_quiet(void);

/* ---- random streams ------------------------------------------------------------------------------------------ */

/* Every random number is a function of (seed, purpose, run, step, index) through the counter-based generator
 * Philox4x64-10 (Salmon et al. 2011): never of a rank, a thread or the numbers drawn before. */
typedef enum {
	TW_RANDOM_GENERATE = 1, /* synthetic data */
	TW_RANDOM_TEACHER,      /* parameters of a teacher network */
	TW_RANDOM_SPLIT,        /* train/test split */
	TW_RANDOM_SHUFFLE,      /* order of an epoch */
	TW_RANDOM_SAMPLE,       /* sampling with replacement */
	TW_RANDOM_INITIAL,      /* initial parameters */
	TW_RANDOM_NOISE,        /* noise added to a gradient */
	TW_RANDOM_TEST          /* tests and benchmarks */
} tw_random_purpose;

typedef struct {
	uint64_t seed;
	uint32_t purpose; /* tw_random_purpose */
	uint32_t run;     /* start number; 0 for a single run */
} tw_random;

void tw_random_block(tw_random stream, uint64_t step, uint64_t index, uint64_t out[4]);
double tw_random_uniform(tw_random stream, uint64_t step, uint64_t index);             /* in [0, 1), 53 bits */
double tw_random_normal(tw_random stream, uint64_t step, uint64_t index);              /* N(0, 1), Box-Muller */
uint64_t tw_random_below(tw_random stream, uint64_t step, uint64_t index, uint64_t n); /* in [0, n) */
/* Writes a uniformly random permutation of 0..n-1 (Fisher-Yates) that depends on (stream, step) alone. */
void tw_random_permutation(tw_random stream, uint64_t step, uint32_t n, uint32_t *out);

/* ---- digests and numbers as text ----------------------------------------------------------------------------- */

/* SHA-256 (FIPS 180-4) of bytes as 64 hexadecimal digits and a final zero. */
void tw_sha256(const void *bytes, size_t size, char out[65]);

enum { TW_NUMBER_TEXT = 32 };
/* x as %.9g (float) or %.17g (double) with a point in any locale; "nan", "inf", "-inf". Returns out. */
char *tw_format_real(char out[TW_NUMBER_TEXT], tw_precision precision, double x);
/* Strict readers, locale-independent: the whole of text (no blanks) must be a number. False otherwise. */
bool tw_parse_real(const char *text, double *out);
bool tw_parse_integer(const char *text, int64_t *out);
/* Monotonic clock in seconds. */
double tw_now(void);

/* ---- parameters of registry entries -------------------------------------------------------------------------- */

enum { TW_MAX_PARAMETERS = 8 };
/* One numeric parameter of a registry entry (activation, update, schedule, ...): configuration reader, --help and man
 * page are made from these. An entry's values travel as double[TW_MAX_PARAMETERS] in the order of its descriptors.
 * A descriptor list ends with a NULL name. */
typedef struct {
	const char *name;
	double initial;   /* default */
	double low, high; /* inclusive range of legal values */
	const char *help; /* a few words, with the unit */
} tw_parameter;

#ifdef __cplusplus
}
#endif
#endif
