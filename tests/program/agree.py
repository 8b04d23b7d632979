#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Faces agree: where several outputs state one fact they state the same. Every face of the program, and Wireshark with the plugin,
is read (faces.py, wireshark_face.py) and held against the JSON transcript, fact by fact.

usage: agree.py --smtpscope PROGRAM [--plugins FOLDER] [--only NAME] FOLDER...

The captures are those of the folders (one that is not there is skipped, and that is said), and dialogues made here: those that have
each finding and those that just have it not, and hostile ones. A face that says nothing of what it should fails.
"""
import argparse
import collections
import concurrent.futures
import functools
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "plugin"))

import faces
import rare_dialogues
import wireshark_face
from smtp_log import Log
from wireshark import Wireshark, captures_of

ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
TIMEOUT = 300 # seconds, with a sanitizer and on a busy machine

# The faces of the program: how each is asked for, and who reads it.
PROGRAM = {
    "transcript json": (["transcript", "--format", "json"], faces.read_transcript_json),
    "transcript": (["transcript"], faces.read_transcript_text),
    "sessions json": (["sessions", "--format", "json"], faces.read_sessions_json),
    "sessions": (["sessions"], faces.read_sessions_text),
    "messages json": (["messages", "--format", "json"], faces.read_messages_json),
    "messages": (["messages"], faces.read_messages_text),
    "findings json": (["findings", "--format", "json"], faces.read_findings_json),
    "findings": (["findings"], faces.read_findings_text),
    "servers json": (["servers", "--format", "json"], faces.read_servers_json),
    "servers": (["servers"], faces.read_servers_text),
    "report": (["report"], faces.read_report),
    "eve": (["sessions", "--format", "eve"], faces.read_eve),
    "zeek": (["sessions", "--format", "zeek"], lambda octets: faces.zeek_facts(Log(octets).lines)),
    "zeek json": (["sessions", "--format", "zeek-json"], lambda octets: faces.zeek_facts(faces.records_of(octets))),
}
PLUGIN = "plugin"

# What each face states. All of it must have been seen, and compared, in some capture.
MAILS = set(faces.MAIL_FACTS)
ACCOUNT = MAILS | {"endpoints", "banner", "helo", "starttls", "tls", "logins", "identities", "findings", "counts", "gaps", "complete"}
LOG = {"endpoints", "log lines", "hidden", "gap octets"}
STATES = {
    "transcript json": ACCOUNT | {"dialogue"},
    "transcript": {"endpoints", "dialogue", "answers", "findings", "counts", "starttls", "tls", "complete"},
    "sessions json": ACCOUNT,
    "sessions": {"endpoints", "starttls", "tls", "complete", "mails in short", "finding count", "logins in short"},
    "messages json": MAILS,
    "messages": {"senders", "outcomes", "digests in short", "recipients in short"},
    "findings json": {"all findings"},
    "findings": {"all findings"},
    "servers json": {"sessions", "banners", "clear", "behind", "starttls"},
    "servers": {"sessions", "starttls"},
    "report": MAILS | {"endpoints", "dialogue", "answers", "findings", "all findings", "counts", "starttls", "tls", "complete", "banner",
                       "helo", "finding count", "logins in short", "overview"},
    "eve": LOG | {"flows"},
    "zeek": LOG | {"uid"},
    "zeek json": LOG | {"uid"},
    PLUGIN: {"lines", "replies", "senders", "recipients", "outcomes", "identities", "findings", "digests", "starttls", "tls", "gap octets",
             "skipped"},
}

# Octets that Wireshark's TCP keeps from every dissector. Proven: with this preference it hands them over, and the faces agree.
WITHHELD = "Wireshark's TCP withholds segments that are out of order"
EVERY_OCTET = ("-o", "tcp.reassemble_out_of_order:TRUE")
NO_ACKNOWLEDGEMENTS = "segments without data do not reach the plugin: what only they acknowledge is not known to be missing"
ORDER_OF_ITS_OWN = "segments that contradict each other: Wireshark's TCP chooses among them in a way of its own"
ONE_DIRECTION_LATE = "one direction stored behind the other: Wireshark's TCP hands over none of what stands behind its acknowledgement"
NOT_GIVEN_BACK = "clear text behind a TLS handshake stays with Wireshark's TLS"

# Exceptions, each with its reason: (capture, face) -> (facts, why). One that is not needed any more fails, too.
EXCEPTIONS = {
    ("arkime__smtp-decrypted.pcap", PLUGIN): ({"digests", "findings", "gap octets", "lines", "replies"}, WITHHELD),
    ("rare-tls-that-ends.pcap", PLUGIN): ({"digests", "findings", "gap octets", "identities", "lines", "outcomes", "recipients", "replies",
                                           "senders"}, NOT_GIVEN_BACK),
    ("pcpp__Smtp.pcap", PLUGIN): ({"session"}, "two packets with the ports of an old connection, years later: the same stream to Wireshark"),
    ("12-one-direction-late.pcap", PLUGIN): ({"findings", "gap octets", "outcomes", "recipients", "replies"}, ONE_DIRECTION_LATE),
    ("rare-segments.pcap", PLUGIN): ({"digests", "findings", "gap octets", "lines", "replies", "session"}, ORDER_OF_ITS_OWN),
    ("zeek__smtp-one-side-only.pcap", PLUGIN): ({"gap octets"}, NO_ACKNOWLEDGEMENTS),
}

# What is known to be wrong and belongs to another item of the same issue: (capture, face) -> (facts, the item).
OPEN = {}


# ---- what the JSON transcript says, in the forms of the other faces ----

def in_short(mails, limit=None):
    return mails if limit is None or len(mails) <= limit else mails[:limit] + [faces.CUT]


def of_recipients(facts, mail):
    return [row for row in facts["recipients"] if row[0] == mail]


def refused(row):
    return (row[2] or 0) >= 400 or (row[3] or 0) >= 400


def recipients_in_short(facts):
    found = []
    for mail, _ in facts["senders"]:
        rows = of_recipients(facts, mail)
        for _, address, code, delivery in rows[:3]:
            late = (code or 0) < 400 <= (delivery or 0)
            found.append((mail, address, code if (code or 0) >= 400 else delivery if late else None, late))
        if len(rows) > 3:
            found.append((mail, faces.CUT, None, False))
    return found


def encrypted(facts):
    """Whether it was, as the logs have to say it: None is not seen."""
    if facts["tls"]:
        tls = {step for kind, step in facts["steps"] if kind != "auth"}
        return "failed" not in tls or "established" in tls
    accepted = facts["starttls"] == "accepted"
    return None if accepted and not follows_starttls(facts) else False


def follows_starttls(facts):
    """Whether a line in clear follows the last STARTTLS that was accepted."""
    behind = False
    for kind, _, what in facts["dialogue"]:
        behind = False if kind == "B" and what == "STARTTLS accepted" else behind or kind in "CSD"
    return behind


def log_lines(facts, records):
    """Those of Zeek's and Suricata's logs."""
    lines = []
    for record in records:
        mail, message = record["id"], record["message"]
        rows = of_recipients(facts, mail)
        refusals = [code for _, _, code, _ in rows if (code or 0) >= 400]
        code = record["code"] or (refusals[-1] if refusals else None)
        lines.append({
            "mail": mail, "from": None if record["mail_from"] is None else faces.plain(record["mail_from"]),
            "to": sorted({row[1] for row in rows} - {""}), "refused": sorted({row[1] for row in rows if refused(row)} - {""}),
            "outcome": record["outcome"], "code": code, "octets": message and message["octets"], "complete": message and message["complete"],
            "limits": sorted(message["limits_met"]) if message else []})
    return lines


def log_line_of(line):
    """A log's line, its reply as a code."""
    reply = line["reply"][:3]
    code = int(reply) if reply.isdigit() else None # one without a code has only text
    return {**{key: value for key, value in line.items() if key not in ("reply", "helo", "tls", "missing")}, "code": code}


