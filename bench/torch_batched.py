#!/usr/bin/python3
"""PyTorch side of the benchmarks of sweeps: many starts of one network side by side, in its fastest formulation.

usage: torch_batched.py full HIDDEN_LAYERS WIDTH STARTS     all 100 observations of the circles in every step
       torch_batched.py mini BATCH STARTS                   8-12-12-12-12-12-1, own batches of 10,000 observations

One thread, float, denormal numbers flushed to zero. Every formulation takes the same first step (checked) and is
timed: lines "formulation NAME microseconds" a step and start, then "ready NAME" with the fastest. From then on each
line of input is answered with its microseconds a step and start, taken as bench_ensemble.c and bench_minibatch.c take
theirs: the fastest piece of a twentieth of a second or more, out of 0.6 seconds.

Activations are S x width x rows, so that the first layer of all starts, over the same observations, is one product.
Inputs have a column of ones, so that the first layer's biases are a column of its weights. Every start has its own step
size. The cost of each start is evaluated in every step over all observations (the rules need it), and not over batches;
the indices of batches are drawn beforehand and not timed.
"""
import sys
import time
import warnings
from typing import List

warnings.filterwarnings("ignore")
import numpy as np
import torch
from torch import Tensor

import common

PIECE_SECONDS, ROUND_SECONDS, TRIAL_SECONDS, TRIALS = 0.05, 0.6, 0.2, 3
STEP_SIZES = {1: 1.0, 2: 0.5, 3: 0.1}
DRAWN = 512  # steps whose batches are drawn beforehand, then used again
aten = torch.ops.aten


# ---- the problem -------------------------------------------------------------------------------------------------


class Problem:
	"""S networks and what they are trained on. x: rows of inputs and a one; y: targets; index: steps x (S * batch) rows
	of x, empty for full batches."""

	def __init__(self, starts, widths, leak, logistic, step_size, low, x, y, batch=0):
		random = np.random.default_rng(1)
		self.starts, self.widths, self.leak, self.logistic = starts, widths, leak, logistic
		self.layers = len(widths) - 1
		self.x = torch.from_numpy(np.hstack([x, np.ones((len(x), 1))]).astype(np.float32))
		self.y = torch.from_numpy(np.asarray(y).reshape(-1).astype(np.float32))
		self.rows = batch or len(x)
		drawn = random.integers(0, len(x), (DRAWN, starts * batch)) if batch else np.zeros((1, 0), dtype=np.int64)
		self.index = torch.from_numpy(drawn)
		self.step_size = torch.full((starts, 1, 1), step_size)
		# without a range: He's uniform distribution
		bounds = [low or (6 / inputs)**0.5 for inputs in widths]
		self.start = [torch.from_numpy(random.uniform(-c, c, (starts, outputs, inputs + 1)).astype(np.float32))
		              for c, inputs, outputs in zip(bounds, widths, widths[1:])]

	def folded(self):
		"""Parameters layer by layer, S x outputs x (inputs + 1): biases are the last column."""
		return [w.clone() for w in self.start]

	def split(self):
		"""Weights, and biases of all layers but the first."""
		return ([self.start[0].clone()] + [w[:, :, :-1].contiguous() for w in self.start[1:]],
		        [w[:, :, -1:].contiguous() for w in self.start[1:]])


def circles(layers, width, starts):
	if common.datasets.folder():
		x, y = common.datasets.circles()
	else:
		random = np.random.default_rng(2)
		x, y = random.uniform(-1, 1, (100, 2)), random.integers(0, 2, 100)
	return Problem(starts, [2] + layers * [width] + [1], 0.1, True, STEP_SIZES[layers], 100 if layers == 1 else 1, x, y)


def california(batch, starts):
	if common.datasets.folder():
		x, y = common.datasets.california()
		rows = common.datasets.california_rows(10000)[0]
		x, y = x[rows], y[rows]
	else:
		random = np.random.default_rng(2)
		x, y = random.standard_normal((10000, 8)), random.standard_normal(10000)
	return Problem(starts, [8] + 5 * [12] + [1], 0.0, False, 1e-4, None, x, y, batch)


# ---- pieces that TorchScript can compile -------------------------------------------------------------------------


