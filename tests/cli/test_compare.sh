#!/bin/bash
# thalweg compare: cells, notes, options, CSV, bad tables; the published table where the reference data is there.
. "$(dirname "$0")/common.sh"

# table SEED SCALE: a published table, 20 costs for each of three widths.
table()
{
	awk -v seed="$1" -v scale="$2" 'BEGIN { srand(seed); print "n_hidden,width,cost"
		for (w = 1; w <= 3; w++) for (i = 0; i < 20; i++) printf "1,%d,%.9g\n", w, scale * rand() / w }'
}
# runs SEED: runs.csv of a sweep over two depths and three widths, one diverged run.
runs()
{
	awk -v seed="$1" 'BEGIN { srand(seed); r = 0
		print "run,hidden_layers,width,hidden,activation,initial,update,start,seed,step_size,batch_size,cost,steps," \
			"stop_reason,gradient_norm_squared,theta_sha256"
		for (d = 1; d <= 2; d++) for (w = 1; w <= 3; w++) for (i = 0; i < 20; i++) {
			cost = r == 4 ? "nan" : sprintf("%.9g", rand() / w)
			printf "%d,%d,%d,%s,leaky_relu,uniform,plain,%d,%d,%s,all,%s,100,step limit,1e-9,ab\n",
				r++, d, w, d == 1 ? w : w "-" w, i, 1000 + r, d == 1 ? "1" : "0.5", cost
		} }'
}
table 1 1 >a.csv
table 2 1 >b.csv
table 3 5 >far.csv
runs 4 >runs.csv
narrow() { check "$1: lines of more than 120 characters" bash -c "! grep -q '.\{121\}' out"; }

# ---- comparisons -----------------------------------------------------------------------------------------------------

exits "same table" 0 "$thalweg" compare a.csv a.csv
silent "same table"
prints "same table" '^3 of 3 cells: p > 0.01'
prints "same table" '^ *1  A  *20 .* 0  *1  *200  *1$'
narrow "same table"
exits "another scale" 0 "$thalweg" compare a.csv far.csv
prints "another scale" '^0 of 3 cells: p > 0.01'
prints "another scale" '[0-9]\*'

exits "sweep and published table" 0 "$thalweg" compare runs.csv b.csv
prints "sweep and published table" '^hidden_layers  *width'
prints "sweep and published table" '^note: 3 cells (60 rows) only in A: hidden_layers 2, width 1;'
prints "sweep and published table" '^note: 1 row of A left out, whose cost is not finite'
prints "sweep and published table" '^[0-3] of 3 cells: p > 0.01'
narrow "sweep and published table"
check "diverged run counted as left out" grep -q '^ *1  *1  *A  *19 ' out
exits "turned" 0 "$thalweg" compare b.csv runs.csv
prints "turned" '^note: 3 cells (60 rows) only in B'

exits "--by" 0 "$thalweg" compare runs.csv b.csv --by width --where n_hidden=1
prints "--by" '^width'
exits "all rows" 0 "$thalweg" compare a.csv b.csv --by ""
prints "all rows" '^A  *60 '
prints "all rows" '^[01] of 1 cell: '
exits "--where" 0 "$thalweg" compare a.csv b.csv --where width=1 --where width=3.0
prints "--where" ' of 2 cells'
exits "many keys" 0 "$thalweg" compare runs.csv runs.csv --by hidden,activation,initial,update,step_size,stop_reason
prints "many keys" '^hidden 1-1, activation leaky_relu, '
narrow "many keys"
exits "--value" 0 "$thalweg" compare runs.csv runs.csv --value steps --by step_size
prints "--value" '^2 of 2 cells'
exits "--alpha" 0 "$thalweg" compare a.csv a.csv --alpha 0.05
prints "--alpha" 'p > 0.05'
exits "three tables" 0 "$thalweg" compare a.csv b.csv far.csv
check "three tables: not two comparisons" [ "$(grep -c '^[0-3] of 3 cells' out)" -eq 2 ]

sed '1!s/^1,1,.*/1,1,0.5952433943748474/' a.csv >atom.csv
sed '1!s/^1,1,.*/1,1,0.595243394/' a.csv >printed.csv
exits "rounded" 0 "$thalweg" compare atom.csv printed.csv
prints "rounded" '^3 of 3 cells'
exits "--digits" 0 "$thalweg" compare atom.csv printed.csv --digits 16
prints "--digits" '^2 of 3 cells'
sed 's/n_hidden/step_size/; 1!s/^1,/0.5,/' a.csv >half.csv
sed 's/n_hidden/step_size/; 1!s/^1,/0.1,/' b.csv >tenth.csv
exits "step sizes apart" 0 "$thalweg" compare half.csv tenth.csv
prints "step sizes apart" '^note: step_size is 0.5 in A and 0.1 in B'

exits "--csv" 0 "$thalweg" compare runs.csv b.csv far.csv --csv out.csv
check "--csv: lines" [ "$(wc -l <out.csv)" -eq 7 ]
check "--csv: header" grep -q '^table_a,table_b,hidden_layers,width,count_a,minimum_a,.*,ks_p,.*,mw_p' out.csv
check "--csv: row" grep -q '^runs.csv,far.csv,1,3,20,.*,exact,.*,asymptotic$' out.csv
check "--csv: fields" [ "$(awk -F, '{ print NF }' out.csv | sort -u)" = 22 ]

# ---- forms of tables -------------------------------------------------------------------------------------------------

