#!/bin/bash
# `thesis`: the list, refusals before anything is trained, the same data on any number of ranks, going on.
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
. "$(dirname "$0")/common.sh"
command -v timeout >/dev/null || skip "no timeout"

absolute_env=$(command -v env)
csv_of() { (cd "$1" && find . -name '*.csv' | sort); } # the CSV files below a folder
# same_csv NAME FOLDER OTHER: the same files with the same bytes
same_csv()
{
	check "$1: no CSV files" [ -n "$(csv_of "$2")" ]
	check "$1: other files" [ "$(csv_of "$2")" = "$(csv_of "$3")" ]
	for file in $(csv_of "$2"); do
		check "$1: other bytes in $file" cmp -s "$2/$file" "$3/$file"
	done
}

# ---- the list --------------------------------------------------------------------------------------------------------

exits "list" 0 "$thalweg" thesis
silent "list"
for name in figures local-minima efficiency gradient-norm methods all figure-2.3 figure-4.7; do
	prints "list" "^  $name  *[^ ]"
done
prints "list" 'needs cal_housing.data'
exits "--help" 0 "$thalweg" thesis --help
for option in quick full every seeds data no-figures overwrite resume set; do
	prints "--help" "--$option"
done

# ---- refusals --------------------------------------------------------------------------------------------------------

exits "unknown name" 2 "$thalweg" thesis local-minimum --output none
one_line "unknown name"
says "unknown name" "did you mean .local-minima."
exits "no folder" 2 "$thalweg" thesis figures
one_line "no folder"
says "no folder" "--output DIR"
exits "folder without a name" 2 "$thalweg" thesis --output none
exits "two names" 2 "$thalweg" thesis figures methods --output none
says "two names" "unexpected argument .methods."
exits "--quick and --full" 2 "$thalweg" thesis figures --quick --full --output none
exits "--every 0" 2 "$thalweg" thesis gradient-norm --every 0 --output none
exits "--resume and --overwrite" 2 "$thalweg" thesis figures --resume --overwrite --output none

exits "no gnuplot" 3 env PATH=/nowhere "$thalweg" thesis figures --output none --quiet
one_line "no gnuplot"
says "no gnuplot" "gnuplot.*--no-figures"
exits "no data" 3 "$thalweg" thesis efficiency --data nowhere --no-figures --output none --quiet
one_line "no data"
says "no data" "nowhere/cal_housing.data: not found.*scripts/fetch_data.sh"
exits "no data for all" 3 "$thalweg" thesis all --data nowhere --no-figures --output none --quiet
one_line "no data for all"
mkdir full && echo mine >full/notes.txt
exits "a folder that is not empty" 2 "$thalweg" thesis figures --no-figures --output full --quiet
one_line "a folder that is not empty"
says "a folder that is not empty" "full.*--overwrite"
check "a folder that is not empty: untouched" [ "$(ls -A full)" = notes.txt ]
echo >file
exits "a folder below a file" 3 "$thalweg" thesis figures --no-figures --output file/out --quiet
exits "a wrong override" 2 "$thalweg" thesis local-minima --no-figures --output none --quiet --set netwrok.bias=false
one_line "a wrong override"
says "a wrong override" "network"
absent "refusals" none

# ---- figures ---------------------------------------------------------------------------------------------------------

exits "figures" 0 "$thalweg" thesis figures --no-figures --output figures_1 --quiet
silent "figures"
prints "figures" '^findings: [0-9]* agree'
prints "figures" '^kept in figures_1: report.html'
check "figures: report" grep -q "thalweg thesis figures --no-figures" figures_1/report.html
check "figures: no pictures" [ -z "$(find figures_1 -name '*.svg')" ]
if command -v gnuplot >/dev/null; then
	exits "one figure" 0 "$thalweg" thesis figure-4.7 --output one --quiet
	for file in one/report.html one/figure-4.7/figure-4.7.svg one/figure-4.7/figure-4.7.png; do
		check "one figure: no $file" [ -s $file ]
	done
	check "one figure: in the report" grep -q 'data:image/svg+xml' one/report.html
else
	echo "note: no gnuplot here, figures not drawn"
fi
exits "other options in the same folder" 2 "$thalweg" thesis figures --full --no-figures --output figures_1 --quiet
one_line "other options in the same folder"
says "other options in the same folder" "other options (--quick).*--overwrite"
echo mine >figures_1/figures/old.txt
exits "--overwrite" 0 "$thalweg" thesis figures --full --no-figures --output figures_1 --overwrite --quiet
absent "--overwrite" figures_1/figures/old.txt

