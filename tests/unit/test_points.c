/* Points measured side by side: cost and gradient against tw_objective, the bits of a point against itself. */
#include <thalweg/ensemble.h>

#include "objective_cases.h"

static tw_comm *comm;

static const int64_t widths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17,
                                 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33};
static const int64_t sizes[] = {1, 7, 100, 1000};
static const int counts[] = {1, 3, 16, 21};
enum { WIDTHS = sizeof widths / sizeof *widths, MOST = 21 };

/* DENSE has no zeros; the others have few elements that are not zero, and whole rows and columns of zeros. */
typedef enum { DENSE, ZEROS, SPARSE, KINDS } input_kind;

typedef struct {
	tw_precision precision;
	int activation, loss;
	tw_output output;
	int depth;
	int64_t width, n, inputs, outputs;
	input_kind kind;
	int count;
	bool no_bias;
} points_case;

/* ---- making cases ------------------------------------------------------------------------------------------------ */

static tw_data *make_data(const points_case *c, tw_precision precision)
{
	const tw_target target = tw_loss_info_of(c->loss)->target;
	const int64_t columns = target == TW_TARGET_CLASS ? 1 : c->outputs;
	double *x = NULL, *y = NULL;
	CHECK_OK(tw_alloc_array((void **)&x, c->n * c->inputs, sizeof *x, "x"));
	CHECK_OK(tw_alloc_array((void **)&y, c->n * columns, sizeof *y, "y"));
	for (int64_t i = 0; i < c->n; i++)
		for (int64_t j = 0; j < c->inputs; j++) {
			const uint64_t at = (uint64_t)(i * c->inputs + j);
			const bool drop =
			    tw_random_uniform((tw_random){7, TW_RANDOM_TEST, 9}, 0, at) < 0.6 || i % 11 == 3 || j % 5 == 2;
			x[at] = c->kind != DENSE && drop ? 0 : (float)case_draw(1, at);
		}
	for (int64_t i = 0; i < c->n * columns; i++) {
		const double t = (float)case_draw(2, (uint64_t)i);
		y[i] = target == TW_TARGET_REAL     ? t
		       : target == TW_TARGET_BINARY ? t > 0
		                                    : (double)((int64_t)fabs(t * 100) % c->outputs);
	}
	tw_data *data = NULL;
	CHECK_OK(tw_data_from_arrays(comm, precision, c->n, c->inputs, columns, target == TW_TARGET_CLASS ? c->outputs : 0,
	                             x, y, c->kind == SPARSE ? TW_STORAGE_SPARSE : TW_STORAGE_DENSE, &data));
	tw_free(x), tw_free(y);
	return data;
}

static tw_objective_options options_of(const points_case *c)
{
	const int64_t hidden[4] = {c->width, c->width, c->width, c->width};
	tw_objective_options options =
	    case_options(c->activation, c->loss, c->output, c->inputs, hidden, c->depth, c->outputs);
	options.network.bias = !c->no_bias;
	return options;
}

/* theta of point r, canonical, rounded to float so that both precisions hold the same numbers. */
static double *draw_theta(int64_t dimension, int r)
{
	double *theta = NULL;
	CHECK_OK(tw_alloc_array((void **)&theta, dimension, sizeof *theta, "theta"));
	for (int64_t i = 0; i < dimension; i++)
		theta[i] = (float)(0.4 * tw_random_normal((tw_random){7, TW_RANDOM_TEST, 20 + (uint32_t)r}, 0, (uint64_t)i));
	return theta;
}

/* The points of a case and what was measured at them. */
typedef struct {
	tw_data *data;
	tw_points *points;
	int64_t dimension;
	tw_precision precision;
	int count;
	double *start[MOST];
	void *theta[MOST], *gradient[MOST];
	double cost[MOST], norm[MOST];
} bundle;

