#!/usr/bin/python3
"""Test accuracy on MNIST: 784-128-64-10, ReLU, batch 64, step size 0.1, 5 epochs, seeds 1 to 5, each at least 0.968.

usage: THALWEG=build/thalweg THALWEG_DATA=data mnist_accuracy.py [SEED ...]

Exit code 0, 1 when a seed stays below, 77 when the program or the data is missing.
"""
import os
import sys
import tempfile

import program

program.require()
LEAST = 0.968


def config(seed):
	return {
		"seed": seed,
		"data": {"preset": "mnist", "path": os.environ["THALWEG_DATA"], "test": True},
		"network": {"hidden": [128, 64], "activation": "relu", "output": "softmax"},
		"loss": "cross_entropy",
		"initial": {"distribution": "he_normal", "bias": 0},
		"method": {"batch": 64, "sampling": "shuffle", "update": "plain", "step_size": 0.1},
		"stop": {"epochs": 5},
		"metrics": {"cost_every": 0},
	}


def main():
	seeds = [int(text) for text in sys.argv[1:]] or [1, 2, 3, 4, 5]
	failures = 0
	for seed in seeds:
		with tempfile.TemporaryDirectory(prefix="thalweg-oracle-") as folder:
			summary = program.train(folder, config(seed))
		good = summary["test_accuracy"] >= LEAST
		failures += not good
		print("seed %d: test accuracy %.4f, test cost %.4f, %.2f s%s" % (
			seed, summary["test_accuracy"], summary["test_cost"], summary["seconds"],
			"" if good else "  FAILED: below %g" % LEAST), flush=True)
	return 1 if failures else 0


if __name__ == "__main__":
	sys.exit(main())
