#!/bin/bash
# Sweeps that cannot be, on 3 ranks: within 10 seconds one clear line, the exit code of the contract, no folder left.
. "$(dirname "$0")/common.sh"
needs_mpirun
command -v timeout >/dev/null || skip "no timeout"

# on3 NAME CODE PATTERN ARGUMENTS...: `sweep` on 3 ranks ends with one line on standard error that matches PATTERN.
on3()
{
	local name=$1 wanted=$2 pattern=$3
	shift 3
	exits "$name" "$wanted" timeout 10 "$mpirun" $flags -n 3 "$thalweg" sweep "$@" --quiet
	one_line "$name"
	says "$name" "$pattern"
}
refused()
{
	on3 "$@" --set threads=1 --output kept
	absent "$1" kept
	rm -rf kept
}
# line NAME CODE PATTERN TEXT: the same of a configuration of this text, `bad.yaml`.
line()
{
	printf "$4" >bad.yaml
	refused "$1" "$2" "$3" bad.yaml
}

# ---- the grid --------------------------------------------------------------------------------------------------------

line "unknown key" 2 "bad.yaml:3: key 'sweep.width' is not known; did you mean 'widths'" \
	'seed: 1\nsweep:\n  width: [1]\n'
line "no widths" 2 "bad.yaml:2: sweep.widths: an empty list; give at least one value" 'sweep:\n  widths: []\n'
for list in hidden_layers step_sizes batches methods architectures activations initials data; do
	exits "no $list" 2 "$thalweg" sweep --set "sweep.$list=[]" --output kept --quiet
	one_line "no $list"
	says "no $list" "--set sweep.$list=\[\]: sweep.$list: an empty list; give at least one value"
	absent "no $list" kept
done
line "no starts" 2 "bad.yaml:2: sweep.starts: 0 is out of range; give a whole number of at least 1" \
	'sweep:\n  starts: 0\n'
line "negative starts" 2 "bad.yaml:1: sweep.starts: -5 is out of range" 'sweep: {starts: -5}\n'
line "no starts of a cell" 2 "bad.yaml:1: sweep.overrides\[0\].starts: 0 is out of range" \
	'sweep: {widths: [1, 2], overrides: [{when: {widths: 2}, starts: 0}]}\n'
line "width 0" 2 "bad.yaml:1: sweep.widths\[1\]: 0 is out of range; give a whole number of at least 1" \
	'sweep: {widths: [3, 0]}\n'
line "negative width" 2 "bad.yaml:1: sweep.widths\[2\]: -2 is out of range" 'sweep: {widths: [3, 1, -2]}\n'
line "half a width" 2 "bad.yaml:1: sweep.widths\[0\]: '1.5' is not a whole number" 'sweep: {widths: [1.5]}\n'
line "negative depth" 2 "bad.yaml:1: sweep.hidden_layers\[0\]: -1 is out of range" 'sweep: {hidden_layers: [-1]}\n'
line "more starts than a table has rows" 2 "bad.yaml:1: sweep: .*more than [0-9]* runs; divide it" \
	'sweep: {starts: 2000000000, widths: [1, 2, 3], step_sizes: [1, 2, 3]}\n'
refused "starts 0 by --set" 2 "\--set sweep.starts=0: sweep.starts: 0 is out of range" --set sweep.starts=0
refused "an empty list by --set" 2 "\--set sweep.widths=\[\]: sweep.widths: an empty list" --set 'sweep.widths=[]'
line "not YAML" 2 "bad.yaml:[23]: " 'sweep:\n  widths: [1, 2\n'
refused "no file" 3 "nowhere.yaml" nowhere.yaml

# ---- cells that cannot be built --------------------------------------------------------------------------------------

line "a cell with too few biases" 2 "bad.yaml:1: initial.bias: 2 numbers for 3 layers of weights.*cell hidden 4-4" \
	'initial: {bias: [1, 2]}\nsweep: {widths: [3, 4], hidden_layers: [1, 2],
	overrides: [{when: {widths: 3}, initial: {bias: 0}}]}\n'
