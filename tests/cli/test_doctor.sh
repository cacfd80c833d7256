#!/bin/bash
# thalweg doctor: each check in a line with its verdict, the remedy, the better launch line, and the exit code.
. "$(dirname "$0")/common.sh"
unset SLURM_NTASKS SLURM_PROCID PMI_SIZE PMI_RANK

tells() { check "$1: no line \`$2 $3\`: $(grep -e "$3" out | head -1)" grep -qE "^$2 +$3" out; } # NAME VERDICT PATTERN
one_line_each()
{
	local count
	count=$(sed -n 's/^\([0-9]*\) checks: .*/\1/p' out)
	check "$1: every check in a line" [ "$(grep -cE '^(ok|warning|failure) ' out)" = "$count" ]
}
nothing_left() { check "$1: something is left behind" [ -z "$(find . -name '.thalweg*')" ]; }

exits "alone" 0 "$thalweg" doctor --threads 1
silent "alone"
one_line_each "alone"
for name in launch "thread level" binding cores waiting instructions BLIS clocks rename fsync "folder fsync" locks \
	"file times" space; do
	tells "alone" ok "$name"
done
tells "alone" "(ok|warning)" folder
tells "alone" warning "data .*fetch_data"
nothing_left "alone"

exits "output folder to be made" 0 "$thalweg" doctor --output new/folder
tells "output folder to be made" "(ok|warning)" folder
absent "output folder to be made" new

exits "output folder that cannot be" 3 "$thalweg" doctor --output /proc/none
tells "output folder that cannot be" failure "folder .*--output DIR"
one_line_each "output folder that cannot be"

printf 'stop: {steps: 50}\n' >run.yaml
exits "a run" 0 "$thalweg" doctor run.yaml
tells "a run" ok "space .*1 run will write about"
tells "a run" ok "data .*circles"
exits "a run too large" 3 "$thalweg" doctor run.yaml --set 'network.hidden=[1000000, 10000000]'
tells "a run too large" failure "space .*free some"
printf 'stop: {steps: 50}\nsweep: {starts: 5, widths: [1, 2]}\n' >sweep.yaml
exits "a sweep" 0 "$thalweg" doctor sweep.yaml
tells "a sweep" ok "space .*10 runs will write about"
printf 'data: {preset: mnist, path: nowhere}\n' >missing.yaml
exits "data that are missing" 3 "$thalweg" doctor missing.yaml
tells "data that are missing" failure "data .*fetch"
exits "no configuration" 3 "$thalweg" doctor none.yaml
one_line "no configuration"

exits "tasks without MPI between them" 3 env SLURM_NTASKS=4 SLURM_PROCID=0 "$thalweg" doctor
tells "tasks without MPI between them" failure "launch .*mpirun -n 4"
prints "tasks without MPI between them" "^better started as: .*thalweg"
exits "the second of such tasks" 3 env SLURM_NTASKS=4 SLURM_PROCID=1 "$thalweg" doctor
check "the second of such tasks says nothing" [ ! -s out ]
exits "one task is meant" 0 env SLURM_NTASKS=4 SLURM_PROCID=0 "$thalweg" doctor --allow-singleton

if command -v taskset >/dev/null; then
	core=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
	exits "3 threads on one core" 0 env -u OMP_WAIT_POLICY taskset -c "$core" "$thalweg" doctor --threads 3
	tells "3 threads on one core" warning "binding .*1 core but has 3 threads"
	tells "3 threads on one core" warning "cores "
	tells "3 threads on one core" warning "waiting .*OMP_WAIT_POLICY=passive"
	prints "3 threads on one core" "^better started as: thalweg"
fi

if command -v "$mpirun" >/dev/null; then
	cores=$(nproc)
	for ranks in 1 2 3 4; do
		exits "$ranks ranks" 0 timeout 60 "$mpirun" $flags -n "$ranks" "$thalweg" doctor run.yaml
		one_line_each "$ranks ranks"
		check "$ranks ranks: one summary" [ "$(grep -c ' checks: ' out)" = 1 ]
		[ "$ranks" -eq 1 ] || tells "$ranks ranks" warning "binding .*not bound"
		[ "$ranks" -le "$cores" ] || tells "$ranks ranks" warning "cores .*$ranks ranks"
		nothing_left "$ranks ranks"
	done
	run timeout 60 "$mpirun" $flags -n 2 "$thalweg" doctor --output /proc/none
	check "a failure on two ranks: exit code $code" [ "$code" -ne 0 ]
	check "a failure on two ranks: the summary" grep -q ' checks: .*[1-9] failure' out
fi
finish
