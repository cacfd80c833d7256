/* Sweeps as configured: order of the grid, seeds, overrides, the shipped experiments, text. */
#include <thalweg/run.h>

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

/* ---- helpers ------------------------------------------------------------------------------------------------- */

static char file_name[] = "/tmp/thalweg-plan-XXXXXX";

static void write_file(const char *text)
{
	FILE *file = fopen(file_name, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static tw_status read_text(const char *text, tw_sweep_plan *plan)
{
	write_file(text);
	return tw_sweep_plan_read(file_name, NULL, 0, plan);
}

static tw_sweep_plan plan_of(const char *text)
{
	tw_sweep_plan plan;
	tw_status status = read_text(text, &plan);
	if (status != TW_OK) fprintf(stderr, "\n  %s: %s\n", text, tw_message());
	CU_ASSERT_EQUAL_FATAL(status, TW_OK);
	return plan;
}

static uint64_t seed_of(const tw_sweep_plan *plan, int64_t run) { return tw_sweep_run_settings(plan, run).seed; }

static double step_size_of(const tw_cell *cell) { return cell->settings.stage[0].schedule.base; }

static bool same_shape(const tw_cell *a, const tw_cell *b)
{
	return a->settings.hidden_count == b->settings.hidden_count &&
	       memcmp(a->settings.hidden, b->settings.hidden, (size_t)a->settings.hidden_count * sizeof(int64_t)) == 0;
}

static int compare_seeds(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

/* Cells follow one another without gaps, every run is found in its cell, seeds fit 53 bits and are distinct where they
 * should be. */
static void check_plan(const tw_sweep_plan *plan, bool distinct)
{
	int64_t run = 0;
	uint64_t *seed;
	CHECK_OK(tw_alloc_array((void **)&seed, plan->runs, sizeof *seed, "seeds"));
	for (int i = 0; i < plan->cells; i++) {
		CU_ASSERT_EQUAL(plan->cell[i].first_run, run);
		CU_ASSERT(*plan->cell[i].name);
		for (int64_t start = 0; start < plan->cell[i].starts; start++, run++) {
			CU_ASSERT_EQUAL(tw_sweep_cell_of(plan, run), i);
			seed[run] = seed_of(plan, run);
			CU_ASSERT(seed[run] < UINT64_C(1) << 53);
		}
	}
	CU_ASSERT_EQUAL(run, plan->runs);
	qsort(seed, (size_t)run, sizeof *seed, compare_seeds);
	for (int64_t i = 1; i < run && distinct; i++) CU_ASSERT(seed[i] != seed[i - 1]);
	tw_free(seed);
}

/* The plan's text gives the same plan. Frees the plan. */
static void check_text(tw_sweep_plan *plan)
{
	tw_sweep_plan again = plan_of(plan->text);
	CU_ASSERT_STRING_EQUAL(again.digest, plan->digest);
	CU_ASSERT_STRING_EQUAL(again.text, plan->text);
	CU_ASSERT_EQUAL(again.runs, plan->runs);
	CU_ASSERT_EQUAL(again.trace, plan->trace);
	CU_ASSERT_EQUAL(again.traced_count, plan->traced_count);
	for (int i = 0; i < plan->cells; i++) {
		CU_ASSERT_STRING_EQUAL(again.cell[i].name, plan->cell[i].name);
		CU_ASSERT_EQUAL(seed_of(&again, again.cell[i].first_run), seed_of(plan, plan->cell[i].first_run));
	}
	tw_sweep_plan_free(&again);
	tw_sweep_plan_free(plan);
}

/* ---- the grid ------------------------------------------------------------------------------------------------ */

static void test_defaults(void)
{
	tw_sweep_plan plan;
	CHECK_OK(tw_sweep_plan_read(NULL, NULL, 0, &plan));
	CU_ASSERT_EQUAL(plan.cells, 5);
	CU_ASSERT_EQUAL(plan.runs, 100);
	for (int i = 0; i < plan.cells; i++) {
		CU_ASSERT_EQUAL(plan.cell[i].settings.hidden_count, 1);
		CU_ASSERT_EQUAL(plan.cell[i].settings.hidden[0], i + 1);
	}
	CU_ASSERT_STRING_EQUAL(plan.cell[2].name, "hidden 3");
	CU_ASSERT_EQUAL(plan.ranks_per_run, 1);
	CU_ASSERT_EQUAL(plan.replicas, 0);
	CU_ASSERT_EQUAL(plan.trace, TW_TRACE_NONE);
	check_plan(&plan, true);
	check_text(&plan);
	CHECK_OK(tw_sweep_plan_read(NULL, (const char *const[]){"sweep.widths=7", "sweep.starts=3"}, 2, &plan));
	CU_ASSERT_EQUAL(plan.cells, 1);
	CU_ASSERT_EQUAL(plan.runs, 3);
	CU_ASSERT_EQUAL(plan.cell[0].settings.hidden[0], 7);
	check_text(&plan);
	plan = plan_of("network: {hidden: [4, 2]}\nthreads: 3\n");
	CU_ASSERT_EQUAL(plan.cells, 1);
	CU_ASSERT_EQUAL(plan.runs, 20);
	CU_ASSERT_EQUAL(plan.threads, 3);
	CU_ASSERT_STRING_EQUAL(plan.cell[0].name, "hidden 4-2");
	check_text(&plan);
	plan = plan_of("");
	CU_ASSERT_EQUAL(plan.cells, 1);
	CU_ASSERT_EQUAL(plan.cell[0].settings.hidden[0], 3);
	check_text(&plan);
}

/* Every axis, against nested loops. */
static void test_order(void)
{
	tw_sweep_plan plan = plan_of("method: {sampling: uniform}\n"
	                             "sweep:\n"
	                             "  starts: 2\n"
	                             "  data: [{rows: some/a.txt}, {rows: b.txt}]\n"
	                             "  hidden_layers: [2, 0, 1]\n"
	                             "  widths: [5, 3]\n"
	                             "  activations: [tanh, {activation: leaky_relu, leak: 0.2}]\n"
	                             "  initials: [normal, {distribution: uniform, low: -2, high: 2, bias: 0}]\n"
	                             "  methods: [plain, {update: adam, beta1: 0.8, schedule: cosine}]\n"
	                             "  batches: [all, 10]\n"
	                             "  step_sizes: [0.5, 1]\n"
	                             "  ranks_per_run: 2\n"
	                             "  replicas: 9\n"
	                             "  trajectories: [5, 1, 3]\n");
	static const int64_t shapes[][3] = {{2, 5, 5}, {2, 3, 3}, {0}, {1, 5}, {1, 3}};
	static const int64_t batches[] = {0, 10};
	static const double steps[] = {0.5, 1};
	int i = 0;
	CU_ASSERT_EQUAL_FATAL(plan.cells, 2 * 5 * 2 * 2 * 2 * 2 * 2);
	for (int data = 0; data < 2; data++)
		for (int shape = 0; shape < 5; shape++)
			for (int activation = 0; activation < 2; activation++)
				for (int initial = 0; initial < 2; initial++)
					for (int method = 0; method < 2; method++)
						for (int batch = 0; batch < 2; batch++)
							for (int step = 0; step < 2; step++, i++) {
								const tw_settings *s = &plan.cell[i].settings;
								CU_ASSERT_STRING_EQUAL(s->data.rows, data ? "b.txt" : "some/a.txt");
								CU_ASSERT_EQUAL(s->hidden_count, shapes[shape][0]);
								for (int l = 0; l < s->hidden_count; l++)
									CU_ASSERT_EQUAL(s->hidden[l], shapes[shape][1 + l]);
								CU_ASSERT_EQUAL(s->activation, tw_activation_find(activation ? "leaky_relu" : "tanh"));
								CU_ASSERT(!activation || s->activation_value[0] == 0.2);
								CU_ASSERT_EQUAL(s->initial.distribution,
								                tw_initializer_find(initial ? "uniform" : "normal"));
								CU_ASSERT_EQUAL(s->initial.bias_same, !initial);
								CU_ASSERT_EQUAL(s->update, tw_update_find(method ? "adam" : "plain"));
								CU_ASSERT_EQUAL(s->stage[0].schedule.kind,
								                tw_schedule_find(method ? "cosine" : "constant"));
								CU_ASSERT_EQUAL(s->batch, batches[batch]);
								CU_ASSERT_EQUAL(s->sampling, TW_SAMPLE_UNIFORM);
								CU_ASSERT_EQUAL(step_size_of(&plan.cell[i]), steps[step]);
								CU_ASSERT_EQUAL(plan.cell[i].starts, 2);
							}
	CU_ASSERT_EQUAL(plan.ranks_per_run, 2);
	CU_ASSERT_EQUAL(plan.replicas, 9);
	CU_ASSERT_EQUAL(plan.trace, TW_TRACE_LISTED);
	CU_ASSERT_EQUAL_FATAL(plan.traced_count, 3);
	CU_ASSERT(plan.traced[0] == 1 && plan.traced[1] == 3 && plan.traced[2] == 5);
	CU_ASSERT_STRING_EQUAL(plan.cell[plan.cells - 1].name,
	                       "hidden 3, rows b.txt, leaky_relu leak 0.2, uniform low -2 high 2 bias 0, adam beta1 0.8 "
	                       "schedule cosine, batch 10, step size 1");
	check_plan(&plan, true);
	check_text(&plan);
}

static void test_shapes(void)
{
	tw_sweep_plan plan = plan_of("sweep: {architectures: [[10, 5], [], [3]], trajectories: all}");
	CU_ASSERT_EQUAL_FATAL(plan.cells, 3);
	CU_ASSERT_STRING_EQUAL(plan.cell[0].name, "hidden 10-5");
	CU_ASSERT_STRING_EQUAL(plan.cell[1].name, "no hidden layer");
	CU_ASSERT_STRING_EQUAL(plan.cell[2].name, "hidden 3");
	CU_ASSERT_EQUAL(plan.trace, TW_TRACE_ALL);
	check_text(&plan);
	plan = plan_of("network: {hidden: [6, 2]}\nsweep: {hidden_layers: [0, 3, 12]}");
	CU_ASSERT_EQUAL_FATAL(plan.cells, 3);
	CU_ASSERT_STRING_EQUAL(plan.cell[1].name, "hidden 6-6-6");
	CU_ASSERT_STRING_EQUAL(plan.cell[2].name, "hidden 6 (12 layers)");
	tw_sweep_plan_free(&plan);
	plan = plan_of("network: {hidden: []}\nsweep: {hidden_layers: 0, starts: 1}");
	CU_ASSERT_EQUAL(plan.cells, 1);
	CU_ASSERT_EQUAL(plan.cell[0].settings.hidden_count, 0);
	tw_sweep_plan_free(&plan);
	plan = plan_of("sweep: {widths: [1e1, 4], batches: all, step_sizes: 0.5, methods: adam}");
	CU_ASSERT_EQUAL(plan.cells, 2);
	CU_ASSERT_EQUAL(plan.cell[0].settings.hidden[0], 10);
	CU_ASSERT_EQUAL(plan.cell[0].settings.update, tw_update_find("adam"));
	CU_ASSERT_STRING_EQUAL(plan.cell[0].name, "hidden 10");
	tw_sweep_plan_free(&plan);
	write_file("sweep: {widths: [1, 2], hidden_layers: [2]}");
	CHECK_OK(tw_sweep_plan_read(
	    file_name,
	    (const char *const[]){"sweep.widths=none", "sweep.hidden_layers=none", "sweep.architectures=[[3, 4]]"}, 3,
	    &plan));
	CU_ASSERT_STRING_EQUAL(plan.cell[0].name, "hidden 3-4");
	tw_sweep_plan_free(&plan);
}

/* ---- seeds --------------------------------------------------------------------------------------------------- */

/* Each run of small is in large, with the same seed. */
static void check_contained(const tw_sweep_plan *small, const tw_sweep_plan *large)
{
	for (int i = 0; i < small->cells; i++) {
		int k = 0;
		while (k < large->cells && !(same_shape(&small->cell[i], &large->cell[k]) &&
		                             step_size_of(&small->cell[i]) == step_size_of(&large->cell[k])))
			k++;
		CU_ASSERT_FATAL(k < large->cells);
		CU_ASSERT_FATAL(small->cell[i].starts <= large->cell[k].starts);
		for (int64_t start = 0; start < small->cell[i].starts; start++)
			CU_ASSERT_EQUAL(seed_of(small, small->cell[i].first_run + start),
			                seed_of(large, large->cell[k].first_run + start));
	}
}

static void test_seeds(void)
{
	tw_sweep_plan small = plan_of("sweep: {starts: 3, widths: [2, 5], step_sizes: [0.5]}");
	tw_sweep_plan large = plan_of("threads: 2\nmetrics: {cost_every: 7}\n"
	                              "sweep: {starts: 9, widths: [1, 5, 3, 2], hidden_layers: [0, 2, 1], step_sizes: "
	                              "[0.1, 0.5], replicas: 4}");
	check_contained(&small, &large);
	tw_sweep_plan_free(&large);
	large = plan_of("seed: 2\nsweep: {starts: 3, widths: [2, 5], step_sizes: [0.5]}");
	for (int64_t run = 0; run < small.runs; run++) CU_ASSERT(seed_of(&small, run) != seed_of(&large, run));
	CU_ASSERT_STRING_NOT_EQUAL(small.digest, large.digest);
	tw_sweep_plan_free(&small);
	tw_sweep_plan_free(&large);
}

static void test_same_starts(void)
{
	static const char grid[] = "sweep: {starts: 3, widths: [2, 5], methods: [plain, adam], batches: [all, 10], "
	                           "step_sizes: [0.5, 1], same_starts: %s}";
	char text[512];
	snprintf(text, sizeof text, grid, "true");
	tw_sweep_plan same = plan_of(text);
	for (int i = 0; i < same.cells; i++) {
		for (int k = 0; k < i; k++)
			CU_ASSERT_EQUAL(seed_of(&same, same.cell[i].first_run) == seed_of(&same, same.cell[k].first_run),
			                same_shape(&same.cell[i], &same.cell[k]));
	}
	snprintf(text, sizeof text, grid, "false");
	tw_sweep_plan other = plan_of(text);
	check_plan(&other, true);
	CU_ASSERT_STRING_NOT_EQUAL(same.digest, other.digest);
	check_text(&same);
	check_text(&other);
}

/* What does not decide results is not in the digest. */
static void test_digest(void)
{
	static const char base[] = "data: {preset: mnist36, path: here}\nsweep: {starts: 2, widths: [2]}";
	static const char *const equal[] = {"threads=5",        "data.path=/elsewhere",  "sweep.trajectories=all",
	                                    "sweep.replicas=7", "sweep.ranks_per_run=3", "sweep.hidden_layers=[1]"};
	static const char *const different[] = {"seed=2",       "sweep.starts=3",  "sweep.widths=3",
	                                        "stop.steps=9", "data.rows=a.txt", "precision=double"};
	tw_sweep_plan plan = plan_of(base), other;
	for (size_t i = 0; i < sizeof equal / sizeof *equal; i++) {
		CHECK_OK(tw_sweep_plan_read(file_name, &equal[i], 1, &other));
		CU_ASSERT_STRING_EQUAL(plan.digest, other.digest);
		tw_sweep_plan_free(&other);
	}
	for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
		CHECK_OK(tw_sweep_plan_read(file_name, &different[i], 1, &other));
		CU_ASSERT_STRING_NOT_EQUAL(plan.digest, other.digest);
		tw_sweep_plan_free(&other);
	}
	tw_sweep_plan_free(&plan);
}

/* The settings of a run, written and read by the ordinary reader, are the same; its data keep the sweep's seed. */
static void test_run_settings(void)
{
	tw_sweep_plan plan = plan_of("seed: 77\ndata: {preset: teacher, test_fraction: 0.25}\nprecision: double\n"
	                             "sweep: {starts: 3, hidden_layers: [0, 2], widths: [3], batches: [all, 7]}");
	for (int64_t run = 0; run < plan.runs; run++) {
		tw_settings settings = tw_sweep_run_settings(&plan, run), again;
		char *first, *second;
		CU_ASSERT_EQUAL(settings.initial.seed, settings.seed);
		CU_ASSERT_EQUAL(settings.run, 0);
		CU_ASSERT_EQUAL(settings.data.seed, 77);
		CHECK_OK(tw_settings_write(&settings, &first));
		write_file(first);
		CHECK_OK(tw_settings_read(&again, file_name, NULL, 0));
		CHECK_OK(tw_settings_write(&again, &second));
		CU_ASSERT_STRING_EQUAL(first, second);
		CU_ASSERT_EQUAL(again.seed, settings.seed);
		CU_ASSERT_EQUAL(again.data.seed, 77);
		tw_free(first);
		tw_free(second);
		tw_settings_free(&again);
	}
	CU_ASSERT_EQUAL(plan.cell[0].settings.seed, 77);
	tw_sweep_plan_free(&plan);
}

static void test_locale(void)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
	static const char text[] = "network: {activation: leaky_relu, leak: 0.3}\nsweep: {step_sizes: [0.1, 0.25]}";
	tw_sweep_plan plan = plan_of(text);
	bool found = false;
	for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++) found = setlocale(LC_ALL, names[i]) != NULL;
	if (!found) printf("(no locale with a decimal comma here) ");
	tw_sweep_plan other = plan_of(text);
	setlocale(LC_ALL, "C");
	CU_ASSERT_STRING_EQUAL(plan.digest, other.digest);
	CU_ASSERT_EQUAL(seed_of(&plan, 0), seed_of(&other, 0));
	tw_sweep_plan_free(&plan);
	tw_sweep_plan_free(&other);
}

