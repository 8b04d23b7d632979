#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The reader and the worker share nothing by accident: every output under ThreadSanitizer.

usage: test_threads.py --smtpscope PROGRAM --captures FOLDER
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "program"))
from pcap import Capture, Connection, mail, many_mails

RUNS = (
    ("transcript",), ("transcript", "--full"), ("transcript", "--format", "json", "--sort", "start"),
    ("sessions", "--timing"), ("sessions", "--format", "json", "--hash-input"), ("sessions", "--format", "zeek"), ("sessions", "--format", "eve"),
    ("messages", "--output-dir", "out", "--attachments"), ("messages", "--verify", "out"),
    ("findings",), ("servers", "--format", "json"), ("report", "-o", "page.html"), ("report", "--sort", "end", "-o", "page.html"),
)


def interleaved(name):
    """Sessions that overlap: those that end early wait for their turn with --sort start."""
    capture = Capture()
    first = Connection(capture, client_port=30000)
    for port in range(200):
        mail(Connection(capture, client_port=40000 + port))
    mail(first)
    capture.save(name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--captures", required=True)
    arguments = parser.parse_args()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TSAN_OPTIONS": "halt_on_error=0 exitcode=66"}
    captures = sorted(glob.glob(os.path.join(os.path.abspath(arguments.captures), "*.pcap*")))
    problems = runs = 0
    with tempfile.TemporaryDirectory() as folder:
        many_mails(os.path.join(folder, "many.pcap"), 300)
        interleaved(os.path.join(folder, "interleaved.pcap"))
        for names in (captures, ["many.pcap"], ["interleaved.pcap", *captures[:2]]):
            for number, run in enumerate(RUNS):
                command = [word if word != "out" else "out%d" % len(names) for word in run]
                done = subprocess.run([arguments.smtpscope, *command, "--memory-limit", "32M", *names], cwd=folder, env=environment,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120)
                runs += 1
                if done.returncode not in (0, 3) or b"ThreadSanitizer" in done.stderr:
                    problems += 1
                    print("%s of %s: status %d\n%s" % (" ".join(command), names[0], done.returncode,
                                                      re.sub(r"(?m)^=+$", "", done.stderr.decode("utf-8", "replace"))[:4000]))
    print("%d runs, %d problems" % (runs, problems))
    return 1 if problems or runs < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
