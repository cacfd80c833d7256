# shellcheck shell=bash
# A Slurm cluster for a test, of one controller and nodes in network namespaces; to be sourced.
#
# To be called in private network, host name, mount and process namespaces, which test_slurm.sh sees to: addresses, host
# names, /etc/hosts and processes are those of the test alone. $CLUSTER is the folder for all files; node N is named
# nodeN and has the address 10.77.0.(10 + N), the controller is 10.77.0.1.
export SLURM_CONF=$CLUSTER/slurm.conf
node_processors=2

make_network() # NODES
{
	local node
	hostname controller
	{
		printf '%s\n' "127.0.0.1 localhost" "10.77.0.1 controller"
		for node in $(seq "$1"); do echo "10.77.0.$((10 + node)) node$node"; done
	} >"$CLUSTER/hosts"
	mount --bind "$CLUSTER/hosts" /etc/hosts
	ip link set lo up
	ip link add bridge type bridge
	ip address add 10.77.0.1/24 dev bridge
	ip link set bridge up
	for node in $(seq "$1"); do make_node "$node"; done
}

make_node() # NUMBER: a process that holds the namespaces of the node, and a cable to it
{
	local name=node$1 holder
	unshare --net --uts sh -c 'hostname "$1"; echo $$ >"$2"; exec sleep infinity' sh "$name" \
		"$CLUSTER/$name.namespace" &
	started+=($!)
	wait_until "namespaces of $name" 10 [ -s "$CLUSTER/$name.namespace" ]
	holder=$(cat "$CLUSTER/$name.namespace")
	ip link add "cable$1" type veth peer name eth0 netns "$holder"
	ip link set "cable$1" master bridge up
	nsenter --target "$holder" --net ip link set lo up
	nsenter --target "$holder" --net ip address add "10.77.0.$((10 + $1))/24" dev eth0
	nsenter --target "$holder" --net ip link set eth0 up
}

# cred_expire: a job that is requeued stays out of the queue for so long (its default is two minutes).
write_configuration() # NODES
{
	local node
	cat >"$SLURM_CONF" <<-END
		ClusterName=thalweg
		SlurmctldHost=controller(10.77.0.1)
		SlurmUser=root
		AuthType=auth/munge
		AuthInfo=socket=$CLUSTER/munge/socket,cred_expire=5
		CredType=cred/munge
		MpiDefault=none
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		SchedulerType=sched/builtin
		SchedulerParameters=sched_interval=2
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		SlurmdParameters=config_overrides
		ReturnToService=2
		StateSaveLocation=$CLUSTER/state
		SlurmdSpoolDir=$CLUSTER/spool.%n
		SlurmctldPidFile=$CLUSTER/slurmctld.pid
		SlurmdPidFile=$CLUSTER/slurmd.%n.pid
		SlurmctldLogFile=$CLUSTER/slurmctld.log
		SlurmdLogFile=$CLUSTER/slurmd.%n.log
	END
	for node in $(seq "$1"); do
		echo "NodeName=node$node NodeAddr=10.77.0.$((10 + node)) CPUs=$node_processors State=UNKNOWN"
	done >>"$SLURM_CONF"
	echo "PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP" >>"$SLURM_CONF"
}

start_daemons() # NODES
{
	local node munge=$CLUSTER/munge
	mkdir -p "$munge" "$CLUSTER/state"
	chmod 0711 "$munge"
	dd if=/dev/urandom of="$munge/key" bs=128 count=1 status=none
	chmod 0400 "$munge/key"
	munged --foreground --force --key-file="$munge/key" --socket="$munge/socket" --pid-file="$munge/pid" \
		--log-file="$munge/log" --seed-file="$munge/seed" 2>"$munge/errors" &
	started+=($!)
	wait_until "munged" 20 [ -S "$munge/socket" ]
	slurmctld -D -i >"$CLUSTER/slurmctld.out" 2>&1 &
	started+=($!)
	for node in $(seq "$1"); do
		nsenter --target "$(cat "$CLUSTER/node$node.namespace")" --net --uts slurmd -D \
			>"$CLUSTER/slurmd.node$node.out" 2>&1 &
		started+=($!)
	done
	wait_until "nodes idle" 60 all_idle "$1"
}

all_idle() { [ "$(sinfo --noheader --Node --format=%T 2>/dev/null | grep -cx idle)" -eq "$1" ]; }

wait_until() # WHAT SECONDS COMMAND...
{
	local what=$1 end=$((SECONDS + $2))
	shift 2
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "FAILED: $what: not within time"; return 1; }
		sleep 0.2
	done
}

started=()
start_cluster() # NODES
{
	make_network "$1"
	write_configuration "$1"
	start_daemons "$1"
}

# The jobs, then the daemons, the last first; what then still is there is killed.
stop_cluster()
{
	local i
	timeout 10 scancel --user=root 2>/dev/null
	wait_until "jobs gone" 40 no_jobs
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do kill "${started[i]}" 2>/dev/null; done
	for ((i = 0; i < 50; i++)); do
		[ -n "$(jobs -pr)" ] || break
		sleep 0.2
	done
	kill -KILL "${started[@]}" 2>/dev/null
	umount /etc/hosts 2>/dev/null
	return 0
}
no_jobs() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }
