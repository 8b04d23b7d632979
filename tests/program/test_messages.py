#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `messages`: the mails as files, their index, what is missing of them."""
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

import program
from mails import CONTENT, INDEX, sha256, fresh, read, index_of, export, begin, end, all_captures, message_with, write_message
from pcap import Capture, Connection, mail
from program import path, records, run, write, write_capture


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

    def test_recipient_without_code(self):
        """Who was answered without a code is not among those that were accepted."""
        connection = Connection(capture := Capture()).open()
        for octets in (("S", "220 mx\r\n"), ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), ("C", "MAIL FROM:<a@example.com>\r\n"), ("S", "250 ok\r\n"),
                       ("C", "RCPT TO:<b@example.com>\r\n"), ("S", "-ERR no such user\r\n"), ("C", "RCPT TO:<c@example.com>\r\n"), ("S", "250 ok\r\n"),
                       ("C", "DATA\r\n"), ("S", "354 go on\r\n"), ("C", "x\r\n.\r\n"), ("S", "250 ok\r\n")):
            connection.say(*octets)
        end(connection)
        done = run("messages", write_capture("without-code.pcap", capture))
        self.assertIn("<b@example.com> (no reply code was seen), <c@example.com>: accepted (250)", " ".join(done.stdout.decode().split()))

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
