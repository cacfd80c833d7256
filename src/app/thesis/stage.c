/* Stages of an experiment: sweeps and single runs that are trained once, and figures. */
#include "app/thesis/thesis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/sweep_train.h"
#include "app/thesis/trained.h"
#include "app/thesis/unfinished.h"
#include "report/folder.h"

static const char go_on[] = "the same command goes on";

tw_status thesis_path(const thesis_context *context, const char *name, char **path)
{
	return tw_folder_path(context->folder, name, path);
}

/* "local-minima/sweep": what messages call a stage. */
typedef struct {
	char text[256];
} stage_label;

static stage_label label_of(const thesis_context *context, const char *name)
{
	stage_label label;
	const char *slash = strrchr(context->folder, '/');
	snprintf(label.text, sizeof label.text, "%s/%s", slash ? slash + 1 : context->folder, name);
	return label;
}

/* ---- configurations ------------------------------------------------------------------------------------------ */

/* All overrides of a configuration: first data.path, which is owned. */
typedef struct {
	char *data;
	const char **set;
	int sets;
} overrides;

static void overrides_free(overrides *all)
{
	tw_free(all->data);
	tw_free(all->set);
}

/* "data.path='...'": a quoted scalar of YAML, where '' stands for one quote. */
static tw_status quote_data(const char *path, char **out)
{
	static const char key[] = "data.path='";
	void *memory = NULL;
	TW_TRY(tw_alloc(&memory, sizeof key + 2 * strlen(path) + 2, "the folder of the data"));
	char *at = memory;
	at += sprintf(at, "%s", key);
	for (; *path; path++) {
		if (*path == '\'') *at++ = '\'';
		*at++ = *path;
	}
	*at = '\'';
	*out = memory;
	return TW_OK;
}

static tw_status collect(const thesis_context *context, const char *const *set, int sets, overrides *out)
{
	*out = (overrides){0};
	TW_TRY(quote_data(context->data, &out->data));
	void *memory = NULL;
	TW_TRY(tw_alloc_array(&memory, (int64_t)1 + sets + context->sets, sizeof *out->set, "the overrides"));
	out->set = memory;
	out->set[out->sets++] = out->data;
	for (int i = 0; i < sets; i++) out->set[out->sets++] = set[i];
	for (int i = 0; i < context->sets; i++) out->set[out->sets++] = context->set[i];
	return TW_OK;
}

static tw_status check_text(const char *name, const char *text)
{
	TW_CHECK(text, TW_INTERNAL, "%s: this program has no such configuration", name);
	return TW_OK;
}

/* ---- sweeps -------------------------------------------------------------------------------------------------- */

/* Collective. */
static tw_status read_plan(const thesis_context *context, const char *name, const char *text, const char *const *set,
                           int sets, tw_sweep_plan *plan)
{
	overrides all = {0};
	const stage_label label = label_of(context, name);
	*plan = (tw_sweep_plan){0};
	tw_status status = check_text(label.text, text);
	if (status == TW_OK) status = collect(context, set, sets, &all);
	if (status == TW_OK) status = tw_sweep_plan_parse(label.text, text, all.set, all.sets, plan);
	overrides_free(&all);
	status = tw_comm_agree(context->comm, status);
	if (status != TW_OK) tw_sweep_plan_free(plan);
	return status;
}

/* For app_sweep_order. */
static void show_end(void *self, const app_sweep_output *output, const tw_sweep_summary *summary)
{
	const stage_label *label = self;
	tw_log(TW_LOG_NOTE, "%s: %" PRId64 " runs trained in %.1f s%s", label->text, summary->finished, summary->seconds,
	       summary->finished < output->plan->runs ? ", the others before" : "");
}

/* Collective. */
static tw_status train_sweep(const thesis_context *context, const char *name, const tw_sweep_plan *plan,
                             const char *folder)
{
	stage_label label = label_of(context, name);
	const app_sweep_order order = {
	    .folder = folder, .start = APP_SWEEP_KEEP, .go_on = go_on, .self = &label, .show = show_end};
	bool complete = false;
	tw_log(TW_LOG_NOTE, "%s: %" PRId64 " runs in %d cell%s", label.text, plan->runs, plan->cells,
	       plan->cells == 1 ? "" : "s");
	tw_status status = app_sweep_train(context->comm, plan, &order, &complete);
	if (status == TW_INTERRUPTED) return tw_fail(status, "%s: %s", label.text, tw_message());
	if (status == TW_OK && complete) tw_log(TW_LOG_NOTE, "%s: trained before", label.text);
	return status;
}

