/* Makes one call of a chosen kind fail on a chosen rank: linked into thalweg_inject, which is thalweg in all else.
 *
 * The linker leads calls of the functions below that thalweg's own objects make (--wrap; the build takes the names from
 * the lines that begin with WRAP or OWN) to this file. What libraries call inside is not touched. Environment:
 *
 *   THALWEG_INJECT=KIND:N:RANK       the N-th call of this kind on this rank fails
 *   THALWEG_INJECT=KIND@PLACE:N:RANK the N-th of those made from this place, as a trace tells it
 *   THALWEG_INJECT_TRACE=PREFIX      PREFIX.RANK gets a line a call: KIND N FUNCTION PLACE CALLER; or what has failed
 *
 * KIND: alloc, open, read, write, fsync, rename, reduce; late: a call of MPI that is made, and then said to have
 * failed. A place is a hash of the callers inside the program; CALLER is an address for addr2line. */
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <hdf5.h>
#include <inttypes.h>
#include <jansson.h>
#include <mpi.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

typedef enum { ALLOC, OPEN, READ, WRITE, FSYNC, RENAME, REDUCE, KINDS } kind;

static const struct {
	const char *name;
	int error;
} kinds[KINDS] = {
    [ALLOC] = {"alloc", ENOMEM}, [OPEN] = {"open", EMFILE},  [READ] = {"read", EIO},   [WRITE] = {"write", ENOSPC},
    [FSYNC] = {"fsync", EIO},    [RENAME] = {"rename", EIO}, [REDUCE] = {"reduce", 0},
};

/* What the environment asks for. */
static struct {
	bool here; /* on this rank */
	kind kind;
	bool late, placed;
	uint64_t place;
	long number;
	int trace; /* -1: none */
} order;

static atomic_long calls[KINDS];
static atomic_long at_place;

ssize_t __real_write(int file, const void *bytes, size_t size);
int __real_open(const char *path, int flags, ...);

static void read_order(void)
{
	const char *task = getenv("OMPI_COMM_WORLD_RANK"), *text = getenv("THALWEG_INJECT");
	const char *prefix = getenv("THALWEG_INJECT_TRACE");
	const int rank = task ? atoi(task) : 0;
	char name[16] = "", path[4096];
	int wanted = -1, length = 0;
	order.trace = -1;
	if (prefix) {
		snprintf(path, sizeof path, "%s.%d", prefix, rank);
		order.trace = __real_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	}
	if (!text || sscanf(text, "%15[a-z]%n", name, &length) != 1) return;
	order.placed = text[length] == '@';
	const int read = order.placed ? sscanf(text + length, "@%" SCNx64 ":%ld:%d", &order.place, &order.number, &wanted)
	                              : 1 + sscanf(text + length, ":%ld:%d", &order.number, &wanted);
	order.late = strcmp(name, "late") == 0;
	if (order.late) strcpy(name, "reduce");
	for (kind k = 0; k < KINDS; k++) {
		if (strcmp(name, kinds[k].name) != 0 || read != 3) continue;
		order.kind = k;
		order.here = wanted == rank;
		return;
	}
	fprintf(stderr, "inject: THALWEG_INJECT=%s is not KIND:N:RANK\n", text);
	_exit(64);
}

extern char __executable_start, etext;

/* Where a call comes from: the addresses of its callers inside the program; *caller: the nearest one. */
static __attribute__((noinline)) uint64_t place_of(uintptr_t *caller)
{
	enum { DEPTH = 48, OWN_FRAMES = 3 };
	void *frame[DEPTH];
	const int frames = backtrace(frame, DEPTH);
	const uintptr_t first = (uintptr_t)&__executable_start, last = (uintptr_t)&etext;
	uint64_t hash = 0xcbf29ce484222325u;
	*caller = 0;
	for (int i = OWN_FRAMES; i < frames; i++) {
		const uintptr_t address = (uintptr_t)frame[i];
		if (address < first || address >= last) continue;
		if (!*caller) *caller = address - first;
		hash = (hash ^ (address - first)) * 0x100000001b3u;
	}
	return hash;
}