/* ---- overrides ----------------------------------------------------------------------------------------------- */

static void test_overrides(void)
{
	tw_sweep_plan plan =
	    plan_of("initial: {distribution: normal, deviation: 0.5}\n"
	            "method: {step_size: 7, schedule: {name: plateau, patience: 9}}\n"
	            "stop: {steps: 100, gradient_norm: 1e-3}\n"
	            "sweep:\n"
	            "  starts: 5\n"
	            "  hidden_layers: [1, 2, 3]\n"
	            "  widths: [2, 5]\n"
	            "  step_sizes: [0.5, 1]\n"
	            "  methods: [plain, {update: adam, beta1: 0.8}]\n"
	            "  overrides:\n"
	            "    - {when: {}, stop: {steps: 200}}\n"
	            "    - {when: {hidden_layers: [2, 3], widths: 5}, starts: 1, initial: {low: -3}}\n"
	            "    - {when: {hidden_layers: 3, step_sizes: 1.0}, method: {step_size: 0.25, schedule: exponential}}\n"
	            "    - {when: {methods: adam}, stop: {steps: 1}}\n"
	            "    - {when: {methods: [{beta1: 0.80, update: adam}]}, stop: {steps: 300}}\n"
	            "    - {when: {architectures: [5, 5]}, starts: 2, stages: [{stop: {steps: 4}}, {}]}\n");
	CU_ASSERT_EQUAL_FATAL(plan.cells, 24);
	for (int i = 0; i < plan.cells; i++) {
		const tw_settings *s = &plan.cell[i].settings;
		const int layers = 1 + i / 8;
		const bool wide = i / 4 % 2, adam = i / 2 % 2, one = i % 2;
		const bool uniform = layers > 1 && wide, slow = layers == 3 && one, staged = layers == 2 && wide;
		CU_ASSERT_EQUAL(s->hidden_count, layers);
		CU_ASSERT_EQUAL(s->hidden[0], wide ? 5 : 2);
		CU_ASSERT_EQUAL(s->update, tw_update_find(adam ? "adam" : "plain"));
		CU_ASSERT_EQUAL(plan.cell[i].starts, staged ? 2 : uniform ? 1 : 5);
		CU_ASSERT_EQUAL(s->initial.distribution, tw_initializer_find(uniform ? "uniform" : "normal"));
		CU_ASSERT_EQUAL(s->initial.value[uniform ? 0 : 1], uniform ? -3 : 0.5);
		CU_ASSERT_EQUAL(step_size_of(&plan.cell[i]), slow ? 0.25 : one ? 1 : 0.5);
		CU_ASSERT_EQUAL(s->stage[0].schedule.kind, tw_schedule_find(slow ? "exponential" : "plateau"));
		CU_ASSERT_EQUAL(s->stages, staged ? 2 : 1);
		CU_ASSERT_EQUAL(s->stage[0].stop.steps, staged ? 4 : adam ? 300 : 200);
		CU_ASSERT_EQUAL(s->stage[s->stages - 1].stop.steps, adam ? 300 : 200);
		CU_ASSERT_EQUAL(s->stage[0].stop.gradient_norm, 1e-3);
	}
	CU_ASSERT_STRING_EQUAL(plan.cell[23].name, "hidden 5-5-5, adam beta1 0.8, step size 0.25");
	check_text(&plan);
}

