# Figure 2.4: Gaussian distributions around a prediction. Usage, beside the CSV files: gnuplot figure-2.4.gp
set encoding utf8
set datafile separator ","
set key above samplen 2
set xlabel "x"
set ylabel "y" rotate by 0 offset 2,0
set xrange [-3:3]
set tics out nomirror
scale = 0.5 # of a density, in units of x
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 900,600 font "sans-serif,17" } \
	else { set terminal pngcairo size 1350,900 font "sans,17" fontscale 1.3 linewidth 1.5 }
	set output "figure-2.4.".kind
	plot "figure-2.4-observations.csv" using 1:2 skip 1 with points pt 6 ps 0.7 lc rgb "#999999" title "observations", \
		"figure-2.4.csv" using 1:2 skip 1 with lines lw 2.5 lc rgb "#1f4e79" title "prediction h(x)", \
		"figure-2.4-distributions.csv" using ($1 + scale * $4):3 skip 1 with lines lw 2 lc rgb "#b5442e" \
		title "density p(y | x)", \
		"" using 1:3 skip 1 with lines lw 1 dt 2 lc rgb "black" notitle, \
		"" using 1:2 skip 1 every 61::30 with points pt 7 ps 1.2 lc rgb "black" notitle
}
set output
