#!/bin/bash
# Runs and sweeps killed at any instant go on with --resume on another layout and end with the bits of those that never
# stopped.
# bash test_kills.sh [N]: N kills (10; the long form: 200), every other one of a run, the rest of sweeps.
. "$(dirname "$0")/common.sh"
kills=${1:-10}
RANDOM=${SEED:-$$}
echo "SEED=${SEED:-$$}"

# Adam on mini-batches in two stages: theta, two vectors, a schedule and a stop rule have a state. It does little else
# than write checkpoints, so that kills meet it there.
# Longer in the long form, so that most kills meet them under way.
if [ "$kills" -gt 10 ]; then longer=4; else longer=1; fi
cat >train.yaml <<END
network: {hidden: [10, 10]}
method: {batch: 20, chunks: 4, update: adam, step_size: 0.01}
stages:
  - stop: {steps: 1500, no_progress: {threshold: 0, patience: 1400}}
  - stop: {steps: $((8500 * longer))}
    method: {step_size: 0.005, schedule: {name: exponential, rate: 0.0001}}
metrics: {cost_every: 10, gradient_norm_every: 50}
checkpoint: {every_steps: 10}
END
# Runs of ensembles, runs that go one by one (the penalty) and, on groups of ranks, are shared; some diverge.
cat >sweep.yaml <<END
network: {activation: leaky_relu}
method: {step_size: 0.05, chunks: 2}
stop: {steps: $((9000 * longer))}
metrics: {cost_every: 500}
sweep:
  starts: 12
  widths: [2, 5, 9]
  hidden_layers: [1, 2]
  batches: [all, 20]
  step_sizes: [0.05, 1e6]
  trajectories: [0, 30, 31]
  overrides: [{when: {widths: 5, step_sizes: 0.05}, penalty: {l2: 0.001}, starts: 4}]
END
declare -A results=([train]="metrics.csv" [sweep]="runs.csv models.h5 trajectories.csv")
for command in train sweep; do
	exits "$command: uninterrupted" 0 "$thalweg" $command $command.yaml --output whole_$command --quiet
done
check "sweep: some runs diverge" grep -q ,diverged, whole_sweep/runs.csv
check "sweep: others do not" grep -q ,steps, whole_sweep/runs.csv

same_end() # NAME COMMAND DIR
{
	local file
	for file in ${results[$2]}; do
		check "$1: $file" cmp -s "$3/$file" "whole_$2/$file"
	done
	[ "$2" = sweep ] || check "$1: theta" [ "$(value "$3/summary.json" theta_sha256)" = \
		"$(value whole_train/summary.json theta_sha256)" ]
	check "$1: files left: $(ls -A "$3" | tr '\n' ' ')" [ "$(ls -A "$3")" = "$(ls -A "whole_$2")" ]
}

if command -v "$mpirun" >/dev/null; then most_ranks=4; else most_ranks=1; fi

# random_layout COMMAND DIR: the command on 1 to 4 ranks of 1 to 2 threads, in `layout`.
random_layout()
{
	local ranks=$((RANDOM % most_ranks + 1)) threads=$((RANDOM % 2 + 1))
	layout=("$thalweg" "$1" "$1.yaml" --quiet --threads $threads --output "$2" --resume)
	[ "$1" = train ] || layout+=(--set "sweep.ranks_per_run=$((ranks % 2 ? 1 : 1 + RANDOM % 2))"
		--set "sweep.replicas=$((RANDOM % 2 ? 5 : 64))")
	[ $ranks -eq 1 ] || layout=("$mpirun" $flags -n $ranks "${layout[@]}")
}

# A process of the job, or the job as a whole: SIGKILL to mpirun, or to a rank.
kill_one() # PID of what was started
{
	local ranks
	mapfile -t ranks < <(pgrep -P "$1" -f "^$thalweg ") # a rank begins as a copy of mpirun: not that
	if [ ${#ranks[@]} -gt 0 ] && [ $((RANDOM % 2)) -eq 0 ]; then
		kill -KILL "${ranks[RANDOM % ${#ranks[@]}]}" 2>/dev/null
		killed_ranks=$((killed_ranks + 1))
	else
		kill -KILL "$1" 2>/dev/null
	fi
}

# The ranks of a killed mpirun notice and leave; until then they may still write.
wait_until_gone() # DIR
{
	for _ in $(seq 200); do
		pgrep -f "$thalweg .*--output $1( |\$)" >/dev/null || return 0
		sleep 0.05
	done
	return 1
}

# mpirun may not notice that a rank was killed while it started: after 5 s it is killed, too.
end() # PID; sets code
{
	for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || break; sleep 0.05; done
	kill -KILL "$1" 2>/dev/null && deaf=$((deaf + 1))
	wait "$1" 2>/dev/null
	code=$?
}

is_there() { ls -d "$@" >/dev/null 2>&1; }

killed=0 round=0 resumed=0 torn=0 killed_ranks=0 deaf=0
while [ $killed -lt "$kills" ]; do
	round=$((round + 1)) most=$((killed + 10))
	if [ $((round % 2)) -eq 1 ]; then command=train; else command=sweep; fi
	[ "$kills" -gt 10 ] || most=$((killed + (kills + 1) / 2))
	folder=killed_$round
	while [ $killed -lt "$kills" ] && [ $killed -lt $most ]; do
		random_layout $command "$folder"
		"${layout[@]}" >out 2>err &
		pid=$!
		sleep "$((RANDOM % 2)).$((RANDOM % 9))$((RANDOM % 10))"
		kill -0 $pid 2>/dev/null || break
		kill_one $pid
		end $pid
		check "kill: nobody is left" wait_until_gone "$folder"
		[ $code -ne 0 ] || break
		killed=$((killed + 1))
		is_there "$folder"/checkpoint-*.h5 || is_there "$folder"/journal.txt && resumed=$((resumed + 1))
		is_there "$folder"/checkpoint-*.h5.* || is_there "$folder"/models.h5.part && torn=$((torn + 1))
	done
	wait $pid 2>/dev/null
	random_layout $command "$folder"
	exits "$command after kills, round $round" 0 "${layout[@]}"
	same_end "$command after kills, round $round" $command "$folder"
	rm -rf "$folder"
done
echo "$killed kills ($killed_ranks of a rank) in $round runs and sweeps, $resumed with a state to go on from," \
	"$torn while it was written; mpirun did not notice $deaf"
finish
