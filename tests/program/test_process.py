#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The process around the program: closed descriptors, signals, limits of the system, files that must not be overwritten.

usage: test_process.py --build FOLDER --captures FOLDER [UNITTEST-ARGUMENT...]
"""
import bz2
import gzip
import json
import lzma
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
import unittest

import program
from pcap import Capture, Connection, mail
from mails import INDEX, begin, export, fresh, read
from program import path, records, run, write, write_capture

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU)


def mails(count, name="mails.pcap"):
    capture = Capture()
    for number in range(count):
        mail(Connection(capture, client_port=20000 + number))
    return write_capture(name, capture)


def closing(*descriptors):
    """For preexec_fn."""
    def close():
        for descriptor in descriptors:
            os.close(descriptor)
    return close


def limiting(limit, value):
    return lambda: resource.setrlimit(limit, (value, value))


def start(*arguments, **more):
    return subprocess.Popen([program.SMTPSCOPE, *arguments], cwd=program.SCRATCH, env=program.settings(), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


class Descriptors(unittest.TestCase):
    """What whoever started the program has closed is no file of ours."""

    def test_evidence(self):
        mails(2)
        write("damaged.pcap", bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000") + b"\x01")
        for closed in ((1,), (2,), (1, 2), (0, 1, 2)):
            with self.subTest(closed):
                done = run("messages", "--output-dir", fresh("out"), "mails.pcap", "damaged.pcap", "nowhere.pcap", preexec_fn=closing(*closed))
                self.assertEqual(done.returncode, 1)
                self.assertTrue(all(json.loads(line)["record"] in ("message", "summary") for line in read("out", INDEX).splitlines()))
                found, _ = records("messages", "--verify", "out", "mails.pcap", "damaged.pcap", "nowhere.pcap")
                self.assertEqual({record["result"] for record in found[:-1]}, {"agrees"})

    def test_output(self):
        mails(1)
        done = run("sessions", "mails.pcap", preexec_fn=closing(1))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output: cannot write", done.stderr)

    def test_input(self):
        done = run("sessions", "-", preexec_fn=closing(0))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard input: cannot be read", done.stderr)


class Output(unittest.TestCase):
    """What the list of mails is printed to does not decide on the mails."""

    def check_whole(self, done, status):
        self.assertEqual(done.returncode, status, done.stderr)
        found, verified = records("messages", "--verify", "out", "mails.pcap")
        self.assertEqual((verified.returncode, found[-1]["verified"]["agrees"]), (0, 2 * 500 + 1))

    def test_evidence_without_a_reader(self):
        """messages --output-dir ... | head"""
        mails(500)
        reader, writer = os.pipe()
        os.close(reader)
        done = run("messages", "--output-dir", fresh("out"), "mails.pcap", stdout=writer)
        os.close(writer)
        self.assertEqual(done.stderr, b"")
        self.check_whole(done, 1)

    def test_evidence_with_a_full_disk_elsewhere(self):
        mails(500)
        done = run("messages", "--output-dir", fresh("out"), "--output", "/dev/full", "mails.pcap")
        self.assertIn(b"/dev/full", done.stderr)
        self.check_whole(done, 1)


class Overwriting(unittest.TestCase):
    """Evidence stays, and what was there stays if there is nothing to take its place."""

    def refuses(self, name, *arguments):
        before = read("", name)
        done = run(*arguments, "mails.pcap", "-o", name)
        self.assertEqual((done.returncode, read("", name)), (1, before), arguments)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn(name.encode(), done.stderr)
        self.assertIn(b"would be overwritten", done.stderr)

    def test_captures_of_any_kind(self):
        mails(1)
        octets = program.one_mail()
        magics = ("a1b2c3d4", "a1b23c4d", "a1b2cd34", "a1b234cd", "a12b3c4d")
        kinds = [bytes.fromhex(magic) + bytes(20) for magic in magics] + [bytes.fromhex(magic)[::-1] + bytes(20) for magic in magics]
        kinds += [b"\x0a\x0d\x0d\x0a" + bytes(24), gzip.compress(octets), lzma.compress(octets), bz2.compress(octets),
                  lzma.compress(octets, format=lzma.FORMAT_ALONE), b"\x28\xb5\x2f\xfd" + bytes(20), b"\x04\x22\x4d\x18" + bytes(20),
                  b"\x02\x21\x4c\x18" + bytes(20), b"\x5a\x2a\x4d\x18" + bytes(20), b"PK\x03\x04" + bytes(20), b"7z\xbc\xaf\x27\x1c" + bytes(20),
                  b"\x1f\x9d" + bytes(20), b"Rar!\x1a\x07" + bytes(20), b"LZIP" + bytes(20), b"\x89LZO" + bytes(20),
                  b"snoop\0\0\0" + bytes(20), b"GMBU" + bytes(20), b"TRSNIFF data    " + bytes(20), b"iptrace 2.0" + bytes(20)]
        for kind in kinds:
            with self.subTest(kind[:8]):
                write("kept", kind)
                for arguments in (["sessions"], ["report"], ["explain", "EHLO", "--capture"]):
                    self.refuses("kept", *arguments)
        for text in (b"anything else", b"snoopy", b"", b"BZ"):
            write("text", text)
            self.assertEqual(run("sessions", "-o", "text", "mails.pcap").returncode, 0, text)

    def test_what_is_not_read_is_called_by_its_name(self):
        for name, octets in (("snoop", b"snoop\0\0\0" + bytes(20)), ("Network Monitor", b"GMBU" + bytes(20)), ("RAR", b"Rar!\x1a\x07" + bytes(20))):
            write("foreign", octets)
            done = run("foreign")
            self.assertEqual((done.returncode, name in done.stderr.decode()), (1, True), done.stderr)

    def test_mails(self):
        mails(1)
        export("out", "mails.pcap")
        os.makedirs(path("elsewhere"), exist_ok=True)
        for name in ("out/" + INDEX, "out/session-1-transaction-1.eml"):
            for command in ("transcript", "sessions", "messages", "findings", "report"):
                self.refuses(name, command)
            self.refuses(name, "explain", "EHLO", "--capture")
            link = "elsewhere/link"
            if os.path.lexists(path(link)):
                os.unlink(path(link))
            os.symlink(path(name), path(link))
            self.refuses(link, "sessions")
        self.assertEqual(records("messages", "--verify", "out", "mails.pcap")[1].returncode, 0)
        os.makedirs(path("list"), exist_ok=True)
        for _ in range(2):  # a list is no index
            self.assertEqual(run("messages", "--format", "json", "-o", "list/" + INDEX, "mails.pcap").returncode, 0)
        run("messages", "--output-dir", fresh("empty"), write_capture("nothing.pcap", Capture()))
        self.refuses("empty/" + INDEX, "sessions")

    def test_list_where_the_index_is_to_be(self):
        mails(1)
        os.mkdir(path(fresh("out")))
        self.assertEqual(run("messages", "--output-dir", "out", "-o", "out/" + INDEX, "mails.pcap").returncode, 1)
        self.assertEqual(os.listdir(path("out")), [])

    def test_nothing_was_read(self):
        write("text", b"no capture at all")
        for capture in ("nowhere.pcap", "text", "."):
            for arguments in (["report"], ["transcript"], ["sessions"], ["sessions", "--format", "json"], ["sessions", "--format", "zeek"],
                              ["servers"], ["findings"], ["messages"], ["explain", "--capture"]):
                with self.subTest(arguments, capture=capture):
                    write("page", b"what was there")
                    self.assertEqual(run(*arguments, capture, "-o", "page").returncode, 1)
                    self.assertEqual(read("", "page"), b"what was there")
                    os.unlink(path("page"))
                    self.assertEqual(run(*arguments, capture, "-o", "page").returncode, 1)
                    self.assertFalse(os.path.exists(path("page")))
            self.assertEqual(run("messages", "--output-dir", fresh("out"), capture).returncode, 1)
            self.assertFalse(os.path.exists(path("out")))
            os.mkdir(path("out"))
            self.assertEqual(run("messages", "--output-dir", "out", capture).returncode, 1)
            self.assertEqual(os.listdir(path("out")), [])

    def test_something_was_read(self):
        """What was there is gone, all of it, and its mode is as it was."""
        mails(1)
        capture = Capture()
        write_capture("nothing.pcap", capture)
        for arguments in (["report"], ["transcript"], ["sessions", "--format", "json"]):
            for captures in (["mails.pcap", "nowhere.pcap"], ["nothing.pcap"]):
                write("page", b"what was there" * 100_000)
                os.chmod(path("page"), 0o640)
                run(*arguments, *captures, "-o", "page")
                self.assertNotIn(b"what was there", read("", "page"))
                self.assertEqual(read("", "page"), run(*arguments, *captures).stdout)
                self.assertEqual(stat.S_IMODE(os.stat(path("page")).st_mode), 0o640)

    def test_report_that_cannot_be_kept(self):
        """The parts of the page wait in $TMPDIR."""
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx ESMTP\r\n")
        for number in range(20_000):
            connection.say("C", "NOOP %d\r\n" % number).say("S", "250 ok\r\n")
        write_capture("long.pcap", capture)
        write("page", b"what was there")
        done = run("report", "-o", "page", "long.pcap", environment={"TMPDIR": "/nowhere"})
        self.assertEqual((done.returncode, read("", "page")), (1, b"what was there"), done.stderr)


class Killed(unittest.TestCase):
    """A mail that is whole has its name, and its line in the index, at once."""

    def run_up_to(self, capture, count, *options):
        """Kills a run that has read all of the capture and waits for more, when the index has so many lines."""
        fresh("out")
        process = start("messages", "--output-dir", "out", *options, "-")
        process.stdin.write(capture.octets())
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not os.path.isfile(path("out/" + INDEX)) or read("out", INDEX).count(b"\n") < count:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.kill()
        process.communicate(timeout=60)
        write_capture("killed.pcap", capture)
        found, _ = records("messages", "--verify", "out", "killed.pcap")
        return [record for record in found[:-1] if record["result"] == "agrees"], sorted(name for name in os.listdir(path("out")) if name != INDEX)

    def open_session(self, capture, count, port=40001):
        connection = begin(Connection(capture, client_port=port))
        for number in range(count):
            if number > 0:
                connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
                connection.say("C", "RCPT TO:<b@example.com>\r\n").say("S", "250 ok\r\n").say("C", "DATA\r\n").say("S", "354 go\r\n")
            connection.say("C", "Subject: %d\r\n\r\nhello\r\n.\r\n" % number).say("S", "250 queued\r\n")
        return connection

    def test_session_goes_on(self):
        capture = Capture()
        self.open_session(capture, 3).say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
        agree, files = self.run_up_to(capture, 3)
        self.assertEqual(files, ["session-1-transaction-%d.eml" % number for number in (1, 2, 3)])
        self.assertEqual(sorted(record["what"] for record in agree), ["index"] * 3 + ["message"] * 3)

    def test_session_without_a_number_yet(self):
        """It gets one when the connection in front of it turns out to be a session."""
        capture = Capture()
        first = Connection(capture, client_port=40000).open()
        self.open_session(capture, 2)
        first.say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n")
        agree, files = self.run_up_to(capture, 2)
        self.assertEqual(files, ["session-2-transaction-1.eml", "session-2-transaction-2.eml"])
        self.assertEqual(len(agree), 4)

    def test_lmtp(self):
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx LMTP\r\n").say("C", "LHLO c\r\n").say("S", "250 mx\r\n")
        connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
        for name in "bc":
            connection.say("C", "RCPT TO:<%s@example.com>\r\n" % name).say("S", "250 ok\r\n")
        connection.say("C", "DATA\r\n").say("S", "354 go\r\n").say("C", "hello\r\n.\r\n").say("S", "250 2.0.0 b\r\n").say("S", "452 4.2.2 c\r\n")
        agree, files = self.run_up_to(capture, 1)
        self.assertEqual((files, len(agree)), (["session-1-transaction-1.eml"], 2))

    def test_only_what_is_asked_for(self):
        capture = Capture()
        self.open_session(capture, 1, 40001)
        self.open_session(capture, 2, 40002)
        _, files = self.run_up_to(capture, 2, "--session", "2")
        self.assertEqual(files, ["session-2-transaction-1.eml", "session-2-transaction-2.eml"])

    def test_same_as_at_the_end(self):
        """Whether a session was over or not, what is written of its mails is the same."""
        capture = Capture()
        connection = self.open_session(capture, 2)
        self.run_up_to(capture, 2)
        early = read("out", INDEX)
        connection.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        write_capture("-", capture)
        export("out", "./-")
        self.assertEqual(read("out", INDEX).splitlines()[:2], early.replace(b'"-"', b'"./-"').splitlines())


class Modes(unittest.TestCase):
    def test_for_nobody_else(self):
        mails(1)
        for umask in (0, 0o022, 0o077):
            before = os.umask(umask)
            try:
                export("out", "mails.pcap")
            finally:
                os.umask(before)
            self.assertEqual(stat.S_IMODE(os.stat(path("out")).st_mode), 0o700)
            self.assertEqual({stat.S_IMODE(os.stat(path("out/" + name)).st_mode) for name in os.listdir(path("out"))}, {0o600})

    def test_a_folder_that_is_there(self):
        mails(1)
        os.mkdir(path(fresh("out")))
        os.chmod(path("out"), 0o2750)
        run("messages", "--output-dir", "out", "mails.pcap")
        self.assertEqual(stat.S_IMODE(os.stat(path("out")).st_mode), 0o2750)


class Signals(unittest.TestCase):
    def test_end_as_ctrl_c_does(self):
        capture = Capture()
        begin(Connection(capture)).say("C", b"x" * 60000).say("C", b"x" * 60000).say("C", b"x" * 60000)
        for number in ENDING_SIGNALS:
            with self.subTest(number):
                fresh("out")
                process = start("messages", "--output-dir", "out", "-")
                process.stdin.write(capture.octets())
                process.stdin.flush()
                deadline = time.monotonic() + 60
                while not os.path.isdir(path("out")) or not any(name.startswith(".") for name in os.listdir(path("out"))):
                    self.assertLess(time.monotonic(), deadline)
                process.send_signal(number)
                _, said = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 128 + number, said)
                self.assertIn(b"interrupted behind", said)
                self.assertEqual(sorted(os.listdir(path("out"))), [INDEX, "session-1-transaction-1.partial.eml"])
                self.assertTrue(json.loads(read("out", INDEX).splitlines()[-1])["truncated"])

    def test_explain(self):
        mails(1)
        process = start("explain", "--capture", "-")
        process.stdin.write(read("", "mails.pcap"))
        process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        out, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, said)
        self.assertIn(b"EHLO", out)

    def test_ignored_ones_stay_so(self):
        """nohup"""
        process = start("sessions", "-", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.stdin.write(program.one_mail())
        process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        out, said = process.communicate(timeout=60)
        self.assertEqual((process.returncode, said), (0, b""))
        self.assertIn(b"complete", out)


class Limits(unittest.TestCase):
    """A sentence and a status, no abort."""

    def fails(self, done, *words):
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1, said)
        self.assertIn("smtpscope: ", said)
        for word in words:
            self.assertIn(word, said)

    def test_size_of_files(self):
        """The signal that comes with it is ignored."""
        mails(300)
        for arguments in (["transcript", "-o", "page"], ["report", "-o", "page"], ["messages", "--output-dir", fresh("out")]):
            with self.subTest(arguments):
                self.fails(run(*arguments, "mails.pcap", preexec_fn=limiting(resource.RLIMIT_FSIZE, 20_000)), arguments[-1], "too large")
        with open(path("page"), "wb") as page:
            done = run("transcript", "mails.pcap", stdout=page, preexec_fn=limiting(resource.RLIMIT_FSIZE, 20_000))
        self.fails(done, "standard output", "too large")

    def test_full_disk(self):
        """The mails that were written are in the index, whole."""
        mails(300)
        os.makedirs(path("small"), exist_ok=True)
        command = 'mount -t tmpfs -o size=256k,mode=0755 tmpfs small || exit 77; "$@"; status=$?; cp -r small/out out; exit $status'
        if os.geteuid() != 0 or shutil.which("unshare") is None:
            self.skipTest("not root")
        done = subprocess.run(["unshare", "--mount", "sh", "-c", command, "sh", program.SMTPSCOPE, "messages", "--output-dir", "small/out", "mails.pcap"],
                              cwd=program.SCRATCH, env=program.settings(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120) \
            if fresh("out") else None
        if done.returncode in (77, 1) and (b"mount" in done.stderr or b"unshare" in done.stderr):
            self.skipTest("no mounts here: " + done.stderr.decode().strip())
        self.fails(done, "small/out", "No space left", "were written before")
        found, _ = records("messages", "--verify", "out", "mails.pcap")
        results = [record["result"] for record in found[:-1] if record["what"] == "message"]
        count = results.count("agrees")
        self.assertEqual(results, ["agrees"] * count + ["missing"] * (300 - count))
        self.assertGreater(count, 10)
        self.assertEqual([record["what"] for record in found[:-1] if record["result"] in ("differs", "extra")], [])

    def test_memory(self):
        """From too little to begin with to enough: never an abort, never silence."""
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx ESMTP\r\n")
        for number in range(20_000):
            connection.say("C", "NOOP %d\r\n" % number).say("S", "250 2.0.0 that was number %d\r\n" % number)
        for number in range(100):
            mail(Connection(capture, client_port=20000 + number))
        write_capture("long.pcap", capture)
        with open(program.SMTPSCOPE, "rb") as file:
            if b"__asan_init" in file.read():
                self.skipTest("a sanitizer has a memory of its own")
        sentences = 0
        for arguments in (["transcript"], ["report", "-o", "page"], ["sessions", "--format", "json"]):
            for mebibytes in range(30, 130, 9):
                done = run(*arguments, "long.pcap", preexec_fn=limiting(resource.RLIMIT_AS, mebibytes << 20))
                with self.subTest(arguments, mebibytes=mebibytes):
                    self.assertIn(done.returncode, (0, 1, 127), done.stderr)  # 127: not even the libraries found room
                    self.assertTrue(done.returncode == 0 or done.stderr)
                sentences += b"no more memory" in done.stderr
        self.assertGreater(sentences, 2)


if __name__ == "__main__":
    sys.exit(program.main())
