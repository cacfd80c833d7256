#!/bin/bash
# Installs what thalweg and its tests need, builds it, runs the unit tests under the address and undefined behaviour
# sanitizers, then all tests. Safe to repeat.
# THALWEG_WERROR=ON: warnings are errors. THALWEG_DATA: folder of the reference data (scripts/fetch_data.sh).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

ensure_packages "${test_packages[@]}"
cd "$root"
jobs=$(nproc)
settings=(-DTHALWEG_TESTS=ON)
[ -z "${THALWEG_DATA:-}" ] || settings+=("-DTHALWEG_DATA=$THALWEG_DATA")

# With sanitizers the compiler warns of what cannot happen: warnings are errors in the release build only.
cmake --preset asan -DTHALWEG_WERROR=OFF "${settings[@]}"
cmake --build --preset asan --target unit_tests
ctest --preset asan -j "$jobs"

cmake --preset release -DTHALWEG_BENCH=ON "-DTHALWEG_WERROR=${THALWEG_WERROR:-OFF}" "${settings[@]}"
cmake --build --preset release
ctest --preset release -j "$jobs"
