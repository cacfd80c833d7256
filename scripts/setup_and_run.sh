#!/bin/bash
# Installs what thalweg needs, builds it, and finds a local minimum on the 100 circles observations on two ranks.
# Further arguments go to `thalweg train`, after its output folder. Safe to repeat.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

ensure_packages "${run_packages[@]}"
cd "$root"
cmake --preset release -DTHALWEG_TESTS=OFF -DTHALWEG_BENCH=OFF
cmake --build --preset release

launch=(mpirun -n 2)
[ "$(id -u)" -ne 0 ] || launch+=(--allow-run-as-root)
[ "$(nproc)" -ge 2 ] || launch+=(--oversubscribe --mca mpi_yield_when_idle 1)
launch+=(build/release/thalweg train --output build/first-run --overwrite "$@")
printf '\n+ %s\n' "${launch[*]}"
"${launch[@]}"
