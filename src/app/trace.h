/* app/trace.h: theta after every step of a replay, in a file that replay writes and verify-layout reads. */
#ifndef THALWEG_APP_TRACE_H
#define THALWEG_APP_TRACE_H

#include <stdio.h>
#include <thalweg/network.h>

/* Begins the file; both sides are the same binary, so it is written as it lies in memory. `steps` vectors of
 * tw_network_dimension reals of the precision follow. */
typedef struct {
	char magic[8];
	int64_t steps;
	tw_precision precision;
	tw_network network;
} app_trace_header;

#define APP_TRACE_MAGIC "twtrace"

#endif
