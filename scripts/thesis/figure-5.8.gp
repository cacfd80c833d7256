# Figure 5.8: the average squared norm of the gradients over the step size. Reads gradient-norm-by-step-size.csv and
# means-by-step-size.csv.
# usage: gnuplot figure-5.8.gp

set datafile separator ","
set encoding utf8
set datafile missing NaN
runs = "gradient-norm-by-step-size.csv"
means = "means-by-step-size.csv"
first(value) = column("theta1") == 1 ? value : NaN
stats means using (first(column("step_size"))):(first(column("mean"))) nooutput name "L"

set xlabel "step size α"
power = floor(log10(L_max_y)) # of the unit of the y axis
set ylabel sprintf("average of ‖∇f(θ_k)‖^2 over k,  10^{%d}", power)
set format x "%.4f"
set format y "%g"
set xrange [0 : L_max_x * 1.06]
set yrange [0 : *]
set xtics L_max_x / 5
set key top left Left reverse samplen 2 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,780 font "sans,18" }
	set output "figure-5.8.".format
	plot (L_intercept + L_slope * x) / 10.0**power lw 2 dt 2 lc rgb "#555555" title "straight line, least squares", \
		runs using "step_size":(column("mean_gradient_norm_squared") / 10.0**power) \
			with points pt 7 ps 0.6 lc rgb "black" title "run", \
		means using (first(column("step_size"))):(column("mean") / 10.0**power) \
			with linespoints pt 5 ps 1.2 lw 2 lc rgb "#cc0000" title "mean"
	unset output
}
