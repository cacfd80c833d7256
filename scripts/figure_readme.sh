#!/bin/bash
# Makes docs/img/circles.png: cost over steps of eight starts of the embedded default, and what the best network found
# predicts over the plane. Usage: scripts/figure_readme.sh [PROGRAM]; needs gnuplot.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
thalweg=${1:-$root/build/release/thalweg}
starts=8
picture=$root/docs/img/circles.png
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

best=0 lowest=inf
for seed in $(seq "$starts"); do
	"$thalweg" train --quiet --output "$folder/$seed" --seed "$seed" \
		--set metrics.cost_every=5 >"$folder/log"
	cost=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "cost") c = i } $c != "" { last = $c }
		END { print last }' "$folder/$seed/metrics.csv")
	if awk -v a="$cost" -v b="$lowest" 'BEGIN { exit !(b == "inf" || a + 0 < b + 0) }'; then lowest=$cost best=$seed; fi
done

# A grid over the plane as a data set (its outputs do not matter), and the best network's outputs there.
side=201 low=-2 high=2
awk -v n="$side" -v low="$low" -v high="$high" 'BEGIN {
	print "x1,x2,y"
	for (i = 0; i < n; i++) for (j = 0; j < n; j++)
		printf "%.6f,%.6f,0\n", low + (high - low) * j / (n - 1), low + (high - low) * i / (n - 1)
}' >"$folder/grid.csv"
cat >"$folder/grid.yaml" <<END
data: {preset: none, source: csv, inputs: "$folder/grid.csv:x1,x2", outputs: "$folder/grid.csv:y"}
END
"$thalweg" predict "$folder/$best/model.h5" "$folder/grid.yaml" --quiet --output "$folder/predictions.csv"
paste -d, <(tail -n +2 "$folder/grid.csv") <(tail -n +2 "$folder/predictions.csv") |
	awk -F, -v n="$side" '{ print $1, $2, $4 } NR % n == 0 { print "" }' >"$folder/surface.dat"

# The observations, from the source that embeds them.
sed -n 's/^\t{ \(.*\) },$/\1/p' "$root/src/data/circles_100.c" | tr -d , >"$folder/observations.dat"

mkdir -p "${picture%/*}"
gnuplot <<END
set terminal pngcairo size 1400,600 font "sans,13"
set output "$picture"
set multiplot layout 1,2 margins 0.07,0.93,0.12,0.93 spacing 0.09
set grid back lc rgb "#dddddd"
set datafile separator ","
set logscale x
set title "Gradient descent from $starts starts"
set xlabel "step"
set ylabel "cost"
set xrange [5:*]
set yrange [0.2:0.8]
plot for [seed = 1:$starts] "$folder/".seed."/metrics.csv" \
	using (strlen(strcol("cost")) ? column("step") : NaN):(column("cost")) with lines lw 1.5 notitle
unset logscale
unset grid
set datafile separator whitespace
set title "Prediction of the best one"
set xlabel "x_1"
set ylabel "x_2" offset 1
set xrange [$low:$high]
set yrange [$low:$high]
set size ratio -1
set key opaque box lc rgb "#999999" width 1
set cbrange [0:1]
set cblabel "h(x, θ)"
set palette defined (0 "#2b5c8a", 0.5 "#f5f3ee", 1 "#b5442e")
plot "$folder/surface.dat" using 1:2:3 with image notitle, \
	"$folder/observations.dat" using 1:(\$3 == 0 ? \$2 : NaN) with points pt 7 ps 1 lc rgb "#123a5c" title "y = 0", \
	"" using 1:(\$3 == 1 ? \$2 : NaN) with points pt 9 ps 1.2 lc rgb "#6e1f10" title "y = 1"
unset multiplot
END
echo "$picture: $starts starts, best cost $lowest (seed $best)"
