#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A catalogue of a language that nobody speaks: each text of the sources in letters of another script.

usage: nobodys_language.py --source FOLDER > xx.po
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

DIRECTIVE = re.compile(r"(%(?:\d+\$)?[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:<PRI\w+>|(?:hh|h|ll|l|z)?[a-zA-Z%])|\\.)")


def other_script(letters):
    """Cyrillic in place of Latin, directives of formats and escapes as they are: as wide, and never a word."""
    shift = {**{ord("a") + i: 0x430 + i for i in range(26)}, **{ord("A") + i: 0x410 + i for i in range(26)}}
    return "".join(part if i % 2 else part.translate(shift) for i, part in enumerate(DIRECTIVE.split(letters)))


def joined(block, keyword):
    match = re.search(r'^%s ((?:".*"\s*)+)' % keyword, block, re.MULTILINE)
    return "".join(re.findall(r'"(.*)"', match.group(1))) if match else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    source = parser.parse_args().source
    with tempfile.TemporaryDirectory() as scratch:
        template = os.path.join(scratch, "smtpscope.pot")
        subprocess.run([os.path.join(source, "po", "extract"), template], check=True)
        with open(template, encoding="utf-8") as file:
            blocks = file.read().split("\n\n")
    catalogue = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=n != 1;\\n"\n']
    for block in blocks:
        one, many = joined(block, "msgid"), joined(block, "msgid_plural")
        if one and many:
            catalogue.append('msgid "%s"\nmsgid_plural "%s"\nmsgstr[0] "%s"\nmsgstr[1] "%s"\n' % (one, many, other_script(one), other_script(many)))
        elif one:
            catalogue.append('msgid "%s"\nmsgstr "%s"\n' % (one, other_script(one)))
    sys.stdout.buffer.write("\n".join(catalogue).encode())


if __name__ == "__main__":
    main()
