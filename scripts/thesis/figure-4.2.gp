# Figure 4.2: gradient descent over the contour lines of f. Usage, beside the CSV files: gnuplot figure-4.2.gp
set encoding utf8
set datafile separator ","
set key above maxrows 1 samplen 2
set size ratio -1
set xlabel "ω_1"
set ylabel "ω_2" rotate by 0 offset 2,0
set tics out nomirror
stats "figure-4.2.csv" using 3:4 skip 1 nooutput name "w"
half = 0.7 * (w_max_x - w_min_x > w_max_y - w_min_y ? w_max_x - w_min_x : w_max_y - w_min_y)
set xrange [(w_min_x + w_max_x) / 2 - half : (w_min_x + w_max_x) / 2 + half]
set yrange [(w_min_y + w_max_y) / 2 - half : (w_min_y + w_max_y) / 2 + half]
do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 800,720 font "sans-serif,18" } \
	else { set terminal pngcairo size 1200,1080 font "sans,18" fontscale 1.3 linewidth 1.5 }
	set output "figure-4.2.".kind
	plot "figure-4.2-contours.csv" using 2:3 with lines lw 1 lc rgb "#999999" title "contour lines", \
		"figure-4.2.csv" using 3:4 skip 1 with linespoints lw 2 pt 7 ps 0.8 lc rgb "#1f4e79" title "iterates θ_k", \
		"" using 3:4 skip 1 every ::0::0 with points pt 4 ps 1.8 lw 2 lc rgb "black" title "θ_1", \
		"figure-4.2-minimum.csv" using 1:2 skip 1 with points pt 2 ps 2 lw 3 lc rgb "#b5442e" title "minimum θ*"
}
set output
