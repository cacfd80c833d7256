# Figure 4.3: gradient descent escapes a saddle point. Usage, beside the CSV files: gnuplot figure-4.3.gp
set encoding utf8
set datafile separator ","
set view map
set contour base
set cntrlabel onecolor
set cntrparam levels incremental -0.225, 0.05, 1.5
set key at screen 0.5,0.97 center top horizontal maxrows 2 samplen 2
set lmargin at screen 0.12
set rmargin at screen 0.97
set bmargin at screen 0.17
set tmargin at screen 0.85
set size ratio -1
set xlabel "x"
set ylabel "y"
set xrange [-1.4:1.4]
set yrange [-0.5:1.15]
set tics out nomirror
run(name, value) = strcol(1) eq name ? value : NaN
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 900,620 font "sans-serif,17" } \
	else { set terminal pngcairo size 1350,930 font "sans,17" fontscale 1.3 linewidth 1.5 }
	set output "figure-4.3.".kind
	splot "figure-4.3-surface.csv" using 1:2:3 skip 1 with lines lw 1 lc rgb "#999999" nosurface \
		title "contour lines of f", \
		"figure-4.3.csv" using (run("near", $3)):4:(0) skip 1 with linespoints lw 1.5 pt 7 ps 0.5 lc rgb "#1f4e79" \
		nocontour title "from (0.001, 1)", \
		"" using (run("on", $3)):4:(0) skip 1 with linespoints lw 1.5 dt 2 pt 6 ps 0.7 lc rgb "#b5442e" \
		nocontour title "from (0, 1)", \
		"+" using (0):(0):(0) every ::0::0 with points pt 2 ps 2 lw 3 lc rgb "black" nocontour title "saddle", \
		"+" using (1):(0):(0) every ::0::0 with points pt 3 ps 2 lw 2 lc rgb "black" nocontour title "minima", \
		"+" using (-1):(0):(0) every ::0::0 with points pt 3 ps 2 lw 2 lc rgb "black" nocontour notitle
}
set output
