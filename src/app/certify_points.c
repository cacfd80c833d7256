/* The end points of a sweep, dealt out to ranks and threads: each is judged by one thread alone. */
#include "app/certify.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/launch.h"
#include "run/run.h"

enum { MESSAGE = 512 };

/* One point to be judged. */
typedef struct {
	int64_t run, dimension, at; /* at: its theta in `theta` of all points */
	int cell;
} point;

/* What a rank knows: the same on all of them but for `done`. */
typedef struct {
	const certify_order *order;
	tw_comm *comm, *self;
	point *point; /* the largest first, from `known` on: those to be judged */
	int64_t count, known;
	double *theta;
	tw_data **data;    /* one a cell; cells of the same data share it */
	tw_certified *own; /* of this rank's points, in its order */
	int64_t own_count;
	atomic_llong next, done;
	atomic_int stop; /* a status: TW_OK goes on */
	char message[MESSAGE];
	tw_sweep_progress *progress; /* rank 0 */
	double begin;
} deal;

/* ---- end points ---------------------------------------------------------------------------------------------- */

static tw_status check_network(const deal *d, int64_t run, const tw_network *stored)
{
	tw_network network;
	char have[160], want[160];
	const int cell = tw_sweep_cell_of(d->order->plan, run);
	TW_TRY(tw_settings_network(&d->order->plan->cell[cell].settings, d->data[cell], &network));
	if (tw_network_equal(&network, stored)) return TW_OK;
	tw_network_describe(stored, have);
	tw_network_describe(&network, want);
	return tw_fail(TW_USAGE,
	               "%s: run %" PRId64 " is a model of another network: %s in the file, %s in the configuration",
	               d->order->models, run, have, want);
}

/* Rank 0. */
static tw_status read_points(deal *d)
{
	for (int64_t i = 0; i < d->count; i++) {
		const point *point = &d->point[i];
		char *name = NULL;
		tw_network network;
		tw_precision precision;
		double *theta = NULL;
		if (asprintf(&name, "%s:%" PRId64, d->order->models, point->run) < 0)
			return tw_fail(TW_NO_MEMORY, "no memory for the name of a model");
		tw_status status = tw_model_read(name, &network, &precision, &theta);
		free(name);
		if (status == TW_OK) status = check_network(d, point->run, &network);
		if (status == TW_OK) memcpy(d->theta + point->at, theta, (size_t)point->dimension * sizeof *theta);
		tw_free(theta);
		TW_TRY(status);
	}
	return TW_OK;
}

static int by_size(const void *left, const void *right)
{
	const point *a = left, *b = right;
	if (a->dimension != b->dimension) return a->dimension > b->dimension ? -1 : 1;
	return (a->run > b->run) - (a->run < b->run);
}

static tw_status list_points(deal *d)
{
	const tw_sweep_plan *plan = d->order->plan;
	const int64_t first = d->order->run < 0 ? 0 : d->order->run;
	int64_t reals = 0;
	TW_CHECK(first < plan->runs, TW_USAGE, "%s: there is no run %" PRId64 " in this sweep: its runs are 0 to %" PRId64,
	         d->order->models, first, plan->runs - 1);
	d->count = d->order->run < 0 ? plan->runs : 1;
	TW_TRY(tw_alloc_array((void **)&d->point, d->count, sizeof *d->point, "the points"));
	for (int64_t i = 0; i < d->count; i++) {
		tw_network network;
		const int cell = tw_sweep_cell_of(plan, first + i);
		TW_TRY(tw_settings_network(&plan->cell[cell].settings, d->data[cell], &network));
		d->point[i] = (point){.run = first + i, .cell = cell, .dimension = tw_network_dimension(&network), .at = reals};
		reals += d->point[i].dimension;
	}
	return tw_alloc_array((void **)&d->theta, reals, sizeof *d->theta, "the end points of a sweep");
}

static bool same_data(const tw_sweep_plan *plan, int a, int b)
{
	return tw_data_options_equal(&plan->cell[a].settings.data, &plan->cell[b].settings.data);
}

static tw_data_options data_in_double(const tw_cell *cell)
{
	tw_data_options options = cell->settings.data;
	options.precision = TW_DOUBLE;
	return options;
}

static tw_status load_data(deal *d)
{
	const tw_sweep_plan *plan = d->order->plan;
	TW_TRY(tw_alloc_array((void **)&d->data, plan->cells, sizeof *d->data, "the data"));
	for (int c = 0; c < plan->cells; c++) {
		for (int b = 0; b < c && !d->data[c]; b++)
			if (same_data(plan, b, c)) d->data[c] = d->data[b];
		if (d->data[c]) continue;
		tw_data *test = NULL;
		const tw_data_options options = data_in_double(&plan->cell[c]);
		TW_TRY(tw_data_load(d->self, &options, &d->data[c], &test));
		tw_data_free(test);
	}
	return TW_OK;
}

