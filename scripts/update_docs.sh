#!/bin/bash
# Puts the keys that `thalweg train --help` lists into docs/configuration.md; with --check only says whether they stand
# there. Usage: scripts/update_docs.sh PROGRAM [--check]
set -euo pipefail
program=$1 file=$(cd "$(dirname "$0")/.." && pwd)/docs/configuration.md
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
{
	sed '/^## All keys/,$d' "$file"
	printf '%s\n\n%s\n\n```\n' "## All keys" "<!-- Made by scripts/update_docs.sh from \`thalweg train --help\`. -->"
	"$program" train --help | sed '1,/^Configuration keys/d' | sed '/./,$!d'
	echo '```'
} >"$fresh"
if [ "${2:-}" = --check ]; then
	diff "$file" "$fresh" || { echo "docs/configuration.md is out of date: scripts/update_docs.sh $program" >&2; exit 1; }
else
	cat "$fresh" >"$file"
fi
