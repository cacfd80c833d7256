# Figure 5.5: costs of the found minima of networks with two and three hidden layers, by their width; on the right the
# same on a logarithmic axis.
# Reads quartiles.csv and local-minima.csv; makes figure-5.5.svg and figure-5.5.png.
set encoding utf8
set datafile separator comma
array widths[3] = ["", "", ""]
deep(l) = l == 2 || l == 3
stats "quartiles.csv" using (strcol("source") eq "ours" && deep(column("hidden_layers")) ? \
	widths[int(column("hidden_layers"))] = widths[int(column("hidden_layers"))]." ".strcol("width") : "", 1) nooutput
place(l, width) = sum [i = 1:words(widths[l])] (word(widths[l], i) eq width ? i : 0)
spread(i) = 0.4*(0.618034*i - floor(0.618034*i) - 0.5)
at(l) = strcol("source") eq "ours" && column("hidden_layers") == l ? place(l, strcol("width")) : NaN
shown = (words(widths[2]) ? "2 " : "").(words(widths[3]) ? "3" : "")
name(l) = l == 2 ? "two hidden layers" : "three hidden layers"
set grid ytics lc rgb "#dddddd"
set boxwidth 0.6
set xlabel "neurons per hidden layer"
set ylabel "cost f(θ)"
unset key
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 1100,420*words(shown) font "sans,15" background rgb "white" }
	else { set terminal pngcairo size 1100,420*words(shown) font "sans,12" }
	set output "figure-5.5.".format
	set style fill solid 1 border rgb "black"
	set multiplot layout words(shown),2
	do for [l in shown] {
		do for [axis in "linear log"] {
			if (axis eq "log") { set logscale y; set format y "10^{%T}"; set yrange [*:*] }
			else { unset logscale y; set format y "%g"; set yrange [-0.01:*] }
			set title name(l + 0)
			set xrange [0.4:words(widths[l + 0]) + 0.6]
			set xtics () nomirror
			set for [i = 1:words(widths[l + 0])] xtics add (word(widths[l + 0], i) i)
			plot "quartiles.csv" using (at(l + 0)):"lower_quartile":"low_whisker":"high_whisker":"upper_quartile" \
					with candlesticks whiskerbars 0.6 lc rgb "#bbbbbb", \
				"" using (at(l + 0)):"median":"median":"median":"median" with candlesticks lw 3 lc rgb "black", \
				"local-minima.csv" using (column("hidden_layers") == l + 0 ? \
					place(l + 0, strcol("width")) + spread(column("run")) : NaN):"cost" \
					with points pt 7 ps 0.4 lc rgb "black"
		}
	}
	unset multiplot
	unset output
}