static void free_data(deal *d)
{
	const int cells = d->data ? d->order->plan->cells : 0;
	for (int c = 0; c < cells; c++) {
		bool shared = false;
		for (int b = 0; b < c && !shared; b++) shared = d->data[b] == d->data[c];
		if (!shared) tw_data_free(d->data[c]);
	}
	tw_free(d->data);
}

/* Collective. */
static tw_status gather_points(deal *d)
{
	tw_status status = load_data(d);
	if (status == TW_OK) status = list_points(d);
	TW_TRY(tw_comm_agree(d->comm, status));
	status = tw_comm_rank(d->comm) == 0 ? read_points(d) : TW_OK;
	TW_TRY(tw_comm_agree(d->comm, status));
	const point *last = &d->point[d->count - 1];
	TW_TRY(tw_comm_broadcast(d->comm, d->theta, (size_t)(last->at + last->dimension) * sizeof *d->theta, 0));
	qsort(d->point, (size_t)d->count, sizeof *d->point, by_size);
	return TW_OK;
}

bool certify_is_judged(const tw_certified *point) { return point->status == TW_OK || point->status == TW_DIVERGED; }

/* Collective. Puts the points that are known first. */
static tw_status set_known_aside(deal *d)
{
	const tw_certified *known = d->order->known;
	point *sorted = NULL;
	char *judged = NULL;
	tw_status status = tw_alloc_array((void **)&sorted, d->count, sizeof *sorted, "the points");
	if (status == TW_OK) status = tw_alloc_array((void **)&judged, d->count, 1, "the points");
	for (int64_t i = 0; known && i < d->count && status == TW_OK; i++)
		judged[i] = (char)certify_is_judged(&known[d->point[i].run]);
	status = tw_comm_agree(d->comm, status);
	if (status == TW_OK) status = tw_comm_broadcast(d->comm, judged, (size_t)d->count, 0);
	if (status == TW_OK) {
		int64_t at = 0;
		for (int wanted = 1; wanted >= 0; wanted--) {
			for (int64_t i = 0; i < d->count; i++)
				if (judged[i] == wanted) sorted[at++] = d->point[i];
			if (wanted) d->known = at;
		}
		memcpy(d->point, sorted, (size_t)d->count * sizeof *sorted);
	}
	tw_free(sorted), tw_free(judged);
	return status;
}

/* ---- one point ----------------------------------------------------------------------------------------------- */

/* The widths of the hidden layers, -1 where they differ. */
static int64_t common_width(const tw_settings *settings)
{
	for (int l = 1; l < settings->hidden_count; l++)
		if (settings->hidden[l] != settings->hidden[0]) return -1;
	return settings->hidden_count ? settings->hidden[0] : 0;
}

static tw_certified unseen(const deal *d, const point *point)
{
	const tw_cell *cell = &d->order->plan->cell[point->cell];
	tw_certified out = {.run = point->run,
	                    .start = point->run - cell->first_run,
	                    .cell = point->cell,
	                    .hidden_layers = cell->settings.hidden_count,
	                    .width = common_width(&cell->settings),
	                    .status = TW_INTERRUPTED};
	tw_certificate_clear(&out.certificate, point->dimension);
	snprintf(out.certificate.why, sizeof out.certificate.why, "stopped before its turn");
	return out;
}

static tw_status judge_on(const deal *d, const point *point, const tw_settings *settings, tw_certificate *out)
{
	tw_run *run = NULL;
	TW_TRY(run_create_on(d->self, settings, d->data[point->cell], NULL, 1, &run));
	tw_status status = tw_run_set_theta(run, d->theta + point->at);
	if (status == TW_OK) status = tw_certify(run, d->order->options, out);
	tw_run_free(run);
	return status;
}

/* A point whose theta or f is not finite is a result. */
static tw_status judge(const deal *d, const point *point, tw_certified *out)
{
	tw_settings settings = tw_sweep_run_settings(d->order->plan, point->run);
	settings.precision = settings.data.precision = TW_DOUBLE;
	settings.batch = 0;
	settings.initial_file = NULL;
	out->status = judge_on(d, point, &settings, &out->certificate);
	if (out->status == TW_OK) return TW_OK;
	tw_certificate_clear(&out->certificate, point->dimension);
	snprintf(out->certificate.why, sizeof out->certificate.why, "%.*s", (int)sizeof out->certificate.why - 1,
	         tw_message());
	return out->status == TW_DIVERGED ? TW_OK : out->status;
}

/* ---- dealing ------------------------------------------------------------------------------------------------- */

static void show_progress(deal *d)
{
	const double part = (double)atomic_load(&d->done) / (double)(d->own_count ? d->own_count : 1);
	const double seconds = tw_now() - d->begin;
	const tw_sweep_state state = {.runs = d->own_count,
	                              .finished = atomic_load(&d->done),
	                              .work_done = part,
	                              .seconds = seconds,
	                              .seconds_left = NAN};
	if (d->progress) tw_sweep_progress_update(d->progress, &state);
}

/* Of the points to be judged, those of a rank are dealt out in turn. */
static int64_t count_of(const deal *d, int rank)
{
	const int ranks = tw_comm_size(d->comm);
	const int64_t all = d->count - d->known;
	return rank < all ? (all - rank + ranks - 1) / ranks : 0;
}

