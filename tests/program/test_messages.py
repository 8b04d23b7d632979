#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""End-to-end tests of the command `messages`: the mails as files, their index, what is missing of them.

usage: test_messages.py --build FOLDER --captures FOLDER [UNITTEST-ARGUMENT...]
"""
import base64
import email
import email.policy
import gzip
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

from email.message import EmailMessage

import program
from pcap import Capture, Connection, mail
from program import path, records, run, write, write_capture

INDEX = "messages.ndjson"
CONTENT = b"Subject: hello\r\n\r\nhello\r\n"


def sha256(octets):
    return hashlib.sha256(octets).hexdigest()


def fresh(name):
    """A folder that is not there yet."""
    shutil.rmtree(path(name), ignore_errors=True)
    return name


def read(folder, name):
    with open(os.path.join(path(folder), name), "rb") as file:
        return file.read()


def index_of(folder):
    return [json.loads(line) for line in read(folder, INDEX).decode("utf-8").splitlines()]


def export(folder, *captures, **more):
    """Runs `messages` with a new folder; its records, and what is in the folder beside the index."""
    found, done = records("messages", "--output-dir", fresh(folder), *captures, **more)
    return found, sorted(set(os.listdir(path(folder))) - {INDEX}), done


def begin(connection, command="DATA"):
    """A dialogue up to where the content comes."""
    connection.open().say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 CHUNKING\r\n")
    connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
    connection.say("C", "RCPT TO:<b@example.com>\r\n").say("S", "250 ok\r\n")
    if command == "DATA":
        connection.say("C", "DATA\r\n").say("S", "354 go\r\n")
    return connection


def end(connection):
    return connection.say("S", "250 queued\r\n").say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()


def all_captures():
    """The bundled captures, and those of the shared corpus where it lies beside the checkout."""
    folders = [program.ARGUMENTS.captures, os.path.join(program.ARGUMENTS.captures, "..", "..", "shared", "corpus", "captures")]
    for folder in folders:
        if not os.path.isdir(folder):
            print("skipped: no captures in %s" % folder)
            continue
        for name in sorted(os.listdir(folder)):
            if os.path.isfile(os.path.join(folder, name)) and ".pcap" in name or name.endswith(".cap"):
                yield os.path.abspath(os.path.join(folder, name))


class Export(unittest.TestCase):
    def setUp(self):
        capture = Capture()
        mail(Connection(capture))
        write_capture("mail.pcap", capture)

    def test_one(self):
        found, files, done = export("out", "mail.pcap")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(files, ["session-1-transaction-1.eml"])
        self.assertEqual(read("out", files[0]), CONTENT)
        message, summary = found
        self.assertEqual((message["record"], message["session"], message["transaction"]), ("message", 1, 1))
        self.assertEqual((message["path"], message["file_sha256"]), ("out/session-1-transaction-1.eml", sha256(CONTENT)))
        self.assertEqual((message["mail_from"], message["frame"], message["capture"]), ("a@example.com", 7, "mail.pcap"))
        inner = message["message"]
        self.assertEqual((inner["sha256"], inner["frame"], inner["last_frame"], inner["missing"]), (sha256(CONTENT), 13, 13, []))
        self.assertEqual((summary["record"], summary["messages"]), ("summary", 1))

    def test_index(self):
        """The index holds what was printed, its paths without the folder: it may be moved."""
        found, _, _ = export("out", "mail.pcap")
        index = index_of("out")
        self.assertEqual(index[0]["path"], "session-1-transaction-1.eml")
        found[0]["path"] = os.path.basename(found[0]["path"])
        self.assertEqual(index, found)

    def test_keys_without_folder(self):
        (message, _), _ = records("messages", "mail.pcap")
        self.assertNotIn("path", message)
        self.assertNotIn("file_sha256", message)

    def test_text(self):
        text = run("messages", "--output-dir", fresh("out"), "mail.pcap").stdout.decode()
        flat = " ".join(text.split())
        for words in ("1.1 ", "<a@example.com> -> <b@example.com>: accepted (250)", '"hello"', "25 octets",
                      "SHA-256 " + sha256(CONTENT)[:16], "out/session-1-transaction-1.eml"):
            self.assertIn(words, flat)

    def test_same_bytes(self):
        one, _, done = export("out", "mail.pcap")
        first = read("out", INDEX)
        again, _, done_again = export("out", "mail.pcap")
        self.assertEqual((one, done.stdout, first), (again, done_again.stdout, read("out", INDEX)))

    def test_session_picked(self):
        capture = Capture()
        for port in (40001, 40002, 40003):
            mail(Connection(capture, client_port=port), text="Subject: %d\r\n\r\n" % port)
        found, files, _ = export("out", write_capture("three.pcap", capture), "--session", "2")
        self.assertEqual(files, ["session-2-transaction-1.eml"])
        self.assertEqual(read("out", files[0]), b"Subject: 40002\r\n\r\n")
        self.assertEqual(len(found), 2)

    def test_no_content(self):
        capture = Capture()
        connection = begin(Connection(capture), None)
        connection.say("C", "RSET\r\n").say("S", "250 ok\r\n").close()
        found, files, _ = export("out", write_capture("none.pcap", capture))
        self.assertEqual((files, found[0]["path"], found[0]["file_sha256"], found[0]["message"]), ([], None, None, None))

    def test_empty_message(self):
        capture = Capture()
        end(begin(Connection(capture)).say("C", ".\r\n"))
        found, files, _ = export("out", write_capture("empty-message.pcap", capture))
        self.assertEqual((files, read("out", files[0])), (["session-1-transaction-1.eml"], b""))
        self.assertEqual(found[0]["file_sha256"], sha256(b""))

    def test_dots(self):
        """As the receiver stores it: stuffed dots are gone, line ends are as sent."""
        capture = Capture()
        end(begin(Connection(capture)).say("C", b"..one\r\n...\r\nbare\nlf\rcr\0nul\xff\r\n.\r\n"))
        _, files, _ = export("out", write_capture("dots.pcap", capture))
        self.assertEqual(read("out", files[0]), b".one\r\n..\r\nbare\nlf\rcr\0nul\xff\r\n")

    def test_chunks(self):
        capture = Capture()
        connection = begin(Connection(capture), "BDAT")
        connection.say("C", b"BDAT 10\r\n..dots\r\n.\n").say("S", "250 ok\r\n").say("C", b"BDAT 3 LAST\r\n.\r\n")
        end(connection)
        found, files, _ = export("out", write_capture("chunks.pcap", capture))
        self.assertEqual(read("out", files[0]), b"..dots\r\n.\n.\r\n")
        self.assertEqual((found[0]["message"]["transport"], found[0]["message"]["complete"]), ("BDAT", True))

    def test_lmtp_deliveries(self):
        """Each recipient has a reply of its own behind the message."""
        name = os.path.join(program.ARGUMENTS.captures, "lmtp.pcap")
        record = json.loads(run("messages", "--format", "json", name).stdout.splitlines()[0])
        self.assertEqual([(each["code"], each["delivery"]["code"], each["delivery"]["enhanced"]) for each in record["rcpt_to"]],
                         [(250, 250, "2.0.0"), (250, 552, "5.2.2")])
        self.assertIn(b"<carol@example.com> refused after the message (552)", run("messages", name).stdout)

    def test_what_tls_hides_is_said(self):
        done = run("messages", os.path.join(program.ARGUMENTS.captures, "implicit-tls.pcap"))
        self.assertIn(b"went on under TLS: mails in", done.stderr)
        done = run("messages", os.path.join(program.ARGUMENTS.captures, "plain-delivery.pcap"))
        self.assertEqual(done.stderr, b"")

    def test_every_capture(self):
        """Of all captures at hand: each file hashes to the index, and (where it is whole) to what `sessions` says."""
        count = 0
        for capture in all_captures():
            with self.subTest(os.path.basename(capture)):
                sessions, _ = records("sessions", capture)
                digests = {(session["id"], transaction["id"]): transaction["message"]["sha256"]
                           for session in sessions if session["record"] == "session"
                           for transaction in session["transactions"] if transaction["message"] is not None}
                _, files, _ = export("out", capture)
                index = [record for record in index_of("out") if record["record"] == "message"]
                self.assertEqual(sorted(record["path"] for record in index if record["path"] is not None), files)
                for record in index:
                    if record["path"] is None:
                        continue
                    digest = sha256(read("out", record["path"]))
                    self.assertEqual(record["file_sha256"], digest)
                    self.assertEqual(record["message"]["octets"], os.path.getsize(os.path.join(path("out"), record["path"])))
                    whole = digests.pop((record["session"], record["transaction"]))
                    self.assertEqual(record["path"].endswith(".partial.eml"), whole is None)
                    self.assertEqual(record["message"]["missing"] == [], whole is not None)
                    if whole is not None:
                        self.assertEqual(whole, digest)
                        count += 1
                self.assertEqual(digests, {})
        self.assertGreaterEqual(count, 15)  # those of the bundled captures alone


class Incomplete(unittest.TestCase):
    def check(self, capture, octets, missing):
        found, files, _ = export("out", write_capture("holes.pcap", capture))
        self.assertEqual(files, ["session-1-transaction-1.partial.eml"])
        self.assertEqual(read("out", files[0]), octets)
        message = found[0]["message"]
        self.assertEqual((message["complete"], message["sha256"], message["octets"]), (False, None, len(octets)))
        self.assertEqual([(hole["offset"], hole["octets"]) for hole in message["missing"]], missing)
        self.assertEqual(found[0]["file_sha256"], sha256(octets))

    def test_hole(self):
        capture = Capture()
        connection = begin(Connection(capture)).say("C", "Subject: x\r\n\r\n")
        connection.say("C", "l" * 1000, record=False).say("C", "between\r\n").say("C", "m" * 30, record=False).say("C", "end\r\n.\r\n")
        end(connection)
        self.check(capture, b"Subject: x\r\n\r\nbetween\r\nend\r\n", [(14, 1000), (23, 30)])

    def test_hole_in_chunks(self):
        capture = Capture()
        connection = begin(Connection(capture), "BDAT")
        connection.say("C", "BDAT 20 LAST\r\n0123456789").say("C", "01234", record=False).say("C", "56789")
        end(connection)
        self.check(capture, b"012345678956789", [(10, 5)])

    def test_capture_ends(self):
        """How much would have come is not known."""
        capture = Capture()
        begin(Connection(capture)).say("C", "Subject: x\r\n\r\nno end")
        self.check(capture, b"Subject: x\r\n\r\nno end", [(20, None)])

    def test_chunks_unfinished(self):
        capture = Capture()
        connection = begin(Connection(capture), "BDAT").say("C", "BDAT 4\r\nabcd").say("S", "250 ok\r\n")
        connection.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        self.check(capture, b"abcd", [(4, None)])

    def test_text(self):
        capture = Capture()
        connection = begin(Connection(capture)).say("C", "Subject: x\r\n\r\n").say("C", "l" * 1000, record=False)
        end(connection.say("C", "end\r\n.\r\n"))
        text = run("messages", write_capture("holes.pcap", capture)).stdout.decode()
        self.assertIn("NOT COMPLETE: 1,000 octets missing", " ".join(text.split()))


class Folder(unittest.TestCase):
    """What stands in the way of writing."""

    def setUp(self):
        capture = Capture()
        mail(Connection(capture))
        write_capture("mail.pcap", capture)

    def fails(self, done, *words):
        lines = done.stderr.decode().splitlines()
        self.assertEqual((done.returncode, len(lines)), (1, 1), done.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def leftovers(self, folder):
        return [name for name in os.listdir(path(folder)) if name.startswith(".")]

    def test_usage(self):
        done = run("sessions", "--output-dir", "out", "mail.pcap")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--output-dir", done.stderr)

    def test_again(self):
        """A second run into the same folder changes nothing."""
        export("out", "mail.pcap")
        before = {name: (read("out", name), os.stat(os.path.join(path("out"), name)).st_mtime_ns) for name in os.listdir(path("out"))}
        self.fails(run("messages", "--output-dir", "out", "mail.pcap"), "out/" + INDEX, "exists already", "--verify")
        self.assertEqual({name: (read("out", name), os.stat(os.path.join(path("out"), name)).st_mtime_ns)
                          for name in os.listdir(path("out"))}, before)

    def test_file_in_the_way(self):
        os.mkdir(path(fresh("out")))
        write("out/session-1-transaction-1.eml", b"older evidence")
        self.fails(run("messages", "--output-dir", "out", "mail.pcap"), "out/session-1-transaction-1.eml", "exists already")
        self.assertEqual(read("out", "session-1-transaction-1.eml"), b"older evidence")
        self.assertEqual(self.leftovers("out"), [])

    def three_mails(self):
        capture = Capture()
        for port in (40001, 40002, 40003):
            mail(Connection(capture, client_port=port))
        return write_capture("three.pcap", capture)

    def check_unfinished(self, written, capture="three.pcap"):
        """The index has the records of the mails that were written, and --verify says that there are no more."""
        index = index_of("out")
        self.assertEqual([record["path"] for record in index], ["session-%d-transaction-1.eml" % session for session in written])
        found, done = records("messages", "--verify", "out", capture)
        self.assertEqual(done.returncode, 4)
        for session in written:
            self.assertEqual([record["result"] for record in found[:-1] if record["session"] == session], ["agrees"] * 2)
        self.assertEqual([record["notes"] for record in found[:-1] if record["what"] == "summary"], [["unfinished"]])

    def test_stopped_by_a_file(self):
        self.three_mails()
        os.mkdir(path(fresh("out")))
        write("out/session-3-transaction-1.eml", b"older evidence")
        self.fails(run("messages", "--output-dir", "out", "three.pcap"), "out/session-3-transaction-1.eml", "exists already",
                   "2 mails were written before", "without a summary")
        self.assertEqual(sorted(os.listdir(path("out"))), [INDEX] + ["session-%d-transaction-1.eml" % session for session in (1, 2, 3)])
        self.check_unfinished((1, 2))

    def test_stopped_by_an_attachments_file(self):
        """The mail is written; of its attachments the index names those that are."""
        write_message("attached.pcap", message_with(("a.bin", b"hello"), ("b.bin", b"hello"), ("c.bin", b"hello")))
        os.mkdir(path(fresh("out")))
        write("out/session-1-transaction-1-part-2-b.bin", b"older evidence")
        self.fails(run("messages", "--output-dir", "out", "--attachments", "attached.pcap"), "part-2-b.bin", "exists already", "1 mail was written before")
        record, = index_of("out")
        self.assertEqual(record["path"], "session-1-transaction-1.eml")
        self.assertEqual([part["path"] for part in record["message"]["attachments"]], ["session-1-transaction-1-part-1-a.bin", None, None])
        found, done = records("messages", "--verify", "out", "attached.pcap")
        self.assertEqual((done.returncode, [record["result"] for record in found[:-1]]),
                         (4, ["agrees", "agrees", "differs", "missing", "differs", "missing"]))

    def test_index_does_not_fit(self):
        """A write that fails in the middle of a record leaves no half of it."""
        self.three_mails()
        export("out", "three.pcap")
        length = len(read("out", INDEX).splitlines(True)[0])

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (length * 5 // 2, length * 5 // 2))
        self.fails(run("messages", "--output-dir", fresh("out"), "three.pcap", preexec_fn=limit, restore_signals=False), INDEX, "too large",
                   "3 mails were written before")
        self.check_unfinished((1, 2))

    def test_killed(self):
        """The record of a mail is there as soon as its session is over (test_process.py: and before that)."""
        capture = Capture()
        mail(Connection(capture, client_port=40001))
        begin(Connection(capture, client_port=40002))
        fresh("out")
        process = subprocess.Popen([program.SMTPSCOPE, "messages", "--output-dir", "out", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=program.SCRATCH, env=program.settings())
        process.stdin.write(capture.octets())
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not os.path.isfile(path("out/" + INDEX)) or not read("out", INDEX).endswith(b"\n"):
            self.assertLess(time.monotonic(), deadline)
        process.kill()
        process.communicate(timeout=60)
        write_capture("killed.pcap", capture)
        self.check_unfinished((1,), "killed.pcap")

    def test_links_in_the_way(self):
        for target in ("victim", "nowhere"):
            for name in ("session-1-transaction-1.eml", INDEX):
                with self.subTest(name, target=target):
                    os.mkdir(path(fresh("out")))
                    write("victim", b"not to be touched")
                    os.symlink(os.path.join("..", target), path(os.path.join("out", name)))
                    self.fails(run("messages", "--output-dir", "out", "mail.pcap"), "out/" + name)
                    with open(path("victim"), "rb") as file:
                        self.assertEqual(file.read(), b"not to be touched")
                    self.assertFalse(os.path.exists(path("nowhere")))
                    self.assertEqual(self.leftovers("out"), [])

    def test_folder_is_a_file(self):
        write("a-file", b"")
        self.fails(run("messages", "--output-dir", "a-file", "mail.pcap"), "a-file", "Not a directory")

    def test_no_parent(self):
        self.fails(run("messages", "--output-dir", "no/such/folder", "mail.pcap"), "no/such/folder", "No such file")

    def test_unwritable(self):
        os.mkdir(path(fresh("out")), 0o555)
        os.chmod(program.SCRATCH, 0o755)
        more = {"user": program.UNPRIVILEGED} if os.getuid() == 0 else {}
        self.fails(run("messages", "--output-dir", "out", "mail.pcap", **more), "out", "ermission")

    def test_full_disk(self):
        """A limit on the size of files fails writes as a full disk does: said, nothing half written is left."""
        capture = Capture()
        end(begin(Connection(capture)).say("C", b"x" * 60000).say("C", b"x" * 60000).say("C", b"x" * 60000).say("C", "\r\n.\r\n"))
        write_capture("large.pcap", capture)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        self.fails(run("messages", "--output-dir", fresh("out"), "large.pcap", preexec_fn=limit, restore_signals=False), "out", "too large")
        self.assertEqual(os.listdir(path("out")), [INDEX])

    def test_interrupted(self):
        """Ctrl-C in the middle of a message: what came of it is written, nothing temporary is left."""
        capture = Capture()
        begin(Connection(capture)).say("C", b"x" * 60000).say("C", b"x" * 60000).say("C", b"x" * 60000)
        fresh("out")
        process = subprocess.Popen([program.SMTPSCOPE, "messages", "--output-dir", "out", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=program.SCRATCH, env=program.settings())
        process.stdin.write(capture.octets())
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not os.path.isdir(path("out")) or not self.leftovers("out"):
            self.assertLess(time.monotonic(), deadline)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, said)
        self.assertEqual(sorted(os.listdir(path("out"))), [INDEX, "session-1-transaction-1.partial.eml"])
        came = len(read("out", "session-1-transaction-1.partial.eml")) # the signal may overtake packets in the pipe
        self.assertIn(came, (60000, 120000, 180000))
        self.assertEqual(read("out", "session-1-transaction-1.partial.eml"), b"x" * came)
        self.assertTrue(index_of("out")[-1]["truncated"])


def message_with(*attachments):
    """A message as it goes over the wire, with files (name, octets) attached."""
    mail_ = EmailMessage()
    mail_["Subject"] = "Grüße"
    mail_.set_content("hello\n")
    for name, octets in attachments:
        mail_.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return mail_.as_bytes(policy=email.policy.SMTP)


def stuffed(octets):
    lines = octets.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


def write_message(name, octets):
    capture = Capture()
    connection = begin(Connection(capture))
    octets = stuffed(octets)
    for at in range(0, len(octets), 1400):
        connection.say("C", octets[at:at + 1400])
    end(connection.say("C", ".\r\n" if octets.endswith(b"\r\n") else "\r\n.\r\n"))
    return write_capture(name, capture)


class Attachments(unittest.TestCase):
    HOSTILE = ["../../../etc/passwd", "/etc/passwd", "..\\..\\x.exe", "CON", "nul.txt", "", ".", "..", ".hidden", "-rf", "a\tb\x01c",
               "x" * 3000 + ".pdf", "Grüße €.pdf", "exe\u202egpj.scr", " ", "a/b/c", "C:\\boot.ini", "same", "same", "stream.txt:ads", "~", "$(id)"]

    def read_by_python(self, octets):
        found = []
        for part in email.message_from_bytes(octets, policy=email.policy.default).walk():
            if part.get_content_disposition() == "attachment" or part.get_filename() is not None:
                content = part.get_payload(decode=True) or b""
                found.append((part.get_filename(), part.get_content_type(), len(content), sha256(content)))
        return found

    def found(self, name):
        (message, _), done = records("messages", name)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return [(part["filename"], part["content_type"], part["octets"], part["sha256"]) for part in message["message"]["attachments"]]

    def test_as_python_reads_it(self):
        mail_ = EmailMessage()
        mail_.set_content("hello\n")
        mail_.add_alternative("<p>hello</p>\n", subtype="html")
        mail_.add_attachment(os.urandom(20000), maintype="application", subtype="pdf", filename="report.pdf")
        mail_.add_attachment("Ü" * 1000, filename="Übersicht.txt", cte="quoted-printable")
        mail_.add_attachment("lines\n.dots\n..\n\n", filename="dots.txt", cte="7bit")
        mail_.add_attachment(b"", maintype="image", subtype="png", filename="用户.png")
        mail_.add_attachment(b"x" * 77, maintype="image", subtype="gif", filename="a" * 200 + ".gif")
        octets = mail_.as_bytes(policy=email.policy.SMTP)
        expected = self.read_by_python(octets)
        self.assertEqual(len(expected), 5)
        self.assertEqual(self.found(write_message("python.pcap", octets)), expected)

    def test_bundled(self):
        """What real clients attached: the names as Python reads them, too, from the file that is written."""
        found, _, _ = export("out", os.path.abspath(os.path.join(program.ARGUMENTS.captures, "attachments.pcap")), "--attachments")
        names = [[part["filename"] for part in record["message"]["attachments"]] for record in found[:-1]]
        self.assertEqual(names, [["report.pdf", "Übersicht für März.txt", "用户.png", None, "table.csv"],
                                 ["Rückblick €.zip", "../../../etc/cron.d/x"], ["notes.txt"]])
        for record in found[:-1]:
            parts = [(part["filename"], part["content_type"], part["octets"], part["sha256"])
                     for part in record["message"]["attachments"] if part["content_type"] != "message/rfc822"]
            with open(path(record["path"]), "rb") as file:
                by_python = [part for part in self.read_by_python(file.read()) if part[1] != "message/rfc822"]
            self.assertEqual(parts, by_python)

    def test_in_sessions(self):
        write_message("attached.pcap", message_with(("a.bin", b"hello")))
        (session, _), _ = records("sessions", "attached.pcap")
        message = session["transactions"][0]["message"]
        self.assertEqual(message["attachments"], [{"filename": "a.bin", "content_type": "application/octet-stream", "octets": 5,
                                                   "sha256": sha256(b"hello")}])
        self.assertEqual((message["subject"], message["limits_met"]), ("Grüße", []))
        self.assertIn("1 attachment: \"a.bin\"", " ".join(run("messages", "attached.pcap").stdout.decode().split()))

    def test_raw_text_is_kept(self):
        """Where a name or a field cannot be decoded, it is there as it was sent."""
        octets = (b"Subject: caf\xe9\r\nFrom: =?x-none?Q?a?= <a@example.com>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                  b"Content-Disposition: attachment; filename=\"caf\xe9\"\r\n\r\nx\r\n--b--\r\n")
        (message, _), _ = records("messages", write_message("raw.pcap", octets))
        message = message["message"]
        self.assertEqual((message["subject"], message["subject_base64"]), ("caf\\xE9", "Y2Fm6Q=="))
        self.assertEqual(message["from"], "=?x-none?Q?a?= <a@example.com>")
        part = message["attachments"][0]
        self.assertEqual((part["filename"], part["filename_base64"]), ("caf\\xE9", "Y2Fm6Q=="))

    def test_files(self):
        parts = [(name, b"content %d of %s" % (number, name.encode())) for number, name in enumerate(self.HOSTILE)]
        octets = message_with(*((name, content) for name, content in parts if "\x01" not in name))
        octets = octets.replace(b"filename=\"same\"", b"filename=\"a\x01\x1b[2J/\xff\"", 1)
        write_message("hostile.pcap", octets)
        before = set(os.listdir(program.SCRATCH))
        found, files, done = export("out", "hostile.pcap", "--attachments")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(set(os.listdir(program.SCRATCH)) - before - {"out"}, set())
        listed = index_of("out")[0]["message"]["attachments"]
        self.assertEqual(len(listed), len(parts) - 1)
        self.assertEqual(sorted(part["path"] for part in listed), [name for name in files if not name.endswith(".eml")])
        for number, part in enumerate(listed, 1):
            name = part["path"]
            self.assertRegex(name, r"^session-1-transaction-1-part-%d-[^./ -][^/\\:*?\"<>|\x00-\x1f\x7f]*$" % number)
            self.assertLess(len(name.encode()), 200)
            self.assertEqual((sha256(read("out", name)), len(read("out", name))), (part["sha256"], part["octets"]))
            self.assertTrue(os.path.isfile(os.path.join(path("out"), name)))
        self.assertEqual(found[0]["message"]["attachments"][0]["path"], "out/" + listed[0]["path"])

    def test_ends_of_encodings(self):
        """What is written is all that the encoding holds; where that is not all there is, it is said."""
        bodies = ((b"base64", b"SGVsbG8gd29ybGQ", b"Hello world", True, []), (b"base64", b"QUJ", b"AB", True, []),
                  (b"base64", b"QUJDR", b"ABC", False, ["encoding"]), (b"base64", b"QUJDRA==\r\nQUJD", b"ABCD", True, ["encoding"]),
                  (b"quoted-printable", b"trail  \r\nx=20 \r\nsoft=  \r\nend\t", b"trail\r\nx \r\nsoftend", True, []))
        for encoding, body, content, whole, limits in bodies:
            with self.subTest(body):
                octets = (b"Content-Type: application/octet-stream; name=f\r\nContent-Transfer-Encoding: %s\r\n\r\n%s\r\n" % (encoding, body))
                octets = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + octets + b"--b--\r\n"
                _, files, _ = export("out", write_message("ends.pcap", octets), "--attachments")
                message = index_of("out")[0]["message"]
                part = message["attachments"][0]
                self.assertEqual((part["octets"], part["sha256"]), (len(content), sha256(content) if whole else None))
                self.assertEqual((part["path"].endswith(".partial"), message["limits_met"]), (not whole, limits))
                self.assertEqual(read("out", part["path"]), content)
                self.assertEqual(records("messages", "--verify", "out", "ends.pcap")[1].returncode, 0)

    def test_names_that_say_partial(self):
        """Only what is not whole has a name that says so."""
        write_message("partial.pcap", message_with(("x.partial", b"1"), ("y.partial.eml", b"2"), ("z.PARTIAL", b"3")))
        found, files, _ = export("out", "partial.pcap", "--attachments")
        self.assertEqual(files, ["session-1-transaction-1-part-1-x_partial", "session-1-transaction-1-part-2-y_partial.eml",
                                 "session-1-transaction-1-part-3-z_PARTIAL", "session-1-transaction-1.eml"])
        self.assertEqual(found[0]["message"]["attachments"][0]["filename"], "x.partial")
        self.assertEqual(records("messages", "--verify", "out", "partial.pcap")[1].returncode, 0)

    def test_only_where_asked_for(self):
        write_message("attached.pcap", message_with(("a.bin", b"hello")))
        found, files, _ = export("out", "attached.pcap")
        self.assertEqual(files, ["session-1-transaction-1.eml"])
        self.assertNotIn("path", found[0]["message"]["attachments"][0])
        done = run("messages", "--attachments", "attached.pcap")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--attachments", done.stderr)

    def test_hole(self):
        """What is in front of the hole is whole, what has the hole in it is not, what is behind it may be anything."""
        head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        part = b"--b\r\nContent-Disposition: attachment; filename=%s\r\n\r\n"
        capture = Capture()
        connection = begin(Connection(capture)).say("C", head + part % b"one" + b"1\r\n" + part % b"two" + b"22").say("C", "missing", record=False)
        end(connection.say("C", b"\r\n" + part % b"three" + b"333\r\n--b--\r\n.\r\n"))
        found, files, _ = export("out", write_capture("holes.pcap", capture), "--attachments")
        listed = found[0]["message"]["attachments"]
        self.assertEqual([(part["filename"], part["octets"], part["sha256"]) for part in listed], [("one", 1, sha256(b"1")), ("two", 2, None)])
        self.assertEqual(files, ["session-1-transaction-1-part-1-one", "session-1-transaction-1-part-2-two.partial",
                                 "session-1-transaction-1.partial.eml"])
        self.assertEqual(read("out", files[1]), b"22")


class Names(unittest.TestCase):
    """An executable's ending disappears from no name, neither in a list nor on the disk."""

    WORDS = "=?utf-8?B?UmVjaG51bmcgMjAyNC5wZGY=?=", "=?utf-8?B?LmV4ZQ==?="

    def look(self, field, subject="x"):
        octets = "Subject: %s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n%s\r\n\r\nMZ\r\n--b--\r\n" % (subject, field)
        found, self.files, _ = export("out", write_message("name.pcap", octets.encode("latin-1")), "--attachments")
        return found[0]["message"]

    def test_endings(self):
        disposition = "Content-Disposition: attachment; "
        for field, name in (
            (disposition + 'filename="%s\r\n %s"' % self.WORDS, "Rechnung 2024.pdf.exe"),
            (disposition + "filename=%s %s" % self.WORDS, "Rechnung 2024.pdf.exe"),
            ('Content-Type: application/pdf; name="%s%s"' % self.WORDS, "Rechnung 2024.pdf.exe"),
            ('Content-Type: application/pdf; name="%s %s"\r\n%sfilename=""' % (*self.WORDS, disposition), "Rechnung 2024.pdf.exe"),
            (disposition + 'filename*0="%s";\r\n filename*1=" %s"' % self.WORDS, "Rechnung 2024.pdf.exe"),
            (disposition + "filename*0*=utf-8''%E2%82;\r\n filename*1*=%AC.pdf; filename*2=.exe", "\u20ac.pdf.exe"),
            (disposition + "filename*=utf-8''a.pdf%00.exe", "a.pdf\0.exe"),
            (disposition + 'filename="a.pdf\0.exe"', "a.pdf\0.exe"),
            (disposition + 'filename="a.pdf' + " " * 300 + '.exe"', "a.pdf" + " " * 300 + ".exe"),
            (disposition + 'filename="' + "a" * 900 + '.pdf.exe"', "a" * 900 + ".pdf.exe"),
            (disposition + 'filename="' + "a" * 9000 + '.pdf.exe"', None)):
            part = self.look(field)["attachments"][0]
            self.assertTrue(name is None or part["filename"] == name, (field, part["filename"]))
            self.assertTrue(part["filename"].endswith(".exe"), part["filename"])
            self.assertTrue(self.files[0].endswith(".exe"), self.files)
            self.assertIn(".exe", "".join(run("messages", "name.pcap").stdout.decode().split()))
            run("report", "-o", "name.html", "name.pcap")
            self.assertIn(".exe</bdi>", read(".", "name.html").decode())
            os.unlink(path("name.html"))

    def test_subject(self):
        message = self.look("X: y", "%s\r\n %s" % self.WORDS)
        self.assertEqual(message["subject"], "Rechnung 2024.pdf.exe")

    def test_what_the_wire_says_ends_where_it_ends(self):
        """Neither a subject, nor a name, nor an address can look like what is said about the mail."""
        self.look('Content-Disposition: attachment; filename="a\\"; 1 octet, b"', 'x"; 1 octet, SHA-256 0123456789abcdef...; 3 attachments: "y')
        text = " ".join(run("messages", "name.pcap").stdout.decode().split())
        self.assertIn('"x\\x22; 1 octet, SHA-256 0123456789abcdef...; 3 attachments: \\x22y"; ', text)
        self.assertTrue(text.endswith('; 1 attachment: "a\\x22; 1 octet, b"'), text)
        capture = Capture()
        mail(Connection(capture), sender='"a> -> <b@example.com>: rejected (550)"@example.com', recipient='"c>, <d"@example.com')
        write_capture("paths.pcap", capture)
        text = " ".join(run("messages", "paths.pcap").stdout.decode().split())
        self.assertIn('<"a\\x3E -\\x3E \\x3Cb@example.com\\x3E: rejected (550)"@example.com> -> <"c\\x3E, \\x3Cd"@example.com>: accepted (250)', text)

    def test_without_utf8(self):
        """No octet of UTF-8 reaches a terminal that does not have it, whatever the command."""
        octets = "Subject: =?utf-8?B?4oKs?= \u20ac\r\nFrom: \u00fc <a@example.com>\r\n\r\nGr\u00fc\u00dfe\r\n".encode()
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 m\u00fcller\r\n".encode()).say("C", "EHLO m\u00fcller\r\n".encode())
        connection.say("S", "250-\u20ac\r\n250-SMTPUTF8\r\n250 AUTH \u00fc\r\n".encode()).say("C", "MAIL FROM:<\u00fc@example.com>\r\n".encode())
        connection.say("S", "250 \u00fc\r\n".encode()).say("C", "RCPT TO:<\u20ac@example.com>\r\n".encode())
        connection.say("S", "550 5.1.1 \u20ac\r\n".encode()).say("C", "RCPT TO:<\u00fc@example.com>\r\n".encode()).say("S", b"250 ok\r\n")
        connection.say("C", "DATA\r\n").say("S", "354 \u20ac\r\n".encode()).say("C", octets + b".\r\n").say("S", "250 \u20ac\r\n".encode())
        connection.say("C", "\u20ac\r\n".encode()).say("S", "500 \u20ac\r\n".encode())
        end(connection)
        write_capture("\u20ac.pcap", capture)
        for command in (["transcript"], ["transcript", "--full"], ["sessions"], ["messages"], ["findings"], ["servers"], ["explain", "\u20ac"],
                        ["transcript", "missing\u20ac"], ["learn"]):
            arguments = command if command[0] in ("explain", "learn") else [*command, "\u20ac.pcap"]
            done = run(*arguments, environment={"LC_ALL": "C"})
            self.assertTrue(done.stdout.isascii() and done.stderr.isascii(), (command, done.stdout, done.stderr))
        done = run("messages", "\u20ac.pcap", environment={"LC_ALL": "C"})
        self.assertIn(b'"\\xE2\\x82\\xAC \\xE2\\x82\\xAC"', done.stdout)
        self.assertEqual(run("messages", "\u20ac.pcap", "--format", "json", environment={"LC_ALL": "C"}).stdout,
                         run("messages", "\u20ac.pcap", "--format", "json").stdout)


