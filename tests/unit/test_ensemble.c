/* Ensembles: gradients of every kernel against tw_objective, whole runs against the same runs one by one. */
#include <thalweg/ensemble.h>

#include "ensemble/lanes.h"
#include "objective_cases.h"

static tw_comm *comm;

/* ---- gradients --------------------------------------------------------------------------------------------------- */

static const int64_t widths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17,
                                 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 100};
enum { WIDTHS = sizeof widths / sizeof *widths };
static const int64_t sizes[] = {1, 7, 100, 1000};

typedef struct {
	int activation, loss;
	tw_output output;
	int depth;
	int64_t width, n, outputs;
	int group, replicas;
	int chunks;
} gradient_case;

static int cases;

/* theta of replica r, canonical, rounded to float so that both precisions hold the same numbers. */
static double *draw_theta(int64_t dimension, int r)
{
	double *theta = NULL;
	CHECK_OK(tw_alloc_array((void **)&theta, dimension, sizeof *theta, "theta"));
	for (int64_t i = 0; i < dimension; i++)
		theta[i] = (float)(0.4 * tw_random_normal((tw_random){7, TW_RANDOM_TEST, 20 + (uint32_t)r}, 0, (uint64_t)i));
	return theta;
}

/* Cost and canonical gradient of one network over tw_objective. */
static double dense_gradient(tw_precision precision, const gradient_case *c, const double *theta, double *gradient)
{
	tw_data *data = case_data(comm, precision, c->n, 3, c->outputs, c->loss, 0.1, TW_STORAGE_DENSE);
	int64_t hidden[4] = {c->width, c->width, c->width, c->width};
	tw_objective_options options = case_options(c->activation, c->loss, c->output, 3, hidden, c->depth, c->outputs);
	tw_objective objective;
	tw_feed *feed;
	tw_batch batch;
	void *vector = NULL, *slopes = NULL;
	double cost;
	CHECK_OK(tw_objective_create(comm, data, &options, &objective));
	CHECK_OK(tw_feed_create(comm, data, TW_SAMPLE_SHUFFLE, 0, c->chunks, 1, 0, &feed));
	CHECK_OK(tw_feed_get(feed, 0, &batch));
	CHECK_OK(tw_alloc_array(&vector, objective.size, tw_real_size(precision), "theta"));
	CHECK_OK(tw_alloc_array(&slopes, objective.size, tw_real_size(precision), "gradient"));
	tw_objective_import(&objective, theta, vector);
	CHECK_OK(objective.evaluate(objective.self, vector, &batch, &cost, slopes));
	tw_objective_export(&objective, slopes, gradient);
	tw_free(vector), tw_free(slopes);
	tw_feed_free(feed);
	tw_objective_free(&objective);
	tw_data_free(data);
	return cost;
}

static void export_gradient(tw_lanes *lanes, int r, double *out)
{
	void *theta = lanes->theta;
	lanes->theta = lanes->gradient;
	lanes_export(lanes, r, out);
	lanes->theta = theta;
}

/* Largest difference relative to the largest element; where all are small, by cancellation, relative to a twentieth. */
static double difference(const double *a, const double *b, int64_t n)
{
	double largest = 0.05, worst = 0;
	for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(b[i]));
	for (int64_t i = 0; i < n; i++) worst = fmax(worst, fabs(a[i] - b[i]));
	return worst / largest;
}

