# Figure 5.1: the training set, and the densities of the inputs of both classes.
# Reads observations.csv and class-densities.csv; makes figure-5.1.svg and figure-5.1.png.
set encoding utf8
set datafile separator comma
set palette defined (0 "#ffffff", 0.25 "#d9e4ee", 0.5 "#a9bfd4", 0.75 "#7393b3", 1 "#456a90")
set xrange [-2:2]
set yrange [-2:2]
set size ratio -1
set xtics 1 out nomirror
set ytics 1 out nomirror
set cbtics out
set format cb "%.2f"
set xlabel "x_1"
set ylabel "x_2" offset 0.4
set colorbox
set key at graph 0.5,-0.3 center top horizontal samplen 1
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 1000,480 font "sans,16" background rgb "white" }
	else { set terminal pngcairo size 1000,480 font "sans,13" }
	set output "figure-5.1.".format
	set multiplot layout 1,2 margins 0.075,0.92,0.27,0.9 spacing 0.15
	set title "density of the inputs with y = 0"
	plot "class-densities.csv" using "x1":"x2":"density_0" with image notitle, \
		"observations.csv" using "x1":(column("y") == 0 ? column("x2") : NaN) \
			with points pt 7 ps 0.7 lc rgb "black" title "observations"
	set title "density of the inputs with y = 1"
	plot "class-densities.csv" using "x1":"x2":"density_1" with image notitle, \
		"observations.csv" using "x1":(column("y") == 1 ? column("x2") : NaN) \
			with points pt 8 ps 0.9 lw 1.5 lc rgb "black" title "observations"
	unset multiplot
	unset output
}
