# Theorem 4.3: f above the minimum over k. Usage, beside theory-descent.csv: gnuplot theory-descent.gp
set encoding utf8
set datafile separator ","
data = "theory-descent.csv"
set logscale xy
set format x "10^{%T}"
set format y "10^{%T}"
set xrange [1:4000]
set xlabel "iterate k"
set ylabel "f(θ_k) − f*"
set key bottom left Left reverse samplen 3 spacing 1.3
set grid lc rgb "#dddddd" lt 1 lw 1
set border 3
set tics nomirror
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 800,520 font "sans-serif,18" background rgb "white" } \
	else { set terminal pngcairo size 1200,780 font "sans,18" fontscale 1.3 linewidth 1.5 }
	set output "theory-descent.".kind
	plot data using "k":"above_minimum_beyond" with lines lw 1 lc rgb "#b5442e" dt 1 title "α = 2.5/λ_{max} at the minimum", \
		data using "k":"above_minimum" with lines lw 3 lc rgb "#1f4e79" dt 2 title "α just below 2/L"
}
set output
