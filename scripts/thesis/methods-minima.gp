# Costs of the local minima of one hidden layer found with each method.
# Reads methods-minima.csv (a row a run) and methods-minima-boxes.csv (a row a width and method); writes
# methods-minima.svg and methods-minima.png.
set datafile separator ","
runs = "methods-minima.csv"
boxes = "methods-minima-boxes.csv"
names = "plain momentum nesterov adagrad rmsprop adam"
shown(y) = (y < 1e-12 ? 1e-12 : y > 10 ? 10 : y)
at(width, method) = width + 0.14 * (method - 3.5)
jitter(i) = 0.05 * ((37 * int(i)) % 11 / 10.0 - 0.5)
stats boxes using 3 nooutput
widths = STATS_max
set style line 1 lc rgb "#101010" lw 2 dt 1 pt 7 ps 0.8
set style line 2 lc rgb "#0060b0" lw 1.5 dt (8,3) pt 4 ps 0.9
set style line 3 lc rgb "#4aa0a0" lw 1.5 dt (3,2) pt 8 ps 1
set style line 4 lc rgb "#b00000" lw 1.5 dt (8,3,2,3) pt 2 ps 0.9
set style line 5 lc rgb "#8040a0" lw 1.5 dt (2,4) pt 6 ps 0.9
set style line 6 lc rgb "#c07000" lw 1.5 dt 1 pt 1 ps 1
do for [kind in "svg png"] {
	if (kind eq "svg") {
		set terminal svg size 900,560 font "sans,14" background "white"
	} else {
		set terminal pngcairo size 900,560 font "sans,14" background "white"
	}
	set output "methods-minima.".kind
	set border 3
	set tics nomirror
	set grid ytics lc rgb "#dddddd" lt 1
	set logscale y
	set format y "10^{%T}"
	set yrange [4e-13:20]
	set xrange [0.5:widths + 0.5]
	set xlabel "width w of the hidden layer"
	set ylabel "cost of the minima f(θ)"
	set key outside top center horizontal Left reverse samplen 1 width 1
	plot for [m = 1:6] boxes using ($4 == m ? at($3, m) : NaN):(shown($7)):(at($3, m) - 0.055): \
			(at($3, m) + 0.055):(shown($6)):(shown($8)) with boxxyerror fs empty dt 1 lw 1.5 lc rgb "#888888" notitle, \
		for [m = 1:6] boxes using ($4 == m ? at($3, m) : NaN):(shown($7)):(0.055) with xerrorbars dt 1 lw 2.5 ps 0 \
			lc rgb "#101010" notitle, \
		for [m = 1:6] runs using ($4 == m ? at($3, m) + jitter($6) : NaN):(shown($7)) with points ls m ps 0.7 \
			title word(names, m), \
		boxes using 3:(shown($7)):xtic(1) with points ps 0 notitle
	unset output
}
