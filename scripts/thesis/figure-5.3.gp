# Figure 5.3: costs of the found minima of networks with one hidden layer, by its width; ours, and the published ones
# where they are known.
# Reads quartiles.csv, local-minima.csv and published.csv; makes figure-5.3.svg and figure-5.3.png.
set encoding utf8
set datafile separator comma
widths = ""
published = 0
one(source) = strcol("source") eq source && column("hidden_layers") == 1
stats "quartiles.csv" using (widths = one("ours") ? widths." ".strcol("width") : widths, \
	published = published + one("published"), 1) nooutput
# The place of a width on the axis, and a shift of points to the side that depends on their number alone.
place(width) = sum [i = 1:words(widths)] (word(widths, i) eq width ? i : 0)
spread(i) = 0.24*(0.618034*i - floor(0.618034*i) - 0.5)
shift = published ? 0.2 : 0
at(source) = one(source) && place(strcol("width")) ? \
	place(strcol("width")) + (source eq "ours" ? -shift : shift) : NaN
set xrange [0.4:words(widths) + 0.6]
set xtics () nomirror
set for [i = 1:words(widths)] xtics add (word(widths, i) i)
set xlabel "number of hidden neurons d_1"
set ylabel "cost f(θ)"
set yrange [-0.01:*]
set grid ytics lc rgb "#dddddd"
set boxwidth published ? 0.34 : 0.5
set key top right samplen 1.5 height 0.5
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 1000,560 font "sans,16" background rgb "white" }
	else { set terminal pngcairo size 1000,560 font "sans,13" }
	set output "figure-5.3.".format
	set style fill solid 1 border rgb "black"
	plot "quartiles.csv" using (at("ours")):"lower_quartile":"low_whisker":"high_whisker":"upper_quartile" \
			with candlesticks whiskerbars 0.6 lc rgb "#bbbbbb" title "thalweg", \
		"" using (at("ours")):"median":"median":"median":"median" with candlesticks lw 3 lc rgb "black" notitle, \
		"local-minima.csv" using (column("hidden_layers") == 1 ? \
			place(strcol("width")) - shift + spread(column("run")) : NaN):"cost" \
			with points pt 7 ps 0.35 lc rgb "black" notitle, \
		for [i = 1:published > 0] "quartiles.csv" \
			using (at("published")):"lower_quartile":"low_whisker":"high_whisker":"upper_quartile" \
			with candlesticks whiskerbars 0.6 lc rgb "white" title "published", \
		for [i = 1:published > 0] "" using (at("published")):"median":"median":"median":"median" \
			with candlesticks lw 3 lc rgb "black" notitle, \
		for [i = 1:published > 0] "published.csv" using (column("hidden_layers") == 1 && place(strcol("width")) ? \
			place(strcol("width")) + shift + spread(column(0)) : NaN):"cost" \
			with points pt 6 ps 0.4 lc rgb "black" notitle
	unset output
}
