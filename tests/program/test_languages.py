#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every text that the program prints comes from the catalogue of the language asked for, and columns stay columns.

usage: test_languages.py --smtpscope PROGRAM --source FOLDER [UNITTEST-ARGUMENT...]

PROGRAM also speaks a language that nobody speaks (nobodys_language.py): each text in letters of another script. What is in Latin letters still must be
from the wire, or a name of the protocol; anything else is a text that cannot be translated. The same is looked for in Japanese,
where the translations may have Latin words, too.
"""
import argparse
import base64
import gzip
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
import unittest

from dialogues import BANNER, BYE, MAIL, PLAIN_TEXT, TLS, TLS_HELLO, Session, capture, ehlo, envelope, login, message, refusals

ARGUMENTS = None
SCRATCH = None
NOBODYS = "xx"
WORD = re.compile("[A-Za-z]{2,}")
COMMANDS = (["transcript"], ["transcript", "--full"], ["sessions", "--timing"], ["messages"], ["findings"], ["servers"], ["report"])

# Keys of JSON whose values are from the wire, names of files, or details of findings, which are data and in English.
DATA = {"capture", "last_capture", "text", "name", "extensions", "mechanism", "identity", "id", "detail", "lines", "argument", "line",
        "version", "sni", "mail_from", "address", "reply", "subject", "from", "to", "date", "message_id", "filename", "content_type",
        "banners", "extensions_clear", "extensions_tls", "auth_clear", "auth_tls", "path", "alpn"}
# Names that stand in every language.
NAMES = {"SMTP", "LMTP", "SHA", "TLS", "ALPN", "smtpscope", "secret"}
FIELDS = re.compile(r"(?<![A-Za-z])(?:From|To|Subject|Date|Message-ID): ")
NUMBERS = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|SHA-256 [0-9a-f]+")


def settings():
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def run(*arguments, standard_input=None):
    return subprocess.run([ARGUMENTS.smtpscope, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, input=standard_input, cwd=SCRATCH,
                          env=settings(), timeout=120)


def text(*arguments):
    return run(*arguments).stdout.decode()


def words_of_translations():
    with open(os.path.join(ARGUMENTS.source, "po", "ja.po"), encoding="utf-8") as file:
        return set(WORD.findall("".join(line for line in file if not re.match(r"msgid|#", line))))


def values_of(value, key=""):
    """Strings of a record that may stand in its text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "gaps":
                yield from values_of(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner, key)
    elif isinstance(value, str) and key in DATA:
        yield value
        challenge = re.fullmatch(r"334 ([A-Za-z0-9+/=]+)", value)
        if challenge:
            yield base64.b64decode(challenge.group(1)).decode("utf-8", "replace")


def left_over(output, records, allowed):
    """Words that are neither from the wire nor names: each with what is around it."""
    values = {" ".join(value.split()) for record in records for value in values_of(record)}
    plain = FIELDS.sub(" ", NUMBERS.sub(" ", " ".join(output.split())))
    pattern = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True) if WORD.search(value))
    plain = re.sub("(?<![A-Za-z])(?:%s)(?![A-Za-z])" % pattern, "\x1a", plain) if pattern else plain
    return [plain[max(match.start() - 40, 0):match.end() + 40] for match in WORD.finditer(plain) if match.group() not in allowed]


def words_of_page(page):
    """What is read of a page, or read out; without the options of the command line, and digests."""
    attributes = re.findall(r'(?:aria-label|placeholder|data-format)="([^"]*)"', page)
    page = re.sub(r"<(style|script|title)>.*?</\1>|<code>--[^<]*</code>|[0-9a-f]{64}", " ", page, flags=re.DOTALL)
    return html.unescape(" ".join([re.sub(r"<[^>]*>", " ", page), *attributes]))


def columns(line):
    return sum(0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
               for character in line)


def column_of(line, part):
    """The column behind the first place where the pattern stands."""
    return columns(line[:re.search(part, line).end()])


def bundled():
    return sorted(os.path.join("captures", name) for name in os.listdir(os.path.join(SCRATCH, "captures")) if ".pcap" in name)