line "a cell whose loss does not fit" 2 "bad.yaml:1: loss log does not go with .*softmax.*in the cell hidden 3" \
	'loss: log\nsweep: {widths: [2, 3], overrides: [{when: {widths: 3}, network: {output: softmax}}]}\n'
line "a cell whose outputs do not fit its data" 2 "cell.*1.*hidden 3.*cross_entropy" \
	'sweep: {widths: [2, 3], overrides: [{when: {widths: 3}, loss: cross_entropy, network: {output: softmax}}]}\n'
line "a cell without its rows" 3 "nowhere.txt" 'sweep: {data: [{rows: none}, {rows: nowhere.txt}]}\n'
echo 100 >rows.txt
line "a cell with rows that the data do not have" 3 "rows.txt, line 1: row 100" \
	'sweep: {data: [{rows: none}, {rows: rows.txt}]}\n'
line "a cell too large for this machine" 70 "memory" 'sweep: {starts: 1, widths: [2000000000], hidden_layers: [2]}\n'
line "equal cells" 2 "bad.yaml:1: sweep.widths\[1\]: the same value as item 0" 'sweep: {widths: [3, 3]}\n'

# ---- files -----------------------------------------------------------------------------------------------------------

refused "no data file" 3 "nowhere.csv" --set data.preset=none --set data.source=csv --set data.inputs=nowhere.csv:0,1 \
	--set data.outputs=nowhere.csv:2
refused "no folder of data" 3 "nowhere/cal_housing.data" --set data.preset=california --set data.path=nowhere \
	--set loss=square --set network.output=identity
mkdir cut && yes -- -122.23,37.88,41,880,129,322,126,8.3252,452600 | head -50 >cut/cal_housing.data
refused "a truncated data set" 3 "cut/cal_housing.data: has 50 rows and not 20640" --set data.preset=california \
	--set data.path=cut --set loss=square --set network.output=identity
exits "end points" 0 "$thalweg" sweep --set sweep.starts=2 --set "sweep.widths=[2]" --set stop.steps=5 --output points \
	--quiet
refused "no such end point" 3 "points/models.h5: there is no run 2 in it: the last is run 1" --set "sweep.widths=[2]" \
	--set initial.file=points/models.h5:2
refused "an end point without its number" 3 "points/models.h5:RUN" --set "sweep.widths=[2]" \
	--set initial.file=points/models.h5
refused "an end point of another network" 3 "points/models.h5:1: .*another network.*2-2-1.*2-3-1" \
	--set "sweep.widths=[3]" --set initial.file=points/models.h5:1
refused "no file of end points" 3 "nowhere.h5" --set initial.file=nowhere.h5:0
exits "train from no such end point" 3 timeout 10 "$mpirun" $flags -n 3 "$thalweg" train --set "network.hidden=[2]" \
	--set initial.file=points/models.h5:2 --quiet --output kept
one_line "train from no such end point"
says "train from no such end point" "points/models.h5: there is no run 2 in it: the last is run 1"
absent "train from no such end point" kept

# ---- layouts and options ---------------------------------------------------------------------------------------------

refused "groups that do not divide the ranks" 2 "sweep.ranks_per_run: .*2 ranks.*of 3; give a divisor of 3" \
	--set sweep.ranks_per_run=2
refused "groups larger than all ranks" 2 "sweep.ranks_per_run: .*give a divisor of 3" --set sweep.ranks_per_run=6
refused "groups of 0 ranks" 2 "sweep.ranks_per_run: 0 is out of range; give" --set sweep.ranks_per_run=0
refused "0 replicas" 2 "sweep.replicas: 0 is out of range; give auto or" --set sweep.replicas=0
refused "theory along a sweep" 2 "metrics.rayleigh and metrics.bound are for .thalweg train." \
	--set metrics.bound=true --set metrics.gradient_norm_every=5
