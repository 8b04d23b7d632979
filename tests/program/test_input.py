#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What captures may be: their formats and packings, several of them, and what packets are wrapped in."""
import base64
import bz2
import gzip
import json
import lzma
import os
import random
import re
import struct
import subprocess
import sys
import unittest

import encapsulations
import program
from pcap import Capture, Connection, Pcapng, mail
from program import one_mail, path, records, run, without, write, write_capture


class Input(unittest.TestCase):
    def test_standard_input(self):
        done = run("-", stdin=one_mail())
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"MAIL FROM:<a@example.com>", done.stdout)

    def test_standard_input_streams(self):
        """A session is printed when it ends, while the input stays open."""
        process = subprocess.Popen([program.SMTPSCOPE, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(one_mail())
        process.stdin.flush()
        line = process.stdout.readline()
        self.assertIn(b"session 1", line)
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=60), 0)

    def test_two_captures_merged(self):
        """The two directions of a connection, each in its own file."""
        both = Capture()
        mail(Connection(both))
        halves = (Capture(), Capture())
        for when, frame in both.frames:
            halves[0 if frame[34:36] == b"\x9c\x40" else 1].frames.append((when, frame))
        halves[0].save(path("client.pcap"))
        halves[1].save(path("server.pcap"))
        both.save(path("both.pcap"))
        merged, _ = records("sessions", "client.pcap", "server.pcap")
        whole, _ = records("sessions", "both.pcap")
        for key in ("commands", "replies", "transactions", "quit", "complete"):
            self.assertEqual(without(merged[0][key], ("frame", "last_frame", "capture")),
                             without(whole[0][key], ("frame", "last_frame", "capture")))
        self.assertEqual(merged[-1]["captures"], 2)

    def test_one_direction(self):
        """Only the client's: what the server said is null, what is missing is counted."""
        capture = Capture()
        mail(Connection(capture))
        capture.frames = [(when, frame) for when, frame in capture.frames if frame[34:36] == b"\x9c\x40"]
        capture.save(path("client-only.pcap"))
        (session, summary), done = records("sessions", "client-only.pcap")
        self.assertEqual(done.returncode, 0)
        self.assertEqual((session["banner"], session["replies"], session["complete"]), (None, 0, False))
        transaction = session["transactions"][0]
        self.assertEqual((transaction["outcome"], transaction["code"], transaction["rcpt_to"][0]["code"]), (None, None, None))
        self.assertEqual(transaction["message"]["octets"], len("Subject: hello\r\n\r\nhello\r\n"))
        self.assertEqual(sum(gap["octets"] for gap in session["gaps"] if gap["from"] == "server"),
                         len("220 mx.example.com ESMTP\r\n250-mx.example.com\r\n250 PIPELINING\r\n250 2.1.0 Ok\r\n"
                             "250 2.1.5 Ok\r\n354 go ahead\r\n250 2.0.0 queued\r\n221 2.0.0 Bye\r\n"))
        self.assertEqual(summary["sessions"], 1)


