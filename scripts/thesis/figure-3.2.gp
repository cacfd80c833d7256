# Figure 3.2: the same predictions from other parameters. Usage, beside the CSV files: gnuplot figure-3.2.gp
set encoding utf8
set datafile separator ","
set tics out nomirror
set key at screen 0.5,0.97 center top horizontal maxrows 1 samplen 2
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 960,520 font "sans-serif,17" } \
	else { set terminal pngcairo size 1440,780 font "sans,17" fontscale 1.3 linewidth 1.5 }
	set output "figure-3.2.".kind
	set multiplot layout 1,2 margins 0.11,0.97,0.17,0.82 spacing 0.16
	unset logscale
	set format y "%g"
	set title "parameters"
	set xlabel "as trained, θ_i"
	set ylabel "twin, θ'_i"
	set yrange [*:*]
	plot "figure-3.2-parameters.csv" using 2:3 skip 1 with points pt 6 ps 0.9 lc rgb "#1f4e79" title "permuted", \
		"" using 2:4 skip 1 with points pt 2 ps 0.9 lc rgb "#b5442e" title "rescaled", \
		x with lines dt 2 lc rgb "black" notitle
	unset key
	set title "predictions in float"
	set logscale y
	set format y "10^{%L}"
	set xlabel "observation"
	set ylabel "|h(x, θ) - h(x, θ')|"
	set xrange [0:100]
	set yrange [1e-9:1e-3]
	set label 1 "most that rounding allows" at graph 0.5,0.97 center
	only(x) = strcol(1) eq "float" ? x : NaN
	plot "figure-3.2.csv" using (only($2)):(abs($4 - $3)) skip 1 with points pt 6 ps 0.9 lc rgb "#1f4e79", \
		"" using (only($2)):(abs($5 - $3)) skip 1 with points pt 2 ps 0.9 lc rgb "#b5442e", \
		"" using (only($2)):7 skip 1 with lines lw 2 lc rgb "black"
	set xrange [*:*]
	unset label 1
	set key at screen 0.5,0.97 center top horizontal maxrows 1 samplen 2
	unset multiplot
}
set output
