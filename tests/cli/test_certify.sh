#!/bin/bash
# thalweg certify: the same bytes on any number of ranks, sweeps, bad input, what is kept when it stops.
#
# usage: THALWEG=build/thalweg tests/cli/test_certify.sh
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
needs_mpirun
command -v timeout >/dev/null || skip "no timeout"
on() { local ranks=$1; shift; timeout 120 "$mpirun" $flags -n "$ranks" "$thalweg" "$@"; }
alone() { timeout 120 "$thalweg" "$@"; }

cat >run.yaml <<'YAML'
data: {preset: circles}
network: {hidden: [3], activation: leaky_relu, leak: 0.1, output: logistic}
loss: log
method: {batch: all, step_size: 0.5}
stop: {steps: 2000}
metrics: {cost_every: 0}
YAML
cat >smooth.yaml <<'YAML'
precision: double
data: {preset: make_circles, observations: 300}
network: {hidden: [4], activation: tanh, output: logistic}
loss: log
method: {batch: all, step_size: 0.5}
stop: {steps: 500}
metrics: {cost_every: 0}
YAML
cat >sweep.yaml <<'YAML'
data: {preset: circles}
network: {activation: leaky_relu, leak: 0.1, output: logistic}
loss: log
method: {batch: all, step_size: 0.5}
stop: {steps: 3000}
metrics: {cost_every: 0}
sweep: {starts: 4, widths: [1, 2, 30]}
YAML

# ---- one model -------------------------------------------------------------------------------------------------------

for name in run smooth; do
	exits "train $name" 0 alone train $name.yaml --output $name --quiet
	for ranks in 1 2 3; do
		exits "$name on $ranks" 0 on $ranks certify $name/model.h5 --quiet --output $name-$ranks --keep-point \
			--density $name-$ranks.csv
		prints "$name on $ranks" '^verdict '
		prints "$name on $ranks" 'layer 2 '
		exits "$name on $ranks: the refined point" 0 alone predict $name-$ranks/refined.h5 $name.yaml --quiet \
			--output $name-$ranks-y.csv
	done
	for ranks in 2 3; do
		check "$name: certificate on $ranks ranks" cmp -s $name-1/certificates.csv $name-$ranks/certificates.csv
		check "$name: refined point on $ranks ranks" cmp -s $name-1-y.csv $name-$ranks-y.csv
		check "$name: density on $ranks ranks" cmp -s $name-1.csv $name-$ranks.csv
	done
	exits "$name, ends alone" 0 alone certify $name/model.h5 $name.yaml --quiet --full-spectrum 0 --eigenvalues 3
	exits "$name, as it is" 0 alone certify $name/model.h5 --quiet --no-refine
	prints "$name, as it is" '^refinement  *none'
done

# ARPACK without convergence: told, marked, and what was found kept.
exits "train many" 0 alone train smooth.yaml --set network.hidden=[10,10] --output many --quiet
exits "no convergence" 70 alone certify many/model.h5 --quiet --no-refine --full-spectrum 0 --restarts 1 --output unconverged
one_line "no convergence"
says "no convergence" "ARPACK found .* in its limit of 1 restarts"
prints "no convergence" '^verdict  *undecided'
check "no convergence: kept and marked" grep -q 'undecided,"*ARPACK found' unconverged/certificates.csv

# ---- a sweep ---------------------------------------------------------------------------------------------------------

exits "train a sweep" 0 alone sweep sweep.yaml --output sweep --quiet
for ranks in 1 2 3; do
	exits "sweep on $ranks" 0 on $ranks certify sweep/models.h5 --quiet --output sweep-$ranks
	prints "sweep on $ranks" '^all  *12'
done
check "12 rows" [ "$(wc -l <sweep-1/certificates.csv)" -eq 13 ]
exits "sweep, two threads" 0 alone certify sweep/models.h5 --quiet --threads 2 --output sweep-t
for other in 2 3 t; do check "sweep: $other" cmp -s sweep-1/certificates.csv sweep-$other/certificates.csv; done
exits "one run of a sweep" 0 on 2 certify sweep/models.h5:5 --quiet --output sweep-5
check "one run: the same row" grep -qxFf <(tail -1 sweep-5/certificates.csv) sweep-1/certificates.csv

# ---- bad input -------------------------------------------------------------------------------------------------------

exits "no model" 2 alone certify
exits "no such model" 3 on 2 certify none.h5 --quiet
exits "no such sweep" 3 on 2 certify none/models.h5 --quiet
exits "no such run" 2 on 2 certify sweep/models.h5:12 --quiet
says "no such run" '0 to 11'
exits "folder in use" 2 on 2 certify run/model.h5 --quiet --output run
exits "unknown option" 2 alone certify run/model.h5 --full
exits "not a tolerance" 2 alone certify run/model.h5 --zero -1
exits "density of a sweep" 2 on 2 certify sweep/models.h5 --quiet --density d.csv
exits "another network" 2 on 2 certify run/model.h5 smooth.yaml --quiet
says "another network" 'another network'
one_line "another network"
sed 's/30\]/20]/' sweep.yaml >other.yaml
exits "another sweep" 2 on 2 certify sweep/models.h5 other.yaml --quiet --output left
says "another sweep" 'another network'
absent "another sweep" left

# theta that is not finite: a run that diverged, and a model beside it
sed 's/output: logistic/output: identity/; s/loss: log/loss: square/; s/step_size: 0.5/step_size: 1.0e+6/' sweep.yaml >wild.yaml
exits "train a wild sweep" 0 alone sweep wild.yaml --output wild --quiet
exits "not finite" 4 on 2 certify wild/models.h5 --quiet --output wild-out
says "not finite" 'not finite'
check "not finite: kept and marked" grep -q 'not finite' wild-out/certificates.csv

# ---- stopping --------------------------------------------------------------------------------------------------------

sed 's/starts: 4, widths: \[1, 2, 30\]/starts: 40, widths: [5, 10]/' sweep.yaml >long.yaml
exits "train a longer sweep" 0 alone sweep long.yaml --output long --quiet
"$thalweg" certify long/models.h5 --quiet --threads 1 --output long-out >out 2>err </dev/null &
job=$!
sleep 1
kill -TERM $job 2>/dev/null
wait $job
code=$?
if [ $code -ne 0 ]; then
	check "stopped: exit code $code, not 75" [ $code -eq 75 ]
	check "stopped: marked" grep -q 'not looked at' long-out/certificates.csv
	check "stopped: a row a point" [ "$(wc -l <long-out/certificates.csv)" -eq 81 ]
fi

finish
