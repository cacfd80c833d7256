#!/usr/bin/python3
"""One step of stochastic gradient descent and one gradient over all observations, by thalweg and by PyTorch, taken in
turns: the work of experiment 5.3.

usage: THALWEG=build/release/thalweg THALWEG_DATA=data /usr/bin/python3 bench/gradient_norm.py [--output FILE]

196-10-10-10-1, ReLU, log loss, the 12,049 observations of digits 3 and 6; 20 runs with batch size 1 and step size 0.001
from one point, reached by 1,000 steps of gradient descent; after each step ||grad f||^2 over all observations.
Microseconds of such an iteration for each run, on one thread and on two. thalweg: `thalweg sweep` with
metrics.gradient_norm_every: 1 and two numbers of steps, the difference of their seconds (summary.json), so that reading
data and starting do not count; it draws its indices itself. PyTorch (torch_gradient_norm.py): the fastest of its
formulations over many runs at once, and one run by autograd ("eager"); indices drawn beforehand. A ratio is that of one
round, PyTorch's time over thalweg's; the table has the medians over rounds. The inputs are three quarters zeros or
columns of zeros, which thalweg leaves out where that is exact: --dense takes generated inputs without zeros instead.
"""
import argparse
import json
import os
import tempfile

import common
import h5py
import numpy as np

RUNS, WIDTHS = 20, (196, 10, 10, 10, 1)
TARGETS = {"batched": 1.8, "eager": 6}


def options():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--output", help="CSV file of the table")
	parser.add_argument("--rounds", type=int, default=7)
	parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
	parser.add_argument("--steps", type=int, nargs=2, default=[20, 170], help="of thalweg's two sweeps")
	parser.add_argument("--core", type=int, help="core to run one thread on; default: the last one")
	parser.add_argument("--dense", action="store_true", help="generated inputs without zeros")
	parser.add_argument("--formulations", action="store_true", help="print the times of all of PyTorch's")
	parser.add_argument("--quick", action="store_true", help="three rounds")
	chosen = parser.parse_args()
	if chosen.quick:
		chosen.rounds = 3
	return chosen


def inputs(folder, dense):
	"""Observations, and the `data:` map for thalweg."""
	x, y = common.datasets.mnist36()
	if not dense:
		return x, y, {"preset": "mnist36", "path": common.datasets.folder(), "test": False, "storage": "dense"}
	x = np.random.default_rng(1).uniform(0.01, 1, x.shape).astype(np.float32)
	files = [os.path.join(folder, "dense-%s.npy" % part) for part in "xy"]
	for file, values in zip(files, (x, y.astype(np.float32))):
		np.save(file, values)
	return x, y, {"preset": "none", "source": "npy", "inputs": files[0], "outputs": files[1], "storage": "dense"}


def configuration(data, **more):
	return {
		"seed": 1,
		"data": data,
		"network": {"hidden": list(WIDTHS[1:-1]), "activation": "relu", "output": "logistic"},
		"loss": "log",
		"metrics": {"cost_every": 0},
		**more
	}


class Problem:
	"""What both sides start from: model.h5 for thalweg, problem.npz for PyTorch."""

	def __init__(self, folder, dense):
		self.folder = folder
		x, y, self.data = inputs(folder, dense)
		settings = configuration(self.data, initial={"distribution": "glorot_uniform", "bias": 0},
		                         method={"batch": "all", "step_size": 0.1}, stop={"steps": 1000})
		common.program.write_config(os.path.join(folder, "theta1.yaml"), settings)
		common.program.run(["train", os.path.join(folder, "theta1.yaml"), "--quiet", "--output",
		                    os.path.join(folder, "theta1")])
		self.model = os.path.join(folder, "theta1", "model.h5")
		self.npz = os.path.join(folder, "problem.npz")
		np.savez(self.npz, x=x.astype(np.float32), y=y.astype(np.float32), **self.parameters())

	def parameters(self):
		with h5py.File(self.model) as model:
			theta = model["theta"][:]
		made, at = {}, 0
		for l, (below, width) in enumerate(zip(WIDTHS, WIDTHS[1:]), 1):
			made["w%d" % l] = theta[at:at + below * width].reshape(width, below)
			at += below * width
			made["b%d" % l] = theta[at:at + width]
			at += width
		return made


