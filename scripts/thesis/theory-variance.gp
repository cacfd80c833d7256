# Section 4.3.2: the variance of mini-batch gradients over their size. Reads theory-variance.csv.
# usage: gnuplot theory-variance.gp

set datafile separator ","
set encoding utf8
data = "theory-variance.csv"
at(k, value) = column("steps") == k ? value : NaN
one(k, value) = column("batch_size") == 1 ? at(k, value) : NaN
stats data using (one(0, column("expected"))) nooutput name "S"
stats data using (one(2000, column("expected"))) nooutput name "T"

set logscale xy
set xlabel "mini-batch size |B|"
set ylabel "Var[g(θ, ξ)]"
set xtics (1, 2, 5, 10, 20, 50)
set xrange [0.85 : 60]
set format y "10^{%T}"
set key top right Right samplen 3 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,780 font "sans,18" }
	set output "theory-variance.".format
	plot S_max / x lw 2 dt 1 lc rgb "#999999" title "at θ_1: Var[∇L_i] / |B|", \
		T_max / x lw 2 dt 2 lc rgb "#999999" title "after 2000 steps: Var[∇L_i] / |B|", \
		data using "batch_size":(at(0, column("variance"))):(4 * column("standard_error")) with yerrorbars pt 7 ps 1.2 \
			lw 2 lc rgb "black" title "at θ_1, measured", \
		data using "batch_size":(at(2000, column("variance"))):(4 * column("standard_error")) with yerrorbars pt 4 ps 1.4 \
			lw 2 lc rgb "#b5442e" title "after 2000 steps, measured"
	unset output
}
