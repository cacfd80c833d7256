/* Verdicts on points that are known: minima, saddles, valleys, kinks, dead units, descents to infinity. */
#include "suite.h"

#include <thalweg/certify.h>

#include "run/run.h"

static tw_comm *self;

/* A run on these observations (one input, one output, `count` of them), with theta. */
static tw_run *make_run(tw_settings *settings, const char *text, int64_t count, int64_t inputs, int64_t outputs,
                        const double *x, const double *y, const double *theta, tw_data **data)
{
	tw_run *run = NULL;
	CHECK_OK(tw_settings_parse(settings, "test", text, NULL, 0));
	CHECK_OK(tw_data_from_arrays(self, TW_DOUBLE, count, inputs, outputs, 0, x, y, TW_STORAGE_DENSE, data));
	CHECK_OK(run_create_on(self, settings, *data, NULL, 1, &run));
	if (theta) CHECK_OK(tw_run_set_theta(run, theta));
	return run;
}

static tw_certificate certify(const char *text, int64_t count, const double *x, const double *y, const double *theta,
                              bool refine)
{
	tw_settings settings;
	tw_certify_options options;
	tw_certificate certificate;
	tw_data *data;
	tw_certify_defaults(&options);
	options.refine_first = refine;
	tw_run *run = make_run(&settings, text, count, 1, 1, x, y, theta, &data);
	CHECK_OK(tw_certify(run, &options, &certificate));
	tw_run_free(run);
	tw_data_free(data);
	tw_settings_free(&settings);
	return certificate;
}

#define CHECK_VERDICT(certificate, wanted)                                                              \
	do {                                                                                                \
		if ((certificate).verdict != (wanted))                                                          \
			fprintf(stderr, "\n  %s: %s\n", tw_verdict_name((certificate).verdict), (certificate).why); \
		CU_ASSERT_EQUAL((certificate).verdict, (wanted));                                               \
	} while (0)

#define LINEAR(hidden)                                                                                        \
	"precision: double\nnetwork: {hidden: " hidden ", activation: identity, output: identity, bias: false}\n" \
	"loss: square\nmetrics: {cost_every: 0}\n"

/* f = 1/2 sum (y - (a x + b))^2 over two observations: H = 2/n [sum x^2, sum x; sum x, n]. */
static void minimum_of_a_quadratic(void)
{
	static const double x[] = {0, 1, 3}, y[] = {1, 0, 2}, theta[] = {5, -7};
	const tw_certificate c =
	    certify("precision: double\nnetwork: {hidden: [], output: identity}\nloss: square\n", 3, x, y, theta, true);
	/* H = 2/3 [10, 4; 4, 3]: trace 26/3, determinant 4/9 * 14 */
	const double trace = 26.0 / 3, determinant = 56.0 / 9, root = sqrt(trace * trace / 4 - determinant);
	CHECK_VERDICT(c, TW_MINIMUM);
	CU_ASSERT(c.full);
	CU_ASSERT_DOUBLE_EQUAL(c.smallest, trace / 2 - root, 1e-8);
	CU_ASSERT_DOUBLE_EQUAL(c.largest, trace / 2 + root, 1e-8);
	CU_ASSERT_EQUAL(c.index_low, 0);
	CU_ASSERT_EQUAL(c.index_high, 0);
	CU_ASSERT_EQUAL(c.flat_found, 0);
	CU_ASSERT(c.gradient_norm <= 1e-10);
	CU_ASSERT_EQUAL(c.refinement.end, TW_REFINED);
	CU_ASSERT(c.refinement.moved > 5);
	CU_ASSERT(isinf(c.kink_distance));
}

/* f(a, b) = (1 - ab)^2 at the origin: H = [0, -2; -2, 0]. */
static void a_saddle(void)
{
	static const double one[] = {1}, origin[] = {0, 0};
	for (int refine = 0; refine < 2; refine++) {
		const tw_certificate c = certify(LINEAR("[1]"), 1, one, one, origin, refine);
		CHECK_VERDICT(c, TW_STRICT_SADDLE);
		CU_ASSERT_DOUBLE_EQUAL(c.smallest, -2, 1e-12);
		CU_ASSERT_DOUBLE_EQUAL(c.largest, 2, 1e-12);
		CU_ASSERT_EQUAL(c.index_low, 1);
		CU_ASSERT_EQUAL(c.index_high, 1);
		CU_ASSERT_EQUAL(c.refinement.moved, 0);
	}
}

/* A point beside it is brought to it, not past it. */
static void beside_a_saddle(void)
{
	static const double one[] = {1}, beside[] = {1e-3, -2e-3};
	const tw_certificate c = certify(LINEAR("[1]"), 1, one, one, beside, true);
	CHECK_VERDICT(c, TW_STRICT_SADDLE);
	CU_ASSERT_DOUBLE_EQUAL(c.refinement.moved, sqrt(5) * 1e-3, 1e-6);
}

