/* Certificates: certificates.csv, and tables for people. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/part_file.h"

/* ---- certificates.csv ---------------------------------------------------------------------------------------- */

static const char header[] =
    "run,hidden_layers,width,start,verdict,why,cost_before,cost,gradient_norm_before,gradient_norm,refinement,steps,"
    "products,moved,theta_norm_before,theta_norm,smallest,smallest_residual,largest,largest_residual,index_low,"
    "index_high,flat_found,flat_explained,condition,margin,kink_distance,dead_units,dimension,around_norm,around_"
    "radius\n";

const char *tw_certified_verdict(const tw_certified *point)
{
	if (point->status == TW_OK) return tw_verdict_name(point->certificate.verdict);
	return point->status == TW_DIVERGED ? "not finite" : point->status == TW_INTERRUPTED ? "not looked at" : "failed";
}

/* Empty: not computed. */
static void put_real(FILE *out, double value)
{
	char text[TW_NUMBER_TEXT];
	fprintf(out, ",%s", isnan(value) ? "" : tw_format_real(text, TW_DOUBLE, value));
}

static void put_integer(FILE *out, int64_t value)
{
	if (value < 0)
		fputc(',', out);
	else
		fprintf(out, ",%" PRId64, value);
}

/* In double quotes, which it must not have itself. */
static void put_text(FILE *out, const char *text)
{
	fputs(",\"", out);
	for (; *text; text++) fputc(*text == '"' ? '\'' : *text, out);
	fputc('"', out);
}

static void put_point(FILE *out, const tw_certified *point)
{
	const tw_certificate *c = &point->certificate;
	const tw_refinement *r = &c->refinement;
	if (point->run >= 0) fprintf(out, "%" PRId64, point->run);
	put_integer(out, point->hidden_layers);
	put_integer(out, point->width);
	put_integer(out, point->start);
	fprintf(out, ",%s", tw_certified_verdict(point));
	put_text(out, c->why);
	put_real(out, r->cost_before);
	put_real(out, r->cost);
	put_real(out, r->gradient_norm_before);
	put_real(out, r->gradient_norm);
	fprintf(out, ",%s", tw_refine_end_name(r->end));
	put_integer(out, r->steps);
	put_integer(out, r->products);
	put_real(out, r->moved);
	put_real(out, r->theta_norm_before);
	put_real(out, r->theta_norm);
	put_real(out, c->smallest);
	put_real(out, c->smallest_residual);
	put_real(out, c->largest);
	put_real(out, c->largest_residual);
	put_integer(out, c->index_low);
	put_integer(out, c->index_high);
	put_integer(out, c->flat_found);
	put_integer(out, c->flat_explained);
	put_real(out, c->condition);
	put_real(out, c->margin);
	put_real(out, c->kink_distance);
	put_integer(out, c->dead_units);
	put_integer(out, c->dimension);
	put_real(out, c->around_norm);
	put_real(out, c->around_radius);
	fputc('\n', out);
}

tw_status tw_certificates_write(const char *folder, const tw_certified *point, int64_t count)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "certificates.csv"));
	fputs(header, out.file);
	for (int64_t i = 0; i < count; i++) put_point(out.file, &point[i]);
	return tw_part_close(&out);
}

/* ---- one point ----------------------------------------------------------------------------------------------- */

static const char *interval(char out[64], int64_t low, int64_t high)
{
	if (low < 0) return "not known";
	if (high < 0)
		snprintf(out, 64, "%" PRId64 " or more", low);
	else if (low == high)
		snprintf(out, 64, "%" PRId64, low);
	else
		snprintf(out, 64, "%" PRId64 " to %" PRId64, low, high);
	return out;
}

static void print_refinement(const tw_refinement *r)
{
	if (r->end == TW_REFINE_NONE) {
		puts("refinement      none");
		return;
	}
	printf("refinement      %s after %" PRId64 " Newton steps, %" PRId64 " products with the Hessian\n",
	       tw_refine_end_name(r->end), r->steps, r->products);
	printf("                theta moved by %.3g, its norm from %.6g to %.6g\n", r->moved, r->theta_norm_before,
	       r->theta_norm);
	printf("                cost from %.9g, ||grad f|| from %.3g\n", r->cost_before, r->gradient_norm_before);
}