/* ---- the shipped experiments ---------------------------------------------------------------------------------- */

static const char *experiment(const char *name)
{
	static char path[1024];
	const char *source = getenv("THALWEG_SOURCE");
	const char *slash = strstr(__FILE__, "tests/unit/");
	if (source)
		snprintf(path, sizeof path, "%s/scripts/experiments/%s.yaml", source, name);
	else
		snprintf(path, sizeof path, "%.*sscripts/experiments/%s.yaml", slash ? (int)(slash - __FILE__) : 0, __FILE__,
		         name);
	return path;
}

/* The numbers of experiment 5.1 for a depth. */
static void check_local_minima(const tw_cell *cell, int depth, int64_t width)
{
	static const struct {
		int64_t starts;
		double bound, step_size;
	} depths[] = {{0}, {50, 100, 1}, {15, 1, 0.5}, {15, 1, 0.1}};
	enum { FACTOR, PATIENCE, COOL_DOWN, MINIMUM, THRESHOLD };
	const tw_settings *s = &cell->settings;
	CU_ASSERT_EQUAL(s->hidden_count, depth);
	for (int l = 0; l < depth; l++) CU_ASSERT_EQUAL(s->hidden[l], width);
	CU_ASSERT_EQUAL(cell->starts, depths[depth].starts);
	CU_ASSERT_STRING_EQUAL(s->data.preset, "circles");
	CU_ASSERT_EQUAL(s->activation, tw_activation_find("leaky_relu"));
	CU_ASSERT_EQUAL(s->activation_value[0], 0.1);
	CU_ASSERT_EQUAL(s->output, TW_OUTPUT_LOGISTIC);
	CU_ASSERT_EQUAL(s->loss, tw_loss_find("log"));
	CU_ASSERT_EQUAL(s->precision, TW_FLOAT);
	CU_ASSERT_TRUE(s->bias);
	CU_ASSERT_EQUAL(s->initial.distribution, tw_initializer_find("uniform"));
	CU_ASSERT_EQUAL(s->initial.value[0], -depths[depth].bound);
	CU_ASSERT_EQUAL(s->initial.value[1], depths[depth].bound);
	CU_ASSERT_TRUE(s->initial.bias_same);
	CU_ASSERT_EQUAL(s->batch, 0);
	CU_ASSERT_EQUAL(s->update, tw_update_find("plain"));
	CU_ASSERT_EQUAL(s->cost_every, 1);
	CU_ASSERT_EQUAL_FATAL(s->stages, 2);
	for (int i = 0; i < 2; i++) {
		const tw_stage *stage = &s->stage[i];
		CU_ASSERT_EQUAL(stage->schedule.base, depths[depth].step_size);
		CU_ASSERT_EQUAL(stage->schedule.kind, tw_schedule_find(i ? "plateau" : "constant"));
		CU_ASSERT_EQUAL(stage->stop.steps, i ? 80000 : 40000);
		CU_ASSERT_EQUAL(stage->stop.no_progress_threshold, 1e-7);
		CU_ASSERT_EQUAL(stage->stop.no_progress_patience, 10000);
		CU_ASSERT_EQUAL(stage->stop.gradient_norm, 0);
		CU_ASSERT(isnan(stage->stop.cost));
	}
	const double *plateau = s->stage[1].schedule.value;
	CU_ASSERT(plateau[FACTOR] == 0.5 && plateau[PATIENCE] == 40 && plateau[COOL_DOWN] == 10);
	CU_ASSERT(plateau[MINIMUM] == 1e-7 && plateau[THRESHOLD] == 0);
}

