#!/usr/bin/env bash
# A cluster of its own on one machine, for tests: munged, slurmctld and two slurmd (n1, n2; two cores each) on loopback.
# Nothing outside of FOLDER is written, and no service of the machine is used. Partition "low" is preempted by "high".
#
#   lab.sh up FOLDER PORT        start it; ports PORT to PORT + 3
#   lab.sh down FOLDER           end it
#   lab.sh kill-node FOLDER n1   as when a node loses its power: daemon, jobs and all that they started
#   lab.sh start-node FOLDER n1  the node comes back
#
# Slurm's programs find it by SLURM_CONF=FOLDER/slurm.conf.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
folder=$(realpath -m "$2")
export SLURM_CONF=$folder/slurm.conf

# Waits until a command succeeds: SECONDS WHAT COMMAND...
until_true() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= end)); then
            echo "lab: $what did not come; logs: $folder/log" >&2
            return 1
        fi
        sleep 0.1
    done
}

# A process that nobody has waited for yet still has its number.
runs() { [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# A node that comes back may have work at once: a state with a mark behind it is that of one that does not answer.
answers() { sinfo -h -N -n "$1" -o %T | grep -qxE 'idle|mixed|allocated|completing'; }

idle() { [ "$(sinfo -h -N -n "$1" -o %T | sort -u)" = idle ]; }

# Seconds that a job waits before it is started again (two minutes elsewhere). Slurm waits for what is left of its first
# start: a job that is hurried past that can lose its node to a late answer of the first start, and never ends.
restart_delay=20

config() {
    local me host=127.0.0.1 name
    me=$(id -un)
    name=$(uname -n)
    cat <<CONF
ClusterName=lab
SlurmctldHost=${name%%.*}($host)
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=$restart_delay
SlurmctldPort=$1
SlurmdPort=$(($1 + 1))
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MaxArraySize=9
JobRequeue=0
MinJobAge=300
SlurmctldTimeout=30
SlurmdTimeout=5
KillWait=2
MessageTimeout=10
InactiveLimit=0
ReturnToService=2
NodeName=n1 NodeHostname=${name%%.*} NodeAddr=$host Port=$(($1 + 2)) CPUs=2 State=UNKNOWN
NodeName=n2 NodeHostname=${name%%.*} NodeAddr=$host Port=$(($1 + 3)) CPUs=2 State=UNKNOWN
PartitionName=low Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=high Nodes=n1,n2 MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
CONF
}

up() {
    umask 022
    mkdir -p "$folder"/{state,spool-n1,spool-n2,log,munge}
    chmod 755 "$folder" # munged refuses a socket that others cannot come to
    head -c 1024 /dev/urandom >"$folder/munge/key"
    chmod 400 "$folder/munge/key"
    config "$1" >"$folder/slurm.conf"
    munged --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
        --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed" --num-threads=2
    until_true 10 munged munge -S "$folder/munge/socket" -n
    slurmctld
    until_true 30 slurmctld scontrol ping
    slurmd -N n1
    slurmd -N n2
    until_true 60 "node n1" idle n1
    until_true 60 "node n2" idle n2
}

# Ends the process of a file, politely, then not.
end() {
    local pid i
    pid=$(cat "$1" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || return 0
    for ((i = 0; i < 100; i++)); do
        runs "$pid" || return 0
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
}

empty() { [ -z "$(squeue -h)" ]; }

down() {
    local node
    scancel --user="$(id -un)" 2>/dev/null || true
    until_true 15 "the end of all jobs" empty || true
    for node in n1 n2; do kill_node "$node"; done
    end "$folder/slurmctld.pid"
    end "$folder/munge/pid"
}

# The daemon of a node, the steps that it watches, and whatever these have started.
kill_node() {
    local level all pid
    level=$(cat "$folder/slurmd-$1.pid" 2>/dev/null) || return 0
    for pid in $(pgrep -f '^slurmstepd: ' || true); do
        # Every node's steps are called alike: the socket in its folder says that it is this node's
        compgen -G "$folder/spool-$1/$1_$(job_of "$pid").*" >/dev/null && level+=" $pid"
    done
    all=$level
    while level=$(for pid in $level; do pgrep -P "$pid" || true; done) && [ -n "$level" ]; do all+=" $level"; done
    # shellcheck disable=SC2086
    kill -9 $all 2>/dev/null || true
    rm -f "$folder/slurmd-$1.pid"
}

# JOB of "slurmstepd: [JOB.STEP]".
job_of() { sed 's/.*\[\([0-9]*\)\..*/\1/' <(tr '\0' ' ' <"/proc/$1/cmdline"); }

start_node() {
    slurmd -N "$1"
    until_true 60 "node $1" answers "$1"
}

case $1 in
up) up "$3" ;;
down) down ;;
kill-node) kill_node "$3" ;;
start-node) start_node "$3" ;;
*)
    echo "lab: '$1' is none of up, down, kill-node, start-node" >&2
    exit 2
    ;;
esac
