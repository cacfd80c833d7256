/* Work shared out, and mail to rank 0.
 *
 * The counters lie in a window of rank 0 that stays open to all ranks, so a fetch-and-add needs no partner in the
 * program; where the network cannot add by itself, rank 0 does it whenever it enters MPI. Mail goes by non-blocking
 * messages on both sides: a large one moves on in every call and holds nobody up. A communicator of one rank has
 * counters and mail of its own and makes no call of MPI. */
#include "comm/watch.h"

#include <pthread.h>
#include <string.h>

/* Mail is sent with one tag; the other is never sent: looking for it makes MPI move on without taking mail. */
enum { MAIL, NOTHING };

typedef struct letter letter;
struct letter {
	letter *next;
	MPI_Request request;
	void *bytes;
	size_t size;
};

struct tw_queue {
	tw_comm *comm; /* that it was made for */
	int rank, counters;
	MPI_Comm mpi; /* MPI_COMM_NULL: one rank, no MPI */
	MPI_Win window;
	int64_t *value; /* the counters; on rank 0 alone */
	double seconds;

	/* In the order sent. Rank 0: its own mail, not yet received; other ranks: what is still under way. */
	letter *first, *last;
	int64_t sent; /* letters given to MPI */

	/* Rank 0: the one letter that is being received. */
	MPI_Message matched; /* found, but not yet given memory; else MPI_MESSAGE_NULL */
	MPI_Request arriving;
	void *bytes; /* where it arrives; NULL: none does */
	int size;
	int64_t received; /* letters that MPI has delivered */
};

/* Threads take turns in MPI whatever queue they call. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static double begin_turn(void)
{
	double start = tw_now();
	pthread_mutex_lock(&turn);
	return start;
}

static void end_turn(tw_queue *queue, double start)
{
	queue->seconds += tw_now() - start;
	pthread_mutex_unlock(&turn);
}

/* ---- letters ------------------------------------------------------------------------------------------------- */

static void free_letter(letter *letter)
{
	if (letter) tw_free(letter->bytes);
	tw_free(letter);
}

static tw_status write_letter(const void *bytes, size_t size, letter **out)
{
	TW_TRY(tw_alloc((void **)out, sizeof **out, "a message to rank 0"));
	letter *letter = *out;
	letter->request = MPI_REQUEST_NULL;
	letter->size = size;
	tw_status status = tw_alloc(&letter->bytes, size, "a message to rank 0");
	if (status != TW_OK) free_letter(letter);
	if (status == TW_OK && size > 0) memcpy(letter->bytes, bytes, size);
	return status;
}

static void append(tw_queue *queue, letter *letter)
{
	*(queue->first ? &queue->last->next : &queue->first) = letter;
	queue->last = letter;
}

static letter *take_first(tw_queue *queue)
{
	letter *letter = queue->first;
	if (letter) queue->first = letter->next;
	return letter;
}

/* ---- in MPI -------------------------------------------------------------------------------------------------- */

/* The queue's own communicator and window. */
static tw_status open_window(tw_queue *queue, const tw_comm *comm)
{
	const int unit = sizeof *queue->value;
	MPI_Aint bytes = queue->rank == 0 ? (MPI_Aint)queue->counters * unit : 0;
	TW_MPI(MPI_Comm_dup(comm->mpi, &queue->mpi));
	int code = MPI_Win_allocate(bytes, unit, MPI_INFO_NULL, queue->mpi, &queue->value, &queue->window);
	if (code != MPI_SUCCESS)
		return tw_mpi_fail(code, "MPI_Win_allocate, which Open MPI 4 can do with OMPI_MCA_osc=^rdma,");
	if (bytes > 0) memset(queue->value, 0, (size_t)bytes);
	TW_MPI(MPI_Win_set_errhandler(queue->window, MPI_ERRORS_RETURN));
	TW_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, queue->window));
	TW_MPI(MPI_Win_sync(queue->window));
	TW_MPI(MPI_Barrier(queue->mpi));
	return TW_OK;
}