static const point *point_of(const deal *d, int64_t mine)
{
	return &d->point[d->known + tw_comm_rank(d->comm) + mine * tw_comm_size(d->comm)];
}

/* The first failure, or wish to stop, ends the work of all threads of the rank. */
static void stop_all(deal *d, tw_status status)
{
	int none = TW_OK;
	if (atomic_compare_exchange_strong(&d->stop, &none, (int)status))
		snprintf(d->message, sizeof d->message, "%s", tw_message());
}

static void work(deal *d)
{
	while (atomic_load(&d->stop) == TW_OK) {
		const int64_t mine = atomic_fetch_add(&d->next, 1);
		if (mine >= d->own_count) return;
		if (run_stop_requested()) {
			tw_fail(TW_INTERRUPTED, "asked to stop");
			stop_all(d, TW_INTERRUPTED);
			return;
		}
		const tw_status status = judge(d, point_of(d, mine), &d->own[mine]);
		if (status != TW_OK) stop_all(d, status);
		atomic_fetch_add(&d->done, 1);
		if (omp_get_thread_num() == 0) show_progress(d);
	}
}

/* Local. Judges this rank's points. */
static tw_status judge_own(deal *d, int threads)
{
	d->own_count = count_of(d, tw_comm_rank(d->comm));
	TW_TRY(tw_alloc_array((void **)&d->own, d->own_count + 1, sizeof *d->own, "certificates"));
	for (int64_t i = 0; i < d->own_count; i++) d->own[i] = unseen(d, point_of(d, i));
	if (tw_comm_rank(d->comm) == 0) TW_TRY(tw_sweep_progress_create(&d->progress));
	d->begin = tw_now();
#pragma omp parallel num_threads(threads)
	work(d);
	tw_sweep_progress_finish(d->progress);
	d->progress = NULL;
	const int stop = atomic_load(&d->stop);
	return stop == TW_OK ? TW_OK : tw_fail((tw_status)stop, "%s", d->message);
}

static int by_run(const void *left, const void *right)
{
	const tw_certified *a = left, *b = right;
	return (a->run > b->run) - (a->run < b->run);
}

/* Collective. All certificates on rank 0, in the order of runs. */
static tw_status gather(deal *d, tw_certified **out, int64_t *count)
{
	const int rank = tw_comm_rank(d->comm), ranks = tw_comm_size(d->comm);
	int64_t *bytes = NULL;
	tw_status status = tw_alloc_array((void **)&bytes, 2 * (int64_t)ranks, sizeof *bytes, "counts");
	if (status == TW_OK && rank == 0) status = tw_alloc_array((void **)out, d->count, sizeof **out, "certificates");
	status = tw_comm_agree(d->comm, status);
	if (status == TW_OK) {
		bytes[0] = d->own_count * (int64_t)sizeof **out;
		for (int r = 0; rank == 0 && r < ranks; r++) bytes[ranks + r] = count_of(d, r) * (int64_t)sizeof **out;
		status = tw_comm_exchange(d->comm, d->own, bytes, *out, bytes + ranks);
	}
	tw_free(bytes);
	if (status != TW_OK) { /* what has not arrived must not be taken for verdicts */
		tw_free(*out);
		*out = NULL;
		return status;
	}
	for (int64_t i = 0; rank == 0 && i < d->known; i++) (*out)[d->count - 1 - i] = d->order->known[d->point[i].run];
	if (rank == 0) qsort(*out, (size_t)d->count, sizeof **out, by_run);
	*count = d->count;
	return TW_OK;
}

/* Collective. */
static tw_status run_deal(deal *d, tw_certified **out, int64_t *count)
{
	const certify_order *order = d->order;
	int threads = 1;
	TW_TRY(tw_launch_threads(d->comm, order->threads ? order->threads : order->plan->threads, &threads));
	TW_TRY(gather_points(d));
	TW_TRY(set_known_aside(d));
	const tw_status status = judge_own(d, threads);
	const tw_status room = tw_comm_agree(d->comm, d->own ? TW_OK : status);
	if (room != TW_OK) return room;
	char message[MESSAGE];
	snprintf(message, sizeof message, "%s", status == TW_OK ? "" : tw_message());
	TW_TRY(gather(d, out, count));
	if (status != TW_OK) tw_fail(status, "%s", message);
	return tw_comm_agree(d->comm, status);
}

tw_status certify_points(tw_comm *comm, const certify_order *order, tw_certified **out, int64_t *count)
{
	deal d = {.order = order, .comm = comm};
	*out = NULL;
	*count = 0;
	tw_status status = tw_comm_agree(comm, tw_comm_self(&d.self));
	if (status == TW_OK) status = run_deal(&d, out, count);
	if (status == TW_INTERRUPTED) run_stop_clear();
	free_data(&d);
	tw_free(d.point), tw_free(d.theta), tw_free(d.own);
	tw_comm_free(d.self);
	return status;
}
