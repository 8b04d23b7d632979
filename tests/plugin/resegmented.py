#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments cut anew, sent twice and captured in another order: the plugin still agrees with smtpscope; and where TLS is decrypted, it
still sees the same dialogue.

usage: resegmented.py --smtpscope PROGRAM --plugins FOLDER [--rounds N] FOLDER...
"""
import argparse
import os
import random
import sys

import agreement
from wireshark import Wireshark, captures_of, pairs

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "program"))
import rearranged

# What each round does, and the settings under which Wireshark's TCP hands all octets on, as they came.
ROUNDS = (
    ("cut", ()),
    ("cut, without TCP's help", ("tcp.desegment_tcp_streams:FALSE", "tcp.no_subdissector_on_error:FALSE")),
    ("cut and twice", ("tcp.no_subdissector_on_error:FALSE",)),
    ("cut and in another order", ("tcp.desegment_tcp_streams:FALSE", "tcp.no_subdissector_on_error:FALSE")),
)


def change(packets, what, chance):
    changed = [rearranged.Packet(packet.time, packet.frame, packet.wire) for packet in packets]
    changed = list(rearranged.resegment(changed, chance))
    if "twice" in what:
        changed = rearranged.duplicate(changed, chance)
    if "order" in what:
        changed = rearranged.reorder(changed, chance)
    return changed


def dialogue(wireshark, path, keys):
    """What was said under TLS, without where it was said."""
    said = []
    for _, layers in wireshark.packets(path, "-o", "tls.keylog_file:" + keys):
        for layer in layers:
            for name in ("esmtp.command", "esmtp.reply", "esmtp.boundary"):
                said += [(name, value, tree.get("esmtp.boundary.event")) for value, tree in pairs(layer, name)]
    return sorted(said, key=str)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    arguments.smtpscope = os.path.abspath(arguments.smtpscope)
    wireshark = Wireshark(arguments.plugins)
    wireshark.require_plugin()
    path = os.path.join(wireshark.folder(), "changed.pcap")
    tried = failed = 0
    for capture in captures_of(arguments.folders):
        name = os.path.basename(capture)
        packets = rearranged.read(capture)
        if packets is None or len(packets) > 3000:
            continue
        allowed = agreement.LACKING.get(name, (set(), ""))[0]
        for number in range(arguments.rounds):
            for what, preferences in ROUNDS:
                chance = random.Random("%s %s %d" % (name, what, number))
                rearranged.write(path, change(packets, what, chance))
                options = [word for preference in preferences for word in ("-o", preference)]
                problems = [text for key, text in agreement.compare(arguments, wireshark, path, options) if key not in allowed]
                tried += 1
                failed += bool(problems)
                for problem in problems[:3]:
                    print("%s, %s, round %d: %s" % (name, what, number, problem))
        keys = os.path.splitext(os.path.abspath(capture))[0] + ".keys"
        if os.path.exists(keys):
            want = dialogue(wireshark, os.path.abspath(capture), keys)
            for number in range(3 * arguments.rounds):
                rearranged.write(path, change(packets, "cut", random.Random("%s keys %d" % (name, number))))
                got = dialogue(wireshark, path, keys)
                tried += 1
                if got != want or not want:
                    failed += 1
                    print("%s, decrypted, round %d: %d lines, not %d" % (name, number, len(got), len(want)))
    print("%d changed captures, %d differ" % (tried, failed))
    return 1 if failed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
