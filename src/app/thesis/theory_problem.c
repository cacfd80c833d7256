#include "app/thesis/theory_problem.h"

#include <math.h>
#include <string.h>

#include "linalg/eigen.h"

/* ---- a problem ------------------------------------------------------------------------------------------------- */

static tw_status make_vectors(theory_problem *p)
{
	void **const vectors[] = {&p->theta, &p->gradient, &p->vector, &p->product};
	for (int i = 0; i < 4; i++)
		TW_TRY(tw_alloc_array(vectors[i], p->objective.size, sizeof(double), "a vector of parameters"));
	TW_TRY(tw_alloc_array((void **)&p->values, p->dimension, sizeof(double), "eigenvalues"));
	return tw_alloc_array((void **)&p->matrix, p->dimension * p->dimension, sizeof(double), "a Hessian");
}

tw_status theory_problem_open(const thesis_context *context, const tw_network *network, const char *loss, int64_t n,
                              const double *x, const double *y, theory_problem *out)
{
	const tw_objective_options options = {
	    .network = *network, .loss = tw_loss_find(loss), .threads = 1, .reduction = TW_REDUCE_TREE};
	*out = (theory_problem){.network = *network, .loss = options.loss, .dimension = tw_network_dimension(network)};
	TW_TRY(tw_data_from_arrays(context->comm, TW_DOUBLE, n, network->width[0], network->width[network->layers], 0, x, y,
	                           TW_STORAGE_DENSE, &out->data));
	TW_TRY(tw_objective_create(context->comm, out->data, &options, &out->objective));
	TW_TRY(tw_feed_create(context->comm, out->data, TW_SAMPLE_SHUFFLE_ONCE, 0, 1, 1, 0, &out->feed));
	TW_TRY(tw_feed_get(out->feed, 0, &out->batch));
	return make_vectors(out);
}

void theory_problem_close(theory_problem *problem)
{
	tw_free(problem->matrix);
	tw_free(problem->values);
	tw_free(problem->product);
	tw_free(problem->vector);
	tw_free(problem->gradient);
	tw_free(problem->theta);
	tw_feed_free(problem->feed);
	if (problem->objective.free) tw_objective_free(&problem->objective);
	tw_data_free(problem->data);
	*problem = (theory_problem){0};
}

tw_status theory_evaluate(theory_problem *problem, const double *theta, double *cost, double *gradient)
{
	const tw_objective *objective = &problem->objective;
	tw_objective_import(objective, theta, problem->theta);
	TW_TRY(objective->evaluate(objective->self, problem->theta, &problem->batch, cost,
	                           gradient ? problem->gradient : NULL));
	if (gradient) tw_objective_export(objective, problem->gradient, gradient);
	return TW_OK;
}

/* ---- curvature ------------------------------------------------------------------------------------------------- */

/* One after the other; theta has been imported. */
static tw_status apply(void *self, int count, const double *x, double *y)
{
	theory_problem *p = self;
	const tw_objective *objective = &p->objective;
	for (int i = 0; i < count; i++) {
		tw_objective_import(objective, x + i * p->dimension, p->vector);
		TW_TRY(objective->hessian_product(objective->self, p->theta, &p->batch, 1, (const void *const[]){p->vector},
		                                  (void *const[]){p->product}));
		tw_objective_export(objective, p->product, y + i * p->dimension);
	}
	return TW_OK;
}

tw_status theory_multiply(theory_problem *problem, const double *theta, const double *vector, double *product)
{
	tw_objective_import(&problem->objective, theta, problem->theta);
	return apply(problem, 1, vector, product);
}

tw_status theory_eigenvalues(theory_problem *problem, const double *theta, bool vectors)
{
	const tw_operator op = {.self = problem, .dimension = problem->dimension, .apply = apply};
	tw_objective_import(&problem->objective, theta, problem->theta);
	TW_TRY(tw_operator_matrix(&op, 1, problem->matrix, NULL));
	return tw_symmetric_eigen(problem->dimension, problem->matrix, vectors, problem->values);
}

double theory_largest(const theory_problem *problem)
{
	return fmax(fabs(problem->values[0]), fabs(problem->values[problem->dimension - 1]));
}

int theory_negative(const theory_problem *problem, double zero)
{
	const double threshold = -zero * theory_largest(problem);
	int count = 0;
	while (count < problem->dimension && problem->values[count] < threshold) count++;
	return count;
}

/* ---- gradient descent ------------------------------------------------------------------------------------------ */

tw_status theory_descend(theory_problem *problem, double *theta, double step_size, int64_t steps,
                         const theory_visitor *visitor)
{
	double *gradient = NULL, cost;
	TW_TRY(tw_alloc_array((void **)&gradient, problem->dimension, sizeof *gradient, "a gradient"));
	tw_status status = TW_OK;
	for (int64_t k = 0; k <= steps && status == TW_OK; k++) {
		status = theory_evaluate(problem, theta, &cost, gradient);
		if (status == TW_OK && visitor) status = visitor->visit(visitor->self, k, theta, cost, gradient);
		for (int64_t i = 0; i < problem->dimension && k < steps; i++) theta[i] -= step_size * gradient[i];
	}
	tw_free(gradient);
	return status;
}

