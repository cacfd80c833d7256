#!/bin/bash
# The scripts of scripts/slurm against a real Slurm: runs with a time limit that they cannot meet are signalled, write a
# checkpoint, go back into the queue, go on, and end with the bits of the run that nobody stopped.
#
# usage: THALWEG=build/release/thalweg tests/slurm/test_slurm.sh 1|2            on one node, or two
#
# Starts Debian's Slurm by hand, with nodes in network namespaces, and stops it. Root only; some five minutes.
set -u
here=$(cd "$(dirname "$0")" && pwd)
nodes=${1:-}
case $nodes in
1 | 2) ;;
*) echo "usage: $0 1|2" >&2; exit 2 ;;
esac

# ---- what it needs ---------------------------------------------------------------------------------------------------

if [ "${THALWEG_SLURM_INSIDE:-}" != yes ]; then
	[ "$(id -u)" -eq 0 ] || { echo "skipped: only root may make network namespaces"; exit 77; }
	# shellcheck source=scripts/packages.sh
	. "$here/../../scripts/packages.sh"
	ensure_packages slurm-wlm munge iproute2 util-linux openmpi-bin || true
	for need in slurmctld:slurm-wlm slurmd:slurm-wlm sbatch:slurm-wlm munged:munge ip:iproute2 nsenter:util-linux \
		mpirun:openmpi-bin; do
		command -v "${need%:*}" >/dev/null || { echo "skipped: no ${need%:*}; package ${need#*:} is missing"; exit 77; }
	done
	private=(unshare --net --uts --mount --pid --fork --kill-child --mount-proc)
	"${private[@]}" ip link add bridge type bridge 2>/dev/null ||
		{ echo "skipped: no network namespaces with a bridge can be made here"; exit 77; }
	# Everything below happens in namespaces of its own; with their first process all of it ends.
	THALWEG_SLURM_INSIDE=yes "${private[@]}" bash "$0" "$@" &
	inside=$!
	trap 'pkill -TERM -P $inside' TERM HUP INT # unshare itself ignores them
	while :; do
		code=0
		wait $inside || code=$?
		kill -0 $inside 2>/dev/null || exit $code
	done
fi
# shellcheck source=tests/cli/common.sh
. "$here/../cli/common.sh"
scripts=$(cd "$here/../../scripts/slurm" && pwd)
export CLUSTER=$work/cluster THALWEG=$thalweg MPIRUN=$mpirun TMPDIR=$work/tmp
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
unset "${!SLURM_@}"
mkdir -p "$CLUSTER" "$TMPDIR"
# shellcheck source=tests/slurm/cluster.sh
. "$here/cluster.sh"

