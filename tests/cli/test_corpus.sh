#!/bin/bash
# What fuzzing has fed to the readers, through the program: the exit code of a file that is whole or of one that is not,
# and one line.
corpus=$(cd "$(dirname "$0")/../fuzz/corpus" && pwd)
. "$(dirname "$0")/common.sh"

# refuses_or_takes NAME COMMAND...: 0, or 2 or 3 with one line; at once.
refuses_or_takes()
{
	local name=$1; shift
	run timeout 10 "$@"
	check "$name: exit code $code" grep -qw "$code" <<<"0 2 3 4"
	[ "$code" -eq 0 ] || one_line "$name"
	[ "$code" -eq 0 ] || check "$name: more than one line" [ "$(wc -l <err)" -eq 1 ]
}

for source in csv idx npy hdf5; do
	for file in "$corpus/$source"/*; do
		name=$source/$(basename "$file")
		inputs=$file outputs=$file
		case $source in
		csv) outputs=$file:0 ;;
		hdf5) inputs=$file:x outputs=$file:y ;;
		esac
		refuses_or_takes "$name" "$thalweg" train --quiet --threads 1 --set stop.steps=1 --set data.preset=none \
			--set "data.source=$source" --set "data.inputs=$inputs" --set "data.outputs=$outputs"
	done
done
for file in "$corpus"/model/*; do
	refuses_or_takes "model/$(basename "$file")" "$thalweg" evaluate "$file" --quiet --threads 1
done
for file in "$corpus"/settings/*; do
	refuses_or_takes "settings/$(basename "$file")" "$thalweg" train "$file" --quiet --threads 1 \
		--set 'stages=[{stop: {steps: 1}}]'
done
for file in "$corpus"/sweep/*; do
	refuses_or_takes "sweep/$(basename "$file")" "$thalweg" sweep "$file" --quiet --list
done
finish
