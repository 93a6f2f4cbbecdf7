#!/usr/bin/env bash
# A Slurm of one node with everything in a folder of its own, for trying array jobs on one machine:
#
#     scripts/slurm-node.sh start DIR     then: export SLURM_CONF=DIR/slurm.conf
#     scripts/slurm-node.sh stop DIR      stops its daemons; DIR may be removed afterwards
#
# Needs root, and the packages slurm-wlm and munge. It uses none of the machine's own configuration of either.
set -euo pipefail

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# = 2 ] || usage
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
export SLURM_CONF=$dir/slurm.conf
node=$(hostname -s)

write_configuration() {
  mkdir -p "$dir"/{munge,state,spool,log}
  chmod 755 "$dir" "$dir/munge"
  (umask 077 && head -c 1024 /dev/urandom > "$dir/munge/key")
  chown -R munge "$dir/munge"
  cat > "$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldLogFile=$dir/log/slurmctld
SlurmdLogFile=$dir/log/slurmd
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MailProg=/bin/true
KillWait=5
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
}

start() {
  write_configuration
  runuser -u munge -- munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" \
    --pid-file="$dir/munge/munged.pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed"
  slurmctld
  slurmd
  for _ in $(seq 120); do
    if [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; then return; fi
    sleep 0.5
  done
  echo "The node is not ready after a minute: see $dir/log" >&2
  stop
  exit 1
}

# One that has ended and that nobody has waited for is no longer running.
is_running() {
  grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status"
}

stop() {
  local pids=()
  for file in "$dir/slurmd.pid" "$dir/slurmctld.pid" "$dir/munge/munged.pid"; do
    if [ -s "$file" ]; then pids+=("$(cat "$file")"); fi
  done
  if [ -s "$dir/slurmctld.pid" ]; then timeout 10 scancel --user root --quiet || true; fi
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 50); do
      is_running "$pid" || break
      sleep 0.2
    done
    if is_running "$pid"; then kill -KILL "$pid"; fi
  done
}

case $action in
  start) start ;;
  stop) stop ;;
  *) usage ;;
esac
