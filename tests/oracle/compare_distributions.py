#!/usr/bin/python3
"""Checks `thalweg compare` against SciPy.

usage: THALWEG=build/thalweg compare_distributions.py

Random samples of many sizes, with and without ties, near to and far from each other, are written as the cells of two
tables; quartiles, Kolmogorov-Smirnov and Mann-Whitney statistics and p-values of `--csv` are compared with those of
NumPy and SciPy. Exit code 0, 1 on a difference, 77 when SciPy or the program is missing.
"""
import csv
import os
import shutil
import sys
import tempfile
import warnings

import program

if shutil.which(program.program()) is None:
	program.skip("no program %s (set THALWEG)" % program.program())
try:
	import numpy as np
	from scipy import stats
except ImportError:
	program.skip("no Python module scipy")

TOLERANCE = 1e-9 # relative, of exact and normal p-values
LIMIT_TOLERANCE = 1e-2 # relative, where one side uses the limit for large samples and p > 1e-8
SMALLEST = 1e-280 # p-values below differ by underflow
MOST_EXACT = 400 # SciPy's exact Mann-Whitney test takes long beyond
QUARTILES = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")


def sizes(random):
	"""Pairs of sample sizes."""
	for m in range(1, 12):
		for n in range(1, 12):
			yield m, n
	yield from ((8, 8), (8, 9), (9, 9), (50, 50), (50, 15), (15, 15), (8, 300), (300, 3), (1000, 1000), (3000, 2999),
	            (5000, 12), (4000, 1600), (10000, 10000))
	for _ in range(150):
		yield tuple(int(size) for size in np.exp(random.uniform(0, np.log(3000), 2)))


def samples(random):
	"""(first, second) of each cell."""
	for m, n in sizes(random):
		shift, digits = random.choice([0, 0, 0.1, 0.7, 4]), random.choice([-1, 0, 1, 15])
		first, second = random.normal(size=m), shift + random.normal(size=n)
		if random.random() < 0.3: # of many magnitudes, as costs are
			first, second = np.exp(8 * first), np.exp(8 * second)
		yield (first, second) if digits < 0 else (np.round(first, digits), np.round(second, digits))
	yield np.full(12, 0.5), np.full(20, 0.5)
	yield np.zeros(3), np.ones(3)
	yield random.normal(size=20000), random.normal(size=30000)
	yield random.normal(size=120000), random.normal(size=120000) + 0.03 # too many for the exact test


def write(path, cells):
	"""A table with a cell's number and its values; the numbers are read back as they were."""
	with open(path, "w") as stream:
		stream.write("cell,cost\n")
		for number, values in enumerate(cells):
			stream.writelines("%d,%.17g\n" % (number, value) for value in values)


def differs(found, expected, tolerance):
	if max(abs(found), abs(expected)) < SMALLEST:
		return False
	return not abs(found - expected) <= tolerance * abs(expected)


def faults(row, first, second):
	"""What of a cell differs from NumPy and SciPy."""
	for side, sample in (("a", first), ("b", second)):
		if int(row["count_" + side]) != len(sample):
			yield "count_" + side
		for name, value in zip(QUARTILES, np.quantile(sample, [0, 0.25, 0.5, 0.75, 1])):
			if not abs(float(row[name + "_" + side]) - value) <= 1e-14 * np.max(np.abs(sample)):
				yield "%s_%s %s, not %.17g" % (name, side, row[name + "_" + side], value)
	test = stats.ks_2samp(first, second)
	both_exact = row["ks_method"] == "exact" and max(len(first), len(second)) <= 10000
	if differs(float(row["ks_d"]), test.statistic, 1e-14):
		yield "KS D %s, not %.17g" % (row["ks_d"], test.statistic)
	if differs(float(row["ks_p"]), test.pvalue, TOLERANCE if both_exact else LIMIT_TOLERANCE):
		yield "KS p %s, not %.17g" % (row["ks_p"], test.pvalue)
	exact = row["mw_method"] == "exact"
	if exact and max(len(first), len(second)) > MOST_EXACT:
		return
	test = stats.mannwhitneyu(first, second)
	if float(row["mw_u"]) != test.statistic:
		yield "MW U %s, not %.17g" % (row["mw_u"], test.statistic)
	if differs(float(row["mw_p"]), test.pvalue, TOLERANCE):
		yield "MW p %s, not %.17g" % (row["mw_p"], test.pvalue)


def main():
	warnings.simplefilter("ignore") # SciPy tells where it leaves the exact test
	pairs = list(samples(np.random.default_rng(5)))
	with tempfile.TemporaryDirectory(prefix="thalweg-oracle-") as folder:
		a, b, out = (os.path.join(folder, name) for name in ("a.csv", "b.csv", "out.csv"))
		write(a, (first for first, _ in pairs))
		write(b, (second for _, second in pairs))
		program.run(["compare", a, b, "--by", "cell", "--digits", "16", "--csv", out])
		with open(out, newline="") as stream:
			rows = list(csv.DictReader(stream))
	failures, methods = 0, {}
	if len(rows) != len(pairs):
		print("FAILED: %d cells, not %d" % (len(rows), len(pairs)))
		failures += 1
	for row, (first, second) in zip(rows, pairs):
		methods[row["ks_method"], row["mw_method"]] = methods.get((row["ks_method"], row["mw_method"]), 0) + 1
		for fault in faults(row, first, second):
			failures += 1
			print("FAILED: cell %s (%d and %d values): %s" % (row["cell"], len(first), len(second), fault))
	for (kolmogorov, mann), count in sorted(methods.items()):
		print("%4d cells: Kolmogorov-Smirnov %s, Mann-Whitney %s" % (count, kolmogorov, mann))
	print("%d cells, %d differences" % (len(pairs), failures))
	return 1 if failures else 0


if __name__ == "__main__":
	sys.exit(main())