static void test_local_minima(void)
{
	static const int64_t widths[] = {1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 75, 100};
	tw_sweep_plan all, one;
	CHECK_OK(tw_sweep_plan_read(experiment("local-minima"), NULL, 0, &all));
	CU_ASSERT_EQUAL_FATAL(all.cells, 39);
	CU_ASSERT_EQUAL(all.runs, 1040);
	check_plan(&all, true);
	for (int depth = 1; depth <= 3; depth++) {
		char name[32];
		snprintf(name, sizeof name, "local-minima-%d", depth);
		CHECK_OK(tw_sweep_plan_read(experiment(name), NULL, 0, &one));
		CU_ASSERT_EQUAL_FATAL(one.cells, 13);
		for (int i = 0; i < 13; i++) {
			const tw_cell *own = &one.cell[i], *shared = &all.cell[13 * (depth - 1) + i];
			check_local_minima(own, depth, widths[i]);
			check_local_minima(shared, depth, widths[i]);
			for (int64_t start = 0; start < own->starts; start++) {
				tw_settings left = tw_sweep_run_settings(&one, own->first_run + start);
				tw_settings right = tw_sweep_run_settings(&all, shared->first_run + start);
				char *left_text, *right_text;
				CHECK_OK(tw_settings_write(&left, &left_text));
				CHECK_OK(tw_settings_write(&right, &right_text));
				CU_ASSERT_STRING_EQUAL(left_text, right_text);
				tw_free(left_text);
				tw_free(right_text);
			}
		}
		check_text(&one);
	}
	check_text(&all);
	CHECK_OK(tw_sweep_plan_read(experiment("local-minima-1"), (const char *const[]){"sweep.widths=[1,2,3]"}, 1, &one));
	CU_ASSERT_EQUAL(one.runs, 150);
	tw_sweep_plan_free(&one);
}

