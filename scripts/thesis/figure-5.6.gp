# Figure 5.6: cost over the training set as a function of the number of observations used.
# Reads figure-5.6.csv; writes figure-5.6.svg and figure-5.6.png.
set datafile separator ","
file = "figure-5.6.csv"
set style line 1 lc rgb "#101010" lw 1
set style line 2 lc rgb "#90bce8" lw 1.5
set style line 3 lc rgb "#b00000" lw 1.5 dt (5,3) pt 6 ps 0.7
do for [kind in "svg png"] {
	if (kind eq "svg") {
		set terminal svg size 900,680 font "sans,14" background "white"
	} else {
		set terminal pngcairo size 900,680 font "sans,14" background "white"
	}
	set output "figure-5.6.".kind
	set multiplot layout 2,2 margins 0.09,0.95,0.10,0.94 spacing 0.13,0.18
	set grid lc rgb "#dddddd" lt 1
	set border 3
	set tics nomirror
	set ylabel "cost f(θ_k)" offset 1
	set xlabel "observations used"
	set yrange [0:1.3]
	unset key
	do for [n in "100 1000 10000"] {
		set title "n = ".n offset 0,-0.5
		set xrange [0:20 * n]
		set xtics 5 * n
		plot file using ($1 == n && strcol(2) eq "50" ? $4 : NaN):5 with lines ls 2, \
			file using ($1 == n && strcol(2) eq "1" ? $4 : NaN):5 with lines ls 1, \
			file using ($1 == n && strcol(2) eq "all" ? $4 : NaN):5 with linespoints ls 3
	}
	unset title
	unset xlabel
	unset ylabel
	unset tics
	unset grid
	unset border
	set xrange [0:1]
	set yrange [0:1]
	set key at graph -0.15,0.7 left top Left reverse samplen 3 spacing 1.6
	plot NaN with lines ls 1 lw 2 title "stochastic gradient descent", \
		NaN with lines ls 2 lw 3 title "mini-batch gradient descent", \
		NaN with linespoints ls 3 title "gradient descent"
	set tics
	set border
	unset multiplot
	unset output
}
