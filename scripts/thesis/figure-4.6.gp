# Figure 4.6: stochastic gradient descent with three schedules. Usage, beside the CSV files: gnuplot figure-4.6.gp
set encoding utf8
set datafile separator ","
names = "'piecewise constant' 'exponential decay' 'polynomial decay'"
stats "figure-4.6.csv" using 3:4 skip 1 nooutput name "w"
half = 0.6 * (w_max_x - w_min_x > w_max_y - w_min_y ? w_max_x - w_min_x : w_max_y - w_min_y)
run(name, value) = strcol(1) eq name ? value : NaN
set style line 1 lw 1 lc rgb "#999999"
set style line 2 lw 1 pt 7 ps 0.45 lc rgb "#1f4e79"
set style line 3 lw 2 pt 4 ps 1.6 lc rgb "black"
set style line 4 lw 3 pt 2 ps 1.8 lc rgb "#b5442e"
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 900,1250 font "sans-serif,17" } \
	else { set terminal pngcairo size 1350,1875 font "sans,17" fontscale 1.3 linewidth 1.5 }
	set output "figure-4.6.".kind
	set multiplot
	# the legend, over all panels
	set bmargin at screen 0.96
	set tmargin at screen 0.99
	set lmargin at screen 0.02
	set rmargin at screen 0.98
	unset border
	unset tics
	unset title
	unset xlabel
	unset ylabel
	set size noratio
	set xrange [0:1]
	set yrange [0:1]
	set key center center horizontal maxrows 1 samplen 2
	plot NaN with lines ls 1 title "contour lines of f", NaN with linespoints ls 2 title "iterates θ_k", \
		NaN with points ls 3 title "θ_1", NaN with points ls 4 title "minimum θ*"
	unset key
	set border
	set xtics out nomirror
	set ytics out nomirror
	do for [row = 1:3] {
		label = word(names, row)
		set bmargin at screen 0.075 + 0.313 * (3 - row)
		set tmargin at screen 0.075 + 0.313 * (3 - row) + 0.2
		set lmargin at screen 0.1
		set rmargin at screen 0.3778
		set size ratio -1
		set title label
		set xlabel "ω_1"
		set ylabel "ω_2"
		set xrange [(w_min_x + w_max_x) / 2 - half : (w_min_x + w_max_x) / 2 + half]
		set yrange [(w_min_y + w_max_y) / 2 - half : (w_min_y + w_max_y) / 2 + half]
		plot "figure-4.6-contours.csv" using 2:3 with lines ls 1, \
			"figure-4.6.csv" using (run(label, $3)):4 skip 1 with linespoints ls 2, \
			"" using (run(label, $3)):($2 == 1 ? $4 : NaN) skip 1 with points ls 3, \
			"figure-4.6-minimum.csv" using 1:2 skip 1 with points ls 4
		set lmargin at screen 0.6
		set rmargin at screen 0.97
		set size noratio
		unset title
		set xlabel "k"
		set ylabel "α_k"
		set xrange [0:100]
		set yrange [0:0.032]
		plot "figure-4.6.csv" using 2:(run(label, $6)) skip 1 with steps lw 2 lc rgb "black"
	}
	unset multiplot
}
set output
