#!/bin/bash
# Feeds every reader of foreign input (data, models, configurations) with inputs that libFuzzer makes up.
#
# usage: fuzz.sh [SECONDS [TARGET...]]
#
# SECONDS (600) are shared out to the targets (all of tests/fuzz/corpus), one after the other. FUZZ_BUILD: the build
# folder (build/fuzz); what is learned stays in its folder corpus, and what goes wrong in its folder found: see it with
#   build/fuzz/tests/fuzz_TARGET build/fuzz/found/FILE
# and put it into tests/fuzz/corpus/TARGET once it is mended. FUZZ_SEED: a number makes the same inputs again.
# Installs what is missing: clang with libFuzzer and OpenMP.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"
build=${FUZZ_BUILD:-$root/build/fuzz}
seconds=${1:-600}
shift || true
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: $0 [SECONDS [TARGET...]]" >&2; exit 2; }

ensure_packages "${fuzz_packages[@]}"
cd "$root"
cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" --target fuzzers >"$build/build.log" || { tail -20 "$build/build.log" >&2; exit 1; }

targets=("$@")
[ $# -gt 0 ] || targets=($(ls tests/fuzz/corpus))
each=$((seconds / ${#targets[@]}))
[ "$each" -ge 1 ] || each=1
# An array that a broken header asks for is refused like one that does not fit into memory.
export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=256:detect_leaks=1:fast_unwind_on_malloc=1
export LSAN_OPTIONS=suppressions=$root/tests/fuzz/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1 OMP_NUM_THREADS=1
mkdir -p "$build/found"
shared=/dev/shm
[ -w "$shared" ] || shared=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d "$shared/thalweg-fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# once TARGET SECONDS: executions in $count, and in $outcome: good, failed, or library for what goes wrong inside HDF5,
# which trusts what it reads (models carry a digest for that).
once()
{
	local target=$1 log=$build/corpus/$1.log
	local options=(-max_total_time="$2" -max_len=16384 -timeout=10 -rss_limit_mb=3072 -malloc_limit_mb=0)
	options+=(-print_final_stats=1 -artifact_prefix="$build/found/$target-")
	[ -z "${FUZZ_SEED:-}" ] || options+=(-seed="$FUZZ_SEED")
	case $target in settings | overrides | sweep) options+=(-dict=tests/fuzz/configuration.dict) ;; esac
	outcome=good
	nice -n 19 "$build/tests/fuzz_$target" "${options[@]}" "$build/corpus/$target" "tests/fuzz/corpus/$target" \
		>"$log" 2>&1 || outcome=failed
	count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	count=${count:-0}
	[ "$outcome" = good ] || ! sed -n '/ERROR:/,/ in tw_/p' "$log" | grep -q '#[0-6] .*libhdf5' || outcome=library
}

total=0 failed=()
for target in "${targets[@]}"; do
	mkdir -p "$build/corpus/$target"
	executions=0 library=0 end=$((SECONDS + each)) outcome=library
	while [ "$outcome" = library ] && [ $SECONDS -lt $end ]; do
		once "$target" $((end - SECONDS))
		executions=$((executions + count))
		[ "$outcome" != library ] || library=$((library + 1))
	done
	printf '%-10s %10s executions in %s s' "$target" "$executions" "$each"
	[ "$library" -eq 0 ] || printf ', %s ended inside HDF5' "$library"
	echo
	[ "$outcome" != failed ] || failed+=("$target")
	total=$((total + executions))
done
printf '%-10s %10s executions\n' all "$total"
for target in "${failed[@]}"; do
	echo "FAILED: $target, see $build/corpus/$target.log:"
	grep -m3 -E 'ERROR|runtime error|broken promise|Test unit' "$build/corpus/$target.log" | sed 's/^/    /'
done
[ "${#failed[@]}" -eq 0 ]
