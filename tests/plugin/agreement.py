#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two shells, one truth: what tshark shows with the plugin is what smtpscope says of the same capture.

usage: agreement.py --smtpscope PROGRAM --plugins FOLDER [--only NAME] [-o PREFERENCE]... FOLDER...

Compared are, of each session: commands and replies, which reply answers which command, mail transactions with their
recipients, outcomes and message digests, logins, STARTTLS; and the digests of the messages that tshark exports.
"""
import argparse
import collections
import hashlib
import json
import os
import re
import subprocess
import sys

from wireshark import Wireshark, captures_of, pairs

# Where tshark itself lacks the octets, or leaves something out: for each capture what differs, and why.
LACKING = {
    "chunking.pcap": ({"exported"}, "Wireshark's export leaves out a message that is all header"),
    "pcpp__Smtp.pcap": ({"session"}, "two packets with the ports of an old connection, years later: the same stream to Wireshark"),
}
# Unless its preference tcp.reassemble_out_of_order is on, Wireshark's TCP keeps such segments from every dissector.
OUT_OF_ORDER = "tcp.reassemble_out_of_order:TRUE"
LACKING_OUT_OF_ORDER = {
    "arkime__smtp-decrypted.pcap": ({"commands", "replies", "messages", "answers", "exported"},
                                    "segments stored behind their acknowledgement"),
}
# Wireshark 4.4 hands over some of them all the same: the QUIT of a session.
HANDED_OVER_BY_4_4 = {"arkime__smtp-decrypted.pcap": {"answers"}}
# And if it is on, it holds back for good what stands behind a hole.
HELD_BACK = {
    "pcpp__Smtp.pcap": ({"session", "commands", "replies"}, "a reply behind a hole; and as without the preference"),
    "zeek__smtp-bdat-gap.pcap": ({"commands", "answers"}, "all that stands behind a hole"),
}


def plain(text):
    """Text without what the two programs make visible in ways of their own, and without the numbers of secrets."""
    text = re.sub(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-7]{3}|[abfnrtv0])", "", text or "")
    text = re.sub(r"\[?secret-\d+\]?", "[secret]", text)
    return re.sub(r"[^!-\[\]-~]", "", text)


# ---- what smtpscope says ----

def said(smtpscope, capture):
    done = subprocess.run([smtpscope, "--format", "json", os.path.basename(capture)], cwd=os.path.dirname(capture),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, check=False)
    sessions = {}
    for line in done.stdout.decode("utf-8").splitlines():
        record = json.loads(line)
        if record["record"] == "session":
            sessions[record["id"]] = {"session": record, "items": []}
        elif record["record"] != "summary":
            sessions[record["session"]]["items"].append(record)
    return list(sessions.values())


def of_smtpscope(session):
    record, items = session["session"], session["items"]
    commands = [item for item in items if item["record"] == "command"]
    replies = [item for item in items if item["record"] == "reply"]
    numbers = collections.defaultdict(list)
    for number, command in enumerate(commands, 1):
        numbers[command["frame"]].append(number)
    return {
        "frames": {item.get("last_frame", item.get("frame")) for item in items},
        "commands": [(plain(c["line"]), c["phase"], c["reply_frame"] is not None) for c in commands],
        "replies": [("".join(plain(line) for line in r["lines"]), r["code"], r["enhanced"]) for r in replies],
        "answers": [r["to_command_frame"] for r in replies],
        "numbers": numbers,
        "transactions": [(plain(t["mail_from"]), [(plain(r["address"]), r["code"]) for r in t["rcpt_to"]], t["outcome"], t["code"])
                         for t in record["transactions"]],
        "messages": [(t["message"]["octets"], t["message"]["complete"]) for t in record["transactions"]
                     if t["message"] and t["message"]["complete"]],
        "digests": [t["message"]["sha256"] for t in record["transactions"] if t["message"] and t["message"]["sha256"]],
        "auth": [(a["mechanism"] and plain(a["mechanism"]), a["identity"] and plain(a["identity"]), a["result"]) for a in record["auth"]],
        "starttls": record["starttls"] or "none", # in Wireshark, what was not seen is not there
    }


# ---- what the plugin says ----

def of_plugin(packets):
    """Each session's facts, by its number."""
    sessions = collections.defaultdict(lambda: {"frames": set(), "commands": [], "replies": [], "boundaries": [], "responses": [],
                                            "messages": []})
    for frame, layers in packets:
        for layer in layers:
            if "esmtp.session" not in layer: # quoted in an error message
                continue
            session = sessions[int(layer["esmtp.session"])]
            session["frames"].add(frame)
            for kind, name in (("commands", "esmtp.command"), ("replies", "esmtp.reply"), ("boundaries", "esmtp.boundary"),
                               ("responses", "esmtp.auth.response"), ("messages", "esmtp.message.end")):
                session[kind] += [(frame, value, tree) for value, tree in pairs(layer, name)]
    return sessions


