#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every word of the protocol that occurs in the captures has an entry in the reference.

usage: covered.py --smtpscope PROGRAM FOLDER...

Takes the verbs, parameters, codes, extension keywords and mechanisms from the JSON transcripts, and asks `smtpscope explain` for
each. Words that are no well-formed protocol (unknown commands, overwritten keywords) are left out.
"""
import argparse
import json
import os
import re
import subprocess
import sys

ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
ATOM = re.compile(r"^[A-Za-z0-9][A-Za-z0-9-]*$")


def transcript(smtpscope, capture):
    done = subprocess.run([smtpscope, "--format", "json", capture], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120)
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def parameters(argument):
    """The parameters behind the path of MAIL or RCPT."""
    found = re.match(r"^(?:FROM|TO)\s*:\s*<[^>]*>\s+(.*)$", argument or "", re.IGNORECASE)
    return [word.split("=")[0] for word in found.group(1).split()] if found else []


def keyword_words(line):
    """The keyword, and the mechanisms if it is AUTH."""
    text = line[4:].strip()
    if re.match(r"^(AUTH|X-EXPS)[ =]", text, re.IGNORECASE):
        words = re.split(r"[ =]+", text)
        return words[0].upper(), [word.upper() for word in words[1:]]
    return text.split(" ")[0].upper(), []


def masked(word):
    """STARTTLS overwritten in transit is no word."""
    return re.match(r"^X{7}[A-Z]$", word) is not None


def occurrences(records):
    """(kind, word) of everything that is well-formed; a command only if the server did not call it unknown."""
    verbs = {record["frame"]: record["verb"] for record in records if record["record"] == "command"}
    refused = {(record["session"], record["to_command_frame"]) for record in records
               if record["record"] == "reply" and record["code"] in (500, 502)}
    for record in records:
        kind = record["record"]
        if kind == "command":
            if ATOM.match(record["verb"] or "") and (record["session"], record["frame"]) not in refused:
                yield "command", record["verb"]
            if record["verb"] in ("MAIL", "RCPT"):
                for word in parameters(record["argument"]):
                    if ATOM.match(word):
                        yield "parameter", word.upper()
        elif kind == "reply" and record["code"]:
            yield "reply", str(record["code"])
            if record["enhanced"]:
                yield "status", record["enhanced"]
            if record["code"] == 250 and verbs.get(record["to_command_frame"]) in ("EHLO", "LHLO"):
                for line in record["lines"][1:]:
                    word, mechanisms = keyword_words(line)
                    if ATOM.match(word) and not masked(word):
                        yield "keyword", word
                    for mechanism in mechanisms:
                        yield "mechanism", mechanism
        elif kind == "boundary" and record["kind"] == "auth" and record["mechanism"]:
            yield "mechanism", record["mechanism"].upper()


def explained(smtpscope, words):
    """The (kind, name) pairs that have an entry of their own."""
    done = subprocess.run([smtpscope, "explain", "--format", "json", "--", *words], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120)
    entries = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    return {(entry["kind"], entry["given"]) for entry in entries if entry["record"] == "reference"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    where, captures = {}, 0
    for folder in arguments.folders:
        if not os.path.isdir(folder):
            print("%s is not here: its captures are skipped" % folder)
            continue
        for name in sorted(os.listdir(folder)):
            if re.search(r"\.(pcap|pcapng|cap)(\.\w+)?$", name):
                captures += 1
                for pair in occurrences(transcript(arguments.smtpscope, os.path.join(folder, name))):
                    where.setdefault(pair, name)
    have = explained(arguments.smtpscope, sorted({word for _, word in where}))
    missing = sorted(pair for pair in where if pair not in have)
    for kind, word in missing:
        print("no entry for the %s %s, seen in %s" % (kind, word, where[kind, word]))
    kinds = {kind: sum(1 for pair in where if pair[0] == kind) for kind, _ in where}
    print("%d captures: %s" % (captures, ", ".join("%d %s" % (kinds[kind], kind) for kind in sorted(kinds))))
    if captures < 10 or len(kinds) < 6:
        sys.exit("too little was found to call it covered")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
