# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what each face of smtpscope says of a capture, and gives it as facts by session: {session: {fact: value}}.

A face is an output: the transcript as text and as JSON, `sessions`, `messages`, `findings`, `servers`, the report, Zeek's and
Suricata's logs, and Wireshark with the plugin. Two faces that state one fact give it here in one form, so that it can be compared.
What a face does not state is not among its facts; what it leaves out for want of room is `CUT`.

    dialogue    the lines, contents, holes and boundaries in order: (who, frame, what)
    lines       the client's lines: (frame of the last octet, text), a secret in them as secret-N
    replies     the server's replies: (frame of the last octet, code, text)
    recipients  (mail, address, code of the reply to RCPT, code of the delivery behind the message)
    outcomes    (mail, outcome, code)
    logins      (mechanism, identity, result)
    findings    (name, severity, frame, frames of the other proofs)
    digests     (mail, octets, complete, SHA-256)
"""
import collections
import html.parser
import json
import re

CUT = "..."


def plain(text):
    """Text without what faces make visible, wrap or cut in ways of their own; secrets as secret-N."""
    text = re.sub(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-7]{3}|[abefnrtv0])", "", text or "")
    text = re.sub(r"[^!-\[\]-~]", "", text)
    text = re.sub(r"(\[and[\d,]+octetsmore\])?(\[(bareLF|bareCR|lineendnotseen|endsinCRCRLF)\])?$", "", text)
    return re.sub(r"\[(secret-\d+)\]", r"\1", text)[:190]


def number(text):
    return int(text.replace(",", ""))


def per_session(rows):
    sessions = collections.defaultdict(list)
    for session, row in rows:
        sessions[session].append(row)
    return sessions


# ---- JSON ----

def reply_in_short(code, text):
    return "%s %s" % (code, plain((text or "").strip().split("\n")[-1])) if code else None


def of_transaction(number_, record):
    """The facts of a mail, from the keys that `session` and `message` records share."""
    message = record["message"]
    return {
        "senders": [(number_, None if record["mail_from"] is None else plain(record["mail_from"]))],
        "recipients": [(number_, plain(r["address"]), r["code"], (r.get("delivery") or {}).get("code")) for r in record["rcpt_to"]],
        "outcomes": [(number_, record["outcome"], record["code"])],
        "deciding replies": [(number_, record["code"], plain(record["reply"]))] if record["code"] else [],
        "MAIL frames": [(number_, record["frame"])] if record["frame"] else [],
        "digests": [(number_, message["octets"], message["complete"], message["sha256"])] if message else [],
        "subjects": [(number_, plain(message["subject"]))] if message and message["subject"] is not None else [],
        "attachments": [(number_, plain(a["filename"] if a["filename"] is not None else a["content_type"]))
                        for a in message["attachments"]] if message else [],
    }


def together(parts):
    facts = collections.defaultdict(list)
    for part in parts:
        for name, values in part.items():
            facts[name] += values
    return facts


MAIL_FACTS = tuple(of_transaction(0, {"mail_from": None, "message": None, "rcpt_to": [], "outcome": None, "code": None, "frame": None}))


def of_finding(record):
    return record["id"], record["severity"], record["frame"] or 0, tuple(sorted(place["frame"] or 0 for place in record["related"]))


def of_session(record):
    facts = {name: [] for name in MAIL_FACTS}
    facts.update(together(of_transaction(t["id"], t) for t in record["transactions"]))
    facts.update({
        "endpoints": (endpoint(record["client"]), endpoint(record["server"])),
        "banner": record["banner"] and (record["banner"]["code"], plain(record["banner"]["text"])),
        "helo": plain((record["helo"] or {"name": ""})["name"][:80]) or None, # one with nothing in it is not shown
        "starttls": record["starttls"],
        "tls": record["tls"] is not None,
        "logins": [(a["mechanism"] and plain(a["mechanism"]), a["result"]) for a in record["auth"]],
        "identities": [(a["mechanism"] and plain(a["mechanism"]), a["result"], a["identity"] and plain(a["identity"]))
                       for a in record["auth"]],
        "findings": sorted(of_finding(f) for f in record["findings"]),
        "counts": (record["commands"], record["replies"], len(record["transactions"])),
        "gaps": sorted((g["from"], g["octets"]) for g in record["gaps"]),
        "complete": record["complete"],
    })
    return facts


def endpoint(value):
    return "%s:%d" % ("[%s]" % value["ip"] if ":" in value["ip"] else value["ip"], value["port"])


def records_of(octets):
    return [json.loads(line) for line in octets.decode("utf-8").splitlines()]


def boundary_name(kind):
    return {"starttls": "STARTTLS", "implicit-tls": "Implicit TLS", "auth": "AUTH"}[kind]


def boundary_row(item):
    """As it is written in words; None: not."""
    if item["kind"] == "auth" and item["event"] == "challenge" or item["kind"] == "auth" and item["event"] == "response":
        return None
    what = item["event"]
    if item["kind"] == "auth":
        what += " " + plain(item["mechanism"] or "mechanism not seen")
        if item["event"] != "started" and item["identity"] is not None:
            what += " for " + (plain(item["identity"]) or plain("an empty user name"))
    return boundary_name(item["kind"]) + " " + what


def dialogue_of(items):
    """The rows of a dialogue, as text and report have them. Frames of all lines of a reply but the first are not in JSON: None."""
    for item in items:
        kind = item["record"]
        if kind == "command" or (kind == "boundary" and "line" in item):
            yield "C", item["frame"] or 0, plain(item["line"])
        elif kind == "reply":
            for index, line in enumerate(item["lines"]):
                yield "S", (item["frame"] or 0) if index == 0 else None, plain(line)
        elif kind == "data":
            yield "D", item["frame"] or 0, (item["octets"], item["complete"])
        elif kind == "boundary" and boundary_row(item):
            yield "B", item["frame"] or 0, boundary_row(item)
        elif kind in ("gap", "skipped"):
            yield kind, None, (item["from"], item["octets"])
            if plain(item.get("text")):
                yield "?", None, plain(item["text"])
        elif kind == "proxy":
            yield "C", item["frame"] or 0, plain(item["text"])
        elif kind == "turned":
            yield kind, None, None


def read_transcript_json(octets):
    records = records_of(octets)
    items = per_session((r["session"], r) for r in records if r["record"] not in ("session", "summary"))
    sessions = {}
    for record in records:
        if record["record"] != "session":
            continue
        of = items[record["id"]]
        facts = sessions[record["id"]] = of_session(record)
        facts["dialogue"] = list(dialogue_of(of))
        facts["lines"] = [(item["last_frame"], plain(item["line"])) for item in of
                          if item["record"] == "command" or (item["record"] == "boundary" and "line" in item)]
        facts["replies"] = [(item["last_frame"], item["code"], plain("".join(item["lines"]))) for item in of if item["record"] == "reply"]
        facts["ends"] = {item["frame"] for item in of} | {item["last_frame"] for item in of}
        facts["steps"] = {(item["kind"], item["event"]) for item in of if item["record"] == "boundary"}
        facts["turned"] = any(item["record"] == "turned" for item in of)
    return sessions


def read_sessions_json(octets):
    return {r["id"]: of_session(r) for r in records_of(octets) if r["record"] == "session"}


def read_messages_json(octets):
    mails = per_session((r["session"], of_transaction(r["transaction"], r)) for r in records_of(octets) if r["record"] == "message")
    return {session: together(parts) for session, parts in mails.items()}


def read_findings_json(octets):
    """Of single sessions; what several prove together is compared with the text."""
    found = per_session((r["session"], of_finding(r)) for r in records_of(octets) if r["record"] == "finding")
    return {session: {"all findings": sorted(rows)} for session, rows in found.items()}


def read_servers_json(octets):
    return {endpoint(r["server"]): {
        "sessions": r["sessions"], "banners": [plain(text) for text in r["banners"]],
        "clear": [plain(text) for text in r["extensions_clear"]],
        "behind": None if r["extensions_tls"] is None else [plain(text) for text in r["extensions_tls"]],
        "starttls": tuple(r["starttls"][key] for key in ("offered", "accepted", "refused"))}
            for r in records_of(octets) if r["record"] == "server"}


# ---- text ----

def unwrapped(lines, start):
    """Lines with those that go on from them: the others than those that begin as `start` says."""
    whole = []
    for line in lines:
        if re.match(start, line) or not whole:
            whole.append(line)
        else:
            whole[-1] += " " + line.strip()
    return whole


OUTCOME = r"(?:(accepted|rejected|aborted|unfinished)|outcome not seen|the reply says neither yes nor no)"
STEPS = {"is offered": "offered", "is asked for": "requested", "ACCEPTED": "accepted", "REFUSED": "refused", ": TLS handshake begins": "handshake",
         ": TLS established": "established", ": TLS handshake FAILED": "failed"}
AUTH_STEPS = {"AUTH begins: ": "started", "AUTH ends, ACCEPTED: ": "accepted", "AUTH ends, REJECTED: ": "rejected",
              "AUTH ends, CANCELLED: ": "cancelled", "AUTH: ": "started"}


def band_row(text):
    """A line across the dialogue, as a row of it."""
    text = text.strip()
    frame = re.search(r" \(frame (\d+)\)$", text)
    for words, step in AUTH_STEPS.items():
        if text.startswith(words):
            what = re.sub(r", (in clear|encrypted) \(frame \d+\)$", "", text[len(words):])
            mechanism, found, who = what.partition(" for ")
            return "B", int(frame[1]) if frame else 0, "AUTH " + step + " " + plain(mechanism) + (" for " + plain(who) if found else "")
    for name in ("STARTTLS", "Implicit TLS"):
        for words, step in STEPS.items():
            if text.startswith(name + words) or text.startswith(name + " " + words):
                return "B", int(frame[1]) if frame else 0, name + " " + step
    missing = re.match(r"([\d,]+) octets? of the (client|server) (?:is|are) NOT IN THE CAPTURE", text)
    if missing:
        return "gap", None, (missing[2], number(missing[1]))
    if text == "client and server change roles":
        return "turned", None, None
    if re.match(r"from here on frames of |No TLS is in the capture: ", text):
        return None
    raise ValueError("what is this in a dialogue: %r" % text)


def data_row(frame, text):
    octets = re.match(r"\[?([\d,]+) octets? of (?:message|XEXCH50)", text)
    return ("D", frame, (number(octets[1]), "NOT COMPLETE" not in text)) if octets else None


def skipped_row(text):
    found = re.match(r"\[([\d,]+) octets? of the (client|server) that cannot be placed", text)
    return ("skipped", None, (found[2], number(found[1]))) if found else None


def answered(meaning):
    """What a reply answers: the frame that its annotation names."""
    found = re.search(r"answers (?:the \S+ |the AUTH response |the chunk |the message )?.*?(?:of|in) frame (\d+) after", meaning)
    return int(found[1]) if found else None


class Rows:
    """Collects the rows of one dialogue."""

    def __init__(self):
        self.dialogue, self.answers, self.frame = [], [], 0

    def skipped(self, text):
        """A line of what could not be placed: those in a row are one."""
        row = skipped_row(text)
        if row:
            self.dialogue.append(row)
        elif self.dialogue[-1][0] == "?":
            self.dialogue[-1] = ("?", None, plain(self.dialogue[-1][2] + text))
        elif plain(text):
            self.dialogue.append(("?", None, plain(text)))

    def line(self, who, frame, text, meaning):
        self.frame = self.frame if frame is None else frame
        kind = "S" if who == "S" else "C"
        self.dialogue.append((kind, self.frame, plain(text)))
        if kind == "S" and answered(meaning):
            self.answers.append((plain(text)[:60], answered(meaning)))


ROW = re.compile(r"^(?:\s*([+-][\d.]+)\s+(\d+)|\s{21,22})  (->|<-|<\*| \|| \?) (.*)$")
RULE = re.compile("^(\u2501\u2501\u2501|\u2500\u2500\u2500|\u254d\u254d\u254d|\u2501\u2501|\u2500\u2500) (.*?) [\u2501\u2500\u254d]*$")


def read_transcript_text(octets):
    sessions = {}
    for part in re.split("(?m)^\u2501\u2501 (?:SMTP|LMTP) session ", octets.decode("utf-8"))[1:]:
        session = int(re.match(r"\d+", part)[0])
        sessions[session] = transcript_of(part)
    return sessions


def transcript_of(part):
    head, body = part.split("     seconds    frame\n", 1)
    rows, findings, refusals, line, where = Rows(), [], [], None, "dialogue"
    summary = ""

    def put():
        nonlocal line
        if line is None:
            return
        arrow, frame, text, meaning = line
        line = None
        if arrow == " ?":
            rows.skipped(text)
            return
        if arrow == " |":
            row = data_row(frame or rows.frame, text)
            if row:
                rows.dialogue.append(row)
                rows.frame = frame or rows.frame
            return
        rows.line("C" if arrow == "->" else "S", frame, text, meaning)

    for text in body.splitlines():
        row, rule = ROW.match(text) if where == "dialogue" else None, RULE.match(text)
        if row:
            put()
            words, found, meaning = row[4].partition("  \u00b7 ")
            line = [row[3], int(row[2]) if row[2] else None, words, meaning if found else ""]
        elif rule and rule[1] in ("\u2501\u2501\u2501", "\u2500\u2500\u2500", "\u254d\u254d\u254d"):
            put()
            band = band_row(rule[2])
            rows.dialogue += [band] if band else []
        elif rule:
            put()
            where = rule[2]
        elif re.match("^\u2500+$", text):
            put()
            where = "summary"
        elif where == "dialogue":
            words = text[26:] if text.startswith(" " * 26) else text
            if line is None or not words:
                continue # a note below a line across
            if words.startswith("\u00b7 "):
                line[3] = words[2:]
            elif line[3]:
                line[3] += " " + words.strip()
            else:
                line[2] += words
        elif where == "findings":
            found = re.match(r"^  (high|medium|low|info) +(\S+)(?:  frame (\d+))?$", text)
            if found:
                findings.append([found[2], found[1], int(found[3] or 0), ""])
            elif findings and text.strip():
                findings[-1][3] += " " + text.strip()
        elif where == "summary":
            summary += " " + text.strip()
    put()
    facts = {"dialogue": rows.dialogue, "answers": rows.answers,
             "findings": sorted((f[0], f[1], f[2], related(f[3])) for f in findings)}
    facts.update(of_phrase(summary.strip()))
    client = re.search(r"(?m)^  client +(\S+)(?:  calls itself (.*))?$", head)
    server = re.search(r"(?m)^  server +(\S+)", head)
    facts["endpoints"] = (client[1], server[1])
    return facts


def related(detail):
    """The frames in "(see frame 7, frame 9)"."""
    found = re.search(r"\(see ([^()]*)\)$", detail)
    return tuple(sorted(int(frame) for frame in re.findall(r"frame (\d+)", found[1]))) if found else ()


def of_phrase(text):
    """The facts in "7 commands, 9 replies, 1 mail accepted, STARTTLS accepted, ...; closed, complete"."""
    facts = {}
    found = re.match(r"([\d,]+) commands?, ([\d,]+) repl(?:y|ies), ([\d,]+) mails?", text)
    facts["counts"] = tuple(number(found[i]) for i in (1, 2, 3))
    facts["complete"] = text.endswith(", complete")
    facts.update(of_protection(text))
    return facts


def of_protection(text):
    """Whether STARTTLS was used and TLS began, from the words for both."""
    if "implicit TLS" in text:
        return {"starttls": "none", "tls": True}
    found = re.search(r"(no STARTTLS|STARTTLS not seen|STARTTLS (accepted|offered|requested|refused)(, no TLS in the capture)?)(, TLS follows|, handshake failed)?", text)
    if found is None:
        return {}
    starttls = {"no STARTTLS": "none", "STARTTLS not seen": None}.get(found[1], found[2])
    return {"starttls": starttls, "tls": (starttls == "accepted" and not found[3]) or bool(found[4])}


def logins_in_short(text):
    """Those in "; AUTH PLAIN rejected 2 times; AUTH LOGIN accepted"; CUT where some are left out."""
    found = collections.Counter()
    for mechanism, result, times in re.findall(r"AUTH (\S+|mechanism not seen) (accepted|rejected|cancelled|unfinished)(?: (\d+) times)?", text):
        found[(plain(mechanism), result)] += int(times or 1)
    return CUT if re.search(r"and \d+ logins? more", text) else sorted(found.items())


ENDPOINT = r"(?:\[[0-9a-f:.]+\]|[0-9.]+):\d+"


def read_sessions_text(octets):
    sessions = {}
    for line in unwrapped(octets.decode("utf-8").splitlines()[1:], r" *\d+  \d{4}-"):
        found = re.match(r"^ *(\d+)  (\S+)  (%s) -> (%s)(.*)$" % (ENDPOINT, ENDPOINT), line)
        if not found:
            raise ValueError("no session: %r" % line)
        rest = found[5]
        facts = {"endpoints": (found[3], found[4]), "complete": rest.endswith(", complete")}
        facts.update(of_protection(rest))
        facts["logins in short"] = logins_in_short(re.sub(r"; mail from <.*", "", rest))
        mails = re.findall(r"; mail from <([^;]*?)> to (.*?): " + OUTCOME + r"(?: \((\d+)\))?", rest)
        count = re.search(r"; and (\d+) mails? more", rest)
        facts["mails in short"] = [(plain(m[0]), m[2] or None, int(m[3]) if m[3] else None) for m in mails] + ([CUT] if count else [])
        finding = re.search(r"; (\d+) findings?;", rest)
        facts["finding count"] = int(finding[1]) if finding else 0
        sessions[int(found[1])] = facts
    return sessions


def read_messages_text(octets):
    sessions = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in unwrapped(octets.decode("utf-8").splitlines()[1:], r" *\d+\.\d+  \d{4}-"):
        found = re.match(r"^ *(\d+)\.(\d+)  \S+  <(.*?)(\?)?> -> (.*?): " + OUTCOME + r"(?: \((\d+)\))?(.*)$", line)
        if not found:
            raise ValueError("no mail: %r" % line)
        session, mail, rest = int(found[1]), int(found[2]), found[8]
        facts = sessions[session]
        facts["senders"].append((mail, None if found[4] else plain(found[3])))
        facts["outcomes"].append((mail, found[6], int(found[7]) if found[7] else None))
        rest = re.sub(r'"[^"]*"', '""', rest) # the subject, and names of attachments: a quotation mark in them is escaped
        octets_ = re.search(r"; ([\d,]+) octets?", rest)
        digest = re.search(r", SHA-256 ([0-9a-f]{16})\.\.\.", rest)
        if octets_:
            facts["digests in short"].append((mail, number(octets_[1]), "NOT COMPLETE" not in rest, digest and digest[1]))
        facts["recipients in short"] += [(mail, *row) for row in recipients_in_short(found[5])]
    return sessions


def recipients_in_short(text):
    more = re.search(r" and (\d+) more$", text)
    for found in re.finditer(r"<([^>]*)>(?: refused (after the message )?\((\d+)\))?", text):
        yield plain(found[1]), int(found[3]) if found[3] else None, bool(found[2])
    if more:
        yield CUT, None, False


def read_findings_text(octets):
    found = collections.defaultdict(list)
    for line in octets.decode("utf-8").splitlines():
        row = re.match(r"^(high|medium|low|info) +(\S+) +(?:session (\d+)|no session)(?: frame (\d+))?  (.*)$", line)
        if row:
            found[int(row[3]) if row[3] else None].append((row[2], row[1], int(row[4] or 0), related(row[5])))
        elif not re.match(r"^[\d,]+ findings? in [\d,]+ sessions?", line):
            raise ValueError("no finding: %r" % line)
    return {session: {"all findings": sorted(rows)} for session, rows in found.items()}


def read_servers_text(octets):
    servers = {}
    for line in octets.decode("utf-8").splitlines():
        name = re.match(r"^(%s)  ([\d,]+) sessions?" % ENDPOINT, line)
        starttls = re.match(r"^  STARTTLS +offered in ([\d,]+), accepted in ([\d,]+), refused in ([\d,]+)", line)
        if name:
            server = servers[name[1]] = {"sessions": number(name[2]), "hidden": False}
        elif starttls:
            server["starttls"] = tuple(number(starttls[i]) for i in (1, 2, 3))
    return servers


# ---- the logs ----

def bare(path):
    return plain(path[1:-1])


def read_eve(octets):
    sessions = collections.defaultdict(lambda: collections.defaultdict(list))
    for event in records_of(octets):
        ours, envelope, mail = event["smtpscope"], event["smtp"], event["smtpscope"].get("transaction")
        facts = sessions[ours["session"]]
        facts["flows"] = event["flow_id"]
        facts["gap octets"] = ours["gaps"]
        facts["endpoints"] = tuple(endpoint({"ip": event[side + "_ip"], "port": event[side + "_port"]}) for side in ("src", "dest"))
        if mail is None:
            facts["hidden"].append(ours.get("tls"))
            continue
        facts["log lines"].append({
            "mail": mail, "from": bare(envelope["mail_from"]) if "mail_from" in envelope else None,
            "to": sorted({bare(path) for path in envelope.get("rcpt_to", [])} - {""}),
            "refused": sorted({bare(path) for path in ours.get("refused", [])} - {""}), "outcome": ours.get("outcome"),
            "reply": plain(ours.get("last_reply")), "tls": ours.get("tls"), "octets": ours.get("octets"), "complete": ours.get("complete"),
            "missing": ours.get("missing"), "helo": plain(envelope.get("helo")), "limits": sorted(ours.get("limits_met", []))})
    return sessions


def zeek_facts(lines):
    sessions = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in lines:
        facts = sessions[line["smtpscope.session"]]
        facts["uid"] = line["uid"]
        facts["gap octets"] = line["smtpscope.gaps"]
        facts["endpoints"] = tuple(endpoint({"ip": line["id.%s_h" % side], "port": line["id.%s_p" % side]}) for side in ("orig", "resp"))
        if "smtpscope.transaction" not in line:
            facts["hidden"].append(line.get("tls"))
            continue
        facts["log lines"].append({
            "mail": line["smtpscope.transaction"], "from": plain(line["mailfrom"]) if "mailfrom" in line else None,
            "to": sorted({plain(address) for address in line.get("rcptto", [])}),
            "refused": sorted({plain(address) for address in line.get("smtpscope.refused", [])}),
            "outcome": line.get("smtpscope.outcome"), "reply": plain(line.get("last_reply")), "tls": line.get("tls"),
            "octets": line.get("smtpscope.octets"), "complete": line.get("smtpscope.complete"), "missing": line.get("smtpscope.missing"),
            "helo": plain(line.get("helo")), "limits": sorted(line.get("smtpscope.limits_met", []))})
    return sessions


# ---- the report ----

class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, dict(attributes), parent, []

    def classes(self):
        return (self.attributes.get("class") or "").split()

    def text(self):
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def all(self, tag, style=None):
        for child in self.children:
            if isinstance(child, str):
                continue
            if child.tag == tag and (style is None or style in child.classes()):
                yield child
            yield from child.all(tag, style)

    def first(self, tag, style=None):
        return next(self.all(tag, style), None)


class Page(html.parser.HTMLParser):
    VOID = {"br", "meta", "link", "input", "hr", "img"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.node = Node("page", [], None)
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        child = Node(tag, attrs, self.node)
        self.node.children.append(child)
        if tag not in self.VOID:
            self.node = child

    def handle_startendtag(self, tag, attrs):
        self.node.children.append(Node(tag, attrs, self.node))

    def handle_endtag(self, tag):
        node = self.node
        while node is not None and node.tag != tag:
            node = node.parent
        if node is not None and node.parent is not None:
            self.node = node.parent

    def handle_data(self, data):
        self.node.children.append(data)


def ladder_of(table):
    rows, cut = Rows(), False
    for row in table.first("tbody").all("tr"):
        style = row.classes()
        if "band" in style and "cut" in style:
            cut = True
        elif "band" in style:
            text = row.text()
            band = skipped_row(text) or band_row(text)
            rows.dialogue += [band] if band else []
        elif "tls" not in style:
            place, words, meaning = row.first("td", "f").text(), row.first("td", "d"), row.first("td", "m").text()
            frame = int(place) if place else None
            if words.first("div", "content"):
                rows.dialogue.append(data_row(frame or 0, words.first("strong").text()))
                continue
            if meaning == "cannot be placed":
                rows.skipped(words.first("code").text())
            else:
                rows.line("C" if "c" in style else "S", frame, words.first("code").text(), meaning)
    return rows, cut


def described(node):
    """What a list of terms says: {term: description}."""
    return {pair.first("dt").text(): pair.first("dd") for pair in node.first("dl").all("div") if pair.first("dt")}


def read_report(octets):
    page = Page(octets.decode("utf-8")).root
    sessions = collections.defaultdict(dict)
    for row in page_section(page, "sessions").all("tr", "hit"):
        cells = [cell for cell in row.children if not isinstance(cell, str)]
        facts = sessions[int(cells[0].text())]
        facts.update(of_protection(cells[5].text()))
        facts["endpoints"] = (cells[3].children[0], cells[4].text())
        helo = cells[3].first("bdi")
        facts["helo"] = plain(helo.text()[:80]) if helo else None
        facts["logins in short"] = logins_in_short(cells[6].text())
        facts["complete"] = cells[9].text().endswith(", complete")
        facts["finding count"] = number(re.match(r"[\d,]+", cells[8].text())[0])
    for details in page.all("details", "session"):
        session = int(re.search(r"session (\d+)", details.first("h3").text())[1])
        facts = sessions[session]
        rows, cut = ladder_of(details.first("table", "ladder"))
        facts["dialogue"] = CUT if cut else rows.dialogue
        facts["answers"] = CUT if cut else rows.answers
        facts.update(of_phrase(details.first("summary").first("div", "soft").text()))
        banner = re.match(ENDPOINT + r": (?:(\d+) )?(.*)$", without_divisions(described(details)["server"]), re.S)
        facts["banner"] = None if banner[2] == "no banner was seen" else (int(banner[1]) if banner[1] else None, plain(banner[2]))
        facts["findings"] = below_dialogue(details)
    for article in page.all("article", "mail"):
        session, mail = (int(part) for part in article.attributes["id"][1:].split("-"))
        for name, values in report_mail(mail, article).items():
            sessions[session].setdefault(name, []).extend(values)
    for session, rows in report_findings(page).items():
        sessions[session]["all findings"] = sorted(rows)
    return sessions


def without_divisions(node):
    """Its text, but for what stands in lines of its own below it."""
    return "".join(child if isinstance(child, str) else child.text() for child in node.children if isinstance(child, str) or child.tag != "div")


def read_overview(octets):
    """The report's numbers of all sessions."""
    pairs = page_section(Page(octets.decode("utf-8")).root, "overview").first("dl").all("div")
    return {pair.first("dt").text(): number(pair.first("dd").children[0]) for pair in pairs}


