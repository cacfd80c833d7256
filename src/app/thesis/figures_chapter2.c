/* Figures 2.3 and 2.4: the conditional distribution of the output that a prediction stands for. */
#include "app/thesis/figures.h"

#include <math.h>

enum { OBSERVATIONS = 200, CURVE = 201, SHOWN = 3, DENSITY = 61 };
static const double low = -3, high = 3;

typedef struct {
	double x[OBSERVATIONS], y[OBSERVATIONS], at_x[OBSERVATIONS]; /* at_x: predictions at x */
	double curve_x[CURVE], curve[CURVE];
} sample;

/* Inputs uniform on [low, high]. */
static void draw_inputs(sample *s, tw_random stream)
{
	for (uint64_t i = 0; i < OBSERVATIONS; i++) s->x[i] = low + (high - low) * tw_random_uniform(stream, i, 0);
	for (int i = 0; i < CURVE; i++) s->curve_x[i] = low + (high - low) * i / (CURVE - 1);
}

/* Trains a network on the sample; its predictions, and its cost. */
static tw_status fit(thesis_context *context, tw_output output, const char *loss, double step_size, int64_t steps,
                     sample *s, double *cost)
{
	enum { HIDDEN = 5 };
	figure_model model;
	tw_evaluation evaluation = {0};
	tw_status status = figure_model_open(context, HIDDEN, output, loss, OBSERVATIONS, s->x, s->y, &model);
	if (status == TW_OK) status = figure_descend(&model.objective, &model.batch, model.theta, step_size, steps, NULL);
	if (status == TW_OK) status = figure_model_predict(context, &model, OBSERVATIONS, s->x, s->at_x);
	if (status == TW_OK) status = figure_model_predict(context, &model, CURVE, s->curve_x, s->curve);
	if (status == TW_OK) status = tw_objective_measure(&model.objective, model.theta, model.data, &evaluation);
	*cost = evaluation.cost;
	figure_model_close(&model);
	return status;
}

static tw_status write_pairs(const thesis_context *context, const char *name, const char *head, int count,
                             const double *x, const double *y)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, name));
	fprintf(file.file, "%s\n", head);
	for (int i = 0; i < count; i++) figure_put(file.file, "", 2, (double[]){x[i], y[i]});
	return tw_part_close(&file);
}

/* How far the cost is from what the likelihood of the sample says; both are the same function of theta (section 2.3).
 */
static void find_likelihood(thesis_context *context, const char *loss, double cost, double likelihood)
{
	double difference = fabs(cost / likelihood - 1);
	tw_page_finding(
	    context->page, figure_verdict(difference < 1e-12),
	    "Minimizing the %s is maximizing the likelihood: over the %d observations the network's cost is %.6g, "
	    "and %.6g as computed from the logarithms of the distributions' densities, a relative difference of "
	    "%.1g.",
	    loss, OBSERVATIONS, cost, likelihood, difference);
}

/* ---- 2.3 ------------------------------------------------------------------------------------------------------- */

/* The inputs where the prediction comes nearest to these values. */
static tw_status write_bernoulli(const thesis_context *context, const sample *s)
{
	static const double wanted[SHOWN] = {0.2, 0.5, 0.9};
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "figure-2.3-distributions.csv"));
	fputs("x,p_0,p_1\n", file.file);
	for (int j = 0; j < SHOWN; j++) {
		int best = 0;
		for (int i = 1; i < CURVE; i++)
			if (fabs(s->curve[i] - wanted[j]) < fabs(s->curve[best] - wanted[j])) best = i;
		figure_put(file.file, "", 3, (double[]){s->curve_x[best], 1 - s->curve[best], s->curve[best]});
	}
	return tw_part_close(&file);
}

