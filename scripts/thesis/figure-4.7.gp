# Figure 4.7: two ways to draw samples. Usage, beside the CSV file: gnuplot figure-4.7.gp
set encoding utf8
set datafile separator ","
set xrange [0.5:36.5]
set yrange [0.5:12.5]
set xtics 1,1,36 scale 0 format ""
set xtics add ("1" 1, "6" 6, "12" 12, "18" 18, "24" 24, "30" 30, "36" 36)
set ytics 1,1,12 scale 0 format ""
set ytics add ("1" 1, "4" 4, "8" 8, "12" 12)
set grid xtics ytics lc rgb "#dddddd" lt 1
set ylabel "index i_k"
do for [pass = 1:2] { set arrow from 12*pass + 0.5, 0.5 to 12*pass + 0.5, 12.5 nohead dt 2 lw 1.5 lc rgb "black" }
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 900,720 font "sans-serif,17" } \
	else { set terminal pngcairo size 1350,1080 font "sans,17" fontscale 1.3 linewidth 1.5 }
	set output "figure-4.7.".kind
	set multiplot layout 2,1 margins 0.09,0.98,0.11,0.92 spacing 0,0.13
	unset xlabel
	set title "drawn uniformly, with replacement"
	plot "figure-4.7.csv" using 1:2 skip 1 with points pt 5 ps 1.3 lc rgb "#1f4e79" notitle
	set xlabel "k"
	set title "cycling through the set, shuffled once"
	plot "figure-4.7.csv" using 1:3 skip 1 with points pt 5 ps 1.3 lc rgb "#1f4e79" notitle
	unset multiplot
}
set output
