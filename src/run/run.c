/* Setting a run up: data, network, objective, parameters. */
#include "run/run.h"

#include <string.h>

#include "run/launch.h"

static tw_status make_objective(tw_run *run)
{
	const tw_settings *settings = run->settings;
	TW_TRY(tw_settings_network(settings, run->data, &run->network));
	tw_objective_options options = {.network = run->network,
	                                .loss = settings->loss,
	                                .penalty = settings->penalty,
	                                .threads = run->threads,
	                                .reduction = settings->reduction,
	                                .overlap = settings->overlap,
	                                .timing = settings->timing};
	return tw_objective_create(run->comm, run->data, &options, &run->objective);
}

/* Observations times parameters below which a step is not worth sharing: some 30 microseconds of one core, the time of
 * a few messages. Such a batch is one chunk, which every rank computes for itself. A function of the problem alone. */
enum { WORTH_SHARING = 300000 };

int run_chunks(const tw_settings *settings, int64_t dimension, int64_t batch)
{
	if (settings->chunks > 0) return settings->chunks;
	return batch < WORTH_SHARING / dimension ? 1 : 0;
}

static tw_status make_feeds(tw_run *run)
{
	const tw_settings *settings = run->settings;
	const int64_t all = run->data->observations;
	run->full_batch = settings->batch == 0 || settings->batch >= all;
	const int64_t batch = run->full_batch ? all : settings->batch;
	const int chunks = run_chunks(settings, run->objective.dimension, batch);
	if (chunks == 1 && tw_comm_size(run->comm) > 1)
		tw_log(TW_LOG_NOTE, "a step of this run is too small to share: every rank computes all of it "
		                    "(method.chunks: N shares it)");
	TW_TRY(tw_feed_create(run->comm, run->data, settings->sampling, run->full_batch ? 0 : batch, chunks, settings->seed,
	                      settings->run, &run->feed));
	if (run->full_batch) return TW_OK;
	return tw_feed_create(run->comm, run->data, TW_SAMPLE_SHUFFLE_ONCE, 0,
	                      run_chunks(settings, run->objective.dimension, all), settings->seed, settings->run,
	                      &run->whole);
}

/* Local. */
static tw_status make_vectors(tw_run *run)
{
	const tw_objective *objective = &run->objective;
	const size_t real_size = tw_real_size(objective->precision);
	TW_TRY(tw_alloc_array(&run->theta, objective->size, real_size, "parameters"));
	TW_TRY(tw_alloc_array(&run->gradient, objective->size, real_size, "gradient"));
	TW_TRY(tw_alloc_array((void **)&run->canonical, objective->dimension, sizeof(double), "parameters"));
	return tw_update_create(run->settings->update, run->settings->update_value, objective, run->settings->seed,
	                        run->settings->run, &run->update);
}

static tw_status make_theta(tw_run *run)
{
	const tw_settings *settings = run->settings;
	if (settings->initial_file) {
		TW_TRY(tw_theta_load(run->comm, settings->initial_file, &run->network, run->canonical));
	} else {
		tw_initial initial = settings->initial;
		initial.seed = settings->seed;
		initial.run = settings->run;
		TW_TRY(tw_comm_agree(run->comm, tw_initial_fill(&run->network, &initial, run->canonical)));
	}
	return tw_run_set_theta(run, run->canonical);
}

static tw_status set_up(tw_run *run)
{
	if (run->owns_data) {
		TW_TRY(tw_launch_threads(run->comm, run->settings->threads, &run->threads));
		TW_TRY(tw_data_load(run->comm, &run->settings->data, &run->data, &run->test));
	}
	TW_TRY(make_objective(run));
	TW_TRY(make_feeds(run));
	TW_TRY(tw_comm_agree(run->comm, make_vectors(run)));
	return make_theta(run);
}

static tw_status create(tw_comm *comm, const tw_run *like, tw_run **out)
{
	*out = NULL;
	tw_run *run = NULL;
	TW_TRY(tw_comm_agree(comm, tw_alloc((void **)&run, sizeof *run, "run")));
	*run = *like;
	run->comm = comm;
	tw_status status = set_up(run);
	if (status != TW_OK) {
		tw_run_free(run);
		return status;
	}
	*out = run;
	return TW_OK;
}

tw_status tw_run_create(tw_comm *comm, const tw_settings *settings, tw_run **out)
{
	return create(comm, &(tw_run){.settings = settings, .owns_data = true}, out);
}

tw_status run_create_on(tw_comm *comm, const tw_settings *settings, tw_data *data, tw_data *test, int threads,
                        tw_run **out)
{
	return create(comm, &(tw_run){.settings = settings, .data = data, .test = test, .threads = threads}, out);
}

void tw_run_free(tw_run *run)
{
	if (!run) return;
	tw_update_free(&run->update);
	tw_feed_free(run->feed);
	tw_feed_free(run->whole);
	tw_objective_free(&run->objective);
	if (run->owns_data) {
		tw_data_free(run->data);
		tw_data_free(run->test);
	}
	tw_free(run->theta), tw_free(run->gradient), tw_free(run->norm_gradient), tw_free(run->canonical);
	tw_free(run);
}

const tw_network *tw_run_network(const tw_run *run) { return &run->network; }
const tw_data *tw_run_data(const tw_run *run) { return run->data; }
const tw_data *tw_run_test_data(const tw_run *run) { return run->test; }
const tw_objective *tw_run_objective(const tw_run *run) { return &run->objective; }
const double *tw_run_theta(const tw_run *run) { return run->canonical; }
const void *tw_run_theta_vector(const tw_run *run) { return run->theta; }
int tw_run_threads(const tw_run *run) { return run->threads; }

tw_status tw_run_set_theta(tw_run *run, const double *theta)
{
	tw_objective_import(&run->objective, theta, run->theta);
	tw_objective_export(&run->objective, run->theta, run->canonical);
	return TW_OK;
}

tw_status tw_run_rank_times(tw_run *run, tw_rank_times *out)
{
	return tw_comm_gather_all(run->comm, &run->times, sizeof run->times, out);
}
