#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the server says where a reply is due and that is no reply, replies that decide nothing, captures that begin in the middle, and
replies for each recipient: no later reply may move, nothing may be called accepted that was not, all that was said is shown.

usage: test_replies.py --smtpscope PROGRAM [--segmentation PROGRAM] [--keep FOLDER] [-v]
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from dialogues import BANNER, BYE, MAIL, PLAIN_TEXT, TLS, TLS_HELLO, Session, capture, ehlo, envelope, message, text64

PROGRAM = SEGMENTATION = None
KEPT = None  # where the captures stay

# What servers say in place of a reply.
WORDS = ["no such user", "-ERR not now", "+OK fine", "4.7.0 try later", "5.7.1", "55 no", "2", "000 x", "666 x", "99999", " 250 ok", "\t250 ok",
         "", "(250) ok", "one\r\ntwo\r\nthree", "OK 250 ok", "25O ok"]
PRELIMINARY = ["199 wait", "100 x", "350 go on", "399"]

GREETED = ehlo("PIPELINING", "AUTH PLAIN LOGIN", "STARTTLS")
OK = ("S", "250 2.0.0 ok\r\n")
RSET = [("C", "RSET\r\n"), ("S", "250 reset\r\n")]


def spoken(words):
    return ("S", words + "\r\n")


def text_of(words):
    """What stands behind the code, if there is one."""
    return "" if re.fullmatch("[1-5][0-9]{2}", words) else words.split("\r\n")[-1].strip().split(" ")[-1]


def with_line_feeds(steps):
    """The same dialogue from a side that ends its lines with LF only."""
    return [(who, octets.replace("\r\n", "\n") if who == "S" else octets) for who, octets in steps]


