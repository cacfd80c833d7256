#!/usr/bin/python3
"""Two ranks x one thread against one rank x one thread, and what sums with the same bits on any layout cost.

usage: THALWEG=build/thalweg THALWEG_DATA=data MPIRUN_FLAGS=--allow-run-as-root \
       /usr/bin/python3 bench/ranks.py [--output ranks.csv] [--quick]

784-128-64-10 on MNIST and on dense random inputs, batch 64 to 1024: seconds per epoch of one rank, of two ranks with
the tree reduction (`method.reduction: tree`) and of two ranks with a plain MPI_Allreduce (`plain`), taken in turns.
Speed-up: one rank over two with the tree, aimed at 1.85 (dense) and 1.7 (MNIST) for batch 1024. Cost: tree over plain,
aimed at 1.1 or less for batch 256.
"""
import argparse
import tempfile

import common

SPEEDUP_TARGETS = {("mnist", 1024): 1.7, ("dense", 1024): 1.85}
COST_TARGETS = {256: 1.1}
# name -> (ranks, reduction)
SIDES = {"one": (1, "tree"), "tree": (2, "tree"), "plain": (2, "plain")}


def options():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--output", help="CSV file of the table")
	parser.add_argument("--rounds", type=int, default=5)
	parser.add_argument("--epochs", type=int, default=3, help="epochs of one start")
	parser.add_argument("--only", nargs="+", default=["mnist", "dense"], choices=["mnist", "dense"])
	parser.add_argument("--batches", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
	parser.add_argument("--quick", action="store_true", help="two rounds of two epochs")
	chosen = parser.parse_args()
	if chosen.quick:
		chosen.rounds, chosen.epochs = 2, 2
	return chosen


def seconds(folder, inputs, batch, side, epochs):
	"""Seconds per epoch of one start."""
	ranks, reduction = SIDES[side]
	settings = common.config(inputs.data, common.SMALL, batch, {"epochs": epochs}, threads=1,
	                         method={"reduction": reduction})
	return common.program.train(folder, settings, ranks=ranks)["seconds"] / epochs


def main():
	chosen = options()
	print(common.machine())
	table = common.Table("inputs", "batch", "    one rank s/epoch", "     two ranks, tree", "    two ranks, plain",
	                     "speed-up", "target", "tree/plain", "target")
	table.header()
	with tempfile.TemporaryDirectory(prefix="thalweg-bench-") as folder:
		for name in chosen.only:
			inputs = common.Inputs(name, folder)
			for batch in chosen.batches:
				times = {side: [] for side in SIDES}
				for _ in range(chosen.rounds):
					for side in SIDES:
						times[side].append(seconds(folder, inputs, batch, side, chosen.epochs))
				one, tree, plain = (common.median(times[side]) for side in SIDES)
				targets = SPEEDUP_TARGETS.get((name, batch)), COST_TARGETS.get(batch)
				table.row(name, str(batch), *(common.spread(times[side]) for side in SIDES), one / tree, targets[0],
				          tree / plain, targets[1])
				table.keep(inputs=name, batch=batch, one_rank_seconds=one, tree_seconds=tree, plain_seconds=plain,
				           speedup=one / tree, speedup_target=targets[0], tree_over_plain=tree / plain,
				           tree_over_plain_target=targets[1])
	table.save(chosen.output)


if __name__ == "__main__":
	main()
