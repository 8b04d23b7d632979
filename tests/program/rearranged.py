#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Any reordering, duplication and re-segmentation of a capture's packets that TCP allows gives the same sessions.

usage: rearranged.py --smtpscope PROGRAM --rounds N FOLDER...

The captures are those of the folders that are IPv4 or IPv6 in Ethernet and hold a whole session. What differs by right - frame
numbers, times, in which of two packets of a segment something was seen - is left out of the comparison.
"""
import argparse
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

from pcap import checksum

WINDOW = 500_000_000 # nanoseconds: what is later than this may be taken for a gap
FIN, SYN, RST, ACK = 1, 2, 4, 16


class Packet:
    """One frame, and what of it matters for TCP. `tcp` is False where it is something else, or is not understood."""

    def __init__(self, time, frame, wire):
        self.time, self.frame, self.wire = time, frame, wire
        self.tcp = False
        kind = struct.unpack_from(">H", frame, 12)[0] if len(frame) >= 14 else 0
        at = 14
        if wire != len(frame):
            return # cut by the snap length: left as it is
        if kind == 0x0800 and len(frame) >= 34 and frame[23] == 6 and struct.unpack_from(">H", frame, 20)[0] & 0x3FFF == 0:
            self.header = at + (frame[at] & 15) * 4
            end = at + struct.unpack_from(">H", frame, 16)[0]
            self.addresses = (frame[26:30], frame[30:34])
        elif kind == 0x86DD and len(frame) >= 54 and frame[20] == 6:
            self.header = at + 40
            end = at + 40 + struct.unpack_from(">H", frame, 18)[0]
            self.addresses = (frame[22:38], frame[38:54])
        else:
            return
        if end > len(frame) or end < self.header + 20:
            return
        source, destination, self.sequence, self.acknowledgement, offset, self.flags = struct.unpack_from(">HHIIBB", frame, self.header)
        self.data = self.header + (offset >> 4) * 4
        if self.data > end:
            return
        self.payload = frame[self.data:end]
        self.ends = ((self.addresses[0], source), (self.addresses[1], destination))
        self.connection = tuple(sorted(self.ends))
        self.tcp = True

    def cut(self, start, end):
        """The piece of this segment from `start` up to `end` of its payload."""
        frame = bytearray(self.frame[:self.data] + self.payload[start:end])
        flags = self.flags
        if end < len(self.payload):
            flags &= ~FIN
        struct.pack_into(">I", frame, self.header + 4, (self.sequence + start) & 0xFFFFFFFF)
        frame[self.header + 13] = flags
        if frame[12:14] == b"\x08\x00":
            struct.pack_into(">H", frame, 16, len(frame) - 14)
        else:
            struct.pack_into(">H", frame, 18, len(frame) - 54)
        if self.has_right_checksums():
            self.fill_in(frame)
        return Packet(self.time, bytes(frame), len(frame))

    def fill_in(self, frame):
        if frame[12:14] == b"\x08\x00":
            struct.pack_into(">H", frame, 24, 0)
            struct.pack_into(">H", frame, 24, checksum(bytes(frame[14:self.header])))
        struct.pack_into(">H", frame, self.header + 16, 0)
        pseudo = b"".join(self.addresses) + struct.pack(">HH", 6, len(frame) - self.header)
        struct.pack_into(">H", frame, self.header + 16, checksum(pseudo + bytes(frame[self.header:])))

    def has_right_checksums(self):
        filled_in = bytearray(self.frame[:self.data] + self.payload)
        self.fill_in(filled_in)
        return bytes(filled_in) == self.frame[:self.data] + self.payload

    def knows(self, other):
        """Whether this segment acknowledges all of the other one's, which the peer sent."""
        end = other.sequence + len(other.payload)
        return self.flags & ACK and (self.acknowledgement - end) & 0xFFFFFFFF < 1 << 31


