#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the shared corpus' own check, and skip (exit status 77) where the corpus is not there.

usage: corpus.py --smtpscope PROGRAM --shared FOLDER
"""
import argparse
import os
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--shared", required=True)
    arguments = parser.parse_args()
    check = os.path.join(arguments.shared, "tools", "check-corpus")
    if not os.path.exists(check):
        print("skipped: no capture corpus in %s" % arguments.shared)
        return 77
    return subprocess.run([sys.executable, check, "--binary", arguments.smtpscope], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