# ---- going on --------------------------------------------------------------------------------------------------------

# minima STEPS: experiment 5.1 with two widths, few starts and this many steps; its arguments in `minima`.
minima()
{
	local steps=$1
	minima=(thesis local-minima --no-figures --set "sweep.widths=[1,2]" --set sweep.starts=4
		--set "sweep.overrides=[]" --set threads=1 --set "stages.0.stop.steps=$steps" --set "stages.0.stop.no_progress.patience=$steps"
		--set stages.1.stop.steps=100)
}
minima 20000
exits "a run to be timed" 0 "$thalweg" "${minima[@]}" --output timed --quiet
seconds=$(value timed/local-minima/sweep/summary.json seconds)
# About three seconds on this machine, whatever its speed.
minima "$(awk "BEGIN { s = 20000 * 3 / ($seconds + 1e-3); print int(s < 2e4 ? 2e4 : s > 2e7 ? 2e7 : s) }")"
exits "without interruption" 0 "$thalweg" "${minima[@]}" --output whole --quiet

lines() { cat "$1" 2>/dev/null | wc -l; }
journal() { find "$1" -name journal.txt 2>/dev/null; }
wait_for_runs() { for _ in $(seq 200); do [ "$(lines "$(journal "$1")")" -ge 3 ] && return; sleep 0.1; done; return 1; }
"$thalweg" "${minima[@]}" --output cut --quiet >out 2>err &
pid=$!
check "SIGINT: runs were kept" wait_for_runs cut
kill -INT $pid
wait $pid
code=$?
check "SIGINT: exit code $code, not 75" [ "$code" -eq 75 ]
one_line "SIGINT"
says "SIGINT" "interrupted: [0-9]* of 24 runs finished; the same command goes on"
check "SIGINT: the journal stays" [ -n "$(journal cut)" ]
absent "SIGINT: no report" cut/report.html
exits "going on" 0 "$thalweg" "${minima[@]}" --output cut
says "going on" "[0-9]* of 24 runs were finished before"
check "going on: no journal at the end" [ -z "$(journal cut)" ]
check "going on: a report" [ -s cut/report.html ]
same_csv "going on" whole cut
trained() { find cut -name runs.csv -exec stat -c "%n %y" {} + | sort; }
before=$(trained)
exits "a second call" 0 "$thalweg" "${minima[@]}" --output cut --resume
says "a second call" ": trained before"
check "a second call: nothing is trained" [ "$(trained)" = "$before" ]
same_csv "a second call" whole cut

# A single run goes on from its state: theta_1 of 5.3, stopped in the middle, on another number of threads.
if [ -s "${THALWEG_DATA:-none}/mnist/train-images-idx3-ubyte.gz" ]; then
	theta1=(--data "$THALWEG_DATA" --no-figures --set stop.steps=1000 --output theta1)
	exits "theta_1 alone" 0 "$thalweg" train "$scripts/thesis/gradient-norm-theta1.yaml" \
		--set "data.path=$THALWEG_DATA" --set stop.steps=1000 --set threads=1 --output alone --quiet
	state=theta1/gradient-norm/theta1-1.state kept=theta1/gradient-norm/theta1-1.json
	# stopped NAME FILE ARGUMENTS...: by SIGUSR1 when the file has appeared; a second process is refused before that
	stopped()
	{
		local name=$1 file=$2
		shift 2
		"$thalweg" thesis gradient-norm "${theta1[@]}" "$@" >log 2>&1 &
		pid=$!
		for _ in $(seq 600); do [ -e "$file" ] && break; sleep 0.1; done
		check "$name: no $file" [ -e "$file" ]
		exits "$name: another process" 3 "$thalweg" thesis figures "${theta1[@]}" --quiet
		one_line "$name: another process"
		says "$name: another process" "theta1/thalweg.lock: another process is writing this folder"
		sleep 0.5
		kill -USR1 $pid
		wait $pid
		code=$?
		check "$name: exit code $code, not 75" [ "$code" -eq 75 ]
	}
	stopped "theta_1 stopped" $state --set threads=1
	check "theta_1 stopped: a state" [ -n "$(find $state -name 'checkpoint-*.h5')" ]
	absent "theta_1 stopped" $kept
	absent "theta_1 stopped" theta1/thalweg.lock
	stopped "theta_1 goes on" $kept --set threads=2
	absent "theta_1 goes on" $state
	check "theta_1 goes on: other bits" [ "$(value $kept theta_sha256)" = "$(value alone/summary.json theta_sha256)" ]
