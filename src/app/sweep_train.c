#include "app/sweep_train.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"

/* What rank 0 tells the others before and after the training. */
typedef struct {
	bool complete, interrupted;
	int64_t finished;
} sweep_news;

/* Collective. The flags of finished runs of rank 0, on all ranks; tw_free. */
static tw_status share_flags(tw_comm *comm, const app_sweep_output *output, int64_t runs, uint8_t **done)
{
	tw_status status = tw_alloc_array((void **)done, runs, sizeof **done, "the flags of finished runs");
	TW_TRY(tw_comm_agree(comm, status));
	if (tw_comm_rank(comm) == 0) memcpy(*done, tw_journal_done(output->journal), (size_t)runs);
	return tw_comm_broadcast(comm, *done, (size_t)runs, 0);
}

static tw_status interrupted(const app_sweep_order *order, int64_t finished, int64_t runs)
{
	const char *advice = order->folder ? order->go_on : "nothing was kept: with --output DIR it could be resumed";
	return tw_fail(TW_INTERRUPTED, "interrupted: %" PRId64 " of %" PRId64 " runs finished; %s", finished, runs, advice);
}

/* Rank 0, after the training: what is finished is made to last, whatever happened; files of a finished sweep. */
static tw_status settle(const app_sweep_order *order, app_sweep_output *output, const tw_sweep_summary *summary)
{
	TW_TRY(app_sweep_output_commit(output));
	if (tw_journal_finished(output->journal) < output->plan->runs) return TW_OK;
	TW_TRY(app_sweep_output_keep(output, summary));
	if (order->show) order->show(order->self, output, summary);
	return TW_OK;
}

static void end_output(const app_sweep_order *order, app_sweep_output *output, tw_status status, bool finished)
{
	const int64_t kept = tw_journal_finished(output->journal), runs = output->plan->runs;
	if (status != TW_OK && order->folder && kept > 0)
		tw_log(TW_LOG_NOTE, "%" PRId64 " of %" PRId64 " runs are kept in %s; %s", kept, runs, order->folder,
		       order->go_on);
	app_sweep_output_close(output, status != TW_OK, status == TW_OK && finished && !order->keep_journal);
}

/* Rank 0. A training that failed keeps its message. */
static tw_status settle_failed(app_sweep_output *output, tw_status trained)
{
	char message[2048];
	snprintf(message, sizeof message, "%s", tw_message());
	app_sweep_output_commit(output);
	return tw_fail(trained, "%s", message);
}

/* Collective. */
static tw_status train(tw_comm *comm, const tw_sweep_plan *plan, const app_sweep_order *order, app_sweep_output *output)
{
	const bool speaks = tw_comm_rank(comm) == 0;
	uint8_t *done = NULL;
	tw_sweep_summary summary = {0};
	sweep_news news = {0};
	const tw_sweep_monitor monitor = app_sweep_output_monitor(output);
	const tw_status shared = share_flags(comm, output, plan->runs, &done);
	const tw_status trained = shared == TW_OK ? tw_sweep_train(comm, plan, done, &monitor, &summary) : shared;
	tw_status status = trained;
	tw_free(done);
	if (speaks) {
		status = trained == TW_OK ? settle(order, output, &summary) : settle_failed(output, trained);
		news.finished = tw_journal_finished(output->journal);
		news.interrupted = news.finished < plan->runs;
		end_output(order, output, status, !news.interrupted);
	}
	tw_free(summary.worker);
	if (trained != TW_OK) return trained; /* on all ranks */
	TW_TRY(tw_comm_agree(comm, status));
	TW_TRY(tw_comm_broadcast(comm, &news, sizeof news, 0));
	return news.interrupted ? interrupted(order, news.finished, plan->runs) : TW_OK;
}

tw_status app_sweep_train(tw_comm *comm, const tw_sweep_plan *plan, const app_sweep_order *order, bool *complete)
{
	app_sweep_output output = {0};
	sweep_news news = {0};
	tw_status status = TW_OK;
	if (tw_comm_rank(comm) == 0) {
		status = app_sweep_output_open(&output, plan, order->folder, order->start);
		news.complete = output.complete;
	}
	TW_TRY(tw_comm_agree(comm, status));
	TW_TRY(tw_comm_broadcast(comm, &news, sizeof news, 0));
	if (complete) *complete = news.complete;
	return news.complete ? TW_OK : train(comm, plan, order, &output);
}