def batch_inputs(x: Tensor, index: Tensor, k: int, starts: int) -> Tensor:
	"""rows x inputs that all starts share, or S x rows x inputs."""
	if index.size(1) == 0:
		return x
	return x.index_select(0, index[k % index.size(0)]).view(starts, -1, x.size(1))


def batch_targets(y: Tensor, index: Tensor, k: int, starts: int) -> Tensor:
	if index.size(1) == 0:
		return y.view(1, 1, -1)
	return y.index_select(0, index[k % index.size(0)]).view(starts, 1, -1)


def first_product(w: Tensor, x: Tensor) -> Tensor:
	if x.dim() == 3:
		return torch.bmm(w, x.transpose(1, 2))
	return torch.mm(w.view(-1, w.size(2)), x.t()).view(w.size(0), w.size(1), -1)


def first_gradient(d: Tensor, x: Tensor) -> Tensor:
	if x.dim() == 3:
		return torch.bmm(d, x)
	return torch.mm(d.view(-1, d.size(2)), x).view(d.size(0), d.size(1), -1)


def activate(z: Tensor, leak: float) -> Tensor:
	return torch.relu(z) if leak == 0.0 else torch.nn.functional.leaky_relu(z, leak)


def derive(d: Tensor, h: Tensor, leak: float) -> Tensor:
	"""d times the activation's derivative where its value is h."""
	if leak == 0.0:
		return aten.threshold_backward(d, h, 0)
	return aten.leaky_relu_backward(d, h, leak, True)


def output_cost(z: Tensor, y: Tensor, out: Tensor):
	torch.mean(torch.nn.functional.softplus(z).addcmul_(z, y, value=-1), 2, out=out)


def output_slope(z: Tensor, y: Tensor, logistic: bool) -> Tensor:
	return (torch.sigmoid(z) if logistic else z).sub(y).mul_(1.0 / z.size(2))


def activate_into(z: Tensor, leak: float, out: Tensor) -> Tensor:
	return torch.clamp_min(z, 0, out=out) if leak == 0.0 else aten.leaky_relu(z, leak, out=out)


def derive_in_place(d: Tensor, h: Tensor, leak: float) -> Tensor:
	if leak == 0.0:
		return aten.threshold_backward(d, h, 0, grad_input=d)
	return aten.leaky_relu_backward(d, h, leak, True, grad_input=d)


# ---- formulations: classes with run(first step, steps) and parameters() --------------------------------------------
# The functions of steps write the costs of every step where they can be seen, else TorchScript would leave them out.


class AutogradRows:
	"""Activations S x rows x width, batched products, gradients by autograd."""

	def __init__(self, problem):
		self.p = problem
		self.weights = [w[:, :, :-1].transpose(1, 2).contiguous().requires_grad_() for w in problem.start]
		self.biases = [w[:, :, -1].unsqueeze(1).contiguous().requires_grad_() for w in problem.start]

	def run(self, first, steps):
		p = self.p
		for k in range(first, first + steps):
			x = batch_inputs(p.x, p.index, k, p.starts)[..., :-1].expand(p.starts, p.rows, p.widths[0])
			y = batch_targets(p.y, p.index, k, p.starts).expand(p.starts, 1, p.rows)
			for l in range(p.layers):
				x = torch.baddbmm(self.biases[l], x, self.weights[l])
				x = activate(x, p.leak) if l + 1 < p.layers else x
			descend(p, x.transpose(1, 2), y, self.weights + self.biases)

	def parameters(self):
		return [torch.cat([w.transpose(1, 2), b.transpose(1, 2)], 2) for w, b in zip(self.weights, self.biases)]


class Autograd:
	"""Activations S x width x rows, gradients by autograd."""

	def __init__(self, problem):
		self.p = problem
		self.weights, self.biases = problem.split()
		for w in self.weights + self.biases:
			w.requires_grad_()

	def run(self, first, steps):
		p = self.p
		for k in range(first, first + steps):
			x, y = batch_inputs(p.x, p.index, k, p.starts), batch_targets(p.y, p.index, k, p.starts)
			h = activate(first_product(self.weights[0], x), p.leak)
			for l in range(1, p.layers):
				h = torch.baddbmm(self.biases[l - 1], self.weights[l], h)
				h = activate(h, p.leak) if l + 1 < p.layers else h
			descend(p, h, y.expand(p.starts, 1, p.rows), self.weights + self.biases)

	def parameters(self):
		return [self.weights[0]] + [torch.cat([w, b], 2) for w, b in zip(self.weights[1:], self.biases)]