def save(name, *sessions):
    capture(*sessions).save(os.path.join(SCRATCH, name))
    return name


def dialogues():
    """What the bundled captures have not."""
    content = PLAIN_TEXT + "--b\r\n" * 30
    yield save("holes.pcap",
               Session(ehlo(), MAIL, ("C", "RCPT TO:<b@example.com>\r\n"), ("s", "250 ok\r\n"), ("C", "DATA\r\n"), ("S", "354 go\r\n"),
                       ("C", content[:40]), ("c", content[40:90]), ("C", content[90:] + ".\r\n"), ("S", "250 queued\r\n"), BYE),
               Session(ehlo()[:2], close=False), Session(BYE, begun=False),
               Session(ehlo(), envelope(recipients=6), ("C", "DATA\r\n"), ("S", "354 go\r\n"), ("C", content), close=False))
    yield save("refusals.pcap",
               Session(ehlo(), MAIL, refusals(0, 3), refusals(0, 2, "450 4.2.1"), refusals(0, 1, "599"), refusals(0, 1, "452 4.5.3"), BYE),
               Session(("S", "554 5.7.1 no\r\n"), ("C", "QUIT\r\n"), ("S", "221 bye\r\n")), Session(("S", "421 busy\r\n")),
               Session(BANNER, ("C", "EHLO c\r\n"), ("S", "550 no\r\n")), Session(BANNER, ("C", "EHLO c\r\n"), ("S", "421 no\r\n")),
               Session(ehlo(), ("C", "MAIL FROM:<a@example.com>\r\n"), ("S", "550 5.1.8 no\r\n"), BYE),
               Session(TLS, ("C", "STARTTLS\r\n"), ("S", "454 4.7.0 no\r\n"), BYE), Session(TLS, ("C", "STARTTLS\r\n"), ("S", "554 no\r\n"), BYE),
               Session(ehlo("AUTH PLAIN"), login("u", "p"), login("u", "q", "454 4.7.0 later\r\n"), BYE),
               Session(ehlo(), MAIL, [("C", "".join("RCPT TO:<u%d@example.com>\r\n" % i for i in range(40))),
                                      ("S", "".join("550 5.1.1 word%d\r\n" % i for i in range(40)))], BYE))
    yield save("sessions.pcap",
               *(Session(ehlo("AUTH PLAIN"), *(login("u%d" % number, "p%d" % i) for i in range(4)), BYE, client="192.0.2.%d" % number)
                 for number in range(10, 16)),
               Session(ehlo("STARTTLS", "SIZE 10"), BYE), Session(ehlo("SIZE 10"), BYE, client="192.0.2.9"),
               Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", TLS_HELLO)),
               Session(TLS, ("C", "STARTTLS\r\n"), ("S", "220 go\r\n"), ("C", "EHLO c\r\n"), ("S", "250-mx\r\n250 AUTH PLAIN\r\n"), BYE),
               Session(ehlo(*("X-WORD-%d" % number for number in range(100))), BYE, server="192.0.2.3"),
               Session(ehlo(), MAIL[0], ("wait", 400), MAIL[1], *(message(PLAIN_TEXT) for _ in range(7)), BYE),
               Session(("C", "HTTP/1.1\r\n\r\n"), ("S", "HTTP/1.1 200\r\n"), server="192.0.2.4"))


