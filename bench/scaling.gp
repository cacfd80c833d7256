# Figure of scaling.csv: speed-up and efficiency over the number of workers, one curve for each kind of scaling and
# number of threads a rank.
#
# usage: gnuplot -e "folder='scaling'" bench/scaling.gp      writes folder/scaling.svg and folder/scaling.png

set datafile separator ","
table = folder."/scaling.csv"
stats table using 5 skip 1 nooutput name "W"
curves = system("tail -n +2 ".table." | cut -d, -f2,4 | sort -u | tr ',\n' ': '") # "strong:1 strong:2 weak:1"
problem = system("sed -n '2s/,.*//p' ".table)

# Column c of the rows of one curve.
pick(c, curve) = strcol(2).":".strcol(4) eq curve ? column(c) : NaN
threads(curve) = curve[strstrt(curve, ":") + 1:*]
kind(curve) = curve[1:strstrt(curve, ":") - 1]
label(curve) = kind(curve).", ".threads(curve).(threads(curve) eq "1" ? " thread" : " threads")." a rank"

do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 900,380 font "sans,12" background rgb "white" }
	if (format eq "png") { set terminal pngcairo size 1350,570 font "sans,14" }
	set output folder."/scaling.".format
	set multiplot layout 1,2 title problem noenhanced
	set grid lc rgb "#dddddd" lt 1
	set border 3 lc rgb "#666666"
	set tics nomirror
	set datafile missing NaN
	set key top left Left reverse samplen 2
	set xlabel "ranks x threads"
	set logscale x 2
	set xrange [W_min * 0.9 : W_max * 1.1]
	set title "speed-up"
	set logscale y 2
	set yrange [*:*]
	plot x lw 1 dt 2 lc rgb "#999999" title "ideal", \
		for [curve in curves] table skip 1 using 5:(pick(12, curve)) \
			with linespoints pt 7 ps 0.7 lw 2 title label(curve)
	set title "efficiency"
	unset logscale y
	set yrange [0:1.15]
	set key bottom left
	plot 1 lw 1 dt 2 lc rgb "#999999" notitle, \
		for [curve in curves] table skip 1 using 5:(pick(13, curve)) \
			with linespoints pt 7 ps 0.7 lw 2 title label(curve)
	unset multiplot
	unset output
	unset logscale
}
