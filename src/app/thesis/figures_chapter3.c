/* Figures 3.1 and 3.2: stationary points, and networks that differ in their parameters alone. */
#include "app/thesis/figures.h"

#include <math.h>
#include <string.h>

/* ---- 3.1 ------------------------------------------------------------------------------------------------------- */

static double bowl(double x, double y) { return x * x + y * y; }
static void bowl_gradient(double x, double y, double out[2]) { out[0] = 2 * x, out[1] = 2 * y; }
static double saddle(double x, double y) { return x * x - y * y; }
static void saddle_gradient(double x, double y, double out[2]) { out[0] = 2 * x, out[1] = -2 * y; }

static const figure_function surfaces[] = {{bowl, bowl_gradient}, {saddle, saddle_gradient}};

static tw_status write_surfaces(const thesis_context *context)
{
	enum { SIDE = 33 };
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "figure-3.1.csv"));
	fputs("x,y,minimum,saddle\n", file.file);
	for (int i = 0; i < SIDE; i++) {
		for (int j = 0; j < SIDE; j++) {
			double x = -1 + 2.0 * i / (SIDE - 1), y = -1 + 2.0 * j / (SIDE - 1);
			figure_put(file.file, "", 4, (double[]){x, y, bowl(x, y), saddle(x, y)});
		}
		fputc('\n', file.file);
	}
	return tw_part_close(&file);
}

typedef struct {
	double norm;       /* of the gradient at the origin */
	int higher, lower; /* points of a small circle around it where f is higher, or lower */
} neighbourhood;

static tw_status look_around(const figure_function *function, neighbourhood *out)
{
	enum { POINTS = 360 };
	const double radius = 1e-3;
	const tw_objective objective = figure_function_objective(function);
	double f, around, at[2] = {0, 0}, gradient[2];
	*out = (neighbourhood){0};
	TW_TRY(objective.evaluate(objective.self, at, NULL, &f, gradient));
	out->norm = hypot(gradient[0], gradient[1]);
	for (int i = 0; i < POINTS; i++) {
		at[0] = radius * cos(2 * M_PI * (i + 0.5) / POINTS);
		at[1] = radius * sin(2 * M_PI * (i + 0.5) / POINTS);
		TW_TRY(objective.evaluate(objective.self, at, NULL, &around, NULL));
		out->higher += around > f;
		out->lower += around < f;
	}
	return TW_OK;
}

tw_status figure_3_1(thesis_context *context)
{
	neighbourhood left, right;
	TW_TRY(write_surfaces(context));
	TW_TRY(look_around(&surfaces[0], &left));
	TW_TRY(look_around(&surfaces[1], &right));
	bool agrees = left.norm == 0 && right.norm == 0 && left.lower == 0 && right.lower > 0 && right.higher > 0;
	tw_page_finding(
	    context->page, figure_verdict(agrees),
	    "The origin is a stationary point of both functions (norms of the gradient %g and %g). Of %d points "
	    "close around it x² + y² is higher at %d and lower at %d, as at a local minimum; x² - y² is "
	    "higher at %d and lower at %d, as at a saddle point.",
	    left.norm, right.norm, left.higher + left.lower, left.higher, left.lower, right.higher, right.lower);
	return thesis_draw(context, "figure-3.1",
	                   "f(x, y) = x² + y² with its local minimum (left) and f(x, y) = x² - y² with its "
	                   "saddle point (right).");
}

/* ---- 3.2 ------------------------------------------------------------------------------------------------------- */

typedef enum { AS_TRAINED, PERMUTED, RESCALED, BOTH, TWINS } twin;
static const char *const twin_name[TWINS] = {"as trained", "permuted", "rescaled", "both"};

/* The trained network and its twins. */
typedef struct {
	tw_network network;
	int64_t dimension, observations;
	double *theta[TWINS];
	double *prediction[2][TWINS]; /* by precision */
	double *bound[2];             /* of the difference of two such predictions by rounding, by precision */
} twins;

static void close_twins(twins *t)
{
	for (int i = 0; i < TWINS; i++) {
		tw_free(t->theta[i]);
		for (int p = 0; p < 2; p++) tw_free(t->prediction[p][i]);
	}
	for (int p = 0; p < 2; p++) tw_free(t->bound[p]);
}

