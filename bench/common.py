"""What the benchmarks share: both sides' processes, data files, the machine's peak, tables.

Environment: THALWEG (program), THALWEG_DATA (data folder), MPIRUN, MPIRUN_FLAGS, PYTHON (the Python that has PyTorch,
/usr/bin/python3), OPENBLAS_LIBRARY (folder of an OpenBLAS built with OpenMP; Debian's libopenblas0-openmp by default).
"""
import csv
import os
import re
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "oracle"))
import datasets
import program

import numpy as np

SMALL = (784, 128, 64, 10)
LARGE = (784, 1024, 1024, 10)


def name_of(widths):
	return "-".join(map(str, widths))


def gradient_flops(widths, observations):
	"""Floating-point operations of the matrix products of one pass; no gradient with respect to the inputs."""
	products = [a * b for a, b in zip(widths, widths[1:])]
	return 2 * observations * (3 * sum(products) - products[0])


class Inputs:
	"""One data set for both sides: an .npz for PyTorch and the `data:` map for thalweg."""

	def __init__(self, name, folder):
		self.name = name
		self.npz = os.path.join(folder, name + ".npz")
		if name == "mnist":
			x, y = datasets.mnist()
			self.data = {"preset": "mnist", "path": datasets.folder(), "test": False}
		else:
			random = np.random.default_rng(1)
			x = random.random((60000, 784), dtype=np.float32)
			y = random.integers(0, 10, len(x))
			files = [os.path.join(folder, "dense-%s.npy" % part) for part in "xy"]
			np.save(files[0], x)
			np.save(files[1], y.astype(np.float32))
			self.data = {"preset": "none", "source": "npy", "inputs": files[0], "outputs": files[1], "labels": True,
			             "classes": 10}
		self.observations = len(x)
		np.savez(self.npz, x=x, y=y)


def config(data, widths, batch, stop, step_size=0.1, **more):
	"""A configuration that does nothing but train: no costs over the whole set, no test part."""
	made = {
		"seed": 1,
		"precision": "float",
		"data": data,
		"network": {"hidden": list(widths[1:-1]), "activation": "relu", "output": "softmax"},
		"loss": "cross_entropy",
		"initial": {"distribution": "he_uniform", "bias": 0},
		"method": {"batch": batch, "sampling": "shuffle", "update": "plain", "step_size": step_size},
		"stop": stop,
		"metrics": {"cost_every": 0, "gradient_norm_every": 0},
	}
	for key, value in more.items():
		made[key] = {**made[key], **value} if isinstance(value, dict) else value
	return made


def torch_process(arguments, threads):
	"""A PyTorch script of this folder with these arguments, to be talked to line by line."""
	library = os.environ.get("OPENBLAS_LIBRARY", "/usr/lib/x86_64-linux-gnu/openblas-openmp")
	env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads),
	           LD_LIBRARY_PATH=library + ":" + os.environ.get("LD_LIBRARY_PATH", ""))
	script, *rest = arguments
	return subprocess.Popen([os.environ.get("PYTHON", "/usr/bin/python3"), os.path.join(HERE, script), *map(str, rest)],
	                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)


class TorchWorker:
	"""A PyTorch process that trains an epoch when asked: see torch_worker.py."""

	def __init__(self, widths, batch, threads, inputs):
		self.process = torch_process(["torch_worker.py", name_of(widths), batch, threads, inputs.npz], threads)
		if self.process.stdout.readline().strip() != "ready":
			raise RuntimeError("the PyTorch process did not start")

	def epoch(self):
		"""Seconds of one epoch."""
		self.process.stdin.write("\n")
		self.process.stdin.flush()
		return float(self.process.stdout.readline().split()[0])

	def close(self):
		self.process.stdin.close()
		self.process.wait()


class TorchBatched:
	"""A PyTorch process that steps many starts at once, in the formulation it found fastest: see torch_batched.py."""

	def __init__(self, *problem):
		self.process = torch_process(["torch_batched.py", *problem], 1)
		self.formulations = {}
		for line in self.process.stdout:
			word, name, *value = line.split()
			if word == "ready":
				self.name = name
				return
			self.formulations[name] = float(value[0])
		raise RuntimeError("the PyTorch process did not start")

	def microseconds(self):
		"""A step and start, of one round."""
		self.process.stdin.write("\n")
		self.process.stdin.flush()
		return float(self.process.stdout.readline())

	def close(self):
		self.process.stdin.close()
		self.process.wait()


def bench_program(name, arguments, **env):
	"""Rows of the CSV that a program of the build's bench folder prints, and its standard error."""
	program_path = shutil.which(program.program())
	if not program_path:
		raise SystemExit("no program %s (set THALWEG to that of a build with its benchmarks)" % program.program())
	path = os.path.join(os.path.dirname(os.path.abspath(program_path)), "bench", name)
	done = subprocess.run([path, *map(str, arguments)], env=dict(os.environ, OMP_NUM_THREADS="1", **env),
	                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
	if done.returncode != 0:
		raise RuntimeError("%s: exit %d: %s" % (path, done.returncode, done.stderr.strip()[-600:]))
	return list(csv.DictReader(done.stdout.splitlines())), done.stderr


def pin_to_one_core(core=None):
	"""This process and all it starts; by default the last core it may use, since the first serves the system too."""
	os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})


def machine():
	"""One line on the processor."""
	try:
		text = open("/proc/cpuinfo").read()
	except OSError:
		return "unknown processor"
	model = re.search(r"model name\s*:\s*(.*)", text)
	isa = "AVX-512" if " avx512f" in text else "AVX2" if " avx2" in text else "no AVX2"
	return "%s, %s, %d cores" % (model.group(1) if model else "unknown processor", isa, len(os.sched_getaffinity(0)))


def fma_peak():
	"""GFLOP/s of one core in float, the best of three that `thalweg info --peak` prints; None where it prints none."""
	try:
		texts = [program.run(["info", "--peak"]) for _ in range(3)]
	except (RuntimeError, OSError):
		return None
	found = [re.search(r"([0-9.]+)\s*GFLOP/s", text) for text in texts]
	return max(float(match.group(1)) for match in found) if all(found) else None


def median(values):
	return statistics.median(values)


def spread(values):
	"""median (min-max)"""
	return "%.3f (%.3f-%.3f)" % (median(values), min(values), max(values))


class Table:
	"""Rows printed as they come, under one header, and kept for a CSV file."""

	def __init__(self, *columns):
		self.columns, self.rows = columns, []
		self.widths = [max(len(c), 9) for c in columns]

	def header(self):
		print("  ".join(c.rjust(w) for c, w in zip(self.columns, self.widths)), flush=True)

	def row(self, *values):
		texts = ["" if v is None else v if isinstance(v, str) else "%.4g" % v for v in values]
		print("  ".join(t.rjust(w) for t, w in zip(texts, self.widths)), flush=True)

	def keep(self, **record):
		self.rows.append(record)

	def save(self, path):
		if not path or not self.rows:
			return
		with open(path, "w", newline="") as stream:
			writer = csv.DictWriter(stream, fieldnames=list(self.rows[0]), lineterminator="\n")
			writer.writeheader()
			writer.writerows(self.rows)
