/* What the files of comm share: the communicator itself and MPI's errors as status. */
#ifndef THALWEG_COMM_COMM_H
#define THALWEG_COMM_COMM_H

#include <thalweg/comm.h>

#include <mpi.h>

struct tw_comm {
	int rank, size;
	MPI_Comm mpi;   /* MPI_COMM_NULL where no call of MPI is needed: size is 1 */
	bool finalises; /* this communicator started MPI and ends it */
	double *leaves; /* tw_tree_sum: the leaves of all ranks */
	int64_t leaves_capacity;
	int *counts; /* tw_tree_sum: 2 size integers for MPI_Allgatherv */
};

/* The longest message or count handed to MPI at once. */
enum { TW_COMM_PIECE = 1 << 30 };

/* TW_INTERNAL with MPI's own text of the error and the rank, told by tw_comm_failure from now on. */
tw_status tw_mpi_fail(int code, const char *call);
/* This thread's message is that of a failure which the other ranks cannot be told of: tw_comm_failure tells it from now
 * on. */
void tw_comm_give_up(void);

/* Returns from the calling function when an MPI call fails, or one has failed before: then none is made. */
#define TW_MPI(call)                                                      \
	do {                                                                  \
		TW_TRY(tw_comm_failure());                                        \
		int tw_code_ = (call);                                            \
		if (tw_code_ != MPI_SUCCESS) return tw_mpi_fail(tw_code_, #call); \
	} while (0)

#endif