def number_of(tree):
    return int(tree["esmtp.command.number"]) if "esmtp.command.number" in tree else None


def transactions_of(session, codes):
    found = {}
    for _, _, tree in session["commands"]:
        if "esmtp.transaction" not in tree:
            continue
        number = int(tree["esmtp.transaction"])
        outcome = tree.get("esmtp.transaction_tree", {})
        entry = found.setdefault(number, {"from": "", "to": [], "outcome": outcome.get("esmtp.transaction.outcome"),
                                          "code": outcome.get("esmtp.transaction.code")})
        path = tree.get("esmtp.reverse_path_tree")
        if path is not None and "esmtp.reverse_path" in tree and not entry["from"]:
            entry["from"] = path.get("esmtp.reverse_path.address", "")
        path = tree.get("esmtp.forward_path_tree")
        if path is not None:
            entry["to"].append((plain(path.get("esmtp.forward_path.address", "")), codes.get(number_of(tree))))
    return [(plain(entry["from"]), entry["to"], entry["outcome"], int(entry["code"]) if entry["code"] else None)
            for _, entry in sorted(found.items())]


def auths_of(session):
    auths = []
    steps = session["boundaries"] + [(frame, "auth", {**tree, "esmtp.boundary.event": "response"})
                                     for frame, _, tree in session["responses"]]
    for _, kind, tree in sorted(steps, key=lambda step: (number_of(step[2]) or 0, "esmtp.auth.result" in step[2], step[0])):
        if kind != "auth":
            continue
        if tree["esmtp.boundary.event"] == "started":
            auths.append([tree.get("esmtp.auth.mechanism"), None, "unfinished"])
        if auths and "esmtp.auth.identity" in tree:
            auths[-1][1] = plain(tree["esmtp.auth.identity"])
        if auths and "esmtp.auth.result" in tree:
            auths[-1][2] = tree["esmtp.auth.result"]
    return [tuple(auth) for auth in auths]


def starttls_of(session):
    steps = {tree["esmtp.boundary.event"] for _, kind, tree in session["boundaries"] if kind == "starttls"}
    for step in ("accepted", "refused", "requested", "offered"):
        if step in steps:
            return step
    return "none"


def summarise(session):
    session["commands"].sort(key=lambda entry: number_of(entry[2]))
    session["replies"].sort(key=lambda entry: int(entry[2]["esmtp.reply.number"]))
    session["messages"].sort(key=lambda entry: number_of(entry[2]))
    codes = {}
    for _, _, tree in session["replies"]:
        if number_of(tree) is not None:
            codes.setdefault(number_of(tree), int(tree["esmtp.reply.code"]))
    return {
        "commands": [(plain(line), tree["esmtp.command.phase"], "esmtp.response_in" in tree) for _, line, tree in session["commands"]],
        "replies": [(plain(line), int(tree["esmtp.reply.code"]) or None, tree.get("esmtp.enhanced_status"))
                    for _, line, tree in session["replies"]],
        "answers": [number_of(tree) for _, _, tree in session["replies"]],
        "transactions": transactions_of(session, codes),
        "messages": [(int(tree["esmtp.message.octets"]), True) for _, _, tree in session["messages"]
                     if tree.get("esmtp.message.complete") in ("1", "True", True)],
        "auth": auths_of(session),
        "starttls": starttls_of(session),
    }


# ---- both ----

