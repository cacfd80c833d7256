/* report/base64.h: bytes as text (RFC 4648, section 4). */
#ifndef THALWEG_REPORT_BASE64_H
#define THALWEG_REPORT_BASE64_H

#include <stdio.h>

/* Writes the bytes with padding, without line breaks. Errors are the stream's. */
void tw_base64_write(FILE *out, const void *bytes, size_t size);

#endif
