#!/usr/bin/python3
"""Seconds per epoch of thalweg and of PyTorch, taken in turns in one run.

usage: THALWEG=build/thalweg THALWEG_DATA=data /usr/bin/python3 bench/mnist.py [--output mnist.csv] [--quick]

784-128-64-10 (batch 64, 256, 1024; one and two threads) on MNIST and on dense random inputs of its shape, and
784-1024-1024-10 (batch 512) on the dense inputs: ReLU, cross-entropy, stochastic gradient descent, step size 0.1.
Each round takes some epochs of PyTorch (a process that stays alive, its start not counted) and then some of thalweg
(`seconds` of summary.json over its epochs). Ratio: PyTorch's seconds over thalweg's, medians; above 1 thalweg is
faster. GFLOP/s counts every product of a dense network, also those with MNIST's zeros that thalweg skips, so that its
share of the peak can exceed 1 there.
"""
import argparse
import tempfile

import common

# (inputs, widths, batch) -> ratio aimed at
TARGETS = {
	("mnist", common.SMALL, 64): 2.5,
	("mnist", common.SMALL, 256): 2.0,
	("mnist", common.SMALL, 1024): 1.6,
	("dense", common.SMALL, 64): 1.5,
	("dense", common.SMALL, 256): 1.25,
	("dense", common.SMALL, 1024): 1.1,
	("dense", common.LARGE, 512): 1.1,
}


def options():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--output", help="CSV file of every measurement")
	parser.add_argument("--rounds", type=int, default=5)
	parser.add_argument("--epochs", type=int, default=2, help="epochs of each side in a round")
	parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
	parser.add_argument("--only", nargs="+", default=["mnist", "dense", "large"], choices=["mnist", "dense", "large"])
	parser.add_argument("--batches", type=int, nargs="+", help="of the small network")
	parser.add_argument("--peer-only", action="store_true", help="PyTorch alone")
	parser.add_argument("--peak", type=float, help="GFLOP/s of one core; default: thalweg info --peak")
	parser.add_argument("--quick", action="store_true", help="two rounds of one epoch")
	chosen = parser.parse_args()
	if chosen.quick:
		chosen.rounds, chosen.epochs = 2, 1
	return chosen


def selected(chosen):
	for inputs, widths, batch in TARGETS:
		kind = "large" if widths == common.LARGE else inputs
		if kind in chosen.only and (kind == "large" or not chosen.batches or batch in chosen.batches):
			yield inputs, widths, batch


def thalweg_epochs(folder, inputs, widths, batch, threads, epochs):
	"""Seconds per epoch of one start."""
	settings = common.config(inputs.data, widths, batch, {"epochs": epochs}, threads=threads)
	return common.program.train(folder, settings, threads=threads)["seconds"] / epochs


def measure(chosen, folder, inputs, widths, batch, threads):
	"""Lists of seconds per epoch: PyTorch's and thalweg's."""
	worker = common.TorchWorker(widths, batch, threads, inputs)
	epochs = 1 if widths == common.LARGE else chosen.epochs
	torch, thalweg = [], []
	for _ in range(chosen.rounds):
		torch += [worker.epoch() for _ in range(epochs)]
		if not chosen.peer_only:
			thalweg.append(thalweg_epochs(folder, inputs, widths, batch, threads, epochs))
	worker.close()
	return torch, thalweg


def main():
	chosen = options()
	peak = chosen.peak or (None if chosen.peer_only else common.fma_peak())
	print("%s; FMA peak of one core %s" % (common.machine(), "%.0f GFLOP/s" % peak if peak else "unknown"))
	table = common.Table("inputs", "         network", "batch", "threads", "     PyTorch s/epoch",
	                     "     thalweg s/epoch", "ratio", "target", "GFLOP/s", "of peak")
	table.header()
	with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as folder:
		made = {}
		for threads in chosen.threads:
			for name, widths, batch in selected(chosen):
				inputs = made.get(name) or made.setdefault(name, common.Inputs(name, folder))
				torch, thalweg = measure(chosen, folder, inputs, widths, batch, threads)
				ours = common.median(thalweg) if thalweg else None
				ratio = common.median(torch) / ours if ours else None
				flops = common.gradient_flops(widths, inputs.observations)
				speed = flops / (ours or common.median(torch)) / 1e9
				share = speed / (peak * threads) if peak else None
				target = TARGETS[name, widths, batch]
				table.row(name, common.name_of(widths), str(batch), str(threads), common.spread(torch),
				          common.spread(thalweg) if thalweg else None, ratio, target, speed, share)
				table.keep(inputs=name, network=common.name_of(widths), batch=batch, threads=threads,
				           torch_seconds=common.median(torch), torch_low=min(torch), torch_high=max(torch),
				           thalweg_seconds=ours, thalweg_low=min(thalweg, default=None),
				           thalweg_high=max(thalweg, default=None), ratio=ratio, target=target, gflops=speed,
				           share_of_peak=share)
	table.save(chosen.output)


if __name__ == "__main__":
	main()