def derived(facts):
    """Facts that other faces state in fewer words."""
    codes = {mail: (outcome, code) for mail, outcome, code in facts["outcomes"]}
    return {
        **facts,
        "mails in short": in_short([(sender or "", *codes[mail]) for mail, sender in facts["senders"]], 5),
        "finding count": len(facts["findings"]),
        "digests in short": [(mail, octets, complete, digest[:16] if complete and digest else None)
                             for mail, octets, complete, digest in facts["digests"]],
        "recipients in short": recipients_in_short(facts),
        "gap octets": sum(octets for _, octets in facts["gaps"]),
        "logins in short": sorted(collections.Counter((mechanism or faces.plain("mechanism not seen"), result)
                                                      for mechanism, result in facts["logins"]).items()),
    }


# ---- comparing ----

class Comparison:
    """Of one capture."""

    def __init__(self, name):
        self.name, self.differences, self.stated = name, [], collections.defaultdict(set)
        self.unreadable = set()

    def differ(self, face, fact, text):
        if face in self.unreadable:
            return
        self.differences.append((face, fact, text))

    def state(self, face, fact, value):
        """A fact that holds nothing, or is cut, was not compared."""
        if value not in ([], None, (), faces.CUT):
            self.stated[face].add(fact)

    def equal(self, face, fact, session, want, got):
        self.state(face, fact, got)
        if got == faces.CUT or got == [faces.CUT] or want == got:
            return
        self.differ(face, fact, "session %s: %s" % (session, first_difference(want, got)))


