/* metrics.csv: a row a record. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <math.h>

#include "report/part_file.h"

struct tw_metrics {
	tw_precision precision;
	bool theory;
	tw_part_file out;
};

static const char header[] = "step,epoch,observations,cost,gradient_norm_squared,step_size,test_cost";
static const char theory_header[] = ",rayleigh_quotient,step_size_limit,average_gradient_norm_squared,gradient_bound";

static tw_status make(tw_precision precision, bool theory, tw_metrics **out)
{
	TW_TRY(tw_alloc((void **)out, sizeof **out, "the metrics file"));
	(*out)->precision = precision;
	(*out)->theory = theory;
	return TW_OK;
}

tw_status tw_metrics_open(const char *folder, tw_precision precision, bool theory, tw_metrics **out)
{
	tw_metrics *metrics = NULL;
	TW_TRY(make(precision, theory, &metrics));
	tw_status status = tw_part_open(&metrics->out, folder, "metrics.csv");
	if (status == TW_OK && (fprintf(metrics->out.file, "%s%s\n", header, theory ? theory_header : "") < 0 ||
	                        fflush(metrics->out.file) != 0))
		status = tw_part_failed(&metrics->out);
	if (status != TW_OK)
		tw_metrics_discard(metrics);
	else
		*out = metrics;
	return status;
}

tw_status tw_metrics_reopen(const char *folder, tw_precision precision, bool theory, int64_t bytes, tw_metrics **out)
{
	tw_metrics *metrics = NULL;
	TW_TRY(make(precision, theory, &metrics));
	tw_status status = tw_part_reopen(&metrics->out, folder, "metrics.csv", bytes);
	if (status != TW_OK)
		tw_free(metrics);
	else
		*out = metrics;
	return status;
}

tw_status tw_metrics_length(tw_metrics *metrics, int64_t *bytes) { return tw_part_length(&metrics->out, bytes); }

tw_status tw_metrics_sync(const tw_metrics *metrics) { return tw_part_sync(&metrics->out); }

void tw_metrics_leave(tw_metrics *metrics)
{
	if (!metrics) return;
	tw_part_leave(&metrics->out);
	tw_free(metrics);
}

/* "" for a value that was not evaluated. */
static const char *text_of(char out[TW_NUMBER_TEXT], tw_precision precision, double value)
{
	return isnan(value) ? "" : tw_format_real(out, precision, value);
}

static int write_theory(tw_metrics *metrics, const tw_record *record)
{
	const double values[] = {record->rayleigh_quotient, record->step_size_limit, record->average_gradient_norm_squared,
	                         record->gradient_bound};
	int written = 0;
	for (int i = 0; i < 4 && written >= 0; i++) {
		char text[TW_NUMBER_TEXT];
		written = fprintf(metrics->out.file, ",%s", text_of(text, metrics->precision, values[i]));
	}
	return written;
}

tw_status tw_metrics_record(tw_metrics *metrics, const tw_record *record)
{
	char epoch[TW_NUMBER_TEXT], cost[TW_NUMBER_TEXT], norm[TW_NUMBER_TEXT], size[TW_NUMBER_TEXT], test[TW_NUMBER_TEXT];
	tw_precision precision = metrics->precision;
	int written =
	    fprintf(metrics->out.file, "%" PRId64 ",%s,%" PRId64 ",%s,%s,%s,%s", record->step,
	            text_of(epoch, TW_FLOAT, record->epoch), record->observations, text_of(cost, precision, record->cost),
	            text_of(norm, precision, record->gradient_norm_squared), text_of(size, precision, record->step_size),
	            text_of(test, precision, record->test_cost));
	if (written >= 0 && metrics->theory) written = write_theory(metrics, record);
	return written < 0 || fputc('\n', metrics->out.file) < 0 ? tw_part_failed(&metrics->out) : TW_OK;
}

tw_status tw_metrics_close(tw_metrics *metrics, bool keep)
{
	tw_status status = keep ? tw_part_finish(&metrics->out) : tw_part_close(&metrics->out);
	tw_free(metrics);
	return status;
}

void tw_metrics_discard(tw_metrics *metrics)
{
	if (!metrics) return;
	tw_part_discard(&metrics->out);
	tw_free(metrics);
}
