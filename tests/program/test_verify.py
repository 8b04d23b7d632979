#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""messages --verify: a folder of mails against the captures they came from."""
import gzip
import json
import os
import shutil
import sys
import unittest

import program
from mails import INDEX, fresh, read, export, begin, end, all_captures, message_with, write_message
from pcap import Capture, Connection, mail
from program import path, records, run, write, write_capture


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


if __name__ == "__main__":
    sys.exit(program.main())
