/* Checkpoints: every update rule and schedule goes on with the same bits, damaged files are refused, and so are another
 * configuration and other data. */
#include "run/checkpoint.h"

#include <stdlib.h>
#include <unistd.h>

#include "run/file.h"
#include "suite.h"

static tw_comm *self;
static char base[64];

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", base, name);
	return path;
}

/* ---- round trip ---------------------------------------------------------------------------------------------- */

static double number(int64_t i) { return tw_random_normal((tw_random){1, TW_RANDOM_TEST, 0}, 7, (uint64_t)i); }

/* Every field has a value of its own. */
static tw_checkpoint *make_checkpoint(tw_precision precision, int64_t dimension, int vectors, int64_t theory)
{
	tw_checkpoint *c = NULL;
	CHECK_OK(tw_checkpoint_make(precision, dimension, vectors, theory, &c));
	c->configuration = tw_copy_text("seed: 1\n");
	strcpy(c->program, "thalweg 1.2.3");
	strcpy(c->revision, "0123456789ab-dirty");
	strcpy(c->isa, "avx2");
	c->train_checksum = UINT64_MAX - 5, c->test_checksum = 17;
	c->course.stages = TW_MAX_STAGES, c->course.at = 3;
	c->course.step = (int64_t)1 << 40, c->course.stage_step = 12345, c->course.observations = (int64_t)1 << 50;
	c->course.set_size = 60000;
	for (int s = 0; s < TW_MAX_STAGES; s++) {
		for (int i = 0; i < TW_SCHEDULE_STATE; i++) c->course.stage[s].schedule.state[i] = number(100 * s + i);
		c->course.stage[s].stop.best = s ? number(s) : INFINITY;
		c->course.stage[s].stop.since_best = 1000 + s;
	}
	c->updates = 4711, c->step_size = number(1), c->norms_squared = number(2), c->norms = 99, c->seconds = 1.25;
	c->metrics_bytes = (int64_t)1 << 33;
	for (int64_t i = 0; i < dimension; i++) {
		tw_real_set(precision, c->theta, i, number(i));
		for (int v = 0; v < vectors; v++) tw_real_set(precision, c->vector[v], i, number(1000 * (v + 1) + i));
	}
	for (int64_t i = 0; i < theory; i++) c->theory[i] = number(5000 + i);
	return c;
}

static void check_equal(const tw_checkpoint *a, const tw_checkpoint *b)
{
	const size_t bytes = (size_t)a->dimension * tw_real_size(a->precision);
	CU_ASSERT_STRING_EQUAL(a->configuration, b->configuration);
	CU_ASSERT_STRING_EQUAL(a->program, b->program);
	CU_ASSERT_STRING_EQUAL(a->revision, b->revision);
	CU_ASSERT_STRING_EQUAL(a->isa, b->isa);
	CU_ASSERT(a->precision == b->precision && a->dimension == b->dimension && a->vectors == b->vectors);
	CU_ASSERT(a->train_checksum == b->train_checksum && a->test_checksum == b->test_checksum);
	CU_ASSERT_EQUAL(memcmp(&a->course, &b->course, sizeof a->course), 0);
	CU_ASSERT(a->updates == b->updates && a->step_size == b->step_size && a->norms_squared == b->norms_squared);
	CU_ASSERT(a->norms == b->norms && a->seconds == b->seconds && a->metrics_bytes == b->metrics_bytes);
	CU_ASSERT_EQUAL(memcmp(a->theta, b->theta, bytes), 0);
	for (int v = 0; v < a->vectors; v++) CU_ASSERT_EQUAL(memcmp(a->vector[v], b->vector[v], bytes), 0);
	CU_ASSERT_EQUAL_FATAL(a->theory_values, b->theory_values);
	if (a->theory_values) CU_ASSERT_EQUAL(memcmp(a->theory, b->theory, (size_t)a->theory_values * sizeof(double)), 0);
}

static void every_field_comes_back(void)
{
	for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++)
		for (int vectors = 0; vectors <= TW_MAX_UPDATE_VECTORS; vectors++) {
			tw_checkpoint *there = make_checkpoint((tw_precision)precision, 37, vectors, 7 * vectors), *back = NULL;
			CHECK_OK(tw_checkpoint_write(path_of("state.h5"), there));
			CHECK_OK(tw_checkpoint_read(path_of("state.h5"), &back));
			check_equal(there, back);
			tw_checkpoint_free(there);
			tw_checkpoint_free(back);
		}
	CU_ASSERT(access(path_of("state.h5.part"), F_OK) != 0);
}

