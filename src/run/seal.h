/* run/seal.h: a line with the digest of all before it at the end of a file. HDF5 does not look behind its own end, and
 * trusts what it reads so far that a flipped bit can end the process: a damaged file is told before it sees it. */
#ifndef THALWEG_RUN_SEAL_H
#define THALWEG_RUN_SEAL_H

#include <thalweg/core.h>

enum { TW_SEAL_BYTES = 80 };

/* The line, with a final zero. */
void tw_seal_of(const void *bytes, size_t size, char out[TW_SEAL_BYTES + 1]);
/* Puts its line behind an open file (to read and write). False with errno. */
bool tw_seal_append(int file);
/* TW_IO when the file is not what was sealed. One without such a line passes. */
tw_status tw_seal_check(const char *path);

#endif
