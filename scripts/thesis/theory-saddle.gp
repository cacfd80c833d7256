# Theorem 4.4: distance to a strict saddle over k. Usage, beside theory-saddle.csv: gnuplot theory-saddle.gp
set encoding utf8
set datafile separator ","
data = "theory-saddle.csv"
set logscale y
set format y "10^{%T}"
set yrange [1e-20:1e2]
set xrange [0:300]
set xlabel "iterate k"
set ylabel "distance ‖θ_k − θ*‖ to the saddle"
set key above maxrows 3 Left reverse samplen 4 spacing 1.2
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 800,600 font "sans-serif,18" background rgb "white" } \
	else { set terminal pngcairo size 1200,900 font "sans,18" fontscale 1.3 linewidth 1.5 }
	set output "theory-saddle.".kind
	plot data using "k":"exact" with lines lw 3 dt 1 lc rgb "#1f4e79" title "rounding symmetric: stays on the stable manifold", \
		data using "k":"rounded" with lines lw 3 dt 2 lc rgb "#b5442e" title "freed by rounding", \
		data using "k":"noisy" with linespoints lw 2 dt 1 pt 6 ps 0.8 pointinterval 15 lc rgb "#2e7d32" title "freed by noise of 10^{-6} in every step"
}
set output
