#!/usr/bin/python3
"""PyTorch side of gradient_norm.py: one step of stochastic gradient descent, batch size 1, and one gradient over all
observations with its squared norm, in its fastest formulation over many runs at once, and one run by autograd.

usage: torch_gradient_norm.py STARTS THREADS PROBLEM.npz

PROBLEM.npz holds x (n x inputs), y (n targets 0 or 1) and the starting point's weights and biases w1, b1, w2, ... of a
ReLU network with logistic output and log loss. Float, denormal numbers flushed to zero. Prints lines "formulation NAME
microseconds" (an iteration and run), then "ready NAME" with the fastest of those over many runs. From then on each line
of input, "batched" or "eager", is answered with microseconds an iteration and run: the fastest piece of a tenth of a
second or more, out of a second.

Over many runs gradients are written out, activations are starts x width x rows, so that the first layer of all starts
is one product, and results go into buffers made beforehand; the gradient over all observations goes by blocks of rows,
so that activations stay in the cache. Sizes of blocks are the formulations. All must give the squared norm that
autograd gives (checked). Indices of the steps are drawn beforehand and not timed.
"""
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import torch

PIECE_SECONDS, ROUND_SECONDS, TRIAL_SECONDS = 0.1, 1.0, 0.4
STEP_SIZE, DRAWN = 1e-3, 4096
BLOCKS = [256, 512, 1024, 2048, 4096, 1 << 30]
aten = torch.ops.aten


class Problem:
	def __init__(self, starts, file):
		held = np.load(file)
		tensor = lambda name: torch.from_numpy(held[name].astype(np.float32))
		self.starts = starts
		self.layers = sum(name.startswith("w") for name in held.files)
		self.x, self.y = tensor("x").contiguous(), tensor("y").reshape(-1)
		self.weights = [tensor("w%d" % (l + 1)) for l in range(self.layers)]
		self.biases = [tensor("b%d" % (l + 1)) for l in range(self.layers)]
		self.index = torch.from_numpy(np.random.default_rng(1).integers(0, len(self.x), (DRAWN, starts)))


class Eager:
	"""One run: modules, autograd, an optimiser."""

	def __init__(self, problem):
		self.p, self.runs, self.k = problem, 1, 0
		modules = []
		for w, b in zip(problem.weights, problem.biases):
			linear = torch.nn.Linear(w.size(1), w.size(0))
			with torch.no_grad():
				linear.weight.copy_(w)
				linear.bias.copy_(b)
			modules += [linear, torch.nn.ReLU()]
		self.net = torch.nn.Sequential(*modules[:-1])
		self.loss = torch.nn.BCEWithLogitsLoss()
		self.optimizer = torch.optim.SGD(self.net.parameters(), lr=STEP_SIZE)
		self.y = problem.y.view(-1, 1)

	def squared_norms(self):
		self.optimizer.zero_grad(set_to_none=True)
		self.loss(self.net(self.p.x), self.y).backward()
		return [sum((w.grad**2).sum() for w in self.net.parameters()).item()]

	def iterate(self):
		i = self.p.index[self.k % DRAWN, :1]
		self.k += 1
		self.optimizer.zero_grad(set_to_none=True)
		self.loss(self.net(self.p.x[i]), self.y[i]).backward()
		self.optimizer.step()
		return self.squared_norms()


