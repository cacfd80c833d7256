/* The Hessian of a run over ranks: the same bits as one rank alone, LAPACK's eigenvalues of the whole matrix,
 * gradients' differences, and failures that end on all ranks. */
#include "suite.h"

#include <stdlib.h>

#include "run/run.h"

static tw_comm *world, *self;

typedef struct {
	tw_settings settings;
	tw_run *run;
	tw_curvature *curvature;
} subject;

static subject make_subject(const char *const *set, int sets)
{
	subject s = {0};
	CHECK_OK(tw_settings_read(&s.settings, NULL, set, sets));
	return s;
}

/* The settings must not move once the run has them. */
static void start(tw_comm *comm, subject *s)
{
	CHECK_OK(tw_run_create(comm, &s->settings, &s->run));
	CHECK_OK(tw_curvature_create(s->run, &s->curvature));
}

static void end(subject *s)
{
	tw_curvature_free(s->curvature);
	tw_run_free(s->run);
	tw_settings_free(&s->settings);
}

#define SET(...) (const char *const[]){__VA_ARGS__}, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const struct {
	const char *set[8];
	int sets;
} cases[] = {
    {{"precision=double"}, 1},
    {{"precision=double", "network.hidden=[6, 5]", "method.chunks=7"}, 3},
    {{"precision=double", "network.hidden=[12]", "method.batch=10", "penalty.l2=0.01"}, 4},
    {{"precision=double", "network.hidden=[8]", "network.activation=leaky_relu", "method.chunks=5", "threads=2"}, 5},
    {{"precision=float", "network.hidden=[10, 4]", "method.chunks=6"}, 3}};
enum { CASES = sizeof cases / sizeof cases[0] };

/* ---- the same bits on any layout ------------------------------------------------------------------------------ */

typedef struct {
	tw_eigenpairs low, high, block_low, block_high;
	tw_spectral_density density;
	tw_rayleigh rayleigh;
	double *value, asymmetry;
	int64_t d;
} result;

static result measure(tw_comm *comm, int c)
{
	result r = {0};
	subject s = make_subject(cases[c].set, cases[c].sets);
	start(comm, &s);
	r.d = tw_curvature_dimension(s.curvature, 0);
	r.value = malloc((size_t)r.d * sizeof *r.value);
	CHECK_OK(tw_curvature_extremes(s.curvature, 0, 3, 2, &(tw_eigen_options){.seed = 4}, &r.low, &r.high));
	CHECK_OK(tw_curvature_extremes(s.curvature, 1, 0, 1, NULL, &r.block_low, &r.block_high));
	CHECK_OK(tw_curvature_density(s.curvature, 0, 3, 8, 1, &r.density));
	CHECK_OK(tw_curvature_rayleigh(s.curvature, &r.rayleigh));
	CHECK_OK(tw_curvature_eigenvalues(s.curvature, 0, r.value, &r.asymmetry));
	end(&s);
	return r;
}

static void release(result *r)
{
	tw_eigenpairs_free(&r->low), tw_eigenpairs_free(&r->high);
	tw_eigenpairs_free(&r->block_low), tw_eigenpairs_free(&r->block_high);
	tw_spectral_density_free(&r->density);
	free(r->value);
}

static bool same_pairs(const tw_eigenpairs *a, const tw_eigenpairs *b)
{
	const size_t count = (size_t)a->asked;
	return a->asked == b->asked && a->found == b->found && a->dimension == b->dimension && a->products == b->products &&
	       (count == 0 || (!memcmp(a->value, b->value, count * sizeof(double)) &&
	                       !memcmp(a->residual, b->residual, count * sizeof(double)) &&
	                       !memcmp(a->vector, b->vector, count * (size_t)a->dimension * sizeof(double))));
}

static void test_same_bits(void)
{
	for (int c = 0; c < CASES; c++) {
		result alone = measure(self, c), shared = measure(world, c);
		CU_ASSERT(same_pairs(&alone.low, &shared.low));
		CU_ASSERT(same_pairs(&alone.high, &shared.high));
		CU_ASSERT(same_pairs(&alone.block_low, &shared.block_low));
		CU_ASSERT(same_pairs(&alone.block_high, &shared.block_high));
		CU_ASSERT_EQUAL(alone.block_low.asked, 0);
		CU_ASSERT_EQUAL(alone.density.products, shared.density.products);
		CU_ASSERT_EQUAL(memcmp(alone.density.node, shared.density.node, 24 * sizeof(double)), 0);
		CU_ASSERT_EQUAL(memcmp(alone.density.weight, shared.density.weight, 24 * sizeof(double)), 0);
		CU_ASSERT_EQUAL(memcmp(&alone.rayleigh, &shared.rayleigh, sizeof alone.rayleigh), 0);
		CU_ASSERT_EQUAL(memcmp(alone.value, shared.value, (size_t)alone.d * sizeof(double)), 0);
		CU_ASSERT_EQUAL(alone.asymmetry, shared.asymmetry);
		release(&alone), release(&shared);
	}
}