{ printf '\357\273\277# made by hand\r\n'; sed 's/^\([^,]*\),\([^,]*\),/"\1", \2 ,/; s/$/\r/' a.csv; } >quoted.csv
exits "BOM, comment, CRLF, quotes" 0 "$thalweg" compare a.csv quoted.csv
prints "BOM, comment, CRLF, quotes" '^ *1  A  *20 .* 0  *1  *200  *1$'
prints "BOM, comment, CRLF, quotes" '^3 of 3 cells'
printf 'name,cost\n"a ""b"", c",1\n"a ""b"", c",2\n' >names.csv
exits "quotes in quotes" 0 "$thalweg" compare names.csv names.csv --by name
prints "quotes in quotes" '^a "b", c  A  *2 '
exits "quotes in --csv" 0 "$thalweg" compare names.csv names.csv --by name --csv out.csv
check "quotes in --csv: kept" grep -q '"a ""b"", c",2' out.csv
printf 'cost\n1' >end.csv
exits "no newline at the end" 0 "$thalweg" compare end.csv end.csv

# refused NAME CODE PATTERN ARGUMENTS...
refused()
{
	local name=$1 wanted=$2 pattern=$3
	shift 3
	exits "$name" "$wanted" "$thalweg" compare "$@"
	one_line "$name"
	says "$name" "$pattern"
	check "$name: standard output is not empty" [ ! -s out ]
}
: >empty.csv
refused "empty file" 3 "empty.csv: is empty" a.csv empty.csv
printf '# nothing\n' >empty.csv
refused "only a comment" 3 "empty.csv: is empty" a.csv empty.csv
printf 'width,cost\n' >header.csv
refused "no rows" 3 "header.csv: has no rows" a.csv header.csv
refused "no file" 3 "missing.csv: cannot be read" a.csv missing.csv
refused "a folder" 3 "cannot be read: it is not a file" a.csv .
printf '1,2\n3,4\n' >bad.csv
refused "no names" 3 "bad.csv, line 1: holds numbers where the names" a.csv bad.csv
printf 'width,cost\n1,2\n1,two\n' >bad.csv
refused "no number" 3 "bad.csv, line 3, field 2 (cost): 'two' is not a number" bad.csv a.csv
printf 'width,cost\n1,2\n1,\n' >bad.csv
refused "empty field" 3 "bad.csv, line 3, field 2 (cost): '' is empty" bad.csv a.csv
printf 'width,cost\n1,2\n1,2,3\n' >bad.csv
refused "too many fields" 3 "bad.csv, line 3: 3 fields where the first line names 2" bad.csv a.csv
printf 'width,cost\n1,2\n\n1,2\n' >bad.csv
refused "empty line" 3 "bad.csv, line 3: is empty" bad.csv a.csv
printf 'width,cost\n1,2\n"1,2\n' >bad.csv
refused "open quotes" 3 "bad.csv, line 3, field 1: the quotes do not end" bad.csv a.csv
printf 'width,cost\n1,2\n1,"2"x\n' >bad.csv
refused "text behind quotes" 3 "bad.csv, line 3, field 2: the quotes do not end" bad.csv a.csv
printf 'width,cost\n1,2\n1,\0002\n' >bad.csv
refused "zero byte" 3 "bad.csv, line 3: holds a zero byte" bad.csv a.csv
printf 'width,cost,width\n1,2,3\n' >bad.csv
refused "two columns alike" 3 "bad.csv, line 1, field 3: a second column 'width'" bad.csv a.csv
printf 'width,y\n1,2\n' >bad.csv
refused "no cost" 2 "bad.csv: has no column 'cost'; choose one of width, y with --value" a.csv bad.csv
refused "no --by" 2 "a.csv: has no column 'widht'; choose one of n_hidden, width, cost with --by" a.csv b.csv --by widht
refused "no --where" 2 "a.csv: has no column 'widht'" a.csv b.csv --where widht=1
refused "--where keeps nothing" 2 "a.csv: no row has width=9" a.csv b.csv --where width=9
refused "--where without value" 2 "COLUMN=VALUE" a.csv b.csv --where width
refused "no common cell" 2 "no cell is in both; e.g. cost is .* in the first and .* in the second" \
	a.csv b.csv --by width,cost
sed '1!s/^1,./1,7/' b.csv >other.csv
refused "no common width" 2 "no cell is in both; e.g. width is 1 in the first and 7 in the second" a.csv other.csv
refused "--alpha 2" 2 "a probability" a.csv b.csv --alpha 2
refused "--digits 0" 2 "from 1 to 16" a.csv b.csv --digits 0
refused "one table" 2 "at least two tables" a.csv
refused "no folder for --csv" 3 "nowhere/out.csv" a.csv b.csv --csv nowhere/out.csv

printf 'width,cost\n1,nan\n2,1\n' >nan.csv
exits "a cell without finite values" 0 "$thalweg" compare nan.csv nan.csv
prints "a cell without finite values" '^note: 1 cell not tested'
prints "a cell without finite values" '^1 of 2 cells'

# ---- several ranks, the published table ------------------------------------------------------------------------------

if command -v "$mpirun" >/dev/null; then
	"$thalweg" compare runs.csv b.csv >alone
	exits "on 3 ranks" 0 on 3 compare runs.csv b.csv
	check "on 3 ranks: the output differs" cmp -s alone out
	exits "bad table on 3 ranks" 3 timeout 60 "$mpirun" $flags -n 3 "$thalweg" compare runs.csv missing.csv
	one_line "bad table on 3 ranks"
fi
published=${THALWEG_DATA:-}/thesis/local-minima-1-hidden.csv
if [ -r "$published" ]; then
	exits "published table" 0 "$thalweg" compare "$published" "$published"
	prints "published table" '^13 of 13 cells: p > 0.01'
	narrow "published table"
else
	echo "the published table is left out: set THALWEG_DATA"
fi
finish
