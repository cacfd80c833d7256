#!/bin/bash
# Runs under the thread sanitizer what several threads work on: unit tests, and the program training, keeping its state
# and sweeping with two threads on one rank. clang: its OpenMP tells the sanitizer of its barriers (libarcher); that of
# gcc does not, and every parallel region would look like a race.
#
# usage: scripts/tsan.sh [UNIT TEST...]
#
# TSAN_BUILD: the build folder (build/tsan). THALWEG_ISA: the instruction set (default: avx2, or what the processor has).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"
build=${TSAN_BUILD:-$root/build/tsan}
tests=("$@")
[ $# -gt 0 ] || tests=(objective ensemble measuring points hessian eigen run checkpoint theory)

ensure_packages "${tsan_packages[@]}"
cd "$root"
cmake --preset tsan -B "$build" -DTHALWEG_TESTS=ON >/dev/null
cmake --build "$build" --target thalweg "${tests[@]/#/unit_}"

archer=$(clang -print-file-name=libarcher.so)
for file in /usr/lib/llvm-*/lib/libarcher.so; do
	[ -e "$archer" ] || archer=$file
done
[ -e "$archer" ] || { echo "$0: no libarcher.so: it comes with clang's OpenMP (libomp-dev)" >&2; exit 1; }
# Libraries that are not built so are not looked into: OpenMP itself, BLIS, HDF5.
export OMP_TOOL_LIBRARIES=$archer TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66 history_size=4"
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
checked() # NAME COMMAND...
{
	local name=$1 code=0
	shift
	"$@" >"$work/out" 2>&1 </dev/null || code=$?
	if [ $code -ne 0 ] || grep -q 'WARNING: ThreadSanitizer' "$work/out"; then
		failures=$((failures + 1))
		echo "FAILED: $name: exit code $code"
		grep -A40 -m3 'WARNING: ThreadSanitizer' "$work/out" || tail -20 "$work/out"
	else
		echo "$name: good"
	fi
}

# A race that is meant to be found: without it nothing that follows would mean anything.
cat >"$work/race.c" <<'END'
int main(void)
{
	int x = 0;
#pragma omp parallel num_threads(2)
	for (int i = 0; i < 1000; i++) x++;
	return x < 0;
}
END
clang -g -O1 -fsanitize=thread -fopenmp "$work/race.c" -o "$work/race"
if "$work/race" >/dev/null 2>&1; then
	echo "$0: the sanitizer does not find a race that is there" >&2
	exit 1
fi

for name in "${tests[@]}"; do checked "unit $name" "$build/tests/unit_$name"; done

cat >"$work/run.yaml" <<'END'
network: {hidden: [64, 64]}
method: {batch: 50, chunks: 8, update: adam, step_size: 0.01}
stop: {steps: 200}
metrics: {cost_every: 10, gradient_norm_every: 50}
checkpoint: {every_steps: 20}
END
cat >"$work/sweep.yaml" <<'END'
network: {activation: tanh}
method: {step_size: 0.05}
stop: {steps: 40}
sweep: {starts: 5, widths: [3, 20], batches: [all, 10], hidden_layers: [1, 2], trajectories: all}
END
thalweg=$build/thalweg
checked "train" "$thalweg" train "$work/run.yaml" --threads 2 --output "$work/run" --quiet
checked "train, full batches" "$thalweg" train "$work/run.yaml" --threads 2 --set method.batch=all --set stop.steps=50 \
	--quiet
checked "train, stopped" bash -c "'$thalweg' train '$work/run.yaml' --threads 2 --set stop.steps=100000000 \
	--output '$work/stopped' --quiet --max-seconds 2; [ \$? -eq 75 ]"
checked "sweep" "$thalweg" sweep "$work/sweep.yaml" --threads 2 --output "$work/sweep" --quiet
checked "sweep, run by run" "$thalweg" sweep "$work/sweep.yaml" --threads 2 --set penalty.l2=0.001 --set stop.steps=10 \
	--quiet
[ "$failures" -eq 0 ]
