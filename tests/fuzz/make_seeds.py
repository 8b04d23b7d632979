#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make seed corpora for the fuzz targets from the bundled captures.

usage: make_seeds.py CAPTURES-FOLDER SEEDS-FOLDER

Writes SEEDS-FOLDER/capture, packet, tcp, session and mime, in the formats that the targets describe.
"""
import bz2
import gzip
import lzma
import os
import struct
import sys


def frames(octets):
    """(link type, frames) of a classic little-endian pcap; None of another file."""
    if octets[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        return None, []
    found, at = [], 24
    while at + 16 <= len(octets):
        length = struct.unpack_from("<I", octets, at + 8)[0]
        found.append(octets[at + 16:at + 16 + length])
        at += 16 + length
    return struct.unpack_from("<I", octets, 20)[0], found


def payload(frame):
    """(source port, sequence, acknowledgement, flags, payload) of TCP in IPv4 in Ethernet, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    header = 14 + (frame[14] & 15) * 4
    total = struct.unpack_from(">H", frame, 16)[0]
    port, _, sequence, acknowledgement, offset, flags = struct.unpack_from(">HHIIBB", frame, header)
    return port, sequence, acknowledgement, flags, frame[header + (offset >> 4) * 4:14 + total]


def session_seed(segments):
    out = b""
    for port, _, _, _, octets in segments:
        which = 1 if port < 1024 else 0
        for at in range(0, len(octets), 64):
            part = octets[at:at + 64]
            out += bytes([which | (len(part) - 1) << 2]) + part
    return out


def tcp_seed(segments):
    flags_of = {0x02: 2, 0x12: 3, 0x11: 4, 0x19: 4, 0x04: 5, 0x14: 6}
    out, bases = b"", {}
    for port, sequence, acknowledgement, flags, octets in segments:
        side = 1 if port < 1024 else 0
        base = bases.setdefault(side, sequence)
        peer = bases.setdefault(1 - side, acknowledgement - 1 if flags & 0x10 else 0) if flags & 0x10 else 0
        relative = (sequence - base) & 0xFFFF
        acknowledged = (acknowledgement - peer) & 0xFFFF if flags & 0x10 else 0
        out += struct.pack(">BHHBB", side | flags_of.get(flags & 0x17, 0) << 1, relative, acknowledged, min(len(octets), 255), 1)
    return out


def main():
    captures, seeds = sys.argv[1:]
    for kind in ("capture", "packet", "tcp", "session", "mime"):
        os.makedirs(os.path.join(seeds, kind), exist_ok=True)

    def write(kind, name, octets):
        with open(os.path.join(seeds, kind, name), "wb") as file:
            file.write(octets)
    for name in sorted(os.listdir(captures)):
        if not name.endswith((".pcap", ".pcapng")):
            continue
        with open(os.path.join(captures, name), "rb") as file:
            octets = file.read()
        write("capture", name, octets)
        write("capture", name + ".gz", gzip.compress(octets[:3000]))
        write("capture", name + ".xz", lzma.compress(octets[:3000], preset=0))
        write("capture", name + ".bz2", bz2.compress(octets[:3000]))
        link, found = frames(octets)
        if link not in (1, 276):
            continue
        index = {1: 0, 276: 2}[link]
        write("packet", name, b"".join(struct.pack(">BH", index, len(frame)) + frame for frame in found[:12]))
        segments = [segment for segment in map(payload, found) if segment is not None] if link == 1 else []
        if segments:
            write("tcp", name, tcp_seed(segments[:60]))
            write("session", name, session_seed(segments))
        for number, (*_, octets) in enumerate(segments):
            if b"\r\n\r\n" in octets: # a message
                write("mime", "%s-%d" % (name, number), b"\x0f" + octets)


if __name__ == "__main__":
    main()
