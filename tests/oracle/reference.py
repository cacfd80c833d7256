"""Networks, losses and methods in PyTorch, written from their formulas: the reference that thalweg is compared with.

Parameters are canonical: layer by layer the weights, row-major outputs x inputs, then the biases.
"""
import numpy as np
import torch
import torch.nn.functional as functional

DTYPES = {"float": torch.float32, "double": torch.float64}

# Right derivative 1 at 0 for the two with a kink.
ACTIVATIONS = {
	"identity": lambda z: z,
	"logistic": torch.sigmoid,
	"tanh": torch.tanh,
	"relu": lambda z: torch.where(z >= 0, z, torch.zeros_like(z)),
	"leaky_relu": lambda z: torch.where(z >= 0, z, 0.1 * z),
	"softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
	"elu": functional.elu,
	"gelu": functional.gelu,
}


def output_function(name, z):
	"""h(x, theta) from the last layer's z."""
	return {"identity": lambda: z, "logistic": lambda: torch.sigmoid(z), "softmax": lambda: torch.softmax(z, 1)}[name]()


def mean_loss(loss, output, z, y):
	"""Mean over the observations; z is the last layer before its output function."""
	if loss == "square":
		return (output_function(output, z) - y).square().sum(1).mean()
	if loss == "log":
		return functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1).mean()
	return functional.cross_entropy(z, y[:, 0].long())


def initial_theta(widths, seed, zero_first_layer=False):
	"""Random weights of Glorot's size and small random biases, as float64 that float32 holds exactly."""
	random = np.random.default_rng(seed)
	parts = []
	for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
		bound = np.sqrt(6 / (inputs + outputs))
		weights, biases = random.uniform(-bound, bound, outputs * inputs), random.uniform(-0.1, 0.1, outputs)
		scale = 0 if zero_first_layer and layer == 0 else 1
		parts += [scale * weights, scale * biases]
	return np.concatenate(parts).astype(np.float32).astype(np.float64)


def layers(theta, widths, dtype):
	"""[(W, b), ...] as tensors that want gradients."""
	made, at = [], 0
	for inputs, outputs in zip(widths, widths[1:]):
		pair = []
		for shape in ((outputs, inputs), (outputs,)):
			size = int(np.prod(shape))
			pair.append(torch.tensor(theta[at:at + size].reshape(shape), dtype=dtype, requires_grad=True))
			at += size
		made.append(tuple(pair))
	return made


def forward(parameters, activation, x):
	"""z of the last layer."""
	for weights, biases in parameters[:-1]:
		x = ACTIVATIONS[activation](x @ weights.T + biases)
	weights, biases = parameters[-1]
	return x @ weights.T + biases


# Update rules as torch.optim states them, with the parameters of UPDATES in compare_costs.py.
OPTIMIZERS = {
	"plain": lambda p, a: torch.optim.SGD(p, lr=a),
	"momentum": lambda p, a: torch.optim.SGD(p, lr=a, momentum=0.9),
	"nesterov": lambda p, a: torch.optim.SGD(p, lr=a, momentum=0.9, nesterov=True),
	"adagrad": lambda p, a: torch.optim.Adagrad(p, lr=a, eps=1e-10),
	"rmsprop": lambda p, a: torch.optim.RMSprop(p, lr=a, alpha=0.99, eps=1e-8),
	"adam": lambda p, a: torch.optim.Adam(p, lr=a, betas=(0.9, 0.999), eps=1e-8),
	"adamw": lambda p, a: torch.optim.AdamW(p, lr=a, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01),
}


def costs(case, theta, x, y, precision, steps):
	"""f(theta_k), k = 0..steps, of full-batch steps. case: see compare_costs.Case."""
	dtype = DTYPES[precision]
	x, y = torch.tensor(x, dtype=dtype), torch.tensor(y, dtype=dtype)
	parameters = layers(theta, case.widths, dtype)
	optimizer = OPTIMIZERS[case.update]([p for pair in parameters for p in pair], case.step_size)
	found = []
	for step in range(steps + 1):
		cost = mean_loss(case.loss, case.output, forward(parameters, case.activation, x), y)
		if case.penalty:
			cost = cost + case.penalty / 2 * sum(weights.square().sum() for weights, _ in parameters)
		found.append(cost.item())
		if step < steps:
			optimizer.zero_grad()
			cost.backward()
			optimizer.step()
	return np.array(found)
