#!/bin/bash
# A signal stops a run at its next step; its output is whole and has a checkpoint, the exit code is 75.
. "$(dirname "$0")/common.sh"

long="--set stop.steps=1000000000 --set stop.gradient_norm=none --set metrics.cost_every=1000"
wait_for() { for _ in $(seq 100); do [ -e "$1" ] && return; sleep 0.1; done; return 1; }

for signal in INT TERM USR1 USR2; do
	# A background command of a script ignores SIGINT: the program sets its own handler all the same.
	"$thalweg" train $long --output "out_$signal" --quiet >out 2>err &
	pid=$!
	check "$signal: the run began" wait_for "out_$signal/metrics.csv.part"
	kill "-$signal" $pid
	wait $pid
	code=$?
	check "$signal: exit code $code, not 75" [ "$code" -eq 75 ]
	check "$signal: stop reason" [ "$(value "out_$signal/summary.json" stop_reason)" = interrupted ]
	check "$signal: five files and a checkpoint" [ "$(ls -A "out_$signal" | wc -l)" -eq 6 ]
	one_line "$signal"
done

if command -v "$mpirun" >/dev/null; then
	"$mpirun" $flags -n 2 "$thalweg" train $long --output ranks --quiet >out 2>err &
	pid=$!
	check "2 ranks: the run began" wait_for ranks/metrics.csv.part
	kill -USR1 $pid
	wait $pid
	code=$?
	check "2 ranks: exit code $code, not 75" [ "$code" -eq 75 ]
	check "2 ranks: stop reason" [ "$(value ranks/summary.json stop_reason)" = interrupted ]
	one_line "2 ranks"
fi
finish