static void bundle_make(const points_case *c, bundle *b)
{
	memset(b, 0, sizeof *b);
	const tw_network network = options_of(c).network;
	b->data = make_data(c, c->precision);
	b->precision = c->precision;
	b->dimension = tw_network_dimension(&network);
	b->count = c->count;
	CHECK_OK(tw_points_create(&network, c->loss, b->data, true, &b->points));
	for (int r = 0; r < b->count; r++) {
		b->start[r] = draw_theta(b->dimension, r);
		CHECK_OK(tw_alloc_array(&b->theta[r], b->dimension, tw_real_size(c->precision), "theta"));
		CHECK_OK(tw_alloc_array(&b->gradient[r], b->dimension, tw_real_size(c->precision), "gradient"));
		for (int64_t i = 0; i < b->dimension; i++) tw_real_set(c->precision, b->theta[r], i, b->start[r][i]);
	}
}

static void bundle_measure(bundle *b)
{
	CHECK_OK(tw_points_measure(b->points, b->count, (const void *const *)b->theta, b->cost, b->norm, b->gradient));
}

static void bundle_free(bundle *b)
{
	for (int r = 0; r < b->count; r++) tw_free(b->start[r]), tw_free(b->theta[r]), tw_free(b->gradient[r]);
	tw_points_free(b->points);
	tw_data_free(b->data);
}

/* ---- against tw_objective ---------------------------------------------------------------------------------------- */

/* Cost and canonical gradient in double over tw_objective. */
static double exact_gradient(const points_case *c, const double *theta, double *gradient)
{
	tw_data *data = make_data(c, TW_DOUBLE);
	const tw_objective_options options = options_of(c);
	tw_objective objective;
	tw_feed *feed;
	tw_batch batch;
	void *vector = NULL, *slopes = NULL;
	double cost;
	CHECK_OK(tw_objective_create(comm, data, &options, &objective));
	CHECK_OK(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE, 0, 1, 1, 0, &feed));
	CHECK_OK(tw_feed_get(feed, 0, &batch));
	CHECK_OK(tw_alloc_array(&vector, objective.size, sizeof(double), "theta"));
	CHECK_OK(tw_alloc_array(&slopes, objective.size, sizeof(double), "gradient"));
	tw_objective_import(&objective, theta, vector);
	CHECK_OK(objective.evaluate(objective.self, vector, &batch, &cost, slopes));
	tw_objective_export(&objective, slopes, gradient);
	tw_free(vector), tw_free(slopes);
	tw_feed_free(feed);
	tw_objective_free(&objective);
	tw_data_free(data);
	return cost;
}

static void check_point(const points_case *c, const bundle *b, int r, double *exact)
{
	const double tolerance = c->precision == TW_FLOAT ? 1e-4 : 1e-12;
	const double cost = exact_gradient(c, b->start[r], exact);
	double largest = 0.05, worst = 0, norm = 0, measured = 0;
	for (int64_t i = 0; i < b->dimension; i++) {
		const double mine = tw_real_get(c->precision, b->gradient[r], i);
		largest = fmax(largest, fabs(exact[i]));
		worst = fmax(worst, fabs(mine - exact[i]));
		norm += exact[i] * exact[i];
		measured += mine * mine;
	}
	const bool right = fabs(b->cost[r] - cost) <= tolerance * (1 + fabs(cost)) && worst <= tolerance * largest &&
	                   fabs(b->norm[r] - norm) <= tolerance * (1 + norm) &&
	                   fabs(b->norm[r] - measured) <= (c->precision == TW_FLOAT ? 1e-6 : 1e-13) * measured;
	CU_ASSERT_TRUE(right);
	if (!right)
		printf("\n  %s %s %s %s depth %d width %lld n %lld inputs %lld kind %d point %d of %d: "
		       "cost %.17g for %.17g, gradient off by %.2g, norm %.9g for %.9g, of what is handed out %.9g\n",
		       tw_precision_name(c->precision), tw_activation_info_of(c->activation)->name,
		       tw_loss_info_of(c->loss)->name, tw_output_name((int)c->output), c->depth, (long long)c->width,
		       (long long)c->n, (long long)c->inputs, (int)c->kind, r, c->count, b->cost[r], cost, worst / largest,
		       b->norm[r], norm, measured);
}