class Peer:
	"""The process of torch_gradient_norm.py."""

	def __init__(self, threads, problem):
		self.process = common.torch_process(["torch_gradient_norm.py", RUNS, threads, problem.npz], threads)
		self.formulations = {}
		for line in self.process.stdout:
			word, name, *value = line.split()
			if word == "ready":
				self.name = name
				return
			self.formulations[name] = float(value[0])
		raise RuntimeError("the PyTorch process did not start")

	def microseconds(self, which):
		self.process.stdin.write(which + "\n")
		self.process.stdin.flush()
		return float(self.process.stdout.readline())

	def close(self):
		self.process.stdin.close()
		self.process.wait()


def sweep_seconds(problem, steps, threads):
	settings = configuration(problem.data, initial={"file": problem.model}, threads=threads,
	                         method={"batch": 1, "sampling": "uniform", "step_size": 0.001}, stop={"steps": steps},
	                         sweep={"starts": RUNS})
	settings["metrics"]["gradient_norm_every"] = 1
	file = os.path.join(problem.folder, "sweep.yaml")
	common.program.write_config(file, settings)
	with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as out:
		common.program.run(["sweep", file, "--quiet", "--output", os.path.join(out, "out")], threads=threads)
		with open(os.path.join(out, "out", "summary.json")) as stream:
			return json.load(stream)["seconds"]


def ours(problem, steps, threads):
	few, many = [sweep_seconds(problem, count, threads) for count in steps]
	return 1e6 * (many - few) / (steps[1] - steps[0]) / RUNS


def measure(chosen, problem, threads):
	"""Lists of microseconds: thalweg's, PyTorch's batched and eager; and its fastest formulation."""
	peer = Peer(threads, problem)
	found = {"thalweg": [], "batched": [], "eager": []}
	for _ in range(chosen.rounds):
		for which in TARGETS:
			found[which].append(peer.microseconds(which))
		found["thalweg"].append(ours(problem, chosen.steps, threads))
	peer.close()
	if chosen.formulations:
		print("; ".join("%s %.0f" % pair for pair in peer.formulations.items()))
	return found, peer.name


def main():
	chosen = options()
	common.program.require("h5py", "torch")
	cores = os.sched_getaffinity(0)
	print("%s; medians of %d rounds, us an iteration and run, %d runs" % (common.machine(), chosen.rounds, RUNS))
	table = common.Table("threads", "   peer", "formulation", "                PyTorch", "                thalweg",
	                     "               ratio", "target")
	table.header()
	with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as folder:
		problem = Problem(folder, chosen.dense)
		for threads in chosen.threads:
			os.sched_setaffinity(0, cores)
			if threads == 1:
				common.pin_to_one_core(chosen.core)
			found, fastest = measure(chosen, problem, threads)
			for which, target in TARGETS.items():
				ratio = [theirs / mine for theirs, mine in zip(found[which], found["thalweg"])]
				short = common.median(ratio) < target
				formulation = fastest if which == "batched" else "autograd"
				table.row(str(threads), which, formulation, common.spread(found[which]), common.spread(found["thalweg"]),
				          common.spread(ratio) + ("!" if short else ""), target)
				table.keep(threads=threads, peer=which, runs=RUNS, dense=chosen.dense, formulation=formulation,
				           torch_us=common.median(found[which]), thalweg_us=common.median(found["thalweg"]),
				           ratio=common.median(ratio), ratio_low=min(ratio), ratio_high=max(ratio), target=target)
	table.save(chosen.output)


if __name__ == "__main__":
	main()