def descend(p, z, y, parameters):
	"""One update by the gradients of the costs, whose sum autograd takes."""
	if p.logistic:
		cost = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none").mean((1, 2))
	else:
		cost = (z - y).square().mean((1, 2)).mul(0.5)
	gradients = torch.autograd.grad(cost.sum(), parameters)
	with torch.no_grad():
		for parameter, gradient in zip(parameters, gradients):
			parameter.sub_(p.step_size * gradient)


def handwritten_steps(x: Tensor, y: Tensor, index: Tensor, first: int, steps: int, w: List[Tensor], b: List[Tensor],
                      step_size: Tensor, leak: float, logistic: bool) -> Tensor:
	layers, starts = len(w), w[0].size(0)
	cost = torch.empty(starts, 1)
	for k in range(first, first + steps):
		inputs = batch_inputs(x, index, k, starts)
		targets = batch_targets(y, index, k, starts)
		h = [activate(first_product(w[0], inputs), leak)]
		for l in range(1, layers - 1):
			h.append(activate(torch.baddbmm(b[l - 1], w[l], h[l - 1]), leak))
		z = torch.baddbmm(b[layers - 2], w[layers - 1], h[layers - 2])
		if logistic:
			output_cost(z, targets, cost)
		d = output_slope(z, targets, logistic)
		for l in range(layers - 1, 0, -1):
			transposed = w[l].transpose(1, 2)
			below = torch.bmm(transposed, d) if l < layers - 1 else transposed * d
			w[l].sub_(step_size * torch.bmm(d, h[l - 1].transpose(1, 2)))
			b[l - 1].sub_(step_size * d.sum(2, keepdim=True))
			d = derive(below, h[l - 1], leak)
		w[0].sub_(step_size * first_gradient(d, inputs))
	return cost


class Handwritten(Autograd):
	"""Gradients written out."""
	steps = staticmethod(handwritten_steps)

	def __init__(self, problem):
		self.p = problem
		self.weights, self.biases = problem.split()

	def run(self, first, steps):
		p = self.p
		self.steps(p.x, p.y, p.index, first, steps, self.weights, self.biases, p.step_size, p.leak, p.logistic)


class HandwrittenScript(Handwritten):
	"""The same compiled by TorchScript, the loop over steps with it."""
	steps = staticmethod(torch.jit.script(handwritten_steps))


class Preallocated(Handwritten):
	"""Gradients written out, results into buffers made beforehand."""

	def __init__(self, problem):
		super().__init__(problem)
		p = problem
		hidden = p.widths[1:-1]
		self.h = [torch.empty(p.starts, width, p.rows) for width in hidden]
		self.d = [torch.empty(p.starts, width, p.rows) for width in hidden]
		self.z, self.s, self.e = (torch.empty(p.starts, 1, p.rows) for _ in range(3))
		self.cost = torch.empty(p.starts, 1)
		self.gradient = [torch.empty_like(w) for w in self.weights]
		self.sums = [torch.empty_like(b) for b in self.biases]
		self.back = -p.step_size

	def run(self, first, steps):
		for k in range(first, first + steps):
			self.step(k)

	def step(self, k):
		p, w, b, h, last = self.p, self.weights, self.biases, self.h, self.p.layers - 1
		x, y = batch_inputs(p.x, p.index, k, p.starts), batch_targets(p.y, p.index, k, p.starts)
		if x.dim() == 3:
			torch.bmm(w[0], x.transpose(1, 2), out=h[0])
		else:
			torch.mm(w[0].view(-1, w[0].size(2)), x.t(), out=h[0].view(-1, p.rows))
		activate_into(h[0], p.leak, h[0])
		for l in range(1, last):
			torch.baddbmm(b[l - 1], w[l], h[l - 1], out=h[l])
			activate_into(h[l], p.leak, h[l])
		torch.baddbmm(b[last - 1], w[last], h[last - 1], out=self.z)
		if p.logistic:
			torch._C._nn.softplus(self.z, 1, 20, out=self.e)
			torch.mean(self.e.addcmul_(self.z, y, value=-1), 2, out=self.cost)
			torch.sigmoid(self.z, out=self.s)
		else:
			self.s = self.z
		d = self.s.sub_(y).mul_(1.0 / p.rows)
		for l in range(last, 0, -1):
			torch.bmm(d, h[l - 1].transpose(1, 2), out=self.gradient[l])
			torch.sum(d, 2, True, out=self.sums[l - 1])
			below, transposed = self.d[l - 1], w[l].transpose(1, 2)
			if l == last:
				torch.mul(transposed, d, out=below)
			else:
				torch.bmm(transposed, d, out=below)
			derive_in_place(below, h[l - 1], p.leak)
			w[l].addcmul_(self.gradient[l], self.back)
			b[l - 1].addcmul_(self.sums[l - 1], self.back)
			d = below
		if x.dim() == 3:
			torch.bmm(d, x, out=self.gradient[0])
		else:
			torch.mm(d.view(-1, p.rows), x, out=self.gradient[0].view(-1, x.size(1)))
		w[0].addcmul_(self.gradient[0], self.back)


