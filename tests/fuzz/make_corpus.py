#!/usr/bin/env python3
"""Writes the seeds of the fuzzing corpus: small whole files of every kind, in corpus/TARGET/seed-*.

usage: make_corpus.py [FOLDER]

What fuzzing has found lies beside them under other names, and is left alone. Needs NumPy and h5py.
"""
import gzip
import io
import pathlib
import struct
import sys

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus")


def seed(target, name, content):
    if isinstance(content, str):
        content = content.encode()
    path = folder / target / f"seed-{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def idx(code, shape, content):
    return bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + content


def hdf5(write):
    stream = io.BytesIO()
    with h5py.File(stream, "w", libver="latest", track_order=False) as file:
        write(file)
    return stream.getvalue()


def csv():
    seed("csv", "header", "x1,x2,y\n0.5,-1,0\n1e-3,2,1\n3,4.25,1\n-7,0,0\n")
    seed("csv", "labels", "0,1.5,2,3\r\n1,-2,0,0\r\n2,0,0,1\r\n0,9,8,7\r\n")
    seed("csv", "quoted", '"a b", c ,d\n 1 ,\t2, 3\n4,5,6')


def idx_files():
    plain = idx(8, (4, 2, 2), bytes(range(16)))
    seed("idx", "bytes", plain)
    seed("idx", "gzip", gzip.compress(plain, mtime=0))
    seed("idx", "labels", idx(8, (5,), bytes([0, 1, 2, 1, 0])))
    seed("idx", "short", idx(11, (2, 1), struct.pack(">2h", -3, 4)))
    seed("idx", "int", idx(12, (2,), struct.pack(">2i", -5, 6)))
    seed("idx", "float", idx(13, (2, 2), struct.pack(">4f", 0.5, -1, 2, 3)))
    seed("idx", "double", idx(14, (2,), struct.pack(">2d", 0.25, -8)))


def npy_files():
    seed("npy", "f4", npy(np.arange(6, dtype="<f4").reshape(3, 2)))
    seed("npy", "f8", npy(np.linspace(-1, 1, 4)))
    seed("npy", "u1", npy(np.array([0, 1, 1, 2], dtype="u1")))
    seed("npy", "i4", npy(np.arange(8, dtype="<i4").reshape(2, 2, 2)))
    seed("npy", "i8", npy(np.array([[3], [1]], dtype="<i8")))
    seed("theta", "f4", npy(np.arange(9, dtype="<f4")))
    seed("theta", "f8", npy(np.linspace(-1, 1, 9)))


def hdf5_files():
    def contiguous(file):
        file["x"] = np.arange(8, dtype="<f4").reshape(4, 2)
        file["y"] = np.array([0, 1, 1, 0], dtype="i1")

    def chunked(file):
        file.create_dataset("x", data=np.arange(12.0).reshape(3, 2, 2), chunks=(2, 2, 2), compression="gzip")
        file.create_dataset("y", data=np.arange(3, dtype=">i2"), maxshape=(None,), chunks=(2,))

    seed("hdf5", "contiguous", hdf5(contiguous))
    seed("hdf5", "chunked", hdf5(chunked))


def attributes(where, widths, activation, precision, text):
    where.attrs["precision"] = text(precision)
    where.attrs["layers"] = len(widths) - 1
    where.attrs["widths"] = widths
    where.attrs["activation"] = text(activation)
    if activation == "leaky_relu":
        where.attrs["activation_leak"] = 0.1
    where.attrs["output"] = text("logistic")
    where.attrs["bias"] = 1


def model_files():
    # Texts of variable length in one, of fixed length in the other.
    def single(file):
        file.attrs["format"] = "thalweg model"
        file.attrs["version"] = 1
        attributes(file, [2, 3, 1], "tanh", "double", str)
        file["theta"] = np.arange(13.0)

    def sweep(file):
        file.attrs["format"] = np.bytes_("thalweg models")
        file.attrs["version"] = 1
        file.attrs["cells"] = 2
        for cell, widths in enumerate(([2, 1], [1, 1, 1])):
            group = file.create_group(f"cell-{cell:04d}")
            attributes(group, widths, "leaky_relu", "float", np.bytes_)
            group.attrs["first_run"] = 2 * cell
            group.attrs["starts"] = 2
            group["run"] = np.arange(2) + 2 * cell
            dimension = sum((a + 1) * b for a, b in zip(widths, widths[1:]))
            group["theta"] = np.ones((2, dimension), dtype="<f4")

    seed("model", "single", hdf5(single))
    seed("model", "sweep", hdf5(sweep))


