/* The audit of 5.1: is what the thesis calls local minima one? Every end point of the sweep is refined in double
 * precision and judged by the Hessian there. */
#include "app/thesis/audit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/thesis/audit_kept.h"
#include "app/thesis/local_minima.h"

enum { VERDICTS = TW_VERDICT_COUNT + 1, OTHER = TW_VERDICT_COUNT, CELL_TEXT = 32 };

/* ---- the sweep ----------------------------------------------------------------------------------------------- */

/* Collective. The folder of the experiment that has trained the sweep: local-minima beside this one, if it has; else
 * this one. *folder: free. */
static tw_status find_sweep(thesis_context *context, char **folder)
{
	char *beside = NULL, *plan = NULL;
	bool there = false;
	tw_status status = TW_OK;
	*folder = NULL;
	if (asprintf(&beside, "%s/../local-minima", context->folder) < 0) beside = NULL;
	if (!beside || asprintf(&plan, "%s/sweep/models.h5", beside) < 0) plan = NULL;
	if (!plan)
		status = tw_fail(TW_NO_MEMORY, "no memory for the name of a folder");
	else if (context->speaks)
		there = access(plan, R_OK) == 0;
	free(plan);
	status = tw_comm_agree(context->comm, status);
	if (status == TW_OK) status = tw_comm_broadcast(context->comm, &there, sizeof there, 0);
	if (status == TW_OK) {
		*folder = there ? strdup(beside) : strdup(context->folder);
		status = tw_comm_agree(context->comm, *folder ? TW_OK : tw_fail(TW_NO_MEMORY, "no memory for a folder"));
	}
	free(beside);
	return status;
}

static int64_t count_judged(const tw_certified *point, int64_t count)
{
	int64_t judged = 0;
	for (int64_t i = 0; point && i < count; i++) judged += certify_is_judged(&point[i]);
	return judged;
}

/* Rank 0. */
static tw_status keep(const thesis_context *context, const audit_kept *kept, const tw_certified *point, bool stopped)
{
	TW_TRY(audit_kept_write(context->folder, kept, point));
	if (!stopped) return TW_OK;
	return tw_fail(TW_INTERRUPTED,
	               "audit: interrupted: %" PRId64 " of %" PRId64 " end points certified; the same command goes on",
	               count_judged(point, kept->count), kept->count);
}

/* Collective. */
static tw_status certify_missing(thesis_context *context, const char *models, const tw_sweep_plan *plan,
                                 const audit_kept *kept, tw_certified **point)
{
	tw_certify_options options;
	int64_t count = 0;
	const int64_t before = count_judged(kept->point, kept->count);
	tw_certify_defaults(&options);
	const certify_order order = {.plan = plan, .models = models, .run = -1, .options = &options, .known = kept->point};
	if (before < plan->runs)
		tw_log(TW_LOG_NOTE, "audit: %" PRId64 " end points to be certified", plan->runs - before);
	else
		tw_log(TW_LOG_NOTE, "audit: certified before");
	tw_status status = certify_points(context->comm, &order, point, &count);
	if (status != TW_OK && status != TW_INTERRUPTED) return status;
	if (*point) status = keep(context, kept, *point, status == TW_INTERRUPTED);
	return tw_comm_agree(context->comm, status);
}

/* Collective. *point on rank 0: plan->runs of them. */
static tw_status certify_sweep(thesis_context *context, const char *models, const tw_sweep_plan *plan,
                               tw_certified **point)
{
	audit_kept kept = {0};
	tw_status status = TW_OK;
	if (context->speaks) status = audit_kept_read(context->folder, models, plan->runs, &kept);
	status = tw_comm_agree(context->comm, status);
	if (status == TW_OK) status = certify_missing(context, models, plan, &kept, point);
	tw_free(kept.point);
	return status;
}

/* ---- counts -------------------------------------------------------------------------------------------------- */

