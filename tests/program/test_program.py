#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""End-to-end tests of the installed program.

usage: test_program.py --build FOLDER --captures FOLDER [UNITTEST-ARGUMENT...]

Installs the build into a scratch folder and runs the program from there.
"""
import argparse
import base64
import bz2
import gzip
import hashlib
import html
import json
import lzma
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import dialogues
import encapsulations
from pcap import Capture, Connection, Pcapng, mail, many_mails

ARGUMENTS = None
SCRATCH = None
SMTPSCOPE = None
UNPRIVILEGED = 65534


def settings(more=None):
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""), **(more or {})}


def run(*arguments, stdin=None, environment=None, stdout=subprocess.PIPE, **more):
    return subprocess.run([SMTPSCOPE, *arguments], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          stdout=stdout, stderr=subprocess.PIPE, env=settings(environment), timeout=120, cwd=SCRATCH, **more)


def run_and_measure(*arguments, descriptors=None):
    """As run, with the peak of memory in KiB; None where a sanitizer has a memory of its own. With so many descriptors at the most."""
    script = ("import os, resource, sys\n"
              + ("resource.setrlimit(resource.RLIMIT_NOFILE, (%d, %d))\n" % (descriptors, descriptors) if descriptors else "") +
              "status = os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])\n"
              "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
              "sys.exit(status)\n")
    done = subprocess.run([sys.executable, "-c", script, SMTPSCOPE, *arguments], cwd=SCRATCH, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=settings(), timeout=120)
    with open(SMTPSCOPE, "rb") as program:
        sanitized = b"__asan_init" in program.read()
    return done, None if sanitized else int(done.stderr.split()[-1])


def records(*arguments, **more):
    done = run(*arguments, "--format", "json", **more)
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()], done


def without(value, keys):
    """The record without some keys, however deep they are."""
    if isinstance(value, dict):
        return {key: without(inner, keys) for key, inner in value.items() if key not in keys}
    return [without(inner, keys) for inner in value] if isinstance(value, list) else value


def path(name):
    return os.path.join(SCRATCH, name)


def write(name, octets):
    with open(path(name), "wb") as file:
        file.write(octets)
    return path(name)


def write_capture(name, capture):
    capture.save(path(name))
    return name


def one_mail():
    capture = Capture()
    mail(Connection(capture))
    return capture.octets()


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
        for name, octets in (("xz", lzma.compress(one_mail())), ("bzip2", bz2.compress(one_mail())), ("zip", b"PK\x03\x04" + bytes(100))):
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
        os.chmod(SCRATCH, 0o755)
        if os.getuid() == 0:
            self.fails(run("secret.pcap", user=UNPRIVILEGED), 1, "secret.pcap", "ermission")
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


class Input(unittest.TestCase):
    def test_standard_input(self):
        done = run("-", stdin=one_mail())
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"MAIL FROM:<a@example.com>", done.stdout)

    def test_standard_input_streams(self):
        """A session is printed when it ends, while the input stays open."""
        process = subprocess.Popen([SMTPSCOPE, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(one_mail())
        process.stdin.flush()
        line = process.stdout.readline()
        self.assertIn(b"session 1", line)
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 0)

    def test_two_captures_merged(self):
        """The two directions of a connection, each in its own file."""
        both = Capture()
        mail(Connection(both))
        halves = (Capture(), Capture())
        for when, frame in both.frames:
            halves[0 if frame[34:36] == b"\x9c\x40" else 1].frames.append((when, frame))
        halves[0].save(path("client.pcap"))
        halves[1].save(path("server.pcap"))
        both.save(path("both.pcap"))
        merged, _ = records("sessions", "client.pcap", "server.pcap")
        whole, _ = records("sessions", "both.pcap")
        for key in ("commands", "replies", "transactions", "quit", "complete"):
            self.assertEqual(without(merged[0][key], ("frame", "last_frame", "capture")),
                             without(whole[0][key], ("frame", "last_frame", "capture")))
        self.assertEqual(merged[-1]["captures"], 2)

    def test_one_direction(self):
        """Only the client's: what the server said is null, what is missing is counted."""
        capture = Capture()
        mail(Connection(capture))
        capture.frames = [(when, frame) for when, frame in capture.frames if frame[34:36] == b"\x9c\x40"]
        capture.save(path("client-only.pcap"))
        (session, summary), done = records("sessions", "client-only.pcap")
        self.assertEqual(done.returncode, 0)
        self.assertEqual((session["banner"], session["replies"], session["complete"]), (None, 0, False))
        transaction = session["transactions"][0]
        self.assertEqual((transaction["outcome"], transaction["code"], transaction["rcpt_to"][0]["code"]), (None, None, None))
        self.assertEqual(transaction["message"]["octets"], len("Subject: hello\r\n\r\nhello\r\n"))
        self.assertEqual(sum(gap["octets"] for gap in session["gaps"] if gap["from"] == "server"),
                         len("220 mx.example.com ESMTP\r\n250-mx.example.com\r\n250 PIPELINING\r\n250 2.1.0 Ok\r\n"
                             "250 2.1.5 Ok\r\n354 go ahead\r\n250 2.0.0 queued\r\n221 2.0.0 Bye\r\n"))
        self.assertEqual(summary["sessions"], 1)


