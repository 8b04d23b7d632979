#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input and usage: one clear sentence, and the documented exit status."""
import gzip
import lzma
import os
import subprocess
import sys
import unittest

import program
from pcap import Capture
from program import one_mail, path, run, write


class BadInput(unittest.TestCase):
    """One clear sentence on standard error, the documented exit status, everything before the fault delivered."""

    def fails(self, done, status, *words):
        lines = done.stderr.decode().splitlines()
        self.assertEqual((done.returncode, len(lines)), (status, 1), done.stderr)
        self.assertTrue(lines[0].startswith("smtpscope: "), lines[0])
        for word in words:
            self.assertIn(word, lines[0])

    def test_no_capture_named(self):
        self.fails(run(), 2, "no capture", "--help")

    def test_unknown_option(self):
        self.fails(run("--frobnicate", "x.pcap"), 2, "--frobnicate")

    def test_bad_option_values(self):
        self.fails(run("--format", "xml", "x.pcap"), 2, "--format", "xml")
        self.fails(run("--session", "0", "x.pcap"), 2, "--session", "0")
        for wrong in ("1,a", "1-", "-1", "5-3", "1--3", "2-3-4", ""):
            self.fails(run("--session", wrong, "x.pcap"), 2, "--session", wrong)
        self.fails(run("--color", "pink", "x.pcap"), 2, "--color", "pink")
        self.fails(run("--sort", "size", "x.pcap"), 2, "--sort", "size")

    def test_missing_file(self):
        self.fails(run("nowhere.pcap"), 1, "nowhere.pcap", "No such file")

    def test_options_of_other_commands(self):
        write("good.pcap", one_mail())
        for arguments, words in ((("--category", "reply", "good.pcap"), "reference"), (("--capture", "good.pcap"), "explain"),
                                 (("sessions", "--full", "good.pcap"), "transcript"), (("-", "-"), "once")):
            self.fails(run(*arguments), 2, words)

    def test_options_that_do_not_go_together(self):
        """The sentences come from the table of commands and formats: each kind of them once."""
        for arguments, sentence in (
                ("findings --timing x", "--timing goes with the command sessions"),
                ("sessions --format eve --timing x", "--format eve has no place for --timing"),
                ("messages --verify out --output-dir out x", "--verify and --output-dir exclude each other"),
                ("messages --attachments x", "--attachments goes with --output-dir"),
                ("findings --format zeek x", "--format zeek goes with the command sessions"),
                ("report --format json x", "report writes an HTML page: --format json does not go with it"),
                ("learn --format json", "learn prints text only: --format json does not go with it"),
                ("sessions --format bro x", "--format is text, json, zeek, zeek-json or eve, not 'bro'"),
                ("reference STARTTLS", "reference takes no operand, not 'STARTTLS': see --category"),
                ("learn one two", "learn takes one lesson at a time"),
                ("sesions x", "perhaps sessions?")):
            self.fails(run(*arguments.split()), 2, sentence + "; try smtpscope --help")

    def test_a_pattern_behind_output(self):
        """-o *.pcap: the shell puts the first capture where the output's name should be."""
        for name, octets in (("first.pcap", one_mail()), ("second.pcap.gz", gzip.compress(one_mail())), ("third.pcap", one_mail())):
            write(name, octets)
        for name in ("first.pcap", "second.pcap.gz"):
            for command in ("sessions", "report"):
                self.fails(run(command, "-o", name, "third.pcap"), 1, name, "would be overwritten")
        write("text", b"anything else")
        self.assertEqual(run("sessions", "-o", "text", "third.pcap").returncode, 0)
        with open(path("third.pcap"), "rb") as file:
            self.fails(run("-o", "third.pcap", "-", stdin=file.read()), 1, "third.pcap", "would be overwritten")
        self.fails(run("explain", "--capture", "third.pcap", "-o", "third.pcap"), 1, "third.pcap", "would be overwritten")
        self.assertEqual(run("messages", "--output-dir", "kept", "third.pcap").returncode, 0)
        self.fails(run("messages", "--verify", "kept", "-o", "kept/messages.ndjson", "third.pcap"), 1, "kept/messages.ndjson", "--verify")
        self.assertEqual(run("messages", "--verify", "kept", "third.pcap").returncode, 0)

    def test_other_packings(self):
        for name, octets in (("lzma", lzma.compress(one_mail(), format=lzma.FORMAT_ALONE)), ("bzip", b"BZ0" + bytes(100)), ("zip", b"PK\x03\x04" + bytes(100))):
            write("packed", octets)
            self.fails(run("packed"), 1, "packed", name, "unpack it first")

    def test_directory(self):
        os.makedirs(path("folder"), exist_ok=True)
        self.fails(run("folder"), 1, "folder", "directory")

    def test_empty_file(self):
        write("empty.pcap", b"")
        self.fails(run("empty.pcap"), 1, "empty.pcap", "empty")

    def test_text_file(self):
        write("text.pcap", b"this is a text, and no capture at all\n")
        self.fails(run("text.pcap"), 1, "text.pcap")

    def test_unreadable_file(self):
        name = write("secret.pcap", one_mail())
        os.chmod(name, 0)
        os.chmod(program.SCRATCH, 0o755)
        if os.getuid() == 0:
            self.fails(run("secret.pcap", user=program.UNPRIVILEGED), 1, "secret.pcap", "ermission")
        else:
            self.fails(run("secret.pcap"), 1, "secret.pcap", "ermission")

    def test_truncated_pcap(self):
        write("cut.pcap", one_mail()[:-30])
        done = run("cut.pcap")
        self.fails(done, 3, "cut.pcap", "frame 18")
        self.assertIn(b"QUIT", done.stdout)

    def test_truncated_pcapng(self):
        whole = write("whole.pcap", one_mail())
        subprocess.run(["editcap", "-F", "pcapng", whole, path("whole.pcapng")], check=True)
        with open(path("whole.pcapng"), "rb") as file:
            write("cut.pcapng", file.read()[:-40])
        done = run("cut.pcapng")
        self.fails(done, 3, "cut.pcapng", "frame 18")
        self.assertIn(b"QUIT", done.stdout)

    def test_garbage_record_header(self):
        octets = bytearray(one_mail())
        at = 24
        for _ in range(10):
            at += 16 + int.from_bytes(octets[at + 8:at + 12], "little")
        octets[at:at + 16] = b"\xff" * 16
        write("garbage.pcap", bytes(octets))
        done = run("garbage.pcap")
        self.fails(done, 3, "garbage.pcap", "frame 10")
        self.assertIn(b"RCPT TO", done.stdout)

    def test_no_session(self):
        write("nothing.pcap", Capture().octets())
        done = run("nothing.pcap")
        self.fails(done, 0, "no SMTP session")
        self.assertEqual(done.stdout, b"")

    def test_one_bad_capture_among_good_ones(self):
        write("good.pcap", one_mail())
        done = run("nowhere.pcap", "good.pcap")
        self.fails(done, 1, "nowhere.pcap")
        self.assertIn(b"QUIT", done.stdout)

    def test_full_disk(self):
        write("good.pcap", one_mail())
        with open("/dev/full", "wb") as full:
            self.fails(run("good.pcap", stdout=full), 1, "standard output", "No space left")
            self.fails(run("reference", stdout=full), 1, "standard output", "No space left")
            self.fails(run("learn", "delivery", stdout=full), 1, "standard output", "No space left")
        self.fails(run("--output", "/dev/full", "good.pcap"), 1, "/dev/full", "No space left")

    def test_closed_pipe(self):
        write("good.pcap", one_mail())
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            done = run("good.pcap", stdout=pipe)
        self.assertEqual((done.returncode, done.stderr), (1, b"")) # as with head: nobody wants to be told

    def test_unwritable_output(self):
        write("good.pcap", one_mail())
        self.fails(run("--output", "no/such/folder", "good.pcap"), 1, "no/such/folder")


if __name__ == "__main__":
    sys.exit(program.main())