/* Points of one number of hidden layers and one width. */
typedef struct {
	int64_t points, verdict[VERDICTS];
	int64_t clarke;      /* of those on a kink: shown to be stationary in Clarke's sense */
	int64_t near_saddle; /* of the saddles: not far from where the run ended */
} counts;

static int verdict_of(const tw_certified *point)
{
	return point->status == TW_OK ? (int)point->certificate.verdict : OTHER;
}

static bool is_clarke(const tw_certificate *c) { return c->verdict == TW_ON_A_KINK && c->around_norm <= 1e-5; }

static bool is_near(const tw_refinement *r) { return r->moved <= 0.01 * (1 + r->theta_norm_before); }

static void count_point(const tw_certified *point, counts *out)
{
	const tw_certificate *c = &point->certificate;
	out->points++;
	out->verdict[verdict_of(point)]++;
	out->clarke += point->status == TW_OK && is_clarke(c);
	out->near_saddle += point->status == TW_OK && c->verdict == TW_STRICT_SADDLE && is_near(&c->refinement);
}

/* layers negative: all. */
static counts count_points(const tw_certified *point, int64_t all, int layers, int64_t width)
{
	counts out = {0};
	for (int64_t i = 0; i < all; i++)
		if (layers < 0 || (point[i].hidden_layers == layers && point[i].width == width)) count_point(&point[i], &out);
	return out;
}

/* ---- files --------------------------------------------------------------------------------------------------- */

/* Whether this is the first cell of its layers and width. */
static const tw_settings *first_of(const tw_sweep_plan *plan, int cell)
{
	const tw_settings *settings = &plan->cell[cell].settings;
	for (int c = 0; c < cell; c++) {
		const tw_settings *other = &plan->cell[c].settings;
		if (other->hidden_count == settings->hidden_count && other->hidden[0] == settings->hidden[0]) return NULL;
	}
	return settings;
}

static tw_status write_counts(const char *folder, const tw_sweep_plan *plan, const tw_certified *point)
{
	tw_part_file out;
	TW_TRY(tw_part_open(&out, folder, "audit.csv"));
	fputs("hidden_layers,width,points,minimum,strict_saddle,degenerate,descending,on_a_kink,undecided,other,clarke\n",
	      out.file);
	for (int cell = 0; cell < plan->cells; cell++) {
		const tw_settings *settings = first_of(plan, cell);
		if (!settings) continue;
		const counts c = count_points(point, plan->runs, settings->hidden_count, settings->hidden[0]);
		fprintf(out.file, "%d,%" PRId64 ",%" PRId64, settings->hidden_count, settings->hidden[0], c.points);
		for (int v = 0; v < VERDICTS; v++) fprintf(out.file, ",%" PRId64, c.verdict[v]);
		fprintf(out.file, ",%" PRId64 "\n", c.clarke);
	}
	return tw_part_close(&out);
}

static const char *share(char out[CELL_TEXT], int64_t count, int64_t all)
{
	if (count == 0) return "";
	snprintf(out, CELL_TEXT, "%.0f %%", 100.0 * (double)count / (double)all);
	return out;
}

static void tell_table(tw_page *page, const tw_sweep_plan *plan, const tw_certified *point)
{
	static const char *const head[] = {"hidden layers", "width",      "points",    "minimum",   "strict saddle",
	                                   "degenerate",    "descending", "on a kink", "undecided", "not finite"};
	enum { COLUMNS = sizeof head / sizeof *head };
	tw_page_table(page, "Share of each verdict; docs/certify.md defines them.", COLUMNS, head);
	for (int cell = 0; cell < plan->cells; cell++) {
		const tw_settings *settings = first_of(plan, cell);
		if (!settings) continue;
		const counts c = count_points(point, plan->runs, settings->hidden_count, settings->hidden[0]);
		char text[COLUMNS][CELL_TEXT];
		const char *row[COLUMNS];
		snprintf(text[0], CELL_TEXT, "%d", settings->hidden_count);
		snprintf(text[1], CELL_TEXT, "%" PRId64, settings->hidden[0]);
		snprintf(text[2], CELL_TEXT, "%" PRId64, c.points);
		for (int k = 0; k < 3; k++) row[k] = text[k];
		for (int v = 0; v < VERDICTS; v++) row[3 + v] = share(text[3 + v], c.verdict[v], c.points);
		tw_page_row(page, row);
	}
	tw_page_table_end(page);
}