/* ---- against the whole matrix ---------------------------------------------------------------------------------- */

static void test_against_lapack(void)
{
	for (int c = 0; c < CASES; c++) {
		result r = measure(world, c);
		const double size = fmax(fabs(r.value[0]), fabs(r.value[r.d - 1])), tolerance = c == CASES - 1 ? 3e-6 : 1e-8;
		CU_ASSERT(r.asymmetry < (c == CASES - 1 ? 1e-5 : 1e-13));
		CU_ASSERT_EQUAL(r.low.found, 3);
		CU_ASSERT_EQUAL(r.high.found, 2);
		for (int k = 0; k < r.low.found; k++) {
			CU_ASSERT_DOUBLE_EQUAL(r.low.value[k], r.value[k], tolerance * size);
			CU_ASSERT(r.low.residual[k] < tolerance * size);
		}
		for (int k = 0; k < r.high.found; k++)
			CU_ASSERT_DOUBLE_EQUAL(r.high.value[k], r.value[r.d - 1 - k], tolerance * size);
		/* A block's extremes lie within those of the whole; so does every quotient. */
		CU_ASSERT(r.block_high.value[0] <= r.high.value[0] + tolerance * size);
		CU_ASSERT(r.rayleigh.quotient <= r.high.value[0] + tolerance * size);
		CU_ASSERT(r.rayleigh.quotient >= r.low.value[0] - tolerance * size);
		if (r.rayleigh.quotient > 0) CU_ASSERT_DOUBLE_EQUAL(r.rayleigh.step_size * r.rayleigh.quotient, 2, 1e-14);
		release(&r);
	}
}

/* Gradient of f at the run's theta + step along parameter j, in canonical order. */
static void gradient_beside(subject *s, tw_feed *feed, const double *theta, int64_t j, double step, double *out)
{
	const tw_objective *objective = tw_run_objective(s->run);
	const size_t bytes = (size_t)objective->dimension * sizeof(double);
	double *moved = malloc(bytes), cost;
	void *gradient = NULL;
	tw_batch batch;
	memcpy(moved, theta, bytes);
	moved[j] += step;
	CHECK_OK(tw_run_set_theta(s->run, moved));
	CHECK_OK(tw_alloc_array(&gradient, objective->size, sizeof(double), "gradient"));
	CHECK_OK(tw_feed_get(feed, 0, &batch));
	CHECK_OK(objective->evaluate(objective->self, tw_run_theta_vector(s->run), &batch, &cost, gradient));
	tw_objective_export(objective, gradient, out);
	tw_free(gradient);
	free(moved);
}

