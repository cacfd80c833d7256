/* A line of journal.txt: comma-separated fields, the last of them a checksum of all before it. */
#include "report/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char head_name[] = "thalweg sweep journal";
enum { FIELDS = 15, CHECK_DIGITS = 16, HEAD_FIELDS = 6 };

void tw_journal_check_of(const void *bytes, size_t size, char out[17])
{
	char digest[65];
	tw_sha256(bytes, size, digest);
	memcpy(out, digest, CHECK_DIGITS);
	out[CHECK_DIGITS] = 0;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

/* Completes a line of `length` bytes that ends with the comma before the checksum. */
static int seal(char out[TW_JOURNAL_LINE], int length)
{
	char check[17];
	tw_journal_check_of(out, (size_t)length, check);
	return length + snprintf(out + length, (size_t)(TW_JOURNAL_LINE - length), "%s\n", check);
}

int tw_journal_format_head(char out[TW_JOURNAL_LINE], const tw_sweep_plan *plan)
{
	const char *precision = tw_precision_name(plan->cells ? plan->cell[0].settings.precision : TW_FLOAT);
	int length = snprintf(out, TW_JOURNAL_LINE, "%s,%d,%s,%s,%" PRId64 ",", head_name, TW_JOURNAL_VERSION, plan->digest,
	                      precision, plan->runs);
	return seal(out, length);
}

int tw_journal_format_entry(char out[TW_JOURNAL_LINE], const tw_journal_entry *entry)
{
	const tw_run_result *r = &entry->result;
	char cost[TW_NUMBER_TEXT], norm[TW_NUMBER_TEXT], seconds[TW_NUMBER_TEXT], mean[TW_NUMBER_TEXT];
	int length = snprintf(
	    out, TW_JOURNAL_LINE,
	    "%" PRId64 ",%s,%s,%" PRId64 ",%" PRId64 ",%s,%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%s,%s,%s,",
	    r->run, tw_format_real(cost, TW_DOUBLE, r->cost), tw_format_real(norm, TW_DOUBLE, r->gradient_norm_squared),
	    r->steps, r->observations, tw_stop_reason_name(r->stop_reason), tw_format_real(seconds, TW_DOUBLE, r->seconds),
	    r->dimension, entry->theta_at, r->trace_points, entry->trace_at, entry->trace_check, r->theta_sha256,
	    tw_format_real(mean, TW_DOUBLE, r->mean_gradient_norm_squared));
	return seal(out, length);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* Cuts a line with a right checksum into `count` fields. */
static bool open_line(char *line, size_t length, int count, char **field)
{
	char check[17];
	if (length < CHECK_DIGITS + 1 || strlen(line) != length) return false;
	size_t body = length - CHECK_DIGITS;
	tw_journal_check_of(line, body, check);
	if (line[body - 1] != ',' || memcmp(line + body, check, CHECK_DIGITS) != 0) return false;
	for (int i = 0; i < count; i++) {
		field[i] = line;
		char *comma = strchr(line, ',');
		if (!comma) return i == count - 1;
		*comma = 0;
		line = comma + 1;
	}
	return false;
}

static bool parse_digest(const char *text, char out[65])
{
	if (strlen(text) != 64) return false;
	memcpy(out, text, 65);
	return true;
}

bool tw_journal_parse_head(char *line, size_t length, int *version, char digest[65])
{
	char *field[HEAD_FIELDS];
	int64_t number = 0;
	if (!open_line(line, length, HEAD_FIELDS, field) || strcmp(field[0], head_name) != 0) return false;
	if (!tw_parse_integer(field[1], &number) || number < 1 || number > INT32_MAX) return false;
	*version = (int)number;
	return parse_digest(field[2], digest);
}

static bool parse_reason(const char *text, tw_stop_reason *out)
{
	for (int i = 0; i < TW_STOP_COUNT; i++) {
		if (strcmp(text, tw_stop_reason_name((tw_stop_reason)i)) != 0) continue;
		*out = (tw_stop_reason)i;
		return true;
	}
	return false;
}

static bool parse_count(const char *text, int64_t *out) { return tw_parse_integer(text, out) && *out >= 0; }

bool tw_journal_parse_entry(char *line, size_t length, tw_journal_entry *entry)
{
	char *field[FIELDS];
	tw_run_result *r = &entry->result;
	*entry = (tw_journal_entry){0};
	if (!open_line(line, length, FIELDS, field)) return false;
	snprintf(entry->trace_check, sizeof entry->trace_check, "%s", field[11]);
	return parse_count(field[0], &r->run) && tw_parse_real(field[1], &r->cost) &&
	       tw_parse_real(field[2], &r->gradient_norm_squared) && parse_count(field[3], &r->steps) &&
	       parse_count(field[4], &r->observations) && parse_reason(field[5], &r->stop_reason) &&
	       tw_parse_real(field[6], &r->seconds) && parse_count(field[7], &r->dimension) &&
	       parse_count(field[8], &entry->theta_at) && parse_count(field[9], &r->trace_points) &&
	       parse_count(field[10], &entry->trace_at) && parse_digest(field[12], r->theta_sha256) &&
	       tw_parse_real(field[13], &r->mean_gradient_norm_squared);
}