/* Also where nothing of this queue is under way: other ranks may wait for rank 0 to add. */
static tw_status move_on(tw_queue *queue)
{
	int found, complete = 1;
	if (tw_watch_is_on) TW_TRY(tw_watch_sign());
	TW_MPI(MPI_Iprobe(MPI_ANY_SOURCE, NOTHING, queue->mpi, &found, MPI_STATUS_IGNORE));
	while (queue->rank > 0 && queue->first && complete) {
		TW_MPI(MPI_Test(&queue->first->request, &complete, MPI_STATUS_IGNORE));
		if (complete) free_letter(take_first(queue));
	}
	return TW_OK;
}

static tw_status add(tw_queue *queue, int counter, int64_t amount, int64_t *before)
{
	if (tw_watch_is_on) {
		MPI_Request request;
		TW_MPI(MPI_Rget_accumulate(&amount, 1, MPI_INT64_T, before, 1, MPI_INT64_T, 0, counter, 1, MPI_INT64_T, MPI_SUM,
		                           queue->window, &request));
		TW_TRY(tw_watch_complete(queue->comm, "the queue of work", 1, &request));
	} else {
		TW_MPI(MPI_Fetch_and_op(&amount, before, MPI_INT64_T, 0, counter, MPI_SUM, queue->window));
		TW_MPI(MPI_Win_flush(0, queue->window));
	}
	return move_on(queue);
}

/* Takes letter over, unless it fails. */
static tw_status post(tw_queue *queue, letter *letter)
{
	TW_MPI(MPI_Isend(letter->bytes, (int)letter->size, MPI_BYTE, 0, MAIL, queue->mpi, &letter->request));
	queue->sent++;
	append(queue, letter);
	return TW_OK;
}

/* Looks for a letter and lets it come in. One for which there is no memory is tried again at the next call. */
static tw_status begin_arrival(tw_queue *queue)
{
	if (queue->matched == MPI_MESSAGE_NULL) {
		int found;
		MPI_Message matched;
		MPI_Status status;
		TW_MPI(MPI_Improbe(MPI_ANY_SOURCE, MAIL, queue->mpi, &found, &matched, &status));
		if (!found) return TW_OK;
		queue->matched = matched;
		TW_MPI(MPI_Get_count(&status, MPI_BYTE, &queue->size));
	}
	TW_TRY(tw_alloc(&queue->bytes, (size_t)queue->size, "a message received"));
	TW_MPI(MPI_Imrecv(queue->bytes, queue->size, MPI_BYTE, &queue->matched, &queue->arriving));
	return TW_OK;
}

static tw_status receive(tw_queue *queue, void **bytes, size_t *size)
{
	int complete = 0;
	if (!queue->bytes) TW_TRY(begin_arrival(queue));
	if (!queue->bytes) return TW_OK;
	TW_MPI(MPI_Test(&queue->arriving, &complete, MPI_STATUS_IGNORE));
	if (!complete) return TW_OK;
	*bytes = queue->bytes;
	*size = (size_t)queue->size;
	queue->bytes = NULL;
	queue->received++;
	return TW_OK;
}

/* The sum of what all ranks have sent tells rank 0 when nothing is on its way any more; that all take part in it tells
 * that nobody sends or adds from here on. */
static tw_status close_window(tw_queue *queue)
{
	int64_t sent;
	if (tw_watch_is_on) TW_TRY(tw_comm_barrier(queue->comm));
	TW_MPI(MPI_Allreduce(&queue->sent, &sent, 1, MPI_INT64_T, MPI_SUM, queue->mpi));
	while (queue->rank == 0 && queue->received < sent) {
		void *bytes = NULL;
		size_t size;
		TW_TRY(receive(queue, &bytes, &size));
		tw_free(bytes);
	}
	while (queue->rank > 0 && queue->first) TW_TRY(move_on(queue));
	TW_MPI(MPI_Win_unlock_all(queue->window));
	TW_MPI(MPI_Win_free(&queue->window));
	TW_MPI(MPI_Comm_free(&queue->mpi));
	return TW_OK;
}

/* ---- the public calls ---------------------------------------------------------------------------------------- */

