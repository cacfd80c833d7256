#!/bin/bash
# Makes the man pages of thalweg and of its subcommands from --help, and the completion for bash.
#
# usage: make_man.sh PROGRAM FOLDER
#
# Writes FOLDER/thalweg.1, FOLDER/thalweg-SUBCOMMAND.1 and FOLDER/thalweg.bash. Needs help2man.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 PROGRAM FOLDER" >&2; exit 2; }
program=$1 folder=$2
command -v help2man >/dev/null || { echo "help2man is missing: apt-get install help2man" >&2; exit 1; }
mkdir -p "$folder"

wrapper=$(mktemp -d)
trap 'rm -rf "$wrapper"' EXIT
program=$(realpath "$program")

# page NAME DESCRIPTION WORDS...: help2man starts a program of one word, so a subcommand gets a wrapper.
page()
{
	local name=$1 description=$2
	shift 2
	cat >"$wrapper/$name" <<-EOF
		#!/bin/sh
		case \$1 in
		--version) exec "$program" --version ;;
		*) exec "$program" $* "\$@" ;;
		esac
	EOF
	chmod +x "$wrapper/$name"
	help2man --no-info --no-discard-stderr --section=1 --name="$description" --version-string="$version" \
		--manual="thalweg" --output="$folder/$name.1" "$wrapper/$name"
}

version=$("$program" --version | sed 's/^thalweg //')
page thalweg "train neural networks with gradient methods, the same bits on any number of processes"
"$program" --help | sed -n 's/^  \([a-z][a-z-]*\)  *\(.*\)$/\1\t\2/p' | while IFS=$'\t' read -r command brief; do
	page "thalweg-$command" "$brief" "$command"
done
"$program" completion bash >"$folder/thalweg.bash"
