/* Communicators: start and end of MPI, the process alone, groups. */
#include "comm/comm.h"
#include "comm/watch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Set by mpirun, srun and their like in the processes that they start. A process that has none of them was started
 * alone: MPI would find one rank, but take a third of a second to say so. */
static const char *const launcher_variables[] = {
    "OMPI_COMM_WORLD_SIZE", "PMIX_RANK",       "PMIX_NAMESPACE",      "PMI_RANK", "PMI_SIZE", "PMI_FD",
    "PALS_RANKID",          "MPI_LOCALNRANKS", "MV2_COMM_WORLD_SIZE",
};

static bool was_launched(void)
{
	for (size_t i = 0; i < sizeof launcher_variables / sizeof *launcher_variables; i++) {
		if (getenv(launcher_variables[i])) return true;
	}
	return false;
}

static bool is_mpi_running(void)
{
	int initialised = 0, finalised = 0;
	MPI_Initialized(&initialised);
	MPI_Finalized(&finalised);
	return initialised && !finalised;
}

/* Of Open MPI 4's components for one-sided access, rdma prefers itself wrongly: over TCP it takes windows that it
 * cannot serve, and groups of ranks that make windows on one node at the same moment get the same memory. The others
 * serve all cases. A choice that the user has made stays. */
static void choose_components(void) { setenv("OMPI_MCA_osc", "^rdma", 0); }

/* ---- failures of MPI ----------------------------------------------------------------------------------------- */

/* The first one of this process. */
static struct {
	atomic_int state; /* 0: none; 1: its message is being written; 2: it is there */
	char message[2048];
} failure;

tw_status tw_comm_failure(void)
{
	const int state = atomic_load(&failure.state);
	if (state == 0) return TW_OK;
	return tw_fail(TW_INTERNAL, "%s", state == 2 ? failure.message : "MPI has failed on this rank");
}

void tw_comm_give_up(void)
{
	int rank = 0, size = 1, none = 0, length = 0;
	char from[32] = "";
	if (!atomic_compare_exchange_strong(&failure.state, &none, 1)) return;
	if (is_mpi_running() && MPI_Comm_rank(MPI_COMM_WORLD, &rank) == MPI_SUCCESS &&
	    MPI_Comm_size(MPI_COMM_WORLD, &size) == MPI_SUCCESS && size > 1)
		snprintf(from, sizeof from, "rank %d: ", rank);
	if (sscanf(tw_message(), "rank %d: %n", &rank, &length) == 1 && length > 0) from[0] = 0;
	snprintf(failure.message, sizeof failure.message, "%s%s", from, tw_message());
	atomic_store(&failure.state, 2);
}

tw_status tw_mpi_fail(int code, const char *call)
{
	char text[MPI_MAX_ERROR_STRING] = "MPI could not be started";
	int length = 0;
	if (is_mpi_running()) MPI_Error_string(code, text, &length); /* it is not to be called before */
	tw_fail(TW_INTERNAL, "%.*s failed: %s", (int)strcspn(call, "("), call, text);
	tw_comm_give_up();
	return tw_comm_failure();
}

/* ---- communicators ------------------------------------------------------------------------------------------- */

/* Takes mpi over, unless it fails. */
static tw_status wrap(tw_comm *comm, MPI_Comm mpi)
{
	TW_MPI(MPI_Comm_set_errhandler(mpi, MPI_ERRORS_RETURN));
	TW_MPI(MPI_Comm_rank(mpi, &comm->rank));
	TW_MPI(MPI_Comm_size(mpi, &comm->size));
	comm->mpi = mpi;
	return TW_OK;
}

tw_status tw_comm_self(tw_comm **out)
{
	TW_TRY(tw_alloc((void **)out, sizeof **out, "a communicator"));
	(*out)->size = 1;
	(*out)->mpi = MPI_COMM_NULL;
	return TW_OK;
}

static tw_status start(tw_comm *comm)
{
	int finalised = 0;
	MPI_Finalized(&finalised);
	TW_CHECK(!finalised, TW_INTERNAL, "MPI has been finalised: create the communicator of the world only once");
	if (!is_mpi_running()) {
		if (!was_launched()) return TW_OK;
		int granted;
		choose_components();
		TW_MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &granted));
		comm->finalises = true;
		TW_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
	}
	MPI_Comm mpi;
	TW_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &mpi));
	return wrap(comm, mpi);
}

tw_status tw_comm_world(tw_comm **out)
{
	TW_TRY(tw_comm_self(out));
	tw_status status = start(*out);
	if (status != TW_OK) {
		tw_comm_free(*out);
		*out = NULL;
	}
	return status;
}

tw_status tw_comm_split(tw_comm *comm, int color, tw_comm **out)
{
	tw_status status = tw_comm_self(out);
	if (status == TW_OK && color < 0) status = tw_fail(TW_INTERNAL, "color %d of a group of ranks is negative", color);
	status = tw_comm_agree(comm, status);
	if (status == TW_OK && comm->size > 1) {
		MPI_Comm mpi;
		TW_MPI(MPI_Comm_split(comm->mpi, color, comm->rank, &mpi));
		return wrap(*out, mpi);
	}
	if (status != TW_OK) {
		tw_comm_free(*out);
		*out = NULL;
	}
	return status;
}

void tw_comm_free(tw_comm *comm)
{
	if (!comm) return;
	if (is_mpi_running() && tw_comm_failure() == TW_OK) {
		tw_watch_stop(comm);
		if (comm->mpi != MPI_COMM_NULL) MPI_Comm_free(&comm->mpi);
		int code = comm->finalises ? MPI_Finalize() : MPI_SUCCESS;
		if (code != MPI_SUCCESS) tw_mpi_fail(code, "MPI_Finalize");
	}
	tw_free(comm->leaves);
	tw_free(comm->counts);
	tw_free(comm);
}

int tw_comm_rank(const tw_comm *comm) { return comm->rank; }
int tw_comm_size(const tw_comm *comm) { return comm->size; }

const char *tw_comm_library(void)
{
	static char text[MPI_MAX_LIBRARY_VERSION_STRING];
	int length = 0;
	if (!*text && MPI_Get_library_version(text, &length) != MPI_SUCCESS) return "MPI of an unknown version";
	text[strcspn(text, "\n")] = 0;
	return text;
}

const char *tw_comm_thread_level(void)
{
	if (!is_mpi_running()) return "none: one process, MPI is not started";
	int level;
	if (MPI_Query_thread(&level) != MPI_SUCCESS) return "unknown";
	return level == MPI_THREAD_MULTIPLE     ? "multiple"
	       : level == MPI_THREAD_SERIALIZED ? "serialized"
	       : level == MPI_THREAD_FUNNELED   ? "funneled"
	                                        : "single";
}

bool tw_comm_threads_may_call(void)
{
	int level;
	return !is_mpi_running() || (MPI_Query_thread(&level) == MPI_SUCCESS && level >= MPI_THREAD_SERIALIZED);
}

void tw_comm_abort(tw_comm *comm, int exit_code)
{
	fflush(NULL);
	if (is_mpi_running()) MPI_Abort(comm && comm->mpi != MPI_COMM_NULL ? comm->mpi : MPI_COMM_WORLD, exit_code);
	_exit(exit_code);
}
