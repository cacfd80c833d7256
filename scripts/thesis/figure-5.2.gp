# Figure 5.2: predictions of found minima with one hidden layer over the plane, and the training set.
# Reads predictions.csv, predicted-minima.csv and observations.csv; makes figure-5.2.svg and figure-5.2.png.
set encoding utf8
set datafile separator comma
minima = 0
array width[6]
array cost[6]
stats "predicted-minima.csv" using (minima = minima + 1, width[minima] = column("width"), cost[minima] = column("cost"), 1) \
	nooutput
set palette defined (0 "#fbfaf5", 0.5 "#b9cbdb", 1 "#3f6489")
set cbrange [0:1]
set xrange [-2:2]
set yrange [-2:2]
set size ratio -1
set xtics 1 out nomirror
set ytics 1 out nomirror
set xlabel "x_1"
set ylabel "x_2" offset 0.4
unset key
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 1000,760 font "sans,15" background rgb "white" }
	else { set terminal pngcairo size 1000,760 font "sans,12" }
	set output "figure-5.2.".format
	set multiplot layout 2,3 margins 0.075,0.88,0.16,0.95 spacing 0.075,0.15
	do for [i = 1:minima] {
		set title sprintf("d_1 = %d, f(θ) = %.2g", width[i], cost[i])
		if (i == minima) {
			set colorbox user origin 0.91,0.16 size 0.02,0.79
			set cblabel "h(x, θ)"
			set key at screen 0.48,0.005 center bottom horizontal samplen 1
		} else {
			unset colorbox
		}
		plot "predictions.csv" using "x1":"x2":(column(2 + i)) with image notitle, \
			"observations.csv" using "x1":(column("y") == 0 ? column("x2") : NaN) \
				with points pt 6 ps 0.6 lw 1.5 lc rgb "black" title "y = 0", \
			"" using "x1":(column("y") == 1 ? column("x2") : NaN) \
				with points pt 9 ps 0.8 lc rgb "white" notitle, \
			"" using "x1":(column("y") == 1 ? column("x2") : NaN) \
				with points pt 8 ps 0.8 lw 1.5 lc rgb "black" title "y = 1"
		unset key
	}
	unset multiplot
	unset output
}
