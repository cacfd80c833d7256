# Mean of the averages of the squared norm of the gradient over the step size, for each method.
# Reads methods-noise.csv; writes methods-noise.svg and methods-noise.png.
set datafile separator ","
file = "methods-noise.csv"
names = "plain momentum nesterov adagrad rmsprop adam"
set style line 1 lc rgb "#101010" lw 2 dt 1 pt 7 ps 0.8
set style line 2 lc rgb "#0060b0" lw 1.5 dt (8,3) pt 4 ps 0.9
set style line 3 lc rgb "#4aa0a0" lw 1.5 dt (3,2) pt 8 ps 1
set style line 4 lc rgb "#b00000" lw 1.5 dt (8,3,2,3) pt 2 ps 0.9
set style line 5 lc rgb "#8040a0" lw 1.5 dt (2,4) pt 6 ps 0.9
set style line 6 lc rgb "#c07000" lw 1.5 dt 1 pt 1 ps 1
do for [kind in "svg png"] {
	if (kind eq "svg") {
		set terminal svg size 900,620 font "sans,14" background "white"
	} else {
		set terminal pngcairo size 900,620 font "sans,14" background "white"
	}
	set output "methods-noise.".kind
	set grid lc rgb "#dddddd" lt 1
	set border 3
	set tics nomirror
	set logscale xy
	set format y "10^{%T}"
	set xtics ("2e-5" 2e-5, "4e-5" 4e-5, "6e-5" 6e-5, "1e-4" 1e-4, "2e-4" 2e-4, "4e-4" 4e-4, "6e-4" 6e-4, "1e-3" 1e-3)
	set xrange [1.7e-5:1.2e-3]
	set xlabel "step size α"
	set ylabel "mean of the averages of ‖∇f(θ_k)‖^2"
	set key outside right center Left reverse samplen 4 spacing 1.5
	stats file using (strcol(1) eq "plain" ? $4 / $2 : NaN) nooutput
	plot for [m = 1:6] file using (strcol(1) eq word(names, m) ? $2 * (1 + 0.012 * (m - 3.5)) : NaN):4:6:7 \
			with yerrorbars ls m dt 1 lw 1 notitle, \
		for [m = 1:6] file using (strcol(1) eq word(names, m) ? $2 * (1 + 0.012 * (m - 3.5)) : NaN):4 \
			with linespoints ls m title word(names, m), \
		STATS_median * x with lines lw 1 dt (1,3) lc rgb "#101010" title "∝ α"
	unset output
}