static void check_case(const points_case *c)
{
	bundle b;
	double *exact = NULL, cost[MOST];
	bundle_make(c, &b);
	bundle_measure(&b);
	CHECK_OK(tw_alloc_array((void **)&exact, b.dimension, sizeof *exact, "gradient"));
	check_point(c, &b, 0, exact);
	if (c->count > 1) check_point(c, &b, c->count - 1, exact);
	tw_free(exact);
	tw_points *costs;
	const tw_network network = options_of(c).network;
	CHECK_OK(tw_points_create(&network, c->loss, b.data, false, &costs));
	CHECK_OK(tw_points_measure(costs, c->count, (const void *const *)b.theta, cost, NULL, NULL));
	for (int r = 0; r < c->count; r++)
		CU_ASSERT_TRUE(fabs(cost[r] - b.cost[r]) <= (c->precision == TW_FLOAT ? 1e-6 : 1e-14) * (1 + fabs(cost[r])));
	tw_points_free(costs);
	bundle_free(&b);
}

/* Every activation, loss, output function, depth and kind of inputs; widths, sizes and counts in turn. */
static void test_registry(void)
{
	int turn = 0;
	for (int a = 0; a < tw_activation_count(); a++)
		for (int loss = 0; loss < tw_loss_count(); loss++)
			for (int output = 0; tw_output_name(output); output++)
				for (int depth = 0; depth <= 4; depth++)
					for (int kind = 0; kind < KINDS; kind++, turn++) {
						if (!(tw_loss_info_of(loss)->outputs & (1u << output))) continue;
						const bool one = turn % 3 != 2 && output != TW_OUTPUT_SOFTMAX;
						const points_case c = {.precision = turn % 2 ? TW_FLOAT : TW_DOUBLE,
						                       .activation = a,
						                       .loss = loss,
						                       .output = (tw_output)output,
						                       .depth = depth,
						                       .width = widths[turn % WIDTHS],
						                       .n = sizes[(turn / 3) % 4],
						                       .inputs = 3 + turn % 31,
						                       .outputs = one ? 1 : 2 + turn % 4,
						                       .kind = (input_kind)kind,
						                       .count = counts[(turn / 2) % 4],
						                       .no_bias = turn % 5 == 4};
						check_case(&c);
					}
}

static points_case plain_case(tw_precision precision, const char *activation, input_kind kind)
{
	return (points_case){.precision = precision,
	                     .activation = tw_activation_find(activation),
	                     .loss = tw_loss_find("log"),
	                     .output = TW_OUTPUT_LOGISTIC,
	                     .depth = 2,
	                     .width = 10,
	                     .n = 1000,
	                     .inputs = 23,
	                     .outputs = 1,
	                     .kind = kind,
	                     .count = MOST};
}

/* All widths with the activations that have code of their own, both precisions. */
static void test_widths(void)
{
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++)
		for (int w = 0; w < WIDTHS; w++)
			for (int kind = 0; kind < SPARSE; kind++) {
				points_case c = plain_case((tw_precision)precision, w % 2 ? "relu" : "leaky_relu", (input_kind)kind);
				c.width = widths[w];
				c.n = 100;
				c.count = 3;
				check_case(&c);
			}
}

/* ---- the same bits ----------------------------------------------------------------------------------------------- */

static void check_same(const bundle *b, int r, double cost, double norm, const void *gradient)
{
	CU_ASSERT_EQUAL(memcmp(&cost, &b->cost[r], sizeof cost), 0);
	CU_ASSERT_EQUAL(memcmp(&norm, &b->norm[r], sizeof norm), 0);
	CU_ASSERT_EQUAL(memcmp(gradient, b->gradient[r], (size_t)b->dimension * tw_real_size(b->precision)), 0);
}

/* A point alone, and in another place among others. */
static void check_bits(const points_case *c)
{
	bundle b;
	bundle_make(c, &b);
	bundle_measure(&b);
	void *gradient[MOST] = {0}, *turned[MOST];
	double cost[MOST], norm[MOST];
	for (int r = 0; r < MOST; r++) {
		CHECK_OK(tw_alloc_array(&gradient[r], b.dimension, tw_real_size(b.precision), "gradient"));
		turned[r] = b.theta[MOST - 1 - r];
	}
	for (int r = 0; r < MOST; r++) {
		CHECK_OK(tw_points_measure(b.points, 1, (const void *const *)&b.theta[r], cost, norm, gradient));
		check_same(&b, r, cost[0], norm[0], gradient[0]);
	}
	CHECK_OK(tw_points_measure(b.points, MOST, (const void *const *)turned, cost, norm, gradient));
	for (int r = 0; r < MOST; r++) check_same(&b, MOST - 1 - r, cost[r], norm[r], gradient[r]);
	for (int r = 0; r < MOST; r++) tw_free(gradient[r]);
	bundle_free(&b);
}

