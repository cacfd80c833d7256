/* When a stage of training ends, and what the reason is called. */
#include <thalweg/method.h>

#include <math.h>

static const char *const names[TW_STOP_COUNT] = {
    [TW_RUNNING] = "running",
    [TW_STOP_STEPS] = "steps",
    [TW_STOP_EPOCHS] = "epochs",
    [TW_STOP_OBSERVATIONS] = "observations",
    [TW_STOP_COST] = "cost",
    [TW_STOP_GRADIENT_NORM] = "gradient_norm",
    [TW_STOP_NO_PROGRESS] = "no_progress",
    [TW_STOP_DIVERGED] = "diverged",
    [TW_STOP_INTERRUPTED] = "interrupted",
};

const char *tw_stop_reason_name(tw_stop_reason reason)
{
	return (unsigned)reason < TW_STOP_COUNT ? names[reason] : "unknown";
}

void tw_stop_off(tw_stop *stop)
{
	*stop = (tw_stop){
	    .steps = -1, .epochs = -1, .observations = -1, .cost = NAN, .gradient_norm = -1, .no_progress_patience = -1};
	tw_stop_start(stop);
}

void tw_stop_start(tw_stop *stop)
{
	stop->best = INFINITY;
	stop->since_best = 0;
}

/* Counts the steps since the cost last fell below the best by more than the threshold. */
static bool lacks_progress(tw_stop *stop, double cost)
{
	if (stop->no_progress_patience < 1 || isnan(cost)) return false;
	if (cost < stop->best - stop->no_progress_threshold) {
		stop->best = cost;
		stop->since_best = 0;
		return false;
	}
	return ++stop->since_best >= stop->no_progress_patience;
}

tw_stop_reason tw_stop_check(tw_stop *stop, int64_t k, double epochs, int64_t observations, double cost,
                             double gradient_norm)
{
	if (isinf(cost) || isinf(gradient_norm)) return TW_STOP_DIVERGED;
	bool stalled = lacks_progress(stop, cost);
	if (cost <= stop->cost) return TW_STOP_COST;
	if (stop->gradient_norm > 0 && gradient_norm <= stop->gradient_norm) return TW_STOP_GRADIENT_NORM;
	if (stalled) return TW_STOP_NO_PROGRESS;
	if (stop->steps >= 0 && k >= stop->steps) return TW_STOP_STEPS;
	if (stop->epochs >= 0 && epochs >= (double)stop->epochs) return TW_STOP_EPOCHS;
	if (stop->observations >= 0 && observations >= stop->observations) return TW_STOP_OBSERVATIONS;
	return TW_RUNNING;
}