static void test_against_differences(void)
{
	subject s = make_subject(SET("precision=double", "network.hidden=[4, 3]", "method.chunks=4", "penalty.l2=0.1"));
	start(world, &s);
	const int64_t d = tw_curvature_dimension(s.curvature, 0);
	const size_t bytes = (size_t)d * sizeof(double);
	double *matrix = malloc((size_t)d * bytes), *theta = malloc(bytes), *up = malloc(bytes), *down = malloc(bytes);
	double asymmetry, quadratic = 0, square = 0, step = 1e-5;
	tw_feed *feed;
	memcpy(theta, tw_run_theta(s.run), bytes);
	CHECK_OK(tw_feed_create(world, tw_run_data(s.run), TW_SAMPLE_SHUFFLE_ONCE, 0, 0, 1, 0, &feed));
	const bool first = tw_comm_rank(world) == 0;
	CHECK_OK(tw_curvature_matrix(s.curvature, 0, first ? matrix : NULL, &asymmetry));
	tw_rayleigh rayleigh;
	CHECK_OK(tw_curvature_rayleigh(s.curvature, &rayleigh));
	for (int64_t j = 0; j < d; j++) {
		gradient_beside(&s, feed, theta, j, step, up);
		gradient_beside(&s, feed, theta, j, -step, down);
		for (int64_t i = 0; i < d && first; i++)
			CU_ASSERT_DOUBLE_EQUAL(matrix[i * d + j], (up[i] - down[i]) / (2 * step), 1e-8);
	}
	gradient_beside(&s, feed, theta, 0, 0, up);
	for (int64_t i = 0; i < d; i++) {
		square += up[i] * up[i];
		for (int64_t j = 0; j < d && first; j++) quadratic += up[i] * matrix[i * d + j] * up[j];
	}
	CU_ASSERT_DOUBLE_EQUAL(rayleigh.gradient_norm_squared, square, 1e-12 * square);
	if (first) CU_ASSERT_DOUBLE_EQUAL(rayleigh.quotient, quadratic / square, 1e-10);
	/* Blocks are the diagonal blocks of the matrix. */
	for (int layer = 1; layer <= 3; layer++) {
		const int64_t at = tw_network_weight_offset(tw_run_network(s.run), layer),
		              n = tw_curvature_dimension(s.curvature, layer);
		double *block = malloc((size_t)(n * n) * sizeof *block);
		CHECK_OK(tw_curvature_matrix(s.curvature, layer, block, &asymmetry));
		for (int64_t i = 0; i < n && first; i++)
			for (int64_t j = 0; j < n; j++)
				CU_ASSERT_DOUBLE_EQUAL(block[i * n + j], matrix[(at + i) * d + at + j], 1e-14);
		free(block);
	}
	tw_feed_free(feed);
	free(matrix), free(theta), free(up), free(down);
	end(&s);
}

/* ---- an objective whose Hessian is known, and one that fails -------------------------------------------------- */

static const tw_objective *known; /* Hessian: -1, 2, -1 on three diagonals, in canonical order */
static int calls, fails_at;

static tw_status known_product(void *of, const void *theta, const tw_batch *batch, int count,
                               const void *const *vectors, void *const *products)
{
	(void)of, (void)theta, (void)batch;
	if (++calls == fails_at) return tw_comm_agree(world, tw_fail(TW_NO_MEMORY, "no room for products"));
	const int64_t d = known->dimension, *at = known->position;
	for (int k = 0; k < count; k++) {
		const double *x = vectors[k];
		double *y = products[k];
		for (int64_t i = 0; i < d; i++)
			y[at[i]] = 2 * x[at[i]] - (i > 0 ? x[at[i - 1]] : 0) - (i < d - 1 ? x[at[i + 1]] : 0);
	}
	return TW_OK;
}

static subject make_known(void) { return make_subject(SET("precision=double", "network.hidden=[20, 9]")); }

static void start_known(subject *s)
{
	start(world, s);
	tw_objective *objective = (tw_objective *)tw_run_objective(s->run);
	objective->hessian_product = known_product;
	known = objective;
	calls = fails_at = 0;
}

static void test_known_hessian(void)
{
	subject s = make_known();
	start_known(&s);
	for (int layer = 0; layer <= 3; layer++) {
		const int64_t n = tw_curvature_dimension(s.curvature, layer);
		double *value = malloc((size_t)n * sizeof *value), asymmetry;
		tw_eigenpairs low, high;
		CHECK_OK(tw_curvature_extremes(s.curvature, layer, 4, 4, NULL, &low, &high));
		CHECK_OK(tw_curvature_eigenvalues(s.curvature, layer, value, &asymmetry));
		CU_ASSERT_EQUAL(low.dimension, n);
		for (int64_t k = 0; k < n; k++) {
			const double exact = 2 - 2 * cos((double)(k + 1) * acos(-1) / (double)(n + 1));
			CU_ASSERT_DOUBLE_EQUAL(value[k], exact, 1e-13);
			if (k < 4) CU_ASSERT_DOUBLE_EQUAL(low.value[k], exact, 1e-12);
			if (n - 1 - k < 4) CU_ASSERT_DOUBLE_EQUAL(high.value[n - 1 - k], exact, 1e-12);
		}
		tw_eigenpairs_free(&low), tw_eigenpairs_free(&high);
		free(value);
	}
	end(&s);
}

