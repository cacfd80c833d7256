# Cost over the training set, 10,000 observations, as a function of the observations used, for each method and |B|.
# Reads methods-efficiency.csv; writes methods-efficiency.svg and methods-efficiency.png.
set datafile separator ","
file = "methods-efficiency.csv"
names = "plain momentum nesterov adagrad rmsprop adam"
set style line 1 lc rgb "#101010" lw 2 dt 1 pt 7 ps 0.8
set style line 2 lc rgb "#0060b0" lw 1.5 dt (8,3) pt 4 ps 0.9
set style line 3 lc rgb "#4aa0a0" lw 1.5 dt (3,2) pt 8 ps 1
set style line 4 lc rgb "#b00000" lw 1.5 dt (8,3,2,3) pt 2 ps 0.9
set style line 5 lc rgb "#8040a0" lw 1.5 dt (2,4) pt 6 ps 0.9
set style line 6 lc rgb "#c07000" lw 1.5 dt 1 pt 1 ps 1
do for [kind in "svg png"] {
	if (kind eq "svg") {
		set terminal svg size 900,680 font "sans,14" background "white"
	} else {
		set terminal pngcairo size 900,680 font "sans,14" background "white"
	}
	set output "methods-efficiency.".kind
	set multiplot layout 2,2 margins 0.09,0.95,0.10,0.94 spacing 0.13,0.18
	set grid lc rgb "#dddddd" lt 1
	set border 3
	set tics nomirror
	set ylabel "cost f(θ_k)" offset 1
	set xlabel "observations used"
	set logscale y
	set xrange [0:*]
	set xtics 50000
	unset key
	do for [batch in "1 50 all"] {
		set title (batch eq "all" ? "all observations a step" : "|B| = ".batch) offset 0,-0.5
		set yrange [(batch eq "all" ? 0.3 : 0.2):1.1]
		set ytics (0.2, 0.3, 0.4, 0.6, 0.8, 1)
		plot for [m = 1:6] file using (strcol(1) eq word(names, m) && strcol(2) eq batch ? $4 : NaN):5 with lines ls m, \
			for [m = 1:6] file every (batch eq "all" ? 3 : 40)::(batch eq "all" ? m % 3 : 6 * m) \
				using (strcol(1) eq word(names, m) && strcol(2) eq batch ? $4 : NaN):5 with points ls m
	}
	unset title
	unset xlabel
	unset ylabel
	unset tics
	unset grid
	unset border
	unset logscale y
	set xrange [0:1]
	set yrange [0:1]
	set key at graph 0.2,0.9 left top Left reverse samplen 5 spacing 1.5
	plot for [m = 1:6] NaN with linespoints ls m title word(names, m)
	set tics
	set border
	unset multiplot
	unset output
}
