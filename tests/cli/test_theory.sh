#!/bin/bash
# `thesis theory`: every theorem holds, each check fails with a wrong constant, the same data on any number of ranks.
. "$(dirname "$0")/common.sh"

checks_of_theory="linear leaky descent saddle variance moments bound diminishing"
csv_of() { (cd "$1" && find . -name '*.csv' | sort); } # the CSV files below a folder
theory() { "$thalweg" thesis theory --no-figures --quiet --output "$1"; }
unset THALWEG_THEORY_WRONG

exits "theory" 0 theory right
silent "theory"
prints "theory" '^kept in right: report.html'
check "theory: its rows" [ "$(tail -n +2 right/theory/theory.csv | cut -d, -f1 | xargs)" = "$checks_of_theory" ]
for name in $checks_of_theory; do
	check "theory: $name does not hold" grep -q "^$name,holds," right/theory/theory.csv
done

for name in $checks_of_theory; do
	export THALWEG_THEORY_WRONG=$name
	exits "$name with a wrong constant" 0 theory "wrong_$name"
	check "$name with a wrong constant holds" grep -q "^$name,fails," "wrong_$name/theory/theory.csv"
	prints "$name with a wrong constant" '^  Differs: '
done
export THALWEG_THEORY_WRONG=none
exits "no such check" 2 theory none
one_line "no such check"
says "no such check" "THALWEG_THEORY_WRONG=none"
unset THALWEG_THEORY_WRONG

if command -v "$mpirun" >/dev/null; then
	exits "theory on 3 ranks" 0 on 3 thesis theory --no-figures --quiet --output right_3
	check "theory on 3 ranks: other files" [ "$(csv_of right)" = "$(csv_of right_3)" ]
	for file in $(csv_of right); do
		check "theory on 3 ranks: other bytes in $file" cmp -s "right/$file" "right_3/$file"
	done
fi
finish