def differences(want, got):
    found = []
    for key in ("commands", "replies", "transactions", "messages", "auth", "starttls"):
        if want[key] != got[key]:
            found.append((key, want[key], got[key]))
    answers = [(frame, number) for frame, number in zip(want["answers"], got["answers"])
               if (frame is None) != (number is None) or (frame is not None and number not in want["numbers"][frame])]
    if answers:
        found.append(("answers", [a[0] for a in answers], [a[1] for a in answers]))
    return found


def first_difference(want, got):
    if not isinstance(want, list):
        return "%r, the plugin %r" % (want, got)
    for index in range(max(len(want), len(got))):
        one = want[index] if index < len(want) else None
        other = got[index] if index < len(got) else None
        if one != other:
            return "at %d of %d and %d: %r, the plugin %r" % (index, len(want), len(got), one, other)
    return ""


def look(wireshark, capture, options):
    """The packets as tshark shows them, and the messages that it exports."""
    folder = wireshark.folder()
    packets = wireshark.packets(capture, "--export-objects", "imf," + folder, "--disable-protocol", "pop",
                                "--disable-protocol", "imap", *options)
    objects = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            objects.append(file.read())
    return packets, objects


def check_exported(objects, digests):
    """All messages are there, and nothing else but messages inside of them."""
    counted = collections.Counter(hashlib.sha256(octets).hexdigest() for octets in objects)
    whole = [octets for octets in objects if hashlib.sha256(octets).hexdigest() in set(digests)]
    missing = collections.Counter(digests) - counted
    strange = [octets for octets in objects if octets not in whole and not any(octets in message for message in whole)]
    if not missing and not strange:
        return []
    return [("exported", "exported messages: %d of %d are missing, %d are none" % (sum(missing.values()), len(digests), len(strange)))]


def compare(arguments, wireshark, capture, options):
    sessions = said(arguments.smtpscope, capture)
    packets, objects = look(wireshark, capture, options)
    plugin = of_plugin(packets)
    problems, left = [], dict(plugin)
    digests = []
    for session in sessions:
        want = of_smtpscope(session)
        digests += want["digests"]
        best = max(left, key=lambda number: len(left[number]["frames"] & want["frames"]), default=None)
        if best is None or not left[best]["frames"] & want["frames"]:
            if want["commands"] or want["replies"]:
                problems.append(("session", "session %d: the plugin shows none of it" % session["session"]["id"]))
            continue
        got = summarise(left.pop(best))
        problems += [(key, "session %d: %s: %s" % (session["session"]["id"], key, first_difference(one, other)))
                     for key, one, other in differences(want, got)]
    problems += [("session", "session %d of the plugin is none of smtpscope's" % number) for number in left
                 if left[number]["commands"] or left[number]["replies"]]
    problems += check_exported(objects, digests)
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--only")
    parser.add_argument("-o", action="append", default=[])
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    wireshark = Wireshark(arguments.plugins)
    wireshark.require_plugin()
    options = [word for preference in arguments.o for word in ("-o", preference)]
    arguments.smtpscope = os.path.abspath(arguments.smtpscope)
    captures = captures_of(arguments.folders)
    lacking = {**LACKING, **(HELD_BACK if OUT_OF_ORDER in arguments.o else LACKING_OUT_OF_ORDER)}
    failed = 0
    for capture in captures:
        name = os.path.basename(capture)
        if arguments.only and arguments.only not in name:
            continue
        expected, reason = lacking.get(name, (set(), ""))
        if wireshark.version() >= (4, 4):
            expected = expected - HANDED_OVER_BY_4_4.get(name, set())
        problems = compare(arguments, wireshark, capture, options)
        seen = {key for key, _ in problems}
        for key in expected - seen:
            problems.append((key, "%s agree, although they are listed as lacking" % key))
        if expected & seen:
            print("%s: differs as it must, in %s: %s" % (name, ", ".join(sorted(expected & seen)), reason))
        problems = [text for key, text in problems if key not in expected & seen]
        failed += bool(problems)
        for problem in problems:
            print("%s: %s" % (name, problem))
    print("%d captures, %d differ" % (len(captures), failed))
    return 1 if failed or not captures else 0


if __name__ == "__main__":
    sys.exit(main())
