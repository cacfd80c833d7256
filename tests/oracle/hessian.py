#!/usr/bin/python3
"""Extreme eigenvalues of `thalweg certify` against those of PyTorch's Hessian in double precision.

usage: THALWEG=build/thalweg THALWEG_DATA=data hessian.py

Three small networks: smooth, leaky ReLU, softmax; each with the full spectrum and with the ends alone. Relative
difference at most 1e-8 of the largest eigenvalue. Exit code 0, 1 on a difference, 77 when PyTorch, h5py, the program or
the data is missing.
"""
import csv
import os
import sys
import tempfile

import program

program.require("torch", "numpy", "h5py")
import datasets
import numpy as np
import read_model
import reference
import torch

LIMIT = 1e-8


def cost(theta, model, loss, x, y):
	"""f as a function of canonical theta, so that autograd can differentiate it twice."""
	widths, at, a = [int(w) for w in model["widths"]], 0, x
	for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:]), 1):
		weights = theta[at:at + inputs * outputs].reshape(outputs, inputs)
		at += inputs * outputs
		z = a @ weights.T + theta[at:at + outputs]
		at += outputs
		a = reference.ACTIVATIONS[model["activation"]](z) if layer < len(widths) - 1 else z
	return reference.mean_loss(loss, model["output"], a, y)


def cases(folder):
	"""(name, configuration, x, y)"""
	x, y = datasets.circles()
	common = {"precision": "double", "method": {"batch": "all", "step_size": 0.1}, "stop": {"steps": 300}}
	circles = {**common, "data": {"preset": "circles"}, "loss": "log"}
	yield ("smooth (tanh, log loss)", {
		**circles, "network": {"hidden": [4, 3], "activation": "tanh", "output": "logistic"}}, x, y)
	yield ("leaky ReLU (log loss)", {
		**circles, "network": {"hidden": [5], "activation": "leaky_relu", "leak": 0.1, "output": "logistic"}}, x, y)
	path = os.path.join(folder, "classes.csv")
	with open(path, "w") as stream:
		stream.write("x1,x2,class\n")
		np.savetxt(stream, np.hstack([x, y]), delimiter=",", fmt=["%.17g", "%.17g", "%d"])
	data = {"preset": "none", "source": "csv", "header": True, "inputs": path + ":x1,x2", "outputs": path + ":class",
	        "labels": True, "classes": 2}
	yield ("softmax (softplus, cross entropy)", {
		**common, "data": data, "loss": "cross_entropy",
		"network": {"hidden": [4], "activation": "softplus", "output": "softmax"}}, x, y)


def certificate(folder, *options):
	out = os.path.join(folder, "certificate")
	program.run(["certify", os.path.join(folder, "out", "model.h5"), os.path.join(folder, "config.yaml"),
	             "--no-refine", "--quiet", "--output", out, "--overwrite", *options])
	with open(os.path.join(out, "certificates.csv")) as stream:
		return next(csv.DictReader(stream))


def check(config, x, y, folder):
	"""Largest difference relative to the largest eigenvalue."""
	program.train(folder, config)
	theta, model = read_model.read(os.path.join(folder, "out", "model.h5"))
	x, y = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
	point = torch.tensor(np.asarray(theta), dtype=torch.float64)
	hessian = torch.autograd.functional.hessian(lambda t: cost(t, model, config["loss"], x, y), point)
	wanted = torch.linalg.eigvalsh(hessian).numpy()
	worst = 0
	for options in ((), ("--full-spectrum", "0", "--eigenvalues", "3")):
		row = certificate(folder, *options)
		assert int(row["dimension"]) == len(wanted), "%s parameters, not %d" % (row["dimension"], len(wanted))
		pairs = [("largest", wanted[-1])]
		# The ends alone are looked for with the flat directions of symmetries out of the way.
		if not options:
			pairs.append(("smallest", wanted[0]))
		elif wanted[0] < -1e-6 * wanted[-1]:
			pairs.append(("smallest", wanted[0]))
		for name, value in pairs:
			difference = abs(float(row[name]) - value) / abs(wanted).max()
			assert difference <= LIMIT, "%s eigenvalue is %s, not %.17g" % (name, row[name], value)
			worst = max(worst, difference)
	return worst


def main():
	failures = 0
	with tempfile.TemporaryDirectory(prefix="thalweg-oracle-") as folder:
		for name, config, x, y in cases(folder):
			try:
				print("%-40s eigenvalues differ by %.1e" % (name, check(config, x, y, folder)), flush=True)
			except (AssertionError, RuntimeError, KeyError, ValueError, OSError) as error:
				failures += 1
				print("%-40s FAILED: %s: %s" % (name, type(error).__name__, error), flush=True)
	return 1 if failures else 0


if __name__ == "__main__":
	sys.exit(main())
