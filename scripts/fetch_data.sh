#!/usr/bin/env bash
# Fetches the public data sets into a folder, and checks them.
#
#   scripts/fetch_data.sh DIR [--from FOLDER|URL]
#
# DIR gets mnist/*.gz (MNIST) and cal_housing.data (California housing); what is already there and right stays. --from
# takes them from a folder or a base URL instead of their public places: laid out as DIR, or all files side by side;
# California housing may also be there as cal_housing.tgz.
set -euo pipefail

mnist_url=https://storage.googleapis.com/cvdf-datasets/mnist
housing_url=https://ndownloader.figshare.com/files/5976036

# SHA-256 of the decompressed bytes.
mnist_files=(
	"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db train-images-idx3-ubyte.gz"
	"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 train-labels-idx1-ubyte.gz"
	"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 t10k-images-idx3-ubyte.gz"
	"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 t10k-labels-idx1-ubyte.gz"
)
housing_digest=a2b44dcc7e1c9091b43c4f458b25cbd1f7e8068d08edd26bc4703108d3fa6214

usage() {
	echo "usage: fetch_data.sh DIR [--from FOLDER|URL]"
}

fail() {
	echo "fetch_data.sh: $1" >&2
	exit "${2:-1}"
}

folder=
from=
while [ $# -gt 0 ]; do
	case $1 in
	--from)
		[ $# -ge 2 ] || fail "--from needs a folder or a URL" 2
		from=${2%/}
		shift
		;;
	--from=*)
		from=${1#--from=}
		from=${from%/}
		;;
	-h | --help)
		usage
		exit 0
		;;
	-*) fail "unknown option $1; $(usage)" 2 ;;
	*)
		[ -z "$folder" ] || fail "one folder only; $(usage)" 2
		folder=$1
		;;
	esac
	shift
done
[ -n "$folder" ] || fail "no folder given; $(usage)" 2
case $from in
'' | http://* | https://*) ;;
file://*) from=${from#file://} ;;
esac
case $from in
'' | http://* | https://*) ;;
*) [ -d "$from" ] || fail "--from $from: no such folder" ;;
esac

mkdir -p "$folder/mnist" 2>/dev/null || fail "$folder: cannot be made"
temporary=$(mktemp -d "$folder/.fetch.XXXXXX" 2>/dev/null) || fail "$folder: cannot be written to"
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT TERM HUP

# digest FILE: of its content, decompressed where it is compressed; empty where that fails.
digest() {
	case $1 in
	*.gz) gzip -dc "$1" 2>/dev/null >"$temporary/content" || return 0 ;;
	*) cat "$1" 2>/dev/null >"$temporary/content" || return 0 ;;
	esac
	sha256sum <"$temporary/content" | cut -d ' ' -f 1
}

# get SOURCE FILE: a file or a URL; false where it cannot be had.
get() {
	case $1 in
	http://* | https://*)
		if command -v curl >/dev/null; then
			curl --fail --silent --location --retry 2 --connect-timeout 20 --output "$2" "$1"
		elif command -v wget >/dev/null; then
			wget --quiet --tries 3 --timeout 20 --output-document "$2" "$1"
		else
			fail "neither curl nor wget is here; install one of them"
		fi
		;;
	*) [ -f "$1" ] && cp "$1" "$2" ;;
	esac
}

# place NAME DIGEST CANDIDATE...: fetches NAME (a path below the folder) from the first candidate that is right.
place() {
	local name=$1 expected=$2 candidate fetched problem="cannot be fetched from"
	shift 2
	if [ -f "$folder/$name" ] && [ "$(digest "$folder/$name")" = "$expected" ]; then
		echo "$folder/$name: already there"
		return
	fi
	fetched=$temporary/$(basename "$name")
	for candidate in "$@"; do
		case $candidate in
		*.tgz | "$housing_url")
			get "$candidate" "$temporary/archive.tgz" || continue
			tar -xzOf "$temporary/archive.tgz" CaliforniaHousing/cal_housing.data >"$fetched" 2>/dev/null || true
			;;
		*) get "$candidate" "$fetched" || continue ;;
		esac
		if [ "$(digest "$fetched")" = "$expected" ]; then
			chmod 644 "$fetched"
			mv -f "$fetched" "$folder/$name" || fail "$folder/$name: cannot be written"
			echo "$folder/$name: fetched"
			return
		fi
		problem="is damaged (its SHA-256 is not $expected) at"
	done
	fail "$(basename "$name") $problem ${from:-$1}"
}

for line in "${mnist_files[@]}"; do
	read -r expected name <<<"$line"
	if [ -n "$from" ]; then
		place "mnist/$name" "$expected" "$from/mnist/$name" "$from/$name"
	else
		place "mnist/$name" "$expected" "$mnist_url/$name"
	fi
done
if [ -n "$from" ]; then
	place cal_housing.data $housing_digest "$from/cal_housing.data" "$from/CaliforniaHousing/cal_housing.data" \
		"$from/cal_housing.tgz"
else
	place cal_housing.data $housing_digest "$housing_url"
fi
