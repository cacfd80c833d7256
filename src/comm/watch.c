/* The watch over ranks that do not come.
 *
 * Where ranks are watched, every wait in comm polls, so that a waiting rank can still speak. Once it has waited for a
 * moment, it asks those that it waits for whether they are alive, by messages on a communicator of the watch's own. A
 * rank answers whenever it is inside comm: while it waits itself, at the next step, when it looks at a queue. So a rank
 * that stays silent for longer than the time allowed is stopped, or has been at work for that long without meeting
 * anybody, and is named. Nothing is sent as long as nobody waits.
 *
 * The two lowest ranks of a communicator ask, so that either of them may be the one that is stuck; the others begin to
 * ask after twice the time. What is found goes to the lowest rank that is alive, which says it and ends the job: one
 * line, whoever has noticed. */
#include "comm/watch.h"

#include <stdio.h>
#include <string.h>

/* Seconds: of waiting before the first question; between two looks at messages; and that the lowest rank alive gets to
 * end the job before the one that has noticed does it itself. */
#define MOMENT 0.25
#define BETWEEN_LOOKS 0.01
#define GRACE 2.0

enum { QUESTION, ANSWER, VERDICT, TEXT = 2048, HOST = MPI_MAX_PROCESSOR_NAME, NAMED = 16 };

bool tw_watch_is_on;

/* Of another rank, as this one knows it. */
typedef struct {
	double asked;  /* when the question that is not answered yet was asked; 0: there is none */
	double heard;  /* when it last answered */
	double waited; /* how long it had waited for others by then */
	double tell;   /* the answer given to it: how long this one has waited */
} peer;

/* One watch a process, since the ranks that it names are those of the world. */
static struct {
	const tw_comm *world;
	MPI_Comm mpi;
	double seconds;
	const char *advice;
	char (*host)[HOST];
	peer *peer;
	double last_look;     /* when this rank last looked at its messages */
	double last_round;    /* when it last asked after all others: looks while it waits do not count */
	double waiting_since; /* 0: it does not wait */
	double reported;      /* when a verdict went to another rank; 0: never */
	int64_t step;         /* -1: none */
	bool ending;          /* no questions any more */
} watch = {.mpi = MPI_COMM_NULL, .step = -1};

void tw_comm_watch_step(int64_t step) { watch.step = step; }

/* ---- verdicts ------------------------------------------------------------------------------------------------ */

static void __attribute__((noreturn)) end_job(const char *line)
{
	tw_log(TW_LOG_FATAL, "%s", line);
	tw_comm_abort(NULL, tw_exit_code(TW_INTERNAL));
}

/* "rank 1 (node2) has", "ranks 1 (node2), 3 (node4) have" */
static void name_ranks(const bool *silent, char *out, size_t size)
{
	int count = 0;
	size_t length = 0;
	for (int r = 0; r < watch.world->size; r++) count += silent[r];
	length += (size_t)snprintf(out, size, "%s", count == 1 ? "rank" : "ranks");
	int named = 0;
	for (int r = 0; r < watch.world->size && named < NAMED && length < size; r++) {
		if (!silent[r]) continue;
		length += (size_t)snprintf(out + length, size - length, "%s %d (%.60s)", named ? "," : "", r, watch.host[r]);
		named++;
	}
	if (count > named && length < size)
		length += (size_t)snprintf(out + length, size - length, " and %d more", count - named);
	if (length < size) snprintf(out + length, size - length, "%s", count == 1 ? " has" : " have");
}

/* What a rank waits at, with the step. */
static void name_place(const char *what, char *out, size_t size)
{
	if (watch.step >= 0)
		snprintf(out, size, "%s of step %lld", what, (long long)watch.step);
	else
		snprintf(out, size, "%s", what);
}

/* The lowest rank of the world that is not silent says the line and ends the job. */
static tw_status report(const char *line, const bool *silent)
{
	static char text[TEXT];
	int speaker = 0;
	while (speaker < watch.world->rank && silent[speaker]) speaker++;
	if (speaker == watch.world->rank) end_job(line);
	if (watch.reported > 0) {
		if (tw_now() - watch.reported > GRACE) end_job(line);
		return TW_OK;
	}
	MPI_Request request;
	watch.reported = tw_now();
	snprintf(text, sizeof text, "%s", line);
	TW_MPI(MPI_Isend(text, sizeof text, MPI_CHAR, speaker, VERDICT, watch.mpi, &request));
	TW_MPI(MPI_Request_free(&request));
	return TW_OK;
}

/* wait NULL: nobody waits for the silent ones, but nobody has heard of them either. */
static tw_status report_silent(const tw_watch_wait *wait, const bool *silent)
{
	char line[TEXT], ranks[1024], place[128];
	name_ranks(silent, ranks, sizeof ranks);
	if (wait) {
		name_place(wait->what, place, sizeof place);
		snprintf(line, sizeof line, "%s not arrived at %s within %g s; %s", ranks, place, watch.seconds, watch.advice);
	} else {
		snprintf(line, sizeof line, "%s not been heard of for %g s; %s", ranks, watch.seconds, watch.advice);
	}
	return report(line, silent);
}

