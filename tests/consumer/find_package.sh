#!/bin/bash
# Usage: find_package.sh PREFIX BUILD_FOLDER COMPILER: builds and runs the consumer with CMake's find_package.
set -euo pipefail
prefix=$1 build=$2 compiler=$3
rm -rf "$build"
cmake -S "$(dirname "$0")" -B "$build" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix"
cmake --build "$build"
"$build/consumer_thalweg"
"$build/consumer_static"
