#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every finding, on dialogues that must have it and on near misses that must not.

usage: test_findings.py --smtpscope PROGRAM --docs docs/findings.md [-v]

A name that docs/findings.md or the program knows must have a row here, and no row may stand for a name that they do not know.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

from dialogues import (BANNER, BYE, MAIL, PLAIN_TEXT, TLS, TLS_ALERT, TLS_DATA, TLS_FINISHED, TLS_HELLO, TLS_SERVER_HELLO, Session, capture, ehlo, envelope, login, message, plain, refusals,
                       text64)

def smuggle(mark, inner="MAIL FROM:<admin@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nhello\r\n", replies="250 queued\r\n"):
    return Session(ehlo("PIPELINING"), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"),
                   ("C", "Subject: x\r\n\r\nhello" + mark + inner + ".\r\n"), ("S", replies), BYE)


DENIED = "535 5.7.8 no\r\n"
ACCEPTED = "235 ok\r\n"


def cram(user, digest="0123456789abcdef0123456789abcdef", reply=DENIED):
    return [("C", "AUTH CRAM-MD5\r\n"), ("S", "334 PDFAbXg+\r\n"), ("C", text64("%s %s" % (user, digest))), ("S", reply)]


def login_in_steps(user, password, reply=DENIED):
    return [("C", "AUTH LOGIN\r\n"), ("S", "334 VXNlcm5hbWU6\r\n"), ("C", text64(user)), ("S", "334 UGFzc3dvcmQ6\r\n"),
            ("C", text64(password)), ("S", reply)]


def bearer(token):
    return [("C", "AUTH XOAUTH2 " + text64("user=alice\1auth=Bearer %s\1\1" % token)), ("S", DENIED)]


def logins(*attempts, **where):
    """A session of logins: (user, password) is denied, (user, password, reply) answered with that."""
    return Session(ehlo("AUTH PLAIN LOGIN CRAM-MD5"), *[step for attempt in attempts for step in login(*attempt)], BYE, **where)


# The handshake that follows STARTTLS is refused by an alert.
FAILED_TLS = Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO), ("S", TLS_ALERT)).steps
# As a proxy writes it that has the keys.
DECRYPTED = Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 AUTH PLAIN\r\n"),
                    login("alice", "secret", "235 ok\r\n"), message(PLAIN_TEXT), BYE)

SMUGGLING_MARKS = ("\n.\n", "\n.\r", "\r.\n", "\r.\r", "\n.\r\n", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\r\n\0.\r\n", "\r\n.\r\r\n",
                   "\r\r\n.\r\r\n")

FIN, SYN, RST, ACK = 1, 2, 4, 16


def forged(who, **more):
    return "forged", (who, more)


def forged_mail(**more):
    """A mail with something else of its sender in front of its text."""
    steps = message(PLAIN_TEXT)
    return steps[:-2] + [forged("C", octets="Subject: forged\r\n\r\nforged\r\n.\r\n", **more)] + steps[-2:]


