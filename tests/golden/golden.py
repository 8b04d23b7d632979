#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold the transcripts of the bundled captures against the expected ones.

usage: golden.py --smtpscope PROGRAM --captures FOLDER [--update]

For each captures/NAME.pcap or .pcapng there are captures/expected/NAME.txt (the text transcript) and NAME.json (the JSON
transcript); where there is a key log captures/NAME.keys, also NAME.keys.txt and NAME.keys.json, which are made with it. --update writes
them anew: read the difference before keeping it.
"""
import argparse
import difflib
import json
import os
import re
import subprocess
import sys


def run(smtpscope, folder, name, *options):
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run([smtpscope, *options, name], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if done.returncode != 0 or done.stderr:
        sys.exit("%s: exit status %d, standard error: %s" % (name, done.returncode, done.stderr.decode()))
    return done.stdout.decode("utf-8")


def check_layout(name, text):
    """No line of a text transcript is wider than the page (full-width characters aside)."""
    return ["%s: line %d has %d columns: %s" % (name, number, len(line), line)
            for number, line in enumerate(text.splitlines(), 1) if len(line) > 100]


def expectations(smtpscope, folder, name):
    """(NAME.ENDING, text) of all transcripts of a capture."""
    base = name.rsplit(".", 1)[0]
    yield base + ".txt", run(smtpscope, folder, name)
    yield base + ".json", run(smtpscope, folder, name, "--format", "json")
    if os.path.exists(os.path.join(folder, base + ".keys")):
        keys = ("--keylog", base + ".keys")
        yield base + ".keys.txt", run(smtpscope, folder, name, *keys)
        yield base + ".keys.json", run(smtpscope, folder, name, *keys, "--format", "json")


def check_readme(readme, transcript):
    """The transcript in the README is the expected one, with nothing left out but where it says [...]."""
    with open(readme, encoding="utf-8") as file:
        block = re.search(r"^    ━━ SMTP session.*?(?=^\S)", file.read(), re.MULTILINE | re.DOTALL).group()
    shown = re.sub("^    ", "", block, flags=re.MULTILINE).strip("\n")
    at, problems = 0, []
    for part in shown.split("\n[...]\n"):
        found = transcript.find(part, at)
        if found < 0:
            problems.append("%s: not in the expected transcript, or not in this order:\n%s" % (readme, part))
        else:
            at = found + len(part)
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--captures", required=True)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    smtpscope = os.path.abspath(arguments.smtpscope)
    expected = os.path.join(arguments.captures, "expected")
    names = sorted(name for name in os.listdir(arguments.captures) if name.endswith((".pcap", ".pcapng")))
    if len(names) < 12:
        sys.exit("only %d captures in %s" % (len(names), arguments.captures))
    problems = []
    for name in names:
        for file_name, got in expectations(smtpscope, arguments.captures, name):
            if file_name.endswith(".txt"):
                problems += check_layout(file_name, got)
            else:
                for line in got.splitlines():
                    json.loads(line)
            path = os.path.join(expected, file_name)
            if arguments.update:
                os.makedirs(expected, exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(got)
                continue
            with open(path, encoding="utf-8") as file:
                want = file.read()
            if want != got:
                problems += difflib.unified_diff(want.splitlines(), got.splitlines(), path, "now", lineterm="", n=1)
    with open(os.path.join(expected, "by-hand.txt"), encoding="utf-8") as file:
        problems += check_readme(os.path.join(arguments.captures, "..", "README.md"), file.read())
    print("\n".join(problems[:200]))
    print("%d captures, %s" % (len(names), "differences found" if problems else "as expected"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