def shown(value):
    return "..." if value == faces.CUT else repr(value)[:300]


def first_difference(want, got):
    if not isinstance(want, list) or not isinstance(got, list):
        return "%s, not %s" % (shown(got), shown(want))
    for index in range(max(len(want), len(got))):
        one = want[index] if index < len(want) else None
        other = got[index] if index < len(got) else None
        if one != other:
            return "at %d of %d: %s, not %s" % (index, len(want), shown(other), shown(one))
    return ""


def cut_to(want, got):
    """A list that is cut short somewhere is compared up to there."""
    if isinstance(got, list) and got and got[-1] == faces.CUT and faces.CUT not in want:
        return want[:len(got) - 1], got[:-1]
    return want, got


def by_speaker(rows):
    """The rows of each side, and those of none: in JSON a reply stands where it ends, elsewhere each line of it where it came."""
    return [[row for row in rows if row[0] in kinds] for kinds in (("C", "D"), ("S",), ("B", "turned"), ("gap", "skipped", "?"))]


def with_frames(want, got):
    """JSON says the frame of a reply, the others of each line."""
    if len(want) != len(got):
        return want
    return [(kind, other[1] if frame is None and kind == "S" else frame, what) for (kind, frame, what), other in zip(want, got)]


def compare_dialogues(comparison, everything, sessions):
    """Of JSON, transcript and report; the latter two have one order."""
    for face in ("transcript", "report"):
        for session, facts in sessions.items():
            got = everything[face].get(session, {}).get("dialogue")
            if got == faces.CUT:
                continue
            comparison.state(face, "dialogue", got)
            for want, other in zip(by_speaker(facts["dialogue"]), by_speaker(got or [])):
                comparison.equal(face, "dialogue", session, with_frames(want, other), other)
            if face == "report":
                comparison.equal(face, "dialogue", session, everything["transcript"].get(session, {}).get("dialogue"), got)


def compare_plain(comparison, face, facts, sessions):
    """Facts of single sessions that are the same in both."""
    for session, want in sessions.items():
        got = facts.get(session, {})
        for fact in sorted(STATES[face] & set(want) - {"dialogue"}):
            if fact not in got:
                if want[fact] not in ([], None, faces.CUT):
                    comparison.differ(face, fact, "session %s: not stated: %s" % (session, shown(want[fact])))
                continue
            one, other = cut_to(want[fact], got[fact])
            comparison.equal(face, fact, session, one, other)
    for session in set(facts) - set(sessions) - {None}:
        comparison.differ(face, "session", "session %s is not in the JSON transcript" % session)


def compare_findings(comparison, everything, sessions):
    """Findings of several sessions are in these three only; of one session they may say more than the session does."""
    base = everything["findings json"]
    for face in ("findings", "report"):
        for session in set(base) | {s for s in everything[face] if "all findings" in everything[face][s]}:
            comparison.equal(face, "all findings", session, base.get(session, {}).get("all findings", []),
                             everything[face].get(session, {}).get("all findings", []))
    for session, facts in sessions.items():
        told = collections.Counter(base.get(session, {}).get("all findings", []))
        lacking = collections.Counter(facts["findings"]) - told
        comparison.state("findings json", "all findings", list(told))
        if lacking:
            comparison.differ("findings json", "all findings", "session %s: lacks %s" % (session, sorted(lacking)))