class Inside(unittest.TestCase):
    """What is in a message that is encoded as a whole is found; where a limit is met, that is said."""

    def test_outer_and_inner(self):
        inner = message_with(("malware.exe", b"MZ"))
        encoded = base64.encodebytes(inner).replace(b"\n", b"\r\n")
        for body in (encoded, inner):
            octets = (b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n"
                      b'Content-Disposition: attachment; filename="innocent.eml"\r\n\r\n' + body)
            found, files, _ = export("out", write_message("inside.pcap", octets), "--attachments")
            listed = [part["filename"] for part in found[0]["message"]["attachments"]]
            self.assertEqual(listed, ["innocent.eml", "malware.exe"])
            self.assertEqual(read("out", files[1]), b"MZ")
            if body is encoded:
                self.assertEqual((read("out", files[0]), found[0]["message"]["limits_met"]), (inner, []))


class Hostile(unittest.TestCase):
    """Messages made to take time or memory: a clear outcome, and what was not looked at is said."""

    def look(self, name, octets, *options):
        started = time.monotonic()
        (message, _), done = records("messages", *options, write_message(name, octets))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertLess(time.monotonic() - started, 60)
        text = " ".join(run("messages", name).stdout.decode().split())
        os.unlink(path(name))
        message = message["message"]
        for limit, words in (("header", "fields of the header are longer"), ("depth", "nested too deep"), ("attachments", "more attachments than are listed"),
                             ("field", "a header field of a part")):
            self.assertEqual(words in text, limit in message["limits_met"], (limit, text[:2000]))
        self.assertEqual("NOT ALL WAS LOOKED AT: " in text, bool(message["limits_met"]))
        self.assertEqual((message["complete"], message["sha256"]), (True, sha256(octets)))
        return message

    def test_deep(self):
        octets = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth) for depth in range(1000))
        octets += b"Content-Disposition: attachment; filename=deep\r\n\r\nx\r\n"
        octets += b"".join(b"--b%d--\r\n" % depth for depth in reversed(range(1000)))
        message = self.look("deep.pcap", octets)
        self.assertEqual((message["attachments"], message["limits_met"]), ([], ["depth"]))

    def test_many_parts(self):
        part = b"--b\r\nContent-Disposition: attachment; filename=x\r\n\r\nx\r\n"
        message = self.look("parts.pcap", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 100_000 + b"--b--\r\n")
        self.assertEqual((len(message["attachments"]), message["limits_met"]), (10_000, ["attachments"]))

    def test_large_header(self):
        """However much stands in front of a field, it is found."""
        octets = b"Subject: first\r\n" + b"X-Filler: " + b"x" * 60 + b"\r\n"
        octets += (b"X-Filler: " + b"x" * 60 + b"\r\n") * 700_000 + b"From: a@example.com\r\n\r\nhello\r\n"
        message = self.look("header.pcap", octets)
        self.assertEqual((message["subject"], message["from"], message["limits_met"]), ("first", "a@example.com", []))

    def test_large_subject(self):
        octets = b"Subject: first " + b"x" * 50_000_000 + b"\r\nX: y\r\nFrom: a@example.com\r\n\r\nhello\r\n"
        message = self.look("header.pcap", octets)
        self.assertEqual((message["subject"][:9], message["from"], message["limits_met"]), ("first xxx", "a@example.com", ["header"]))

    def test_large_field(self):
        message = self.look("field.pcap", b"Content-Type: application/pdf; name=\"" + b"x" * 50_000_000 + b"\"\r\n\r\nhello\r\n")
        self.assertEqual(message["limits_met"], ["field"])
        self.assertEqual(message["attachments"][0]["content_type"], "application/pdf")