static void tell(const char *format, ...)
{
	char line[256];
	va_list arguments;
	va_start(arguments, format);
	const int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length > 0 && __real_write(order.trace, line, (size_t)length) != length) _exit(64);
}

static __attribute__((noinline)) bool fails(kind kind, const char *function)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const int error = errno;
	pthread_once(&once, read_order);
	const long number = atomic_fetch_add(&calls[kind], 1) + 1;
	const bool traces = order.trace >= 0 && !order.here;
	bool hit = order.here && kind == order.kind && (order.placed || number == order.number);
	uintptr_t caller = 0;
	uint64_t place = 0;
	if (traces || hit) place = place_of(&caller);
	if (traces) tell("%s %ld %s %016" PRIx64 " %" PRIxPTR "\n", kinds[kind].name, number, function, place, caller);
	if (hit && order.placed) hit = place == order.place && atomic_fetch_add(&at_place, 1) + 1 == order.number;
	errno = hit && kinds[kind].error ? kinds[kind].error : error;
	if (hit && order.trace >= 0) tell("failed %ld %s %016" PRIx64 " %" PRIxPTR "\n", number, function, place, caller);
	return hit;
}

/* A function that returns `result` where it fails. */
#define WRAP(kind, name, type, result, parameters, arguments) \
	type __real_##name parameters;                            \
	type __wrap_##name parameters;                            \
	type __wrap_##name parameters { return fails(kind, #name) ? (result) : __real_##name arguments; }
/* The same, written out below. */
#define OWN(name, type, parameters) \
	type __real_##name parameters;  \
	type __wrap_##name parameters;  \
	type __wrap_##name parameters

/* ---- memory -------------------------------------------------------------------------------------------------- */

WRAP(ALLOC, posix_memalign, int, ENOMEM, (void **out, size_t alignment, size_t size), (out, alignment, size))
WRAP(ALLOC, malloc, void *, NULL, (size_t size), (size))
WRAP(ALLOC, calloc, void *, NULL, (size_t count, size_t size), (count, size))
WRAP(ALLOC, realloc, void *, NULL, (void *memory, size_t size), (memory, size))
WRAP(ALLOC, strdup, char *, NULL, (const char *text), (text))
WRAP(ALLOC, strndup, char *, NULL, (const char *text, size_t size), (text, size))
WRAP(ALLOC, vasprintf, int, -1, (char **out, const char *format, va_list arguments), (out, format, arguments))
WRAP(ALLOC, open_memstream, FILE *, NULL, (char **bytes, size_t *size), (bytes, size))
WRAP(ALLOC, H5Pcreate, hid_t, -1, (hid_t class), (class))
WRAP(ALLOC, H5Screate_simple, hid_t, -1, (int axes, const hsize_t *size, const hsize_t *most), (axes, size, most))
WRAP(ALLOC, H5Screate, hid_t, -1, (H5S_class_t type), (type))
WRAP(ALLOC, H5Tcopy, hid_t, -1, (hid_t type), (type))

