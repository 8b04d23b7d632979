#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What dialogues come to in all their turns: other protocols, proxies, who speaks out of turn, handshakes that fail."""
import html
import re
import sys
import unittest

import dialogues
import program
from pcap import Capture, Connection, mail
from program import path, records, run, write_capture


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

    def test_auth_without_mechanism(self):
        """AUTH and nothing more, refused, is no login, and says nothing of the login before."""
        steps = dialogues.Session(dialogues.ehlo("AUTH PLAIN"), dialogues.login("alice", "secret", "235 ok\r\n"), ("C", "AUTH\r\n"),
                                  ("S", "503 5.5.1 you did\r\n"), dialogues.BYE)
        write_capture("bare.pcap", dialogues.capture(steps))
        (session, _), _ = records("sessions", "bare.pcap")
        self.assertEqual([(a["mechanism"], a["result"], a["code"]) for a in session["auth"]], [("PLAIN", "accepted", 235)])


def boundaries(capture):
    found, _ = records("transcript", capture)
    return [record["event"] for record in found if record["record"] == "boundary"]


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


if __name__ == "__main__":
    sys.exit(program.main())