refused "a run that is not there" 2 "sweep.trajectories: '7' is no run; give.*0 to 1" --set sweep.starts=2 \
	--set "sweep.widths=[1]" --set sweep.trajectories=7
refused "unknown option" 2 "--rezume" --rezume
refused "two files" 2 "bad.yaml" points/config.yaml bad.yaml
refused "--show-run without a number" 2 "--show-run.*many" --show-run many
refused "--resume and --overwrite" 2 "--resume.*--overwrite.*one of them" --resume --overwrite
on3 "--resume without a folder" 2 "--resume.*--output" --resume

# ---- the output folder -----------------------------------------------------------------------------------------------

echo mine >file
on3 "the folder is a file" 3 "file: .*\(not a folder\|Not a directory\)" --output file
check "the folder is a file: untouched" [ "$(cat file)" = mine ]
on3 "--resume of a file" 3 "file.*\(not a folder\|Not a directory\)" --output file --resume
on3 "--overwrite of a file" 3 "file.*\(not a folder\|Not a directory\)" --output file --overwrite
mkdir locked
if [ "$(id -u)" -ne 0 ]; then
	chmod a-w locked
	on3 "a folder without rights to write" 3 "locked.*Permission denied" --output locked/out
elif mount -t tmpfs -o ro,size=64k none locked 2>/dev/null; then
	trap 'umount "$work/locked"; rm -rf "$work"' EXIT
	on3 "a folder on a read-only disk" 3 "locked.*Read-only" --output locked/out
	on3 "a read-only folder" 3 "locked.*Read-only" --output locked
else
	echo "note: no read-only file system can be mounted here, not tried"
fi

# ---- journals --------------------------------------------------------------------------------------------------------

small="--set sweep.starts=4 --set sweep.widths=[1,2] --set stop.steps=20"
exits "a sweep with its journal" 0 "$thalweg" sweep $small --output whole --keep-journal --quiet
rm whole/runs.csv whole/models.h5 whole/summary.json
# journal NAME CODE PATTERN SED ARGUMENTS...: --resume with a journal changed by SED; the folder stays as it was.
journal()
{
	local name=$1 wanted=$2 pattern=$3 edit=$4
	shift 4
	rm -rf changed
	cp -r whole changed
	sed -i "$edit" changed/journal.txt
	cp -r changed as_before
	on3 "$name" "$wanted" "$pattern" "$@" --resume --output changed
	check "$name: the folder has changed" diff -r changed as_before
	rm -rf as_before
}
journal "a journal of another seed" 2 "changed/journal.txt: .*another configuration.*--overwrite" "" $small --seed 9
journal "a journal of another grid" 2 "another configuration" "" $small --set "sweep.widths=[1, 2, 3]"
journal "a journal of other stop rules" 2 "another configuration" "" $small --set stop.steps=21
journal "a journal without its first line" 3 "changed/journal.txt:1: .*--overwrite" 1d
journal "a journal with a damaged first line" 3 "changed/journal.txt:1: .*--overwrite" '1s/^./x/'
journal "a journal with a damaged line" 3 "changed/journal.txt:4: .*damaged; remove it" '4s/[0-9]/x/'
journal "a journal with half a line" 3 "changed/journal.txt:3: .*damaged; remove it" '3s/.\{20\}$//'
journal "a journal with a changed number" 3 "changed/journal.txt:6: .*damaged; remove it" '6s/20/21/'
# End points that are lost are trained again.
rm -rf changed && cp -r whole changed && truncate -s 40 changed/journal.theta
exits "a journal without its end points" 0 timeout 10 "$mpirun" $flags -n 3 "$thalweg" sweep --resume --output changed
says "a journal without its end points" "journal.txt: .*repeated"
exits "the whole sweep" 0 "$thalweg" sweep $small --output again --quiet
check "a journal without its end points: same runs" cmp -s again/runs.csv changed/runs.csv
finish