leave()
{
	trap - EXIT
	if [ "${failures:-0}" -gt 0 ]; then tail -n 20 "$CLUSTER"/slurm*.log "$work"/*.log; fi 2>/dev/null
	stop_cluster
	cd /
	if [ "${THALWEG_KEEP:-}" = 1 ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap leave EXIT
trap 'exit 130' INT TERM HUP

start_cluster "$nodes" || { failures=1; exit 1; }
echo "$(slurmctld -V), $nodes node(s) after $SECONDS s"
sinfo --Node --long

# ---- looking at jobs -------------------------------------------------------------------------------------------------

of_job() { scontrol show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1; } # JOB KEY

# state_is JOB STATE...
state_is()
{
	local job=$1 state
	shift
	state=$(of_job "$job" JobState)
	[[ " $* " == *" $state "* ]]
}
at_end() { state_is "$1" COMPLETED FAILED CANCELLED TIMEOUT NODE_FAIL OUT_OF_MEMORY DEADLINE PREEMPTED; }
began() { [ -s "$1/metrics.csv.part" ]; }

# follow JOB SECONDS: prints each change of its state until it is at its end.
follow()
{
	local job=$1 end=$((SECONDS + $2)) before='' now
	while [ $SECONDS -lt $end ]; do
		now="$(of_job "$job" JobState), part $(($(of_job "$job" Restarts) + 1))"
		[ "$now" = "$before" ] || echo "  job $job after $SECONDS s: $now"
		before=$now
		at_end "$job" && return
		sleep 0.5
	done
	return 1
}

# done_in_parts NAME JOB LOG: the job came to its end, and each part before the last was stopped by the signal.
done_in_parts()
{
	local restarts
	restarts=$(of_job "$2" Restarts)
	check "$1: state $(of_job "$2" JobState), not COMPLETED" state_is "$2" COMPLETED
	check "$1: exit code $(of_job "$2" ExitCode)" [ "$(of_job "$2" ExitCode)" = 0:0 ]
	check "$1: each part but the last was stopped by the signal" \
		[ "$(grep -c 'goes back into the queue' "$3")" -eq "$restarts" ]
	check "$1: the log of all parts is there" \
		[ "$(grep -c 'the same command with --resume goes on' "$3")" -eq "$restarts" ]
	check "$1: no part ran into the time limit" bash -c '! grep -q "DUE TO TIME LIMIT" "$1"' bash "$3"
	echo "  $1: done in $((restarts + 1)) parts"
}

same_end() # NAME FOLDER REFERENCE
{
	check "$1: theta" [ "$(value "$2/summary.json" theta_sha256)" = "$(value "$3/summary.json" theta_sha256)" ]
	check "$1: metrics.csv" cmp -s "$2/metrics.csv" "$3/metrics.csv"
	check "$1: files" [ "$(ls "$2")" = "$(ls "$3")" ]
	echo "  $1: theta_sha256 $(value "$2/summary.json" theta_sha256)"
}

# Slurm looks at time limits twice a minute: the signal comes 5 to 35 s after the begin.
limit=(--time=2 --signal=B:USR1@85)
# Seconds that a run works, in three parts or so; fewer suit processors that others use, too.
wanted=${THALWEG_SLURM_SECONDS:-60}
slowest=1800

# ---- mpirun with a hostfile; how fast the run is on these nodes ------------------------------------------------------

# Checkpoints come from signals alone.
cat >run.yaml <<'YAML'
threads: 1
network: {hidden: [10, 10]}
method: {batch: 20, chunks: 4, update: adam, step_size: 0.01}
stop: {steps: 1000000000}
metrics: {cost_every: 1000, gradient_norm_every: 5000}
checkpoint: {every_seconds: 3600}
YAML
for node in $(seq "$nodes"); do echo "node$node slots=2"; done >hosts
export OMPI_MCA_plm_rsh_agent=$here/enter.sh
# Two nodes here have the same processors, and would bind their ranks to the same of them.
[ "$nodes" -eq 1 ] || export MPIRUN_FLAGS="--bind-to none"
hostfile=(bash "$scripts/hostfile.sh")
on_hosts=(hosts "$((2 / nodes))" 1 train run.yaml --quiet)

echo "hostfile"
exits "hostfile: time limit" 75 "${hostfile[@]}" "${on_hosts[@]}" --output measured --max-seconds 5
rate=$(awk -v steps="$(value measured/summary.json steps)" -v seconds="$(value measured/summary.json seconds)" \
	'BEGIN { printf "%d", steps / seconds }')
check "hostfile: ranks on $nodes node(s)" [ "$(value measured/summary.json ranks)" -eq 2 ]
few=$((rate * 20))
exits "hostfile: reference" 0 "$thalweg" train run.yaml --set stop.steps=$few --output few --quiet
on_hosts+=(--set "stop.steps=$few" --output hosts_run)

"${hostfile[@]}" --until-done "${on_hosts[@]}" >out 2>err &
pid=$!
check "hostfile: the run began" wait_until "the run on hosts" 30 began hosts_run
kill -TERM $pid
wait $pid
code=$?
check "hostfile: exit code $code, not 75" [ $code -eq 75 ]
says "hostfile" "the same command with --resume goes on"
check "hostfile: checkpoint" ls hosts_run/checkpoint-*.h5 >out
exits "hostfile: until done" 0 "${hostfile[@]}" --until-done "${on_hosts[@]}" --max-seconds 3
check "hostfile: until done, in parts" [ "$(grep -c 'the same command with --resume goes on' err)" -ge 1 ]
same_end "hostfile" hosts_run few
unset OMPI_MCA_plm_rsh_agent

# ---- batch scripts ---------------------------------------------------------------------------------------------------

if [ "$nodes" -eq 1 ]; then
	script=$scripts/one-node.sbatch
	layout=(--nodes=1 --ntasks-per-node=2 --cpus-per-task=1)
else
	script=$scripts/many-nodes.sbatch
	layout=(--nodes=2 --ntasks-per-node=1 --cpus-per-task=1)
fi
basename "$script"
steps=$((rate * wanted / 1000 * 1000 + 7))
for _ in 1 2 3; do
	echo "  $steps steps to be done, $rate/s"
	job=$(MPIRUN_FLAGS="--display-map ${MPIRUN_FLAGS:-}" sbatch --parsable "${limit[@]}" "${layout[@]}" \
		--output=train.log "$script" run.yaml slurm_run --set stop.steps=$steps --quiet)
	check "train: submitted" [ -n "$job" ]
	check "train: at its end" follow "$job" $slowest
	[ "$(of_job "$job" Restarts)" -eq 0 ] || break
	# Where others used the processors before, and no longer do, it may have met its time limit.
	rm -rf slurm_run train.log
	steps=$((steps * 4))
done
check "train: requeued" [ "$(of_job "$job" Restarts)" -ge 1 ]
done_in_parts "train" "$job" train.log
exits "train: reference" 0 "$thalweg" train run.yaml --set stop.steps=$steps --output whole --quiet
same_end "train" slurm_run whole
check "train: 2 ranks" [ "$(value slurm_run/summary.json ranks)" -eq 2 ]
for node in $(seq "$nodes"); do check "train: on node$node" grep -q "Data for node: node$node" train.log; done

echo "scancel"
job=$(sbatch --parsable "${layout[@]}" --output=cancelled.log "$script" run.yaml cancelled --quiet)
check "scancel: the run began" wait_until "the run to be cancelled" 60 began cancelled
scancel "$job"
check "scancel: at its end" follow "$job" 60
check "scancel: nothing runs" wait_until "nothing runs" 40 no_jobs
check "scancel: state $(of_job "$job" JobState)" state_is "$job" CANCELLED
check "scancel: checkpoint" ls cancelled/checkpoint-*.h5 >out

# measured_seconds COMMAND...: keeps the processor time that it took in the file `seconds`.
measured_seconds() { (TIMEFORMAT=%U; { time "$@" >/dev/null; } 2>seconds); }

# ---- a job array over the slices of a sweep --------------------------------------------------------------------------

echo "sweep-array.sbatch"
grid="threads: 1
method: {batch: 10, step_size: 0.05}
stop: {steps: 2000}"
printf '%s\nsweep: {starts: 512, widths: [20]}\n' "$grid" >slow.yaml
exits "sweep: how fast" 0 measured_seconds "$thalweg" sweep slow.yaml --quiet
starts=$(awk -v seconds="$(tail -n 1 seconds)" -v wanted="$wanted" \
	'BEGIN { printf "%d", 512 * wanted * 2 / 3 / seconds }')
printf '%s\n' "--set sweep.widths=[1,2]" "--set sweep.widths=[3] --set sweep.hidden_layers=[2,1]" \
	"--set sweep.widths=[20]" >slices
# Slices that are under way at the same time have the same processors, too.
export MPIRUN_FLAGS="--bind-to none"
for _ in 1 2 3; do
	# The last slice is the slow one.
	printf '%s\nsweep: {starts: 10, hidden_layers: [1, 2], widths: [1, 2, 3, 20], overrides: [%s]}\n' "$grid" \
		"{when: {widths: 20, hidden_layers: 1}, starts: $starts}" >sweep.yaml
	echo "  $starts starts in the slow slice"
	job=$(sbatch --parsable --array=1-3 "${limit[@]}" --nodes=1 --ntasks-per-node=1 --cpus-per-task=1 \
		--output=sweep-%a.log "$scripts/sweep-array.sbatch" sweep.yaml slices slices_run)
	check "sweep: submitted" [ -n "$job" ]
	for slice in 1 2 3; do
		check "sweep: slice $slice at its end" follow "${job}_$slice" $slowest
		done_in_parts "sweep: slice $slice" "${job}_$slice" sweep-$slice.log
	done
	[ "$(of_job "${job}_3" Restarts)" -eq 0 ] || break
	rm -rf slices_run sweep-*.log
	starts=$((starts * 4))
done
check "sweep: slice 3: requeued" [ "$(of_job "${job}_3" Restarts)" -ge 1 ]
exits "sweep: reference" 0 "$thalweg" sweep sweep.yaml --threads 2 --output whole_sweep --quiet
exits "sweep: merged" 0 "$scripts/merge_runs.sh" slices_run/slice-{1,2,3}/runs.csv
mv out merged.csv
for table in merged whole_sweep/runs; do tail -n +2 $table.csv | cut -d, -f2- | sort >${table%/*}.rows; done
check "sweep: the slices' runs are those of the whole sweep" cmp -s merged.rows whole_sweep.rows
check "sweep: as many runs" [ "$(wc -l <merged.csv)" -eq "$(wc -l <whole_sweep/runs.csv)" ]
check "sweep: numbers of runs" [ "$(tail -n 1 merged.csv | cut -d, -f1)" -eq $(($(wc -l <merged.csv) - 2)) ]
exits "sweep: compared" 0 "$thalweg" compare merged.csv whole_sweep/runs.csv
exits "sweep: a slice twice" 3 "$scripts/merge_runs.sh" slices_run/slice-{1,1}/runs.csv

# Slices of the outermost list, in its order, are the table of the whole sweep.
for layers in 1 2; do
	exits "sweep: layers" 0 "$thalweg" sweep slow.yaml --set "sweep.widths=[2,3]" --set sweep.starts=5 \
		--set "sweep.hidden_layers=[$layers]" --output layers-$layers --quiet
done
exits "sweep: both layers" 0 "$thalweg" sweep slow.yaml --set "sweep.widths=[2,3]" --set sweep.starts=5 \
	--set "sweep.hidden_layers=[1,2]" --output layers --quiet
exits "sweep: layers merged" 0 "$scripts/merge_runs.sh" layers-{1,2}/runs.csv
check "sweep: byte by byte" cmp -s out layers/runs.csv
echo "after $SECONDS s:"
finish
