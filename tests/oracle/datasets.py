"""Reference data, read and prepared in numpy without any part of thalweg.

The folder is $THALWEG_DATA: mnist/*.gz, cal_housing.data, thesis/*. Inputs and outputs are returned as float64.
"""
import gzip
import os
import struct

import numpy as np


def folder():
	"""The data folder, or None when it is not there."""
	path = os.environ.get("THALWEG_DATA")
	return path if path and os.path.isdir(path) else None


def file(*names):
	return os.path.join(folder(), *names)


def read_idx(path):
	with gzip.open(path, "rb") as stream:
		(magic,) = struct.unpack(">I", stream.read(4))
		axes = magic & 255
		shape = struct.unpack(">" + "I" * axes, stream.read(4 * axes))
		return np.frombuffer(stream.read(), dtype=np.uint8).reshape(shape)


def circles():
	"""The 100 observations of the thesis: 100 x 2 inputs, 100 targets in {0, 1}."""
	rows = np.loadtxt(file("thesis", "circles-100.csv"), delimiter=",", skiprows=1)
	return rows[:, :2], rows[:, 2:3]


def standardised(columns):
	"""Mean 0 and population deviation 1; sums in extended precision, as numpy adds up columns one by one."""
	exact = columns.astype(np.longdouble)
	return ((exact - exact.mean(0)) / exact.std(0)).astype(np.float64)


def california():
	"""California housing: 20,640 x 8 inputs and 20,640 x 1 outputs, all standardised over all rows."""
	raw = np.loadtxt(file("cal_housing.data"), delimiter=",")
	longitude, latitude, age, rooms, bedrooms, people, households, income, value = raw.T
	x = np.stack([income, age, rooms / households, bedrooms / households, people, people / households, latitude,
	              longitude], axis=1)
	y = (value / 100000)[:, None]
	return standardised(x), standardised(y)


def california_rows(count):
	"""The zero-based rows of the thesis's training set of 100, 1000 or 10000 observations, and their file."""
	path = file("thesis", "california-rows-%d.txt" % count)
	return np.loadtxt(path, dtype=np.int64), path


def mnist(test=False):
	"""Images n x 784 in [0, 1] (float32, to save memory) and labels n (int64)."""
	part = "t10k" if test else "train"
	images = read_idx(file("mnist", part + "-images-idx3-ubyte.gz"))
	labels = read_idx(file("mnist", part + "-labels-idx1-ubyte.gz"))
	return images.reshape(len(images), -1).astype(np.float32) / np.float32(255), labels.astype(np.int64)


def mnist36():
	"""Digits 3 (target 0) and 6 (target 1), 14 x 14 means of 2 x 2 blocks: 12,049 x 196 inputs, 12,049 x 1 targets."""
	images = read_idx(file("mnist", "train-images-idx3-ubyte.gz"))
	labels = read_idx(file("mnist", "train-labels-idx1-ubyte.gz"))
	keep = (labels == 3) | (labels == 6)
	x = images[keep].astype(np.float64) / 255
	x = x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196)
	return x, (labels[keep] == 6).astype(np.float64)[:, None]
