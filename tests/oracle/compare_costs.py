#!/usr/bin/python3
"""Costs after each of 200 full-batch steps, thalweg against PyTorch from the same parameters.

usage: THALWEG=build/thalweg THALWEG_DATA=data compare_costs.py [--full] [--only TEXT]

Relative difference at most 1e-4 in float and 1e-11 in double (1e-9 for the update rules with a memory). Exit code 0, 1
when a case fails, 77 when PyTorch, the program or the data is missing.
"""
import argparse
import dataclasses
import os
import sys
import tempfile

import program

program.require("torch", "numpy")
import datasets
import numpy as np
import reference
import torch

STEPS = 200
LIMITS = {"float": 1e-4, "double": 1e-11}
LIMIT_WITH_MEMORY = 1e-9

# Update rules with a memory: step size on circles and what the configuration says of the rule.
UPDATES = {
	"momentum": (0.05, {"momentum": 0.9}),
	"nesterov": (0.05, {"momentum": 0.9}),
	"adagrad": (0.05, {"epsilon": 1e-10}),
	"rmsprop": (0.002, {"decay": 0.99, "epsilon": 1e-8}),
	"adam": (0.01, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
	"adamw": (0.01, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01}),
}


@dataclasses.dataclass
class Case:
	"""One network on one data set, trained by one rule."""
	problem: str
	loss: str
	output: str
	activation: str
	hidden: tuple
	step_size: float
	update: str = "plain"
	penalty: float = 0
	zero_first_layer: bool = False
	precisions: tuple = ("float", "double")
	widths: tuple = ()

	def name(self):
		notes = [self.update] if self.update != "plain" else []
		notes += ["l2"] if self.penalty else []
		notes += ["at the kink"] if self.zero_first_layer else []
		widths = "-".join(map(str, self.hidden)) or "none"
		return " ".join([self.problem, self.loss + "/" + self.output, self.activation, widths, *notes])

	def limit(self, precision):
		return LIMIT_WITH_MEMORY if self.update != "plain" and precision == "double" else LIMITS[precision]


class Problems:
	"""The `data:` map and the arrays of each data set, made when first asked for."""

	def __init__(self, folder):
		self.folder, self.made = folder, {}

	def get(self, name):
		if name not in self.made:
			self.made[name] = getattr(self, name)()
		return self.made[name]

	def circles(self):
		return {"preset": "circles"}, *datasets.circles()

	def circle_classes(self):
		"""The circles as two classes, read from a CSV file."""
		x, y = datasets.circles()
		path = os.path.join(self.folder, "classes.csv")
		with open(path, "w") as stream:
			stream.write("x1,x2,class\n")
			np.savetxt(stream, np.hstack([x, y]), delimiter=",", fmt=["%.17g", "%.17g", "%d"])
		data = {"preset": "none", "source": "csv", "header": True, "inputs": path + ":x1,x2",
		        "outputs": path + ":class"}
		return {**data, "labels": True, "classes": 2}, x, y

	def circle_pairs(self):
		"""Two real outputs per observation, read from a CSV file without a header."""
		x, y = datasets.circles()
		y = np.hstack([y, x[:, :1] * x[:, 1:]])
		path = os.path.join(self.folder, "pairs.csv")
		np.savetxt(path, np.hstack([x, y]), delimiter=",", fmt="%.17g")
		data = {"preset": "none", "source": "csv", "header": False, "inputs": path + ":0-1", "outputs": path + ":2-3"}
		return data, x, y

	def california(self):
		x, y = datasets.california()
		rows, path = datasets.california_rows(1000)
		return {"preset": "california", "path": datasets.folder(), "rows": path}, x[rows], y[rows]

	def mnist36(self):
		return {"preset": "mnist36", "path": datasets.folder()}, *datasets.mnist36()