class Facts:
    """What the outputs say of one dialogue."""

    def __init__(self, name, steps, **where):
        folder = KEPT or tempfile.mkdtemp()
        self.path = os.path.join(folder, re.sub(r"[^a-z0-9]+", "-", name.lower())[:60] + ".pcap")
        capture(Session(steps, **where)).save(self.path)
        self.transcript = self.run("transcript").decode()
        self.records = [json.loads(line) for line in self.run("transcript", "--format", "json").splitlines()]
        self.session = self.records[0]
        self.mails = self.session["transactions"]
        self.findings = [finding["id"] for finding in self.session["findings"]]
        self.replies = [record for record in self.records if record["record"] == "reply"]
        self.skipped = [record for record in self.records if record["record"] == "skipped"]

    def run(self, *arguments):
        result = subprocess.run([PROGRAM, *arguments, self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def page(self):
        return self.run("report").decode()

    def answers(self):
        """Which command each reply is said to answer: by the frame of it, the verb; None: none."""
        verbs = {record["frame"]: record["verb"] for record in self.records if record["record"] == "command"}
        return [(reply["code"], verbs.get(reply["to_command_frame"])) for reply in self.replies]


class Replies(unittest.TestCase):
    def shown(self, facts, words):
        """Whatever the server said stands in the transcript, in its JSON, and in the report."""
        page = facts.page()
        texts = [line for reply in facts.replies for line in reply["lines"]] + [skipped["text"] for skipped in facts.skipped]
        for line in words.split("\r\n"):
            self.assertTrue(any(line in text for text in texts), (line, texts))
            if line.strip():
                self.assertIn(line.strip(), facts.transcript)
                self.assertIn(line.strip(), re.sub(r"&#?\w+;", lambda found: {"&amp;": "&"}.get(found[0], found[0]), page))

    def kinds(self):
        for line_feeds in (False, True):
            for words in WORDS[:4] if line_feeds else WORDS + PRELIMINARY:
                yield words, with_line_feeds if line_feeds else list, "%r%s" % (words, " LF" if line_feeds else "")

    def each(self, name, make):
        """`make`: the dialogue with these words in it."""
        for words, ends, label in self.kinds():
            facts = Facts(name + label, ends(make(words)))
            with self.subTest(kind=label):
                self.shown(facts, words)
                if words not in ("350 go on", "399"):
                    self.assertIn("malformed-reply", facts.findings)
                self.assertNotIn("pipelining-violation", facts.findings)
                self.assertNotIn("reply-without-command", facts.findings)
            yield words, facts

    def test_recipient(self):
        def make(words):
            return (GREETED + MAIL + [("C", "RCPT TO:<b@example.com>\r\n"), spoken(words), ("C", "RCPT TO:<c@example.com>\r\n"), OK]
                    + message(PLAIN_TEXT)[4:] + RSET + message(PLAIN_TEXT, reply="550 5.7.1 no\r\n") + BYE)
        for words, facts in self.each("rcpt", make):
            first, second = facts.mails
            self.assertNotEqual((first["rcpt_to"][0]["code"] or 0) // 100, 2)
            self.assertIn(text_of(words), first["rcpt_to"][0]["text"])
            self.assertEqual([recipient["code"] for recipient in first["rcpt_to"][1:]], [250])
            self.assertEqual((first["outcome"], second["outcome"], second["code"]), ("accepted", "rejected", 550))
            self.assertEqual(facts.answers()[-1], (221, "QUIT"))

    def test_sender(self):
        for words, facts in self.each("mail", lambda words: GREETED + [("C", "MAIL FROM:<x@example.com>\r\n"), spoken(words)] + RSET
                                      + message(PLAIN_TEXT) + BYE):
            self.assertEqual([mail["outcome"] for mail in facts.mails], ["aborted", "accepted"])
            self.assertEqual(facts.mails[1]["rcpt_to"][0]["code"], 250)

    def test_verdict(self):
        for words, facts in self.each("verdict", lambda words: GREETED + message(PLAIN_TEXT, reply=words + "\r\n") + RSET
                                      + message(PLAIN_TEXT, reply="452 4.3.1 full\r\n") + BYE):
            first, second = facts.mails
            self.assertEqual((first["outcome"], first["code"], first["message"]["complete"]), (None, None, True))
            self.assertIn(text_of(words), first["reply"])
            self.assertEqual((second["outcome"], second["code"]), ("rejected", 452))
            log = json.loads(facts.run("sessions", "--format", "zeek-json").splitlines()[0])
            self.assertNotIn("smtpscope.outcome", log)

    def test_verdict_at_the_end(self):
        for words, facts in self.each("end", lambda words: GREETED + message(PLAIN_TEXT, reply=words + "\r\n")):
            self.assertIsNone(facts.mails[0]["outcome"] if words not in PRELIMINARY else None)

    def test_data(self):
        def make(words):
            return (GREETED + envelope() + [("C", "DATA\r\n"), spoken(words), ("C", PLAIN_TEXT + ".\r\n"), ("S", "250 queued\r\n")] + RSET
                    + BYE)
        for words, facts in self.each("data", make):
            self.assertEqual((facts.mails[0]["outcome"], facts.mails[0]["message"]["octets"]), ("accepted", len(PLAIN_TEXT)))

    def test_data_and_no_content(self):
        for words, facts in self.each("nodata", lambda words: GREETED + envelope() + [("C", "DATA\r\n"), spoken(words)] + RSET
                                      + message(PLAIN_TEXT) + BYE):
            self.assertEqual([mail["outcome"] for mail in facts.mails], ["aborted", "accepted"])
            self.assertIsNone(facts.mails[0]["message"])

    def test_login(self):
        for words, facts in self.each("auth", lambda words: GREETED + [("C", "AUTH PLAIN " + text64("\0alice\0Secret-77")), spoken(words)]
                                      + message(PLAIN_TEXT) + BYE):
            login = facts.session["auth"][0]
            self.assertEqual((login["mechanism"], login["identity"], login["result"], login["code"]), ("PLAIN", "alice", "unfinished", None))
            self.assertEqual(facts.mails[0]["outcome"], "accepted")

    def test_challenge(self):
        def make(words):
            return (GREETED + [("C", "AUTH LOGIN\r\n"), spoken(words), ("C", text64("alice@example.com")), ("S", "334 UGFzc3dvcmQ6\r\n"),
                               ("C", text64("Secret-77")), ("S", "535 5.7.8 no\r\n")] + message(PLAIN_TEXT) + BYE)
        for words, facts in self.each("challenge", make):
            self.assertEqual([login["result"] for login in facts.session["auth"]], ["rejected"])
            self.assertNotIn(text64("Secret-77").strip(), facts.transcript + facts.page())
            self.assertEqual(facts.mails[0]["outcome"], "accepted")

    def test_starttls(self):
        for words, facts in self.each("starttls", lambda words: GREETED + [("C", "STARTTLS\r\n"), spoken(words)] + message(PLAIN_TEXT) + BYE):
            self.assertEqual(facts.session["starttls"], "refused")
            self.assertIn("starttls-fallback-to-clear", facts.findings)
            self.assertEqual((facts.mails[0]["outcome"], facts.mails[0]["rcpt_to"][0]["code"]), ("accepted", 250))

    def test_starttls_and_tls(self):
        for words, facts in self.each("tls", lambda words: GREETED + [("C", "STARTTLS\r\n"), spoken(words), ("C", TLS_HELLO)]):
            self.assertEqual((facts.session["starttls"], facts.session["tls"] is None), ("accepted", False))
            self.assertNotIn("starttls-refused", facts.findings)
        facts = Facts("tls nothing", GREETED + [("C", "STARTTLS\r\n"), spoken("what")])
        self.assertEqual(facts.session["starttls"], "requested")

    def test_greetings(self):
        def make(words):
            return [BANNER, ("C", "EHLO c.example.com\r\n"), spoken(words), ("C", "HELO c.example.com\r\n"), OK] + message(PLAIN_TEXT) + BYE
        for words, facts in self.each("ehlo", make):
            self.assertEqual(facts.session["helo"], {"verb": "HELO", "name": "c.example.com"})
            self.assertEqual((facts.mails[0]["outcome"], facts.mails[0]["rcpt_to"][0]["code"]), ("accepted", 250))

    def test_banner(self):
        def make(words):
            return [spoken(words), ("C", "EHLO c.example.com\r\n"), GREETED[2]] + message(PLAIN_TEXT) + BYE
        for words, facts in self.each("banner", make):
            if words not in PRELIMINARY:
                self.assertEqual((facts.session["banner"]["code"], facts.session["banner"]["text"]), (None, words.replace("\r\n", "\n")))
            self.assertEqual(facts.session["helo"]["name"], "c.example.com")
            self.assertEqual((facts.mails[0]["outcome"], facts.mails[0]["rcpt_to"][0]["code"]), ("accepted", 250))

    def test_quit(self):
        for words, facts in self.each("quit", lambda words: GREETED + message(PLAIN_TEXT) + [("C", "QUIT\r\n"), spoken(words)]):
            self.assertEqual(facts.mails[0]["outcome"], "accepted")
            self.assertTrue(facts.session["quit"])

    def test_text_in_front(self):
        """The client goes on only when the reply has come: what stood in front of it is text."""
        for words in WORDS + PRELIMINARY:
            with self.subTest(kind=words):
                facts = Facts("front %r" % words, GREETED + MAIL + [("C", "RCPT TO:<b@example.com>\r\n"), spoken(words), ("S", "250 2.1.5 ok\r\n")]
                              + message(PLAIN_TEXT, reply=words + "\r\n550 5.7.1 no\r\n")[4:] + RSET + BYE)
                self.shown(facts, words)
                mail, = facts.mails
                self.assertEqual((mail["rcpt_to"][0]["code"], mail["outcome"], mail["code"]), (250, "rejected", 550))

    def test_pipelined(self):
        """Which of several commands it answers cannot be told; what follows is no guess, and what can answer one command only ends that."""
        group = ("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n")
        for words in WORDS:
            for at in range(3):
                with self.subTest(kind=words, at=at):
                    replies = ["550 5.1.1 no"] * 3
                    replies[0], replies[at] = "250 ok", words
                    facts = Facts("pipelined %d %r" % (at, words), GREETED + [group, ("S", "\r\n".join(replies) + "\r\n354 go\r\n"),
                                  ("C", PLAIN_TEXT + ".\r\n"), ("S", "250 queued\r\n")] + MAIL + RSET + BYE)
                    self.shown(facts, words)
                    self.assertIn("malformed-reply", facts.findings)
                    mail, last = facts.mails
                    self.assertTrue(all((recipient["code"] or 550) == 550 for recipient in mail["rcpt_to"]), mail["rcpt_to"])
                    self.assertEqual((mail["outcome"], last["outcome"]), ("accepted", "aborted"))
                    self.assertEqual(facts.answers()[-1], (221, "QUIT"))

    def test_pipelined_and_on(self):
        """A group without DATA: the client goes on behind as many lines as it sent commands."""
        group = ("C", "RSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n")
        for words in [words for words in WORDS if "\n" not in words]:
            for at in range(3):
                with self.subTest(kind=words, at=at):
                    replies = ["250 a", "250 b", "250 c"]
                    replies[at] = words
                    facts = Facts("group %d %r" % (at, words), GREETED + [group, ("S", "\r\n".join(replies) + "\r\n")] + RSET
                                  + message(PLAIN_TEXT, reply="554 5.7.1 no\r\n") + BYE)
                    self.assertNotIn("reply-without-command", facts.findings)
                    self.assertEqual((facts.mails[-1]["outcome"], facts.mails[-1]["rcpt_to"][0]["code"]), ("rejected", 250))
                    self.assertNotEqual(facts.mails[0]["outcome"], "accepted")

    def test_in_the_middle(self):
        """The first thing in the capture is the command that words answer."""
        for words in [words for words in WORDS if not words.startswith("2")]:
            with self.subTest(kind=words):
                facts = Facts("middle %r" % words, [("C", "RCPT TO:<b@example.com>\r\n"), spoken(words)] + RSET + message(PLAIN_TEXT) + BYE,
                              begun=False)
                self.shown(facts, words)
                self.assertIsNone(facts.session["banner"])
                self.assertEqual([mail["outcome"] for mail in facts.mails], ["aborted", "accepted"])
                self.assertIsNone(facts.mails[0]["rcpt_to"][0]["code"])
                self.assertEqual(facts.answers()[-1], (221, "QUIT"))

    def test_refused_in_the_middle(self):
        for code in ("421 4.3.2 closing", "450 4.2.1 busy", "550 5.1.1 no such user", "554 5.7.1 no", "500 eh?"):
            with self.subTest(code=code):
                facts = Facts("refused " + code, [("S", code + "\r\n")] + MAIL + RSET + BYE, begun=False)
                self.assertIsNone(facts.session["banner"])
                self.assertNotIn("greeting", facts.transcript.split("MAIL FROM")[0])
                self.assertIn(code, facts.transcript.split("why the server said no")[1])
                servers = facts.run("servers", "--format", "json").decode()
                self.assertNotIn(code.split(" ", 1)[1], servers)
                whole = Facts("whole " + code, [("S", code + "\r\n")] + BYE)
                self.assertEqual(whole.session["banner"]["code"], int(code[:3]))
        self.assertEqual(Facts("banner", [BANNER, ("C", "EHLO c\r\n"), OK], begun=False).session["banner"]["code"], 220)

    def test_login_in_the_middle(self):
        for code, result in (("535 5.7.8 no", "rejected"), ("534 5.7.9 too weak", "rejected"), ("235 2.7.0 welcome", "accepted")):
            with self.subTest(code=code):
                facts = Facts("login " + code, [("S", code + "\r\n")] + BYE, begun=False)
                login, = facts.session["auth"]
                self.assertEqual(login, {"mechanism": None, "identity": None, "result": result, "code": int(code[:3]), "encrypted": False,
                                         "frame": None})

    def test_message_in_the_middle(self):
        for reply, outcome in (("550 5.7.1 spam", "rejected"), ("250 2.0.0 queued", "accepted")):
            for lines in ("the rest of it\r\n.\r\n", ".\r\n"):
                with self.subTest(reply=reply, lines=lines):
                    facts = Facts("content %s %d" % (reply, len(lines)), [("C", lines), ("S", reply + "\r\n")] + BYE, begun=False)
                    self.assertEqual([(mail["mail_from"], mail["rcpt_to"], mail["outcome"], mail["message"]) for mail in facts.mails],
                                     [(None, [], outcome, None)])
                    self.assertEqual("".join(skipped["text"] for skipped in facts.skipped), lines)

    def test_what_cannot_be_placed(self):
        """What may be a secret is not shown, and octets that are no text are shown exactly."""
        odd = "".join(map(chr, range(1, 128))).replace("\n", "") + "\u00e9\r\n"
        secret = text64("\0alice\0Secret-77")
        facts = Facts("unplaced", GREETED + [("S", odd), ("C", "NOOP\r\n"), OK] + BYE)
        self.assertEqual([skipped["text"] for skipped in facts.skipped], [odd])
        facts = Facts("hidden", [("C", secret), ("S", "235 ok\r\n")] + MAIL + RSET + BYE, begun=False)
        for output in (facts.transcript, facts.page(), json.dumps(facts.records)):
            self.assertNotIn(secret.strip(), output)
            self.assertIn("secret-1", output)
        self.assertIn(secret.strip(), facts.run("transcript", "--show-secrets").decode())

    def test_prdr(self):
        offered = ehlo("PIPELINING", "PRDR")
        def mail(*replies, recipients=2, on=BYE):
            return (offered + envelope("PRDR", recipients=recipients) + [("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", PLAIN_TEXT + ".\r\n")]
                    + [("S", reply + "\r\n") for reply in replies] + on)
        rows = [  # the replies to the message: outcome, code, deliveries
            (("353 go", "250 a", "550 b", "250 queued"), ("accepted", 250), [250, 550]),
            (("353 go", "450 a", "250 b", "250 queued"), ("accepted", 250), [450, 250]),
            (("353 go", "550 a", "550 b", "550 none"), ("rejected", 550), [550, 550]),
            (("353 go", "250 a", "250 b", "451 later"), ("rejected", 451), [250, 250]),
            (("353-go\r\n353 on", "250 a", "250 b", "250 queued"), ("accepted", 250), [250, 250]),
            (("353 go", "550 none of you"), ("rejected", 550), [None, None]),
            (("353 go", "what", "550 b", "250 queued"), ("accepted", 250), [None, 550]),
            (("353 go", "250 a", "what", "550 none"), ("rejected", 550), [250, None]),
            (("353 go", "note", "250 a", "550 b", "250 queued"), ("accepted", 250), [250, 550]),
            (("353 go", "250 a", "250 b", "what"), (None, None), [250, 250]),
            (("353 go",), (None, None), [None, None]),
            (("250 queued",), ("accepted", 250), [None, None]),
            (("550 spam",), ("rejected", 550), [None, None])]
        for replies, outcome, deliveries in rows:
            with self.subTest(replies=replies):
                facts = Facts("prdr " + " ".join(replies), mail(*replies, on=RSET + MAIL + RSET + BYE))
                self.assertEqual((facts.mails[0]["outcome"], facts.mails[0]["code"]), outcome)
                self.assertEqual([(recipient.get("delivery") or {}).get("code") for recipient in facts.mails[0]["rcpt_to"]], deliveries)
                self.assertEqual([(mail["outcome"], mail["code"]) for mail in facts.mails[1:]], [("aborted", None)])
                self.assertNotIn("reply-without-command", facts.findings)
                self.assertIn((221, "QUIT"), facts.answers())
        facts = Facts("prdr text", mail("353 go", "250 a", "550 b", "250 queued"))
        self.assertIn("for recipient 2 b1@example.com", re.sub(r"\s+", " ", facts.transcript))
        refused = json.loads(facts.run("sessions", "--format", "zeek-json").splitlines()[0])
        self.assertEqual((refused["smtpscope.outcome"], refused["smtpscope.refused"]), ("accepted", ["b1@example.com"]))

    def test_lmtp(self):
        """A reply to RCPT is lost: whether its recipient was accepted shows in how many deliveries there are."""
        def mail(lost, replies, recipients=3):
            steps = [("S", "220 mx LMTP\r\n"), ("C", "LHLO c\r\n"), ("S", "250-mx\r\n250 PIPELINING\r\n")] + MAIL
            for number in range(recipients):
                steps += [("C", "RCPT TO:<b%d@example.com>\r\n" % number), ("s" if number in lost else "S", "250 2.1.5 ok\r\n")]
            return (steps + [("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", PLAIN_TEXT + ".\r\n")]
                    + [("s" if reply.startswith("~") else "S", reply.lstrip("~") + "\r\n") for reply in replies] + RSET + BYE)
        rows = [
            ({0}, ("250 a", "552 b", "451 c"), [250, 552, 451]), ({1}, ("250 a", "552 b", "451 c"), [250, 552, 451]),
            ({2}, ("250 a", "552 b", "451 c"), [250, 552, 451]), ({0}, ("250 b", "552 c"), [None, 250, 552]),
            ({1}, ("250 a", "552 c"), [250, None, 552]), ({0, 1}, ("250 a", "552 b", "451 c"), [250, 552, 451]),
            ({0, 1}, ("552 c",), [None, None, 552]), ({0, 1}, ("250 ?", "552 c"), [None, None, None]),
            # a line without a code: a reply of its own, or text, as the number of replies tells
            (set(), ("250 a", "what", "451 c"), [250, None, 451]), (set(), ("what", "550 b", "451 c"), [None, 550, 451]),
            (set(), ("250 a", "552 b", "what"), [250, 552, None]), (set(), ("250 a", "what", "what"), [250, None, None]),
            (set(), ("250 a", "note", "552 b", "451 c"), [250, 552, 451]), (set(), ("250 a", "what", "451 ?"), [250, None, 451]),
            (set(), ("250 a", "what", "and", "451 ?"), [250, None, None]), ({0}, ("250 a", "what", "451 c"), [None, None, None]),
            # a hole among them
            (set(), ("~250 a", "552 b", "451 c"), [None, 552, 451]), (set(), ("250 a", "~552 b", "451 c"), [250, None, 451]),
            (set(), ("250 a", "552 b", "~451 c"), [250, 552, None]), (set(), ("~250 a", "~552 b", "451 c"), [None, None, None]),
            (set(), ("250 a", "~552 b", "~451 c"), [250, None, None])]
        for lost, replies, deliveries in rows:
            with self.subTest(lost=lost, replies=replies):
                facts = Facts("lmtp %s %s" % (lost, replies), mail(lost, replies))
                self.assertEqual([(recipient["delivery"] or {}).get("code") for recipient in facts.mails[0]["rcpt_to"]], deliveries)
                good = any(reply.startswith("250") for reply in replies)
                bare = any(not reply[0].isdigit() for reply in replies)
                refused = None if bare and len(replies) == 3 else "rejected"
                self.assertEqual(facts.mails[0]["outcome"], "accepted" if good else refused)
                self.assertEqual(facts.answers()[-2:], [(250, "RSET"), (221, "QUIT")])

    def test_lost_login(self):
        """The reply to a login is lost: that to the next command is none to it."""
        lost, answer = ("s", "535 5.7.8 no\r\n"), ("C", text64("\0alice\0Secret-77"))
        plain = ("C", "AUTH PLAIN " + answer[1])
        ways = {"one line": [plain, lost], "two lines": [("C", "AUTH PLAIN\r\n"), ("S", "334 \r\n"), answer, lost],
                "no challenge": [("C", "AUTH PLAIN\r\n"), ("s", "334 \r\n"), answer, lost],
                "does not wait": [("C", "AUTH PLAIN\r\n" + answer[1]), ("s", "504 no\r\n500 no\r\n")]}
        for way, steps in ways.items():
            for on, then in (("mail", message(PLAIN_TEXT)), ("reset", RSET), ("quit", [])):
                with self.subTest(way=way, on=on):
                    facts = Facts("lost login %s %s" % (way, on), GREETED + steps + then + BYE)
                    self.assertNotIn("accepted", [login["result"] for login in facts.session["auth"]])
                    self.assertEqual([mail["rcpt_to"][0]["code"] for mail in facts.mails], [250] * len(facts.mails))

    def test_lost_response(self):
        """Behind a challenge only the exchange itself can be answered, though the response is lost."""
        cram = [("C", "AUTH CRAM-MD5\r\n"), ("S", "334 PDFAbXg+\r\n"), ("c", text64("alice 0123456789abcdef0123456789abcdef"))]
        login = [("C", "AUTH LOGIN\r\n"), ("S", "334 VXNlcm5hbWU6\r\n"), ("c", text64("alice")), ("S", "334 UGFzc3dvcmQ6\r\n"),
                 ("C", text64("Secret-77"))]
        for mechanism, steps in (("CRAM-MD5", cram), ("LOGIN", login)):
            for reply, result in (("235 2.7.0 ok\r\n", "accepted"), ("535 5.7.8 no\r\n", "rejected")):
                with self.subTest(mechanism=mechanism, result=result):
                    facts = Facts("lost response %s %s" % (mechanism, result), GREETED + steps + [("S", reply)] + BYE)
                    self.assertEqual([(entry["mechanism"], entry["identity"], entry["result"]) for entry in facts.session["auth"]],
                                     [(mechanism, None, result)])

    def test_lost_data(self):
        """The reply to a message whose DATA is lost answers no command that is there."""
        steps = GREETED + envelope() + [("c", "DATA\r\n"), ("s", "354 go\r\n"), ("C", PLAIN_TEXT + ".\r\n"), ("S", "250 2.0.0 queued\r\n")]
        facts = Facts("lost data", steps + RSET + BYE)
        self.assertEqual([verb for _, verb in facts.answers()][-3:], [None, "RSET", "QUIT"])
        self.assertEqual((facts.mails[0]["rcpt_to"][0]["code"], facts.mails[0]["outcome"]), (250, "accepted"))

    def test_lost_content(self):
        """The end of a message is lost, and perhaps replies to it: nothing is accepted by what answers something else."""
        head = [("S", "220 mx LMTP\r\n"), ("C", "LHLO c\r\n"), ("S", "250-mx\r\n250 PIPELINING\r\n")]
        offered = ehlo("PIPELINING", "PRDR")
        dot, data = ("c", "x\r\n.\r\n"), [("C", "DATA\r\n"), ("S", "354 go\r\n")]
        pipelined = ("C", "x\r\n.\r\nMAIL FROM:<n@example.com>\r\nRCPT TO:<n@example.com>\r\nDATA\r\n")

        def said(*replies):
            return [("s" if reply.startswith("~") else "S", reply.lstrip("~") + "\r\n") for reply in replies]

        def of(greeting, count, content, replies, on=RSET, **options):
            envelope_ = envelope(*(["PRDR"] if greeting is offered else []), recipients=count)
            for at in options.get("lost", ()):
                envelope_[at] = (envelope_[at][0].lower(), envelope_[at][1])
            return greeting + envelope_ + data + [content] + said(*replies) + on + (BYE if content is not pipelined else [])
        rows = [  # dialogue, outcomes that may be told, deliveries that may be
            ("refused, reset", of(GREETED, 1, dot, ["550 no"]), ["rejected"], None),
            ("both lost", of(GREETED, 1, dot, ["~550 no"]), [None], None),
            ("both lost, next", of(GREETED, 1, dot, ["~550 no"], message(PLAIN_TEXT)), [None], None),
            ("LMTP", of(head, 3, dot, ["550 a", "250 b", "452 c"]), ["accepted"], [550, 250, 452]),
            ("LMTP, refused", of(head, 2, dot, ["550 a", "552 b"]), ["rejected"], [550, 552]),
            ("LMTP, all lost", of(head, 2, dot, ["~550 a\r\n552 b"]), [None], [None, None]),
            ("LMTP, first lost", of(head, 3, dot, ["~250 a", "452 b\r\n550 c"]), [None], None),
            ("LMTP, first is words", of(head, 3, dot, ["what", "452 b\r\n250 c"]), [None, "accepted"], [None, 452, 250]),
            ("LMTP, an envelope with holes", of(head, 2, ("C", "x\r\n.\r\n"), ["250 a", "550 b"], lost=(1, 2)), ["accepted"], None),
            ("LMTP, and does not wait", of(head, 2, pipelined, ["550 a\r\n552 b\r\n250 ok\r\n550 no\r\n554 no"], [], lost=(2,)), [None, "rejected"], None),
            ("LMTP, does not wait, accepted", of(head, 2, pipelined, ["250 a\r\n552 b\r\n250 ok\r\n250 ok\r\n354 go"], [], lost=(2,)), [None, "accepted"], None),
            ("LMTP, all that was sent then is lost", of(head, 2, ("c", pipelined[1]), ["550 a\r\n552 b\r\n250 ok\r\n550 no\r\n554 no"], [], lost=(2,)), [None], None),
            ("LMTP, holes in envelope and content", of(head, 2, dot, ["550 a\r\n250 b"], lost=(4,)), [None, "accepted"], None),
            ("LMTP, ends early", of(head, 3, ("C", "x\r\n.\r\n"), ["250 a", "note\r\n451 b"], []), ["accepted"], None),
            ("PRDR", of(offered, 2, dot, ["353 go", "550 a", "250 b", "250 queued"]), ["accepted"], [550, 250]),
            ("PRDR, 353 lost", of(offered, 2, ("C", "x\r\n.\r\n"), ["~353 go", "550 a", "250 b", "250 queued"]), ["accepted"], None),
            ("PRDR, and does not wait", of(offered, 2, pipelined, ["353 go\r\n250 a\r\n550 b\r\n250 queued\r\n250 ok\r\n550 no\r\n554 no"], [], lost=(2,)), [None, "accepted"], None)]
        for name, steps, outcomes, deliveries in rows:
            with self.subTest(name=name):
                facts = Facts("lost content " + name, steps)
                self.assertIn(facts.mails[0]["outcome"], outcomes)
                told = [(recipient.get("delivery") or {}).get("code") for recipient in facts.mails[0]["rcpt_to"]]
                if deliveries is not None:
                    self.assertIn(told, (deliveries, [None] * len(deliveries)))
                self.assertTrue(all(mail["outcome"] != "accepted" for mail in facts.mails[1:] if mail["mail_from"] == "n@example.com"))
                self.assertNotIn("reply-without-command", facts.findings)

    def test_chunks(self):
        """A message in one chunk, with a reply for each recipient: it is the mail's."""
        head = [("S", "220 mx LMTP\r\n"), ("C", "LHLO c\r\n"), ("S", "250-mx\r\n250 CHUNKING\r\n")]
        for name, steps, replies in (("LMTP", head + envelope(recipients=2), "250 a\r\n550 b\r\n"),
                                     ("LMTP, words", head + envelope(recipients=2), "what\r\n550 b\r\n"),
                                     ("PRDR", ehlo("CHUNKING", "PRDR") + envelope("PRDR", recipients=2), "353 go\r\n250 a\r\n550 b\r\n250 ok\r\n")):
            with self.subTest(name=name):
                facts = Facts("chunk " + name, steps + [("C", "BDAT 3 LAST\r\nabc"), ("S", replies)] + RSET + envelope(recipients=2)
                              + [("C", "BDAT 2\r\nde"), ("S", "250 ok\r\n"), ("C", "BDAT 2 LAST\r\nfg"), ("S", replies)] + BYE)
                self.assertEqual([mail["message"] and mail["message"]["octets"] for mail in facts.mails], [3, 4])
                self.assertEqual([(recipient["delivery"] or {}).get("code") for recipient in facts.mails[0]["rcpt_to"]],
                                 [None if "what" in replies else 250, 550])

    def test_cut_anywhere(self):
        """However the streams are cut, the same is said: of all captures that the tests before made."""
        if SEGMENTATION is None or KEPT is None:
            self.skipTest("no program that cuts")
        for words in ("no such user", "", "199 wait", "353 x", "250ok"):
            for steps in (GREETED + MAIL + [("C", "RCPT TO:<b@example.com>\r\n"), spoken(words)] + RSET + BYE,
                          GREETED + envelope() + [("C", "DATA\r\n"), spoken(words), ("C", "x\r\n.\r\n"), spoken(words)] + RSET + BYE,
                          GREETED + [("C", "RSET\r\nRSET\r\nRSET\r\n"), ("S", "250 a\r\n%s\r\n250 c\r\n" % words)] + RSET + BYE,
                          GREETED + [("C", "STARTTLS\r\n"), spoken(words)] + MAIL + BYE,
                          GREETED + [("C", "AUTH LOGIN\r\n"), spoken(words), ("C", text64("alice")), spoken(words)] + BYE):
                Facts("cut %r %d" % (words, len(repr(steps))), steps)
                Facts("cut middle %r %d" % (words, len(repr(steps))), steps[3:], begun=False)
        result = subprocess.run([SEGMENTATION, KEPT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        self.assertEqual(result.returncode, 0, result.stdout[-2000:].decode("utf-8", "replace"))


def main():
    global PROGRAM, SEGMENTATION, KEPT
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--segmentation", help="the test of cuts; the captures that are made here are given to it")
    parser.add_argument("--keep", help="write the captures there")
    arguments, rest = parser.parse_known_args()
    PROGRAM = os.path.abspath(arguments.smtpscope)
    SEGMENTATION = arguments.segmentation and os.path.abspath(arguments.segmentation)
    with tempfile.TemporaryDirectory() as scratch:
        KEPT = arguments.keep or scratch
        unittest.main(argv=[sys.argv[0]] + rest)


if __name__ == "__main__":
    main()