static void check_gradients(tw_precision precision, const gradient_case *c)
{
	tw_data *data = case_data(comm, precision, c->n, 3, c->outputs, c->loss, 0.1, TW_STORAGE_DENSE);
	int64_t hidden[4] = {c->width, c->width, c->width, c->width};
	const tw_ensemble_options options = {
	    .network = case_options(c->activation, c->loss, c->output, 3, hidden, c->depth, c->outputs).network,
	    .loss = c->loss,
	    .precision = precision,
	    .chunks = c->chunks,
	    .data = data};
	const int64_t dimension = tw_network_dimension(&options.network);
	tw_lanes *lanes;
	double cost[LANES_MOST], *theta[LANES_MOST], *mine = NULL, *dense = NULL;
	CHECK_OK(tw_alloc_array((void **)&mine, dimension, sizeof *mine, "gradient"));
	CHECK_OK(tw_alloc_array((void **)&dense, dimension, sizeof *dense, "gradient"));
	CHECK_OK(lanes_create(&options, c->group, &lanes));
	for (int r = 0; r < c->replicas; r++) lanes_import(lanes, r, theta[r] = draw_theta(dimension, r));
	const lanes_batch batch = {
	    .shared = true, .chunks = tw_chunks_of(c->n, c->chunks), .x = data->dense, .y = data->output};
	lanes_evaluate(lanes, &batch, cost);
	for (int r = 0; r<c->replicas; r += c->replicas> 2 ? c->replicas - 1 : 1) {
		export_gradient(lanes, r, mine);
		double same = dense_gradient(precision, c, theta[r], dense);
		CU_ASSERT_EQUAL(cost[r], same);
		const bool equal = memcmp(mine, dense, (size_t)dimension * sizeof *mine) == 0;
		double exact = dense_gradient(TW_DOUBLE, c, theta[r], dense);
		const double tolerance = precision == TW_FLOAT ? 1e-4 : 1e-12;
		const double far = difference(mine, dense, dimension);
		CU_ASSERT_TRUE(fabs(cost[r] - exact) <= tolerance * (1 + fabs(exact)));
		CU_ASSERT_TRUE(equal);
		CU_ASSERT_TRUE(far <= tolerance);
		if (!equal || far > tolerance)
			printf("\n  %s %s %s depth %d width %lld n %lld G %d of %d outputs %lld: %s, %.2g\n",
			       tw_precision_name(precision), tw_activation_info_of(c->activation)->name,
			       tw_loss_info_of(c->loss)->name, c->depth, (long long)c->width, (long long)c->n, c->replicas,
			       c->group, (long long)c->outputs, equal ? "same bits" : "other bits", far);
	}
	for (int r = 0; r < c->replicas; r++) tw_free(theta[r]);
	tw_free(mine), tw_free(dense);
	lanes_free(lanes);
	tw_data_free(data);
	cases++;
}

static int lanes_of(tw_precision precision) { return TW_SELECT_VARIANT(tw_lanes_kernels, precision)->lanes; }

/* Every activation, loss, output function, depth and group; widths, sizes and numbers of replicas in turn. */
static void test_gradients_of_registry(void)
{
	int turn = 0;
	for (int a = 0; a < tw_activation_count(); a++)
		for (int loss = 0; loss < tw_loss_count(); loss++)
			for (int output = 0; tw_output_name(output); output++)
				for (int depth = 0; depth <= 4; depth++)
					for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++)
						for (int group = 1; group <= lanes_of((tw_precision)precision); group *= 2, turn++) {
							if (!(tw_loss_info_of(loss)->outputs & (1u << output))) continue;
							const gradient_case c = {.activation = a,
							                         .loss = loss,
							                         .output = (tw_output)output,
							                         .depth = depth,
							                         .width = widths[turn % 23],
							                         .n = sizes[turn % 3],
							                         .outputs = output == TW_OUTPUT_SOFTMAX ? 3 : 1 + turn % 2,
							                         .group = group,
							                         .replicas = 1 + turn % group,
							                         .chunks = turn % 5 == 0 ? 1 : 0};
							check_gradients((tw_precision)precision, &c);
						}
	printf("%d cases ", cases);
}

