# Cost after 20n observations over the step size, beside figure 5.6 and table 5.1.
# Reads figure-5.6-tuning.csv; writes figure-5.6-tuning.svg and figure-5.6-tuning.png.
set datafile separator ","
file = "figure-5.6-tuning.csv"
finite(x) = (x < 1e6 ? x : NaN)
set style line 1 lc rgb "#101010" lw 1.5 pt 7 ps 0.6
set style line 2 lc rgb "#4a90d9" lw 1.5 pt 9 ps 0.8
set style line 3 lc rgb "#b00000" lw 1.5 dt (5,3) pt 5 ps 0.6
set style line 4 lc rgb "#101010" lw 1.5 pt 6 ps 2.2
batches = "1 50 all"
do for [kind in "svg png"] {
	if (kind eq "svg") {
		set terminal svg size 900,680 font "sans,14" background "white"
	} else {
		set terminal pngcairo size 900,680 font "sans,14" background "white"
	}
	set output "figure-5.6-tuning.".kind
	set multiplot layout 2,2 margins 0.09,0.95,0.10,0.94 spacing 0.13,0.18
	set grid lc rgb "#dddddd" lt 1
	set border 3
	set tics nomirror
	set logscale x
	set format x "10^{%T}"
	set xrange [3e-5:1.5]
	set yrange [0:1.3]
	set ylabel "cost f(θ)" offset 1
	set xlabel "step size α"
	unset key
	do for [n in "100 1000 10000"] {
		set title "n = ".n offset 0,-0.5
		plot for [i = 1:3] file using ($1 == n && strcol(2) eq word(batches, i) ? $5 : NaN): \
				(finite($7)):(finite($6)):(finite($8)) with yerrorbars ls i dt 1 lw 1 ps 0, \
			for [i = 1:3] file using ($1 == n && strcol(2) eq word(batches, i) ? $5 : NaN):(finite($7)) \
				with linespoints ls i, \
			file using ($1 == n && $9 == 1 ? $5 : NaN):(finite($7)) with points ls 4
	}
	unset title
	unset xlabel
	unset ylabel
	unset tics
	unset grid
	unset border
	unset logscale x
	set xrange [0:1]
	set yrange [0:1]
	set key at graph -0.15,0.75 left top Left reverse samplen 3 spacing 1.6
	plot NaN with linespoints ls 1 title "stochastic gradient descent", \
		NaN with linespoints ls 2 title "mini-batch gradient descent", \
		NaN with linespoints ls 3 title "gradient descent", \
		NaN with points ls 4 title "published step size (table 5.1)"
	set tics
	set border
	unset multiplot
	unset output
}
