#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Very many sessions, mails, files: within time and memory."""
import gzip
import json
import os
import re
import resource
import struct
import sys
import unittest

import program
from pcap import Capture, Connection, many_mails
from program import path, run, run_and_measure, write, write_capture


class Scale(unittest.TestCase):
    def measure(self, sessions):
        many_mails(path("many.pcap"), sessions)
        with open(path("many.json"), "wb") as output:
            done = run("sessions", "--format", "json", "many.pcap", stdout=output)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        with open(path("many.json"), "rb") as output:
            output.seek(-1000, os.SEEK_END)
            summary = json.loads(output.read().rstrip().rsplit(b"\n", 1)[1])
        self.assertEqual(summary["sessions"], sessions)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    def test_many_sessions(self):
        """100,000 sessions: every one is found, and memory does not grow with their number."""
        small = self.measure(1000)
        large = self.measure(100_000)
        self.assertLess(large, small + 100_000, "kilobytes at 1,000 sessions: %d" % small)

    def test_many_recipients(self):
        """One mail to very many: its record is written as it goes."""
        count = 100_000
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 PIPELINING\r\n")
        connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
        for first in range(0, count, 40):
            connection.say("C", "".join("RCPT TO:<u%d@example.com>\r\n" % number for number in range(first, first + 40)))
            connection.say("S", "250 2.1.5 ok\r\n" * 40)
        connection.say("C", "DATA\r\n").say("S", "354 go\r\n").say("C", "Subject: x\r\n\r\nx\r\n.\r\n").say("S", "250 ok\r\n").close()
        write_capture("recipients.pcap", capture)
        for command in (("sessions", "--format", "json"), ("messages", "--format", "json"), ("--format", "json"), ("messages",), ()):
            done, peak = run_and_measure(*command, "--memory-limit", "32M", "recipients.pcap")
            self.assertEqual(done.returncode, 0)
            if command and command[0] == "sessions":
                (session, _) = [json.loads(line) for line in done.stdout.splitlines()]
                self.assertEqual(len(session["transactions"][0]["rcpt_to"]), count)
            if peak is not None:
                self.assertLess(peak, 32 * 1024 * 1.1, command)

    def test_many_behind_one(self):
        """Sessions that must wait for their turn, or for their number, do so within --memory-limit."""
        held = Capture() # a session that stays open
        Connection(held, client="203.0.113.9").open().say("S", "220 mx.example.com ESMTP\r\n").say("C", "EHLO c.example.com\r\n")
        silent = Capture() # nobody knows yet what this is
        Connection(silent, client="203.0.113.9").open()
        count = 20_000
        many_mails(path("many.pcap"), count, each_second=5000)
        for capture, arguments, sessions in ((held, ("--sort", "start"), count + 1), (silent, (), count)):
            write_capture("first.pcap", capture)
            done, peak = run_and_measure("sessions", "--memory-limit", "32M", *arguments, "first.pcap", "many.pcap")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"client -> server", done.stdout.splitlines()[0]) # the heading, whoever is printed first
            numbers = [int(number) for number in re.findall(rb"^ *(\d+)  \d{4}-", done.stdout, re.MULTILINE)]
            self.assertEqual(numbers if arguments else sorted(numbers), list(range(1, sessions + 1)))
            if peak is not None:
                self.assertLess(peak, 32 * 1024 * 1.1)

    def test_ring_of_many_files(self):
        """Files are open when their turn has come, and not all at once, whether they follow one another or all go on together."""
        count = 1000
        many_mails(path("many.pcap"), 500, each_second=1)
        with open(path("many.pcap"), "rb") as file:
            header, octets = file.read(24), file.read()
        packets, at = [], 0
        while at < len(octets):
            end = at + 16 + struct.unpack_from("<I", octets, at + 8)[0]
            packets.append(octets[at:end])
            at = end
        following = [packets[i * len(packets) // count:(i + 1) * len(packets) // count] for i in range(count)]
        together = [packets[i::count] for i in range(count)]

        def facts(done):
            found = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(found.pop()["frames"], len(packets))
            return [(r["client"], r["start"], r["commands"], r["gaps"], r["transactions"][0]["message"]["sha256"]) for r in found]
        expected = facts(run("sessions", "--format", "json", "many.pcap"))
        self.assertEqual(len(expected), 500)
        for form, parts in (("plain", following), ("plain", together), ("gzip", following)):
            with self.subTest(form, together=parts is together):
                names = ["ring%04d" % number for number in range(count)]
                for name, part in zip(names, parts):
                    whole = header + b"".join(part)
                    write(name, gzip.compress(whole, 1) if form == "gzip" else whole)
                done, peak = run_and_measure("sessions", "--format", "json", "--memory-limit", "32M", *names, descriptors=64)
                self.assertEqual((done.returncode, facts(done)), (0, expected), done.stderr)
                if peak is not None:
                    self.assertLess(peak, 32 * 1024 * 1.1)

    def test_what_is_given_up_is_counted_once(self):
        """Connections for which there is no memory are said and counted, whatever of them still comes; on standard error with JSON, too."""
        capture = Capture()
        connections = [Connection(capture, client_port=10_000 + i) for i in range(1500)]
        for connection in connections:
            connection.open().say("S", "220 mx.example.com ESMTP\r\n")
        for _ in range(3):
            for connection in connections:
                connection.say("C", "NOOP\r\n").say("S", "250 ok\r\n")
        write_capture("open.pcap", capture)
        done = run("sessions", "--format", "json", "--memory-limit", "32M", "open.pcap")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        given_up = lines[-1]["dropped"]["memory-limit"]
        whole = [record for record in lines[:-1] if record["commands"] == 3]
        self.assertEqual((done.returncode, lines[-1]["sessions"]), (3, 1500))
        self.assertEqual({record["commands"] for record in lines[:-1]}, {0, 3}) # those that gave way to others have a banner
        self.assertGreater(given_up, 0)
        self.assertGreaterEqual(given_up + len(whole), 1500)
        self.assertLess(given_up + len(whole), 1600) # a few give way behind their last command
        self.assertIn(b"%d connections were not followed" % given_up, done.stderr)

    def test_no_folder_for_temporary_files(self):
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx\r\n")
        for _ in range(300):
            connection.say("C", "NOOP hello there\r\n" * 100).say("S", "250 ok\r\n" * 100)
        write_capture("long.pcap", capture)
        done = run("--memory-limit", "32M", "long.pcap", environment={"TMPDIR": "/nonexistent"})
        self.assertEqual(done.stdout.count(b"-> NOOP"), 30_000)
        self.assertIn(b"/nonexistent", done.stderr)

    def test_one_session_of_many_mails(self):
        capture = Capture()
        connection = Connection(capture).open()
        connection.say("S", "220 mx\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 PIPELINING\r\n")
        for number in range(15_000):
            connection.say("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
            connection.say("S", "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go ahead\r\n")
            connection.say("C", "Subject: %s %d\r\n\r\nhello\r\n.\r\n" % ("long " * 100, number)).say("S", "250 2.0.0 queued\r\n")
        connection.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        write_capture("mails.pcap", capture)
        for arguments in (("sessions", "--format", "json"), ("findings",), ("transcript",)):
            done, peak = run_and_measure(*arguments, "--memory-limit", "32M", "mails.pcap")
            self.assertEqual(done.returncode, 0, done.stderr)
            if peak is not None:
                self.assertLess(peak, 32 * 1024 * 1.1, arguments)

    def test_one_long_session(self):
        """What is held of a session until it ends stays within --memory-limit, and nothing of it is lost."""
        capture = Capture()
        connection = Connection(capture).open()
        connection.say("S", "220 mx\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 PIPELINING\r\n")
        for _ in range(2000):
            connection.say("C", "NOOP hello there\r\n" * 100).say("S", "250 ok\r\n" * 100)
        connection.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        write_capture("long.pcap", capture)
        done, peak = run_and_measure("--memory-limit", "32M", "long.pcap")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count(b"-> NOOP"), 200_000)
        self.assertEqual(done.stdout.count(b"answers NOOP"), 200_000)
        if peak is not None:
            self.assertLess(peak, 32 * 1024 * 1.1)


if __name__ == "__main__":
    sys.exit(program.main())
