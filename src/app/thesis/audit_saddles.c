/* Stationary points next to runs: does the index fall with the cost? (Dauphin and others 2014, figure 1) */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/thesis/audit.h"
#include "run/run.h"

enum { STARTS = 120, ITERATES = 12 };
static const int64_t iterate_at[ITERATES] = {0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 3000};

/* The stationary point to which an iterate leads. */
typedef struct {
	int start;
	int64_t step;
	double cost_at, cost; /* of the iterate, of the stationary point */
	double gradient_norm, moved, share, smallest;
	int64_t index, dimension;
	bool found;
} saddle;

/* ---- one run ------------------------------------------------------------------------------------------------- */

typedef struct {
	int64_t dimension;
	double *theta; /* ITERATES x dimension */
} iterates;

static tw_status keep_iterate(void *self, int64_t step, const double *theta)
{
	iterates *kept = self;
	for (int i = 0; i < ITERATES; i++)
		if (iterate_at[i] == step)
			memcpy(kept->theta + i * kept->dimension, theta, (size_t)kept->dimension * sizeof *theta);
	return TW_OK;
}

static tw_status look_at(tw_run *run, const double *theta, saddle *out)
{
	tw_certify_options options;
	tw_certificate certificate;
	tw_certify_defaults(&options);
	options.refine.to_saddles = true;
	options.refine.steps = 100;
	options.full_spectrum = INT64_MAX;
	TW_TRY(tw_run_set_theta(run, theta));
	const tw_status status = tw_certify(run, &options, &certificate);
	if (status == TW_DIVERGED) return TW_OK;
	TW_TRY(status);
	out->cost_at = certificate.refinement.cost_before;
	out->cost = certificate.cost;
	out->gradient_norm = certificate.gradient_norm;
	out->moved = certificate.refinement.moved;
	out->index = certificate.index_low;
	out->dimension = certificate.dimension;
	out->share = (double)certificate.index_low / (double)certificate.dimension;
	out->smallest = certificate.smallest;
	out->found =
	    certificate.gradient_norm <= options.stationary && certificate.index_low >= 0 && !certificate.separated;
	return TW_OK;
}

static tw_status follow_run(tw_run *run, int start, saddle *out)
{
	iterates kept = {.dimension = tw_network_dimension(tw_run_network(run))};
	TW_TRY(tw_alloc_array((void **)&kept.theta, ITERATES * kept.dimension, sizeof(double), "iterates"));
	keep_iterate(&kept, 0, tw_run_theta(run));
	tw_status status = tw_run_replay(run, iterate_at[ITERATES - 1], keep_iterate, &kept);
	for (int i = 0; i < ITERATES && status == TW_OK; i++) {
		out[i] = (saddle){.start = start, .step = iterate_at[i]};
		status = look_at(run, kept.theta + i * kept.dimension, &out[i]);
	}
	tw_free(kept.theta);
	return status;
}

static tw_status follow_start(tw_comm *self, const tw_settings *common, tw_data *data, int start, saddle *out)
{
	tw_settings settings = *common;
	tw_run *run = NULL;
	settings.run = (uint32_t)start;
	TW_TRY(run_create_on(self, &settings, data, NULL, 1, &run));
	tw_status status = follow_run(run, start, out);
	tw_run_free(run);
	return status;
}

/* Each start by one thread. */
static tw_status follow_each(tw_comm *self, const tw_settings *settings, tw_data *data, saddle *out)
{
	tw_status failed = TW_OK;
	char message[512] = "";
#pragma omp parallel for schedule(dynamic)
	for (int s = 0; s < STARTS; s++) {
		tw_status before;
#pragma omp atomic read
		before = failed;
		if (before != TW_OK) continue;
		const tw_status status = follow_start(self, settings, data, s, out + s * ITERATES);
		if (status == TW_OK) continue;
#pragma omp critical(audit_saddles)
		if (failed == TW_OK) {
			snprintf(message, sizeof message, "%s", tw_message());
#pragma omp atomic write
			failed = status;
		}
	}
	return failed == TW_OK ? TW_OK : tw_fail(failed, "%s", message);
}

static tw_status follow_all(const thesis_context *context, saddle *out)
{
	tw_comm *self = NULL;
	tw_settings settings;
	tw_data *data = NULL, *test = NULL;
	const char *text = thesis_text("audit-saddles.yaml");
	TW_CHECK(text, TW_INTERNAL, "audit-saddles.yaml: this program has no such configuration");
	TW_TRY(tw_settings_parse(&settings, "audit-saddles", text, (const char *const *)context->set, context->sets));
	tw_status status = tw_comm_self(&self);
	if (status == TW_OK) status = tw_data_load(self, &settings.data, &data, &test);
	if (status == TW_OK) status = follow_each(self, &settings, data, out);
	tw_data_free(data);
	tw_data_free(test);
	tw_comm_free(self);
	tw_settings_free(&settings);
	return status;
}

/* ---- what they say ------------------------------------------------------------------------------------------- */

