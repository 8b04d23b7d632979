#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A secret is in no output, in no encoding: dialogues with planted ones (secret_dialogues.py), cut in several ways, through every output.

usage: test_secrets.py --smtpscope PROGRAM [--plugins FOLDER]

With --plugins the outputs are tshark's, with the plugin; else the program's. What is looked for are pieces of five octets in clear (in
any case), and longer ones in base64 wherever its groups begin, in hexadecimal digits and behind percent signs.
"""
import argparse
import base64
import json
import os
import random
import re
import subprocess
import sys
import tempfile

from pcap import Capture, Connection
from secret_dialogues import dialogues

OUTPUTS = [["transcript"], ["transcript", "--full"], ["transcript", "--format", "json"], ["sessions"], ["sessions", "--timing"], ["sessions", "--format", "json"],
           ["sessions", "--format", "zeek"], ["sessions", "--format", "zeek-json"], ["sessions", "--format", "eve"], ["messages"], ["messages", "--format", "json"],
           ["findings"], ["findings", "--format", "json"], ["servers"], ["servers", "--format", "json"], ["report"], ["explain", "--capture"]]
TSHARK = {"Info": ["-T", "fields", "-e", "_ws.col.Info"], "-V": ["-V", "-O", "esmtp"], "PDML": ["-T", "pdml", "-J", "esmtp"], "JSON": ["-T", "json", "-J", "esmtp"],
          "EK": ["-T", "ek", "-J", "esmtp"]}


# ---- captures ----

SEGMENT = 16000 # octets, at the most


def whole(octets, _):
    return [octets[i:i + SEGMENT] for i in range(0, len(octets), SEGMENT)]


def single(octets, _):
    return [octets[i:i + 1] for i in range(len(octets))] if len(octets) < 400 else whole(octets, _)


def cut(octets, chooser):
    places = sorted(chooser.sample(range(1, len(octets)), min(3, len(octets) - 1))) if len(octets) > 1 else []
    return [part for a, b in zip([0] + places, places + [len(octets)]) for part in whole(octets[a:b], chooser)]


def save(made, cutter, path):
    capture, chooser = Capture(), random.Random(5)
    for number, (_, steps, _, _, options) in enumerate(made):
        connection = Connection(capture, client_port=20000 + number)
        if options["begun"]:
            connection.open()
        for who, octets in steps:
            for part in cutter(octets, chooser):
                connection.say(who.upper(), part, record=who.isupper())
        if options["begun"]:
            connection.close()
    capture.save(path)
    os.chmod(path, 0o644)


# ---- what is looked for ----

WORDS = re.compile(r"""[^\s"<>,;(){}\[\]]{5,}""")


COMMUNITY_ID = re.compile(r"1:[A-Za-z0-9+/]{27}=")


def pieces(text, length):
    return {text[i:i + length] for i in range(len(text) - length + 1)}


