#!/bin/bash
# What `sweep` leaves behind: its files, the table, resuming after an interruption, refusals.
. "$(dirname "$0")/common.sh"
command -v timeout >/dev/null || skip "no timeout"

grid="--set sweep.starts=4 --set sweep.widths=[1,2] --set sweep.hidden_layers=[1,2] --set threads=1"
small="$grid --set stop.steps=200"
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }' "$1"; }

# ---- files and table -------------------------------------------------------------------------------------------------

exits "sweep" 0 "$thalweg" sweep $small --output first --quiet
silent "sweep --quiet"
for file in runs.csv models.h5 summary.json config.yaml; do
	check "sweep: no first/$file" [ -s "first/$file" ]
done
check "sweep: other files: $(ls -A first)" [ "$(ls -A first | wc -l)" -eq 4 ]
head -1 first/runs.csv >head
columns=run,hidden_layers,width,hidden,activation,initial,update,start,seed,step_size,batch_size,cost,steps,observations
check "columns" [ "$(cat head)" = "$columns,stop_reason,gradient_norm_squared,theta_sha256,mean_gradient_norm_squared" ]
check "16 runs" [ "$(column first/runs.csv run | tr '\n' ' ')" = "$(seq 0 15 | tr '\n' ' ')" ]
check "shapes" [ "$(column first/runs.csv hidden | uniq | tr '\n' ' ')" = "1 2 1-1 2-2 " ]
check "steps" [ "$(column first/runs.csv steps | uniq)" = 200 ]
check "batch size" [ "$(column first/runs.csv batch_size | uniq)" = all ]
check "seeds differ" [ "$(column first/runs.csv seed | sort -u | wc -l)" -eq 16 ]
check "end points differ" [ "$(column first/runs.csv theta_sha256 | sort -u | wc -l)" -eq 16 ]
for key in runs finished; do
	check "summary.json: $key" [ "$(value first/summary.json $key)" = 16 ]
done
for key in seconds ranks threads workers diverged steps; do
	check "summary.json has no $key" [ -n "$(value first/summary.json $key)" ]
done
prints "table" '^cell  *runs  *minimum  *quartile  *median  *quartile  *maximum  *steps$'
check "table: four cells with all runs" [ "$(grep -cE '^hidden .* 4( +[-0-9.e]+){5} +100 %$' out)" -eq 4 ]
prints "plots" '^cost with 1 hidden layer'
prints "plots" '^cost with 2 hidden layers'
prints "where" '^kept in first: '

exits "repeated from config.yaml" 0 "$thalweg" sweep first/config.yaml --output second --quiet --timing
prints "timing" '^worker  *runs  *seconds  *busy  *queue  *idle'
for file in runs.csv models.h5 config.yaml; do
	check "the same $file again" cmp -s first/$file second/$file
done
exits "without output" 0 "$thalweg" sweep $small
prints "without output" "nothing was kept"
check "without output nothing is written" [ ! -e runs.csv ]
exits "traced runs" 0 "$thalweg" sweep $small --set sweep.trajectories=[3,5] --output traced --quiet
check "trajectories: runs" [ "$(column traced/trajectories.csv run | uniq | tr '\n' ' ')" = "3 5 " ]
check "trajectories: columns" [ "$(head -1 traced/trajectories.csv)" = run,step,cost,gradient_norm_squared,step_size ]
check "traces change nothing" cmp -s first/runs.csv traced/runs.csv

# ---- single runs -----------------------------------------------------------------------------------------------------

exits "--list" 0 "$thalweg" sweep $small --list
prints "--list" '^ *0  *4  *0  hidden 1$'
prints "--list" '^ *3  *4  *12  hidden 2-2$'
prints "--list" '^16 runs in 4 cells'
exits "--show-run" 0 "$thalweg" sweep $small --show-run 13
cp out run13.yaml
exits "a run repeated by train" 0 "$thalweg" train run13.yaml --output alone --quiet
check "a run repeated by train: same bits" \
	[ "$(value alone/summary.json theta_sha256)" = "$(column first/runs.csv theta_sha256 | sed -n 14p)" ]
exits "--show-run of no run" 2 "$thalweg" sweep $small --show-run 16
says "--show-run of no run" "0 to 15"
exits "an end point as a start" 0 "$thalweg" train run13.yaml --set initial.file=first/models.h5:13 \
	--set stop.steps=0 --output again --quiet
check "an end point as a start: same bits" \
	[ "$(value again/summary.json theta_sha256)" = "$(value alone/summary.json theta_sha256)" ]