static void check_refused(char *bytes, size_t size)
{
	tw_checkpoint *back = NULL;
	CHECK_OK(tw_file_replace(path_of("bad.h5"), bytes, size));
	CU_ASSERT_EQUAL(tw_checkpoint_read(path_of("bad.h5"), &back), TW_IO);
	CU_ASSERT_PTR_NULL(back);
	CU_ASSERT(strstr(tw_message(), "bad.h5: damaged") || strstr(tw_message(), "bad.h5: cut short"));
}

static void damaged_files_are_refused(void)
{
	tw_checkpoint *there = make_checkpoint(TW_FLOAT, 37, 1, 0), *back = NULL;
	char *bytes = NULL;
	size_t size = 0;
	CHECK_OK(tw_checkpoint_write(path_of("state.h5"), there));
	CHECK_OK(tw_file_read(path_of("state.h5"), &bytes, &size));
	for (size_t i = 0; i < size; i += 1 + size / 97) {
		bytes[i] ^= (char)(1 << (i % 8));
		check_refused(bytes, size);
		bytes[i] ^= (char)(1 << (i % 8));
	}
	bytes[size - 2] ^= 1; /* in the checksum itself */
	check_refused(bytes, size);
	bytes[size - 2] ^= 1;
	for (size_t cut = 0; cut < size; cut += 1 + size / 23) check_refused(bytes, cut);
	CU_ASSERT_EQUAL(tw_checkpoint_read(path_of("nowhere.h5"), &back), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "nowhere.h5"));
	CU_ASSERT_EQUAL(tw_checkpoint_read(base, &back), TW_IO);
	tw_free(bytes);
	tw_checkpoint_free(there);
}

/* ---- going on ------------------------------------------------------------------------------------------------ */

enum { MOST = 24 };
typedef struct {
	const char *set[MOST];
	int sets;
} overrides;

static void add(overrides *o, const char *text) { o->set[o->sets++] = text; }

/* Two stages on mini-batches, with everything that keeps a state. */
static overrides base_overrides(const char *update, const char *schedule)
{
	overrides o = {.sets = 0};
	add(&o, "method.batch=7");
	add(&o, "network.hidden=[4,3]");
	add(&o, "metrics.cost_every=5");
	add(&o, "metrics.gradient_norm_every=5");
	add(&o, "stages=[{stop: {steps: 30, no_progress: {patience: 25}}}, {stop: {steps: 30}}]");
	add(&o, "checkpoint.every_steps=1");
	add(&o, update);
	add(&o, schedule);
	return o;
}

typedef struct {
	int64_t at; /* the step whose state is kept */
	int kept, records;
	bool full; /* nothing more can be kept */
	char text[200][128];
} history;

static tw_status record(void *memory, const tw_record *r)
{
	history *h = memory;
	if (h->records < 200)
		snprintf(h->text[h->records++], 128, "%lld %a %a %a %a", (long long)r->step, r->cost, r->gradient_norm_squared,
		         r->step_size, r->gradient_bound);
	return TW_OK;
}

static tw_status mark(void *memory, int64_t *bytes)
{
	*bytes = ((const history *)memory)->records;
	return TW_OK;
}

/* Beside the training. */
static tw_status keep(void *memory, const tw_checkpoint *checkpoint)
{
	history *h = memory;
	if (checkpoint->course.step != h->at) return TW_OK;
	h->kept++;
	TW_CHECK(!h->full, TW_IO, "the disk is full");
	return tw_checkpoint_write(path_of("run.h5"), checkpoint);
}

static tw_status train(const overrides *o, const tw_checkpoint *start, history *h, tw_summary *summary)
{
	tw_settings settings;
	tw_run *run = NULL;
	const tw_monitor monitor = {.self = h, .record = record, .keep = keep, .mark = mark, .start = start};
	CHECK_OK(tw_settings_read(&settings, NULL, o->set, o->sets));
	CHECK_OK(tw_run_create(self, &settings, &run));
	tw_status status = tw_run_train(run, &monitor, summary);
	tw_run_free(run);
	tw_settings_free(&settings);
	return status;
}

static void check_goes_on(const overrides *o, int64_t at)
{
	static history whole, rest;
	tw_summary first, second;
	tw_checkpoint *state = NULL;
	whole = (history){.at = at};
	CHECK_OK(train(o, NULL, &whole, &first));
	CU_ASSERT_EQUAL(whole.kept, 1);
	CHECK_OK(tw_checkpoint_read(path_of("run.h5"), &state));
	CU_ASSERT_EQUAL(state->course.step, at);
	rest = (history){.at = -1, .records = (int)state->metrics_bytes};
	memcpy(rest.text, whole.text, (size_t)rest.records * sizeof rest.text[0]);
	CHECK_OK(train(o, state, &rest, &second));
	tw_checkpoint_free(state);
	CU_ASSERT_STRING_EQUAL(first.theta_sha256, second.theta_sha256);
	CU_ASSERT_EQUAL(first.steps, second.steps);
	CU_ASSERT_EQUAL(first.stop_reason, second.stop_reason);
	CU_ASSERT_EQUAL(memcmp(&first.mean_gradient_norm_squared, &second.mean_gradient_norm_squared, sizeof(double)), 0);
	CU_ASSERT_EQUAL_FATAL(whole.records, rest.records);
	for (int i = 0; i < whole.records; i++) CU_ASSERT_STRING_EQUAL(whole.text[i], rest.text[i]);
}