class EveryText(unittest.TestCase):
    """`allowed`: words that may stay."""

    @classmethod
    def setUpClass(cls):
        names = {record["name"] for line in text("reference", "--format", "json").splitlines()
                 for record in [json.loads(line)] if record["record"] == "reference"}
        cls.allowed = NAMES | {word for name in names if name == name.upper() for word in WORD.findall(name)}
        cls.captures = [[path] for path in [*bundled(), *dialogues()]]
        cls.captures.append([*bundled()[:3], "sessions.pcap"])

    def check(self, language, allowed):
        letters = "[\u0400-\u04ff]" if language == NOBODYS else "[\u3040-\u30ff\u4e00-\u9fff]"
        for paths in self.captures:
            records = [json.loads(line) for command in ("transcript", "messages", "servers", "findings")
                       for line in text(command, "--format", "json", *paths).splitlines()]
            for command in COMMANDS:
                done = run(*command, "--lang", language, *paths)
                self.assertEqual(done.returncode, 0, paths)
                out = done.stdout.decode() + done.stderr.decode()
                if command == ["report"]:
                    out = words_of_page(out)
                if "--full" not in command: # which has whole messages
                    self.assertEqual(left_over(out, records, allowed), [], (language, command, paths))
                self.assertRegex(out, letters)

    def test_language_of_nobody(self):
        self.check(NOBODYS, self.allowed)

    def test_japanese(self):
        self.check("ja", self.allowed | words_of_translations())

    def test_json_is_the_same(self):
        for paths in self.captures:
            for command in ("transcript", "sessions", "messages", "findings", "servers"):
                english = text(command, "--format", "json", "--lang", "en", *paths)
                self.assertEqual(text(command, "--format", "json", "--lang", NOBODYS, *paths), english)
                self.assertEqual(text(command, "--format", "json", "--lang", "ja", *paths), english)

    def test_verify(self):
        path = os.path.join("captures", "attachments.pcap")
        text("messages", "--output-dir", "mails", "--attachments", path)
        folder = os.path.join(SCRATCH, "mails")
        os.remove(os.path.join(folder, "session-1-transaction-2.eml"))
        with open(os.path.join(folder, "session-2-transaction-1.eml"), "ab") as file:
            file.write(b"more")
        with open(os.path.join(folder, "extra.txt"), "wb") as file:
            file.write(b"")
        os.remove(os.path.join(folder, "session-1-transaction-1-part-5-table.csv"))
        os.mkdir(os.path.join(folder, "session-1-transaction-1-part-5-table.csv"))
        with open(os.path.join(folder, "messages.ndjson"), "r+b") as file:
            index = file.read().replace(b"alice", b"alicf")
            file.seek(0)
            file.write(index)
        english = text("messages", "--verify", "mails", "--format", "json", path)
        records = [json.loads(line) for line in english.splitlines()]
        for record in records:
            record["name"] = record.get("path", "").replace("mails/", "", 1)
        for language, allowed in ((NOBODYS, self.allowed), ("ja", self.allowed | words_of_translations())):
            out = text("messages", "--verify", "mails", "--lang", language, path)
            self.assertEqual(left_over(out, records, allowed), [], language)
            self.assertEqual(text("messages", "--verify", "mails", "--format", "json", "--lang", language, path), english)
        lines = [line for line in out.splitlines() if re.search("session-|extra|messages.ndjson", line)]
        self.assertEqual({column_of(line, "^[^ ]+ +") for line in lines}, {12})
        self.assertIn("一致 ", out)
        again = run("messages", "--output-dir", "mails", "--lang", "ja", path)
        self.assertIn("mails/messages.ndjson: すでに存在するため、上書きしません", again.stderr.decode())

    def test_standard_error(self):
        """Of what the program says of files, only the details are not its own: what libpcap and the system say."""
        with open(os.path.join(ARGUMENTS.source, "captures", "by-hand.pcap"), "rb") as file:
            octets = file.read()
        packed = gzip.compress(octets)
        files = {"empty": b"", "short": b"xyz", "cut.gz": packed[:-700], "behind.gz": packed + b"x", "damaged.gz": packed[:10] + b"\xff" * 99,
                 "sum.gz": packed[:-6] + b"\0" + packed[-5:], "zstd": b"\x28\xb5\x2f\xfd\x84\xe8" + b"\0" * 30, "skipped": b"\x50\x2a\x4d\x18\1\0\0\0xxxxx",
                 "cut.pcap": octets[:900], "none": b"\0" * 50}
        for name, content in files.items():
            with open(os.path.join(SCRATCH, name), "wb") as file:
                file.write(content)
        cases = [[name] for name in files] + [["."], ["nowhere"], ["--output", "cut.pcap", "cut.pcap"], ["--output", "/dev/full", "sum.gz"],
                 ["messages", "--verify", "nowhere", "sum.gz"], ["messages", "--output-dir", "empty", "sum.gz"], ["--session", "99", "sum.gz"]]
        for case in cases:
            done = run("--lang", NOBODYS, *case)
            self.assertEqual(self.own_words(done.stderr.decode(), case), [], case)
            self.assertEqual((done.returncode, done.stderr != b""), self.outcome("en", case), case)
            self.assertEqual(self.outcome("ja", case), self.outcome("en", case), case)
        self.assertIn("標準入力: ", run("--lang", "ja", "-", standard_input=octets[:900]).stderr.decode())

    @staticmethod
    def outcome(language, case):
        done = run("--lang", language, *case)
        return done.returncode, done.stderr != b""

    @staticmethod
    def own_words(said, case):
        """What libpcap says stands in brackets; what the system says, behind the last colon."""
        said = re.sub(r"\((?:truncated dump|unknown) file[^()]*\)|: [A-Z][a-z][^:]*$", "", said, flags=re.MULTILINE)
        return [word for word in WORD.findall(said) if word not in {"smtpscope", "gzip", "zstd", "lz", *WORD.findall(" ".join(case))}]


