#!/bin/bash
# The trained parameters have the same bits on every layout (ranks x threads).
#
# usage: THALWEG=build/thalweg THALWEG_DATA=data tests/cli/test_layouts.sh [--full]
#
# Trains each group of settings under several layouts and compares theta_sha256 of summary.json. By default a covering
# subset in a minute or two; --full takes every batch, sampling, update rule and problem on 1, 2, 3, 4 ranks x 1, 2
# threads, then a part of it on each instruction set of this processor. Other variables: MPIRUN, MPIRUN_FLAGS.
# Exit code 0, 1 when bits differ or a run fails, 77 when the program or the data is missing.
set -u
export LC_ALL=C OMP_WAIT_POLICY=passive

thalweg=${THALWEG:-thalweg}
mpirun=${MPIRUN:-mpirun}
flags=${MPIRUN_FLAGS:---allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}
data=${THALWEG_DATA:-}
command -v "$thalweg" >/dev/null || { echo "skipped: no program $thalweg (set THALWEG)"; exit 77; }
command -v "$mpirun" >/dev/null || { echo "skipped: no $mpirun"; exit 77; }
[ -d "$data" ] || { echo "skipped: no data folder (set THALWEG_DATA)"; exit 77; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
groups=0 failures=0 runs=0

cat >"$folder/california.yaml" <<YAML
data: {preset: california, path: "$data"}
network: {hidden: [12, 12], activation: relu, output: identity}
loss: square
initial: {distribution: glorot_uniform, bias: 0.01}
method: {batch: 50, chunks: 7, step_size: 0.002}
stop: {steps: 200}
metrics: {cost_every: 50}
YAML
cat >"$folder/mnist.yaml" <<YAML
data: {preset: mnist, path: "$data", test: false}
network: {hidden: [32], activation: relu, output: softmax}
loss: cross_entropy
initial: {distribution: he_uniform, bias: 0}
method: {batch: 50, chunks: 7, step_size: 0.01}
stop: {steps: 200}
metrics: {cost_every: 0}
YAML

all_layouts="1x1 1x2 2x1 2x2 3x1 3x2 4x1 4x2"
some_layouts="1x1 1x2 2x1 3x2 4x1"
few_layouts="1x1 2x2 3x1"

# Instruction sets of this processor, best first.
isas="baseline"
grep -qw fma /proc/cpuinfo && grep -qw avx2 /proc/cpuinfo && isas="avx2 $isas"
[[ $isas == avx2* ]] && grep -qw avx512vl /proc/cpuinfo && isas="avx512 $isas"

# digest LAYOUT PROBLEM KEY=VALUE...: theta_sha256 of one run, or "failed" with the reason on standard error.
digest()
{
	local ranks=${1%x*} threads=${1#*x} problem=$2 set=()
	shift 2
	for value in "$@"; do set+=(--set "$value"); done
	rm -rf "$folder/out"
	if OMP_NUM_THREADS=$threads "$mpirun" $flags -n "$ranks" "$thalweg" train "$folder/$problem.yaml" "${set[@]}" \
		--set "threads=$threads" --output "$folder/out" --quiet >"$folder/log" 2>&1; then
		sed -n 's/.*"theta_sha256": *"\([0-9a-f]*\)".*/\1/p' "$folder/out/summary.json"
	else
		echo failed
		sed 's/^/    /' "$folder/log" | head -5 >&2
	fi
}

# group "LAYOUTS" PROBLEM KEY=VALUE...: one line of the report.
group()
{
	local layouts=$1 problem=$2 first="" found count=0 bad=""
	shift 2
	for layout in $layouts; do
		found=$(digest "$layout" "$problem" "$@")
		first=${first:-$found}
		if [ "$found" = failed ] || [ -z "$found" ]; then bad="$bad $layout:failed"
		elif [ "$found" != "$first" ]; then bad="$bad $layout"
		fi
		count=$((count + 1))
	done
	groups=$((groups + 1)) runs=$((runs + count))
	local name="$problem${THALWEG_ISA:+ $THALWEG_ISA} $*"
	if [ -z "$bad" ]; then
		printf '%-84s %d layouts identical\n' "$name" "$count"
	else
		failures=$((failures + 1))
		printf '%-84s %d layouts, DIFFERENT:%s\n' "$name" "$count" "$bad"
	fi
}

updates="plain momentum nesterov adagrad rmsprop adam adamw noisy"
samplings="shuffle shuffle_once uniform"

quick()
{
	group "$all_layouts" california method.batch=all
	group "$all_layouts" california method.batch=256 method.update=adam
	for update in $updates; do
		group "$some_layouts" california method.batch=50 "method.update=$update"
	done
	for sampling in $samplings; do
		group "$some_layouts" california method.batch=256 "method.sampling=$sampling"
	done
	for sampling in shuffle_once uniform; do
		group "$few_layouts" california method.batch=50 "method.sampling=$sampling"
	done
	group "$few_layouts" california method.batch=500 "network.hidden=[200, 130]" precision=double penalty.l2=0.001
	group "$few_layouts" mnist method.batch=256
	group "$few_layouts" mnist method.batch=50 method.sampling=uniform data.storage=dense
	group "1x1 4x1" mnist method.batch=all stop.steps=20
	for isa in $isas; do
		export THALWEG_ISA=$isa
		group "$few_layouts" california method.batch=256 method.update=momentum
	done
	unset THALWEG_ISA
}

# every_batch PROBLEM "UPDATES" "SAMPLINGS": the product, each of at least 200 steps but full batches of MNIST under the
# rules other than plain and adam.
every_batch()
{
	local problem=$1 steps
	for update in $2; do
		steps=200
		[[ $problem = mnist && $update != plain && $update != adam ]] && steps=20
		group "$all_layouts" "$problem" method.batch=all "method.update=$update" "stop.steps=$steps"
		for batch in 50 256; do
			for sampling in $3; do
				group "$all_layouts" "$problem" "method.batch=$batch" "method.sampling=$sampling" \
					"method.update=$update"
			done
		done
	done
}

full()
{
	for problem in california mnist; do
		every_batch "$problem" "$updates" "$samplings"
		group "$all_layouts" "$problem" method.batch=500 "network.hidden=[200, 130]" penalty.l2=0.001
		group "$all_layouts" "$problem" method.batch=256 precision=double method.update=adam
	done
	group "$all_layouts" mnist method.batch=256 data.storage=dense
	for isa in $isas; do
		export THALWEG_ISA=$isa
		every_batch california "plain adam" "$samplings"
		for update in $updates; do
			group "$all_layouts" mnist method.batch=256 "method.update=$update"
		done
		group "$all_layouts" mnist method.batch=50 method.sampling=uniform
	done
	unset THALWEG_ISA
}

start=$SECONDS
case ${1:-} in
"") quick ;;
--full) full ;;
*) echo "usage: $0 [--full]" >&2; exit 2 ;;
esac
echo "$groups groups, $runs runs, $failures with differences, $((SECONDS - start)) s"
[ "$failures" -eq 0 ]
