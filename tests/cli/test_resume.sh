#!/bin/bash
# Runs that were stopped go on with --resume on another layout and end with the same bits; what does not fit is refused.
# Kills at random times: test_kills.sh.
. "$(dirname "$0")/common.sh"

# Adam on mini-batches in two stages: theta, two vectors, a schedule and a stop rule have a state.
cat >run.yaml <<'END'
network: {hidden: [10, 10]}
method: {batch: 20, chunks: 4, update: adam, step_size: 0.01}
stages:
  - stop: {steps: 1500, no_progress: {threshold: 0, patience: 1400}}
  - stop: {steps: 8500}
    method: {step_size: 0.005, schedule: {name: exponential, rate: 0.0001}}
metrics: {cost_every: 10, gradient_norm_every: 50}
checkpoint: {every_steps: 200}
END
exits "uninterrupted" 0 "$thalweg" train run.yaml --output whole --quiet
sum=$(value whole/summary.json theta_sha256)
check "uninterrupted: no checkpoint is left" [ "$(ls whole | wc -l)" -eq 5 ]

same_end() # NAME DIR
{
	check "$1: theta" [ "$(value "$2/summary.json" theta_sha256)" = "$sum" ]
	check "$1: metrics.csv" cmp -s "$2/metrics.csv" whole/metrics.csv
	check "$1: mean gradient norm" [ "$(value "$2/summary.json" mean_gradient_norm_squared)" = \
		"$(value whole/summary.json mean_gradient_norm_squared)" ]
	check "$1: files left" [ "$(ls "$2" | wc -l)" -eq 5 ]
}

# ---- signals and the time limit --------------------------------------------------------------------------------------

wait_for() { for _ in $(seq 100); do [ -e "$1" ] && return; sleep 0.1; done; return 1; }

steady="--set checkpoint.keep=2 --set stages=none --set metrics.gradient_norm_every=0"
for signal in USR1 USR2 TERM INT; do
	rm -rf signal
	"$thalweg" train run.yaml $steady --set stop.steps=1000000 --set checkpoint.every_steps=50 --output signal --quiet \
		>out 2>err &
	pid=$!
	check "$signal: the run began" wait_for signal/metrics.csv.part
	sleep 0.2
	kill "-$signal" $pid
	wait $pid
	code=$?
	check "$signal: exit code $code, not 75" [ "$code" -eq 75 ]
	says "$signal" "the same command with --resume goes on"
	check "$signal: two checkpoints" [ "$(ls signal/checkpoint-*.h5 | wc -l)" -eq 2 ]
	check "$signal: stop reason" [ "$(value signal/summary.json stop_reason)" = interrupted ]
done

# Stopped by the time limit as often as it takes.
slow="--set stop.steps=100000 --set stages=none --set metrics.cost_every=500 --set checkpoint.every_steps=0"
exits "time limit: reference" 0 "$thalweg" train run.yaml $slow --output slow_whole --quiet
exits "time limit" 75 "$thalweg" train run.yaml $slow --set stop.steps=1000000000 --output endless --quiet --max-seconds 1
code=75 stops=0
while [ $code -eq 75 ] && [ $stops -lt 50 ]; do
	run "$thalweg" train run.yaml $slow --output slow --quiet --resume --max-seconds 1
	stops=$((stops + 1))
done
check "time limit: ended with code $code after $stops parts" [ $code -eq 0 ]
check "time limit: theta" [ "$(value slow/summary.json theta_sha256)" = "$(value slow_whole/summary.json theta_sha256)" ]
check "time limit: metrics.csv" cmp -s slow/metrics.csv slow_whole/metrics.csv