class Batched:
	"""All runs side by side, gradients written out, blocks of `rows` rows."""

	def __init__(self, problem, rows):
		self.p, self.runs, self.k = problem, problem.starts, 0
		n, s = len(problem.x), problem.starts
		rows = min(rows, n)
		self.w = [problem.weights[0].repeat(s, 1).contiguous()]
		self.w += [w.unsqueeze(0).repeat(s, 1, 1).contiguous() for w in problem.weights[1:]]
		self.b = [b.view(1, -1, 1).repeat(s, 1, 1).contiguous() for b in problem.biases]
		self.sign = 1 - 2 * problem.y
		parts = [slice(k, k + rows) for k in range(0, n, rows)]
		self.blocks = [(problem.x[k].t().contiguous(), problem.x[k], self.sign[k].view(1, 1, -1)) for k in parts]
		self.gradient = [torch.zeros_like(w) for w in self.w]
		self.sums = [torch.zeros_like(b) for b in self.b]
		widths = [b.size(1) for b in self.b]
		self.buffers = {}
		for _, x, _ in self.blocks:
			m = len(x)
			if m not in self.buffers:
				self.buffers[m] = ([torch.empty(s, width, m) for width in widths],
				                   [torch.empty(s, width, m) for width in widths])

	def step(self):
		p, w, b, last = self.p, self.w, self.b, self.p.layers - 1
		i = p.index[self.k % DRAWN]
		self.k += 1
		x, sign = p.x[i], self.sign[i].view(-1, 1, 1)
		first = w[0].view(p.starts, -1, x.size(1))
		h = [torch.baddbmm(b[0], first, x.unsqueeze(2)).relu_()]
		for l in range(1, last):
			h.append(torch.baddbmm(b[l], w[l], h[l - 1]).relu_())
		z = torch.baddbmm(b[last], w[last], h[last - 1])
		d = torch.sigmoid(z * sign).mul_(sign).mul_(-STEP_SIZE)
		for l in range(last, 0, -1):
			transposed = w[l].transpose(1, 2)
			below = transposed * d if l == last else torch.bmm(transposed, d)
			w[l].addcmul_(d, h[l - 1].transpose(1, 2))
			b[l].add_(d)
			d = below.mul_(h[l - 1] > 0)
		first.addcmul_(d, x.unsqueeze(1))
		b[0].add_(d)

	def add_block(self, xt, x, sign, keep):
		w, b, last, m = self.w, self.b, self.p.layers - 1, len(x)
		h, below = self.buffers[m]
		torch.mm(w[0], xt, out=h[0].view(-1, m))
		h[0].add_(b[0]).relu_()
		for l in range(1, last + 1):
			torch.baddbmm(b[l], w[l], h[l - 1], out=h[l])
			if l < last:
				h[l].relu_()
		z, d = h[last], below[last]
		torch.sigmoid(z.mul_(sign), out=d)
		d.mul_(sign).mul_(1.0 / len(self.p.x))
		for l in range(last, 0, -1):
			self.gradient[l].baddbmm_(d, h[l - 1].transpose(1, 2), beta=keep)
			self.sums[l].mul_(keep).add_(d.sum(2, keepdim=True))
			if l == last:
				torch.mul(w[l].transpose(1, 2), d, out=below[l - 1])
			else:
				torch.bmm(w[l].transpose(1, 2), d, out=below[l - 1])
			d = below[l - 1]
			aten.threshold_backward(d, h[l - 1], 0, grad_input=d)
		self.sums[0].mul_(keep).add_(d.sum(2, keepdim=True))
		self.gradient[0].addmm_(d.view(-1, m), x, beta=keep)

	def squared_norms(self):
		for k, block in enumerate(self.blocks):
			self.add_block(*block, keep=1.0 if k else 0.0)
		return sum((g.view(self.runs, -1)**2).sum(1) for g in self.gradient + self.sums).numpy()

	def iterate(self):
		self.step()
		return self.squared_norms()


def microseconds(formulation, seconds):
	"""Of an iteration and run: the fastest piece out of so many seconds."""
	fastest, end, count = float("inf"), time.perf_counter() + seconds, 1
	while time.perf_counter() < end:
		begin = time.perf_counter()
		for _ in range(count):
			formulation.iterate()
		spent = time.perf_counter() - begin
		if spent < min(PIECE_SECONDS, seconds / 2):
			count = 2 * count
			continue
		fastest = min(fastest, spent / count)
	return 1e6 * fastest / formulation.runs


def main():
	torch.set_flush_denormal(True)
	torch.set_num_threads(int(sys.argv[2]))
	problem = Problem(int(sys.argv[1]), sys.argv[3])
	made = {"eager": Eager(problem)}
	expected = made["eager"].squared_norms()[0]
	print("formulation eager %.1f" % microseconds(made["eager"], TRIAL_SECONDS), flush=True)
	best = None
	for rows in BLOCKS:
		with torch.no_grad():
			batched = Batched(problem, rows)
			found = batched.squared_norms()[-1]
			if abs(found - expected) > 1e-3 * expected:
				raise SystemExit("blocks of %d rows: squared norm %g, autograd's is %g" % (rows, found, expected))
			time_taken = microseconds(batched, TRIAL_SECONDS)
		name = "blocks-%s" % (rows if rows < len(problem.x) else "all")
		print("formulation %s %.1f" % (name, time_taken), flush=True)
		if best is None or time_taken < best[0]:
			best, made["batched"] = (time_taken, name), batched
	print("ready %s" % best[1], flush=True)
	for line in sys.stdin:
		formulation = made[line.strip()]
		with torch.set_grad_enabled(line.strip() == "eager"):
			print("%.3f" % microseconds(formulation, ROUND_SECONDS), flush=True)


if __name__ == "__main__":
	main()
