#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The installed program, for the tests of it.

Each test_*.py that imports this is run as

    test_<what>.py --build FOLDER --captures FOLDER [UNITTEST-ARGUMENT...]

main() installs the build into a scratch folder; the program is run from there.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from pcap import Capture, Connection, mail

ARGUMENTS = None
SCRATCH = None
SMTPSCOPE = None
UNPRIVILEGED = 65534


def settings(more=None):
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""), **(more or {})}


def run(*arguments, stdin=None, environment=None, stdout=subprocess.PIPE, **more):
    return subprocess.run([SMTPSCOPE, *arguments], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          stdout=stdout, stderr=subprocess.PIPE, env=settings(environment), timeout=120, cwd=SCRATCH, **more)


def run_and_measure(*arguments, descriptors=None):
    """As run, with the peak of memory in KiB; None where a sanitizer has a memory of its own. With so many descriptors at the most."""
    script = ("import os, resource, sys\n"
              + ("resource.setrlimit(resource.RLIMIT_NOFILE, (%d, %d))\n" % (descriptors, descriptors) if descriptors else "") +
              "status = os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])\n"
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
              "sys.exit(status)\n")
    done = subprocess.run([sys.executable, "-c", script, SMTPSCOPE, *arguments], cwd=SCRATCH, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=settings(), timeout=120)
    with open(SMTPSCOPE, "rb") as program:
        sanitized = b"__asan_init" in program.read()
    return done, None if sanitized else int(done.stderr.split()[-1])


def records(*arguments, **more):
    done = run(*arguments, "--format", "json", **more)
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()], done


def without(value, keys):
    """The record without some keys, however deep they are."""
    if isinstance(value, dict):
        return {key: without(inner, keys) for key, inner in value.items() if key not in keys}
    return [without(inner, keys) for inner in value] if isinstance(value, list) else value


def path(name):
    return os.path.join(SCRATCH, name)


def write(name, octets):
    with open(path(name), "wb") as file:
        file.write(octets)
    return path(name)


def write_capture(name, capture):
    capture.save(path(name))
    return name


def one_mail():
    capture = Capture()
    mail(Connection(capture))
    return capture.octets()


def main():
    global ARGUMENTS, SCRATCH, SMTPSCOPE
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--captures", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    SCRATCH = tempfile.mkdtemp(prefix="smtpscope-test-")
    try:
        subprocess.run(["cmake", "--install", ARGUMENTS.build, "--prefix", os.path.join(SCRATCH, "prefix")], check=True,
                       stdout=subprocess.DEVNULL)
        SMTPSCOPE = os.path.join(SCRATCH, "prefix", "bin", "smtpscope")
        started = time.monotonic()
        result = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=1).result
        print("%.0f s" % (time.monotonic() - started))
        return 0 if result.wasSuccessful() and result.testsRun > 0 else 1
    finally:
        shutil.rmtree(SCRATCH)