def compare_answers(comparison, everything):
    """What each reply answers: the transcript and the report name a frame; so does Wireshark."""
    for session, facts in everything["transcript"].items():
        comparison.equal("transcript", "answers", session, facts["answers"], facts["answers"])
        comparison.equal("report", "answers", session, facts["answers"], everything["report"].get(session, {}).get("answers"))


def compare_logs(comparison, everything, sessions, mails):
    for face in ("eve", "zeek", "zeek json"):
        for session, facts in sessions.items():
            got = everything[face].get(session, {})
            lines = log_lines(facts, mails[session])
            comparison.equal(face, "log lines", session, lines, [log_line_of(line) for line in got.get("log lines", [])])
            # No mail is behind TLS: nobody could read it.
            protection = encrypted(facts)
            wrong = {line["tls"] for line in got.get("log lines", [])} - {False}
            if wrong:
                comparison.differ(face, "hidden", "session %s: a mail that can be read is called encrypted: %s" % (session, wrong))
            hidden = [protection] if facts["starttls"] == "accepted" and protection is not False else []
            comparison.equal(face, "hidden", session, hidden, got.get("hidden", []))
            for fact in ("endpoints", "gap octets") if got else ():
                comparison.equal(face, fact, session, facts[fact], got[fact])
    for session in everything["zeek"]:
        comparison.equal("zeek json", "uid", session, everything["zeek"][session]["uid"], everything["zeek json"].get(session, {}).get("uid"))
        comparison.state("zeek", "uid", True)
        comparison.equal("zeek json", "log lines", session, everything["zeek"][session].get("log lines", []),
                         everything["zeek json"].get(session, {}).get("log lines", []))
        eve = everything["eve"].get(session, {})
        comparison.state("eve", "flows", eve.get("flows"))
        for one, other in zip(everything["zeek"][session].get("log lines", []), eve.get("log lines", [])):
            comparison.equal("eve", "log lines", session, {k: one[k] for k in ("reply", "helo", "tls", "missing")},
                             {k: other[k] for k in ("reply", "helo", "tls", "missing")})


def compare_servers(comparison, everything, sessions):
    """What the sessions say of each server, put together."""
    want = {}
    for session, facts in sorted(sessions.items()):
        server = want.setdefault(facts["endpoints"][1], {"sessions": 0, "banners": [], "starttls": [0, 0, 0], "hidden": False})
        server["sessions"] += 1
        if facts["banner"] and facts["banner"][1] not in server["banners"]:
            server["banners"].append(facts["banner"][1])
        server["hidden"] = server["hidden"] or encrypted(facts) is True
        if not facts["turned"]:
            for index, step in enumerate(("offered", "accepted", "refused")):
                server["starttls"][index] += ("starttls", step) in facts["steps"]
    for name in set(want) | set(everything["servers json"]):
        one, other = want.get(name, {}), everything["servers json"].get(name, {})
        text = everything["servers"].get(name, {})
        comparison.equal("servers json", "sessions", name, one.get("sessions"), other.get("sessions"))
        comparison.equal("servers", "sessions", name, one.get("sessions"), text.get("sessions"))
        if len(one.get("banners", [])) <= 16:
            comparison.equal("servers json", "banners", name, sorted(one.get("banners", [])), sorted(other.get("banners", [])))
        comparison.equal("servers json", "starttls", name, tuple(one.get("starttls", ())), other.get("starttls"))
        comparison.equal("servers", "starttls", name, other.get("starttls"), text.get("starttls"))
        comparison.state("servers json", "clear", other.get("clear"))
        comparison.state("servers json", "behind", other.get("behind"))
        if other.get("behind") is None and not one.get("hidden"):
            comparison.differ("servers json", "behind", "%s: hidden by TLS, which no session has" % name)


