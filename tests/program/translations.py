#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every text of the sources has a translation in every catalogue of po/, and none is a guess.

usage: translations.py --source FOLDER

Takes the texts out of the sources anew, as po/update does, and lists those without a translation.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout.decode("utf-8")


def messages(text):
    """The msgids of a catalogue, but for its header."""
    found = []
    for block in text.split("\n\n"):
        match = re.search(r'^msgid ((?:".*"\s*)+)', block, re.MULTILINE)
        if match and not block.lstrip().startswith("#~"):
            found.append("".join(re.findall(r'"(.*)"', match.group(1))))
    return [message for message in found if message]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    source = parser.parse_args().source
    problems, texts = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        pot = os.path.join(scratch, "smtpscope.pot")
        merged = os.path.join(scratch, "merged.po")
        run(os.path.join(source, "po", "extract"), pot)
        with open(pot, encoding="utf-8") as file:
            texts = len(messages(file.read()))
        catalogues = sorted(name for name in os.listdir(os.path.join(source, "po")) if name.endswith(".po"))
        for name in catalogues:
            catalogue = os.path.join(source, "po", name)
            run("msgfmt", "--check", "-o", os.devnull, catalogue)
            run("msgmerge", "--quiet", "--no-fuzzy-matching", "-o", merged, catalogue, pot)
            for kind, option in (("no translation", "--untranslated"), ("a guess", "--only-fuzzy"), ("not in the sources", "--only-obsolete")):
                for message in messages(run("msgattrib", option, "--no-wrap", merged).replace("#~ ", "")):
                    problems.append("%s: %s: %s" % (name, kind, message))
    for problem in problems:
        print(problem)
    print("%d texts, %s: %d problems" % (texts, ", ".join(catalogues), len(problems)))
    if texts < 900 or "ja.po" not in catalogues:
        sys.exit("too few texts or catalogues were found")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