/* Rank 0. */
static tw_status read_results(const char *folder, const tw_sweep_plan *plan, tw_run_result **results)
{
	TW_TRY(tw_alloc_array((void **)results, plan->runs, sizeof **results, "the results of a sweep"));
	tw_status status = tw_runs_read(folder, plan, *results);
	for (int64_t run = 0; run < plan->runs && status == TW_OK; run++)
		if ((*results)[run].run < 0)
			status = tw_fail(TW_IO, "%s/runs.csv: has no row of run %" PRId64 "; remove the folder to train it anew",
			                 folder, run);
	if (status == TW_OK) return TW_OK;
	tw_free(*results);
	*results = NULL;
	return status;
}

/* Collective. */
static tw_status sweep_into(const thesis_context *context, const char *name, const tw_sweep_plan *plan,
                            tw_run_result **results)
{
	char *folder = NULL;
	tw_status status = tw_comm_agree(context->comm, thesis_path(context, name, &folder));
	if (status == TW_OK) status = train_sweep(context, name, plan, folder);
	if (status == TW_OK && results) {
		status = context->speaks ? read_results(folder, plan, results) : TW_OK;
		status = tw_comm_agree(context->comm, status);
		if (status != TW_OK) tw_free(*results), *results = NULL;
	}
	tw_free(folder);
	return status;
}

tw_status thesis_sweep(thesis_context *context, const char *name, const char *text, const char *const *set, int sets,
                       tw_sweep_plan *plan, tw_run_result **results)
{
	tw_sweep_plan own, *used = plan ? plan : &own;
	if (results) *results = NULL;
	TW_TRY(read_plan(context, name, text, set, sets, used));
	tw_status status = sweep_into(context, name, used, results);
	if (status != TW_OK || !plan) tw_sweep_plan_free(used);
	return status;
}

/* ---- single runs --------------------------------------------------------------------------------------------- */

/* Collective. */
static tw_status read_settings(const thesis_context *context, const char *name, const char *text,
                               const char *const *set, int sets, tw_settings *settings)
{
	overrides all = {0};
	const stage_label label = label_of(context, name);
	*settings = (tw_settings){0};
	tw_status status = check_text(label.text, text);
	if (status == TW_OK) status = collect(context, set, sets, &all);
	if (status == TW_OK) status = tw_settings_parse(settings, label.text, text, all.set, all.sets);
	overrides_free(&all);
	status = tw_comm_agree(context->comm, status);
	if (status != TW_OK) tw_settings_free(settings);
	return status;
}

/* What rank 0 does while a run is trained. */
typedef struct {
	tw_progress *progress;
	thesis_unfinished unfinished;
} run_watch;

static void show_progress(void *self, const tw_record *latest, int64_t total_steps, double seconds)
{
	const run_watch *watch = self;
	tw_progress_update(watch->progress, latest, total_steps, seconds);
}

static tw_status keep_state(void *self, const tw_checkpoint *checkpoint)
{
	run_watch *watch = self;
	return thesis_unfinished_keep(&watch->unfinished, checkpoint);
}

/* Nothing is recorded. */
static tw_status mark_nothing(void *self, int64_t *bytes)
{
	(void)self;
	*bytes = 0;
	return TW_OK;
}

/* Collective. */
static tw_status train_run(const thesis_context *context, const char *name, const tw_settings *settings, tw_run *run,
                           tw_summary *summary)
{
	run_watch watch = {0};
	tw_status status = TW_OK;
	if (context->speaks) {
		status = tw_progress_create(&watch.progress);
		if (status == TW_OK) status = thesis_unfinished_open(context->folder, name, settings, &watch.unfinished);
	}
	status = tw_comm_agree(context->comm, status);
	const tw_monitor monitor = {.self = &watch,
	                            .progress = show_progress,
	                            .keep = keep_state,
	                            .mark = mark_nothing,
	                            .start = watch.unfinished.start};
	if (status == TW_OK) status = tw_run_train(run, &monitor, summary);
	tw_progress_finish(watch.progress);
	thesis_unfinished_close(&watch.unfinished);
	TW_TRY(status);
	return tw_comm_broadcast(context->comm, summary, sizeof *summary, 0);
}