static void test_bits(void)
{
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++)
		for (int kind = 0; kind < KINDS; kind++) {
			points_case c = plain_case((tw_precision)precision, kind == DENSE ? "tanh" : "relu", (input_kind)kind);
			check_bits(&c);
			c.loss = tw_loss_find("cross_entropy");
			c.output = TW_OUTPUT_SOFTMAX;
			c.outputs = 3;
			c.width = 7;
			c.n = 100;
			check_bits(&c);
		}
}

/* ---- points that are not finite ---------------------------------------------------------------------------------- */

static void test_not_finite(void)
{
	static const double bad[] = {NAN, INFINITY, -INFINITY};
	enum { WHO = 5 };
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++)
		for (int kind = 0; kind < KINDS; kind++) {
			const points_case c = plain_case((tw_precision)precision, "relu", (input_kind)kind);
			bundle good, b;
			bundle_make(&c, &good), bundle_make(&c, &b);
			bundle_measure(&good);
			const int64_t places[] = {2, 0, b.dimension / 2, b.dimension - 1}; /* 2: a column of zeros */
			for (int p = 0; p < 4; p++)
				for (int v = 0; v < 3; v++) {
					tw_real_set(b.precision, b.theta[WHO], places[p], bad[v]);
					bundle_measure(&b);
					tw_real_set(b.precision, b.theta[WHO], places[p], b.start[WHO][places[p]]);
					CU_ASSERT_FALSE(isfinite(b.cost[WHO]));
					CU_ASSERT_FALSE(isfinite(b.norm[WHO]));
					for (int r = 0; r < c.count; r++)
						if (r != WHO) check_same(&good, r, b.cost[r], b.norm[r], b.gradient[r]);
				}
			bundle_free(&good), bundle_free(&b);
		}
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static void test_errors(void)
{
	points_case c = plain_case(TW_FLOAT, "relu", DENSE);
	bundle b;
	bundle_make(&c, &b);
	tw_network network = options_of(&c).network;
	tw_points *points;
	CU_ASSERT_TRUE(tw_points_at_once(b.points) >= 2);
	CU_ASSERT_TRUE(tw_points_memory(b.points) > 0);
	CHECK_OK(tw_points_measure(b.points, 0, NULL, NULL, NULL, NULL));
	CHECK_OK(tw_points_create(&network, c.loss, b.data, false, &points));
	CU_ASSERT_EQUAL(tw_points_measure(points, 1, (const void *const *)b.theta, b.cost, b.norm, NULL), TW_USAGE);
	tw_points_free(points);
	CU_ASSERT_EQUAL(tw_points_create(&network, 99, b.data, true, &points), TW_USAGE);
	CU_ASSERT_EQUAL(tw_points_create(&network, tw_loss_find("cross_entropy"), b.data, true, &points), TW_USAGE);
	network.width[0]++;
	CU_ASSERT_EQUAL(tw_points_create(&network, c.loss, b.data, true, &points), TW_USAGE);
	CU_ASSERT_PTR_NULL(points);
	tw_points_free(NULL);
	bundle_free(&b);
}

int main(void)
{
	CU_TestInfo tests[] = {{"cost and gradient of every registry entry", test_registry},
	                       {"cost and gradient at every width", test_widths},
	                       {"the same bits anywhere", test_bits},
	                       {"points that are not finite", test_not_finite},
	                       {"errors", test_errors},
	                       CU_TEST_INFO_NULL};
	if (tw_comm_self(&comm) != TW_OK) return 1;
	const int failures = suite_run("points", tests, 0);
	tw_comm_free(comm);
	return failures != 0;
}
