#!/bin/bash
# The runs of the slices of a sweep as one table, on standard output, with the runs numbered anew in the order given.
#
#   scripts/slurm/merge_runs.sh OUTPUT/slice-{1,2,3}/runs.csv >runs.csv
#
# `thalweg compare` and what else reads a runs.csv takes it. Slices that divide the outermost list of the grid, in its
# order, give the runs.csv of the whole sweep byte by byte; others the same rows in another order. Two slices that share
# a run are an error. End points stay in the models.h5 of each slice.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: merge_runs.sh RUNS.csv..." >&2; exit 2; }
for table in "$@"; do
	[ -r "$table" ] || { echo "merge_runs.sh: $table: not there; is its slice at its end?" >&2; exit 3; }
	[ "$(head -n 1 "$table")" = "$(head -n 1 "$1")" ] ||
		{ echo "merge_runs.sh: $table has other columns than $1" >&2; exit 3; }
done
# A row without its number tells a run from all others.
awk 'NR == 1 { print; next }
	FNR == 1 { next }
	{
		row = substr($0, index($0, ","))
		if (row in seen) {
			print "merge_runs.sh: a run of " seen[row] " again in " FILENAME > "/dev/stderr"
			failed = 3
			exit
		}
		seen[row] = FILENAME
		print count++ row
	}
	END { exit failed }' "$@"