class Output(unittest.TestCase):
    def setUp(self):
        write("mail.pcap", one_mail())

    def test_version_and_help(self):
        self.assertRegex(run("--version").stdout.decode(), r"^smtpscope \d+\.\d+\.\d+\n$")
        text = run("--help").stdout.decode()
        for word in ("transcript", "sessions", "messages", "--output-dir", "--attachments", "--verify", "--hash-input", "--show-secrets", "--full", "Exit status", "CAPTURE"):
            self.assertIn(word, text)

    def test_digest(self):
        (session, _), _ = records("sessions", "mail.pcap")
        message = session["transactions"][0]["message"]
        self.assertEqual(message["sha256"], hashlib.sha256(b"Subject: hello\r\n\r\nhello\r\n").hexdigest())
        self.assertEqual((message["subject"], message["complete"], message["attachments"]), ("hello", True, []))

    def test_transcript_records(self):
        found, _ = records("mail.pcap")
        kinds = [record["record"] for record in found]
        self.assertEqual((kinds[0], kinds[-1]), ("session", "summary"))
        command = next(record for record in found if record["record"] == "command" and record["verb"] == "MAIL")
        self.assertEqual(command["argument"], "FROM:<a@example.com>")
        self.assertEqual((command["frame"], command["offset"], command["line_end"]), (7, 25, "crlf"))
        self.assertEqual((command["reply_frame"], command["reply_time"]), (8, 0.001))
        reply = next(record for record in found if record["record"] == "reply" and record["frame"] == 8)
        self.assertEqual((reply["to_command_frame"], reply["enhanced"], reply["lines"]), (7, "2.1.0", ["250 2.1.0 Ok"]))

    def test_session_picked(self):
        capture = Capture()
        mail(Connection(capture, client_port=40001))
        mail(Connection(capture, client_port=40002))
        mail(Connection(capture, client_port=40003))
        capture.save(path("three.pcap"))
        found, _ = records("sessions", "--session", "3,1", "three.pcap")
        self.assertEqual([record.get("id") for record in found], [1, 3, None])
        found, _ = records("sessions", "--session", "2-9", "three.pcap")
        self.assertEqual([record.get("id") for record in found], [2, 3, None])

    def test_order(self):
        """Numbers follow the first packets, whatever ends first, and --sort start prints them so."""
        capture = Capture()
        slow = Connection(capture, client_port=40001).open().say("S", "220 slow ESMTP\r\n")
        unknown = Connection(capture, client_port=40004, server_port=8080).open()
        mail(Connection(capture, client_port=40002))
        unknown.say("C", "GET / HTTP/1.0\r\n\r\n").close()
        slow.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        capture.save(path("order.pcap"))
        by_end, _ = records("sessions", "order.pcap")
        by_start, _ = records("sessions", "--sort", "start", "order.pcap")
        self.assertEqual([(r["id"], r["client"]["port"]) for r in by_end[:-1]], [(2, 40002), (1, 40001)])
        self.assertEqual([(r["id"], r["client"]["port"]) for r in by_start[:-1]], [(1, 40001), (2, 40002)])

    def test_secrets(self):
        """No secret in any output without --show-secrets, and equal secrets have equal labels."""
        import base64
        capture = Capture()
        plain = base64.b64encode(b"\0alice\0correct-horse").decode()
        for port, password in ((40001, plain), (40002, plain)):
            connection = Connection(capture, client_port=port).open().say("S", "220 mx ESMTP\r\n")
            connection.say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 AUTH PLAIN LOGIN\r\n")
            connection.say("C", "AUTH PLAIN %s\r\n" % password).say("S", "535 no\r\n")
            connection.say("C", "AUTH LOGIN\r\n").say("S", "334 VXNlcm5hbWU6\r\n").say("C", "YWxpY2U=\r\n")
            connection.say("S", "334 UGFzc3dvcmQ6\r\n").say("C", "Y29ycmVjdC1ob3JzZQ==\r\n").say("S", "535 no\r\n")
            connection.say("C", "AUTH FOO\r\n").say("S", "504 unknown\r\n")
            connection.say("C", "Y29ycmVjdC1ob3JzZQ==\r\n").say("S", "500 what\r\n").close()
        capture.save(path("secrets.pcap"))
        hidden = [b"correct-horse", b"Y29ycmVjdC1ob3JzZQ", plain.encode(), b"Y29ycmVjdC1ob3JzZ"]
        for command in ("transcript", "sessions"):
            for form in ("text", "json"):
                done = run(command, "--format", form, "secrets.pcap")
                for secret in hidden:
                    self.assertNotIn(secret, done.stdout, (command, form))
                    self.assertNotIn(secret, done.stderr)
        text = run("secrets.pcap").stdout.decode()
        self.assertIn("secret-1", text)
        sessions, _ = records("sessions", "--show-secrets", "secrets.pcap")
        self.assertEqual([auth.get("secret") for auth in sessions[0]["auth"]], ["correct-horse", "correct-horse", None])
        self.assertEqual([auth["identity"] for auth in sessions[0]["auth"]], ["alice", "alice", None])
        first, second = ([r for r in records("secrets.pcap")[0] if r["record"] == "command" and r["session"] == number]
                         for number in (1, 2))
        self.assertEqual([r["line"] for r in first], [r["line"] for r in second])

    def test_terminal_safe(self):
        """Control characters, ESC above all, never reach a terminal raw; invalid UTF-8 stays visible."""
        capture = Capture()
        connection = Connection(capture).open().say("S", b"220 mx \x1b]0;owned\x07\x1b[31m ESMTP \xff\xc2\x9b\r\n")
        connection.say("C", b"EHLO \x1b[2J\x00\x08\xe2\x80\xae\r\n").say("S", "250 mx\r\n").close()
        capture.save(path("escape.pcap"))
        for command in ("transcript", "sessions"):
            done = run(command, "--color", "never", "escape.pcap")
            for octet in done.stdout.replace(b"\n", b""):
                self.assertFalse(octet < 0x20 or octet == 0x7F, done.stdout)
            self.assertNotIn("\u009b", done.stdout.decode("utf-8"))
            self.assertNotIn("\u202e", done.stdout.decode("utf-8"))
        self.assertIn(rb"\x1B]0;owned\x07", run("escape.pcap").stdout)
        (session, _), _ = records("sessions", "escape.pcap")
        self.assertIn("\\xff".lower(), session["banner"]["text"].lower())
        self.assertIn("text_base64", session["banner"])

    def test_colour(self):
        self.assertNotIn(b"\x1b[", run("mail.pcap").stdout)
        self.assertIn(b"\x1b[", run("--color", "always", "mail.pcap").stdout)
        import pty
        for environment, coloured in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)):
            master, slave = pty.openpty()
            run("mail.pcap", stdout=slave, environment=environment)
            os.close(slave)
            shown = b""
            try:
                while True:
                    piece = os.read(master, 65536)
                    if not piece:
                        break
                    shown += piece
            except OSError:
                pass
            os.close(master)
            self.assertEqual(b"\x1b[" in shown, coloured)

    def test_plain_locale(self):
        """Without UTF-8 in the locale the page is drawn in ASCII."""
        done = run("mail.pcap", environment={"LC_ALL": "C"})
        self.assertTrue(all(octet < 0x80 for octet in done.stdout))

    def test_full_content(self):
        text = "Subject: x\r\n\r\nfirst line\r\n..a dot\r\nlast line\r\n"
        capture = Capture()
        mail(Connection(capture), text=text)
        capture.save(path("content.pcap"))
        self.assertNotIn(b"last line", run("content.pcap").stdout)
        whole = run("--full", "content.pcap").stdout
        self.assertIn(b"last line", whole)
        self.assertIn(b"| .a dot", whole)

    def test_output_file(self):
        run("--output", "out.txt", "mail.pcap")
        with open(path("out.txt"), "rb") as file:
            self.assertEqual(file.read(), run("mail.pcap").stdout)

    def test_same_twice(self):
        self.assertEqual(run("--format", "json", "mail.pcap").stdout, run("--format", "json", "mail.pcap").stdout)