static tw_status open_ensemble(const theory_problem *problem, const theory_course *course, int starts,
                               tw_ensemble **out)
{
	const tw_ensemble_options options = {
	    .network = problem->network,
	    .loss = problem->loss,
	    .precision = TW_DOUBLE,
	    .update = tw_update_find(course->momentum != 0 ? "momentum" : "plain"),
	    .update_value = {course->momentum},
	    .sampling = TW_SAMPLE_SHUFFLE_ONCE,
	    .chunks = 1,
	    .data = problem->data,
	    .replicas = starts,
	};
	return tw_ensemble_create(&options, out);
}

static tw_status start_all(const theory_problem *problem, const theory_course *course, int starts, const double *theta,
                           tw_ensemble *ensemble)
{
	const tw_schedule constant = {.kind = tw_schedule_find("constant"), .base = course->step_size};
	const tw_schedule falling = {.kind = tw_schedule_find("exponential"),
	                             .base = course->step_size,
	                             .value = {log(1e10) / (double)(course->settling + 1)}};
	tw_stage stage[] = {{.schedule = constant}, {.schedule = falling}};
	const int64_t steps[] = {course->steps, course->settling};
	for (int i = 0; i < 2; i++) {
		tw_stop_off(&stage[i].stop);
		stage[i].stop.steps = steps[i];
		stage[i].stop.gradient_norm = course->tolerance;
	}
	for (int i = 0; i < starts; i++) {
		tw_replica_start start = {.tag = i, .seed = 1, .run = (uint32_t)i, .theta = theta + i * problem->dimension};
		TW_TRY(tw_course_start(&start.course, stage, course->settling > 0 ? 2 : 1, problem->data->observations));
		TW_TRY(tw_ensemble_start(ensemble, &start));
	}
	return TW_OK;
}

static tw_status finish_all(const theory_problem *problem, tw_ensemble *ensemble, int starts, double *theta,
                            int64_t *steps_made)
{
	enum { AT_ONCE = 10000 };
	for (int left = starts; left > 0;) {
		tw_replica_end end;
		TW_TRY(tw_ensemble_train(ensemble, AT_ONCE));
		for (; tw_ensemble_take(ensemble, &end); left--) {
			memcpy(theta + end.tag * problem->dimension, end.theta, (size_t)problem->dimension * sizeof *theta);
			if (steps_made) steps_made[end.tag] = end.steps;
		}
	}
	return TW_OK;
}

tw_status theory_train(const theory_problem *problem, const theory_course *course, int starts, double *theta,
                       int64_t *steps_made)
{
	tw_ensemble *ensemble = NULL;
	TW_TRY(open_ensemble(problem, course, starts, &ensemble));
	tw_status status = start_all(problem, course, starts, theta, ensemble);
	if (status == TW_OK) status = finish_all(problem, ensemble, starts, theta, steps_made);
	tw_ensemble_free(ensemble);
	return status;
}

/* ---- small vectors and matrices -------------------------------------------------------------------------------- */

double theory_norm(int64_t n, const double *v)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++) sum += v[i] * v[i];
	return sqrt(sum);
}

double theory_distance(int64_t n, const double *a, const double *b)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sqrt(sum);
}

void theory_normal(uint64_t seed, uint32_t part, int64_t count, double *out)
{
	const tw_random stream = {.seed = seed, .purpose = TW_RANDOM_GENERATE, .run = part};
	for (int64_t i = 0; i < count; i++) out[i] = tw_random_normal(stream, 0, (uint64_t)i);
}

void theory_product(int rows, int inner, int columns, const double *a, const double *b, double *out)
{
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < columns; j++) {
			double sum = 0;
			for (int k = 0; k < inner; k++) sum += a[i * inner + k] * b[k * columns + j];
			out[i * columns + j] = sum;
		}
}

void theory_transpose(int rows, int columns, const double *a, double *out)
{
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j];
}

static void swap_rows(int columns, double *a, double *b)
{
	for (int j = 0; j < columns; j++) {
		const double kept = a[j];
		a[j] = b[j], b[j] = kept;
	}
}

tw_status theory_solve(int n, const double *a, int columns, double *right)
{
	double work[THEORY_SOLVE_MOST * THEORY_SOLVE_MOST];
	TW_CHECK(n <= THEORY_SOLVE_MOST, TW_INTERNAL, "a system of %d equations is too large here", n);
	memcpy(work, a, (size_t)(n * n) * sizeof *work);
	for (int k = 0; k < n; k++) {
		int pivot = k;
		for (int i = k + 1; i < n; i++)
			if (fabs(work[i * n + k]) > fabs(work[pivot * n + k])) pivot = i;
		TW_CHECK(work[pivot * n + k] != 0, TW_INTERNAL, "a singular system of equations");
		swap_rows(n, work + k * n, work + pivot * n);
		swap_rows(columns, right + k * columns, right + pivot * columns);
		for (int i = 0; i < n; i++) {
			const double factor = i == k ? 0 : work[i * n + k] / work[k * n + k];
			for (int j = k; j < n && i != k; j++) work[i * n + j] -= factor * work[k * n + j];
			for (int j = 0; j < columns && i != k; j++) right[i * columns + j] -= factor * right[k * columns + j];
		}
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < columns; j++) right[i * columns + j] /= work[i * n + i];
	return TW_OK;
}
