#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory stays within --memory-limit, whatever the capture and whatever the output.

usage: test_memory.py --smtpscope PROGRAM [UNITTEST-ARGUMENT...]

The temporary file goes to a folder beside the captures, so that on a tmpfs it is not taken for the program's memory by mistake: what is
measured is the program's peak of pages that are in memory, its own and those of files (VmHWM, or its peak at the end)."""
import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import hostile

ARGUMENTS = None
SCRATCH = None
SANITIZED = False

OUTPUTS = {
    "transcript": [],
    "full": ["--full"],
    "transcript-json": ["--format", "json"],
    "sessions": ["sessions"],
    "sessions-json": ["sessions", "--format", "json", "--sort", "start"],
    "zeek": ["sessions", "--format", "zeek"],
    "zeek-json": ["sessions", "--format", "zeek-json"],
    "eve": ["sessions", "--format", "eve"],
    "messages": ["messages"],
    "messages-json": ["messages", "--format", "json"],
    "files": ["messages", "--output-dir", "{scratch}/files", "--attachments"],
    "verify": ["messages", "--verify", "{scratch}/files", "--format", "json"],
    "findings": ["findings"],
    "findings-json": ["findings", "--format", "json"],
    "servers": ["servers"],
    "servers-json": ["servers", "--format", "json"],
    "report": ["report", "-o", "{scratch}/report.html"],
    "explain": ["explain", "--capture", "{capture}"],
}
ALL = " ".join(OUTPUTS)
DIALOGUES = "transcript full transcript-json report explain"
MAILS = "transcript full zeek eve messages-json files verify report"
SESSIONS = "transcript sessions-json zeek findings servers report explain"

# Of each capture, how much, and the outputs that look at what there is much of.
CAPTURES = {
    "lines-of-reply": (400_000, DIALOGUES),
    "short-lines-of-reply": (400_000, "transcript"),
    "replies-of-lines": (40_000, "transcript report"),
    "unasked-replies": (60_000, "transcript findings"),
    "recipients": (150_000, ALL),
    "refused-recipients": (80_000, "zeek transcript-json"),
    "lmtp-recipients": (40_000, "transcript messages-json"),
    "logins": (40_000, ALL),
    "steps-of-logins": (10_000, "transcript report"),
    "keywords": (60_000, "transcript servers"),
    "keywords-of-one": (200_000, "transcript servers"),
    "chunks": (50_000, "transcript files"),
    "gaps": (80_000, ALL),
    "gaps-of-server": (40_000, "transcript sessions-json report"),
    "findings": (40_000, "transcript findings report"),
    "mails": (5_000, MAILS),
    "headers": (400, MAILS),
    "long-subjects": (300, "full zeek"),
    "attachments": (20_000, "files verify report"),
    "depth": (10_000, "full files"),
    "long-lines": (4, "full report"),
    "pipelined": (60_000, "transcript report"),
    "commands": (60_000, "transcript explain"),
    "idle": (15_000, SESSIONS),
    "banners": (10_000, "sessions"),
    "noops": (3_000, "findings"),
    "open-mails": (3_000, "files report"),
    "open-headers": (300, "zeek files"),
    "open-parts": (600, "files report"),
    "open-attachments": (60, "files report"),
    "encoded-messages": (3, "files"),
    "clients": (8_000, "findings servers report"),
    "servers": (6_000, "findings servers-json report"),
    "mail-each": (6_000, "transcript sessions-json files verify report"),
    "behind-one": (20_000, "transcript sessions-json report"),
    "conflicts": (10_000, "transcript report"),
    "syns": (150_000, "sessions"),
    "answered-syns": (50_000, "sessions"),
    "out-of-order": (60_000, "sessions"),
    "out-of-order-large": (15_000, "files"),
    "fragments": (30_000, "sessions"),
    "tunnels": (10_000, "sessions"),
    "not-smtp": (10_000, "findings report"),
    "resets": (3_000, "sessions"),
    "unknown-words": (1_000_000, "transcript findings"),
    "server-noise": (1_000_000, "transcript report"),
    "proofs": (30_000, "transcript findings"),
}

LAUNCHER = """
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, usage = os.wait4(process, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=sys.stderr)
"""


def measure(*arguments, limit="32M"):
    """Exit status, what was said on standard error, and the peak of memory in KiB."""
    done = subprocess.run([sys.executable, "-S", "-E", "-c", LAUNCHER, ARGUMENTS.smtpscope, *arguments, "--memory-limit", limit],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=600,
                          env={**os.environ, "TMPDIR": SCRATCH, "LC_ALL": "C.UTF-8"})
    said, _, numbers = done.stderr.decode().rstrip("\n").rpartition("\n")
    status, peak = numbers.split()
    return int(status), said, int(peak)


class Memory(unittest.TestCase):
    """A method for each capture is added below."""

    def check(self, name):
        size, outputs = CAPTURES[name]
        capture = hostile.write(os.path.join(SCRATCH, "hostile.pcap"), name, size)
        shutil.rmtree(os.path.join(SCRATCH, "files"), ignore_errors=True)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = {}
            for output in outputs.split():
                arguments = [word.format(scratch=SCRATCH, capture=capture) for word in OUTPUTS[output]]
                if output == "verify": # of what was written
                    running["files"].result()
                running[output] = pool.submit(measure, *arguments, *([] if output == "explain" else [capture]))
        for output, measured in running.items():
            with self.subTest(output=output):
                status, said, peak = measured.result()
                self.assertIn(status, (0, 3), said)
                self.assertLess(peak, 32 * 1024 * 1.1)

    def test_nobody_is_hidden(self):
        """Greeters by the thousands hide no mail behind them, at any limit; what was not followed is said."""
        for name in ("idle", "banners", "noops", "answered-syns"):
            capture = hostile.write(os.path.join(SCRATCH, "hostile.pcap"), name, 3000)
            for limit in ("32M", "48M"):
                with self.subTest(name, limit=limit):
                    done = subprocess.run([ARGUMENTS.smtpscope, "messages", "--format", "json", "--memory-limit", limit, capture],
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": SCRATCH}, timeout=120)
                    records = [json.loads(line) for line in done.stdout.splitlines()]
                    given_up = records[-1]["dropped"].get("memory-limit", 0)
                    self.assertEqual([record["message"]["complete"] for record in records[:-1]], [True] * 20)
                    self.assertEqual(done.returncode, 3 if given_up > 0 else 0)
                    self.assertEqual(given_up > 0, name != "answered-syns") # of those nobody said anything


def main():
    global ARGUMENTS, SCRATCH, SANITIZED
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    with open(ARGUMENTS.smtpscope, "rb") as program:
        SANITIZED = b"__asan_init" in program.read()
    if SANITIZED:
        print("the program is built with AddressSanitizer: its memory is the sanitizer's, and not measured")
    for name in CAPTURES if not SANITIZED else ():
        setattr(Memory, "test_" + name.replace("-", "_"), lambda self, name=name: self.check(name))
    SCRATCH = tempfile.mkdtemp(prefix="smtpscope-memory-", dir=os.getcwd())
    try:
        result = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=1).result
        return 0 if result.wasSuccessful() and result.testsRun > 0 else 1
    finally:
        shutil.rmtree(SCRATCH)


if __name__ == "__main__":
    sys.exit(main())