def read(path):
    """The packets of a capture that is Ethernet, or None."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as plain:
        done = subprocess.run(["editcap", "-F", "nsecpcap", path, plain.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        octets = plain.read()
    if done.returncode != 0 or octets[:4] != b"\x4d\x3c\xb2\xa1" or struct.unpack_from("<I", octets, 20)[0] != 1:
        return None
    packets, at = [], 24
    while at + 16 <= len(octets):
        seconds, nanoseconds, kept, wire = struct.unpack_from("<IIII", octets, at)
        packets.append(Packet(seconds * 1_000_000_000 + nanoseconds, octets[at + 16:at + 16 + kept], wire))
        at += 16 + kept
    return packets


def write(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for packet in packets:
            file.write(struct.pack("<IIII", packet.time // 1_000_000_000, packet.time % 1_000_000_000, len(packet.frame), packet.wire))
            file.write(packet.frame)


def resegment(packets, chance):
    for packet in packets:
        if not packet.tcp or packet.flags & (SYN | RST) or len(packet.payload) < 2 or chance.random() < 0.5:
            yield packet
            continue
        cuts = sorted(chance.sample(range(1, len(packet.payload)), min(len(packet.payload) - 1, chance.randint(1, 4))))
        for start, end in zip([0] + cuts, cuts + [len(packet.payload)]):
            yield packet.cut(start, end)


def duplicate(packets, chance):
    packets = list(packets)
    for _ in range(len(packets) // 5):
        at = chance.randrange(len(packets))
        packet = packets[at]
        if not packet.tcp or packet.flags & RST:
            continue
        to = min(len(packets), at + chance.randint(1, 6))
        while to > at + 1 and packets[to - 1].time - packet.time > WINDOW:
            to -= 1
        packets.insert(to, Packet(packets[to - 1].time, packet.frame, packet.wire))
    return packets


def may_swap(one, other, firsts):
    """Whether `one`, which stands in front of `other`, may as well have been captured behind it."""
    if not (one.tcp and other.tcp) or other.time - one.time > WINDOW or id(one) in firsts or id(other) in firsts:
        return False
    if (one.flags | other.flags) & (RST | SYN):
        return False
    if one.connection != other.connection or one.ends == other.ends:
        return True
    if not one.payload or not other.payload:
        return not (one.flags | other.flags) & FIN
    return bool(other.knows(one)) # else nobody knows who spoke first


def reorder(packets, chance):
    packets = list(packets)
    firsts, seen = set(), set()
    for packet in packets:
        if packet.tcp and packet.connection not in seen:
            seen.add(packet.connection)
            firsts.add(id(packet))
    times = [packet.time for packet in packets]
    moved = {}
    for _ in range(len(packets)):
        at = chance.randrange(max(1, len(packets) - 1))
        if at + 1 < len(packets) and may_swap(packets[at], packets[at + 1], firsts) and max(moved.get(id(packets[at + number]), 0) for number in (0, 1)) < 4:
            packets[at], packets[at + 1] = packets[at + 1], packets[at]
            for number in (0, 1):
                moved[id(packets[at + number])] = moved.get(id(packets[at + number]), 0) + 1
    for packet, time in zip(packets, times):
        packet.time = time
    return packets


# Who was first, where neither side had seen what the other said.
OF_ORDER = ("capture-gap", "pipelining-violation")
LEFT_OUT = ("start", "end", "first_frame", "last_frame", "capture", "last_capture", "frame", "after_frame")


def facts(value):
    if isinstance(value, dict):
        return {key: facts(inner) for key, inner in value.items() if key not in LEFT_OUT}
    return [facts(inner) for inner in value] if isinstance(value, list) else value


def sessions(smtpscope, path):
    done = subprocess.run([smtpscope, "sessions", "--format", "json", "--show-secrets", "--sort", "start", path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120)
    found = [facts(json.loads(line)) for line in done.stdout.splitlines()][:-1]
    for session in found:
        # Of holes the sum: into how many pieces one falls depends on what was seen in which order.
        gaps = session["gaps"]
        session["gaps"] = {side: sum(gap["octets"] for gap in gaps if gap["from"] == side) for side in ("client", "server")}
        session["findings"] = sorted(json.dumps(finding) for finding in session["findings"] if finding["id"] not in OF_ORDER)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtpscope", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", help="where a capture that fails is kept")
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    tried = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for folder in arguments.folders:
            if not os.path.isdir(folder):
                print("skipped: no folder %s" % folder)
                continue
            for name in sorted(os.listdir(folder)):
                packets = read(os.path.join(folder, name)) if name.endswith((".pcap", ".pcapng", ".cap")) else None
                if packets is None or len(packets) > 3000:
                    continue
                path = os.path.join(scratch, "rearranged.pcap")
                write(path, packets)
                expected = sessions(arguments.smtpscope, path)
                if not any(session["complete"] for session in expected):
                    continue # packets made by hand, or one direction only: what TCP allows cannot be told
                tried += 1
                for number in range(arguments.rounds):
                    chance = random.Random("%s %d" % (name, number))
                    changed = [Packet(packet.time, packet.frame, packet.wire) for packet in packets]
                    if number % 2 == 0:
                        changed = list(resegment(changed, chance))
                    if number % 3 != 1:
                        changed = duplicate(changed, chance)
                    if number != 0:
                        changed = reorder(changed, chance)
                    write(path, changed)
                    got = sessions(arguments.smtpscope, path)
                    if got == expected:
                        continue
                    failed += 1
                    print("%s, round %d: other sessions" % (name, number))
                    if arguments.keep:
                        write(os.path.join(arguments.keep, "%s-%d.pcap" % (name, number)), changed)
                    for one, other in zip(expected, got):
                        for key in one:
                            if one[key] != other.get(key):
                                print("  %s: %s\n  now: %s" % (key, json.dumps(one[key])[:300], json.dumps(other.get(key))[:300]))
    print("%d captures, %d failures" % (tried, failed))
    return 1 if failed or tried < 8 else 0


if __name__ == "__main__":
    sys.exit(main())
