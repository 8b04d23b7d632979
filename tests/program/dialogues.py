# SPDX-License-Identifier: GPL-2.0-or-later
"""SMTP dialogues for tests, as lists of steps, and captures of them. A step is who speaks ("C", "S"; in lower case: it is not in
the capture) and what."""
import base64

from pcap import Capture, Connection

BANNER = ("S", "220 mx.example.com ESMTP\r\n")
BYE = [("C", "QUIT\r\n"), ("S", "221 bye\r\n")]


def ehlo(*keywords):
    lines = ["mx.example.com", *keywords]
    text = "".join("250%s%s\r\n" % (" " if line is lines[-1] else "-", line) for line in lines)
    return [BANNER, ("C", "EHLO client.example.com\r\n"), ("S", text)]


def envelope(*parameters, recipients=1):
    steps = [("C", " ".join(["MAIL FROM:<a@example.com>", *parameters]) + "\r\n"), ("S", "250 2.1.0 ok\r\n")]
    for number in range(recipients):
        steps += [("C", "RCPT TO:<b%d@example.com>\r\n" % number), ("S", "250 2.1.5 ok\r\n")]
    return steps


def message(text, *parameters, reply="250 2.0.0 queued\r\n", recipients=1, end=".\r\n"):
    return envelope(*parameters, recipients=recipients) + [("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", text + end), ("S", reply)]


PLAIN_TEXT = "From: a@example.com\r\nSubject: x\r\n\r\nhello\r\n"


def plain(user, password):
    return base64.b64encode(("\0%s\0%s" % (user, password)).encode()).decode()


def login(user, password, reply="535 5.7.8 no\r\n"):
    return [("C", "AUTH PLAIN %s\r\n" % plain(user, password)), ("S", reply)]


def text64(text):
    return base64.b64encode(text.encode()).decode() + "\r\n"


TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28" # handshake_failure
TLS_DATA = b"\x17\x03\x03\x00\x40" + bytes(64)
TLS_FINISHED = b"\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x28" + bytes(40) # ChangeCipherSpec, and what it holds for
TLS_SERVER_HELLO = b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + b"r" * 32 + b"\x00\x13\x01\x00"
TLS_HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"


class Session:
    """One connection of a capture: its steps, and who has it with whom."""

    def __init__(self, *parts, client="192.0.2.1", server="192.0.2.2", port=25, close=True, begun=True, checksums=""):
        self.steps = [step for part in parts for step in (part if isinstance(part, list) else [part])]
        self.endpoints = {"client": client, "server": server, "server_port": port, "checksums": checksums}
        self.close, self.begun = close, begun


def capture(*sessions):
    made = Capture()
    for number, session in enumerate(sessions):
        connection = Connection(made, client_port=40000 + number, **session.endpoints)
        if session.begun:
            connection.open()
        for who, octets in session.steps:
            if who == "wait": # so many seconds pass
                made.now += octets * 1_000_000
            elif who == "forged": # see Connection.forge
                connection.forge(*octets[:1], **octets[1])
            elif who in "cs": # not in the capture
                connection.say(who.upper(), octets, record=False)
            elif who == "again": # other octets where the last ones stand
                connection.sequence[0] -= len(octets)
                connection.say("C", octets)
            else:
                connection.say(who, octets)
        if session.close:
            connection.close()
    return made


def refusals(first, last, code="550 5.1.1", verb="RCPT TO:<%s>"):
    steps = []
    for number in range(first, last):
        steps += [("C", verb % ("user%d@example.com" % number) + "\r\n"), ("S", code + " no\r\n")]
    return steps


MAIL = [("C", "MAIL FROM:<a@example.com>\r\n"), ("S", "250 ok\r\n")]
TLS = ehlo("STARTTLS")