class Columns(unittest.TestCase):
    """Of the Japanese texts, whose characters are two columns wide."""

    def test_timing(self):
        save("waits.pcap", Session(ehlo("PIPELINING"), MAIL[0], ("wait", 400), MAIL[1], message(PLAIN_TEXT),
                                   ("C", "RSET\r\nNOOP\r\nNOOP\r\n"), ("S", "250 ok\r\n250 ok\r\n250 ok\r\n"), BYE))
        lines = text("sessions", "--timing", "--lang", "ja", "waits.pcap").splitlines()
        heading = next(i for i, line in enumerate(lines) if "回数" in line)
        names = [columns(lines[heading][:match.end()]) for match in re.finditer(r"\S+", lines[heading])]
        self.assertEqual(len(names), 7)
        rows = [line for line in lines[heading + 1:] if not line.startswith("      最長")]
        rows = [line for line in rows if re.search(r"秒", line) and "フレーム" not in line]
        self.assertGreater(len(rows), 6)
        for row in rows:
            for match in re.finditer(r"(?<![\d.])[\d.]+(?: 分 \d+ 秒| ミリ秒| 秒)?( !)?", row):
                self.assertIn(columns(row[:match.end()]), names, row)
        self.assertIn("6 分 40 秒 !", "\n".join(rows))

    def test_servers(self):
        lines = text("servers", "--lang", "ja", os.path.join("captures", "by-hand.pcap")).splitlines()
        facts = [line for line in lines if re.match(r"  \S", line)]
        self.assertGreater(len(facts), 4)
        self.assertEqual({column_of(line, r"^  (?:STARTTLS 後|\S+) +") for line in facts}, {19})

    def test_findings(self):
        lines = text("findings", "--lang", "ja", os.path.join("captures", "by-hand.pcap")).splitlines()[:-1]
        self.assertEqual(len(lines), 4)
        self.assertEqual({column_of(line, r"^\S+ +") for line in lines}, {8})
        self.assertEqual({column_of(line, r"^\S+ +\S+ +") for line in lines}, {38})
        self.assertEqual({column_of(line, r"^\S+ +\S+ +セッション \d+ フレーム \d+ +") for line in lines}, {64})

    def test_width(self):
        for path in bundled():
            for command in COMMANDS[:4]:
                for line in text(*command, "--lang", "ja", path).splitlines():
                    self.assertLessEqual(columns(line), 100, line)
                    self.assertNotRegex(line.strip(), r"^[。、）」ー;]")


def main():
    global ARGUMENTS, SCRATCH
    parser = argparse.ArgumentParser()
    for option in ("--smtpscope", "--source"):
        parser.add_argument(option, required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    for option in ("smtpscope", "source"):
        setattr(ARGUMENTS, option, os.path.abspath(getattr(ARGUMENTS, option)))
    with tempfile.TemporaryDirectory() as SCRATCH:
        os.symlink(os.path.join(ARGUMENTS.source, "captures"), os.path.join(SCRATCH, "captures"))
        unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