class Verify(unittest.TestCase):
    """An exported folder against the captures it came from."""

    EML, PART = "session-1-transaction-1.eml", "session-1-transaction-1-part-1-a.bin"

    def setUp(self):
        write_message("attached.pcap", message_with(("a.bin", b"hello")))
        capture = Capture()
        capture.now += 3_600_000_000
        mail(Connection(capture, client_port=40001))
        connection = begin(Connection(capture, client_port=40002)).say("C", "Subject: x\r\n").say("C", "lost", record=False)
        end(connection.say("C", "\r\nend\r\n.\r\n"))
        write_capture("more.pcap", capture)
        self.export()

    def export(self, *options):
        _, self.files, done = export("out", "attached.pcap", "more.pcap", "--attachments", *options)
        self.assertEqual((done.returncode, len(self.files)), (0, 4))

    def verify(self, *captures, status, folder="out", options=()):
        """All that is not as it should be, as (what, name, session, result)."""
        found, done = records("messages", "--verify", folder, *options, *(captures or ("attached.pcap", "more.pcap")))
        self.assertEqual(done.returncode, status, done.stderr)
        counts = {result: sum(record.get("result") == result for record in found) for result in found[-1]["verified"]}
        self.assertEqual(counts, found[-1]["verified"])
        return [(record["what"], os.path.basename(record["path"]), record["session"], record["result"])
                for record in found[:-1] if record["result"] != "agrees"]

    def test_agrees(self):
        self.assertEqual(self.verify(status=0), [])
        found, _ = records("messages", "--verify", "out", "attached.pcap", "more.pcap")
        self.assertEqual(sorted(os.path.basename(record["path"]) for record in found[:-1] if record["what"] in ("message", "attachment")), self.files)
        self.assertEqual(found[-1]["verified"]["agrees"], 4 + 3 + 1)
        text = run("messages", "--verify", "out", "attached.pcap", "more.pcap").stdout.decode()
        self.assertIn("agrees      " + self.EML, text)
        self.assertTrue(text.endswith(": 8 agree\n"), text)

    def test_moved(self):
        """Folder and captures may have been moved, and compressed."""
        os.rename(path("out"), path(fresh("elsewhere")))
        for name in ("attached.pcap", "more.pcap"):
            with open(path(name), "rb") as file:
                write("moved-" + name, gzip.compress(file.read()))
        self.assertEqual(self.verify("moved-attached.pcap", "moved-more.pcap", status=0, folder="elsewhere"), [])

    def test_without_attachments(self):
        export("out", "attached.pcap", "more.pcap")
        self.assertEqual(self.verify(status=0), [])

    def test_changed(self):
        for name, what in ((self.EML, "message"), (self.PART, "attachment"), ("session-3-transaction-1.partial.eml", "message")):
            self.export()
            octets = bytearray(read("out", name))
            octets[0] ^= 1
            write(os.path.join("out", name), bytes(octets))
            self.assertEqual(self.verify(status=4), [(what, name, 3 if "3" in name else 1, "differs")])

    def test_missing(self):
        os.unlink(path("out/" + self.EML))
        os.unlink(path("out/" + self.PART))
        self.assertEqual(self.verify(status=4), [("message", self.EML, 1, "missing"), ("attachment", self.PART, 1, "missing")])

    def test_extra(self):
        write("out/session-9-transaction-1.eml", b"smuggled in")
        os.mkdir(path("out/folder"))
        self.assertEqual(self.verify(status=4), [("other", "folder", None, "extra"), ("other", "session-9-transaction-1.eml", None, "extra")])

    def test_link(self):
        """A link is no file, even to the same octets: it may lead elsewhere tomorrow."""
        os.rename(path("out/" + self.EML), path("copy"))
        os.symlink("../copy", path("out/" + self.EML))
        self.assertEqual(self.verify(status=4), [("message", self.EML, 1, "unreadable")])
        os.unlink(path("out/" + self.EML))
        os.mkfifo(path("out/" + self.EML))
        self.assertEqual(self.verify(status=4), [("message", self.EML, 1, "unreadable")])

    def test_index(self):
        whole = read("out", INDEX)
        lines = whole.splitlines(True)
        for name, octets, expected in (
                ("an envelope", whole.replace(b"a@example.com", b"x@example.com", 1), [("index", INDEX, 1, "differs")]),
                ("a path", whole.replace(self.EML.encode(), b"../../etc/passwd"), [("index", INDEX, 1, "differs")]),
                ("a digest", whole.replace(b'"file_sha256":"', b'"file_sha256":"0', 1), [("index", INDEX, 1, "differs")]),
                ("an added key", whole.replace(b'"rcpt_to"', b'"note":"x","rcpt_to"', 1), [("index", INDEX, 1, "differs")]),
                ("a record less", b"".join(lines[1:]), [("index", INDEX, 1, "missing")]),
                ("a record twice", lines[0] + whole, [("index", INDEX, 1, "extra")]),
                ("a record more", lines[0].replace(b'"session":1', b'"session":7') + whole, [("index", INDEX, 7, "extra")]),
                ("garbage", b"{garbage\n\xff\n" + whole, [("index", INDEX, None, "differs")] * 2),
                ("a number too large", whole.replace(b'"session":1,', b'"session":99999999999999999999,', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("nested deep", b"[" * 100_000 + b"\n" + whole, [("index", INDEX, None, "differs")]),
                ("an attachment's path", whole.replace(self.PART.encode(), b"../../etc/passwd"), [("index", INDEX, 1, "differs")]),
                ("more than a capture's name", whole.replace(b'"capture":"attached.pcap"', b'"capture":["attached.pcap"]', 1), [("index", INDEX, 1, "differs")]),
                ("a key twice", whole.replace(b'"session":1,', b'"session":1,"session":99,"session":1,', 1),
                 [("index", INDEX, 1, "differs")]),
                ("a key twice in the summary", whole.replace(b'"frames":', b'"frames":0,"frames":', 1), [("summary", INDEX, None, "differs")]),
                ("a name that is no UTF-8", whole.replace(b'"capture":"attached.pcap"', b'"capture":"att\xffached.pcap"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("an overlong form in a name", whole.replace(b'"capture":"attached.pcap"', b'"capture":"att\xc1\xa1ched.pcap"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("a surrogate in a name", whole.replace(b'"capture":"attached.pcap"', b'"capture":"att\xed\xa0\x80ched.pcap"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("a character cut in a name", whole.replace(b'"capture":"attached.pcap"', b'"capture":"attached\xe2\x82"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("half a character in a name", whole.replace(b'"capture":"attached.pcap"', b'"capture":"\\ud83dx"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("the other half in a name", whole.replace(b'"capture":"attached.pcap"', b'"capture":"\\ude00"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("a NUL in a name", whole.replace(b'"capture":"attached.pcap"', b'"capture":"a\\u0000"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("octets that are no UTF-8 in the summary", whole.replace(b'"inputs":[{"capture":"attached.pcap"', b'"inputs":[{"capture":"\xff"', 1),
                 [("index", INDEX, None, "differs"), ("summary", INDEX, None, "missing")]),
                ("no last line end", whole[:-1], [("index", INDEX, None, "differs")]),
                ("no line end of a record", lines[0][:-1], [("index", INDEX, None, "differs"), ("index", INDEX, 2, "missing"),
                                                           ("index", INDEX, 3, "missing"), ("summary", INDEX, None, "missing")]),
                ("octets that no name has", whole.replace(b'"capture":"attached.pcap"', b'"capture":"attached\x1b.pcap"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("an escape that is none", whole.replace(b'"capture":"attached.pcap"', b'"capture":"\\q"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("two names", whole.replace(b'"capture":"attached.pcap"', b'"capture":"x","capture":"attached.pcap"', 1), [("index", INDEX, 1, "differs")]),
                ("a name elsewhere", whole.replace(b'"rcpt_to":[{', b'"rcpt_to":[{"capture":"x",', 1), [("index", INDEX, 1, "differs")]),
                ("octets for a name", whole.replace(b'"capture":"attached.pcap"', b'"capture":"attached.pcap","capture_base64":{}', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("half a record", lines[0][:-9] + b"\n" + b"".join(lines[1:]), [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("more behind a record", lines[0][:-1] + b" 1\n" + b"".join(lines[1:]), [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("an unknown record", b'{"record":"zzz"}\n' + whole, [("index", INDEX, None, "differs")]),
                ("no record", b'{}\n[]\n' + whole, [("index", INDEX, None, "differs")] * 2),
                ("a hidden tail", whole.replace(b'"record":"message"', b'"record":"message\\u0000x"', 1),
                 [("index", INDEX, None, "differs"), ("index", INDEX, 1, "missing")]),
                ("empty", b"", [("index", INDEX, 1, "missing"), ("index", INDEX, 2, "missing"), ("index", INDEX, 3, "missing"),
                                ("summary", INDEX, None, "missing")])):
            with self.subTest(name):
                write("out/" + INDEX, octets)
                self.assertEqual(self.verify(status=4), expected)
        for name in ("moved.pcap", "Grüße/😀.pcap", "\\ud83d\\ude00", "\\u0007"):  # a name is a name
            write("out/" + INDEX, whole.replace(b'"capture":"attached.pcap"', b'"capture":"%s"' % name.encode()))
            self.assertEqual(self.verify(status=0), [], name)
        os.unlink(path("out/" + INDEX))
        self.assertEqual(self.verify(status=4)[0], ("index", INDEX, None, "missing"))

    def verify_summary(self, change, *captures, options=(), status=4):
        """The verification of a summary that was changed."""
        lines = read("out", INDEX).splitlines(True)
        summary = json.loads(lines[-1])
        change(summary)
        write("out/" + INDEX, b"".join(lines[:-1]) + json.dumps(summary).encode() + b"\n")
        found, done = records("messages", "--verify", "out", *options, *(captures or ("attached.pcap", "more.pcap")))
        write("out/" + INDEX, b"".join(lines))
        self.assertEqual(done.returncode, status, found)
        self.assertEqual([record for record in found[:-2] if record["result"] != "agrees"], [])
        self.assertEqual((found[-2]["what"], found[-2]["result"], found[-2]["line"]), ("summary", "differs" if status else "agrees", len(lines)))
        return found[-2]["keys"], found[-2]["notes"]

    def test_summary(self):
        def set_(key, value):
            return lambda summary: summary.__setitem__(key, value)
        for key, value in (("captures", 3), ("frames", 1), ("octets", 1), ("sessions", 4), ("messages", 2), ("findings", 9), ("truncated", True),
                           ("dropped", {"malformed": 1}), ("inputs", []), ("inputs", "none"), ("version", 1), ("options", {}),
                           ("messages", "3"), ("dropped", None)):
            with self.subTest(key, value=value):
                self.assertIn(key, self.verify_summary(set_(key, value))[0])
        self.assertEqual(self.verify_summary(set_("messages", 2)), (["messages"], []))
        self.assertEqual(self.verify_summary(set_("note", "x" * 1000)), (["others"], []))
        self.assertEqual(self.verify_summary(lambda summary: summary.pop("frames")), (["frames"], []))
        self.assertEqual(self.verify_summary(lambda summary: summary["options"].update(session=[2])), (["options"], []))
        self.assertEqual(self.verify_summary(lambda summary: summary["options"].update(shard="0/2")), (["options"], []))
        self.assertEqual(self.verify_summary(lambda summary: summary["inputs"][0].update(note="x")), (["inputs"], []))
        for change in (lambda options: options.update(note="x"), lambda options: options.update(Command="messages"),
                       lambda options: options.pop("timing"), lambda options: options.update(show_secrets="no"), lambda options: options.update(sort=None)):
            self.assertEqual(self.verify_summary(lambda summary, change=change: change(summary["options"])), (["options"], []))

    def test_summary_of_another_run(self):
        """What only says how it was looked at may differ; findings may be others of another version, which is said."""
        def later(summary):
            summary.update(version="0.0.1", findings=77, dropped={"forgotten": 3})
            summary["options"].update(of_another_version=True)
        self.assertEqual(self.verify_summary(later, status=0), ([], ["other-version"]))
        self.assertEqual(self.verify_summary(lambda summary: summary["options"].update(show_secrets=True, sort="start"), status=0), ([], []))

        def less_memory(summary):
            summary["options"]["memory_limit"] = 1
            summary["dropped"]["memory-limit"] = 5
        self.assertEqual(self.verify_summary(less_memory, status=0), ([], []))
        self.assertEqual(self.verify_summary(lambda summary: summary["dropped"].update({"memory-limit": 5})), (["dropped"], []))
        text = run("messages", "--verify", "out", "attached.pcap", "more.pcap").stdout.decode()
        self.assertNotIn(INDEX, text)

    def test_digests_of_captures(self):
        self.export("--hash-input")

        def forge(summary):
            summary["inputs"][0]["sha256"] = "0" * 64

        def exchange(summary):
            one, other = summary["inputs"]
            one["sha256"], other["sha256"] = other["sha256"], one["sha256"]

        def hide(summary):
            summary["inputs"][0]["sha256"] += "\0x"
        hashed = {"options": ("--hash-input",)}
        for change in (forge, exchange, hide):
            with self.subTest(change.__name__):
                self.assertEqual(self.verify_summary(change, **hashed), (["inputs"], []))
        self.assertEqual(self.verify_summary(lambda summary: None, status=0, **hashed), ([], []))
        self.assertEqual(self.verify_summary(lambda summary: summary["inputs"][0].update(sha256=None), status=0, **hashed), ([], []))
        self.assertEqual(self.verify_summary(lambda summary: summary["inputs"][0].update(capture="moved"), status=0, **hashed), ([], []))
        self.assertEqual(self.verify_summary(forge, status=0), ([], ["digests-unused"])) # nothing to hold it against, and said
        self.assertIn("messages.ndjson, the summary: it has digests of captures that were not compared",
                      run("messages", "--verify", "out", "attached.pcap", "more.pcap").stdout.decode())
        shutil.copy(path("attached.pcap"), path("copy.pcap"))
        self.assertEqual(self.verify_summary(lambda summary: None, "copy.pcap", "more.pcap", status=0, **hashed), ([], []))

    def test_summaries(self):
        whole = read("out", INDEX)
        lines = whole.splitlines(True)
        for octets, expected in ((b"".join(lines[:-1]), [("summary", INDEX, None, "missing")]),
                                 (whole + lines[-1], [("summary", INDEX, None, "extra")]),
                                 (whole + b'{"record":"summary"}\n', [("summary", INDEX, None, "extra")])):
            write("out/" + INDEX, octets)
            self.assertEqual(self.verify(status=4), expected)
        write("out/" + INDEX, b"".join(lines[:-1]))
        self.assertIn("missing     messages.ndjson, the summary: the index has none: the run that wrote it did not finish\n",
                      run("messages", "--verify", "out", "attached.pcap", "more.pcap").stdout.decode())

    def test_part(self):
        """Counts are compared where the same sessions are asked for."""
        def forge(summary):
            summary["messages"] = 7
        self.assertEqual(self.verify_summary(forge, options=("--session", "1"), status=0), ([], []))
        self.assertEqual(self.verify_summary(lambda summary: summary.update(frames=1), options=("--session", "1")), (["frames"], []))
        export("out", "attached.pcap", "more.pcap", "--session", "1")
        self.assertEqual(self.verify_summary(forge, options=("--session", "1")), (["messages"], []))
        self.assertEqual(self.verify_summary(lambda summary: None, options=("--session", "1"), status=0), ([], []))
        for shard in ("0/2", "1/2"):
            export("out", "attached.pcap", "more.pcap", "--shard", shard)
            self.assertEqual(self.verify_summary(lambda summary: None, options=("--shard", shard), status=0), ([], []))

    def test_interrupted_run(self):
        """What a run has read that did not read all does not pass for all."""
        with open(path("more.pcap"), "rb") as file:
            octets = file.read()
        write("cut.pcap", octets[:-10])
        records("messages", "--output-dir", fresh("out"), "attached.pcap", "cut.pcap")
        self.assertIn(("summary", INDEX, None, "differs"), self.verify(status=4))

    def test_large_lines(self):
        """A line may be anything: it is not held in memory, nor what could be made of it."""
        differs, extra = ("index", INDEX, None, "differs"), ("summary", INDEX, None, "extra")
        whole = read("out", INDEX)
        numbered = b'{"record":"message","session":9,"transaction":1,"x":"'
        nested = b'{"record":"summary","x":[' + b"{}," * 400_000 + b"1]}\n"
        for name, octets, expected in (
                ("long", whole + numbered + b"x" * 150_000_000 + b'"}\n', ("index", INDEX, 9, "extra")),
                ("many", whole + b'{"x":[' + b"1," * 4_000_000 + b"1]}\n", differs), ("objects", whole + b'{"x":[' + b"{}," * 3_000_000 + b"1]}\n", differs),
                ("no end", whole + b"x" * 150_000_000, differs), ("another summary", whole + nested, extra),
                ("summary", whole.replace(b'{"record":"summary"', nested.rstrip()[:-1] + b',"y":1', 1), ("summary", INDEX, None, "unreadable")),
                ("long summary", whole.replace(b'{"record":"summary"', b'{"record":"summary","x":"' + b"x" * 9_000_000 + b'"', 1),
                 ("summary", INDEX, None, "unreadable"))):
            with self.subTest(name):
                write("out/" + INDEX, octets)
                self.assertEqual(self.verify(status=4, options=("--memory-limit", "64M")), [expected])
                done, peak = program.run_and_measure("messages", "--verify", "out", "--memory-limit", "64M", "attached.pcap", "more.pcap")
                self.assertEqual(done.returncode, 4)
                if peak is not None:
                    self.assertLess(peak, 64 * 1024)
        write("out/" + INDEX, whole)
        self.assertEqual(self.verify(status=0, options=("--memory-limit", "64M")), [])

    def test_many_recipients(self):
        """A record of 15 MB is one like any other, with little memory, too."""
        capture = Capture()
        connection = Connection(capture).open().say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250 mx\r\n")
        connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
        for number in range(100_000):
            connection.say("C", "RCPT TO:<recipient-%d@department.example.com>\r\n" % number).say("S", "250 2.1.5 this recipient is fine with us\r\n")
        end(connection.say("C", "DATA\r\n").say("S", "354 go\r\n").say("C", "Subject: x\r\n\r\nx\r\n.\r\n"))
        _, _, done = export("out", write_capture("recipients.pcap", capture))
        self.assertEqual(done.returncode, 0)
        self.assertGreater(len(read("out", INDEX)), 10_000_000)
        self.assertEqual(self.verify("recipients.pcap", status=0, options=("--memory-limit", "64M")), [])
        done, peak = program.run_and_measure("messages", "--verify", "out", "--memory-limit", "64M", "recipients.pcap")
        self.assertEqual(done.returncode, 0)
        if peak is not None:
            self.assertLess(peak, 64 * 1024)
        write("out/" + INDEX, read("out", INDEX).replace(b"recipient-77777@", b"recipient-77778@"))
        self.assertEqual(self.verify("recipients.pcap", status=4), [("index", INDEX, 1, "differs")])

    def test_one_session(self):
        """The others are not looked at, and not extra either."""
        os.unlink(path("out/" + self.EML))
        self.assertEqual(self.verify(status=0, options=("--session", "2")), [])
        self.assertEqual(self.verify(status=4, options=("--session", "1")), [("message", self.EML, 1, "missing")])

    def test_captures_unreadable(self):
        self.verify("attached.pcap", "nowhere.pcap", status=1)

    def test_usage(self):
        for arguments in (("sessions", "--verify", "out"), ("messages", "--verify", "out", "--output-dir", "other")):
            done = run(*arguments, "attached.pcap")
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"--verify", done.stderr)
        done = run("messages", "--verify", "nowhere", "attached.pcap")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"nowhere", done.stderr)

    def test_every_capture(self):
        for capture in all_captures():
            with self.subTest(os.path.basename(capture)):
                export("out", capture, "--attachments")
                found, _ = records("messages", "--verify", "out", capture)
                self.assertEqual([record for record in found[:-1] if record["result"] != "agrees"], [])


class Size(unittest.TestCase):
    LAUNCHER = ("import os, resource, sys\n"
                "status = os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])\n"
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
                "sys.exit(status)\n")

    def peak(self, *arguments):
        """Kilobytes that a run takes at the most."""
        done = subprocess.run([sys.executable, "-c", self.LAUNCHER, program.SMTPSCOPE, *arguments, "--output", "records"], cwd=program.SCRATCH,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=program.settings(), timeout=240)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        with open(program.SMTPSCOPE, "rb") as file:
            sanitized = b"__asan_init" in file.read() # which has a memory of its own
        return 0 if sanitized else int(done.stdout)

    def write_large(self, name, head, line, megabytes, tail=b""):
        """A capture with one message: `head`, lines up to so many megabytes, `tail`. Its digest."""
        piece = line * (60000 // len(line))
        digest = hashlib.sha256(head)
        with open(path(name), "wb") as file:
            capture = Capture()
            connection = begin(Connection(capture)).say("C", head)
            file.write(capture.octets())
            for _ in range(megabytes * 1_000_000 // len(piece)):
                capture.frames.clear()
                connection.say("C", piece)
                digest.update(piece)
                file.write(b"".join(capture.records()))
            capture.frames.clear()
            connection.say("C", tail).say("C", ".\r\n")
            digest.update(tail)
            end(connection)
            file.write(b"".join(capture.records()))
        return digest.hexdigest()

    def test_200_megabytes(self):
        digest = self.write_large("large.pcap", b"Subject: large\r\n\r\n", b"0123456789" * 7 + b"\r\n", 200)
        peak = self.peak("messages", "--output-dir", fresh("out"), "large.pcap")
        os.unlink(path("large.pcap"))
        self.assertLess(peak, 40 * 1024)
        self.assertEqual(sha256(read("out", "session-1-transaction-1.eml")), digest)
        shutil.rmtree(path("out"))

    def test_200_megabytes_attached(self):
        """A part of 150 MB, decoded and written: it does not sit in memory."""
        octets = bytes(range(48, 105))
        import base64
        head = (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/zip\r\n"
                b"Content-Disposition: attachment; filename=large.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        digest = self.write_large("large.pcap", head, base64.b64encode(octets) + b"\r\n", 200, b"--b--\r\n")
        peak = self.peak("messages", "--format", "json", "--output-dir", fresh("out"), "--attachments", "large.pcap")
        os.unlink(path("large.pcap"))
        self.assertLess(peak, 40 * 1024)
        self.assertEqual(sha256(read("out", "session-1-transaction-1.eml")), digest)
        content = read("out", "session-1-transaction-1-part-1-large.zip")
        self.assertEqual(content, octets * (len(content) // len(octets)))
        self.assertGreater(len(content), 140_000_000)
        self.assertEqual(index_of("out")[0]["message"]["attachments"][0]["sha256"], sha256(content))
        shutil.rmtree(path("out"))

    def test_many_at_once(self):
        """More messages under way than files may be open."""
        capture = Capture()
        connections = [begin(Connection(capture, client_port=20000 + number)) for number in range(300)]
        for part in range(3):
            for number, connection in enumerate(connections):
                connection.say("C", b"%d %d\r\n" % (part, number) + b"x" * 40000 + b"\r\n")
        for connection in connections:
            end(connection.say("C", ".\r\n"))
        found, files, done = export("out", write_capture("many.pcap", capture),
                                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32)))
        self.assertEqual((done.returncode, done.stderr, len(files)), (0, b"", 300))
        for number in range(300):
            octets = b"".join(b"%d %d\r\n" % (part, number) + b"x" * 40000 + b"\r\n" for part in range(3))
            self.assertEqual(read("out", "session-%d-transaction-1.eml" % (number + 1)), octets)
        self.assertTrue(all(record["message"]["complete"] for record in found[:-1]))


if __name__ == "__main__":
    sys.exit(program.main())
