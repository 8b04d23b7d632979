#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What Zeek's and Suricata's own test suites expect of captures that the shared corpus has: our logs say the same, but for what
docs/pipelines.md says is otherwise on purpose. Skips (exit status 77) where the corpus is not there.

usage: baselines.py --smtpscope PROGRAM --shared FOLDER

Times and identifiers are masked in those suites, or drawn by lot, and are not compared. Of mails of real persons only what
names nobody is.
"""
import argparse
import json
import os
import subprocess
import sys

from smtp_log import Log

LOCAL = {"helo": "localhost", "mailfrom": "zeek@localhost", "rcptto": ["root@localhost"], "trans_depth": 1, "tls": False,
         "id.resp_p": 25, "path": ["127.0.0.1", "127.0.0.1"]}
SYNTAX = {**LOCAL, "last_reply": "521 5.5.4 Syntax: BDAT count [LAST]"}
HEADER = ("date", "from", "to", "cc", "reply_to", "msg_id", "in_reply_to", "subject", "x_originating_ip", "first_received",
          "second_received", "user_agent")

# Zeek's lines: the values, and which are unset. A number stands for a list of so many.
ZEEK = {
    "rfc3030-bdat-0-last": [({**LOCAL, "last_reply": "250 2.0.0 Ok: 0 bytes queued as 75A291CA025", "fuids": 0}, HEADER)],
    "rfc3030-bdat-example1": [({**LOCAL, "from": "Sam@random.com", "to": ["Susan@random.com"], "subject": "This is a bodyless test message",
                                "last_reply": "250 2.0.0 Ok: 86 bytes queued as 1E2891CA025", "fuids": 0}, ("date", "cc", "msg_id"))],
    "rfc3030-bdat-multipart-chunked": [({**LOCAL, "date": "Tue, 12 Dec 2023 17:37:16 +0100", "subject": "Zeek Logo", "fuids": 2, "to": 1,
                                         "last_reply": "250 2.0.0 Ok: 3462 bytes queued as E4F471CA025"}, ("cc", "reply_to"))],
    "smtp-bdat-cmd-invalid": [(SYNTAX, HEADER)] * 3,
    "smtp-bdat-cmd-negative-chunk-size": [(SYNTAX, HEADER)],
    "smtp-bdat-cmd-chunk-size-overflow": [(SYNTAX, HEADER)],
    "smtp-bdat-gap": [({"helo": "sender.example.com", "mailfrom": "sender@example.com", "rcptto": ["recipient@example.com"], "tls": False,
                        "last_reply": "250 OK: message queued", "path": ["10.0.0.2", "10.0.0.1"], "trans_depth": 1}, ("date", "msg_id"))],
    "smtp-one-side-only": [({"trans_depth": 1, "subject": subject, "rcptto": 1, "to": 1, "path": 2, "tls": False, "fuids": 0},
                            ("last_reply", "date", "cc", "msg_id")) for subject in ("Hello1!", "Hello2!")],
    "smtp-mail-transactions-invalid": [
        ({"trans_depth": depth, "helo": "Bob-PC", "mailfrom": "bob@example.org", "rcptto": ["alice@example.org"], "last_reply": reply,
          "path": ["127.0.0.1", "127.0.0.1"], "tls": False, "fuids": 0}, HEADER)
        for depth, reply in ((1, "250 OK id=1pgobK-001mwq-ED"), (2, "250 OK id=1pgobM-001mwq-Vc"))],
    "smtp-bdat-pipeline-8bitmime": [
        ({"trans_depth": 1, "last_reply": "250 OK id=1lHkUh-008hPw-NY", "date": "Thu, 4 Mar 2021 11:38:56 +0200", "to": 1, "cc": 5,
          "subject": "Re: [PATCH 1/2] units: Add the HZ_PER_KHZ macro", "fuids": 1,
          "in_reply_to": "<20210303163125.dcc0a086a939a58ed30750e8@linux-foundation.org>",
          "first_received": "by mail-pf1-x42f.google.com with SMTP id y67so641134pfb.2        for <linux-kernel@vger.kernel.org>;"
                            " Thu, 04 Mar 2021 01:39:13 -0800 (PST)"}, ("reply_to", "x_originating_ip", "user_agent")),
        ({"trans_depth": 2, "date": "Thu,  4 Mar 2021 10:38:07 +0100", "to": 5, "cc": 22, "fuids": 1,
          "subject": "[RFC v4] copy_file_range.2: Update cross-filesystem support for 5.12",
          "second_received": "by mail-wr1-x431.google.com with SMTP id b18so20376314wrn.6;        Thu, 04 Mar 2021 01:40:19 -0800 (PST)",
          "user_agent": "git-send-email 2.30.1.721.g45526154a5"}, ("reply_to", "x_originating_ip"))],
}

# Where ours is otherwise on purpose.
OTHERWISE = {
    # An address literal with a tag (RFC 5321 section 4.1.3) is an address.
    "smtp-bdat-pipeline-8bitmime": [{"path": 4}, {"path": 5}],
    # The DATA behind the lost BDAT is whole, and read.
    "smtp-bdat-gap": [{"subject": "Test", "fuids": 1, "smtpscope.gaps": 1000}],
}

TOTO = {"dest_port": 25, "proto": "TCP", "tx_id": 0, "smtp.helo": "linuxbox", "smtp.rcpt_to": 1, "email.status": "PARSE_DONE",
        "email.to": 1, "src_port": 39202}
DONE = {"email.status": "PARSE_DONE"}


def path(address):
    return "<%s>" % address


def envelope(number, sender, recipient, **more):
    return {"tx_id": number, "smtp.mail_from": path(sender), "smtp.rcpt_to": [path(recipient)], **more}


# Suricata's events; `None`: the key is not there.
EVE = {
    "mime-dec-parse-full-msg-test01": [{**TOTO, "pcap_cnt": 14}],
    "mime-dec-parse-full-msg-test02": [{**TOTO, "pcap_cnt": 14}],
    "smtp-file-data-01": [envelope(0, "sender@example.com", "recipient@example.com", **DONE,
                                   **{"smtp.helo": "client-1016363.example.int", "email.attachment": ["J.txt"],
                                      "email.from": "<sender@example.com>", "email.to": ["<recipient@example.com>"]})],
    "smtp-bdat-pipelined-next-mail": [
        envelope(0, "alice@example.com", "bob@example.com"),
        envelope(1, "bob@example.com", "alice@example.com", **DONE, **{"email.from": "bob@example.com", "email.to": ["alice@example.com"]})],
    "smtp-bdat-multichunk-inspection": [envelope(0, "a@example.com", "b@example.com"), envelope(1, "evil@example.com", "victim@example.com", **DONE)],
    "smtp-helo-reset-after-rcpt": [
        envelope(0, "alice@example.com", "bob@example.com", email=None),
        envelope(1, "bob@example.com", "alice@example.com", **DONE, **{"email.from": "bob@example.com", "email.to": ["alice@example.com"]})],
    "smtp-rejected-ehlo-preserves-envelope": [
        envelope(0, "alice@example.com", "bob@example.com", **DONE,
                 **{"smtp.helo": "client.example.com", "email.from": "alice@example.com", "email.to": ["bob@example.com"]})],
    "ruletype-firewall-128-smtp-rset-next-tx-delivered": [
        {"smtp.mail_from": "<alice@example.com>", "smtp.rcpt_to": None},
        {"smtp.mail_from": "<bob@example.com>", "smtp.rcpt_to": ["<alice@example.com>"]}],
    "detect-email-received": [{"email.received": [
        "from client.local (client.local [10.0.0.1]) by smtp.relay1.com with ESMTP id relay1abc; Thu, 10 Apr 2025 12:00:00 -0000",
        "from smtp.relay1.com (smtp.relay1.com [10.0.0.10]) by smtp.relay2.com with ESMTP id relay2xyz; Thu, 10 Apr 2025 12:01:00 -0000",
        "from smtp.relay2.com (smtp.relay2.com [10.0.0.20]) by smtp.destination.com with ESMTP id final123; Thu, 10 Apr 2025 12:02:00 -0000"]}],
    "smtp-pipelining": [{"smtp.rcpt_to": ["<john.doe@example.com>"], **DONE}],
    "smtp-to-comma": [{}, {"email.to": None, "email.cc": 1}],
    "smtp-startssl": [{"email": None, "smtp.mail_from": None}],
    "smtp-rset-starttls": [{}],
}


def run(arguments, form, name):
    capture = os.path.join(arguments.shared, "corpus", "captures", name + ".pcap")
    done = subprocess.run([arguments.smtpscope, "sessions", "--format", form, capture], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=120)
    return done.stdout


def flat(event):
    """With the keys of the objects in it as "smtp.helo", beside themselves."""
    inner = {outer + "." + key: value for outer in ("smtp", "email") for key, value in event.get(outer, {}).items()}
    return {**event, **inner}


def differences(found, expected):
    for key, value in expected.items():
        other = found.get(key)
        if isinstance(value, int) and isinstance(other, list):
            other = len(other)
        if other != value and not (isinstance(value, list) and isinstance(other, list) and sorted(other) == sorted(value)):
            yield "%s is %r, not %r" % (key, other, value)


def compare(name, found, expected):
    if len(found) != len(expected):
        return ["%s: %d lines, not %d" % (name, len(found), len(expected))]
    return ["%s, line %d: %s" % (name, number, text) for number, (line, values) in enumerate(zip(found, expected), 1)
            for text in differences(line, values)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--shared", required=True)
    arguments = parser.parse_args()
    if not os.path.isdir(os.path.join(arguments.shared, "corpus", "captures")):
        print("skipped: no capture corpus in %s" % arguments.shared)
        return 77
    wrong = []
    for name, lines in ZEEK.items():
        others = OTHERWISE.get(name, [{}] * len(lines))
        expected = [{**dict.fromkeys(unset), **values, **other} for (values, unset), other in zip(lines, others)]
        wrong += compare(name, Log(run(arguments, "zeek", "zeek__" + name)).lines, expected)
    for name, events in EVE.items():
        found = [flat(json.loads(line)) for line in run(arguments, "eve", "sv__" + name).decode("utf-8").splitlines()]
        wrong += compare(name, found, events)
    print("\n".join(wrong) or "%d captures as their own projects expect them" % (len(ZEEK) + len(EVE)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
