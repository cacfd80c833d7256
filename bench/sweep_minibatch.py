#!/usr/bin/python3
"""Mini-batch steps of thalweg's ensembles and of PyTorch over many starts at once, taken in turns on one core.

usage: THALWEG=build/release/thalweg THALWEG_DATA=data /usr/bin/python3 bench/sweep_minibatch.py [--output FILE]

8-12-12-12-12-12-1, ReLU, square loss, 10,000 observations of the California data (generated ones where THALWEG_DATA is
not set), batches of 1 and of 50 drawn with replacement, 16 starts with batches of their own: microseconds of a step for
each start. PyTorch takes the fastest of its formulations (torch_batched.py) and gets its indices drawn beforehand;
thalweg (bench_minibatch.c) draws them itself and evaluates the cost of every batch. A ratio is that of one round,
PyTorch's time over thalweg's; the table has the medians over rounds.
"""
import argparse

import common

STARTS, TARGET = 16, 10


def options():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--output", help="CSV file of the table")
	parser.add_argument("--rounds", type=int, default=9)
	parser.add_argument("--batches", type=int, nargs="+", default=[1, 50])
	parser.add_argument("--core", type=int, help="core to run on; default: the last one")
	parser.add_argument("--formulations", action="store_true", help="print the times of all of PyTorch's")
	parser.add_argument("--quick", action="store_true", help="three rounds")
	chosen = parser.parse_args()
	if chosen.quick:
		chosen.rounds = 3
	return chosen


def main():
	chosen = options()
	print("%s; medians of %d rounds, us a step and start" % (common.machine(), chosen.rounds))
	common.pin_to_one_core(chosen.core)
	table = common.Table("batch", "starts", "             PyTorch", "      formulation", "             thalweg",
	                     "               ratio", "target")
	table.header()
	for batch in chosen.batches:
		worker = common.TorchBatched("mini", batch, STARTS)
		torch, thalweg = [], []
		for _ in range(chosen.rounds):
			torch.append(worker.microseconds())
			rows, _ = common.bench_program("bench_minibatch", (batch, STARTS))
			thalweg.append(float(rows[0]["us_per_step_per_start"]))
		worker.close()
		ratio = [theirs / ours for theirs, ours in zip(torch, thalweg)]
		table.row(str(batch), str(STARTS), common.spread(torch), worker.name, common.spread(thalweg),
		          common.spread(ratio), TARGET)
		if chosen.formulations:
			print("; ".join("%s %.3f" % pair for pair in worker.formulations.items()))
		table.keep(batch=batch, starts=STARTS, formulation=worker.name, torch_us=common.median(torch),
		           thalweg_us=common.median(thalweg), ratio=common.median(ratio), ratio_low=min(ratio),
		           ratio_high=max(ratio), target=TARGET)
	table.save(chosen.output)


if __name__ == "__main__":
	main()
