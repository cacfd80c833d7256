#!/bin/bash
# Help, version, usage, mistyped names, completion.
. "$(dirname "$0")/common.sh"

exits "no arguments" 2 "$thalweg"
says "no arguments" "usage: thalweg"
exits "--help" 0 "$thalweg" --help
silent "--help"
commands="train sweep thesis compare evaluate predict verify-layout info"
for command in $commands; do
	prints "--help" "^  $command "
done
for command in replay completion; do
	check "--help lists the hidden $command" bash -c "! grep -q '^  $command ' out"
done
exits "--version" 0 "$thalweg" --version
prints "--version" '^thalweg [0-9]*\.[0-9]*\.[0-9]*$'

for command in $commands; do
	exits "$command --help" 0 "$thalweg" "$command" --help
	silent "$command --help"
	prints "$command --help" "^Usage: thalweg $command"
	prints "$command --help" "--quiet"
done
run "$thalweg" train --help
for key in seed precision threads data.preset network.hidden network.activation loss initial.distribution method.batch \
	method.sampling method.update method.step_size stop.steps metrics.cost_every; do
	prints "train --help" "^ *$key"
done

exits "unknown subcommand" 2 "$thalweg" trian
one_line "unknown subcommand"
says "unknown subcommand" "did you mean .train."
exits "unknown option" 2 "$thalweg" train --ouptut here
one_line "unknown option"
says "unknown option" "did you mean .--output."
exits "option without value" 2 "$thalweg" train --output
one_line "option without value"
exits "two files" 2 "$thalweg" train a.yaml b.yaml
says "two files" "unexpected argument .b.yaml."
exits "override without value" 2 "$thalweg" train --set seed
says "override without value" "key=value"
exits "evaluate without model" 2 "$thalweg" evaluate
exits "predict without output" 2 "$thalweg" predict model.h5
exits "one layout" 2 "$thalweg" verify-layout --layouts 1x1
exits "full standard output" 3 bash -c "'$thalweg' --help >/dev/full"

exits "info" 0 "$thalweg" info
for name in thalweg build flags MPI BLIS HDF5 instructions ranks threads; do
	prints "info" "^$name "
done

exits "completion" 0 "$thalweg" completion bash
cp out completion.bash
complete_line() # WORDS...: what bash would offer for the last word
{
	bash -c '. ./completion.bash; compopt() { :; }
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _thalweg; printf "%s\n" "${COMPREPLY[@]}"' bash "$@" >out 2>err
}
touch my.yaml other.txt
complete_line thalweg tr
prints "completion of a subcommand" '^train$'
complete_line thalweg train --over
prints "completion of an option" '^--overwrite$'
complete_line thalweg sweep --res
prints "completion of an option of sweep" '^--resume$'
complete_line thalweg train --set method.ba
prints "completion of a key" '^method.batch=$'
complete_line thalweg train my
prints "completion of a file" '^my.yaml$'

if command -v "$mpirun" >/dev/null; then
	run on 2 train --help
	check "help on 2 ranks is printed once" [ "$(grep -c '^Usage' out)" -eq 1 ]
	exits "unknown option on 2 ranks" 2 on 2 train --ouptut here
	one_line "unknown option on 2 ranks"
fi
finish
