# SPDX-License-Identifier: GPL-2.0-or-later
"""Mails that `messages` writes to a folder, and dialogues with a message, for the tests of them."""
import email
import email.policy
import hashlib
import json
import os
import shutil

from email.message import EmailMessage

import program
from pcap import Capture, Connection
from program import path, records, write_capture

INDEX = "messages.ndjson"
CONTENT = b"Subject: hello\r\n\r\nhello\r\n"


def sha256(octets):
    return hashlib.sha256(octets).hexdigest()


def fresh(name):
    """A folder that is not there yet."""
    shutil.rmtree(path(name), ignore_errors=True)
    return name


def read(folder, name):
    with open(os.path.join(path(folder), name), "rb") as file:
        return file.read()


def index_of(folder):
    return [json.loads(line) for line in read(folder, INDEX).decode("utf-8").splitlines()]


def export(folder, *captures, **more):
    """Runs `messages` with a new folder; its records, and what is in the folder beside the index."""
    found, done = records("messages", "--output-dir", fresh(folder), *captures, **more)
    return found, sorted(set(os.listdir(path(folder))) - {INDEX}), done


def begin(connection, command="DATA"):
    """A dialogue up to where the content comes."""
    connection.open().say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 CHUNKING\r\n")
    connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
    connection.say("C", "RCPT TO:<b@example.com>\r\n").say("S", "250 ok\r\n")
    if command == "DATA":
        connection.say("C", "DATA\r\n").say("S", "354 go\r\n")
    return connection


def end(connection):
    return connection.say("S", "250 queued\r\n").say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()


def all_captures():
    """The bundled captures, and those of the shared corpus where it lies beside the checkout."""
    folders = [program.ARGUMENTS.captures, os.path.join(program.ARGUMENTS.captures, "..", "..", "shared", "corpus", "captures")]
    for folder in folders:
        if not os.path.isdir(folder):
            print("skipped: no captures in %s" % folder)
            continue
        for name in sorted(os.listdir(folder)):
            if os.path.isfile(os.path.join(folder, name)) and ".pcap" in name or name.endswith(".cap"):
                yield os.path.abspath(os.path.join(folder, name))


def message_with(*attachments):
    """A message as it goes over the wire, with files (name, octets) attached."""
    mail_ = EmailMessage()
    mail_["Subject"] = "Grüße"
    mail_.set_content("hello\n")
    for name, octets in attachments:
        mail_.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return mail_.as_bytes(policy=email.policy.SMTP)


def stuffed(octets):
    lines = octets.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


def write_message(name, octets):
    capture = Capture()
    connection = begin(Connection(capture))
    octets = stuffed(octets)
    for at in range(0, len(octets), 1400):
        connection.say("C", octets[at:at + 1400])
    end(connection.say("C", ".\r\n" if octets.endswith(b"\r\n") else "\r\n.\r\n"))
    return write_capture(name, capture)
