#!/bin/bash
# The results of sweeps, runs.csv and models.h5, have the same bytes on every layout.
#
# usage: THALWEG=build/thalweg [THALWEG_DATA=data] tests/cli/test_sweep_layouts.sh [--full]
#
# A layout is RANKSxTHREADS, with /N for sweep.ranks_per_run and @N for sweep.replicas (one and automatic without).
# Each sweep is trained under several layouts, and once more with interruptions, each time resumed on another layout.
# By default a covering subset in half a minute; --full takes all layouts for all sweeps, some minutes.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
. "$here/sweeps.sh"
needs_mpirun
command -v timeout >/dev/null || skip "no timeout"

every="1x1 1x2 2x1 2x2 3x1 3x2 4x1 4x2 1x1@1 1x1@5 1x1@64 1x2@1 1x2@5 1x2@64 2x2@5 3x1@64
2x1/2 2x2/2 4x1/2 4x2/2@5 4x1/4"
full=false
case ${1:-} in
"") ;;
--full) full=true ;;
*) echo "usage: $0 [--full]" >&2; exit 2 ;;
esac

# ---- layouts ---------------------------------------------------------------------------------------------------------

ranks_of() { echo "${1%%x*}"; }
keys_of() # LAYOUT: what it adds to the arguments
{
	local threads=${1#*x} group=1 replicas=auto
	[[ $1 = */* ]] && group=${1#*/}
	[[ $1 = *@* ]] && replicas=${1#*@}
	echo "--set threads=${threads%%[/@]*} --set sweep.ranks_per_run=${group%@*} --set sweep.replicas=$replicas"
}
sweep_on() # LAYOUT ARGUMENTS...
{
	local layout=$1
	shift
	timeout 600 "$mpirun" $flags -n "$(ranks_of "$layout")" "$thalweg" sweep "$@" $(keys_of "$layout") --quiet
}
same_results() # NAME FOLDER FOLDER
{
	for file in runs.csv models.h5; do check "$1: another $file" cmp -s "$2/$file" "$3/$file"; done
}

# same NAME "LAYOUTS" ARGUMENTS...: the sweep has the same results on all of them; they stay in the folder NAME.
same()
{
	local name=$1 layouts=$2 first=""
	shift 2
	$full && layouts=$every
	for layout in $layouts; do
		local folder=$name
		[ -n "$first" ] && folder=other
		rm -rf other
		exits "$name on $layout" 0 sweep_on "$layout" "$@" --output "$folder"
		[ -n "$first" ] && same_results "$name on $layout, not on $first" "$name" other
		first=${first:-$layout}
	done
	echo "$name: $(($(wc -l <"$name/runs.csv") - 1)) runs, $(wc -w <<<"$layouts") layouts, $SECONDS s"
}

lines() { if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi; }
# cut_short LAYOUT FOLDER ARGUMENTS...: begins the sweep or goes on with it, and interrupts it after a few more runs.
cut_short()
{
	local layout=$1 folder=$2 before
	before=$(lines "$2/journal.txt")
	shift 2
	"$mpirun" $flags -n "$(ranks_of "$layout")" "$thalweg" sweep "$@" $(keys_of "$layout") --resume --output "$folder" \
		--quiet >out 2>err </dev/null &
	local pid=$!
	for _ in $(seq 600); do
		[ "$(lines "$folder/journal.txt")" -gt $((before + 1)) ] && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	kill -USR1 $pid 2>/dev/null
	wait $pid
	code=$?
}

# resumed NAME "LAYOUTS" ARGUMENTS...: the sweep of the folder NAME again, interrupted on all layouts but the last.
resumed()
{
	local name=$1 last=${2##* } interruptions=0
	local layouts=${2% *}
	shift 2
	rm -rf other
	for layout in $layouts; do
		cut_short "$layout" other "$@"
		check "$name interrupted on $layout: exit code $code" [ "$code" -eq 75 -o "$code" -eq 0 ]
		[ "$code" -eq 75 ] && interruptions=$((interruptions + 1))
	done
	local kept
	kept=$(lines other/journal.txt) # and a first line
	exits "$name resumed on $last" 0 sweep_on "$last" "$@" --resume --output other
	check "$name: $interruptions interruptions came in time, not 2" [ $interruptions -ge 2 ]
	same_results "$name resumed on $last" "$name" other
	check "$name resumed on $last: the journal is left" [ ! -e other/journal.txt ]
	echo "$name: $interruptions interruptions, the last journal of $kept lines, $SECONDS s"
}

# ---- sweeps ----------------------------------------------------------------------------------------------------------

same minima "2x1 1x1 1x2@5 2x2@1 3x2@64 4x1 4x2/2" "${minima[@]}"
check "minima: runs stop by rule and by limit" [ "$(cut -d, -f13 minima/runs.csv | sort -u | wc -l)" -gt 20 ]
# Rules with a state, in places that are filled while other runs are under way: few cells, shared out to all threads.
same rules "1x1 1x2 2x1 3x1 4x1" "$here/../../scripts/thesis/methods-minima.yaml" --set "sweep.widths=[3]" \
	--set "sweep.methods=[momentum,adam]" --set "sweep.step_sizes=[0.1,0.03]" --set sweep.starts=20 \
	--set stages.0.stop.steps=2000 --set stages.1.stop.steps=500
same batches "1x1 1x2@1 3x1@5 2x2" batches.yaml
same schedules "1x2 2x2@5 4x1@64" schedules.yaml
same shapes "1x1@64 3x2 2x1@1" shapes.yaml
same double "1x1 2x2@5 3x1@1" double.yaml
same penalty "1x1 1x2 2x1/2 3x1 4x2/2" penalty.yaml
same watched "1x1 2x1/2 4x1/4 3x2" watched.yaml
same teacher "1x1 2x2@3 4x1/2" teacher.yaml
same diverging "1x2 3x1@64 2x1@1" diverging.yaml
check "diverging: some runs did" grep -q ',diverged,' diverging/runs.csv
check "diverging: some runs did not" grep -q ',steps,' diverging/runs.csv
[ -r california.yaml ] && same california "1x1 2x2@5 3x1" california.yaml
same few "1x1 4x2 3x2/3 4x1/2@64" --set sweep.starts=1 --set "sweep.widths=[2,3]" --set stop.steps=50
if $full; then
	for isa in avx2 baseline; do
		[ $isa = avx2 ] && ! grep -qw fma /proc/cpuinfo && continue
		THALWEG_ISA=$isa same "minima_$isa" "" "${minima[@]}"
		THALWEG_ISA=$isa same "batches_$isa" "" batches.yaml
		THALWEG_ISA=$isa same "teacher_$isa" "" teacher.yaml
	done
fi

# ---- interruptions ---------------------------------------------------------------------------------------------------

# A sweep made longer: some seconds of work on this machine, whatever its speed.
longer() # NAME SECONDS FILE ARGUMENTS...
{
	local name=$1 seconds=$2 file=$3 steps=400
	shift 3
	exits "$name to be timed" 0 sweep_on 1x2 "$file" --set "stop.steps=$steps" --output timed "$@"
	steps=$(awk "BEGIN { print int($steps * (1 + $seconds / ($(value timed/summary.json seconds) + 1e-3))) }")
	[ "$steps" -gt 5000000 ] && steps=5000000
	rm -rf timed
	long=("$file" --set "stop.steps=$steps" "$@")
	exits "$name without interruption" 0 sweep_on 1x2 "${long[@]}" --output "$name"
}

longer mixed 4 mixed.yaml
resumed mixed "2x1/2 3x1@5 1x2@1 2x2" "${long[@]}"

# One run that would take minutes, wherever it is: all ranks and threads but one have nothing to do.
for layout in 1x2 1x4 2x2 3x1; do
	rm -rf other
	"$mpirun" $flags -n "$(ranks_of $layout)" "$thalweg" sweep --set sweep.starts=1 --set "sweep.widths=[8]" \
		--set stop.steps=1000000000 --set stop.gradient_norm=none $(keys_of $layout) --output other --quiet \
		>out 2>err </dev/null &
	pid=$!
	for _ in $(seq 200); do
		[ -e other/config.yaml ] && break
		sleep 0.05
	done
	sleep 0.3
	kill -USR1 $pid
	for _ in $(seq 100); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	check "one run on $layout: interrupted within 5 s" bash -c "! kill -0 $pid 2>/dev/null"
	kill -KILL $pid 2>/dev/null
	wait $pid
	code=$?
	check "one run on $layout: exit code $code, not 75" [ $code -eq 75 ]
done

if $full; then
	longer long_batches 8 batches.yaml
	resumed long_batches "2x1 1x2@1 4x2@64 3x1 1x1@5" "${long[@]}"
	longer long_penalty 8 penalty.yaml
	resumed long_penalty "4x1/2 2x1/2 4x2/4 3x1 1x1" "${long[@]}"
	longer long_double 8 double.yaml --set stop.gradient_norm=none
	resumed long_double "4x1@1 3x2@5 2x2 1x1@64 2x1" "${long[@]}"
fi
finish
