#!/usr/bin/python3
"""PyTorch side of the benchmarks: a process that trains one epoch per line read from standard input.

usage: torch_worker.py WIDTHS BATCH THREADS DATA.npz      e.g. 784-128-64-10 64 1 mnist.npz

DATA.npz holds x (float32, n x inputs) and y (int64 labels). ReLU network, cross-entropy, plain stochastic gradient
descent with step size 0.1, data in memory, a fresh random order each epoch, loss read after every step, no DataLoader.
Prints "ready", then for each line of input one line "seconds mean-loss".
Threads above one want an OpenBLAS built with OpenMP on LD_LIBRARY_PATH: see common.py.
"""
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch
import torch.nn.functional as functional


def network(widths):
	layers = []
	for inputs, outputs in zip(widths, widths[1:]):
		layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
	return torch.nn.Sequential(*layers[:-1])


def train_epoch(net, optimizer, x, y, batch):
	order = torch.randperm(len(x))
	total = 0.0
	for index in order.split(batch):
		loss = functional.cross_entropy(net(x[index]), y[index])
		optimizer.zero_grad(set_to_none=True)
		loss.backward()
		optimizer.step()
		total += loss.item() * len(index)
	return total / len(x)


def main():
	widths = [int(w) for w in sys.argv[1].split("-")]
	batch, threads = int(sys.argv[2]), int(sys.argv[3])
	torch.set_num_threads(threads)
	torch.manual_seed(1)
	data = np.load(sys.argv[4])
	x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
	net = network(widths)
	optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
	train_epoch(net, optimizer, x[:20 * batch], y[:20 * batch], batch)
	print("ready", flush=True)
	for _ in sys.stdin:
		start = time.perf_counter()
		loss = train_epoch(net, optimizer, x, y, batch)
		print("%.6f %.6f" % (time.perf_counter() - start, loss), flush=True)


if __name__ == "__main__":
	main()