class Traffic(unittest.TestCase):
    def session(self, capture, name):
        capture.save(path(name))
        found, _ = records("sessions", name)
        return found[0]

    def test_gap_is_shown(self):
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx ESMTP\r\n").say("C", "HELO c\r\n").say("S", "250 mx\r\n")
        connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n").say("C", "RCPT TO:<b@example.com>\r\n")
        connection.say("S", "250 ok\r\n").say("C", "DATA\r\n").say("S", "354 go\r\n").say("C", "Subject: x\r\n\r\nbegin\r\n")
        connection.say("C", "x" * 1000 + "\r\n", record=False).say("C", "end\r\n.\r\n").say("S", "250 queued\r\n").close()
        session = self.session(capture, "gap.pcap")
        self.assertEqual(session["gaps"], [{"from": "client", "octets": 1002, "after_frame": 13}])
        message = session["transactions"][0]["message"]
        self.assertEqual((message["complete"], message["sha256"], session["complete"]), (False, None, False))
        self.assertIn("1,002 octets of the client are NOT IN THE CAPTURE", run("gap.pcap").stdout.decode())

    def test_other_protocols(self):
        dialogues = {
            "ftp": (21, [("S", "220 FTP server ready\r\n"), ("C", "USER anonymous\r\n"), ("S", "331 ok\r\n"), ("C", "QUIT\r\n")]),
            "pop3": (110, [("S", "+OK ready\r\n"), ("C", "AUTH PLAIN\r\n"), ("S", "+ \r\n"), ("C", "QUIT\r\n")]),
            "imap": (143, [("S", "* OK ready\r\n"), ("C", "a STARTTLS\r\n"), ("S", "a OK go\r\n")]),
            "nntp": (119, [("S", "200 news ready\r\n"), ("C", "MODE READER\r\n"), ("S", "200 ok\r\n"), ("C", "QUIT\r\n")]),
            "http": (80, [("C", "POST / HTTP/1.1\r\n\r\nEHLO x\r\nMAIL FROM:<a@example.com>\r\n"), ("S", "HTTP/1.1 200 OK\r\n\r\n220 mx ESMTP\r\n")]),
        }
        for name, (port, said) in dialogues.items():
            capture = Capture()
            connection = Connection(capture, server_port=port).open()
            for who, text in said:
                connection.say(who, text)
            connection.close()
            capture.save(path(name + ".pcap"))
            found, _ = records("sessions", name + ".pcap")
            self.assertEqual([record["record"] for record in found], ["summary"], name)

    def test_any_port(self):
        capture = Capture()
        mail(Connection(capture, server_port=10025))
        self.assertEqual(self.session(capture, "port.pcap")["server"]["port"], 10025)

    def test_not_smtp_on_its_port(self):
        capture = Capture()
        Connection(capture).open().say("C", b"\x13\x37\x00\x01binary").say("S", b"\x00\x01\x02").close()
        capture.save(path("not-smtp.pcap"))
        found, _ = records("sessions", "not-smtp.pcap")
        self.assertEqual(found[-1]["dropped"].get("not-smtp"), 1)

    def test_socks_and_connect(self):
        name = "mx.example.com:25"
        socks5 = [("C", b"\5\1\0"), ("S", b"\5\0")], [("S", b"\5\0\0\1\0\0\0\0\0\0")]
        for proxy, target, handshake in (
                ("SOCKS5", name, socks5[0] + [("C", b"\5\1\0\3\x0emx.example.com\0\x19")] + socks5[1]),
                ("SOCKS5", "192.0.2.7:25", socks5[0] + [("C", b"\5\1\0\1\xc0\0\2\7\0\x19")] + socks5[1]),
                ("SOCKS5", "[2001:db8::7]:587", socks5[0] + [("C", b"\5\1\0\4\x20\1\x0d\xb8" + bytes(11) + b"\7\2\x4b")] + socks5[1]),
                ("SOCKS4", "192.0.2.7:25", [("C", b"\4\1\0\x19\xc0\0\2\7me\0"), ("S", b"\0\x5a" + bytes(6))]),
                ("SOCKS4", name, [("C", b"\4\1\0\x19\0\0\0\1me\0mx.example.com\0"), ("S", b"\0\x5a" + bytes(6))]),
                ("HTTP CONNECT", name, [("C", b"CONNECT mx.example.com:25 HTTP/1.1\r\n\r\n"), ("S", b"HTTP/1.1 200 ok\r\n\r\n")]),
                ("HTTP CONNECT", name, # with a password
                 [("C", b"CONNECT mx.example.com:25 HTTP/1.1\r\n\r\n"),
                  ("S", b"HTTP/1.1 407 who?\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 4\r\n\r\n"), ("S", b"who?"),
                  ("C", b"CONNECT mx.example.com:25 HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n"),
                  ("S", b"HTTP/1.1 200 ok\r\n\r\n")])):
            capture = Capture()
            connection = Connection(capture, server_port=1080).open()
            for who, octets in handshake:
                connection.say(who, octets)
            connection.say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250 mx\r\n").say("C", "QUIT\r\n").close()
            session = self.session(capture, "proxied.pcap")
            self.assertEqual((session["helo"]["name"], session["commands"], session["gaps"]), ("c", 2, []), proxy)
            self.assertEqual(session["through"], {"proxy": proxy, "target": target, "source": None})
            self.assertIn("a %s proxy, asked for %s" % (proxy, target), run("proxied.pcap").stdout.decode())


    def test_proxy_headers(self):
        source, target = {"ip": "192.0.2.10", "port": 40000}, "192.0.2.25:25"
        six = {"ip": "2001:db8::1", "port": 40000}
        signature, four = b"\r\n\r\n\0\r\nQUIT\n", bytes((192, 0, 2, 10, 192, 0, 2, 25, 0x9c, 0x40, 0, 25))
        local = signature + b"\x20\x00\0\0"
        eight = bytes.fromhex("20010db8000000000000000000000001" "20010db8000000010000000000000002" "9c400019")
        tls = b"\x20\0\x0f\x01\0\0\0\0\x21\0\x07TLSv1.3"
        for header, proxy, client, asked, meaning in (
                (b"PROXY TCP4 192.0.2.10 192.0.2.25 40000 25\r\n", "PROXY v1", source, target, "its client 192.0.2.10:40000 connected to 192.0.2.25:25"),
                (b"PROXY UNKNOWN\r\n", "PROXY v1", None, None, "PROXY protocol header, from a load balancer"),
                (b"PROXY what\r\n", "PROXY v1", None, None, "the header is cut, or not as it should be"),
                (signature + b"\x21\x11\0\x0c" + four, "PROXY v2", source, target, "its client 192.0.2.10:40000 connected to 192.0.2.25:25"),
                (signature + b"\x21\x21\0\x24" + eight, "PROXY v2", six, "[2001:db8:0:1::2]:25", "its client [2001:db8::1]:40000"),
                (signature + b"\x21\x11\0\x1e" + four + tls, "PROXY v2", source, target, "encrypted up to the load balancer, with TLSv1.3"),
                (local, "PROXY v2", None, None, "that speaks for itself"),
                (signature + b"\x21\x21\0\x0c" + four, "PROXY v2", None, None, "the header is cut, or not as it should be")):
            for pieces in ([header], [header[:9], header[9:]]):
                made = Capture()
                connection = Connection(made).open()
                for piece in pieces:
                    connection.say("C", piece)
                connection.say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250 mx\r\n").say("C", "QUIT\r\n").close()
                session = self.session(made, "balanced.pcap")
                self.assertEqual((session["helo"]["name"], session["commands"], session["gaps"]), ("c", 2, []), header)
                self.assertEqual(session["through"], {"proxy": proxy, "target": asked, "source": client}, header)
                found = next(record for record in records("transcript", "balanced.pcap")[0] if record["record"] == "proxy")
                self.assertEqual((found["version"], found["source"]), (int(proxy[-1]), client))
                text = run("balanced.pcap").stdout.decode()
                self.assertIn(meaning, " ".join(text.split()))
                self.assertLess(text.index(proxy[:5] if proxy == "PROXY v1" else "QUIT\\x0A"), text.index("220 mx"))
                if client:
                    self.assertIn("(%s), for its client " % proxy, text)


class Order(unittest.TestCase):
    """The order of the page is the order of time."""

    def follow(self, steps, *texts):
        """`texts` stand in this order, in the transcript and in the report; what has a frame, in the order of frames."""
        name = write_capture("order.pcap", dialogues.capture(dialogues.Session(*steps)))
        report = run("report", name).stdout.decode()
        for page in (run(name).stdout.decode(), report[report.index('<table class="ladder">'):]):
            page = html.unescape(page)
            places = [page.find(text) for text in texts]
            self.assertNotIn(-1, places, (texts, page))
            self.assertEqual(places, sorted(places), (texts, page))
        frames = [int(frame) for frame in re.findall(r"^ +[+][0-9.]+ +([0-9]+)  ", run(name).stdout.decode(), re.MULTILINE)]
        self.assertEqual(frames, sorted(frames))

    def test_who_does_not_wait_for_the_banner(self):
        for first in ("GET / HTTP/1.0", "SSH-2.0-x", "OPTIONS sip:a SIP/2.0", "*1", "EHLO a"):
            self.follow([("C", first + "\r\n"), ("S", "220 mx ESMTP\r\n"), ("S", "500 what\r\n")], first, "220 mx", "500 what")

    def test_inside_a_reply(self):
        self.follow([("S", "220-mx ESMTP\r\n220-wait\r\n"), ("C", "GET / HTTP/1.0\r\n"), ("S", "220-still\r\n"), ("C", "Host: x\r\n"),
                     ("S", "220 now\r\n500 what\r\n")], "220-mx", "220-wait", "GET /", "220-still", "Host: x", "220 now", "500 what")

    def test_inside_a_line(self):
        self.follow([*dialogues.ehlo()[:2], ("S", "250-mx\r\n250"), ("C", "NOOP\r\n"), ("S", " HELP\r\n250 ok\r\n")],
                    "250-mx", "250 HELP", "NOOP", "250 ok")

    def test_headers_of_balancers(self):
        self.follow([("C", "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n"), ("S", "220 mx\r\n"), ("C", "EHLO a\r\n"), ("S", "250 mx\r\n")],
                    "PROXY TCP4", "220 mx", "EHLO a", "250 mx")

    def test_negotiation(self):
        self.follow([("C", b"\xff\xfb\x1f"), ("S", b"\xff\xfd\x18220 mx ESMTP\r\n"), ("C", b"\xff\xfc\x18EHLO a\r\n"), ("S", "250 mx\r\n")],
                    "\\xFF\\xFB", "\\xFF\\xFD", "220 mx", "\\xFF\\xFC", "EHLO a", "250 mx")

    def test_what_did_not_wait(self):
        self.follow([*dialogues.TLS, ("C", "STARTTLS\r\nRSET\r\n"), ("S", "220 go\r\n250-x"), ("C", dialogues.TLS_HELLO),
                     ("S", dialogues.TLS_SERVER_HELLO)], "STARTTLS is asked for", "RSET", "220 go", "ACCEPTED", "250-x", "TLS handshake begins")
        self.follow([*dialogues.ehlo("PIPELINING"), ("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n"),
                     ("S", "250 sender\r\n250 recipient\r\n354 go\r\n"), ("C", "\r\nhi\r\n.\r\n"), ("S", "250 queued\r\n")],
                    "MAIL FROM", "RCPT TO", "DATA", "octets of message", "250 sender", "250 recipient", "354 go", "250 queued")

    def test_content_that_waited_for_nobody(self):
        self.follow([*dialogues.ehlo(), *dialogues.envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("S", "421 slow\r\n"),
                     ("C", "Subject: x\r\n\r\n.\r\n")], "354 go", "421 slow", "octets of message")


