#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of docs/scale-out.md: shards handed out by an engine, merged, are the whole run.

usage: scale_out.py --smtpscope PROGRAM --captures FOLDER

The engine is Slurm, with its daemons on this host in a folder of the test's own; where they cannot run (they want root), the
reason is printed, and GNU parallel takes their place.
"""
import argparse
import contextlib
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SHARDS = 4
PATIENCE = 60 # seconds, for the daemons to come up

CONFIGURATION = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldPort={controller}
SlurmdPort={node}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SchedulerType=sched/builtin
ReturnToService=2
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes={host} Default=YES State=UP
"""


class NoEngine(Exception):
    """Why Slurm cannot run here."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise NoEngine("%s within %d seconds" % (what, PATIENCE))


def says(environment, *command):
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=PATIENCE)
    return done.stdout.decode().strip() if done.returncode == 0 else ""


@contextlib.contextmanager
def slurm(folder):
    """Slurm's daemons, until the block ends; gives the environment in which its commands find them."""
    if os.getuid() != 0:
        raise NoEngine("its daemons want root")
    programs = {name: shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in ("munged", "slurmctld", "slurmd", "sbatch", "runuser")}
    for name, program in programs.items():
        if program is None:
            raise NoEngine("there is no %s" % name)
    munge = pwd.getpwnam("munge")
    os.chmod(folder, 0o755)
    os.chown(folder, munge.pw_uid, munge.pw_gid)
    for name in ("state", "spool"):
        os.mkdir(os.path.join(folder, name))
    key = os.path.join(folder, "munge.key")
    with open(key, "wb") as file:
        file.write(os.urandom(1024))
    os.chmod(key, 0o400)
    os.chown(key, munge.pw_uid, munge.pw_gid)
    configuration = os.path.join(folder, "slurm.conf")
    with open(configuration, "w") as file:
        file.write(CONFIGURATION.format(host=socket.gethostname().split(".")[0], folder=folder, controller=free_port(), node=free_port()))
    environment = {**os.environ, "SLURM_CONF": configuration}
    processes = []

    def start(name, *command):
        log = open(os.path.join(folder, name + ".log"), "wb")
        processes.append(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
    try:
        start("munged", programs["runuser"], "-u", "munge", "--", programs["munged"], "--foreground", "--force", "--key-file=" + key,
              "--socket=%s/munge.socket" % folder, "--pid-file=%s/munged.pid" % folder, "--log-file=%s/munged.log" % folder,
              "--seed-file=%s/munge.seed" % folder)
        until(lambda: os.path.exists("%s/munge.socket" % folder), "munged did not come up")
        start("slurmctld", programs["slurmctld"], "-D", "-f", configuration)
        until(lambda: "UP" in says(environment, "scontrol", "ping"), "slurmctld did not come up")
        start("slurmd", programs["slurmd"], "-D", "-f", configuration)
        until(lambda: says(environment, "sinfo", "-h", "-o", "%T") == "idle", "slurmd did not come up")
        yield environment
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(processes):
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def run_with_slurm(smtpscope, captures, output):
    with tempfile.TemporaryDirectory(prefix="slurm") as folder, slurm(folder) as environment:
        command = "%s sessions --format json --shard $SLURM_ARRAY_TASK_ID/%d %s/*.pcap*" % (smtpscope, SHARDS, captures)
        subprocess.run(["sbatch", "--wait", "--array=0-%d" % (SHARDS - 1), "--output=%s/shard-%%a.ndjson" % output, "--wrap=" + command],
                       env=environment, cwd=output, stdout=subprocess.DEVNULL, check=True, timeout=300)


def run_with_parallel(smtpscope, captures, output):
    command = "%s sessions --format json --shard {}/%d %s/*.pcap* > %s/shard-{}.ndjson" % (smtpscope, SHARDS, captures, output)
    subprocess.run(["parallel", "--will-cite", command], input="".join("%d\n" % shard for shard in range(SHARDS)).encode(), check=True,
                   timeout=300)


def sessions(octets):
    found = [json.loads(line) for line in octets.splitlines()]
    for record in found:
        for finding in record.get("findings", []) if record["record"] == "session" else []:
            for place in (finding, *finding["related"]):
                del place["session"]
        record.pop("id", None)
    return sorted(json.dumps(record, sort_keys=True) for record in found if record["record"] == "session")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--captures", required=True)
    arguments = parser.parse_args()
    smtpscope, captures = os.path.abspath(arguments.smtpscope), os.path.abspath(arguments.captures)
    with tempfile.TemporaryDirectory() as output:
        try:
            run_with_slurm(smtpscope, captures, output)
            engine = "Slurm"
        except NoEngine as reason:
            print("Slurm cannot run here: %s" % reason)
            run_with_parallel(smtpscope, captures, output)
            engine = "GNU parallel"
        shards = []
        for shard in range(SHARDS):
            with open(os.path.join(output, "shard-%d.ndjson" % shard), "rb") as file:
                shards.append(sessions(file.read()))
    names = sorted(glob.glob(captures + "/*.pcap*"))
    whole = subprocess.run([smtpscope, "sessions", "--format", "json", *names], stdout=subprocess.PIPE, check=True, timeout=300)
    expected = sessions(whole.stdout)
    print("%s: %s sessions in %d shards, %d in the whole run" % (engine, " + ".join(str(len(shard)) for shard in shards), SHARDS, len(expected)))
    return 0 if sorted(sum(shards, [])) == expected and len(expected) > 12 else 1


if __name__ == "__main__":
    sys.exit(main())
