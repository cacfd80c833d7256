# The spectrum of the Hessian at an end point: density by stochastic Lanczos quadrature, and all eigenvalues.
# Reads spectral-density.csv and eigenvalues.csv; makes spectral-density.svg and spectral-density.png.
set encoding utf8
set datafile separator comma
stats "eigenvalues.csv" using "eigenvalue" nooutput name "exact_"
stats "spectral-density.csv" using "probe" nooutput name "probe_"
count = exact_records
probes = probe_max + 1
least = exact_min
most = exact_max
largest = most > -least ? most : -least
# As a logarithmic axis on both sides of 0, and linear next to it: a unit is a decade.
small = 1e-7
fold(x) = asinh(x / small / 2) / log(10)
place(x) = fold(x / largest)
width = 0.25
bin(x) = width * floor(place(x) / width + 0.5)
left = place(least) - 0.5
right = place(most) + 0.5
left = left < -1 ? left : -1
set xrange [left:right]
set border 3
set grid lt 1 lc rgb "#dddddd"
set tics nomirror
set samples 1500
set xtics ("0" 0)
do for [k = 0:6] {
	set xtics add (sprintf(k == 0 ? "1" : "10^{-%d}", k) fold(10.0**-k))
	set xtics add (sprintf(k == 0 ? "-1" : "-10^{-%d}", k) fold(-10.0**-k))
}
do for [format in "svg png"] {
	if (format eq "svg") { set terminal svg size 1000,860 font "sans,16" background rgb "white" }
	else { set terminal pngcairo size 1000,860 font "sans,13" background rgb "white" }
	set output "spectral-density.".format
	set multiplot layout 2,1 margins 0.11,0.97,0.10,0.92 spacing 0.1,0.10
	set key at screen 0.54,0.985 center top horizontal samplen 3
	set ylabel "share of the eigenvalues in a bin"
	set logscale y
	set format y "10^{%T}"
	set yrange [0.15 / count:1]
	unset xlabel
	set style fill solid 0.6 noborder
	set boxwidth width absolute
	plot "eigenvalues.csv" using (bin(column("eigenvalue"))):(1.0 / count) smooth frequency with boxes \
			lc rgb "#8fb3d9" title "all eigenvalues (LAPACK)", \
		"spectral-density.csv" using (place(column("eigenvalue"))):(column("weight") * width / probes) \
			smooth kdensity bandwidth width / 2 with lines lw 2.5 lc rgb "#b02418" title "Lanczos quadrature", \
		"eigenvalues.csv" using (place(column("eigenvalue"))):(0.15 / count):(0):(0.12 / count) \
			with vectors nohead lw 1 lc rgb "#101010" notitle
	unset logscale y
	unset format
	set ylabel "share of the eigenvalues ≤ λ"
	set xlabel "λ / max |λ|"
	set yrange [0:1.02]
	plot "eigenvalues.csv" using (place(column("eigenvalue"))):(1.0 / count) smooth cumulative with steps \
			lw 6 lc rgb "#8fb3d9" notitle, \
		"spectral-density.csv" using (place(column("eigenvalue"))):(column("weight") / probes) smooth cumulative \
			with steps lw 2 dt "-" lc rgb "#b02418" notitle
	unset multiplot
	unset output
}