/* f(a, b, c) = (1 - abc)^2 at the origin: gradient and Hessian are 0, f rises and falls all around. */
static void a_monkey_saddle(void)
{
	static const double one[] = {1}, origin[] = {0, 0, 0};
	const tw_certificate c = certify(LINEAR("[1, 1]"), 1, one, one, origin, false);
	CHECK_VERDICT(c, TW_DEGENERATE);
	CU_ASSERT_EQUAL(c.flat_found, 3);
	CU_ASSERT_EQUAL(c.flat_explained, 0);
	CU_ASSERT_EQUAL(c.index_low, 0);
	CU_ASSERT_EQUAL(c.index_high, 3);
}

/* f(a, b) = mean (y - a b x)^2, x > 0: the valley a b = const, flat along the rescaling of the unit. */
static void a_valley(void)
{
	static const char leaky[] = "precision: double\nnetwork: {hidden: [1], activation: leaky_relu, leak: 0.1, "
	                            "output: identity, bias: false}\nloss: square\n";
	static const double x[] = {1, 2, 4}, y[] = {2, 1, 7}, theta[] = {1.3, 0.7};
	const tw_certificate c = certify(leaky, 3, x, y, theta, true);
	CHECK_VERDICT(c, TW_MINIMUM);
	CU_ASSERT_EQUAL(c.flat_found, 1);
	CU_ASSERT_EQUAL(c.flat_explained, 1);
	CU_ASSERT_EQUAL(c.refinement.end, TW_REFINED);
	CU_ASSERT_DOUBLE_EQUAL(c.cost, 54.0 / 3 - 32.0 * 32 / 21 / 3, 1e-12);
	CU_ASSERT(c.kink_distance > 0.1 && isfinite(c.kink_distance));
}

/* The same with biases, f = mean (y - (v (a x + c) + e))^2: the unit acts as a linear one, so that its bias can be
 * taken back by the next layer's, too. With the identity it is the same. */
static void a_linear_unit(void)
{
	static const char *const text[] = {
	    "precision: double\nnetwork: {hidden: [1], activation: leaky_relu, leak: 0.1, output: identity}\nloss: "
	    "square\n",
	    "precision: double\nnetwork: {hidden: [1], activation: identity, output: identity}\nloss: square\n"};
	static const double x[] = {1, 2, 4}, y[] = {2, 1, 7}, theta[] = {1.3, 3, 1.2, 0.2};
	for (int i = 0; i < 2; i++) {
		const tw_certificate c = certify(text[i], 3, x, y, theta, true);
		CHECK_VERDICT(c, TW_MINIMUM);
		CU_ASSERT_EQUAL(c.flat_found, 2);
		CU_ASSERT_EQUAL(c.flat_explained, 2);
	}
}

/* A line with a bend is fitted to labels along an axis: where the bend lies best is often at an observation, and there
 * the gradient jumps. From several bends the search goes down over kinks, and mostly ends on one with 0 in the convex
 * hull of the gradients around. */
static void down_to_a_kink(void)
{
	static const char leaky[] = "precision: double\nnetwork: {hidden: [1], activation: leaky_relu, leak: 0.1, "
	                            "output: logistic}\nloss: log\n";
	static const double x[] = {-3, -2, -1, 0, 1, 2, 3, 4}, y[] = {1, 0, 1, 0, 0, 1, 0, 1};
	int kinks = 0, stationary = 0;
	for (int i = 0; i < 8; i++) {
		const double theta[] = {1, 2.6 - 0.7 * i, 1, -0.5};
		const tw_certificate c = certify(leaky, 8, x, y, theta, true);
		CU_ASSERT(c.cost < c.refinement.cost_before);
		CU_ASSERT_NOT_EQUAL(c.verdict, TW_UNDECIDED);
		if (c.verdict != TW_ON_A_KINK) continue;
		kinks++;
		stationary += c.around_norm <= 1e-5;
		CU_ASSERT(c.gradient_norm > 1e-4);
	}
	CU_ASSERT(kinks > 0);
	CU_ASSERT(2 * stationary > kinks);
}

/* Of two ReLU units the second never acts: its weights do not matter. */
static void a_dead_unit(void)
{
	static const char relu[] = "precision: double\nnetwork: {hidden: [2], activation: relu, output: identity, "
	                           "bias: false}\nloss: square\n";
	static const double x[] = {1, 2, 4}, y[] = {2, 1, 7}, theta[] = {1.3, -1, 0.7, 5};
	const tw_certificate c = certify(relu, 3, x, y, theta, true);
	CHECK_VERDICT(c, TW_MINIMUM);
	CU_ASSERT_EQUAL(c.dead_units, 1);
	CU_ASSERT_EQUAL(c.flat_found, 3);
	CU_ASSERT_EQUAL(c.flat_explained, 3);
}

/* z = w x + c = 0 at x = 1. */
static void a_kink(void)
{
	static const char leaky[] = "precision: double\nnetwork: {hidden: [1], activation: leaky_relu, leak: 0.1, "
	                            "output: identity}\nloss: square\n";
	static const double x[] = {1, 2, 4}, y[] = {2, 1, 7}, theta[] = {1, -1, 2, 0.5};
	const tw_certificate c = certify(leaky, 3, x, y, theta, false);
	CHECK_VERDICT(c, TW_ON_A_KINK);
	CU_ASSERT_EQUAL(c.kink_distance, 0);
}

