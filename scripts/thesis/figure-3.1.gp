# Figure 3.1: a local minimum and a saddle point. Usage, beside the CSV file: gnuplot figure-3.1.gp
set encoding utf8
set datafile separator ","
set xlabel "x"
set ylabel "y"
set zlabel "f(x, y)" rotate by 90 offset 3,0
set xyplane at -1.2
set border 31
set xtics 1 offset -0.8,-0.3
set ytics 1 offset 0.8,0
set ztics 1
set view 62,35
set hidden3d
unset key
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 960,480 font "sans-serif,16" } \
	else { set terminal pngcairo size 1440,720 font "sans,16" fontscale 1.3 linewidth 1.5 }
	set output "figure-3.1.".kind
	set multiplot layout 1,2
	do for [side = 1:2] {
		set title (side == 1 ? "local minimum: x² + y²" : "saddle point: x² - y²")
		set zrange [(side == 1 ? -0.2 : -1) : (side == 1 ? 2 : 1)]
		set xyplane at (side == 1 ? -0.2 : -1.1)
		splot "figure-3.1.csv" using 1:2:(side == 1 ? $3 : $4) skip 1 every 2:2 with lines lw 0.8 lc rgb "#1f4e79", \
			"+" using (0):(0):(0) every ::0::0 with points pt 7 ps 1.8 lc rgb "#b5442e" nohidden3d
	}
	unset multiplot
}
set output
