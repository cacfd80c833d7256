/* Sweeps that cannot be: each mistake has one line with file, line, key and remedy. */
#include <thalweg/run.h>

#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

static char file_name[] = "/tmp/thalweg-plan-messages-XXXXXX";

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

/* Bad texts and how their message starts (%s: the file). */
static const struct {
	const char *text, *message;
} bad[] = {
    {"sweep: 3", "%s:1: sweep: a map of keys must stand here"},
    {"seed: 1\nsweep:\n  width: [1]", "%s:3: key 'sweep.width' is not known; did you mean 'widths'?"},
    {"sweep: {starts: 0}", "%s:1: sweep.starts: 0 is out of range; give a whole number of at least 1"},
    {"sweep: {starts: [3]}", "%s:1: sweep.starts: a list stands here"},
    {"sweep: {ranks_per_run: 0}", "%s:1: sweep.ranks_per_run: 0 is out of range"},
    {"sweep: {replicas: 0}", "%s:1: sweep.replicas: 0 is out of range; give auto or"},
    {"sweep: {same_starts: 1}", "%s:1: sweep.same_starts: '1' is neither true nor false"},
    {"sweep: {trajectories: some}", "%s:1: sweep.trajectories: 'some' is no run; give none, all, or a list"},
    {"sweep: {starts: 4, trajectories: [0, 4]}",
     "%s:1: sweep.trajectories[1]: '4' is no run; give none, all, or a list of runs from 0 to 3"},
    {"sweep: {trajectories: [1, 1]}", "%s:1: sweep.trajectories[1]: the same value as item 0"},
    {"sweep:\n  widths: []", "%s:2: sweep.widths: an empty list; give at least one value"},
    {"sweep:\n  widths:", "%s:2: sweep.widths has no value"},
    {"sweep:\n  widths: [1,\n    2,\n    0]", "%s:4: sweep.widths[2]: 0 is out of range; give a whole number of at"},
    {"sweep: {widths: -3}", "%s:1: sweep.widths: -3 is out of range"},
    {"sweep: {widths: [0], hidden_layers: [0]}", "%s:1: sweep.widths[0]: 0 is out of range"},
    {"sweep: {widths: [five]}", "%s:1: sweep.widths[0]: 'five' is not a whole number"},
    {"sweep: {widths: [[5]]}", "%s:1: sweep.widths[0]: a list stands here"},
    {"sweep: {widths: [5, 3, 5.0]}", "%s:1: sweep.widths[2]: the same value as item 0; remove one"},
    {"sweep: {hidden_layers: [1, 64]}", "%s:1: sweep.hidden_layers[1]: 64 is out of range"},
    {"network: {hidden: []}\nsweep: {hidden_layers: [0, 1]}", "%s:2: sweep.hidden_layers: network.hidden has no width"},
    {"network: {hidden: 3}\nsweep: {widths: 2}", "%s:1: network.hidden: a single value stands here"},
    {"sweep:\n  widths: 3\n  architectures: [[3]]",
     "%s:2: sweep.widths: not together with sweep.architectures (%s:3); remove one"},
    {"sweep: {architectures: [10, 5]}", "%s:1: sweep.architectures[0]: a single value stands here; give a list of"},
    {"sweep: {architectures: [[10, 0]]}", "%s:1: sweep.architectures[0]: 0 is out of range"},
    {"sweep: {architectures: [[3], [4], [3]]}", "%s:1: sweep.architectures[2]: the same value as item 0"},
    {"sweep: {step_sizes: [1, -1]}", "%s:1: sweep.step_sizes[1]: -1 is out of range; give a number of at least 0"},
    {"sweep: {step_sizes: [0.5, 5e-1]}", "%s:1: sweep.step_sizes[1]: the same value as item 0"},
    {"sweep: {batches: [all, some]}", "%s:1: sweep.batches[1]: 'some' is not a whole number; give all or"},
    {"sweep: {methods: [plain,\n  adm]}", "%s:2: sweep.methods[1]: 'adm' is not known; did you mean 'adam'?"},
    {"sweep: {methods: [{updat: adam}]}", "%s:1: key 'method.updat' is not known; did you mean 'update'?"},
    {"sweep: {methods: [{update: adam, beta1: 2}]}",
     "%s:1: method.beta1: 2 is out of range; give a number from 0 to 0.999999999 (in the cell hidden 3)"},
    {"sweep: {methods: [[1]]}", "%s:1: sweep.methods[0]: a map of keys must stand here"},
    {"sweep: {methods: [adam, {update: adam}]}", "%s:1: sweep.methods[1]: the same value as item 0"},
    {"sweep: {methods: [adam, {update: adam, beta1: 0.9}]}",
     "%s:1: sweep: cells 0 and 1 (hidden 3, adam; hidden 3, adam beta1 0.9) have the same settings"},
    {"sweep:\n  step_sizes: [1]\n  methods: [{update: adam, step_size: 0.1}]",
     "%s:3: sweep.methods[0] gives step_size, and so does sweep.step_sizes (%s:2); remove one"},
    {"sweep: {activations: [rleu]}", "%s:1: sweep.activations[0]: 'rleu' is not known; did you mean 'relu'?"},
    {"sweep: {initials: [norml]}", "%s:1: sweep.initials[0]: 'norml' is not known; did you mean 'normal'?"},
    {"sweep: {data: [a.txt]}", "%s:1: sweep.data[0]: a map of keys must stand here"},
    {"sweep: {data: [{row: a}]}", "%s:1: key 'data.row' is not known; did you mean 'rows'?"},
    {"initial: {bias: [1, 2]}\nsweep: {widths: [3, 4], hidden_layers: [1, 2]}",
     "%s:1: initial.bias: 2 numbers for 3 layers of weights; give one a layer (in the cell hidden 3-3)"},
    {"loss: log\nsweep: {overrides: [{when: {hidden_layers: 1},\n  network: {output: softmax}}]}",
     "%s:1: loss log does not go with network.output softmax; give output logistic or loss cross_entropy (in the cell"},
    {"method: {stepsize: 1}\nsweep: {widths: 1}", "%s:1: key 'method.stepsize' is not known"},
    {"stages: [{method: {step_size: 1}}, {method: {step_size: 2}}]\nsweep: {step_sizes: [1, 2]}",
     "%s:2: method.step_size has no effect here: each element of stages (%s:1) gives its own"},
    {"sweep: {overrides: 3}", "%s:1: sweep.overrides: give a list of maps"},
    {"sweep: {overrides: [3]}", "%s:1: sweep.overrides[0]: give a map {when: {...}, ...}"},
    {"sweep: {overrides: [{starts: 3}]}", "%s:1: sweep.overrides[0]: no key `when`"},
    {"sweep: {overrides: [{when: {width: 3}}]}",
     "%s:1: key 'sweep.overrides[0].when.width' is not known; did you mean 'widths'?"},
    {"sweep: {overrides: [{when: {batches: 3}}]}", "%s:1: sweep.overrides[0].when.batches: the grid has no"},
    {"sweep: {overrides: [{when: {widths: []}}]}", "%s:1: sweep.overrides[0].when.widths: an empty list"},
    {"sweep: {overrides: [{when: {}, starts: 0}]}", "%s:1: sweep.overrides[0].starts: 0 is out of range"},
    {"sweep: {overrides: [{when: {}, start: 3}]}", "%s:1: key 'start' is not known; known: seed"},
    {"sweep: {overrides: [{when: {}, method: {stepsize: 3}}]}", "%s:1: key 'method.stepsize' is not known"},
    {"sweep: {overrides: [{when: {}, seed: 3}]}", "%s:1: sweep.overrides[0].seed: all cells have it in common"},
    {"sweep: {widths: [1, 2], step_sizes: [1, 2], overrides: [{when: {widths: 2}, method: {step_size: 3}}]}",
     "%s:1: sweep: cells 2 and 3 (hidden 2, step size 3; hidden 2, step size 3) have the same settings"},
};