/* Two observations that a line tells apart: f falls to 0, which it never reaches. From the wrong side, too. */
static void descending_to_infinity(void)
{
	static const char logistic[] = "precision: double\nnetwork: {hidden: [], output: logistic}\nloss: log\n";
	static const double x[] = {-1, 1}, y[] = {0, 1}, right[] = {1, 0}, wrong[] = {-1, 0.5};
	for (int i = 0; i < 2; i++) {
		const tw_certificate c = certify(logistic, 2, x, y, i ? wrong : right, true);
		CHECK_VERDICT(c, TW_DESCENDING);
		CU_ASSERT(c.separated);
	}
}

static void not_stationary(void)
{
	static const double x[] = {0, 1, 3}, y[] = {1, 0, 2}, theta[] = {5, -7};
	const tw_certificate c =
	    certify("precision: double\nnetwork: {hidden: [], output: identity}\nloss: square\n", 3, x, y, theta, false);
	CHECK_VERDICT(c, TW_UNDECIDED);
	CU_ASSERT(strstr(c.why, "not stationary") != NULL);
}

static void not_a_number(void)
{
	static const double one[] = {1}, theta[] = {NAN, 0};
	tw_settings settings;
	tw_certify_options options;
	tw_certificate certificate;
	tw_data *data;
	tw_certify_defaults(&options);
	tw_run *run = make_run(&settings, LINEAR("[1]"), 1, 1, 1, one, one, theta, &data);
	CU_ASSERT_EQUAL(tw_certify(run, &options, &certificate), TW_DIVERGED);
	CU_ASSERT(strstr(tw_message(), "parameter 0") != NULL);
	tw_run_free(run);
	tw_data_free(data);
	tw_settings_free(&settings);
}

/* A linear network 3-2-3: its global minimum is flat in the 4 directions of the invertible 2 x 2 matrices. The ends of
 * the spectrum by ARPACK, with these lifted out of the way, are those of the full one. */
static void ends_and_full_spectrum(void)
{
	enum { N = 30 };
	double x[3 * N], y[3 * N];
	tw_certificate c[2];
	for (int i = 0; i < 3 * N; i++) {
		const tw_random stream = {.seed = 5, .purpose = TW_RANDOM_TEST};
		x[i] = tw_random_normal(stream, 0, (uint64_t)i);
		y[i] = tw_random_normal(stream, 1, (uint64_t)i) + 0.5 * x[i] * (1 + i % 3);
	}
	for (int i = 0; i < 2; i++) {
		tw_settings settings;
		tw_certify_options options;
		tw_data *data;
		tw_certify_defaults(&options);
		if (i == 1) options.full_spectrum = 0;
		options.eigenvalues = 3;
		options.refine.steps = 500;
		tw_run *run =
		    make_run(&settings, LINEAR("[2]") "initial: {distribution: glorot_uniform}\n", N, 3, 3, x, y, NULL, &data);
		tw_refinement down;
		CHECK_OK(tw_refine(run, &options.refine, &down));
		CU_ASSERT_EQUAL(down.end, TW_REFINED);
		CHECK_OK(tw_certify(run, &options, &c[i]));
		CHECK_VERDICT(c[i], TW_MINIMUM);
		tw_run_free(run);
		tw_data_free(data);
		tw_settings_free(&settings);
	}
	CU_ASSERT(c[0].full && !c[1].full);
	CU_ASSERT_EQUAL(c[0].flat_found, 4);
	CU_ASSERT_EQUAL(c[0].flat_explained, 4);
	CU_ASSERT_EQUAL(c[1].flat_explained, 4);
	CU_ASSERT_DOUBLE_EQUAL(c[0].margin, c[1].margin, 1e-7 * c[0].margin);
	CU_ASSERT_DOUBLE_EQUAL(c[0].largest, c[1].largest, 1e-8 * c[0].largest);
	CU_ASSERT_EQUAL(c[1].index_low, 0);
	CU_ASSERT_EQUAL(c[1].index_high, 0);
}

int main(void)
{
	CU_TestInfo tests[] = {{"minimum of a quadratic", minimum_of_a_quadratic},
	                       {"a saddle", a_saddle},
	                       {"beside a saddle", beside_a_saddle},
	                       {"a monkey saddle", a_monkey_saddle},
	                       {"a valley", a_valley},
	                       {"a linear unit", a_linear_unit},
	                       {"down to a kink", down_to_a_kink},
	                       {"a dead unit", a_dead_unit},
	                       {"a kink", a_kink},
	                       {"descending to infinity", descending_to_infinity},
	                       {"not stationary", not_stationary},
	                       {"not a number", not_a_number},
	                       {"ends and full spectrum", ends_and_full_spectrum},
	                       CU_TEST_INFO_NULL};
	if (tw_comm_self(&self) != TW_OK) return 1;
	const int failures = suite_run("certify", tests, 0);
	tw_comm_free(self);
	return failures == 0 ? 0 : 1;
}
