/* metrics.csv: a row a record. */
#include <thalweg/report.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/folder.h"
#include "run/file.h"

enum { BUFFER_BYTES = 1 << 18 };

struct tw_metrics {
	tw_precision precision;
	char *path, *partial;
	FILE *file;
	char buffer[BUFFER_BYTES];
};

static const char header[] = "step,epoch,observations,cost,gradient_norm_squared,step_size,test_cost\n";

static void release(tw_metrics *metrics)
{
	tw_free(metrics->path);
	tw_free(metrics->partial);
	tw_free(metrics);
}

static tw_status write_failed(const tw_metrics *metrics)
{
	return tw_fail(TW_IO, "%s: cannot be written: %s", metrics->path, strerror(errno));
}

tw_status tw_metrics_open(const char *folder, tw_precision precision, tw_metrics **out)
{
	void *memory = NULL;
	TW_TRY(tw_alloc(&memory, sizeof(tw_metrics), "the metrics file"));
	tw_metrics *metrics = memory;
	metrics->precision = precision;
	tw_status status = tw_folder_path(folder, "metrics.csv", &metrics->path);
	if (status == TW_OK) status = tw_folder_path(folder, "metrics.csv.part", &metrics->partial);
	if (status == TW_OK && !(metrics->file = fopen(metrics->partial, "we"))) status = write_failed(metrics);
	if (status != TW_OK) {
		release(metrics);
		return status;
	}
	setvbuf(metrics->file, metrics->buffer, _IOFBF, BUFFER_BYTES);
	if (fputs(header, metrics->file) < 0 || fflush(metrics->file) != 0) {
		status = write_failed(metrics);
		tw_metrics_discard(metrics);
		return status;
	}
	*out = metrics;
	return TW_OK;
}

/* "" for a value that was not evaluated. */
static const char *text_of(char out[TW_NUMBER_TEXT], tw_precision precision, double value)
{
	return isnan(value) ? "" : tw_format_real(out, precision, value);
}

tw_status tw_metrics_record(tw_metrics *metrics, const tw_record *record)
{
	char epoch[TW_NUMBER_TEXT], cost[TW_NUMBER_TEXT], norm[TW_NUMBER_TEXT], size[TW_NUMBER_TEXT], test[TW_NUMBER_TEXT];
	tw_precision precision = metrics->precision;
	int written =
	    fprintf(metrics->file, "%" PRId64 ",%s,%" PRId64 ",%s,%s,%s,%s\n", record->step,
	            text_of(epoch, TW_FLOAT, record->epoch), record->observations, text_of(cost, precision, record->cost),
	            text_of(norm, precision, record->gradient_norm_squared), text_of(size, precision, record->step_size),
	            text_of(test, precision, record->test_cost));
	return written < 0 ? write_failed(metrics) : TW_OK;
}

tw_status tw_metrics_close(tw_metrics *metrics)
{
	bool written = fflush(metrics->file) == 0 && fsync(fileno(metrics->file)) == 0;
	int reason = errno;
	if (fclose(metrics->file) != 0 && written) {
		written = false;
		reason = errno;
	}
	metrics->file = NULL;
	if (written && rename(metrics->partial, metrics->path) != 0) {
		written = false;
		reason = errno;
	}
	errno = reason;
	tw_status status = written ? tw_file_sync_folder(metrics->path) : write_failed(metrics);
	if (!written) unlink(metrics->partial);
	release(metrics);
	return status;
}

void tw_metrics_discard(tw_metrics *metrics)
{
	if (!metrics) return;
	if (metrics->file) fclose(metrics->file);
	unlink(metrics->partial);
	release(metrics);
}
