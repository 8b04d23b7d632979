#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same frame shows the same tree however it is reached.

usage: random_access.py --plugins FOLDER FOLDER...

sharkd is asked for the frames of each capture forwards, backwards and shuffled; what it shows must be the same, and the same as
in tshark's second pass.
"""
import argparse
import json
import os
import random
import sys

from wireshark import Wireshark, captures_of

SHOWN = ("esmtp", "imf") # what TLS shows is not the same each time, by itself


def preferences_of(capture):
    keys = os.path.splitext(os.path.abspath(capture))[0] + ".keys"
    return [("tls.keylog_file", keys)] if os.path.exists(keys) else []


def ask(wireshark, capture, frames):
    """What sharkd shows of the frames, asked for in this order: {frame: (protocols' trees, columns)}."""
    requests = [("setconf", {"name": name, "value": value}) for name, value in preferences_of(capture)]
    requests += [("load", {"file": os.path.abspath(capture)})]
    first = len(requests) + 1
    requests += [("frame", {"frame": frame, "proto": True, "columns": True}) for frame in frames]
    text = "".join(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"
                   for number, (method, params) in enumerate(requests, 1))
    done = wireshark.run("sharkd", "-", stdin=None, input=text.encode(), check=False)
    shown = {}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        answer = json.loads(line)
        if "error" in answer:
            sys.exit("sharkd on %s: %s" % (capture, answer["error"]))
        if answer["id"] < first:
            continue
        result = answer["result"]
        trees = [tree for tree in result["tree"] if tree.get("f") in SHOWN]
        shown[frames[answer["id"] - first]] = (trees, result["col"])
    if done.returncode != 0 or len(shown) != len(set(frames)):
        sys.exit("sharkd on %s: exit status %d, %d of %d frames: %s" % (
            capture, done.returncode, len(shown), len(frames), done.stderr.decode(errors="replace")[-500:]))
    return shown


def labels(tree):
    yield tree["l"]
    for node in tree.get("n", []):
        yield from labels(node)


def bare(label):
    label = label.strip()
    return label[1:-1] if label.startswith("[") and label.endswith("]") else label


def second_pass(wireshark, capture):
    """The labels of the plugin's tree in tshark's second pass, by frame."""
    options = [word for preference in preferences_of(capture) for word in ("-o", "%s:%s" % preference)]
    done = wireshark.run("tshark", "-2", "-r", os.path.abspath(capture), "-V", "-O", "esmtp", *options, check=False)
    shown, frame, inside = {}, 0, False
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if not line.strip():
            inside = False
        elif not line.startswith(" "):
            if line.startswith("Frame "):
                frame = int(line.split()[1].rstrip(":"))
            inside = line.startswith("SMTP dialogue")
        if inside:
            shown.setdefault(frame, []).append(bare(line))
    return shown


def check(wireshark, capture):
    count = len(wireshark.run("tshark", "-r", os.path.abspath(capture), "-T", "fields", "-e", "frame.number",
                              check=False).stdout.split())
    frames = list(range(1, count + 1))
    shuffled = frames[:]
    random.Random(os.path.basename(capture)).shuffle(shuffled)
    forwards = ask(wireshark, capture, frames)
    problems = []
    for name, order in (("backwards", frames[::-1]), ("shuffled", shuffled + shuffled[: count // 2])):
        other = ask(wireshark, capture, order)
        problems += ["frame %d shown %s differs:\n%s\n%s" % (frame, name, forwards[frame], other[frame])
                     for frame in frames if other[frame] != forwards[frame]]
    text = second_pass(wireshark, capture)
    for frame in frames:
        mine = [bare(label) for tree in forwards[frame][0] if tree["f"] == "esmtp" for label in labels(tree)]
        if mine != text.get(frame, []):
            problems.append("frame %d differs from the second pass:\n%s\n%s" % (frame, mine, text.get(frame)))
    return problems, sum(1 for frame in frames if forwards[frame][0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugins", required=True)
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    wireshark = Wireshark(arguments.plugins)
    wireshark.require_plugin()
    captures = captures_of(arguments.folders)
    failed = shown = 0
    for capture in captures:
        problems, count = check(wireshark, capture)
        shown += count
        failed += bool(problems)
        for problem in problems[:5]:
            print("%s: %s" % (os.path.basename(capture), problem))
    print("%d captures, %d frames of the plugin, %d captures differ" % (len(captures), shown, failed))
    return 1 if failed or shown == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
