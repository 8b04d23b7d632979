#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is printed, of which sessions, and what the summary says of the run."""
import base64
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import unittest

import encapsulations
import program
from pcap import Capture, Connection, mail
from program import one_mail, path, records, run, write, write_capture


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


class Runs(unittest.TestCase):
    """What a run is about, and how it may be cut short or shared."""

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
            found, _ = records("sessions", name, *options)
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
        process = subprocess.Popen([program.SMTPSCOPE, "--format", "json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=program.settings(), cwd=program.SCRATCH)
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
        names = [os.path.join(program.ARGUMENTS.captures, name) for name in os.listdir(program.ARGUMENTS.captures) if ".pcap" in name]
        names = sorted(os.path.abspath(name) for name in names)
        for command in ("transcript", "sessions", "messages"):
            for form in ("text", "json"):
                one, other = (run(command, "--format", form, "--hash-input", *names) for _ in range(2))
                self.assertEqual(one.returncode, 0)
                self.assertGreater(len(one.stdout), 2000)
                self.assertEqual(one.stdout, other.stdout)


if __name__ == "__main__":
    sys.exit(program.main())