/* Every width with every size and group, for the network of the experiments and a smooth one. */
static void test_gradients_of_widths(void)
{
	cases = 0;
	int turn = 0;
	for (int w = 0; w < WIDTHS; w++)
		for (int s = 0; s < 4; s++)
			for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++)
				for (int group = 1; group <= lanes_of((tw_precision)precision); group *= 2, turn++) {
					if (sizes[s] == 1000 && (turn % 4 || (widths[w] > 33 && group > 1))) continue;
					const gradient_case c = {.activation = tw_activation_find(turn % 3 ? "leaky_relu" : "tanh"),
					                         .loss = tw_loss_find("log"),
					                         .output = TW_OUTPUT_LOGISTIC,
					                         .depth = 1 + turn % 3,
					                         .width = widths[w],
					                         .n = sizes[s],
					                         .outputs = 1,
					                         .group = group,
					                         .replicas = group,
					                         .chunks = turn % 3 == 0 ? 1 : 0};
					check_gradients((tw_precision)precision, &c);
				}
	printf("%d cases ", cases);
}

/* ---- whole runs -------------------------------------------------------------------------------------------------- */

typedef struct {
	tw_stop_reason reason;
	int64_t steps;
	double *theta;
} run_end;

typedef struct {
	tw_ensemble_options options;
	tw_stage stage[2];
	int stages;
} run_case;

static uint64_t seed_of(int64_t run) { return 1000 + (uint64_t)run; }

/* The same run alone, over tw_objective. */
static run_end run_alone(const run_case *c, int64_t run, const double *start)
{
	const tw_ensemble_options *o = &c->options;
	tw_objective_options options = {.network = o->network, .loss = o->loss, .threads = 1, .overlap = true};
	tw_objective objective;
	tw_feed *feed;
	tw_update update;
	tw_course course;
	void *theta = NULL, *gradient = NULL;
	const bool full = o->batch == 0;
	run_end end = {.theta = NULL};
	bool more = true;
	CHECK_OK(tw_objective_create(comm, o->data, &options, &objective));
	CHECK_OK(tw_feed_create(comm, o->data, o->sampling, o->batch, o->chunks, seed_of(run), 0, &feed));
	CHECK_OK(tw_update_create(o->update, o->update_value, &objective, seed_of(run), 0, &update));
	CHECK_OK(tw_course_start(&course, c->stage, c->stages, o->data->observations));
	CHECK_OK(tw_alloc_array(&theta, objective.size, tw_real_size(o->precision), "theta"));
	CHECK_OK(tw_alloc_array(&gradient, objective.size, tw_real_size(o->precision), "gradient"));
	CHECK_OK(tw_alloc_array((void **)&end.theta, objective.dimension, sizeof(double), "theta"));
	tw_objective_import(&objective, start, theta);
	while (more) {
		tw_batch batch;
		double cost;
		end.reason = tw_course_limit(&course);
		if (end.reason == TW_RUNNING) {
			CHECK_OK(tw_feed_get(feed, course.step, &batch));
			CHECK_OK(objective.evaluate(objective.self, theta, &batch, &cost, gradient));
			double norm = sqrt(tw_kernels_of(o->precision)->squared_norm(gradient, objective.size));
			end.reason =
			    isfinite(cost) ? tw_course_check(&course, full ? cost : NAN, full ? norm : NAN) : TW_STOP_DIVERGED;
		}
		if (end.reason != TW_RUNNING) {
			CHECK_OK(tw_course_next_stage(&course, end.reason, &more));
			continue;
		}
		tw_update_apply(&update, theta, gradient, tw_course_step_size(&course, cost), 1);
		tw_course_advance(&course, batch.chunks.size);
	}
	tw_objective_export(&objective, theta, end.theta);
	end.steps = course.step;
	tw_free(theta), tw_free(gradient);
	tw_update_free(&update);
	tw_feed_free(feed);
	tw_objective_free(&objective);
	return end;
}

enum { RUNS = 23 };

