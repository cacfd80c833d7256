# What the tests of the command line share; to be sourced.
#
# $THALWEG is the program, $MPIRUN and $MPIRUN_FLAGS start it on several ranks, $THALWEG_DATA is the folder of the
# reference data. Each check prints its name when it fails; `finish` ends the script.
set -u
export LC_ALL=C OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
unset THALWEG_ISA OMP_NUM_THREADS

thalweg=${THALWEG:-thalweg}
mpirun=${MPIRUN:-mpirun}
flags=${MPIRUN_FLAGS:---allow-run-as-root --oversubscribe --bind-to none --mca mpi_yield_when_idle 1}

skip() { echo "skipped: $1"; exit 77; }
command -v "$thalweg" >/dev/null || skip "no program $thalweg (set THALWEG)"
thalweg=$(command -v "$thalweg")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
checks=0 failures=0

needs_mpirun() { command -v "$mpirun" >/dev/null || skip "no $mpirun"; }
on() { local ranks=$1; shift; "$mpirun" $flags -n "$ranks" "$thalweg" "$@"; }

check() # NAME COMMAND...: the command succeeds
{
	local name=$1; shift
	checks=$((checks + 1))
	"$@" && return
	failures=$((failures + 1))
	echo "FAILED: $name"
	[ -s err ] && head -5 err | sed 's/^/    /'
}
run() { "$@" >out 2>err </dev/null; code=$?; } # keeps standard output, standard error and the exit code
exits() # NAME CODE COMMAND...
{
	local name=$1 wanted=$2; shift 2
	run "$@"
	check "$name: exit code $code, not $wanted" [ "$code" -eq "$wanted" ]
}
says() { check "$1: \`$2\` not in the messages" grep -qe "$2" err; }
prints() { check "$1: \`$2\` not in the output" grep -qe "$2" out; }
silent() { check "$1: standard error is not empty" [ ! -s err ]; }
absent() { check "$1: $2 is there" [ ! -e "$2" ]; }
lines_of_thalweg() { grep -c '^thalweg' err; }
one_line() { check "$1: $(lines_of_thalweg) lines, not one" [ "$(lines_of_thalweg)" -eq 1 ]; }
value() { sed -n "s/.*\"$2\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1"; } # FILE.json KEY

finish()
{
	echo "$checks checks, $failures failed"
	[ "$failures" -eq 0 ]
	exit
}
