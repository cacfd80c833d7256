/* Stochastic Lanczos quadrature. */
#include <float.h>
#include <lapacke.h>
#include <string.h>

#include "linalg/solver.h"

static const double basis_bytes = 1 << 30; /* room for the Lanczos vectors of runs that go side by side */

/* One run: A v_k = beta_{k-1} v_{k-1} + alpha_k v_k + beta_k v_{k+1}. */
typedef struct {
	int64_t dimension;
	int steps;            /* taken */
	bool done;            /* all steps taken, or an invariant subspace reached */
	double *basis;        /* steps x dimension: v_0, v_1, ... */
	double *alpha, *beta; /* steps each; beta[k]: between v_k and v_{k+1} */
	double scale;         /* largest |alpha| or beta so far: of the size of ||A|| */
} lane;

/* w -= sum over the basis of <v_k, w> v_k, twice (enough for full accuracy: Giraud et al. 2005). Returns <v_last, w>.
 */
static double orthogonalise(const lane *l, int count, double *w)
{
	double last = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int k = count - 1; k >= 0; k--) {
			const double *v = l->basis + k * l->dimension, along = tw_solver_dot(v, w, l->dimension);
			for (int64_t i = 0; i < l->dimension; i++) w[i] -= along * v[i];
			if (k == count - 1) last += along;
		}
	return last;
}

/* Takes w = A v_k in. */
static void take_step(lane *l, int most, double *w)
{
	const int k = l->steps++;
	l->alpha[k] = orthogonalise(l, k + 1, w);
	const double norm = tw_solver_norm(w, l->dimension);
	l->scale = fmax(l->scale, fmax(fabs(l->alpha[k]), norm));
	l->done = l->steps == most || norm <= l->scale * (double)l->dimension * DBL_EPSILON;
	if (l->done) return;
	l->beta[k] = norm;
	double *next = l->basis + l->steps * l->dimension;
	for (int64_t i = 0; i < l->dimension; i++) next[i] = w[i] / norm;
}

/* Gauss quadrature from the tridiagonal matrix (Golub and Welsch 1969): its eigenvalues and the squares of its
 * eigenvectors' first components. vectors: steps x steps. */
static tw_status quadrature(lane *l, double *vectors, double *node, double *weight)
{
	const int n = l->steps, threads = tw_solver_one_thread();
	const int info = LAPACKE_dstev(LAPACK_COL_MAJOR, 'V', n, l->alpha, l->beta, vectors, n);
	tw_solver_threads_back(threads);
	TW_TRY(tw_solver_lapack(info, "dstev", n));
	double sum = 0;
	for (int k = 0; k < n; k++) sum += weight[k] = vectors[(int64_t)k * n] * vectors[(int64_t)k * n];
	for (int k = 0; k < n; k++) {
		node[k] = l->alpha[k];
		weight[k] /= sum;
	}
	return TW_OK;
}

/* The arrays of the runs that go side by side. */
typedef struct {
	int lanes, steps;
	lane *lane;
	double *basis, *alpha, *beta, *vectors;
	double *x, *y; /* lanes x dimension: vectors of the lanes that go on, and their products */
} group;

static tw_status make_room(group *g, int64_t d)
{
	const int64_t lanes = g->lanes, steps = g->steps;
	TW_TRY(tw_alloc_array((void **)&g->lane, lanes, sizeof *g->lane, "Lanczos runs"));
	TW_TRY(tw_alloc_array((void **)&g->basis, lanes * steps, (size_t)d * sizeof(double), "Lanczos vectors"));
	TW_TRY(tw_alloc_array((void **)&g->alpha, lanes * steps, sizeof(double), "Lanczos coefficients"));
	TW_TRY(tw_alloc_array((void **)&g->beta, lanes * steps, sizeof(double), "Lanczos coefficients"));
	TW_TRY(tw_alloc_array((void **)&g->vectors, steps * steps, sizeof(double), "eigenvectors"));
	TW_TRY(tw_alloc_array((void **)&g->x, lanes, (size_t)d * sizeof(double), "vectors"));
	return tw_alloc_array((void **)&g->y, lanes, (size_t)d * sizeof(double), "products");
}

static void give_back(group *g)
{
	tw_free(g->lane), tw_free(g->basis), tw_free(g->alpha), tw_free(g->beta), tw_free(g->vectors);
	tw_free(g->x), tw_free(g->y);
}

