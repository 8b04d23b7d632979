#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sessions --format zeek, zeek-json and eve: what a line says of a mail, and what it must not say.

usage: test_logs.py --build FOLDER --captures FOLDER [UNITTEST-ARGUMENT...]
"""
import glob
import json
import os
import re
import struct
import sys
import unittest

import program
from dialogues import BANNER, BYE, MAIL, TLS, TLS_HELLO, Session, capture, ehlo, envelope, message
from pcap import Capture, Connection, many_mails
from smtp_log import Log
from program import path, run, run_and_measure, write, write_capture

ZEEK = """ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth helo mailfrom rcptto date from to cc reply_to msg_id in_reply_to
    subject x_originating_ip first_received second_received last_reply path user_agent tls fuids""".split()
TYPES = """time string addr port addr port count string string set[string] string string set[string] set[string] string string string
    string addr string string string vector[addr] string bool vector[string]""".split()


def captures():
    return sorted(glob.glob(os.path.join(os.path.abspath(program.ARGUMENTS.captures), "*.pcap*")))


def json_lines(octets):
    return [json.loads(line) for line in octets.decode("utf-8").splitlines()]


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.name = "log.pcap"

    def write(self, *steps, **more):
        write_capture(self.name, capture(Session(*steps, **more)))

    def read(self, form, *options, names=None):
        done = run("sessions", "--format", form, *options, *(names or [self.name]))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def zeek(self, *options, names=None):
        """The lines of the log, the same in both of its forms."""
        lines = Log(self.read("zeek", *options, names=names).stdout).lines
        self.assertEqual(lines, json_lines(self.read("zeek-json", *options, names=names).stdout))
        return lines

    def eve(self, *options, names=None):
        return json_lines(self.read("eve", *options, names=names).stdout)

    def one(self, *steps, **more):
        """The only line of a dialogue."""
        self.write(*steps, **more)
        lines = self.zeek()
        self.assertEqual(len(lines), 1)
        return lines[0]

    def one_event(self, *steps, **more):
        self.write(*steps, **more)
        events = self.eve()
        self.assertEqual(len(events), 1)
        return events[0]

    def header(self, text, body="hello\r\n"):
        """What both say of a mail with this header."""
        if isinstance(text, str):
            text = text.encode()
        self.write(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", text + b"\r\n" + body.encode() + b".\r\n"),
                   ("S", "250 queued\r\n"), BYE)
        return self.zeek()[0], self.eve()[0]["email"]


class Form(Case):
    def test_heading(self):
        self.write(ehlo(), message("Subject: x\r\n\r\nhello\r\n"), BYE)
        octets = self.read("zeek").stdout
        self.assertTrue(octets.startswith(b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tsmtp\n"))
        log = Log(octets)
        self.assertEqual((log.fields[:len(ZEEK)], log.types[:len(TYPES)]), (ZEEK, TYPES))
        self.assertTrue(all(name.startswith("smtpscope.") for name in log.fields[len(ZEEK):]))
        self.assertEqual((log.heading["open"], log.heading["close"]), ("2001-09-09-01-46-40", "2001-09-09-01-46-40"))
        self.assertEqual(octets.splitlines()[-1], b"#close\t2001-09-09-01-46-40")

    def test_open_and_close(self):
        """Of the whole capture, whatever is picked of it."""
        write_capture(self.name, capture(Session(("wait", 60), ehlo(), message("\r\nx\r\n"), BYE), Session(("wait", 3600), ehlo(), BYE)))
        for options in ((), ("--session", "1"), ("--shard", "0/2"), ("--shard", "1/2"), ("--sort", "start")):
            heading = Log(self.read("zeek", *options).stdout).heading
            self.assertEqual((heading["open"], heading["close"]), ("2001-09-09-01-46-40", "2001-09-09-02-47-40"), options)

    def test_nothing_in_it(self):
        write_capture(self.name, Capture())
        log = Log(self.read("zeek").stdout)
        self.assertEqual((log.lines, log.heading["open"], log.heading["close"]), ([], "-", "-"))
        self.assertEqual((self.read("zeek-json").stdout, self.read("eve").stdout), (b"", b""))
        self.write(ehlo(), BYE)
        self.assertEqual((self.zeek(), self.eve()), ([], []))

    def test_every_capture(self):
        """Both forms of Zeek's say the same, EVE has an event for each of their lines, and the sessions' records agree."""
        seen = 0
        for name in captures():
            with self.subTest(os.path.basename(name)):
                lines, events = self.zeek(names=[name]), self.eve(names=[name])
                seen += len(lines)
                records = [record for record in json_lines(self.read("json", names=[name]).stdout) if record["record"] == "session"]
                mails = [(record, mail) for record in records for mail in record["transactions"]]
                self.assertEqual(len(lines), len(events))
                logged = [(line, event) for line, event in zip(lines, events) if "smtpscope.transaction" in line]
                self.assertEqual(len(logged), len(mails))
                for (line, event), (record, mail) in zip(logged, mails):
                    self.agree(line, event, record, mail)
        self.assertGreaterEqual(seen, 20)

    def agree(self, line, event, record, mail):
        recipients = list(dict.fromkeys(recipient["address"] for recipient in mail["rcpt_to"]))
        self.assertEqual((line["smtpscope.session"], line["smtpscope.transaction"]), (record["id"], mail["id"]))
        self.assertEqual((event["smtpscope"]["session"], event["tx_id"]), (record["id"], mail["id"] - 1))
        self.assertEqual((line["id.orig_h"], line["id.orig_p"]), (record["client"]["ip"], record["client"]["port"]))
        self.assertEqual((line["id.resp_h"], line["id.resp_p"]), (record["server"]["ip"], record["server"]["port"]))
        self.assertEqual((event["src_ip"], event["src_port"]), (record["client"]["ip"], record["client"]["port"]))
        self.assertEqual((event["dest_ip"], event["dest_port"]), (record["server"]["ip"], record["server"]["port"]))
        self.assertEqual(event["community_id"], record["community_id"])
        self.assertEqual((line.get("mailfrom"), line.get("rcptto", [])), (mail["mail_from"], recipients))
        self.assertEqual(event["smtp"].get("mail_from"), None if mail["mail_from"] is None else "<%s>" % mail["mail_from"])
        self.assertEqual(event["smtp"].get("rcpt_to", []), ["<%s>" % recipient["address"] for recipient in mail["rcpt_to"]])
        self.assertEqual((line.get("smtpscope.outcome"), event["smtpscope"].get("outcome")), (mail["outcome"], mail["outcome"]))
        content = mail["message"] or {"octets": None, "complete": None, "message_id": None}
        self.assertEqual((line.get("smtpscope.octets"), line.get("smtpscope.complete")), (content["octets"], content["complete"]))
        self.assertEqual((line.get("msg_id"), event.get("email", {}).get("message_id")), (content["message_id"], content["message_id"]))
        self.assertEqual("email" in event, mail["message"] is not None)

    def test_usage(self):
        self.write(ehlo(), BYE)
        for form in ("zeek", "zeek-json", "eve"):
            for command in ("transcript", "messages", "findings", "servers", "explain", "reference", "learn"):
                done = run(command, "--format", form, *([] if command in ("reference", "learn") else [self.name]))
                self.assertEqual((done.returncode, done.stdout), (2, b""), (form, command))
                why = b"learn prints text only: --format %s does not" if command == "learn" else b"--format %s goes with the command sessions"
                self.assertIn(why % form.encode(), done.stderr)
            self.assertEqual(run("--format", form, self.name).returncode, 2)
            self.assertIn(b"--timing", run("sessions", "--timing", "--format", form, self.name).stderr)
        done = run("sessions", "--format", "bro", self.name)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"text, json, zeek, zeek-json or eve", done.stderr)

    def test_said_on_standard_error(self):
        """There is no summary: what was not processed is said."""
        write_capture(self.name, capture(Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO)),
                                         Session(("S", "* OK IMAP4rev1\r\n"), ("C", "a1 LOGIN x y\r\n"), ("S", "a1 OK\r\n"))))
        for form in ("zeek", "zeek-json", "eve"):
            done = self.read(form)
            self.assertIn(b"1 session went on under TLS", done.stderr)
            self.assertIn(b"1 connection on an SMTP port carries something else", done.stderr)
            self.assertNotIn(b"summary", done.stdout)
        cut = capture(Session(ehlo(), message("\r\nx\r\n"), BYE)).octets()[:-10]
        write(self.name, cut)
        done = run("sessions", "--format", "zeek", self.name)
        self.assertEqual((done.returncode, len(Log(done.stdout).lines)), (3, 1))
        self.assertIn(b"ends early", done.stderr)

    def test_output_file(self):
        self.write(ehlo(), message("\r\nx\r\n"), BYE)
        self.assertEqual(self.read("zeek", "-o", path("smtp.log")).stdout, b"")
        with open(path("smtp.log"), "rb") as file:
            self.assertEqual(file.read(), self.read("zeek").stdout)


class Identifiers(Case):
    def sessions(self):
        return capture(*[Session(ehlo(), message("\r\nx\r\n"), message("\r\ny\r\n"), BYE) for _ in range(20)])

    def test_looks(self):
        write_capture(self.name, self.sessions())
        lines, events = self.zeek(), self.eve()
        uids, fuids = {line["uid"] for line in lines}, [fuid for line in lines for fuid in line["fuids"]]
        flows = {event["flow_id"] for event in events}
        self.assertEqual((len(uids), len(set(fuids)), len(fuids), len(flows)), (20, 40, 40, 20))
        self.assertTrue(all(re.fullmatch("C[0-9A-Za-z]{17}", uid) for uid in uids))
        self.assertTrue(all(re.fullmatch("F[0-9A-Za-z]{17}", fuid) for fuid in fuids))
        self.assertTrue(all(0 < flow < 1 << 51 for flow in flows))

    def test_same_in_each_run(self):
        write_capture(self.name, self.sessions())
        for form in ("zeek", "zeek-json", "eve"):
            self.assertEqual(self.read(form).stdout, self.read(form).stdout)
        whole = {(line["uid"], line["trans_depth"], *line["fuids"]) for line in self.zeek()}
        parts = [self.zeek("--shard", "%d/3" % shard) for shard in range(3)]
        self.assertEqual({(line["uid"], line["trans_depth"], *line["fuids"]) for part in parts for line in part}, whole)
        self.assertEqual(sum(map(len, parts)), len(whole))
        third = self.zeek("--session", "3")
        self.assertEqual([(line["smtpscope.session"], line["trans_depth"]) for line in third], [(3, 1), (3, 2)])
        self.assertLess({(line["uid"], line["trans_depth"], *line["fuids"]) for line in third}, whole)

    def test_sorted(self):
        one, two = Session(("wait", 1), ehlo(), message("\r\nx\r\n"), close=False), Session(ehlo(), message("\r\ny\r\n"), BYE)
        write_capture(self.name, capture(one, two))
        self.assertEqual([line["smtpscope.session"] for line in self.zeek()], [2, 1])
        self.assertEqual([line["smtpscope.session"] for line in self.zeek("--sort", "start")], [1, 2])
        self.assertEqual([event["smtpscope"]["session"] for event in self.eve("--sort", "start")], [1, 2])

    def test_part_of_it(self):
        """The same connection has the same uid where a mail more of it is in the capture."""
        self.write(ehlo(), message("\r\nx\r\n"), BYE)
        first = self.zeek()[0]
        self.write(ehlo(), message("\r\nx\r\n"), message("\r\ny\r\n"), BYE)
        self.assertEqual([line["uid"] for line in self.zeek()], [first["uid"]] * 2)
        self.write(("wait", 1), ehlo(), message("\r\nx\r\n"), BYE, port=587)
        self.assertNotEqual(self.zeek()[0]["uid"], first["uid"])


class Mails(Case):
    def test_plain(self):
        line = self.one(ehlo(), message("From: Alice <a@example.com>\r\nTo: b0@example.com\r\nSubject: x\r\n\r\nhello\r\n"), BYE)
        self.assertEqual({key: line[key] for key in line if key not in ("ts", "uid", "fuids")}, {
            "id.orig_h": "192.0.2.1", "id.orig_p": 40000, "id.resp_h": "192.0.2.2", "id.resp_p": 25, "trans_depth": 1,
            "helo": "client.example.com", "mailfrom": "a@example.com", "rcptto": ["b0@example.com"], "from": "Alice <a@example.com>",
            "to": ["b0@example.com"], "subject": "x", "last_reply": "250 2.0.0 queued", "path": ["192.0.2.2", "192.0.2.1"],
            "tls": False, "smtpscope.session": 1, "smtpscope.transaction": 1, "smtpscope.outcome": "accepted", "smtpscope.refused": [],
            "smtpscope.octets": 70, "smtpscope.complete": True, "smtpscope.missing": 0, "smtpscope.limits_met": [], "smtpscope.gaps": 0})
        self.assertEqual(len(line["fuids"]), 1)
        event = self.eve()[0]
        self.assertEqual(event["smtp"], {"helo": "client.example.com", "mail_from": "<a@example.com>", "rcpt_to": ["<b0@example.com>"]})
        self.assertEqual(event["email"], {"status": "PARSE_DONE", "from": "Alice <a@example.com>", "to": ["b0@example.com"], "subject": "x"})
        self.assertEqual(event["smtpscope"], {"session": 1, "transaction": 1, "outcome": "accepted", "last_reply": "250 2.0.0 queued",
                                              "tls": False, "octets": 70, "complete": True, "missing": 0, "gaps": 0})
        self.assertEqual((event["event_type"], event["proto"], event["tx_id"], event["pcap_filename"]), ("smtp", "TCP", 0, self.name))

    def test_times(self):
        """ts is MAIL's; an event is of the reply that ends the mail."""
        self.write(("wait", 10), BANNER, ("wait", 10), ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), ("wait", 10), message("\r\nx\r\n"), BYE)
        line, event = self.zeek()[0], self.eve()[0]
        self.assertEqual(line["ts"], 1000000030.007)
        self.assertEqual((event["timestamp"], event["pcap_cnt"]), ("2001-09-09T01:47:10.014000+0000", 14))
        self.assertIn(b'{"ts":1000000030.007000,', self.read("zeek-json").stdout)

    def test_nanoseconds(self):
        made = capture(Session(ehlo(), message("\r\nx\r\n"), BYE))
        octets = struct.pack("<I", 0xA1B23C4D) + made.header()[4:]
        for time, frame in made.frames:
            octets += struct.pack("<IIII", time // 1_000_000, time % 1_000_000 * 1000 + 7, len(frame), len(frame)) + frame
        write(self.name, octets)
        self.assertIn(b"\n1000000000.007000007\t", self.read("zeek").stdout)
        self.assertIn(b'{"ts":1000000000.007000007,', self.read("zeek-json").stdout)
        self.assertEqual(self.eve()[0]["timestamp"], "2001-09-09T01:46:40.014000+0000")

    def test_refused(self):
        """A refused recipient is one, and said to be refused; a mail that nobody was left for does not look accepted."""
        recipients = [("C", "RCPT TO:<b1@example.com>\r\n"), ("S", "550-5.1.1 no such\r\n550 5.1.1 user\r\n")]
        line = self.one(ehlo(), MAIL, recipients, BYE)
        self.assertEqual((line["rcptto"], line["smtpscope.refused"]), (["b1@example.com"], ["b1@example.com"]))
        self.assertEqual((line["last_reply"], line["smtpscope.outcome"]), ("550 5.1.1 user", "aborted"))
        self.assertNotIn("smtpscope.octets", line)
        event = self.eve()[0]
        self.assertNotIn("email", event)
        self.assertEqual(event["smtpscope"]["refused"], ["<b1@example.com>"])
        line = self.one(ehlo(), envelope(), recipients, ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "\r\nx\r\n.\r\n"), ("S", "250 ok\r\n"), BYE)
        self.assertEqual((line["rcptto"], line["smtpscope.refused"]), (["b0@example.com", "b1@example.com"], ["b1@example.com"]))
        self.assertEqual(line["last_reply"], "250 ok")
        line = self.one(ehlo(), message("\r\nx\r\n", reply="554 5.7.1 spam\r\n"), BYE)
        self.assertEqual((line["last_reply"], line["smtpscope.outcome"]), ("554 5.7.1 spam", "rejected"))
        line = self.one(ehlo(), ("C", MAIL[0][1]), ("S", "452 4.3.1 full\r\n"), BYE)
        self.assertEqual((line["last_reply"], line["smtpscope.outcome"]), ("452 4.3.1 full", "rejected"))
        self.assertNotIn("rcptto", line)
        self.assertNotIn("smtpscope.refused", line)

    def test_aborted(self):
        """The reply to RSET or QUIT is none to the mail."""
        for end in ([("C", "RSET\r\n"), ("S", "250 2.0.0 flushed\r\n")], []):
            line = self.one(ehlo(), envelope(), end, BYE)
            self.assertEqual((line["smtpscope.outcome"], line.get("last_reply")), ("aborted", None))
            self.assertEqual(line["rcptto"], ["b0@example.com"])

    def test_depth(self):
        """One more behind each message that was answered, whatever the answer."""
        self.write(ehlo(), envelope(), ("C", "RSET\r\n"), ("S", "250 ok\r\n"), message("\r\nx\r\n"), message("\r\ny\r\n", reply="554-no\r\n554 no\r\n"),
                   ("C", MAIL[0][1]), ("S", "550 no\r\n"), message("\r\nz\r\n"), BYE)
        self.assertEqual([line["trans_depth"] for line in self.zeek()], [1, 1, 2, 3, 3])
        self.assertEqual([event["tx_id"] for event in self.eve()], [0, 1, 2, 3, 4])

    def test_sender(self):
        """The null sender was seen; one that was not is another matter."""
        null = [("C", "MAIL FROM:<>\r\n"), ("S", "250 ok\r\n"), *envelope()[2:], ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "\r\nx\r\n.\r\n"),
                ("S", "250 ok\r\n")]
        self.assertEqual(self.one(ehlo(), null, BYE)["mailfrom"], "")
        self.assertEqual(self.eve()[0]["smtp"]["mail_from"], "<>")
        self.assertIn(b"\tclient.example.com\t(empty)\tb0@example.com\t", self.read("zeek").stdout)
        lost = [("c", "MAIL FROM:<a@example.com>\r\n"), *envelope()[1:]]
        line = self.one(ehlo(), lost, ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "\r\nx\r\n.\r\n"), ("S", "250 ok\r\n"), BYE)
        self.assertNotIn("mailfrom", line)
        self.assertNotIn("mail_from", self.eve()[0]["smtp"])
        self.assertEqual((line["smtpscope.gaps"], self.eve()[0]["smtpscope"]["gaps"]), (27, 27))

    def test_helo(self):
        """Of each mail the name that the client had then."""
        self.write(ehlo(), message("\r\nx\r\n"), ("C", "HELO [192.0.2.1]\r\n"), ("S", "250 ok\r\n"), message("\r\ny\r\n"),
                   ("C", "HELO refused\r\n"), ("S", "501 no\r\n"), message("\r\nz\r\n"), BYE)
        self.assertEqual([line["helo"] for line in self.zeek()], ["client.example.com", "[192.0.2.1]", "[192.0.2.1]"])
        self.assertEqual([event["smtp"]["helo"] for event in self.eve()], ["client.example.com", "[192.0.2.1]", "[192.0.2.1]"])
        self.write(BANNER, message("\r\nx\r\n"), BYE)
        self.assertNotIn("helo", self.zeek()[0])
        self.assertNotIn("helo", self.eve()[0]["smtp"])

    def test_bdat(self):
        chunks = [("C", "BDAT 14\r\nSubject: x\r\n\r\n"), ("S", "250 14 octets\r\n"), ("C", "BDAT 7 LAST\r\n.hello\n"), ("S", "250-ok\r\n250 queued\r\n")]
        line = self.one(ehlo("CHUNKING"), envelope(), chunks, BYE)
        self.assertEqual((line["subject"], line["last_reply"], line["smtpscope.octets"], len(line["fuids"])), ("x", "250 queued", 21, 1))
        line = self.one(ehlo("CHUNKING"), envelope(), ("C", "BDAT 0 LAST\r\n"), ("S", "250 ok\r\n"), BYE)
        self.assertEqual((line["smtpscope.octets"], line["smtpscope.complete"], line["fuids"]), (0, True, []))
        line = self.one(ehlo("CHUNKING"), envelope(), chunks[:2], ("C", "BDAT 100 LAST\r\nhello"), close=False)
        self.assertEqual((line["smtpscope.complete"], line["smtpscope.outcome"]), (False, "unfinished"))
        self.assertNotIn("last_reply", line)

    def test_lmtp(self):
        """Refused behind the message counts as refused, too."""
        steps = [("S", "220 mx LMTP\r\n"), ("C", "LHLO client.example.com\r\n"), ("S", "250 mx\r\n"), envelope(recipients=2), ("C", "DATA\r\n"),
                 ("S", "354 go\r\n"), ("C", "Subject: x\r\n\r\nhello\r\n.\r\n"), ("S", "250 2.1.5 ok\r\n552 5.2.2 full\r\n"), BYE]
        line = self.one(*[step for part in steps for step in (part if isinstance(part, list) else [part])], port=24)
        self.assertEqual((line["helo"], line["rcptto"]), ("client.example.com", ["b0@example.com", "b1@example.com"]))
        self.assertEqual((line["smtpscope.refused"], line["last_reply"]), (["b1@example.com"], "250 2.1.5 ok"))
        steps[-2] = ("S", "250 2.1.5 ok\r\n") # the other one's reply is not in the capture: perhaps it was refused
        line = self.one(*[step for part in steps[:-1] for step in (part if isinstance(part, list) else [part])], port=24, close=False)
        self.assertNotIn("smtpscope.refused", line)


