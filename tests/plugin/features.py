#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin offers around the dissection: ports and recognition, preferences, statistics, TLS, oddities of TCP.

usage: features.py --plugins FOLDER --captures FOLDER --profile FOLDER [UNITTEST-ARGUMENT...]
"""
import argparse
import os
import re
import sys
import unittest

from wireshark import Wireshark, reachable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "program"))
import dialogues
import pcap
import rearranged

ARGUMENTS = None
WIRESHARK = None


def capture(name):
    return os.path.join(reachable(ARGUMENTS.captures), name)


def fields(path, names, *options, filter="esmtp"):
    """Lines of values, one a packet."""
    done = WIRESHARK.run("tshark", "-2", "-n", "-r", path, "-Y", filter, "-T", "fields",
                         *[word for name in names for word in ("-e", name)], *options)
    return [tuple(line.split("\t")) for line in done.stdout.decode("utf-8", "replace").splitlines()]


def info(path, *options, passes="-2", filter="esmtp"):
    done = WIRESHARK.run("tshark", *([passes] if passes else []), "-n", "-r", path, "-Y", filter, "-T", "fields", "-e", "_ws.col.Info", *options)
    return done.stdout.decode("utf-8", "replace").splitlines()


class Paths(unittest.TestCase):
    def test_the_address_is_what_servers_take(self):
        """A display name, doubled brackets: the address is in a field, and the whole text in Info."""
        for argument in ("Foo Bar <foo@example.com>", "<Foo <foo@example.com>>", "<<foo@example.com>>", "<foo@example.com> (Foo)"):
            made = pcap.Capture()
            connection = pcap.Connection(made).open().say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250 mx\r\n")
            for verb in ("MAIL FROM", "RCPT TO"):
                connection.say("C", "%s:%s\r\n" % (verb, argument)).say("S", "250 ok\r\n")
            connection.close()
            path = os.path.join(WIRESHARK.folder(), "paths.pcap")
            made.save(path)
            for way in ("reverse", "forward"):
                field = "esmtp.%s_path.address" % way
                self.assertEqual(fields(path, [field], filter=field), [("foo@example.com",)], argument)
            self.assertIn(argument, " ".join(info(path)))


class Edges(unittest.TestCase):
    """What stands in front of a dialogue, and in front of TLS."""

    def made(self, *steps):
        path = os.path.join(WIRESHARK.folder(), "edges.pcap")
        dialogues.capture(dialogues.Session(*steps)).save(path)
        return path

    def test_headers_of_balancers(self):
        header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes((192, 0, 2, 10, 192, 0, 2, 25, 0x9c, 0x40, 0, 25))
        for octets in (header, b"PROXY TCP4 192.0.2.10 192.0.2.25 40000 25\r\n"):
            path = self.made(("C", octets), dialogues.ehlo(), dialogues.BYE)
            self.assertEqual(fields(path, ["frame.number", "esmtp.proxy.source", "esmtp.proxy.target"], filter="esmtp.proxy.source"),
                             [("4", "192.0.2.10:40000", "192.0.2.25:25")])

    def test_pieces_in_front_of_tls(self):
        start = [*dialogues.TLS, ("C", "STARTTLS\r\nMAIL FROM:<e@example.com>"), ("S", "220 go\r\n250-AUTH PLAIN")]
        path = self.made(*start, ("C", dialogues.TLS_HELLO), ("S", dialogues.TLS_SERVER_HELLO))
        self.assertEqual(fields(path, ["frame.number"], filter="esmtp.finding == \"starttls-command-injection\""), [("7",)])
        self.assertEqual(fields(path, ["frame.number"], filter="esmtp.finding == \"starttls-reply-injection\""), [("8",)])
        self.assertEqual(fields(path, ["frame.number"], filter="esmtp.command.verb == \"MAIL\""), [])
        self.assertIn(("MAIL FROM:<e@example.com>",), fields(path, ["esmtp.skipped.text"], filter="esmtp.skipped"))

    def test_who_does_not_wait(self):
        for first in (b"GET / HTTP/1.0\r\n", b"g\x02Y\x1f\x99\r\n"):
            path = self.made(("C", first), dialogues.BANNER, ("S", "500 what\r\n"))
            self.assertEqual(fields(path, ["frame.number"], filter="esmtp.finding == \"early-talker\""), [("4",)])


class Ports(unittest.TestCase):
    def test_decode_as_gives_a_port_back(self):
        path = capture("plain-delivery.pcap")
        self.assertTrue(fields(path, ["frame.number"]))
        self.assertEqual(fields(path, ["frame.number"], "-d", "tcp.port==25,smtp"), [])
        self.assertTrue(fields(path, ["smtp.req.command"], "-d", "tcp.port==25,smtp", filter="smtp.req.command"))

    def test_ports_are_a_preference(self):
        moved = moved_port(capture("plain-delivery.pcap"), 25, 4025)
        self.assertEqual(info(moved, "--disable-heuristic", "esmtp_tcp"), [])
        self.assertTrue(info(moved, "--disable-heuristic", "esmtp_tcp", "-o", "esmtp.tcp.port:25,4025"))

    def test_recognised_by_content_on_another_port(self):
        path = capture("plain-delivery.pcap")
        moved = moved_port(path, 25, 4025)
        want = [line for line in info(path)]
        self.assertEqual(info(moved), want)
        self.assertEqual(info(moved, "--disable-heuristic", "esmtp_tcp"), [])

    def test_lmtp(self):
        self.assertIn(("LHLO",), fields(capture("lmtp.pcap"), ["esmtp.command.verb"], filter="esmtp.command.verb == \"LHLO\""))


def moved_port(path, old, new):
    """The capture with one TCP port changed (checksums are not looked at). Ethernet and IPv4 only."""
    with open(path, "rb") as file:
        octets = bytearray(file.read())
    at = 24
    while at < len(octets):
        length = int.from_bytes(octets[at + 8:at + 12], "little")
        ip = at + 16 + 14
        tcp = ip + (octets[ip] & 15) * 4
        for place in (tcp, tcp + 2):
            if int.from_bytes(octets[place:place + 2], "big") == old:
                octets[place:place + 2] = new.to_bytes(2, "big")
        at += 16 + length
    moved = os.path.join(WIRESHARK.folder(), "moved.pcap")
    with open(moved, "wb") as file:
        file.write(octets)
    return moved


class Secrets(unittest.TestCase):
    WORDS = ("correct-horse", "Y29ycmVjdC1ob3JzZQ")

    def shown(self, *options):
        done = WIRESHARK.run("tshark", "-2", "-r", capture("auth-mechanisms.pcap"), "-V", "-O", "esmtp", *options)
        return done.stdout.decode("utf-8", "replace") + "\n".join(info(capture("auth-mechanisms.pcap"), *options))

    def test_hidden_unless_asked_for(self):
        text = self.shown()
        for word in self.WORDS:
            self.assertNotIn(word, text)
        self.assertIn("[secret-1]", text)

    def test_shown_when_asked_for(self):
        self.assertIn("Secret: correct-horse", self.shown("-o", "esmtp.show_secrets:TRUE"))


class Encryption(unittest.TestCase):
    def test_starttls_goes_on_decrypted_in_the_same_session(self):
        path = capture("smtplib-starttls-login.pcap")
        keys = ["-o", "tls.keylog_file:" + capture("smtplib-starttls-login.keys")]
        self.assertEqual({row[0] for row in fields(path, ["esmtp.session"], *keys)}, {"1"})
        self.assertEqual(fields(path, ["esmtp.auth.identity"], *keys, filter="esmtp.auth.result == \"accepted\" && esmtp.encrypted == 1"),
                         [("alice@mail.example.com",)])
        self.assertEqual(fields(path, ["frame.number"], *keys, filter="esmtp.finding == \"cleartext-credentials\""), [])
        self.assertEqual(len(fields(path, ["imf.subject"], *keys, filter="imf")), 1)

    def test_without_keys_the_boundary_is_there(self):
        steps = [step for row in fields(capture("smtplib-starttls-login.pcap"), ["esmtp.boundary.event"]) for step in row[0].split(",") if step]
        self.assertEqual(steps, ["offered", "requested", "accepted", "handshake"])

    def test_implicit_tls(self):
        path = capture("implicit-tls.pcap")
        self.assertEqual(fields(path, ["esmtp.boundary", "esmtp.boundary.event", "esmtp.tls.server_name"]),
                         [("implicit-tls", "handshake", "mail.example.com")])
        rows = fields(path, ["esmtp.command.verb"], "-o", "tls.keylog_file:" + capture("implicit-tls.keys"), filter="esmtp.command")
        self.assertEqual(rows, [("EHLO",), ("NOOP",), ("QUIT",)])

    def test_the_first_record_in_pieces_that_do_not_tell_yet(self):
        """Of a record's first octets nobody can say that they are TLS: Wireshark's TLS gets them all the same."""
        names = ["esmtp.command.verb", "esmtp.reply.code", "esmtp.boundary.event"]
        options = {"filter": " || ".join(names)}
        for name in ("implicit-tls", "smtplib-starttls-login"):
            keys = ["-o", "tls.keylog_file:" + capture(name + ".keys")]
            expected = fields(capture(name + ".pcap"), names, *keys, **options)
            packets = rearranged.read(capture(name + ".pcap"))
            at = next(at for at, packet in enumerate(packets) if packet.tcp and packet.payload[:2] == b"\x16\x03")
            hello = packets[at]
            for cuts in ((1,), (4,), (5,), (1, 2, 3, 4, 5, 6), (3, 70)):
                edges = (0, *cuts, len(hello.payload))
                path = os.path.join(WIRESHARK.folder(), "pieces.pcap")
                rearranged.write(path, packets[:at] + [hello.cut(*piece) for piece in zip(edges, edges[1:])] + packets[at + 1:])
                self.assertEqual(fields(path, names, *keys, **options), expected, (name, cuts))


class Links(unittest.TestCase):
    def test_commands_and_replies_name_each_other(self):
        path = capture("pipelining.pcapng")
        commands = [(row[0], row[1].split(",")) for row in fields(path, ["frame.number", "esmtp.response_in"], filter="esmtp.command")]
        replies = {row[0]: row[1].split(",") for row in fields(path, ["frame.number", "esmtp.request_in"], filter="esmtp.reply")}
        for frame, answered in commands:
            for reply in filter(None, answered):
                self.assertIn(frame, replies[reply])

    def test_one_pass_knows_the_request(self):
        done = WIRESHARK.run("tshark", "-r", capture("plain-delivery.pcap"), "-Y", "esmtp.request_in", "-T", "fields", "-e", "frame.number")
        self.assertGreater(len(done.stdout.split()), 3)

    def test_a_time_for_each_reply(self):
        for row in fields(capture("plain-delivery.pcap"), ["esmtp.response_time"], filter="esmtp.request_in"):
            self.assertGreaterEqual(float(row[0]), 0)


class Statistics(unittest.TestCase):
    def test_tree(self):
        for passes in ([], ["-2"]):
            text = WIRESHARK.run("tshark", *passes, "-q", "-r", capture("by-hand.pcap"), "-z", "esmtp,tree").stdout.decode()
            self.assertRegex(text, r"Commands +17 ")
            self.assertRegex(text, r"Replies +19 ")
            self.assertRegex(text, r"STARTTLS +2 ")
            self.assertRegex(text, r"PLAIN +1 ")
            self.assertRegex(text, r"starttls accepted +1 ")

    def test_response_times(self):
        text = WIRESHARK.run("tshark", "-q", "-r", capture("by-hand.pcap"), "-z", "esmtp,srt").stdout.decode()
        self.assertRegex(text, r"MAIL +2 ")


class Content(unittest.TestCase):
    def test_exported_in_one_pass(self):
        folder = WIRESHARK.folder()
        WIRESHARK.run("tshark", "-q", "-r", capture("two-mails.pcap"), "--export-objects", "imf," + folder)
        self.assertEqual(len(os.listdir(folder)), 2)

    def test_own_dissector_as_well(self):
        path = capture("plain-delivery.pcap")
        self.assertEqual(fields(path, ["smtp.req.command"], filter="smtp.req.command"), [])
        self.assertTrue(fields(path, ["smtp.req.command"], "-o", "esmtp.run_smtp:TRUE", filter="smtp.req.command && esmtp.command"))


class Profile(unittest.TestCase):
    def filters(self):
        for name, pattern in (("colorfilters", r"^@[^@]*@([^@]*)@"), ("dfilters", r'^"[^"]*" (.*)$'), ("dfilter_buttons", r'^"TRUE","[^"]*","([^"]*)"')):
            with open(os.path.join(ARGUMENTS.profile, name), encoding="utf-8") as file:
                found = re.findall(pattern, file.read(), re.MULTILINE)
            self.assertTrue(found, name)
            yield from found

    def test_every_filter_is_one(self):
        for text in self.filters():
            done = WIRESHARK.run("tshark", "-r", capture("smtplib-probe.pcap"), "-Y", text, check=False)
            self.assertEqual(done.returncode, 0, "%s: %s" % (text, done.stderr.decode()))

    def test_every_field_is_documented(self):
        done = WIRESHARK.run("tshark", "-G", "fields")
        names = {line.split("\t")[2] for line in done.stdout.decode().splitlines() if line.startswith("F\t") and "\tesmtp." in line}
        names = {name for name in names if not name.startswith("esmtp.finding.") or name == "esmtp.finding.severity"}
        with open(os.path.join(ARGUMENTS.profile, "..", "wireshark.md"), encoding="utf-8") as file:
            text = file.read()
        names -= {"esmtp.message.incomplete"}
        self.assertEqual({name for name in names if "| `%s` |" % name not in text}, set())


class Languages(unittest.TestCase):
    """The words are the program's, and so are their translations: in the locale's language, $LANGUAGE in front of it."""

    WORDS = (("the server's greeting", "サーバーのグリーティング"), ("STARTTLS ACCEPTED: the clear text ends here", "STARTTLS 受け入れ: 平文はここで終わる"),
             ("answers EHLO of frame", "への応答"), ("TLS handshake begins", "TLS ハンドシェイク開始"))

    def shown(self, **settings):
        program = Wireshark(ARGUMENTS.plugins, settings)
        path = os.path.join(reachable(ARGUMENTS.captures), "smtplib-starttls-login.pcap")
        return "".join(program.run("tshark", "-2", "-r", path, *how).stdout.decode() for how in ((), ("-V", "-O", "esmtp")))

    def test_english_unless_asked_for(self):
        for settings in ({}, {"LC_ALL": "C", "LANGUAGE": "ja"}, {"LANGUAGE": "en:ja"}, {"LANGUAGE": "xx"}):
            text = self.shown(**settings)
            for english, japanese in self.WORDS:
                self.assertIn(english, text, settings)
                self.assertNotIn(japanese, text, settings)

    def test_japanese(self):
        """The name of the locale is what counts: it need not be installed."""
        for settings in ({"LANGUAGE": "ja"}, {"LC_ALL": "ja_JP.UTF-8"}, {"LC_ALL": "", "LC_MESSAGES": "ja_JP.UTF-8", "LC_CTYPE": "C.UTF-8"}):
            text = self.shown(**settings)
            for english, japanese in self.WORDS:
                self.assertIn(japanese, text, settings)
                self.assertNotIn(english, text, settings)

    def test_values_to_filter_by_are_the_same(self):
        names = ["esmtp.boundary.event", "esmtp.command.verb", "esmtp.reply.code", "esmtp.finding", "esmtp.finding.severity"]
        path = capture("smtplib-starttls-login.pcap")
        rows = []
        for language in ("en", "ja"):
            program = Wireshark(ARGUMENTS.plugins, {"LANGUAGE": language})
            rows.append(program.run("tshark", "-2", "-r", path, "-T", "fields", *[word for name in names for word in ("-e", name)]).stdout)
        self.assertEqual(*rows)


class Holes(unittest.TestCase):
    def test_the_first_octets_of_the_banner_are_lost(self):
        banner = "220 mx.example.com ESMTP\r\n"
        for lost in (1, 3, 4, 10):
            capture = pcap.Capture()
            connection = pcap.Connection(capture).open().say("S", banner[:lost], record=False).say("S", banner[lost:])
            connection.say("C", "EHLO c.example.com\r\n").say("S", "250 mx.example.com\r\n").say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
            path = os.path.join(WIRESHARK.folder(), "lost.pcap")
            capture.save(path)
            verbs = fields(path, ["esmtp.command.verb"], filter="esmtp.command.verb")
            self.assertEqual(verbs, [("EHLO",), ("QUIT",)], lost)

    def shown(self, capture, name):
        path = os.path.join(WIRESHARK.folder(), name)
        capture.save(path)
        shown = [WIRESHARK.run("tshark", "-2", "-r", path, *how).stdout.decode() for how in ((), ("-V", "-O", "esmtp"))]
        self.assertNotIn("not in the capture", "".join(shown).lower())
        return shown

    def test_what_tcp_holds_back_is_called_that(self):
        """Stored behind the acknowledgement, a segment is taken for a retransmission: nothing says that it was not captured."""
        capture = pcap.Capture()
        connection = pcap.Connection(capture).open().say("S", "220 mx.example.com ESMTP\r\n")
        late = connection.segment("C", b"EHLO c.example.com\r\n", record=False)
        connection.say("C", "NOOP\r\n").say("S", "250 mx.example.com\r\n250 ok\r\n")
        capture.now += 5_000_000
        capture.add(late)
        connection.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        brief, whole = self.shown(capture, "late.pcap")
        for shown in (brief, whole):
            self.assertIn("20 octets of the client were not handed over by Wireshark's TCP", shown)

    def test_a_direction_behind_the_other(self):
        capture = pcap.Capture()
        pcap.mail(pcap.Connection(capture))
        behind = pcap.Capture()
        for _, frame in sorted(capture.frames, key=lambda item: item[1][29]): # by the last octet of the source
            behind.add(frame)
        brief, _ = self.shown(behind, "behind.pcap")
        self.assertIn("-> MAIL FROM:<a@example.com>", brief)


def main():
    global ARGUMENTS, WIRESHARK
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--captures", required=True)
    parser.add_argument("--profile", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    WIRESHARK = Wireshark(ARGUMENTS.plugins)
    WIRESHARK.require_plugin()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