/* ---- size ---------------------------------------------------------------------------------------------------- */

static void test_large(void)
{
	static char text[1 << 16];
	size_t used = (size_t)snprintf(text, sizeof text, "sweep:\n  starts: 1000\n  widths: [1");
	for (int i = 2; i <= 2000; i++) used += (size_t)snprintf(text + used, sizeof text - used, ", %d", i);
	snprintf(text + used, sizeof text - used, "]\n  hidden_layers: [1, 2, 3, 4, 5]\n");
	double seconds = tw_now();
	tw_sweep_plan plan = plan_of(text);
	printf("(%d cells in %.2f s) ", plan.cells, tw_now() - seconds);
	CU_ASSERT_EQUAL(plan.cells, 10000);
	CU_ASSERT_EQUAL(plan.runs, 10000000);
	CU_ASSERT_EQUAL(tw_sweep_cell_of(&plan, 0), 0);
	CU_ASSERT_EQUAL(tw_sweep_cell_of(&plan, 999), 0);
	CU_ASSERT_EQUAL(tw_sweep_cell_of(&plan, 1000), 1);
	CU_ASSERT_EQUAL(tw_sweep_cell_of(&plan, plan.runs - 1), 9999);
	tw_sweep_plan_free(&plan);
}

int main(void)
{
	int file = mkstemp(file_name);
	if (file < 0) return 1;
	close(file);
	tw_log_setup(0, 1, true, false); /* no warnings */
	CU_TestInfo tests[] = {
	    {"defaults", test_defaults},
	    {"order of the grid", test_order},
	    {"shapes", test_shapes},
	    {"seeds", test_seeds},
	    {"same starts", test_same_starts},
	    {"digest", test_digest},
	    {"settings of a run", test_run_settings},
	    {"any locale", test_locale},
	    {"overrides", test_overrides},
	    {"local minima", test_local_minima},
	    {"large grids", test_large},
	    CU_TEST_INFO_NULL,
	};
	int failures = suite_run("plan", tests, 0);
	unlink(file_name);
	return failures ? 1 : 0;
}