def parts_files():
    """Bytes that hdf5_parts.c makes a file of: WHAT KIND VALUE, one after the other."""
    names = ("format version precision layers widths activation activation_leak output bias cells first_run starts "
             "theta x y run").split()
    texts = ["thalweg model", "thalweg models", "float", "double", "tanh", "leaky_relu", "logistic"]

    def integer(name, value):
        return bytes([names.index(name), 1, value])

    def integers(name, *values):
        return bytes([names.index(name), 3, len(values), *values])

    def text(name, value, kind=5):
        return bytes([names.index(name), kind, texts.index(value)])

    def numbers(name, kind, axes):
        sizes = b"".join(bytes([size, 1]) for size in axes)
        return bytes([names.index(name), 7, kind + len(axes), 0]) + sizes + bytes(i % 3 for i in range(64))

    def network(widths, precision):
        return (text("precision", precision) + integer("layers", len(widths) - 1) + integers("widths", *widths)
                + text("activation", "leaky_relu") + bytes([names.index("activation_leak"), 4, 0x3F, 0xB0]) + bytes(6)
                + text("output", "logistic", 6) + integer("bias", 1))

    seed("parts", "single", text("format", "thalweg model") + integer("version", 1) + network([2, 3, 1], "double")
         + numbers("theta", 0, [13]))
    seed("parts", "sweep", text("format", "thalweg models") + integer("version", 1) + integer("cells", 1)
         + bytes([0, 0]) + network([2, 1], "float") + integer("first_run", 0) + integer("starts", 4)
         + numbers("theta", 0, [4, 3]))
    seed("parts", "data", numbers("x", 0, [4, 2]) + numbers("y", 130, [4]))
    seed("parts", "huge", numbers("x", 65, [4, 2]) + numbers("y", 65, [4]))


def checkpoint_files():
    """Bytes that checkpoint_files.c changes a checkpoint by: WHAT KIND VALUE, one after the other."""
    seed("checkpoint", "dimension", bytes([7, 1, 4]))
    seed("checkpoint", "without-theta", bytes([8, 0]))
    seed("checkpoint", "stages", bytes([17, 1, 40, 19, 1, 50]))


def tables():
    seed("runs", "sweep", "run,hidden_layers,width,activation,cost\n0,1,1,tanh,0.25\n1,1,1,tanh,nan\n")
    seed("runs", "other", '# of elsewhere\r\n"layers", width ,cost\r\n1,"2",1e-4\r\n2,3,inf')
    seed("journal", "head", f"thalweg sweep journal,2,{'ab' * 32},float,12")
    seed("journal", "entry", f"3,0.5,1e-06,100,1000,steps,0.25,13,416,2,48,{'0' * 16},{'cd' * 32},nan")


settings = """seed: 7
precision: double
threads: 2
data: {preset: teacher, observations: 50, dimension: 3, noise: 0.1, hidden: [4, 4], seed: 3, test_fraction: 0.2}
network: {hidden: [6, 5], activation: leaky_relu, leak: 0.1, output: identity, bias: true}
loss: square
penalty: {l2: 1.0e-4}
initial: {distribution: uniform, low: -1, high: 1, bias: [0, 1, 0.5]}
method:
  batch: 16
  sampling: uniform
  chunks: 4
  update: momentum
  step_size: 0.01
  schedule: {name: piecewise, factor: 0.5, thresholds: [10, 20], warm_up: 5}
stop: {steps: 100, cost: 0.01, no_progress: {threshold: 1e-7, patience: 10}}
stages:
  - stop: {steps: 10}
  - method: {step_size: 0.001}
metrics: {cost_every: 1, gradient_norm_every: 2, test_every: 5}
"""

own_data = """data:
  preset: none
  source: csv
  inputs: "data.csv:0-7,9"
  outputs: data.csv:y
  labels: true
  classes: auto
  select_classes: [3, 6]
  scale_inputs: standard
  downscale: [4, 4]
method: {update: adam, step_size: 1e-3, schedule: {name: plateau, factor: 0.5, patience: 40}}
initial: {file: 'model.h5'}
"""

sweep = """data: {preset: circles}
stop: {steps: 5}
sweep:
  starts: 3
  hidden_layers: [1, 2]
  widths: [1, 5]
  activations: [tanh, {activation: leaky_relu, leak: 0.2}]
  initials: [glorot_uniform]
  methods: [plain, {update: adam, beta1: 0.8}]
  batches: [10, all]
  step_sizes: [0.5, 1]
  same_starts: true
  ranks_per_run: 1
  replicas: auto
  trajectories: [0, 4, 2]
  overrides:
    - when: {hidden_layers: 1, activations: tanh}
      starts: 2
      stop: {steps: 4}
"""


def configurations():
    seed("settings", "teacher", settings)
    seed("settings", "own-data", own_data)
    seed("settings", "empty", "# nothing\n")
    seed("overrides", "some", "method.step_size=0.5\nnetwork.hidden=[3, 4]\nstages.0.stop.steps=5\ndata.preset=linear\n")
    seed("sweep", "grid", sweep)
    seed("sweep", "architectures", "sweep: {architectures: [[5], [10, 5], []], data: [{preset: linear}], trajectories: all}\n")


csv()
idx_files()
npy_files()
hdf5_files()
model_files()
parts_files()
checkpoint_files()
tables()
configurations()