def boundaries(capture):
    found, _ = records("transcript", capture)
    return [record["event"] for record in found if record["record"] == "boundary"]


    def test_auth_without_mechanism(self):
        """AUTH and nothing more, refused, is no login, and says nothing of the login before."""
        steps = dialogues.Session(dialogues.ehlo("AUTH PLAIN"), dialogues.login("alice", "secret", "235 ok\r\n"), ("C", "AUTH\r\n"),
                                  ("S", "503 5.5.1 you did\r\n"), dialogues.BYE)
        write_capture("bare.pcap", dialogues.capture(steps))
        (session, _), _ = records("sessions", "bare.pcap")
        self.assertEqual([(a["mechanism"], a["result"], a["code"]) for a in session["auth"]], [("PLAIN", "accepted", 235)])


class FailedHandshake(unittest.TestCase):
    """A handshake that does not get through, and a dialogue that goes on in clear on the same connection."""

    def dialogue(self, answer, piece):
        steps = dialogues.Session(dialogues.TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", dialogues.TLS_HELLO), ("S", answer),
                                  dialogues.message(dialogues.PLAIN_TEXT), dialogues.BYE).steps
        cut = []
        for who, octets in steps:
            octets = octets.encode() if isinstance(octets, str) else octets
            cut += [(who, octets[at:at + piece]) for at in range(0, len(octets), piece)]
        write_capture("failed.pcap", dialogues.capture(dialogues.Session(*cut)))
        (session, summary), _ = records("sessions", "failed.pcap")
        self.assertEqual(summary["messages"], 1)
        return session, boundaries("failed.pcap")

    def test_the_clear_text_behind_it_is_read(self):
        for answer in (dialogues.TLS_ALERT, b"454 4.7.0 TLS is broken\r\n"):
            whole, steps = self.dialogue(answer, 1000)
            self.assertEqual((steps, whole["commands"], whole["complete"]),
                             (["offered", "requested", "accepted", "handshake", "failed"], 6, True))
            self.assertNotIn("reply-without-command", [finding["id"] for finding in whole["findings"]])
            for piece in (1, 3):
                session, cut_steps = self.dialogue(answer, piece)
                self.assertEqual(cut_steps, steps)
                for key in ("commands", "replies", "starttls", "extensions", "quit", "complete"):
                    self.assertEqual(session[key], whole[key], (answer, piece, key))
                self.assertEqual(session["transactions"][0]["message"]["sha256"], whole["transactions"][0]["message"]["sha256"])
                self.assertEqual([f["id"] for f in session["findings"]], [f["id"] for f in whole["findings"]])

    def test_a_server_that_does_not_speak_tls(self):
        """On port 465 the client begins TLS, and is answered in clear: nothing is hidden."""
        for steps in ((("C", dialogues.TLS_HELLO), ("S", "220 mx ESMTP\r\n")),
                      (("C", dialogues.TLS_HELLO), ("S", "220-mx ESMTP\r\n220 hello\r\n"), ("C", "QUIT\r\n"), ("S", "221 bye\r\n"))):
            write_capture("clear.pcap", dialogues.capture(dialogues.Session(*steps, port=465)))
            self.assertEqual(boundaries("clear.pcap"), ["handshake", "failed"])
            self.assertIn("handshake failed", " ".join(run("sessions", "clear.pcap").stdout.decode().split()))
            self.assertNotIn("hidden", run("messages", "clear.pcap").stderr.decode())
            self.assertEqual(run("messages", "clear.pcap").stderr, b"")

    def test_a_second_handshake_gets_through(self):
        finished = b"\x17\x03\x03\x00\x40" + bytes(64)
        server_hello = b"\x16\x03\x03\x00\x2c\x02\x00\x00\x28\x03\x03" + bytes(38)
        steps = dialogues.Session(dialogues.TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", dialogues.TLS_HELLO),
                                  ("S", dialogues.TLS_ALERT), ("C", "EHLO c\r\n"), ("S", "250 STARTTLS\r\n"), ("C", "STARTTLS\r\n"),
                                  ("S", "220 go\r\n"), ("C", dialogues.TLS_HELLO), ("S", server_hello + finished), ("C", finished)).steps
        write_capture("second.pcap", dialogues.capture(dialogues.Session(*steps)))
        self.assertEqual(boundaries("second.pcap"), ["offered", "requested", "accepted", "handshake", "failed",
                                                     "requested", "accepted", "handshake", "established"])


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