# While the data are read, the first signal that does not meet the start of the program stops the run at its first
# step.
seq 400000 | awk '{ printf "%d,%.3f,%.3f,%d\n", $1, $1 / 7, $1 / 11, $1 % 2 }' >large.csv
large="--set data.preset=none --set data.source=csv --set data.header=false --set data.inputs=large.csv:0,1,2 --set data.outputs=large.csv:3"
code=0
for wait in 02 04 06 08 10 12 14 16 18 20 25 30 35 40 45 50; do
	rm -rf early
	"$thalweg" train run.yaml $steady $large --set stop.steps=1000000000 --output early --quiet >out 2>err &
	pid=$!
	sleep 0.$wait
	kill -USR1 $pid
	wait $pid
	code=$?
	[ $code -eq 75 ] && break
done
check "signal while the data are read: exit code $code, not 75" [ $code -eq 75 ]
check "signal while the data are read: steps" [ "$(value early/summary.json steps)" -le 1 ]
check "signal while the data are read: checkpoint" [ -s early/checkpoint-00000000000[01].h5 ]

# mpirun passes SIGUSR1 on and gives the ranks' exit code; after SIGTERM and SIGINT it tells them a second later, gives
# them a time to end, and exits with 1.
if command -v "$mpirun" >/dev/null; then
	long="${slow/steps=100000/steps=600000}"
	exits "signals on 2 ranks: reference" 0 "$thalweg" train run.yaml $long --output long_whole --quiet
	for signal in USR1 TERM INT; do
		"$mpirun" $flags -n 2 "$thalweg" train run.yaml $long --output ranks_$signal --quiet >out 2>err &
		pid=$!
		check "$signal, 2 ranks: the run began" wait_for ranks_$signal/metrics.csv.part
		sleep 0.2
		kill -$signal $pid
		wait $pid
		code=$?
		[ $signal = USR1 ] && check "$signal, 2 ranks: exit code $code, not 75" [ "$code" -eq 75 ]
		check "$signal, 2 ranks: exit code $code" [ "$code" -ne 0 ]
		check "$signal, 2 ranks: checkpoint" ls ranks_$signal/checkpoint-*.h5 >/dev/null
		exits "$signal, 2 ranks: resumed on one" 0 "$thalweg" train run.yaml $long --output ranks_$signal --quiet --resume
		check "$signal, 2 ranks: theta" [ "$(value ranks_$signal/summary.json theta_sha256)" = \
			"$(value long_whole/summary.json theta_sha256)" ]
		check "$signal, 2 ranks: metrics.csv" cmp -s ranks_$signal/metrics.csv long_whole/metrics.csv
	done
fi

# ---- damage, and what does not fit -----------------------------------------------------------------------------------

interrupt() # DIR: a run killed after two checkpoints
{
	rm -rf "$1"
	"$thalweg" train run.yaml --output "$1" --quiet 2>/dev/null &
	local pid=$!
	for _ in $(seq 1000); do [ "$(ls "$1" 2>/dev/null | grep -c '^checkpoint.*h5$')" -ge 2 ] && break; done
	kill -KILL $pid
	wait $pid 2>/dev/null
}

interrupt damaged
last=$(ls damaged/checkpoint-*.h5 | tail -1)
printf x | dd of="$last" bs=1 seek=3000 conv=notrunc status=none
exits "damaged checkpoint" 0 "$thalweg" train run.yaml --output damaged --resume
says "damaged checkpoint" "$last: damaged"
says "damaged checkpoint" "the checkpoint before it serves"
same_end "damaged checkpoint" damaged

interrupt damaged
for file in damaged/checkpoint-*.h5; do truncate -s 1000 "$file"; done
exits "all checkpoints damaged" 3 "$thalweg" train run.yaml --output damaged --resume
says "all checkpoints damaged" "no checkpoint in it is whole"

"$thalweg" train run.yaml $steady --set stop.steps=1000000000 --output held --quiet >/dev/null 2>&1 &
pid=$!
check "two processes: the run began" wait_for held/metrics.csv.part
exits "two processes" 3 "$thalweg" train run.yaml $steady --set stop.steps=1000000000 --output held --resume --quiet
says "two processes" "another process is writing this folder, number $pid on $(hostname)"
check "two processes: the first goes on" kill -0 $pid
kill -TERM $pid
wait $pid

