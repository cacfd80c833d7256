#!/bin/bash
# Bad input on 3 ranks: one clear line, the exit code of the contract, no hang, no partial output.
. "$(dirname "$0")/common.sh"
needs_mpirun
command -v timeout >/dev/null || skip "no timeout"

# refused NAME CODE PATTERN ARGUMENTS...: `train` on 3 ranks refuses with one line that matches PATTERN.
refused()
{
	local name=$1 wanted=$2 pattern=$3
	shift 3
	exits "$name" "$wanted" timeout 10 "$mpirun" $flags -n 3 "$thalweg" train "$@" --set threads=1 --output kept --quiet
	one_line "$name"
	says "$name" "$pattern"
	absent "$name" kept
	rm -rf kept
}
# A configuration of files of one's own: linear regression of the last of three columns.
own()
{
	echo "--set data.preset=none --set loss=square --set network.output=identity --set network.activation=relu" \
		"--set network.hidden=[4] --set stop.steps=2 $*"
}
csv() { own "--set data.source=csv --set data.inputs=$1:0,1 --set data.outputs=$1:2 --set data.header=false"; }

# ---- configuration ---------------------------------------------------------------------------------------------------

cat >unknown.yaml <<'YAML'
seed: 1
network:
  hidden: [3]
  activatoin: relu
YAML
refused "unknown key" 2 "unknown.yaml:4.*activatoin" unknown.yaml
printf 'method:\n  sampling: shufle\n' >misspelt.yaml
refused "misspelt value" 2 "misspelt.yaml:2.*shufle" misspelt.yaml
refused "misspelt override" 2 "method.updat" --set method.updat=adam
printf 'method:\n  batch: 0\n' >batch0.yaml
refused "batch 0" 2 "batch0.yaml:2.*batch" batch0.yaml
refused "wrong type" 2 "steps" --set stop.steps=many
refused "out of range" 2 "step_size" --set method.step_size=-1
refused "no configuration file" 3 "nowhere.yaml" nowhere.yaml
printf 'seed: 1\n  network: [\n' >broken.yaml
refused "not YAML" 2 "broken.yaml" broken.yaml

# A batch larger than the data is the whole data, and the program says so.
exits "batch larger than the data" 0 timeout 10 "$mpirun" $flags -n 3 "$thalweg" train --set method.batch=5000 \
	--set stop.steps=2 --output large --set threads=1
says "batch larger than the data" "method.batch.*5000.*100 observations"
check "batch larger than the data: whole data" [ "$(value large/summary.json observations)" = 200 ]

# ---- files of data ---------------------------------------------------------------------------------------------------

for i in $(seq 30); do echo "$i.5,0.$i,$((i * 2))"; done >good.csv
exits "good CSV" 0 timeout 10 "$mpirun" $flags -n 3 "$thalweg" train $(csv good.csv) --set method.step_size=1e-9 --quiet
sed '7s/,[^,]*$//' good.csv >missing.csv
refused "CSV with a missing field" 3 "missing.csv.*7" $(csv missing.csv)
sed '8s/^[^,]*/many/' good.csv >text.csv
refused "CSV with text in a number" 3 "text.csv.*8.*many" $(csv text.csv)
sed '9s/^[^,]*/nan/' good.csv >nan.csv
refused "CSV with NaN" 3 "nan.csv.*9" $(csv nan.csv)
refused "no CSV file" 3 "nowhere.csv" $(csv nowhere.csv)

