/* Aligned, zeroed memory whose failure is a status with a message. */
#include <thalweg/core.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Large arrays are asked for in large pages: rows drawn at random from a data set cost fewer page walks then. */
enum { ALIGNMENT = 64, LARGE_PAGE = 1 << 21, LARGE = 2 * LARGE_PAGE };

/* The system may promise more than it has, and end the process when the promise is taken up. */
static bool is_more_than_the_machine_has(size_t bytes)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	return pages > 0 && size > 0 && bytes / (size_t)size > (size_t)pages;
}

tw_status tw_alloc(void **out, size_t bytes, const char *what)
{
	if (bytes == 0) bytes = 1;
	*out = NULL;
	if (bytes > PTRDIFF_MAX || (bytes >= LARGE && is_more_than_the_machine_has(bytes)) ||
	    posix_memalign(out, bytes >= LARGE ? LARGE_PAGE : ALIGNMENT, bytes) != 0) {
		*out = NULL;
		return tw_fail(TW_NO_MEMORY, "no memory for %s (%zu bytes)", what, bytes);
	}
	if (bytes >= LARGE) madvise(*out, bytes, MADV_HUGEPAGE); /* a hint: its failure changes nothing */
	memset(*out, 0, bytes);
	return TW_OK;
}

tw_status tw_alloc_array(void **out, int64_t count, size_t size, const char *what)
{
	size_t bytes;
	*out = NULL;
	TW_CHECK(count >= 0 && !__builtin_mul_overflow((size_t)count, size, &bytes), TW_NO_MEMORY,
	         "no memory for %s (%lld elements of %zu bytes)", what, (long long)count, size);
	return tw_alloc(out, bytes, what);
}

void tw_free(void *memory) { free(memory); }

char *tw_copy_text(const char *text) { return strdup(text); }

int64_t tw_peak_memory(void)
{
	struct rusage usage;
	return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : 0;
}