def needles(made):
    """By length: each piece of a secret in some encoding, and the dialogue that it is planted in."""
    found = {5: {}, 8: {}, 10: {}, 15: {}}
    for name, _, planted, _, _ in made:
        for text in planted:
            length = 5 if len(text) < 200 else 8 # of a long one some pieces would be found by chance
            for piece in pieces(text.lower(), length):
                found[length][piece] = name
            for before in range(3):
                encoded = base64.b64encode(b"x" * before + text.encode()).decode().rstrip("=")
                encoded = encoded[(before * 8 + 5) // 6:(before + len(text)) * 8 // 6]
                for piece in pieces(encoded.lower(), 8):
                    found[8][piece] = name
            for piece in pieces(text.encode().hex(), 10):
                found[10][piece] = name
            for piece in pieces("".join("%%%02x" % octet for octet in text.encode()), 15):
                found[15][piece] = name
    return found


def leaks(output, wanted):
    """By dialogue: a piece of its secret, and the word that holds it. No secret here holds what separates words."""
    found = {}
    for word in set(WORDS.findall(COMMUNITY_ID.sub("", output).lower())):
        for length, known in wanted.items():
            for piece in pieces(word, length) & known.keys():
                found.setdefault(known[piece], (piece, word))
    return found


class Checker:
    def __init__(self, made):
        self.made, self.wanted, self.failures = made, needles(made), 0

    def check(self, what, output):
        for name, (piece, word) in sorted(leaks(output, self.wanted).items()):
            self.failures += 1
            at = max(0, word.find(piece) - 60)
            print("%s: %s: %r is shown: ...%s..." % (what, name, piece, word[at:at + 140]))

    def expect(self, name, good, what):
        if not good:
            self.failures += 1
            print("%s: %s" % (name, what))


# ---- smtpscope ----

def run(program, arguments, path):
    done = subprocess.run([program, *arguments, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    return done.stdout.decode("utf-8", "replace")


def few(made, step):
    """Some of the dialogues, for what takes long."""
    return [dialogue for number, dialogue in enumerate(made) if number % step == 0 and sum(len(octets) for _, octets in dialogue[1]) < 2000]


def check_program(checker, program, folder):
    for cutter, made, outputs in ((whole, checker.made, OUTPUTS), (cut, checker.made, OUTPUTS), (single, few(checker.made, 3), OUTPUTS[:6] + [["report"]])):
        path = os.path.join(folder, cutter.__name__ + ".pcap")
        save(made, cutter, path)
        for arguments in outputs:
            checker.check("%s, %s" % (cutter.__name__, " ".join(arguments)), run(program, arguments, path))
    path = os.path.join(folder, "whole.pcap")
    shown = run(program, ["transcript", "--format", "json", "--show-secrets"], path)
    checker.expect("the whole test", len(leaks(shown, checker.wanted)) > len(checker.made) * 9 // 10, "secrets are not found where they are shown")
    check_facts(checker, run(program, ["sessions", "--format", "json", "--show-secrets"], path))


def check_long_line(checker, program, folder):
    """A secret that is too long to be taken at once has one label, however it is cut."""
    token = "AUTH PLAIN " + base64.b64encode(b"\0alice\0" + bytes(i * i % 251 + 1 for i in range(70000))).decode() + "\r\n"
    capture = Capture()
    for number, size in enumerate((60000, 1000, 4096, 30001)):
        connection = Connection(capture, client_port=30000 + number).open().say("S", "220 mx ESMTP\r\n")
        for at in range(0, len(token), size):
            connection.say("C", token[at:at + size])
        connection.say("S", "500 too long\r\n").close()
    path = capture.save(os.path.join(folder, "long.pcap"))
    labels = set(re.findall(r"secret-\d+", run(program, ["transcript"], path)))
    checker.expect("a line that is too long", labels == {"secret-1"}, "labels %s" % sorted(labels))


def check_facts(checker, output):
    sessions = [record for record in map(json.loads, output.splitlines()) if record["record"] == "session"]
    by_port = {session["client"]["port"]: session for session in sessions}
    for number, (name, _, _, expected, _) in enumerate(checker.made):
        session = by_port.get(20000 + number)
        if session is None:
            session = by_port.get(25)
        checker.expect(name, session is not None, "there is no such session")
        if session is None:
            continue
        login = session["auth"][0] if session["auth"] else {}
        for key in ("identity", "secret", "mechanism"):
            if key in expected:
                checker.expect(name, login.get(key) == expected[key], "%s is %r, and not %r" % (key, login.get(key), expected[key]))
        readable = any(finding["id"] == "cleartext-credentials" for finding in session["findings"])
        if expected.get("readable") is not None:
            checker.expect(name, readable == expected["readable"], "cleartext-credentials is %sthere" % ("" if readable else "not "))


# ---- tshark ----

def check_plugin(checker, plugins, folder):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "plugin"))
    from wireshark import Wireshark
    wireshark = Wireshark(plugins)
    wireshark.require_plugin()
    os.chmod(folder, 0o755)
    for cutter, made, kinds in ((whole, checker.made, list(TSHARK)), (cut, checker.made, ["Info", "PDML"]), (single, few(checker.made, 12), ["Info", "JSON"])):
        path = os.path.join(folder, cutter.__name__ + ".pcap")
        save(made, cutter, path)
        for kind in kinds:
            done = wireshark.run("tshark", "-2", "-n", "-r", path, "-d", "tcp.port==25,esmtp", "-Y", "esmtp", *TSHARK[kind], timeout=600, check=False)
            output = done.stdout.decode("utf-8", "replace")
            checker.expect(kind, len(output) > 1000 and "secret-1" in output, "tshark says nothing: " + done.stderr.decode("utf-8", "replace")[:500])
            checker.check("%s, tshark %s" % (cutter.__name__, kind), output)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--plugins")
    parser.add_argument("--only", help="dialogues whose name holds this")
    arguments = parser.parse_args()
    made = [dialogue for dialogue in dialogues() if not arguments.only or arguments.only in dialogue[0]]
    checker = Checker(made)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.plugins:
            check_plugin(checker, os.path.abspath(arguments.plugins), folder)
        else:
            check_program(checker, os.path.abspath(arguments.smtpscope), folder)
            check_long_line(checker, os.path.abspath(arguments.smtpscope), folder)
    print("%d dialogues, %d failures" % (len(made), checker.failures))
    sys.exit(1 if checker.failures else 0)


if __name__ == "__main__":
    main()
