# Runs and means of figure 5.8 beside the published ones. Reads gradient-norm-by-step-size.csv, means-by-step-size.csv
# and published-by-step-size.csv.
# usage: gnuplot figure-5.8-published.gp

set datafile separator ","
set encoding utf8
set datafile missing NaN
runs = "gradient-norm-by-step-size.csv"
means = "means-by-step-size.csv"
published = "published-by-step-size.csv"
first(value) = column("theta1") == 1 ? value : NaN
aside = 1.035 # published ones stand a little to the right

set logscale xy
set xlabel "step size α"
set ylabel "average of ‖∇f(θ_k)‖^2 over k"
set format x "%g"
set format y "10^{%T}"
set xtics (0.0001, 0.0002, 0.0003, 0.0004, "" 0.0005, 0.0006, "" 0.0007, 0.0008, "" 0.0009, 0.001)
set xrange [0.00009 : 0.00115]
set key top left Left reverse samplen 2 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,780 font "sans,18" }
	set output "figure-5.8-published.".format
	plot runs using "step_size":"mean_gradient_norm_squared" with points pt 7 ps 0.4 lc rgb "black" title "our run", \
		means using (first(column("step_size"))):"mean" with linespoints pt 5 ps 1.2 lw 2 lc rgb "#cc0000" \
			title "our mean", \
		published using (column("step_size") * aside):"mean_gradient_norm_squared" with points pt 6 ps 0.5 \
			lc rgb "#777777" title "published run", \
		means using (first(column("step_size")) * aside):"published_mean" with linespoints pt 8 ps 1.4 lw 2 dt 2 \
			lc rgb "#0055aa" title "published mean"
	unset output
}
