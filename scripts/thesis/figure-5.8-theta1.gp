# Means of figure 5.8 from three initial points, with their standard errors. Reads means-by-step-size.csv.
# usage: gnuplot figure-5.8-theta1.gp

set datafile separator ","
set encoding utf8
set datafile missing NaN
means = "means-by-step-size.csv"
from(point, value) = column("theta1") == point ? value : NaN
array kind[3] = [5, 9, 13]

set xlabel "step size α"
stats means using "mean" nooutput name "M"
power = floor(log10(M_max)) # of the unit of the y axis
set ylabel sprintf("mean of the averages of ‖∇f(θ_k)‖^2,  10^{%d}", power)
set format x "%.4f"
set format y "%g"
set xrange [0 : 0.00106]
set xtics 0.0002
set yrange [0 : *]
set key top left Left reverse samplen 3 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,780 font "sans,18" }
	set output "figure-5.8-theta1.".format
	plot for [p = 1:3] means \
		using (from(p, column("step_size"))):(column("mean") / 10.0**power): \
			(column("standard_error") / 10.0**power) \
		with yerrorlines pt kind[p] ps 1.2 lw 2 dt p lc rgb word("#cc0000 #0055aa #333333", p) title sprintf("θ_1 number %d", p)
	unset output
}