static tw_status report_lost(const tw_watch_wait *wait, const bool *silent)
{
	char line[TEXT], place[128];
	name_place(wait->what, place, sizeof place);
	snprintf(line, sizeof line,
	         "all ranks have waited for each other for %g s, rank %d at %s: messages between them do not arrive; %s",
	         watch.seconds, watch.world->rank, place, watch.advice);
	return report(line, silent);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

/* Buffers may be used again at the next question, which is not asked before the answer has arrived. */
static tw_status post(void *bytes, int size, int to, int tag)
{
	MPI_Request request;
	TW_MPI(MPI_Isend(bytes, size, MPI_BYTE, to, tag, watch.mpi, &request));
	TW_MPI(MPI_Request_free(&request));
	return TW_OK;
}

static tw_status take_message(const MPI_Status *status)
{
	char text[TEXT];
	peer *peer = &watch.peer[status->MPI_SOURCE];
	const double now = tw_now();
	int size;
	TW_MPI(MPI_Get_count(status, MPI_BYTE, &size));
	TW_MPI(MPI_Recv(text, sizeof text, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, watch.mpi, MPI_STATUS_IGNORE));
	if (status->MPI_TAG == QUESTION) {
		peer->tell = watch.waiting_since > 0 ? now - watch.waiting_since : 0;
		return post(&peer->tell, sizeof peer->tell, status->MPI_SOURCE, ANSWER);
	}
	if (status->MPI_TAG == ANSWER && size == sizeof peer->waited) {
		memcpy(&peer->waited, text, sizeof peer->waited);
		peer->asked = 0;
		peer->heard = now;
	}
	if (status->MPI_TAG == VERDICT && size == TEXT) end_job(text);
	return TW_OK;
}

/* A rank that has been away itself does not know how long the others have been silent: their time begins anew. */
static tw_status take_messages(void)
{
	int found = 1;
	const double now = tw_now(), away = now - watch.last_look;
	while (found) {
		MPI_Status status;
		TW_MPI(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, watch.mpi, &found, &status));
		if (found) TW_TRY(take_message(&status));
	}
	for (int r = 0; away > watch.seconds / 4 && r < watch.world->size; r++)
		if (watch.peer[r].asked > 0) watch.peer[r].asked = now;
	watch.last_look = now;
	return TW_OK;
}

/* Asks a rank that was not heard of for a while; true: it has been silent for too long. since: when the question began
 * to matter. */
static tw_status ask(int rank, double since, double now, bool *silent)
{
	peer *peer = &watch.peer[rank];
	const double between = watch.seconds / 4 < 1 ? watch.seconds / 4 : 1;
	if (peer->asked > 0) {
		*silent = now - (peer->asked > since ? peer->asked : since) > watch.seconds;
	} else if (!watch.ending && now - peer->heard > between) {
		peer->asked = now;
		TW_TRY(post(NULL, 0, rank, QUESTION));
	}
	return TW_OK;
}

/* ---- waiting ------------------------------------------------------------------------------------------------- */

static tw_status find_members(const tw_comm *comm, int *rank_in_world)
{
	MPI_Group all, group;
	TW_MPI(MPI_Comm_group(watch.mpi, &all));
	TW_MPI(MPI_Comm_group(comm->mpi, &group));
	for (int r = 0; r < comm->size; r++) TW_MPI(MPI_Group_translate_ranks(group, 1, &r, all, &rank_in_world[r]));
	TW_MPI(MPI_Group_free(&group));
	TW_MPI(MPI_Group_free(&all));
	return TW_OK;
}

static tw_status ask_members(const tw_watch_wait *wait, const int *member, int members, bool *silent)
{
	const double now = tw_now();
	int silent_ones = 0, waiting = 0;
	for (int i = 0; i < members; i++) {
		const int rank = member[i];
		if (rank == watch.world->rank) continue;
		TW_TRY(ask(rank, wait->begin, now, &silent[rank]));
		silent_ones += silent[rank];
		waiting += watch.peer[rank].heard > wait->begin && watch.peer[rank].waited > watch.seconds;
	}
	if (silent_ones > 0) return report_silent(wait, silent);
	const bool all_wait = waiting > 0 && waiting == members - 1 && now - wait->begin > watch.seconds;
	if (all_wait) return report_lost(wait, silent);
	return TW_OK;
}