# IDX: 20 images of 2x2 bytes and their labels.
bytes() { local code; for code in "$@"; do printf "\\x$(printf %x "$code")"; done; }
{ bytes 0 0 8 3 0 0 0 20 0 0 0 2 0 0 0 2; for i in $(seq 80); do bytes $((i * 3 % 256)); done; } >images.idx
{ bytes 0 0 8 1 0 0 0 20; for i in $(seq 20); do bytes $((i % 3)); done; } >labels.idx
idx()
{
	echo "--set data.preset=none --set data.source=idx --set data.inputs=$1 --set data.outputs=$2" \
		"--set data.labels=true --set data.divide_inputs=255 --set network.output=softmax --set loss=cross_entropy" \
		"--set network.hidden=[4] --set stop.steps=2"
}
exits "good IDX" 0 timeout 10 "$mpirun" $flags -n 3 "$thalweg" train $(idx images.idx labels.idx) --quiet
head -c 60 images.idx >short.idx
refused "truncated IDX" 3 "short.idx" $(idx short.idx labels.idx)
gzip -c images.idx >flipped.idx.gz
size=$(stat -c %s flipped.idx.gz)
# One byte of the compressed data, inverted.
byte=$(od -An -tu1 -j $((size / 2)) -N 1 flipped.idx.gz)
bytes $((255 - byte)) | dd of=flipped.idx.gz bs=1 seek=$((size / 2)) conv=notrunc status=none
refused "IDX.gz with a flipped byte" 3 "flipped.idx.gz" $(idx flipped.idx.gz labels.idx)
refused "label out of range" 3 "label" $(idx images.idx labels.idx) --set data.classes=2

exits "a model to read" 0 "$thalweg" train --set stop.steps=0 --set "network.hidden=[10, 10]" --output model --quiet
refused "HDF5 without the data set" 3 "model.h5.*pixels" $(own "--set data.source=hdf5" \
	"--set data.inputs=model/model.h5:pixels --set data.outputs=model/model.h5:theta")

refused "log loss with targets other than 0 and 1" 3 "observation" \
	$(csv good.csv) --set loss=log --set network.output=logistic

# ---- models ----------------------------------------------------------------------------------------------------------

refused "a model of another network" 3 "model.h5.*2-10-10-1.*2-7-1" --set initial.file=model/model.h5 \
	--set "network.hidden=[7]"
head -c 1000 model/model.h5 >short.h5
refused "a truncated model" 3 "short.h5" --set initial.file=short.h5
printf 'data: {preset: teacher, dimension: 5}\nnetwork: {output: logistic}\nloss: square\n' >other.yaml
exits "evaluate a model on other data" 3 timeout 10 "$mpirun" $flags -n 3 "$thalweg" evaluate model/model.h5 \
	other.yaml --quiet
one_line "evaluate a model on other data"
says "evaluate a model on other data" "2-10-10-1.*5-10-10-1"

# ---- the output folder -----------------------------------------------------------------------------------------------

# denied NAME CODE PATTERN FOLDER
denied()
{
	exits "$1" "$2" timeout 10 "$mpirun" $flags -n 3 "$thalweg" train --set stop.steps=2 --set threads=1 --output "$4" \
		--quiet
	one_line "$1"
	says "$1" "$3"
}
mkdir full && echo mine >full/notes.txt
denied "a folder that is not empty" 2 "full.*--overwrite" full
check "a folder that is not empty: untouched" [ "$(ls full)" = notes.txt ]
denied "a folder without rights" 3 "/sys/thalweg" /sys/thalweg
echo >file
denied "a folder below a file" 3 "file/out" file/out

# Full disk: a file system of a few pages, where one may be mounted.
mkdir disk
if mount -t tmpfs -o size=64k none disk 2>/dev/null; then
	trap 'umount "$work/disk"; rm -rf "$work"' EXIT
	exits "full disk at the end" 3 timeout 10 "$mpirun" $flags -n 3 "$thalweg" train --set stop.steps=2 \
		--set threads=1 --set "network.hidden=[200, 100]" --output disk/out --quiet
	one_line "full disk at the end"
	says "full disk at the end" "disk/out/.*No space left"
	absent "full disk at the end" disk/out
	exits "full disk while training" 3 timeout 10 "$mpirun" $flags -n 3 "$thalweg" train --set stop.steps=200000 \
		--set threads=1 --set metrics.cost_every=1 --output disk/out --quiet
	one_line "full disk while training"
	says "full disk while training" "disk/out/metrics.csv.*No space left"
	absent "full disk while training" disk/out
else
	echo "note: no small file system can be mounted here, full disk not tried"
fi
finish