static void start_lane(group *g, int at, int64_t d, uint64_t seed, int probe)
{
	lane *l = &g->lane[at];
	*l = (lane){.dimension = d,
	            .basis = g->basis + (int64_t)at * g->steps * d,
	            .alpha = g->alpha + (int64_t)at * g->steps,
	            .beta = g->beta + (int64_t)at * g->steps};
	const double size = 1 / sqrt((double)d);
	for (int64_t i = 0; i < d; i++) l->basis[i] = tw_solver_random(seed, (uint64_t)probe, i) < 0 ? -size : size;
}

/* One step of every lane that is not done; *going: how many there were. */
static tw_status advance(group *g, int lanes, const tw_operator *op, int64_t *products, int *going)
{
	const int64_t d = op->dimension;
	int n = 0;
	for (int at = 0; at < lanes; at++)
		if (!g->lane[at].done)
			memcpy(g->x + n++ * d, g->lane[at].basis + g->lane[at].steps * d, (size_t)d * sizeof(double));
	*going = n;
	if (n == 0) return TW_OK;
	TW_TRY(tw_solver_apply(op, n, g->x, g->y, products));
	n = 0;
	for (int at = 0; at < lanes; at++)
		if (!g->lane[at].done) take_step(&g->lane[at], g->steps, g->y + n++ * d);
	return TW_OK;
}

/* Probes first, ..., first + lanes - 1. */
static tw_status run_group(group *g, int first, int lanes, const tw_operator *op, uint64_t seed,
                           tw_spectral_density *out)
{
	int going = lanes;
	for (int at = 0; at < lanes; at++) start_lane(g, at, op->dimension, seed, first + at);
	while (going > 0) TW_TRY(advance(g, lanes, op, &out->products, &going));
	for (int at = 0; at < lanes; at++) {
		const int64_t row = (int64_t)(first + at) * out->steps;
		TW_TRY(quadrature(&g->lane[at], g->vectors, out->node + row, out->weight + row));
	}
	return TW_OK;
}

static tw_status run_probes(const tw_operator *op, uint64_t seed, tw_spectral_density *out)
{
	const int64_t d = op->dimension;
	group g = {.steps = out->steps < d ? out->steps : (int)d};
	const double fit = basis_bytes / ((double)g.steps * (double)d * sizeof(double));
	g.lanes = fit < 1 ? 1 : fit < out->probes ? (int)fit : out->probes;
	tw_status status = make_room(&g, d);
	for (int first = 0; first < out->probes && status == TW_OK; first += g.lanes) {
		const int left = out->probes - first;
		status = run_group(&g, first, left < g.lanes ? left : g.lanes, op, seed, out);
	}
	give_back(&g);
	return status;
}

tw_status tw_lanczos_density(const tw_operator *op, int probes, int steps, uint64_t seed, tw_spectral_density *out)
{
	*out = (tw_spectral_density){0};
	TW_CHECK(op->dimension >= 1, TW_USAGE, "the density of the spectrum of a matrix without rows");
	TW_CHECK(probes >= 1 && steps >= 1, TW_USAGE,
	         "a density of the spectrum from %d probes of %d steps: at least 1 of each", probes, steps);
	tw_status status = tw_spectral_density_make(probes, steps, out);
	if (status == TW_OK) status = run_probes(op, seed, out);
	if (status != TW_OK) tw_spectral_density_free(out);
	return status;
}

tw_status tw_spectral_density_make(int probes, int steps, tw_spectral_density *out)
{
	*out = (tw_spectral_density){.probes = probes, .steps = steps};
	TW_TRY(tw_alloc_array((void **)&out->node, (int64_t)probes * steps, sizeof(double), "nodes"));
	return tw_alloc_array((void **)&out->weight, (int64_t)probes * steps, sizeof(double), "weights");
}

void tw_spectral_density_free(tw_spectral_density *density)
{
	if (!density) return;
	tw_free(density->node), tw_free(density->weight);
	*density = (tw_spectral_density){0};
}

double tw_spectral_density_at(const tw_spectral_density *density, double x, double deviation)
{
	const int64_t nodes = (int64_t)density->probes * density->steps;
	double sum = 0;
	for (int64_t k = 0; k < nodes; k++) {
		const double t = (x - density->node[k]) / deviation;
		if (density->weight[k] > 0) sum += density->weight[k] * exp(-t * t / 2);
	}
	return sum / (density->probes * deviation * sqrt(2 * acos(-1)));
}
