#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Attachments that `messages` writes: what they are, what they are called, what lies in messages in messages."""
import base64
import email
import email.policy
import os
import sys
import time
import unittest

from email.message import EmailMessage

import program
from mails import sha256, read, index_of, export, begin, end, message_with, write_message
from pcap import Capture, Connection, mail
from program import path, records, run, write_capture


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


if __name__ == "__main__":
    sys.exit(program.main())
