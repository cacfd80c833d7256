#include "app/thesis/theory_points.h"

#include <stdio.h>
#include <string.h>

#include "linalg/eigen.h"

static const double noise = 0.5;

/* ---- data ------------------------------------------------------------------------------------------------------ */

/* y = x A' + noise, rows are observations. */
static void fill_data(const linear_problem *linear, uint64_t seed, double *x, double *y)
{
	const int m = linear->m, n = linear->n;
	double a[LINEAR_WIDEST * LINEAR_WIDEST], transposed[LINEAR_WIDEST * LINEAR_WIDEST];
	double *disturbed = y + n * m;
	theory_normal(seed, 0, m * m, a);
	theory_normal(seed, 1, n * m, x);
	theory_normal(seed, 2, n * m, disturbed);
	theory_transpose(m, m, a, transposed);
	theory_product(n, m, m, x, transposed, y);
	for (int i = 0; i < n * m; i++) y[i] += noise * disturbed[i];
}

/* Sigma_AB = sum a_i b_i' */
static void second_moments(const linear_problem *linear, const double *a, const double *b, double *out)
{
	const int m = linear->m;
	for (int j = 0; j < m; j++)
		for (int k = 0; k < m; k++) {
			double sum = 0;
			for (int i = 0; i < linear->n; i++) sum += a[i * m + j] * b[i * m + k];
			out[j * m + k] = sum;
		}
}

/* lambda and u, descending. */
static tw_status decompose(linear_problem *linear, double *sigma)
{
	const int m = linear->m;
	double value[LINEAR_WIDEST];
	TW_TRY(tw_symmetric_eigen(m, sigma, true, value));
	for (int i = 0; i < m; i++) {
		linear->lambda[i] = value[m - 1 - i];
		memcpy(linear->u + i * m, sigma + (m - 1 - i) * m, (size_t)m * sizeof *sigma);
	}
	return TW_OK;
}

/* Sigma_YX Sigma_XX^-1 and Sigma = Sigma_YX Sigma_XX^-1 Sigma_XY. */
static tw_status summarise(linear_problem *linear, const double *x, const double *y)
{
	const int m = linear->m;
	double xx[LINEAR_WIDEST * LINEAR_WIDEST], xy[LINEAR_WIDEST * LINEAR_WIDEST], yy[LINEAR_WIDEST * LINEAR_WIDEST];
	double solved[LINEAR_WIDEST * LINEAR_WIDEST], sigma[LINEAR_WIDEST * LINEAR_WIDEST];
	second_moments(linear, x, x, xx);
	second_moments(linear, x, y, xy);
	second_moments(linear, y, y, yy);
	for (int i = 0; i < m; i++) linear->trace += yy[i * m + i];
	memcpy(solved, xy, sizeof solved);
	TW_TRY(theory_solve(m, xx, m, solved));
	theory_transpose(m, m, solved, linear->slope);
	theory_product(m, m, m, linear->slope, xy, sigma);
	return decompose(linear, sigma);
}

tw_status linear_open(const thesis_context *context, int m, int p, int n, uint64_t seed, linear_problem *out)
{
	const tw_network network = {
	    .layers = 2, .width = {m, p, m}, .activation = tw_activation_find("identity"), .output = TW_OUTPUT_IDENTITY};
	double *numbers = NULL;
	*out = (linear_problem){.m = m, .p = p, .n = n};
	TW_CHECK(p <= m && m <= LINEAR_WIDEST, TW_INTERNAL, "a linear network %d-%d-%d is too large here", m, p, m);
	TW_TRY(tw_alloc_array((void **)&numbers, 3 * (int64_t)n * m, sizeof *numbers, "random observations"));
	double *x = numbers, *y = numbers + n * m;
	fill_data(out, seed, x, y);
	tw_status status = summarise(out, x, y);
	if (status == TW_OK) status = theory_problem_open(context, &network, "square", n, x, y, &out->problem);
	tw_free(numbers);
	return status;
}

void linear_close(linear_problem *linear) { theory_problem_close(&linear->problem); }

/* ---- stationary points ----------------------------------------------------------------------------------------- */

void linear_first_set(const linear_problem *linear, int *set)
{
	for (int k = 0; k < linear->p; k++) set[k] = k;
}

bool linear_next_set(const linear_problem *linear, int *set)
{
	int k = linear->p - 1;
	while (k >= 0 && set[k] == linear->m - linear->p + k) k--;
	if (k < 0) return false;
	set[k]++;
	for (k++; k < linear->p; k++) set[k] = set[k - 1] + 1;
	return true;
}

void linear_set_text(const linear_problem *linear, const int *set, char out[2 * LINEAR_WIDEST + 3])
{
	char *end = out;
	for (int k = 0; k < linear->p; k++) end += sprintf(end, "%c%d", k ? ',' : '{', set[k] % 10 + 1);
	strcpy(end, "}");
}

void linear_random_c(const linear_problem *linear, uint64_t seed, uint32_t number, double *c)
{
	theory_normal(seed, 10 + number, linear->p * linear->p, c);
	for (int k = 0; k < linear->p; k++) c[k * linear->p + k] += 2;
}

tw_status linear_point(const linear_problem *linear, const int *set, const double *c, double *theta)
{
	const int m = linear->m, p = linear->p;
	double chosen[LINEAR_WIDEST * LINEAR_WIDEST], columns[LINEAR_WIDEST * LINEAR_WIDEST];
	double *w1 = theta, *w2 = theta + p * m;
	for (int k = 0; k < p; k++) memcpy(chosen + k * m, linear->u + set[k] * m, (size_t)m * sizeof *chosen);
	theory_transpose(p, m, chosen, columns);
	theory_product(m, p, p, columns, c, w2);
	theory_product(p, m, m, chosen, linear->slope, w1);
	return theory_solve(p, c, m, w1);
}

double linear_cost(const linear_problem *linear, const int *set)
{
	double sum = linear->trace;
	for (int k = 0; k < linear->p; k++) sum -= linear->lambda[set[k]];
	return sum / linear->n;
}

int linear_descents(const linear_problem *linear, const int *set)
{
	int pairs = 0;
	for (int k = 0; k < linear->p; k++)
		pairs += set[k] - k; /* all before set[k] have larger eigenvalues; k of them are in the set */
	return pairs;
}