OWN(asprintf, int, (char **out, const char *format, ...))
{
	if (fails(ALLOC, "asprintf")) return -1;
	va_list arguments;
	va_start(arguments, format);
	const int length = vasprintf(out, format, arguments);
	va_end(arguments);
	return length;
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

WRAP(OPEN, fopen, FILE *, NULL, (const char *path, const char *mode), (path, mode))
WRAP(OPEN, fdopen, FILE *, NULL, (int file, const char *mode), (file, mode))
WRAP(OPEN, opendir, DIR *, NULL, (const char *path), (path))
WRAP(OPEN, mkdir, int, -1, (const char *path, mode_t mode), (path, mode))
WRAP(OPEN, gzopen, gzFile, NULL, (const char *path, const char *mode), (path, mode))
WRAP(OPEN, H5Fopen, hid_t, -1, (const char *path, unsigned flags, hid_t access), (path, flags, access))
WRAP(OPEN, H5Fcreate, hid_t, -1, (const char *path, unsigned flags, hid_t creation, hid_t access),
     (path, flags, creation, access))

OWN(open, int, (const char *path, int flags, ...))
{
	if (fails(OPEN, "open")) return -1;
	va_list arguments;
	va_start(arguments, flags);
	const mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return __real_open(path, flags, mode);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* What a stream remembers of a failure. */
static int marked(FILE *stream, int result)
{
	stream->_flags |= 0x20; /* _IO_ERR_SEEN of glibc */
	return result;
}

WRAP(READ, read, ssize_t, -1, (int file, void *bytes, size_t size), (file, bytes, size))
WRAP(READ, pread, ssize_t, -1, (int file, void *bytes, size_t size, off_t at), (file, bytes, size, at))
WRAP(READ, fread, size_t, (size_t)marked(stream, 0), (void *bytes, size_t size, size_t count, FILE *stream),
     (bytes, size, count, stream))
WRAP(READ, fgets, char *, (marked(stream, 0), NULL), (char *text, int size, FILE *stream), (text, size, stream))
WRAP(READ, fgetc, int, marked(stream, EOF), (FILE * stream), (stream))
WRAP(READ, __getdelim, ssize_t, marked(stream, -1), (char **text, size_t *room, int end, FILE *stream),
     (text, room, end, stream))
WRAP(READ, mmap, void *, MAP_FAILED, (void *at, size_t size, int protection, int flags, int file, off_t from),
     (at, size, protection, flags, file, from))
WRAP(READ, fstat, int, -1, (int file, struct stat *info), (file, info))
WRAP(READ, readdir, struct dirent *, NULL, (DIR * stream), (stream))
WRAP(READ, gzread, int, -1, (gzFile stream, void *bytes, unsigned size), (stream, bytes, size))
WRAP(READ, H5Dread, herr_t, -1, (hid_t set, hid_t type, hid_t memory, hid_t file, hid_t transfer, void *out),
     (set, type, memory, file, transfer, out))
WRAP(READ, H5Aread, herr_t, -1, (hid_t attribute, hid_t type, void *out), (attribute, type, out))
WRAP(READ, H5Dopen2, hid_t, -1, (hid_t at, const char *name, hid_t access), (at, name, access))
WRAP(READ, H5Gopen2, hid_t, -1, (hid_t at, const char *name, hid_t access), (at, name, access))
WRAP(READ, H5Aopen, hid_t, -1, (hid_t at, const char *name, hid_t access), (at, name, access))

OWN(json_load_file, json_t *, (const char *path, size_t flags, json_error_t *error))
{
	if (!fails(READ, "json_load_file")) return __real_json_load_file(path, flags, error);
	memset(error, 0, sizeof *error);
	snprintf(error->text, sizeof error->text, "unable to open %s: %s", path, strerror(EIO));
	return NULL;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

WRAP(WRITE, write, ssize_t, -1, (int file, const void *bytes, size_t size), (file, bytes, size))
WRAP(WRITE, pwrite, ssize_t, -1, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at))
WRAP(WRITE, ftruncate, int, -1, (int file, off_t size), (file, size))
WRAP(WRITE, posix_fallocate, int, ENOSPC, (int file, off_t at, off_t size), (file, at, size))
WRAP(WRITE, fflush, int, stream ? marked(stream, EOF) : EOF, (FILE * stream), (stream))
WRAP(WRITE, H5Dwrite, herr_t, -1, (hid_t set, hid_t type, hid_t memory, hid_t file, hid_t transfer, const void *in),
     (set, type, memory, file, transfer, in))
WRAP(WRITE, H5Awrite, herr_t, -1, (hid_t attribute, hid_t type, const void *in), (attribute, type, in))
WRAP(WRITE, H5Dcreate2, hid_t, -1, (hid_t at, const char *name, hid_t type, hid_t space, hid_t a, hid_t b, hid_t c),
     (at, name, type, space, a, b, c))
WRAP(WRITE, H5Acreate2, hid_t, -1, (hid_t at, const char *name, hid_t type, hid_t space, hid_t a, hid_t b),
     (at, name, type, space, a, b))
WRAP(WRITE, H5Gcreate2, hid_t, -1, (hid_t at, const char *name, hid_t a, hid_t b, hid_t c), (at, name, a, b, c))
WRAP(WRITE, H5Fflush, herr_t, -1, (hid_t object, H5F_scope_t scope), (object, scope))
WRAP(WRITE, H5Fget_file_image, ssize_t, -1, (hid_t file, void *bytes, size_t size), (file, bytes, size))

/* What a failed close has closed all the same. */
OWN(close, int, (int file))
{
	const bool hit = fails(WRITE, "close");
	const int result = __real_close(file);
	if (hit) errno = EIO;
	return hit ? -1 : result;
}

OWN(fclose, int, (FILE * stream))
{
	const bool hit = fails(WRITE, "fclose");
	const int result = __real_fclose(stream);
	if (hit) errno = EIO;
	return hit ? EOF : result;
}

OWN(H5Fclose, herr_t, (hid_t file))
{
	const bool hit = fails(WRITE, "H5Fclose");
	const herr_t result = __real_H5Fclose(file);
	return hit ? -1 : result;
}

/* Messages are no output. */
static bool print_fails(FILE *stream, const char *function) { return stream != stderr && fails(WRITE, function); }

OWN(fwrite, size_t, (const void *bytes, size_t size, size_t count, FILE *stream))
{
	if (print_fails(stream, "fwrite")) return (size_t)marked(stream, 0);
	return __real_fwrite(bytes, size, count, stream);
}

OWN(fputs, int, (const char *text, FILE *stream))
{
	return print_fails(stream, "fputs") ? marked(stream, EOF) : __real_fputs(text, stream);
}

OWN(fputc, int, (int c, FILE *stream))
{
	return print_fails(stream, "fputc") ? marked(stream, EOF) : __real_fputc(c, stream);
}

OWN(putc, int, (int c, FILE *stream))
{
	return print_fails(stream, "putc") ? marked(stream, EOF) : __real_putc(c, stream);
}

OWN(puts, int, (const char *text)) { return fails(WRITE, "puts") ? marked(stdout, EOF) : __real_puts(text); }

OWN(fprintf, int, (FILE * stream, const char *format, ...))
{
	if (print_fails(stream, "fprintf")) return marked(stream, -1);
	va_list arguments;
	va_start(arguments, format);
	const int length = vfprintf(stream, format, arguments);
	va_end(arguments);
	return length;
}

OWN(printf, int, (const char *format, ...))
{
	if (fails(WRITE, "printf")) return marked(stdout, -1);
	va_list arguments;
	va_start(arguments, format);
	const int length = vfprintf(stdout, format, arguments);
	va_end(arguments);
	return length;
}

/* ---- files as a whole ---------------------------------------------------------------------------------------- */

WRAP(FSYNC, fsync, int, -1, (int file), (file))
WRAP(RENAME, rename, int, -1, (const char *from, const char *to), (from, to))

/* ---- MPI ----------------------------------------------------------------------------------------------------- */

/* A call that fails is not made, unless it fails late: the other ranks wait for it, or do not. */
#define WRAP_MPI(name, parameters, arguments)                      \
	int __real_##name parameters;                                  \
	int __wrap_##name parameters;                                  \
	int __wrap_##name parameters                                   \
	{                                                              \
		if (!fails(REDUCE, #name)) return __real_##name arguments; \
		if (order.late) __real_##name arguments;                   \
		return MPI_ERR_OTHER;                                      \
	}

WRAP_MPI(MPI_Init_thread, (int *argc, char ***argv, int wanted, int *granted), (argc, argv, wanted, granted))
WRAP_MPI(MPI_Finalize, (void), ())
WRAP_MPI(MPI_Comm_dup, (MPI_Comm comm, MPI_Comm *out), (comm, out))
WRAP_MPI(MPI_Comm_split, (MPI_Comm comm, int color, int key, MPI_Comm *out), (comm, color, key, out))
WRAP_MPI(MPI_Comm_free, (MPI_Comm * comm), (comm))
WRAP_MPI(MPI_Comm_set_errhandler, (MPI_Comm comm, MPI_Errhandler handler), (comm, handler))
WRAP_MPI(MPI_Allreduce, (const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
         (in, out, count, type, op, comm))
WRAP_MPI(MPI_Iallreduce,
         (const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm, MPI_Request *request),
         (in, out, count, type, op, comm, request))
WRAP_MPI(MPI_Bcast, (void *bytes, int count, MPI_Datatype type, int root, MPI_Comm comm),
         (bytes, count, type, root, comm))
WRAP_MPI(MPI_Barrier, (MPI_Comm comm), (comm))
WRAP_MPI(MPI_Allgather,
         (const void *in, int sent, MPI_Datatype send_type, void *out, int received, MPI_Datatype type, MPI_Comm comm),
         (in, sent, send_type, out, received, type, comm))
WRAP_MPI(MPI_Allgatherv,
         (const void *in, int sent, MPI_Datatype send_type, void *out, const int *received, const int *begins,
          MPI_Datatype type, MPI_Comm comm),
         (in, sent, send_type, out, received, begins, type, comm))
WRAP_MPI(MPI_Sendrecv,
         (const void *in, int sent, MPI_Datatype send_type, int to, int send_tag, void *out, int received,
          MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status *status),
         (in, sent, send_type, to, send_tag, out, received, type, from, tag, comm, status))
WRAP_MPI(MPI_Isend,
         (const void *in, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request),
         (in, count, type, to, tag, comm, request))
WRAP_MPI(MPI_Irecv, (void *out, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request),
         (out, count, type, from, tag, comm, request))
WRAP_MPI(MPI_Test, (MPI_Request * request, int *complete, MPI_Status *status), (request, complete, status))
WRAP_MPI(MPI_Testall, (int count, MPI_Request *request, int *complete, MPI_Status *status),
         (count, request, complete, status))
WRAP_MPI(MPI_Iprobe, (int from, int tag, MPI_Comm comm, int *found, MPI_Status *status),
         (from, tag, comm, found, status))
WRAP_MPI(MPI_Improbe, (int from, int tag, MPI_Comm comm, int *found, MPI_Message *message, MPI_Status *status),
         (from, tag, comm, found, message, status))
WRAP_MPI(MPI_Imrecv, (void *out, int count, MPI_Datatype type, MPI_Message *message, MPI_Request *request),
         (out, count, type, message, request))
WRAP_MPI(MPI_Get_count, (const MPI_Status *status, MPI_Datatype type, int *count), (status, type, count))
WRAP_MPI(MPI_Win_allocate, (MPI_Aint bytes, int unit, MPI_Info info, MPI_Comm comm, void *base, MPI_Win *window),
         (bytes, unit, info, comm, base, window))
WRAP_MPI(MPI_Win_set_errhandler, (MPI_Win window, MPI_Errhandler handler), (window, handler))
WRAP_MPI(MPI_Win_lock_all, (int assert, MPI_Win window), (assert, window))
WRAP_MPI(MPI_Win_unlock_all, (MPI_Win window), (window))
WRAP_MPI(MPI_Win_sync, (MPI_Win window), (window))
WRAP_MPI(MPI_Win_flush, (int rank, MPI_Win window), (rank, window))
WRAP_MPI(MPI_Win_free, (MPI_Win * window), (window))
WRAP_MPI(MPI_Fetch_and_op,
         (const void *in, void *out, MPI_Datatype type, int rank, MPI_Aint at, MPI_Op op, MPI_Win window),
         (in, out, type, rank, at, op, window))