def compare_plugin(comparison, facts, sessions):
    left = dict(facts)
    for session, want in sessions.items():
        best = max(left, key=lambda number: len(left[number]["ends"] & want["ends"]), default=None)
        if best is None or not left[best]["ends"] & want["ends"]:
            if want["lines"] or want["replies"]:
                comparison.differ(PLUGIN, "session", "session %s: nothing of it is shown" % session)
            continue
        compare_plugin_session(comparison, session, want, left.pop(best))
    for number, got in left.items():
        if not got["empty"]:
            comparison.differ(PLUGIN, "session", "session %s of the plugin is none of the program's" % number)


def with_nowhere(want, got):
    """What stands in front of the first frame of all hangs on some frame in Wireshark: there it is taken for as good as in none."""
    left = list((collections.Counter(got) - collections.Counter(want)).elements())
    for name, severity, frame, more in (collections.Counter(want) - collections.Counter(got)).elements():
        found = next((row for row in left if frame == 0 and (row[0], row[1], row[3]) == (name, severity, more)), None)
        if found is not None:
            left.remove(found)
            got = list(got)
            got[got.index(found)] = (name, severity, 0, more)
    return sorted(got)


def compare_plugin_session(comparison, session, want, got):
    named = {**want, "lines": sorted(want["lines"]), "starttls": want["starttls"] or "none", "senders": [row for row in want["senders"] if row[1] is not None],
             "skipped": sorted(octets for kind, _, what in want["dialogue"] if kind == "skipped" for octets in [what[1]]),
             "findings": sorted(row for row in want["findings"] if row[0] not in PLUGIN_LACKS)}
    got = {**got, "findings": with_nowhere(named["findings"], got["findings"])}
    for fact in sorted(STATES[PLUGIN]):
        comparison.equal(PLUGIN, fact, session, named[fact], got[fact])


# Findings that the plugin cannot see.
PLUGIN_LACKS = {
    "envelope-header-mismatch": "needs the message's header, which Wireshark dissects",
    "overlap-conflict": "is TCP's; Wireshark remarks it there",
    "tcp-contradiction": "is TCP's",
    "checksum-mismatch": "is TCP's; Wireshark remarks it there, if it is asked to",
}


def compare_overview(comparison, everything, sessions, records, summary):
    """The numbers of the report's overview, and of the JSON summary."""
    mails = [mail for record in records for mail in record["transactions"]]
    hidden = sum(encrypted(sessions[record["id"]]) is True and not record["tls"]["decrypted"] for record in records)
    want = {
        "Sessions": len(records), "Findings": sum(len(f.get("all findings", [])) for f in everything["findings json"].values()),
        "Mails": len(mails), "Contents of mails": sum(mail["message"] is not None for mail in mails),
        "Recipients": sum(len(mail["rcpt_to"]) for mail in mails), "Logins that can be read": sum(len(record["auth"]) for record in records),
        "Sessions hidden by TLS": hidden, "STARTTLS refused": sum(("starttls", "refused") in facts["steps"] for facts in sessions.values())}
    got = everything["overview"]
    comparison.equal("report", "overview", "all", sorted(want.items()), sorted((name, got.get(name)) for name in want))
    comparison.equal("report", "overview", "summary", (summary["sessions"], summary["messages"]), (want["Sessions"], want["Contents of mails"]))


# ---- running ----

def run(smtpscope, words, capture):
    done = subprocess.run([smtpscope, *words, os.path.basename(capture)], cwd=os.path.dirname(capture), env=ENVIRONMENT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    if done.returncode not in (0, 3):
        raise ValueError("exit status %d: %s" % (done.returncode, done.stderr.decode("utf-8", "replace")[-300:]))
    return done.stdout


def look(arguments, wireshark, capture):
    """Compares all faces of one capture."""
    comparison = Comparison(os.path.basename(capture))
    everything = {}
    for face, (words, reader) in PROGRAM.items():
        try:
            octets = run(arguments.smtpscope, words, capture)
            if face == "transcript json":
                *records, summary = [record for record in faces.records_of(octets) if record["record"] in ("session", "summary")]
            if face == "report":
                everything["overview"] = faces.read_overview(octets)
            everything[face] = reader(octets)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError) as error:
            comparison.differ(face, "readable", "%s: %s" % (type(error).__name__, error))
            everything[face] = {}
            comparison.unreadable.add(face)
    sessions = {session: derived(facts) for session, facts in everything["transcript json"].items()}
    mails = {record["id"]: record["transactions"] for record in records}
    for facts in sessions.values():
        for fact in STATES["transcript json"]:
            comparison.state("transcript json", fact, facts[fact])
    for face in ("transcript", "sessions json", "sessions", "messages json", "messages", "report"):
        compare_plain(comparison, face, everything[face], sessions)
    compare_findings(comparison, everything, sessions)
    compare_answers(comparison, everything)
    compare_dialogues(comparison, everything, sessions)
    compare_logs(comparison, everything, sessions, mails)
    compare_servers(comparison, everything, sessions)
    compare_overview(comparison, everything, sessions, records, summary)
    if wireshark is not None:
        try:
            compare_plugin(comparison, wireshark_face.read(wireshark, capture), sessions)
            prove_withheld(comparison, wireshark, capture, sessions)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            comparison.differ(PLUGIN, "readable", "%s: %s" % (type(error).__name__, error))
    return comparison


