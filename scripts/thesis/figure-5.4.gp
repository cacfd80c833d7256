# Figure 5.4: median and quartiles of the costs of the found minima of networks with one hidden layer, on a logarithmic
# axis; ours, and the published ones where they are known.
# Reads quartiles.csv; makes figure-5.4.svg and figure-5.4.png.
set encoding utf8
set datafile separator comma
widths = ""
published = 0
one(source) = strcol("source") eq source && column("hidden_layers") == 1
stats "quartiles.csv" using (widths = one("ours") ? widths." ".strcol("width") : widths, \
	published = published + one("published"), 1) nooutput
place(width) = sum [i = 1:words(widths)] (word(widths, i) eq width ? i : 0)
at(source) = one(source) && place(strcol("width")) ? place(strcol("width")) : NaN
# Where Theorem 3.6 begins to hold: n = 100 <= d0 d1 with d0 = 2.
set xrange [0.4:words(widths) + 0.6]
set xtics () nomirror
set for [i = 1:words(widths)] xtics add (word(widths, i) i)
set xlabel "number of hidden neurons d_1"
set ylabel "cost f(θ)"
set logscale y
set format y "10^{%T}"
set grid ytics lc rgb "#dddddd"
set key bottom left samplen 3 height 0.5
if (place("50")) {
	set arrow from first place("50"), graph 0 to first place("50"), graph 1 nohead dt 3 lw 1.5 lc rgb "#555555"
	set label "d_0d_1 = n" at first place("50"), graph 0.94 offset 0.7,0
}
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 1000,560 font "sans,16" background rgb "white" }
	else { set terminal pngcairo size 1000,560 font "sans,13" }
	set output "figure-5.4.".format
	plot "quartiles.csv" using (at("ours")):"median" with linespoints pt 7 ps 0.9 lw 2.5 lc rgb "#b02418" \
			title "median, thalweg", \
		"" using (at("ours")):"lower_quartile" with linespoints pt 11 ps 0.7 lw 1.5 lc rgb "#777777" \
			title "lower quartile, thalweg", \
		"" using (at("ours")):"upper_quartile" with linespoints pt 9 ps 0.7 lw 1.5 lc rgb "#777777" \
			title "upper quartile, thalweg", \
		for [i = 1:published > 0] "" using (at("published")):"median" with linespoints pt 6 ps 1.1 dt 2 lw 2 \
			lc rgb "black" title "median, published", \
		for [i = 1:published > 0] "" using (at("published")):"lower_quartile" with linespoints pt 10 ps 0.9 dt 3 lw 1.5 \
			lc rgb "black" title "lower quartile, published", \
		for [i = 1:published > 0] "" using (at("published")):"upper_quartile" with linespoints pt 8 ps 0.9 dt 3 lw 1.5 \
			lc rgb "black" title "upper quartile, published"
	unset output
}
