#!/bin/bash
# A run on the nodes of a hostfile, without a batch system: as many-nodes.sbatch, with a plain mpirun over ssh.
#
#   scripts/slurm/hostfile.sh [--until-done] HOSTFILE RANKS THREADS COMMAND CONFIG.yaml --output OUTPUT [OPTION...]
#   scripts/slurm/hostfile.sh hosts 2 8 train run.yaml --output out          2 ranks a node, 8 threads each
#
# COMMAND is `train` or `sweep`, with its options; --resume is added. A line of the hostfile: `node1 slots=16`. Program,
# configuration, data and output are where every node sees them, and ssh enters each node without a question.
#
# USR1, TERM or INT to this script stops the run with a checkpoint: exit code 75, and the same line goes on. With
# --until-done it begins the next part itself when a part ends with 75 for another reason, as with --max-seconds N.
# THALWEG, MPIRUN: the programs; MPIRUN_FLAGS: more options of mpirun, as in many-nodes.sbatch.
set -euo pipefail
# shellcheck source=scripts/slurm/stoppable.sh
. "$(dirname "$0")/stoppable.sh"

until_done=no
[ "${1:-}" != --until-done ] || { until_done=yes; shift; }
[ $# -ge 4 ] || { echo "usage: hostfile.sh [--until-done] HOSTFILE RANKS THREADS COMMAND [OPTION...]" >&2; exit 2; }
hosts=$1 ranks=$2 threads=$3
shift 3
[ -r "$hosts" ] || { echo "hostfile.sh: $hosts cannot be read" >&2; exit 3; }

read -ra flags <<<"${MPIRUN_FLAGS:-}"
# oob_tcp_keepalive_*: a node that is gone is noticed within some 11 s, and not after minutes.
# setsid: Ctrl-C is for this script alone.
launch=(setsid "${MPIRUN:-mpirun}" --hostfile "$hosts" --map-by "ppr:$ranks:node:PE=$threads" --bind-to core
	--mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 "${flags[@]}")
while :; do
	run_stoppable "${launch[@]}" "${THALWEG:-thalweg}" "$@" --resume
	if [ $until_done = no ] || [ "$signalled" = yes ] || ! may_go_on; then break; fi
done
exit "$code"