def elementwise_steps(x: Tensor, y: Tensor, steps: int, w: Tensor, v: Tensor, b: Tensor, h: Tensor, t: Tensor,
                      back: Tensor, leak: float) -> Tensor:
	rows, xt, wide = h.size(2), x.t(), w.view(-1, w.size(2))
	h_rows, t_rows, targets, cost = h.view(-1, rows), t.view(-1, rows), y.view(1, 1, -1), torch.empty(w.size(0), 1)
	for _ in range(steps):
		torch.mm(wide, xt, out=h_rows)
		aten.leaky_relu_(h, leak)
		z = torch.mul(h, v, out=t).sum(1, keepdim=True).add_(b)
		output_cost(z, targets, cost)
		d = torch.sigmoid(z).sub_(targets).mul_(1.0 / rows)
		gradient = torch.mul(h, d, out=t).sum(2, keepdim=True)
		torch.mul(v, d, out=t)
		aten.leaky_relu_backward(t, h, leak, True, grad_input=t)
		v.addcmul_(gradient, back)
		b.addcmul_(d.sum(2, keepdim=True), back)
		w.addcmul_(torch.mm(t_rows, x).view_as(w), back)
	return cost


class Elementwise(Handwritten):
	"""One hidden layer, full batches: products with the single output are elementwise, with sums over the width."""
	steps = staticmethod(elementwise_steps)

	def __init__(self, problem):
		super().__init__(problem)
		p = problem
		self.h, self.t = (torch.empty(p.starts, p.widths[1], p.rows) for _ in range(2))
		self.v, self.back = self.weights[1].view(p.starts, -1, 1), -p.step_size

	def run(self, first, steps):
		p = self.p
		self.steps(p.x, p.y, steps, self.weights[0], self.v, self.biases[0], self.h, self.t, self.back, p.leak)


class ElementwiseScript(Elementwise):
	"""The same compiled by TorchScript, the loop over steps with it."""
	steps = staticmethod(torch.jit.script(elementwise_steps))


def folded_steps(x: Tensor, y: Tensor, index: Tensor, first: int, steps: int, w: List[Tensor], h: List[Tensor],
                 t: List[Tensor], step_size: Tensor, leak: float, logistic: bool) -> Tensor:
	layers, starts, rows = len(w), w[0].size(0), h[0].size(2)
	cost = torch.empty(starts, 1)
	a = [each[:, :-1] for each in h]
	h_rows = [each.transpose(1, 2) for each in h]
	w_rows = [each[:, :, :-1].transpose(1, 2) for each in w]
	flat, first_rows, z = w[0].view(-1, w[0].size(2)), t[0].view(-1, rows), t[layers - 1]
	for k in range(first, first + steps):
		inputs = batch_inputs(x, index, k, starts)
		targets = batch_targets(y, index, k, starts)
		if inputs.dim() == 3:
			torch.bmm(w[0], inputs.transpose(1, 2), out=t[0])
		else:
			torch.mm(flat, inputs.t(), out=first_rows)
		for l in range(1, layers):
			activate_into(t[l - 1], leak, a[l - 1])
			torch.bmm(w[l], h[l - 1], out=t[l])
		if logistic:
			output_cost(z, targets, cost)
		d = output_slope(z, targets, logistic).mul_(step_size)
		for l in range(layers - 1, 0, -1):
			below = t[l - 1]
			if l == layers - 1:
				torch.mul(w_rows[l], d, out=below)
			else:
				torch.bmm(w_rows[l], d, out=below)
			derive_in_place(below, a[l - 1], leak)
			if rows == 1:
				w[l].addcmul_(d, h_rows[l - 1], value=-1)
			else:
				w[l].baddbmm_(d, h_rows[l - 1], alpha=-1)
			d = below
		if inputs.dim() == 2:
			flat.addmm_(first_rows, inputs, alpha=-1)
		elif rows == 1:
			w[0].addcmul_(d, inputs, value=-1)
		else:
			w[0].baddbmm_(d, inputs, alpha=-1)
	return cost


