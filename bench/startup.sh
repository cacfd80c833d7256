#!/bin/bash
# Time from start to end of `thalweg train` on the embedded default with no step, as a singleton: median of 20.
#
# usage: THALWEG=build/thalweg bench/startup.sh [RUNS]
set -eu
export LC_ALL=C OMP_NUM_THREADS=1
thalweg=${THALWEG:-thalweg}
runs=${1:-20}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

once() { "$thalweg" train --set stop.steps=0 --output "$folder/out" --overwrite --quiet >/dev/null; }

once
for ((i = 0; i < runs; i++)); do
	start=${EPOCHREALTIME/./}
	once
	echo $((${EPOCHREALTIME/./} - start))
done | sort -n | awk -v limit=50 '
	{ t[NR] = $1 / 1000 }
	END {
		median = NR % 2 ? t[(NR + 1) / 2] : (t[NR / 2] + t[NR / 2 + 1]) / 2
		printf "start to finish, %d runs: median %.1f ms (%.1f-%.1f)", NR, median, t[1], t[NR]
		printf ", aimed at: under %d ms\n", limit
	}'
