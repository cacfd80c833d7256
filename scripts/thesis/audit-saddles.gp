# Index and cost of stationary points found from iterates of gradient descent.
# Reads saddles.csv; makes audit-saddles.svg and audit-saddles.png.
set encoding utf8
set datafile separator comma
set xlabel "share of negative eigenvalues: index / d"
set ylabel "cost f(θ)"
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
set xrange [-0.02:*]
set yrange [0:*]
set key outside center top horizontal samplen 1
is(minimum) = (column("index") == 0) == minimum
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 900,560 font "sans,16" background rgb "white" }
	else { set terminal pngcairo size 900,560 font "sans,13" background rgb "white" }
	set output "audit-saddles.".format
	plot "saddles.csv" using (is(0) ? column("index") / column("dimension") : NaN):"cost" with points pt 6 ps 1.2 lw 1.5 \
			lc rgb "#b02418" title "saddle", \
		"" using (is(1) ? 0 : NaN):"cost" with points pt 7 ps 1.1 lc rgb "#101010" title "no negative eigenvalue"
	unset output
}
