#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of `report`, end to end: what is on it, that nothing of the wire is more than text there, what it costs.

usage: test_report.py --build FOLDER --captures FOLDER [UNITTEST-ARGUMENT...]
"""
import base64
import hashlib
import html.parser
import os
import re
import struct
import sys
import unittest

import browser
import program
from dialogues import BANNER, BYE, MAIL, PLAIN_TEXT, TLS, Session, capture, ehlo, envelope, login, message, plain, text64
from pcap import Capture, Connection, Pcapng, many_mails
from program import one_mail, path, run, run_and_measure, write, write_capture

VOID = {"meta", "br", "input"}
SVG_VOID = {"rect", "line", "path"}
ELEMENTS = VOID | SVG_VOID | set(
    "html head title style body a header div h1 h2 h3 h4 nav form label select option button output main section table thead tbody tfoot tr th td "
    "dl dt dd p ul li strong b bdi code span small time details summary article figure figcaption svg defs pattern g text footer script"
    .split())
ATTRIBUTES = set(
    "lang charset http-equiv content name class href id role hidden for type autocomplete spellcheck placeholder value aria-live data-format "
    "aria-label aria-labelledby aria-hidden tabindex scope open colspan data-severity viewbox width height patternunits patterntransform x y "
    "x1 x2 y1 y2 d transform text-anchor".split())
VOID |= SVG_VOID


class Page(html.parser.HTMLParser):
    """A page, strictly: every element is closed where it should be, and only such occur as the program makes."""

    def __init__(self, octets):
        super().__init__(convert_charrefs=True)
        self.open, self.problems = [], []
        self.ids, self.links, self.texts, self.attributes = [], [], [], []
        self.raw = {"style": "", "script": ""}
        self.counts = {}
        self.feed(octets.decode("utf-8"))
        self.close()
        if self.open:
            self.problems.append("left open: %s" % self.open)

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in ELEMENTS:
            self.problems.append("element %s" % tag)
        for name, value in attributes:
            self.attributes.append((tag, name, value))
            if name not in ATTRIBUTES:
                self.problems.append("attribute %s of %s" % (name, tag))
            if name == "id":
                self.ids.append(value)
            if name == "href":
                self.links.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in SVG_VOID:
            self.problems.append("<%s/>" % tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append("</%s> at %s" % (tag, self.getpos()))

    def handle_data(self, data):
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]] += data
        else:
            self.texts.append(data)

    def handle_comment(self, data):
        self.problems.append("a comment: %s" % data)

    def handle_pi(self, data):
        self.problems.append("an instruction: %s" % data)

    @property
    def text(self):
        return re.sub(r" (?=[:,;.])", "", " ".join(" ".join(self.texts).split()))

    def values(self, tag, name):
        return [value for one, other, value in self.attributes if (one, other) == (tag, name)]


class Case(unittest.TestCase):
    def has(self, page, *parts):
        for part in parts:
            if part not in page.text:
                self.fail("not on the page: " + part)

    def has_not(self, page, *parts):
        for part in parts:
            if part in page.text:
                self.fail("on the page: " + part)

    def check(self, octets):
        """The page, with all that every page must be."""
        page = Page(octets)
        self.assertEqual(page.problems, [])
        self.assertTrue(octets.startswith(b"<!doctype html>"))
        self.assertEqual(len(page.ids), len(set(page.ids)), "ids are not unique")
        for link in page.links:
            self.assertTrue(link.startswith("#"), link)
            self.assertIn(link[1:], page.ids)
        for target in page.values("label", "for") + page.values("svg", "aria-labelledby"):
            self.assertIn(target, page.ids)
        self.check_policy(page)
        return page

    def check_policy(self, page):
        """Nothing is loaded, nothing runs but the page's own script, and that is the one of the policy."""
        policy = page.values("meta", "content")[0]
        self.assertTrue(policy.startswith("default-src 'none'; "), policy)
        for name in ("style", "script"):
            self.assertEqual(page.counts[name], 1)
            digest = base64.b64encode(hashlib.sha256(page.raw[name].encode()).digest()).decode()
            self.assertIn("%s-src 'sha256-%s';" % (name, digest), policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(re.findall(r"(?:https?:|//[a-z]|@import|url\((?!#))", page.raw["style"] + page.raw["script"]), [])
        names = {name for _, name, _ in page.attributes}
        self.assertEqual(names & {"src", "srcset", "action", "style", "onclick", "onload", "onerror"}, set())

    def report(self, *arguments, status=0):
        done = run("report", *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return self.check(done.stdout)

    def report_on(self, *sessions, arguments=()):
        return self.report(*arguments, write_capture("report.pcap", capture(*sessions)))


# What would be more than text if it were not escaped. The last is what the page shows.
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;&#60;"
BIDI = "\u202e\u2066gpj.exe\u200f"
BIDI_SHOWN = r"\xE2\x80\xAE\xE2\x81\xA6gpj.exe\xE2\x80\x8F"


class Hostile(Case):
    def test_everywhere(self):
        """Markup, quotes, bidi controls, control characters and octets that are no UTF-8, wherever text of the wire is shown."""
        bad = HOSTILE.encode() + BIDI.encode() + b"\x1b[31m\x07\xff\xfe\\x41"
        shown = HOSTILE + BIDI_SHOWN + r"\x1B[31m\x07\xFF\xFE\x5Cx41"
        encoded = lambda words: "=?utf-8?B?%s?=" % base64.b64encode(words.encode()).decode()
        header = (b"From: " + bad + b" <a@example.com>\r\nTo: " + bad + b"\r\nSubject: " + encoded("subject " + HOSTILE + BIDI).encode()
                  + b"\r\nDate: " + bad + b"\r\nMessage-ID: <" + bad + b">\r\nMIME-Version: 1.0\r\n"
                  b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/x-evil\r\n"
                  b"Content-Disposition: attachment; filename=\"" + encoded("file " + HOSTILE.replace('"', "") + BIDI).encode()
                  + b"\"\r\n\r\nx\r\n--b--\r\n")
        steps = [("S", b"220 banner " + bad + b"\r\n"), ("C", b"EHLO " + bad + b"\r\n"),
                 ("S", b"250-mx " + bad + b"\r\n250-X-" + bad + b"\r\n250 AUTH PLAIN <b>\r\n"),
                 ("C", "AUTH PLAIN %s\r\n" % plain("user " + HOSTILE + BIDI, "pass")), ("S", b"235 login " + bad + b"\r\n"),
                 ("C", b"MAIL FROM:<from" + bad.replace(b">", b"") + b"@example.com>\r\n"), ("S", b"250 sender " + bad + b"\r\n"),
                 ("C", b"RCPT TO:<to" + bad.replace(b">", b"") + b"@example.com>\r\n"), ("S", b"550 5.1.1 rcpt " + bad + b"\r\n"),
                 ("C", "RCPT TO:<b@example.com>\r\n"), ("S", "250 ok\r\n"), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", header + b".\r\n"),
                 ("S", b"250 queued " + bad + b"\r\n"), ("C", bad + b"\r\n"), ("S", b"500 what " + bad + b"\r\n"), *BYE]
        done = run("report", write_capture("<b>&\"hostile'.pcap", capture(Session(steps))))
        page = self.check(done.stdout)
        for where in ("220 banner ", "EHLO ", "250-mx ", "250-X-", "235 login ", "250 sender ", "550 5.1.1 rcpt ", "250 queued ", "500 what "):
            self.has(page, where + shown)
        self.has(page, "user " + HOSTILE + BIDI_SHOWN)
        self.has(page, "subject " + HOSTILE + BIDI_SHOWN)
        self.has(page, "file " + HOSTILE.replace('"', "") + BIDI_SHOWN)
        self.has(page, "from" + shown.replace(">", ""))
        self.has(page, "<b>&\"hostile'.pcap")
        whole = done.stdout.decode()
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", whole))
        self.assertEqual(page.counts["script"], 1)

    def test_server_name(self):
        """The server name of a ClientHello."""
        name = HOSTILE.encode()
        names = struct.pack(">BH", 0, len(name)) + name
        names = struct.pack(">H", len(names)) + names
        extension = struct.pack(">HH", 0, len(names)) + names
        hello = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + struct.pack(">H", len(extension)) + extension
        handshake = b"\x01" + struct.pack(">I", len(hello))[1:] + hello
        record = b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake
        page = self.report_on(Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", record)))
        self.has(page, "server name " + HOSTILE)
        self.has(page, "Sessions hidden by TLS 1")

    def test_nul(self):
        page = self.report_on(Session(BANNER, ("C", b"EHLO a\0b\r\n"), ("S", "250 mx\r\n"), BYE))
        self.has(page, r"EHLO a\x00b")

    def test_right_to_left(self):
        """Text in a script that runs from right to left is isolated."""
        octets = run("report", write_capture("rtl.pcap", capture(Session(BANNER, ("C", "EHLO \u05d0\u05d1\r\n"), ("S", "250 mx\r\n"), BYE)))).stdout
        self.assertIn("<bdi>EHLO \u05d0\u05d1</bdi>", octets.decode())

    def test_secrets(self):
        session = Session(ehlo("AUTH PLAIN LOGIN"), login("alice", "correct-horse"), ("C", "AUTH LOGIN\r\n"), ("S", "334 VXNlcm5hbWU6\r\n"),
                          ("C", text64("alice")), ("S", "334 UGFzc3dvcmQ6\r\n"), ("C", text64("correct-horse")), ("S", "235 ok\r\n"), BYE)
        encodings = ("correct-horse", plain("alice", "correct-horse"), text64("correct-horse").strip())
        page = self.report_on(session)
        for secret in encodings:
            self.has_not(page, secret)
        self.assertEqual(page.text.count("[secret-1]"), 3) # and where the page explains it
        self.has_not(page, "contains passwords")
        page = self.report_on(session, arguments=("--show-secrets",))
        self.has(page, plain("alice", "correct-horse"))
        self.has(page, "This page contains passwords")
        self.assertLess(page.text.index("This page contains passwords"), page.text.index("What this report is made of", 200))


class Content(Case):
    def test_bundled_captures(self):
        folder = os.path.abspath(program.ARGUMENTS.captures)
        names = sorted(name for name in os.listdir(folder) if re.search(r"\.pcap(ng)?$", name))
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(name):
                self.report(os.path.join(folder, name))
        page = self.report("--hash-input", *(os.path.join(folder, name) for name in names))
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                self.has(page, hashlib.sha256(file.read()).hexdigest())

    def test_template(self):
        """Every slot of the template is filled, and its texts are on the page, in the language of the user."""
        template = os.path.join(os.path.dirname(__file__), "..", "..", "standalone", "report", "report.html")
        with open(template, encoding="ascii") as file:
            texts = re.findall(r"\[\[(.*?)\]\]", file.read())
        self.assertGreater(len(texts), 30)
        for language in ("en", "ja"):
            page = self.report("--lang", language, os.path.join(os.path.abspath(program.ARGUMENTS.captures), "two-mails.pcap"))
            words = page.texts + [value for _, _, value in page.attributes if value]
            for mark in ("{{", "}}", "[[", "]]"):
                self.assertFalse([word for word in words if mark in word], mark)
            there = [text for text in texts if any(text in word for word in words)]
            if language == "en":
                self.assertEqual(there, texts)
            else: # short ones may be words of a capture
                self.assertEqual([text for text in there if len(text) > 8], [])

    def test_twice(self):
        name = os.path.join(os.path.abspath(program.ARGUMENTS.captures), "by-hand.pcap")
        self.assertEqual(run("report", name).stdout, run("report", name).stdout)
        run("report", "-o", "page.html", name)
        with open(path("page.html"), "rb") as file:
            self.assertEqual(file.read(), run("report", name).stdout)

    def test_mail(self):
        body = "From: a@example.com\r\nTo: b@example.com\r\nSubject: a subject\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"
        page = self.report_on(Session(ehlo(), message(body), BYE))
        for part in ("Mail 1.1: a subject", "a@example.com", "<1@example.com>", "%d octets by DATA, complete" % len(body),
                     hashlib.sha256(body.encode()).hexdigest(), "b0@example.com", "250 2.1.5 ok", "accepted: 250 2.0.0 queued"):
            self.has(page, part)
        self.has_not(page, "hello ") # what is in mails is not on the page
        self.assertIn("#m1-1", page.links)

    def test_findings(self):
        """The most severe first; where it was seen leads to the session."""
        page = self.report_on(Session(ehlo("AUTH PLAIN"), login("alice", "x"), BYE))
        order = [page.text.index(name) for name in ("cleartext-credentials", "auth-offered-in-clear", "starttls-not-offered")]
        self.assertEqual(order, sorted(order))
        self.has(page, "everybody on the path could read the secret")
        self.assertIn("#s1", page.links)
        self.has(page, "AUTH begins: PLAIN, in clear (frame 7)")
        self.has(page, "AUTH ends, REJECTED: PLAIN for alice")

    def test_refusals(self):
        """Why the server said no: what, its words, and what becomes of the mail."""
        page = self.report_on(Session(ehlo(), MAIL, ("C", "RCPT TO:<b&lt;i@example.com>\r\n"), ("S", "550 5.1.1 <script>no\r\n"), BYE))
        for words in ("Why the server said no", "recipient b&lt;i@example.com, frame 10", "550 5.1.1 <script>no", "For good: the mail goes back"):
            self.has(page, words)
        self.has_not(self.report_on(Session(ehlo(), BYE)), "Why the server said no")

    def test_together(self):
        """What several sessions prove together names the others."""
        page = self.report_on(Session(TLS, BYE), Session(ehlo("SIZE"), BYE, client="192.0.2.9"))
        self.has(page, "offered STARTTLS in another session")
        self.has(page, "see session 1 frame 6")

    def test_no_session(self):
        page = self.report(write("empty-but-good.pcap", Capture().octets()))
        for part in ("No session was seen", "No mail was seen", "None. That says what was looked for and not seen"):
            self.has(page, part)

    def test_not_smtp(self):
        page = self.report_on(Session(("S", "\x16\x17 no mail here\r\n" * 20), ("C", "GET / HTTP/1.1\r\n\r\n" * 20)))
        self.has(page, "not-smtp")
        self.has(page, "connection on an SMTP port carries something else")

    def test_picked(self):
        page = self.report_on(Session(ehlo(), BYE), Session(ehlo(), BYE), arguments=("--session", "2"))
        self.has_not(page, "SMTP session 1")
        self.has(page, "SMTP session 2")
        self.has(page, "1 session was not asked for (--session)")
        self.has(page, "--session 2")

    def test_japanese(self):
        page = self.report_on(Session(ehlo("AUTH PLAIN"), login("alice", "x"), message(PLAIN_TEXT), BYE), arguments=("--lang", "ja"))
        self.assertEqual(page.values("html", "lang"), ["ja"])
        self.has_not(page, "What this report is made of")
        for english in ("Overview", "Sessions", "Recipient", "Outcome", "Where it was seen", "client:"):
            self.has_not(page, english)


class Losses(Case):
    def test_gap(self):
        """A hole is in its place with its size, at the top, and the mail is not called complete."""
        page = self.report_on(Session(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "Subject: x\r\n\r\nhello\r\n"),
                                      ("c", "z" * 500), ("C", "end\r\n.\r\n"), ("S", "250 ok\r\n"), BYE))
        self.has(page, "1 hole in the sessions: 500 octets are not in the capture")
        self.has(page, "500 octets of the client are NOT IN THE CAPTURE (behind frame ")
        self.has(page, "NOT COMPLETE")
        self.has(page, "500 octets not in the capture, behind octet")
        self.has_not(page, "All frames were read")

    def test_truncated(self):
        page = self.report(write("cut.pcap", one_mail()[:-7]), status=3)
        self.has(page, "cut.pcap: ends early or is damaged behind frame")

    def test_unreadable(self):
        page = self.report(write("good.pcap", one_mail()), "no-such.pcap", status=1)
        self.has(page, "no-such.pcap: cannot be opened")
        self.has(page, "SMTP session 1")

    def test_snap(self):
        made = capture(Session(ehlo(), message(PLAIN_TEXT), BYE))
        made.snap = 80
        page = self.report(write_capture("snap.pcap", made))
        self.has(page, "NOT IN THE CAPTURE")

    def test_one_side(self):
        steps = [(who.lower() if who == "S" else who, what) for who, what in Session(ehlo(), MAIL, BYE).steps]
        page = self.report_on(Session(steps))
        self.has(page, "no banner was seen")
        self.has(page, "no reply was seen")


class Limits(Case):
    def test_long_line(self):
        page = self.report_on(Session(BANNER, ("C", "EHLO " + "x" * 900 + "\r\n"), ("S", "250 mx\r\n"), BYE))
        self.has(page, "[and 505 octets more]")
        self.has_not(page, "x" * 401)

    def test_long_dialogue(self):
        """The middle is left out, but for boundaries and holes; how much, and of which frames, is said."""
        noops = [("C", "NOOP\r\n"), ("S", "250 ok\r\n")]
        page = self.report_on(Session(ehlo("AUTH PLAIN"), noops * 300, login("alice", "x"), noops * 300, BYE))
        self.assertEqual(len(re.findall(r"(\d+) steps are left out here", page.text)), 2)
        self.has(page, "AUTH ends, REJECTED")
        self.has(page, "smtpscope --session 1 prints all")
        self.has(page, "ends the session")

    def test_many_recipients(self):
        steps = ehlo("PIPELINING") + [("C", "MAIL FROM:<a@example.com>\r\n"), ("S", "250 ok\r\n")]
        for number in range(400):
            steps += [("C", "RCPT TO:<b%d@example.com>\r\n" % number), ("S", "550 no\r\n" if number == 399 else "250 ok\r\n")]
        page = self.report_on(Session(steps, BYE))
        self.has(page, "349 recipients more")
        self.has(page, "b399@example.com refused 550 no")

    def test_many_mails(self):
        page = self.report_on(Session(ehlo(), message(PLAIN_TEXT) * 250, BYE))
        self.has(page, "50 mails are not on this page")
        self.assertEqual(page.text.count("Mail 1."), 200)

    def test_long_reply(self):
        page = self.report_on(Session(BANNER, ("C", "HELP\r\n"), ("S", "214-line\r\n" * 300 + "214 last\r\n"), BYE))
        self.has(page, "201 lines of this reply are left out")
        self.has(page, "214 last")

    def test_many_sessions(self):
        """Memory does not grow with them, whatever the order; the page says what is not on it, and its time line is of counts."""
        many_mails(path("many.pcap"), 50_010)
        for arguments in (("--sort", "end"), ("--sort", "start")):
            done, peak = run_and_measure("report", "--memory-limit", "32M", *arguments, "-o", "many.html", "many.pcap")
            self.assertEqual(done.returncode, 0, done.stderr)
            if peak is not None:
                self.assertLess(peak, 32 * 1024 * 1.1)
            with open(path("many.html"), "rb") as file:
                octets = file.read()
            for part in (b"10 sessions are not in this table", b"The dialogues of 49,010 sessions are not on this page",
                         b"48,010 mails are not on this page", b"49,510 more are not on this page: smtpscope findings",
                         b"Too many sessions for a bar each"):
                self.assertIn(part, octets)
            counts = [octets.count(mark) for mark in (b'<tr class="hit"', b'<details class="session hit"', b'<article class="mail hit"')]
            self.assertEqual(counts, [50_000 + 500, 1000, 2000])

    def test_many_behind_one(self):
        """By start: sessions that wait for one that goes on do so within --memory-limit, and come in order."""
        held = Capture()
        Connection(held, client="203.0.113.9").open().say("S", "220 mx.example.com ESMTP\r\n").say("C", "EHLO c.example.com\r\n")
        write_capture("first.pcap", held)
        many_mails(path("many.pcap"), 20_000, each_second=5000)
        done, peak = run_and_measure("report", "--memory-limit", "32M", "--sort", "start", "-o", "many.html", "first.pcap", "many.pcap")
        self.assertEqual(done.returncode, 0, done.stderr)
        if peak is not None:
            self.assertLess(peak, 32 * 1024 * 1.1)
        with open(path("many.html"), "rb") as file:
            numbers = re.findall(rb'<th scope="row">(?:<a href="#s\d+">)?(\d+)', file.read())
        self.assertEqual(list(map(int, numbers)), list(range(1, 20_002)))

    def test_found_beyond(self):
        """A session with a finding of weight is there, however many are in front of it."""
        sessions = [Session(ehlo(), BYE) for _ in range(1010)] + [Session(ehlo("AUTH PLAIN"), login("alice", "x"), BYE)]
        page = self.report_on(*sessions)
        self.has(page, "The dialogues of 10 sessions are not on this page")
        self.assertIn("s1011", page.ids)
        self.assertNotIn("s1010", page.ids)

    def test_turns(self):
        """By start: a session that goes on while others end comes first, whatever is printed of it later."""
        made = Capture()
        held = Connection(made, client="203.0.113.9").open().say("S", "220 mx.example.com ESMTP\r\n")
        for number in range(30):
            other = Connection(made, client_port=41000 + number).open().say("S", "220 mx\r\n").say("C", "QUIT\r\n").say("S", "221 bye\r\n")
            other.close()
        held.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        write_capture("held.pcap", made)
        for arguments, first in (((), 1), (("--sort", "start"), 1), (("--sort", "end"), 2)):
            page = self.report(*arguments, "held.pcap")
            numbers = [int(number) for number in re.findall(r"SMTP session (\d+)", page.text)]
            self.assertEqual((numbers[0], sorted(numbers)), (first, list(range(1, 32))))
            if first == 1:
                self.assertEqual(numbers, sorted(numbers))

    def test_times(self):
        """Times that are far apart, or go back, do no harm."""
        made = capture(*(Session(ehlo(), BYE) for _ in range(310))) # more than have a bar each
        made.frames = [(time + (number % 7) * 10 ** 14 if number > 100 else time, frame) for number, (time, frame) in enumerate(made.frames)]
        self.report(write_capture("times.pcap", made))
        made = capture(Session(ehlo(), BYE))
        made.frames = [(made.frames[0][0] - 1000 * number, frame) for number, (_, frame) in enumerate(made.frames)]
        self.report(write_capture("back.pcap", made))

    def test_ends_of_time(self):
        """Seconds beyond what can be counted, beside those of 1970: whether each session has a bar, or they are counted."""
        for count in (2, 310):
            made = capture(*(Session(ehlo(), BYE) for _ in range(count)))
            half = len(made.frames) // 2
            made.frames = [(number if number < half else (1 << 63) - 1 + number, frame) for number, (_, frame) in enumerate(made.frames)]
            blocks = Pcapng(made).section().interface().packets(range(len(made.frames)))
            page = self.report(write("ends.pcapng", blocks.octets()))
            self.has(page, "1970-01-01T00:00:00.000000Z", "2262-")


@unittest.skipIf(browser.PROGRAM is None, "there is no Chromium")
class InBrowser(Case):
    """What a browser makes of the page."""

    @classmethod
    def setUpClass(cls):
        os.mkdir(path("browser"))
        cls.browser = browser.Browser(path("browser"))
        cls.addClassCleanup(cls.browser.close)

    def show(self, *sessions, arguments=(), fragment=""):
        name = "shown-%d.html" % self.browser.loaded
        done = run("report", "-o", name, *arguments, write_capture("shown.pcap", capture(*sessions)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.browser.problems.clear()
        self.browser.open(path(name), fragment)
        self.assertEqual(self.browser.problems, [])

    def seen(self, selector):
        """How many such elements are seen."""
        return self.browser.value("[...document.querySelectorAll(%r)].filter(one => one.checkVisibility()).length" % selector)

    def type(self, words):
        self.browser.value("words.value = %r; apply()" % words)

    def test_filter(self):
        self.show(Session(ehlo("AUTH PLAIN"), login("alice", "x"), BYE), Session(ehlo("STARTTLS"), message(PLAIN_TEXT), BYE, client="192.0.2.77"))
        self.assertEqual((self.seen("#filter"), self.seen("details.session"), self.seen("#sessions tbody tr")), (1, 2, 2))
        self.type("192.0.2.77 QUEUED")
        self.assertEqual((self.seen("details.session"), self.seen("#sessions tbody tr"), self.seen(".finding")), (1, 0, 0))
        self.assertRegex(self.browser.value("shown.textContent"), r"^\d+ of \d+ shown$")
        self.type("")
        self.assertEqual(self.browser.value("shown.textContent"), "")
        self.browser.value("severity.value = '3'; apply()")
        self.assertEqual((self.seen("details.session"), self.seen(".finding")), (1, 1))
        self.browser.value("severity.value = '0'; found.checked = true; apply()")
        self.assertEqual(self.seen("details.session"), 1)

    def test_open_and_close(self):
        self.show(*(Session(ehlo(), BYE) for _ in range(25)))
        self.assertEqual(self.seen(".ladder"), 20)
        self.browser.value("document.getElementById('close').click()")
        self.assertEqual(self.seen(".ladder"), 0)
        self.browser.value("location.hash = '#s24'; new Promise(done => setTimeout(done, 50))")
        self.assertEqual(self.seen(".ladder"), 1)
        self.browser.value("document.getElementById('open').click()")
        self.assertEqual(self.seen(".ladder"), 25)

    def test_place(self):
        self.show(*(Session(ehlo(), BYE) for _ in range(25)), fragment="#s25")
        self.assertEqual(self.seen("#s25 .ladder"), 1)

    def test_narrow(self):
        """Nothing is wider than the window, whatever is said."""
        wide = "x" * 300
        for width in (360, 800, 1600):
            self.browser.size(width, 800)
            self.show(Session(("S", "220 %s\r\n" % wide), ("C", "EHLO %s\r\n" % wide), ("S", "250-mx\r\n250 AUTH PLAIN\r\n"),
                              login("u" + wide, "x"), message("Subject: %s\r\nFrom: %s\r\n\r\nx\r\n" % (wide, wide)), BYE))
            self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)

    def test_no_script_but_its_own(self):
        """The policy holds: what an escape might let through does not run, and nothing is loaded."""
        self.show(Session(ehlo(), BYE))
        self.browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=\"x.png\" onerror=\"window.ran = 1\">')")
        self.browser.value("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))")
        self.browser.value("new Promise(done => setTimeout(done, 100))")
        self.assertIsNone(self.browser.value("window.ran"))
        self.assertGreaterEqual(len(self.browser.problems), 2)


class Usage(Case):
    def test_terminal(self):
        import pty
        master, slave = pty.openpty()
        done = run("report", write("mail.pcap", one_mail()), stdout=slave)
        os.close(slave)
        os.close(master)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"name a file", done.stderr)

    def test_onto_a_capture(self):
        octets = one_mail()
        name = write("mail.pcap", octets)
        done = run("report", "-o", name, name)
        self.assertEqual(done.returncode, 1)
        with open(name, "rb") as file:
            self.assertEqual(file.read(), octets)

    def test_wrong_options(self):
        write("mail.pcap", one_mail())
        for arguments in (("--format", "json"), ("--full",), ("--timing",), ("--output-dir", "x")):
            self.assertEqual(run("report", *arguments, "mail.pcap").returncode, 2, arguments)
        self.assertEqual(run("report").returncode, 2)

    def test_cannot_write(self):
        done = run("report", "-o", path("no-folder/x.html"), write("mail.pcap", one_mail()))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        if os.path.exists("/dev/full"):
            self.assertEqual(run("report", "-o", "/dev/full", "mail.pcap").returncode, 1)

    def test_no_folder_for_temporary_files(self):
        """A small page needs none; a large one says so."""
        write("mail.pcap", one_mail())
        self.assertEqual(run("report", "mail.pcap", environment={"TMPDIR": "/nonexistent"}).returncode, 0)
        many_mails(path("some.pcap"), 2000)
        done = run("report", "some.pcap", environment={"TMPDIR": "/nonexistent"})
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"/nonexistent: cannot keep", done.stderr)


if __name__ == "__main__":
    sys.exit(program.main())