class Folded:
	"""Biases are columns of the weights, activations have a row of ones, slopes carry the step size: an update is one
	product a layer."""
	steps = staticmethod(folded_steps)

	def __init__(self, problem):
		self.p = p = problem
		self.weights = problem.folded()
		self.h = [torch.ones(p.starts, width + 1, p.rows) for width in p.widths[1:-1]]
		self.t = [torch.empty(p.starts, width, p.rows) for width in p.widths[1:]]

	def run(self, first, steps):
		p = self.p
		self.steps(p.x, p.y, p.index, first, steps, self.weights, self.h, self.t, p.step_size, p.leak, p.logistic)

	def parameters(self):
		return self.weights


class FoldedScript(Folded):
	"""The same compiled by TorchScript, the loop over steps with it."""
	steps = staticmethod(torch.jit.script(folded_steps))


def formulations(problem):
	made = [AutogradRows, Autograd, Handwritten, HandwrittenScript, Preallocated, Folded, FoldedScript]
	if problem.logistic and problem.layers == 2:
		made += [Elementwise, ElementwiseScript]
	return made


# ---- timing ------------------------------------------------------------------------------------------------------


class Timer:
	"""One formulation and where it stands."""

	def __init__(self, made, problem):
		self.name, self.step, self.size, self.starts = made.__name__, 0, 1, problem.starts
		self.formulation = made(problem)
		self.graded = issubclass(made, (Autograd, AutogradRows)) and not issubclass(made, Handwritten)
		self.piece(1)

	def piece(self, steps):
		"""Seconds of these steps."""
		with torch.set_grad_enabled(self.graded):
			begin = time.perf_counter()
			self.formulation.run(self.step, steps)
			seconds = time.perf_counter() - begin
		self.step += steps
		return seconds

	def microseconds(self, seconds):
		"""A step and start, the fastest piece."""
		end, best = time.perf_counter() + seconds, float("inf")
		while time.perf_counter() < end or best == float("inf"):
			spent = self.piece(self.size)
			if spent < PIECE_SECONDS:
				self.size *= 2
			else:
				best = min(best, spent / self.size)
		return 1e6 * best / self.starts


def check(problem, timer, like):
	"""The first step has led to the same parameters."""
	for mine, other, start in zip(timer.formulation.parameters(), like.formulation.parameters(), problem.start):
		change = (other - start).abs().max().item()
		if not torch.allclose(mine, other, rtol=1e-4, atol=1e-3 * change):
			raise SystemExit("%s and %s differ by %g" % (timer.name, like.name, (mine - other).abs().max().item()))


def main():
	kind, *numbers = sys.argv[1:]
	torch.set_num_threads(1)
	torch.set_flush_denormal(True)
	problem = {"full": circles, "mini": california}[kind](*map(int, numbers))
	timers = [Timer(made, problem) for made in formulations(problem)]
	for timer in timers:
		check(problem, timer, timers[0])
	trials = {timer: [] for timer in timers}
	for _ in range(TRIALS):
		for timer in timers:
			trials[timer].append(timer.microseconds(TRIAL_SECONDS))
	for timer in timers:
		print("formulation %s %.4f" % (timer.name, min(trials[timer])))
	best = min(timers, key=lambda timer: min(trials[timer]))
	print("ready %s" % best.name, flush=True)
	for _ in sys.stdin:
		print("%.6f" % best.microseconds(ROUND_SECONDS), flush=True)


if __name__ == "__main__":
	main()