static const tw_random chances = {.seed = 32, .purpose = TW_RANDOM_TEST};

/* What comes into a neuron is multiplied by: from 1/4 to 4. */
static double factor_of(int layer, int64_t neuron)
{
	return pow(4, 2 * tw_random_uniform(chances, (uint64_t)layer, (uint64_t)neuron) - 1);
}

/* Permutes the neurons of hidden layer l with their weights and biases, or scales neuron i by factor(i) what comes in
 * and by 1/factor(i) what goes out. */
static tw_status change_layer(const tw_network *network, int l, bool permute, bool rescale, double *theta)
{
	enum { WIDEST = 64 };
	const int64_t width = network->width[l], inputs = network->width[l - 1], next = network->width[l + 1];
	uint32_t order[WIDEST];
	double in[WIDEST * WIDEST], bias[WIDEST], row[WIDEST];
	TW_CHECK(width <= WIDEST && inputs <= WIDEST, TW_USAGE, "figure 3.2 takes layers of at most %d neurons", WIDEST);
	double *weight = theta + tw_network_weight_offset(network, l), *b = theta + tw_network_bias_offset(network, l);
	double *out = theta + tw_network_weight_offset(network, l + 1);
	tw_random_permutation(chances, (uint64_t)l, (uint32_t)width, order);
	memcpy(in, weight, sizeof(double) * (size_t)(width * inputs));
	memcpy(bias, b, sizeof(double) * (size_t)width);
	for (int64_t i = 0; i < width; i++) {
		int64_t from = permute ? order[i] : i;
		double factor = rescale ? factor_of(l, from) : 1;
		for (int64_t j = 0; j < inputs; j++) weight[i * inputs + j] = factor * in[from * inputs + j];
		b[i] = factor * bias[from];
	}
	for (int64_t r = 0; r < next; r++) {
		memcpy(row, out + r * width, sizeof(double) * (size_t)width);
		for (int64_t i = 0; i < width; i++) {
			int64_t from = permute ? order[i] : i;
			double factor = rescale ? factor_of(l, from) : 1;
			out[r * width + i] = row[from] / factor;
		}
	}
	return TW_OK;
}

static tw_status make_twins(const tw_run *run, twins *t)
{
	t->network = *tw_run_network(run);
	t->dimension = tw_network_dimension(&t->network);
	TW_CHECK(t->network.bias, TW_USAGE, "figure 3.2 is of a network with biases");
	for (int i = 0; i < TWINS; i++) {
		TW_TRY(tw_alloc_array((void **)&t->theta[i], t->dimension, sizeof(double), "parameters"));
		memcpy(t->theta[i], tw_run_theta(run), sizeof(double) * (size_t)t->dimension);
		for (int l = 1; l < t->network.layers && i != AS_TRAINED; l++)
			TW_TRY(change_layer(&t->network, l, i != RESCALED, i != PERMUTED, t->theta[i]));
	}
	return TW_OK;
}

/* Every rounding changes a number by at most the relative amount u. An output neuron's z differs from the exact one by
 * at most c u A, to first order, where A is what the network with the absolute values of all numbers and the identity
 * as activation gives, the same for all twins, and c counts the roundings one after the other. The logistic function
 * has at most slope 1/4, and is itself good to some u. */