exits "evaluate an end point" 0 "$thalweg" evaluate first/models.h5:13
prints "evaluate an end point" "cost $(column first/runs.csv cost | sed -n 14p | cut -c1-6)"
exits "evaluate no end point" 3 "$thalweg" evaluate first/models.h5
says "evaluate no end point" "models.h5:RUN"

# ---- folders ---------------------------------------------------------------------------------------------------------

exits "folder not empty" 2 "$thalweg" sweep $small --output first --quiet
one_line "folder not empty"
says "folder not empty" "--overwrite"
exits "--resume of a finished sweep" 0 "$thalweg" sweep --resume --output first
says "--resume of a finished sweep" "finished"
exits "--resume of other results" 2 "$thalweg" sweep $small --seed 5 --resume --output first --quiet
one_line "--resume of other results"
says "--resume of other results" "another configuration"
exits "--resume without a folder" 2 "$thalweg" sweep $small --resume
exits "--resume and --overwrite" 2 "$thalweg" sweep $small --resume --overwrite --output first
exits "--overwrite" 0 "$thalweg" sweep $small --seed 5 --output second --overwrite --keep-journal --quiet
check "--overwrite: other results" bash -c "! cmp -s first/runs.csv second/runs.csv"
check "--keep-journal" [ -s second/journal.txt ]
exits "--resume of nothing" 0 "$thalweg" sweep $small --resume --output third --quiet
check "--resume of nothing: all runs" cmp -s first/runs.csv third/runs.csv

# A journal that lost its last lines, one of them in the middle.
mkdir torn
exits "a sweep with a journal" 0 "$thalweg" sweep $small --output torn --keep-journal --quiet
rm torn/runs.csv torn/models.h5 torn/summary.json
size=$(head -n 10 torn/journal.txt | wc -c)
truncate -s $((size - 30)) torn/journal.txt
exits "--resume of a torn journal" 0 "$thalweg" sweep --resume --output torn
says "--resume of a torn journal" "journal.txt:10: the last line is torn"
check "--resume of a torn journal: same runs" cmp -s first/runs.csv torn/runs.csv
check "--resume of a torn journal: same end points" cmp -s first/models.h5 torn/models.h5
check "finished before" [ "$(value torn/summary.json finished_before)" = 8 ]
absent "no journal at the end" torn/journal.txt
exits "--overwrite" 0 "$thalweg" sweep $small --output torn --overwrite --keep-journal --quiet
rm torn/runs.csv torn/models.h5 torn/summary.json
sed -i '5s/steps/stops/' torn/journal.txt
exits "--resume of a damaged journal" 3 "$thalweg" sweep --resume --output torn --quiet
one_line "--resume of a damaged journal"
says "--resume of a damaged journal" "torn/journal.txt:5:"

# ---- interruptions ---------------------------------------------------------------------------------------------------

# About four seconds of work on this machine, whatever its speed.
exits "a sweep to be timed" 0 "$thalweg" sweep $grid --set sweep.starts=8 --set stop.steps=20000 --output timed --quiet
steps=$(awk "BEGIN { s = 20000 * 4 / ($(value timed/summary.json seconds) + 1e-3); print int(s < 2e4 ? 2e4 : s > 2e7 ? 2e7 : s) }")
long="$grid --set sweep.starts=8 --set stop.steps=$steps"
lines() { if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi; }
wait_for_runs() { for _ in $(seq 300); do [ "$(lines "$1/journal.txt")" -ge 3 ] && return; sleep 0.1; done; return 1; }

exits "a sweep without interruption" 0 "$thalweg" sweep $long --output whole --quiet
for signal in USR1 TERM INT; do
	"$thalweg" sweep $long --output "cut_$signal" --quiet >out 2>err &
	pid=$!
	if [ $signal = USR1 ]; then wait_for_runs "cut_$signal"; else sleep 0.5; fi
	kill "-$signal" $pid
	wait $pid
	code=$?
	check "$signal: exit code $code, not 75" [ "$code" -eq 75 ]
	one_line "$signal"
	says "$signal" "interrupted: [0-9]* of 32 runs finished; the same command with --resume goes on"
	check "$signal: the journal stays" [ -s "cut_$signal/journal.txt" ]
	absent "$signal: no results" "cut_$signal/runs.csv"
