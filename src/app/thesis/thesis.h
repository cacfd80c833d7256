/* app/thesis/thesis.h: the experiments and figures of the thesis: what their files share.
 *   thesis.c          the subcommand: list, options, folders, one experiment after the other, the report
 *   stage.c           training as a part of an experiment: sweeps and single runs, kept and taken up again
 *   texts             configurations and gnuplot scripts of scripts/thesis and scripts/experiments, in the program
 *   figures*.c        the figures of chapters 2 to 4
 *   local_minima.c, efficiency.c, gradient_norm.c   experiments 5.1, 5.2, 5.3
 *   methods.c         the same experiments with other methods (its section 6.2.2) */
#ifndef THALWEG_APP_THESIS_H
#define THALWEG_APP_THESIS_H

#include "app/app.h"
#include "report/distribution.h"
#include "report/figure.h"
#include "report/page.h"
#include "report/part_file.h"

/* One call of an experiment, on all ranks. */
typedef struct {
	const app_call *call;
	tw_comm *comm;
	bool speaks;        /* rank 0 */
	const char *folder; /* of this experiment's files; it is there */
	const char *data;   /* folder of the data sets, absolute: what data.path is to be */
	bool full;          /* all of the thesis's runs; else the quick version */
	int64_t every; /* --every: steps between two measurements of the gradient's norm; 0: the experiment's own choice */
	int64_t seeds; /* --seeds: starts of efficiency; 0: the experiment's own choice */
	char *const *set; /* --set: overrides for every configuration of the experiment, applied last (for tests) */
	int sets;
	bool figures; /* false: --no-figures, data and report alone */
	bool quiet;
	tw_page *page; /* rank 0; NULL elsewhere */
} thesis_context;

/* An experiment, or a figure of the chapters before. run is collective; it trains what is not there yet, then writes
 * data (CSV, on rank 0, the same bytes on any number of ranks), draws figures and adds its part to the page, every
 * time. A call that is stopped returns TW_INTERRUPTED; what is finished stays and the next call goes on. */
typedef struct {
	const char *name;        /* "local-minima" */
	const char *title;       /* "5.1 Empirical analysis of local minima" */
	const char *brief;       /* a few words for the list */
	const char *reduced;     /* what the quick version leaves out, in words; NULL: nothing */
	const char *const *data; /* files it needs below the data folder, NULL-terminated; NULL: none */
	tw_status (*run)(thesis_context *context);
} thesis_experiment;
extern const thesis_experiment thesis_figures, thesis_local_minima, thesis_efficiency, thesis_gradient_norm,
    thesis_methods, thesis_theory, thesis_audit;
/* The figures of chapters 2 to 4, each for itself: "figure-2.3", ...; NULL past the end. */
const thesis_experiment *thesis_figure_of(int i);

/* ---- stage.c ------------------------------------------------------------------------------------------------- */

/* The text of a configuration or script that is in the program, by its file name ("local-minima.yaml",
 * "figure-5.3.gp"); NULL: there is none. */
const char *thesis_text(const char *name);

/* Collective. Trains the sweep of this configuration (text; name stands for it in messages and is its folder under
 * context->folder) unless it is there finished; goes on with one that was interrupted, begins anew where the
 * configuration has changed. set: "a.b.c=value", before those of the context. On success *plan is to be freed with
 * tw_sweep_plan_free, and *results (rank 0: plan->runs of them, as of runs.csv; NULL elsewhere) with tw_free; either
 * may be NULL. models.h5 and, where runs are traced, trajectories.csv lie in that folder. */
tw_status thesis_sweep(thesis_context *context, const char *name, const char *text, const char *const *set, int sets,
                       tw_sweep_plan *plan, tw_run_result **results);
/* Collective. Trains one run and keeps folder/NAME.h5 (and NAME.yaml, its configuration, and NAME.json, its summary)
 * unless it is there with the same configuration. *summary may be NULL; of a run that was there its seconds are those
 * of then. */
tw_status thesis_train(thesis_context *context, const char *name, const char *text, const char *const *set, int sets,
                       tw_summary *summary);
/* Rank 0 (elsewhere nothing): draws the figure with the script NAME.gp of the program in the experiment's folder, and
 * puts it on the page. Without figures: nothing. */
tw_status thesis_draw(thesis_context *context, const char *name, const char *caption);
/* context->folder/name, tw_free. */
tw_status thesis_path(const thesis_context *context, const char *name, char **path);

#endif