static tw_status create(tw_comm *comm, int counters, tw_queue **out)
{
	TW_CHECK(counters >= 0, TW_INTERNAL, "a queue of %d counters: the number is negative", counters);
	TW_TRY(tw_alloc((void **)out, sizeof **out, "a queue"));
	**out = (tw_queue){
	    .comm = comm,
	    .rank = comm->rank,
	    .counters = counters,
	    .mpi = MPI_COMM_NULL,
	    .window = MPI_WIN_NULL,
	    .matched = MPI_MESSAGE_NULL,
	    .arriving = MPI_REQUEST_NULL,
	};
	if (comm->size > 1) return TW_OK;
	return tw_alloc_array((void **)&(*out)->value, counters, sizeof *(*out)->value, "the counters of a queue");
}

tw_status tw_queue_create(tw_comm *comm, int counters, tw_queue **out)
{
	*out = NULL;
	pthread_mutex_lock(&turn);
	tw_status status = tw_comm_agree(comm, create(comm, counters, out));
	if (status == TW_OK && comm->size > 1) status = tw_comm_agree(comm, open_window(*out, comm));
	pthread_mutex_unlock(&turn);
	if (status == TW_OK) return TW_OK;
	tw_free(*out); /* what MPI made of it on some ranks alone cannot be freed by all */
	*out = NULL;
	return status;
}

void tw_queue_free(tw_queue *queue)
{
	if (!queue) return;
	if (queue->mpi == MPI_COMM_NULL) {
		tw_free(queue->value);
	} else {
		tw_status status = TW_OK;
		pthread_mutex_lock(&turn);
		status = tw_comm_failure();
		if (status == TW_OK) status = close_window(queue);
		pthread_mutex_unlock(&turn);
		if (status != TW_OK) { /* the other ranks wait for this one, and what is under way may use the memory */
			tw_comm_give_up();
			return;
		}
	}
	while (queue->first) free_letter(take_first(queue));
	tw_free(queue);
}

tw_status tw_queue_add(tw_queue *queue, int counter, int64_t amount, int64_t *before)
{
	TW_CHECK(counter >= 0 && counter < queue->counters, TW_INTERNAL, "counter %d of a queue that has %d", counter,
	         queue->counters);
	tw_status status = TW_OK;
	double start = begin_turn();
	if (queue->mpi == MPI_COMM_NULL) {
		*before = queue->value[counter];
		queue->value[counter] += amount;
	} else {
		status = add(queue, counter, amount, before);
	}
	end_turn(queue, start);
	return status;
}

tw_status tw_queue_send(tw_queue *queue, const void *bytes, size_t size)
{
	TW_CHECK(size <= TW_COMM_PIECE, TW_INTERNAL, "a message of %zu bytes to rank 0 exceeds %d: send it in parts", size,
	         TW_COMM_PIECE);
	letter *letter;
	double start = tw_now();
	TW_TRY(write_letter(bytes, size, &letter));
	tw_status status = TW_OK;
	pthread_mutex_lock(&turn);
	if (queue->rank == 0) {
		append(queue, letter);
	} else {
		status = post(queue, letter);
		if (status != TW_OK) free_letter(letter);
	}
	if (status == TW_OK && queue->mpi != MPI_COMM_NULL) status = move_on(queue);
	end_turn(queue, start);
	return status;
}

tw_status tw_queue_receive(tw_queue *queue, void **bytes, size_t *size)
{
	*bytes = NULL;
	*size = 0;
	TW_CHECK(queue->rank == 0, TW_INTERNAL, "rank %d receives mail that goes to rank 0", queue->rank);
	tw_status status = TW_OK;
	double start = begin_turn();
	if (queue->mpi != MPI_COMM_NULL) status = receive(queue, bytes, size);
	if (status == TW_OK && !*bytes && queue->first) {
		letter *letter = take_first(queue);
		*bytes = letter->bytes;
		*size = letter->size;
		tw_free(letter);
	}
	end_turn(queue, start);
	return status;
}

tw_status tw_queue_progress(tw_queue *queue)
{
	if (queue->mpi == MPI_COMM_NULL) return TW_OK;
	double start = begin_turn();
	tw_status status = move_on(queue);
	end_turn(queue, start);
	return status;
}

double tw_queue_seconds(tw_queue *queue)
{
	pthread_mutex_lock(&turn);
	double seconds = queue->seconds;
	pthread_mutex_unlock(&turn);
	return seconds;
}
