#!/usr/bin/python3
"""A whole sweep on the layouts of two cores: seconds, idle share, peak memory, and whether the results have the same
bytes.

usage: THALWEG=build/release/thalweg MPIRUN_FLAGS=--allow-run-as-root /usr/bin/python3 bench/sweep_whole.py \
       [--output whole.csv] [--set sweep.widths=[1,2,3]]

Runs `thalweg sweep scripts/experiments/local-minima.yaml`, all 1,040 runs of the local-minima experiment with their
real schedules and stop rules, as two ranks x one thread and one rank x two threads under mpirun, each rank bound to as
many cores as it has threads, and as one process x two threads without mpirun. Seconds are those of the command from
start to end; "sweep" those of the training alone. Exits with 1 where two layouts differ in runs.csv.
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import common

SWEEP = os.path.join(common.HERE, "..", "scripts", "experiments", "local-minima.yaml")
PEAK_MEMORY = os.path.join(common.HERE, "peak_memory.py")
# name -> ranks (none: no mpirun), threads
LAYOUTS = {"2 ranks x 1": (2, 1), "1 rank x 2": (1, 2), "process x 2": (None, 2)}
SECONDS, SPREAD, IDLE_PERCENT, MEBIBYTES = 240, 1.1, 5, 300


def options():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--output", help="CSV file of the table")
	parser.add_argument("--sweep", default=SWEEP, help="its configuration; default: the whole local-minima experiment")
	parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="passed on to thalweg sweep")
	parser.add_argument("--rounds", type=int, default=1)
	return parser.parse_args()


def read(folder, name):
	with open(os.path.join(folder, name), "rb") as stream:
		return stream.read()


def sweep(chosen, ranks, threads):
	"""One run: seconds, seconds of the training, share of idle time, MiB of the largest rank, digest of runs.csv."""
	with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as folder:
		out = os.path.join(folder, "out")
		command = [common.program.program(), "sweep", chosen.sweep, "--output", out, "--timing", "--quiet"]
		for setting in chosen.set:
			command += ["--set", setting]
		begin = time.perf_counter()
		done = subprocess.run(
			common.program.launch(ranks, threads) + [sys.executable, PEAK_MEMORY, folder] + command,
			env=common.program.environment(threads), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
		seconds = time.perf_counter() - begin
		if done.returncode != 0:
			raise SystemExit("%s: exit %d: %s" % (" ".join(command), done.returncode, done.stderr.strip()[-600:]))
		memory = [int(read(folder, name)) / 1024 for name in os.listdir(folder) if name.startswith("memory-")]
		return {
			"seconds": seconds,
			"sweep_seconds": json.loads(read(out, "summary.json"))["seconds"],
			"idle_percent": float(re.search(r"^all .*?([0-9.]+) %", done.stdout, re.MULTILINE).group(1)),
			"mebibytes": max(memory),
			"digest": hashlib.sha256(read(out, "runs.csv")).hexdigest(),
		}


def main():
	chosen = options()
	print("%s; aimed at: %d s, within %.0f %% of each other, idle under %d %%, %d MiB a rank" %
	      (common.machine(), SECONDS, 100 * (SPREAD - 1), IDLE_PERCENT, MEBIBYTES))
	table = common.Table("     layout", "           seconds", "      sweep seconds", "idle %", "MiB a rank",
	                     "over fastest", "runs.csv")
	found = {name: [] for name in LAYOUTS}
	for _ in range(chosen.rounds):
		for name, layout in LAYOUTS.items():
			found[name].append(sweep(chosen, *layout))
	table.header()
	digests = sorted({run["digest"] for runs in found.values() for run in runs})
	columns = {name: {key: [run[key] for run in runs] for key in runs[0]} for name, runs in found.items()}
	fastest = min(common.median(column["seconds"]) for column in columns.values())
	for name, column in columns.items():
		seconds, idle, memory = common.median(column["seconds"]), max(column["idle_percent"]), max(column["mebibytes"])
		table.row(name, common.spread(column["seconds"]), common.spread(column["sweep_seconds"]), idle, memory,
		          seconds / fastest, column["digest"][0][:12])
		table.keep(layout=name, seconds=seconds, sweep_seconds=common.median(column["sweep_seconds"]),
		           idle_percent=idle, mebibytes=memory, over_fastest=seconds / fastest,
		           runs_sha256=column["digest"][0])
	table.save(chosen.output)
	print("runs.csv: %s" % ("the same bytes everywhere" if len(digests) == 1 else "%d different ones" % len(digests)))
	sys.exit(0 if len(digests) == 1 else 1)


if __name__ == "__main__":
	main()
