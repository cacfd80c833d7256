#!/bin/bash
# A run of a sweep has the same end as the run that `train` makes of its configuration, in whatever grid it stands.
#
# usage: THALWEG=build/thalweg [THALWEG_DATA=data] tests/cli/test_sweep_repeat.sh [--full]
#
# By default some runs of each sweep; --full repeats all.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
. "$here/sweeps.sh"
share=9
case ${1:-} in
"") ;;
--full) share=1 ;;
*) echo "usage: $0 [--full]" >&2; exit 2 ;;
esac

column() # FILE.csv NAME
{
	awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }' "$1"
}
field() { column "$1/runs.csv" "$3" | sed -n "$(($2 + 1))p"; } # FOLDER RUN COLUMN
rows() { echo $(($(wc -l <"$1/runs.csv") - 1)); }
digits() { awk -v x="$1" -v format="$2" 'BEGIN { printf format, x }'; } # as in runs.csv

# ---- single runs -----------------------------------------------------------------------------------------------------

# as_in_sweep NAME FOLDER RUN: the folder `alone` holds the end of that run.
as_in_sweep()
{
	local name=$1 folder=$2 run=$3 format=%.9g
	[ "$(value alone/summary.json precision)" = double ] && format=%.17g
	for key in theta_sha256 steps observations stop_reason; do
		check "$name: $key" [ "$(value alone/summary.json $key)" = "$(field "$folder" "$run" $key)" ]
	done
	[ "$(field "$folder" "$run" stop_reason)" = diverged ] && return
	for key in cost gradient_norm_squared; do
		check "$name: $key" \
			[ "$(digits "$(value alone/summary.json $key)" $format)" = \
			"$(digits "$(field "$folder" "$run" $key)" $format)" ]
	done
}

# repeat_run NAME RUN ARGUMENTS...: run RUN of the sweep in the folder NAME, alone.
repeat_run()
{
	local name=$1 run=$2 wanted=0
	shift 2
	exits "$name: run $run shown" 0 "$thalweg" sweep "$@" --show-run "$run"
	mv out run.yaml
	[ "$(field "$name" "$run" stop_reason)" = diverged ] && wanted=4
	rm -rf alone
	exits "$name: run $run alone" $wanted "$thalweg" train run.yaml --output alone --quiet
	as_in_sweep "$name: run $run alone" "$name" "$run"
}

# repeated NAME ARGUMENTS...: some runs of a sweep; their numbers are spread over all cells.
repeated()
{
	local name=$1 count=0
	shift
	exits "$name" 0 "$thalweg" sweep "$@" --threads 2 --output "$name" --quiet
	for ((run = 0; run < $(rows "$name"); run += share > 1 ? share - 2 + run % 5 : 1)); do
		repeat_run "$name" $run "$@"
		count=$((count + 1))
	done
	echo "$name: $count of $(rows "$name") runs repeated, $SECONDS s"
}

repeated minima "${minima[@]}"
for name in $sweeps; do
	steps=()
	[ $name = mixed ] && steps=(--set stop.steps=300)
	repeated $name $name.yaml "${steps[@]}"
done

# ---- grids that grow -------------------------------------------------------------------------------------------------

# unchanged NAME ARGUMENTS...: the runs of the folder `before` are among those of this sweep, with other numbers.
unchanged()
{
	local name=$1
	shift
	rm -rf after
	exits "$name" 0 "$thalweg" sweep "$@" --output after --quiet
	check "$name: no more runs" [ "$(rows after)" -gt "$(rows before)" ]
	for folder in before after; do tail -n +2 $folder/runs.csv | cut -d, -f2- | sort >$folder.rows; done
	check "$name: $(comm -23 before.rows after.rows | wc -l) of $(rows before) runs changed" \
		[ -z "$(comm -23 before.rows after.rows)" ]
	check "$name: two runs with one seed" [ -z "$(column after/runs.csv seed | sort | uniq -d)" ]
}

grid="--set stop.steps=40 --set method.step_size=0.5"
exits "a grid" 0 "$thalweg" sweep $grid --set "sweep.widths=[3, 6]" --set sweep.starts=4 --output before --quiet
unchanged "more widths and starts" $grid --set "sweep.widths=[1, 6, 9, 3]" --set sweep.starts=6
unchanged "more layers" $grid --set "sweep.widths=[3, 6]" --set "sweep.hidden_layers=[2, 1]" --set sweep.starts=4
unchanged "more step sizes" $grid --set "sweep.widths=[3, 6]" \
	--set "sweep.step_sizes=[0.25, 0.5]" --set sweep.starts=4
unchanged "more batches" $grid --set "sweep.widths=[3, 6]" --set "sweep.batches=[10, all]" --set sweep.starts=4
unchanged "more methods" $grid --set "sweep.widths=[3, 6]" --set "sweep.methods=[adam, plain]" --set sweep.starts=4
unchanged "more activations" $grid --set "sweep.widths=[3, 6]" --set "sweep.activations=[relu, tanh]" \
	--set sweep.starts=4
unchanged "as architectures" $grid --set sweep.widths=none \
	--set "sweep.architectures=[[6], [3, 6], [3]]" --set sweep.starts=5
cat >overrides.yaml <<'YAML'
sweep:
  widths: [3, 6]
  hidden_layers: [1, 2]
  starts: 4
  overrides: [{when: {widths: 6}, starts: 7}, {when: {hidden_layers: 2}, initial: {distribution: normal}}]
YAML
unchanged "with overrides" overrides.yaml $grid
exits "a narrower minima-1" 0 "$thalweg" sweep "$source/scripts/experiments/local-minima-1.yaml" \
	--set "sweep.widths=[5]" --set sweep.starts=7 "${minima[@]:7}" --output before --overwrite \
	--quiet
unchanged "one depth and all depths" "${minima[@]}"

# ---- starts from end points ------------------------------------------------------------------------------------------

exits "a sweep in double" 0 "$thalweg" sweep double.yaml --output double --overwrite --quiet
for run in 0 9 27; do
	hidden=$(field double $run hidden)
	from="initial.file=double/models.h5:$run"
	rm -rf alone
	exits "from run $run" 0 "$thalweg" train --set "network={hidden: [${hidden//-/, }], activation: softplus}" \
		--set precision=double --set "$from" --set stop.steps=0 --output alone --quiet
	check "from run $run: its end" [ "$(value alone/summary.json theta_sha256)" = "$(field double $run theta_sha256)" ]
done
# Mini-batch runs that all start from one end point: they differ by their batches alone.
cat >noise.yaml <<'YAML'
precision: double
network: {hidden: [13], activation: softplus}
initial: {file: "double/models.h5:9"}
method: {sampling: uniform, step_size: 0.01}
stop: {steps: 30}
sweep: {starts: 24, batches: [1, 10, all]}
YAML
exits "from one end point" 0 "$thalweg" sweep noise.yaml --threads 4 --output noise --quiet
exits "from one end point, by one thread" 0 "$thalweg" sweep noise.yaml --threads 1 --output noise_alone --quiet
check "from one end point: same runs" cmp -s noise/runs.csv noise_alone/runs.csv
check "from one end point: different ends of mini-batch runs" \
	[ "$(head -49 noise/runs.csv | column /dev/stdin theta_sha256 | sort -u | wc -l)" -eq 48 ]
check "from one end point: one end of full-batch runs" \
	[ "$(tail -24 noise/runs.csv | cut -d, -f17 | sort -u | wc -l)" -eq 1 ]
for run in 3 30 71; do repeat_run noise $run noise.yaml; done
finish
