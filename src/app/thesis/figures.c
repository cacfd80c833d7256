/* The figures of chapters 2 to 4. Their computations are small: rank 0 makes them alone. */
#include "app/thesis/figures.h"

typedef enum { F_2_3, F_2_4, F_3_1, F_3_2, F_4_2, F_4_3, F_4_4, F_4_5, F_4_6, F_4_7, FIGURES } figure_number;

static tw_status make_one(thesis_context *context, figure_number number, int level);

static tw_status run_2_3(thesis_context *context) { return make_one(context, F_2_3, 1); }
static tw_status run_2_4(thesis_context *context) { return make_one(context, F_2_4, 1); }
static tw_status run_3_1(thesis_context *context) { return make_one(context, F_3_1, 1); }
static tw_status run_3_2(thesis_context *context) { return make_one(context, F_3_2, 1); }
static tw_status run_4_2(thesis_context *context) { return make_one(context, F_4_2, 1); }
static tw_status run_4_3(thesis_context *context) { return make_one(context, F_4_3, 1); }
static tw_status run_4_4(thesis_context *context) { return make_one(context, F_4_4, 1); }
static tw_status run_4_5(thesis_context *context) { return make_one(context, F_4_5, 1); }
static tw_status run_4_6(thesis_context *context) { return make_one(context, F_4_6, 1); }
static tw_status run_4_7(thesis_context *context) { return make_one(context, F_4_7, 1); }

static const struct {
	thesis_experiment experiment;
	figure_make *make;
} figures[FIGURES] = {
    [F_2_3] = {.experiment = {.name = "figure-2.3",
                              .title = "Figure 2.3: Conditional distribution for binary classification",
                              .brief = "Bernoulli distributions behind a logistic output",
                              .run = run_2_3},
               .make = figure_2_3},
    [F_2_4] = {.experiment = {.name = "figure-2.4",
                              .title = "Figure 2.4: Conditional distribution for regression",
                              .brief = "Gaussian distributions around a prediction",
                              .run = run_2_4},
               .make = figure_2_4},
    [F_3_1] = {.experiment = {.name = "figure-3.1",
                              .title = "Figure 3.1: A local minimum and a saddle point",
                              .brief = "two types of stationary points",
                              .run = run_3_1},
               .make = figure_3_1},
    [F_3_2] = {.experiment = {.name = "figure-3.2",
                              .title = "Figure 3.2: Parameterizations of the same prediction function",
                              .brief = "permuted and rescaled networks predict the same",
                              .run = run_3_2},
               .make = figure_3_2},
    [F_4_2] = {.experiment = {.name = "figure-4.2",
                              .title = "Figure 4.2: A typical iteration sequence of gradient descent",
                              .brief = "the zig-zag of gradient descent",
                              .run = run_4_2},
               .make = figure_4_2},
    [F_4_3] = {.experiment = {.name = "figure-4.3",
                              .title = "Figure 4.3: Gradient descent escapes a saddle point",
                              .brief = "gradient descent escapes a saddle point",
                              .run = run_4_3},
               .make = figure_4_3},
    [F_4_4] = {.experiment = {.name = "figure-4.4",
                              .title = "Figure 4.4: Stochastic and mini-batch gradient descent",
                              .brief = "SGD beside mini-batches of 5",
                              .run = run_4_4},
               .make = figure_4_4},
    [F_4_5] = {.experiment = {.name = "figure-4.5",
                              .title = "Figure 4.5: A small and a large step size",
                              .brief = "SGD with a small and a large step size",
                              .run = run_4_5},
               .make = figure_4_5},
    [F_4_6] = {.experiment = {.name = "figure-4.6",
                              .title = "Figure 4.6: Step size schedules",
                              .brief = "SGD with three schedules of step sizes",
                              .run = run_4_6},
               .make = figure_4_6},
    [F_4_7] = {.experiment = {.name = "figure-4.7",
                              .title = "Figure 4.7: Two ways to draw samples",
                              .brief = "drawn uniformly, or cycling through a shuffled set",
                              .run = run_4_7},
               .make = figure_4_7},
};

const thesis_experiment *thesis_figure_of(int i) { return i >= 0 && i < FIGURES ? &figures[i].experiment : NULL; }

/* On rank 0, with a communicator of its own. */
static tw_status make_alone(const thesis_context *context, figure_make *make)
{
	thesis_context alone = *context;
	TW_TRY(tw_comm_self(&alone.comm));
	tw_status status = make(&alone);
	tw_comm_free(alone.comm);
	return status;
}

static tw_status make_one(thesis_context *context, figure_number number, int level)
{
	tw_page_heading(context->page, level, "%s", figures[number].experiment.title);
	tw_status status = context->speaks ? make_alone(context, figures[number].make) : TW_OK;
	return tw_comm_agree(context->comm, status);
}

static tw_status make_all(thesis_context *context)
{
	tw_page_heading(context->page, 1, "%s", thesis_figures.title);
	for (figure_number number = 0; number < FIGURES; number++) TW_TRY(make_one(context, number, 2));
	return TW_OK;
}

const thesis_experiment thesis_figures = {
    .name = "figures",
    .title = "Figures of chapters 2 to 4",
    .brief = "distributions, stationary points, iterates of gradient methods, step sizes, sampling",
    .run = make_all,
};