class Files(unittest.TestCase):
    """What a capture may be packed in, and several captures."""

    def sessions(self, *arguments, **more):
        found, done = records("sessions", *arguments, **more)
        return [without(record, ("capture", "last_capture")) for record in found], done

    def packed(self):
        """(ending, octets of the capture compressed) for each kind."""
        name = write("plain.pcap", one_mail())
        for ending, command in (("gz", ["gzip", "-kf"]), ("zst", ["zstd", "-qkf"]), ("lz4", ["lz4", "-qkf"]), ("xz", ["xz", "-kf"]),
                                ("bz2", ["bzip2", "-kf"])):
            packed = "%s.%s" % (name, ending)
            subprocess.run(command + ([name, packed] if ending == "lz4" else [name]), check=True)
            with open(packed, "rb") as file:
                yield ending, file.read()

    def test_compressed(self):
        """By content, not by name; from standard input too; several behind one another are one."""
        write("plain.pcap", one_mail())
        expected, _ = self.sessions("plain.pcap")
        self.assertEqual(len(expected), 2)
        for ending, octets in self.packed():
            with self.subTest(ending):
                write("packed", octets)
                for found, done in (self.sessions("packed"), self.sessions("-", stdin=octets)):
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    self.assertEqual(found, expected)

    def test_compressed_in_two_parts(self):
        octets = one_mail()
        expected, _ = self.sessions("-", stdin=octets)
        parts = [gzip.compress(octets[:300]), gzip.compress(octets[300:])]
        found, done = self.sessions("-", stdin=b"".join(parts))
        self.assertEqual((done.returncode, found), (0, expected))
        for compress, between in ((lzma.compress, b""), (lzma.compress, bytes(4)), (lzma.compress, bytes(1024)), (bz2.compress, b"")):
            found, done = self.sessions("-", stdin=compress(octets[:300]) + between + compress(octets[300:]))
            self.assertEqual((done.returncode, done.stderr, found), (0, b"", expected))
            found, _ = self.damaged(compress(octets) + between + compress(octets)[:3], "ends early")
            self.assertEqual(found[:-1], expected[:-1])
            self.damaged(compress(octets) + b"garbage", "followed by something else")

    def damaged(self, octets, *words):
        """Frames in front of the damage, for which there is one sentence."""
        found, done = self.sessions(write("damaged", octets))
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1), done.stderr)
        frames = found[-1]["frames"]
        for word in ("damaged: ends early or is damaged behind frame %d (" % frames, *words):
            self.assertIn(word, done.stderr.decode())
        self.assertTrue(found[-1]["truncated"])
        return found, frames

    def test_compressed_and_cut(self):
        """Everything before the damage is delivered, and the damage is named."""
        for ending, octets in self.packed():
            with self.subTest(ending):
                found, _ = self.damaged(octets[:-1], "ends early")
                self.assertEqual((found[0]["quit"], found[-1]["messages"]), (True, 1))
                self.assertEqual(self.damaged(octets[:8], "ends early")[1], 0)

    def test_compressed_with_a_wrong_checksum(self):
        """It is behind all that it is for: nothing is lost, and it is said."""
        expected, _ = self.sessions(write("plain.pcap", one_mail()))
        write("plain.pcap", one_mail())
        for ending, octets in self.packed():
            with self.subTest(ending):
                at = {"gz": -8, "bz2": -3}.get(ending, -1) # of gzip the length of what was compressed is behind it
                wrong = bytearray(octets)
                wrong[at] ^= 1
                found, frames = self.damaged(bytes(wrong), "is damaged near its octet %d)" % len(octets) if ending in ("xz", "bz2") else "checksum")
                self.assertEqual((found[:-1], frames), (expected[:-1], expected[-1]["frames"]))

    def test_compressed_and_damaged(self):
        """As many frames as the format's own program gets out of it: a block at a time, and of gzip to the octet."""
        capture = Capture()
        text = base64.encodebytes(random.Random(1).randbytes(300_000)).replace(b"\n", b"\r\n").decode()
        connection = Connection(capture).open().say("S", "220 mx ESMTP\r\n").say("C", "HELO c\r\n").say("S", "250 mx\r\n")
        connection.say("C", "MAIL FROM:<a@example.com>\r\n").say("S", "250 ok\r\n").say("C", "RCPT TO:<b@example.com>\r\n")
        connection.say("S", "250 ok\r\n").say("C", "DATA\r\n").say("S", "354 go\r\n")
        for at in range(0, len(text), 1400):
            connection.say("C", text[at:at + 1400])
        connection.say("C", ".\r\n").say("S", "250 queued\r\n").close()
        octets = capture.octets()
        plain = write("large.pcap", octets)
        ends = [24]
        for _, frame in capture.frames:
            ends.append(ends[-1] + 16 + len(frame))
        for ending, command in (("gz", ["gzip", "-kf"]), ("zst", ["zstd", "-qkf"]), ("lz4", ["lz4", "-qkf", "-B4", "-BX"]),
                                ("lz4", ["lz4", "-qkf", "-B5", "-BD"]), ("xz", ["xz", "-kf"]), ("xz", ["xz", "-kf", "--block-size=65536"]),
                                ("bz2", ["bzip2", "-kf", "-1"])):
            packed = "%s.%s" % (plain, ending)
            subprocess.run(command + [plain] + ([packed] if ending == "lz4" else []), check=True)
            with open(packed, "rb") as file:
                whole = file.read()
            for share in (0.3, 0.6, 0.95):
                for damage in ("cut", "changed"):
                    with self.subTest(command, share=share, damage=damage):
                        wrong = bytearray(whole)
                        at = int(len(whole) * share)
                        wrong[at:] = b"" if damage == "cut" else bytes((wrong[at] ^ 0x55,)) + wrong[at + 1:]
                        _, frames = self.damaged(bytes(wrong))
                        given = subprocess.run([command[0], "-dc"], input=bytes(wrong), stdout=subprocess.PIPE, check=False,
                                               stderr=subprocess.DEVNULL).stdout
                        right = len(os.path.commonprefix((given, octets)))
                        self.assertGreaterEqual(frames, sum(end <= right for end in ends[1:]))

    def test_compressed_frames_that_are_skipped(self):
        """zstd and lz4 have them for whoever wants to add something: in front, between and behind."""
        expected, _ = self.sessions(write("plain.pcap", one_mail()))
        write("plain.pcap", one_mail())
        for ending, octets in self.packed():
            if ending == "gz":
                continue
            for kind in (0x50, 0x5f):
                skipped = bytes((kind, 0x2A, 0x4D, 0x18)) + struct.pack("<I", 100_000) + b"x" * 100_000
                empty = bytes((kind, 0x2A, 0x4D, 0x18)) + bytes(4)
                for packed in (skipped + octets, octets + skipped, empty + skipped + octets + empty):
                    found, done = self.sessions(write("packed", packed))
                    self.assertEqual((done.returncode, done.stderr, found), (0, b"", expected))
        self.assertEqual(self.damaged(skipped[:-1], "ends early")[1], 0)
        self.assertEqual(self.damaged(skipped + b"something else", "unknown kind")[1], 0)

    def test_padding_behind_compressed(self):
        """Zeros fill the last block of a tape; what is no zero is said, and nothing is lost."""
        expected, _ = self.sessions(write("plain.pcap", one_mail()))
        write("plain.pcap", one_mail())
        for ending, octets in self.packed():
            with self.subTest(ending):
                for zeros in (1, 3, 512, 100_000):
                    found, done = self.sessions(write("packed", octets + bytes(zeros)))
                    self.assertEqual((done.returncode, done.stderr, found), (0, b"", expected))
                    found, _ = self.damaged(octets + bytes(zeros) + b"garbage", "followed by something else")
                    self.assertEqual(found[:-1], expected[:-1])

    def test_lz4_legacy(self):
        """What "lz4 -l" writes, in blocks of 8 MiB without anything that says where they end."""
        capture = Capture()
        mail(Connection(capture))
        filler = struct.pack("<IIII", 2_000_000_000, 0, 65520, 65520) + bytes(65520)
        octets = capture.octets() + filler * 260
        expected, _ = self.sessions("-", stdin=octets)
        self.assertEqual(expected[-1]["messages"], 1)

        def packed(part):
            return subprocess.run(["lz4", "-l", "-q", "-c"], input=part, check=True, stdout=subprocess.PIPE).stdout
        whole = packed(octets)
        frames = subprocess.run(["lz4", "-q", "-c"], input=octets[300:], check=True, stdout=subprocess.PIPE).stdout
        for way in (whole, packed(octets[:300]) + packed(octets[300:]), whole + bytes(512), packed(octets[:300]) + frames):
            for stdin in (None, way):
                found, done = self.sessions(write("packed", way) if stdin is None else "-", stdin=stdin)
                self.assertEqual((done.returncode, done.stderr, found), (0, b"", expected))
        for cut in (1, 3):
            found, _ = self.damaged(whole[:-cut], "ends early")
            self.assertEqual(found[:-1], expected[:-1])
        second = 8 + int.from_bytes(whole[4:8], "little")
        found, _ = self.damaged(whole[:second + 2], "ends early")
        self.assertEqual(found[:-1], expected[:-1])
        found, _ = self.damaged(whole[:second + 4] + b"\xff" * (len(whole) - second - 4), "is damaged near its octet")
        self.assertEqual(found[:-1], expected[:-1])

    def test_zstd_windows(self):
        """A quarter of the memory limit is for the window; what needs more says how much."""
        for window, needs in ((20, 32), (23, 32), (25, 128), (27, 512), (30, 4096), (31, 8192)):
            packed = subprocess.run(["zstd", "-q", "-c", "--long=%d" % window], input=one_mail(), check=True, stdout=subprocess.PIPE).stdout
            write("long.zst", packed)
            for limit in (32, 127, 128, 511, None):
                with self.subTest(window, limit=limit):
                    found, done = self.sessions("long.zst", *(("--memory-limit", "%dM" % limit) if limit else ()))
                    if (limit or 512) >= needs:
                        self.assertEqual((done.returncode, found[-1]["messages"], done.stderr), (0, 1, b""))
                        continue
                    self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))
                    self.assertIn("long.zst: cannot be read: its zstd data needs a window of %d MiB: use --memory-limit %dM"
                                  % (1 << window - 20, needs), done.stderr.decode())
                    small = subprocess.run(["zstd", "-q", "-c"], input=one_mail()[:-20], check=True, stdout=subprocess.PIPE).stdout
                    found, done = self.sessions(write("long.zst", small + packed), *(("--memory-limit", "%dM" % limit) if limit else ()))
                    self.assertEqual((done.returncode, found[-1]["messages"]), (3, 1))
                    self.assertIn("can be read up to frame", done.stderr.decode())
                    write("long.zst", packed)

    def test_xz_signature_goes_wrong(self):
        """Its first four octets alone are no signature."""
        write("wrong.gz", gzip.compress(one_mail()) + b"\xfd7zXyy and more")
        found, done = self.sessions("wrong.gz")
        self.assertIn("is followed by something else", done.stderr.decode())
        self.assertEqual((done.returncode, len(found)), (3, 2))

    def test_xz_windows(self):
        """So it is with xz."""
        for preset, memory, needs in ((0, 1, 32), (6, 9, 33), (9, 65, 257)):
            write("long.xz", lzma.compress(one_mail(), preset=preset))
            for limit in (32, 33, 256, 257, None):
                with self.subTest(preset, limit=limit):
                    found, done = self.sessions("long.xz", *(("--memory-limit", "%dM" % limit) if limit else ()))
                    if (limit or 512) >= needs:
                        self.assertEqual((done.returncode, found[-1]["messages"], done.stderr), (0, 1, b""))
                        continue
                    self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))
                    self.assertIn("long.xz: cannot be read: its xz data needs %d MiB of memory: use --memory-limit %dM" % (memory, needs),
                                  done.stderr.decode())

    def test_interfaces_of_different_link_types(self):
        """Each interface of a pcapng has its own, as mergecap writes them."""
        capture = Capture()
        mail(Connection(capture))
        count = len(capture.frames)
        expected, _ = self.sessions(write_capture("plain.pcap", capture))
        capture.frames += [(time, frame[14:]) for time, frame in capture.frames] # without Ethernet
        for order in "<>":
            file = Pcapng(capture).section(order).interface(order).interface(order, link=101)
            for number in range(count):
                file.packet(number + (count if number % 2 else 0), order, interface=number % 2)
            with self.subTest(order):
                found, done = self.sessions(write("mixed.pcapng", file.octets()))
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                for record in found + expected:
                    record.pop("octets", None) # of the frames
                self.assertEqual(found, expected)

    def test_packets_lost_at_capture(self):
        """What the capture program counted is told: it is no hole that anything else would show."""
        capture = Capture()
        mail(Connection(capture))
        file = Pcapng(capture).section().interface().packets(range(len(capture.frames)))
        file.block("<", 5, struct.pack("<IQHHQ", 0, 0, 5, 8, 12))
        found, done = self.sessions(write("lost.pcapng", file.octets()))
        self.assertEqual(found[-1]["dropped"], {"lost-at-capture": 12})
        self.assertEqual(done.returncode, 0)
        self.assertIn("12 packets were lost before they were stored", run("lost.pcapng").stderr.decode())

    def test_times_behind_2038(self):
        """The seconds of a pcap have no sign: 2106 is its end."""
        for seconds, year in ((0x7FFFFFFF, "2038-01-19"), (0x80000000, "2038-01-19"), (0xFFFFFFF0, "2106-02-07")):
            capture = Capture()
            capture.now = seconds * 1_000_000
            mail(Connection(capture))
            with self.subTest(year):
                found, _ = self.sessions(write_capture("later.pcap", capture))
                self.assertEqual((found[0]["start"][:10], found[-1]["messages"]), (year, 1))
                write("later.pcapng", Pcapng(capture).section().interface().packets(range(len(capture.frames))).octets())
                for record, other in zip(found, self.sessions("later.pcapng")[0]):
                    self.assertEqual((record.get("start"), record.get("end")), (other.get("start"), other.get("end")))

    def test_snap_lengths(self):
        """What is stored is read, whatever snap length the header, or an interface, or a section has."""
        capture = Capture()
        mail(Connection(capture), text="Subject: x\r\n\r\n" + "a long line\r\n" * 20)
        write_capture("plain.pcap", capture)
        expected, _ = self.sessions("plain.pcap")
        count = len(capture.frames)
        two = Pcapng(capture).section().interface(snap=96).interface(snap=262144)
        for number in range(count):
            two.packet(number, interface=number % 2)
        later = Pcapng(capture).section().interface(snap=65535).packets(range(9))
        later.section().interface(snap=0).interface(snap=96).packets(range(9, count), interface=1)
        whole = struct.pack("<I", 65535)
        header = capture.octets()[:24]
        self.assertEqual(header.count(whole), 1)
        small = header.replace(whole, struct.pack("<I", 96)) + capture.octets()[24:]
        for name, octets in (("interfaces", two.octets()), ("sections", later.octets()), ("header", small)):
            for stdin in (None, octets):
                with self.subTest(name, stdin=stdin is not None):
                    found, done = self.sessions(write("snap", octets) if stdin is None else "-", stdin=stdin)
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    self.assertEqual(found, expected)

    def test_simple_packets_that_the_snap_length_cut(self):
        """Only the snap length says how much of such a packet is there: what is not is a hole, as in other captures."""
        capture = Capture(snap=150)
        mail(Connection(capture), text="Subject: x\r\n\r\n" + "a long line\r\n" * 20)
        write_capture("cut.pcap", capture)
        expected, _ = self.sessions("cut.pcap")
        file = Pcapng(capture).section().interface(snap=150).interface(snap=96)
        file.packets(range(len(capture.frames)), kind=3, snap=150)
        write("cut.pcapng", file.octets())
        found, done = self.sessions("cut.pcapng")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for session in (expected[0], found[0]):
            self.assertEqual(len(session["gaps"]), 1)
            self.assertFalse(session["transactions"][0]["message"]["complete"])
        for key in ("gaps", "commands", "replies", "quit"):
            self.assertEqual(found[0][key], expected[0][key])

    def test_sections_of_both_byte_orders(self):
        capture = Capture()
        mail(Connection(capture))
        write_capture("plain.pcap", capture)
        expected, _ = self.sessions("plain.pcap")
        for orders in ("<>", "><", "<><"):
            file = Pcapng(capture)
            for number, order in enumerate(orders):
                file.section(order).interface(order).interface(order, digits=9)
                for frame in range(len(capture.frames)):
                    if min(frame // 8, len(orders) - 1) == number:
                        file.packet(frame, order, interface=frame % 2, kind=2 if frame % 3 == 0 else 6, digits=9 if frame % 2 else 6)
            with self.subTest(orders):
                write("orders.pcapng", file.octets())
                found, done = self.sessions("orders.pcapng")
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(found, expected)
        for cut in (5, 13, 27, 60):
            write("orders.pcapng", file.octets()[:-cut])
            found, done = self.sessions("orders.pcapng")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1))
            self.assertIn("behind frame %d (truncated" % (len(capture.frames) - 1), done.stderr.decode())

    def test_files_of_a_ring(self):
        """A session that goes on in the next file: frames are numbered per file, and each record names its file."""
        capture = Capture()
        mail(Connection(capture))
        parts = [Capture(), Capture()]
        parts[0].frames, parts[1].frames = capture.frames[:6], capture.frames[6:]
        names = [write_capture("ring%d.pcap" % number, part) for number, part in enumerate(parts)]
        found, done = records(*names)
        session, commands = found[0], [record for record in found if record["record"] == "command"]
        self.assertEqual((session["capture"], session["last_capture"]), tuple(names))
        self.assertEqual([(record["verb"], record["capture"], record["frame"]) for record in commands[:2]],
                         [("EHLO", "ring0.pcap", 5), ("MAIL", "ring1.pcap", 1)])
        self.assertIn("from here on frames of ring1.pcap", run(*names).stdout.decode())

    def test_several_captures_with_faults(self):
        """Each has its sentence, in the order given where it is at the beginning; the others are read."""
        capture = Capture()
        mail(Connection(capture))
        parts = [Capture(), Capture(), Capture()]
        for number, part in enumerate(parts):
            part.frames = capture.frames[number * 6:number * 6 + 6]
            write_capture("part%d" % number, part)
        write("part1-cut", parts[1].octets() + bytes(7))
        write("head-only", parts[1].octets()[:30])
        write("no-frame", Capture().octets())
        whole = ["part0", "part1", "part2"]
        expected, _ = self.sessions(*whole)
        found, done = self.sessions("nowhere", "part2", "head-only", "no-frame", "part1-cut", "text.gz", "part0")
        self.assertEqual(found[:-1], expected[:-1])
        self.assertEqual((done.returncode, found[-1]["captures"], found[-1]["truncated"]), (1, 5, True))
        self.assertEqual([re.sub(r" \(trunc.*| No such.*", "", line) for line in done.stderr.decode().splitlines()],
                         ["smtpscope: nowhere: cannot be opened:", "smtpscope: head-only: ends early or is damaged behind frame 0",
                          "smtpscope: text.gz: cannot be opened:", "smtpscope: part1-cut: ends early or is damaged behind frame 6"])

    def test_several_captures_from_pipes(self):
        """What cannot be opened twice is read in one go, merged with files as ever."""
        capture = Capture()
        mail(Connection(capture))
        parts = [Capture(), Capture(), Capture()]
        for number, part in enumerate(parts):
            part.frames = capture.frames[number::3]
            write_capture("part%d" % number, part)
        expected, _ = self.sessions("part0", "part1", "part2")
        os.mkfifo(path("pipe"))
        with subprocess.Popen(["cp", path("part1"), path("pipe")]) as writer:
            found, done = self.sessions("part0", "pipe", "-", stdin=parts[2].octets())
            writer.wait()
        os.remove(path("pipe"))
        self.assertEqual((done.returncode, found), (0, expected))
        with open(path("part2"), "rb") as file:
            done = subprocess.run([program.SMTPSCOPE, "sessions", "--format", "json", "part0", "part1", "-"], stdin=file, cwd=program.SCRATCH,
                                  env=program.settings(), stdout=subprocess.PIPE, check=True)
        summary = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual([each["capture"] for each in summary["inputs"]], ["part0", "part1", "-"])
        for found in (summary, expected[-1]):
            del found["inputs"]
        self.assertEqual(summary, expected[-1])