static void test_failures(void)
{
	subject s = make_known();
	start_known(&s);
	tw_eigenpairs low, high;
	tw_spectral_density density;
	tw_rayleigh rayleigh;
	double asymmetry, *value = malloc((size_t)known->dimension * sizeof *value);
	for (int at = 1; at < 40; at += 9) {
		calls = 0, fails_at = at;
		CU_ASSERT_EQUAL(tw_curvature_extremes(s.curvature, 0, 2, 2, NULL, &low, &high), TW_NO_MEMORY);
		CU_ASSERT(strstr(tw_message(), "no room for products") != NULL);
		CU_ASSERT_PTR_NULL(low.value);
	}
	calls = 0, fails_at = 3;
	CU_ASSERT_EQUAL(tw_curvature_density(s.curvature, 0, 2, 9, 1, &density), TW_NO_MEMORY);
	calls = 0, fails_at = 1;
	CU_ASSERT_EQUAL(tw_curvature_eigenvalues(s.curvature, 0, value, &asymmetry), TW_NO_MEMORY);
	calls = 0;
	CU_ASSERT_EQUAL(tw_curvature_rayleigh(s.curvature, &rayleigh), TW_NO_MEMORY);
	fails_at = 0;
	/* Failures that rank 0 alone comes upon. */
	CU_ASSERT_EQUAL(tw_curvature_extremes(s.curvature, 1, 100000, 0, NULL, &low, &high), TW_USAGE);
	CU_ASSERT_EQUAL(tw_curvature_density(s.curvature, 0, 0, 9, 1, &density), TW_USAGE);
	/* Failures of the call. */
	CU_ASSERT_EQUAL(tw_curvature_extremes(s.curvature, 4, 1, 0, NULL, &low, &high), TW_USAGE);
	CU_ASSERT_EQUAL(tw_curvature_extremes(s.curvature, 0, -1, 0, NULL, &low, &high), TW_USAGE);
	CU_ASSERT_EQUAL(tw_curvature_dimension(s.curvature, 4), 0);
	/* Not converged is a result. */
	CHECK_OK(
	    tw_curvature_extremes(s.curvature, 0, 3, 0, &(tw_eigen_options){.iterations = 1, .basis = 4}, &low, &high));
	CU_ASSERT(low.found < 3);
	CU_ASSERT_EQUAL(low.asked, 3);
	tw_eigenpairs_free(&low);
	/* Asked to stop; then everything works again. */
	if (tw_comm_rank(world) == 0) tw_request_stop();
	CU_ASSERT_EQUAL(tw_curvature_extremes(s.curvature, 0, 1, 1, NULL, &low, &high), TW_INTERRUPTED);
	CHECK_OK(tw_curvature_extremes(s.curvature, 0, 1, 1, NULL, &low, &high));
	CU_ASSERT_EQUAL(low.found, 1);
	tw_eigenpairs_free(&low), tw_eigenpairs_free(&high);
	/* A theta that is no point. */
	memcpy(value, tw_run_theta(s.run), (size_t)known->dimension * sizeof *value);
	value[7] = NAN;
	CHECK_OK(tw_run_set_theta(s.run, value));
	CU_ASSERT_EQUAL(tw_curvature_extremes(s.curvature, 0, 1, 0, NULL, &low, &high), TW_DIVERGED);
	CU_ASSERT_EQUAL(tw_curvature_rayleigh(s.curvature, &rayleigh), TW_DIVERGED);
	CU_ASSERT(strstr(tw_message(), "parameter 7") != NULL);
	free(value);
	/* No Hessian at all. */
	((tw_objective *)tw_run_objective(s.run))->hessian_product = NULL;
	tw_curvature *none;
	CU_ASSERT_EQUAL(tw_curvature_create(s.run, &none), TW_USAGE);
	CU_ASSERT_PTR_NULL(none);
	end(&s);
}

int main(void)
{
	if (tw_comm_world(&world) != TW_OK || tw_comm_self(&self) != TW_OK) return 1;
	tw_log_setup(tw_comm_rank(world), tw_comm_size(world), true, false);
	CU_TestInfo tests[] = {{"a known Hessian", test_known_hessian},
	                       {"failures", test_failures},
	                       {"against differences of gradients", test_against_differences},
	                       {"against LAPACK", test_against_lapack},
	                       {"same bits on any layout", test_same_bits},
	                       CU_TEST_INFO_NULL};
	int failures = suite_run("curvature over ranks", tests, tw_comm_rank(world) != 0);
	double worst = failures != 0;
	if (tw_comm_max_double(world, &worst, 1) != TW_OK) worst = 1;
	tw_comm_free(self);
	tw_comm_free(world);
	return worst > 0;
}
