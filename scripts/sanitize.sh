#!/bin/bash
# Runs under the address and undefined behaviour sanitizers: the unit tests, the replay of the fuzzing corpus, and the
# tests of several ranks as one rank. Usage: scripts/sanitize.sh [REGEX of test names]
# THALWEG_DATA: folder of the reference data (scripts/fetch_data.sh). SANITIZE_BUILD: the build folder (build/asan).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${SANITIZE_BUILD:-$root/build/asan}
tests=${1:-'^unit_|^fuzz_corpus$|_np1$'}

cd "$root"
settings=(-DTHALWEG_TESTS=ON -DTHALWEG_WERROR=OFF)
[ -z "${THALWEG_DATA:-}" ] || settings+=("-DTHALWEG_DATA=$THALWEG_DATA")
cmake --preset asan -B "$build" "${settings[@]}" >/dev/null
cmake --build "$build" --target unit_tests mpi_tests
# Those that repeat the unit tests with another instruction set bring nothing new here.
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" -R "$tests" -LE '^isa$'
