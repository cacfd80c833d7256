# Figure 5.7: sample observations from the modified MNIST training set. Reads sample-observations.csv.
# usage: gnuplot figure-5.7.gp

set datafile separator ","
set encoding utf8
table = "sample-observations.csv"
side = 14
gap = 2
stats table using 2 skip 1 nooutput name "P"
pictures = int(P_max) + 1

set palette gray
set cbrange [0:1]
unset colorbox
unset border
unset xtics
set xrange [-0.5 : pictures * (side + gap) - gap - 0.5]
set yrange [2 * (side + gap) - gap - 0.5 : -0.5]
set ytics scale 0 ("y = 0" side / 2 - 0.5, "y = 1" side + gap + side / 2 - 0.5)
set size ratio -1
set lmargin 8

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,230 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,345 font "sans,18" }
	set output "figure-5.7.".format
	plot for [p = 0 : 2 * pictures - 1] table skip 1 every ::(p * side**2)::((p + 1) * side**2 - 1) \
		using ($4 + $2 * (side + gap)):($3 + ($1 == 6 ? side + gap : 0)):5 with image notitle
	unset output
}
