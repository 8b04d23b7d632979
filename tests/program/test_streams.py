#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams with holes, and connections with forged or contradicting segments."""
import sys
import unittest

import dialogues
import program
from pcap import Capture, Connection
from program import records, run, write_capture


class Holes(unittest.TestCase):
    def test_data_behind_a_chunk_with_a_hole(self):
        """DATA cannot follow BDAT in one transaction: what lies between is in the hole. No octet is lost, and the mail is not called whole."""
        capture = dialogues.capture(dialogues.Session(
            dialogues.ehlo("CHUNKING"), dialogues.envelope(), ("C", "BDAT 200\r\n" + "x" * 98 + "\r\n"), ("S", "250 ok\r\n"),
            ("c", "x" * 100 + "RSET\r\n" + "?" * 60), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", dialogues.PLAIN_TEXT + ".\r\n"),
            ("S", "250 queued\r\n"), dialogues.BYE))
        write_capture("chunk.pcap", capture)
        (session, _), _ = records("sessions", "chunk.pcap")
        (message,) = [t["message"] for t in session["transactions"]]
        self.assertEqual((message["octets"], message["complete"], message["subject"]), (100 + len(dialogues.PLAIN_TEXT), False, "x"))
        self.assertEqual(message["missing"], [{"offset": 100, "octets": 100}, {"offset": 100, "octets": None}])
        self.assertIn("100 octets or more missing", " ".join(run("messages", "chunk.pcap").stdout.decode().split()))

    def test_data_behind_a_chunk_whose_end_is_lost(self):
        """Nothing but the chunk's end is in the hole: the server let DATA follow, and what it made of both nobody knows."""
        for lost in (0, 100):
            chunk = "Subject: chunk\r\n\r\n".ljust(200 - lost, "x")
            write_capture("chunk.pcap", dialogues.capture(dialogues.Session(
                dialogues.ehlo("CHUNKING"), dialogues.envelope(), ("C", "BDAT 200\r\n" + chunk), ("c", "x" * lost), ("S", "250 ok\r\n"),
                ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", dialogues.PLAIN_TEXT + ".\r\n"), ("S", "250 queued\r\n"), dialogues.BYE)))
            (session, _), _ = records("sessions", "chunk.pcap")
            (mail,) = session["transactions"]
            self.assertEqual((mail["outcome"], mail["rcpt_to"][0]["address"], mail["message"]["subject"]), ("accepted", "b0@example.com", "chunk"))
            self.assertEqual((mail["message"]["octets"], mail["message"]["complete"]), (200 - lost + len(dialogues.PLAIN_TEXT), False))
            self.assertEqual(mail["message"]["missing"], [{"offset": 100, "octets": 100}] if lost else [{"offset": None, "octets": None}])

    def test_a_hole_longer_than_the_chunk(self):
        """What is behind the chunk is none of the message's, and the hole has its whole size in the transcript."""
        write_capture("chunk.pcap", dialogues.capture(dialogues.Session(
            dialogues.ehlo("CHUNKING"), dialogues.envelope(), ("C", "BDAT 200 LAST\r\n" + "x" * 50), ("c", "x" * 150 + "NOOP\r\n" * 50),
            ("S", "250 queued\r\n"), dialogues.BYE)))
        (session, _), _ = records("sessions", "chunk.pcap")
        self.assertEqual(session["transactions"][0]["message"]["missing"], [{"offset": 50, "octets": 150}])
        self.assertEqual(session["gaps"][0]["octets"], 450)
        for options in ([], ["--full"]):
            self.assertIn("450 octets of the client are NOT IN THE CAPTURE", run("transcript", *options, "chunk.pcap").stdout.decode())

    def test_the_first_octets_of_the_banner_are_lost(self):
        for lost in (1, 3, 4, 10):
            capture = Capture()
            connection = Connection(capture).open()
            banner = "220 mx.example.com ESMTP\r\n"
            connection.say("S", banner[:lost], record=False).say("S", banner[lost:]).say("C", "EHLO c.example.com\r\n")
            connection.say("S", "250 mx.example.com\r\n").say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
            write_capture("banner.pcap", capture)
            (session, _), _ = records("sessions", "banner.pcap")
            self.assertEqual([gap["octets"] for gap in session["gaps"]], [lost])
            self.assertEqual((session["helo"]["name"], session["quit"]), ("c.example.com", True))

    def test_shards_see_the_same_time(self):
        """Whether a hole is waited for depends on its own connection's packets, in a shard as in the whole."""
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx\r\n").say("C", "EHLO c\r\n")
        connection.say("S", "250 m", record=False)
        late = connection.segment("S", b"x\r\n", record=False)
        connection.sequence[1] -= 4
        missing = connection.segment("S", b"250 m"[:1], record=False)
        connection.sequence[1] += 3
        connection.say("C", "NOOP\r\n")
        capture.add(late)
        for i in range(1200): # another connection's packets: more than a second of them
            Connection(capture, client_port=41000).segment("C", b"")
        capture.add(missing)
        connection.say("S", "250 ok\r\n").close()
        write_capture("time.pcap", capture)
        whole, _ = records("sessions", "time.pcap")
        parts = [record for shard in range(3) for record in records("sessions", "--shard", "%d/3" % shard, "time.pcap")[0][:-1]]
        self.assertEqual(parts, whole[:-1])
        self.assertEqual(len(parts), 1)


class Forged(unittest.TestCase):
    """Packets of others, and captures of two taps: what is in the file is used or counted."""

    FIN, SYN, RST, ACK = 1, 2, 4, 16

    def read(self, capture, *options):
        name = write_capture("forged.pcap", capture)
        found, _ = records("sessions", *options, name)
        return found[:-1], found[-1]["dropped"]

    def session(self, *forged, checksums=""):
        """Two mails, and in the middle of the first one what is forged."""
        mail = dialogues.message(dialogues.PLAIN_TEXT)
        return dialogues.capture(dialogues.Session(dialogues.ehlo(), mail[:-2], list(forged), mail[-2:], mail, dialogues.BYE, checksums=checksums))

    @staticmethod
    def forged(who, **more):
        return "forged", (who, more)

    def outcomes(self, session):
        return [(t["outcome"], t["message"]["complete"]) for t in session["transactions"]]

    def test_ends_and_openings(self):
        forged, ack = self.forged, self.ACK
        far = {"ahead": 30_000_000}
        kinds = {
            "FIN, acknowledged": [forged("C", flags=self.FIN | ack), forged("S", flags=ack, acks=1)],
            "FINs of both": [forged("C", flags=self.FIN | ack), forged("S", flags=self.FIN | ack, acks=1), forged("C", flags=ack, ahead=1, acks=1)],
            "FINs of both, and silence": [forged("C", flags=self.FIN | ack), forged("S", flags=self.FIN | ack, acks=1),
                                          forged("C", flags=ack, ahead=1, acks=1), ("wait", 30)],
            "RST": [forged("C", flags=self.RST)],
            "SYN and SYN+ACK": [forged("C", flags=self.SYN, **far), forged("S", flags=self.SYN | ack, acks=30_000_001, **far)],
            "SYN+ACK alone": [forged("S", flags=self.SYN | ack, acks=7_000, **far)],
            "octets below the SYN's": [forged("C", octets=b"EVIL\r\n", ahead=-2_000)],
        }
        for kind, packets in kinds.items():
            with self.subTest(kind):
                (session,), _ = self.read(self.session(*packets))
                self.assertEqual(self.outcomes(session), [("accepted", False), ("accepted", True)])
                self.assertIn("tcp-contradiction", [finding["id"] for finding in session["findings"]])
                self.assertFalse(session["complete"])

    def test_checksums(self):
        evil = self.forged("C", octets=b"Subject: evil\r\n\r\nevil\r\n.\r\n", wrong=True)
        (true,), _ = self.read(self.session(checksums="CS"))
        for checksums in ("CS", "C"):
            (session,), dropped = self.read(self.session(evil, checksums=checksums))
            self.assertEqual(dropped, {"checksum-mismatch": 1})
            self.assertEqual([t["message"]["sha256"] for t in session["transactions"]], [t["message"]["sha256"] for t in true["transactions"]])
            self.assertEqual(self.outcomes(session), [("accepted", True)] * 2)
            self.assertIn("checksum-mismatch", [finding["id"] for finding in session["findings"]])
        for options, checksums in ((("--checksum", "off"), "CS"), ((), "S"), ((), "")):
            with self.subTest(options, checksums=checksums):
                (session,), dropped = self.read(self.session(evil, checksums=checksums), *options)
                self.assertEqual(dropped, {})
                self.assertEqual(self.outcomes(session)[0], ("accepted", False))
                self.assertIn("overlap-conflict", [finding["id"] for finding in session["findings"]])
        found, _ = self.read(self.session(), "--checksum", "on")
        self.assertEqual(found, [])

    def test_two_taps(self):
        """Clocks apart, either direction first: in one file, or in two that are merged by time."""
        capture = self.session()
        ((expected,), _) = self.read(capture)
        for apart in (1_000, 30_000, 1_000_000, 100_000_000):
            for late in "CS":
                halves = {"C": Capture(), "S": Capture()}
                for time_of, frame in capture.frames:
                    who = "C" if frame[29] == 1 else "S"
                    halves[who].frames.append((time_of + (apart if who == late else 0), frame))
                one = Capture()
                one.frames = sorted(halves["C"].frames + halves["S"].frames, key=lambda item: item[0])
                with self.subTest(apart=apart, late=late):
                    (session,), dropped = self.read(one)
                    self.assertEqual((session["gaps"], dropped), ([], {}))
                    self.assertEqual([(t["outcome"], t["rcpt_to"], t["message"]["sha256"]) for t in session["transactions"]],
                                     [(t["outcome"], t["rcpt_to"], t["message"]["sha256"]) for t in expected["transactions"]])
                    self.assertEqual([session[key] for key in ("banner", "helo", "commands", "replies", "complete")],
                                     [expected[key] for key in ("banner", "helo", "commands", "replies", "complete")])
                    names = [write_capture("tap%s.pcap" % who, half) for who, half in halves.items()]
                    found, _ = records("sessions", *names)
                    self.assertEqual((found[0]["gaps"], self.outcomes(found[0])), ([], self.outcomes(expected)))

    def test_a_syn_without_a_number_of_its_own(self):
        capture = Capture()
        connection = Connection(capture)
        connection.segment("C", flags=self.SYN)
        connection.sequence[0] -= 1
        connection.segment("S", flags=self.SYN | self.ACK)
        connection.sequence[1] -= 1
        connection.segment("C", flags=self.ACK)
        connection.say("S", "220 mx.example.com ESMTP\r\n").say("C", "EHLO c.example.com\r\n").say("S", "250 mx.example.com\r\n")
        (session,), dropped = self.read(capture)
        self.assertEqual((session["banner"], session["helo"]["verb"], dropped), ({"code": 220, "text": "mx.example.com ESMTP"}, "EHLO", {}))


if __name__ == "__main__":
    sys.exit(program.main())
