#!/usr/bin/python3
"""Test R^2 on California housing: 8-64-64-1, ReLU, Adam, a fifth of the rows kept for the test; at least 0.78.

usage: THALWEG=build/thalweg THALWEG_DATA=data california_r2.py [SEED ...]

R^2 = 1 - test cost / variance of the test outputs, as the program reports it. Exit code 0, 1 when a seed stays below,
77 when the program or the data is missing.
"""
import os
import sys
import tempfile

import program

program.require()
LEAST = 0.78


def config(seed):
	return {
		"seed": seed,
		"data": {"preset": "california", "path": os.environ["THALWEG_DATA"], "test_fraction": 0.2},
		"network": {"hidden": [64, 64], "activation": "relu", "output": "identity"},
		"loss": "square",
		"initial": {"distribution": "glorot_uniform", "bias": 0},
		"method": {"batch": 64, "sampling": "shuffle", "update": "adam", "step_size": 0.001},
		"stop": {"epochs": 60},
		"metrics": {"cost_every": 0},
	}


def main():
	seeds = [int(text) for text in sys.argv[1:]] or [1, 2, 3]
	failures = 0
	for seed in seeds:
		with tempfile.TemporaryDirectory(prefix="thalweg-oracle-") as folder:
			summary = program.train(folder, config(seed))
		good = summary["test_r_squared"] >= LEAST
		failures += not good
		print("seed %d: test R^2 %.4f, test cost %.4f, %d steps, %.2f s%s" % (
			seed, summary["test_r_squared"], summary["test_cost"], summary["steps"], summary["seconds"],
			"" if good else "  FAILED: below %g" % LEAST), flush=True)
	return 1 if failures else 0


if __name__ == "__main__":
	sys.exit(main())