class Encapsulation(unittest.TestCase):
    """Whatever a packet is wrapped in, the sessions are the same."""

    PLACES = ("start", "end", "frame", "first_frame", "last_frame", "capture")

    def facts(self, capture):
        (session, summary), done = records("sessions", write_capture("wrapped.pcap", capture))
        self.assertEqual(done.stderr, b"")
        return without(session, self.PLACES), summary["dropped"]

    def test_ways(self):
        plain = Capture()
        mail(Connection(plain), text="Subject: a longer one\r\n\r\n" + "line upon line\r\n" * 50)
        expected = self.facts(plain)
        self.assertTrue(expected[0]["transactions"][0]["message"]["complete"])
        for name, link, way in encapsulations.WAYS:
            with self.subTest(name):
                self.assertEqual(self.facts(plain.wrapped(link, way)), expected)

    def test_aggregated(self):
        """An 802.11 A-MSDU is as many packets as there are in it."""
        plain = Capture()
        connection = Connection(plain)
        mail(connection, text="Subject: a longer one\r\n\r\n" + "line upon line\r\n" * 50)
        packets, several = [frame[14:] for _, frame in plain.frames], Capture(link=encapsulations.WIRELESS)
        for at in range(0, len(packets), 3):
            several.add(encapsulations.aggregated(packets[at:at + 3]))
        (session, summary), _ = records("sessions", write_capture("aggregated.pcap", several))
        self.assertEqual((session["complete"], summary["dropped"]), (True, {}))
        self.assertTrue(session["transactions"][0]["message"]["complete"])
        self.assertEqual((session["commands"], session["last_frame"]), (5, len(several.frames)))

    def test_fragment_missing(self):
        """A fragment that is missing is a hole in the stream, and the fragments without it are counted."""
        plain = Capture()
        mail(Connection(plain), text="Subject: x\r\n\r\n" + "0123456789" * 20 + "\r\n")
        broken = plain.wrapped(encapsulations.RAW,
                               lambda p: encapsulations.split(p, size=64)[1:] if b"0123456789" in p else [p])
        facts, dropped = self.facts(broken)
        self.assertGreater(dropped["ip-fragment"], 1)
        self.assertFalse(facts["transactions"][0]["message"]["complete"])
        self.assertEqual(len(facts["gaps"]), 1)

    def test_fragments_overlap(self):
        """The first copy wins, and that there was another is a finding that names both frames, wherever it stands."""
        plain = Capture()
        mail(Connection(plain), text="Subject: x\r\n\r\n" + "0123456789" * 20 + "\r\n")
        sent = next(i for i, (_, frame) in enumerate(plain.frames) if b"0123456789" in frame)
        for place, ends, dropped in ((2, None, {}), (5, None, {"ip-fragment": 1}), (5, sent + 1, {"ip-fragment": 1})):
            def twice(packet):
                parts = encapsulations.split(packet, size=64)
                return parts[:place] + [parts[1].replace(b"5", b"X")] + parts[place:] if b"0123456789" in packet else parts
            whole = Capture()
            whole.frames = plain.frames[:ends]
            with self.subTest(place=place, ends=ends):
                facts, counted = self.facts(whole.wrapped(encapsulations.RAW, twice))
                self.assertEqual(counted, dropped)
                if ends is None:
                    self.assertTrue(facts["transactions"][0]["message"]["complete"])
                findings = [finding["detail"] for finding in facts["findings"] if finding["id"] == "overlap-conflict"]
                self.assertEqual(len(findings), 1)
                self.assertIn("claims 64 octets", findings[0])

    def test_conflict_between_captures(self):
        """A finding names the file of the frame that differs, its detail the file of the first copy; of segments and of fragments."""
        plain = Capture()
        mail(Connection(plain), text="Subject: x\r\n\r\n" + "0123456789" * 20 + "\r\n")
        for way in (lambda p: [p], lambda p: encapsulations.split(p, size=64)):
            first = plain.wrapped(encapsulations.RAW, way)
            at = next(i for i, (_, frame) in enumerate(first.frames) if b"0123456789" in frame[40:])
            second = Capture(link=encapsulations.RAW)
            second.frames.append((first.frames[at][0] + 1, first.frames[at][1].replace(b"5", b"X")))
            found, _ = records("sessions", write_capture("conflict-a.pcap", first), write_capture("conflict-b.pcap", second))
            findings = [finding for finding in found[0]["findings"] if finding["id"] == "overlap-conflict"]
            self.assertEqual([(finding["capture"], finding["frame"]) for finding in findings], [("conflict-b.pcap", 1)])
            self.assertIn("frame 1 claims", findings[0]["detail"])
            self.assertIn("that frame %d of conflict-a.pcap has" % (at + 1), findings[0]["detail"])


if __name__ == "__main__":
    sys.exit(program.main())
