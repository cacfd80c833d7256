#!/bin/bash
# --hang-timeout: a rank that is stopped is named, with its host, in one line, and the job ends; a job that is alive
# goes on, with the same bits.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
needs_mpirun
command -v pgrep >/dev/null || skip "no pgrep"

seconds=2
cat >run.yaml <<'END'
network: {hidden: [10, 10]}
method: {batch: 20, chunks: 4, step_size: 0.01}
stop: {steps: 1000000000, gradient_norm: none}
metrics: {cost_every: 1000}
END
cat >sweep.yaml <<'END'
network: {hidden: [10, 10], activation: tanh}
penalty: {l2: 0.001}
method: {chunks: 4, step_size: 0.01}
stop: {steps: 1000000000}
sweep: {starts: 8}
END
# Runs that go through ensembles: the ranks do not meet before the end.
cat >ensembles.yaml <<'END'
network: {hidden: [5], activation: tanh}
method: {step_size: 0.01}
stop: {steps: 1000000000}
sweep: {starts: 500}
END

rank_of() { tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | sed -n 's/^OMPI_COMM_WORLD_RANK=//p'; }

# The process of a rank of the job that mpirun, PID, has started; empty: there is none yet.
process_of() # PID RANK
{
	local process
	for process in $(pgrep -P "$1" -f "^$thalweg "); do
		[ "$(rank_of "$process")" = "$2" ] && echo "$process" && return
	done
}

# hangs NAME PLACE RANKS STOPPED... -- ARGUMENTS...: starts the program on RANKS ranks and stops some of them a while
# after it has begun.
hangs()
{
	local name=$1 place=$2 ranks=$3 stopped=() process pid began code left
	shift 3
	while [ "$1" != -- ]; do stopped+=("$1"); shift; done
	shift
	"$mpirun" $flags -n "$ranks" "$thalweg" "$@" --hang-timeout $seconds --quiet --threads 1 >out 2>err &
	pid=$!
	for _ in $(seq 100); do [ -n "$(process_of $pid $((ranks - 1)))" ] && break; sleep 0.1; done
	sleep 2
	local all=($(pgrep -P $pid -f "^$thalweg "))
	check "$name: ${#all[@]} processes" [ ${#all[@]} -eq "$ranks" ]
	for rank in "${stopped[@]}"; do
		process=$(process_of $pid "$rank")
		check "$name: rank $rank can be stopped" kill -STOP "$process"
	done
	began=$SECONDS
	for _ in $(seq 400); do kill -0 $pid 2>/dev/null || break; sleep 0.1; done
	check "$name: it has ended" bash -c "! kill -0 $pid 2>/dev/null"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	code=$?
	echo "$name: ended after $((SECONDS - began)) s with code $code: $(grep -m1 '^thalweg' err)"
	check "$name: exit code $code" [ $code -eq 70 ]
	one_line "$name"
	local names="rank ${stopped[0]} ("
	[ ${#stopped[@]} -eq 1 ] || names="ranks ${stopped[0]} ([^)]*), ${stopped[1]} ("
	says "$name" "^thalweg: $names$(hostname))"
	says "$name" "$place"
	says "$name" "--resume goes on"
	for _ in $(seq 50); do
		left=0
		for process in "${all[@]}"; do kill -0 "$process" 2>/dev/null && left=$((left + 1)); done
		[ $left -eq 0 ] && break
		sleep 0.1
	done
	check "$name: $left processes are left" [ $left -eq 0 ]
	for process in "${all[@]}"; do kill -KILL "$process" 2>/dev/null; done
}

for rank in 0 1 2; do
	hangs "train, rank $rank" "not arrived at .* of step [0-9]" 3 $rank -- train run.yaml --output train_$rank
done
hangs "train, two ranks of four" "not arrived at .* of step [0-9]" 4 0 1 -- train run.yaml
hangs "sweep, one group, rank 0" "not arrived at" 3 0 -- \
	sweep sweep.yaml --set sweep.ranks_per_run=3 --output sweep_hung
hangs "sweep, two groups, rank 3" "not arrived at" 4 3 -- sweep sweep.yaml --set sweep.ranks_per_run=2
for rank in 0 1; do
	hangs "sweep of ensembles, rank $rank" "heard of\|arrived at" 3 $rank -- sweep ensembles.yaml
done

# A stop that is shorter than the time allowed, and ranks that wait for each other for long, are no hang.
short="--set stop.steps=40000 --set metrics.cost_every=100"
exits "reference" 0 on 3 train run.yaml $short --output off --quiet --threads 1
for layout in on stopped; do
	"$mpirun" $flags -n 3 "$thalweg" train run.yaml $short --output $layout --quiet --threads 1 --hang-timeout $seconds \
		>out 2>err &
	pid=$!
	if [ $layout = stopped ]; then
		for _ in $(seq 100); do [ -e $layout/metrics.csv.part ] && break; sleep 0.1; done
		process=$(process_of $pid 1)
		kill -STOP "$process"
		sleep 1
		kill -CONT "$process"
	fi
	wait $pid
	code=$?
	check "$layout: exit code $code" [ $code -eq 0 ]
	check "$layout: theta" [ "$(value $layout/summary.json theta_sha256)" = "$(value off/summary.json theta_sha256)" ]
	check "$layout: metrics.csv" cmp -s $layout/metrics.csv off/metrics.csv
done

for size in 1 2; do
	keys="--set sweep.ranks_per_run=$size --set stop.steps=4000 --set sweep.starts=5"
	exits "sweep, reference" 0 on 2 sweep sweep.yaml $keys --output sweep_off_$size --quiet
	exits "sweep, watched" 0 on 4 sweep sweep.yaml $keys --output sweep_on_$size --quiet --hang-timeout $seconds
	check "sweep, watched: runs.csv" cmp -s sweep_off_$size/runs.csv sweep_on_$size/runs.csv
done
# Three ranks and a single run to train: two wait at the end for longer than the time allowed.
exits "waiting at the end" 0 on 3 sweep sweep.yaml --set stop.steps=150000 --set sweep.starts=1 \
	--output waiting --quiet --hang-timeout 1
silent "waiting at the end"
exits "not a number" 2 "$thalweg" train --hang-timeout soon
says "not a number" "--hang-timeout soon"
finish
