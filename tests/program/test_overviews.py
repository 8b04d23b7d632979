#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of servers, of refusals and of delays, end to end.

usage: test_overviews.py SMTPSCOPE [UNITTEST-ARGUMENT...]
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from dialogues import BANNER, BYE, MAIL, PLAIN_TEXT, TLS, TLS_HELLO, Session, capture, ehlo, envelope, login, message, refusals

SMTPSCOPE = None


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "dialogue.pcap")

    def run_on(self, sessions, *arguments):
        capture(*sessions).save(self.path)
        done = subprocess.run([SMTPSCOPE, *arguments, self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def records(self, sessions, *arguments):
        return [json.loads(line) for line in self.run_on(sessions, *arguments, "--format", "json").splitlines()]


class Servers(Case):
    def test_clear(self):
        first, second, summary = self.records([
            Session(ehlo("SIZE 1000", "AUTH PLAIN LOGIN", "STARTTLS"), BYE),
            Session(ehlo("SIZE 1000", "AUTH PLAIN"), BYE, client="192.0.2.9"),
            Session(ehlo("STARTTLS"), ("C", "STARTTLS\r\n"), ("S", "454 no\r\n"), BYE, server="192.0.2.3", port=587),
        ], "servers")
        self.assertEqual(first, {
            "record": "server", "server": {"ip": "192.0.2.2", "port": 25}, "sessions": 2, "banners": ["mx.example.com ESMTP"],
            "extensions_clear": ["SIZE 1000", "AUTH PLAIN LOGIN", "STARTTLS", "AUTH PLAIN"], "extensions_tls": [],
            "auth_clear": ["PLAIN", "LOGIN"], "auth_tls": [], "extensions_varying": ["AUTH PLAIN LOGIN", "STARTTLS", "AUTH PLAIN"],
            "starttls": {"offered": 1, "accepted": 0, "refused": 0}, "omitted": 0})
        self.assertEqual((second["server"], second["starttls"]),
                         ({"ip": "192.0.2.3", "port": 587}, {"offered": 1, "accepted": 0, "refused": 1}))
        self.assertEqual((summary["record"], summary["sessions"], summary["dropped"]), ("summary", 3, {}))

    def test_tls(self):
        """What TLS hides is null; what a decrypting proxy wrote in clear behind STARTTLS is read."""
        begun = TLS + [("C", "STARTTLS\r\n"), ("S", "220 go\r\n")]
        hidden, _ = self.records([Session(begun, ("C", TLS_HELLO))], "servers")
        self.assertEqual((hidden["extensions_tls"], hidden["auth_tls"]), (None, None))
        shown, _ = self.records([Session(begun, ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250-AUTH PLAIN\r\n250 DSN\r\n"), BYE)], "servers")
        self.assertEqual((shown["extensions_clear"], shown["extensions_tls"]), (["STARTTLS"], ["AUTH PLAIN", "DSN"]))
        self.assertEqual((shown["auth_clear"], shown["auth_tls"]), ([], ["PLAIN"]))

    def test_several_replies(self):
        """Every EHLO reply of a session counts, not the last one only."""
        again = [("C", "EHLO c\r\n"), ("S", "250-mx.example.com\r\n250 AUTH CRAM-MD5\r\n")]
        server, _ = self.records([Session(ehlo("SIZE 1000", "AUTH PLAIN", "AUTH=LOGIN"), again, BYE), Session(ehlo("SIZE 1000"), BYE)], "servers")
        self.assertEqual(server["extensions_clear"], ["SIZE 1000", "AUTH PLAIN", "AUTH=LOGIN", "AUTH CRAM-MD5"])
        self.assertEqual(server["auth_clear"], ["PLAIN", "LOGIN", "CRAM-MD5"])
        self.assertEqual(server["extensions_varying"], ["AUTH PLAIN", "AUTH=LOGIN", "AUTH CRAM-MD5"])

    def test_case(self):
        """The case of keywords means nothing, nor that of parameters that are known."""
        server, _ = self.records([Session(ehlo("Pipelining", "auth plain", "X-OWN abc"), BYE),
                                  Session(ehlo("PIPELINING", "AUTH PLAIN LOGIN", "x-own abc", "X-OWN ABC"), BYE),
                                  Session(ehlo("pipelining", "AUTH Plain", "x-own abc"), BYE)], "servers")
        self.assertEqual(server["extensions_clear"], ["Pipelining", "auth plain", "X-OWN abc", "AUTH PLAIN LOGIN", "X-OWN ABC"])
        self.assertEqual(server["auth_clear"], ["plain", "LOGIN"])
        self.assertEqual(server["extensions_varying"], ["auth plain", "AUTH PLAIN LOGIN", "X-OWN ABC"])

    def test_many_replies(self):
        """So many lines of one session are kept, whatever the number of its EHLO replies; the rest is counted."""
        again = [step for number in range(30) for step in (
            ("C", "EHLO c\r\n"), ("S", "250-mx\r\n" + "".join("250-X-%d-%d\r\n" % (number, line) for line in range(10)) + "250 DSN\r\n"))]
        server, _ = self.records([Session(ehlo("DSN"), again, BYE)], "servers")
        self.assertEqual(len(server["extensions_clear"]) + server["omitted"], 301)
        self.assertEqual(len(server["extensions_clear"]), 96)

    def test_turned(self):
        """Behind ATRN the other side announces: none of that is the server's."""
        turned = Session(ehlo("ATRN", "AUTH CRAM-MD5", "STARTTLS"), ("C", "ATRN example.com\r\n"), ("S", "250 reversing\r\n"),
                         ("C", "220 client.example.com ESMTP\r\n"), ("S", "EHLO mx.example.com\r\n"),
                         ("C", "250-client.example.com\r\n250-AUTH PLAIN\r\n250 SIZE\r\n"), ("S", "STARTTLS\r\n"), ("C", "502 no\r\n"),
                         ("S", "QUIT\r\n"), ("C", "221 bye\r\n"))
        server, _ = self.records([turned], "servers")
        self.assertEqual((server["banners"], server["extensions_clear"], server["auth_clear"]),
                         (["mx.example.com ESMTP"], ["ATRN", "AUTH CRAM-MD5", "STARTTLS"], ["CRAM-MD5"]))
        self.assertEqual(server["starttls"], {"offered": 1, "accepted": 0, "refused": 0})
        session = self.records([turned], "sessions")[0]
        self.assertEqual(session["extensions"], ["ATRN", "AUTH CRAM-MD5", "STARTTLS"])

    def test_not_seen(self):
        """Where nothing of the server is in the capture, nobody knows what it offered."""
        unseen = [Session(("s", BANNER[1]), ("C", "EHLO c\r\n"), ("s", "250-mx\r\n250 STARTTLS\r\n"), MAIL[0], ("s", "250 ok\r\n")),
                  Session(BANNER, ("C", "EHLO c\r\n"), ("s", "250-mx\r\n250 STARTTLS\r\n"), MAIL),
                  Session(MAIL, BYE, begun=False)]
        for session in unseen:
            self.assertIsNone(self.records([session], "sessions")[0]["starttls"])
            self.assertIn("STARTTLS not seen", " ".join(self.run_on([session], "sessions").split()))
        for session in (Session(ehlo(), MAIL), Session(BANNER, ("C", "HELO c\r\n"), ("S", "250 hi\r\n"), BYE), Session(("S", "554 no\r\n"), BYE)):
            self.assertEqual(self.records([session], "sessions")[0]["starttls"], "none")
            self.assertIn("no STARTTLS", " ".join(self.run_on([session], "sessions").split()))

    def test_text(self):
        text = self.run_on([Session(TLS, BYE), Session(ehlo("AUTH PLAIN"), BYE)], "servers")
        for part in ("192.0.2.2:25  2 sessions", "STARTTLS (1 of 2 sessions), AUTH PLAIN (1 of 2 sessions)", "PLAIN in clear",
                     "offered in 1, accepted in 0, refused in 0 sessions"):
            self.assertIn(part, text)

    def test_bounded(self):
        """So many servers are remembered, so many words of each; the rest is counted."""
        words = [Session(ehlo(*["X-WORD-%d" % number for number in range(200)]), BYE)]
        server, _ = self.records(words, "servers")
        self.assertEqual((len(server["extensions_clear"]), server["omitted"]), (96, 104))
        many = [Session(BANNER, server="10.%d.%d.1" % (number // 250, number % 250), close=False) for number in range(16400)]
        for session in many:
            session.steps = [("S", "220 mx ESMTP\r\n")]
        found = self.run_on_quietly(many)
        self.assertEqual((len(found) - 1, found[-1]["dropped"]["forgotten"]), (16384, 16))

    def run_on_quietly(self, sessions):
        capture(*sessions).save(self.path)
        done = subprocess.run([SMTPSCOPE, "servers", "--format", "json", self.path], stdout=subprocess.PIPE, timeout=120, check=True)
        return [json.loads(line) for line in done.stdout.decode().splitlines()]


class Refusals(Case):
    def block(self, *steps):
        lines = self.run_on([Session(*steps)]).splitlines()
        start = [number for number, line in enumerate(lines) if "why the server said no" in line]
        if not start:
            return None
        block = lines[start[0] + 1:]
        end = next(number for number, line in enumerate(block) if line.startswith("──"))
        return "\n".join(block[:end])

    def test_once(self):
        """Replies that differ in the address only are one reason; other words, another one."""
        steps = [step for number in range(3) for step in (
            ("C", "RCPT TO:<user%d@example.com>\r\n" % number), ("S", "550 5.1.1 <User%d@example.com> is nobody\r\n" % number))]
        block = self.block(ehlo(), MAIL, steps, refusals(7, 8, "550 5.1.1"), BYE)
        self.assertIn("recipient user0@example.com, frame 10, and 2 more for the same reason", block)
        self.assertEqual(block.count("5.1.1: no such mailbox"), 2)
        self.assertIn("recipient user7@example.com", block)
        self.assertNotIn("user1", block)

    def test_kinds(self):
        self.assertIn("session, frame 4", self.block(("S", "554 5.7.1 go away\r\n"), BYE))
        self.assertIn("login, frame 8", self.block(ehlo("AUTH PLAIN"), login("alice", "x"), BYE))
        self.assertIn("STARTTLS, frame 8", self.block(TLS, ("C", "STARTTLS\r\n"), ("S", "454 4.7.0 no\r\n"), BYE))
        self.assertIn("sender a@example.com, frame 8", self.block(ehlo(), MAIL[0], ("S", "452 4.3.1 full\r\n"), BYE))
        block = self.block(ehlo(), message(PLAIN_TEXT, reply="554 5.7.1 no\r\n"), BYE)
        self.assertIn("message, frame 14", block)
        self.assertIn("goes back to its sender", block)
        self.assertIn("tries again later", self.block(ehlo(), message(PLAIN_TEXT, reply="451 4.7.1 later\r\n"), BYE))
        self.assertIn("connection, frame 7", self.block(ehlo(), ("S", "421 4.4.2 idle\r\n")))
        self.assertIn("says nothing of the mail", self.block(ehlo(), ("C", "DATA\r\n"), ("S", "503 5.5.1 no\r\n"), BYE))
        for reply in ("530 5.7.0 Must issue a STARTTLS command first\r\n", "538 5.7.11 encrypt\r\n", "535 5.7.8 authentication required\r\n",
                      "550 5.7.10 encryption needed\r\n", "530 5.7.1 Authentication required\r\n"):
            for asked in ([MAIL[0]], [*MAIL, ("C", "RCPT TO:<b@example.com>\r\n")]):
                block = " ".join(self.block(ehlo(), asked, ("S", reply), BYE).split())
                self.assertIn("That says nothing of the mail: it may be accepted behind STARTTLS, or a login", block)
                self.assertNotIn("goes back to its sender", block)
                self.assertNotIn("wrong user name", block)
        block = " ".join(self.block(ehlo("AUTH PLAIN"), ("C", "AUTH PLAIN\r\n"), ("S", "530 5.7.0 Must issue a STARTTLS command first\r\n"), BYE).split())
        self.assertIn("The same login may be accepted behind STARTTLS", block)
        self.assertIn("wrong user name or password", " ".join(self.block(ehlo("AUTH PLAIN"), login("alice", "x"), BYE).split()))
        for reply in ("550 5.5.2 bare LF\r\n", "554 5.5.0 CR missing\r\n"): # the protocol, but of the message
            block = " ".join(self.block(ehlo(), message(PLAIN_TEXT, reply=reply), BYE).split())
            self.assertIn("For good: the mail goes back to its sender", block)
            self.assertNotIn("no such mailbox", block)
        for reply in ("550 5.5.0 mailbox unavailable\r\n", "555 5.5.4 what\r\n", "501 5.1.7 bad sender\r\n"):
            block = " ".join(self.block(ehlo(), MAIL, ("C", "RCPT TO:<b@example.com>\r\n"), ("S", reply), BYE).split())
            self.assertIn("For good", block)

    def test_nothing_to_explain(self):
        self.assertIsNone(self.block(ehlo(), message(PLAIN_TEXT), BYE))
        self.assertIsNone(self.block(BANNER, ("C", "EHLO c\r\n"), ("S", "502 what\r\n"), ("C", "HELO c\r\n"), ("S", "250 hi\r\n"), BYE))
        self.assertIsNone(self.block(ehlo("AUTH LOGIN"), ("C", "AUTH LOGIN\r\n"), ("S", "334 \r\n"), ("C", "*\r\n"), ("S", "501 off\r\n"), BYE))

    def test_sessions(self):
        text = " ".join(self.run_on([Session(ehlo(), MAIL, refusals(0, 1), BYE)], "sessions").split())
        self.assertIn("refused: recipient 550 5.1.1 (no such mailbox)", text)

    def test_many(self):
        """10,000 recipients, each refused in words of its own: the block stays short and says how many are not in it."""
        steps = [("C", "".join("RCPT TO:<u%d@example.com>\r\n" % number for number in range(200))),
                 ("S", "".join("550 5.1.1 word%d\r\n" % number for number in range(200)))]
        block = self.block(ehlo("PIPELINING"), MAIL, steps, BYE)
        self.assertLess(len(block.splitlines()), 120)
        self.assertIn("and 176 refusals more", block)


class Timing(Case):
    def timing(self, *steps, begun=True):
        session = self.records([Session(*steps, begun=begun)], "sessions", "--timing")[0]
        return {phase["phase"]: phase for phase in session["timing"]}

    def test_delays(self):
        found = self.timing(("wait", 2), BANNER, ("wait", 7), ("C", "EHLO c\r\n"), ("wait", 1), ("S", "250-mx\r\n250 SIZE\r\n"),
                            ("C", "MAIL FROM:<a@example.com>\r\n"), ("wait", 301), ("S", "250 ok\r\n"))
        self.assertEqual(found["greeting"]["server"], {"count": 1, "total": 2.003, "longest": 2.003, "frame": 4, "timeout": 300, "exceeded": False})
        self.assertEqual(found["ehlo"]["client"]["longest"], 7.001)
        self.assertEqual((found["ehlo"]["server"]["longest"], found["ehlo"]["server"]["timeout"]), (1.001, None))
        self.assertEqual((found["mail"]["server"]["longest"], found["mail"]["server"]["exceeded"]), (301.001, True))

    def test_content(self):
        found = self.timing(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("wait", 1), ("C", "x\r\n"), ("wait", 200),
                            ("C", "y\r\n.\r\n"), ("wait", 3), ("S", "250 ok\r\n"), BYE)
        self.assertEqual((found["content"]["client"]["longest"], found["pause"]["client"]["longest"]), (201.002, 200.001))
        self.assertTrue(found["pause"]["client"]["exceeded"])
        self.assertEqual(found["end"]["server"]["longest"], 3.001)
        self.assertIsNone(found["content"]["server"])

    def test_pipelined(self):
        """What waited in line is not the server's delay; replies in one segment are not told from each other."""
        found = self.timing(ehlo("PIPELINING"), ("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\n"),
                            ("wait", 5), ("S", "250 ok\r\n"), ("wait", 2), ("S", "250 ok\r\n250 ok\r\n"), BYE)
        self.assertEqual(found["mail"]["server"]["longest"], 5.001)
        self.assertEqual((found["rcpt"]["server"]["count"], found["rcpt"]["server"]["longest"]), (1, 2.001))
        self.assertEqual((found["rcpt"]["client"], found["rcpt"]["pipelined"]), (None, 2))

    def test_trickle(self):
        """A reply that comes line by line counts up to its last octet."""
        found = self.timing(("S", "220-one\r\n"), ("wait", 30), ("S", "220 two ESMTP\r\n"), ("C", "QUIT\r\n"), ("S", "221 bye\r\n"))
        self.assertEqual(found["greeting"]["server"]["longest"], 30.004)

    def test_beginning_not_seen(self):
        self.assertNotIn("greeting", self.timing(BANNER, ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), begun=False))

    def test_only_if_asked(self):
        self.assertNotIn("timing", self.records([Session(ehlo(), BYE)], "sessions")[0])
        done = subprocess.run([SMTPSCOPE, "--timing", self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)

    def test_text(self):
        text = self.run_on([Session(ehlo(), MAIL[0], ("wait", 400), MAIL[1], BYE)], "sessions", "--timing")
        self.assertIn("6 min 40 s !", text)
        self.assertIn("longest: server: 6 min 40 s at mail (frame 8)", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)


if __name__ == "__main__":
    SMTPSCOPE = os.path.abspath(sys.argv.pop(1))
    unittest.main()
