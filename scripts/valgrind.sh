#!/bin/bash
# Runs the program on two ranks under valgrind's memcheck: a training that is interrupted and resumed, one to its end,
# and a sweep. Fails on an access to memory that is not its own, a decision by what was never set, and a leak for which
# nothing is left to point at it; what Open MPI and its like do is left out (tests/valgrind.supp).
#
# usage: [THALWEG=build/release/thalweg] scripts/valgrind.sh
#
# Valgrind knows no AVX-512: the program takes AVX2, as it would on a processor without it. With THALWEG of a build with
# debugging information (preset debug) the lines are named.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"
ensure_packages "${valgrind_packages[@]}"
thalweg=$(realpath "${THALWEG:-$root/build/release/thalweg}")
read -ra flags <<<"${MPIRUN_FLAGS:---allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

suppressions=(--suppressions="$root/tests/valgrind.supp")
for file in /usr/share/openmpi/openmpi-valgrind.supp /usr/lib/*/valgrind/openmpi-valgrind.supp; do
	[ ! -e "$file" ] || suppressions+=(--suppressions="$file")
done
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive THALWEG_ISA=avx2
failures=0
# checked NAME CODE ARGUMENTS...: the program ends with this exit code, and valgrind finds nothing.
checked()
{
	local name=$1 wanted=$2 code=0 found=0 log
	shift 2
	rm -f valgrind.*.log
	"${MPIRUN:-mpirun}" "${flags[@]}" --mca btl_vader_single_copy_mechanism none -n 2 \
		valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=30 \
		--log-file="valgrind.%p.log" "${suppressions[@]}" ${VALGRIND_FLAGS:-} "$thalweg" "$@" --quiet >out 2>err || code=$?
	for log in valgrind.*.log; do
		[ ! -s "$log" ] || { found=1; cat "$log"; }
	done
	if [ "$code" -ne "$wanted" ] || [ "$found" -ne 0 ]; then
		failures=$((failures + 1))
		echo "FAILED: $name: exit code $code, $wanted is wanted"
		head -20 err
	else
		echo "$name: good"
	fi
}

cat >run.yaml <<'END'
network: {hidden: [20, 20]}
method: {batch: 20, chunks: 4, update: adam, step_size: 0.01}
stop: {steps: 1000000}
metrics: {cost_every: 10, gradient_norm_every: 50}
checkpoint: {every_steps: 100}
END
cat >sweep.yaml <<'END'
network: {activation: tanh}
method: {step_size: 0.05}
stop: {steps: 40}
sweep: {starts: 3, widths: [3, 20], batches: [all, 10], hidden_layers: [1, 2]}
END
checked "train, interrupted" 75 train run.yaml --output run --max-seconds 8
checked "train, resumed" 75 train run.yaml --output run --max-seconds 8 --resume
checked "train" 0 train run.yaml --output ended --set stop.steps=150 --hang-timeout 300
checked "sweep" 0 sweep sweep.yaml --output sweep
checked "sweep, groups" 0 sweep sweep.yaml --output groups --set penalty.l2=0.001 --set sweep.ranks_per_run=2 \
	--set sweep.starts=1 --set stop.steps=20
[ "$failures" -eq 0 ]