class Inputs(unittest.TestCase):
    """What a capture may be packed in, and how a run may be cut short or shared."""

    def sessions(self, *arguments, **more):
        found, done = records("sessions", *arguments, **more)
        return [without(record, ("capture", "last_capture")) for record in found], done

    def packed(self):
        """(ending, octets of the capture compressed) for each kind."""
        name = write("plain.pcap", one_mail())
        for ending, command in (("gz", ["gzip", "-kf"]), ("zst", ["zstd", "-qkf"]), ("lz4", ["lz4", "-qkf"])):
            packed = "%s.%s" % (name, ending)
            subprocess.run(command + ([name, packed] if ending == "lz4" else [name]), check=True)
            with open(packed, "rb") as file:
                yield ending, file.read()

    def test_compressed(self):
        """By content, not by name; from standard input too; several behind one another are one."""
        write("plain.pcap", one_mail())
        expected, _ = self.sessions("plain.pcap")
        self.assertEqual(len(expected), 2)
        for ending, octets in self.packed():
            with self.subTest(ending):
                write("packed", octets)
                for found, done in (self.sessions("packed"), self.sessions("-", stdin=octets)):
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    self.assertEqual(found, expected)

    def test_compressed_in_two_parts(self):
        octets = one_mail()
        expected, _ = self.sessions("-", stdin=octets)
        parts = [gzip.compress(octets[:300]), gzip.compress(octets[300:])]
        found, done = self.sessions("-", stdin=b"".join(parts))
        self.assertEqual((done.returncode, found), (0, expected))

    def damaged(self, octets, *words):
        """Frames in front of the damage, for which there is one sentence."""
        found, done = self.sessions(write("damaged", octets))
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1), done.stderr)
        frames = found[-1]["frames"]
        for word in ("damaged: ends early or is damaged behind frame %d (" % frames, *words):
            self.assertIn(word, done.stderr.decode())
        self.assertTrue(found[-1]["truncated"])
        return found, frames

    def test_compressed_and_cut(self):
        """Everything before the damage is delivered, and the damage is named."""
        for ending, octets in self.packed():
            with self.subTest(ending):
                found, _ = self.damaged(octets[:-1], "ends early")
                self.assertEqual((found[0]["quit"], found[-1]["messages"]), (True, 1))
                self.assertEqual(self.damaged(octets[:8], "ends early")[1], 0)

    def test_compressed_with_a_wrong_checksum(self):
        """It is behind all that it is for: nothing is lost, and it is said."""
        expected, _ = self.sessions(write("plain.pcap", one_mail()))
        write("plain.pcap", one_mail())
        for ending, octets in self.packed():
            with self.subTest(ending):
                at = -8 if ending == "gz" else -1 # behind it is the length of what was compressed
                wrong = bytearray(octets)
                wrong[at] ^= 1
                found, frames = self.damaged(bytes(wrong), "checksum")
                self.assertEqual((found[:-1], frames), (expected[:-1], expected[-1]["frames"]))

    def test_compressed_and_damaged(self):
        """As many frames as the format's own program gets out of it: a block at a time, and of gzip to the octet."""
        capture = Capture()
        text = base64.encodebytes(random.Random(1).randbytes(300_000)).replace(b"\n", b"\r\n").decode()
        connection = Connection(capture).open().say("S", "220 mx ESMTP\r\n").say("C", "HELO c\r\n").say("S", "250 mx\r\n")
        connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n").say("C", "RCPT TO:<b@example.com>\r\n")
        connection.say("S", "250 ok\r\n").say("C", "DATA\r\n").say("S", "354 go\r\n")
        for at in range(0, len(text), 1400):
            connection.say("C", text[at:at + 1400])
        connection.say("C", ".\r\n").say("S", "250 queued\r\n").close()
        octets = capture.octets()
        plain = write("large.pcap", octets)
        ends = [24]
        for _, frame in capture.frames:
            ends.append(ends[-1] + 16 + len(frame))
        for ending, command in (("gz", ["gzip", "-kf"]), ("zst", ["zstd", "-qkf"]), ("lz4", ["lz4", "-qkf", "-B4", "-BX"]),
                                ("lz4", ["lz4", "-qkf", "-B5", "-BD"])):
            packed = "%s.%s" % (plain, ending)
            subprocess.run(command + [plain] + ([packed] if ending == "lz4" else []), check=True)
            with open(packed, "rb") as file:
                whole = file.read()
            for share in (0.3, 0.6, 0.95):
                for damage in ("cut", "changed"):
                    with self.subTest(command, share=share, damage=damage):
                        wrong = bytearray(whole)
                        at = int(len(whole) * share)
                        wrong[at:] = b"" if damage == "cut" else bytes((wrong[at] ^ 0x55,)) + wrong[at + 1:]
                        _, frames = self.damaged(bytes(wrong))
                        given = subprocess.run([command[0], "-dc"], input=bytes(wrong), stdout=subprocess.PIPE, check=False,
                                               stderr=subprocess.DEVNULL).stdout
                        right = len(os.path.commonprefix((given, octets)))
                        self.assertGreaterEqual(frames, sum(end <= right for end in ends[1:]))

    def test_compressed_frames_that_are_skipped(self):
        """zstd and lz4 have them for whoever wants to add something: in front, between and behind."""
        expected, _ = self.sessions(write("plain.pcap", one_mail()))
        write("plain.pcap", one_mail())
        for ending, octets in self.packed():
            if ending == "gz":
                continue
            for kind in (0x50, 0x5f):
                skipped = bytes((kind, 0x2A, 0x4D, 0x18)) + struct.pack("<I", 100_000) + b"x" * 100_000
                empty = bytes((kind, 0x2A, 0x4D, 0x18)) + bytes(4)
                for packed in (skipped + octets, octets + skipped, empty + skipped + octets + empty):
                    found, done = self.sessions(write("packed", packed))
                    self.assertEqual((done.returncode, done.stderr, found), (0, b"", expected))
        self.assertEqual(self.damaged(skipped[:-1], "ends early")[1], 0)
        self.assertEqual(self.damaged(skipped + b"something else", "unknown kind")[1], 0)

    def test_padding_behind_compressed(self):
        """Zeros fill the last block of a tape; what is no zero is said, and nothing is lost."""
        expected, _ = self.sessions(write("plain.pcap", one_mail()))
        write("plain.pcap", one_mail())
        for ending, octets in self.packed():
            with self.subTest(ending):
                for zeros in (1, 3, 512, 100_000):
                    found, done = self.sessions(write("packed", octets + bytes(zeros)))
                    self.assertEqual((done.returncode, done.stderr, found), (0, b"", expected))
                    found, _ = self.damaged(octets + bytes(zeros) + b"garbage", "followed by something else")
                    self.assertEqual(found[:-1], expected[:-1])

    def test_lz4_legacy(self):
        """What "lz4 -l" writes, in blocks of 8 MiB without anything that says where they end."""
        capture = Capture()
        mail(Connection(capture))
        filler = struct.pack("<IIII", 2_000_000_000, 0, 65520, 65520) + bytes(65520)
        octets = capture.octets() + filler * 260
        expected, _ = self.sessions("-", stdin=octets)
        self.assertEqual(expected[-1]["messages"], 1)

        def packed(part):
            return subprocess.run(["lz4", "-l", "-q", "-c"], input=part, check=True, stdout=subprocess.PIPE).stdout
        whole = packed(octets)
        frames = subprocess.run(["lz4", "-q", "-c"], input=octets[300:], check=True, stdout=subprocess.PIPE).stdout
        for way in (whole, packed(octets[:300]) + packed(octets[300:]), whole + bytes(512), packed(octets[:300]) + frames):
            for stdin in (None, way):
                found, done = self.sessions(write("packed", way) if stdin is None else "-", stdin=stdin)
                self.assertEqual((done.returncode, done.stderr, found), (0, b"", expected))
        for cut in (1, 3):
            found, _ = self.damaged(whole[:-cut], "ends early")
            self.assertEqual(found[:-1], expected[:-1])
        second = 8 + int.from_bytes(whole[4:8], "little")
        found, _ = self.damaged(whole[:second + 2], "ends early")
        self.assertEqual(found[:-1], expected[:-1])
        found, _ = self.damaged(whole[:second + 4] + b"\xff" * (len(whole) - second - 4), "is damaged near its octet")
        self.assertEqual(found[:-1], expected[:-1])

    def test_zstd_windows(self):
        """A quarter of the memory limit is for the window; what needs more says how much."""
        for window, needs in ((20, 32), (23, 32), (25, 128), (27, 512), (30, 4096), (31, 8192)):
            packed = subprocess.run(["zstd", "-q", "-c", "--long=%d" % window], input=one_mail(), check=True, stdout=subprocess.PIPE).stdout
            write("long.zst", packed)
            for limit in (32, 127, 128, 511, None):
                with self.subTest(window, limit=limit):
                    found, done = self.sessions("long.zst", *(("--memory-limit", "%dM" % limit) if limit else ()))
                    if (limit or 512) >= needs:
                        self.assertEqual((done.returncode, found[-1]["messages"], done.stderr), (0, 1, b""))
                        continue
                    self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))
                    self.assertIn("long.zst: cannot be read: its zstd data needs a window of %d MiB: use --memory-limit %dM"
                                  % (1 << window - 20, needs), done.stderr.decode())
                    small = subprocess.run(["zstd", "-q", "-c"], input=one_mail()[:-20], check=True, stdout=subprocess.PIPE).stdout
                    found, done = self.sessions(write("long.zst", small + packed), *(("--memory-limit", "%dM" % limit) if limit else ()))
                    self.assertEqual((done.returncode, found[-1]["messages"]), (3, 1))
                    self.assertIn("can be read up to frame", done.stderr.decode())
                    write("long.zst", packed)

    def test_interfaces_of_different_link_types(self):
        """Each interface of a pcapng has its own, as mergecap writes them."""
        capture = Capture()
        mail(Connection(capture))
        count = len(capture.frames)
        expected, _ = self.sessions(write_capture("plain.pcap", capture))
        capture.frames += [(time, frame[14:]) for time, frame in capture.frames] # without Ethernet
        for order in "<>":
            file = Pcapng(capture).section(order).interface(order).interface(order, link=101)
            for number in range(count):
                file.packet(number + (count if number % 2 else 0), order, interface=number % 2)
            with self.subTest(order):
                found, done = self.sessions(write("mixed.pcapng", file.octets()))
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                for record in found + expected:
                    record.pop("octets", None) # of the frames
                self.assertEqual(found, expected)

    def test_packets_lost_at_capture(self):
        """What the capture program counted is told: it is no hole that anything else would show."""
        capture = Capture()
        mail(Connection(capture))
        file = Pcapng(capture).section().interface().packets(range(len(capture.frames)))
        file.block("<", 5, struct.pack("<IQHHQ", 0, 0, 5, 8, 12))
        found, done = self.sessions(write("lost.pcapng", file.octets()))
        self.assertEqual(found[-1]["dropped"], {"lost-at-capture": 12})
        self.assertEqual(done.returncode, 0)
        self.assertIn("12 packets were lost before they were stored", run("lost.pcapng").stderr.decode())

    def test_times_behind_2038(self):
        """The seconds of a pcap have no sign: 2106 is its end."""
        for seconds, year in ((0x7FFFFFFF, "2038-01-19"), (0x80000000, "2038-01-19"), (0xFFFFFFF0, "2106-02-07")):
            capture = Capture()
            capture.now = seconds * 1_000_000
            mail(Connection(capture))
            with self.subTest(year):
                found, _ = self.sessions(write_capture("later.pcap", capture))
                self.assertEqual((found[0]["start"][:10], found[-1]["messages"]), (year, 1))
                write("later.pcapng", Pcapng(capture).section().interface().packets(range(len(capture.frames))).octets())
                for record, other in zip(found, self.sessions("later.pcapng")[0]):
                    self.assertEqual((record.get("start"), record.get("end")), (other.get("start"), other.get("end")))

    def test_snap_lengths(self):
        """What is stored is read, whatever snap length the header, or an interface, or a section has."""
        capture = Capture()
        mail(Connection(capture), text="Subject: x\r\n\r\n" + "a long line\r\n" * 20)
        write_capture("plain.pcap", capture)
        expected, _ = self.sessions("plain.pcap")
        count = len(capture.frames)
        two = Pcapng(capture).section().interface(snap=96).interface(snap=262144)
        for number in range(count):
            two.packet(number, interface=number % 2)
        later = Pcapng(capture).section().interface(snap=65535).packets(range(9))
        later.section().interface(snap=0).interface(snap=96).packets(range(9, count), interface=1)
        whole = struct.pack("<I", 65535)
        header = capture.octets()[:24]
        self.assertEqual(header.count(whole), 1)
        small = header.replace(whole, struct.pack("<I", 96)) + capture.octets()[24:]
        for name, octets in (("interfaces", two.octets()), ("sections", later.octets()), ("header", small)):
            for stdin in (None, octets):
                with self.subTest(name, stdin=stdin is not None):
                    found, done = self.sessions(write("snap", octets) if stdin is None else "-", stdin=stdin)
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    self.assertEqual(found, expected)

    def test_simple_packets_that_the_snap_length_cut(self):
        """Only the snap length says how much of such a packet is there: what is not is a hole, as in other captures."""
        capture = Capture(snap=150)
        mail(Connection(capture), text="Subject: x\r\n\r\n" + "a long line\r\n" * 20)
        write_capture("cut.pcap", capture)
        expected, _ = self.sessions("cut.pcap")
        file = Pcapng(capture).section().interface(snap=150).interface(snap=96)
        file.packets(range(len(capture.frames)), kind=3, snap=150)
        write("cut.pcapng", file.octets())
        found, done = self.sessions("cut.pcapng")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for session in (expected[0], found[0]):
            self.assertEqual(len(session["gaps"]), 1)
            self.assertFalse(session["transactions"][0]["message"]["complete"])
        for key in ("gaps", "commands", "replies", "quit"):
            self.assertEqual(found[0][key], expected[0][key])

    def test_sections_of_both_byte_orders(self):
        capture = Capture()
        mail(Connection(capture))
        write_capture("plain.pcap", capture)
        expected, _ = self.sessions("plain.pcap")
        for orders in ("<>", "><", "<><"):
            file = Pcapng(capture)
            for number, order in enumerate(orders):
                file.section(order).interface(order).interface(order, digits=9)
                for frame in range(len(capture.frames)):
                    if min(frame // 8, len(orders) - 1) == number:
                        file.packet(frame, order, interface=frame % 2, kind=2 if frame % 3 == 0 else 6, digits=9 if frame % 2 else 6)
            with self.subTest(orders):
                write("orders.pcapng", file.octets())
                found, done = self.sessions("orders.pcapng")
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(found, expected)
        for cut in (5, 13, 27, 60):
            write("orders.pcapng", file.octets()[:-cut])
            found, done = self.sessions("orders.pcapng")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1))
            self.assertIn("behind frame %d (truncated" % (len(capture.frames) - 1), done.stderr.decode())

    def test_files_of_a_ring(self):
        """A session that goes on in the next file: frames are numbered per file, and each record names its file."""
        capture = Capture()
        mail(Connection(capture))
        parts = [Capture(), Capture()]
        parts[0].frames, parts[1].frames = capture.frames[:6], capture.frames[6:]
        names = [write_capture("ring%d.pcap" % number, part) for number, part in enumerate(parts)]
        found, done = records(*names)
        session, commands = found[0], [record for record in found if record["record"] == "command"]
        self.assertEqual((session["capture"], session["last_capture"]), tuple(names))
        self.assertEqual([(record["verb"], record["capture"], record["frame"]) for record in commands[:2]],
                         [("EHLO", "ring0.pcap", 5), ("MAIL", "ring1.pcap", 1)])
        self.assertIn("from here on frames of ring1.pcap", run(*names).stdout.decode())

    def test_several_captures_with_faults(self):
        """Each has its sentence, in the order given where it is at the beginning; the others are read."""
        capture = Capture()
        mail(Connection(capture))
        parts = [Capture(), Capture(), Capture()]
        for number, part in enumerate(parts):
            part.frames = capture.frames[number * 6:number * 6 + 6]
            write_capture("part%d" % number, part)
        write("part1-cut", parts[1].octets() + bytes(7))
        write("head-only", parts[1].octets()[:30])
        write("no-frame", Capture().octets())
        whole = ["part0", "part1", "part2"]
        expected, _ = self.sessions(*whole)
        found, done = self.sessions("nowhere", "part2", "head-only", "no-frame", "part1-cut", "text.gz", "part0")
        self.assertEqual(found[:-1], expected[:-1])
        self.assertEqual((done.returncode, found[-1]["captures"], found[-1]["truncated"]), (1, 5, True))
        self.assertEqual([re.sub(r" \(trunc.*| No such.*", "", line) for line in done.stderr.decode().splitlines()],
                         ["smtpscope: nowhere: cannot be opened:", "smtpscope: head-only: ends early or is damaged behind frame 0",
                          "smtpscope: text.gz: cannot be opened:", "smtpscope: part1-cut: ends early or is damaged behind frame 6"])

    def test_several_captures_from_pipes(self):
        """What cannot be opened twice is read in one go, merged with files as ever."""
        capture = Capture()
        mail(Connection(capture))
        parts = [Capture(), Capture(), Capture()]
        for number, part in enumerate(parts):
            part.frames = capture.frames[number::3]
            write_capture("part%d" % number, part)
        expected, _ = self.sessions("part0", "part1", "part2")
        os.mkfifo(path("pipe"))
        with subprocess.Popen(["cp", path("part1"), path("pipe")]) as writer:
            found, done = self.sessions("part0", "pipe", "-", stdin=parts[2].octets())
            writer.wait()
        os.remove(path("pipe"))
        self.assertEqual((done.returncode, found), (0, expected))
        with open(path("part2"), "rb") as file:
            done = subprocess.run([SMTPSCOPE, "sessions", "--format", "json", "part0", "part1", "-"], stdin=file, cwd=SCRATCH,
                                  env=settings(), stdout=subprocess.PIPE, check=True)
        summary = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual([each["capture"] for each in summary["inputs"]], ["part0", "part1", "-"])
        for found in (summary, expected[-1]):
            del found["inputs"]
        self.assertEqual(summary, expected[-1])

    def test_output_over_a_capture(self):
        name = write("evidence.pcap", one_mail())
        done = run("--output", name, "evidence.pcap")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is a capture, and would be overwritten", done.stderr.decode())
        with open(name, "rb") as file:
            self.assertEqual(file.read(), one_mail())

    def test_no_such_session(self):
        write("one.pcap", one_mail())
        self.assertIn(b"the only session is not one that --session asks for", run("--session", "7", "one.pcap").stderr)

    def test_shards(self):
        """The shards' sessions together are those of the whole run, whatever the packets are wrapped in."""
        capture = Capture()
        for port in range(30):
            mail(Connection(capture, client_port=40000 + port))
        wrapped = capture.wrapped(encapsulations.RAW, lambda p: encapsulations.fragments(4, p, 40))

        def keys(name, *options):
            found, _ = self.sessions(name, *options)
            return [(record["client"]["port"], record["transactions"][0]["message"]["sha256"]) for record in found[:-1]]
        for number, way in enumerate((capture, wrapped)):
            name = write_capture("shards%d.pcap" % number, way)
            parts = [keys(name, "--shard", "%d/3" % shard) for shard in range(3)]
            self.assertTrue(all(parts))
            self.assertEqual(sorted(sum(parts, [])), sorted(keys(name)))

    def test_bad_shard_and_limit(self):
        for option, value in (("--shard", "3/3"), ("--shard", "1"), ("--shard", "-1/3"), ("--memory-limit", "much"),
                              ("--memory-limit", "1M"), ("--memory-limit", "99999999999G")):
            done = run(option, value, "x.pcap")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1))
            self.assertIn(option, done.stderr.decode())

    def test_interrupted(self):
        """Ctrl-C ends the reading of a live capture: what was read is reported."""
        process = subprocess.Popen([SMTPSCOPE, "--format", "json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=settings(), cwd=SCRATCH)
        process.stdin.write(one_mail())
        process.stdin.flush()
        first = process.stdout.readline() # the session ended, and is printed although the capture goes on
        self.assertEqual(json.loads(first)["record"], "session")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertTrue(json.loads(output.decode().splitlines()[-1])["truncated"])
        self.assertIn("interrupted", errors.decode())

    def test_progress(self):
        """Nothing on standard error that is no terminal."""
        self.assertEqual(run(write("one.pcap", one_mail())).stderr, b"")


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


class Secrets(unittest.TestCase):
    """Without --show-secrets nothing that may be a secret is shown, in whatever way it got onto the wire."""

    PASSWORD = "hunter2secret"
    ENCODED = base64.b64encode(PASSWORD.encode()).decode()
    PLAIN = base64.b64encode(("\0alice\0" + PASSWORD).encode()).decode()
    USER = base64.b64encode(b"alice").decode()
    DIGEST = "0123456789abcdef0123456789abcdef"

    # What is said behind the greeting: client and server in turn.
    DIALOGUES = {
        "LOGIN with two words": ["AUTH LOGIN %(USER)s %(ENCODED)s", "501 no"],
        "refused, and repeated by the server": ["AUTH LOGIN", "504 no", "%(ENCODED)s", '500 5.5.1 Command unrecognized: "%(ENCODED)s"'],
        "a stray reply": ["AUTH LOGIN", "250 stray\r\n334 VXNlcm5hbWU6", "%(USER)s", "334 UGFzc3dvcmQ6", "%(ENCODED)s", "235 ok"],
        "an empty line": ["\r\nAUTH LOGIN", "250 ok\r\n334 VXNlcm5hbWU6", "%(USER)s", "334 UGFzc3dvcmQ6", "%(ENCODED)s", "235 ok"],
        "accepted too early": ["AUTH LOGIN", "334 VXNlcm5hbWU6", "%(USER)s\r\n%(ENCODED)s", "235 ok\r\n503 no"],
        "XOAUTH2 with other separators": ["AUTH XOAUTH2 " + base64.b64encode(
            ("user=alice\nauth=Bearer %s\n\n" % PASSWORD).encode()).decode(), "535 no"],
        "CRAM-MD5 with a space behind": ["AUTH CRAM-MD5", "334 PDEuMkBtPg==", base64.b64encode(("alice %s " % DIGEST).encode()).decode(), "535 no"],
        "DIGEST-MD5 without commas": ["AUTH DIGEST-MD5", "334 PDEuMkBtPg==",
                                      base64.b64encode(("username=alice response=" + DIGEST).encode()).decode(), "535 no"],
        "a space behind": ["AUTH LOGIN", "504 no", "%(USER)s", "500 x", "%(ENCODED)s ", "500 x"],
        "a short line in front": ["AUTH PLAIN", "504 no", "=", "500 x", "%(PLAIN)s", "500 x"],
        "no mechanism": ["AUTH %(PLAIN)s", "504 no"],
        "a colon": ["AUTH PLAIN:%(PLAIN)s", "504 no"],
        "a NUL": ["AUTH PLAIN\0%(PLAIN)s", "504 no"],
        "no space": ["AUTHPLAIN %(PLAIN)s", "500 no"],
        "an equals sign": ["AUTH=PLAIN %(PLAIN)s", "500 no"],
        "a bare AUTH": ["AUTH", "334 VXNlcm5hbWU6", "%(USER)s", "334 UGFzc3dvcmQ6", "%(ENCODED)s", "235 ok"],
        "repeated to a mail": ["AUTH PLAIN %(PLAIN)s", "235 ok", "MAIL FROM:<a@example.com>", "550 %(PASSWORD)s %(PLAIN)s"],
        "the password in clear": ["AUTH PLAIN %(PLAIN)s", "535 5.7.8 %(PASSWORD)s is not the password of alice"],
    }

    def test_hidden(self):
        words = {"USER": self.USER, "ENCODED": self.ENCODED, "PLAIN": self.PLAIN, "PASSWORD": self.PASSWORD}
        for name, said in self.DIALOGUES.items():
            capture = Capture()
            connection = Connection(capture).open()
            connection.say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 AUTH PLAIN LOGIN\r\n")
            for number, text in enumerate(said):
                connection.say("CS"[number % 2], text % words + "\r\n")
            connection.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
            write_capture("secrets.pcap", capture)
            for options in (["transcript"], ["transcript", "--full"], ["sessions"], ["transcript", "--format", "json"],
                            ["sessions", "--format", "json"], ["sessions", "--timing"], ["findings"], ["findings", "--format", "json"],
                            ["servers"], ["servers", "--format", "json"]):
                with self.subTest(name, options=options):
                    done = run(*options, "secrets.pcap")
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    sign = {"transcript": b"QUIT", "sessions": b"192.0.2.1", "findings": b"auth-offered-in-clear", "servers": b"LOGIN"}
                    self.assertIn(sign[options[0]], done.stdout)
                    for secret in (self.PASSWORD, self.ENCODED, self.ENCODED.rstrip("="), self.PLAIN, self.DIGEST):
                        self.assertNotIn(secret.encode(), done.stdout)

    def test_labels(self):
        """Equal secrets have equal labels, whatever the mechanism."""
        capture = Capture()
        for port, said in enumerate((["AUTH PLAIN " + self.PLAIN], ["AUTH PLAIN", self.PLAIN], ["AUTH LOGIN", self.USER, self.ENCODED])):
            connection = Connection(capture, client_port=40000 + port).open().say("S", "220 mx ESMTP\r\n")
            connection.say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 AUTH PLAIN LOGIN\r\n")
            for number, text in enumerate(said):
                connection.say("C", text + "\r\n").say("S", "235 ok\r\n" if number + 1 == len(said) else "334 \r\n")
            connection.close()
        done = run(write_capture("labels.pcap", capture))
        self.assertEqual(done.stdout.count(b"secret-1"), 3)
        self.assertNotIn(b"secret-2", done.stdout)


class Traceability(unittest.TestCase):
    """What the summary says of the run: by whom, how, on which octets."""

    def summary(self, *arguments, **more):
        found, _ = records("sessions", *arguments, **more)
        return found[-1]

    def digests(self, *arguments, **more):
        return {entry["capture"]: entry["sha256"] for entry in self.summary(*arguments, **more)["inputs"]}

    def test_version_and_options(self):
        write("mail.pcap", one_mail())
        summary = self.summary("mail.pcap")
        self.assertEqual("smtpscope %s\n" % summary["version"], run("--version").stdout.decode())
        self.assertEqual(summary["options"], {"command": "sessions", "session": [], "show_secrets": False, "sort": "end", "checksum": "auto",
                                              "memory_limit": 512 << 20, "shard": None, "timing": False, "hash_input": False, "attachments": False})
        summary = self.summary("--session", "1,7-9", "--show-secrets", "--sort", "start", "--memory-limit", "64M", "--shard", "0/1",
                               "--hash-input", "mail.pcap")
        self.assertEqual(summary["options"], {"command": "sessions", "session": [1, "7-9"], "show_secrets": True, "sort": "start", "checksum": "auto",
                                              "memory_limit": 64 << 20, "shard": "0/1", "timing": False, "hash_input": True, "attachments": False})

    def test_digests(self):
        """Of the files as they lie on the disk, compressed or damaged or not; of those that were no captures there is none."""
        plain, packed = one_mail(), gzip.compress(one_mail())
        damaged = plain + b"\xff" * 16 + bytes(1_000_000) # where the next record's header should be
        for name, octets in (("plain.pcap", plain), ("packed", packed), ("damaged.pcap", damaged), ("text.pcap", b"no capture")):
            write(name, octets)
        self.assertEqual(self.digests("--hash-input", "plain.pcap", "packed", "damaged.pcap", "text.pcap", "nowhere.pcap"),
                         {"plain.pcap": hashlib.sha256(plain).hexdigest(), "packed": hashlib.sha256(packed).hexdigest(),
                          "damaged.pcap": hashlib.sha256(damaged).hexdigest(), "text.pcap": None, "nowhere.pcap": None})
        self.assertEqual(self.digests("--hash-input", "-", stdin=packed), {"-": hashlib.sha256(packed).hexdigest()})
        self.assertEqual(self.digests("plain.pcap"), {"plain.pcap": None})

    def test_same_bytes(self):
        """Of all bundled captures, two runs of each command give the same octets."""
        names = [os.path.join(ARGUMENTS.captures, name) for name in os.listdir(ARGUMENTS.captures) if ".pcap" in name]
        names = sorted(os.path.abspath(name) for name in names)
        for command in ("transcript", "sessions", "messages"):
            for form in ("text", "json"):
                one, other = (run(command, "--format", form, "--hash-input", *names) for _ in range(2))
                self.assertEqual(one.returncode, 0)
                self.assertGreater(len(one.stdout), 2000)
                self.assertEqual(one.stdout, other.stdout)


class Encapsulation(unittest.TestCase):
    """Whatever a packet is wrapped in, the sessions are the same."""

    PLACES = ("start", "end", "frame", "first_frame", "last_frame", "capture")

    def facts(self, capture):
        (session, summary), done = records("sessions", write_capture("wrapped.pcap", capture))
        self.assertEqual(done.stderr, b"")
        return without(session, self.PLACES), summary["dropped"]

    def test_ways(self):
        plain = Capture()
        mail(Connection(plain), text="Subject: a longer one\r\n\r\n" + "line upon line\r\n" * 50)
        expected = self.facts(plain)
        self.assertTrue(expected[0]["transactions"][0]["message"]["complete"])
        for name, link, way in encapsulations.WAYS:
            with self.subTest(name):
                self.assertEqual(self.facts(plain.wrapped(link, way)), expected)

    def test_aggregated(self):
        """An 802.11 A-MSDU is as many packets as there are in it."""
        plain = Capture()
        connection = Connection(plain)
        mail(connection, text="Subject: a longer one\r\n\r\n" + "line upon line\r\n" * 50)
        packets, several = [frame[14:] for _, frame in plain.frames], Capture(link=encapsulations.WIRELESS)
        for at in range(0, len(packets), 3):
            several.add(encapsulations.aggregated(packets[at:at + 3]))
        (session, summary), _ = records("sessions", write_capture("aggregated.pcap", several))
        self.assertEqual((session["complete"], summary["dropped"]), (True, {}))
        self.assertTrue(session["transactions"][0]["message"]["complete"])
        self.assertEqual((session["commands"], session["last_frame"]), (5, len(several.frames)))

    def test_fragment_missing(self):
        """A fragment that is missing is a hole in the stream, and the fragments without it are counted."""
        plain = Capture()
        mail(Connection(plain), text="Subject: x\r\n\r\n" + "0123456789" * 20 + "\r\n")
        broken = plain.wrapped(encapsulations.RAW,
                               lambda p: encapsulations.split(p, size=64)[1:] if b"0123456789" in p else [p])
        facts, dropped = self.facts(broken)
        self.assertGreater(dropped["ip-fragment"], 1)
        self.assertFalse(facts["transactions"][0]["message"]["complete"])
        self.assertEqual(len(facts["gaps"]), 1)

    def test_fragments_overlap(self):
        """The first copy wins, and that there was another is a finding that names both frames, wherever it stands."""
        plain = Capture()
        mail(Connection(plain), text="Subject: x\r\n\r\n" + "0123456789" * 20 + "\r\n")
        sent = next(i for i, (_, frame) in enumerate(plain.frames) if b"0123456789" in frame)
        for place, ends, dropped in ((2, None, {}), (5, None, {"ip-fragment": 1}), (5, sent + 1, {"ip-fragment": 1})):
            def twice(packet):
                parts = encapsulations.split(packet, size=64)
                return parts[:place] + [parts[1].replace(b"5", b"X")] + parts[place:] if b"0123456789" in packet else parts
            whole = Capture()
            whole.frames = plain.frames[:ends]
            with self.subTest(place=place, ends=ends):
                facts, counted = self.facts(whole.wrapped(encapsulations.RAW, twice))
                self.assertEqual(counted, dropped)
                if ends is None:
                    self.assertTrue(facts["transactions"][0]["message"]["complete"])
                findings = [finding["detail"] for finding in facts["findings"] if finding["id"] == "overlap-conflict"]
                self.assertEqual(len(findings), 1)
                self.assertIn("claims 64 octets", findings[0])

    def test_conflict_between_captures(self):
        """A finding names the file of the frame that differs, its detail the file of the first copy; of segments and of fragments."""
        plain = Capture()
        mail(Connection(plain), text="Subject: x\r\n\r\n" + "0123456789" * 20 + "\r\n")
        for way in (lambda p: [p], lambda p: encapsulations.split(p, size=64)):
            first = plain.wrapped(encapsulations.RAW, way)
            at = next(i for i, (_, frame) in enumerate(first.frames) if b"0123456789" in frame[40:])
            second = Capture(link=encapsulations.RAW)
            second.frames.append((first.frames[at][0] + 1, first.frames[at][1].replace(b"5", b"X")))
            found, _ = records("sessions", write_capture("conflict-a.pcap", first), write_capture("conflict-b.pcap", second))
            findings = [finding for finding in found[0]["findings"] if finding["id"] == "overlap-conflict"]
            self.assertEqual([(finding["capture"], finding["frame"]) for finding in findings], [("conflict-b.pcap", 1)])
            self.assertIn("frame 1 claims", findings[0]["detail"])
            self.assertIn("that frame %d of conflict-a.pcap has" % (at + 1), findings[0]["detail"])


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
        self.assertEqual(given_up + len(whole), 1500)
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


def main():
    global ARGUMENTS, SCRATCH, SMTPSCOPE
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--captures", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    SCRATCH = tempfile.mkdtemp(prefix="smtpscope-test-")
    try:
        subprocess.run(["cmake", "--install", ARGUMENTS.build, "--prefix", os.path.join(SCRATCH, "prefix")], check=True,
                       stdout=subprocess.DEVNULL)
        SMTPSCOPE = os.path.join(SCRATCH, "prefix", "bin", "smtpscope")
        started = time.monotonic()
        result = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=1).result
        print("%.0f s" % (time.monotonic() - started))
        return 0 if result.wasSuccessful() and result.testsRun > 0 else 1
    finally:
        shutil.rmtree(SCRATCH)


if __name__ == "__main__":
    sys.exit(main())
