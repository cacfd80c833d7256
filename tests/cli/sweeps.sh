# Sweeps that several scripts train; to be sourced after common.sh, with the folder of the scripts in `here`. Writes
# NAME.yaml for each name of the list `sweeps` into the present folder.
source=${THALWEG_SOURCE:-$here/../..}
data=${THALWEG_DATA:-}

# Every update rule and every sampling; measured on the way.
cat >batches.yaml <<'YAML'
network: {hidden: [5, 3], activation: relu}
method: {step_size: 0.02}
stop: {steps: 150}
metrics: {cost_every: 10, gradient_norm_every: 4}
sweep:
  starts: 3
  batches: [7, all]
  methods:
    - plain
    - {update: momentum, sampling: shuffle_once}
    - {update: nesterov, sampling: uniform}
    - adagrad
    - {update: rmsprop, sampling: shuffle_once}
    - {update: adam, sampling: uniform}
    - {update: adamw, sampling: shuffle}
    - {update: noisy, sampling: uniform}
YAML
# Stages, and batches that do not divide the observations.
cat >schedules.yaml <<'YAML'
data: {preset: make_circles, observations: 37}
network: {hidden: [4], activation: tanh}
method: {batch: 5, step_size: 0.1}
stages:
  - {method: {schedule: {name: exponential, rate: 0.01}}, stop: {epochs: 20}}
  - {method: {schedule: {name: polynomial, scale: 0.1}, step_size: 0.2}, stop: {epochs: 35}}
  - {method: {schedule: {name: cosine, steps: 100, warm_up: 10}, step_size: 0.3}, stop: {observations: 1500}}
sweep: {starts: 5, methods: [{sampling: shuffle}, {sampling: shuffle_once}, {sampling: uniform}], widths: [1, 4, 9]}
YAML
cat >shapes.yaml <<'YAML'
stop: {steps: 60}
method: {step_size: 0.05}
sweep:
  starts: 2
  architectures: [[], [3, 2], [9]]
  activations: [tanh, {activation: leaky_relu, leak: 0.2}, gelu]
  initials: [normal, {distribution: uniform, low: -3, high: 3}]
  batches: [all, 10]
YAML
cat >double.yaml <<'YAML'
precision: double
network: {activation: softplus}
method: {chunks: 3, step_size: 0.3}
stop: {steps: 300, gradient_norm: 0.05}
sweep: {starts: 7, widths: [2, 13], hidden_layers: [1, 2]}
YAML
# Not for ensembles: a penalty; stop rules that look at the cost of all observations between mini-batches.
cat >penalty.yaml <<'YAML'
network: {activation: tanh}
penalty: {l2: 0.001}
method: {chunks: 4}
stop: {steps: 150}
sweep: {starts: 3, widths: [3, 8], batches: [all, 24]}
YAML
cat >watched.yaml <<'YAML'
network: {hidden: [6], activation: relu}
method: {batch: 20, chunks: 4, step_size: 0.1}
metrics: {cost_every: 5}
stop: {steps: 400, no_progress: {patience: 40}}
sweep:
  starts: 3
  batches: [20, all]
  overrides: [{when: {batches: all}, starts: 4}]
YAML
cat >teacher.yaml <<'YAML'
data: {preset: teacher, observations: 700, dimension: 5, noise: 0.1}
network: {hidden: [12, 12], activation: relu, output: identity}
loss: square
initial: {distribution: glorot_uniform}
method: {step_size: 0.01}
stop: {steps: 60}
sweep: {starts: 4, batches: [all, 50], methods: [plain, {update: adam, sampling: uniform}]}
YAML
# Some of its runs diverge.
cat >diverging.yaml <<'YAML'
data: {preset: linear, observations: 50}
loss: square
network: {output: identity}
stop: {steps: 500}
sweep: {starts: 7, activations: [relu, leaky_relu, tanh], widths: [4], step_sizes: [0.001, 0.5, 100], batches: [all, 8]}
YAML
# Runs of ensembles and runs of rank groups.
cat >mixed.yaml <<'YAML'
network: {activation: relu}
method: {chunks: 2, step_size: 0.02}
sweep:
  starts: 10
  widths: [3, 6]
  batches: [all, 25]
  methods: [plain, adam]
  overrides: [{when: {methods: adam, batches: all}, penalty: {l2: 0.001}}]
YAML
sweeps="batches schedules shapes double penalty watched teacher diverging mixed"

# California housing, two choices of its rows.
if [ -r "$data/cal_housing.data" ]; then
	seq 5 17 15000 >rows.txt
	seq 0 3 500 >fewer.txt
	cat >california.yaml <<YAML
data: {preset: california, path: "$data"}
network: {hidden: [12, 12, 12], activation: relu, output: identity}
loss: square
initial: {distribution: glorot_uniform, bias: 0}
method: {step_size: 0.01}
stop: {steps: 60}
sweep: {starts: 3, batches: [1, 50, all], data: [{rows: rows.txt}, {rows: fewer.txt}]}
YAML
	sweeps="$sweeps california"
else
	echo "note: no cal_housing.data (THALWEG_DATA), california not tried"
fi

# Experiment 5.1, narrower and shorter: arguments of the program.
minima=("$source/scripts/experiments/local-minima.yaml" --set "sweep.widths=[1,5,20]" --set sweep.starts=7
	--set sweep.overrides.0.starts=7 --set stages.0.stop.steps=500 --set stages.1.stop.steps=700
	--set stages.0.stop.no_progress.patience=60 --set stages.1.stop.no_progress.patience=90)
check "no ${minima[0]}" [ -r "${minima[0]}" ]