static tw_status bound_rounding(thesis_context *context, const tw_run *run, twins *t)
{
	const tw_data *given = tw_run_data(run);
	tw_objective_options options = {.network = t->network, .loss = tw_loss_find("square"), .threads = 1};
	options.network.activation = tw_activation_find("identity");
	options.network.output = TW_OUTPUT_IDENTITY;
	double *x = NULL, *y = NULL, roundings = 0;
	void *theta = NULL;
	tw_data *data = NULL;
	tw_objective objective = {0};
	tw_status status = tw_alloc_array((void **)&x, given->local * given->inputs, sizeof *x, "inputs");
	if (status == TW_OK) status = tw_alloc_array((void **)&y, given->local, sizeof *y, "outputs");
	for (int64_t i = 0; status == TW_OK && i < given->local * given->inputs; i++)
		x[i] = fabs(tw_real_get(given->precision, given->dense, i));
	if (status == TW_OK)
		status = tw_data_from_arrays(context->comm, TW_DOUBLE, given->local, given->inputs, 1, 0, x, y,
		                             TW_STORAGE_DENSE, &data);
	if (status == TW_OK) status = tw_objective_create(context->comm, data, &options, &objective);
	if (status == TW_OK) status = figure_vector(&objective, &theta);
	if (status == TW_OK) {
		double *absolute = t->bound[TW_FLOAT]; /* not in use yet, and long enough */
		for (int64_t i = 0; i < t->dimension; i++) absolute[i] = fabs(t->theta[AS_TRAINED][i]);
		tw_objective_import(&objective, absolute, theta);
		status = tw_objective_predict(&objective, theta, data, y);
	}
	for (int l = 1; l <= t->network.layers; l++) roundings += (double)t->network.width[l - 1] + 4;
	for (int64_t i = 0; status == TW_OK && i < given->local; i++) {
		t->bound[TW_FLOAT][i] = (2 * roundings * y[i] / 4 + 8) * ldexp(1, -24);
		t->bound[TW_DOUBLE][i] = (2 * roundings * y[i] / 4 + 8) * ldexp(1, -53);
	}
	if (objective.free) tw_objective_free(&objective);
	tw_data_free(data);
	tw_free(theta);
	tw_free(x);
	tw_free(y);
	return status;
}

/* The configuration in this precision, whatever --set says of it. */
static tw_status read_settings(const thesis_context *context, tw_precision precision, tw_settings *settings)
{
	TW_TRY(figure_settings(context, "figure-3.2.yaml", NULL, 0, settings));
	settings->precision = settings->data.precision = precision;
	return TW_OK;
}

/* Predictions of all twins in one precision. */
static tw_status predict_twins(thesis_context *context, tw_precision precision, twins *t)
{
	tw_settings settings;
	tw_run *run = NULL;
	TW_TRY(read_settings(context, precision, &settings));
	tw_status status = tw_run_create(context->comm, &settings, &run);
	for (int i = 0; i < TWINS && status == TW_OK; i++) {
		status = tw_alloc_array((void **)&t->prediction[precision][i], t->observations, sizeof(double), "predictions");
		if (status == TW_OK) status = tw_run_set_theta(run, t->theta[i]);
		if (status == TW_OK)
			status = tw_objective_predict(tw_run_objective(run), tw_run_theta_vector(run), tw_run_data(run),
			                              t->prediction[precision][i]);
	}
	tw_run_free(run);
	tw_settings_free(&settings);
	return status;
}

/* Trains the network in float, so that its parameters are the same numbers in both precisions. */
static tw_status train_first(thesis_context *context, twins *t)
{
	const tw_monitor silent = {0};
	tw_settings settings;
	tw_summary summary;
	tw_run *run = NULL;
	TW_TRY(read_settings(context, TW_FLOAT, &settings));
	tw_status status = tw_run_create(context->comm, &settings, &run);
	if (status == TW_OK) status = tw_run_train(run, &silent, &summary);
	if (status == TW_OK) status = make_twins(run, t);
	if (status == TW_OK) {
		t->observations = tw_run_data(run)->observations;
		int64_t longer = t->observations > t->dimension ? t->observations : t->dimension;
		for (int p = 0; p < 2 && status == TW_OK; p++)
			status = tw_alloc_array((void **)&t->bound[p], longer, sizeof(double), "bounds");
	}
	if (status == TW_OK) status = bound_rounding(context, run, t);
	tw_run_free(run);
	tw_settings_free(&settings);
	return status;
}