/* Twice the rank of value i: the smallest has 2, equal ones the mean of theirs. */
static double rank_of(const saddle *point, int count, int i, double (*value)(const saddle *))
{
	double rank = 1;
	for (int k = 0; k < count; k++)
		rank += (value(&point[k]) < value(&point[i])) + (value(&point[k]) <= value(&point[i]));
	return rank;
}

static double cost_of(const saddle *point) { return point->cost; }
static double share_of(const saddle *point) { return point->share; }

/* Spearman's rank correlation of cost and index; NaN where one of them is always the same. */
static double correlation(const saddle *point, int count)
{
	double xx = 0, yy = 0, xy = 0;
	const double middle = count + 1;
	for (int i = 0; i < count; i++) {
		const double x = rank_of(point, count, i, cost_of) - middle, y = rank_of(point, count, i, share_of) - middle;
		xx += x * x, yy += y * y, xy += x * y;
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

/* Points that are the same, up to the symmetries of the network, count once: equal cost and index. */
static int distinct(const saddle *all, int count, saddle *out)
{
	int kept = 0;
	for (int i = 0; i < count; i++) {
		bool known = !all[i].found;
		for (int k = 0; k < kept && !known; k++)
			known = all[i].index == out[k].index && fabs(all[i].cost - out[k].cost) <= 1e-9 * out[k].cost;
		if (!known) out[kept++] = all[i];
	}
	return kept;
}

static tw_status write_saddles(const char *folder, const saddle *point, int count)
{
	tw_part_file out;
	char text[5][TW_NUMBER_TEXT];
	TW_TRY(tw_part_open(&out, folder, "saddles.csv"));
	fputs("start,step,cost_at,cost,gradient_norm,moved,index,dimension,smallest\n", out.file);
	for (int i = 0; i < count; i++) {
		const saddle *s = &point[i];
		const double value[] = {s->cost_at, s->cost, s->gradient_norm, s->moved, s->smallest};
		for (int k = 0; k < 5; k++) tw_format_real(text[k], TW_DOUBLE, value[k]);
		fprintf(out.file, "%d,%" PRId64 ",%s,%s,%s,%s,%" PRId64 ",%" PRId64 ",%s\n", s->start, s->step, text[0],
		        text[1], text[2], text[3], s->index, s->dimension, text[4]);
	}
	return tw_part_close(&out);
}

/* Where cost and index have nothing to do with each other, rho sqrt(count - 1) is about a normal variable. */
static void tell_correlation(tw_page *page, double rho, int count)
{
	const double score = rho * sqrt(count - 1.0), level = 1.645;
	tw_page_finding(
	    page,
	    score > level    ? TW_AGREES
	    : score < -level ? TW_DIFFERS
	                     : TW_NOTE,
	    "Dauphin and others (2014) saw that stationary points of high cost have many negative eigenvalues and "
	    "those of low cost few. Here the rank correlation of cost and index is %.2f over %d stationary points: "
	    "%s.",
	    rho, count,
	    score > level    ? "the same, beyond chance (one-sided level 0.05)"
	    : score < -level ? "the opposite (one-sided level 0.05)"
	                     : "not beyond what chance gives (one-sided level 0.05)");
}

static tw_status report(thesis_context *context, const saddle *all, saddle *point)
{
	enum { LEAST = 10 };
	const int count = distinct(all, STARTS * ITERATES, point);
	int found = 0, saddles = 0;
	for (int i = 0; i < STARTS * ITERATES; i++) found += all[i].found;
	for (int i = 0; i < count; i++) saddles += point[i].index > 0;
	const double rho = correlation(point, count);
	tw_page *page = context->page;
	TW_TRY(write_saddles(context->folder, point, count));
	tw_page_heading(page, 2, "Saddles along the runs");
	tw_page_text(
	    page,
	    "From %d iterates of each of %d runs of gradient descent (2-3-1, tanh, on the circles: smooth, so that no "
	    "kink is in the way) to the stationary point of any kind to which Newton steps on the gradient lead: "
	    "%d of %d get there. Of these %d differ in cost or index, %d of them saddles.",
	    ITERATES, STARTS, found, STARTS * ITERATES, count, saddles);
	if (count < LEAST || isnan(rho))
		tw_page_finding(page, TW_NOTE, "Too few stationary points for a comparison of index and cost: %d.", count);
	else
		tell_correlation(page, rho, count);
	return thesis_draw(context, "audit-saddles",
	                   "Share of negative eigenvalues (index over d) and cost f(θ) of stationary points found from "
	                   "iterates of gradient descent.");
}

tw_status audit_saddles(thesis_context *context)
{
	saddle *all = NULL;
	tw_status status = TW_OK;
	if (context->speaks) {
		status = tw_alloc_array((void **)&all, 2 * STARTS * ITERATES, sizeof *all, "stationary points");
		if (status == TW_OK) status = follow_all(context, all);
		if (status == TW_OK) status = report(context, all, all + STARTS * ITERATES);
		tw_free(all);
	}
	return tw_comm_agree(context->comm, status);
}
