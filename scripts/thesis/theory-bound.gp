# Theorem 4.8: the average of ‖∇f‖^2 over K iterates beside its bound, for three step sizes. Reads theory-bound.csv.
# usage: gnuplot theory-bound.gp

set datafile separator ","
set encoding utf8
data = "theory-bound.csv"
of(size, value) = column("step_size") == size + 0. ? value : NaN

set logscale xy
set format xy "10^{%T}"
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror
stats data using "average" nooutput name "A"
stats data using "bound" nooutput name "B"
stats data using "limit" nooutput name "L"
low = (A_min < L_min ? A_min : L_min) / 2
set yrange [low : 20 * B_max]
set xtics 100

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 900,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1350,780 font "sans,18" }
	set output "theory-bound.".format
	set multiplot layout 1,3 margins 0.10,0.98,0.14,0.92 spacing 0.05,0
	set xlabel "K"
	do for [i = 1:3] {
		size = word("0.08 0.02 0.005", i)
		set title "α = ".size
		if (i == 1) { set ylabel "mean of ‖∇f(θ_k)‖^2 over k ≤ K"; set format y "10^{%T}" } \
		else { unset ylabel; set format y "" }
		# one legend for all panels
		if (i == 1) { set key top right Right samplen 2 spacing 1.2 } else { unset key }
		plot data using "iterates":(of(size, column("bound"))) with lines lw 2 dt 2 lc rgb "black" title "bound (4.19)", \
			data using "iterates":(of(size, column("limit"))) with lines lw 2 dt 3 lc rgb "#555555" title "limit αLM", \
			data using "iterates":(of(size, column("average"))) with linespoints lw 2 pt 7 ps 0.7 lc rgb "#1f4e79" \
				title "measured average"
	}
	unset multiplot
	unset output
}