static tw_status write_twins(const thesis_context *context, const twins *t)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "figure-3.2-parameters.csv"));
	fputs("i,as_trained,permuted,rescaled,both\n", file.file);
	for (int64_t i = 0; i < t->dimension; i++)
		figure_put(file.file, "", 5,
		           (double[]){(double)i, t->theta[AS_TRAINED][i], t->theta[PERMUTED][i], t->theta[RESCALED][i],
		                      t->theta[BOTH][i]});
	TW_TRY(tw_part_close(&file));
	TW_TRY(tw_part_open(&file, context->folder, "figure-3.2.csv"));
	fputs("precision,observation,as_trained,permuted,rescaled,both,bound\n", file.file);
	for (int p = TW_FLOAT; p <= TW_DOUBLE; p++)
		for (int64_t i = 0; i < t->observations; i++) {
			double *const *h = t->prediction[p];
			figure_put(
			    file.file, tw_precision_name((tw_precision)p), 6,
			    (double[]){(double)i, h[AS_TRAINED][i], h[PERMUTED][i], h[RESCALED][i], h[BOTH][i], t->bound[p][i]});
		}
	return tw_part_close(&file);
}

/* Largest difference of predictions, in units in the last place of the larger one too, and against the bound. */
typedef struct {
	double difference, units, share;
} twin_difference;
static twin_difference compare_twins(const twins *t, tw_precision precision, twin which)
{
	twin_difference largest = {0};
	const double *a = t->prediction[precision][AS_TRAINED], *b = t->prediction[precision][which];
	for (int64_t i = 0; i < t->observations; i++) {
		double difference = fabs(a[i] - b[i]);
		double unit = ldexp(1, ilogb(fmax(fabs(a[i]), fabs(b[i]))) - (precision == TW_FLOAT ? 23 : 52));
		largest.difference = fmax(largest.difference, difference);
		largest.units = fmax(largest.units, difference / unit);
		largest.share = fmax(largest.share, difference / t->bound[precision][i]);
	}
	return largest;
}

static void report_twins(thesis_context *context, const twins *t)
{
	static const char *const head[] = {"network", "precision", "largest difference of h", "in units in the last place",
	                                   "share of what rounding allows"};
	double worst[2] = {0}, units[2] = {0}, share = 0;
	tw_page_table(context->page, "Predictions of the twins against those of the network as trained", 5, head);
	for (int which = PERMUTED; which < TWINS; which++)
		for (int p = TW_FLOAT; p <= TW_DOUBLE; p++) {
			twin_difference d = compare_twins(t, (tw_precision)p, (twin)which);
			char number[3][32];
			snprintf(number[0], sizeof number[0], "%.2g", d.difference);
			snprintf(number[1], sizeof number[1], "%.0f", d.units);
			snprintf(number[2], sizeof number[2], "%.2g", d.share);
			tw_page_row(context->page, (const char *[]){twin_name[which], tw_precision_name((tw_precision)p), number[0],
			                                            number[1], number[2]});
			worst[p] = fmax(worst[p], d.difference);
			units[p] = fmax(units[p], d.units);
			share = fmax(share, d.share);
		}
	tw_page_table_end(context->page);
	tw_page_finding(context->page, figure_verdict(share <= 1),
	                "Permuting hidden neurons, and multiplying what goes into one by α > 0 and what comes out by 1/α, "
	                "leaves the predictions as they are: over %d observations they differ by at most %.2g in float "
	                "(%.0f units in the last place) and %.2g in double (%.0f), %s what rounding allows.",
	                (int)t->observations, worst[TW_FLOAT], units[TW_FLOAT], worst[TW_DOUBLE], units[TW_DOUBLE],
	                share <= 1 ? "within" : "more than");
}

tw_status figure_3_2(thesis_context *context)
{
	twins t = {0};
	tw_status status = train_first(context, &t);
	for (int p = TW_FLOAT; p <= TW_DOUBLE && status == TW_OK; p++) status = predict_twins(context, (tw_precision)p, &t);
	if (status == TW_OK) status = write_twins(context, &t);
	if (status == TW_OK) report_twins(context, &t);
	if (status == TW_OK)
		status =
		    thesis_draw(context, "figure-3.2",
		                "A network with leaky ReLU, trained on the circles data, and its twins. Left: their parameters "
		                "differ. Right: differences of their predictions in float from those of the network as "
		                "trained (those that are 0 are not shown), and the bound for rounding errors (line).");
	close_twins(&t);
	return status;
}