interrupt changed
exits "changed configuration" 2 "$thalweg" train run.yaml --output changed --resume --set method.batch=21 --seed 2
says "changed configuration" "method.batch was 20 and is 21"
says "changed configuration" "seed was 1 and is 2"
exits "without --resume" 2 "$thalweg" train run.yaml --output changed
says "without --resume" "--resume goes on"
exits "both" 2 "$thalweg" train run.yaml --output changed --resume --overwrite
exits "no folder" 2 "$thalweg" train run.yaml --resume
exits "harmless changes" 0 "$thalweg" train run.yaml --output changed --resume --threads 1 --set checkpoint.keep=1
same_end "harmless changes" changed

interrupt short
exits "metrics cut short" 3 bash -c ": >short/metrics.csv.part; '$thalweg' train run.yaml --output short --resume"
says "metrics cut short" "metrics.csv.part"
check "metrics cut short: checkpoints stay" [ "$(ls short/checkpoint-*.h5 | wc -l)" -ge 1 ]
exits "overwrite" 0 "$thalweg" train run.yaml --output short --overwrite --quiet
same_end "overwrite" short

exits "nothing there" 0 "$thalweg" train run.yaml --output fresh --resume
says "nothing there" "there is no checkpoint"
same_end "nothing there" fresh
exits "finished" 0 "$thalweg" train run.yaml --output fresh --resume
says "finished" "nothing is left to be done"
exits "finished, changed" 2 "$thalweg" train run.yaml --output fresh --resume --seed 2
same_end "finished" fresh

# A run that diverges says at which step and where, and keeps the last state that was finite.
steep="--set network.output=identity --set loss=square --set network.activation=identity --set method.update=plain"
steep="$steep --set method.step_size=2 --set checkpoint.every_steps=1 --set stages=none --set stop.steps=1000"
exits "diverged" 4 "$thalweg" train run.yaml $steep --output diverged --quiet
says "diverged" "diverged after [1-9][0-9]* steps: .*observation [0-9]"
check "diverged: checkpoints" [ "$(ls diverged/checkpoint-*.h5 | wc -l)" -eq 2 ]
cp diverged/metrics.csv before.csv
exits "diverged again" 4 "$thalweg" train run.yaml $steep --output diverged --quiet --resume
check "diverged again: metrics.csv" cmp -s diverged/metrics.csv before.csv

# A limit that is extended goes on where the shorter run was stopped.
extended="--set stages=none --set stop.steps=20000"
"$thalweg" train run.yaml $extended --output extended --quiet >out 2>err &
pid=$!
check "extended: the run began" wait_for extended/metrics.csv.part
kill -USR1 $pid
wait $pid
exits "extended limit" 0 "$thalweg" train run.yaml --set stages=none --set stop.steps=21000 --output extended --resume
exits "extended limit: reference" 0 "$thalweg" train run.yaml --set stages=none --set stop.steps=21000 --output long --quiet
check "extended limit: metrics.csv" cmp -s extended/metrics.csv long/metrics.csv

# A disk that is full: the message names it, the last state serves.
if [ "$(id -u)" -eq 0 ] && mkdir full && mount -t tmpfs -o size=64k none full 2>/dev/null; then
	trap 'umount "$work/full"; rm -rf "$work"' EXIT
	run "$thalweg" train run.yaml --output full/run --set metrics.cost_every=1 --set network.hidden=[10] --quiet
	check "full disk: exit code $code, not 3" [ "$code" -eq 3 ]
	says "full disk" "cannot be written: No space left on device"
	check "full disk: the last state stays" [ "$(ls full/run/checkpoint-*.h5 | wc -l)" -ge 1 ]
	mount -o remount,size=8m full
	exits "full disk: resumed" 0 "$thalweg" train run.yaml --output full/run --set metrics.cost_every=1 \
		--set network.hidden=[10] --quiet --resume
	"$thalweg" train run.yaml --output roomy --set metrics.cost_every=1 --set network.hidden=[10] --quiet >out
	check "full disk: metrics.csv" cmp -s full/run/metrics.csv roomy/metrics.csv
fi
finish