/* ---- what it says -------------------------------------------------------------------------------------------- */

static int by_size(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

/* Median over points on a kink of how far f fell in the refinement, as a share of f. NaN: none. */
static tw_status median_fall(const tw_certified *point, int64_t all, double *out)
{
	double *fall = NULL;
	int64_t count = 0;
	TW_TRY(tw_alloc_array((void **)&fall, all + 1, sizeof *fall, "costs"));
	for (int64_t i = 0; i < all; i++) {
		const tw_certificate *c = &point[i].certificate;
		if (verdict_of(&point[i]) == TW_ON_A_KINK && !isnan(c->around_norm))
			fall[count++] = (c->refinement.cost_before - c->cost) / c->refinement.cost_before;
	}
	qsort(fall, (size_t)count, sizeof *fall, by_size);
	*out = count ? fall[count / 2] : NAN;
	tw_free(fall);
	return TW_OK;
}

/* The smallest width with this many hidden layers from which on no end point is a stationary one; 0: none. */
static int64_t all_descend_from(const tw_sweep_plan *plan, const tw_certified *point, int layers)
{
	int64_t from = 0;
	for (int cell = plan->cells - 1; cell >= 0; cell--) {
		const tw_settings *settings = &plan->cell[cell].settings;
		if (settings->hidden_count != layers) continue;
		const counts c = count_points(point, plan->runs, layers, settings->hidden[0]);
		if (c.verdict[TW_DESCENDING] < c.points) return from;
		from = settings->hidden[0];
	}
	return from;
}

static void tell_descents(tw_page *page, const tw_sweep_plan *plan, const tw_certified *point, const counts *all)
{
	for (int layers = 1; layers <= 3; layers++) {
		const int64_t from = all_descend_from(plan, point, layers);
		if (from)
			tw_page_finding(page, TW_NOTE,
			                "With %d hidden layer%s of %" PRId64 " or more neurons each, every run descends to "
			                "infinity: all observations are classified right, so that f falls to 0 as the last layer "
			                "grows, and there is no minimum to be found. The cost at which such a run stops is that of "
			                "its stop rule.",
			                layers, layers == 1 ? "" : "s", from);
	}
	if (all->verdict[TW_DESCENDING] == 0) tw_page_finding(page, TW_NOTE, "No run descends to infinity.");
}

static tw_status tell_findings(tw_page *page, const tw_sweep_plan *plan, const tw_certified *point)
{
	const counts all = count_points(point, plan->runs, -1, 0);
	const double minima = (double)all.verdict[TW_MINIMUM] / (double)all.points;
	double fall;
	TW_TRY(median_fall(point, plan->runs, &fall));
	tw_page_finding(page, minima >= 0.9 ? TW_AGREES : TW_DIFFERS,
	                "The thesis calls the ends of its runs local minima. Of %" PRId64 " end points %" PRId64
	                " (%.1f %%) are certified as minima up to symmetry; %" PRId64
	                " (%.1f %%) descend to infinity, %" PRId64 " (%.1f %%) lie on a kink of f, %" PRId64
	                " are strict saddles, %" PRId64 " degenerate, %" PRId64 " undecided, %" PRId64 " not finite.",
	                all.points, all.verdict[TW_MINIMUM], 100 * minima, all.verdict[TW_DESCENDING],
	                100.0 * (double)all.verdict[TW_DESCENDING] / (double)all.points, all.verdict[TW_ON_A_KINK],
	                100.0 * (double)all.verdict[TW_ON_A_KINK] / (double)all.points, all.verdict[TW_STRICT_SADDLE],
	                all.verdict[TW_DEGENERATE], all.verdict[TW_UNDECIDED], all.verdict[OTHER]);
	if (all.verdict[TW_ON_A_KINK] > 0)
		tw_page_finding(
		    page, TW_NOTE,
		    "On a kink the gradient jumps, and gradient descent with a fixed step size goes to and fro over it "
		    "instead of coming to rest. Of the %" PRId64 " end points there %" PRId64
		    " are shown stationary in Clarke's sense after up to three rounds of 100 steps of gradient sampling "
		    "each; down to there f falls by %.2g %% of its value in the median of those that were sampled. %s",
		    all.verdict[TW_ON_A_KINK], all.clarke, 100 * fall,
		    2 * all.clarke < all.verdict[TW_ON_A_KINK]
		        ? "Of the others it is not shown that they are at rest: whether they were stopped on their way "
		          "is open where f no longer falls."
		        : "");
	tell_descents(page, plan, point, &all);
	tw_page_finding(page, all.near_saddle == 0 ? TW_AGREES : TW_DIFFERS,
	                "Theorem 4.4 says that gradient descent from random starts does not end at strict saddles. %" PRId64
	                " of %" PRId64 " end points are led to one by the refinement, %" PRId64
	                " of them from close by (within 1 %% of the norm of θ).",
	                all.verdict[TW_STRICT_SADDLE], all.points, all.near_saddle);
	return TW_OK;
}

/* Rank 0. */
static tw_status report(thesis_context *context, const char *models, const tw_sweep_plan *plan,
                        const tw_certified *point)
{
	tw_page *page = context->page;
	TW_TRY(tw_certificates_write(context->folder, point, plan->runs));
	TW_TRY(write_counts(context->folder, plan, point));
	tw_page_heading(page, 2, "What kind of point each run has found");
	tw_page_text(page, "Every end point of the sweep of 5.1 is refined in double precision by Newton steps to a "
	                   "stationary point, within the region where f is smooth, and over kinks by gradient sampling "
	                   "where one is in the way and θ has at most 130 parameters; then it is judged by the eigenvalues "
	                   "of the Hessian there. No point is judged by its cost.");
	TW_TRY(tell_findings(page, plan, point));
	TW_TRY(thesis_draw(context, "audit-index",
	                   "Cost f(θ) of the refined end points against the share of negative eigenvalues (top) and the "
	                   "smallest eigenvalue that no symmetry makes 0 over the largest (bottom). On a kink the Hessian "
	                   "is that of the side on "
	                   "which θ lies."));
	tell_table(page, plan, point);
	return audit_density(context, models, plan, point);
}

static tw_status audit_sweep(thesis_context *context)
{
	thesis_context where = *context;
	char *folder = NULL, *models = NULL;
	tw_sweep_plan plan;
	tw_certified *point = NULL;
	TW_TRY(find_sweep(context, &folder));
	where.folder = folder;
	if (asprintf(&models, "%s/sweep/models.h5", folder) < 0) models = NULL;
	tw_status status =
	    tw_comm_agree(context->comm, models ? TW_OK : tw_fail(TW_NO_MEMORY, "no memory for the name of a file"));
	if (status == TW_OK) status = minima_train(&where, &plan, NULL);
	if (status == TW_OK) {
		status = certify_sweep(context, models, &plan, &point);
		if (status == TW_OK)
			status = tw_comm_agree(context->comm, context->speaks ? report(context, models, &plan, point) : TW_OK);
		tw_sweep_plan_free(&plan);
	}
	tw_free(point);
	free(models);
	free(folder);
	return status;
}

static tw_status run(thesis_context *context)
{
	tw_page_heading(context->page, 1, "%s", thesis_audit.title);
	TW_TRY(audit_sweep(context));
	return audit_saddles(context);
}

const thesis_experiment thesis_audit = {
    .name = "audit",
    .title = "Audit of 5.1: are the ends of the runs local minima?",
    .brief = "a second-order verdict on every end point of local-minima; index and cost of saddles along runs",
    .reduced = "the end points of the quick version of local-minima",
    .run = run,
};