static void start_run(const run_case *c, tw_ensemble *ensemble, int64_t run, double *const *starts)
{
	tw_replica_start start = {.tag = run, .seed = seed_of(run), .theta = starts[run]};
	CHECK_OK(tw_course_start(&start.course, c->stage, c->stages, c->options.data->observations));
	CHECK_OK(tw_ensemble_start(ensemble, &start));
}

/* All runs through an ensemble of so many places, of which the first step finds `share` filled, each compared with the
 * one alone. */
static void check_runs(run_case *c, int replicas, int share, double *const *starts, const run_end *alone)
{
	tw_ensemble *ensemble;
	tw_replica_end end;
	int64_t next = 0, finished = 0;
	const char *why;
	c->options.replicas = replicas;
	CU_ASSERT_TRUE_FATAL(tw_ensemble_covers(&c->options, c->stage, c->stages, &why));
	CHECK_OK(tw_ensemble_create(&c->options, &ensemble));
	while (finished < RUNS) {
		const int64_t until = next == 0 && share < RUNS ? share : RUNS;
		while (next < until && tw_ensemble_free_places(ensemble) > 0) start_run(c, ensemble, next++, starts);
		CHECK_OK(tw_ensemble_train(ensemble, 1 + finished % 7));
		while (tw_ensemble_take(ensemble, &end)) {
			const run_end *expected = &alone[end.tag];
			const size_t bytes = (size_t)tw_network_dimension(&c->options.network) * sizeof(double);
			CU_ASSERT_EQUAL(end.reason, expected->reason);
			CU_ASSERT_EQUAL(end.steps, expected->steps);
			CU_ASSERT_EQUAL(memcmp(end.theta, expected->theta, bytes), 0);
			finished++;
		}
	}
	CU_ASSERT_EQUAL(tw_ensemble_free_places(ensemble), tw_ensemble_places(ensemble));
	tw_ensemble_free(ensemble);
}

static void compare_runs(run_case *c)
{
	const int64_t dimension = tw_network_dimension(&c->options.network);
	double *starts[RUNS];
	run_end alone[RUNS];
	const int replicas[] = {1, 5, 0, 64};
	for (int64_t run = 0; run < RUNS; run++) {
		starts[run] = draw_theta(dimension, 100 + (int)run);
		alone[run] = run_alone(c, run, starts[run]);
	}
	for (int i = 0; i < 4; i++) check_runs(c, replicas[i], RUNS, starts, alone);
	check_runs(c, 0, 5, starts, alone);
	for (int64_t run = 0; run < RUNS; run++) tw_free(starts[run]), tw_free(alone[run].theta);
}

static run_case make_case(tw_data *data, int64_t width, int depth)
{
	int64_t hidden[4] = {width, width, width, width};
	run_case c = {.stages = 1};
	c.options.network =
	    case_options(tw_activation_find("leaky_relu"), tw_loss_find("log"), TW_OUTPUT_LOGISTIC, 3, hidden, depth, 1)
	        .network;
	c.options.loss = tw_loss_find("log");
	c.options.precision = data->precision;
	c.options.data = data;
	tw_stop_off(&c.stage[0].stop);
	c.stage[0].schedule.base = 0.3;
	c.stage[0].stop.steps = 37;
	return c;
}

/* Each update rule with full batches and with batches of each sampling, whose last batch is smaller. */
static void test_updates_and_batches(void)
{
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++) {
		tw_data *data = case_data(comm, (tw_precision)precision, 50, 3, 1, tw_loss_find("log"), 0, TW_STORAGE_DENSE);
		for (int rule = 0; rule < tw_update_count(); rule++)
			for (int batch = 0; batch < 4; batch++) {
				run_case c = make_case(data, 6, 2);
				const tw_parameter *parameters = tw_update_info_of(rule)->parameters;
				c.options.update = rule;
				for (int p = 0; parameters[p].name; p++) c.options.update_value[p] = parameters[p].initial;
				c.options.batch = batch == 0 ? 0 : 12;
				c.options.sampling = batch == 0 ? TW_SAMPLE_SHUFFLE : (tw_sampling)(batch - 1);
				c.stage[0].schedule.base = 0.05;
				compare_runs(&c);
			}
		tw_data_free(data);
	}
}

