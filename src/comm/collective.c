/* Agreement on status, small reductions, broadcast, exchange. A communicator of one rank makes no call of MPI. */
#include "comm/watch.h"

#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 2048 };

static int piece(int64_t bytes) { return bytes > TW_COMM_PIECE ? TW_COMM_PIECE : (int)bytes; }

/* The message of root as this thread's message on all ranks. One that names its rank already keeps that. */
static tw_status share_message(tw_comm *comm, tw_status status, int root)
{
	char text[MESSAGE_BYTES];
	int rank, length = 0;
	snprintf(text, sizeof text, "%s", tw_message());
	TW_TRY(tw_comm_broadcast(comm, text, sizeof text, root));
	if (sscanf(text, "rank %d: %n", &rank, &length) == 1 && length > 0) return tw_fail(status, "%s", text);
	return tw_fail(status, "rank %d: %s", root, text);
}

tw_status tw_comm_agree(tw_comm *comm, tw_status status)
{
	if (comm->size == 1) return status;
	/* The largest status, and among the ranks that have it the lowest. */
	int64_t vote = (int64_t)status << 32 | (comm->size - 1 - comm->rank), result;
	TW_WATCHED(comm, "an agreement", MPI_Allreduce, MPI_Iallreduce, &vote, &result, 1, MPI_INT64_T, MPI_MAX, comm->mpi);
	tw_status agreed = (tw_status)(result >> 32);
	if (agreed == TW_OK) return TW_OK;
	return share_message(comm, agreed, comm->size - 1 - (int)(result & INT32_MAX));
}

tw_status tw_comm_broadcast(tw_comm *comm, void *data, size_t bytes, int root)
{
	if (comm->size == 1) return TW_OK;
	char *byte = data;
	for (int64_t left = (int64_t)bytes; left > 0; left -= piece(left), byte += TW_COMM_PIECE) {
		TW_WATCHED(comm, "a broadcast", MPI_Bcast, MPI_Ibcast, byte, piece(left), MPI_BYTE, root, comm->mpi);
	}
	return TW_OK;
}

tw_status tw_comm_barrier(tw_comm *comm)
{
	if (comm->size > 1) TW_WATCHED(comm, "a barrier", MPI_Barrier, MPI_Ibarrier, comm->mpi);
	return TW_OK;
}

tw_status tw_comm_max_double(tw_comm *comm, double *values, int count)
{
	if (comm->size == 1) return TW_OK;
	TW_WATCHED(comm, "an agreement", MPI_Allreduce, MPI_Iallreduce, MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_MAX,
	           comm->mpi);
	return TW_OK;
}

tw_status tw_comm_sum_integer(tw_comm *comm, int64_t *values, int count)
{
	if (comm->size == 1) return TW_OK;
	TW_WATCHED(comm, "a sum of counts", MPI_Allreduce, MPI_Iallreduce, MPI_IN_PLACE, values, count, MPI_INT64_T,
	           MPI_SUM, comm->mpi);
	return TW_OK;
}

tw_status tw_comm_gather_all(tw_comm *comm, const void *mine, size_t bytes, void *all)
{
	if (comm->size > 1 && bytes <= TW_COMM_PIECE) {
		TW_WATCHED(comm, "a gathering", MPI_Allgather, MPI_Iallgather, mine, (int)bytes, MPI_BYTE, all, (int)bytes,
		           MPI_BYTE, comm->mpi);
		return TW_OK;
	}
	char *part = all;
	if (bytes) memcpy(part + (size_t)comm->rank * bytes, mine, bytes);
	for (int root = 0; root < comm->size; root++)
		TW_TRY(tw_comm_broadcast(comm, part + (size_t)root * bytes, bytes, root));
	return TW_OK;
}

static tw_status send_and_receive(tw_comm *comm, const char *send, int sent, int to, char *receive, int received,
                                  int from)
{
	const int tag = 0;
	if (!tw_watch_is_on) {
		TW_MPI(MPI_Sendrecv(send, sent, MPI_BYTE, to, tag, receive, received, MPI_BYTE, from, tag, comm->mpi,
		                    MPI_STATUS_IGNORE));
		return TW_OK;
	}
	MPI_Request request[2];
	TW_MPI(MPI_Irecv(receive, received, MPI_BYTE, from, tag, comm->mpi, &request[0]));
	TW_MPI(MPI_Isend(send, sent, MPI_BYTE, to, tag, comm->mpi, &request[1]));
	return tw_watch_complete(comm, "an exchange of rows", 2, request);
}

/* Two ranks may be each other's or different ones; a direction that has run out of bytes takes part no more. */
static tw_status exchange_pair(tw_comm *comm, const char *send, int64_t send_left, int to, char *receive,
                               int64_t receive_left, int from)
{
	while (send_left > 0 || receive_left > 0) {
		int sent = piece(send_left), received = piece(receive_left);
		TW_TRY(send_and_receive(comm, send, sent, sent ? to : MPI_PROC_NULL, receive, received,
		                        received ? from : MPI_PROC_NULL));
		send += sent, receive += received;
		send_left -= sent, receive_left -= received;
	}
	return TW_OK;
}

static int64_t sum_before(const int64_t *bytes, int rank)
{
	int64_t sum = 0;
	for (int r = 0; r < rank; r++) sum += bytes[r];
	return sum;
}

/* In round d every rank sends to the rank d after it and receives from the rank d before it. */
tw_status tw_comm_exchange(tw_comm *comm, const void *send, const int64_t *send_bytes, void *receive,
                           const int64_t *receive_bytes)
{
	const char *from = send;
	char *to = receive;
	int rank = comm->rank, size = comm->size;
	bool same = send_bytes[rank] == receive_bytes[rank];
	TW_TRY(
	    tw_comm_agree(comm, same ? TW_OK : tw_fail(TW_INTERNAL, "a rank expects other bytes of itself than it sends")));
	if (send_bytes[rank] > 0) {
		memcpy(to + sum_before(receive_bytes, rank), from + sum_before(send_bytes, rank), (size_t)send_bytes[rank]);
	}
	for (int distance = 1; distance < size; distance++) {
		int next = (rank + distance) % size, previous = (rank - distance + size) % size;
		TW_TRY(exchange_pair(comm, from + sum_before(send_bytes, next), send_bytes[next], next,
		                     to + sum_before(receive_bytes, previous), receive_bytes[previous], previous));
	}
	return TW_OK;
}