/* y is 1 with probability 1 / (1 + exp(-2 x)). */
tw_status figure_2_3(thesis_context *context)
{
	const tw_random stream = {.seed = 1, .purpose = TW_RANDOM_GENERATE, .run = 23};
	sample s;
	double cost, sum = 0;
	draw_inputs(&s, stream);
	for (int i = 0; i < OBSERVATIONS; i++)
		s.y[i] = tw_random_uniform(stream, (uint64_t)i, 1) < 1 / (1 + exp(-2 * s.x[i]));
	TW_TRY(fit(context, TW_OUTPUT_LOGISTIC, "log", 0.5, 2000, &s, &cost));
	for (int i = 0; i < OBSERVATIONS; i++) sum -= log(s.y[i] > 0 ? s.at_x[i] : 1 - s.at_x[i]);
	TW_TRY(write_pairs(context, "figure-2.3.csv", "x,h", CURVE, s.curve_x, s.curve));
	TW_TRY(write_pairs(context, "figure-2.3-observations.csv", "x,y", OBSERVATIONS, s.x, s.y));
	TW_TRY(write_bernoulli(context, &s));
	find_likelihood(context, "log loss", cost, sum / OBSERVATIONS);
	return thesis_draw(
	    context, "figure-2.3",
	    "Left: what a network with a logistic output, trained on 200 observations, predicts, h(x). Right: "
	    "the distribution of y that its prediction stands for at the three marked inputs.");
}

/* ---- 2.4 ------------------------------------------------------------------------------------------------------- */

/* Each density stands upright on its input: points (x + scale p(y), y). */
static tw_status write_gaussians(const thesis_context *context, const sample *s, double deviation)
{
	static const double share[SHOWN] = {0.15, 0.45, 0.75};
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "figure-2.4-distributions.csv"));
	fputs("x,h,y,p\n", file.file);
	for (int j = 0; j < SHOWN; j++) {
		int at = (int)(share[j] * (CURVE - 1));
		for (int i = 0; i < DENSITY; i++) {
			double z = -3.5 + 7.0 * i / (DENSITY - 1), p = exp(-z * z / 2) / (sqrt(2 * M_PI) * deviation);
			figure_put(file.file, "", 4, (double[]){s->curve_x[at], s->curve[at], s->curve[at] + z * deviation, p});
		}
		fputc('\n', file.file);
	}
	return tw_part_close(&file);
}

/* y = sin(x) + x/4 + noise of standard deviation 0.25. */
tw_status figure_2_4(thesis_context *context)
{
	const tw_random stream = {.seed = 1, .purpose = TW_RANDOM_GENERATE, .run = 24};
	sample s;
	double cost, sum = 0;
	draw_inputs(&s, stream);
	for (int i = 0; i < OBSERVATIONS; i++)
		s.y[i] = sin(s.x[i]) + s.x[i] / 4 + 0.25 * tw_random_normal(stream, (uint64_t)i, 1);
	TW_TRY(fit(context, TW_OUTPUT_IDENTITY, "square", 0.05, 8000, &s, &cost));
	const double variance = cost; /* the most likely one */
	for (int i = 0; i < OBSERVATIONS; i++) {
		double residual = s.y[i] - s.at_x[i];
		sum -= log(exp(-residual * residual / (2 * variance)) / sqrt(2 * M_PI * variance));
	}
	/* -log likelihood / n = f / (2 sigma^2) + log(2 pi sigma^2) / 2, solved for f */
	double likelihood = 2 * variance * (sum / OBSERVATIONS - log(2 * M_PI * variance) / 2);
	TW_TRY(write_pairs(context, "figure-2.4.csv", "x,h", CURVE, s.curve_x, s.curve));
	TW_TRY(write_pairs(context, "figure-2.4-observations.csv", "x,y", OBSERVATIONS, s.x, s.y));
	TW_TRY(write_gaussians(context, &s, sqrt(variance)));
	find_likelihood(context, "square loss", cost, likelihood);
	tw_page_text(context->page,
	             "The most likely standard deviation around the prediction is σ = %.3g; the noise of the "
	             "data has 0.25.",
	             sqrt(variance));
	return thesis_draw(context, "figure-2.4",
	                   "Prediction h(x) of a network trained on 200 observations, and the densities of N(h(x), σ²) "
	                   "along y at three inputs.");
}