static void every_update_rule_goes_on(void)
{
	for (int rule = 0; rule < tw_update_count(); rule++)
		for (int precision = TW_FLOAT; precision <= TW_DOUBLE; precision++) {
			char update[64], real[64];
			snprintf(update, sizeof update, "method.update=%s", tw_update_info_of(rule)->name);
			snprintf(real, sizeof real, "precision=%s", tw_precision_name((tw_precision)precision));
			overrides o = base_overrides(update, "method.step_size=0.02");
			add(&o, real);
			check_goes_on(&o, 13);
		}
}

static void every_schedule_goes_on(void)
{
	static const int64_t steps[] = {1, 17, 30, 41, 59};
	for (int kind = 0; kind < tw_schedule_count(); kind++) {
		char schedule[64];
		snprintf(schedule, sizeof schedule, "method.schedule.name=%s", tw_schedule_info_of(kind)->name);
		overrides o = base_overrides("method.update=momentum", schedule);
		add(&o, "method.schedule.warm_up=3");
		if (strcmp(tw_schedule_info_of(kind)->name, "piecewise") == 0) add(&o, "method.schedule.thresholds=[5,20]");
		if (strcmp(tw_schedule_info_of(kind)->name, "plateau") == 0) add(&o, "method.schedule.patience=2");
		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) check_goes_on(&o, steps[i]);
	}
}

static void sampling_and_theory_go_on(void)
{
	overrides o = base_overrides("method.sampling=uniform", "method.step_size=0.1");
	check_goes_on(&o, 22);
	o = base_overrides("method.sampling=shuffle_once", "data.test_fraction=0.2");
	check_goes_on(&o, 22);
	o = base_overrides("data.storage=sparse", "data.test_fraction=0.2");
	check_goes_on(&o, 22);
	o = base_overrides("metrics.bound=true", "metrics.rayleigh=true");
	check_goes_on(&o, 22);
	o = base_overrides("method.batch=all", "metrics.bound=true");
	check_goes_on(&o, 22);
}

/* ---- what may not differ ------------------------------------------------------------------------------------- */

static tw_status same_run(const overrides *then, const overrides *now, int stage)
{
	tw_settings before, after;
	char *text = NULL;
	CHECK_OK(tw_settings_read(&before, NULL, then->set, then->sets));
	CHECK_OK(tw_settings_read(&after, NULL, now->set, now->sets));
	CHECK_OK(tw_settings_write(&before, &text));
	tw_status status = tw_settings_same_run(&after, text, stage, "DIR");
	tw_free(text);
	tw_settings_free(&before);
	tw_settings_free(&after);
	return status;
}

static void keys_that_differ_are_named(void)
{
	const overrides then = base_overrides("seed=1", "threads=1");
	overrides now = then;
	CU_ASSERT_EQUAL(same_run(&then, &now, 0), TW_OK);
	static const char *const harmless[] = {"threads=2", "metrics.timing=true", "checkpoint.keep=5",
	                                       "checkpoint.every_steps=3", "data.path=elsewhere"};
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) add(&now, harmless[i]);
	CU_ASSERT_EQUAL(same_run(&then, &now, 0), TW_OK);
	static const struct {
		const char *set, *message;
	} harmful[] = {
	    {"seed=2", "seed was 1 and is 2"},
	    {"method.batch=8", "method.batch was 7 and is 8"},
	    {"network.hidden=[4,4]", "network.hidden was [4, 3] and is [4, 4]"},
	    {"metrics.cost_every=6", "metrics.cost_every was 5 and is 6"},
	    {"method.update=adam", "method.beta1 was not there"},
	};
	for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++) {
		now = then;
		add(&now, harmful[i].set);
		CU_ASSERT_EQUAL(same_run(&then, &now, 0), TW_USAGE);
		CU_ASSERT(strstr(tw_message(), "DIR: ") && strstr(tw_message(), harmful[i].message));
	}
}

