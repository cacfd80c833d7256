#!/usr/bin/python3
"""Strong and weak scaling over ranks x threads for a named problem.

usage: THALWEG=build/thalweg /usr/bin/python3 bench/scaling.py PROBLEM [--ranks 1 2 4] [--threads 1 2] [--output DIR]
       sbatch -N 4 --ntasks-per-node 16 --wrap "/usr/bin/python3 bench/scaling.py teacher-large --output scaling"

The same script on a laptop, on one big node and inside a Slurm allocation: ranks start under mpirun ($MPIRUN,
$MPIRUN_FLAGS), and without --ranks they are 1, 2, 4, ... up to $SLURM_NTASKS, else up to the cores of this process.
Strong: the same mini-batch divided among more workers (ranks x threads). Weak: a mini-batch that grows with the
workers. Both time a fixed number of steps with costs off. Speed-up is in observations per second over those of one
worker (of the smallest layout, per worker, where one worker is not measured); efficiency is speed-up over workers.

DIR gets scaling.csv (a row a layout), ranks.csv (a row a rank of each layout), and the figure scaling.svg and scaling.png when gnuplot is there. Problems mnist and california need THALWEG_DATA.
"""
import argparse
import csv
import os
import shutil
import subprocess
import tempfile

import common

HERE = os.path.dirname(os.path.abspath(__file__))


def teacher(observations, inputs):
	return lambda: {"preset": "teacher", "observations": observations, "dimension": inputs, "hidden": [32],
	                "noise": 0.1}


# name -> (data map, hidden widths, output, loss, batch, steps); the batch is that of one worker in weak scaling
PROBLEMS = {
	"mnist": (lambda: {"preset": "mnist", "path": common.datasets.folder(), "test": False}, [128, 64], "softmax",
	          "cross_entropy", 1024, 600),
	"california": (lambda: {"preset": "california", "path": common.datasets.folder()}, [64, 64], "identity", "square",
	               1024, 2000),
	"teacher-small": (teacher(50000, 32), [64, 64], "identity", "square", 1024, 1000),
	"teacher-medium": (teacher(100000, 128), [256, 256], "identity", "square", 2048, 200),
	"teacher-large": (teacher(200000, 512), [1024, 1024], "identity", "square", 4096, 40),
}
FIELDS = ("compute_seconds", "wait_seconds", "reduce_seconds", "feed_seconds")


def powers(limit):
	"""1, 2, 4, ... and limit."""
	made = [1]
	while made[-1] * 2 <= limit:
		made.append(made[-1] * 2)
	return made if made[-1] == limit else made + [limit]


def options():
	available = int(os.environ.get("SLURM_NTASKS", 0)) or len(os.sched_getaffinity(0))
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("problem", choices=PROBLEMS)
	parser.add_argument("--ranks", type=int, nargs="+", default=powers(available))
	parser.add_argument("--threads", type=int, nargs="+", default=[1])
	parser.add_argument("--most", type=int, help="leave out layouts of more workers (default: the cores, if one node)")
	parser.add_argument("--kinds", nargs="+", default=["strong", "weak"], choices=["strong", "weak"])
	parser.add_argument("--batch", type=int, help="of all workers (strong), of one worker (weak)")
	parser.add_argument("--steps", type=int)
	parser.add_argument("--repeats", type=int, default=3)
	parser.add_argument("--output", default="scaling", help="folder of the results (default: scaling)")
	chosen = parser.parse_args()
	if chosen.most is None and "SLURM_NTASKS" not in os.environ:
		chosen.most = available
	return chosen


def layouts(chosen):
	"""(ranks, threads) by the number of workers."""
	made = {(r, t) for r in chosen.ranks for t in chosen.threads if not chosen.most or r * t <= chosen.most}
	return sorted(made, key=lambda layout: (layout[0] * layout[1], layout))


def settings(chosen, kind, workers):
	data, hidden, output, loss, batch, steps = PROBLEMS[chosen.problem]
	size = (chosen.batch or batch) * (workers if kind == "weak" else 1)
	made = common.config(data(), (0, *hidden, 0), size, {"steps": chosen.steps or steps}, step_size=0.001, loss=loss)
	made["network"]["output"] = output
	made["metrics"]["timing"] = True
	return made


def per_rank(folder):
	"""Records of each rank's seconds: rank, compute, wait, reduce, feed."""
	with open(os.path.join(folder, "out", "ranks.csv"), newline="") as stream:
		return [{"rank": int(row["rank"]), **{f: float(row[f]) for f in FIELDS}} for row in csv.DictReader(stream)]


def measure(chosen, folder, kind, ranks, threads):
	"""The repetition with the median time: its summary and its ranks' records."""
	config = {**settings(chosen, kind, ranks * threads), "threads": threads}
	runs = []
	for _ in range(chosen.repeats):
		summary = common.program.train(folder, config, ranks=ranks, threads=threads)
		runs.append((summary["seconds"], summary, per_rank(folder)))
	runs.sort(key=lambda run: run[0])
	_, summary, records = runs[len(runs) // 2]
	return summary, records, runs[0][0], runs[-1][0]


def draw(folder):
	if shutil.which("gnuplot") is None:
		print("no gnuplot: no figure")
		return
	subprocess.run(["gnuplot", "-e", "folder='%s'" % folder, os.path.join(HERE, "scaling.gp")], check=True)


def main():
	chosen = options()
	os.makedirs(chosen.output, exist_ok=True)
	print("%s; problem %s" % (common.machine(), chosen.problem))
	rows = common.Table("kind", "ranks", "threads", "batch", "seconds", "observations/s", "speed-up", "efficiency",
	                    "compute s", "wait s", "reduce s", "feed s")
	ranks_table = common.Table("kind")
	rows.header()
	with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as folder:
		for kind in chosen.kinds:
			base = None
			for ranks, threads in layouts(chosen):
				workers = ranks * threads
				summary, records, low, high = measure(chosen, folder, kind, ranks, threads)
				rate = summary["observations"] / summary["seconds"]
				base = base or rate / workers
				batch = settings(chosen, kind, workers)["method"]["batch"]
				slowest = [max(record[field] for record in records) for field in FIELDS]
				rows.row(kind, str(ranks), str(threads), str(batch), summary["seconds"], rate, rate / base,
				         rate / base / workers, *slowest)
				rows.keep(problem=chosen.problem, kind=kind, ranks=ranks, threads=threads, workers=workers, batch=batch,
				          steps=summary["steps"], seconds=summary["seconds"], seconds_low=low, seconds_high=high,
				          observations_per_second=rate, speedup=rate / base, efficiency=rate / base / workers,
				          **dict(zip(FIELDS, slowest)))
				for record in records:
					ranks_table.keep(problem=chosen.problem, kind=kind, ranks=ranks, threads=threads, **record)
	rows.save(os.path.join(chosen.output, "scaling.csv"))
	ranks_table.save(os.path.join(chosen.output, "ranks.csv"))
	draw(chosen.output)


if __name__ == "__main__":
	main()
