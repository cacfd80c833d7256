"""Starts the program under test and reads what it leaves behind.

$THALWEG is the program (default: thalweg on PATH), $MPIRUN the launcher (default: mpirun), $MPIRUN_FLAGS its flags.
"""
import csv
import json
import os
import shlex
import shutil
import subprocess
import sys

SKIPPED = 77


def program():
	return os.environ.get("THALWEG", "thalweg")


def skip(reason):
	"""Ends the script as skipped, with the reason."""
	print("skipped: " + reason)
	sys.exit(SKIPPED)


def require(*modules):
	"""Skips unless program, data folder and these Python modules are there."""
	if shutil.which(program()) is None:
		skip("no program %s (set THALWEG)" % program())
	path = os.environ.get("THALWEG_DATA")
	if not path or not os.path.isdir(path):
		skip("no data folder (set THALWEG_DATA)")
	for name in modules:
		try:
			__import__(name)
		except ImportError:
			skip("no Python module %s" % name)


def write_config(path, config):
	"""A configuration file: JSON, which is YAML too."""
	with open(path, "w") as stream:
		json.dump(config, stream, indent=1)
		stream.write("\n")


def launch(ranks, threads):
	"""The words that start `ranks` ranks; none for a singleton. Each rank gets as many cores as threads, unless
	MPIRUN_FLAGS binds or maps otherwise: mpirun by itself would bind a rank with all its threads to one core."""
	if ranks is None:
		return []
	flags = shlex.split(os.environ.get("MPIRUN_FLAGS", ""))
	if not {"--bind-to", "--map-by"} & set(flags):
		flags += ["--map-by", "slot:PE=%d" % threads]
	return [os.environ.get("MPIRUN", "mpirun"), *flags, "-n", str(ranks)]


def environment(threads):
	"""The environment of one run."""
	return dict(os.environ, OMP_NUM_THREADS=str(threads))


def run(arguments, ranks=None, threads=1):
	"""Runs the program; its standard error goes into the exception of a failure. Returns its standard output."""
	command = launch(ranks, threads) + [program()] + arguments
	done = subprocess.run(command, env=environment(threads), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
	if done.returncode != 0:
		raise RuntimeError("%s: exit %d: %s" % (" ".join(command), done.returncode, done.stderr.strip()[-600:]))
	return done.stdout


def train(folder, config, ranks=None, threads=1):
	"""Trains in folder/out and returns summary.json."""
	file, out = os.path.join(folder, "config.yaml"), os.path.join(folder, "out")
	shutil.rmtree(out, ignore_errors=True)
	write_config(file, config)
	run(["train", file, "--output", out, "--quiet"], ranks, threads)
	with open(os.path.join(out, "summary.json")) as stream:
		return json.load(stream)


def column(folder, name):
	"""One column of folder/out/metrics.csv as floats; NaN where empty."""
	with open(os.path.join(folder, "out", "metrics.csv"), newline="") as stream:
		return [float(row[name] or "nan") for row in csv.DictReader(stream)]
