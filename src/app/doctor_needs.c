/* What a run or a sweep needs: its data, and room for its files. */
#include "app/doctor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/yaml.h"

/* Bytes of a line and of a file beside its numbers, rounded up from what the program writes. */
enum { METRICS_LINE = 120, TRACE_LINE = 90, RUN_LINE = 800, MODEL_EXTRA = 1 << 16, OTHER_FILES = 1 << 16 };
/* Checkpoints at one time: those kept, and the one being written. */
enum { CHECKPOINTS = 3 };

/* ---- data ---------------------------------------------------------------------------------------------------- */

/* The shape of the data of a configuration; read again only where they differ from the last. */
typedef struct {
	const tw_data_options *options; /* borrowed; NULL: none yet */
	int64_t observations, inputs, outputs, classes;
} shape;

/* Collective. A failure is the needs' data_error. */
static bool find_shape(tw_comm *comm, const tw_data_options *options, shape *shape, doctor_needs *needs)
{
	if (shape->options && tw_data_options_equal(shape->options, options)) return true;
	tw_data *train = NULL, *test = NULL;
	if (tw_data_load(comm, options, &train, &test) != TW_OK) {
		snprintf(needs->data_error, sizeof needs->data_error, "%s", tw_message());
		return false;
	}
	if (!*needs->data_text) snprintf(needs->data_text, sizeof needs->data_text, "%s", train->description);
	shape->options = options;
	shape->observations = train->observations;
	shape->inputs = train->inputs;
	shape->outputs = train->outputs;
	shape->classes = train->classes;
	tw_data_free(train);
	tw_data_free(test);
	return true;
}

/* ---- room ---------------------------------------------------------------------------------------------------- */

/* Products and sums that stay at the largest number rather than go beyond it. */
static int64_t times(int64_t a, int64_t b)
{
	int64_t product;
	return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t steps_an_epoch(const tw_settings *settings, const shape *shape)
{
	int64_t batch =
	    settings->batch > 0 && settings->batch < shape->observations ? settings->batch : shape->observations;
	return (shape->observations + batch - 1) / batch;
}

/* The most steps that the rules allow; -1: they set no limit. */
static int64_t most_steps(const tw_settings *settings, const shape *shape)
{
	int64_t sum = 0, epoch = steps_an_epoch(settings, shape);
	for (int s = 0; s < settings->stages; s++) {
		const tw_stop *stop = &settings->stage[s].stop;
		int64_t limit = INT64_MAX;
		if (stop->steps >= 0) limit = stop->steps;
		if (stop->epochs >= 0 && times(stop->epochs, epoch) < limit) limit = times(stop->epochs, epoch);
		if (stop->observations >= 0) {
			int64_t batch = settings->batch > 0 ? settings->batch : shape->observations;
			int64_t steps = plus(stop->observations, batch - 1) / batch;
			if (steps < limit) limit = steps;
		}
		if (limit == INT64_MAX) return -1;
		sum = plus(sum, limit);
	}
	return sum;
}

/* Steps from one measurement to the next; 0: nothing is measured. */
static int64_t steps_a_line(const tw_settings *settings, const shape *shape)
{
	int64_t epoch = steps_an_epoch(settings, shape), least = 0;
	const int64_t every[] = {settings->cost_every < 0 ? epoch : settings->cost_every, settings->gradient_norm_every,
	                         settings->test_every};
	for (size_t i = 0; i < sizeof every / sizeof *every; i++)
		if (every[i] > 0 && (least == 0 || every[i] < least)) least = every[i];
	return least;
}

/* Adds the lines that a run writes of its course. */
static void add_course(const tw_settings *settings, const shape *shape, int64_t runs, int line, doctor_needs *needs)
{
	int64_t steps = most_steps(settings, shape), every = steps_a_line(settings, shape);
	if (every == 0 || runs == 0) return;
	if (steps < 0)
		needs->bytes_a_step = plus(needs->bytes_a_step, (line + every - 1) / every);
	else
		needs->bytes = plus(needs->bytes, times(times(steps / every + 2, line), runs));
}

static bool find_model(const tw_settings *settings, const shape *shape, doctor_needs *needs, int64_t *model)
{
	tw_data data = {.observations = shape->observations,
	                .inputs = shape->inputs,
	                .outputs = shape->outputs,
	                .classes = shape->classes,
	                .precision = settings->precision};
	tw_network network;
	if (tw_settings_network(settings, &data, &network) != TW_OK) {
		snprintf(needs->data_error, sizeof needs->data_error, "%s", tw_message());
		return false;
	}
	*model = times(tw_network_dimension(&network), (int64_t)tw_real_size(settings->precision));
	return true;
}

/* Collective. */
static bool needs_of_run(tw_comm *comm, const tw_settings *settings, doctor_needs *needs)
{
	shape shape = {0};
	int64_t model = 0;
	if (!find_shape(comm, &settings->data, &shape, needs) || !find_model(settings, &shape, needs, &model)) return false;
	int vectors = tw_update_info_of(settings->update)->vectors + 2; /* theta, and the best one */
	/* A file is replaced by a second one beside it. */
	needs->bytes = plus(OTHER_FILES, times(2, plus(model, MODEL_EXTRA)));
	needs->bytes = plus(needs->bytes, times(CHECKPOINTS, plus(times(model, vectors), MODEL_EXTRA)));
	needs->runs = 1;
	add_course(settings, &shape, 1, METRICS_LINE, needs);
	return true;
}

/* Collective. End points are kept in a journal until the results are written from it. */
static bool needs_of_sweep(tw_comm *comm, const tw_sweep_plan *plan, doctor_needs *needs)
{
	shape shape = {0};
	needs->runs = plan->runs;
	needs->bytes = OTHER_FILES;
	for (int c = 0; c < plan->cells; c++) {
		const tw_cell *cell = &plan->cell[c];
		int64_t model = 0, traced = plan->trace == TW_TRACE_ALL ? cell->starts : 0;
		if (!find_shape(comm, &cell->settings.data, &shape, needs)) return false;
		if (!find_model(&cell->settings, &shape, needs, &model)) return false;
		for (int64_t i = 0; i < plan->traced_count && plan->trace == TW_TRACE_LISTED; i++)
			traced += plan->traced[i] >= cell->first_run && plan->traced[i] - cell->first_run < cell->starts;
		needs->bytes = plus(needs->bytes, times(cell->starts, plus(times(2, model), RUN_LINE)));
		add_course(&cell->settings, &shape, traced, 2 * TRACE_LINE, needs);
	}
	return true;
}

static tw_status has_sweep(const char *file, bool *sweep)
{
	tw_yaml *root = NULL;
	TW_TRY(tw_yaml_read(file, &root));
	*sweep = tw_yaml_find(root, "sweep") != NULL;
	tw_yaml_free(root);
	return TW_OK;
}

tw_status doctor_measure_needs(app_call *call, const app_options *options, const char *file,
                               const tw_settings *settings, doctor_needs *needs)
{
	bool sweep = false;
	TW_TRY(tw_comm_agree(call->comm, has_sweep(file, &sweep)));
	if (!sweep) {
		needs->known = needs_of_run(call->comm, settings, needs);
		return TW_OK;
	}
	tw_sweep_plan plan;
	const char *const *set = (const char *const *)options->set;
	tw_status status = tw_sweep_plan_read(file, set, options->sets, &plan);
	bool read = status == TW_OK;
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) needs->known = needs_of_sweep(call->comm, &plan, needs);
	if (read) tw_sweep_plan_free(&plan);
	return status;
}