done
exits "--max-seconds" 75 "$thalweg" sweep $long --output late --quiet --max-seconds 1
one_line "--max-seconds"
says "--max-seconds" "interrupted: [0-9]* of 32 runs finished; the same command with --resume goes on"
exits "an interrupted folder" 2 "$thalweg" sweep $long --output cut_USR1 --quiet
one_line "an interrupted folder"
says "an interrupted folder" "--resume"
exits "another configuration" 2 "$thalweg" sweep $long --seed 2 --resume --output cut_USR1 --quiet
one_line "another configuration"
says "another configuration" "another configuration.*--overwrite"
exits "--resume" 0 "$thalweg" sweep $long --resume --output cut_USR1 --quiet --set threads=2
check "--resume: some runs were finished" [ "$(value cut_USR1/summary.json finished_before)" -ge 1 ]
check "--resume: same runs" cmp -s whole/runs.csv cut_USR1/runs.csv
check "--resume: same end points" cmp -s whole/models.h5 cut_USR1/models.h5

# ---- ranks -----------------------------------------------------------------------------------------------------------

if command -v "$mpirun" >/dev/null; then
	for ranks in 2 3; do
		exits "$ranks ranks" 0 on $ranks sweep $small --output ranks_$ranks --quiet
		check "$ranks ranks: same runs" cmp -s first/runs.csv ranks_$ranks/runs.csv
		check "$ranks ranks: same end points" cmp -s first/models.h5 ranks_$ranks/models.h5
	done
	exits "--list on 2 ranks" 0 on 2 sweep $small --list
	check "--list on 2 ranks: once" [ "$(grep -c '^16 runs' out)" -eq 1 ]
	"$mpirun" $flags -n 2 "$thalweg" sweep $long --output cut_ranks --quiet >out 2>err &
	pid=$!
	wait_for_runs cut_ranks
	kill -USR1 $pid
	wait $pid
	code=$?
	check "interrupted on 2 ranks: exit code $code, not 75" [ "$code" -eq 75 ]
	one_line "interrupted on 2 ranks"
	exits "--resume on another layout" 0 on 3 sweep --resume --output cut_ranks --quiet
	check "--resume on another layout: same runs" cmp -s whole/runs.csv cut_ranks/runs.csv

	# refused NAME CODE PATTERN FOLDER ARGUMENTS...
	refused()
	{
		local name=$1 wanted=$2 pattern=$3 folder=$4
		shift 4
		exits "$name" "$wanted" timeout 20 "$mpirun" $flags -n 3 "$thalweg" sweep $small "$@" --output "$folder" --quiet
		one_line "$name"
		says "$name" "$pattern"
	}
	echo >file
	refused "a folder below a file" 3 "file/out" file/out
	refused "a folder without rights" 3 "/sys/thalweg" /sys/thalweg
	mkdir full && echo mine >full/notes.txt
	refused "a folder that is not empty" 2 "full.*--overwrite" full
	check "a folder that is not empty: untouched" [ "$(ls full)" = notes.txt ]
	refused "data that are not there" 3 "nowhere" none --set data.preset=none --set data.source=csv \
		--set data.inputs=nowhere.csv:0,1 --set data.outputs=nowhere.csv:2
	absent "data that are not there" none
	refused "a cell that does not fit its data" 2 "loss" none --set loss=cross_entropy --set network.output=softmax
	absent "a cell that does not fit its data" none
	refused "another configuration on 3 ranks" 2 "another configuration" cut_TERM --resume

	# Full disk: a file system of a few pages, where one may be mounted.
	mkdir disk
	if mount -t tmpfs -o size=64k none disk 2>/dev/null; then
		trap 'umount "$work/disk"; rm -rf "$work"' EXIT
		refused "full disk while training" 3 "disk/out/journal.theta: .*No space left" disk/out \
			--set "sweep.widths=[60]" --set "sweep.hidden_layers=[3]" --set sweep.starts=20
		rm -rf disk/out
		refused "full disk at the end" 3 "disk/out/.*No space left" disk/out --set "sweep.widths=[20]" \
			--set "sweep.hidden_layers=[2]" --set sweep.starts=16
		check "full disk at the end: the journal stays" [ -s disk/out/journal.txt ]
		absent "full disk at the end" disk/out/runs.csv
		absent "full disk at the end" disk/out/models.h5
		absent "full disk at the end" disk/out/models.h5.part
		mount -o remount,size=1m disk
		exits "--resume with room again" 0 "$thalweg" sweep --resume --output disk/out --quiet
		check "--resume with room again: all runs" [ "$(wc -l <disk/out/runs.csv)" -eq 17 ]
	else
		echo "note: no small file system can be mounted here, full disk not tried"
	fi
fi
finish
