#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged captures: no crash, no bug that Wireshark reports, no endless loop.

usage: damage.py --plugins FOLDER [--sanitized] [--seeds N] FOLDER...

editcap changes one octet in a hundred, and one in twenty, of each capture, with so many seeds; tshark reads the result with two
passes and shows everything. --sanitized: the plugin was built with AddressSanitizer, which must be in the program first.
"""
import argparse
import os
import random
import subprocess
import sys

from wireshark import Wireshark, captures_of

SECONDS = 60
SIGNS = (b"Dissector bug", b"AddressSanitizer", b"runtime error", b"ASSERT", b"Segmentation")


def sanitizer():
    library = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    return {"LD_PRELOAD": os.path.realpath(library), "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


def look(wireshark, environment, capture, *options):
    """What is wrong with a look at the capture; nothing if all is well."""
    try:
        done = wireshark.run("tshark", "-2", "-n", "-V", "-r", capture, "-z", "esmtp,tree", "-z", "esmtp,srt", *options,
                             timeout=SECONDS, check=False, environment=environment)
    except subprocess.TimeoutExpired:
        return "takes longer than %d seconds" % SECONDS, b""
    for sign in SIGNS:
        for output in (done.stdout, done.stderr):
            at = output.find(sign)
            if at >= 0:
                return output[max(0, at - 200):at + 1500].decode(errors="replace"), done.stdout
    if done.returncode not in (0, 2):
        return "exit status %d: %s" % (done.returncode, done.stderr.decode(errors="replace")[-500:]), done.stdout
    return None, done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    wireshark = Wireshark(arguments.plugins)
    environment = sanitizer() if arguments.sanitized else {}
    captures = captures_of(arguments.folders)
    folder = wireshark.folder()
    damaged = os.path.join(folder, "damaged.pcap")
    failed = runs = seen = 0
    for capture in captures:
        # Which preferences, and which seeds, depends on nothing but the name: a failure can be repeated.
        choice = random.Random(os.path.basename(capture))
        problem, output = look(wireshark, environment, os.path.abspath(capture))
        seen += output.count(b"SMTP dialogue (smtpscope)")
        found = [("undamaged", problem)] if problem else []
        for seed in range(1, arguments.seeds + 1):
            for share in ("0.01", "0.05"):
                wireshark.run("editcap", "-E", share, "--seed", str(seed), os.path.abspath(capture), damaged)
                options = choice.choice([[], ["-o", "tcp.reassemble_out_of_order:TRUE"], ["-o", "tcp.desegment_tcp_streams:FALSE"],
                                         ["-o", "esmtp.run_smtp:TRUE", "-o", "esmtp.show_secrets:TRUE"]])
                problem, output = look(wireshark, environment, damaged, *options)
                runs += 1
                if problem:
                    found.append(("editcap -E %s --seed %d, %s" % (share, seed, " ".join(options)), problem))
        failed += bool(found)
        for what, problem in found[:3]:
            print("%s, %s: %s" % (os.path.basename(capture), what, problem))
    print("%d captures, %d looks at damage, the plugin seen %d times, %d captures with problems" % (len(captures), runs, seen, failed))
    return 1 if failed or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
