#!/bin/bash
# Usage: pkg_config.sh PREFIX BUILD_FOLDER COMPILER LIBDIR: builds and runs the consumer with pkg-config.
set -euo pipefail
prefix=$1 build=$2 compiler=$3 libdir=$1/$4
export PKG_CONFIG_PATH=$libdir/pkgconfig
mkdir -p "$build"
# shellcheck disable=SC2046 # the flags are words
"$compiler" -o "$build/consumer" "$(dirname "$0")/consumer.c" $(pkg-config --cflags --libs thalweg)
LD_LIBRARY_PATH=$libdir "$build/consumer"
