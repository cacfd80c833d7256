# The audit of 5.1: share of negative eigenvalues, and smallest eigenvalue that no symmetry makes 0, against cost.
# Reads certificates.csv; makes audit-index.svg and audit-index.png.
set encoding utf8
set datafile separator comma
known(v) = strcol("verdict") eq v && strlen(strcol("index_low")) > 0 && strlen(strcol("margin")) > 0
cost(v) = known(v) ? column("cost") : NaN
index(v) = known(v) ? column("index_low") / column("dimension") : NaN
least(v) = known(v) ? column("margin") : NaN
verdicts = "'minimum' 'strict saddle' 'degenerate' 'descending to infinity' 'on a kink' 'undecided'"
shape = "7 2 10 1 6 8"
color = "#101010 #b02418 #c08000 #7aa6d6 #777777 #009060"
# As a logarithmic axis on both sides of 0, and linear next to it.
small = 1e-8
fold(y) = asinh(y / small)
unfold(y) = small * sinh(y)
set logscale x
set format x "10^{%T}"
set xrange [1e-8:1]
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 1000,900 font "sans,16" background rgb "white" }
	else { set terminal pngcairo size 1000,900 font "sans,13" background rgb "white" }
	dot = format eq "svg" ? 0.8 : 1.1 # the same size in pixels, nearly
	set output "audit-index.".format
	set multiplot layout 2,1 margins 0.12,0.97,0.09,0.90 spacing 0.1,0.11
	set key at screen 0.5,0.985 center top horizontal maxrows 2 width 2 samplen 1
	unset xlabel
	set ylabel "index / d"
	set yrange [-0.02:*]
	plot for [i = 1:words(verdicts)] "certificates.csv" using (cost(word(verdicts, i))):(index(word(verdicts, i))) \
		with points pt int(word(shape, i)) ps dot lw 1.5 lc rgb word(color, i) title word(verdicts, i)
	unset key
	set xlabel "cost f(θ)"
	set ylabel "λ_{min} / λ_{max}"
	set yrange [-1.2:1.2]
	set nonlinear y via fold(y) inverse unfold(y)
	set ytics ("1" 1, "10^{-2}" 1e-2, "10^{-4}" 1e-4, "10^{-6}" 1e-6, "0" 0, "-10^{-6}" -1e-6, "-10^{-4}" -1e-4, "-10^{-2}" -1e-2, "-1" -1)
	plot for [i = 1:words(verdicts)] "certificates.csv" using (cost(word(verdicts, i))):(least(word(verdicts, i))) \
		with points pt int(word(shape, i)) ps dot lw 1.5 lc rgb word(color, i) notitle
	unset nonlinear y
	set ytics autofreq
	unset multiplot
	unset output
}
