# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads an smtp.log in Zeek's form, from what its heading says alone."""
import codecs
import ipaddress
import re

READERS = {
    "time": float, "count": int, "port": int, "string": str, "addr": lambda text: str(ipaddress.ip_address(text)),
    "bool": {"T": True, "F": False}.__getitem__,
}


def unescape(text):
    """The octets behind the escapes; those that are no UTF-8 as the JSON form shows them."""
    octets = re.sub(rb"\\(\\|x[0-9a-f]{2})",
                    lambda found: b"\\" if found[1] == b"\\" else bytes([int(found[1][1:], 16)]), text.encode())
    return octets.decode("utf-8", "visible")


class Log:
    def __init__(self, octets):
        self.heading, self.lines, self.fields, self.types = {}, [], [], []
        separator, empty, unset, inner = "\t", None, None, None
        text = octets.decode("utf-8")
        assert text.endswith("\n") and "\r" not in text
        for line in text[:-1].split("\n"):
            if line.startswith("#separator "):
                separator = line[len("#separator "):].encode().decode("unicode_escape")
            elif line.startswith("#"):
                word, *values = line[1:].split(separator)
                if word in ("fields", "types"):
                    setattr(self, word, values)
                else:
                    assert word not in self.heading and len(values) == 1, line
                    self.heading[word] = values[0]
                inner, empty, unset = (self.heading.get(name) for name in ("set_separator", "empty_field", "unset_field"))
            else:
                assert "close" not in self.heading, "a line behind the closing one"
                values = line.split(separator)
                assert len(values) == len(self.fields) == len(self.types), line
                self.lines.append({name: self.value(kind, value, inner, empty)
                                   for name, kind, value in zip(self.fields, self.types, values) if value != unset})

    @staticmethod
    def value(kind, text, inner, empty):
        several = re.match(r"(set|vector)\[(.*)\]$", kind)
        read = READERS[several[2] if several else kind]
        if several:
            return [] if text == empty else [read(unescape(part)) for part in text.split(inner)]
        return "" if text == empty else read(unescape(text))


def show(error):
    return "".join("\\x%02X" % octet for octet in error.object[error.start:error.end]), error.end


codecs.register_error("visible", show)
