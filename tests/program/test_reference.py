#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""End-to-end tests of explain, reference and learn, of the languages, and of what is installed beside the program.

usage: test_reference.py --build FOLDER --source FOLDER [UNITTEST-ARGUMENT...]

Installs the build into a scratch folder and runs the program from there.
"""
import argparse
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata
import unittest

ARGUMENTS = None
SCRATCH = None
PREFIX = None
KINDS = ["session", "auth", "message", "keyword", "parameter", "mechanism", "reply", "status", "finding"]
PAGES = ["smtpscope", "smtpscope-transcript", "smtpscope-sessions", "smtpscope-explain", "smtpscope-reference", "smtpscope-learn"]
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def settings(environment):
    fixed = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
    return {**fixed, **({"LC_ALL": "C.UTF-8"} if environment is None else environment)}


def run(*arguments, environment=None, program=None):
    return subprocess.run([program or os.path.join(PREFIX, "bin", "smtpscope"), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings(environment), timeout=60, cwd=SCRATCH)


def text(*arguments, **more):
    return run(*arguments, **more).stdout.decode("utf-8")


def records(*arguments, **more):
    return [json.loads(line) for line in text(*arguments, "--format", "json", **more).splitlines()]


def columns(line):
    return sum(0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
               for character in line)


def capture(name):
    return os.path.join(ARGUMENTS.source, "captures", name)


class Explain(unittest.TestCase):
    def test_several_topics(self):
        done = run("explain", "starttls", "550", "5.7.1")
        out = done.stdout.decode()
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for words in ("RFC 3207 section 4", "asks to switch this connection to TLS", "RFC 5321 section 4.2.2", "X.7.1", "security or policy",
                      "454  not now"):
            self.assertIn(words, out)

    def test_line_of_a_log(self):
        found = records("explain", "status=bounced (host mx.example.com said: 550 5.7.1 no (in reply to RCPT TO command))")
        self.assertEqual([(record["kind"], record["given"]) for record in found[:-1]],
                         [("reply", "550"), ("status", "5.7.1"), ("command", "RCPT")])
        self.assertEqual(found[-1]["record"], "summary")

    def test_record(self):
        record = records("explain", "MAIL")[0]
        self.assertEqual((record["record"], record["kind"], record["name"], record["category"]), ("reference", "command", "MAIL", "message"))
        self.assertEqual((record["source"], record["section"], record["language"]), ("RFC 5321", "4.1.1.2", "en"))
        self.assertEqual((record["syntax"], record["success"], record["intermediate"]), ("MAIL FROM:<address> [parameters]", ["250"], []))

    def test_unknown(self):
        done = run("explain", "STARTLS", "QUIT", "\x1b[31m")
        self.assertEqual(done.returncode, 2)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(lines[0], "smtpscope: no entry for 'STARTLS'; perhaps STARTTLS?")
        self.assertEqual(lines[1], "smtpscope: no entry for '\\x1B[31m'; all that there is: smtpscope reference")
        self.assertIn("ends the session", done.stdout.decode())

    def test_nothing_to_explain(self):
        done = run("explain")
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn("nothing to explain", done.stderr.decode())

    def test_capture(self):
        found = {(record["kind"], record["given"]) for record in records("explain", "--capture", capture("chunking.pcap"))
                 if record["record"] == "reference"}
        self.assertLess({("command", "BDAT"), ("keyword", "CHUNKING"), ("reply", "554"), ("status", "5.5.1"), ("parameter", "BODY"),
                         ("finding", "starttls-not-offered")}, found)
        self.assertFalse({("command", "DATA"), ("command", "AUTH"), ("mechanism", "PLAIN"), ("reply", "354")} & found)

    def test_capture_that_is_none(self):
        done = run("explain", "--capture", "nowhere.pcap")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere.pcap", done.stderr.decode())

    def test_output_file(self):
        self.assertEqual(text("explain", "QUIT", "--output", "quit.txt"), "")
        with open(os.path.join(SCRATCH, "quit.txt"), encoding="utf-8") as file:
            self.assertIn("ends the session", file.read())
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([os.path.join(PREFIX, "bin", "smtpscope"), "reference"], stdout=full, stderr=subprocess.PIPE,
                                  env=settings(None), timeout=60)
        self.assertEqual(done.returncode, 1)


class Reference(unittest.TestCase):
    def test_all(self):
        found = [record for record in records("reference") if record["record"] == "reference"]
        self.assertEqual({record["category"] for record in found}, set(KINDS))
        self.assertGreater(len(found), 300)

    def test_categories_add_up(self):
        whole = [record for record in records("reference") if record["record"] == "reference"]
        parts = [record for kind in KINDS for record in records("reference", "--category", kind) if record["record"] == "reference"]
        self.assertEqual(parts, whole)
        self.assertIn("STARTTLS", text("reference", "--category", "session"))
        self.assertNotIn("MAIL FROM:<address>", text("reference", "--category", "session"))

    def test_bad_category(self):
        done = run("reference", "--category", "nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn("session auth message", done.stderr.decode())
        self.assertEqual(run("reference", "STARTTLS").returncode, 2)

    def test_every_entry_explains_itself(self):
        names = sorted({record["name"] for record in records("reference") if record["record"] == "reference"})
        done = run("explain", "--", *names)
        self.assertEqual((done.returncode, done.stderr), (0, b""))


class Languages(unittest.TestCase):
    def speaks(self, environment, *options, **more):
        return "ja" if JAPANESE.search(text("explain", *options, "STARTTLS", environment=environment, **more)) else "en"

    def test_chosen_by_locale(self):
        cases = [
            ({}, "en"), ({"LC_ALL": "C"}, "en"), ({"LANG": "en_US.UTF-8"}, "en"), ({"LANG": "xx_YY.UTF-8"}, "en"),
            ({"LANG": "ja_JP.UTF-8"}, "ja"), ({"LC_ALL": "ja_JP.utf8"}, "ja"), ({"LC_MESSAGES": "ja_JP.UTF-8", "LANG": "C.UTF-8"}, "ja"),
            ({"LANG": "C.UTF-8", "LANGUAGE": "ja"}, "ja"), ({"LANG": "C.UTF-8", "LANGUAGE": "xx:ja_JP:en"}, "ja"),
            ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "en"}, "en"), ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
            ({"LC_ALL": "C", "LANGUAGE": "ja"}, "en"), ({"LANG": "ja_JP.eucJP"}, "en"),
        ]
        for environment, language in cases:
            self.assertEqual(self.speaks(environment), language, environment)

    def test_chosen_by_option(self):
        for environment in ({}, {"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}, {"LANG": "ja_JP.UTF-8"}):
            self.assertEqual(self.speaks(environment, "--lang", "ja"), "ja", environment)
            self.assertEqual(self.speaks(environment, "--lang=en"), "en", environment)
        for language in ("fr", "", "../../x", "japanese"):
            self.assertEqual(run("--lang", language, "explain", "QUIT").returncode, 2, language)

    def test_transcript_and_messages(self):
        out = text(capture("by-hand.pcap"), environment={"LANG": "ja_JP.UTF-8"})
        self.assertIn("STARTTLS 受け入れ: 平文はここで終わる", out)
        self.assertIn("この接続を TLS に切り替えるよう要求する", out)
        self.assertIn("コマンド 17 件", out) # a format whose letters depend on the machine
        self.assertIn("（フレーム 14）", out)
        self.assertIn("もしかして: STARTTLS", run("explain", "STARTLS", environment={"LANG": "ja_JP.UTF-8"}).stderr.decode())

    def test_json_of_sessions_is_the_same(self):
        for command in ("sessions", "transcript"):
            english = text(command, "--format", "json", capture("by-hand.pcap"))
            self.assertEqual(text(command, "--format", "json", "--lang", "ja", capture("by-hand.pcap")), english)

    def test_every_entry_is_translated(self):
        english = [record for record in records("reference", "--lang", "en") if record["record"] == "reference"]
        japanese = [record for record in records("reference", "--lang", "ja") if record["record"] == "reference"]
        self.assertEqual([record["name"] for record in english], [record["name"] for record in japanese])
        for record in japanese:
            self.assertEqual(record["language"], "ja")
            for key in ("meaning", "description", "phase", "causes", "action", "wire", "reveals", "clear"):
                self.assertTrue(record[key] is None or JAPANESE.search(record[key]) or record[key] in ("HELP。", "QUIT。", "ETRN。", "ATRN。"),
                                (record["name"], key, record[key]))

    def test_columns(self):
        outputs = [text("reference", "--lang", "ja"), text("learn", "submission", "--lang", "ja"),
                   *(text("--lang", "ja", capture(name)) for name in ("by-hand.pcap", "auth-mechanisms.pcap", "lmtp.pcap", "refused.pcap"))]
        for out in outputs:
            for line in out.splitlines():
                self.assertLessEqual(columns(line), 100, line)
        labels = [line for line in outputs[0].splitlines() if re.match(r"^  (構文|説明|成功時の応答|関連する応答) ", line)]
        self.assertGreater(len(labels), 100)
        for line in labels:
            label = re.match(r"^  \S+ +", line).group()
            self.assertEqual(columns(label), 20, line)

    def test_no_line_begins_with_a_full_stop(self):
        for line in text("reference", "--lang", "ja").splitlines():
            self.assertNotRegex(line.strip(), r"^[。、）」ー]")
        for line in text("--lang", "ja", capture("refused.pcap")).splitlines():
            self.assertNotRegex(line.strip(), r"^[。、）」ー:;]")

    def test_moved_and_without_files(self):
        """Texts are in the program, the captures of the lessons beside it."""
        moved = os.path.join(SCRATCH, "elsewhere")
        shutil.copytree(PREFIX, moved)
        program = os.path.join(moved, "bin", "smtpscope")
        self.assertEqual(self.speaks({"LANG": "ja_JP.UTF-8"}, program=program), "ja")
        self.assertIn("220 mail.example.com", text("learn", "delivery", program=program))
        shutil.rmtree(os.path.join(moved, "share"))
        self.assertEqual(self.speaks({"LANG": "ja_JP.UTF-8"}, program=program), "ja")
        self.assertEqual(run("learn", "delivery", program=program).returncode, 1)
        given = subprocess.run([program, "learn", "delivery"], stdout=subprocess.PIPE,
                               env={**os.environ, "SMTPSCOPE_SHARE": os.path.join(PREFIX, "share")}, check=True)
        self.assertIn(b"220 mail.example.com", given.stdout)

    def test_build_tree(self):
        program = os.path.join(ARGUMENTS.build, "standalone", "smtpscope")
        self.assertEqual(self.speaks({"LANG": "ja_JP.UTF-8"}, program=program), "ja")
        self.assertIn("220 mail.example.com", text("learn", "delivery", program=program))


class Learn(unittest.TestCase):
    def lessons(self):
        return re.findall(r"^  ([a-z]+) ", text("learn"), re.MULTILINE)

    def test_list(self):
        self.assertLessEqual({"delivery", "submission", "login", "rejection", "pipelining", "chunking"}, set(self.lessons()))

    def test_listing(self):
        for lesson in self.lessons():
            done = run("learn", lesson)
            out = done.stdout.decode()
            self.assertEqual((done.returncode, done.stderr), (0, b""), lesson)
            self.assertRegex(out, r"(?m)^  By hand +(telnet|openssl s_client) ")
            self.assertRegex(out, r"(?m)^  client +-> \S")
            self.assertRegex(out, r"(?m)^  server +<- 220 ")
            self.assertGreater(out.count("  Means  "), 10)
            self.assertGreater(out.count("  Next  "), 10)
            self.assertNotIn("horse", out)

    def test_what_cannot_be_seen(self):
        self.assertIn("does not decrypt them yet", " ".join(text("learn", "submission").split()))

    def test_unknown_lesson(self):
        done = run("learn", "nonsense")
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertEqual(run("learn", "delivery", "chunking").returncode, 2)

    def test_keys(self):
        """On a terminal: one step at a time, back and forth, and the terminal is as before when it ends."""
        main, terminal = pty.openpty()
        before = termios.tcgetattr(terminal)
        program = subprocess.Popen([os.path.join(PREFIX, "bin", "smtpscope"), "learn", "delivery"], stdin=terminal, stdout=terminal,
                                   stderr=terminal, env=settings({"LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}))

        def screen(expected):
            seen, until = "", time.monotonic() + 20
            while expected not in seen and time.monotonic() < until:
                if select.select([main], [], [], 0.2)[0]:
                    seen += os.read(main, 65536).decode()
            self.assertIn(expected, seen)
            return seen

        def press(keys):
            time.sleep(0.1)
            os.write(main, keys)

        first = screen("q: quit")
        self.assertIn("telnet mail.example.com 25", first)
        self.assertNotIn("1 of ", first)
        press(b"n")
        self.assertNotIn("2 of ", screen("1 of "))
        press(b"\n")
        screen("2 of ")
        press(b"\x1b[D")
        screen("1 of ")
        press(b" ")
        screen("2 of ")
        press(b"b")
        screen("1 of ")
        press(b"q")
        self.assertEqual(program.wait(timeout=20), 0)
        self.assertEqual(termios.tcgetattr(terminal), before)
        os.close(main)
        os.close(terminal)


class Installed(unittest.TestCase):
    def read(self, *parts):
        with open(os.path.join(PREFIX, *parts), encoding="utf-8") as file:
            return file.read()

    def options(self):
        return set(re.findall(r"--[a-z-]+", text("--help"))) - {"--help-all"}

    def test_manual_pages(self):
        for page in PAGES:
            source = self.read("share", "man", "man1", page + ".1")
            self.assertRegex(source, r"(?m)^\.SH NAME$")
            self.assertNotRegex(source, r"@[a-z ]+@")
            if shutil.which("man"):
                done = subprocess.run(["man", "--warnings", "-l", os.path.join(PREFIX, "share", "man", "man1", page + ".1")],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings(None), timeout=60)
                self.assertEqual((done.returncode, done.stderr), (0, b""), page)
                self.assertIn(b"NAME", done.stdout)
        self.assertIn("asks to switch this connection to TLS", self.read("share", "man", "man1", "smtpscope-explain.1"))

    def test_options_are_everywhere(self):
        """Each option that --help lists is in the manual page and in the completions."""
        manual = self.read("share", "man", "man1", "smtpscope.1").replace("\\-", "-")
        bash = self.read("share", "bash-completion", "completions", "smtpscope")
        zsh = self.read("share", "zsh", "site-functions", "_smtpscope")
        fish = self.read("share", "fish", "vendor_completions.d", "smtpscope.fish")
        self.assertGreater(len(self.options()), 12)
        for option in self.options():
            self.assertIn(option, manual)
            self.assertIn(option, bash)
            self.assertIn(option, zsh.replace("help}", "--help}"))
            self.assertIn("-l " + option[2:], fish)

    def complete(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=(smtpscope "$@"); COMP_CWORD=$#; compopt() { :; }; _smtpscope; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", os.path.join(PREFIX, "share", "bash-completion", "completions", "smtpscope"), *words],
                              stdout=subprocess.PIPE, env=settings(None), timeout=60, check=True, cwd=SCRATCH)
        return done.stdout.decode().split()

    def test_bash_completion(self):
        self.assertEqual(self.complete("explain", "startt"), ["STARTTLS"])
        self.assertIn("CRAM-MD5", self.complete("explain", "CRAM"))
        self.assertIn("550", self.complete("explain", "QUIT", "55"))
        self.assertEqual(self.complete("learn", "chu"), ["chunking"])
        self.assertEqual(self.complete("refer"), ["reference"])
        self.assertEqual(self.complete("reference", "--category", "mess"), ["message"])
        self.assertEqual(self.complete("--mem"), ["--memory-limit"])

    @unittest.skipUnless(shutil.which("fish"), "fish is not here")
    def test_fish_completion(self):
        file = os.path.join(PREFIX, "share", "fish", "vendor_completions.d", "smtpscope.fish")
        for words, expected in (("explain STARTT", "STARTTLS"), ("learn chu", "chunking"), ("refer", "reference"), ("--category=mess", "message")):
            done = subprocess.run(["fish", "--no-config", "-c", 'source $argv[1]; complete -C"smtpscope $argv[2]"', file, words],
                                  stdout=subprocess.PIPE, env={**settings(None), "HOME": SCRATCH}, timeout=60, check=True)
            self.assertIn(expected, done.stdout.decode(), words)

    def test_other_shells(self):
        for shell, parts in (("zsh", ("zsh", "site-functions", "_smtpscope")), ("fish", ("fish", "vendor_completions.d", "smtpscope.fish"))):
            source = self.read("share", *parts)
            self.assertIn("STARTTLS", source)
            self.assertNotRegex(source, r"@[a-z ]+@")
            if shutil.which(shell):
                subprocess.run([shell, "-n", os.path.join(PREFIX, "share", *parts)], check=True, env=settings(None), timeout=60)

    def test_web_page(self):
        page = self.read("share", "doc", "smtpscope", "reference.html")
        with open(os.path.join(ARGUMENTS.source, "docs", "reference.html"), encoding="utf-8") as file:
            self.assertEqual(file.read(), page, "docs/reference.html is not up to date: copy it from the build tree")
        self.assertNotRegex(page, r"(?i)(src|href)=|@import|url\(|fetch\(|XMLHttpRequest")
        for language in ("en", "ja"):
            data = json.loads(re.search(r'<script type="application/json" id="%s">(.*?)</script>' % language, page, re.DOTALL).group(1))
            self.assertGreater(len(data["entries"]), 300)
            self.assertEqual({entry["language"] for entry in data["entries"]}, {language})
            self.assertLessEqual({entry["category"] for entry in data["entries"]}, set(data["titles"]))


def main():
    global ARGUMENTS, SCRATCH, PREFIX
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--source", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    ARGUMENTS.build, ARGUMENTS.source = os.path.abspath(ARGUMENTS.build), os.path.abspath(ARGUMENTS.source)
    SCRATCH = tempfile.mkdtemp(prefix="smtpscope-test-")
    try:
        PREFIX = os.path.join(SCRATCH, "prefix")
        subprocess.run(["cmake", "--install", ARGUMENTS.build, "--prefix", PREFIX], check=True, stdout=subprocess.DEVNULL)
        result = unittest.main(argv=[sys.argv[0], *rest], exit=False, verbosity=1).result
        return 0 if result.wasSuccessful() and result.testsRun > 0 else 1
    finally:
        shutil.rmtree(SCRATCH)


if __name__ == "__main__":
    sys.exit(main())
