#!/usr/bin/env bash
# scripts/fetch_data.sh from a folder and from a server on this machine, with damaged and missing files.
set -euo pipefail

data=${THALWEG_DATA:-}
if [ -z "$data" ] || [ ! -f "$data/cal_housing.data" ] || [ ! -d "$data/mnist" ]; then
	echo "skipped: THALWEG_DATA names no reference data"
	exit 77
fi
fetch=${THALWEG_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}/scripts/fetch_data.sh
work=$(mktemp -d)
server=
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

fail() {
	echo "FAILED: $1" >&2
	exit 1
}
# complete DIR: all five files are there as in the reference data, and nothing else.
complete() {
	cmp "$data/cal_housing.data" "$1/cal_housing.data" || fail "$1/cal_housing.data differs"
	for file in "$data"/mnist/*.gz; do cmp "$file" "$1/mnist/$(basename "$file")" || fail "$file differs"; done
	[ "$(find "$1" -type f | wc -l)" = 5 ] || fail "$1 holds other files"
	[ "$(find "$1" -name '.fetch*' | wc -l)" = 0 ] || fail "$1 holds temporary files"
}
# refuses TEXT COMMAND...: fails with one line on standard error that holds the text.
refuses() {
	local text=$1
	shift
	if "$@" >"$work/out" 2>"$work/err"; then fail "no failure: $*"; fi
	[ "$(wc -l <"$work/err")" = 1 ] || fail "not one line: $(cat "$work/err")"
	grep -q -- "$text" "$work/err" || fail "'$text' is not in: $(cat "$work/err")"
}

echo "from a folder"
bash "$fetch" "$work/a/b" --from "$data" >"$work/out"
[ "$(grep -c ': fetched$' "$work/out")" = 5 ] || fail "five files were to be fetched"
complete "$work/a/b"

echo "again: nothing to do, even from nowhere"
mkdir "$work/empty"
bash "$fetch" "$work/a/b" --from "$work/empty" >"$work/out"
[ "$(grep -c ': already there$' "$work/out")" = 5 ] || fail "five files were already there"

echo "a damaged file in place is replaced"
printf 'x' | dd of="$work/a/b/mnist/t10k-labels-idx1-ubyte.gz" bs=1 seek=2000 conv=notrunc status=none
bash "$fetch" "$work/a/b" --from "$data" >"$work/out"
[ "$(grep -c ': fetched$' "$work/out")" = 1 ] || fail "one file was to be fetched"
complete "$work/a/b"

echo "from a flat folder"
mkdir "$work/flat"
cp "$data"/mnist/*.gz "$data/cal_housing.data" "$work/flat"
chmod u+w "$work"/flat/*
bash "$fetch" "$work/c" --from="$work/flat/" >"$work/out"
complete "$work/c"

echo "damaged and missing sources"
printf 'x' | dd of="$work/flat/train-labels-idx1-ubyte.gz" bs=1 seek=20000 conv=notrunc status=none
refuses "train-labels-idx1-ubyte.gz is damaged" bash "$fetch" "$work/d" --from "$work/flat"
[ -f "$work/d/mnist/train-images-idx3-ubyte.gz" ] || fail "what is right should stay"
[ ! -e "$work/d/mnist/train-labels-idx1-ubyte.gz" ] || fail "what is damaged should not stay"
[ -z "$(find "$work/d" -name '.fetch*')" ] || fail "temporary files were left"
refuses "cannot be fetched" bash "$fetch" "$work/e" --from "$work/empty"
refuses "no such folder" bash "$fetch" "$work/e" --from "$work/none"
refuses "no folder given" bash "$fetch"
refuses "unknown option" bash "$fetch" --form x

echo "from a server, with California housing as an archive"
mkdir -p "$work/site/mnist" "$work/pack/CaliforniaHousing"
cp "$data"/mnist/*.gz "$work/site/mnist"
cp "$data/cal_housing.data" "$work/pack/CaliforniaHousing"
tar -czf "$work/site/cal_housing.tgz" -C "$work/pack" CaliforniaHousing
python3 - "$work/site" >"$work/port" <<'PYTHON' &
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
handler.func.log_message = lambda *arguments: None
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
server.serve_forever()
PYTHON
server=$!
for _ in $(seq 100); do
	[ -s "$work/port" ] && break
	sleep 0.1
done
[ -s "$work/port" ] || fail "the server did not start"
base=http://127.0.0.1:$(cat "$work/port")
export no_proxy=127.0.0.1
bash "$fetch" "$work/f" --from "$base" >"$work/out"
complete "$work/f"
refuses "cannot be fetched" bash "$fetch" "$work/g" --from "$base/nowhere"
truncate -s 5000 "$work/site/mnist/t10k-images-idx3-ubyte.gz"
refuses "t10k-images-idx3-ubyte.gz is damaged" bash "$fetch" "$work/g" --from "$base"
echo "passed"