/* What the lowest two do at once, the others do where these seem to be stuck, too. */
static tw_status look_after(const tw_watch_wait *wait, double waited)
{
	const tw_comm *comm = wait->comm;
	const int members = comm->size;
	if (waited < (comm->rank > 1 ? 2 * watch.seconds : MOMENT)) return TW_OK;
	int *member = NULL;
	bool *silent = NULL;
	tw_status status = tw_alloc_array((void **)&member, members, sizeof *member, "ranks");
	if (status == TW_OK) status = tw_alloc_array((void **)&silent, watch.world->size, sizeof *silent, "ranks");
	if (status == TW_OK) status = find_members(comm, member);
	if (status == TW_OK) status = ask_members(wait, member, members, silent);
	tw_free(member);
	tw_free(silent);
	return status;
}

void tw_watch_begin(tw_watch_wait *wait, const tw_comm *comm, const char *what)
{
	const double now = tw_now();
	*wait = (tw_watch_wait){.comm = comm, .what = what, .begin = now};
	watch.waiting_since = now;
}

tw_status tw_watch_look(tw_watch_wait *wait)
{
	const double now = tw_now();
	if (now - watch.last_look < BETWEEN_LOOKS) return TW_OK;
	TW_TRY(take_messages());
	return look_after(wait, now - wait->begin);
}

void tw_watch_end(void) { watch.waiting_since = 0; }

tw_status tw_watch_complete(const tw_comm *comm, const char *what, int requests, MPI_Request *request)
{
	tw_watch_wait wait;
	int complete = 0;
	tw_status status = TW_OK;
	tw_watch_begin(&wait, comm, what);
	while (status == TW_OK && !complete) {
		int code = MPI_Testall(requests, request, &complete, MPI_STATUSES_IGNORE);
		status = code == MPI_SUCCESS ? tw_watch_look(&wait) : tw_mpi_fail(code, "MPI_Testall");
	}
	tw_watch_end();
	return status;
}

tw_status tw_watch_sign(void)
{
	const double now = tw_now();
	if (now - watch.last_round < BETWEEN_LOOKS) return TW_OK;
	watch.last_round = now;
	TW_TRY(take_messages());
	if (watch.world->rank > 1) return TW_OK;
	bool *silent = NULL;
	int silent_ones = 0;
	tw_status status = tw_alloc_array((void **)&silent, watch.world->size, sizeof *silent, "ranks");
	for (int r = 0; status == TW_OK && r < watch.world->size; r++) {
		if (r != watch.world->rank) status = ask(r, 0, now, &silent[r]);
		silent_ones += silent[r];
	}
	if (status == TW_OK && silent_ones > 0) status = report_silent(NULL, silent);
	tw_free(silent);
	return status;
}

/* ---- beginning and end --------------------------------------------------------------------------------------- */

static void release(void)
{
	tw_free(watch.peer);
	tw_free(watch.host);
	watch.peer = NULL;
	watch.host = NULL;
	watch.world = NULL;
}

static tw_status open_watch(const tw_comm *comm)
{
	char host[HOST] = "";
	int length;
	TW_MPI(MPI_Get_processor_name(host, &length));
	TW_MPI(MPI_Allgather(host, HOST, MPI_CHAR, watch.host, HOST, MPI_CHAR, comm->mpi));
	TW_MPI(MPI_Comm_dup(comm->mpi, &watch.mpi));
	return TW_OK;
}

tw_status tw_comm_watch(tw_comm *comm, double seconds, const char *advice)
{
	if (comm->size == 1) return TW_OK;
	tw_status status = tw_watch_is_on ? tw_fail(TW_INTERNAL, "the ranks are watched already") : TW_OK;
	TW_TRY(tw_comm_agree(comm, status));
	status = tw_alloc_array((void **)&watch.peer, comm->size, sizeof *watch.peer, "a watch");
	if (status == TW_OK) status = tw_alloc_array((void **)&watch.host, comm->size, sizeof *watch.host, "a watch");
	status = tw_comm_agree(comm, status);
	if (status == TW_OK) status = open_watch(comm);
	if (status != TW_OK) {
		release();
		return status;
	}
	watch.world = comm;
	watch.seconds = seconds;
	watch.advice = advice;
	watch.last_look = tw_now();
	tw_watch_is_on = true;
	return TW_OK;
}

static bool is_answer_missing(void)
{
	for (int r = 0; r < watch.world->size; r++)
		if (watch.peer[r].asked > 0) return true;
	return false;
}

/* Each question has one answer. After the first barrier nobody asks any more, after the second one nobody waits for an
 * answer. */
static tw_status settle(const tw_comm *comm)
{
	TW_TRY(tw_comm_barrier((tw_comm *)comm));
	watch.ending = true;
	while (is_answer_missing()) TW_TRY(take_messages());
	return tw_comm_barrier((tw_comm *)comm);
}

void tw_watch_stop(const tw_comm *comm)
{
	if (!tw_watch_is_on || comm != watch.world) return;
	if (settle(comm) != TW_OK) tw_log(TW_LOG_ERROR, "%s", tw_message());
	tw_watch_is_on = watch.ending = false;
	MPI_Comm_free(&watch.mpi);
	release();
}