def cases(full):
	"""The default list leaves out the square loss on mnist36 for all but one activation."""
	made = []
	for activation in reference.ACTIVATIONS:
		made += [
			Case("circles", "square", "identity", activation, (10, 10), 0.05),
			Case("circles", "square", "logistic", activation, (10, 10), 0.1),
			Case("circles", "log", "logistic", activation, (10, 10), 0.1),
			Case("circle_pairs", "square", "identity", activation, (10, 10), 0.05),
			Case("circle_classes", "cross_entropy", "softmax", activation, (10, 10), 0.1),
			Case("california", "square", "identity", activation, (12, 12), 0.01),
			Case("mnist36", "log", "logistic", activation, (10,), 0.05),
		]
		if full or activation == "relu":
			made.append(Case("mnist36", "square", "identity", activation, (10,), 0.005))
			made.append(Case("mnist36", "log", "logistic", activation, (10, 10, 10), 0.05))
	for activation in ("relu", "leaky_relu"):
		made.append(Case("circles", "log", "logistic", activation, (10,), 0.1, zero_first_layer=True))
	for hidden in ((), (7,), (5, 9, 3, 6)):
		made.append(Case("circles", "log", "logistic", "tanh", hidden, 0.1))
		made.append(Case("california", "square", "identity", "tanh", hidden, 0.01))
	made.append(Case("circles", "log", "logistic", "tanh", (10, 10), 0.1, penalty=0.01))
	made.append(Case("california", "square", "identity", "relu", (12, 12), 0.01, penalty=0.003))
	for update, (step_size, _) in UPDATES.items():
		made.append(Case("circles", "log", "logistic", "tanh", (10, 10), step_size, update, precisions=("double",)))
	return made


def configuration(case, data, theta_file, precision):
	_, parameters = UPDATES.get(case.update, (None, {}))
	config = {
		"precision": precision,
		"threads": 1,
		"data": data,
		"network": {"hidden": list(case.hidden), "activation": case.activation, "output": case.output},
		"loss": case.loss,
		"initial": {"file": theta_file},
		"method": {"batch": "all", "update": case.update, **parameters, "step_size": case.step_size},
		"stop": {"steps": STEPS},
		"metrics": {"cost_every": 1},
	}
	if case.activation == "leaky_relu":
		config["network"]["leak"] = 0.1
	if case.penalty:
		config["penalty"] = {"l2": case.penalty}
	return config


def largest_difference(found, expected):
	"""(largest relative difference, its step); infinite when a cost is missing or no number."""
	if len(found) != len(expected):
		return np.inf, min(len(found), len(expected))
	difference = np.abs(np.array(found) - expected) / np.maximum(np.abs(expected), 1e-300)
	difference[~np.isfinite(difference)] = np.inf
	step = int(np.argmax(difference))
	return difference[step], step


def compare(case, precision, problems, folder):
	"""(largest relative difference, its step, last cost of PyTorch)"""
	data, x, y = problems.get(case.problem)
	outputs = 2 if case.loss == "cross_entropy" else y.shape[1]
	case = dataclasses.replace(case, widths=(x.shape[1], *case.hidden, outputs))
	theta = reference.initial_theta(case.widths, seed=7, zero_first_layer=case.zero_first_layer)
	theta_file = os.path.join(folder, "theta.npy")
	np.save(theta_file, theta.astype(np.float32) if precision == "float" else theta)
	program.train(folder, configuration(case, data, theta_file, precision))
	expected = reference.costs(case, theta, x, y, precision, STEPS)
	if not expected[-1] < expected[0]:
		raise RuntimeError("an ill-chosen case: the reference's cost rises from %g to %g" % (expected[0], expected[-1]))
	return *largest_difference(program.column(folder, "cost"), expected), expected[-1]


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--full", action="store_true", help="every loss with every activation on mnist36 too")
	parser.add_argument("--only", default="", help="cases whose name holds this text")
	chosen = parser.parse_args()
	torch.set_num_threads(1)
	failures, done = 0, 0
	print("%-60s %-6s  %10s  %4s  %8s  %s" % ("case", "", "difference", "step", "limit", "last cost"))
	with tempfile.TemporaryDirectory(prefix="thalweg-oracle-") as folder:
		problems = Problems(folder)
		for case in cases(chosen.full):
			if chosen.only not in case.name():
				continue
			for precision in case.precisions:
				try:
					difference, step, last = compare(case, precision, problems, folder)
					good, text = difference <= case.limit(precision), "%10.2e  %4d" % (difference, step)
				except RuntimeError as error:
					good, last, text = False, np.nan, "%10s  %4s" % ("", "")
					print(error, file=sys.stderr)
				failures, done = failures + (not good), done + 1
				print("%-60s %-6s  %s  %8.0e  %9.3g%s" % (case.name(), precision, text, case.limit(precision), last,
				                                        "" if good else "  FAILED"), flush=True)
	print("%d cases, %d failed" % (done, failures))
	return 1 if failures else 0


if __name__ == "__main__":
	sys.exit(main())
