#!/bin/bash
# Open MPI's way to the nodes of the cluster in place of ssh: enter.sh NODE COMMAND...
# $CLUSTER is the folder of the cluster (cluster.sh).
while [[ ${1:-} == -* ]]; do shift; done
node=$1
shift
exec nsenter --target "$(cat "$CLUSTER/$node.namespace")" --net --uts sh -c "$*"
