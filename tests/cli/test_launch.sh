#!/bin/bash
# Mistakes of the launch line are told with their remedy.
. "$(dirname "$0")/common.sh"
unset SLURM_NTASKS SLURM_PROCID PMI_SIZE PMI_RANK

quick="train --set stop.steps=1"
for pair in "SLURM_NTASKS SLURM_PROCID" "PMI_SIZE PMI_RANK"; do
	set -- $pair
	exits "$1=4, one rank" 2 env "$1=4" "$2=0" "$thalweg" $quick --output refused
	one_line "$1=4, one rank"
	says "$1=4, one rank" "$1.*mpirun -n 4.*--allow-singleton"
	absent "$1=4, one rank" refused
	exits "$1=4, second task" 2 env "$1=4" "$2=1" "$thalweg" $quick
	silent "$1=4, second task"
	exits "$1=4, --allow-singleton" 0 env "$1=4" "$2=0" "$thalweg" $quick --allow-singleton
	exits "$1=1" 0 env "$1=1" "$2=0" "$thalweg" $quick
done

if command -v taskset >/dev/null; then
	core=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
	exits "4 threads on one core" 0 taskset -c "$core" "$thalweg" $quick --threads 4
	one_line "4 threads on one core"
	says "4 threads on one core" "warning: .*4 threads on 1 core.*--map-by slot:PE=4"
	exits "threads decided on one core" 0 taskset -c "$core" "$thalweg" $quick --output one --quiet
	check "threads decided on one core" [ "$(value one/summary.json threads)" = 1 ]
fi
exits "OMP_NUM_THREADS" 0 env OMP_NUM_THREADS=2 "$thalweg" $quick --output two --quiet
check "OMP_NUM_THREADS" [ "$(value two/summary.json threads)" = 2 ]

if command -v "$mpirun" >/dev/null; then
	cores=$(nproc)
	exits "more ranks than cores" 0 on $((cores + 1)) $quick --threads 1 --set method.chunks=2
	one_line "more ranks than cores"
	says "more ranks than cores" "warning: .*$((cores + 1)) ranks"
fi
finish