else
	echo "note: no digits here, theta_1 not trained"
fi

# Certificates of an audit are kept; it is stopped when it comes to its next part.
audit=(thesis audit --no-figures --set "sweep.widths=[2]" --set sweep.starts=10 --set "sweep.overrides=[]" --set threads=1)
# audit_until CONDITION... -- ARGUMENTS...: the audit, stopped by SIGUSR1 when the command succeeds
audit_until()
{
	local condition=()
	while [ "$1" != -- ]; do condition+=("$1"); shift; done
	shift
	rm -f log # of the call before
	"$thalweg" "${audit[@]}" "$@" >log 2>&1 &
	pid=$!
	for _ in $(seq 1200); do "${condition[@]}" 2>/dev/null && break; sleep 0.05; done
	kill -USR1 $pid
	wait $pid
	code=$?
	check "audit $*: exit code $code, not 75" [ "$code" -eq 75 ]
}
same_certificates()
{
	for file in audit certificates; do
		check "$1: another $file.csv" cmp -s audit_whole/audit/$file.csv audit_cut/audit/$file.csv
	done
	rm -f audit_cut/audit/*.csv
}
audit_until test -e audit_whole/audit/audit.csv -- --output audit_whole
cp -r audit_whole audit_cut && rm audit_cut/audit/*
audit_until grep -q 'to be certified' log -- --output audit_cut
judged=$(sed -n 's/.*audit: interrupted: \([0-9]*\) of 30 end points certified; the same command goes on/\1/p' log)
check "audit interrupted: nothing is kept" [ -s audit_cut/audit/certificates.kept ]
rm -f audit_cut/audit/*.csv # there if all were certified before the signal came
audit_until test -e audit_cut/audit/audit.csv -- --output audit_cut
[ -z "$judged" ] && echo "note: the audit was not interrupted in time" ||
	check "audit going on: other points" grep -q "audit: $((30 - judged)) end points to be certified" log
same_certificates "audit going on"
audit_until test -e audit_cut/audit/audit.csv -- --output audit_cut
check "audit, a second call: certified anew" grep -q "audit: certified before" log
same_certificates "audit, a second call"
printf x | dd of=audit_cut/audit/certificates.kept bs=1 seek=5000 conv=notrunc 2>/dev/null
audit_until test -e audit_cut/audit/audit.csv -- --output audit_cut
check "audit, damaged certificates: no note" grep -q "certificates.kept: of other end points.*begins anew" log
same_certificates "audit, damaged certificates"

# ---- ranks -----------------------------------------------------------------------------------------------------------

if command -v "$mpirun" >/dev/null; then
	exits "figures on 3 ranks" 0 on 3 thesis figures --full --no-figures --output figures_3 --quiet
	same_csv "figures on 3 ranks" figures_1 figures_3
	minima 300
	exits "local-minima on one rank" 0 "$thalweg" "${minima[@]}" --output minima_1 --quiet
	exits "local-minima on 3 ranks" 0 on 3 "${minima[@]}" --output minima_3 --quiet
	same_csv "local-minima on 3 ranks" minima_1 minima_3
	exits "the list on 2 ranks" 0 on 2 thesis
	check "the list on 2 ranks: once" [ "$(grep -c '^experiments' out)" -eq 1 ]

	# refused NAME CODE PATTERN ARGUMENTS...
	refused()
	{
		local name=$1 wanted=$2 pattern=$3
		shift 3
		exits "$name" "$wanted" timeout 20 "$mpirun" $flags -n 3 "$absolute_env" "$@"
		one_line "$name"
		says "$name" "$pattern"
	}
	refused "no gnuplot on 3 ranks" 3 gnuplot PATH=/nowhere "$thalweg" thesis figures --output none --quiet
	refused "no data on 3 ranks" 3 "nowhere/cal_housing.data" "$thalweg" thesis efficiency --data nowhere \
		--no-figures --output none --quiet
	refused "a full folder on 3 ranks" 2 "full.*--overwrite" "$thalweg" thesis figures --no-figures --output full --quiet
	refused "an unknown name on 3 ranks" 2 "did you mean" "$thalweg" thesis figure --output none --quiet
	absent "refusals on 3 ranks" none
fi
finish
