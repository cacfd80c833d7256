#!/usr/bin/python3
r"""What checkpoints cost: a run of 25 million parameters (100 MB in float) that keeps its state every few seconds, against
the same run without, taken in turns.

usage: THALWEG=build/thalweg MPIRUN_FLAGS=--allow-run-as-root \
       /usr/bin/python3 bench/checkpoint.py [--folder DIR] [--quick]

784-4600-4600-1 on the data of a teacher, by plain updates (theta alone is written) and by Adam (theta and two vectors).
"Held up" is the time for which the training stood still, a checkpoint, as summary.json has it (the first one also sums up
the data); the share is that of a minute, the default between two checkpoints, aimed at 1 %. "CPU" is what a run with
checkpoints took more of the processor, a checkpoint: what they cost where no core is free; "longer" what it took more of
the clock. --folder: where the runs keep their files, on the disk that is to be measured.
"""
import argparse
import resource
import tempfile

import common

WIDTHS = (784, 4600, 4600, 1)
PARAMETERS = sum((a + 1) * b for a, b in zip(WIDTHS, WIDTHS[1:]))
UPDATES = (("plain", 1), ("adam", 3))  # vectors that a checkpoint holds
TARGET = 0.01


def options():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--output", help="CSV file of the table")
	parser.add_argument("--folder", help="where the files go (default: the temporary folder)")
	parser.add_argument("--rounds", type=int, default=3)
	parser.add_argument("--steps", type=int, default=120)
	parser.add_argument("--checkpoints", type=int, default=3, help="in a run")
	parser.add_argument("--ranks", type=int, help="under mpirun (default: one process alone)")
	parser.add_argument("--batch", type=int, default=16)
	parser.add_argument("--quick", action="store_true", help="one round")
	chosen = parser.parse_args()
	if chosen.quick:
		chosen.rounds = 1
	return chosen


def cpu_seconds():
	used = resource.getrusage(resource.RUSAGE_CHILDREN)
	return used.ru_utime + used.ru_stime


def train(folder, chosen, update, every):
	"""The summary of a run that keeps its state every so many steps (0: never)."""
	data = {"preset": "teacher", "observations": 2048, "dimension": WIDTHS[0], "hidden": [16], "noise": 0.1}
	settings = common.config(data, WIDTHS, chosen.batch, {"steps": chosen.steps}, step_size=1e-5, loss="square",
	                         threads=1, method={"update": update}, network={"output": "identity"})
	settings["checkpoint"] = {"every_steps": every, "every_seconds": 0}
	before = cpu_seconds()
	summary = common.program.train(folder, settings, ranks=chosen.ranks)
	summary["cpu"] = cpu_seconds() - before
	return summary


def main():
	chosen = options()
	every = max(chosen.steps // (chosen.checkpoints + 1), 1)
	print(common.machine())
	table = common.Table("update", "MB a file", "checkpoints", "       without, s", "          with, s",
	                     "   held up, s each", "share of a minute", "target", "CPU, s each", "longer, s each")
	table.header()
	missed = False
	with tempfile.TemporaryDirectory(prefix="thalweg-bench-", dir=chosen.folder) as folder:
		for update, vectors in UPDATES:
			runs = {0: [], every: []}
			for _ in range(chosen.rounds):
				for kept in runs:
					runs[kept].append(train(folder, chosen, update, kept))
			count = runs[every][0]["checkpoints"]
			held = [run["checkpoint_seconds"] / count for run in runs[every]]
			more = {key: common.median([(b[key] - a[key]) / count for a, b in zip(runs[0], runs[every])])
			        for key in ("cpu", "seconds")}
			share, megabytes = common.median(held) / 60, 4e-6 * PARAMETERS * vectors
			missed = missed or share > TARGET
			table.row(update, megabytes, count, *(common.spread([run["seconds"] for run in runs[k]]) for k in runs),
			          common.spread(held), "%.2f %%%s" % (100 * share, "!" if share > TARGET else ""), "1 %",
			          more["cpu"], more["seconds"])
			table.keep(update=update, megabytes=megabytes, checkpoints=count, held_up=common.median(held),
			           share_of_a_minute=share, cpu=more["cpu"], longer=more["seconds"])
	table.save(chosen.output)
	return missed


if __name__ == "__main__":
	raise SystemExit(main())