/* Each schedule in a first stage, and two stages whose rules look at cost and gradient. */
static void test_schedules_and_stages(void)
{
	tw_data *data = case_data(comm, TW_FLOAT, 100, 3, 1, tw_loss_find("log"), 0, TW_STORAGE_DENSE);
	for (int kind = 0; kind < tw_schedule_count(); kind++) {
		run_case c = make_case(data, 5, 1);
		const tw_parameter *parameters = tw_schedule_info_of(kind)->parameters;
		c.stages = 2;
		c.stage[1] = c.stage[0];
		c.stage[0].schedule.kind = kind;
		for (int p = 0; parameters[p].name; p++) c.stage[0].schedule.value[p] = parameters[p].initial;
		c.stage[0].stop.no_progress_threshold = 1e-3;
		c.stage[0].stop.no_progress_patience = 3;
		c.stage[1].schedule.base = 0.5;
		c.stage[1].stop.gradient_norm = 0.05;
		c.stage[1].stop.steps = 300;
		compare_runs(&c);
	}
	tw_data_free(data);
}

/* Runs whose cost leaves the finite numbers end as diverged, the others do not notice. */
static void test_divergence(void)
{
	tw_data *data = case_data(comm, TW_FLOAT, 20, 3, 1, tw_loss_find("square"), 0, TW_STORAGE_DENSE);
	run_case c = make_case(data, 7, 2);
	c.options.loss = tw_loss_find("square");
	c.options.network.output = TW_OUTPUT_IDENTITY;
	c.stage[0].schedule.base = 0.35;
	c.stage[0].stop.steps = 200;
	compare_runs(&c);
	tw_data_free(data);
}

/* Several chunks a batch, and more rows than a wave holds. */
static void test_chunks_and_waves(void)
{
	tw_data *data = case_data(comm, TW_FLOAT, 3000, 3, 1, tw_loss_find("log"), 0, TW_STORAGE_DENSE);
	run_case c = make_case(data, 21, 2);
	c.stage[0].stop.steps = 3;
	compare_runs(&c);
	c.options.batch = 300;
	compare_runs(&c);
	tw_data_free(data);
}

static void test_coverage(void)
{
	tw_data *data = case_data(comm, TW_FLOAT, 50, 3, 1, tw_loss_find("log"), 0, TW_STORAGE_DENSE);
	run_case c = make_case(data, 6, 2);
	const char *why = NULL;
	c.options.penalty = 0.1;
	CU_ASSERT_FALSE(tw_ensemble_covers(&c.options, c.stage, 1, &why));
	CU_ASSERT_PTR_NOT_NULL(why);
	c.options.penalty = 0;
	c.options.batch = 10;
	CU_ASSERT_TRUE(tw_ensemble_covers(&c.options, c.stage, 1, &why));
	c.stage[0].stop.no_progress_patience = 10;
	CU_ASSERT_FALSE(tw_ensemble_covers(&c.options, c.stage, 1, &why));
	tw_data_free(data);
}

int main(void)
{
	if (tw_comm_self(&comm) != TW_OK) return 1;
	CU_TestInfo tests[] = {{"gradients of the registry", test_gradients_of_registry},
	                       {"gradients of all widths", test_gradients_of_widths},
	                       {"updates and batches", test_updates_and_batches},
	                       {"schedules and stages", test_schedules_and_stages},
	                       {"divergence", test_divergence},
	                       {"chunks and waves", test_chunks_and_waves},
	                       {"coverage", test_coverage},
	                       CU_TEST_INFO_NULL};
	int failures = suite_run("ensemble", tests, 0);
	tw_comm_free(comm);
	return failures != 0;
}
