#!/usr/bin/python3
"""Hessian-vector products against PyTorch's double backward, in turns, one thread, float, on generated data.

usage: hessian_products.py BENCH_HESSIAN [ROUNDS]     the program built from bench_hessian.c; default 9 rounds

Prints CSV, medians of the rounds in seconds a product: thalweg's; PyTorch's from theta to the product (forward, backward
with a graph, backward through it); and where the graph of the gradient is kept from one product to the next, beside
thalweg's several vectors at once, which share the forward and backward pass likewise.
"""
import statistics
import subprocess
import sys
import time

import torch

# name, widths, classes, observations, case of one vector and of several in bench_hessian.c
CASES = [
    ("196-10-10-10-1", [196, 10, 10, 10, 1], False, 12049, 0, 1),
    ("784-1024-1024-10", [784, 1024, 1024, 10], True, 2048, 6, 7),
]


class Peer:
	def __init__(self, widths, classes, observations):
		torch.manual_seed(1)
		layers = []
		for inputs, outputs in zip(widths, widths[1:]):
			layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
		self.network = torch.nn.Sequential(*layers[:-1])
		self.parameters = list(self.network.parameters())
		self.vector = [torch.randn_like(p) for p in self.parameters]
		self.x = torch.randn(observations, widths[0])
		if classes:
			self.y = torch.arange(observations) % widths[-1]
			self.loss = torch.nn.functional.cross_entropy
		else:
			self.y = (torch.arange(observations) % 2).float().reshape(-1, 1)
			self.loss = torch.nn.functional.binary_cross_entropy_with_logits

	def gradient(self):
		return torch.autograd.grad(self.loss(self.network(self.x), self.y), self.parameters, create_graph=True)

	def product(self, gradient, keep):
		return torch.autograd.grad(gradient, self.parameters, self.vector, retain_graph=keep)

	def seconds(self):
		start = time.perf_counter()
		self.product(self.gradient(), False)
		whole = time.perf_counter() - start
		gradient = self.gradient()
		self.product(gradient, True)
		start = time.perf_counter()
		self.product(gradient, True)
		return whole, time.perf_counter() - start


def ours(program, case):
	line = subprocess.run([program, "3", str(case)], capture_output=True, text=True, check=True).stdout.splitlines()[1]
	return float(line.split(",")[4])


def main():
	program = sys.argv[1]
	rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
	torch.set_num_threads(1)
	torch.set_flush_denormal(True)
	print("network,thalweg,torch,faster,thalweg_several,torch_kept,faster_kept")
	for name, widths, classes, observations, one, several in CASES:
		peer = Peer(widths, classes, observations)
		peer.seconds()
		taken = [(ours(program, one), ours(program, several)) + peer.seconds() for _ in range(rounds)]
		thalweg, thalweg_several, whole, kept = (statistics.median(column) for column in zip(*taken))
		print(f"{name},{thalweg:.5f},{whole:.5f},{whole / thalweg:.2f},{thalweg_several:.5f},{kept:.5f},"
		      f"{kept / thalweg_several:.2f}", flush=True)


main()