static void print_spectrum(const tw_certificate *c)
{
	char text[64];
	if (isnan(c->smallest)) {
		puts("eigenvalues     not computed");
		return;
	}
	printf("eigenvalues     smallest %.9g +- %.1g, largest %.9g +- %.1g%s\n", c->smallest, c->smallest_residual,
	       c->largest, c->largest_residual,
	       c->full         ? ""
	       : c->incomplete ? " (not converged)"
	                       : " (the ends alone)");
	printf("index           %s negative\n", interval(text, c->index_low, c->index_high));
	if (c->flat_found >= 0)
		printf("flat            %" PRId64 " found, %" PRId64 " explained by symmetry\n", c->flat_found,
		       c->flat_explained);
	if (!isnan(c->condition)) printf("condition       %.3g\n", c->condition);
	if (!isnan(c->margin)) printf("margin          %.3g of the largest eigenvalue\n", c->margin);
}

void tw_certificate_print(const tw_certified *point)
{
	const tw_certificate *c = &point->certificate;
	if (point->run >= 0) printf("run             %" PRId64 "\n", point->run);
	printf("verdict         %s: %s\n", tw_certified_verdict(point), c->why);
	if (point->status != TW_OK) return;
	printf("cost            %.17g\n||grad f||      %.3g\nparameters      %" PRId64 "\n", c->cost, c->gradient_norm,
	       c->dimension);
	print_refinement(&c->refinement);
	print_spectrum(c);
	if (isinf(c->kink_distance))
		puts("kinks           none");
	else
		printf("kinks           the nearest %.3g away in theta\n", c->kink_distance);
	if (c->dead_units > 0) printf("dead units      %" PRId64 "\n", c->dead_units);
}

/* ---- counts -------------------------------------------------------------------------------------------------- */

enum { OTHER = TW_VERDICT_COUNT, COLUMNS };

static const char *const column_head[COLUMNS] = {[TW_MINIMUM] = "minimum",
                                                 [TW_STRICT_SADDLE] = "saddle",
                                                 [TW_DEGENERATE] = "degenerate",
                                                 [TW_DESCENDING] = "descending",
                                                 [TW_ON_A_KINK] = "on a kink",
                                                 [TW_UNDECIDED] = "undecided",
                                                 [OTHER] = "other"};

static void print_counts(const char *name, const int64_t count[COLUMNS])
{
	int64_t all = 0;
	for (int k = 0; k < COLUMNS; k++) all += count[k];
	if (all == 0) return;
	printf("%-32s%8" PRId64, name, all);
	for (int k = 0; k < COLUMNS; k++) printf("%12" PRId64, count[k]);
	putchar('\n');
}

void tw_certificates_print(const tw_sweep_plan *plan, const tw_certified *point, int64_t count)
{
	int64_t total[COLUMNS] = {0};
	printf("%-32s%8s", "cell", "points");
	for (int k = 0; k < COLUMNS; k++) printf("%12s", column_head[k]);
	putchar('\n');
	for (int c = 0; c < (plan ? plan->cells : 1); c++) {
		int64_t counts[COLUMNS] = {0};
		for (int64_t i = 0; i < count; i++)
			if (!plan || point[i].cell == c)
				counts[point[i].status == TW_OK ? (int)point[i].certificate.verdict : OTHER]++;
		for (int k = 0; k < COLUMNS; k++) total[k] += counts[k];
		if (plan) print_counts(plan->cell[c].name, counts);
	}
	print_counts("all", total);
}

/* ---- density.csv --------------------------------------------------------------------------------------------- */

static tw_status open_path(const char *file, tw_part_file *out)
{
	const char *slash = strrchr(file, '/');
	char folder[1024] = ".";
	if (slash) snprintf(folder, sizeof folder, "%.*s", slash == file ? 1 : (int)(slash - file), file);
	return tw_part_open(out, folder, slash ? slash + 1 : file);
}

tw_status tw_density_write(const char *file, const tw_spectral_density *density)
{
	tw_part_file out;
	char node[TW_NUMBER_TEXT], weight[TW_NUMBER_TEXT];
	TW_TRY(open_path(file, &out));
	fputs("probe,eigenvalue,weight\n", out.file);
	for (int p = 0; p < density->probes; p++)
		for (int k = 0; k < density->steps; k++) {
			const int at = p * density->steps + k;
			if (density->weight[at] == 0) continue;
			fprintf(out.file, "%d,%s,%s\n", p, tw_format_real(node, TW_DOUBLE, density->node[at]),
			        tw_format_real(weight, TW_DOUBLE, density->weight[at]));
		}
	return tw_part_close(&out);
}
