# shellcheck shell=bash
# How a batch script starts a run that can be stopped and goes on; sourced by the scripts beside it.
#
# A signal to the script becomes SIGUSR1 to mpirun, which reaches all ranks at once: they write a checkpoint at their
# next step and leave, and mpirun returns 75. (SIGTERM to mpirun would give them a second, and return 1.)

go_on_code=75      # interrupted; the same command with --resume goes on
too_early_code=138 # the signal came before the program could take it, and ended it: nothing is lost
signalled=no job='' code=0

forward() {
	signalled=yes waited=no
	[ -z "$job" ] || kill -USR1 "$job" 2>/dev/null || true
}

# run_stoppable COMMAND...: runs it, passes USR1, TERM, INT and HUP on as USR1, and sets `code` to what it returned.
run_stoppable() {
	trap forward USR1 TERM INT HUP
	"$@" </dev/null &
	job=$!
	[ $signalled = no ] || kill -USR1 "$job" 2>/dev/null || true # it came before there was a job
	# A signal ends `wait`, but not the job.
	local waited=no
	while [ $waited = no ]; do
		waited=yes code=0
		wait "$job" || code=$?
	done
	job=
	# Bash may lose the code of a job that ends in the instant of a signal, and says -1. Then the command is repeated:
	# what was done stays done.
	[ "$code" -ge 0 ] || code=$go_on_code
}

may_go_on() { [ "$code" -eq $go_on_code ] || { [ "$code" -eq $too_early_code ] && [ $signalled = yes ]; }; }

# run_requeued COMMAND...: the same as the last command of a batch script. A job that was stopped goes back into the
# queue, unless Slurm is ending it for another reason, as after scancel.
run_requeued() {
	# The number of a task may be that of its array, too, and would stand for all tasks.
	local task=$SLURM_JOB_ID
	[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
	run_stoppable "$@"
	if may_go_on && [ "$(squeue --noheader --jobs="$task" --format=%T)" = RUNNING ]; then
		echo "stopped with a checkpoint; job $task goes back into the queue"
		scontrol requeue "$task"
	fi
	exit "$code"
}
