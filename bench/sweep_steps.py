#!/usr/bin/python3
"""Full-batch steps of thalweg's ensembles and of PyTorch over many starts at once, taken in turns on one core.

usage: THALWEG=build/release/thalweg THALWEG_DATA=data /usr/bin/python3 bench/sweep_steps.py [--output FILE]

Networks with one, two and three hidden layers on the 100 circles observations (local minima, experiment 5.1):
microseconds of a gradient-descent step, its cost included, for each start. PyTorch trains the 50 or 15 starts of a
cell at once in the fastest of its formulations for this shape (torch_batched.py), thalweg as many as fit its vectors
(bench_ensemble.c), with the processor's best instruction set and with AVX2. Each round takes PyTorch, thalweg, thalweg
with AVX2; a ratio is that of one round, PyTorch's time over thalweg's, and the table has the medians over rounds. The
peak of multiply-adds is measured in every round; its share counts the products of the steps alone, and "at peak" is the
ratio that products at the peak and nothing else would reach: no program on this processor can have a greater one.
"""
import argparse
import re

import common

STARTS = {1: 50, 2: 15, 3: 15}
# hidden layers, width -> ratio aimed at
TARGETS = {
	1: {5: 14, 10: 14, 20: 12, 50: 11, 100: 9},
	2: {5: 25, 10: 12, 20: 6, 50: 3, 100: 2.1},
	3: {5: 20, 10: 12, 20: 5.5, 50: 2.6, 100: 1.9},
}
# with the processor's best instruction set, with AVX2: share of the peak aimed at from two layers and this width
SHARE_TARGETS, SHARE_LAYERS, SHARE_WIDTH = {"best": 0.65, "avx2": 0.60}, 2, 50
SIDES = {"best": {}, "avx2": {"THALWEG_ISA": "avx2"}}


def options():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--output", help="CSV file of the table")
	parser.add_argument("--rounds", type=int, default=7)
	parser.add_argument("--layers", type=int, nargs="+", default=[1, 2, 3], choices=[1, 2, 3])
	parser.add_argument("--widths", type=int, nargs="+", default=[5, 10, 20, 50, 100])
	parser.add_argument("--core", type=int, help="core to run on; default: the last one")
	parser.add_argument("--formulations", action="store_true", help="print the times of all of PyTorch's")
	parser.add_argument("--quick", action="store_true", help="three rounds")
	chosen = parser.parse_args()
	if chosen.quick:
		chosen.rounds = 3
	return chosen


class Side:
	"""What the rounds of one instruction set have shown."""

	def __init__(self, layers, width, env):
		self.arguments, self.env = (layers, width), env
		self.microseconds, self.gflops, self.peak, self.ratio = [], [], [], []

	def take(self, torch):
		rows, said = common.bench_program("bench_ensemble", self.arguments, **self.env)
		self.microseconds.append(float(rows[0]["us_per_step_per_start"]))
		self.gflops.append(float(rows[0]["gflops"]))
		self.peak.append(float(re.search(r"([0-9.]+) GFLOP/s", said).group(1)))
		self.ratio.append(torch / self.microseconds[-1])

	def share(self):
		return common.median(self.gflops) / common.median(self.peak)


def measure(chosen, layers, width):
	"""PyTorch's worker and microseconds, and thalweg's sides."""
	worker = common.TorchBatched("full", layers, width, STARTS[layers])
	sides = {name: Side(layers, width, env) for name, env in SIDES.items()}
	torch = []
	for _ in range(chosen.rounds):
		torch.append(worker.microseconds())
		for side in sides.values():
			side.take(torch[-1])
	worker.close()
	return worker, torch, sides


def verdict(value, target):
	"""The value beside its target, marked where it falls short."""
	return "" if target is None else "%.3g%s" % (target, "" if value >= target else " !")


def main():
	chosen = options()
	print("%s; medians of %d rounds, us a step and start" % (common.machine(), chosen.rounds))
	common.pin_to_one_core(chosen.core)
	table = common.Table("layers", "width", "             PyTorch", "      formulation", "             thalweg",
	                     "              ratio", "target", "at peak", "of peak", "target", "                AVX2",
	                     "AVX2 ratio", "of peak", "target")
	table.header()
	for layers in chosen.layers:
		for width in chosen.widths:
			worker, torch, sides = measure(chosen, layers, width)
			best, avx2 = sides["best"], sides["avx2"]
			ratio, target = common.median(best.ratio), TARGETS[layers].get(width)
			wide = layers >= SHARE_LAYERS and width >= SHARE_WIDTH
			aims = {name: SHARE_TARGETS[name] if wide else None for name in sides}
			table.row(str(layers), str(width), common.spread(torch), worker.name, common.spread(best.microseconds),
			          common.spread(best.ratio), verdict(ratio, target), ratio / best.share(),
			          best.share(), verdict(best.share(), aims["best"]), common.spread(avx2.microseconds),
			          common.median(avx2.ratio), avx2.share(), verdict(avx2.share(), aims["avx2"]))
			if chosen.formulations:
				print("; ".join("%s %.3f" % pair for pair in worker.formulations.items()))
			table.keep(hidden_layers=layers, width=width, formulation=worker.name, torch_us=common.median(torch),
			           thalweg_us=common.median(best.microseconds), ratio=ratio, ratio_low=min(best.ratio),
			           ratio_high=max(best.ratio), target=target, peak_gflops=common.median(best.peak),
			           share_of_peak=best.share(), ratio_at_peak=ratio / best.share(),
			           avx2_us=common.median(avx2.microseconds), avx2_ratio=common.median(avx2.ratio),
			           avx2_share_of_peak=avx2.share())
	table.save(chosen.output)


if __name__ == "__main__":
	main()
