# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what Wireshark shows with the plugin, as faces.py reads the program's outputs."""
import collections

from agreement import auths_of, number_of, of_plugin, pairs, starttls_of
from faces import CUT, plain

# The digest is made only where somebody asks for it.
FILTER = ("-Y", "esmtp || esmtp.message.sha256", "--disable-protocol", "pop", "--disable-protocol", "imap")


def read(wireshark, capture, *options):
    """{session of the plugin: {fact: value}}"""
    packets = wireshark.packets(capture, *FILTER, *options)
    sessions = of_plugin(packets)
    other = collections.defaultdict(lambda: collections.defaultdict(list))
    for frame, layers in packets:
        for layer in layers:
            if "esmtp.session" in layer:
                note_others(other[int(layer["esmtp.session"])], frame, layer)
    return {session: facts_of(sessions[session], other[session]) for session in sessions}


def note_others(found, frame, layer):
    for name, tree in pairs(layer, "esmtp.finding"):
        found["findings"].append((name, tree["esmtp.finding.severity"], frame, tuple(sorted(int(f) for f in several(tree, "esmtp.finding.related")))))
    for tree in several(layer, "esmtp.gap"):
        found["gaps"].append(int(tree["esmtp.gap.octets"]))
    for octets in several(layer, "esmtp.skipped"): # nothing: what may be a secret is hidden
        found["skipped"].append(len(octets.split(":")) if octets else CUT)


def several(tree, name):
    value = tree.get(name, [])
    return value if isinstance(value, list) else [value]


def code_of(tree):
    """Of a reply; None: it has none."""
    return int(tree["esmtp.reply.code"]) if "esmtp.reply.code" in tree else None


def facts_of(session, other):
    session["commands"].sort(key=lambda entry: number_of(entry[2]))
    session["replies"].sort(key=lambda entry: int(entry[2]["esmtp.reply.number"]))
    lines = sorted((frame, plain(text)) for frame, text, _ in session["commands"] + session["responses"])
    replies = [(frame, code_of(tree), plain(text.replace("\\n", ""))) for frame, text, tree in session["replies"]]
    starttls = starttls_of(session)
    steps = {(kind, tree["esmtp.boundary.event"]) for _, kind, tree in session["boundaries"]}
    return {
        "ends": session["frames"], "lines": lines, "replies": replies, **mails_of(session),
        "identities": [(mechanism and plain(mechanism), result, identity) for mechanism, identity, result in auths_of(session)],
        "starttls": starttls, "tls": any(step == "handshake" for _, step in steps), "digests": digests_of(session),
        "findings": sorted(other["findings"]), "gap octets": sum(other["gaps"]), "skipped": CUT if CUT in other["skipped"] else sorted(other["skipped"]),
        "empty": not session["commands"] and not session["replies"],
    }


def note_outcome(outcomes, tree):
    mail, outcome = int(tree["esmtp.transaction"]), tree.get("esmtp.transaction_tree", {})
    code = outcome.get("esmtp.transaction.code")
    outcomes[mail] = (mail, outcome.get("esmtp.transaction.outcome"), int(code) if code else None)


def mails_of(session):
    """The mails' senders, recipients and outcomes, and what became of each recipient."""
    codes, deliveries = {}, collections.defaultdict(dict)
    for _, _, tree in session["replies"]:
        code = code_of(tree)
        if number_of(tree) is not None:
            codes.setdefault(number_of(tree), code)
        if "esmtp.reply.recipient" in tree and "esmtp.transaction" in tree:
            deliveries[int(tree["esmtp.transaction"])][int(tree["esmtp.reply.recipient"])] = code
    senders, recipients, outcomes = {}, [], {}
    accepted = collections.Counter()
    for _, _, tree in session["replies"] + session["messages"]:
        if "esmtp.transaction" in tree:
            note_outcome(outcomes, tree)
    for _, _, tree in session["commands"]:
        if "esmtp.transaction" not in tree:
            continue
        note_outcome(outcomes, tree)
        mail = int(tree["esmtp.transaction"])
        path = tree.get("esmtp.reverse_path_tree")
        if path is not None and "esmtp.reverse_path" in tree:
            senders.setdefault(mail, plain(path.get("esmtp.reverse_path.address", "")))
        path = tree.get("esmtp.forward_path_tree")
        if path is not None:
            reply = codes.get(number_of(tree))
            accepted[mail] += reply is None or reply // 100 == 2
            delivery = deliveries[mail].get(accepted[mail]) if reply is None or reply // 100 == 2 else None
            recipients.append((mail, plain(path.get("esmtp.forward_path.address", "")), reply, delivery))
    return {"senders": sorted(senders.items()), "recipients": sorted(recipients, key=lambda row: row[0]), "outcomes": sorted(outcomes.values())}


def digests_of(session):
    """Of the messages whose end is shown."""
    found = []
    for _, _, tree in sorted(session["messages"], key=lambda entry: number_of(entry[2])):
        if "esmtp.message.octets" in tree and "esmtp.transaction" in tree:
            complete = tree.get("esmtp.message.complete") in ("1", "True", True)
            found.append((int(tree["esmtp.transaction"]), int(tree["esmtp.message.octets"]), complete, tree.get("esmtp.message.sha256")))
    return found