# name: (dialogues that have the finding, near misses that have it not); a dialogue is a Session or a list of them.
ROWS = {
    "cleartext-credentials": (
        [Session(ehlo("AUTH PLAIN"), login("alice", "secret", "235 ok\r\n"), BYE),
         Session(ehlo("AUTH LOGIN"), ("C", "AUTH LOGIN\r\n"), ("S", "334 VXNlcm5hbWU6\r\n"), ("C", text64("alice")),
                 ("S", "334 UGFzc3dvcmQ6\r\n"), ("C", text64("secret")), ("S", "235 ok\r\n")),
         Session(FAILED_TLS, ("C", "EHLO c\r\n"), ("S", "250 AUTH PLAIN\r\n"), login("alice", "secret", "235 ok\r\n")),
         Session(ehlo("AUTH PLAIN"), ("C", "AUTH PLAIN\r\n" + plain("alice", "secret") + "\r\n"), ("S", "504 no\r\n500 what\r\n"), BYE),
         Session(ehlo("AUTH LOGIN"), ("C", "AUTH LOGIN\r\n" + text64("alice") + text64("secret")),
                 ("S", "503 no\r\n500 what\r\n500 what\r\n"), BYE),
         # typed as plain text, with other separators, in a verb that is none
         Session(ehlo("AUTH LOGIN"), ("C", "AUTH LOGIN\r\n"), ("S", "334 VXNlcm5hbWU6\r\n"), ("C", "alice\r\n"), ("S", "334 UGFzc3dvcmQ6\r\n"),
                 ("C", "secret9x\r\n"), ("S", "535 no\r\n")),
         Session(ehlo("AUTH PLAIN"), ("C", "AUTH PLAIN alice secret\r\n"), ("S", "501 no\r\n")),
         Session(ehlo("AUTH XOAUTH2"), ("C", "AUTH XOAUTH2 " + text64("user=alice\nauth=Bearer ya29.secret\n\n")), ("S", "535 no\r\n")),
         Session(ehlo("AUTH PLAIN"), ("C", "AUHT PLAIN %s\r\n" % plain("alice", "secret")), ("S", "502 what\r\n"), BYE),
         Session(ehlo("AUTH PLAIN"), ("C", "PASS secret\r\n"), ("S", "502 what\r\n"), BYE),
         Session(ehlo("AUTH LOGIN"), ("C", "AUTH LOGIN\r\n"), ("S", "334 UGFzc3dvcmQ6\r\n"), ("C", text64("secret")), ("S", "235 ok\r\n")),
         # no TLS follows the accepted STARTTLS: what the capture holds is all that says what went over the wire
         DECRYPTED, Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "AUTH LOGIN\r\n"), ("S", "334 VXNlcm5hbWU6\r\n"), ("C", "alice\r\n"),
                            ("S", "334 UGFzc3dvcmQ6\r\n"), ("C", "secret9x\r\n"), ("S", "235 ok\r\n")),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "PASS secret\r\n"), ("S", "502 what\r\n"), BYE)],
        [Session(ehlo("AUTH CRAM-MD5"), ("C", "AUTH CRAM-MD5\r\n"), ("S", "334 PDFAbXg+\r\n"), ("C", text64("alice 0123456789abcdef")),
                 ("S", "235 ok\r\n")),
         Session(ehlo("AUTH LOGIN"), ("C", "AUTH LOGIN\r\n"), ("S", "504 no\r\n"), ("C", "FEAT\r\n"), ("S", "500 what\r\n"), ("C", "SYST\r\n"),
                 ("S", "500 what\r\n"), BYE),                                  # words, not responses
         Session(ehlo("AUTH PLAIN"), ("C", "AUTH PLAIN\r\n"), ("S", "334 \r\n"), ("C", "*\r\n"), ("S", "501 cancelled\r\n"), BYE),
         Session(ehlo("AUTH LOGIN"), ("C", "AUTH LOGIN %s\r\n" % text64("alice").strip()), ("S", "334 VXNlcm5hbWU6\r\n"), ("C", text64("alice")),
                 ("S", "334 UGFzc3dvcmQ6\r\n"), ("C", "*\r\n"), ("S", "501 cancelled\r\n")),            # the user's name, twice
         Session(ehlo("AUTH NTLM"), ("C", "AUTH NTLM TlRMTVNTUAABAAAAB7IAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"), ("S", "504 no\r\n"), BYE),
         Session(ehlo("PIPELINING"), ("C", "GET / HTTP/1.1\r\nUser-Agent: Mozilla/5.0 (X11)\r\nHost: mx.example.com\r\n"), ("S", "500 what\r\n" * 3), BYE),
         Session(ehlo("PIPELINING"), ("C", "Please login to your account today\r\n"), ("S", "500 what\r\n"), BYE)]), # prose
    "auth-offered-in-clear": (
        [Session(ehlo("AUTH LOGIN CRAM-MD5"), BYE), Session(ehlo("AUTH=LOGIN"), BYE)],
        [DECRYPTED, Session(ehlo("AUTH CRAM-MD5 SCRAM-SHA-256"), BYE), Session(BANNER, ("C", "EHLO c\r\n"), ("S", "250 AUTH PLAIN\r\n"), BYE)]),
    "starttls-not-offered": (
        [Session(ehlo("PIPELINING"), BYE)],
        [Session(TLS, BYE), Session(BANNER, ("C", "HELO c\r\n"), ("S", "250 hi\r\n"), BYE),
         Session(BANNER, ("C", "LHLO c\r\n"), ("S", "250-mx\r\n250 PIPELINING\r\n"), BYE)]),
    "starttls-masked": (
        [Session(ehlo("SIZE", "XXXXXXXA", "DSN"), BYE), Session(ehlo("XXXXXXXX"), BYE)],
        [Session(ehlo("XXXXXXX", "STARTTLS"), BYE), Session(ehlo("XCLIENT NAME", "XXXXXXXXA"), BYE),
         Session(ehlo("SIZE", "STARTTLS", "XXXXXXXX"), BYE),                  # it was another keyword
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 XXXXXXXA\r\n"), BYE)]),
    "banner-masked": (
        [Session(("S", "220 %s0******0*********20****200**0*********0*00\r\n" % ("*" * 38)), BYE), Session(("S", "220 **********\r\n"), BYE),
         Session(("S", "220-********\r\n220 ** **2*\r\n"), BYE)],
        [Session(("S", "220 ****** mx.example.com ESMTP ******\r\n"), BYE), Session(("S", "220 **\r\n"), BYE),
         Session(("S", "220-*************************\r\n220-* Authorized use only *\r\n220 *************************\r\n"), BYE),
         Session(BANNER, ("C", "NOOP\r\n"), ("S", "250 *************************\r\n"), BYE)]),
    "starttls-refused": (
        [Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 4.7.0 not now\r\n"), BYE),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "250 ok\r\n"), ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), BYE),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "250 ok\r\n"))],
        [Session(TLS, ("C", "STARTTLS\r\n"), ("S", "250 ok\r\n"), ("C", TLS_HELLO), ("S", TLS_DATA)),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO)), Session(TLS, ("C", "STARTTLS\r\n"))]),
    "starttls-fallback-to-clear": (
        [Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 not now\r\n"), message(PLAIN_TEXT), BYE),
         Session(FAILED_TLS, message(PLAIN_TEXT), BYE),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO), ("S", "454 4.7.0 TLS is broken\r\n"), message(PLAIN_TEXT), BYE)],
        [Session(FAILED_TLS, BYE), Session(FAILED_TLS, ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), BYE),
         # TLS ran: what looks like a command behind a record is none, whatever of the handshake is lost
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO + TLS_FINISHED), ("C", "MAIL FROM:<a@example.com>\r\n")),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO), ("s", "x" * 60), ("C", TLS_FINISHED), ("S", TLS_DATA), ("C", TLS_DATA),
                 ("C", "MAIL FROM:<a@example.com>\r\n"), ("S", "250 ok\r\n")),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO), ("S", TLS_FINISHED), ("c", "x" * 60),
                 ("S", TLS_DATA), ("S", "250 ok\r\n"), ("C", "MAIL FROM:<a@example.com>\r\n")),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 not now\r\n"), BYE), Session(TLS, message(PLAIN_TEXT), BYE),
         Session(TLS, ("C", "STARTTLS x\r\n"), ("S", "501 no\r\n"), DECRYPTED.steps[3:])]),
    "starttls-command-injection": (
        [Session(TLS, ("C", "STARTTLS\r\nMAIL FROM:<x@example.com>"), ("S", "220 go\r\n"), ("C", TLS_HELLO)),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", b"RSET\r\n" + TLS_HELLO)),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", b"RSET\rMA" + TLS_HELLO)),
         Session(TLS, ("C", "STARTTLS\r\nMAIL FROM:<x@example.com>\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO))],
        [Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "EHLO c\r\n"), ("S", "250 mx\r\n")),
         Session(TLS, ("C", "STARTTLS\r\nNOOP\r\n"), ("S", "454 no\r\n250 ok\r\n"))]),
    "starttls-reply-injection": (
        [Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n250-AUTH PLAIN"), ("C", TLS_HELLO), ("S", TLS_SERVER_HELLO)),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n250-mx\r\n"), ("C", TLS_HELLO), ("S", TLS_SERVER_HELLO)),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO), ("S", b"250 \r x" + TLS_SERVER_HELLO)),
         Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n"), ("C", TLS_HELLO))],
        [Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220-go\r\n220 now\r\n"), ("C", TLS_HELLO)),
         Session(TLS, ("C", "NOOP\r\nSTARTTLS\r\n"), ("S", "250 ok\r\n220 go\r\n"), ("C", TLS_HELLO))]),
    "smtp-smuggling": (
        [smuggle(mark) for mark in SMUGGLING_MARKS]
        + [smuggle("\r\n\n.\r\n", replies="250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
           smuggle("\n.\n", inner="ehlo evil.example.com\r\n"), smuggle("\n.\n", inner="MAIL FROM:<%s@example.com>\r\n" % ("x" * 300)),
           smuggle("\n.\n", inner="vrfy root\r\n")],
        [Session(ehlo(), message("x\n.\nMail me back\r\n"), BYE),          # prose
         Session(ehlo(), message("x\r\n..\r\nMAIL FROM:<a@example.com>\r\n"), BYE), # a dot, stuffed as it must be
         Session(ehlo(), message("x\r\nMAIL FROM:<a@example.com>\r\n"), BYE),       # no mark
         Session(ehlo(), message("x\n.\nbye\r\n"), BYE),                   # no command
         Session(ehlo(), message("x\n.\nRCPT TO is a command of SMTP\r\n"), BYE),
         Session(ehlo(), message("x\n.\nMAIL FROM: the front\r\n"), BYE),
         Session(ehlo(), message("x\n.\nAuth plain text is bad\r\n"), BYE),
         Session(ehlo(), message("x\n.\nexpn and vrfy are disabled\r\n"), BYE),
         Session(ehlo(), message("x\n.\nSTARTTLS is better than nothing\r\n"), BYE),
         Session(ehlo(), envelope(), ("C", "DATA\n"), ("S", "354 go\r\n"), ("C", "x\n.\nMAIL FROM:<c@example.com>\n"),
                 ("S", "250 queued\r\n250 ok\r\n"), BYE),                  # LF is how this client ends its lines
         Session(ehlo(), message("x\r\n.x\r\nRCPT TO:<a@example.com>\r\n"), BYE)]),
    "bare-line-feed": (
        [Session(ehlo(), ("C", "NOOP\n"), ("S", "250 ok\r\n"), BYE), Session(ehlo(), message("x\ny\r\n"), BYE)],
        [Session(ehlo(), message("x\r\n\r\ny\r\n"), BYE)]),
    "bare-carriage-return": (
        [Session(ehlo(), message("x\ry\r\n"), BYE), Session(ehlo(), ("C", "NOOP a\rb\r\n"), ("S", "250 ok\r\n"), BYE)],
        [Session(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "x\r"), ("C", "\n.\r\n"), ("S", "250 ok\r\n"), BYE)]),
    "overlong-line": (
        [Session(ehlo(), message("x" * 999 + "\r\n"), BYE), Session(ehlo(), ("C", "NOOP " + "x" * 600 + "\r\n"), ("S", "250 ok\r\n")),
         Session(ehlo(), ("C", "MAIL FROM:<%s@example.com>\r\n" % ("x" * 600)), ("S", "501 no\r\n")),
         Session(ehlo(), ("C", "NOOP\r\n"), ("S", "250 " + "x" * 600 + "\r\n"))],
        [Session(ehlo(), message("x" * 998 + "\r\n." + "x" * 998 + "\r\n"), BYE),
         Session(ehlo("DSN"), ("C", "MAIL FROM:<a@example.com> ENVID=%s\r\n" % ("x" * 600)), ("S", "250 ok\r\n")),
         Session(ehlo(), ("C", "NOOP " + "x" * 505 + "\r\n"), ("S", "250 " + "x" * 506 + "\r\n"), BYE),
         Session(ehlo("AUTH GSSAPI"), ("C", "AUTH GSSAPI " + "A" * 2000 + "\r\n"), ("S", "535 no\r\n"), BYE),
         Session(ehlo("AUTH GSSAPI"), ("C", "AUTH GSSAPI\r\n"), ("S", "334 " + "A" * 2000 + "\r\n"), ("C", "*\r\n"), ("S", "501 no\r\n"), BYE)]),
    "nul-octet": (
        [Session(ehlo(), message("x\0y\r\n"), BYE), Session(ehlo(), ("C", "NOOP \0\r\n"), ("S", "250 ok\r\n"), BYE)],
        [Session(ehlo("CHUNKING"), envelope(), ("C", "BDAT 3 LAST\r\nx\0y"), ("S", "250 ok\r\n"), BYE)]),
    "auth-brute-force": (
        [logins(("alice", "a"), ("alice", "b"), ("alice", "c")),
         logins(("alice", "same"), ("bob", "same"), ("carol", "same")),
         Session(ehlo("AUTH PLAIN"), *[login("alice", password, "554 5.7.8 bad\r\n") for password in "abc"], BYE),
         [logins(("alice", "guess%d" % number)) for number in range(3)],
         [logins(("alice", "guess%d" % number), client="192.0.2.%d" % (10 + number)) for number in range(3)],
         [logins(("user%d" % number, "same"), ("user%d" % number, "right", ACCEPTED) if number > 5 else ("user%d" % number, "same"))
          for number in range(7)],                                             # one password for everybody
         [logins(("user%d" % number, "guess%d" % number)) for number in range(5)],
         [logins(("alice", "same")) for number in range(10)],
         [Session(ehlo("AUTH CRAM-MD5"), cram("alice"), BYE) for number in range(10)],
         Session(ehlo("AUTH CRAM-MD5"), *[cram("alice") for number in range(5)], BYE)],
        [logins(("alice", "a"), ("alice", "b", ACCEPTED)),
         logins(("alice", "a"), ("alice", "b"), ("alice", "c", ACCEPTED), ("alice", "d")),
         logins(("alice", "a"), ("alice", "a"), ("alice", "A"), ("Alice", "a")),  # two passwords
         Session(ehlo("AUTH CRAM-MD5"), *[cram("alice") for number in range(4)], BYE),
         Session(ehlo("AUTH LOGIN"), *[("C", "AUTH LOGIN\r\n"), ("S", DENIED)] * 6, BYE), # nothing was tried
         Session(ehlo("AUTH XOAUTH2"), *[bearer("token%d" % number) for number in range(6)], BYE),
         Session(ehlo("AUTH CRAM-MD5 PLAIN LOGIN"), cram("alice"), login("alice", "typo"), login_in_steps("alice", "typo"), BYE),
         Session(ehlo("AUTH XOAUTH2"), *[bearer("token%d" % number) for number in range(5)], BYE),  # each token is new
         Session(ehlo("AUTH CRAM-MD5"), *[step for name in ("X", "Y", "Z", "W")
                                          for step in (("C", "AUTH %s\r\n" % name), ("S", "504 5.5.4 no such mechanism\r\n"))]),
         *[Session(ehlo("AUTH PLAIN"), *[login("alice", password, reply + "\r\n") for password in "abcd"], BYE)
           for reply in ("554 5.7.0 too many connections", "553 5.7.1 no relay", "550 no", "534 5.7.9 too weak", "535 5.7.9 use another",
                         "525 5.7.13 disabled", "538 5.7.11 TLS first", "454 4.7.0 later", "535 5.5.4 syntax")],
         [logins(("user%d" % number, "mistyped%d" % number), ("user%d" % number, "right%d" % number, ACCEPTED))
          for number in range(12)],                                            # an office behind one address
         [logins(("user%d" % number, "right", ACCEPTED)) for number in range(6)] + [logins(("other%d" % number, "x%d" % number))
                                                                                    for number in range(5)],
         [logins(("alice", "typo%d" % number), ("alice", "right", ACCEPTED)) for number in range(6)],
         [logins(("user%d" % number, "guess%d" % number), client="192.0.2.%d" % (10 + number)) for number in range(6)],
         [logins(("alice", "old")) for number in range(9)],                    # nobody told this program
         [Session(ehlo("AUTH PLAIN"), login("alice", "a%d" % number, "454 4.7.0 try later\r\n"), BYE) for number in range(8)]]),
    "recipient-enumeration": (
        [Session(ehlo(), MAIL, refusals(0, 10), BYE), Session(ehlo(), refusals(0, 12, "550", "VRFY %s"), BYE),
         [Session(ehlo(), MAIL, refusals(4 * number, 4 * number + 4), BYE) for number in range(3)]],
        [Session(ehlo(), MAIL, refusals(0, 9), BYE), Session(ehlo(), MAIL, refusals(0, 12, "554 5.7.1"), BYE),
         Session(ehlo(), MAIL, refusals(0, 12, "550 5.7.1"), BYE),             # policy
         Session(ehlo(), MAIL, refusals(0, 12, "450 4.2.0"), BYE),             # greylisting
         Session(ehlo(), envelope(recipients=20), refusals(0, 10), BYE),       # a mailing list with dead addresses
         [Session(ehlo(), MAIL, refusals(0, 4), BYE) for number in range(5)]]), # the same four, again and again
    "pipelining-violation": (
        [Session(ehlo(), ("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"), ("S", "250 ok\r\n250 ok\r\n"), BYE),
         Session(ehlo("PIPELINING"), ("C", "NOOP\r\nMAIL FROM:<a@example.com>\r\n"), ("S", "250 ok\r\n250 ok\r\n"), BYE)],
        [Session(ehlo(), ("C", "NOOP\r\n"), ("S", "221 2.0.0 closing\r\n"), ("C", "QUIT\r\n")),
         Session(ehlo("PIPELINING"), ("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nNOOP\r\n"),
                 ("S", "250 ok\r\n250 ok\r\n250 ok\r\n"), BYE),
         Session(ehlo("PIPELINING", "AUTH PLAIN"),
                 ("C", "AUTH PLAIN %s\r\nMAIL FROM:<a@example.com>\r\n" % plain("alice", "x")), ("S", "235 ok\r\n250 ok\r\n"), BYE),
         Session(ehlo(), message(PLAIN_TEXT), BYE)]),
    "early-talker": (
        [Session(("C", "GET / HTTP/1.0\r\n"), ("wait", 6), BANNER, ("S", "221 bye\r\n")),
         Session(("C", b"g\x02Y\x1f\x99\r\n"), BANNER, ("S", "500 what\r\n")),
         Session(("S", "220-mx.example.com ESMTP\r\n"), ("C", "*1\r\n$4\r\nINFO\r\n"), ("S", "220 go ahead\r\n500 what\r\n"), BYE),
         Session(("C", "EHLO client.example.com\r\n"), BANNER, ("S", "250 mx\r\n"), BYE),
         Session(("S", "220-mx.example.com ESMTP\r\n"), ("C", "EHLO client.example.com\r\n"), ("S", "220 go ahead\r\n250 mx\r\n"), BYE)],
        [Session(("S", "220-mx.example.com ESMTP\r\n"), ("S", "220 go ahead\r\n"), ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), BYE),
         Session(("s", "220-mx.example.com ESMTP\r\n"), ("C", "EHLO c\r\n"), ("S", "220 go ahead\r\n250 mx\r\n"), BYE),
         Session(("C", "EHLO c\r\nMAIL FROM:<a@example.com>\r\n"), BANNER, ("S", "250-mx\r\n250-PIPELINING\r\n250 PIPE_CONNECT\r\n250 ok\r\n"), BYE),
         Session(("C", b"\xff\xfb\x1f"), ehlo(), BYE), Session(("C", TLS_HELLO), BANNER, ("S", "500 what\r\n")),
         Session(ehlo(), BYE), Session(("C", "PROXY TCP4 192.0.2.9 192.0.2.2 4000 25\r\n"), ehlo(), BYE)]),
    "extension-not-offered": (
        [Session(ehlo("BINARYMIME", "CHUNKING"), envelope("BODY=8BITMIME"), BYE), Session(ehlo("SIZE"), envelope("BODY=7BIT"), BYE),
         Session(ehlo("AUTH PLAIN"), ("C", "AUTH LOGIN\r\n"), ("S", "504 no\r\n"), BYE),
         Session(ehlo("PIPELINING"), envelope("SIZE=100"), BYE), Session(ehlo("8BITMIME"), envelope("BODY=BINARYMIME"), BYE),
         Session(ehlo("SIZE"), ("C", "STARTTLS\r\n"), ("S", "502 no\r\n"), BYE),
         Session(ehlo("SIZE"), message("Subject: x\r\n\r\nGr\u00fc\u00dfe\r\n"), BYE),
         Session(ehlo("SIZE"), envelope("SMTPUTF8"), BYE), Session(ehlo(), ("C", "BDAT 3 LAST\r\nabc"), ("S", "503 no\r\n"), BYE),
         Session(ehlo("LIMITS RCPTMAX=2 MAILMAX=9"), envelope(recipients=3), BYE),
         Session(ehlo("LIMITS MAILMAX=1"), message(PLAIN_TEXT), message(PLAIN_TEXT), BYE)],
        [Session(ehlo("BINARYMIME", "CHUNKING"), envelope("BODY=BINARYMIME"), envelope("BODY=7BIT"), BYE),
         Session(ehlo("SIZE", "8BITMIME", "SMTPUTF8", "DSN"), envelope("SIZE=100", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS"), BYE),
         Session(ehlo("AUTH=LOGIN"), ("C", "AUTH login\r\n"), ("S", "334 VXNlcm5hbWU6\r\n"), ("C", "*\r\n"), ("S", "501 no\r\n"), BYE),
         Session(ehlo("8BITMIME"), message("Subject: x\r\n\r\nGr\u00fc\u00dfe\r\n"), BYE),
         Session(ehlo("LIMITS RCPTMAX=2"), message(PLAIN_TEXT, recipients=2), message(PLAIN_TEXT, recipients=2), BYE),
         Session(("s", "220 mx\r\n"), ("C", "EHLO c\r\n"), ("s", "250 mx\r\n"), ("C", "MAIL FROM:<a@example.com> SIZE=1\r\n"))]),
    "declared-size-mismatch": (
        [Session(ehlo("SIZE 1000000"), message(PLAIN_TEXT + "x\r\n" * 500, "SIZE=100"), BYE),
         Session(ehlo("SIZE"), message(PLAIN_TEXT, "SIZE=100000"), BYE),
         Session(ehlo("SIZE 1000"), message(PLAIN_TEXT + "x\r\n" * 500), BYE),
         Session(ehlo("SIZE"), message("x\r\n" * 3000, "SIZE=5000"), BYE)],
        [Session(ehlo("SIZE"), message("x" * 70 + "\r\n" + PLAIN_TEXT * 20, "SIZE=%d" % (len(PLAIN_TEXT * 20) - 10)), BYE),
         Session(ehlo("SIZE 0"), message(PLAIN_TEXT, "SIZE=0"), BYE),
         Session(ehlo("SIZE"), message("..\r\n" * 50, "SIZE=150"), BYE),
         Session(ehlo("SIZE"), message("x\r\n" * 3000, "SIZE=6000"), BYE),       # a line end is one octet in this client's file
         Session(ehlo("SIZE 10"), envelope("SIZE=2000000"), BYE)]),              # asking is what SIZE= is for
    "extensions-changed-after-tls": (
        [Session(ehlo("SIZE", "STARTTLS"), ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 DSN\r\n"), BYE)],
        [Session(ehlo("SIZE", "STARTTLS"), ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "EHLO c\r\n"),
                 ("S", "250-mx\r\n250-AUTH PLAIN\r\n250 SIZE\r\n"), BYE)]),
    "reply-without-command": (
        [Session(ehlo(), ("S", "250 and another thing\r\n"), BYE)],
        [Session(ehlo(), ("S", "421 4.4.2 idle\r\n")),
         Session(BANNER, ("C", "GET / HTTP/1.1\r\n"), ("S", "221 2.7.0 goodbye\r\n")),
         Session(BANNER, ("C", "EHLO c\r\n"), ("S", "250-mx\r\n"), ("s", "250-STARTTLS\r\n"), ("S", "250 SIZE\r\n"), BYE),
         Session(BANNER, ("C", "LHLO c\r\n"), ("S", "250 mx\r\n"), message(PLAIN_TEXT, recipients=2, reply="250 one\r\n250 two\r\n"), BYE)]),
    "reply-code-mismatch": (
        [Session(ehlo(), ("C", "NOOP\r\n"), ("S", "250-one\r\n251 two\r\n"), BYE), Session(ehlo(), ("C", "NOOP\r\n"), ("S", "250 5.7.1 odd\r\n"), BYE)],
        [Session(("S", "220 4.2.1 Mailer\r\n"), ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 SIZE\r\n"), ("C", "NOOP\r\n"), ("S", "250-2.0.0 one\r\n250 2.0.0 two\r\n"), BYE)]),
    "malformed-reply": (
        [Session(ehlo(), ("C", "NOOP\r\n"), ("S", line + "\r\n"), BYE)
         for line in ("-ERR no", "+OK", "4.7.0 later", "55 no", "no", "", " 250 ok", "000 a", "666 a", "199 a", "250ok", "2500 a",
                      "wait\r\n250 ok", "250-one\r\ntwo\r\n250 three")] +
        [Session(("S", "welcome\r\n"), ehlo()[1:], BYE),
         Session(ehlo(), ("C", "RSET\r\nRSET\r\n"), ("S", "what\r\n250 ok\r\n"), BYE),
         Session(ehlo(), ("C", "QUIT\r\n"), ("S", "bye\r\n"))],
        [Session(ehlo(), ("C", "NOOP\r\n"), ("S", "250\r\n"), BYE), Session(ehlo(), ("C", "NOOP\r\n"), ("S", "350 wait\r\n250 ok\r\n"), BYE),
         Session(ehlo(), ("S", "nobody asked\r\n"), ("C", "NOOP\r\n"), ("S", "250-one\r\n250 two\r\n"), BYE),
         Session(ehlo(), ("C", "NOOP\r\n"), ("s", "250 a very lo"), ("S", "ng one\r\n"), BYE),  # cut off, and not by the server
         Session(ehlo(), ("C", "NOOP\r\n"), ("S", "25"))]),
    "unknown-command": (
        [Session(ehlo(), ("C", "FROBNICATE now\r\n"), ("S", "500 what\r\n"), BYE)],
        [Session(ehlo(), ("C", "noop\r\n"), ("S", "250 ok\r\n"), ("C", "XADR a\r\n"), ("S", "250 ok\r\n"), BYE),
         Session(ehlo(), ("C", "\r\n"), ("S", "500 what\r\n"), BYE)]),
    "envelope-header-mismatch": (
        [Session(ehlo(), ("C", "MAIL FROM:<a@mail.example.com>\r\n"), ("S", "250 ok\r\n"),
                 message("From: Boss <boss@shop.example.com>\r\n\r\nx\r\n")[2:], BYE)],
        [Session(ehlo(), message("From: a <A@EXAMPLE.COM>\r\n\r\nx\r\n"), BYE), Session(ehlo(), message("Subject: no From\r\n\r\nx\r\n"), BYE),
         Session(ehlo(), message("From: a@news.example.com\r\n\r\nx\r\n"), BYE),
         Session(ehlo("SMTPUTF8"), ("C", "MAIL FROM:<a@M\u00fcnchen.example.net> SMTPUTF8\r\n"), ("S", "250 ok\r\n"),
                 message("From: a@xn--mnchen-3ya.example.net\r\n\r\nx\r\n")[2:], BYE),
         Session(ehlo(), ("C", "MAIL FROM:<a@example.com.>\r\n"), ("S", "250 ok\r\n"),
                 message("From: a@EXAMPLE.com\r\n\r\nx\r\n")[2:], BYE)]),
    "overlap-conflict": (
        [Session(ehlo(), ("C", "NOOP one\r\n"), ("again", "NOOP two\r\n"), ("S", "250 ok\r\n"), BYE)],
        [Session(ehlo(), ("C", "NOOP one\r\n"), ("again", "NOOP one\r\n"), ("S", "250 ok\r\n"), BYE)]),
    "tcp-contradiction": (
        [Session(ehlo(), forged("C", flags=FIN | ACK), forged("S", flags=ACK, acks=1), ("C", "NOOP\r\n"), ("S", "250 ok\r\n"), BYE),
         Session(ehlo(), forged("C", flags=RST), ("C", "NOOP\r\n"), ("S", "250 ok\r\n"), BYE),
         Session(ehlo(), forged("S", octets=b"220 early\r\n", ahead=-2000), BYE),
         Session(ehlo(), forged("S", flags=SYN | ACK, ahead=10_000_000), BYE)],
        [Session(ehlo(), BYE), Session(ehlo(), forged("S", flags=RST), ("C", "NOOP\r\n"), ("S", "250 ok\r\n"), BYE),
         Session(ehlo(), forged("C", flags=SYN, ahead=10_000_000), BYE),
         [Session(ehlo(), BYE), Session(ehlo(), BYE)]]),
    "checksum-mismatch": (
        [Session(ehlo(), forged_mail(wrong=True), BYE, checksums="CS"), Session(ehlo(), forged_mail(wrong=True), BYE, checksums="C"),
         Session(ehlo(), forged("S", octets=b"550 no\r\n", wrong=True), message(PLAIN_TEXT), BYE, checksums="CS")],
        [Session(ehlo(), message(PLAIN_TEXT), BYE, checksums="CS"), Session(ehlo(), message(PLAIN_TEXT), BYE, checksums="S"),
         Session(ehlo(), message(PLAIN_TEXT), BYE), Session(ehlo(), forged_mail(wrong=True), BYE, checksums="S")]),
    "capture-gap": (
        [Session(ehlo(), ("c", "NOOP\r\n"), ("S", "250 ok\r\n"), BYE)],
        [Session(ehlo(), message(PLAIN_TEXT), BYE), Session(ehlo(), ("C", "NOOP\r\n"), close=False)]),
    "not-smtp": (
        [Session(("C", "GET / HTTP/1.1\r\nHost: mx.example.com\r\n\r\n"), ("S", "HTTP/1.1 400 Bad Request\r\n\r\n")),
         Session(("C", "GET / HTTP/1.1\r\nHost: mx.example.com\r\n\r\n")),
         Session(("S", "220 (vsFTPd 3.0.3)\r\n"), ("C", "USER anonymous\r\n"), ("S", "331 Password?\r\n")),
         Session(("S", "200 news.example.com\r\n"), ("C", "MODE READER\r\n"), ("S", "200 ok\r\n"), port=2525),
         Session(("S", "SSH-2.0-OpenSSH_9.2\r\n"), ("C", "SSH-2.0-client\r\n")),
         Session(("C", bytes(range(128, 200))), ("S", b"\0\1\2\3\4"), port=587)],
        [Session(ehlo(), BYE), Session(("S", b"\0\0\1\xfe"), ehlo(), BYE), Session(), Session(("C", "line of a message\r\n"), begun=False, close=False), Session(("C", "EHLO c\r\n")),
         Session(("C", "GET / HTTP/1.1\r\n\r\n"), ("S", "HTTP/1.1 200 OK\r\n\r\n"), port=8080),
         Session(("S", "220 mx\r\n"), ("C", "HELO c\r\n"), ("S", "250 hi\r\n"), BYE), Session(("S", "220 mx\r\n")),
         Session(BANNER, ("C", "USER x\r\n"), ("S", "500 what\r\n"), BYE),
         Session(BANNER, ("C", "GET / HTTP/1.1\r\n"), ("S", "500 what\r\n"), BYE)]),
}

# Proofs by several sessions, or by two frames: name, sessions, what must be among the findings (session, related sessions).
ACROSS = {
    "STARTTLS offered to the others first": (
        "starttls-not-offered", "medium", [Session(TLS, BYE), Session(ehlo(), BYE, client="192.0.2.9")], [(2, [1])]),
    "and to the others later": (
        "starttls-not-offered", "medium", [Session(ehlo(), BYE, client="192.0.2.9"), Session(TLS, BYE)], [(1, [2])]),
    "never to anybody": ("starttls-not-offered", "medium", [Session(ehlo(), BYE), Session(ehlo(), BYE, client="192.0.2.9")], []),
    "by another server": (
        "starttls-not-offered", "medium", [Session(TLS, BYE), Session(ehlo(), BYE, server="192.0.2.3")], []),
    "once a client": (
        "starttls-not-offered", "medium", [Session(TLS, BYE), Session(ehlo(), BYE), Session(ehlo(), BYE)], [(2, [1])]),
    "masked for one": ("starttls-masked", "high", [Session(TLS, BYE), Session(ehlo("XXXXXXXA"), BYE, client="192.0.2.9")],
                       [(2, []), (2, [1])]),
    "another keyword masked beside STARTTLS": (
        "starttls-masked", "high", [Session(TLS, BYE), Session(ehlo("STARTTLS", "XXXXXXXA"), BYE, client="192.0.2.9")], []),
    "guesses, then the right one": (
        "auth-brute-force", "high", [logins(("alice", "guess%d" % number)) for number in range(5)] + [logins(("alice", "right", ACCEPTED))],
        [(3, [1, 2]), (6, [1, 2, 3, 4, 5])]),
    "the guess that fits somebody else": (
        "auth-brute-force", "high", [logins(("user%d" % number, "summer")) for number in range(5)] + [logins(("zoe", "summer", ACCEPTED))],
        [(5, [1, 2, 3, 4]), (6, [1, 2, 3, 4, 5])]),
    "and somebody's who has nothing to do with it": (
        "auth-brute-force", "high", [logins(("alice", "guess%d" % number)) for number in range(3)] + [logins(("zoe", "other", ACCEPTED))],
        [(3, [1, 2])]),
    "by several, then the right one": (
        "auth-brute-force", "high", [logins(("alice", "guess%d" % number), client="192.0.2.%d" % (10 + number)) for number in range(3)]
        + [logins(("alice", "right", ACCEPTED), client="192.0.2.11")], [(3, [1, 2]), (4, [1, 2, 3])]),
    "or by the user elsewhere": (
        "auth-brute-force", "medium", [logins(("alice", "guess%d" % number), client="192.0.2.%d" % (10 + number)) for number in range(3)]
        + [logins(("alice", "right", ACCEPTED), client="192.0.2.99")], [(4, [1, 2, 3])]),
    "an old password": ("auth-brute-force", "medium", [logins(("alice", "old")) for number in range(12)], [(10, [1])]),
    "the session behind, which is the same": (
        "tcp-contradiction", "high", [Session(ehlo(), forged("C", flags=FIN | ACK), forged("S", flags=FIN | ACK, acks=1),
                                              forged("C", flags=ACK, ahead=1, acks=1), ("wait", 5), forged("C", flags=ACK),
                                              forged("C", flags=ACK), ("C", "NOOP\r\n"), ("S", "250 ok\r\n"), BYE)], [(2, [])]),
    "both copies": (
        "overlap-conflict", "high", [Session(ehlo(), ("C", "NOOP one\r\n"), ("again", "NOOP two\r\n"), ("S", "250 ok\r\n"), BYE)], [(1, [1])]),
    "the mark was honoured": (
        "smtp-smuggling", "high", [smuggle("\n.\r\n", replies="250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n")],
        [(1, [1])]),
}

# What is said of a message with another one in it: the replies behind it, and the words.
SMUGGLED = (
    (ehlo(), "250 queued\r\n", BYE, "answered once, with 250: it did not take the mark"),
    (ehlo(), "250 queued\r\n", ("S", "421 4.4.2 timeout\r\n"), "the dialogue ends there: whether it took the mark for the end is not seen"),
    (ehlo(), "554 no\r\n", ("S", "421 4.4.2 timeout\r\n"), "refused the message with 554"),
    (ehlo("PIPELINING"), "250 queued\r\n250 ok\r\n", BYE, "gave one more reply, 250, that nothing else asked for"),
    ([BANNER, ("C", "LHLO c\r\n"), ("S", "250 mx\r\n")], "250 one\r\n250 two\r\n", BYE, "answered once for each recipient, with 250"),
)


# One session: name, dialogue, the frames of the finding and of its proofs, what its detail says.
FRAMES = {
    "the reply to the message, however much comes behind it": (
        "smtp-smuggling", Session(smuggle("\n.\n").steps[:-2], [("C", "NOOP\r\n"), ("S", "250 ok\r\n")] * 20, BYE), 13, [14],
        "the message holds \\n.\\n, which only some receivers take for the end of data, and the command MAIL behind it; "
        "the server answered once, with 250: it did not take the mark for the end"),
    "the refusals before, and who was accepted": (
        "auth-brute-force", logins(("alice", "a"), ("alice", "b"), ("alice", "c"), ("alice", "d", ACCEPTED)), 12, [8, 10, 14],
        "3 logins were denied in this session, for at least 3 different pairs of user and password; "
        "then a login of a user that was denied before was accepted"),
    "somebody else was": (
        "auth-brute-force", logins(("alice", "a"), ("alice", "b"), ("alice", "c"), ("bob", "d", ACCEPTED)), 12, [8, 10, 14],
        "3 logins were denied in this session, for at least 3 different pairs of user and password; then a login was accepted"),
    "the message": (
        "envelope-header-mismatch", Session(ehlo(), message("From: x@shop.example.net\r\n\r\nx\r\n"), BYE), 7, [13],
        "the envelope's sender is of example.com, the message's From field of shop.example.net"),
    "the MAIL": (
        "declared-size-mismatch", Session(ehlo("SIZE"), message("x\r\n", "SIZE=100000"), BYE), 13, [7],
        "MAIL declared SIZE=100000, the message has 3 octets"),
    "the server's limit": (
        "declared-size-mismatch", Session(ehlo("SIZE 2"), message("x\r\n"), BYE), 13, [6],
        "the message has 3 octets, the server announced SIZE 2"),
    "the lists": (
        "extensions-changed-after-tls", ROWS["extensions-changed-after-tls"][0][0], 10, [6],
        "the extensions announced after STARTTLS are not those announced before it"),
    "the refusal": (
        "starttls-fallback-to-clear", ROWS["starttls-fallback-to-clear"][0][0], 9, [8],
        "STARTTLS did not succeed, and the client went on in clear with MAIL"),
    "the CR itself": (
        "bare-carriage-return", Session(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "x\r\n"), ("C", "y\r"), ("C", "z\r\n.\r\n"),
                                        ("S", "250 ok\r\n"), BYE), 14, [], "message content holds a carriage return without a line feed behind it"),
    "the LF itself": (
        "bare-line-feed", Session(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "x\r\n"), ("C", "y\n.\r"), ("C", "\nz\r\n.\r\n"),
                                  ("S", "250 ok\r\n"), BYE), 14, [], "message content holds a line feed without a carriage return in front of it"),
    "what stands behind the FIN": (
        "tcp-contradiction", Session(ehlo(), forged("C", flags=FIN | ACK), forged("S", flags=ACK, acks=1), ("C", "NOOP\r\n"), ("S", "250 ok\r\n"), BYE),
        9, [], "the client sends on behind its FIN, which was acknowledged: the FIN was not its own, or what follows is not"),
    "the segment": (
        "checksum-mismatch", Session(ehlo(), forged_mail(wrong=True), BYE, checksums="CS"), 13, [],
        "a segment of the client has a wrong checksum, so the receiver dropped it: it was not used"),
    "one octet": (
        "overlap-conflict", Session(ehlo(), ("C", "NOOP one\r\n"), ("again", "NOOP onE\r\n"), ("S", "250 ok\r\n"), BYE), 8, [7],
        "frame 8 claims 1 octet that frame 7 has with other content; the first copy was used"),
}


class Checker:
    def __init__(self, smtpscope, scratch):
        self.smtpscope = smtpscope
        self.path = os.path.join(scratch, "dialogue.pcap")
        self.problems = []

    def run(self, *arguments):
        done = subprocess.run([self.smtpscope, "findings", *arguments, self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)
        if done.returncode != 0:
            sys.exit("exit status %d: %s" % (done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def findings(self, sessions):
        capture(*sessions).save(self.path)
        found = [json.loads(line) for line in self.run("--format", "json").splitlines()]
        if found[-1]["record"] != "summary" or found[-1]["findings"] != len(found) - 1:
            self.problems.append("the summary says %s, there are %d" % (found[-1], len(found) - 1))
        text = self.run().splitlines()
        if len(found) > 1 and len(text) != len(found):
            self.problems.append("text has %d lines, JSON %d" % (len(text), len(found)))
        return found[:-1]

    def row(self, name, positive, negative):
        for wanted, dialogues in ((True, positive), (False, negative)):
            if not dialogues:
                self.problems.append("%s: no %s dialogue" % (name, "positive" if wanted else "negative"))
            for number, dialogue in enumerate(dialogues):
                found = self.findings(dialogue if isinstance(dialogue, list) else [dialogue])
                mine = [finding for finding in found if finding["id"] == name]
                if bool(mine) != wanted:
                    self.problems.append("%s, %s %d: %s" % (name, "positive" if wanted else "near miss", number,
                                                            [(f["id"], f["detail"]) for f in (mine or found)]))
                if any(finding["frame"] is None for finding in mine):
                    self.problems.append("%s: no frame: %s" % (name, mine))

    def bounded(self):
        """Many of one kind are some, and a number; the holes of one side are one finding."""
        mismatch = [("C", "NOOP\r\n" * 150), ("S", "250 5.0.0 odd\r\n" * 150)]
        found = [f for f in self.findings([Session(ehlo("PIPELINING"), mismatch, BYE)]) if f["id"] == "reply-code-mismatch"]
        if len(found) != 100 or not found[-1]["detail"].endswith("and 50 more of this kind"):
            self.problems.append("%d of 150 findings of a kind, the last: %s" % (len(found), found[-1:]))
        holes = [step for _ in range(3) for step in (("C", "NOOP\r\n"), ("s", "250 ok\r\n"))]
        found = [f for f in self.findings([Session(ehlo(), holes, BYE)]) if f["id"] == "capture-gap"]
        if len(found) != 1 or not found[0]["detail"].endswith("in all 24 octets in 3 holes"):
            self.problems.append("three holes: %s" % found)

    def smuggled(self):
        for greeting, replies, ending, words in SMUGGLED:
            recipients = 2 if "one" in replies else 1
            said = message("x\n.\r\nMAIL FROM:<c@example.com>\r\n", recipients=recipients, reply=replies)
            details = [f["detail"] for f in self.findings([Session(greeting, said, ending)]) if f["id"] == "smtp-smuggling"]
            if len(details) != 1 or words not in details[0]:
                self.problems.append("smuggled, and answered %r: %s" % (replies, details))

    def picked(self):
        """--session asks for what these sessions prove, alone or with others."""
        self.findings([Session(TLS, BYE), Session(ehlo(), BYE, client="192.0.2.9"), Session(ehlo("AUTH PLAIN"), BYE, server="192.0.2.8")])
        for picked, expected in (("1", [(2, "medium")]), ("2", [(2, "info"), (2, "medium")]), ("3", [(3, "low"), (3, "info")])):
            lines = [json.loads(line) for line in self.run("--format", "json", "--session", picked).splitlines()]
            found = [(line["session"], line["severity"]) for line in lines[:-1]]
            if found != expected or lines[-1]["findings"] != len(expected):
                self.problems.append("--session %s: %s" % (picked, found))

    def forgotten(self):
        """Clients without offer beyond those remembered are counted."""
        self.findings([Session(ehlo(), BYE, client="10.0.0.%d" % number) for number in range(1, 21)] + [Session(TLS, BYE)])
        lines = [json.loads(line) for line in self.run("--format", "json").splitlines()]
        medium = [line for line in lines if line.get("severity") == "medium"]
        if len(medium) != 16 or lines[-1]["dropped"] != {"forgotten": 4}:
            self.problems.append("20 clients without offer: %d findings, %s" % (len(medium), lines[-1]["dropped"]))

    def frames(self, label, name, session, frame, proofs, detail):
        found = [(f["frame"], [r["frame"] for r in f["related"]], f["detail"]) for f in self.findings([session]) if f["id"] == name]
        if found != [(frame, proofs, detail)]:
            self.problems.append("%s: %s" % (label, found))

    def across(self, label, name, severity, sessions, expected):
        found = [(f["session"], [r["session"] for r in f["related"]]) for f in self.findings(sessions)
                 if f["id"] == name and f["severity"] == severity]
        if found != expected:
            self.problems.append("%s: %s, not %s" % (label, found, expected))


def documented(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r"^\| `([a-z-]+)` \|", file.read(), re.MULTILINE)


def known(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r'\[SMTP_FINDING_\w+\] = \{ "([a-z-]+)"', file.read())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--docs", required=True)
    parser.add_argument("--source", required=True, help="core/finding.c")
    parser.add_argument("--keep", help="write the captures there: NAME-positive-N.pcap, NAME-near-miss-N.pcap")
    arguments = parser.parse_args()
    if arguments.keep:
        for name, (positive, negative) in ROWS.items():
            for kind, dialogues in (("positive", positive), ("near-miss", negative)):
                for number, dialogue in enumerate(dialogues):
                    made = capture(*(dialogue if isinstance(dialogue, list) else [dialogue]))
                    made.save(os.path.join(arguments.keep, "%s-%s-%d.pcap" % (name, kind, number)))
    with tempfile.TemporaryDirectory() as scratch:
        checker = Checker(os.path.abspath(arguments.smtpscope), scratch)
        for names, where in ((documented(arguments.docs), arguments.docs), (known(arguments.source), arguments.source)):
            for name in sorted(set(names) ^ set(ROWS)):
                checker.problems.append("%s: not both in %s and in the rows here" % (name, where))
        for name, (positive, negative) in ROWS.items():
            checker.row(name, positive, negative)
        checker.bounded()
        checker.smuggled()
        checker.picked()
        checker.forgotten()
        for label, row in ACROSS.items():
            checker.across(label, *row)
        for label, row in FRAMES.items():
            checker.frames(label, *row)
    print("\n".join(checker.problems))
    print("%d findings, %d problems" % (len(ROWS), len(checker.problems)))
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
