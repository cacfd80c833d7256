# Assumption 4.6: the second moment of the stochastic gradient over the squared norm of the gradient. Reads
# theory-moments.csv and theory-moments-lines.csv.
# usage: gnuplot theory-moments.gp

set datafile separator ","
set encoding utf8
data = "theory-moments.csv"
lines = "theory-moments-lines.csv"
of(name, value) = strcol(1) eq name ? value : NaN
do for [name in "lowest margin least_squares"] {
	stats lines using (of(name, column("M"))) nooutput name name."_m"
	stats lines using (of(name, column("M_G"))) nooutput name name."_g"
}

set logscale xy
set xlabel "‖∇f(θ_k)‖^2"
set ylabel "E[‖g(θ_k, ξ_k)‖^2]"
set format xy "10^{%T}"
set key top left Left reverse samplen 3 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror
set samples 400
stats data using "squared_norm" nooutput name "X"
set xrange [X_min : 2 * X_max]
stats data using "second_moment" nooutput name "Y"
set yrange [0.7 * Y_min : 40 * Y_max]

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,780 font "sans,18" }
	set output "theory-moments.".format
	plot margin_m_max + margin_g_max * x lw 2 dt 3 lc rgb "black" title "1.25 (M + M_G ‖∇f‖^2), allowed to fresh runs", \
		lowest_m_max + lowest_g_max * x lw 2 dt 1 lc rgb "black" title "M + M_G ‖∇f‖^2", \
		least_squares_m_max + least_squares_g_max * x lw 2 dt 2 lc rgb "#555555" title "least squares", \
		data using "squared_norm":(of("estimate", column("second_moment"))) with points pt 6 ps 0.8 lc rgb "#1f4e79" \
			title "runs for the estimate", \
		data using "squared_norm":(of("fresh", column("second_moment"))) with points pt 2 ps 0.8 lc rgb "#b5442e" \
			title "fresh runs"
	unset output
}
