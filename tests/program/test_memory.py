#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory stays within --memory-limit, whatever the capture and whatever the output.

usage: test_memory.py --smtpscope PROGRAM [UNITTEST-ARGUMENT...]

The temporary file goes to a folder beside the captures, so that on a tmpfs it is not taken for the program's memory by mistake: what is
measured is the program's peak of pages that are in memory, its own and those of files (VmHWM, or its peak at the end)."""
import argparse
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
    "lines-of-reply": (600_000, DIALOGUES),
    "short-lines-of-reply": (600_000, "transcript report"),
    "replies-of-lines": (60_000, DIALOGUES),
    "unasked-replies": (100_000, "transcript findings"),
    "recipients": (150_000, ALL),
    "refused-recipients": (100_000, MAILS),
    "lmtp-recipients": (100_000, "transcript messages-json"),
    "logins": (60_000, ALL),
    "steps-of-logins": (20_000, DIALOGUES),
    "keywords": (100_000, "transcript servers report"),
    "keywords-of-one": (300_000, "transcript sessions-json servers report"),
    "chunks": (100_000, MAILS),
    "gaps": (100_000, ALL),
    "gaps-of-server": (60_000, SESSIONS),
    "findings": (60_000, SESSIONS),
    "mails": (8000, ALL),
    "headers": (800, ALL),
    "long-subjects": (400, MAILS),
    "attachments": (20_000, MAILS),
    "depth": (20_000, "full files"),
    "long-lines": (4, DIALOGUES),
    "pipelined": (100_000, DIALOGUES),
    "commands": (100_000, DIALOGUES),
    "idle": (22_500, ALL),
    "banners": (22_500, "sessions report"),
    "noops": (5000, "sessions findings"),
    "open-mails": (8000, "sessions files report"),
    "open-headers": (500, "sessions zeek files"),
    "clients": (12_000, "findings servers report"),
    "servers": (12_000, "findings servers servers-json report"),
    "mail-each": (10_000, "sessions-json files verify report"),
    "syns": (200_000, "sessions"),
    "answered-syns": (100_000, "sessions"),
    "out-of-order": (100_000, "sessions"),
    "out-of-order-large": (20_000, "sessions files"),
    "fragments": (30_000, "sessions"),
    "tunnels": (20_000, "sessions"),
    "not-smtp": (20_000, "findings report"),
    "resets": (5000, "sessions report"),
    "unknown-words": (2_000_000, SESSIONS),
    "server-noise": (2_000_000, SESSIONS),
    "proofs": (60_000, "transcript sessions-json findings"),
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
        for output in outputs.split():
            arguments = [word.format(scratch=SCRATCH, capture=capture) for word in OUTPUTS[output]]
            with self.subTest(output=output):
                status, said, peak = measure(*arguments, *([] if output == "explain" else [capture]))
                self.assertIn(status, (0, 3), said)
                if not SANITIZED:
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
    for name in CAPTURES:
        setattr(Memory, "test_" + name.replace("-", "_"), lambda self, name=name: self.check(name))
    SCRATCH = tempfile.mkdtemp(prefix="smtpscope-memory-", dir=os.getcwd())
    try:
        result = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=1).result
        return 0 if result.wasSuccessful() and result.testsRun > 0 else 1
    finally:
        shutil.rmtree(SCRATCH)


if __name__ == "__main__":
    sys.exit(main())
