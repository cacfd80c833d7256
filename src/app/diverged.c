/* What can be told of a run that diverged. */
#include "app/diverged.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
	double size; /* |h|; infinite: not a finite number */
	int64_t observation;
} extreme;

static extreme largest_output(const tw_data *data, int64_t columns, const double *outputs)
{
	extreme found = {-1, 0};
	for (int64_t i = 0; i < data->local * columns; i++) {
		const double size = isfinite(outputs[i]) ? fabs(outputs[i]) : INFINITY;
		if (size > found.size) found = (extreme){size, data->first + i / columns};
	}
	return found;
}

/* Collective. The first of the largest outputs over all ranks. */
static tw_status find_output(const app_call *call, const tw_run *run, extreme *out)
{
	const tw_network *network = tw_run_network(run);
	const tw_data *data = tw_run_data(run);
	const int64_t columns = network->width[network->layers];
	double *outputs = NULL;
	tw_status status = tw_alloc_array((void **)&outputs, data->local * columns, sizeof *outputs, "outputs");
	status = tw_comm_agree(call->comm, status);
	if (status == TW_OK) status = tw_objective_predict(tw_run_objective(run), tw_run_theta_vector(run), data, outputs);
	if (status == TW_OK) *out = largest_output(data, columns, outputs);
	tw_free(outputs);
	TW_TRY(status);
	double size = out->size;
	TW_TRY(tw_comm_max_double(call->comm, &size, 1));
	double first = out->size == size ? -(double)out->observation : -INFINITY;
	TW_TRY(tw_comm_max_double(call->comm, &first, 1));
	*out = (extreme){size, (int64_t)-first};
	return TW_OK;
}

/* Collective. */
static tw_status describe(const app_call *call, const tw_run *run, char *out, size_t size)
{
	tw_kink kink;
	extreme output;
	*out = 0;
	tw_status status = tw_objective_kink_distance(tw_run_objective(run), tw_run_theta_vector(run), &kink);
	const char *found = strstr(tw_message(), "z of layer"); /* without the rank: the same on any layout */
	if (status == TW_DIVERGED) snprintf(out, size, " (%s)", found ? found : tw_message());
	if (status != TW_OK) return status;
	TW_TRY(find_output(call, run, &output));
	if (isinf(output.size))
		snprintf(out, size, " (the output is not a finite number for observation %" PRId64 ")", output.observation);
	else
		snprintf(out, size, " (outputs reach %.3g, at observation %" PRId64 ")", output.size, output.observation);
	return TW_OK;
}

tw_status app_diverged(const app_call *call, const tw_run *run, int64_t steps)
{
	char where[512];
	describe(call, run, where, sizeof where);
	return tw_fail(TW_DIVERGED,
	               "diverged after %" PRId64 " steps: the cost or the gradient is not finite%s; a smaller "
	               "method.step_size may help",
	               steps, where);
}
