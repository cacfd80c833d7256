# Theorem 4.9: the weighted average (4.25) with fixed and with diminishing step sizes. Reads theory-diminishing.csv.
# usage: gnuplot theory-diminishing.gp

set datafile separator ","
set encoding utf8
data = "theory-diminishing.csv"
of(name, value) = strcol(1) eq name ? value : NaN

set logscale xy
set xlabel "K"
set ylabel "Σ α_k ‖∇f(θ_k)‖^2 / A_K"
set format xy "10^{%T}"
set key top right Right samplen 3 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 800,520 font "sans,16" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1200,780 font "sans,18" }
	set output "theory-diminishing.".format
	plot data using "iterates":(of("diminishing", column("weighted_sum_bound") / column("step_size_sum"))) with lines \
			lw 2 dt 2 lc rgb "black" title "bound of the proof, diminishing α_k", \
		data using "iterates":(of("fixed", column("weighted_average"))) with linespoints lw 2 pt 4 ps 1.1 \
			lc rgb "#b5442e" title "fixed α", \
		data using "iterates":(of("diminishing", column("weighted_average"))) with linespoints lw 2 pt 7 ps 0.9 \
			lc rgb "#1f4e79" title "diminishing α_k"
	unset output
}