static tw_status check_end(const char *name, const tw_summary *summary)
{
	TW_CHECK(summary->stop_reason != TW_STOP_INTERRUPTED, TW_INTERRUPTED, "%s: interrupted after %" PRId64 " steps; %s",
	         name, summary->steps, go_on);
	TW_CHECK(summary->stop_reason != TW_STOP_DIVERGED, TW_DIVERGED,
	         "%s: diverged after %" PRId64 " steps: the cost or the gradient is not finite", name, summary->steps);
	return TW_OK;
}

/* Rank 0. */
static tw_status keep_trained(const thesis_context *context, const char *name, const tw_settings *settings,
                              const tw_run *run, const tw_summary *summary)
{
	TW_TRY(thesis_trained_write(context->folder, name, settings, run, summary));
	thesis_unfinished_remove(context->folder, name);
	return TW_OK;
}

/* Collective. */
static tw_status train_and_keep(const thesis_context *context, const char *name, const tw_settings *settings,
                                tw_summary *summary)
{
	const stage_label label = label_of(context, name);
	tw_run *run = NULL;
	tw_log(TW_LOG_NOTE, "%s: one run", label.text);
	TW_TRY(tw_run_create(context->comm, settings, &run));
	tw_status status = train_run(context, name, settings, run, summary);
	if (status == TW_OK) status = check_end(label.text, summary);
	if (status == TW_OK) {
		status = context->speaks ? keep_trained(context, name, settings, run, summary) : TW_OK;
		status = tw_comm_agree(context->comm, status);
	}
	if (status == TW_OK)
		tw_log(TW_LOG_NOTE, "%s: %" PRId64 " steps trained in %.1f s", label.text, summary->steps, summary->seconds);
	tw_run_free(run);
	return status;
}

/* Collective. *there: on all ranks. */
static tw_status look_for(const thesis_context *context, const char *name, const tw_settings *settings,
                          tw_summary *summary, bool *there)
{
	struct {
		bool there;
		tw_summary summary;
	} news = {0};
	tw_status status = TW_OK;
	if (context->speaks) status = thesis_trained_read(context->folder, name, settings, &news.summary, &news.there);
	if (news.there) thesis_unfinished_remove(context->folder, name); /* of a call that was killed at its end */
	TW_TRY(tw_comm_agree(context->comm, status));
	TW_TRY(tw_comm_broadcast(context->comm, &news, sizeof news, 0));
	*there = news.there;
	*summary = news.summary;
	return TW_OK;
}

tw_status thesis_train(thesis_context *context, const char *name, const char *text, const char *const *set, int sets,
                       tw_summary *summary)
{
	tw_settings settings;
	tw_summary own, *used = summary ? summary : &own;
	bool there = false;
	TW_TRY(read_settings(context, name, text, set, sets, &settings));
	tw_status status = look_for(context, name, &settings, used, &there);
	if (status == TW_OK && there)
		tw_log(TW_LOG_NOTE, "%s: trained before", label_of(context, name).text);
	else if (status == TW_OK)
		status = train_and_keep(context, name, &settings, used);
	tw_settings_free(&settings);
	return status;
}

/* ---- figures ------------------------------------------------------------------------------------------------- */

tw_status thesis_draw(thesis_context *context, const char *name, const char *caption)
{
	char file[256], *path = NULL;
	if (!context->speaks || !context->figures) return TW_OK;
	snprintf(file, sizeof file, "%s.gp", name);
	const char *script = thesis_text(file);
	TW_CHECK(script, TW_INTERNAL, "%s: this program has no such script", file);
	TW_TRY(tw_figure_draw(context->folder, name, script));
	snprintf(file, sizeof file, "%s.svg", name);
	TW_TRY(thesis_path(context, file, &path));
	tw_status status = tw_page_figure(context->page, path, caption);
	tw_free(path);
	return status;
}
