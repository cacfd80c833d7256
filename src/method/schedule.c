/* Step sizes: one function and one row of the table a schedule. */
#include <thalweg/method.h>

#include <math.h>
#include <string.h>

typedef struct {
	tw_schedule_info info;
	double (*size)(tw_schedule *schedule, int64_t k, double cost);
} schedule_rule;

static double constant(tw_schedule *schedule, int64_t k, double cost)
{
	(void)k, (void)cost;
	return schedule->base;
}

static double piecewise(tw_schedule *schedule, int64_t k, double cost)
{
	(void)cost;
	double size = schedule->base;
	for (int i = 0; i < schedule->thresholds && schedule->threshold[i] <= (double)k; i++) size *= schedule->value[0];
	return size;
}

static double exponential(tw_schedule *schedule, int64_t k, double cost)
{
	(void)cost;
	return schedule->base * exp(-schedule->value[0] * (double)k);
}

static double polynomial(tw_schedule *schedule, int64_t k, double cost)
{
	(void)cost;
	return schedule->base * pow(schedule->value[0] * (double)k + 1, -schedule->value[1]);
}

static double cosine(tw_schedule *schedule, int64_t k, double cost)
{
	(void)cost;
	const double steps = schedule->value[0], final = schedule->value[1];
	if ((double)k >= steps) return final;
	return final + (schedule->base - final) * (1 + cos(3.14159265358979323846 * (double)k / steps)) / 2;
}

/* The cost of theta_k decides from update k + 1 on. The step that ends a cool-down counts again. */
static double plateau(tw_schedule *schedule, int64_t k, double cost)
{
	enum { SIZE, BEST, WAIT, COOL_DOWN };
	enum { FACTOR, PATIENCE, COOL_DOWN_STEPS, MINIMUM, THRESHOLD };
	const double *value = schedule->value;
	double *state = schedule->state;
	if (k == 0) {
		state[SIZE] = schedule->base;
		state[BEST] = INFINITY;
		state[WAIT] = state[COOL_DOWN] = 0;
	}
	const double size = state[SIZE];
	if (isnan(cost)) return size;
	if (state[COOL_DOWN] > 0) {
		state[COOL_DOWN]--;
		state[WAIT] = 0;
	}
	if (cost < state[BEST] - value[THRESHOLD]) {
		state[BEST] = cost;
		state[WAIT] = 0;
	} else if (state[COOL_DOWN] == 0 && ++state[WAIT] >= value[PATIENCE] && size > value[MINIMUM]) {
		state[SIZE] = fmax(size * value[FACTOR], value[MINIMUM]);
		state[COOL_DOWN] = value[COOL_DOWN_STEPS];
		state[WAIT] = 0;
	}
	return size;
}

static const schedule_rule rules[] = {
    {
        .info = {.name = "constant", .help = "a"},
        .size = constant,
    },
    {
        .info = {.name = "piecewise",
                 .help = "a factor^m, m = how many of the thresholds are at most k",
                 .parameters = {{"factor", 0.5, 0, 1, "multiplies the step size at each threshold"}}},
        .size = piecewise,
    },
    {
        .info = {.name = "exponential",
                 .help = "a e^(-rate k)",
                 .parameters = {{"rate", 0.001, 0, 1e6, "decay a step"}}},
        .size = exponential,
    },
    {
        .info = {.name = "polynomial",
                 .help = "a (scale k + 1)^(-power)",
                 .parameters = {{"scale", 1, 0, 1e9, "multiplies k"}, {"power", 0.5, 0, 100, "exponent"}}},
        .size = polynomial,
    },
    {
        .info = {.name = "plateau",
                 .help = "a, multiplied by the factor whenever the cost has stopped to fall",
                 .uses_cost = true,
                 .parameters = {{"factor", 0.5, 0, 1, "multiplies the step size"},
                                {"patience", 40, 1, 1e15, "steps without a lower cost before that"},
                                {"cool_down", 10, 0, 1e15, "steps after that in which none is counted"},
                                {"minimum", 1e-7, 0, 1e300, "smallest step size"},
                                {"threshold", 0, 0, 1e300, "the cost must fall by more than this to be lower"}}},
        .size = plateau,
    },
    {
        .info = {.name = "cosine",
                 .help = "final + (a - final) (1 + cos(pi k / steps)) / 2, then final",
                 .parameters = {{"steps", 1000, 1, 1e15, "steps until the final step size"},
                                {"final", 0, 0, 1e300, "final step size"}}},
        .size = cosine,
    },
};
enum { RULES = sizeof rules / sizeof *rules };

int tw_schedule_count(void) { return RULES; }

const tw_schedule_info *tw_schedule_info_of(int i) { return i >= 0 && i < RULES ? &rules[i].info : NULL; }

int tw_schedule_find(const char *name)
{
	for (int i = 0; i < RULES; i++) {
		if (strcmp(rules[i].info.name, name) == 0) return i;
	}
	return -1;
}

tw_status tw_schedule_start(tw_schedule *schedule)
{
	TW_CHECK(schedule->kind >= 0 && schedule->kind < RULES, TW_INTERNAL, "schedule %d does not exist", schedule->kind);
	TW_CHECK(schedule->thresholds >= 0 && schedule->thresholds <= TW_MAX_THRESHOLDS, TW_USAGE,
	         "%d thresholds given; give at most %d", schedule->thresholds, TW_MAX_THRESHOLDS);
	for (int i = 1; i < schedule->thresholds; i++) {
		TW_CHECK(schedule->threshold[i - 1] < schedule->threshold[i], TW_USAGE,
		         "thresholds must ascend, but %.17g is followed by %.17g", schedule->threshold[i - 1],
		         schedule->threshold[i]);
	}
	memset(schedule->state, 0, sizeof schedule->state);
	return TW_OK;
}

double tw_schedule_step_size(tw_schedule *schedule, int64_t k, double cost)
{
	if (k < schedule->warm_up) return schedule->base * (double)(k + 1) / (double)schedule->warm_up;
	return rules[schedule->kind].size(schedule, k - schedule->warm_up, cost);
}