static void limits_may_be_extended(void)
{
	const overrides then = {{"stop.steps=100"}, 1};
	CU_ASSERT_EQUAL(same_run(&then, &(overrides){{"stop.steps=200"}, 1}, 0), TW_OK);
	CU_ASSERT_EQUAL(same_run(&then, &(overrides){{"stop.steps=50"}, 1}, 0), TW_USAGE);
	CU_ASSERT_EQUAL(same_run(&then, &(overrides){{"stop.steps=200"}, 1}, 1), TW_USAGE); /* of a stage that is over */
	CU_ASSERT_EQUAL(same_run(&then, &(overrides){{"stop.steps=100", "stop.epochs=3"}, 2}, 0), TW_USAGE);
	const overrides whole = base_overrides("seed=1", "method.step_size=0.1");
	overrides shorter = whole;
	add(&shorter, "stages=[{stop: {steps: 30, no_progress: {patience: 25}}}, {stop: {steps: 20}}]");
	CU_ASSERT_EQUAL(same_run(&shorter, &whole, 1), TW_OK);
	CU_ASSERT_EQUAL(same_run(&whole, &shorter, 1), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "stages[1].stop.steps was 30 and is 20"));
}

static void other_data_are_refused(void)
{
	static history h;
	tw_summary summary;
	tw_checkpoint *state = NULL;
	overrides o = base_overrides("method.step_size=0.1", "data.preset=linear");
	h = (history){.at = 10};
	CHECK_OK(train(&o, NULL, &h, &summary));
	CHECK_OK(tw_checkpoint_read(path_of("run.h5"), &state));
	add(&o, "data.seed=2");
	CU_ASSERT_EQUAL(train(&o, state, &h, &summary), TW_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "training set"));
	tw_checkpoint_free(state);
}

/* What goes wrong beside the training ends it, with its message; at the last step, too. */
static void failures_end_the_run(void)
{
	static history h;
	tw_summary summary;
	const overrides o = base_overrides("method.step_size=0.1", "seed=1");
	for (int64_t at = 10; at <= 59; at += 49) {
		h = (history){.at = at, .full = true};
		CU_ASSERT_EQUAL(train(&o, NULL, &h, &summary), TW_IO);
		CU_ASSERT_STRING_EQUAL(tw_message(), "the disk is full");
		CU_ASSERT_EQUAL(h.kept, 1);
	}
}

/* A state that is not finite is none to go on from. */
static void diverged_states_are_not_kept(void)
{
	static history h;
	tw_summary summary;
	overrides o = {.sets = 0};
	add(&o, "method.step_size=1e300");
	add(&o, "precision=double");
	add(&o, "loss=square");
	add(&o, "network.output=identity");
	add(&o, "network.activation=identity");
	add(&o, "stop.steps=50");
	add(&o, "checkpoint.every_steps=1");
	h = (history){.at = -1};
	CHECK_OK(train(&o, NULL, &h, &summary));
	CU_ASSERT_EQUAL_FATAL(summary.stop_reason, TW_STOP_DIVERGED);
	for (int64_t at = 1; at <= summary.steps; at++) {
		tw_checkpoint *state = NULL;
		h = (history){.at = at};
		CHECK_OK(train(&o, NULL, &h, &summary));
		if (!h.kept) continue;
		CHECK_OK(tw_checkpoint_read(path_of("run.h5"), &state));
		for (int64_t i = 0; i < state->dimension; i++) CU_ASSERT(isfinite(tw_real_get(TW_DOUBLE, state->theta, i)));
		tw_checkpoint_free(state);
	}
}

int main(void)
{
	CU_TestInfo tests[] = {{"every field comes back", every_field_comes_back},
	                       {"damaged files are refused", damaged_files_are_refused},
	                       {"every update rule goes on", every_update_rule_goes_on},
	                       {"every schedule goes on", every_schedule_goes_on},
	                       {"sampling and theory go on", sampling_and_theory_go_on},
	                       {"keys that differ are named", keys_that_differ_are_named},
	                       {"limits may be extended", limits_may_be_extended},
	                       {"other data are refused", other_data_are_refused},
	                       {"failures end the run", failures_end_the_run},
	                       {"diverged states are not kept", diverged_states_are_not_kept},
	                       CU_TEST_INFO_NULL};
	const char *folder = getenv("TMPDIR");
	snprintf(base, sizeof base, "%.40s/thalweg-XXXXXX", folder ? folder : "/tmp");
	if (!mkdtemp(base) || tw_comm_self(&self) != TW_OK) return 1;
	int failures = suite_run("checkpoint", tests, 0);
	static const char *const files[] = {"state.h5", "bad.h5", "run.h5"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(path_of(files[i]));
	rmdir(base);
	tw_comm_free(self);
	return failures != 0;
}
