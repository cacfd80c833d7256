#!/usr/bin/python3
"""Reads model.h5 with h5py and checks it against what the program says.

usage: THALWEG=build/thalweg THALWEG_DATA=data read_model.py

For a few networks: dataset theta and attributes, the digest of theta's bytes against summary.json, and predictions
recomputed in numpy from the file and the data alone against `thalweg predict`. Exit code 0, 1 on a difference, 77 when
h5py, the program or the data is missing.
"""
import hashlib
import os
import sys
import tempfile

import program

program.require("numpy", "h5py")
import datasets
import h5py
import numpy as np

TOLERANCE = {"float": 2e-5, "double": 1e-12}
ACTIVATIONS = {
	"relu": lambda z, model: np.where(z >= 0, z, 0),
	"leaky_relu": lambda z, model: np.where(z >= 0, z, model["activation_leak"] * z),
	"tanh": lambda z, model: np.tanh(z),
	"identity": lambda z, model: z,
}
OUTPUTS = {
	"identity": lambda z: z,
	"logistic": lambda z: 1 / (1 + np.exp(-z)),
	"softmax": lambda z: softmax(z),
}


def softmax(z):
	shares = np.exp(z - z.max(1, keepdims=True))
	return shares / shares.sum(1, keepdims=True)


def text(value):
	return value.decode() if isinstance(value, bytes) else str(value)


def read(path):
	"""theta and a dict of the attributes."""
	with h5py.File(path, "r") as file:
		attributes = {name: value for name, value in file.attrs.items()}
		for name in ("precision", "activation", "output"):
			attributes[name] = text(attributes[name])
		return file["theta"][()], attributes


def predict(theta, model, x):
	"""h(x, theta) in float64, row by row."""
	widths, at = [int(w) for w in model["widths"]], 0
	for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:]), 1):
		weights = theta[at:at + inputs * outputs].astype(np.float64).reshape(outputs, inputs)
		at += inputs * outputs
		z = x @ weights.T
		if model["bias"]:
			z += theta[at:at + outputs].astype(np.float64)
			at += outputs
		x = ACTIVATIONS[model["activation"]](z, model) if layer < len(widths) - 1 else OUTPUTS[model["output"]](z)
	if at != len(theta):
		raise AssertionError("theta has %d parameters, the attributes make %d" % (len(theta), at))
	return x


def cases():
	"""(name, configuration, inputs of the data)"""
	x, _ = datasets.circles()
	circles = {
		"data": {"preset": "circles"}, "loss": "log", "method": {"batch": 10, "step_size": 0.1}, "stop": {"steps": 100},
	}
	for precision in ("float", "double"):
		for activation, bias in (("leaky_relu", True), ("tanh", False)):
			network = {"hidden": [10, 7], "activation": activation, "output": "logistic", "bias": bias}
			if activation == "leaky_relu":
				network["leak"] = 0.2
			yield ("circles %s %s%s" % (precision, activation, "" if bias else " without bias"),
			       {**circles, "precision": precision, "network": network}, x)
	x, _ = datasets.california()
	rows, path = datasets.california_rows(100)
	yield ("california double, no hidden layer", {
		"precision": "double", "data": {"preset": "california", "path": datasets.folder(), "rows": path},
		"network": {"hidden": [], "activation": "identity", "output": "identity"}, "loss": "square",
		"method": {"batch": "all", "step_size": 0.01}, "stop": {"steps": 50}}, x[rows])
	x, _ = datasets.mnist()
	yield ("mnist float softmax", {
		"precision": "float", "data": {"preset": "mnist", "path": datasets.folder(), "test": False},
		"network": {"hidden": [16], "activation": "relu", "output": "softmax"}, "loss": "cross_entropy",
		"method": {"batch": 64, "step_size": 0.1}, "stop": {"steps": 200}}, x.astype(np.float64))


def check(config, x, folder):
	"""Raises AssertionError with what differs."""
	summary = program.train(folder, config)
	model_file, out = os.path.join(folder, "out", "model.h5"), os.path.join(folder, "predictions.npy")
	theta, model = read(model_file)
	wanted = np.dtype("<f4" if config["precision"] == "float" else "<f8")
	assert theta.dtype == wanted, "theta is %s, not %s" % (theta.dtype, wanted)
	assert model["precision"] == config["precision"], "precision is %s" % model["precision"]
	assert hashlib.sha256(theta.astype(wanted).tobytes()).hexdigest() == summary["theta_sha256"], \
		"theta's digest is not that of summary.json"
	expected = predict(theta, model, x)
	program.run(["predict", model_file, os.path.join(folder, "config.yaml"), "--output", out, "--quiet"])
	found = np.load(out)
	assert found.shape == expected.shape, "predictions are %s, not %s" % (found.shape, expected.shape)
	difference = np.max(np.abs(found - expected))
	assert difference <= TOLERANCE[config["precision"]], "predictions differ by %.3g" % difference
	return difference


def main():
	failures = 0
	for name, config, x in cases():
		with tempfile.TemporaryDirectory(prefix="thalweg-oracle-") as folder:
			try:
				print("%-40s predictions differ by %.1e" % (name, check(config, x, folder)), flush=True)
			except (AssertionError, RuntimeError, KeyError, OSError) as error:
				failures += 1
				print("%-40s FAILED: %s: %s" % (name, type(error).__name__, error), flush=True)
	return 1 if failures else 0


if __name__ == "__main__":
	sys.exit(main())