def page_section(page, name):
    return next(section for section in page.all("section") if section.attributes.get("id") == name)


def below_dialogue(details):
    found = []
    for item in (li for ul in details.all("ul", "found") for li in ul.all("li")):
        name = item.first("code")
        if name is None:
            continue
        severity = item.first("b") or item.first("span")
        text = item.text()
        frame = re.search(r"  frame (\d+)", text[:text.find(item.first("div").text())])
        found.append((name.text(), severity.text(), int(frame[1]) if frame else 0, related(item.first("div").text())))
    return CUT if details.first("p", "rest") else sorted(found)


def report_mail(mail, article):
    terms = described(article)
    facts = collections.defaultdict(list)
    sender = terms["Sender"].text()
    facts["senders"].append((mail, None if sender == "not seen" else "" if sender.startswith("<> (null") else plain(sender)))
    outcome = re.match(OUTCOME + r"(?:: (?:(\d+) )?(.*))?$", terms["Outcome"].text(), re.S)
    facts["outcomes"].append((mail, outcome[1], int(outcome[2]) if outcome[2] else None))
    if outcome[2]:
        facts["deciding replies"].append((mail, int(outcome[2]), plain(outcome[3])))
    frame = re.search(r"MAIL in frame (\d+)", terms["Session"].text())
    if frame:
        facts["MAIL frames"].append((mail, int(frame[1])))
    facts["digests"] += []
    if "Content" in terms:
        content = terms["Content"].text()
        octets = number(re.match(r"[\d,]+", content)[0])
        facts["digests"].append((mail, octets, "NOT COMPLETE" not in content, terms["SHA-256"].text() if "SHA-256" in terms else None))
    heading = re.match(r"Mail \d+\.\d+: (.*)$", article.first("h3").text(), re.S)
    facts["subjects"] += [(mail, plain(heading[1]))] if heading else []
    facts["attachments"] += []
    for table in article.all("table", "plain"):
        names = [cell.text() for cell in table.first("thead").all("th")]
        for row in table.first("tbody").all("tr"):
            cells = [cell.text() for cell in row.all("td")]
            if names[0] == "Recipient":
                codes = [re.match(r"(?:refused )?(\d+) ", cell) for cell in cells[1:]]
                codes = [int(code[1]) if code else None for code in codes]
                facts["recipients"].append((mail, plain(cells[0]), codes[0], codes[1] if len(codes) > 1 else None))
            elif names[0] == "Attachment":
                facts["attachments"].append((mail, plain(cells[1] if cells[0] == "no name" else cells[0])))
    facts["recipients"] += []
    if article.first("p", "rest"):
        facts["recipients"] = facts["attachments"] = CUT
    return {name: values if values is not CUT else [CUT] for name, values in facts.items()}


def report_findings(page):
    found = collections.defaultdict(list)
    for article in page_section(page, "findings").all("article"):
        name, severity = article.first("h3").first("code").text(), article.classes()[1]
        for row in article.all("tr", "hit"):
            cells = list(row.all("td"))
            session, frame = (re.search(r"(\d+)$", cell.text()) for cell in cells[:2])
            more = [re.search(r"frame (\d+)", node.text()) for node in cells[3].all("div", "soft")]
            found[int(session[1]) if session else None].append(
                (name, severity, int(frame[1]) if frame else 0, tuple(sorted(int(m[1]) if m else 0 for m in more))))
    return found
