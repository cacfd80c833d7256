# Figure 5.9: the average squared norm of the gradients over the inverse mini-batch size. Reads
# gradient-norm-by-batch.csv and means-by-batch.csv.
# usage: gnuplot figure-5.9.gp

set datafile separator ","
set encoding utf8
set datafile missing NaN
runs = "gradient-norm-by-batch.csv"
means = "means-by-batch.csv"
stats means using "inverse_batch_size":"mean" nooutput name "L"

set logscale xy
set xlabel "inverse mini-batch size 1/|B|"
set ylabel "average of ‖∇f(θ_k)‖^2 over k"
set format y "10^{%T}"
set xtics ("1/10" 1./10, "" 1./9, "1/8" 1./8, "" 1./7, "1/6" 1./6, "1/5" 1./5, "1/4" 1./4, "1/3" 1./3, "1/2" 1./2, \
	"1" 1)
set xrange [0.09 : 1.1]
set key top left Left reverse samplen 2 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror
set samples 300

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,780 font "sans,18" }
	set output "figure-5.9.".format
	plot L_intercept + L_slope * x lw 2 dt 2 lc rgb "#555555" title "straight line, least squares", \
		runs using "inverse_batch_size":"mean_gradient_norm_squared" \
			with points pt 7 ps 0.6 lc rgb "black" title "run", \
		means using "inverse_batch_size":"mean" with linespoints pt 5 ps 1.2 lw 2 lc rgb "#cc0000" title "mean"
	unset output
}