static void test_messages(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char expected[512];
		tw_sweep_plan plan;
		snprintf(expected, sizeof expected, bad[i].message, file_name, file_name);
		tw_status status = read_text(bad[i].text, &plan);
		bool found = status == TW_USAGE && strncmp(tw_message(), expected, strlen(expected)) == 0;
		CU_ASSERT(found);
		if (!found) fprintf(stderr, "\n  '%s' -> %d '%s'\n", bad[i].text, status, status ? tw_message() : "");
		tw_sweep_plan_free(&plan);
	}
}

static void test_other_messages(void)
{
	tw_sweep_plan plan;
	tw_settings settings;
	CU_ASSERT_EQUAL(tw_sweep_plan_read("/nowhere/at/all.yaml", NULL, 0, &plan), TW_IO);
	CU_ASSERT_EQUAL(tw_sweep_plan_read(NULL, (const char *const[]){"sweep.starts=0"}, 1, &plan), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "--set sweep.starts=0: sweep.starts: 0 is out of range"));
	write_file("sweep: {widths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}");
	char text[4096] = "sweep.step_sizes=[1";
	for (int i = 2; i <= 200; i++) snprintf(text + strlen(text), sizeof text - strlen(text), ", %d", i);
	strcat(text, "]");
	const char *set[] = {text, "sweep.hidden_layers=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "sweep.methods=[plain, adam]",
	                     "sweep.batches=[1, 2, 3, 4, 5]"};
	CU_ASSERT_EQUAL(tw_sweep_plan_read(file_name, set, 4, &plan), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "a grid of more than 100000 cells"));
	/* An override that matches nothing is no error; train looks at no key of sweep. */
	tw_log_setup(0, 1, true, false);
	plan = plan_of("sweep: {widths: [1], overrides: [{when: {widths: 7}, starts: 2}]}");
	CU_ASSERT_EQUAL(plan.runs, 20);
	tw_sweep_plan_free(&plan);
	write_file("sweep: {starts: 0, nonsense: [1], widths: {a: b}}");
	CHECK_OK(tw_settings_read(&settings, file_name, NULL, 0));
	tw_settings_free(&settings);
}

int main(void)
{
	int file = mkstemp(file_name);
	if (file < 0) return 1;
	close(file);
	CU_TestInfo tests[] = {
	    {"messages", test_messages},
	    {"other messages", test_other_messages},
	    CU_TEST_INFO_NULL,
	};
	int failures = suite_run("plan messages", tests, 0);
	unlink(file_name);
	return failures ? 1 : 0;
}