def rows_of(table, name):
    return {(face, fact): why for (capture, face), (facts, why) in table.items() if capture == name for fact in facts}


def judge(comparison, faces_here):
    """The differences that nobody explained, and the explanations that nobody needs."""
    exceptions, known = ({pair: why for pair, why in rows_of(table, comparison.name).items() if pair[0] in faces_here}
                         for table in (EXCEPTIONS, OPEN))
    seen = {(face, fact) for face, fact, _ in comparison.differences}
    wrong = ["%s: %s: %s" % row for row in comparison.differences if row[:2] not in exceptions and row[:2] not in known]
    wrong += ["%s: %s agrees, although it is an exception: %s" % (*pair, why) for pair, why in exceptions.items() if pair not in seen]
    for pair, why in known.items():
        print("%s: %s: %s %s, item %s" % (comparison.name, *pair, "differs" if pair in seen else "AGREES NOW", why))
    return wrong


def prove_withheld(comparison, wireshark, capture, sessions):
    """What is put down to Wireshark's TCP is gone when that hands over every octet."""
    if WITHHELD not in rows_of(EXCEPTIONS, comparison.name).values():
        return
    again = Comparison(comparison.name)
    compare_plugin(again, wireshark_face.read(wireshark, capture, *EVERY_OCTET), sessions)
    for _, fact, text in again.differences:
        comparison.differ(PLUGIN, "withheld octets", "not proven: %s: %s" % (fact, text))


def silent(stated, faces_here):
    """What a face should have stated, and did not in any capture."""
    return ["%s: states no %s in any capture" % (face, fact) for face in faces_here for fact in sorted(STATES[face] - stated[face])]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--plugins", help="the folder of Wireshark's plugins; without it the plugin is not compared")
    parser.add_argument("--only", help="of the captures those with this in their name")
    parser.add_argument("-v", action="store_true", help="all differences of a capture, not only the first ones")
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    arguments.smtpscope = os.path.abspath(arguments.smtpscope)
    wireshark = Wireshark(os.path.abspath(arguments.plugins)) if arguments.plugins else None
    if wireshark is not None:
        wireshark.require_plugin()
    else:
        print("without the plugin, which is not here or not built for this")
    scratch = wireshark.folder() if wireshark is not None else tempfile.mkdtemp()
    os.chmod(scratch, 0o755)
    captures = rare_dialogues.save(scratch) + captures_of(arguments.folders)
    captures = [capture for capture in captures if arguments.only is None or arguments.only in os.path.basename(capture)]
    faces_here = [face for face in STATES if face != PLUGIN or wireshark is not None]
    stated, failed = collections.defaultdict(set), 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        for comparison in pool.map(functools.partial(look, arguments, wireshark), captures):
            for face, facts in comparison.stated.items():
                stated[face] |= facts
            wrong = judge(comparison, faces_here)
            failed += bool(wrong)
            for text in wrong if arguments.v else wrong[:6]:
                print("%s: %s" % (comparison.name, text))
    missing_facts = [] if arguments.only else silent(stated, faces_here)
    print("\n".join(missing_facts))
    print("%d captures, %d faces: %d captures in which they differ" % (len(captures), len(faces_here), failed))
    return 1 if failed or missing_facts or not captures else 0


if __name__ == "__main__":
    sys.exit(main())
