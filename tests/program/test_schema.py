#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every JSON record is as docs/schema/ says, no key more and no key less.

usage: test_schema.py --build FOLDER --captures FOLDER [UNITTEST-ARGUMENT...]
"""
import copy
import json
import os
import sys
import unittest

import jsonschema

import mails
import program
from pcap import Capture, Connection, mail
from program import path, run, write_capture

# Lines of logs have the keys of other programs, and no "record".
LOGS = {"zeek-json": "zeek", "eve": "eve"}
COMMANDS = (("transcript",), ("sessions", "--timing"), ("messages",), ("findings",), ("servers",), ("transcript", "--show-secrets"))


def schemas():
    folder = os.path.join(program.ARGUMENTS.captures, "..", "docs", "schema")
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            found[name.removesuffix(".json")] = json.load(file)
    return found


def validators():
    """A validator for each record, by its name."""
    found = schemas()
    store = {schema["$id"]: schema for schema in found.values()}
    return {name: jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver(schema["$id"], schema, store=store))
            for name, schema in found.items()}


def objects(value):
    """The object itself, and all that are in it."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.validators = validators()

    def check_log(self, form, name):
        """Validates the lines of a log; how many there are, and the keys that occur."""
        lines = [json.loads(line) for line in run("sessions", "--format", form, name).stdout.decode("utf-8").splitlines()]
        for line in lines:
            error = jsonschema.exceptions.best_match(self.validators[LOGS[form]].iter_errors(line))
            if error is not None:
                self.fail("%s: %s: %s" % (form, "/".join(map(str, error.absolute_path)), error.message[:300]))
        return len(lines), {key for line in lines for inner in objects(line) for key in inner}

    def check(self, octets):
        """Validates an output; the names of its records."""
        names = []
        for line in octets.decode("utf-8").splitlines():
            record = json.loads(line)
            self.assertEqual(next(iter(record)), "record")
            names.append(record["record"])
            self.assertIn(record["record"], self.validators)
            error = jsonschema.exceptions.best_match(self.validators[record["record"]].iter_errors(record))
            if error is not None:
                self.fail("%s: %s: %s" % (record["record"], "/".join(map(str, error.absolute_path)), error.message[:300]))
        self.assertEqual(names[-1], "summary")
        return names

    def test_schemas(self):
        found = schemas()
        self.assertGreater(len(found), 14)
        for name, schema in found.items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)
                self.assertTrue(schema["$id"].endswith("/" + name + ".json"))
                for inner in objects(schema):
                    if inner.get("type") == "object":
                        self.assertIs(inner["additionalProperties"], False)
        listed = {reference["$ref"] for reference in found["record"]["oneOf"]}
        self.assertEqual(listed, {name + ".json" for name in found} - {"values.json", "record.json"} - {name + ".json" for name in LOGS.values()})

    def test_every_capture(self):
        seen = set()
        for capture in mails.all_captures():
            for command in COMMANDS:
                with self.subTest(os.path.basename(capture), command=command):
                    seen |= set(self.check(run(*command, "--format", "json", capture).stdout))
        self.assertLessEqual({"session", "command", "reply", "data", "boundary", "message", "finding", "server", "summary"}, seen)

    def test_logs(self):
        """Every key of their schemas occurs."""
        rare = Capture()
        header = "".join("%s: a@example.com\r\n" % name for name in (
            "Date From To Cc Bcc Reply-To Subject Message-ID In-Reply-To References Received Received X-Mailer User-Agent X-User-Agent Importance "
            "Priority Sensitivity Organization Content-MD5").split()) + "X-Originating-IP: 192.0.2.7\r\n"
        connection = Connection(rare).open().say("S", "220 mx\r\n").say("C", b"EHLO \xff\r\n").say("S", "250 mx\r\n")
        connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n").say("C", "RCPT TO:<b@example.com>\r\n").say("S", "550 no\r\n")
        connection.say("C", "RCPT TO:<c@example.com>\r\n").say("S", "250 ok\r\n").say("C", "DATA\r\n").say("S", "354 go\r\n")
        connection.say("C", header + "Content-Disposition: attachment; filename=x\r\n\r\nhello\r\n.\r\n").say("S", "250 ok\r\n").close()
        long = Connection(rare, client_port=40001).open().say("S", "220 mx\r\n").say("C", "EHLO c\r\n").say("S", "250 mx\r\n")
        long.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n").say("C", "RCPT TO:<b@example.com>\r\n").say("S", "250 ok\r\n")
        long.say("C", "DATA\r\n").say("S", "354 go\r\n").say("C", "Received: y\r\n" * 4500).say("C", "Received: y\r\n" * 4500).say("C", "\r\nx\r\n.\r\n").close()
        name = write_capture("rare.pcap", rare)
        for form, schema in LOGS.items():
            keys = self.check_log(form, name)[1]
            wanted = {key for inner in objects(schemas()[schema]) if inner.get("type") == "object" for key in inner["properties"]}
            self.assertEqual(keys, wanted)
            for capture in mails.all_captures():
                with self.subTest(os.path.basename(capture), form=form):
                    self.check_log(form, capture)
            for line in run("sessions", "--format", form, name).stdout.splitlines():
                for number, _ in enumerate(objects(json.loads(line))):
                    more = json.loads(line)
                    list(objects(more))[number]["no_such_key"] = None
                    self.assertFalse(self.validators[schema].is_valid(more))

    def test_reference(self):
        names = self.check(run("reference", "--format", "json").stdout)
        self.assertGreater(names.count("reference"), 300)
        self.check(run("explain", "--format", "json", "--lang", "ja", "550 5.7.1", "STARTTLS").stdout)
        self.check(run("explain", "--format", "json", "--capture", next(mails.all_captures())).stdout)

    def test_rare(self):
        """Holes, a PROXY header, roles that turn, text that is no UTF-8, names of captures that are none, what was exported and verified."""
        capture = Capture()
        connection = mails.begin(Connection(capture)).say("C", b"Subject: caf\xe9\r\n").say("C", "lost", record=False)
        mails.end(connection.say("C", "\r\nend\r\n.\r\n"))
        proxied = Connection(capture, client_port=40001).open()
        proxied.say("C", "PROXY TCP4 192.0.2.1 192.0.2.2 1000 25\r\n").say("S", b"220 mx \xff\r\n").say("C", b"EHLO \xff\r\n")
        proxied.say("S", b"250-mx\r\n250-X\xff\r\n250 AUTH PLAIN\r\n").say("C", b"MAIL FROM:<\xff@example.com>\r\n").say("S", b"250 \xff\r\n")
        proxied.say("C", b"RCPT TO:<\xff@example.com>\r\n").say("S", b"550 \xff\r\n").say("C", "AUTH PLAIN AP8A/w==\r\n").say("S", "235 ok\r\n").close()
        turned = Connection(capture, client_port=40002).open().say("S", "220 mx ESMTP\r\n").say("C", "EHLO c\r\n").say("S", "250-mx\r\n250 ATRN\r\n")
        turned.say("C", "ATRN example.com\r\n").say("S", "250 ok\r\n").say("C", "220 c ESMTP\r\n").say("S", "EHLO mx\r\n").say("C", "250 c\r\n")
        turned.say("S", "QUIT\r\n").say("C", "221 bye\r\n").close()
        middle = Connection(capture, client_port=40003)
        middle.say("C", "garbage in the middle of something\r\n").say("S", "250 ok\r\n").say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n")
        middle.say("C", "QUIT\r\n").say("S", "221 bye\r\n").close()
        name = write_capture("rare-\udcff.pcap", capture)
        seen = set()
        for command in COMMANDS:
            seen |= set(self.check(run(*command, "--format", "json", "--hash-input", name, "nowhere-\udcff.pcap").stdout))
        out = mails.fresh("out-\udcff")
        for options in (("--output-dir", out, "--attachments"), ("--verify", out), ("--verify", out, "--session", "1")):
            seen |= set(self.check(run("messages", "--format", "json", *options, name).stdout))
        with open(os.path.join(path(out), "messages.ndjson"), "rb") as file:
            self.check(file.read())
        self.assertLessEqual({"gap", "proxy", "turned", "verification", "message"}, seen)

    def test_sharp(self):
        """The schemas do notice: a key more, a key less, in any of a record's objects."""
        capture = Capture()
        mail(Connection(capture))
        lines = run("--format", "json", write_capture("mail.pcap", capture)).stdout.splitlines()
        lines += run("messages", "--format", "json", "mail.pcap").stdout.splitlines()
        lines += run("servers", "--format", "json", "mail.pcap").stdout.splitlines()
        lines += run("findings", "--format", "json", "mail.pcap").stdout.splitlines()
        lines += run("explain", "--format", "json", "STARTTLS").stdout.splitlines()
        for line in lines:
            record = json.loads(line)
            validator = self.validators[record["record"]]
            self.assertTrue(validator.is_valid(record))
            for number, found in enumerate(objects(record)):
                more = copy.deepcopy(record)
                list(objects(more))[number]["no_such_key"] = None
                self.assertFalse(validator.is_valid(more), record["record"])
                for key in found:
                    less = copy.deepcopy(record)
                    del list(objects(less))[number][key]
                    if found is not record.get("dropped"):
                        self.assertFalse(validator.is_valid(less), (record["record"], key))


if __name__ == "__main__":
    sys.exit(program.main())