class NotSeen(Case):
    TEXT = "Received: from x ([192.0.2.9])\r\nSubject: x\r\n\r\n" + "hello\r\n" * 10

    def test_hole_in_body(self):
        line = self.one(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", self.TEXT), ("c", "lost\r\n" * 20), ("C", "end\r\n.\r\n"),
                        ("S", "250 ok\r\n"), BYE)
        self.assertEqual((line["subject"], line["smtpscope.complete"], line["smtpscope.missing"], line["smtpscope.gaps"]), ("x", False, 120, 120))
        event = self.eve()[0]
        self.assertEqual(event["email"]["status"], "BODY_STARTED")
        self.assertEqual((event["smtpscope"]["complete"], event["smtpscope"]["missing"]), (False, 120))

    def test_hole_in_header(self):
        line = self.one(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "From: a@example.com\r\nSubj"), ("c", "ect: x\r\nTo: b"),
                        ("C", "@example.com\r\nDate: now\r\n\r\nx\r\n.\r\n"), ("S", "250 ok\r\n"), BYE)
        self.assertEqual((line["from"], line["smtpscope.complete"]), ("a@example.com", False))
        for key in ("subject", "to", "date", "fuids"):
            self.assertNotIn(key, line)
        self.assertEqual(self.eve()[0]["email"], {"status": "HEADER_STARTED", "from": "a@example.com"})

    def test_no_end(self):
        for text, status in ((self.TEXT, "BODY_STARTED"), ("Subject: x\r\n", "HEADER_STARTED")):
            event = self.one_event(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", text), close=False)
            self.assertEqual((event["email"]["status"], event["smtpscope"]["complete"]), (status, False))
            self.assertNotIn("missing", event["smtpscope"])
            self.assertEqual(event["smtpscope"]["outcome"], "unfinished")
            line = self.zeek()[0]
            self.assertNotIn("smtpscope.missing", line)
            self.assertNotIn("last_reply", line)

    def test_long_header(self):
        """Of a header with more than 64 KiB of fields that the logs have some are not kept, which is said; what follows them is read."""
        filler = ("C", "Received: %s\r\n" % ("x" * 900) * 40)
        event = self.one_event(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "Subject: x\r\n"), filler, filler,
                               ("C", "To: b@example.com\r\n\r\nhello\r\n.\r\n"), ("S", "250 ok\r\n"), BYE)
        self.assertEqual((event["email"]["status"], event["smtpscope"]["complete"]), ("PARSE_DONE", True))
        self.assertEqual(event["email"]["to"], ["b@example.com"])
        self.assertEqual((event["smtpscope"]["limits_met"], self.zeek()[0]["smtpscope.limits_met"]), (["header"], ["header"]))

    def one_direction(self, who):
        made = capture(Session(ehlo(), message(self.TEXT), BYE))
        wanted = Capture()
        for _, frame in made.frames:
            if (frame[26:30] == bytes((192, 0, 2, 1))) == (who == "C"):
                wanted.add(frame)
        write_capture(self.name, wanted)

    def test_client_only(self):
        self.one_direction("C")
        line, event = self.zeek()[0], self.eve()[0]
        self.assertEqual((line["mailfrom"], line["rcptto"], line["subject"], line["helo"]),
                         ("a@example.com", ["b0@example.com"], "x", "client.example.com"))
        for key in ("last_reply", "smtpscope.outcome", "smtpscope.refused"):
            self.assertNotIn(key, line)
        for key in ("last_reply", "outcome", "refused"):
            self.assertNotIn(key, event["smtpscope"])

    def test_middle(self):
        """Where the capture begins behind MAIL, the first that was seen has the time."""
        made = Capture()
        Connection(made).say("C", "RCPT TO:<b@example.com>\r\n").say("C", "DATA\r\n").say("C", "Subject: x\r\n\r\nhello\r\n.\r\n").say("C", "QUIT\r\n")
        write_capture(self.name, made)
        line, event = self.zeek()[0], self.eve()[0]
        self.assertEqual((line["ts"], line["rcptto"], line.get("mailfrom")), (1000000000.001, ["b@example.com"], None))
        self.assertEqual((event["timestamp"], event["pcap_cnt"]), ("2001-09-09T01:46:40.003000+0000", 3))

    def test_server_only(self):
        """What the server's replies prove, and no more."""
        self.one_direction("S")
        for line in self.zeek():
            for key in ("helo", "mailfrom", "subject", "fuids"):
                self.assertNotIn(key, line)
        for event in self.eve():
            self.assertEqual((event["email"], event["smtpscope"]["octets"]), ({"status": "HEADER_READY"}, 0))

    def test_starttls(self):
        """One line for what goes on under TLS, with nothing but who began it."""
        secure = [("C", "STARTTLS\r\n"), ("S", "220 2.0.0 go ahead\r\n"), ("C", TLS_HELLO)]
        line = self.one(TLS, secure)
        self.assertEqual((line["tls"], line["helo"], line["last_reply"], line["trans_depth"]), (True, "client.example.com", "220 2.0.0 go ahead", 1))
        self.assertEqual(line["path"], ["192.0.2.2", "192.0.2.1"])
        for key in ("mailfrom", "rcptto", "fuids", "smtpscope.outcome", "smtpscope.transaction"):
            self.assertNotIn(key, line)
        event = self.eve()[0]
        self.assertEqual((event["smtp"], event["smtpscope"]), ({"helo": "client.example.com"}, {"session": 1, "tls": True, "gaps": 0}))
        self.assertNotIn("email", event)
        self.write(TLS, message("\r\nx\r\n"), secure)
        self.assertEqual([(line["tls"], line["trans_depth"]) for line in self.zeek()], [(False, 1), (True, 2)])
        self.assertEqual([event["tx_id"] for event in self.eve()], [0, 1])

    def test_starttls_refused(self):
        line = self.one(TLS, ("C", "STARTTLS\r\n"), ("S", "454 no\r\n"), message("\r\nx\r\n"), BYE)
        self.assertIs(line["tls"], False)

    def test_starttls_decrypted(self):
        """Clear text behind STARTTLS is none that TLS hides, whoever made it that: it can be read."""
        line = self.one(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ehlo()[1:], message("\r\nx\r\n"), BYE)
        self.assertEqual((line["tls"], line["mailfrom"], line["smtpscope.outcome"]), (False, "a@example.com", "accepted"))
        self.assertIs(self.eve()[0]["smtpscope"]["tls"], False)

    def test_nothing_behind_starttls(self):
        """Nobody knows whether TLS began."""
        self.assertNotIn("tls", self.one(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n")))
        self.assertEqual(self.eve()[0]["smtpscope"], {"session": 1, "gaps": 0})


class Header(Case):
    def test_fields(self):
        line, email = self.header(
            "Date: Mon, 02 Nov 2026 09:30:00 +0000\r\nFrom: \"Doe, Jane\" <jane@example.com>\r\nReply-To: list@example.com\r\n"
            "To: a@example.com, \"Doe, John\" <john@example.com>,, c@example.net (see, there)\r\nCc: d@example.com\r\nBcc: e@example.com\r\n"
            "Message-ID: <1@example.com>\r\nIn-Reply-To: <0@example.com>\r\nReferences: <0@example.com>\r\n <00@example.com>\r\n"
            "Subject: =?utf-8?q?caf=C3=A9?=\r\nX-Mailer: mailer 1\r\nUser-Agent: agent 2\r\nX-Originating-IP: [203.0.113.5]\r\n"
            "Importance: high\r\nPriority: urgent\r\nSensitivity: private\r\nOrganization: Example\r\nContent-MD5: xyz==\r\n")
        self.assertEqual({key: line[key] for key in ZEEK[10:19] if key in line}, {
            "date": "Mon, 02 Nov 2026 09:30:00 +0000", "from": '"Doe, Jane" <jane@example.com>',
            "to": ["a@example.com", '"Doe, John" <john@example.com>', "c@example.net (see, there)"], "cc": ["d@example.com"],
            "reply_to": "list@example.com", "msg_id": "<1@example.com>", "in_reply_to": "<0@example.com>",
            "subject": "=?utf-8?q?caf=C3=A9?=", "x_originating_ip": "203.0.113.5"})
        self.assertEqual(line["user_agent"], "agent 2")
        self.assertEqual(email, {
            "status": "PARSE_DONE", "date": "Mon, 02 Nov 2026 09:30:00 +0000", "from": '"Doe, Jane" <jane@example.com>',
            "to": ["a@example.com", '"Doe, John" <john@example.com>', "c@example.net (see, there)"], "cc": ["d@example.com"],
            "bcc": ["e@example.com"], "reply_to": "list@example.com", "message_id": "<1@example.com>", "in_reply_to": "<0@example.com>",
            "references": "<0@example.com> <00@example.com>", "subject": "=?utf-8?q?caf=C3=A9?=", "x_mailer": "mailer 1",
            "user_agent": "agent 2", "x_originating_ip": "[203.0.113.5]", "importance": "high", "priority": "urgent",
            "sensitivity": "private", "organization": "Example", "content_md5": "xyz=="})

    def test_several(self):
        """Of several fields of a name Zeek's log has the last, or all that is in them; Suricata's the first."""
        line, email = self.header("Subject: one\r\nSubject: two\r\nTo: a@example.com\r\nTo: b@example.com, a@example.com\r\n"
                                  "X-Mailer: one\r\nX-User-Agent: two\r\n")
        self.assertEqual((line["subject"], line["to"], line["user_agent"]), ("two", ["a@example.com", "b@example.com"], "two"))
        self.assertEqual((email["subject"], email["to"]), ("one", ["a@example.com"]))

    def test_empty(self):
        line, email = self.header("Subject:\r\nTo: \r\nCc: ,\r\n")
        self.assertEqual((line["subject"], line["to"], line["cc"]), ("", [], []))
        self.assertEqual(email, {"status": "PARSE_DONE", "subject": ""})

    def test_unclosed(self):
        for text, parts in (('"a, b', ['"a', "b"]), ("(a, b", ["(a", "b"]), ('a\\", b', ['a\\"', "b"]), ("x, (a (b, c), d), e", ["x", "(a (b, c), d)", "e"]),
                            ('"\\", a", b', ['"\\", a"', "b"]), ("g: a@x, b@x;, c", ["g: a@x", "b@x;", "c"]), (")a, b", [")a", "b"])):
            line, email = self.header("To: %s\r\n" % text)
            self.assertEqual((line["to"], email["to"]), (parts, parts), text)

    def test_received(self):
        line, email = self.header(
            "Received: from relay.example.net (relay.example.net [198.51.100.7])\r\n\tby mx.example.com; date\r\n"
            "Received: from [10.0.0.1] (unknown [203.0.113.9]) by relay.example.net; date\r\n"
            "Received: from again ([203.0.113.9]) by relay.example.net\r\n"
            "Received: from v6 (v6 [IPv6:2001:db8::5]) by x\r\n"
            "Received: from nothing (999.1.1.1 version 10.2.3.4.5 and [300.1.1.1]) by y\r\n"
            "Received: by 192.0.2.77 with SMTP id z\r\n")
        self.assertEqual(line["path"], ["192.0.2.2", "192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::5", "192.0.2.77"])
        self.assertEqual(line["first_received"], "by 192.0.2.77 with SMTP id z")
        self.assertEqual(line["second_received"], "from nothing (999.1.1.1 version 10.2.3.4.5 and [300.1.1.1]) by y")
        self.assertEqual(len(email["received"]), 6)
        self.assertEqual(email["received"][0], "from relay.example.net (relay.example.net [198.51.100.7])\tby mx.example.com; date")

    def test_only_the_first_header(self):
        """What stands in a forwarded message is not of this one."""
        line, email = self.header("Subject: outer\r\nContent-Type: message/rfc822\r\n", "Subject: inner\r\nCc: x@example.com\r\n\r\nhello\r\n")
        self.assertEqual((line["subject"], email["subject"], len(line["fuids"])), ("outer", "outer", 1))
        self.assertNotIn("cc", line)

    def test_bodies(self):
        """One identifier for each body with something in it."""
        parts = ("--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/pdf; name=x.pdf\r\n\r\npdf\r\n--b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n"
                 "\r\n--c\r\n\r\ninner\r\n--c\r\nContent-Disposition: attachment\r\n\r\nunnamed\r\n--c--\r\n--b--\r\nepilogue\r\n")
        line, email = self.header("Content-Type: multipart/mixed; boundary=b\r\n", "preamble\r\n" + parts)
        self.assertEqual((len(line["fuids"]), email["attachment"]), (4, ["x.pdf"]))
        for body, count in (("", 0), ("x", 1), ("x\r\n", 1)):
            line, _ = self.header("Subject: x\r\n", body if body.endswith("\n") or not body else body + "\r\n")
            self.assertEqual(len(line["fuids"]), count, body)


class Hostile(Case):
    def test_strings(self):
        """Nothing from the wire makes a column, a line, an element or a word for nothing."""
        for value in ("a\tb", "-", "(empty)", "a,b", "\\x41\\", "a\x01\x1b[31mb", "a\x7f\rb", "caf\u00e9 \u202edcb \u200b", "#close\t1", '"\\"', "a\u0085b", "\u2028",
                      b"\xff\xfe", b"caf\xe9", b"\xc3", b"\xed\xa0\x80"):
            octets = value if isinstance(value, bytes) else value.encode()
            line, email = self.header(b"Subject: " + octets + b"\r\nTo: \"" + octets.replace(b'"', b"") + b"\" <b@example.com>, c@example.com\r\n")
            shown = octets.decode("utf-8", "visible") if isinstance(value, bytes) else value.replace("\\x", "\\x5Cx")
            with self.subTest(value):
                self.assertEqual(len(line["to"]), 2)
                self.assertEqual(email["subject"], line["subject"])
                if isinstance(value, bytes):
                    self.assertEqual(line["subject"], shown)
                else:
                    self.assertEqual(line["subject"], value)
                for form in ("zeek", "zeek-json", "eve"):
                    text = self.read(form).stdout.decode("utf-8")
                    self.assertFalse(re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e\u2028]", text), form)

    def test_nul(self):
        line, email = self.header(b"Subject: a\0b\r\n")
        self.assertEqual((line["subject"], email["subject"]), ("a\ufffdb", "a\ufffdb"))
        line = self.one(("S", b"220 mx\r\n"), ("C", b"EHLO a\0b\r\n"), ("S", b"250 mx\r\n"), envelope(), ("C", b"DATA\r\n"), ("S", b"354 go\r\n"),
                        ("C", b"\r\nx\r\n.\r\n"), ("S", b"250 a\0\tb\r\n"), BYE)
        self.assertEqual((line["helo"], line["last_reply"]), ("a\0b", "250 a\0\tb"))

    def test_words_for_nothing(self):
        """As elements of a set, too."""
        line, _ = self.header("To: -, (empty), x\\, y, a\\,b\r\nSubject: -\r\n")
        self.assertEqual(line["subject"], "-")
        self.assertIn(b"\t\\x2d,\\x28empty),", self.read("zeek").stdout)
        self.assertEqual(line["to"][:2], ["-", "(empty)"])
        line = self.one(BANNER, ("C", "EHLO -\r\n"), ("S", "250 mx\r\n"), message("\r\nx\r\n"), BYE)
        self.assertEqual(line["helo"], "-")

    def test_addresses(self):
        steps = [("C", b'MAIL FROM:<"a,\tb"@example.com>\r\n'), ("S", "250 ok\r\n"), ("C", b'RCPT TO:<"c,d"@example.com>\r\n'), ("S", "250 ok\r\n"),
                 ("C", b"RCPT TO:<\xff@example.com>\r\n"), ("S", "550 no\r\n"), ("C", b"RCPT TO:<-@example.com>\r\n"), ("S", "250 ok\r\n")]
        line = self.one(ehlo(), steps, BYE)
        self.assertEqual((line["mailfrom"], line["rcptto"]), ('"a,\tb"@example.com', ['"c,d"@example.com', "\\xFF@example.com", "-@example.com"]))
        self.assertEqual(line["smtpscope.refused"], ["\\xFF@example.com"])
        self.assertEqual(self.eve()[0]["smtp"]["rcpt_to"][1], "<\\xFF@example.com>")

    def test_no_address(self):
        """An empty element of a set would read as an empty set."""
        line = self.one(ehlo(), MAIL, ("C", "RCPT TO:<>\r\n"), ("S", "501 no\r\n"), BYE)
        self.assertEqual((line["rcptto"], line["smtpscope.refused"], line["last_reply"]), ([], [], "501 no"))
        self.assertEqual(self.eve()[0]["smtp"]["rcpt_to"], ["<>"])

    def test_secrets(self):
        """A server that repeats a password does not bring it into a log."""
        self.write(ehlo("AUTH PLAIN"), ("C", "AUTH PLAIN AGFsaWNlAHBhc3N3b3JkMQ==\r\n"), ("S", "235 ok\r\n"), envelope(), ("C", "DATA\r\n"),
                   ("S", "354 go\r\n"), ("C", "\r\nx\r\n.\r\n"), ("S", "250 AGFsaWNlAHBhc3N3b3JkMQ== password1\r\n"), BYE)
        self.assertEqual(self.zeek()[0]["last_reply"], "250 [secret-1] [secret-1]")


class Large(Case):
    def test_many_mails(self):
        made = Capture()
        connection = Connection(made).open()
        connection.say("S", "220 mx\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 PIPELINING\r\n")
        count = 20_000
        for number in range(count):
            connection.say("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
            connection.say("S", "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go ahead\r\n")
            connection.say("C", "Subject: %s %d\r\n\r\nhello\r\n.\r\n" % ("long " * 100, number)).say("S", "250 2.0.0 queued\r\n")
        connection.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        write_capture(self.name, made)
        for form in ("zeek", "zeek-json", "eve"):
            done, peak = run_and_measure("sessions", "--format", form, "--memory-limit", "32M", self.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = Log(done.stdout).lines if form == "zeek" else json_lines(done.stdout)
            self.assertEqual(len(lines), count)
            if form != "eve":
                self.assertEqual([line["trans_depth"] for line in lines], list(range(1, count + 1)))
            if peak is not None:
                self.assertLess(peak, 32 * 1024 * 1.1, form)

    def test_many_fields(self):
        """Headers of nothing but fields, mail after mail: more is looked at than is written."""
        made = Capture()
        connection = Connection(made).open().say("S", "220 mx\r\n").say("C", "EHLO c\r\n").say("S", "250 mx\r\n")
        count = 300
        for _ in range(count):
            for who, text in envelope() + [("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "To:\r\n" * 12_000), ("C", "\r\nx\r\n.\r\n"), ("S", "250 ok\r\n")]:
                connection.say(who, text)
        write_capture(self.name, made)
        for form in ("zeek", "eve"):
            done, peak = run_and_measure("sessions", "--format", form, "--memory-limit", "32M", self.name)
            lines = Log(done.stdout).lines if form == "zeek" else json_lines(done.stdout)
            self.assertEqual((done.returncode, len(lines)), (0, count))
            if peak is not None:
                self.assertLess(peak, 32 * 1024 * 1.1, form)

    def test_many_recipients(self):
        count = 50_000
        steps = [("C", "MAIL FROM:<a@example.com>\r\n"), ("S", "250 ok\r\n")]
        for first in range(0, count, 500):
            steps.append(("C", "".join("RCPT TO:<u%d@example.com>\r\n" % (number % (count // 2)) for number in range(first, first + 500))))
            steps.append(("S", "250 ok\r\n" * 500))
        line = self.one(ehlo("PIPELINING"), steps, ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "\r\nx\r\n.\r\n"), ("S", "250 ok\r\n"), BYE)
        self.assertEqual(line["rcptto"], ["u%d@example.com" % number for number in range(count // 2)])
        self.assertEqual(len(self.eve()[0]["smtp"]["rcpt_to"]), count)

    def test_wicked_lists(self):
        """What takes long to read if it is read badly."""
        for text in ("(," * 30_000, '",' * 30_001, "\\" * 60_001, "((" * 30_000, ":" * 60_000, "[" * 60_000):
            self.header("To: %s\r\n" % text)
            self.header("Received: %s\r\n" % text)
            self.header("X-Originating-IP: %s\r\n" % text)

    def test_many_sessions(self):
        many_mails(path("many.pcap"), 20_000)
        for form in ("zeek", "eve"):
            done, peak = run_and_measure("sessions", "--format", form, "--memory-limit", "32M", "--sort", "start", "many.pcap")
            lines = Log(done.stdout).lines if form == "zeek" else json_lines(done.stdout)
            self.assertEqual((done.returncode, len(lines)), (0, 20_000))
            if peak is not None:
                self.assertLess(peak, 32 * 1024 * 1.1)


if __name__ == "__main__":
    sys.exit(program.main())
