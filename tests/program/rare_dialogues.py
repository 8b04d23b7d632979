# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialogues for the test that all faces agree: what servers and clients do that is rare, wrong, or meant to mislead. A capture for each
kind; a session for each dialogue in it."""
import base64

import test_findings
from dialogues import (BANNER, BYE, MAIL, PLAIN_TEXT, TLS, TLS_ALERT, TLS_DATA, TLS_FINISHED, TLS_HELLO, Session, capture, ehlo, envelope,
                       login, message, plain, text64)

LHLO = [BANNER, ("C", "LHLO client.example.com\r\n"), ("S", "250-mx.example.com\r\n250 PIPELINING\r\n")]
STARTTLS = [*TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n")]
HIDDEN = [("C", TLS_HELLO), ("S", TLS_HELLO), ("C", TLS_FINISHED), ("S", TLS_FINISHED), ("C", TLS_DATA), ("S", TLS_DATA)]
FAILED = [("C", TLS_HELLO), ("S", TLS_ALERT)]
ATTACHED = ("From: Alice <a@example.com>\r\nTo: b@example.com\r\nSubject: two parts\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x\r\n"
            "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"a.bin\"\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--x\r\nContent-Type: image/png\r\n\r\nno name\r\n--x--\r\n")


def in_packets(who, *pieces):
    return [(who, piece) for piece in pieces]


def content(*replies, text=PLAIN_TEXT):
    return [("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", text + ".\r\n"), *in_packets("S", *replies)]


def rcpt(name, reply, seen=True):
    return [("C", "RCPT TO:<%s@example.com>\r\n" % name), ("S" if seen else "s", reply)]


def steps(mechanism, *lines):
    """An AUTH exchange: the client's lines, then the server's, in turn."""
    return [("CS"[index % 2], line) for index, line in enumerate(("AUTH %s\r\n" % mechanism, *lines))]


def chunks(*sizes, reply="250 2.0.0 ok\r\n"):
    found = []
    for index, size in enumerate(sizes):
        last = " LAST" if index == len(sizes) - 1 else ""
        found += [("C", "BDAT %d%s\r\n" % (size, last) + "x" * size), ("S", reply)]
    return found


REPLIES = [
    # Lines of a reply in packets of their own; cut in the middle of a line, and of its end.
    Session(in_packets("S", "220-mx.example.com\r\n", "220-be polite\r\n", "220 ready\r\n"), ("C", "EHLO c\r\n"),
            in_packets("S", "250-mx.example.com\r\n250-PIPEL", "INING\r", "\n250 SIZE 1000\r\n"), BYE),
    Session(ehlo(), MAIL, ("C", "RCPT TO:<b@example.com>\r\n"),
            in_packets("S", "550-5.1.1 there is\r\n", "550-5.1.1 no such\r\n", "550 5.1.1 user\r\n"), BYE),
    Session(ehlo("SIZE"), envelope(), content("250-2.0.0 queued\r\n", "250 2.0.0 as 17\r\n"), ("C", "QUIT\r\n"),
            in_packets("S", "221-2.0.0 good\r\n", "221 2.0.0 bye\r\n")),
    Session(ehlo(), ("C", "HELP\r\n"), ("S", "".join("214-line %d\r\n" % n for n in range(150)) + "214 end\r\n"), BYE),
    # Several codes in one reply; text without a code; an enhanced status of another class.
    Session(ehlo(), MAIL, ("C", "RCPT TO:<b@example.com>\r\n"), ("S", "250-2.1.5 ok\r\n550 5.1.1 no\r\n"), BYE),
    Session(ehlo(), MAIL, ("C", "RCPT TO:<b@example.com>\r\n"), ("S", "250 5.1.1 what\r\n"), BYE),
    # Octets that control or reorder a terminal's text, that are no UTF-8, NUL.
    Session(ehlo(), ("C", "NOOP \x1b[31m\u202eabc\u200b\r\n"), ("S", b"250 \xff\xfe\x1b]0;x\x07 ok\r\n"), BYE),
    Session(ehlo(), ("C", b"NOOP a\0b\r\n"), ("S", b"250 a\0b\r\n"), BYE),
    Session(ehlo(), ("C", "NOOP " + "x" * 3000 + "\r\n"), ("S", "250 " + "y" * 3000 + "\r\n"), BYE),
    # Line ends that are none.
    Session(ehlo(), ("C", "NOOP\n"), ("S", "250 ok\n"), BYE),
    # Nobody asked.
    Session(ehlo(), ("S", "451 4.3.0 going down\r\n"), ("C", "NOOP\r\n"), ("S", "250 ok\r\n"), ("S", "421 4.4.2 timeout\r\n")),
    Session(("S", "554 5.7.1 go away\r\n"), BYE),
    Session(("S", "421 4.3.2 too many\r\n")),
    Session(BANNER, ("C", "EHLO c\r\n"), ("S", "502 no\r\n"), ("C", "HELO c\r\n"), ("S", "250 mx\r\n"), message(PLAIN_TEXT), BYE),
]

MAILS = [
    Session(ehlo(), message(ATTACHED), BYE),
    Session(ehlo(), message(PLAIN_TEXT), message(PLAIN_TEXT, reply="554 5.6.0 no\r\n"), envelope(), BYE),
    # The code that decides is also the code of something else.
    Session(ehlo(), MAIL, rcpt("b1", "550 5.1.1 no b1\r\n"), rcpt("b2", "250 ok\r\n"), content("550 5.7.1 no mail\r\n"), BYE),
    Session(ehlo(), MAIL, rcpt("b1", "250 ok\r\n"), ("C", "DATA\r\n"), ("S", "554 5.5.1 not now\r\n"), ("C", "RSET\r\n"), ("S", "250 reset\r\n"),
            message(PLAIN_TEXT, reply="554 5.6.0 no\r\n"), BYE),
    Session(ehlo(), MAIL, rcpt("b1", "250 ok\r\n"), ("C", "DATA\r\n"), ("S", "554 5.5.1 not now\r\n"), BYE),
    Session(ehlo(), MAIL, rcpt("b1", "550 5.1.1 no\r\n"), ("C", "DATA\r\n"), ("S", "503 5.5.1 nobody\r\n"), ("C", "RSET\r\n"), ("S", "250 ok\r\n"),
            BYE),
    Session(ehlo(), ("C", "MAIL FROM:<>\r\n"), ("S", "250 ok\r\n"), rcpt("b1", "250 ok\r\n"), content("250 2.0.0 ok\r\n"), BYE),
    Session(ehlo(), ("C", "MAIL FROM:<a@example.com>\r\n"), ("S", "553 5.1.8 no\r\n"), BYE),
    Session(ehlo("PIPELINING"), ("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b1@example.com>\r\nRCPT TO:<b2@example.com>\r\nDATA\r\n"),
            ("S", "250 ok\r\n550 5.1.1 no\r\n250 ok\r\n354 go\r\n"), ("C", PLAIN_TEXT + ".\r\nQUIT\r\n"), ("S", "250 queued\r\n221 bye\r\n")),
    Session(ehlo("PIPELINING"), ("C", "MAIL FROM:<a@example.com>\r\n" + "".join("RCPT TO:<b%d@example.com>\r\n" % n for n in range(130))),
            ("S", "250 ok\r\n" + "".join("%s\r\n" % ("550 5.1.1 no" if n % 3 else "250 ok") for n in range(130))), content("250 ok\r\n"), BYE),
    Session(ehlo("CHUNKING"), envelope(), chunks(20, 30, 0), BYE),
    Session(ehlo("CHUNKING"), envelope(), chunks(20, 30)[:2], ("C", "RSET\r\n"), ("S", "250 ok\r\n"), message(PLAIN_TEXT), BYE), # never the last
    Session(ehlo("CHUNKING"), envelope(), chunks(20, 30)[:2], close=False),
    Session(ehlo("CHUNKING"), envelope(), chunks(20, 30)[:2], ("C", "DATA\r\n"), ("S", "503 no\r\n"), BYE),
    Session(ehlo("CHUNKING"), envelope(), chunks(20, reply="552 5.3.4 no\r\n"), ("C", "RSET\r\n"), ("S", "250 ok\r\n"), envelope(), chunks(5), BYE),
    Session(ehlo("CHUNKING"), envelope(), chunks(20, 30, reply="552 5.3.4 no\r\n"), BYE),
    Session(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "Subject: half\r\n\r\nhal")),
    Session(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "Subject: dots\r\n\r\n..\r\n"), ("C", ".\r\n"), ("S", "250 ok\r\n"), BYE),
    Session(ehlo(), envelope(), ("C", "EHLO again\r\n"), ("S", "250 mx\r\n"), message(PLAIN_TEXT), BYE),
    Session(ehlo(), message("Subject: =?utf-8?B?w6TDtsO8?= and \"quoted\"; 9 octets\r\n\r\nx\r\n"), BYE),
    # PRDR: a reply for each recipient, then one for the mail.
    Session(ehlo("PRDR"), ("C", "MAIL FROM:<a@example.com> PRDR\r\n"), ("S", "250 ok\r\n"), rcpt("b1", "250 ok\r\n"), rcpt("b2", "250 ok\r\n"),
            content("353 content analysis has started\r\n", "250 b1 ok\r\n", "550 b2 no\r\n", "250 2.0.0 ok\r\n"), BYE),
    # A reply without a code.
    Session(ehlo(), MAIL, rcpt("b1", "-ERR no\r\n"), ("C", "RSET\r\n"), ("S", "250 ok\r\n"), message(PLAIN_TEXT), BYE),
    Session(ehlo(), MAIL, rcpt("b1", "4.7.0 later\r\n"), rcpt("b2", "250 ok\r\n"), content("250 ok\r\n"), BYE),
    Session(ehlo(), ("C", "MAIL FROM:Foo Bar <foo@example.com>\r\n"), ("S", "250 ok\r\n"), ("C", "RCPT TO:<<b@example.com>>\r\n"), ("S", "250 ok\r\n"),
            content("250 ok\r\n"), BYE),
]

DELIVERIES = [
    Session(LHLO, envelope(recipients=3), content("250 one\r\n", "452 4.2.2 two\r\n", "250 three\r\n"), BYE),
    Session(LHLO, MAIL, rcpt("b1", "550 5.1.1 no\r\n"), rcpt("b2", "250 ok\r\n"), rcpt("b3", "250 ok\r\n"),
            content("550 5.7.1 two\r\n250 three\r\n"), BYE),
    Session(LHLO, envelope(recipients=2), content("552 5.2.2 one\r\n552 5.2.2 two\r\n"), BYE),
    Session(LHLO, envelope(recipients=3), content("250 one\r\n"), close=False),
    Session(LHLO, envelope(recipients=2), content("421 4.3.2 stopped\r\n")),
    Session(LHLO, MAIL, rcpt("b1", "250 ok\r\n", seen=False), rcpt("b2", "250 ok\r\n"), rcpt("b3", "250 ok\r\n"),
            content("250 one\r\n", "552 5.2.2 two\r\n", "250 three\r\n"), BYE),
    Session(LHLO, envelope(recipients=2), chunks(10, reply="250 one\r\n550 two\r\n"), BYE),
    Session(LHLO, envelope(recipients=3), content("250 one\r\n", "what\r\n", "550 three\r\n"), BYE),
    Session(LHLO, envelope(recipients=3), content("250 one\r\n") + [("s", "452 two\r\n"), ("S", "550 three\r\n")], BYE),
    Session(LHLO, envelope(recipients=2), chunks(10, 0, reply="250 ok\r\n")[:-1], ("S", "250 one\r\n550 two\r\n"), BYE),
    Session(LHLO, MAIL, rcpt("b1", "250 ok\r\n"), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", PLAIN_TEXT + ".\r\n"), ("S", "250 one\r\n"),
            MAIL, rcpt("c1", "250 ok\r\n"), rcpt("c2", "250 ok\r\n"), content("452 4.2.2 c1\r\n250 c2\r\n"), BYE),
]

LOGINS = [
    Session(ehlo("AUTH PLAIN"), login("alice", "secret-word", "235 2.7.0 ok\r\n"), message(PLAIN_TEXT), BYE),
    Session(ehlo("AUTH PLAIN LOGIN"), login("alice", "wrong-word"), steps("LOGIN", "334 VXNlcm5hbWU6\r\n", text64("alice"), "334 UGFzc3dvcmQ6\r\n",
                                                                         text64("secret-word"), "235 2.7.0 ok\r\n"), BYE),
    Session(ehlo("AUTH PLAIN"), steps("plain", "334 \r\n", plain("alice", "secret-word") + "\r\n", "535 5.7.8 no\r\n"), BYE),
    Session(ehlo("AUTH LOGIN"), steps("LOGIN", "334 VXNlcm5hbWU6\r\n", "*\r\n", "501 5.7.0 cancelled\r\n"), BYE),
    Session(ehlo("AUTH CRAM-MD5"), steps("CRAM-MD5", "334 PDFAbXg+\r\n", text64("alice 0123456789abcdef0123456789abcdef"), "235 ok\r\n"), BYE),
    Session(ehlo("AUTH XOAUTH2"), steps("XOAUTH2 " + text64("user=alice\1auth=Bearer tokentoken\1\1").strip(), "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n",
                                        "\r\n", "535 5.7.8 no\r\n"), BYE),
    Session(ehlo("AUTH LOGIN"), steps("LOGIN " + text64("alice").strip(), "334 UGFzc3dvcmQ6\r\n", text64("secret-word")), close=False),
    Session(ehlo("AUTH PLAIN"), login("alice", "secret-word", "535 5.7.8 %s is wrong\r\n" % plain("alice", "secret-word")), BYE),
    Session(ehlo("AUTH PLAIN"), login("alice", "secret-word", "535 5.7.8 secret-word is wrong\r\n"), BYE),
    Session(ehlo("AUTH PLAIN"), ("C", "AUTH PLAIN\r\n" + plain("alice", "secret-word") + "\r\n"), ("S", "504 no\r\n500 what\r\n"), BYE),
    Session(ehlo("AUTH GSSAPI"), steps("GSSAPI " + base64.b64encode(bytes(range(60))).decode(), "334 " + text64("more").strip() + "\r\n",
                                       base64.b64encode(bytes(60)).decode() + "\r\n", "235 ok\r\n"), BYE),
    Session(ehlo("AUTH EXTERNAL"), steps("EXTERNAL " + text64("alice").strip(), "235 ok\r\n"), BYE),
    Session(ehlo(), ("C", "AUTH\r\n"), ("S", "501 what\r\n"), ("C", "AUTH WHAT\r\n"), ("S", "504 no\r\n"), BYE),
    Session(ehlo("AUTH PLAIN"), [step for n in range(6) for step in login("user%d" % n, "guess%d" % n)], login("user9", "right", "235 ok\r\n"), BYE),
]

PROTECTION = [
    Session(STARTTLS, HIDDEN),
    Session(STARTTLS, HIDDEN, port=587),
    Session(TLS, ("C", "STARTTLS\r\n"), ("s", "220 go\r\n"), HIDDEN), # its answer, or itself, is lost
    Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 4.7.0 not now\r\n"), ("C", "STARTTLS\r\n"), ("s", "220 go\r\n"), HIDDEN),
    Session(TLS, ("c", "STARTTLS\r\n"), ("S", "220 go\r\n"), HIDDEN),
    Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 4.7.0 not now\r\n"), ("c", "STARTTLS\r\n"), ("S", "220 go\r\n"), HIDDEN),
    Session(TLS, ("C", "STARTTLS\r\n"), ("s", "220 go\r\n"), FAILED),
    Session(STARTTLS, ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 AUTH PLAIN\r\n"), login("alice", "secret-word", "235 ok\r\n"), message(PLAIN_TEXT), BYE),
    Session(STARTTLS, ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), message(PLAIN_TEXT), BYE),
    Session(STARTTLS, message(PLAIN_TEXT), BYE),
    Session(STARTTLS),
    Session(STARTTLS, close=False),
    Session(TLS, ("C", "STARTTLS\r\n")),
    Session(TLS, message(PLAIN_TEXT), BYE),
    Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 4.7.0 not now\r\n"), message(PLAIN_TEXT), BYE),
    Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 4.7.0 not now\r\n"), ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), HIDDEN),
    Session(STARTTLS, FAILED, ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"), message(PLAIN_TEXT), BYE),
    Session(STARTTLS, FAILED, ("C", "EHLO c\r\n"), ("S", "250 STARTTLS\r\n"), ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), HIDDEN),
    Session(STARTTLS, FAILED),
    Session(TLS, message(PLAIN_TEXT), ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), HIDDEN),
    Session(HIDDEN, port=465),
    Session(HIDDEN[:2], ("C", TLS_ALERT), port=465),
    Session(ehlo("STARTTLS"), ("C", "STARTTLS\r\nEHLO injected\r\n"), ("S", "220 go\r\n"), HIDDEN),
    Session(ehlo("STARTTLS"), ("C", "STARTTLS\r\n"), ("S", "220 go\r\n250 injected\r\n"), HIDDEN),
    Session(BANNER, ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 XXXXXXXA\r\n"), message(PLAIN_TEXT), BYE),
    Session(ehlo("STARTTLS", "AUTH PLAIN"), login("alice", "secret-word", "530 5.7.0 Must issue a STARTTLS command first\r\n"), BYE),
]

HOLES = [
    Session(ehlo(), MAIL, rcpt("b1", "250 ok\r\n", seen=False), content("250 ok\r\n"), BYE),
    Session(ehlo(), envelope(), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", "Subject: x\r\n\r\nfirst\r\n"), ("c", "lost\r\n"), ("C", "last\r\n.\r\n"),
            ("S", "250 ok\r\n"), BYE),
    Session(ehlo(), ("c", "MAIL FROM:<a@example.com>\r\n"), ("S", "250 ok\r\n"), rcpt("b1", "250 ok\r\n"), content("250 ok\r\n"), BYE),
    Session(message(PLAIN_TEXT), BYE, begun=False),
    Session(("S", "250 ok\r\n"), message(PLAIN_TEXT), BYE, begun=False),
    Session(("C", "le of a mail\r\n.\r\n"), ("S", "250 2.0.0 queued\r\n"), message(PLAIN_TEXT), BYE, begun=False),
    Session(("C", "RCPT TO:<b@example.com>\r\n"), ("S", "550 5.1.1 no\r\n"), ("C", "RSET\r\n"), ("S", "250 ok\r\n"), BYE, begun=False),
    Session(ehlo("CHUNKING"), envelope(), ("C", "BDAT 20\r\n" + "x" * 8), ("c", "x" * 12), ("S", "250 ok\r\n"), chunks(5), BYE),
    Session(ehlo("PIPELINING"), ("C", "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"), ("s", "250 ok\r\n"), ("S", "250 ok\r\n"),
            content("250 ok\r\n"), BYE),
]

ODD = [
    Session(("C", "PROXY TCP4 192.0.2.10 192.0.2.2 4000 25\r\n"), ehlo(), message(PLAIN_TEXT), BYE),
    Session(BANNER, ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 ATRN\r\n"), ("C", "ATRN example.com\r\n"), ("S", "250 turning\r\n"),
            ("C", "220 client.example.com\r\n"), ("S", "EHLO mx\r\n"), ("C", "250 client\r\n"), ("S", "MAIL FROM:<a@example.com>\r\n"), ("C", "250 ok\r\n"),
            ("S", "RCPT TO:<b@example.com>\r\n"), ("C", "250 ok\r\n"), ("S", "QUIT\r\n"), ("C", "221 bye\r\n")),
    Session(ehlo("XCLIENT NAME ADDR"), ("C", "XCLIENT NAME=x ADDR=192.0.2.9\r\n"), ("S", "220 mx\r\n"), ("C", "EHLO c\r\n"), ("S", "250 mx\r\n"),
            message(PLAIN_TEXT), BYE),
    Session(ehlo("ETRN"), ("C", "ETRN example.com\r\nVRFY bob\r\nEXPN list\r\nHELP\r\n"), ("S", "250 ok\r\n252 maybe\r\n550 no\r\n214 help\r\n"), BYE),
    Session(ehlo(), ("C", "\r\n"), ("S", "500 what\r\n"), ("C", "WHAT IS THIS\r\n"), ("S", "500 what\r\n"), BYE),
    Session(("C", "EHLO early\r\n"), ("S", "220 mx\r\n250 mx\r\n"), BYE),
    Session(ehlo(), message("Subject: x\r\n\r\nx\n.\nMAIL FROM:<evil@example.com>\r\n"), BYE),
    test_findings.smuggle("\n.\r\n", replies="250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
    Session(ehlo(), ("C", "NOOP one\r\n"), ("again", "NOOP two\r\n"), ("S", "250 ok\r\n"), BYE),
    Session(ehlo(), [step for _ in range(300) for step in (("C", "NOOP\r\n"), ("S", "250 ok\r\n"))], BYE),
]


def sessions_of(dialogues):
    """A row of test_findings.py is one session, or several."""
    for dialogue in dialogues:
        yield from dialogue if isinstance(dialogue, list) else [dialogue]


# Findings of segments that somebody forged or broke: there Wireshark's TCP has an order of its own.
OF_SEGMENTS = ("tcp-contradiction", "checksum-mismatch", "overlap-conflict")


def findings(of_segments):
    """What has each finding, and what just has it not."""
    for name, (positive, negative) in test_findings.ROWS.items():
        if (name in OF_SEGMENTS) == of_segments:
            yield from sessions_of(positive + negative)
    for row in test_findings.ACROSS.values():
        if (row[0] in OF_SEGMENTS) == of_segments:
            yield from row[2]
    for row in test_findings.FRAMES.values():
        if (row[0] in OF_SEGMENTS) == of_segments:
            yield row[1]


def clear_behind_tls(session):
    """Whether clear text follows TLS records: Wireshark's TLS does not give that back to the plugin."""
    tls = False
    for who, octets in session.steps:
        record = isinstance(octets, bytes) and octets[:1] in (b"\x14", b"\x15", b"\x16", b"\x17")
        if tls and not record and who in "CScs":
            return True
        tls = tls or record
    return False


def without_tls_that_ends(sessions):
    return [session for session in sessions if not clear_behind_tls(session)]


FINDINGS = list(findings(False))
KINDS = {"replies": REPLIES, "mails": MAILS, "deliveries": DELIVERIES, "logins": LOGINS, "holes": HOLES, "odd": ODD,
         "protection": without_tls_that_ends(PROTECTION), "findings": without_tls_that_ends(FINDINGS),
         "segments": list(findings(True)),
         "tls-that-ends": [session for session in PROTECTION + FINDINGS if clear_behind_tls(session)]}


def save(folder):
    """Writes the captures. Returns their paths."""
    return [capture(*sessions).save("%s/rare-%s.pcap" % (folder, kind)) for kind, sessions in KINDS.items()]
