# Figure 2.3: Bernoulli distributions behind a prediction. Usage, beside the CSV files: gnuplot figure-2.3.gp
set encoding utf8
set datafile separator ","
set style line 1 pt 6 ps 0.7 lc rgb "#777777"
set style line 2 lw 2.5 lc rgb "#1f4e79"
set style line 3 pt 7 ps 1.3 lc rgb "black"
array inputs[3]
array heights[3]
stats "figure-2.3-distributions.csv" using (inputs[int($0) + 1] = $1, heights[int($0) + 1] = $3, $1) skip 1 nooutput
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 900,600 font "sans-serif,17" } \
	else { set terminal pngcairo size 1350,900 font "sans,17" fontscale 1.3 linewidth 1.5 }
	set output "figure-2.3.".kind
	set multiplot
	# the legend
	set bmargin at screen 0.9
	set tmargin at screen 0.99
	set lmargin at screen 0.02
	set rmargin at screen 0.75
	unset border
	unset tics
	unset title
	unset xlabel
	unset ylabel
	set xrange [0:1]
	set yrange [0:1]
	set key center center horizontal maxrows 1 samplen 2
	plot NaN with points ls 1 title "observations", NaN with lines ls 2 title "prediction h(x)", \
		NaN with points ls 3 title "shown right"
	unset key
	set border
	set xtics out nomirror
	set ytics out nomirror
	set lmargin at screen 0.09
	set rmargin at screen 0.62
	set bmargin at screen 0.15
	set tmargin at screen 0.86
	set xlabel "x"
	set ylabel "h(x)" rotate by 90
	set xrange [-3:3]
	set yrange [-0.06:1.06]
	set xtics auto
	set format x "%g"
	set ytics 0,0.2,1
	plot "figure-2.3-observations.csv" using 1:2 skip 1 with points ls 1, \
		"figure-2.3.csv" using 1:2 skip 1 with lines ls 2, \
		"figure-2.3-distributions.csv" using 1:3 skip 1 with points ls 3
	set lmargin at screen 0.76
	set rmargin at screen 0.98
	set ylabel "p(y | x)"
	set xrange [-0.7:1.7]
	set yrange [0:1.25]
	set xtics 0,1,1
	set ytics 0,0.5,1
	set style fill pattern 4 border
	do for [i = 1:3] {
		set bmargin at screen 0.15 + 0.265 * (i - 1)
		set tmargin at screen 0.15 + 0.265 * (i - 1) + 0.18
		set xlabel (i == 1 ? "y" : "")
		set format x (i == 1 ? "%g" : "")
		set title sprintf("x = %.2f", inputs[i]) offset 0,-0.6
		set label 1 sprintf("%.2f", 1 - heights[i]) at 0, 1 - heights[i] + 0.12 center
		set label 2 sprintf("%.2f", heights[i]) at 1, heights[i] + 0.12 center
		plot "+" using (0):(1 - heights[i]):(0.5) every ::0::0 with boxes lc rgb "#1f4e79", \
			"+" using (1):(heights[i]):(0.5) every ::0::0 with boxes lc rgb "#1f4e79"
		unset label
	}
	unset title
	unset multiplot
}
set output
