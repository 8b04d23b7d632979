#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that make a reader remember much: one generator each, the same octets every time.

usage: hostile.py FILE NAME [SIZE]

SIZE is the number of what there is much of; without it as many as make it hurt."""
import base64
import random
import struct
import sys

SEGMENT = 1400


def address(number):
    return bytes((198, 18 + (number >> 16 & 1), number >> 8 & 255, number & 255))


class Writer:
    """A pcap file, written as it goes. Time goes on by a microsecond a frame, or as told."""

    def __init__(self, path):
        self.file = open(path, "wb", buffering=1 << 20)
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        self.now = 1_000_000_000_000_000

    def packet(self, octets):
        self.now += 1
        self.file.write(struct.pack("<IIII", self.now // 1_000_000, self.now % 1_000_000, len(octets), len(octets)) + octets)

    def close(self):
        self.file.close()


def ipv4(source, destination, payload, protocol=6, identification=0, fragment=0):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0, source, destination) + payload


class Flow:
    """One TCP connection."""

    def __init__(self, writer, number=0, server=b"\xc0\0\2\2", port=25, client=None, wrap=None):
        self.writer, self.wrap = writer, wrap
        self.hosts = (client or address(number // 50_000), server)
        self.ports = (10_000 + number % 50_000, port)
        self.sequence = [1000, 5000]

    def segment(self, side, octets=b"", flags=0x18, send=True):
        tcp = struct.pack(">HHIIBBHHH", self.ports[side], self.ports[1 - side], self.sequence[side] & 0xFFFFFFFF,
                          self.sequence[1 - side] & 0xFFFFFFFF, 0x50, flags, 65535, 0, 0) + octets
        self.sequence[side] += len(octets) + (1 if flags & 3 else 0)
        packet = ipv4(self.hosts[side], self.hosts[1 - side], tcp)
        if send:
            self.writer.packet(self.wrap(packet) if self.wrap else packet)
        return packet

    def open(self):
        self.segment(0, flags=2)
        self.segment(1, flags=18)
        self.segment(0, flags=16)
        return self

    def say(self, side, octets):
        octets = octets if isinstance(octets, bytes) else octets.encode()
        for at in range(0, len(octets), SEGMENT):
            self.segment(side, octets[at:at + SEGMENT])
        return self

    def client(self, octets):
        return self.say(0, octets)

    def server(self, octets):
        return self.say(1, octets)

    def greet(self, keywords="PIPELINING"):
        lines = ["mx.example.com", *keywords.split("|")]
        self.open().server("220 mx.example.com ESMTP\r\n").client("EHLO client.example.com\r\n")
        return self.server("".join("250%s%s\r\n" % (" " if number == len(lines) - 1 else "-", line) for number, line in enumerate(lines)))

    def mail(self, text, envelope="MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"):
        self.client(envelope).server("250 2.1.0 ok\r\n" * (envelope.count("\r\n") - 1) + "354 go\r\n")
        return self.client(text + ".\r\n").server("250 2.0.0 queued\r\n")

    def quit(self):
        self.client("QUIT\r\n").server("221 2.0.0 bye\r\n")
        for side, flags in ((0, 17), (1, 17), (0, 16)):
            self.segment(side, flags=flags)
        return self


GENERATORS = {}


def generator(size):
    def register(function):
        GENERATORS[function.__name__.replace("_", "-")] = (function, size)
        return function
    return register


def batches(count, size):
    for first in range(0, count, size):
        yield range(first, min(first + size, count))


# ---- one session ----

@generator(1_500_000)
def lines_of_reply(writer, count):
    """One reply of very many lines."""
    flow = Flow(writer).greet().client("HELP\r\n")
    for numbers in batches(count, 2000):
        flow.server("".join("214-2.0.0 line %d\r\n" % number for number in numbers))
    flow.server("214 2.0.0 end\r\n").quit()


@generator(4_000_000)
def short_lines_of_reply(writer, count):
    """The same with as little as a line can have."""
    flow = Flow(writer).greet().client("HELP\r\n")
    for numbers in batches(count, 10_000):
        flow.server("214-\r\n" * len(numbers))
    flow.server("214 \r\n").quit()


@generator(300_000)
def replies_of_lines(writer, count):
    """Many replies of some lines each."""
    flow = Flow(writer).greet()
    for numbers in batches(count, 100):
        flow.client("HELP\r\n" * len(numbers)).server("214-2.0.0 this\r\n214-2.0.0 and that\r\n214 2.0.0 end\r\n" * len(numbers))
    flow.quit()


@generator(200_000)
def unasked_replies(writer, count):
    """Replies that no command asked for."""
    flow = Flow(writer).greet()
    for numbers in batches(count, 100):
        flow.server("".join("250 2.0.0 unasked %d\r\n" % number for number in numbers))
    flow.quit()


@generator(1_000_000)
def recipients(writer, count, lmtp=False):
    """One mail to very many."""
    flow = Flow(writer).greet()
    flow.client("MAIL FROM:<a@example.com>\r\n").server("250 ok\r\n")
    for numbers in batches(count, 50):
        flow.client("".join("RCPT TO:<u%d@example.com>\r\n" % number for number in numbers)).server("250 2.1.5 ok\r\n" * len(numbers))
    flow.client("DATA\r\n").server("354 go\r\n").client("Subject: x\r\n\r\nx\r\n.\r\n").server("250 ok\r\n").quit()


@generator(1_000_000)
def refused_recipients(writer, count):
    """One mail to very many, each of whom is refused with words of its own."""
    flow = Flow(writer).greet()
    flow.client("MAIL FROM:<a@example.com>\r\n").server("250 ok\r\n")
    for numbers in batches(count, 50):
        flow.client("".join("RCPT TO:<u%d@example.com>\r\n" % number for number in numbers))
        flow.server("".join("550 5.1.1 no u%d here\r\n" % number for number in numbers))
    flow.quit()


@generator(40_000)
def lmtp_recipients(writer, count):
    """LMTP: a reply behind the message for each recipient."""
    flow = Flow(writer, port=24).open().server("220 mx.example.com LMTP\r\n").client("LHLO client.example.com\r\n")
    flow.server("250-mx.example.com\r\n250 PIPELINING\r\n").client("MAIL FROM:<a@example.com>\r\n").server("250 ok\r\n")
    for numbers in batches(count, 50):
        flow.client("".join("RCPT TO:<u%d@example.com>\r\n" % number for number in numbers)).server("250 2.1.5 ok\r\n" * len(numbers))
    flow.client("DATA\r\n").server("354 go\r\n").client("Subject: x\r\n\r\nx\r\n.\r\n")
    for numbers in batches(count, 100):
        flow.server("".join("250 2.1.5 u%d delivered\r\n" % number for number in numbers))
    flow.quit()


@generator(200_000)
def logins(writer, count):
    """AUTH exchanges in one session."""
    flow = Flow(writer).greet("PIPELINING|AUTH LOGIN PLAIN")
    for number in range(count):
        flow.client("AUTH PLAIN %s\r\n" % base64.b64encode(b"\0u%d\0p%d" % (number % 97, number)).decode()).server("535 5.7.8 no\r\n")
    flow.quit()


@generator(100_000)
def steps_of_logins(writer, count):
    """AUTH LOGIN with all its steps."""
    flow = Flow(writer).greet("PIPELINING|AUTH LOGIN PLAIN")
    for number in range(count):
        flow.client("AUTH LOGIN\r\n").server("334 VXNlcm5hbWU6\r\n").client(base64.b64encode(b"u%d" % number) + b"\r\n")
        flow.server("334 UGFzc3dvcmQ6\r\n").client(base64.b64encode(b"p%d" % number) + b"\r\n").server("535 5.7.8 no\r\n")
    flow.quit()


@generator(300_000)
def keywords(writer, count):
    """Very many different EHLO keywords, in many replies."""
    flow = Flow(writer).open().server("220 mx.example.com ESMTP\r\n")
    for numbers in batches(count, 1000):
        flow.client("EHLO client.example.com\r\n").server("250-mx.example.com\r\n")
        flow.server("".join("250-X%d\r\n" % number for number in numbers) + "250 SIZE\r\n")
    flow.quit()


@generator(1_000_000)
def keywords_of_one(writer, count):
    """The same in one reply."""
    flow = Flow(writer).open().server("220 mx.example.com ESMTP\r\n").client("EHLO client.example.com\r\n").server("250-mx.example.com\r\n")
    for numbers in batches(count, 1000):
        flow.server("".join("250-X%d\r\n" % number for number in numbers))
    flow.server("250 SIZE\r\n").quit()


@generator(100_000)
def chunks(writer, count):
    """One mail in very many BDAT chunks."""
    flow = Flow(writer).greet("PIPELINING|CHUNKING").client("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n").server("250 ok\r\n" * 2)
    flow.client("BDAT 14\r\nSubject: x\r\n\r\n").server("250 ok\r\n")
    for numbers in batches(count, 50):
        flow.client("BDAT 3\r\nab\n" * len(numbers)).server("250 ok\r\n" * len(numbers))
    flow.client("BDAT 0 LAST\r\n").server("250 ok\r\n").quit()


@generator(300_000)
def gaps(writer, count):
    """Holes in the content, and between commands."""
    flow = Flow(writer).greet().client("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n").server("250 ok\r\n250 ok\r\n354 go\r\n")
    for number in range(count):
        flow.sequence[0] += 10
        flow.segment(0, b"text and text %d\r\n" % number)
        flow.segment(1, flags=16)
        writer.now += 1000
    flow.client("\r\n.\r\n").server("250 ok\r\n").quit()


@generator(300_000)
def gaps_of_server(writer, count):
    flow = Flow(writer).greet()
    for number in range(count):
        flow.segment(0, b"NOOP %d\r\n" % number)
        flow.sequence[1] += 10
        flow.segment(1, b"250 ok\r\n")
        flow.segment(0, flags=16)
        writer.now += 1000
    flow.quit()


@generator(300_000)
def findings(writer, count):
    """Something remarkable in nearly every line."""
    flow = Flow(writer).greet()
    for numbers in batches(count, 50):
        flow.client("".join("XYZ%d \0\n" % number for number in numbers)).server("500 5.5.1 what\n" * len(numbers))
    flow.client("MAIL FROM:<a@example.com> SIZE=1\r\n").server("250 ok\r\n").client("DATA\r\n").server("354 go\r\n")
    for numbers in batches(count, 50):
        flow.client("".join("line\r more\0\n%s\r\n" % ("x" * 1200 if number % 50 == 0 else "") for number in numbers))
    flow.client("\r\n.\r\n").server("250 ok\r\n").quit()


@generator(20_000)
def mails(writer, count):
    """Mails in one session."""
    flow = Flow(writer).greet()
    for number in range(count):
        flow.mail("From: s%d@example.net\r\nSubject: %s %d\r\n\r\nhello\r\n" % (number, "long " * 40, number))
    flow.quit()


@generator(3000)
def headers(writer, count, sessions=False):
    """Mails with headers of 60 KB."""
    flow = Flow(writer).greet()
    for number in range(count):
        fields = "".join("%s: <m%d.%d@example.com> %s\r\n" % (name, number, at, "x" * 800) for at in range(9)
                         for name in ("Received", "References", "To", "Cc", "X-Mailer", "Subject", "From", "Bcc"))
        flow.mail(fields[:60_000].rsplit("\r\n", 1)[0] + "\r\n\r\nhello\r\n")
    flow.quit()


@generator(3000)
def long_subjects(writer, count):
    """Headers of one field of 60 KB."""
    flow = Flow(writer).greet()
    for number in range(count):
        flow.mail("From: a@example.com\r\nSubject: %s\r\n\r\nhello\r\n" % ("\r\n ".join(["%d word " % number * 10] * 700))[:60_000])
    flow.quit()


@generator(50_000)
def attachments(writer, count, each=9000):
    """Mails of very many attachments."""
    flow = Flow(writer).greet()
    for numbers in batches(count, each):
        parts = "".join("--b\r\nContent-Type: text/plain; name=\"n%d.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n"
                        % (number, base64.b64encode(b"content %d" % number).decode()) for number in numbers)
        flow.mail("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + "--b--\r\n")
    flow.quit()


@generator(20_000)
def depth(writer, count):
    """Parts in parts."""
    flow = Flow(writer).greet()
    flow.mail("Subject: x\r\n" + "".join("Content-Type: multipart/mixed; boundary=\"b%d\"\r\n\r\n--b%d\r\n" % (at, at) for at in range(count))
              + "\r\nhello\r\n" + "".join("--b%d--\r\n" % at for at in reversed(range(count))))
    flow.mail("Subject: x\r\n" + "Content-Type: message/rfc822\r\n\r\n" * count + "\r\nhello\r\n").quit()


@generator(30)
def long_lines(writer, count):
    """Commands, replies and lines of content of a megabyte."""
    flow = Flow(writer).greet()
    for _ in range(count):
        flow.client("NOOP " + "x" * 1_000_000 + "\r\n").server("500 " + "y" * 1_000_000 + "\r\n")
    flow.mail("Subject: " + "s" * 1_000_000 + "\r\n\r\n" + "z" * 3_000_000 + "\r\n").quit()


@generator(300_000)
def pipelined(writer, count):
    """Commands without replies."""
    flow = Flow(writer).greet()
    for numbers in batches(count, 100):
        flow.client("".join("VRFY user%d\r\n" % number for number in numbers))
    flow.quit()


@generator(300_000)
def commands(writer, count):
    flow = Flow(writer).greet()
    for numbers in batches(count, 100):
        flow.client("".join("VRFY user%d\r\n" % number for number in numbers)).server("252 2.0.0 perhaps\r\n" * len(numbers))
    flow.quit()


# ---- many sessions ----

@generator(22_500)
def idle(writer, count):
    """Greeters that go on no further blind a reader to the mail behind them."""
    for number in range(count):
        Flow(writer, number).open().server("220 mx.example.com ESMTP\r\n").client("EHLO client.example.com\r\n")
    writer.now += 1_000_000
    for number in range(20):
        Flow(writer, number, client=b"\xcb\0\x71\1").greet().mail("Subject: behind %d\r\n\r\nhello\r\n" % number).quit()


@generator(22_500)
def banners(writer, count):
    """The same, of whom not even a client spoke."""
    for number in range(count):
        Flow(writer, number).open().server("220 mx.example.com ESMTP\r\n")
    for number in range(20):
        Flow(writer, number, client=b"\xcb\0\x71\1").greet().mail("Subject: behind %d\r\n\r\nhello\r\n" % number).quit()


@generator(22_500)
def noops(writer, count):
    """They say NOOP now and then, which costs nothing."""
    flows = []
    for number in range(count):
        flows.append(Flow(writer, number).open().server("220 mx.example.com ESMTP\r\n").client("EHLO client.example.com\r\n").server("250 mx\r\n"))
        for flow in flows[max(0, number - 500)::100]:
            flow.client("NOOP\r\n").server("250 ok\r\n")
    for number in range(20):
        Flow(writer, number, client=b"\xcb\0\x71\1").greet().mail("Subject: behind %d\r\n\r\nhello\r\n" % number).quit()


@generator(20_000)
def open_mails(writer, count, size=0):
    """Mails that all go on at once."""
    flows = [Flow(writer, number).greet() for number in range(count)]
    for number, flow in enumerate(flows):
        flow.client("MAIL FROM:<a%d@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" % number).server("250 ok\r\n250 ok\r\n354 go\r\n")
    for number, flow in enumerate(flows):
        flow.client("Subject: %d %s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=\"f\"\r\n\r\n" % (number, "word " * 150))
    for part in range(4):
        for flow in flows:
            flow.client("some text %d\r\n" % part * 60)
    for flow in flows:
        flow.client("--b--\r\n.\r\n").server("250 ok\r\n").quit()


@generator(4_000)
def open_headers(writer, count):
    """Headers of 60 KB that all go on at once."""
    flows = [Flow(writer, number).greet() for number in range(count)]
    for number, flow in enumerate(flows):
        flow.client("MAIL FROM:<a%d@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" % number).server("250 ok\r\n250 ok\r\n354 go\r\n")
    for part in range(30):
        for flow in flows:
            flow.client("X-Field: %s\r\n" % ("word " * 380))
    for flow in flows:
        flow.client("\r\nhello\r\n.\r\n").server("250 ok\r\n").quit()


@generator(3_000)
def open_parts(writer, count):
    """Mails of parts in parts that are all open at once, each in the header of one."""
    flows = [Flow(writer, number).greet() for number in range(count)]
    for number, flow in enumerate(flows):
        flow.client("MAIL FROM:<a%d@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" % number).server("250 ok\r\n250 ok\r\n354 go\r\n")
        flow.client("Subject: %d\r\n" % number)
    for part in range(45):
        boundary = "%d%s" % (part, "b" * 450)
        for flow in flows:
            flow.client("Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n" % (boundary, boundary))
    for field in ("Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "Content-Type"):
        for flow in flows:
            flow.client("%s: %s\r\n" % (field, "word " * 1600))
    for flow in flows:
        flow.client("\r\nhello\r\n.\r\n").server("250 ok\r\n").quit()


@generator(1_000)
def open_attachments(writer, count):
    """Mails of very many attachments each that are all open at once."""
    flows = [Flow(writer, number).greet() for number in range(count)]
    for number, flow in enumerate(flows):
        flow.client("MAIL FROM:<a%d@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" % number).server("250 ok\r\n250 ok\r\n354 go\r\n")
        flow.client("Subject: %d\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" % number)
    for part in range(50):
        for flow in flows:
            flow.client("--b\r\nContent-Type: a/b\r\n\r\nhello\r\n" * 40)
    for flow in flows:
        flow.client("--b--\r\n.\r\n").server("250 ok\r\n").quit()


@generator(10)
def encoded_messages(writer, count):
    """Messages in messages, each an attachment in an encoding of its own, around much text."""
    flow = Flow(writer).greet()
    for number in range(count):
        lines = "Subject: %d\r\n" % number
        for _ in range(49):
            lines += "Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=x.eml\r\n"
            lines += "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        flow.mail(lines + "Subject: inside\r\n\r\n" + ("hello world " * 6 + "\r\n") * 13_000)
    flow.quit()


@generator(40_000)
def clients(writer, count):
    """Logins that are denied, each of another client, for another user, at another server."""
    for number in range(count):
        flow = Flow(writer, client=address(number), server=b"\xc6\x12" + struct.pack(">H", number & 0xFFFF))
        flow.greet("AUTH PLAIN LOGIN" if number % 2 else "AUTH PLAIN|STARTTLS|X%d" % number)
        for at in range(2):
            user = b"\0user%d.%d%s\0p%d" % (number, at, b"x" * 200, number)
            flow.client("AUTH PLAIN %s\r\n" % base64.b64encode(user).decode()).server("535 5.7.8 no\r\n")
        flow.client("RCPT TO:<x%d@example.com>\r\n" % number).server("550 5.1.1 unknown\r\n").quit()


@generator(20_000)
def servers(writer, count):
    """Servers, each with a banner and keywords of its own, and more than one of each."""
    for number in range(2 * count):
        flow = Flow(writer, number, server=b"\xc6\x12" + struct.pack(">H", number // 2 & 0xFFFF)).open()
        flow.server("220 mx%d.example.com ESMTP %s\r\n" % (number, "words " * 60)).client("EHLO c%d.example.com\r\n" % number)
        flow.server("".join("250-XKEY%d-%d %s\r\n" % (number, at, "parameter " * 8) for at in range(12)) + "250 SIZE\r\n").quit()


@generator(200_000)
def mail_each(writer, count):
    """A mail a session."""
    for number in range(count):
        Flow(writer, number).greet().mail("Subject: %d\r\n\r\nhello\r\n" % number).quit()


@generator(300_000)
def behind_one(writer, count):
    """Sessions that end while the first one goes on: in the order of their beginnings all wait for it."""
    first = Flow(writer, client=b"\xcb\0\x71\1").greet().client("MAIL FROM:<a@example.com>\r\n").server("250 ok\r\n")
    for number in range(count):
        Flow(writer, number).greet().mail("Subject: %d\r\n\r\nhello\r\n" % number).quit()
    first.quit()


@generator(60_000)
def conflicts(writer, count):
    """Mails whose octets are sent again, with others in their place."""
    flow = Flow(writer).greet()
    for number in range(count):
        flow.mail("Subject: %d\r\n\r\nhello\r\n" % number)
        flow.sequence[0] -= 12
        flow.segment(0, b"HELLO\r\n.\r\n")
        flow.segment(0, b"")
    flow.quit()


# ---- below SMTP ----

@generator(1_000_000)
def syns(writer, count):
    """SYNs, and mails between them."""
    for number in range(count):
        Flow(writer, number % 50_000, client=address(number)).segment(0, flags=2)
        if number % (count // 20) == 0:
            Flow(writer, number // 20, client=b"\xcb\0\x71\1").greet().mail("Subject: %d\r\n\r\nhello\r\n" % number).quit()


@generator(1_000_000)
def answered_syns(writer, count):
    """SYNs that are answered, and nothing more."""
    for number in range(count):
        flow = Flow(writer, number % 50_000, client=address(number))
        flow.segment(0, flags=2)
        flow.segment(1, flags=18)
        if number % (count // 20) == 0:
            Flow(writer, number // 20, client=b"\xcb\0\x71\1").greet().mail("Subject: %d\r\n\r\nhello\r\n" % number).quit()


@generator(500_000)
def out_of_order(writer, count):
    """Segments of one octet, each behind a hole."""
    flows = [Flow(writer, number).greet().client("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
             .server("250 ok\r\n250 ok\r\n354 go\r\n") for number in range(10)]
    for number in range(count):
        flow = flows[number % 10]
        flow.sequence[0] += 1
        flow.segment(0, b"x")
    for flow in flows:
        flow.client("\r\n.\r\n").server("250 ok\r\n").quit()


@generator(100_000)
def out_of_order_large(writer, count):
    """Large segments behind holes, in many connections."""
    flows = [Flow(writer, number).greet().client("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
             .server("250 ok\r\n250 ok\r\n354 go\r\n") for number in range(500)]
    for number in range(count):
        flow = flows[number % 500]
        flow.sequence[0] += 1
        flow.segment(0, b"line of text\r\n" * 90)
    for flow in flows:
        flow.client("\r\n.\r\n").server("250 ok\r\n").quit()


@generator(300_000)
def fragments(writer, count):
    """Fragments that the rest of is never sent."""
    flow = Flow(writer)
    whole = flow.segment(0, b"x" * 1200, send=False)
    for number in range(count):
        writer.packet(ipv4(address(number & 0x1FFFF), b"\xc0\0\2\2", whole[20:1020], identification=number & 0xFFFF, fragment=0x2000))
    flow.greet().mail("Subject: behind\r\n\r\nhello\r\n").quit()


@generator(100_000)
def tunnels(writer, count):
    """IP in IP in IP."""
    def wrap(packet):
        for _ in range(6):
            packet = ipv4(b"\xcb\0\x71\1", b"\xcb\0\x71\2", packet, protocol=4)
        return packet
    for number in range(count // 10):
        Flow(writer, number, wrap=wrap).greet().mail("Subject: %d\r\n\r\nhello\r\n" % number).quit()


@generator(100_000)
def not_smtp(writer, count):
    """Something else on port 25."""
    for number in range(count):
        flow = Flow(writer, number).open()
        flow.client("GET / HTTP/1.1\r\nHost: x%d\r\n\r\n" % number).server("HTTP/1.1 200 ok\r\n\r\n")


@generator(50_000)
def resets(writer, count):
    """Connections that are used again and again."""
    for number in range(count):
        flow = Flow(writer, number % 100)
        flow.sequence = [1000 + number * 7919 & 0xFFFFFFFF, 5000 + number * 104729 & 0xFFFFFFFF]
        flow.greet().mail("Subject: %d\r\n\r\nhello\r\n" % number)
        flow.segment(number % 2, flags=4)


@generator(40_000_000)
def unknown_words(writer, count):
    """Binary octets behind a greeting: lines of nothing that is SMTP."""
    maker = random.Random(12)
    flow = Flow(writer).greet()
    for _ in range(count // 14_000):
        flow.client(maker.randbytes(14_000))
    flow.quit()


@generator(40_000_000)
def server_noise(writer, count):
    """The same from the server."""
    maker = random.Random(12)
    flow = Flow(writer).greet().client("NOOP\r\n")
    for _ in range(count // 14_000):
        flow.server(maker.randbytes(14_000))
    flow.quit()


@generator(300_000)
def proofs(writer, count):
    """Logins, mails and refusals in sessions that all stay open."""
    flows = [Flow(writer, number).greet("AUTH PLAIN|PIPELINING") for number in range(3000)]
    for number in range(count):
        flow = flows[number % len(flows)]
        flow.client("AUTH PLAIN %s\r\n" % base64.b64encode(b"\0u%d\0p%d" % (number % 97, number)).decode()).server("535 5.7.8 no\r\n")


def write(path, name, size=None):
    function, usual = GENERATORS[name]
    writer = Writer(path)
    function(writer, size or usual)
    writer.close()
    return path


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
